// Changes that give a right: how they are told, who may confirm them, and what becomes of them.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/registry/change_rows.h"
#include "hub/registry/registry.h"
#include "hub/registry/rows.h"
#include "hub/schedule/due_rows.h"
#include "hub/store/row_codec.h"

namespace signpost::registry {

using base::Error;
using base::Reason;
using store::EncodeRow;
using store::Space;
using store::v1::AgencyRow;
using store::v1::PractitionerRow;
using store::v1::RegistryChangeRow;
using store::v1::RegistryNumbersRow;
using store::v1::TeamRow;

namespace {

// Officers of one agency that are looked at; an agency with more speaks for itself.
constexpr int kOfficersPerAgencyMax = 256;

v1::RegistrySigner SignerOnWire(const store::v1::RegistrySignature& signature) {
  v1::RegistrySigner signer;
  signer.set_agency_id(signature.agency_id());
  signer.set_practitioner_id(signature.practitioner_id());
  signer.set_role(signature.role());
  signer.mutable_at()->set_seconds(signature.at_s());
  return signer;
}

v1::RegistryChangeState StateOf(store::v1::RegistryChangeStage stage) {
  switch (stage) {
    case store::v1::REGISTRY_CHANGE_STAGE_WAITS:
      return v1::REGISTRY_CHANGE_STATE_WAITS;
    case store::v1::REGISTRY_CHANGE_STAGE_MADE:
      return v1::REGISTRY_CHANGE_STATE_MADE;
    case store::v1::REGISTRY_CHANGE_STAGE_REFUSED:
      return v1::REGISTRY_CHANGE_STATE_REFUSED;
    case store::v1::REGISTRY_CHANGE_STAGE_WITHDRAWN:
      return v1::REGISTRY_CHANGE_STATE_WITHDRAWN;
    case store::v1::REGISTRY_CHANGE_STAGE_EXPIRED:
      return v1::REGISTRY_CHANGE_STATE_EXPIRED;
    default:
      return v1::REGISTRY_CHANGE_STATE_UNSPECIFIED;
  }
}

ledger::v1::RegistryChangeEnd EndOf(store::v1::RegistryChangeStage stage) {
  switch (stage) {
    case store::v1::REGISTRY_CHANGE_STAGE_REFUSED:
      return ledger::v1::REGISTRY_CHANGE_END_REFUSED;
    case store::v1::REGISTRY_CHANGE_STAGE_WITHDRAWN:
      return ledger::v1::REGISTRY_CHANGE_END_WITHDRAWN;
    case store::v1::REGISTRY_CHANGE_STAGE_EXPIRED:
      return ledger::v1::REGISTRY_CHANGE_END_EXPIRED;
    default:
      return ledger::v1::REGISTRY_CHANGE_END_UNSPECIFIED;
  }
}

absl::Status HasEnded(const RegistryChangeRow& change) {
  switch (change.stage()) {
    case store::v1::REGISTRY_CHANGE_STAGE_MADE:
      return Error(Reason::kAlreadyExists, "it was confirmed already, and has taken effect");
    case store::v1::REGISTRY_CHANGE_STAGE_REFUSED:
      return Error(Reason::kAlreadyExists, "an officer refused it; have it proposed again");
    case store::v1::REGISTRY_CHANGE_STAGE_WITHDRAWN:
      return Error(Reason::kAlreadyExists,
                   "the operator took it back, or put the record otherwise; see what waits now");
    default:
      return Error(Reason::kAlreadyExists, "nobody decided it in time; have it proposed again");
  }
}

// Since when somebody is an officer: the number of the earliest such role; nothing when of none.
std::optional<uint64_t> OfficerSince(const PractitionerRow& row) {
  std::optional<uint64_t> since;
  for (const store::v1::RoleSinceRow& one : row.role_since()) {
    if (!IsOfficerRole(one.role())) continue;
    since = std::min(since.value_or(one.number()), one.number());
  }
  return since;
}

// Whether they are marked as one and the same person.
bool SameMarks(const PractitionerRow& a, const PractitionerRow& b) {
  return !a.surname_hash().empty() && a.surname_hash() == b.surname_hash() &&
         !a.postcode_hash().empty() && a.postcode_hash() == b.postcode_hash();
}

std::string KeyOf(const store::v1::RegistrySignature& signature) {
  return PractitionerKey(signature.agency_id(), signature.practitioner_id());
}

}  // namespace

store::v1::RegistrySignature SignatureOf(const base::Principal& actor, absl::Time now) {
  store::v1::RegistrySignature signature;
  signature.set_agency_id(actor.agency_id);
  signature.set_practitioner_id(actor.practitioner_id);
  signature.set_role(actor.role);
  signature.set_at_s(absl::ToUnixSeconds(now));
  return signature;
}

std::string ChangeHash(const RegistryChangeRow& change) {
  const auto sized = [](const std::string& part) {
    return absl::StrCat(absl::Hex(part.size(), absl::kZeroPad16), part);
  };
  return base::Sha256({"signpost registry change 1\n", ChangeKey(change.number()),
                       sized(change.row_key()), sized(change.before()), sized(change.after())});
}

void PutWaiting(const RegistryChangeRow& change, store::Batch* batch) {
  const std::string key = ChangeKey(change.number());
  batch->Put(Space::kRegistry, key, EncodeRow(change));
  batch->Put(Space::kRegistry, WaitingKey(change.row_key()), absl::StrCat(change.number()));
  schedule::PutDue(kChangesJob, absl::FromUnixSeconds(change.expires_s()), key, batch);
}

void End(store::v1::RegistryChangeStage stage, const base::Principal& actor, absl::Time now,
         RegistryChangeRow* change, store::Batch* batch) {
  change->set_stage(stage);
  if (!actor.agency_id.empty()) *change->mutable_ended() = SignatureOf(actor, now);
  const std::string key = ChangeKey(change->number());
  batch->Put(Space::kRegistry, key, EncodeRow(*change));
  batch->Delete(Space::kRegistry, WaitingKey(change->row_key()));
  schedule::DeleteDue(kChangesJob, absl::FromUnixSeconds(change->expires_s()), key, batch);
}

absl::StatusOr<uint64_t> Registry::NextNumber(const store::View& view, store::Batch* batch) {
  SIGNPOST_ASSIGN_OR_RETURN(ReadRow<RegistryNumbersRow> numbers,
                            Read<RegistryNumbersRow>(view, kNumbersKey));
  numbers.row.set_last(numbers.row.last() + 1);
  batch->Put(Space::kRegistry, kNumbersKey, EncodeRow(numbers.row));
  return numbers.row.last();
}

uint64_t Registry::ChangeNumber(const std::string& change_id) {
  uint64_t number = 0;
  return absl::SimpleAtoi(change_id, &number) && absl::StrCat(number) == change_id ? number : 0;
}

absl::StatusOr<std::optional<RegistryChangeRow>> Registry::ReadChange(const store::View& view,
                                                                      uint64_t number) const {
  SIGNPOST_ASSIGN_OR_RETURN(ReadRow<RegistryChangeRow> read,
                            Read<RegistryChangeRow>(view, ChangeKey(number)));
  if (!read.bytes.has_value()) return std::optional<RegistryChangeRow>();
  return std::optional<RegistryChangeRow>(std::move(read.row));
}

absl::StatusOr<std::vector<RegistryChangeRow>> Registry::ListChanges(const store::View& view,
                                                                     uint64_t number,
                                                                     bool include_ended,
                                                                     int rows_max,
                                                                     uint64_t* next) const {
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<RegistryNumbersRow> numbers,
                            Read<RegistryNumbersRow>(view, kNumbersKey));
  std::vector<RegistryChangeRow> changes;
  *next = 0;
  uint64_t at = number == 0 ? numbers.row.last() : std::min(number, numbers.row.last());
  // Numbers are given to rights too, so not every one is a change's.
  for (; at > 0; --at) {
    if (static_cast<int>(changes.size()) == rows_max) {
      *next = at;
      break;
    }
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<RegistryChangeRow> change, ReadChange(view, at));
    if (!change.has_value()) continue;
    if (!include_ended && change->stage() != store::v1::REGISTRY_CHANGE_STAGE_WAITS) continue;
    changes.push_back(*std::move(change));
  }
  return changes;
}

