// Proofs against an interpreter that knows nothing of them: small policies at random, with checks at
// random, and of each check that is said to be proved the naive interpreter (reference.h) is asked
// at random whether there is anybody who sees all the same. One such question is a false proof.
//
//   SIGNPOST_PROOFS=20000       that many policies instead of a few seconds' worth
//   SIGNPOST_PROOFS_SEED=7      that one policy again, with many more questions

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "policy/text/syntax.h"
#include "tests/policy/engine/reference.h"

namespace signpost::policy {
namespace {

using testing::ReferenceAnswer;
using testing::ReferenceFacts;

constexpr uint32_t kEveryday = 1'000;  // policies, a few seconds' worth
constexpr int64_t kDayS = 86400;
constexpr int64_t kInForceS = 1743465600;  // 2025-04-01

// Three agencies, no two alike, and two teams that two of them share for one purpose.
Vocabulary TinyVocabulary() {
  Vocabulary v;
  v.agencies = {{"yot", "", "justice", true, {"offending"}},
                {"careers", "", "advice", false, {"careers-advice"}},
                {"clinic", "", "health", false, {"sexual-health"}}};
  v.teams = {
      {"yot-team", {"yot", "careers"}, {Purpose::kYouthJustice}},
      {"risk-team", {"yot", "careers", "clinic"}, {Purpose::kYouthJustice, Purpose::kHousing}}};
  v.services = {{"offending", ""}, {"careers-advice", ""}, {"sexual-health", "sexual-health"}};
  v.roles = {"adviser", "officer", "nurse"};
  v.assessments = {{"asset", {"lifestyle", "victims"}}};
  return v;
}

class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}
  size_t Upto(size_t n) { return random_() % n; }
  bool OneIn(size_t n) { return Upto(n) == 0; }
  template <typename T>
  const T& Of(const std::vector<T>& all) {
    return all[Upto(all.size())];
  }

 private:
  std::mt19937 random_;
};

// Writes one policy a seed.
class ProofAuthor {
 public:
  explicit ProofAuthor(uint32_t seed) : dice_(seed) {}

  std::string Text() {
    std::string rules;
    std::string agreed;
    const size_t count = 1 + dice_.Upto(4);
    for (size_t r = 0; r < count; ++r) {
      const bool inside = dice_.OneIn(3);
      (inside ? agreed : rules) += Rule(absl::StrCat("R", r), inside);
    }
    std::string text = absl::StrCat(
        "policy \"P\" version 1 in force 2025-04-01 approved by \"B\"\n"
        "where no rule shows an item, hide it\n",
        dice_.OneIn(6) ? "where consent is from a parent, it ends at 18\n" : "",
        dice_.OneIn(6) ? "where consent is from a parent or an authority, it ends at 16\n" : "",
        "group sensitive = sexual-health\n", rules);
    if (!agreed.empty()) {
      absl::StrAppend(&text, "agreement G \"g\" between yot and careers from ",
                      dice_.Of<std::string>({"2025-01-01", "2025-09-01"}),
                      " until 2026-03-31 review 2025-12-01\n yot chooses cda1998-s115\n", agreed,
                      "end agreement\n");
    }
    while (dice_.OneIn(3)) absl::StrAppend(&text, Override());
    // Last, so that a rule may be named that comes after all.
    for (size_t c = 1 + dice_.Upto(3); c > 0; --c) absl::StrAppend(&text, Check());
    return text;
  }

 private:
  std::string One(const std::vector<std::string>& of) { return dice_.Of(of); }

