// A Command is one command of `signpost`: its words, its help, its options and what runs them.
//
// Plain values. A command is born with MakeCommand() from a struct of options:
//
//   struct FindOptions : HubOptions {
//     std::string purpose;
//     void Declare(CLI::App* app) { AddText(app, "--purpose", "PURPOSE", "Why.", &purpose); }
//   };
//   int Find(Terminal& terminal, const FindOptions& options);
//
//   MakeCommand("find", "Finds one young person.", "", Find)
//
// Behind its own options a command has those of what it derives from: HubOptions (session.h) where
// it asks a hub, LocalOptions where it does not.

#ifndef SIGNPOST_ADAPTERS_CLI_COMMANDS_COMMAND_H_
#define SIGNPOST_ADAPTERS_CLI_COMMANDS_COMMAND_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "adapters/cli/commands/options.h"

namespace signpost::adapters::cli {

struct Terminal;

struct Command {
  // Runs with what was read; returns the exit code.
  using Run = std::function<int(Terminal& terminal)>;

  std::string words;    // "consent record"
  std::string summary;  // one line
  std::string detail;   // further help, a paragraph a line; may be empty
  // Declares the options on `app`, which fills them; Run reads them.
  std::function<Run(CLI::App* app)> declare;
};

template <typename Options>
Command MakeCommand(std::string words, std::string summary, std::string detail,
                    int (*run)(Terminal&, const Options&)) {
  return {std::move(words), std::move(summary), std::move(detail),
          [run](CLI::App* app) -> Command::Run {
            auto options = std::make_shared<Options>();
            options->Declare(app);
            options->DeclareCommon(app);
            return [run, options](Terminal& terminal) { return run(terminal, *options); };
          }};
}

// What every command takes that asks no hub.
struct LocalOptions {
  bool json = false;
  void DeclareCommon(CLI::App* app);
};
// For a command without options of its own: NoOptions<HubOptions>.
template <typename Common>
struct NoOptions : Common {
  void Declare(CLI::App* /*app*/) {}
};

// Reads what stands behind the command's words. Errors: INVALID_ARGUMENT with a sentence for the
// user: an option that there is not (with the nearest that there is), given twice or without its
// value, a value of the wrong form, positionals too many or too few.
[[nodiscard]] absl::StatusOr<Command::Run> ReadCommandLine(const Command& command,
                                                           const std::vector<std::string>& words);

// "FILE QUESTION", the positionals of a command; empty for none.
std::string PositionalsOf(const Command& command);

// Help for one command, 100 columns.
std::string CommandHelp(const Command& command);

// The names of all options that the command takes.
std::vector<std::string> OptionNamesOf(const Command& command);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_COMMANDS_COMMAND_H_
