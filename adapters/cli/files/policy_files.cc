#include "adapters/cli/files/policy_files.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adapters/cli/files/files.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/base/strict_json.h"
#include "nlohmann/json.hpp"

namespace signpost::adapters::cli {
namespace {

using nlohmann::json;

// Reads fields of one file; the first fault stays.
class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<json> Root() {
    SIGNPOST_ASSIGN_OR_RETURN(const std::string text, ReadBytes(path_, base::kConfigBytesMax));
    absl::StatusOr<json> root = base::ParseStrictJson(text);
    if (!root.ok()) {
      return base::InvalidField(path_, std::string(root.status().message()));
    }
    if (!root->is_object()) return base::InvalidField(path_, "must be one JSON object");
    return root;
  }

  std::vector<json> Objects(const json& parent, const char* key) {
    const auto found = parent.find(key);
    if (found == parent.end() || !found->is_array()) {
      Fault(key, "must be a list of objects");
      return {};
    }
    std::vector<json> objects;
    for (const json& one : *found) {
      if (one.is_object()) {
        objects.push_back(one);
      } else {
        Fault(key, "must be a list of objects");
      }
    }
    return objects;
  }
  std::string Word(const json& parent, const char* key, bool needed = true) {
    const auto found = parent.find(key);
    if (found == parent.end() && !needed) return "";
    if (found == parent.end() || !found->is_string()) {
      Fault(key, "must be a word");
      return "";
    }
    return found->get<std::string>();
  }
  std::vector<std::string> Words(const json& parent, const char* key) {
    std::vector<std::string> words;
    const auto found = parent.find(key);
    if (found == parent.end()) return words;
    if (!found->is_array()) Fault(key, "must be a list of words");
    for (const json& one : *found) {
      if (one.is_string()) {
        words.push_back(one.get<std::string>());
      } else {
        Fault(key, "must be a list of words");
      }
    }
    return words;
  }
  bool Flag(const json& parent, const char* key) {
    const auto found = parent.find(key);
    if (found == parent.end()) return false;
    if (!found->is_boolean()) Fault(key, "must be true or false");
    return found->is_boolean() && found->get<bool>();
  }
  void Fault(const std::string& field, const std::string& what) {
    if (status_.ok()) status_ = base::InvalidField(absl::StrCat(path_, ": ", field), what);
  }
  const absl::Status& status() const { return status_; }

 private:
  const std::string path_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<policy::Vocabulary> ReadVocabulary(const std::string& words_path,
                                                  const std::string& area_path) {
  policy::Vocabulary vocabulary;
  Reader words(words_path);
  SIGNPOST_ASSIGN_OR_RETURN(const json words_root, words.Root());
  for (const json& node : words.Objects(words_root, "services")) {
    vocabulary.services.push_back(
        {words.Word(node, "id"), words.Word(node, "sensitive_category", false)});
  }
  vocabulary.roles = words.Words(words_root, "roles");
  for (const json& node : words.Objects(words_root, "assessments")) {
    vocabulary.assessments.push_back({words.Word(node, "id"), words.Words(node, "sections")});
  }
  SIGNPOST_RETURN_IF_ERROR(words.status());
  Reader area(area_path);
  SIGNPOST_ASSIGN_OR_RETURN(const json area_root, area.Root());
  for (const json& node : area.Objects(area_root, "agencies")) {
    policy::VocabularyAgency agency;
    agency.id = area.Word(node, "agency_id");
    agency.name = area.Word(node, "name", false);
    agency.kind = area.Word(node, "kind");
    // They hold nothing and ask about nobody: the hub keeps them out of the policy's words, too.
    if (agency.kind == "auditor" || agency.kind == "operator") continue;
    agency.relevant_authority = area.Flag(node, "relevant_authority");
    agency.services = area.Words(node, "services");
    agency.feeds = area.Flag(node, "feeds_index");
    vocabulary.agencies.push_back(std::move(agency));
  }
  for (const json& node : area.Objects(area_root, "teams")) {
    policy::VocabularyTeam team;
    team.id = area.Word(node, "team_id");
    team.agencies = area.Words(node, "agency_ids");
    for (const std::string& word : area.Words(node, "purposes")) {
      const auto purpose = policy::ParsePurpose(word);
      if (purpose.has_value()) {
        team.purposes.push_back(*purpose);
      } else {
        area.Fault("purposes", absl::StrCat("there is no purpose \"", word, "\""));
      }
    }
    vocabulary.teams.push_back(std::move(team));
  }
  SIGNPOST_RETURN_IF_ERROR(area.status());
  return vocabulary;
}

}  // namespace signpost::adapters::cli
