// EntryComposer is a maker of entries that begins each for a handler: it says who acts, gives the
// entry what its kind always has (a nonce and the detail; a reference where it may be about a young
// person), and hashes request ids and cursors' names, which never stand in an entry in clear.
//
// A Blinding is one young person's key for references: by it an entry says whom it is about so that
// nobody without the key can tell that two entries are about the same one. It is derived from the
// person's data key, and goes with it.
//
// Both are immutable and thread-safe. Everything else here is a pure function.

#ifndef SIGNPOST_HUB_LEDGER_ENTRY_H_
#define SIGNPOST_HUB_LEDGER_ENTRY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/principal.h"
#include "hub/base/random.h"
#include "hub/ledger/sequencer.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::ledger {

inline constexpr uint32_t kEntryFormat = 1;
// Of nonces, references and hashes in entries.
inline constexpr size_t kReferenceBytes = 16;

class Blinding {
 public:
  explicit Blinding(const base::SecretKey& data_key);

  // The person's own reference in the entry of that nonce, and that of something of theirs (a flag,
  // a consent) by the bytes of its id.
  std::string PersonRef(absl::string_view nonce) const { return Ref(nonce, ""); }
  std::string Ref(absl::string_view nonce, absl::string_view id) const;

  // Says in `entry` that it is about this person. REQUIRES: a kind that may be about one.
  void SetPerson(v1::LedgerEntry* entry) const;

 private:
  base::HmacKey key_;
};

// What stands for a request id of an agency's, in the ledger and in the store: 16 bytes.
std::string RequestHash(const base::SecretKey& request_key, absl::string_view agency_id,
                        absl::string_view request_id);

class EntryComposer {
 public:
  // `request_key`: Keyring::request_key(). `random` is not owned and must outlive this.
  EntryComposer(const base::SecretKey& request_key, base::RandomSource* random)
      : key_(request_key), random_(random) {}

  // An entry of `kind` that says who acts, with the detail of its kind, empty. Where the kind may
  // be about a young person, it is about nobody until Blinding::SetPerson(). `request_id` may be
  // empty.
  v1::LedgerEntry New(v1::EntryKind kind, const base::Principal& actor,
                      absl::string_view request_id) const;
  // The same into `entry`, which is empty, where it stands in an arena.
  void Begin(v1::EntryKind kind, const base::Principal& actor, absl::string_view request_id,
             v1::LedgerEntry* entry) const;

  // RequestHash() under the key.
  std::string HashOf(absl::string_view agency_id, absl::string_view request_id) const;
  // What stands for a cursor of a system's: 16 bytes.
  std::string CursorHash(absl::string_view system_id, absl::string_view cursor) const;

 private:
  const base::SecretKey key_;
  base::RandomSource* const random_;
};

// Whether entries of `kind` have a reference to somebody, or to nobody.
bool MayBeAboutPerson(v1::EntryKind kind);

// Says in `entry` that it was refused, and why.
void SetRefused(base::Reason reason, v1::LedgerEntry* entry);

// The draft that `entry`, of a kind that is a policy's, is about. REQUIRES: it is of kind proposed,
// approved, withdrawn or previewed.
v1::PolicyDraft* MutableDraft(v1::LedgerEntry* entry);

// The entry as the sequencer takes it. Serialised here, once.
Draft ToDraft(const v1::LedgerEntry& entry);

// Errors: kDataLoss when `bytes` is no entry, or its detail is not of its kind.
[[nodiscard]] absl::StatusOr<v1::LedgerEntry> ParseEntry(absl::string_view bytes);

// An auditor's reading of an entry: one "field: value" a line, in the order of the fields, hashes
// and references in hex. Errors: kDataLoss when `bytes` is no entry.
[[nodiscard]] absl::StatusOr<std::string> ReadableEntry(absl::string_view bytes);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_ENTRY_H_
