// Which agencies must approve a text, and whose approvals count: what would show more, who speaks for
// whom, and what becomes of silence.

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/exchange/outbox.h"
#include "hub/ledger/entry.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/policy_admin/policy_rows.h"
#include "hub/registry/registry.h"
#include "hub/request/wire_convert.h"
#include "hub/schedule/due_rows.h"
#include "policy/analysis/diff.h"

namespace signpost::policy_admin {

namespace stored = ::signpost::store::v1;
using base::Reason;
using store::Space;

namespace {

// Sentences that an agency is told of why it must approve.
constexpr size_t kReasonsToldMax = 20;
// Comparisons that are kept: of so many texts that wait, against what was in force lately.
constexpr size_t kNeedsKnownMax = 64;
constexpr int kSilentAtOnce = 16;

// An agency that holds something that could be shown.
bool Holds(const registry::Agency& agency) {
  return agency.takes_part() && !agency.services.empty();
}

void Explain(const std::string& why, PolicyNeed* need) {
  if (need->shows_more.size() < kReasonsToldMax) need->shows_more.push_back(why);
}

}  // namespace

absl::StatusOr<std::vector<PolicyNeed>> PolicyAdmin::NeedsOf(
    const std::string& sha256, const std::shared_ptr<const policy::Policy>& draft,
    const std::string& vocabulary_sha256) const {
  const std::shared_ptr<const request::BoundPolicy> now = in_force_->Latest();
  const std::string compared = absl::StrCat(
      sha256, " ", now == nullptr ? "" : now->sha256, " ",
      now == nullptr ? "" : absl::BytesToHexString(now->vocabulary_sha256), " ",
      absl::BytesToHexString(vocabulary_sha256), draft == nullptr ? " does not compile" : "");
  {
    absl::MutexLock lock(&needs_);
    const auto known = needs_known_.find(compared);
    if (known != needs_known_.end()) return known->second;
  }
  // Of whom it is not known that they would not show more is told that they might.
  std::string not_compared;
  policy::PolicyDifference difference;
  if (draft == nullptr) {
    not_compared = "it does not compile against the registry of now";
  } else if (now == nullptr) {
    not_compared = "no policy is in force, so whatever it shows is more";
  } else if (now->vocabulary_sha256 != vocabulary_sha256) {
    not_compared = "the registry is changing, so it was not compared";
  } else {
    if (!compiling_.TryLock()) {
      return base::Error(Reason::kTooManyRequests,
                         "another policy is being compiled; try again when it is done");
    }
    difference = policy::Diff(*now->policy, *draft);
    compiling_.Unlock();
    if (!difference.fault.empty()) {
      not_compared = absl::StrCat("it was not compared: ", difference.fault);
    }
  }
  std::map<std::string, PolicyNeed> by_agency;
  if (!not_compared.empty()) {
    for (const auto& agency : context_.registry->directory()->Agencies()) {
      if (!Holds(*agency)) continue;
      Explain(absl::StrCat("it may show more of ", agency->agency_id, ": ", not_compared),
              &by_agency[agency->agency_id]);
    }
  }
  std::map<std::string, size_t> reasons;
  for (const policy::VisibilityChange& gain : difference.gains) {
    for (const std::string& holder : gain.holder_ids) {
      PolicyNeed& need = by_agency[holder];
      ++reasons[holder];
      // The last place is for how many more there are.
      if (reasons[holder] < kReasonsToldMax) {
        Explain(absl::StrCat("would show more: ", gain.ToString()), &need);
      }
      need.gainers.insert(gain.asker_ids.begin(), gain.asker_ids.end());
    }
  }
  std::vector<PolicyNeed> needs;
  for (auto& [agency_id, need] : by_agency) {
    need.agency_id = agency_id;
    if (reasons[agency_id] >= kReasonsToldMax) {
      Explain(absl::StrCat("and ", reasons[agency_id] - need.shows_more.size(), " more"), &need);
    }
    needs.push_back(std::move(need));
  }
  absl::MutexLock lock(&needs_);
  if (needs_known_.size() >= kNeedsKnownMax) needs_known_.clear();
  needs_known_[compared] = needs;
  return needs;
}

absl::StatusOr<std::vector<PolicyNeed>> PolicyAdmin::NeedsOfText(const store::View& view,
                                                                 const std::string& sha256) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, TextOf(view, sha256));
  const stored::PolicyVocabularyRow words = WordsNow();
  policy::CompileOptions options;
  options.content_id = sha256;
  // Its checks were proved when it was proposed, and are again when it comes into force.
  options.run_examples = false;
  options.prove_checks = false;
  const policy::CompileResult compiled = policy::Compile(text, ToVocabulary(words), options);
  return NeedsOf(sha256, compiled.ok() ? compiled.policy : nullptr, VocabularyHash(words));
}

