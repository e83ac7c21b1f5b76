// How a policy comes into force, and what one may ask about it, as stories against a real hub over
// mTLS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "hub/audit/filter.h"
#include "hub/base/crypto.h"
#include "hub/ledger/reader.h"
#include "hub/store/rocksdb_store.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/store/v1/policy.pb.h"
#include "signpost/v1/person.grpc.pb.h"
#include "signpost/v1/policy.grpc.pb.h"
#include "tests/scenarios/nortown.h"
#include "tests/store/store_testing.h"

namespace signpost::scenarios {
namespace {

namespace stored = ::signpost::store::v1;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};

constexpr char kOfficerRole[] = "information-governance-officer";

Worker Officer(const std::string& agency, const std::string& id) {
  return {agency, id, kOfficerRole, {}};
}
// Who writes, and three who may approve.
Worker Writer() { return Officer("nortown-yot", "ig-yot"); }
Worker First() { return Officer("northern-connexions", "ig-connexions"); }
Worker Second() { return Officer("nortown-social-services", "ig-social"); }
Worker Third() { return Officer("nortown-housing", "ig-housing"); }

// Everybody may know that the youth offending team works with somebody, and nothing else.
constexpr char kOpenDraft[] = R"(
policy "Open draft"  version 2  in force 2025-04-01  approved by "nobody yet"

where no rule shows an item, hide it

group sensitive = sexual-health, mental-health, substance-misuse

rule OWN "Your own agency's record"
  show existence, agency, contact, assessment, content of everything to the holder
  basis own-record
  then log

rule YOT "Everybody sees the youth offending team"
  show existence, agency of youth-offending to practitioner
  basis ca2004-s10
  then log
)";

class PolicyStories : public ::testing::Test {
 protected:
  explicit PolicyStories(Nortown::Setup setup = {}) : nortown_(std::move(setup)) {
    for (const Worker& officer : {Writer(), First(), Second(), Third()}) {
      Enrol(officer.agency, officer.practitioner, {kOfficerRole});
    }
  }

