#include "adapters/kit/connection.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "adapters/kit/await_connection.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

// The largest answer about one young person: 256 flags with 16 assessments of many sections each.
constexpr int kReceivedBytesMax = 16 << 20;

absl::StatusOr<std::string> ReadCertificates(const std::string& path, const char* what) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file.good() || text.str().find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    return base::InvalidField(absl::StrCat("hub.", what),
                              absl::StrCat(path, " cannot be read or holds no certificate in PEM"));
  }
  return text.str();
}

const char* CodeName(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return "OK";
    case grpc::StatusCode::CANCELLED:
      return "CANCELLED";
    case grpc::StatusCode::UNKNOWN:
      return "UNKNOWN";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case grpc::StatusCode::NOT_FOUND:
      return "NOT_FOUND";
    case grpc::StatusCode::ALREADY_EXISTS:
      return "ALREADY_EXISTS";
    case grpc::StatusCode::PERMISSION_DENIED:
      return "PERMISSION_DENIED";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "RESOURCE_EXHAUSTED";
    case grpc::StatusCode::FAILED_PRECONDITION:
      return "FAILED_PRECONDITION";
    case grpc::StatusCode::ABORTED:
      return "ABORTED";
    case grpc::StatusCode::OUT_OF_RANGE:
      return "OUT_OF_RANGE";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "UNIMPLEMENTED";
    case grpc::StatusCode::INTERNAL:
      return "INTERNAL";
    case grpc::StatusCode::UNAVAILABLE:
      return "UNAVAILABLE";
    case grpc::StatusCode::DATA_LOSS:
      return "DATA_LOSS";
    case grpc::StatusCode::UNAUTHENTICATED:
      return "UNAUTHENTICATED";
    default:
      return "UNKNOWN";
  }
}

std::string WhatToDo(const HubError& error) {
  if (error.code == grpc::StatusCode::UNAVAILABLE && error.reason.empty()) {
    return "The hub cannot be reached: check its address, that it runs, and that its certificate "
           "and yours were signed by the authorities each side trusts";
  }
  if (error.reason == "CALLER_UNKNOWN" || error.reason == "CALLER_SUSPENDED" ||
      error.reason == "METHOD_NOT_ALLOWED") {
    return "Ask the hub's operator how this system is enrolled";
  }
  if (error.code == grpc::StatusCode::UNIMPLEMENTED) {
    return "The hub is older than this adapter, or the address is not a hub's";
  }
  if (!error.incident_id.empty()) {
    return absl::StrCat("Quote incident ", error.incident_id, " to the hub's operator");
  }
  if (error.Retryable()) return "What was not acknowledged is sent again by the next run";
  return "";
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const ConnectionOptions& options) {
  grpc::SslCredentialsOptions tls;
  SIGNPOST_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadCertificates(options.ca_path, "ca"));
  SIGNPOST_ASSIGN_OR_RETURN(tls.pem_cert_chain,
                            ReadCertificates(options.certificate_path, "certificate"));
  SIGNPOST_ASSIGN_OR_RETURN(tls.pem_private_key,
                            base::ReadSecretFile(options.key_path, base::kKeyFileBytesMax));
  grpc::ChannelArguments arguments;
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  arguments.SetMaxReceiveMessageSize(kReceivedBytesMax);
  // A peer that has gone without a word is noticed within a minute and a half.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  // A connection of its own: adapters in one process must not share one under another certificate.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  SetReconnectDelay(&arguments);
  return grpc::CreateCustomChannel(options.address, grpc::SslCredentials(tls), arguments);
}

bool HubError::Retryable() const {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
      return true;
    default:
      break;
  }
  if (reason == "SEQUENCE_GAP") return true;
  // gRPC's own words for a connection that broke in the middle of a stream.
  return reason.empty() &&
         (code == grpc::StatusCode::INTERNAL || code == grpc::StatusCode::UNKNOWN);
}

std::string HubError::Readable() const {
  std::string text =
      absl::StrCat(CodeName(code), reason.empty() ? "" : ", ", reason, ": ", message);
  for (const Field& field : fields) {
    absl::StrAppend(&text, "; ", field.field, ": ", field.description);
  }
  const std::string next = WhatToDo(*this);
  if (!next.empty()) absl::StrAppend(&text, ". ", next);
  return text;
}

HubError DecodeHubError(const grpc::Status& status) {
  HubError error;
  error.code = status.error_code();
  error.message = status.error_message();
  google::rpc::Status details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) {
    return error;
  }
  for (const google::protobuf::Any& any : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&info)) {
      if (info.domain() != "signpost.v1") continue;
      error.reason = info.reason();
      const auto incident = info.metadata().find("incident_id");
      if (incident != info.metadata().end()) error.incident_id = incident->second;
    } else if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        error.fields.push_back({violation.field(), violation.description()});
      }
    } else if (any.UnpackTo(&retry)) {
      error.retry_after =
          std::max(absl::ZeroDuration(), absl::Seconds(retry.retry_delay().seconds()) +
                                             absl::Nanoseconds(retry.retry_delay().nanos()));
    }
  }
  return error;
}

absl::Status HubErrorToStatus(const HubError& error, const std::string& what) {
  if (error.code == grpc::StatusCode::OK) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(error.code),
                      absl::StrCat(what, ": ", error.Readable()));
}

Sleeper RealSleeper() {
  return [](absl::Duration duration) {
    absl::SleepFor(duration);
    return true;
  };
}

absl::Duration RetryDelay(const RetryOptions& options, int attempt, const HubError& error,
                          base::RandomSource* random) {
  absl::Duration delay = options.first_delay;
  for (int i = 2; i < attempt && delay < options.delay_max; ++i) delay *= 2;
  delay = std::min(delay, options.delay_max);
  const double part = static_cast<double>(random->Number() % 1024) / 1024.0;
  delay = delay * (0.5 + 0.5 * part);
  // The hub knows better when it will have room; an unreasonable wish is cut to an hour.
  return std::max(delay, std::min(error.retry_after, absl::Hours(1)));
}

absl::Status CallWithRetry(const RetryOptions& options, const std::string& what,
                           base::RandomSource* random, const Sleeper& sleeper,
                           const std::function<grpc::Status(grpc::ClientContext*)>& call) {
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + options.call_deadline));
    const grpc::Status status = call(&context);
    if (status.ok()) return absl::OkStatus();
    const HubError error = DecodeHubError(status);
    if (!error.Retryable() || attempt >= options.attempts_max ||
        !sleeper(RetryDelay(options, attempt + 1, error, random))) {
      return HubErrorToStatus(error, what);
    }
  }
}

}  // namespace signpost::adapters
