#include "hub/store/feed.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/store/follower.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"

namespace signpost::store {
namespace {

Batch Row(const std::string& key, size_t bytes = 0) {
  Batch batch;
  batch.Put(Space::kPeople, key, std::string(bytes, 'v'));
  return batch;
}

TEST(CommitFeedTest, AtTheLimitOfCommitsAndOnePast) {
  CommitFeed feed(/*commits_max=*/3, /*bytes_max=*/1 << 20);
  for (uint64_t i = 1; i <= 3; ++i) feed.Publish(i - 1, i, Row("a"));
  EXPECT_EQ(feed.After(0, 3).commits.size(), 3u);
  feed.Publish(3, 4, Row("a"));
  EXPECT_TRUE(feed.After(0, 4).gap);
  EXPECT_EQ(feed.After(1, 4).commits.size(), 3u);
}

TEST(CommitFeedTest, TheNewestIsKeptHoweverLarge) {
  CommitFeed feed(/*commits_max=*/3, /*bytes_max=*/1000);
  feed.Publish(0, 1, Row("a"));
  feed.Publish(1, 2, Row("b", 5000));
  EXPECT_TRUE(feed.After(0, 2).gap);
  ASSERT_EQ(feed.After(1, 2).commits.size(), 1u);
}

TEST(CommitFeedTest, WhatWasCommittedPastItIsAGap) {
  CommitFeed feed;
  feed.Publish(0, 1, Row("a"));
  feed.Publish(5, 6, Row("b"));
  EXPECT_TRUE(feed.After(0, 6).gap);
  EXPECT_TRUE(feed.After(1, 6).gap);
  EXPECT_EQ(feed.After(5, 6).commits.size(), 1u);
}

// What a room does with the feed, and a fault to order.
class Count final : public Follower {
 public:
  absl::Status Begin(const View& view) override {
    ++begun;
    if (fail_begin) return base::Error(base::Reason::kDataLoss, "does not read");
    rows = static_cast<int>(view.Scan(Space::kPeople, "", "", 1000)->size());
    return absl::OkStatus();
  }
  absl::Status Take(const PublishedCommit& commit) override {
    if (fail_take) return base::Error(base::Reason::kDataLoss, "does not read");
    rows += static_cast<int>(commit.rows.operations().size());
    ++taken;
    return absl::OkStatus();
  }
  void FellBehind(const absl::Status& why) override {
    EXPECT_FALSE(why.ok());
    ++fell_behind;
  }
  int begun = 0, taken = 0, rows = 0, fell_behind = 0;
  bool fail_begin = false, fail_take = false;
};

class FollowersTest : public ::testing::Test {
 protected:
  void Put(const std::string& key) { ASSERT_TRUE(store_.Commit(Row(key), {}).ok()); }

  std::unique_ptr<Store> inner_ = NewMemoryStore();
  HostileStore store_{inner_.get()};
  Followers followers_{&store_};
  Count count_;
};

TEST_F(FollowersTest, BeginsFromWhatIsThereAndThenFollows) {
  Put("a");
  const std::unique_ptr<Following> following = *followers_.Add(&count_);
  EXPECT_EQ(count_.rows, 1);
  Put("b");
  Put("c");
  followers_.CatchUp();
  EXPECT_EQ(count_.rows, 3);
  EXPECT_EQ(count_.taken, 2);
  followers_.CatchUp();
  EXPECT_EQ(count_.taken, 2) << "nothing is taken twice";
  EXPECT_EQ(count_.begun, 1);
}

TEST_F(FollowersTest, BeginsAgainAfterAGap) {
  const std::unique_ptr<Following> following = *followers_.Add(&count_);
  store_.StopSyncing();
  Put("lost");
  followers_.CatchUp();
  EXPECT_EQ(count_.rows, 1);
  store_.LoseUnsynced();
  followers_.CatchUp();
  EXPECT_EQ(count_.rows, 0) << "what was lost is not known any more";
  EXPECT_EQ(count_.begun, 2);
}

TEST_F(FollowersTest, OneThatFailsBeginsAgainAndIsToldOfUntilItHas) {
  const std::unique_ptr<Following> following = *followers_.Add(&count_);
  count_.fail_take = true;
  Put("a");
  followers_.CatchUp();
  EXPECT_EQ(count_.rows, 1);
  EXPECT_EQ(count_.begun, 2);
  EXPECT_TRUE(followers_.status().ok());
  EXPECT_EQ(count_.fell_behind, 0) << "it has begun again";
  count_.fail_begin = true;
  Put("b");
  followers_.CatchUp();
  EXPECT_EQ(base::ReasonOf(followers_.status()), base::Reason::kDataLoss);
  EXPECT_EQ(count_.fell_behind, 1);
  followers_.CatchUp();
  EXPECT_EQ(count_.fell_behind, 2) << "nothing was committed, and it is begun again all the same";
  count_.fail_begin = count_.fail_take = false;
  followers_.CatchUp();
  EXPECT_TRUE(followers_.status().ok());
  EXPECT_EQ(count_.rows, 2);
}

TEST_F(FollowersTest, OneThatCannotBeginDoesNotFollow) {
  count_.fail_begin = true;
  EXPECT_EQ(base::ReasonOf(followers_.Add(&count_).status()), base::Reason::kDataLoss);
  Put("a");
  followers_.CatchUp();
  EXPECT_EQ(count_.begun, 1);
  EXPECT_EQ(count_.fell_behind, 0);
  EXPECT_TRUE(followers_.status().ok());
}

TEST_F(FollowersTest, EndsWithItsHandleWhicheverGoesFirst) {
  auto followers = std::make_unique<Followers>(&store_);
  std::unique_ptr<Following> following = *followers->Add(&count_);
  following.reset();
  Put("a");
  followers->CatchUp();
  EXPECT_EQ(count_.rows, 0);
  following = *followers->Add(&count_);
  followers.reset();
  following.reset();
}

}  // namespace
}  // namespace signpost::store
