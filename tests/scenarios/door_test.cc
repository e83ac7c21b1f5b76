// The door, tried by people who should not come in: certificates and assertions that are forged,
// borrowed, late or of the wrong kind, and messages that are too much.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/rpc/errors.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

using base::Reason;

const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};

class Door : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    nortown_ = new Nortown;
    nortown_->Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen"));
  }
  static void TearDownTestSuite() {
    delete nortown_;
    nortown_ = nullptr;
  }

  // Asks with a token of the test's making; the reason on the wire.
  Reason AskWith(const std::string& token, const std::string& agency = "northern-connexions") {
    auto context = nortown_->Context();
    if (!token.empty()) context->AddMetadata("signpost-assertion", token);
    v1::WhoKnowsResponse response;
    const grpc::Status status = nortown_->Index(agency)->WhoKnows(
        context.get(), AskAboutRecord(nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING), &response);
    EXPECT_EQ(status.ok(), !response.answer().empty());
    return rpc::ReasonOnWire(status);
  }
  base::AssertionClaims Good() {
    return nortown_->Claims(TariqsAdviser(), "northern-connexions", "casework");
  }
  std::string Mint(const base::AssertionClaims& claims) {
    return nortown_->Mint("northern-connexions", claims);
  }

  static Nortown* nortown_;
};
Nortown* Door::nortown_ = nullptr;

TEST_F(Door, OpensForAGoodAssertion) { EXPECT_EQ(AskWith(Mint(Good())), Reason::kUnspecified); }

TEST_F(Door, StaysShutWithoutAnAssertion) { EXPECT_EQ(AskWith(""), Reason::kAssertionMissing); }

