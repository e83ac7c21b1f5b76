// A DecisionSpace is a space of questions that holds every asker, item and circumstance which the
// rules of some policies can tell apart.
//
// Internal to the room and to the tests that judge it. The space is folded: words and facts that no
// rule (and no check) tells apart stand in it once, so that visiting every cell is a proof about
// all of them. Several policies may share one space, which then tells apart whatever any of them
// does; they must have been compiled against the same vocabulary, so that their symbols agree.
//
// It is filled by its constructor and then only read: thread-safe. It keeps no pointer
// to the policies it was made from.

#ifndef SIGNPOST_POLICY_ANALYSIS_DECISION_SPACE_H_
#define SIGNPOST_POLICY_ANALYSIS_DECISION_SPACE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "policy/engine/program.h"
#include "policy/facts.h"

namespace signpost::policy {

inline constexpr size_t kConsentSetsMax = 1024;

// A class of askers: all with the same agency, role and standing.
struct AskerClass {
  Symbol agency = kNoSymbol;
  Symbol role = kNoSymbol;  // kNoSymbol stands for every role that no rule names
  Tri practitioner = Tri::kUnknown;
  Symbol team = kNoSymbol;         // whose member the asker is
  uint8_t team_relationships = 0;  // of the team with the young person
};

// One way a consent can stand.
struct ConsentKind {
  ConsentDecision decision;
  bool is_explicit;
  bool running;  // not yet at its end
  Grantor grantor;
  ConsentMatter matter;
};
// The first ten are the young person's own to sharing.
absl::Span<const ConsentKind> AllConsentKinds();
// A set of consents: the kinds in it, as places in AllConsentKinds().
using ConsentSet = std::vector<uint8_t>;
// A consent to everything that stands like `kind` at `now_s`.
ConsentFact MakeConsent(const ConsentKind& kind, int64_t now_s);
// Makes `consents` the set `kinds` at `now_s`.
void FillConsents(const ConsentSet& kinds, int64_t now_s, std::vector<ConsentFact>& consents);

// The values worth visiting of each part of a question. Only known facts: an unknown one never
// shows more than a known one.
struct DecisionSpace {
  // `check` (may be null) tells apart too. With `spelt_out`, for readers: askers and items are
  // those that there can be (a holder has only services that the vocabulary lets it have flags for,
  // every role is known), each by its own name; only agencies are still folded.
  DecisionSpace(absl::Span<const PolicyImpl* const> policies, const BoundCheck* check,
                bool spelt_out = false);

  std::vector<Symbol> agencies;
  // By agency symbol: the agencies this one stands for, itself included; empty for one that is
  // represented by another. Where two or more are alike two stand for all, so that asker and holder
  // can still differ.
  std::vector<std::vector<Symbol>> alike;
  std::vector<AskerClass> askers;
  std::vector<Item> items;  // what, of which service, at which holder; all else as yet unknown
  std::vector<Purpose> purposes;
  std::vector<std::vector<Purpose>> alike_purposes;  // beside it: whom each stands for
  std::vector<uint8_t> relationships;
  // What a team can have with the young person: the askers who are in one come with each of these.
  // What two of them have together is among them, too.
  std::vector<uint8_t> team_relationships;
  std::vector<ConsentSet> consent_sets;
  // The conditions tell apart more sets of consents than kConsentSetsMax: the space is incomplete
  // and proves nothing.
  bool too_large = false;
  // The first second of every agreement: every set of agreements that can be in force together is
  // in force at one of them.
  std::vector<int64_t> times;
  // Every second at which an agreement begins or ends, from the first day on which all the policies
  // are in force: between two of them nothing changes by itself.
  std::vector<int64_t> changes;
  std::vector<OverrideGround> grounds;  // those that some override names
  bool shield_matters = false;
  bool open_matters = false;
  bool dispute_matters = false;
  bool identity_matters = false;
  bool offence_matters = false;
  bool victim_matters = false;
  bool necessity_matters = false;  // some rule is on basis cda1998-s115
};

// The values worth visiting of a fact that has two where some condition looks at it.
absl::Span<const Tri> ValuesOf(bool matters);

// The circumstances of a question, one dimension of the space each. What is not a dimension is
// known and as a rule would have it.
enum class Fact : uint8_t {
  kTime = 0,       // DecisionSpace::changes
  kConsents,       // DecisionSpace::consent_sets
  kPurpose,        // DecisionSpace::purposes
  kRelationships,  // DecisionSpace::relationships
  kGround,         // no override asked for, then DecisionSpace::grounds
  kNecessity,      // not stated, stated
  kBrokerable,     // yes, no
  kShielded,       // no, yes; and so on
  kOpen,
  kDisputed,
  kNewIdentity,
  kSpentOffence,
  kNamesVictim,
};
inline constexpr int kFactCount = 13;
using Circumstance = std::array<uint16_t, kFactCount>;  // which value of each
constexpr uint32_t Bit(Fact fact) { return 1u << static_cast<uint32_t>(fact); }

// Whether not knowing a fact is other than knowing any one value of it.
constexpr bool MayBeUnknown(Fact fact) {
  return fact != Fact::kTime && fact != Fact::kGround && fact != Fact::kNecessity &&
         fact != Fact::kBrokerable;
}

// How many values a fact has.
int CountOf(const DecisionSpace& space, Fact fact);
// One value, as a condition in words: "involved", "for assessment or support-planning".
std::string FactInWords(const PolicyImpl& policy, const DecisionSpace& space, Fact fact, int value);
// The same where it is not known: "not known whether involved".
std::string UnknownInWords(Fact fact);

// One point of the space: a question and an item, and what their spans point at. Not thread-safe.
class Cell {
 public:
  // Every fact has its first value.
  Cell(const DecisionSpace& space, const AskerClass& asker, const Item& about);
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  void Set(Fact fact, int value);
  // Makes it unknown, until it is set again.
  //
  // REQUIRES: MayBeUnknown(fact).
  void Forget(Fact fact);

  // Free to change, but for the spans.
  Question question;
  Item item;

 private:
  const DecisionSpace& space_;
  TeamStanding standing_;
  const ConsentSet* consent_set_ = nullptr;
  std::vector<ConsentFact> consents_;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_DECISION_SPACE_H_
