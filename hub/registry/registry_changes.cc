// What the operator changes: each change is planned at a view, and done again where that view proved
// old. What of it gives no right is done with its entry; what does is proposed with another.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/transact.h"
#include "hub/registry/change_rows.h"
#include "hub/registry/registry.h"
#include "hub/registry/rows.h"
#include "hub/registry/validate.h"
#include "hub/store/row_codec.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::registry {
namespace {

using base::Error;
using base::Reason;
using store::EncodeRow;
using store::Space;
using store::v1::AgencyRow;
using store::v1::PractitionerRow;
using store::v1::RegistryChangeRow;
using store::v1::RegistryNumbersRow;
using store::v1::TeamRow;

constexpr size_t kDetailsSaltBytes = 32;

absl::Status AgencyUnknown(const std::string& agency_id) {
  return Error(Reason::kAgencyUnknown,
               absl::StrCat("no agency is registered as ", agency_id, "; put the agency first"));
}

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.empty() || request_id.size() > base::kRequestIdBytesMax) {
    return base::InvalidField("request_id",
                              absl::StrCat("must be 1 to ", base::kRequestIdBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace

// What one attempt would come to, rights and all.
struct Registry::Planned {
  std::string key;
  std::optional<std::string> before;
  std::string after;
  std::string reason;  // free text to seal; may be empty
};

void Registry::PutAgency(const v1::PutAgencyRequest& request, const base::Principal& actor,
                         ChangeDone done) {
  absl::Status checked = CheckAgency(request.agency(), operator_trust_domain_);
  if (checked.ok() && IsOperatorAgency(request.agency().agency_id()) &&
      request.agency().kind() != base::kOperatorAgencyKind) {
    checked = base::InvalidField("agency.kind",
                                 "must be \"operator\": the hub's configuration names this agency "
                                 "as its operator");
  }
  if (!checked.ok()) return done(std::move(checked));
  Change(
      request.request_id(), actor,
      [this,
       agency = request.agency()](const ledger::GuardedView& view) -> absl::StatusOr<Planned> {
        if (!agency.deputy_agency_id().empty() &&
            directory()->FindAgency(agency.deputy_agency_id()) == nullptr) {
          return AgencyUnknown(agency.deputy_agency_id());
        }
        Planned planned;
        planned.key = AgencyKey(agency.agency_id());
        SIGNPOST_ASSIGN_OR_RETURN(ReadRow<AgencyRow> read,
                                  ReadOrSuspended<AgencyRow>(view, planned.key));
        const AgencyRow row = RowOf(agency, read.row);
        // Suspended systems that the request leaves out stay, and may be too many with the rest.
        if (row.systems_size() > kSystemsPerAgencyMax) {
          return base::InvalidField(
              "agency.systems",
              absl::StrCat("with the suspended systems that stay, has more than ",
                           kSystemsPerAgencyMax,
                           " entries; restore those that are gone for good, then drop them"));
        }
        planned.before = std::move(read.bytes);
        planned.after = EncodeRow(row);
        SIGNPOST_RETURN_IF_ERROR(AgencyOf(row).status());  // what is stored can be read back
        return planned;
      },
      std::move(done));
}

void Registry::PutTeam(const v1::PutTeamRequest& request, const base::Principal& actor,
                       ChangeDone done) {
  absl::Status checked = CheckTeam(request.team());
  if (!checked.ok()) return done(std::move(checked));
  Change(
      request.request_id(), actor,
      [this, team = request.team()](const ledger::GuardedView& view) -> absl::StatusOr<Planned> {
        // Agencies are never removed, so that they are there now is enough.
        const std::shared_ptr<const Directory> now = directory();
        if (now->FindAgency(team.home_agency_id()) == nullptr) {
          return AgencyUnknown(team.home_agency_id());
        }
        for (const std::string& agency_id : team.agency_ids()) {
          if (now->FindAgency(agency_id) == nullptr) return AgencyUnknown(agency_id);
        }
        Planned planned;
        planned.key = TeamKey(team.team_id());
        SIGNPOST_ASSIGN_OR_RETURN(planned.before, view.Get(Space::kRegistry, planned.key));
        const TeamRow row = RowOf(team);
        planned.after = EncodeRow(row);
        return planned;
      },
      std::move(done));
}

void Registry::PutPractitioner(const v1::PutPractitionerRequest& request,
                               const PractitionerMarks& marks, const base::Principal& actor,
                               ChangeDone done) {
  absl::Status checked = CheckPractitioner(request.practitioner());
  if (!checked.ok()) return done(std::move(checked));
  Change(
      request.request_id(), actor,
      [this, practitioner = request.practitioner(),
       marks](const ledger::GuardedView& view) -> absl::StatusOr<Planned> {
        // That an agency is there now is enough, as above; whom a team takes may change meanwhile.
        if (directory()->FindAgency(practitioner.agency_id()) == nullptr) {
          return AgencyUnknown(practitioner.agency_id());
        }
        for (int i = 0; i < practitioner.team_ids_size(); ++i) {
          SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<TeamRow> team,
                                    Read<TeamRow>(view, TeamKey(practitioner.team_ids(i))));
          const std::string at = absl::StrCat("practitioner.team_ids[", i, "]");
          if (!team.bytes.has_value()) {
            return base::InvalidField(at, "no such team is registered; put the team first");
          }
          if (std::find(team.row.agency_ids().begin(), team.row.agency_ids().end(),
                        practitioner.agency_id()) == team.row.agency_ids().end()) {
            return base::InvalidField(at,
                                      "the team takes no practitioners of this agency; add the "
                                      "agency to the team first");
          }
        }
        Planned planned;
        planned.key = PractitionerKey(practitioner.agency_id(), practitioner.practitioner_id());
        SIGNPOST_ASSIGN_OR_RETURN(ReadRow<PractitionerRow> read,
                                  ReadOrSuspended<PractitionerRow>(view, planned.key));
        planned.before = std::move(read.bytes);
        planned.after = EncodeRow(RowOf(practitioner, marks, read.row));
        return planned;
      },
      std::move(done));
}

void Registry::SetSuspended(const v1::SetSuspendedRequest& request, const base::Principal& actor,
                            ChangeDone done) {
  absl::Status checked = CheckSetSuspended(request);
  if (checked.ok() && ((request.has_agency_id() && IsOperatorAgency(request.agency_id())) ||
                       (request.has_spiffe_id() && !operator_agency_id_.empty() &&
                        request.spiffe_id() == options_.operator_spiffe_id))) {
    checked = base::InvalidField(
        request.has_agency_id() ? "agency_id" : "spiffe_id",
        "is the hub's own operator, who is never suspended; name another in the configuration and "
        "restart instead");
  }
  if (!checked.ok()) return done(std::move(checked));
  Change(
      request.request_id(), actor,
      [request](const ledger::GuardedView& view) -> absl::StatusOr<Planned> {
        Planned planned;
        planned.reason = request.reason();
        if (request.has_practitioner()) {
          planned.key = PractitionerKey(request.practitioner().agency_id(),
                                        request.practitioner().practitioner_id());
          SIGNPOST_ASSIGN_OR_RETURN(ReadRow<PractitionerRow> read,
                                    Read<PractitionerRow>(view, planned.key));
          if (!read.bytes.has_value()) {
            return Error(Reason::kPractitionerUnknown, "the agency has enrolled no such worker");
          }
          read.row.set_suspended(request.suspended());
          planned.before = std::move(read.bytes);
          planned.after = EncodeRow(read.row);
          return planned;
        }
        std::string agency_id = request.agency_id();
        if (request.has_spiffe_id()) {
          SIGNPOST_ASSIGN_OR_RETURN(SpiffeParts parts, ParseSystemSpiffeId(request.spiffe_id()));
          agency_id = std::move(parts.agency_id);
        }
        planned.key = AgencyKey(agency_id);
        SIGNPOST_ASSIGN_OR_RETURN(ReadRow<AgencyRow> read, Read<AgencyRow>(view, planned.key));
        if (!read.bytes.has_value()) return AgencyUnknown(agency_id);
        if (request.has_agency_id()) {
          read.row.set_suspended(request.suspended());
        } else {
          store::v1::SystemRow* found = nullptr;
          for (store::v1::SystemRow& system : *read.row.mutable_systems()) {
            if (system.spiffe_id() == request.spiffe_id()) found = &system;
          }
          if (found == nullptr) {
            return Error(Reason::kCallerUnknown, "the agency has enrolled no such system");
          }
          found->set_suspended(request.suspended());
        }
        planned.before = std::move(read.bytes);
        planned.after = EncodeRow(read.row);
        return planned;
      },
      std::move(done));
}

void Registry::Change(const std::string& request_id, const base::Principal& actor, Plan plan,
                      ChangeDone done) {
  absl::Status checked = CheckRequestId(request_id);
  if (!checked.ok()) return done(std::move(checked));

  ledger::MakeAttempt<ChangeResult> make =
      [this, request_id, actor, plan = std::move(plan)](const ledger::GuardedView& view) mutable
      -> absl::StatusOr<ledger::Attempt<ChangeResult>> {
    SIGNPOST_ASSIGN_OR_RETURN(const Planned planned, plan(view));
    ledger::Attempt<ChangeResult> attempt;
    ledger::Operation operation;
    SIGNPOST_RETURN_IF_ERROR(
        Decide(view, planned, request_id, actor, &operation, &attempt.outcome));
    if (!operation.entries.empty()) attempt.operation = std::move(operation);
    return attempt;
  };

  ledger::Transact<ChangeResult>(
      {executor_, store_, sequencer_}, ledger::FirstAttempt::kQueued, std::move(make),
      [done = std::move(done)](absl::StatusOr<ledger::Committed<ChangeResult>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        result->outcome.sequenced = std::move(result->sequenced);
        done(std::move(result->outcome));
      });
}

absl::Status Registry::Decide(const store::View& view, const Planned& planned,
                              const std::string& request_id, const base::Principal& actor,
                              ledger::Operation* operation, ChangeResult* result) const {
  const absl::Time now = options_.clock->Now();
  return WithRow(planned.key, [&](auto blank) -> absl::Status {
    using Row = decltype(blank);
    std::optional<Row> before;
    if (planned.before.has_value()) {
      absl::StatusOr<Row> read = store::DecodeRow<Row>(What(planned.key), *planned.before);
      if (!read.ok() && base::ReasonOf(read.status()) != Reason::kDataLoss) return read.status();
      // Nobody knows what it gave, so it gave nothing.
      before = read.ok() ? *std::move(read) : Suspended(blank);
    }
    const Row* const was = before.has_value() ? &*before : nullptr;
    SIGNPOST_ASSIGN_OR_RETURN(const Row after,
                              store::DecodeRow<Row>(What(planned.key), planned.after));
    SIGNPOST_ASSIGN_OR_RETURN(Gain<Row> gain, GainAt(view, was, after, roles()));

    const bool writes = gain.lesser.has_value() &&
                        (was == nullptr || EncodeRow(Bare(*gain.lesser)) != EncodeRow(Bare(*was)));
    RegistryChangeRow change;
    change.set_row_key(planned.key);
    if (gain.lesser.has_value()) {
      change.set_before(EncodeRow(Bare(*gain.lesser)));
    } else if (was != nullptr) {
      change.set_before(EncodeRow(Bare(*was)));
    }
    change.set_after(EncodeRow(Bare(after)));

    // What waits for the record rests on how it stands, or is what is asked for again.
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> waits,
                              view.Get(Space::kRegistry, WaitingKey(planned.key)));
    std::optional<RegistryChangeRow> old;
    if (waits.has_value()) {
      SIGNPOST_ASSIGN_OR_RETURN(old, ReadChange(view, ChangeNumber(*waits)));
    }
    const bool same = old.has_value() && !gain.rights.empty() && old->before() == change.before() &&
                      old->after() == change.after() &&
                      now < absl::FromUnixSeconds(old->expires_s());
    if (!gain.rights.empty() && !same && actor.practitioner_id.empty()) {
      result->refusal = Error(
          Reason::kAssertionMissing,
          "this gives a right, so a named person proposes it and an officer of another agency "
          "confirms it: send the assertion of a practitioner of the operator's agency");
      ledger::v1::LedgerEntry entry =
          ChangeEntry(ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_PROPOSED, change, actor, request_id);
      ledger::SetRefused(Reason::kAssertionMissing, &entry);
      operation->entries.push_back(ledger::ToDraft(entry));
      return absl::OkStatus();
    }
    // Numbers are given by a row, so that of two changes at once one is made again.
    uint64_t number = 0;
    if (!gain.rights.empty() && !same) {
      SIGNPOST_ASSIGN_OR_RETURN(number, NextNumber(view, &operation->batch));
    } else {
      SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<RegistryNumbersRow> numbers,
                                Read<RegistryNumbersRow>(view, kNumbersKey));
      number = numbers.row.last();
    }
    if (writes) {
      SIGNPOST_RETURN_IF_ERROR(WriteRecord(view, planned.key, EncodeRow(Bare(*gain.lesser)), actor,
                                           request_id, now, number, planned.reason, operation));
    }
    if (same) {
      SIGNPOST_ASSIGN_OR_RETURN(result->waits, ToldOf(view, *old, now));
      return absl::OkStatus();
    }
    if (old.has_value() && (writes || !gain.rights.empty())) {
      End(store::v1::REGISTRY_CHANGE_STAGE_WITHDRAWN, actor, now, &*old, &operation->batch);
      ledger::v1::LedgerEntry entry =
          ChangeEntry(ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_ENDED, *old, actor, request_id);
      entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
      operation->entries.push_back(ledger::ToDraft(entry));
    }
    if (gain.rights.empty()) return absl::OkStatus();

    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> waiting,
                              view.Scan(Space::kRegistry, kWaitingPrefix,
                                        store::PrefixEnd(kWaitingPrefix), kChangesWaitingMax));
    if (static_cast<int>(waiting.size()) >= kChangesWaitingMax && !old.has_value()) {
      return Error(
          Reason::kTooManyRequests,
          absl::StrCat(waiting.size(),
                       " changes wait for officers already; have them confirmed or refused "
                       "first"));
    }
    change.set_number(number);
    change.set_stage(store::v1::REGISTRY_CHANGE_STAGE_WAITS);
    change.set_sha256(ChangeHash(change));
    *change.mutable_proposed() = SignatureOf(actor, now);
    for (const std::string& agency_id : gain.agency_ids) change.add_agency_ids(agency_id);
    const absl::Time expires = absl::FromUnixSeconds(absl::ToUnixSeconds(now + kChangeWaitsMax));
    change.set_expires_s(absl::ToUnixSeconds(expires));
    PutWaiting(change, &operation->batch);
    ledger::v1::LedgerEntry entry =
        ChangeEntry(ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_PROPOSED, change, actor, request_id);
    entry.set_outcome(ledger::v1::OUTCOME_WAITS);
    operation->entries.push_back(ledger::ToDraft(entry));
    if (tell_of_change_) tell_of_change_(change, operation);
    SIGNPOST_ASSIGN_OR_RETURN(result->waits, ToldOf(view, change, now));
    return absl::OkStatus();
  });
}

