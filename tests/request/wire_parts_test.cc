// What is written field by field is what the message would have been.

#include "hub/request/wire_parts.h"

#include <gtest/gtest.h>

#include <string>

#include "hub/request/wire_convert.h"
#include "signpost/v1/index.pb.h"

namespace signpost::request {
namespace {

// Written in the order of the fields, it is also the same bytes.
TEST(WireParts, WhatIsWrittenIsTheMessage) {
  v1::FlagView message;
  message.set_flag_id("F1");
  message.set_agency_id(std::string(300, 'a'));  // a length of two bytes
  message.set_status(v1::FLAG_STATUS_CLOSED);
  SetDate(20090517, message.mutable_opened_on());
  *message.mutable_confirmed_at() = ToTimestamp(int64_t{1'772'355'600});
  message.mutable_contact()->set_name("Dilys");
  message.set_disputed(true);
  v1::AspectDecision* decision = message.add_decisions();
  decision->set_aspect(v1::ASPECT_AGENCY);
  message.add_decisions();

  std::string bytes;
  WireParts view(&bytes);
  view.Text(v1::FlagView::kFlagIdFieldNumber, message.flag_id());
  view.Text(v1::FlagView::kAgencyIdFieldNumber, message.agency_id());
  view.Number(v1::FlagView::kStatusFieldNumber, v1::FLAG_STATUS_CLOSED);
  view.Date(v1::FlagView::kOpenedOnFieldNumber, 20090517);
  view.Timestamp(v1::FlagView::kConfirmedAtFieldNumber, 1'772'355'600);
  view.Message(v1::FlagView::kContactFieldNumber, message.contact().SerializeAsString());
  view.Number(v1::FlagView::kDisputedFieldNumber, 1);
  view.Message(v1::FlagView::kDecisionsFieldNumber, *decision);
  view.Message(v1::FlagView::kDecisionsFieldNumber, "");  // one without content is there
  EXPECT_EQ(bytes, message.SerializeAsString());
}

TEST(WireParts, WhatIsZeroOrEmptyIsLeftOut) {
  std::string bytes = "before";
  WireParts view(&bytes);
  view.Text(v1::FlagView::kFlagIdFieldNumber, "");
  view.Number(v1::FlagView::kStatusFieldNumber, 0);
  view.Date(v1::FlagView::kClosedOnFieldNumber, 0);
  EXPECT_EQ(bytes, "before");
}

TEST(WireParts, NumbersAtTheirEnds) {
  for (const uint64_t seconds : {uint64_t{1}, uint64_t{127}, uint64_t{128}, uint64_t{1} << 62}) {
    std::string bytes;
    WireParts(&bytes).Timestamp(v1::FlagView::kConfirmedAtFieldNumber,
                                static_cast<int64_t>(seconds));
    v1::FlagView read;
    ASSERT_TRUE(read.ParseFromString(bytes));
    EXPECT_EQ(read.confirmed_at().seconds(), static_cast<int64_t>(seconds));
  }
}

}  // namespace
}  // namespace signpost::request
