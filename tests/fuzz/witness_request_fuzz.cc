// Any bytes as an add-checkpoint request, or as the size in a witness's answer. What is read must
// be written back as the same thing: then nobody reads it differently.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hub/witness/http.h"
#include "hub/witness/request.h"

namespace witness = signpost::witness;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto request = witness::ParseAddCheckpoint(text);
  if (request.ok() && witness::FormatAddCheckpoint(*request) != text) std::abort();
  if (request.ok() && request->proof.size() > witness::kProofHashesMax) std::abort();
  const auto number = witness::ParseSize(text);
  if (number.ok() && witness::FormatSize(*number) != text) std::abort();
  witness::CheckWitnessUrl(text).IgnoreError();
  return 0;
}
