// Any text as an agency person id, an id of the hub, or an encoding. What is read must be written
// back as the same thing.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "hub/base/agency_id.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/base/ids.h"
#include "hub/base/keyring.h"

namespace base = signpost::base;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::unique_ptr<base::Keyring> keyring =
      *base::Keyring::Create(*base::SecretKey::FromBytes(base::Sha256("a key for fuzzing")),
                             *base::MasterKey::FromBytes(base::Sha256("a key for fuzzing")));
  static base::AgencyPersonIds ids(keyring.get(), 1);
  const absl::string_view text(reinterpret_cast<const char*>(data), size);

  const auto person = ids.Decode("nortown-yot", text);
  if (person.ok() != base::CheckAgencyPersonId(text).ok()) std::abort();
  if (person.ok()) {
    const auto again = ids.Decode("nortown-yot", *ids.Encode("nortown-yot", *person));
    // Another epoch's id names the same person by another text.
    if (!again.ok() || *again != *person) std::abort();
  }
  const auto flag = base::FlagId::FromText(text);
  if (flag.ok() && base::FlagId::FromText(flag->ToText()).value() != *flag) std::abort();
  const auto hex = base::HexDecode(text);
  if (hex.ok() && base::HexDecode(base::HexEncode(*hex)).value() != *hex) std::abort();
  // Strict encodings: one text for each value.
  const auto base64 = base::Base64Decode(text);
  if (base64.ok() && base::Base64Encode(*base64) != std::string(text)) std::abort();
  const auto base64_url = base::Base64UrlDecode(text);
  if (base64_url.ok() && base::Base64UrlEncode(*base64_url) != std::string(text)) std::abort();
  return 0;
}
