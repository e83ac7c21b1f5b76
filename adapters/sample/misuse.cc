#include "adapters/sample/misuse.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "adapters/sample/dice.h"
#include "nlohmann/json.hpp"

namespace signpost::adapters::sample {
namespace {

constexpr int kWorkersPerAgency = 8;
constexpr int kLookUpsPerDayMin = 4;
constexpr int kLookUpsPerDayMax = 9;

struct Office {
  Agency agency;
  const char* id_prefix;
  const char* role;
  const char* purpose;  // of everyday look-ups
};
constexpr Office kOffices[] = {
    {Agency::kYot, "yo-1", "yot-officer", "youth-justice"},
    {Agency::kConnexions, "pa-1", "personal-adviser", "support-planning"},
    {Agency::kSocialServices, "sw-1", "social-worker", "assessment"},
};

class Maker {
 public:
  explicit Maker(const Population& population)
      : population_(population), dice_(population.options.seed ^ 0x6d6973757365) {}

  Misuse Make() {
    TakeInvolvements();
    TakeOnWorkers();
    EverydayWork();
    Innocent();
    NoRelationship();
    Relatives();
    Neighbours();
    Concentration();
    Volume();
    OutOfHours();
    Overrides();
    AfterInvolvement();
    PurposeRetried();
    Enumeration();
    std::stable_sort(misuse_.look_ups.begin(), misuse_.look_ups.end(),
                     [](const LookUp& a, const LookUp& b) { return a.at < b.at; });
    return std::move(misuse_);
  }

 private:
  // Who stands with whom, from the first record of each agency that is not wrong on purpose.
  void TakeInvolvements() {
    std::set<std::pair<std::string, int>> seen;
    for (const Record& record : population_.records) {
      if (record.fault != Fault::kNone) continue;
      const std::string agency = AgencyId(record.agency);
      if (!seen.insert({agency, record.person}).second) continue;
      Involvement involvement;
      involvement.agency_id = agency;
      involvement.person = record.person;
      involvement.opened = std::min(record.opened, absl::CivilDay(2026, 6, 1));
      involvement.open = record.open;
      if (!record.open) involvement.closed = std::min(record.closed, absl::CivilDay(2026, 9, 1));
      if (!record.open && involvement.closed < involvement.opened) {
        involvement.opened = involvement.closed - 90;
      }
      auto& list = record.open ? open_[agency] : ended_[agency];
      list.push_back(record.person);
      known_.insert({agency, record.person});
      misuse_.involvements.push_back(std::move(involvement));
    }
  }

  void TakeOnWorkers() {
    static constexpr const char* kSurnames[] = {"Ashdown", "Birkett",  "Calloway", "Dunmore",
                                                "Eastley", "Fairbank", "Garside",  "Holroyd"};
    for (const Office& office : kOffices) {
      for (int i = 0; i < kWorkersPerAgency; ++i) {
        misuse_.practitioners.push_back(
            {AgencyId(office.agency), absl::StrFormat("%s%02d", office.id_prefix, i), office.role,
             kSurnames[i], absl::StrFormat("NX9 %dZZ", i)});
      }
    }
  }

  static const Office& OfficeOf(int practitioner) {
    return kOffices[practitioner / kWorkersPerAgency];
  }
  std::string AgencyOf(int practitioner) const {
    return misuse_.practitioners[static_cast<size_t>(practitioner)].agency_id;
  }
  int AnyWorker() { return dice_.Between(0, static_cast<int>(misuse_.practitioners.size()) - 1); }
  int AnyOf(const std::vector<int>& people) {
    return people[static_cast<size_t>(dice_.Between(0, static_cast<int>(people.size()) - 1))];
  }
  // Somebody whom the agency does not know, and somebody else does.
  int StrangerTo(const std::string& agency) {
    while (true) {
      const int person = dice_.Between(1, static_cast<int>(population_.people.size()));
      if (known_.contains({agency, person})) continue;
      for (const Office& office : kOffices) {
        if (known_.contains({AgencyId(office.agency), person})) return person;
      }
    }
  }
  absl::CivilDay WorkingDay() {
    const int day = dice_.Between(0, 9);
    return kMisuseBegins + day % 5 + 7 * (day / 5);
  }
  absl::CivilSecond WorkingTime() { return At(WorkingDay(), dice_.Between(9 * 60, 17 * 60)); }
  static absl::CivilSecond At(absl::CivilDay day, int minute) {
    return absl::CivilSecond(day) + minute * 60;
  }

  LookUp* Add(int practitioner, int person, absl::CivilSecond at,
              std::vector<std::string> planted = {}) {
    LookUp look;
    look.at = at + dice_.Between(0, 59);
    look.practitioner = practitioner;
    look.person = person;
    look.purpose = OfficeOf(practitioner).purpose;
    look.misuse = std::move(planted);
    misuse_.look_ups.push_back(std::move(look));
    return &misuse_.look_ups.back();
  }

