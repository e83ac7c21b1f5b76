#include "adapters/sample/population.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "adapters/sample/dice.h"
#include "adapters/sample/names.h"

namespace signpost::adapters::sample {
namespace {

// The day on which the extracts are said to have been made.
const absl::CivilDay kExtractDay(2026, 10, 31);

constexpr char kUpnLetters[] = "ABCDEFGHJKLMNPQRTUVWXYZ";  // without I, O and S
constexpr char kPostcodeLetters[] = "ABDEFGHJLNPQRSTUWXYZ";

template <typename Item>
const Item& Weighted(Dice& dice, absl::Span<const Item> items) {
  int total = 0;
  for (const Item& item : items) total += item.weight;
  int left = dice.Between(1, total);
  for (const Item& item : items) {
    left -= item.weight;
    if (left <= 0) return item;
  }
  return items.back();
}

std::string Postcode(Dice& dice) {
  const auto letter = [&dice] {
    return kPostcodeLetters[dice.Between(0, static_cast<int>(sizeof(kPostcodeLetters)) - 2)];
  };
  const int district = dice.Between(1, 24);
  const int sector = dice.Between(0, 9);
  const char first = letter();
  const char second = letter();
  return absl::StrFormat("NX%d %d%c%c", district, sector, first, second);
}

// Numbers of the 999 range, which the health service keeps for tests; each person their own.
std::string NhsNumber(int person) {
  // A stride prime to half a million spreads the numbers. Of two neighbours at most one has no
  // check digit, for their sums differ by 2.
  const int64_t pair = int64_t{person} * 7919 % 500'000;
  const std::string number = WithNhsCheckDigit(absl::StrFormat("999%06d", 2 * pair));
  if (!number.empty()) return number;
  return WithNhsCheckDigit(absl::StrFormat("999%06d", 2 * pair + 1));
}

// Of the local authority 999, which there is none of.
std::string Upn(int person, absl::CivilDay birth_date) {
  return WithUpnCheckLetter(absl::StrFormat("999%04d%02d%03d", 4000 + person / 1000,
                                            (birth_date.year() + 5) % 100, person % 1000));
}

std::string IsoDate(absl::CivilDay day) {
  return absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

struct Story {
  const char* name;
  const char* surname;
  absl::CivilDay birth_date;
  char gender;
  const char* postcode;
};

const std::vector<Story>& Stories() {
  static const auto* const stories = new std::vector<Story>{
      {"Tariq", "Anwar", absl::CivilDay(2009, 3, 14), 'M', "NX4 2QT"},
      {"Sal", "Whitcombe", absl::CivilDay(2010, 8, 2), 'F', "NX7 1LB"},
      {"Sam", "Ashdown", absl::CivilDay(2010, 1, 23), 'M', "NX12 6PD"},
      {"Ghazella", "Noorzai", absl::CivilDay(2009, 11, 30), 'F', "NX2 9WF"},
      {"John", "Tarrant", absl::CivilDay(2009, 6, 5), 'M', "NX9 3HG"},
      {"Peter", "Kabongo", absl::CivilDay(2009, 5, 17), 'M', "NX1 4EZ"},
  };
  return *stories;
}
constexpr int kTariq = 1;
constexpr int kSal = 2;
constexpr int kSam = 3;
constexpr int kGhazella = 4;
constexpr int kJohn = 5;
constexpr int kPeter = 6;

void MakePeople(Dice& dice, Population& population) {
  int number = 0;
  for (const Story& story : Stories()) {
    Person person;
    person.number = ++number;
    person.story = story.name;
    person.given_names = story.name;
    person.surname = story.surname;
    person.birth_date = story.birth_date;
    person.gender = story.gender;
    person.postcode = story.postcode;
    population.people.push_back(std::move(person));
  }
  std::vector<std::string> postcodes;
  for (int i = 0; i < population.options.people / 3 + 1; ++i) postcodes.push_back(Postcode(dice));

  std::vector<const NameGroup*> group_of(population.people.size(), nullptr);
  while (number < population.options.people) {
    Person person;
    person.number = ++number;
    const Person* relative = nullptr;
    const NameGroup* group = &Weighted<NameGroup>(dice, NameGroups());
    if (dice.Chance(80)) {
      const auto index =
          static_cast<size_t>(dice.Between(0, static_cast<int>(group_of.size()) - 1));
      if (group_of[index] != nullptr) {
        relative = &population.people[index];
        group = group_of[index];
      }
    }
    person.gender = dice.Chance(500) ? 'F' : 'M';
    const auto given = [&] {
      return std::string(
          Weighted<WeightedName>(dice, person.gender == 'F' ? group->female : group->male).text);
    };
    person.given_names = given();
    while (relative != nullptr && person.given_names == relative->given_names) {
      person.given_names = given();
    }
    if (dice.Chance(250)) absl::StrAppend(&person.given_names, " ", given());
    person.birth_date = kExtractDay - dice.Between(13 * 365 + 4, 19 * 365 + 300);
    if (relative == nullptr) {
      person.surname = Weighted<WeightedName>(dice, group->surnames).text;
      if (dice.Chance(30)) {
        absl::StrAppend(&person.surname, "-", Weighted<WeightedName>(dice, group->surnames).text);
      }
      person.postcode =
          postcodes[static_cast<size_t>(dice.Between(0, static_cast<int>(postcodes.size()) - 1))];
    } else {
      // Brothers and sisters at home, some of them twins: what matching must not take for one.
      person.surname = relative->surname;
      person.postcode = relative->postcode;
      if (dice.Chance(150)) person.birth_date = relative->birth_date;
    }
    population.people.push_back(std::move(person));
    group_of.push_back(group);
  }
  for (Person& person : population.people) {
    person.nhs_number = NhsNumber(person.number);
    person.upn = Upn(person.number, person.birth_date);
  }
}

struct WorkerSeed {
  const char* id;
  const char* name;
  const char* role;
  const char* team;
};

void MakeWorkers(Population& population) {
  const std::vector<WorkerSeed> seeds[kAgencyCount] = {
      {{"yo-001", "Dawn Fairclough", "yot-officer", "nortown-yot-team"},
       {"yo-002", "Marlon Achebe", "yot-officer", "nortown-yot-team"},
       {"yo-003", "Ruth Pemberton", "yot-officer", "nortown-yot-team"}},
      {{"pa-001", "Nasreen Qadir", "personal-adviser", ""},
       {"pa-002", "Colin Baptiste", "personal-adviser", "nortown-yot-team"},
       {"pa-003", "Joanne Tillotson", "personal-adviser", ""},
       {"pa-004", "Piotr Zaleski", "personal-adviser", ""}},
      {{"sw-001", "Margaret Oduya", "social-worker", ""},
       {"sw-002", "Imtiaz Rahim", "social-worker", ""},
       {"sw-003", "Helen Croasdale", "social-worker", ""}},
  };
  const char* domains[kAgencyCount] = {"yot.nortown.example", "connexions.nortown.example",
                                       "social-care.nortown.example"};
  int line = 100;
  for (int agency = 0; agency < kAgencyCount; ++agency) {
    for (const WorkerSeed& seed : seeds[agency]) {
      std::string mailbox = absl::AsciiStrToLower(seed.name);
      std::replace(mailbox.begin(), mailbox.end(), ' ', '.');
      population.workers[agency].push_back(
          {seed.id, seed.name, seed.role, absl::StrFormat("01632 960%03d", line++),
           absl::StrCat(mailbox, "@", domains[agency]), seed.team});
    }
  }
}

// One slip of the hand or the ear. Touches plain letters only, so the text stays UTF-8.
std::string Misspell(Dice& dice, const std::string& name) {
  std::string text = name;
  const auto plain = [&text](size_t i) {
    return i < text.size() && absl::ascii_isalpha(static_cast<unsigned char>(text[i]));
  };
  const std::pair<const char*, const char*> slips[] = {
      {"ph", "f"}, {"ie", "ei"}, {"ee", "ea"}, {"ck", "k"}, {"mm", "m"}, {"tt", "t"}, {"ss", "s"},
      {"nn", "n"}, {"ll", "l"},  {"th", "t"},  {"y", "i"},  {"c", "k"},  {"s", "z"}};
  constexpr int kSlips = static_cast<int>(sizeof(slips) / sizeof(slips[0]));
  const int first = dice.Between(0, kSlips - 1);
  for (int i = 0; i < kSlips; ++i) {
    const auto& [right, wrong] = slips[(first + i) % kSlips];
    const size_t at = text.find(right, 1);
    if (at != std::string::npos) return text.replace(at, std::string(right).size(), wrong);
  }
  const auto at =
      static_cast<size_t>(dice.Between(1, std::max(1, static_cast<int>(text.size()) - 2)));
  if (plain(at) && plain(at + 1) && text[at] != text[at + 1]) {
    std::swap(text[at], text[at + 1]);
  } else if (plain(at)) {
    text.insert(at, 1, text[at]);
  } else {
    text += "e";
  }
  return text;
}

void AddNoise(Dice& dice, const Person& person, Record& record) {
  if (dice.Chance(35)) {
    record.given_names = Misspell(dice, record.given_names);
    record.noise.emplace_back("misspelt-given-names");
  }
  if (dice.Chance(35)) {
    record.surname = Misspell(dice, record.surname);
    record.noise.emplace_back("misspelt-surname");
  }
  if (dice.Chance(10)) {
    std::swap(record.given_names, record.surname);
    record.noise.emplace_back("swapped-names");
  }
  if (dice.Chance(40)) {
    record.surname = absl::AsciiStrToUpper(record.surname);
    record.noise.emplace_back("capitals");
  }
  if (dice.Chance(30) && person.birth_date.day() <= 12 &&
      person.birth_date.day() != person.birth_date.month()) {
    record.birth_date = absl::StrFormat("%04d-%02d-%02d", person.birth_date.year(),
                                        person.birth_date.day(), person.birth_date.month());
    record.noise.emplace_back("swapped-day-month");
  }
  if (dice.Chance(80)) {
    record.postcode = Postcode(dice);
    record.noise.emplace_back("moved-house");
  } else if (dice.Chance(50)) {
    record.postcode.clear();
    record.noise.emplace_back("missing-postcode");
  } else if (dice.Chance(100)) {
    record.postcode = absl::AsciiStrToLower(record.postcode);
    record.postcode.erase(std::remove(record.postcode.begin(), record.postcode.end(), ' '),
                          record.postcode.end());
    record.noise.emplace_back("postcode-spelling");
  }
}

Record PlainRecord(const Person& person, Agency agency) {
  Record record;
  record.person = person.number;
  record.agency = agency;
  record.given_names = person.given_names;
  record.surname = person.surname;
  record.birth_date = IsoDate(person.birth_date);
  record.gender = person.gender;
  record.postcode = person.postcode;
  return record;
}

char RecordLetter(Agency agency) {
  return agency == Agency::kYot ? 'Y' : agency == Agency::kConnexions ? 'C' : 'S';
}

void AddStoryRecords(Population& population) {
  struct Place {
    int person;
    Agency agency;
    bool open;
    absl::CivilDay opened;
    absl::CivilDay closed;
    int worker;
  };
  const absl::CivilDay never;
  const Place places[] = {
      {kTariq, Agency::kYot, true, absl::CivilDay(2026, 8, 24), never, 0},
      {kTariq, Agency::kConnexions, true, absl::CivilDay(2026, 9, 7), never, 0},
      {kSal, Agency::kConnexions, true, absl::CivilDay(2026, 2, 16), never, 2},
      {kSal, Agency::kSocialServices, false, absl::CivilDay(2026, 3, 9),
       absl::CivilDay(2026, 5, 22), 1},
      {kSam, Agency::kConnexions, true, absl::CivilDay(2025, 11, 3), never, 2},
      {kGhazella, Agency::kConnexions, true, absl::CivilDay(2026, 4, 13), never, 0},
      {kJohn, Agency::kSocialServices, true, absl::CivilDay(2024, 10, 1), never, 0},
      {kJohn, Agency::kConnexions, true, absl::CivilDay(2026, 9, 21), never, 3},
      {kPeter, Agency::kSocialServices, true, absl::CivilDay(2026, 1, 19), never, 2},
      {kPeter, Agency::kConnexions, true, absl::CivilDay(2026, 6, 29), never, 3},
  };
  for (const Place& place : places) {
    const Person& person = population.people[static_cast<size_t>(place.person - 1)];
    Record record = PlainRecord(person, place.agency);
    record.record_id = absl::StrFormat("%c-%06d", RecordLetter(place.agency), person.number);
    record.open = place.open;
    record.opened = place.opened;
    record.closed = place.closed;
    record.worker = place.worker;
    if (place.person != kPeter) {
      record.nhs_number = person.nhs_number;
      record.upn = place.agency == Agency::kYot ? "" : person.upn;
    } else if (place.agency == Agency::kSocialServices) {
      // Their age is disputed: the authority assessed them as older than they say they are.
      record.birth_date = "2008-01-01";
      record.noise.emplace_back("disputed-birth-date");
    }
    population.records.push_back(std::move(record));
  }
}

// Which agencies know a person, as bits of 1 << Agency. Even numbers are known to several.
int Memberships(Dice& dice, int number) {
  constexpr int kYot = 1 << static_cast<int>(Agency::kYot);
  constexpr int kConnexions = 1 << static_cast<int>(Agency::kConnexions);
  constexpr int kSocial = 1 << static_cast<int>(Agency::kSocialServices);
  const int roll = dice.Between(0, 99);
  if (number % 2 == 0) {
    if (roll < 44) return kConnexions | kSocial;
    if (roll < 76) return kConnexions | kYot;
    if (roll < 84) return kYot | kSocial;
    return kYot | kConnexions | kSocial;
  }
  return roll < 70 ? kConnexions : roll < 90 ? kSocial : kYot;
}

void AddOrdinaryRecords(Dice& dice, Population& population) {
  // Record ids of each agency run in an order of its own, so that they cannot be joined.
  const auto stories = static_cast<int>(Stories().size());
  std::vector<int> ids[kAgencyCount];
  for (std::vector<int>& list : ids) {
    for (int i = stories + 1; i <= population.options.people; ++i) list.push_back(i);
    for (size_t i = list.size() - 1; i > 0; --i) {
      std::swap(list[i], list[static_cast<size_t>(dice.Between(0, static_cast<int>(i)))]);
    }
  }
  // In per mille: who holds which number, and which cases are open.
  constexpr int kNhsHeld[kAgencyCount] = {550, 250, 800};
  constexpr int kUpnHeld[kAgencyCount] = {0, 850, 800};
  constexpr int kOpen[kAgencyCount] = {700, 800, 650};
  for (const Person& person : population.people) {
    if (!person.story.empty()) continue;
    const int memberships = Memberships(dice, person.number);
    for (int agency = 0; agency < kAgencyCount; ++agency) {
      if ((memberships & (1 << agency)) == 0) continue;
      Record record = PlainRecord(person, static_cast<Agency>(agency));
      record.record_id =
          absl::StrFormat("%c-%06d", RecordLetter(record.agency),
                          ids[agency][static_cast<size_t>(person.number - stories - 1)]);
      if (dice.Chance(kNhsHeld[agency])) record.nhs_number = person.nhs_number;
      if (dice.Chance(kUpnHeld[agency])) record.upn = person.upn;
      AddNoise(dice, person, record);
      record.opened = kExtractDay - dice.Between(20, 900);
      record.open = dice.Chance(kOpen[agency]);
      if (!record.open) {
        const auto age_days = static_cast<int>(kExtractDay - record.opened);
        record.closed = record.opened + dice.Between(10, age_days);
      }
      record.worker = dice.Between(0, static_cast<int>(population.workers[agency].size()) - 1);
      population.records.push_back(std::move(record));
    }
  }
}

void PlantFaults(Population& population) {
  const std::vector<Fault> planned[kAgencyCount] = {
      {Fault::kBadDate, Fault::kBadNhsNumber, Fault::kMissingSurname, Fault::kDuplicate},
      {Fault::kBadDate, Fault::kMissingSurname, Fault::kOrphan, Fault::kDuplicate},
      {Fault::kBadDate, Fault::kBadNhsNumber, Fault::kMissingSurname, Fault::kOrphan},
  };
  const int of_each = 1 + population.options.people / 2000;
  const auto stories = static_cast<int>(Stories().size());
  for (int agency = 0; agency < kAgencyCount; ++agency) {
    std::vector<Record*> candidates;
    for (Record& record : population.records) {
      if (record.agency == static_cast<Agency>(agency) && record.person > stories && record.open &&
          record.noise.empty()) {
        candidates.push_back(&record);
      }
    }
    size_t next = 0;
    for (const Fault fault : planned[agency]) {
      for (int i = 0; i < of_each && next < candidates.size(); ++i) {
        Record& record = *candidates[next++];
        record.fault = fault;
        if (fault == Fault::kBadDate) {
          record.birth_date = absl::StrCat(record.birth_date.substr(0, 5), "02-31");
        } else if (fault == Fault::kBadNhsNumber) {
          record.nhs_number = population.people[static_cast<size_t>(record.person - 1)].nhs_number;
          record.nhs_number.back() = record.nhs_number.back() == '9' ? '0' : '9';
        } else if (fault == Fault::kMissingSurname) {
          record.surname.clear();
        }
      }
    }
  }
}

}  // namespace

const char* AgencyId(Agency agency) {
  switch (agency) {
    case Agency::kYot:
      return "nortown-yot";
    case Agency::kConnexions:
      return "northern-connexions";
    case Agency::kSocialServices:
      break;
  }
  return "nortown-social-services";
}

const char* FaultName(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "none";
    case Fault::kBadDate:
      return "bad-birth-date";
    case Fault::kBadNhsNumber:
      return "bad-nhs-check-digit";
    case Fault::kMissingSurname:
      return "missing-surname";
    case Fault::kDuplicate:
      return "duplicate-row";
    case Fault::kOrphan:
      break;
  }
  return "not-in-the-other-file";
}

std::string WithNhsCheckDigit(const std::string& nine_digits) {
  int sum = 0;
  for (int i = 0; i < 9; ++i) sum += (nine_digits[static_cast<size_t>(i)] - '0') * (10 - i);
  const int check = (11 - sum % 11) % 11;
  if (check == 10) return "";
  return absl::StrCat(nine_digits, check);
}

std::string WithUpnCheckLetter(const std::string& twelve_digits) {
  int sum = 0;
  for (int i = 0; i < 12; ++i) sum += (twelve_digits[static_cast<size_t>(i)] - '0') * (i + 2);
  return absl::StrCat(std::string(1, kUpnLetters[sum % 23]), twelve_digits);
}

Population MakePopulation(const Options& options) {
  Population population;
  population.options = options;
  Dice dice(options.seed);
  MakePeople(dice, population);
  MakeWorkers(population);
  AddStoryRecords(population);
  AddOrdinaryRecords(dice, population);
  std::sort(population.records.begin(), population.records.end(),
            [](const Record& a, const Record& b) {
              return std::make_pair(a.agency, a.record_id) < std::make_pair(b.agency, b.record_id);
            });
  PlantFaults(population);
  return population;
}

}  // namespace signpost::adapters::sample
