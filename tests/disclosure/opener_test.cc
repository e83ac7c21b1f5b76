// A permit opens the answer whose hash its entry names, and no other.

#include "hub/disclosure/opener.h"

#include <gmock/gmock.h>

#include "signpost/v1/exchange.pb.h"
#include "tests/request/hub_rooms.h"

namespace signpost::disclosure {
namespace {

class OpenerTest : public request::HubRooms {
 protected:
  static SealedAnswer Answer(const std::string& service) {
    v1::Notice notice;
    notice.mutable_flag_opened()->mutable_flag()->set_service(service);
    return Opener::Close(notice);
  }
  // Sequenced with one entry for each of these answers.
  ledger::Sequenced Record(const std::vector<const SealedAnswer*>& answers) {
    ledger::Operation operation;
    for (const SealedAnswer* answer : answers) {
      operation.entries.push_back(EntryNaming(answer->hash()));
    }
    return *sequencer_->SubmitAndWait(std::move(operation));
  }
};

TEST_F(OpenerTest, APermitOpensWhatItsEntryNames) {
  SealedAnswer first = Answer("housing");
  SealedAnswer second = Answer("connexions");
  const ledger::Sequenced sequenced = Record({&first, &second});
  v1::Notice notice;
  ASSERT_TRUE(notice.ParseFromString(std::move(second).Release(sequenced.permit, 1)));
  EXPECT_EQ(notice.flag_opened().flag().service(), "connexions");
  ASSERT_TRUE(notice.ParseFromString(std::move(first).Release(sequenced.permit, 0)));
  EXPECT_EQ(notice.flag_opened().flag().service(), "housing");
}

TEST_F(OpenerTest, APermitOfAnotherAnswerOpensNothing) {
  SealedAnswer recorded = Answer("housing");
  SealedAnswer other = Answer("connexions");
  const ledger::Sequenced sequenced = Record({&recorded});
  EXPECT_DEATH((void)std::move(other).Release(sequenced.permit, 0), "CHECK\\(permit\\.Names");
  EXPECT_DEATH((void)std::move(recorded).Release(sequenced.permit, 1), "CHECK\\(permit\\.Names");
}

TEST_F(OpenerTest, AnEntryThatNamesNoReplyOpensNothing) {
  SealedAnswer answer = Answer("housing");
  ledger::Operation operation;
  operation.entries.push_back(EntryNaming(""));
  const auto sequenced = sequencer_->SubmitAndWait(std::move(operation));
  ASSERT_TRUE(sequenced.ok());
  EXPECT_DEATH((void)std::move(answer).Release(sequenced->permit, 0), "CHECK\\(permit\\.Names");
}

}  // namespace
}  // namespace signpost::disclosure
