// LinkerTest is a fixture: a report linker over a memory store, and reports of Tariq Hussain, whom one
// agency has at another address than the other.

#ifndef SIGNPOST_TESTS_MATCHING_LINKER_FIXTURE_H_
#define SIGNPOST_TESTS_MATCHING_LINKER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/matching/report_linker.h"
#include "tests/people/people_fixture.h"

namespace signpost::matching {

using people::Details;
using people::FlagChange;
using people::From;
using people::kConnexions;
using people::kSocial;
using people::kYot;
using people::Report;
using signpost::v1::FlagReport;

// On the wire all of these are one outcome; inside they are not.
inline bool Waits(const LinkResult& result) { return !result.review.is_zero(); }
inline bool Created(const LinkResult& result) { return result.person_created && !Waits(result); }
inline bool Linked(const LinkResult& result) {
  return result.change == FlagChange::kOpened && !result.person_created;
}
inline bool Unchanged(const LinkResult& result) {
  return result.change == FlagChange::kUnchanged && result.batch.empty();
}
inline constexpr char kDrugs[] = "nortown-drugs-advice";
inline constexpr char kNhs[] = "9434765919";

class LinkerTest : public people::PeopleFixture {
 protected:
  // Prepares, commits, and hands back all but the operation.
  LinkResult Take(const std::string& agency, const FlagReport& report) {
    absl::StatusOr<LinkResult> result =
        linker_->Prepare(*View(), From(agency), report, surroundings_, now_);
    EXPECT_TRUE(result.ok()) << result.status();
    return Finish(*std::move(result));
  }
  ReviewItem Review(const base::ReviewId& id) {
    const auto found = FindReview(*View(), id);
    EXPECT_TRUE(found.ok() && found->has_value());
    return found.ok() ? found->value_or(ReviewItem()) : ReviewItem();
  }
  // How many reports of an agency wait that may be about them.
  uint32_t WaitingOf(const base::PersonId& person, const std::string& agency) {
    const people::Person read = Get(person);
    for (const store::v1::WaitingRow& row : read.row().waiting()) {
      if (row.agency_id() == agency) return row.reports();
    }
    return 0;
  }
  // Sets a shield, with all that it does to what waits.
  void Shield(const base::PersonId& person, const std::string& owner) {
    absl::StatusOr<people::ShieldResult> shield =
        people_.PrepareShield(*View(), person, {true, owner, nullptr}, now_);
    ASSERT_TRUE(shield.ok()) << shield.status();
    ASSERT_TRUE(
        linker_->PrepareShieldOfWaiting(*View(), person, owner, now_, &shield->change).ok());
    ASSERT_TRUE(Commit(std::move(shield->change)).ok());
  }
  void Erase(const base::PersonId& person) {
    absl::StatusOr<store::Batch> change = linker_->PrepareErase(*View(), person, kSocial, now_);
    ASSERT_TRUE(change.ok()) << change.status();
    ASSERT_TRUE(Commit(*std::move(change)).ok());
  }
  ResolveResult Resolve(const base::ReviewId& review, const Resolution& resolution) {
    absl::StatusOr<ResolveResult> result =
        linker_->PrepareResolve(*View(), Review(review), resolution);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return ResolveResult();
    EXPECT_TRUE(Commit(std::exchange(result->batch, store::Batch())).ok());
    return *std::move(result);
  }
  LinkResult Finish(LinkResult result) {
    if (!result.batch.empty()) {
      EXPECT_TRUE(Commit(std::exchange(result.batch, store::Batch())).ok());
    }
    return result;
  }
  size_t Rows(store::Space space) { return View()->Scan(space, "", "", 1'000'000)->size(); }
  std::vector<ReviewItem> Reviews() { return *ReviewsAfter(*View(), "", 50); }
  // Persons who stand for themselves: not the ids that lead to one.
  size_t Persons() {
    size_t persons = 0;
    const std::vector<store::KeyValue> rows =
        *View()->Scan(store::Space::kPeople, "", "", 1'000'000);
    for (const store::KeyValue& row : rows) {
      if (Get(*base::PersonId::FromBytes(row.key)).id().ToBytes() == row.key) ++persons;
    }
    return persons;
  }
  base::PersonId WhomRecord(const std::string& agency, const std::string& record) {
    return Get(people_.LookupLocalRecord(*View(), agency, record)->known_as).id();
  }

  Surroundings surroundings_{[](const std::string& agency) { return agency == kDrugs; }, {}, {}};

  const signpost::v1::PersonDetails tariq_ = Details("Tariq", "Hussain", 20090314, "NT1 4QZ", kNhs);
  const signpost::v1::PersonDetails moved_ = Details("Tariq", "Hussain", 20090314, "NT9 9ZZ");
  const std::unique_ptr<ReportLinker> linker_ = *ReportLinker::Create(&people_, &random_);
};

}  // namespace signpost::matching

#endif  // SIGNPOST_TESTS_MATCHING_LINKER_FIXTURE_H_