bool PolicyAdmin::MaySpeakFor(const std::string& agency_id, const std::string& for_agency_id,
                              const stored::PolicyRow& row,
                              const std::vector<PolicyNeed>& needs) const {
  const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
  const registry::Agency* const own = directory->FindAgency(agency_id);
  if (own == nullptr || !own->takes_part()) return false;
  if (agency_id == for_agency_id) return true;
  const registry::Agency* const silent = directory->FindAgency(for_agency_id);
  if (silent == nullptr || silent->deputy_agency_id != agency_id) return false;
  if (context_.clock->Now() < absl::FromUnixSeconds(row.deputies_from_s())) return false;
  // Whoever would see more does not give leave in another's name.
  return std::none_of(needs.begin(), needs.end(), [&](const PolicyNeed& need) {
    return need.agency_id == for_agency_id &&
           (need.gainers.empty() || need.gainers.count(agency_id) > 0);
  });
}

absl::StatusOr<std::vector<stored::PolicySignature>> PolicyAdmin::ApprovalsThatCount(
    const ledger::GuardedView& view, const stored::PolicyRow& row,
    const std::vector<PolicyNeed>& needs) const {
  std::vector<stored::PolicySignature> counting;
  std::set<std::string> people;
  for (const stored::PolicySignature& approval : row.approvals()) {
    const absl::StatusOr<registry::EnrolledPractitioner> enrolled =
        context_.registry->LookupPractitioner(view, approval.agency_id(),
                                              approval.practitioner_id());
    if (!enrolled.ok()) {
      const Reason reason = base::ReasonOf(enrolled.status());
      if (reason == Reason::kPractitionerUnknown || reason == Reason::kCallerSuspended ||
          reason == Reason::kEnrolmentLapsed) {
        continue;
      }
      return enrolled.status();
    }
    const bool may = context_.registry->CheckRole(*enrolled, approval.role()).ok() &&
                     enrolled->HadRoleBefore(approval.role(), row.number()) &&
                     std::find(options_.approver_roles.begin(), options_.approver_roles.end(),
                               approval.role()) != options_.approver_roles.end();
    if (!may || !MaySpeakFor(approval.agency_id(), approval.for_agency_id(), row, needs)) continue;
    // One person, one voice.
    if (!people.insert(absl::StrCat(approval.agency_id(), "/", approval.practitioner_id()))
             .second) {
      continue;
    }
    counting.push_back(approval);
  }
  return counting;
}

std::string PolicyAdmin::SpeaksFor(const base::Principal& asker, const stored::PolicyRow& row,
                                   const std::vector<stored::PolicySignature>& approvals,
                                   const std::vector<PolicyNeed>& needs) const {
  const auto spoken_for = [&](const std::string& agency_id) {
    return std::any_of(approvals.begin(), approvals.end(),
                       [&](const auto& approval) { return approval.for_agency_id() == agency_id; });
  };
  if (!spoken_for(asker.agency_id)) return asker.agency_id;
  for (const PolicyNeed& need : needs) {
    if (!spoken_for(need.agency_id) && MaySpeakFor(asker.agency_id, need.agency_id, row, needs)) {
      return need.agency_id;
    }
  }
  return asker.agency_id;
}

std::vector<std::string> PolicyAdmin::Lacks(const std::vector<stored::PolicySignature>& approvals,
                                            const std::vector<PolicyNeed>& needs) const {
  std::vector<std::string> lacks;
  std::set<std::string> agencies;
  std::set<std::string> spoken_for;
  for (const stored::PolicySignature& approval : approvals) {
    agencies.insert(approval.agency_id());
    spoken_for.insert(approval.for_agency_id());
  }
  for (const PolicyNeed& need : needs) {
    if (spoken_for.count(need.agency_id) > 0) continue;
    lacks.push_back(absl::StrCat("an officer of ", need.agency_id,
                                 " must approve it, because it would show more of what ",
                                 need.agency_id, " holds"));
  }
  const size_t agencies_min = static_cast<size_t>(options_.approvals);
  if (agencies.size() < agencies_min) {
    lacks.push_back(absl::StrCat("officers of ", agencies_min, " agencies must approve it, and of ",
                                 agencies.size(),
                                 agencies.size() == 1 ? " one has" : " some have"));
  }
  return lacks;
}

absl::StatusOr<v1::PolicySummary> PolicyAdmin::SummaryWithNeeds(
    const store::View& view, const stored::PolicyRow& row,
    const std::string& current_sha256) const {
  v1::PolicySummary summary = Summary(row, current_sha256);
  if (row.stage() != stored::POLICY_STAGE_PROPOSED) return summary;
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<PolicyNeed> needs, NeedsOfText(view, row.sha256()));
  // Nothing is decided by it, so nothing need rest on what is read.
  const ledger::GuardedView reading(&view);
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<stored::PolicySignature> approvals,
                            ApprovalsThatCount(reading, row, needs));
  const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
  for (const PolicyNeed& need : needs) {
    v1::PolicyHearing* const hearing = summary.add_hearings();
    hearing->set_agency_id(need.agency_id);
    for (const std::string& why : need.shows_more) hearing->add_shows_more(why);
    const registry::Agency* const agency = directory->FindAgency(need.agency_id);
    if (agency != nullptr && !agency->deputy_agency_id.empty()) {
      hearing->set_deputy_agency_id(agency->deputy_agency_id);
      *hearing->mutable_deputy_from() = request::ToTimestamp(row.deputies_from_s());
    }
    for (const stored::PolicySignature& approval : approvals) {
      if (approval.for_agency_id() != need.agency_id) continue;
      v1::PolicySigner* const signer = hearing->mutable_approved_by();
      signer->set_agency_id(approval.agency_id());
      signer->set_practitioner_id(approval.practitioner_id());
      signer->set_role(approval.role());
      *signer->mutable_at() = request::ToTimestamp(approval.at_s());
      signer->set_for_agency_id(approval.for_agency_id());
    }
  }
  for (std::string& what : Lacks(approvals, needs)) summary.add_lacks(std::move(what));
  return summary;
}

