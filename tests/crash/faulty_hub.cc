// signpost-hub with a fault built in, for the crash harness to find: the whole hub, on a store that
// breaks its word. Never installed. SIGNPOST_FAULT names the fault:
//
//   answer-first   a commit is acknowledged at once and reaches the disk a while later
//   drop-entry     one ledger entry in forty is left out of its commit
//   (none)         the store as it is
//
// Says "hub_started" as signpost-hub does, and serves until it is killed or told to stop.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "hub/app/config.h"
#include "hub/app/hub.h"
#include "hub/base/executor.h"
#include "hub/store/memory_store.h"
#include "hub/store/rocksdb_store.h"
#include "hub/store/store.h"

namespace signpost::crash {
namespace {

using store::Batch;
using store::Space;

constexpr absl::Duration kLate = absl::Milliseconds(60);
constexpr uint64_t kDroppedOneIn = 40;

// Everything is read from memory, and written there before it is written to the disk.
class AnswersFirst final : public store::Store {
 public:
  explicit AnswersFirst(std::unique_ptr<store::Store> disk)
      : disk_(std::move(disk)), memory_(store::NewMemoryStore()), writer_(1, 1 << 20) {
    const auto view = disk_->NewView();
    Batch all;
    for (int space = 0; space < store::kSpaceCount; ++space) {
      std::string from;
      while (true) {
        const auto rows = (*view)->Scan(static_cast<Space>(space), from, "", 1000).value();
        for (const store::KeyValue& row : rows) {
          all.Put(static_cast<Space>(space), row.key, row.value);
        }
        if (rows.size() < 1000) break;
        from = rows.back().key + '\0';
      }
    }
    (void)memory_->Commit(std::move(all), {});
  }
  [[nodiscard]] absl::StatusOr<std::unique_ptr<store::View>> NewView() const override {
    return memory_->NewView();
  }

 private:
  absl::StatusOr<uint64_t> DoCommit(const Batch& batch, const store::Fence& fence) override {
    const absl::StatusOr<uint64_t> committed = memory_->Commit(batch, fence);
    if (!committed.ok()) return committed;
    (void)writer_.Run([this, copy = batch, fence, due = absl::Now() + kLate]() mutable {
      absl::SleepFor(due - absl::Now());
      (void)disk_->Commit(std::move(copy), fence);
    });
    return committed;
  }
  uint64_t DoRevision() const override { return (*memory_->NewView())->revision(); }

  const std::unique_ptr<store::Store> disk_;
  const std::unique_ptr<store::Store> memory_;
  base::ThreadPool writer_;
};

class DropsEntries final : public store::Store {
 public:
  explicit DropsEntries(std::unique_ptr<store::Store> disk) : disk_(std::move(disk)) {}
  [[nodiscard]] absl::StatusOr<std::unique_ptr<store::View>> NewView() const override {
    return disk_->NewView();
  }

 private:
  absl::StatusOr<uint64_t> DoCommit(const Batch& batch, const store::Fence& fence) override {
    Batch kept;
    for (const Batch::Operation& operation : batch.operations()) {
      if (operation.space == Space::kEntries && ++entries_ % kDroppedOneIn == 0) continue;
      if (operation.value.has_value()) {
        kept.Put(operation.space, operation.key, *operation.value);
      } else {
        kept.Delete(operation.space, operation.key);
      }
    }
    return disk_->Commit(std::move(kept), fence);
  }
  uint64_t DoRevision() const override { return (*disk_->NewView())->revision(); }

  const std::unique_ptr<store::Store> disk_;
  uint64_t entries_ = 0;  // by the sequencer's thread alone
};

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

int Serve(const std::string& config_file) {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  const absl::StatusOr<app::HubConfig> config = app::ReadHubConfig(config_file);
  if (!config.ok()) return Fail(config.status());
  store::RocksDbOptions options;
  options.path = config->store_path;
  absl::StatusOr<std::unique_ptr<store::Store>> disk = store::OpenRocksDbStore(options);
  if (!disk.ok()) return Fail(disk.status());
  const char* const named = std::getenv("SIGNPOST_FAULT");
  const std::string fault = named == nullptr ? "" : named;
  std::unique_ptr<store::Store> store = *std::move(disk);
  if (fault == "answer-first") store = std::make_unique<AnswersFirst>(std::move(store));
  if (fault == "drop-entry") store = std::make_unique<DropsEntries>(std::move(store));
  app::Hub::Overrides overrides;
  overrides.store = store.get();
  absl::StatusOr<std::unique_ptr<app::Hub>> hub = app::Hub::Open(*config, overrides);
  if (!hub.ok()) return Fail(hub.status());
  if (absl::Status serving = (*hub)->Serve(); !serving.ok()) return Fail(serving);
  int signal = 0;
  sigwait(&stops, &signal);
  (*hub)->Shutdown();
  return 0;
}

}  // namespace
}  // namespace signpost::crash

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--config") return signpost::crash::Serve(argv[2]);
  std::fputs("usage: faulty_hub --config FILE\n", stderr);
  return 2;
}
