#include "hub/disclosure/evaluator.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/disclosure/flag_facts.h"
#include "hub/disclosure/involvement.h"
#include "hub/request/surroundings.h"
#include "hub/request/wire_convert.h"

namespace signpost::disclosure {

namespace stored = ::signpost::store::v1;
using policy::Aspect;
using policy::Effect;
using policy::Tri;

namespace {

constexpr size_t kCoverageBytesUsual = 256;
constexpr size_t kQuestionKeyBytesUsual = 128;

Tri Known(bool value) { return value ? Tri::kYes : Tri::kNo; }

// Adds the bytes of plain values to a key that never leaves this process.
template <typename... Value>
void AddToKey(std::string* key, const Value&... values) {
  static_assert((std::is_trivially_copyable_v<Value> && ...));
  (key->append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
}

template <typename Value, typename List>
void AddOnce(const Value& value, List* list) {
  if (std::find(list->begin(), list->end(), value) == list->end()) list->push_back(value);
}

bool Counts(const stored::FlagRow& flag) { return flag.status() != v1::FLAG_STATUS_RETRACTED; }

}  // namespace

void SayAsked(const QuestionTerms& asked, ledger::v1::WhoKnows* entry) {
  for (const Aspect aspect : asked.aspects) entry->add_asked(request::ToEntry(aspect));
  if (asked.content) {
    entry->add_asked(ledger::v1::ASPECT_CONTENT);
    entry->set_assessment_kind(asked.assessment_kind);
  }
  entry->set_necessity_stated(asked.necessity_stated);
}

QuestionTerms AskedOf(const ledger::v1::LedgerEntry& entry) {
  const ledger::v1::WhoKnows& said = entry.who_knows();
  QuestionTerms asked;
  asked.purpose = request::ToPolicy(entry.purpose());
  for (const int aspect : said.asked()) {
    if (aspect == ledger::v1::ASPECT_CONTENT) {
      asked.content = true;
    } else if (const auto known = request::ToPolicy(static_cast<ledger::v1::Aspect>(aspect))) {
      asked.aspects.push_back(*known);
    }
  }
  asked.necessity_stated = said.necessity_stated();
  asked.assessment_kind = said.assessment_kind();
  if (said.has_override()) {
    asked.override_request.requested = true;
    asked.override_request.ground = request::ToPolicy(said.override().ground());
    asked.override_request.reason_stated = true;
  }
  return asked;
}

DisclosureEvaluator::DisclosureEvaluator(const request::BoundPolicy& bound,
                                         const people::People& people,
                                         const registry::Directory& directory,
                                         const base::Principal& asker, const QuestionTerms& asked,
                                         absl::Time now)
    : bound_(bound),
      policy_(*bound.policy),
      people_(people),
      directory_(directory),
      asker_(asker),
      asked_(asked),
      now_(now) {
  question_.agency = policy_.AgencySymbol(asker.agency_id);
  question_.role = policy_.RoleSymbol(asker.role);
  question_.is_practitioner = Known(asker.has_practitioner());
  question_.purpose = asked.purpose;
  question_.necessity_stated = Known(asked.necessity_stated);
  question_.override_request = asked.override_request;
  question_.now_s = absl::ToUnixSeconds(now);
}

void DisclosureEvaluator::GatherPerson(const people::Person* person) {
  person_ = person;
  question_.relationships = {};
  standings_.clear();
  facts_ = FactsOf(person);
  if (person != nullptr) {
    question_.relationships =
        InvolvementOf(people_, directory_, asker_, AskerIs::kOneself, *person, now_);
  }
  for (const std::string& team_id : asker_.team_ids) {
    const registry::Team* team = directory_.FindTeam(team_id);
    if (team == nullptr) continue;
    policy::TeamStanding standing;
    standing.team = policy_.TeamSymbol(team_id);
    if (person != nullptr) {
      standing.relationships = TeamInvolvement(people_, directory_, *team, *person, now_);
    }
    standings_.push_back(standing);
  }
  question_.teams = standings_;

  consents_.Gather(policy_, asker_, person, question_.now_s);
  RememberQuestion();
}

policy::Item DisclosureEvaluator::ItemOf(const stored::FlagRow& flag, Aspect aspect) const {
  policy::Item item = FlagFacts(policy_, directory_, facts_, flag);
  item.aspect = aspect;
  item.consents_known = Tri::kYes;
  consents_.Put(flag, &item);
  return item;
}

policy::RuleIndex DisclosureEvaluator::DecidingRule(const policy::Decision& decision) {
  return decision.by_default ? policy::kNoRule : decision.rules[0];
}

std::string DisclosureEvaluator::RuleWords(policy::RuleIndex rule) const {
  return rule == policy::kNoRule ? "default" : policy_.rules()[static_cast<size_t>(rule)].id;
}

const stored::ConsentRow* DisclosureEvaluator::ConsentOf(const policy::Decision& decision) const {
  return consents_.Row(decision.consent);
}

void DisclosureEvaluator::Note(const stored::FlagRow& flag, Aspect aspect,
                               const policy::Decision& decision) {
  const stored::ConsentRow* consent = ConsentOf(decision);
  auto released = std::find_if(findings_.released.begin() + static_cast<ptrdiff_t>(noted_from_),
                               findings_.released.end(), [&](const Release& one) {
                                 return one.agreement == decision.agreement &&
                                        one.gateway == decision.gateway && one.consent == consent;
                               });
  if (released == findings_.released.end()) {
    released = &findings_.released.emplace_back();
    released->flag = &flag;
    released->agreement = decision.agreement;
    released->gateway = decision.gateway;
    released->consent = consent;
  }
  AddOnce(aspect, &released->aspects);
  for (int i = 0; i < std::min<int>(decision.rule_count, policy::kDecidingRulesMax); ++i) {
    AddOnce(decision.rules[static_cast<size_t>(i)], &released->rules);
  }
  findings_.obligations |= decision.obligations;
  if (decision.by_override) {
    findings_.override_used = true;
    findings_.override_rule = RuleWords(decision);
  }
}

void DisclosureEvaluator::Withhold(const policy::Decision& decision) {
  const policy::RuleIndex rule = DecidingRule(decision);
  for (Withholding& withheld : findings_.withheld) {
    if (withheld.rule == rule) {
      ++withheld.count;
      return;
    }
  }
  findings_.withheld.push_back({rule, 1});
}

void DisclosureEvaluator::Record(const Evaluation& findings, const ledger::Blinding& blinding,
                                 ledger::v1::LedgerEntry* entry) const {
  for (const Release& one : findings.released) {
    ledger::v1::Released* released = entry->add_released();
    released->set_flag_ref(blinding.Ref(entry->nonce(), one.flag->flag_id()));
    released->set_holder_agency_id(one.flag->agency_id());
    if (one.consent != nullptr) {
      released->set_consent_ref(blinding.Ref(entry->nonce(), one.consent->consent_id()));
    }
    if (one.agreement != policy::kNoAgreement) {
      released->set_agreement(policy_.agreements()[static_cast<size_t>(one.agreement)].id);
    }
    if (one.gateway != policy::Gateway::kNone) {
      released->set_gateway(request::ToEntry(one.gateway));
    }
    for (const Aspect aspect : one.aspects) released->add_aspects(request::ToEntry(aspect));
    for (const policy::RuleIndex rule : one.rules) released->add_rules(RuleWords(rule));
  }
  for (const Withholding& one : findings.withheld) {
    ledger::v1::Withheld* withheld = entry->add_withheld();
    withheld->set_rule(RuleWords(one.rule));
    withheld->set_count(one.count);
  }
}

void DisclosureEvaluator::TurnTo(const policy::Item& item) {
  told_flag_ = nullptr;
  record_->SetItem(item);
}

void DisclosureEvaluator::DecideAssessments(const stored::FlagRow& flag, FlagEvaluation* finding) {
  absl::InlinedVector<absl::string_view, 2> met;
  bool shown = false;
  for (const stored::AssessmentRow& row : flag.assessments()) {
    if (std::find(met.begin(), met.end(), row.kind()) != met.end()) continue;
    met.push_back(row.kind());
    const policy::Symbol kind = policy_.AssessmentSymbol(row.kind());
    const policy::Decision decision = record_->DecideOnly(Aspect::kAssessment, kind);
    if (decision.effect != Effect::kShow) {
      Withhold(decision);
      continue;
    }
    shown = true;
    finding->assessment_kinds.push_back(row.kind());
    Note(flag, Aspect::kAssessment, decision);
    const bool told = std::any_of(
        finding->aspects.begin(), finding->aspects.end(), [&decision](const AspectEvaluation& one) {
          return one.aspect == Aspect::kAssessment && one.decision == decision;
        });
    if (!told) finding->aspects.push_back({Aspect::kAssessment, decision, kind});
  }
  if (shown) return;
  // What is told then is what is told where there is no assessment: a kind in it, or a reason that
  // only this kind has, would say that there is one.
  const policy::Decision decision = record_->DecideOnly(Aspect::kAssessment);
  finding->aspects.push_back({Aspect::kAssessment, decision});
  if (decision.effect == Effect::kShow) {
    Note(flag, Aspect::kAssessment, decision);
  } else if (met.empty()) {
    Withhold(decision);
  }
}

void DisclosureEvaluator::DecideContent(const stored::FlagRow& flag, const policy::Item& item,
                                        const std::string& kind, FlagEvaluation* finding) {
  const policy::Symbol assessment = policy_.AssessmentSymbol(kind);
  TurnTo(item);
  const policy::Decision pointer = record_->DecideOnly(Aspect::kAssessment, assessment);
  // Which sections may be asked for says that the assessment exists.
  if (pointer.effect != Effect::kShow) {
    Withhold(pointer);
    return;
  }
  ContentEvaluation content;
  content.assessment_kind = kind;
  policy::Item section_item = ItemOf(flag, Aspect::kContent);
  section_item.assessment = assessment;
  bool turned = false;
  for (const policy::Symbol section : policy_.Sections(assessment)) {
    const Tri names_victim = SectionNamesVictim(policy_, section);
    if (!turned || names_victim != section_item.names_victim) {
      section_item.names_victim = names_victim;
      TurnTo(section_item);
      turned = true;
    }
    const policy::Decision decision = record_->DecideOnly(Aspect::kContent, assessment, section);
    if (decision.effect == Effect::kShow) {
      // Sections may be open for different reasons, and each is noted.
      if (std::find(content.open_by.begin(), content.open_by.end(), decision) ==
          content.open_by.end()) {
        content.open_by.push_back(decision);
        Note(flag, Aspect::kContent, decision);
      }
      content.open.push_back(policy_.SectionId(section));
    } else {
      if (content.withheld.empty()) {
        content.first_withheld = decision;
        content.first_withheld_item = section_item;
        content.first_withheld_item.section = section;
      }
      Withhold(decision);
      content.withheld.push_back(policy_.SectionId(section));
    }
  }
  finding->content.push_back(std::move(content));
}

Evaluation DisclosureEvaluator::Decide(const people::Person& person) {
  GatherPerson(&person);
  findings_.flags.reserve(static_cast<size_t>(person.flags().size()));
  for (const stored::FlagRow& flag : person.flags()) {
    if (!Counts(flag)) continue;
    // Its facts are the same for every aspect but content, which is turned to below.
    const policy::Item item = ItemOf(flag, Aspect::kExistence);
    TurnTo(item);
    const policy::Decision existence = record_->DecideOnly(Aspect::kExistence);
    const policy::Decision agency = record_->DecideOnly(Aspect::kAgency);
    noted_from_ = findings_.released.size();
    if (existence.effect != Effect::kShow || agency.effect != Effect::kShow) {
      // Not to be named. Whatever else is shown of it cannot be said without naming it.
      if (existence.effect != Effect::kHide) {
        findings_.unnamed_service_involved = true;
        Note(flag, Aspect::kExistence, existence);
      } else {
        Withhold(existence);
      }
      for (const Aspect aspect : asked_.aspects) {
        if (aspect != Aspect::kExistence) Withhold(existence);
      }
      continue;
    }
    FlagEvaluation finding;
    finding.flag = &flag;
    finding.aspects.push_back({Aspect::kExistence, existence});
    finding.aspects.push_back({Aspect::kAgency, agency});
    Note(flag, Aspect::kExistence, existence);
    Note(flag, Aspect::kAgency, agency);
    for (const Aspect aspect : asked_.aspects) {
      if (aspect == Aspect::kExistence || aspect == Aspect::kAgency) continue;
      if (aspect == Aspect::kAssessment) {
        DecideAssessments(flag, &finding);
        continue;
      }
      const policy::Decision decision = record_->DecideOnly(aspect);
      finding.aspects.push_back({aspect, decision});
      if (decision.effect == Effect::kShow) {
        Note(flag, aspect, decision);
      } else {
        Withhold(decision);
      }
    }
    if (asked_.content) {
      std::vector<std::string> kinds;
      for (const stored::AssessmentRow& row : flag.assessments()) {
        if (!asked_.assessment_kind.empty() && row.kind() != asked_.assessment_kind) continue;
        if (std::find(kinds.begin(), kinds.end(), row.kind()) != kinds.end()) continue;
        kinds.push_back(row.kind());
        DecideContent(flag, item, row.kind(), &finding);
      }
    }
    findings_.flags.push_back(std::move(finding));
  }
  std::sort(findings_.flags.begin(), findings_.flags.end(),
            [](const FlagEvaluation& a, const FlagEvaluation& b) {
              return std::tie(a.flag->agency_id(), a.flag->flag_id()) <
                     std::tie(b.flag->agency_id(), b.flag->flag_id());
            });
  return std::move(findings_);
}

bool DisclosureEvaluator::MayKnowOf(const people::Person& person, const stored::FlagRow& flag,
                                    policy::Decision* deciding) {
  GatherPerson(&person);
  TurnTo(ItemOf(flag, Aspect::kExistence));
  const policy::Decision existence = record_->DecideOnly(Aspect::kExistence);
  const policy::Decision agency = record_->DecideOnly(Aspect::kAgency);
  *deciding = existence.effect != Effect::kShow ? existence : agency;
  // A notice is kept by the system that gets it, so it must be one that may be recorded there.
  const policy::Decision record = record_->DecideOnly(Aspect::kRecord);
  if (existence.effect == Effect::kShow && agency.effect == Effect::kShow &&
      record.effect != Effect::kShow) {
    *deciding = record;
  }
  return existence.effect == Effect::kShow && agency.effect == Effect::kShow &&
         record.effect == Effect::kShow;
}

absl::InlinedVector<policy::Relationship, 4> DisclosureEvaluator::Relationships() const {
  absl::InlinedVector<policy::Relationship, 4> counted;
  uint8_t yes = question_.relationships.yes;
  for (const policy::TeamStanding& standing : standings_) {
    yes |= standing.relationships.yes;
    if ((standing.relationships.yes & policy::kWorkerInvolved) != 0) {
      yes |= policy::Bit(policy::Relationship::kTeamMember);
    }
  }
  for (const policy::Relationship relationship : policy::AllRelationships()) {
    if ((yes & policy::Bit(relationship)) != 0) counted.push_back(relationship);
  }
  return counted;
}

void DisclosureEvaluator::RememberQuestion() {
  record_.emplace(policy_, question_);
  told_flag_ = nullptr;
  question_key_.clear();
  question_key_.reserve(kQuestionKeyBytesUsual);
  // The day and not the second: agreements, and the policy itself, begin and end at midnight UTC.
  const int64_t day = question_.now_s / 86400;
  AddToKey(&question_key_, question_.agency, question_.role, question_.is_practitioner,
           question_.purpose, question_.relationships.yes, question_.relationships.unknown,
           question_.necessity_stated, question_.override_request.requested,
           question_.override_request.ground, question_.override_request.reason_stated, day);
  for (const policy::TeamStanding& standing : standings_) {
    AddToKey(&question_key_, standing.team, standing.relationships.yes,
             standing.relationships.unknown);
  }
}

std::shared_ptr<const std::vector<bool>> DisclosureEvaluator::AlwaysNamed() {
  // Everything that the answer depends on: the question, and neither the person nor a flag.
  auto answer = bound_.always_named.Get(question_key_, [this] {
    // As of somebody who is not shielded: of whoever is, nothing is said beyond that it is not
    // settled, as of somebody nobody has found.
    const policy::PersonFacts facts{Tri::kNo, Tri::kNo, Tri::kNo};
    auto named = std::make_shared<std::vector<bool>>();
    for (size_t holder = 0; holder <= policy_.agency_count(); ++holder) {
      const auto symbol = static_cast<policy::Symbol>(holder);
      named->push_back(
          policy_.AlwaysShows(question_, facts, symbol, policy::kNoSymbol, Aspect::kExistence) &&
          policy_.AlwaysShows(question_, facts, symbol, policy::kNoSymbol, Aspect::kAgency));
    }
    return std::shared_ptr<const std::vector<bool>>(std::move(named));
  });
  return answer;
}

bool DisclosureEvaluator::IsSettled(const people::Person& person) const {
  if (person.shielded() || !person.row().review_ids().empty()) return false;
  int64_t began_s = 0;
  for (const stored::FlagRow& flag : person.flags()) {
    if (flag.agency_id() != asker_.agency_id || !Counts(flag)) continue;
    if (began_s == 0 || flag.created_at_s() < began_s) began_s = flag.created_at_s();
  }
  return began_s == 0 || now_ >= request::AddWorkingDays(absl::FromUnixSeconds(began_s),
                                                         request::kRecordSettlesDays);
}

void DisclosureEvaluator::WriteCoverage(const people::Person* person, request::WireParts* answer) {
  if (person != person_ || !record_.has_value()) GatherPerson(person);
  const std::shared_ptr<const std::vector<bool>> named = AlwaysNamed();
  std::string bytes;
  bytes.reserve(kCoverageBytesUsual);
  const bool settled = person != nullptr && IsSettled(*person);
  directory_.ForEachAgency([&](const registry::Agency& agency,
                               const std::optional<registry::FeedTimes>& feed) {
    if (!agency.takes_part()) return;
    v1::CoverageState state = v1::COVERAGE_STATE_HAS_NONE;
    if (!agency.feeds_index || !feed.has_value()) {
      state = v1::COVERAGE_STATE_NOT_CONNECTED;
    } else if (now_ - feed->until > agency.silence_max) {
      state = v1::COVERAGE_STATE_DID_NOT_ANSWER;
    } else if (!(*named)[policy_.AgencySymbol(agency.agency_id)]) {
      state = v1::COVERAGE_STATE_NOT_YOURS_TO_KNOW;
    } else if (person != nullptr && (!person->shielded() || agency.agency_id == asker_.agency_id) &&
               std::any_of(person->flags().begin(), person->flags().end(),
                           [&](const stored::FlagRow& flag) {
                             return Counts(flag) && flag.agency_id() == agency.agency_id;
                           })) {
      state = v1::COVERAGE_STATE_HAS_FLAG;
    } else if (!settled || directory_.CompleteLists(agency.agency_id).empty() ||
               std::any_of(person->row().waiting().begin(), person->row().waiting().end(),
                           [&](const stored::WaitingRow& waits) {
                             return waits.agency_id() == agency.agency_id;
                           })) {
      state = v1::COVERAGE_STATE_NOT_SETTLED;
    }
    bytes.clear();
    request::WireParts coverage(&bytes);
    coverage.Text(v1::Coverage::kAgencyIdFieldNumber, agency.agency_id);
    coverage.Text(v1::Coverage::kAgencyNameFieldNumber, agency.name);
    coverage.Number(v1::Coverage::kStateFieldNumber, static_cast<uint64_t>(state));
    if (feed.has_value()) {
      coverage.Timestamp(v1::Coverage::kFedSinceFieldNumber, absl::ToUnixSeconds(feed->since));
      coverage.Timestamp(v1::Coverage::kFedUntilFieldNumber, absl::ToUnixSeconds(feed->until));
    }
    answer->Message(v1::WhoKnowsAnswer::kCoverageFieldNumber, bytes);
  });
}

policy::WorkerExplanation DisclosureEvaluator::Words(const stored::FlagRow& flag,
                                                     const AspectEvaluation& finding) {
  if (told_flag_ != &flag) {
    TurnTo(ItemOf(flag, finding.aspect));
    told_flag_ = &flag;
  }
  return Tell(finding.aspect, finding.assessment, policy::kNoSymbol, finding.decision);
}

policy::WorkerExplanation DisclosureEvaluator::Words(const policy::Item& item,
                                                     const policy::Decision& decision) {
  TurnTo(item);
  return Tell(item.aspect, item.assessment, item.section, decision);
}

policy::WorkerExplanation DisclosureEvaluator::Tell(Aspect aspect, policy::Symbol assessment,
                                                    policy::Symbol section,
                                                    const policy::Decision& decision) {
  // What was missing is worked out only here, where somebody will read it.
  return record_->Explain(
      aspect, assessment, section,
      decision.effect == Effect::kShow ? decision : record_->Decide(aspect, assessment, section));
}

}  // namespace signpost::disclosure
