// Each pattern at its thresholds: one short of it, at it, and what must not count.

#include "hub/audit/patterns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"

namespace signpost::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Monday noon.
const absl::Time kMonday = absl::FromCivil(absl::CivilHour(2026, 12, 7, 12), absl::UTCTimeZone());

// A question as it stands in the ledger.
class Question {
 public:
  Question(const std::string& practitioner, const std::string& person, absl::Time at)
      : person_(person) {
    entry_.set_kind(ledger::v1::ENTRY_KIND_WHO_KNOWS);
    entry_.set_agency_id("nortown-yot");
    entry_.set_practitioner_id(practitioner);
    entry_.set_system("spiffe://nortown.example/agency/nortown-yot/system/casework");
    entry_.set_role("yot-officer");
    entry_.set_purpose(ledger::v1::PURPOSE_YOUTH_JUSTICE);
    entry_.set_sequenced_at_us(absl::ToUnixMicros(at));
    entry_.mutable_who_knows()->add_relationships(ledger::v1::RELATIONSHIP_OWN_OPEN_FLAG);
  }
  Question& By(std::vector<ledger::v1::Relationship> relationships) {
    entry_.mutable_who_knows()->clear_relationships();
    for (const auto one : relationships) entry_.mutable_who_knows()->add_relationships(one);
    return *this;
  }
  Question& Unrelated() {
    entry_.mutable_who_knows()->clear_relationships();
    return *this;
  }
  Question& For(ledger::v1::Purpose purpose, int released, uint32_t withheld) {
    entry_.set_purpose(purpose);
    for (int i = 0; i < released; ++i)
      entry_.add_released()->add_aspects(ledger::v1::ASPECT_AGENCY);
    if (withheld > 0) entry_.add_withheld()->set_count(withheld);
    return *this;
  }
  Question& Overridden(absl::Time due) {
    entry_.mutable_who_knows()->mutable_override()->set_allowed(true);
    entry_.mutable_who_knows()->mutable_override()->set_review_due_s(absl::ToUnixSeconds(due));
    return *this;
  }
  Question& As(const std::string& role) {
    entry_.set_role(role);
    return *this;
  }
  const ledger::v1::LedgerEntry& entry() const { return entry_; }
  const std::string& person() const { return person_; }

 private:
  std::string person_;  // what stands for whom it is about
  ledger::v1::LedgerEntry entry_;
};

class PatternTest : public ::testing::Test {
 protected:
  using Fill = std::function<void(Access*)>;

  void Take(
      ledger::v1::LedgerEntry entry, const Fill& fill = [](Access*) {},
      const std::string& person = "") {
    entry.set_index(entries_.size());
    entries_.push_back(entry);
    fills_.push_back(fill);
    persons_.push_back(person);
  }
  void Take(
      const Question& question, const Fill& fill = [](Access*) {}) {
    Take(question.entry(), fill, question.person());
  }
  v1::PatternReport Find(const std::string& name, absl::Time now = kMonday + absl::Hours(24 * 30),
                         int hits_max = 100) {
    PatternFinder finder = PatternFinder::Create(options_, {name}).value();
    for (size_t i = 0; i < entries_.size(); ++i) finder.Take(entries_[i], persons_[i], fills_[i]);
    std::vector<v1::PatternReport> reports = finder.Find(now, hits_max);
    EXPECT_THAT(reports, SizeIs(1));
    EXPECT_EQ(reports[0].name(), name);
    EXPECT_THAT(reports[0].query(), HasSubstr("signpost audit search"));
    return reports[0];
  }
  // The entries of all hits, in the order told.
  std::vector<uint64_t> Found(const std::string& name,
                              absl::Time now = kMonday + absl::Hours(24 * 30)) {
    std::vector<uint64_t> indexes;
    const v1::PatternReport report = Find(name, now);
    for (const v1::PatternHit& hit : report.hits()) {
      indexes.insert(indexes.end(), hit.entry_indexes().begin(), hit.entry_indexes().end());
    }
    return indexes;
  }

  PatternOptions options_;
  std::vector<ledger::v1::LedgerEntry> entries_;
  std::vector<Fill> fills_;
  std::vector<std::string> persons_;
};

TEST_F(PatternTest, NoRelationshipIsAQuestionAboutSomebodyKnownWithoutOne) {
  Take(Question("yo-1", "P", kMonday));
  Take(Question("yo-1", "P", kMonday).Unrelated());
  Take(Question("yo-1", "", kMonday).Unrelated());  // nobody is known
  Take(Question("yo-1", "P", kMonday).Unrelated().Overridden(kMonday));
  ledger::v1::LedgerEntry consent = Question("yo-1", "P", kMonday).Unrelated().entry();
  consent.set_kind(ledger::v1::ENTRY_KIND_CONSENT_RECORDED);
  Take(consent);
  EXPECT_THAT(Found("no-relationship"), ElementsAre(1));
}

