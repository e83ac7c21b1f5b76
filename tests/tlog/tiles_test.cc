#include "hub/tlog/tiles.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace signpost::tlog {
namespace {

TEST(TilesTest, PathsAreThoseOfTheSpecification) {
  EXPECT_EQ(TilePath({0, 0, 256}), "tile/0/000");
  EXPECT_EQ(TilePath({0, 1234067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(TilePath({1, 999, 1}), "tile/1/999.p/1");
  EXPECT_EQ(TilePath({2, 1000, 255}), "tile/2/x001/000.p/255");
  EXPECT_EQ(TilePath({kEntriesLevel, 273, 112}), "tile/entries/273.p/112");
}

TEST(TilesTest, PathsReadBack) {
  for (const TileId& tile : {TileId{0, 0, 256}, TileId{63, 1234067, 256}, TileId{1, 1000000, 17},
                             TileId{kEntriesLevel, 999, 255}}) {
    const absl::StatusOr<TileId> read = ParseTilePath(TilePath(tile));
    ASSERT_TRUE(read.ok()) << TilePath(tile);
    EXPECT_EQ(read->level, tile.level);
    EXPECT_EQ(read->index, tile.index);
    EXPECT_EQ(read->width, tile.width);
  }
}

TEST(TilesTest, OtherSpellingsAreRefused) {
  for (const char* bad : {"",
                          "tile",
                          "tile/",
                          "tile/0",
                          "tile/0/",
                          "tile/0/0",
                          "tile/0/0000",
                          "tile/00/000",
                          "tile/64/000",
                          "tile/-1/000",
                          "tile/0/x000/000",
                          "tile/0/000/001",
                          "tile/0/x001/x000",
                          "tile/0/000.p/0",
                          "tile/0/000.p/256",
                          "tile/0/000.p/01",
                          "tile/0/000.p/",
                          "tile/0/../000",
                          "tile/entries/0",
                          "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
                          "/tile/0/000"}) {
    EXPECT_FALSE(ParseTilePath(bad).ok()) << bad;
  }
}

TEST(TilesTest, ATreeOf70000HasTheTilesOfTheSpecification) {
  const std::vector<TileId> tiles = TilesOf(70'000);
  std::vector<std::string> partial;
  int full[3] = {0, 0, 0};
  for (const TileId& tile : tiles) {
    if (tile.width == kTileWidth) {
      ++full[tile.level];
    } else {
      partial.push_back(TilePath(tile));
    }
  }
  EXPECT_EQ(full[0], 273);
  EXPECT_EQ(full[1], 1);
  EXPECT_EQ(full[2], 0);
  EXPECT_EQ(partial,
            (std::vector<std::string>{"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"}));
}

TEST(TilesTest, ATreeOf256HasAFullTileAndAPartialOneAbove) {
  std::vector<std::string> paths;
  for (const TileId& tile : TilesOf(256)) paths.push_back(TilePath(tile));
  EXPECT_EQ(paths, (std::vector<std::string>{"tile/0/000", "tile/1/000.p/1"}));
  EXPECT_TRUE(TilesOf(0).empty());
}

TEST(TilesTest, TilesReadBackAndBadLengthsAreRefused) {
  std::vector<Hash> hashes(3);
  hashes[1][5] = 9;
  EXPECT_EQ(*DecodeTile(EncodeTile(hashes)), hashes);
  EXPECT_TRUE(DecodeTile(std::string(256 * 32, 'x')).ok());
  EXPECT_FALSE(DecodeTile("").ok());
  EXPECT_FALSE(DecodeTile(std::string(31, 'x')).ok());
  EXPECT_FALSE(DecodeTile(std::string(257 * 32, 'x')).ok());
}

TEST(TilesTest, BundlesReadBackAtTheLimits) {
  const std::vector<std::string> entries = {"", "one", std::string(kBundleEntryBytesMax, 'x')};
  const std::string bytes = EncodeEntryBundle(entries);
  EXPECT_EQ(bytes.substr(0, 7), std::string("\0\0\0\3one", 7));
  const std::vector<absl::string_view> read = *DecodeEntryBundle(bytes);
  EXPECT_EQ(std::vector<std::string>(read.begin(), read.end()), entries);
  const std::vector<std::string> full(256, "e");
  EXPECT_EQ(DecodeEntryBundle(EncodeEntryBundle(full))->size(), 256u);
}

TEST(TilesTest, BundlesCutShortOrTooFullAreRefused) {
  const std::string bytes = EncodeEntryBundle(std::vector<std::string>{"one", "two"});
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    if (cut == 5) continue;  // a bundle of one
    EXPECT_FALSE(DecodeEntryBundle(bytes.substr(0, cut)).ok()) << cut;
  }
  EXPECT_FALSE(DecodeEntryBundle(std::string(2 * 257, '\0')).ok());
}

}  // namespace
}  // namespace signpost::tlog