absl::StatusOr<v1::RegistryChange> Registry::ToldOf(const store::View& view,
                                                    const RegistryChangeRow& change,
                                                    absl::Time now) const {
  v1::RegistryChange told;
  told.set_change_id(absl::StrCat(change.number()));
  told.set_sha256(absl::BytesToHexString(change.sha256()));
  told.set_state(StateOf(change.stage()));
  const bool waits = change.stage() == store::v1::REGISTRY_CHANGE_STAGE_WAITS;
  if (waits && now >= absl::FromUnixSeconds(change.expires_s())) {
    told.set_state(v1::REGISTRY_CHANGE_STATE_EXPIRED);
  }
  std::string id;
  const ledger::v1::RegistryRecord record = RecordOf(change.row_key(), &id);
  told.set_record(record == ledger::v1::REGISTRY_RECORD_AGENCY ? "agency"
                  : record == ledger::v1::REGISTRY_RECORD_TEAM ? "team"
                                                               : "practitioner");
  told.set_id(std::move(id));
  SIGNPOST_RETURN_IF_ERROR(WithRow(change.row_key(), [&](auto blank) -> absl::Status {
    using Row = decltype(blank);
    std::optional<Row> before;
    if (!change.before().empty()) {
      SIGNPOST_ASSIGN_OR_RETURN(before,
                                store::DecodeRow<Row>(What(change.row_key()), change.before()));
    }
    const Row* const was = before.has_value() ? &*before : nullptr;
    SIGNPOST_ASSIGN_OR_RETURN(const Row after,
                              store::DecodeRow<Row>(What(change.row_key()), change.after()));
    SIGNPOST_ASSIGN_OR_RETURN(const Gain<Row> gain, GainAt(view, was, after, roles()));
    for (const v1::RegistryRight right : gain.rights) told.add_rights(right);
    for (v1::RegistryFieldChange& field : FieldChanges(was, &after)) {
      *told.add_fields() = std::move(field);
    }
    if (waits) {
      SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<Row> stands,
                                ReadOrSuspended<Row>(view, change.row_key()));
      const std::string now_stands =
          stands.bytes.has_value() ? EncodeRow(Bare(stands.row)) : std::string();
      // Of one that is being proposed the record is written with it.
      SIGNPOST_ASSIGN_OR_RETURN(const std::optional<RegistryChangeRow> stored,
                                ReadChange(view, change.number()));
      told.set_stale(stored.has_value() && now_stands != change.before());
    }
    return absl::OkStatus();
  }));
  *told.mutable_proposed_by() = SignerOnWire(change.proposed());
  told.mutable_expires_at()->set_seconds(change.expires_s());
  if (change.has_ended()) *told.mutable_ended_by() = SignerOnWire(change.ended());
  for (const std::string& agency_id : change.agency_ids()) {
    v1::RegistryHearing* const hearing = told.add_hearings();
    hearing->set_agency_id(agency_id);
    if (waits) {
      SIGNPOST_ASSIGN_OR_RETURN(
          const bool itself,
          SpeaksForItself(view, agency_id, change.row_key(), change.number(), now));
      hearing->set_own_officer(itself);
    }
    for (const store::v1::RegistrySignature& one : change.confirmations()) {
      if (one.for_agency_id() == agency_id) *hearing->mutable_confirmed_by() = SignerOnWire(one);
    }
  }
  return told;
}

