#include "adapters/kit/await_connection.h"

#include "absl/time/clock.h"
#include "grpc/grpc.h"

namespace signpost::adapters {

void SetReconnectDelay(grpc::ChannelArguments* arguments) {
  arguments->SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                    static_cast<int>(absl::ToInt64Milliseconds(kReconnectAfter)));
}

void AwaitConnection(grpc::Channel* channel) {
  const auto late = absl::ToChronoTime(absl::Now() + kConnectionWaitMax);
  for (int failed = 0; failed < kConnectionAttempts;) {
    const grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY || state == GRPC_CHANNEL_SHUTDOWN) return;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE && ++failed == kConnectionAttempts) return;
    if (!channel->WaitForStateChange(state, late)) return;
  }
}

}  // namespace signpost::adapters
