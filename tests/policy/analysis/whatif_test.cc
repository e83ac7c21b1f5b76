// What a draft would change for a population, against asking of every row.

#include "policy/analysis/whatif.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/program.h"
#include "tests/policy/small.h"

namespace signpost::policy {
namespace {

using testing::CompileSmall;
using testing::kSmallRules;

constexpr int64_t kInForce = 1'767'225'600;  // 2026-01-01

// The small rules, where who may know of a contact or an assessment may know of the agency.
const std::string kRules = absl::StrReplaceAll(
    kSmallRules,
    {{"show existence, contact of offending", "show existence, agency, contact of offending"},
     {"show content of asset except victims",
      "show existence, agency, assessment, content of asset except victims"},
     {"show existence, agency, contact, content of everything",
      "show existence, agency, contact, assessment, content of everything"}});

class WhatIfTest : public ::testing::Test {
 protected:
  WhatIfTest() {
    ConsentFact given;
    given.decision = ConsentDecision::kGiven;
    given.is_explicit = true;
    given.grantor = Grantor::kSelf;
    given.matter = ConsentMatter::kSharing;
    ConsentFact refused = given;
    refused.decision = ConsentDecision::kRefused;
    consents_ = {{{}}, {{given}}, {{refused}}};
    const RelationshipFacts none;
    const RelationshipFacts some{kNamedAndSettled, 0};
    const Symbol team = now_->TeamSymbol("yot-team");
    related_ = {{{none, {}}, {none, {}}, {none, {{team, none}}}},
                {{some, {}}, {none, {}}, {some, {{team, some}}}},
                {{some, {}}, {some, {}}, {some, {{team, some}}}}};
    const Symbol careers = now_->AgencySymbol("careers");
    askers_ = {
        {careers, now_->RoleSymbol("adviser"), Tri::kYes, Purpose::kAssessment, Tri::kYes},
        {careers, now_->RoleSymbol("adviser"), Tri::kYes, Purpose::kReferral, Tri::kYes},
        {careers, now_->RoleSymbol("officer"), Tri::kYes, Purpose::kYouthJustice, Tri::kYes}};
  }

  std::vector<PersonItem> Population(size_t size) {
    std::mt19937 random(5);
    std::vector<PersonItem> items(size);
    for (PersonItem& item : items) {
      const auto which = random() % 3;
      item.holder = now_->AgencySymbol(which == 0 ? "yot" : which == 1 ? "careers" : "clinic");
      item.service = now_->ServiceSymbol(which == 0   ? "offending"
                                         : which == 1 ? "careers-advice"
                                                      : "sexual-health");
      item.Set(PersonItem::kOpen, Tri::kYes);
      item.Set(PersonItem::kBrokerable, random() % 2 == 0 ? Tri::kYes : Tri::kNo);
      item.Set(PersonItem::kShielded, random() % 50 == 0 ? Tri::kYes : Tri::kNo);
      item.consents = static_cast<uint16_t>(random() % 4);  // 3: not known
      item.related = static_cast<uint16_t>(random() % 4);
      item.assessments = static_cast<uint16_t>(random() % 3);  // 2: not known
    }
    return items;
  }
  WhatIfResult Run(const Policy& draft, const std::vector<PersonItem>& items) {
    const policy::Population people{items, consents_, related_, assessments_};
    return WhatIf(*now_, draft, people, askers_, kInForce);
  }

