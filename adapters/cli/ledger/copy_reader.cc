#include "adapters/cli/ledger/copy_reader.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "adapters/cli/files/files.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/tiles.h"
#include "hub/tlog/verifier.h"

namespace signpost::adapters::cli {
namespace {

// A bundle of 256 entries of 64 KiB each, and their lengths.
constexpr size_t kBundleBytesMax = 256 * (tlog::kBundleEntryBytesMax + 2);

std::string PathIn(const std::string& directory, const std::string& file) {
  return (std::filesystem::path(directory) / file).string();
}

}  // namespace

absl::StatusOr<CopyReader> CopyReader::Open(const std::string& directory,
                                            const tlog::NoteVerifier& verifier) {
  const tlog::VerifyReport report =
      tlog::VerifyDirectory(directory, {&verifier, 1}, tlog::VerifyOptions());
  if (!report.ok()) {
    return absl::DataLossError(
        absl::StrCat("the copy does not verify, so nothing is read from it:\n", report.ToString()));
  }
  return CopyReader(directory, report.checkpoint.origin, report.checkpoint.size);
}

absl::StatusOr<CopyReader> CopyReader::OpenUnverified(const std::string& directory) {
  const absl::StatusOr<std::string> note =
      ReadBytes(PathIn(directory, "checkpoint"), tlog::kNoteBytesMax);
  if (note.ok()) {
    const absl::StatusOr<tlog::Note> parsed = tlog::ParseNote(*note);
    if (parsed.ok()) {
      const absl::StatusOr<tlog::Checkpoint> checkpoint = tlog::ParseCheckpoint(parsed->text);
      if (checkpoint.ok()) return CopyReader(directory, checkpoint->origin, checkpoint->size);
    }
  }
  return absl::DataLossError(absl::StrCat(directory, " holds no readable checkpoint"));
}

absl::Status CopyReader::ForEach(uint64_t first_index, bool newest_first,
                                 const Visit& visit) const {
  if (first_index >= size_) return absl::OkStatus();
  const uint64_t first_bundle = first_index / tlog::kTileWidth;
  const uint64_t bundles = (size_ + tlog::kTileWidth - 1) / tlog::kTileWidth;
  for (uint64_t i = first_bundle; i < bundles; ++i) {
    // Backwards, bundles and the entries in them are both walked from their end.
    const uint64_t bundle = newest_first ? bundles - 1 - (i - first_bundle) : i;
    const uint64_t begin = bundle * tlog::kTileWidth;
    const auto width = static_cast<int>(std::min<uint64_t>(tlog::kTileWidth, size_ - begin));
    const std::string file = tlog::TilePath({tlog::kEntriesLevel, bundle, width});
    SIGNPOST_ASSIGN_OR_RETURN(const std::string bytes,
                              ReadBytes(PathIn(directory_, file), kBundleBytesMax));
    const absl::StatusOr<std::vector<absl::string_view>> entries = tlog::DecodeEntryBundle(bytes);
    if (!entries.ok() || entries->size() != static_cast<size_t>(width)) {
      return absl::DataLossError(absl::StrCat(file, " is no bundle of ", width, " entries"));
    }
    for (int k = 0; k < width; ++k) {
      const auto at = static_cast<size_t>(newest_first ? width - 1 - k : k);
      if (begin + at < first_index || (*entries)[at].empty()) continue;
      std::string leaf;
      const absl::StatusOr<tlog::EntryFields> fields = tlog::DecodeEntryFields((*entries)[at]);
      if (fields.ok() && fields->masked) {
        const std::string tile_file = tlog::TilePath({0, bundle, width});
        SIGNPOST_ASSIGN_OR_RETURN(
            const std::string tile,
            ReadBytes(PathIn(directory_, tile_file), tlog::kTileWidth * tlog::kHashBytes));
        if (tile.size() != static_cast<size_t>(width) * tlog::kHashBytes) {
          return absl::DataLossError(absl::StrCat(tile_file, " is no tile of ", width, " hashes"));
        }
        leaf = tile.substr(at * tlog::kHashBytes, tlog::kHashBytes);
      }
      SIGNPOST_ASSIGN_OR_RETURN(const bool go_on,
                                visit(begin + at, std::string((*entries)[at]), leaf));
      if (!go_on) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

}  // namespace signpost::adapters::cli
