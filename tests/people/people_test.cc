#include "hub/people/people.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "hub/base/limits.h"
#include "hub/ledger/person_index.h"
#include "hub/store/row_codec.h"
#include "tests/people/people_fixture.h"
#include "tests/store/store_testing.h"

namespace signpost::people {
namespace {

using base::Reason;
using base::ReasonOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PeopleTest : public PeopleFixture {};

TEST_F(PeopleTest, ANewPersonHasHerFlagAndItsContactSealed) {
  const FlagResult put = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "NT1 4QZ")));
  EXPECT_TRUE(put.person_created);
  EXPECT_TRUE(put.flag_created);
  EXPECT_EQ(put.kind, FlagChange::kOpened);
  EXPECT_THAT(put.other_agencies, IsEmpty());

  const Person person = Get(put.person);
  ASSERT_THAT(person.flags(), SizeIs(1));
  EXPECT_EQ(person.flags()[0].agency_id(), kYot);
  EXPECT_EQ(person.flags()[0].opened_on(), 20260301);
  EXPECT_EQ(person.version(), 1u);
  EXPECT_FALSE(person.shielded());
  EXPECT_EQ(person.FindFlag(put.flag), &person.flags()[0]);
  absl::StatusOr<store::v1::ContactSecret> contact = OpenSealed(person.Contact(person.flags()[0]));
  ASSERT_TRUE(contact.ok());
  EXPECT_EQ(contact->name(), "Wilhelmina Vandersteen");
  absl::StatusOr<store::v1::PersonSecret> details = OpenSealed(person.Details(person.aliases()[0]));
  ASSERT_TRUE(details.ok());
  EXPECT_EQ(details->surname(), "Hussain");
  EXPECT_EQ(details->birth_date(), 20090314);
}

TEST_F(PeopleTest, NobodyThereIsNotFound) {
  EXPECT_EQ(ReasonOf(people_.Read(*View(), base::PersonId::New(&random_)).status()),
            Reason::kNotFound);
}

TEST_F(PeopleTest, ACiphertextMovedToAnotherFlagOrPersonDoesNotOpen) {
  const FlagResult a = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  signpost::v1::FlagReport second = Report("A-2", Details("Tariq", "Hussain", 20090314, ""));
  second.mutable_contact()->set_name("Somebody Else");
  Put(kYot, second, a.person);
  const FlagResult b = Put(kYot, Report("B-1", Details("Sal", "Osei", 20100505, "")));
  const Person person = Get(a.person);
  ASSERT_THAT(person.flags(), SizeIs(2));
  store::v1::FlagRow moved = person.flags()[0];
  moved.set_sealed_contact(person.flags()[1].sealed_contact());
  EXPECT_EQ(ReasonOf(OpenSealed(person.Contact(moved)).status()), Reason::kDataLoss);
  moved.set_sealed_contact(Get(b.person).flags()[0].sealed_contact());
  EXPECT_EQ(ReasonOf(OpenSealed(person.Contact(moved)).status()), Reason::kDataLoss);
}

TEST_F(PeopleTest, AFlagWithoutContactOpensToAnEmptyOne) {
  signpost::v1::FlagReport report = Report("A-1", Details("Tariq", "Hussain", 20090314, ""));
  report.clear_contact();
  const Person person = Get(Put(kYot, report).person);
  EXPECT_EQ(OpenSealed(person.Contact(person.flags()[0]))->name(), "");
  EXPECT_EQ(OpenSealed(person.Contact(person.flags()[0]))->record_id(), "A-1")
      << "the agency's own word for it, for that agency";
}

TEST_F(PeopleTest, TheSameReportChangesNothingWhateverItsSequence) {
  signpost::v1::FlagReport report = Report("A-1", Details("Tariq", "Hussain", 20090314, ""));
  const FlagResult first = Put(kYot, report);
  report.set_sequence(77);
  const FlagResult again = Put(kYot, report, first.person);
  EXPECT_EQ(again.kind, FlagChange::kUnchanged);
  EXPECT_TRUE(again.change.empty());
  EXPECT_EQ(again.flag, first.flag);
  EXPECT_EQ(Get(first.person).version(), 1u);
}

