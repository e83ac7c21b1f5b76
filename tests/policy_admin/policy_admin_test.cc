// How a policy comes into force: who proposes, who approves, what is refused, and that what decides
// follows the registry.

#include "hub/policy_admin/policy_admin.h"

#include <gmock/gmock.h>

#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/request/hub_rooms.h"

namespace signpost::policy_admin {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kHousing;
using request::kSocial;
using request::kYot;
using request::ReceiptOfRefusal;
using request::Recorded;
using request::RulesOfNortown;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class PolicyAdminTest : public request::HubRooms {
 protected:
  explicit PolicyAdminTest(bool with_policy = true) : HubRooms(with_policy) {
    for (const int number : {1, 2, 3, 4}) {
      Enrol(kSocial, absl::StrCat("ig-", number), "information-governance-officer");
    }
  }

  absl::StatusOr<v1::ProposePolicyResponse> Propose(const base::Principal& asker,
                                                    const std::string& text) {
    v1::ProposePolicyRequest request;
    request.set_request_id(RequestId());
    request.set_text(text);
    return policy_admin_->Propose(asker, request);
  }
  absl::StatusOr<v1::ApprovePolicyResponse> Approve(const base::Principal& asker,
                                                    const std::string& sha256) {
    v1::ApprovePolicyRequest request;
    request.set_request_id(RequestId());
    request.set_sha256(sha256);
    return policy_admin_->Approve(asker, request);
  }
  absl::StatusOr<v1::WithdrawPolicyResponse> Withdraw(const base::Principal& asker,
                                                      const std::string& sha256) {
    v1::WithdrawPolicyRequest request;
    request.set_request_id(RequestId());
    request.set_sha256(sha256);
    return policy_admin_->Withdraw(asker, request);
  }
  std::string Proposed(const std::string& text) {
    const auto proposed = Propose(Governance(1), text);
    EXPECT_TRUE(proposed.ok()) << proposed.status();
    EXPECT_TRUE(proposed->accepted());
    return proposed->policy().sha256();
  }
  // That the newest entry is this refusal, and that its status says so.
  void ExpectRecorded(const absl::Status& refused, const char* kind) {
    const Recorded entry = LastEntry();
    EXPECT_EQ(entry.kind, kind);
    EXPECT_EQ(entry.outcome, base::ReasonName(ReasonOf(refused)));
    EXPECT_EQ(ReceiptOfRefusal(refused).ledger_index(), entry.index);
  }
};

// A sequencer that is given something to do before the next operation is submitted, once: what
// happens between reading and committing.
class InterruptedSequencer final : public ledger::Sequencer {
 public:
  InterruptedSequencer(ledger::Sequencer* inner, std::function<void()> act)
      : inner_(inner), act_(std::move(act)) {}

  void Submit(ledger::Operation operation, ledger::Done done) override {
    if (act_ != nullptr) std::exchange(act_, nullptr)();
    inner_->Submit(std::move(operation), std::move(done));
  }
  absl::StatusOr<std::unique_ptr<store::Following>> Follow(store::Follower* follower) override {
    return inner_->Follow(follower);
  }
  absl::Status followers_status() const override { return inner_->followers_status(); }
  ledger::Turns& turns() override { return inner_->turns(); }
  Head head() const override { return inner_->head(); }
  absl::StatusOr<std::string> Checkpoint() override { return inner_->Checkpoint(); }
  void Shutdown() override { inner_->Shutdown(); }
  const Options& options() const override { return inner_->options(); }

