// What rules and agreements are called, and where they stand in the text, has no say: neither in
// what is decided nor in a word of what anybody is told, but for the names themselves.

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "tests/policy/author.h"
#include "tests/policy/nortown.h"
#include "tests/policy/small.h"

namespace signpost::policy {
namespace {

using testing::Author;
using testing::NortownVocabulary;

constexpr int kRules = 6;
constexpr int kAgreements = 3;

// Rules, some of them in agreements, of which one runs out; "%0%" where a rule's id belongs, "$0$"
// where an agreement's does. Titles differ, so that it shows whose title is told.
struct Draft {
  std::vector<std::string> rules;
  std::vector<int> agreement_of;  // -1: none
  std::string overrides;
};

Draft Write(uint32_t seed) {
  Author author(seed);
  Draft draft;
  std::vector<std::string> written = author.Rules(kRules);
  draft.overrides = Author::Override(written);
  for (int r = 0; r < kRules; ++r) {
    const std::string id = absl::StrCat("%", r, "%");
    draft.rules.push_back(absl::StrReplaceAll(
        written[static_cast<size_t>(r)],
        {{absl::StrCat("rule R", r, " \"r\""), absl::StrCat("rule ", id, " \"Title ", r, "\"")}}));
    draft.overrides = absl::StrReplaceAll(draft.overrides, {{absl::StrCat("R", r), id}});
    draft.agreement_of.push_back(static_cast<int>(author.random()() % (2 * kAgreements)) -
                                 kAgreements);
  }
  return draft;
}

// The draft with these names, in this order of rules and agreements.
std::string Lay(const Draft& draft, const std::vector<int>& order, const std::vector<int>& agreed,
                const std::map<std::string, std::string>& names) {
  static constexpr const char* kTerms[kAgreements] = {
      "between nortown-yot and northern-connexions from 2025-01-01 until 2025-06-30 review "
      "2025-06-01",
      "between nortown-yot and northern-connexions and nortown-housing from 2025-01-01 until "
      "2030-06-30 review 2026-06-01",
      "between nortown-yot and northern-connexions from 2025-02-01 until 2030-06-30 review "
      "2026-06-01"};
  std::vector<std::string> blocks;
  for (const int r : order) {
    if (draft.agreement_of[static_cast<size_t>(r)] < 0) {
      blocks.push_back(draft.rules[static_cast<size_t>(r)]);
    }
  }
  for (const int g : agreed) {
    std::string block = absl::StrCat("agreement $", g, "$ \"Agreement ", g, "\" ", kTerms[g], "\n");
    bool empty = true;
    for (const int r : order) {
      if (draft.agreement_of[static_cast<size_t>(r)] != g) continue;
      absl::StrAppend(&block, draft.rules[static_cast<size_t>(r)]);
      empty = false;
    }
    if (!empty) blocks.push_back(absl::StrCat(block, "end agreement\n"));
  }
  std::string text = Author::Text(blocks, draft.overrides);
  return absl::StrReplaceAll(text, names);
}

std::shared_ptr<const Policy> Build(const std::string& text) {
  CompileOptions options;
  options.prove_checks = false;
  const CompileResult result = Compile(text, NortownVocabulary(), options);
  EXPECT_TRUE(result.ok()) << result.Errors() << text;
  return result.policy;
}

// The words of a text, by the names of the draft and without their order: names are listed by name.
std::vector<std::string> Words(const std::string& text,
                               const std::map<std::string, std::string>& names) {
  std::vector<std::string> words = absl::StrSplit(text, absl::ByAnyChar(" ,;:"), absl::SkipEmpty());
  for (std::string& word : words) {
    for (const auto& [draft, name] : names) {
      if (word == name) word = draft;
    }
  }
  std::sort(words.begin(), words.end());
  return words;
}

struct Asked {
  Question question;
  Item item;
  std::vector<ConsentFact> consents;
};

void Draw(const Policy& policy, std::mt19937& random, Asked& asked) {
  const auto upto = [&random](size_t n) { return random() % n; };
  const auto one = [&](std::vector<std::string> of) { return of[upto(of.size())]; };
  asked = Asked();
  Question& q = asked.question;
  Item& i = asked.item;
  q.agency = policy.AgencySymbol(one({"nortown-yot", "northern-connexions", "nortown-housing"}));
  q.role = policy.RoleSymbol(one({"personal-adviser", "social-worker", "housing-officer"}));
  q.is_practitioner = upto(8) == 0 ? Tri::kNo : Tri::kYes;
  q.purpose = AllPurposes()[upto(AllPurposes().size())];
  q.relationships.yes = upto(2) == 0 ? kNamedAndSettled : uint8_t{0};
  q.necessity_stated = Tri::kYes;
  if (upto(5) == 0) {
    q.purpose = Purpose::kSafeguarding;
    q.override_request = {true, OverrideGround::kLegalDuty, true};
  }
  q.now_s = policy.in_force_s() + static_cast<int64_t>(upto(2)) * 400 * 86400;
  i.holder = policy.AgencySymbol(one({"nortown-yot", "northern-connexions", "nightstop-project"}));
  i.service = policy.ServiceSymbol(
      one({"youth-offending", "connexions", "voluntary-project", "sexual-health"}));
  i.aspect = AllAspects()[upto(AllAspects().size())];
  i.assessment = policy.AssessmentSymbol("asset");
  i.section = policy.SectionSymbol(one({"victims", "lifestyle"}));
  for (Tri Item::*const fact :
       {&Item::open, &Item::disputed, &Item::marked_sensitive, &Item::shielded, &Item::new_identity,
        &Item::spent_offence, &Item::names_victim, &Item::brokerable}) {
    i.*fact = AllTris()[upto(3) == 0 ? upto(3) : 1 + upto(2)];
  }
  i.consents_known = Tri::kYes;
  for (size_t n = upto(3); n > 0; --n) {
    ConsentFact consent;
    consent.decision = upto(4) == 0 ? ConsentDecision::kRefused : ConsentDecision::kGiven;
    consent.is_explicit = upto(2) == 0;
    consent.matter = ConsentMatter::kSharing;
    consent.grantor = upto(3) == 0 ? Grantor::kParentalResponsibility : Grantor::kSelf;
    consent.until_s = q.now_s + static_cast<int64_t>(upto(3)) * 1000 - 500;
    asked.consents.push_back(consent);
  }
  i.consents = asked.consents;
}

TEST(Renaming, ChangesNoWordOfAnyVoice) {
  int shown = 0;
  int told_what_is_missing = 0;
  for (uint32_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    const Draft draft = Write(seed);
    std::mt19937 random(seed);
    std::vector<int> order = {0, 1, 2, 3, 4, 5};
    std::vector<int> agreed = {0, 1, 2};
    std::map<std::string, std::string> plain;
    std::map<std::string, std::string> renamed;
    std::vector<int> places = order;
    std::shuffle(places.begin(), places.end(), random);
    for (int r = 0; r < kRules; ++r) {
      plain[absl::StrCat("%", r, "%")] = absl::StrCat("R", r);
      renamed[absl::StrCat("%", r, "%")] = absl::StrCat("Q", places[static_cast<size_t>(r)], "-X");
    }
    for (int g = 0; g < kAgreements; ++g) {
      plain[absl::StrCat("$", g, "$")] = absl::StrCat("G", g);
      renamed[absl::StrCat("$", g, "$")] = absl::StrCat("H", kAgreements - g);
    }
    const std::string text = Lay(draft, order, agreed, plain);
    std::shuffle(order.begin(), order.end(), random);
    std::shuffle(agreed.begin(), agreed.end(), random);
    const std::string other_text = Lay(draft, order, agreed, renamed);
    SCOPED_TRACE(text);
    const auto policy = Build(text);
    const auto other = Build(other_text);
    ASSERT_TRUE(policy != nullptr && other != nullptr);
    Asked asked;
    for (int n = 0; n < 400; ++n) {
      Draw(*policy, random, asked);  // both know the vocabulary by the same symbols
      const Decision one = policy->Decide(asked.question, asked.item);
      const Decision two = other->Decide(asked.question, asked.item);
      ASSERT_EQ(one.effect, two.effect);
      ASSERT_EQ(one.gateway, two.gateway);
      ASSERT_EQ(one.obligations, two.obligations);
      ASSERT_EQ(one.missing, two.missing);
      ASSERT_EQ(one.consent, two.consent);
      ASSERT_EQ(one.rule_count, two.rule_count);
      const Explanation why = policy->Explain(asked.question, asked.item, one);
      const Explanation because = other->Explain(asked.question, asked.item, two);
      ASSERT_EQ(why.worker_reason, because.worker_reason);
      ASSERT_EQ(why.next_step, because.next_step);
      ASSERT_EQ(why.ask_agency, because.ask_agency);
      ASSERT_EQ(Words(why.audit_reason, plain), Words(because.audit_reason, renamed))
          << why.audit_reason << "\n"
          << because.audit_reason;
      shown += one.effect == Effect::kShow ? 1 : 0;
      told_what_is_missing += (one.missing & (one.missing - 1)) != 0 ? 1 : 0;
    }
  }
  EXPECT_GT(shown, 500);
  EXPECT_GT(told_what_is_missing, 500);
}

// Three ways that lack one thing each: a worker who saw it until the agreement ran out is told of
// the agreement too, whatever the rules are called.
TEST(Renaming, ThreeWaysAreToldAlike) {
  std::vector<std::string> ids = {"R1", "R2", "R3"};
  do {
    const auto policy = testing::CompileSmall(absl::StrCat(
        "rule SEEN \"s\"\n show existence of offending to practitioner\n basis ca2004-s10\n"
        "agreement G \"g\" between yot and careers from 2025-01-01 until 2026-03-31 review "
        "2025-06-01\nrule ",
        ids[0],
        " \"a\"\n show contact of offending to careers practitioner\n when worker is involved\n "
        "basis ca2004-s10\nend agreement\nrule ",
        ids[1],
        " \"b\"\n show contact of offending to practitioner\n when consent is explicit and in "
        "force "
        "and worker is involved\n basis consent\nrule ",
        ids[2],
        " \"c\"\n show contact of offending to practitioner\n when consent is explicit and in "
        "force "
        "from a court\n basis consent\n"));
    Question q;
    q.agency = policy->AgencySymbol("careers");
    q.is_practitioner = Tri::kYes;
    q.purpose = Purpose::kAssessment;
    q.relationships.yes = kNamedAndSettled;
    q.now_s = policy->agreements()[0].until_s + 86400;
    Item i;
    i.holder = policy->AgencySymbol("yot");
    i.service = policy->ServiceSymbol("offending");
    i.aspect = Aspect::kContact;
    i.consents_known = Tri::kYes;
    const Explanation why = policy->Explain(q, i, policy->Decide(q, i));
    EXPECT_EQ(why.worker_reason,
              "You may not see whom to contact: any one of these would do: the young person's "
              "explicit consent; or the agreement between your agencies, which is not in force; or "
              "the consent of somebody who may give it for the young person.");
    EXPECT_EQ(why.next_step, "Ask the young person for their written consent, and record it.");
    EXPECT_NE(why.audit_reason.find("any one would do of explicit-consent, agreement, "
                                    "others-consent"),
              std::string::npos)
        << why.audit_reason;
  } while (std::next_permutation(ids.begin(), ids.end()));
}

// Where several rules show, the basis that is recorded, and the title that is read, are of the one
// that asks least: not of the one whose id comes first.
TEST(Renaming, TheBasisIsChosenByWhatItIs) {
  std::vector<std::string> ids = {"A", "B", "C"};
  do {
    const auto policy = testing::CompileSmall(absl::StrCat(
        "rule ", ids[0],
        " \"In an emergency\"\n show contact of offending to practitioner\n basis "
        "vital-interests\n then log\nrule ",
        ids[1],
        " \"By duty\"\n show contact of offending to practitioner\n basis ca2004-s10\n then tell "
        "holder\nrule ",
        ids[2],
        " \"As they want\"\n show contact of offending to practitioner\n when consent is in "
        "force\n "
        "show contact of offending to practitioner\n when consent is explicit and in force\n basis "
        "consent\n then state expiry\n"));
    Question q;
    q.agency = policy->AgencySymbol("careers");
    q.is_practitioner = Tri::kYes;
    q.purpose = Purpose::kAssessment;
    q.now_s = policy->in_force_s();
    ConsentFact consents[2];
    for (ConsentFact& consent : consents) {
      consent.decision = ConsentDecision::kGiven;
      consent.matter = ConsentMatter::kSharing;
      consent.grantor = Grantor::kSelf;
    }
    consents[0].until_s = q.now_s + 86400;
    consents[1].until_s = q.now_s + 2 * 86400;
    consents[1].is_explicit = true;
    Item i;
    i.holder = policy->AgencySymbol("yot");
    i.service = policy->ServiceSymbol("offending");
    i.aspect = Aspect::kContact;
    i.consents_known = Tri::kYes;
    i.consents = consents;
    const Decision decision = policy->Decide(q, i);
    EXPECT_EQ(decision.rule_count, 3);
    EXPECT_EQ(decision.gateway, Gateway::kConsent);
    EXPECT_EQ(decision.consent, 1);
    EXPECT_EQ(policy->Explain(q, i, decision).worker_reason,
              "You may see whom to contact: As they want. Basis: the young person's consent. The "
              "consent ends on 3 April 2025.");
    i.consents = {};
    const Decision without = policy->Decide(q, i);
    EXPECT_EQ(without.gateway, Gateway::kCa2004S10);
    EXPECT_EQ(policy->Explain(q, i, without).worker_reason,
              "You may see whom to contact: By duty. Basis: the Children Act 2004, section 10.");
  } while (std::next_permutation(ids.begin(), ids.end()));
}

}  // namespace
}  // namespace signpost::policy
