// What auditors find: pages that stay as they are, tokens that are their own, and a tail.

#include "hub/oversight/search.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "hub/tlog/merkle.h"
#include "tests/request/hub_rooms.h"

namespace signpost::oversight {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kYot;
using request::Recorded;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SearchTest : public request::HubRooms {
 protected:
  SearchTest() { TariqIsKnown(); }

  static v1::SearchEntriesRequest Asking(int page_size = 0) {
    v1::SearchEntriesRequest request;
    request.set_reason("Quarterly review of access.");
    request.set_page_size(page_size);
    return request;
  }
  absl::StatusOr<v1::SearchEntriesResponse> Search(const v1::SearchEntriesRequest& request,
                                                   const base::Principal& asker = Auditor()) {
    return Wait<v1::SearchEntriesResponse>(
        [&](auto done) { searches_->Search(asker, request, std::move(done)); });
  }
  static std::string LeavesOf(const v1::SearchEntriesResponse& response) {
    tlog::Hasher hasher;
    std::string leaves;
    for (const v1::FoundEntry& found : response.entries()) {
      leaves += tlog::HashToString(hasher.Leaf(found.entry()));
    }
    return leaves;
  }
  // All pages, with `between` done after each.
  std::vector<uint64_t> SearchAll(
      v1::SearchEntriesRequest request, const std::function<void()>& between = [] {}) {
    std::vector<uint64_t> found;
    for (int pages = 0; pages < 100; ++pages) {
      const auto page = Search(request);
      EXPECT_TRUE(page.ok()) << page.status();
      for (const v1::FoundEntry& entry : page->entries()) found.push_back(entry.index());
      if (page->next_page_token().empty()) return found;
      request.set_page_token(page->next_page_token());
      between();
    }
    ADD_FAILURE() << "no end of pages";
    return found;
  }
  absl::StatusOr<Searches::Tail> OpenTail(const v1::TailEntriesRequest& request) {
    return Wait<Searches::Tail>(
        [&](auto done) { searches_->OpenTail(Auditor(), request, std::move(done)); });
  }

  Masker masker_{context_, policy_admin_.get()};
  JointLooks looks_{context_, &masker_};
  std::unique_ptr<Searches> searches_ = *Searches::Create(context_, &looks_);
};

TEST_F(SearchTest, ALookIsItselfAnEntryThatSaysHowMuchWasFound) {
  v1::SearchEntriesRequest request = Asking();
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_FLAG_CHANGED);
  const auto response = Search(request);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->entries_size(), 2);
  const Recorded look = LastEntry();
  EXPECT_EQ(look.kind, "entries-searched");
  EXPECT_EQ(response->receipt().ledger_index(), look.index);
  EXPECT_TRUE(look.has_details);
  // One hash over what was released.
  EXPECT_EQ(look.reply_hash, base::Sha256(response->salt() + LeavesOf(*response)));
  EXPECT_EQ(response->ledger_size(), look.index);
}

TEST_F(SearchTest, WhichEntriesWereFoundCannotBeTriedAgainstTheHash) {
  v1::SearchEntriesRequest request = Asking(1);
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_FLAG_CHANGED);
  const auto response = Search(request);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->entries_size(), 1);
  EXPECT_THAT(response->salt(), SizeIs(32));
  EXPECT_NE(LastEntry().reply_hash, base::Sha256(LeavesOf(*response)));
  EXPECT_NE(Search(request)->salt(), response->salt());
}

TEST_F(SearchTest, AnEntryThatIsMissingIsDamageAndNotPastItsRetention) {
  Ask(Adviser(), AskAboutRecord("C-1"));
  const uint64_t missing = LastEntry().index;
  store::Batch damage;
  damage.Delete(store::Space::kEntries, store::KeyU64(missing));
  Damage(std::move(damage));
  const uint64_t before = LedgerSize();
  v1::SearchEntriesRequest about_them = Asking();
  *about_them.mutable_filter()->mutable_person() = Tariq();
  EXPECT_EQ(ReasonOf(Search(about_them).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(Search(Asking()).status()), Reason::kDataLoss);
  v1::SearchEntriesRequest since = Asking();
  since.mutable_filter()->mutable_from()->set_seconds(
      absl::ToUnixSeconds(clock_.Now() - absl::Hours(1)));
  EXPECT_EQ(ReasonOf(Search(since).status()), Reason::kDataLoss);
  EXPECT_EQ(LedgerSize(), before);
}

TEST_F(SearchTest, WhatIsStoredAndIsNoEntryIsDamage) {
  ledger::v1::LedgerEntry strange;
  strange.set_kind(static_cast<ledger::v1::EntryKind>(-100));
  store::Batch damage;
  damage.Put(store::Space::kEntries, store::KeyU64(0), strange.SerializeAsString());
  Damage(std::move(damage));
  EXPECT_EQ(ReasonOf(Search(Asking()).status()), Reason::kDataLoss);
}

TEST_F(SearchTest, PagesStayAsTheyAreWhileTheLedgerGrows) {
  const uint64_t size = LedgerSize();
  std::vector<uint64_t> all;
  for (uint64_t i = 0; i < size; ++i) all.push_back(i);
  int more = 0;
  const auto grow = [&] {
    Report(kYot, Flag(absl::StrCat("Y-", 100 + ++more), "youth-offending", Sal()));
  };
  EXPECT_EQ(SearchAll(Asking(4), grow), all);
  EXPECT_GT(more, 1);
  const uint64_t grown = LedgerSize();
  std::vector<uint64_t> backwards;
  for (uint64_t i = grown; i > 0; --i) backwards.push_back(i - 1);
  v1::SearchEntriesRequest newest = Asking(5);
  newest.set_newest_first(true);
  EXPECT_EQ(SearchAll(newest, grow), backwards);
}

TEST_F(SearchTest, ATokenIsForOneAuditorAndOneSearch) {
  v1::SearchEntriesRequest request = Asking(1);
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_FLAG_CHANGED);
  const auto page = Search(request);
  ASSERT_FALSE(page->next_page_token().empty());
  request.set_page_token(page->next_page_token());
  EXPECT_TRUE(Search(request).ok());
  const uint64_t before = LedgerSize();
  const base::Principal other = Worker(request::kAudit, "au-002", "auditor");
  EXPECT_THAT(FieldsOf(Search(request, other).status()), ElementsAre("page_token"));
  v1::SearchEntriesRequest changed = request;
  changed.set_newest_first(true);
  EXPECT_THAT(FieldsOf(Search(changed).status()), ElementsAre("page_token"));
  changed = request;
  changed.mutable_filter()->set_agency_id(kYot);
  EXPECT_THAT(FieldsOf(Search(changed).status()), ElementsAre("page_token"));
  changed = request;
  std::string forged = request.page_token();
  forged[10] = forged[10] == 'A' ? 'B' : 'A';
  changed.set_page_token(forged);
  EXPECT_THAT(FieldsOf(Search(changed).status()), ElementsAre("page_token"));
  EXPECT_EQ(LedgerSize(), before) << "nothing was looked at";
}