  std::string Rule(const std::string& id, bool inside) {
    ids_.push_back(id);
    std::string text = absl::StrCat("rule ", id, " \"r\"\n");
    const size_t kind = dice_.Upto(8);
    const bool hides = kind == 0 || kind == 1;
    const bool brokers = kind == 1 || kind == 2;
    const bool shows = kind >= 3 || (brokers && dice_.OneIn(4));
    bool liftable = false;
    if (hides) {
      absl::StrAppend(&text, " hide ",
                      One({"everything", "everything", "existence", "contact", "content"}), " of ",
                      Items(), " from ", Askers(), Tails(), "\n");
      liftable = dice_.OneIn(2);
    }
    if (brokers) {
      absl::StrAppend(&text, " broker existence of ", Items(), " to ", Askers(), Tails(), "\n");
    }
    const bool consent = shows && !brokers && dice_.OneIn(4);
    for (bool more = shows; more; more = dice_.OneIn(4)) {
      absl::StrAppend(
          &text, " show ",
          One({"existence", "existence, contact", "existence, agency, contact",
               "content of asset except victims", "contact, assessment, content", "record"}),
          " of ", Items(), " to ", Askers(),
          consent ? One({" when consent is in force and ",
                         " when consent is explicit and in force by the young person "
                         "and "}) +
                        Condition()
                  : Tails(),
          "\n");
    }
    if (shows || brokers) {
      absl::StrAppend(&text, " basis ",
                      consent  ? "consent"
                      : inside ? One({"ca2004-s10", "cda1998-s115"})
                               : One({"ca2004-s10", "ca2004-s10", "ca1989-s47", "own-record"}),
                      "\n");
    }
    if (liftable) {
      absl::StrAppend(&text, " an override may lift this\n");
      liftable_.push_back(id);
    }
    return text;
  }

  std::string Override() {
    const std::string id = absl::StrCat("O", ids_.size());
    ids_.push_back(id);
    std::vector<std::string> lifts;
    for (const std::string& one : liftable_) {
      if (!dice_.OneIn(4)) lifts.push_back(one);
    }
    return absl::StrCat("override ", id, " \"o\" to ", Askers(),
                        dice_.OneIn(2) ? absl::StrCat(" when ", Condition()) : "", "\n opens ",
                        One({"existence", "existence, contact"}), "\n grounds ",
                        One({"legal-duty", "express-consent, vital-interests", "vital-interests"}),
                        lifts.empty() ? "" : absl::StrCat("\n lifts ", absl::StrJoin(lifts, ", ")),
                        "\n then log, close after 60 minutes, review within 2 working days\n");
  }

  std::string Check() {
    std::string text = absl::StrCat(
        "check no ",
        One({"one", "one", "practitioner", "practitioner", "adviser", "careers practitioner",
             "officer or members of yot-team"}),
        dice_.OneIn(2) ? absl::StrCat(" except ", Exception()) : "", One({" sees ", " learns "}),
        One({"anything", "anything", "existence", "contact", "content of asset only victims"}),
        " of ", dice_.OneIn(2) ? "anything" : Items());
    if (dice_.OneIn(3)) absl::StrAppend(&text, " when ", Conditions());
    while (dice_.OneIn(4)) absl::StrAppend(&text, " unless ", Conditions());
    if (dice_.OneIn(4)) {
      absl::StrAppend(&text, " without ",
                      One({"a relationship", "consent in force", "explicit consent in force",
                           "consent in force by the young person"}));
    }
    if (dice_.OneIn(5)) {
      absl::StrAppend(&text, " on basis ", One({"consent", "ca2004-s10 or ca1989-s47"}));
    }
    if (dice_.OneIn(4)) absl::StrAppend(&text, ", except by ", One(ids_));
    return absl::StrCat(text, "\n");
  }

  std::string Items() {
    return One({"everything", "everything", "offending", "sensitive", "sensitive, careers-advice",
                "marked-sensitive", "yot", "everything held by justice"});
  }
  std::string Askers() {
    return absl::StrCat(
        One({"everyone", "everyone", "practitioner", "adviser", "officer of yot", "the holder",
             "members of yot-team", "members of yot-team", "members of risk-team", "systems",
             "careers practitioner or members of risk-team", "relevant-authority"}),
        dice_.OneIn(3) ? absl::StrCat(" except ", Exception()) : "");
  }
  std::string Exception() {
    return One({"adviser", "adviser", "officer", "the holder", "members of yot-team",
                "members of risk-team", "careers", "systems",
                "nurse of clinic or members of risk-team"});
  }
  std::string Tails() {
    std::string tails;
    if (dice_.OneIn(2)) absl::StrAppend(&tails, " when ", Conditions());
    while (dice_.OneIn(4)) absl::StrAppend(&tails, " unless ", Conditions());
    return tails;
  }
  std::string Conditions() {
    return dice_.OneIn(3) ? absl::StrCat(Condition(), " and ", Condition()) : Condition();
  }
  std::string Condition() {
    return One({"worker is involved",
                "worker is involved",
                "worker is not involved",
                "worker is newly involved",
                "worker has settled involvement",
                "agency is involved",
                "worker has referral",
                "worker has team-member",
                "worker has no team-member",
                "purpose is youth-justice",
                "purpose is safeguarding or housing",
                "purpose is not youth-justice",
                "consent is in force",
                "consent is explicit and in force",
                "consent is refused",
                "consent is withdrawn",
                "consent is expired",
                "consent is not asked",
                "consent is refused by the young person",
                "consent is in force from a parent",
                "consent to the service is in force",
                "person is shielded",
                "person is not shielded",
                "flag is open",
                "flag is closed",
                "flag is disputed",
                "person has a new identity",
                "item is not about a spent offence",
                "item names a victim"});
  }

