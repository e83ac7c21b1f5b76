// PersonIndex is a side index that leads from young persons to the entries about them, and back:
// entries name nobody, so this alone finds the entries of a person, and the person of an entry. It
// is erased with the person, and then nobody can.
//
// It owns Space::kPersonEntries and Space::kEntryPersons, the same both ways round. A PersonIndex
// reads one View, which is not owned and must outlive it; it is thread-safe. What writes are
// functions that add to a batch. Errors of all: kDataLoss, those of the view.

#ifndef SIGNPOST_HUB_LEDGER_PERSON_INDEX_H_
#define SIGNPOST_HUB_LEDGER_PERSON_INDEX_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/base/ids.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/store.h"

namespace signpost::ledger {

class PersonIndex {
 public:
  explicit PersonIndex(const store::View* view) : view_(view) {}

  // Numbers of the entries about `person` in [first, end), ascending, at most `count`.
  [[nodiscard]] absl::StatusOr<std::vector<uint64_t>> EntriesOf(const base::PersonId& person,
                                                                uint64_t first, uint64_t end,
                                                                int count) const;
  // All of them.
  [[nodiscard]] absl::StatusOr<std::vector<uint64_t>> EntriesOf(const base::PersonId& person) const;

  // Whom entry `index` is about: none, one, or, where it is a list, several. Ids as they were then:
  // somebody may have been merged into another since.
  [[nodiscard]] absl::StatusOr<std::vector<base::PersonId>> PersonsOf(uint64_t index) const;
  // The same for all entries of [first, end), in order of number.
  [[nodiscard]] absl::StatusOr<std::vector<std::pair<uint64_t, base::PersonId>>> PersonsIn(
      uint64_t first, uint64_t end) const;

  // Adds that entry number `i` of `operation` is about `person`.
  static void Add(const base::PersonId& person, Operation* operation, size_t i = 0);
  // Adds to `batch` that nothing is about `person` any more.
  [[nodiscard]] absl::Status Remove(const base::PersonId& person, store::Batch* batch) const;

  // Goes through the whole index and hands to `commit`, in batches, that nothing is about `gone`
  // (ids of 16 bytes) any more. For a store that was put back. Errors: also those of `commit`.
  [[nodiscard]] absl::Status RemoveAll(const absl::flat_hash_set<std::string>& gone,
                                       absl::FunctionRef<absl::Status(store::Batch)> commit) const;

 private:
  const store::View* const view_;
};

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_PERSON_INDEX_H_
