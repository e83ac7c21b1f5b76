#include "adapters/social_services/social_services.h"

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

namespace signpost::adapters::social_services {

extern const char kDefaultMapping[];

namespace {

using signpost::v1::Date;
using signpost::v1::FlagReport;

constexpr char kRoot[] = "Message";
constexpr char kIsoForm[] = "is no day; write YYYY-MM-DD";
// A child is expected within a year; more is a slip of the pen.
constexpr int kExpectedDaysMax = 366;

// A row of the identity file that waits for its child in the census.
struct Identity {
  std::unique_ptr<RowScope> row;
  std::map<std::string, std::string> fields;
  bool joined = false;

  const std::string& Get(const std::string& field) const { return fields.at(field); }
};

// One <CINdetails>: a referral and what came of it.
struct Episode {
  Date referred;
  std::optional<Date> closed;
  bool no_further_action = false;
  std::vector<Date> plans;
};

void FindStrayText(const XmlElement& element, RowScope* row) {
  if (element.HasStrayText()) {
    row->Correct(element.name, "text stands between elements: not read");
  }
  for (const XmlElement& child : element.children) FindStrayText(child, row);
}

class Reading {
 public:
  Reading(const Mapping& mapping, absl::CivilDay today, Extract* extract)
      : mapping_(mapping), today_(today), extract_(extract) {}

  void TakeIdentity(const CsvTable& table, const std::vector<CsvColumn>& columns,
                    std::unique_ptr<RowScope> row) {
    const std::string id = table.Get("LAchildID");
    if (!IsRecordId(id)) {
      row->Reject("LAchildID", "is empty, too long, or not printable");
      return;
    }
    const auto earlier = identities_.find(id);
    if (earlier != identities_.end()) {
      row->Reject("LAchildID", absl::StrCat("this id stands in row ", earlier->second.row->row(),
                                            " already; one child has one row. The first is used"));
      return;
    }
    Identity identity;
    for (const CsvColumn& column : columns) {
      identity.fields[column.field] = table.Get(column.field);
    }
    identity.row = std::move(row);
    identities_[id] = std::move(identity);
  }

  absl::Status TakeChild(const std::string& file, const XmlElement& child, int64_t number) {
    RowScope row(extract_, file, number);
    FindStrayText(child, &row);
    const XmlElement* identifiers = child.Child("ChildIdentifiers");
    if (identifiers == nullptr) {
      row.Reject("ChildIdentifiers", "is missing");
      extract_->RowWithoutId();
      return absl::OkStatus();
    }
    const std::string id = identifiers->ChildText("LAchildID");
    std::vector<Episode> episodes;
    const bool sound = TakeEpisodes(child, &row, &episodes);
    if (sound && NoFurtherActionAlone(episodes)) {
      // A referral on which nothing followed is no case, and a flag for it would say there was one.
      ++without_case_;
      const auto found = identities_.find(id);
      if (found != identities_.end()) found->second.joined = true;
      return absl::OkStatus();
    }
    FlagRecord record{{}, file, number};
    FlagReport& report = record.report;
    std::string record_id;
    if (!TakeRecordId(&row, "LAchildID", id, &record_id)) return absl::OkStatus();
    const auto found = identities_.find(record_id);
    if (found == identities_.end()) {
      row.Reject("LAchildID",
                 "no row of the identity file has this id, so nobody can say whom it "
                 "is about");
      return absl::OkStatus();
    }
    Identity& identity = found->second;
    if (identity.joined) {
      row.Reject("LAchildID", "this id stands further up in the census; the first is used");
      return absl::OkStatus();
    }
    identity.joined = true;
    if (!sound) return absl::OkStatus();
    report.set_record_id(record_id);
    report.set_service(mapping_.service());
    TakePerson(*identifiers, identity, &row, report.mutable_person());
    TakeContact(identity.row.get(), mapping_, "worker_",
                {identity.Get("worker_id"), identity.Get("worker_name"), "",
                 identity.Get("worker_phone"), identity.Get("worker_email"), identity.Get("team")},
                report.mutable_contact());
    TakeCase(*identifiers, episodes, &row, &report);
    if (identity.row->rejected()) {
      row.Reject("LAchildID", absl::StrCat("the row in the identity file was rejected, row ",
                                           identity.row->row()));
    }
    if (!row.rejected()) extract_->Add(std::move(record));
    return absl::OkStatus();
  }

  void Finish(const std::string& census, const std::string& identity_file) {
    int64_t idle = 0;
    for (const auto& [id, identity] : identities_) idle += identity.joined ? 0 : 1;
    if (idle > 0) {
      extract_->Note(identity_file,
                     absl::StrCat(idle, " rows name no child of the census: not used"));
    }
    if (without_case_ > 0) {
      extract_->Note(census, absl::StrCat(without_case_,
                                          " children have only referrals without "
                                          "further action: no flag"));
    }
    identities_.clear();
  }

