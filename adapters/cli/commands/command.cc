#include "adapters/cli/commands/command.h"

#include <algorithm>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/text/page.h"

namespace signpost::adapters::cli {
namespace {

constexpr int kOptionColumn = 30;
// How far a name may be from the one that was meant, of so many letters, to be a likely slip of the
// hand: a short name with two edits is another name.
size_t SlipMax(const std::string& name) { return name.size() < sizeof("--reason") - 1 ? 1 : 2; }

// Edits between two short words, to guess what was meant.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// A command with its options declared, ready to read words.
class Reader {
 public:
  explicit Reader(const Command& command) {
    // Help is asked for before a line is read (cli.cc), and what is too much is told in our words.
    app_.set_help_flag();
    app_.allow_extras();
    run_ = command.declare(&app_);
  }

  std::vector<const CLI::Option*> Positionals() const {
    return Select([](const CLI::Option& option) { return option.get_positional(); });
  }
  std::vector<const CLI::Option*> Options() const {
    return Select([](const CLI::Option& option) { return !option.get_positional(); });
  }
  std::string PositionalNames() const {
    return absl::StrJoin(Positionals(), " ", [](std::string* out, const CLI::Option* option) {
      absl::StrAppend(out, option->get_name());
    });
  }

  absl::StatusOr<Command::Run> Read(const std::vector<std::string>& words) {
    // To CLI11 "--name=" is a name whose value is the next word.
    for (const std::string& word : words) {
      if (absl::StartsWith(word, "--") && word.back() == '=' &&
          Find(word.substr(0, word.size() - 1))) {
        return absl::InvalidArgumentError(absl::StrCat(word, " has no value"));
      }
    }
    std::string fault;
    try {
      // CLI11 takes words from the back.
      app_.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    } catch (const CLI::ParseError& error) {
      fault = InWords(error);
    }
    // An option that there is not explains whatever else is wrong behind it, and goes first.
    std::string superfluous;
    for (const std::string& word : app_.remaining()) {
      if (word.size() > 1 && word.front() == '-') {
        return absl::InvalidArgumentError(UnknownOption(word.substr(0, word.find('='))));
      }
      if (superfluous.empty()) superfluous = word;
    }
    if (!fault.empty()) return absl::InvalidArgumentError(fault);
    const std::vector<const CLI::Option*> positionals = Positionals();
    const bool missing =
        std::any_of(positionals.begin(), positionals.end(),
                    [](const CLI::Option* option) { return option->count() == 0; });
    if (missing) return absl::InvalidArgumentError(absl::StrCat("wants ", PositionalNames()));
    if (!superfluous.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", superfluous, "\" is one word too many",
                       positionals.empty() ? "" : absl::StrCat("; wants ", PositionalNames())));
    }
    return run_;
  }

 private:
  template <typename Predicate>
  std::vector<const CLI::Option*> Select(Predicate predicate) const {
    return app_.get_options([&](const CLI::Option* option) { return predicate(*option); });
  }
  const CLI::Option* Find(const std::string& name) const {
    for (const CLI::Option* option : Options()) {
      if (option->get_name() == name) return option;
    }
    return nullptr;
  }

  std::string UnknownOption(const std::string& name) const {
    const CLI::Option* nearest = nullptr;
    size_t nearest_distance = SlipMax(name) + 1;
    for (const CLI::Option* option : Options()) {
      const size_t distance = Distance(option->get_name(), name);
      if (distance < nearest_distance) {
        nearest = option;
        nearest_distance = distance;
      }
    }
    return absl::StrCat(
        "there is no option ", name,
        nearest == nullptr ? "" : absl::StrCat("; did you mean ", nearest->get_name(), "?"));
  }

  // What CLI11 found wrong, as a sentence of ours. Whether an option has a value too many, too few
  // or one that it cannot take is one type of error to CLI11, so the option itself is looked at. It
  // names the option first, a switch without its dashes.
  std::string InWords(const CLI::ParseError& error) const {
    const std::string said = error.what();
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) == nullptr) return said;
    const std::string first = said.substr(0, said.find_first_of(": "));
    const CLI::Option* const option = Find(absl::StartsWith(first, "--") ? first : "--" + first);
    if (option == nullptr) return said;
    const std::string name = option->get_name();
    if (option->get_items_expected_max() == 0) return absl::StrCat(name, " takes no value");
    if (option->count() > 1) return absl::StrCat(name, " is given twice");
    return absl::StrCat(name, " wants a value: ", option->get_type_name());
  }

  CLI::App app_;
  Command::Run run_;
};

}  // namespace

void LocalOptions::DeclareCommon(CLI::App* app) {
  BeginGroup(app, "How it answers");
  AddSwitch(app, "--json", "Print JSON.", &json);
}

absl::StatusOr<Command::Run> ReadCommandLine(const Command& command,
                                             const std::vector<std::string>& words) {
  return Reader(command).Read(words);
}

std::string PositionalsOf(const Command& command) { return Reader(command).PositionalNames(); }

std::string CommandHelp(const Command& command) {
  const Reader reader(command);
  const std::string positionals = reader.PositionalNames();
  Page page;
  page.Line(absl::StrCat("usage: signpost ", command.words,
                         positionals.empty() ? "" : absl::StrCat(" ", positionals), " [options]"));
  page.Blank();
  page.Paragraph(0, command.summary);
  if (!command.detail.empty()) {
    page.Blank();
    for (const absl::string_view paragraph : absl::StrSplit(command.detail, '\n')) {
      page.Paragraph(0, std::string(paragraph));
    }
  }
  std::string group;
  for (const CLI::Option* option : reader.Options()) {
    if (option->get_group() != group) {
      group = option->get_group();
      page.Blank();
      page.Line(group);
    }
    const bool is_switch = option->get_items_expected_max() == 0;
    const bool repeated = option->get_items_expected_max() > 1;
    page.Field(2, kOptionColumn,
               absl::StrCat(option->get_name(), is_switch ? "" : " ",
                            is_switch ? "" : option->get_type_name()),
               absl::StrCat(option->get_description(), repeated ? " May be repeated." : ""));
  }
  return page.text();
}

std::vector<std::string> OptionNamesOf(const Command& command) {
  std::vector<std::string> names;
  const Reader reader(command);
  for (const CLI::Option* option : reader.Options()) names.push_back(option->get_name());
  return names;
}

}  // namespace signpost::adapters::cli
