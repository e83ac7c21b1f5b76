// A permit opens the answer whose hash its entry names, and no other.

#include "hub/disclosure/opener.h"

#include <gmock/gmock.h>

#include "signpost/v1/exchange.pb.h"
#include "signpost/v1/index.pb.h"
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

// At every size, so that both ends of each step are met.
TEST_F(OpenerTest, WhatIsPaddedIsWholeStepsAndTheSameAnswer) {
  for (size_t size = 0; size < 2 * kAnswerSizeStep + 200; ++size) {
    v1::WhoKnowsAnswer answer;
    answer.set_agency_person_id(std::string(size, 'i'));
    const SealedAnswer closed =
        Opener::ClosePadded(answer.SerializeAsString(), v1::WhoKnowsAnswer::kPaddingFieldNumber);
    ASSERT_EQ(closed.size() % kAnswerSizeStep, 0u) << size;
    ASSERT_LT(closed.size(), size + 2 * kAnswerSizeStep) << size;
    if (size % 512 != 0) continue;  // the rest is slow
    const ledger::Sequenced sequenced = Record({&closed});
    SealedAnswer to_release = closed;
    v1::WhoKnowsAnswer read;
    ASSERT_TRUE(read.ParseFromString(std::move(to_release).Release(sequenced.permit))) << size;
    EXPECT_THAT(read.padding(), ::testing::Each('\0'));
    read.clear_padding();
    EXPECT_EQ(read.SerializeAsString(), answer.SerializeAsString());
  }
}

}  // namespace
}  // namespace signpost::disclosure
