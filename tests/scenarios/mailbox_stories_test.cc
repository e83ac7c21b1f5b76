// How a reader deals with the messages of its mailbox, one by one, against a real hub over mTLS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "hub/base/encoding.h"
#include "hub/ledger/reader.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Known kSal = {"Sally", "Thorne", 2010, 11, 3, "NT9 2BD", ""};
constexpr char kConnexions[] = "northern-connexions";

// One stream of the reader "inbox" of Connexions' adapter.
class Reading {
 public:
  explicit Reading(Nortown* nortown) : stub_(nortown->Exchange(kConnexions)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    stream_ = stub_->Subscribe(&context_);
    v1::SubscribeRequest open;
    open.mutable_open()->set_cursor("inbox");
    open.mutable_open()->set_credits(100);
    EXPECT_TRUE(stream_->Write(open));
  }
  ~Reading() {
    if (finished_) return;
    context_.TryCancel();
    stream_->Finish();
  }

  // What comes until the hub says that nothing waits.
  std::vector<v1::DeliveredMessage> UntilQuiet() {
    std::vector<v1::DeliveredMessage> messages;
    v1::SubscribeResponse response;
    while (stream_->Read(&response) && !response.has_heartbeat()) {
      if (response.has_delivered()) messages.push_back(response.delivered());
    }
    EXPECT_TRUE(response.has_heartbeat());
    return messages;
  }
  // The next message, past heartbeats.
  v1::DeliveredMessage Next() {
    v1::SubscribeResponse response;
    while (stream_->Read(&response)) {
      if (response.has_delivered()) return response.delivered();
    }
    ADD_FAILURE() << "the stream ended";
    return {};
  }
  v1::Acknowledged Acknowledge(const v1::Acknowledge& acknowledge) {
    v1::SubscribeRequest request;
    *request.mutable_acknowledge() = acknowledge;
    EXPECT_TRUE(stream_->Write(request));
    v1::SubscribeResponse response;
    while (stream_->Read(&response)) {
      if (response.has_acknowledged()) return response.acknowledged();
    }
    ADD_FAILURE() << "the stream ended";
    return {};
  }
  // How the stream ends when the hub will not have `acknowledge`.
  grpc::Status Refused(const v1::Acknowledge& acknowledge) {
    v1::SubscribeRequest request;
    *request.mutable_acknowledge() = acknowledge;
    EXPECT_TRUE(stream_->Write(request));
    v1::SubscribeResponse response;
    while (stream_->Read(&response)) EXPECT_FALSE(response.has_acknowledged());
    finished_ = true;
    return stream_->Finish();
  }

 private:
  bool finished_ = false;
  grpc::ClientContext context_;
  std::unique_ptr<v1::ExchangeService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SubscribeRequest, v1::SubscribeResponse>> stream_;
};

v1::MessageOutcome* Add(v1::Acknowledge* acknowledge, const std::string& message_id,
                        v1::MessageOutcomeKind kind) {
  v1::MessageOutcome* outcome = acknowledge->add_outcomes();
  outcome->set_message_id(message_id);
  outcome->set_kind(kind);
  return outcome;
}

std::vector<std::string> IdsOf(const std::vector<v1::DeliveredMessage>& messages) {
  std::vector<std::string> ids;
  for (const v1::DeliveredMessage& message : messages) ids.push_back(message.message_id());
  return ids;
}

// What stands for a message in the ledger.
std::string RefOf(const std::string& message_id) {
  const std::string bytes = *base::Base64UrlDecode(message_id);
  return bytes.substr(bytes.size() - 16);
}

class MailboxStories : public ::testing::Test {
 protected:
  // Social services open, change and close a case of somebody whom Connexions works with.
  void SetUp() override {
    nortown_.Report(kConnexions, OpenFlag("C-1", kSal, "connexions", "Maureen Oakes"));
    v1::FlagReport report = OpenFlag("S-1", kSal, "childrens-social-care", "Hugh Penn");
    nortown_.Report("nortown-social-services", report);
    report.mutable_contact()->set_name("Ada Moss");
    nortown_.Report("nortown-social-services", report);
    nortown_.Report("nortown-social-services", Closed(report));
  }

  ledger::v1::LedgerEntry LastEntry() {
    const auto view = *nortown_.hub().context().store->NewView();
    ledger::v1::LedgerEntry entry;
    const uint64_t size = nortown_.hub().context().sequencer->head().size;
    EXPECT_TRUE(entry.ParseFromString(*ledger::LedgerReader(view.get()).Entry(size - 1)));
    return entry;
  }

  Nortown nortown_;
};

