#include "policy/engine/explain.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/calendar.h"
#include "policy/engine/consent.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/program.h"
#include "policy/engine/record_evaluator.h"
#include "policy/engine/tri.h"

namespace signpost::policy {
namespace {

using syntax::Condition;

// Said of everything that is hidden together with its existence, so that no two such answers
// differ.
constexpr char kNothing[] = "There is nothing here that can be shown to you.";
constexpr char kBrokered[] = "A service that is not named here is involved.";
constexpr char kAskForBroker[] =
    " To be put in touch, ring the desk that your area names for this: it tells the service that "
    "you "
    "asked, and the service decides with the young person whether to get in touch.";

void AppendAspect(const PolicyImpl& policy, const Item& item, std::string* text) {
  switch (item.aspect) {
    case Aspect::kExistence:
      text->append("that a service is involved");
      return;
    case Aspect::kAgency:
      text->append("which agency is involved");
      return;
    case Aspect::kContact:
      text->append("whom to contact");
      return;
    case Aspect::kAssessment:
      if (item.assessment == kNoSymbol) {
        text->append("whether there is an assessment");
        return;
      }
      text->append("whether an assessment (")
          .append(policy.assessments.Word(item.assessment))
          .append(") exists");
      return;
    case Aspect::kContent:
      text->append("the section '")
          .append(policy.sections.Word(item.section))
          .append("' of the assessment (")
          .append(policy.assessments.Word(item.assessment))
          .append(")");
      return;
    case Aspect::kRecord:
      text->append("recording this on your own system");
      return;
    case Aspect::kShareOnward:
      text->append("passing this on");
      return;
  }
  text->append("this");
}

const char* GatewayInWords(Gateway gateway) {
  switch (gateway) {
    case Gateway::kNone:
      return "no lawful basis";
    case Gateway::kConsent:
      return "the young person's consent";
    case Gateway::kCda1998S115:
      return "the Crime and Disorder Act 1998, section 115";
    case Gateway::kCa1989S47:
      return "the Children Act 1989, section 47";
    case Gateway::kCa1989S17:
      return "the Children Act 1989, section 17";
    case Gateway::kCa2004S10:
      return "the Children Act 2004, section 10";
    case Gateway::kCa2004S11:
      return "the Children Act 2004, section 11";
    case Gateway::kLsa2000S117:
      return "the Learning and Skills Act 2000, section 117";
    case Gateway::kEsa2008S76:
      return "the Education and Skills Act 2008, section 76";
    case Gateway::kEsa2008S72:
      return "the Education and Skills Act 2008, section 72";
    case Gateway::kVitalInterests:
      return "someone's vital interests";
    case Gateway::kPublicInterest:
      return "an overriding public interest";
    case Gateway::kOwnRecord:
      return "your own agency's record";
  }
  return "no lawful basis";
}

// What is lacking, as the end of "you may not see this: ...".
const char* LackInWords(Missing missing) {
  switch (missing) {
    case Missing::kConsent:
      return "the young person's consent is needed";
    case Missing::kExplicitConsent:
      return "the young person's explicit consent is needed";
    case Missing::kRelationship:
      return "a reason to know is needed, such as working with the young person";
    case Missing::kSettled:
      return "your agency's record of working with the young person is too new";
    case Missing::kAgreement:
      return "the agreement between your agencies is not in force";
    case Missing::kGateway:
      return "the lawful basis does not reach your agency";
    case Missing::kNecessity:
      return "a statement of why it is necessary is needed";
    case Missing::kPurpose:
      return "it is not shown for this purpose";
    case Missing::kPractitioner:
      return "it is shown to a person, not to a system";
    case Missing::kOverride:
      return "the override does not reach it";
    case Missing::kFacts:
      return "a fact that decides is not known";
    case Missing::kPolicy:
      return "the policy is not yet in force";
    case Missing::kOthersConsent:
      return "the consent of somebody who may give it for the young person is needed";
  }
  return "something is lacking";
}

// The same as one of several things that would do.
const char* LackAsThing(Missing missing) {
  switch (missing) {
    case Missing::kConsent:
      return "the young person's consent";
    case Missing::kExplicitConsent:
      return "the young person's explicit consent";
    case Missing::kRelationship:
      return "a reason to know, such as working with the young person";
    case Missing::kSettled:
      return "a record of your agency's that has stood for some days";
    case Missing::kAgreement:
      return "the agreement between your agencies, which is not in force";
    case Missing::kGateway:
      return "a lawful basis that reaches your agency";
    case Missing::kNecessity:
      return "a statement of why it is necessary";
    case Missing::kPurpose:
      return "another purpose";
    case Missing::kPractitioner:
      return "a person who asks, not a system";
    case Missing::kOverride:
      return "an override that reaches it";
    case Missing::kFacts:
      return "a fact that is not known";
    case Missing::kPolicy:
      return "a policy that is in force";
    case Missing::kOthersConsent:
      return "the consent of somebody who may give it for the young person";
  }
  return "something else";
}

constexpr uint32_t kOwnConsent = Bit(Missing::kConsent) | Bit(Missing::kExplicitConsent);
constexpr uint32_t kAnyConsent = kOwnConsent | Bit(Missing::kOthersConsent);

// Whether somebody `by` whom consent may be given said no to this, or took a yes back.
bool SaidNo(Evaluation& evaluation, uint32_t by) {
  for (const ConsentState state : {ConsentState::kRefused, ConsentState::kWithdrawn}) {
    Condition condition;
    condition.consent_states = Bit(state) | Bit(ConsentMatter::kSharing) | by;
    if (evaluation.Holds(condition) == Tri::kYes) return true;
  }
  return false;
}

// Whether a phrase can ever be true of some practitioner of `agency`.
bool CanBe(const PolicyImpl& policy, const BoundAskerPhrase& phrase, Symbol agency) {
  if (phrase.team != kNoSymbol) return policy.team_data[phrase.team].agencies.Has(agency);
  const AgencyData& data = policy.agency_data[agency];
  return (phrase.agency == kNoSymbol || phrase.agency == agency) &&
         (phrase.kind == kNoSymbol || phrase.kind == data.kind) &&
         (!phrase.relevant_authority || data.relevant_authority) && !phrase.system &&
         !phrase.holder;
}

bool CanBeAnyOf(const PolicyImpl& policy, const BoundAskers& askers, Symbol agency) {
  if (askers.everyone) return true;
  return std::any_of(askers.any.begin(), askers.any.end(),
                     [&](const BoundAskerPhrase& phrase) { return CanBe(policy, phrase, agency); });
}

// Whether a statement can be about something that `holder` has.
bool CanBeHeldBy(const PolicyImpl& policy, const BoundItems& items, Symbol holder) {
  const AgencyData& data = policy.agency_data[holder];
  const bool unbound = items.held_by_agencies.empty() && items.held_by_kinds.empty();
  if (!unbound && !items.held_by_agencies.Has(holder) && !items.held_by_kinds.Has(data.kind)) {
    return false;
  }
  if (items.everything || items.agencies.Has(holder) || items.marked_sensitive) return true;
  if (data.services.empty()) return !items.services.empty();
  return std::any_of(data.services.begin(), data.services.end(),
                     [&](Symbol service) { return items.services.Has(service); });
}

// The whole of it, for the ledger. The worker's voice says less on purpose: see Explain() below.
std::string Audit(const PolicyImpl& policy, const Question& question, const Item& item,
                  const Decision& decision) {
  std::string text = DecisionInWords(policy, decision);
  Evaluation evaluation(policy, question, item);
  if ((decision.missing & (decision.missing - 1)) != 0) {
    std::vector<std::string> any;
    const uint32_t alternatives = evaluation.WhatWasMissing().any & decision.missing;
    for (const Missing one : AllMissings()) {
      if ((alternatives & Bit(one)) != 0) any.emplace_back(ToString(one));
    }
    if (!any.empty()) {
      absl::StrAppend(&text, "; any one would do of ", absl::StrJoin(any, ", "));
    }
  }
  if (decision.gateway != Gateway::kNone) {
    absl::StrAppend(&text, "; basis ", ToString(decision.gateway));
  }
  if (decision.agreement >= 0 &&
      static_cast<size_t>(decision.agreement) < policy.agreement_infos.size()) {
    absl::StrAppend(&text, "; agreement ",
                    policy.agreement_infos[static_cast<size_t>(decision.agreement)].id);
  }
  if (decision.consent != kNoConsent) absl::StrAppend(&text, "; consent #", decision.consent);
  if (decision.by_override) {
    absl::StrAppend(&text, "; override on ", ToString(question.override_request.ground));
  }
  if (decision.by_override && decision.lifted_rule != kNoRule) {
    std::vector<std::string> lifted;
    for (size_t r = 0; r < policy.rules.size(); ++r) {
      if (evaluation.Hides(policy.rules[r]) != Tri::kNo) lifted.push_back(policy.rule_infos[r].id);
    }
    absl::StrAppend(&text, ", lifting ", absl::StrJoin(lifted, " and "));
  }
  // Every statement that matches, whether it decided or not.
  std::vector<std::string> matches;
  for (size_t r = 0; r < policy.rules.size(); ++r) {
    for (const BoundStatement& statement : policy.rules[r].statements) {
      const Tri match = evaluation.Matches(policy.rules[r], statement);
      if (match == Tri::kNo) continue;
      const bool speaks =
          statement.effect == Effect::kHide || evaluation.Speaks(policy.rules[r], statement);
      if (!speaks && match == Tri::kUnknown) continue;
      matches.push_back(absl::StrCat(policy.rule_infos[r].id, " ", ToString(statement.effect),
                                     match == Tri::kUnknown ? " (on an unknown fact)" : "",
                                     speaks ? "" : " (not in force)"));
    }
  }
  absl::StrAppend(&text, "; matching: ", matches.empty() ? "none" : absl::StrJoin(matches, ", "),
                  "; policy \"", policy.name, "\" version ", policy.version);
  if (!policy.content_id.empty()) absl::StrAppend(&text, " ", policy.content_id);
  return text;
}

}  // namespace

std::string DecisionInWords(const PolicyImpl& policy, const Decision& decision) {
  std::string text(ToString(decision.effect));
  if (decision.by_default) absl::StrAppend(&text, " by default");
  for (size_t i = 0; i < decision.rules.size() && decision.rules[i] != kNoRule; ++i) {
    absl::StrAppend(&text, i == 0 ? " by " : " and ",
                    policy.rule_infos[static_cast<size_t>(decision.rules[i])].id);
  }
  bool first = true;
  for (const Missing missing : AllMissings()) {
    if ((decision.missing & Bit(missing)) == 0) continue;
    absl::StrAppend(&text, first ? ", missing " : " and ", ToString(missing));
    first = false;
  }
  return text;
}

Explanation Policy::Explain(const Question& question, const Item& item,
                            const Decision& decision) const {
  Explanation out = ExplainToWorker(question, item, decision);
  out.audit_reason = Audit(*impl_, question, item, decision);
  return out;
}

WorkerExplanation RecordEvaluator::Explain(Aspect aspect, Symbol assessment, Symbol section,
                                           const Decision& decision) {
  std::string& text = text_;
  text.clear();
  WorkerExplanation told;
  // A blank between reason and next step is written with the latter.
  const auto finish = [&](size_t reason_size) {
    const absl::string_view all = text;
    told.reason = all.substr(0, reason_size);
    if (all.size() > reason_size) told.next_step = all.substr(reason_size + 1);
    told.all = all;
    return told;
  };
  const auto append_aspect = [&] {
    item_.aspect = aspect;
    item_.assessment = assessment;
    item_.section = section;
    AppendAspect(policy_, item_, &text);
  };
  // The sentence is about these where it names the aspect.
  const auto name_parameters = [&] {
    if (aspect == Aspect::kAssessment || aspect == Aspect::kContent) told.assessment = assessment;
    if (aspect == Aspect::kContent) told.section = section;
  };
  if (decision.effect == Effect::kShow) {
    const RuleIndex rule = decision.by_override ? kNoRule : BasisRule(decision);
    told.code = WorkerReason::kShownByRule;
    name_parameters();
    text.append("You may see ");
    append_aspect();
    if (decision.by_override) {
      told.code = WorkerReason::kShownByOverride;
      text.append(
          " because you override for safeguarding. It is recorded, closes after 60 "
          "minutes and is reviewed within 2 working days by someone else");
    } else if (rule != kNoRule) {
      told.rule = rule;
      text.append(": ").append(policy_.rule_infos[static_cast<size_t>(rule)].title);
    }
    // Which duty it is stands in the reason that the practitioner gave.
    text.append(". Basis: ")
        .append(decision.by_override && decision.gateway == Gateway::kNone
                    ? "a legal duty, as you stated it"
                    : GatewayInWords(decision.gateway))
        .append(".");
    if (decision.agreement >= 0) {
      text.append(" Agreement: ")
          .append(policy_.agreement_infos[static_cast<size_t>(decision.agreement)].title)
          .append(".");
    }
    if ((decision.obligations & Bit(Obligation::kStateExpiry)) != 0 && decision.consent >= 0 &&
        static_cast<size_t>(decision.consent) < item_.consents.size()) {
      told.obligations |= Bit(Obligation::kStateExpiry);
      const int64_t until_s =
          EndOf(item_.consents[static_cast<size_t>(decision.consent)], BirthdaysOf(policy_, item_));
      if (until_s == kNeverS) {
        text.append(" The consent has no end date.");
      } else {
        text.append(" The consent ends on ").append(DayInWords(until_s)).append(".");
      }
    }
    if ((decision.obligations & Bit(Obligation::kNoOnwardSharing)) != 0) {
      told.obligations |= Bit(Obligation::kNoOnwardSharing);
      text.append(" Do not pass it on.");
    }
    const size_t reason_size = text.size();
    if (decision.by_override) {
      told.step = WorkerNextStep::kContactAndRecord;
      text.append(" Use it to contact the worker, and record what you did.");
    }
    if (Shows(Aspect::kAgency)) told.ask_agency = item_.holder;
    return finish(reason_size);
  }
  if (decision.effect == Effect::kBroker) {
    told.code = WorkerReason::kBrokered;
    told.step = WorkerNextStep::kAskForBroker;
    text.append(kBrokered);
    const size_t reason_size = text.size();
    text.append(kAskForBroker);
    return finish(reason_size);
  }
  // A reason can itself reveal: only where this asker already sees, on these same facts, that the
  // service is involved may the reason speak of this item.
  if (aspect == Aspect::kExistence || !Shows(Aspect::kExistence)) {
    text.append(kNothing);
    return finish(text.size());
  }
  told.code = WorkerReason::kWithheld;
  told.missing = decision.missing;
  name_parameters();
  text.append("You may not see ");
  append_aspect();
  // One lack has no alternatives; of several it is worked out which of them are.
  Lacks lacks{decision.missing, 0};
  if ((decision.missing & (decision.missing - 1)) != 0) {
    lacks.any = Lacking(aspect, assessment, section).any & decision.missing;
    lacks.all &= ~lacks.any;
  }
  const size_t reason_size = AppendWithheld(decision.missing, lacks, told);
  return finish(reason_size);
}

// Writes what is lacking and what to do about it; returns where the latter begins. Whoever said no
// is not to be asked again, and whoever took a yes back is not to be talked round: where that is
// what is lacking it is said, and what is left to do is told.
size_t RecordEvaluator::AppendWithheld(uint32_t missing, const Lacks& lacks,
                                       WorkerExplanation& told) {
  std::string& text = text_;
  bool own_no = false;
  bool others_no = false;
  if ((missing & kAnyConsent) != 0) {
    Evaluation evaluation(policy_, question_, item_);
    own_no = SaidNo(evaluation, kByYoungPersonBit);
    others_no = !own_no && (missing & Bit(Missing::kOthersConsent)) != 0 &&
                SaidNo(evaluation, kByAnotherBit);
  }
  // What the young person does not want is not to be had from somebody else either.
  const uint32_t refused = missing & (own_no      ? kAnyConsent
                                      : others_no ? Bit(Missing::kOthersConsent)
                                                  : 0);
  const uint32_t any = lacks.any & ~refused;
  const char* between = ": ";
  if (refused != 0) {
    text.append(between).append(own_no ? "the young person does not consent to it"
                                       : "whoever may consent for the young person does not");
    between = ", and ";
  }
  for (const Missing one : AllMissings()) {
    if ((lacks.all & ~refused & Bit(one)) == 0) continue;
    text.append(between).append(LackInWords(one));
    between = ", and ";
  }
  if (any != 0) {
    text.append(between).append((any & (any - 1)) != 0 ? "any one of these would do"
                                                       : "this would do instead");
    between = ": ";
    for (const Missing one : AllMissings()) {
      if ((any & Bit(one)) == 0) continue;
      text.append(between).append(LackAsThing(one));
      between = "; or ";
    }
  }
  if (missing == 0) text.append(": no rule lets it be shown");
  text.append(".");
  const size_t reason_size = text.size();
  if (refused != 0) text.append(" Do not ask for consent again unless they bring it up");
  uint32_t to_do = lacks.all & ~refused;
  if (any != 0) to_do |= Bit(EasiestOf(any));
  const auto has = [to_do](Missing one) { return (to_do & Bit(one)) != 0; };
  const auto step = [&](WorkerNextStep one, const char* words) {
    if (text.size() > reason_size) text.append(".");
    told.step = one;
    text.append(words);
  };
  if (has(Missing::kExplicitConsent)) {
    step(WorkerNextStep::kAskExplicitConsent,
         " Ask the young person for their written consent, and record it");
  } else if (has(Missing::kConsent)) {
    step(WorkerNextStep::kAskConsent, " Ask the young person for their consent, and record it");
  } else if (has(Missing::kOthersConsent)) {
    step(WorkerNextStep::kAskOthersConsent,
         " Ask whoever may give consent for the young person, and record it");
  } else if (has(Missing::kNecessity)) {
    step(WorkerNextStep::kStateNecessity, " State why it is necessary");
  } else if (has(Missing::kAgreement)) {
    step(WorkerNextStep::kAskAboutAgreement,
         " Ask your information-governance officer about the agreement");
  }
  if (Shows(Aspect::kAgency)) {
    told.ask_agency = item_.holder;
    const bool nothing_else = told.step == WorkerNextStep::kNone;
    if (nothing_else) told.step = WorkerNextStep::kAskAgency;
    text.append(text.size() == reason_size ? " Ask " : nothing_else ? "; ask " : ", or ask ");
    if (item_.holder < policy_.agency_data.size()) {
      text.append(policy_.agency_data[item_.holder].name);
    }
    if (refused != 0 && nothing_else) text.append(" what can be done without it");
  }
  if (text.size() > reason_size) text.append(".");
  return reason_size;
}

Explanation Policy::ExplainToWorker(const Question& question, const Item& item,
                                    const Decision& decision) const {
  RecordEvaluator record(*this, question);
  record.SetItem(item);
  const WorkerExplanation told =
      record.Explain(item.aspect, item.assessment, item.section, decision);
  Explanation out;
  out.worker_reason.assign(told.reason.data(), told.reason.size());
  out.next_step.assign(told.next_step.data(), told.next_step.size());
  out.ask_agency = told.ask_agency;
  return out;
}

std::vector<AgreementView> Policy::ListAgreements(Symbol asker_agency, int64_t now_s) const {
  std::vector<AgreementView> views;
  if (asker_agency == kNoSymbol || asker_agency >= impl_->agency_data.size()) return views;
  for (size_t g = 0; g < impl_->agreements.size(); ++g) {
    const BoundAgreement& agreement = impl_->agreements[g];
    if (!agreement.parties.Has(asker_agency)) continue;
    for (const Symbol other : impl_->agreement_infos[g].parties) {
      if (other == asker_agency) continue;
      AgreementView view;
      view.agreement = static_cast<int16_t>(g);
      view.other_agency = AgencyId(other);
      view.in_force =
          now_s >= impl_->in_force_s && agreement.from_s <= now_s && now_s < agreement.until_s;
      for (size_t r = 0; r < impl_->rules.size(); ++r) {
        const BoundRule& rule = impl_->rules[r];
        const RuleInfo& info = impl_->rule_infos[r];
        const bool here = rule.agreement == static_cast<int16_t>(g);
        for (const BoundStatement& statement : rule.statements) {
          const bool hide = statement.effect == Effect::kHide;
          if (!here && (!hide || rule.agreement != kNoAgreement)) continue;
          if (!CanBeHeldBy(*impl_, statement.items, other) ||
              !CanBeAnyOf(*impl_, statement.askers, asker_agency)) {
            continue;
          }
          AgreementSentence sentence;
          sentence.rule_id = info.id;
          sentence.rule_title = info.title;
          sentence.statement = std::string(statement.text);
          sentence.words = absl::StrCat(info.title, ": ", statement.text);
          if (!hide) {
            sentence.basis = rule.basis;
            absl::StrAppend(&sentence.words, ", basis ", ToString(rule.basis));
          }
          absl::StrAppend(&sentence.words, " (", info.id, ")");
          (hide ? view.never_see : view.may_see).push_back(std::move(sentence));
        }
      }
      views.push_back(std::move(view));
    }
  }
  std::sort(views.begin(), views.end(), [&](const AgreementView& a, const AgreementView& b) {
    return std::tie(a.other_agency, agreements()[static_cast<size_t>(a.agreement)].id) <
           std::tie(b.other_agency, agreements()[static_cast<size_t>(b.agreement)].id);
  });
  return views;
}

}  // namespace signpost::policy
