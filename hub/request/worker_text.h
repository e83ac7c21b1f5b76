// These are functions that put what the policy says to a worker on the wire: a code with its
// parameters beside its English.

#ifndef SIGNPOST_HUB_REQUEST_WORKER_TEXT_H_
#define SIGNPOST_HUB_REQUEST_WORKER_TEXT_H_

#include "hub/request/wire_parts.h"
#include "policy/engine/record_evaluator.h"
#include "policy/policy.h"
#include "policy/vocabulary.h"
#include "signpost/v1/explanation.pb.h"

namespace signpost::request {

// tests/request/worker_text_test.cc holds the numbers and words of both sides equal.
v1::Gateway ToWire(policy::Gateway gateway);
v1::Obligation ToWire(policy::Obligation obligation);

// Whether a text says what to do next, or that is said in another way.
enum class NextStep { kSaid, kLeftOut };

// Writes the fields of a v1.WorkerText from what a RecordEvaluator of `policy` said.
void WriteWorkerText(const policy::Policy& policy, const policy::WorkerExplanation& told,
                     NextStep next_step, WireParts* text);
// Fills `text`, which is empty, with the same.
void SetWorkerText(const policy::Policy& policy, const policy::WorkerExplanation& told,
                   NextStep next_step, v1::WorkerText* text);

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_WORKER_TEXT_H_
