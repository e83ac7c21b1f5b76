#include "hub/people/erased_records.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/people/closings.h"
#include "hub/people/draft.h"
#include "hub/store/row_codec.h"

namespace signpost::people {

using store::Space;
using store::v1::ErasedRecordQuestionRow;
using store::v1::ErasedRecordRow;

namespace {

// Longer than an id with what stands behind them, so that no wrapped data key is taken for either.
constexpr char kMarkPrefix[] = "erased-record/";
constexpr char kHeldPrefix[] = "held-report/";
constexpr char kQuestionPrefix[] = "erased/";
constexpr char kMarkContext[] = "erased-record";
constexpr char kReportContext[] = "held-report";

std::string MarkHash(const base::Keyring& keyring, absl::string_view agency_id,
                     absl::string_view record_hash) {
  return base::HmacKey(keyring.erased_record_key())
      .Hash({agency_id, absl::string_view("\0", 1), record_hash});
}

std::string MarkKey(const std::string& hash) { return absl::StrCat(kMarkPrefix, hash); }

std::string QuestionsOf(absl::string_view asked_agency_id) {
  return absl::StrCat(kQuestionPrefix, store::LengthPrefixed(asked_agency_id));
}

std::string QuestionKey(absl::string_view asked_agency_id, const base::ReviewId& id) {
  return absl::StrCat(QuestionsOf(asked_agency_id), id.bytes());
}

std::string HeldKey(absl::string_view question_key) {
  return absl::StrCat(kHeldPrefix, question_key);
}

// The key of a held report is wrapped as a person's is; nobody has this id, which is a hash.
base::PersonId WrappedAs(absl::string_view question_key) {
  return *base::PersonId::FromBytes(question_key.substr(question_key.size() - base::kIdBytes));
}

std::string ReportContext(absl::string_view question_key) {
  return absl::StrCat(kReportContext, absl::string_view("\0", 1), question_key);
}

absl::Status NoQuestion() {
  return base::Error(base::Reason::kNotFound, "no such question waits for your agency's answer");
}

absl::StatusOr<ErasedRecordQuestion> FromRow(const store::View& view, const base::Keyring& keyring,
                                             const std::string& key, const std::string& bytes) {
  SIGNPOST_ASSIGN_OR_RETURN(
      auto row, store::DecodeRow<ErasedRecordQuestionRow>("a question of an erased record", bytes));
  SIGNPOST_ASSIGN_OR_RETURN(const base::ReviewId id,
                            base::ReviewId::FromBytes(key.substr(key.size() - base::kIdBytes)));
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> wrapped,
                            view.Get(Space::kPersonKeys, HeldKey(key)));
  // Answered since the store was last backed up, from which it was put back: the key is gone for good.
  if (!wrapped.has_value()) row.set_kept_out(true);
  std::string sealed = row.sealed_report();
  return ErasedRecordQuestion{
      id, std::move(row),
      base::Sealed<LazyHeldReport>(LazyHeldReport(
          &keyring, key, std::move(wrapped).value_or(std::string()), std::move(sealed)))};
}

}  // namespace

bool IsErasedRecord(absl::string_view key) { return absl::StartsWith(key, kMarkPrefix); }
bool IsHeldReportKey(absl::string_view key) { return absl::StartsWith(key, kHeldPrefix); }
std::string QuestionOfKey(absl::string_view key) {
  return std::string(key.substr(sizeof(kHeldPrefix) - 1));
}

