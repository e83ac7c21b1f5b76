// The index of a person's entries, held against the entries: who takes a row out of it, or puts one
// in, is found.

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "hub/people/people.h"
#include "tests/oversight/joint_fixture.h"

namespace signpost::oversight {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kYot;
using request::ReceiptOfRefusal;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class VerifyPersonTest : public JointRooms {
 protected:
  VerifyPersonTest() {
    TariqIsKnown();
    Report(kYot, Flag("Y-9", "youth-offending", Sal()));
    Ask(Adviser(), AskAboutRecord("C-1"));
    about_tariq_ = LastEntry().index;
    Ask(YotOfficer(), AskAboutRecord("Y-9"));
    about_sal_ = LastEntry().index;
  }

  absl::StatusOr<v1::VerifyPersonResponse> Verify(const v1::VerifyPersonRequest& request) {
    return Wait<v1::VerifyPersonResponse>(
        [&](auto done) { searches_->VerifyPerson(Auditor(), request, std::move(done)); });
  }
  static v1::VerifyPersonRequest About(const v1::PersonDetails& details) {
    v1::VerifyPersonRequest request;
    *request.mutable_person() = details;
    request.set_reason("Whether the index is whole.");
    return request;
  }
  v1::VerifyPersonResponse Verified() {
    const auto verified = Verify(About(Tariq()));
    EXPECT_TRUE(verified.ok()) << verified.status();
    return verified.value_or(v1::VerifyPersonResponse());
  }
  // Rows of the index, as keys: by person, by entry.
  std::string Forward(const base::PersonId& person, uint64_t index) {
    return std::string(person.bytes()) + store::KeyU64(index);
  }
  std::string Backward(const base::PersonId& person, uint64_t index) {
    return store::KeyU64(index) + std::string(person.bytes());
  }

  uint64_t about_tariq_ = 0;
  uint64_t about_sal_ = 0;
};

TEST_F(VerifyPersonTest, AWholeIndexIsRightAndTheLookIsAboutThem) {
  const v1::VerifyPersonResponse verified = Verified();
  EXPECT_EQ(verified.entries_about(), 3u) << "two reports and a question";
  EXPECT_THAT(verified.missing_indexes(), IsEmpty());
  EXPECT_THAT(verified.surplus_indexes(), IsEmpty());
  EXPECT_THAT(verified.unverifiable_indexes(), IsEmpty());
  EXPECT_EQ(verified.next_index(), verified.ledger_size());
  EXPECT_EQ(verified.next_page_token(), "");
  EXPECT_EQ(LastEntry().kind, "person-verified");
  EXPECT_TRUE(IsAbout(LastEntry().index, PersonOf(kYot, "Y-1").id()));
  v1::VerifyPersonRequest by_entry;
  by_entry.set_same_person_as(about_tariq_);
  by_entry.set_reason("The same.");
  EXPECT_EQ(Verify(by_entry)->entries_about(), 4u) << "and the look before";
}

TEST_F(VerifyPersonTest, ARowThatWasTakenOutIsNamedWhicheverWayItLed) {
  const base::PersonId tariq = PersonOf(kYot, "Y-1").id();
  store::Batch damage;
  damage.Delete(store::Space::kPersonEntries, Forward(tariq, about_tariq_));
  Damage(std::move(damage));
  EXPECT_THAT(Verified().missing_indexes(), ElementsAre(about_tariq_));
  EXPECT_EQ(Stored(LastEntry().index).person_verified().missing(), 1u);
  store::Batch both;
  both.Put(store::Space::kPersonEntries, Forward(tariq, about_tariq_), "");
  both.Delete(store::Space::kEntryPersons, Backward(tariq, about_tariq_));
  Damage(std::move(both));
  EXPECT_THAT(Verified().missing_indexes(), ElementsAre(about_tariq_));
}

TEST_F(VerifyPersonTest, ARowThatWasPutInIsNamed) {
  const base::PersonId tariq = PersonOf(kYot, "Y-1").id();
  store::Batch damage;
  damage.Put(store::Space::kPersonEntries, Forward(tariq, about_sal_), "");
  Damage(std::move(damage));
  const v1::VerifyPersonResponse verified = Verified();
  EXPECT_THAT(verified.surplus_indexes(), ElementsAre(about_sal_));
  EXPECT_THAT(verified.missing_indexes(), IsEmpty());
}

// Of what is past its retention, and of lists, the index is all there is.
TEST_F(VerifyPersonTest, WhatCannotBeHeldAgainstAnythingIsSaid) {
  const base::PersonId tariq = PersonOf(kYot, "Y-1").id();
  store::Batch damage;
  damage.Put(store::Space::kEntries, store::KeyU64(about_tariq_), "");
  damage.Put(store::Space::kPersonEntries, Forward(tariq, 0), "");  // the hub's own, of no person
  Damage(std::move(damage));
  const v1::VerifyPersonResponse verified = Verified();
  EXPECT_THAT(verified.unverifiable_indexes(), ElementsAre(0u, about_tariq_));
  EXPECT_THAT(verified.surplus_indexes(), IsEmpty());
}

TEST_F(VerifyPersonTest, ItGoesOnPageByPageOverTheLedgerOfThen) {
  ledger::Operation filler;
  for (uint64_t i = 0; i < 1000; ++i) filler.entries.push_back(EntryNaming("x"));
  for (uint64_t i = 0; i < kVerifyEntriesMax / 1000; ++i) {
    ledger::Operation some;
    some.entries = filler.entries;
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(some)).ok());
  }
  const uint64_t size = LedgerSize();
  v1::VerifyPersonRequest request = About(Tariq());
  const auto first = Verify(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->next_index(), kVerifyEntriesMax);
  EXPECT_EQ(first->ledger_size(), size);
  ASSERT_NE(first->next_page_token(), "");
  request.set_page_token(first->next_page_token());
  const auto second = Verify(request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->next_index(), size) << "not the look before";
  EXPECT_EQ(second->next_page_token(), "");
  v1::VerifyPersonRequest other = About(Sal());
  other.set_page_token(first->next_page_token());
  EXPECT_THAT(FieldsOf(Verify(other).status()), ElementsAre("page_token"));
}

TEST_F(VerifyPersonTest, NobodyAndSomebodyErasedAreOneAnswerAndRecorded) {
  const auto nobody = Verify(About(Nobody()));
  EXPECT_EQ(ReasonOf(nobody.status()), Reason::kNotFound);
  EXPECT_EQ(LastEntry().kind, "person-verified");
  EXPECT_EQ(ReceiptOfRefusal(nobody.status()).ledger_index(), LastEntry().index);
  v1::VerifyPersonRequest request;
  request.set_same_person_as(0);  // about nobody
  request.set_reason("A check.");
  EXPECT_EQ(Verify(request).status().message(), nobody.status().message());
  request.clear_whom();
  EXPECT_THAT(FieldsOf(Verify(request).status()), ElementsAre("whom"));
}

}  // namespace
}  // namespace signpost::oversight
