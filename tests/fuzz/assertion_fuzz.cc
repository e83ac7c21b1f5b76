// Any bytes as a practitioner's assertion. Nothing but what the enrolled key signed may pass.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/assertion.h"
#include "hub/base/clock.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"

namespace base = signpost::base;

namespace {

const std::string& CertificateHash() {
  static const std::string hash = base::Sha256("the peer's certificate");
  return hash;
}

const base::PrivateKey& Key() {
  static const base::PrivateKey key =
      *base::PrivateKey::FromEd25519Seed(base::Sha256("a key for fuzzing"));
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static base::ManualClock clock(absl::FromUnixSeconds(1'772'000'000));
  static base::AssertionVerifier verifier(
      "hub", [](const std::string&, const std::string&) { return Key().public_key(); }, &clock);
  const absl::string_view token(reinterpret_cast<const char*>(data), size);
  if (verifier.Verify(token, "nortown-yot", CertificateHash()).ok()) std::abort();

  // The same bytes as claims under a good signature: deeper into the reader. What passes must be
  // what the connection allows, whatever the bytes were.
  const std::string header =
      base::Base64UrlEncode(R"({"alg":"EdDSA","kid":"k1","typ":"signpost-assertion+jwt"})");
  std::string signed_token = header + "." + base::Base64UrlEncode(token);
  signed_token += "." + base::Base64UrlEncode(*Key().Sign(signed_token));
  const auto claims = verifier.Verify(signed_token, "nortown-yot", CertificateHash());
  if (claims.ok() &&
      ((*claims)->agency_id != "nortown-yot" || (*claims)->audience != "hub" ||
       (*claims)->certificate_sha256 != CertificateHash() || (*claims)->practitioner_id.empty() ||
       (*claims)->expires_at - (*claims)->issued_at >
           absl::Seconds(base::kAssertionLifeSecondsMax))) {
    std::abort();
  }
  if (!claims.ok() && base::ReasonOf(claims.status()) == base::Reason::kInternal) std::abort();
  return 0;
}
