#include "policy/policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/prepared_question.h"
#include "policy/engine/program.h"
#include "policy/engine/record_evaluator.h"

namespace signpost::policy {

std::string CompileResult::Errors() const {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    absl::StrAppend(&text, diagnostic.ToString(), "\n");
  }
  return text;
}

Policy::Policy(std::unique_ptr<const PolicyImpl> impl) : impl_(std::move(impl)) {}
Policy::~Policy() = default;

const std::string& Policy::name() const { return impl_->name; }
int64_t Policy::version() const { return impl_->version; }
const std::string& Policy::content_id() const { return impl_->content_id; }
int64_t Policy::in_force_s() const { return impl_->in_force_s; }
const std::string& Policy::approved_by() const { return impl_->approved_by; }
const std::vector<RuleInfo>& Policy::rules() const { return impl_->rule_infos; }
const std::vector<AgreementInfo>& Policy::agreements() const { return impl_->agreement_infos; }

size_t Policy::agency_count() const { return impl_->agency_data.size() - 1; }
Symbol Policy::AgencySymbol(absl::string_view id) const { return impl_->agencies.Find(id); }
Symbol Policy::AgencyKindSymbol(absl::string_view kind) const { return impl_->kinds.Find(kind); }
Symbol Policy::TeamSymbol(absl::string_view id) const { return impl_->teams.Find(id); }
Symbol Policy::ServiceSymbol(absl::string_view id) const { return impl_->services.Find(id); }
Symbol Policy::RoleSymbol(absl::string_view id) const { return impl_->roles.Find(id); }
Symbol Policy::AssessmentSymbol(absl::string_view id) const { return impl_->assessments.Find(id); }
Symbol Policy::SectionSymbol(absl::string_view id) const { return impl_->sections.Find(id); }

const std::string& Policy::AgencyId(Symbol symbol) const { return impl_->agencies.Word(symbol); }
const std::string& Policy::AgencyName(Symbol symbol) const {
  return impl_->agency_data[symbol < impl_->agency_data.size() ? symbol : kNoSymbol].name;
}
const std::string& Policy::ServiceId(Symbol symbol) const { return impl_->services.Word(symbol); }
const std::string& Policy::SectionId(Symbol symbol) const { return impl_->sections.Word(symbol); }
const std::string& Policy::AssessmentId(Symbol symbol) const {
  return impl_->assessments.Word(symbol);
}
const std::vector<Symbol>& Policy::Sections(Symbol assessment) const {
  return impl_->assessment_sections[assessment < impl_->assessment_sections.size() ? assessment
                                                                                   : kNoSymbol];
}
bool Policy::IsSensitiveService(Symbol service) const {
  return service >= impl_->sensitive_services.size() || impl_->sensitive_services[service] != 0;
}
bool Policy::MayNameVictim(Symbol section) const {
  return impl_->may_name_victims.empty() || section == kNoSymbol ||
         section >= impl_->sections.size() || impl_->may_name_victims.Has(section);
}

// One item alone is a record of one flag: one way to decide, however many are asked about.
Decision Policy::Decide(const Question& question, const Item& item) const {
  RecordEvaluator record(*this, question);
  record.SetItem(item);
  return record.Decide(item.aspect, item.assessment, item.section);
}

Decision Policy::DecideOnly(const Question& question, const Item& item) const {
  return PreparedQuestion(*this, question).Decide(item);
}

PreparedQuestion::PreparedQuestion(const Policy& policy, const Question& question)
    : policy_(policy.impl()), question_(question), engine_(policy_.engine.get()) {
  if (engine_ != nullptr) rows_.emplace(*engine_, question);
}

Decision PreparedQuestion::Interpret(const Item& item) const {
  return Evaluation(policy_, question_, item).Run(false);
}

// The facts of the item and the state of consent are left unknown: what is shown then is shown
// whatever they are. So the answer cannot depend on whether there is a flag at all.
bool Policy::AlwaysShows(const Question& question, const PersonFacts& person, Symbol holder,
                         Symbol service, Aspect aspect) const {
  if (holder == kNoSymbol || holder >= impl_->agency_data.size()) return false;
  Item item;
  item.holder = holder;
  item.aspect = aspect;
  item.shielded = person.shielded;
  item.new_identity = person.new_identity;
  if (aspect == Aspect::kExistence || aspect == Aspect::kAgency) {
    item.names_victim = person.names_victim;
  }
  const PreparedQuestion prepared(*this, question);
  const auto shows = [&](Symbol one) {
    item.service = one;
    return prepared.Decide(item).effect == Effect::kShow;
  };
  if (service != kNoSymbol) return shows(service);
  const std::vector<Symbol>& services = impl_->agency_data[holder].services;
  if (!services.empty()) return std::all_of(services.begin(), services.end(), shows);
  if (impl_->services.size() <= 1) return false;
  for (size_t s = 1; s < impl_->services.size(); ++s) {
    if (!shows(static_cast<Symbol>(s))) return false;
  }
  return true;
}

}  // namespace signpost::policy
