// An auditor at work, told as stories against a real hub over mTLS. People, numbers and words are
// invented.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adapters/cli/commands/cli.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "hub/audit/filter.h"
#include "hub/base/clock.h"
#include "hub/base/crypto.h"
#include "hub/base/limits.h"
#include "hub/base/random.h"
#include "hub/ledger/reader.h"
#include "hub/oversight/search.h"
#include "hub/request/wire_convert.h"
#include "hub/tlog/merkle.h"
#include "nlohmann/json.hpp"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/scenarios/nortown.h"
#include "tests/store/store_testing.h"

namespace signpost::scenarios {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Known kSal = {"Sally", "Thorne", 2010, 11, 3, "NT9 2BD", ""};
const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};
const Known kNobody = {"Wilhelmina", "Featherstonehaugh", 2008, 7, 4, "NT8 8ZZ", ""};

constexpr char kReason[] = "Quarterly review of access, case 2026/114.";

class AuditStories : public ::testing::Test {
 protected:
  AuditStories()
      : clock_(absl::FromCivil(absl::CivilHour(2026, 11, 23, 10), absl::UTCTimeZone())),
        nortown_(WithClock(&clock_)) {
    nortown_.Report("nortown-social-services",
                    OpenFlag("S-1", kSal, "childrens-social-care", "Hugh Penn"));
    nortown_.Report("nortown-drugs-advice", OpenFlag("D-1", kSal, "substance-misuse", "Ivor Lane"));
    nortown_.Report("nortown-yot", OpenFlag("Y-1", kTariq, "youth-offending", "Dilys Crane"));
    nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Holt"));
  }
  static Nortown::Setup WithClock(base::Clock* clock) {
    Nortown::Setup setup;
    setup.overrides.clock = clock;
    return setup;
  }

  Answered AskForTariq(const Worker& worker = TariqsAdviser()) {
    return nortown_.Ask(worker, AskAboutRecord(&nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING));
  }
  Answered Override() {
    v1::WhoKnowsRequest request = AskAboutRecord(&nortown_, "S-1", v1::PURPOSE_SAFEGUARDING);
    request.mutable_override()->set_ground(v1::OVERRIDE_GROUND_VITAL_INTERESTS);
    request.mutable_override()->set_reason("Missing for six days, seen in a drugged state.");
    Answered answered = nortown_.Ask(SocialWorker(), request);
    EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
    return answered;
  }