 private:
  // False, with the row rejected, when a day that decides cannot be read.
  bool TakeEpisodes(const XmlElement& child, RowScope* row, std::vector<Episode>* episodes) const {
    for (const XmlElement* details : child.Children("CINdetails")) {
      Episode episode;
      const std::optional<Date> referred = ParseIsoDay(details->ChildText("CINreferralDate"));
      if (!referred.has_value() || ToCivil(*referred) > today_) {
        row->Reject("CINreferralDate", referred.has_value() ? "lies in the future" : kIsoForm);
        return false;
      }
      episode.referred = *referred;
      const std::string closed = details->ChildText("CINclosureDate");
      if (!closed.empty()) {
        episode.closed = ParseIsoDay(closed);
        const char* fault = nullptr;
        if (!episode.closed.has_value()) {
          fault = kIsoForm;
        } else if (ToCivil(*episode.closed) > today_) {
          fault = "lies in the future";
        } else if (ToCivil(*episode.closed) < ToCivil(*referred)) {
          fault = "lies before the referral";
        }
        if (fault != nullptr) {
          row->Reject("CINclosureDate", fault);
          return false;
        }
      }
      const std::string nfa = details->ChildText("ReferralNFA");
      episode.no_further_action = nfa == "1" || nfa == "true";
      for (const XmlElement* plan : details->Children("CINPlanDates")) {
        const std::optional<Date> start = ParseIsoDay(plan->ChildText("CINPlanStartDate"));
        if (!start.has_value() || ToCivil(*start) > today_) {
          row->Correct("CINPlanStartDate", "is no day, or lies in the future: not pointed to");
          continue;
        }
        episode.plans.push_back(*start);
      }
      episodes->push_back(std::move(episode));
    }
    if (episodes->empty()) {
      row->Reject("CINdetails", "is missing; without it nobody can say since when");
      return false;
    }
    return true;
  }

  static bool NoFurtherActionAlone(const std::vector<Episode>& episodes) {
    for (const Episode& episode : episodes) {
      if (!episode.no_further_action) return false;
    }
    return true;
  }

  void TakePerson(const XmlElement& identifiers, const Identity& identity, RowScope* row,
                  signpost::v1::PersonDetails* person) const {
    RowScope* const identity_row = identity.row.get();
    const std::string expected = identifiers.ChildText("ExpectedPersonBirthDate");
    const std::string born = identifiers.ChildText("PersonBirthDate");
    TakeBirthDate(identity_row, "date_of_birth", identity.Get("date_of_birth"), today_, person);
    if (!born.empty()) {
      TakeCensusBirthDate(born, row, person);
      if (!expected.empty()) {
        row->Correct("ExpectedPersonBirthDate", "the child has been born: left out");
      }
    } else if (!person->has_birth_date() && !expected.empty()) {
      const std::optional<Date> day = ParseIsoDay(expected);
      if (!day.has_value() || ToCivil(*day) > today_ + kExpectedDaysMax) {
        row->Reject("ExpectedPersonBirthDate", kIsoForm);
      } else {
        *person->mutable_expected_birth_date() = *day;
      }
    }
    // An unborn child need not have a given name yet.
    if (!person->has_expected_birth_date() || !identity.Get("given_names").empty()) {
      TakeName(identity_row, "given_names", identity.Get("given_names"),
               person->mutable_given_names());
    }
    TakeName(identity_row, "surname", identity.Get("surname"), person->mutable_surname());
    const std::string census_sex = identifiers.Child("Sex") != nullptr
                                       ? identifiers.ChildText("Sex")
                                       : identifiers.ChildText("GenderCurrent");
    TakeGender(identity_row, mapping_, "sex", identity.Get("sex"), person);
    if (person->gender().empty()) TakeGender(row, mapping_, "Sex", census_sex, person);
    TakePostcode(identity_row, "postcode", identity.Get("postcode"), person);
    TakeIdentifier(row, "UPN", identifiers.ChildText("UPN"), signpost::v1::IDENTIFIER_KIND_UPN,
                   person);
    TakeIdentifier(identity_row, "nhs_number", identity.Get("nhs_number"),
                   signpost::v1::IDENTIFIER_KIND_NHS_NUMBER, person);
  }

  // The identity file's birth date stands where there is one; it is what the authority writes to.
  void TakeCensusBirthDate(const std::string& born, RowScope* row,
                           signpost::v1::PersonDetails* person) const {
    const std::optional<Date> day = ParseIsoDay(born);
    if (person->has_birth_date()) {
      if (!day.has_value() || ToCivil(*day) != ToCivil(person->birth_date())) {
        row->Correct("PersonBirthDate", "differs from the identity file's, which is used");
      }
      return;
    }
    TakeBirthDate(row, "PersonBirthDate", born, today_, person);
  }

