#include "hub/policy_admin/policy_preview.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/ids.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/people/person.h"
#include "hub/people/rows.h"
#include "hub/policy_admin/person_population.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"
#include "policy/analysis/diff.h"
#include "policy/analysis/whatif.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::policy_admin {

namespace stored = ::signpost::store::v1;
using base::Reason;
using policy::Aspect;

namespace {

constexpr uint64_t kEntriesPerStep = 128;
constexpr size_t kSaltBytes = 32;
// Kinds of people to remember; past this the memory begins anew.
constexpr size_t kAlikeMax = 100'000;

// All of a person's row that a decision can depend on, as bytes: equal for people who are alike.
// What is taken out identifies a record or is ciphertext; whatever is not known here stays in, so
// that people are held to be alike too seldom, never too often.
std::optional<std::string> Likeness(const people::People& people,
                                    const registry::Directory& directory,
                                    const people::Person& person, absl::Time now) {
  // Consents end at times of their own.
  if (!person.consents().empty()) return std::nullopt;
  stored::PersonRow row = person.row();
  row.clear_aliases();
  row.clear_version();
  row.clear_merged_from();
  row.mutable_shield()->clear_since_s();
  row.mutable_shield()->clear_set_by();
  row.mutable_shield()->clear_lift_asked_by();
  std::vector<std::string> flags;
  for (stored::FlagRow& flag : *row.mutable_flags()) {
    // Whom it names is a hash of this flag alone, and since when differs by the second: what a
    // decision makes of that stands in its place. Before the id goes, which the hash is made with.
    const bool settled =
        people::StandingOf(flag, people.standing_rules(), directory.CompleteLists(flag.agency_id()),
                           now) == people::Standing::kSettled;
    if (!flag.team_hash().empty()) {
      std::string named = "none that is registered";
      for (const auto& team : directory.Teams()) {
        if (people.NamesTeam(flag, team->team_id)) named = team->team_id;
      }
      flag.set_team_hash(std::move(named));
    }
    flag.clear_worker_hash();
    flag.set_stands_since_s(settled ? 1 : 0);
    flag.clear_flag_id();
    flag.clear_opened_on();
    flag.clear_closed_on();
    flag.clear_confirmed_at_s();
    flag.clear_sealed_contact();
    flag.clear_record_hash();
    flag.clear_content_hash();
    flag.clear_source_system();
    flag.clear_created_at_s();
    for (stored::AssessmentRow& assessment : *flag.mutable_assessments()) {
      assessment.clear_assessed_on();
      assessment.clear_sections();
    }
    flags.push_back(flag.SerializeAsString());
  }
  row.clear_flags();
  std::sort(flags.begin(), flags.end());
  std::string likeness = row.SerializeAsString();
  for (const std::string& flag : flags) {
    absl::StrAppend(&likeness, "|", flag.size(), "|", flag);
  }
  return likeness;
}

// An answer tells nothing of these; what may be done with it afterwards is another matter.
bool IsTold(Aspect aspect) { return aspect != Aspect::kRecord && aspect != Aspect::kShareOnward; }

}  // namespace

