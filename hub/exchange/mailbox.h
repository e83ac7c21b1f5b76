// Mailboxes is a keeper of what waits for each system, in the order of the ledger, until every
// reader of the mailbox has dealt with it.
//
// A mailbox is a range of rows in space kMailboxes: length-prefixed system id, ledger index of the
// entry that caused the message (8 bytes), part (2 bytes) -> a version byte and a StoredMessage. A
// cursor is a reader's durable place in it, in space kCursors: length-prefixed system id, keyed
// hash of the cursor's name (agencies name readers after people and cases) -> up to where
// everything is dealt with (the low-water mark), and what is dealt with, or passed over, above
// that. The row without a hash is the mailbox's own: up to where it has been emptied.
//
// Nothing here decides who may read what: the door judges each message at the moment it leaves, and
// records that, before the message goes on the wire. Nothing here commits: functions read a view,
// which takes note of what they rest on, and prepare batches, to which the caller adds the entry.
//
// A Mailboxes object has no state but its key. Thread-safe.

#ifndef SIGNPOST_HUB_EXCHANGE_MAILBOX_H_
#define SIGNPOST_HUB_EXCHANGE_MAILBOX_H_

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "hub/base/crypto.h"
#include "hub/ledger/read_set.h"
#include "hub/store/store.h"
#include "signpost/store/v1/exchange.pb.h"

namespace signpost::exchange {

inline constexpr size_t kSystemIdBytesMax = 256;
inline constexpr size_t kCursorNameBytesMax = 64;
inline constexpr int kCursorsPerMailboxMax = 16;
// Messages that one acknowledgement deletes; what is left over goes with the next.
inline constexpr int kPrunedPerAcknowledgeMax = 2000;
// Messages that a cursor may have dealt with above its low-water mark.
inline constexpr int kDealtWithAheadMax = 1000;
// Messages passed over above it that are remembered; others are judged again. A limit of its own,
// which no reader meets: theirs must not tell how many they may not know of.
inline constexpr int kPassedOverAheadMax = 5000;

// A place in a mailbox: behind the message of the same index and part. Parts count from 1, so that
// Position() is before every message.
struct Position {
  uint64_t index = 0;
  uint16_t part = 0;

  friend bool operator==(const Position&, const Position&) = default;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct MailboxMessage {
  Position position;
  store::v1::StoredMessage stored;
};

// Where a cursor stands.
struct Place {
  Position low_water;                // everything up to and including it is dealt with
  Position told;                     // the last up to it that the reader dealt with itself
  std::vector<Position> dealt_with;  // above low_water, sorted, at most kDealtWithAheadMax
  // Above low_water, sorted, at most kPassedOverAheadMax: what the reader may not know of.
  std::vector<Position> passed_over;

  bool IsDealtWith(Position position) const;
};

// What to write so that a cursor is opened or moved; add an entry and submit.
struct CursorChange {
  bool changed = false;  // false: it is already so; there is nothing to submit
  Place place;           // where the cursor stands once the change is durable
  int pruned = 0;        // messages that the batch deletes
  store::Batch batch;
};

// Under which context the record id of a message of kind RECORD_ERASED to `agency_id` is sealed.
std::string RecordErasedContext(absl::string_view agency_id);

// Adds one message, for ledger::Operation::with_index. REQUIRES: part >= 1, and no other message of
// the operation for this system has the same part; `system_id` is 1..kSystemIdBytesMax bytes.
void AppendNotice(store::Batch& batch, const std::string& system_id, uint64_t first_index,
                  uint16_t part, const store::v1::StoredMessage& message);
// The same in two steps: hooks run on the writer's thread, which has only to put the row.
std::string EncodeNotice(const store::v1::StoredMessage& message);
void AppendEncodedNotice(store::Batch& batch, const std::string& system_id, uint64_t first_index,
                         uint16_t part, absl::string_view encoded);

// Whose mailbox a row of Space::kMailboxes is in. Errors: kDataLoss when that is no such key.
[[nodiscard]] absl::StatusOr<std::string> SystemOfMessage(const std::string& key);

class Mailboxes {
 public:
  // `key` makes message ids and hashes cursors' names; see MessageIdKey().
  explicit Mailboxes(const base::SecretKey& key);

  // A key for Mailboxes from the keyring's hub_data_key().
  [[nodiscard]] static absl::StatusOr<base::SecretKey> MessageIdKey(const base::SecretKey& hub_key);

  // The messages behind `position`, oldest first, at most `messages_max`. Fewer means that `view`
  // has no more. Errors: kInvalidField (messages_max < 1), kDataLoss, kStoreNewer,
  // kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<std::vector<MailboxMessage>> ReadAfter(const store::View& view,
                                                                      const std::string& system_id,
                                                                      Position position,
                                                                      int messages_max) const;

  // Where the cursor stands. A cursor that was never opened: kNotFound.
  [[nodiscard]] absl::StatusOr<Place> ReadCursor(const store::View& view,
                                                 const std::string& system_id,
                                                 const std::string& cursor) const;

  // Makes the cursor durable when it is new, so that from then on nothing is deleted that it has
  // not dealt with. A new cursor begins before whatever is still kept. An existing one is
  // unchanged. Errors: kInvalidField when the name is not 1..kCursorNameBytesMax bytes of
  // [A-Za-z0-9._-], or when the mailbox has kCursorsPerMailboxMax cursors; as ReadAfter().
  [[nodiscard]] absl::StatusOr<CursorChange> PrepareOpen(const ledger::GuardedView& view,
                                                         const std::string& system_id,
                                                         const std::string& cursor) const;

  // The messages at `positions` are dealt with by this cursor, in whatever order; those at
  // `passed_over` count as such, though the reader knows nothing of them. The low-water mark moves
  // over all that are dealt with without a gap, and messages that all cursors have passed are
  // deleted in the same batch. What was dealt with before, or is not there, changes nothing. Errors:
  // kNotFound when the cursor was never opened; kTooManyRequests when it would have more than
  // kDealtWithAheadMax messages above its low-water mark; as ReadAfter(). When submitting gives
  // kAborted, prepare again at a newer view.
  [[nodiscard]] absl::StatusOr<CursorChange> PrepareAcknowledge(
      const ledger::GuardedView& view, const std::string& system_id, const std::string& cursor,
      absl::Span<const Position> positions, absl::Span<const Position> passed_over = {}) const;

  // Names the message at `position` to this mailbox's readers: the same however often it is sent.
  // It says nothing of the place, and nothing that an id in another mailbox says: the place is the
  // number of the entry that the message came of, the same for all agencies who were told.
  std::string MessageId(const std::string& system_id, Position position) const;
  // What stands for that id in the ledger, 16 bytes: the end of its bytes.
  std::string MessageRef(const std::string& system_id, Position position) const;
  // Errors: kInvalidField, field "message_id", when it is not an id that this hub gave to this
  // system: forged, changed, another mailbox's.
  [[nodiscard]] absl::StatusOr<Position> ReadMessageId(const std::string& system_id,
                                                       const std::string& message_id) const;

 private:
  // Enciphers, and deciphers, the bytes of a position for its mailbox's readers.
  std::string Cipher(const std::string& system_id, const std::string& code,
                     std::string position) const;
  // What a cursor is known by in the store.
  std::string CursorRef(const std::string& system_id, const std::string& cursor) const;

  const base::SecretKey key_;
};

}  // namespace signpost::exchange

#endif  // SIGNPOST_HUB_EXCHANGE_MAILBOX_H_
