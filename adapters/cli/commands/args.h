// The command line: which command, which options, and a complaint that helps when it is wrong.
//
// Pure; plain values.

#ifndef SIGNPOST_ADAPTERS_CLI_COMMANDS_ARGS_H_
#define SIGNPOST_ADAPTERS_CLI_COMMANDS_ARGS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace signpost::adapters::cli {

struct Option {
  std::string name;   // "--purpose"
  std::string value;  // "PURPOSE", as help shows it; empty for a switch
  std::string help;
  bool repeated = false;
};

struct CommandSpec {
  std::string words;        // "consent record"
  std::string positionals;  // "FILE", as help shows it; empty for none
  std::string summary;      // one line
  std::string detail;       // further help; may be empty
  std::vector<Option> options;
};

class Args {
 public:
  bool Has(const std::string& name) const { return values_.count(name) > 0; }
  // The option's value, "" when it was not given.
  std::string Get(const std::string& name) const;
  std::string GetOr(const std::string& name, const std::string& fallback) const;
  std::vector<std::string> All(const std::string& name) const;
  const std::vector<std::string>& positionals() const { return positionals_; }

 private:
  friend absl::StatusOr<Args> ParseArgs(const CommandSpec&, const std::vector<Option>&,
                                        const std::vector<std::string>&);
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> positionals_;
};

// Reads what stands behind the command's words: its own options, those of `common`, and as many
// positionals as the command names. `--name=value` and `--name value` are the same. Errors:
// INVALID_ARGUMENT with a sentence for the user.
[[nodiscard]] absl::StatusOr<Args> ParseArgs(const CommandSpec& command,
                                             const std::vector<Option>& common,
                                             const std::vector<std::string>& words);

// Help for one command, 100 columns.
std::string CommandHelp(const CommandSpec& command, const std::vector<Option>& common);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_COMMANDS_ARGS_H_
