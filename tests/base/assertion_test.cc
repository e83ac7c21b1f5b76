#include "hub/base/assertion.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "hub/base/clock.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/random.h"
#include "nlohmann/json.hpp"

namespace signpost::base {
namespace {

using Json = nlohmann::json;

constexpr char kAudience[] = "signpost.nortown.example";
constexpr char kAgency[] = "nortown-yot";

class AssertionTest : public ::testing::TestWithParam<KeyType> {
 protected:
  AssertionTest() {
    keys_.emplace("k1", key_.public_key());
    claims_.agency_id = kAgency;
    claims_.practitioner_id = "dc-14";
    claims_.name = "Dana Carr";
    claims_.role = "yot-case-manager";
    claims_.teams = {"yot-east", "yot-duty"};
    claims_.assurance = "substantial";
    claims_.purpose = "youth-justice";
    claims_.audience = kAudience;
    claims_.issued_at = clock_.Now();
    claims_.not_before = clock_.Now();
    claims_.expires_at = clock_.Now() + absl::Seconds(kAssertionLifeSecondsMax);
    claims_.assertion_id = "a-1";
    claims_.certificate_sha256 = certificate_;
  }

  std::string Mint() const { return MintAssertion(key_, "k1", claims_).value(); }

  // The token's header and claims after `change`, signed again with the enrolled key.
  std::string Resigned(const std::function<void(Json& header, Json& claims)>& change) const {
    const std::vector<std::string> parts = absl::StrSplit(Mint(), '.');
    Json header = Json::parse(Base64UrlDecode(parts[0]).value());
    Json claims = Json::parse(Base64UrlDecode(parts[1]).value());
    change(header, claims);
    return Signed(header.dump(), claims.dump());
  }
  std::string Signed(const std::string& header, const std::string& claims) const {
    const std::string body = absl::StrCat(Base64UrlEncode(header), ".", Base64UrlEncode(claims));
    return absl::StrCat(body, ".", Base64UrlEncode(key_.Sign(body).value()));
  }

  absl::StatusOr<std::shared_ptr<const AssertionClaims>> Verify(const std::string& token) {
    return verifier_.Verify(token, kAgency, certificate_);
  }
  Reason ReasonFor(const std::string& token) { return ReasonOf(Verify(token).status()); }

