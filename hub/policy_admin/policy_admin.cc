#include "hub/policy_admin/policy_admin.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/receipt.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"
#include "hub/store/row_codec.h"
#include "policy/analysis/diff.h"

namespace signpost::policy_admin {

namespace stored = ::signpost::store::v1;
using base::Error;
using base::Reason;
using store::Space;

namespace {

constexpr char kTextPrefix[] = "policy/text/";
constexpr char kRecordPrefix[] = "policy/record/";
constexpr char kVocabularyPrefix[] = "policy/vocabulary/";

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

// A row with its bytes; both empty when there is none.
template <typename Row>
struct ReadRow {
  std::optional<std::string> bytes;
  Row row;
};

template <typename Row>
absl::StatusOr<ReadRow<Row>> Read(const store::View& view, const std::string& key) {
  ReadRow<Row> read;
  SIGNPOST_ASSIGN_OR_RETURN(read.bytes, view.Get(Space::kRegistry, key));
  if (read.bytes.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(
        read.row, store::DecodeRow<Row>(absl::StrCat("registry row ", key), *read.bytes));
  }
  return read;
}

absl::Status CheckHash(const std::string& sha256) {
  const bool hex = std::all_of(sha256.begin(), sha256.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (sha256.size() == 64 && hex) return absl::OkStatus();
  return base::InvalidField("sha256", "must be 64 hex digits in lower case, as proposing gave it");
}

// Not kNotFound: that there is no such text is no secret, and its words are about young persons.
absl::Status NeverProposed() {
  return base::InvalidField("sha256",
                            "no policy of that hash was proposed; ListPolicies tells which were");
}

bool Same(const stored::PolicySignature& signature, const base::Principal& asker) {
  return signature.agency_id() == asker.agency_id &&
         signature.practitioner_id() == asker.practitioner_id;
}

bool Contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

v1::PolicySigner SignerOnWire(const stored::PolicySignature& signature) {
  v1::PolicySigner signer;
  signer.set_agency_id(signature.agency_id());
  signer.set_practitioner_id(signature.practitioner_id());
  signer.set_role(signature.role());
  *signer.mutable_at() = request::ToTimestamp(signature.at_s());
  return signer;
}

std::string VocabularyHash(const stored::PolicyVocabularyRow& words) {
  // Repeated fields alone, so that its bytes are the same wherever it is serialised.
  return base::Sha256(words.SerializeAsString());
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

}  // namespace

policy::Vocabulary ToVocabulary(const stored::PolicyVocabularyRow& row) {
  policy::Vocabulary words;
  for (const stored::PolicyAgencyWord& agency : row.agencies()) {
    policy::VocabularyAgency word;
    word.id = agency.agency_id();
    word.name = agency.name();
    word.kind = agency.kind();
    word.relevant_authority = agency.relevant_authority();
    word.services.assign(agency.services().begin(), agency.services().end());
    words.agencies.push_back(std::move(word));
  }
  for (const stored::PolicyTeamWord& team : row.teams()) {
    policy::VocabularyTeam word;
    word.id = team.team_id();
    word.agencies.assign(team.agency_ids().begin(), team.agency_ids().end());
    for (const int purpose : team.purposes()) {
      word.purposes.push_back(request::ToPolicy(static_cast<v1::Purpose>(purpose)));
    }
    words.teams.push_back(std::move(word));
  }
  for (const stored::PolicyServiceWord& service : row.services()) {
    words.services.push_back({service.id(), service.sensitive_category()});
  }
  words.roles.assign(row.roles().begin(), row.roles().end());
  for (const stored::PolicyAssessmentWord& assessment : row.assessments()) {
    words.assessments.push_back(
        {assessment.id(), {assessment.sections().begin(), assessment.sections().end()}});
  }
  return words;
}

void SetDiagnostics(const std::vector<policy::Diagnostic>& diagnostics,
                    google::protobuf::RepeatedPtrField<v1::PolicyDiagnostic>* out) {
  for (const policy::Diagnostic& diagnostic : diagnostics) {
    v1::PolicyDiagnostic* told = out->Add();
    told->set_line(diagnostic.line);
    told->set_column(diagnostic.column);
    told->set_words(diagnostic.words);
    told->set_message(diagnostic.message);
    told->set_suggestion(diagnostic.suggestion);
  }
}

struct PolicyAdmin::Act {
  const ledger::GuardedView* view;
  ledger::Operation operation;
  // Rests on all that is read at `view` until it is submitted.
  explicit Act(const ledger::GuardedView& reading) : view(&reading) {}
  template <typename Row>
  void Put(const std::string& key, const Row& row) {
    operation.batch.Put(Space::kRegistry, key, store::EncodeRow(row));
  }
};

PolicyAdmin::PolicyAdmin(const request::HubContext& context, request::PolicyInForce* in_force,
                         PolicyAdminOptions options)
    : context_(context), in_force_(in_force), options_(std::move(options)) {}

absl::Status PolicyAdmin::SetFiles(std::string bootstrap_text, const std::string& words_json) {
  SIGNPOST_ASSIGN_OR_RETURN(policy::Vocabulary words, request::ReadWords(words_json));
  absl::MutexLock lock(&files_);
  bootstrap_text_ = std::move(bootstrap_text);
  words_ = std::move(words);
  return absl::OkStatus();
}

stored::PolicyVocabularyRow PolicyAdmin::WordsNow() const {
  stored::PolicyVocabularyRow row;
  const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
  for (const std::shared_ptr<const registry::Agency>& agency : directory->Agencies()) {
    // They neither hold flags nor ask about people, so no rule can be about them.
    if (!agency->takes_part()) continue;
    stored::PolicyAgencyWord* word = row.add_agencies();
    word->set_agency_id(agency->agency_id);
    word->set_name(agency->name);
    word->set_kind(agency->kind);
    word->set_relevant_authority(agency->relevant_authority);
    for (const std::string& service : agency->services) word->add_services(service);
    word->set_feeds_index(agency->feeds_index);
    word->set_suspended(agency->suspended);
  }
  for (const std::shared_ptr<const registry::Team>& team : directory->Teams()) {
    stored::PolicyTeamWord* word = row.add_teams();
    word->set_team_id(team->team_id);
    for (const std::string& agency : team->agency_ids) word->add_agency_ids(agency);
    for (const int purpose : team->purposes) word->add_purposes(purpose);
    word->set_home_agency_id(team->home_agency_id);
  }
  absl::MutexLock lock(&files_);
  for (const policy::VocabularyService& service : words_.services) {
    stored::PolicyServiceWord* word = row.add_services();
    word->set_id(service.id);
    word->set_sensitive_category(service.sensitive_category);
  }
  for (const std::string& role : words_.roles) row.add_roles(role);
  for (const policy::VocabularyAssessment& assessment : words_.assessments) {
    stored::PolicyAssessmentWord* word = row.add_assessments();
    word->set_id(assessment.id);
    for (const std::string& section : assessment.sections) word->add_sections(section);
  }
  return row;
}

// --- What decides ---

absl::StatusOr<std::string> PolicyAdmin::ReadText(const store::View& view,
                                                  const std::string& sha256) const {
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyTextRow> text,
                            Read<stored::PolicyTextRow>(view, absl::StrCat(kTextPrefix, sha256)));
  if (!text.bytes.has_value()) {
    return NeverProposed();
  }
  if (Hex(base::Sha256(text.row.text())) != sha256) {
    return Error(Reason::kDataLoss, absl::StrCat("the stored text of policy ", sha256,
                                                 " is not what its hash says; restore a backup"));
  }
  return text.row.text();
}

absl::Status PolicyAdmin::Unbind(const std::string& problem) {
  const std::shared_ptr<const request::BoundPolicy> before = in_force_->Latest();
  in_force_->Lose(problem);
  if (before != nullptr) {
    ledger::v1::LedgerEntry entry =
        context_.entries->New(ledger::v1::ENTRY_KIND_POLICY_BOUND, base::Principal(), "");
    entry.set_policy_sha256(absl::HexStringToBytes(before->sha256));
    entry.set_policy_version(before->version);
    entry.mutable_policy_bound()->set_name(before->policy->name());
    ledger::SetRefused(Reason::kPolicyUnavailable, &entry);
    ledger::Operation operation;
    operation.entries.push_back(ledger::ToDraft(entry));
    SIGNPOST_RETURN_IF_ERROR(context_.sequencer->SubmitAndWait(std::move(operation)).status());
  }
  return Error(Reason::kPolicyUnavailable, absl::StrCat("everything is hidden: ", problem));
}

absl::Status PolicyAdmin::Bind() {
  absl::MutexLock lock(&mutex_);
  return BindLocked();
}

absl::Status PolicyAdmin::BindLocked() {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> held, context_.store->NewView());
  const ledger::GuardedView guarded(held.get());
  const ledger::GuardedView* const view = &guarded;
  const absl::StatusOr<ReadRow<stored::PolicyCurrentRow>> current =
      Read<stored::PolicyCurrentRow>(*view, request::kCurrentPolicyKey);
  if (!current.ok()) {
    return Unbind(absl::StrCat("the stored policy cannot be read: ",
                               std::string(current.status().message())));
  }
  const bool bootstrap = !current->bytes.has_value();
  std::string text;
  if (bootstrap) {
    absl::MutexLock lock(&files_);
    text = bootstrap_text_;
    if (text.empty()) return Unbind("no policy has been published");
  } else {
    absl::StatusOr<std::string> read = ReadText(*view, current->row.sha256());
    if (!read.ok()) {
      return Unbind(
          absl::StrCat("the stored policy cannot be read: ", std::string(read.status().message())));
    }
    text = *std::move(read);
  }
  const stored::PolicyVocabularyRow words = WordsNow();
  const std::string vocabulary_sha256 = VocabularyHash(words);
  const std::string sha256 = Hex(base::Sha256(text));
  const std::shared_ptr<const request::BoundPolicy> before = in_force_->Latest();
  if (before != nullptr && before->sha256 == sha256 &&
      before->vocabulary_sha256 == vocabulary_sha256) {
    return absl::OkStatus();
  }
  // Compiling proves the checks and may take a while; readers are not held up meanwhile.
  policy::CompileOptions options;
  options.content_id = sha256;
  const policy::CompileResult result = policy::Compile(text, ToVocabulary(words), options);
  if (!result.ok()) return Unbind(absl::StrCat("the policy does not compile: ", result.Errors()));