TEST_F(PeopleTest, AFlagIsChangedClosedReopenedAndRetracted) {
  signpost::v1::FlagReport report = Report("A-1", Details("Tariq", "Hussain", 20090314, ""));
  const FlagResult first = Put(kYot, report);
  Put(kSocial, Report("S-9", Details("Tariq", "Hussain", 20090314, ""), "childrens-social-care"),
      first.person);

  report.mutable_contact()->set_name("Another Worker");
  FlagResult result = Put(kYot, report, first.person);
  EXPECT_EQ(result.kind, FlagChange::kChanged);
  EXPECT_EQ(result.flag, first.flag);
  EXPECT_THAT(result.other_agencies, ElementsAre(kSocial));

  report.set_status(signpost::v1::FLAG_STATUS_CLOSED);
  SetDate(report.mutable_closed_on(), 20261101);
  EXPECT_EQ(Put(kYot, report, first.person).kind, FlagChange::kClosed);
  EXPECT_THAT(Get(first.person).AgenciesWithOpenFlags(), ElementsAre(kSocial));
  EXPECT_EQ(Get(first.person).FindFlag(first.flag)->closed_on(), 20261101);

  report.set_status(signpost::v1::FLAG_STATUS_OPEN);
  report.clear_closed_on();
  EXPECT_EQ(Put(kYot, report, first.person).kind, FlagChange::kOpened);
  EXPECT_EQ(Get(first.person).FindFlag(first.flag)->closed_on(), 0);

  report.set_status(signpost::v1::FLAG_STATUS_RETRACTED);
  EXPECT_EQ(Put(kYot, report, first.person).kind, FlagChange::kRetracted);
  EXPECT_EQ(Put(kYot, report, first.person).kind, FlagChange::kUnchanged);
  EXPECT_THAT(Get(first.person).AgenciesWithOpenFlags(), ElementsAre(kSocial));
}

TEST_F(PeopleTest, AnAliasIsAddedOnlyWhenTheAgencySaysSomethingNew) {
  store::v1::AliasHashes before;
  before.set_surname(std::string(16, 'a'));
  store::v1::AliasHashes after;
  after.set_surname(std::string(16, 'b'));
  signpost::v1::FlagReport report = Report("A-1", Details("Tariq", "Hussain", 20090314, ""));
  const FlagResult first = Put(kYot, report, std::nullopt, before);
  report.mutable_contact()->set_name("Another Worker");
  Put(kYot, report, first.person, before);
  EXPECT_THAT(Get(first.person).aliases(), SizeIs(1));

  report.mutable_person()->set_surname("HUSSAIN");  // means the same: newer spelling kept in place
  Put(kYot, report, first.person, before);
  EXPECT_THAT(Get(first.person).aliases(), SizeIs(1));
  EXPECT_EQ(OpenSealed(Get(first.person).Details(Get(first.person).aliases()[0]))->surname(),
            "HUSSAIN");

  report.mutable_person()->set_surname("Hossain");
  EXPECT_TRUE(Put(kYot, report, first.person, after).alias_added);
  EXPECT_THAT(Get(first.person).aliases(), SizeIs(2));

  // Another agency's view is an alias of its own even when equal.
  Put(kSocial, Report("S-1", report.person()), first.person, after);
  EXPECT_THAT(Get(first.person).aliases(), SizeIs(3));
}

TEST_F(PeopleTest, AliasesStayWithinTheLimitAndOnesDroppedAreNamed) {
  base::PersonId person;
  for (int i = 0; i <= base::kAliasesPerPersonMax; ++i) {
    store::v1::AliasHashes hashes;
    hashes.set_surname("hash-" + std::to_string(1000 + i));
    signpost::v1::FlagReport report =
        Report("A-1", Details("Tariq", "Name" + std::to_string(i), 20090314, ""));
    const FlagResult put =
        Put(kYot, report, i == 0 ? std::nullopt : std::make_optional(person), hashes);
    person = put.person;
    if (i == base::kAliasesPerPersonMax) {
      ASSERT_THAT(put.dropped_aliases, SizeIs(1));
      EXPECT_EQ(put.dropped_aliases[0].surname(), "hash-1001")
          << "what the record began with goes last";
    } else {
      EXPECT_THAT(put.dropped_aliases, IsEmpty());
    }
  }
  EXPECT_THAT(Get(person).aliases(), SizeIs(base::kAliasesPerPersonMax));
}

