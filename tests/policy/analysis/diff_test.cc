// What Diff() and WhoCanSee() say against every cell, visited one by one.

#include "policy/analysis/diff.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/analysis/decision_space.h"
#include "policy/engine/evaluation.h"
#include "tests/policy/small.h"

namespace signpost::policy {
namespace {

using testing::CompileSmall;
using ::testing::HasSubstr;
using testing::kSmallRules;

// Visits every cell of the spelt-out space of the policies, with no class and no shortcut.
template <typename Visit>
void EachCell(const std::vector<const PolicyImpl*>& policies, Visit visit) {
  const DecisionSpace space(policies, nullptr, true);
  for (const AskerClass& asker : space.askers) {
    for (const Item& item : space.items) {
      Cell cell(space, asker, item);
      Circumstance at{};
      for (bool more = true; more;) {
        visit(cell);
        more = false;
        for (int f = 0; f < kFactCount && !more; ++f) {
          uint16_t& value = at[static_cast<size_t>(f)];
          more = value + 1 < CountOf(space, static_cast<Fact>(f));
          value = more ? static_cast<uint16_t>(value + 1) : uint16_t{0};
          cell.Set(static_cast<Fact>(f), value);
        }
      }
    }
  }
}

struct Counts {
  int64_t gained = 0;
  int64_t lost = 0;
  int64_t terms = 0;
};

Counts CountOneByOne(const Policy& before, const Policy& after) {
  Counts counts;
  EachCell({&before.impl(), &after.impl()}, [&](const Cell& cell) {
    const Decision one = before.DecideOnly(cell.question, cell.item);
    const Decision other = after.DecideOnly(cell.question, cell.item);
    if (one.effect < other.effect) ++counts.gained;
    if (one.effect > other.effect) ++counts.lost;
    if (one.effect == other.effect && one.effect != Effect::kHide &&
        (one.obligations != other.obligations || one.gateway != other.gateway)) {
      ++counts.terms;
    }
  });
  return counts;
}

int64_t Sum(const std::vector<VisibilityChange>& changes) {
  int64_t sum = 0;
  for (const VisibilityChange& change : changes) sum += change.cells;
  return sum;
}

std::string Changed(const std::string& from, const std::string& to) {
  const std::string text = absl::StrReplaceAll(kSmallRules, {{from, to}});
  EXPECT_NE(text, kSmallRules) << from;
  return text;
}

// Each change of the rules, and whether it can give and take change.
struct Change {
  const char* from;
  const char* to;
  bool gives;
  bool takes;
};
const Change kChanges[] = {
    {"purpose is assessment or referral", "purpose is assessment", false, true},
    {"purpose is assessment or referral", "purpose is referral or audit", true, true},
    {"adviser of careers", "careers practitioner", true, false},
    {"until 2030-03-31", "until 2031-03-31", true, false},
    {"from 2025-04-01 until", "from 2026-04-01 until", false, true},
    {"when worker is involved and purpose", "when worker has referral and purpose", false, true},
    {"except victims of offending", "of offending", true, false},
    {"unless consent is explicit and in force", "unless consent is in force", false, true},
    {"hide contact, content of everything", "hide content of everything", true, false},
    {" grounds legal-duty, vital-interests", " grounds legal-duty", false, true},
    {" lifts REFUSED, SHY", " lifts SHY", false, true},
    {"from everyone except the holder\n when consent is refused",
     "from everyone except the holder\n when consent is refused and person is shielded", true,
     false},
    {"broker existence of sensitive to practitioner\n when worker is involved\n",
     "broker existence of sensitive to practitioner\n", true, false},
    {"basis cda1998-s115", "basis ca2004-s10", true, false},
};

// That a team need not be involved any more is a change, and one for its members.
TEST(Diff, SaysThatMembersOfATeamThatIsNotInvolvedGain) {
  const std::string rule = "rule T \"t\"\n show existence of offending to members of yot-team\n";
  const auto before = CompileSmall(rule + " when worker is involved\n basis ca2004-s10\n");
  const auto after = CompileSmall(rule + " basis ca2004-s10\n");
  const PolicyDifference difference = Diff(*before, *after);
  EXPECT_EQ(difference.lost_cells, 0);
  EXPECT_EQ(difference.gained_cells, CountOneByOne(*before, *after).gained);
  std::string gains;
  for (const VisibilityChange& one : difference.gains) {
    absl::StrAppend(&gains, one.ToString(), "\n");
  }
  EXPECT_THAT(gains, HasSubstr("in yot-team (team not involved)"));
}

TEST(Diff, FindsEveryCellThatChangesAndNoOther) {
  const auto before = CompileSmall(kSmallRules);
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.to);
    const auto after = CompileSmall(Changed(change.from, change.to));
    const PolicyDifference difference = Diff(*before, *after);
    ASSERT_EQ(difference.fault, "");
    const Counts counts = CountOneByOne(*before, *after);
    EXPECT_EQ(difference.gained_cells, counts.gained);
    EXPECT_EQ(difference.lost_cells, counts.lost);
    EXPECT_EQ(Sum(difference.gains), counts.gained);
    EXPECT_EQ(Sum(difference.losses), counts.lost);
    EXPECT_EQ(Sum(difference.terms), counts.terms);
    EXPECT_EQ(counts.gained > 0, change.gives);
    EXPECT_EQ(counts.lost > 0, change.takes);
    // Classes, not cells, are decided: far fewer.
    EXPECT_GT(difference.cells, 0);
    EXPECT_LT(difference.cells, 500'000);
    // The other way round it is the other way round.
    const PolicyDifference back = Diff(*after, *before);
    EXPECT_EQ(back.gained_cells, counts.lost);
    EXPECT_EQ(back.lost_cells, counts.gained);
  }
}

TEST(Diff, SaysNothingWhereNothingChanges) {
  const auto before = CompileSmall(kSmallRules);
  EXPECT_TRUE(Diff(*before, *before).same());
  // Another title, another id: no change.
  EXPECT_TRUE(Diff(*before, *CompileSmall(Changed("rule TEAM", "rule A-TEAM"))).same());
}

TEST(Diff, SaysWhoWhatAndWhen) {
  const auto before = CompileSmall(kSmallRules);
  const PolicyDifference fewer =
      Diff(*before,
           *CompileSmall(Changed("purpose is assessment or referral", "purpose is assessment")));
  ASSERT_EQ(fewer.losses.size(), 2u);
  EXPECT_EQ(fewer.losses[0].ToString(),
            "adviser of careers: contact of offending held by yot; until 31 March 2030, consent "
            "not refused, for referral, involved: show by ADVISER -> hide");
  EXPECT_EQ(fewer.losses[1].what, "existence of offending held by yot");
  const PolicyDifference victims =
      Diff(*before, *CompileSmall(Changed("except victims of offending", "of offending")));
  ASSERT_EQ(victims.gains.size(), 1u);
  EXPECT_EQ(victims.gains[0].ToString(),
            "practitioner in yot-team of careers: content of asset only victims of offending held "
            "by yot; until 31 March 2030, consent not refused, for youth-justice, stating "
            "necessity: hide -> show by TEAM");
}

TEST(Diff, SaysWhereTheTermsChange) {
  const PolicyDifference difference =
      Diff(*CompileSmall(kSmallRules),
           *CompileSmall(Changed("basis ca2004-s10\n then log\nrule TEAM",
                                 "basis ca2004-s10\n then log, no onward sharing\nrule TEAM")));
  EXPECT_EQ(difference.gained_cells + difference.lost_cells, 0);
  ASSERT_FALSE(difference.terms.empty());
  EXPECT_THAT(difference.terms[0].change,
              HasSubstr("then log -> on ca2004-s10 then log, no-onward-sharing"));
}

// Two rules that do alike for others: to each only the one that decides for them is told.
TEST(Diff, NamesOnlyRulesThatDecide) {
  const auto with = CompileSmall(
      "rule A \"a\"\n show existence of offending held by yot to adviser of careers\n basis "
      "ca2004-s10\n"
      "rule B \"b\"\n show existence of careers-advice held by careers to officer of yot\n basis "
      "ca2004-s10\n");
  std::vector<std::string> said;
  for (const VisibilityChange& change : WhoCanSee(*with, ItemSelector()).changes) {
    said.push_back(change.ToString());
  }
  EXPECT_THAT(said, ::testing::ElementsAre(
                        "adviser of careers: existence of offending held by yot: show by A",
                        "officer of yot: existence of careers-advice held by careers: show by B"));
  said.clear();
  for (const VisibilityChange& change : Diff(*with, *CompileSmall("")).losses) {
    said.push_back(change.change);
  }
  EXPECT_THAT(said, ::testing::ElementsAre("show by A -> hide", "show by B -> hide"));
}

// A rule may say the same of every value that a fact can have, and say nothing where nobody knows
// which it is.
TEST(Diff, SaysWhatComesOfNotKnowing) {
  const std::string shows = "rule A \"a\"\n show existence of offending to adviser of careers\n";
  const auto each = CompileSmall(absl::StrCat(
      shows,
      " when person is shielded\n show existence of offending to adviser of careers\n when "
      "person is not shielded\n basis ca2004-s10\n"));
  const auto any = CompileSmall(absl::StrCat(shows, " basis ca2004-s10\n"));
  const PolicyDifference difference = Diff(*each, *any);
  EXPECT_EQ(difference.gained_cells, 0) << "of all that is known nothing changes";
  ASSERT_EQ(difference.gains.size(), 1u);
  EXPECT_TRUE(difference.losses.empty());
  EXPECT_EQ(difference.gains[0].ToString(),
            "adviser of careers: existence of offending held by yot; not known whether person is "
            "shielded: hide -> show by A");
  EXPECT_EQ(Diff(*any, *each).losses.size(), 1u);
  // What comes of some value, too, goes without saying.
  const auto hides = CompileSmall(absl::StrCat(
      shows,
      " basis ca2004-s10\nrule H \"h\"\n hide everything of offending from everyone when person "
      "is shielded\n"));
  const PolicyDifference known = Diff(*any, *hides);
  ASSERT_EQ(known.losses.size(), 1u);
  EXPECT_EQ(known.losses[0].when, "person shielded");
}

// The hub does not know whom a section names that may name a victim, and takes it of the others
// that they name none: the list decides what is shown.
TEST(Diff, SaysWhatComesOfTheSectionsThatMayNameAVictim) {
  const std::string show =
      "rule R \"r\"\n show existence, content of asset of offending to adviser of careers\n basis "
      "ca2004-s10\n";
  const std::string hide =
      "rule V \"v\"\n hide everything of everything from everyone except the holder\n when item "
      "names a victim\n";
  const std::string victims = "where a section is victims, it may name a victim\n";
  const std::string both = "where a section is victims or lifestyle, it may name a victim\n";
  const auto policy = [&](const std::string& list) { return CompileSmall(list + show + hide); };
  const PolicyDifference removed = Diff(*policy(victims), *policy(""));
  EXPECT_TRUE(removed.gains.empty());
  ASSERT_EQ(removed.losses.size(), 1u);
  EXPECT_EQ(removed.losses[0].ToString(),
            "adviser of careers: content of asset only lifestyle of offending held by yot: "
            "show by R -> hide by V, since it may now name a victim");
  EXPECT_GT(removed.lost_cells, 0);
  EXPECT_EQ(Sum(removed.losses), removed.lost_cells);
  const PolicyDifference narrowed = Diff(*policy(both), *policy(victims));
  EXPECT_TRUE(narrowed.losses.empty());
  ASSERT_EQ(narrowed.gains.size(), 1u);
  EXPECT_EQ(narrowed.gains[0].ToString(),
            "adviser of careers: content of asset only lifestyle of offending held by yot: "
            "hide -> show by R, since it may no longer name a victim");
  EXPECT_EQ(narrowed.gained_cells, removed.lost_cells);
  // To name all is to name none, and a policy that does not look at victims shows the same.
  EXPECT_TRUE(Diff(*policy(both), *policy("")).same());
  EXPECT_TRUE(Diff(*CompileSmall(victims + show), *CompileSmall(show)).same());
  // The terms alone may be others.
  const std::string more_terms =
      "rule T \"t\"\n show content of asset of offending to adviser of careers\n when item names "
      "no victim\n basis ca2004-s10\n then log\n";
  const PolicyDifference terms =
      Diff(*CompileSmall(victims + show + more_terms), *CompileSmall(both + show + more_terms));
  EXPECT_TRUE(terms.gains.empty() && terms.losses.empty());
  ASSERT_EQ(terms.terms.size(), 1u);
  EXPECT_NE(terms.terms[0].change.find(", since it may now name a victim"), std::string::npos)
      << terms.terms[0].ToString();
  // What the rules do besides is told besides.
  const PolicyDifference more = Diff(*policy(victims), *CompileSmall(hide));
  EXPECT_EQ(more.losses.size(), 1u);
  for (const VisibilityChange& loss : more.losses) {
    EXPECT_EQ(loss.change.find("since"), std::string::npos) << loss.ToString();
  }
}

TEST(Diff, RefusesTwoVocabularies) {
  Vocabulary other = testing::SmallVocabulary();
  other.services.push_back({"housing", ""});
  const CompileResult after = Compile(testing::SmallText(kSmallRules), other);
  ASSERT_TRUE(after.ok()) << after.Errors();
  const PolicyDifference difference = Diff(*CompileSmall(kSmallRules), *after.policy);
  EXPECT_THAT(difference.fault, HasSubstr("different vocabularies"));
  EXPECT_FALSE(difference.same());
}

TEST(WhoCanSee, FindsEveryCellThatIsNotHidden) {
  const auto policy = CompileSmall(kSmallRules);
  int64_t shown = 0;
  int64_t brokered = 0;
  EachCell({&policy->impl()}, [&](const Cell& cell) {
    const Effect effect = policy->DecideOnly(cell.question, cell.item).effect;
    shown += effect == Effect::kShow ? 1 : 0;
    brokered += effect == Effect::kBroker ? 1 : 0;
  });
  ASSERT_GT(shown, 0);
  ASSERT_GT(brokered, 0);
  int64_t said_shown = 0;
  int64_t said_brokered = 0;
  const Visibility all = WhoCanSee(*policy, ItemSelector());
  ASSERT_EQ(all.fault, "");
  for (const VisibilityChange& change : all.changes) {
    (change.after == Effect::kShow ? said_shown : said_brokered) += change.cells;
  }
  EXPECT_EQ(said_shown, shown);
  EXPECT_EQ(said_brokered, brokered);
}

TEST(WhoCanSee, AnswersOfOneThing) {
  const auto policy = CompileSmall(kSmallRules);
  ItemSelector selector;
  selector.holder = policy->AgencySymbol("clinic");
  selector.every_aspect = false;
  selector.aspect = Aspect::kContact;
  std::vector<std::string> said;
  for (const VisibilityChange& change : WhoCanSee(*policy, selector).changes)
    said.push_back(change.ToString());
  EXPECT_THAT(said, ::testing::ElementsAre(
                        "officer of yot, careers: contact of sexual-health held by clinic; for "
                        "safeguarding, overriding on legal-duty or vital-interests: show by O (an "
                        "override)",
                        "practitioner of clinic: contact of sexual-health held by clinic: show by "
                        "OWN"));
}

}  // namespace
}  // namespace signpost::policy
