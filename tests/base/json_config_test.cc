#include "hub/base/json_config.h"

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/strict_json.h"
#include "nlohmann/json.hpp"
#include "tests/base/scratch_folder.h"

namespace signpost::base {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ConfigObject Read(const std::string& text) { return ConfigObject::Parse(text, "hub.json").value(); }

// "field: description" of each finding.
std::vector<std::string> Findings(const ConfigObject& config) {
  std::vector<std::string> findings;
  for (const FieldViolation& finding : ViolationsOf(config.Finish())) {
    findings.push_back(finding.field + ": " + finding.description);
  }
  return findings;
}

TEST(JsonConfigTest, ReadsEveryKind) {
  ConfigObject config = Read(R"({"listen":"[::]:8443","threads":4,"verbose":true,"grace":"1.5s",
      "level":"warning","names":["a","b"],"tls":{"certificate":"c.pem"},
      "agencies":[{"id":"x"},{"id":"y"}]})");
  EXPECT_EQ(config.String("listen"), "[::]:8443");
  EXPECT_EQ(config.Integer("threads", 1, 4), 4);
  EXPECT_TRUE(config.BooleanOr("verbose", false));
  EXPECT_EQ(config.DurationOr("grace", absl::ZeroDuration()), absl::Milliseconds(1500));
  EXPECT_EQ(config.ChoiceOr("level", {"info", "warning"}, "info"), "warning");
  EXPECT_THAT(config.Strings("names"), ElementsAre("a", "b"));
  EXPECT_EQ(config.Object("tls").String("certificate"), "c.pem");
  std::vector<ConfigObject> agencies = config.Objects("agencies");
  ASSERT_EQ(agencies.size(), 2u);
  EXPECT_EQ(agencies[0].String("id"), "x");
  EXPECT_EQ(agencies[1].String("id"), "y");
  EXPECT_EQ(config.Finish(), absl::OkStatus());
}

TEST(JsonConfigTest, DefaultsStandWhereNothingIsSaid) {
  ConfigObject config = Read("{}");
  EXPECT_EQ(config.StringOr("a", "default"), "default");
  EXPECT_EQ(config.IntegerOr("b", 7, 0, 9), 7);
  EXPECT_FALSE(config.BooleanOr("c", false));
  EXPECT_EQ(config.DurationOr("d", absl::Seconds(3)), absl::Seconds(3));
  EXPECT_EQ(config.ChoiceOr("e", {"x"}, "y"), "y");
  EXPECT_TRUE(config.Strings("f").empty());
  EXPECT_TRUE(config.Objects("g").empty());
  EXPECT_FALSE(config.ObjectOrEmpty("h").Has("i"));
  EXPECT_EQ(config.Finish(), absl::OkStatus());
}

TEST(JsonConfigTest, SaysAllThatIsWrongAtOnce) {
  ConfigObject config = Read(R"({"listn":"x","threads":0,"tls":{"certificate":5,"extra":1},
      "names":[1],"agencies":[{"id":"x"},{}],"far_from_anything":1,"empty":"","grace":"-5s"})");
  config.String("listen");
  config.IntegerOr("threads", 4, 1, 256);
  ConfigObject tls = config.Object("tls");
  tls.String("certificate");
  config.Strings("names");
  for (ConfigObject& agency : config.Objects("agencies")) agency.String("id");
  config.String("empty");
  config.DurationOr("grace", absl::Seconds(1));
  EXPECT_THAT(Findings(config),
              ElementsAre("listen: is missing", "threads: must be a whole number from 1 to 256",
                          "tls.certificate: must be a string", "names: must be an array of strings",
                          "agencies[1].id: is missing", "empty: must not be empty",
                          "grace: must be a length of time such as \"250ms\", \"5s\" or \"24h\"",
                          "far_from_anything: unknown key; remove it",
                          "listn: unknown key; did you mean \"listen\"?",
                          "tls.extra: unknown key; remove it"));
  const absl::Status status = config.Finish();
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
  EXPECT_THAT(std::string(status.message()), HasSubstr("hub.json"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("did you mean \"listen\"?"));
}

