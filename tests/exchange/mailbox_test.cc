#include "hub/exchange/mailbox.h"
#include "hub/base/encoding.h"
#include "hub/exchange/mailbox_notifier.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/exchange/exchange_fixture.h"
#include "tests/store/store_testing.h"

namespace signpost::exchange {
namespace {

using base::Reason;
using base::ReasonOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using MailboxTest = ExchangeFixture;
using Positions = std::vector<Position>;

TEST_F(MailboxTest, MessagesComeInTheOrderOfTheLedgerAndOnlyOnesOwn) {
  // One system's id is the beginning of another's: their mailboxes must not run together.
  const std::string longer = std::string(kYot) + "-2";
  std::vector<uint64_t> mine;
  for (int i = 0; i < 300; ++i) {
    mine.push_back(Post(kYot));
    Post(longer);
    if (i % 7 == 0) Post(kConnexions);
  }
  EXPECT_EQ(Indexes(kYot, {}, 1000), mine);
  EXPECT_THAT(Indexes(longer, {}, 1000), SizeIs(300));
  EXPECT_THAT(Indexes("spiffe://nortown.example/agency/nortown-yot/system/adapt"), IsEmpty());

  // Page by page it is the same.
  std::vector<uint64_t> paged;
  Position at;
  while (true) {
    const std::vector<MailboxMessage> page = *mailboxes_.ReadAfter(*View(), kYot, at, 7);
    if (page.empty()) break;
    for (const MailboxMessage& message : page) paged.push_back(message.position.index);
    at = page.back().position;
  }
  EXPECT_EQ(paged, mine);
}

TEST_F(MailboxTest, PartsOfOneOperationKeepTheirOrder) {
  ledger::Operation operation;
  ledger::AddIndexHook(&operation, [](uint64_t first_index, store::Batch& batch) {
    for (const uint16_t part : std::vector<uint16_t>{256, 1, 65535, 2}) {
      store::v1::StoredMessage message;
      message.set_changed_at_s(part);
      AppendNotice(batch, kYot, first_index, part, message);
    }
  });
  ASSERT_TRUE(Submit(std::move(operation)).ok());
  const std::vector<MailboxMessage> messages = *mailboxes_.ReadAfter(*View(), kYot, {}, 10);
  std::vector<int64_t> parts;
  for (const MailboxMessage& message : messages) {
    EXPECT_EQ(message.position.part, message.stored.changed_at_s());
    parts.push_back(message.stored.changed_at_s());
  }
  EXPECT_THAT(parts, ElementsAre(1, 2, 256, 65535));
}

TEST_F(MailboxTest, ReaderGoesOnBehindWhatItAcknowledgedAlsoAfterARestart) {
  EXPECT_EQ(ReasonOf(mailboxes_.ReadCursor(*View(), kYot, "main").status()), Reason::kNotFound);
  OpenCursor(kYot, "main");
  std::vector<uint64_t> posted;
  for (int i = 0; i < 5; ++i) posted.push_back(Post(kYot));
  EXPECT_EQ(mailboxes_.ReadCursor(*View(), kYot, "main")->low_water, Position());
  AcknowledgeUpTo(kYot, "main", {posted[1], 1});

  Start();
  const Position at = mailboxes_.ReadCursor(*View(), kYot, "main")->low_water;
  EXPECT_EQ(at, (Position{posted[1], 1}));
  EXPECT_THAT(Indexes(kYot, at), ElementsAre(posted[2], posted[3], posted[4]));

  // Opening again is no change and begins there.
  const CursorChange again = *mailboxes_.PrepareOpen(*View(), kYot, "main");
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.place.low_water, at);
}

TEST_F(MailboxTest, AcknowledgedIsDeletedAndGoingBackChangesNothing) {
  OpenCursor(kYot, "main");
  std::vector<uint64_t> posted;
  for (int i = 0; i < 5; ++i) posted.push_back(Post(kYot));
  const uint64_t others = Post(kConnexions);
  EXPECT_EQ(AcknowledgeUpTo(kYot, "main", {posted[2], 1}), 3);
  EXPECT_THAT(Indexes(kYot), ElementsAre(posted[3], posted[4]));
  EXPECT_THAT(Indexes(kConnexions), ElementsAre(others));

  for (const uint64_t index : {posted[2], posted[0], uint64_t{0}}) {
    const CursorChange back =
        *mailboxes_.PrepareAcknowledge(*View(), kYot, "main", Positions{{index, 1}});
    EXPECT_FALSE(back.changed);
    EXPECT_TRUE(back.batch.empty());
    EXPECT_EQ(back.place.low_water, (Position{posted[2], 1}));
  }
  EXPECT_EQ(AcknowledgeUpTo(kYot, "main", {posted[4], 1}), 2);
  EXPECT_THAT(Indexes(kYot), IsEmpty());
  const uint64_t later = Post(kYot);
  EXPECT_THAT(Indexes(kYot, mailboxes_.ReadCursor(*View(), kYot, "main")->low_water),
              ElementsAre(later));
}

// Broken on purpose by deleting up to the acknowledging cursor alone: the second reader loses mail.
TEST_F(MailboxTest, OfTwoReadersTheSlowerKeepsItsMail) {
  OpenCursor(kYot, "quick");
  OpenCursor(kYot, "slow");
  std::vector<uint64_t> posted;
  for (int i = 0; i < 6; ++i) posted.push_back(Post(kYot));
  EXPECT_EQ(AcknowledgeUpTo(kYot, "quick", {posted[5], 1}), 0);
  EXPECT_THAT(Indexes(kYot), SizeIs(6));
  EXPECT_EQ(AcknowledgeUpTo(kYot, "slow", {posted[3], 1}), 4);
  EXPECT_THAT(Indexes(kYot), ElementsAre(posted[4], posted[5]));
  EXPECT_EQ(AcknowledgeUpTo(kYot, "slow", {posted[5], 1}), 2);
  EXPECT_THAT(Indexes(kYot), IsEmpty());
}

TEST_F(MailboxTest, NewCursorBeginsWithWhatIsStillKept) {
  OpenCursor(kYot, "main");
  std::vector<uint64_t> posted;
  for (int i = 0; i < 3; ++i) posted.push_back(Post(kYot));
  AcknowledgeUpTo(kYot, "main", {posted[0], 1});
  OpenCursor(kYot, "late");
  EXPECT_THAT(Indexes(kYot, mailboxes_.ReadCursor(*View(), kYot, "late")->low_water),
              ElementsAre(posted[1], posted[2]));
  EXPECT_EQ(AcknowledgeUpTo(kYot, "main", {posted[2], 1}), 0);
  EXPECT_THAT(Indexes(kYot), ElementsAre(posted[1], posted[2]));
}

// An acknowledgement that was prepared before a cursor was opened would delete what that cursor is
// promised; whichever comes second is told to look again.
TEST_F(MailboxTest, AcknowledgingAndOpeningCannotMissEachOther) {
  OpenCursor(kYot, "main");
  const uint64_t posted = Post(kYot);
  const auto view = View();
  CursorChange acknowledged =
      *mailboxes_.PrepareAcknowledge(*view, kYot, "main", Positions{{posted, 1}});
  ASSERT_EQ(acknowledged.pruned, 1);
  OpenCursor(kYot, "second");
  EXPECT_EQ(ReasonOf(Submit(std::move(acknowledged), *view).status()), Reason::kAborted);
  EXPECT_THAT(Indexes(kYot), ElementsAre(posted));
  EXPECT_EQ(AcknowledgeUpTo(kYot, "main", {posted, 1}), 0);
  EXPECT_THAT(Indexes(kYot), ElementsAre(posted));

  const auto before = View();
  CursorChange third = *mailboxes_.PrepareOpen(*before, kYot, "third");
  EXPECT_EQ(AcknowledgeUpTo(kYot, "second", {posted, 1}), 1);
  EXPECT_EQ(ReasonOf(Submit(std::move(third), *before).status()), Reason::kAborted);
}

TEST_F(MailboxTest, TwoAcknowledgementsAtOnceMakeOneLookAgain) {
  OpenCursor(kYot, "main");
  const uint64_t first = Post(kYot);
  const uint64_t second = Post(kYot);
  const auto view = View();
  CursorChange to_second =
      *mailboxes_.PrepareAcknowledge(*view, kYot, "main", Positions{{second, 1}});
  CursorChange to_first =
      *mailboxes_.PrepareAcknowledge(*view, kYot, "main", Positions{{first, 1}});
  ASSERT_TRUE(Submit(std::move(to_second), *view).ok());
  EXPECT_EQ(ReasonOf(Submit(std::move(to_first), *view).status()), Reason::kAborted);
  const Place place = *mailboxes_.ReadCursor(*View(), kYot, "main");
  EXPECT_EQ(place.low_water, Position());
  EXPECT_THAT(place.dealt_with, ElementsAre(Position{second, 1}));
}

TEST_F(MailboxTest, WhoWaitsIsWokenByWhateverIsCommittedIntoTheirMailbox) {
  MailboxNotifier notifier;
  const std::unique_ptr<store::Following> following = *sequencer_->Follow(&notifier);
  int yot = 0;
  int connexions = 0;
  const auto a = notifier.Subscribe(kYot, [&] { ++yot; });
  const auto b = notifier.Subscribe(kConnexions, [&] { ++connexions; });
  for (MailboxNotifier::Subscription* one : {a.get(), b.get()}) {
    one->Prepare();
    ASSERT_TRUE(one->Arm());
  }
  OpenCursor(kYot, "main");  // nothing for anybody
  EXPECT_EQ(yot + connexions, 0);
  const uint64_t posted = Post(kYot);
  EXPECT_EQ(yot, 1);
  EXPECT_EQ(connexions, 0);
  a->Prepare();
  ASSERT_TRUE(a->Arm());
  EXPECT_EQ(AcknowledgeUpTo(kYot, "main", {posted, 1}), 1);  // a message that goes is no news
  EXPECT_EQ(yot, 1);
}

TEST_F(MailboxTest, APlaceInAMailboxSaysWhose) {
  Post(kConnexions);
  const std::string key = View()->Scan(store::Space::kMailboxes, "", "", 1)->at(0).key;
  EXPECT_EQ(*SystemOfMessage(key), kConnexions);
  EXPECT_EQ(ReasonOf(SystemOfMessage(key.substr(1)).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(SystemOfMessage("").status()), Reason::kDataLoss);
}

TEST_F(MailboxTest, MoreThanOneAcknowledgementDeletesIsDeletedByTheNext) {
  OpenCursor(kYot, "main");
  ledger::Operation operation;
  ledger::AddIndexHook(&operation, [](uint64_t first_index, store::Batch& batch) {
    for (uint16_t part = 1; part <= kPrunedPerAcknowledgeMax + 5; ++part) {
      AppendNotice(batch, kYot, first_index, part, {});
    }
  });
  const uint64_t index = Submit(std::move(operation))->first_index;
  const uint64_t last = Post(kYot);
  EXPECT_EQ(AcknowledgeUpTo(kYot, "main", {index, kPrunedPerAcknowledgeMax + 5}),
            kPrunedPerAcknowledgeMax);
  EXPECT_THAT(Indexes(kYot), SizeIs(6));
  EXPECT_EQ(AcknowledgeUpTo(kYot, "main", {last, 1}), 6);
  EXPECT_THAT(Indexes(kYot), IsEmpty());
}

TEST_F(MailboxTest, AcknowledgementThatFailsChangesNothing) {
  OpenCursor(kYot, "main");
  const uint64_t posted = Post(kYot);
  store_.FailCommit(1, store::HostileStore::Failure::kNothingWritten);
  const auto view = View();
  CursorChange change = *mailboxes_.PrepareAcknowledge(*view, kYot, "main", Positions{{posted, 1}});
  EXPECT_EQ(ReasonOf(Submit(std::move(change), *view).status()), Reason::kStoreUnavailable);
  Start();
  EXPECT_EQ(mailboxes_.ReadCursor(*View(), kYot, "main")->low_water, Position());
  EXPECT_THAT(Indexes(kYot), ElementsAre(posted));
}

TEST_F(MailboxTest, CursorsHaveNamesAndALimit) {
  for (const std::string& bad : {std::string(), std::string(65, 'c'), std::string("a b"),
                                 std::string("a/b"), std::string("a\0b", 3)}) {
    EXPECT_EQ(ReasonOf(mailboxes_.PrepareOpen(*View(), kYot, bad).status()), Reason::kInvalidField);
    EXPECT_EQ(
        ReasonOf(mailboxes_.PrepareAcknowledge(*View(), kYot, bad, Positions{{1, 1}}).status()),
        Reason::kInvalidField);
    EXPECT_EQ(ReasonOf(mailboxes_.ReadCursor(*View(), kYot, bad).status()), Reason::kInvalidField);
  }
  OpenCursor(kYot, std::string(64, 'c'));
  for (int i = 1; i < kCursorsPerMailboxMax; ++i) OpenCursor(kYot, "c" + std::to_string(i));
  EXPECT_EQ(ReasonOf(mailboxes_.PrepareOpen(*View(), kYot, "more").status()),
            Reason::kInvalidField);
  EXPECT_FALSE(mailboxes_.PrepareOpen(*View(), kYot, "c1")->changed);
  EXPECT_TRUE(mailboxes_.PrepareOpen(*View(), kConnexions, "more")->changed);
  EXPECT_EQ(
      ReasonOf(
          mailboxes_.PrepareAcknowledge(*View(), kYot, "never-opened", Positions{{1, 1}}).status()),
      Reason::kNotFound);
}

TEST_F(MailboxTest, MoreCursorsThanThereCanBeIsDamageAndSaysWhatToDo) {
  for (int i = 0; i < kCursorsPerMailboxMax; ++i) OpenCursor(kYot, "c" + std::to_string(i));
  const store::KeyValue row = View()->Scan(store::Space::kCursors, "", "", 1)->at(0);
  store::Batch batch;
  for (const char* more : {"\xfe", "\xff"}) {
    batch.Put(store::Space::kCursors, row.key.substr(0, row.key.size() - 1) + more + "x",
              row.value);
  }
  ASSERT_TRUE(store::testing::CommitNow(store_, std::move(batch)).ok());
  const absl::Status refused = mailboxes_.PrepareOpen(*View(), kYot, "c1").status();
  EXPECT_EQ(ReasonOf(refused), Reason::kDataLoss);
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("stop the hub"));
}

TEST_F(MailboxTest, CursorsNamesAreNotInTheStore) {
  OpenCursor(kYot, "tariqs-case");
  OpenCursor(kConnexions, "tariqs-case");
  const std::vector<store::KeyValue> rows = *View()->Scan(store::Space::kCursors, "", "", 100);
  ASSERT_EQ(rows.size(), 2u);
  for (const store::KeyValue& row : rows) {
    EXPECT_EQ((row.key + row.value).find("tariqs-case"), std::string::npos);
  }
  // Nor can two systems be told to use one name.
  EXPECT_NE(rows[0].key.substr(rows[0].key.size() - 16),
            rows[1].key.substr(rows[1].key.size() - 16));
}

TEST_F(MailboxTest, SystemIdsHaveALimit) {
  const std::string at_limit(kSystemIdBytesMax, 's');
  EXPECT_TRUE(mailboxes_.ReadAfter(*View(), at_limit, {}, 1).ok());
  EXPECT_EQ(ReasonOf(mailboxes_.ReadAfter(*View(), at_limit + "s", {}, 1).status()),
            Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(mailboxes_.ReadAfter(*View(), "", {}, 1).status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(mailboxes_.ReadAfter(*View(), kYot, {}, 0).status()), Reason::kInvalidField);
}

TEST_F(MailboxTest, MessageIdsReadBackForTheirOwnMailbox) {
  for (const Position position :
       {Position{}, Position{0, 1}, Position{1, 65535}, Position{~uint64_t{0}, 258}}) {
    const std::string id = mailboxes_.MessageId(kYot, position);
    const absl::StatusOr<Position> read = mailboxes_.ReadMessageId(kYot, id);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, position);
  }
}

// Broken on purpose by leaving out the comparison in ReadMessageId(): every spoilt id is taken.
TEST_F(MailboxTest, ForgedForeignAndSpoiltMessageIdsAreRefused) {
  const std::string id = mailboxes_.MessageId(kYot, {42, 1});
  const auto reason = [&](const std::string& system_id, const std::string& text) {
    const absl::StatusOr<Position> read = mailboxes_.ReadMessageId(system_id, text);
    if (!read.ok()) {
      EXPECT_EQ(base::ViolationsOf(read.status()).at(0).field, "message_id");
    }
    return ReasonOf(read.status());
  };
  EXPECT_EQ(reason(kYot, id), Reason::kUnspecified);
  EXPECT_EQ(reason(kConnexions, id), Reason::kInvalidField);
  EXPECT_EQ(reason(kYot, ""), Reason::kInvalidField);
  EXPECT_EQ(reason(kYot, id + "A"), Reason::kInvalidField);
  EXPECT_EQ(reason(kYot, id + "="), Reason::kInvalidField);
  EXPECT_EQ(reason(kYot, id.substr(0, id.size() - 1)), Reason::kInvalidField);
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (size_t i = 0; i < id.size(); ++i) {
    for (const char digit : digits) {
      if (digit == id[i]) continue;
      std::string spoilt = id;
      spoilt[i] = digit;
      ASSERT_EQ(reason(kYot, spoilt), Reason::kInvalidField) << i << " " << digit;
    }
  }
  // Another hub's key.
  const Mailboxes other(base::SecretKey::Generate(&random_));
  EXPECT_EQ(reason(kYot, other.MessageId(kYot, {42, 1})), Reason::kInvalidField);
}

TEST_F(MailboxTest, MessageIdsAreStableAndDiffer) {
  const std::string id = mailboxes_.MessageId(kYot, {42, 1});
  EXPECT_EQ(id, mailboxes_.MessageId(kYot, {42, 1}));
  EXPECT_NE(id, mailboxes_.MessageId(kYot, {42, 2}));
  EXPECT_NE(id, mailboxes_.MessageId(kYot, {43, 1}));
  EXPECT_NE(id, mailboxes_.MessageId(kConnexions, {42, 1}));
  EXPECT_LE(id.size(), 64u);  // as the protocol promises
}

// Broken on purpose by putting the position into the id as it is.
TEST_F(MailboxTest, TheLedgersReferenceIsTheEndOfAnIdAndNeitherSaysThePlace) {
  const Position position{0x1122334455667788, 1};
  const std::string ref = mailboxes_.MessageRef(kYot, position);
  EXPECT_EQ(ref.size(), 16u);
  const std::string id = *base::Base64UrlDecode(mailboxes_.MessageId(kYot, position));
  EXPECT_TRUE(absl::EndsWith(id, ref));
  EXPECT_FALSE(absl::StrContains(id, store::KeyU64(position.index)));
  // Nor do two mailboxes' ids, or two neighbours', share a place that could be compared.
  const std::string other = *base::Base64UrlDecode(mailboxes_.MessageId(kConnexions, position));
  const std::string next = *base::Base64UrlDecode(mailboxes_.MessageId(kYot, {position.index, 2}));
  EXPECT_NE(id.substr(1, 8), other.substr(1, 8));
  EXPECT_NE(id.substr(1, 8), next.substr(1, 8));
}

// Broken on purpose by taking the highest position for the low-water mark: the two in between are
// lost.
TEST_F(MailboxTest, OutOfOrderTheLowWaterMarkWaitsForTheGap) {
  OpenCursor(kYot, "main");
  std::vector<Position> posted;
  for (int i = 0; i < 5; ++i) posted.push_back({Post(kYot), 1});
  EXPECT_EQ(Acknowledge(kYot, "main", {posted[3], posted[1]}), 0);
  Place place = *mailboxes_.ReadCursor(*View(), kYot, "main");
  EXPECT_EQ(place.low_water, Position());
  EXPECT_THAT(place.dealt_with, ElementsAre(posted[1], posted[3]));
  EXPECT_FALSE(place.IsDealtWith(posted[0]));
  EXPECT_TRUE(place.IsDealtWith(posted[1]));
  EXPECT_FALSE(place.IsDealtWith(posted[2]));
  EXPECT_THAT(Indexes(kYot), SizeIs(5));

  // Up to the next gap, and after a restart as before it.
  Start();
  EXPECT_EQ(Acknowledge(kYot, "main", {posted[0]}), 2);
  place = *mailboxes_.ReadCursor(*View(), kYot, "main");
  EXPECT_EQ(place.low_water, posted[1]);
  EXPECT_THAT(place.dealt_with, ElementsAre(posted[3]));
  EXPECT_THAT(Indexes(kYot), ElementsAre(posted[2].index, posted[3].index, posted[4].index));

  // What was dealt with changes nothing.
  EXPECT_FALSE(
      mailboxes_.PrepareAcknowledge(*View(), kYot, "main", Positions{posted[3], posted[0]})
          ->changed);
  EXPECT_EQ(Acknowledge(kYot, "main", {posted[2]}), 2);
  place = *mailboxes_.ReadCursor(*View(), kYot, "main");
  EXPECT_EQ(place.low_water, posted[3]);
  EXPECT_THAT(place.dealt_with, IsEmpty());
  EXPECT_THAT(Indexes(kYot), ElementsAre(posted[4].index));
}

// The reader must not learn that there was something it may not know of.
TEST_F(MailboxTest, WhatIsPassedOverMovesTheMarkAndIsNeverTold) {
  OpenCursor(kYot, "main");
  const Position first{Post(kYot), 1};
  const Position hidden{Post(kYot), 1};
  const Position second{Post(kYot), 1};
  const Position last{Post(kYot), 1};
  const auto acknowledge = [&](Positions positions, Positions passed_over) {
    const auto view = View();
    auto change = mailboxes_.PrepareAcknowledge(*view, kYot, "main", positions, passed_over);
    ASSERT_TRUE(change.ok()) << change.status();
    ASSERT_TRUE(Submit(*std::move(change), *view).ok());
  };
  acknowledge({last}, {hidden});
  Place place = *mailboxes_.ReadCursor(*View(), kYot, "main");
  EXPECT_EQ(place.told, Position());
  EXPECT_THAT(place.dealt_with, ElementsAre(last));
  EXPECT_THAT(place.passed_over, ElementsAre(hidden));
  EXPECT_TRUE(place.IsDealtWith(hidden));
  acknowledge({first}, {});
  place = *mailboxes_.ReadCursor(*View(), kYot, "main");
  EXPECT_EQ(place.low_water, hidden);
  EXPECT_EQ(place.told, first);
  acknowledge({second}, {});
  place = *mailboxes_.ReadCursor(*View(), kYot, "main");
  EXPECT_EQ(place.low_water, last);
  EXPECT_EQ(place.told, last);
  EXPECT_THAT(place.passed_over, IsEmpty());
}

// Broken on purpose by counting both against the reader's limit: its number tells how many hide.
TEST_F(MailboxTest, WhatIsPassedOverDoesNotCountAgainstTheReader) {
  OpenCursor(kYot, "main");
  ledger::Operation operation;
  ledger::AddIndexHook(&operation, [](uint64_t first_index, store::Batch& batch) {
    for (uint16_t part = 1; part <= kDealtWithAheadMax + 10; ++part) {
      AppendNotice(batch, kYot, first_index, part, {});
    }
  });
  const uint64_t index = Submit(std::move(operation))->first_index;
  Positions ahead;
  Positions passed_over;
  for (uint16_t part = 2; part <= kDealtWithAheadMax + 1; ++part) ahead.push_back({index, part});
  for (uint16_t part = kDealtWithAheadMax + 2; part <= kDealtWithAheadMax + 9; ++part) {
    passed_over.push_back({index, part});
  }
  const auto change = mailboxes_.PrepareAcknowledge(*View(), kYot, "main", ahead, passed_over);
  ASSERT_TRUE(change.ok()) << change.status();
  EXPECT_THAT(change->place.passed_over, SizeIs(8));
}

TEST_F(MailboxTest, WhatIsNotThereStandsInNobodysWay) {
  OpenCursor(kYot, "main");
  const Position first{Post(kYot), 1};
  const Position last{Post(kYot), 1};
  // As after a restore that gave up a message whose id a reader still has.
  const Position between{first.index, 2};
  EXPECT_EQ(Acknowledge(kYot, "main", {between}), 0);
  EXPECT_THAT(mailboxes_.ReadCursor(*View(), kYot, "main")->dealt_with, IsEmpty());
  EXPECT_EQ(Acknowledge(kYot, "main", {first, between, last}), 2);
  EXPECT_EQ(mailboxes_.ReadCursor(*View(), kYot, "main")->low_water, last);
}

TEST_F(MailboxTest, SoManyMayBeDealtWithBehindAGapAndNoMore) {
  OpenCursor(kYot, "main");
  ledger::Operation operation;
  ledger::AddIndexHook(&operation, [](uint64_t first_index, store::Batch& batch) {
    for (uint16_t part = 1; part <= kDealtWithAheadMax + 2; ++part) {
      AppendNotice(batch, kYot, first_index, part, {});
    }
  });
  const uint64_t index = Submit(std::move(operation))->first_index;
  Positions ahead;
  for (uint16_t part = 2; part <= kDealtWithAheadMax + 1; ++part) ahead.push_back({index, part});
  EXPECT_EQ(Acknowledge(kYot, "main", ahead), 0);
  const Position last{index, kDealtWithAheadMax + 2};
  EXPECT_EQ(
      ReasonOf(mailboxes_.PrepareAcknowledge(*View(), kYot, "main", Positions{last}).status()),
      Reason::kTooManyRequests);
  // The gap closed, all move.
  EXPECT_EQ(Acknowledge(kYot, "main", {{index, 1}, last}), kDealtWithAheadMax + 2);
  EXPECT_THAT(Indexes(kYot), IsEmpty());
}

TEST_F(MailboxTest, LaterAndBrokenRowsAreNotGuessedAt) {
  const uint64_t posted = Post(kYot);
  const std::string key = View()->Scan(store::Space::kMailboxes, "", "", 1)->at(0).key;
  store::Batch later;
  later.Put(store::Space::kMailboxes, key, "\x02");
  ASSERT_TRUE(store::testing::CommitNow(store_, std::move(later)).ok());
  EXPECT_EQ(ReasonOf(mailboxes_.ReadAfter(*View(), kYot, {}, 1).status()), Reason::kStoreNewer);
  store::Batch broken;
  broken.Put(store::Space::kMailboxes, key, "\x01\xff");
  ASSERT_TRUE(store::testing::CommitNow(store_, std::move(broken)).ok());
  EXPECT_EQ(ReasonOf(mailboxes_.ReadAfter(*View(), kYot, {}, 1).status()), Reason::kDataLoss);
  EXPECT_THAT(Indexes(kYot, {posted, 1}), IsEmpty());
}

}  // namespace
}  // namespace signpost::exchange
