// RunCli() is the client that people use by hand, `signpost`; and what every command shares.
//
// Not thread-safe: one command runs, to its end, in the thread that calls RunCli().
//
// Exit codes: 0 done; 1 refused by the hub, or a verification failed; 2 the command line or a file
// on this side is wrong; 3 the hub could not be reached.

#ifndef SIGNPOST_ADAPTERS_CLI_COMMANDS_CLI_H_
#define SIGNPOST_ADAPTERS_CLI_COMMANDS_CLI_H_

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/cli/commands/command.h"
#include "adapters/cli/commands/session.h"
#include "adapters/kit/connection.h"
#include "grpcpp/support/status.h"
#include "hub/base/clock.h"
#include "hub/base/random.h"
#include "signpost/v1/index.pb.h"

namespace signpost::adapters::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitRefused = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 3;

// A little below what the hub allows, for clocks run at their own pace.
inline constexpr absl::Duration kCallDeadline = absl::Seconds(9);
inline constexpr absl::Duration kStreamDeadline = absl::Minutes(30);

// What an assertion says where the call itself names no purpose.
inline constexpr char kPurposeOfConsent[] = "support-planning";
inline constexpr char kPurposeOfKeeping[] = "service-delivery";
inline constexpr char kPurposeOfAudit[] = "audit";

// Help on --joint-look.
inline constexpr char kJointLookHelp[] =
    "Show what it covers as it stands; another auditor agreed to it.";

// What a command says that was not told whose signature it is to believe.
inline constexpr char kWhoseKey[] =
    "say by whose key: --key FILE, or --key with the key's text \"name+hash+base64\"";

// Where a command writes and what it takes time and chance from. Nothing is owned.
struct Terminal {
  std::ostream* out;
  std::ostream* err;
  const base::Clock* clock;
  base::RandomSource* random;
  bool bold = false;  // `out` is a terminal
};

// The groups of commands, each in the file of its name.
std::vector<Command> AuditCommands();       // audit checkpoint, copy, verify, entry, proof, replay
std::vector<Command> AuditJointCommands();  // audit joint-look, pseudonyms
std::vector<Command> AuditPatternsCommands();  // audit patterns
std::vector<Command> AuditSampleCommands();    // audit sample, verify-person
std::vector<Command> AuditSearchCommands();    // audit search, export, tail
std::vector<Command> ConsentCommands();
std::vector<Command> IndexCommands();    // find, who-knows, report
std::vector<Command> StewardCommands();  // review, question
std::vector<Command> MailboxCommands();
std::vector<Command> MaintenanceCommands();  // backup, prune
std::vector<Command> OverrideCommands();
std::vector<Command> PersonCommands();
std::vector<Command> ArchiveCommands();        // archive, hold, death
std::vector<Command> PolicyCommands();         // policy, on files alone
std::vector<Command> PolicyPublishCommands();  // policy, at a hub
std::vector<Command> ReceiptCommands();
std::vector<Command> RegistryCommands();
std::vector<Command> FoundingCommands();
std::vector<Command> CoverCommands();
// All of them, in the order in which help lists them.
const std::vector<Command>& AllCommands();

// Runs `signpost` with these words (without the program's name).
int RunCli(Terminal& terminal, const std::vector<std::string>& words);

// --- For commands ---

// Says what went wrong on this side: exit code 2.
int FailHere(Terminal& terminal, const absl::Status& status);
// Says what the hub answered to `what`, field by field, and what to do next: exit code 1 or 3.
int FailCall(Terminal& terminal, const std::string& what, const grpc::Status& status);
// What to do about a reason; empty when there is nothing to say.
std::string NextStep(const HubError& error);
// Exit code for a refusal.
int ExitCodeOf(const HubError& error);

// The session of the profile that `options` make.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Session>> OpenSession(Terminal& terminal,
                                                                   const HubOptions& options);

// Whom a command is about: --person, --record or --details, exactly one, with --nhs-number, --upn
// and --gender beside the last.
struct PersonOptions {
  std::string details;
  std::string nhs_number;
  std::string upn;
  std::string gender;
  std::string record;
  std::string person;
  void Declare(CLI::App* app);
};
[[nodiscard]] absl::StatusOr<signpost::v1::PersonSelector> ReadSelector(
    const PersonOptions& options);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_COMMANDS_CLI_H_
