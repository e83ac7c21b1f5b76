#include "hub/disclosure/consents_told.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/answers.h"
#include "hub/disclosure/evaluator.h"
#include "hub/disclosure/opener.h"
#include "hub/disclosure/terms.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/receipt.h"
#include "hub/people/birthday.h"
#include "hub/people/scope.h"
#include "hub/request/paging.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"

namespace signpost::disclosure {

namespace stored = ::signpost::store::v1;
using base::Reason;

// Lets this file read sealed values; see composer_key.h. What is read goes into a ConsentList.
struct ConsentComposer {
  static disclosure::ComposerKey Key() { return disclosure::ComposerKey(); }
};

namespace {

constexpr int kConsentsPageDefault = 100;

template <typename Values>
bool Has(const Values& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

template <typename Values>
bool AllKnown(const Values& values, const absl::flat_hash_set<std::string>& known) {
  return std::all_of(values.begin(), values.end(),
                     [&known](const std::string& value) { return known.contains(value); });
}

bool IsRecipient(const base::Principal& asker, const stored::ConsentRow& row) {
  return Has(row.recipient_agency_ids(), asker.agency_id) ||
         (row.recipient_agency_ids().empty() && Has(row.recipient_kinds(), asker.agency_kind));
}

// Whether an exception names nothing that the asker may not know of: recipients too, for an
// exception that lost some would leave out something else.
bool MayTellException(const base::Principal& asker, const KnownFlags& known,
                      const stored::ScopeRow& row) {
  return AllKnown(row.holder_agency_ids(), known.agencies) &&
         AllKnown(row.services(), known.services) &&
         AllKnown(row.recipient_agency_ids(), known.agencies) &&
         std::all_of(row.recipient_kinds().begin(), row.recipient_kinds().end(),
                     [&asker](const std::string& kind) { return kind == asker.agency_kind; }) &&
         std::all_of(
             row.exceptions().begin(), row.exceptions().end(),
             [&](const stored::ScopeRow& inner) { return MayTellException(asker, known, inner); });
}

// Whether `row` is a yes that covers a flag of the asker's agency: what opens something of its own
// it may look at.
bool CoversOwnFlag(const base::Principal& asker, const people::Person& person,
                   const stored::ConsentRow& row) {
  return row.decision() == v1::CONSENT_DECISION_GIVEN &&
         std::any_of(
             person.flags().begin(), person.flags().end(), [&](const stored::FlagRow& flag) {
               return flag.agency_id() == asker.agency_id &&
                      flag.status() != v1::FLAG_STATUS_RETRACTED && people::MayOpen(row, flag);
             });
}

template <typename Row>
void ComposeScope(const Row& row, v1::ConsentScope* scope) {
  *scope->mutable_services() = row.services();
  *scope->mutable_holder_agency_ids() = row.holder_agency_ids();
  *scope->mutable_assessment_kinds() = row.assessment_kinds();
  *scope->mutable_sections() = row.sections();
  *scope->mutable_recipient_agency_ids() = row.recipient_agency_ids();
  *scope->mutable_recipient_kinds() = row.recipient_kinds();
  *scope->mutable_recipient_roles() = row.recipient_roles();
  for (const int32_t purpose : row.purposes()) {
    scope->add_purposes(static_cast<v1::Purpose>(purpose));
  }
  for (const int32_t action : row.actions()) {
    scope->add_actions(static_cast<v1::ConsentAction>(action));
  }
  for (const stored::ScopeRow& exception : row.exceptions()) {
    ComposeScope(exception, scope->add_exceptions());
  }
}

v1::ConsentStanding StandingOf(const stored::ConsentRow& row, int64_t until_s, int64_t now_s) {
  if (row.withdrawn_at_s() != 0) return v1::CONSENT_STANDING_WITHDRAWN;
  if (!row.superseded_by().empty() && row.superseded_from_s() <= now_s) {
    return v1::CONSENT_STANDING_SUPERSEDED;
  }
  if (now_s < row.valid_from_s()) return v1::CONSENT_STANDING_NOT_YET;
  if (until_s != 0 && until_s <= now_s) return v1::CONSENT_STANDING_EXPIRED;
  return v1::CONSENT_STANDING_IN_FORCE;
}

// When a record ends; 0 when it does not by itself. As disclosure::ConsentFacts judges it.
int64_t EndOf(const stored::ConsentRow& row, const std::optional<people::BirthdaySpan>& adult) {
  int64_t until_s = row.valid_until_s();
  if (!row.ends_at_18()) return until_s;
  const bool given = row.decision() == v1::CONSENT_DECISION_GIVEN;
  if (!adult.has_value()) return given ? row.valid_from_s() : until_s;
  const int64_t adult_s = absl::ToUnixSeconds(given ? adult->first : adult->last);
  return until_s == 0 ? adult_s : std::min(until_s, adult_s);
}

absl::Status ComposeConsent(const base::Principal& asker, const KnownFlags& known,
                            const people::Person& person, const stored::ConsentRow& row,
                            const std::optional<people::BirthdaySpan>& adult, int64_t now_s,
                            v1::Consent* consent) {
  const bool own = row.recorded_by_agency_id() == asker.agency_id;
  SIGNPOST_ASSIGN_OR_RETURN(const base::ConsentId id, base::ConsentId::FromBytes(row.consent_id()));
  consent->set_consent_id(id.ToText());
  consent->set_decision(row.withdrawn_at_s() != 0
                            ? v1::CONSENT_DECISION_WITHDRAWN
                            : static_cast<v1::ConsentDecision>(row.decision()));
  consent->set_kind(row.kind() == v1::CONSENT_KIND_UNSPECIFIED
                        ? v1::CONSENT_KIND_SHARE_CONFIDENTIAL
                        : static_cast<v1::ConsentKind>(row.kind()));
  consent->set_version(std::max(1, row.version()));
  v1::ConsentScope* scope = consent->mutable_scope();
  ComposeScope(row, scope);
  *scope->mutable_recipient_practitioner_ids() = row.recipient_practitioner_ids();
  for (const std::string& bytes : row.flag_ids()) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::FlagId flag, base::FlagId::FromBytes(bytes));
    scope->add_flag_ids(flag.ToText());
  }
  if (!own) {
    // Who else may receive is said only as far as the asker may know that they are involved.
    scope->clear_recipient_agency_ids();
    for (const std::string& agency : row.recipient_agency_ids()) {
      if (known.agencies.contains(agency)) scope->add_recipient_agency_ids(agency);
    }
    scope->clear_recipient_kinds();
    if (Has(row.recipient_kinds(), asker.agency_kind))
      scope->add_recipient_kinds(asker.agency_kind);
  }
  consent->set_explicit_(row.explicit_());
  *consent->mutable_valid_from() = request::ToTimestamp(row.valid_from_s());
  const int64_t until_s = EndOf(row, adult);
  if (until_s != 0) *consent->mutable_valid_until() = request::ToTimestamp(until_s);
  consent->set_ends_at_18(row.ends_at_18());
  if (row.review_by_s() != 0)
    *consent->mutable_review_by() = request::ToTimestamp(row.review_by_s());
  consent->set_grantor(static_cast<v1::Grantor>(row.grantor()));
  consent->set_competence_assessor(row.competence_assessor());
  if (row.competence_assessed_on() != 0) {
    request::SetDate(row.competence_assessed_on(), consent->mutable_competence_assessed_on());
  }
  consent->set_competence_outcome(static_cast<v1::CompetenceOutcome>(row.competence_outcome()));
  consent->set_evidence(static_cast<v1::ConsentEvidence>(row.evidence()));
  consent->set_document_sha256(row.document_sha256());
  consent->set_language(row.language());
  consent->set_notice_version(row.notice_version());
  consent->set_notice_sha256(row.notice_sha256());
  if (row.obtained_at_s() != 0)
    *consent->mutable_obtained_at() = request::ToTimestamp(row.obtained_at_s());
  *consent->mutable_recorded_at() = request::ToTimestamp(row.recorded_at_s());
  if (row.withdrawn_at_s() != 0) {
    *consent->mutable_withdrawn_at() = request::ToTimestamp(row.withdrawn_at_s());
    v1::ConsentWithdrawal* withdrawal = consent->mutable_withdrawal();
    *withdrawal->mutable_at() = request::ToTimestamp(row.withdrawn_at_s());
    withdrawal->set_by(static_cast<v1::Grantor>(row.withdrawn_by()));
    withdrawal->set_how(static_cast<v1::ConsentEvidence>(row.withdrawn_how()));
  }
  if (row.superseded_from_s() != 0) {
    *consent->mutable_superseded_at() = request::ToTimestamp(row.superseded_from_s());
  }
  consent->set_standing(StandingOf(row, until_s, now_s));
  consent->set_covers_own_flag(CoversOwnFlag(asker, person, row));
  consent->set_own_answer(people::AnswerOf(row, asker.agency_id));
  SIGNPOST_ASSIGN_OR_RETURN(const stored::ConsentSecret secret,
                            Opener::Peek(ConsentComposer::Key(), person.Secret(row)).Open());
  *consent->mutable_conditions() = secret.conditions();
  // What the young person said is for the agency to which they said it.
  if (!own) return absl::OkStatus();
  SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_evidence_note(),
                            Opener::Peek(ConsentComposer::Key(), person.Note(row)).Open());
  consent->set_grantor_name(secret.grantor_name());
  consent->set_competence_decision(secret.competence_decision());
  consent->set_witness(secret.witness());
  consent->set_words_used(secret.words_used());
  consent->set_interpreter(secret.interpreter());
  consent->set_obtained_by(row.obtained_by());
  consent->set_recorded_by(row.recorded_by());
  if (consent->has_withdrawal()) {
    consent->mutable_withdrawal()->set_told_to(row.withdrawn_told_to());
    SIGNPOST_ASSIGN_OR_RETURN(
        *consent->mutable_withdrawal()->mutable_note(),
        Opener::Peek(ConsentComposer::Key(), person.WithdrawalNote(row)).Open());
  }
  return absl::OkStatus();
}

}  // namespace

