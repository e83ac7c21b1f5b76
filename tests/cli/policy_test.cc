// `signpost policy`, as an officer types it, on the policy that ships.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/clock.h"
#include "hub/base/random.h"
#include "tests/base/scratch_folder.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kTree = SIGNPOST_SOURCE_DIR;
const std::string kNortown = kTree + "/policy/shipped/nortown.policy";

class PolicyCommandsTest : public ::testing::Test {
 protected:
  struct Said {
    int code;
    std::string out;
    std::string err;
  };

  // `signpost policy WORDS...` against Nortown's words.
  Said Policy(std::vector<std::string> words, bool with_words = true) {
    words.insert(words.begin(), "policy");
    if (with_words) {
      for (const std::string& word :
           {std::string("--words"), kTree + "/deploy/area/nortown-words.json",
            std::string("--area"), kTree + "/deploy/area/nortown.json"}) {
        words.push_back(word);
      }
    }
    std::ostringstream out;
    std::ostringstream err;
    Terminal terminal{&out, &err, &clock_, &random_};
    const int code = RunCli(terminal, words);
    return {code, out.str(), err.str()};
  }

  std::string Nortown() { return *ReadBytes(kNortown, 1 << 20); }
  // A file of this test with this text.
  std::string File(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    EXPECT_TRUE(WriteBytes(path, text).ok());
    return path;
  }
  // Nortown's policy, changed.
  std::string Changed(const std::string& from, const std::string& to) {
    const std::string text = absl::StrReplaceAll(Nortown(), {{from, to}});
    EXPECT_NE(text, Nortown()) << from;
    return File("changed.policy", text);
  }

  base::ManualClock clock_{absl::FromUnixSeconds(1'782'000'000)};  // June 2026
  base::OsRandom random_;
  const base::ScratchFolder folder_;
};

TEST_F(PolicyCommandsTest, CheckFindsNothingInWhatShips) {
  const Said said = Policy({"check", kNortown});
  EXPECT_EQ(said.code, 0) << said.out << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("Nortown need to know"), HasSubstr("its checks are proved"),
                              HasSubstr("Nothing to look at.")));
  EXPECT_THAT(said.out, HasSubstr("Who sees more of the other"));
  // The hub knows of no auditor or operator in a policy, so neither does the tool.
  EXPECT_THAT(said.out, Not(HasSubstr("nortown-audit")));
  EXPECT_EQ(said.err, "");
}

TEST_F(PolicyCommandsTest, CheckNamesWhatTheHubDoesNotSupply) {
  const Said said = Policy({"check", kNortown});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, AllOf(HasSubstr("rule MARKED rests on 'marked-sensitive'"),
                              HasSubstr("rule NEW-IDENTITY rests on 'person has a new identity'"),
                              HasSubstr("rule VICTIM-NAMED rests on 'item names a victim'"),
                              HasSubstr("3 rules rest on what the hub does not supply yet")));
}

TEST_F(PolicyCommandsTest, CheckNamesAMissingProtectionWithTheLinesToAdd) {
  const std::string path =
      File("open.policy",
           "policy \"Open\" version 1 in force 2025-04-01 approved by \"B\"\n"
           "where no rule shows an item, hide it\n"
           "group sensitive = sexual-health, mental-health, substance-misuse\n"
           "rule OPEN \"o\"\n show existence, agency, contact of housing to practitioner\n"
           " when person has no new identity and item names no victim\n"
           " and item is not about a spent offence\n basis ca2004-s10\n");
  const Said said = Policy({"check", path});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, AllOf(HasSubstr("something locates a shielded person: a practitioner of"),
                              HasSubstr("is show by OPEN"), HasSubstr("add to the policy:"),
                              HasSubstr("rule SHIELD \"Nothing that locates a shielded person\""),
                              HasSubstr("when consent is refused by the young person"),
                              Not(HasSubstr("rule NEW-IDENTITY"))));
}

TEST_F(PolicyCommandsTest, CheckSaysWhereAFaultIs) {
  const std::string path = Changed("show existence, agency, contact of sensitive to practitioner",
                                   "show existence, agency, contact of sensitve to practitioner");
  const Said said = Policy({"check", path});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.out, "");
  EXPECT_THAT(said.err, ::testing::ContainsRegex("changed.policy:[0-9]+:[0-9]+: unknown"));
  EXPECT_THAT(said.err, HasSubstr("did you mean 'sensitive'?"));
}

TEST_F(PolicyCommandsTest, CheckSaysWhichExampleAndWhichCheckFail) {
  const Said example = Policy(
      {"check", Changed("content of asset section victims of youth-offending held by nortown-yot "
                        "-> show by OWN",
                        "content of asset section victims of youth-offending held by nortown-yot "
                        "-> hide by OWN")});
  EXPECT_EQ(example.code, 1);
  EXPECT_THAT(example.err, HasSubstr("the example \"An agency sees what it holds itself\" fails"));
  const Said check = Policy({"check", Changed("check no practitioner sees record of anything",
                                              "check no one sees record of anything")});
  EXPECT_EQ(check.code, 1);
  EXPECT_THAT(check.err,
              AllOf(HasSubstr("no one sees record of anything' fails: "), HasSubstr("record of")));
}

