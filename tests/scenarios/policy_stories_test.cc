// How a policy comes into force and stays, as stories against a real hub over mTLS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "hub/store/rocksdb_store.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/store/v1/policy.pb.h"
#include "signpost/v1/policy.grpc.pb.h"
#include "tests/scenarios/nortown.h"
#include "tests/scenarios/policy_stories.h"
#include "tests/store/store_testing.h"

namespace signpost::scenarios {
namespace {

namespace stored = ::signpost::store::v1;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(PolicyStories, TwoOthersApproveAndTheNextAnswerIsJudgedByTheNewText) {
  EXPECT_EQ(VersionOfAnAnswer(), 1);
  const uint64_t before = LedgerSize();
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(Propose(Writer(), Text(2), &proposed).ok());
  ASSERT_TRUE(proposed.accepted());
  EXPECT_EQ(proposed.policy().version(), 2);
  EXPECT_EQ(proposed.policy().state(), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(proposed.policy().sha256().size(), 64u);
  EXPECT_THAT(proposed.changes(), ElementsAre(HasSubstr("sees what they see today")));
  EXPECT_TRUE(proposed.has_receipt());
  const std::string sha256 = proposed.policy().sha256();

  v1::ApprovePolicyResponse approved;
  ASSERT_TRUE(Approve(First(), sha256, &approved).ok());
  EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(VersionOfAnAnswer(), 1) << "one approval is not enough";
  // Once more by the same person changes nothing.
  v1::ApprovePolicyResponse again;
  ASSERT_TRUE(Approve(First(), sha256, &again).ok());
  EXPECT_EQ(again.policy().approvals_size(), 1);
  EXPECT_FALSE(again.has_receipt());
  EXPECT_EQ(VersionOfAnAnswer(), 1);

  ASSERT_TRUE(Approve(Second(), sha256, &approved).ok());
  EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_IN_FORCE);
  EXPECT_EQ(approved.policy().approvals_size(), 2);
  EXPECT_EQ(VersionOfAnAnswer(), 2);
  EXPECT_THAT(Acts(before), ElementsAre("POLICY_PROPOSED recorded", "POLICY_APPROVED recorded",
                                        "POLICY_APPROVED recorded", "POLICY_PUBLISHED recorded"));