  void Enrol(const std::string& agency, const std::string& id, std::vector<std::string> roles) {
    v1::PutPractitionerRequest request;
    request.set_request_id(nortown_.RequestId());
    request.mutable_practitioner()->set_agency_id(agency);
    request.mutable_practitioner()->set_practitioner_id(id);
    for (std::string& role : roles) request.mutable_practitioner()->add_roles(std::move(role));
    v1::PutPractitionerResponse response;
    const grpc::Status status =
        nortown_.Registry()->PutPractitioner(nortown_.Context().get(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  std::unique_ptr<v1::PolicyService::Stub> Desk(const std::string& agency) {
    const std::string system = agency == "nortown-audit" ? "auditor"
                               : agency == "nortown-hub" ? "operator"
                                                         : "casework";
    return v1::PolicyService::NewStub(nortown_.Channel(agency, system));
  }

  // The shipped text as version `version`.
  std::string Text(int version) {
    return absl::StrReplaceAll(
        ReadFile(ShippedPolicy()),
        {{"version 1  in force", absl::StrCat("version ", version, "  in force")}});
  }

  grpc::Status Propose(const Worker& worker, const std::string& text,
                       v1::ProposePolicyResponse* response) {
    v1::ProposePolicyRequest request;
    request.set_request_id(nortown_.RequestId());
    request.set_text(text);
    return Desk(worker.agency)->ProposePolicy(nortown_.ContextOf(worker).get(), request, response);
  }
  grpc::Status Approve(const Worker& worker, const std::string& sha256,
                       v1::ApprovePolicyResponse* response) {
    v1::ApprovePolicyRequest request;
    request.set_request_id(nortown_.RequestId());
    request.set_sha256(sha256);
    return Desk(worker.agency)->ApprovePolicy(nortown_.ContextOf(worker).get(), request, response);
  }
  // Proposes and has it approved twice.
  std::string Publish(const std::string& text) {
    v1::ProposePolicyResponse proposed;
    const grpc::Status status = Propose(Writer(), text, &proposed);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(proposed.accepted()) << proposed.DebugString();
    v1::ApprovePolicyResponse approved;
    EXPECT_TRUE(Approve(First(), proposed.policy().sha256(), &approved).ok());
    const grpc::Status last = Approve(Second(), proposed.policy().sha256(), &approved);
    EXPECT_TRUE(last.ok()) << last.error_message();
    EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_IN_FORCE);
    return proposed.policy().sha256();
  }

  int32_t VersionOfAnAnswer() {
    const Answered answered =
        nortown_.Ask(TariqsAdviser(), AskAbout(&nortown_, kTariq, v1::PURPOSE_SUPPORT_PLANNING));
    EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
    return answered.answer.policy().version();
  }

  // All entries from `first` on.
  std::vector<ledger::v1::LedgerEntry> Entries(uint64_t first = 0) {
    std::vector<ledger::v1::LedgerEntry> entries;
    const auto view = nortown_.hub().context().store->NewView();
    EXPECT_TRUE(view.ok());
    const ledger::LedgerReader reader(view->get());
    const uint64_t size = nortown_.hub().context().sequencer->head().size;
    for (uint64_t i = first; i < size; ++i) {
      entries.emplace_back();
      const absl::StatusOr<std::string> bytes = reader.Entry(i);
      EXPECT_TRUE(bytes.ok() && entries.back().ParseFromString(*bytes));
    }
    return entries;
  }
  // "KIND outcome" of each entry of the policy's own kinds since `first`.
  std::vector<std::string> Acts(uint64_t first) {
    std::vector<std::string> acts;
    for (const ledger::v1::LedgerEntry& entry : Entries(first)) {
      if (entry.kind() == ledger::v1::ENTRY_KIND_POLICY_PUBLISHED ||
          (entry.kind() >= ledger::v1::ENTRY_KIND_POLICY_PROPOSED &&
           entry.kind() <= ledger::v1::ENTRY_KIND_DECISION_REPLAYED)) {
        acts.push_back(
            absl::StrCat(ledger::v1::EntryKind_Name(entry.kind()).substr(sizeof("ENTRY_KIND_") - 1),
                         " ", audit::OutcomeText(entry)));
      }
    }
    return acts;
  }
  uint64_t LedgerSize() { return nortown_.hub().context().sequencer->head().size; }

  Nortown nortown_;
};

TEST_F(PolicyStories, TwoOthersApproveAndTheNextAnswerIsJudgedByTheNewText) {
  EXPECT_EQ(VersionOfAnAnswer(), 1);
  const uint64_t before = LedgerSize();
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(Propose(Writer(), Text(2), &proposed).ok());
  ASSERT_TRUE(proposed.accepted());
  EXPECT_EQ(proposed.policy().version(), 2);
  EXPECT_EQ(proposed.policy().state(), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(proposed.policy().sha256().size(), 64u);
  EXPECT_THAT(proposed.changes(), ElementsAre(HasSubstr("sees what they see today")));
  EXPECT_TRUE(proposed.has_receipt());
  const std::string sha256 = proposed.policy().sha256();

  v1::ApprovePolicyResponse approved;
  ASSERT_TRUE(Approve(First(), sha256, &approved).ok());
  EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(VersionOfAnAnswer(), 1) << "one approval is not enough";
  // Once more by the same person changes nothing.
  v1::ApprovePolicyResponse again;
  ASSERT_TRUE(Approve(First(), sha256, &again).ok());
  EXPECT_EQ(again.policy().approvals_size(), 1);
  EXPECT_FALSE(again.has_receipt());
  EXPECT_EQ(VersionOfAnAnswer(), 1);

  ASSERT_TRUE(Approve(Second(), sha256, &approved).ok());
  EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_IN_FORCE);
  EXPECT_EQ(approved.policy().approvals_size(), 2);
  EXPECT_EQ(VersionOfAnAnswer(), 2);
  EXPECT_THAT(Acts(before), ElementsAre("POLICY_PROPOSED recorded", "POLICY_APPROVED recorded",
                                        "POLICY_APPROVED recorded", "POLICY_PUBLISHED recorded"));

  // The old text stays readable under its hash.
  v1::ListPoliciesResponse all;
  ASSERT_TRUE(Desk("nortown-audit")
                  ->ListPolicies(nortown_.Context().get(), v1::ListPoliciesRequest(), &all)
                  .ok());
  ASSERT_EQ(all.policies_size(), 2);
  EXPECT_EQ(all.policies(0).sha256(), sha256);
  EXPECT_EQ(all.policies(1).state(), v1::POLICY_STATE_SUPERSEDED);
  v1::GetPolicyRequest get;
  get.set_sha256(all.policies(1).sha256());
  v1::GetPolicyResponse old;
  ASSERT_TRUE(Desk("nortown-audit")->GetPolicy(nortown_.Context().get(), get, &old).ok());
  EXPECT_EQ(old.text(), ReadFile(ShippedPolicy()));
}

TEST_F(PolicyStories, TheProposerAndTheUnentitledCannotApproveAndEachRefusalIsAnEntry) {
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(Propose(Writer(), Text(2), &proposed).ok());
  const std::string sha256 = proposed.policy().sha256();
  const uint64_t before = LedgerSize();
  v1::ApprovePolicyResponse approved;
  EXPECT_THAT(Approve(Writer(), sha256, &approved).error_message(), HasSubstr("you proposed it"));
  EXPECT_THAT(Approve(TariqsAdviser(), sha256, &approved).error_message(), HasSubstr(kOfficerRole));
  EXPECT_THAT(Approve(First(), std::string(64, 'a'), &approved).error_message(),
              HasSubstr("no policy of that hash"));
  // A system alone, and the hub's operator without a person, are nobody.
  v1::ApprovePolicyRequest alone;
  alone.set_request_id(nortown_.RequestId());
  alone.set_sha256(sha256);
  EXPECT_FALSE(Desk("nortown-yot")->ApprovePolicy(nortown_.Context().get(), alone, &approved).ok());
  EXPECT_THAT(Desk("nortown-hub")
                  ->ApprovePolicy(nortown_.Context().get(), alone, &approved)
                  .error_message(),
              HasSubstr("a named person"));
  EXPECT_THAT(Propose(TariqsAdviser(), Text(3), &proposed).error_message(),
              HasSubstr(kOfficerRole));
  EXPECT_THAT(
      Acts(before),
      ElementsAre("POLICY_APPROVED METHOD_NOT_ALLOWED", "POLICY_APPROVED METHOD_NOT_ALLOWED",
                  "POLICY_APPROVED INVALID_FIELD", "POLICY_APPROVED ASSERTION_MISSING",
                  "POLICY_PROPOSED METHOD_NOT_ALLOWED"));
  EXPECT_EQ(VersionOfAnAnswer(), 1);
}

TEST_F(PolicyStories, ATextThatDoesNotCompileIsAnsweredWithEveryDiagnostic) {
  const uint64_t before = LedgerSize();
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(Propose(Writer(), absl::StrReplaceAll(Text(2), {{"social-worker", "social-wroker"}}),
                      &proposed)
                  .ok());
  EXPECT_FALSE(proposed.accepted());
  ASSERT_GE(proposed.diagnostics_size(), 1);
  EXPECT_GT(proposed.diagnostics(0).line(), 0);
  EXPECT_GT(proposed.diagnostics(0).column(), 0);
  std::vector<std::string> suggestions;
  for (const v1::PolicyDiagnostic& diagnostic : proposed.diagnostics()) {
    suggestions.push_back(diagnostic.suggestion());
  }
  EXPECT_THAT(suggestions, Contains("social-worker")) << proposed.DebugString();
  EXPECT_THAT(Acts(before), ElementsAre("POLICY_PROPOSED does-not-compile"));
  v1::ApprovePolicyResponse approved;
  EXPECT_FALSE(Approve(First(), proposed.policy().sha256(), &approved).ok());
}

TEST_F(PolicyStories, AVersionMustRiseAndAWithdrawnTextIsNotApproved) {
  v1::ProposePolicyResponse proposed;
  EXPECT_THAT(Propose(Writer(), Text(1) + "\n# again\n", &proposed).error_message(),
              HasSubstr("must be above"));
  EXPECT_THAT(Propose(Writer(), ReadFile(ShippedPolicy()), &proposed).error_message(),
              HasSubstr("published before"));
  ASSERT_TRUE(Propose(Writer(), Text(2), &proposed).ok());
  ASSERT_TRUE(Propose(Writer(), Text(3), &proposed).ok());
  const std::string third = proposed.policy().sha256();
  v1::WithdrawPolicyRequest withdraw;
  withdraw.set_request_id(nortown_.RequestId());
  withdraw.set_sha256(third);
  v1::WithdrawPolicyResponse withdrawn;
  EXPECT_THAT(Desk("northern-connexions")
                  ->WithdrawPolicy(nortown_.ContextOf(TariqsAdviser()).get(), withdraw, &withdrawn)
                  .error_message(),
              HasSubstr(kOfficerRole));
  ASSERT_TRUE(Desk("nortown-yot")
                  ->WithdrawPolicy(nortown_.ContextOf(Writer()).get(), withdraw, &withdrawn)
                  .ok());
  EXPECT_EQ(withdrawn.policy().state(), v1::POLICY_STATE_WITHDRAWN);
  v1::ApprovePolicyResponse approved;
  EXPECT_THAT(Approve(First(), third, &approved).error_message(), HasSubstr("was withdrawn"));
  // Proposed again it begins anew.
  ASSERT_TRUE(Propose(Writer(), Text(3), &proposed).ok());
  ASSERT_TRUE(Approve(First(), third, &approved).ok());
  EXPECT_EQ(approved.policy().approvals_size(), 1);
  ASSERT_TRUE(Approve(Second(), third, &approved).ok());
  EXPECT_EQ(VersionOfAnAnswer(), 3);
  // Version 2 waited meanwhile, and is below now.
  v1::ProposePolicyResponse second;
  ASSERT_TRUE(Propose(Writer(), Text(2), &second).ok());
  ASSERT_TRUE(Approve(First(), second.policy().sha256(), &approved).ok());
  EXPECT_THAT(Approve(Second(), second.policy().sha256(), &approved).error_message(),
              HasSubstr("has come into force meanwhile"));
  EXPECT_EQ(VersionOfAnAnswer(), 3);
}

TEST_F(PolicyStories, BeforeItsDayTheLastApprovalIsRefused) {
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(
      Propose(Writer(), absl::StrReplaceAll(kOpenDraft, {{"2025-04-01", "2099-01-01"}}), &proposed)
          .ok());
  ASSERT_TRUE(proposed.accepted()) << proposed.DebugString();
  v1::ApprovePolicyResponse approved;
  ASSERT_TRUE(Approve(First(), proposed.policy().sha256(), &approved).ok());
  EXPECT_THAT(Approve(Second(), proposed.policy().sha256(), &approved).error_message(),
              HasSubstr("comes into force on 2099-01-01"));
  EXPECT_EQ(VersionOfAnAnswer(), 1) << "what is in force stays so";
}

TEST_F(PolicyStories, AnApprovalCountsWhileWhoGaveItIsEnrolled) {
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(Propose(Writer(), Text(2), &proposed).ok());
  v1::ApprovePolicyResponse approved;
  ASSERT_TRUE(Approve(First(), proposed.policy().sha256(), &approved).ok());
  Enrol(First().agency, First().practitioner, {"personal-adviser"});
  ASSERT_TRUE(Approve(Second(), proposed.policy().sha256(), &approved).ok());
  EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(VersionOfAnAnswer(), 1);
  ASSERT_TRUE(Approve(Third(), proposed.policy().sha256(), &approved).ok());
  EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_IN_FORCE);
}

TEST_F(PolicyStories, WhatWasPublishedOutlivesARestartAndTheFileIsNotLookedAtAgain) {
  const std::string sha256 = Publish(Text(2));
  v1::ProposePolicyResponse waiting;
  ASSERT_TRUE(Propose(Writer(), Text(3), &waiting).ok());
  v1::ApprovePolicyResponse approved;
  ASSERT_TRUE(Approve(First(), waiting.policy().sha256(), &approved).ok());
  const uint64_t before = LedgerSize();
  nortown_.Restart();
  EXPECT_EQ(VersionOfAnAnswer(), 2);
  EXPECT_EQ(nortown_.hub().context().policy->Get()->sha256, sha256);
  EXPECT_THAT(Acts(before), IsEmpty()) << "nothing new came into force";
  EXPECT_THAT(ReadFile(nortown_.folder() + "/hub.log"), HasSubstr("policy_file_ignored"));
  // The approval given before counts on.
  ASSERT_TRUE(Approve(Second(), waiting.policy().sha256(), &approved).ok());
  EXPECT_EQ(VersionOfAnAnswer(), 3);
}

// Asked all the time while policies are published: an entry behind a publication was decided by
// what was published.
TEST_F(PolicyStories, NoEntryBehindAPublicationNamesThePolicyBefore) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  std::atomic<bool> stop = false;
  std::atomic<int> answers = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&] {
      while (!stop) {
        const Answered answered = nortown_.Ask(
            TariqsAdviser(), AskAboutRecord(&nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING));
        EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
        ++answers;
      }
    });
  }
  for (int version = 2; version <= 9; ++version) Publish(Text(version));
  stop = true;
  for (std::thread& asker : askers) asker.join();
  int32_t in_force = 0;
  int questions = 0;
  for (const ledger::v1::LedgerEntry& entry : Entries()) {
    if (entry.kind() == ledger::v1::ENTRY_KIND_POLICY_PUBLISHED) in_force = entry.policy_version();
    if (entry.kind() != ledger::v1::ENTRY_KIND_WHO_KNOWS) continue;
    EXPECT_EQ(entry.policy_version(), in_force) << "entry " << entry.index();
    EXPECT_EQ(entry.policy_vocabulary_sha256().size(), 32u);
    ++questions;
  }
  EXPECT_EQ(in_force, 9);
  EXPECT_GE(questions, 8);
  RecordProperty("questions", questions);
}

