#include "hub/request/policy_in_force.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace signpost::request {
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

absl::StatusOr<registry::WorkerRoles> ReadWorkerRoles(const std::string& text) {
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return base::InvalidField("vocabulary", "must be one JSON object");
  registry::WorkerRoles roles;
  for (const auto& [key, into] :
       {std::pair("ordinary_roles", &roles.ordinary), std::pair("vetted_roles", &roles.vetted),
        std::pair("trained_roles", &roles.trained)}) {
    if (!root.contains(key)) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<std::string> words, Words(root, key, key));
    into->insert(words.begin(), words.end());
  }
  SIGNPOST_RETURN_IF_ERROR(roles.Check());
  return roles;
}

void PolicyInForce::LimitAge(const base::Clock* clock, absl::Duration max_age) {
  clock_ = clock;
  max_age_ = max_age;
}

bool PolicyInForce::Stale(const BoundPolicy& bound) const {
  return clock_ != nullptr && clock_->Now() >= bound.published_at + max_age_;
}

std::shared_ptr<const BoundPolicy> PolicyInForce::Get() const {
  std::shared_ptr<const BoundPolicy> bound;
  {
    absl::MutexLock lock(&mutex_);
    if (behind_) return nullptr;
    bound = bound_;
  }
  if (bound != nullptr && Stale(*bound)) return nullptr;
  return bound;
}

std::shared_ptr<const BoundPolicy> PolicyInForce::Latest() const {
  absl::MutexLock lock(&mutex_);
  return bound_;
}

std::string PolicyInForce::problem() const {
  absl::MutexLock lock(&mutex_);
  if (behind_) {
    return "what was committed last cannot be read, so it is not known which policy decides; it is "
           "tried again all the time";
  }
  if (bound_ == nullptr || !Stale(*bound_)) return problem_;
  return absl::StrCat("the policy was published ",
                      absl::FormatTime("%Y-%m-%d", bound_->published_at, absl::UTCTimeZone()),
                      ", longer ago than policy.max_age allows; review it and publish it under a "
                      "higher version");
}

void PolicyInForce::Offer(std::shared_ptr<const BoundPolicy> bound) {
  absl::MutexLock lock(&mutex_);
  offered_ = std::move(bound);
  Settle();
}

void PolicyInForce::Lose(std::string problem) {
  absl::MutexLock lock(&mutex_);
  bound_ = nullptr;
  offered_ = nullptr;
  problem_ = std::move(problem);
}

absl::Status PolicyInForce::Begin(const store::View& view) {
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> row,
                            view.Get(store::Space::kRegistry, kCurrentPolicyKey));
  absl::MutexLock lock(&mutex_);
  row_ = std::move(row);
  revision_ = view.revision();
  behind_ = false;
  Settle();
  return absl::OkStatus();
}

void PolicyInForce::FellBehind(const absl::Status& /*why*/) {
  absl::MutexLock lock(&mutex_);
  behind_ = true;
}

absl::Status PolicyInForce::Take(const store::PublishedCommit& commit) {
  absl::MutexLock lock(&mutex_);
  for (const store::Batch::Operation& row : commit.rows.operations()) {
    if (row.space == store::Space::kRegistry && row.key == kCurrentPolicyKey) {
      row_.reset();
      if (row.value.has_value()) row_ = std::string(*row.value);
    }
  }
  revision_ = commit.revision;
  Settle();
  return absl::OkStatus();
}

void PolicyInForce::Settle() {
  if (offered_ != nullptr && row_ == offered_->row) {
    bound_ = std::exchange(offered_, nullptr);
    problem_.clear();
  }
  if (bound_ == nullptr) return;
  if (row_ == bound_->row) {
    bound_->decides_until_revision = revision_;
    return;
  }
  bound_ = nullptr;
  problem_ = "another policy was published, and this hub has not bound it; restart the hub";
}

void SetPolicy(const BoundPolicy& bound, ledger::v1::LedgerEntry* entry) {
  entry->set_policy_sha256(absl::HexStringToBytes(bound.sha256));
  entry->set_policy_version(bound.version);
  entry->set_policy_vocabulary_sha256(bound.vocabulary_sha256);
}

void RestOn(const BoundPolicy& bound, ledger::Operation* operation) {
  operation->reads.AddRow(store::Space::kRegistry, kCurrentPolicyKey, bound.decides_until_revision);
}

}  // namespace signpost::request
