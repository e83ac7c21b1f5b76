// The wire's closed sets of what a worker is told are the policy's.

#include "hub/request/worker_text.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "policy/vocabulary.h"

namespace signpost::request {
namespace {

std::string WordOf(const google::protobuf::EnumDescriptor* type, const std::string& prefix,
                   int number) {
  const google::protobuf::EnumValueDescriptor* value = type->FindValueByNumber(number);
  if (value == nullptr) return "no value";
  return absl::StrReplaceAll(absl::AsciiStrToLower(value->name().substr(prefix.size())),
                             {{"_", "-"}});
}

TEST(WorkerText, GatewaysAndObligationsAreTheSameOnBothSides) {
  int count = 0;
  for (const policy::Gateway gateway : policy::AllGateways()) {
    EXPECT_EQ(WordOf(v1::Gateway_descriptor(), "GATEWAY_", ToWire(gateway)),
              std::string(policy::ToString(gateway)));
    ++count;
  }
  EXPECT_EQ(count, v1::Gateway_descriptor()->value_count() - 1);
  count = 0;
  for (const policy::Obligation obligation : policy::AllObligations()) {
    EXPECT_EQ(WordOf(v1::Obligation_descriptor(), "OBLIGATION_", ToWire(obligation)),
              std::string(policy::ToString(obligation)));
    ++count;
  }
  EXPECT_EQ(count, v1::Obligation_descriptor()->value_count() - 1);
}

TEST(WorkerText, WhatIsLackingIsTheSameOnBothSides) {
  int count = 0;
  for (const policy::Missing missing : policy::AllMissings()) {
    EXPECT_EQ(WordOf(v1::Lack_descriptor(), "LACK_", static_cast<int>(missing) + 1),
              std::string(policy::ToString(missing)));
    ++count;
  }
  EXPECT_EQ(count, v1::Lack_descriptor()->value_count() - 1);
}

TEST(WorkerText, NextStepsHaveTheSameNumbers) {
  EXPECT_EQ(static_cast<int>(policy::WorkerNextStep::kContactAndRecord),
            v1::WORKER_NEXT_STEP_CONTACT_AND_RECORD);
  EXPECT_EQ(static_cast<int>(policy::WorkerNextStep::kAskOthersConsent),
            v1::WORKER_NEXT_STEP_ASK_OTHERS_CONSENT);
  EXPECT_EQ(static_cast<int>(policy::WorkerNextStep::kAskAgency), v1::WORKER_NEXT_STEP_ASK_AGENCY);
}

}  // namespace
}  // namespace signpost::request