TEST_F(PatternTest, NamesAndPostcodesCountAsTheHubSays) {
  Take(Question("yo-1", "P", kMonday).Unrelated(), [](Access* a) { a->same_surname = true; });
  Take(Question("yo-1", "P", kMonday), [](Access* a) { a->same_surname = true; });  // a namesake
  Take(Question("yo-1", "P", kMonday), [](Access* a) { a->same_postcode = true; });
  EXPECT_THAT(Found("same-surname"), ElementsAre(0));
  EXPECT_THAT(Found("same-postcode"), ElementsAre(2));
}

TEST_F(PatternTest, OutOfHoursGoesByTheAreasClockToTheMinute) {
  absl::TimeZone london;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/London", &london));
  options_.zone = london;
  const auto at = [&](int month, int day, int hour, int minute) {
    return absl::FromCivil(absl::CivilMinute(2026, month, day, hour, minute), london);
  };
  Take(Question("yo-1", "P", at(12, 7, 6, 59)));
  Take(Question("yo-1", "P", at(12, 7, 7, 0)));
  Take(Question("yo-1", "P", at(12, 7, 19, 59)));
  Take(Question("yo-1", "P", at(12, 7, 20, 0)));
  Take(Question("yo-1", "P", at(12, 12, 12, 0)));  // Saturday
  Take(Question("yo-1", "P", at(7, 6, 7, 30)));    // summer time: 06:30 UTC
  Take(Question("yo-1", "P", at(12, 7, 3, 0)).As("emergency-duty"));
  Take(Question("", "P", at(12, 7, 3, 0)));  // a system
  EXPECT_THAT(Found("out-of-hours"), ElementsAre(4, 3, 0));
  options_.weekends_are_out = false;
  EXPECT_THAT(Found("out-of-hours"), ElementsAre(3, 0));
}

TEST_F(PatternTest, AfterInvolvementWantsTheTimeToHavePassed) {
  const absl::Duration min = options_.after_involvement_min;
  const auto ended = [](absl::Time at) {
    return [at](Access* access) { access->involvement_ended = at; };
  };
  Take(Question("yo-1", "P", kMonday).Unrelated(), ended(kMonday - min + absl::Seconds(1)));
  Take(Question("yo-1", "P", kMonday).Unrelated(), ended(kMonday - min));
  Take(Question("yo-1", "P", kMonday).Unrelated());            // never
  Take(Question("yo-1", "P", kMonday), ended(kMonday - min));  // the team's
  EXPECT_THAT(Found("after-involvement"), ElementsAre(1));
}

TEST_F(PatternTest, ConcentrationCountsPractitionersNotLooks) {
  options_.concentration_practitioners_min = 3;
  for (int i = 0; i < 9; ++i) Take(Question("yo-1", "P", kMonday).Unrelated());
  Take(Question("yo-2", "P", kMonday).Unrelated());
  Take(Question("yo-3", "P", kMonday));  // works with them
  EXPECT_THAT(Found("concentration"), IsEmpty());
  // The third comes one second too late for the first two, then just in time.
  Take(Question("yo-3", "P", kMonday + options_.concentration_window + absl::Seconds(1))
           .Unrelated());
  EXPECT_THAT(Found("concentration"), IsEmpty());
  entries_.pop_back();
  fills_.pop_back();
  Take(Question("yo-3", "P", kMonday + options_.concentration_window).Unrelated());
  const v1::PatternReport report = Find("concentration");
  ASSERT_THAT(report.hits(), SizeIs(1));
  EXPECT_THAT(report.hits(0).entry_indexes(), SizeIs(11));
  EXPECT_TRUE(report.hits(0).practitioner_id().empty());  // several
  EXPECT_THAT(report.hits(0).why(), HasSubstr("3 practitioners"));
}

TEST_F(PatternTest, EnumerationIsManyQuestionsMostOfThemAboutNobody) {
  options_.enumeration_questions_min = 10;
  options_.enumeration_window = absl::Minutes(10);
  for (int i = 0; i < 9; ++i) Take(Question("yo-1", "", kMonday + absl::Seconds(i)).Unrelated());
  EXPECT_THAT(Found("enumeration"), IsEmpty());
  Take(Question("yo-1", "P", kMonday + absl::Minutes(10)));
  EXPECT_THAT(Found("enumeration"), SizeIs(10));
  EXPECT_THAT(Find("enumeration").hits(), SizeIs(1));  // one run, told once
  // As many, but about people who are known.
  entries_.clear();
  fills_.clear();
  persons_.clear();
  for (int i = 0; i < 20; ++i) {
    Take(Question("yo-1", i % 3 == 0 ? "" : "P", kMonday + absl::Seconds(i)));
  }
  EXPECT_THAT(Found("enumeration"), IsEmpty());
}

