// A table made from a policy means what the policy means.

#include "policy/text/table.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/analysis/diff.h"
#include "tests/policy/default_lines.h"
#include "tests/policy/files.h"
#include "tests/policy/nortown.h"
#include "tests/policy/small.h"

namespace signpost::policy {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const Policy> Compiled(const std::string& text, const Vocabulary& vocabulary) {
  CompileOptions options;
  options.prove_checks = false;
  CompileResult result = Compile(text, vocabulary, options);
  EXPECT_TRUE(result.ok()) << result.Errors() << text;
  return result.policy;
}

void ExpectRoundTrip(const std::string& text, const Vocabulary& vocabulary) {
  const std::vector<TableRow> rows = ToTable(text);
  const CsvResult read = FromCsv(ToCsv(rows));
  ASSERT_TRUE(read.ok()) << read.diagnostics[0].ToString();
  ASSERT_EQ(read.rows.size(), rows.size());
  const std::string again = FromTable(read.rows);
  const auto before = Compiled(text, vocabulary);
  const auto after = Compiled(again, vocabulary);
  ASSERT_NE(before, nullptr);
  ASSERT_NE(after, nullptr);
  const PolicyDifference difference = Diff(*before, *after);
  EXPECT_EQ(difference.fault, "");
  EXPECT_TRUE(difference.same());
  EXPECT_EQ(testing::DefaultLines(again, vocabulary), testing::DefaultLines(text, vocabulary));
  EXPECT_EQ(after->name(), before->name());
  EXPECT_EQ(after->version(), before->version());
  EXPECT_EQ(after->approved_by(), before->approved_by());
  ASSERT_EQ(after->rules().size(), before->rules().size());
  for (size_t r = 0; r < before->rules().size(); ++r) {
    EXPECT_EQ(after->rules()[r].id, before->rules()[r].id);
    EXPECT_EQ(after->rules()[r].title, before->rules()[r].title);
    EXPECT_EQ(after->rules()[r].agreement, before->rules()[r].agreement);
    EXPECT_EQ(after->rules()[r].is_never, before->rules()[r].is_never);
  }
  // What was made from a table makes the same table: nothing drifts.
  EXPECT_EQ(ToCsv(ToTable(again)), ToCsv(rows));
}

TEST(Table, NortownComesBackAsItWas) {
  ExpectRoundTrip(testing::ShippedPolicy("nortown"), testing::NortownVocabulary());
}

TEST(Table, ASmallPolicyComesBackAsItWas) {
  ExpectRoundTrip(testing::SmallText(testing::kSmallRules), testing::SmallVocabulary());
}

TEST(Table, KeepsComments) {
  const std::string text =
      "# Of the board,  and\n# of nobody else.\npolicy \"P\" version 1 in force 2025-04-01 "
      "approved by "
      "\"B\"  # in May\nwhere no rule shows an item, hide it\n\n"
      "# Why this one\nrule R \"r\"\n  # every one of them\n  show existence of offending to "
      "adviser\n"
      "  basis ca2004-s10  # \"as agreed\"\n#\n# The end\n";
  const std::vector<TableRow> rows = ToTable(text);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].comment, "Of the board, and of nobody else. in May");
  EXPECT_EQ(rows[1].comment, "");
  EXPECT_EQ(rows[2].comment, "Why this one every one of them \"as agreed\" The end");
  const CsvResult read = FromCsv(ToCsv(rows));
  ASSERT_TRUE(read.ok());
  const std::string again = FromTable(read.rows);
  EXPECT_THAT(again, HasSubstr("# Of the board, and of nobody else. in May\npolicy \"P\""));
  EXPECT_EQ(ToCsv(ToTable(again)), ToCsv(rows));
}

