#include "hub/oversight/replay.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/ids.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/evaluator.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"

namespace signpost::oversight {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

// Entries about one person, oldest first.
struct Step {
  uint64_t index = 0;
  bool pruned = false;  // past its retention: nobody knows any more what it said
  ledger::v1::LedgerEntry entry;
};

absl::StatusOr<std::vector<Step>> HistoryOf(const store::View& view, const base::PersonId& person) {
  const ledger::LedgerReader reader(&view);
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> indexes,
                            ledger::PersonIndex(&view).EntriesOf(person));
  std::vector<Step> history;
  for (const uint64_t index : indexes) {
    Step step;
    step.index = index;
    const absl::StatusOr<std::string> bytes = reader.Entry(index);
    step.pruned = ledger::IsPruned(bytes.status());
    if (!step.pruned) {
      if (!bytes.ok()) return bytes.status();
      SIGNPOST_ASSIGN_OR_RETURN(step.entry, ledger::ParseEntry(*bytes));
    }
    history.push_back(std::move(step));
  }
  return history;
}

// The flag or consent that `entry` changed, blinded; empty for every other entry.
const std::string& ChangedIn(const ledger::v1::LedgerEntry& entry) {
  static const std::string* const nothing = new std::string();
  switch (entry.kind()) {
    case ledger::v1::ENTRY_KIND_FLAG_CHANGED:
      return entry.flag_changed().flag_ref();
    case ledger::v1::ENTRY_KIND_CONSENT_RECORDED:
      return entry.consent_recorded().consent_ref();
    case ledger::v1::ENTRY_KIND_CONSENT_WITHDRAWN:
      return entry.consent_withdrawn().consent_ref();
    default:
      return *nothing;
  }
}