void PolicyAdmin::TellNeeds(const std::string& sha256, const std::vector<PolicyNeed>& needs,
                            ledger::Operation* operation) const {
  exchange::Outbox notices(
      [directory = context_.registry->directory()](const std::string& agency_id) {
        return directory->MailboxSystems(agency_id);
      });
  stored::StoredMessage message;
  message.set_kind(stored::STORED_MESSAGE_KIND_POLICY_WAITS);
  message.set_changed_at_s(absl::ToUnixSeconds(context_.clock->Now()));
  message.set_policy_sha256(sha256);
  for (const PolicyNeed& need : needs) {
    message.set_agency_id(need.agency_id);
    notices.Tell(need.agency_id, message);
  }
  std::move(notices).AddTo(operation);
}

void PolicyAdmin::RunOn(schedule::Schedule* schedule) {
  schedule->Add(
      kSilenceJob, absl::InfinitePast(), [this](absl::Time now) -> absl::StatusOr<absl::Time> {
        SIGNPOST_RETURN_IF_ERROR(TellDeputies().status());
        SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view,
                                  context_.store->NewView());
        SIGNPOST_ASSIGN_OR_RETURN(const absl::Time due, schedule::NextDue(*view, kSilenceJob));
        // A text proposed meanwhile is due no sooner than that.
        return std::min(due, now + options_.silence);
      });
}

absl::StatusOr<int> PolicyAdmin::TellDeputies() {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = context_.clock->Now();
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<schedule::DueRow> due,
                            schedule::ReadDue(*view, kSilenceJob, now, kSilentAtOnce));
  int told = 0;
  for (const auto& [due_at, key] : due) {
    const ledger::GuardedView guarded(view.get());
    Act act(guarded);
    SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<stored::PolicyRow> record,
                              Read<stored::PolicyRow>(guarded, key));
    schedule::DeleteDue(kSilenceJob, due_at, key, &act.operation.batch);
    ledger::v1::LedgerEntry entry =
        context_.entries->New(ledger::v1::ENTRY_KIND_POLICY_SILENCE, base::Principal(), "");
    ledger::v1::PolicySilence* const silence = entry.mutable_policy_silence();
    silence->set_sha256(absl::HexStringToBytes(record.row.sha256()));
    silence->set_version(record.row.version());
    exchange::Outbox notices(
        [directory = context_.registry->directory()](const std::string& agency_id) {
          return directory->MailboxSystems(agency_id);
        });
    if (record.row.stage() == stored::POLICY_STAGE_PROPOSED) {
      SIGNPOST_ASSIGN_OR_RETURN(const std::vector<PolicyNeed> needs,
                                NeedsOfText(guarded, record.row.sha256()));
      SIGNPOST_ASSIGN_OR_RETURN(const std::vector<stored::PolicySignature> approvals,
                                ApprovalsThatCount(guarded, record.row, needs));
      for (const PolicyNeed& need : needs) {
        const bool spoken = std::any_of(
            approvals.begin(), approvals.end(),
            [&](const auto& approval) { return approval.for_agency_id() == need.agency_id; });
        if (spoken) continue;
        ledger::v1::SilentAgency* const silent = silence->add_agencies();
        silent->set_agency_id(need.agency_id);
        const registry::Agency* const agency =
            context_.registry->directory()->FindAgency(need.agency_id);
        if (agency == nullptr || agency->deputy_agency_id.empty()) continue;
        silent->set_deputy_agency_id(agency->deputy_agency_id);
        stored::StoredMessage message;
        message.set_kind(stored::STORED_MESSAGE_KIND_POLICY_WAITS);
        message.set_changed_at_s(absl::ToUnixSeconds(now));
        message.set_policy_sha256(record.row.sha256());
        message.set_agency_id(need.agency_id);
        notices.Tell(agency->deputy_agency_id, message);
      }
    }
    entry.set_outcome(silence->agencies().empty() ? ledger::v1::OUTCOME_UNCHANGED
                                                  : ledger::v1::OUTCOME_OVERDUE);
    std::move(notices).AddTo(&act.operation);
    act.operation.entries.push_back(ledger::ToDraft(entry));
    const absl::StatusOr<ledger::Sequenced> sequenced = Submit(std::move(act));
    if (!sequenced.ok() && base::ReasonOf(sequenced.status()) == Reason::kAborted) continue;
    if (!sequenced.ok()) return sequenced.status();
    ++told;
  }
  return told;
}

}  // namespace signpost::policy_admin
