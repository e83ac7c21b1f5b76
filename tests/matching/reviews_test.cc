// What becomes of that which waits when those it is about are made one, shielded, taken back or erased.

#include "hub/matching/reviews.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "hub/people/erased_records.h"
#include "tests/matching/linker_fixture.h"

namespace signpost::matching {
namespace {

using base::Reason;
using base::ReasonOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kHousing[] = "nortown-housing";

// Four agencies report one name and birth date at four addresses: the first is on a row that does not
// wait, each later one may be any that came before it.
class ReviewsTest : public LinkerTest {
 protected:
  static FlagReport At(const std::string& record, const std::string& postcode) {
    return Report(record, Details("Tariq", "Hussain", 20090314, postcode));
  }
  LinkResult First() { return Take(kYot, Report("A-1", tariq_)); }
  LinkResult Second() { return Take(kSocial, Report("S-1", moved_)); }
  LinkResult Third() { return Take(kConnexions, At("C-1", "NT5 5EE")); }
  LinkResult Fourth() { return Take(kHousing, At("H-1", "NT6 6EE")); }
  // The candidate's number in the review, from 1; 0: none.
  int NumberOf(const base::ReviewId& review, const base::PersonId& person) {
    const store::v1::ReviewRow row = Review(review).row;
    for (int i = 0; i < row.candidates_size(); ++i) {
      if (row.candidates(i).person_id() == person.bytes()) return i + 1;
    }
    return 0;
  }
  // Asks `agency` about candidate `number`, as a steward would.
  base::QuestionId Ask(const base::ReviewId& review, int number, const std::string& agency) {
    const base::QuestionId question = base::QuestionId::New(&random_);
    ReviewItem item = Review(review);
    store::v1::AskedRow* const asked = item.row.add_asked();
    asked->set_number(number);
    asked->set_question_id(question.ToBytes());
    asked->set_agency_id(agency);
    store::Batch batch;
    PutReview(item, &batch);
    batch.Put(store::Space::kReviews, QuestionKey(agency, question), "a question");
    EXPECT_TRUE(Commit(std::move(batch)).ok());
    return question;
  }
  bool Waits(const std::string& agency, const base::QuestionId& question) {
    return View()->Get(store::Space::kReviews, QuestionKey(agency, question))->has_value();
  }
};

TEST_F(ReviewsTest, AreFoundByWhomTheyName) {
  const LinkResult first = First();
  const LinkResult second = Second();
  const LinkResult third = Third();
  const auto naming = [this](const std::vector<base::PersonId>& ids) {
    std::vector<base::ReviewId> found;
    const std::vector<ReviewItem> items = *ReviewsNaming(*View(), ids);
    for (const ReviewItem& item : items) found.push_back(item.id);
    return found;
  };
  EXPECT_THAT(naming({first.person}), SizeIs(2));
  EXPECT_THAT(naming({first.person, second.person, third.person}), SizeIs(2)) << "each once";
  EXPECT_THAT(naming({third.person}), ElementsAre(third.review));
  EXPECT_THAT(naming({base::PersonId::New(&random_)}), IsEmpty());
  Resolve(second.review, {});
  EXPECT_THAT(naming({second.person}), ElementsAre(third.review));
  Resolve(third.review, {});
  EXPECT_EQ(Rows(store::Space::kReviews), 0u);
}

// Broken once by reading what was there before the decision: the row that was merged came back.
TEST_F(ReviewsTest, WhoWasMadeOneOfTwoIsErasedWhole) {
  const LinkResult first = First();
  const LinkResult second = Second();
  const LinkResult third = Third();
  ASSERT_THAT(Review(third.review).row.candidates(), SizeIs(2));
  const ResolveResult resolved = Resolve(third.review, {{1, 2}});
  EXPECT_EQ(Get(first.person).id(), resolved.person);
  EXPECT_EQ(Get(second.person).id(), resolved.person);
  EXPECT_THAT(Reviews(), IsEmpty()) << "the other asked whether these two are one";
  EXPECT_THAT(Get(resolved.person).row().waiting(), IsEmpty());
  EXPECT_THAT(Get(resolved.person).row().review_ids(), IsEmpty());
  Erase(resolved.person);
  EXPECT_EQ(Rows(store::Space::kPeople), 0u);
  EXPECT_EQ(Rows(store::Space::kPersonKeys), 3u) << "marks of three records, and no key";
  EXPECT_EQ(Rows(store::Space::kReviews), 0u);
  EXPECT_FALSE(Holds("youth-offending"));
}

TEST_F(ReviewsTest, WhatWaitsOfARowThatTwoWaitingOnesBecameEndsWithIt) {
  const LinkResult first = First();
  const LinkResult second = Second();
  const LinkResult third = Third();
  const LinkResult fourth = Fourth();
  ASSERT_THAT(Review(fourth.review).row.candidates(), SizeIs(3));
  const ResolveResult resolved =
      Resolve(fourth.review,
              {{NumberOf(fourth.review, second.person), NumberOf(fourth.review, third.person)}});
  ASSERT_EQ(Get(second.person).id(), Get(third.person).id());
  EXPECT_THAT(Get(resolved.person).row().review_ids(), SizeIs(2)) << "each may be the first still";
  EXPECT_EQ(WaitingOf(first.person, kSocial), 1u);
  EXPECT_EQ(WaitingOf(first.person, kConnexions), 1u);
  EXPECT_EQ(WaitingOf(first.person, kHousing), 0u);
  Erase(resolved.person);
  EXPECT_EQ(Rows(store::Space::kReviews), 0u);
  EXPECT_THAT(Get(first.person).row().waiting(), IsEmpty());
  EXPECT_EQ(Rows(store::Space::kPeople), 1u);
}

// It carried another's shield first, which ends with the review; its own does not, also where one agency
// set both. Broken once by taking it of that agency that it had said so already.
TEST_F(ReviewsTest, AShieldSetOnWhoCarriedOneIsTheirsWhateverIsDecided) {
  for (const char* owner : {kSocial, kYot}) {
    NewStore();
    const LinkResult first = First();
    const LinkResult second = Second();
    Shield(first.person, kYot);
    ASSERT_FALSE(Get(second.person).row().shield().carried_by_review_id().empty());
    Shield(second.person, owner);
    Resolve(second.review, {});
    EXPECT_TRUE(Get(second.person).shielded()) << owner;
    EXPECT_TRUE(Get(second.person).row().shield().carried_by_review_id().empty()) << owner;
  }
}

TEST_F(ReviewsTest, AShieldSetOnWhoIsReportedGivesItsOwnerTheReview) {
  const LinkResult first = First();
  const LinkResult second = Second();
  Shield(second.person, kYot);
  EXPECT_EQ(Review(second.review).row.owner_agency_id(), kYot);
  EXPECT_EQ(Review(second.review).row.harm(), signpost::v1::REVIEW_HARM_SHIELDED);
  EXPECT_FALSE(Get(first.person).shielded()) << "who may be them is no more than that";
}

// Its own report nobody settles, so that the stewards of the others do.
TEST_F(ReviewsTest, OfWhomTheReporterShieldedStewardsDecideAndSoon) {
  First();
  const LinkResult second = Second();
  Shield(second.person, kSocial);
  EXPECT_EQ(Review(second.review).row.owner_agency_id(), "");
  EXPECT_EQ(Review(second.review).row.harm(), signpost::v1::REVIEW_HARM_SHIELDED);
}

// Two rows that each carry a shield become one, which carries it until both are decided.
TEST_F(ReviewsTest, ACarriedShieldHoldsUntilTheLastReviewIsDecided) {
  const LinkResult first = First();
  const LinkResult second = Second();
  const LinkResult third = Third();
  const LinkResult fourth = Fourth();
  Shield(first.person, kSocial);
  ASSERT_TRUE(Get(second.person).shielded());
  ASSERT_TRUE(Get(third.person).shielded());
  const ResolveResult resolved =
      Resolve(fourth.review,
              {{NumberOf(fourth.review, second.person), NumberOf(fourth.review, third.person)}});
  EXPECT_TRUE(Get(resolved.person).shielded());
  Resolve(second.review, {});
  EXPECT_TRUE(Get(resolved.person).shielded()) << "the other is not decided";
  Resolve(third.review, {});
  EXPECT_FALSE(Get(resolved.person).shielded());
  EXPECT_TRUE(Get(first.person).shielded());
}

// The shield's owner reported somebody of whom it does not decide itself: carried all the same. Broken
// once by asking whose decision it is, and not whether somebody shielded could be meant.
TEST_F(ReviewsTest, ACarriedShieldOfTheOwnersOwnReportHoldsUntilItsReviewIsDecided) {
  const LinkResult first = First();
  const LinkResult second = Second();  // social services', who set the shield
  const LinkResult third = Third();
  const LinkResult fourth = Fourth();
  Shield(first.person, kSocial);
  const ResolveResult resolved =
      Resolve(fourth.review,
              {{NumberOf(fourth.review, third.person), NumberOf(fourth.review, second.person)}});
  ASSERT_TRUE(Get(resolved.person).shielded());
  Resolve(third.review, {});
  EXPECT_TRUE(Get(resolved.person).shielded()) << "social services' own report is not decided";
  Resolve(second.review, {});
  EXPECT_FALSE(Get(resolved.person).shielded());
}

// Both candidates of one review were found to be one meanwhile: it counted twice and is taken back
// twice.
TEST_F(ReviewsTest, WhatIsTakenBackIsCountedNoMoreAfterItsCandidatesBecameOne) {
  const LinkResult first = First();
  const LinkResult second = Second();
  const LinkResult third = Third();
  ASSERT_THAT(Review(third.review).row.candidates(), SizeIs(2));
  Resolve(second.review, {{1}});
  EXPECT_GT(WaitingOf(first.person, kConnexions), 0u);
  FlagReport gone = At("C-1", "NT5 5EE");
  gone.set_status(signpost::v1::FLAG_STATUS_RETRACTED);
  Take(kConnexions, gone);
  EXPECT_THAT(Reviews(), IsEmpty());
  EXPECT_EQ(Rows(store::Space::kReviews), 0u);
  EXPECT_THAT(Get(first.person).row().waiting(), IsEmpty());
}

// One of its candidates was found to be the reported one by another decision: counted no more, whatever
// is decided of the rest. Broken once by leaving out of the review and not of the count.
TEST_F(ReviewsTest, WhoWasFoundToBeTheReportedOneWaitsForItNoMore) {
  const LinkResult first = First();
  const LinkResult second = Second();
  const LinkResult third = Third();
  const LinkResult fourth = Fourth();
  std::vector<int> same = {NumberOf(fourth.review, first.person),
                           NumberOf(fourth.review, third.person)};
  Resolve(fourth.review, {same});
  ASSERT_EQ(Get(first.person).id(), Get(third.person).id());
  EXPECT_EQ(NumberOf(third.review, first.person), 0);
  EXPECT_NE(NumberOf(third.review, second.person), 0) << "the other may be them still";
  EXPECT_EQ(WaitingOf(first.person, kConnexions), 0u);
  EXPECT_EQ(WaitingOf(second.person, kConnexions), 1u);
  Resolve(third.review, {});
  EXPECT_EQ(WaitingOf(second.person, kConnexions), 0u);
}

TEST_F(ReviewsTest, OfSomebodyErasedAsksToChooseAgain) {
  const LinkResult first = First();
  const LinkResult second = Second();
  const LinkResult third = Third();
  const int number = NumberOf(third.review, first.person);
  Erase(first.person);
  // Who was left out stands under their number still, so that no other is meant by it.
  EXPECT_EQ(ReasonOf(linker_->PrepareResolve(*View(), Review(third.review), {{number}}).status()),
            Reason::kInvalidField);
  EXPECT_EQ(NumberOf(third.review, second.person), 3 - number);
  EXPECT_FALSE(Holds(first.person.ToBytes()));
  const ResolveResult resolved = Resolve(third.review, {{3 - number}});
  EXPECT_EQ(resolved.person, Get(second.person).id());
}

TEST_F(ReviewsTest, OfNobodyButWhoIsErasedEnds) {
  const LinkResult first = First();
  const LinkResult second = Second();
  Erase(first.person);
  EXPECT_EQ(Rows(store::Space::kReviews), 0u);
  EXPECT_THAT(Get(second.person).row().review_ids(), IsEmpty());
}

TEST_F(ReviewsTest, WhoIsErasedWaitsNoLonger) {
  const LinkResult first = First();
  const LinkResult second = Second();
  Erase(second.person);
  EXPECT_EQ(Rows(store::Space::kReviews), 0u);
  EXPECT_THAT(Get(first.person).row().waiting(), IsEmpty());
}

TEST_F(ReviewsTest, WhatWasAskedAboutSomebodyErasedIsAskedNoMore) {
  const LinkResult first = First();
  const LinkResult second = Second();
  const LinkResult third = Third();
  const base::QuestionId of_first = Ask(third.review, NumberOf(third.review, first.person), kYot);
  const base::QuestionId of_second =
      Ask(third.review, NumberOf(third.review, second.person), kSocial);
  const base::QuestionId of_third = Ask(third.review, 0, kConnexions);
  Erase(first.person);
  EXPECT_FALSE(Waits(kYot, of_first));
  EXPECT_TRUE(Waits(kSocial, of_second));
  EXPECT_TRUE(Waits(kConnexions, of_third));
  EXPECT_THAT(Review(third.review).row.asked(), SizeIs(2));
  Erase(third.person);
  EXPECT_FALSE(Waits(kSocial, of_second));
  EXPECT_FALSE(Waits(kConnexions, of_third));
}

}  // namespace
}  // namespace signpost::matching