TEST_F(PeopleTest, AtTheLimitOneMoreFlagIsRefused) {
  base::PersonId person;
  const signpost::v1::PersonDetails details = Details("Tariq", "Hussain", 20090314, "");
  for (int i = 0; i < base::kFlagsPerAgencyAndPersonMax; ++i) {
    person = Put(kYot, Report("A-" + std::to_string(i), details),
                 i == 0 ? std::nullopt : std::make_optional(person))
                 .person;
  }
  absl::StatusOr<FlagResult> more =
      PrepareReport(*View(), kYot, Report("one more", details), {}, person);
  EXPECT_EQ(ReasonOf(more.status()), Reason::kInvalidField);
  EXPECT_THAT(Get(person).flags(), SizeIs(base::kFlagsPerAgencyAndPersonMax));
}

// 256 less one's own counted everybody's hidden flags. Broken once by counting all agencies'
// flags in CountFlags(): the social worker's second report is refused.
TEST_F(PeopleTest, AnAgencysLimitIsItsOwnAndRetractedRecordsAreFree) {
  const signpost::v1::PersonDetails details = Details("Tariq", "Hussain", 20090314, "");
  base::PersonId person = Put(kYot, Report("A-0", details)).person;
  for (int i = 1; i < base::kFlagsPerAgencyAndPersonMax; ++i) {
    Put(kYot, Report("A-" + std::to_string(i), details), person);
  }
  Put(kSocial, Report("S-1", details), person);
  EXPECT_TRUE(PrepareReport(*View(), kSocial, Report("S-2", details), {}, person).ok());
  signpost::v1::FlagReport retracted = Report("A-7", details);
  retracted.set_status(signpost::v1::FLAG_STATUS_RETRACTED);
  Put(kYot, retracted, person);
  EXPECT_TRUE(PrepareReport(*View(), kYot, Report("one more", details), {}, person).ok());
}

TEST_F(PeopleTest, RetractingForEverFillsNoRow) {
  const signpost::v1::PersonDetails details = Details("Tariq", "Hussain", 20090314, "");
  const base::PersonId person = Put(kYot, Report("A-0", details)).person;
  for (int i = 1; i <= 3 * base::kRetractedFlagsKept; ++i) {
    signpost::v1::FlagReport report = Report("R-" + std::to_string(i), details);
    Put(kYot, report, person);
    report.set_status(signpost::v1::FLAG_STATUS_RETRACTED);
    Put(kYot, report, person);
  }
  EXPECT_LE(Get(person).flags().size(), base::kRetractedFlagsKept + 2);
  EXPECT_EQ(ReasonOf(people_.LookupLocalRecord(*View(), kYot, "R-1").status()), Reason::kNotFound);
  EXPECT_TRUE(people_.LookupLocalRecord(*View(), kYot, "A-0").ok());
}

// What an agency is told of its ids is of its own making. To be broken by leaving out the
// pointer in AddId(): the first expectation fails.
TEST_F(PeopleTest, EachAgencyHasItsOwnIdThatStaysWhenRowsBecomeOne) {
  const signpost::v1::PersonDetails details = Details("Tariq", "Hussain", 20090314, "");
  const FlagResult yot = Put(kYot, Report("A-1", details));
  const FlagResult social = Put(kSocial, Report("S-1", details), yot.person);
  EXPECT_NE(social.known_as, yot.known_as);
  EXPECT_EQ(Get(social.known_as).id(), yot.person);
  const FlagResult apart = Put(kConnexions, Report("C-1", details));
  ASSERT_TRUE(Commit(people_.PrepareMerge(*View(), apart.person, yot.person)->change).ok());
  EXPECT_EQ(people_.LookupLocalRecord(*View(), kConnexions, "C-1")->known_as, apart.known_as);
  EXPECT_EQ(Get(apart.known_as).id(), yot.person);
  EXPECT_EQ(Get(apart.known_as).KnownAs(kConnexions), apart.known_as);
  EXPECT_EQ(Get(yot.person).KnownAs(kConnexions), apart.known_as);
  EXPECT_EQ(Get(yot.person).KnownAs("nortown-housing"), yot.person);
}

TEST_F(PeopleTest, RecordsThatOthersMadeOneAreStillTwoToTheirAgency) {
  const FlagResult one = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  const FlagResult two = Put(kYot, Report("A-2", Details("Tarik", "Husain", 20090314, "")));
  Put(kSocial, Report("S-1", Details("Tariq", "Hussain", 20090314, "")), one.person);
  ASSERT_TRUE(Commit(people_.PrepareMerge(*View(), two.person, one.person)->change).ok());
  ASSERT_THAT(Get(one.person).flags(), SizeIs(3));
  EXPECT_THAT(Get(one.known_as).AsKnownTo(kYot).flags(), SizeIs(2));
  EXPECT_THAT(Get(two.known_as).AsKnownTo(kYot).flags(), SizeIs(2));
  EXPECT_THAT(Get(one.known_as).AsKnownTo(kSocial).flags(), SizeIs(3));
}