  const absl::Time now = context_.clock->Now();
  stored::PolicyCurrentRow row = current->row;
  if (bootstrap) {
    row.set_sha256(sha256);
    row.set_version(static_cast<int32_t>(result.policy->version()));
    row.set_published_at_s(absl::ToUnixSeconds(now));
  }
  row.set_vocabulary_sha256(vocabulary_sha256);
  const std::string bytes = store::EncodeRow(row);
  auto bound = std::make_shared<request::BoundPolicy>();
  bound->policy = result.policy;
  bound->sha256 = sha256;
  bound->version = row.version();
  bound->vocabulary_sha256 = vocabulary_sha256;
  bound->published_at = absl::FromUnixSeconds(row.published_at_s());
  bound->row = bytes;
  if (bytes != current->bytes) {
    Act act(*view);
    if (bootstrap) {
      stored::PolicyTextRow text_row;
      text_row.set_text(text);
      act.operation.batch.Put(Space::kRegistry, absl::StrCat(kTextPrefix, sha256),
                              store::EncodeRow(text_row));
      SIGNPOST_ASSIGN_OR_RETURN(
          ReadRow<stored::PolicyRow> record,
          Read<stored::PolicyRow>(*view, absl::StrCat(kRecordPrefix, sha256)));
      record.row.set_sha256(sha256);
      record.row.set_name(result.policy->name());
      record.row.set_version(row.version());
      record.row.set_in_force_s(result.policy->in_force_s());
      record.row.set_stage(stored::POLICY_STAGE_PUBLISHED);
      record.row.set_published_at_s(row.published_at_s());
      act.Put(absl::StrCat(kRecordPrefix, sha256), record.row);
    }
    act.operation.batch.Put(Space::kRegistry,
                            absl::StrCat(kVocabularyPrefix, Hex(vocabulary_sha256)),
                            store::EncodeRow(words));
    act.Put(request::kCurrentPolicyKey, row);
    ledger::v1::LedgerEntry entry = context_.entries->New(
        bootstrap ? ledger::v1::ENTRY_KIND_POLICY_PUBLISHED : ledger::v1::ENTRY_KIND_POLICY_BOUND,
        base::Principal(), "");
    entry.set_policy_sha256(absl::HexStringToBytes(sha256));
    entry.set_policy_version(row.version());
    entry.set_policy_vocabulary_sha256(vocabulary_sha256);
    (bootstrap ? entry.mutable_policy_published() : entry.mutable_policy_bound())
        ->set_name(result.policy->name());
    entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
    act.operation.entries.push_back(ledger::ToDraft(entry));
    in_force_->Offer(std::move(bound));
    return Submit(std::move(act)).status();
  }
  in_force_->Offer(std::move(bound));
  return absl::OkStatus();
}

bool PolicyAdmin::FileIsIgnored() const {
  const std::shared_ptr<const request::BoundPolicy> bound = in_force_->Latest();
  absl::MutexLock lock(&files_);
  return bound != nullptr && !bootstrap_text_.empty() &&
         bound->sha256 != Hex(base::Sha256(bootstrap_text_));
}

// --- Who may ---

absl::Status PolicyAdmin::CheckRole(const base::Principal& asker,
                                    const std::vector<std::string>& roles, const char* what) const {
  if (!asker.has_practitioner()) {
    return Error(Reason::kAssertionMissing,
                 absl::StrCat("a named person ", what,
                              " a policy: send a practitioner's assertion in metadata "
                              "\"signpost-assertion\""));
  }
  if (Contains(roles, asker.role)) return absl::OkStatus();
  return Error(
      Reason::kMethodNotAllowed,
      absl::StrCat("whoever ", what, " a policy acts in one of the roles ",
                   absl::StrJoin(roles, ", "), "; ask the hub's operator to enrol you in it"));
}

absl::Status PolicyAdmin::AdmitProposer(const base::Principal& asker, ledger::v1::EntryKind kind,
                                        const std::string& request_id, const std::string& sha256) {
  absl::Status may = CheckRole(asker, options_.proposer_roles, "proposes");
  if (may.ok()) return may;
  return Refuse(asker, kind, request_id, sha256, std::move(may));
}

absl::Status PolicyAdmin::CheckMayRead(const base::Principal& asker) const {
  if (asker.kind == base::CallerKind::kAuditor || asker.kind == base::CallerKind::kOperator) {
    return absl::OkStatus();
  }
  if (asker.has_practitioner() && (Contains(options_.proposer_roles, asker.role) ||
                                   Contains(options_.approver_roles, asker.role))) {
    return absl::OkStatus();
  }
  return Error(Reason::kMethodNotAllowed,
               "policies are read here by auditors, the hub's operator and those who propose or "
               "approve them; what your agency may see, Explain and ListAgreements tell you");
}

absl::StatusOr<int> PolicyAdmin::ApprovalsThatCount(const store::View& view,
                                                    const stored::PolicyRow& row) const {
  int count = 0;
  for (const stored::PolicySignature& approval : row.approvals()) {
    const absl::StatusOr<registry::EnrolledPractitioner> enrolled =
        context_.registry->LookupPractitioner(view, approval.agency_id(),
                                              approval.practitioner_id());
    if (enrolled.ok()) {
      if (enrolled->HasRole(approval.role()) && Contains(options_.approver_roles, approval.role()))
        ++count;
      continue;
    }
    const Reason reason = base::ReasonOf(enrolled.status());
    if (reason != Reason::kPractitionerUnknown && reason != Reason::kCallerSuspended) {
      return enrolled.status();
    }
  }
  return count;
}

// --- Recording ---

absl::StatusOr<ledger::Sequenced> PolicyAdmin::Submit(Act act) {
  act.operation.reads = act.view->reads();
  return context_.sequencer->SubmitAndWait(std::move(act.operation));
}

absl::Status PolicyAdmin::Refuse(const base::Principal& asker, ledger::v1::EntryKind kind,
                                 const std::string& request_id, const std::string& sha256,
                                 absl::Status why) {
  ledger::v1::LedgerEntry entry = context_.entries->New(kind, asker, request_id);
  if (!sha256.empty()) ledger::MutableDraft(&entry)->set_sha256(absl::HexStringToBytes(sha256));
  ledger::SetRefused(base::ReasonOf(why), &entry);
  ledger::Operation operation;
  operation.entries.push_back(ledger::ToDraft(entry));
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequenced sequenced,
                            context_.sequencer->SubmitAndWait(std::move(operation)));
  return request::WithReceipt(std::move(why),
                              ledger::ReceiptOf(sequenced, context_.sequencer->options().origin));
}

