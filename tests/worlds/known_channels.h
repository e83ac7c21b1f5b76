// A KnownChannel is something that differs between two worlds today though it must not, and that is
// somebody's work to mend. The comparison overlooks it, as narrowly as can be said; a test fails
// when it is not seen any more, so that the entry goes with the mend.

#ifndef SIGNPOST_TESTS_WORLDS_KNOWN_CHANNELS_H_
#define SIGNPOST_TESTS_WORLDS_KNOWN_CHANNELS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/worlds/plan.h"
#include "tests/worlds/transcript.h"

namespace signpost::worlds {

struct KnownChannel {
  const char* name;   // "ledger-index-gap"
  const char* what;   // in a sentence
  const char* where;  // which promise it breaks
  // After it the worlds go on differing with good reason (a report waits in one and not in the
  // other), so the sequence ends there. Otherwise the field is passed over and the run goes on.
  bool ends;
  // A sequence that shows it, and the pair that it is of. 0 where it comes of another channel and
  // goes with it.
  uint64_t seed;
  const char* pair;
  bool (*is)(const Plan& plan, const std::string& method, const Difference& difference);
};

const std::vector<KnownChannel>& KnownChannels();

// The first that `difference` is, or nullptr.
const KnownChannel* FindKnown(const Plan& plan, const std::string& method,
                              const Difference& difference);

}  // namespace signpost::worlds

#endif  // SIGNPOST_TESTS_WORLDS_KNOWN_CHANNELS_H_