// Takes back what happened to `row` after entry `index`. Says in `doubts` what cannot be.
// `blinding` is the person's, by which the entries name flags and consents.
void TakeBack(const std::vector<Step>& history, const ledger::Blinding& blinding, uint64_t index,
              stored::PersonRow* row, std::vector<std::string>* doubts) {
  // By id: what was last said before, and whether anything was said since.
  struct Story {
    bool known = false;  // something was said at `index` or before
    ledger::v1::Outcome status = ledger::v1::OUTCOME_UNSPECIFIED;  // of a flag, as last said then
    bool changed_since = false;
    bool withdrawn_since = false;
  };
  absl::flat_hash_map<std::string, Story> stories;
  std::vector<std::string> ids;
  for (const stored::FlagRow& flag : row->flags()) ids.push_back(flag.flag_id());
  for (const stored::ConsentRow& consent : row->consents()) ids.push_back(consent.consent_id());
  bool shield_known = false;
  bool shield_then = false;
  bool shield_since = false;
  for (const Step& step : history) {
    const ledger::v1::LedgerEntry& entry = step.entry;
    const bool before = step.index <= index;
    if (step.pruned) {
      doubts->push_back("some entries about the person are past their retention");
      continue;
    }
    if (entry.kind() == ledger::v1::ENTRY_KIND_PERSONS_MERGED && !before) {
      doubts->push_back("records of two persons were found to be one since");
    }
    if (entry.kind() == ledger::v1::ENTRY_KIND_REVIEW_RESOLVED && !before &&
        entry.outcome() == ledger::v1::OUTCOME_RECORDED) {
      // Until then the row may have carried another's shield.
      doubts->push_back("it was decided since whether a report is about them");
    }
    if (entry.kind() == ledger::v1::ENTRY_KIND_SHIELD_CHANGED) {
      if (before) {
        shield_known = true;
        shield_then = entry.shield_changed().stands();
      } else {
        shield_since = true;
      }
      continue;
    }
    if (entry.kind() == ledger::v1::ENTRY_KIND_CONSENT_ANSWERED && !before) {
      doubts->push_back("a holder has answered a consent since");
    }
    const std::string& ref = ChangedIn(entry);
    const auto id = std::find_if(ids.begin(), ids.end(), [&](const std::string& one) {
      return !ref.empty() && blinding.Ref(entry.nonce(), one) == ref;
    });
    if (id == ids.end()) continue;
    Story& story = stories[*id];
    if (before) {
      story.known = true;
      if (entry.outcome() == ledger::v1::OUTCOME_OPENED ||
          entry.outcome() == ledger::v1::OUTCOME_CLOSED ||
          entry.outcome() == ledger::v1::OUTCOME_RETRACTED) {
        story.status = entry.outcome();
      }
    } else {
      if (entry.outcome() == ledger::v1::OUTCOME_CHANGED) story.changed_since = true;
      if (entry.kind() == ledger::v1::ENTRY_KIND_CONSENT_WITHDRAWN) story.withdrawn_since = true;
    }
  }
  if (shield_since) row->mutable_shield()->set_shielded(shield_known && shield_then);

  google::protobuf::RepeatedPtrField<stored::FlagRow> flags;
  for (stored::FlagRow& flag : *row->mutable_flags()) {
    const Story& story = stories[flag.flag_id()];
    if (!story.known) continue;  // there was no such flag yet
    if (story.status == ledger::v1::OUTCOME_OPENED) flag.set_status(v1::FLAG_STATUS_OPEN);
    if (story.status == ledger::v1::OUTCOME_CLOSED) flag.set_status(v1::FLAG_STATUS_CLOSED);
    if (story.status == ledger::v1::OUTCOME_RETRACTED) {
      flag.set_status(v1::FLAG_STATUS_RETRACTED);
    }
    if (story.changed_since) doubts->push_back("what an agency reports of a flag changed since");
    *flags.Add() = std::move(flag);
  }
  row->mutable_flags()->Swap(&flags);

  google::protobuf::RepeatedPtrField<stored::ConsentRow> consents;
  absl::flat_hash_set<std::string> later;
  for (stored::ConsentRow& consent : *row->mutable_consents()) {
    const Story& story = stories[consent.consent_id()];
    if (!story.known) {
      later.insert(consent.consent_id());
      continue;
    }
    if (story.withdrawn_since) consent.clear_withdrawn_at_s();
    *consents.Add() = std::move(consent);
  }
  for (stored::ConsentRow& consent : consents) {
    if (!later.contains(consent.superseded_by())) continue;
    consent.clear_superseded_by();
    consent.clear_superseded_from_s();
  }
  row->mutable_consents()->Swap(&consents);
  std::sort(doubts->begin(), doubts->end());
  doubts->erase(std::unique(doubts->begin(), doubts->end()), doubts->end());
}

// Whether a flag that may involve the asker has begun to stand anew since `at`, or lists of its
// agency from before `at` are forgotten.
bool MayStandOtherwiseSince(const registry::Directory& directory, const base::Principal& asker,
                            const people::Person& person, absl::Time at) {
  std::vector<std::string> agencies = {asker.agency_id};
  for (const std::string& team_id : asker.team_ids) {
    if (const registry::Team* team = directory.FindTeam(team_id); team != nullptr) {
      agencies.push_back(team->home_agency_id);
    }
  }
  const bool begun_since =
      std::any_of(person.flags().begin(), person.flags().end(), [&](const stored::FlagRow& flag) {
        return absl::FromUnixSeconds(flag.stands_since_s()) > at &&
               std::find(agencies.begin(), agencies.end(), flag.agency_id()) != agencies.end();
      });
  return begun_since ||
         std::any_of(agencies.begin(), agencies.end(), [&](const std::string& agency_id) {
           const auto lists = directory.CompleteLists(agency_id);
           return lists.size() == registry::kCompleteListDaysKept &&
                  *std::min_element(lists.begin(), lists.end()) > at;
         });
}

