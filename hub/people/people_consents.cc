// Consents: which record stands in whose place, and who may take one back.

#include "hub/people/people.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/people/birthday.h"
#include "hub/people/draft.h"
#include "hub/people/scope.h"
#include "hub/people/sealing.h"
#include "hub/people/validate.h"

namespace signpost::people {

using base::Error;
using base::Reason;
using store::v1::ConsentRow;

namespace {

absl::Status BadConsent(const std::string& field, const std::string& description) {
  return Error(Reason::kConsentInvalid,
               "the consent does not agree with what is known of them or was recorded before; see "
               "the fields",
               {{field, description}});
}

// Whose word it is: the young person speaks for themselves in two ways.
int SpeakerOf(int grantor) {
  return grantor == signpost::v1::GRANTOR_SELF_COMPETENT
             ? static_cast<int>(signpost::v1::GRANTOR_SELF)
             : grantor;
}

int KindOf(int kind) {
  return kind == signpost::v1::CONSENT_KIND_UNSPECIFIED
             ? static_cast<int>(signpost::v1::CONSENT_KIND_SHARE_CONFIDENTIAL)
             : kind;
}

// A name without what typing it twice may change: case and spaces.
std::string Folded(const std::string& name) {
  std::string folded;
  for (const char c : name) {
    if (c == ' ' || c == '\t') continue;
    folded.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return folded;
}

// Whether their age, as far as agencies have reported it, allows this grantor and this end.
absl::Status CheckAges(const Person& person, const ConsentRow& row, bool given, absl::Time now) {
  if (row.grantor() == signpost::v1::GRANTOR_SELF) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<BirthdaySpan> of_age,
                              person.ComesOfAge(kSpeaksForHerselfAge));
    if (!of_age.has_value() || now < of_age->last) {
      return BadConsent("consent.grantor",
                        of_age.has_value()
                            ? "self is for 16 and over, and they are younger by a birth date on "
                              "record: assess their competence (self-competent), or ask who has "
                              "parental responsibility"
                            : "self is for 16 and over, and no birth date is on record: report "
                              "it, or assess their competence (self-competent)");
    }
  }
  if (!row.ends_at_18()) return absl::OkStatus();
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<BirthdaySpan> adult, person.ComesOfAge(kAdultAge));
  if (!adult.has_value()) {
    if (!given) return absl::OkStatus();  // without an end known, a no goes on
    return BadConsent("consent.ends_at_18", "no birth date is on record: report it first");
  }
  // Each way the one that shows less: a yes ends at the first birthday, a no at the last.
  if (now >= (given ? adult->first : adult->last)) {
    return BadConsent(row.grantor() == signpost::v1::GRANTOR_PARENTAL_RESPONSIBILITY ||
                              row.grantor() == signpost::v1::GRANTOR_AUTHORITY
                          ? "consent.grantor"
                          : "consent.ends_at_18",
                      "they are 18 by a birth date on record: ask them");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConsentResult> People::PrepareConsent(
    const ledger::GuardedView& view, const base::PersonId& id, const signpost::v1::Consent& consent,
    absl::string_view agency_id, absl::string_view practitioner_id, absl::Time now,
    const KindOfAgency& kind_of) const {
  SIGNPOST_ASSIGN_OR_RETURN(const Person person, Read(view, id));
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Begin(person));
  const bool given = consent.decision() == signpost::v1::CONSENT_DECISION_GIVEN;
  const auto recorded = std::count_if(
      draft.row.consents().begin(), draft.row.consents().end(), [&](const ConsentRow& row) {
        return row.recorded_by_agency_id() == agency_id &&
               (row.decision() == signpost::v1::CONSENT_DECISION_GIVEN) == given;
      });
  // By agency, so that none can keep another's from being recorded: least of all a no.
  if (recorded >= (given ? kYesesPerAgencyMax : kRefusalsPerAgencyMax)) {
    return Error(Reason::kConsentInvalid,
                 absl::StrCat("your agency has recorded ", recorded, given ? " yeses" : " refusals",
                              " of this person, the most the hub keeps of one agency; let one of "
                              "them stand for several, or call the operator"));
  }
  const int64_t now_s = absl::ToUnixSeconds(now);
  ConsentResult result;
  result.person = draft.id;
  result.consent = base::ConsentId::New(random_);
  result.effective_at = now;
  ConsentRow row;
  row.set_consent_id(result.consent.ToBytes());
  row.set_decision(consent.decision());
  row.set_kind(KindOf(consent.kind()));
  row.set_version(1);
  StoreScope(consent.scope(), &row);
  row.set_explicit_(consent.explicit_());
  row.set_obtained_at_s(consent.has_obtained_at()  ? consent.obtained_at().seconds()
                        : consent.has_valid_from() ? std::min(now_s, consent.valid_from().seconds())
                                                   : now_s);
  row.set_valid_from_s(consent.has_valid_from()    ? consent.valid_from().seconds()
                       : consent.has_obtained_at() ? row.obtained_at_s()
                                                   : now_s);
  row.set_valid_until_s(consent.valid_until().seconds());
  row.set_grantor(consent.grantor());
  row.set_ends_at_18(consent.ends_at_18() ||
                     consent.grantor() == signpost::v1::GRANTOR_PARENTAL_RESPONSIBILITY ||
                     consent.grantor() == signpost::v1::GRANTOR_AUTHORITY);
  if (given && !consent.has_valid_until()) {
    row.set_valid_until_s(row.valid_from_s() + absl::ToInt64Seconds(kConsentLifeMax));
  }
  row.set_review_by_s(consent.review_by().seconds());
  row.set_competence_assessor(consent.competence_assessor());
  row.set_competence_assessed_on(DateNumber(consent.competence_assessed_on()));
  row.set_competence_outcome(consent.competence_outcome());
  row.set_evidence(consent.evidence());
  row.set_document_sha256(consent.document_sha256());
  row.set_language(consent.language());
  row.set_notice_version(consent.notice_version());
  row.set_notice_sha256(consent.notice_sha256());
  row.set_obtained_by(consent.obtained_by().empty() ? std::string(practitioner_id)
                                                    : consent.obtained_by());
  row.set_recorded_at_s(now_s);
  row.set_recorded_by_agency_id(std::string(agency_id));
  row.set_recorded_by(std::string(practitioner_id));
  row.set_recorder_receives(MayReceive(row, row.recorded_by_agency_id(), kind_of));
  SIGNPOST_RETURN_IF_ERROR(CheckAges(person, row, given, now));
  if (!consent.evidence_note().empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(
        *row.mutable_sealed_note(),
        draft.Seal(kNoteKind, row.consent_id(), consent.evidence_note(), random_));
  }
  store::v1::ConsentSecret secret;
  secret.set_grantor_name(consent.grantor_name());
  secret.set_competence_decision(consent.competence_decision());
  secret.set_witness(consent.witness());
  secret.set_words_used(consent.words_used());
  secret.set_interpreter(consent.interpreter());
  *secret.mutable_conditions() = consent.conditions();
  if (const std::string plain = secret.SerializeAsString(); !plain.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(*row.mutable_sealed_secret(),
                              draft.Seal(kConsentSecretKind, row.consent_id(), plain, random_));
  }

  const auto same_voice = [&](const ConsentRow& other) -> absl::StatusOr<bool> {
    if (SpeakerOf(other.grantor()) != SpeakerOf(row.grantor())) return false;
    if (SpeakerOf(row.grantor()) == signpost::v1::GRANTOR_SELF) return true;
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::string plain,
        draft.Open(kConsentSecretKind, other.consent_id(), other.sealed_secret()));
    store::v1::ConsentSecret known;
    if (!known.ParseFromString(plain)) return BadRow("consent");
    // One that was recorded without a name may be anybody's of that kind: taken as the same, which
    // can only hide.
    return known.grantor_name().empty() ||
           Folded(known.grantor_name()) == Folded(consent.grantor_name());
  };
  const auto supersede = [&](ConsentRow* other) -> absl::Status {
    other->set_superseded_by(row.consent_id());
    other->set_superseded_from_s(std::max(now_s, row.valid_from_s()));
    SIGNPOST_ASSIGN_OR_RETURN(const base::ConsentId other_id,
                              base::ConsentId::FromBytes(other->consent_id()));
    result.superseded.push_back(other_id);
    return absl::OkStatus();
  };
  constexpr char kSupersedes[] = "consent.supersedes";
  if (!consent.supersedes().empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::ConsentId wanted,
                              base::ConsentId::FromText(consent.supersedes()));
    ConsentRow* before = nullptr;
    for (ConsentRow& other : *draft.row.mutable_consents()) {
      if (other.consent_id() == wanted.bytes()) before = &other;
    }
    if (before == nullptr) {
      return BadConsent(kSupersedes, "no such consent of theirs, or not yours to know");
    }
    if (!before->superseded_by().empty()) {
      return BadConsent(kSupersedes,
                        "another record stands in its place already: supersede that one");
    }
    if (KindOf(before->kind()) != row.kind()) {
      return BadConsent(kSupersedes, "a record of another kind: the three kinds are kept apart");
    }
    SIGNPOST_ASSIGN_OR_RETURN(const bool same, same_voice(*before));
    if (!same) {
      return BadConsent(kSupersedes, "somebody else's word: where two disagree both records stand");
    }
    if (given && before->decision() == signpost::v1::CONSENT_DECISION_REFUSED &&
        !Covers(row, *before, kind_of)) {
      return BadConsent(kSupersedes,
                        "a no that covers more than this yes: record first a no with an exception "
                        "that leaves this out");
    }
    if (given && before->decision() == signpost::v1::CONSENT_DECISION_REFUSED &&
        before->recorded_by_agency_id() != agency_id) {
      if (!IsOwnWord(row) || row.recorder_receives()) {
        return BadConsent(kSupersedes,
                          "another agency recorded this no. It records the change itself; or the "
                          "young person says so to an agency that receives nothing by this yes, "
                          "and that one records it");
      }
      result.refusal_of = before->recorded_by_agency_id();
    }
    SIGNPOST_RETURN_IF_ERROR(supersede(before));
    row.set_supersedes(before->consent_id());
    row.set_version(std::max(1, before->version()) + 1);
  }
  if (!given) {
    for (ConsentRow& other : *draft.row.mutable_consents()) {
      if (other.decision() != signpost::v1::CONSENT_DECISION_GIVEN ||
          !other.superseded_by().empty() || other.withdrawn_at_s() != 0 ||
          KindOf(other.kind()) != row.kind() || other.obtained_at_s() > row.obtained_at_s() ||
          !Covers(row, other, kind_of)) {
        continue;
      }
      SIGNPOST_ASSIGN_OR_RETURN(const bool same, same_voice(other));
      if (same) SIGNPOST_RETURN_IF_ERROR(supersede(&other));
    }
  }
  result.row = row;
  store::v1::ClosingRow closing;
  if (!given) *closing.add_consents() = row;
  for (const ConsentRow& other : draft.row.consents()) {
    if (other.superseded_by() == row.consent_id()) AddSuperseded(other, &closing);
  }
  *draft.row.add_consents() = std::move(row);
  draft.Put();
  if (closing.consents_size() > 0 || closing.superseded_size() > 0) {
    SIGNPOST_RETURN_IF_ERROR(draft.Close(std::move(closing), random_));
  }
  result.change = std::move(draft.change);
  return result;
}

