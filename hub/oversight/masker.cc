#include "hub/oversight/masker.h"

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/request/policy_in_force.h"

namespace signpost::oversight {

namespace stored = ::signpost::store::v1;
using base::Reason;

absl::StatusOr<std::shared_ptr<const Masker::Known>> Masker::KnownAt(
    const store::View& view) const {
  const stored::PolicyVocabularyRow now = policy_admin_->WordsNow();
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> current,
                            view.Get(store::Space::kRegistry, request::kCurrentPolicyKey));
  const std::string words =
      absl::StrCat(base::Sha256(now.SerializeAsString()), current.value_or(""));
  {
    absl::MutexLock lock(&mutex_);
    if (known_ != nullptr && words_ == words) return known_;
  }
  SIGNPOST_ASSIGN_OR_RETURN(std::vector<stored::PolicyVocabularyRow> all,
                            policy_admin_->WordsOfAllTimes(view));
  all.push_back(now);

  std::set<std::string> sensitive;
  const std::shared_ptr<const request::BoundPolicy> bound = context_.policy->Latest();
  for (const stored::PolicyVocabularyRow& row : all) {
    for (const stored::PolicyServiceWord& service : row.services()) {
      const bool by_policy = bound != nullptr && bound->policy->IsSensitiveService(
                                                     bound->policy->ServiceSymbol(service.id()));
      if (by_policy || !service.sensitive_category().empty()) sensitive.insert(service.id());
    }
  }
  auto known = std::make_shared<Known>();
  for (const stored::PolicyVocabularyRow& row : all) {
    for (const stored::PolicyAgencyWord& agency : row.agencies()) {
      for (const std::string& service : agency.services()) {
        if (sensitive.count(service) == 0) continue;
        known->names.Add(service, agency.agency_id());
        known->names.Add(agency.agency_id(), agency.agency_id());
        known->agencies.insert(agency.agency_id());
      }
    }
  }
  std::map<std::string, bool> kinds;  // whether each agency of the kind is one of them
  for (const stored::PolicyVocabularyRow& row : all) {
    for (const stored::PolicyAgencyWord& agency : row.agencies()) {
      kinds.try_emplace(agency.kind(), true).first->second &=
          known->agencies.count(agency.agency_id()) > 0;
    }
  }
  // A service that nobody gives yet leads to whoever will.
  for (const std::string& service : sensitive) known->names.AddPolicyWord(service);
  for (const auto& [kind, each] : kinds) {
    if (each && !kind.empty()) known->names.AddPolicyWord(kind);
  }
  for (const stored::PolicyVocabularyRow& row : all) {
    for (const stored::PolicyTeamWord& team : row.teams()) {
      if (known->agencies.count(team.home_agency_id()) > 0) {
        known->names.Add(team.team_id(), team.home_agency_id());
      }
    }
  }
  absl::MutexLock lock(&mutex_);
  words_ = words;
  known_ = std::move(known);
  return known_;
}

absl::StatusOr<Spectacles> Masker::At(const store::View& view) const {
  SIGNPOST_ASSIGN_OR_RETURN(std::shared_ptr<const Known> known, KnownAt(view));
  return Spectacles(this, &view, std::move(known));
}

absl::StatusOr<const absl::flat_hash_set<std::string>*> Spectacles::RulesOf(
    const std::string& sha256) {
  if (const auto found = rules_.find(sha256); found != rules_.end()) return &found->second;
  const absl::StatusOr<std::string> text =
      masker_->policy_admin_->TextOf(*view_, absl::BytesToHexString(sha256));
  if (!text.ok() && base::ReasonOf(text.status()) != Reason::kInvalidField &&
      base::ReasonOf(text.status()) != Reason::kNotFound) {
    return text.status();
  }
  // Where the text is not there to be read, any of its rules may name one.
  if (!text.ok()) return nullptr;
  return &rules_.emplace(sha256, known_->names.RulesThatName(*text)).first->second;
}

absl::StatusOr<bool> Spectacles::RuleNames(const std::string& policy_sha256,
                                           const std::string& rule) {
  SIGNPOST_ASSIGN_OR_RETURN(const absl::flat_hash_set<std::string>* rules, RulesOf(policy_sha256));
  return rules == nullptr || rules->contains(rule);
}

absl::StatusOr<std::optional<ledger::v1::LedgerEntry>> Spectacles::Mask(
    const ledger::v1::LedgerEntry& entry) {
  const absl::flat_hash_set<std::string>* rules = nullptr;
  const bool judged = !entry.policy_sha256().empty();
  if (judged) {
    SIGNPOST_ASSIGN_OR_RETURN(rules, RulesOf(entry.policy_sha256()));
  }
  return audit::Masked(entry, known_->names, [&](const std::string& rule) {
    if (rule.empty() || !judged) return false;
    return rules == nullptr || rules->contains(rule);
  });
}

}  // namespace signpost::oversight
