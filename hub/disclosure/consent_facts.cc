#include "hub/disclosure/consent_facts.h"

#include <algorithm>
#include <optional>

#include "hub/people/birthday.h"
#include "hub/people/scope.h"
#include "hub/request/wire_convert.h"
#include "signpost/v1/consent.pb.h"

namespace signpost::disclosure {

namespace stored = ::signpost::store::v1;

namespace {

// A scope that covers everything: as an exception it leaves nothing of what it is an exception of.
constexpr policy::ConsentScope kEverything;
constexpr absl::Span<const policy::ConsentScope> kAllOfIt(&kEverything, 1);

// The numbers of both sides are equal, which tests/request/wire_convert_test.cc holds. Every other
// number is unspecified: it satisfies no show and silences no hide.
policy::Grantor GrantorOf(int32_t grantor) {
  return v1::Grantor_IsValid(grantor) ? static_cast<policy::Grantor>(grantor)
                                      : policy::Grantor::kUnspecified;
}

policy::ConsentMatter MatterOf(int32_t kind) {
  // What was recorded before there were kinds is about sharing.
  if (kind == v1::CONSENT_KIND_UNSPECIFIED) return policy::ConsentMatter::kSharing;
  return v1::ConsentKind_IsValid(kind) ? static_cast<policy::ConsentMatter>(kind)
                                       : policy::ConsentMatter::kUnspecified;
}

void AddAspects(int32_t action, std::vector<policy::Aspect>* aspects) {
  switch (action) {
    case v1::CONSENT_ACTION_KNOW:
      aspects->push_back(policy::Aspect::kExistence);
      aspects->push_back(policy::Aspect::kAgency);
      return;
    case v1::CONSENT_ACTION_CONTACT:
      aspects->push_back(policy::Aspect::kContact);
      return;
    case v1::CONSENT_ACTION_KNOW_OF_ASSESSMENT:
      aspects->push_back(policy::Aspect::kAssessment);
      return;
    case v1::CONSENT_ACTION_READ:
      aspects->push_back(policy::Aspect::kContent);
      return;
    case v1::CONSENT_ACTION_RECORD:
      aspects->push_back(policy::Aspect::kRecord);
      return;
    case v1::CONSENT_ACTION_SHARE_ONWARD:
      aspects->push_back(policy::Aspect::kShareOnward);
      return;
    default:
      return;
  }
}

// The birthday, where every agency's leads to the same decision now.
int64_t SettledNow(const std::optional<people::BirthdaySpan>& birthday, int64_t now_s) {
  if (!birthday.has_value()) return policy::kUnknownS;
  const int64_t first_s = absl::ToUnixSeconds(birthday->first);
  const bool alike = birthday->first == birthday->last || now_s < first_s ||
                     now_s >= absl::ToUnixSeconds(birthday->last);
  return alike ? first_s : policy::kUnknownS;
}

template <typename Values>
bool Has(const Values& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

// ConsentRow and ScopeRow have the same fields under the same names.
template <typename ScopeFields>
policy::ConsentScope ConsentFacts::ScopeOf(const policy::Policy& policy, const ScopeFields& row) {
  const auto symbols = [this](const auto& words, auto to_symbol) {
    if (words.empty()) return absl::Span<const policy::Symbol>();
    std::vector<policy::Symbol> list;
    list.reserve(static_cast<size_t>(words.size()));
    for (const std::string& word : words) list.push_back(to_symbol(word));
    symbols_.push_back(std::move(list));
    return absl::Span<const policy::Symbol>(symbols_.back());
  };
  policy::ConsentScope scope;
  scope.services =
      symbols(row.services(), [&](const std::string& w) { return policy.ServiceSymbol(w); });
  scope.holders = symbols(row.holder_agency_ids(),
                          [&](const std::string& w) { return policy.AgencySymbol(w); });
  scope.assessments = symbols(row.assessment_kinds(),
                              [&](const std::string& w) { return policy.AssessmentSymbol(w); });
  scope.sections =
      symbols(row.sections(), [&](const std::string& w) { return policy.SectionSymbol(w); });
  scope.agencies = symbols(row.recipient_agency_ids(),
                           [&](const std::string& w) { return policy.AgencySymbol(w); });
  scope.agency_kinds = symbols(row.recipient_kinds(),
                               [&](const std::string& w) { return policy.AgencyKindSymbol(w); });
  scope.roles =
      symbols(row.recipient_roles(), [&](const std::string& w) { return policy.RoleSymbol(w); });
  if (!row.purposes().empty()) {
    std::vector<policy::Purpose> purposes;
    for (const int32_t purpose : row.purposes()) {
      purposes.push_back(request::ToPolicy(static_cast<v1::Purpose>(purpose)));
    }
    purposes_.push_back(std::move(purposes));
    scope.purposes = purposes_.back();
  }
  if (!row.actions().empty()) {
    std::vector<policy::Aspect> aspects;
    for (const int32_t action : row.actions()) AddAspects(action, &aspects);
    aspects_.push_back(std::move(aspects));
    scope.aspects = aspects_.back();
  }
  if (!row.exceptions().empty()) {
    std::vector<policy::ConsentScope> exceptions;
    for (const stored::ScopeRow& exception : row.exceptions()) {
      exceptions.push_back(ScopeOf(policy, exception));
    }
    exceptions_.push_back(std::move(exceptions));
    scope.exceptions = exceptions_.back();
  }
  return scope;
}

void ConsentFacts::Gather(const policy::Policy& policy, const base::Principal& asker,
                          const people::Person* person, int64_t now_s) {
  symbols_.clear();
  purposes_.clear();
  aspects_.clear();
  exceptions_.clear();
  facts_.clear();
  rows_.clear();
  by_flag_.clear();
  sixteen_from_s_ = adult_from_s_ = policy::kUnknownS;
  if (person == nullptr || person->consents().empty()) return;

  std::optional<people::BirthdaySpan> adult;
  if (const auto read = person->ComesOfAge(people::kAdultAge); read.ok()) adult = *read;
  adult_from_s_ = SettledNow(adult, now_s);
  if (const auto read = person->ComesOfAge(people::kSpeaksForHerselfAge); read.ok()) {
    sixteen_from_s_ = SettledNow(*read, now_s);
  }
  // A yes does not outlive who gave it, nor whom it is about; a no does.
  const int64_t died_s = person->row().death().confirmed_at_s();
  bool by_flag = false;  // what they open is not the same for every flag
  for (const stored::ConsentRow& row : person->consents()) {
    // Another record stands in its place.
    if (!row.superseded_by().empty() && row.superseded_from_s() <= now_s) continue;
    policy::ConsentFact fact;
    fact.is_explicit = row.explicit_();
    fact.matter = MatterOf(row.kind());
    fact.grantor = GrantorOf(row.grantor());
    const bool given = row.decision() == v1::CONSENT_DECISION_GIVEN;
    if (row.withdrawn_at_s() != 0) {
      fact.decision = policy::ConsentDecision::kWithdrawn;
      fact.from_s = row.withdrawn_at_s();
    } else {
      fact.decision = given ? policy::ConsentDecision::kGiven : policy::ConsentDecision::kRefused;
      fact.from_s = row.valid_from_s();
      if (row.valid_until_s() != 0) fact.until_s = row.valid_until_s();
      if (!row.superseded_by().empty()) {
        fact.until_s = std::min(fact.until_s, row.superseded_from_s());
      }
      if (row.ends_at_18()) {
        if (given) {
          fact.until_s =
              std::min(fact.until_s,
                       adult.has_value() ? absl::ToUnixSeconds(adult->first) : row.valid_from_s());
        } else if (adult.has_value()) {
          fact.until_s = std::min(fact.until_s, absl::ToUnixSeconds(adult->last));
        }
      }
    }
    if (given && died_s != 0) fact.until_s = std::min(fact.until_s, died_s);
    fact.scope = ScopeOf(policy, row);
    if (!row.recipient_practitioner_ids().empty() &&
        !Has(row.recipient_practitioner_ids(), asker.practitioner_id)) {
      fact.scope.exceptions = kAllOfIt;
    }
    by_flag = by_flag || !row.flag_ids().empty() ||
              (given && (!row.holder_answers().empty() || !people::IsOwnWord(row) ||
                         row.recorder_receives()));
    facts_.push_back(fact);
    rows_.push_back(&row);
  }
  if (!by_flag) return;
  for (const stored::FlagRow& flag : person->flags()) {
    const bool sensitive = policy.IsSensitiveService(policy.ServiceSymbol(flag.service()));
    std::vector<policy::ConsentFact> facts;  // empty while they are as for every other flag
    for (size_t i = 0; i < facts_.size(); ++i) {
      const stored::ConsentRow& row = *rows_[i];
      const bool names_others = !row.flag_ids().empty() && !Has(row.flag_ids(), flag.flag_id());
      const bool counts = row.decision() != v1::CONSENT_DECISION_GIVEN ||
                          people::CountsFor(row, flag.agency_id(), sensitive);
      if (!names_others && counts) continue;
      if (facts.empty()) facts = facts_;
      facts[i].scope.exceptions = kAllOfIt;
    }
    if (!facts.empty()) by_flag_.emplace_back(flag.flag_id(), std::move(facts));
  }
}

absl::Span<const policy::ConsentFact> ConsentFacts::Of(const stored::FlagRow& flag) const {
  for (const auto& [flag_id, facts] : by_flag_) {
    if (flag_id == flag.flag_id()) return facts;
  }
  return facts_;
}

const stored::ConsentRow* ConsentFacts::Row(int32_t index) const {
  if (index < 0 || static_cast<size_t>(index) >= rows_.size()) return nullptr;
  return rows_[static_cast<size_t>(index)];
}

int64_t ConsentFacts::UntilOf(int32_t index) const {
  if (index < 0 || static_cast<size_t>(index) >= facts_.size()) return 0;
  const int64_t until_s = facts_[static_cast<size_t>(index)].until_s;
  return until_s == policy::kNeverS ? 0 : until_s;
}

}  // namespace signpost::disclosure
