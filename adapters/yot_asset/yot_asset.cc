#include "adapters/yot_asset/yot_asset.h"

#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "adapters/kit/fields.h"
#include "adapters/kit/values.h"
#include "adapters/kit/xml.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters::yot_asset {

extern const char kDefaultMapping[];

namespace {

using signpost::v1::AssessmentPointer;

// Where the parts of one assessment stand in the archive.
struct Parts {
  int64_t row = 0;
  std::map<std::string, size_t> index_of;
};

constexpr const char* kPartNames[] = {"header.xml", "dynamic.xml", "static.xml", "supplement.xml"};

// A whole number within a range, or nothing.
std::optional<int> Score(absl::string_view text, int max) {
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < 0 || value > max) return std::nullopt;
  return value;
}

// One assessment on its way from parts to pointer.
class Assessment {
 public:
  Assessment(ZipArchive* archive, const Parts& parts, const Mapping& mapping, absl::CivilDay today,
             RowScope* row)
      : archive_(archive), parts_(parts), mapping_(mapping), today_(today), row_(row) {}

  // The pointer; the row is rejected when there is none.
  std::optional<AssessmentPointer> Read(const std::string& folder) {
    ReadHeader(folder);
    if (!row_->rejected()) ReadDynamic();
    if (!row_->rejected()) ReadStatic();
    if (!row_->rejected()) ReadSupplement();
    if (row_->rejected()) return std::nullopt;
    pointer_.set_kind(mapping_.Default("assessment_kind"));
    return pointer_;
  }
  const std::string& case_id() const { return case_id_; }

 private:
  // The part's document. Rejects the row when the part is broken, or lacks and is `needed`.
  std::optional<XmlElement> Part(const std::string& part, const char* root, bool needed) {
    const auto found = parts_.index_of.find(part);
    if (found == parts_.index_of.end()) {
      if (needed) row_->Reject(part, "this part is not in the zip");
      return std::nullopt;
    }
    absl::StatusOr<std::string> bytes = archive_->Read(found->second);
    if (!bytes.ok()) {
      row_->Reject(part, std::string(bytes.status().message()));
      return std::nullopt;
    }
    absl::StatusOr<XmlElement> document = ParseXml(*bytes, part, root);
    if (!document.ok()) {
      row_->Reject(part, std::string(document.status().message()));
      return std::nullopt;
    }
    return *std::move(document);
  }

  void ReadHeader(const std::string& folder) {
    const std::optional<XmlElement> header = Part("header.xml", "AssetHeader", /*needed=*/true);
    if (!header.has_value()) return;
    case_id_ = header->ChildText("CaseId");
    if (!IsRecordId(case_id_)) {
      row_->Reject("header.xml CaseId", "is empty or too long; the case must be named");
      return;
    }
    const std::string id = header->ChildText("AssessmentId");
    if (!id.empty() && id != folder) {
      row_->Correct("header.xml AssessmentId",
                    "differs from the folder's name: the folder's holds");
    }
    const std::optional<signpost::v1::Date> day = ParseIsoDay(header->ChildText("AssessedOn"));
    if (!day.has_value() || ToCivil(*day) > today_) {
      row_->Reject("header.xml AssessedOn",
                   day.has_value() ? "lies in the future" : "is no day; write YYYY-MM-DD");
      return;
    }
    *pointer_.mutable_assessed_on() = *day;
  }

  void ReadDynamic() {
    const std::optional<XmlElement> dynamic = Part("dynamic.xml", "AssetDynamic", /*needed=*/true);
    if (!dynamic.has_value()) return;
    std::set<std::string> seen;
    for (const XmlElement* section : dynamic->Children("Section")) {
      const std::optional<std::string> word = mapping_.Code("sections", section->Attribute("name"));
      if (!word.has_value()) {
        row_->Reject("dynamic.xml Section",
                     "a section that the mapping does not have "
                     "(codes.sections)");
        return;
      }
      const std::optional<int> rating = Score(section->Attribute("rating"), kRatingMax);
      if (!rating.has_value()) {
        row_->Reject("dynamic.xml rating", "a rating is a whole number from 0 to 4");
        return;
      }
      if (!seen.insert(*word).second) {
        row_->Reject("dynamic.xml Section", "a section stands twice");
        return;
      }
      total_ += *rating;
      pointer_.add_sections(*word);
    }
    if (seen.empty()) row_->Reject("dynamic.xml Section", "no section is rated");
  }

