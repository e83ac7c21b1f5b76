#include "hub/store/hostile_store.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/store/memory_store.h"

namespace signpost::store {
namespace {

using base::Reason;
using base::ReasonOf;

class HostileStoreTest : public ::testing::Test {
 protected:
  absl::Status Put(const std::string& key, const std::string& value) {
    Batch batch;
    batch.Put(Space::kPeople, key, value);
    return store_.Commit(std::move(batch), {}).status();
  }
  std::optional<std::string> Get(const std::string& key) {
    return *(*inner_->NewView())->Get(Space::kPeople, key);
  }

  std::unique_ptr<Store> inner_ = NewMemoryStore();
  HostileStore store_{inner_.get()};
};

TEST_F(HostileStoreTest, TheKthCommitFailsAndNoneSucceedsAfterIt) {
  store_.FailCommit(2, HostileStore::Failure::kNothingWritten);
  EXPECT_TRUE(Put("a", "1").ok());
  EXPECT_EQ(ReasonOf(Put("b", "1")), Reason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(Put("c", "1")), Reason::kStoreUnavailable);
  EXPECT_EQ(Get("b"), std::nullopt);
  EXPECT_EQ(Get("c"), std::nullopt);
  store_.Restart();
  EXPECT_TRUE(Put("c", "1").ok());
}

TEST_F(HostileStoreTest, AFailureMayHaveWrittenAllTheSame) {
  store_.FailCommit(1, HostileStore::Failure::kWrittenUnconfirmed);
  EXPECT_EQ(ReasonOf(Put("a", "1")), Reason::kStoreUnavailable);
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(ReasonOf(Put("b", "1")), Reason::kStoreUnavailable);
}

TEST_F(HostileStoreTest, AFullDiskPasses) {
  store_.FailCommit(1, HostileStore::Failure::kFull);
  EXPECT_EQ(ReasonOf(Put("a", "1")), Reason::kStoreFull);
  EXPECT_EQ(Get("a"), std::nullopt);
  EXPECT_TRUE(Put("a", "1").ok());
}

TEST_F(HostileStoreTest, ForgetsExactlyWhatWasNotSynced) {
  ASSERT_TRUE(Put("kept", "1").ok());
  ASSERT_TRUE(Put("changed", "before").ok());
  store_.StopSyncing();
  ASSERT_TRUE(Put("changed", "after").ok());
  ASSERT_TRUE(Put("changed", "after that").ok());
  ASSERT_TRUE(Put("new", "1").ok());
  EXPECT_EQ(Get("changed"), "after that");
  store_.LoseUnsynced();
  EXPECT_EQ(Get("kept"), "1");
  EXPECT_EQ(Get("changed"), "before");
  EXPECT_EQ(Get("new"), std::nullopt);
  ASSERT_TRUE(Put("new", "2").ok());
  store_.LoseUnsynced();
  EXPECT_EQ(Get("new"), "2");
}

TEST_F(HostileStoreTest, WhoeverFollowsHasAGapWhenWhatWasAcknowledgedIsGone) {
  ASSERT_TRUE(Put("a", "1").ok());
  const uint64_t at = (*store_.NewView())->revision();
  store_.StopSyncing();
  ASSERT_TRUE(Put("a", "2").ok());
  EXPECT_EQ(store_.CommitsAfter(at).commits.size(), 1u);
  store_.LoseUnsynced();
  EXPECT_TRUE(store_.CommitsAfter(at).gap);
}

TEST_F(HostileStoreTest, ACommitThatWasNotConfirmedIsNotPublished) {
  const uint64_t at = (*store_.NewView())->revision();
  store_.FailCommit(1, HostileStore::Failure::kWrittenUnconfirmed);
  ASSERT_FALSE(Put("a", "1").ok());
  store_.Restart();
  ASSERT_TRUE(Put("b", "1").ok());
  EXPECT_TRUE(store_.CommitsAfter(at).gap) << "and who followed has to look again";
}

TEST_F(HostileStoreTest, TheKthReadFails) {
  ASSERT_TRUE(Put("a", "1").ok());
  store_.FailRead(2);
  const std::unique_ptr<View> view = *store_.NewView();
  EXPECT_EQ(ReasonOf(view->Get(Space::kPeople, "a").status()), Reason::kStoreUnavailable);
  EXPECT_EQ(*view->Get(Space::kPeople, "a"), "1");
  store_.FailRead(1);
  EXPECT_EQ(ReasonOf(store_.NewView().status()), Reason::kStoreUnavailable);
}

TEST_F(HostileStoreTest, HoldsOneCommitAndLetsReadsPass) {
  store_.HoldNextCommit();
  std::thread committing([&] { EXPECT_TRUE(Put("a", "1").ok()); });
  store_.AwaitHeldCommit();
  store_.FailCommit(1, HostileStore::Failure::kFull);  // of those that come later
  EXPECT_EQ(*(*store_.NewView())->Get(Space::kPeople, "a"), std::nullopt);
  store_.ReleaseCommit();
  committing.join();
  EXPECT_EQ(*(*store_.NewView())->Get(Space::kPeople, "a"), "1");
  EXPECT_EQ(ReasonOf(Put("a", "2")), Reason::kStoreFull);
  EXPECT_TRUE(Put("a", "3").ok()) << "the next one is not held";
}

}  // namespace
}  // namespace signpost::store
