#include "hub/request/worker_text.h"

#include <string>

#include "hub/base/check.h"

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

void WriteWorkerText(const policy::Policy& policy, const policy::WorkerExplanation& told,
                     NextStep next_step, WireParts* text) {
  text->Number(v1::WorkerText::kCodeFieldNumber, CodeOf(told.code));
  text->Text(v1::WorkerText::kEnglishFieldNumber,
             next_step == NextStep::kSaid ? told.all : told.reason);
  if (next_step == NextStep::kSaid) {
    text->Number(v1::WorkerText::kNextStepFieldNumber, static_cast<uint64_t>(told.step));
  }
  if (told.rule != policy::kNoRule) {
    text->Text(v1::WorkerText::kRuleTitleFieldNumber,
               policy.rules()[static_cast<size_t>(told.rule)].title);
  }
  std::string lacks;  // packed, as all lists of numbers are; each is one byte
  for (const policy::Missing missing : policy::AllMissings()) {
    if ((told.missing & policy::Bit(missing)) != 0) {
      lacks.push_back(static_cast<char>(static_cast<int>(missing) + 1));
    }
  }
  text->Text(v1::WorkerText::kLacksFieldNumber, lacks);
  if (next_step == NextStep::kSaid && told.ask_agency != policy::kNoSymbol) {
    text->Text(v1::WorkerText::kAskAgencyIdFieldNumber, policy.AgencyId(told.ask_agency));
  }
  if (told.assessment != policy::kNoSymbol) {
    text->Text(v1::WorkerText::kAssessmentKindFieldNumber, policy.AssessmentId(told.assessment));
  }
  if (told.section != policy::kNoSymbol) {
    text->Text(v1::WorkerText::kSectionFieldNumber, policy.SectionId(told.section));
  }
  std::string obligations;
  for (const policy::Obligation obligation : policy::AllObligations()) {
    if ((told.obligations & policy::Bit(obligation)) != 0) {
      obligations.push_back(static_cast<char>(ToWire(obligation)));
    }
  }
  text->Text(v1::WorkerText::kObligationsFieldNumber, obligations);
}

void SetWorkerText(const policy::Policy& policy, const policy::WorkerExplanation& told,
                   NextStep next_step, v1::WorkerText* text) {
  std::string bytes;
  WireParts parts(&bytes);
  WriteWorkerText(policy, told, next_step, &parts);
  const bool parsed = text->ParseFromString(bytes);
  DCHECK(parsed);
  (void)parsed;
}

}  // namespace signpost::request
