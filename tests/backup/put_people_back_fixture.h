// PutPeopleBackTest is a base that tests of putting a store back stand on. On the memory store: a backup is
// a copy of all rows but those of wrapped keys, and is put back with the rows of wrapped keys of today, by
// the code that a restore runs.
//
// For tests; as PeopleFixture.

#ifndef SIGNPOST_TESTS_BACKUP_PUT_PEOPLE_BACK_FIXTURE_H_
#define SIGNPOST_TESTS_BACKUP_PUT_PEOPLE_BACK_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hub/backup/put_people_back.h"
#include "hub/matching/report_linker.h"
#include "hub/people/closings.h"
#include "hub/people/rows.h"
#include "tests/people/people_fixture.h"

namespace signpost::backup {

using people::Details;
using people::From;
using people::kConnexions;
using people::kSocial;
using people::kYot;
using people::Report;

inline constexpr char kNhs[] = "9434765919";

inline signpost::v1::Consent Says(signpost::v1::ConsentDecision decision,
                                  const std::string& service = "housing") {
  signpost::v1::Consent consent;
  consent.set_decision(decision);
  consent.mutable_scope()->add_services(service);
  consent.mutable_scope()->add_recipient_kinds("connexions");
  consent.set_grantor(signpost::v1::GRANTOR_SELF);
  consent.set_evidence(signpost::v1::CONSENT_EVIDENCE_WRITTEN);
  if (decision == signpost::v1::CONSENT_DECISION_GIVEN) {
    consent.set_explicit_(true);
    consent.mutable_valid_until()->set_seconds(1800000000);
  }
  return consent;
}
inline constexpr auto kGiven = signpost::v1::CONSENT_DECISION_GIVEN;
inline constexpr auto kRefused = signpost::v1::CONSENT_DECISION_REFUSED;

class PutPeopleBackTest : public people::PeopleFixture {
 protected:
  using Rows = std::vector<std::pair<store::Space, store::KeyValue>>;

  base::PersonId Take(const std::string& agency, const signpost::v1::FlagReport& report) {
    absl::StatusOr<matching::LinkResult> result =
        linker_->Prepare(*View(), From(agency), report, matching::Surroundings(), now_);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result->batch.empty()) {
      EXPECT_TRUE(Commit(std::move(result->batch)).ok());
    }
    return result->person;
  }
  // Set by one agency; lifted by two.
  void Shield(const base::PersonId& person, bool shielded = true) {
    now_ += absl::Seconds(1);
    for (const char* agency : {kSocial, kYot}) {
      if (shielded && agency == std::string(kYot)) continue;
      absl::StatusOr<people::ShieldResult> result =
          people_.PrepareShield(*View(), person, {shielded, agency, nullptr}, now_);
      ASSERT_TRUE(result.ok()) << result.status();
      ASSERT_TRUE(Commit(std::move(result->change)).ok());
    }
  }
  base::ConsentId Record(const base::PersonId& person, const signpost::v1::Consent& consent) {
    now_ += absl::Seconds(1);
    absl::StatusOr<people::ConsentResult> result =
        people_.PrepareConsent(*View(), person, consent, kConnexions, "pa-001", now_);
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(Commit(std::move(result->change)).ok());
    return result->consent;
  }
  void Withdraw(const base::PersonId& person, const base::ConsentId& consent) {
    now_ += absl::Seconds(1);
    absl::StatusOr<people::ConsentResult> result =
        people_.PrepareWithdraw(*View(), person, consent, "said so", now_);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE(Commit(std::move(result->change)).ok());
  }
  void Merge(const base::PersonId& from, const base::PersonId& to) {
    absl::StatusOr<people::MergeResult> result = people_.PrepareMerge(*View(), from, to);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE(Commit(std::move(result->change)).ok());
  }
  void Erase(const base::PersonId& person) {
    absl::StatusOr<store::Batch> change = linker_->PrepareErase(*View(), person, kSocial, now_);
    ASSERT_TRUE(change.ok()) << change.status();
    ASSERT_TRUE(Commit(*std::move(change)).ok());
  }

  Rows Backup() {
    Rows rows;
    for (auto& [space, row] : AllRows()) {
      if (space != people::kWrappedKeysSpace) rows.emplace_back(space, std::move(row));
    }
    return rows;
  }
  PeopleBack Restore(const Rows& backup) {
    Rows keys;
    for (auto& [space, row] : AllRows()) {
      if (space == people::kWrappedKeysSpace) keys.emplace_back(space, std::move(row));
    }
    NewStore();
    store::Batch batch;
    for (const auto& [space, row] : backup) batch.Put(space, row.key, row.value);
    EXPECT_TRUE(Commit(std::move(batch)).ok());
    const auto commit = [this](store::Batch change) { return Commit(std::move(change)); };
    const auto for_each_row = [&](VisitKeyRow visit) -> absl::Status {
      store::Batch change;
      for (const auto& [space, row] : keys) {
        const absl::Status visited = visit(row.key, row.value, &change);
        if (!visited.ok()) return visited;
      }
      return change.empty() ? absl::OkStatus() : Commit(std::move(change));
    };
    const auto open_keyring = []() -> absl::StatusOr<std::unique_ptr<base::Keyring>> {
      return base::testing::MakeKeyring('k');
    };
    const absl::StatusOr<PeopleBack> back =
        PutPeopleBack(*store_, {for_each_row, open_keyring, commit}, &random_);
    EXPECT_TRUE(back.ok()) << back.status();
    return back.value_or(PeopleBack());
  }
  std::vector<std::string> Closings() {
    std::vector<std::string> found;
    for (const auto& [space, row] : AllRows()) {
      if (space == people::kWrappedKeysSpace && people::IsClosing(row.key)) {
        found.push_back(row.value);
      }
    }
    return found;
  }
  bool Stands(const base::PersonId& person, const base::ConsentId& consent) {
    const people::Person now = Get(person);
    const store::v1::ConsentRow* const row = now.FindConsent(consent);
    return row != nullptr && row->withdrawn_at_s() == 0 && row->superseded_by().empty();
  }

  const signpost::v1::PersonDetails tariq_ = Details("Tariq", "Hussain", 20090314, "NT1 4QZ", kNhs);
  const std::unique_ptr<matching::ReportLinker> linker_ =
      *matching::ReportLinker::Create(&people_, &random_);
};

}  // namespace signpost::backup

#endif  // SIGNPOST_TESTS_BACKUP_PUT_PEOPLE_BACK_FIXTURE_H_
