#include "adapters/kit/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"

namespace signpost::adapters {
namespace {

using testing::HasSubstr;

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

}  // namespace
}  // namespace signpost::adapters
