#include "hub/store/store.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/check.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"

namespace signpost::store {
namespace {

using base::Error;
using base::Reason;

}  // namespace

absl::Status CheckKey(absl::string_view key) {
  if (!key.empty() && key.size() <= base::kStoreKeyBytesMax) return absl::OkStatus();
  return Error(Reason::kInvalidField, absl::StrCat("a store key has 1 to ", base::kStoreKeyBytesMax,
                                                   " bytes, this has ", key.size()));
}

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
    case Space::kOverrides:
      return "overrides";
    case Space::kEntryPersons:
      return "entry_persons";
  }
  return "";
}

void Batch::Add(Space space, absl::string_view key, absl::string_view value, bool deletes) {
  CHECK(key.size() <= UINT32_MAX && value.size() <= UINT32_MAX);
  // What most operations come to, so that they grow once.
  if (rows_.capacity() == 0) Reserve(16, 2048);
  rows_.push_back({bytes_.size(), static_cast<uint32_t>(key.size()),
                   static_cast<uint32_t>(value.size()), space, deletes});
  bytes_.append(key.data(), key.size());
  bytes_.append(value.data(), value.size());
}

void Batch::Put(Space space, absl::string_view key, absl::string_view value) {
  Add(space, key, value, /*deletes=*/false);
}

void Batch::Delete(Space space, absl::string_view key) {
  Add(space, key, absl::string_view(), /*deletes=*/true);
}

void Batch::Append(Batch&& other) {
  if (rows_.capacity() == 0) {
    *this = std::move(other);
  } else {
    const size_t behind = bytes_.size();
    bytes_ += other.bytes_;
    for (Row row : other.rows_) {
      row.offset += behind;
      rows_.push_back(row);
    }
  }
  other = Batch();
}

void Batch::Drop(Space space) {
  const auto is_of = [space](const Row& row) { return row.space == space; };
  if (std::none_of(rows_.begin(), rows_.end(), is_of)) return;
  Batch kept;
  kept.Reserve(rows_.size(), bytes_.size());
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (is_of(rows_[i])) continue;
    const Operation row = At(i);
    kept.Add(row.space, row.key, row.value.value_or(absl::string_view()), rows_[i].deletes);
  }
  *this = std::move(kept);
}

void Batch::Reserve(size_t rows, size_t bytes) {
  rows_.reserve(rows);
  bytes_.reserve(bytes);
}

absl::Status CheckLimits(const Batch& batch) {
  for (const Batch::Operation& operation : batch.operations()) {
    absl::Status status = CheckKey(operation.key);
    if (!status.ok()) return status;
    if (operation.value.has_value() && operation.value->size() > base::kStoreValueBytesMax) {
      return Error(Reason::kInvalidField,
                   absl::StrCat("a stored value has at most ", base::kStoreValueBytesMax,
                                " bytes, this has ", operation.value->size()));
    }
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

absl::StatusOr<std::vector<std::optional<std::string>>> View::GetMany(
    Space space, absl::Span<const std::string> keys) const {
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const std::string& key : keys) {
    absl::StatusOr<std::optional<std::string>> value = Get(space, key);
    if (!value.ok()) return value.status();
    values.push_back(*std::move(value));
  }
  return values;
}

absl::StatusOr<uint64_t> Store::Commit(Batch batch, const Fence& fence) {
  absl::Status status = CheckLimits(batch);
  if (!status.ok()) return status;
  absl::MutexLock lock(&commit_mutex_);
  const uint64_t before = DoRevision();
  absl::StatusOr<uint64_t> revision = DoCommit(batch, fence);
  if (revision.ok() && *revision != before) feed_.Publish(before, *revision, std::move(batch));
  return revision;
}

FeedPage Store::CommitsAfter(uint64_t revision) const {
  return feed_.After(revision, DoRevision());
}

absl::Status Store::CopyTo(const std::string& /*directory*/) const {
  return base::InvalidField("store.kind", "a store of this kind cannot be copied while it runs");
}

void Store::ForgetFeed() { feed_.Forget(); }

absl::Status VisitRows(const View& view, Space space, absl::FunctionRef<absl::Status(Batch)> commit,
                       absl::FunctionRef<absl::Status(const KeyValue& row, Batch* batch)> visit) {
  constexpr int kRowsPerBatch = 1000;
  std::string from;
  while (true) {
    absl::StatusOr<std::vector<KeyValue>> rows = view.Scan(space, from, "", kRowsPerBatch);
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return absl::OkStatus();
    Batch batch;
    for (const KeyValue& row : *rows) {
      absl::Status status = visit(row, &batch);
      if (!status.ok()) return status;
    }
    if (!batch.empty()) {
      absl::Status status = commit(std::move(batch));
      if (!status.ok()) return status;
    }
    from = rows->back().key + '\0';
  }
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
