// ErrorMapper is the one translator that turns an error inside into one outside.
//
// Inside, an error is an absl::Status with a base::Reason. Outside it is a gRPC status whose
// details are a google.rpc.Status of ErrorInfo{reason, domain "signpost.v1"}, BadRequest where
// fields are at fault, RetryInfo where waiting helps, and signpost.v1.Receipt where the refusal was
// recorded.
//
// What is nobody's business stays inside:
//   - NOT_FOUND has one constant text and names no field, so that hidden and absent are equal;
//   - what is the hub's own fault (a bare status, kInternal, kDataLoss, storage, keys, the ledger)
//     has a constant text and an opaque incident id; the detail is in the log under that id.

#ifndef SIGNPOST_HUB_RPC_ERRORS_H_
#define SIGNPOST_HUB_RPC_ERRORS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/support/status.h"
#include "hub/base/error.h"
#include "hub/base/json_log.h"
#include "hub/base/random.h"
#include "signpost/v1/common.pb.h"

namespace signpost::rpc {

inline constexpr char kErrorDomain[] = "signpost.v1";
inline constexpr char kNotFoundText[] =
    "Not found, or not yours to know. Check the person's details and your agency's agreements.";
// What of a refusal goes on the wire: trailers must stay within kMetadataBytesMax.
inline constexpr int kViolationsMax = 16;
inline constexpr size_t kErrorTextBytesMax = 500;

// The receipt that says that this refusal is in the ledger, carried on the status to the wire.
[[nodiscard]] absl::Status WithReceipt(absl::Status status, const v1::Receipt& receipt);
std::optional<v1::Receipt> ReceiptOf(const absl::Status& status);

// How long the caller should wait, where it is known better than by reason. REQUIRES: wait > 0.
[[nodiscard]] absl::Status WithRetryAfter(absl::Status status, absl::Duration wait);

// Thread-safe. `random` (for incident ids) and `log` are not owned and must outlive it.
class ErrorMapper {
 public:
  ErrorMapper(base::RandomSource* random, base::JsonLog* log) : random_(random), log_(log) {}

  // What goes on the wire for `status`; `method` is for the log line of an incident. OK stays OK.
  [[nodiscard]] grpc::Status ToWire(const absl::Status& status, const char* method) const;

 private:
  base::RandomSource* const random_;
  base::JsonLog* const log_;
};

// Reads what ToWire() wrote, for clients and tests: the reason, or kUnspecified when `status` is OK
// or carries none of ours.
base::Reason ReasonOnWire(const grpc::Status& status);
// ErrorInfo.metadata[`key`], or empty.
std::string MetadataOnWire(const grpc::Status& status, const std::string& key);
std::optional<v1::Receipt> ReceiptOnWire(const grpc::Status& status);
std::optional<absl::Duration> RetryOnWire(const grpc::Status& status);
// Field paths of BadRequest.
std::vector<base::FieldViolation> ViolationsOnWire(const grpc::Status& status);

}  // namespace signpost::rpc

#endif  // SIGNPOST_HUB_RPC_ERRORS_H_