TEST_F(PeopleTest, WhatWaitsIsCountedByAgency) {
  const base::PersonId person =
      Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, ""))).person;
  const auto count = [&](const std::string& agency, int reports) {
    ASSERT_TRUE(Commit(*people_.PrepareWaiting(Get(person), agency, reports)).ok());
  };
  count(kSocial, 1);
  count(kSocial, 1);
  count(kConnexions, 1);
  ASSERT_THAT(Get(person).row().waiting(), SizeIs(2));
  count(kConnexions, -1);
  count(kSocial, -1);
  ASSERT_THAT(Get(person).row().waiting(), SizeIs(1));
  EXPECT_EQ(Get(person).row().waiting(0).agency_id(), kSocial);
  count(kSocial, -1);
  EXPECT_THAT(Get(person).row().waiting(), IsEmpty());
}

TEST_F(PeopleTest, RecordsAreFoundByTheirAgencyAlone) {
  const FlagResult put = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  absl::StatusOr<LocalRecord> record = people_.LookupLocalRecord(*View(), kYot, "A-1");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->known_as, put.person);
  EXPECT_EQ(record->flag, put.flag);
  EXPECT_EQ(ReasonOf(people_.LookupLocalRecord(*View(), kSocial, "A-1").status()),
            Reason::kNotFound);
  EXPECT_EQ(ReasonOf(people_.LookupLocalRecord(*View(), kYot, "A-2").status()), Reason::kNotFound);
  // The same record id of two agencies has nothing in common at rest.
  EXPECT_NE(people_.RecordHash(kYot, "A-1"), people_.RecordHash(kSocial, "A-1"));
}

