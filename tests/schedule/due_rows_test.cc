#include "hub/schedule/due_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hub/store/memory_store.h"

namespace signpost::schedule {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DueRowsTest : public ::testing::Test {
 protected:
  static absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(1'800'000'000 + seconds); }
  void Put(const std::string& job, int64_t seconds, const std::string& key) {
    store::Batch batch;
    PutDue(job, At(seconds), key, &batch);
    ASSERT_TRUE(store_->Commit(std::move(batch), {}).ok());
  }
  std::vector<std::string> Due(const std::string& job, int64_t seconds, int rows_max = 100) {
    std::vector<std::string> keys;
    const auto view = store_->NewView();
    const absl::StatusOr<std::vector<DueRow>> due = ReadDue(**view, job, At(seconds), rows_max);
    if (!due.ok()) return {due.status().ToString()};
    for (const DueRow& row : *due) keys.push_back(row.row_key);
    return keys;
  }
  absl::Time Next(const std::string& job) { return *NextDue(**store_->NewView(), job); }

  const std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
};

TEST_F(DueRowsTest, WhatIsDueIsReadInTheOrderOfItsTimeAndNothingElse) {
  EXPECT_EQ(Next("escalate"), absl::InfiniteFuture());
  Put("escalate", 20, "b");
  Put("escalate", 10, "c");
  Put("escalate", 20, "a");
  Put("escalate", 21, "d");
  Put("another", 5, "x");
  EXPECT_THAT(Due("escalate", 9), IsEmpty());
  EXPECT_THAT(Due("escalate", 10), ElementsAre("c"));
  EXPECT_THAT(Due("escalate", 20), ElementsAre("c", "a", "b"));
  EXPECT_THAT(Due("escalate", 20, 2), ElementsAre("c", "a"));
  EXPECT_THAT(Due("another", 100), ElementsAre("x"));
  EXPECT_EQ(Next("escalate"), At(10));
}

TEST_F(DueRowsTest, WhatIsDeletedIsNotDue) {
  Put("escalate", 10, "a");
  Put("escalate", 20, "a");
  store::Batch batch;
  DeleteDue("escalate", At(10), "a", &batch);
  ASSERT_TRUE(store_->Commit(std::move(batch), {}).ok());
  EXPECT_THAT(Due("escalate", 100), ElementsAre("a"));
  EXPECT_EQ(Next("escalate"), At(20));
}

}  // namespace
}  // namespace signpost::schedule
