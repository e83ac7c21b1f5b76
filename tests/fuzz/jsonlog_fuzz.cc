// Any bytes as a logged value: the log stays one valid JSON object a line.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/base/json_log.h"
#include "hub/base/limits.h"
#include "hub/base/strict_json.h"

namespace base = signpost::base;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view value(reinterpret_cast<const char*>(data), size);
  char* text = nullptr;
  size_t text_size = 0;
  std::FILE* sink = open_memstream(&text, &text_size);
  if (sink == nullptr) std::abort();
  const base::ManualClock clock(absl::FromUnixSeconds(1'772'000'000));
  base::JsonLog log(sink, &clock);
  log.Info("fuzzed", {{"first", value}, {"second", value}, {"size", size}});
  std::fclose(sink);
  const std::string line(text, text_size);
  std::free(text);

  if (line.size() > base::kLogLineBytesMax || line.find('\n') != line.size() - 1) std::abort();
  for (char c : line.substr(0, line.size() - 1)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
  }
  const auto json = base::ParseStrictJson(line);
  if (!json.ok() || json->value("event", "") != "fuzzed") std::abort();
  return 0;
}
