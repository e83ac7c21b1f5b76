#include "adapters/kit/await_connection.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/grpc.h"

namespace signpost::adapters {

void SetReconnectDelay(grpc::ChannelArguments* arguments) {
  arguments->SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                    static_cast<int>(absl::ToInt64Milliseconds(kReconnectAfter)));
}

void AwaitConnection(grpc::Channel* channel) {
  absl::Time late = absl::Now() + kConnectionWaitMax;
  bool failed = false;
  while (true) {
    const grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY || state == GRPC_CHANNEL_SHUTDOWN) return;
    // The channel stays in this state while it makes further attempts.
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE && !failed) {
      failed = true;
      late = std::min(late, absl::Now() + kReconnectWaitMax);
    }
    if (!channel->WaitForStateChange(state, absl::ToChronoTime(late))) return;
  }
}

}  // namespace signpost::adapters
