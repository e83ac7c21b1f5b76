#include "hub/matching/matcher.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hub/base/limits.h"
#include "hub/matching/identifiers.h"
#include "hub/matching/report_linker.h"
#include "tests/people/people_fixture.h"

namespace signpost::matching {
namespace {

using people::Details;
using people::Report;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kNhs[] = "9434765919";
constexpr char kOtherNhs[] = "4010232137";

class MatcherTest : public people::PeopleFixture {
 protected:
  // A person known by these details, through the front door of people, whatever matching would say.
  base::PersonId Known(const signpost::v1::PersonDetails& details,
                       std::optional<base::PersonId> person = std::nullopt,
                       const std::string& agency = people::kYot) {
    const store::v1::AliasHashes hashes = linker_->keys().Hash(details);
    people::FlagResult put = *PrepareReport(
        *View(), agency, Report("K-" + std::to_string(++records_), details), hashes, person);
    EXPECT_TRUE(linker_->matcher()
                    .PrepareKeys(
                        *View(), put.person,
                        {put.alias_added ? &hashes : nullptr, {}, put.dropped_aliases, put.aliases},
                        &put.change)
                    .ok());
    const base::PersonId id = put.person;
    EXPECT_TRUE(Commit(std::move(put.change)).ok());
    return id;
  }
  Outcome Match(const signpost::v1::PersonDetails& details) {
    return *linker_->matcher().Match(*View(), linker_->keys().Hash(details),
                                     IsWeakDate(people::DateNumber(details.birth_date())));
  }
  void ExpectLink(const signpost::v1::PersonDetails& details, const base::PersonId& person) {
    const Outcome outcome = Match(details);
    EXPECT_EQ(outcome.kind, Outcome::Kind::kLink) << outcome.cause;
    EXPECT_EQ(outcome.person->id(), person);
  }
  void ExpectReview(const signpost::v1::PersonDetails& details, const std::string& cause) {
    const Outcome outcome = Match(details);
    EXPECT_EQ(outcome.kind, Outcome::Kind::kReview);
    EXPECT_EQ(outcome.cause, cause);
    EXPECT_FALSE(outcome.candidates.empty());
  }
  void ExpectNone(const signpost::v1::PersonDetails& details) {
    const Outcome outcome = Match(details);
    EXPECT_EQ(outcome.kind, Outcome::Kind::kNone) << outcome.cause;
  }