// --- What one may see, asked about nobody ---

const v1::ExplainedAspect* Told(const v1::ExplainResponse& response, const std::string& agency,
                                v1::Aspect aspect) {
  for (const v1::ExplainedHolder& holder : response.holders()) {
    if (holder.agency_id() != agency) continue;
    for (const v1::ExplainedAspect& told : holder.aspects()) {
      if (told.aspect() == aspect) return &told;
    }
  }
  return nullptr;
}

TEST_F(PolicyStories, AnAdviserAsksWhatSheMaySeeOfTheYotAndWhatIsMissing) {
  const uint64_t before = LedgerSize();
  v1::ExplainRequest request;
  request.set_request_id(nortown_.RequestId());
  request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
  request.set_holder_agency_id("nortown-yot");
  request.set_assessment_kind("asset");
  request.set_involved(true);
  v1::ExplainResponse without;
  grpc::Status status = Desk("northern-connexions")
                            ->Explain(nortown_.ContextOf(TariqsAdviser()).get(), request, &without);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(without.holders_size(), 1);
  const v1::ExplainedAspect* contact = Told(without, "nortown-yot", v1::ASPECT_CONTACT);
  ASSERT_NE(contact, nullptr);
  EXPECT_EQ(contact->sight(), v1::SIGHT_SHOWN);
  EXPECT_NE(contact->gateway(), v1::GATEWAY_UNSPECIFIED);
  EXPECT_EQ(contact->text().code(), v1::WORKER_TEXT_CODE_SHOWN_BY_RULE);
  EXPECT_THAT(contact->would_open(), IsEmpty());
  EXPECT_EQ(without.policy_version(), 1);
  // The answer is what WhoKnows does, and says what would change it.
  request.set_request_id(nortown_.RequestId());
  request.set_consent(v1::ASSUMED_CONSENT_EXPLICIT);
  v1::ExplainResponse with;
  ASSERT_TRUE(Desk("northern-connexions")
                  ->Explain(nortown_.ContextOf(TariqsAdviser()).get(), request, &with)
                  .ok());
  ASSERT_EQ(with.holders(0).assessments_size(), 1);
  EXPECT_THAT(with.holders(0).assessments(0).sections_open(), Contains("lifestyle"));
  EXPECT_THAT(with.holders(0).assessments(0).sections_withheld(), Contains("victims"));
  EXPECT_THAT(Acts(before), ElementsAre("POLICY_ASKED answered", "POLICY_ASKED answered"));
  for (const ledger::v1::LedgerEntry& entry : Entries(before)) {
    EXPECT_TRUE(entry.person_ref().empty());
    EXPECT_EQ(entry.purpose(), ledger::v1::PURPOSE_SUPPORT_PLANNING);
  }
}