  ManualClock clock_{absl::FromUnixSeconds(1'772'000'000)};
  PrivateKey key_ = PrivateKey::Generate(GetParam()).value();
  absl::flat_hash_map<std::string, PublicKey> keys_;
  std::atomic<int> lookups_ = 0;
  const std::string certificate_ = Sha256("certificate of the YOT's system");
  AssertionClaims claims_;
  AssertionVerifier verifier_{
      kAudience,
      [this](const std::string& agency, const std::string& kid) -> absl::StatusOr<PublicKey> {
        ++lookups_;
        const auto found = keys_.find(kid);
        if (agency != kAgency || found == keys_.end()) return absl::NotFoundError("no such key");
        return found->second;
      },
      &clock_, /*cache_max=*/3};
};

INSTANTIATE_TEST_SUITE_P(Kinds, AssertionTest,
                         ::testing::Values(KeyType::kEd25519, KeyType::kEs256));

TEST_P(AssertionTest, GoodOneGivesItsClaims) {
  claims_.not_before = clock_.Now() + absl::Seconds(1);
  const auto claims = Verify(Mint());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ((*claims)->agency_id, kAgency);
  EXPECT_EQ((*claims)->practitioner_id, "dc-14");
  EXPECT_EQ((*claims)->name, "Dana Carr");
  EXPECT_EQ((*claims)->role, "yot-case-manager");
  EXPECT_EQ((*claims)->teams, claims_.teams);
  EXPECT_EQ((*claims)->assurance, "substantial");
  EXPECT_EQ((*claims)->purpose, "youth-justice");
  EXPECT_EQ((*claims)->audience, kAudience);
  EXPECT_EQ((*claims)->issued_at, claims_.issued_at);
  EXPECT_EQ((*claims)->not_before, claims_.not_before);
  EXPECT_EQ((*claims)->expires_at, claims_.expires_at);
  EXPECT_EQ((*claims)->assertion_id, "a-1");
  EXPECT_EQ((*claims)->certificate_sha256, certificate_);
}

TEST_P(AssertionTest, MissingIsSaid) { EXPECT_EQ(ReasonFor(""), Reason::kAssertionMissing); }

TEST_P(AssertionTest, AnyChangedCharacterIsRefused) {
  const std::string token = Mint();
  for (size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'A', 'B', '_', '.', '=', ' ', '\n'}) {
      if (token[i] == c) continue;
      std::string changed = token;
      changed[i] = c;
      EXPECT_FALSE(Verify(changed).ok()) << "at " << i << " to " << c;
    }
  }
  for (size_t size = 1; size < token.size(); ++size) {
    EXPECT_EQ(ReasonFor(token.substr(0, size)), Reason::kAssertionInvalid) << size;
  }
  for (const char* tail : {"A", "=", ".", ".A", " ", "\n", "~disclosure"}) {
    EXPECT_EQ(ReasonFor(token + tail), Reason::kAssertionInvalid) << tail;
  }
  EXPECT_EQ(ReasonFor(" " + token), Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, AnotherKeysSignatureIsRefused) {
  const PrivateKey other = PrivateKey::Generate(GetParam()).value();
  EXPECT_EQ(ReasonFor(MintAssertion(other, "k1", claims_).value()), Reason::kAssertionInvalid);
  EXPECT_EQ(ReasonFor(MintAssertion(key_, "k2", claims_).value()), Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, AlgorithmIsTheKeysAndNotTheTokens) {
  for (const char* alg : {"none", "None", "HS256", "RS256", "ES384", "", "EdDSA", "ES256"}) {
    const bool own = std::string(alg) == (GetParam() == KeyType::kEd25519 ? "EdDSA" : "ES256");
    const std::string token = Resigned([&](Json& header, Json&) { header["alg"] = alg; });
    EXPECT_EQ(Verify(token).ok(), own) << alg;
  }
  // Unsigned, and signed by HMAC under the public key: the two old tricks.
  const std::vector<std::string> parts = absl::StrSplit(Mint(), '.');
  const std::string none =
      Base64UrlEncode(R"({"alg":"none","kid":"k1","typ":"signpost-assertion+jwt"})");
  EXPECT_EQ(ReasonFor(none + "." + parts[1] + "."), Reason::kAssertionInvalid);
  const std::string hmac =
      Base64UrlEncode(R"({"alg":"HS256","kid":"k1","typ":"signpost-assertion+jwt"})") + "." +
      parts[1];
  EXPECT_EQ(
      ReasonFor(hmac + "." + Base64UrlEncode(HmacSha256(key_.public_key().Pem().value(), hmac))),
      Reason::kAssertionInvalid);
  // A key of the other kind under the same kid.
  const KeyType other_type = GetParam() == KeyType::kEd25519 ? KeyType::kEs256 : KeyType::kEd25519;
  const PrivateKey other = PrivateKey::Generate(other_type).value();
  EXPECT_EQ(ReasonFor(MintAssertion(other, "k1", claims_).value()), Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, HeaderHoldsThreeKeysAndNothingElse) {
  for (const char* extra : {"crit", "jwk", "jku", "x5c", "x5u", "b64", "cty", "zip"}) {
    const std::string token = Resigned([&](Json& header, Json&) { header[extra] = "x"; });
    EXPECT_EQ(ReasonFor(token), Reason::kAssertionInvalid) << extra;
  }
  for (const char* key : {"alg", "kid", "typ"}) {
    EXPECT_EQ(ReasonFor(Resigned([&](Json& header, Json&) { header.erase(key); })),
              Reason::kAssertionInvalid)
        << key;
    EXPECT_EQ(ReasonFor(Resigned([&](Json& header, Json&) { header[key] = 1; })),
              Reason::kAssertionInvalid)
        << key;
  }
  EXPECT_EQ(ReasonFor(Resigned([](Json& header, Json&) { header["typ"] = "JWT"; })),
            Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, EveryClaimHasItsType) {
  for (const char* name :
       {"iss", "sub", "role", "assurance", "purpose", "aud", "jti", "iat", "exp", "cnf"}) {
    EXPECT_EQ(ReasonFor(Resigned([&](Json&, Json& claims) { claims.erase(name); })),
              Reason::kAssertionInvalid)
        << name;
    for (const Json& wrong :
         {Json(nullptr), Json(true), Json(-1), Json(1.5), Json(""), Json(Json::array()),
          Json(Json::object()), Json("\x01"), Json(18446744073709551615u)}) {
      EXPECT_EQ(ReasonFor(Resigned([&](Json&, Json& claims) { claims[name] = wrong; })),
                Reason::kAssertionInvalid)
          << name << " as " << wrong;
    }
  }
  for (const Json& teams : {Json("yot-east"), Json({1}), Json({""}), Json({{"a", "b"}})}) {
    EXPECT_EQ(ReasonFor(Resigned([&](Json&, Json& claims) { claims["teams"] = teams; })),
              Reason::kAssertionInvalid)
        << teams;
  }
  EXPECT_EQ(ReasonFor(Resigned([](Json&, Json& claims) { claims["nbf"] = "soon"; })),
            Reason::kAssertionInvalid);
  EXPECT_EQ(ReasonFor(Resigned([](Json&, Json& claims) { claims["exp"] = "1772000100"; })),
            Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, TeamsMayBeAbsentAndUnknownClaimsAreIgnored) {
  const auto claims = Verify(Resigned([](Json&, Json& json) {
    json.erase("teams");
    json["amr"] = {"pwd", "otp"};
  }));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_TRUE((*claims)->teams.empty());
}

TEST_P(AssertionTest, RepeatedKeysAreRefused) {
  const std::vector<std::string> parts = absl::StrSplit(Mint(), '.');
  const std::string header = Base64UrlDecode(parts[0]).value();
  const std::string claims = Base64UrlDecode(parts[1]).value();
  ASSERT_TRUE(Verify(Signed(header, claims)).ok());
  EXPECT_EQ(ReasonFor(Signed(header, R"({"sub":"someone-else",)" + claims.substr(1))),
            Reason::kAssertionInvalid);
  EXPECT_EQ(ReasonFor(Signed(R"({"kid":"k1",)" + header.substr(1), claims)),
            Reason::kAssertionInvalid);
  EXPECT_EQ(ReasonFor(Signed(header, claims + " {}")), Reason::kAssertionInvalid);
  EXPECT_EQ(ReasonFor(Signed(header, "[" + claims + "]")), Reason::kAssertionInvalid);
  EXPECT_EQ(ReasonFor(Signed("\xef\xbb\xbf" + header, claims)), Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, AudienceIsThisHubAndNoOther) {
  claims_.audience = "signpost.southtown.example";
  EXPECT_EQ(ReasonFor(Mint()), Reason::kAssertionInvalid);
  claims_.audience = kAudience;
  EXPECT_TRUE(Verify(Resigned([](Json&, Json& claims) { claims["aud"] = {kAudience}; })).ok());
  EXPECT_EQ(ReasonFor(Resigned([](Json&, Json& claims) {
              claims["aud"] = {kAudience, "signpost.southtown.example"};
            })),
            Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, ForeignAgencyAndCertificateAreRefused) {
  const std::string token = Mint();
  ASSERT_TRUE(Verify(token).ok());
  // Borrowed: good where it belongs, and remembered, yet foreign over any other certificate.
  EXPECT_EQ(ReasonOf(verifier_.Verify(token, kAgency, Sha256("another certificate")).status()),
            Reason::kAssertionForeign);
  EXPECT_EQ(ReasonOf(verifier_.Verify(token, "nortown-housing", certificate_).status()),
            Reason::kAssertionForeign);
  EXPECT_EQ(ReasonOf(verifier_.Verify(token, kAgency, "").status()), Reason::kAssertionForeign);
  EXPECT_EQ(ReasonOf(verifier_.Verify(token, "", certificate_).status()),
            Reason::kAssertionForeign);
  claims_.agency_id = "nortown-housing";
  EXPECT_EQ(ReasonFor(Mint()), Reason::kAssertionForeign);
}

TEST_P(AssertionTest, LifeAtTheLimitAndOnePast) {
  EXPECT_TRUE(Verify(Mint()).ok());
  claims_.expires_at += absl::Seconds(1);
  EXPECT_EQ(ReasonFor(Mint()), Reason::kAssertionExpired);
  // A start put forward does not make a long life short.
  claims_.not_before = claims_.issued_at + absl::Seconds(10);
  EXPECT_EQ(ReasonFor(Mint()), Reason::kAssertionExpired);
  claims_.expires_at = claims_.issued_at;
  claims_.not_before = claims_.issued_at;
  EXPECT_EQ(ReasonFor(Mint()), Reason::kAssertionExpired);
}

TEST_P(AssertionTest, EndAtTheLimitAndOnePast) {
  const std::string token = Mint();
  for (const bool remembered : {false, true}) {
    if (remembered) {
      clock_.Set(claims_.issued_at);
      ASSERT_TRUE(Verify(token).ok());
      ASSERT_EQ(verifier_.cached(), 1u);
    }
    const absl::Time end = claims_.expires_at + absl::Seconds(kClockSkewSecondsMax);
    clock_.Set(end - absl::Nanoseconds(1));
    EXPECT_TRUE(Verify(token).ok()) << remembered;
    clock_.Set(end);
    EXPECT_EQ(ReasonFor(token), Reason::kAssertionExpired) << remembered;
    EXPECT_EQ(verifier_.cached(), 0u);
  }
}

TEST_P(AssertionTest, StartAtTheLimitAndOneBefore) {
  const std::string token = Mint();
  clock_.Set(claims_.issued_at - absl::Seconds(kClockSkewSecondsMax));
  EXPECT_TRUE(Verify(token).ok());
  clock_.Advance(-absl::Nanoseconds(1));
  EXPECT_EQ(ReasonFor(token), Reason::kAssertionExpired);
  claims_.not_before = claims_.issued_at + absl::Seconds(60);
  const std::string later = Mint();
  clock_.Set(claims_.not_before - absl::Seconds(kClockSkewSecondsMax));
  EXPECT_TRUE(Verify(later).ok());
  clock_.Advance(-absl::Nanoseconds(1));
  EXPECT_EQ(ReasonFor(later), Reason::kAssertionExpired);
}

TEST_P(AssertionTest, SizeAtTheLimitAndOnePast) {
  // Padded in the JSON, where white space is free.
  const std::vector<std::string> parts = absl::StrSplit(Mint(), '.');
  const std::string header = Base64UrlDecode(parts[0]).value();
  std::string claims = Base64UrlDecode(parts[1]).value();
  std::string token;
  while ((token = Signed(header, claims)).size() < kAssertionBytesMax) claims += " ";
  if (token.size() > kAssertionBytesMax) {
    // Base64 skips every fourth length; the header's white space moves the sum by one.
    token = Signed(header + " ", claims.substr(0, claims.size() - 2));
  }
  ASSERT_GE(token.size(), static_cast<size_t>(kAssertionBytesMax) - 2);
  ASSERT_LE(token.size(), static_cast<size_t>(kAssertionBytesMax));
  EXPECT_TRUE(Verify(token).ok()) << token.size();
  while (Signed(header, claims).size() <= kAssertionBytesMax) claims += " ";
  EXPECT_EQ(ReasonFor(Signed(header, claims)), Reason::kAssertionInvalid);
  EXPECT_EQ(ReasonFor(std::string(kAssertionBytesMax + 1, 'A')), Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, TextsAndTeamsAtTheLimitAndOnePast) {
  claims_.role = std::string(kAssertionTextBytesMax, 'r');
  claims_.name = std::string(kNameBytesMax, 'n');
  EXPECT_TRUE(Verify(Mint()).ok());
  claims_.role += "r";
  EXPECT_EQ(ReasonFor(Mint()), Reason::kAssertionInvalid);
  claims_.role = "r";
  claims_.name += "n";
  EXPECT_EQ(ReasonFor(Mint()), Reason::kAssertionInvalid);
  claims_.name = "";
  claims_.teams.assign(kAssertionTeamsMax, "t");
  EXPECT_TRUE(Verify(Mint()).ok());
  claims_.teams.push_back("t");
  EXPECT_EQ(ReasonFor(Mint()), Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, WithdrawnKeyStopsAtOnceThoughRemembered) {
  const std::string token = Mint();
  ASSERT_TRUE(Verify(token).ok());
  ASSERT_TRUE(Verify(token).ok());
  EXPECT_EQ(verifier_.cached(), 1u);
  keys_.clear();
  EXPECT_EQ(ReasonFor(token), Reason::kAssertionInvalid);
  EXPECT_EQ(verifier_.cached(), 0u);
  keys_.emplace("k1", PrivateKey::Generate(GetParam()).value().public_key());
  EXPECT_EQ(ReasonFor(token), Reason::kAssertionInvalid);
}

TEST_P(AssertionTest, RemembersAtMostTheLimitAndForgetsTheLeastUsed) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 4; ++i) {
    claims_.assertion_id = absl::StrCat("a-", i);
    tokens.push_back(Mint());
  }
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Verify(tokens[static_cast<size_t>(i)]).ok());
  EXPECT_EQ(verifier_.cached(), 3u);
  ASSERT_TRUE(Verify(tokens[0]).ok());  // now the most recent
  ASSERT_TRUE(Verify(tokens[3]).ok());  // takes the place of 1
  EXPECT_EQ(verifier_.cached(), 3u);
  for (const std::string& token : tokens) EXPECT_TRUE(Verify(token).ok());
  EXPECT_EQ(verifier_.cached(), 3u);
}

TEST_P(AssertionTest, RefusedTokensAreNotRemembered) {
  claims_.audience = "elsewhere";
  EXPECT_FALSE(Verify(Mint()).ok());
  EXPECT_FALSE(Verify("junk").ok());
  EXPECT_EQ(verifier_.cached(), 0u);
}

TEST_P(AssertionTest, EndedOnesMakeRoom) {
  ASSERT_TRUE(Verify(Mint()).ok());
  clock_.Advance(absl::Seconds(kAssertionLifeSecondsMax + kClockSkewSecondsMax));
  claims_.issued_at = claims_.not_before = clock_.Now();
  claims_.expires_at = clock_.Now() + absl::Seconds(60);
  ASSERT_TRUE(Verify(Mint()).ok());
  EXPECT_EQ(verifier_.cached(), 1u);
}

TEST_P(AssertionTest, RandomBytesAndRandomChangesNeverPass) {
  SeededRandom random(31);
  const std::string token = Mint();
  for (int i = 0; i < 2000; ++i) {
    EXPECT_FALSE(Verify(random.Bytes(random.Number() % 200 + 1)).ok());
    std::string changed = token;
    const size_t at = random.Number() % changed.size();
    changed.replace(at, random.Number() % 4, random.Bytes(random.Number() % 4));
    if (changed != token) {
      EXPECT_FALSE(Verify(changed).ok()) << HexEncode(changed);
    }
  }
}

TEST_P(AssertionTest, ManyThreadsAtOnce) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 6; ++i) {
    claims_.assertion_id = absl::StrCat("a-", i);
    tokens.push_back(Mint());
  }
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 200; ++i) refused += Verify(tokens[(t + i) % 6]).ok() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 0);
  EXPECT_LE(verifier_.cached(), 3u);
}

TEST_P(AssertionTest, MintsWhatIsNotUtf8WithoutThrowing) {
  claims_.role = "\xff";
  EXPECT_TRUE(MintAssertion(key_, "k1", claims_).ok());
}

}  // namespace
}  // namespace signpost::base
