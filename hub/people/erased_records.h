// Erased records are marks that say whose records were those of somebody who was erased, so that the
// next run of an adapter does not put them back: a report of such a record becomes a question to the data
// protection officer of the agency that erased them.
//
// A mark is a row among the wrapped keys (Space::kPersonKeys), which no backup holds: restored is the
// store, not the mark's absence. It is found by a keyed hash of the agency and its record, under a key of its
// own, and sealed; it says that some record of an agency was erased, and nothing of whom.
//
// A question is a row of Space::kReviews with the report in it, sealed under a key that lies among the
// wrapped keys too. There is one a record; the report that came last is the one that is held. Once it is
// answered that the record stays out, the report and its key are gone, and what is reported of the record
// later is not kept. In a store put back from before the answer the question stands without its key, and
// counts as answered.
//
// Pure functions but for the view they are given; thread-safe.

#ifndef SIGNPOST_HUB_PEOPLE_ERASED_RECORDS_H_
#define SIGNPOST_HUB_PEOPLE_ERASED_RECORDS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/ids.h"
#include "hub/base/keyring.h"
#include "hub/base/principal.h"
#include "hub/base/random.h"
#include "hub/base/sealed.h"
#include "hub/store/store.h"
#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::people {

// --- Marks ---

// Whether a row of Space::kPersonKeys is a mark; the wrapped key of a report that is held.
bool IsErasedRecord(absl::string_view key);
bool IsHeldReportKey(absl::string_view key);
// Where the question stands that a held report's key is of: key of Space::kReviews. REQUIRES:
// IsHeldReportKey(key).
std::string QuestionOfKey(absl::string_view key);

// Adds the mark of `row.agency_id()`'s record to `batch`.
[[nodiscard]] absl::Status PutErasedRecord(const base::Keyring& keyring,
                                           absl::string_view record_hash,
                                           const store::v1::ErasedRecordRow& row,
                                           base::RandomSource* random, store::Batch* batch);

// The mark of a record; nothing for one of nobody who was erased. Errors: kDataLoss; those of the view.
[[nodiscard]] absl::StatusOr<std::optional<store::v1::ErasedRecordRow>> ReadErasedRecord(
    const store::View& view, const base::Keyring& keyring, absl::string_view agency_id,
    absl::string_view record_hash);

// --- Questions ---

// A report of an erased record, still encrypted.
class LazyHeldReport {
 public:
  LazyHeldReport(const base::Keyring* keyring, std::string place, std::string wrapped,
                 std::string sealed)
      : keyring_(keyring),
        place_(std::move(place)),
        wrapped_(std::move(wrapped)),
        sealed_(std::move(sealed)) {}
  // Errors: kDataLoss.
  [[nodiscard]] absl::StatusOr<signpost::v1::FlagReport> Open() const;

 private:
  const base::Keyring* keyring_;
  std::string place_;
  std::string wrapped_;
  std::string sealed_;
};

struct HeldReport {
  base::ReviewId question;
  store::Batch change;  // empty: it was reported so before
};

// What becomes of `report` of a record that `mark` marks. One that is retracted takes the question
// away. Errors: kDataLoss; those of the view.
[[nodiscard]] absl::StatusOr<HeldReport> HoldReport(
    const store::View& view, const base::Keyring& keyring, const store::v1::ErasedRecordRow& mark,
    absl::string_view record_hash, const base::Principal& reporter,
    const signpost::v1::FlagReport& report, const std::string& content_hash, absl::Time now,
    base::RandomSource* random);

struct ErasedRecordQuestion {
  base::ReviewId id;
  store::v1::ErasedRecordQuestionRow row;
  base::Sealed<LazyHeldReport> report;
};
struct ErasedRecordPage {
  std::vector<ErasedRecordQuestion> questions;  // those that wait for an answer
  std::string next_token;                       // empty at the end
};

// Questions to officers of `asked_agency_id`. Looks at `rows_max` rows. Errors: kInvalidField for a
// foreign token; kDataLoss; those of the view.
[[nodiscard]] absl::StatusOr<ErasedRecordPage> ListErasedRecords(const store::View& view,
                                                                 const base::Keyring& keyring,
                                                                 absl::string_view asked_agency_id,
                                                                 const std::string& token,
                                                                 int rows_max);

// One of them. Errors: kNotFound when there is none that waits, or it is another agency's to answer.
[[nodiscard]] absl::StatusOr<ErasedRecordQuestion> ReadErasedRecordQuestion(
    const store::View& view, const base::Keyring& keyring, absl::string_view asked_agency_id,
    const base::ReviewId& id);

// What was reported of it last, to be taken in. Errors: kDataLoss; those of the view.
[[nodiscard]] absl::StatusOr<signpost::v1::FlagReport> OpenHeldReport(
    const store::View& view, const base::Keyring& keyring, absl::string_view asked_agency_id,
    const ErasedRecordQuestion& question);

// Adds to `batch` that the record stays out: the report is gone.
void KeepErasedRecordOut(absl::string_view asked_agency_id, const ErasedRecordQuestion& question,
                         store::Batch* batch);
// Adds to `batch` that the record is one like any other again: mark and question are gone.
void ForgetErasedRecord(const base::Keyring& keyring, absl::string_view asked_agency_id,
                        const ErasedRecordQuestion& question, absl::string_view record_hash,
                        store::Batch* batch);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_ERASED_RECORDS_H_
