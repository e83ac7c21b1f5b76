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
#include "hub/ledger/reader.h"
#include "hub/request/entries.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"

namespace signpost::oversight {

namespace stored = ::signpost::store::v1;
using base::Reason;
using store::Space;

namespace {

// Entries about one person, oldest first.
struct Step {
  uint64_t index = 0;
  bool pruned = false;  // past its retention: nobody knows any more what it said
  stored::LedgerEntry entry;
};

constexpr int kEntriesPerPage = 1000;

absl::StatusOr<std::vector<Step>> HistoryOf(const store::View& view, const base::PersonId& person) {
  const ledger::LedgerReader reader(&view);
  const std::string prefix = person.ToBytes();
  std::vector<Step> history;
  std::string from = prefix;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<store::KeyValue> rows,
        view.Scan(Space::kPersonEntries, from, store::PrefixEnd(prefix), kEntriesPerPage));
    for (const store::KeyValue& row : rows) {
      Step step;
      step.index = store::U64FromKey(row.key.substr(prefix.size()));
      const absl::StatusOr<std::string> bytes = reader.Entry(step.index);
      step.pruned = ledger::IsPruned(bytes.status());
      if (!step.pruned && !bytes.ok()) return bytes.status();
      if (!step.pruned && !step.entry.ParseFromString(*bytes)) {
        return base::Error(Reason::kDataLoss, "a stored entry does not decode");
      }
      history.push_back(std::move(step));
    }
    if (rows.size() < kEntriesPerPage) return history;
    from = rows.back().key + '\0';
  }
}