TEST_F(PolicyStories, OfASensitiveServiceItSaysThatExplicitConsentWouldOpenIt) {
  v1::ExplainRequest request;
  request.set_request_id(nortown_.RequestId());
  request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
  request.set_holder_agency_id("nortown-drugs-advice");
  v1::ExplainResponse response;
  ASSERT_TRUE(Desk("northern-connexions")
                  ->Explain(nortown_.ContextOf(TariqsAdviser()).get(), request, &response)
                  .ok());
  const v1::ExplainedAspect* agency = Told(response, "nortown-drugs-advice", v1::ASPECT_AGENCY);
  ASSERT_NE(agency, nullptr);
  EXPECT_EQ(agency->sight(), v1::SIGHT_HIDDEN);
  EXPECT_EQ(agency->text().code(), v1::WORKER_TEXT_CODE_NOTHING_TO_SHOW);
  ASSERT_EQ(agency->would_open_size(), 1);
  EXPECT_EQ(agency->would_open(0).english(),
            "your agency's own work with the young person and the young person's explicit consent");
  EXPECT_THAT(agency->would_open(0).openings(),
              ElementsAre(v1::OPENING_OWN_WORK, v1::OPENING_EXPLICIT_CONSENT));
  request.set_request_id(nortown_.RequestId());
  request.set_involved(true);
  ASSERT_TRUE(Desk("northern-connexions")
                  ->Explain(nortown_.ContextOf(TariqsAdviser()).get(), request, &response)
                  .ok());
  EXPECT_EQ(Told(response, "nortown-drugs-advice", v1::ASPECT_EXISTENCE)->sight(),
            v1::SIGHT_BROKERED);
  const v1::ExplainedAspect* nearer = Told(response, "nortown-drugs-advice", v1::ASPECT_AGENCY);
  ASSERT_EQ(nearer->would_open_size(), 1);
  EXPECT_EQ(nearer->would_open(0).english(), "the young person's explicit consent");
  EXPECT_THAT(nearer->would_open(0).openings(), ElementsAre(v1::OPENING_EXPLICIT_CONSENT));
}

