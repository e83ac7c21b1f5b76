// PolicyAdmin is a desk that policies pass: proposed, approved, put in force.
//
// The policy in force is the store's: texts, who signed them, and which one decides are rows of
// space kRegistry under "policy/" (store/v1/policy.proto). A text is kept for ever under its
// SHA-256, and so are the words it was bound to, so that an old decision can be made again. The
// file of the hub's configuration is published once, into a store in which nothing was published
// before; from then on it is not looked at.
//
// Putting a text in force takes a proposer and others who approve, each a practitioner enrolled in a
// role that may since before it was proposed: of every agency that would show more under it than under
// the policy in force, and of Options::approvals agencies at least, none of them the operator's or an
// auditor's. One person speaks for one agency: for their own, or, where their own has spoken, for one
// that has been silent for Options::silence and has named theirs its deputy; but not where theirs would
// see more of it. All of that is judged again at the last approval, against what is in force and who is
// enrolled then.
//
// The ledger's entry comes first: the row that names the policy is
// part of the same commit, and a crash right after it ends in the new policy in force. Every
// operation that rests on a policy says so (request::RestOn), so that no entry sequenced
// after a publication was decided by the policy before it.
//
// Thread-safe. Its methods read, compile and wait for the ledger: they are for the executor and for
// start-up. Changes happen one at a time. Owns nothing of what its constructor is given; all of it
// must outlive it.

#ifndef SIGNPOST_HUB_POLICY_ADMIN_POLICY_ADMIN_H_
#define SIGNPOST_HUB_POLICY_ADMIN_POLICY_ADMIN_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/request/context.h"
#include "hub/request/policy_in_force.h"
#include "hub/schedule/schedule.h"
#include "policy/policy.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/store/v1/policy.pb.h"
#include "signpost/v1/policy.pb.h"

namespace signpost::policy_admin {

// A proposal must fit a message.
inline constexpr size_t kProposalBytesMax = 1'000'000;
// Texts that wait at once; one more is refused.
inline constexpr int kProposalsWaitingMax = 16;
// Sentences about what a proposal changes; more are counted.
inline constexpr size_t kChangesToldMax = 200;

struct PolicyAdminOptions {
  std::vector<std::string> proposer_roles = {"information-governance-officer", "operator"};
  std::vector<std::string> approver_roles = {"information-governance-officer"};
  int approvals = 2;  // of as many agencies, none of them by the proposer; at least 2
  // How long an agency may be silent before its deputy may speak for it.
  absl::Duration silence = absl::Hours(24 * 14);
};

// The job (schedule/due_rows.h) under which texts that wait are due when deputies may speak; its keys
// are those of their records.
inline constexpr char kSilenceJob[] = "policy-silence";

// An agency that must approve a text, because it would show more.
struct PolicyNeed {
  std::string agency_id;
  std::vector<std::string> shows_more;  // a sentence each
  std::set<std::string> gainers;        // who would see more of it; empty: not known, so anybody
};

class PolicyAdmin {
 public:
  PolicyAdmin(const request::HubContext& context, request::PolicyInForce* in_force,
              PolicyAdminOptions options);
  PolicyAdmin(const PolicyAdmin&) = delete;
  PolicyAdmin& operator=(const PolicyAdmin&) = delete;

  // The services, roles and assessments that policies may name, and the text to publish where
  // nothing was published yet (empty: none). Errors: as ReadWords(). Call before Bind().
  [[nodiscard]] absl::Status SetFiles(std::string bootstrap_text, const std::string& words_json);

  // Binds the published policy to the registry as it is now, and records it when the words are
  // others than before. Errors: kPolicyUnavailable (everything is hidden from now on; recorded when
  // something decided before), kStoreUnavailable.
  [[nodiscard]] absl::Status Bind();
  // SHA-256 of the text that decides, or that will as soon as it compiles against the registry, 64 hex
  // digits; empty: none. Errors: kStoreUnavailable, kDataLoss.
  [[nodiscard]] absl::StatusOr<std::string> BeginsWith() const;
  // Whether the file of the configuration is another text than what is published: it is ignored.
  bool FileIsIgnored() const;

