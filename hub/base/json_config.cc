#include "hub/base/json_config.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/base/strict_json.h"

namespace signpost::base {
namespace {

// Insertions, deletions, changes and swaps of neighbours that turn `a` into `b`.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                             cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

// The name in `known` nearest to `key`, or empty when none is near.
std::string Nearest(const std::string& key, const std::set<std::string>& known) {
  std::string nearest;
  size_t best = std::max<size_t>(key.size() / 3, 1) + 1;
  if (key.size() > 64) return nearest;
  for (const std::string& name : known) {
    const size_t distance = EditDistance(key, name);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace

struct ConfigObject::Node {
  std::string path;      // empty for the root
  nlohmann::json value;  // an object
  bool silent = false;   // stands in for what was missing or wrong, which was already said
  std::set<std::string> asked;
};

struct ConfigObject::Document {
  std::string source;
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<FieldViolation> findings;

  Node* Add(std::string path, nlohmann::json value, bool silent) {
    nodes.push_back(std::make_unique<Node>());
    nodes.back()->path = std::move(path);
    nodes.back()->value = std::move(value);
    nodes.back()->silent = silent;
    return nodes.back().get();
  }
};

ConfigObject::ConfigObject(std::shared_ptr<Document> document, Node* node)
    : document_(std::move(document)), node_(node) {}

absl::StatusOr<ConfigObject> ConfigObject::Parse(absl::string_view text,
                                                 const std::string& source) {
  absl::StatusOr<nlohmann::json> json = ParseStrictJson(text);
  if (!json.ok()) {
    return Error(Reason::kInvalidField, absl::StrCat(source, ": ", json.status().message()));
  }
  if (!json->is_object()) {
    return Error(Reason::kInvalidField, absl::StrCat(source, ": must be one JSON object {...}"));
  }
  auto document = std::make_shared<Document>();
  document->source = source;
  Node* const root = document->Add("", *std::move(json), /*silent=*/false);
  return ConfigObject(std::move(document), root);
}

absl::StatusOr<ConfigObject> ConfigObject::ReadFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             std::fclose);
  if (file == nullptr) {
    return Error(Reason::kInvalidField,
                 absl::StrCat(path, ": cannot be opened (", std::strerror(errno), ")"));
  }
  std::string text(kConfigBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return Error(Reason::kInvalidField, absl::StrCat(path, ": cannot be read"));
  }
  if (text.size() > kConfigBytesMax) {
    return Error(Reason::kInvalidField,
                 absl::StrCat(path, ": is longer than ", kConfigBytesMax, " bytes"));
  }
  return Parse(text, path);
}

const nlohmann::json* ConfigObject::Find(const std::string& key) const {
  node_->asked.insert(key);
  const auto found = node_->value.find(key);
  return found == node_->value.end() ? nullptr : &*found;
}

const nlohmann::json* ConfigObject::Need(const std::string& key) {
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) Complain(key, "is missing");
  return value;
}

bool ConfigObject::Has(const std::string& key) const { return Find(key) != nullptr; }

std::string ConfigObject::String(const std::string& key) {
  if (Need(key) == nullptr) return "";
  const size_t findings = document_->findings.size();
  std::string text = StringOr(key, "");
  if (text.empty() && document_->findings.size() == findings) Complain(key, "must not be empty");
  return text;
}

std::string ConfigObject::StringOr(const std::string& key, const std::string& fallback) {
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) {
    Complain(key, "must be a string");
    return fallback;
  }
  return value->get<std::string>();
}

std::string ConfigObject::ChoiceOr(const std::string& key, const std::vector<std::string>& choices,
                                   const std::string& fallback) {
  std::string text = StringOr(key, fallback);
  if (text != fallback && std::find(choices.begin(), choices.end(), text) == choices.end()) {
    Complain(key, absl::StrCat("must be one of: ", absl::StrJoin(choices, ", ")));
    return fallback;
  }
  return text;
}

int64_t ConfigObject::Integer(const std::string& key, int64_t min, int64_t max) {
  return Need(key) == nullptr ? min : IntegerOr(key, min, min, max);
}

