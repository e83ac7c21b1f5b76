#include "hub/rpc/errors.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "hub/base/check.h"
#include "hub/base/ids.h"
#include "hub/request/resolve.h"
#include "signpost/v1/errors.pb.h"

namespace signpost::rpc {
namespace {

using base::Reason;

// Handlers attach it, and we must look under the same key.
constexpr const char* kReceiptUrl = request::kReceiptPayload;
constexpr char kRetryUrl[] = "signpost.api/retry_ms";

// How base::Error() marks what it made; learnt from it, since the mark is its own.
const std::string& ReasonUrl() {
  static const std::string* const url = [] {
    auto* found = new std::string;
    base::Error(Reason::kInternal, "")
        .ForEachPayload([found](absl::string_view name, const absl::Cord& /*payload*/) {
          *found = std::string(name);
        });
    return found;
  }();
  return *url;
}

bool HasReason(const absl::Status& status) { return status.GetPayload(ReasonUrl()).has_value(); }

// The reason as the wire tells it. A bare status was not meant for outside: only what tells a
// caller to try again keeps its kind.
Reason OutsideReason(const absl::Status& status) {
  if (HasReason(status)) return base::ReasonOf(status);
  switch (status.code()) {
    case absl::StatusCode::kAborted:
      return Reason::kAborted;
    case absl::StatusCode::kUnavailable:
      return Reason::kStoreUnavailable;
    case absl::StatusCode::kDataLoss:
      return Reason::kDataLoss;
    default:
      return Reason::kInternal;
  }
}

// What to say instead of the message where the message is nobody's business; nullptr otherwise.
const char* ConstantText(Reason reason) {
  switch (reason) {
    case Reason::kInternal:
      return "The hub failed at this; nothing was disclosed. Try again, and if it lasts quote the "
             "incident id to the hub's operator.";
    case Reason::kDataLoss:
    case Reason::kLedgerBehind:
      return "What the hub has stored does not verify. Quote the incident id to the hub's "
             "operator.";
    case Reason::kStoreUnavailable:
      return "The hub's storage failed and nothing was acknowledged. Try again, and if it lasts "
             "quote "
             "the incident id to the hub's operator.";
    case Reason::kStoreNewer:
    case Reason::kKeyUnavailable:
      return "The hub is not set up rightly. Quote the incident id to the hub's operator.";
    default:
      return nullptr;
  }
}

absl::Duration UsualWait(Reason reason) {
  switch (reason) {
    case Reason::kTooManyRequests:
    case Reason::kShuttingDown:
      return absl::Seconds(1);
    case Reason::kAborted:
      return absl::Milliseconds(100);
    case Reason::kStoreUnavailable:
      return absl::Seconds(5);
    case Reason::kStoreFull:
      return absl::Seconds(60);
    default:
      return absl::ZeroDuration();
  }
}

absl::Duration WaitOf(const absl::Status& status, Reason reason) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRetryUrl);
  int64_t ms = 0;
  if (payload.has_value() && absl::SimpleAtoi(std::string(*payload), &ms)) {
    return absl::Milliseconds(ms);
  }
  return UsualWait(reason);
}

// Cut to `bytes_max`, on a whole character.
std::string Cut(absl::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "...");
}

std::optional<google::rpc::Status> DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  if (status.ok() || status.error_details().empty() ||
      !details.ParseFromString(status.error_details())) {
    return std::nullopt;
  }
  return details;
}

template <typename Message>
std::optional<Message> Detail(const grpc::Status& status) {
  const std::optional<google::rpc::Status> details = DetailsOf(status);
  if (!details.has_value()) return std::nullopt;
  for (const google::protobuf::Any& any : details->details()) {
    Message message;
    if (any.Is<Message>() && any.UnpackTo(&message)) return message;
  }
  return std::nullopt;
}

}  // namespace

absl::Status WithReceipt(absl::Status status, const v1::Receipt& receipt) {
  status.SetPayload(kReceiptUrl, absl::Cord(receipt.SerializeAsString()));
  return status;
}

std::optional<v1::Receipt> ReceiptOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kReceiptUrl);
  v1::Receipt receipt;
  if (!payload.has_value() || !receipt.ParseFromString(std::string(*payload))) return std::nullopt;
  return receipt;
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration wait) {
  CHECK(wait > absl::ZeroDuration());
  const int64_t ms = std::max<int64_t>(1, absl::ToInt64Milliseconds(wait));
  status.SetPayload(kRetryUrl, absl::Cord(absl::StrCat(ms)));
  return status;
}