TEST(Table, HasARowForEachStatementAndOneForEachOtherBlock) {
  const std::vector<TableRow> rows = ToTable(
      "policy \"P\" version 1 in force 2025-04-01 approved by \"B, and C\"  # a comment\n"
      "where no rule shows an item, hide it\n"
      "rule R \"It's a rule\"\n"
      "  show existence, content of asset except victims of offending held by yot\n"
      "  to adviser of careers when worker is involved and purpose is assessment unless consent is "
      "refused unless flag is closed\n"
      "  hide everything of marked-sensitive from everyone except the holder\n"
      "  basis ca2004-s10 then log, tell holder\n"
      "  an override may lift this\n"
      "rule N \"Never\" never record, never show of clinic on careers systems\n");
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].title, "P");
  EXPECT_EQ(rows[0].more, "version 1 in force 2025-04-01 approved by \"B, and C\"");
  const TableRow& show = rows[2];
  EXPECT_EQ(show.effect, "show");
  EXPECT_EQ(show.what, "existence, content of asset except victims");
  EXPECT_EQ(show.of, "offending held by yot");
  EXPECT_EQ(show.who, "adviser of careers");
  EXPECT_EQ(show.when, "worker is involved and purpose is assessment");
  EXPECT_EQ(show.unless, "consent is refused unless flag is closed");
  EXPECT_EQ(show.basis, "ca2004-s10");
  EXPECT_EQ(show.then, "log, tell holder");
  EXPECT_EQ(show.more, "an override may lift this");
  EXPECT_EQ(rows[3].id, "R");
  EXPECT_EQ(rows[3].effect, "hide");
  EXPECT_EQ(rows[3].title, "");
  EXPECT_EQ(rows[4].effect, "never");
  EXPECT_EQ(rows[4].what, "record, never show");
  EXPECT_EQ(rows[4].of, "clinic");
  EXPECT_EQ(rows[4].who, "careers systems");
}

TEST(Table, ReadsWhatASpreadsheetWrites) {
  // Other columns first, a mark in front, lone line feeds, a cell of two lines.
  const CsvResult read = FromCsv(
      "\xEF\xBB\xBFTitle,Block,id,effect,what,of,who,basis\n"
      "\"A \"\"small\"\" rule\",rule,R,show,\"existence,\nagency\",offending,yot,ca2004-s10\n\n");
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.diagnostics[0].message, HasSubstr("no quotation marks"));
  const CsvResult good = FromCsv(
      "Title,Block,id,effect,what,of,who,basis\nSmall,rule,R,show,\"existence,\nrule agency\","
      "offending,yot,ca2004-s10\n");
  ASSERT_TRUE(good.ok());
  ASSERT_EQ(good.rows.size(), 1u);
  // A line break in a cell cannot begin a block.
  EXPECT_EQ(good.rows[0].what, "existence, rule agency");
  EXPECT_THAT(FromTable(good.rows), HasSubstr("  show existence, rule agency of offending to yot"));
}

TEST(Table, SaysWhatIsWrongWithATable) {
  EXPECT_THAT(FromCsv("").diagnostics[0].message, HasSubstr("is empty"));
  EXPECT_THAT(FromCsv("block,colour\nrule,red\n").diagnostics[0].ToString(),
              HasSubstr("1:1: there is no column 'colour'"));
  EXPECT_THAT(FromCsv("block,id\nroole,R\n").diagnostics[0].ToString(),
              HasSubstr("2:1: 'roole' is no block"));
  EXPECT_THAT(FromCsv("block,id\nrule,R,more\n").diagnostics[0].ToString(),
              HasSubstr("2:1: the row has more cells"));
  EXPECT_THAT(FromCsv("block,id\nrule,\"R\n").diagnostics[0].message, HasSubstr("does not end"));
  EXPECT_THAT(FromCsv("block,effect\nrule,rule: X\n").diagnostics[0].ToString(),
              HasSubstr("2:1: 'rule' would begin a block here"));
  EXPECT_THAT(FromCsv("block,more\noverride,end agreement\n").diagnostics[0].ToString(),
              HasSubstr("2:1: 'end' would begin a block here"));
  EXPECT_TRUE(ToTable("once upon a time").empty());
}

TEST(Table, WritesNoFormula) {
  TableRow row;
  row.block = "rule";
  row.title = "=HYPERLINK(0)";
  EXPECT_THAT(ToCsv({row}), HasSubstr(", =HYPERLINK(0),"));
}

}  // namespace
}  // namespace signpost::policy