absl::StatusOr<ConsentResult> People::PrepareHolderAnswer(
    const ledger::GuardedView& view, const base::PersonId& person, const base::ConsentId& consent,
    absl::string_view agency_id, absl::string_view practitioner_id,
    signpost::v1::HolderAnswer answer, absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Load(view, person));
  ConsentRow* row = nullptr;
  for (ConsentRow& candidate : *draft.row.mutable_consents()) {
    if (candidate.consent_id() == consent.bytes() &&
        candidate.decision() == signpost::v1::CONSENT_DECISION_GIVEN) {
      row = &candidate;
    }
  }
  const bool holds =
      row != nullptr && std::any_of(draft.row.flags().begin(), draft.row.flags().end(),
                                    [&](const store::v1::FlagRow& flag) {
                                      return flag.agency_id() == agency_id &&
                                             flag.status() != signpost::v1::FLAG_STATUS_RETRACTED &&
                                             MayOpen(*row, flag);
                                    });
  if (!holds) return Error(Reason::kNotFound, "no such consent, or not yours to know");
  if (row->withdrawn_at_s() != 0 || !row->superseded_by().empty()) {
    return Error(Reason::kConsentInvalid,
                 "this yes no longer holds; there is nothing to confirm or to doubt");
  }
  ConsentResult result;
  result.person = draft.id;
  result.consent = consent;
  result.effective_at = now;
  if (AnswerOf(*row, agency_id) == answer) return result;
  store::v1::HolderAnswerRow* said = nullptr;
  for (store::v1::HolderAnswerRow& one : *row->mutable_holder_answers()) {
    if (one.agency_id() == agency_id) said = &one;
  }
  if (said == nullptr) said = row->add_holder_answers();
  said->set_agency_id(std::string(agency_id));
  said->set_practitioner_id(std::string(practitioner_id));
  said->set_answer(answer);
  said->set_at_s(absl::ToUnixSeconds(now));
  store::v1::ClosingRow closing;
  if (answer == signpost::v1::HOLDER_ANSWER_CHALLENGED) *closing.add_consents() = *row;
  draft.Put();
  if (closing.consents_size() > 0) {
    SIGNPOST_RETURN_IF_ERROR(draft.Close(std::move(closing), random_));
  }
  result.change = std::move(draft.change);
  return result;
}

