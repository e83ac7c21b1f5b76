// The one guard at the door of the API: every RPC passes it before anything else happens.
//
// It establishes who calls from four things that the caller cannot choose freely: the certificate
// of the connection (exactly one SPIFFE id), the registry's word on it now, the agency's signed
// assertion about the practitioner, and the registry's word on her. Enrolment and suspension are
// looked up on every call, so a suspension works at once on connections that are already open.
//
// Thread-safe. On the way of a good call it takes no lock but a shared one for the certificate's
// hash, and touches no storage.

#ifndef SIGNPOST_HUB_API_CALL_GUARD_H_
#define SIGNPOST_HUB_API_CALL_GUARD_H_

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "hub/api/method_table.h"
#include "hub/base/assertion.h"
#include "hub/gate/asker.h"

namespace signpost::registry {
class Registry;  // registry/registry.h
}  // namespace signpost::registry

namespace signpost::api {

inline constexpr char kAssertionMetadataKey[] = "signpost-assertion";
// A deadline travels as a rounded-up number of at most eight digits, so one of exactly the limit
// may arrive a little longer.
inline constexpr absl::Duration kDeadlineGrace = absl::Milliseconds(250);
// Certificates whose hash is remembered; connections are few and long.
inline constexpr size_t kCertificateCacheMax = 1024;

// Who calls, established. Plain value.
struct Caller {
  gate::Asker asker;
  CallerKind kind = CallerKind::kSystem;
};

// What the guard judges, apart from gRPC so that tests can say anything. Views are the caller's.
struct CallFacts {
  std::vector<absl::string_view> spiffe_ids;            // AuthContext "peer_spiffe_id"
  absl::string_view certificate_pem;                    // AuthContext "x509_pem_cert"
  std::vector<absl::string_view> assertions;            // metadata kAssertionMetadataKey
  absl::Duration time_left = absl::InfiniteDuration();  // to the deadline; infinite when none
  size_t request_bytes = 0;                             // 0 for streams
};

class CallGuard {
 public:
  struct Options {
    std::string trust_domain;  // "nortown.example"
    // The system that may keep the registry before anybody is enrolled in it. As long as the
    // registry does not know this id it is the operator by configuration; once enrolled, the
    // registry decides about it as about all others.
    std::string operator_spiffe_id;
  };

  // `registry` and `assertions` are not owned and must outlive the guard.
  CallGuard(Options options, const registry::Registry* registry,
            base::AssertionVerifier* assertions);
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;

  // Admits the call, or says why not. Errors, in the order in which they are judged:
  //   - kShuttingDown: draining
  //   - kMessageTooLarge
  //   - kDeadlineMissing: none, or one beyond the method's limit
  //   - kCallerUnknown: not exactly one SPIFFE id, of another trust domain, or not enrolled
  //   - kCallerSuspended: the system, its agency or the practitioner
  //   - kAssertionMissing, kAssertionInvalid, kAssertionForeign, kAssertionExpired;
  //   kAssertionInvalid
  //     also for two assertions and for a role or team that is not the practitioner's
  //   - kPractitionerUnknown
  //   - kMethodNotAllowed
  [[nodiscard]] absl::StatusOr<Caller> Admit(const grpc::ServerContextBase& context,
                                             const MethodRow& method, size_t request_bytes);
  [[nodiscard]] absl::StatusOr<Caller> AdmitFacts(const CallFacts& facts, const MethodRow& method);

  // Whether `caller` would still be enrolled and not suspended: for each message of a long stream.
  // Errors: kShuttingDown, kCallerUnknown, kCallerSuspended, kPractitionerUnknown.
  [[nodiscard]] absl::Status Recheck(const Caller& caller) const;

  // From now on every call is refused with kShuttingDown.
  void Drain() { draining_.store(true, std::memory_order_relaxed); }

 private:
  absl::StatusOr<Caller> AdmitSystem(absl::string_view spiffe_id) const;
  absl::Status AdmitPractitioner(const CallFacts& facts, Caller* caller);
  absl::StatusOr<std::string> CertificateHash(absl::string_view pem);

  const Options options_;
  const std::string id_prefix_;  // "spiffe://<trust domain>/agency/"
  const registry::Registry* const registry_;
  base::AssertionVerifier* const assertions_;
  std::atomic<bool> draining_ = false;
  absl::Mutex mutex_;
  // SHA-256 of the DER by PEM. A full map is emptied.
  absl::flat_hash_map<std::string, std::string> certificate_hashes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace signpost::api

#endif  // SIGNPOST_HUB_API_CALL_GUARD_H_
