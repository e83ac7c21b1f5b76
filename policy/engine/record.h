// One question asked of a whole record: flag after flag, each in several aspects, decided and
// explained as the answer goes along.
//
// What depends on the question alone is worked out once, what depends on the flag once a flag, and
// what the worker reads is written over and over into the same room, so that nothing is allocated
// but that room as it grows. Says in everything what Policy says of the same question and item.
//
// Refers to the policy and the question it was made of, and to what the spans of question and item
// point at; all must outlive it unchanged. One caller at a time.

#ifndef SIGNPOST_POLICY_ENGINE_RECORD_H_
#define SIGNPOST_POLICY_ENGINE_RECORD_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "policy/engine/asking.h"
#include "policy/engine/engine.h"
#include "policy/facts.h"
#include "policy/policy.h"

namespace signpost::policy {

// What the worker is told of one decision: Explanation's worker_reason, next_step and ask_agency.
struct Told {
  absl::string_view reason;
  absl::string_view next_step;
  absl::string_view all;  // both, with a blank between them
  Symbol ask_agency = kNoSymbol;
};

class Record {
 public:
  Record(const Policy& policy, const Question& question);
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  // From now on `item` is meant, in whatever aspect. Call before anything below.
  void Turn(const Item& item);

  // As Policy::DecideOnly() of the item in that aspect, and of that assessment and section.
  Decision DecideOnly(Aspect aspect, Symbol assessment = kNoSymbol, Symbol section = kNoSymbol);
  // As Policy::Decide(): with what was missing.
  Decision Decide(Aspect aspect, Symbol assessment = kNoSymbol, Symbol section = kNoSymbol);
  // Adds to `decision`, which must be what DecideOnly() answered to the same, what was missing.
  void AddMissing(Aspect aspect, Symbol assessment, Symbol section, Decision& decision);

  // As Policy::ExplainToWorker(); `decision` must be what Decide() answered to the same. The texts
  // are valid until the next call.
  Told Tell(Aspect aspect, Symbol assessment, Symbol section, const Decision& decision);

 private:
  // Whether existence, or agency, of the item is shown.
  bool Shows(Aspect aspect);

  const PolicyImpl& policy_;
  const Question& question_;
  const Asking asking_;
  const Engine* const wants_;            // nullptr: what was missing is interpreted
  std::optional<Engine::Asking> could_;  // of wants_, made when first needed
  Item item_;
  std::optional<ItemAsking> about_;           // of item_
  std::optional<Engine::About> could_about_;  // of wants_ and item_, made when first needed
  std::optional<bool> existence_shown_;       // of item_
  std::optional<bool> agency_shown_;
  std::string text_;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_RECORD_H_
