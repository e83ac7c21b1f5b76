// The door: every way in which a caller may be somebody else than it says.

#include "hub/rpc/call_guard.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/assertion.h"
#include "hub/base/limits.h"
#include "tests/registry/registry_fixture.h"
#include "tests/rpc/test_pki.h"

namespace signpost::rpc {
namespace {

using base::Reason;
using registry::kOperator;
using registry::kYotAdapter;
using registry::kYotCasework;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kAudience[] = "signpost.nortown.example";

class CallGuardTest : public registry::RegistryFixture {
 protected:
  void SetUp() override {
    v1::Agency yot = MakeAgency("nortown-yot", "yot");
    v1::AssertionKey* key = yot.add_assertion_keys();
    key->set_key_id("k1");
    key->set_public_key_pem(*key_.public_key().Pem());
    ASSERT_TRUE(Put(yot).ok());
    ASSERT_TRUE(Put(MakeAgency("nortown-audit", "auditor")).ok());
    v1::Team team;
    team.set_team_id("nortown-yot-team");
    team.set_name("The team");
    team.set_home_agency_id("nortown-yot");
    team.add_agency_ids("nortown-yot");
    team.add_purposes(v1::PURPOSE_YOUTH_JUSTICE);
    ASSERT_TRUE(Put(team).ok());
    v1::Practitioner officer;
    officer.set_agency_id("nortown-yot");
    officer.set_practitioner_id("yo-001");
    officer.add_roles("yot-officer");
    officer.add_team_ids("nortown-yot-team");
    ASSERT_TRUE(Put(officer).ok());

    certificate_ = authority_.Issue({kYotCasework}).certificate_pem;
    claims_.agency_id = "nortown-yot";
    claims_.practitioner_id = "yo-001";
    claims_.role = "yot-officer";
    claims_.teams = {"nortown-yot-team"};
    claims_.assurance = "substantial";
    claims_.purpose = "youth-justice";
    claims_.audience = kAudience;
    claims_.issued_at = clock_.Now();
    claims_.not_before = clock_.Now();
    claims_.expires_at = clock_.Now() + absl::Minutes(5);
    claims_.assertion_id = "a-1";
    claims_.certificate_sha256 = base::CertificateSha256(certificate_).value();

    verifier_ = std::make_unique<base::AssertionVerifier>(
        kAudience,
        [this](const std::string& agency, const std::string& kid) {
          return registry_->LookupKey(agency, kid);
        },
        &clock_);
    guard_ = std::make_unique<rpc::CallGuard>("nortown.example", registry_.get(), verifier_.get());
  }

  // A good call of the YOT's case system, to be spoilt by each test.
  rpc::CallFacts Good() {
    token_ = base::MintAssertion(key_, "k1", claims_).value();
    rpc::CallFacts facts;
    facts.spiffe_ids = {kYotCasework};
    facts.certificate_pem = certificate_;
    facts.assertions = {token_};
    facts.time_left = absl::Seconds(5);
    return facts;
  }
  absl::StatusOr<base::Principal> Admit(const rpc::CallFacts& facts,
                                        const char* method = "WhoKnows") {
    return guard_->Admit(facts, Row(method));
  }
  Reason Refused(const rpc::CallFacts& facts, const char* method = "WhoKnows") {
    return base::ReasonOf(Admit(facts, method).status());
  }
  static const rpc::MethodRow& Row(const std::string& method) {
    for (const rpc::MethodRow& row : rpc::AllMethods()) {
      const std::string name = row.full_method;
      if (name.substr(name.rfind('/') + 1) == method) return row;
    }
    return MethodOrDie(method);
  }

