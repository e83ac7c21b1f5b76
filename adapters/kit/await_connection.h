// AwaitConnection is a wait for a channel's first connection.
//
// A call on a channel that is not connected yet fails at once when the first attempt fails, and
// with gRPC 1.51 that can happen though the hub listens: the client reads errno for connect()'s
// outcome after it has taken a mutex, and a mutex that is contended for the first time in a process
// looks for files that need not be there. The call then ends, seldom, with UNAVAILABLE and "No such
// file or directory". Whoever cannot call again waits here first.
//
// Thread-safe. The channel is not owned.

#ifndef SIGNPOST_ADAPTERS_KIT_AWAIT_CONNECTION_H_
#define SIGNPOST_ADAPTERS_KIT_AWAIT_CONNECTION_H_

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/support/channel_arguments.h"

namespace signpost::adapters {

// A failed attempt is followed by another after about this long, and later ones after longer.
inline constexpr absl::Duration kReconnectAfter = absl::Milliseconds(100);
// The longest wait for a first attempt, and for further ones after it has failed.
inline constexpr absl::Duration kConnectionWaitMax = absl::Seconds(5);
inline constexpr absl::Duration kReconnectWaitMax = absl::Seconds(2);

// Sets kReconnectAfter, without which a second attempt comes too late for AwaitConnection().
void SetReconnectDelay(grpc::ChannelArguments* arguments);

// Connects, and returns when `channel` is connected or the wait is over. Says nothing of the
// outcome: the call that follows does, and says why.
void AwaitConnection(grpc::Channel* channel);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_AWAIT_CONNECTION_H_
