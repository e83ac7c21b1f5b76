#include "hub/exchange/outbox.h"

#include <string>
#include <vector>

#include "tests/exchange/exchange_fixture.h"

namespace signpost::exchange {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NoticesTest : public ExchangeFixture {
 protected:
  // Housing has two mailboxes, the auditor none.
  static std::vector<std::string> SystemsOf(const std::string& agency_id) {
    if (agency_id == "nortown-yot") return {kYot};
    if (agency_id == "northern-connexions") return {kConnexions};
    if (agency_id == "nortown-housing") return {"housing/a", "housing/b"};
    return {};
  }
  FlagChange Opened(const std::string& agency_id) {
    return {store::v1::STORED_MESSAGE_KIND_FLAG_OPENED, person_, flag_, agency_id, clock_.Now()};
  }

  base::PersonId person_ = base::PersonId::New(&random_);
  base::FlagId flag_ = base::FlagId::New(&random_);
};

TEST_F(NoticesTest, OthersWithAnOpenFlagAreToldInTheSameCommit) {
  Outbox notices(SystemsOf);
  EXPECT_TRUE(
      notices.Add(Opened("nortown-yot"), {"nortown-yot", "northern-connexions", "nortown-housing",
                                          "northern-connexions", "nortown-audit"}));

  ledger::Operation operation;
  bool hook_before_ran = false;
  operation.with_index = [&](uint64_t, store::Batch&) { hook_before_ran = true; };
  std::move(notices).AddTo(&operation);
  const absl::StatusOr<ledger::Sequenced> sequenced = Submit(std::move(operation));
  ASSERT_TRUE(sequenced.ok()) << sequenced.status();
  EXPECT_TRUE(hook_before_ran);

  EXPECT_THAT(Indexes(kYot), IsEmpty());  // its own change
  EXPECT_THAT(Indexes("housing/a"), ElementsAre(sequenced->first_index));
  EXPECT_THAT(Indexes("housing/b"), ElementsAre(sequenced->first_index));
  const std::vector<MailboxMessage> messages = *mailboxes_.ReadAfter(*View(), kConnexions, {}, 10);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].stored.kind(), store::v1::STORED_MESSAGE_KIND_FLAG_OPENED);
  EXPECT_EQ(messages[0].stored.person_id(), person_.ToBytes());
  EXPECT_EQ(messages[0].stored.flag_id(), flag_.ToBytes());
  EXPECT_EQ(messages[0].stored.agency_id(), "nortown-yot");
  EXPECT_EQ(messages[0].stored.changed_at_s(), absl::ToUnixSeconds(clock_.Now()));
}

TEST_F(NoticesTest, NobodyIsToldWhenNobodyElseWorksWithHer) {
  Outbox notices(SystemsOf);
  EXPECT_TRUE(notices.Add(Opened("nortown-yot"), {}));
  EXPECT_TRUE(notices.Add(Opened("nortown-yot"), {"nortown-yot", "nortown-audit"}));
  FlagChange nothing = Opened("nortown-yot");
  nothing.kind = store::v1::STORED_MESSAGE_KIND_UNSPECIFIED;
  EXPECT_TRUE(notices.Add(nothing, {"northern-connexions"}));
  EXPECT_TRUE(notices.empty());
  EXPECT_TRUE(notices.empty());
  ledger::Operation operation;
  std::move(notices).AddTo(&operation);
  EXPECT_FALSE(operation.with_index);
}

TEST_F(NoticesTest, SeveralChangesOfOneOperationAreSeveralMessages) {
  Outbox notices(SystemsOf);
  for (const store::v1::StoredMessageKind kind :
       {store::v1::STORED_MESSAGE_KIND_FLAG_CLOSED, store::v1::STORED_MESSAGE_KIND_FLAG_OPENED}) {
    FlagChange change = Opened("nortown-yot");
    change.kind = kind;
    EXPECT_TRUE(notices.Add(change, {"northern-connexions"}));
  }
  ledger::Operation operation;
  std::move(notices).AddTo(&operation);
  ASSERT_TRUE(Submit(std::move(operation)).ok());
  const std::vector<MailboxMessage> messages = *mailboxes_.ReadAfter(*View(), kConnexions, {}, 10);
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_EQ(messages[0].stored.kind(), store::v1::STORED_MESSAGE_KIND_FLAG_CLOSED);
  EXPECT_EQ(messages[0].position.part, 1);
  EXPECT_EQ(messages[1].stored.kind(), store::v1::STORED_MESSAGE_KIND_FLAG_OPENED);
}

TEST_F(NoticesTest, PartsEndAtTheirLimitInsteadOfOverwriting) {
  Outbox notices(SystemsOf);
  for (int i = 0; i < 65535; ++i) {
    ASSERT_TRUE(notices.Add(Opened("nortown-yot"), {"northern-connexions"}));
  }
  EXPECT_FALSE(notices.Add(Opened("nortown-yot"), {"northern-connexions"}));
}

TEST_F(NoticesTest, NoticeOfAChangeThatDidNotHappenIsNotThere) {
  Outbox notices(SystemsOf);
  EXPECT_TRUE(notices.Add(Opened("nortown-yot"), {"northern-connexions"}));
  ledger::Operation operation;
  std::move(notices).AddTo(&operation);
  operation.reads.AddRow(store::Space::kPeople, "their row", View()->revision());
  ledger::Operation first;
  first.batch.Put(store::Space::kPeople, "their row", "changed");
  ASSERT_TRUE(Submit(std::move(first)).ok());
  EXPECT_EQ(base::ReasonOf(Submit(std::move(operation)).status()), base::Reason::kAborted);
  EXPECT_THAT(Indexes(kConnexions), IsEmpty());
}

}  // namespace
}  // namespace signpost::exchange
