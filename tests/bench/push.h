// This is a pusher that sends reports through one stream and waits until all are durable.

#ifndef SIGNPOST_TESTS_BENCH_PUSH_H_
#define SIGNPOST_TESTS_BENCH_PUSH_H_

#include <string>
#include <vector>

#include "tests/scenarios/nortown.h"

namespace signpost::bench {

// False, with a word on stderr, when the stream broke or a report had another outcome than `kind`:
// a report that waits for review is in nobody's answers and would be no flag.
bool PushAll(scenarios::Nortown* nortown, const std::string& agency,
             const std::vector<v1::FlagReport>& reports, v1::FlagOutcomeKind kind);

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_PUSH_H_
