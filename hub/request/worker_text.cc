#include "hub/request/worker_text.h"

#include <string>

namespace signpost::request {
namespace {

v1::WorkerTextCode CodeOf(policy::WorkerReason reason) {
  switch (reason) {
    case policy::WorkerReason::kShownByRule:
      return v1::WORKER_TEXT_CODE_SHOWN_BY_RULE;
    case policy::WorkerReason::kShownByOverride:
      return v1::WORKER_TEXT_CODE_SHOWN_BY_OVERRIDE;
    case policy::WorkerReason::kBrokered:
      return v1::WORKER_TEXT_CODE_BROKERED;
    case policy::WorkerReason::kNothing:
      return v1::WORKER_TEXT_CODE_NOTHING_TO_SHOW;
    case policy::WorkerReason::kWithheld:
      return v1::WORKER_TEXT_CODE_WITHHELD;
  }
  return v1::WORKER_TEXT_CODE_NOTHING_TO_SHOW;
}

}  // namespace

v1::Gateway ToWire(policy::Gateway gateway) { return static_cast<v1::Gateway>(gateway); }

v1::Obligation ToWire(policy::Obligation obligation) {
  return static_cast<v1::Obligation>(static_cast<int>(obligation) + 1);
}

void SetWorkerText(const policy::Policy& policy, const policy::WorkerExplanation& told,
                   NextStep next_step, v1::WorkerText* text) {
  const absl::string_view english = next_step == NextStep::kSaid ? told.all : told.reason;
  text->set_code(CodeOf(told.code));
  text->mutable_english()->assign(english.data(), english.size());
  if (told.rule != policy::kNoRule) {
    text->set_rule_title(policy.rules()[static_cast<size_t>(told.rule)].title);
  }
  for (const policy::Missing missing : policy::AllMissings()) {
    if ((told.missing & policy::Bit(missing)) != 0) {
      text->add_lacks(static_cast<v1::Lack>(static_cast<int>(missing) + 1));
    }
  }
  if (told.assessment != policy::kNoSymbol) {
    text->set_assessment_kind(policy.AssessmentId(told.assessment));
  }
  if (told.section != policy::kNoSymbol) text->set_section(policy.SectionId(told.section));
  for (const policy::Obligation obligation : policy::AllObligations()) {
    if ((told.obligations & policy::Bit(obligation)) != 0) {
      text->add_obligations(ToWire(obligation));
    }
  }
  if (next_step == NextStep::kLeftOut) return;
  text->set_next_step(static_cast<v1::WorkerNextStep>(told.step));
  if (told.ask_agency != policy::kNoSymbol) {
    text->set_ask_agency_id(policy.AgencyId(told.ask_agency));
  }
}

}  // namespace signpost::request
