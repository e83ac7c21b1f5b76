// What a draft would change for a population, against asking of every row.

#include "policy/analysis/whatif.h"

#include <map>
#include <random>
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
    consents_ = {{}, {given}, {refused}};
    const RelationshipFacts none;
    const RelationshipFacts some{Bit(Relationship::kOwnOpenFlag), 0};
    related_ = {{none, none, none}, {some, none, some}, {some, some, some}};
    const Symbol careers = now_->AgencySymbol("careers");
    askers_ = {
        {careers, now_->RoleSymbol("adviser"), Tri::kYes, Purpose::kAssessment, Tri::kYes,
         kNoSymbol},
        {careers, now_->RoleSymbol("adviser"), Tri::kYes, Purpose::kReferral, Tri::kYes, kNoSymbol},
        {careers, now_->RoleSymbol("officer"), Tri::kYes, Purpose::kYouthJustice, Tri::kYes,
         now_->TeamSymbol("yot-team")}};
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
    }
    return items;
  }
  WhatIfResult Run(const Policy& draft, const std::vector<PersonItem>& items) {
    const policy::Population people{items, consents_, related_};
    return WhatIf(*now_, draft, people, askers_, kInForce);
  }

  const std::shared_ptr<const Policy> now_ = CompileSmall(kSmallRules);
  std::vector<std::vector<ConsentFact>> consents_;
  std::vector<std::vector<RelationshipFacts>> related_;
  std::vector<AskerPurpose> askers_;
};

TEST_F(WhatIfTest, CountsAsAskingOfEveryRowDoes) {
  const auto draft = CompileSmall(absl::StrReplaceAll(
      kSmallRules, {{"purpose is assessment or referral", "purpose is referral"},
                    {"hide contact, content of everything", "hide contact of everything"}}));
  const std::vector<PersonItem> items = Population(5'000);
  const WhatIfResult result = Run(*draft, items);
  ASSERT_EQ(result.fault, "");
  // One by one, of the first asker's sight of contacts at the YOT.
  int64_t lost = 0;
  for (const PersonItem& row : items) {
    Question question;
    question.agency = askers_[0].agency;
    question.role = askers_[0].role;
    question.is_practitioner = Tri::kYes;
    question.purpose = askers_[0].purpose;
    question.necessity_stated = Tri::kYes;
    question.now_s = kInForce;
    question.relationships.unknown = 31;
    if (row.related < 3) question.relationships = related_[row.related][0];
    Item item;
    item.holder = row.holder;
    item.service = row.service;
    item.aspect = Aspect::kContact;
    item.open = Tri::kYes;
    item.disputed = item.marked_sensitive = Tri::kUnknown;
    item.shielded = row.Get(PersonItem::kShielded);
    item.consents_known = row.consents < 3 ? Tri::kYes : Tri::kUnknown;
    if (row.consents < 3) item.consents = consents_[row.consents];
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
      WhatIf(*draft, *now_, policy::Population{items, consents_, related_}, askers_, kInForce);
  EXPECT_EQ(back.gained, result.lost);
  EXPECT_EQ(back.lost, result.gained);
}

// Rows of more kinds than a table that never grows would hold, each decided by the interpreter.
TEST_F(WhatIfTest, CountsEveryAspectOfEveryRowAsTheInterpreterDoes) {
  const auto draft = CompileSmall(absl::StrReplaceAll(
      kSmallRules, {{"purpose is assessment or referral", "purpose is referral"},
                    {"hide contact, content of everything", "hide contact of everything"}}));
  std::mt19937 random(9);
  std::vector<PersonItem> items = Population(9'000);
  for (PersonItem& row : items) row.facts = static_cast<uint16_t>(random());
  using Counts = std::map<std::tuple<size_t, Aspect, Symbol>, std::pair<int64_t, int64_t>>;
  Counts expected;
  const PolicyImpl& impl = now_->impl();
  const auto effect = [](const Policy& policy, const Question& question, const Item& item) {
    return Evaluation(policy.impl(), question, item).Run(false).effect;
  };
  for (const PersonItem& row : items) {
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
    item.adult_from_s = kNeverS;
    if (row.consents < consents_.size()) {
      item.consents_known = Tri::kYes;
      item.consents = consents_[row.consents];
    }
    for (size_t a = 0; a < askers_.size(); ++a) {
      Question question;
      question.agency = askers_[a].agency;
      question.role = askers_[a].role;
      question.is_practitioner = askers_[a].is_practitioner;
      question.purpose = askers_[a].purpose;
      question.necessity_stated = askers_[a].necessity_stated;
      question.now_s = kInForce;
      question.relationships.unknown = (1u << kRelationshipCount) - 1;
      if (row.related < related_.size() && a < related_[row.related].size()) {
        question.relationships = related_[row.related][a];
      }
      const TeamStanding standing{askers_[a].team, question.relationships};
      if (standing.team != kNoSymbol) question.teams = absl::MakeConstSpan(&standing, 1);
      for (const Aspect aspect : AllAspects()) {
        item.aspect = aspect;
        bool gained = false;
        bool lost = false;
        const auto compare = [&](Symbol assessment, Symbol section) {
          item.assessment = assessment;
          item.section = section;
          const Effect before = effect(*now_, question, item);
          const Effect after = effect(*draft, question, item);
          gained |= before < after;
          lost |= after < before;
        };
        if (aspect != Aspect::kAssessment && aspect != Aspect::kContent) {
          compare(kNoSymbol, kNoSymbol);
        }
        for (size_t p = 1; p < impl.assessment_sections.size(); ++p) {
          const auto paper = static_cast<Symbol>(p);
          if (aspect == Aspect::kAssessment) compare(paper, kNoSymbol);
          if (aspect != Aspect::kContent) continue;
          for (const Symbol section : impl.assessment_sections[p]) compare(paper, section);
        }
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
  for (const WhatIfRow& row : result.rows) {
    counted[{row.asker, row.aspect, row.holder}] = {row.gained, row.lost};
  }
  EXPECT_EQ(counted, expected);
  EXPECT_GT(expected.size(), 2u);
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
  const auto draft = CompileSmall(absl::StrReplaceAll(
      kSmallRules, {{"purpose is assessment or referral", "purpose is audit"}}));
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
  const CompileResult draft = Compile(testing::SmallText(kSmallRules), other);
  ASSERT_TRUE(draft.ok());
  EXPECT_NE(Run(*draft.policy, Population(10)).fault, "");
}

}  // namespace
}  // namespace signpost::policy
