// The compiled engine against the interpreter: the same decision, field by field, of everything it
// does not leave to it, and nothing allocated on the way.

#include "policy/engine/engine.h"

#include <cstdlib>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/explain.h"
#include "policy/engine/prepared_question.h"
#include "policy/engine/program.h"
#include "policy/engine/record_evaluator.h"
#include "policy/policy.h"
#include "tests/policy/area.h"
#include "tests/policy/author.h"
#include "tests/policy/files.h"
#include "tests/policy/nortown.h"

namespace {

thread_local size_t allocations = 0;

}  // namespace

// NOLINTBEGIN(misc-new-delete-overloads): counted, and else as they were.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
// NOLINTEND(misc-new-delete-overloads)

namespace signpost::policy {
namespace {

using testing::Author;
using testing::NortownVocabulary;

std::shared_ptr<const Policy> Build(const std::string& text,
                                    const Vocabulary& vocabulary = NortownVocabulary()) {
  CompileOptions options;
  options.run_examples = false;
  options.prove_checks = false;
  CompileResult result = Compile(text, vocabulary, options);
  EXPECT_TRUE(result.ok()) << result.Errors() << text;
  return result.policy;
}

// One question at random, with what its spans point at.
class Asked {
 public:
  Asked(const Policy& policy, std::mt19937& random) : policy_(policy), random_(random) {
    question.agency = Word(policy.impl().agencies);
    question.role = Word(policy.impl().roles);
    question.is_practitioner = Any();
    question.purpose = static_cast<Purpose>(Below(13));
    question.relationships = {Bits(), Bits()};
    question.necessity_stated = Any();
    for (unsigned team = Below(6); team > 3; --team) {
      standings_.push_back({Word(policy.impl().teams), {Bits(), Bits()}});
    }
    question.teams = standings_;
    if (Below(10) == 0) {
      question.override_request = {true, static_cast<OverrideGround>(Below(5)), Below(4) != 0};
    }
    question.now_s = policy.in_force_s() + static_cast<int64_t>(Below(12)) * 365 * 86400 -
                     static_cast<int64_t>(Below(20) == 0) * 366 * 86400;
    item.holder = Word(policy.impl().agencies);
    item.service = Word(policy.impl().services);
    item.aspect = static_cast<Aspect>(Below(kAspectCount + (Below(30) == 0 ? 1 : 0)));
    item.assessment = Word(policy.impl().assessments);
    item.section = Word(policy.impl().sections);
    for (Tri* fact :
         {&item.open, &item.disputed, &item.marked_sensitive, &item.shielded, &item.new_identity,
          &item.spent_offence, &item.names_victim, &item.brokerable}) {
      *fact = Any();
    }
    if (Below(3) != 0) item.sixteen_from_s = question.now_s + static_cast<int64_t>(Below(3)) - 1;
    if (Below(3) != 0) item.adult_from_s = question.now_s + static_cast<int64_t>(Below(3)) - 1;
    item.consents_known = Below(8) == 0 ? Any() : Tri::kYes;
    const unsigned consents = Below(40) == 0 ? 65 : Below(4);
    facts_.reserve(consents);
    lists_.reserve(consents * 4);
    for (unsigned i = 0; i < consents; ++i) {
      ConsentFact fact;
      fact.decision = static_cast<ConsentDecision>(Below(3));
      fact.is_explicit = Below(2) == 0;
      fact.matter = static_cast<ConsentMatter>(Below(5));
      fact.grantor = static_cast<Grantor>(Below(7));
      fact.from_s = question.now_s + static_cast<int64_t>(Below(3)) - 2;
      if (Below(2) == 0) fact.until_s = question.now_s + static_cast<int64_t>(Below(3)) - 1;
      fact.scope.agencies = List(policy.impl().agencies);
      fact.scope.holders = List(policy.impl().agencies);
      fact.scope.services = List(policy.impl().services);
      fact.scope.sections = List(policy.impl().sections);
      facts_.push_back(fact);
    }
    item.consents = facts_;
  }

  Question question;
  Item item;