absl::Status Registry::WriteRecord(const store::View& view, const std::string& key,
                                   const std::string& after, const base::Principal& actor,
                                   const std::string& request_id, absl::Time now, uint64_t number,
                                   const std::string& reason, ledger::Operation* operation) const {
  return WithRow(key, [&](auto blank) -> absl::Status {
    using Row = decltype(blank);
    SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<Row> before, ReadOrSuspended<Row>(view, key));
    SIGNPOST_ASSIGN_OR_RETURN(const Row bare, store::DecodeRow<Row>(What(key), after));
    const Row row = Noted(before.bytes.has_value() ? &before.row : nullptr, bare, now, number);
    SIGNPOST_RETURN_IF_ERROR(ReadsBack(row));
    const std::string bytes = EncodeRow(row);
    operation->batch.Put(Space::kRegistry, key, bytes);
    NoteOfficer(row, &operation->batch);
    ledger::v1::LedgerEntry entry =
        options_.entries->New(ledger::v1::ENTRY_KIND_REGISTRY_CHANGED, WhoActs(actor), request_id);
    entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
    NameRecord(key, entry.mutable_registry_changed());
    entry.mutable_registry_changed()->set_record_sha256(base::Sha256(bytes));
    if (!reason.empty()) {
      // Salt and text are sealed together; the commitment lets whoever holds both prove the text.
      const std::string salt = random_->Bytes(kDetailsSaltBytes);
      SIGNPOST_ASSIGN_OR_RETURN(*entry.mutable_sealed_details(),
                                base::Seal(options_.details_key, key, salt + reason, random_));
      entry.set_details_commitment(base::HmacSha256(salt, reason));
    }
    operation->entries.push_back(ledger::ToDraft(entry));
    return absl::OkStatus();
  });
}

}  // namespace signpost::registry
