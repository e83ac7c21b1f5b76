#include "hub/people/people.h"

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "hub/base/crypto.h"
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
using store::v1::FlagRow;
using store::v1::LocalRecordRow;
using store::v1::PersonRow;

namespace {

absl::StatusOr<LocalRecord> FromRow(std::string record_hash, const std::string& bytes) {
  SIGNPOST_ASSIGN_OR_RETURN(const LocalRecordRow row,
                            store::DecodeRow<LocalRecordRow>("a record", bytes));
  LocalRecord record;
  record.record_hash = std::move(record_hash);
  SIGNPOST_ASSIGN_OR_RETURN(record.known_as, base::PersonId::FromBytes(row.person_id()));
  SIGNPOST_ASSIGN_OR_RETURN(record.flag, base::FlagId::FromBytes(row.flag_id()));
  return record;
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

absl::Status NobodyThere() {
  return Error(Reason::kNotFound, "no such person, or not yours to know");
}

absl::Status BadRow(const char* what) {
  return Error(Reason::kDataLoss,
               absl::StrCat("a stored ", what, " does not parse; call the operator"));
}

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
    person.named_as_ = id;
    person.row_ = std::shared_ptr<const PersonRow>(std::move(parsed), row);
    person.key_ = std::make_shared<const DataKey>(keyring_, at, *std::move(wrapped));
    return person;
  }
  return Error(Reason::kDataLoss, "merged persons lead in a circle; call the operator");
}

absl::StatusOr<std::optional<Person>> People::ReadIfThere(const store::View& view,
                                                          const std::string& id_bytes) const {
  if (id_bytes.empty()) return std::nullopt;
  SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(id_bytes));
  absl::StatusOr<Person> person = Read(view, id);
  if (person.ok()) return *std::move(person);
  if (base::ReasonOf(person.status()) == Reason::kNotFound) return std::nullopt;
  return std::move(person).status();
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
               SealContext(id, kPrivateKind, label), sealed));
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
  const absl::string_view nul("\0", 1);
  return record_key_.Hash({"record", nul, agency_id, nul, record_id});
}

std::string People::NameHash(const store::v1::FlagRow& flag, absl::string_view what,
                             absl::string_view id) const {
  // With the flag in it, so that equal workers do not show as such to who reads the disk.
  return record_key_.Hash({what, absl::string_view("\0", 1), flag.flag_id(), flag.agency_id(),
                           absl::string_view("\0", 1), id});
}

bool People::NamesWorker(const store::v1::FlagRow& flag, absl::string_view practitioner_id) const {
  return !flag.worker_hash().empty() && !practitioner_id.empty() &&
         flag.worker_hash() == NameHash(flag, kWorkerLabel, practitioner_id);
}

bool People::NamesTeam(const store::v1::FlagRow& flag, absl::string_view team_id) const {
  return !flag.team_hash().empty() && !team_id.empty() &&
         flag.team_hash() == NameHash(flag, kTeamLabel, team_id);
}

std::string People::ContentHash(absl::string_view agency_id,
                                const signpost::v1::FlagReport& report) const {
  if (report.sequence() != 0) {
    signpost::v1::FlagReport content = report;
    content.clear_sequence();
    return ContentHash(agency_id, content);
  }
  const absl::string_view nul("\0", 1);
  return record_key_.Hash({"content", nul, agency_id, nul, Canonical(report)});
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
  absl::StatusOr<Person> person = Read(view, state.record->known_as);
  if (person.ok()) {
    state.person = *std::move(person);
    for (const store::v1::ArchivedFlagRow& row : state.person->row().archived()) {
      if (row.flag_id() != state.record->flag.bytes()) continue;
      SIGNPOST_ASSIGN_OR_RETURN(const std::optional<LazyArchivedFlag> lazy,
                                LookupArchived(view, *keyring_, row.flag_id()));
      if (!lazy.has_value()) continue;
      SIGNPOST_ASSIGN_OR_RETURN(state.archived, lazy->Open());
    }
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
    absl::StatusOr<Person> person = Read(view, record.known_as);
    if (!person.ok() && base::ReasonOf(person.status()) != Reason::kNotFound) {
      return std::move(person).status();
    }
    if (person.ok()) {
      listed.person = person->id();
      listed.flag = record.flag;
      const FlagRow* flag = person->FindFlag(record.flag);
      listed.open = flag != nullptr && flag->status() == signpost::v1::FLAG_STATUS_OPEN;
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
  return Draft{person.id(), person.row(), key, {}, &keeping_};
}

absl::StatusOr<People::Draft> People::Create() const {
  const base::PersonId id = base::PersonId::New(random_);
  const base::SecretKey key = base::SecretKey::Generate(random_);
  SIGNPOST_ASSIGN_OR_RETURN(std::string wrapped, keyring_->WrapDataKey(id, key, random_));
  Draft draft{id, PersonRow(), key, {}, &keeping_};
  draft.change.Put(Space::kPersonKeys, id.ToBytes(), wrapped);
  return draft;
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
