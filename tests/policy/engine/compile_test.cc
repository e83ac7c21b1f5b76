// What Compile() refuses, and where it says the fault is.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "tests/policy/nortown.h"

namespace signpost::policy {
namespace {

using testing::NortownVocabulary;

constexpr char kHead[] =
    "policy \"P\" version 1 in force 2025-04-01 approved by \"B\"\n"
    "where no rule shows an item, hide it\n"
    "group sensitive = substance-misuse, sexual-health, mental-health\n";

CompileResult With(const std::string& rest, const CompileOptions& options = CompileOptions()) {
  return Compile(absl::StrCat(kHead, rest), NortownVocabulary(), options);
}

// The text compiles to nothing and its first fault stands at line:column (counted in `rest`).
void ExpectFault(const std::string& rest, int line, int column, const std::string& message_part,
                 const std::string& suggestion = "") {
  const CompileResult result = With(rest);
  ASSERT_FALSE(result.ok()) << rest;
  ASSERT_FALSE(result.diagnostics.empty());
  const Diagnostic& first = result.diagnostics.front();
  EXPECT_EQ(first.line, line + 3) << result.Errors();
  EXPECT_EQ(first.column, column) << result.Errors();
  EXPECT_NE(first.message.find(message_part), std::string::npos) << result.Errors();
  EXPECT_EQ(first.suggestion, suggestion) << result.Errors();
}

TEST(Compile, AHeaderAndADefaultAreAPolicy) {
  CompileOptions options;
  options.content_id = "abc123";
  const CompileResult result = With("", options);
  ASSERT_TRUE(result.ok()) << result.Errors();
  EXPECT_EQ(result.policy->name(), "P");
  EXPECT_EQ(result.policy->version(), 1);
  EXPECT_EQ(result.policy->content_id(), "abc123");
  EXPECT_EQ(result.policy->approved_by(), "B");
  EXPECT_EQ(result.policy->in_force_s(), 1743465600);  // 2025-04-01T00:00:00Z
  EXPECT_TRUE(result.policy->rules().empty());
}

TEST(Compile, TheDefaultAndTheHeaderMustBeSaid) {
  EXPECT_FALSE(Compile("", NortownVocabulary()).ok());
  EXPECT_FALSE(Compile("where no rule shows an item, hide it", NortownVocabulary()).ok());
  EXPECT_FALSE(Compile("policy \"P\" version 1 in force 2025-04-01 approved by \"B\"\n"
                       "group sensitive = substance-misuse, sexual-health, mental-health\n",
                       NortownVocabulary())
                   .ok());
  EXPECT_FALSE(
      Compile(absl::StrReplaceAll(kHead, {{"hide it", "show it"}}), NortownVocabulary()).ok());
}

TEST(Compile, AnUnknownWordIsAFaultWithItsPlaceAndTheNearestWord) {
  ExpectFault("rule A \"a\"\n  hide everything of huosing from everyone\n", 2, 22,
              "unknown service, group or agency 'huosing'", "housing");
  ExpectFault("rule A \"a\"\n  hide everything of housing from conexions\n", 2, 35,
              "unknown agency, kind of agency or role", "connexions");
  ExpectFault("rule A \"a\"\n  hide content of asset except victms of housing from everyone\n", 2,
              32, "unknown section 'victms'", "victims");
  ExpectFault("rule A \"a\"\n  show existence of housing to everyone\n  basis concent\n", 3, 9,
              "unknown gateway 'concent'", "consent");
  ExpectFault("rule A \"a\"\n  hide contcat of housing from everyone\n", 2, 8,
              "unknown aspect 'contcat'", "contact");
  ExpectFault("rule A \"a\"\n  hide contact of housing from everyone when purpose is houzing\n", 2,
              57, "unknown purpose 'houzing'", "housing");
  ExpectFault("rule A \"a\"\n  hide contact of housing from members of nortown-yot-taem\n", 2, 43,
              "unknown team", "nortown-yot-team");
  ExpectFault("ruel A \"a\"\n", 1, 1, "expected policy, where, group, rule", "rule");
  // Nothing near: no advice rather than silly advice.
  ExpectFault("rule A \"a\"\n  hide everything of xyzzy from everyone\n", 2, 22, "unknown", "");
}

TEST(Compile, ASectionBelongsToTheAssessmentNamed) {
  ExpectFault("rule A \"a\"\n  hide content of apir only victims of connexions from everyone\n", 2,
              29, "unknown section 'victims'", "");
  EXPECT_TRUE(
      With("rule A \"a\"\n  hide content of asset only victims of connexions from everyone\n")
          .ok());
}

TEST(Compile, AShowNamesItsBasisAndItsAspects) {
  ExpectFault("rule A \"a\"\n  show existence of housing to everyone\n", 1, 6, "names its basis");
  ExpectFault("rule A \"a\"\n  show everything of housing to everyone\n  basis ca2004-s10\n", 2, 3,
              "cannot show everything");
  ExpectFault("rule A \"a\"\n  show existence of housing to everyone\n  basis consent\n", 2, 3,
              "when consent is in force");
  ExpectFault(
      "rule A \"a\"\n  show existence of housing to everyone when consent is explicit\n"
      "  basis consent\n",
      2, 3, "explicit says how");
  ExpectFault("rule A \"a\"\n  hide existence of housing from everyone\n  basis consent\n", 1, 6,
              "only hides");
  ExpectFault("rule A \"a\"\n  broker contact of housing to everyone\n  basis ca2004-s10\n", 2, 3,
              "only existence can be brokered");
}

TEST(Compile, Section115NeverOpensByItself) {
  ExpectFault("rule A \"a\"\n  show existence of housing to everyone\n  basis cda1998-s115\n", 1, 6,
              "never opens by itself");
  ExpectFault(
      "agreement G \"g\" between nortown-yot and northern-connexions\n"
      "  from 2025-04-01 until 2026-03-31 review 2026-01-01\n"
      "  nortown-housing chooses cda1998-s115\n"
      "end agreement\n",
      3, 3, "only a party");
}

TEST(Compile, OverridesOpenTheMinimumAndLiftOnlyWhatMayBeLifted) {
  const std::string hide = "rule H \"h\"\n  hide contact of housing from everyone\n";
  const std::string head = "override O \"o\" to social-worker\n  grounds legal-duty\n";
  const std::string then = "  then log, close after 60 minutes, review within 2 working days\n";
  ExpectFault(hide + head + "  opens contact\n  lifts H\n" + then, 6, 9, "does not say");
  ExpectFault(head + "  opens content\n" + then, 1, 10, "nothing else");
  ExpectFault(head + "  opens contact\n  then log\n", 1, 10, "close after 60 minutes");
  const std::string liftable = hide + "  an override may lift this\n";
  EXPECT_TRUE(With(liftable + head + "  opens contact\n  lifts H\n" + then).ok());
  ExpectFault(liftable + head + "  opens contact\n  lifts H\n  never lifts H\n" + then, 7, 9,
              "never lifts 'H'");
  ExpectFault(liftable + head + "  opens contact\n  lifts J\n" + then, 7, 9, "unknown rule 'J'",
              "H");
}

TEST(Compile, AgreementsAreWhole) {
  ExpectFault(
      "agreement G \"g\" between nortown-yot and nortown-yto\n"
      "  from 2025-04-01 until 2026-03-31 review 2026-01-01\nend agreement\n",
      1, 41, "unknown agency", "nortown-yot");
  ExpectFault(
      "agreement G \"g\" between nortown-yot and nortown-housing\n"
      "  from 2025-04-01 until 2025-03-30 review 2026-01-01\nend agreement\n",
      1, 11, "ends before it starts");
  ExpectFault(
      "agreement G \"g\" between nortown-yot and nortown-housing\n"
      "  from 2025-02-29 until 2026-03-31 review 2026-01-01\nend agreement\n",
      2, 8, "expected a date");
  ExpectFault("end agreement\n", 1, 1, "no agreement is open");
  ExpectFault(
      "agreement G \"g\" between nortown-yot and nortown-housing\n"
      "  from 2025-04-01 until 2026-03-31 review 2026-01-01\n",
      3, 1, "not closed");
}

TEST(Compile, IdsAreUnique) {
  const std::string rule = "rule A \"a\"\n  hide contact of housing from everyone\n";
  ExpectFault(rule + rule, 3, 6, "defined twice");
}

TEST(Compile, EveryFaultIsReportedNotOnlyTheFirst) {
  const CompileResult result = With(
      "rule A \"a\"\n  hide contcat of housing from everyone\n"
      "rule B \"b\"\n  hide contact of huosing from everyone\n"
      "rule C \"c\"\n  hide contact of housing form everyone\n");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.diagnostics.size(), 3u) << result.Errors();
  EXPECT_EQ(result.diagnostics[2].suggestion, "from");
  EXPECT_EQ(result.diagnostics[2].ToString(), "9:27: expected 'from' here; did you mean 'from'?");
}

TEST(Compile, ConsentSaysWhoseWordItIsAndAboutWhat) {
  const auto rule = [](const std::string& condition) {
    return absl::StrCat("rule A \"a\"\n  hide contact of housing from everyone when ", condition,
                        "\n");
  };
  for (const char* condition :
       {"consent is refused by the young person", "consent is in force from a parent",
        "consent is explicit and in force from a court", "consent is withdrawn by another",
        "consent is refused by self-competent", "consent is in force from an authority",
        "consent to the service is in force by self and worker is involved",
        "consent to data-protection is refused", "consent to data protection is not asked",
        "consent is not asked by parental-responsibility"}) {
    EXPECT_TRUE(With(rule(condition)).ok()) << With(rule(condition)).Errors();
  }
  ExpectFault(rule("consent is refused by the yuong person"), 2, 72, "expected the young person",
              "young");
  ExpectFault(rule("consent to the servcie is refused"), 2, 61, "unknown matter of consent",
              "service");
  ExpectFault(rule("consent is refused by the young man"), 2, 78, "expected 'person'");
}

TEST(Compile, OnlyConsentToSharingIsABasis) {
  const auto rule = [](const std::string& consent) {
    return absl::StrCat("rule A \"a\"\n  show contact of housing to practitioner when ", consent,
                        "\n  basis consent\n");
  };
  EXPECT_TRUE(With(rule("consent is in force")).ok());
  EXPECT_TRUE(With(rule("consent is in force from a parent")).ok());
  ExpectFault(rule("consent to the service is in force"), 2, 3, "when consent is in force");
  ExpectFault(rule("consent to data-protection is explicit and in force"), 2, 3,
              "when consent is in force");
}

TEST(Compile, ConditionsAboutIdentityOffencesAndVictims) {
  const auto rule = [](const std::string& condition) {
    return absl::StrCat("rule A \"a\"\n  hide contact of housing from everyone when ", condition,
                        "\n");
  };
  for (const char* condition :
       {"person has a new identity", "person has no new identity", "item is about a spent offence",
        "item is not about a spent offence", "item names a victim", "item names no victim"}) {
    EXPECT_TRUE(With(rule(condition)).ok()) << With(rule(condition)).Errors();
  }
  ExpectFault(rule("person has a new identiyt"), 2, 63, "expected 'identity'", "identity");
  ExpectFault(rule("item is about a spent offense"), 2, 68, "expected 'offence'", "offence");
  ExpectFault(rule("item names a victin"), 2, 59, "expected 'victim'", "victim");
  ExpectFault(rule("itme names a victim"), 2, 46, "expected a condition", "item");
}

TEST(Compile, ExamplesStateEveryFact) {
  const std::string rules =
      "where consent is from a parent or an authority, it ends at 18\n"
      "rule S \"s\"\n show contact of housing to practitioner\n"
      " when consent is in force from a parent\n"
      " unless consent is refused by the young person\n basis consent\n"
      "rule N \"n\"\n hide contact of housing from everyone when person has a new identity\n"
      "rule O \"o\"\n hide contact of housing from everyone when item is about a spent offence\n"
      "rule V \"v\"\n hide contact of housing from everyone when item names a victim\n"
      "rule H \"h\"\n hide contact of housing from everyone when person is shielded\n";
  const auto asks = [&](const std::string& facts, const std::string& result) {
    const CompileResult answer = With(absl::StrCat(
        rules,
        "example \"x\": housing-officer of nortown-housing, for housing, on 2026-05-01; "
        "contact of housing held by nortown-housing, consent in force from a parent",
        facts, " -> ", result, "\n"));
    EXPECT_TRUE(answer.ok()) << facts << "\n" << answer.Errors();
  };
  asks("", "show by S");
  asks(", consent refused by the young person", "hide by default");
  asks(", consent refused by another", "show by S");
  asks(", consent to the service refused by the young person", "show by S");
  asks(", person turns 18 on 2026-05-02", "show by S");
  asks(", person turns 18 on 2026-05-01", "hide by default, missing others-consent");
  asks(", person has a new identity", "hide by N");
  asks(", person perhaps has a new identity", "hide by N");
  asks(", item about a spent offence", "hide by O");
  asks(", item perhaps about a spent offence", "hide by O");
  asks(", item names a victim", "hide by V");
  asks(", item perhaps names a victim", "hide by V");
  asks(", person perhaps shielded", "hide by H");
}

// What a consent covers must be said in words that there are, also where nobody was asked for it.
TEST(Compile, AnExampleNamesNothingThatThereIsNot) {
  const std::string rule =
      "rule A \"a\"\n show contact of housing to practitioner\n basis ca2004-s10\n";
  for (const std::string states : {"not asked", "in force", "refused by the young person"}) {
    for (const std::string scope :
         {"to nonsense", "of nonsense", "held by nonsense", "section nonsense"}) {
      const CompileResult result = With(absl::StrCat(
          rule,
          "example \"x\": housing-officer of nortown-housing, for housing; contact of housing held "
          "by nortown-housing, consent ",
          states, " ", scope, " -> show\n"));
      ASSERT_EQ(result.diagnostics.size(), 1u) << states << " " << scope;
      EXPECT_NE(result.Errors().find("'nonsense'"), std::string::npos) << result.Errors();
    }
    EXPECT_TRUE(With(absl::StrCat(rule,
                                  "example \"x\": housing-officer of nortown-housing, for housing; "
                                  "contact of housing held by nortown-housing, consent ",
                                  states, " to connexions of housing -> show\n"))
                    .ok());
  }
}

TEST(Compile, AnExampleMayStateBasisAndDuties) {
  const std::string rule =
      "rule A \"a\"\n show existence, contact of housing to practitioner\n"
      " when purpose is housing or referral\n basis ca2004-s10 then log, tell holder\n";
  const auto asks = [&](const std::string& purposes, const std::string& aspects,
                        const std::string& result) {
    return With(absl::StrCat(rule, "example \"x\": housing-officer of nortown-housing, for ",
                             purposes, "; ", aspects, " of housing held by nortown-housing -> ",
                             result, "\n"));
  };
  EXPECT_TRUE(
      asks("housing", "contact", "show by A, basis ca2004-s10, then log, tell holder").ok());
  EXPECT_TRUE(asks("housing", "contact", "show, then tell holder, log").ok());
  EXPECT_FALSE(asks("housing", "contact", "show by A, basis ca2004-s11").ok());
  EXPECT_FALSE(asks("housing", "contact", "show by A, then log").ok()) << "one duty too many";
  EXPECT_FALSE(asks("housing", "contact", "show by A, then log, tell officer").ok());
  // One of each.
  EXPECT_TRUE(asks("housing or referral", "existence, contact", "show by A").ok());
  const CompileResult result = asks("housing or audit", "existence, agency", "show by A");
  EXPECT_EQ(result.diagnostics.size(), 3u) << result.Errors();
  EXPECT_NE(asks("housing", "contact", "hide")
                .Errors()
                .find("it is show by A, basis ca2004-s10, then log, tell-holder"),
            std::string::npos);
}

TEST(Compile, ACheckAsksAlsoForTeamsThatDoNotKnowThePerson) {
  const std::string rule =
      "rule A \"a\"\n show existence of youth-offending to members of nortown-yot-team\n";
  const std::string check = "check no one sees existence of anything without a relationship\n";
  EXPECT_TRUE(With(rule + " when worker is involved\n basis ca2004-s10\n" + check).ok());
  EXPECT_FALSE(With(rule + " basis ca2004-s10\n" + check).ok());
}

TEST(Compile, AFailingExampleIsAFault) {
  const std::string rule = "rule A \"a\"\n  hide contact of housing from everyone\n";
  const std::string ask =
      "example \"x\": housing-officer of nortown-housing, for housing; contact of "
      "housing held by nortown-housing -> ";
  EXPECT_TRUE(With(rule + ask + "hide by A\n").ok());
  ExpectFault(rule + ask + "show by A\n", 3, 1, "it is hide by A");
  ExpectFault(rule + ask + "hide by default\n", 3, 1, "it is hide by A");
  ExpectFault(rule + ask + "hide, missing consent\n", 3, 1, "it is hide by A");
  ExpectFault(rule + ask + "hide by AA\n", 3, 117, "unknown rule 'AA'", "A");
  CompileOptions strict;
  strict.require_example_for_each_rule = true;
  EXPECT_FALSE(With(rule, strict).ok());
  EXPECT_TRUE(With(rule + ask + "hide by A\n", strict).ok());
}

TEST(Compile, AFailingCheckIsAFaultAndNamesTheCell) {
  const std::string rule =
      "rule A \"a\"\n  show existence, contact of housing to connexions practitioner\n"
      "  when purpose is referral\n  basis ca2004-s10\n";
  EXPECT_TRUE(With(rule + "check no yot practitioner sees anything of housing\n").ok());
  EXPECT_TRUE(With(rule + "check no one sees anything of housing when purpose is housing\n").ok());
  EXPECT_TRUE(With(rule + "check no one sees content of anything\n").ok());
  EXPECT_TRUE(With(rule + "check no one sees anything of housing, except by A\n").ok());
  ExpectFault(rule + "check no one sees contact of housing\n", 5, 1,
              "a practitioner of northern-connexions, for referral");
  ExpectFault(
      rule + "check no connexions practitioner sees contact of housing without a relationship\n", 5,
      1, "not involved: contact of housing");
}

TEST(Compile, ACheckLearnsOfBrokersToo) {
  const std::string rule =
      "rule A \"a\"\n  broker existence of housing to practitioner\n  basis ca2004-s10\n";
  EXPECT_TRUE(With(rule + "check no one sees anything of housing\n").ok());
  ExpectFault(rule + "check no one learns anything of housing\n", 4, 1, "is broker by A");
}

// Each kind of fact is a dimension of the proof: without it the broken rule would pass.
TEST(Compile, ChecksAreProvedOverEveryKindOfFact) {
  const auto rule = [](const std::string& unless) {
    return absl::StrCat("rule A \"a\"\n show contact of housing to practitioner\n",
                        " when consent is in force ", unless, "\n basis consent\n");
  };
  const std::pair<const char*, const char*> proved[] = {
      {"unless person has a new identity", "when person has a new identity"},
      {"unless item is about a spent offence", "when item is about a spent offence"},
      {"unless item names a victim", "when item names a victim"},
      {"unless consent is refused by the young person",
       "when consent is refused by the young person"},
      {"unless consent to the service is withdrawn from a court",
       "when consent to the service is withdrawn by a court"},
      {"from a parent", "without consent in force from a parent"},
  };
  for (const auto& [unless, check] : proved) {
    const std::string said = absl::StrCat("check no one sees contact of housing ", check, "\n");
    EXPECT_TRUE(With(rule(unless) + said).ok()) << With(rule(unless) + said).Errors();
    EXPECT_FALSE(With(rule("") + said).ok()) << check;
    for (const auto& [other, ignored] : proved) {
      if (other == unless) continue;
      EXPECT_FALSE(With(rule(other) + said).ok()) << other << " / " << check;
    }
  }
}

TEST(Compile, ManyWaysToSpeakOfConsentAreProvedToo) {
  std::string rules;
  int n = 0;
  for (const char* matter : {"", "to the service ", "to data-protection "}) {
    for (const char* by : {"self", "self-competent", "a parent", "a court", "an authority"}) {
      absl::StrAppend(&rules, "rule R", ++n, " \"r\"\n hide contact of housing from everyone when ",
                      "consent ", matter, "is refused by ", by, "\n");
    }
  }
  EXPECT_TRUE(With(rules).ok());
  const std::string check =
      "check no one sees contact of housing when consent to data-protection is refused from a "
      "court\n";
  EXPECT_TRUE(With(rules + check).ok());
  absl::StrAppend(&rules, "rule S \"s\"\n show contact of housing to everyone basis ca2004-s10\n");
  EXPECT_TRUE(With(rules + check).ok());
  ExpectFault(rules + "check no one sees contact of housing\n", 33, 1, "is show by S");
}

TEST(Compile, ACheckTooLargeToProveRefusesThePolicy) {
  CompileOptions options;
  options.check_cells_max = 1;
  const std::string text =
      "rule A \"a\"\n  show contact of housing to connexions practitioner\n  basis ca2004-s10\n"
      "check no yot practitioner sees anything of housing\n";
  EXPECT_TRUE(With(text).ok());
  EXPECT_FALSE(With(text, options).ok());
}

TEST(Compile, LimitsHoldAtTheLimitAndOnePast) {
  const auto rules = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&text, "rule R", i, " \"r\"\n hide contact of housing from everyone\n");
    }
    return text;
  };
  EXPECT_TRUE(With(rules(kRulesMax)).ok());
  EXPECT_FALSE(With(rules(kRulesMax + 1)).ok());
  const auto statements = [](int count) {
    std::string text = "rule R \"r\"\n";
    for (int i = 0; i < count; ++i) text += " hide contact of housing from everyone\n";
    return text;
  };
  EXPECT_TRUE(With(statements(kStatementsPerRuleMax)).ok());
  EXPECT_FALSE(With(statements(kStatementsPerRuleMax + 1)).ok());
  const auto list = [](int count) {
    std::string text = "rule R \"r\"\n hide contact of housing";
    for (int i = 1; i < count; ++i) text += ", housing";
    return text + " from everyone\n";
  };
  EXPECT_TRUE(With(list(kListWordsMax)).ok());
  EXPECT_FALSE(With(list(kListWordsMax + 1)).ok());
  const auto padded = [](size_t bytes) {
    const std::string head = kHead;
    return head + "#" + std::string(bytes - head.size() - 1, 'x');
  };
  EXPECT_TRUE(Compile(padded(kPolicyTextBytesMax), NortownVocabulary()).ok());
  EXPECT_FALSE(Compile(padded(kPolicyTextBytesMax + 1), NortownVocabulary()).ok());
}

