// One suite, every store: what store.h promises, held against RocksDB, memory, and the hostile twin
// over each of them while it is left in peace.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "hub/store/rocksdb_store.h"
#include "hub/store/store.h"

namespace signpost::store {
namespace {

using base::Reason;
using base::ReasonOf;

class TempDirectory {
 public:
  TempDirectory() {
    char name[] = "/tmp/store_conformance.XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TempDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Memory {
  std::unique_ptr<Store> inner = NewMemoryStore();
  Store* store = inner.get();
};

struct RocksDb {
  RocksDb() {
    RocksDbOptions options;
    options.path = directory.path() + "/db";
    absl::StatusOr<std::unique_ptr<Store>> opened = OpenRocksDbStore(options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    inner = *std::move(opened);
    store = inner.get();
  }
  TempDirectory directory;
  std::unique_ptr<Store> inner;
  Store* store;
};

template <typename Inner>
struct BenignHostile {
  Inner inner;
  HostileStore hostile{inner.store};
  Store* store = &hostile;
};

template <typename Engine>
class StoreConformance : public ::testing::Test {
 protected:
  Store& store() { return *engine_.store; }

  std::optional<std::string> Get(Space space, const std::string& key) {
    return *(*store().NewView())->Get(space, key);
  }
  std::vector<std::string> Keys(const std::string& from, const std::string& to, int rows_max) {
    std::vector<std::string> keys;
    const std::vector<KeyValue> rows =
        *(*store().NewView())->Scan(Space::kPeople, from, to, rows_max);
    for (const KeyValue& row : rows) keys.push_back(row.key);
    return keys;
  }
  absl::Status Put(const std::string& key, const std::string& value) {
    Batch batch;
    batch.Put(Space::kPeople, key, value);
    return store().Commit(std::move(batch), {});
  }

