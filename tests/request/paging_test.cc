#include "hub/request/paging.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

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

absl::StatusOr<PageSpan> Page(const std::vector<int>& rows, int32_t size,
                              const std::string& token) {
  return PageOf(rows, size, 2, 3, token, [](int row) { return std::to_string(row); });
}

// Broken on purpose by beginning at the row of the token: it is told twice.
TEST(Paging, PagesFollowEachOtherWithoutGapOrRepetition) {
  const std::vector<int> rows = {50, 40, 30, 20, 10};
  for (const int32_t size : {0, 1, 2, 3, 99}) {
    std::vector<int> told;
    std::string token;
    int pages = 0;
    do {
      const absl::StatusOr<PageSpan> page = Page(rows, size, token);
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_LE(page->end - page->begin, 3u);
      for (size_t i = page->begin; i < page->end; ++i) told.push_back(rows[i]);
      token = page->next_page_token;
      ++pages;
    } while (!token.empty());
    EXPECT_EQ(told, rows);
    EXPECT_EQ(pages, size == 1 ? 5 : size >= 3 ? 2 : 3);
  }
}

TEST(Paging, AListOfOnePageHasNoNext) {
  EXPECT_EQ(Page({1, 2}, 2, "")->next_page_token, "");
  EXPECT_EQ(Page({}, 2, "")->end, 0u);
  EXPECT_EQ(Page({}, 2, "")->next_page_token, "");
}

TEST(Paging, ATokenOfNoRowIsAnErrorAndSoIsANegativeSize) {
  EXPECT_EQ(base::ViolationsOf(Page({1, 2}, 2, "3").status()).at(0).field, "page_token");
  EXPECT_EQ(base::ViolationsOf(Page({1, 2}, -1, "").status()).at(0).field, "page_size");
}

}  // namespace
}  // namespace signpost::request
