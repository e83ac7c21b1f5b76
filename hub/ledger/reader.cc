#include "hub/ledger/reader.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/rows.h"
#include "hub/ledger/tree_rows.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/tiles.h"

namespace signpost::ledger {
namespace {

using base::Error;
using base::Reason;
using store::Space;

constexpr char kPrunedPayload[] = "signpost.ledger/pruned";

absl::Status Missing(const std::string& what) {
  return Error(Reason::kDataLoss, absl::StrCat(what, " is missing; call the operator"));
}

// The checkpoint in a note of our own store. Its signature is for others to check.
absl::StatusOr<tlog::Checkpoint> ReadNote(const std::string& note) {
  absl::StatusOr<tlog::Note> parsed = tlog::ParseNote(note);
  if (!parsed.ok()) return Missing("a readable checkpoint");
  absl::StatusOr<tlog::Checkpoint> checkpoint = tlog::ParseCheckpoint(parsed->text);
  if (!checkpoint.ok()) return Missing("a readable checkpoint");
  return checkpoint;
}

absl::Status WriteFile(const std::filesystem::path& path, const std::string& bytes) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) return absl::OkStatus();
  return Error(Reason::kStoreUnavailable,
               absl::StrCat("cannot write ", path.string(), ": look at room and rights there"));
}

// The tree with its right edge, which the head holds and which needs no reading. For one proof; the
// view and the head must outlive it.
class TreeUnderHead {
 public:
  TreeUnderHead(const store::View* view, const HeadRow& head)
      : reader_(view), frontier_(head.frontier), edge_(tlog::FrontierNodes(frontier_.size())) {}

  absl::StatusOr<tlog::Hash> Node(int level, uint64_t index) {
    const auto found = std::find(edge_.begin(), edge_.end(), std::make_pair(level, index));
    if (found == edge_.end()) return reader_.Node(level, index);
    return frontier_.hashes()[static_cast<size_t>(found - edge_.begin())];
  }

  absl::StatusOr<tlog::Hash> Root(uint64_t size) {
    return tlog::RootAt(size, [this](int level, uint64_t index) { return Node(level, index); });
  }

 private:
  TreeReader reader_;
  const tlog::Frontier& frontier_;
  const std::vector<std::pair<int, uint64_t>> edge_;  // as the hashes of frontier_
};

// A proof that does not verify is not given out.
absl::Status Held(const absl::Status& verified) {
  if (verified.ok()) return verified;
  return Error(Reason::kDataLoss,
               "what is stored of the ledger's tree does not fit together; call the operator");
}

}  // namespace

bool IsPruned(const absl::Status& status) { return status.GetPayload(kPrunedPayload).has_value(); }

absl::StatusOr<Sequencer::Head> LedgerReader::Head() const {
  SIGNPOST_ASSIGN_OR_RETURN(const HeadRow head, ReadHead(*view_));
  tlog::Hasher hasher;
  return Sequencer::Head{head.frontier.size(), tlog::HashToString(head.frontier.Root(hasher))};
}

absl::StatusOr<std::string> LedgerReader::Entry(uint64_t index) const {
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> entry,
                            view_->Get(Space::kEntries, store::KeyU64(index)));
  if (!entry.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(const HeadRow head, ReadHead(*view_));
    if (index < head.frontier.size()) return Missing(absl::StrCat("entry ", index));
    return Error(Reason::kNotFound, "the ledger has no such entry");
  }
  if (entry->empty()) {
    absl::Status pruned =
        Error(Reason::kNotFound,
              "the entry is past its retention: only its hash is kept, and a proof of it");
    pruned.SetPayload(kPrunedPayload, absl::Cord("1"));
    return pruned;
  }
  return *std::move(entry);
}

absl::StatusOr<std::vector<std::string>> LedgerReader::Entries(uint64_t first, int count) const {
  if (count < 1 || count > base::kPageRowsMax) {
    return base::InvalidField("count", absl::StrCat("want 1 to ", base::kPageRowsMax));
  }
  SIGNPOST_ASSIGN_OR_RETURN(std::vector<store::KeyValue> rows,
                            view_->Scan(Space::kEntries, store::KeyU64(first), "", count));
  std::vector<std::string> entries;
  entries.reserve(rows.size());
  for (store::KeyValue& row : rows) {
    if (store::U64FromKey(row.key) != first + entries.size()) {
      return Missing(absl::StrCat("entry ", first + entries.size()));
    }
    entries.push_back(std::move(row.value));
  }
  if (entries.size() < static_cast<size_t>(count)) {
    SIGNPOST_ASSIGN_OR_RETURN(const HeadRow head, ReadHead(*view_));
    if (first + entries.size() < head.frontier.size()) {
      return Missing(absl::StrCat("entry ", first + entries.size()));
    }
  }
  return entries;
}

absl::StatusOr<tlog::Hash> LedgerReader::Node(int level, uint64_t index) const {
  return TreeReader(view_).Node(level, index);
}