  Engine engine_;
};

using Engines = ::testing::Types<Memory, RocksDb, BenignHostile<Memory>, BenignHostile<RocksDb>>;
TYPED_TEST_SUITE(StoreConformance, Engines);

TYPED_TEST(StoreConformance, ReadsBackWhatWasWritten) {
  ASSERT_TRUE(this->Put("a", "1").ok());
  EXPECT_EQ(this->Get(Space::kPeople, "a"), "1");
  EXPECT_EQ(this->Get(Space::kPeople, "b"), std::nullopt);
  ASSERT_TRUE(this->Put("a", "").ok());
  EXPECT_EQ(this->Get(Space::kPeople, "a"), "");
}

TYPED_TEST(StoreConformance, KeepsSpacesApart) {
  for (int i = 0; i < kSpaceCount; ++i) {
    Batch batch;
    batch.Put(static_cast<Space>(i), "key", absl::StrCat("value ", i));
    ASSERT_TRUE(this->store().Commit(std::move(batch), {}).ok());
  }
  for (int i = 0; i < kSpaceCount; ++i) {
    EXPECT_EQ(this->Get(static_cast<Space>(i), "key"), absl::StrCat("value ", i));
    EXPECT_STRNE(SpaceName(static_cast<Space>(i)), "");
  }
}

TYPED_TEST(StoreConformance, TheLastOperationOnAKeyWins) {
  Batch batch;
  batch.Put(Space::kPeople, "a", "1");
  batch.Put(Space::kPeople, "a", "2");
  batch.Put(Space::kPeople, "b", "1");
  batch.Delete(Space::kPeople, "b");
  batch.Delete(Space::kPeople, "c");
  batch.Put(Space::kPeople, "c", "3");
  batch.Delete(Space::kPeople, "never there");
  ASSERT_TRUE(this->store().Commit(std::move(batch), {}).ok());
  EXPECT_EQ(this->Get(Space::kPeople, "a"), "2");
  EXPECT_EQ(this->Get(Space::kPeople, "b"), std::nullopt);
  EXPECT_EQ(this->Get(Space::kPeople, "c"), "3");
}

TYPED_TEST(StoreConformance, ABatchAppendedStandsBehind) {
  Batch first, second;
  first.Put(Space::kPeople, "a", "1");
  second.Put(Space::kPeople, "a", "2");
  const size_t bytes = first.bytes() + second.bytes();
  first.Append(std::move(second));
  EXPECT_EQ(first.bytes(), bytes);
  ASSERT_TRUE(this->store().Commit(std::move(first), {}).ok());
  EXPECT_EQ(this->Get(Space::kPeople, "a"), "2");
}

TYPED_TEST(StoreConformance, ScansInUnsignedByteOrderWithinBounds) {
  for (const std::string& key : {std::string("\xFF"), std::string("b"), std::string("a"),
                                 std::string("a\0", 2), std::string("\x7F")}) {
    ASSERT_TRUE(this->Put(key, "v").ok());
  }
  const std::string a0("a\0", 2);
  EXPECT_EQ(this->Keys("", "", 10), (std::vector<std::string>{"a", a0, "b", "\x7F", "\xFF"}));
  EXPECT_EQ(this->Keys("a", "b", 10), (std::vector<std::string>{"a", a0}));
  EXPECT_EQ(this->Keys(a0, "", 2), (std::vector<std::string>{a0, "b"}));
  EXPECT_EQ(this->Keys("b", "b", 10), (std::vector<std::string>{}));
  // The next page begins at the last key + '\0'.
  EXPECT_EQ(this->Keys(std::string("b\0", 2), "", 10), (std::vector<std::string>{"\x7F", "\xFF"}));
}

TYPED_TEST(StoreConformance, AScanThatMakesNoSenseIsRefused) {
  const std::unique_ptr<View> view = *this->store().NewView();
  EXPECT_EQ(ReasonOf(view->Scan(Space::kPeople, "", "", 0).status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(view->Scan(Space::kPeople, "b", "a", 1).status()), Reason::kInvalidField);
}

TYPED_TEST(StoreConformance, AViewStaysAtItsInstant) {
  ASSERT_TRUE(this->Put("a", "1").ok());
  ASSERT_TRUE(this->Put("gone", "1").ok());
  const std::unique_ptr<View> before = *this->store().NewView();
  Batch batch;
  batch.Put(Space::kPeople, "a", "2");
  batch.Put(Space::kPeople, "b", "new");
  batch.Delete(Space::kPeople, "gone");
  ASSERT_TRUE(this->store().Commit(std::move(batch), {}).ok());
  const std::unique_ptr<View> between = *this->store().NewView();
  ASSERT_TRUE(this->Put("a", "3").ok());

  EXPECT_EQ(*before->Get(Space::kPeople, "a"), "1");
  EXPECT_EQ(*before->Get(Space::kPeople, "b"), std::nullopt);
  EXPECT_EQ(before->Scan(Space::kPeople, "", "", 10)->size(), 2u);
  EXPECT_EQ(*between->Get(Space::kPeople, "a"), "2");
  EXPECT_EQ(*between->Get(Space::kPeople, "gone"), std::nullopt);
  EXPECT_EQ(this->Get(Space::kPeople, "a"), "3");
}

TYPED_TEST(StoreConformance, APreconditionThatHoldsLetsTheCommitThrough) {
  ASSERT_TRUE(this->Put("a", "1").ok());
  Batch batch;
  batch.Put(Space::kPeople, "a", "2");
  const std::vector<Precondition> holds = {{Space::kPeople, "a", "1"},
                                           {Space::kPeople, "b", std::nullopt}};
  ASSERT_TRUE(this->store().Commit(std::move(batch), holds).ok());
  EXPECT_EQ(this->Get(Space::kPeople, "a"), "2");
}

TYPED_TEST(StoreConformance, APreconditionThatFailsChangesNothing) {
  ASSERT_TRUE(this->Put("a", "1").ok());
  const std::vector<Precondition> fails[] = {
      {{Space::kPeople, "a", "2"}},
      {{Space::kPeople, "a", std::nullopt}},
      {{Space::kPeople, "a", ""}},
      {{Space::kPeople, "absent", ""}},
      {{Space::kPeople, "a", "1"}, {Space::kRegistry, "a", "1"}},
  };
  for (const std::vector<Precondition>& preconditions : fails) {
    Batch batch;
    batch.Put(Space::kPeople, "a", "changed");
    batch.Put(Space::kMeta, "other", "changed");
    EXPECT_EQ(ReasonOf(this->store().Commit(std::move(batch), preconditions)), Reason::kAborted);
  }
  EXPECT_EQ(this->Get(Space::kPeople, "a"), "1");
  EXPECT_EQ(this->Get(Space::kMeta, "other"), std::nullopt);
  ASSERT_TRUE(this->Put("a", "after").ok()) << "an aborted commit must not break the store";
}

TYPED_TEST(StoreConformance, KeysAreCheckedAtTheLimitAndOnePast) {
  EXPECT_TRUE(this->Put(std::string(base::kStoreKeyBytesMax, 'k'), "v").ok());
  EXPECT_EQ(ReasonOf(this->Put(std::string(base::kStoreKeyBytesMax + 1, 'k'), "v")),
            Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(this->Put("", "v")), Reason::kInvalidField);
  const std::vector<Precondition> bad = {{Space::kPeople, "", std::nullopt}};
  EXPECT_EQ(ReasonOf(this->store().Commit(Batch(), bad)), Reason::kInvalidField);
}

TYPED_TEST(StoreConformance, ValuesAreCheckedAtTheLimitAndOnePast) {
  EXPECT_TRUE(this->Put("k", std::string(base::kStoreValueBytesMax, 'v')).ok());
  EXPECT_EQ(ReasonOf(this->Put("k", std::string(base::kStoreValueBytesMax + 1, 'v'))),
            Reason::kInvalidField);
  EXPECT_EQ(this->Get(Space::kPeople, "k")->size(), base::kStoreValueBytesMax);
}

TYPED_TEST(StoreConformance, OneOfManyWritersWinsEachRound) {
  constexpr int kWriters = 4, kRounds = 25;
  ASSERT_TRUE(this->Put("counter", "0").ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < kWriters; ++t) {
    threads.emplace_back([this] {
      for (int done = 0; done < kRounds;) {
        const std::string held = *this->Get(Space::kPeople, "counter");
        Batch batch;
        batch.Put(Space::kPeople, "counter", absl::StrCat(std::stoi(held) + 1));
        const Precondition same{Space::kPeople, "counter", held};
        const absl::Status status = this->store().Commit(std::move(batch), {&same, 1});
        if (status.ok()) {
          ++done;
        } else {
          ASSERT_EQ(ReasonOf(status), Reason::kAborted);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(this->Get(Space::kPeople, "counter"), absl::StrCat(kWriters * kRounds));
}

TEST(StoreKeys, NumbersSortAsKeysAndReadBack) {
  const uint64_t numbers[] = {0, 1, 255, 256, 1u << 31, uint64_t{1} << 63, UINT64_MAX};
  for (size_t i = 0; i < std::size(numbers); ++i) {
    EXPECT_EQ(U64FromKey(KeyU64(numbers[i])), numbers[i]);
    if (i > 0) {
      EXPECT_LT(KeyU64(numbers[i - 1]), KeyU64(numbers[i]));
    }
  }
  EXPECT_EQ(U64FromKey("short"), 0u);
}

TEST(StoreKeys, APrefixEndsBehindAllThatBeginsWithIt) {
  EXPECT_EQ(PrefixEnd("ab"), "ac");
  EXPECT_EQ(PrefixEnd("a\xFF\xFF"), "b");
  EXPECT_EQ(PrefixEnd("\xFF"), "");
  EXPECT_EQ(PrefixEnd(""), "");
}

}  // namespace
}  // namespace signpost::store
