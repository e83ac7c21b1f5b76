// The command line as a whole: help for everything, and what a wrong line is told.

#include "adapters/cli/commands/cli.h"

#include <set>
#include <sstream>

#include "adapters/cli/files/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/version.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::HasSubstr;

class CliRun : public ::testing::Test {
 protected:
  int Run(const std::vector<std::string>& words) {
    out_.str("");
    err_.str("");
    Terminal terminal{&out_, &err_, &clock_, &random_};
    return RunCli(terminal, words);
  }

  std::ostringstream out_;
  std::ostringstream err_;
  base::ManualClock clock_{absl::FromUnixSeconds(1'795'000'000)};
  base::SeededRandom random_{1};
};

TEST_F(CliRun, EveryCommandHasHelp) {
  EXPECT_GE(AllCommands().size(), 45u);
  for (const Command& command : AllCommands()) {
    EXPECT_EQ(Run({"help", command.words.substr(0, command.words.find(' '))}), kExitOk);
    std::vector<std::string> words = {"help"};
    std::istringstream split(command.words);
    for (std::string word; split >> word;) words.push_back(word);
    EXPECT_EQ(Run(words), kExitOk) << command.words;
    EXPECT_THAT(out_.str(), HasSubstr("usage: signpost " + command.words));
    // CLI11 itself refuses a name that is declared twice: an option of a command cannot hide one
    // that says who asks.
    for (const std::string& option : OptionNamesOf(command)) {
      EXPECT_THAT(out_.str(), HasSubstr("\n  " + option)) << command.words;
    }
    const std::string help = out_.str();
    words.erase(words.begin());
    words.push_back("--help");
    EXPECT_EQ(Run(words), kExitOk) << command.words;
    EXPECT_EQ(out_.str(), help);
  }
}

TEST_F(CliRun, GeneralHelpListsEveryCommandOnceWithWhatItTakes) {
  EXPECT_EQ(Run({"help"}), kExitOk);
  std::set<std::string> seen;
  for (const Command& command : AllCommands()) {
    EXPECT_TRUE(seen.insert(command.words).second) << command.words;
    EXPECT_THAT(out_.str(), HasSubstr("\n  " + command.words)) << command.words;
  }
  EXPECT_THAT(out_.str(), HasSubstr("policy explain FILE QUESTION"));
  EXPECT_THAT(out_.str(), HasSubstr("audit replay INDEX"));
}

TEST_F(CliRun, AWrongCommandLineIsTwo) {
  EXPECT_EQ(Run({}), kExitUsage);
  EXPECT_EQ(Run({"who-know"}), kExitUsage);
  EXPECT_EQ(Run({"consent"}), kExitUsage);
  EXPECT_EQ(Run({"who-knows"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--details, --record or --person"));
  EXPECT_EQ(Run({"who-knows", "--record", "x"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--purpose"));
  EXPECT_EQ(Run({"who-knows", "--record", "x", "--purpose", "support-planning"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("missing --hub"));
  EXPECT_EQ(Run({"who-knows", "--record", "x", "--purpose", "safeguarding", "--override-ground",
                 "legal-duty"}),
            kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--override-reason"));
  EXPECT_EQ(Run({"person", "export", "--record", "x", "--reason", "Their request of May",
                 "--include", "5f0c22"}),
            kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--because"));
  EXPECT_EQ(Run({"audit", "verify", "/nowhere"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--key"));
}

TEST_F(CliRun, SaysWhichVersionItIsAndTheBuildSaysTheSame) {
  EXPECT_EQ(Run({"--version"}), kExitOk);
  EXPECT_EQ(out_.str(), std::string("signpost ") + base::kVersion + "\n");
  const auto build = ReadBytes(SIGNPOST_SOURCE_DIR "/CMakeLists.txt", 1 << 20);
  ASSERT_TRUE(build.ok()) << build.status();
  EXPECT_THAT(*build, HasSubstr(std::string("project(signpost VERSION ") + base::kVersion + " "));
  EXPECT_EQ(Run({"--version", "--json"}), kExitUsage);
}

TEST_F(CliRun, NothingToAskForIsNotEverything) {
  for (const char* const nothing : {"", ",", ",,"}) {
    EXPECT_EQ(
        Run({"who-knows", "--record", "x", "--purpose", "support-planning", "--ask", nothing}),
        kExitUsage);
    EXPECT_THAT(err_.str(), HasSubstr("--ask names no aspect")) << nothing;
  }
}

TEST_F(CliRun, HalfACommandSaysWhatThereIsOfItsKind) {
  EXPECT_EQ(Run({"audit", "help"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("audit patterns"));
  EXPECT_THAT(out_.str(), ::testing::Not(HasSubstr("person export")));
  EXPECT_EQ(Run({"person", "--help"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("person export"));
  EXPECT_EQ(Run({"audit", "serach", "--reason", "x"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("no command \"audit serach\""));
  EXPECT_THAT(out_.str(), HasSubstr("audit search"));
  EXPECT_EQ(Run({"nonsense", "help"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("signpost help"));
}

TEST_F(CliRun, AMistypedPersonIsCaughtBeforeTheHubHearsOfIt) {
  EXPECT_EQ(Run({"who-knows", "--person", "SP1-00000-00000-00000-00000-00000-1-Z", "--purpose",
                 "support-planning"}),
            kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("person.agency_person_id"));
}

TEST(NextStep, TellsWhatToDoForEachReasonAWorkerMeets) {
  for (const char* reason :
       {"NOT_FOUND", "CALLER_UNKNOWN", "CALLER_SUSPENDED", "ASSERTION_MISSING", "ASSERTION_INVALID",
        "ASSERTION_EXPIRED", "ASSERTION_FOREIGN", "PRACTITIONER_UNKNOWN", "METHOD_NOT_ALLOWED",
        "PURPOSE_NOT_ALLOWED", "OVERRIDE_INVALID", "TOO_MANY_REQUESTS"}) {
    HubError error;
    error.code = grpc::StatusCode::PERMISSION_DENIED;
    error.reason = reason;
    EXPECT_FALSE(NextStep(error).empty()) << reason;
    EXPECT_EQ(ExitCodeOf(error), kExitRefused) << reason;
  }
  HubError incident;
  incident.code = grpc::StatusCode::INTERNAL;
  incident.reason = "INTERNAL";
  incident.incident_id = "inc-7";
  EXPECT_THAT(NextStep(incident), HasSubstr("inc-7"));
}

TEST(NextStep, UnreachableIsThreeAndAHubThatRefusesIsNot) {
  HubError error;
  error.code = grpc::StatusCode::UNAVAILABLE;
  EXPECT_EQ(ExitCodeOf(error), kExitUnreachable);
  error.reason = "SHUTTING_DOWN";
  EXPECT_EQ(ExitCodeOf(error), kExitRefused);
}

}  // namespace
}  // namespace signpost::adapters::cli
