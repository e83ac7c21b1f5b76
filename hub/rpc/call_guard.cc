#include "hub/rpc/call_guard.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/registry/registry.h"

namespace signpost::rpc {
namespace {

using base::Error;
using base::Reason;

absl::Status ShuttingDown() {
  return Error(Reason::kShuttingDown, "This hub is shutting down. Ask again.");
}

absl::string_view View(grpc::string_ref ref) { return absl::string_view(ref.data(), ref.size()); }

}  // namespace

CallGuard::CallGuard(const std::string& trust_domain, const registry::Registry* registry,
                     base::AssertionVerifier* assertions)
    : id_prefix_(absl::StrCat("spiffe://", trust_domain, "/agency/")),
      registry_(registry),
      assertions_(assertions) {}

absl::StatusOr<base::Principal> CallGuard::AdmitSystem(const CallFacts& facts,
                                                       const MethodRow& method) const {
  if (draining_.load(std::memory_order_relaxed)) return ShuttingDown();
  if (facts.request_bytes > static_cast<size_t>(base::kMessageBytesMax)) {
    return Error(Reason::kMessageTooLarge,
                 absl::StrCat("The request has ", facts.request_bytes, " bytes; at most ",
                              base::kMessageBytesMax, " are taken."));
  }
  if (method.deadline == DeadlineRule::kUnary &&
      facts.time_left > absl::Seconds(base::kDeadlineSecondsMax) + kDeadlineGrace) {
    return Error(Reason::kDeadlineMissing,
                 absl::StrCat("The call has no deadline, or one too far away. Set one of at most ",
                              base::kDeadlineSecondsMax, " seconds."));
  }
  // Two names are no name: which one the caller means must not be the caller's choice.
  if (facts.spiffe_ids.size() != 1) {
    return Error(
        Reason::kCallerUnknown,
        "The certificate must hold exactly one URI name, a SPIFFE id. Ask the hub's operator "
        "for a certificate.");
  }
  if (!absl::StartsWith(facts.spiffe_ids[0], id_prefix_)) {
    return Error(Reason::kCallerUnknown,
                 "The certificate's SPIFFE id is not of this area. Ask the hub's operator for a "
                 "certificate.");
  }
  return registry_->LookupSystem(std::string(facts.spiffe_ids[0]));
}

absl::Status CallGuard::AdmitPractitioner(const CallFacts& facts, const MethodRow& method,
                                          base::Principal* caller) {
  const bool look = method.assertion != AssertionRule::kNone;
  if (look && facts.assertions.size() > 1) {
    return Error(Reason::kAssertionInvalid,
                 absl::StrCat("Send one assertion in metadata \"", kAssertionMetadataKey,
                              "\", not several."));
  }
  const bool asserted = look && !facts.assertions.empty();
  if (asserted && caller->kind == CallerKind::kSystem) caller->kind = CallerKind::kPractitioner;
  const bool could_be_practitioner =
      caller->kind == CallerKind::kSystem && method.assertion == AssertionRule::kRequired;
  if (!method.Allows(could_be_practitioner ? CallerKind::kPractitioner : caller->kind)) {
    return Error(Reason::kMethodNotAllowed,
                 absl::StrCat("A caller of kind ", CallerKindName(caller->kind),
                              " may not call this method."));
  }
  if (!asserted) {
    if (method.assertion != AssertionRule::kRequired) return absl::OkStatus();
    return Error(
        Reason::kAssertionMissing,
        absl::StrCat("This call is for a practitioner. Send the agency's signed assertion in "
                     "metadata \"",
                     kAssertionMetadataKey, "\"."));
  }

  SIGNPOST_ASSIGN_OR_RETURN(std::string certificate, CertificateHash(facts.certificate_pem));
  SIGNPOST_ASSIGN_OR_RETURN(
      std::shared_ptr<const base::AssertionClaims> claims,
      assertions_->Verify(facts.assertions[0], caller->agency_id, certificate));
  SIGNPOST_ASSIGN_OR_RETURN(
      registry::EnrolledPractitioner enrolled,
      registry_->LookupPractitioner(caller->agency_id, claims->practitioner_id));
  SIGNPOST_RETURN_IF_ERROR(registry_->CheckRole(enrolled, claims->role));
  for (const std::string& team : claims->teams) {
    if (!enrolled.InTeam(team)) {
      return Error(
          Reason::kAssertionInvalid,
          "The assertion names a team of which the practitioner is not a member now. Enrol "
          "them in it, or leave it out.");
    }
  }
  caller->practitioner_id = claims->practitioner_id;
  caller->role = claims->role;
  caller->team_ids = claims->teams;
  caller->covers = enrolled.covers();
  caller->assurance = claims->assurance;
  caller->asserted_purpose = claims->purpose;
  return absl::OkStatus();
}

absl::StatusOr<base::Principal> CallGuard::Admit(const CallFacts& facts, const MethodRow& method) {
  SIGNPOST_ASSIGN_OR_RETURN(base::Principal caller, AdmitSystem(facts, method));
  SIGNPOST_RETURN_IF_ERROR(AdmitPractitioner(facts, method, &caller));
  return caller;
}

absl::Status CallGuard::Recheck(const base::Principal& caller) const {
  if (draining_.load(std::memory_order_relaxed)) return ShuttingDown();
  SIGNPOST_RETURN_IF_ERROR(registry_->LookupSystem(caller.system_id).status());
  if (!caller.has_practitioner()) return absl::OkStatus();
  SIGNPOST_ASSIGN_OR_RETURN(
      const registry::EnrolledPractitioner enrolled,
      registry_->LookupPractitioner(caller.agency_id, caller.practitioner_id));
  return registry_->CheckRole(enrolled, caller.role);
}

absl::StatusOr<std::string> CallGuard::CertificateHash(absl::string_view pem) {
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto it = certificate_hashes_.find(pem);
    if (it != certificate_hashes_.end()) return it->second;
  }
  absl::StatusOr<std::string> hash = base::CertificateSha256(pem);
  if (!hash.ok()) {
    return Error(Reason::kCallerUnknown, "The connection's certificate cannot be read.");
  }
  absl::MutexLock lock(&mutex_);
  if (certificate_hashes_.size() >= kCertificateCacheMax) certificate_hashes_.clear();
  certificate_hashes_.emplace(std::string(pem), *hash);
  return hash;
}

GrpcCallFacts::GrpcCallFacts(const grpc::ServerContextBase& context, size_t request_bytes)
    : auth_(context.auth_context()) {
  facts_.request_bytes = request_bytes;
  if (auth_ != nullptr) {
    for (const grpc::string_ref& id : auth_->FindPropertyValues("peer_spiffe_id")) {
      facts_.spiffe_ids.push_back(View(id));
    }
    const std::vector<grpc::string_ref> pem = auth_->FindPropertyValues("x509_pem_cert");
    if (pem.size() == 1) facts_.certificate_pem = View(pem[0]);
  }
  const auto range = context.client_metadata().equal_range(kAssertionMetadataKey);
  for (auto it = range.first; it != range.second; ++it) {
    facts_.assertions.push_back(View(it->second));
  }
  const std::chrono::system_clock::time_point deadline = context.deadline();
  // gRPC says "none" with a time that a clock does not reach.
  if (deadline != std::chrono::system_clock::time_point::max()) {
    facts_.time_left = absl::FromChrono(deadline) - absl::Now();
  }
}

}  // namespace signpost::rpc
