#include "adapters/kit/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/kit/values.h"
#include "hub/base/error.h"
#include "nlohmann/json.hpp"
#include "tests/adapters/files_for_test.h"

namespace signpost::adapters {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kBase[] = R"({"version": 1, "service": "s", "files": {"cases": "cases.csv"},
  "columns": {"cases": {"case_id": "case_id", "surname": "surname"}},
  "codes": {"gender": {"M": "male"}, "status": {"open": "open", "closed": "closed"},
            "role": {}, "team": {}},
  "defaults": {"role": "yot-officer", "duty_desk_name": "Duty desk"},
  "rules": {"flag_without_caseload": false, "characteristics": []}})";

std::string FirstFault(const std::string& overlay) {
  const auto mapping = Mapping::Parse(kBase, overlay, "m.json");
  const auto violations = base::ViolationsOf(mapping.status());
  return violations.empty() ? ""
                            : absl::StrCat(violations[0].field, ": ", violations[0].description);
}

TEST(MappingTest, OverlayChangesWhatItNamesAndNothingElse) {
  const auto mapping =
      Mapping::Parse(kBase, R"({"comment": "ours", "columns": {"cases": {"surname": "Family name"}},
                 "codes": {"gender": {"Boy": "male"}}, "rules": {"flag_without_caseload": true}})",
                     "m.json");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  const auto columns = mapping->Columns("cases");
  ASSERT_EQ(columns.size(), 2u);
  EXPECT_EQ(columns[0].header, "case_id");
  EXPECT_EQ(columns[1].header, "Family name");
  EXPECT_EQ(mapping->Code("gender", " bOY "), "male");
  EXPECT_EQ(mapping->Code("gender", "m"), "male");
  EXPECT_EQ(mapping->Code("gender", "X"), std::nullopt);
  EXPECT_TRUE(mapping->BooleanRule("flag_without_caseload"));
}

TEST(MappingTest, FaultsNameTheirPath) {
  EXPECT_EQ(FirstFault(R"({"columns": {"cases": {"surnam": "x"}}})"),
            "columns.cases.surnam: no such key; did you mean \"surname\"?");
  EXPECT_EQ(FirstFault(R"({"service": 7})"), "service: must be string, not number");
  EXPECT_EQ(FirstFault(R"({"codes": {"gender": {"x": 1}}})"), "codes.gender.x: must be string");
  EXPECT_THAT(FirstFault(R"({"columns": {"cases": {"surname": "CASE_ID"}}})"),
              HasSubstr("columns.cases.surname: names the same column"));
  EXPECT_THAT(FirstFault(R"({"version": 2})"), HasSubstr("version: must be 1"));
  EXPECT_THAT(FirstFault("[]"), HasSubstr("json: must be one JSON object"));
  EXPECT_THAT(FirstFault("{"), HasSubstr("json"));
  EXPECT_THAT(FirstFault(R"({"rules": {"characteristics": [{"code": "170", "service": "x"}]}})"),
              HasSubstr("rules.characteristics[0].written_rule"));
}

TEST(ValuesTest, Days) {
  for (const char* good : {"04/03/2009", "4/3/2009", "2009-03-04", "04/03/2009 00:00:00"}) {
    const auto day = ParseDay(good);
    ASSERT_TRUE(day.has_value()) << good;
    EXPECT_EQ(ToCivil(*day), absl::CivilDay(2009, 3, 4)) << good;
  }
  EXPECT_TRUE(ParseDay("29/02/2008").has_value());
  for (const char* bad : {"", "29/02/2009", "31/04/2009", "13/13/2009", "04/03/09", "2009-3-4",
                          "1/2", "aa/bb/cccc", "04/03/1899", "01/01/2200", "04-03-2009",
                          "00/01/2009", "+4/03/2009", "04/03/2009 11:00:00"}) {
    EXPECT_FALSE(ParseDay(bad).has_value()) << bad;
  }
  EXPECT_FALSE(ParseIsoDay("04/03/2009").has_value());
}