  void ReadStatic() {
    const std::optional<XmlElement> statics = Part("static.xml", "AssetStatic", /*needed=*/false);
    if (row_->rejected()) return;
    if (!statics.has_value()) {
      row_->Correct("static.xml", "this part is not in the zip: the total is not checked");
      return;
    }
    int static_total = 0;
    for (const XmlElement* factor : statics->Children("Factor")) {
      const std::optional<int> score = Score(factor->Attribute("score"), kStaticTotalMax);
      if (!score.has_value()) {
        row_->Reject("static.xml score", "a score is a whole number from 0 to 16");
        return;
      }
      static_total += *score;
    }
    if (static_total > kStaticTotalMax) {
      row_->Reject("static.xml score", "static factors come to more than 16");
      return;
    }
    total_ += static_total;
    const std::string static_claimed = statics->ChildText("StaticTotal");
    if (!static_claimed.empty() && Score(static_claimed, kStaticTotalMax) != static_total) {
      row_->Correct("static.xml StaticTotal", "is not the sum of its factors: the sum holds");
    }
    if (Score(statics->ChildText("TotalScore"), kTotalMax) != total_) {
      row_->Correct("static.xml TotalScore", "is not the sum of the parts: the sum holds");
    }
    if (statics->ChildText("Band") != BandOf(total_)) {
      row_->Correct("static.xml Band", "is not the band of the score: the score's holds");
    }
    pointer_.add_sections(mapping_.Default("static_section"));
  }

  void ReadSupplement() {
    const std::optional<XmlElement> supplement =
        Part("supplement.xml", "AssetSupplement", /*needed=*/false);
    if (!supplement.has_value()) return;
    // That a part is filled in, whatever it says: an indicator that reads "false" is filled in too.
    for (const XmlElement& part : supplement->children) {
      const std::optional<std::string> word = mapping_.Code("supplement", part.name);
      if (!word.has_value()) {
        row_->Correct("supplement.xml",
                      "a part that the mapping does not have (codes.supplement): not pointed to");
      } else if (!part.text.empty() && !word->empty()) {
        pointer_.add_sections(*word);
      }
    }
  }

  ZipArchive* const archive_;
  const Parts& parts_;
  const Mapping& mapping_;
  const absl::CivilDay today_;
  RowScope* const row_;
  std::string case_id_;
  int total_ = 0;
  AssessmentPointer pointer_;
};

void ReadCase(const CsvTable& table, const Mapping& mapping, absl::CivilDay today, RowScope* row,
              Extract* extract) {
  FlagRecord record{{}, row->file(), row->row()};
  signpost::v1::FlagReport& report = record.report;
  std::string id;
  if (!TakeRecordId(row, "case_id", table.Get("case_id"), &id)) return;
  report.set_record_id(id);
  report.set_service(mapping.service());
  signpost::v1::PersonDetails* person = report.mutable_person();
  TakeName(row, "given_names", table.Get("given_names"), person->mutable_given_names());
  TakeName(row, "surname", table.Get("surname"), person->mutable_surname());
  TakeBirthDate(row, "date_of_birth", table.Get("date_of_birth"), today, person);
  TakeGender(row, mapping, "gender", table.Get("gender"), person);
  TakePostcode(row, "postcode", table.Get("postcode"), person);
  TakeIdentifier(row, "nhs_number", table.Get("nhs_number"),
                 signpost::v1::IDENTIFIER_KIND_NHS_NUMBER, person);
  TakeStatus(row, mapping, table.Get("status"), table.Get("opened"), table.Get("closed"), today,
             &report);
  TakeContact(row, mapping, "worker_",
              {table.Get("worker_id"), table.Get("worker_name"), table.Get("worker_role"),
               table.Get("worker_phone"), table.Get("worker_email"), table.Get("team")},
              report.mutable_contact());
  if (!row->rejected()) extract->Add(std::move(record));
}

}  // namespace

