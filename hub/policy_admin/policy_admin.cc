#include "hub/policy_admin/policy_admin.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/policy_admin/policy_rows.h"
#include "hub/request/paging.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"
#include "hub/store/row_codec.h"

namespace signpost::policy_admin {

namespace stored = ::signpost::store::v1;
using base::Error;
using base::Reason;
using store::Space;

namespace {

constexpr int kPoliciesPageDefault = 50;

bool Contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

v1::PolicySigner SignerOnWire(const stored::PolicySignature& signature) {
  v1::PolicySigner signer;
  signer.set_agency_id(signature.agency_id());
  signer.set_practitioner_id(signature.practitioner_id());
  signer.set_role(signature.role());
  *signer.mutable_at() = request::ToTimestamp(signature.at_s());
  signer.set_for_agency_id(signature.for_agency_id());
  return signer;
}

}  // namespace

// Not kNotFound: that there is no such text is no secret, and its words are about young persons.
absl::Status NeverProposed() {
  return base::InvalidField("sha256",
                            "no policy of that hash was proposed; ListPolicies tells which were");
}

absl::Status CheckHash(const std::string& sha256) {
  const bool hex = std::all_of(sha256.begin(), sha256.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (sha256.size() == 64 && hex) return absl::OkStatus();
  return base::InvalidField("sha256", "must be 64 hex digits in lower case, as proposing gave it");
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

PolicyAdmin::PolicyAdmin(const request::HubContext& context, request::PolicyInForce* in_force,
                         PolicyAdminOptions options)
    : context_(context), in_force_(in_force), options_(std::move(options)) {}

absl::Status PolicyAdmin::SetFiles(std::string bootstrap_text, const std::string& words_json) {
  SIGNPOST_ASSIGN_OR_RETURN(policy::Vocabulary words, request::ReadWords(words_json));
  SIGNPOST_ASSIGN_OR_RETURN(registry::WorkerRoles roles, request::ReadWorkerRoles(words_json));
  for (const std::string& role : options_.approver_roles) {
    if (roles.ordinary.count(role) == 0) continue;
    return base::InvalidField(
        "ordinary_roles",
        absl::StrCat("names ", role, ", in which policies are approved; take it out of either"));
  }
  SIGNPOST_RETURN_IF_ERROR(context_.registry->SetRoles(std::move(roles)));
  absl::MutexLock lock(&files_);
  bootstrap_text_ = std::move(bootstrap_text);
  words_ = std::move(words);
  return absl::OkStatus();
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

// --- Reading ---

absl::StatusOr<std::vector<stored::PolicyRow>> PolicyAdmin::All(const store::View& view) const {
  std::vector<stored::PolicyRow> all;
  std::string from = kRecordPrefix;
  for (bool more = true; more;) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<store::KeyValue> rows,
        view.Scan(Space::kRegistry, from, store::PrefixEnd(kRecordPrefix), base::kPageRowsMax));
    for (const store::KeyValue& row : rows) {
      SIGNPOST_ASSIGN_OR_RETURN(stored::PolicyRow record,
                                store::DecodeRow<stored::PolicyRow>("a policy", row.value));
      all.push_back(std::move(record));
    }
    more = rows.size() == base::kPageRowsMax;
    if (more) from = rows.back().key + '\0';
  }
  std::sort(all.begin(), all.end(), [](const stored::PolicyRow& a, const stored::PolicyRow& b) {
    if (a.version() != b.version()) return a.version() > b.version();
    return a.sha256() < b.sha256();
  });
  return all;
}

absl::StatusOr<v1::ListPoliciesResponse> PolicyAdmin::List(
    const base::Principal& asker, const v1::ListPoliciesRequest& request) const {
  SIGNPOST_RETURN_IF_ERROR(CheckMayRead(asker));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyCurrentRow> current,
                            Read<stored::PolicyCurrentRow>(*view, request::kCurrentPolicyKey));
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<stored::PolicyRow> all, All(*view));
  SIGNPOST_ASSIGN_OR_RETURN(
      const request::PageSpan page,
      request::PageOf(all, request.page_size(), kPoliciesPageDefault, base::kPageRowsMax,
                      request.page_token(),
                      [](const stored::PolicyRow& policy) { return policy.sha256(); }));
  v1::ListPoliciesResponse response;
  response.set_next_page_token(page.next_page_token);
  for (size_t i = page.begin; i < page.end; ++i) {
    SIGNPOST_ASSIGN_OR_RETURN(*response.add_policies(),
                              SummaryWithNeeds(*view, all[i], current.row.sha256()));
  }
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
  SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_text(), TextOf(*view, sha256));
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyRow> record,
                            Read<stored::PolicyRow>(*view, absl::StrCat(kRecordPrefix, sha256)));
  SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_policy(),
                            SummaryWithNeeds(*view, record.row, current.row.sha256()));
  return response;
}

}  // namespace signpost::policy_admin
