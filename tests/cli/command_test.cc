// One command's line: what is meant is understood, what is not is refused with the nearest guess.

#include "adapters/cli/commands/command.h"

#include <optional>

#include "adapters/cli/commands/cli.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct TryOptions : LocalOptions {
  std::string file;
  std::string purpose = "none";
  std::vector<std::string> team;
  bool expressly = false;
  std::optional<uint64_t> count;
  void Declare(CLI::App* app) {
    AddPositional(app, "FILE", &file);
    AddText(app, "--purpose", "PURPOSE", "Why.", &purpose);
    AddList(app, "--team", "ID", "A team.", &team);
    AddSwitch(app, "--explicit", "A switch.", &expressly);
    AddNumber(app, "--count", "NUMBER", "How many.", &count, {1, 500});
  }
};

TryOptions* g_read = nullptr;
int Keep(Terminal& /*terminal*/, const TryOptions& options) {
  *g_read = options;
  return 7;
}

class CommandTest : public ::testing::Test {
 protected:
  CommandTest() { g_read = &read_; }
  // What the user is told, or "" when the line was read: then it is in read_.
  std::string Complaint(const std::vector<std::string>& words) {
    read_ = TryOptions();
    const absl::StatusOr<Command::Run> run = ReadCommandLine(command_, words);
    if (!run.ok()) return std::string(run.status().message());
    Terminal terminal{};
    EXPECT_EQ((*run)(terminal), 7);
    return "";
  }

  const Command command_ = MakeCommand("do it", "Does it.", "", Keep);
  TryOptions read_;
};

TEST_F(CommandTest, ReadsOptionsInEitherSpellingAndAnyPlace) {
  ASSERT_EQ(Complaint({"--purpose=x=y", "f", "--team", "a", "--team=b", "--explicit", "--json",
                       "--count", "500"}),
            "");
  EXPECT_EQ(read_.purpose, "x=y");
  EXPECT_THAT(read_.team, ElementsAre("a", "b"));
  EXPECT_TRUE(read_.expressly);
  EXPECT_TRUE(read_.json);
  EXPECT_EQ(read_.count, 500u);
  EXPECT_EQ(read_.file, "f");
}

TEST_F(CommandTest, WhatIsNotGivenStaysAsItWas) {
  ASSERT_EQ(Complaint({"f"}), "");
  EXPECT_EQ(read_.purpose, "none");
  EXPECT_THAT(read_.team, ElementsAre());
  EXPECT_FALSE(read_.expressly);
  EXPECT_EQ(read_.count, std::nullopt);
}

TEST_F(CommandTest, AListTakesOneValueEachTimeAndLeavesThePositionalAlone) {
  ASSERT_EQ(Complaint({"--team", "a", "f"}), "");
  EXPECT_THAT(read_.team, ElementsAre("a"));
  EXPECT_EQ(read_.file, "f");
  ASSERT_EQ(Complaint({"--team", "[a,b]", "--team", "a,b", "f"}), "");
  EXPECT_THAT(read_.team, ElementsAre("[a,b]", "a,b"));
}

TEST_F(CommandTest, AValueMayLookLikeAnOption) {
  ASSERT_EQ(Complaint({"f", "--purpose", "--team", "--team=--purpose"}), "");
  EXPECT_EQ(read_.purpose, "--team");
  EXPECT_THAT(read_.team, ElementsAre("--purpose"));
}

TEST_F(CommandTest, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(Complaint({"f", "--purpos", "x"}),
            "there is no option --purpos; did you mean --purpose?");
  EXPECT_EQ(Complaint({"--purpos=x"}), "there is no option --purpos; did you mean --purpose?");
  EXPECT_THAT(Complaint({"f", "--completely-else", "x"}), Not(HasSubstr("mean")));
  EXPECT_EQ(Complaint({"f", "--taem", "x"}), "there is no option --taem") << "two edits of four";
  EXPECT_EQ(Complaint({"f", "--teem", "x"}), "there is no option --teem; did you mean --team?");
  EXPECT_EQ(Complaint({"f", "--prupose", "x"}),
            "there is no option --prupose; did you mean --purpose?");
  EXPECT_EQ(Complaint({"f", "-x"}), "there is no option -x");
  EXPECT_EQ(Complaint({"f", "--purpose"}), "--purpose wants a value: PURPOSE");
  EXPECT_EQ(Complaint({"--purpose=", "f"}), "--purpose= has no value");
  EXPECT_EQ(Complaint({"f", "--purpose", "a", "--purpose", "b"}), "--purpose is given twice");
  EXPECT_EQ(Complaint({"f", "--explicit=yes"}), "--explicit takes no value");
  EXPECT_EQ(Complaint({}), "wants FILE");
  EXPECT_EQ(Complaint({"f", "g"}), "\"g\" is one word too many; wants FILE");
}

TEST_F(CommandTest, NumbersAreWholeAndInTheirRange) {
  for (const char* bad : {"0", "501", "-1", "1.5", "0x10", "1e2", "many", "99999999999999999999"}) {
    EXPECT_EQ(Complaint({"f", "--count", bad}), "--count wants a number from 1 to 500") << bad;
  }
}

TEST_F(CommandTest, AWordTooManyIsNamedWhereNoneIsWanted) {
  const auto none = [](Terminal&, const NoOptions<LocalOptions>&) { return 0; };
  const Command bare =
      MakeCommand<NoOptions<LocalOptions>>("do nothing", "Does nothing.", "", none);
  EXPECT_EQ(ReadCommandLine(bare, {"--json", "f"}).status().message(),
            "\"f\" is one word too many");
}

TEST_F(CommandTest, HelpSaysWhatThereIs) {
  EXPECT_EQ(CommandHelp(command_),
            "usage: signpost do it FILE [options]\n"
            "\n"
            "Does it.\n"
            "\n"
            "Options\n"
            "  --purpose PURPOSE             Why.\n"
            "  --team ID                     A team. May be repeated.\n"
            "  --explicit                    A switch.\n"
            "  --count NUMBER                How many.\n"
            "\n"
            "How it answers\n"
            "  --json                        Print JSON.\n");
  EXPECT_EQ(PositionalsOf(command_), "FILE");
}

}  // namespace
}  // namespace signpost::adapters::cli