 private:
  ledger::Sequencer* const inner_;
  std::function<void()> act_;
};

class NothingPublishedTest : public PolicyAdminTest {
 protected:
  NothingPublishedTest() : PolicyAdminTest(false) {}
};

TEST_F(PolicyAdminTest, OfficersOfTwoAgenciesPutATextInForceAndTheNextAnswerIsJudgedByIt) {
  TariqIsKnown();
  const std::string sha256 = Proposed(RulesOfNortown(2));
  EXPECT_EQ(LastEntry().kind, "policy-proposed");
  const auto one = Approve(Governance(2), sha256);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->policy().state(), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(LastEntry().kind, "policy-approved");
  EXPECT_EQ(policy_.Get()->version, 1);
  // Three officers of one agency are one voice.
  const auto same = Approve(Governance(3), sha256);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->policy().state(), v1::POLICY_STATE_PROPOSED);
  ASSERT_EQ(same->policy().lacks_size(), 1);
  EXPECT_THAT(same->policy().lacks(0), HasSubstr("of 2 agencies"));
  EXPECT_EQ(policy_.Get()->version, 1);
  const auto two = Approve(OfficerOf(kHousing), sha256);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(two->policy().state(), v1::POLICY_STATE_IN_FORCE);
  EXPECT_EQ(policy_.Get()->version, 2);
  EXPECT_EQ(policy_.Get()->sha256, sha256);
  const Recorded published = LastEntry();
  EXPECT_EQ(published.kind, "policy-published");
  EXPECT_EQ(published.policy_sha256, sha256);
  EXPECT_EQ(published.policy_version, 2);
  EXPECT_EQ(Ask(Adviser(), AskAboutRecord("C-1")).answer.policy().version(), 2);
}

TEST_F(PolicyAdminTest, AProposalSaysWhatItChanges) {
  const auto same = Propose(Governance(1), RulesOfNortown(2));
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_THAT(same->changes(),
              ElementsAre("whoever asks sees what they see today, on the same terms"));
  const auto less =
      Propose(Governance(1),
              absl::StrReplaceAll(RulesOfNortown(3),
                                  {{"show existence, agency, contact, assessment of asset of "
                                    "youth-offending to connexions practitioner",
                                    "show existence, agency of youth-offending to connexions "
                                    "practitioner"}}));
  ASSERT_TRUE(less.ok()) << less.status();
  ASSERT_FALSE(less->changes().empty());
  EXPECT_THAT(less->changes(0), HasSubstr("less is seen"));
}

TEST_F(PolicyAdminTest, TheProposerDoesNotApprove) {
  const std::string sha256 = Proposed(RulesOfNortown(2));
  const absl::Status refused = Approve(Governance(1), sha256).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kMethodNotAllowed);
  ExpectRecorded(refused, "policy-approved");
  ASSERT_TRUE(Approve(Governance(2), sha256).ok());
  EXPECT_EQ(policy_.Get()->version, 1);
}

TEST_F(PolicyAdminTest, OnePersonApprovesOnce) {
  const std::string sha256 = Proposed(RulesOfNortown(2));
  ASSERT_TRUE(Approve(Governance(2), sha256).ok());
  const uint64_t before = LedgerSize();
  const auto again = Approve(Governance(2), sha256);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->policy().state(), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(again->policy().approvals_size(), 1);
  EXPECT_FALSE(again->has_receipt());
  EXPECT_EQ(LedgerSize(), before);
}

TEST_F(PolicyAdminTest, AnApproverWhoIsNoLongerEnrolledDoesNotCount) {
  const std::string sha256 = Proposed(RulesOfNortown(2));
  ASSERT_TRUE(Approve(Governance(2), sha256).ok());
  Enrol(kSocial, "ig-2", "social-worker");
  ASSERT_TRUE(Approve(OfficerOf(kHousing), sha256).ok());
  EXPECT_EQ(policy_.Get()->version, 1);
  ASSERT_TRUE(Approve(OfficerOf(kYot), sha256).ok());
  EXPECT_EQ(policy_.Get()->version, 2);
}