const char* BandOf(int total) {
  if (total <= 14) return "standard";
  return total <= 32 ? "enhanced" : "intensive";
}

std::map<std::string, std::vector<AssessmentPointer>> ReadAssessments(
    ZipArchive* archive, const std::string& file, const Mapping& mapping, absl::CivilDay today,
    const absl::flat_hash_set<std::string>& case_ids, Extract* extract) {
  std::map<std::string, Parts> parts_of;
  int64_t unknown = 0;
  for (size_t i = 0; i < archive->names().size(); ++i) {
    const std::string& entry = archive->names()[i];
    if (entry.back() == '/') continue;
    const size_t slash = entry.rfind('/');
    const std::string part = slash == std::string::npos ? "" : entry.substr(slash + 1);
    bool known = false;
    for (const char* name : kPartNames) known = known || part == name;
    if (!known) {
      ++unknown;
      continue;
    }
    Parts& parts = parts_of[entry.substr(0, slash)];
    if (parts.row == 0) parts.row = static_cast<int64_t>(i) + 1;
    parts.index_of[part] = i;
  }
  if (unknown > 0) {
    extract->Note(file,
                  absl::StrCat(unknown, " entries are no parts of an ASSET and were not read"));
  }
  std::map<std::string, std::vector<AssessmentPointer>> pointers;
  for (const auto& [folder, parts] : parts_of) {
    RowScope row(extract, file, parts.row);
    Assessment assessment(archive, parts, mapping, today, &row);
    std::optional<AssessmentPointer> pointer = assessment.Read(folder);
    if (!pointer.has_value()) continue;
    if (!case_ids.contains(assessment.case_id())) {
      row.Reject("header.xml CaseId", "no accepted row of the cases has this id");
      continue;
    }
    pointers[assessment.case_id()].push_back(*std::move(pointer));
  }
  return pointers;
}

const char* YotAsset::default_mapping() const { return kDefaultMapping; }

absl::Status YotAsset::Read(const Inbox& inbox, const Mapping& mapping, absl::CivilDay today,
                            Extract* extract) const {
  const std::vector<CsvColumn> columns = mapping.Columns("cases");
  const std::optional<std::string> cases = NewestWhole(
      inbox, mapping.File("cases"), /*needed=*/true,
      [&columns](const std::string& path) { return CheckCsv(path, columns); }, extract);
  if (!cases.has_value()) return absl::OkStatus();
  SIGNPOST_RETURN_IF_ERROR(ForEachCsvRow(inbox.PathOf(*cases), columns, "case_id", extract,
                                         [&](const CsvTable& table, std::unique_ptr<RowScope> row) {
                                           ReadCase(table, mapping, today, row.get(), extract);
                                         }));

  std::map<std::string, signpost::v1::FlagReport*> report_of;
  absl::flat_hash_set<std::string> case_ids;
  for (FlagRecord& record : extract->records()) {
    report_of[record.report.record_id()] = &record.report;
    case_ids.insert(record.report.record_id());
  }
  const std::string kind = mapping.Default("assessment_kind");
  const std::vector<std::string> zips = inbox.Matching(mapping.File("assessments"));
  if (zips.empty()) {
    extract->Note(mapping.File("assessments"), "no such file: pointers stay as the hub has them");
    extract->AssessmentsIncomplete(kind);
  }
  for (const std::string& zip : zips) {
    const absl::StatusOr<std::unique_ptr<ZipArchive>> archive = ZipArchive::Open(inbox.PathOf(zip));
    if (!archive.ok()) {
      extract->RefuseFile(zip, archive.status(), /*needed=*/false);
      extract->AssessmentsIncomplete(kind);
      continue;
    }
    for (const auto& [case_id, pointers] :
         ReadAssessments(archive->get(), zip, mapping, today, case_ids, extract)) {
      for (const AssessmentPointer& pointer : pointers) AddAssessment(pointer, report_of[case_id]);
    }
  }
  return absl::OkStatus();
}

}  // namespace signpost::adapters::yot_asset
