// Population is a list of the sample's young people as they truly are, and the records that three
// agencies hold about them, with what real records have: misspellings, swapped names, swapped day
// and month, old addresses, gaps, rows that are wrong.
//
// The same options give the same population, always. Plain values; nothing here does I/O.

#ifndef SIGNPOST_ADAPTERS_SAMPLE_POPULATION_H_
#define SIGNPOST_ADAPTERS_SAMPLE_POPULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"

namespace signpost::adapters::sample {

inline constexpr int kPeopleMin = 50;  // the named stories and every kind of noise still fit
inline constexpr int kPeopleMax = 500'000;

struct Options {
  int people = 2000;
  uint64_t seed = 20261201;
};

enum class Agency { kYot = 0, kConnexions, kSocialServices };
inline constexpr int kAgencyCount = 3;
// As registered: "nortown-yot".
const char* AgencyId(Agency agency);

// A young person as they truly are. `number` counts from 1; the first ones are the named stories.
struct Person {
  int number = 0;
  std::string story;  // "Tariq"; empty for all but the named ones
  std::string given_names;
  std::string surname;
  absl::CivilDay birth_date;
  char gender = 'F';  // F or M
  std::string postcode;
  std::string nhs_number;
  std::string upn;
};

struct Worker {
  std::string id;  // "pa-001"
  std::string name;
  std::string role;
  std::string phone;
  std::string email;
  std::string team;  // may be empty
};

// What was done wrong on purpose to one record.
enum class Fault {
  kNone = 0,
  kBadDate,         // a birth date that no calendar has
  kBadNhsNumber,    // wrong check digit
  kMissingSurname,  //
  kDuplicate,       // the same row twice
  kOrphan,          // in one file of the agency and not in the one that should name them
};
const char* FaultName(Fault fault);

// One agency's record of one person, as written in its files.
struct Record {
  int person = 0;  // Person::number: the truth
  Agency agency = Agency::kYot;
  std::string record_id;
  std::string given_names;
  std::string surname;
  std::string birth_date;  // ISO, as text, because it may be nonsense; the writer makes it UK
  char gender = 'F';
  std::string postcode;
  std::string nhs_number;
  std::string upn;
  bool open = true;
  absl::CivilDay opened;
  absl::CivilDay closed;  // when not open
  int worker = 0;         // index into Population::workers of the agency
  Fault fault = Fault::kNone;
  // Kinds of noise, e.g. "misspelt-surname"; for truth.csv.
  std::vector<std::string> noise;
};

struct Population {
  Options options;
  std::vector<Person> people;
  std::vector<Record> records;                // by agency, then in order of record id
  std::vector<Worker> workers[kAgencyCount];  // by Agency
};

// REQUIRES: kPeopleMin <= options.people <= kPeopleMax.
Population MakePopulation(const Options& options);

// Completes nine digits with the NHS number's check digit; empty when the digits allow none.
std::string WithNhsCheckDigit(const std::string& nine_digits);
// Puts the check letter in front of twelve digits.
std::string WithUpnCheckLetter(const std::string& twelve_digits);

}  // namespace signpost::adapters::sample

#endif  // SIGNPOST_ADAPTERS_SAMPLE_POPULATION_H_
