#include "hub/audit/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "policy/vocabulary.h"

namespace signpost::audit {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

ledger::v1::LedgerEntry WhoKnows() {
  ledger::v1::LedgerEntry entry;
  entry.set_index(7);
  entry.set_kind(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  entry.set_sequenced_at_us(1'795'000'000'123'456);
  entry.set_agency_id("northern-connexions");
  entry.set_practitioner_id("pa-001");
  entry.set_purpose(ledger::v1::PURPOSE_SUPPORT_PLANNING);
  entry.set_policy_version(4);
  entry.set_person_ref(std::string(16, '\x07'));
  entry.set_request_hash(std::string(16, '\x09'));
  entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
  ledger::v1::Released* released = entry.add_released();
  released->add_rules("team-sees-contact");
  released->set_gateway(ledger::v1::GATEWAY_CDA1998_S115);
  released->set_holder_agency_id("nortown-yot");
  ledger::v1::Withheld* withheld = entry.add_withheld();
  withheld->set_rule("health-stays");
  withheld->set_count(2);
  return entry;
}

bool Matches(const std::function<void(v1::EntryFilter*)>& set,
             const ledger::v1::LedgerEntry& entry = WhoKnows()) {
  v1::EntryFilter filter;
  set(&filter);
  const absl::StatusOr<Filter> read = Filter::Create(filter);
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() && read->Matches(entry);
}

std::vector<std::string> AtFault(const v1::EntryFilter& filter) {
  std::vector<std::string> fields;
  const absl::StatusOr<Filter> read = Filter::Create(filter);
  EXPECT_EQ(base::ReasonOf(read.status()),
            read.ok() ? base::Reason::kUnspecified : base::Reason::kInvalidField);
  for (const auto& violation : base::ViolationsOf(read.status())) fields.push_back(violation.field);
  return fields;
}

TEST(Filter, WithoutAFieldKeepsEverything) {
  EXPECT_TRUE(Matches([](v1::EntryFilter*) {}));
  EXPECT_TRUE(Matches([](v1::EntryFilter*) {}, ledger::v1::LedgerEntry()));
}

TEST(Filter, KeepsByEveryFieldAndRefusesByEveryField) {
  struct Case {
    const char* field;
    std::function<void(v1::EntryFilter*)> kept;
    std::function<void(v1::EntryFilter*)> refused;
  };
  const std::vector<Case> cases = {
      {"kinds",
       [](auto* f) {
         f->add_kinds(ledger::v1::ENTRY_KIND_FIND);
         f->add_kinds(ledger::v1::ENTRY_KIND_WHO_KNOWS);
       },
       [](auto* f) { f->add_kinds(ledger::v1::ENTRY_KIND_FIND); }},
      {"from", [](auto* f) { f->mutable_from()->set_seconds(1'795'000'000); },
       [](auto* f) { f->mutable_from()->set_seconds(1'795'000'001); }},
      {"until", [](auto* f) { f->mutable_until()->set_seconds(1'795'000'001); },
       [](auto* f) { f->mutable_until()->set_seconds(1'795'000'000); }},
      {"agency_id", [](auto* f) { f->set_agency_id("northern-connexions"); },
       [](auto* f) { f->set_agency_id("northern-connexion"); }},
      {"practitioner_id",
       [](auto* f) {
         f->set_agency_id("northern-connexions");
         f->set_practitioner_id("pa-001");
       },
       [](auto* f) {
         f->set_agency_id("northern-connexions");
         f->set_practitioner_id("pa-002");
       }},
      {"holder_agency_id", [](auto* f) { f->set_holder_agency_id("nortown-yot"); },
       [](auto* f) { f->set_holder_agency_id("northern-connexions"); }},
      {"purpose", [](auto* f) { f->set_purpose(v1::PURPOSE_SUPPORT_PLANNING); },
       [](auto* f) { f->set_purpose(v1::PURPOSE_SAFEGUARDING); }},
      {"gateway", [](auto* f) { f->set_gateway(v1::GATEWAY_CDA1998_S115); },
       [](auto* f) { f->set_gateway(v1::GATEWAY_CONSENT); }},
      {"outcome", [](auto* f) { f->set_outcome("answered"); },
       [](auto* f) { f->set_outcome("recorded"); }},
      {"rule, released", [](auto* f) { f->set_rule("team-sees-contact"); },
       [](auto* f) { f->set_rule("team"); }},
      {"rule, withheld", [](auto* f) { f->set_rule("health-stays"); },
       [](auto* f) { f->set_rule("default"); }},
      {"released", [](auto* f) { f->set_released(v1::RELEASE_FILTER_SOMETHING); },
       [](auto* f) { f->set_released(v1::RELEASE_FILTER_NOTHING); }},
      {"policy_version", [](auto* f) { f->set_policy_version(4); },
       [](auto* f) { f->set_policy_version(3); }},
      {"request_hash", [](auto* f) { f->set_request_hash(std::string(16, '\x09')); },
       [](auto* f) { f->set_request_hash(std::string(16, '\x08')); }},
  };
  for (const Case& one : cases) {
    EXPECT_TRUE(Matches(one.kept)) << one.field;
    EXPECT_FALSE(Matches(one.refused)) << one.field;
    // All that is set must hold.
    EXPECT_FALSE(Matches([&](v1::EntryFilter* filter) {
      one.kept(filter);
      filter->set_with_override(true);
    })) << one.field;
  }
  ledger::v1::LedgerEntry overridden = WhoKnows();
  overridden.mutable_who_knows()->mutable_override()->set_allowed(false);
  EXPECT_TRUE(Matches([](auto* f) { f->set_with_override(true); }, overridden));
  ledger::v1::LedgerEntry nothing = WhoKnows();
  nothing.clear_released();
  EXPECT_TRUE(Matches([](auto* f) { f->set_released(v1::RELEASE_FILTER_NOTHING); }, nothing));
}

TEST(Filter, BoundsInTimeAreExactToTheMicrosecond) {
  const auto at = [](int32_t nanos) {
    google::protobuf::Timestamp time;
    time.set_seconds(1'795'000'000);
    time.set_nanos(nanos);
    return time;
  };
  EXPECT_TRUE(Matches([&](auto* f) { *f->mutable_from() = at(123'456'000); }));
  EXPECT_FALSE(Matches([&](auto* f) { *f->mutable_from() = at(123'456'001); }));
  EXPECT_FALSE(Matches([&](auto* f) { *f->mutable_until() = at(123'456'000); }));
  EXPECT_TRUE(Matches([&](auto* f) { *f->mutable_until() = at(123'456'001); }));
}

TEST(Filter, WithoutBoundsEveryMomentIsKept) {
  ledger::v1::LedgerEntry entry = WhoKnows();
  for (const int64_t us : {INT64_MIN, INT64_MAX}) {
    entry.set_sequenced_at_us(us);
    EXPECT_TRUE(Matches([](auto*) {}, entry)) << us;
  }
}

TEST(Filter, AReasonsNameAndItsWordAreTheSameOutcome) {
  ledger::v1::LedgerEntry refused = WhoKnows();
  refused.set_outcome(ledger::v1::OUTCOME_REFUSED);
  refused.set_refused_for("NOT_FOUND");
  for (const char* outcome : {"NOT_FOUND", "not-found", "not_found"}) {
    EXPECT_TRUE(Matches([&](auto* f) { f->set_outcome(outcome); }, refused)) << outcome;
  }
}

// Whom an entry is about, and what stands for a request id, an entry alone does not say.
TEST(Filter, WhatOnlyTheHubCanTellIsLeftToItOrRefused) {
  EXPECT_TRUE(Matches([](auto* f) { f->set_same_person_as(4711); }));
  v1::EntryFilter by_request;
  by_request.set_agency_id("northern-connexions");
  by_request.set_request_id("r-1");
  EXPECT_THAT(AtFault(by_request), ElementsAre("filter.request_id"));
}

TEST(Filter, EveryFieldAtFaultIsNamed) {
  v1::EntryFilter filter;
  filter.add_kinds(static_cast<ledger::v1::EntryKind>(4711));
  filter.mutable_from()->set_seconds(INT64_MAX);
  filter.mutable_until()->set_nanos(-1);
  filter.set_practitioner_id("pa-001");
  filter.set_purpose(static_cast<v1::Purpose>(99));
  filter.set_gateway(static_cast<v1::Gateway>(99));
  filter.set_released(static_cast<v1::ReleaseFilter>(9));
  filter.set_policy_version(-1);
  filter.set_request_hash("short");
  EXPECT_THAT(AtFault(filter),
              ElementsAre("filter.kinds", "filter.from", "filter.until", "filter.agency_id",
                          "filter.purpose", "filter.gateway", "filter.released",
                          "filter.policy_version", "filter.request_hash"));
  v1::EntryFilter backwards;
  backwards.mutable_from()->set_seconds(20);
  backwards.mutable_until()->set_seconds(20);
  EXPECT_THAT(AtFault(backwards), ElementsAre("filter.until"));
}

TEST(Filter, TextsHaveTheLimitsOfTheirKind) {
  const std::vector<std::pair<int, std::function<void(v1::EntryFilter*, std::string)>>> texts = {
      {base::kAssertionTextBytesMax, [](auto* f, std::string t) { f->set_agency_id(t); }},
      {base::kAssertionTextBytesMax, [](auto* f, std::string t) { f->set_holder_agency_id(t); }},
      {base::kAssertionTextBytesMax, [](auto* f, std::string t) { f->set_outcome(t); }},
      {base::kNameBytesMax, [](auto* f, std::string t) { f->set_rule(t); }},
  };
  for (const auto& [bytes_max, set] : texts) {
    v1::EntryFilter filter;
    set(&filter, std::string(static_cast<size_t>(bytes_max), 'x'));
    EXPECT_TRUE(Filter::Create(filter).ok());
    set(&filter, std::string(static_cast<size_t>(bytes_max) + 1, 'x'));
    EXPECT_EQ(AtFault(filter).size(), 1u);
  }
}

TEST(Words, EveryKindHasOneAndItReadsBack) {
  const std::vector<std::string> words = KindWords();
  std::set<int> seen;
  for (const std::string& word : words) {
    const absl::StatusOr<ledger::v1::EntryKind> kind = KindFromWord(word);
    ASSERT_TRUE(kind.ok()) << word;
    EXPECT_EQ(KindWord(*kind), word);
    EXPECT_TRUE(seen.insert(*kind).second) << word;
  }
  EXPECT_EQ(static_cast<int>(words.size()), ledger::v1::EntryKind_descriptor()->value_count() - 1);
  EXPECT_THAT(words, Contains("who-knows"));
  EXPECT_THAT(words, Contains("entries-searched"));
  for (const char* wrong : {"", "unspecified", "who_knows", "Who-Knows", "9", "no-kind"}) {
    EXPECT_FALSE(KindFromWord(wrong).ok()) << wrong;
  }
  EXPECT_EQ(KindWord(static_cast<ledger::v1::EntryKind>(777)), "777");
}

// Entries say purposes in the policy's words.
TEST(Words, PurposesAreThoseOfThePolicy) {
  for (const policy::Purpose purpose : policy::AllPurposes()) {
    EXPECT_EQ(EnumWord(static_cast<ledger::v1::Purpose>(purpose)),
              std::string(policy::ToString(purpose)));
  }
}

}  // namespace
}  // namespace signpost::audit
