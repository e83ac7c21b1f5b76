#include "hub/store/overlay_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/store/memory_store.h"
#include "hub/store/store.h"

namespace signpost::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OverlayViewTest : public ::testing::Test {
 protected:
  // b, d, f, h, each with its own name as content, behind the overlay.
  OverlayViewTest() {
    Batch batch;
    for (const char* key : {"b", "d", "f", "h"}) batch.Put(Space::kPeople, key, key);
    batch.Put(Space::kReviews, "c", "another space");
    EXPECT_TRUE(store_->Commit(std::move(batch), {}).ok());
    behind_ = *store_->NewView();
    overlay_ = std::make_unique<OverlayView>(behind_.get());
  }
  void Put(const std::string& key, const std::string& value) {
    Batch batch;
    batch.Put(Space::kPeople, key, value);
    overlay_->Take(batch);
  }
  void Delete(const std::string& key) {
    Batch batch;
    batch.Delete(Space::kPeople, key);
    overlay_->Take(batch);
  }
  std::vector<std::string> Page(const std::string& from, const std::string& to, int rows_max) {
    std::vector<std::string> rows;
    const absl::StatusOr<std::vector<KeyValue>> found =
        overlay_->Scan(Space::kPeople, from, to, rows_max);
    EXPECT_TRUE(found.ok()) << found.status();
    for (const KeyValue& row : found.value_or(std::vector<KeyValue>())) {
      rows.push_back(absl::StrCat(row.key, "=", row.value));
    }
    return rows;
  }
  // All rows, by pages of so many.
  std::vector<std::string> All(int rows_max) {
    std::vector<std::string> rows;
    std::string from;
    while (true) {
      const std::vector<std::string> page = Page(from, "", rows_max);
      if (page.empty()) return rows;
      EXPECT_LE(page.size(), static_cast<size_t>(rows_max));
      rows.insert(rows.end(), page.begin(), page.end());
      from = absl::StrCat(page.back().substr(0, 1), std::string(1, '\0'));
    }
  }

  const std::unique_ptr<Store> store_ = NewMemoryStore();
  std::unique_ptr<View> behind_;
  std::unique_ptr<OverlayView> overlay_;
};

TEST_F(OverlayViewTest, ShowsWhatWillBe) {
  Put("a", "new");
  Put("d", "changed");
  Delete("f");
  EXPECT_EQ(**overlay_->Get(Space::kPeople, "a"), "new");
  EXPECT_EQ(**overlay_->Get(Space::kPeople, "d"), "changed");
  EXPECT_EQ(**overlay_->Get(Space::kPeople, "h"), "h");
  EXPECT_FALSE(overlay_->Get(Space::kPeople, "f")->has_value());
  EXPECT_EQ(**overlay_->Get(Space::kReviews, "c"), "another space");
  EXPECT_EQ(overlay_->revision(), behind_->revision());
  EXPECT_EQ(**behind_->Get(Space::kPeople, "d"), "d") << "what is behind stays as it is";
  Put("f", "again");
  EXPECT_EQ(**overlay_->Get(Space::kPeople, "f"), "again") << "the later one holds";
  Delete("a");
  EXPECT_FALSE(overlay_->Get(Space::kPeople, "a")->has_value());
}

// However long the pages: what is deleted in one, and what is put between, before and behind it.
TEST_F(OverlayViewTest, ScansByPagesAsIfItWereCommitted) {
  for (const char* key : {"a", "c", "e", "i"}) Put(key, "new");
  for (const char* key : {"b", "d", "h"}) Delete(key);
  for (int rows_max = 1; rows_max <= 6; ++rows_max) {
    EXPECT_THAT(All(rows_max), ElementsAre("a=new", "c=new", "e=new", "f=f", "i=new")) << rows_max;
  }
}

TEST_F(OverlayViewTest, WhatIsPutBehindAFullPageComesWithTheNext) {
  Put("z", "last");
  EXPECT_THAT(Page("", "", 4), ElementsAre("b=b", "d=d", "f=f", "h=h"));
  EXPECT_THAT(Page("i", "", 4), ElementsAre("z=last"));
}

// A page that is empty is the end of a scan, so that none may be while rows are left. Broken once by
// reading no more of the store than the page holds.
TEST_F(OverlayViewTest, NoPageIsEmptyWhileRowsAreLeft) {
  for (const char* key : {"b", "d", "f"}) Delete(key);
  EXPECT_THAT(Page("", "", 1), ElementsAre("h=h"));
  EXPECT_THAT(Page("", "", 2), ElementsAre("h=h"));
  Delete("h");
  EXPECT_THAT(Page("", "", 1), IsEmpty());
}

TEST_F(OverlayViewTest, EndsBeforeTheEndGiven) {
  Put("e", "new");
  Put("g", "new");
  EXPECT_THAT(Page("d", "g", 10), ElementsAre("d=d", "e=new", "f=f"));
  EXPECT_THAT(Page("g", "g", 10), IsEmpty());
  EXPECT_THAT(Page("d", "g", 0), IsEmpty());
}

}  // namespace
}  // namespace signpost::store
