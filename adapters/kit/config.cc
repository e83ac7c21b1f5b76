#include "adapters/kit/config.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "hub/base/json_config.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::StatusOr<AdapterConfig> ReadAdapterConfig(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(base::ConfigObject object, base::ConfigObject::ReadFile(path));
  const std::string folder = FolderOf(path);
  const auto resolve = [&folder](const std::string& file) {
    if (file.empty() || file[0] == '/') return file;
    return absl::StrCat(folder, "/", file);
  };
  AdapterConfig config;
  base::ConfigObject hub = object.Object("hub");
  config.hub.address = hub.String("address");
  config.hub.server_name = hub.StringOr("server_name", "");
  config.hub.ca_path = resolve(hub.String("ca"));
  config.hub.certificate_path = resolve(hub.String("certificate"));
  config.hub.key_path = resolve(hub.String("key"));
  config.inbox = resolve(object.String("inbox"));
  config.journal = resolve(object.String("journal"));
  config.mapping_path = resolve(object.StringOr("mapping", ""));
  config.feed = object.StringOr("feed", "nightly");
  config.full_extract = object.ChoiceOr("extract", {"full", "changes"}, "full") == "full";
  config.missing_percent_max =
      static_cast<double>(object.IntegerOr("missing_percent_max", 5, 0, 100));
  config.report = resolve(object.StringOr("report", ""));
  config.status = resolve(object.StringOr("status", ""));
  config.notices = resolve(object.StringOr("notices", ""));
  config.poll = object.DurationOr("poll", config.poll);
  config.settle = object.DurationOr("settle", config.settle);
  if (config.poll < absl::Milliseconds(100)) object.Complain("poll", "must be at least 100ms");
  // Read here, so that a mapping that is not there is said with everything else that is wrong.
  if (!config.mapping_path.empty()) {
    std::ifstream file(config.mapping_path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    config.mapping_text = text.str();
    if (!file.good() || config.mapping_text.size() > base::kConfigBytesMax) {
      object.Complain("mapping",
                      absl::StrCat(config.mapping_path, " cannot be read or is too large"));
    }
  }
  SIGNPOST_RETURN_IF_ERROR(object.Finish());
  return config;
}

}  // namespace signpost::adapters
