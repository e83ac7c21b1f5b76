// PolicyStories is a base for stories about policies: Nortown with four officers who may propose and
// approve, the shipped text in force, and what the ledger says of it.

#ifndef SIGNPOST_TESTS_SCENARIOS_POLICY_STORIES_H_
#define SIGNPOST_TESTS_SCENARIOS_POLICY_STORIES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "hub/audit/filter.h"
#include "hub/ledger/reader.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/policy.grpc.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {

inline const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};

inline constexpr char kOfficerRole[] = "information-governance-officer";

inline Worker Officer(const std::string& agency, const std::string& id) {
  return {agency, id, kOfficerRole, {}};
}
// Who writes, and three who may approve.
inline Worker Writer() { return Officer("nortown-yot", "ig-yot"); }
inline Worker First() { return Officer("northern-connexions", "ig-connexions"); }
inline Worker Second() { return Officer("nortown-social-services", "ig-social"); }
inline Worker Third() { return Officer("nortown-housing", "ig-housing"); }

// Everybody may know that the youth offending team works with somebody, and nothing else.
inline constexpr char kOpenDraft[] = R"(
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

  void Enrol(const std::string& agency, const std::string& id,
             const std::vector<std::string>& roles) {
    nortown_.EnrolWorker(agency, id, roles);
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
  // Proposes it and has it approved by those who must.
  std::string Publish(const std::string& text) {
    v1::ProposePolicyResponse proposed;
    const grpc::Status status = Propose(Writer(), text, &proposed);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(proposed.accepted()) << proposed.DebugString();
    v1::ApprovePolicyResponse approved;
    EXPECT_TRUE(Approve(First(), proposed.policy().sha256(), &approved).ok());
    // Of two agencies, and of whichever would show more.
    EXPECT_TRUE(Approve(Second(), proposed.policy().sha256(), &approved).ok());
    const std::vector<std::string> lacking = {"nortown-yot", "nortown-housing", "nightstop-project",
                                              "nortown-drugs-advice"};
    for (size_t i = 0; i < lacking.size() && approved.policy().lacks_size() > 0; ++i) {
      const grpc::Status last =
          Approve(Officer(lacking[i], "ig-001"), proposed.policy().sha256(), &approved);
      EXPECT_TRUE(last.ok()) << last.error_message();
    }
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

}  // namespace signpost::scenarios

#endif  // SIGNPOST_TESTS_SCENARIOS_POLICY_STORIES_H_
