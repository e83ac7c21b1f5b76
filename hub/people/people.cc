#include "hub/people/people.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/person_index.h"
#include "hub/people/birthday.h"
#include "hub/people/sealing.h"
#include "hub/people/validate.h"
#include "hub/store/row_codec.h"

namespace signpost::people {
namespace {

using base::Error;
using base::Reason;
using store::Space;
using store::v1::AliasRow;
using store::v1::ConsentRow;
using store::v1::FlagRow;
using store::v1::LocalRecordRow;
using store::v1::PersonRow;

absl::Status NobodyThere() {
  return Error(Reason::kNotFound, "no such person, or not yours to know");
}

absl::Status BadRow(const char* what) {
  return Error(Reason::kDataLoss,
               absl::StrCat("a stored ", what, " does not parse; call the operator"));
}

// Equal messages have equal bytes, whoever made them.
std::string Canonical(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

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

store::v1::ContactSecret SecretOf(const signpost::v1::Contact& contact) {
  store::v1::ContactSecret secret;
  secret.set_practitioner_id(contact.practitioner_id());
  secret.set_name(contact.name());
  secret.set_role(contact.role());
  secret.set_phone(contact.phone());
  secret.set_email(contact.email());
  secret.set_team_id(contact.team_id());
  return secret;
}

absl::StatusOr<LocalRecord> FromRow(std::string record_hash, const std::string& bytes) {
  SIGNPOST_ASSIGN_OR_RETURN(const LocalRecordRow row,
                            store::DecodeRow<LocalRecordRow>("a record", bytes));
  LocalRecord record;
  record.record_hash = std::move(record_hash);
  if (!row.person_id().empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(record.person, base::PersonId::FromBytes(row.person_id()));
  }
  if (!row.flag_id().empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(record.flag, base::FlagId::FromBytes(row.flag_id()));
  }
  if (!row.review_id().empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(record.review, base::ReviewId::FromBytes(row.review_id()));
  }
  return record;
}

FlagRow* FindRecord(PersonRow* row, absl::string_view agency_id, absl::string_view record_hash) {
  for (FlagRow& flag : *row->mutable_flags()) {
    if (flag.agency_id() == agency_id && flag.record_hash() == record_hash) return &flag;
  }
  return nullptr;
}

// Which alias makes room for one more of `agency_id`: its own oldest, else the oldest of an agency
// that has several, else the oldest.
int AliasToDrop(const PersonRow& row, absl::string_view agency_id) {
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

absl::StatusOr<std::string> Reseal(const std::string& sealed, const base::SecretKey& from_key,
                                   const base::PersonId& from, const base::SecretKey& to_key,
                                   const base::PersonId& to, absl::string_view kind,
                                   absl::string_view item, base::RandomSource* random) {
  if (sealed.empty()) return std::string();
  SIGNPOST_ASSIGN_OR_RETURN(std::string plain,
                            base::Open(from_key, SealContext(from, kind, item), sealed));
  return base::Seal(to_key, SealContext(to, kind, item), plain, random);
}

// A row and all that hangs on it, in one piece of memory: a person with three flags has some fifty
// messages and texts, read for every question and dropped whole.
struct ParsedRow {
  ParsedRow() : arena(first_block, sizeof(first_block)) {
    row = google::protobuf::Arena::CreateMessage<PersonRow>(&arena);
  }
  alignas(std::max_align_t) char first_block[6 << 10];
  google::protobuf::Arena arena;
  PersonRow* row;
};

}  // namespace

// A person being changed: the row to be, and what else is to be written.
struct People::Draft {
  base::PersonId id;
  PersonRow row;
  base::SecretKey key;
  store::Batch change;

  absl::StatusOr<std::string> Seal(absl::string_view kind, absl::string_view item,
                                   absl::string_view plain, base::RandomSource* random) const {
    return base::Seal(key, SealContext(id, kind, item), plain, random);
  }
  absl::StatusOr<std::string> Open(absl::string_view kind, absl::string_view item,
                                   const std::string& sealed) const {
    if (sealed.empty()) return std::string();
    return base::Open(key, SealContext(id, kind, item), sealed);
  }
  // Counts the change and writes the row.
  void Put() {
    row.set_version(row.version() + 1);
    change.Put(Space::kPeople, id.ToBytes(), store::EncodeRow(row));
  }
};

absl::StatusOr<Person> People::Read(const store::View& view, const base::PersonId& id) const {
  base::PersonId at = id;
  for (int hop = 0; hop <= kMergeHopsMax; ++hop) {
    const std::string key = at.ToBytes();
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> bytes, view.Get(Space::kPeople, key));
    if (!bytes) return NobodyThere();
    auto parsed = std::make_shared<ParsedRow>();
    PersonRow* const row = parsed->row;
    SIGNPOST_RETURN_IF_ERROR(store::DecodeRow("a person", *bytes, row));
    if (!row->merged_into().empty()) {
      SIGNPOST_ASSIGN_OR_RETURN(at, base::PersonId::FromBytes(row->merged_into()));
      continue;
    }
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> wrapped,
                              view.Get(Space::kPersonKeys, key));
    // A row whose key is gone was erased, and half of it came back from a backup.
    if (!wrapped) return NobodyThere();
    Person person;
    person.id_ = at;
    person.row_ = std::shared_ptr<const PersonRow>(std::move(parsed), row);
    person.key_ = std::make_shared<const DataKey>(keyring_, at, *std::move(wrapped));
    return person;
  }
  return Error(Reason::kDataLoss, "merged persons lead in a circle; call the operator");
}

absl::StatusOr<std::string> People::SealPrivateOf(const store::View& view, const base::PersonId& id,
                                                  absl::string_view label,
                                                  absl::string_view plain) const {
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> wrapped,
                            view.Get(Space::kPersonKeys, id.ToBytes()));
  if (!wrapped) return NobodyThere();
  SIGNPOST_ASSIGN_OR_RETURN(const base::SecretKey key, keyring_->UnwrapDataKey(id, *wrapped));
  return base::Seal(key, SealContext(id, kPrivateKind, label), plain, random_);
}

