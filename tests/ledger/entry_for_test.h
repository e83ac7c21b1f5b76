// EntryForTest() is a maker of entries for tests, by a composer whose keys and nonces are its own.

#ifndef SIGNPOST_TESTS_LEDGER_ENTRY_FOR_TEST_H_
#define SIGNPOST_TESTS_LEDGER_ENTRY_FOR_TEST_H_

#include <string>

#include "hub/base/principal.h"
#include "hub/base/random.h"
#include "hub/ledger/entry.h"

namespace signpost::ledger {

// One composer for a whole test binary.
inline const EntryComposer& ComposerForTest() {
  static base::SeededRandom* const random = new base::SeededRandom(4711);
  static const EntryComposer* const composer =
      new EntryComposer(base::SecretKey::Generate(random), random);
  return *composer;
}

// An entry of `kind`, the hub's own act.
inline v1::LedgerEntry EntryForTest(v1::EntryKind kind) {
  return ComposerForTest().New(kind, base::Principal(), "");
}

}  // namespace signpost::ledger

#endif  // SIGNPOST_TESTS_LEDGER_ENTRY_FOR_TEST_H_
