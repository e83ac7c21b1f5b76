#include "adapters/connexions_apir/connexions_apir.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "adapters/kit/fields.h"
#include "adapters/kit/values.h"
#include "adapters/kit/xml.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters::connexions_apir {

extern const char kDefaultMapping[];

namespace {

using signpost::v1::FlagReport;

constexpr char kRoot[] = "NCCIS";

// A row of the caseload that waits for its young person in the return.
struct Client {
  std::unique_ptr<RowScope> row;
  FlagReport report;
  bool joined = false;
};

class Reading {
 public:
  Reading(const Mapping& mapping, absl::CivilDay today, Extract* extract)
      : mapping_(mapping), today_(today), extract_(extract) {}

  void TakeClient(const CsvTable& table, std::unique_ptr<RowScope> row) {
    std::string id;
    if (!TakeRecordId(row.get(), "client_id", table.Get("client_id"), &id)) return;
    if (clients_.count(id) != 0) {
      row->Reject("client_id", absl::StrCat("this id stands in row ", clients_[id].row->row(),
                                            " already; one record has one row. The first is used"));
      return;
    }
    Client client;
    client.report.set_record_id(id);
    client.report.set_service(mapping_.service());
    TakeStatus(row.get(), mapping_, table.Get("status"), table.Get("opened"), table.Get("closed"),
               today_, &client.report);
    TakeContact(row.get(), mapping_, "adviser_",
                {table.Get("adviser_id"), table.Get("adviser_name"), "", table.Get("adviser_phone"),
                 table.Get("adviser_email"), table.Get("team")},
                client.report.mutable_contact());
    client.row = std::move(row);
    clients_[id] = std::move(client);
  }

  void TakeFactor(const CsvTable& table, RowScope* row) {
    const std::string client_id = table.Get("client_id");
    const std::optional<signpost::v1::Date> day = ParseDay(table.Get("assessed_on"));
    const std::optional<std::string> factor = mapping_.Code("factors", table.Get("factor"));
    int ring = -1;
    if (clients_.count(client_id) == 0) {
      row->Reject("client_id", "no row of the caseload has this id");
    } else if (!day.has_value() || ToCivil(*day) > today_) {
      row->Reject("assessed_on", day.has_value() ? "lies in the future"
                                                 : "is no day; write DD/MM/YYYY or YYYY-MM-DD");
    } else if (!factor.has_value()) {
      row->Reject("factor", "a factor that the mapping does not have (codes.factors)");
    } else if (!absl::SimpleAtoi(table.Get("ring"), &ring) || ring < 0 || ring > kRingMax) {
      row->Reject("ring", "a ring is a whole number from 0 to 4");
    } else {
      signpost::v1::AssessmentPointer pointer;
      pointer.set_kind(mapping_.Default("assessment_kind"));
      *pointer.mutable_assessed_on() = *day;
      pointer.add_sections(*factor);
      AddAssessment(pointer, &clients_[client_id].report);
    }
  }

  // One young person of the return.
  absl::Status TakeYoungPerson(const std::string& file, const XmlElement& element, int64_t number) {
    RowScope row(extract_, file, number);
    const std::string id = element.ChildText("UniqueId");
    if (!IsRecordId(id)) {
      row.Reject("UniqueId", "is empty, too long, or not printable");
      return absl::OkStatus();
    }
    const auto found = clients_.find(id);
    Client* client = found == clients_.end() ? nullptr : &found->second;
    const bool without_caseload =
        client == nullptr && mapping_.BooleanRule("flag_without_caseload");
    if (client == nullptr && !without_caseload) {
      // Sound or not, nothing of them is read further: they are nobody's case.
      ++without_case_;
      return absl::OkStatus();
    }
    if (client != nullptr && client->joined) {
      row.Reject("UniqueId", "this id stands further up in the return; the first is used");
      return absl::OkStatus();
    }
    Client duty_desk;
    if (client == nullptr) {
      extract_->Present(id);
      duty_desk.report = DutyDeskReport(id);
      client = &duty_desk;
    }
    client->joined = true;
    TakePerson(element, &row, client->report.mutable_person());
    if (row.rejected()) {
      if (client->row != nullptr) {
        client->row->Reject("client_id", absl::StrCat("the row in the return was rejected, ", file,
                                                      " young person ", number));
      }
      return absl::OkStatus();
    }
    if (client->row != nullptr && client->row->rejected()) return absl::OkStatus();
    AddFlags(element, *client, &row);
    return absl::OkStatus();
  }

  // Ends what waited in vain.
  void Finish(const std::string& file) {
    for (auto& [id, client] : clients_) {
      if (!client.joined && !client.row->rejected()) {
        client.row->Reject("client_id",
                           "no young person of the return has this id, so nobody can "
                           "say whom it is about");
      }
    }
    if (without_case_ > 0) {
      extract_->Note(
          file, absl::StrCat(without_case_, " young people have no row in the caseload: no flag"));
    }
    clients_.clear();
  }

 private:
  FlagReport DutyDeskReport(const std::string& id) const {
    FlagReport report;
    report.set_record_id(id);
    report.set_service(mapping_.service());
    report.set_status(signpost::v1::FLAG_STATUS_OPEN);
    report.mutable_contact()->set_name(mapping_.Default("duty_desk_name"));
    report.mutable_contact()->set_role(mapping_.Default("role"));
    report.mutable_contact()->set_phone(mapping_.Default("duty_desk_phone"));
    return report;
  }

