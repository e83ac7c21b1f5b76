#include "hub/store/memory_store.h"

#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/error.h"

namespace signpost::store {
namespace {

// A value and the commit that wrote it; a key's versions are oldest first.
struct Version {
  uint64_t commit;
  std::optional<std::string> value;  // nullopt: deleted then
};
using Versions = std::vector<Version>;
using Table = std::map<std::string, Versions>;

const std::optional<std::string>* ValueAt(const Versions& versions, uint64_t commit) {
  for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
    if (it->commit <= commit) return &it->value;
  }
  return nullptr;
}

// Outlived by nothing: views hold it too, so that a test may close a store first.
class Tables {
 public:
  uint64_t OpenView() {
    absl::MutexLock lock(&mutex_);
    views_.insert(commit_);
    return commit_;
  }

  void CloseView(uint64_t commit) {
    absl::MutexLock lock(&mutex_);
    views_.erase(views_.find(commit));
  }

  std::optional<std::string> Get(uint64_t commit, Space space, const std::string& key) const {
    absl::ReaderMutexLock lock(&mutex_);
    const Table& table = tables_[static_cast<size_t>(space)];
    const auto found = table.find(key);
    if (found == table.end()) return std::nullopt;
    const std::optional<std::string>* value = ValueAt(found->second, commit);
    return value == nullptr ? std::nullopt : *value;
  }

  std::vector<KeyValue> Scan(uint64_t commit, Space space, const std::string& from,
                             const std::string& to, int rows_max) const {
    absl::ReaderMutexLock lock(&mutex_);
    const Table& table = tables_[static_cast<size_t>(space)];
    std::vector<KeyValue> rows;
    for (auto it = table.lower_bound(from); it != table.end(); ++it) {
      if (!to.empty() && it->first >= to) break;
      const std::optional<std::string>* value = ValueAt(it->second, commit);
      if (value == nullptr || !value->has_value()) continue;
      rows.push_back({it->first, **value});
      if (rows.size() == static_cast<size_t>(rows_max)) break;
    }
    return rows;
  }

  absl::StatusOr<uint64_t> Commit(const Batch& batch, const Fence& fence) {
    absl::MutexLock lock(&mutex_);
    const Table& meta = tables_[static_cast<size_t>(Space::kMeta)];
    const auto found = meta.find(kFenceKey);
    const std::optional<std::string>* head =
        found == meta.end() ? nullptr : ValueAt(found->second, commit_);
    if ((head == nullptr ? std::nullopt : *head) != fence.head) {
      return base::Error(base::Reason::kAborted, "somebody else writes to this store");
    }
    if (batch.empty()) return commit_;
    ++commit_;
    const uint64_t oldest_view = views_.empty() ? commit_ : *views_.begin();
    for (const Batch::Operation& operation : batch.operations()) Apply(operation, oldest_view);
    return commit_;
  }

  uint64_t revision() const {
    absl::ReaderMutexLock lock(&mutex_);
    return commit_;
  }

 private:
  void Apply(const Batch::Operation& operation, uint64_t oldest_view)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Table& table = tables_[static_cast<size_t>(operation.space)];
    const std::string key(operation.key);
    Versions& versions = table[key];
    if (!versions.empty() && versions.back().commit == commit_) versions.pop_back();
    std::optional<std::string> value;
    if (operation.value.has_value()) value.emplace(*operation.value);
    versions.push_back({commit_, std::move(value)});
    // What no view can reach any more: everything before the last version that the oldest sees.
    size_t keep = versions.size() - 1;
    while (keep > 0 && versions[keep].commit > oldest_view) --keep;
    versions.erase(versions.begin(), versions.begin() + static_cast<ptrdiff_t>(keep));
    if (versions.size() == 1 && !versions[0].value.has_value()) table.erase(key);
  }

  mutable absl::Mutex mutex_;
  std::array<Table, kSpaceCount> tables_ ABSL_GUARDED_BY(mutex_);
  uint64_t commit_ ABSL_GUARDED_BY(mutex_) = 0;
  std::multiset<uint64_t> views_ ABSL_GUARDED_BY(mutex_);
};

class MemoryView final : public View {
 public:
  explicit MemoryView(std::shared_ptr<Tables> tables)
      : tables_(std::move(tables)), commit_(tables_->OpenView()) {}
  ~MemoryView() override { tables_->CloseView(commit_); }

  uint64_t revision() const override { return commit_; }

  absl::StatusOr<std::optional<std::string>> Get(Space space,
                                                 const std::string& key) const override {
    return tables_->Get(commit_, space, key);
  }

  absl::StatusOr<std::vector<KeyValue>> Scan(Space space, const std::string& from,
                                             const std::string& to, int rows_max) const override {
    absl::Status status = CheckScan(from, to, rows_max);
    if (!status.ok()) return status;
    return tables_->Scan(commit_, space, from, to, rows_max);
  }

 private:
  const std::shared_ptr<Tables> tables_;
  const uint64_t commit_;
};

class MemoryStore final : public Store {
 public:
  absl::StatusOr<std::unique_ptr<View>> NewView() const override {
    return std::unique_ptr<View>(std::make_unique<MemoryView>(tables_));
  }

 private:
  absl::StatusOr<uint64_t> DoCommit(const Batch& batch, const Fence& fence) override {
    return tables_->Commit(batch, fence);
  }
  uint64_t DoRevision() const override { return tables_->revision(); }

  const std::shared_ptr<Tables> tables_ = std::make_shared<Tables>();
};

}  // namespace

std::unique_ptr<Store> NewMemoryStore() { return std::make_unique<MemoryStore>(); }

}  // namespace signpost::store