  TestAuthority authority_;
  base::PrivateKey key_ = *base::PrivateKey::Generate(base::KeyType::kEs256);
  std::string certificate_;
  std::string token_;
  base::AssertionClaims claims_;
  std::unique_ptr<base::AssertionVerifier> verifier_;
  std::unique_ptr<rpc::CallGuard> guard_;
};

TEST_F(CallGuardTest, AGoodCallSaysWhoAsks) {
  const absl::StatusOr<base::Principal> caller = Admit(Good());
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->kind, rpc::CallerKind::kPractitioner);
  EXPECT_EQ(caller->system_id, kYotCasework);
  EXPECT_EQ(caller->agency_id, "nortown-yot");
  EXPECT_EQ(caller->agency_kind, "yot");
  EXPECT_EQ(caller->practitioner_id, "yo-001");
  EXPECT_EQ(caller->role, "yot-officer");
  EXPECT_THAT(caller->team_ids, ElementsAre("nortown-yot-team"));
  EXPECT_EQ(caller->assurance, "substantial");
  EXPECT_EQ(caller->asserted_purpose, "youth-justice");
}

TEST_F(CallGuardTest, ASystemAloneIsItself) {
  rpc::CallFacts facts = Good();
  facts.assertions.clear();
  const absl::StatusOr<base::Principal> caller = Admit(facts, "Find");
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->kind, rpc::CallerKind::kSystem);
  EXPECT_FALSE(caller->has_practitioner());
  EXPECT_EQ(Refused(facts), Reason::kAssertionMissing);
}

TEST_F(CallGuardTest, AMethodOfSystemsDoesNotLookAtAnAssertion) {
  claims_.role = "nobody-has-this";
  const absl::StatusOr<base::Principal> caller = Admit(Good(), "Subscribe");
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->kind, rpc::CallerKind::kSystem);
  EXPECT_FALSE(caller->has_practitioner());
}

TEST_F(CallGuardTest, NotExactlyOneSpiffeId) {
  rpc::CallFacts facts = Good();
  facts.spiffe_ids = {};
  EXPECT_EQ(Refused(facts), Reason::kCallerUnknown);
  facts.spiffe_ids = {kYotCasework, kYotAdapter};
  EXPECT_EQ(Refused(facts), Reason::kCallerUnknown);
  facts.spiffe_ids = {kYotCasework, kYotCasework};
  EXPECT_EQ(Refused(facts), Reason::kCallerUnknown);
}

TEST_F(CallGuardTest, ForeignAndUnknownSystems) {
  rpc::CallFacts facts = Good();
  for (const char* id : {"spiffe://elsewhere.example/agency/nortown-yot/system/casework",
                         "spiffe://nortown.example.evil/agency/nortown-yot/system/casework",
                         "spiffe://nortown.example/agency/nortown-yot/system/unheard-of",
                         "spiffe://nortown.example/agency/nortown-yot/system/casework/",
                         "spiffe://NORTOWN.example/agency/nortown-yot/system/casework",
                         "https://nortown.example/agency/nortown-yot/system/casework", ""}) {
    facts.spiffe_ids = {id};
    EXPECT_EQ(Refused(facts), Reason::kCallerUnknown) << id;
  }
}

TEST_F(CallGuardTest, SuspensionAtEachLevelWorksOnTheVeryNextCall) {
  const absl::StatusOr<base::Principal> caller = Admit(Good());
  ASSERT_TRUE(caller.ok()) << caller.status();

  ASSERT_TRUE(SuspendSystem(kYotCasework).ok());
  EXPECT_EQ(Refused(Good()), Reason::kCallerSuspended);
  EXPECT_EQ(base::ReasonOf(guard_->Recheck(*caller)), Reason::kCallerSuspended);
  ASSERT_TRUE(SuspendSystem(kYotCasework, false).ok());
  ASSERT_TRUE(Admit(Good()).ok());

  ASSERT_TRUE(SuspendAgency("nortown-yot").ok());
  EXPECT_EQ(Refused(Good()), Reason::kCallerSuspended);
  EXPECT_EQ(base::ReasonOf(guard_->Recheck(*caller)), Reason::kCallerSuspended);
  ASSERT_TRUE(SuspendAgency("nortown-yot", false).ok());
  ASSERT_TRUE(Admit(Good()).ok());

  ASSERT_TRUE(SuspendPractitioner("nortown-yot", "yo-001").ok());
  EXPECT_EQ(Refused(Good()), Reason::kCallerSuspended);
  EXPECT_EQ(base::ReasonOf(guard_->Recheck(*caller)), Reason::kCallerSuspended);
  rpc::CallFacts alone = Good();
  alone.assertions.clear();
  EXPECT_TRUE(Admit(alone, "Find").ok()) << "the system itself is not suspended";
  ASSERT_TRUE(SuspendPractitioner("nortown-yot", "yo-001", false).ok());
  EXPECT_TRUE(Admit(Good()).ok());
  EXPECT_TRUE(guard_->Recheck(*caller).ok());
}

