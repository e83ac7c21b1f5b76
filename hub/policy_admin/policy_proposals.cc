// The way of a text into force: proposed by one, approved by others, or withdrawn.

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/policy_admin/policy_rows.h"
#include "hub/registry/registry.h"
#include "hub/request/resolve.h"
#include "hub/schedule/due_rows.h"
#include "hub/store/row_codec.h"
#include "policy/analysis/diff.h"

namespace signpost::policy_admin {

namespace stored = ::signpost::store::v1;
using base::Error;
using base::Reason;
using store::Space;

namespace {

bool Same(const stored::PolicySignature& signature, const base::Principal& asker) {
  return signature.agency_id() == asker.agency_id &&
         signature.practitioner_id() == asker.practitioner_id;
}

bool Contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Diagnostics as a refusal's fields.
absl::Status DoesNotCompile(const policy::CompileResult& result) {
  std::vector<base::FieldViolation> violations;
  for (const policy::Diagnostic& diagnostic : result.diagnostics) {
    violations.push_back({"text", diagnostic.ToString()});
  }
  return Error(Reason::kInvalidField,
               "it does not compile against the registry of now; correct it and propose it again",
               std::move(violations));
}

stored::PolicySignature Sign(const base::Principal& asker, absl::Time now) {
  stored::PolicySignature signature;
  signature.set_agency_id(asker.agency_id);
  signature.set_practitioner_id(asker.practitioner_id);
  signature.set_role(asker.role);
  signature.set_at_s(absl::ToUnixSeconds(now));
  return signature;
}

ledger::v1::LedgerEntry ActEntry(const ledger::EntryComposer& entries, ledger::v1::EntryKind kind,
                                 const base::Principal& asker, const std::string& request_id,
                                 const stored::PolicyRow& row) {
  ledger::v1::LedgerEntry entry = entries.New(kind, asker, request_id);
  ledger::v1::PolicyDraft* const draft = ledger::MutableDraft(&entry);
  draft->set_sha256(absl::HexStringToBytes(row.sha256()));
  draft->set_version(row.version());
  entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
  return entry;
}

}  // namespace

absl::StatusOr<policy::CompileResult> PolicyAdmin::CompileDraft(const std::string& text,
                                                                const std::string& sha256) const {
  // Proving a hostile text's checks takes seconds; it may have one thread, not all of them.
  if (!compiling_.TryLock()) {
    return Error(Reason::kTooManyRequests,
                 "another policy is being compiled; try again when it is done");
  }
  policy::CompileOptions options;
  options.content_id = sha256;
  policy::CompileResult result = policy::Compile(text, ToVocabulary(WordsNow()), options);
  compiling_.Unlock();
  return result;
}

std::vector<std::string> PolicyAdmin::ChangesOf(const policy::Policy& draft,
                                                const std::string& vocabulary_sha256) const {
  const std::shared_ptr<const request::BoundPolicy> now = in_force_->Latest();
  if (now == nullptr) return {"no policy is in force, so whatever it shows is new"};
  if (now->vocabulary_sha256 != vocabulary_sha256) {
    return {"the registry is changing, so it was not compared; propose it again"};
  }
  if (!compiling_.TryLock()) return {"not compared: another policy is being compiled"};
  const policy::PolicyDifference difference = policy::Diff(*now->policy, draft);
  compiling_.Unlock();
  if (!difference.fault.empty()) return {absl::StrCat("not compared: ", difference.fault)};
  if (difference.same()) return {"whoever asks sees what they see today, on the same terms"};
  std::vector<std::string> told;
  size_t all = 0;
  const auto tell = [&](const char* what, const std::vector<policy::VisibilityChange>& changes) {
    all += changes.size();
    for (const policy::VisibilityChange& change : changes) {
      if (told.size() < kChangesToldMax) told.push_back(absl::StrCat(what, change.ToString()));
    }
  };
  tell("more is seen: ", difference.gains);
  tell("less is seen: ", difference.losses);
  tell("on other terms: ", difference.terms);
  if (all > told.size()) told.push_back(absl::StrCat("and ", all - told.size(), " more"));
  return told;
}

absl::StatusOr<v1::ProposePolicyResponse> PolicyAdmin::Propose(
    const base::Principal& asker, const v1::ProposePolicyRequest& request) {
  constexpr ledger::v1::EntryKind kKind = ledger::v1::ENTRY_KIND_POLICY_PROPOSED;
  SIGNPOST_RETURN_IF_ERROR(request::CheckRequestId(request.request_id()));
  const std::string sha256 = Hex(base::Sha256(request.text()));
  SIGNPOST_RETURN_IF_ERROR(AdmitProposer(asker, kKind, request.request_id(), sha256));
  if (request.text().empty() || request.text().size() > kProposalBytesMax) {
    return Refuse(asker, kKind, request.request_id(), sha256,
                  base::InvalidField("text", absl::StrCat("must be a policy of at most ",
                                                          kProposalBytesMax, " bytes")));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const policy::CompileResult compiled,
                            CompileDraft(request.text(), sha256));
  v1::ProposePolicyResponse response;
  if (!compiled.ok()) {
    response.mutable_policy()->set_sha256(sha256);
    SetDiagnostics(compiled.diagnostics, response.mutable_diagnostics());
    ledger::v1::LedgerEntry entry = context_.entries->New(kKind, asker, request.request_id());
    ledger::MutableDraft(&entry)->set_sha256(absl::HexStringToBytes(sha256));
    entry.set_outcome(ledger::v1::OUTCOME_DOES_NOT_COMPILE);
    ledger::Operation operation;
    operation.entries.push_back(ledger::ToDraft(entry));
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequenced sequenced,
                              context_.sequencer->SubmitAndWait(std::move(operation)));
    *response.mutable_receipt() =
        ledger::ReceiptOf(sequenced, context_.sequencer->options().origin);
    return response;
  }