absl::Status PutErasedRecord(const base::Keyring& keyring, absl::string_view record_hash,
                             const ErasedRecordRow& row, base::RandomSource* random,
                             store::Batch* batch) {
  const std::string key = MarkKey(MarkHash(keyring, row.agency_id(), record_hash));
  SIGNPOST_ASSIGN_OR_RETURN(const std::string sealed,
                            base::Seal(keyring.hub_data_key(),
                                       absl::StrCat(kMarkContext, absl::string_view("\0", 1), key),
                                       row.SerializeAsString(), random));
  batch->Put(Space::kPersonKeys, key, absl::StrCat(std::string(1, store::kRowVersion), sealed));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ErasedRecordRow>> ReadErasedRecord(const store::View& view,
                                                                const base::Keyring& keyring,
                                                                absl::string_view agency_id,
                                                                absl::string_view record_hash) {
  const std::string key = MarkKey(MarkHash(keyring, agency_id, record_hash));
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                            view.Get(Space::kPersonKeys, key));
  if (!bytes.has_value()) return std::optional<ErasedRecordRow>();
  if (bytes->empty() || (*bytes)[0] != store::kRowVersion)
    return BadRow("mark of an erased record");
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::string plain,
      base::Open(keyring.hub_data_key(),
                 absl::StrCat(kMarkContext, absl::string_view("\0", 1), key), bytes->substr(1)));
  ErasedRecordRow row;
  if (!row.ParseFromString(plain)) return BadRow("mark of an erased record");
  return std::optional<ErasedRecordRow>(std::move(row));
}

absl::StatusOr<signpost::v1::FlagReport> LazyHeldReport::Open() const {
  SIGNPOST_ASSIGN_OR_RETURN(const base::SecretKey key,
                            keyring_->UnwrapDataKey(WrappedAs(place_), wrapped_));
  SIGNPOST_ASSIGN_OR_RETURN(const std::string plain,
                            base::Open(key, ReportContext(place_), sealed_));
  signpost::v1::FlagReport report;
  if (!report.ParseFromString(plain)) return BadRow("report of an erased record");
  return report;
}

absl::StatusOr<HeldReport> HoldReport(const store::View& view, const base::Keyring& keyring,
                                      const ErasedRecordRow& mark, absl::string_view record_hash,
                                      const base::Principal& reporter,
                                      const signpost::v1::FlagReport& report,
                                      const std::string& content_hash, absl::Time now,
                                      base::RandomSource* random) {
  HeldReport held;
  const std::string hash = MarkHash(keyring, mark.agency_id(), record_hash);
  SIGNPOST_ASSIGN_OR_RETURN(held.question,
                            base::ReviewId::FromBytes(hash.substr(0, base::kIdBytes)));
  const std::string key = QuestionKey(mark.asked_agency_id(), held.question);
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, view.Get(Space::kReviews, key));
  ErasedRecordQuestionRow row;
  std::optional<std::string> wrapped;
  if (bytes.has_value()) {
    SIGNPOST_RETURN_IF_ERROR(store::DecodeRow("a question of an erased record", *bytes, &row));
    SIGNPOST_ASSIGN_OR_RETURN(wrapped, view.Get(Space::kPersonKeys, HeldKey(key)));
    // As above: it was answered.
    if (!wrapped.has_value()) row.set_kept_out(true);
    if (row.content_hash() == content_hash) return held;
  }
  if (report.status() == signpost::v1::FLAG_STATUS_RETRACTED) {
    if (!bytes.has_value() || row.kept_out()) return held;
    held.change.Delete(Space::kReviews, key);
    held.change.Delete(Space::kPersonKeys, HeldKey(key));
    held.change.Put(Space::kMeta, kKeyDestroyedKey, "1");
    return held;
  }
  row.set_agency_id(mark.agency_id());
  row.set_source_system(reporter.system_id);
  row.set_since_s(absl::ToUnixSeconds(now));
  row.set_erased_at_s(mark.erased_at_s());
  row.set_content_hash(content_hash);
  if (!row.kept_out()) {
    // One key for as long as the question waits: a row that is put back from a backup, with the keys of
    // today, still opens.
    base::SecretKey secret = base::SecretKey::Generate(random);
    if (wrapped.has_value()) {
      SIGNPOST_ASSIGN_OR_RETURN(secret, keyring.UnwrapDataKey(WrappedAs(key), *wrapped));
    } else {
      SIGNPOST_ASSIGN_OR_RETURN(wrapped, keyring.WrapDataKey(WrappedAs(key), secret, random));
      held.change.Put(Space::kPersonKeys, HeldKey(key), *wrapped);
    }
    SIGNPOST_ASSIGN_OR_RETURN(
        *row.mutable_sealed_report(),
        base::Seal(secret, ReportContext(key), report.SerializeAsString(), random));
  }
  held.change.Put(Space::kReviews, key, store::EncodeRow(row));
  return held;
}

