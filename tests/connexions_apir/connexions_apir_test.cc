#include "adapters/connexions_apir/connexions_apir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kit/files_for_test.h"

namespace signpost::adapters::connexions_apir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string Young(const std::string& id, const std::string& given, const std::string& born,
                  const std::string& code) {
  return absl::StrCat("<YoungPerson><UniqueId>", id, "</UniqueId><GivenName>", given,
                      "</GivenName><FamilyName>Malik</FamilyName><DOB>", born,
                      "</DOB><Gender>F</Gender><UPN>B801200005001</UPN><Activity>210</Activity>"
                      "<Characteristics><Code>",
                      code, "</Code></Characteristics></YoungPerson>");
}
std::string Return(const std::string& people) {
  return absl::StrCat("<NCCIS><Header><Month>2026-10</Month></Header>", people, "</NCCIS>");
}

class ConnexionsApirTest : public testing::Test {
 protected:
  ConnexionsApirTest() {
    folder_.Write("nccis-2026-10.xml", Return(Young("C-1", "Sal", "2009-03-04", "170") +
                                              Young("C-2", "Sam", "2009-13-04", "110") +
                                              Young("C-3", "Mandy", "2009-05-06", "180")));
    folder_.Write("caseload.csv",
                  "client_id,status,opened,closed,adviser_id,adviser_name,adviser_phone,"
                  "adviser_email,team,intensity\n"
                  "C-1,open,01/02/2026,,pa-001,Joan Ames,01632 960111,joan@connexions.example,,i\n"
                  "C-2,open,01/02/2026,,pa-001,Joan Ames,,,,i\n"
                  "C-9,open,01/02/2026,,pa-001,Joan Ames,,,,i\n");
    folder_.Write("apir.csv",
                  "client_id,assessed_on,factor,ring\nC-1,03/02/2026,housing,4\n"
                  "C-1,03/02/2026,income,2\nC-1,05/06/2026,housing,1\nC-1,05/06/2026,housing,5\n"
                  "C-1,05/06/2026,houses,1\nC-8,05/06/2026,housing,1\nC-1,05/13/2026,housing,1\n");
  }
  Extract Read(const std::string& overlay = "") {
    return ReadFolder(ConnexionsApir(), folder_.path(), overlay);
  }
  TestFolder folder_;
};

TEST_F(ConnexionsApirTest, CaseloadJoinedWithTheReturnBecomesFlags) {
  const Extract extract = Read();
  ASSERT_EQ(extract.records().size(), 1u);
  const signpost::v1::FlagReport& report = extract.records()[0].report;
  EXPECT_EQ(report.record_id(), "C-1");
  EXPECT_EQ(report.service(), "connexions");
  EXPECT_EQ(report.person().given_names(), "Sal");
  EXPECT_EQ(report.person().identifiers(0).kind(), signpost::v1::IDENTIFIER_KIND_UPN);
  EXPECT_EQ(report.contact().role(), "personal-adviser");
  ASSERT_EQ(report.assessments_size(), 2);
  EXPECT_THAT(report.assessments(0).sections(), ElementsAre("housing", "income"));
  EXPECT_THAT(report.assessments(1).sections(), ElementsAre("housing"));
}

TEST_F(ConnexionsApirTest, BadRowsOfAllThreeFilesAreNamed) {
  const Extract extract = Read();
  const auto rejected = [&extract](const char* file, int64_t row, const char* field,
                                   const char* reason) {
    return HasFinding(extract, RowOutcome::kRejected, file, row, field, reason);
  };
  EXPECT_TRUE(rejected("nccis-2026-10.xml", 2, "DOB", "is no day"));
  EXPECT_TRUE(rejected("caseload.csv", 3, "client_id", "nccis-2026-10.xml young person 2"));
  EXPECT_TRUE(rejected("caseload.csv", 4, "client_id", "no young person"));
  EXPECT_TRUE(rejected("apir.csv", 5, "ring", "0 to 4"));
  EXPECT_TRUE(rejected("apir.csv", 6, "factor", "codes.factors"));
  EXPECT_TRUE(rejected("apir.csv", 7, "client_id", "no row of the caseload"));
  EXPECT_TRUE(rejected("apir.csv", 8, "assessed_on", "is no day"));
  EXPECT_EQ(extract.Total().rejected, 7);
  EXPECT_TRUE(extract.present().contains("C-9"));
  EXPECT_EQ(extract.rows_without_id(), 0);
}

TEST_F(ConnexionsApirTest, NoCharacteristicLeavesWithoutAWrittenRule) {
  const Extract silent = Read();
  for (const FlagRecord& record : silent.records()) {
    EXPECT_EQ(record.report.service(), "connexions");
    EXPECT_THAT(record.report.DebugString(), Not(HasSubstr("170")));
  }
  const Extract ruled = Read(
      R"({"rules": {"characteristics": [{"code": "170", "service": "youth-offending-contact",
          "written_rule": "Information governance board, 12 Nov 2026, item 4"}]}})");
  ASSERT_EQ(ruled.records().size(), 2u);
  const signpost::v1::FlagReport* flag = Find(ruled, "C-1#170");
  ASSERT_NE(flag, nullptr);
  EXPECT_EQ(flag->service(), "youth-offending-contact");
  EXPECT_EQ(flag->assessments_size(), 0);
}

TEST_F(ConnexionsApirTest, YoungPeopleWithoutCaseloadNeedTheMappingsWord) {
  EXPECT_EQ(Find(Read(), "C-3"), nullptr);
  EXPECT_THAT(Read().Table("c"), HasSubstr("1 young people have no row in the caseload"));
  const Extract duty = Read(R"({"rules": {"flag_without_caseload": true},
               "defaults": {"duty_desk_phone": "01632 960000"}})");
  const signpost::v1::FlagReport* flag = Find(duty, "C-3");
  ASSERT_NE(flag, nullptr);
  EXPECT_EQ(flag->contact().name(), "Duty desk, Connexions");
  EXPECT_EQ(flag->contact().phone(), "01632 960000");
  EXPECT_TRUE(flag->contact().practitioner_id().empty());
}

TEST_F(ConnexionsApirTest, ABrokenReturnLeavesTheOneBefore) {
  folder_.Write("nccis-2026-11.xml",
                Return(Young("C-1", "Other", "2009-03-04", "170")).substr(0, 90));
  const Extract extract = Read();
  EXPECT_FALSE(extract.refused());
  EXPECT_THAT(extract.Table("c"), HasSubstr("REFUSED nccis-2026-11.xml"));
  EXPECT_EQ(extract.records()[0].report.person().given_names(), "Sal");
  std::filesystem::remove(folder_.Path("nccis-2026-10.xml"));
  const Extract refused = Read();
  EXPECT_TRUE(refused.refused());
  EXPECT_TRUE(refused.records().empty());
}

TEST_F(ConnexionsApirTest, WithoutAssessmentsPointersStay) {
  std::filesystem::remove(folder_.Path("apir.csv"));
  const Extract extract = Read();
  EXPECT_FALSE(extract.refused());
  EXPECT_TRUE(extract.incomplete_kinds().contains("apir"));
}

}  // namespace
}  // namespace signpost::adapters::connexions_apir
