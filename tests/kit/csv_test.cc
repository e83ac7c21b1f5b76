#include "adapters/kit/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/base/error.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<CsvRow> ReadAll(const std::string& text, absl::Status* status, CsvLimits limits = {}) {
  auto reader = CsvReader::FromText(text, "t.csv", limits);
  std::vector<CsvRow> rows;
  CsvRow row;
  while (true) {
    const absl::StatusOr<bool> any = reader->Next(&row);
    *status = any.status();
    if (!any.ok() || !*any) return rows;
    rows.push_back(row);
  }
}

TEST(CsvTest, ReadsQuotesLineEndsAndByteOrderMark) {
  absl::Status status;
  const auto rows = ReadAll(
      "\xEF\xBB\xBF"
      "a,b\r\n\"x, \"\"y\"\"\",\"two\r\nlines\"\n\n,\nlast,",
      &status);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_THAT(rows[0].fields, ElementsAre("a", "b"));
  EXPECT_THAT(rows[1].fields, ElementsAre("x, \"y\"", "two\r\nlines"));
  EXPECT_THAT(rows[2].fields, ElementsAre("", ""));
  EXPECT_EQ(rows[2].number, 4);  // the blank line is row 3
  EXPECT_THAT(rows[3].fields, ElementsAre("last", ""));
}

TEST(CsvTest, FaultsThatHideRowEndsRefuseTheFileWithoutRepeatingIt) {
  const std::string secret = "Ghazella";
  for (const std::string& text :
       {"a,b\n\"" + secret + ",1\n2,3\n", "a,b\n\"x\"" + secret + ",1\n", "a\n" + secret + "\rb\n",
        "a\n" + secret + std::string(1, '\0') + "\n",
        std::string("\xFF\xFE"
                    "a\0",
                    4)}) {
    absl::Status status;
    ReadAll(text, &status);
    EXPECT_EQ(base::ReasonOf(status), base::Reason::kInvalidField) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("t.csv, row "));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(secret)));
  }
}

TEST(CsvTest, FaultsOfOneRowStayInIt) {
  absl::Status status;
  const auto rows = ReadAll("a,b\nO\"Brien,1\nJos\xE9,2\ngood,3\n", &status);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1].problem, "field 1 has a quote but is not quoted");
  EXPECT_EQ(rows[2].problem, "field 1 is not UTF-8");
  EXPECT_EQ(rows[3].problem, "");
}

TEST(CsvTest, LimitsHoldAtAndPastTheLimit) {
  CsvLimits limits;
  limits.field_bytes_max = 10;
  limits.fields_max = 3;
  absl::Status status;
  EXPECT_EQ(ReadAll("0123456789,b,c\n", &status, limits).size(), 1u);
  EXPECT_TRUE(status.ok());
  ReadAll("01234567890\n", &status, limits);
  EXPECT_THAT(std::string(status.message()), HasSubstr("longer than 10 bytes"));
  ReadAll("\"01234567890\"\n", &status, limits);
  EXPECT_THAT(std::string(status.message()), HasSubstr("missing closing quote"));
  ReadAll("a,b,c,d\n", &status, limits);
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than 3 fields"));
}

TEST(CsvTest, TableFindsColumnsInAnyOrderAndNamesAllThatLack) {
  const std::vector<CsvColumn> columns = {{"id", "Case ID"}, {"name", "surname"}};
  auto table = CsvTable::Open(
      CsvReader::FromText("extra, SURNAME ,case id\nx, Malik ,7\nx,y\n", "t.csv"), columns);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->unknown_headers(), ElementsAre("extra"));
  ASSERT_TRUE(*table->Next());
  EXPECT_EQ(table->Get("id"), "7");
  EXPECT_EQ(table->Get("name"), "Malik");
  ASSERT_TRUE(*table->Next());
  EXPECT_EQ(table->problem(), "has 2 fields where the header has 3");
  EXPECT_FALSE(*table->Next());

  const auto lacking = CsvTable::Open(CsvReader::FromText("a,a\n", "t.csv"), columns);
  const auto violations = base::ViolationsOf(lacking.status());
  ASSERT_EQ(violations.size(), 3u);  // twice a, no Case ID, no surname
  EXPECT_EQ(violations[1].field, "Case ID");
  EXPECT_FALSE(CsvTable::Open(CsvReader::FromText("", "t.csv"), columns).ok());
}

TEST(CsvTest, CheckReadsToTheEnd) {
  TestFolder folder;
  std::string text = "id\n";
  for (int i = 0; i < 50'000; ++i) text += absl::StrCat("row ", i, "\r\n");
  folder.Write("good.csv", text);
  folder.Write("bad.csv", text + "\"never closed\n");
  EXPECT_TRUE(CheckCsv(folder.Path("good.csv"), {{"id", "id"}}).ok());
  EXPECT_FALSE(CheckCsv(folder.Path("bad.csv"), {{"id", "id"}}).ok());
  EXPECT_EQ(base::ReasonOf(CheckCsv(folder.Path("none.csv"), {})), base::Reason::kNotFound);
}

TEST(CsvTest, KnowsUtf8) {
  EXPECT_TRUE(IsUtf8("Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80"));
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80",
                          "\xE2\x82", "\xF5\x80\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(bad));
  }
}

}  // namespace
}  // namespace signpost::adapters