TEST_F(PeopleTest, OpenRecordsComeInPages) {
  for (int i = 0; i < 7; ++i) {
    Put(kYot,
        Report("A-" + std::to_string(i), Details("N" + std::to_string(i), "S", 20090314, "")));
  }
  Put(kSocial, Report("S-1", Details("Other", "S", 20090314, "")));
  std::vector<std::string> seen;
  std::string token;
  int pages = 0;
  do {
    absl::StatusOr<OpenRecordPage> page = people_.OpenRecordsOf(*View(), kYot, token, 3);
    ASSERT_TRUE(page.ok());
    for (const OpenRecord& record : page->records) {
      EXPECT_TRUE(record.open);
      seen.push_back(record.record_hash);
    }
    token = page->next_token;
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(seen, SizeIs(7));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(ReasonOf(people_.OpenRecordsOf(*View(), kYot, "short", 3).status()),
            Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(people_.OpenRecordsOf(*View(), kYot, "", 0).status()), Reason::kInvalidField);
}

TEST_F(PeopleTest, ClosingARecordThatIsMissingCanBeUndoneByReportingIt) {
  const signpost::v1::FlagReport report = Report("A-1", Details("Tariq", "Hussain", 20090314, ""));
  const FlagResult put = Put(kYot, report);
  absl::StatusOr<FlagResult> closed = PrepareClose(kYot, "A-1");
  ASSERT_TRUE(closed.ok());
  EXPECT_EQ(closed->kind, FlagChange::kClosed);
  ASSERT_TRUE(Commit(std::move(closed->change)).ok());
  EXPECT_EQ(Get(put.person).flags()[0].closed_on(), 20261122);
  closed = PrepareClose(kYot, "A-1");
  ASSERT_TRUE(closed.ok());
  EXPECT_TRUE(closed->change.empty());
  EXPECT_EQ(Put(kYot, report, put.person).kind, FlagChange::kOpened);
  EXPECT_EQ(ReasonOf(PrepareClose(kYot, "A-9").status()), Reason::kNotFound);
}

TEST_F(PeopleTest, TwoChangesFromOneReadingDoNotBothHappen) {
  const FlagResult put = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  const auto view = View();
  ShieldResult shield = *people_.PrepareShield(*view, put.person, {true, kSocial, nullptr}, now_);
  FlagResult report = *PrepareReport(
      *view, kSocial, Report("S-1", Details("Tariq", "Hussain", 20090314, "")), {}, put.person);
  EXPECT_TRUE(Commit(std::move(shield.change), *view).ok());
  EXPECT_EQ(ReasonOf(Commit(std::move(report.change), *view)), Reason::kAborted);
  EXPECT_TRUE(Get(put.person).shielded());
}

signpost::v1::Consent Yes() {
  signpost::v1::Consent consent;
  consent.set_decision(signpost::v1::CONSENT_DECISION_GIVEN);
  consent.mutable_scope()->add_recipient_kinds("connexions");
  consent.mutable_scope()->add_purposes(signpost::v1::PURPOSE_SUPPORT_PLANNING);
  consent.set_explicit_(true);
  consent.mutable_valid_until()->set_seconds(1800000000);
  consent.set_grantor(signpost::v1::GRANTOR_SELF);
  consent.set_evidence(signpost::v1::CONSENT_EVIDENCE_WRITTEN);
  consent.set_evidence_note("signed form in the blue folder");
  return consent;
}

TEST_F(PeopleTest, ConsentIsKeptWithItsNoteSealedAndWithdrawnOnce) {
  const FlagResult put = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  ConsentResult given =
      *people_.PrepareConsent(*View(), put.person, Yes(), kConnexions, "pa-001", now_);
  const base::ConsentId id = given.consent;
  ASSERT_TRUE(Commit(std::move(given.change)).ok());
  Person person = Get(put.person);
  const store::v1::ConsentRow* row = person.FindConsent(id);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->valid_from_s(), absl::ToUnixSeconds(now_));
  EXPECT_EQ(row->recorded_by_agency_id(), kConnexions);
  EXPECT_EQ(row->withdrawn_at_s(), 0);
  EXPECT_THAT(row->purposes(), ElementsAre(signpost::v1::PURPOSE_SUPPORT_PLANNING));
  EXPECT_EQ(*OpenSealed(person.Note(*row)), "signed form in the blue folder");
  EXPECT_FALSE(Holds("blue folder"));

  const absl::Time later = now_ + absl::Hours(5);
  ConsentResult taken =
      *people_.PrepareWithdraw(*View(), put.person, id, "told me on the phone", later);
  EXPECT_EQ(taken.effective_at, later);
  ASSERT_TRUE(Commit(std::move(taken.change)).ok());
  person = Get(put.person);
  EXPECT_EQ(person.FindConsent(id)->withdrawn_at_s(), absl::ToUnixSeconds(later));
  EXPECT_EQ(*OpenSealed(person.WithdrawalNote(*person.FindConsent(id))), "told me on the phone");
  taken = *people_.PrepareWithdraw(*View(), put.person, id, "", later + absl::Hours(1));
  EXPECT_TRUE(taken.change.empty());
  EXPECT_EQ(taken.effective_at, later);
  EXPECT_EQ(
      ReasonOf(
          people_.PrepareWithdraw(*View(), put.person, base::ConsentId::New(&random_), "", later)
              .status()),
      Reason::kNotFound);
}

TEST_F(PeopleTest, ARefusalCannotBeWithdrawn) {
  const FlagResult put = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  signpost::v1::Consent no = Yes();
  no.set_decision(signpost::v1::CONSENT_DECISION_REFUSED);
  ConsentResult refused = *people_.PrepareConsent(*View(), put.person, no, kYot, "yo-001", now_);
  const base::ConsentId id = refused.consent;
  ASSERT_TRUE(Commit(std::move(refused.change)).ok());
  EXPECT_EQ(ReasonOf(people_.PrepareWithdraw(*View(), put.person, id, "", now_).status()),
            Reason::kConsentInvalid);
}

