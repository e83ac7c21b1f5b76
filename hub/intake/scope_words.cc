#include "hub/intake/scope_words.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"

namespace signpost::intake {
namespace {

using Words = google::protobuf::RepeatedPtrField<std::string>;

class Checker {
 public:
  Checker(const registry::Directory& directory, const policy::Policy* policy)
      : directory_(directory), policy_(policy) {}

  void Check(const signpost::v1::ConsentScope& scope, const std::string& path) {
    const auto agency = [this](const std::string& id) {
      if (directory_.FindAgency(id) != nullptr) return std::string();
      return IsKind(id) ? absl::StrCat(
                              "is a kind of agency, not an agency: name it among the "
                              "kinds, or name the agency")
                        : std::string(
                              "no agency is registered under this id; the directory "
                              "(signpost registry list) has them");
    };
    Each(scope.holder_agency_ids(), path, "holder_agency_ids", agency);
    Each(scope.recipient_agency_ids(), path, "recipient_agency_ids", agency);
    Each(scope.recipient_kinds(), path, "recipient_kinds", [this](const std::string& kind) {
      if (IsKind(kind)) return std::string();
      return directory_.FindAgency(kind) != nullptr
                 ? std::string("is an agency, not a kind of agency: name it among the agencies")
                 : std::string(
                       "no agency of this kind is registered; the directory (signpost "
                       "registry list) has the kinds");
    });
    if (policy_ != nullptr) CheckPolicyWords(scope, path);
    for (int i = 0; i < scope.exceptions_size(); ++i) {
      Check(scope.exceptions(i), absl::StrCat(path, ".exceptions[", i, "]"));
    }
  }

  absl::Status Result() && {
    if (violations_.empty()) return absl::OkStatus();
    return base::Error(base::Reason::kInvalidField,
                       "the consent names what there is not; see the fields",
                       std::move(violations_));
  }

 private:
  void CheckPolicyWords(const signpost::v1::ConsentScope& scope, const std::string& path) {
    Each(scope.services(), path, "services", [this](const std::string& service) {
      return policy_->ServiceSymbol(service) != policy::kNoSymbol
                 ? ""
                 : "no such service in the area's vocabulary";
    });
    Each(scope.assessment_kinds(), path, "assessment_kinds", [this](const std::string& kind) {
      return policy_->AssessmentSymbol(kind) != policy::kNoSymbol
                 ? ""
                 : "no such kind of assessment in the area's vocabulary";
    });
    Each(scope.recipient_roles(), path, "recipient_roles", [this](const std::string& role) {
      return policy_->RoleSymbol(role) != policy::kNoSymbol
                 ? ""
                 : "no such role in the area's vocabulary";
    });
    Each(scope.sections(), path, "sections", [&](const std::string& section) -> std::string {
      const policy::Symbol symbol = policy_->SectionSymbol(section);
      if (symbol == policy::kNoSymbol) return "no assessment of the area has such a section";
      if (scope.assessment_kinds().empty()) return "";
      for (const std::string& kind : scope.assessment_kinds()) {
        const policy::Symbol assessment = policy_->AssessmentSymbol(kind);
        if (assessment == policy::kNoSymbol) return "";  // is said of the assessment
        const std::vector<policy::Symbol>& has = policy_->Sections(assessment);
        if (std::find(has.begin(), has.end(), symbol) != has.end()) return "";
      }
      return "none of the assessments named has such a section";
    });
  }

  bool IsKind(const std::string& word) const {
    bool found = false;
    directory_.ForEachAgency(
        [&](const registry::Agency& agency, const std::optional<registry::FeedTimes>&) {
          found |= agency.takes_part() && agency.kind == word;
        });
    return found;
  }

  // `fault` says what is wrong with a word, or nothing.
  void Each(const Words& words, const std::string& path, const char* field,
            absl::FunctionRef<std::string(const std::string&)> fault) {
    for (int i = 0; i < words.size(); ++i) {
      std::string why = fault(words.Get(i));
      if (why.empty()) continue;
      violations_.push_back({absl::StrCat(path, ".", field, "[", i, "]"), std::move(why)});
    }
  }

  const registry::Directory& directory_;
  const policy::Policy* const policy_;
  std::vector<base::FieldViolation> violations_;
};

}  // namespace

absl::Status CheckScopeWords(const registry::Directory& directory, const policy::Policy* policy,
                             const signpost::v1::ConsentScope& scope, const std::string& path) {
  Checker checker(directory, policy);
  checker.Check(scope, path);
  return std::move(checker).Result();
}

}  // namespace signpost::intake
