// Error() is a maker of statuses that carry one reason from a closed list, a message that says what
// is wrong and what to do next, and where it helps the fields that are at fault.
//
// Inside the hub an error is an absl::Status with a reason attached; hub/rpc/errors.cc alone turns
// it into what goes on the wire, and a test holds this list equal to signpost.v1.ErrorReason.
// Messages never hold a name, a birth date, a postcode or free text about a person.
//
// Functions here are thread-safe.

#ifndef SIGNPOST_HUB_BASE_ERROR_H_
#define SIGNPOST_HUB_BASE_ERROR_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace signpost::base {

// Numbers equal those of signpost.v1.ErrorReason. Only append.
enum class Reason : int {
  kUnspecified = 0,
  kInvalidField = 1,         // a field is missing or malformed; see the field violations
  kNotFound = 2,             // no such thing, or not yours to know: the two are one answer
  kCallerUnknown = 3,        // the certificate names no enrolled system
  kCallerSuspended = 4,      // the system, its agency or the practitioner is suspended
  kAssertionMissing = 5,     // the call needs a practitioner's signed assertion
  kAssertionInvalid = 6,     // malformed, wrong signature, wrong audience, wrong algorithm
  kAssertionExpired = 7,     // past its end, before its start, or longer than allowed
  kAssertionForeign = 8,     // bound to another certificate or another agency
  kPractitionerUnknown = 9,  // the assertion names nobody enrolled
  kMethodNotAllowed = 10,    // this kind of caller may not call this method
  kPurposeNotAllowed = 11,   // the purpose is missing, unknown, or not the assertion's
  kDeadlineMissing = 12,     // the call has no deadline, or one beyond the limit
  kMessageTooLarge = 13,     // over a limit of base/limits.h
  kTooManyRequests = 14,     // budget or queue exhausted; wait and retry
  kAborted = 15,             // somebody changed it first; read again and retry
  kRequestIdReused = 16,     // same request_id, different content
  kStoreUnavailable = 17,    // storage failed; nothing was acknowledged
  kStoreFull = 18,           // no room on disk; nothing was changed
  kStoreNewer = 19,          // the store was written by a newer version
  kLedgerBehind = 20,        // the ledger is shorter than its last published checkpoint
  kPolicyUnavailable = 21,   // no policy in force; everything is hidden
  kShuttingDown = 22,        // draining; ask again, the next hub answers
  kInternal = 23,            // our own fault; quote the incident id
  kSequenceGap = 24,         // a report stream skipped a number; resume from the last acknowledged
  kAgencyUnknown = 25,       // names an agency that is not registered
  kRecordForbidden = 26,     // an agreement says: never record
  kOverrideInvalid = 27,     // no ground, no reason in words, or a role that may not override
  kConsentInvalid = 28,      // lacks evidence, competence, scope or a sensible period
  kAlreadyExists = 29,       // exists with other content
  kDataLoss = 30,            // stored bytes do not verify; call the operator
  kKeyUnavailable = 31,      // a wrapping key is missing or its file is readable by others
  kEnrolmentLapsed = 32,     // vetting or training lapsed, or a role needs one that is not enrolled
  kLegalHold = 33,           // it must be kept for a court or an inquiry
};

// "INVALID_FIELD" for kInvalidField, as in the proto enum without its prefix.
const char* ReasonName(Reason reason);

struct FieldViolation {
  std::string field;        // path as in the proto: "person.details.birth_date"
  std::string description;  // what is wrong and what would be right
};

// A status with `reason` attached. Its code is the one this reason always has (see CodeOf), so
// equal reasons look equal from outside.
absl::Status Error(Reason reason, const std::string& message,
                   std::vector<FieldViolation> violations = {});

// Shorthand: kInvalidField for one field.
absl::Status InvalidField(const std::string& field, const std::string& description);

// The reason in `status`: kUnspecified when OK; kInternal, kStoreUnavailable, kAborted and the like
// for a bare status of that code, so that no error is without one.
Reason ReasonOf(const absl::Status& status);

std::vector<FieldViolation> ViolationsOf(const absl::Status& status);

// The canonical code of a reason.
absl::StatusCode CodeOf(Reason reason);

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_ERROR_H_
