#include "hub/request/paging.h"

#include <gtest/gtest.h>

#include <limits>

namespace signpost::request {
namespace {

TEST(Paging, NothingAskedForIsTheDefault) { EXPECT_EQ(*PageSize(0, 50, 1000), 50); }

TEST(Paging, WhatIsAskedForIsGivenUpToTheLimit) {
  EXPECT_EQ(*PageSize(1, 50, 1000), 1);
  EXPECT_EQ(*PageSize(1000, 50, 1000), 1000);
}

// Broken on purpose by leaving out the minimum.
TEST(Paging, MoreThanTheLimitIsTheLimitAndNoError) {
  EXPECT_EQ(*PageSize(1001, 50, 1000), 1000);
  EXPECT_EQ(*PageSize(std::numeric_limits<int32_t>::max(), 50, 1000), 1000);
}

TEST(Paging, ANegativeSizeIsAnError) {
  const absl::StatusOr<int> refused = PageSize(-1, 50, 1000);
  EXPECT_EQ(base::ReasonOf(refused.status()), base::Reason::kInvalidField);
  EXPECT_EQ(base::ViolationsOf(refused.status()).at(0).field, "page_size");
}

}  // namespace
}  // namespace signpost::request