  void EverydayWork() {
    const int workers = static_cast<int>(misuse_.practitioners.size());
    for (int worker = 0; worker < workers; ++worker) {
      for (int i = 0; i < 10; ++i) {
        const absl::CivilDay day = kMisuseBegins + i % 5 + 7 * (i / 5);
        const int count = dice_.Between(kLookUpsPerDayMin, kLookUpsPerDayMax);
        for (int n = 0; n < count; ++n) {
          Add(worker, AnyOf(open_[AgencyOf(worker)]), At(day, dice_.Between(8 * 60 + 30, 17 * 60)));
        }
      }
    }
  }

  // What is as it should be, and looks as if it were not.
  void Innocent() {
    for (int i = 0; i < 8; ++i) {  // a duty worker's call about somebody new
      const int worker = AnyWorker();
      Add(worker, StrangerTo(AgencyOf(worker)), WorkingTime());
    }
    for (int i = 0; i < 3; ++i) {  // late at work
      const int worker = AnyWorker();
      Add(worker, AnyOf(open_[AgencyOf(worker)]), At(WorkingDay(), 20 * 60 + dice_.Between(0, 30)));
    }
    for (int i = 0; i < 25; ++i) Nobody(AnyWorker(), WorkingTime());  // a name typed wrongly
    for (int i = 0; i < 4; ++i) {  // a case closed a week ago, and a letter comes
      const int worker = AnyWorker();
      Add(worker, AnyOf(open_[AgencyOf(worker)]), WorkingTime())->purpose = "service-delivery";
    }
  }

  void Nobody(int worker, absl::CivilSecond at, std::vector<std::string> planted = {}) {
    LookUp* look = Add(worker, 0, at, std::move(planted));
    look->given_names = absl::StrCat("Q", Letters(6));
    look->surname = absl::StrCat("Z", Letters(8));
    look->birth_date =
        absl::CivilDay(2008 + dice_.Between(0, 5), dice_.Between(1, 12), dice_.Between(1, 28));
  }
  std::string Letters(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += static_cast<char>('a' + dice_.Between(0, 25));
    return text;
  }

  void NoRelationship() {
    for (int i = 0; i < 30; ++i) {
      const int worker = AnyWorker();
      Add(worker, StrangerTo(AgencyOf(worker)), WorkingTime(), {"no-relationship"});
    }
  }

  const Person& PersonOf(int number) const {
    return population_.people[static_cast<size_t>(number - 1)];
  }

  void Relatives() {
    // The last two of each office have relatives among the young people.
    for (int office = 0; office < 3; ++office) {
      for (int i = 0; i < 2; ++i) {
        const int worker = office * kWorkersPerAgency + 6 + i;
        const int relative = StrangerTo(AgencyOf(worker));
        misuse_.practitioners[static_cast<size_t>(worker)].surname = PersonOf(relative).surname;
        for (int n = 0; n < 2; ++n) {
          Add(worker, relative, WorkingTime(), {"no-relationship", "same-surname"});
        }
      }
    }
  }

  void Neighbours() {
    for (int office = 0; office < 3; ++office) {
      for (int i = 0; i < 2; ++i) {
        const int worker = office * kWorkersPerAgency + 4 + i;
        const bool works_with = i == 0;
        const int neighbour =
            works_with ? AnyOf(open_[AgencyOf(worker)]) : StrangerTo(AgencyOf(worker));
        misuse_.practitioners[static_cast<size_t>(worker)].home_postcode =
            PersonOf(neighbour).postcode;
        std::vector<std::string> planted = {"same-postcode"};
        if (!works_with) planted.push_back("no-relationship");
        for (int n = 0; n < 2; ++n) Add(worker, neighbour, WorkingTime(), planted);
      }
    }
  }

  void Concentration() {
    // In the paper on the second Tuesday, and looked up by those who have nothing to do with them.
    const int person = StrangerTo(AgencyId(Agency::kConnexions));
    int looked = 0;
    for (int worker = 0; worker < static_cast<int>(misuse_.practitioners.size()); ++worker) {
      if (known_.contains({AgencyOf(worker), person}) || looked == 9) continue;
      Add(worker, person, At(kMisuseBegins + 8 + looked / 5, dice_.Between(9 * 60, 17 * 60)),
          {"concentration", "no-relationship"});
      ++looked;
    }
  }

  void Volume() {
    // One reads the caseload of the whole office on a Thursday.
    const int worker = kWorkersPerAgency + 3;
    std::vector<int> people = open_[AgencyOf(worker)];
    std::sort(people.begin(), people.end());
    if (people.size() > 60) people.resize(60);
    for (size_t i = 0; i < people.size(); ++i) {
      Add(worker, people[i], At(kMisuseBegins + 3, 9 * 60 + static_cast<int>(i) * 7), {"volume"});
    }
  }