absl::StatusOr<base::Sealed<LazyText>> People::OpenPrivateOf(const store::View& view,
                                                             const base::PersonId& id,
                                                             absl::string_view label,
                                                             absl::string_view sealed) const {
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> wrapped,
                            view.Get(Space::kPersonKeys, id.ToBytes()));
  if (!wrapped) return NobodyThere();
  return base::Sealed<LazyText>(
      LazyText(std::make_shared<const DataKey>(keyring_, id, *std::move(wrapped)),
               SealContext(id, kPrivateKind, label), std::string(sealed)));
}

absl::StatusOr<ledger::Blinding> People::BlindingOf(const store::View& view,
                                                    const base::PersonId& id) const {
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> wrapped,
                            view.Get(Space::kPersonKeys, id.ToBytes()));
  if (!wrapped) return NobodyThere();
  SIGNPOST_ASSIGN_OR_RETURN(const base::SecretKey key, keyring_->UnwrapDataKey(id, *wrapped));
  return ledger::Blinding(key);
}

std::string People::RecordHash(absl::string_view agency_id, absl::string_view record_id) const {
  // Agency ids hold no NUL, so no two pairs run together.
  return base::HmacSha256(keyring_->local_record_key().bytes(),
                          absl::StrCat("record", absl::string_view("\0", 1), agency_id,
                                       absl::string_view("\0", 1), record_id));
}

std::string People::ContentHash(absl::string_view agency_id,
                                const signpost::v1::FlagReport& report) const {
  signpost::v1::FlagReport content = report;
  content.clear_sequence();
  return base::HmacSha256(keyring_->local_record_key().bytes(),
                          absl::StrCat("content", absl::string_view("\0", 1), agency_id,
                                       absl::string_view("\0", 1), Canonical(content)));
}

std::string People::LocalRecordKey(absl::string_view agency_id, absl::string_view record_hash) {
  return absl::StrCat(store::LengthPrefixed(agency_id), record_hash);
}

