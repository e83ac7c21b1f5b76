// The canonical layout: it changes no word and no meaning, and there is only one.

#include "policy/text/format.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/analysis/diff.h"
#include "policy/text/syntax.h"
#include "tests/policy/area.h"
#include "tests/policy/default_lines.h"
#include "tests/policy/files.h"

namespace signpost::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The words and comments of a text in their order, without a blank or a line break.
std::string Inked(const std::string& text) {
  return absl::StrReplaceAll(text, {{" ", ""}, {"\n", ""}, {"\t", ""}, {"\r", ""}});
}

// All that the parser reads of a text: its words, and which of them begin a block.
std::vector<std::string> Read(const std::string& text) {
  syntax::Diagnostics diagnostics;
  std::vector<std::string> words;
  for (const syntax::Piece& piece : syntax::Pieces(text, diagnostics)) {
    words.push_back(absl::StrCat(piece.begins_block ? "! " : "",
                                 text.substr(piece.begin, piece.end - piece.begin)));
  }
  EXPECT_TRUE(diagnostics.empty());
  return words;
}

class FormatShipped : public ::testing::TestWithParam<const char*> {};

TEST_P(FormatShipped, DecidesAsBefore) {
  const std::string text = testing::ShippedPolicy(GetParam());
  const Vocabulary vocabulary = testing::AreaVocabulary(GetParam());
  std::vector<Diagnostic> faults;
  const std::string formatted = Format(text, &faults);
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_NE(formatted, text) << "nothing was there to be done";
  EXPECT_EQ(Inked(formatted), Inked(text));
  EXPECT_EQ(Read(formatted), Read(text));
  EXPECT_EQ(Format(formatted), formatted);

  CompileOptions options;
  options.prove_checks = false;
  const CompileResult before = Compile(text, vocabulary, options);
  const CompileResult after = Compile(formatted, vocabulary, options);
  ASSERT_TRUE(before.ok()) << before.Errors();
  ASSERT_TRUE(after.ok()) << after.Errors() << formatted;
  const PolicyDifference difference = Diff(*before.policy, *after.policy);
  EXPECT_TRUE(difference.same()) << difference.fault;
  EXPECT_EQ(testing::DefaultLines(formatted, vocabulary), testing::DefaultLines(text, vocabulary));
  EXPECT_EQ(after.policy->name(), before.policy->name());
  EXPECT_EQ(after.policy->approved_by(), before.policy->approved_by());
  ASSERT_EQ(after.policy->rules().size(), before.policy->rules().size());
  for (size_t r = 0; r < before.policy->rules().size(); ++r) {
    EXPECT_EQ(after.policy->rules()[r].id, before.policy->rules()[r].id);
    EXPECT_EQ(after.policy->rules()[r].title, before.policy->rules()[r].title);
    EXPECT_EQ(after.policy->rules()[r].agreement, before.policy->rules()[r].agreement);
  }
}

TEST_P(FormatShipped, StaysWithinTheColumns) {
  for (const absl::string_view line :
       absl::StrSplit(Format(testing::ShippedPolicy(GetParam())), '\n')) {
    // A quoted text is never broken, nor is a comment.
    if (absl::StrContains(line, '"') || absl::StrContains(line, '#')) continue;
    EXPECT_LE(line.size(), static_cast<size_t>(kFormatColumns)) << line;
    EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
  }
}

TEST_P(FormatShipped, HasOneLayoutHoweverItIsWritten) {
  const std::string formatted = Format(testing::ShippedPolicy(GetParam()));
  EXPECT_EQ(Format(absl::StrReplaceAll(formatted, {{"\n", "  \r\n"}})), formatted);
  EXPECT_EQ(Format(absl::StrReplaceAll(formatted, {{"\n\n", "\n \n\n\n"}})), formatted);
  EXPECT_EQ(Format(absl::StrReplaceAll(formatted, {{"\n  then ", " then\n\n\t  "}})), formatted);
}

INSTANTIATE_TEST_SUITE_P(Areas, FormatShipped,
                         ::testing::Values("nortown", "metborough", "midland", "national"));

constexpr char kUgly[] = R"(
# What an area agrees.


policy   "Ugly"   version 1 in
force 2025-04-01 approved by "The board of an area with a name that takes up most of a line"   # signed
where no rule shows an item ,hide it
where consent is from a parent,it ends at 18
group sensitive=sexual-health,mental-health
# ---- Rules ----
rule OWN "Its own" show existence,agency,contact,assessment,content of everything to the holder basis own-record then log
# Read this with care.

rule R "Two statements" show existence of youth-offending to practitioner when worker is involved and purpose is assessment
   or support-planning or safeguarding or youth-justice or service-delivery unless consent is explicit and refused # really
     # a remark inside
  hide everything of sensitive from everyone except the holder an override
  may lift this basis ca2004-s10 then log,
  no onward sharing
      # hangs on to R
rule N "Nothing" never record,never show of project on careers systems
agreement YC "Two" between yot and careers from 2025-04-01 until 2026-03-31 review 2026-01-05 yot chooses cda1998-s115
rule A "Inside" show content of asset except victims, offence-details of youth-offending held by yot to connexions practitioner or members of yot-team
basis esa2008-s76
end agreement
override O "At risk" to social-worker or manager when purpose is safeguarding opens existence,agency grounds legal-duty lifts R never lifts N, OWN then log
example "One":adviser of careers,involved,for assessment;contact of youth-offending held by yot->show by R
example "Two": adviser of careers; contact of youth-offending held by yot, consent explicit and in force, flag closed, marked-sensitive -> hide by default, missing relationship