  static v1::SearchEntriesRequest Search(int page_size = 0) {
    v1::SearchEntriesRequest request;
    request.set_reason(kReason);
    request.set_page_size(page_size);
    return request;
  }
  grpc::Status Send(const v1::SearchEntriesRequest& request, v1::SearchEntriesResponse* response) {
    return nortown_.Audit()->SearchEntries(nortown_.AuditContext().get(), request, response);
  }
  v1::SearchEntriesResponse Find(const v1::SearchEntriesRequest& request) {
    v1::SearchEntriesResponse response;
    const grpc::Status status = Send(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  // All pages.
  std::vector<v1::FoundEntry> FindAll(v1::SearchEntriesRequest request) {
    std::vector<v1::FoundEntry> all;
    do {
      const v1::SearchEntriesResponse page = Find(request);
      all.insert(all.end(), page.entries().begin(), page.entries().end());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
  static std::vector<uint64_t> IndexesOf(const std::vector<v1::FoundEntry>& entries) {
    std::vector<uint64_t> indexes;
    for (const v1::FoundEntry& found : entries) indexes.push_back(found.index());
    return indexes;
  }
  static ledger::v1::LedgerEntry Parsed(const v1::FoundEntry& found) {
    ledger::v1::LedgerEntry entry;
    EXPECT_TRUE(
        entry.ParseFromString(found.masked_entry().empty() ? found.entry() : found.masked_entry()));
    return entry;
  }
  ledger::v1::LedgerEntry EntryAt(uint64_t index) {
    const auto view = *nortown_.hub().context().store->NewView();
    ledger::v1::LedgerEntry entry;
    EXPECT_TRUE(entry.ParseFromString(*ledger::LedgerReader(view.get()).Entry(index)));
    return entry;
  }
  uint64_t Entries() { return nortown_.hub().context().sequencer->head().size; }

  // The fields at fault, by their paths.
  static std::vector<std::string> FieldsAtFault(const grpc::Status& status) {
    std::vector<std::string> fields;
    google::rpc::Status wire;
    google::rpc::BadRequest bad;
    if (!wire.ParseFromString(status.error_details())) return fields;
    for (const auto& detail : wire.details()) {
      if (!detail.UnpackTo(&bad)) continue;
      for (const auto& violation : bad.field_violations()) fields.push_back(violation.field());
    }
    return fields;
  }

  base::ManualClock clock_;
  Nortown nortown_;
};

TEST_F(AuditStories, PagesStayTheSameWhileTheLedgerGrows) {
  for (int i = 0; i < 5; ++i) AskForTariq();
  const std::vector<uint64_t> at_once = IndexesOf(FindAll(Search(500)));
  ASSERT_EQ(at_once.size(), Entries() - 1);  // all but the search itself
  for (const bool newest_first : {false, true}) {
    v1::SearchEntriesRequest request = Search(3);
    request.set_newest_first(newest_first);
    const uint64_t size = Entries();
    std::vector<uint64_t> seen;
    int pages = 0;
    do {
      const v1::SearchEntriesResponse page = Find(request);
      EXPECT_EQ(page.ledger_size(), size);
      EXPECT_LE(page.entries_size(), 3);
      for (const v1::FoundEntry& found : page.entries()) {
        seen.push_back(found.index());
        EXPECT_EQ(Parsed(found).index(), found.index());
      }
      request.set_page_token(page.next_page_token());
      AskForTariq();  // between two pages
      ASSERT_LT(++pages, 100);
    } while (!request.page_token().empty());
    std::vector<uint64_t> wanted(size);
    for (uint64_t i = 0; i < size; ++i) wanted[i] = newest_first ? size - 1 - i : i;
    EXPECT_EQ(seen, wanted);
    EXPECT_EQ(pages, static_cast<int>((size + 2) / 3));
  }
}

TEST_F(AuditStories, EverySearchIsItselfAnEntryThatSaysHowMuchWasTold) {
  AskForTariq();
  v1::SearchEntriesRequest request = Search();
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  const v1::SearchEntriesResponse page = Find(request);
  ASSERT_EQ(page.entries_size(), 1);
  EXPECT_EQ(page.receipt().ledger_index(), Entries() - 1);
  const ledger::v1::LedgerEntry entry = EntryAt(page.receipt().ledger_index());
  EXPECT_EQ(entry.kind(), ledger::v1::ENTRY_KIND_ENTRIES_SEARCHED);
  EXPECT_EQ(entry.agency_id(), "nortown-audit");
  EXPECT_EQ(entry.purpose(), ledger::v1::PURPOSE_AUDIT);
  EXPECT_EQ(entry.entries_searched().found(), 1u);
  EXPECT_EQ(audit::OutcomeText(entry), "answered");
  tlog::Hasher hasher;
  EXPECT_EQ(entry.reply_hash(),
            base::Sha256(page.salt() + tlog::HashToString(hasher.Leaf(page.entries(0).entry()))));
  // Why, and by what filter, is sealed and committed to; no word of it is in clear.
  EXPECT_THAT(entry.SerializeAsString(), Not(HasSubstr("Quarterly")));
  const absl::StatusOr<std::string> opened = base::Open(
      nortown_.hub().context().keyring->hub_data_key(), "entry-details", entry.sealed_details());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_THAT(*opened, HasSubstr(kReason));
  EXPECT_THAT(*opened, HasSubstr("ENTRY_KIND_WHO_KNOWS"));
  EXPECT_EQ(entry.details_commitment(), base::HmacSha256(opened->substr(0, base::kHashBytes),
                                                         opened->substr(base::kHashBytes)));
}

TEST_F(AuditStories, WithoutAReasonOrWithAFilterThatIsNotRightNothingIsTold) {
  const uint64_t before = Entries();
  v1::SearchEntriesResponse response;
  v1::SearchEntriesRequest request = Search();
  request.clear_reason();
  EXPECT_THAT(FieldsAtFault(Send(request, &response)), ElementsAre("reason"));
  request.set_reason(std::string(base::kReasonBytesMax + 1, 'x'));
  EXPECT_THAT(FieldsAtFault(Send(request, &response)), ElementsAre("reason"));
  request = Search();
  request.mutable_filter()->add_kinds(static_cast<ledger::v1::EntryKind>(4711));
  request.mutable_filter()->set_practitioner_id("pa-001");
  EXPECT_THAT(FieldsAtFault(Send(request, &response)),
              ElementsAre("filter.kinds", "filter.agency_id"));
  request = Search(-1);
  EXPECT_THAT(FieldsAtFault(Send(request, &response)), ElementsAre("page_size"));
  request = Search();
  request.mutable_filter()->mutable_person()->set_surname("Thorne");
  EXPECT_THAT(FieldsAtFault(Send(request, &response)), Each(HasSubstr("filter.person")));
  EXPECT_FALSE(FieldsAtFault(Send(request, &response)).empty());
  EXPECT_EQ(response.entries_size(), 0);
  EXPECT_EQ(Entries(), before);
  // More than a page can have is a page.
  EXPECT_TRUE(Send(Search(base::kSearchPageMax + 1), &response).ok());
}

TEST_F(AuditStories, ATokenIsForTheSameFilterOrderAndAuditor) {
  for (int i = 0; i < 3; ++i) AskForTariq();
  v1::SearchEntriesRequest request = Search(2);
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  const std::string token = Find(request).next_page_token();
  ASSERT_FALSE(token.empty());
  v1::SearchEntriesResponse response;
  const auto refused = [&](v1::SearchEntriesRequest forged, const std::string& with) {
    forged.set_page_token(with);
    const grpc::Status status = Send(forged, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(FieldsAtFault(status), ElementsAre("page_token"));
  };
  v1::SearchEntriesRequest other_filter = request;
  other_filter.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_FIND);
  refused(other_filter, token);
  v1::SearchEntriesRequest other_order = request;
  other_order.set_newest_first(true);
  refused(other_order, token);
  std::string changed = token;
  changed[10] = changed[10] == 'A' ? 'B' : 'A';
  refused(request, changed);
  refused(request, token + "A");
  refused(request, "5");
  // Another auditor's, made with the hub's own key.
  const base::SecretKey key = *base::DeriveKey(nortown_.hub().context().keyring->hub_data_key(),
                                               "signpost audit page tokens v1");
  base::Principal auditor;
  auditor.agency_id = "nortown-audit";
  auditor.practitioner_id = Auditor().practitioner;
  auditor.system_id = "spiffe://nortown.example/agency/nortown-audit/system/auditor";
  base::Principal other = auditor;
  other.practitioner_id = "aud-009";
  const oversight::PagePlace place = {Entries(), 0};
  refused(request, oversight::PageToken(key, other, request, place));
  // The same by the right one, so that it is not refused for another reason.
  request.set_page_token(oversight::PageToken(key, auditor, request, place));
  EXPECT_TRUE(Send(request, &response).ok());
  request.set_page_token(token);
  EXPECT_TRUE(Send(request, &response).ok());
}

TEST_F(AuditStories, OnlyAuditorsSearchAndLookOn) {
  const uint64_t before = Entries();
  for (const auto& [agency, system] :
       {std::pair("nortown-social-services", "casework"), std::pair("nortown-yot", "adapter"),
        std::pair("nortown-hub", "operator")}) {
    const auto stub = v1::AuditService::NewStub(nortown_.Channel(agency, system));
    v1::SearchEntriesResponse response;
    EXPECT_EQ(stub->SearchEntries(nortown_.Context().get(), Search(), &response).error_code(),
              grpc::StatusCode::PERMISSION_DENIED)
        << agency;
    v1::TailEntriesRequest tail;
    tail.set_reason(kReason);
    const auto context = nortown_.Context();
    const auto stream = stub->TailEntries(context.get(), tail);
    v1::TailEntriesResponse next;
    EXPECT_FALSE(stream->Read(&next));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED) << agency;
  }
  EXPECT_EQ(Entries(), before);
}

TEST_F(AuditStories, AYoungPersonsEntriesAreFoundByDetailsAndByAnotherEntry) {
  const Answered overridden = Override();
  AskForTariq();
  v1::SearchEntriesRequest request = Search();
  *request.mutable_filter()->mutable_person() = Details(kSal);
  const v1::SearchEntriesResponse by_details = Find(request);
  std::vector<uint64_t> indexes;
  bool found = false;
  for (const v1::FoundEntry& one : by_details.entries()) {
    const ledger::v1::LedgerEntry entry = Parsed(one);
    EXPECT_NE(entry.practitioner_id(), "pa-001");  // who asked for Tariq
    if (one.index() == overridden.receipt.ledger_index()) {
      found = true;
      EXPECT_TRUE(entry.who_knows().has_override());
      EXPECT_EQ(entry.practitioner_id(), SocialWorker().practitioner);
    }
  }
  EXPECT_TRUE(found);
  EXPECT_GE(by_details.entries_size(), 3);  // two flags reported, one override

  // The look is one about them: who asks what is held of them is told that an auditor looked.
  const ledger::v1::LedgerEntry look = EntryAt(by_details.receipt().ledger_index());
  EXPECT_THAT(look.SerializeAsString(), Not(HasSubstr("Thorne")));
  const v1::SearchEntriesResponse again = Find(request);
  EXPECT_EQ(again.entries_size(), by_details.entries_size() + 1);

  v1::SearchEntriesRequest by_ref = Search();
  by_ref.mutable_filter()->set_same_person_as(overridden.receipt.ledger_index());
  by_ref.mutable_filter()->set_with_override(true);
  const v1::SearchEntriesResponse overrides = Find(by_ref);
  ASSERT_EQ(overrides.entries_size(), 1);
  EXPECT_EQ(overrides.entries(0).index(), overridden.receipt.ledger_index());
  // Both at once, of two persons: nobody.
  *by_ref.mutable_filter()->mutable_person() = Details(kTariq);
  EXPECT_EQ(Find(by_ref).entries_size(), 0);
  // Newest first, in pages of one.
  request.set_newest_first(true);
  request.set_page_size(1);
  std::vector<uint64_t> newest = IndexesOf(FindAll(request));
  EXPECT_TRUE(std::is_sorted(newest.rbegin(), newest.rend()));
  EXPECT_EQ(newest.size(), static_cast<size_t>(by_details.entries_size()) + 3);
}

TEST_F(AuditStories, ARequestIsFoundByItsIdThoughNoEntryHoldsIt) {
  AskForTariq();
  v1::WhoKnowsRequest asked = AskAboutRecord(&nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING);
  asked.set_request_id("the-one-i-mean");
  const uint64_t index = nortown_.Ask(TariqsAdviser(), asked).receipt.ledger_index();
  v1::SearchEntriesRequest request = Search();
  request.mutable_filter()->set_agency_id("northern-connexions");
  request.mutable_filter()->set_request_id("the-one-i-mean");
  EXPECT_THAT(IndexesOf(FindAll(request)), ElementsAre(index));
  // Another agency's of the same name is another request.
  request.mutable_filter()->set_agency_id("nortown-yot");
  EXPECT_THAT(FindAll(request), IsEmpty());
  v1::SearchEntriesResponse response;
  request.mutable_filter()->clear_agency_id();
  EXPECT_EQ(Send(request, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  // On a copy, and by others than the hub, by the hash.
  v1::SearchEntriesRequest by_hash = Search();
  by_hash.mutable_filter()->set_request_hash(EntryAt(index).request_hash());
  EXPECT_THAT(IndexesOf(FindAll(by_hash)), ElementsAre(index));
}

TEST_F(AuditStories, WhoIsNotKnownFindsNothingAndTheSearchIsRecorded) {
  const uint64_t before = Entries();
  v1::SearchEntriesRequest request = Search();
  *request.mutable_filter()->mutable_person() = Details(kNobody);
  const v1::SearchEntriesResponse page = Find(request);
  EXPECT_EQ(page.entries_size(), 0);
  EXPECT_EQ(page.next_page_token(), "");
  EXPECT_EQ(Entries(), before + 1);
  const ledger::v1::LedgerEntry entry = EntryAt(page.receipt().ledger_index());
  EXPECT_EQ(entry.entries_searched().found(), 0u);
  EXPECT_EQ(entry.person_ref().size(), 16u) << "about nobody looks as about somebody";
  const absl::StatusOr<std::string> opened = base::Open(
      nortown_.hub().context().keyring->hub_data_key(), "entry-details", entry.sealed_details());
  ASSERT_TRUE(opened.ok());
  EXPECT_THAT(*opened, Not(HasSubstr("Featherstonehaugh")));
}

TEST_F(AuditStories, APairOfAgenciesIsSearched) {
  const Answered answered = AskForTariq(SecondedAdviser());
  ASSERT_NE(answered.Flag("nortown-yot"), nullptr);
  Override();
  v1::SearchEntriesRequest request = Search();
  request.mutable_filter()->set_agency_id("northern-connexions");
  request.mutable_filter()->set_holder_agency_id("nortown-yot");
  const v1::SearchEntriesResponse page = Find(request);
  ASSERT_EQ(page.entries_size(), 1);
  EXPECT_EQ(page.entries(0).index(), answered.receipt.ledger_index());
  // An auditor's reading of the entry says it, too.
  v1::GetEntryRequest get;
  get.set_index(page.entries(0).index());
  get.set_reason(kReason);
  v1::GetEntryResponse entry;
  ASSERT_TRUE(nortown_.Audit()->GetEntry(nortown_.AuditContext().get(), get, &entry).ok());
  EXPECT_THAT(entry.readable(), HasSubstr("holder_agency_id: nortown-yot"));
  request.mutable_filter()->set_holder_agency_id("nortown-housing");
  EXPECT_EQ(Find(request).entries_size(), 0);
}

TEST_F(AuditStories, TimeBoundsFindExactlyTheHourBetween) {
  std::vector<uint64_t> in_hour;
  for (int hour = 0; hour < 6; ++hour) {
    for (int i = 0; i < 3; ++i) {
      const uint64_t index = AskForTariq().receipt.ledger_index();
      if (hour == 3) in_hour.push_back(index);
    }
    clock_.Advance(absl::Hours(1));
  }
  const absl::Time begin = absl::FromCivil(absl::CivilHour(2026, 11, 23, 13), absl::UTCTimeZone());
  v1::SearchEntriesRequest request = Search();
  *request.mutable_filter()->mutable_from() = request::ToTimestamp(begin);
  *request.mutable_filter()->mutable_until() = request::ToTimestamp(begin + absl::Hours(1));
  EXPECT_EQ(IndexesOf(FindAll(request)), in_hour);
  request.set_newest_first(true);
  request.set_page_size(2);
  std::reverse(in_hour.begin(), in_hour.end());
  EXPECT_EQ(IndexesOf(FindAll(request)), in_hour);
  *request.mutable_filter()->mutable_from() = request::ToTimestamp(begin + absl::Hours(24));
  request.mutable_filter()->clear_until();
  EXPECT_THAT(FindAll(request), IsEmpty());
}

// One call reads so many entries and no more: a page may be empty with more behind it.
TEST_F(AuditStories, APageThatFoundNothingSaysThatThereIsMore) {
  const request::HubContext& context = nortown_.hub().context();
  ledger::v1::LedgerEntry filler;
  filler.set_format(1);
  filler.set_kind(ledger::v1::ENTRY_KIND_HUB);
  filler.mutable_hub();
  filler.set_outcome(ledger::v1::OUTCOME_RECORDED);
  const int wanted = base::kSearchEntriesReadMax + 1000;
  for (int i = 0; i < wanted; i += 1000) {
    ledger::Operation operation;
    for (int j = 0; j < 1000; ++j) operation.entries.push_back({filler.SerializeAsString(), ""});
    ASSERT_TRUE(context.sequencer->SubmitAndWait(std::move(operation)).ok());
  }
  const Answered last = AskForTariq();
  v1::SearchEntriesRequest request = Search();
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  const v1::SearchEntriesResponse first = Find(request);
  EXPECT_EQ(first.entries_size(), 0);
  EXPECT_FALSE(first.next_page_token().empty());
  EXPECT_EQ(first.read_to_index(), static_cast<uint64_t>(base::kSearchEntriesReadMax) - 1);
  EXPECT_EQ(IndexesOf(FindAll(request)), std::vector<uint64_t>{last.receipt.ledger_index()});
  const uint64_t size = Entries();
  EXPECT_EQ(FindAll(Search(base::kSearchPageMax)).size(), size);
}

// Of an entry past its retention the hash is kept and the bytes are not: it is passed over, also
// where a bound in time is looked for.
TEST_F(AuditStories, EntriesOfWhichOnlyTheHashIsKeptArePassedOver) {
  std::vector<uint64_t> kept;
  store::Batch batch;
  for (int i = 0; i < 12; ++i) {
    const uint64_t index = AskForTariq().receipt.ledger_index();
    clock_.Advance(absl::Hours(1));
    if (i % 3 == 0) {
      kept.push_back(index);
    } else {
      batch.Put(store::Space::kEntries, store::KeyU64(index), "");
    }
  }
  ASSERT_TRUE(store::testing::CommitNow(*nortown_.hub().context().store, std::move(batch)).ok());
  v1::SearchEntriesRequest request = Search();
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  EXPECT_EQ(IndexesOf(FindAll(request)), kept);
  v1::SearchEntriesRequest about_him = request;
  *about_him.mutable_filter()->mutable_person() = Details(kTariq);
  EXPECT_EQ(IndexesOf(FindAll(about_him)), kept);
  const absl::Time begin = absl::FromCivil(absl::CivilHour(2026, 11, 23, 10), absl::UTCTimeZone());
  for (int from = 0; from < 12; ++from) {
    for (int until = from + 1; until <= 12; ++until) {
      *request.mutable_filter()->mutable_from() = request::ToTimestamp(begin + absl::Hours(from));
      *request.mutable_filter()->mutable_until() = request::ToTimestamp(begin + absl::Hours(until));
      std::vector<uint64_t> wanted;
      for (int i = 0; i < 12; i += 3) {
        if (i >= from && i < until) wanted.push_back(kept[static_cast<size_t>(i / 3)]);
      }
      EXPECT_EQ(IndexesOf(FindAll(request)), wanted) << from << " " << until;
    }
  }
}

TEST_F(AuditStories, APageEndsWithTheEntryThatPassesItsBytes) {
  ledger::v1::LedgerEntry large;
  large.set_format(1);
  large.set_kind(ledger::v1::ENTRY_KIND_HUB);
  large.mutable_hub()->set_version(std::string(60'000, 'x'));
  ledger::Operation operation;
  for (int i = 0; i < 10; ++i) operation.entries.push_back({large.SerializeAsString(), ""});
  const uint64_t first = Entries();
  ASSERT_TRUE(nortown_.hub().context().sequencer->SubmitAndWait(std::move(operation)).ok());
  v1::SearchEntriesRequest request = Search();
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_HUB);
  const v1::SearchEntriesResponse page = Find(request);
  size_t bytes = 0;
  for (const v1::FoundEntry& found : page.entries()) bytes += found.entry().size();
  EXPECT_GE(bytes, base::kSearchPageBytesMax);
  EXPECT_LT(bytes - page.entries(page.entries_size() - 1).entry().size(),
            base::kSearchPageBytesMax);
  request.set_page_token(page.next_page_token());
  EXPECT_EQ(Find(request).entries(0).index(), page.entries(page.entries_size() - 1).index() + 1);
  EXPECT_GT(page.entries(page.entries_size() - 1).index(), first);
}

TEST_F(AuditStories, WhoLooksOnSeesTheNextEntryAndWasRecordedOnce) {
  v1::TailEntriesRequest request;
  request.set_reason(kReason);
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  const uint64_t before = Entries();
  const auto context = nortown_.AuditContext();
  const auto audit = nortown_.Audit();
  const auto stream = audit->TailEntries(context.get(), request);
  while (Entries() == before) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(EntryAt(before).kind(), ledger::v1::ENTRY_KIND_ENTRIES_SEARCHED);
  EXPECT_TRUE(EntryAt(before).entries_searched().looks_on());
  for (int i = 0; i < 2; ++i) {
    nortown_.Report("northern-connexions",
                    OpenFlag("C-1", kTariq, "connexions", i == 0 ? "Ada Moor" : "Bea Moor"));
    const Answered answered = AskForTariq();
    v1::TailEntriesResponse next;
    ASSERT_TRUE(stream->Read(&next));
    ASSERT_EQ(next.entries_size(), 1);
    EXPECT_EQ(next.entries(0).index(), answered.receipt.ledger_index());
    EXPECT_EQ(Parsed(next.entries(0)).practitioner_id(), "pa-001");
    EXPECT_GT(next.next_index(), answered.receipt.ledger_index());
  }
  EXPECT_EQ(Entries(), before + 1 + 4);
  context->TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(AuditStories, WhoLooksOnCanBeginAtAnEarlierNumberAndByPerson) {
  const Answered overridden = Override();
  AskForTariq();
  v1::TailEntriesRequest request;
  request.set_reason(kReason);
  request.set_first_index(0);
  *request.mutable_filter()->mutable_person() = Details(kSal);
  request.mutable_filter()->set_with_override(true);
  const auto audit = nortown_.Audit();
  {
    const auto context = nortown_.AuditContext();
    const auto stream = audit->TailEntries(context.get(), request);
    v1::TailEntriesResponse next;
    ASSERT_TRUE(stream->Read(&next));
    ASSERT_EQ(next.entries_size(), 1);
    EXPECT_EQ(next.entries(0).index(), overridden.receipt.ledger_index());
    context->TryCancel();
    (void)stream->Finish();
  }
  const auto refused = [&](const char* field) {
    const auto context = nortown_.AuditContext();
    const auto stream = audit->TailEntries(context.get(), request);
    v1::TailEntriesResponse next;
    EXPECT_FALSE(stream->Read(&next));
    EXPECT_THAT(FieldsAtFault(stream->Finish()), ElementsAre(field));
  };
  request.mutable_filter()->mutable_until()->set_seconds(4'000'000'000);
  refused("filter.until");
  request.mutable_filter()->clear_until();
  request.set_first_index(1'000'000);
  refused("first_index");
  request.set_first_index(0);
  request.clear_reason();
  refused("reason");
}

// --- By hand ---

class AuditByHand : public AuditStories {
 protected:
  AuditByHand() : folder_(NewFolder()) {}
  ~AuditByHand() override { std::filesystem::remove_all(folder_); }

  int Run(std::vector<std::string> words, bool hub = true, const std::string& as = "au-001") {
    out_.str("");
    err_.str("");
    const std::string folder = Agencies::Authority() + "/agencies/nortown-audit";
    if (hub) {
      const std::string key_id = ReadFile(folder + "/assertion.kid");
      words.insert(words.end(), {"--hub",
                                 nortown_.address(),
                                 "--ca",
                                 Agencies::Authority() + "/ca.pem",
                                 "--cert",
                                 folder + "/auditor.pem",
                                 "--key",
                                 folder + "/auditor.key",
                                 "--agency",
                                 "nortown-audit",
                                 "--assertion-key",
                                 folder + "/assertion.key",
                                 "--assertion-key-id",
                                 key_id.substr(0, key_id.find('\n')),
                                 "--as",
                                 as,
                                 "--role",
                                 "auditor",
                                 "--audience",
                                 "signpost.nortown.example"});
    }
    // Deadlines are by the machine's clock, and so must assertions be.
    clock_.Advance(absl::Now() - clock_.Now());
    adapters::cli::Terminal terminal{&out_, &err_, &real_clock_, &random_};
    return adapters::cli::RunCli(terminal, words);
  }
  std::vector<uint64_t> Shown() const {
    std::vector<uint64_t> indexes;
    std::istringstream lines(out_.str());
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line, nullptr, false);
      EXPECT_FALSE(json.is_discarded()) << line;
      if (!json.is_discarded()) indexes.push_back(json["index"].get<uint64_t>());
    }
    return indexes;
  }

  const std::string folder_;
  base::RealClock real_clock_;
  base::OsRandom random_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(AuditByHand, SearchesInPagesAndByDetails) {
  std::vector<uint64_t> asked;
  for (int i = 0; i < 3; ++i) asked.push_back(AskForTariq().receipt.ledger_index());
  ASSERT_EQ(Run({"audit", "search", "--reason", kReason, "--kind", "who-knows", "--json"}), 0)
      << err_.str();
  EXPECT_EQ(Shown(), asked);
  ASSERT_EQ(Run({"audit", "search", "--reason", kReason, "--kind", "who-knows", "--page-size", "2",
                 "--json"}),
            0);
  EXPECT_EQ(Shown(), (std::vector<uint64_t>{asked[0], asked[1]}));
  const std::string said = err_.str();
  const std::string option = "--page-token ";
  const size_t token = said.find(option) + option.size();
  ASSERT_EQ(Run({"audit", "search", "--reason", kReason, "--kind", "who-knows", "--page-token",
                 said.substr(token, said.find(',', token) - token), "--json"}),
            0)
      << err_.str();
  EXPECT_EQ(Shown(), std::vector<uint64_t>{asked[2]});
  ASSERT_EQ(Run({"audit", "search", "--reason", kReason, "--kind", "who-knows", "--page-size", "1",
                 "--all", "--newest", "--json"}),
            0);
  std::reverse(asked.begin(), asked.end());
  EXPECT_EQ(Shown(), asked);
  const Answered overridden = Override();
  ASSERT_EQ(Run({"audit", "search", "--reason", kReason, "--details", "Sally,Thorne,2010-11-03",
                 "--with-override", "--json"}),
            0)
      << err_.str();
  EXPECT_EQ(Shown(), std::vector<uint64_t>{overridden.receipt.ledger_index()});
  ASSERT_EQ(Run({"audit", "search", "--reason", kReason, "--with-override"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("nortown-social-services/sw-001"));
  EXPECT_THAT(out_.str(), HasSubstr("OVERRIDE"));
  EXPECT_THAT(out_.str(), HasSubstr("1 entry"));
  const uint64_t before = Entries();
  EXPECT_EQ(Run({"audit", "search"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--reason"));
  EXPECT_EQ(Entries(), before);
}

TEST_F(AuditByHand, WhatACopyHoldsIsFoundAndExportedAsAtTheHub) {
  AskForTariq();
  Override();
  const std::vector<std::string> filter = {"--kind", "who-knows", "--kind", "flag-changed"};
  const auto with = [&](std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), filter.begin(), filter.end());
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  const std::vector<std::string> from_copy = {"--copy", folder_ + "/copy", "--verifier-key",
                                              nortown_.hub().verifier_key()};
  ASSERT_EQ(Run({"audit", "copy", folder_ + "/copy", "--reason", kReason}), 0) << err_.str();
  ASSERT_EQ(Run(with({"audit", "search", "--reason", kReason, "--json"}, {})), 0);
  const std::string at_hub = out_.str();
  EXPECT_EQ(Shown().size(), 6u);
  ASSERT_EQ(Run(with({"audit", "search", "--json"}, from_copy), false), 0) << err_.str();
  EXPECT_EQ(out_.str(), at_hub);
  for (const char* format : {"csv", "jsonl", "fhir", "fhir-bundle", "atna"}) {
    const std::string hubs = folder_ + "/hub." + format;
    const std::string copys = folder_ + "/copy." + format;
    ASSERT_EQ(
        Run(with({"audit", "export", "--format", format, "--out", hubs}, {"--reason", kReason})), 0)
        << err_.str();
    ASSERT_EQ(Run(with({"audit", "export", "--format", format, "--out", copys}, from_copy), false),
              0);
    EXPECT_EQ(ReadFile(hubs), ReadFile(copys)) << format;
    EXPECT_FALSE(ReadFile(hubs).empty());
    // Nothing that names a young person or their workers.
    for (const char* name : {"Sally", "Thorne", "Tariq", "Mahmood", "Penn", "NT9", "Missing"}) {
      EXPECT_THAT(ReadFile(hubs), Not(HasSubstr(name))) << format;
    }
  }
}

// A hub that stops ends the streams of those who look on.
TEST_F(AuditStories, AHubThatStopsEndsTheStream) {
  v1::TailEntriesRequest request;
  request.set_reason(kReason);
  const uint64_t before = Entries();
  const auto context = nortown_.AuditContext();
  const auto audit = nortown_.Audit();
  const auto stream = audit->TailEntries(context.get(), request);
  while (Entries() == before) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  nortown_.hub().Shutdown();
  v1::TailEntriesResponse next;
  while (stream->Read(&next)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace signpost::scenarios
