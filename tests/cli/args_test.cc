// The command line: what is meant is understood, what is not is refused with the nearest guess.

#include "adapters/cli/commands/args.h"

#include <sstream>

#include "adapters/cli/commands/cli.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const CommandSpec kSpec = {"do it",
                           "FILE",
                           "Does it.",
                           "",
                           {{"--purpose", "PURPOSE", "Why."},
                            {"--team", "ID", "A team.", true},
                            {"--explicit", "", "A switch."}}};

absl::StatusOr<Args> Parse(const std::vector<std::string>& words) {
  return ParseArgs(kSpec, {{"--hub", "HOST", "The hub."}}, words);
}

std::string Complaint(const std::vector<std::string>& words) {
  const absl::StatusOr<Args> args = Parse(words);
  return args.ok() ? "no complaint" : std::string(args.status().message());
}

TEST(ParseArgs, ReadsOptionsInEitherSpellingAndAnyPlace) {
  const auto args =
      Parse({"--purpose=x=y", "f", "--team", "a", "--team=b", "--explicit", "--hub", "h"});
  ASSERT_TRUE(args.ok()) << args.status();
  EXPECT_EQ(args->Get("--purpose"), "x=y");
  EXPECT_THAT(args->All("--team"), ElementsAre("a", "b"));
  EXPECT_TRUE(args->Has("--explicit"));
  EXPECT_EQ(args->Get("--hub"), "h");
  EXPECT_THAT(args->positionals(), ElementsAre("f"));
  EXPECT_EQ(args->GetOr("--role", "none"), "none");
}

TEST(ParseArgs, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THAT(Complaint({"f", "--purpos", "x"}), HasSubstr("did you mean --purpose?"));
  EXPECT_THAT(Complaint({"f", "--completely-else", "x"}), ::testing::Not(HasSubstr("mean")));
  EXPECT_THAT(Complaint({"f", "--purpose"}), HasSubstr("wants a value"));
  EXPECT_THAT(Complaint({"f", "--purpose", "a", "--purpose", "b"}), HasSubstr("twice"));
  EXPECT_THAT(Complaint({"f", "--explicit=yes"}), HasSubstr("takes no value"));
  EXPECT_THAT(Complaint({}), HasSubstr("wants FILE"));
  EXPECT_THAT(Complaint({"f", "g"}), HasSubstr("wants FILE"));
}

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
  for (const auto& group : {IndexCommands(), ConsentCommands(), RegistryCommands(), AuditCommands(),
                            PublishCommands(), AuditSearchCommands()}) {
    for (const Command& command : group) {
      EXPECT_EQ(Run({"help", command.spec.words.substr(0, command.spec.words.find(' '))}), kExitOk);
      std::vector<std::string> words = {"help"};
      std::istringstream split(command.spec.words);
      for (std::string word; split >> word;) words.push_back(word);
      EXPECT_EQ(Run(words), kExitOk) << command.spec.words;
      EXPECT_THAT(out_.str(), HasSubstr("usage: signpost " + command.spec.words));
      for (const Option& option : command.spec.options) {
        EXPECT_THAT(out_.str(), HasSubstr(option.name));
        EXPECT_FALSE(option.help.empty()) << option.name;
      }
      // An option of the command must not hide one that says who asks.
      if (!command.asks_hub) continue;
      for (const Option& option : command.spec.options) {
        for (const Option& common : ProfileOptions()) EXPECT_NE(option.name, common.name);
      }
    }
  }
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
  EXPECT_EQ(Run({"audit", "verify", "/nowhere"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--key"));
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
  EXPECT_THAT(err_.str(), HasSubstr("person_id"));
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