# The third stands apart.
example "Three": adviser of careers; contact of youth-offending held by yot -> hide
check no practitioner sees record of anything


check no one except the holder learns anything of sensitive without explicit consent in force, except by O
# That is all.
)";

constexpr char kCanonical[] =
    R"(# What an area agrees.

policy "Ugly" version 1 in force 2025-04-01
  approved by "The board of an area with a name that takes up most of a line"  # signed

where no rule shows an item, hide it
where consent is from a parent, it ends at 18

group sensitive = sexual-health, mental-health

# ---- Rules ----
rule OWN "Its own"
  show existence, agency, contact, assessment, content of everything to the holder
  basis own-record
  then log

# Read this with care.

rule R "Two statements"
  show existence of youth-offending to practitioner
  when worker is involved
    and purpose is assessment or support-planning or safeguarding or youth-justice
    or service-delivery
  unless consent is explicit and refused  # really
  # a remark inside
  hide everything of sensitive from everyone except the holder
  an override may lift this
  basis ca2004-s10
  then log, no onward sharing
  # hangs on to R

rule N "Nothing"
  never record, never show of project on careers systems

agreement YC "Two"
  between yot and careers
  from 2025-04-01 until 2026-03-31 review 2026-01-05
  yot chooses cda1998-s115

rule A "Inside"
  show content of asset except victims, offence-details of youth-offending held by yot
    to connexions practitioner or members of yot-team
  basis esa2008-s76
end agreement

override O "At risk"
  to social-worker or manager
  when purpose is safeguarding
  opens existence, agency
  grounds legal-duty
  lifts R
  never lifts N, OWN
  then log

example "One": adviser of careers, involved, for assessment;
  contact of youth-offending held by yot -> show by R
example "Two": adviser of careers;
  contact of youth-offending held by yot, consent explicit and in force, flag closed,
    marked-sensitive -> hide by default, missing relationship

# The third stands apart.
example "Three": adviser of careers;
  contact of youth-offending held by yot -> hide

check no practitioner sees record of anything

check no one except the holder learns anything of sensitive without explicit consent in force,
  except by O
# That is all.
)";

TEST(Format, LaysAnUglyTextOut) {
  EXPECT_EQ(Format(kUgly), kCanonical);
  EXPECT_EQ(Format(kCanonical), kCanonical);
}

TEST(Format, PutsNoWordThatBeginsABlockAtTheStartOfALine) {
  // A list of words that begin blocks, too long for a line: it stays one line, and one block.
  std::string list = "check-list";
  for (int i = 0; i < 30; ++i) absl::StrAppend(&list, " or rule");
  const std::string text = absl::StrCat("rule R \"r\"\n  hide everything of ", list, "\n");
  const std::string formatted = Format(text);
  EXPECT_EQ(Inked(formatted), Inked(text));
  for (const absl::string_view line : absl::StrSplit(formatted.substr(1), '\n')) {
    EXPECT_FALSE(absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "rule")) << line;
  }
  EXPECT_EQ(Format(formatted), formatted);
  // Nor is one taken from there: what began a block begins one still.
  EXPECT_EQ(Format("rule R \"r\" hide\nrule S \"s\""), "rule R \"r\"\n  hide\n\nrule S \"s\"\n");
}

TEST(Format, KeepsCommentsWhereTheyStand) {
  const std::string text =
      "rule R \"r\" # one\n# two\n  show existence, # three\n  agency # four\n  # five\n  of "
      "everything to everyone\n  # six\n\n# seven\n\n  # eight\nend agreement # nine\n#\n# ten";
  EXPECT_EQ(Format(text),
            "rule R \"r\"  # one\n  # two\n  show existence,  # three\n    agency  # four\n    # "
            "five\n    of everything to everyone\n  # six\n\n# seven\n\n# eight\nend agreement  # "
            "nine\n#\n# ten\n");
  EXPECT_EQ(Format(Format(text)), Format(text));
  EXPECT_EQ(Format("\n\n# alone\n\n\n# with another  "), "# alone\n\n# with another\n");
}

TEST(Format, LaysOutWhatDoesNotCompile) {
  EXPECT_EQ(Format(""), "");
  EXPECT_EQ(Format(" \r\n\t"), "");
  EXPECT_EQ(Format("# first\nonce ,upon\na \"time\"\nrule"),
            "# first\nonce, upon a \"time\"\n\nrule\n");
}

TEST(Format, LeavesAloneWhatIsNoText) {
  for (const auto& [text, fault] : std::vector<std::pair<std::string, std::string>>{
           {"rule   R \"no end\n", "1:10: a quoted text must end on the line"},
           {"rule   R\n  %", "2:3: this character has no meaning"},
           {std::string(65, 'a') + "  b", "1:1: a word has at most 64 bytes"},
           {std::string((1 << 20) + 1, ' '), "1:1: a policy text has at most 1048576 bytes"}}) {
    std::vector<Diagnostic> faults;
    EXPECT_EQ(Format(text, &faults), text);
    ASSERT_EQ(faults.size(), 1u) << text.substr(0, 100);
    EXPECT_THAT(faults[0].ToString(), HasSubstr(fault));
    EXPECT_EQ(Format(text), text);
  }
}

}  // namespace
}  // namespace signpost::policy
