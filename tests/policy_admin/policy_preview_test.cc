// What a draft would change for one young person is what the door's answers say under both
// policies; and what is told of it says nothing of few.

#include "hub/policy_admin/policy_preview.h"

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/disclosure/evaluator.h"
#include "hub/policy_admin/person_population.h"
#include "tests/request/hub_rooms.h"

namespace signpost::policy_admin {
namespace {

using policy::Aspect;
using request::kConnexions;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using request::RulesOfNortown;
using ::testing::IsEmpty;

// By holder and aspect, what an answer tells: of an assessment its kind, of content its section.
using Told = std::set<std::tuple<std::string, Aspect, std::string>>;
// By holder and aspect, whether anything is gained, and lost.
using Changes = std::map<std::pair<std::string, Aspect>, std::pair<bool, bool>>;

class PolicyPreviewTest : public request::HubRooms {
 protected:
  PolicyPreviewTest() {
    for (const int number : {1, 2, 3}) {
      Enrol(kSocial, absl::StrCat("ig-", number), "information-governance-officer");
    }
  }

  std::unique_ptr<request::BoundPolicy> Bound(const std::string& text) {
    const auto compiled = policy_admin_->CompileDraft(text, "");
    EXPECT_TRUE(compiled.ok() && compiled->ok()) << compiled->Errors();
    auto bound = std::make_unique<request::BoundPolicy>();
    bound->policy = compiled->policy;
    return bound;
  }

  Told AnswerTells(const request::BoundPolicy& bound, const base::Principal& asker,
                   policy::Purpose purpose, const people::Person& person) {
    disclosure::QuestionTerms asked;
    asked.purpose = purpose;
    asked.aspects = {Aspect::kExistence, Aspect::kAgency, Aspect::kContact, Aspect::kAssessment};
    asked.content = true;
    const auto directory = registry_->directory();
    disclosure::DisclosureEvaluator door(bound, *people_, *directory, asker, asked, clock_.Now());
    const disclosure::Evaluation all = door.Decide(person);
    Told told;
    for (const disclosure::Release& released : all.released) {
      told.insert({released.flag->agency_id(), Aspect::kExistence, ""});
    }
    for (const disclosure::FlagEvaluation& flag : all.flags) {
      const std::string& holder = flag.flag->agency_id();
      for (const disclosure::AspectEvaluation& one : flag.aspects) {
        if (one.decision.effect != policy::Effect::kShow) continue;
        // Of a flag with assessments each kind counts, and no answer about none.
        if (one.aspect != Aspect::kAssessment || flag.flag->assessments().empty()) {
          told.insert({holder, one.aspect, ""});
        }
      }
      for (const absl::string_view kind : flag.assessment_kinds) {
        told.insert({holder, Aspect::kAssessment, std::string(kind)});
      }
      for (const disclosure::ContentEvaluation& content : flag.content) {
        for (const std::string& section : content.open) {
          told.insert({holder, Aspect::kContent, absl::StrCat(content.assessment_kind, section)});
        }
      }
    }
    return told;
  }

  Changes ByTheDoor(const request::BoundPolicy& now, const request::BoundPolicy& draft,
                    const base::Principal& asker, policy::Purpose purpose,
                    const people::Person& person) {
    const Told before = AnswerTells(now, asker, purpose, person);
    const Told after = AnswerTells(draft, asker, purpose, person);
    Changes changes;
    for (const auto& one : after) {
      if (before.count(one) == 0) changes[{std::get<0>(one), std::get<1>(one)}].first = true;
    }
    for (const auto& one : before) {
      if (after.count(one) == 0) changes[{std::get<0>(one), std::get<1>(one)}].second = true;
    }
    return changes;
  }

  Changes Counted(const request::BoundPolicy& now, const request::BoundPolicy& draft,
                  const base::Principal& asker, policy::Purpose purpose,
                  const people::Person& person) {
    const auto directory = registry_->directory();
    const PersonPopulation population(*now.policy, *people_, *directory,
                                      absl::MakeConstSpan(&asker, 1), disclosure::AskerIs::kOneself,
                                      1, person, clock_.Now());
    const policy::AskerPurpose one = AskerPurposeOf(*now.policy, asker, purpose);
    const policy::WhatIfResult result =
        policy::WhatIf(*now.policy, *draft.policy, population.Get(), absl::MakeConstSpan(&one, 1),
                       absl::ToUnixSeconds(clock_.Now()));
    EXPECT_EQ(result.fault, "");
    Changes changes;
    for (const policy::WhatIfRow& row : result.rows) {
      if (row.aspect == Aspect::kRecord || row.aspect == Aspect::kShareOnward) continue;
      changes[{now.policy->AgencyId(row.holder), row.aspect}] = {row.gained > 0, row.lost > 0};
    }
    return changes;
  }