KnownFlags FlagsKnownTo(const request::HubContext& context, const request::BoundPolicy* bound,
                        const base::Principal& asker, policy::Purpose purpose,
                        const people::Person& person, absl::Time now) {
  KnownFlags known;
  const std::shared_ptr<const registry::Directory> directory = context.registry->directory();
  known.agencies.insert(asker.agency_id);
  if (const registry::Agency* own = directory->FindAgency(asker.agency_id); own != nullptr) {
    known.services.insert(own->services.begin(), own->services.end());
  }
  for (const stored::FlagRow& flag : person.flags()) {
    if (flag.agency_id() == asker.agency_id) known.flag_ids.insert(flag.flag_id());
  }
  if (bound == nullptr) return known;
  QuestionTerms asked;
  asked.purpose = purpose;
  asked.aspects = {policy::Aspect::kExistence, policy::Aspect::kAgency};
  DisclosureEvaluator judge(*bound, *context.people, *directory, asker, asked, now);
  for (const FlagEvaluation& finding : judge.Decide(person).flags) {
    known.agencies.insert(finding.flag->agency_id());
    known.services.insert(finding.flag->service());
    known.flag_ids.insert(finding.flag->flag_id());
  }
  return known;
}

bool IsNamedIn(const base::Principal& asker, const stored::ConsentRow& row) {
  return row.recorded_by_agency_id() == asker.agency_id || IsRecipient(asker, row);
}

