// The whole way of an extract, from the folder to a hub that keeps flags.

#include "adapters/kit/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "adapters/yot_asset/yot_asset.h"
#include "hub/base/error.h"
#include "nlohmann/json.hpp"
#include "tests/kit/fake_hub.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kHeader[] =
    "case_id,given_names,surname,date_of_birth,gender,nhs_number,pnc_number,postcode,status,opened,"
    "closed,worker_id,worker_name,worker_role,worker_phone,worker_email,team\n";

std::string CaseRow(int number, const std::string& surname = "Malik") {
  return absl::StrCat("Y-", number, ",Tariq,", surname,
                      ",04/03/2009,M,,,NX1 1AA,open,10/01/2026,,yo-001,Dawn Peel,,,,\n");
}

class RunTest : public testing::Test {
 protected:
  RunTest() {
    std::filesystem::create_directory(folder_.Path("inbox"));
    config_.inbox = folder_.Path("inbox");
    config_.journal = folder_.Path("journal");
    config_.report = folder_.Path("report.jsonl");
    config_.status = folder_.Path("status.json");
    config_.feed = "nightly";
    WriteExtract(100);
  }
  // Cases 1 to `count`, and `more`.
  void WriteExtract(int count, const std::string& more = "") {
    std::string rows;
    for (int i = 1; i <= count; ++i) rows += CaseRow(i);
    folder_.Write("inbox/cases.csv", kHeader + rows + more);
  }
  void Asset(const std::string& name, const std::string& day) {
    folder_.Write("inbox/" + name,
                  MakeZip({{"A/header.xml", "<AssetHeader><CaseId>Y-1</CaseId><AssessedOn>" + day +
                                                "</AssessedOn></AssetHeader>"},
                           {"A/dynamic.xml",
                            "<AssetDynamic><Section name='lifestyle' rating='1'/></AssetDynamic>"},
                           {"A/static.xml",
                            "<AssetStatic><TotalScore>1</TotalScore><Band>standard</Band>"
                            "</AssetStatic>"}}));
  }
  int Run() {
    std::FILE* out = std::fopen(folder_.Path("out").c_str(), "w");
    std::FILE* err = std::fopen(folder_.Path("err").c_str(), "w");
    options_.out = out;
    options_.err = err;
    options_.sleeper = [](absl::Duration) { return true; };
    options_.push.silence_max = absl::Milliseconds(300);
    options_.push.retry.attempts_max = 2;
    hub_.reports = 0;
    hub_.reconciles = 0;
    const int code =
        RunOnce(yot_asset::YotAsset(), config_, options_, &clock_, &random_, hub_.Channel());
    std::fclose(out);
    std::fclose(err);
    return code;
  }
  int64_t OpenAtHub() {
    int64_t open = 0;
    for (const auto& [id, report] : hub_.flags) {
      open += report.status() == signpost::v1::FLAG_STATUS_OPEN ? 1 : 0;
    }
    return open;
  }
  nlohmann::json Status() { return nlohmann::json::parse(folder_.Read("status.json")); }

  TestFolder folder_;
  AdapterConfig config_;
  RunOptions options_;
  base::ManualClock clock_{absl::FromCivil(absl::CivilDay(2026, 12, 1), absl::UTCTimeZone())};
  base::SeededRandom random_{5};
  FakeHub hub_;
};

TEST_F(RunTest, FirstRunSendsAllSecondRunSendsNothing) {
  ASSERT_EQ(Run(), kExitDone) << folder_.Read("out") << folder_.Read("err");
  EXPECT_EQ(hub_.reports, 100);
  EXPECT_EQ(OpenAtHub(), 100);
  EXPECT_EQ(Status().at("acknowledged"), 100);
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_EQ(hub_.reports, 0);
  EXPECT_EQ(hub_.reconciles, 1);  // the list itself is compared each night
  EXPECT_EQ(Status().at("as_before"), 100);
  WriteExtract(99, CaseRow(100, "Malik-Khan"));
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_EQ(hub_.reports, 1);
}

TEST_F(RunTest, DryRunPrintsWhatWouldLeaveAndSendsAndWritesNothing) {
  options_.dry_run = true;
  config_.report.clear();
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_EQ(hub_.streams, 0);
  EXPECT_EQ(hub_.reconciles, 0);
  EXPECT_FALSE(std::filesystem::exists(config_.journal));
  EXPECT_FALSE(std::filesystem::exists(config_.status));
  std::istringstream lines(folder_.Read("out"));
  std::string line;
  int reports = 0;
  size_t listed = 0;
  std::string first;
  while (std::getline(lines, line)) {
    const auto object = nlohmann::json::parse(line);
    if (object.contains("record_id")) {
      if (reports++ == 0) first = line;
    } else {
      listed += object.at("open_record_ids").size();
    }
  }
  EXPECT_EQ(reports, 100);
  EXPECT_EQ(listed, 100u);
  EXPECT_THAT(first, HasSubstr("\"surname\":\"Malik\""));
  EXPECT_THAT(folder_.Read("err"), HasSubstr("Extract report"));

  // And exactly that leaves: what the hub then has, printed the same way, is what was printed.
  options_.dry_run = false;
  ASSERT_EQ(Run(), kExitDone);
  options_.dry_run = true;
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_THAT(folder_.Read("out"), Not(HasSubstr("surname")));
}