  for (std::string& change : ChangesOf(*compiled.policy, VocabularyHash(WordsNow()))) {
    response.add_changes(std::move(change));
  }

  absl::MutexLock lock(&mutex_);
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> held, context_.store->NewView());
  const ledger::GuardedView guarded(held.get());
  const ledger::GuardedView* const view = &guarded;
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyCurrentRow> current,
                            Read<stored::PolicyCurrentRow>(*view, request::kCurrentPolicyKey));
  const std::string key = absl::StrCat(kRecordPrefix, sha256);
  SIGNPOST_ASSIGN_OR_RETURN(ReadRow<stored::PolicyRow> record, Read<stored::PolicyRow>(*view, key));
  response.set_accepted(true);
  if (record.row.stage() == stored::POLICY_STAGE_PROPOSED) {
    SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_policy(),
                              SummaryWithNeeds(*view, record.row, current.row.sha256()));
    return response;
  }
  if (record.row.stage() == stored::POLICY_STAGE_PUBLISHED) {
    return Refuse(asker, kKind, request.request_id(), sha256,
                  Error(Reason::kAlreadyExists,
                        "this text was published before; to go back to it, propose it under a "
                        "higher version"));
  }
  const int64_t version = compiled.policy->version();
  if (current.bytes.has_value() && version <= current.row.version()) {
    return Refuse(asker, kKind, request.request_id(), sha256,
                  base::InvalidField("text", absl::StrCat("says version ", version,
                                                          "; it must be above the one in force, ",
                                                          current.row.version())));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<stored::PolicyRow> all, All(*view));
  const auto waiting = std::count_if(all.begin(), all.end(), [](const stored::PolicyRow& one) {
    return one.stage() == stored::POLICY_STAGE_PROPOSED;
  });
  if (waiting >= kProposalsWaitingMax) {
    return Refuse(asker, kKind, request.request_id(), sha256,
                  Error(Reason::kTooManyRequests,
                        absl::StrCat(waiting, " policies wait already; withdraw one first")));
  }
  stored::PolicyRow row;
  row.set_sha256(sha256);
  row.set_name(compiled.policy->name());
  row.set_version(static_cast<int32_t>(version));
  row.set_in_force_s(compiled.policy->in_force_s());
  row.set_stage(stored::POLICY_STAGE_PROPOSED);
  const absl::Time now = context_.clock->Now();
  *row.mutable_proposed() = Sign(asker, now);
  const absl::Time deputies_from =
      absl::FromUnixSeconds(absl::ToUnixSeconds(now + options_.silence));
  row.set_deputies_from_s(absl::ToUnixSeconds(deputies_from));
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<PolicyNeed> needs,
                            NeedsOf(sha256, compiled.policy, VocabularyHash(WordsNow())));
  Act act(*view);
  SIGNPOST_ASSIGN_OR_RETURN(const uint64_t number,
                            registry::Registry::NextNumber(*view, &act.operation.batch));
  row.set_number(number);
  schedule::PutDue(kSilenceJob, deputies_from, key, &act.operation.batch);
  TellNeeds(sha256, needs, &act.operation);
  stored::PolicyTextRow text;
  text.set_text(request.text());
  act.operation.batch.Put(Space::kRegistry, absl::StrCat(kTextPrefix, sha256),
                          store::EncodeRow(text));
  act.Put(key, row);
  act.operation.entries.push_back(
      ledger::ToDraft(ActEntry(*context_.entries, kKind, asker, request.request_id(), row)));
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequenced sequenced, Submit(std::move(act)));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> after, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_policy(),
                            SummaryWithNeeds(*after, row, current.row.sha256()));
  *response.mutable_receipt() = ledger::ReceiptOf(sequenced, context_.sequencer->options().origin);
  return response;
}

