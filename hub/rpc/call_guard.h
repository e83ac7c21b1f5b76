// CallGuard is the one guard that every RPC passes before anything else happens.
//
// It establishes who calls from four things that the caller cannot choose freely: the certificate
// of the connection (exactly one SPIFFE id), the registry's word on it now, the agency's signed
// assertion about the practitioner, and the registry's word on them. Enrolment and suspension are
// looked up on every call, so a suspension works at once on connections that are already open.
//
// It comes in two steps. AdmitSystem() is quick and reads no storage: it may run on gRPC's threads.
// AdmitPractitioner() may check a signature and reads one row: it runs on the executor.
//
// Thread-safe.

#ifndef SIGNPOST_HUB_RPC_CALL_GUARD_H_
#define SIGNPOST_HUB_RPC_CALL_GUARD_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"
#include "hub/base/assertion.h"
#include "hub/base/principal.h"
#include "hub/rpc/method_table.h"

namespace signpost::registry {
class Registry;  // registry/registry.h
}  // namespace signpost::registry

namespace signpost::rpc {

inline constexpr char kAssertionMetadataKey[] = "signpost-assertion";
// A deadline travels as a rounded-up number of at most eight digits, so one of exactly the limit
// may arrive a little longer.
inline constexpr absl::Duration kDeadlineGrace = absl::Milliseconds(250);
// Certificates whose hash is remembered; connections are few and long.
inline constexpr size_t kCertificateCacheMax = 1024;

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
  // Systems are of `trust_domain` ("nortown.example"). `registry` and `assertions` are not owned
  // and must outlive the guard.
  CallGuard(const std::string& trust_domain, const registry::Registry* registry,
            base::AssertionVerifier* assertions);
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;

  // The first step. Errors, in the order in which they are judged:
  //   - kShuttingDown: draining
  //   - kMessageTooLarge
  //   - kDeadlineMissing: none, or one beyond the method's limit
  //   - kCallerUnknown: not exactly one SPIFFE id, of another trust domain, or not enrolled
  //   - kCallerSuspended: the system or its agency
  [[nodiscard]] absl::StatusOr<base::Principal> AdmitSystem(const CallFacts& facts,
                                                            const MethodRow& method) const;

  // The second: adds the practitioner to `caller`, where the method looks at assertions, and judges
  // whether this kind of caller may call this method. Errors:
  //   - kMethodNotAllowed
  //   - kAssertionMissing, kAssertionInvalid, kAssertionForeign, kAssertionExpired; the
  //     second also for two assertions and for a role or team in which they are not enrolled
  //   - kPractitionerUnknown, kCallerSuspended
  //   - kStoreUnavailable, kDataLoss from the registry
  [[nodiscard]] absl::Status AdmitPractitioner(const CallFacts& facts, const MethodRow& method,
                                               base::Principal* caller);

  // Both.
  [[nodiscard]] absl::StatusOr<base::Principal> Admit(const CallFacts& facts,
                                                      const MethodRow& method);

  // Whether `caller` would still be enrolled and not suspended: for each message of a long stream.
  // Reads a row when there is a practitioner. Errors: kShuttingDown, kCallerUnknown,
  // kCallerSuspended, kPractitionerUnknown, kStoreUnavailable.
  [[nodiscard]] absl::Status Recheck(const base::Principal& caller) const;

  // From now on every call is refused with kShuttingDown.
  void Drain() { draining_.store(true, std::memory_order_relaxed); }

 private:
  absl::StatusOr<std::string> CertificateHash(absl::string_view pem);

  const std::string id_prefix_;  // "spiffe://<trust domain>/agency/"
  const registry::Registry* const registry_;
  base::AssertionVerifier* const assertions_;
  std::atomic<bool> draining_ = false;
  absl::Mutex mutex_;
  // SHA-256 of the DER by PEM, because reading a certificate costs more than all the rest. A full
  // map is emptied.
  absl::flat_hash_map<std::string, std::string> certificate_hashes_ ABSL_GUARDED_BY(mutex_);
};

// The facts of a call, as gRPC has them. Valid while the call is.
class GrpcCallFacts {
 public:
  GrpcCallFacts(const grpc::ServerContextBase& context, size_t request_bytes);
  const CallFacts& facts() const { return facts_; }

 private:
  std::shared_ptr<const grpc::AuthContext> auth_;
  CallFacts facts_;
};

}  // namespace signpost::rpc

#endif  // SIGNPOST_HUB_RPC_CALL_GUARD_H_