absl::StatusOr<std::unique_ptr<PolicyPreviews::Run>> PolicyPreviews::Begin(
    const base::Principal& asker, const v1::PreviewPolicyRequest& request) {
  SIGNPOST_RETURN_IF_ERROR(request::CheckRequestId(request.request_id()));
  const std::string sha256 = absl::BytesToHexString(base::Sha256(request.text()));
  SIGNPOST_RETURN_IF_ERROR(policy_admin_->AdmitProposer(
      asker, ledger::v1::ENTRY_KIND_POLICY_PREVIEWED, request.request_id(), sha256));
  if (request.text().empty() || request.text().size() > kProposalBytesMax) {
    return base::InvalidField(
        "text", absl::StrCat("must be a policy of at most ", kProposalBytesMax, " bytes"));
  }
  if (request.recorded_days() < 0 || request.recorded_days() > kPreviewDaysMax) {
    return base::InvalidField("recorded_days", absl::StrCat("must be 0 to ", kPreviewDaysMax));
  }
  std::shared_ptr<const request::BoundPolicy> now = context_.policy->Get();
  if (now == nullptr) {
    return base::Error(Reason::kPolicyUnavailable,
                       "no policy is in force, so there is nothing to compare a draft with");
  }
  if (running_.exchange(true)) {
    return base::Error(Reason::kTooManyRequests,
                       "another preview is under way; try again when it is done");
  }
  // From here on its destructor lets the next one begin.
  std::unique_ptr<Run> run(new Run(context_, &running_));
  SIGNPOST_ASSIGN_OR_RETURN(const policy::CompileResult compiled,
                            policy_admin_->CompileDraft(request.text(), sha256));
  run->asker_ = asker;
  run->request_id_ = request.request_id();
  run->now_ = std::move(now);
  run->report_.set_draft_sha256(sha256);
  run->report_.set_policy_sha256(run->now_->sha256);
  run->at_ = context_.clock->Now();
  run->directory_ = context_.registry->directory();
  if (!compiled.ok()) {
    SetDiagnostics(compiled.diagnostics, run->report_.mutable_diagnostics());
    run->people_done_ = true;
    return run;
  }
  auto draft = std::make_shared<request::BoundPolicy>();
  draft->policy = compiled.policy;
  draft->sha256 = sha256;
  draft->version = static_cast<int32_t>(compiled.policy->version());
  // Symbols of one are then symbols of the other.
  if (!policy::SameVocabulary(*run->now_->policy, *draft->policy)) {
    return base::Error(Reason::kPolicyUnavailable,
                       "the registry is changing, so the draft cannot be compared with the policy "
                       "in force yet; ask for the preview again");
  }
  // A draft that begins later is judged as of its first second: before, it would hide everything.
  run->at_ = std::max(run->at_, absl::FromUnixSeconds(compiled.policy->in_force_s()));
  run->draft_ = std::move(draft);
  SIGNPOST_RETURN_IF_ERROR(run->GatherAskers());
  run->purposes_.assign(policy::AllPurposes().begin(), policy::AllPurposes().end());
  if (request.recorded_days() > 0) {
    run->questions_end_ = context_.sequencer->head().size;
    run->questions_from_us_ =
        absl::ToUnixMicros(context_.clock->Now() - absl::Hours(24 * request.recorded_days()));
    run->questions_done_ = false;
  }
  return run;
}

PolicyPreviews::Run::~Run() { running_->store(false); }

absl::Status PolicyPreviews::Run::GatherAskers() {
  std::set<std::string> met;
  return context_.registry->ForEachPractitioner(
      [&](const registry::EnrolledPractitioner& practitioner) -> absl::Status {
        const registry::Agency* agency = directory_->FindAgency(practitioner.agency_id());
        if (agency == nullptr || !agency->takes_part()) return absl::OkStatus();
        for (const std::string& role : practitioner.roles()) {
          const std::string key = absl::StrCat(practitioner.agency_id(), "/", role, "/",
                                               absl::StrJoin(practitioner.team_ids(), ","));
          if (!met.insert(key).second) continue;
          if (met.size() > kPreviewAskersMax) {
            return base::Error(Reason::kMessageTooLarge,
                               absl::StrCat("more than ", kPreviewAskersMax,
                                            " kinds of asker are enrolled, too many to preview"));
          }
          base::Principal asker;
          asker.agency_id = practitioner.agency_id();
          asker.agency_kind = agency->kind;
          asker.practitioner_id = practitioner.practitioner_id();
          asker.role = role;
          asker.team_ids = practitioner.team_ids();
          askers_.push_back(std::move(asker));
        }
        return absl::OkStatus();
      });
}

