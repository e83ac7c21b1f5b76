// Flags: what a report makes of a person's row, and how a reconciliation closes one.

#include "hub/people/people.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/people/draft.h"
#include "hub/people/sealing.h"
#include "hub/store/row_codec.h"

namespace signpost::people {

using base::Error;
using base::Reason;
using store::Space;
using store::v1::AliasRow;
using store::v1::FlagRow;
using store::v1::LocalRecordRow;
using store::v1::PersonRow;

namespace {

int32_t Day(absl::Time time) {
  const absl::CivilDay day = absl::ToCivilDay(time, absl::UTCTimeZone());
  return static_cast<int32_t>(day.year()) * 10000 + day.month() * 100 + day.day();
}

store::v1::PersonSecret SecretOf(const signpost::v1::PersonDetails& details) {
  store::v1::PersonSecret secret;
  secret.set_given_names(details.given_names());
  secret.set_surname(details.surname());
  secret.set_birth_date(DateNumber(details.birth_date()));
  secret.set_gender(details.gender());
  secret.set_postcode(details.postcode());
  secret.set_expected_birth_date(DateNumber(details.expected_birth_date()));
  for (const signpost::v1::Identifier& identifier : details.identifiers()) {
    store::v1::IdentifierSecret* kept = secret.add_identifiers();
    kept->set_kind(identifier.kind());
    kept->set_value(identifier.value());
  }
  return secret;
}

store::v1::ContactSecret SecretOf(const signpost::v1::Contact& contact,
                                  const std::string& record_id) {
  store::v1::ContactSecret secret;
  secret.set_record_id(record_id);
  secret.set_practitioner_id(contact.practitioner_id());
  secret.set_name(contact.name());
  secret.set_role(contact.role());
  secret.set_phone(contact.phone());
  secret.set_email(contact.email());
  secret.set_team_id(contact.team_id());
  return secret;
}

// Flags of `agency_id` under its own id `known_as`. Retracted ones do not count.
int CountFlags(const PersonRow& row, absl::string_view agency_id, const base::PersonId& known_as) {
  return static_cast<int>(
      std::count_if(row.flags().begin(), row.flags().end(), [&](const FlagRow& flag) {
        return flag.agency_id() == agency_id && flag.known_as() == known_as.bytes() &&
               flag.status() != signpost::v1::FLAG_STATUS_RETRACTED;
      }));
}

FlagRow* FindRecord(PersonRow* row, absl::string_view agency_id, absl::string_view record_hash) {
  for (FlagRow& flag : *row->mutable_flags()) {
    if (flag.agency_id() == agency_id && flag.record_hash() == record_hash) return &flag;
  }
  return nullptr;
}

// Which alias makes room for one more of `agency_id`: its own oldest, what no record began with
// before all else; then the oldest of an agency that has several; else the oldest.
int AliasToDrop(const PersonRow& row, absl::string_view agency_id) {
  for (int i = 0; i < row.aliases_size(); ++i) {
    if (row.aliases(i).agency_id() == agency_id && !row.aliases(i).first()) return i;
  }
  for (int i = 0; i < row.aliases_size(); ++i) {
    if (row.aliases(i).agency_id() == agency_id) return i;
  }
  for (int i = 0; i < row.aliases_size(); ++i) {
    for (int j = i + 1; j < row.aliases_size(); ++j) {
      if (row.aliases(j).agency_id() == row.aliases(i).agency_id()) return i;
    }
  }
  return 0;
}

// What of a record's first details is kept to hold later ones against.
store::v1::AliasHashes FirstOf(const store::v1::AliasHashes& hashes) {
  store::v1::AliasHashes first;
  first.set_given(hashes.given());
  first.set_given_first(hashes.given_first());
  first.set_surname(hashes.surname());
  first.set_birth_date(hashes.birth_date());
  first.set_birth_date_swapped(hashes.birth_date_swapped());
  return first;
}

// What becomes of a flag whose status was `before` and is what `flag` says now: from when its end counts.
void NoteEnd(int before, absl::Time now, FlagRow* flag) {
  if (flag->status() == signpost::v1::FLAG_STATUS_OPEN) {
    flag->clear_end_learnt_at_s();
    flag->clear_retracted_at_s();
    return;
  }
  // One that is closed, and then said to have been an error, ended when it was closed.
  if (before == signpost::v1::FLAG_STATUS_OPEN || flag->end_learnt_at_s() == 0) {
    flag->set_end_learnt_at_s(absl::ToUnixSeconds(now));
  }
  if (flag->status() == signpost::v1::FLAG_STATUS_RETRACTED) {
    flag->set_retracted_at_s(absl::ToUnixSeconds(now));
  }
}

// The place of an archived flag in the row, -1 for none.
int FindArchived(const PersonRow& row, absl::string_view flag_id) {
  for (int i = 0; i < row.archived_size(); ++i) {
    if (row.archived(i).flag_id() == flag_id) return i;
  }
  return -1;
}

}  // namespace

// Retracted flags of one agency under one id are free, and few are kept: an agency that reports and
// retracts for ever fills no row. The oldest of too many go, with their records; but what others could
// see goes into the archive, or an agency could put out of a review's reach what it had said.
absl::Status People::DropRetracted(absl::string_view agency_id, absl::Time now,
                                   Draft* draft) const {
  if (!draft->row.holds().empty()) return absl::OkStatus();
  int retracted = 0;
  for (int i = draft->row.flags_size() - 1; i >= 0; --i) {
    const FlagRow& flag = draft->row.flags(i);
    if (flag.agency_id() != agency_id || flag.status() != signpost::v1::FLAG_STATUS_RETRACTED) {
      continue;
    }
    if (++retracted <= base::kRetractedFlagsKept) continue;
    const absl::Duration stood = absl::Seconds(flag.retracted_at_s() - flag.created_at_s());
    if (stood >= kStoodForReviews && draft->row.archived_size() < kArchivedPerPersonMax) {
      SIGNPOST_RETURN_IF_ERROR(Archive(draft, i, now));
      continue;
    }
    if (!flag.record_hash().empty()) {
      draft->change.Delete(Space::kLocalRecords, LocalRecordKey(agency_id, flag.record_hash()));
    }
    draft->row.mutable_flags()->DeleteSubrange(i, 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<FlagResult> People::PrepareReport(const base::Principal& reporter,
                                                 const signpost::v1::FlagReport& report,
                                                 const RecordState& state,
                                                 const std::string& content_hash,
                                                 const store::v1::AliasHashes& hashes,
                                                 const Placing& placing, absl::Time now) const {
  if (reporter.agency_id.empty() || reporter.agency_id.find('\0') != std::string::npos) {
    return base::InvalidField("agency_id", "the registered id of an agency");
  }
  FlagResult result;
  const Person* const person = placing.person;
  result.person_created = person == nullptr;
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, person != nullptr ? Begin(*person) : Create());
  if (!placing.review.is_zero()) draft.row.add_review_ids(placing.review.ToBytes());
  if (placing.shield.shielded()) *draft.row.mutable_shield() = placing.shield;
  result.person = draft.id;
  const bool retracts = report.status() == signpost::v1::FLAG_STATUS_RETRACTED;
  const int archived_at =
      state.archived.has_value() ? FindArchived(draft.row, state.archived->flag().flag_id()) : -1;
  if (archived_at >= 0) {
    const FlagRow& archived = state.archived->flag();
    SIGNPOST_ASSIGN_OR_RETURN(result.flag, base::FlagId::FromBytes(archived.flag_id()));
    SIGNPOST_ASSIGN_OR_RETURN(result.known_as, base::PersonId::FromBytes(archived.known_as()));
    result.service = archived.service();
    if (report.status() != signpost::v1::FLAG_STATUS_OPEN) {
      // What is closed stays what it was in the archive, whatever is said of it later; that it was an
      // error is noted beside it.
      if (!retracts || archived.retracted_at_s() != 0) return result;  // kUnchanged
      store::v1::ArchivedFlagSecret secret = *state.archived;
      secret.mutable_flag()->set_status(signpost::v1::FLAG_STATUS_RETRACTED);
      secret.mutable_flag()->set_retracted_at_s(absl::ToUnixSeconds(now));
      SIGNPOST_RETURN_IF_ERROR(PutArchived(*keyring_, secret, random_, &draft.change));
      result.kind = FlagChange::kRetracted;
      draft.Put();
      result.blinding.emplace(draft.key);
      result.change = std::move(draft.change);
      return result;
    }
    FlagRow* const again = draft.row.add_flags();
    *again = archived;
    SIGNPOST_ASSIGN_OR_RETURN(*again->mutable_sealed_contact(),
                              draft.Seal(kContactKind, again->flag_id(),
                                         state.archived->contact().SerializeAsString(), random_));
    again->clear_content_hash();
    RemoveArchived(again->flag_id(), &draft.change);
    draft.row.mutable_archived()->DeleteSubrange(archived_at, 1);
  }
  FlagRow* flag = FindRecord(&draft.row, reporter.agency_id, state.record_hash);
  const int status_before =
      flag == nullptr ? signpost::v1::FLAG_STATUS_UNSPECIFIED : flag->status();
  const int64_t confirmed_before_s = flag == nullptr ? 0 : flag->confirmed_at_s();

  for (std::string& agency : OpenAgencies(draft.row)) {
    if (agency != reporter.agency_id) result.other_agencies.push_back(std::move(agency));
  }
  if (flag == nullptr && retracts) {
    return Error(Reason::kNotFound, "this record has no flag to retract");
  }
  if (flag != nullptr) {
    result.service = flag->service();
    SIGNPOST_ASSIGN_OR_RETURN(result.flag, base::FlagId::FromBytes(flag->flag_id()));
    const bool same = flag->content_hash() == content_hash ||
                      (retracts && status_before == signpost::v1::FLAG_STATUS_RETRACTED);
    SIGNPOST_ASSIGN_OR_RETURN(result.known_as, base::PersonId::FromBytes(flag->known_as()));
    if (same) return result;  // kUnchanged
  } else {
    if (placing.known_as.has_value() &&
        CountFlags(draft.row, reporter.agency_id, *placing.known_as) >=
            base::kFlagsPerAgencyAndPersonMax) {
      return base::InvalidField(
          "record_id",
          absl::StrCat("your agency has ", base::kFlagsPerAgencyAndPersonMax,
                       " records of this one person, the most that the hub keeps; retract those "
                       "that were entered in error"));
    }
    SIGNPOST_RETURN_IF_ERROR(DropRetracted(reporter.agency_id, now, &draft));
    // In a store put back one may stand there that does not open any more.
    for (int i = draft.row.archived_size() - 1; i >= 0; --i) {
      if (draft.row.archived(i).agency_id() != reporter.agency_id ||
          draft.row.archived(i).record_hash() != state.record_hash) {
        continue;
      }
      RemoveArchived(draft.row.archived(i).flag_id(), &draft.change);
      draft.row.mutable_archived()->DeleteSubrange(i, 1);
    }
    flag = draft.row.add_flags();
    result.flag_created = true;
    result.flag = base::FlagId::New(random_);
    flag->set_flag_id(result.flag.ToBytes());
    flag->set_agency_id(reporter.agency_id);
    flag->set_record_hash(state.record_hash);
    flag->set_created_at_s(absl::ToUnixSeconds(now));
  }
  const bool begins = result.flag_created || placing.begins_anew;
  if (begins) {
    if (placing.known_as.has_value()) {
      result.known_as = *placing.known_as;
    } else if (person == nullptr) {
      result.known_as = draft.id;
    } else {
      SIGNPOST_ASSIGN_OR_RETURN(result.known_as, AddId(&draft));
    }
    flag->set_known_as(result.known_as.ToBytes());
    *flag->mutable_first() = FirstOf(hashes);
  }

  flag->set_content_hash(content_hash);
  flag->set_source_system(reporter.system_id);
  flag->set_confirmed_at_s(absl::ToUnixSeconds(now));
  flag->set_status(report.status());
  NoteEnd(status_before, now, flag);
  if (retracts) {
    result.kind = FlagChange::kRetracted;
  } else {
    if (report.status() == signpost::v1::FLAG_STATUS_OPEN) {
      result.kind = status_before == signpost::v1::FLAG_STATUS_OPEN ? FlagChange::kChanged
                                                                    : FlagChange::kOpened;
    } else {
      result.kind = status_before == signpost::v1::FLAG_STATUS_CLOSED ? FlagChange::kChanged
                                                                      : FlagChange::kClosed;
    }
    flag->set_service(report.service());
    flag->set_opened_on(DateNumber(report.opened_on()));
    flag->set_closed_on(DateNumber(report.closed_on()));
    if (result.kind == FlagChange::kClosed) {
      // What the hub knew as open until lately is news, whatever day the agency says.
      const int32_t news_from = Day(now - keeping_.closing_is_news);
      result.old_closing = result.flag_created || (flag->closed_on() < news_from &&
                                                   absl::FromUnixSeconds(confirmed_before_s) <
                                                       now - keeping_.closing_is_news);
    }
    flag->clear_assessments();
    for (const signpost::v1::AssessmentPointer& pointer : report.assessments()) {
      store::v1::AssessmentRow* kept = flag->add_assessments();
      kept->set_kind(pointer.kind());
      kept->set_assessed_on(DateNumber(pointer.assessed_on()));
      *kept->mutable_sections() = pointer.sections();
    }
    const std::string names_before = absl::StrCat(flag->worker_hash(), "/", flag->team_hash());
    flag->clear_worker_hash();
    flag->clear_team_hash();
    if (!report.contact().practitioner_id().empty()) {
      flag->set_worker_hash(NameHash(*flag, kWorkerLabel, report.contact().practitioner_id()));
    }
    if (!report.contact().team_id().empty()) {
      flag->set_team_hash(NameHash(*flag, kTeamLabel, report.contact().team_id()));
    }
    if (result.kind == FlagChange::kOpened || result.flag_created ||
        names_before != absl::StrCat(flag->worker_hash(), "/", flag->team_hash())) {
      BeginStanding(flag, now);
    }
    SIGNPOST_ASSIGN_OR_RETURN(
        std::string sealed_contact,
        draft.Seal(kContactKind, flag->flag_id(),
                   SecretOf(report.contact(), report.record_id()).SerializeAsString(), random_));
    flag->set_sealed_contact(std::move(sealed_contact));
    result.service = report.service();

    // The alias: what this agency says they are called, kept anew when it says something new.
    const std::string secret = Canonical(SecretOf(report.person()));
    AliasRow* latest = nullptr;
    for (AliasRow& alias : *draft.row.mutable_aliases()) {
      if (alias.agency_id() == reporter.agency_id && alias.known_as() == flag->known_as()) {
        latest = &alias;
      }
    }
    std::string latest_secret;
    if (latest != nullptr) {
      SIGNPOST_ASSIGN_OR_RETURN(latest_secret,
                                draft.Open(kAliasKind, latest->agency_id(), latest->sealed()));
    }
    if (latest == nullptr || latest_secret != secret) {
      SIGNPOST_ASSIGN_OR_RETURN(std::string sealed,
                                draft.Seal(kAliasKind, reporter.agency_id, secret, random_));
      if (latest == nullptr || Canonical(latest->hashes()) != Canonical(hashes)) {
        while (draft.row.aliases_size() >= base::kAliasesPerPersonMax) {
          const int drop = AliasToDrop(draft.row, reporter.agency_id);
          result.dropped_aliases.push_back(draft.row.aliases(drop).hashes());
          draft.row.mutable_aliases()->DeleteSubrange(drop, 1);
        }
        result.alias_added = true;
        latest = draft.row.add_aliases();
        latest->set_agency_id(reporter.agency_id);
        latest->set_known_as(flag->known_as());
        *latest->mutable_hashes() = hashes;
        latest->set_since_s(absl::ToUnixSeconds(now));
      }
      // Otherwise only the spelling changed, in a way that means nothing: keep the newer.
      latest->set_sealed(std::move(sealed));
    }
    if (begins) latest->set_first(true);
  }
  if (!result.dropped_aliases.empty()) {
    for (const AliasRow& alias : draft.row.aliases()) result.aliases.push_back(alias.hashes());
  }

  DeathVoice death;
  death.died = report.has_died_on() && !retracts;
  death.agency_id = reporter.agency_id;
  death.record_hash = state.record_hash;
  death.died_on = DateNumber(report.died_on());
  SIGNPOST_RETURN_IF_ERROR(NoteDeath(&draft, death, now, &result.death, &result.mourners).status());

  LocalRecordRow local;
  local.set_person_id(flag->known_as());
  local.set_flag_id(result.flag.ToBytes());
  draft.change.Put(Space::kLocalRecords, LocalRecordKey(reporter.agency_id, state.record_hash),
                   store::EncodeRow(local));
  draft.Put();
  if (result.death != DeathTurn::kNone) {
    store::v1::ClosingRow closing;
    *closing.mutable_death() = draft.row.death();
    SIGNPOST_RETURN_IF_ERROR(draft.Close(std::move(closing), random_));
  }
  result.blinding.emplace(draft.key);
  result.change = std::move(draft.change);
  return result;
}

absl::StatusOr<base::PersonId> People::AddId(Draft* draft) const {
  const base::PersonId id = base::PersonId::New(random_);
  SIGNPOST_ASSIGN_OR_RETURN(const std::string wrapped,
                            keyring_->WrapDataKey(id, base::SecretKey::Generate(random_), random_));
  PersonRow pointer;
  pointer.set_merged_into(draft->id.ToBytes());
  draft->row.add_merged_from(id.ToBytes());
  draft->change.Put(Space::kPersonKeys, id.ToBytes(), wrapped);
  draft->change.Put(Space::kPeople, id.ToBytes(), store::EncodeRow(pointer));
  return id;
}

absl::StatusOr<FlagResult> People::PrepareClose(absl::string_view agency_id,
                                                const RecordState& state, absl::Time now,
                                                bool release) const {
  if (!state.record.has_value()) {
    return Error(Reason::kNotFound, "the agency has not reported this record; report it first");
  }
  FlagResult result;
  if (!state.person.has_value()) return NobodyThere();
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Begin(*state.person));
  result.person = draft.id;
  FlagRow* flag = FindRecord(&draft.row, agency_id, state.record_hash);
  if (flag == nullptr && release && state.archived.has_value()) {
    const int archived = FindArchived(draft.row, state.archived->flag().flag_id());
    if (archived < 0) return result;
    SIGNPOST_ASSIGN_OR_RETURN(result.flag,
                              base::FlagId::FromBytes(state.archived->flag().flag_id()));
    draft.row.mutable_archived(archived)->clear_record_hash();
    draft.Put();
    result.blinding.emplace(draft.key);
    result.change = std::move(draft.change);
    return result;
  }
  if (flag == nullptr) return result;
  SIGNPOST_ASSIGN_OR_RETURN(result.flag, base::FlagId::FromBytes(flag->flag_id()));
  result.service = flag->service();
  for (std::string& agency : OpenAgencies(draft.row)) {
    if (agency != agency_id) result.other_agencies.push_back(std::move(agency));
  }
  const bool open = flag->status() == signpost::v1::FLAG_STATUS_OPEN;
  if (!open && !release) return result;
  if (open) {
    flag->set_status(signpost::v1::FLAG_STATUS_CLOSED);
    flag->set_closed_on(std::max(Day(now), flag->opened_on()));
    NoteEnd(signpost::v1::FLAG_STATUS_OPEN, now, flag);
    result.kind = FlagChange::kClosed;
  }
  flag->clear_content_hash();  // so that the same report, sent again, opens it again
  if (release) flag->clear_record_hash();
  draft.Put();
  result.blinding.emplace(draft.key);
  result.change = std::move(draft.change);
  return result;
}

}  // namespace signpost::people
