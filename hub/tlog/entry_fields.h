// EntryFields is a struct of the few fields that verification needs, read and written as wire bytes
// by hand, so that neither the sequencer nor an offline verifier needs the generated messages:
//
//   uint64 index = 1;  int64 sequenced_at_us = 2;  uint64 agency_counter = 3;
//   string agency_id = 4;
//
// of ledger.v1.LedgerEntry, EntryKind kind = 6 and the detail of that kind, whose number is the
// kind's and 100: Pruned pruned = 130, by which an entry says what was pruned (pruned.h), is one. And
// bytes reply_hash = 23, by which it names the reply that it stands for, and bool masked = 26: these
// are not the bytes that were hashed but what an auditor is given instead.
// Fields 1-3 stand at the end of an entry, written by the sequencer; the body in front sets field 4
// and never 1-3.
//
// Pure functions, thread-safe.

#ifndef SIGNPOST_HUB_TLOG_ENTRY_FIELDS_H_
#define SIGNPOST_HUB_TLOG_ENTRY_FIELDS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace signpost::tlog {

// Stands in masked entries for what names an agency of a sensitive service; no id can be it.
inline constexpr char kMaskedWord[] = "(masked)";

// The longest suffix AppendEntrySuffix() writes: three tags and three ten-byte varints.
inline constexpr size_t kEntrySuffixBytesMax = 33;

struct EntryFields {
  uint64_t index = 0;
  int64_t sequenced_at_us = 0;  // since the Unix epoch
  uint64_t agency_counter = 0;
  absl::string_view agency_id;    // into the bytes decoded
  uint64_t kind = 0;              // a number of ledger.v1.EntryKind
  absl::string_view pruned;       // a ledger.v1.Pruned; into the bytes decoded
  absl::string_view reply_hash;   // into the bytes decoded
  bool sequencer_fields = false;  // at least one of 1-3 was present
  bool masked = false;
  // The number of its detail, if there is one, less 100. More than one kind of them, which readers
  // would not read alike: kDetailsDiffer.
  uint64_t detail = 0;

  static constexpr uint64_t kDetailsDiffer = ~uint64_t{0};
  // Whether it says what happened, as its kind does. A ledger has no entries that do not, though the
  // sequencer takes them.
  bool HasDetailOfItsKind() const { return kind != 0 && detail == kind; }
};

// As a protobuf parser would: unknown fields are passed over, the last of a repeated one counts. But
// a field of those that verification rests on, 1-4, 6, 26 and details, is of its type or the entry is
// refused: a protobuf parser would pass it over, and two readers must not see two things.
// Errors: INVALID_ARGUMENT when `entry` is not well-formed wire bytes, or such a field is of another
// type.
[[nodiscard]] absl::StatusOr<EntryFields> DecodeEntryFields(absl::string_view entry);

// Appends fields 1-3. All three are always written, zero or not.
void AppendEntrySuffix(uint64_t index, int64_t sequenced_at_us, uint64_t agency_counter,
                       std::string& entry);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_ENTRY_FIELDS_H_