absl::StatusOr<LocalRecord> People::LookupLocalRecord(const store::View& view,
                                                      absl::string_view agency_id,
                                                      absl::string_view record_id) const {
  return LookupRecordHash(view, agency_id, RecordHash(agency_id, record_id));
}

absl::StatusOr<LocalRecord> People::LookupRecordHash(const store::View& view,
                                                     absl::string_view agency_id,
                                                     absl::string_view record_hash) const {
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> bytes,
                            view.Get(Space::kLocalRecords, LocalRecordKey(agency_id, record_hash)));
  if (!bytes) {
    return Error(Reason::kNotFound, "the agency has not reported this record; report it first");
  }
  return FromRow(std::string(record_hash), *bytes);
}

absl::StatusOr<RecordState> People::ResolveRecord(const store::View& view,
                                                  absl::string_view agency_id,
                                                  std::string record_hash) const {
  RecordState state;
  state.record_hash = std::move(record_hash);
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::optional<std::string> bytes,
      view.Get(Space::kLocalRecords, LocalRecordKey(agency_id, state.record_hash)));
  if (!bytes.has_value()) return state;
  SIGNPOST_ASSIGN_OR_RETURN(state.record, FromRow(state.record_hash, *bytes));
  if (!state.record->person.has_value()) return state;
  absl::StatusOr<Person> person = Read(view, *state.record->person);
  if (person.ok()) {
    state.person = *std::move(person);
  } else if (base::ReasonOf(person.status()) != Reason::kNotFound) {
    return std::move(person).status();
  }
  return state;
}

absl::StatusOr<OpenRecordPage> People::OpenRecordsOf(const store::View& view,
                                                     absl::string_view agency_id,
                                                     const std::string& token, int rows_max) const {
  if (!token.empty() && token.size() != base::kHashBytes) {
    return base::InvalidField("page_token", "take it from the page before");
  }
  if (rows_max < 1) return base::InvalidField("page_size", "at least 1");
  const std::string prefix = LocalRecordKey(agency_id, "");
  std::string from = prefix;
  if (!token.empty()) from = absl::StrCat(prefix, token, absl::string_view("\0", 1));
  SIGNPOST_ASSIGN_OR_RETURN(
      std::vector<store::KeyValue> rows,
      view.Scan(Space::kLocalRecords, from, store::PrefixEnd(prefix), rows_max));
  OpenRecordPage page;
  for (store::KeyValue& row : rows) {
    SIGNPOST_ASSIGN_OR_RETURN(LocalRecord record,
                              FromRow(row.key.substr(prefix.size()), row.value));
    OpenRecord listed;
    listed.record_hash = record.record_hash;
    listed.in_review = record.review.has_value();
    if (record.person) {
      absl::StatusOr<Person> person = Read(view, *record.person);
      if (!person.ok() && base::ReasonOf(person.status()) != Reason::kNotFound) {
        return std::move(person).status();
      }
      if (person.ok()) {
        listed.person = person->id();
        if (record.flag) {
          listed.flag = *record.flag;
          const FlagRow* flag = person->FindFlag(*record.flag);
          listed.open = flag != nullptr && flag->status() == signpost::v1::FLAG_STATUS_OPEN;
        }
      }
    }
    page.records.push_back(std::move(listed));
  }
  if (static_cast<int>(rows.size()) == rows_max) {
    page.next_token = rows.back().key.substr(prefix.size());
  }
  return page;
}

absl::StatusOr<People::Draft> People::Load(const ledger::GuardedView& view,
                                           const base::PersonId& id) const {
  SIGNPOST_ASSIGN_OR_RETURN(Person person, Read(view, id));
  return Begin(person);
}

absl::StatusOr<People::Draft> People::Begin(const Person& person) const {
  SIGNPOST_ASSIGN_OR_RETURN(base::SecretKey key, person.key_->Get());
  return Draft{person.id(), person.row(), key, {}};
}