absl::StatusOr<bool> Registry::SpeaksForItself(const store::View& view,
                                               const std::string& agency_id,
                                               const std::string& subject_key, uint64_t number,
                                               absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<AgencyRow> agency,
                            ReadOrSuspended<AgencyRow>(view, AgencyKey(agency_id)));
  if (base::KindOfSystem(agency.row.kind()) != base::CallerKind::kSystem) return false;
  const std::string prefix = OfficerKey(agency_id, "");
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::vector<store::KeyValue> officers,
      view.Scan(Space::kRegistry, prefix, store::PrefixEnd(prefix), kOfficersPerAgencyMax));
  const auto lately = [&](absl::Time at) { return at <= now && now < at + kLostOfficerCounts; };
  for (const store::KeyValue& officer : officers) {
    const std::string key = PractitionerKey(agency_id, officer.key.substr(prefix.size()));
    if (key == subject_key) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<PractitionerRow> row,
                              ReadOrSuspended<PractitionerRow>(view, key));
    // Whoever was taken away at once is not got round at once.
    if (row.row.officer_until_s() != 0) {
      if (lately(absl::FromUnixSeconds(row.row.officer_until_s()))) return true;
      continue;
    }
    if (OfficerSince(row.row).value_or(number) >= number) continue;
    if (!ActsAsOfficer(row.row, now)) {
      if (lately(LapsesAt(row.row))) return true;
      continue;
    }
    if (!agency.row.suspended() || lately(absl::FromUnixSeconds(agency.row.suspended_at_s()))) {
      return true;
    }
  }
  return false;
}