  Dice dice_;
  std::vector<std::string> ids_;
  std::vector<std::string> liftable_;
};

// Questions at random. Most facts are known, since with one that is not little opens.
class Asker {
 public:
  Asker(const Vocabulary& vocabulary, uint32_t seed) : vocabulary_(vocabulary), dice_(seed) {}

  ReferenceFacts Ask() {
    ReferenceFacts f;
    f.agency = dice_.OneIn(20) ? "" : vocabulary_.agencies[dice_.Upto(3)].id;
    f.role = dice_.OneIn(6) ? "" : dice_.Of(vocabulary_.roles);
    f.purpose = dice_.OneIn(20)  ? ""
                : dice_.OneIn(2) ? std::string("youth-justice")
                                 : dice_.Of<std::string>({"housing", "safeguarding", "assessment"});
    f.practitioner = dice_.OneIn(6) ? Unsure() : testing::Perhaps(true);
    f.necessity = true;
    f.related = Related();
    for (const VocabularyTeam& team : vocabulary_.teams) {
      if (dice_.OneIn(2)) f.teams[team.id] = Related();
    }
    if (dice_.OneIn(4)) f.ground = dice_.Of(Grounds());
    f.holder = dice_.OneIn(20) ? "" : vocabulary_.agencies[dice_.Upto(3)].id;
    f.service = dice_.OneIn(20) ? "" : vocabulary_.services[dice_.Upto(3)].id;
    f.aspect = dice_.OneIn(2) ? dice_.Of<Aspect>({Aspect::kExistence, Aspect::kContact})
                              : AllAspects()[dice_.Upto(kAspectCount)];
    if (f.aspect == Aspect::kAssessment || f.aspect == Aspect::kContent) f.assessment = "asset";
    if (f.aspect == Aspect::kContent) f.section = dice_.Of<std::string>({"lifestyle", "victims"});
    for (testing::Perhaps ReferenceFacts::*const fact :
         {&ReferenceFacts::open, &ReferenceFacts::disputed, &ReferenceFacts::marked,
          &ReferenceFacts::shielded, &ReferenceFacts::new_identity, &ReferenceFacts::spent_offence,
          &ReferenceFacts::names_victim, &ReferenceFacts::brokerable}) {
      f.*fact = Unsure();
    }
    f.now_s = dice_.Of<int64_t>({kInForceS, kInForceS + 200 * kDayS, kInForceS + 2000 * kDayS});
    f.sixteen_from_s = dice_.Of<int64_t>({kNeverS, kUnknownS, kInForceS + 100 * kDayS});
    f.adult_from_s = dice_.Of<int64_t>({kNeverS, kUnknownS, kInForceS + 100 * kDayS});
    f.consents_known = !dice_.OneIn(20);
    for (size_t n = dice_.Upto(4); n > 0; --n) f.consents.push_back(Consent(f.now_s));
    return f;
  }

