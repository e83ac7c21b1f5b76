// One suite, every store: what store.h promises, held against RocksDB, memory, and the hostile twin
// over each of them while it is left in peace.

#include <algorithm>
#include <cstdlib>
#include <map>
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
#include "tests/base/scratch_folder.h"

namespace signpost::store {
namespace {

using base::Reason;
using base::ReasonOf;

struct Memory {
  std::unique_ptr<Store> inner = NewMemoryStore();
  Store* store = inner.get();
};

struct RocksDb {
  RocksDb() {
    RocksDbOptions options;
    options.path = directory / "db";
    absl::StatusOr<std::unique_ptr<Store>> opened = OpenRocksDbStore(options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    inner = *std::move(opened);
    store = inner.get();
  }
  const base::ScratchFolder directory;
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
    return store().Commit(std::move(batch), {}).status();
  }
  uint64_t Revision() { return (*store().NewView())->revision(); }
  // As a ledger's writer does: the head moves from `from` to `to`.
  absl::StatusOr<uint64_t> MoveHead(std::optional<std::string> from, const std::string& to) {
    Batch batch;
    batch.Put(Space::kMeta, kFenceKey, to);
    return store().Commit(std::move(batch), Fence{std::move(from)});
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

// Some engines keep the rows of some spaces by hash.
TYPED_TEST(StoreConformance, EverySpaceIsReadInOrderOfItsKeys) {
  for (int i = 0; i < kSpaceCount; ++i) {
    const Space space = static_cast<Space>(i);
    if (space == Space::kMeta) continue;  // the engine has a row of its own there
    std::vector<std::string> keys;
    for (int n = 0; n < 300; ++n) {
      // All lengths up to 40, and many with the same beginning.
      keys.push_back(std::string(static_cast<size_t>(n % 20), 'k') +
                     std::to_string(n * 7919 % 1000) +
                     std::string(static_cast<size_t>(n % 18), 'z'));
    }
    Batch batch;
    for (const std::string& key : keys) batch.Put(space, key, "v" + key);
    ASSERT_TRUE(this->store().Commit(std::move(batch), {}).ok());
    Batch gone;
    gone.Delete(space, keys.back());
    ASSERT_TRUE(this->store().Commit(std::move(gone), {}).ok());
    keys.pop_back();
    std::sort(keys.begin(), keys.end());

    const std::unique_ptr<View> view = *this->store().NewView();
    std::vector<std::string> seen;
    std::string from;
    while (true) {
      const std::vector<KeyValue> page = *view->Scan(space, from, "", 37);
      for (const KeyValue& row : page) {
        EXPECT_EQ(row.value, "v" + row.key);
        seen.push_back(row.key);
      }
      if (page.size() < 37) break;
      from = page.back().key + std::string(1, '\0');
    }
    EXPECT_EQ(seen, keys) << SpaceName(space);
    // Within one beginning, and across two.
    const std::string prefix(10, 'k');
    const auto begins = [&keys](const std::string& start) {
      return std::count_if(keys.begin(), keys.end(), [&start](const std::string& key) {
        return key.compare(0, start.size(), start) == 0;
      });
    };
    EXPECT_EQ(static_cast<int64_t>(view->Scan(space, prefix, PrefixEnd(prefix), 1000)->size()),
              begins(prefix))
        << SpaceName(space);
    EXPECT_EQ(*view->Get(space, keys[17]), "v" + keys[17]);
    EXPECT_EQ(*view->Get(space, "not there"), std::nullopt);
  }
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

TYPED_TEST(StoreConformance, ManyReadsAtOnceAreThoseOneByOne) {
  ASSERT_TRUE(this->Put("a", "1").ok());
  ASSERT_TRUE(this->Put("c", "").ok());
  const std::unique_ptr<View> view = *this->store().NewView();
  ASSERT_TRUE(this->Put("a", "later").ok());
  const std::vector<std::string> keys = {"c", "b", "a", "a", "z"};
  const auto values = view->GetMany(Space::kPeople, keys);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(*values,
            (std::vector<std::optional<std::string>>{"", std::nullopt, "1", "1", std::nullopt}));
  EXPECT_TRUE(view->GetMany(Space::kPeople, {})->empty());
}

// --- Revisions ---

TYPED_TEST(StoreConformance, EachCommitHasAGreaterRevisionAndAViewIsOfItsLastOne) {
  uint64_t last = this->Revision();
  for (int i = 0; i < 5; ++i) {
    Batch batch;
    for (int row = 0; row <= i; ++row) batch.Put(Space::kPeople, absl::StrCat(row), "v");
    const absl::StatusOr<uint64_t> revision = this->store().Commit(std::move(batch), {});
    ASSERT_TRUE(revision.ok()) << revision.status();
    EXPECT_GT(*revision, last);
    EXPECT_EQ(this->Revision(), *revision);
    last = *revision;
  }
  const std::unique_ptr<View> view = *this->store().NewView();
  ASSERT_TRUE(this->Put("a", "1").ok());
  EXPECT_EQ(view->revision(), last) << "a view stays of its revision";
  EXPECT_GT(this->Revision(), last);
}

TYPED_TEST(StoreConformance, ACommitThatChangesNothingMakesNoRevision) {
  ASSERT_TRUE(this->Put("a", "1").ok());
  const uint64_t revision = this->Revision();
  EXPECT_EQ(*this->store().Commit(Batch(), {}), revision);
  EXPECT_EQ(ReasonOf(this->MoveHead("another", "x").status()), Reason::kAborted);
  EXPECT_EQ(this->Revision(), revision);
  EXPECT_TRUE(this->store().CommitsAfter(revision).commits.empty());
  EXPECT_FALSE(this->store().CommitsAfter(revision).gap);
}

// --- The fence ---

TYPED_TEST(StoreConformance, ACommitWhoseFenceHoldsPasses) {
  ASSERT_TRUE(this->MoveHead(std::nullopt, "head 1").ok());
  ASSERT_TRUE(this->MoveHead("head 1", "head 2").ok());
  EXPECT_EQ(this->Get(Space::kMeta, kFenceKey), "head 2");
}

TYPED_TEST(StoreConformance, ACommitWhoseFenceDoesNotHoldChangesNothing) {
  ASSERT_TRUE(this->Put("a", "1").ok());
  ASSERT_TRUE(this->MoveHead(std::nullopt, "head").ok());
  for (const Fence& fence : {Fence{}, Fence{""}, Fence{"hea"}, Fence{"head "}}) {
    Batch batch;
    batch.Put(Space::kPeople, "a", "changed");
    batch.Put(Space::kMeta, "other", "changed");
    EXPECT_EQ(ReasonOf(this->store().Commit(std::move(batch), fence).status()), Reason::kAborted);
    EXPECT_EQ(ReasonOf(this->store().Commit(Batch(), fence).status()), Reason::kAborted);
  }
  EXPECT_EQ(this->Get(Space::kPeople, "a"), "1");
  EXPECT_EQ(this->Get(Space::kMeta, "other"), std::nullopt);
  EXPECT_TRUE(this->MoveHead("head", "after").ok()) << "an aborted commit must not break the store";
}

TYPED_TEST(StoreConformance, ASecondWriterIsStoppedByTheHeadOfTheFirst) {
  ASSERT_TRUE(this->MoveHead(std::nullopt, "head 1").ok());
  // Both have read the same head; one of them commits, and the other's next commit of any kind
  // fails, whatever rows it touches.
  ASSERT_TRUE(this->MoveHead("head 1", "the first writer's").ok());
  EXPECT_EQ(ReasonOf(this->MoveHead("head 1", "the second writer's").status()), Reason::kAborted);
  Batch other_rows;
  other_rows.Put(Space::kCheckpoints, "c", "a checkpoint of the second writer");
  EXPECT_EQ(ReasonOf(this->store().Commit(std::move(other_rows), Fence{"head 1"}).status()),
            Reason::kAborted);
  EXPECT_EQ(this->Get(Space::kMeta, kFenceKey), "the first writer's");
  EXPECT_EQ(this->Get(Space::kCheckpoints, "c"), std::nullopt);
}

// --- The feed ---

TYPED_TEST(StoreConformance, WhatWasCommittedIsToldInOrder) {
  ASSERT_TRUE(this->Put("before", "1").ok());
  const uint64_t start = this->Revision();
  std::vector<uint64_t> revisions;
  for (int i = 0; i < 4; ++i) {
    Batch batch;
    batch.Put(Space::kPeople, "a", absl::StrCat(i));
    batch.Delete(Space::kRegistry, absl::StrCat("gone ", i));
    revisions.push_back(*this->store().Commit(std::move(batch), {}));
  }
  const FeedPage page = this->store().CommitsAfter(start);
  EXPECT_FALSE(page.gap);
  ASSERT_EQ(page.commits.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(page.commits[i]->revision, revisions[i]);
    const auto rows = page.commits[i]->rows.operations();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].key, "a");
    EXPECT_EQ(rows[0].value, absl::StrCat(i));
    EXPECT_EQ(rows[1].space, Space::kRegistry);
    EXPECT_EQ(rows[1].value, std::nullopt);
  }
  // From any of them on.
  EXPECT_EQ(this->store().CommitsAfter(revisions[1]).commits.size(), 2u);
  EXPECT_TRUE(this->store().CommitsAfter(revisions[3]).commits.empty());
  EXPECT_FALSE(this->store().CommitsAfter(revisions[3]).gap);
}

TYPED_TEST(StoreConformance, WrappedKeysOfYoungPersonsNeverEnterTheFeed) {
  const uint64_t start = this->Revision();
  Batch batch;
  batch.Put(Space::kPersonKeys, "person", "wrapped key");
  batch.Put(Space::kPeople, "person", "row");
  batch.Delete(Space::kPersonKeys, "erased");
  ASSERT_TRUE(this->store().Commit(std::move(batch), {}).ok());
  const FeedPage page = this->store().CommitsAfter(start);
  ASSERT_EQ(page.commits.size(), 1u);
  ASSERT_EQ(page.commits[0]->rows.operations().size(), 1u);
  EXPECT_EQ(page.commits[0]->rows.operations()[0].space, Space::kPeople);
  EXPECT_EQ(this->Get(Space::kPersonKeys, "person"), "wrapped key");
}

TYPED_TEST(StoreConformance, AFollowerFromElsewhereHasAGap) {
  ASSERT_TRUE(this->Put("a", "1").ok());
  const uint64_t now = this->Revision();
  // From before this object was opened, and from a later state of a store that was put back.
  EXPECT_TRUE(this->store().CommitsAfter(now + 1).gap);
  EXPECT_FALSE(this->store().CommitsAfter(now).gap);
  EXPECT_TRUE(this->store().CommitsAfter(now + 1).commits.empty());
}

// Follows a store by the book, and counts how often it had to begin again.
class Mirror {
 public:
  explicit Mirror(const Store* store) : store_(store) { Begin(); }

