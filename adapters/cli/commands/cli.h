// `signpost`: the client that people use by hand. What every command shares.
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
#include "adapters/cli/commands/args.h"
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

// Where a command writes and what it takes time and chance from. Nothing is owned.
struct Terminal {
  std::ostream* out;
  std::ostream* err;
  const base::Clock* clock;
  base::RandomSource* random;
  bool bold = false;  // `out` is a terminal
};

using Run = int (*)(Terminal& terminal, const Args& args);

struct Command {
  CommandSpec spec;
  Run run;
  bool asks_hub = true;  // takes the options of a profile
};

std::vector<Command> PublishCommands();      // policy … at a hub, audit replay
std::vector<Command> IndexCommands();        // find, who-knows, report, review
std::vector<Command> ConsentCommands();      // consent …
std::vector<Command> OverrideCommands();     // override …
std::vector<Command> PersonCommands();       // person …
std::vector<Command> RegistryCommands();     // registry …
std::vector<Command> PolicyCommands();       // policy: on files alone
std::vector<Command> AuditCommands();        // audit …, receipt verify, mailbox tail
std::vector<Command> AuditSearchCommands();  // audit search, export, tail
std::vector<Command> PatternCommands();      // audit patterns
std::vector<Command> MaintenanceCommands();  // backup, prune

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

// The session of the profile in `args`.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Session>> OpenSession(Terminal& terminal,
                                                                   const Args& args);

// --person, --record or --details, exactly one, with --nhs-number, --upn and --gender beside the
// last.
const std::vector<Option>& SelectorOptions();
[[nodiscard]] absl::StatusOr<signpost::v1::PersonSelector> ReadSelector(const Args& args);

std::vector<Option> Join(const std::vector<Option>& a, const std::vector<Option>& b);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_COMMANDS_CLI_H_
