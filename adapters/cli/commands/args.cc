#include "adapters/cli/commands/args.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/text/page.h"

namespace signpost::adapters::cli {
namespace {

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

const Option* Find(const CommandSpec& command, const std::vector<Option>& common,
                   const std::string& name) {
  for (const std::vector<Option>* list : {&command.options, &common}) {
    for (const Option& option : *list) {
      if (option.name == name) return &option;
    }
  }
  return nullptr;
}

absl::Status UnknownOption(const CommandSpec& command, const std::vector<Option>& common,
                           const std::string& name) {
  const Option* nearest = nullptr;
  size_t nearest_distance = 4;  // further away is no likely slip
  for (const std::vector<Option>* list : {&command.options, &common}) {
    for (const Option& option : *list) {
      const size_t distance = Distance(option.name, name);
      if (distance < nearest_distance) {
        nearest = &option;
        nearest_distance = distance;
      }
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no option ", name,
                   nearest == nullptr ? "" : absl::StrCat("; did you mean ", nearest->name, "?")));
}

}  // namespace

std::string Args::Get(const std::string& name) const { return GetOr(name, ""); }

std::string Args::GetOr(const std::string& name, const std::string& fallback) const {
  const auto found = values_.find(name);
  return found == values_.end() ? fallback : found->second.back();
}

std::vector<std::string> Args::All(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

absl::StatusOr<Args> ParseArgs(const CommandSpec& command, const std::vector<Option>& common,
                               const std::vector<std::string>& words) {
  Args args;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!absl::StartsWith(words[i], "--")) {
      args.positionals_.push_back(words[i]);
      continue;
    }
    const size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    const Option* const option = Find(command, common, name);
    if (option == nullptr) return UnknownOption(command, common, name);
    std::string value;
    if (option->value.empty()) {
      if (equals != std::string::npos) {
        return absl::InvalidArgumentError(absl::StrCat(name, " takes no value"));
      }
    } else if (equals != std::string::npos) {
      value = words[i].substr(equals + 1);
    } else if (i + 1 < words.size()) {
      value = words[++i];
    } else {
      return absl::InvalidArgumentError(absl::StrCat(name, " wants a value: ", option->value));
    }
    std::vector<std::string>& values = args.values_[name];
    if (!option->repeated && !values.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is given twice"));
    }
    values.push_back(std::move(value));
  }
  const size_t wanted = command.positionals.empty()
                            ? 0
                            : static_cast<size_t>(1 + std::count(command.positionals.begin(),
                                                                 command.positionals.end(), ' '));
  if (args.positionals_.size() != wanted) {
    return absl::InvalidArgumentError(
        wanted == 0 ? absl::StrCat("\"", args.positionals_.front(), "\" is one word too many")
                    : absl::StrCat("wants ", command.positionals));
  }
  return args;
}

std::string CommandHelp(const CommandSpec& command, const std::vector<Option>& common) {
  Page page;
  page.Line(absl::StrCat("usage: signpost ", command.words,
                         command.positionals.empty() ? "" : absl::StrCat(" ", command.positionals),
                         " [options]"));
  page.Blank();
  page.Paragraph(0, command.summary);
  if (!command.detail.empty()) {
    page.Blank();
    for (const absl::string_view paragraph : absl::StrSplit(command.detail, '\n')) {
      page.Paragraph(0, std::string(paragraph));
    }
  }
  const auto list = [&page](const std::string& heading, const std::vector<Option>& options) {
    if (options.empty()) return;
    page.Blank();
    page.Line(heading);
    for (const Option& option : options) {
      page.Field(2, 30, absl::StrCat(option.name, option.value.empty() ? "" : " ", option.value),
                 absl::StrCat(option.help, option.repeated ? " May be repeated." : ""));
    }
  };
  list("Options", command.options);
  list("Who asks, and where", common);
  return page.text();
}

}  // namespace signpost::adapters::cli