bool MayTell(const base::Principal& asker, const KnownFlags& known, const people::Person& person,
             const stored::ConsentRow& row) {
  if (row.recorded_by_agency_id() == asker.agency_id) return true;
  return (IsRecipient(asker, row) || CoversOwnFlag(asker, person, row)) &&
         AllKnown(row.holder_agency_ids(), known.agencies) &&
         AllKnown(row.services(), known.services) && AllKnown(row.flag_ids(), known.flag_ids) &&
         std::all_of(row.exceptions().begin(), row.exceptions().end(),
                     [&](const stored::ScopeRow& exception) {
                       return MayTellException(asker, known, exception);
                     });
}

absl::Status ComposeConsents(const base::Principal& asker, const KnownFlags& known,
                             const people::Person& person, absl::Time now, v1::ConsentList* list) {
  *list->mutable_answered_at() = request::ToTimestamp(absl::ToUnixSeconds(now));
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::BirthdaySpan> adult,
                            person.ComesOfAge(people::kAdultAge));
  absl::flat_hash_map<std::string, std::string> told;  // ids, as bytes and as text
  for (auto row = person.consents().rbegin(); row != person.consents().rend(); ++row) {
    if (!MayTell(asker, known, person, *row)) continue;
    v1::Consent* consent = list->add_consents();
    SIGNPOST_RETURN_IF_ERROR(
        ComposeConsent(asker, known, person, *row, adult, absl::ToUnixSeconds(now), consent));
    told[row->consent_id()] = consent->consent_id();
  }
  // Links to records that are told themselves.
  int i = 0;
  for (auto row = person.consents().rbegin(); row != person.consents().rend(); ++row) {
    if (!told.contains(row->consent_id())) continue;
    v1::Consent* consent = list->mutable_consents(i++);
    const auto before = told.find(row->supersedes());
    if (before != told.end()) consent->set_supersedes(before->second);
    const auto after = told.find(row->superseded_by());
    if (after != told.end()) consent->set_superseded_by(after->second);
  }
  return absl::OkStatus();
}

