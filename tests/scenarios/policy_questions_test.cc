// What one may ask about a policy, as stories against a real hub over mTLS: what one may see, what a
// draft would change, and an old decision made again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "hub/base/crypto.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/person.grpc.pb.h"
#include "signpost/v1/policy.grpc.pb.h"
#include "tests/scenarios/policy_stories.h"
#include "tests/store/store_testing.h"

namespace signpost::scenarios {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
                v1::FLAG_OUTCOME_KIND_RECEIVED);
      ASSERT_EQ(nortown_
                    .Report("northern-connexions",
                            OpenFlag(absl::StrCat("C-", i), known, "connexions", "Maureen Oakes"))
                    .kind(),
                v1::FLAG_OUTCOME_KIND_RECEIVED);
      if (i == 0) {
        ASSERT_EQ(
            nortown_
                .Report("nortown-drugs-advice", OpenFlag("D-0", known, "substance-misuse", "Ann"))
                .kind(),
            v1::FLAG_OUTCOME_KIND_RECEIVED);
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
  nortown_.Report("nortown-social-services",
                  OpenFlag("S-1", kTariq, "childrens-social-care", "Hugh Penn"));
  nortown_.EnrolWorker("nortown-yot", "dp-002", {"data-protection-officer"});
  std::vector<uint64_t> asked = {AskNow()};
  const Worker setter = {"nortown-social-services", "dp-001", "data-protection-officer", {}};
  const Worker second = {"nortown-yot", "dp-002", "data-protection-officer", {}};
  const std::pair<Worker, bool> acts[] = {
      {setter, true}, {setter, false}, {second, false}, {setter, true}};
  for (const auto& [officer, shielded] : acts) {
    v1::SetShieldRequest request;
    request.set_request_id(nortown_.RequestId());
    *request.mutable_person()->mutable_details() = Details(kTariq);
    request.set_shielded(shielded);
    request.set_reason("In a refuge, and back again.");
    v1::SetShieldResponse response;
    const grpc::Status status =
        v1::PersonService::NewStub(nortown_.Channel(officer.agency, "casework"))
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
  EXPECT_EQ(aspects(asked[1]), aspects(asked[2])) << "one voice does not lift it";
  EXPECT_EQ(aspects(asked[0]), aspects(asked[3]));
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

}  // namespace
}  // namespace signpost::scenarios