absl::StatusOr<People::Draft> People::Create() const {
  const base::PersonId id = base::PersonId::New(random_);
  const base::SecretKey key = base::SecretKey::Generate(random_);
  SIGNPOST_ASSIGN_OR_RETURN(std::string wrapped, keyring_->WrapDataKey(id, key, random_));
  Draft draft{id, PersonRow(), key, {}};
  draft.change.Put(Space::kPersonKeys, id.ToBytes(), std::move(wrapped));
  return draft;
}

absl::StatusOr<FlagResult> People::PrepareReport(const base::Principal& reporter,
                                                 const signpost::v1::FlagReport& report,
                                                 const RecordState& state,
                                                 const std::string& content_hash,
                                                 const store::v1::AliasHashes& hashes,
                                                 const Person* person, absl::Time now) const {
  if (reporter.agency_id.empty() || reporter.agency_id.find('\0') != std::string::npos) {
    return base::InvalidField("agency_id", "the registered id of an agency");
  }
  FlagResult result;
  result.person_created = person == nullptr;
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, person != nullptr ? Begin(*person) : Create());
  result.person = draft.id;
  FlagRow* flag = FindRecord(&draft.row, reporter.agency_id, state.record_hash);
  const int status_before =
      flag == nullptr ? signpost::v1::FLAG_STATUS_UNSPECIFIED : flag->status();
  const bool retracts = report.status() == signpost::v1::FLAG_STATUS_RETRACTED;

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
    const bool waits = state.record.has_value() && state.record->review.has_value();
    if (same && !waits) {
      for (const AliasRow& alias : draft.row.aliases()) result.aliases.push_back(alias.hashes());
      return result;  // kUnchanged
    }
  } else {
    if (draft.row.flags_size() >= base::kFlagsPerPersonMax) {
      return base::InvalidField(
          "record_id", absl::StrCat("this person has ", base::kFlagsPerPersonMax,
                                    " records, the most the hub keeps; call the operator"));
    }
    flag = draft.row.add_flags();
    result.flag_created = true;
    result.flag = base::FlagId::New(random_);
    flag->set_flag_id(result.flag.ToBytes());
    flag->set_agency_id(reporter.agency_id);
    flag->set_record_hash(state.record_hash);
    flag->set_created_at_s(absl::ToUnixSeconds(now));
  }

  flag->set_content_hash(content_hash);
  flag->set_source_system(reporter.system_id);
  flag->set_confirmed_at_s(absl::ToUnixSeconds(now));
  flag->set_status(report.status());
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
    flag->clear_assessments();
    for (const signpost::v1::AssessmentPointer& pointer : report.assessments()) {
      store::v1::AssessmentRow* kept = flag->add_assessments();
      kept->set_kind(pointer.kind());
      kept->set_assessed_on(DateNumber(pointer.assessed_on()));
      *kept->mutable_sections() = pointer.sections();
    }
    flag->clear_sealed_contact();
    if (report.has_contact()) {
      SIGNPOST_ASSIGN_OR_RETURN(
          std::string sealed, draft.Seal(kContactKind, flag->flag_id(),
                                         SecretOf(report.contact()).SerializeAsString(), random_));
      flag->set_sealed_contact(std::move(sealed));
    }
    result.service = report.service();

    // The alias: what this agency says they are called, kept anew when it says something new.
    const std::string secret = Canonical(SecretOf(report.person()));
    AliasRow* latest = nullptr;
    for (AliasRow& alias : *draft.row.mutable_aliases()) {
      if (alias.agency_id() == reporter.agency_id) latest = &alias;
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
        latest = draft.row.add_aliases();
        latest->set_agency_id(reporter.agency_id);
        *latest->mutable_hashes() = hashes;
        latest->set_since_s(absl::ToUnixSeconds(now));
      }
      // Otherwise only the spelling changed, in a way that means nothing: keep the newer.
      latest->set_sealed(std::move(sealed));
    }
  }
  for (const AliasRow& alias : draft.row.aliases()) result.aliases.push_back(alias.hashes());

  LocalRecordRow local;
  local.set_person_id(draft.id.ToBytes());
  local.set_flag_id(result.flag.ToBytes());
  draft.change.Put(Space::kLocalRecords, LocalRecordKey(reporter.agency_id, state.record_hash),
                   store::EncodeRow(local));
  draft.Put();
  result.blinding.emplace(draft.key);
  result.change = std::move(draft.change);
  return result;
}