TEST(Compile, AHostileFileIsRefusedSoon) {
  for (const char* unit : {"rule ", "agreement G \"g\" ", "\"", "override O \"o\" to x lifts a ",
                           "example \"e\": ", "\x01\xff ", "group g = ", "-> ", "check no one\n"}) {
    std::string text = kHead;
    while (text.size() + 64 < kPolicyTextBytesMax) text += unit;
    const CompileResult result = Compile(text, NortownVocabulary());
    EXPECT_FALSE(result.ok());
    EXPECT_LE(result.diagnostics.size(), static_cast<size_t>(kDiagnosticsMax));
  }
}

TEST(Compile, AFaultyVocabularyIsRefusedOnLineZero) {
  const auto refused = [](const Vocabulary& vocabulary) {
    const CompileResult result = Compile(kHead, vocabulary);
    return !result.ok() && result.diagnostics.front().line == 0;
  };
  Vocabulary v = NortownVocabulary();
  v.roles.push_back("practitioner");
  EXPECT_TRUE(refused(v));
  v = NortownVocabulary();
  v.services.push_back({"Housing Advice", ""});
  EXPECT_TRUE(refused(v));
  v = NortownVocabulary();
  v.services.push_back({"nortown-yot", ""});
  EXPECT_TRUE(refused(v));
  v = NortownVocabulary();
  v.teams[0].agencies.push_back("nowhere");
  EXPECT_TRUE(refused(v));
  v = NortownVocabulary();
  v.agencies.push_back(v.agencies[0]);
  EXPECT_TRUE(refused(v));
}

