// Ledgers is a maker of signed, running ledgers over any store, with entries, for their tests.

#ifndef SIGNPOST_TESTS_LEDGER_LEDGER_TESTING_H_
#define SIGNPOST_TESTS_LEDGER_LEDGER_TESTING_H_

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "hub/base/clock.h"
#include "hub/ledger/read_set.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/store.h"
#include "hub/tlog/note.h"
#include "tests/base/scratch_folder.h"

namespace signpost::ledger::testing {

inline constexpr char kOrigin[] = "signpost.nortown.example/ledger";

// A body as protobuf would write it: agency_id = 4, and a text in field 12.
// REQUIRES: both texts are under 128 bytes.
inline std::string Body(const std::string& agency_id, const std::string& text) {
  std::string body;
  if (!agency_id.empty()) {
    body += '\x22';
    body += static_cast<char>(agency_id.size());
    body += agency_id;
  }
  body += '\x62';
  body += static_cast<char>(text.size());
  body += text;
  body += std::string("\x30\x13\xBA\x07\x00", 5);  // kind 19, and its detail without a field
  return body;
}

inline Draft MakeDraft(const std::string& agency_id, const std::string& text) {
  return {Body(agency_id, text), agency_id};
}

// Writes `value` at `key` of Space::kPeople with one entry of `agency_id`.
inline Operation PutOperation(const std::string& key, const std::string& value,
                              const std::string& agency_id = "yot") {
  Operation operation;
  operation.batch.Put(store::Space::kPeople, key, value);
  operation.entries.push_back(MakeDraft(agency_id, key + "=" + value));
  return operation;
}

struct HeldView {
  std::unique_ptr<store::View> held;
};
// A guarded view that owns the view behind it.
class OwningView final : private HeldView, public GuardedView {
 public:
  explicit OwningView(std::unique_ptr<store::View> view)
      : HeldView{std::move(view)}, GuardedView(held.get()) {}
};

// The hub's key and clock; opens ledgers on stores that the test owns.
class Ledgers {
 public:
  Ledgers() {
    options.origin = kOrigin;
    // Checkpoints only when asked for, unless a test says otherwise.
    options.checkpoint_interval = absl::Hours(1);
  }

  absl::StatusOr<std::unique_ptr<Sequencer>> Open(store::Store* store) {
    return Sequencer::Open(options, store, &clock, signer.get());
  }

  base::ManualClock clock{absl::FromUnixSeconds(1'800'000'000)};
  tlog::NoteKeyPair keys = *tlog::GenerateNoteKey(kOrigin);
  std::unique_ptr<tlog::NoteSigner> signer = *tlog::NewNoteSigner(keys.signer_key);
  tlog::NoteVerifier verifier = *tlog::NoteVerifier::Parse(keys.verifier_key);
  Sequencer::Options options;
};

}  // namespace signpost::ledger::testing

#endif  // SIGNPOST_TESTS_LEDGER_LEDGER_TESTING_H_