TEST_F(PatternTest, TwoRunsOfEnumerationAreTwoHits) {
  options_.enumeration_questions_min = 5;
  for (const int hour : {0, 3}) {
    for (int i = 0; i < 7; ++i) {
      Take(Question("yo-1", "", kMonday + absl::Hours(hour) + absl::Seconds(i)));
    }
  }
  const v1::PatternReport report = Find("enumeration");
  ASSERT_THAT(report.hits(), SizeIs(2));
  EXPECT_THAT(report.hits(0).entry_indexes(), ElementsAre(7, 8, 9, 10, 11, 12, 13));
  EXPECT_THAT(report.hits(1).entry_indexes(), ElementsAre(0, 1, 2, 3, 4, 5, 6));
}

TEST_F(PatternTest, PurposeRetriedWantsMoreForAnotherPurposeSoonAfter) {
  const auto retry = [this](absl::Duration later, ledger::v1::Purpose purpose, int released) {
    entries_.clear();
    fills_.clear();
    Take(Question("yo-1", "P", kMonday).For(ledger::v1::PURPOSE_HOUSING, 1, 2));
    Take(Question("yo-1", "P", kMonday + later).For(purpose, released, 0));
    return Found("purpose-retried");
  };
  EXPECT_THAT(retry(options_.retry_window, ledger::v1::PURPOSE_SAFEGUARDING, 2), ElementsAre(0, 1));
  EXPECT_THAT(retry(options_.retry_window + absl::Seconds(1), ledger::v1::PURPOSE_SAFEGUARDING, 2),
              IsEmpty());
  EXPECT_THAT(retry(absl::Minutes(1), ledger::v1::PURPOSE_HOUSING, 2), IsEmpty());
  EXPECT_THAT(retry(absl::Minutes(1), ledger::v1::PURPOSE_SAFEGUARDING, 1), IsEmpty());
}

TEST_F(PatternTest, VolumeIsHeldAgainstTheRole) {
  options_.volume_persons_min = 8;
  options_.volume_times_usual_min = 4;
  for (int practitioner = 0; practitioner < 5; ++practitioner) {
    for (int person = 0; person < 2; ++person) {
      Take(Question(absl::StrCat("yo-", practitioner), absl::StrCat("P", person), kMonday));
    }
  }
  for (int person = 2; person < 7; ++person) {
    Take(Question("yo-0", absl::StrCat("P", person), kMonday));
  }
  EXPECT_THAT(Found("volume"), IsEmpty());  // seven people
  Take(Question("yo-0", "P7", kMonday));
  const v1::PatternReport report = Find("volume");
  ASSERT_THAT(report.hits(), SizeIs(1));
  EXPECT_EQ(report.hits(0).practitioner_id(), "yo-0");
  EXPECT_THAT(report.hits(0).entry_indexes(), SizeIs(8));
  options_.volume_times_usual_min = 5;
  EXPECT_THAT(Found("volume"), IsEmpty());
}

TEST_F(PatternTest, BrowsingIsManyPeopleInAnHourWhateverIsUsual) {
  options_.browsing_persons_min = 5;
  // Everybody of the role does it: nothing that volume would see.
  for (const char* const worker : {"yo-1", "yo-2"}) {
    for (int i = 0; i < 4; ++i) {
      Take(Question(worker, absl::StrCat("P", i), kMonday + i * absl::Minutes(10)));
      Take(Question(worker, absl::StrCat("P", i), kMonday + i * absl::Minutes(10)));
    }
  }
  EXPECT_THAT(Found("browsing"), IsEmpty()) << "four people, each twice";
  Take(Question("yo-1", "P4", kMonday + absl::Minutes(61)));
  EXPECT_THAT(Found("browsing"), IsEmpty()) << "the fifth more than an hour after the first";
  Take(Question("yo-1", "", kMonday + absl::Minutes(62)));
  const v1::PatternReport report = Find("browsing");
  ASSERT_THAT(report.hits(), SizeIs(1)) << "one whom nobody knows counts as another";
  EXPECT_EQ(report.hits(0).practitioner_id(), "yo-1");
  EXPECT_THAT(std::string(report.hits(0).why()), HasSubstr("5 people"));
}

