#include "adapters/sample/extracts.h"

#include <zip.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "adapters/sample/dice.h"
#include "nlohmann/json.hpp"

namespace signpost::adapters::sample {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDynamicSections[] = {"living-arrangements",
                                            "family-and-personal-relationships",
                                            "education-training-and-employment",
                                            "neighbourhood",
                                            "lifestyle",
                                            "substance-use",
                                            "physical-health",
                                            "emotional-and-mental-health",
                                            "perception-of-self-and-others",
                                            "thinking-and-behaviour",
                                            "attitudes-to-offending",
                                            "motivation-to-change"};
constexpr const char* kStaticFactors[] = {"offence-type", "age-at-first-reprimand",
                                          "age-at-first-conviction", "previous-convictions"};
constexpr const char* kApirFactors[] = {"participation",
                                        "achievements",
                                        "basic-skills",
                                        "key-skills",
                                        "life-skills",
                                        "identity-and-self-image",
                                        "aspirations",
                                        "attitudes-and-motivation",
                                        "relationships-within-family-and-society",
                                        "risk-of-re-offending",
                                        "capacity-of-parents-or-carers",
                                        "family-history-and-functioning",
                                        "social-and-community-factors",
                                        "housing",
                                        "income",
                                        "physical-health",
                                        "emotional-wellbeing",
                                        "substance-use-issues"};

template <typename T, size_t kSize>
const T& Pick(Dice& dice, const T (&list)[kSize]) {
  return list[dice.Between(0, static_cast<int>(kSize) - 1)];
}

// Each record draws from dice of its own, so that one more record changes no other.
Dice DiceOf(const Population& population, const Record& record) {
  return Dice(population.options.seed * 1'000'003 +
              static_cast<uint64_t>(record.person) * kAgencyCount +
              static_cast<uint64_t>(record.agency));
}

std::string Iso(absl::CivilDay day) {
  return absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}
std::string Uk(absl::CivilDay day) {
  return absl::StrFormat("%02d/%02d/%04d", day.day(), day.month(), day.year());
}
// Of text, because a planted date need not be one.
std::string IsoToUk(const std::string& iso) {
  return absl::StrCat(iso.substr(8, 2), "/", iso.substr(5, 2), "/", iso.substr(0, 4));
}

// One line of RFC 4180.
std::string CsvLine(const std::vector<std::string>& fields) {
  std::vector<std::string> quoted;
  for (const std::string& field : fields) {
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      quoted.push_back(field);
    } else {
      quoted.push_back(absl::StrCat("\"", absl::StrReplaceAll(field, {{"\"", "\"\""}}), "\""));
    }
  }
  return absl::StrCat(absl::StrJoin(quoted, ","), "\r\n");
}

std::string Xml(const std::string& text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&apos;"}});
}

// <name>value</name>, or nothing for an empty value.
void Element(const char* indent, const char* name, const std::string& value, std::string& out) {
  if (!value.empty()) absl::StrAppend(&out, indent, "<", name, ">", Xml(value), "</", name, ">\n");
}

std::vector<const Record*> RecordsOf(const Population& population, Agency agency) {
  std::vector<const Record*> records;
  for (const Record& record : population.records) {
    if (record.agency == agency) records.push_back(&record);
  }
  return records;
}

const Worker& WorkerOf(const Population& population, const Record& record) {
  return population.workers[static_cast<size_t>(record.agency)][static_cast<size_t>(record.worker)];
}
const Person& PersonOf(const Population& population, const Record& record) {
  return population.people[static_cast<size_t>(record.person - 1)];
}

// --- Zip ---

struct ZipPart {
  std::string name;
  std::string bytes;
};