namespace {

stored::PolicySignature Sign(const base::Principal& asker, absl::Time now) {
  stored::PolicySignature signature;
  signature.set_agency_id(asker.agency_id);
  signature.set_practitioner_id(asker.practitioner_id);
  signature.set_role(asker.role);
  signature.set_at_s(absl::ToUnixSeconds(now));
  return signature;
}

ledger::Draft ActEntry(const ledger::EntryComposer& entries, ledger::v1::EntryKind kind,
                       const base::Principal& asker, const std::string& request_id,
                       const stored::PolicyRow& row) {
  ledger::v1::LedgerEntry entry = entries.New(kind, asker, request_id);
  ledger::v1::PolicyDraft* const draft = ledger::MutableDraft(&entry);
  draft->set_sha256(absl::HexStringToBytes(row.sha256()));
  draft->set_version(row.version());
  entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
  return ledger::ToDraft(entry);
}

}  // namespace

v1::PolicySummary PolicyAdmin::Summary(const stored::PolicyRow& row,
                                       const std::string& current_sha256) const {
  v1::PolicySummary summary;
  summary.set_sha256(row.sha256());
  summary.set_title(row.name());
  summary.set_version(row.version());
  *summary.mutable_in_force_from() = request::ToTimestamp(row.in_force_s());
  switch (row.stage()) {
    case stored::POLICY_STAGE_PROPOSED:
      summary.set_state(v1::POLICY_STATE_PROPOSED);
      break;
    case stored::POLICY_STAGE_WITHDRAWN:
      summary.set_state(v1::POLICY_STATE_WITHDRAWN);
      break;
    case stored::POLICY_STAGE_PUBLISHED:
      summary.set_state(row.sha256() == current_sha256 ? v1::POLICY_STATE_IN_FORCE
                                                       : v1::POLICY_STATE_SUPERSEDED);
      break;
    default:
      break;
  }
  if (row.has_proposed()) *summary.mutable_proposed_by() = SignerOnWire(row.proposed());
  for (const stored::PolicySignature& approval : row.approvals()) {
    *summary.add_approvals() = SignerOnWire(approval);
  }
  summary.set_approvals_needed(options_.approvals);
  if (row.published_at_s() != 0) {
    *summary.mutable_published_at() = request::ToTimestamp(row.published_at_s());
  }
  return summary;
}