  void OutOfHours() {
    for (int i = 0; i < 12; ++i) {
      const int worker = AnyWorker();
      const bool sunday = i % 3 == 0;
      Add(worker, AnyOf(open_[AgencyOf(worker)]),
          sunday ? At(kMisuseBegins + 6, dice_.Between(10 * 60, 16 * 60))
                 : At(WorkingDay(), dice_.Between(22 * 60, 23 * 60 + 30)),
          {"out-of-hours"});
    }
  }

  void Overrides() {
    // In the first week, so that every review falls due within the second.
    for (int i = 0; i < 8; ++i) {
      const int worker = 2 * kWorkersPerAgency + dice_.Between(0, 3);
      const bool reviewed = i < 3;
      LookUp* look = Add(worker, StrangerTo(AgencyOf(worker)),
                         At(kMisuseBegins + i % 3, dice_.Between(9 * 60, 16 * 60)));
      if (!reviewed) look->misuse = {"override-unreviewed"};
      look->purpose = "safeguarding";
      look->overridden = true;
      look->reviewed = reviewed;
    }
  }

  void AfterInvolvement() {
    for (int i = 0; i < 10; ++i) {
      const int worker = AnyWorker();
      const std::vector<int>& ended = ended_[AgencyOf(worker)];
      if (ended.empty()) continue;
      Add(worker, AnyOf(ended), WorkingTime(), {"after-involvement", "no-relationship"});
    }
  }

  void PurposeRetried() {
    for (int i = 0; i < 8; ++i) {
      const int worker = kWorkersPerAgency + i;  // Connexions
      // Somebody of whom another agency holds something that can be withheld.
      int person = 0;
      do {
        person = AnyOf(open_[AgencyOf(worker)]);
      } while (!known_.contains({AgencyId(Agency::kYot), person}));
      const absl::CivilSecond at = WorkingTime();
      Add(worker, person, at, {"purpose-retried"})->purpose = "employment";
      Add(worker, person, at + dice_.Between(2, 20) * 60, {"purpose-retried"});
    }
  }

  void Enumeration() {
    // So many in a few minutes are browsing, and on one day volume, too.
    const int worker = 1;  // of the youth offending team
    for (int i = 0; i < 40; ++i) {
      const absl::CivilSecond at = At(kMisuseBegins + 10, 12 * 60 + 30) + i * 12;
      if (i % 4 == 3) {
        Add(worker, AnyOf(open_[AgencyOf(worker)]), at, {"browsing", "enumeration", "volume"});
      } else {
        Nobody(worker, at, {"browsing", "enumeration", "volume"});
      }
    }
  }

  const Population& population_;
  Dice dice_;
  Misuse misuse_;
  std::map<std::string, std::vector<int>> open_;
  std::map<std::string, std::vector<int>> ended_;
  std::set<std::pair<std::string, int>> known_;
};

std::string Iso(absl::CivilSecond at) { return absl::FormatCivilTime(at); }

}  // namespace

Misuse MakeMisuse(const Population& population) { return Maker(population).Make(); }

Files MisuseFiles(const Misuse& misuse) {
  nlohmann::ordered_json practitioners = nlohmann::ordered_json::array();
  for (const Practitioner& practitioner : misuse.practitioners) {
    practitioners.push_back({{"agency_id", practitioner.agency_id},
                             {"practitioner_id", practitioner.practitioner_id},
                             {"roles", {practitioner.role}},
                             {"team_ids", nlohmann::ordered_json::array()},
                             {"surname", practitioner.surname},
                             {"home_postcode", practitioner.home_postcode}});
  }
  std::string lines;
  for (const LookUp& look : misuse.look_ups) {
    const Practitioner& by = misuse.practitioners[static_cast<size_t>(look.practitioner)];
    nlohmann::ordered_json line = {{"at", Iso(look.at)},
                                   {"agency_id", by.agency_id},
                                   {"practitioner_id", by.practitioner_id},
                                   {"person", look.person},
                                   {"purpose", look.purpose},
                                   {"override", look.overridden},
                                   {"reviewed", look.reviewed},
                                   {"misuse", look.misuse}};
    if (look.person == 0) {
      line["given_names"] = look.given_names;
      line["surname"] = look.surname;
      line["birth_date"] = absl::FormatCivilTime(look.birth_date);
    }
    absl::StrAppend(&lines, line.dump(), "\n");
  }
  return {{"misuse/practitioners.json", practitioners.dump(2) + "\n"},
          {"misuse/look-ups.jsonl", std::move(lines)}};
}

}  // namespace signpost::adapters::sample