absl::StatusOr<PolicyPreviews::Run::Changes> PolicyPreviews::Run::Compare(
    absl::Span<const base::Principal> askers, disclosure::AskerIs askers_are,
    absl::Span<const policy::Purpose> purposes, const people::Person& person) const {
  const policy::Policy& policy = *now_->policy;
  std::vector<policy::AskerPurpose> classes;
  classes.reserve(askers.size() * purposes.size());
  for (const base::Principal& asker : askers) {
    for (const policy::Purpose purpose : purposes) {
      classes.push_back(AskerPurposeOf(policy, asker, purpose));
    }
  }
  const PersonPopulation population(policy, *context_.people, *directory_, askers, askers_are,
                                    purposes.size(), person, at_);
  const policy::WhatIfResult result =
      policy::WhatIf(policy, *draft_->policy, population.Get(), classes, absl::ToUnixSeconds(at_));
  if (!result.fault.empty()) return absl::InternalError(result.fault);
  Changes changes;
  for (const policy::WhatIfRow& row : result.rows) {
    if (!IsTold(row.aspect)) continue;
    const registry::Agency* holder = directory_->FindAgency(policy.AgencyId(row.holder));
    Change& change = changes[{askers[row.asker / purposes.size()].agency_kind,
                              holder != nullptr ? holder->kind : "", row.aspect}];
    change.gain |= row.gained > 0;
    change.loss |= row.lost > 0;
  }
  return changes;
}

void PolicyPreviews::Run::Add(const Changes& changes, std::map<Key, Count>* counts) {
  for (const auto& [key, change] : changes) {
    Count& count = (*counts)[key];
    if (change.gain) ++count.gains;
    if (change.loss) ++count.losses;
  }
}

absl::StatusOr<bool> PolicyPreviews::Run::Step() {
  if (!people_done_) {
    SIGNPOST_ASSIGN_OR_RETURN(people_done_, StepPeople());
  } else if (!questions_done_) {
    SIGNPOST_ASSIGN_OR_RETURN(questions_done_, StepQuestions());
  }
  return people_done_ && questions_done_;
}

absl::StatusOr<bool> PolicyPreviews::Run::StepPeople() {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  if (people_ahead_.empty() && !people_listed_) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> ids,
                              people::IdsAfter(*view, person_before_, kPreviewPeopleListed));
    people_ahead_.assign(ids.begin(), ids.end());
    people_listed_ = ids.size() < static_cast<size_t>(kPreviewPeopleListed);
    if (!ids.empty()) person_before_ = ids.back();
  }
  int judged = 0;
  for (int i = 0; i < kPreviewPeoplePerStep && !people_ahead_.empty(); ++i) {
    if (judged == kPreviewJudgedPerStep) return false;
    const base::PersonId id = people_ahead_.front();
    people_ahead_.pop_front();
    const absl::StatusOr<people::Person> person = context_.people->Read(*view, id);
    if (!person.ok()) {
      if (base::ReasonOf(person.status()) == Reason::kNotFound) continue;
      return person.status();
    }
    // A row that stands for another person (they were merged) is counted with them.
    if (person->id() != id) continue;
    ++people_;
    const std::optional<std::string> likeness =
        Likeness(*context_.people, *directory_, *person, at_);
    if (likeness.has_value()) {
      if (const auto found = alike_.find(*likeness); found != alike_.end()) {
        Add(found->second, &counts_);
        continue;
      }
    }
    ++judged;
    SIGNPOST_ASSIGN_OR_RETURN(Changes changes,
                              Compare(askers_, disclosure::AskerIs::kAKind, purposes_, *person));
    Add(changes, &counts_);
    if (likeness.has_value()) {
      if (alike_.size() >= kAlikeMax) alike_.clear();
      alike_[*likeness] = std::move(changes);
    }
  }
  return people_ahead_.empty() && people_listed_;
}