  // The old text stays readable under its hash.
  v1::ListPoliciesResponse all;
  ASSERT_TRUE(Desk("nortown-audit")
                  ->ListPolicies(nortown_.Context().get(), v1::ListPoliciesRequest(), &all)
                  .ok());
  ASSERT_EQ(all.policies_size(), 2);
  EXPECT_EQ(all.policies(0).sha256(), sha256);
  EXPECT_EQ(all.policies(1).state(), v1::POLICY_STATE_SUPERSEDED);
  v1::GetPolicyRequest get;
  get.set_sha256(all.policies(1).sha256());
  v1::GetPolicyResponse old;
  ASSERT_TRUE(Desk("nortown-audit")->GetPolicy(nortown_.Context().get(), get, &old).ok());
  EXPECT_EQ(old.text(), ReadFile(ShippedPolicy()));
}

TEST_F(PolicyStories, TheProposerAndTheUnentitledCannotApproveAndEachRefusalIsAnEntry) {
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(Propose(Writer(), Text(2), &proposed).ok());
  const std::string sha256 = proposed.policy().sha256();
  const uint64_t before = LedgerSize();
  v1::ApprovePolicyResponse approved;
  EXPECT_THAT(Approve(Writer(), sha256, &approved).error_message(), HasSubstr("you proposed it"));
  EXPECT_THAT(Approve(TariqsAdviser(), sha256, &approved).error_message(), HasSubstr(kOfficerRole));
  EXPECT_THAT(Approve(First(), std::string(64, 'a'), &approved).error_message(),
              HasSubstr("no policy of that hash"));
  // A system alone, and the hub's operator without a person, are nobody.
  v1::ApprovePolicyRequest alone;
  alone.set_request_id(nortown_.RequestId());
  alone.set_sha256(sha256);
  EXPECT_FALSE(Desk("nortown-yot")->ApprovePolicy(nortown_.Context().get(), alone, &approved).ok());
  EXPECT_THAT(Desk("nortown-hub")
                  ->ApprovePolicy(nortown_.Context().get(), alone, &approved)
                  .error_message(),
              HasSubstr("a named person"));
  EXPECT_THAT(Propose(TariqsAdviser(), Text(3), &proposed).error_message(),
              HasSubstr(kOfficerRole));
  EXPECT_THAT(
      Acts(before),
      ElementsAre("POLICY_APPROVED METHOD_NOT_ALLOWED", "POLICY_APPROVED METHOD_NOT_ALLOWED",
                  "POLICY_APPROVED INVALID_FIELD", "POLICY_APPROVED ASSERTION_MISSING",
                  "POLICY_PROPOSED METHOD_NOT_ALLOWED"));
  EXPECT_EQ(VersionOfAnAnswer(), 1);
}

TEST_F(PolicyStories, ATextThatDoesNotCompileIsAnsweredWithEveryDiagnostic) {
  const uint64_t before = LedgerSize();
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(Propose(Writer(), absl::StrReplaceAll(Text(2), {{"social-worker", "social-wroker"}}),
                      &proposed)
                  .ok());
  EXPECT_FALSE(proposed.accepted());
  ASSERT_GE(proposed.diagnostics_size(), 1);
  EXPECT_GT(proposed.diagnostics(0).line(), 0);
  EXPECT_GT(proposed.diagnostics(0).column(), 0);
  std::vector<std::string> suggestions;
  for (const v1::PolicyDiagnostic& diagnostic : proposed.diagnostics()) {
    suggestions.push_back(diagnostic.suggestion());
  }
  EXPECT_THAT(suggestions, Contains("social-worker")) << proposed.DebugString();
  EXPECT_THAT(Acts(before), ElementsAre("POLICY_PROPOSED does-not-compile"));
  v1::ApprovePolicyResponse approved;
  EXPECT_FALSE(Approve(First(), proposed.policy().sha256(), &approved).ok());
}

TEST_F(PolicyStories, AVersionMustRiseAndAWithdrawnTextIsNotApproved) {
  v1::ProposePolicyResponse proposed;
  EXPECT_THAT(Propose(Writer(), Text(1) + "\n# again\n", &proposed).error_message(),
              HasSubstr("must be above"));
  EXPECT_THAT(Propose(Writer(), ReadFile(ShippedPolicy()), &proposed).error_message(),
              HasSubstr("published before"));
  ASSERT_TRUE(Propose(Writer(), Text(2), &proposed).ok());
  ASSERT_TRUE(Propose(Writer(), Text(3), &proposed).ok());
  const std::string third = proposed.policy().sha256();
  v1::WithdrawPolicyRequest withdraw;
  withdraw.set_request_id(nortown_.RequestId());
  withdraw.set_sha256(third);
  v1::WithdrawPolicyResponse withdrawn;
  EXPECT_THAT(Desk("northern-connexions")
                  ->WithdrawPolicy(nortown_.ContextOf(TariqsAdviser()).get(), withdraw, &withdrawn)
                  .error_message(),
              HasSubstr(kOfficerRole));
  ASSERT_TRUE(Desk("nortown-yot")
                  ->WithdrawPolicy(nortown_.ContextOf(Writer()).get(), withdraw, &withdrawn)
                  .ok());
  EXPECT_EQ(withdrawn.policy().state(), v1::POLICY_STATE_WITHDRAWN);
  v1::ApprovePolicyResponse approved;
  EXPECT_THAT(Approve(First(), third, &approved).error_message(), HasSubstr("was withdrawn"));
  // Proposed again it begins anew.
  ASSERT_TRUE(Propose(Writer(), Text(3), &proposed).ok());
  ASSERT_TRUE(Approve(First(), third, &approved).ok());
  EXPECT_EQ(approved.policy().approvals_size(), 1);
  ASSERT_TRUE(Approve(Second(), third, &approved).ok());
  EXPECT_EQ(VersionOfAnAnswer(), 3);
  // Version 2 waited meanwhile, and is below now.
  v1::ProposePolicyResponse second;
  ASSERT_TRUE(Propose(Writer(), Text(2), &second).ok());
  ASSERT_TRUE(Approve(First(), second.policy().sha256(), &approved).ok());
  EXPECT_THAT(Approve(Second(), second.policy().sha256(), &approved).error_message(),
              HasSubstr("has come into force meanwhile"));
  EXPECT_EQ(VersionOfAnAnswer(), 3);
}

TEST_F(PolicyStories, BeforeItsDayTheLastApprovalIsRefused) {
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(
      Propose(Writer(), absl::StrReplaceAll(kOpenDraft, {{"2025-04-01", "2099-01-01"}}), &proposed)
          .ok());
  ASSERT_TRUE(proposed.accepted()) << proposed.DebugString();
  v1::ApprovePolicyResponse approved;
  ASSERT_TRUE(Approve(First(), proposed.policy().sha256(), &approved).ok());
  EXPECT_TRUE(Approve(Second(), proposed.policy().sha256(), &approved).ok());
  // Those who would show more, one after the other; the last one cannot put it in force.
  grpc::Status last;
  for (const char* agency :
       {"nortown-yot", "nortown-housing", "nightstop-project", "nortown-drugs-advice"}) {
    EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_PROPOSED);
    last = Approve(Officer(agency, "ig-001"), proposed.policy().sha256(), &approved);
    if (!last.ok()) break;
  }
  EXPECT_THAT(last.error_message(), HasSubstr("comes into force on 2099-01-01"));
  EXPECT_EQ(VersionOfAnAnswer(), 1) << "what is in force stays so";
}

TEST_F(PolicyStories, AnApprovalCountsWhileWhoGaveItIsEnrolled) {
  v1::ProposePolicyResponse proposed;
  ASSERT_TRUE(Propose(Writer(), Text(2), &proposed).ok());
  v1::ApprovePolicyResponse approved;
  ASSERT_TRUE(Approve(First(), proposed.policy().sha256(), &approved).ok());
  Enrol(First().agency, First().practitioner, {"personal-adviser"});
  ASSERT_TRUE(Approve(Second(), proposed.policy().sha256(), &approved).ok());
  EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(VersionOfAnAnswer(), 1);
  ASSERT_TRUE(Approve(Third(), proposed.policy().sha256(), &approved).ok());
  EXPECT_EQ(approved.policy().state(), v1::POLICY_STATE_IN_FORCE);
}

TEST_F(PolicyStories, WhatWasPublishedOutlivesARestartAndTheFileIsNotLookedAtAgain) {
  const std::string sha256 = Publish(Text(2));
  v1::ProposePolicyResponse waiting;
  ASSERT_TRUE(Propose(Writer(), Text(3), &waiting).ok());
  v1::ApprovePolicyResponse approved;
  ASSERT_TRUE(Approve(First(), waiting.policy().sha256(), &approved).ok());
  const uint64_t before = LedgerSize();
  nortown_.Restart();
  EXPECT_EQ(VersionOfAnAnswer(), 2);
  EXPECT_EQ(nortown_.hub().context().policy->Get()->sha256, sha256);
  EXPECT_THAT(Acts(before), IsEmpty()) << "nothing new came into force";
  EXPECT_THAT(ReadFile(nortown_.folder() + "/hub.log"), HasSubstr("policy_file_ignored"));
  // The approval given before counts on.
  ASSERT_TRUE(Approve(Second(), waiting.policy().sha256(), &approved).ok());
  EXPECT_EQ(VersionOfAnAnswer(), 3);
}

// Asked all the time while policies are published: an entry behind a publication was decided by
// what was published.
TEST_F(PolicyStories, NoEntryBehindAPublicationNamesThePolicyBefore) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  std::atomic<bool> stop = false;
  std::atomic<int> answers = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&] {
      while (!stop) {
        const Answered answered = nortown_.Ask(
            TariqsAdviser(), AskAboutRecord(&nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING));
        EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
        ++answers;
      }
    });
  }
  // Without examples and checks: to prove them takes what the askers should have.
  const auto rules = [this](int version) {
    const std::string text = Text(version);
    return text.substr(0, text.find("\nexample "));
  };
  for (int version = 2; version <= 9; ++version) Publish(rules(version));
  stop = true;
  for (std::thread& asker : askers) asker.join();
  int32_t in_force = 0;
  int questions = 0;
  for (const ledger::v1::LedgerEntry& entry : Entries()) {
    if (entry.kind() == ledger::v1::ENTRY_KIND_POLICY_PUBLISHED) in_force = entry.policy_version();
    if (entry.kind() != ledger::v1::ENTRY_KIND_WHO_KNOWS) continue;
    EXPECT_EQ(entry.policy_version(), in_force) << "entry " << entry.index();
    EXPECT_EQ(entry.policy_vocabulary_sha256().size(), 32u);
    ++questions;
  }
  EXPECT_EQ(in_force, 9);
  EXPECT_GE(questions, 8);
  RecordProperty("questions", questions);
}