template <typename Request, typename Response, typename Keep>
void Answers::ReadConsents(const base::Principal& asker, ledger::v1::EntryKind kind,
                           Request request, Keep keep, request::Reply<Response> done) {
  absl::Status status = request::CheckRequestId(request.request_id());
  if (status.ok()) status = request::TakeDetailsBudget(context_, asker, request.person());
  if (!status.ok()) return done(std::move(status));
  const absl::StatusOr<policy::Purpose> purpose = request::ReadPurpose(asker, request.purpose());
  if (!purpose.ok()) return done(purpose.status());

  request::Transact<std::optional<SealedAnswer>>(
      context_,
      [this, asker, asked = std::move(request), kind, keep,
       purpose = *purpose](const ledger::GuardedView& view)
          -> absl::StatusOr<ledger::Attempt<std::optional<SealedAnswer>>> {
        ledger::Attempt<std::optional<SealedAnswer>> attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  request::Resolve(context_, view, asker, asked.person()));
        ledger::v1::LedgerEntry entry = context_.entries->New(kind, asker, asked.request_id());
        entry.set_purpose(request::ToEntry(purpose));
        const std::shared_ptr<const request::BoundPolicy> bound = context_.policy->Get();
        if (bound != nullptr) request::SetPolicy(*bound, &entry);
        std::string wanted;  // the consent asked for, where it is one
        if constexpr (std::is_same_v<Request, v1::GetConsentHistoryRequest>) {
          SIGNPOST_ASSIGN_OR_RETURN(const base::ConsentId id,
                                    base::ConsentId::FromText(asked.consent_id()));
          wanted = id.ToBytes();
        }
        if (person.has_value()) {
          SIGNPOST_ASSIGN_OR_RETURN(const ledger::Blinding blinding,
                                    request::SetPerson(*person, &entry, &operation));
          if (!wanted.empty()) {
            entry.mutable_consent_history_read()->set_consent_ref(
                blinding.Ref(entry.nonce(), wanted));
          }
        } else if (!wanted.empty()) {
          entry.mutable_consent_history_read()->set_consent_ref(
              context_.random->Bytes(ledger::kReferenceBytes));
        }
        bool found = false;
        if (person.has_value() && request::WorksWith(context_, asker, *person)) {
          const absl::Time now = context_.clock->Now();
          v1::ConsentList list;
          list.set_salt(context_.random->Bytes(kSaltBytes));
          SIGNPOST_RETURN_IF_ERROR(ComposeConsents(
              asker, FlagsKnownTo(context_, bound.get(), asker, purpose, *person, now), *person,
              now, &list));
          SIGNPOST_ASSIGN_OR_RETURN(found, keep(asked, &list));
          if (found) {
            attempt.outcome = Opener::Close(list);
            entry.set_reply_hash(attempt.outcome->hash());
          }
        }
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        if (!found) ledger::SetRefused(Reason::kNotFound, &entry);
        if (bound != nullptr) request::RestOn(*bound, &operation);
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [this, done = std::move(done)](
          absl::StatusOr<ledger::Committed<std::optional<SealedAnswer>>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        v1::Receipt receipt =
            ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        if (!result->outcome.has_value()) {
          return done(request::WithReceipt(
              base::Error(Reason::kNotFound, "nobody and nothing that you may know of"), receipt));
        }
        Response response;
        response.set_answer(std::move(*result->outcome).Release(result->sequenced->permit));
        *response.mutable_receipt() = std::move(receipt);
        done(std::move(response));
      });
}

