#include "hub/gate/policy_in_force.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace signpost::gate {
namespace {

using nlohmann::json;

absl::StatusOr<std::string> Word(const json& node, const std::string& path) {
  if (!node.is_string() || node.get_ref<const std::string&>().empty()) {
    return base::InvalidField(path, "must be a word");
  }
  return node.get<std::string>();
}

absl::StatusOr<std::vector<std::string>> Words(const json& parent, const char* key,
                                               const std::string& path) {
  std::vector<std::string> words;
  const auto found = parent.find(key);
  if (found == parent.end() || !found->is_array()) {
    return base::InvalidField(path, "must be a list of words");
  }
  for (const json& node : *found) {
    SIGNPOST_ASSIGN_OR_RETURN(std::string word, Word(node, path));
    words.push_back(std::move(word));
  }
  return words;
}

const json* List(const json& root, const char* key) {
  const auto found = root.find(key);
  return found != root.end() && found->is_array() ? &*found : nullptr;
}

}  // namespace

absl::StatusOr<policy::Vocabulary> ReadWords(const std::string& text) {
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return base::InvalidField("vocabulary", "must be one JSON object");
  policy::Vocabulary words;
  const json* services = List(root, "services");
  if (services == nullptr) return base::InvalidField("services", "must be a list");
  for (const json& node : *services) {
    if (!node.is_object()) return base::InvalidField("services", "each must be an object");
    policy::VocabularyService service;
    SIGNPOST_ASSIGN_OR_RETURN(service.id, Word(node.value("id", json()), "services.id"));
    const json category = node.value("sensitive_category", json(""));
    if (!category.is_string()) {
      return base::InvalidField("services.sensitive_category", "must be a word or empty");
    }
    service.sensitive_category = category.get<std::string>();
    words.services.push_back(std::move(service));
  }
  SIGNPOST_ASSIGN_OR_RETURN(words.roles, Words(root, "roles", "roles"));
  const json* assessments = List(root, "assessments");
  if (assessments == nullptr) return base::InvalidField("assessments", "must be a list");
  for (const json& node : *assessments) {
    if (!node.is_object()) return base::InvalidField("assessments", "each must be an object");
    policy::VocabularyAssessment assessment;
    SIGNPOST_ASSIGN_OR_RETURN(assessment.id, Word(node.value("id", json()), "assessments.id"));
    SIGNPOST_ASSIGN_OR_RETURN(assessment.sections, Words(node, "sections", "assessments.sections"));
    words.assessments.push_back(std::move(assessment));
  }
  return words;
}

absl::Status PolicyInForce::SetText(std::string policy_text, const std::string& words_json) {
  SIGNPOST_ASSIGN_OR_RETURN(policy::Vocabulary words, ReadWords(words_json));
  absl::MutexLock lock(&mutex_);
  text_ = std::move(policy_text);
  words_ = std::move(words);
  return absl::OkStatus();
}

absl::StatusOr<bool> PolicyInForce::Rebind(std::vector<policy::VocabularyAgency> agencies,
                                           std::vector<policy::VocabularyTeam> teams) {
  // Compiling proves the checks and may take a while; readers are not held up meanwhile.
  std::string text;
  policy::Vocabulary vocabulary;
  {
    absl::MutexLock lock(&mutex_);
    text = text_;
    vocabulary = words_;
  }
  vocabulary.agencies = std::move(agencies);
  vocabulary.teams = std::move(teams);
  auto bound = std::make_shared<BoundPolicy>();
  bound->sha256 = absl::BytesToHexString(base::Sha256(text));
  policy::CompileOptions options;
  options.content_id = bound->sha256;
  const policy::CompileResult result = policy::Compile(text, vocabulary, options);
  absl::MutexLock lock(&mutex_);
  if (!result.ok()) {
    bound_ = nullptr;
    problem_ = absl::StrCat("the policy does not compile: ", result.Errors());
    return base::Error(base::Reason::kPolicyUnavailable,
                       absl::StrCat("everything is hidden until it does; ", problem_));
  }
  bound->policy = result.policy;
  bound->version = static_cast<int32_t>(result.policy->version());
  const bool changed = bound_ == nullptr || bound_->sha256 != bound->sha256;
  bound_ = std::move(bound);
  problem_.clear();
  return changed;
}

std::shared_ptr<const BoundPolicy> PolicyInForce::Get() const {
  absl::MutexLock lock(&mutex_);
  return bound_;
}

std::string PolicyInForce::problem() const {
  absl::MutexLock lock(&mutex_);
  return problem_;
}

}  // namespace signpost::gate