absl::StatusOr<std::vector<std::string>> Registry::MaySpeakFor(const store::View& view,
                                                               const RegistryChangeRow& change,
                                                               const base::Principal& officer,
                                                               absl::Time now) const {
  const std::string own_key = PractitionerKey(officer.agency_id, officer.practitioner_id);
  if (!officer.has_practitioner() || !IsOfficerRole(officer.role)) {
    return Error(Reason::kMethodNotAllowed,
                 absl::StrCat("a named officer decides changes that give a right, in role ",
                              absl::StrJoin(kOfficerRoles, " or ")));
  }
  if (base::KindOfSystem(officer.agency_kind) != base::CallerKind::kSystem) {
    return Error(
        Reason::kMethodNotAllowed,
        "the operator's people and auditors do not decide who takes part: an officer of an "
        "agency that works with young people does");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<PractitionerRow> row,
                            Read<PractitionerRow>(view, own_key));
  const auto since = std::find_if(row.row.role_since().begin(), row.row.role_since().end(),
                                  [&](const auto& one) { return one.role() == officer.role; });
  if (since == row.row.role_since().end() || since->number() >= change.number()) {
    return Error(Reason::kMethodNotAllowed,
                 "you became an officer after this was proposed; one who was there before decides "
                 "it, or it is proposed again");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<PractitionerRow> proposer,
                            ReadOrSuspended<PractitionerRow>(view, KeyOf(change.proposed())));
  PractitionerRow subject;
  if (absl::StartsWith(change.row_key(), kPractitionerPrefix)) {
    SIGNPOST_ASSIGN_OR_RETURN(
        subject, store::DecodeRow<PractitionerRow>(What(change.row_key()), change.after()));
  }
  if (own_key == change.row_key() || own_key == KeyOf(change.proposed()) ||
      SameMarks(row.row, proposer.row) || SameMarks(row.row, subject)) {
    return Error(Reason::kMethodNotAllowed,
                 "it is about yourself, or you proposed it; another officer decides it");
  }
  std::vector<std::string> speaks_for;
  std::vector<std::string> themselves;
  for (const std::string& agency_id : change.agency_ids()) {
    const bool heard =
        std::any_of(change.confirmations().begin(), change.confirmations().end(),
                    [&](const auto& one) { return one.for_agency_id() == agency_id; });
    if (heard) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const bool itself, SpeaksForItself(view, agency_id, change.row_key(),
                                                                 change.number(), now));
    if (itself && agency_id != officer.agency_id) {
      themselves.push_back(agency_id);
    } else {
      speaks_for.push_back(agency_id);
    }
  }
  if (!speaks_for.empty()) return speaks_for;
  return Error(Reason::kMethodNotAllowed,
               absl::StrCat("it is for an officer of ", absl::StrJoin(themselves, " and of "),
                            ", which has, or had until lately, one of its own"));
}

