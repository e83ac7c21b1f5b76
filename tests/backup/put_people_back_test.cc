// Whatever backup is put back, however old: nothing that was closed since is open, nobody who was erased
// is there. On the memory store: a backup is a copy of all rows but those of wrapped keys, and is put
// back with the rows of wrapped keys of today, by the code that a restore runs.

#include "hub/backup/put_people_back.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/matching/report_linker.h"
#include "hub/people/closings.h"
#include "hub/people/erased_records.h"
#include "hub/people/rows.h"
#include "tests/backup/put_people_back_fixture.h"

namespace signpost::backup {
namespace {

using base::Reason;
using base::ReasonOf;
using people::OpenSealed;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(PutPeopleBackTest, AShieldSetSinceHoldsAndOneLiftedSinceDoesNot) {
  const base::PersonId tariq = Take(kYot, Report("A-1", tariq_));
  const Rows before = Backup();
  Shield(tariq);
  const store::v1::ShieldRow set = Get(tariq).row().shield();
  const Rows shielded = Backup();
  const PeopleBack back = Restore(before);
  EXPECT_EQ(back.closings, 1u);
  EXPECT_EQ(back.persons_closed, 1u);
  EXPECT_EQ(back.persons_added, 0u);
  EXPECT_EQ(Get(tariq).row().shield().SerializeAsString(), set.SerializeAsString());

  // Once more, of what says so already: nothing is changed.
  EXPECT_EQ(Restore(shielded).persons_closed, 0u);
  Shield(tariq, false);
  EXPECT_FALSE(Get(tariq).shielded());
  (void)Restore(shielded);
  EXPECT_FALSE(Get(tariq).shielded()) << "it was lifted for good reasons";
  Shield(tariq);
  (void)Restore(before);
  EXPECT_TRUE(Get(tariq).shielded()) << "the last word counts";
}

TEST_F(PutPeopleBackTest, RefusalsAndWithdrawalsSinceHold) {
  const base::PersonId tariq = Take(kYot, Report("A-1", tariq_));
  const base::ConsentId yes = Record(tariq, Says(kGiven));
  const base::ConsentId other = Record(tariq, Says(kGiven, "careers"));
  const base::ConsentId third = Record(tariq, Says(kGiven, "drugs"));
  const Rows before = Backup();
  Withdraw(tariq, yes);
  const base::ConsentId no = Record(tariq, Says(kRefused, "careers"));
  signpost::v1::Consent narrower = Says(kGiven, "drugs");
  narrower.set_supersedes(third.ToText());
  narrower.mutable_scope()->add_purposes(signpost::v1::PURPOSE_REFERRAL);
  const base::ConsentId narrow = Record(tariq, narrower);
  const Rows after = Backup();

  EXPECT_EQ(Restore(before).closings, 3u);
  EXPECT_FALSE(Stands(tariq, yes));
  const people::Person now = Get(tariq);
  EXPECT_EQ(*OpenSealed(now.WithdrawalNote(*now.FindConsent(yes))), "said so");
  EXPECT_TRUE(Stands(tariq, no));
  EXPECT_EQ(now.FindConsent(no)->decision(), kRefused);
  EXPECT_FALSE(Stands(tariq, other)) << "the no stands in its place";
  EXPECT_FALSE(Stands(tariq, third)) << "what was narrowed is not wide again";
  EXPECT_EQ(now.FindConsent(narrow), nullptr) << "the register opens nothing";

  // A no that was lawfully undone is undone in a backup that has the yes, and stands where it does not.
  (void)Restore(after);
  signpost::v1::Consent undone = Says(kGiven, "careers");
  undone.set_supersedes(no.ToText());
  const base::ConsentId again = Record(tariq, undone);
  const Rows later = Backup();
  (void)Restore(later);
  EXPECT_FALSE(Stands(tariq, no));
  EXPECT_TRUE(Stands(tariq, again));
  (void)Restore(after);
  EXPECT_TRUE(Stands(tariq, no));
}

TEST_F(PutPeopleBackTest, WhomTheBackupDoesNotKnowIsClosedWhenTheyComeBack) {
  const Rows before = Backup();
  const base::PersonId tariq = Take(kYot, Report("A-1", tariq_));
  Shield(tariq);
  const base::ConsentId no = Record(tariq, Says(kRefused));
  const base::FlagId flag = people_.LookupLocalRecord(*View(), kYot, "A-1")->flag;
  const PeopleBack back = Restore(before);
  EXPECT_EQ(back.persons_added, 1u);
  EXPECT_EQ(back.persons, 1u);

  // Nobody works with them as far as anybody can see, and nothing of what was reported is there.
  EXPECT_THAT(Get(tariq).AgenciesWithOpenFlags(), IsEmpty());
  EXPECT_TRUE(Get(tariq).shielded());
  EXPECT_EQ(Get(tariq).FindFlag(flag)->status(), signpost::v1::FLAG_STATUS_RETRACTED);
  EXPECT_THAT(OpenSealed(Get(tariq).Details(Get(tariq).aliases().at(0)))->surname(), IsEmpty());

  // By another agency, by details: whoever is made of it is shielded, too. Then by the record that they
  // were known by.
  EXPECT_TRUE(Get(Take(kConnexions, Report("C-1", tariq_, "careers"))).shielded());
  EXPECT_EQ(Take(kYot, Report("A-1", tariq_)), tariq);
  EXPECT_TRUE(Get(tariq).shielded());
  EXPECT_TRUE(Stands(tariq, no));
  EXPECT_THAT(Get(tariq).AgenciesWithOpenFlags(), Contains(kYot));
  EXPECT_EQ(OpenSealed(Get(tariq).Details(Get(tariq).aliases().at(0)))->surname(), "Hussain");
  // And they can be erased, as anybody.
  Erase(tariq);
  EXPECT_THAT(Closings(), IsEmpty());
}

TEST_F(PutPeopleBackTest, AShieldThatAMergeBroughtHoldsForBoth) {
  const base::PersonId one = Take(kYot, Report("A-1", tariq_));
  const base::PersonId two = Take(kSocial, Report("S-1", Details("Sal", "Berry", 20100101, "")));
  const Rows before = Backup();
  Shield(one);
  Merge(one, two);
  EXPECT_TRUE(Get(two).shielded());
  (void)Restore(before);
  EXPECT_TRUE(Get(one).shielded());
  EXPECT_TRUE(Get(two).shielded());
  EXPECT_NE(Get(one).id(), Get(two).id());

  // What is closed for both together holds for each; what is lifted, for that one alone.
  Merge(one, two);
  const base::ConsentId no = Record(two, Says(kRefused));
  Shield(two, false);
  (void)Restore(before);
  EXPECT_TRUE(Stands(one, no));
  EXPECT_TRUE(Stands(two, no));
  EXPECT_TRUE(Get(one).shielded());
  EXPECT_FALSE(Get(two).shielded());
}

TEST_F(PutPeopleBackTest, TheRegisterIsSealedAndGoesWithThem) {
  const base::PersonId tariq = Take(kYot, Report("A-1", tariq_));
  Shield(tariq);
  Shield(tariq, false);
  const base::ConsentId no = Record(tariq, Says(kRefused));
  Withdraw(tariq, Record(tariq, Says(kGiven, "careers")));
  EXPECT_THAT(Closings(), SizeIs(4)) << "one row a closing, and none for a yes";
  for (const std::string& row : Closings()) {
    for (const std::string& bytes :
         {std::string(kYot), std::string(kSocial), std::string("housing"), no.ToBytes(),
          people_.RecordHash(kYot, "A-1")}) {
      EXPECT_EQ(row.find(bytes), std::string::npos);
    }
  }
  EXPECT_TRUE(View()->Get(store::Space::kMeta, people::kClosingMadeKey)->has_value());
  EXPECT_FALSE(View()->Get(store::Space::kMeta, people::kKeyDestroyedKey)->has_value());
  const Rows before = Backup();
  Erase(tariq);
  EXPECT_TRUE(View()->Get(store::Space::kMeta, people::kKeyDestroyedKey)->has_value());
  EXPECT_THAT(Closings(), IsEmpty());
  EXPECT_EQ(Restore(before).persons_erased, 1u);
  EXPECT_EQ(ReasonOf(people_.Read(*View(), tariq).status()), Reason::kNotFound);
}

TEST_F(PutPeopleBackTest, AClosingThatWasChangedIsDamage) {
  const base::PersonId tariq = Take(kYot, Report("A-1", tariq_));
  Shield(tariq);
  std::string place;
  std::string value;
  for (const auto& [space, row] : AllRows()) {
    if (space == people::kWrappedKeysSpace && people::IsClosing(row.key)) {
      place = row.key;
      value = row.value;
    }
  }
  const auto apply = [this] {
    return people::ApplyClosings(*View(), *keyring_, &random_,
                                 [](store::Batch) { return absl::OkStatus(); })
        .status();
  };
  EXPECT_TRUE(apply().ok());
  // Another value, and the same under another version: neither opens.
  value.back() = static_cast<char>(value.back() ^ 1);
  store::Batch changed;
  changed.Put(people::kWrappedKeysSpace, place, value);
  ASSERT_TRUE(Commit(std::move(changed)).ok());
  EXPECT_EQ(ReasonOf(apply()), Reason::kDataLoss);
  value.back() = static_cast<char>(value.back() ^ 1);
  store::Batch moved;
  moved.Delete(people::kWrappedKeysSpace, place);
  place.back() = static_cast<char>(place.back() + 1);
  moved.Put(people::kWrappedKeysSpace, place, value);
  ASSERT_TRUE(Commit(std::move(moved)).ok());
  EXPECT_EQ(ReasonOf(apply()), Reason::kDataLoss);
}

TEST_F(PutPeopleBackTest, AnErasedRecordStaysOneAndWhatIsHeldOfItOpens) {
  const base::PersonId tariq = Take(kYot, Report("A-1", tariq_));
  const Rows before = Backup();
  Erase(tariq);
  (void)Restore(before);
  // The older store never heard of the erasure, and the record leads to nobody all the same.
  EXPECT_TRUE(Take(kYot, Report("A-1", tariq_)).is_zero());
  const auto questions = [this] {
    return people::ListErasedRecords(*View(), *keyring_, kSocial, "", 10)->questions;
  };
  ASSERT_THAT(questions(), SizeIs(1));
  const Rows asked = Backup();
  (void)Restore(asked);
  EXPECT_EQ(OpenSealed(questions()[0].report)->record_id(), "A-1");
  // Once it is answered, no older store opens what was held.
  store::Batch out;
  people::KeepErasedRecordOut(kSocial, questions()[0], &out);
  ASSERT_TRUE(Commit(std::move(out)).ok());
  (void)Restore(asked);
  EXPECT_THAT(questions(), IsEmpty());
  EXPECT_TRUE(Take(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, ""))).is_zero());
  EXPECT_THAT(questions(), IsEmpty()) << "the answer holds";
}