// The person as `agency_id` may have asked for them: by each of its ids for them, else as they are.
absl::StatusOr<std::vector<people::Person>> AsTheyWereKnown(const people::People& people,
                                                            const store::View& view,
                                                            const people::Person& person,
                                                            const std::string& agency_id) {
  std::set<std::string> ids;
  for (const stored::FlagRow& flag : person.flags()) {
    if (flag.agency_id() == agency_id) ids.insert(flag.known_as());
  }
  std::vector<people::Person> ways;
  if (ids.size() > 1) {
    for (const std::string& bytes : ids) {
      SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(bytes));
      const absl::StatusOr<people::Person> known = people.Read(view, id);
      if (known.ok()) ways.push_back(known->AsOf(person.row()).AsKnownTo(agency_id));
    }
  }
  ways.push_back(person);
  return ways;
}

// What a decision came to, comparable.
struct Outcome {
  std::set<std::string> released;            // serialised
  std::set<std::string> flags;               // of which something is released
  std::map<std::string, uint32_t> withheld;  // by rule
  std::set<int> relationships;               // of ledger.v1
  bool override_used = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

template <typename Releases, typename Withholdings>
Outcome OutcomeOf(const Releases& released, const Withholdings& withheld) {
  Outcome outcome;
  for (const ledger::v1::Released& one : released) {
    outcome.released.insert(one.SerializeAsString());
    outcome.flags.insert(one.flag_ref());
  }
  for (const ledger::v1::Withheld& one : withheld) outcome.withheld[one.rule()] += one.count();
  return outcome;
}

// `name_of(rule)` is how a rule is told.
template <typename NameOf>
void SayDifferences(const Outcome& recorded, const Outcome& again, NameOf name_of,
                    v1::ReplayDecisionResponse* response) {
  if (recorded.released != again.released) {
    response->add_findings(absl::StrCat("released: ", recorded.flags.size(), " flags as recorded, ",
                                        again.flags.size(), " now, or by other rules"));
  }
  for (const auto& [rule, count] : recorded.withheld) {
    const auto found = again.withheld.find(rule);
    const uint32_t now = found == again.withheld.end() ? 0 : found->second;
    if (now != count) {
      response->add_findings(
          absl::StrCat("withheld by ", name_of(rule), ": ", count, " as recorded, ", now, " now"));
    }
  }
  for (const auto& [rule, count] : again.withheld) {
    if (recorded.withheld.count(rule) == 0) {
      response->add_findings(
          absl::StrCat("withheld by ", name_of(rule), ": 0 as recorded, ", count, " now"));
    }
  }
  if (recorded.relationships != again.relationships) {
    response->add_findings("the relationships that counted differ");
  }
  if (recorded.override_used != again.override_used) {
    response->add_findings("whether the override opened anything differs");
  }
}

}  // namespace