absl::StatusOr<ConsentResult> People::PrepareWithdraw(const ledger::GuardedView& view,
                                                      const base::PersonId& person,
                                                      const base::ConsentId& consent,
                                                      absl::string_view note, absl::Time now,
                                                      const Withdrawing& how) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Load(view, person));
  ConsentRow* row = nullptr;
  for (ConsentRow& candidate : *draft.row.mutable_consents()) {
    if (candidate.consent_id() == consent.bytes()) row = &candidate;
  }
  if (row == nullptr) {
    return Error(Reason::kNotFound, "no such consent, or not yours to know");
  }
  if (row->decision() != signpost::v1::CONSENT_DECISION_GIVEN) {
    return Error(Reason::kConsentInvalid,
                 "only a yes can be taken back; record a yes that supersedes the no");
  }
  ConsentResult result;
  result.person = draft.id;
  result.consent = consent;
  if (row->withdrawn_at_s() != 0) {
    result.effective_at = absl::FromUnixSeconds(row->withdrawn_at_s());
    return result;
  }
  if (!row->superseded_by().empty()) {
    return Error(Reason::kConsentInvalid,
                 "another record stands in its place; look at the list and take back that one");
  }
  if (how.by != signpost::v1::GRANTOR_UNSPECIFIED &&
      SpeakerOf(how.by) != signpost::v1::GRANTOR_SELF &&
      SpeakerOf(how.by) != SpeakerOf(row->grantor())) {
    return Error(Reason::kConsentInvalid,
                 "only who gave it, or the young person, can take it back; record what "
                 "others say as a no of theirs",
                 {{"by", "the grantor, or self"}});
  }
  result.effective_at = now;
  row->set_withdrawn_at_s(absl::ToUnixSeconds(now));
  row->set_withdrawn_by(how.by == signpost::v1::GRANTOR_UNSPECIFIED ? row->grantor()
                                                                    : static_cast<int>(how.by));
  row->set_withdrawn_how(how.how);
  row->set_withdrawn_told_to(how.told_to);
  if (!note.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(std::string sealed,
                              draft.Seal(kWithdrawalKind, row->consent_id(), note, random_));
    row->set_sealed_withdrawal_note(std::move(sealed));
  }
  store::v1::ClosingRow closing;
  *closing.add_consents() = *row;
  draft.Put();
  SIGNPOST_RETURN_IF_ERROR(draft.Close(std::move(closing), random_));
  result.change = std::move(draft.change);
  return result;
}

}  // namespace signpost::people
