#include "hub/rpc/errors.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "hub/base/clock.h"
#include "hub/base/random.h"
#include "signpost/v1/errors.pb.h"

namespace signpost::rpc {
namespace {

using base::Reason;
using ::testing::HasSubstr;
using ::testing::Not;

class ErrorsTest : public ::testing::Test {
 protected:
  ~ErrorsTest() override { std::fclose(sink_); }

  grpc::Status ToWire(const absl::Status& status) {
    return mapper_.ToWire(status, "/signpost.v1.IndexService/Find");
  }
  std::string Log() {
    std::fflush(sink_);
    std::rewind(sink_);
    std::string text;
    for (int c = std::fgetc(sink_); c != EOF; c = std::fgetc(sink_)) {
      text.push_back(static_cast<char>(c));
    }
    return text;
  }

  base::RealClock clock_;
  base::SeededRandom random_{1};
  std::FILE* sink_ = std::tmpfile();
  base::JsonLog log_{sink_, &clock_};
  rpc::ErrorMapper mapper_{&random_, &log_};
};

TEST(ErrorReasons, InsideAndOutsideAreOneListInNumberAndName) {
  const google::protobuf::EnumDescriptor* outside = v1::ErrorReason_descriptor();
  for (int i = 0; i < outside->value_count(); ++i) {
    const google::protobuf::EnumValueDescriptor* value = outside->value(i);
    EXPECT_EQ(value->name(), std::string("ERROR_REASON_") +
                                 base::ReasonName(static_cast<Reason>(value->number())));
  }
  // And none more inside: a number past the list reads as INTERNAL.
  EXPECT_STREQ(base::ReasonName(static_cast<Reason>(outside->value_count())), "INTERNAL");
}

TEST_F(ErrorsTest, EveryReasonKeepsItsNameAndCodeOnTheWire) {
  for (int number = 1; number < v1::ErrorReason_descriptor()->value_count(); ++number) {
    const Reason reason = static_cast<Reason>(number);
    const grpc::Status wire = ToWire(base::Error(reason, "what to do"));
    EXPECT_EQ(ReasonOnWire(wire), reason) << base::ReasonName(reason);
    EXPECT_EQ(static_cast<int>(wire.error_code()), static_cast<int>(base::CodeOf(reason)));
    EXPECT_FALSE(wire.error_message().empty());
  }
}

TEST_F(ErrorsTest, HiddenAndAbsentAreEqualByteForByte) {
  const grpc::Status hidden = ToWire(base::Error(
      Reason::kNotFound, "the person is shielded from this agency", {{"person", "shielded"}}));
  const grpc::Status absent = ToWire(base::Error(Reason::kNotFound, "no such person"));
  EXPECT_EQ(hidden.error_code(), absent.error_code());
  EXPECT_EQ(hidden.error_message(), absent.error_message());
  EXPECT_EQ(hidden.error_details(), absent.error_details());
}

TEST_F(ErrorsTest, WhatWasNotMeantForOutsideStaysInside) {
  for (const absl::Status& status :
       {absl::InternalError("row secret-detail"), absl::UnknownError("secret-detail"),
        absl::NotFoundError("secret-detail"), absl::InvalidArgumentError("secret-detail"),
        absl::FailedPreconditionError("secret-detail"),
        base::Error(Reason::kInternal, "secret-detail"),
        base::Error(Reason::kDataLoss, "secret-detail"),
        base::Error(Reason::kStoreUnavailable, "secret-detail"),
        base::Error(Reason::kKeyUnavailable, "/etc/secret-detail")}) {
    const grpc::Status wire = ToWire(status);
    EXPECT_THAT(wire.error_message(), Not(HasSubstr("secret-detail"))) << status;
    EXPECT_THAT(wire.error_details(), Not(HasSubstr("secret-detail"))) << status;
    const std::string incident = rpc::MetadataOnWire(wire, "incident_id");
    ASSERT_THAT(incident, HasSubstr("incident-")) << status;
    EXPECT_THAT(Log(), HasSubstr(incident));
  }
  EXPECT_THAT(Log(), HasSubstr("secret-detail"));
  EXPECT_EQ(ToWire(absl::NotFoundError("x")).error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(ErrorsTest, ABareAbortedOrUnavailableKeepsItsKindSoThatCallersRetry) {
  EXPECT_EQ(ReasonOnWire(ToWire(absl::AbortedError("x"))), Reason::kAborted);
  EXPECT_EQ(ReasonOnWire(ToWire(absl::UnavailableError("x"))), Reason::kStoreUnavailable);
  EXPECT_EQ(ToWire(absl::CancelledError()).error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(ToWire(absl::OkStatus()).ok());
}

TEST_F(ErrorsTest, FieldsAtFaultTravelAndAreBounded) {
  std::vector<base::FieldViolation> many;
  for (int i = 0; i < rpc::kViolationsMax + 1; ++i) {
    many.push_back({"field" + std::to_string(i), std::string(1000, 'x')});
  }
  const grpc::Status wire =
      ToWire(base::Error(Reason::kInvalidField, std::string(100'000, 'y'), many));
  const std::vector<base::FieldViolation> seen = rpc::ViolationsOnWire(wire);
  ASSERT_EQ(seen.size(), static_cast<size_t>(rpc::kViolationsMax));
  EXPECT_EQ(seen[3].field, "field3");
  EXPECT_LT(wire.error_message().size() + wire.error_details().size(), 8u << 10);
}

TEST_F(ErrorsTest, WaitingIsToldWhereItHelps) {
  EXPECT_EQ(rpc::RetryOnWire(ToWire(base::Error(Reason::kTooManyRequests, "busy"))),
            absl::Seconds(1));
  EXPECT_EQ(rpc::RetryOnWire(ToWire(rpc::WithRetryAfter(
                base::Error(Reason::kTooManyRequests, "budget"), absl::Seconds(17)))),
            absl::Seconds(17));
  EXPECT_EQ(rpc::RetryOnWire(ToWire(base::InvalidField("a", "b"))), std::nullopt);
}

TEST_F(ErrorsTest, ARecordedRefusalCarriesItsReceipt) {
  v1::Receipt receipt;
  receipt.set_ledger_index(42);
  receipt.set_leaf_hash(std::string(32, 'h'));
  const absl::Status status = WithReceipt(base::Error(Reason::kNotFound, "x"), receipt);
  EXPECT_EQ(base::ReasonOf(status), Reason::kNotFound);
  const std::optional<v1::Receipt> seen = rpc::ReceiptOnWire(ToWire(status));
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->ledger_index(), 42u);
  EXPECT_EQ(rpc::ReceiptOnWire(ToWire(base::Error(Reason::kNotFound, "x"))), std::nullopt);
}

TEST_F(ErrorsTest, ForeignDetailsAreNotTakenForOurs) {
  EXPECT_EQ(ReasonOnWire(grpc::Status(grpc::StatusCode::NOT_FOUND, "x")), Reason::kUnspecified);
  EXPECT_EQ(ReasonOnWire(grpc::Status(grpc::StatusCode::NOT_FOUND, "x", "\xff\xff garbage")),
            Reason::kUnspecified);
}

}  // namespace
}  // namespace signpost::rpc