TEST(ValuesTest, Identifiers) {
  EXPECT_EQ(NormaliseNhsNumber("943 476 5919"), "9434765919");
  for (const char* bad : {"9434765918", "1111111111", "943476591", "94347659190", "94347659x9"}) {
    EXPECT_EQ(NormaliseNhsNumber(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(NormaliseUpn("b801200005001"), "B801200005001");
  for (const char* bad : {"A801200005001", "B80120000500A", "B80120000500", "I801200005001"}) {
    EXPECT_EQ(NormaliseUpn(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(NormalisePostcode("nx11aa"), "NX1 1AA");
  EXPECT_EQ(NormalisePostcode("W1A 0AX"), "W1A 0AX");
  EXPECT_EQ(NormalisePostcode("ZZ99 3VZ"), "ZZ99 3VZ");
  for (const char* bad : {"", "NX1", "NX1 AAA", "1NX 1AA", "NXX1 1AA", "NX1 1A1", "NX1111 1AA"}) {
    EXPECT_EQ(NormalisePostcode(bad), std::nullopt) << bad;
  }
}

class IntakeTest : public testing::Test {
 protected:
  const Mapping mapping_ = *Mapping::Parse(kBase, "", "");
  const absl::CivilDay today_{2026, 12, 1};
  Intake intake_;

  // What TakeStatus says of a row, or "".
  std::string Status(const char* status, const char* opened, const char* closed) {
    Intake intake;
    signpost::v1::FlagReport report;
    {
      RowScope row(&intake, "f", 2);
      TakeStatus(&row, mapping_, status, opened, closed, today_, &report);
    }
    if (intake.findings().empty()) return "";
    return absl::StrCat(intake.findings()[0].field, ": ", intake.findings()[0].reason);
  }
};

TEST_F(IntakeTest, RowsEndOnceWithTheirWorst) {
  {
    RowScope a(&intake_, "f", 2), b(&intake_, "f", 3), c(&intake_, "f", 4);
    a.Correct("x", "why");
    b.Correct("x", "why");
    b.Reject("y", "why");
  }
  EXPECT_EQ(intake_.counts().at("f").accepted, 1);
  EXPECT_EQ(intake_.counts().at("f").corrected, 1);
  EXPECT_EQ(intake_.counts().at("f").rejected, 1);
}

TEST_F(IntakeTest, StatusAndDaysMustAgree) {
  EXPECT_EQ(Status("open", "01/02/2026", ""), "");
  EXPECT_EQ(Status("Closed", "01/02/2026", "01/02/2026"), "");
  EXPECT_THAT(Status("ajar", "01/02/2026", ""), HasSubstr("status: a code"));
  EXPECT_THAT(Status("", "01/02/2026", ""), HasSubstr("status: is empty"));
  EXPECT_THAT(Status("open", "", ""), HasSubstr("opened: is empty"));
  EXPECT_THAT(Status("open", "02/12/2026", ""), HasSubstr("opened: lies in the future"));
  EXPECT_THAT(Status("open", "01/02/2026", "02/02/2026"), HasSubstr("closed: has a day though"));
  EXPECT_THAT(Status("closed", "01/02/2026", ""), HasSubstr("closed: is empty"));
  EXPECT_THAT(Status("closed", "01/02/2026", "31/01/2026"), HasSubstr("closed: lies before"));
}

TEST_F(IntakeTest, ValuesThatAreWrongAreLeftOutAndNeverRepeated) {
  signpost::v1::PersonDetails person;
  signpost::v1::Contact contact;
  {
    RowScope row(&intake_, "f", 2);
    TakeGender(&row, mapping_, "gender", "secret-gender", &person);
    TakePostcode(&row, "postcode", "secret-postcode", &person);
    TakeIdentifier(&row, "nhs", "secret-number", signpost::v1::IDENTIFIER_KIND_NHS_NUMBER, &person);
    TakeBirthDate(&row, "dob", "secret-date", today_, &person);
    TakeContact(&row, mapping_, "worker_",
                {"secret id", "", "secret-role", "secret-phone", "secret-email", "Secret Team"},
                &contact);
    TakeName(&row, "surname", std::string(201, 's') + "secret", person.mutable_surname());
  }
  EXPECT_EQ(person.ByteSizeLong(), 0u) << person.DebugString();
  EXPECT_EQ(contact.name(), "Duty desk");
  EXPECT_EQ(contact.role(), "yot-officer");
  EXPECT_TRUE(contact.phone().empty() && contact.email().empty() && contact.team_id().empty());
  EXPECT_EQ(intake_.findings().size(), 11u);
  EXPECT_THAT(intake_.Table("a") + intake_.JsonLines("a"), Not(HasSubstr("ecret")));
}

TEST_F(IntakeTest, ReportIsJsonLinesAndARefusedExtractHoldsNothing) {
  signpost::v1::FlagReport report;
  report.set_record_id("r1");
  EXPECT_TRUE(intake_.Add({report, "f", 2}));
  EXPECT_FALSE(intake_.Add({report, "f", 3}));
  intake_.EndRow("f", 2);
  intake_.EndRow("f", 3);
  intake_.RefuseFile("g", base::InvalidField("g", "broken"), /*needed=*/true);
  EXPECT_TRUE(intake_.refused());
  EXPECT_TRUE(intake_.records().empty());
  std::istringstream lines(intake_.JsonLines("a"));
  std::string line;
  std::vector<std::string> kinds;
  while (std::getline(lines, line)) {
    kinds.push_back(nlohmann::json::parse(line).at("kind").get<std::string>());
  }
  EXPECT_THAT(kinds, testing::ElementsAre("file", "refused", "row", "total"));
  EXPECT_THAT(intake_.Table("a"), HasSubstr("nothing was sent"));
}

}  // namespace
}  // namespace signpost::adapters
