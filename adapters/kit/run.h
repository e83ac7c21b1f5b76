// RunOnce is one run of an adapter that reads the inbox, reports what became of each row, sends
// what changed and reconciles with the hub.
//
// Exit codes: 0 all done; 1 the hub could not be reached or refused, and the next run goes on from
// there; 2 usage or configuration; 3 the extract was refused and nothing left, or the hub holds too
// many open records that the extract lacks and nothing was closed.
//
// A run has its journal to itself: two runs of one configuration at the same time are refused by
// the journal's lock.

#ifndef SIGNPOST_ADAPTERS_KIT_RUN_H_
#define SIGNPOST_ADAPTERS_KIT_RUN_H_

#include <cstdint>
#include <cstdio>
#include <memory>

#include "adapters/kit/config.h"
#include "adapters/kit/connection.h"
#include "adapters/kit/push.h"
#include "adapters/kit/source_system.h"
#include "grpcpp/support/channel_arguments.h"
#include "hub/base/clock.h"
#include "hub/base/random.h"

namespace signpost::adapters {

struct RunOptions {
  bool dry_run = false;
  bool resend_all = false;
  int64_t confirm_missing = -1;
  // Empties the mailbox behind the extract; a watching adapter reads it all along instead.
  bool drain_mailbox = true;
  PushOptions push;
  Sleeper sleeper;
  // Where people read and, in a dry run, where what would leave is written.
  std::FILE* out = stdout;
  std::FILE* err = stderr;
};

inline constexpr int kExitDone = 0;
inline constexpr int kExitNotSent = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRefused = 3;

// Reads the inbox once, sends what changed and reconciles. Returns an exit code; everything that
// was wrong has been printed. `channel` is used as it is (tests); null: one is made from `config`.
int RunOnce(const SourceSystem& system, const AdapterConfig& config, const RunOptions& options,
            const base::Clock* clock, base::RandomSource* random,
            std::shared_ptr<grpc::ChannelInterface> channel);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_RUN_H_
