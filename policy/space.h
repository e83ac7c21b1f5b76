// The decision space of a policy: every asker, item and circumstance that its rules can tell apart.
//
// Internal to the room and to the tests that judge it. The space is folded: words and facts that no
// rule (and no check) tells apart stand in it once, so that visiting every cell is a proof about
// all of them. Several policies may share one space, which then tells apart whatever any of them
// does; they must have been compiled against the same vocabulary, so that their symbols agree.
//
// A Folds is filled by its constructor and then only read: thread-safe. It keeps no pointer to the
// policies it was made from.

#ifndef SIGNPOST_POLICY_SPACE_H_
#define SIGNPOST_POLICY_SPACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "policy/facts.h"
#include "policy/program.h"

namespace signpost::policy {

// A class of askers: all with the same agency, role and standing.
struct AskerClass {
  Symbol agency = kNoSymbol;
  Symbol role = kNoSymbol;  // kNoSymbol stands for every role that no rule names
  Tri practitioner = Tri::kUnknown;
  Symbol team = kNoSymbol;  // whose member the asker is, with the team's open flag
};

// One way a consent can stand.
struct ConsentKind {
  ConsentDecision decision;
  bool is_explicit;
  bool running;
};
// A set of consents is a mask of the kinds in it, bit k for kind k.
absl::Span<const ConsentKind> AllConsentKinds();
// A consent to everything that stands like `kind` at `now_s`.
ConsentFact MakeConsent(const ConsentKind& kind, int64_t now_s);
// Makes `consents` the set `mask` at `now_s`.
void FillConsents(unsigned mask, int64_t now_s, std::vector<ConsentFact>& consents);

// The values worth visiting of each part of a question. Only known facts: an unknown one never
// shows more than a known one.
struct Folds {
  // `check` (may be null) tells apart too. With `possible_items`, a holder has only services that
  // the vocabulary lets it have flags for; without, any.
  Folds(absl::Span<const PolicyImpl* const> policies, const BoundCheck* check,
        bool possible_items = false);

  std::vector<Symbol> agencies;
  // By agency symbol: the agencies this one stands for, itself included; empty for one that is
  // represented by another. Where two or more are alike two stand for all, so that asker and holder
  // can still differ.
  std::vector<std::vector<Symbol>> alike;
  std::vector<AskerClass> askers;
  std::vector<Item> items;  // what, of which service, at which holder; all else as yet unknown
  std::vector<Purpose> purposes;
  std::vector<uint8_t> relationships;
  std::vector<unsigned> consent_sets;
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
  bool necessity_matters = false;  // some rule is on basis cda1998-s115
};

// The values worth visiting of a fact that has two where some condition looks at it.
absl::Span<const Tri> ValuesOf(bool matters);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_SPACE_H_