absl::StatusOr<bool> PolicyPreviews::Run::StepQuestions() {
  if (questions_end_ == 0) return true;
  const uint64_t first = questions_end_ > kEntriesPerStep ? questions_end_ - kEntriesPerStep : 0;
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::vector<std::string> entries,
      ledger::LedgerReader(view.get()).Entries(first, static_cast<int>(questions_end_ - first)));
  questions_end_ = first;
  bool older = false;
  for (const std::string& bytes : entries) {
    if (bytes.empty()) continue;  // past its retention: only the hash is kept
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::v1::LedgerEntry entry, ledger::ParseEntry(bytes));
    if (entry.sequenced_at_us() < questions_from_us_) {
      older = true;
      continue;
    }
    const policy::Purpose purpose = request::ToPolicy(entry.purpose());
    const registry::Agency* agency = directory_->FindAgency(entry.agency_id());
    if (entry.kind() != ledger::v1::ENTRY_KIND_WHO_KNOWS ||
        purpose == policy::Purpose::kUnspecified || agency == nullptr) {
      continue;
    }
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> about,
                              ledger::PersonIndex(view.get()).PersonsOf(entry.index()));
    if (about.empty()) continue;  // nobody, or erased
    const absl::StatusOr<people::Person> person = context_.people->Read(*view, about.front());
    if (!person.ok()) {
      if (base::ReasonOf(person.status()) == Reason::kNotFound) continue;  // erased
      return person.status();
    }
    base::Principal asker;
    asker.system_id = entry.system();
    asker.agency_id = entry.agency_id();
    asker.agency_kind = agency->kind;
    asker.practitioner_id = entry.practitioner_id();
    asker.role = entry.role();
    asker.team_ids.assign(entry.team_ids().begin(), entry.team_ids().end());
    ++questions_;
    SIGNPOST_ASSIGN_OR_RETURN(const Changes changes,
                              Compare(absl::MakeConstSpan(&asker, 1), disclosure::AskerIs::kOneself,
                                      absl::MakeConstSpan(&purpose, 1), *person));
    Add(changes, &question_counts_);
  }
  // Entries are in order of time, so before a page with an older one all are older.
  return older || questions_end_ == 0;
}

void PolicyPreviews::Run::Tell(const std::map<Key, Count>& counts,
                               google::protobuf::RepeatedPtrField<v1::PreviewCount>* out) {
  for (const auto& [key, count] : counts) {
    v1::PreviewCount* told = out->Add();
    told->set_asker_kind(key.asker_kind);
    told->set_holder_kind(key.holder_kind);
    told->set_aspect(request::ToWire(key.aspect));
    const auto few = [](uint64_t n) { return n >= 1 && n <= kPreviewFewMax; };
    told->set_few_gains(few(count.gains));
    told->set_few_losses(few(count.losses));
    told->set_gains(few(count.gains) ? 0 : count.gains);
    told->set_losses(few(count.losses) ? 0 : count.losses);
  }
}

void PolicyPreviews::Run::Finish(request::Reply<v1::PreviewReport> done) {
  report_.set_salt(context_.random->Bytes(kSaltBytes));
  report_.set_people(people_);
  Tell(counts_, report_.mutable_changes());
  report_.set_questions(questions_);
  Tell(question_counts_, report_.mutable_question_changes());
  ledger::v1::LedgerEntry entry =
      context_.entries->New(ledger::v1::ENTRY_KIND_POLICY_PREVIEWED, asker_, request_id_);
  entry.mutable_policy_previewed()->set_sha256(absl::HexStringToBytes(report_.draft_sha256()));
  request::SetPolicy(*now_, &entry);
  entry.set_reply_hash(base::Sha256(report_.SerializeAsString()));
  entry.set_outcome(draft_ != nullptr ? ledger::v1::OUTCOME_ANSWERED
                                      : ledger::v1::OUTCOME_DOES_NOT_COMPILE);
  ledger::Operation operation;
  operation.entries.push_back(ledger::ToDraft(entry));
  context_.sequencer->Submit(
      std::move(operation),
      [origin = context_.sequencer->options().origin, report = std::move(report_),
       done = std::move(done)](absl::StatusOr<ledger::Sequenced> sequenced) mutable {
        if (!sequenced.ok()) return done(std::move(sequenced).status());
        *report.mutable_receipt() = ledger::ReceiptOf(*sequenced, origin);
        done(std::move(report));
      });
}

}  // namespace signpost::policy_admin
