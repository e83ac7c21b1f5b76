// What the operator changes: each change is one entry and one row, planned at a view and done again
// where that view proved old.

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
using store::v1::TeamRow;

constexpr size_t kDetailsSaltBytes = 32;

// Which record of the registry `key` is, for its entry.
void NameRecord(const std::string& key, ledger::v1::RegistryChanged* record) {
  absl::string_view id = key;
  if (absl::ConsumePrefix(&id, kAgencyPrefix)) {
    record->set_record(ledger::v1::REGISTRY_RECORD_AGENCY);
  } else if (absl::ConsumePrefix(&id, kTeamPrefix)) {
    record->set_record(ledger::v1::REGISTRY_RECORD_TEAM);
  } else if (absl::ConsumePrefix(&id, kPractitionerPrefix)) {
    record->set_record(ledger::v1::REGISTRY_RECORD_PRACTITIONER);
  }
  record->set_id(std::string(id));
}

// The row that another is to stand in place of. Of one that does not parse nobody knows whether it was
// suspended, so whoever is put in its place is, until somebody restores them.
template <typename Row>
absl::StatusOr<ReadRow<Row>> ReadOrSuspended(const store::View& view, const std::string& key) {
  absl::StatusOr<ReadRow<Row>> read = Read<Row>(view, key);
  if (read.ok() || base::ReasonOf(read.status()) != Reason::kDataLoss) return read;
  ReadRow<Row> suspended;
  SIGNPOST_ASSIGN_OR_RETURN(suspended.bytes, view.Get(Space::kRegistry, key));
  suspended.row.set_suspended(true);
  return suspended;
}

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

// Nobody is told more than that it is so.
struct Nothing {};

}  // namespace

// What one attempt would write.
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
      [agency = request.agency()](const ledger::GuardedView& view) -> absl::StatusOr<Planned> {
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

  ledger::MakeAttempt<Nothing> make =
      [this, request_id, actor, plan = std::move(plan)](
          const ledger::GuardedView& view) mutable -> absl::StatusOr<ledger::Attempt<Nothing>> {
    SIGNPOST_ASSIGN_OR_RETURN(const Planned planned, plan(view));
    if (planned.before == planned.after) return ledger::Attempt<Nothing>();
    base::Principal principal;
    principal.agency_id = actor.agency_id;
    principal.system_id = actor.system_id;
    principal.practitioner_id = actor.practitioner_id;
    principal.role = actor.role;
    ledger::v1::LedgerEntry entry =
        options_.entries->New(ledger::v1::ENTRY_KIND_REGISTRY_CHANGED, principal, request_id);
    entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
    NameRecord(planned.key, entry.mutable_registry_changed());
    entry.mutable_registry_changed()->set_record_sha256(base::Sha256(planned.after));
    if (!planned.reason.empty()) {
      // Salt and text are sealed together; the commitment lets whoever holds both prove the text.
      const std::string salt = random_->Bytes(kDetailsSaltBytes);
      SIGNPOST_ASSIGN_OR_RETURN(
          *entry.mutable_sealed_details(),
          base::Seal(options_.details_key, planned.key, salt + planned.reason, random_));
      entry.set_details_commitment(base::HmacSha256(salt, planned.reason));
    }
    ledger::Operation operation;
    operation.batch.Put(Space::kRegistry, planned.key, planned.after);
    operation.entries.push_back(ledger::ToDraft(entry));
    return ledger::Attempt<Nothing>{{}, std::move(operation)};
  };

  ledger::Transact<Nothing>(
      {executor_, store_, sequencer_}, ledger::FirstAttempt::kQueued, std::move(make),
      [done = std::move(done)](absl::StatusOr<ledger::Committed<Nothing>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        done(std::move(result->sequenced));
      });
}

}  // namespace signpost::registry
