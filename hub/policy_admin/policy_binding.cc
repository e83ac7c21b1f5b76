// Which policy decides: the published text bound to the words of the area as they are now, and one
// that decided once, bound to the words of then.

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/policy_admin/policy_rows.h"
#include "hub/registry/registry.h"
#include "hub/request/wire_convert.h"
#include "hub/store/row_codec.h"

namespace signpost::policy_admin {

namespace stored = ::signpost::store::v1;
using base::Error;
using base::Reason;
using store::Space;

std::string VocabularyHash(const stored::PolicyVocabularyRow& words) {
  // Repeated fields alone, so that its bytes are the same wherever it is serialised.
  return base::Sha256(words.SerializeAsString());
}

policy::Vocabulary ToVocabulary(const stored::PolicyVocabularyRow& row) {
  policy::Vocabulary words;
  for (const stored::PolicyAgencyWord& agency : row.agencies()) {
    policy::VocabularyAgency word;
    word.id = agency.agency_id();
    word.name = agency.name();
    word.kind = agency.kind();
    word.relevant_authority = agency.relevant_authority();
    word.feeds = agency.feeds_index();
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
  for (const std::string& role : context_.registry->roles().ordinary) row.add_ordinary_roles(role);
  for (const policy::VocabularyAssessment& assessment : words_.assessments) {
    stored::PolicyAssessmentWord* word = row.add_assessments();
    word->set_id(assessment.id);
    for (const std::string& section : assessment.sections) word->add_sections(section);
  }
  return row;
}

absl::StatusOr<std::string> PolicyAdmin::TextOf(const store::View& view,
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

absl::StatusOr<std::vector<stored::PolicyVocabularyRow>> PolicyAdmin::WordsOfAllTimes(
    const store::View& view) const {
  std::vector<stored::PolicyVocabularyRow> all;
  std::string from = kVocabularyPrefix;
  const std::string to = store::PrefixEnd(from);
  for (;;) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                              view.Scan(Space::kRegistry, from, to, base::kPageRowsMax));
    for (const store::KeyValue& row : rows) {
      SIGNPOST_ASSIGN_OR_RETURN(all.emplace_back(), store::DecodeRow<stored::PolicyVocabularyRow>(
                                                        "the words of a policy", row.value));
    }
    if (static_cast<int>(rows.size()) < base::kPageRowsMax) return all;
    from = rows.back().key + '\0';
  }
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

// Of a binding that finds what it rests on changed, or forgotten, when it submits.
constexpr int kBindAttemptsMax = 3;

absl::Status PolicyAdmin::Bind() {
  absl::MutexLock lock(&mutex_);
  // Compiling takes so long on a busy hub that what it read may be forgotten by then, or changed.
  absl::Status bound = BindLocked();
  for (int more = kBindAttemptsMax - 1; more > 0 && base::ReasonOf(bound) == Reason::kAborted;
       --more) {
    bound = BindLocked();
  }
  return bound;
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
    // The signers of the founding file named the text; the file of the configuration is the operator's.
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<stored::FoundingRow> founding,
                              context_.registry->ReadFounding(*view));
    if (founding.has_value() && founding->policy_sha256() != Hex(base::Sha256(text))) {
      return Unbind(
          "the file of the configuration is not the policy that the area was founded with");
    }
  } else {
    absl::StatusOr<std::string> read = TextOf(*view, current->row.sha256());
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

absl::StatusOr<std::string> PolicyAdmin::BeginsWith() const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyCurrentRow> current,
                            Read<stored::PolicyCurrentRow>(*view, request::kCurrentPolicyKey));
  if (current.bytes.has_value()) return current.row.sha256();
  absl::MutexLock lock(&files_);
  return bootstrap_text_.empty() ? std::string() : Hex(base::Sha256(bootstrap_text_));
}

bool PolicyAdmin::FileIsIgnored() const {
  const std::shared_ptr<const request::BoundPolicy> bound = in_force_->Latest();
  absl::MutexLock lock(&files_);
  return bound != nullptr && !bootstrap_text_.empty() &&
         bound->sha256 != Hex(base::Sha256(bootstrap_text_));
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
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, TextOf(view, sha256));
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