grpc::Status ErrorMapper::ToWire(const absl::Status& status, const char* method) const {
  if (status.ok()) return grpc::Status::OK;
  if (status.code() == absl::StatusCode::kCancelled && !HasReason(status)) {
    return grpc::Status(grpc::StatusCode::CANCELLED, "The caller has gone.");
  }
  const Reason reason = OutsideReason(status);
  google::rpc::ErrorInfo info;
  info.set_reason(base::ReasonName(reason));
  info.set_domain(kErrorDomain);

  std::string text;
  const char* constant_text = ConstantText(reason);
  if (constant_text != nullptr || !HasReason(status)) {
    const std::string incident = base::IncidentId::New(random_).ToText();
    (*info.mutable_metadata())["incident_id"] = incident;
    log_->Error("incident", {{"incident_id", incident},
                             {"method", method},
                             {"reason", base::ReasonName(reason)},
                             {"detail", status.message()}});
    text = constant_text != nullptr ? constant_text
                                    : "Somebody changed it first. Read again and retry.";
  } else if (reason == Reason::kNotFound) {
    text = kNotFoundText;
  } else {
    text = Cut(status.message(), kErrorTextBytesMax);
  }

  google::rpc::Status details;
  const absl::StatusCode code = base::CodeOf(reason);
  details.set_code(static_cast<int>(code));
  details.set_message(text);
  details.add_details()->PackFrom(info);
  if (reason != Reason::kNotFound) {
    google::rpc::BadRequest bad_request;
    for (const base::FieldViolation& violation : base::ViolationsOf(status)) {
      if (bad_request.field_violations_size() == kViolationsMax) break;
      auto* out = bad_request.add_field_violations();
      out->set_field(Cut(violation.field, 100));
      out->set_description(Cut(violation.description, 200));
    }
    if (bad_request.field_violations_size() > 0) details.add_details()->PackFrom(bad_request);
  }
  if (const absl::Duration wait = WaitOf(status, reason); wait > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() =
        google::protobuf::util::TimeUtil::MillisecondsToDuration(absl::ToInt64Milliseconds(wait));
    details.add_details()->PackFrom(retry);
  }
  if (const std::optional<v1::Receipt> receipt = ReceiptOf(status); receipt.has_value()) {
    details.add_details()->PackFrom(*receipt);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(code), text, details.SerializeAsString());
}

base::Reason ReasonOnWire(const grpc::Status& status) {
  const std::optional<google::rpc::ErrorInfo> info = Detail<google::rpc::ErrorInfo>(status);
  if (!info.has_value() || info->domain() != kErrorDomain) return Reason::kUnspecified;
  v1::ErrorReason reason;
  if (!v1::ErrorReason_Parse("ERROR_REASON_" + info->reason(), &reason)) {
    return Reason::kUnspecified;
  }
  return static_cast<Reason>(reason);
}

std::string MetadataOnWire(const grpc::Status& status, const std::string& key) {
  const std::optional<google::rpc::ErrorInfo> info = Detail<google::rpc::ErrorInfo>(status);
  if (!info.has_value()) return "";
  const auto it = info->metadata().find(key);
  return it == info->metadata().end() ? "" : it->second;
}

std::optional<v1::Receipt> ReceiptOnWire(const grpc::Status& status) {
  return Detail<v1::Receipt>(status);
}

std::optional<absl::Duration> RetryOnWire(const grpc::Status& status) {
  const std::optional<google::rpc::RetryInfo> retry = Detail<google::rpc::RetryInfo>(status);
  if (!retry.has_value()) return std::nullopt;
  return absl::Milliseconds(
      google::protobuf::util::TimeUtil::DurationToMilliseconds(retry->retry_delay()));
}

std::vector<base::FieldViolation> ViolationsOnWire(const grpc::Status& status) {
  std::vector<base::FieldViolation> violations;
  const std::optional<google::rpc::BadRequest> bad = Detail<google::rpc::BadRequest>(status);
  if (!bad.has_value()) return violations;
  for (const auto& violation : bad->field_violations()) {
    violations.push_back({violation.field(), violation.description()});
  }
  return violations;
}

}  // namespace signpost::rpc