  // Has `schedule` tell deputies of agencies that have been silent. This must outlive the schedule's
  // Stop().
  void RunOn(schedule::Schedule* schedule);
  // Tells them of every text that is due, each with its entry. Blocks. Returns of how many texts.
  // Errors: kStoreUnavailable and the like.
  [[nodiscard]] absl::StatusOr<int> TellDeputies();

  // --- See v1.PolicyService. A refusal of somebody who may not, or of a text that may not, is
  // recorded, and its status carries the receipt.

  // Errors: kAssertionMissing without a practitioner; kMethodNotAllowed for another role;
  // kInvalidField for a text that is too long or empty, or a version that is not above every one
  // published; kTooManyRequests while another text is being compiled or kProposalsWaitingMax wait;
  // kAlreadyExists for a text that was published.
  [[nodiscard]] absl::StatusOr<v1::ProposePolicyResponse> Propose(
      const base::Principal& asker, const v1::ProposePolicyRequest& request);
  // Errors: as above, and kInvalidField for a hash that nobody proposed; kMethodNotAllowed also for
  // the proposer; kInvalidField, and the approval does not count, when it would be the last one
  // needed and the text may not come into force: before its day, not above the version in force, or
  // it does not compile against the registry of now.
  [[nodiscard]] absl::StatusOr<v1::ApprovePolicyResponse> Approve(
      const base::Principal& asker, const v1::ApprovePolicyRequest& request);
  // By the proposer or anybody who may approve. Errors: as above; kAlreadyExists when published.
  [[nodiscard]] absl::StatusOr<v1::WithdrawPolicyResponse> Withdraw(
      const base::Principal& asker, const v1::WithdrawPolicyRequest& request);
  // For auditors, the operator, and whoever may propose or approve; others get kMethodNotAllowed.
  [[nodiscard]] absl::StatusOr<v1::ListPoliciesResponse> List(
      const base::Principal& asker, const v1::ListPoliciesRequest& request) const;
  // Errors: also kInvalidField for a hash that nobody proposed; kDataLoss when the text is not what
  // its hash says.
  [[nodiscard]] absl::StatusOr<v1::GetPolicyResponse> Get(
      const base::Principal& asker, const v1::GetPolicyRequest& request) const;

  // --- For previews and replays.

  // Whether `asker` may propose; a refusal is recorded as an entry of `kind` about the text of that
  // hash. Errors: kAssertionMissing, kMethodNotAllowed.
  [[nodiscard]] absl::Status AdmitProposer(const base::Principal& asker, ledger::v1::EntryKind kind,
                                           const std::string& request_id,
                                           const std::string& sha256);
  // The words of now: the registry's and the file's.
  ::signpost::store::v1::PolicyVocabularyRow WordsNow() const;
  // Compiles a text that decides nothing: for previews. At most one at a time; errors:
  // kTooManyRequests. Diagnostics, if any, are in the result.
  [[nodiscard]] absl::StatusOr<policy::CompileResult> CompileDraft(const std::string& text,
                                                                   const std::string& sha256) const;
  // The text of that hash (hex), whatever became of it. Errors: kInvalidField when there is no such
  // text, kDataLoss.
  [[nodiscard]] absl::StatusOr<std::string> TextOf(const store::View& view,
                                                   const std::string& sha256) const;
  // A policy as it decided once. Errors: kInvalidField when there is no such text, kDataLoss,
  // kPolicyUnavailable when this version of the hub no longer compiles it.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const request::BoundPolicy>> PolicyOf(
      const store::View& view, const std::string& sha256,
      const ::signpost::store::v1::PolicyVocabularyRow& words) const;
  [[nodiscard]] absl::StatusOr<::signpost::store::v1::PolicyVocabularyRow> WordsOf(
      const store::View& view, const std::string& vocabulary_sha256) const;
  // All words that a policy was ever bound to, in no order.
  [[nodiscard]] absl::StatusOr<std::vector<::signpost::store::v1::PolicyVocabularyRow>>
  WordsOfAllTimes(const store::View& view) const;

 private:
  // A change to policy rows between being decided and being recorded.
  struct Act;

