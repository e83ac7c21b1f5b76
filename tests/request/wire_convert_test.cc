// The wire's numbers are the policy's: purposes, grounds, grantors and kinds of consent.

#include "hub/request/wire_convert.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/explanation.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::request {
namespace {

// "PURPOSE_SUPPORT_PLANNING" as "support-planning".
std::string WordOf(const google::protobuf::EnumDescriptor* type, const std::string& prefix,
                   int number) {
  const google::protobuf::EnumValueDescriptor* value = type->FindValueByNumber(number);
  if (value == nullptr) return absl::StrCat("no value ", number);
  return absl::StrReplaceAll(absl::AsciiStrToLower(value->name().substr(prefix.size())),
                             {{"_", "-"}});
}

TEST(WordsTest, PurposesAndGroundsAreTheSameOnBothSides) {
  int count = 0;
  for (const policy::Purpose purpose : policy::AllPurposes()) {
    EXPECT_EQ(WordOf(v1::Purpose_descriptor(), "PURPOSE_", static_cast<int>(purpose)),
              request::Word(policy::ToString(purpose)));
    ++count;
  }
  EXPECT_EQ(count, v1::Purpose_descriptor()->value_count() - 1);
  count = 0;
  for (const policy::OverrideGround ground : policy::AllOverrideGrounds()) {
    EXPECT_EQ(WordOf(v1::OverrideGround_descriptor(), "OVERRIDE_GROUND_", static_cast<int>(ground)),
              request::Word(policy::ToString(ground)));
    ++count;
  }
  EXPECT_EQ(count, v1::OverrideGround_descriptor()->value_count() - 1);
  EXPECT_EQ(request::ToPolicy(static_cast<v1::Purpose>(99)), policy::Purpose::kUnspecified);
  EXPECT_EQ(request::ToPolicy(static_cast<v1::OverrideGround>(99)), policy::OverrideGround::kNone);
}

// So are the ledger's, by number and by word.
TEST(WordsTest, TheLedgersClosedListsAreThePolicys) {
  const auto expect_same = [](const google::protobuf::EnumDescriptor* type,
                              const std::string& prefix, const auto& all) {
    for (const auto value : all) {
      EXPECT_EQ(WordOf(type, prefix, request::ToEntry(value)),
                request::Word(policy::ToString(value)));
    }
    EXPECT_EQ(static_cast<size_t>(type->value_count()), all.size() + 1) << type->full_name();
  };
  expect_same(ledger::v1::Purpose_descriptor(), "PURPOSE_", policy::AllPurposes());
  expect_same(ledger::v1::Gateway_descriptor(), "GATEWAY_", policy::AllGateways());
  expect_same(ledger::v1::Relationship_descriptor(), "RELATIONSHIP_", policy::AllRelationships());
  expect_same(ledger::v1::OverrideGround_descriptor(), "OVERRIDE_GROUND_",
              policy::AllOverrideGrounds());
  expect_same(ledger::v1::Aspect_descriptor(), "ASPECT_", policy::AllAspects());
  EXPECT_EQ(request::ToEntry(policy::Purpose::kUnspecified), ledger::v1::PURPOSE_UNSPECIFIED);
  EXPECT_EQ(request::ToEntry(policy::Gateway::kNone), ledger::v1::GATEWAY_UNSPECIFIED);
  EXPECT_EQ(request::ToPolicy(static_cast<ledger::v1::Purpose>(99)), policy::Purpose::kUnspecified);
  EXPECT_EQ(request::ToPolicy(static_cast<ledger::v1::OverrideGround>(99)),
            policy::OverrideGround::kNone);
}

// Searches and exports carry purposes and gateways across by number.
TEST(WordsTest, TheWiresClosedListsAreTheLedgers) {
  const auto expect_same = [](const google::protobuf::EnumDescriptor* wire,
                              const google::protobuf::EnumDescriptor* entry, size_t cut) {
    ASSERT_EQ(wire->value_count(), entry->value_count()) << wire->full_name();
    for (int i = 0; i < wire->value_count(); ++i) {
      EXPECT_EQ(wire->value(i)->name().substr(cut), entry->value(i)->name());
      EXPECT_EQ(wire->value(i)->number(), entry->value(i)->number()) << wire->value(i)->name();
    }
  };
  expect_same(v1::Purpose_descriptor(), ledger::v1::Purpose_descriptor(), 0);
  expect_same(v1::Gateway_descriptor(), ledger::v1::Gateway_descriptor(), 0);
  expect_same(v1::HolderAnswer_descriptor(), ledger::v1::HolderAnswer_descriptor(), 0);
}

// hub/disclosure/consent_facts.cc rests on these.
TEST(WordsTest, GrantorsAndKindsOfConsentHaveTheSameNumbers) {
  EXPECT_EQ(static_cast<int>(policy::Grantor::kSelf), v1::GRANTOR_SELF);
  EXPECT_EQ(static_cast<int>(policy::Grantor::kSelfCompetent), v1::GRANTOR_SELF_COMPETENT);
  EXPECT_EQ(static_cast<int>(policy::Grantor::kParentalResponsibility),
            v1::GRANTOR_PARENTAL_RESPONSIBILITY);
  EXPECT_EQ(static_cast<int>(policy::Grantor::kCourt), v1::GRANTOR_COURT);
  EXPECT_EQ(static_cast<int>(policy::Grantor::kAuthority), v1::GRANTOR_AUTHORITY);
  EXPECT_EQ(policy::AllGrantors().size() + 1,
            static_cast<size_t>(v1::Grantor_descriptor()->value_count()));
  EXPECT_EQ(static_cast<int>(policy::ConsentMatter::kSharing), v1::CONSENT_KIND_SHARE_CONFIDENTIAL);
  EXPECT_EQ(static_cast<int>(policy::ConsentMatter::kDataProtection),
            v1::CONSENT_KIND_DATA_PROTECTION_BASIS);
  EXPECT_EQ(static_cast<int>(policy::ConsentMatter::kService), v1::CONSENT_KIND_SERVICE_AGREEMENT);
  EXPECT_EQ(policy::AllConsentMatters().size() + 1,
            static_cast<size_t>(v1::ConsentKind_descriptor()->value_count()));
}

}  // namespace
}  // namespace signpost::request
