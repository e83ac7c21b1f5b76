// Decide is a test fixture that asks small policies over Nortown's vocabulary one question.

#ifndef SIGNPOST_TESTS_POLICY_ENGINE_DECIDE_FIXTURE_H_
#define SIGNPOST_TESTS_POLICY_ENGINE_DECIDE_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "tests/policy/nortown.h"

namespace signpost::policy {

inline constexpr int64_t kDayS = 86400;
inline constexpr int64_t kFromS = 1743465600;  // 2025-04-01T00:00:00Z

inline std::shared_ptr<const Policy> Make(const std::string& rules) {
  CompileResult result =
      Compile(absl::StrCat("policy \"P\" version 3 in force 2025-04-01 approved by \"B\"\n"
                           "where no rule shows an item, hide it\n"
                           "group sensitive = substance-misuse, sexual-health, mental-health\n",
                           rules),
              testing::NortownVocabulary());
  EXPECT_TRUE(result.ok()) << result.Errors();
  return result.policy;
}

class Decide : public ::testing::Test {
 protected:
  void Use(const std::string& rules) {
    policy_ = Make(rules);
    ASSERT_NE(policy_, nullptr);
    q_.agency = policy_->AgencySymbol("northern-connexions");
    q_.role = policy_->RoleSymbol("personal-adviser");
    q_.is_practitioner = Tri::kYes;
    q_.purpose = Purpose::kSupportPlanning;
    q_.relationships.yes = kNamedAndSettled;
    q_.now_s = kFromS + 100 * kDayS;
    i_.holder = policy_->AgencySymbol("nortown-yot");
    i_.service = policy_->ServiceSymbol("youth-offending");
    i_.aspect = Aspect::kExistence;
    i_.assessment = policy_->AssessmentSymbol("asset");
    i_.section = policy_->SectionSymbol("lifestyle");
    i_.open = Tri::kYes;
    i_.disputed = i_.marked_sensitive = i_.shielded = Tri::kNo;
    i_.brokerable = i_.consents_known = Tri::kYes;
  }
  Effect Ask() { return policy_->Decide(q_, i_).effect; }
  Decision Whole() { return policy_->Decide(q_, i_); }
  std::string Deciding() {
    std::string ids;
    for (const RuleIndex rule : Whole().rules) {
      if (rule != kNoRule) ids += policy_->rules()[static_cast<size_t>(rule)].id + " ";
    }
    return ids;
  }
  void Give(const ConsentFact& consent) {
    consents_.push_back(consent);
    i_.consents = consents_;
  }
  static ConsentFact Given(bool is_explicit) {
    ConsentFact consent;
    consent.decision = ConsentDecision::kGiven;
    consent.is_explicit = is_explicit;
    consent.matter = ConsentMatter::kSharing;
    consent.grantor = Grantor::kSelf;
    consent.from_s = kFromS;
    return consent;
  }

  std::shared_ptr<const Policy> policy_;
  Question q_;
  Item i_;
  std::vector<ConsentFact> consents_;
};

inline constexpr char kShowAll[] =
    "rule S \"s\"\n show existence, agency, contact, assessment, content of everything to "
    "everyone\n"
    " basis ca2004-s10 then log\n";

}  // namespace signpost::policy

#endif  // SIGNPOST_TESTS_POLICY_ENGINE_DECIDE_FIXTURE_H_
