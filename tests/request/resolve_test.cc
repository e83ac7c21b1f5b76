// What handlers do alike: whom a selector names, for whom an agency works, what a request id may
// be.

#include "hub/request/resolve.h"

#include <gmock/gmock.h>

#include "hub/base/limits.h"
#include "hub/ledger/receipt.h"
#include "tests/request/hub_rooms.h"

namespace signpost::request {
namespace {

using base::Reason;
using base::ReasonOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class ResolveTest : public HubRooms {
 protected:
  ResolveTest() { TariqIsKnown(); }

  absl::StatusOr<std::optional<people::Person>> Named(const base::Principal& asker,
                                                      const v1::PersonSelector& selector) {
    const std::unique_ptr<store::View> view = View();
    return Resolve(context_, *view, asker, selector);
  }
  static v1::PersonSelector Record(const std::string& record_id) {
    v1::PersonSelector selector;
    selector.set_record_id(record_id);
    return selector;
  }
  static v1::PersonSelector By(const v1::PersonDetails& details) {
    v1::PersonSelector selector;
    *selector.mutable_details() = details;
    return selector;
  }
};

TEST_F(ResolveTest, ThreeSelectorsLeadToOnePersonAndEachAgencysIdsAreItsOwn) {
  const base::PersonId tariq = PersonOf(kYot, "Y-1").id();
  EXPECT_EQ((*Named(YotOfficer(), Record("Y-1")))->id(), tariq);
  EXPECT_EQ((*Named(Adviser(), Record("C-1")))->id(), tariq);
  EXPECT_EQ((*Named(Adviser(), By(Tariq())))->id(), tariq);
  v1::PersonSelector id;
  id.set_agency_person_id(*agency_ids_.Encode(kConnexions, tariq));
  EXPECT_EQ((*Named(Adviser(), id))->id(), tariq);
  const auto foreign = Named(YotOfficer(), id);
  ASSERT_TRUE(foreign.ok()) << foreign.status();
  EXPECT_FALSE(foreign->has_value()) << "it reads as somebody whom nobody has";
  EXPECT_FALSE(Named(YotOfficer(), Record("C-1"))->has_value()) << "another agency's record";
}

TEST_F(ResolveTest, NobodyIsNoErrorAndABadSelectorIsOne) {
  EXPECT_FALSE(Named(Adviser(), Record("C-99"))->has_value());
  EXPECT_FALSE(Named(Adviser(), By(Nobody()))->has_value());
  EXPECT_THAT(FieldsOf(Named(Adviser(), v1::PersonSelector()).status()), ElementsAre("person"));
  v1::PersonDetails little;
  little.set_surname("Mahmood");
  EXPECT_EQ(ReasonOf(Named(Adviser(), By(little)).status()), Reason::kInvalidField);
}

TEST_F(ResolveTest, AnAgencyWorksWithWhomItOrItsTeamHasAFlagOnAndNotARetractedOne) {
  Report(kYot, Flag("Y-2", "youth-offending", Sal()));
  const people::Person sal = PersonOf(kYot, "Y-2");
  EXPECT_TRUE(WorksWith(context_, YotOfficer(), sal));
  EXPECT_FALSE(WorksWith(context_, Adviser(), sal));
  EXPECT_TRUE(WorksWith(context_, SecondedAdviser(), sal));
  v1::FlagReport retracted;
  retracted.set_sequence(1);
  retracted.set_record_id("Y-2");
  retracted.set_status(v1::FLAG_STATUS_RETRACTED);
  Report(kYot, retracted);
  std::unique_ptr<store::View> view = View();
  EXPECT_FALSE(WorksWith(context_, YotOfficer(), *people_->Read(*view, sal.id())));
}

TEST_F(ResolveTest, APurposeIsTheAssertionsWhereThatNamesOne) {
  base::Principal asker = Adviser();
  EXPECT_TRUE(ReadPurpose(asker, v1::PURPOSE_ASSESSMENT).ok());
  EXPECT_EQ(ReasonOf(ReadPurpose(asker, v1::PURPOSE_UNSPECIFIED).status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(ReadPurpose(asker, static_cast<v1::Purpose>(99)).status()),
            Reason::kInvalidField);
  asker.asserted_purpose = "assessment";
  EXPECT_TRUE(ReadPurpose(asker, v1::PURPOSE_ASSESSMENT).ok());
  EXPECT_EQ(ReasonOf(ReadPurpose(asker, v1::PURPOSE_REFERRAL).status()),
            Reason::kPurposeNotAllowed);
}

TEST_F(ResolveTest, ARequestIdIsOneToSixtyFourPrintableCharacters) {
  EXPECT_TRUE(CheckRequestId("a").ok());
  EXPECT_TRUE(CheckRequestId(std::string(base::kRequestIdBytesMax, 'a')).ok());
  for (const std::string& bad :
       {std::string(), std::string(base::kRequestIdBytesMax + 1, 'a'), std::string("two words"),
        std::string("a\n"), std::string("caf\xC3\xA9")}) {
    EXPECT_THAT(FieldsOf(CheckRequestId(bad)), ElementsAre("request_id")) << bad;
  }
}

TEST_F(ResolveTest, AReceiptCanBeMadeAgainFromItsEntry) {
  const Answered answered = Ask(Adviser(), AskAboutRecord("C-1"));
  std::unique_ptr<store::View> view = View();
  const auto again =
      ledger::ReceiptAt(*view, sequencer_->options().origin, answered.receipt.ledger_index());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), answered.receipt.SerializeAsString());
  EXPECT_NE(again->sequenced_at().seconds(), 0);
  EXPECT_EQ(again->sequenced_at().nanos(), 0) << "microseconds say how long the hub was at work";
  EXPECT_FALSE(ledger::ReceiptAt(*view, sequencer_->options().origin, LedgerSize()).ok());
}

}  // namespace
}  // namespace signpost::request