TEST_F(PatternTest, NewlyInvolvedIsSeveralPeopleByNothingButNewFlags) {
  options_.newly_persons_min = 3;
  const std::vector<ledger::v1::Relationship> newly = {ledger::v1::RELATIONSHIP_OWN_OPEN_FLAG,
                                                       ledger::v1::RELATIONSHIP_NAMED_WORKER};
  std::vector<ledger::v1::Relationship> settled = newly;
  settled.push_back(ledger::v1::RELATIONSHIP_SETTLED_INVOLVEMENT);
  for (int i = 0; i < 3; ++i) {
    const std::string person = absl::StrCat("P", i);
    const absl::Time at = kMonday + i * absl::Hours(24);
    Take(Question("yo-1", person, at).By(settled));
    Take(Question("yo-2", person, at).By({ledger::v1::RELATIONSHIP_OWN_OPEN_FLAG}));
    Take(Question("yo-3", i == 2 ? "P0" : person, at).By(newly));
  }
  EXPECT_THAT(Found("newly-involved"), IsEmpty());
  Take(Question("yo-3", "P2", kMonday + absl::Hours(24 * 9)).By(newly));
  EXPECT_THAT(Found("newly-involved"), IsEmpty()) << "more than a week after the first";
  Take(Question("yo-3", "P3", kMonday + absl::Hours(24 * 9)).By(newly));
  const v1::PatternReport report = Find("newly-involved");
  ASSERT_THAT(report.hits(), SizeIs(1));
  EXPECT_EQ(report.hits(0).practitioner_id(), "yo-3");
}

TEST_F(PatternTest, AnOverrideIsUnreviewedOnceItsDateHasPassed) {
  const absl::Time due = kMonday + absl::Hours(48);
  Take(Question("yo-1", "P", kMonday).Overridden(due), [](Access* a) { a->reviewed = true; });
  Take(Question("yo-1", "P", kMonday).Overridden(due));
  Take(Question("yo-1", "P", kMonday));
  EXPECT_THAT(Found("override-unreviewed", due), IsEmpty());
  EXPECT_THAT(Found("override-unreviewed", due + absl::Seconds(1)), ElementsAre(1));
}

TEST(ReviewedByTest, IsTheOverrideOfAReviewThatStands) {
  ledger::v1::LedgerEntry review;
  review.set_kind(ledger::v1::ENTRY_KIND_OVERRIDE_REVIEWED);
  review.mutable_override_reviewed()->set_entry_index(17);
  for (const auto outcome : {ledger::v1::OUTCOME_UPHELD, ledger::v1::OUTCOME_NOT_UPHELD}) {
    review.set_outcome(outcome);
    EXPECT_EQ(ReviewedBy(review), 17u);
  }
  review.set_outcome(ledger::v1::OUTCOME_REFUSED);
  EXPECT_EQ(ReviewedBy(review), std::nullopt);
  review.set_outcome(ledger::v1::OUTCOME_UPHELD);
  review.set_kind(ledger::v1::ENTRY_KIND_OVERRIDE_ESCALATED);
  review.mutable_override_escalated()->set_entry_index(17);
  EXPECT_EQ(ReviewedBy(review), std::nullopt);
}

TEST_F(PatternTest, NoMoreHitsThanAskedForTheMostTellingFirst) {
  for (int i = 0; i < 5; ++i) {
    Take(Question("yo-1", "P", kMonday).Unrelated().For(ledger::v1::PURPOSE_HOUSING, i % 3, 0));
  }
  const v1::PatternReport report = Find("no-relationship", kMonday, 2);
  EXPECT_EQ(report.hits_total(), 5u);
  ASSERT_THAT(report.hits(), SizeIs(2));
  EXPECT_THAT(report.hits(0).entry_indexes(), ElementsAre(2));
  EXPECT_THAT(report.hits(1).entry_indexes(), ElementsAre(4));
}

TEST(PatternFinderTest, KnowsItsNamesAndNoOthers) {
  EXPECT_THAT(PatternNames(), SizeIs(12));
  EXPECT_TRUE(std::is_sorted(PatternNames().begin(), PatternNames().end()));
  const auto other = PatternFinder::Create({}, {"volume", "suspicious"});
  EXPECT_EQ(base::ReasonOf(other.status()), base::Reason::kInvalidField);
  EXPECT_EQ(base::ViolationsOf(other.status()).at(0).field, "patterns[1]");
  const std::vector<v1::PatternReport> all = PatternFinder::Create({}, {}).value().Find(kMonday, 1);
  ASSERT_THAT(all, SizeIs(12));
  for (const v1::PatternReport& report : all) {
    EXPECT_FALSE(report.rule().empty());
    EXPECT_EQ(report.hits_total(), 0u);
  }
}

}  // namespace
}  // namespace signpost::audit