// Whoever is in the index, the answer is the same: it is about nobody.
TEST_F(PolicyStories, TheAnswerDoesNotDependOnAnybody) {
  v1::ExplainRequest request;
  request.set_request_id(nortown_.RequestId());
  request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
  const auto ask = [&] {
    request.set_request_id(nortown_.RequestId());
    v1::ExplainResponse response;
    EXPECT_TRUE(Desk("northern-connexions")
                    ->Explain(nortown_.ContextOf(TariqsAdviser()).get(), request, &response)
                    .ok());
    response.clear_receipt();
    return response.SerializeAsString();
  };
  const std::string before = ask();
  nortown_.Report("nortown-drugs-advice", OpenFlag("D-1", kTariq, "substance-misuse", "Ann Field"));
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  EXPECT_EQ(ask(), before);
}

TEST_F(PolicyStories, AgreementsAreToldInWords) {
  const uint64_t before = LedgerSize();
  v1::ListAgreementsRequest request;
  request.set_request_id(nortown_.RequestId());
  v1::ListAgreementsResponse response;
  ASSERT_TRUE(Desk("northern-connexions")
                  ->ListAgreements(nortown_.ContextOf(TariqsAdviser()).get(), request, &response)
                  .ok());
  std::vector<std::string> others;
  bool says_something = false;
  for (const v1::AgreementTerms& terms : response.agreements()) {
    others.push_back(terms.other_agency_id());
    says_something = says_something || terms.may_see_size() > 0;
    EXPECT_NE(terms.other_agency_id(), "northern-connexions");
  }
  EXPECT_THAT(others, Contains("nortown-yot"));
  EXPECT_TRUE(says_something);
  EXPECT_EQ(response.next_page_token(), "");
  EXPECT_THAT(Acts(before), ElementsAre("POLICY_ASKED answered"));
  // One a page they are the same.
  std::vector<std::string> one_by_one;
  request.set_page_size(1);
  do {
    ASSERT_LT(one_by_one.size(), others.size());
    request.set_request_id(nortown_.RequestId());
    ASSERT_TRUE(Desk("northern-connexions")
                    ->ListAgreements(nortown_.ContextOf(TariqsAdviser()).get(), request, &response)
                    .ok());
    ASSERT_EQ(response.agreements_size(), 1);
    one_by_one.push_back(response.agreements(0).other_agency_id());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(one_by_one, others);
  request.set_request_id(nortown_.RequestId());
  request.set_other_agency_id("nortown-zoo");
  EXPECT_THAT(Desk("northern-connexions")
                  ->ListAgreements(nortown_.ContextOf(TariqsAdviser()).get(), request, &response)
                  .error_message(),
              HasSubstr("other_agency_id"));
}

// --- What a draft would change ---

class Previews : public PolicyStories {
 protected:
  // Seven young people whom the youth offending team and Connexions work with; one of them sees
  // the drugs advice too.
  void SevenAreKnown() {
    for (int i = 0; i < 7; ++i) {
      const Known known = {absl::StrCat("Robin", std::string(1, static_cast<char>('a' + i))),
                           absl::StrCat("Fielding", std::string(1, static_cast<char>('k' + i))),
                           2009,
                           1 + i,
                           3 + 2 * i,
                           absl::StrCat("NT", 1 + i, " ", 1 + i, "AB"),
                           ""};
      ASSERT_EQ(nortown_
                    .Report("nortown-yot",
                            OpenFlag(absl::StrCat("Y-", i), known, "youth-offending", "Dilys Hume"))
                    .kind(),
                v1::FLAG_OUTCOME_KIND_RECORDED);
      ASSERT_EQ(nortown_
                    .Report("northern-connexions",
                            OpenFlag(absl::StrCat("C-", i), known, "connexions", "Maureen Oakes"))
                    .kind(),
                v1::FLAG_OUTCOME_KIND_RECORDED);
      if (i == 0) {
        ASSERT_EQ(
            nortown_
                .Report("nortown-drugs-advice", OpenFlag("D-0", known, "substance-misuse", "Ann"))
                .kind(),
            v1::FLAG_OUTCOME_KIND_RECORDED);
      }
    }
  }

  grpc::Status Preview(const Worker& worker, const std::string& text, int days,
                       v1::PreviewReport* report) {
    v1::PreviewPolicyRequest request;
    request.set_request_id(nortown_.RequestId());
    request.set_text(text);
    request.set_recorded_days(days);
    const auto context = nortown_.ContextOf(worker);
    const auto stub = Desk(worker.agency);
    const auto stream = stub->PreviewPolicy(context.get(), request);
    v1::PreviewPolicyResponse response;
    while (stream->Read(&response)) {
      if (response.has_report()) *report = response.report();
    }
    return stream->Finish();
  }

  static const v1::PreviewCount* CountOf(
      const google::protobuf::RepeatedPtrField<v1::PreviewCount>& counts, const std::string& asker,
      const std::string& holder, v1::Aspect aspect) {
    for (const v1::PreviewCount& count : counts) {
      if (count.asker_kind() == asker && count.holder_kind() == holder && count.aspect() == aspect)
        return &count;
    }
    return nullptr;
  }
};

TEST_F(Previews, GainsAndLossesAreCountedAndOnePersonIsNotSingledOut) {
  SevenAreKnown();
  nortown_.Ask(TariqsAdviser(), AskAboutRecord(&nortown_, "C-3", v1::PURPOSE_SUPPORT_PLANNING));
  const uint64_t before = LedgerSize();
  v1::PreviewReport report;
  const grpc::Status status = Preview(Writer(), kOpenDraft, 7, &report);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_THAT(report.diagnostics(), IsEmpty()) << report.DebugString();
  EXPECT_EQ(report.people(), 7u);
  // The voluntary project sees the team of all seven, and saw it of none.
  const v1::PreviewCount* gain =
      CountOf(report.changes(), "voluntary", "yot", v1::ASPECT_EXISTENCE);
  ASSERT_NE(gain, nullptr);
  EXPECT_EQ(gain->gains(), 7u);
  // The advisers lose whom to ring.
  const v1::PreviewCount* loss = CountOf(report.changes(), "connexions", "yot", v1::ASPECT_CONTACT);
  ASSERT_NE(loss, nullptr);
  EXPECT_EQ(loss->losses(), 7u);
  EXPECT_EQ(loss->gains(), 0u);
  // That one of them sees the drugs advice is not told by a count of one.
  const v1::PreviewCount* few =
      CountOf(report.changes(), "connexions", "health", v1::ASPECT_EXISTENCE);
  ASSERT_NE(few, nullptr);
  EXPECT_TRUE(few->few_losses());
  EXPECT_EQ(few->losses(), 0u);
  EXPECT_EQ(report.questions(), 1u);
  ASSERT_NE(CountOf(report.question_changes(), "connexions", "yot", v1::ASPECT_CONTACT), nullptr);
  EXPECT_TRUE(
      CountOf(report.question_changes(), "connexions", "yot", v1::ASPECT_CONTACT)->few_losses());
  EXPECT_THAT(Acts(before), ElementsAre("POLICY_PREVIEWED answered"));
  EXPECT_EQ(report.receipt().ledger_index(), before);
  // The entry has a hash of the report that nobody without it can try counts against.
  v1::PreviewReport hashed = report;
  hashed.clear_receipt();
  const std::string reply_hash = Entries(before).front().reply_hash();
  EXPECT_EQ(reply_hash, base::Sha256(hashed.SerializeAsString()));
  EXPECT_EQ(hashed.salt().size(), 32u);
  hashed.clear_salt();
  EXPECT_NE(reply_hash, base::Sha256(hashed.SerializeAsString()));
  // The policy in force would change nothing.
  v1::PreviewReport same;
  ASSERT_TRUE(Preview(Writer(), Text(2), 0, &same).ok());
  EXPECT_THAT(same.changes(), IsEmpty()) << same.DebugString();
}

TEST_F(Previews, ADraftThatDoesNotCompileAndACallerWhoMayNot) {
  const uint64_t before = LedgerSize();
  v1::PreviewReport report;
  ASSERT_TRUE(Preview(Writer(), "policy", 0, &report).ok());
  EXPECT_GE(report.diagnostics_size(), 1);
  EXPECT_EQ(report.people(), 0u);
  EXPECT_THAT(Preview(TariqsAdviser(), kOpenDraft, 0, &report).error_message(),
              HasSubstr(kOfficerRole));
  EXPECT_THAT(Acts(before), ElementsAre("POLICY_PREVIEWED does-not-compile",
                                        "POLICY_PREVIEWED METHOD_NOT_ALLOWED"));
}

// --- Old decisions, made again ---

class Replays : public PolicyStories {
 protected:
  v1::ReplayDecisionResponse Replay(uint64_t index) {
    v1::ReplayDecisionRequest request;
    request.set_index(index);
    request.set_reason("a complaint of the young person's");
    v1::ReplayDecisionResponse response;
    const grpc::Status status =
        Desk("nortown-audit")
            ->ReplayDecision(
                nortown_.ContextOf({"nortown-audit", "au-001", "auditor", {}}, v1::PURPOSE_AUDIT)
                    .get(),
                request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  uint64_t AskNow() {
    v1::WhoKnowsRequest request = AskAboutRecord(&nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING);
    request.add_aspects(v1::ASPECT_CONTACT);
    request.add_aspects(v1::ASPECT_ASSESSMENT);
    request.add_aspects(v1::ASPECT_CONTENT);
    const Answered answered = nortown_.Ask(TariqsAdviser(), request);
    EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
    return answered.receipt.ledger_index();
  }
  v1::FlagReport YotFlag() {
    return WithAssessment(OpenFlag("Y-1", kTariq, "youth-offending", "Dilys Hume"), "asset",
                          {"lifestyle", "victims"});
  }
};

TEST_F(Replays, AnOldDecisionComesOutTheSameWhateverHappenedSince) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  const uint64_t alone = AskNow();
  nortown_.Report("nortown-yot", YotFlag());
  const uint64_t both = AskNow();
  v1::RecordConsentRequest record;
  record.set_request_id(nortown_.RequestId());
  record.mutable_person()->set_record_id("C-1");
  v1::Consent* consent = record.mutable_consent();
  consent->set_decision(v1::CONSENT_DECISION_GIVEN);
  consent->mutable_scope()->add_holder_agency_ids("nortown-yot");
  consent->mutable_scope()->add_recipient_agency_ids("northern-connexions");
  consent->mutable_scope()->add_purposes(v1::PURPOSE_SUPPORT_PLANNING);
  consent->mutable_valid_until()->set_seconds(
      absl::ToUnixSeconds(absl::Now() + absl::Hours(24 * 90)));
  consent->set_explicit_(true);
  consent->set_grantor(v1::GRANTOR_SELF);
  consent->set_evidence(v1::CONSENT_EVIDENCE_WRITTEN);
  consent->set_evidence_note("They signed the form with Maureen on the first visit.");
  v1::RecordConsentResponse recorded;
  const grpc::Status given =
      nortown_.Consents("northern-connexions")
          ->RecordConsent(nortown_.ContextOf(TariqsAdviser()).get(), record, &recorded);
  ASSERT_TRUE(given.ok()) << given.error_message();
  const uint64_t agreed = AskNow();
  v1::WithdrawConsentRequest withdraw;
  withdraw.set_request_id(nortown_.RequestId());
  withdraw.mutable_person()->set_record_id("C-1");
  withdraw.set_consent_id(recorded.consent_id());
  v1::WithdrawConsentResponse withdrawn;
  ASSERT_TRUE(nortown_.Consents("northern-connexions")
                  ->WithdrawConsent(nortown_.ContextOf(TariqsAdviser()).get(), withdraw, &withdrawn)
                  .ok());
  const uint64_t after = AskNow();
  // Flag closed, another policy, another registry, another start.
  nortown_.Report("nortown-yot", Closed(YotFlag()));
  Publish(Text(2));
  nortown_.Restart();
  const uint64_t now = AskNow();

  const std::vector<ledger::v1::LedgerEntry> entries = Entries();
  EXPECT_NE(entries[both].released_size(), entries[alone].released_size());
  EXPECT_NE(entries[agreed].withheld().Get(0).count(), 0u);
  for (const uint64_t index : {alone, both, agreed, after, now}) {
    const v1::ReplayDecisionResponse replayed = Replay(index);
    EXPECT_EQ(replayed.result(), v1::REPLAY_RESULT_SAME)
        << "entry " << index << "\n"
        << replayed.DebugString() << entries[index].DebugString();
    EXPECT_EQ(replayed.policy_version(), index == now ? 2 : 1);
  }
  EXPECT_THAT(Acts(now), Contains("DECISION_REPLAYED same"));
}

TEST_F(Replays, AShieldSetAndLiftedIsTakenBackToWhatItWas) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  nortown_.Report("nortown-yot", YotFlag());
  std::vector<uint64_t> asked = {AskNow()};
  for (const bool shielded : {true, false, true}) {
    v1::SetShieldRequest request;
    request.set_request_id(nortown_.RequestId());
    *request.mutable_person()->mutable_details() = Details(kTariq);
    request.set_shielded(shielded);
    request.set_reason("In a refuge, and back again.");
    v1::SetShieldResponse response;
    const Worker officer = {"nortown-social-services", "dp-001", "data-protection-officer", {}};
    const grpc::Status status =
        v1::PersonService::NewStub(nortown_.Channel("nortown-social-services", "casework"))
            ->SetShield(nortown_.ContextOf(officer).get(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    asked.push_back(AskNow());
  }
  const std::vector<ledger::v1::LedgerEntry> entries = Entries();
  const auto aspects = [&entries](uint64_t index) {
    int count = 0;
    for (const ledger::v1::Released& one : entries[index].released()) count += one.aspects_size();
    return count;
  };
  EXPECT_GT(aspects(asked[0]), aspects(asked[1]));
  EXPECT_EQ(aspects(asked[0]), aspects(asked[2]));
  for (const uint64_t index : asked) {
    const v1::ReplayDecisionResponse replayed = Replay(index);
    EXPECT_EQ(replayed.result(), v1::REPLAY_RESULT_SAME) << index << replayed.DebugString();
  }
}

TEST_F(Replays, WhatCannotBeMadeAgainIsSaid) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  const v1::ReplayDecisionResponse start = Replay(0);
  EXPECT_EQ(start.result(), v1::REPLAY_RESULT_NOT_POSSIBLE);
  EXPECT_GE(start.findings_size(), 1);
  v1::ReplayDecisionRequest request;
  request.set_index(1'000'000);
  request.set_reason("looking for a gap");
  v1::ReplayDecisionResponse response;
  EXPECT_THAT(
      Desk("nortown-audit")
          ->ReplayDecision(
              nortown_.ContextOf({"nortown-audit", "au-001", "auditor", {}}, v1::PURPOSE_AUDIT)
                  .get(),
              request, &response)
          .error_message(),
      HasSubstr("entry"));
  EXPECT_FALSE(Desk("nortown-yot")
                   ->ReplayDecision(nortown_.ContextOf(Writer()).get(), request, &response)
                   .ok())
      << "for auditors alone";
}

// --- When there is none that may decide ---

// One page of the hub's admin server.
std::string Page(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string page;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
    const std::string get =
        absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    if (send(fd, get.data(), get.size(), 0) == static_cast<ssize_t>(get.size())) {
      char buffer[4096];
      ssize_t n;
      while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
        page.append(buffer, static_cast<size_t>(n));
      }
    }
  }
  close(fd);
  return page;
}

