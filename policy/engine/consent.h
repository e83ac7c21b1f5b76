// These are functions that say how consents stand: which of a young person's consents cover a
// question, and what may be said of each.
//
// Internal to the room; shared by the interpreter and the tables, so that both mean the same by a
// consent. Pure functions; nothing is allocated.

#ifndef SIGNPOST_POLICY_ENGINE_CONSENT_H_
#define SIGNPOST_POLICY_ENGINE_CONSENT_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "policy/engine/program.h"
#include "policy/facts.h"

namespace signpost::policy {

// What may end a consent besides its own end: the birthdays of an Item, and of a PolicyImpl whose
// word they end.
struct Birthdays {
  int64_t sixteen_from_s = kUnknownS;
  int64_t adult_from_s = kUnknownS;
  uint32_t ends_at_16 = 0;
  uint32_t ends_at_18 = 0;
};
inline Birthdays BirthdaysOf(const PolicyImpl& policy, const Item& item) {
  return {item.sixteen_from_s, item.adult_from_s, policy.ends_at_16, policy.ends_at_18};
}

// What a consent's scope is held against. Symbols must be in range.
struct CoverFacts {
  Symbol agency = kNoSymbol;
  Symbol agency_kind = kNoSymbol;
  Symbol role = kNoSymbol;
  Symbol holder = kNoSymbol;
  Symbol service = kNoSymbol;
  Symbol assessment = kNoSymbol;
  Symbol section = kNoSymbol;
  Aspect aspect = Aspect::kExistence;
  Purpose purpose = Purpose::kUnspecified;
  // What may end a consent besides its own end.
  Birthdays birthdays;
};
Tri Covers(const ConsentScope& scope, const CoverFacts& facts, int depth);

// The first second at which `consent` no longer counts: its own end, or the birthday that the policy
// lets end it. kUnknownS where that cannot be told.
int64_t EndOf(const ConsentFact& consent, const Birthdays& birthdays);

// Of each consent, whether it covers the question and how it stands: Bit()s of its states, grantor
// and matter.
// Filled as far as there are consents and no further.
struct ConsentStanding {
  Tri covers[kConsentsPerItemMax];
  uint32_t states[kConsentsPerItemMax];
};
// REQUIRES: there are at most kConsentsPerItemMax.
void JudgeConsents(const CoverFacts& facts, absl::Span<const ConsentFact> consents, int64_t now_s,
                   ConsentStanding& standing);
// Whether one of the first `count` consents has all of `states`.
Tri ConsentHolds(uint32_t states, size_t count, const ConsentStanding& standing);
// Makes `best` the consent with the latest end of itself, if it is one, and those that a statement
// on basis consent rests on.
void ConsentUsed(const BoundStatement& statement, absl::Span<const ConsentFact> consents,
                 const ConsentStanding& standing, int32_t& best);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_CONSENT_H_
