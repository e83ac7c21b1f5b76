// What is RocksDB's own: what survives a kill, what is refused at opening, and what a full or
// broken disk does. The common promises are in tests/conformance.

#include "hub/store/rocksdb_store.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "tests/base/scratch_folder.h"

namespace signpost::store {
namespace {

using base::Reason;
using base::ReasonOf;
namespace fs = std::filesystem;

class RocksDbStoreTest : public ::testing::Test {
 protected:
  RocksDbStoreTest() { options_.path = folder_ / "db"; }

  std::unique_ptr<Store> Open() {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenRocksDbStore(options_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  static absl::Status Put(Store& store, Space space, const std::string& key,
                          const std::string& value) {
    Batch batch;
    batch.Put(space, key, value);
    return store.Commit(std::move(batch), {}).status();
  }
  static std::optional<std::string> Get(const Store& store, Space space, const std::string& key) {
    return *(*store.NewView())->Get(space, key);
  }

  // Commits `count` rows in another process, which is then killed without any chance to tidy up.
  // Returns once each commit has been acknowledged.
  void WriteAndDie(int count) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      absl::StatusOr<std::unique_ptr<Store>> store = OpenRocksDbStore(options_);
      if (!store.ok()) ::_exit(2);
      for (int i = 0; i < count; ++i) {
        if (!Put(**store, Space::kPeople, absl::StrCat("key", i), std::string(100, 'v')).ok()) {
          ::_exit(3);
        }
      }
      ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }
  int RowsKept(const Store& store) {
    return static_cast<int>((*store.NewView())->Scan(Space::kPeople, "", "", 1000)->size());
  }

  fs::path NewestWal() {
    fs::path newest;
    for (const fs::directory_entry& file : fs::directory_iterator(options_.path)) {
      if (file.path().extension() == ".log" && file.file_size() > 0 && file.path() > newest) {
        newest = file.path();
      }
    }
    return newest;
  }

  const base::ScratchFolder folder_;
  RocksDbOptions options_;
};

TEST_F(RocksDbStoreTest, KeepsEverythingAcrossAnOrderlyRestart) {
  ASSERT_TRUE(Put(*Open(), Space::kPeople, "a", "1").ok());
  EXPECT_EQ(Get(*Open(), Space::kPeople, "a"), "1");
}

TEST_F(RocksDbStoreTest, KeepsEveryAcknowledgedCommitAcrossAKill) {
  WriteAndDie(50);
  EXPECT_EQ(RowsKept(*Open()), 50);
}

// The negative control: the same kill must lose data when the sync is left out, or the test above
// would prove nothing.
TEST_F(RocksDbStoreTest, TheSameKillLosesDataWithoutSync) {
  options_.unsafe_no_sync_for_negative_control = true;
  WriteAndDie(50);
  options_.unsafe_no_sync_for_negative_control = false;
  EXPECT_LT(RowsKept(*Open()), 50);
}

TEST_F(RocksDbStoreTest, ATornLastRecordCostsOnlyThatRecord) {
  WriteAndDie(50);
  const fs::path wal = NewestWal();
  ASSERT_FALSE(wal.empty());
  fs::resize_file(wal, fs::file_size(wal) - 10);
  EXPECT_EQ(RowsKept(*Open()), 49);
}

TEST_F(RocksDbStoreTest, DamageInTheMiddleOfTheLogIsRefused) {
  WriteAndDie(50);
  const fs::path wal = NewestWal();
  ASSERT_FALSE(wal.empty());
  std::fstream file(wal, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(wal) / 2));
  file.write("\xDE\xAD\xBE\xEF", 4);
  file.close();
  EXPECT_EQ(ReasonOf(OpenRocksDbStore(options_).status()), Reason::kDataLoss);
}

TEST_F(RocksDbStoreTest, AStoreOfAnotherSchemaIsRefusedAndLeftAlone) {
  for (const uint64_t other : {kSchemaVersion + 1, kSchemaVersion - 1}) {
    fs::remove_all(options_.path);
    ASSERT_TRUE(Put(*Open(), Space::kMeta, kSchemaVersionKey, KeyU64(other)).ok());
    EXPECT_EQ(ReasonOf(OpenRocksDbStore(options_).status()), Reason::kStoreNewer);
    EXPECT_EQ(ReasonOf(OpenRocksDbStore(options_).status()), Reason::kStoreNewer);
    EXPECT_EQ(ReasonOf(RocksDbEngine().Open(options_.path, /*read_only=*/true).status()),
              Reason::kStoreNewer);
  }
}

TEST_F(RocksDbStoreTest, RevisionsGoOnAfterARestartAndWhoeverFollowedHasAGap) {
  uint64_t before = 0;
  {
    const std::unique_ptr<Store> store = Open();
    ASSERT_TRUE(Put(*store, Space::kPeople, "a", "1").ok());
    before = (*store->NewView())->revision();
    ASSERT_TRUE(Put(*store, Space::kPeople, "a", "2").ok());
    EXPECT_EQ(store->CommitsAfter(before).commits.size(), 1u);
  }
  const std::unique_ptr<Store> store = Open();
  EXPECT_GT((*store->NewView())->revision(), before);
  EXPECT_TRUE(store->CommitsAfter(before).gap);
  ASSERT_TRUE(Put(*store, Space::kPeople, "a", "3").ok());
  EXPECT_TRUE(store->CommitsAfter(before).gap);
}

TEST_F(RocksDbStoreTest, NoFileHoldsWhatWasForgotten) {
  const auto held = [this](const std::string& bytes) {
    int files = 0;
    for (const auto& file : fs::directory_iterator(options_.path)) {
      std::ifstream in(file.path(), std::ios::binary);
      const std::string all((std::istreambuf_iterator<char>(in)), {});
      if (all.find(bytes) != std::string::npos) ++files;
    }
    return files;
  };
  const std::string tables = base::Sha256("in tables");
  const std::string deleted = base::Sha256("in tables, and deleted");
  const std::string log = base::Sha256("in the log");
  const std::string kept = base::Sha256("kept");
  ASSERT_TRUE(Put(*Open(), Space::kPersonKeys, "a", tables).ok());
  ASSERT_TRUE(Put(*Open(), Space::kPersonKeys, "b", deleted).ok());
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(Put(*store, Space::kPersonKeys, "c", log).ok());
  ASSERT_TRUE(Put(*store, Space::kPersonKeys, "d", kept).ok());
  ASSERT_TRUE(Put(*store, Space::kPeople, "d", "another space").ok());
  for (const std::string& bytes : {tables, deleted, log}) ASSERT_GT(held(bytes), 0);
  std::unique_ptr<View> view = *store->NewView();
  Batch batch;
  batch.Put(Space::kPersonKeys, "a", "new");
  batch.Delete(Space::kPersonKeys, "b");
  batch.Put(Space::kPersonKeys, "c", "new");
  ASSERT_TRUE(store->Commit(std::move(batch), {}).ok());
  EXPECT_EQ(ReasonOf(ForgetRows(*store, Space::kPersonKeys)), Reason::kAborted) << "it shows them";
  view.reset();
  const absl::Status forgotten = ForgetRows(*store, Space::kPersonKeys);
  ASSERT_TRUE(forgotten.ok()) << forgotten;
  for (const std::string& bytes : {tables, deleted, log}) EXPECT_EQ(held(bytes), 0);
  EXPECT_GT(held(kept), 0);
  EXPECT_EQ(Get(*store, Space::kPersonKeys, "a"), "new");
  EXPECT_EQ(Get(*store, Space::kPersonKeys, "d"), kept);
}

TEST_F(RocksDbStoreTest, ASecondOpenerIsRefused) {
  const std::unique_ptr<Store> first = Open();
  EXPECT_EQ(ReasonOf(OpenRocksDbStore(options_).status()), Reason::kStoreUnavailable);
}

TEST_F(RocksDbStoreTest, ADirectoryThatCannotBeMadeIsRefused) {
  options_.path = folder_ / "no/such/parent";
  EXPECT_EQ(ReasonOf(OpenRocksDbStore(options_).status()), Reason::kStoreUnavailable);
}

TEST_F(RocksDbStoreTest, AFullDiskIsToldBeforeAnythingIsWritten) {
  ASSERT_TRUE(Put(*Open(), Space::kPeople, "a", "1").ok());
  options_.free_bytes_min = UINT64_MAX / 2;
  {
    const std::unique_ptr<Store> store = Open();
    EXPECT_EQ(ReasonOf(Put(*store, Space::kPeople, "a", "2")), Reason::kStoreFull);
    EXPECT_EQ(ReasonOf(Put(*store, Space::kPeople, "a", "2")), Reason::kStoreFull);
    EXPECT_EQ(Get(*store, Space::kPeople, "a"), "1");
  }
  options_.free_bytes_min = 0;
  EXPECT_TRUE(Put(*Open(), Space::kPeople, "a", "2").ok());
}

// A write that fails for real: the process may not grow its files any further.
TEST_F(RocksDbStoreTest, AfterAFailedWriteNothingIsAcknowledgedAgain) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenRocksDbStore(options_);
    if (!store.ok() || !Put(**store, Space::kPeople, "before", "1").ok()) ::_exit(2);
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small = {4096, RLIM_INFINITY}, back = {RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const absl::Status failed = Put(**store, Space::kPeople, "failed", std::string(200'000, 'v'));
    ::setrlimit(RLIMIT_FSIZE, &back);
    if (ReasonOf(failed) != Reason::kStoreUnavailable) ::_exit(3);
    if (ReasonOf(Put(**store, Space::kPeople, "later", "1")) != Reason::kStoreUnavailable) {
      ::_exit(4);
    }
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const std::unique_ptr<Store> store = Open();
  EXPECT_EQ(Get(*store, Space::kPeople, "before"), "1");
  EXPECT_EQ(Get(*store, Space::kPeople, "later"), std::nullopt);
}

TEST_F(RocksDbStoreTest, OpenToReadSeesAllAndWritesNothing) {
  options_.read_only = true;
  EXPECT_FALSE(OpenRocksDbStore(options_).ok()) << "there is nothing to read yet";
  options_.read_only = false;
  const std::unique_ptr<Store> writer = Open();
  ASSERT_TRUE(Put(*writer, Space::kPeople, "a", "1").ok());
  options_.read_only = true;
  const std::unique_ptr<Store> reader = Open();
  EXPECT_EQ(Get(*reader, Space::kPeople, "a"), "1");
  EXPECT_EQ(ReasonOf(Put(*reader, Space::kPeople, "a", "2")), Reason::kStoreUnavailable);
}

}  // namespace
}  // namespace signpost::store
