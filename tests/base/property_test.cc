// What must hold for every value, tried on generated ones; a failing one is made small first.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hub/base/agency_id.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/json_log.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/base/strict_json.h"
#include "tests/base/test_keyring.h"
// Needs GoogleTest before it.
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace signpost::base {
namespace {

RC_GTEST_PROP(EncodingProperty, EveryTextThatDecodesIsTheOneWeWrite, ()) {
  // Few letters, so that a good part of the texts decode.
  const std::string text =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("AAAABQgwxyz09+/-_=")));
  const auto base64 = Base64Decode(text);
  if (base64.ok()) RC_ASSERT(Base64Encode(*base64) == text);
  const auto base64_url = Base64UrlDecode(text);
  if (base64_url.ok()) RC_ASSERT(Base64UrlEncode(*base64_url) == text);
}

RC_GTEST_PROP(EncodingProperty, EveryValueComesBack, (const std::string& bytes)) {
  RC_ASSERT(Base64Decode(Base64Encode(bytes)).value() == bytes);
  RC_ASSERT(Base64UrlDecode(Base64UrlEncode(bytes)).value() == bytes);
  RC_ASSERT(HexDecode(HexEncode(bytes)).value() == bytes);
}

RC_GTEST_PROP(SealProperty, OpensInItsPlaceAndInNoOther,
              (const std::string& plain, const std::string& place, const std::string& other,
               uint64_t seed)) {
  SeededRandom random(seed);
  const SecretKey key = SecretKey::Generate(&random);
  const std::string sealed = Seal(key, place, plain, &random).value();
  RC_ASSERT(Open(key, place, sealed).value() == plain);
  RC_ASSERT(Open(key, other, sealed).ok() == (other == place));
  RC_ASSERT(ReasonOf(Open(key, place, sealed + "x").status()) == Reason::kDataLoss);
}

RC_GTEST_PROP(AgencyIdProperty, BelongsToItsAgencyAlone, (uint64_t seed)) {
  static const std::unique_ptr<Keyring> keyring = testing::MakeKeyring('p');
  static AgencyPersonIds ids(keyring.get(), 1);
  const std::string agency = *rc::gen::nonEmpty<std::string>();
  const std::string other = *rc::gen::nonEmpty<std::string>();
  SeededRandom random(seed);
  const PersonId person = PersonId::New(&random);
  const std::string text = ids.Encode(agency, person).value();
  RC_ASSERT(ids.Decode(agency, text).value() == person);
  RC_ASSERT((ids.Decode(other, text).value() == person) == (other == agency));
}

RC_GTEST_PROP(JsonProperty, AnyStringIsOneJsonString, (const std::string& text)) {
  std::string json;
  AppendJsonString(text, &json);
  RC_ASSERT(json.find('\n') == std::string::npos);
  const auto parsed = ParseStrictJson(json);
  RC_ASSERT(parsed.ok());
  RC_ASSERT(parsed->is_string());
}

RC_GTEST_PROP(JsonProperty, AKeyWrittenTwiceIsRefusedWhereverItStands,
              (const std::map<uint8_t, int>& members)) {
  RC_PRE(!members.empty());
  const auto picked =
      *rc::gen::elementOf(std::vector<std::pair<uint8_t, int>>(members.begin(), members.end()));
  std::string once, twice;
  for (const auto& [name, value] : members) {
    const std::string member = "\"k" + std::to_string(name) + "\":" + std::to_string(value);
    once += (once.empty() ? "" : ",") + member;
    twice += (twice.empty() ? "" : ",") + member;
  }
  twice += ",\"k" + std::to_string(picked.first) + "\":" + std::to_string(picked.second);
  RC_ASSERT(ParseStrictJson("{" + once + "}").ok());
  RC_ASSERT(!ParseStrictJson("{" + twice + "}").ok());
}

}  // namespace
}  // namespace signpost::base
