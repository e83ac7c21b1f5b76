#include "hub/base/agency_id.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "hub/base/check.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::base {
namespace {

constexpr size_t kKeysMax = 4096;
constexpr char kPrefix[] = "SP";
constexpr char kEpochCharacters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t kDigits = 26;
// Prefix, epoch, digits, check character, once hyphens and spaces are gone.
constexpr size_t kCanonicalSize = 2 + 1 + kDigits + 1;

struct Parts {
  int epoch;
  std::string block;  // 16 bytes
};

// Where every request has it: the field `person` is a PersonSelector.
constexpr char kField[] = "person.agency_person_id";

absl::Status Malformed() {
  return InvalidField(
      kField,
      "is not a person id: expected SP, an epoch, 26 letters and digits and a check "
      "character, as in SP1-0T9K3-M5Z0X-WGQ4S-2B7N1-R8CVDE-C");
}

absl::StatusOr<Parts> Parse(absl::string_view text) {
  if (text.size() > kAgencyPersonIdTextBytesMax) return Malformed();
  const std::string canonical = CrockfordCanonical(text);
  const absl::string_view all = canonical;
  if (all.size() != kCanonicalSize || all.substr(0, 2) != kPrefix) return Malformed();
  const size_t epoch = absl::string_view(kEpochCharacters).find(all[2]);
  if (epoch == absl::string_view::npos || epoch < kAgencyIdEpochMin) return Malformed();
  absl::StatusOr<std::string> block = Crockford16Decode(all.substr(3, kDigits));
  if (!block.ok()) return Malformed();
  if (CrockfordCheckCharacter(all.substr(2, 1 + kDigits)) != all.back()) {
    return InvalidField(kField,
                        "is mistyped: its check character does not match; compare it with the "
                        "original, letter by letter");
  }
  return Parts{static_cast<int>(epoch), *std::move(block)};
}

}  // namespace

AgencyPersonIds::AgencyPersonIds(const Keyring* keyring, int epoch)
    : keyring_(keyring), epoch_(epoch) {
  CHECK(epoch >= kAgencyIdEpochMin && epoch <= kAgencyIdEpochMax);
}

absl::StatusOr<std::string> AgencyPersonIds::Encode(absl::string_view agency_id,
                                                    const PersonId& person) {
  SIGNPOST_ASSIGN_OR_RETURN(const SecretKey key, KeyFor(agency_id, epoch_));
  SIGNPOST_ASSIGN_OR_RETURN(const std::string block, EncryptBlock(key, person.bytes()));
  const char epoch = kEpochCharacters[epoch_];
  const std::string digits = Crockford16Encode(block);
  const absl::string_view view = digits;
  std::string text = kPrefix;
  text.push_back(epoch);
  // Groups of five, the last of six.
  for (size_t at = 0; at < 20; at += 5) absl::StrAppend(&text, "-", view.substr(at, 5));
  absl::StrAppend(&text, "-", view.substr(20), "-");
  std::string checked(1, epoch);
  checked += digits;
  text.push_back(CrockfordCheckCharacter(checked));
  return text;
}

absl::StatusOr<PersonId> AgencyPersonIds::Decode(absl::string_view agency_id,
                                                 absl::string_view text) {
  SIGNPOST_ASSIGN_OR_RETURN(const Parts parts, Parse(text));
  SIGNPOST_ASSIGN_OR_RETURN(const SecretKey key, KeyFor(agency_id, parts.epoch));
  SIGNPOST_ASSIGN_OR_RETURN(const std::string bytes, DecryptBlock(key, parts.block));
  return PersonId::FromBytes(bytes);
}

absl::StatusOr<SecretKey> AgencyPersonIds::KeyFor(absl::string_view agency_id, int epoch) {
  std::pair<std::string, int> name(agency_id, epoch);
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto found = keys_.find(name);
    if (found != keys_.end()) return found->second;
  }
  SIGNPOST_ASSIGN_OR_RETURN(const SecretKey key, keyring_->AgencyPersonKey(agency_id, epoch));
  absl::MutexLock lock(&mutex_);
  if (keys_.size() >= kKeysMax) keys_.clear();
  keys_.emplace(std::move(name), key);
  return key;
}

absl::Status CheckAgencyPersonId(absl::string_view text) { return Parse(text).status(); }

}  // namespace signpost::base