absl::StatusOr<FlagResult> People::PrepareClose(absl::string_view agency_id,
                                                const RecordState& state, absl::Time now,
                                                bool release) const {
  if (!state.record.has_value()) {
    return Error(Reason::kNotFound, "the agency has not reported this record; report it first");
  }
  FlagResult result;
  if (!state.record->person) return result;  // waits for review: there is no flag
  if (!state.person.has_value()) return NobodyThere();
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Begin(*state.person));
  result.person = draft.id;
  FlagRow* flag = FindRecord(&draft.row, agency_id, state.record_hash);
  if (flag == nullptr) return result;
  SIGNPOST_ASSIGN_OR_RETURN(result.flag, base::FlagId::FromBytes(flag->flag_id()));
  result.service = flag->service();
  for (std::string& agency : OpenAgencies(draft.row)) {
    if (agency != agency_id) result.other_agencies.push_back(std::move(agency));
  }
  for (const AliasRow& alias : draft.row.aliases()) result.aliases.push_back(alias.hashes());
  const bool open = flag->status() == signpost::v1::FLAG_STATUS_OPEN;
  if (!open && !release) return result;
  if (open) {
    flag->set_status(signpost::v1::FLAG_STATUS_CLOSED);
    flag->set_closed_on(std::max(Day(now), flag->opened_on()));
    result.kind = FlagChange::kClosed;
  }
  flag->clear_content_hash();  // so that the same report, sent again, opens it again
  if (release) flag->clear_record_hash();
  draft.Put();
  result.blinding.emplace(draft.key);
  result.change = std::move(draft.change);
  return result;
}

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
  if (draft.row.consents_size() >= base::kConsentsPerPersonMax) {
    return Error(Reason::kConsentInvalid,
                 absl::StrCat("this person has ", base::kConsentsPerPersonMax,
                              " records of consent, the most the hub keeps; call the operator"));
  }
  const bool given = consent.decision() == signpost::v1::CONSENT_DECISION_GIVEN;
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
  *draft.row.add_consents() = std::move(row);
  draft.Put();
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
  draft.Put();
  result.change = std::move(draft.change);
  return result;
}

absl::StatusOr<ShieldResult> People::PrepareShield(const ledger::GuardedView& view,
                                                   const base::PersonId& person, bool shielded,
                                                   absl::string_view agency_id,
                                                   absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Load(view, person));
  ShieldResult result;
  result.person = draft.id;
  if (draft.row.shield().shielded() == shielded) return result;
  store::v1::ShieldRow* shield = draft.row.mutable_shield();
  shield->set_shielded(shielded);
  shield->set_since_s(absl::ToUnixSeconds(now));
  shield->set_set_by_agency_id(std::string(agency_id));
  draft.Put();
  result.change = std::move(draft.change);
  return result;
}