  v1::PreviewReport Preview(const std::string& text, int days = 0) {
    PolicyPreviews previews(context_, policy_admin_.get());
    v1::PreviewPolicyRequest request;
    request.set_request_id(RequestId());
    request.set_text(text);
    request.set_recorded_days(days);
    auto run = previews.Begin(Governance(1), request);
    EXPECT_TRUE(run.ok()) << run.status();
    if (!run.ok()) return {};
    absl::StatusOr<bool> done = false;
    while (done.ok() && !*done) done = (*run)->Step();
    EXPECT_TRUE(done.ok()) << done.status();
    const auto report =
        Wait<v1::PreviewReport>([&](auto reply) { (*run)->Finish(std::move(reply)); });
    EXPECT_TRUE(report.ok()) << report.status();
    return report.value_or(v1::PreviewReport());
  }
};

TEST_F(PolicyPreviewTest, CountsWhatTheDoorWouldTellUnderBothPolicies) {
  TariqIsKnown();
  EXPECT_EQ(Report(kDrugs, Flag("D-1", "substance-misuse")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  v1::FlagReport closed = Flag("S-1", "childrens-social-care");
  v1::AssessmentPointer* plan = closed.add_assessments();
  plan->set_kind("cin-plan");
  plan->add_sections("plan");
  (void)Report(kSocial, closed);
  closed.set_sequence(2);
  closed.set_status(v1::FLAG_STATUS_CLOSED);
  closed.mutable_closed_on()->set_year(2026);
  closed.mutable_closed_on()->set_month(4);
  closed.mutable_closed_on()->set_day(2);
  (void)Report(kSocial, closed);

  const std::string rules = RulesOfNortown(1);
  const std::unique_ptr<request::BoundPolicy> now = Bound(rules);
  std::vector<std::unique_ptr<request::BoundPolicy>> drafts;
  drafts.push_back(Bound(absl::StrReplaceAll(
      rules, {{"show existence, agency, contact, assessment of asset of youth-offending to "
               "connexions practitioner",
               "show existence, agency of youth-offending to connexions practitioner"}})));
  drafts.push_back(
      Bound(absl::StrReplaceAll(rules, {{"content of asset except victims, offence-details",
                                         "content of asset except victims, offence-details, "
                                         "lifestyle"}})));
  drafts.push_back(Bound(absl::StrReplaceAll(rules, {{"consent is explicit and in force",  //
                                                      "consent is in force"}})));
  drafts.push_back(Bound(absl::StrCat(rules,
                                      "\nrule OVER \"What is over\"\n"
                                      "  hide contact of everything from everyone except the "
                                      "holder\n  when item is about a spent offence\n")));
  // Whatever is shown under the rules of now is lost.
  drafts.push_back(Bound(rules.substr(0, rules.find("\nrule ") + 1)));

  const std::vector<base::Principal> askers = {
      Adviser(), SecondedAdviser(), YotOfficer(),       SocialWorker(),
      Manager(), HousingOfficer(),  System(kConnexions)};
  std::set<Aspect> changed;
  int compared = 0;
  const auto compare = [&] {
    const people::Person person = PersonOf(kYot, "Y-1");
    for (size_t d = 0; d < drafts.size(); ++d) {
      for (const base::Principal& asker : askers) {
        for (const policy::Purpose purpose : policy::AllPurposes()) {
          for (const auto& [from, to] :
               {std::pair(now.get(), drafts[d].get()), std::pair(drafts[d].get(), now.get())}) {
            const Changes expected = ByTheDoor(*from, *to, asker, purpose, person);
            EXPECT_EQ(Counted(*from, *to, asker, purpose, person), expected)
                << "draft " << d << ", " << asker.agency_id << " " << asker.practitioner_id
                << " for " << policy::ToString(purpose);
            for (const auto& [where, change] : expected) changed.insert(where.second);
            compared += expected.empty() ? 0 : 1;
          }
        }
      }
    }
  };
  compare();
  const int without = compared;
  // A consent that names one of two advisers, and then one for all of them.
  v1::RecordConsentRequest named = WrittenConsent();
  named.mutable_consent()->mutable_scope()->add_recipient_practitioner_ids("pa-001");
  ASSERT_TRUE(Consent(Adviser(), named).ok());
  compare();
  const int with_named = compared - without;
  EXPECT_GT(with_named, without) << "the consent opens more, so that there is more to change";
  ASSERT_TRUE(Consent(Adviser(), WrittenConsent()).ok());
  compare();
  EXPECT_GT(compared - with_named - without, with_named);
  EXPECT_EQ(changed, (std::set<Aspect>{Aspect::kExistence, Aspect::kAgency, Aspect::kContact,
                                       Aspect::kAssessment, Aspect::kContent}));
}

TEST_F(PolicyPreviewTest, OnePersonIsFewAndTheirQuestionIsJudgedAgain) {
  Enrol(kConnexions, "pa-009", "personal-adviser");
  TariqIsKnown();
  ASSERT_TRUE(Ask(Adviser(), AskAboutRecord("C-1")).status.ok());
  const v1::PreviewReport report =
      Preview(absl::StrReplaceAll(RulesOfNortown(2),
                                  {{"show existence, agency, contact, assessment of asset of "
                                    "youth-offending to connexions practitioner",
                                    "show existence, agency of youth-offending to connexions "
                                    "practitioner"}}),
              7);
  EXPECT_EQ(report.people(), 1u);
  EXPECT_EQ(report.questions(), 1u);
  for (const auto* counts : {&report.changes(), &report.question_changes()}) {
    std::set<v1::Aspect> lost;
    for (const v1::PreviewCount& count : *counts) {
      EXPECT_EQ(count.asker_kind(), "connexions");
      EXPECT_EQ(count.holder_kind(), "yot");
      EXPECT_TRUE(count.few_losses());
      EXPECT_FALSE(count.few_gains());
      EXPECT_EQ(count.losses() + count.gains(), 0u);
      lost.insert(count.aspect());
    }
    EXPECT_EQ(lost, (std::set<v1::Aspect>{v1::ASPECT_CONTACT, v1::ASPECT_ASSESSMENT}));
  }
  EXPECT_EQ(LastEntry().kind, "policy-previewed");
}

// Whom a flag names is kept as a hash of that flag alone, and people are still found to be alike.
TEST_F(PolicyPreviewTest, FlagsThatNameTeamsAreJudgedByTheTeamTheyName) {
  Enrol(kConnexions, "pa-002", "personal-adviser");
  const auto naming = [this](const char* record, const char* team, const v1::PersonDetails& who) {
    v1::FlagReport report = Flag(record, "youth-offending", who);
    report.mutable_contact()->set_team_id(team);
    EXPECT_EQ(Report(kYot, report).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  };
  naming("Y-1", "nortown-yot-team", Tariq());
  naming("Y-2", "prevention-team", Sal());
  const v1::PreviewReport report = Preview(RulesOfNortown(2));
  EXPECT_EQ(report.people(), 2u);
}

TEST_F(PolicyPreviewTest, EverybodyIsLookedAtOnceHoweverManyAreListedAtATime) {
  Enrol(kConnexions, "pa-009", "personal-adviser");
  int reported = 0;
  // A list that is full, with nobody behind it; then with one; then not full.
  for (const int wanted : {kPreviewPeopleListed, kPreviewPeopleListed + 1,
                           kPreviewPeopleListed + kPreviewPeoplePerStep + 1}) {
    for (; reported < wanted; ++reported) {
      const std::string name = {static_cast<char>('a' + reported / 26 / 26),
                                static_cast<char>('a' + reported / 26 % 26),
                                static_cast<char>('a' + reported % 26)};
      v1::PersonDetails details = Tariq();
      details.set_given_names("Given" + name);
      details.set_surname("Surname" + name);
      details.mutable_birth_date()->set_year(2009 + reported / 28 / 12);
      details.mutable_birth_date()->set_month(1 + reported / 28 % 12);
      details.mutable_birth_date()->set_day(1 + reported % 28);
      ASSERT_EQ(
          Report(kConnexions, Flag(absl::StrCat("C-", reported), "connexions", details)).kind(),
          v1::FLAG_OUTCOME_KIND_RECEIVED)
          << reported;
    }
    EXPECT_EQ(Preview(RulesOfNortown(2), 7).people(), static_cast<uint64_t>(wanted));
  }
}

TEST_F(PolicyPreviewTest, ThePolicyInForceChangesNothing) {
  Enrol(kConnexions, "pa-009", "personal-adviser");
  TariqIsKnown();
  const v1::PreviewReport report = Preview(RulesOfNortown(2), 7);
  EXPECT_EQ(report.people(), 1u);
  EXPECT_THAT(report.changes(), IsEmpty());
  EXPECT_THAT(report.question_changes(), IsEmpty());
}

}  // namespace
}  // namespace signpost::policy_admin