// --- Proposing ---

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
    *response.mutable_policy() = Summary(record.row, current.row.sha256());
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
  SIGNPOST_ASSIGN_OR_RETURN(const v1::ListPoliciesResponse all, List(asker));
  const auto waiting = std::count_if(
      all.policies().begin(), all.policies().end(),
      [](const v1::PolicySummary& one) { return one.state() == v1::POLICY_STATE_PROPOSED; });
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
  *row.mutable_proposed() = Sign(asker, context_.clock->Now());
  Act act(*view);
  stored::PolicyTextRow text;
  text.set_text(request.text());
  act.operation.batch.Put(Space::kRegistry, absl::StrCat(kTextPrefix, sha256),
                          store::EncodeRow(text));
  act.Put(key, row);
  act.operation.entries.push_back(
      ActEntry(*context_.entries, kKind, asker, request.request_id(), row));
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequenced sequenced, Submit(std::move(act)));
  *response.mutable_policy() = Summary(row, current.row.sha256());
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
    return refuse(
        Error(Reason::kMethodNotAllowed,
              absl::StrCat("you proposed it; ", options_.approvals, " others must approve it")));
  }
  stored::PolicyRow& row = record.row;
  const absl::Time now = context_.clock->Now();
  if (!signed_before) *row.add_approvals() = Sign(asker, now);
  SIGNPOST_ASSIGN_OR_RETURN(const int approvals, ApprovalsThatCount(*view, row));
  Act act(*view);
  act.operation.entries.push_back(ActEntry(
      *context_.entries, ledger::v1::ENTRY_KIND_POLICY_APPROVED, asker, request.request_id(), row));
  if (approvals < options_.approvals) {
    *response.mutable_policy() = Summary(row, current.row.sha256());
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
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, ReadText(*view, sha256));
  const stored::PolicyVocabularyRow words = WordsNow();
  const std::string vocabulary_sha256 = VocabularyHash(words);
  policy::CompileOptions options;
  options.content_id = sha256;
  const policy::CompileResult compiled = policy::Compile(text, ToVocabulary(words), options);
  if (!compiled.ok()) return refuse(DoesNotCompile(compiled));

  row.set_stage(stored::POLICY_STAGE_PUBLISHED);
  row.set_published_at_s(absl::ToUnixSeconds(now));
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
    act.operation.entries.push_back(ActEntry(*context_.entries,
                                             ledger::v1::ENTRY_KIND_POLICY_WITHDRAWN, asker,
                                             request.request_id(), record.row));
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequenced sequenced, Submit(std::move(act)));
    *response.mutable_receipt() =
        ledger::ReceiptOf(sequenced, context_.sequencer->options().origin);
  }
  *response.mutable_policy() = Summary(record.row, current.row.sha256());
  return response;
}