  // Open while any referral on which something followed is not closed; then since the latest such.
  void TakeCase(const XmlElement& identifiers, const std::vector<Episode>& episodes, RowScope* row,
                FlagReport* report) const {
    const Episode* latest_open = nullptr;
    const Episode* latest_closed = nullptr;
    for (const Episode& episode : episodes) {
      if (episode.no_further_action) continue;
      if (!episode.closed.has_value()) {
        if (latest_open == nullptr || ToCivil(episode.referred) > ToCivil(latest_open->referred)) {
          latest_open = &episode;
        }
      } else if (latest_closed == nullptr ||
                 ToCivil(*episode.closed) > ToCivil(*latest_closed->closed)) {
        latest_closed = &episode;
      }
      for (const Date& plan : episode.plans) {
        signpost::v1::AssessmentPointer pointer;
        pointer.set_kind(mapping_.Default("assessment_kind"));
        *pointer.mutable_assessed_on() = plan;
        pointer.add_sections(mapping_.Default("plan_section"));
        AddAssessment(pointer, report);
      }
    }
    const Episode& episode = latest_open != nullptr ? *latest_open : *latest_closed;
    *report->mutable_opened_on() = episode.referred;
    report->set_status(latest_open != nullptr ? signpost::v1::FLAG_STATUS_OPEN
                                              : signpost::v1::FLAG_STATUS_CLOSED);
    if (episode.closed.has_value()) *report->mutable_closed_on() = *episode.closed;
    const std::string died = identifiers.ChildText("PersonDeathDate");
    if (died.empty() || latest_open == nullptr) return;
    const std::optional<Date> day = ParseIsoDay(died);
    if (!day.has_value() || ToCivil(*day) > today_ || ToCivil(*day) < ToCivil(episode.referred)) {
      row->Reject("PersonDeathDate", "is no day between the referral and today");
      return;
    }
    row->Correct("PersonDeathDate", "the child has died: reported as closed that day");
    *report->mutable_died_on() = *day;
    report->set_status(signpost::v1::FLAG_STATUS_CLOSED);
    *report->mutable_closed_on() = *day;
  }

  const Mapping& mapping_;
  const absl::CivilDay today_;
  Extract* const extract_;
  std::map<std::string, Identity> identities_;
  int64_t without_case_ = 0;
};

struct CensusHeader {
  bool seen = false;
  std::string collection;
  int year = 0;
};

// Everything that would refuse the census, met before a child of it is used.
absl::Status CheckCensus(const std::string& path, CensusHeader* header) {
  *header = CensusHeader();
  SIGNPOST_RETURN_IF_ERROR(ReadXmlFile(
      path, kRoot,
      {{"Header",
        [header](const XmlElement& element, int64_t) {
          const XmlElement* details = element.Child("CollectionDetails");
          if (details == nullptr) return absl::OkStatus();
          header->seen = true;
          header->collection = details->ChildText("Collection");
          if (!absl::SimpleAtoi(details->ChildText("Year"), &header->year)) {
            header->year = 0;
          }
          return absl::OkStatus();
        }},
       {"Children/Child", [](const XmlElement&, int64_t) { return absl::OkStatus(); }}}));
  if (!header->seen || header->collection != "CIN") {
    return base::InvalidField("Header",
                              "is no children-in-need census: its Header names no Collection CIN");
  }
  if (header->year < kYearMin) {
    return base::InvalidField("Header", absl::StrCat("is of a year before ", kYearMin,
                                                     ", or of none; export a newer form"));
  }
  return absl::OkStatus();
}

}  // namespace

const char* SocialServices::default_mapping() const { return kDefaultMapping; }

absl::Status SocialServices::Read(const Inbox& inbox, const Mapping& mapping, absl::CivilDay today,
                                  Extract* extract) const {
  const std::vector<CsvColumn> columns = mapping.Columns("identity");
  CensusHeader header;
  const std::optional<std::string> identity = NewestWhole(
      inbox, mapping.File("identity"), /*needed=*/true,
      [&columns](const std::string& path) { return CheckCsv(path, columns); }, extract);
  const std::optional<std::string> census = NewestWhole(
      inbox, mapping.File("census"), /*needed=*/true,
      [&header](const std::string& path) { return CheckCensus(path, &header); }, extract);
  if (!identity.has_value() || !census.has_value()) return absl::OkStatus();
  if (header.year > kYearKnownMax) {
    extract->Note(*census, absl::StrCat("is of ", header.year,
                                        ", newer than this adapter knows; "
                                        "look for a newer adapter"));
  }
  Reading reading(mapping, today, extract);
  SIGNPOST_RETURN_IF_ERROR(ForEachCsvRow(inbox.PathOf(*identity), columns, "", extract,
                                         [&](const CsvTable& table, std::unique_ptr<RowScope> row) {
                                           reading.TakeIdentity(table, columns, std::move(row));
                                         }));
  SIGNPOST_RETURN_IF_ERROR(
      ReadXmlFile(inbox.PathOf(*census), kRoot,
                  {{"Children/Child", [&](const XmlElement& child, int64_t number) {
                      return reading.TakeChild(*census, child, number);
                    }}}));
  reading.Finish(*census, *identity);
  return absl::OkStatus();
}

}  // namespace signpost::adapters::social_services
