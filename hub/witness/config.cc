#include "hub/witness/config.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/json_config.h"
#include "hub/base/status_macros.h"

namespace signpost::witness {
namespace {

namespace fs = std::filesystem;

std::string In(const std::string& directory, const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  return (fs::path(directory) / path).lexically_normal().string();
}

absl::StatusOr<WitnessConfig> FromObject(base::ConfigObject root, const std::string& directory) {
  WitnessConfig config;
  config.listen = root.String("listen");
  config.key_file = In(directory, root.String("key"));
  config.state_directory = In(directory, root.String("state"));

  std::set<std::string> origins;
  for (base::ConfigObject& one : root.Objects("logs")) {
    KnownLog log;
    const std::string text = one.String("verifier_key");
    const absl::StatusOr<tlog::NoteVerifier> verifier = tlog::NoteVerifier::Parse(text);
    if (verifier.ok()) {
      log.verifiers.push_back(*verifier);
      log.origin = one.StringOr("origin", verifier->name());
    } else {
      if (!text.empty()) {
        one.Complain("verifier_key", std::string(verifier.status().message()) +
                                         "; /info of the hub shows the right one");
      }
      log.origin = one.StringOr("origin", "");
    }
    if (!origins.insert(log.origin).second) {
      one.Complain("origin", absl::StrCat("\"", log.origin, "\" is named twice"));
    }
    config.logs.push_back(std::move(log));
  }
  if (config.logs.empty()) root.Complain("logs", "must name a log to witness");

  if (root.Has("tls")) {
    base::ConfigObject tls = root.Object("tls");
    config.certificate_file = In(directory, tls.String("certificate"));
    config.tls_key_file = In(directory, tls.String("key"));
  }
  base::ConfigObject log = root.ObjectOrEmpty("log");
  config.log_file = In(directory, log.StringOr("file", ""));
  const std::string level = log.ChoiceOr("level", {"debug", "info", "warning", "error"}, "info");
  (void)base::LogLevelFromName(level, &config.log_level);  // one of the choices
  SIGNPOST_RETURN_IF_ERROR(root.Finish());
  return config;
}

}  // namespace

absl::StatusOr<WitnessConfig> ReadWitnessConfig(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(base::ConfigObject root, base::ConfigObject::ReadFile(path));
  std::error_code failed;
  const fs::path absolute = fs::absolute(path, failed);
  return FromObject(std::move(root), failed ? "." : absolute.parent_path().string());
}

absl::StatusOr<WitnessConfig> ParseWitnessConfig(const std::string& text, const std::string& source,
                                                 const std::string& directory) {
  SIGNPOST_ASSIGN_OR_RETURN(base::ConfigObject root, base::ConfigObject::Parse(text, source));
  return FromObject(std::move(root), directory);
}

}  // namespace signpost::witness
