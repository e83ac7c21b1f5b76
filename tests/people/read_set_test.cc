#include "hub/people/read_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/store/memory_store.h"

namespace signpost::people {
namespace {

using store::Space;

TEST(ReadSetTest, RemembersEachRowOnceAsItWasRead) {
  std::unique_ptr<store::Store> store = store::NewMemoryStore();
  store::Batch batch;
  batch.Put(Space::kPeople, "a", "1");
  ASSERT_TRUE(store->Commit(std::move(batch), {}).ok());
  std::unique_ptr<store::View> view = *store->NewView();
  ReadSet reads(view.get());
  EXPECT_EQ(**reads.Get(Space::kPeople, "a"), "1");
  EXPECT_EQ(**reads.Get(Space::kPeople, "a"), "1");
  EXPECT_FALSE(reads.Get(Space::kPeople, "b")->has_value());
  EXPECT_FALSE(reads.Get(Space::kMatchKeys, "a")->has_value());

  std::vector<store::Precondition> preconditions = reads.Preconditions();
  ASSERT_EQ(preconditions.size(), 3u);
  store::Batch unrelated;
  unrelated.Put(Space::kPeople, "c", "x");
  EXPECT_TRUE(store->Commit(unrelated, preconditions).ok());
  // Absence that was read must still be absence.
  store::Batch appears;
  appears.Put(Space::kMatchKeys, "a", "now");
  ASSERT_TRUE(store->Commit(appears, {}).ok());
  EXPECT_EQ(store->Commit(unrelated, preconditions).code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace signpost::people
