// Patterns of access, with what only the hub knows beside each entry.

#include "hub/oversight/pattern_search.h"

#include <gmock/gmock.h>

#include "hub/base/crypto.h"
#include "hub/overrides/overrides.h"
#include "tests/request/hub_rooms.h"

namespace signpost::oversight {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PatternSearchTest : public request::HubRooms {
 protected:
  PatternSearchTest() { TariqIsKnown(); }

  static v1::FindPatternsRequest Asking(const std::vector<std::string>& patterns) {
    v1::FindPatternsRequest request;
    request.set_reason("Quarterly review of access.");
    for (const std::string& pattern : patterns) request.add_patterns(pattern);
    return request;
  }
  absl::StatusOr<v1::FindPatternsResponse> Find(const std::vector<std::string>& patterns) {
    return FindAs(Asking(patterns));
  }
  absl::StatusOr<v1::FindPatternsResponse> FindAs(const v1::FindPatternsRequest& request) {
    return Wait<v1::FindPatternsResponse>(
        [&](auto done) { search_.Find(Auditor(), request, std::move(done)); });
  }
  // The entries that one pattern finds.
  std::vector<uint64_t> Hits(const std::string& pattern) {
    const auto response = Find({pattern});
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<uint64_t> hits;
    for (const v1::PatternReport& report : response->reports()) {
      for (const v1::PatternHit& hit : report.hits()) {
        hits.insert(hits.end(), hit.entry_indexes().begin(), hit.entry_indexes().end());
      }
    }
    return hits;
  }

  Masker masker_{context_, policy_admin_.get()};
  PatternSearch search_{context_, &masker_, audit::PatternOptions()};
};

TEST_F(PatternSearchTest, ANeighbourIsFoundByHashesAndAStrangerIsNot) {
  Enrol(kConnexions, "pa-001", "personal-adviser", "Oakes", "NT4 7QX");
  Enrol(kConnexions, "pa-003", "personal-adviser", "Oakes", "NT1 1AA");
  Ask(Worker(kConnexions, "pa-003", "personal-adviser"), AskAboutRecord("C-1"));
  EXPECT_THAT(Hits("same-postcode"), IsEmpty());
  Ask(Adviser(), AskAboutRecord("C-1"));
  const uint64_t look = LastEntry().index;
  EXPECT_THAT(Hits("same-postcode"), ElementsAre(look));
}

TEST_F(PatternSearchTest, ANamesakeWithoutARelationshipIsFound) {
  Enrol(kSocial, "sw-001", "social-worker", "Mahmood");
  Ask(SocialWorker(), AskAbout(Tariq()));
  const uint64_t look = LastEntry().index;
  EXPECT_THAT(Hits("same-surname"), ElementsAre(look));
}

TEST_F(PatternSearchTest, ALookLongAfterTheInvolvementEndedIsFound) {
  v1::FlagReport closed = Flag("C-1", "connexions");
  closed.set_status(v1::FLAG_STATUS_CLOSED);
  closed.mutable_closed_on()->set_year(2026);
  closed.mutable_closed_on()->set_month(9);
  closed.mutable_closed_on()->set_day(30);
  Report(kConnexions, closed);
  Ask(Adviser(), AskAboutRecord("C-1"));
  const uint64_t look = LastEntry().index;
  Ask(YotOfficer(), AskAboutRecord("Y-1"));
  EXPECT_THAT(Hits("after-involvement"), ElementsAre(look));
}

TEST_F(PatternSearchTest, AnOverrideThatWasReviewedIsNotFound) {
  Report(kSocial, Flag("S-1", "childrens-social-care", Sal()));
  Report(kDrugs, Flag("D-1", "substance-misuse", Sal()));
  const uint64_t reviewed = Ask(SocialWorker(), AskWithOverride("S-1")).receipt.ledger_index();
  const uint64_t waiting = Ask(SocialWorker(), AskWithOverride("S-1")).receipt.ledger_index();
  overrides::Overrides overrides(context_);
  v1::ReviewOverrideRequest review;
  review.set_request_id(RequestId());
  review.set_number(reviewed);
  review.set_outcome(v1::OVERRIDE_OUTCOME_UPHELD);
  review.set_reason("The strategy meeting agreed.");
  ASSERT_TRUE(Wait<v1::ReviewOverrideResponse>([&](auto done) {
                overrides.Review(Manager(), review, std::move(done));
              }).ok());
  clock_.Advance(absl::Hours(72));
  EXPECT_THAT(Hits("override-unreviewed"), ElementsAre(waiting));
}

TEST_F(PatternSearchTest, WhatIsNoMomentIsRefusedAndLeavesNoEntry) {
  const uint64_t before = LedgerSize();
  for (const int64_t seconds : {INT64_MAX, INT64_MIN, int64_t{253'402'300'800}}) {
    v1::FindPatternsRequest request = Asking({});
    request.mutable_from()->set_seconds(seconds);
    EXPECT_THAT(FieldsOf(FindAs(request).status()), ElementsAre("from")) << seconds;
    request = Asking({});
    request.mutable_until()->set_seconds(seconds);
    EXPECT_THAT(FieldsOf(FindAs(request).status()), ElementsAre("until")) << seconds;
  }
  v1::FindPatternsRequest request = Asking({});
  request.mutable_from()->set_nanos(-1);
  EXPECT_THAT(FieldsOf(FindAs(request).status()), ElementsAre("from"));
  EXPECT_EQ(LedgerSize(), before);
}

TEST_F(PatternSearchTest, TheSearchIsAnEntryAndNamesNobody) {
  const auto response = Find({});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->reports_size(), static_cast<int>(audit::PatternNames().size()));
  EXPECT_EQ(LastEntry().kind, "patterns-sought");
  EXPECT_EQ(response->receipt().ledger_index(), LastEntry().index);
  v1::FindPatternsResponse told = *response;
  told.clear_receipt();
  EXPECT_EQ(LastEntry().reply_hash, base::Sha256(told.SerializeAsString()));
  EXPECT_EQ(told.salt().size(), 32u);
  told.clear_salt();
  EXPECT_NE(LastEntry().reply_hash, base::Sha256(told.SerializeAsString()))
      << "what little was found could be tried";
  const uint64_t before = LedgerSize();
  EXPECT_EQ(ReasonOf(Find({"no-such-pattern"}).status()), Reason::kInvalidField);
  EXPECT_EQ(LedgerSize(), before);
  EXPECT_TRUE(Find({}).ok()) << "one that failed does not stand in the way of the next";
}

}  // namespace
}  // namespace signpost::oversight
