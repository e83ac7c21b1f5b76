// Redacted() is the one printer that logs and diagnostics may use. Fields with the option
// (signpost.v1.sensitive) print as [redacted], whatever they hold and however deep; bytes print as
// their length; fields this binary does not know are counted and not shown.

#ifndef SIGNPOST_HUB_RPC_REDACT_H_
#define SIGNPOST_HUB_RPC_REDACT_H_

#include <string>

#include "google/protobuf/message.h"

namespace signpost::rpc {

inline constexpr size_t kRedactedBytesMax = 2000;  // of the printed text, cut with "..."

// One line, e.g. `request_id: "r-1" person { details: [redacted] } purpose: PURPOSE_HOUSING`. Only
// fields that are set. Thread-safe.
std::string Redacted(const google::protobuf::Message& message);

}  // namespace signpost::rpc

#endif  // SIGNPOST_HUB_RPC_REDACT_H_