 private:
  static const std::vector<OverrideGround>& Grounds() {
    static const std::vector<OverrideGround> all(AllOverrideGrounds().begin(),
                                                 AllOverrideGrounds().end());
    return all;
  }
  testing::Perhaps Unsure() {
    return dice_.OneIn(12) ? testing::Perhaps() : testing::Perhaps(dice_.OneIn(2));
  }
  testing::Related Related() {
    testing::Related related;
    if (dice_.OneIn(3)) return related;
    // What holds, and what may, must be such as there can be.
    unsigned holds = 0;
    unsigned may = 0;
    do {
      holds = static_cast<unsigned>(dice_.Upto(1u << kRelationshipCount));
      may = holds;
      for (const Relationship one : AllRelationships()) {
        if (dice_.OneIn(20)) may |= Bit(one);
      }
    } while (!CanBeTogether(static_cast<uint8_t>(holds)) ||
             !CanBeTogether(static_cast<uint8_t>(may)));
    for (const Relationship one : AllRelationships()) {
      if ((holds & Bit(one)) != 0) {
        related.yes.insert(one);
      } else if ((may & Bit(one)) != 0) {
        related.unknown.insert(one);
      }
    }
    return related;
  }
  // Some have ended, and some have not begun.
  ConsentFact Consent(int64_t now_s) {
    ConsentFact consent;
    consent.decision =
        dice_.OneIn(3) ? AllConsentDecisions()[dice_.Upto(3)] : ConsentDecision::kGiven;
    consent.is_explicit = dice_.OneIn(2);
    consent.matter = dice_.OneIn(6) ? ConsentMatter::kService : ConsentMatter::kSharing;
    consent.grantor =
        dice_.OneIn(2) ? Grantor::kSelf : AllGrantors()[dice_.Upto(AllGrantors().size())];
    if (dice_.OneIn(5)) consent.until_s = now_s;
    if (dice_.OneIn(8)) consent.from_s = now_s + 1;
    return consent;
  }

  const Vocabulary& vocabulary_;
  Dice dice_;
};

// The policy in which the rules that a check excepts open nothing.
syntax::Policy Without(syntax::Policy tree, const syntax::Check& check) {
  std::set<std::string> ids;
  for (const syntax::Word& word : check.except_by) ids.insert(word.text);
  const auto on_other_basis = [&check](Gateway basis) {
    return check.bases != 0 && (check.bases >> static_cast<unsigned>(basis) & 1u) == 0;
  };
  for (syntax::Rule& rule : tree.rules) {
    if (ids.count(rule.id.text) == 0 && !on_other_basis(rule.basis)) continue;
    rule.statements.erase(
        std::remove_if(rule.statements.begin(), rule.statements.end(),
                       [](const syntax::Statement& s) { return s.effect != Effect::kHide; }),
        rule.statements.end());
  }
  tree.overrides.erase(std::remove_if(tree.overrides.begin(), tree.overrides.end(),
                                      [&](const syntax::Override& o) {
                                        return ids.count(o.id.text) != 0 || check.bases != 0;
                                      }),
                       tree.overrides.end());
  return tree;
}

std::string Words(const ReferenceFacts& f) {
  std::string words;
  const auto add = [&words](const std::string& key, const std::string& value) {
    absl::StrAppend(&words, key, " ", value.empty() ? "?" : value, "; ");
  };
  const auto fact = [&](const std::string& key, testing::Perhaps value) {
    add(key, !value ? "?" : *value ? "yes" : "no");
  };
  const auto related = [&](const std::string& key, const testing::Related& value) {
    std::string all;
    for (const Relationship one : value.yes) absl::StrAppend(&all, std::string(ToString(one)), " ");
    for (const Relationship one : value.unknown) {
      absl::StrAppend(&all, "perhaps ", std::string(ToString(one)), " ");
    }
    add(key, all.empty() ? "none" : all);
  };
  add("agency", f.agency);
  add("role", f.role);
  add("for", f.purpose);
  fact("practitioner", f.practitioner);
  related("related", f.related);
  for (const auto& [team, value] : f.teams) related(absl::StrCat("in ", team), value);
  add("overriding on", std::string(ToString(f.ground)));
  add("asks of", std::string(ToString(f.aspect)));
  add("section", f.section);
  add("of", f.service);
  add("held by", f.holder);
  fact("open", f.open);
  fact("disputed", f.disputed);
  fact("marked", f.marked);
  fact("shielded", f.shielded);
  fact("new identity", f.new_identity);
  fact("spent", f.spent_offence);
  fact("victim", f.names_victim);
  fact("brokerable", f.brokerable);
  fact("consents known", f.consents_known);
  for (const ConsentFact& c : f.consents) {
    add("consent",
        absl::StrCat(std::string(ToString(c.decision)), c.is_explicit ? " explicit" : "", " by ",
                     std::string(ToString(c.grantor)), " to ", std::string(ToString(c.matter)),
                     c.until_s <= f.now_s ? " ended" : "", c.from_s > f.now_s ? " to come" : ""));
  }
  add("day", absl::StrCat((f.now_s - kInForceS) / kDayS));
  return words;
}