// Stored, not deflated, under one fixed time: the same bytes with every version of zlib.
absl::StatusOr<std::string> MakeZip(const std::vector<ZipPart>& parts) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const target = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (target == nullptr) return absl::InternalError("libzip: no buffer");
  zip_source_keep(target);
  const auto release = [](zip_source_t* source) { zip_source_free(source); };
  const std::unique_ptr<zip_source_t, decltype(release)> owned(target, release);
  zip_t* const archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  if (archive == nullptr) {
    zip_source_free(target);
    return absl::InternalError("libzip: no archive");
  }
  constexpr zip_uint16_t kDosDate = ((2026 - 1980) << 9) | (10 << 5) | 31;
  for (const ZipPart& part : parts) {
    zip_source_t* const source =
        zip_source_buffer(archive, part.bytes.data(), part.bytes.size(), 0);
    const zip_int64_t index =
        source == nullptr ? -1 : zip_file_add(archive, part.name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      if (source != nullptr) zip_source_free(source);
      zip_discard(archive);
      return absl::InternalError("libzip: a part could not be added");
    }
    const auto at = static_cast<zip_uint64_t>(index);
    if (zip_set_file_compression(archive, at, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive, at, 0, kDosDate, 0) != 0) {
      zip_discard(archive);
      return absl::InternalError("libzip: a part could not be set up");
    }
  }
  if (zip_close(archive) != 0) {
    zip_discard(archive);
    return absl::InternalError("libzip: the archive could not be closed");
  }
  zip_stat_t stat;
  if (zip_source_stat(target, &stat) != 0 || zip_source_open(target) != 0) {
    return absl::InternalError("libzip: the archive could not be read back");
  }
  std::string bytes(stat.size, '\0');
  const zip_int64_t read = zip_source_read(target, bytes.data(), bytes.size());
  zip_source_close(target);
  if (read != static_cast<zip_int64_t>(bytes.size())) {
    return absl::InternalError("libzip: the archive was read back short");
  }
  return bytes;
}

// --- Youth offending team ---

const char* BandOf(int total) {
  return total <= 14 ? "standard" : total <= 32 ? "enhanced" : "intensive";
}

void AddAsset(const Population& population, const Record& record, Dice& dice,
              std::vector<ZipPart>& parts) {
  const std::string id = absl::StrCat("AS-", record.record_id.substr(2));
  const absl::CivilDay assessed_on =
      std::min(record.opened + dice.Between(3, 60), absl::CivilDay(2026, 10, 30));
  constexpr const char* kStages[] = {"referral-order", "pre-sentence-report", "post-sentence",
                                     "review", "end"};
  std::string header = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AssetHeader>\n";
  Element("  ", "AssessmentId", id, header);
  Element("  ", "CaseId", record.record_id, header);
  Element("  ", "Stage", Pick(dice, kStages), header);
  Element("  ", "AssessedOn", Iso(assessed_on), header);
  Element("  ", "OriginatingSystem", "Nortown case register", header);
  absl::StrAppend(&header, "</AssetHeader>\n");

  const bool story = !PersonOf(population, record).story.empty();
  int total = 0;
  std::string dynamic = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AssetDynamic>\n";
  for (const char* section : kDynamicSections) {
    if (!story && dice.Chance(40)) continue;  // left blank, as busy people do
    const int rating = std::max(0, dice.Between(-1, 4));
    total += rating;
    if (story || dice.Chance(850)) {
      absl::StrAppend(&dynamic, "  <Section name=\"", section, "\" rating=\"", rating,
                      "\"><Evidence>Seen at interview and discussed with the family.",
                      "</Evidence></Section>\n");
    } else {
      absl::StrAppend(&dynamic, "  <Section name=\"", section, "\" rating=\"", rating, "\"/>\n");
    }
  }
  absl::StrAppend(&dynamic, "</AssetDynamic>\n");

  int static_total = 0;
  std::string statics = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AssetStatic>\n";
  for (const char* factor : kStaticFactors) {
    const int score = dice.Between(0, 4);
    static_total += score;
    absl::StrAppend(&statics, "  <Factor name=\"", factor, "\" score=\"", score, "\"/>\n");
  }
  total += static_total;
  // Two in a hundred were added up wrongly by hand.
  const int claimed = !story && dice.Chance(20) ? total + 9 : total;
  absl::StrAppend(&statics, "  <StaticTotal>", static_total, "</StaticTotal>\n  <TotalScore>",
                  claimed, "</TotalScore>\n  <Band>", BandOf(claimed), "</Band>\n</AssetStatic>\n");

  parts.push_back({absl::StrCat(id, "/header.xml"), std::move(header)});
  parts.push_back({absl::StrCat(id, "/dynamic.xml"), std::move(dynamic)});
  parts.push_back({absl::StrCat(id, "/static.xml"), std::move(statics)});
  if (story || dice.Chance(700)) {
    std::string supplement = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AssetSupplement>\n";
    Element("  ", "PositiveFactors", "Keeps appointments; a steady friend.", supplement);
    Element("  ", "Vulnerability", dice.Chance(300) ? "true" : "false", supplement);
    Element("  ", "SeriousHarm", dice.Chance(50) ? "true" : "false", supplement);
    Element("  ", "OwnViews", dice.Chance(600) ? "true" : "false", supplement);
    absl::StrAppend(&supplement, "</AssetSupplement>\n");
    parts.push_back({absl::StrCat(id, "/supplement.xml"), std::move(supplement)});
  }
}