// The agency is suspended after the approvals were counted and before the last of them is durable.
TEST_F(PolicyAdminTest, AnApproverWhoseAgencyIsSuspendedMeanwhileDoesNotCount) {
  Enrol(kYot, "ig-9", "information-governance-officer");
  const std::string sha256 = Proposed(RulesOfNortown(2));
  ASSERT_TRUE(Approve(Worker(kYot, "ig-9", "information-governance-officer"), sha256).ok());
  v1::SetSuspendedRequest suspension;
  suspension.set_request_id(RequestId());
  suspension.set_agency_id(kYot);
  suspension.set_suspended(true);
  suspension.set_reason("It left the agreement.");
  InterruptedSequencer interrupted(sequencer_.get(), [&] {
    const auto result = Wait<registry::ChangeResult>(
        [&](auto done) { registry_->SetSuspended(suspension, Operator(), std::move(done)); });
    EXPECT_TRUE(result.ok()) << result.status();
  });
  request::HubContext context = context_;
  context.sequencer = &interrupted;
  PolicyAdmin admin(context, &policy_, PolicyAdminOptions());
  ASSERT_TRUE(admin.SetFiles("", test_area::ReadShipped("deploy/area/nortown-words.json")).ok());
  v1::ApprovePolicyRequest request;
  request.set_request_id(RequestId());
  request.set_sha256(sha256);
  const auto last = admin.Approve(Governance(2), request);
  EXPECT_EQ(ReasonOf(last.status()), Reason::kAborted) << last.status();
  EXPECT_EQ(policy_.Get()->version, 1);
  // Sent again it is one approval of two.
  const auto again = Approve(Governance(2), sha256);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->policy().state(), v1::POLICY_STATE_PROPOSED);
}

TEST_F(PolicyAdminTest, OtherRolesAreRefusedAndThatIsRecorded) {
  const absl::Status worker = Propose(SocialWorker(), RulesOfNortown(2)).status();
  EXPECT_EQ(ReasonOf(worker), Reason::kMethodNotAllowed);
  ExpectRecorded(worker, "policy-proposed");
  const absl::Status system = Propose(System(kSocial), RulesOfNortown(2)).status();
  EXPECT_EQ(ReasonOf(system), Reason::kAssertionMissing);
  ExpectRecorded(system, "policy-proposed");
  const std::string sha256 = Proposed(RulesOfNortown(2));
  const absl::Status approval = Approve(SocialWorker(), sha256).status();
  EXPECT_EQ(ReasonOf(approval), Reason::kMethodNotAllowed);
  ExpectRecorded(approval, "policy-approved");
  const absl::Status withdrawal = Withdraw(SocialWorker(), sha256).status();
  EXPECT_EQ(ReasonOf(withdrawal), Reason::kMethodNotAllowed);
  ExpectRecorded(withdrawal, "policy-withdrawn");
  EXPECT_EQ(ReasonOf(policy_admin_->List(SocialWorker(), {}).status()), Reason::kMethodNotAllowed);
  EXPECT_TRUE(policy_admin_->List(Auditor(), {}).ok());
}