TEST_F(PeopleTest, AMergeMovesEverythingAndTheOldIdStillLeadsThere) {
  const FlagResult a = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  const FlagResult b = Put(kSocial, Report("S-1", Details("Tarik", "Hussain", 20090314, "")));
  ConsentResult consent =
      *people_.PrepareConsent(*View(), a.person, Yes(), kConnexions, "pa-001", now_);
  const base::ConsentId consent_id = consent.consent;
  ASSERT_TRUE(Commit(std::move(consent.change)).ok());
  MergeResult merge = *people_.PrepareMerge(*View(), a.person, b.person);
  EXPECT_EQ(merge.to, b.person);
  ASSERT_TRUE(Commit(std::move(merge.change)).ok());

  const Person person = Get(a.person);
  EXPECT_EQ(person.id(), b.person);
  ASSERT_THAT(person.flags(), SizeIs(2));
  for (const store::v1::FlagRow& flag : person.flags()) {
    EXPECT_EQ(OpenSealed(person.Contact(flag))->name(), "Wilhelmina Vandersteen");
  }
  for (const store::v1::AliasRow& alias : person.aliases()) {
    EXPECT_EQ(OpenSealed(person.Details(alias))->surname(), "Hussain");
  }
  EXPECT_EQ(*OpenSealed(person.Note(*person.FindConsent(consent_id))),
            "signed form in the blue folder");
  // Both rows on the way are what a change rests on.
  const auto view = View();
  ASSERT_TRUE(people_.Read(*view, a.person).ok());
  EXPECT_TRUE(view->reads().Has(store::Space::kPeople, a.person.ToBytes()));
  EXPECT_TRUE(view->reads().Has(store::Space::kPeople, b.person.ToBytes()));
  EXPECT_EQ(ReasonOf(people_.PrepareMerge(*View(), a.person, b.person).status()),
            Reason::kInvalidField);
  // The old record of the merged person is updated where they are now.
  signpost::v1::FlagReport report = Report("A-1", Details("Tariq", "Hussain", 20090314, ""));
  EXPECT_EQ(Put(kYot, report, people_.LookupLocalRecord(*View(), kYot, "A-1")->known_as).kind,
            FlagChange::kUnchanged);
}

// Promise 4. Broken on purpose by not copying the shield in PrepareMerge, this fails.
TEST_F(PeopleTest, AShieldOnEitherSideHoldsThroughMergeAndReport) {
  for (const bool shield_from : {true, false}) {
    const FlagResult a =
        Put(kYot, Report(shield_from ? "A-1" : "A-2", Details("Tariq", "Hussain", 20090314, "")));
    const FlagResult b = Put(
        kSocial, Report(shield_from ? "S-1" : "S-2", Details("Tariq", "Hussain", 20090314, "")));
    const ShieldVoice set{true, kSocial, nullptr};
    ShieldResult shield =
        *people_.PrepareShield(*View(), shield_from ? a.person : b.person, set, now_);
    ASSERT_TRUE(Commit(std::move(shield.change)).ok());
    EXPECT_TRUE(people_.PrepareShield(*View(), shield_from ? a.person : b.person, set, now_)
                    ->change.empty());
    MergeResult merge = *people_.PrepareMerge(*View(), a.person, b.person);
    EXPECT_TRUE(merge.shielded);
    ASSERT_TRUE(Commit(std::move(merge.change)).ok());
    EXPECT_TRUE(Get(a.person).shielded());
    EXPECT_EQ(Get(a.person).row().shield().set_by(0).agency_id(), kSocial);

    Put(kConnexions, Report(shield_from ? "C-1" : "C-2", Details("Tariq", "H", 20090314, "")),
        a.person);
    EXPECT_TRUE(Get(b.person).shielded());
  }
}

// Promise 4. Broken on purpose by lifting on the first voice, or on any two, this fails.
TEST_F(PeopleTest, AShieldIsLiftedByAllWhoSetItAndOneMore) {
  const base::PersonId id = Put(kYot, Report("A-1", Details("T", "H", 20090314, ""))).person;
  bool social_gone = false;
  const auto say = [&](const std::string& agency, bool shielded) {
    absl::StatusOr<ShieldResult> result = people_.PrepareShield(
        *View(), id,
        {shielded, agency, [&](const std::string& one) { return social_gone && one == kSocial; }},
        now_);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result->change.empty()) {
      EXPECT_TRUE(Commit(std::move(result->change)).ok());
    }
    EXPECT_EQ(Get(id).shielded(), result->stands);
    return result->stands;
  };
  EXPECT_FALSE(say(kYot, false)) << "there is none";
  EXPECT_TRUE(say(kSocial, true));
  EXPECT_TRUE(say(kSocial, false)) << "who set it, alone";
  EXPECT_TRUE(say(kSocial, false)) << "twice the same voice";
  EXPECT_FALSE(say(kYot, false));
  EXPECT_TRUE(say(kSocial, true));
  EXPECT_TRUE(say(kYot, false));
  EXPECT_TRUE(say(kConnexions, false)) << "two who did not set it";
  EXPECT_FALSE(say(kSocial, false));

  // Both who set it, each with reasons of its own.
  EXPECT_TRUE(say(kSocial, true));
  EXPECT_TRUE(say(kYot, true));
  EXPECT_TRUE(say(kSocial, false));
  EXPECT_TRUE(say(kConnexions, false));
  EXPECT_FALSE(say(kYot, false));

  // A wish does not count for ever, and who sets it anew wishes it no more.
  EXPECT_TRUE(say(kSocial, true));
  EXPECT_TRUE(say(kSocial, false));
  now_ += kLiftAskedFor;
  EXPECT_TRUE(say(kYot, false));
  EXPECT_TRUE(say(kSocial, true)) << "it stands already";
  EXPECT_TRUE(say(kYot, false));
  EXPECT_FALSE(say(kSocial, false));

  // Whoever takes part no more need not be asked, and then it still takes two.
  EXPECT_TRUE(say(kSocial, true));
  social_gone = true;
  EXPECT_TRUE(say(kYot, false));
  EXPECT_FALSE(say(kConnexions, false));
}

