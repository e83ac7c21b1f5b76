#include "hub/base/assertion.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/base/strict_json.h"
#include "nlohmann/json.hpp"

namespace signpost::base {
namespace {

using Json = nlohmann::json;

constexpr char kType[] = "signpost-assertion+jwt";
constexpr char kThumbprint[] = "x5t#S256";
constexpr int64_t kSecondsMax = 253'402'300'799;  // the end of year 9999

const char* AlgorithmOf(KeyType type) { return type == KeyType::kEd25519 ? "EdDSA" : "ES256"; }

absl::Status Invalid(absl::string_view what) {
  return Error(Reason::kAssertionInvalid,
               absl::StrCat("the practitioner's assertion ", what, "; sign in again"));
}

absl::Status Expired(absl::string_view what) {
  return Error(Reason::kAssertionExpired, absl::StrCat("the practitioner's assertion ", what));
}

// A token taken apart; nothing in it is believed yet.
struct Parsed {
  std::string algorithm;
  std::string kid;
  AssertionClaims claims;
  absl::string_view signed_part;  // into the token
  std::string signature;
};

// Text that may go on into entries and logs: no control characters.
bool IsPlainText(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) != 0x7f;
  });
}

// `object[name]` as text of 1 to `bytes_max` bytes.
absl::Status ReadText(const Json& object, const char* name, size_t bytes_max, std::string* out) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    return Invalid(absl::StrCat("lacks \"", name, "\" as a string"));
  }
  *out = found->get<std::string>();
  if (out->empty() || out->size() > bytes_max || !IsPlainText(*out)) {
    return Invalid(absl::StrCat("has \"", name, "\" empty, over ", bytes_max,
                                " bytes, or with control characters"));
  }
  return absl::OkStatus();
}

absl::Status ReadTime(const Json& object, const char* name, absl::Time* out) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned() ||
      found->get<uint64_t>() > static_cast<uint64_t>(kSecondsMax)) {
    return Invalid(absl::StrCat("lacks \"", name, "\" as whole seconds since 1970"));
  }
  *out = absl::FromUnixSeconds(found->get<int64_t>());
  return absl::OkStatus();
}

absl::Status ReadTeams(const Json& object, std::vector<std::string>* out) {
  const auto found = object.find("teams");
  if (found == object.end()) return absl::OkStatus();
  if (!found->is_array() || found->size() > kAssertionTeamsMax) {
    return Invalid(absl::StrCat("has \"teams\" that is no array of at most ", kAssertionTeamsMax));
  }
  for (const Json& team : *found) {
    if (!team.is_string()) return Invalid("has a team that is no string");
    out->push_back(team.get<std::string>());
    if (out->back().empty() || out->back().size() > kAssertionTextBytesMax ||
        !IsPlainText(out->back())) {
      return Invalid("has a team that is empty or too long");
    }
  }
  return absl::OkStatus();
}

// `aud` is a string, or an array of exactly one: a token good for two hubs is good for neither.
absl::Status ReadAudience(const Json& object, std::string* out) {
  const auto found = object.find("aud");
  if (found != object.end() && found->is_array() && found->size() == 1) {
    const Json single = {{"aud", found->front()}};
    return ReadText(single, "aud", kAssertionTextBytesMax, out);
  }
  return ReadText(object, "aud", kAssertionTextBytesMax, out);
}

absl::Status ReadConfirmation(const Json& object, std::string* out) {
  const auto found = object.find("cnf");
  if (found == object.end() || !found->is_object() || found->size() != 1) {
    return Invalid("lacks \"cnf\" with the certificate's \"x5t#S256\" and nothing else");
  }
  std::string text;
  SIGNPOST_RETURN_IF_ERROR(ReadText(*found, kThumbprint, 64, &text));
  absl::StatusOr<std::string> hash = Base64UrlDecode(text);
  if (!hash.ok() || hash->size() != kHashBytes) {
    return Invalid("has \"x5t#S256\" that is no base64url of a SHA-256");
  }
  *out = *std::move(hash);
  return absl::OkStatus();
}

absl::Status ReadHeader(const Json& header, Parsed* parsed) {
  // Nothing else may stand there: `crit`, `jwk`, `jku`, `x5c` and their kind ask the reader to take
  // the token's word for how to check the token.
  if (!header.is_object() || header.size() != 3) {
    return Invalid("has a header other than {alg, kid, typ}");
  }
  std::string type;
  SIGNPOST_RETURN_IF_ERROR(ReadText(header, "alg", 16, &parsed->algorithm));
  SIGNPOST_RETURN_IF_ERROR(ReadText(header, "kid", kAssertionTextBytesMax, &parsed->kid));
  SIGNPOST_RETURN_IF_ERROR(ReadText(header, "typ", 64, &type));
  if (type != kType) return Invalid(absl::StrCat("has a \"typ\" other than ", kType));
  return absl::OkStatus();
}