absl::Status Replays::JudgeAgain(const store::View& view, uint64_t index, Sight* sight,
                                 v1::ReplayDecisionResponse* response) const {
  const auto not_possible = [response](const std::string& why) {
    response->set_result(v1::REPLAY_RESULT_NOT_POSSIBLE);
    response->add_findings(why);
    return absl::OkStatus();
  };
  const absl::StatusOr<std::string> bytes = ledger::LedgerReader(&view).Entry(index);
  if (ledger::IsPruned(bytes.status())) {
    return not_possible("it is past its retention, and only its hash is kept");
  }
  if (!bytes.ok()) return bytes.status();
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::v1::LedgerEntry entry, ledger::ParseEntry(*bytes));
  const std::string sha256 = absl::BytesToHexString(entry.policy_sha256());
  response->set_policy_sha256(sha256);
  response->set_policy_version(entry.policy_version());
  if (entry.kind() != ledger::v1::ENTRY_KIND_WHO_KNOWS) {
    return not_possible("only answers to who knows hold all that it takes");
  }
  if (entry.policy_sha256().empty()) {
    return not_possible("no policy was in force, so everything was hidden");
  }
  const absl::StatusOr<stored::PolicyVocabularyRow> words =
      policy_admin_->WordsOf(view, entry.policy_vocabulary_sha256());
  // That it is gone is a finding; that it cannot be read is none.
  if (base::ReasonOf(words.status()) == Reason::kNotFound) {
    return not_possible(std::string(words.status().message()));
  }
  if (!words.ok()) return words.status();
  const absl::StatusOr<std::shared_ptr<const request::BoundPolicy>> bound =
      policy_admin_->PolicyOf(view, sha256, *words);
  if (const Reason why = base::ReasonOf(bound.status());
      why == Reason::kInvalidField || why == Reason::kPolicyUnavailable) {
    return not_possible(std::string(bound.status().message()));
  }
  if (!bound.ok()) return bound.status();

  base::Principal asker;
  asker.system_id = entry.system();
  asker.agency_id = entry.agency_id();
  asker.practitioner_id = entry.practitioner_id();
  asker.role = entry.role();
  asker.team_ids.assign(entry.team_ids().begin(), entry.team_ids().end());
  for (const std::string& covered : entry.who_knows().covered_practitioner_ids()) {
    asker.covers.push_back({covered, absl::InfiniteFuture()});
  }
  asker.assurance = entry.assurance();
  for (const stored::PolicyAgencyWord& word : words->agencies()) {
    if (word.agency_id() == asker.agency_id) asker.agency_kind = word.kind();
  }
  const disclosure::QuestionTerms asked = disclosure::AskedOf(entry);

  Outcome recorded = OutcomeOf(entry.released(), entry.withheld());
  recorded.relationships.insert(entry.who_knows().relationships().begin(),
                                entry.who_knows().relationships().end());
  recorded.override_used = entry.who_knows().override().allowed();
  Outcome again;
  std::vector<std::string> doubts;
  const char* const erased = "the person was erased, and what was known of them went, too";
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> about,
                            ledger::PersonIndex(&view).PersonsOf(index));
  // Nobody, or somebody erased: the entry of an answer about nobody holds nothing.
  if (about.empty() && recorded != again) return not_possible(erased);
  if (!about.empty()) {
    const base::PersonId& id = about.front();
    const absl::StatusOr<people::Person> person = context_.people->Read(view, id);
    if (!person.ok()) {
      if (base::ReasonOf(person.status()) != Reason::kNotFound) return person.status();
      return not_possible(erased);
    }
    if (person->id().ToBytes() != id.ToBytes()) {
      doubts.push_back("records of two persons were found to be one since");
    }
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<Step> history, HistoryOf(view, person->id()));
    stored::PersonRow row = person->row();
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Blinding blinding, person->Blinding());
    TakeBack(history, blinding, index, &row, &doubts);
    const people::Person then = person->AsOf(std::move(row));
    const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Blinding blinding_then,
                              context_.people->BlindingOf(view, id));
    // Of its own flags an asker is shown those that go by the id that it asked with, and which that
    // was no entry says: one of them it was.
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<people::Person> ways,
                              AsTheyWereKnown(*context_.people, view, then, asker.agency_id));
    for (const people::Person& known : ways) {
      disclosure::DisclosureEvaluator judge(**bound, *context_.people, *directory, asker, asked,
                                            absl::FromUnixMicros(entry.sequenced_at_us()));
      const disclosure::Evaluation findings = judge.Decide(known);
      ledger::v1::LedgerEntry would_be;
      would_be.set_nonce(entry.nonce());
      judge.Record(findings, blinding_then, &would_be);
      again = OutcomeOf(would_be.released(), would_be.withheld());
      again.override_used = findings.override_used;
      for (const policy::Relationship relationship : judge.Relationships()) {
        again.relationships.insert(request::ToEntry(relationship));
      }
      if (again == recorded) break;
    }
    if (again.relationships != recorded.relationships &&
        MayStandOtherwiseSince(*directory, asker, then,
                               absl::FromUnixMicros(entry.sequenced_at_us()))) {
      doubts.push_back(
          "a flag that involved the asker has been changed since, or how long it had stood is no "
          "longer known");
    }
  }
  if (recorded == again) {
    response->set_result(v1::REPLAY_RESULT_SAME);
    return absl::OkStatus();
  }
  for (const std::string& doubt : doubts) response->add_findings(doubt);
  response->set_result(doubts.empty() ? v1::REPLAY_RESULT_DIFFERENT
                                      : v1::REPLAY_RESULT_NOT_POSSIBLE);
  SIGNPOST_ASSIGN_OR_RETURN(const Sight::Seen seen, sight->Look(index, *bytes));
  std::set<std::string> masked;
  if (!seen.opened) {
    for (const auto* rules : {&recorded.withheld, &again.withheld}) {
      for (const auto& [rule, count] : *rules) {
        bool names = seen.masked;
        if (!names) {
          SIGNPOST_ASSIGN_OR_RETURN(names,
                                    sight->spectacles().RuleNames(entry.policy_sha256(), rule));
        }
        if (names) masked.insert(rule);
      }
    }
  }
  sight->Show(seen);
  SayDifferences(
      recorded, again,
      [&masked](const std::string& rule) {
        return masked.count(rule) > 0 ? std::string(audit::kMaskedWord) : rule;
      },
      response);
  return absl::OkStatus();
}