TEST_F(RunTest, TruncatedExtractIsRefusedWholeUntilConfirmed) {
  ASSERT_EQ(Run(), kExitDone);
  WriteExtract(40, CaseRow(41, "Changed"));
  EXPECT_EQ(Run(), kExitRefused);
  EXPECT_EQ(hub_.reports, 0);
  EXPECT_EQ(hub_.reconciles, 0);
  EXPECT_EQ(OpenAtHub(), 100);
  EXPECT_THAT(folder_.Read("err"), HasSubstr("59 of 100 open records"));
  EXPECT_THAT(folder_.Read("err"), HasSubstr("--confirm-missing 59"));
  options_.confirm_missing = 58;
  EXPECT_EQ(Run(), kExitRefused);
  options_.confirm_missing = 59;
  ASSERT_EQ(Run(), kExitDone) << folder_.Read("out");
  EXPECT_EQ(OpenAtHub(), 41);
  EXPECT_EQ(Status().at("closed"), 59);
}

TEST_F(RunTest, AFewThatHaveGoneAreClosedAndComeBackWhenTheyComeBack) {
  ASSERT_EQ(Run(), kExitDone);
  WriteExtract(95);
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_EQ(OpenAtHub(), 95);
  WriteExtract(96);
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_EQ(hub_.reports, 1);
  EXPECT_EQ(OpenAtHub(), 96);
}

TEST_F(RunTest, WithoutJournalTheHubsOwnCountStillGuards) {
  ASSERT_EQ(Run(), kExitDone);
  std::filesystem::remove(config_.journal);
  WriteExtract(40);
  EXPECT_EQ(Run(), kExitRefused);
  EXPECT_EQ(OpenAtHub(), 100);
}

TEST_F(RunTest, ARejectedRowHasNotGone) {
  ASSERT_EQ(Run(), kExitDone);
  std::string rows = absl::StrReplaceAll(CaseRow(100), {{"04/03/2009", "31/02/2009"}});
  WriteExtract(99, rows);
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_EQ(OpenAtHub(), 100);
  // A row that nobody can name might be any that has gone: nothing is closed until it is mended.
  WriteExtract(98, rows + absl::StrReplaceAll(CaseRow(99), {{"Y-99", ""}}));
  EXPECT_EQ(Run(), kExitRefused);
  EXPECT_EQ(OpenAtHub(), 100);
  EXPECT_THAT(folder_.Read("out"), HasSubstr("no readable record id"));
}

TEST_F(RunTest, BrokenFileChangesNothing) {
  ASSERT_EQ(Run(), kExitDone);
  folder_.Write("inbox/cases.csv", std::string(kHeader) + CaseRow(1, "Changed") + "\"Y-2");
  EXPECT_EQ(Run(), kExitRefused);
  EXPECT_EQ(hub_.reports, 0);
  EXPECT_EQ(hub_.reconciles, 0);
  EXPECT_THAT(folder_.Read("report.jsonl"), HasSubstr("\"kind\":\"refused\""));
  EXPECT_EQ(Status().at("exit_code"), kExitRefused);
}

TEST_F(RunTest, PointersSurviveAZipThatArrivedCutOff) {
  Asset("asset.zip", "2026-05-14");
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_EQ(hub_.flags["Y-1"].assessments_size(), 1);
  folder_.Write("inbox/asset.zip", folder_.Read("inbox/asset.zip").substr(0, 50));
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_EQ(hub_.reports, 0);
  EXPECT_EQ(hub_.flags["Y-1"].assessments_size(), 1);
  Asset("asset.zip", "2026-06-20");
  ASSERT_EQ(Run(), kExitDone);
  ASSERT_EQ(hub_.flags["Y-1"].assessments_size(), 1);
  EXPECT_EQ(hub_.flags["Y-1"].assessments(0).assessed_on().month(), 6);
}

TEST_F(RunTest, HubThatLostRecordsGetsThemAgain) {
  ASSERT_EQ(Run(), kExitDone);
  hub_.flags.erase("Y-7");
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_EQ(hub_.reports, 1);
  EXPECT_EQ(OpenAtHub(), 100);
}

TEST_F(RunTest, HubThatIsAwayCostsNothing) {
  hub_.lies.refusals.assign(2, grpc::Status(grpc::StatusCode::UNAVAILABLE, "away"));
  EXPECT_EQ(Run(), kExitNotSent);
  EXPECT_THAT(folder_.Read("out"), HasSubstr("NOT DONE"));
  EXPECT_EQ(Run(), kExitDone);
  EXPECT_EQ(OpenAtHub(), 100);
}

TEST_F(RunTest, ReportsHoldNoPerson) {
  hub_.lies.reject = {"Y-3"};
  WriteExtract(100, absl::StrReplaceAll(CaseRow(101), {{"04/03/2009", "99/99/2009"}}));
  ASSERT_EQ(Run(), kExitDone);
  const std::string all = folder_.Read("out") + folder_.Read("err") + folder_.Read("report.jsonl") +
                          folder_.Read("status.json");
  EXPECT_THAT(all, HasSubstr("refused by the hub: cases.csv row 4"));
  EXPECT_THAT(all, Not(testing::AnyOf(HasSubstr("Malik"), HasSubstr("Tariq"), HasSubstr("NX1"),
                                      HasSubstr("2009"), HasSubstr("Dawn"))));
}

TEST_F(RunTest, NoticesAreTakenIn) {
  config_.notices = folder_.Path("notices");
  hub_.notices.emplace_back().mutable_flag_closed();
  ASSERT_EQ(Run(), kExitDone);
  EXPECT_THAT(folder_.Read("notices"), HasSubstr("flag-closed"));
}

TEST_F(RunTest, MappingFaultIsUsage) {
  config_.mapping_text = R"({"servce": "x"})";
  EXPECT_EQ(Run(), kExitUsage);
  EXPECT_THAT(folder_.Read("err"), HasSubstr("did you mean \"service\""));
  EXPECT_EQ(hub_.streams, 0);
}

}  // namespace
}  // namespace signpost::adapters
