#include "hub/request/policy_in_force.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/ledger/entry.h"
#include "hub/store/memory_store.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::request {
namespace {

using base::Reason;
using base::ReasonOf;
using ledger::testing::PutOperation;

class PolicyInForceTest : public ::testing::Test {
 protected:
  PolicyInForceTest() { following_ = *sequencer_->Follow(&policy_); }

  static std::shared_ptr<BoundPolicy> Bound(const std::string& row) {
    auto bound = std::make_shared<BoundPolicy>();
    bound->row = row;
    bound->sha256 = "of " + row;
    return bound;
  }
  absl::Status Publish(const std::string& row) {
    ledger::Operation operation = PutOperation("x", row);
    operation.batch.Put(store::Space::kRegistry, kCurrentPolicyKey, row);
    return sequencer_->SubmitAndWait(std::move(operation)).status();
  }
  std::string InForce() {
    const std::shared_ptr<const BoundPolicy> bound = policy_.Get();
    return bound == nullptr ? "nothing" : bound->row;
  }
  ledger::Operation AnswerUnder(const BoundPolicy& bound) {
    ledger::Operation operation = PutOperation("answer", "1");
    RestOn(bound, &operation);
    return operation;
  }

  ledger::testing::Ledgers ledgers_;
  std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  std::unique_ptr<ledger::Sequencer> sequencer_ = *ledgers_.Open(store_.get());
  PolicyInForce policy_;
  std::unique_ptr<store::Following> following_;
};

TEST_F(PolicyInForceTest, WhatIsOfferedDecidesFromTheCommitOnThatNamesIt) {
  EXPECT_EQ(InForce(), "nothing");
  policy_.Offer(Bound("one"));
  EXPECT_EQ(InForce(), "nothing") << "offered, and not recorded";
  ASSERT_TRUE(Publish("one").ok());
  EXPECT_EQ(InForce(), "one");
  EXPECT_EQ(policy_.problem(), "");
  policy_.Offer(Bound("two"));
  EXPECT_EQ(InForce(), "one");
  ASSERT_TRUE(Publish("two").ok());
  EXPECT_EQ(InForce(), "two");
}

TEST_F(PolicyInForceTest, WhatTheStoreNamesAlreadyDecidesAtOnce) {
  ASSERT_TRUE(Publish("one").ok());
  policy_.Offer(Bound("one"));
  EXPECT_EQ(InForce(), "one");
}

TEST_F(PolicyInForceTest, WhatAnotherPublishedHidesEverythingUntilItIsBound) {
  policy_.Offer(Bound("one"));
  ASSERT_TRUE(Publish("one").ok());
  ASSERT_TRUE(Publish("somebody else's").ok());
  EXPECT_EQ(InForce(), "nothing");
  EXPECT_NE(policy_.problem(), "");
  policy_.Offer(Bound("somebody else's"));
  EXPECT_EQ(InForce(), "somebody else's");
}

TEST_F(PolicyInForceTest, LostMeansNothingDecides) {
  policy_.Offer(Bound("one"));
  ASSERT_TRUE(Publish("one").ok());
  policy_.Lose("unreadable");
  EXPECT_EQ(InForce(), "nothing");
  EXPECT_EQ(policy_.problem(), "unreadable");
  ASSERT_TRUE(Publish("one").ok());
  EXPECT_EQ(InForce(), "nothing");
}

TEST_F(PolicyInForceTest, NothingDecidesWhileWhatWasCommittedCannotBeRead) {
  policy_.Offer(Bound("one"));
  ASSERT_TRUE(Publish("one").ok());
  policy_.FellBehind(absl::UnavailableError("the disk"));
  EXPECT_EQ(InForce(), "nothing");
  EXPECT_NE(policy_.problem(), "");
  policy_.Offer(Bound("two"));
  EXPECT_EQ(InForce(), "nothing");
  ASSERT_TRUE(policy_.Begin(**store_->NewView()).ok());
  EXPECT_EQ(InForce(), "one");
  EXPECT_EQ(policy_.problem(), "");
}

TEST_F(PolicyInForceTest, AnAnswerUnderAPolicyThatWasReplacedIsMadeAgain) {
  policy_.Offer(Bound("one"));
  ASSERT_TRUE(Publish("one").ok());
  const std::shared_ptr<const BoundPolicy> one = policy_.Get();
  ASSERT_TRUE(sequencer_->SubmitAndWait(AnswerUnder(*one)).ok());
  ledger::Operation before = AnswerUnder(*one);
  policy_.Offer(Bound("two"));
  ASSERT_TRUE(Publish("two").ok());
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(before)).status()), Reason::kAborted);
  // Also when it was made only now, by somebody who began with the old one.
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(AnswerUnder(*one)).status()), Reason::kAborted);
  EXPECT_TRUE(sequencer_->SubmitAndWait(AnswerUnder(*policy_.Get())).ok());
}

TEST_F(PolicyInForceTest, AnAnswerIsNotMadeAgainForWhatIsNothingToThePolicy) {
  policy_.Offer(Bound("one"));
  ASSERT_TRUE(Publish("one").ok());
  ledger::Operation answer = AnswerUnder(*policy_.Get());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("x", "1")).ok());
  }
  EXPECT_TRUE(sequencer_->SubmitAndWait(std::move(answer)).ok());
}

}  // namespace
}  // namespace signpost::request