 private:
  unsigned Below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  // Mostly known, sometimes no Tri at all.
  Tri Any() { return Below(50) == 0 ? static_cast<Tri>(7) : static_cast<Tri>(Below(3)); }
  uint8_t Bits() { return static_cast<uint8_t>(Below(2) == 0 ? 0 : random_()); }
  Symbol Word(const SymbolTable& table) {
    return static_cast<Symbol>(Below(static_cast<unsigned>(table.size()) + 1));
  }
  absl::Span<const Symbol> List(const SymbolTable& table) {
    if (Below(3) != 0) return {};
    lists_.push_back({Word(table), Word(table)});
    return lists_.back();
  }

  const Policy& policy_;
  std::mt19937& random_;
  std::vector<TeamStanding> standings_;
  std::vector<ConsentFact> facts_;
  std::vector<std::vector<Symbol>> lists_;
};

struct Tally {
  size_t decided = 0;
  size_t left = 0;  // to the interpreter
  size_t shown = 0;
  size_t missing = 0;     // of which something was missing
  size_t next_steps = 0;  // told
  size_t silent = 0;      // items
};

void ExpectAsInterpreted(const Policy& policy, uint32_t seed, int questions, Tally& tally) {
  ASSERT_NE(policy.impl().engine, nullptr);
  std::mt19937 random(seed);
  for (int i = 0; i < questions; ++i) {
    const Asked asked(policy, random);
    Decision decision;
    const Engine& engine = *policy.impl().engine;
    if (!engine.Decide(Engine::QuestionRows(engine, asked.question), asked.item, decision)) {
      ++tally.left;
      continue;
    }
    ++tally.decided;
    const Decision expected = Evaluation(policy.impl(), asked.question, asked.item).Run(false);
    if (expected.effect == Effect::kShow) ++tally.shown;
    ASSERT_EQ(decision, expected) << "seed " << seed << " question " << i << ": "
                                  << DecisionInWords(policy.impl(), decision) << " but interpreted "
                                  << DecisionInWords(policy.impl(), expected);
    const Decision whole = policy.Decide(asked.question, asked.item);
    const Decision expected_whole = Evaluation(policy.impl(), asked.question, asked.item).Run(true);
    ASSERT_EQ(whole, expected_whole)
        << "seed " << seed << " question " << i << ": " << DecisionInWords(policy.impl(), whole)
        << " but interpreted " << DecisionInWords(policy.impl(), expected_whole);
    if (whole.missing != 0) ++tally.missing;
  }
}

// One question about many items in every aspect, in no order, against each item asked alone.
void ExpectAsAskedAlone(const Policy& policy, uint32_t seed, int questions, Tally& tally) {
  std::mt19937 random(seed);
  for (int i = 0; i < questions; ++i) {
    const Asked first(policy, random);
    RecordEvaluator record(policy, first.question);
    const PreparedQuestion prepared(policy, first.question);
    for (int flag = 0; flag < 4; ++flag) {
      const Asked other(policy, random);
      record.SetItem(other.item);
      const PreparedItem prepared_item(prepared, other.item);
      bool shown = false;
      for (int k = 0; k < 8; ++k) {
        Item item = other.item;
        item.aspect = static_cast<Aspect>(random() % kAspectCount);
        item.assessment = static_cast<Symbol>(random() % (policy.impl().assessments.size() + 1));
        item.section = static_cast<Symbol>(random() % (policy.impl().sections.size() + 1));
        const Decision expected = Evaluation(policy.impl(), first.question, item).Run(true);
        const Decision decision = record.Decide(item.aspect, item.assessment, item.section);
        ASSERT_EQ(decision, expected) << "seed " << seed << " question " << i;
        const Decision only = Evaluation(policy.impl(), first.question, item).Run(false);
        ASSERT_EQ(prepared_item.Decide(item), only) << "seed " << seed << " question " << i;
        shown |= !only.by_default || only.missing != 0;
        const WorkerExplanation told =
            record.Explain(item.aspect, item.assessment, item.section, decision);
        const Explanation alone = policy.ExplainToWorker(first.question, item, expected);
        ASSERT_EQ(told.reason, alone.worker_reason) << "seed " << seed << " question " << i;
        ASSERT_EQ(told.next_step, alone.next_step) << "seed " << seed << " question " << i;
        ASSERT_EQ(told.all, alone.next_step.empty()
                                ? alone.worker_reason
                                : absl::StrCat(alone.worker_reason, " ", alone.next_step));
        ASSERT_EQ(told.ask_agency, alone.ask_agency);
        // The code says what the sentence says.
        const auto begins = [&](absl::string_view with) {
          return absl::StartsWith(told.reason, with);
        };
        ASSERT_EQ(told.code == WorkerReason::kWithheld, begins("You may not see")) << told.reason;
        ASSERT_EQ(told.code == WorkerReason::kBrokered, begins("A service that is not named"));
        ASSERT_EQ(told.code == WorkerReason::kNothing, begins("There is nothing here"));
        ASSERT_EQ(
            told.code == WorkerReason::kShownByRule || told.code == WorkerReason::kShownByOverride,
            begins("You may see"));
        ASSERT_EQ(told.code == WorkerReason::kShownByOverride,
                  absl::StrContains(told.reason, "because you override"));
        ASSERT_EQ(told.step == WorkerNextStep::kNone, told.next_step.empty()) << told.all;
        ASSERT_EQ(told.missing, told.code == WorkerReason::kWithheld ? decision.missing : 0);
        ASSERT_EQ((told.obligations & Bit(Obligation::kNoOnwardSharing)) != 0,
                  absl::StrContains(told.reason, "Do not pass it on"));
        if (told.code == WorkerReason::kNothing) {
          ASSERT_EQ(told.ask_agency, kNoSymbol);
          ASSERT_EQ(told.rule, kNoRule);
          ASSERT_EQ(told.assessment, kNoSymbol);
          ASSERT_EQ(told.section, kNoSymbol);
        }
        ++tally.decided;
        if (decision.missing != 0) ++tally.missing;
        if (!told.next_step.empty()) ++tally.next_steps;
      }
      // Where an item says that it has nothing to say, nothing was said.
      ASSERT_TRUE(prepared_item.Speaks() || !shown);
      if (!prepared_item.Speaks()) ++tally.silent;
    }
  }
}

TEST(Engine, DecidesWhatShipsAsTheInterpreterDoes) {
  for (const char* const area : {"nortown", "metborough", "midland", "national"}) {
    SCOPED_TRACE(area);
    const std::shared_ptr<const Policy> policy =
        Build(testing::ShippedPolicy(area), testing::AreaVocabulary(area));
    Tally tally;
    ExpectAsInterpreted(*policy, 1, 150'000, tally);
    // Overrides and brokers are rare here; all else is the engine's own.
    EXPECT_GT(tally.decided, tally.left * 5);
    EXPECT_GT(tally.shown, 100u);
    EXPECT_GT(tally.missing, 100u);
  }
}

TEST(Engine, DecidesARecordAsItsItemsAlone) {
  Tally tally;
  for (const char* const area : {"nortown", "metborough", "midland", "national"}) {
    SCOPED_TRACE(area);
    ExpectAsAskedAlone(*Build(testing::ShippedPolicy(area), testing::AreaVocabulary(area)), 2,
                       1'500, tally);
  }
  EXPECT_GT(tally.missing, 1'000u);
  EXPECT_GT(tally.next_steps, 50u);
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<std::string> rules =
        Author(seed).Rules(seed % 10 == 0 ? 100 : static_cast<int>(seed % 7) + 1);
    ExpectAsAskedAlone(*Build(Author::Text(rules, Author::Override(rules))), seed, 100, tally);
  }
  EXPECT_GT(tally.silent, 100u);
}

TEST(Engine, DecidesAnyPolicyAsTheInterpreterDoes) {
  Tally tally;
  for (uint32_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<std::string> rules =
        Author(seed).Rules(seed % 10 == 0 ? 100 : static_cast<int>(seed % 7) + 1);
    ExpectAsInterpreted(*Build(Author::Text(rules, Author::Override(rules))), seed, 3'000, tally);
  }
  EXPECT_GT(tally.decided, 200'000u);
  EXPECT_GT(tally.shown, 1'000u);
}

TEST(Engine, AllocatesNothing) {
  const std::shared_ptr<const Policy> policy = Build(testing::ShippedPolicy("nortown"));
  std::mt19937 random(7);
  for (int i = 0; i < 2'000; ++i) {
    const Asked asked(*policy, random);
    const size_t before = allocations;
    const Decision decision = policy->DecideOnly(asked.question, asked.item);
    // An override is the interpreter's, and it allocates nothing either.
    EXPECT_EQ(allocations, before) << static_cast<int>(decision.effect);
    const Decision whole = policy->Decide(asked.question, asked.item);
    EXPECT_EQ(allocations, before) << static_cast<int>(whole.effect);
  }
}

TEST(Engine, TellsARecordWithoutAllocatingOnceThereIsRoom) {
  const std::shared_ptr<const Policy> policy = Build(testing::ShippedPolicy("nortown"));
  std::mt19937 random(8);
  const Asked first(*policy, random);
  std::vector<Asked> flags;
  flags.reserve(200);
  for (int flag = 0; flag < 200; ++flag) flags.emplace_back(*policy, random);
  RecordEvaluator record(*policy, first.question);
  size_t told = 0;
  size_t before = 0;
  for (int round = 0; round < 2; ++round) {
    before = allocations;
    for (const Asked& flag : flags) {
      record.SetItem(flag.item);
      const Decision decision =
          record.Decide(flag.item.aspect, flag.item.assessment, flag.item.section);
      told += record.Explain(flag.item.aspect, flag.item.assessment, flag.item.section, decision)
                  .all.size();
    }
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(told, 400u);
}

// Ten `unless` of four conditions each would be a million ways to apply.
TEST(Engine, LeavesAPolicyOfTooManyWaysToTheInterpreter) {
  std::string hide = "hide contact of everything from everyone";
  for (int i = 0; i < 10; ++i) {
    hide +=
        " unless worker is involved and flag is open and flag is disputed and person is shielded";
  }
  const std::shared_ptr<const Policy> policy =
      Build(Author::Text({absl::StrCat("rule R \"r\"\n ", hide, "\n")}, ""));
  EXPECT_EQ(policy->impl().engine, nullptr);
  Question question;
  question.now_s = policy->in_force_s();
  Item item;
  item.aspect = Aspect::kContact;
  EXPECT_EQ(policy->Decide(question, item).rules[0], 0);
}

// 1,500 agencies in 60 roles, each with a word of its own in some rule: a text within the
// language's limits that would make tables of tens of millions of bits.
TEST(Engine, LeavesAPolicyOfTooManyAskersToTheInterpreter) {
  Vocabulary area = NortownVocabulary();
  std::string text = Author::Text({}, "");
  for (int rule = 0; rule < 60; ++rule) {
    area.roles.push_back(absl::StrCat("role-", rule));
    std::string askers = absl::StrCat("role-", rule);
    for (int agency = rule * 25; agency < (rule + 1) * 25; ++agency) {
      area.agencies.push_back({absl::StrCat("agency-", agency), "", "yot", false, {"housing"}});
      absl::StrAppend(&askers, " or agency-", agency);
    }
    absl::StrAppend(&text, "rule R", rule, " \"r\"\n show existence of everything to ", askers,
                    "\n basis ca2004-s10\n");
  }
  const std::shared_ptr<const Policy> policy = Build(text, area);
  EXPECT_EQ(policy->impl().engine, nullptr);
  Question question;
  question.agency = policy->AgencySymbol("agency-1499");
  question.now_s = policy->in_force_s();
  Item item;
  item.holder = policy->AgencySymbol("nortown-yot");
  item.service = policy->ServiceSymbol("youth-offending");
  EXPECT_EQ(policy->Decide(question, item).effect, Effect::kShow);
}

}  // namespace
}  // namespace signpost::policy
