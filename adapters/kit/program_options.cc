#include "adapters/kit/program_options.h"

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace signpost::adapters {
namespace {

void Declare(CLI::App* app, ProgramOptions* options) {
  // Ours, so that it can be asked for beside whatever is wrong.
  app->set_help_flag();
  app->add_flag("-h,--help", options->help)->disable_flag_override();
  app->add_option("--config", options->config)->type_name("FILE");
  app->add_flag("--once", options->once)->disable_flag_override();
  app->add_flag("--dry-run", options->dry_run)->disable_flag_override();
  app->add_option("--report", options->report)->type_name("FILE");
  app->add_flag("--resend-all", options->resend_all)->disable_flag_override();
  // Read here and not by CLI11, which takes "0x10", "-1" and "1e3" for numbers.
  app->add_option_function<std::string>("--confirm-missing", [options](const std::string& text) {
    if (!absl::SimpleAtoi(text, &options->confirm_missing) || options->confirm_missing < 0) {
      throw CLI::ValidationError("--confirm-missing wants a whole number");
    }
  });
}

}  // namespace

absl::StatusOr<ProgramOptions> ReadProgramOptions(const std::vector<std::string>& words) {
  ProgramOptions options;
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") {
      options.help = true;
      return options;
    }
  }
  for (const std::string& word : words) {
    for (const char* const name : {"--once", "--dry-run", "--resend-all"}) {
      // CLI11 would name it without its dashes.
      if (absl::StartsWith(word, absl::StrCat(name, "="))) {
        return absl::InvalidArgumentError(absl::StrCat(name, " takes no value"));
      }
    }
  }
  try {
    CLI::App app;
    Declare(&app, &options);
    // CLI11 takes words from the back.
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  if (options.config.empty()) return absl::InvalidArgumentError("--config FILE is needed");
  options.once = options.once || options.dry_run;
  if (options.confirm_missing >= 0 && !options.once) {
    return absl::InvalidArgumentError(
        "--confirm-missing goes with --once: a confirmation is for one extract");
  }
  return options;
}

std::string ProgramUsage(const std::string& program) {
  return absl::StrCat(
      "usage: ", program,
      " --config FILE [--once] [--dry-run] [--report FILE] [--confirm-missing N]\n"
      "          [--resend-all]\n"
      "\n"
      "Reads the inbox that FILE names, prints what became of each row, and sends what changed.\n"
      "  --once               process the inbox once and exit; otherwise watch it\n"
      "  --dry-run            print exactly what would leave, one JSON object a line, and send\n"
      "                       nothing (the extract report goes to standard error)\n"
      "  --report FILE        write the extract report as JSON lines\n"
      "  --confirm-missing N  up to N open records may have gone from a full extract\n"
      "  --resend-all         send every record, whatever the journal says\n"
      "Exit codes: 0 done; 1 not all could be sent, run again; 2 usage or configuration;\n"
      "3 the extract, or the closing of what it lacks, was refused.\n");
}

}  // namespace signpost::adapters
