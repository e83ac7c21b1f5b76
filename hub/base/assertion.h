// An assertion is a statement that an agency signs: who is sitting at the agency's system, in which
// role and for which purpose, said by the agency and bound to the certificate the call arrives on.
//
// It is a JWT in compact form. Header: {"alg","kid","typ":"signpost-assertion+jwt"} and nothing
// else. Claims: iss (agency), sub (practitioner), name (optional), role, teams, assurance, purpose,
// aud, iat, nbf (optional), exp, jti, cnf {"x5t#S256": SHA-256 of the peer certificate, RFC 8705}.
// Claims that are not listed are ignored.
//
// The algorithm is the enrolled key's and never the token's choice. Every spelling that two readers
// could read differently is refused: repeated keys, padding, spare bits, numbers in strings,
// anything after the end. Nothing in a token is believed before its signature is checked.

#ifndef SIGNPOST_HUB_BASE_ASSERTION_H_
#define SIGNPOST_HUB_BASE_ASSERTION_H_

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/base/crypto.h"
#include "hub/base/limits.h"

namespace signpost::base {

// What an assertion says. Times are whole seconds.
struct AssertionClaims {
  std::string agency_id;        // iss
  std::string practitioner_id;  // sub
  std::string name;             // as the agency writes it; may be empty. Personal: never logged
  std::string role;
  std::vector<std::string> teams;
  std::string assurance;  // how the agency signed the practitioner in: "substantial", "high"; any
                          // text passes here, and the caller judges what is enough
  std::string purpose;
  std::string audience;  // aud: the hub
  absl::Time issued_at;
  absl::Time not_before;  // equals issued_at when the token has no nbf
  absl::Time expires_at;
  std::string assertion_id;        // jti
  std::string certificate_sha256;  // cnf, 32 raw bytes
};

// Verifies assertions and remembers those that were good until they expire, because a signature
// costs about 120 us and a practitioner asks many questions in five minutes.
//
// What is remembered is only that the signature was good. Time, agency, certificate and the key
// itself are judged on every call, so a key that was withdrawn stops working at once. Enrolment and
// suspension are the registry's and looked up by the caller.
//
// Thread-safe; no lock is held while a signature is checked or a key is looked up. `clock` is not
// owned and must outlive it.
class AssertionVerifier {
 public:
  // The key `kid` of `agency_id`, or an error when there is none in force. Called on every
  // Verify(); must be quick and thread-safe.
  using KeyLookup = std::function<absl::StatusOr<PublicKey>(const std::string& agency_id,
                                                            const std::string& kid)>;

  // `audience` is the hub's own name: `aud` must equal it.
  AssertionVerifier(std::string audience, KeyLookup keys, const Clock* clock,
                    size_t cache_max = kAssertionCacheMax);
  AssertionVerifier(const AssertionVerifier&) = delete;
  AssertionVerifier& operator=(const AssertionVerifier&) = delete;

  // Judges `token` as presented over a connection of `peer_agency_id` whose certificate has the
  // SHA-256 `peer_certificate_sha256` (32 raw bytes; see CertificateSha256()).
  //
  // A token is in force from nbf (or iat) to exp, with kClockSkewSecondsMax of grace at both ends.
  // Errors:
  //   - kAssertionMissing: `token` is empty
  //   - kAssertionInvalid: over kAssertionBytesMax, malformed, unknown key, wrong algorithm or
  //     audience, bad signature
  //   - kAssertionForeign: of another agency, or bound to another certificate
  //   - kAssertionExpired: past its end, before its start, or longer than kAssertionLifeSecondsMax
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const AssertionClaims>> Verify(
      absl::string_view token, absl::string_view peer_agency_id,
      absl::string_view peer_certificate_sha256);

  // Tokens remembered now; never more than `cache_max`.
  size_t cached() const;

 private:
  struct Remembered {
    std::string digest;  // SHA-256 over certificate, agency and token: the key in `index_`
    std::string kid;
    std::string key_raw;  // the key that signed
    std::shared_ptr<const AssertionClaims> claims;
  };
  using Recent = std::list<Remembered>;  // most recently used first

  std::optional<Remembered> Recall(const std::string& digest);
  void Remember(Remembered remembered, absl::Time now);
  void Forget(const std::string& digest);

  const std::string audience_;
  const KeyLookup keys_;
  const Clock* const clock_;
  const size_t cache_max_;
  mutable absl::Mutex mutex_;
  Recent recent_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Recent::iterator> index_ ABSL_GUARDED_BY(mutex_);
};

// Signs `claims` with `key`, which the agency enrolled as `kid`. For clients: the command line, the
// adapters, tests. Checks nothing but that it can be written: a test may mint what the hub refuses.
// A `not_before` equal to `issued_at` is left out, and so is an empty `name`.
[[nodiscard]] absl::StatusOr<std::string> MintAssertion(const PrivateKey& key,
                                                        const std::string& kid,
                                                        const AssertionClaims& claims);

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_ASSERTION_H_
