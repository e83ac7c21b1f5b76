// The Add functions are declarers of options on a CLI::App (CLI11); each fills a field when read.
//
// A field keeps what it held until its option is read; a text that is given empty counts as not
// given. What is bound must live as long as the app. Declaring one name twice is a bug of ours and
// ends the program. Not thread-safe.
//
// This and command.h are the only places that see CLI11: it throws, and nothing here lets an
// exception out.

#ifndef SIGNPOST_ADAPTERS_CLI_COMMANDS_OPTIONS_H_
#define SIGNPOST_ADAPTERS_CLI_COMMANDS_OPTIONS_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace signpost::adapters::cli {

// A word that stands without an option, such as FILE: needed, in the order of declaring.
void AddPositional(CLI::App* app, const std::string& name, std::string* value);

// --name VALUE or --name=VALUE, once at most. `value_name` is what help calls the value.
void AddText(CLI::App* app, const std::string& name, const std::string& value_name,
             const std::string& help, std::string* value);

// The same, any number of times: one value each time.
void AddList(CLI::App* app, const std::string& name, const std::string& value_name,
             const std::string& help, std::vector<std::string>* values);

// --name: there or not, without a value.
void AddSwitch(CLI::App* app, const std::string& name, const std::string& help, bool* value);

// A whole number from `min` to `max`, as an option or, where `name` has no dashes, as a positional
// that `help` describes.
struct NumberRange {
  uint64_t min = 0;
  uint64_t max = std::numeric_limits<int64_t>::max();
};
void AddNumber(CLI::App* app, const std::string& name, const std::string& value_name,
               const std::string& help, std::optional<uint64_t>* value, NumberRange range = {});

// What is declared from here on stands in help under `heading`.
void BeginGroup(CLI::App* app, const std::string& heading);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_COMMANDS_OPTIONS_H_
