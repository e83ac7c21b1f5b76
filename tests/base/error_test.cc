#include "hub/base/error.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace signpost::base {
namespace {

constexpr int kReasonLast = static_cast<int>(Reason::kLegalHold);

TEST(ErrorTest, EveryReasonSurvivesAndHasANameAndACode) {
  std::set<std::string> names;
  for (int number = 0; number <= kReasonLast; ++number) {
    const Reason reason = static_cast<Reason>(number);
    const absl::Status status = Error(reason, "what is wrong, what to do");
    EXPECT_EQ(ReasonOf(status), reason) << number;
    EXPECT_EQ(status.code(), CodeOf(reason)) << number;
    EXPECT_NE(status.code(), absl::StatusCode::kOk) << number;
    EXPECT_EQ(std::string(status.message()), "what is wrong, what to do");
    EXPECT_TRUE(names.insert(ReasonName(reason)).second) << ReasonName(reason) << " stands twice";
  }
  EXPECT_STREQ(ReasonName(Reason::kInvalidField), "INVALID_FIELD");
  EXPECT_STREQ(ReasonName(Reason::kKeyUnavailable), "KEY_UNAVAILABLE");
}

TEST(ErrorTest, CodesThatCallersRelyOn) {
  EXPECT_EQ(CodeOf(Reason::kNotFound), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(Reason::kCallerUnknown), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(Reason::kAborted), absl::StatusCode::kAborted);
  EXPECT_EQ(CodeOf(Reason::kTooManyRequests), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(Reason::kStoreFull), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(Reason::kStoreUnavailable), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(Reason::kShuttingDown), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(Reason::kInvalidField), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Reason::kInternal), absl::StatusCode::kInternal);
}

TEST(ErrorTest, ABareStatusIsNeverWithoutAReason) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), Reason::kUnspecified);
  EXPECT_EQ(ReasonOf(absl::InvalidArgumentError("")), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(absl::NotFoundError("")), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(absl::AbortedError("")), Reason::kAborted);
  EXPECT_EQ(ReasonOf(absl::UnavailableError("")), Reason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(absl::DataLossError("")), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(absl::ResourceExhaustedError("")), Reason::kTooManyRequests);
  for (int code = 1; code <= 16; ++code) {
    EXPECT_NE(ReasonOf(absl::Status(static_cast<absl::StatusCode>(code), "")), Reason::kUnspecified)
        << code;
  }
}

TEST(ErrorTest, ViolationsComeBackWhateverTheyHold) {
  const absl::Status status = Error(Reason::kInvalidField, "two fields",
                                    {{"a", "line\nand 3 numbers"}, {"b.c[0]", ""}, {"", "x"}});
  const std::vector<FieldViolation> violations = ViolationsOf(status);
  ASSERT_EQ(violations.size(), 3u);
  EXPECT_EQ(violations[0].field, "a");
  EXPECT_EQ(violations[0].description, "line\nand 3 numbers");
  EXPECT_EQ(violations[1].field, "b.c[0]");
  EXPECT_EQ(violations[1].description, "");
  EXPECT_EQ(violations[2].field, "");
  EXPECT_TRUE(ViolationsOf(absl::InvalidArgumentError("bare")).empty());
  EXPECT_TRUE(ViolationsOf(Error(Reason::kAborted, "none")).empty());
  EXPECT_TRUE(ViolationsOf(absl::OkStatus()).empty());
}

TEST(ErrorTest, AnInvalidFieldNamesItself) {
  const absl::Status status = InvalidField("person.birth_date", "want YYYY-MM-DD");
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
  EXPECT_EQ(std::string(status.message()), "person.birth_date: want YYYY-MM-DD");
  ASSERT_EQ(ViolationsOf(status).size(), 1u);
  EXPECT_EQ(ViolationsOf(status)[0].field, "person.birth_date");
}

TEST(ErrorTest, ANumberOutsideTheListIsOurOwnFault) {
  EXPECT_EQ(ReasonOf(Error(static_cast<Reason>(kReasonLast + 1), "")), Reason::kInternal);
  EXPECT_EQ(ReasonOf(Error(static_cast<Reason>(-1), "")), Reason::kInternal);
}

}  // namespace
}  // namespace signpost::base
