// A Mailbox is a reader of the agency's mailbox at the hub that hands each notice on.
//
// A notice is acknowledged only after the handler took it, so a crash anywhere brings it again: the
// handler drops what it has seen by message id. Not thread-safe; Read() blocks its thread.

#ifndef SIGNPOST_ADAPTERS_KIT_MAILBOX_H_
#define SIGNPOST_ADAPTERS_KIT_MAILBOX_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "adapters/kit/connection.h"
#include "hub/base/random.h"
#include "signpost/v1/exchange.grpc.pb.h"

namespace signpost::adapters {

struct MailboxOptions {
  std::string cursor = "adapter";
  int credits = 100;
  RetryOptions retry;
  // Ends Read() at the first heartbeat: all that waited has been handled.
  bool until_empty = false;
  // A stream without even a heartbeat for this long is begun anew.
  absl::Duration silence_max = absl::Minutes(2);
};

class Mailbox {
 public:
  // Takes one message durably. An error ends the stream before it is acknowledged.
  using Handler = std::function<absl::Status(const signpost::v1::DeliveredMessage& message,
                                             const signpost::v1::Notice& notice)>;

  Mailbox(std::shared_ptr<grpc::ChannelInterface> channel, base::RandomSource* random,
          MailboxOptions options, Sleeper sleeper);

  // Reads until `sleeper` says stop, the box is empty (with until_empty), or an error that waiting
  // does not mend. `handled` counts messages that were handled and acknowledged.
  [[nodiscard]] absl::Status Read(const Handler& handler, int64_t* handled);
  // Ends a Read() in another thread.
  void Stop();

 private:
  struct Active;
  grpc::Status RunStream(const Handler& handler, int64_t* handled, bool* empty,
                         absl::Status* handler_status);

  const std::unique_ptr<signpost::v1::ExchangeService::Stub> stub_;
  base::RandomSource* const random_;
  const MailboxOptions options_;
  const Sleeper sleeper_;
  const std::shared_ptr<Active> active_;
};

// A handler that appends each notice as one JSON line to `path` (mode 0600) and syncs it. A message
// whose id is already in the file is not written again.
[[nodiscard]] absl::StatusOr<Mailbox::Handler> NoticeFile(const std::string& path);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_MAILBOX_H_
