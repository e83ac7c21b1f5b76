#include "hub/ledger/person_index.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/index_hook.h"

namespace signpost::ledger {
namespace {

using store::Space;

// A row in each space for an entry and a person, both without a value.
constexpr size_t kPersonBytes = 16;
constexpr size_t kIndexBytes = 8;

// Of Space::kPersonEntries.
std::string PersonKey(const base::PersonId& person, uint64_t index) {
  return absl::StrCat(person.bytes(), store::KeyU64(index));
}
// Of Space::kEntryPersons.
std::string IndexKey(uint64_t index, absl::string_view person) {
  return absl::StrCat(store::KeyU64(index), person);
}

absl::Status Damaged() {
  return base::Error(base::Reason::kDataLoss,
                     "a row of the index of who is asked about does not read; call the operator");
}

absl::Status CheckKey(const std::string& key) {
  return key.size() == kPersonBytes + kIndexBytes ? absl::OkStatus() : Damaged();
}

// Whom a row is about, whose id stands `at` in its key.
absl::StatusOr<base::PersonId> PersonAt(const std::string& key, size_t at) {
  SIGNPOST_RETURN_IF_ERROR(CheckKey(key));
  return base::PersonId::FromBytes(absl::string_view(key).substr(at, kPersonBytes));
}

}  // namespace

absl::StatusOr<std::vector<uint64_t>> PersonIndex::EntriesOf(const base::PersonId& person,
                                                             uint64_t first, uint64_t end,
                                                             int count) const {
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::vector<store::KeyValue> rows,
      view_->Scan(Space::kPersonEntries, PersonKey(person, first), PersonKey(person, end), count));
  std::vector<uint64_t> indexes;
  indexes.reserve(rows.size());
  for (const store::KeyValue& row : rows) {
    SIGNPOST_RETURN_IF_ERROR(CheckKey(row.key));
    indexes.push_back(store::U64FromKey(row.key.substr(kPersonBytes)));
  }
  return indexes;
}

absl::StatusOr<std::vector<uint64_t>> PersonIndex::EntriesOf(const base::PersonId& person) const {
  std::vector<uint64_t> all;
  for (uint64_t first = 0;;) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> some,
                              EntriesOf(person, first, UINT64_MAX, base::kPageRowsMax));
    all.insert(all.end(), some.begin(), some.end());
    if (static_cast<int>(some.size()) < base::kPageRowsMax) return all;
    first = some.back() + 1;
  }
}

absl::StatusOr<std::vector<base::PersonId>> PersonIndex::PersonsOf(uint64_t index) const {
  SIGNPOST_ASSIGN_OR_RETURN(const auto found, PersonsIn(index, index + 1));
  std::vector<base::PersonId> persons;
  persons.reserve(found.size());
  for (const auto& [number, person] : found) persons.push_back(person);
  return persons;
}

absl::StatusOr<std::vector<std::pair<uint64_t, base::PersonId>>> PersonIndex::PersonsIn(
    uint64_t first, uint64_t end) const {
  std::vector<std::pair<uint64_t, base::PersonId>> found;
  std::string from = IndexKey(first, "");
  const std::string to = IndexKey(end, "");
  while (from < to) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                              view_->Scan(Space::kEntryPersons, from, to, base::kPageRowsMax));
    for (const store::KeyValue& row : rows) {
      SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId person, PersonAt(row.key, kIndexBytes));
      found.emplace_back(store::U64FromKey(row.key), person);
    }
    if (static_cast<int>(rows.size()) < base::kPageRowsMax) break;
    from = rows.back().key + '\0';
  }
  return found;
}

// Two rows for each: one to find a person's entries, one to find an entry's persons. By the second
// alone a person could not be erased without a walk through all entries, by the first alone a search
// could not say whom an entry is about.
void PersonIndex::Add(const base::PersonId& person, Operation* operation, size_t i) {
  AddIndexHook(operation, [person, i](uint64_t first_index, store::Batch& batch) {
    batch.Put(Space::kPersonEntries, PersonKey(person, first_index + i), std::string());
    batch.Put(Space::kEntryPersons, IndexKey(first_index + i, person.bytes()), std::string());
  });
}

absl::Status PersonIndex::Remove(const base::PersonId& person, store::Batch* batch) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> indexes, EntriesOf(person));
  for (const uint64_t index : indexes) {
    batch->Delete(Space::kPersonEntries, PersonKey(person, index));
    batch->Delete(Space::kEntryPersons, IndexKey(index, person.bytes()));
  }
  return absl::OkStatus();
}

absl::Status PersonIndex::RemoveAll(const absl::flat_hash_set<std::string>& gone,
                                    absl::FunctionRef<absl::Status(store::Batch)> commit) const {
  for (const auto& [space, at] : {std::pair(Space::kPersonEntries, size_t{0}),
                                  std::pair(Space::kEntryPersons, kIndexBytes)}) {
    SIGNPOST_RETURN_IF_ERROR(store::VisitRows(
        *view_, space, commit,
        [&, space = space, at = at](const store::KeyValue& row,
                                    store::Batch* batch) -> absl::Status {
          SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId person, PersonAt(row.key, at));
          if (gone.contains(person.bytes())) batch->Delete(space, row.key);
          return absl::OkStatus();
        }));
  }
  return absl::OkStatus();
}

}  // namespace signpost::ledger