// --- Reading ---

absl::StatusOr<v1::ListPoliciesResponse> PolicyAdmin::List(const base::Principal& asker) const {
  SIGNPOST_RETURN_IF_ERROR(CheckMayRead(asker));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyCurrentRow> current,
                            Read<stored::PolicyCurrentRow>(*view, request::kCurrentPolicyKey));
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                            view->Scan(Space::kRegistry, kRecordPrefix,
                                       store::PrefixEnd(kRecordPrefix), kPoliciesListedMax));
  v1::ListPoliciesResponse response;
  for (const store::KeyValue& row : rows) {
    SIGNPOST_ASSIGN_OR_RETURN(const stored::PolicyRow record,
                              store::DecodeRow<stored::PolicyRow>("a policy", row.value));
    *response.add_policies() = Summary(record, current.row.sha256());
  }
  std::sort(response.mutable_policies()->begin(), response.mutable_policies()->end(),
            [](const v1::PolicySummary& a, const v1::PolicySummary& b) {
              if (a.version() != b.version()) return a.version() > b.version();
              return a.sha256() < b.sha256();
            });
  return response;
}

absl::StatusOr<v1::GetPolicyResponse> PolicyAdmin::Get(const base::Principal& asker,
                                                       const v1::GetPolicyRequest& request) const {
  SIGNPOST_RETURN_IF_ERROR(CheckMayRead(asker));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyCurrentRow> current,
                            Read<stored::PolicyCurrentRow>(*view, request::kCurrentPolicyKey));
  const std::string sha256 = request.sha256().empty() ? current.row.sha256() : request.sha256();
  if (sha256.empty()) return base::InvalidField("sha256", "no policy has been published yet");
  SIGNPOST_RETURN_IF_ERROR(CheckHash(sha256));
  v1::GetPolicyResponse response;
  SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_text(), ReadText(*view, sha256));
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyRow> record,
                            Read<stored::PolicyRow>(*view, absl::StrCat(kRecordPrefix, sha256)));
  *response.mutable_policy() = Summary(record.row, current.row.sha256());
  return response;
}

