#include "adapters/kit/mapping.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/base/strict_json.h"

namespace signpost::adapters {
namespace {

using nlohmann::json;
using Violations = std::vector<base::FieldViolation>;

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

std::string UnknownKey(const std::string& key, const json& known) {
  std::string nearest;
  size_t distance = 4;
  for (const auto& item : known.items()) {
    const size_t d = EditDistance(key, item.key());
    if (d < distance) {
      distance = d;
      nearest = item.key();
    }
  }
  if (nearest.empty()) return "no such key";
  return absl::StrCat("no such key; did you mean \"", nearest, "\"?");
}

std::string Join(const std::string& path, const std::string& key) {
  return path.empty() ? key : absl::StrCat(path, ".", key);
}

// `base` says what may stand where and of which type; codes and the rules' list are open.
void CheckOverlay(const json& base, const json& overlay, const std::string& path,
                  Violations* violations) {
  for (const auto& item : overlay.items()) {
    const std::string& key = item.key();
    const std::string here = Join(path, key);
    if (key == "comment") continue;
    if (!base.contains(key)) {
      violations->push_back({here, UnknownKey(key, base)});
      continue;
    }
    const json& model = base[key];
    if (model.type() != item.value().type() && !(model.is_number() && item.value().is_number())) {
      violations->push_back(
          {here, absl::StrCat("must be ", model.type_name(), ", not ", item.value().type_name())});
      continue;
    }
    if (!model.is_object()) continue;
    if (path == "codes") {
      for (const auto& code : item.value().items()) {
        if (!code.value().is_string()) {
          violations->push_back({Join(here, code.key()), "must be string"});
        }
      }
      continue;
    }
    CheckOverlay(model, item.value(), here, violations);
  }
}

absl::Status Refuse(const std::string& source, const Violations& violations) {
  return base::Error(
      base::Reason::kInvalidField,
      absl::StrCat("mapping ", source, ": ",
                   absl::StrJoin(violations, "; ",
                                 [](std::string* out, const base::FieldViolation& v) {
                                   absl::StrAppend(out, v.field, ": ", v.description);
                                 })),
      violations);
}

std::string Text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

absl::StatusOr<Mapping> Mapping::Parse(absl::string_view base_text, absl::string_view overlay,
                                       const std::string& source) {
  Mapping mapping;
  SIGNPOST_ASSIGN_OR_RETURN(mapping.json_, base::ParseStrictJson(base_text));
  Violations violations;
  if (!absl::StripAsciiWhitespace(overlay).empty()) {
    absl::StatusOr<json> laid = base::ParseStrictJson(overlay);
    if (!laid.ok() || !laid->is_object()) {
      return Refuse(source, {{"json", laid.ok() ? "must be one JSON object"
                                                : std::string(laid.status().message())}});
    }
    CheckOverlay(mapping.json_, *laid, "", &violations);
    if (!violations.empty()) return Refuse(source, violations);
    mapping.json_.merge_patch(*laid);
  }
  const json& all = mapping.json_;
  if (!all.is_object() || !all.contains("version") || !all["version"].is_number_integer() ||
      all["version"].get<int64_t>() != 1) {
    violations.push_back({"version", "must be 1, the only one this adapter reads"});
  }
  mapping.service_ = Text(all, "service");
  if (mapping.service_.empty()) violations.push_back({"service", "must name a service"});
  // Two of our fields must not read one column: a slip that mixes people's data.
  if (all.contains("columns")) {
    for (const auto& table : all["columns"].items()) {
      std::map<std::string, std::string> field_of;
      for (const auto& column : table.value().items()) {
        const std::string path = absl::StrCat("columns.", table.key(), ".", column.key());
        if (column.key() == "comment") continue;
        const std::string header = column.value().is_string()
                                       ? absl::AsciiStrToLower(column.value().get<std::string>())
                                       : "";
        if (header.empty()) {
          violations.push_back({path, "must name a column"});
        } else if (!field_of.emplace(header, column.key()).second) {
          violations.push_back({path, absl::StrCat("names the same column as ", field_of[header])});
        }
      }
    }
  }
  if (all.contains("rules") && all["rules"].contains("characteristics")) {
    const json& rules = all["rules"]["characteristics"];
    for (size_t i = 0; rules.is_array() && i < rules.size(); ++i) {
      const std::string path = absl::StrCat("rules.characteristics[", i, "]");
      CharacteristicRule rule;
      if (rules[i].is_object()) {
        rule = {Text(rules[i], "code"), Text(rules[i], "service"), Text(rules[i], "written_rule")};
      }
      if (rule.code.empty()) violations.push_back({path + ".code", "must name the code"});
      if (rule.service.empty()) violations.push_back({path + ".service", "must name a service"});
      if (rule.written_rule.empty()) {
        violations.push_back({path + ".written_rule",
                              "must say where the rule is written and who approved it; no "
                              "characteristic becomes a flag without"});
      }
      mapping.characteristic_rules_.push_back(std::move(rule));
    }
  }
  if (!violations.empty()) return Refuse(source, violations);
  return mapping;
}

const json& Mapping::Part(const char* name) const {
  static const json* const kNothing = new json(json::object());
  const auto found = json_.find(name);
  return found == json_.end() ? *kNothing : *found;
}

std::string Mapping::File(const std::string& key) const { return Text(Part("files"), key.c_str()); }

std::vector<CsvColumn> Mapping::Columns(const std::string& table) const {
  std::vector<CsvColumn> columns;
  const json& tables = Part("columns");
  const auto found = tables.find(table);
  if (found == tables.end()) return columns;
  for (const auto& column : found->items()) {
    if (column.key() == "comment") continue;
    columns.push_back({column.key(), column.value().get<std::string>()});
  }
  return columns;
}

std::string Mapping::Default(const std::string& key) const {
  return Text(Part("defaults"), key.c_str());
}

bool Mapping::BooleanRule(const std::string& key) const {
  const auto rules = json_.find("rules");
  if (rules == json_.end()) return false;
  const auto found = rules->find(key);
  return found != rules->end() && found->is_boolean() && found->get<bool>();
}

std::optional<std::string> Mapping::Code(const std::string& table, absl::string_view value) const {
  const json& tables = Part("codes");
  const auto found = tables.find(table);
  if (found == tables.end()) return std::nullopt;
  const std::string wanted = absl::AsciiStrToLower(absl::StripAsciiWhitespace(value));
  for (const auto& code : found->items()) {
    if (absl::AsciiStrToLower(code.key()) == wanted) return code.value().get<std::string>();
  }
  return std::nullopt;
}

}  // namespace signpost::adapters
