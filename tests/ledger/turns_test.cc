#include "hub/ledger/turns.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace signpost::ledger {
namespace {

using base::Lane;
using store::Space;

class TurnsTest : public ::testing::Test {
 protected:
  static ReadSet Reads(const std::string& key) {
    ReadSet reads;
    reads.AddRow(Space::kPeople, key, 1);
    return reads;
  }
  static store::Batch Writes(const std::string& key, Space space = Space::kPeople) {
    store::Batch batch;
    batch.Put(space, key, "x");
    return batch;
  }
  // Waits for the row "wanted", and notes under `who` when it is let through.
  std::unique_ptr<Turn> Wait(const std::string& who, Lane lane, ReadSet reads = Reads("wanted"),
                             const std::string& row = "wanted") {
    return turns_.Wait(RowHash(Space::kPeople, row), lane, std::move(reads), [this, who](Ticket t) {
      let_through_.push_back(who);
      ticket_ = t;
    });
  }

  // The hash of a row that is kept, or nothing.
  std::optional<uint64_t> Kept(const store::Batch& batch, Ticket ticket) {
    const auto kept = turns_.KeptFor(batch, ticket);
    return kept.has_value() ? std::optional<uint64_t>(kept->row) : std::nullopt;
  }

  std::vector<std::string> let_through_;
  Ticket ticket_ = kNoPart;
  Turns turns_;
};

TEST_F(TurnsTest, OneAtATimeIsLetThroughInTheirOrder) {
  auto a = Wait("a", Lane::Of("x"));
  auto b = Wait("b", Lane::Of("x"));
  auto c = Wait("c", Lane::Of("x"));
  EXPECT_EQ(let_through_, std::vector<std::string>({"a"}));
  EXPECT_EQ(turns_.waiting(), 3u);
  b.reset();  // gives up before its turn
  a.reset();
  EXPECT_EQ(let_through_, std::vector<std::string>({"a", "c"}));
  c.reset();
  EXPECT_EQ(turns_.waiting(), 0u);
}

TEST_F(TurnsTest, AThousandOfOneLaneAreOnePlaceInTheQueue) {
  std::vector<std::unique_ptr<Turn>> many;
  for (int i = 0; i < 1000; ++i) many.push_back(Wait("many", Lane::Of("many")));
  auto one = Wait("one", Lane::Of("one"));
  many[0].reset();
  many[1].reset();
  EXPECT_EQ(let_through_, std::vector<std::string>({"many", "many", "one"}));
}

TEST_F(TurnsTest, WhatTheHeadReadIsKeptForIt) {
  auto head = Wait("head", Lane::Of("x"));
  const Ticket its = ticket_;
  EXPECT_EQ(Kept(Writes("wanted"), kNoTicket), RowHash(Space::kPeople, "wanted"));
  EXPECT_EQ(Kept(Writes("wanted"), its), std::nullopt) << "not from itself";
  EXPECT_EQ(Kept(Writes("wanted"), kNoPart), std::nullopt);
  EXPECT_EQ(Kept(Writes("other"), kNoTicket), std::nullopt);
  EXPECT_EQ(Kept(Writes("wanted", Space::kRegistry), kNoTicket), std::nullopt);
  head.reset();
  EXPECT_EQ(Kept(Writes("wanted"), kNoTicket), std::nullopt);
}

TEST_F(TurnsTest, SoIsARangeWithTheRowsThatAreNotThereYet) {
  ReadSet reads;
  reads.AddRange(Space::kPeople, "child/", "child0", 1);
  auto head = Wait("head", Lane::Of("x"), std::move(reads));
  EXPECT_EQ(Kept(Writes("child/7"), kNoTicket), RowHash(Space::kPeople, "child/7"));
  EXPECT_EQ(Kept(Writes("child0"), kNoTicket), std::nullopt);
  EXPECT_EQ(Kept(Writes("child/7", Space::kRegistry), kNoTicket), std::nullopt);
}

TEST_F(TurnsTest, WhatIsKeptIsWhatTheHeadReadLast) {
  auto head = Wait("head", Lane::Of("x"));
  const Ticket its = ticket_;
  turns_.Renew(RowHash(Space::kPeople, "wanted"), its, Reads("other"));
  EXPECT_EQ(Kept(Writes("wanted"), kNoTicket), std::nullopt);
  EXPECT_EQ(Kept(Writes("other"), kNoTicket), RowHash(Space::kPeople, "other"));
  // Of who is not at the head nothing is kept, now or later.
  turns_.Renew(RowHash(Space::kPeople, "wanted"), its + 1, Reads("wanted"));
  EXPECT_EQ(Kept(Writes("wanted"), kNoTicket), std::nullopt);
  head.reset();
  turns_.Renew(RowHash(Space::kPeople, "wanted"), its, Reads("wanted"));
  EXPECT_EQ(Kept(Writes("wanted"), kNoTicket), std::nullopt);
}

TEST_F(TurnsTest, OfTwoHeadsTheEarlierGoesFirst) {
  ReadSet both = Reads("a");
  both.Append(Reads("b"));
  auto first = Wait("first", Lane::Of("x"), both, "a");
  const Ticket earlier = ticket_;
  auto second = Wait("second", Lane::Of("x"), both, "b");
  const Ticket later = ticket_;
  EXPECT_EQ(turns_.EarlierThan(earlier), kNoPart);
  EXPECT_EQ(turns_.EarlierThan(later), earlier);
  EXPECT_EQ(turns_.EarlierThan(kNoTicket), later);
  EXPECT_EQ(Kept(Writes("b"), earlier), std::nullopt);
  EXPECT_EQ(Kept(Writes("a"), later), RowHash(Space::kPeople, "a"));
  EXPECT_EQ(turns_.KeptFor(Writes("a"), later)->ticket, earlier);
  // Whom the earlier keeps from writing waits until it has left, and no longer.
  Ticket woken = kNoPart;
  turns_.WaitFor(earlier, later, [&](Ticket its) { woken = its; });
  EXPECT_EQ(woken, kNoPart);
  first.reset();
  EXPECT_EQ(woken, later);
  woken = kNoPart;
  turns_.WaitFor(earlier, later, [&](Ticket its) { woken = its; });
  EXPECT_EQ(woken, later) << "it has gone already";
  EXPECT_EQ(Kept(Writes("a"), later), std::nullopt);
  EXPECT_TRUE(Kept(Writes("a"), kNoTicket).has_value());
}

// Each that is let through fails at once: no deep stack.
TEST_F(TurnsTest, ALongQueueThatFailsAtOnceEnds) {
  constexpr int kMany = 100'000;
  std::vector<std::unique_ptr<Turn>> turns(kMany);
  int went = 0;
  for (int i = 0; i < kMany; ++i) {
    turns[static_cast<size_t>(i)] =
        turns_.Wait(RowHash(Space::kPeople, "wanted"), Lane(), Reads("wanted"), [&, i](Ticket) {
          ++went;
          if (i > 0) turns[static_cast<size_t>(i)].reset();
        });
  }
  turns[0].reset();
  EXPECT_EQ(went, kMany);
  EXPECT_EQ(turns_.waiting(), 0u);
}

}  // namespace
}  // namespace signpost::ledger
