#include "adapters/yot_asset/yot_asset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters::yot_asset {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kHeader[] =
    "case_id,given_names,surname,date_of_birth,gender,nhs_number,pnc_number,postcode,status,opened,"
    "closed,worker_id,worker_name,worker_role,worker_phone,worker_email,team\r\n";
constexpr char kGood[] =
    "Y-1,Tariq,Malik,04/03/2009,M,943 476 5919,2024/1Z,nx11aa,open,10/01/2026,,yo-001,Dawn Peel,"
    "YOT officer,01632 960100,dawn@yot.example,nortown-yot-team\r\n";

std::string Row(const std::string& id, const std::string& from = "", const std::string& to = "") {
  std::string row = absl::StrReplaceAll(kGood, {{"Y-1", id}});
  if (!from.empty()) row = absl::StrReplaceAll(row, {{from, to}});
  return row;
}

std::string HeaderPart(const std::string& case_id, const std::string& day = "2026-05-14") {
  return absl::StrCat("<AssetHeader><AssessmentId>A-1</AssessmentId><CaseId>", case_id,
                      "</CaseId><Stage>review</Stage><AssessedOn>", day,
                      "</AssessedOn></AssetHeader>");
}
constexpr char kDynamic[] =
    "<AssetDynamic><Section name='lifestyle' rating='3'><Evidence>Secret text.</Evidence></Section>"
    "<Section name='substance-use' rating='4'/></AssetDynamic>";
std::string StaticPart(int static_total, int total, const char* band) {
  return absl::StrCat(
      "<AssetStatic><Factor name='offence-type' score='4'/>"
      "<Factor name='previous-convictions' score='4'/><StaticTotal>",
      static_total, "</StaticTotal><TotalScore>", total, "</TotalScore><Band>", band,
      "</Band></AssetStatic>");
}

class YotAssetTest : public testing::Test {
 protected:
  void Cases(const std::string& rows) { folder_.Write("cases.csv", kHeader + rows); }
  void Zip(const std::vector<std::pair<std::string, std::string>>& parts) {
    folder_.Write("asset.zip", MakeZip(parts));
  }
  // One assessment of case Y-1 with this part exchanged; its findings as "field: reason".
  std::vector<std::string> FindingsWith(const std::string& part, const std::string& text) {
    Cases(Row("Y-1"));
    std::vector<std::pair<std::string, std::string>> parts = {
        {"A-1/header.xml", HeaderPart("Y-1")},
        {"A-1/dynamic.xml", kDynamic},
        {"A-1/static.xml", StaticPart(8, 15, "enhanced")}};
    for (auto& [name, bytes] : parts) {
      if (name == "A-1/" + part) bytes = text;
    }
    if (part == "supplement.xml") parts.push_back({"A-1/supplement.xml", text});
    Zip(parts);
    extract_ = ReadFolder(YotAsset(), folder_.path());
    std::vector<std::string> findings;
    for (const RowFinding& finding : extract_.findings()) {
      EXPECT_EQ(finding.file, "asset.zip");
      EXPECT_EQ(finding.row, 1);
      findings.push_back(absl::StrCat(RowOutcomeName(finding.outcome), " ", finding.field));
    }
    return findings;
  }
  TestFolder folder_;
  Extract extract_;
};

TEST_F(YotAssetTest, CaseAndAssetBecomeAFlagWithAPointer) {
  EXPECT_THAT(FindingsWith("supplement.xml",
                           "<AssetSupplement><Vulnerability>false</Vulnerability><OwnViews/>"
                           "</AssetSupplement>"),
              ElementsAre());
  ASSERT_EQ(extract_.records().size(), 1u);
  const signpost::v1::FlagReport& report = extract_.records()[0].report;
  EXPECT_EQ(report.record_id(), "Y-1");
  EXPECT_EQ(report.service(), "youth-offending");
  EXPECT_EQ(report.status(), signpost::v1::FLAG_STATUS_OPEN);
  EXPECT_EQ(report.person().given_names(), "Tariq");
  EXPECT_EQ(report.person().birth_date().year(), 2009);
  EXPECT_EQ(report.person().gender(), "male");
  EXPECT_EQ(report.person().postcode(), "NX1 1AA");
  EXPECT_EQ(report.person().identifiers(0).value(), "9434765919");
  EXPECT_EQ(report.contact().practitioner_id(), "yo-001");
  EXPECT_EQ(report.contact().role(), "yot-officer");
  EXPECT_EQ(report.contact().team_id(), "nortown-yot-team");
  ASSERT_EQ(report.assessments_size(), 1);
  EXPECT_EQ(report.assessments(0).kind(), "asset");
  EXPECT_EQ(report.assessments(0).assessed_on().day(), 14);
  EXPECT_THAT(report.assessments(0).sections(),
              ElementsAre("lifestyle", "substance-use", "static-factors", "vulnerability"));
  // Pointer only: neither text, rating, score nor band.
  EXPECT_THAT(report.DebugString(), Not(HasSubstr("Secret")));
  EXPECT_THAT(report.DebugString(), Not(HasSubstr("enhanced")));
  EXPECT_THAT(report.DebugString(), Not(HasSubstr("2024/1Z")));  // the PNC number stays
}

