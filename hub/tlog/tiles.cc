#include "hub/tlog/tiles.h"

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "hub/tlog/checkpoint.h"

namespace signpost::tlog {
namespace {

// 1234067 -> "x001/x234/067".
std::string EncodeIndex(uint64_t index) {
  std::string text = absl::StrFormat("%03d", index % 1000);
  for (index /= 1000; index > 0; index /= 1000) {
    text = absl::StrFormat("x%03d/", index % 1000) + text;
  }
  return text;
}

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("malformed ", what));
}

}  // namespace

std::string TilePath(const TileId& tile) {
  std::string path =
      tile.level == kEntriesLevel ? "tile/entries/" : absl::StrCat("tile/", tile.level, "/");
  path += EncodeIndex(tile.index);
  if (tile.width < kTileWidth) absl::StrAppend(&path, ".p/", tile.width);
  return path;
}

absl::StatusOr<TileId> ParseTilePath(absl::string_view path) {
  TileId tile;
  absl::string_view rest = path;
  if (!absl::ConsumePrefix(&rest, "tile/")) return Malformed("tile path");
  const size_t slash = rest.find('/');
  if (slash == absl::string_view::npos) return Malformed("tile path");
  const absl::string_view level = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  if (level == "entries") {
    tile.level = kEntriesLevel;
  } else {
    absl::StatusOr<uint64_t> number = ParseDecimal(level);
    if (!number.ok() || *number > 63) return Malformed("tile path");
    tile.level = static_cast<int>(*number);
  }
  const size_t partial = rest.find(".p/");
  if (partial != absl::string_view::npos) {
    absl::StatusOr<uint64_t> width = ParseDecimal(rest.substr(partial + 3));
    if (!width.ok() || *width < 1 || *width >= kTileWidth) return Malformed("tile path");
    tile.width = static_cast<int>(*width);
    rest = rest.substr(0, partial);
  }
  for (char c : rest) {
    if (c >= '0' && c <= '9') {
      if (tile.index > (UINT64_MAX - 9) / 10) return Malformed("tile path");
      tile.index = tile.index * 10 + static_cast<uint64_t>(c - '0');
    } else if (c != 'x' && c != '/') {
      return Malformed("tile path");
    }
  }
  // One spelling a tile: whatever TilePath() would not write is refused.
  if (TilePath(tile) != path) return Malformed("tile path");
  return tile;
}

std::vector<TileId> TilesOfLevel(uint64_t size, int level) {
  std::vector<TileId> tiles;
  const int shift = kTileHeight * (level == kEntriesLevel ? 0 : level);
  const uint64_t hashes = shift > kLevelMax ? 0 : size >> shift;
  for (uint64_t index = 0; index < hashes / kTileWidth; ++index) {
    tiles.push_back({level, index, kTileWidth});
  }
  const int width = static_cast<int>(hashes % kTileWidth);
  if (width > 0) tiles.push_back({level, hashes / kTileWidth, width});
  return tiles;
}

std::vector<TileId> TilesOf(uint64_t size) {
  std::vector<TileId> tiles;
  for (int level = 0; level * kTileHeight <= kLevelMax; ++level) {
    const std::vector<TileId> some = TilesOfLevel(size, level);
    if (some.empty()) break;
    tiles.insert(tiles.end(), some.begin(), some.end());
  }
  return tiles;
}

std::string EncodeTile(absl::Span<const Hash> hashes) {
  std::string bytes;
  bytes.reserve(hashes.size() * kHashBytes);
  for (const Hash& hash : hashes) {
    bytes.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  }
  return bytes;
}

absl::StatusOr<std::vector<Hash>> DecodeTile(absl::string_view bytes) {
  if (bytes.empty() || bytes.size() % kHashBytes != 0 || bytes.size() > kTileWidth * kHashBytes) {
    return Malformed("tile: want 1 to 256 hashes of 32 bytes");
  }
  std::vector<Hash> hashes(bytes.size() / kHashBytes);
  for (size_t i = 0; i < hashes.size(); ++i) {
    std::memcpy(hashes[i].data(), bytes.data() + i * kHashBytes, kHashBytes);
  }
  return hashes;
}

std::string EncodeEntryBundle(absl::Span<const std::string> entries) {
  std::string bytes;
  size_t length = 0;
  for (const std::string& entry : entries) length += 2 + entry.size();
  bytes.reserve(length);
  for (const std::string& entry : entries) {
    bytes.push_back(static_cast<char>(entry.size() >> 8 & 0xFF));
    bytes.push_back(static_cast<char>(entry.size() & 0xFF));
    bytes += entry;
  }
  return bytes;
}

absl::StatusOr<std::vector<absl::string_view>> DecodeEntryBundle(absl::string_view bytes) {
  std::vector<absl::string_view> entries;
  while (!bytes.empty()) {
    if (entries.size() == kTileWidth) return Malformed("entry bundle: more than 256 entries");
    if (bytes.size() < 2) return Malformed("entry bundle: cut short in a length");
    const size_t length =
        static_cast<size_t>(static_cast<uint8_t>(bytes[0])) << 8 | static_cast<uint8_t>(bytes[1]);
    bytes.remove_prefix(2);
    if (bytes.size() < length) return Malformed("entry bundle: cut short in an entry");
    entries.push_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return entries;
}

}  // namespace signpost::tlog