TEST(JsonConfigTest, NumbersAtTheirLimitsAndOnePast) {
  ConfigObject config = Read(R"({"low":1,"high":9,"below":0,"above":10,"part":1.0,"text":"5",
      "huge":18446744073709551615,"int64":9223372036854775807})");
  EXPECT_EQ(config.Integer("low", 1, 9), 1);
  EXPECT_EQ(config.Integer("high", 1, 9), 9);
  EXPECT_EQ(config.IntegerOr("int64", 0, 0, INT64_MAX), INT64_MAX);
  for (const char* key : {"below", "above", "part", "text"}) {
    EXPECT_EQ(config.IntegerOr(key, 5, 1, 9), 5) << key;
  }
  EXPECT_EQ(config.IntegerOr("huge", 5, INT64_MIN, INT64_MAX), 5);
  EXPECT_EQ(Findings(config).size(), 5u);
}

TEST(JsonConfigTest, MissingObjectIsSaidOnce) {
  ConfigObject config = Read("{}");
  ConfigObject tls = config.Object("tls");
  EXPECT_EQ(tls.String("certificate"), "");
  EXPECT_THAT(Findings(config), ElementsAre("tls: is missing"));
}

TEST(JsonConfigTest, CallersOwnFindingsAreReported) {
  ConfigObject config = Read(R"({"tls":{"key":"k"}})");
  ConfigObject tls = config.Object("tls");
  tls.String("key");
  tls.Complain("key", "is not the certificate's");
  EXPECT_THAT(Findings(config), ElementsAre("tls.key: is not the certificate's"));
}

TEST(JsonConfigTest, RefusesWhatIsNoObject) {
  for (const char* text :
       {"", "[]", "5", "{", "{} {}", "{\"a\":1,\"a\":2}", "{'a':1}", "\xef\xbb\xbf{}"}) {
    const absl::Status status = ConfigObject::Parse(text, "hub.json").status();
    EXPECT_EQ(ReasonOf(status), Reason::kInvalidField) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("hub.json")) << text;
  }
}

TEST(JsonConfigTest, FileAtTheLimitAndOnePastAndMissing) {
  const ScratchFolder folder;
  const std::string path = folder / "hub.json";
  std::ofstream(path) << "{}" << std::string(kConfigBytesMax - 2, ' ');
  EXPECT_TRUE(ConfigObject::ReadFile(path).ok());
  std::ofstream(path) << "{}" << std::string(kConfigBytesMax - 1, ' ');
  EXPECT_FALSE(ConfigObject::ReadFile(path).ok());
  EXPECT_THAT(std::string(ConfigObject::ReadFile(folder / "none").status().message()),
              HasSubstr("none"));
  EXPECT_FALSE(ConfigObject::ReadFile(folder.path()).ok());
}

TEST(StrictJsonTest, RefusesWhatReadersDisagreeOn) {
  for (const char* text :
       {"{\"a\":1,\"a\":1}", "{\"b\":{\"a\":1,\"\\u0061\":2}}", "[1] x", "[1]\n[2]", "NaN", "01",
        "[1,]", "{\"a\":1,}", "/**/1", "\"\xff\"", "\"\xed\xa0\x80\"", "1e999", "\"\n\"", ""}) {
    EXPECT_EQ(ReasonOf(ParseStrictJson(text).status()), Reason::kInvalidField) << text;
  }
  EXPECT_EQ(ParseStrictJson("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}").value()["b"][1]["a"],
            2);
  EXPECT_EQ(ParseStrictJson(" [null,true,-1,1.5,\"x\",{}] ").value().size(), 6u);
}

TEST(StrictJsonTest, DepthAtTheLimitAndOnePast) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParseStrictJson(nested(kJsonDepthMax)).ok());
  EXPECT_FALSE(ParseStrictJson(nested(kJsonDepthMax + 1)).ok());
  EXPECT_FALSE(ParseStrictJson(std::string(1'000'000, '[')).ok());
  EXPECT_TRUE(ParseStrictJson("{\"a\":1}", 1).ok());
  EXPECT_FALSE(ParseStrictJson("{\"a\":{}}", 1).ok());
}

}  // namespace
}  // namespace signpost::base