TEST_F(YotAssetTest, ScoresAndBandsAreRecomputed) {
  EXPECT_THAT(FindingsWith("static.xml", StaticPart(8, 15, "enhanced")), ElementsAre());
  EXPECT_THAT(FindingsWith("static.xml", StaticPart(7, 15, "enhanced")),
              ElementsAre("corrected static.xml StaticTotal"));
  EXPECT_THAT(FindingsWith("static.xml", StaticPart(8, 24, "enhanced")),
              ElementsAre("corrected static.xml TotalScore"));
  EXPECT_THAT(FindingsWith("static.xml", StaticPart(8, 15, "standard")),
              ElementsAre("corrected static.xml Band"));
  EXPECT_EQ(extract_.records()[0].report.assessments_size(), 1);
  EXPECT_STREQ(BandOf(14), "standard");
  EXPECT_STREQ(BandOf(15), "enhanced");
  EXPECT_STREQ(BandOf(32), "enhanced");
  EXPECT_STREQ(BandOf(33), "intensive");
}

TEST_F(YotAssetTest, BadPartsRejectTheAssessmentAndNotTheCase) {
  EXPECT_THAT(FindingsWith("header.xml", HeaderPart("Y-1", "14/05/2026")),
              ElementsAre("rejected header.xml AssessedOn"));
  EXPECT_THAT(FindingsWith("header.xml", HeaderPart("Y-1", "2027-05-14")),
              ElementsAre("rejected header.xml AssessedOn"));
  EXPECT_THAT(FindingsWith("header.xml", HeaderPart("Y-2")),
              ElementsAre("rejected header.xml CaseId"));
  EXPECT_THAT(FindingsWith("header.xml", "<AssetHeader>"), ElementsAre("rejected header.xml"));
  EXPECT_THAT(FindingsWith("header.xml", "<!DOCTYPE AssetHeader []><AssetHeader/>"),
              ElementsAre("rejected header.xml"));
  EXPECT_THAT(FindingsWith("dynamic.xml",
                           "<AssetDynamic><Section name='lifestyle' rating='5'/></AssetDynamic>"),
              ElementsAre("rejected dynamic.xml rating"));
  EXPECT_THAT(FindingsWith("dynamic.xml",
                           "<AssetDynamic><Section name='lifestile' rating='1'/></AssetDynamic>"),
              ElementsAre("rejected dynamic.xml Section"));
  EXPECT_THAT(FindingsWith("dynamic.xml",
                           "<AssetDynamic><Section name='lifestyle' rating='1'/>"
                           "<Section name='lifestyle' rating='1'/></AssetDynamic>"),
              ElementsAre("rejected dynamic.xml Section"));
  EXPECT_THAT(FindingsWith("static.xml",
                           "<AssetStatic><Factor name='x' score='9'/><Factor name='y' score='8'/>"
                           "</AssetStatic>"),
              ElementsAre("rejected static.xml score"));
  ASSERT_EQ(extract_.records().size(), 1u);
  EXPECT_EQ(extract_.records()[0].report.assessments_size(), 0);
}