void Answers::ListConsents(const base::Principal& asker, v1::ListConsentsRequest request,
                           request::Reply<v1::ListConsentsResponse> done) {
  const absl::StatusOr<int> page_size =
      request::PageSize(request.page_size(), kConsentsPageDefault, base::kPageRowsMax);
  if (!page_size.ok()) return done(page_size.status());
  ReadConsents(
      asker, ledger::v1::ENTRY_KIND_CONSENTS_LISTED, std::move(request),
      [](const v1::ListConsentsRequest& asked, v1::ConsentList* list) -> absl::StatusOr<bool> {
        SIGNPOST_ASSIGN_OR_RETURN(
            const request::PageSpan page,
            request::PageOf(list->consents(), asked.page_size(), kConsentsPageDefault,
                            base::kPageRowsMax, asked.page_token(),
                            [](const v1::Consent& consent) { return consent.consent_id(); }));
        list->set_next_page_token(page.next_page_token);
        auto* const consents = list->mutable_consents();
        consents->DeleteSubrange(static_cast<int>(page.end),
                                 consents->size() - static_cast<int>(page.end));
        consents->DeleteSubrange(0, static_cast<int>(page.begin));
        return true;
      },
      std::move(done));
}

void Answers::GetConsentHistory(const base::Principal& asker, v1::GetConsentHistoryRequest request,
                                request::Reply<v1::GetConsentHistoryResponse> done) {
  const absl::StatusOr<base::ConsentId> id = base::ConsentId::FromText(request.consent_id());
  if (!id.ok()) return done(base::InvalidField("consent_id", "must be an id that the hub gave"));
  ReadConsents(
      asker, ledger::v1::ENTRY_KIND_CONSENT_HISTORY_READ, std::move(request),
      [wanted = id->ToText()](const v1::GetConsentHistoryRequest&,
                              v1::ConsentList* list) -> absl::StatusOr<bool> {
        // Everything that hangs together with it, whichever way: a no may stand in the place of
        // several.
        absl::flat_hash_set<std::string> chain = {wanted};
        bool found = false;
        for (bool grew = true; grew;) {
          grew = false;
          for (const v1::Consent& consent : list->consents()) {
            const bool in = chain.contains(consent.consent_id()) ||
                            chain.contains(consent.supersedes()) ||
                            chain.contains(consent.superseded_by());
            if (!in) continue;
            for (const std::string& link :
                 {consent.consent_id(), consent.supersedes(), consent.superseded_by()}) {
              if (!link.empty()) grew = chain.insert(link).second || grew;
            }
          }
        }
        v1::ConsentList history;
        history.set_salt(list->salt());
        *history.mutable_answered_at() = list->answered_at();
        for (auto it = list->consents().rbegin(); it != list->consents().rend(); ++it) {
          if (!chain.contains(it->consent_id())) continue;
          found = found || it->consent_id() == wanted;
          *history.add_consents() = *it;
        }
        *list = std::move(history);
        return found;
      },
      std::move(done));
}

v1::ConsentScope WholeScopeOf(const stored::ConsentRow& row) {
  v1::ConsentScope scope;
  ComposeScope(row, &scope);
  return scope;
}

}  // namespace signpost::disclosure