// --- Approving ---

absl::StatusOr<v1::ApprovePolicyResponse> PolicyAdmin::Approve(
    const base::Principal& asker, const v1::ApprovePolicyRequest& request) {
  SIGNPOST_RETURN_IF_ERROR(request::CheckRequestId(request.request_id()));
  SIGNPOST_RETURN_IF_ERROR(CheckHash(request.sha256()));
  const std::string& sha256 = request.sha256();
  const auto refuse = [&](absl::Status why) {
    return Refuse(asker, ledger::v1::ENTRY_KIND_POLICY_APPROVED, request.request_id(), sha256,
                  std::move(why));
  };
  if (absl::Status may = CheckRole(asker, options_.approver_roles, "approves"); !may.ok()) {
    return refuse(std::move(may));
  }
  absl::MutexLock lock(&mutex_);
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> held, context_.store->NewView());
  const ledger::GuardedView guarded(held.get());
  const ledger::GuardedView* const view = &guarded;
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyCurrentRow> current,
                            Read<stored::PolicyCurrentRow>(*view, request::kCurrentPolicyKey));
  const std::string key = absl::StrCat(kRecordPrefix, sha256);
  SIGNPOST_ASSIGN_OR_RETURN(ReadRow<stored::PolicyRow> record, Read<stored::PolicyRow>(*view, key));
  if (!record.bytes.has_value()) {
    return refuse(NeverProposed());
  }
  const auto signed_before =
      std::any_of(record.row.approvals().begin(), record.row.approvals().end(),
                  [&](const stored::PolicySignature& approval) { return Same(approval, asker); });
  v1::ApprovePolicyResponse response;
  if (record.row.stage() != stored::POLICY_STAGE_PROPOSED) {
    if (signed_before && record.row.stage() == stored::POLICY_STAGE_PUBLISHED) {
      *response.mutable_policy() = Summary(record.row, current.row.sha256());
      return response;
    }
    return refuse(
        Error(Reason::kAlreadyExists, record.row.stage() == stored::POLICY_STAGE_WITHDRAWN
                                          ? "it was withdrawn; propose it again to have it approved"
                                          : "it was published already"));
  }
  if (Same(record.row.proposed(), asker)) {
    return refuse(Error(Reason::kMethodNotAllowed, "you proposed it; others must approve it"));
  }
  stored::PolicyRow& row = record.row;
  const absl::Time now = context_.clock->Now();
  if (base::KindOfSystem(asker.agency_kind) != base::CallerKind::kSystem) {
    return refuse(Error(Reason::kMethodNotAllowed,
                        "the operator's people and auditors do not approve what others show; "
                        "officers of agencies that work with young people do"));
  }
  SIGNPOST_ASSIGN_OR_RETURN(
      const registry::EnrolledPractitioner enrolled,
      context_.registry->LookupPractitioner(*view, asker.agency_id, asker.practitioner_id));
  if (!enrolled.HadRoleBefore(asker.role, row.number())) {
    return refuse(Error(Reason::kMethodNotAllowed,
                        "you became an officer after this was proposed; one who was there before "
                        "approves it, or it is withdrawn and proposed again"));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<PolicyNeed> needs, NeedsOfText(*view, sha256));
  SIGNPOST_ASSIGN_OR_RETURN(std::vector<stored::PolicySignature> approvals,
                            ApprovalsThatCount(*view, row, needs));
  ledger::v1::LedgerEntry approved = ActEntry(
      *context_.entries, ledger::v1::ENTRY_KIND_POLICY_APPROVED, asker, request.request_id(), row);
  if (!signed_before) {
    stored::PolicySignature signature = Sign(asker, now);
    signature.set_for_agency_id(SpeaksFor(asker, row, approvals, needs));
    ledger::MutableDraft(&approved)->set_for_agency_id(signature.for_agency_id());
    *row.add_approvals() = signature;
    approvals.push_back(std::move(signature));
  }
  Act act(*view);
  act.operation.entries.push_back(ledger::ToDraft(approved));
  if (!Lacks(approvals, needs).empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_policy(),
                              SummaryWithNeeds(*view, row, current.row.sha256()));
    if (signed_before) return response;
    act.Put(key, row);
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequenced sequenced, Submit(std::move(act)));
    *response.mutable_receipt() =
        ledger::ReceiptOf(sequenced, context_.sequencer->options().origin);
    return response;
  }

  // The last one needed: it comes into force, or this approval does not count.
  if (absl::ToUnixSeconds(now) < row.in_force_s()) {
    return refuse(base::InvalidField(
        "sha256", absl::StrCat("comes into force on ",
                               absl::FormatTime("%Y-%m-%d", absl::FromUnixSeconds(row.in_force_s()),
                                                absl::UTCTimeZone()),
                               ": give the last approval on that day or later; what is in force "
                               "stays so until then")));
  }
  if (current.bytes.has_value() && row.version() <= current.row.version()) {
    return refuse(base::InvalidField(
        "sha256",
        absl::StrCat("is version ", row.version(), ", and version ", current.row.version(),
                     " has come into force meanwhile; propose it under a higher one")));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, TextOf(*view, sha256));
  const stored::PolicyVocabularyRow words = WordsNow();
  const std::string vocabulary_sha256 = VocabularyHash(words);
  policy::CompileOptions options;
  options.content_id = sha256;
  const policy::CompileResult compiled = policy::Compile(text, ToVocabulary(words), options);
  if (!compiled.ok()) return refuse(DoesNotCompile(compiled));

  // What it would show was compared with what was in force then, and with the words of then.
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<PolicyNeed> needs_now,
                            NeedsOf(sha256, compiled.policy, vocabulary_sha256));
  if (!Lacks(approvals, needs_now).empty()) {
    return Error(Reason::kAborted, "the registry changed meanwhile; approve it again");
  }

  row.set_stage(stored::POLICY_STAGE_PUBLISHED);
  row.set_published_at_s(absl::ToUnixSeconds(now));
  schedule::DeleteDue(kSilenceJob, absl::FromUnixSeconds(row.deputies_from_s()), key,
                      &act.operation.batch);
  stored::PolicyCurrentRow published;
  published.set_sha256(sha256);
  published.set_version(row.version());
  published.set_published_at_s(row.published_at_s());
  published.set_vocabulary_sha256(vocabulary_sha256);
  act.Put(key, row);
  act.Put(request::kCurrentPolicyKey, published);
  act.operation.batch.Put(Space::kRegistry, absl::StrCat(kVocabularyPrefix, Hex(vocabulary_sha256)),
                          store::EncodeRow(words));
  ledger::v1::LedgerEntry entry =
      context_.entries->New(ledger::v1::ENTRY_KIND_POLICY_PUBLISHED, asker, request.request_id());
  entry.set_policy_sha256(absl::HexStringToBytes(sha256));
  entry.set_policy_version(row.version());
  entry.set_policy_vocabulary_sha256(vocabulary_sha256);
  entry.mutable_policy_published()->set_name(row.name());
  entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
  act.operation.entries.push_back(ledger::ToDraft(entry));
  auto bound = std::make_shared<request::BoundPolicy>();
  bound->policy = compiled.policy;
  bound->sha256 = sha256;
  bound->version = row.version();
  bound->vocabulary_sha256 = vocabulary_sha256;
  bound->published_at = absl::FromUnixSeconds(row.published_at_s());
  bound->row = store::EncodeRow(published);
  // It decides once its row is durable, and not before: whether or not we live to say so.
  in_force_->Offer(std::move(bound));
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequenced sequenced, Submit(std::move(act)));
  *response.mutable_policy() = Summary(row, sha256);
  *response.mutable_receipt() = ledger::ReceiptOf(sequenced, context_.sequencer->options().origin);
  return response;
}