  const std::unique_ptr<ReportLinker> linker_ = *ReportLinker::Create(&people_, &random_);
  int records_ = 0;
};

TEST_F(MatcherTest, AllOfNamesDateAndPostcodeLink) {
  const base::PersonId tariq = Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  ExpectLink(Details("TARIQ", "hussain", 20090314, "nt14qz"), tariq);
}

TEST_F(MatcherTest, AnIdentifierLinksWithDateAndGivenName) {
  const base::PersonId tariq = Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ", kNhs));
  ExpectLink(Details("Tariq", "Malik", 20090314, "NT7 7AA", kNhs), tariq);  // another surname
  ExpectLink(Details("Tariq Ali", "Hussain", 20090314, "", kNhs), tariq);   // a middle name
  ExpectLink(Details("", "Hussain", 20090314, "", kNhs), tariq);
  ExpectReview(Details("Tariq", "Hussain", 20080314, "NT1 4QZ", kNhs), "birth-date-differs");
  ExpectReview(Details("Tariq", "Hussain", 0, "NT1 4QZ", kNhs), "birth-date-missing");
  ExpectReview(Details("Imran", "Khan", 20010902, "NT9 9ZZ", kNhs), "birth-date-differs");
  ExpectReview(Details("", "", 20090314, "", kNhs), "identifier-alone");
}

TEST_F(MatcherTest, ASiblingsNumberDoesNotLinkTheTwin) {
  Known(Details("Amina", "Hussain", 20090314, "NT1 4QZ", kNhs));
  ExpectReview(Details("Fatima", "Hussain", 20090314, "NT1 4QZ", kNhs), "given-name-differs");
}

TEST_F(MatcherTest, TheTwinOfSomebodyKnownWaits) {
  const base::PersonId amina = Known(Details("Amina", "Hussain", 20090314, "NT1 4QZ"));
  ExpectReview(Details("Fatima", "Hussain", 20090314, "NT1 4QZ"), "same-household");
  // With both known, each is linked to themselves.
  const base::PersonId fatima = Known(Details("Fatima", "Hussain", 20090314, "NT1 4QZ"));
  ExpectLink(Details("Fatima", "Hussain", 20090314, "NT1 4QZ"), fatima);
  ExpectLink(Details("Amina", "Hussain", 20090314, "NT1 4QZ"), amina);
}

TEST_F(MatcherTest, SurnameAndDateOrAddressAloneMakeNobodyACandidate) {
  Known(Details("Amina", "Hussain", 20090314, "NT1 4QZ"));
  ExpectNone(Details("Imran", "Hussain", 20090314, "NT9 9ZZ"));  // a namesake's birthday
  ExpectNone(Details("Bilal", "Hussain", 20110902, "NT1 4QZ"));  // a brother
  ExpectNone(Details("Amina", "Khan", 20090314, "NT9 9ZZ"));
  ExpectNone(Details("Sal", "Osei", 20100505, "NT2 2BB"));
}

TEST_F(MatcherTest, WhatIsNearlyTheSameWaitsWithItsCause) {
  Known(Details("Tariq", "Hussain", 20090304, "NT1 4QZ"));
  ExpectReview(Details("Tariq", "Hussain", 20090304, "NT9 9ZZ"), "postcode-differs");
  ExpectReview(Details("Tariq", "Hussain", 20090304, ""), "postcode-missing");
  ExpectReview(Details("Tariq", "Hussain", 20090304, "ZZ99 3VZ"), "postcode-missing");
  ExpectReview(Details("Tariq", "Hussain", 20090403, "NT1 4QZ"), "day-and-month-swapped");
  ExpectReview(Details("Hussain", "Tariq", 20090304, "NT1 4QZ"), "names-swapped");
  ExpectReview(Details("Tariq", "Hussain", 20080304, "NT1 4QZ"), "birth-date-differs");
  ExpectReview(Details("Tariq", "Hussain", 0, "NT1 4QZ"), "birth-date-missing");
  ExpectReview(Details("Tariq", "Husain", 20090304, "NT1 4QZ"), "surname-differs");
  ExpectReview(Details("Tarik", "Husain", 20090304, "NT1 4QZ"), "names-differ");
  ExpectReview(Details("Tariq Ali", "Hussain", 20090304, "NT1 4QZ"), "given-names-partly");
  ExpectReview(Details("", "Hussain", 20090304, "NT9 9ZZ"), "name-incomplete");
}

// 58 of 67 ways of writing "no name yet" made two twins one person. Broken once by taking "TBC"
// out of the list: that row is linked.
TEST_F(MatcherTest, ANameThatSaysNothingLinksNobody) {
  for (const char* const nothing : {"Baby", "Unknown", "TBC", "Test", "Xx", ".", "Boy", "B"}) {
    NewStore();
    Known(Details(nothing, "Hussain", 20260314, "NT1 4QZ"));
    ExpectReview(Details(nothing, "Hussain", 20260314, "NT1 4QZ"), "name-incomplete");
  }
}

TEST_F(MatcherTest, AConflictOfIdentifiersWaits) {
  Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ", kNhs));
  ExpectReview(Details("Tariq", "Hussain", 20090314, "NT1 4QZ", kOtherNhs), "id-conflict");
}

TEST_F(MatcherTest, AnIdentifierThatPointsElsewhereWaits) {
  Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  Known(Details("Bilal", "Hussain", 20110902, "NT1 4QZ", kNhs));
  ExpectReview(Details("Tariq", "Hussain", 20090314, "NT1 4QZ", kNhs), "id-conflict");
}

TEST_F(MatcherTest, TwoWhoQualifyAreNeverResolvedByTheMachine) {
  Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  const Outcome outcome = Match(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  EXPECT_EQ(outcome.kind, Outcome::Kind::kReview);
  EXPECT_EQ(outcome.cause, "two-candidates");
  EXPECT_THAT(outcome.candidates, SizeIs(2));
}

TEST_F(MatcherTest, TheFirstOfJanuaryIsWeakEvidence) {
  const base::PersonId peter = Known(Details("Peter", "Tesfay", 20090101, "NT1 4QZ", kNhs));
  ExpectReview(Details("Peter", "Tesfay", 20090101, "NT1 4QZ"), "birth-date-weak");
  ExpectReview(Details("Peter", "Haile", 20090101, "NT1 4QZ", kNhs), "identifier-alone");
  ExpectLink(Details("Peter", "Tesfay", 20090101, "", kNhs), peter);
}

TEST_F(MatcherTest, AnyAgencysAliasCounts) {
  const base::PersonId tariq = Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  Known(Details("Tariq", "Hussain", 20090314, "NT8 8HH"), tariq, people::kSocial);
  Known(Details("Tariq", "Malik", 20090314, ""), tariq, people::kConnexions);
  ExpectLink(Details("Tariq", "Hussain", 20090314, "NT8 8HH"), tariq);
  ExpectLink(Details("Tariq", "Malik", 20090314, "NT1 4QZ"), tariq);
}

TEST_F(MatcherTest, MergedPersonsAreFollowedAndCountOnce) {
  const base::PersonId a = Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  const base::PersonId b = Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  people::MergeResult merge = *people_.PrepareMerge(*View(), a, b);
  ASSERT_TRUE(Commit(std::move(merge.change)).ok());
  ExpectLink(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"), b);
}

TEST_F(MatcherTest, LongListsWaitAndAreNeverDropped) {
  for (int i = 0; i <= base::kMatchCandidatesMax; ++i) {
    Known(Details("Given" + std::to_string(i), "Hussain", 20090314,
                  "NT" + std::to_string(i % 9 + 1) + " 4QZ"));
  }
  const Outcome outcome = Match(Details("Nobody", "Hussain", 20090314, "NT55 4QZ"));
  EXPECT_EQ(outcome.kind, Outcome::Kind::kReview);
  EXPECT_EQ(outcome.cause, "too-many-candidates");
}

TEST_F(MatcherTest, CandidatesAreBestFirstAtMostFiveWithoutValues) {
  for (int i = 0; i < 7; ++i) {
    Known(Details("Tariq", "Hussain", 20090314, "NT" + std::to_string(i + 1) + " 1AA"),
          std::nullopt, "agency-" + std::to_string(i));
  }
  // The look-alikes of one agency do not crowd out others.
  for (int i = 0; i < 7; ++i) {
    Known(Details("Tariq", "Hussain", 20090314, "NT" + std::to_string(i + 20) + " 1AA"));
  }
  const Outcome outcome = Match(Details("Tariq", "Hussain", 20090314, "NT9 9ZZ"));
  ASSERT_THAT(outcome.candidates, SizeIs(kReviewCandidatesMax));
  EXPECT_THAT(outcome.candidates[0].agrees,
              testing::ElementsAre("given_names", "surname", "birth_date"));
  EXPECT_THAT(outcome.candidates[0].differs, testing::ElementsAre("postcode"));
  const base::PersonId close = Known(Details("Tariq", "Hussain", 20090314, "", kNhs));
  EXPECT_EQ(Match(Details("Tarik", "Hussain", 20090314, "NT9 9ZZ", kNhs)).candidates[0].person,
            close);
}

// Two aliases with everything between them: what is compared is the person, so that a slip of one
// agency is made good by another.
TEST_F(MatcherTest, FindOneNeedsOneCertainPerson) {
  const auto find = [this](const signpost::v1::PersonDetails& details) {
    return linker_->FindOne(*View(), details);
  };
  const base::PersonId tariq = Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ", kNhs));
  EXPECT_EQ(*find(Details("Tariq", "Hussain", 20090314, "NT1 4QZ")), tariq);
  EXPECT_EQ(*find(Details("Tariq", "Hussain", 20090314, "")), tariq);
  EXPECT_EQ(*find(Details("", "", 20090314, "", kNhs)), tariq);
  for (const auto& details :
       {Details("Tariq", "Hussain", 20090314, "NT9 9ZZ"), Details("Tarik", "Hussain", 20090314, ""),
        Details("Hussain", "Tariq", 20090314, ""), Details("", "", 20080314, "", kNhs),
        Details("Tariq", "Hussain", 20090314, "", kOtherNhs),
        Details("Sal", "Osei", 20100505, "")}) {
    EXPECT_EQ(base::ReasonOf(find(details).status()), base::Reason::kNotFound);
  }
  // A second one like it, and a name with a date no longer names one person.
  Known(Details("Tariq", "Hussain", 20090314, "NT5 5EE"));
  EXPECT_EQ(base::ReasonOf(find(Details("Tariq", "Hussain", 20090314, "")).status()),
            base::Reason::kNotFound);
  EXPECT_EQ(*find(Details("Tariq", "Hussain", 20090314, "NT1 4QZ")), tariq);
  // None, several and uncertain say the same.
  EXPECT_EQ(find(Details("Tariq", "Hussain", 20090314, "")).status().message(),
            find(Details("Sal", "Osei", 20100505, "")).status().message());
}

TEST_F(MatcherTest, ADroppedAliasLosesTheKeysThatOnlyItHad) {
  const base::PersonId tariq = Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  const Keys& keys = linker_->keys();
  const std::vector<store::v1::AliasHashes> dropped = {
      keys.Hash(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"))};
  const std::vector<store::v1::AliasHashes> aliases = {
      keys.Hash(Details("Tariq", "Hussain", 20090314, ""))};
  store::Batch batch;
  ASSERT_TRUE(
      linker_->matcher().PrepareKeys(*View(), tariq, {nullptr, {}, dropped, aliases}, &batch).ok());
  EXPECT_THAT(batch.operations(), SizeIs(2));  // names and postcode; date and postcode
  for (const store::Batch::Operation& operation : batch.operations()) {
    EXPECT_FALSE(operation.value.has_value());
  }
}

TEST_F(MatcherTest, WhatMatchingReadNeedNotBeReadAgainToAddToIt) {
  Known(Details("Tariq", "Hussain", 20090314, "NT1 4QZ"));
  const store::v1::AliasHashes hashes =
      linker_->keys().Hash(Details("Tariq", "Hussain", 20090314, "NT5 5EE"));
  const auto view = View();
  Outcome outcome = *linker_->matcher().Match(*view, hashes, false);
  const size_t read = view->reads().size();
  const base::PersonId other = base::PersonId::New(&random_);
  const std::vector<store::v1::AliasHashes> none;
  store::Batch batch;
  ASSERT_TRUE(linker_->matcher()
                  .PrepareKeys(*view, other, {&hashes, std::move(outcome.read), none, none}, &batch)
                  .ok());
  EXPECT_EQ(view->reads().size(), read) << "and rests on it all the same";
  // Those who were on a list already are on it still.
  store::Batch anew;
  ASSERT_TRUE(
      linker_->matcher().PrepareKeys(*View(), other, {&hashes, {}, none, none}, &anew).ok());
  ASSERT_THAT(batch.operations(), SizeIs(anew.operations().size()));
  EXPECT_THAT(batch.operations(), SizeIs(linker_->keys().StoredKeys(hashes).size()));
  for (size_t i = 0; i < anew.operations().size(); ++i) {
    EXPECT_EQ(batch.operations()[i].key, anew.operations()[i].key);
    EXPECT_EQ(batch.operations()[i].value, anew.operations()[i].value);
  }
}

}  // namespace
}  // namespace signpost::matching