absl::Status ReadClaims(const Json& json, AssertionClaims* claims) {
  constexpr size_t kText = kAssertionTextBytesMax;
  if (!json.is_object()) return Invalid("has claims that are no object");
  SIGNPOST_RETURN_IF_ERROR(ReadText(json, "iss", kText, &claims->agency_id));
  SIGNPOST_RETURN_IF_ERROR(ReadText(json, "sub", kText, &claims->practitioner_id));
  if (json.contains("name")) {
    SIGNPOST_RETURN_IF_ERROR(ReadText(json, "name", kNameBytesMax, &claims->name));
  }
  SIGNPOST_RETURN_IF_ERROR(ReadText(json, "role", kText, &claims->role));
  SIGNPOST_RETURN_IF_ERROR(ReadTeams(json, &claims->teams));
  SIGNPOST_RETURN_IF_ERROR(ReadText(json, "assurance", kText, &claims->assurance));
  SIGNPOST_RETURN_IF_ERROR(ReadText(json, "purpose", kText, &claims->purpose));
  SIGNPOST_RETURN_IF_ERROR(ReadAudience(json, &claims->audience));
  SIGNPOST_RETURN_IF_ERROR(ReadText(json, "jti", kText, &claims->assertion_id));
  SIGNPOST_RETURN_IF_ERROR(ReadConfirmation(json, &claims->certificate_sha256));
  SIGNPOST_RETURN_IF_ERROR(ReadTime(json, "iat", &claims->issued_at));
  SIGNPOST_RETURN_IF_ERROR(ReadTime(json, "exp", &claims->expires_at));
  claims->not_before = claims->issued_at;
  if (json.contains("nbf")) {
    SIGNPOST_RETURN_IF_ERROR(ReadTime(json, "nbf", &claims->not_before));
  }
  return absl::OkStatus();
}

absl::StatusOr<Parsed> Parse(absl::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == absl::string_view::npos ? first : token.find('.', first + 1);
  if (second == absl::string_view::npos || token.find('.', second + 1) != absl::string_view::npos) {
    return Invalid("is not a JWT of three parts");
  }
  const absl::StatusOr<std::string> header = Base64UrlDecode(token.substr(0, first));
  const absl::StatusOr<std::string> claims =
      Base64UrlDecode(token.substr(first + 1, second - first - 1));
  absl::StatusOr<std::string> signature = Base64UrlDecode(token.substr(second + 1));
  if (!header.ok() || !claims.ok() || !signature.ok()) {
    return Invalid("is not base64url without padding");
  }
  const absl::StatusOr<Json> header_json = ParseStrictJson(*header, 1);
  const absl::StatusOr<Json> claims_json = ParseStrictJson(*claims, 8);
  if (!header_json.ok() || !claims_json.ok()) {
    return Invalid("does not hold JSON with each key once");
  }
  Parsed parsed;
  SIGNPOST_RETURN_IF_ERROR(ReadHeader(*header_json, &parsed));
  SIGNPOST_RETURN_IF_ERROR(ReadClaims(*claims_json, &parsed.claims));
  parsed.signed_part = token.substr(0, second);
  parsed.signature = *std::move(signature);
  return parsed;
}

absl::Status JudgeTime(const AssertionClaims& claims, absl::Time now) {
  const absl::Duration skew = absl::Seconds(kClockSkewSecondsMax);
  const absl::Time earliest = std::min(claims.issued_at, claims.not_before);
  const absl::Time start = std::max(claims.issued_at, claims.not_before);
  if (claims.expires_at <= start) return Expired("ends before it starts; sign in again");
  if (claims.expires_at - earliest > absl::Seconds(kAssertionLifeSecondsMax)) {
    return Expired(absl::StrCat("lives longer than ", kAssertionLifeSecondsMax,
                                " seconds; the agency's system must sign shorter ones"));
  }
  if (now < start - skew) {
    return Expired("has not begun; check the clock of the agency's system");
  }
  if (now >= claims.expires_at + skew) return Expired("has ended; sign in again");
  return absl::OkStatus();
}

}  // namespace

AssertionVerifier::AssertionVerifier(std::string audience, KeyLookup keys, const Clock* clock,
                                     size_t cache_max)
    : audience_(std::move(audience)),
      keys_(std::move(keys)),
      clock_(clock),
      cache_max_(cache_max) {}

