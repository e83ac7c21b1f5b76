#include "adapters/cli/files/key_file.h"

#include "adapters/cli/files/files.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters::cli {
namespace {

// A key has a '+' in it, which the name of a file that holds one has not.
absl::StatusOr<std::string> KeyText(const std::string& key_or_path) {
  std::string key = key_or_path;
  if (key.find('+') == std::string::npos) {
    SIGNPOST_ASSIGN_OR_RETURN(key, ReadBytes(key_or_path, base::kKeyFileBytesMax));
  }
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  return key;
}

}  // namespace

absl::StatusOr<tlog::NoteVerifier> ReadVerifierKey(const std::string& key_or_path) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string key, KeyText(key_or_path));
  return tlog::NoteVerifier::Parse(key);
}

absl::StatusOr<tlog::NoteVerifier> ReadWitnessKey(const std::string& key_or_path) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string key, KeyText(key_or_path));
  return tlog::NoteVerifier::ParseCosigner(key);
}

}  // namespace signpost::adapters::cli
