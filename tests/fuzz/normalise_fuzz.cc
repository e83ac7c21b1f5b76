// Any bytes as a name: never fails, gives A-Z and 0-9 in bounded tokens, and is a fixed point.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "hub/matching/normalise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::unique_ptr<signpost::matching::Normaliser>& normaliser =
      *new auto(*signpost::matching::Normaliser::Create());
  const std::string name(reinterpret_cast<const char*>(data), size);
  const signpost::matching::NameTokens tokens = normaliser->Name(name);
  if (tokens.size() > static_cast<size_t>(signpost::matching::kNameTokensMax)) std::abort();
  for (const std::string& token : tokens) {
    if (token.empty()) std::abort();
    for (char c : token) {
      if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) std::abort();
    }
  }
  const std::string once = signpost::matching::Joined(tokens);
  if (signpost::matching::Joined(normaliser->Name(once)) != once) std::abort();
  return 0;
}