absl::StatusOr<stored::PolicyVocabularyRow> PolicyAdmin::WordsOf(
    const store::View& view, const std::string& vocabulary_sha256) const {
  SIGNPOST_ASSIGN_OR_RETURN(ReadRow<stored::PolicyVocabularyRow> words,
                            Read<stored::PolicyVocabularyRow>(
                                view, absl::StrCat(kVocabularyPrefix, Hex(vocabulary_sha256))));
  if (!words.bytes.has_value()) {
    return Error(Reason::kNotFound, "the words that policy was bound to were not kept");
  }
  return std::move(words.row);
}

absl::StatusOr<std::shared_ptr<const request::BoundPolicy>> PolicyAdmin::PolicyOf(
    const store::View& view, const std::string& sha256,
    const stored::PolicyVocabularyRow& words) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, ReadText(view, sha256));
  policy::CompileOptions options;
  options.content_id = sha256;
  // It was proved when it was published.
  options.run_examples = false;
  options.prove_checks = false;
  const policy::CompileResult compiled = policy::Compile(text, ToVocabulary(words), options);
  if (!compiled.ok()) {
    return Error(Reason::kPolicyUnavailable,
                 absl::StrCat("this version of the hub does not compile that policy any more: ",
                              compiled.Errors()));
  }
  auto bound = std::make_shared<request::BoundPolicy>();
  bound->policy = compiled.policy;
  bound->sha256 = sha256;
  bound->version = static_cast<int32_t>(compiled.policy->version());
  bound->vocabulary_sha256 = VocabularyHash(words);
  return std::shared_ptr<const request::BoundPolicy>(std::move(bound));
}

}  // namespace signpost::policy_admin
