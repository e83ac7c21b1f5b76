#include "adapters/cli/ledger/ledger_copy.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "adapters/cli/files/files.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/note.h"
#include "hub/tlog/tiles.h"

namespace signpost::adapters::cli {

absl::StatusOr<std::unique_ptr<LedgerCopy>> LedgerCopy::Create(const std::string& directory) {
  std::error_code error;
  if (std::filesystem::exists(directory, error) && !std::filesystem::is_empty(directory, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, " is not empty; a copy wants a folder of its own"));
  }
  std::filesystem::create_directories(directory, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot make ", directory, ": ", error.message()));
  }
  return std::unique_ptr<LedgerCopy>(new LedgerCopy(directory));
}

absl::Status LedgerCopy::Write(const std::string& path, const std::string& bytes) {
  return WriteBytes((std::filesystem::path(directory_) / path).string(), bytes);
}

absl::Status LedgerCopy::FlushEntries() {
  if (entries_.empty()) return absl::OkStatus();
  const tlog::TileId bundle{tlog::kEntriesLevel, bundles_full_, static_cast<int>(entries_.size())};
  SIGNPOST_RETURN_IF_ERROR(Write(tlog::TilePath(bundle), tlog::EncodeEntryBundle(entries_)));
  ++bundles_full_;
  entries_.clear();
  return absl::OkStatus();
}

absl::Status LedgerCopy::FlushTile(size_t level) {
  if (tiles_[level].empty()) return absl::OkStatus();
  const tlog::TileId tile{static_cast<int>(level), tiles_full_[level],
                          static_cast<int>(tiles_[level].size())};
  SIGNPOST_RETURN_IF_ERROR(Write(tlog::TilePath(tile), tlog::EncodeTile(tiles_[level])));
  ++tiles_full_[level];
  tiles_[level].clear();
  return absl::OkStatus();
}

absl::Status LedgerCopy::Append(uint64_t first_index, const std::vector<std::string>& entries,
                                const std::vector<std::string>& leaf_hashes,
                                const std::map<uint64_t, std::string>& masked) {
  if (first_index != size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the hub sent entries from ", first_index, " where ", size(), " was next"));
  }
  size_t hashed = 0;
  size_t masked_kept = 0;
  for (const std::string& entry : entries) {
    const uint64_t index = size();
    if (entry.size() > tlog::kBundleEntryBytesMax) {
      return absl::InvalidArgumentError(absl::StrCat("entry ", size(), " is too long to be one"));
    }
    tlog::Hash leaf;
    if (entry.empty()) {
      if (hashed == leaf_hashes.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the hub sent neither entry ", size(), " nor its hash"));
      }
      SIGNPOST_ASSIGN_OR_RETURN(leaf, tlog::HashFromString(leaf_hashes[hashed++]));
    } else {
      leaf = hasher_.Leaf(entry);
    }
    // The frontier tells each node as it becomes complete, at every level of the tree. Tiles hold
    // every eighth level only: the hashes between are worked out again from those below.
    frontier_.Append(leaf, hasher_, [this](int level, uint64_t, const tlog::Hash& hash) {
      if (level % tlog::kTileHeight != 0) return;
      const auto tile = static_cast<size_t>(level / tlog::kTileHeight);
      if (tiles_.size() <= tile) {
        tiles_.resize(tile + 1);
        tiles_full_.resize(tile + 1);
      }
      tiles_[tile].push_back(hash);
    });
    const auto instead = entry.empty() ? masked.find(index) : masked.end();
    if (instead != masked.end()) {
      const absl::StatusOr<tlog::EntryFields> fields = tlog::DecodeEntryFields(instead->second);
      if (!fields.ok() || !fields->masked || fields->index != index ||
          instead->second.size() > tlog::kBundleEntryBytesMax) {
        return absl::InvalidArgumentError(
            absl::StrCat("what the hub sent instead of entry ", index, " is not that, masked"));
      }
      ++masked_kept;
    }
    entries_.push_back(instead != masked.end() ? instead->second : entry);
    if (entries_.size() == tlog::kTileWidth) SIGNPOST_RETURN_IF_ERROR(FlushEntries());
    for (size_t level = 0; level < tiles_.size(); ++level) {
      if (tiles_[level].size() == tlog::kTileWidth) SIGNPOST_RETURN_IF_ERROR(FlushTile(level));
    }
  }
  if (hashed != leaf_hashes.size()) {
    return absl::InvalidArgumentError("the hub sent more hashes than there are empty entries");
  }
  if (masked_kept != masked.size()) {
    return absl::InvalidArgumentError("the hub sent masked entries in no empty place");
  }
  return absl::OkStatus();
}

absl::Status LedgerCopy::Append(const signpost::v1::EntryRun& run) {
  std::map<uint64_t, std::string> masked;
  for (const signpost::v1::MaskedEntry& one : run.masked()) masked[one.index()] = one.entry();
  return Append(run.first_index(), {run.entries().begin(), run.entries().end()},
                {run.leaf_hashes().begin(), run.leaf_hashes().end()}, masked);
}

absl::Status LedgerCopy::Finish(const std::string& checkpoint, const std::string& witnessed) {
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Note note, tlog::ParseNote(checkpoint));
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Checkpoint parsed, tlog::ParseCheckpoint(note.text));
  if (parsed.size != size()) {
    return absl::DataLossError(absl::StrCat("the checkpoint covers ", parsed.size, " entries and ",
                                            size(), " came; copy again"));
  }
  SIGNPOST_RETURN_IF_ERROR(FlushEntries());
  for (size_t level = 0; level < tiles_.size(); ++level) {
    SIGNPOST_RETURN_IF_ERROR(FlushTile(level));
  }
  // Last, for without it no verifier takes the copy for whole.
  if (!witnessed.empty()) SIGNPOST_RETURN_IF_ERROR(Write("witnessed", witnessed));
  return Write("checkpoint", checkpoint);
}

}  // namespace signpost::adapters::cli