absl::StatusOr<MergeResult> People::PrepareMerge(const ledger::GuardedView& view,
                                                 const base::PersonId& from,
                                                 const base::PersonId& to) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft source, Load(view, from));
  SIGNPOST_ASSIGN_OR_RETURN(Draft target, Load(view, to));
  if (source.id == target.id) {
    return base::InvalidField("to", "these are one person already; nothing to merge");
  }
  if (source.row.flags_size() + target.row.flags_size() > base::kFlagsPerPersonMax ||
      source.row.aliases_size() + target.row.aliases_size() > base::kAliasesPerPersonMax ||
      source.row.consents_size() + target.row.consents_size() > base::kConsentsPerPersonMax) {
    return base::InvalidField("from",
                              "together they would pass a limit of the hub; call the operator");
  }
  const auto reseal = [&](const std::string& sealed, absl::string_view kind,
                          absl::string_view item) {
    return Reseal(sealed, source.key, source.id, target.key, target.id, kind, item, random_);
  };
  for (AliasRow& alias : *source.row.mutable_aliases()) {
    SIGNPOST_ASSIGN_OR_RETURN(*alias.mutable_sealed(),
                              reseal(alias.sealed(), kAliasKind, alias.agency_id()));
    *target.row.add_aliases() = std::move(alias);
  }
  for (FlagRow& flag : *source.row.mutable_flags()) {
    SIGNPOST_ASSIGN_OR_RETURN(*flag.mutable_sealed_contact(),
                              reseal(flag.sealed_contact(), kContactKind, flag.flag_id()));
    *target.row.add_flags() = std::move(flag);
  }
  for (ConsentRow& consent : *source.row.mutable_consents()) {
    SIGNPOST_ASSIGN_OR_RETURN(*consent.mutable_sealed_note(),
                              reseal(consent.sealed_note(), kNoteKind, consent.consent_id()));
    SIGNPOST_ASSIGN_OR_RETURN(
        *consent.mutable_sealed_withdrawal_note(),
        reseal(consent.sealed_withdrawal_note(), kWithdrawalKind, consent.consent_id()));
    SIGNPOST_ASSIGN_OR_RETURN(
        *consent.mutable_sealed_secret(),
        reseal(consent.sealed_secret(), kConsentSecretKind, consent.consent_id()));
    *target.row.add_consents() = std::move(consent);
  }
  // Aliases stay in the order they came, so that an agency's last one is its latest.
  std::stable_sort(target.row.mutable_aliases()->begin(), target.row.mutable_aliases()->end(),
                   [](const AliasRow& a, const AliasRow& b) { return a.since_s() < b.since_s(); });
  if (source.row.shield().shielded() && !target.row.shield().shielded()) {
    *target.row.mutable_shield() = source.row.shield();
  }
  target.row.add_merged_from(source.id.ToBytes());
  for (const std::string& earlier : source.row.merged_from()) target.row.add_merged_from(earlier);

  MergeResult result;
  result.from = source.id;
  result.to = target.id;
  result.shielded = target.row.shield().shielded();
  PersonRow pointer;
  pointer.set_merged_into(target.id.ToBytes());
  pointer.set_version(source.row.version() + 1);
  target.Put();
  result.change = std::move(target.change);
  result.change.Put(Space::kPeople, source.id.ToBytes(), store::EncodeRow(pointer));
  return result;
}

absl::StatusOr<store::Batch> People::PrepareErase(const ledger::GuardedView& view,
                                                  const base::PersonId& person,
                                                  std::vector<base::PersonId>* ids) const {
  SIGNPOST_ASSIGN_OR_RETURN(Person read, Read(view, person));
  ids->assign(1, read.id());
  for (const std::string& merged : read.row().merged_from()) {
    SIGNPOST_ASSIGN_OR_RETURN(base::PersonId id, base::PersonId::FromBytes(merged));
    ids->push_back(id);
  }
  store::Batch change;
  for (const FlagRow& flag : read.flags()) {
    if (flag.record_hash().empty()) continue;  // the record is somebody else's now
    change.Delete(Space::kLocalRecords, LocalRecordKey(flag.agency_id(), flag.record_hash()));
  }
  for (const base::PersonId& id : *ids) {
    const std::string key = id.ToBytes();
    change.Delete(Space::kPeople, key);
    change.Delete(Space::kPersonKeys, key);
    SIGNPOST_RETURN_IF_ERROR(ledger::PersonIndex(&view).Remove(id, &change));
  }
  return change;
}

int32_t DateNumber(const signpost::v1::Date& date) {
  if (date.year() < 1 || date.year() > 9999) return 0;
  const absl::CivilDay day(date.year(), date.month(), date.day());
  if (day.month() != date.month() || day.day() != date.day()) return 0;
  return date.year() * 10000 + date.month() * 100 + date.day();
}

signpost::v1::Date DateFromNumber(int32_t number) {
  signpost::v1::Date date;
  if (number <= 0) return date;
  date.set_year(number / 10000);
  date.set_month(number / 100 % 100);
  date.set_day(number % 100);
  return date;
}

}  // namespace signpost::people