// Takes back what happened to `row` after entry `index`. Says in `doubts` what cannot be.
void TakeBack(const std::vector<Step>& history, uint64_t index, stored::PersonRow* row,
              std::vector<std::string>* doubts) {
  // By subject: what was last said before, and whether anything was said since.
  struct Story {
    bool known = false;  // something was said at `index` or before
    std::string status;  // opened, closed or retracted, as last said then
    bool changed_since = false;
    bool withdrawn_since = false;
  };
  absl::flat_hash_map<std::string, Story> stories;
  bool shield_known = false;
  bool shield_then = false;
  bool shield_since = false;
  for (const Step& step : history) {
    const stored::LedgerEntry& entry = step.entry;
    const bool before = step.index <= index;
    if (step.pruned) {
      doubts->push_back("some entries about the person are past their retention");
      continue;
    }
    if (entry.kind() == stored::ENTRY_KIND_PERSONS_MERGED && !before) {
      doubts->push_back("records of two persons were found to be one since");
    }
    if (entry.kind() == stored::ENTRY_KIND_SHIELD_CHANGED) {
      if (before) {
        shield_known = true;
        shield_then = entry.subject() != "lifted";
      } else {
        shield_since = true;
      }
      continue;
    }
    Story& story = stories[entry.subject()];
    if (before) {
      story.known = true;
      if (entry.outcome() == "opened" || entry.outcome() == "closed" ||
          entry.outcome() == "retracted") {
        story.status = entry.outcome();
      }
    } else {
      if (entry.outcome() == "changed") story.changed_since = true;
      if (entry.kind() == stored::ENTRY_KIND_CONSENT_WITHDRAWN) story.withdrawn_since = true;
    }
  }
  if (shield_since) row->mutable_shield()->set_shielded(shield_known && shield_then);

  google::protobuf::RepeatedPtrField<stored::FlagRow> flags;
  for (stored::FlagRow& flag : *row->mutable_flags()) {
    const absl::StatusOr<base::FlagId> id = base::FlagId::FromBytes(flag.flag_id());
    const Story& story = stories[id.ok() ? id->ToText() : ""];
    if (!story.known) continue;  // there was no such flag yet
    if (story.status == "opened") flag.set_status(v1::FLAG_STATUS_OPEN);
    if (story.status == "closed") flag.set_status(v1::FLAG_STATUS_CLOSED);
    if (story.status == "retracted") flag.set_status(v1::FLAG_STATUS_RETRACTED);
    if (story.changed_since) doubts->push_back("what an agency reports of a flag changed since");
    *flags.Add() = std::move(flag);
  }
  row->mutable_flags()->Swap(&flags);

  google::protobuf::RepeatedPtrField<stored::ConsentRow> consents;
  absl::flat_hash_set<std::string> later;
  for (stored::ConsentRow& consent : *row->mutable_consents()) {
    const absl::StatusOr<base::ConsentId> id = base::ConsentId::FromBytes(consent.consent_id());
    const Story& story = stories[id.ok() ? id->ToText() : ""];
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

// What a decision came to, comparable.
struct Outcome {
  std::set<std::string> released;            // serialised
  std::map<std::string, uint32_t> withheld;  // by rule
  std::set<std::string> relationships;
  bool override_used = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

template <typename Releases, typename Withholdings>
Outcome OutcomeOf(const Releases& released, const Withholdings& withheld) {
  Outcome outcome;
  for (stored::Released one : released) {
    // It follows from the flag, and entries of earlier versions do not have it.
    one.clear_holder_agency_id();
    outcome.released.insert(one.SerializeAsString());
  }
  for (const stored::Withheld& one : withheld) outcome.withheld[one.rule()] += one.count();
  return outcome;
}

void SayDifferences(const Outcome& recorded, const Outcome& again,
                    v1::ReplayDecisionResponse* response) {
  if (recorded.released != again.released) {
    response->add_findings(absl::StrCat("released: ", recorded.released.size(),
                                        " flags as recorded, ", again.released.size(),
                                        " now, or by other rules"));
  }
  for (const auto& [rule, count] : recorded.withheld) {
    const auto found = again.withheld.find(rule);
    const uint32_t now = found == again.withheld.end() ? 0 : found->second;
    if (now != count) {
      response->add_findings(
          absl::StrCat("withheld by ", rule, ": ", count, " as recorded, ", now, " now"));
    }
  }
  for (const auto& [rule, count] : again.withheld) {
    if (recorded.withheld.count(rule) == 0) {
      response->add_findings(
          absl::StrCat("withheld by ", rule, ": 0 as recorded, ", count, " now"));
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

absl::Status Replays::JudgeAgain(const store::View& view, uint64_t index,
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
  stored::LedgerEntry entry;
  if (!entry.ParseFromString(*bytes)) {
    return base::Error(Reason::kDataLoss, "a stored entry does not decode");
  }
  response->set_policy_sha256(entry.policy_sha256());
  response->set_policy_version(entry.policy_version());
  if (entry.kind() != stored::ENTRY_KIND_WHO_KNOWS) {
    return not_possible("only answers to who knows hold all that it takes");
  }
  if (entry.policy_sha256().empty()) {
    return not_possible("no policy was in force, so everything was hidden");
  }
  if (entry.policy_vocabulary_sha256().empty() || entry.asked() == 0) {
    return not_possible("it was recorded by a version of the hub that did not keep what it takes");
  }
  const absl::StatusOr<stored::PolicyVocabularyRow> words =
      policy_admin_->WordsOf(view, entry.policy_vocabulary_sha256());
  if (!words.ok()) return not_possible(std::string(words.status().message()));
  const absl::StatusOr<std::shared_ptr<const request::BoundPolicy>> bound =
      policy_admin_->PolicyOf(view, entry.policy_sha256(), *words);
  if (!bound.ok()) return not_possible(std::string(bound.status().message()));

  base::Principal asker;
  asker.system_id = entry.system();
  asker.agency_id = entry.agency_id();
  asker.practitioner_id = entry.practitioner_id();
  asker.role = entry.role();
  asker.team_ids.assign(entry.team_ids().begin(), entry.team_ids().end());
  asker.assurance = entry.assurance();
  for (const stored::PolicyAgencyWord& word : words->agencies()) {
    if (word.agency_id() == asker.agency_id) asker.agency_kind = word.kind();
  }
  disclosure::QuestionTerms asked;
  asked.purpose = policy::ParsePurpose(entry.purpose()).value_or(policy::Purpose::kUnspecified);
  for (const policy::Aspect aspect : policy::AllAspects()) {
    if ((entry.asked() >> static_cast<unsigned>(aspect) & 1u) == 0) continue;
    if (aspect == policy::Aspect::kContent) {
      asked.content = true;
    } else {
      asked.aspects.push_back(aspect);
    }
  }
  asked.necessity_stated = (entry.asked() & disclosure::kAskedNecessityBit) != 0;
  asked.assessment_kind = entry.asked_assessment_kind();
  if (entry.has_override()) {
    asked.override_request.requested = true;
    asked.override_request.ground = policy::ParseOverrideGround(entry.override().ground())
                                        .value_or(policy::OverrideGround::kNone);
    asked.override_request.reason_stated = true;
  }

  Outcome recorded = OutcomeOf(entry.released(), entry.withheld());
  recorded.relationships.insert(entry.relationships().begin(), entry.relationships().end());
  recorded.override_used = entry.override().allowed();
  Outcome again;
  std::vector<std::string> doubts;
  if (!entry.person_ref().empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id,
                              base::PersonId::FromBytes(entry.person_ref()));
    const absl::StatusOr<people::Person> person = context_.people->Read(view, id);
    if (!person.ok()) {
      if (base::ReasonOf(person.status()) != Reason::kNotFound) return person.status();
      return not_possible("the person was erased, and what was known of them with them");
    }
    if (person->id().ToBytes() != id.ToBytes()) {
      doubts.push_back("records of two persons were found to be one since");
    }
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<Step> history, HistoryOf(view, person->id()));
    stored::PersonRow row = person->row();
    TakeBack(history, index, &row, &doubts);
    const people::Person then = person->AsOf(std::move(row));
    const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
    disclosure::DisclosureEvaluator judge(**bound, *directory, asker, asked,
                                          absl::FromUnixMicros(entry.sequenced_at_us()));
    const disclosure::Evaluation findings = judge.Decide(then);
    again = OutcomeOf(findings.released, findings.withheld);
    again.override_used = findings.override_used;
    for (std::string& word : judge.RelationshipWords()) again.relationships.insert(std::move(word));
  }
  if (recorded == again) {
    response->set_result(v1::REPLAY_RESULT_SAME);
    return absl::OkStatus();
  }
  for (const std::string& doubt : doubts) response->add_findings(doubt);
  response->set_result(doubts.empty() ? v1::REPLAY_RESULT_DIFFERENT
                                      : v1::REPLAY_RESULT_NOT_POSSIBLE);
  SayDifferences(recorded, again, response);
  return absl::OkStatus();
}

void Replays::Replay(const base::Principal& asker, v1::ReplayDecisionRequest request,
                     request::Reply<v1::ReplayDecisionResponse> done) {
  if (request.reason().empty() || request.reason().size() > base::kReasonBytesMax) {
    return done(base::InvalidField("reason", "say why you look, in at most 2,000 bytes"));
  }
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
        const ledger::LedgerReader reader(&view);
        absl::StatusOr<uint64_t> index = asked.index();
        if (asked.entry_case() == v1::ReplayDecisionRequest::kLeafHash) {
          index = reader.IndexOf(asked.leaf_hash());
        }
        absl::Status judged = index.status();
        // About the past: nothing that is written meanwhile can change it.
        if (judged.ok()) judged = JudgeAgain(view.unguarded(), *index, &response);
        if (!judged.ok() && base::ReasonOf(judged) != Reason::kNotFound) return judged;
        found = judged.ok();
        stored::LedgerEntry entry =
            request::NewEntry(stored::ENTRY_KIND_DECISION_REPLAYED, asker, "");
        entry.set_purpose("audit");
        entry.set_subject(found ? absl::StrCat("entry/", *index) : "entry/none");
        entry.set_policy_sha256(response.policy_sha256());
        entry.set_policy_version(response.policy_version());
        switch (response.result()) {
          case v1::REPLAY_RESULT_SAME:
            entry.set_outcome("same");
            break;
          case v1::REPLAY_RESULT_DIFFERENT:
            entry.set_outcome("different");
            break;
          case v1::REPLAY_RESULT_NOT_POSSIBLE:
            entry.set_outcome("not-possible");
            break;
          default:
            entry.set_outcome(base::ReasonName(Reason::kNotFound));
        }
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context_, nullptr, asked.reason(), &entry));
        attempt.operation.emplace().entries.push_back(request::ToDraft(entry));
        return attempt;
      },
      [this, done = std::move(done)](absl::StatusOr<ledger::Committed<Outcome>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        v1::Receipt receipt =
            request::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
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
