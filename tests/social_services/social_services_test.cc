#include "adapters/social_services/social_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kit/files_for_test.h"

namespace signpost::adapters::social_services {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kIdentityHeader[] =
    "LAchildID,given_names,surname,date_of_birth,sex,postcode,nhs_number,worker_id,worker_name,"
    "worker_phone,worker_email,team\n";

std::string Child(const std::string& identifiers, const std::string& details) {
  return absl::StrCat("<Child><ChildIdentifiers>", identifiers, "</ChildIdentifiers>", details,
                      "</Child>");
}
std::string Id(const std::string& id, const std::string& rest) {
  return absl::StrCat("<LAchildID>", id, "</LAchildID>", rest);
}
std::string Details(const std::string& referred, const std::string& rest = "") {
  return absl::StrCat("<CINdetails><CINreferralDate>", referred, "</CINreferralDate>", rest,
                      "<ReferralNFA>0</ReferralNFA></CINdetails>");
}
constexpr char kBorn[] = "<PersonBirthDate>2012-03-04</PersonBirthDate><Sex>F</Sex>";

class SocialServicesTest : public testing::Test {
 protected:
  void Census(const std::string& children, const std::string& year = "2024",
              const std::string& collection = "CIN") {
    folder_.Write("cin-census.xml", absl::StrCat("<Message><Header><CollectionDetails><Collection>",
                                                 collection, "</Collection><Year>", year,
                                                 "</Year></CollectionDetails></Header><Children>",
                                                 children, "</Children></Message>"));
  }
  void Identity(const std::string& rows) { folder_.Write("identity.csv", kIdentityHeader + rows); }
  Extract Read() { return ReadFolder(SocialServices(), folder_.path()); }
  TestFolder folder_;
};

TEST_F(SocialServicesTest, OpenChildWithPlan) {
  Identity(
      "L1,Sal,Whit,04/03/2012,F,NX1 1AA,943 476 5919,sw-001,Ann Lee,01632 960200,a@b.example,\n");
  Census(Child(Id("L1", kBorn),
               Details("2023-01-05", "<CINclosureDate>2023-02-05</CINclosureDate>") +
                   Details("2024-05-06",
                           "<CINPlanDates><CINPlanStartDate>2024-06-01</CINPlanStartDate>"
                           "</CINPlanDates>") +
                   Details("2024-02-01")));
  const Extract extract = Read();
  EXPECT_TRUE(extract.findings().empty()) << extract.Table("s");
  ASSERT_EQ(extract.records().size(), 1u);
  const signpost::v1::FlagReport& report = extract.records()[0].report;
  EXPECT_EQ(report.service(), "childrens-social-care");
  EXPECT_EQ(report.status(), signpost::v1::FLAG_STATUS_OPEN);
  EXPECT_EQ(report.opened_on().month(), 5);
  EXPECT_FALSE(report.has_closed_on());
  EXPECT_EQ(report.person().gender(), "female");
  EXPECT_EQ(report.contact().role(), "social-worker");
  ASSERT_EQ(report.assessments_size(), 1);
  EXPECT_EQ(report.assessments(0).kind(), "cin-plan");
  EXPECT_EQ(report.assessments(0).assessed_on().month(), 6);
  EXPECT_THAT(report.assessments(0).sections(), ElementsAre("plan"));
}

TEST_F(SocialServicesTest, ClosedUnbornDeadAndNoFurtherAction) {
  Identity(
      "L1,Sal,Whit,04/03/2012,F,,,sw-001,Ann Lee,,,\nL2,,Whit,,,,,sw-001,Ann Lee,,,\n"
      "L3,Joe,Whit,04/03/2012,M,,,sw-001,Ann Lee,,,\nL4,Kim,Whit,04/03/2012,M,,,sw-001,Ann "
      "Lee,,,\n");
  Census(
      Child(Id("L1", kBorn), Details("2023-01-05", "<CINclosureDate>2023-02-05</CINclosureDate>")) +
      Child(Id("L2", "<ExpectedPersonBirthDate>2027-01-20</ExpectedPersonBirthDate>"),
            Details("2026-10-05")) +
      Child(Id("L3", absl::StrCat(kBorn, "<PersonDeathDate>2024-01-09</PersonDeathDate>")),
            Details("2023-10-05")) +
      Child(Id("L4", kBorn),
            "<CINdetails><CINreferralDate>2024-01-01</CINreferralDate>"
            "<ReferralNFA>true</ReferralNFA></CINdetails>"));
  const Extract extract = Read();
  const signpost::v1::FlagReport* closed = Find(extract, "L1");
  ASSERT_NE(closed, nullptr) << extract.Table("s");
  EXPECT_EQ(closed->status(), signpost::v1::FLAG_STATUS_CLOSED);
  EXPECT_EQ(closed->closed_on().month(), 2);
  const signpost::v1::FlagReport* unborn = Find(extract, "L2");
  ASSERT_NE(unborn, nullptr) << extract.Table("s");
  EXPECT_EQ(unborn->person().expected_birth_date().year(), 2027);
  EXPECT_FALSE(unborn->person().has_birth_date());
  const signpost::v1::FlagReport* died = Find(extract, "L3");
  ASSERT_NE(died, nullptr);
  EXPECT_EQ(died->status(), signpost::v1::FLAG_STATUS_CLOSED);
  EXPECT_EQ(died->closed_on().year(), 2024);
  EXPECT_EQ(Find(extract, "L4"), nullptr);
  EXPECT_FALSE(extract.present().contains("L4"));
}

TEST_F(SocialServicesTest, BadChildrenAndIdentitiesAreNamed) {
  Identity(
      "L1,Sal,Whit,34/03/2012,F,,,sw-001,Ann Lee,,,\nL2,Joe,Whit,04/03/2012,M,,,sw-001,Ann Lee,,,\n"
      "L2,Joe,Twin,04/03/2012,M,,,sw-001,Ann Lee,,,\nL4,Kim,Whit,05/03/2012,M,,,sw-001,Ann Lee,,,\n"
      "L5,Kim,Whit,,M,,,sw-001,Ann Lee,,,\n");
  Census(Child(Id("L1", kBorn), Details("2023-01-05")) +
         Child(Id("L2", kBorn), Details("2023-13-05")) +
         Child(Id("L3", kBorn), Details("2023-01-05")) +
         Child(Id("L4", std::string("stray") + kBorn), Details("2023-01-05")) +
         Child(Id("L5", "<UPN>A123456789123</UPN>"), "") + Child(kBorn, Details("2023-01-05")));
  const Extract extract = Read();
  const auto has = [&extract](RowOutcome outcome, const char* file, int64_t row, const char* field,
                              const char* reason) {
    return HasFinding(extract, outcome, file, row, field, reason);
  };
  EXPECT_TRUE(has(RowOutcome::kRejected, "identity.csv", 2, "date_of_birth", "is no day"));
  EXPECT_TRUE(has(RowOutcome::kRejected, "cin-census.xml", 1, "LAchildID", "row 2"));
  EXPECT_TRUE(has(RowOutcome::kRejected, "cin-census.xml", 2, "CINreferralDate", "is no day"));
  EXPECT_TRUE(has(RowOutcome::kRejected, "identity.csv", 4, "LAchildID", "row 3 already"));
  EXPECT_TRUE(
      has(RowOutcome::kRejected, "cin-census.xml", 3, "LAchildID", "no row of the identity"));
  EXPECT_TRUE(has(RowOutcome::kCorrected, "cin-census.xml", 4, "ChildIdentifiers", "text stands"));
  EXPECT_TRUE(has(RowOutcome::kCorrected, "cin-census.xml", 4, "PersonBirthDate", "differs"));
  EXPECT_TRUE(has(RowOutcome::kRejected, "cin-census.xml", 5, "CINdetails", "is missing"));
  EXPECT_TRUE(has(RowOutcome::kRejected, "cin-census.xml", 6, "LAchildID", "is empty"));
  ASSERT_EQ(extract.records().size(), 1u);
  EXPECT_EQ(extract.records()[0].report.person().birth_date().day(), 5);
  EXPECT_TRUE(extract.present().contains("L3"));
  EXPECT_EQ(extract.rows_without_id(), 1);
}

TEST_F(SocialServicesTest, SexCodesOfAllForms) {
  const std::vector<std::pair<std::string, std::string>> codes = {
      {"<Sex>1</Sex>", "male"},
      {"<Sex>2</Sex>", "female"},
      {"<Sex>M</Sex>", "male"},
      {"<Sex>F</Sex>", "female"},
      {"<Sex>U</Sex>", ""},
      {"<GenderCurrent>2</GenderCurrent>", "female"},
      {"<GenderCurrent>9</GenderCurrent>", ""}};
  for (const auto& [element, gender] : codes) {
    Identity("L1,Sal,Whit,04/03/2012,,,,sw-001,Ann Lee,,,\n");
    Census(Child(Id("L1", element), Details("2023-01-05")));
    const Extract extract = Read();
    ASSERT_EQ(extract.records().size(), 1u) << element;
    EXPECT_EQ(extract.records()[0].report.person().gender(), gender) << element;
    EXPECT_TRUE(extract.findings().empty()) << element;
  }
}

TEST_F(SocialServicesTest, OtherReturnsAndYearsAreRefused) {
  Identity("L1,Sal,Whit,04/03/2012,F,,,sw-001,Ann Lee,,,\n");
  const std::string child = Child(Id("L1", kBorn), Details("2023-01-05"));
  for (const char* year : {"2021", "2026", "2027"}) {
    Census(child, year);
    EXPECT_EQ(Read().records().size(), 1u) << year;
  }
  Census(child, "2020");
  EXPECT_TRUE(Read().refused());
  Census(child, "");
  EXPECT_TRUE(Read().refused());
  Census(child, "2024", "SSDA903");
  EXPECT_TRUE(Read().refused());
  folder_.Write("cin-census.xml", "<Message><Children>" + child);
  EXPECT_TRUE(Read().refused());
  folder_.Write("cin-census.xml", "<!DOCTYPE Message [<!ENTITY x 'y'>]><Message/>");
  EXPECT_TRUE(Read().refused());
}

// DfE's own sample returns of three forms, where they are at hand.
TEST_F(SocialServicesTest, TakesThePublicSamples) {
  const char* set = std::getenv("SIGNPOST_SHARED_DATA");
  const std::filesystem::path data =
      (set != nullptr ? std::filesystem::path(set)
                      : std::filesystem::path(SIGNPOST_SOURCE_DIR) / ".." / "shared" / "data") /
      "cin";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no public samples in " << data;
  Identity(
      "DfEX0000001,Sal,Whit,,1,,,sw-001,Ann Lee,,,\n"
      "child_fails_assessments,Joe,Whit,,M,,,sw-001,Ann Lee,,,\n");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data)) {
    if (entry.path().extension() != ".xml") continue;
    ++files;
    std::filesystem::copy_file(entry.path(), folder_.Path("cin-census.xml"),
                               std::filesystem::copy_options::overwrite_existing);
    const Extract extract = Read();
    EXPECT_FALSE(extract.refused()) << entry.path();
    EXPECT_EQ(extract.Total().rejected, 0) << entry.path() << extract.Table("s");
    ASSERT_GE(extract.records().size(), 1u) << entry.path();
    for (const FlagRecord& record : extract.records()) {
      EXPECT_EQ(record.report.status(), signpost::v1::FLAG_STATUS_CLOSED);
      EXPECT_TRUE(record.report.person().has_birth_date());
      EXPECT_FALSE(record.report.person().has_expected_birth_date());
    }
    // Each has a word that strayed between two elements.
    EXPECT_TRUE(HasFinding(extract, RowOutcome::kCorrected, "cin-census.xml", 1, "ChildIdentifiers",
                           "text stands"))
        << entry.path();
  }
  EXPECT_GE(files, 4);
}

}  // namespace
}  // namespace signpost::adapters::social_services