  void TakePerson(const XmlElement& element, RowScope* row,
                  signpost::v1::PersonDetails* person) const {
    if (element.HasStrayText()) {
      row->Correct("YoungPerson", "text stands between elements: not read");
    }
    TakeName(row, "GivenName", element.ChildText("GivenName"), person->mutable_given_names());
    TakeName(row, "FamilyName", element.ChildText("FamilyName"), person->mutable_surname());
    TakeBirthDate(row, "DOB", element.ChildText("DOB"), today_, person);
    TakeGender(row, mapping_, "Gender", element.ChildText("Gender"), person);
    TakePostcode(row, "Postcode", element.ChildText("Postcode"), person);
    TakeIdentifier(row, "UPN", element.ChildText("UPN"), signpost::v1::IDENTIFIER_KIND_UPN, person);
    TakeIdentifier(row, "NHSNumber", element.ChildText("NHSNumber"),
                   signpost::v1::IDENTIFIER_KIND_NHS_NUMBER, person);
  }

  // The flag of the case, and one for each characteristic that a written rule names.
  void AddFlags(const XmlElement& element, const Client& client, RowScope* row) {
    const std::string file = client.row != nullptr ? client.row->file() : row->file();
    const int64_t number = client.row != nullptr ? client.row->row() : row->row();
    if (!extract_->Add({client.report, file, number})) return;
    const XmlElement* characteristics = element.Child("Characteristics");
    if (characteristics == nullptr) return;
    for (const Mapping::CharacteristicRule& rule : mapping_.characteristic_rules()) {
      for (const XmlElement* code : characteristics->Children("Code")) {
        if (code->text != rule.code) continue;
        FlagReport flag = client.report;
        flag.set_record_id(absl::StrCat(client.report.record_id(), "#", rule.code));
        flag.set_service(rule.service);
        flag.clear_assessments();
        extract_->Add({std::move(flag), file, number});
        break;
      }
    }
  }

  const Mapping& mapping_;
  const absl::CivilDay today_;
  Extract* const extract_;
  std::map<std::string, Client> clients_;
  int64_t without_case_ = 0;
};

std::vector<XmlCapture> Captures(XmlHandler header, XmlHandler young_person) {
  return {{"Header", std::move(header)}, {"YoungPerson", std::move(young_person)}};
}

// Everything that would refuse the return, met before a young person of it is used.
absl::Status CheckReturn(const std::string& path) {
  bool month = false;
  SIGNPOST_RETURN_IF_ERROR(
      ReadXmlFile(path, kRoot,
                  Captures(
                      [&month](const XmlElement& header, int64_t) {
                        month = month || !header.ChildText("Month").empty();
                        return absl::OkStatus();
                      },
                      [](const XmlElement&, int64_t) { return absl::OkStatus(); })));
  if (!month) {
    return base::InvalidField("Header", "the return has no Header with its Month; is it whole?");
  }
  return absl::OkStatus();
}

}  // namespace

const char* ConnexionsApir::default_mapping() const { return kDefaultMapping; }

absl::Status ConnexionsApir::Read(const Inbox& inbox, const Mapping& mapping, absl::CivilDay today,
                                  Extract* extract) const {
  const std::vector<CsvColumn> caseload_columns = mapping.Columns("caseload");
  const std::vector<CsvColumn> factor_columns = mapping.Columns("assessments");
  const std::optional<std::string> caseload = NewestWhole(
      inbox, mapping.File("caseload"), /*needed=*/true,
      [&](const std::string& path) { return CheckCsv(path, caseload_columns); }, extract);
  const std::optional<std::string> nccis =
      NewestWhole(inbox, mapping.File("young_people"), /*needed=*/true, CheckReturn, extract);
  const std::optional<std::string> factors = NewestWhole(
      inbox, mapping.File("assessments"), /*needed=*/false,
      [&](const std::string& path) { return CheckCsv(path, factor_columns); }, extract);
  if (!caseload.has_value() || !nccis.has_value()) return absl::OkStatus();

  Reading reading(mapping, today, extract);
  SIGNPOST_RETURN_IF_ERROR(
      ForEachCsvRow(inbox.PathOf(*caseload), caseload_columns, "client_id", extract,
                    [&reading](const CsvTable& table, std::unique_ptr<RowScope> row) {
                      reading.TakeClient(table, std::move(row));
                    }));
  if (factors.has_value()) {
    SIGNPOST_RETURN_IF_ERROR(
        ForEachCsvRow(inbox.PathOf(*factors), factor_columns, "", extract,
                      [&reading](const CsvTable& table, std::unique_ptr<RowScope> row) {
                        reading.TakeFactor(table, row.get());
                      }));
  } else {
    extract->Note(mapping.File("assessments"), "not read: pointers stay as the hub has them");
    extract->AssessmentsIncomplete(mapping.Default("assessment_kind"));
  }
  SIGNPOST_RETURN_IF_ERROR(
      ReadXmlFile(inbox.PathOf(*nccis), kRoot,
                  Captures([](const XmlElement&, int64_t) { return absl::OkStatus(); },
                           [&](const XmlElement& element, int64_t number) {
                             return reading.TakeYoungPerson(*nccis, element, number);
                           })));
  reading.Finish(*nccis);
  return absl::OkStatus();
}

}  // namespace signpost::adapters::connexions_apir
