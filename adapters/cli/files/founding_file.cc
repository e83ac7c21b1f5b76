#include "adapters/cli/files/founding_file.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "adapters/cli/files/files.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/base/strict_json.h"
#include "nlohmann/json.hpp"

namespace signpost::adapters::cli {
namespace {

using nlohmann::json;

// A whole request fits a message, and base64 is a third longer.
constexpr size_t kFileBytesMax = 2u * base::kMessageBytesMax;
// registry::kFoundingSignedPrefix: what is signed stands behind it (docs/operating.md).
constexpr char kSignedPrefix[] = "signpost founding 1\n";

absl::Status NoFoundingFile(const std::string& path) {
  return base::InvalidField(path, "is no founding file; `signpost founding make` makes one");
}

absl::StatusOr<std::string> Base64Of(const json& node, const std::string& path) {
  std::string bytes;
  if (!node.is_string() || !absl::Base64Unescape(node.get<std::string>(), &bytes)) {
    return NoFoundingFile(path);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<FoundingFile> ReadFoundingFile(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, ReadBytes(path, kFileBytesMax));
  const absl::StatusOr<json> parsed = base::ParseStrictJson(text);
  if (!parsed.ok() || !parsed->is_object() || parsed->value("founding_file", 0) != 1 ||
      !parsed->contains("signatures") || !parsed->at("signatures").is_array()) {
    return NoFoundingFile(path);
  }
  FoundingFile file;
  SIGNPOST_ASSIGN_OR_RETURN(std::string bytes, Base64Of(parsed->value("founding", json()), path));
  if (!file.founding.ParseFromString(bytes)) return NoFoundingFile(path);
  file.request.set_founding(std::move(bytes));
  for (const json& node : parsed->at("signatures")) {
    if (!node.is_object()) return NoFoundingFile(path);
    const json agency = node.value("agency", json());
    const json key_id = node.value("key_id", json());
    if (!agency.is_string() || !key_id.is_string()) return NoFoundingFile(path);
    signpost::v1::FoundingSignature* const signature = file.request.add_signatures();
    signature->set_agency_id(agency.get<std::string>());
    signature->set_key_id(key_id.get<std::string>());
    SIGNPOST_ASSIGN_OR_RETURN(std::string signed_bytes,
                              Base64Of(node.value("signature", json()), path));
    signature->set_signature(std::move(signed_bytes));
  }
  return file;
}

absl::Status WriteFoundingFile(const std::string& path, const FoundingFile& file) {
  json signatures = json::array();
  for (const signpost::v1::FoundingSignature& one : file.request.signatures()) {
    signatures.push_back({{"agency", one.agency_id()},
                          {"key_id", one.key_id()},
                          {"signature", absl::Base64Escape(one.signature())}});
  }
  const json root = {{"founding_file", 1},
                     {"founding", absl::Base64Escape(file.request.founding())},
                     {"signatures", std::move(signatures)}};
  return WriteBytes(path, absl::StrCat(root.dump(1), "\n"));
}

absl::Status SignFounding(const std::string& agency_id, const std::string& key_id,
                          const base::PrivateKey& key, FoundingFile* file) {
  const signpost::v1::AssertionKey* enrolled = nullptr;
  for (const signpost::v1::Agency& agency : file->founding.agencies()) {
    if (agency.agency_id() != agency_id) continue;
    for (const signpost::v1::AssertionKey& one : agency.assertion_keys()) {
      if (one.key_id() == key_id) enrolled = &one;
    }
  }
  if (enrolled == nullptr) {
    return base::InvalidField("--key-id", absl::StrCat("the file has no key ", key_id, " of ",
                                                       agency_id, "; signpost founding show FILE"));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const base::PublicKey public_key,
                            base::PublicKey::FromPem(enrolled->public_key_pem()));
  if (public_key.raw() != key.public_key().raw()) {
    return base::InvalidField(
        "--key", absl::StrCat("is not the key ", key_id, " of ", agency_id,
                              " that the file would enrol; do not sign it, and ask who made it"));
  }
  SIGNPOST_ASSIGN_OR_RETURN(std::string signature,
                            key.Sign(absl::StrCat(kSignedPrefix, file->request.founding())));
  signpost::v1::FoundingSignature* place = nullptr;
  for (signpost::v1::FoundingSignature& one : *file->request.mutable_signatures()) {
    if (one.agency_id() == agency_id) place = &one;
  }
  if (place == nullptr) place = file->request.add_signatures();
  place->set_agency_id(agency_id);
  place->set_key_id(key_id);
  place->set_signature(std::move(signature));
  return absl::OkStatus();
}

}  // namespace signpost::adapters::cli