TEST_F(PolicyAdminTest, PoliciesAreListedPageByPageTheNewestFirst) {
  for (const int version : {2, 4, 3}) (void)Proposed(RulesOfNortown(version));
  std::vector<int> versions;
  v1::ListPoliciesRequest request;
  request.set_page_size(3);
  for (int pages = 0; pages == 0 || !request.page_token().empty(); ++pages) {
    ASSERT_LT(pages, 4);
    const auto page = policy_admin_->List(Auditor(), request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_LE(page->policies_size(), 3);
    for (const v1::PolicySummary& policy : page->policies()) versions.push_back(policy.version());
    request.set_page_token(page->next_page_token());
  }
  EXPECT_THAT(versions, ElementsAre(4, 3, 2, 1));
  // More than a page may have is a page.
  request.set_page_size(std::numeric_limits<int32_t>::max());
  EXPECT_EQ(policy_admin_->List(Auditor(), request)->policies_size(), 4);
  request.set_page_token("gossip");
  EXPECT_THAT(FieldsOf(policy_admin_->List(Auditor(), request).status()),
              ElementsAre("page_token"));
}

TEST_F(PolicyAdminTest, AVersionMustBeAboveTheOneInForceWhenProposedAndWhenApproved) {
  const absl::Status equal =
      Propose(Governance(1), absl::StrCat(RulesOfNortown(1), "\n# changed\n")).status();
  EXPECT_EQ(ReasonOf(equal), Reason::kInvalidField);
  EXPECT_THAT(FieldsOf(equal), ElementsAre("text"));
  ExpectRecorded(equal, "policy-proposed");
  const std::string second = Proposed(RulesOfNortown(2));
  ASSERT_TRUE(Approve(Governance(2), second).ok());
  Publish(RulesOfNortown(3));
  const absl::Status late = Approve(OfficerOf(kHousing), second).status();
  EXPECT_EQ(ReasonOf(late), Reason::kInvalidField);
  ExpectRecorded(late, "policy-approved");
  EXPECT_EQ(policy_.Get()->version, 3);
}

TEST_F(PolicyAdminTest, ATextBeforeItsDayWaits) {
  const std::string sha256 = Proposed(
      absl::StrReplaceAll(RulesOfNortown(2), {{"in force 2025-04-01", "in force 2027-01-01"}}));
  ASSERT_TRUE(Approve(Governance(2), sha256).ok());
  const absl::Status early = Approve(OfficerOf(kHousing), sha256).status();
  EXPECT_EQ(ReasonOf(early), Reason::kInvalidField);
  EXPECT_THAT(std::string(base::ViolationsOf(early)[0].description), HasSubstr("2027-01-01"));
  EXPECT_EQ(policy_.Get()->version, 1);
  clock_.Set(absl::FromCivil(absl::CivilDay(2027, 1, 1), absl::UTCTimeZone()));
  ASSERT_TRUE(Approve(OfficerOf(kHousing), sha256).ok());
  EXPECT_EQ(policy_.Get()->version, 2);
}

TEST_F(PolicyAdminTest, ATextThatDoesNotCompileIsToldWhereAndWaitsForNobody) {
  const auto response = Propose(
      Governance(1),
      absl::StrReplaceAll(RulesOfNortown(2), {{"of youth-offending held by nortown-yot to",
                                               "of youth-offendin held by nortown-yot to"}}));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_FALSE(response->accepted());
  ASSERT_GT(response->diagnostics_size(), 0);
  EXPECT_GT(response->diagnostics(0).line(), 0);
  EXPECT_EQ(response->diagnostics(0).suggestion(), "youth-offending");
  EXPECT_EQ(LastEntry().outcome, "does-not-compile");
  EXPECT_EQ(ReasonOf(Approve(Governance(2), response->policy().sha256()).status()),
            Reason::kInvalidField);
}

TEST_F(PolicyAdminTest, WhatWasWithdrawnIsNotApprovedAndWhatIsPublishedNotWithdrawn) {
  const std::string sha256 = Proposed(RulesOfNortown(2));
  const auto withdrawn = Withdraw(Governance(1), sha256);
  ASSERT_TRUE(withdrawn.ok()) << withdrawn.status();
  EXPECT_EQ(withdrawn->policy().state(), v1::POLICY_STATE_WITHDRAWN);
  EXPECT_EQ(LastEntry().kind, "policy-withdrawn");
  const absl::Status refused = Approve(Governance(2), sha256).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kAlreadyExists);
  ExpectRecorded(refused, "policy-approved");
  const std::string in_force = policy_.Get()->sha256;
  EXPECT_EQ(ReasonOf(Withdraw(Governance(2), in_force).status()), Reason::kAlreadyExists);
  EXPECT_EQ(policy_.Get()->sha256, in_force);
}

TEST_F(PolicyAdminTest, AHashThatNobodyProposedIsRefused) {
  const absl::Status refused = Approve(Governance(2), std::string(64, 'a')).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kInvalidField);
  ExpectRecorded(refused, "policy-approved");
  const uint64_t before = LedgerSize();
  EXPECT_THAT(FieldsOf(Approve(Governance(2), "ABC").status()), ElementsAre("sha256"));
  EXPECT_EQ(LedgerSize(), before);
}

