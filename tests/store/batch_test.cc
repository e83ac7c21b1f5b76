#include "hub/store/batch.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace signpost::store {
namespace {

using ::testing::ElementsAre;

// "people a=1", or "people a gone".
std::vector<std::string> Told(const Batch& batch) {
  std::vector<std::string> told;
  for (const Batch::Operation& row : batch.operations()) {
    std::string& one = told.emplace_back(SpaceName(row.space));
    one += " " + std::string(row.key);
    one += row.value.has_value() ? "=" + std::string(*row.value) : " gone";
  }
  return told;
}

TEST(BatchTest, TellsRowsInTheirOrder) {
  Batch batch;
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(batch.operations().empty());
  batch.Put(Space::kPeople, "a", "1");
  batch.Delete(Space::kPeople, "a");
  batch.Put(Space::kMeta, std::string("k\0y", 3), "");
  EXPECT_THAT(Told(batch),
              ElementsAre("people a=1", "people a gone", std::string("meta k\0y=", 9)));
  EXPECT_FALSE(batch.empty());
  EXPECT_EQ(batch.operations().size(), 3u);
  EXPECT_EQ(batch.operations()[1].value, std::nullopt);
  EXPECT_EQ(batch.operations()[2].value, "") << "written, though empty";
  EXPECT_EQ(batch.bytes(), 1u + 1 + 1 + 3);
}

// Past what it makes room for at first, in rows and in bytes.
TEST(BatchTest, GrowsWithoutMixingRowsUp) {
  Batch batch;
  for (int i = 0; i < 1000; ++i) {
    batch.Put(Space::kPeople, std::to_string(i), std::string(static_cast<size_t>(i), 'v'));
  }
  ASSERT_EQ(batch.operations().size(), 1000u);
  for (size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(batch.operations()[i].key, std::to_string(i));
    EXPECT_EQ(batch.operations()[i].value, std::string(i, 'v'));
  }
}

TEST(BatchTest, AppendingMovesAllBehindWhatIsThere) {
  for (const bool roomy : {false, true}) {
    Batch all;
    if (roomy) all.Reserve(10, 100);
    for (const char* key : {"a", "b", "c"}) {
      Batch one;
      one.Put(Space::kPeople, key, std::string("value of ") + key);
      one.Delete(Space::kMeta, key);
      all.Append(std::move(one));
      EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move): it says so
      EXPECT_EQ(one.bytes(), 0u);
    }
    all.Append(Batch());
    EXPECT_THAT(Told(all), ElementsAre("people a=value of a", "meta a gone", "people b=value of b",
                                       "meta b gone", "people c=value of c", "meta c gone"));
  }
}

TEST(BatchTest, WhatIsDroppedIsNowhereInItAnyMore) {
  Batch batch;
  batch.Put(Space::kPeople, "a", "1");
  batch.Put(Space::kPersonKeys, "a", "secret");
  batch.Delete(Space::kPersonKeys, "b");
  batch.Delete(Space::kPeople, "c");
  batch.Put(Space::kPeople, "d", "4");
  batch.Drop(Space::kMailboxes);
  EXPECT_EQ(batch.operations().size(), 5u);
  batch.Drop(Space::kPersonKeys);
  EXPECT_THAT(Told(batch), ElementsAre("people a=1", "people c gone", "people d=4"));
  EXPECT_EQ(batch.bytes(), 5u);
  // All that it holds lies behind its first key.
  const absl::string_view first = batch.operations()[0].key;
  EXPECT_EQ(absl::string_view(first.data(), batch.bytes()), "a1cd4");
}

}  // namespace
}  // namespace signpost::store
