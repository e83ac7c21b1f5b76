#include "hub/exchange/mailbox.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/check.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/store/row_codec.h"

namespace signpost::exchange {
namespace {

using base::Error;
using base::Reason;
using store::DecodeRow;
using store::EncodeRow;
using store::LengthPrefixed;
using store::Space;
using store::v1::CursorRow;
using store::v1::StoredMessage;

constexpr size_t kPositionBytes = 10;
constexpr size_t kIdMacBytes = 16;
constexpr char kIdFormat = 1;

std::string PositionBytes(Position position) {
  std::string bytes = store::KeyU64(position.index);
  bytes.push_back(static_cast<char>(position.part >> 8));
  bytes.push_back(static_cast<char>(position.part & 0xff));
  return bytes;
}

// REQUIRES: `bytes` is kPositionBytes long.
Position PositionFrom(const std::string& bytes) {
  Position position;
  position.index = store::U64FromKey(bytes);
  position.part = static_cast<uint16_t>((static_cast<unsigned char>(bytes[8]) << 8) |
                                        static_cast<unsigned char>(bytes[9]));
  return position;
}

std::string MessageKey(const std::string& system_id, Position position) {
  return LengthPrefixed(system_id) + PositionBytes(position);
}

absl::StatusOr<Position> PositionOfKey(const std::string& prefix, const std::string& key) {
  if (key.size() != prefix.size() + kPositionBytes || key.compare(0, prefix.size(), prefix) != 0) {
    return Error(Reason::kDataLoss, "a place in a mailbox does not parse; restore a backup");
  }
  return PositionFrom(key.substr(prefix.size()));
}

// The empty hash is the mailbox's own row.
std::string CursorKey(const std::string& system_id, const std::string& ref) {
  return LengthPrefixed(system_id) + ref;
}

absl::Status CheckSystemId(const std::string& system_id) {
  if (system_id.empty() || system_id.size() > kSystemIdBytesMax) {
    return base::InvalidField("system_id",
                              absl::StrCat("must be 1 to ", kSystemIdBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckCursorName(const std::string& cursor) {
  const bool is_plain = std::all_of(cursor.begin(), cursor.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
  if (cursor.empty() || cursor.size() > kCursorNameBytesMax || !is_plain) {
    return base::InvalidField("cursor",
                              absl::StrCat("must be 1 to ", kCursorNameBytesMax,
                                           " letters, digits, dots, hyphens and underscores"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Place> PlaceOf(const CursorRow& row, Position low_water) {
  Place place;
  place.low_water = low_water;
  const auto read = [](const auto& all, std::vector<Position>* into) {
    into->reserve(static_cast<size_t>(all.size()));
    for (const std::string& bytes : all) {
      if (bytes.size() != kPositionBytes) return false;
      into->push_back(PositionFrom(bytes));
    }
    return true;
  };
  if (!read(row.dealt_with(), &place.dealt_with) || !read(row.passed_over(), &place.passed_over) ||
      (!row.told().empty() && row.told().size() != kPositionBytes)) {
    return Error(Reason::kDataLoss, "a place in a mailbox does not parse; restore a backup");
  }
  if (!row.told().empty()) place.told = PositionFrom(row.told());
  return place;
}

// A mailbox's cursors at one view.
struct Cursors {
  struct Named {
    std::string ref;  // its name's hash
    Place place;
  };
  std::vector<Named> named;
  Position emptied;  // the mailbox's own

  const Named* Find(const std::string& ref) const {
    for (const Named& cursor : named) {
      if (cursor.ref == ref) return &cursor;
    }
    return nullptr;
  }
};

absl::StatusOr<Cursors> ReadCursors(const store::View& view, const std::string& system_id) {
  SIGNPOST_RETURN_IF_ERROR(CheckSystemId(system_id));
  const std::string prefix = LengthPrefixed(system_id);
  // One more than there can be, and the mailbox's own.
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::vector<store::KeyValue> rows,
      view.Scan(Space::kCursors, prefix, store::PrefixEnd(prefix), kCursorsPerMailboxMax + 2));
  if (rows.size() > kCursorsPerMailboxMax + 1) {
    // Deleting by a part of the cursors would delete what the others have not read.
    return Error(Reason::kDataLoss,
                 "a mailbox has more cursors than it can have; stop the hub and restore a backup");
  }
  Cursors cursors;
  for (const store::KeyValue& kv : rows) {
    SIGNPOST_ASSIGN_OR_RETURN(const CursorRow row, DecodeRow<CursorRow>("a cursor", kv.value));
    SIGNPOST_ASSIGN_OR_RETURN(const Position position, PositionOfKey(prefix, row.position()));
    std::string ref = kv.key.substr(prefix.size());
    if (ref.empty()) {
      cursors.emptied = position;
    } else {
      SIGNPOST_ASSIGN_OR_RETURN(Place place, PlaceOf(row, position));
      cursors.named.push_back({std::move(ref), std::move(place)});
    }
  }
  return cursors;
}

std::string CursorValue(const std::string& system_id, const Place& place) {
  CursorRow row;
  row.set_position(MessageKey(system_id, place.low_water));
  for (const Position position : place.dealt_with) row.add_dealt_with(PositionBytes(position));
  for (const Position position : place.passed_over) row.add_passed_over(PositionBytes(position));
  if (place.told != Position()) row.set_told(PositionBytes(place.told));
  return EncodeRow(row);
}

// The mailbox's own row.
std::string OwnValue(const std::string& system_id, Position emptied) {
  CursorRow row;
  row.set_position(MessageKey(system_id, emptied));
  return EncodeRow(row);
}

// Moves the low-water mark over every message that is dealt with up to the first that is not.
absl::Status Advance(const store::View& view, const std::string& system_id, Place* place) {
  const size_t ahead = place->dealt_with.size() + place->passed_over.size();
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::vector<store::KeyValue> rows,
      view.Scan(Space::kMailboxes, MessageKey(system_id, place->low_water) + '\0',
                store::PrefixEnd(LengthPrefixed(system_id)), static_cast<int>(ahead)));
  auto dealt_with = place->dealt_with.begin();
  auto passed_over = place->passed_over.begin();
  for (const store::KeyValue& kv : rows) {
    SIGNPOST_ASSIGN_OR_RETURN(const Position at, PositionOfKey(LengthPrefixed(system_id), kv.key));
    if (dealt_with != place->dealt_with.end() && *dealt_with == at) {
      place->told = at;
      ++dealt_with;
    } else if (passed_over != place->passed_over.end() && *passed_over == at) {
      ++passed_over;
    } else {
      break;
    }
    place->low_water = at;
  }
  place->dealt_with.erase(place->dealt_with.begin(), dealt_with);
  place->passed_over.erase(place->passed_over.begin(), passed_over);
  return absl::OkStatus();
}

}  // namespace

void AppendNotice(store::Batch& batch, const std::string& system_id, uint64_t first_index,
                  uint16_t part, const StoredMessage& message) {
  AppendEncodedNotice(batch, system_id, first_index, part, EncodeNotice(message));
}

std::string RecordErasedContext(absl::string_view agency_id) {
  return absl::StrCat("record-erased", absl::string_view("\0", 1), agency_id);
}

std::string EncodeNotice(const StoredMessage& message) { return EncodeRow(message); }

void AppendEncodedNotice(store::Batch& batch, const std::string& system_id, uint64_t first_index,
                         uint16_t part, absl::string_view encoded) {
  CHECK(part >= 1);
  CHECK(!system_id.empty() && system_id.size() <= kSystemIdBytesMax);
  batch.Put(Space::kMailboxes, MessageKey(system_id, {first_index, part}), encoded);
}

absl::StatusOr<std::string> SystemOfMessage(const std::string& key) {
  constexpr size_t kPrefixBytes = 2;
  if (key.size() > kPrefixBytes + kPositionBytes) {
    std::string system_id = key.substr(kPrefixBytes, key.size() - kPrefixBytes - kPositionBytes);
    if (LengthPrefixed(system_id) == key.substr(0, key.size() - kPositionBytes)) return system_id;
  }
  return Error(Reason::kDataLoss, "a place in a mailbox does not parse; restore a backup");
}

Mailboxes::Mailboxes(const base::SecretKey& key) : key_(key) {}

bool Place::IsDealtWith(Position position) const {
  return position <= low_water ||
         std::binary_search(dealt_with.begin(), dealt_with.end(), position) ||
         std::binary_search(passed_over.begin(), passed_over.end(), position);
}

absl::StatusOr<base::SecretKey> Mailboxes::MessageIdKey(const base::SecretKey& hub_key) {
  return base::DeriveKey(hub_key, "signpost exchange message ids v1");
}

absl::StatusOr<std::vector<MailboxMessage>> Mailboxes::ReadAfter(const store::View& view,
                                                                 const std::string& system_id,
                                                                 Position position,
                                                                 int messages_max) const {
  SIGNPOST_RETURN_IF_ERROR(CheckSystemId(system_id));
  if (messages_max < 1) return base::InvalidField("messages_max", "must be at least 1");
  const std::string prefix = LengthPrefixed(system_id);
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                            view.Scan(Space::kMailboxes, MessageKey(system_id, position) + '\0',
                                      store::PrefixEnd(prefix), messages_max));
  std::vector<MailboxMessage> messages;
  messages.reserve(rows.size());
  for (const store::KeyValue& kv : rows) {
    MailboxMessage message;
    SIGNPOST_ASSIGN_OR_RETURN(message.position, PositionOfKey(prefix, kv.key));
    SIGNPOST_ASSIGN_OR_RETURN(message.stored, DecodeRow<StoredMessage>("a message", kv.value));
    messages.push_back(std::move(message));
  }
  return messages;
}

absl::StatusOr<Place> Mailboxes::ReadCursor(const store::View& view, const std::string& system_id,
                                            const std::string& cursor) const {
  SIGNPOST_RETURN_IF_ERROR(CheckSystemId(system_id));
  SIGNPOST_RETURN_IF_ERROR(CheckCursorName(cursor));
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::optional<std::string> value,
      view.Get(Space::kCursors, CursorKey(system_id, CursorRef(system_id, cursor))));
  if (!value.has_value()) return Error(Reason::kNotFound, "this cursor was never opened");
  SIGNPOST_ASSIGN_OR_RETURN(const CursorRow row, DecodeRow<CursorRow>("a cursor", *value));
  SIGNPOST_ASSIGN_OR_RETURN(const Position low_water,
                            PositionOfKey(LengthPrefixed(system_id), row.position()));
  return PlaceOf(row, low_water);
}

absl::StatusOr<CursorChange> Mailboxes::PrepareOpen(const ledger::GuardedView& view,
                                                    const std::string& system_id,
                                                    const std::string& cursor) const {
  SIGNPOST_RETURN_IF_ERROR(CheckCursorName(cursor));
  SIGNPOST_ASSIGN_OR_RETURN(const Cursors cursors, ReadCursors(view, system_id));
  CursorChange change;
  const std::string ref = CursorRef(system_id, cursor);
  if (const Cursors::Named* existing = cursors.Find(ref)) {
    change.place = existing->place;
    return change;
  }
  if (cursors.named.size() >= kCursorsPerMailboxMax) {
    return base::InvalidField("cursor", absl::StrCat("the mailbox has ", kCursorsPerMailboxMax,
                                                     " cursors already; use one of them"));
  }
  change.changed = true;
  change.place.low_water = cursors.emptied;
  change.batch.Put(Space::kCursors, CursorKey(system_id, ref),
                   CursorValue(system_id, change.place));
  // An acknowledgement that did not count with this cursor yet rests on the range of cursors that
  // it read, and is made again: it cannot delete what this cursor is to read.
  return change;
}

absl::StatusOr<CursorChange> Mailboxes::PrepareAcknowledge(
    const ledger::GuardedView& view, const std::string& system_id, const std::string& cursor,
    absl::Span<const Position> positions, absl::Span<const Position> passed_over) const {
  SIGNPOST_RETURN_IF_ERROR(CheckCursorName(cursor));
  SIGNPOST_ASSIGN_OR_RETURN(const Cursors cursors, ReadCursors(view, system_id));
  const std::string ref = CursorRef(system_id, cursor);
  const Cursors::Named* own = cursors.Find(ref);
  if (own == nullptr) return Error(Reason::kNotFound, "this cursor was never opened");
  CursorChange change;
  change.place = own->place;
  Place& place = change.place;
  const auto add = [&](absl::Span<const Position> more,
                       std::vector<Position>* into) -> absl::Status {
    for (const Position position : more) {
      if (place.IsDealtWith(position)) continue;
      // An id may outlive its message: after an older backup was put back it names one that never
      // came to be. Kept as dealt with, it would stand in the mark's way for ever. What is there
      // stays until all cursors have passed it, so it may be looked for without a guard.
      SIGNPOST_ASSIGN_OR_RETURN(
          const std::optional<std::string> held,
          view.unguarded().Get(Space::kMailboxes, MessageKey(system_id, position)));
      if (!held.has_value()) continue;
      change.changed = true;
      into->insert(std::lower_bound(into->begin(), into->end(), position), position);
    }
    return absl::OkStatus();
  };
  SIGNPOST_RETURN_IF_ERROR(add(positions, &place.dealt_with));
  SIGNPOST_RETURN_IF_ERROR(add(passed_over, &place.passed_over));
  if (!change.changed) return change;
  // Nothing is ever put between messages that are there: the mark rests on the cursors alone.
  SIGNPOST_RETURN_IF_ERROR(Advance(view.unguarded(), system_id, &place));
  if (place.dealt_with.size() > static_cast<size_t>(kDealtWithAheadMax)) {
    return Error(
        Reason::kTooManyRequests,
        absl::StrCat("more than ", kDealtWithAheadMax,
                     " messages are dealt with behind one that is not; deal with the oldest "
                     "first, or reject it"));
  }
  if (place.passed_over.size() > static_cast<size_t>(kPassedOverAheadMax)) {
    place.passed_over.resize(kPassedOverAheadMax);
  }
  change.batch.Put(Space::kCursors, CursorKey(system_id, ref), CursorValue(system_id, place));

  Position passed = place.low_water;  // by every cursor
  for (const Cursors::Named& other : cursors.named) {
    if (other.ref != ref) passed = std::min(passed, other.place.low_water);
  }
  if (passed <= cursors.emptied) return change;
  // From where it was emptied last, so that what is long deleted is not walked over again.
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::vector<store::KeyValue> rows,
      view.Scan(Space::kMailboxes, MessageKey(system_id, cursors.emptied) + '\0',
                MessageKey(system_id, passed) + '\0', kPrunedPerAcknowledgeMax));
  for (const store::KeyValue& kv : rows) change.batch.Delete(Space::kMailboxes, kv.key);
  change.pruned = static_cast<int>(rows.size());
  Position emptied = passed;
  if (change.pruned == kPrunedPerAcknowledgeMax) {
    SIGNPOST_ASSIGN_OR_RETURN(emptied, PositionOfKey(LengthPrefixed(system_id), rows.back().key));
  }
  change.batch.Put(Space::kCursors, CursorKey(system_id, ""), OwnValue(system_id, emptied));
  return change;
}

std::string Mailboxes::CursorRef(const std::string& system_id, const std::string& cursor) const {
  return base::HmacSha256(key_.bytes(), absl::StrCat("cursor", LengthPrefixed(system_id), cursor))
      .substr(0, kIdMacBytes);
}

// The position is enciphered with a stream that the code in front of it chooses, and the code is
// made of the position (a synthetic initialisation vector): the same id every time, and two ids
// tell only whether they are the same one.
std::string Mailboxes::Cipher(const std::string& system_id, const std::string& code,
                              std::string position) const {
  const std::string stream =
      base::HmacSha256(key_.bytes(), absl::StrCat("place", LengthPrefixed(system_id), code));
  for (size_t i = 0; i < position.size(); ++i) {
    position[i] = static_cast<char>(position[i] ^ stream[i]);
  }
  return position;
}

std::string Mailboxes::MessageId(const std::string& system_id, Position position) const {
  const std::string code = MessageRef(system_id, position);
  return base::Base64UrlEncode(absl::StrCat(
      std::string(1, kIdFormat), Cipher(system_id, code, PositionBytes(position)), code));
}

std::string Mailboxes::MessageRef(const std::string& system_id, Position position) const {
  return base::HmacSha256(key_.bytes(), absl::StrCat("message", LengthPrefixed(system_id),
                                                     PositionBytes(position)))
      .substr(0, kIdMacBytes);
}

absl::StatusOr<Position> Mailboxes::ReadMessageId(const std::string& system_id,
                                                  const std::string& message_id) const {
  const absl::Status refused = base::InvalidField(
      "message_id",
      "is not an id that this hub gave to this mailbox's reader; use one exactly as it came with a "
      "message");
  const absl::StatusOr<std::string> bytes = base::Base64UrlDecode(message_id);
  if (!bytes.ok() || bytes->size() != 1 + kPositionBytes + kIdMacBytes ||
      (*bytes)[0] != kIdFormat) {
    return refused;
  }
  const Position position = PositionFrom(
      Cipher(system_id, bytes->substr(1 + kPositionBytes), bytes->substr(1, kPositionBytes)));
  // The text must be the very one: a decoder that took two spellings would change nothing here.
  if (!base::ConstantTimeEqual(MessageId(system_id, position), message_id)) return refused;
  return position;
}

}  // namespace signpost::exchange