TEST_F(YotAssetTest, EachKindOfBadRowIsRejectedWithItsFieldAndTheOthersGoOn) {
  Cases(Row("Y-1") + Row("Y-2", "04/03/2009", "31/02/2009") + Row("Y-3", "Malik", "") + Row("") +
        Row("Y-1", "Tariq", "Other") + "Y-6,too,short\r\n" +
        Row("Y-7", "943 476 5919", "943 476 5918") + Row("Y-8", "open", "shut") +
        Row("Y-9", "04/03/2009", "04/03/2030") + Row("Y-10"));
  extract_ = ReadFolder(YotAsset(), folder_.path());
  const auto has = [this](RowOutcome outcome, int64_t row, const char* field, const char* reason) {
    return HasFinding(extract_, outcome, "cases.csv", row, field, reason);
  };
  EXPECT_TRUE(has(RowOutcome::kRejected, 3, "date_of_birth", "is no day"));
  EXPECT_TRUE(has(RowOutcome::kRejected, 4, "surname", "is empty"));
  EXPECT_TRUE(has(RowOutcome::kRejected, 5, "case_id", "is empty"));
  EXPECT_TRUE(has(RowOutcome::kRejected, 6, "record_id", "stands in row 2 already"));
  EXPECT_TRUE(has(RowOutcome::kRejected, 7, "row", "has 3 fields where the header has 17"));
  EXPECT_TRUE(has(RowOutcome::kCorrected, 8, "nhs_number", "check digit"));
  EXPECT_TRUE(has(RowOutcome::kRejected, 9, "status", "codes.status"));
  EXPECT_TRUE(has(RowOutcome::kRejected, 10, "date_of_birth", "future"));
  EXPECT_EQ(extract_.records().size(), 3u);
  EXPECT_EQ(extract_.counts().at("cases.csv").accepted, 2);
  EXPECT_EQ(extract_.counts().at("cases.csv").corrected, 1);
  EXPECT_EQ(extract_.counts().at("cases.csv").rejected, 7);
  // Rejected rows whose record can be named have not gone; two rows cannot be named.
  EXPECT_TRUE(extract_.present().contains("Y-3"));
  EXPECT_EQ(extract_.rows_without_id(), 2);
  // Nothing of a person in the report.
  EXPECT_THAT(extract_.Table("yot") + extract_.JsonLines("yot"),
              Not(testing::AnyOf(HasSubstr("Tariq"), HasSubstr("Malik"), HasSubstr("2009"),
                                 HasSubstr("943"), HasSubstr("Dawn"))));
}

TEST_F(YotAssetTest, BrokenFilesAreRefused) {
  folder_.Write("cases.csv", "case_id,surname\r\nY-1,Malik\r\n");
  EXPECT_TRUE(ReadFolder(YotAsset(), folder_.path()).refused());
  folder_.Write("cases.csv", std::string(kHeader) + "\"Y-1\r\n");
  EXPECT_TRUE(ReadFolder(YotAsset(), folder_.path()).refused());
  std::filesystem::remove(folder_.Path("cases.csv"));
  EXPECT_TRUE(ReadFolder(YotAsset(), folder_.path()).refused());

  // A zip that was cut off spoils neither the cases nor the other zip.
  EXPECT_THAT(FindingsWith("", ""), ElementsAre());
  folder_.Write("asset-late.zip", folder_.Read("asset.zip").substr(0, 100));
  extract_ = ReadFolder(YotAsset(), folder_.path());
  EXPECT_FALSE(extract_.refused());
  EXPECT_EQ(extract_.records()[0].report.assessments_size(), 1);
  EXPECT_TRUE(extract_.incomplete_kinds().contains("asset"));
  EXPECT_THAT(extract_.Table("yot"), HasSubstr("REFUSED asset-late.zip"));
}

TEST_F(YotAssetTest, KeepsTheNewestSixteenAssessments) {
  Cases(Row("Y-1"));
  std::vector<std::pair<std::string, std::string>> parts;
  for (int i = 1; i <= 18; ++i) {
    const std::string id = absl::StrCat("A-", i);
    parts.push_back(
        {id + "/header.xml",
         absl::StrReplaceAll(HeaderPart("Y-1", absl::StrCat("2026-05-", i < 10 ? "0" : "", i)),
                             {{"A-1<", id + "<"}})});
    parts.push_back({id + "/dynamic.xml", kDynamic});
    parts.push_back({id + "/static.xml", StaticPart(8, 15, "enhanced")});
  }
  Zip(parts);
  extract_ = ReadFolder(YotAsset(), folder_.path());
  ASSERT_EQ(extract_.records().size(), 1u);
  ASSERT_EQ(extract_.records()[0].report.assessments_size(), 16);
  for (const auto& pointer : extract_.records()[0].report.assessments()) {
    EXPECT_GT(pointer.assessed_on().day(), 2);
  }
}

}  // namespace
}  // namespace signpost::adapters::yot_asset
