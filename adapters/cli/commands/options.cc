#include "adapters/cli/commands/options.h"

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace signpost::adapters::cli {

void AddPositional(CLI::App* app, const std::string& name, std::string* value) {
  app->add_option(name, *value);
}

void AddText(CLI::App* app, const std::string& name, const std::string& value_name,
             const std::string& help, std::string* value) {
  app->add_option(name, *value, help)->type_name(value_name);
}

void AddList(CLI::App* app, const std::string& name, const std::string& value_name,
             const std::string& help, std::vector<std::string>* values) {
  // Left alone, CLI11 lets a list take every word up to the next option, positionals too, and reads
  // "[a,b]" as two values.
  app->add_option(name, *values, help)->type_name(value_name)->allow_extra_args(false);
}

void AddSwitch(CLI::App* app, const std::string& name, const std::string& help, bool* value) {
  app->add_flag(name, *value, help)->disable_flag_override();
}

void AddNumber(CLI::App* app, const std::string& name, const std::string& value_name,
               const std::string& help, std::optional<uint64_t>* value, NumberRange range) {
  // Read here and not by CLI11, which takes "0x10", "-1" and "1e3" for numbers.
  const auto read = [name, value, range](const std::string& text) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < range.min || number > range.max) {
      const bool bounded = range.max != NumberRange().max;
      throw CLI::ValidationError(absl::StrCat(
          name, " wants a number", range.min > 0 ? absl::StrCat(" from ", range.min) : "",
          bounded ? absl::StrCat(" to ", range.max) : ""));
    }
    *value = number;
  };
  app->add_option_function<std::string>(name, read, help)->type_name(value_name);
}

void BeginGroup(CLI::App* app, const std::string& heading) {
  app->option_defaults()->group(heading);
}

}  // namespace signpost::adapters::cli