absl::Status Registry::PrepareConfirm(const ledger::GuardedView& view, const std::string& sha256,
                                      const base::Principal& officer, absl::Time now,
                                      const std::string& request_id, RegistryChangeRow* change,
                                      ledger::Operation* operation) const {
  const auto own = [&](const store::v1::RegistrySignature& one) {
    return one.agency_id() == officer.agency_id && one.practitioner_id() == officer.practitioner_id;
  };
  const bool before =
      std::any_of(change->confirmations().begin(), change->confirmations().end(), own);
  if (change->stage() == store::v1::REGISTRY_CHANGE_STAGE_MADE && before) return absl::OkStatus();
  if (change->stage() != store::v1::REGISTRY_CHANGE_STAGE_WAITS) return HasEnded(*change);
  if (now >= absl::FromUnixSeconds(change->expires_s())) {
    change->set_stage(store::v1::REGISTRY_CHANGE_STAGE_EXPIRED);
    return HasEnded(*change);
  }
  if (absl::BytesToHexString(change->sha256()) != sha256 ||
      ChangeHash(*change) != change->sha256()) {
    return base::InvalidField("sha256",
                              "is not of what this change would do; ListRegistryChanges says it. "
                              "Look at it again before you confirm it");
  }
  // Whoever confirmed it before and is no officer any more has not.
  auto* const confirmations = change->mutable_confirmations();
  for (int i = confirmations->size() - 1; i >= 0; --i) {
    SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<PractitionerRow> row,
                              ReadOrSuspended<PractitionerRow>(view, KeyOf(confirmations->Get(i))));
    const auto& roles = row.row.roles();
    if (!ActsAsOfficer(row.row, now) ||
        std::find(roles.begin(), roles.end(), confirmations->Get(i).role()) == roles.end()) {
      confirmations->DeleteSubrange(i, 1);
    }
  }
  if (std::any_of(confirmations->begin(), confirmations->end(), own)) return absl::OkStatus();
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<std::string> speaks_for,
                            MaySpeakFor(view, *change, officer, now));
  absl::Status stands = WithRow(change->row_key(), [&](auto blank) -> absl::Status {
    using Row = decltype(blank);
    SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<Row> read,
                              ReadOrSuspended<Row>(view, change->row_key()));
    const std::string now_stands =
        read.bytes.has_value() ? EncodeRow(Bare(read.row)) : std::string();
    if (now_stands != change->before()) {
      return base::InvalidField("change_id",
                                "the record is no longer as it was when this was proposed; have it "
                                "proposed again");
    }
    if constexpr (std::is_same_v<Row, PractitionerRow>) {
      SIGNPOST_ASSIGN_OR_RETURN(
          const PractitionerRow after,
          store::DecodeRow<PractitionerRow>(What(change->row_key()), change->after()));
      for (const std::string& team_id : after.team_ids()) {
        SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<TeamRow> team,
                                  Read<TeamRow>(view, TeamKey(team_id)));
        const auto& open_to = team.row.agency_ids();
        if (std::find(open_to.begin(), open_to.end(), after.agency_id()) == open_to.end()) {
          return base::InvalidField("change_id",
                                    "a team of it takes nobody of the agency any more; have it "
                                    "proposed again without the team");
        }
      }
    }
    return absl::OkStatus();
  });
  SIGNPOST_RETURN_IF_ERROR(stands);

  for (const std::string& agency_id : speaks_for) {
    store::v1::RegistrySignature signature = SignatureOf(officer, now);
    signature.set_for_agency_id(agency_id);
    *confirmations->Add() = std::move(signature);
  }
  const bool all = std::all_of(
      change->agency_ids().begin(), change->agency_ids().end(), [&](const std::string& agency_id) {
        return std::any_of(confirmations->begin(), confirmations->end(),
                           [&](const auto& one) { return one.for_agency_id() == agency_id; });
      });
  ledger::v1::LedgerEntry entry =
      ChangeEntry(ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_CONFIRMED, *change, officer, request_id);
  entry.mutable_registry_change_confirmed()->set_for_agency_id(speaks_for.front());
  entry.set_outcome(all ? ledger::v1::OUTCOME_RECORDED : ledger::v1::OUTCOME_WAITS);
  operation->entries.push_back(ledger::ToDraft(entry));
  if (!all) {
    operation->batch.Put(Space::kRegistry, ChangeKey(change->number()), EncodeRow(*change));
    return absl::OkStatus();
  }
  SIGNPOST_ASSIGN_OR_RETURN(const uint64_t number, NextNumber(view, &operation->batch));
  SIGNPOST_RETURN_IF_ERROR(WriteRecord(view, change->row_key(), change->after(), officer,
                                       request_id, now, number, "", operation));
  End(store::v1::REGISTRY_CHANGE_STAGE_MADE, base::Principal(), now, change, &operation->batch);
  return absl::OkStatus();
}

absl::Status Registry::PrepareEnd(const ledger::GuardedView& view,
                                  store::v1::RegistryChangeStage stage,
                                  const base::Principal& actor, absl::Time now,
                                  RegistryChangeRow* change, ledger::Operation* operation) const {
  if (change->stage() == stage) return absl::OkStatus();
  if (change->stage() != store::v1::REGISTRY_CHANGE_STAGE_WAITS) return HasEnded(*change);
  // Any officer who might say yes may say no, also once the agencies that they speak for were heard.
  if (stage == store::v1::REGISTRY_CHANGE_STAGE_REFUSED) {
    RegistryChangeRow unheard = *change;
    unheard.clear_confirmations();
    SIGNPOST_RETURN_IF_ERROR(MaySpeakFor(view, unheard, actor, now).status());
  }
  End(stage, actor, now, change, &operation->batch);
  return absl::OkStatus();
}

ledger::v1::LedgerEntry Registry::ChangeEntry(ledger::v1::EntryKind kind,
                                              const RegistryChangeRow& change,
                                              const base::Principal& actor,
                                              const std::string& request_id) const {
  ledger::v1::LedgerEntry entry = options_.entries->New(kind, WhoActs(actor), request_id);
  ledger::v1::RegistryChangeNamed* const named =
      kind == ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_PROPOSED
          ? entry.mutable_registry_change_proposed()
      : kind == ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_CONFIRMED
          ? entry.mutable_registry_change_confirmed()
          : entry.mutable_registry_change_ended();
  named->set_number(change.number());
  if (!change.row_key().empty()) NameRecord(change.row_key(), named);
  named->set_change_sha256(change.sha256());
  named->set_end(EndOf(change.stage()));
  return entry;
}

}  // namespace signpost::registry
