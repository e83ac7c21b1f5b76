// These are operations that say what follows from facts of which some are not known: three values.
//
// A conjunction is as low as its lowest part, a disjunction as high as its highest (no < unknown <
// yes). Internal to the room; pure, and in the header because every decision runs through them.

#ifndef SIGNPOST_POLICY_ENGINE_TRI_H_
#define SIGNPOST_POLICY_ENGINE_TRI_H_

#include <cstddef>

#include "policy/facts.h"
#include "policy/vocabulary.h"

namespace signpost::policy {

inline Tri Known(bool value) { return value ? Tri::kYes : Tri::kNo; }

// A value from outside that is no Tri is unknown.
inline Tri Checked(Tri value) {
  return value == Tri::kYes || value == Tri::kNo ? value : Tri::kUnknown;
}

inline Tri And(Tri a, Tri b) {
  if (a == Tri::kNo || b == Tri::kNo) return Tri::kNo;
  return a == Tri::kYes && b == Tri::kYes ? Tri::kYes : Tri::kUnknown;
}

inline Tri Or(Tri a, Tri b) {
  if (a == Tri::kYes || b == Tri::kYes) return Tri::kYes;
  return a == Tri::kNo && b == Tri::kNo ? Tri::kNo : Tri::kUnknown;
}

inline Tri Not(Tri a) {
  if (a == Tri::kYes) return Tri::kNo;
  return a == Tri::kNo ? Tri::kYes : Tri::kUnknown;
}

// Whether two words are the same: unknown where either is one that the policy does not know.
inline Tri Same(Symbol a, Symbol b) {
  if (a == kNoSymbol || b == kNoSymbol) return Tri::kUnknown;
  return Known(a == b);
}

// A number from outside that is no symbol must not look like a known word that merely differs.
inline Symbol InRange(Symbol symbol, size_t size) { return symbol < size ? symbol : kNoSymbol; }

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_TRI_H_
