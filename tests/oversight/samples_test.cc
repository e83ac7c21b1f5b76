// A sample is announced before anybody can know what it will draw.

#include "hub/oversight/samples.h"

#include <gmock/gmock.h>

#include "hub/tlog/merkle.h"
#include "tests/oversight/joint_fixture.h"

namespace signpost::oversight {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using ::testing::ElementsAre;

class SamplesTest : public JointRooms {
 protected:
  v1::AnnounceSampleRequest Announcing(int count) {
    v1::AnnounceSampleRequest request;
    request.set_request_id(RequestId());
    request.set_reason("The yearly sample.");
    request.set_count(count);
    request.set_nonce_sha256(base::Sha256(std::string(32, 'n')));
    return request;
  }
  absl::StatusOr<v1::AnnounceSampleResponse> Announce(const v1::AnnounceSampleRequest& request) {
    return Wait<v1::AnnounceSampleResponse>(
        [&](auto done) { samples_.Announce(Auditor(), request, std::move(done)); });
  }
  Samples samples_{context_};
};

TEST_F(SamplesTest, TheSeedIsTheRootOfTheTreeThatEndsWithTheAnnouncement) {
  const uint64_t size = LedgerSize();
  const auto announced = Announce(Announcing(3));
  ASSERT_TRUE(announced.ok()) << announced.status();
  EXPECT_EQ(announced->announced_index(), size);
  EXPECT_EQ(announced->first_index(), 0u);
  EXPECT_EQ(announced->end_index(), size) << "fixed before anybody knows the root";
  const ledger::v1::LedgerEntry entry = Stored(size);
  EXPECT_EQ(entry.kind(), ledger::v1::ENTRY_KIND_SAMPLE_ANNOUNCED);
  EXPECT_EQ(entry.sample_announced().count(), 3u);
  EXPECT_EQ(entry.sample_announced().end_index(), size);
  EXPECT_EQ(entry.sample_announced().nonce_sha256(), base::Sha256(std::string(32, 'n')));
  DrugsReportSal();  // what comes later has no say
  EXPECT_EQ(announced->root(),
            tlog::HashToString(*ledger::LedgerReader(View().get()).RootAt(size + 1)));
}

TEST_F(SamplesTest, SentTwiceItIsTheSameAnnouncement) {
  const v1::AnnounceSampleRequest request = Announcing(3);
  const auto once = Announce(request);
  ASSERT_TRUE(once.ok()) << once.status();
  DrugsReportSal();
  const uint64_t size = LedgerSize();
  const auto twice = Announce(request);
  ASSERT_TRUE(twice.ok()) << twice.status();
  EXPECT_EQ(twice->SerializeAsString(), once->SerializeAsString());
  EXPECT_EQ(LedgerSize(), size);
}

TEST_F(SamplesTest, WhatCannotBeDrawnIsRefusedBeforeItIsAnnounced) {
  const uint64_t size = LedgerSize();
  v1::AnnounceSampleRequest request = Announcing(0);
  EXPECT_THAT(FieldsOf(Announce(request).status()), ElementsAre("count"));
  EXPECT_THAT(FieldsOf(Announce(Announcing(1001)).status()), ElementsAre("count"));
  request = Announcing(5);
  request.set_first_index(size - 4);
  EXPECT_THAT(FieldsOf(Announce(request).status()), ElementsAre("count"));
  request.set_end_index(size + 1);
  EXPECT_THAT(FieldsOf(Announce(request).status()), ElementsAre("end_index"));
  request = Announcing(1);
  request.set_nonce_sha256("short");
  EXPECT_THAT(FieldsOf(Announce(request).status()), ElementsAre("nonce_sha256"));
  request = Announcing(1);
  request.clear_reason();
  EXPECT_THAT(FieldsOf(Announce(request).status()), ElementsAre("reason"));
  EXPECT_EQ(LedgerSize(), size);
}

}  // namespace
}  // namespace signpost::oversight