TEST_F(SearchTest, AboutAPersonAreThoseThatNameThemAndTheLookIsAmongThem) {
  Report(kYot, Flag("Y-9", "youth-offending", Sal()));
  Ask(Adviser(), AskAboutRecord("C-1"));
  const uint64_t look = LastEntry().index;
  v1::SearchEntriesRequest request = Asking();
  *request.mutable_filter()->mutable_person() = Tariq();
  const std::vector<uint64_t> found = SearchAll(request);
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found.back(), look);
  EXPECT_TRUE(IsAbout(LastEntry().index, PersonOf(kYot, "Y-1").id()));
  EXPECT_THAT(SearchAll(request), SizeIs(4)) << "and the search before";
  *request.mutable_filter()->mutable_person() = Nobody();
  EXPECT_THAT(SearchAll(request), IsEmpty());
}

TEST_F(SearchTest, TimesAreBoundsOnBothSides) {
  const absl::Time then = clock_.Now() + absl::Hours(1);
  const uint64_t first = LedgerSize();
  clock_.Advance(absl::Hours(1));
  Report(kYot, Flag("Y-9", "youth-offending", Sal()));
  clock_.Advance(absl::Hours(1));
  Report(kYot, Flag("Y-10", "youth-offending", Sal()));
  v1::SearchEntriesRequest request = Asking();
  request.mutable_filter()->mutable_from()->set_seconds(absl::ToUnixSeconds(then));
  request.mutable_filter()->mutable_until()->set_seconds(
      absl::ToUnixSeconds(then + absl::Minutes(59)));
  EXPECT_THAT(SearchAll(request), ElementsAre(first));
}

TEST_F(SearchTest, WithoutAReasonNothingIsLookedAt) {
  const uint64_t before = LedgerSize();
  v1::SearchEntriesRequest request = Asking();
  request.clear_reason();
  EXPECT_THAT(FieldsOf(Search(request).status()), ElementsAre("reason"));
  EXPECT_THAT(FieldsOf(Search(Asking(-1)).status()), ElementsAre("page_size"));
  EXPECT_EQ(LedgerSize(), before);
  EXPECT_TRUE(Search(Asking(501)).ok()) << "as many as a page may have";
}

TEST_F(SearchTest, ATailGivesWhatComesOnceAndFromWhereItBegan) {
  v1::TailEntriesRequest request;
  request.set_reason("Watching a new adapter.");
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_FLAG_CHANGED);
  absl::StatusOr<Searches::Tail> tail = OpenTail(request);
  ASSERT_TRUE(tail.ok()) << tail.status();
  EXPECT_EQ(LastEntry().kind, "entries-searched");
  EXPECT_THAT(searches_->ReadTail(&*tail)->entries(), IsEmpty()) << "what was before is not told";
  Report(kYot, Flag("Y-9", "youth-offending", Sal()));
  const uint64_t index = LastEntry().index;
  Ask(YotOfficer(), AskAboutRecord("Y-9"));
  const auto read = searches_->ReadTail(&*tail);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->entries_size(), 1);
  EXPECT_EQ(read->entries(0).index(), index);
  EXPECT_EQ(read->next_index(), LedgerSize());
  EXPECT_THAT(searches_->ReadTail(&*tail)->entries(), IsEmpty());

  request.set_first_index(0);
  tail = OpenTail(request);
  ASSERT_TRUE(tail.ok());
  EXPECT_EQ(searches_->ReadTail(&*tail)->entries_size(), 3);
  request.set_first_index(LedgerSize() + 1);
  EXPECT_THAT(FieldsOf(OpenTail(request).status()), ElementsAre("first_index"));
}

TEST_F(SearchTest, ATailOfNobodyFindsNothingWhoeverComes) {
  v1::TailEntriesRequest request;
  request.set_reason("Watching.");
  *request.mutable_filter()->mutable_person() = Nobody();
  absl::StatusOr<Searches::Tail> tail = OpenTail(request);
  ASSERT_TRUE(tail.ok()) << tail.status();
  Report(kYot, Flag("Y-9", "youth-offending", Sal()));
  EXPECT_THAT(searches_->ReadTail(&*tail)->entries(), IsEmpty());
}

}  // namespace
}  // namespace signpost::oversight
