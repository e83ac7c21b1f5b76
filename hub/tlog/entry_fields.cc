#include "hub/tlog/entry_fields.h"

#include "absl/status/status.h"
#include "hub/tlog/wire_bytes.h"

namespace signpost::tlog {
namespace {

constexpr uint64_t kKindField = 6;
constexpr uint64_t kPrunedField = 130;
// Fields behind this, and as many as a kind may be told by, are the details of kinds.
constexpr uint64_t kDetailOffset = 100;
constexpr uint64_t kDetailLast = 199;
constexpr uint64_t kReplyHashField = 23;
constexpr uint64_t kMaskedField = 26;

}  // namespace

absl::StatusOr<EntryFields> DecodeEntryFields(absl::string_view entry) {
  // Made where it is needed: a status with a message is an allocation, and entries come in
  // millions.
  const auto malformed = [] {
    return absl::InvalidArgumentError("not a well-formed ledger entry");
  };
  EntryFields fields;
  WireField read;
  while (!entry.empty()) {
    if (!TakeField(&entry, &read)) return malformed();
    if (read.field == kReplyHashField && read.type == kBytes) fields.reply_hash = read.bytes;
    const bool is_detail = read.field > kDetailOffset && read.field <= kDetailLast;
    const bool is_bytes = read.field == 4 || is_detail;
    if (read.field > 4 && read.field != kKindField && read.field != kMaskedField && !is_bytes) {
      continue;
    }
    if (read.type != (is_bytes ? kBytes : kVarint)) return malformed();
    if (read.field == kKindField) fields.kind = read.number;
    if (read.field == kMaskedField) fields.masked = read.number != 0;
    if (read.field == kPrunedField) fields.pruned = read.bytes;
    if (is_detail) {
      const uint64_t detail = read.field - kDetailOffset;
      const bool first = fields.detail == 0 || fields.detail == detail;
      fields.detail = first ? detail : EntryFields::kDetailsDiffer;
    }
    if (read.field == 1) fields.index = read.number;
    if (read.field == 2) fields.sequenced_at_us = static_cast<int64_t>(read.number);
    if (read.field == 3) fields.agency_counter = read.number;
    if (read.field == 4) fields.agency_id = read.bytes;
    if (read.field < 4) fields.sequencer_fields = true;
  }
  return fields;
}

void AppendEntrySuffix(uint64_t index, int64_t sequenced_at_us, uint64_t agency_counter,
                       std::string& entry) {
  AppendNumberField(1, index, entry);
  AppendNumberField(2, static_cast<uint64_t>(sequenced_at_us), entry);
  AppendNumberField(3, agency_counter, entry);
}

}  // namespace signpost::tlog
