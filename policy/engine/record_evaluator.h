// A RecordEvaluator is an evaluator of one question over a whole record: flag after flag, each in
// several aspects, it decides and explains as the answer goes along.
//
// What depends on the question alone is worked out once, what depends on the flag once a flag, and
// what the worker reads is written over and over into the same buffer, so that nothing is allocated
// but that buffer as it grows. It says in everything what Policy says of the same question and
// item.
//
// It refers to the policy and the question it was made of, and to what the spans of question and
// item point at; all must outlive it unchanged. One caller at a time. Nothing here fails.

#ifndef SIGNPOST_POLICY_ENGINE_RECORD_EVALUATOR_H_
#define SIGNPOST_POLICY_ENGINE_RECORD_EVALUATOR_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "policy/engine/engine.h"
#include "policy/engine/prepared_question.h"
#include "policy/facts.h"
#include "policy/policy.h"

namespace signpost::policy {

// Which sentence the worker reads, so that it can be said in another language.
enum class WorkerReason : uint8_t {
  kShownByRule = 0,  // `rule`
  kShownByOverride,
  kBrokered,
  kNothing,   // without parameters, so that no two of them differ
  kWithheld,  // `missing`
};

// What the worker is told to do next. kAskAgency: that alone; with any other step the agency, where
// there is one, may be asked instead.
enum class WorkerNextStep : uint8_t {
  kNone = 0,
  kContactAndRecord,
  kAskForBroker,
  kAskExplicitConsent,
  kAskConsent,
  kAskOthersConsent,
  kStateNecessity,
  kAskAboutAgreement,
  kAskAgency,
};

// What the worker is told of one decision: Explanation's worker_reason, next_step and ask_agency,
// and the same as a code with its parameters. What is not a parameter of the code is empty.
struct WorkerExplanation {
  absl::string_view reason;
  absl::string_view next_step;
  absl::string_view all;  // both, with a blank between them
  Symbol ask_agency = kNoSymbol;
  WorkerReason code = WorkerReason::kNothing;
  WorkerNextStep step = WorkerNextStep::kNone;
  RuleIndex rule = kNoRule;
  uint32_t missing = 0;           // bits of Missing
  Symbol assessment = kNoSymbol;  // that the sentence is about
  Symbol section = kNoSymbol;
  uint32_t obligations = 0;  // that the sentence tells of
};

class RecordEvaluator {
 public:
  RecordEvaluator(const Policy& policy, const Question& question);
  RecordEvaluator(const RecordEvaluator&) = delete;
  RecordEvaluator& operator=(const RecordEvaluator&) = delete;

  // From now on `item` is meant, in whatever aspect.
  void SetItem(const Item& item);

  // As Policy::DecideOnly() of the item in that aspect, and of that assessment and section.
  //
  // REQUIRES, here and below: SetItem() was called.
  Decision DecideOnly(Aspect aspect, Symbol assessment = kNoSymbol, Symbol section = kNoSymbol);
  // As Policy::Decide(): with what was missing.
  Decision Decide(Aspect aspect, Symbol assessment = kNoSymbol, Symbol section = kNoSymbol);
  // Adds to `decision`, which must be what DecideOnly() answered to the same, what was missing.
  void AddMissing(Aspect aspect, Symbol assessment, Symbol section, Decision& decision);

  // As Policy::ExplainToWorker(); `decision` must be what Decide() answered to the same. The texts
  // are valid until the next call.
  WorkerExplanation Explain(Aspect aspect, Symbol assessment, Symbol section,
                            const Decision& decision);

 private:
  // Whether existence, or agency, of the item is shown.
  bool Shows(Aspect aspect);
  // What was missing for item_, as it is.
  Lacks WhatWasMissing();
  // The same, of the item as it was when that was last worked out, where it is the same still.
  const Lacks& Lacking(Aspect aspect, Symbol assessment, Symbol section);
  // Of the rules that decide, the one whose basis was recorded; kNoRule where none is.
  RuleIndex BasisRule(const Decision& decision);
  // What is withheld and what to do about it, as the end of "You may not see ..", to text_. Returns
  // where the latter begins.
  size_t AppendWithheld(uint32_t missing, const Lacks& lacks, WorkerExplanation& told);

  const PolicyImpl& policy_;
  const Question& question_;
  const PreparedQuestion prepared_;
  const Engine* const potential_shows_;        // nullptr: what was missing is interpreted
  std::optional<Engine::QuestionRows> could_;  // of potential_shows_, made when first needed
  Item item_;
  std::optional<PreparedItem> prepared_item_;   // of item_
  std::optional<Engine::ItemRows> could_item_;  // of potential_shows_ and item_, likewise
  std::optional<bool> existence_shown_;         // of item_
  std::optional<bool> agency_shown_;
  std::optional<Lacks> lacks_;  // of item_ in the aspect, assessment and section below
  Aspect lacks_aspect_ = Aspect::kExistence;
  Symbol lacks_assessment_ = kNoSymbol;
  Symbol lacks_section_ = kNoSymbol;
  std::string text_;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_RECORD_EVALUATOR_H_
