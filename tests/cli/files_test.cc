// Files written by people: flags by hand, areas.

#include "adapters/cli/files/files.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "adapters/cli/files/area_file.h"
#include "adapters/cli/files/report_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "tests/base/scratch_folder.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> Fields(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : base::ViolationsOf(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

constexpr char kFlags[] = R"({"flags": [{
  "record_id": "NS-0007", "service": "voluntary-project", "status": "open",
  "opened_on": "20/04/2026",
  "person": {"given_names": "Ghazella", "surname": "Noorzai", "birth_date": "2009-11-30",
             "gender": "female", "postcode": "NX2 9WF", "nhs_number": "9990000018"},
  "contact": {"name": "Bronwen", "role": "project-worker", "phone": "07700 900151"},
  "assessments": [{"kind": "caf", "assessed_on": "2026-05-01", "sections": ["a", "b"]}]}]})";

TEST(ReportFile, BecomesReportsInOrder) {
  const auto file = ParseReportFile(kFlags, "flags.json");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->feed, "by-hand");
  ASSERT_EQ(file->flags.size(), 1u);
  const signpost::v1::FlagReport& flag = file->flags[0];
  EXPECT_EQ(flag.sequence(), 1u);
  EXPECT_EQ(flag.record_id(), "NS-0007");
  EXPECT_EQ(flag.status(), signpost::v1::FLAG_STATUS_OPEN);
  EXPECT_EQ(flag.opened_on().day(), 20);
  EXPECT_EQ(flag.person().birth_date().month(), 11);
  ASSERT_EQ(flag.person().identifiers_size(), 1);
  EXPECT_EQ(flag.person().identifiers(0).kind(), signpost::v1::IDENTIFIER_KIND_NHS_NUMBER);
  EXPECT_EQ(flag.contact().phone(), "07700 900151");
  EXPECT_EQ(flag.assessments(0).sections_size(), 2);
}

TEST(ReportFile, SaysEverythingThatIsWrongAndNobodysName) {
  const auto file = ParseReportFile(
      R"({"flags": [{"record_id": "", "service": "x", "status": "ajar", "opened_on": "31/02/2026",
                     "person": {"given_names": "Ghazella", "surnam": "Noorzai",
                                "birth_date": "yesterday"}}]})",
      "flags.json");
  ASSERT_FALSE(file.ok());
  const std::vector<std::string> fields = Fields(file.status());
  EXPECT_GE(fields.size(), 4u);
  EXPECT_THAT(file.status().ToString(), Not(HasSubstr("Noorzai")));
  EXPECT_FALSE(ParseReportFile(R"({"flags": []})", "flags.json").ok());
  EXPECT_FALSE(ParseReportFile("[]", "flags.json").ok());
}

TEST(AreaFile, TheShippedAreaReadsOnceItsKeysAreThere) {
  const base::ScratchFolder scratch;
  const std::string& folder = scratch.path();
  const auto text =
      ReadBytes(std::string(SIGNPOST_SOURCE_DIR) + "/deploy/area/nortown.json", 1 << 20);
  ASSERT_TRUE(text.ok());
  const auto without = ParseArea(*text, "nortown.json", folder);
  ASSERT_FALSE(without.ok());
  EXPECT_THAT(Fields(without.status()), ::testing::Contains(HasSubstr("public_key_file")));
  for (const char* agency :
       {"nortown-yot", "northern-connexions", "nortown-social-services", "nortown-housing",
        "nightstop-project", "nortown-drugs-advice", "nortown-audit", "nortown-hub"}) {
    ASSERT_TRUE(WriteBytes(folder + "/keys/" + agency + ".pub.pem", "a key").ok());
  }
  const auto area = ParseArea(*text, "nortown.json", folder);
  ASSERT_TRUE(area.ok()) << area.status();
  EXPECT_EQ(area->agencies.size(), 8u);
  EXPECT_EQ(area->agencies[0].assertion_keys(0).public_key_pem(), "a key");
  ASSERT_EQ(area->teams.size(), 1u);
  EXPECT_EQ(area->teams[0].purposes_size(), 3);
  EXPECT_GE(area->practitioners.size(), 15u);
}

TEST(AreaFile, AWrongPurposeIsNamed) {
  const auto area = ParseArea(
      R"({"teams": [{"team_id": "t", "name": "T", "home_agency_id": "a", "purposes": ["fun"]}]})",
      "area.json", ".");
  ASSERT_FALSE(area.ok());
  EXPECT_THAT(base::ViolationsOf(area.status())[0].description, HasSubstr("support-planning"));
}

TEST(WriteBytes, ReplacesWholeAndForTheOwnerAlone) {
  const base::ScratchFolder folder;
  const std::string path = folder / "one/file";
  ASSERT_TRUE(WriteBytes(path, "first").ok());
  ASSERT_TRUE(WriteBytes(path, "second").ok());
  EXPECT_EQ(*ReadBytes(path, 100), "second");
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  EXPECT_EQ(ReadBytes(path, 5).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(ReadBytes(path, 6).ok());
  EXPECT_EQ(ReadBytes(path + "x", 6).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace signpost::adapters::cli