// It was sealed under another key than it is now; what is held now opens under both.
TEST_F(PutPeopleBackTest, WhatIsHeldOpensThoughItWasReportedOtherwiseSince) {
  Erase(Take(kYot, Report("A-1", tariq_)));
  Take(kYot, Report("A-1", tariq_));
  const Rows before = Backup();
  Take(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "NT9 9ZZ")));
  (void)Restore(before);
  const auto page = people::ListErasedRecords(*View(), *keyring_, kSocial, "", 10);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->questions, SizeIs(1));
  EXPECT_EQ(OpenSealed(page->questions[0].report)->person().postcode(), "NT1 4QZ");
}

// What waited may be the one who was shielded since: it carries that shield, and who decides is who set
// it. Broken once by leaving out MendReviews().
TEST_F(PutPeopleBackTest, AShieldSetSinceReachesWhatWaits) {
  const base::PersonId tariq = Take(kSocial, Report("S-1", tariq_));
  const base::PersonId waits =
      Take(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "NT9 9ZZ")));
  ASSERT_NE(tariq, waits);
  const Rows before = Backup();
  absl::StatusOr<people::ShieldResult> shield =
      people_.PrepareShield(*View(), tariq, {true, kSocial, nullptr}, now_);
  ASSERT_TRUE(shield.ok());
  ASSERT_TRUE(linker_->PrepareShieldOfWaiting(*View(), tariq, kSocial, now_, &shield->change).ok());
  ASSERT_TRUE(Commit(std::move(shield->change)).ok());
  ASSERT_TRUE(Get(waits).shielded());
  (void)Restore(before);
  EXPECT_TRUE(Get(tariq).shielded());
  EXPECT_TRUE(Get(waits).shielded());
  const std::vector<matching::ReviewItem> reviews = *matching::ReviewsAfter(*View(), "", 10);
  ASSERT_THAT(reviews, SizeIs(1));
  EXPECT_EQ(reviews[0].row.owner_agency_id(), kSocial);
  EXPECT_EQ(reviews[0].row.harm(), signpost::v1::REVIEW_HARM_SHIELDED);
}