Nortown::Setup WithAdminPages() {
  Nortown::Setup setup;
  setup.change = [](app::HubConfig* config) { config->admin_listen = "127.0.0.1:0"; };
  return setup;
}

class UnreadablePolicy : public PolicyStories {
 protected:
  UnreadablePolicy() : PolicyStories(WithAdminPages()) {}
};

TEST_F(UnreadablePolicy, EverythingIsHiddenAndHealthSaysSo) {
  const std::string sha256 = Publish(Text(2));
  EXPECT_THAT(Page(nortown_.hub().admin_port(), "/health"), HasSubstr("version 2"));
  nortown_.Stop();
  {
    store::RocksDbOptions options;
    options.path = nortown_.folder() + "/store";
    const auto opened = store::OpenRocksDbStore(options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    stored::PolicyTextRow forged;
    forged.set_text(Text(9));
    store::Batch batch;
    batch.Put(store::Space::kRegistry, "policy/text/" + sha256,
              std::string(1, '\1') + forged.SerializeAsString());
    ASSERT_TRUE(store::testing::CommitNow(*(*opened), std::move(batch)).ok());
  }
  nortown_.Restart();
  const Answered answered =
      nortown_.Ask(TariqsAdviser(), AskAbout(&nortown_, kTariq, v1::PURPOSE_SUPPORT_PLANNING));
  EXPECT_THAT(answered.status.error_message(), HasSubstr("everything is hidden"));
  const std::string health = Page(nortown_.hub().admin_port(), "/health");
  EXPECT_THAT(health, HasSubstr("hiding everything"));
  EXPECT_THAT(health, HasSubstr("is not what its hash says"));
}

class PolicyGrowsOld : public PolicyStories {
 protected:
  PolicyGrowsOld()
      : PolicyStories([] {
          Nortown::Setup setup;
          setup.overrides.clock = &clock_;
          setup.change = [](app::HubConfig* config) {
            config->admin_listen = "127.0.0.1:0";
            config->policy_age_max = absl::Hours(24 * 366);
          };
          return setup;
        }()) {}

  class SlidingClock final : public base::Clock {
   public:
    absl::Time Now() const override { return absl::Now() + absl::Seconds(ahead_s.load()); }
    std::atomic<int64_t> ahead_s = 0;
  };
  static SlidingClock clock_;
};
PolicyGrowsOld::SlidingClock PolicyGrowsOld::clock_;

TEST_F(PolicyGrowsOld, PastItsAgeEverythingIsHiddenAndHealthSaysSo) {
  EXPECT_NE(nortown_.hub().context().policy->Get(), nullptr);
  EXPECT_THAT(nortown_.hub().context().policy->problem(), IsEmpty());
  clock_.ahead_s = 366 * 86400 - 3600;
  EXPECT_NE(nortown_.hub().context().policy->Get(), nullptr) << "an hour before";
  clock_.ahead_s = 366 * 86400 + 1;
  EXPECT_EQ(nortown_.hub().context().policy->Get(), nullptr);
  EXPECT_THAT(nortown_.hub().context().policy->problem(),
              HasSubstr("longer ago than policy.max_age"));
  clock_.ahead_s = 0;
}

}  // namespace
}  // namespace signpost::scenarios