void Replays::Replay(const base::Principal& asker, v1::ReplayDecisionRequest request,
                     request::Reply<v1::ReplayDecisionResponse> done) {
  if (!looks_->Admit(asker, ledger::v1::ENTRY_KIND_DECISION_REPLAYED, request.joint_look_id(),
                     ledger::v1::JOINT_LOOK_OPENS_MASKED_ENTRIES, &done)) {
    return;
  }
  if (request.reason().empty() || request.reason().size() > base::kReasonBytesMax) {
    return done(base::InvalidField("reason", "say why you look, in at most 2,000 bytes"));
  }
  if (!request.has_index()) return done(request::IndexMissing());
  struct Outcome {
    v1::ReplayDecisionResponse response;
    bool found = false;
  };
  request::Transact<Outcome>(
      context_,
      [this, asker, asked = std::move(request)](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Outcome>> {
        ledger::Attempt<Outcome> attempt;
        auto& [response, found] = attempt.outcome;
        // Guarded: when somebody is erased meanwhile, less can be opened, and the verdict is another.
        SIGNPOST_ASSIGN_OR_RETURN(Sight sight,
                                  Sight::Open(*looks_, view, asker, asked.joint_look_id()));
        absl::Status judged = JudgeAgain(view, asked.index(), &sight, &response);
        if (!judged.ok() && base::ReasonOf(judged) != Reason::kNotFound) return judged;
        found = judged.ok();
        ledger::v1::LedgerEntry entry =
            context_.entries->New(ledger::v1::ENTRY_KIND_DECISION_REPLAYED, asker, "");
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        if (found) entry.mutable_decision_replayed()->set_entry_index(asked.index());
        entry.set_policy_sha256(absl::HexStringToBytes(response.policy_sha256()));
        entry.set_policy_version(response.policy_version());
        switch (response.result()) {
          case v1::REPLAY_RESULT_SAME:
            entry.set_outcome(ledger::v1::OUTCOME_SAME);
            break;
          case v1::REPLAY_RESULT_DIFFERENT:
            entry.set_outcome(ledger::v1::OUTCOME_DIFFERENT);
            break;
          case v1::REPLAY_RESULT_NOT_POSSIBLE:
            entry.set_outcome(ledger::v1::OUTCOME_NOT_POSSIBLE);
            break;
          default:
            ledger::SetRefused(Reason::kNotFound, &entry);
        }
        ledger::Operation& operation = attempt.operation.emplace();
        sight.Record(&entry, &operation);
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context_, nullptr, asked.reason(), &entry));
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [this, done = std::move(done)](absl::StatusOr<ledger::Committed<Outcome>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        v1::Receipt receipt =
            ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        if (!result->outcome.found) {
          return done(request::WithReceipt(
              base::InvalidField("entry",
                                 "the ledger has no such entry; AuditService tells its size"),
              receipt));
        }
        *result->outcome.response.mutable_receipt() = std::move(receipt);
        done(std::move(result->outcome.response));
      });
}

}  // namespace signpost::oversight