struct Counts {
  int policies = 0;
  int proved = 0;
  int refuted = 0;
  int64_t seen = 0;  // questions to which something was shown or brokered
};

// The checks of this seed's policy that are called proved and are not, in words.
std::string FalseProofs(uint32_t seed, int questions, Counts& counts) {
  const Vocabulary vocabulary = TinyVocabulary();
  const std::string text = ProofAuthor(seed).Text();
  syntax::Diagnostics faults;
  const syntax::Policy tree = syntax::Parse(text, vocabulary, faults);
  EXPECT_TRUE(faults.empty()) << text;
  const CompileResult result = Compile(text, vocabulary);
  std::set<int> refuted;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    // So small a policy is looked at to the end, and the interpreter confirms each finding.
    const bool judged = diagnostic.message.find("' fails: ") != std::string::npos ||
                        diagnostic.message.find("' speaks of nothing") != std::string::npos;
    EXPECT_TRUE(judged) << diagnostic.ToString() << "\n" << text;
    refuted.insert(diagnostic.line);
  }
  ++counts.policies;
  counts.refuted += static_cast<int>(refuted.size());
  std::vector<std::pair<const syntax::Check*, syntax::Policy>> proved;
  for (const syntax::Check& check : tree.checks) {
    if (refuted.count(check.at.line) == 0) proved.emplace_back(&check, Without(tree, check));
  }
  counts.proved += static_cast<int>(proved.size());
  if (proved.empty()) return "";
  Asker asker(vocabulary, seed);
  for (int q = 0; q < questions; ++q) {
    const ReferenceFacts facts = asker.Ask();
    for (const auto& [check, policy] : proved) {
      // Where it hangs on something unknown whether the check speaks of it, the question is also that
      // of somebody of whom it is known, and who sees no less.
      if (testing::IsWithin(tree, vocabulary, facts, *check) != true) continue;
      const ReferenceAnswer answer = testing::Decide(policy, vocabulary, facts);
      if (answer.effect == Effect::kHide) continue;
      ++counts.seen;
      if (answer.effect == Effect::kBroker && !check->counts_broker) continue;
      return absl::StrCat("'", check->text, "' is called proved, and\n", Words(facts), "\nis ",
                          std::string(ToString(answer.effect)), " by ",
                          absl::StrJoin(answer.rules, " and "), "\n", text,
                          "\nagain with: SIGNPOST_PROOFS_SEED=", seed);
    }
  }
  return "";
}

int64_t Environment(const char* name, int64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

TEST(ProofFuzz, NothingThatIsCalledProvedIsSeenByAnybody) {
  Counts counts;
  if (std::getenv("SIGNPOST_PROOFS_SEED") != nullptr) {
    const auto seed = static_cast<uint32_t>(Environment("SIGNPOST_PROOFS_SEED", 0));
    std::printf("%s", ProofAuthor(seed).Text().c_str());
    EXPECT_EQ(FalseProofs(seed, 300'000, counts), "");
    return;
  }
  const auto policies = static_cast<uint32_t>(Environment("SIGNPOST_PROOFS", kEveryday));
  // A longer run looks where the everyday one does not.
  const uint32_t first = policies == kEveryday ? 1 : std::random_device()();
  std::printf("seeds %u to %u\n", first, first + policies - 1);
  int wrong = 0;
  for (uint32_t n = 0; n < policies && wrong < 3; ++n) {
    const std::string found = FalseProofs(first + n, 1'500, counts);
    if (found.empty()) continue;
    ++wrong;
    ADD_FAILURE() << found;
  }
  std::printf("%d policies, %d checks proved and %d refuted, %lld questions saw something\n",
              counts.policies, counts.proved, counts.refuted, static_cast<long long>(counts.seen));
  EXPECT_GT(counts.proved, counts.policies / 4);
  EXPECT_GT(counts.refuted, counts.policies / 4);
}

}  // namespace
}  // namespace signpost::policy