absl::StatusOr<std::shared_ptr<const AssertionClaims>> AssertionVerifier::Verify(
    absl::string_view token, absl::string_view peer_agency_id,
    absl::string_view peer_certificate_sha256) {
  if (token.empty()) {
    return Error(Reason::kAssertionMissing,
                 "this call needs a practitioner's signed assertion in its metadata");
  }
  if (token.size() > kAssertionBytesMax) {
    return Invalid(absl::StrCat("is longer than ", kAssertionBytesMax, " bytes"));
  }
  if (peer_certificate_sha256.size() != kHashBytes || peer_agency_id.empty()) {
    return Error(Reason::kAssertionForeign,
                 "the connection has no certificate that an assertion could be bound to");
  }
  // The agency goes in with its length, so that no two triples hash the same bytes.
  const std::string digest = Sha256(
      {peer_certificate_sha256, absl::StrCat(peer_agency_id.size()), ":", peer_agency_id, token});
  const absl::Time now = clock_->Now();
  const std::string agency_id(peer_agency_id);

  if (const auto remembered = Recall(digest)) {
    absl::Status in_time = JudgeTime(*remembered->claims, now);
    if (!in_time.ok()) {
      Forget(digest);
      return in_time;
    }
    const absl::StatusOr<PublicKey> key = keys_(agency_id, remembered->kid);
    if (key.ok() && key->raw() == remembered->key_raw) return remembered->claims;
    // The key was withdrawn or replaced: judge the token afresh, and most likely refuse it.
    Forget(digest);
  }

  SIGNPOST_ASSIGN_OR_RETURN(Parsed parsed, Parse(token));
  if (parsed.claims.audience != audience_) {
    return Invalid(absl::StrCat("is for another hub than ", audience_));
  }
  if (parsed.claims.agency_id != agency_id) {
    return Error(Reason::kAssertionForeign,
                 "the practitioner's assertion is of another agency than the certificate; sign in "
                 "through your own agency's system");
  }
  if (!ConstantTimeEqual(parsed.claims.certificate_sha256, peer_certificate_sha256)) {
    return Error(Reason::kAssertionForeign,
                 "the practitioner's assertion is bound to another certificate; sign in again on "
                 "this system");
  }
  SIGNPOST_RETURN_IF_ERROR(JudgeTime(parsed.claims, now));

  const absl::StatusOr<PublicKey> key = keys_(agency_id, parsed.kid);
  if (!key.ok()) return Invalid("is signed with a key that is not enrolled");
  if (parsed.algorithm != AlgorithmOf(key->type())) {
    return Invalid(
        absl::StrCat("names another algorithm than its key's, ", AlgorithmOf(key->type())));
  }
  if (!key->Verify(parsed.signed_part, parsed.signature)) {
    return Invalid("has a signature that does not match");
  }
  auto claims = std::make_shared<const AssertionClaims>(std::move(parsed.claims));
  Remember({digest, std::move(parsed.kid), key->raw(), claims}, now);
  return claims;
}

std::optional<AssertionVerifier::Remembered> AssertionVerifier::Recall(const std::string& digest) {
  absl::MutexLock lock(&mutex_);
  const auto found = index_.find(digest);
  if (found == index_.end()) return std::nullopt;
  recent_.splice(recent_.begin(), recent_, found->second);
  return *found->second;
}

void AssertionVerifier::Remember(Remembered remembered, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  if (cache_max_ == 0 || index_.contains(remembered.digest)) return;
  // Room for the new one, and two that have ended for each that comes: so the memory of a busy
  // morning is given back.
  for (int swept = 0; !recent_.empty(); ++swept) {
    const bool full = recent_.size() >= cache_max_;
    const bool ended = swept < 2 && !JudgeTime(*recent_.back().claims, now).ok();
    if (!full && !ended) break;
    index_.erase(recent_.back().digest);
    recent_.pop_back();
  }
  recent_.push_front(std::move(remembered));
  index_.emplace(recent_.front().digest, recent_.begin());
}

void AssertionVerifier::Forget(const std::string& digest) {
  absl::MutexLock lock(&mutex_);
  const auto found = index_.find(digest);
  if (found == index_.end()) return;
  recent_.erase(found->second);
  index_.erase(found);
}

size_t AssertionVerifier::cached() const {
  absl::MutexLock lock(&mutex_);
  return recent_.size();
}

absl::StatusOr<std::string> MintAssertion(const PrivateKey& key, const std::string& kid,
                                          const AssertionClaims& claims) {
  const Json header = {{"alg", AlgorithmOf(key.type())}, {"kid", kid}, {"typ", kType}};
  Json body = {
      {"iss", claims.agency_id},
      {"sub", claims.practitioner_id},
      {"role", claims.role},
      {"teams", claims.teams},
      {"assurance", claims.assurance},
      {"purpose", claims.purpose},
      {"aud", claims.audience},
      {"iat", absl::ToUnixSeconds(claims.issued_at)},
      {"exp", absl::ToUnixSeconds(claims.expires_at)},
      {"jti", claims.assertion_id},
      {"cnf", {{kThumbprint, Base64UrlEncode(claims.certificate_sha256)}}},
  };
  if (!claims.name.empty()) body["name"] = claims.name;
  if (claims.not_before != claims.issued_at) {
    body["nbf"] = absl::ToUnixSeconds(claims.not_before);
  }
  // Replacing what is not UTF-8 keeps the JSON library from throwing.
  const auto encode = [](const Json& json) {
    return Base64UrlEncode(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  };
  std::string token = absl::StrCat(encode(header), ".", encode(body));
  SIGNPOST_ASSIGN_OR_RETURN(const std::string signature, key.Sign(token));
  absl::StrAppend(&token, ".", Base64UrlEncode(signature));
  return token;
}

}  // namespace signpost::base