TEST_F(PutPeopleBackTest, WhatWaitedOfSomebodyErasedSinceWaitsNoMore) {
  const base::PersonId tariq = Take(kSocial, Report("S-1", tariq_));
  const base::PersonId waits =
      Take(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "NT9 9ZZ")));
  const Rows before = Backup();
  Erase(waits);
  (void)Restore(before);
  EXPECT_THAT(Get(tariq).row().waiting(), IsEmpty());
  EXPECT_THAT(*matching::ReviewsAfter(*View(), "", 10), IsEmpty());
}

// --- By chance ---

// What must hold, whatever was put back: of each record that is about somebody.
struct Known {
  base::PersonId person;
  signpost::v1::PersonDetails details;
  bool shielded = false;
  std::set<base::ConsentId> refused;  // and not undone by anybody
  std::set<base::ConsentId> gone;     // taken back, or replaced by a no
  bool erased = false;
};

class PutPeopleBackModel : public PutPeopleBackTest {
 protected:
  int Pick(size_t below) { return static_cast<int>(chance_() % below); }
  std::string Anybody() {
    std::vector<std::string> records;
    for (const auto& [record, known] : known_) {
      if (!known.erased) records.push_back(record);
    }
    return records.empty() ? "" : records[static_cast<size_t>(Pick(records.size()))];
  }
  // Whoever goes by the same row as `record` now.
  std::vector<Known*> Same(const std::string& record) {
    std::vector<Known*> same;
    const base::PersonId id = Get(known_[record].person).id();
    for (auto& [other, known] : known_) {
      if (!known.erased && Get(known.person).id() == id) same.push_back(&known);
    }
    return same;
  }