  void CatchUp() {
    const FeedPage page = store_->CommitsAfter(revision_);
    if (page.gap) return Begin();
    for (const auto& commit : page.commits) {
      for (const Batch::Operation& row : commit->rows.operations()) {
        if (row.space != Space::kPeople) continue;
        if (row.value.has_value()) {
          rows_[std::string(row.key)] = std::string(*row.value);
        } else {
          rows_.erase(std::string(row.key));
        }
      }
      revision_ = commit->revision;
    }
  }
  bool IsRight() const {
    std::map<std::string, std::string> held;
    const std::unique_ptr<View> view = *store_->NewView();
    const auto rows = view->Scan(Space::kPeople, "", "", 100'000);
    for (const KeyValue& row : *rows) held[row.key] = row.value;
    return held == rows_;
  }
  int begun() const { return begun_; }

 private:
  void Begin() {
    ++begun_;
    rows_.clear();
    const std::unique_ptr<View> view = *store_->NewView();
    const auto rows = view->Scan(Space::kPeople, "", "", 100'000);
    for (const KeyValue& row : *rows) rows_[row.key] = row.value;
    revision_ = view->revision();
  }

  const Store* const store_;
  std::map<std::string, std::string> rows_;
  uint64_t revision_ = 0;
  int begun_ = 0;
};

TYPED_TEST(StoreConformance, AFollowerThatKeepsUpSeesEverythingAndASlowOneBeginsAgain) {
  ASSERT_TRUE(this->Put("before", "1").ok());
  Mirror quick(&this->store()), slow(&this->store());
  const auto commit = [this](int i) {
    Batch batch;
    batch.Put(Space::kPeople, absl::StrCat("k", i % 7), absl::StrCat(i));
    if (i % 3 == 0) batch.Delete(Space::kPeople, absl::StrCat("k", (i + 1) % 7));
    ASSERT_TRUE(this->store().Commit(std::move(batch), {}).ok());
  };
  const int kept = static_cast<int>(base::kFeedCommitsMax);
  for (int i = 0; i < kept; ++i) {
    commit(i);
    if (i % 10 == 0) quick.CatchUp();
  }
  quick.CatchUp();
  EXPECT_TRUE(quick.IsRight());
  Mirror just_in_time = slow;
  just_in_time.CatchUp();  // exactly as many as are kept
  EXPECT_TRUE(just_in_time.IsRight());
  EXPECT_EQ(just_in_time.begun(), 1);
  commit(kept);
  slow.CatchUp();  // one more
  EXPECT_TRUE(slow.IsRight());
  EXPECT_EQ(slow.begun(), 2);
  quick.CatchUp();
  EXPECT_TRUE(quick.IsRight());
  EXPECT_EQ(quick.begun(), 1);
}

TYPED_TEST(StoreConformance, OfLargeCommitsFewerAreKept) {
  const uint64_t start = this->Revision();
  const size_t bytes = base::kFeedBytesMax / 2;
  static_assert(base::kFeedBytesMax / 2 <= base::kStoreValueBytesMax);
  ASSERT_TRUE(this->Put("a", std::string(bytes, 'a')).ok());
  const uint64_t first = this->Revision();
  EXPECT_FALSE(this->store().CommitsAfter(start).gap);
  ASSERT_TRUE(this->Put("b", std::string(bytes, 'b')).ok());
  EXPECT_TRUE(this->store().CommitsAfter(start).gap);
  EXPECT_EQ(this->store().CommitsAfter(first).commits.size(), 1u);
}

TYPED_TEST(StoreConformance, KeysAreCheckedAtTheLimitAndOnePast) {
  EXPECT_TRUE(this->Put(std::string(base::kStoreKeyBytesMax, 'k'), "v").ok());
  EXPECT_EQ(ReasonOf(this->Put(std::string(base::kStoreKeyBytesMax + 1, 'k'), "v")),
            Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(this->Put("", "v")), Reason::kInvalidField);
}

TYPED_TEST(StoreConformance, ValuesAreCheckedAtTheLimitAndOnePast) {
  EXPECT_TRUE(this->Put("k", std::string(base::kStoreValueBytesMax, 'v')).ok());
  EXPECT_EQ(ReasonOf(this->Put("k", std::string(base::kStoreValueBytesMax + 1, 'v'))),
            Reason::kInvalidField);
  EXPECT_EQ(this->Get(Space::kPeople, "k")->size(), base::kStoreValueBytesMax);
}

TYPED_TEST(StoreConformance, OneOfManyWritersWinsEachRound) {
  constexpr int kWriters = 4, kRounds = 25;
  ASSERT_TRUE(this->MoveHead(std::nullopt, "0").ok());
  const uint64_t start = this->Revision();
  std::vector<std::thread> threads;
  for (int t = 0; t < kWriters; ++t) {
    threads.emplace_back([this] {
      for (int done = 0; done < kRounds;) {
        const std::string held = *this->Get(Space::kMeta, kFenceKey);
        const absl::Status status =
            this->MoveHead(held, absl::StrCat(std::stoi(held) + 1)).status();
        if (status.ok()) {
          ++done;
        } else {
          ASSERT_EQ(ReasonOf(status), Reason::kAborted);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(this->Get(Space::kMeta, kFenceKey), absl::StrCat(kWriters * kRounds));
  // And the feed has them in the order in which they won.
  const FeedPage page = this->store().CommitsAfter(start);
  ASSERT_EQ(page.commits.size(), static_cast<size_t>(kWriters * kRounds));
  for (size_t i = 0; i < page.commits.size(); ++i) {
    EXPECT_EQ(page.commits[i]->rows.operations()[0].value, absl::StrCat(i + 1));
  }
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