TEST_F(PeopleTest, WhoSetEitherShieldIsAskedAfterAMerge) {
  const base::PersonId a = Put(kYot, Report("A-1", Details("T", "H", 20090314, ""))).person;
  const base::PersonId b = Put(kSocial, Report("S-1", Details("T", "H", 20090314, ""))).person;
  for (const auto& [id, agency] : {std::pair(a, kYot), std::pair(b, kSocial)}) {
    ShieldResult shield = *people_.PrepareShield(*View(), id, {true, agency, nullptr}, now_);
    ASSERT_TRUE(Commit(std::move(shield.change)).ok());
  }
  MergeResult merge = *people_.PrepareMerge(*View(), a, b);
  ASSERT_TRUE(Commit(std::move(merge.change)).ok());
  for (const char* agency : {kSocial, kConnexions}) {
    ShieldResult asked = *people_.PrepareShield(*View(), a, {false, agency, nullptr}, now_);
    EXPECT_TRUE(asked.stands) << agency;
    ASSERT_TRUE(Commit(std::move(asked.change)).ok());
  }
  EXPECT_TRUE(people_.PrepareShield(*View(), a, {false, kYot, nullptr}, now_)->lifted);
}

TEST_F(PeopleTest, MergesInARowAreFollowedAndACircleIsDamage) {
  std::vector<base::PersonId> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(
        Put(kYot, Report("A-" + std::to_string(i), Details("T", "H", 20090314, ""))).person);
  }
  for (int i = 0; i + 1 < 4; ++i) {
    MergeResult merge = *people_.PrepareMerge(*View(), ids[static_cast<size_t>(i)],
                                              ids[static_cast<size_t>(i) + 1]);
    ASSERT_TRUE(Commit(std::move(merge.change)).ok());
  }
  EXPECT_EQ(Get(ids[0]).id(), ids[3]);
  EXPECT_THAT(Get(ids[0]).flags(), SizeIs(4));
  EXPECT_EQ(Get(ids[0]).row().merged_from_size(), 3);

  store::v1::PersonRow circle;
  circle.set_merged_into(ids[0].ToBytes());
  store::Batch batch;
  batch.Put(store::Space::kPeople, ids[3].ToBytes(), store::EncodeRow(circle));
  ASSERT_TRUE(store::testing::CommitNow(*store_, std::move(batch)).ok());
  EXPECT_EQ(ReasonOf(people_.Read(*View(), ids[0]).status()), Reason::kDataLoss);
}

TEST_F(PeopleTest, ErasingLeavesNothingOfHerOrOfThoseMergedIntoHer) {
  const FlagResult a = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  const FlagResult b = Put(kSocial, Report("S-1", Details("Tarik", "Hussain", 20090314, "")));
  const FlagResult other = Put(kYot, Report("A-2", Details("Sal", "Osei", 20100505, "")));
  store::Batch looked;
  const auto about = [&looked](const base::PersonId& person, uint64_t index) {
    ledger::Operation operation;
    ledger::PersonIndex::Add(person, &operation);
    operation.with_index(index, looked);
  };
  for (uint64_t i = 0; i < 2500; ++i) about(a.person, i);
  about(other.person, 3);
  ASSERT_TRUE(store::testing::CommitNow(*store_, std::move(looked)).ok());
  MergeResult merge = *people_.PrepareMerge(*View(), a.person, b.person);
  ASSERT_TRUE(Commit(std::move(merge.change)).ok());

  std::vector<base::PersonId> ids;
  absl::StatusOr<store::Batch> erase = people_.PrepareErase(*View(), a.person, kSocial, now_, &ids);
  ASSERT_TRUE(erase.ok());
  EXPECT_THAT(ids, ElementsAre(b.person, a.person));
  ASSERT_TRUE(Commit(*std::move(erase)).ok());
  for (const base::PersonId& id : {a.person, b.person}) {
    EXPECT_EQ(ReasonOf(people_.Read(*View(), id).status()), Reason::kNotFound);
    EXPECT_FALSE(Holds(id.ToBytes()));
  }
  EXPECT_EQ(ReasonOf(people_.LookupLocalRecord(*View(), kYot, "A-1").status()), Reason::kNotFound);
  EXPECT_EQ(Get(other.person).id(), other.person);
  EXPECT_EQ(View()->Scan(store::Space::kPersonEntries, "", "", 10)->size(), 1u) << "other's row";
  EXPECT_EQ(View()->Scan(store::Space::kEntryPersons, "", "", 10)->size(), 1u) << "other's row";
}