  void ReportNew() {
    const int n = ++reported_;
    Known known;
    const std::string letters = {static_cast<char>('a' + n % 26),
                                 static_cast<char>('a' + n / 26 % 26)};
    known.details = Details("Given" + letters, letters + "Surname",
                            20080101 + n % 28 + 100 * (n / 28 % 9), "NT1 4QZ");
    const std::string record = absl::StrCat("R-", n);
    known.person = Take(kYot, Report(record, known.details));
    known_[record] = known;
  }
  void Step() {
    const std::string record = Anybody();
    if (record.empty()) return ReportNew();
    const base::PersonId person = Get(known_[record].person).id();
    switch (Pick(14)) {
      case 0:
      case 1:
        return ReportNew();
      case 2:
      case 3:
        Shield(person);
        for (Known* known : Same(record)) known->shielded = true;
        return;
      case 4:
        Shield(person, false);
        for (Known* known : Same(record)) known->shielded = false;
        return;
      case 5:
      case 6: {
        const base::ConsentId no =
            Record(person, Says(kRefused, Pick(2) == 0 ? "housing" : "careers"));
        for (Known* known : Same(record)) {
          known->refused.insert(no);
          const people::Person now = Get(person);
          for (const store::v1::ConsentRow& row : now.consents()) {
            if (row.superseded_by() == no.bytes()) {
              known->gone.insert(*base::ConsentId::FromBytes(row.consent_id()));
            }
          }
        }
        return;
      }
      case 7:
      case 8: {
        const base::ConsentId yes =
            Record(person, Says(kGiven, Pick(2) == 0 ? "housing" : "careers"));
        if (Pick(2) == 0) return;
        Withdraw(person, yes);
        for (Known* known : Same(record)) known->gone.insert(yes);
        return;
      }
      case 9: {
        const people::Person now = Get(person);
        for (const store::v1::ConsentRow& row : now.consents()) {
          const base::ConsentId yes = *base::ConsentId::FromBytes(row.consent_id());
          if (row.decision() != kGiven || !Stands(person, yes)) continue;
          Withdraw(person, yes);
          for (Known* known : Same(record)) known->gone.insert(yes);
          return;
        }
        return;
      }
      case 10: {
        if (Pick(3) != 0) return;
        for (Known* known : Same(record)) known->erased = true;
        Erase(person);
        return;
      }
      case 11: {
        const std::string other = Anybody();
        if (Get(known_[other].person).id() == person) return;
        const bool shielded = known_[record].shielded || known_[other].shielded;
        const Known a = known_[record];
        const Known b = known_[other];
        Merge(Get(known_[other].person).id(), person);
        for (Known* known : Same(record)) {
          known->shielded = shielded;
          known->refused.insert(a.refused.begin(), a.refused.end());
          known->refused.insert(b.refused.begin(), b.refused.end());
          known->gone.insert(a.gone.begin(), a.gone.end());
          known->gone.insert(b.gone.begin(), b.gone.end());
        }
        return;
      }
      case 12:
        backups_.push_back(Backup());
        return;
      case 13:
        if (backups_.empty() || Pick(2) == 0) return;
        return PutBack(static_cast<size_t>(Pick(backups_.size())));
    }
  }
  // Backups of the history that is given up by that fit no file of keys any more: a restore refuses them.
  void PutBack(size_t backup) {
    backups_.resize(backup + 1);
    (void)Restore(backups_[backup]);
    Check();
  }
  // After each restore everybody is reported again, as an adapter would.
  void Check() {
    for (auto& [record, known] : known_) {
      SCOPED_TRACE(record);
      if (known.erased) {
        EXPECT_EQ(ReasonOf(people_.Read(*View(), known.person).status()), Reason::kNotFound);
        continue;
      }
      known.person = Take(kYot, Report(record, known.details));
      const people::Person person = Get(known.person);
      EXPECT_GE(person.shielded(), known.shielded);
      // What more is closed than must be, because a lifting is of one person alone, is so from now on.
      known.shielded = person.shielded();
      for (const base::ConsentId& no : known.refused) {
        const store::v1::ConsentRow* const row = person.FindConsent(no);
        EXPECT_TRUE(row != nullptr && row->decision() == kRefused);
      }
      for (const base::ConsentId& yes : known.gone) EXPECT_FALSE(Stands(known.person, yes));
    }
  }

  std::mt19937 chance_;
  int reported_ = 0;
  std::map<std::string, Known> known_;
  std::vector<Rows> backups_;
};

TEST_F(PutPeopleBackModel, WhicheverBackupIsPutBackNothingClosedIsOpen) {
  const char* const given = std::getenv("SIGNPOST_CLOSINGS_SEED");
  const int first = given != nullptr ? std::atoi(given) : 1;
  const int last = given != nullptr ? first : 60;
  for (int seed = first; seed <= last && !HasFailure(); ++seed) {
    SCOPED_TRACE(absl::StrCat("SIGNPOST_CLOSINGS_SEED=", seed));
    chance_.seed(static_cast<uint32_t>(seed));
    NewStore();
    reported_ = 0;
    known_.clear();
    backups_.assign(1, Backup());
    for (int step = 0; step < 60 && !HasFailure(); ++step) Step();
    while (!backups_.empty()) {
      PutBack(backups_.size() - 1);
      backups_.pop_back();
    }
  }
}

}  // namespace
}  // namespace signpost::backup
