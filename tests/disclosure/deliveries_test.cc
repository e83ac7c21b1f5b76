// What leaves a mailbox: each message is judged when it leaves, recorded, and told or withheld.

#include <gmock/gmock.h>

#include "hub/base/crypto.h"
#include "hub/disclosure/answers.h"
#include "hub/subject_rights/subject_rights.h"
#include "signpost/v1/exchange.pb.h"
#include "tests/request/hub_rooms.h"

namespace signpost::disclosure {
namespace {

using request::kConnexions;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using request::Recorded;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DeliveriesTest : public request::HubRooms {
 protected:
  using HubRooms::HubRooms;

  Answers::Delivery Deliver(const std::string& agency) {
    const std::vector<exchange::MailboxMessage> waiting = Mailbox(agency);
    EXPECT_FALSE(waiting.empty());
    auto delivery = Wait<Answers::Delivery>(
        [&](auto done) { answers_->Deliver(System(agency), waiting, std::move(done)); });
    EXPECT_TRUE(delivery.ok()) << delivery.status();
    return *std::move(delivery);
  }
  static v1::Notice NoticeIn(const v1::DeliveredMessage& message) {
    v1::Notice notice;
    EXPECT_TRUE(notice.ParseFromString(message.payload()));
    return notice;
  }
};

TEST_F(DeliveriesTest, WhatMayBeKnownIsToldAndItsEntryNamesThePayload) {
  TariqIsKnown();
  const Answers::Delivery delivery = Deliver(kYot);
  ASSERT_THAT(delivery.messages, SizeIs(1));
  const v1::DeliveredMessage& message = delivery.messages[0];
  const Recorded entry = EntryAt(message.receipt().ledger_index());
  EXPECT_EQ(entry.kind, "delivery");
  EXPECT_EQ(entry.outcome, "delivered");
  EXPECT_EQ(entry.reply_hash, base::Sha256(message.payload()));
  EXPECT_THAT(entry.released.at(kConnexions), ElementsAre("existence", "agency"));
  const v1::Notice notice = NoticeIn(message);
  ASSERT_EQ(notice.body_case(), v1::Notice::kFlagOpened);
  EXPECT_EQ(notice.flag_opened().flag().agency_id(), kConnexions);
  EXPECT_FALSE(notice.flag_opened().flag().agency_person_id().empty());
  EXPECT_THAT(delivery.withheld, IsEmpty());
}

TEST_F(DeliveriesTest, WhatMayNoLongerBeKnownWhenItLeavesIsWithheldAndRecorded) {
  TariqIsKnown();
  subject_rights::SubjectRights rights(context_);
  v1::SetShieldRequest shield;
  shield.set_request_id(RequestId());
  *shield.mutable_person()->mutable_details() = Tariq();
  shield.set_shielded(true);
  shield.set_reason("Moved away from a violent household.");
  ASSERT_TRUE(Wait<v1::SetShieldResponse>([&](auto done) {
                rights.SetShield(Officer(), shield, std::move(done));
              }).ok());
  const Answers::Delivery delivery = Deliver(kYot);
  EXPECT_THAT(delivery.messages, IsEmpty());
  EXPECT_THAT(delivery.withheld, ElementsAre(Mailbox(kYot).back().position))
      << "and the reader goes on behind it";
  EXPECT_EQ(LastEntry().kind, "delivery");
  EXPECT_EQ(LastEntry().outcome, "withheld");
  EXPECT_THAT(LastEntry().reply_hash, IsEmpty());
  EXPECT_EQ(LastEntry().withheld, (std::map<std::string, int>{{"SHIELD", 1}}));
}

TEST_F(DeliveriesTest, ASensitiveServicesNoticeIsWithheldFromOthers) {
  TariqIsKnown();
  Report(kDrugs, Flag("D-1", "substance-misuse"));
  const Answers::Delivery delivery = Deliver(kYot);
  ASSERT_THAT(delivery.messages, SizeIs(1)) << "two wait, one is told";
  EXPECT_EQ(NoticeIn(delivery.messages[0]).flag_opened().flag().agency_id(), kConnexions);
  EXPECT_THAT(delivery.withheld, ElementsAre(Mailbox(kYot)[1].position));
  EXPECT_EQ(LastEntry().outcome, "withheld");
}

TEST_F(DeliveriesTest, AHolderIsToldWhoLooked) {
  TariqIsKnown();
  ASSERT_TRUE(Consent(Adviser(), WrittenConsent()).ok());
  ASSERT_THAT(Ask(Adviser(), AskForAsset()).SectionsOpen(kYot), SizeIs(17));
  const Answers::Delivery delivery = Deliver(kYot);
  ASSERT_THAT(delivery.messages, SizeIs(2));
  const v1::Notice told = NoticeIn(delivery.messages[1]);
  ASSERT_EQ(told.body_case(), v1::Notice::kFlagShown);
  const v1::FlagShown& look = told.flag_shown();
  EXPECT_EQ(look.viewer().agency_id(), kConnexions);
  EXPECT_EQ(look.viewer().practitioner_id(), "pa-001");
  EXPECT_THAT(look.shown(), ElementsAre(v1::ASPECT_CONTENT));
}

TEST_F(DeliveriesTest, OfWhoIsErasedNothingIsTold) {
  TariqIsKnown();
  subject_rights::SubjectRights rights(context_);
  v1::ErasePersonRequest erase;
  erase.set_request_id(RequestId());
  *erase.mutable_person()->mutable_details() = Tariq();
  erase.set_confirmed(true);
  erase.set_reason("Asked for it, and nothing stands against it.");
  ASSERT_TRUE(Wait<v1::ErasePersonResponse>([&](auto done) {
                rights.Erase(Officer(), erase, std::move(done));
              }).ok());
  const Answers::Delivery delivery = Deliver(kYot);
  // What Connexions did is withheld; that its own record is to be reported no more, the YOT is told.
  EXPECT_THAT(delivery.withheld, SizeIs(1));
  ASSERT_THAT(delivery.messages, SizeIs(1));
  EXPECT_EQ(NoticeIn(delivery.messages[0]).record_erased().record_id(), "Y-1");
}

}  // namespace
}  // namespace signpost::disclosure
