#include "hub/base/error.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace signpost::base {
namespace {

// The payload: "<reason>\n", then each violation as "<length> <field><length> <description>". Only
// this file writes and reads it, in one process.
constexpr char kPayloadUrl[] = "signpost.base/reason";

struct ReasonRow {
  Reason reason;
  const char* name;
  absl::StatusCode code;
};

// In the order of the enum, which numbers without gaps.
constexpr ReasonRow kReasons[] = {
    {Reason::kUnspecified, "UNSPECIFIED", absl::StatusCode::kUnknown},
    {Reason::kInvalidField, "INVALID_FIELD", absl::StatusCode::kInvalidArgument},
    {Reason::kNotFound, "NOT_FOUND", absl::StatusCode::kNotFound},
    {Reason::kCallerUnknown, "CALLER_UNKNOWN", absl::StatusCode::kUnauthenticated},
    {Reason::kCallerSuspended, "CALLER_SUSPENDED", absl::StatusCode::kPermissionDenied},
    {Reason::kAssertionMissing, "ASSERTION_MISSING", absl::StatusCode::kUnauthenticated},
    {Reason::kAssertionInvalid, "ASSERTION_INVALID", absl::StatusCode::kUnauthenticated},
    {Reason::kAssertionExpired, "ASSERTION_EXPIRED", absl::StatusCode::kUnauthenticated},
    {Reason::kAssertionForeign, "ASSERTION_FOREIGN", absl::StatusCode::kUnauthenticated},
    {Reason::kPractitionerUnknown, "PRACTITIONER_UNKNOWN", absl::StatusCode::kUnauthenticated},
    {Reason::kMethodNotAllowed, "METHOD_NOT_ALLOWED", absl::StatusCode::kPermissionDenied},
    {Reason::kPurposeNotAllowed, "PURPOSE_NOT_ALLOWED", absl::StatusCode::kPermissionDenied},
    {Reason::kDeadlineMissing, "DEADLINE_MISSING", absl::StatusCode::kInvalidArgument},
    {Reason::kMessageTooLarge, "MESSAGE_TOO_LARGE", absl::StatusCode::kInvalidArgument},
    {Reason::kTooManyRequests, "TOO_MANY_REQUESTS", absl::StatusCode::kResourceExhausted},
    {Reason::kAborted, "ABORTED", absl::StatusCode::kAborted},
    {Reason::kRequestIdReused, "REQUEST_ID_REUSED", absl::StatusCode::kAlreadyExists},
    {Reason::kStoreUnavailable, "STORE_UNAVAILABLE", absl::StatusCode::kUnavailable},
    {Reason::kStoreFull, "STORE_FULL", absl::StatusCode::kResourceExhausted},
    {Reason::kStoreNewer, "STORE_NEWER", absl::StatusCode::kFailedPrecondition},
    {Reason::kLedgerBehind, "LEDGER_BEHIND", absl::StatusCode::kDataLoss},
    {Reason::kPolicyUnavailable, "POLICY_UNAVAILABLE", absl::StatusCode::kUnavailable},
    {Reason::kShuttingDown, "SHUTTING_DOWN", absl::StatusCode::kUnavailable},
    {Reason::kInternal, "INTERNAL", absl::StatusCode::kInternal},
    {Reason::kSequenceGap, "SEQUENCE_GAP", absl::StatusCode::kFailedPrecondition},
    {Reason::kAgencyUnknown, "AGENCY_UNKNOWN", absl::StatusCode::kInvalidArgument},
    {Reason::kRecordForbidden, "RECORD_FORBIDDEN", absl::StatusCode::kPermissionDenied},
    {Reason::kOverrideInvalid, "OVERRIDE_INVALID", absl::StatusCode::kPermissionDenied},
    {Reason::kConsentInvalid, "CONSENT_INVALID", absl::StatusCode::kInvalidArgument},
    {Reason::kAlreadyExists, "ALREADY_EXISTS", absl::StatusCode::kAlreadyExists},
    {Reason::kDataLoss, "DATA_LOSS", absl::StatusCode::kDataLoss},
    {Reason::kKeyUnavailable, "KEY_UNAVAILABLE", absl::StatusCode::kFailedPrecondition},
    {Reason::kEnrolmentLapsed, "ENROLMENT_LAPSED", absl::StatusCode::kPermissionDenied},
    {Reason::kLegalHold, "LEGAL_HOLD", absl::StatusCode::kFailedPrecondition},
};
constexpr size_t kReasonCount = sizeof(kReasons) / sizeof(kReasons[0]);

constexpr bool InOrder() {
  for (size_t i = 0; i < kReasonCount; ++i) {
    if (static_cast<size_t>(kReasons[i].reason) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "kReasons must list every reason at its number");

// What lies outside the list was cast from a number: our own fault.
const ReasonRow& RowOf(Reason reason) {
  const size_t number = static_cast<size_t>(reason);
  return kReasons[number < kReasonCount ? number : static_cast<size_t>(Reason::kInternal)];
}

Reason ReasonOfCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return Reason::kUnspecified;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return Reason::kInvalidField;
    case absl::StatusCode::kNotFound:
      return Reason::kNotFound;
    case absl::StatusCode::kAlreadyExists:
      return Reason::kAlreadyExists;
    case absl::StatusCode::kPermissionDenied:
      return Reason::kMethodNotAllowed;
    case absl::StatusCode::kUnauthenticated:
      return Reason::kCallerUnknown;
    case absl::StatusCode::kResourceExhausted:
      return Reason::kTooManyRequests;
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

void AppendText(const std::string& text, std::string& payload) {
  absl::StrAppend(&payload, text.size(), " ", text);
}

bool TakeText(absl::string_view* payload, std::string* text) {
  const size_t space = payload->find(' ');
  size_t length = 0;
  if (space == absl::string_view::npos || !absl::SimpleAtoi(payload->substr(0, space), &length)) {
    return false;
  }
  payload->remove_prefix(space + 1);
  if (payload->size() < length) return false;
  *text = std::string(payload->substr(0, length));
  payload->remove_prefix(length);
  return true;
}

std::optional<std::string> PayloadOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return std::nullopt;
  return std::string(*payload);
}

}  // namespace

const char* ReasonName(Reason reason) { return RowOf(reason).name; }

absl::StatusCode CodeOf(Reason reason) { return RowOf(reason).code; }

absl::Status Error(Reason reason, const std::string& message,
                   std::vector<FieldViolation> violations) {
  absl::Status status(CodeOf(reason), message);
  std::string payload = absl::StrCat(static_cast<int>(RowOf(reason).reason), "\n");
  for (const FieldViolation& violation : violations) {
    AppendText(violation.field, payload);
    AppendText(violation.description, payload);
  }
  status.SetPayload(kPayloadUrl, absl::Cord(payload));
  return status;
}

absl::Status InvalidField(const std::string& field, const std::string& description) {
  return Error(Reason::kInvalidField, absl::StrCat(field, ": ", description),
               {{field, description}});
}

Reason ReasonOf(const absl::Status& status) {
  const std::optional<std::string> payload = PayloadOf(status);
  int number = 0;
  if (payload.has_value() && absl::SimpleAtoi(payload->substr(0, payload->find('\n')), &number)) {
    return RowOf(static_cast<Reason>(number)).reason;
  }
  return ReasonOfCode(status.code());
}

std::vector<FieldViolation> ViolationsOf(const absl::Status& status) {
  const std::optional<std::string> payload = PayloadOf(status);
  if (!payload.has_value()) return {};
  absl::string_view rest = *payload;
  rest.remove_prefix(rest.find('\n') + 1);
  std::vector<FieldViolation> violations;
  FieldViolation violation;
  while (TakeText(&rest, &violation.field) && TakeText(&rest, &violation.description)) {
    violations.push_back(violation);
  }
  return violations;
}

}  // namespace signpost::base
