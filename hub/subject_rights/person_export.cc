#include "hub/subject_rights/person_export.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/ids.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/consents_told.h"
#include "hub/disclosure/opener.h"
#include "hub/people/archived.h"
#include "hub/request/keeping_words.h"
#include "hub/request/wire_convert.h"
#include "hub/subject_rights/accesses.h"
#include "hub/subject_rights/exclusions.h"
#include "hub/subject_rights/tellable.h"

namespace signpost::subject_rights {

namespace stored = ::signpost::store::v1;

// Lets this file read sealed values; see composer_key.h. What is read goes into a PersonExport.
struct ExportComposer {
  static disclosure::ComposerKey Key() { return disclosure::ComposerKey(); }
};

namespace {

constexpr size_t kSaltBytes = 32;

// What one export is put together from and into.
struct Export {
  const people::Person& person;
  const Tellable& tellable;
  Exclusions* exclusions;
  v1::PersonExport* held;
  const people::KeepingTable& table;
};

void ComposeDetails(const stored::PersonSecret& secret, v1::PersonDetails* details) {
  details->set_given_names(secret.given_names());
  details->set_surname(secret.surname());
  request::SetDate(secret.birth_date(), details->mutable_birth_date());
  if (secret.birth_date() == 0) details->clear_birth_date();
  details->set_gender(secret.gender());
  details->set_postcode(secret.postcode());
  for (const stored::IdentifierSecret& identifier : secret.identifiers()) {
    v1::Identifier* wire = details->add_identifiers();
    wire->set_kind(static_cast<v1::IdentifierKind>(identifier.kind()));
    wire->set_value(identifier.value());
  }
}

absl::Status AddDetails(const Export& out) {
  for (const stored::AliasRow& alias : out.person.aliases()) {
    if (!out.tellable.Agency(alias.agency_id())) continue;
    SIGNPOST_ASSIGN_OR_RETURN(
        const stored::PersonSecret secret,
        disclosure::Opener::Peek(ExportComposer::Key(), out.person.Details(alias)).Open());
    v1::HeldDetails* details = out.held->add_details();
    details->set_agency_id(alias.agency_id());
    *details->mutable_since() = request::ToTimestamp(alias.since_s());
    ComposeDetails(secret, details->mutable_details());
  }
  return absl::OkStatus();
}

// How long a flag is kept once it is closed, by the table in force.
v1::KeepingTerms KeptBy(const Export& out, const std::string& service) {
  return request::TermsInWords(service, out.table.Of(service));
}

// What is archived is in no answer, but it is held, and so it is told like what is not.
void AddArchived(const Export& out, const std::vector<stored::ArchivedFlagSecret>& archived) {
  for (const stored::ArchivedFlagSecret& secret : archived) {
    const stored::FlagRow& flag = secret.flag();
    if (flag.status() == v1::FLAG_STATUS_RETRACTED || !out.tellable.Flag(flag)) continue;
    v1::HeldFlag* const wire = out.held->add_flags();
    wire->set_agency_id(flag.agency_id());
    wire->set_service(flag.service());
    wire->set_status(static_cast<v1::FlagStatus>(flag.status()));
    if (flag.opened_on() != 0) request::SetDate(flag.opened_on(), wire->mutable_opened_on());
    if (flag.closed_on() != 0) request::SetDate(flag.closed_on(), wire->mutable_closed_on());
    for (const stored::AssessmentRow& assessment : flag.assessments()) {
      wire->add_assessment_kinds(assessment.kind());
    }
    wire->set_worker_role(secret.contact().role());
    wire->set_archived(true);
    *wire->mutable_kept() = KeptBy(out, flag.service());
    if (!secret.contact().name().empty() && out.tellable.IsOwn(flag.agency_id()) &&
        out.exclusions->Includes(v1::EXCLUSION_REASON_THIRD_PARTY, kWorkers)) {
      wire->set_worker_name(secret.contact().name());
    }
  }
}

absl::Status AddFlags(const Export& out) {
  for (const stored::FlagRow& flag : out.person.flags()) {
    if (flag.status() == v1::FLAG_STATUS_RETRACTED || !out.tellable.Flag(flag)) continue;
    v1::HeldFlag* wire = out.held->add_flags();
    wire->set_agency_id(flag.agency_id());
    wire->set_service(flag.service());
    wire->set_status(static_cast<v1::FlagStatus>(flag.status()));
    if (flag.opened_on() != 0) request::SetDate(flag.opened_on(), wire->mutable_opened_on());
    if (flag.closed_on() != 0) request::SetDate(flag.closed_on(), wire->mutable_closed_on());
    for (const stored::AssessmentRow& assessment : flag.assessments()) {
      wire->add_assessment_kinds(assessment.kind());
    }
    SIGNPOST_ASSIGN_OR_RETURN(
        const stored::ContactSecret contact,
        disclosure::Opener::Peek(ExportComposer::Key(), out.person.Contact(flag)).Open());
    wire->set_worker_role(contact.role());
    *wire->mutable_kept() = KeptBy(out, flag.service());
    if (!contact.name().empty() && out.tellable.IsOwn(flag.agency_id()) &&
        out.exclusions->Includes(v1::EXCLUSION_REASON_THIRD_PARTY, kWorkers)) {
      wire->set_worker_name(contact.name());
    }
  }
  return absl::OkStatus();
}

// What was said and written down with a consent.
absl::StatusOr<v1::ConsentTexts> TextsOf(const Export& out, const stored::ConsentRow& row) {
  const auto open = [](const base::Sealed<people::LazyText>& text) {
    return disclosure::Opener::Peek(ExportComposer::Key(), text).Open();
  };
  SIGNPOST_ASSIGN_OR_RETURN(
      const stored::ConsentSecret secret,
      disclosure::Opener::Peek(ExportComposer::Key(), out.person.Secret(row)).Open());
  v1::ConsentTexts texts;
  texts.set_grantor_name(secret.grantor_name());
  texts.set_words_used(secret.words_used());
  *texts.mutable_conditions() = secret.conditions();
  texts.set_witness(secret.witness());
  texts.set_interpreter(secret.interpreter());
  texts.set_competence_decision(secret.competence_decision());
  SIGNPOST_ASSIGN_OR_RETURN(*texts.mutable_note(), open(out.person.Note(row)));
  SIGNPOST_ASSIGN_OR_RETURN(*texts.mutable_withdrawal_note(), open(out.person.WithdrawalNote(row)));
  return texts;
}

absl::Status AddConsent(const Export& out, const stored::ConsentRow& row,
                        const std::string& consent_id) {
  v1::HeldConsent* wire = out.held->add_consents();
  wire->set_recorded_by_agency_id(row.recorded_by_agency_id());
  wire->set_kind(row.kind() == v1::CONSENT_KIND_UNSPECIFIED
                     ? v1::CONSENT_KIND_SHARE_CONFIDENTIAL
                     : static_cast<v1::ConsentKind>(row.kind()));
  wire->set_decision(row.withdrawn_at_s() != 0 ? v1::CONSENT_DECISION_WITHDRAWN
                                               : static_cast<v1::ConsentDecision>(row.decision()));
  wire->set_grantor(static_cast<v1::Grantor>(row.grantor()));
  *wire->mutable_valid_from() = request::ToTimestamp(row.valid_from_s());
  if (row.valid_until_s() != 0) {
    *wire->mutable_valid_until() = request::ToTimestamp(row.valid_until_s());
  }
  if (row.withdrawn_at_s() != 0) {
    *wire->mutable_withdrawn_at() = request::ToTimestamp(row.withdrawn_at_s());
  }
  wire->set_ends_at_18(row.ends_at_18());
  // What stands in its place may be another's, or of what may not be told: only when is said.
  if (!row.superseded_by().empty()) {
    *wire->mutable_replaced_at() = request::ToTimestamp(row.superseded_from_s());
  }
  *wire->mutable_recipient_agency_ids() = row.recipient_agency_ids();
  *wire->mutable_scope() = disclosure::WholeScopeOf(row);
  for (const std::string& bytes : row.flag_ids()) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::FlagId flag_id, base::FlagId::FromBytes(bytes));
    const stored::FlagRow* const flag = out.person.FindFlag(flag_id);
    if (flag == nullptr) continue;
    v1::ConsentedFlag* const named = wire->add_only_flags();
    named->set_agency_id(flag->agency_id());
    named->set_service(flag->service());
  }
  wire->set_only_named_workers(!row.recipient_practitioner_ids().empty());
  const bool has_texts = !row.sealed_secret().empty() || !row.sealed_note().empty() ||
                         !row.sealed_withdrawal_note().empty();
  if (has_texts && out.tellable.IsOwn(row.recorded_by_agency_id()) &&
      out.exclusions->IncludesConsent(v1::EXCLUSION_REASON_THIRD_PARTY,
                                      absl::StrCat("texts-", consent_id), consent_id)) {
    SIGNPOST_ASSIGN_OR_RETURN(*wire->mutable_texts(), TextsOf(out, row));
  }
  return absl::OkStatus();
}