absl::StatusOr<std::vector<tlog::Hash>> LedgerReader::Nodes(int level, uint64_t first,
                                                            int count) const {
  return TreeReader(view_).Nodes(level, first, count);
}

absl::StatusOr<std::vector<tlog::Hash>> LedgerReader::InclusionProof(uint64_t index,
                                                                     uint64_t size) const {
  SIGNPOST_ASSIGN_OR_RETURN(const HeadRow head, ReadHead(*view_));
  if (size > head.frontier.size() || index >= size) {
    return base::InvalidField("index", "want index < size <= the ledger's size");
  }
  TreeUnderHead tree(view_, head);
  SIGNPOST_ASSIGN_OR_RETURN(std::vector<tlog::Hash> proof,
                            tlog::InclusionProof(index, size, [&tree](int level, uint64_t at) {
                              return tree.Node(level, at);
                            }));
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash leaf, tree.Node(0, index));
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root, tree.Root(size));
  SIGNPOST_RETURN_IF_ERROR(Held(tlog::VerifyInclusion(leaf, index, size, proof, root)));
  return proof;
}

absl::StatusOr<std::vector<tlog::Hash>> LedgerReader::ConsistencyProof(uint64_t size_old,
                                                                       uint64_t size_new) const {
  SIGNPOST_ASSIGN_OR_RETURN(const HeadRow head, ReadHead(*view_));
  if (size_new > head.frontier.size() || size_old > size_new) {
    return base::InvalidField("size_new", "want size_old <= size_new <= the ledger's size");
  }
  TreeUnderHead tree(view_, head);
  SIGNPOST_ASSIGN_OR_RETURN(
      std::vector<tlog::Hash> proof,
      tlog::ConsistencyProof(size_old, size_new,
                             [&tree](int level, uint64_t at) { return tree.Node(level, at); }));
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root_old, tree.Root(size_old));
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root_new, tree.Root(size_new));
  SIGNPOST_RETURN_IF_ERROR(
      Held(tlog::VerifyConsistency(size_old, size_new, proof, root_old, root_new)));
  return proof;
}

absl::StatusOr<tlog::Hash> LedgerReader::RootAt(uint64_t size) const {
  SIGNPOST_ASSIGN_OR_RETURN(const HeadRow head, ReadHead(*view_));
  if (size > head.frontier.size()) {
    return base::InvalidField("size", "want at most the ledger's size");
  }
  return TreeUnderHead(view_, head).Root(size);
}

absl::StatusOr<std::string> LedgerReader::LatestCheckpoint() const {
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> note,
                            view_->Get(Space::kMeta, kCheckpointKey));
  if (!note.has_value()) return Error(Reason::kNotFound, "no checkpoint is published yet");
  return *std::move(note);
}

absl::StatusOr<std::vector<std::string>> LedgerReader::Checkpoints(uint64_t size_from,
                                                                   int count) const {
  SIGNPOST_ASSIGN_OR_RETURN(std::vector<store::KeyValue> rows,
                            view_->Scan(Space::kCheckpoints, store::KeyU64(size_from), "", count));
  std::vector<std::string> notes;
  notes.reserve(rows.size());
  for (store::KeyValue& row : rows) notes.push_back(std::move(row.value));
  return notes;
}

absl::StatusOr<std::string> LedgerReader::Receipt(uint64_t index) const {
  SIGNPOST_ASSIGN_OR_RETURN(std::string note, LatestCheckpoint());
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint, ReadNote(note));
  if (index >= checkpoint.size) {
    return Error(Reason::kNotFound,
                 "no published checkpoint covers this entry yet; ask again in a second");
  }
  tlog::Proof proof;
  proof.index = index;
  SIGNPOST_ASSIGN_OR_RETURN(proof.path, InclusionProof(index, checkpoint.size));
  proof.checkpoint = std::move(note);
  return tlog::FormatProof(proof);
}

absl::Status LedgerReader::ExportTiles(const std::string& directory, bool entries) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string note, LatestCheckpoint());
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint, ReadNote(note));
  const std::filesystem::path root(directory);
  for (const tlog::TileId& tile : tlog::TilesOf(checkpoint.size)) {
    const uint64_t first = tile.index * tlog::kTileWidth;
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<tlog::Hash> hashes,
                              Nodes(tile.level * tlog::kTileHeight, first, tile.width));
    SIGNPOST_RETURN_IF_ERROR(WriteFile(root / tlog::TilePath(tile), tlog::EncodeTile(hashes)));
    if (!entries || tile.level != 0) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<std::string> bundle, Entries(first, tile.width));
    if (bundle.size() != static_cast<size_t>(tile.width)) {
      return Missing(absl::StrCat("entry ", first + bundle.size()));
    }
    const tlog::TileId id{tlog::kEntriesLevel, tile.index, tile.width};
    SIGNPOST_RETURN_IF_ERROR(WriteFile(root / tlog::TilePath(id), tlog::EncodeEntryBundle(bundle)));
  }
  return WriteFile(root / "checkpoint", note);
}

}  // namespace signpost::ledger
