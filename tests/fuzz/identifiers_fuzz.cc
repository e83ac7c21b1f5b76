// Any bytes as an identifier, postcode or date: what is taken is canonical, so taking it again
// gives the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "hub/matching/identifiers.h"

namespace {

using signpost::matching::LearnerNumber;
using signpost::matching::NhsNumber;
using signpost::matching::ParsePostcode;
using signpost::matching::Upn;

void Check(const std::optional<std::string>& once, const std::optional<std::string>& twice) {
  if (once.has_value() && once != twice) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto nhs = NhsNumber(text);
  Check(nhs, NhsNumber(nhs.value_or("")));
  const auto upn = Upn(text);
  Check(upn, Upn(upn.value_or("")));
  const auto learner = LearnerNumber(text);
  Check(learner, LearnerNumber(learner.value_or("")));
  if (const auto postcode = ParsePostcode(text)) {
    const auto again = ParsePostcode(postcode->unit);
    if (!again || again->unit != postcode->unit || postcode->unit.size() > 8) std::abort();
  }
  if (size >= 4) {
    int32_t date = 0;
    std::memcpy(&date, data, sizeof(date));
    if (const auto swapped = signpost::matching::SwapDayAndMonth(date)) {
      if (signpost::matching::SwapDayAndMonth(*swapped) != date) std::abort();
    }
  }
  return 0;
}