// Broken on purpose by beginning a stream behind the last that was dealt with: the first is lost.
TEST_F(MailboxStories, OnlyWhatWasNotDealtWithComesAgain) {
  std::vector<std::string> ids;
  {
    Reading reading(&nortown_);
    ids = IdsOf(reading.UntilQuiet());
    ASSERT_EQ(ids.size(), 3u);
    v1::Acknowledge acknowledge;
    Add(&acknowledge, ids[2], v1::MESSAGE_OUTCOME_KIND_DONE);
    Add(&acknowledge, ids[1], v1::MESSAGE_OUTCOME_KIND_REJECTED)
        ->set_rejection(v1::MESSAGE_REJECTION_UNKNOWN_PERSON);
    const v1::Acknowledged acknowledged = reading.Acknowledge(acknowledge);
    // In the order in which they were named.
    ASSERT_EQ(acknowledged.states_size(), 2);
    EXPECT_EQ(acknowledged.states(0).message_id(), ids[2]);
    EXPECT_EQ(acknowledged.states(0).kind(), v1::MESSAGE_STATE_KIND_DEALT_WITH);
    EXPECT_EQ(acknowledged.states(1).message_id(), ids[1]);
    EXPECT_EQ(acknowledged.states(1).kind(), v1::MESSAGE_STATE_KIND_DEALT_WITH);
    EXPECT_EQ(acknowledged.low_water_message_id(), "");
    const ledger::v1::Acknowledged recorded = LastEntry().acknowledged();
    ASSERT_EQ(recorded.rejected_size(), 1);
    EXPECT_EQ(recorded.rejected(0).rejection(), ledger::v1::MESSAGE_REJECTION_UNKNOWN_PERSON);
    EXPECT_EQ(recorded.rejected(0).message_ref(), RefOf(ids[1]));
  }
  {
    Reading reading(&nortown_);
    EXPECT_THAT(IdsOf(reading.UntilQuiet()), ElementsAre(ids[0]));
    v1::Acknowledge acknowledge;
    Add(&acknowledge, ids[0], v1::MESSAGE_OUTCOME_KIND_DONE);
    // The gap is closed: the mark moves over all three.
    EXPECT_EQ(reading.Acknowledge(acknowledge).low_water_message_id(), ids[2]);
  }
  Reading reading(&nortown_);
  EXPECT_THAT(reading.UntilQuiet(), IsEmpty());
}

TEST_F(MailboxStories, WhatIsPutOffComesAgainOnTheSameStreamAndOnTheNext) {
  std::vector<std::string> ids;
  {
    Reading reading(&nortown_);
    ids = IdsOf(reading.UntilQuiet());
    ASSERT_EQ(ids.size(), 3u);
    v1::Acknowledge acknowledge;
    Add(&acknowledge, ids[0], v1::MESSAGE_OUTCOME_KIND_DONE);
    Add(&acknowledge, ids[1], v1::MESSAGE_OUTCOME_KIND_LATER)->mutable_delay()->set_seconds(1);
    Add(&acknowledge, ids[2], v1::MESSAGE_OUTCOME_KIND_DONE);
    const v1::Acknowledged acknowledged = reading.Acknowledge(acknowledge);
    ASSERT_EQ(acknowledged.states_size(), 3);
    EXPECT_EQ(acknowledged.states(1).kind(), v1::MESSAGE_STATE_KIND_WAITS);
    EXPECT_EQ(acknowledged.low_water_message_id(), ids[0]);
    EXPECT_EQ(reading.Next().message_id(), ids[1]);
  }
  Reading reading(&nortown_);
  EXPECT_THAT(IdsOf(reading.UntilQuiet()), ElementsAre(ids[1]));
}

TEST_F(MailboxStories, AnAcknowledgementThatMakesNoSenseEndsTheStreamAndChangesNothing) {
  std::vector<std::string> ids;
  {
    Reading reading(&nortown_);
    ids = IdsOf(reading.UntilQuiet());
    ASSERT_EQ(ids.size(), 3u);
  }
  std::string forged = ids[0];
  forged[5] = forged[5] == 'A' ? 'B' : 'A';
  std::vector<v1::Acknowledge> wrong(8);
  Add(&wrong[1], forged, v1::MESSAGE_OUTCOME_KIND_DONE);
  Add(&wrong[2], ids[0], v1::MESSAGE_OUTCOME_KIND_UNSPECIFIED);
  Add(&wrong[3], ids[0], static_cast<v1::MessageOutcomeKind>(99));
  Add(&wrong[4], ids[0], v1::MESSAGE_OUTCOME_KIND_REJECTED);
  Add(&wrong[5], ids[0], v1::MESSAGE_OUTCOME_KIND_LATER);
  Add(&wrong[6], ids[0], v1::MESSAGE_OUTCOME_KIND_LATER)->mutable_delay()->set_seconds(3601);
  // One good, and the same again.
  Add(&wrong[7], ids[0], v1::MESSAGE_OUTCOME_KIND_DONE);
  Add(&wrong[7], ids[0], v1::MESSAGE_OUTCOME_KIND_DONE);
  for (const v1::Acknowledge& acknowledge : wrong) {
    Reading reading(&nortown_);
    ASSERT_EQ(IdsOf(reading.UntilQuiet()), ids);
    EXPECT_EQ(reading.Refused(acknowledge).error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << acknowledge.ShortDebugString();
  }
  Reading reading(&nortown_);
  EXPECT_EQ(IdsOf(reading.UntilQuiet()), ids);
}

}  // namespace
}  // namespace signpost::scenarios