TEST_F(PolicyAdminTest, WhatDecidesFollowsTheRegistry) {
  const auto before = policy_.Get();
  v1::PutAgencyRequest request;
  request.set_request_id(RequestId());
  v1::Agency* agency = request.mutable_agency();
  agency->set_agency_id("nortown-school");
  agency->set_name("Nortown School");
  agency->set_kind("school");
  agency->add_systems()->set_spiffe_id(
      "spiffe://nortown.example/agency/nortown-school/system/adapter");
  ASSERT_TRUE(Wait<v1::PutAgencyResponse>([&](auto done) {
                enrolment_->PutAgency(NamedOperator(), request, std::move(done));
              }).ok());
  const auto after = policy_.Get();
  ASSERT_NE(after, nullptr);
  EXPECT_EQ(after->sha256, before->sha256);
  EXPECT_NE(after->vocabulary_sha256, before->vocabulary_sha256);
  EXPECT_EQ(LastEntry().kind, "policy-bound");
  EXPECT_EQ(LastEntry().policy_sha256, after->sha256);
  // Once is enough: bound to the same words, nothing is recorded.
  const uint64_t size = LedgerSize();
  ASSERT_TRUE(policy_admin_->Bind().ok());
  EXPECT_EQ(LedgerSize(), size);
}

TEST_F(PolicyAdminTest, WhatNoLongerCompilesHidesEverythingAndSaysSo) {
  TariqIsKnown();
  // The rules speak of agencies of its kind, and there is none any more.
  v1::PutAgencyRequest request;
  request.set_request_id(RequestId());
  v1::Agency* agency = request.mutable_agency();
  agency->set_agency_id(kYot);
  agency->set_name("Nortown Youth Offending Team");
  agency->set_kind("police");
  agency->add_services("youth-offending");
  agency->add_systems()->set_spiffe_id(
      "spiffe://nortown.example/agency/nortown-yot/system/adapter");
  agency->set_feeds_index(true);
  ASSERT_TRUE(Wait<v1::PutAgencyResponse>([&](auto done) {
                enrolment_->PutAgency(NamedOperator(), request, std::move(done));
              }).ok());
  ConfirmWaiting();
  EXPECT_EQ(policy_.Get(), nullptr);
  EXPECT_THAT(policy_.problem(), HasSubstr("does not compile"));
  EXPECT_EQ(LastEntry().kind, "policy-bound");
  EXPECT_EQ(LastEntry().outcome, "POLICY_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(Ask(Adviser(), AskAboutRecord("C-1")).status), Reason::kPolicyUnavailable);
}

TEST_F(NothingPublishedTest, EverythingIsHiddenUntilTheFirstIsPublished) {
  EXPECT_EQ(policy_.Get(), nullptr);
  EXPECT_THAT(policy_.problem(), HasSubstr("no policy has been published"));
  Publish(RulesOfNortown(1));
  ASSERT_NE(policy_.Get(), nullptr);
  EXPECT_THAT(policy_.problem(), IsEmpty());
}

TEST_F(PolicyAdminTest, AnAgedPolicyDecidesNothingAnyMore) {
  TariqIsKnown();
  const absl::Time published = policy_.Get()->published_at;
  policy_.LimitAge(&clock_, absl::Hours(24));
  clock_.Set(published + absl::Hours(24) - absl::Seconds(1));
  EXPECT_TRUE(Ask(Adviser(), AskAboutRecord("C-1")).status.ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(policy_.Get(), nullptr);
  EXPECT_NE(policy_.Latest(), nullptr);
  EXPECT_THAT(policy_.problem(), Not(IsEmpty()));
  EXPECT_EQ(ReasonOf(Ask(Adviser(), AskAboutRecord("C-1")).status), Reason::kPolicyUnavailable);
}

}  // namespace
}  // namespace signpost::policy_admin
