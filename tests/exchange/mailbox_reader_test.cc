#include "hub/exchange/mailbox_reader.h"

#include <utility>

#include "hub/exchange/mailbox_notifier.h"
#include "tests/exchange/exchange_fixture.h"

namespace signpost::exchange {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MailboxReaderTest : public ExchangeFixture {
 protected:
  MailboxReaderTest() : following_(*sequencer_->Follow(&notifier_)) {}

  std::vector<uint64_t> New(MailboxReader& reader, int messages_max = 10) {
    return Indices(reader.TakeNew(messages_max, subscription_.get()));
  }
  std::vector<uint64_t> Due(MailboxReader& reader, absl::Time now) {
    return Indices(reader.TakeDue(now));
  }
  static std::vector<uint64_t> Indices(const absl::StatusOr<std::vector<MailboxMessage>>& page) {
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<uint64_t> indices;
    for (const MailboxMessage& message : *page) indices.push_back(message.position.index);
    return indices;
  }

  MailboxNotifier notifier_;
  std::unique_ptr<store::Following> following_;
  int woken_ = 0;
  std::unique_ptr<MailboxNotifier::Subscription> subscription_ =
      notifier_.Subscribe(kYot, [this] { ++woken_; });
  MailboxReader reader_{&store_, &mailboxes_, kYot};
  const absl::Time now_ = absl::FromUnixSeconds(1'790'000'000);
};

TEST_F(MailboxReaderTest, EachMessageComesOncePageByPage) {
  const uint64_t a = Post(kYot);
  const uint64_t b = Post(kYot);
  Post(kConnexions);
  const uint64_t c = Post(kYot);
  EXPECT_THAT(New(reader_, 2), ElementsAre(a, b));
  EXPECT_THAT(New(reader_, 2), ElementsAre(c));
  EXPECT_THAT(New(reader_, 2), IsEmpty());
  EXPECT_EQ(woken_, 0);
  const uint64_t d = Post(kYot);
  EXPECT_EQ(woken_, 1) << "finding none armed it";
  EXPECT_THAT(New(reader_), ElementsAre(d));
}

TEST_F(MailboxReaderTest, BeginsBehindTheMarkAndLeavesOutWhatIsDealtWithAboveIt) {
  const uint64_t a = Post(kYot);
  const uint64_t b = Post(kYot);
  const uint64_t c = Post(kYot);
  reader_.Begin({{a, 1}, {a, 1}, {{b, 1}}, {}});
  EXPECT_EQ(reader_.LowWaterId(), mailboxes_.MessageId(kYot, {a, 1}));
  EXPECT_THAT(New(reader_), ElementsAre(c));
  EXPECT_EQ(MailboxReader(&store_, &mailboxes_, kYot).LowWaterId(), "");
  MailboxReader passed(&store_, &mailboxes_, kYot);
  passed.Begin({{b, 1}, {a, 1}, {}, {}});
  EXPECT_EQ(passed.LowWaterId(), mailboxes_.MessageId(kYot, {a, 1}))
      << "not of what was passed over";
}

TEST_F(MailboxReaderTest, WhatWasPutOffComesWhenItIsDueTheLongestFirst) {
  const uint64_t a = Post(kYot);
  const uint64_t b = Post(kYot);
  ASSERT_THAT(New(reader_), ElementsAre(a, b));
  EXPECT_EQ(reader_.NextDue(), std::nullopt);
  reader_.PutOff({a, 1}, now_ + absl::Seconds(2));
  reader_.PutOff({b, 1}, now_ + absl::Seconds(1));
  EXPECT_EQ(reader_.put_off(), 2u);
  EXPECT_EQ(reader_.NextDue(), now_ + absl::Seconds(1));
  EXPECT_THAT(Due(reader_, now_), IsEmpty());
  EXPECT_THAT(Due(reader_, now_ + absl::Seconds(1)), ElementsAre(b));
  EXPECT_THAT(Due(reader_, now_ + absl::Seconds(1)), IsEmpty()) << "once";
  EXPECT_THAT(Due(reader_, now_ + absl::Hours(1)), ElementsAre(a));
  EXPECT_EQ(reader_.put_off(), 0u);
}

TEST_F(MailboxReaderTest, WhatIsGoneWasNotLookedAtOrIsDealtWithDoesNotComeAgain) {
  const uint64_t a = Post(kYot);
  const uint64_t b = Post(kYot);
  reader_.PutOff({a, 1}, now_);
  EXPECT_EQ(reader_.put_off(), 0u) << "it comes by itself";
  ASSERT_THAT(New(reader_), ElementsAre(a, b));
  reader_.Moved({{a, 1}, {a, 1}, {}, {}});
  reader_.PutOff({a, 1}, now_);
  EXPECT_EQ(reader_.put_off(), 0u) << "dealt with";
  reader_.PutOff({b, 1}, now_);
  reader_.Forget({b, 1});
  EXPECT_THAT(Due(reader_, now_), IsEmpty());
  // Deleted by another stream of the same reader, with one behind it: that one is not taken for it.
  const uint64_t c = Post(kYot);
  ASSERT_THAT(New(reader_), ElementsAre(c));
  OpenCursor(kYot, "main");
  reader_.PutOff({b, 1}, now_);
  ASSERT_EQ(AcknowledgeUpTo(kYot, "main", {b, 1}), 2);
  EXPECT_THAT(Due(reader_, now_), IsEmpty());
}

TEST_F(MailboxReaderTest, AnOlderWordOfTheCursorChangesNothing) {
  const uint64_t a = Post(kYot);
  const uint64_t b = Post(kYot);
  reader_.Moved({{b, 1}, {b, 1}, {}, {}});
  reader_.Moved({{a, 1}, {a, 1}, {}, {}});
  EXPECT_EQ(reader_.place().low_water, (Position{b, 1}));
}

}  // namespace
}  // namespace signpost::exchange