TEST_F(PolicyCommandsTest, CheckFindsWhatIsDoubtful) {
  const Said said = Policy({"check", kNortown, "--on", "2036-01-01"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("YOT-CONNEXIONS"));
  EXPECT_THAT(said.out, HasSubstr("to look at."));
}

// What ships does not fail by growing old: that a review is due is said, and is a warning.
TEST_F(PolicyCommandsTest, AReviewThatIsDueIsAWarning) {
  const Said said = Policy({"check", kTree + "/policy/shipped/midland.policy", "--words",
                            kTree + "/deploy/area/midland-words.json", "--area",
                            kTree + "/deploy/area/midland.json", "--on", "2027-03-01"},
                           false);
  EXPECT_EQ(said.code, 0) << said.out << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("was to be reviewed on 1 October 2026"),
                              HasSubstr("5 things to look at.")));
}

TEST_F(PolicyCommandsTest, ExplainNamesBasisAndDuties) {
  const std::string question =
      "yot-officer of nortown-yot, for youth-justice; contact of youth-offending held by "
      "nortown-yot";
  EXPECT_THAT(Policy({"explain", kNortown, question, "--json"}).out,
              AllOf(HasSubstr("\"basis\": \"own-record\""), HasSubstr("\"duties\": [")));
  EXPECT_THAT(Policy({"explain", kNortown, question}).out, HasSubstr("own-record"));
  // A flag that there cannot be has no answer.
  const Said none = Policy({"explain", kNortown,
                            "yot-officer of nortown-yot, for youth-justice; contact of "
                            "sexual-health held by nortown-yot"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("nortown-yot has no flags of sexual-health; it has those of"));
}

TEST_F(PolicyCommandsTest, ExplainSpeaksInBothVoices) {
  const Said said = Policy({"explain", kNortown,
                            "personal-adviser of northern-connexions, involved, for "
                            "support-planning; content of asset section lifestyle of "
                            "youth-offending held by nortown-yot"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("hide by default, missing explicit-consent"),
                              HasSubstr("The worker reads"), HasSubstr("explicit consent"),
                              HasSubstr("The auditor reads"), HasSubstr("policy \"Nortown")));
  const Said wrong = Policy({"explain", kNortown,
                             "personal-adviser of northern-conexions; contact "
                             "of youth-offending held by nortown-yot"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("question:1:"), HasSubstr("northern-connexions")));
}

TEST_F(PolicyCommandsTest, WhoCanSeeNamesEverybody) {
  const Said said =
      Policy({"who-can-see", kNortown, "contact of voluntary-project held by nightstop-project"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("of nightstop-project"), HasSubstr("show by OWN"),
                              HasSubstr("Nobody else, and under no other circumstances.")));
  EXPECT_THAT(said.out, Not(HasSubstr("of northern-connexions")));
  EXPECT_EQ(Policy({"who-can-see", kNortown, "contact of everything"}).code, 2);
}

TEST_F(PolicyCommandsTest, DiffSaysGainsAndLosses) {
  const Said same = Policy({"diff", kNortown, kNortown});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_EQ(same.out, "Nobody gains or loses sight of anything.\n");
  const std::string fewer = Changed(
      "and purpose is assessment or support-planning or safeguarding or service-delivery "
      "or referral\n  basis esa2008-s76",
      "and purpose is assessment or support-planning or safeguarding\n  basis esa2008-s76");
  const Said less = Policy({"diff", kNortown, fewer});
  EXPECT_EQ(less.code, 1);
  EXPECT_THAT(less.out,
              AllOf(HasSubstr("Less is seen"),
                    HasSubstr("- practitioner of "
                              "northern-connexions"),
                    HasSubstr("show by ADVISER -> hide"), Not(HasSubstr("More is seen"))));
  EXPECT_THAT(Policy({"diff", fewer, kNortown}).out,
              AllOf(HasSubstr("More is seen"), Not(HasSubstr("Less is seen"))));
}

TEST_F(PolicyCommandsTest, ATableComesBackAsTheSamePolicy) {
  const Said csv = Policy({"table", kNortown, "--csv"}, false);
  EXPECT_EQ(csv.code, 0) << csv.err;
  EXPECT_THAT(csv.out, HasSubstr("block,agreement,id,title,effect"));
  const Said text = Policy({"table", File("t.csv", csv.out), "--import"}, false);
  EXPECT_EQ(text.code, 0) << text.err;
  const Said same = Policy({"diff", kNortown, File("t.policy", text.out)});
  EXPECT_EQ(same.code, 0) << same.out << same.err;
  const Said wrong = Policy({"table", File("bad.csv", "block,colour\n"), "--import"}, false);
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("bad.csv:1:1: there is no column 'colour'"));
  EXPECT_THAT(Policy({"table", kNortown}, false).out, HasSubstr("ADVISER  An adviser may know"));
}