  absl::Status BindLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Unbind(const std::string& problem) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<ledger::Sequenced> Submit(Act act);
  // What `draft` changes against the policy in force, in sentences.
  std::vector<std::string> ChangesOf(const policy::Policy& draft,
                                     const std::string& vocabulary_sha256) const;
  // Records that `asker` was refused, and gives `why` with the receipt.
  absl::Status Refuse(const base::Principal& asker, ledger::v1::EntryKind kind,
                      const std::string& request_id, const std::string& sha256, absl::Status why);
  absl::Status CheckRole(const base::Principal& asker, const std::vector<std::string>& roles,
                         const char* what) const;
  absl::Status CheckMayRead(const base::Principal& asker) const;
  // Which agencies must approve `draft` (null: it does not compile now) of that hash.
  absl::StatusOr<std::vector<PolicyNeed>> NeedsOf(
      const std::string& sha256, const std::shared_ptr<const policy::Policy>& draft,
      const std::string& vocabulary_sha256) const;
  // The same of a text that waits.
  absl::StatusOr<std::vector<PolicyNeed>> NeedsOfText(const store::View& view,
                                                      const std::string& sha256) const;
  // Approvals by people who are still enrolled in a role that may, and were before it was proposed,
  // each for an agency for which they may still speak.
  absl::StatusOr<std::vector<::signpost::store::v1::PolicySignature>> ApprovalsThatCount(
      const ledger::GuardedView& view, const ::signpost::store::v1::PolicyRow& row,
      const std::vector<PolicyNeed>& needs) const;
  // Whether an officer of `agency_id` may speak for `for_agency_id` about that text now.
  bool MaySpeakFor(const std::string& agency_id, const std::string& for_agency_id,
                   const ::signpost::store::v1::PolicyRow& row,
                   const std::vector<PolicyNeed>& needs) const;
  // For which agency the next approval by `asker` counts.
  std::string SpeaksFor(const base::Principal& asker, const ::signpost::store::v1::PolicyRow& row,
                        const std::vector<::signpost::store::v1::PolicySignature>& approvals,
                        const std::vector<PolicyNeed>& needs) const;
  // What is still lacking, a sentence each.
  std::vector<std::string> Lacks(
      const std::vector<::signpost::store::v1::PolicySignature>& approvals,
      const std::vector<PolicyNeed>& needs) const;
  v1::PolicySummary Summary(const ::signpost::store::v1::PolicyRow& row,
                            const std::string& current_sha256) const;
  // The same, of one that waits with who must approve it.
  absl::StatusOr<v1::PolicySummary> SummaryWithNeeds(const store::View& view,
                                                     const ::signpost::store::v1::PolicyRow& row,
                                                     const std::string& current_sha256) const;
  // Adds to `operation` what tells the agencies in `needs` that a text waits for them.
  void TellNeeds(const std::string& sha256, const std::vector<PolicyNeed>& needs,
                 ledger::Operation* operation) const;
  // The newest version first.
  absl::StatusOr<std::vector<::signpost::store::v1::PolicyRow>> All(const store::View& view) const;

  const request::HubContext context_;
  request::PolicyInForce* const in_force_;
  const PolicyAdminOptions options_;
  mutable absl::Mutex compiling_;  // a draft at a time
  mutable absl::Mutex mutex_;      // a change at a time; held while the ledger takes it
  mutable absl::Mutex needs_;      // what was compared, and with what
  mutable std::map<std::string, std::vector<PolicyNeed>> needs_known_ ABSL_GUARDED_BY(needs_);
  mutable absl::Mutex files_;
  std::string bootstrap_text_ ABSL_GUARDED_BY(files_);
  policy::Vocabulary words_ ABSL_GUARDED_BY(files_);
};

// As the engine wants them.
policy::Vocabulary ToVocabulary(const ::signpost::store::v1::PolicyVocabularyRow& row);
void SetDiagnostics(const std::vector<policy::Diagnostic>& diagnostics,
                    google::protobuf::RepeatedPtrField<v1::PolicyDiagnostic>* out);

}  // namespace signpost::policy_admin

#endif  // SIGNPOST_HUB_POLICY_ADMIN_POLICY_ADMIN_H_
