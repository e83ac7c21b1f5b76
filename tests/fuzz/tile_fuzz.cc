// Any bytes as a tile, an entry bundle, a tile's path, an entry and what an entry says was
// pruned. What is read must be written back as the same bytes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/pruned.h"
#include "hub/tlog/tiles.h"

namespace tlog = signpost::tlog;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);

  const auto hashes = tlog::DecodeTile(bytes);
  if (hashes.ok() && tlog::EncodeTile(*hashes) != bytes) std::abort();

  const auto bundle = tlog::DecodeEntryBundle(bytes);
  if (bundle.ok()) {
    const std::vector<std::string> entries(bundle->begin(), bundle->end());
    if (tlog::EncodeEntryBundle(entries) != bytes) std::abort();
  }

  const auto path = tlog::ParseTilePath(bytes);
  if (path.ok() && tlog::TilePath(*path) != bytes) std::abort();

  const auto pruned = tlog::DecodePruned(bytes);
  // Not always the same bytes: fields may stand in another order, and unknown ones may be there.
  if (pruned.ok()) {
    const std::string again = tlog::EncodePruned(*pruned);
    if (tlog::EncodePruned(*tlog::DecodePruned(again)) != again) std::abort();
  }

  const auto fields = tlog::DecodeEntryFields(bytes);
  if (fields.ok()) {
    // The sequencer's suffix must count, whatever stands in front of it.
    std::string entry(bytes);
    tlog::AppendEntrySuffix(7, 8, 9, entry);
    const auto after = tlog::DecodeEntryFields(entry);
    if (!after.ok() || after->index != 7 || after->sequenced_at_us != 8 ||
        after->agency_counter != 9 || after->agency_id != fields->agency_id) {
      std::abort();
    }
  }
  return 0;
}
