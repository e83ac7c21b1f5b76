// Any bytes as a configuration file: never a crash, and nothing wrong passes unsaid.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/error.h"
#include "hub/base/json_config.h"

namespace base = signpost::base;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto config = base::ConfigObject::Parse(
      absl::string_view(reinterpret_cast<const char*>(data), size), "fuzz.json");
  if (!config.ok()) return 0;
  const std::string listen = config->String("listen");
  const int64_t threads = config->IntegerOr("threads", 4, 1, 256);
  const absl::Duration grace = config->DurationOr("grace", absl::Seconds(5));
  (void)config->BooleanOr("verbose", false);
  base::ConfigObject tls = config->ObjectOrEmpty("tls");
  (void)tls.StringOr("certificate", "none");
  bool nameless = false;
  for (base::ConfigObject& agency : config->Objects("agencies")) {
    nameless = agency.String("id").empty() || nameless;
  }
  if (threads < 1 || threads > 256 || grace < absl::ZeroDuration()) std::abort();
  const absl::Status status = config->Finish();
  if (status.ok() && (listen.empty() || nameless)) std::abort();
  if (!status.ok() && base::ViolationsOf(status).empty()) std::abort();
  return 0;
}