TEST_F(PolicyCommandsTest, FormatsChecksAndRewrites) {
  const std::string ugly = "rule   R \"r\" hide everything of a,b to c # why\n";
  const std::string canonical = "rule R \"r\"\n  hide everything of a, b to c  # why\n";
  const std::string path = File("ugly.policy", ugly);
  std::filesystem::permissions(path, std::filesystem::perms(0644));

  const Said printed = Policy({"format", path}, false);
  EXPECT_EQ(printed.code, 0) << printed.err;
  EXPECT_EQ(printed.out, canonical);
  const Said check = Policy({"format", path, "--check"}, false);
  EXPECT_EQ(check.code, 1);
  EXPECT_EQ(check.out, "");
  EXPECT_THAT(check.err, HasSubstr("ugly.policy is not in the canonical layout; signpost policy"));
  EXPECT_EQ(*ReadBytes(path, 1000), ugly) << "only --write writes";

  const Said written = Policy({"format", path, "--write"}, false);
  EXPECT_EQ(written.code, 0) << written.err;
  EXPECT_THAT(written.out, HasSubstr("ugly.policy is now in the canonical layout."));
  EXPECT_EQ(*ReadBytes(path, 1000), canonical);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0644));
  const Said again = Policy({"format", path, "--check"}, false);
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(again.out + again.err, "");
  EXPECT_THAT(Policy({"format", path, "--write"}, false).out, HasSubstr("already"));
}

TEST_F(PolicyCommandsTest, FormatLeavesAloneWhatIsNoText) {
  const std::string path = File("broken.policy", "rule   R \"no end\n");
  for (const char* const option : {"--check", "--write"}) {
    const Said said = Policy({"format", path, option}, false);
    EXPECT_EQ(said.code, 1) << option;
    EXPECT_EQ(said.out, "") << option;
    EXPECT_THAT(said.err, HasSubstr("broken.policy:1:10: a quoted text must end")) << option;
  }
  EXPECT_EQ(*ReadBytes(path, 1000), "rule   R \"no end\n");
  EXPECT_EQ(Policy({"format", path, "--check", "--write"}, false).code, 2);
  EXPECT_EQ(Policy({"format", "/nonexistent.policy"}, false).code, 2);
}

TEST_F(PolicyCommandsTest, AFormattedPolicyIsTheSamePolicy) {
  const Said text = Policy({"format", kNortown}, false);
  EXPECT_EQ(text.code, 0) << text.err;
  const Said same = Policy({"diff", kNortown, File("formatted.policy", text.out)});
  EXPECT_EQ(same.code, 0) << same.out << same.err;
}

TEST_F(PolicyCommandsTest, ExportsCedar) {
  const Said said = Policy({"export", "cedar", kNortown});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("@id(\"ASSET-CONSENT\")"), HasSubstr("forbid (principal")));
}

TEST_F(PolicyCommandsTest, AgreementsSayWhatAnAgencyMaySee) {
  const Said said = Policy({"agreements", kNortown, "--agency", "northern-connexions"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out,
              AllOf(HasSubstr("Nortown Youth Offending Team, under \"YOT and Connexions, "
                              "Nortown\""),
                    HasSubstr("ASSET with written consent"), Not(HasSubstr("not in force"))));
  EXPECT_THAT(
      Policy({"agreements", kNortown, "--agency", "northern-connexions", "--on", "2036-01-01"}).out,
      HasSubstr("(not in force)"));
  const Said nobody = Policy({"agreements", kNortown, "--agency", "nowhere"});
  EXPECT_EQ(nobody.code, 2);
  EXPECT_THAT(nobody.err, HasSubstr("it has nortown-yot"));
}

TEST_F(PolicyCommandsTest, SaysWhatIsMissing) {
  const Said words = Policy({"check", kNortown}, false);
  EXPECT_EQ(words.code, 2);
  EXPECT_THAT(words.err, HasSubstr("--words FILE"));
  EXPECT_EQ(Policy({"check", "/nonexistent.policy"}).code, 2);
  EXPECT_EQ(Policy({"check"}).code, 2);
  const Said area = Policy({"check", kNortown, "--words", kNortown, "--area", kNortown}, false);
  EXPECT_EQ(area.code, 2);
  EXPECT_THAT(area.err, HasSubstr("nortown.policy"));
  for (const char* const command :
       {"check", "explain", "who-can-see", "diff", "table", "format", "agreements"}) {
    const Said help = Policy({command, "--help"}, false);
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr(absl::StrCat("usage: signpost policy ", command)));
  }
  EXPECT_THAT(Policy({"export", "cedar", "--help"}, false).out,
              HasSubstr("usage: signpost policy export cedar FILE"));
}

}  // namespace
}  // namespace signpost::adapters::cli
