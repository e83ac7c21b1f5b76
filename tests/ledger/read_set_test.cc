#include "hub/ledger/read_set.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hub/store/memory_store.h"

namespace signpost::ledger {
namespace {

using store::Space;

class GuardedViewTest : public ::testing::Test {
 protected:
  GuardedViewTest() {
    store::Batch batch;
    for (const char* key : {"a", "b", "c"}) batch.Put(Space::kPeople, key, "v");
    EXPECT_TRUE(store_->Commit(std::move(batch), {}).ok());
    view_ = *store_->NewView();
  }

  std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  std::unique_ptr<store::View> view_;
};

TEST_F(GuardedViewTest, TakesNoteOfEveryReadAndOfWhatWasNotThere) {
  GuardedView guarded(view_.get());
  EXPECT_EQ(guarded.revision(), view_->revision());
  EXPECT_EQ(*guarded.Get(Space::kPeople, "a"), "v");
  EXPECT_EQ(*guarded.Get(Space::kPeople, "absent"), std::nullopt);
  const std::vector<std::string> keys = {"b", "also absent"};
  EXPECT_EQ(guarded.GetMany(Space::kPeople, keys)->size(), 2u);
  for (const char* key : {"a", "absent", "b", "also absent"}) {
    EXPECT_TRUE(guarded.reads().Has(Space::kPeople, key)) << key;
  }
  EXPECT_FALSE(guarded.reads().Has(Space::kPeople, "c"));
  EXPECT_FALSE(guarded.reads().Has(Space::kRegistry, "a"));
  EXPECT_EQ(guarded.reads().rows()[0].revision, view_->revision());
}

TEST_F(GuardedViewTest, RestsOnARangeAsFarAsItWasSeen) {
  GuardedView guarded(view_.get());
  EXPECT_EQ(guarded.Scan(Space::kPeople, "a", "x", 2)->size(), 2u);
  EXPECT_EQ(guarded.Scan(Space::kPeople, "a", "x", 5)->size(), 3u);
  EXPECT_EQ(guarded.Scan(Space::kPeople, "d", "", 5)->size(), 0u);
  ASSERT_EQ(guarded.reads().ranges().size(), 3u);
  EXPECT_EQ(guarded.reads().ranges()[0].to, std::string("b\0", 2));
  EXPECT_EQ(guarded.reads().ranges()[1].to, "x");
  EXPECT_EQ(guarded.reads().ranges()[2].from, "d");
  EXPECT_EQ(guarded.reads().ranges()[2].to, "");
}

TEST_F(GuardedViewTest, WhatIsReadPastItIsNotTaken) {
  GuardedView guarded(view_.get());
  EXPECT_TRUE(guarded.unguarded().Get(Space::kPeople, "a").ok());
  EXPECT_TRUE(guarded.reads().empty());
}

TEST_F(GuardedViewTest, RestsOnWhatIsInMemoryAtTheRevisionItIsOf) {
  GuardedView guarded(view_.get());
  guarded.RestOn(Space::kRegistry, "policy/current", 3);
  EXPECT_TRUE(guarded.reads().Has(Space::kRegistry, "policy/current"));
  EXPECT_EQ(guarded.reads().rows()[0].revision, 3u);
}

TEST_F(GuardedViewTest, HandsOutWhatItTookOnce) {
  GuardedView guarded(view_.get());
  EXPECT_TRUE(guarded.Get(Space::kPeople, "a").ok());
  EXPECT_EQ(guarded.TakeReads().size(), 1u);
  EXPECT_TRUE(guarded.TakeReads().empty());
}

}  // namespace
}  // namespace signpost::ledger
