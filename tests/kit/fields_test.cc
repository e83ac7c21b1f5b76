#include "adapters/kit/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

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

class FieldsTest : public testing::Test {
 protected:
  const Mapping mapping_ = *Mapping::Parse(kBase, "", "");
  const absl::CivilDay today_{2026, 12, 1};
  Extract extract_;

  // What TakeStatus says of a row, or "".
  std::string Status(const char* status, const char* opened, const char* closed) {
    Extract extract;
    signpost::v1::FlagReport report;
    {
      RowScope row(&extract, "f", 2);
      TakeStatus(&row, mapping_, status, opened, closed, today_, &report);
    }
    if (extract.findings().empty()) return "";
    return absl::StrCat(extract.findings()[0].field, ": ", extract.findings()[0].reason);
  }
};

TEST_F(FieldsTest, StatusAndDaysMustAgree) {
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

TEST_F(FieldsTest, ValuesThatAreWrongAreLeftOutAndNeverRepeated) {
  signpost::v1::PersonDetails person;
  signpost::v1::Contact contact;
  {
    RowScope row(&extract_, "f", 2);
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
  EXPECT_EQ(extract_.findings().size(), 11u);
  EXPECT_THAT(extract_.Table("a") + extract_.JsonLines("a"), Not(HasSubstr("ecret")));
}

}  // namespace
}  // namespace signpost::adapters