  Question QuestionOf(const PersonItem& row, size_t asker) const {
    Question question;
    question.agency = askers_[asker].agency;
    question.role = askers_[asker].role;
    question.is_practitioner = askers_[asker].is_practitioner;
    question.purpose = askers_[asker].purpose;
    question.necessity_stated = askers_[asker].necessity_stated;
    question.now_s = kInForce;
    question.relationships.unknown = (1u << kRelationshipCount) - 1;
    if (row.related < related_.size()) {
      question.relationships = related_[row.related][asker].relationships;
      question.teams = related_[row.related][asker].teams;
    }
    return question;
  }
  Item ItemOf(const PersonItem& row) const {
    Item item;
    item.holder = row.holder;
    item.service = row.service;
    item.open = row.Get(PersonItem::kOpen);
    item.disputed = row.Get(PersonItem::kDisputed);
    item.marked_sensitive = row.Get(PersonItem::kMarkedSensitive);
    item.shielded = row.Get(PersonItem::kShielded);
    item.new_identity = row.Get(PersonItem::kNewIdentity);
    item.spent_offence = row.Get(PersonItem::kSpentOffence);
    item.names_victim = row.Get(PersonItem::kNamesVictim);
    item.brokerable = row.Get(PersonItem::kBrokerable);
    item.sixteen_from_s = item.adult_from_s = kNeverS;
    if (row.consents < consents_.size()) {
      item.consents_known = Tri::kYes;
      item.consents = consents_[row.consents].facts;
    }
    return item;
  }