// Gives the ids of those that are told.
absl::StatusOr<std::set<std::string>> AddConsents(const Export& out) {
  std::set<std::string> told;
  for (const stored::ConsentRow& row : out.person.consents()) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::ConsentId id,
                              base::ConsentId::FromBytes(row.consent_id()));
    if (!out.tellable.Consent(row)) {
      // What the officer's own agency recorded names a sensitive service, to somebody who may not
      // be the only one to read the letter.
      if (!out.tellable.IsOwn(row.recorded_by_agency_id()) ||
          !out.exclusions->IncludesConsent(v1::EXCLUSION_REASON_SENSITIVE_SERVICE,
                                           absl::StrCat("consent-", id.ToText()), id.ToText())) {
        continue;
      }
    }
    told.insert(row.consent_id());
    SIGNPOST_RETURN_IF_ERROR(AddConsent(out, row, id.ToText()));
  }
  return told;
}

void AddWaiting(const Export& out) {
  for (const stored::WaitingRow& row : out.person.row().waiting()) {
    if (out.tellable.IsOwn(row.agency_id()) || !out.tellable.AnythingOf(row.agency_id())) continue;
    v1::HeldWaiting* const waits = out.held->add_waiting();
    waits->set_agency_id(row.agency_id());
    waits->set_reports(static_cast<int>(row.reports()));
  }
}

