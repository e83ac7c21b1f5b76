// Tiles are the static files that publish a log (c2sp.org/tlog-tiles): `checkpoint`, hash tiles
// `tile/<L>/<N>[.p/<W>]` and entry bundles `tile/entries/<N>[.p/<W>]`. Tiles of hashes reveal
// nothing and may be public; entry bundles may not.
//
// Pure functions, thread-safe.

#ifndef SIGNPOST_HUB_TLOG_TILES_H_
#define SIGNPOST_HUB_TLOG_TILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hub/tlog/merkle.h"

namespace signpost::tlog {

inline constexpr int kTileHeight = 8;
inline constexpr int kTileWidth = 1 << kTileHeight;
inline constexpr size_t kBundleEntryBytesMax = 65'535;  // a 16-bit length

// One tile: hashes [index * 256, index * 256 + width) of tree level 8 * level.
struct TileId {
  int level = 0;  // kEntriesLevel for an entry bundle
  uint64_t index = 0;
  int width = kTileWidth;  // 1..256
};
inline constexpr int kEntriesLevel = -1;

// "tile/0/x001/234" or "tile/0/x001/234.p/17".
std::string TilePath(const TileId& tile);
// Errors: INVALID_ARGUMENT for anything TilePath() would not write.
[[nodiscard]] absl::StatusOr<TileId> ParseTilePath(absl::string_view path);

// Every tile of a tree of `size`: full ones and, at each level, the partial last one. Hash tiles
// only; bundles are those of level 0 under kEntriesLevel.
std::vector<TileId> TilesOf(uint64_t size);
// The tiles of one level, in order.
std::vector<TileId> TilesOfLevel(uint64_t size, int level);

std::string EncodeTile(absl::Span<const Hash> hashes);
// Errors: INVALID_ARGUMENT when empty, over 256 hashes or not a multiple of 32 bytes.
[[nodiscard]] absl::StatusOr<std::vector<Hash>> DecodeTile(absl::string_view bytes);

// Each entry behind its length in two big-endian bytes.
// REQUIRES: at most 256 entries of at most kBundleEntryBytesMax bytes.
std::string EncodeEntryBundle(absl::Span<const std::string> entries);
// Views into `bytes`. Errors: INVALID_ARGUMENT when cut short or over 256 entries.
[[nodiscard]] absl::StatusOr<std::vector<absl::string_view>> DecodeEntryBundle(
    absl::string_view bytes);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_TILES_H_