  const std::shared_ptr<const Policy> now_ = CompileSmall(kRules);
  std::vector<PersonConsents> consents_;
  std::vector<std::vector<AskerRelation>> related_;
  const std::vector<std::vector<Symbol>> assessments_ = {{}, {now_->AssessmentSymbol("asset")}};
  std::vector<AskerPurpose> askers_;
};

// What an answer would tell the asker of one flag, with the interpreter: each aspect by itself, each
// kind of assessment and each section.
std::set<std::tuple<Aspect, Symbol, Symbol>> Told(const Policy& policy, const Question& question,
                                                  Item item, const std::vector<Symbol>& kinds) {
  std::set<std::tuple<Aspect, Symbol, Symbol>> told;
  const auto effect = [&](Aspect aspect, Symbol kind = kNoSymbol, Symbol section = kNoSymbol) {
    item.aspect = aspect;
    item.assessment = kind;
    item.section = section;
    return Evaluation(policy.impl(), question, item).Run(false).effect;
  };
  const auto shows = [&](Aspect aspect, Symbol kind = kNoSymbol, Symbol section = kNoSymbol) {
    return effect(aspect, kind, section) == Effect::kShow;
  };
  if (effect(Aspect::kExistence) != Effect::kHide) told.insert({Aspect::kExistence, 0, 0});
  if (!shows(Aspect::kExistence) || !shows(Aspect::kAgency)) return told;
  for (const Aspect aspect :
       {Aspect::kAgency, Aspect::kContact, Aspect::kRecord, Aspect::kShareOnward}) {
    if (shows(aspect)) told.insert({aspect, kNoSymbol, kNoSymbol});
  }
  const Tri names_victim = item.names_victim;
  for (const Symbol kind : kinds) {
    if (!shows(Aspect::kAssessment, kind)) continue;
    told.insert({Aspect::kAssessment, kind, kNoSymbol});
    if (names_victim == Tri::kNo) item.names_victim = Tri::kUnknown;
    for (const Symbol section : policy.Sections(kind)) {
      if (shows(Aspect::kContent, kind, section)) told.insert({Aspect::kContent, kind, section});
    }
    item.names_victim = names_victim;
  }
  return told;
}

TEST_F(WhatIfTest, CountsAsAskingOfEveryRowDoes) {
  const auto draft = CompileSmall(absl::StrReplaceAll(
      kRules, {{"purpose is assessment or referral", "purpose is referral"},
               {"hide contact, content of everything", "hide contact of everything"}}));
  const std::vector<PersonItem> items = Population(5'000);
  const WhatIfResult result = Run(*draft, items);
  ASSERT_EQ(result.fault, "");
  // One by one, of the first asker's sight of contacts at the YOT.
  int64_t lost = 0;
  for (const PersonItem& row : items) {
    Question question = QuestionOf(row, 0);
    Item item = ItemOf(row);
    item.aspect = Aspect::kContact;
    if (item.holder != now_->AgencySymbol("yot")) continue;
    lost += now_->Decide(question, item).effect > draft->Decide(question, item).effect ? 1 : 0;
  }
  ASSERT_GT(lost, 0);
  bool found = false;
  int64_t gained_content = 0;
  for (const WhatIfRow& row : result.rows) {
    if (row.asker == 0 && row.aspect == Aspect::kContact) {
      EXPECT_EQ(row.holder, now_->AgencySymbol("yot"));
      EXPECT_EQ(row.lost, lost);
      EXPECT_EQ(row.gained, 0);
      found = true;
    }
    if (row.aspect == Aspect::kContent) {
      EXPECT_EQ(row.asker, 2u);
      gained_content += row.gained;
    }
  }
  EXPECT_TRUE(found);
  EXPECT_GT(gained_content, 0);
  // The other way round it is the other way round.
  const WhatIfResult back =
      WhatIf(*draft, *now_, policy::Population{items, consents_, related_, assessments_}, askers_,
             kInForce);
  EXPECT_EQ(back.gained, result.lost);
  EXPECT_EQ(back.lost, result.gained);
}

// Rows of more kinds than a table that never grows would hold, each decided by the interpreter.
TEST_F(WhatIfTest, CountsWhatAnswersWouldTellOfEveryRow) {
  const auto draft = CompileSmall(absl::StrReplaceAll(
      kRules, {{"purpose is assessment or referral", "purpose is referral"},
               {"hide contact, content of everything", "hide contact of everything"},
               {"content of asset except victims", "content of asset"}}));
  std::mt19937 random(9);
  std::vector<PersonItem> items = Population(9'000);
  for (PersonItem& row : items) row.facts = static_cast<uint16_t>(random());
  using Counts = std::map<std::tuple<size_t, Aspect, Symbol>, std::pair<int64_t, int64_t>>;
  Counts expected;
  for (const PersonItem& row : items) {
    const Item item = ItemOf(row);
    // None is a kind of its own; what is not known may be any.
    const std::vector<Symbol> kinds =
        row.assessments == 0 ? std::vector<Symbol>{kNoSymbol} : assessments_[1];
    for (size_t a = 0; a < askers_.size(); ++a) {
      const Question question = QuestionOf(row, a);
      const auto before = Told(*now_, question, item, kinds);
      const auto after = Told(*draft, question, item, kinds);
      for (const Aspect aspect : AllAspects()) {
        const auto more = [aspect](const auto& some, const auto& than) {
          return std::any_of(some.begin(), some.end(), [&](const auto& one) {
            return std::get<0>(one) == aspect && than.count(one) == 0;
          });
        };
        const bool gained = more(after, before);
        const bool lost = more(before, after);
        if (!gained && !lost) continue;
        auto& [gains, losses] = expected[{a, aspect, row.holder}];
        gains += gained ? 1 : 0;
        losses += lost ? 1 : 0;
      }
    }
  }
  const WhatIfResult result = Run(*draft, items);
  EXPECT_GT(result.kinds, 4'096u);
  Counts counted;
  std::set<Aspect> aspects;
  for (const WhatIfRow& row : result.rows) {
    counted[{row.asker, row.aspect, row.holder}] = {row.gained, row.lost};
    aspects.insert(row.aspect);
  }
  EXPECT_EQ(counted, expected);
  for (const Aspect aspect :
       {Aspect::kExistence, Aspect::kAgency, Aspect::kContact, Aspect::kContent}) {
    EXPECT_EQ(aspects.count(aspect), 1u) << static_cast<int>(aspect);
  }
}

// Which sections may name a victim is in no rule, and decides what is told all the same.
TEST_F(WhatIfTest, CountsWhatComesOfTheSectionsThatMayNameAVictim) {
  const std::string rules =
      "rule S \"s\"\n show existence, agency, assessment, content of asset of offending to adviser "
      "of "
      "careers\n basis ca2004-s10\n"
      "rule V \"v\"\n hide everything of everything from everyone except the holder\n when item "
      "names a victim\n";
  const auto victims = CompileSmall("where a section is victims, it may name a victim\n" + rules);
  const auto both =
      CompileSmall("where a section is victims or lifestyle, it may name a victim\n" + rules);
  PersonItem item;
  item.holder = victims->AgencySymbol("yot");
  item.service = victims->ServiceSymbol("offending");
  for (const PersonItem::Place place :
       {PersonItem::kOpen, PersonItem::kDisputed, PersonItem::kMarkedSensitive,
        PersonItem::kShielded, PersonItem::kNewIdentity, PersonItem::kSpentOffence,
        PersonItem::kNamesVictim, PersonItem::kBrokerable}) {
    item.Set(place, place == PersonItem::kOpen ? Tri::kYes : Tri::kNo);
  }
  item.assessments = 1;
  const std::vector<PersonItem> items(3, item);
  const policy::Population people{items, consents_, related_, assessments_};
  const auto count = [&](const Policy& now, const Policy& draft) {
    return WhatIf(now, draft, people, absl::MakeConstSpan(askers_).first(1), kInForce);
  };
  const WhatIfResult less = count(*victims, *both);
  ASSERT_EQ(less.rows.size(), 1u) << less.fault;
  EXPECT_EQ(less.rows[0].aspect, Aspect::kContent);
  EXPECT_EQ(less.rows[0].lost, 3);
  EXPECT_EQ(less.gained, 0);
  const WhatIfResult more = count(*both, *victims);
  EXPECT_EQ(more.gained, 3);
  EXPECT_EQ(more.lost, 0);
  EXPECT_TRUE(count(*victims, *victims).rows.empty());
}

TEST_F(WhatIfTest, RefusesMoreKindsThanItMayCount) {
  std::vector<PersonItem> items(kWhatIfKindsMax + 1);
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].facts = static_cast<uint16_t>(i);
    items[i].consents = static_cast<uint16_t>(i >> 16);
  }
  askers_.clear();
  EXPECT_NE(Run(*now_, items).fault, "");
  items.back() = items.front();
  const WhatIfResult result = Run(*now_, items);
  EXPECT_EQ(result.fault, "");
  EXPECT_EQ(result.kinds, kWhatIfKindsMax);
}

TEST_F(WhatIfTest, NothingChangesWhereNothingChanges) {
  const WhatIfResult result = Run(*now_, Population(1'000));
  EXPECT_EQ(result.fault, "");
  EXPECT_TRUE(result.rows.empty());
  EXPECT_GT(result.kinds, 10u);
}

TEST_F(WhatIfTest, AlikeRowsAreDecidedOnce) {
  const auto draft = CompileSmall(
      absl::StrReplaceAll(kRules, {{"purpose is assessment or referral", "purpose is audit"}}));
  const std::vector<PersonItem> few = Population(20'000);
  std::vector<PersonItem> many;
  for (int i = 0; i < 10; ++i) many.insert(many.end(), few.begin(), few.end());
  const WhatIfResult of_few = Run(*draft, few);
  const WhatIfResult of_many = Run(*draft, many);
  EXPECT_EQ(of_many.kinds, of_few.kinds);
  EXPECT_EQ(of_many.lost, 10 * of_few.lost);
  EXPECT_GT(of_few.lost, 0);
}

TEST_F(WhatIfTest, RefusesTwoVocabularies) {
  Vocabulary other = testing::SmallVocabulary();
  other.roles.push_back("clerk");
  const CompileResult draft = Compile(testing::SmallText(kRules), other);
  ASSERT_TRUE(draft.ok());
  EXPECT_NE(Run(*draft.policy, Population(10)).fault, "");
}

}  // namespace
}  // namespace signpost::policy
