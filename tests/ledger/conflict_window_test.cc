#include "hub/ledger/conflict_window.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace signpost::ledger {
namespace {

using store::Space;

store::Batch Puts(const std::string& key, int count = 1) {
  store::Batch batch;
  for (int i = 0; i < count; ++i) batch.Put(Space::kPeople, key, "v");
  return batch;
}

ReadSet Row(const std::string& key, uint64_t revision, Space space = Space::kPeople) {
  ReadSet reads;
  reads.AddRow(space, key, revision);
  return reads;
}

ReadSet Range(const std::string& from, const std::string& to, uint64_t revision) {
  ReadSet reads;
  reads.AddRange(Space::kPeople, from, to, revision);
  return reads;
}

TEST(ConflictWindowTest, ARowWrittenSinceIsAConflictAndOneWrittenBeforeIsNot) {
  ConflictWindow window(10);
  window.Add(Puts("a"));
  window.Commit(20);
  EXPECT_FALSE(window.Holds(Row("a", 10)));
  EXPECT_FALSE(window.Holds(Row("a", 19)));
  EXPECT_TRUE(window.Holds(Row("a", 20)));
  EXPECT_TRUE(window.Holds(Row("b", 10)));
  EXPECT_TRUE(window.Holds(Row("a", 10, Space::kRegistry)));
  EXPECT_TRUE(window.Holds(ReadSet()));
}

TEST(ConflictWindowTest, DeletingIsWriting) {
  ConflictWindow window(0);
  store::Batch batch;
  batch.Delete(Space::kPeople, "a");
  window.Add(batch);
  window.Commit(1);
  EXPECT_FALSE(window.Holds(Row("a", 0)));
}

TEST(ConflictWindowTest, EveryReadMustHold) {
  ConflictWindow window(0);
  window.Add(Puts("a"));
  window.Commit(5);
  ReadSet reads = Row("b", 5);
  reads.Append(Row("c", 0));
  EXPECT_TRUE(window.Holds(reads));
  reads.Append(Row("a", 4));  // each read has its own revision
  EXPECT_FALSE(window.Holds(reads));
}

TEST(ConflictWindowTest, WhatIsPendingConflictsUntilItIsAbandoned) {
  ConflictWindow window(10);
  window.Add(Puts("a"));
  EXPECT_FALSE(window.Holds(Row("a", 10)));
  EXPECT_FALSE(window.Holds(Range("", "", 10)));
  window.Abandon();
  EXPECT_TRUE(window.Holds(Row("a", 10)));
  EXPECT_TRUE(window.Holds(Range("", "", 10)));
  EXPECT_EQ(window.rows(), 0u);
}

TEST(ConflictWindowTest, ARangeIsFromItsFirstKeyToBeforeItsLast) {
  ConflictWindow window(0);
  window.Add(Puts("m"));
  window.Commit(1);
  EXPECT_FALSE(window.Holds(Range("m", "n", 0)));
  EXPECT_FALSE(window.Holds(Range("a", "", 0)));
  EXPECT_FALSE(window.Holds(Range("", std::string("m\0", 2), 0)));
  EXPECT_TRUE(window.Holds(Range("a", "m", 0)));
  EXPECT_TRUE(window.Holds(Range("n", "", 0)));
  EXPECT_TRUE(window.Holds(Range("m", "n", 1)));
  ReadSet elsewhere;
  elsewhere.AddRange(Space::kMailboxes, "", "", 0);
  EXPECT_TRUE(window.Holds(elsewhere));
}

TEST(ConflictWindowTest, TheLedgersOwnRowsAreNeverRestedOn) {
  ReadSet reads;
  reads.AddRow(Space::kEntries, "e", 0);
  reads.AddRow(Space::kMeta, "ledger/head", 0);
  reads.AddRange(Space::kEntries, "", "", 0);
  EXPECT_TRUE(reads.empty());
  reads.AddRow(Space::kMeta, "epoch", 0);
  EXPECT_EQ(reads.size(), 1u);
}

TEST(ConflictWindowTest, AReadOlderThanWhatIsRememberedDoesNotHold) {
  ConflictWindow window(10, /*rows_max=*/3);
  EXPECT_TRUE(window.Holds(Row("never", 10)));
  EXPECT_FALSE(window.Holds(Row("never", 9)));
  EXPECT_FALSE(window.Holds(Range("x", "y", 9)));
  for (uint64_t revision = 11; revision <= 13; ++revision) {
    window.Add(Puts(absl::StrCat("k", revision)));
    window.Commit(revision);
  }
  EXPECT_EQ(window.floor(), 10u);  // exactly as many as are remembered
  EXPECT_TRUE(window.Holds(Row("never", 10)));
  window.Add(Puts("k14"));
  window.Commit(14);
  EXPECT_EQ(window.floor(), 11u);
  EXPECT_EQ(window.rows(), 3u);
  EXPECT_FALSE(window.Holds(Row("never", 10)));
  EXPECT_TRUE(window.Holds(Row("never", 11)));
  EXPECT_FALSE(window.Holds(Row("k14", 13)));
}

TEST(ConflictWindowTest, ARowForgottenAndWrittenAgainIsRemembered) {
  ConflictWindow window(0, /*rows_max=*/2);
  window.Add(Puts("a"));
  window.Commit(1);
  window.Add(Puts("b"));
  window.Commit(2);
  window.Add(Puts("a"));
  window.Commit(3);  // forgets that of 1
  EXPECT_FALSE(window.Holds(Row("a", 2)));
  EXPECT_TRUE(window.Holds(Row("a", 3)));
}

TEST(ConflictWindowTest, ACommitLargerThanTheWindowIsForgottenWhole) {
  ConflictWindow window(0, /*rows_max=*/3);
  window.Add(Puts("a", 4));
  window.Commit(9);
  EXPECT_EQ(window.rows(), 0u);
  EXPECT_EQ(window.floor(), 9u);
  EXPECT_FALSE(window.Holds(Row("b", 8)));
  EXPECT_TRUE(window.Holds(Row("a", 9)));
}

TEST(ConflictWindowTest, BytesOfKeysAreBoundedToo) {
  ConflictWindow window(0, /*rows_max=*/1000, /*key_bytes_max=*/10);
  window.Add(Puts("12345"));
  window.Commit(1);
  window.Add(Puts("67890"));
  window.Commit(2);
  EXPECT_EQ(window.floor(), 0u);
  window.Add(Puts("x"));
  window.Commit(3);
  EXPECT_EQ(window.floor(), 1u);
  EXPECT_EQ(window.key_bytes(), 6u);
}

}  // namespace
}  // namespace signpost::ledger
