#include "hub/request/resolve.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/cord.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/person_index.h"
#include "hub/people/validate.h"
#include "hub/request/surroundings.h"
#include "hub/request/wire_convert.h"

namespace signpost::request {

absl::Status WithReceipt(absl::Status status, const v1::Receipt& receipt) {
  status.SetPayload(kReceiptPayload, absl::Cord(receipt.SerializeAsString()));
  return status;
}

namespace {

// Whether the asker's agency reported them, and may have taken it back since: what it reported
// itself leads to them whether or not somebody shields them.
bool HasReported(const base::Principal& asker, const people::Person& person) {
  return std::any_of(
      person.aliases().begin(), person.aliases().end(),
      [&asker](const store::v1::AliasRow& alias) { return alias.agency_id() == asker.agency_id; });
}

}  // namespace

absl::StatusOr<std::optional<people::Person>> Resolve(const HubContext& context,
                                                      const store::View& view,
                                                      const base::Principal& asker,
                                                      const v1::PersonSelector& selector,
                                                      Words words) {
  absl::StatusOr<base::PersonId> id;
  switch (selector.selector_case()) {
    case v1::PersonSelector::kAgencyPersonId:
      id = context.agency_ids->Decode(asker.agency_id, selector.agency_person_id());
      if (!id.ok()) return id.status();
      break;
    case v1::PersonSelector::kRecordId: {
      const absl::StatusOr<people::LocalRecord> record =
          context.people->LookupLocalRecord(view, asker.agency_id, selector.record_id());
      if (!record.ok()) {
        if (base::ReasonOf(record.status()) == base::Reason::kNotFound) return std::nullopt;
        return record.status();
      }
      id = record->known_as;
      break;
    }
    case v1::PersonSelector::kDetails: {
      SIGNPOST_RETURN_IF_ERROR(
          people::ValidateFindDetails(selector.details(), "person.details", context.clock->Now()));
      matching::Eyes eyes = EyesOf(context, asker);
      if (words == Words::kAll) eyes.hidden = nullptr;
      id = context.linker->FindOne(view, selector.details(), eyes, words == Words::kOwn);
      break;
    }
    case v1::PersonSelector::SELECTOR_NOT_SET:
      return base::InvalidField("person",
                                "name the person by agency_person_id, record_id or details");
  }
  if (id.ok()) {
    absl::StatusOr<people::Person> person = context.people->Read(view, *id);
    if (person.ok()) {
      if (words == Words::kOpenUnshielded && selector.has_details() && person->shielded() &&
          !WorksWith(context, asker, *person) && !HasReported(asker, *person)) {
        return std::nullopt;
      }
      return *std::move(person);
    }
    id = person.status();
  }
  if (base::ReasonOf(id.status()) == base::Reason::kNotFound) return std::nullopt;
  return id.status();
}

absl::Status TakeDetailsBudget(const HubContext& context, const base::Principal& asker,
                               const v1::PersonSelector& selector) {
  if (!selector.has_details() || context.details_budget == nullptr) return absl::OkStatus();
  const absl::Time now = context.clock->Now();
  if (!context.details_budget->TakeAsking(asker.system_id, now)) {
    return base::Error(base::Reason::kTooManyRequests,
                       "this system has asked by details too often; ask by agency_person_id or "
                       "record_id, or wait");
  }
  const store::v1::AliasHashes hashes = context.linker->keys().Hash(selector.details());
  if (!context.details_budget->TakeName(asker.agency_id, hashes, now)) {
    return base::Error(base::Reason::kTooManyRequests,
                       "your agency has asked by this name with too many different details today; "
                       "ask by agency_person_id or record_id, or tomorrow");
  }
  return absl::OkStatus();
}

absl::StatusOr<policy::Purpose> ReadPurpose(const base::Principal& asker, v1::Purpose wire) {
  const policy::Purpose purpose = ToPolicy(wire);
  if (purpose == policy::Purpose::kUnspecified) {
    return base::InvalidField("purpose", "say why you ask: one of the purposes of v1.Purpose");
  }
  if (!asker.asserted_purpose.empty() &&
      asker.asserted_purpose != Word(policy::ToString(purpose))) {
    return base::Error(
        base::Reason::kPurposeNotAllowed,
        "the purpose is not the one the practitioner's assertion names; ask for that "
        "purpose, or sign in for this one");
  }
  return purpose;
}

bool WorksWith(const HubContext& context, const base::Principal& asker,
               const people::Person& person) {
  const std::shared_ptr<const registry::Directory> directory = context.registry->directory();
  for (const auto& flag : person.flags()) {
    if (flag.status() == v1::FLAG_STATUS_RETRACTED) continue;
    if (flag.agency_id() == asker.agency_id) return true;
    for (const std::string& team_id : asker.team_ids) {
      const registry::Team* team = directory->FindTeam(team_id);
      if (team != nullptr && team->home_agency_id == flag.agency_id()) return true;
    }
  }
  return false;
}

absl::Status SealDetails(const HubContext& context, const people::Person* person,
                         const std::string& details, ledger::v1::LedgerEntry* entry) {
  const std::string salt = context.random->Bytes(base::kHashBytes);
  const absl::StatusOr<std::string> sealed =
      person != nullptr ? person->SealPrivate("entry-details", salt + details, context.random)
                        : base::Seal(context.keyring->hub_data_key(), "entry-details",
                                     salt + details, context.random);
  if (!sealed.ok()) return sealed.status();
  entry->set_sealed_details(*sealed);
  entry->set_details_commitment(base::HmacSha256(salt, details));
  return absl::OkStatus();
}

absl::StatusOr<ledger::Blinding> SetPerson(const people::Person& person,
                                           ledger::v1::LedgerEntry* entry,
                                           ledger::Operation* operation, size_t i) {
  SIGNPOST_ASSIGN_OR_RETURN(ledger::Blinding blinding, person.Blinding());
  blinding.SetPerson(entry);
  ledger::PersonIndex::Add(person.id(), operation, i);
  return blinding;
}

absl::Status IndexMissing() {
  return base::InvalidField("index", "say which entry: its number in the ledger, from 0");
}

absl::Status CheckRequestId(const std::string& request_id) {
  bool printable = true;
  for (const char c : request_id) printable = printable && c > ' ' && c <= '~';
  if (request_id.empty() || request_id.size() > base::kRequestIdBytesMax || !printable) {
    return base::InvalidField("request_id",
                              "must be 1 to 64 printable characters, new for each request");
  }
  return absl::OkStatus();
}

}  // namespace signpost::request