void AddScopeAgencies(const v1::ConsentScope& scope, std::set<std::string>* named) {
  named->insert(scope.recipient_agency_ids().begin(), scope.recipient_agency_ids().end());
  named->insert(scope.holder_agency_ids().begin(), scope.holder_agency_ids().end());
  for (const v1::ConsentScope& exception : scope.exceptions()) AddScopeAgencies(exception, named);
}

void AddAgencyNames(const registry::Directory& directory, v1::PersonExport* held) {
  std::set<std::string> named = {held->agency_id()};
  for (const v1::HeldDetails& item : held->details()) named.insert(item.agency_id());
  for (const v1::HeldFlag& item : held->flags()) named.insert(item.agency_id());
  for (const v1::HeldWaiting& item : held->waiting()) named.insert(item.agency_id());
  for (const v1::HeldAccess& item : held->accesses()) named.insert(item.agency_id());
  for (const v1::HeldConsent& item : held->consents()) {
    named.insert(item.recorded_by_agency_id());
    AddScopeAgencies(item.scope(), &named);
    for (const v1::ConsentedFlag& flag : item.only_flags()) named.insert(flag.agency_id());
  }
  for (const std::string& id : named) {
    const registry::Agency* const agency = directory.FindAgency(id);
    if (agency == nullptr) continue;
    v1::AgencyName* const name = held->add_agency_names();
    name->set_agency_id(id);
    name->set_name(agency->name);
  }
}

// Opens what is archived of them.
absl::StatusOr<std::vector<stored::ArchivedFlagSecret>> OpenArchived(const store::View& view,
                                                                     const base::Keyring& keyring,
                                                                     const people::Person& person) {
  std::vector<stored::ArchivedFlagSecret> opened;
  for (const stored::ArchivedFlagRow& archived : person.row().archived()) {
    SIGNPOST_ASSIGN_OR_RETURN(const auto sealed,
                              people::ReadArchived(view, keyring, archived.flag_id()));
    if (!sealed.has_value()) continue;
    SIGNPOST_ASSIGN_OR_RETURN(stored::ArchivedFlagSecret secret,
                              disclosure::Opener::Peek(ExportComposer::Key(), *sealed).Open());
    opened.push_back(std::move(secret));
  }
  return opened;
}

// A shield is told to whoever set it: to others that there is one is not theirs to know.
bool SetShield(const people::Person& person, const std::string& agency_id) {
  const auto& voices = person.row().shield().set_by();
  return person.shielded() &&
         std::any_of(voices.begin(), voices.end(), [&](const stored::ShieldVoiceRow& voice) {
           return voice.agency_id() == agency_id;
         });
}

}  // namespace

absl::StatusOr<ComposedExport> ComposeExport(const request::HubContext& context,
                                             const store::View& view,
                                             const request::BoundPolicy* bound,
                                             const people::Person& person,
                                             const base::Principal& asker,
                                             const v1::ExportPersonRequest& asked) {
  ComposedExport composed;
  v1::PersonExport& held = composed.held;
  held.set_salt(context.random->Bytes(kSaltBytes));
  *held.mutable_made_at() = request::ToTimestamp(context.clock->Now());
  held.set_agency_id(asker.agency_id);
  held.set_shielded(SetShield(person, asker.agency_id));
  const std::shared_ptr<const registry::Directory> directory = context.registry->directory();
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<stored::ArchivedFlagSecret> archived,
                            OpenArchived(view, *context.keyring, person));
  std::vector<const stored::FlagRow*> archived_flags;
  for (const stored::ArchivedFlagSecret& secret : archived)
    archived_flags.push_back(&secret.flag());
  const Tellable tellable(bound, *directory, person, asker.agency_id, archived_flags);
  Exclusions exclusions(context.keyring->hub_data_key(), person.id(), asker.agency_id, asked);
  held.set_died(person.row().death().confirmed_at_s() != 0);
  const Export out{person, tellable, &exclusions, &held,
                   context.people->keeping().At(context.clock->Now())};
  SIGNPOST_RETURN_IF_ERROR(AddDetails(out));
  SIGNPOST_RETURN_IF_ERROR(AddFlags(out));
  AddArchived(out, archived);
  AccessesAsked accesses;
  accesses.before = asked.accesses_before();
  SIGNPOST_ASSIGN_OR_RETURN(accesses.consents_told, AddConsents(out));
  AddWaiting(out);
  SIGNPOST_RETURN_IF_ERROR(
      ComposeAccesses(view, *context.people, person, tellable, accesses, &held, &exclusions));
  AddAgencyNames(*directory, &held);
  composed.inclusions = exclusions.AddTo(&held);
  composed.included = exclusions.included();
  return composed;
}

}  // namespace signpost::subject_rights
