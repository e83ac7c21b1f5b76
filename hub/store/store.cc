#include "hub/store/store.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"

namespace signpost::store {
namespace {

using base::Error;
using base::Reason;

absl::Status CheckKey(const std::string& key) {
  if (!key.empty() && key.size() <= base::kStoreKeyBytesMax) return absl::OkStatus();
  return Error(Reason::kInvalidField, absl::StrCat("a store key has 1 to ", base::kStoreKeyBytesMax,
                                                   " bytes, this has ", key.size()));
}

}  // namespace

const char* SpaceName(Space space) {
  switch (space) {
    case Space::kMeta:
      return "meta";
    case Space::kEntries:
      return "entries";
    case Space::kNodes:
      return "nodes";
    case Space::kCheckpoints:
      return "checkpoints";
    case Space::kRegistry:
      return "registry";
    case Space::kPeople:
      return "people";
    case Space::kPersonKeys:
      return "person_keys";
    case Space::kMatchKeys:
      return "match_keys";
    case Space::kLocalRecords:
      return "local_records";
    case Space::kReviews:
      return "reviews";
    case Space::kMailboxes:
      return "mailboxes";
    case Space::kCursors:
      return "cursors";
    case Space::kRequests:
      return "requests";
    case Space::kPersonEntries:
      return "person_entries";
    case Space::kReceipts:
      return "receipts";
    case Space::kOverrides:
      return "overrides";
  }
  return "";
}

void Batch::Append(Batch&& other) {
  if (operations_.empty()) {
    operations_ = std::move(other.operations_);
  } else {
    operations_.insert(operations_.end(), std::make_move_iterator(other.operations_.begin()),
                       std::make_move_iterator(other.operations_.end()));
  }
  bytes_ += other.bytes_;
  other.operations_.clear();
  other.bytes_ = 0;
}

absl::Status CheckLimits(const Batch& batch, absl::Span<const Precondition> preconditions) {
  for (const Batch::Operation& operation : batch.operations()) {
    absl::Status status = CheckKey(operation.key);
    if (!status.ok()) return status;
    if (operation.value.has_value() && operation.value->size() > base::kStoreValueBytesMax) {
      return Error(Reason::kInvalidField,
                   absl::StrCat("a stored value has at most ", base::kStoreValueBytesMax,
                                " bytes, this has ", operation.value->size()));
    }
  }
  for (const Precondition& precondition : preconditions) {
    absl::Status status = CheckKey(precondition.key);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckScan(const std::string& from, const std::string& to, int rows_max) {
  if (rows_max < 1) return Error(Reason::kInvalidField, "a scan asks for at least one row");
  if (!to.empty() && to < from) {
    return Error(Reason::kInvalidField, "a scan must not end before it begins");
  }
  return absl::OkStatus();
}

absl::Status Store::Commit(Batch batch, absl::Span<const Precondition> preconditions) {
  absl::Status status = CheckLimits(batch, preconditions);
  if (!status.ok()) return status;
  return DoCommit(std::move(batch), preconditions);
}

std::string KeyU64(uint64_t value) {
  std::string key(8, '\0');
  for (size_t i = 8; i-- > 0; value >>= 8) key[i] = static_cast<char>(value & 0xFF);
  return key;
}

uint64_t U64FromKey(const std::string& key) {
  if (key.size() < 8) return 0;
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(key[i]);
  return value;
}

std::string PrefixEnd(const std::string& prefix) {
  std::string end = prefix;
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xFF) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

}  // namespace signpost::store
