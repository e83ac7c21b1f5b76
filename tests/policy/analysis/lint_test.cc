// What Lint() finds doubtful in a policy that compiles.

#include "policy/analysis/lint.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "policy/supplied.h"
#include "tests/policy/files.h"
#include "tests/policy/nortown.h"

namespace signpost::policy {
namespace {

using testing::NortownVocabulary;

constexpr int64_t kNowS = 1780000000;  // 28 May 2026

std::shared_ptr<const Policy> Make(const std::string& rules,
                                   const Vocabulary& vocabulary = NortownVocabulary()) {
  CompileResult result =
      Compile(absl::StrCat("policy \"P\" version 3 in force 2025-04-01 approved by \"B\"\n"
                           "where no rule shows an item, hide it\n"
                           "group sensitive = substance-misuse, sexual-health, mental-health\n",
                           rules),
              vocabulary);
  EXPECT_TRUE(result.ok()) << result.Errors();
  return result.policy;
}

// All but what the law asks of a policy and what the hub supplies, which have tests of their own.
std::vector<Finding> Doubts(const Policy& policy, int64_t now_s) {
  std::vector<Finding> doubts;
  for (Finding& finding : Lint(policy, now_s)) {
    if (finding.kind == FindingKind::kUnprotected || finding.kind == FindingKind::kUnsupplied)
      continue;
    doubts.push_back(std::move(finding));
  }
  return doubts;
}

// "NEVER-FIRES", with what it is about: the rule's or agreement's id.
std::multiset<std::string> Found(const Policy& policy, int64_t now_s, FindingKind kind) {
  std::multiset<std::string> ids;
  for (const Finding& finding : Lint(policy, now_s)) {
    EXPECT_NE(finding.message, "");
    if (finding.kind != kind) continue;
    if (finding.rule != kNoRule) ids.insert(policy.rules()[static_cast<size_t>(finding.rule)].id);
    if (finding.agreement != kNoAgreement) {
      ids.insert(policy.agreements()[static_cast<size_t>(finding.agreement)].id);
    }
  }
  return ids;
}
using Ids = std::multiset<std::string>;

constexpr char kShow[] =
    "rule S \"s\"\n show existence, contact of housing to connexions practitioner\n"
    " when worker is involved\n basis ca2004-s10\n";

TEST(Lint, FindsRulesThatCanNeverApply) {
  const auto policy = Make(absl::StrCat(
      kShow,
      "rule BOTH \"b\"\n hide contact of housing from connexions practitioner\n"
      " when purpose is housing, and purpose is referral\n"
      "rule CONTENT \"c\"\n show content of asset of housing to connexions practitioner\n"
      " when person is shielded unless person is shielded\n basis ca2004-s10\n"
      "rule SYSTEM \"y\"\n show contact of housing to systems\n basis ca2004-s10\n"
      "rule S47 \"d\"\n show contact of housing to yot practitioner\n"
      " when purpose is housing\n basis ca1989-s47\n"));
  EXPECT_EQ(Found(*policy, kNowS, FindingKind::kNeverFires),
            (Ids{"BOTH", "CONTENT", "S47", "SYSTEM"}));
  EXPECT_EQ(Found(*policy, kNowS, FindingKind::kShadowed), Ids{});
  for (const Finding& finding : Doubts(*policy, kNowS)) {
    EXPECT_TRUE(finding.rule == kNoRule || finding.line > 3);
  }
}

TEST(Lint, FindsRulesThatOthersAlwaysDecideFor) {
  const auto policy = Make(absl::StrCat(
      kShow,
      "rule H \"h\"\n hide contact of housing from everyone\n"
      "rule LATE \"l\"\n hide contact of housing from connexions\n"
      "rule LOST \"o\"\n show contact of housing to yot practitioner\n basis ca2004-s10\n"));
  EXPECT_EQ(Found(*policy, kNowS, FindingKind::kShadowed), (Ids{"LATE", "LOST"}));
  EXPECT_EQ(Found(*policy, kNowS, FindingKind::kNeverFires), Ids{});
}

TEST(Lint, LooksAtEveryKindOfFactBeforeItSaysNever) {
  for (const char* when :
       {"consent is refused by a parent", "consent to the service is withdrawn",
        "consent is not asked", "person is shielded", "person has a new identity",
        "item is about a spent offence", "item names a victim", "flag is closed",
        "flag is disputed", "worker is not involved", "worker has referral",
        "purpose is education-admission"}) {
    const auto policy = Make(
        absl::StrCat("rule H \"h\"\n hide contact of housing from everyone when ", when, "\n"));
    EXPECT_TRUE(Doubts(*policy, kNowS).empty()) << when;
  }
}

// What is hidden from all but the members of each of two teams is shown to who is in both.
TEST(Lint, SeesWhatIsDecidedForWhoIsInSeveralTeams) {
  Vocabulary vocabulary = NortownVocabulary();
  vocabulary.teams.push_back(vocabulary.teams.front());
  vocabulary.teams.back().id = "second-team";
  const std::string only_in =
      "rule A \"a\"\n hide existence of housing from everyone except members of nortown-yot-team\n"
      "rule B \"b\"\n hide existence of housing from everyone except members of second-team\n"
      "rule S \"s\"\n show existence of housing to connexions practitioner\n basis ca2004-s10\n";
  const auto policy = Make(only_in, vocabulary);
  EXPECT_EQ(Found(*policy, kNowS, FindingKind::kShadowed), Ids{});
  const auto hidden =
      Make(only_in + "rule C \"c\"\n hide existence of housing from members of second-team\n",
           vocabulary);
  EXPECT_EQ(Found(*hidden, kNowS, FindingKind::kShadowed), (Ids{"A", "S"}));
}

// Whatever the work suffices for: what is said is what is said with all of it, or that it was not
// looked at to the end. Nothing that is doubtful goes without either.
TEST(Lint, ClaimsNothingOfWhatItDidNotLookAtToTheEnd) {
  const auto policy = Make(
      absl::StrCat(kShow,
                   "rule H \"h\"\n hide contact of housing from everyone\n"
                   "rule LATE \"l\"\n hide contact of housing from connexions\n"
                   "rule NEVER \"n\"\n show contact of housing to systems\n basis ca2004-s10\n"));
  const auto lint = [&](int64_t work_max) {
    std::map<std::string, std::string> of;  // by rule, or kind where there is none
    for (const Finding& finding : Lint(*policy, kNowS, work_max)) {
      const bool not_examined = finding.kind == FindingKind::kNotExamined;
      EXPECT_EQ(not_examined,
                finding.message.find("was not looked at to the end") != std::string::npos &&
                    finding.kind != FindingKind::kUnprotected)
          << finding.message;
      if (finding.rule != kNoRule) {
        of[policy->rules()[static_cast<size_t>(finding.rule)].id] =
            not_examined ? "" : finding.message;
      } else if (finding.kind == FindingKind::kUnprotected) {
        const bool whether = finding.message.rfind("whether ", 0) == 0;
        of[finding.remedy] = whether ? "" : finding.message;
      } else {
        std::string& all = of["who sees more"];
        all = not_examined ? "" : all + finding.message;
      }
    }
    return of;
  };
  const std::map<std::string, std::string> whole = lint(kLintWorkMax);
  EXPECT_EQ(whole.count("S"), 0u);
  EXPECT_EQ(whole.count("LATE") + whole.count("NEVER") + whole.count("who sees more"), 3u);
  EXPECT_EQ(lint(0).at("S"), "");
  std::set<size_t> sizes;
  for (int64_t work = 1; work < 50'000'000; work += work / 8 + 1) {
    const std::map<std::string, std::string> some = lint(work);
    sizes.insert(some.size());
    for (const auto& [about, says] : some) {
      if (says.empty()) continue;
      ASSERT_EQ(whole.count(about), 1u) << work << ": " << says;
      EXPECT_EQ(says, whole.at(about)) << work;
    }
    for (const auto& [about, says] : whole) EXPECT_EQ(some.count(about), 1u) << work << about;
  }
  EXPECT_GT(sizes.size(), 2u);
}

// Hides that look at the same facts in ever other ways: whether one of them is alone is as hard to
// find out as anything is. It ends all the same, and soon.
TEST(Lint, EndsAlsoWhereNothingIsEasy) {
  const Vocabulary vocabulary = NortownVocabulary();
  std::mt19937 random(3);
  const auto some = [&](std::vector<std::string> of, size_t count, const char* sep) {
    std::shuffle(of.begin(), of.end(), random);
    of.resize(count);
    return absl::StrJoin(of, sep);
  };
  std::vector<std::string> agencies;
  for (const VocabularyAgency& agency : vocabulary.agencies) agencies.push_back(agency.id);
  const std::vector<std::string> services = {"youth-offending", "connexions", "housing",
                                             "childrens-social-care", "voluntary-project"};
  std::vector<std::string> purposes;
  for (const Purpose purpose : AllPurposes()) purposes.emplace_back(ToString(purpose));
  const std::vector<std::string> facts = {"person is shielded",
                                          "person is not shielded",
                                          "flag is open",
                                          "flag is closed",
                                          "flag is disputed",
                                          "flag is not disputed",
                                          "person has a new identity",
                                          "person has no new identity",
                                          "item names a victim",
                                          "item names no victim",
                                          "consent is in force by the young person",
                                          "consent is refused by the young person",
                                          "consent is withdrawn from a parent",
                                          "worker is involved",
                                          "worker is not involved",
                                          "worker has referral"};
  std::string rules;
  for (int r = 0; r < 200; ++r) {
    absl::StrAppend(&rules, "rule H", r, " \"h\"\n hide existence of ", some(services, 3, ", "),
                    " from ", some(agencies, 4, " or "), "\n when purpose is ",
                    some(purposes, 6, " or "), " and ", some(facts, 1, ""), " unless ",
                    some(facts, 1, ""), "\n");
  }
  const auto policy =
      Make(rules + "rule S \"s\"\n show existence of housing to practitioner basis ca2004-s10\n");
  const std::clock_t begun = std::clock();
  EXPECT_GT(Found(*policy, kNowS, FindingKind::kNotExamined).size(), 0u);
  EXPECT_LT((std::clock() - begun) / CLOCKS_PER_SEC, 10);
}

TEST(Lint, FindsOverridesThatOpenNothing) {
  const std::string owed = " then log, close after 60 minutes, review within 2 working days\n";
  const auto policy = Make(absl::StrCat(
      "override O \"o\" to social-worker when purpose is safeguarding\n opens contact\n"
      " grounds legal-duty\n",
      owed,
      "override P \"p\" to social-worker when purpose is housing\n opens contact\n"
      " grounds legal-duty\n",
      owed));
  EXPECT_EQ(Found(*policy, kNowS, FindingKind::kNeverFires), Ids{"P"});
}

TEST(Lint, SaysWhereAnAgreementStandsToTheSecond) {
  const auto policy = Make(
      "agreement G \"g\" between nortown-yot and northern-connexions\n"
      " from 2025-06-01 until 2026-05-31 review 2026-01-01\nend agreement\n");
  const AgreementInfo& info = policy->agreements()[0];
  const auto at = [&](int64_t now_s) {
    std::vector<FindingKind> kinds;
    for (const Finding& finding : Lint(*policy, now_s)) kinds.push_back(finding.kind);
    return kinds;
  };
  using K = std::vector<FindingKind>;
  EXPECT_EQ(at(info.from_s - 1), K{FindingKind::kAgreementNotYetInForce});
  EXPECT_EQ(at(info.from_s), K{});
  EXPECT_EQ(at(info.review_s - 1), K{});
  EXPECT_EQ(at(info.review_s), K{FindingKind::kReviewOverdue});
  EXPECT_EQ(at(info.until_s - 1), K{FindingKind::kReviewOverdue});
  EXPECT_EQ(at(info.until_s), K{FindingKind::kAgreementExpired});
  EXPECT_EQ(Lint(*policy, info.until_s)[0].message,
            "agreement G ran out on 31 May 2026; its shows are closed");
}

TEST(Lint, ShowsWhoSeesMoreOfWhom) {
  const auto policy = Make(
      "rule A \"a\"\n show existence, agency of youth-offending to connexions practitioner\n"
      " basis ca2004-s10\n"
      "rule B \"b\"\n show existence of connexions to yot practitioner\n basis ca2004-s10\n"
      "rule C \"c\"\n show content of apir of connexions to yot practitioner\n"
      " when consent is explicit and in force\n basis consent\n");
  const std::vector<Finding> findings = Doubts(*policy, kNowS);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, FindingKind::kAsymmetry);
  EXPECT_EQ(findings[0].message,
            "nortown-yot sees of northern-connexions existence, and with explicit consent content; "
            "northern-connexions sees of nortown-yot existence, agency");
  EXPECT_EQ(policy->AgencyId(findings[0].one), "nortown-yot");
}

using Names = std::set<std::string>;

// What is unprotected in a policy of these rules, by the first word of the remedy's rule.
std::set<std::string> Unprotected(const std::string& rules,
                                  const Vocabulary& vocabulary = NortownVocabulary()) {
  std::set<std::string> names;
  for (const Finding& finding : Lint(*Make(rules, vocabulary), kNowS)) {
    if (finding.kind != FindingKind::kUnprotected) continue;
    EXPECT_NE(finding.message, "");
    const std::string text = absl::StrCat("\n", finding.remedy);
    const size_t rule = text.find("\nrule ");
    names.insert(rule == std::string::npos
                     ? finding.remedy
                     : text.substr(rule + 6, text.find(' ', rule + 6) - rule - 6));
  }
  return names;
}

// Each protection is missed where it is missing, and what is told to add mends that and nothing else.
TEST(Lint, NamesEachProtectionThatIsMissingAndTheLinesThatMendIt) {
  const std::string open =
      "rule OPEN \"o\"\n show existence, agency, contact of everything to practitioner\n"
      " basis ca2004-s10\n";
  const Names all = {"SHIELD",       "REFUSED",      "MARKED", "SENSITIVE",
                     "NEW-IDENTITY", "VICTIM-NAMED", "SPENT"};
  EXPECT_EQ(Unprotected(open), all);
  for (const Finding& finding : Lint(*Make(open), kNowS)) {
    if (finding.kind != FindingKind::kUnprotected) continue;
    Names less = all;
    const std::string text = absl::StrCat("\n", finding.remedy);
    const size_t rule = text.find("\nrule ") + 6;
    less.erase(text.substr(rule, text.find(' ', rule) - rule));
    EXPECT_EQ(Unprotected(absl::StrCat(open, finding.remedy)), less) << finding.remedy;
  }
  EXPECT_EQ(
      Unprotected("rule OWN \"o\"\n show contact of everything to the holder basis own-record\n"),
      Names());
}

// A remedy is lines to paste: they load whatever the policy and its area call things, one by one
// and all together, and then nothing is missing.
TEST(Lint, EveryRemedyLoadsAndMendsWhateverWordsAreTaken) {
  Vocabulary no_victims = NortownVocabulary();
  for (VocabularyAssessment& paper : no_victims.assessments) {
    for (std::string& section : paper.sections) {
      if (section == "victims" || section == "offence-details") absl::StrAppend(&section, "-2");
    }
  }
  Vocabulary one_section = NortownVocabulary();
  for (VocabularyAssessment& paper : one_section.assessments) {
    for (std::string& section : paper.sections) {
      if (section == "offence-details") absl::StrAppend(&section, "-2");
    }
  }
  std::string taken;
  for (const std::string id : {"SHIELD", "REFUSED", "MARKED", "SENSITIVE", "NEW-IDENTITY",
                               "VICTIM-NAMED", "SPENT", "OWN-NO", "OWN-WITHDRAWN", "SHIELD-2"}) {
    absl::StrAppend(&taken, "rule ", id, " \"t\"\n hide record of housing from systems\n");
  }
  const std::string open =
      "rule OPEN \"o\"\n show existence, agency, contact of everything to practitioner\n"
      " basis ca2004-s10\n"
      "rule C \"c\"\n show assessment, content of housing to practitioner\n"
      " when consent is in force\n basis consent\n";
  for (const Vocabulary& vocabulary : {NortownVocabulary(), no_victims, one_section}) {
    for (const std::string& text :
         {open, open + taken,
          absl::StrCat("where a section is ", vocabulary.assessments[0].sections[0],
                       ", it may name a victim\n", open)}) {
      const std::set<std::string> missing = Unprotected(text, vocabulary);
      EXPECT_EQ(missing.size(), 10u);
      std::string all = text;
      for (const Finding& finding : Lint(*Make(text, vocabulary), kNowS)) {
        if (finding.kind != FindingKind::kUnprotected) continue;
        SCOPED_TRACE(finding.remedy);
        const std::string lack = finding.message.substr(0, finding.message.find(": "));
        for (const Finding& left : Lint(*Make(text + finding.remedy, vocabulary), kNowS)) {
          EXPECT_EQ(left.message.find(lack), std::string::npos) << left.message;
        }
        absl::StrAppend(&all, finding.remedy);
      }
      EXPECT_EQ(Unprotected(all, vocabulary), Names()) << all;
    }
  }
}

// Who must say yes as well keeps what they do not say yes to.
TEST(Lint, SaysThatAWordOpensOnlyWhereItDoes) {
  const auto grows_up = [](const std::string& when) {
    for (const Finding& finding :
         Lint(*Make(absl::StrCat("rule C \"c\"\n show existence of housing to practitioner\n when ",
                                 when, "\n basis ca2004-s10\n")),
              kNowS)) {
      if (finding.message.find("opens C also where the young person is 16") != std::string::npos) {
        return finding.message.substr(0, finding.message.find(" opens"));
      }
    }
    return std::string();
  };
  const std::string parent = "consent from a parent";
  EXPECT_EQ(grows_up("consent is in force from a parent"), parent);
  EXPECT_EQ(grows_up("consent is in force"), parent);
  EXPECT_EQ(grows_up("consent is in force by another and consent is in force from a court"),
            parent);
  EXPECT_EQ(grows_up("consent is in force from an authority"), "consent from an authority");
  EXPECT_EQ(grows_up("consent is in force by the young person"), "");
  EXPECT_EQ(grows_up("consent is in force from a court"), "");
  EXPECT_EQ(
      grows_up("consent is in force from a parent and consent is in force by the young person"),
      "");
  EXPECT_EQ(grows_up("consent is in force unless consent is not asked by the young person "
                     "unless consent is in force by another"),
            "");
  EXPECT_EQ(grows_up("consent is in force from a parent\n basis ca2004-s10\n"
                     "rule H \"h\"\n hide existence of housing from everyone\n"
                     " unless consent is in force by the young person\n"
                     "rule D \"d\"\n show existence of housing to the holder"),
            "");
}

TEST(Lint, AsksWhoseConsentItIsThatOpens) {
  const auto consent = [](const std::string& by, const std::string& unless) {
    return absl::StrCat(
        "rule C \"c\"\n show existence of housing to practitioner\n when consent is in force", by,
        " and person has no new identity and item names no victim and item is not about a spent "
        "offence\n",
        unless, " basis consent\n");
  };
  EXPECT_EQ(Unprotected(consent(" by the young person", "")), Names());
  const std::string age = "where consent is from a parent or an authority, it ends at 16\n";
  const std::string refused = "  unless consent is refused by the young person\n";
  const std::string withdrawn = "  unless consent is withdrawn by the young person\n";
  for (const std::string by : {"", " from a parent", " by another"}) {
    EXPECT_EQ(Unprotected(consent(by, "")), (Names{age, "OWN-NO", "OWN-WITHDRAWN"})) << by;
    EXPECT_EQ(Unprotected(consent(by, refused)), (Names{age, "OWN-WITHDRAWN"})) << by;
    EXPECT_EQ(Unprotected(consent(by, withdrawn)), (Names{age, "OWN-NO"})) << by;
    EXPECT_EQ(Unprotected(absl::StrCat(age, consent(by, refused + withdrawn))), Names()) << by;
  }
}

TEST(Lint, NamesRulesThatRestOnWhatNoHubSupplies) {
  const auto told = [](const std::string& when) {
    std::string all;
    for (const Finding& finding :
         Lint(*Make(absl::StrCat("rule H \"h\"\n hide contact of housing from everyone when ", when,
                                 "\n")),
              kNowS)) {
      if (finding.kind != FindingKind::kUnsupplied) continue;
      EXPECT_GT(finding.line, 3);
      all += finding.message + "\n";
    }
    return all;
  };
  for (const char* supplied :
       {"worker is involved", "worker is newly involved", "agency is involved",
        "worker has named-worker or cover", "person is shielded", "flag is closed",
        "consent is refused", "purpose is housing"}) {
    EXPECT_EQ(told(supplied), "") << supplied;
  }
  for (const SuppliedFact& fact : kSuppliedFacts) {
    if (fact.fact == ItemFact::kMarkedSensitive) continue;
    const std::string says = told(fact.words);
    const bool whole = fact.says_yes && fact.unknown_of == nullptr;
    EXPECT_EQ(says.find(absl::StrCat("'", fact.words, "'")) == std::string::npos, whole) << says;
    if (fact.unknown_of != nullptr) {
      EXPECT_NE(says.find(absl::StrCat("does not know it of ", fact.unknown_of)), std::string::npos)
          << says;
    } else {
      EXPECT_EQ(says.find("does not know"), std::string::npos) << says;
    }
  }
  for (const Relationship one : AllRelationships()) {
    const bool supplied = (Bit(one) & kSuppliedRelationships) != 0;
    const std::string word(ToString(one));
    EXPECT_EQ(told(absl::StrCat("worker has ", word)).empty(), supplied) << word;
  }
  const auto marked = Make("rule M \"m\"\n hide contact of marked-sensitive from everyone\n");
  EXPECT_EQ(Found(*marked, kNowS, FindingKind::kUnsupplied), Ids{"M"});
}

TEST(Lint, NamesRulesThatNobodyWhoIsInvolvedCouldAsk) {
  const std::string rule =
      "rule S \"s\"\n show contact of housing to connexions practitioner\n"
      " when worker is involved\n basis ca2004-s10\n";
  Vocabulary vocabulary = NortownVocabulary();
  const auto found = [&] {
    const CompileResult result =
        Compile(absl::StrCat("policy \"P\" version 3 in force 2025-04-01 approved by \"B\"\n"
                             "where no rule shows an item, hide it\n"
                             "group sensitive = substance-misuse, sexual-health, mental-health\n",
                             rule),
                vocabulary);
    EXPECT_TRUE(result.ok()) << result.Errors();
    return Found(*result.policy, kNowS, FindingKind::kNobodyInvolved);
  };
  EXPECT_EQ(found(), Ids{});
  for (VocabularyAgency& agency : vocabulary.agencies) agency.feeds = agency.kind != "connexions";
  EXPECT_EQ(found(), Ids{"S"});
}

TEST(Lint, OfNortownOnlyWhatIsKnown) {
  CompileOptions options;
  options.prove_checks = false;
  const CompileResult result =
      Compile(testing::ShippedPolicy("nortown"), NortownVocabulary(), options);
  ASSERT_TRUE(result.ok()) << result.Errors();
  EXPECT_EQ(Found(*result.policy, kNowS, FindingKind::kNeverFires), Ids{});
  EXPECT_EQ(Found(*result.policy, kNowS, FindingKind::kNotExamined), Ids{});
  EXPECT_EQ(Found(*result.policy, kNowS, FindingKind::kShadowed), Ids{});
}

}  // namespace
}  // namespace signpost::policy