absl::Status AddYot(const Population& population, Files& files) {
  // With a byte-order mark, as the spreadsheet program that made it writes.
  std::string cases = absl::StrCat(
      "\xEF\xBB\xBF",
      CsvLine({"case_id", "given_names", "surname", "date_of_birth", "gender", "nhs_number",
               "pnc_number", "postcode", "status", "opened", "closed", "worker_id", "worker_name",
               "worker_role", "worker_phone", "worker_email", "team"}));
  std::vector<ZipPart> parts;
  for (const Record* record : RecordsOf(population, Agency::kYot)) {
    Dice dice = DiceOf(population, *record);
    const Worker& worker = WorkerOf(population, *record);
    const std::string pnc =
        absl::StrFormat("%04d/99%05dZ", dice.Between(2022, 2026), record->person % 100'000);
    const std::string line = CsvLine(
        {record->record_id, record->given_names, record->surname, IsoToUk(record->birth_date),
         dice.Chance(100) ? (record->gender == 'F' ? "Female" : "male")
                          : std::string(1, record->gender),
         record->nhs_number, pnc, record->postcode, record->open ? "open" : "closed",
         Uk(record->opened), record->open ? "" : Uk(record->closed), worker.id, worker.name,
         worker.role, worker.phone, worker.email, worker.team});
    absl::StrAppend(&cases, line);
    if (record->fault == Fault::kDuplicate) absl::StrAppend(&cases, line);
    const bool story = !PersonOf(population, *record).story.empty();
    if (story || dice.Chance(record->open ? 850 : 500)) AddAsset(population, *record, dice, parts);
  }
  absl::StatusOr<std::string> zip = MakeZip(parts);
  if (!zip.ok()) return zip.status();
  // Cut off on the way: the list of contents at a zip's end is missing.
  files["yot/inbox/asset-late.zip"] = zip->substr(0, zip->size() / 5);
  files["yot/inbox/asset.zip"] = *std::move(zip);
  files["yot/inbox/cases.csv"] = std::move(cases);
  return absl::OkStatus();
}

// --- Connexions ---

void AddConnexions(const Population& population, Files& files) {
  constexpr const char* kActivities[] = {"210", "220", "230", "250", "310", "320", "410", "430",
                                         "510", "520", "610", "613", "619", "640", "680", "810"};
  constexpr const char* kCharacteristics[] = {"110", "120", "130", "140", "150",
                                              "160", "170", "180", "190"};
  constexpr const char* kDestinations[] = {"sixth-form", "further-education", "apprenticeship",
                                           "employment", "not-known"};
  constexpr const char* kGuarantees[] = {"offer-made", "offer-not-appropriate", "not-recorded"};
  constexpr const char* kIntensity[] = {"intensive", "supported", "universal"};

  std::string nccis =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NCCIS>\n  <Header>\n"
      "    <Partnership>Northern Connexions</Partnership>\n    <Month>2026-10</Month>\n"
      "    <Supplier>Nortown client system 4.2</Supplier>\n  </Header>\n";
  std::string caseload =
      CsvLine({"client_id", "status", "opened", "closed", "adviser_id", "adviser_name",
               "adviser_phone", "adviser_email", "team", "intensity"});
  std::string apir = CsvLine({"client_id", "assessed_on", "factor", "ring"});
  for (const Record* record : RecordsOf(population, Agency::kConnexions)) {
    Dice dice = DiceOf(population, *record);
    const bool story = !PersonOf(population, *record).story.empty();
    if (record->fault != Fault::kOrphan) {
      absl::StrAppend(&nccis, "  <YoungPerson>\n");
      Element("    ", "UniqueId", record->record_id, nccis);
      Element("    ", "GivenName", record->given_names, nccis);
      Element("    ", "FamilyName", record->surname, nccis);
      Element("    ", "DOB", record->birth_date, nccis);
      Element("    ", "Gender", std::string(1, record->gender), nccis);
      Element("    ", "Postcode", record->postcode, nccis);
      Element("    ", "UPN", record->upn, nccis);
      Element("    ", "NHSNumber", record->nhs_number, nccis);
      Element("    ", "Activity", Pick(dice, kActivities), nccis);
      const bool characteristic = dice.Chance(120);
      const char* const code = Pick(dice, kCharacteristics);
      if (story ? record->record_id == "C-000001" : characteristic) {
        absl::StrAppend(&nccis, "    <Characteristics>\n");
        Element("      ", "Code", story ? "170" : code, nccis);  // Tariq: supervised by a YOT
        absl::StrAppend(&nccis, "    </Characteristics>\n");
      }
      Element("    ", "IntendedDestination", Pick(dice, kDestinations), nccis);
      Element("    ", "SeptemberGuarantee", Pick(dice, kGuarantees), nccis);
      absl::StrAppend(&nccis, "  </YoungPerson>\n");
    }
    const Worker& worker = WorkerOf(population, *record);
    const std::string line =
        CsvLine({record->record_id, record->open ? "open" : "closed", Uk(record->opened),
                 record->open ? "" : Uk(record->closed), worker.id, worker.name, worker.phone,
                 worker.email, worker.team, story ? "intensive" : Pick(dice, kIntensity)});
    absl::StrAppend(&caseload, line);
    if (record->fault == Fault::kDuplicate) absl::StrAppend(&caseload, line);
    if (story || dice.Chance(350)) {
      const absl::CivilDay assessed_on =
          std::min(record->opened + dice.Between(2, 45), absl::CivilDay(2026, 10, 30));
      for (const char* factor : kApirFactors) {
        if (!story && dice.Chance(250)) continue;
        absl::StrAppend(&apir, CsvLine({record->record_id, Uk(assessed_on), factor,
                                        absl::StrCat(dice.Between(0, 4))}));
      }
    }
  }
  absl::StrAppend(&nccis, "</NCCIS>\n");
  // A ring that no wheel has.
  absl::StrAppend(&apir, CsvLine({"C-000003", "05/01/2026", "housing", "7"}));
  files["connexions/inbox/nccis-2026-10.xml"] = std::move(nccis);
  files["connexions/inbox/caseload.csv"] = std::move(caseload);
  files["connexions/inbox/apir.csv"] = std::move(apir);
}

// --- Social services ---

void AddCinDetails(const Record& record, bool open, absl::CivilDay opened, absl::CivilDay closed,
                   Dice& dice, std::string& xml) {
  constexpr const char* kSources[] = {"1A", "1B", "2A", "2B", "3A", "5A", "5B", "6", "7", "8"};
  constexpr const char* kNeeds[] = {"N1", "N2", "N3", "N4", "N5", "N6", "N8"};
  constexpr const char* kClosures[] = {"RC5", "RC7", "RC8", "RC9"};
  constexpr const char* kFactors[] = {"2A", "3B", "4B", "7A", "10A", "14A", "16A", "17A", "20"};
  const bool lasting = open || closed - opened > 60;
  absl::StrAppend(&xml, "      <CINdetails>\n");
  Element("        ", "CINreferralDate", Iso(opened), xml);
  Element("        ", "ReferralSource", Pick(dice, kSources), xml);
  Element("        ", "PrimaryNeedCode", Pick(dice, kNeeds), xml);
  if (!open) {
    Element("        ", "CINclosureDate", Iso(closed), xml);
    Element("        ", "ReasonForClosure", Pick(dice, kClosures), xml);
  }
  absl::StrAppend(&xml, "        <Assessments>\n");
  Element("          ", "AssessmentActualStartDate", Iso(opened + 2), xml);
  if (lasting) Element("          ", "AssessmentAuthorisationDate", Iso(opened + 40), xml);
  absl::StrAppend(&xml, "          <FactorsIdentifiedAtAssessment>\n");
  Element("            ", "AssessmentFactors", Pick(dice, kFactors), xml);
  absl::StrAppend(&xml, "          </FactorsIdentifiedAtAssessment>\n        </Assessments>\n");
  // The named stories' plans are told, not left to chance: John has one.
  const bool story_plan = record.record_id == "S-000005";
  if (story_plan || (lasting && dice.Chance(450))) {
    absl::StrAppend(&xml, "        <CINPlanDates>\n");
    Element("          ", "CINPlanStartDate",
            Iso(std::min(opened + 45, absl::CivilDay(2026, 10, 30))), xml);
    if (!open) Element("          ", "CINPlanEndDate", Iso(closed), xml);
    absl::StrAppend(&xml, "        </CINPlanDates>\n");
  }
  if (lasting && dice.Chance(80)) {
    absl::StrAppend(&xml, "        <Section47>\n");
    Element("          ", "S47ActualStartDate", Iso(opened + 5), xml);
    Element("          ", "ICPCnotRequired", "true", xml);
    absl::StrAppend(&xml, "        </Section47>\n");
  }
  Element("        ", "ReferralNFA", "0", xml);
  absl::StrAppend(&xml, "      </CINdetails>\n");
}

void AddSocialServices(const Population& population, Files& files) {
  constexpr const char* kEthnicities[] = {"WBRI", "WBRI", "WBRI", "WBRI", "WOTH", "MWBC",
                                          "AIND", "APKN", "ABAN", "BCRB", "BAFR", "OOTH"};
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Message>\n  <Header>\n"
      "    <CollectionDetails>\n      <Collection>CIN</Collection>\n      <Year>2027</Year>\n"
      "      <ReferenceDate>2027-03-31</ReferenceDate>\n    </CollectionDetails>\n    <Source>\n"
      "      <SourceLevel>L</SourceLevel>\n      <LEA>999</LEA>\n"
      "      <SoftwareCode>Nortown children's register</SoftwareCode>\n"
      "      <Release>2024.1</Release>\n      <SerialNo>001</SerialNo>\n"
      "      <DateTime>2026-10-31T06:00:00</DateTime>\n    </Source>\n  </Header>\n  <Children>\n";
  std::string identity =
      CsvLine({"LAchildID", "given_names", "surname", "date_of_birth", "sex", "postcode",
               "nhs_number", "worker_id", "worker_name", "worker_phone", "worker_email", "team"});
  for (const Record* record : RecordsOf(population, Agency::kSocialServices)) {
    Dice dice = DiceOf(population, *record);
    const Person& person = PersonOf(population, *record);
    absl::StrAppend(&xml, "    <Child>\n      <ChildIdentifiers>\n");
    Element("        ", "LAchildID", record->record_id, xml);
    Element("        ", "UPN", record->upn, xml);
    if (record->upn.empty()) Element("        ", "UPNunknown", "UN7", xml);
    Element("        ", "PersonBirthDate",
            record->fault == Fault::kBadDate ? Iso(person.birth_date) : record->birth_date, xml);
    Element("        ", "GenderCurrent", record->gender == 'M' ? "1" : "2", xml);
    absl::StrAppend(&xml, "      </ChildIdentifiers>\n      <ChildCharacteristics>\n");
    Element("        ", "Ethnicity", Pick(dice, kEthnicities), xml);
    absl::StrAppend(&xml, "      </ChildCharacteristics>\n");
    if (person.story.empty() && dice.Chance(150)) {
      // Known once before, and closed then.
      const absl::CivilDay earlier = record->opened - dice.Between(300, 700);
      AddCinDetails(*record, false, earlier, earlier + dice.Between(20, 200), dice, xml);
    }
    AddCinDetails(*record, record->open, record->opened, record->closed, dice, xml);
    absl::StrAppend(&xml, "    </Child>\n");

    if (record->fault == Fault::kOrphan) continue;
    const Worker& worker = WorkerOf(population, *record);
    absl::StrAppend(&identity, CsvLine({record->record_id, record->given_names, record->surname,
                                        IsoToUk(record->birth_date), std::string(1, record->gender),
                                        record->postcode, record->nhs_number, worker.id,
                                        worker.name, worker.phone, worker.email, worker.team}));
  }
  absl::StrAppend(&xml, "  </Children>\n</Message>\n");
  files["social-services/inbox/cin-census.xml"] = std::move(xml);
  files["social-services/inbox/identity.csv"] = std::move(identity);
}

// --- For the quick start and for measuring ---

struct ManualReport {
  const char* story;
  const char* agency;
  const char* record_id;
  const char* service;
  const char* opened_on;
  Json contact;
};

std::vector<ManualReport> ManualReports() {
  return {
      {"Ghazella",
       "nightstop-project",
       "NS-0007",
       "voluntary-project",
       "2026-04-20",
       {{"practitioner_id", "pw-001"},
        {"name", "Bronwen Achterberg"},
        {"role", "project-worker"},
        {"phone", "07700 900151"},
        {"email", "bronwen@nightstop.example"}}},
      {"Sal",
       "nortown-drugs-advice",
       "DA-0031",
       "substance-misuse",
       "2026-03-02",
       {{"practitioner_id", "dw-001"},
        {"name", "Felix Okonjo"},
        {"role", "drugs-worker"},
        {"phone", "07700 900162"},
        {"email", "felix@drugs-advice.nortown.example"}}},
  };
}

Json PersonJson(const Person& person) {
  return {{"given_names", person.given_names},
          {"surname", person.surname},
          {"birth_date", Iso(person.birth_date)},
          {"gender", person.gender == 'F' ? "female" : "male"},
          {"postcode", person.postcode}};
}

void AddPeople(const Population& population, Files& files) {
  Json people = Json::array();
  for (const Person& person : population.people) {
    if (person.story.empty()) continue;
    Json entry = {{"story", person.story}};
    entry.update(PersonJson(person));
    entry["details"] = absl::StrJoin(
        {person.given_names, person.surname, Iso(person.birth_date), person.postcode}, ",");
    Json records = Json::object();
    for (const Record& record : population.records) {
      if (record.person == person.number) records[AgencyId(record.agency)] = record.record_id;
    }
    for (const ManualReport& report : ManualReports()) {
      if (person.story != report.story) continue;
      records[report.agency] = report.record_id;
      const Json flags = {{"feed", "by-hand"},
                          {"flags",
                           {{{"record_id", report.record_id},
                             {"person", PersonJson(person)},
                             {"service", report.service},
                             {"status", "open"},
                             {"opened_on", report.opened_on},
                             {"contact", report.contact}}}}};
      files[absl::StrCat("reports/", report.agency, ".json")] = absl::StrCat(flags.dump(2), "\n");
    }
    entry["records"] = std::move(records);
    people.push_back(std::move(entry));
  }
  const Json document = {{"seed", population.options.seed},
                         {"people_count", population.options.people},
                         {"people", std::move(people)}};
  files["people.json"] = absl::StrCat(document.dump(2), "\n");
}

void AddTruth(const Population& population, Files& files) {
  std::string truth = CsvLine({"agency", "record_id", "person", "noise"});
  Json faults = Json::array();
  for (const Record& record : population.records) {
    absl::StrAppend(&truth,
                    CsvLine({AgencyId(record.agency), record.record_id, absl::StrCat(record.person),
                             absl::StrJoin(record.noise, " ")}));
    if (record.fault != Fault::kNone) {
      faults.push_back({{"agency", AgencyId(record.agency)},
                        {"record_id", record.record_id},
                        {"fault", FaultName(record.fault)}});
    }
  }
  faults.push_back({{"agency", "northern-connexions"},
                    {"record_id", "C-000003"},
                    {"fault", "apir-ring-out-of-range"}});
  faults.push_back(
      {{"agency", "nortown-yot"}, {"file", "asset-late.zip"}, {"fault", "cut-off-file"}});
  files["truth.csv"] = std::move(truth);
  files["faults.json"] = absl::StrCat(Json{{"faults", std::move(faults)}}.dump(2), "\n");
}

}  // namespace

absl::StatusOr<Files> MakeExtracts(const Population& population) {
  Files files;
  absl::Status status = AddYot(population, files);
  if (!status.ok()) return status;
  AddConnexions(population, files);
  AddSocialServices(population, files);
  AddPeople(population, files);
  AddTruth(population, files);
  return files;
}

}  // namespace signpost::adapters::sample