absl::StatusOr<ErasedRecordPage> ListErasedRecords(const store::View& view,
                                                   const base::Keyring& keyring,
                                                   absl::string_view asked_agency_id,
                                                   const std::string& token, int rows_max) {
  const std::string prefix = QuestionsOf(asked_agency_id);
  std::string from = prefix;
  if (!token.empty()) {
    const absl::StatusOr<base::ReviewId> after = base::ReviewId::FromText(token);
    if (!after.ok()) return base::InvalidField("page_token", "take it from the page before");
    from = absl::StrCat(QuestionKey(asked_agency_id, *after), absl::string_view("\0", 1));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                            view.Scan(Space::kReviews, from, store::PrefixEnd(prefix), rows_max));
  ErasedRecordPage page;
  for (const store::KeyValue& row : rows) {
    SIGNPOST_ASSIGN_OR_RETURN(ErasedRecordQuestion question,
                              FromRow(view, keyring, row.key, row.value));
    page.next_token = question.id.ToText();
    if (!question.row.kept_out()) page.questions.push_back(std::move(question));
  }
  if (static_cast<int>(rows.size()) < rows_max) page.next_token.clear();
  return page;
}

absl::StatusOr<ErasedRecordQuestion> ReadErasedRecordQuestion(const store::View& view,
                                                              const base::Keyring& keyring,
                                                              absl::string_view asked_agency_id,
                                                              const base::ReviewId& id) {
  const std::string key = QuestionKey(asked_agency_id, id);
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, view.Get(Space::kReviews, key));
  if (!bytes.has_value()) return NoQuestion();
  SIGNPOST_ASSIGN_OR_RETURN(ErasedRecordQuestion question, FromRow(view, keyring, key, *bytes));
  if (question.row.kept_out()) return NoQuestion();
  return question;
}

absl::StatusOr<signpost::v1::FlagReport> OpenHeldReport(const store::View& view,
                                                        const base::Keyring& keyring,
                                                        absl::string_view asked_agency_id,
                                                        const ErasedRecordQuestion& question) {
  const std::string key = QuestionKey(asked_agency_id, question.id);
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> wrapped,
                            view.Get(Space::kPersonKeys, HeldKey(key)));
  return LazyHeldReport(&keyring, key, std::move(wrapped).value_or(std::string()),
                        question.row.sealed_report())
      .Open();
}

void KeepErasedRecordOut(absl::string_view asked_agency_id, const ErasedRecordQuestion& question,
                         store::Batch* batch) {
  const std::string key = QuestionKey(asked_agency_id, question.id);
  ErasedRecordQuestionRow row = question.row;
  row.clear_sealed_report();
  row.set_kept_out(true);
  batch->Put(Space::kReviews, key, store::EncodeRow(row));
  batch->Delete(Space::kPersonKeys, HeldKey(key));
  batch->Put(Space::kMeta, kKeyDestroyedKey, "1");
}

void ForgetErasedRecord(const base::Keyring& keyring, absl::string_view asked_agency_id,
                        const ErasedRecordQuestion& question, absl::string_view record_hash,
                        store::Batch* batch) {
  const std::string key = QuestionKey(asked_agency_id, question.id);
  batch->Delete(Space::kReviews, key);
  batch->Delete(Space::kPersonKeys, HeldKey(key));
  batch->Delete(Space::kPersonKeys,
                MarkKey(MarkHash(keyring, question.row.agency_id(), record_hash)));
  batch->Put(Space::kMeta, kClosingMadeKey, "1");
}

}  // namespace signpost::people