// --- When there is none that may decide ---

// One page of the hub's admin server.
std::string Page(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string page;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
    const std::string get =
        absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    if (send(fd, get.data(), get.size(), 0) == static_cast<ssize_t>(get.size())) {
      char buffer[4096];
      ssize_t n;
      while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
        page.append(buffer, static_cast<size_t>(n));
      }
    }
  }
  close(fd);
  return page;
}

Nortown::Setup WithAdminPages() {
  Nortown::Setup setup;
  setup.change = [](app::HubConfig* config) { config->admin_listen = "127.0.0.1:0"; };
  return setup;
}

class UnreadablePolicy : public PolicyStories {
 protected:
  UnreadablePolicy() : PolicyStories(WithAdminPages()) {}
};

TEST_F(UnreadablePolicy, EverythingIsHiddenAndHealthSaysSo) {
  const std::string sha256 = Publish(Text(2));
  EXPECT_THAT(Page(nortown_.hub().admin_port(), "/health"), HasSubstr("version 2"));
  nortown_.Stop();
  {
    store::RocksDbOptions options;
    options.path = nortown_.folder() + "/store";
    const auto opened = store::OpenRocksDbStore(options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    stored::PolicyTextRow forged;
    forged.set_text(Text(9));
    store::Batch batch;
    batch.Put(store::Space::kRegistry, "policy/text/" + sha256,
              std::string(1, '\1') + forged.SerializeAsString());
    ASSERT_TRUE(store::testing::CommitNow(*(*opened), std::move(batch)).ok());
  }
  nortown_.Restart();
  const Answered answered =
      nortown_.Ask(TariqsAdviser(), AskAbout(&nortown_, kTariq, v1::PURPOSE_SUPPORT_PLANNING));
  EXPECT_THAT(answered.status.error_message(), HasSubstr("everything is hidden"));
  const std::string health = Page(nortown_.hub().admin_port(), "/health");
  EXPECT_THAT(health, HasSubstr("hiding everything"));
  EXPECT_THAT(health, HasSubstr("is not what its hash says"));
}

class PolicyGrowsOld : public PolicyStories {
 protected:
  PolicyGrowsOld()
      : PolicyStories([] {
          Nortown::Setup setup;
          setup.overrides.clock = &clock_;
          setup.change = [](app::HubConfig* config) {
            config->admin_listen = "127.0.0.1:0";
            config->policy_age_max = absl::Hours(24 * 366);
          };
          return setup;
        }()) {}

  class SlidingClock final : public base::Clock {
   public:
    absl::Time Now() const override { return absl::Now() + absl::Seconds(ahead_s.load()); }
    std::atomic<int64_t> ahead_s = 0;
  };
  static SlidingClock clock_;
};
PolicyGrowsOld::SlidingClock PolicyGrowsOld::clock_;

TEST_F(PolicyGrowsOld, PastItsAgeEverythingIsHiddenAndHealthSaysSo) {
  EXPECT_NE(nortown_.hub().context().policy->Get(), nullptr);
  EXPECT_THAT(nortown_.hub().context().policy->problem(), IsEmpty());
  clock_.ahead_s = 366 * 86400 - 3600;
  EXPECT_NE(nortown_.hub().context().policy->Get(), nullptr) << "an hour before";
  clock_.ahead_s = 366 * 86400 + 1;
  EXPECT_EQ(nortown_.hub().context().policy->Get(), nullptr);
  EXPECT_THAT(nortown_.hub().context().policy->problem(),
              HasSubstr("longer ago than policy.max_age"));
  clock_.ahead_s = 0;
}

}  // namespace
}  // namespace signpost::scenarios