TEST_F(PeopleTest, ARowWhoseKeyIsGoneIsNobody) {
  const FlagResult put = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  store::Batch batch;
  batch.Delete(store::Space::kPersonKeys, put.person.ToBytes());
  ASSERT_TRUE(store::testing::CommitNow(*store_, std::move(batch)).ok());
  EXPECT_EQ(ReasonOf(people_.Read(*View(), put.person).status()), Reason::kNotFound);
}

TEST_F(PeopleTest, PrivateDetailsOfEntriesOpenUnderTheirLabelAlone) {
  const Person person = Get(Put(kYot, Report("A-1", Details("T", "H", 20090314, ""))).person);
  absl::StatusOr<std::string> sealed = person.SealPrivate("override", "they said so", &random_);
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(*OpenSealed(person.OpenPrivate("override", *sealed)), "they said so");
  EXPECT_EQ(ReasonOf(OpenSealed(person.OpenPrivate("question", *sealed)).status()),
            Reason::kDataLoss);
}

TEST_F(PeopleTest, AnErasureIsMadeAgainWhenSomebodyLooksMeanwhile) {
  const FlagResult put = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  const auto view = View();
  std::vector<base::PersonId> ids;
  store::Batch erase = *people_.PrepareErase(*view, put.person, kSocial, now_, &ids);
  store::Batch looked;
  ledger::Operation look;
  ledger::PersonIndex::Add(put.person, &look);
  look.with_index(7, looked);
  ASSERT_TRUE(Commit(std::move(looked)).ok());
  EXPECT_EQ(ReasonOf(Commit(std::move(erase), *view)), Reason::kAborted)
      << "or that look would outlive the person";
  ASSERT_TRUE(Commit(*people_.PrepareErase(*View(), put.person, kSocial, now_, &ids)).ok());
  EXPECT_FALSE(Holds(put.person.ToBytes()));
}

TEST_F(PeopleTest, RowsOfALaterVersionAndRowsThatDoNotParseAreTold) {
  const FlagResult put = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, "")));
  const std::string local = People::LocalRecordKey(kYot, people_.RecordHash(kYot, "A-1"));
  const std::pair<std::string, Reason> rows[] = {{"\x02", Reason::kStoreNewer},
                                                 {"", Reason::kDataLoss},
                                                 {std::string("\0", 1), Reason::kDataLoss},
                                                 {"\x01\xFF\xFF", Reason::kDataLoss}};
  for (const auto& [bytes, reason] : rows) {
    store::Batch batch;
    batch.Put(store::Space::kPeople, put.person.ToBytes(), bytes);
    batch.Put(store::Space::kLocalRecords, local, bytes);
    ASSERT_TRUE(store::testing::CommitNow(*store_, std::move(batch)).ok());
    EXPECT_EQ(ReasonOf(people_.Read(*View(), put.person).status()), reason);
    EXPECT_EQ(ReasonOf(people_.LookupLocalRecord(*View(), kYot, "A-1").status()), reason);
    EXPECT_EQ(
        ReasonOf(people_.ResolveRecord(*View(), kYot, people_.RecordHash(kYot, "A-1")).status()),
        reason);
  }
}

TEST(DateNumberTest, OnlyDaysThatExistAreDates) {
  signpost::v1::Date date;
  EXPECT_EQ(DateNumber(date), 0);
  SetDate(&date, 20240229);
  EXPECT_EQ(DateNumber(date), 20240229);
  date.set_year(2023);
  EXPECT_EQ(DateNumber(date), 0);
  date.set_month(13);
  EXPECT_EQ(DateNumber(date), 0);
  date.set_year(2'000'000'000);
  EXPECT_EQ(DateNumber(date), 0);
}

}  // namespace
}  // namespace signpost::people