absl::StatusOr<v1::WithdrawPolicyResponse> PolicyAdmin::Withdraw(
    const base::Principal& asker, const v1::WithdrawPolicyRequest& request) {
  SIGNPOST_RETURN_IF_ERROR(request::CheckRequestId(request.request_id()));
  SIGNPOST_RETURN_IF_ERROR(CheckHash(request.sha256()));
  const auto refuse = [&](absl::Status why) {
    return Refuse(asker, ledger::v1::ENTRY_KIND_POLICY_WITHDRAWN, request.request_id(),
                  request.sha256(), std::move(why));
  };
  absl::MutexLock lock(&mutex_);
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> held, context_.store->NewView());
  const ledger::GuardedView guarded(held.get());
  const ledger::GuardedView* const view = &guarded;
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyCurrentRow> current,
                            Read<stored::PolicyCurrentRow>(*view, request::kCurrentPolicyKey));
  const std::string key = absl::StrCat(kRecordPrefix, request.sha256());
  SIGNPOST_ASSIGN_OR_RETURN(ReadRow<stored::PolicyRow> record, Read<stored::PolicyRow>(*view, key));
  const bool own = record.bytes.has_value() && asker.has_practitioner() &&
                   Same(record.row.proposed(), asker) &&
                   Contains(options_.proposer_roles, asker.role);
  if (!own) {
    absl::Status may = CheckRole(asker, options_.approver_roles, "withdraws");
    if (!may.ok()) return refuse(std::move(may));
  }
  if (!record.bytes.has_value()) {
    return refuse(NeverProposed());
  }
  v1::WithdrawPolicyResponse response;
  if (record.row.stage() == stored::POLICY_STAGE_PUBLISHED) {
    return refuse(Error(Reason::kAlreadyExists,
                        "it was published; to change what is in force, publish another one"));
  }
  if (record.row.stage() != stored::POLICY_STAGE_WITHDRAWN) {
    record.row.set_stage(stored::POLICY_STAGE_WITHDRAWN);
    *record.row.mutable_withdrawn() = Sign(asker, context_.clock->Now());
    Act act(*view);
    act.Put(key, record.row);
    schedule::DeleteDue(kSilenceJob, absl::FromUnixSeconds(record.row.deputies_from_s()), key,
                        &act.operation.batch);
    act.operation.entries.push_back(
        ledger::ToDraft(ActEntry(*context_.entries, ledger::v1::ENTRY_KIND_POLICY_WITHDRAWN, asker,
                                 request.request_id(), record.row)));
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequenced sequenced, Submit(std::move(act)));
    *response.mutable_receipt() =
        ledger::ReceiptOf(sequenced, context_.sequencer->options().origin);
  }
  *response.mutable_policy() = Summary(record.row, current.row.sha256());
  return response;
}

}  // namespace signpost::policy_admin
