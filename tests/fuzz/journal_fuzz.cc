// Any bytes as an adapter's journal: never a crash, and what is not whole is dropped, not guessed.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "adapters/kit/journal.h"

namespace adapters = signpost::adapters;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static signpost::base::SeededRandom random(1);
  const auto journal = adapters::Journal::FromBytes(
      absl::string_view(reinterpret_cast<const char*>(data), size), &random);
  if (!journal.ok()) return 0;
  if ((*journal)->bytes_dropped() < 0 || (*journal)->bytes_dropped() > static_cast<int64_t>(size)) {
    std::abort();
  }
  if ((*journal)->open_count() > static_cast<int64_t>((*journal)->entries().size())) std::abort();
  return 0;
}