TEST_F(CallGuardTest, DeadlineAtTheLimitAndPastIt) {
  rpc::CallFacts facts = Good();
  facts.time_left = absl::Seconds(base::kDeadlineSecondsMax) + rpc::kDeadlineGrace;
  EXPECT_TRUE(Admit(facts).ok());
  facts.time_left += absl::Milliseconds(1);
  EXPECT_EQ(Refused(facts), Reason::kDeadlineMissing);
  facts.time_left = absl::InfiniteDuration();
  EXPECT_EQ(Refused(facts), Reason::kDeadlineMissing);
  EXPECT_TRUE(Admit(facts, "Subscribe").ok()) << "streams live long";
}

TEST_F(CallGuardTest, SizeAtTheLimitAndPastIt) {
  rpc::CallFacts facts = Good();
  facts.request_bytes = base::kMessageBytesMax;
  EXPECT_TRUE(Admit(facts).ok());
  facts.request_bytes += 1;
  EXPECT_EQ(Refused(facts), Reason::kMessageTooLarge);
}

TEST_F(CallGuardTest, AnAssertionBorrowedByAnotherCertificateIsRefused) {
  ASSERT_TRUE(Admit(Good()).ok()) << "and remembered";
  // Another certificate of the same system, as after a renewal, and one of another system.
  const std::string renewed = authority_.Issue({kYotCasework}).certificate_pem;
  rpc::CallFacts facts = Good();
  facts.certificate_pem = renewed;
  EXPECT_EQ(Refused(facts), Reason::kAssertionForeign);
  const std::string adapter = authority_.Issue({kYotAdapter}).certificate_pem;
  facts.certificate_pem = adapter;
  facts.spiffe_ids = {kYotAdapter};
  EXPECT_EQ(Refused(facts), Reason::kAssertionForeign);
}

TEST_F(CallGuardTest, AnAssertionOfAnotherAgencyIsRefused) {
  rpc::CallFacts facts = Good();
  facts.spiffe_ids = {"spiffe://nortown.example/agency/nortown-audit/system/casework"};
  EXPECT_EQ(Refused(facts, "GetEntry"), Reason::kAssertionForeign);
}

TEST_F(CallGuardTest, ExpiredAlteredAndDoubledAssertionsAreRefused) {
  rpc::CallFacts facts = Good();
  ASSERT_TRUE(Admit(facts).ok());
  clock_.Advance(absl::Minutes(6));
  EXPECT_EQ(Refused(facts), Reason::kAssertionExpired) << "also when it is remembered";
  clock_.Advance(-absl::Minutes(6));
  ASSERT_TRUE(Admit(facts).ok());

  std::string altered = token_;
  altered[altered.size() / 2] = altered[altered.size() / 2] == 'A' ? 'B' : 'A';
  facts.assertions = {altered};
  EXPECT_EQ(Refused(facts), Reason::kAssertionInvalid);
  facts.assertions = {token_, token_};
  EXPECT_EQ(Refused(facts), Reason::kAssertionInvalid);
  facts.assertions = {""};
  EXPECT_EQ(Refused(facts), Reason::kAssertionMissing);
}