TEST(Compile, NamesWhatAWordProcessorPutThere) {
  ExpectFault(
      "rule A \xE2\x80\x9Ctitle of it\xE2\x80\x9D\n hide contact of housing from everyone\n", 1, 8,
      "a curly quote, as Word writes it");
  ExpectFault(
      "rule A \"a\"\n hide contact of housing\xC2\xA0"
      "from everyone\n",
      2, 25, "a no-break space");
  // A quoted text keeps its apostrophes and dashes.
  EXPECT_TRUE(With("rule A \"what\xE2\x80\x99s theirs \xE2\x80\x94 and not\"\n"
                   " hide contact of housing from everyone\n")
                  .ok());
  // One fault, and not one for each word of the title.
  EXPECT_EQ(
      With("rule A \xE2\x80\x9Ctitle of it\xE2\x80\x9D\n hide contact of housing from everyone\n")
          .diagnostics.size(),
      1u);
  const CompileResult marked = Compile(std::string("\xEF\xBB\xBF") + kHead, NortownVocabulary());
  ASSERT_EQ(marked.diagnostics.size(), 1u) << marked.Errors();
  EXPECT_NE(marked.Errors().find("1:1: this is a byte-order mark"), std::string::npos)
      << marked.Errors();
  // Not every one stands where the file begins.
  ExpectFault("rule A \"a\"\n hide contact of housing\xEF\xBB\xBF from everyone\n", 2, 25,
              "take it out anywhere else");
}

TEST(Compile, ListsTheChoicesWhereAWordOfAClosedListIsWrong) {
  ExpectFault(
      "rule A \"a\"\n show contact of housing to everyone when purpose is hosing\n basis "
      "ca2004-s10\n",
      2, 54, "it is one of assessment, support-planning, safeguarding", "housing");
}

TEST(Compile, ASensitiveServiceMustBeInTheGroup) {
  const CompileResult result = Compile(
      "policy \"P\" version 1 in force 2025-04-01 approved by \"B\"\n"
      "where no rule shows an item, hide it\n"
      "group sensitive = substance-misuse, sexual-health\n",
      NortownVocabulary());
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.Errors().find("'mental-health' is sensitive"), std::string::npos);
  // At the group, with the whole line.
  EXPECT_EQ(result.diagnostics.front().line, 3);
  EXPECT_NE(
      result.Errors().find("group sensitive = substance-misuse, sexual-health, mental-health"),
      std::string::npos)
      << result.Errors();
}

}  // namespace
}  // namespace signpost::policy
