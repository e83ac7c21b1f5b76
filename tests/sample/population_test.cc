// The sample's people and records: the same every time, sound numbers, and every kind of trouble.

#include "adapters/sample/population.h"

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace signpost::adapters::sample {
namespace {

bool NhsNumberHolds(const std::string& number) {
  if (number.size() != 10) return false;
  int sum = 0;
  for (size_t i = 0; i < 10; ++i) sum += (number[i] - '0') * (10 - static_cast<int>(i));
  // With weight 1 on the check digit the whole sum is a multiple of 11.
  return sum % 11 == 0;
}

TEST(CheckDigits, MatchPublishedExamples) {
  // The example of the NHS data dictionary, and the UPN of the department's own guidance.
  EXPECT_EQ(WithNhsCheckDigit("943476591"), "9434765919");
  EXPECT_EQ(WithUpnCheckLetter("801200005001"), "B801200005001");
  // 999000000 would need the check digit 10, which there is not.
  EXPECT_EQ(WithNhsCheckDigit("999000000"), "");
}

TEST(Population, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const Population a = MakePopulation({300, 7});
  const Population b = MakePopulation({300, 7});
  const Population c = MakePopulation({300, 8});
  const auto names = [](const Population& population) {
    std::string text;
    for (const Record& record : population.records) {
      text += record.record_id + record.given_names + record.surname + record.postcode + "\n";
    }
    return text;
  };
  EXPECT_EQ(names(a), names(b));
  EXPECT_NE(names(a), names(c));
}

TEST(Population, EveryNumberIsSoundSyntheticAndItsOwners) {
  const Population population = MakePopulation({20'000, 1});
  std::set<std::string> nhs_numbers;
  std::set<std::string> upns;
  for (const Person& person : population.people) {
    ASSERT_TRUE(NhsNumberHolds(person.nhs_number)) << person.nhs_number;
    ASSERT_EQ(person.nhs_number.substr(0, 3), "999");
    ASSERT_EQ(person.upn, WithUpnCheckLetter(person.upn.substr(1)));
    ASSERT_EQ(person.upn.substr(1, 3), "999");
    ASSERT_EQ(person.postcode.substr(0, 2), "NX");
    nhs_numbers.insert(person.nhs_number);
    upns.insert(person.upn);
  }
  EXPECT_EQ(nhs_numbers.size(), population.people.size());
  EXPECT_EQ(upns.size(), population.people.size());
}

TEST(Population, HalfAreKnownToMoreThanOneAgency) {
  const Population population = MakePopulation({2000, 20261201});
  std::map<int, int> records_of;
  for (const Record& record : population.records) ++records_of[record.person];
  EXPECT_EQ(records_of.size(), 2000u);
  int several = 0;
  for (const auto& [person, count] : records_of) several += count > 1 ? 1 : 0;
  EXPECT_GE(several, 980);
  EXPECT_LE(several, 1020);
}

TEST(Population, HasEveryKindOfNoiseAndFault) {
  const Population population = MakePopulation({2000, 20261201});
  std::map<std::string, int> noise;
  std::map<std::pair<Agency, Fault>, int> faults;
  for (const Record& record : population.records) {
    for (const std::string& kind : record.noise) ++noise[kind];
    if (record.fault != Fault::kNone) ++faults[{record.agency, record.fault}];
  }
  for (const char* kind :
       {"misspelt-given-names", "misspelt-surname", "swapped-names", "swapped-day-month",
        "moved-house", "missing-postcode", "capitals", "disputed-birth-date"}) {
    EXPECT_GT(noise[kind], 0) << kind;
  }
  for (const Agency agency : {Agency::kYot, Agency::kConnexions, Agency::kSocialServices}) {
    EXPECT_GT((faults[{agency, Fault::kBadDate}]), 0);
    EXPECT_GT((faults[{agency, Fault::kMissingSurname}]), 0);
  }
  EXPECT_GT((faults[{Agency::kYot, Fault::kDuplicate}]), 0);
  EXPECT_GT((faults[{Agency::kSocialServices, Fault::kOrphan}]), 0);
}

TEST(Population, APlantedBadNhsNumberIsBad) {
  const Population population = MakePopulation({2000, 20261201});
  int planted = 0;
  for (const Record& record : population.records) {
    if (record.nhs_number.empty()) continue;
    const bool bad = record.fault == Fault::kBadNhsNumber;
    planted += bad ? 1 : 0;
    EXPECT_EQ(NhsNumberHolds(record.nhs_number), !bad) << record.record_id;
  }
  EXPECT_GT(planted, 0);
}

TEST(Population, TellsTheNamedStories) {
  const Population population = MakePopulation({kPeopleMin, 3});
  std::map<std::string, const Record*> by_id;
  for (const Record& record : population.records) by_id[record.record_id] = &record;
  // Tariq: an open YOT case, an open Connexions case with adviser pa-001.
  ASSERT_TRUE(by_id.count("Y-000001") && by_id.count("C-000001"));
  EXPECT_TRUE(by_id["Y-000001"]->open);
  EXPECT_EQ(population
                .workers[static_cast<int>(Agency::kConnexions)]
                        [static_cast<size_t>(by_id["C-000001"]->worker)]
                .id,
            "pa-001");
  EXPECT_EQ(by_id["Y-000001"]->given_names, "Tariq");
  // Sal: closed by social services. Sam: thought to have a social worker, and has none.
  EXPECT_FALSE(by_id.at("S-000002")->open);
  EXPECT_FALSE(by_id.count("S-000003"));
  // Peter: two birth dates.
  EXPECT_NE(by_id.at("S-000006")->birth_date, by_id.at("C-000006")->birth_date);
  EXPECT_EQ(by_id.at("S-000006")->nhs_number, "");
}

TEST(Population, BrothersAndSistersShareAHomeAndNotAName) {
  const Population population = MakePopulation({2000, 20261201});
  std::map<std::pair<std::string, std::string>, std::vector<const Person*>> households;
  for (const Person& person : population.people) {
    households[{person.surname, person.postcode}].push_back(&person);
  }
  int twins = 0;
  int shared = 0;
  for (const auto& [key, members] : households) {
    if (members.size() > 1) ++shared;
    for (size_t i = 1; i < members.size(); ++i) {
      if (members[i]->birth_date == members[0]->birth_date) {
        ++twins;
        EXPECT_NE(members[i]->given_names, members[0]->given_names);
      }
    }
  }
  EXPECT_GT(shared, 50);
  EXPECT_GT(twins, 3);
}

}  // namespace
}  // namespace signpost::adapters::sample