TEST_F(Door, StaysShutForAForgedOne) {
  // Signed by another agency's key under this agency's name.
  EXPECT_EQ(AskWith(nortown_->Mint("nortown-yot", Good())), Reason::kAssertionInvalid);
  std::string altered = Mint(Good());
  altered[altered.size() / 2] = altered[altered.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(AskWith(altered), Reason::kAssertionInvalid);
}

TEST_F(Door, StaysShutForABorrowedOne) {
  base::AssertionClaims claims =
      nortown_->Claims(TariqsAdviser(), "northern-connexions", "adapter");
  EXPECT_EQ(AskWith(Mint(claims)), Reason::kAssertionForeign);
  // A good token of Connexions presented over the housing department's certificate.
  EXPECT_EQ(AskWith(Mint(Good()), "nortown-housing"), Reason::kAssertionForeign);
}

TEST_F(Door, StaysShutForALateEarlyOrLongOne) {
  base::AssertionClaims late = Good();
  late.issued_at -= absl::Hours(1);
  late.not_before = late.issued_at;
  late.expires_at = late.issued_at + absl::Minutes(5);
  EXPECT_EQ(AskWith(Mint(late)), Reason::kAssertionExpired);
  base::AssertionClaims early = Good();
  early.issued_at += absl::Hours(1);
  early.not_before = early.issued_at;
  early.expires_at = early.issued_at + absl::Minutes(5);
  EXPECT_EQ(AskWith(Mint(early)), Reason::kAssertionExpired);
  base::AssertionClaims long_lived = Good();
  long_lived.expires_at += absl::Seconds(1);
  EXPECT_EQ(AskWith(Mint(long_lived)), Reason::kAssertionExpired);
}

TEST_F(Door, StaysShutForAnotherAudienceOrForSomebodyNotEnrolled) {
  base::AssertionClaims elsewhere = Good();
  elsewhere.audience = "signpost.elsewhere.example";
  EXPECT_EQ(AskWith(Mint(elsewhere)), Reason::kAssertionInvalid);
  base::AssertionClaims stranger = Good();
  stranger.practitioner_id = "pa-999";
  EXPECT_EQ(AskWith(Mint(stranger)), Reason::kPractitionerUnknown);
  base::AssertionClaims promoted = Good();
  promoted.role = "manager";
  EXPECT_EQ(AskWith(Mint(promoted)), Reason::kAssertionInvalid);
  base::AssertionClaims teamed = Good();
  teamed.teams = {"nortown-yot-team"};
  EXPECT_EQ(AskWith(Mint(teamed)), Reason::kAssertionInvalid);
}

TEST_F(Door, HoldsTheQuestionToTheAssertionsPurpose) {
  base::AssertionClaims claims = Good();
  claims.purpose = "career-guidance";
  EXPECT_EQ(AskWith(Mint(claims)), Reason::kPurposeNotAllowed);
  claims.purpose = "support-planning";
  EXPECT_EQ(AskWith(Mint(claims)), Reason::kUnspecified);
}

TEST_F(Door, StaysShutForASuspendedPractitionerFromTheNextCallOn) {
  const std::string token =
      Mint(nortown_->Claims({"northern-connexions", "pa-003", "personal-adviser", {}},
                            "northern-connexions", "casework"));
  EXPECT_EQ(AskWith(token), Reason::kUnspecified);
  v1::SetSuspendedRequest request;
  request.set_request_id(nortown_->RequestId());
  request.mutable_practitioner()->set_agency_id("northern-connexions");
  request.mutable_practitioner()->set_practitioner_id("pa-003");
  request.set_suspended(true);
  request.set_reason("left the service");
  v1::SetSuspendedResponse response;
  const grpc::Status status =
      nortown_->Registry()->SetSuspended(nortown_->Context().get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(AskWith(token), Reason::kCallerSuspended);
}

// Broken on purpose by refusing a page larger than the largest.
TEST_F(Door, GivesTheLargestPageToWhoeverAsksForALargerOne) {
  const int32_t too_many = std::numeric_limits<int32_t>::max();
  const auto registry = nortown_->Registry();
  v1::ListAgenciesRequest agencies;
  v1::ListAgenciesResponse listed;
  std::vector<std::string> one_by_one;
  agencies.set_page_size(1);
  do {
    ASSERT_TRUE(registry->ListAgencies(nortown_->Context().get(), agencies, &listed).ok());
    ASSERT_EQ(listed.agencies_size(), 1);
    one_by_one.push_back(listed.agencies(0).agency_id());
    agencies.set_page_token(listed.next_page_token());
  } while (!agencies.page_token().empty());
  agencies.set_page_size(too_many);
  ASSERT_TRUE(registry->ListAgencies(nortown_->Context().get(), agencies, &listed).ok());
  std::vector<std::string> at_once;
  for (const v1::DirectoryEntry& agency : listed.agencies()) at_once.push_back(agency.agency_id());
  EXPECT_GE(at_once.size(), 5u);
  EXPECT_EQ(one_by_one, at_once);

  v1::ListReviewsRequest reviews;
  reviews.set_request_id(nortown_->RequestId());
  reviews.set_page_size(too_many);
  v1::ListReviewsResponse waiting;
  const auto stewards = nortown_->Stewards(Steward().agency);
  const grpc::Status status =
      stewards->ListReviews(nortown_->ContextOf(Steward()).get(), reviews, &waiting);
  EXPECT_TRUE(status.ok()) << status.error_message();
  reviews.set_page_size(-1);
  EXPECT_EQ(rpc::ReasonOnWire(
                stewards->ListReviews(nortown_->ContextOf(Steward()).get(), reviews, &waiting)),
            Reason::kInvalidField);
}

TEST_F(Door, WantsADeadline) {
  grpc::ClientContext context;
  context.AddMetadata("signpost-assertion", Mint(Good()));
  v1::WhoKnowsResponse response;
  const grpc::Status status =
      nortown_->Index("northern-connexions")
          ->WhoKnows(&context, AskAboutRecord(nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING),
                     &response);
  EXPECT_EQ(rpc::ReasonOnWire(status), Reason::kDeadlineMissing);
}

TEST_F(Door, KeepsAuditorsFromQuestionsAndEverybodyElseFromEntries) {
  v1::GetEntryRequest request;
  request.set_index(0);
  request.set_reason("curious");
  v1::GetEntryResponse entry;
  const auto audit =
      v1::AuditService::NewStub(nortown_->Channel("northern-connexions", "casework"));
  EXPECT_EQ(rpc::ReasonOnWire(
                audit->GetEntry(nortown_->ContextOf(TariqsAdviser()).get(), request, &entry)),
            Reason::kMethodNotAllowed);
  const auto index = v1::IndexService::NewStub(nortown_->Channel("nortown-audit", "auditor"));
  v1::WhoKnowsResponse answer;
  EXPECT_EQ(rpc::ReasonOnWire(index->WhoKnows(
                nortown_->ContextOf({"nortown-audit", "au-001", "auditor", {}}).get(),
                AskAboutRecord(nortown_, "C-1", v1::PURPOSE_AUDIT), &answer)),
            Reason::kMethodNotAllowed);
}

TEST_F(Door, RefusesAnOversizedMessage) {
  v1::WhoKnowsRequest request = AskAboutRecord(nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING);
  request.mutable_override()->set_reason(std::string(2 << 20, 'x'));
  const Answered answered = nortown_->Ask(TariqsAdviser(), request);
  EXPECT_EQ(answered.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(Door, RefusesAReportThatSkipsANumber) {
  grpc::ClientContext context;
  const auto stub = nortown_->Index("northern-connexions", "adapter");
  const auto stream = stub->ReportFlags(&context);
  v1::ReportFlagsRequest open;
  open.mutable_open()->set_feed("door");
  stream->Write(open);
  v1::ReportFlagsRequest request;
  *request.mutable_report() = OpenFlag("C-7", kTariq, "connexions", "Maureen");
  request.mutable_report()->set_sequence(2);
  stream->Write(request);
  stream->WritesDone();
  v1::ReportFlagsResponse response;
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(rpc::ReasonOnWire(stream->Finish()), Reason::kSequenceGap);
}

TEST_F(Door, AnswersABadReportWithoutStoppingTheOthers) {
  v1::FlagReport bad = OpenFlag("C-8", kTariq, "connexions", "Maureen");
  bad.mutable_person()->mutable_birth_date()->set_month(13);
  const v1::FlagOutcome outcome = nortown_->Report("northern-connexions", bad);
  EXPECT_EQ(outcome.kind(), v1::FLAG_OUTCOME_KIND_REJECTED);
  EXPECT_EQ(outcome.reason(), v1::ERROR_REASON_INVALID_FIELD);
  ASSERT_GE(outcome.fields_size(), 1);
  EXPECT_THAT(outcome.fields(0).field(), ::testing::HasSubstr("birth_date"));
  EXPECT_THAT(outcome.fields(0).description(), ::testing::Not(::testing::HasSubstr("13")));
  // Another agency's service.
  EXPECT_EQ(
      nortown_->Report("northern-connexions", OpenFlag("C-8", kTariq, "youth-offending", "Maureen"))
          .kind(),
      v1::FLAG_OUTCOME_KIND_REJECTED);
}

}  // namespace
}  // namespace signpost::scenarios
