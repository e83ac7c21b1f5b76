// ReleaseAt() is the rule that says when an answer leaves: at the moment its request came and a whole
// multiple of a step, so that how long the hub was at work, which depends on what it found, does not
// show. Counted from the request and not by a clock: a grid that the caller knows would say, to who
// sends just before one of its lines, on which side of it the work ended. Pure; thread-safe.

#ifndef SIGNPOST_HUB_RPC_RELEASE_H_
#define SIGNPOST_HUB_RPC_RELEASE_H_

#include "absl/time/time.h"

namespace signpost::rpc {

// The first such moment behind `now`, when the answer is ready. With a step of zero, and for what
// answers no request (`arrived` is absl::InfinitePast()): `now`, it leaves at once.
inline absl::Time ReleaseAt(absl::Time arrived, absl::Time now, absl::Duration step) {
  if (step <= absl::ZeroDuration() || arrived == absl::InfinitePast()) return now;
  // A clock that was set back since: as if the request had come now.
  if (now < arrived) return now + step;
  return arrived + absl::Floor(now - arrived, step) + step;
}

}  // namespace signpost::rpc

#endif  // SIGNPOST_HUB_RPC_RELEASE_H_