int64_t ConfigObject::IntegerOr(const std::string& key, int64_t fallback, int64_t min,
                                int64_t max) {
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return fallback;
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() || value->get<uint64_t>() <= INT64_MAX);
  if (!fits || value->get<int64_t>() < min || value->get<int64_t>() > max) {
    Complain(key, absl::StrCat("must be a whole number from ", min, " to ", max));
    return fallback;
  }
  return value->get<int64_t>();
}

bool ConfigObject::BooleanOr(const std::string& key, bool fallback) {
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) {
    Complain(key, "must be true or false");
    return fallback;
  }
  return value->get<bool>();
}

absl::Duration ConfigObject::DurationOr(const std::string& key, absl::Duration fallback) {
  if (Find(key) == nullptr) return fallback;
  absl::Duration duration;
  const std::string text = StringOr(key, "0s");
  if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration() ||
      duration == absl::InfiniteDuration()) {
    Complain(key, "must be a length of time such as \"250ms\", \"5s\" or \"24h\"");
    return fallback;
  }
  return duration;
}

std::vector<std::string> ConfigObject::Strings(const std::string& key) {
  std::vector<std::string> strings;
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return strings;
  const bool all_strings =
      value->is_array() && std::all_of(value->begin(), value->end(),
                                       [](const nlohmann::json& item) { return item.is_string(); });
  if (!all_strings) {
    Complain(key, "must be an array of strings");
    return strings;
  }
  for (const nlohmann::json& item : *value) strings.push_back(item.get<std::string>());
  return strings;
}

ConfigObject ConfigObject::Object(const std::string& key) {
  Need(key);
  return ObjectOrEmpty(key);
}

ConfigObject ConfigObject::ObjectOrEmpty(const std::string& key) {
  const nlohmann::json* const value = Find(key);
  if (value != nullptr && !value->is_object()) Complain(key, "must be an object {...}");
  const bool usable = value != nullptr && value->is_object();
  return ConfigObject(document_,
                      document_->Add(PathOf(key), usable ? *value : nlohmann::json::object(),
                                     /*silent=*/!usable));
}

std::vector<ConfigObject> ConfigObject::Objects(const std::string& key) {
  std::vector<ConfigObject> objects;
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return objects;
  const bool all_objects =
      value->is_array() && std::all_of(value->begin(), value->end(),
                                       [](const nlohmann::json& item) { return item.is_object(); });
  if (!all_objects) {
    Complain(key, "must be an array of objects");
    return objects;
  }
  for (const nlohmann::json& item : *value) {
    const std::string path = absl::StrCat(PathOf(key), "[", objects.size(), "]");
    objects.push_back(ConfigObject(document_, document_->Add(path, item, /*silent=*/false)));
  }
  return objects;
}

std::string ConfigObject::PathOf(const std::string& key) const {
  return node_->path.empty() ? key : absl::StrCat(node_->path, ".", key);
}

void ConfigObject::Complain(const std::string& key, const std::string& description) {
  if (!node_->silent) document_->findings.push_back({PathOf(key), description});
}

absl::Status ConfigObject::Finish() const {
  std::vector<FieldViolation> findings = document_->findings;
  for (const std::unique_ptr<Node>& node : document_->nodes) {
    for (const auto& item : node->value.items()) {
      if (node->asked.count(item.key()) > 0) continue;
      const std::string nearest = Nearest(item.key(), node->asked);
      findings.push_back(
          {node->path.empty() ? item.key() : absl::StrCat(node->path, ".", item.key()),
           nearest.empty() ? std::string("unknown key; remove it")
                           : absl::StrCat("unknown key; did you mean \"", nearest, "\"?")});
    }
  }
  if (findings.empty()) return absl::OkStatus();
  const std::string all =
      absl::StrJoin(findings, "; ", [](std::string* out, const FieldViolation& finding) {
        absl::StrAppend(out, finding.field, ": ", finding.description);
      });
  return Error(Reason::kInvalidField, absl::StrCat(document_->source, ": ", all),
               std::move(findings));
}

}  // namespace signpost::base