TEST_F(CallGuardTest, AWithdrawnKeySignsNothingMore) {
  ASSERT_TRUE(Admit(Good()).ok());
  ASSERT_TRUE(Put(MakeAgency("nortown-yot", "yot")).ok()) << "without the key";
  EXPECT_EQ(Refused(Good()), Reason::kAssertionInvalid);
}

TEST_F(CallGuardTest, WhatIsAssertedMustBeEnrolled) {
  claims_.role = "social-worker";
  EXPECT_EQ(Refused(Good()), Reason::kAssertionInvalid);
  claims_.role = "yot-officer";
  claims_.teams = {"nortown-yot-team", "another-team"};
  EXPECT_EQ(Refused(Good()), Reason::kAssertionInvalid);
  claims_.teams = {};
  const absl::StatusOr<base::Principal> without = Admit(Good());
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_THAT(without->team_ids, IsEmpty()) << "a team that is not asserted does not count";
  claims_.practitioner_id = "yo-999";
  EXPECT_EQ(Refused(Good()), Reason::kPractitionerUnknown);
}

TEST_F(CallGuardTest, ACertificateThatCannotBeReadVouchesForNobody) {
  rpc::CallFacts facts = Good();
  facts.certificate_pem = "";
  EXPECT_EQ(Refused(facts), Reason::kCallerUnknown);
}

TEST_F(CallGuardTest, KindsOfCallersMayCallWhatTheTableSays) {
  rpc::CallFacts facts = Good();
  EXPECT_EQ(Refused(facts, "GetEntry"), Reason::kMethodNotAllowed);
  EXPECT_EQ(Refused(facts, "PutAgency"), Reason::kMethodNotAllowed);
  EXPECT_TRUE(Admit(facts, "GetCheckpoint").ok());

  facts.assertions.clear();
  facts.spiffe_ids = {"spiffe://nortown.example/agency/nortown-audit/system/adapter"};
  EXPECT_EQ(Admit(facts, "GetEntry")->kind, rpc::CallerKind::kAuditor);
  EXPECT_EQ(Refused(facts, "Find"), Reason::kMethodNotAllowed);
  EXPECT_EQ(Refused(facts, "WhoKnows"), Reason::kMethodNotAllowed);
  EXPECT_EQ(Refused(facts, "Subscribe"), Reason::kMethodNotAllowed);

  // The operator keeps the registry before anybody is in it, and asks about nobody.
  facts.spiffe_ids = {kOperator};
  EXPECT_EQ(Admit(facts, "PutAgency")->kind, rpc::CallerKind::kOperator);
  EXPECT_EQ(Refused(facts, "Find"), Reason::kMethodNotAllowed);
  EXPECT_EQ(Refused(facts, "GetEntry"), Reason::kMethodNotAllowed);
}

TEST_F(CallGuardTest, ADrainingHubRefusesEveryCall) {
  const absl::StatusOr<base::Principal> caller = Admit(Good());
  ASSERT_TRUE(caller.ok());
  guard_->Drain();
  EXPECT_EQ(Refused(Good()), Reason::kShuttingDown);
  EXPECT_EQ(base::ReasonOf(guard_->Recheck(*caller)), Reason::kShuttingDown);
}

TEST_F(CallGuardTest, ManyCertificatesDoNotGrowTheMemoryOfThem) {
  const std::string other = authority_.Issue({kYotCasework}).certificate_pem;
  for (size_t i = 0; i < rpc::kCertificateCacheMax + 2; ++i) {
    // PEM may be followed by anything; each spelling is a key of its own.
    const std::string spelling = other + std::string(i, '\n');
    rpc::CallFacts facts = Good();
    facts.certificate_pem = spelling;
    ASSERT_EQ(Refused(facts), Reason::kAssertionForeign);
  }
  EXPECT_TRUE(Admit(Good()).ok());
}

}  // namespace
}  // namespace signpost::rpc
