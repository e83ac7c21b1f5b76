#include "hub/tlog/verifier.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <queue>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/pruned.h"
#include "hub/tlog/tiles.h"

namespace signpost::tlog {
namespace {

constexpr size_t kCheckpointBytesMax = kNoteBytesMax;
constexpr char kWitnessedFile[] = "witnessed";
constexpr size_t kBundleBytesMax = kTileWidth * (2 + kBundleEntryBytesMax);

// The whole of a file of at most `bytes_max` into `bytes`, which is reused between calls.
bool ReadFile(const std::string& path, size_t bytes_max, std::string* bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return false;
  const std::streamoff length = file.tellg();
  if (length < 0 || static_cast<uint64_t>(length) > bytes_max) return false;
  bytes->resize(static_cast<size_t>(length));
  file.seekg(0);
  file.read(bytes->data(), static_cast<std::streamsize>(length));
  return static_cast<bool>(file);
}

// Whether these are not the bytes that were hashed. What does not decode is refused where it is read.
bool IsMasked(absl::string_view entry) {
  const absl::StatusOr<EntryFields> fields = DecodeEntryFields(entry);
  return fields.ok() && fields->masked;
}

// One run over one directory.
class Verification {
 public:
  Verification(const std::string& directory, absl::Span<const NoteVerifier> verifiers,
               const VerifyOptions& options)
      : directory_(directory), verifiers_(verifiers), options_(options) {}

  VerifyReport Run() {
    if (!ReadCheckpoint()) return std::move(report_);
    ReadOlderCheckpoints();
    ReadWitnessed();
    CompareOlder();
    if (ReadEntries()) {
      CheckPruned();
      CheckGaps();
      FinishUpperTiles();
      CompareRoot();
    }
    report_.root = frontier_.Root(hasher_);
    report_.agencies = counters_.size();
    return std::move(report_);
  }

 private:
  using Kind = Problem::Kind;

  bool Enough() const {
    return report_.problems.size() >= static_cast<size_t>(options_.problems_max);
  }

  void Add(Kind kind, std::optional<uint64_t> entry, const std::string& file, std::string message) {
    if (Enough()) return;
    report_.problems.push_back({kind, entry, file, std::move(message)});
  }

  bool ReadCheckpoint() {
    std::string note;
    if (!ReadFile(directory_ + "/checkpoint", kCheckpointBytesMax, &note)) {
      Add(Kind::kCheckpoint, std::nullopt, "checkpoint", "there is no readable checkpoint");
      return false;
    }
    absl::StatusOr<Checkpoint> checkpoint = OpenCheckpoint(note, verifiers_);
    if (!checkpoint.ok()) {
      Add(Kind::kCheckpoint, std::nullopt, "checkpoint",
          std::string(checkpoint.status().message()));
      return false;
    }
    report_.checkpoint = *std::move(checkpoint);
    checkpoint_note_ = std::move(note);
    if (!options_.origin.empty() && report_.checkpoint.origin != options_.origin) {
      Add(Kind::kCheckpoint, std::nullopt, "checkpoint",
          absl::StrCat("the checkpoint is of ", report_.checkpoint.origin, ", not of ",
                       options_.origin));
      return false;
    }
    return true;
  }

  void ReadOlderCheckpoints() {
    for (const std::string& note : options_.older_checkpoints) {
      absl::StatusOr<Checkpoint> older = OpenCheckpoint(note, verifiers_);
      if (!older.ok()) {
        Add(Kind::kConsistency, std::nullopt, "",
            absl::StrCat("an older checkpoint cannot be used: ", older.status().message()));
      } else if (older->origin != report_.checkpoint.origin) {
        Add(Kind::kConsistency, std::nullopt, "",
            absl::StrCat("an older checkpoint is of another log: ", older->origin));
      } else if (older->size > report_.checkpoint.size) {
        Add(Kind::kConsistency, std::nullopt, "checkpoint",
            absl::StrCat("rolled back: the ledger once had ", older->size, " entries and now has ",
                         report_.checkpoint.size));
      } else {
        older_.emplace(older->size, *older);
      }
    }
  }

  // Finds the checkpoint that all witnesses asked for co-signed, and has it compared as an older
  // one.
  void ReadWitnessed() {
    if (options_.witnesses.empty()) return;
    const absl::Status here = TakeWitnessed(checkpoint_note_);
    if (here.ok()) return;
    std::string note;
    if (!ReadFile(absl::StrCat(directory_, "/", kWitnessedFile), kCheckpointBytesMax, &note)) {
      Add(Kind::kWitness, std::nullopt, "checkpoint", std::string(here.message()));
      return;
    }
    const absl::Status beside = TakeWitnessed(note);
    if (!beside.ok()) {
      Add(Kind::kWitness, std::nullopt, kWitnessedFile, std::string(beside.message()));
    }
  }

  absl::Status TakeWitnessed(const std::string& note) {
    absl::StatusOr<CosignedCheckpoint> cosigned =
        OpenCosigned(note, verifiers_, options_.witnesses);
    if (!cosigned.ok()) return cosigned.status();
    absl::Status all = RequireCosigned(*cosigned, options_.witnesses);
    if (!all.ok()) return all;
    const Checkpoint& checkpoint = cosigned->checkpoint;
    if (checkpoint.origin != report_.checkpoint.origin) {
      return absl::DataLossError(
          absl::StrCat("what the witnesses co-signed is of another log: ", checkpoint.origin));
    }
    if (checkpoint.size > report_.checkpoint.size) {
      return absl::DataLossError(absl::StrCat("rolled back: the witnesses co-signed ",
                                              checkpoint.size, " entries and the ledger now has ",
                                              report_.checkpoint.size));
    }
    older_.emplace(checkpoint.size, checkpoint);
    report_.witnessed = *std::move(cosigned);
    return absl::OkStatus();
  }

  // Compares with every older checkpoint of the size reached.
  void CompareOlder() {
    if (options_.root_at == frontier_.size()) report_.root_at = frontier_.Root(hasher_);
    const auto [begin, end] = older_.equal_range(frontier_.size());
    if (begin == end) return;
    const Hash root = frontier_.Root(hasher_);
    for (auto it = begin; it != end; ++it) {
      if (it->second.root == root) continue;
      Add(Kind::kConsistency, std::nullopt, "checkpoint",
          absl::StrCat("forked: the first ", it->first,
                       " entries are not those of an older checkpoint of that size"));
    }
  }

  bool ReadEntries() {
    const uint64_t size = report_.checkpoint.size;
    for (uint64_t first = 0; first < size && !Enough(); first += kTileWidth) {
      TileId tile{0, first / kTileWidth,
                  static_cast<int>(std::min<uint64_t>(kTileWidth, size - first))};
      if (!ReadBundle(tile)) return false;
    }
    return !Enough();
  }

  // False when the run cannot go on: neither entries nor their hashes are there.
  bool ReadBundle(const TileId& tile) {
    const std::string tile_path = TilePath(tile);
    const std::string bundle_path = TilePath({kEntriesLevel, tile.index, tile.width});
    const uint64_t first = tile.index * kTileWidth;
    const std::vector<Hash> leaves = ReadTile(tile_path, tile.width);

    std::vector<absl::string_view> entries;
    bool whole = false;
    if (!ReadFile(absl::StrCat(directory_, "/", bundle_path), kBundleBytesMax, &bundle_)) {
      Add(Kind::kMissing, first, bundle_path, "the entry bundle cannot be read");
    } else if (absl::StatusOr<std::vector<absl::string_view>> decoded = DecodeEntryBundle(bundle_);
               !decoded.ok()) {
      Add(Kind::kMalformed, first, bundle_path, std::string(decoded.status().message()));
    } else {
      entries = *std::move(decoded);
      whole = entries.size() == static_cast<size_t>(tile.width);
      if (!whole) {
        Add(Kind::kMalformed, first, bundle_path,
            absl::StrCat("the bundle holds ", entries.size(), " entries where the ledger has ",
                         tile.width, ": entries were dropped or inserted"));
      }
    }
    if (!whole && leaves.empty()) return false;
    // Of a pruned entry nothing but its hash in the tile is left; a masked one does not hash to it.
    if (leaves.empty() && options_.entry_fields &&
        std::any_of(entries.begin(), entries.end(),
                    [](absl::string_view entry) { return entry.empty() || IsMasked(entry); })) {
      return false;
    }

    const size_t width = static_cast<size_t>(tile.width);
    bool in_place = !entries.empty();
    for (size_t i = 0; i < width; ++i) {
      const uint64_t index = first + i;
      std::optional<Hash> hash;
      if (i < entries.size() && in_place && entries[i].empty() && options_.entry_fields) {
        AddPruned(index, &pruned_);
        ++pruned_count_;
      } else if (i < entries.size() && in_place && options_.entry_fields && IsMasked(entries[i])) {
        ++report_.entries_read;
        ++report_.entries_masked;
        CheckFields(entries[i], index, bundle_path);
      } else if (i < entries.size() && in_place) {
        ++report_.entries_read;
        hash = hasher_.Leaf(entries[i]);
        const bool agrees = leaves.empty() || *hash == leaves[i];
        if (!agrees) {
          Add(Kind::kEntry, index, bundle_path,
              absl::StrCat("entry ", index, " does not hash to its leaf in ", tile_path,
                           ": it was changed or moved"));
          // In a bundle of the wrong length everything behind the first misfit has only shifted.
          if (!whole) in_place = false;
        }
        if (in_place) CheckFields(entries[i], index, bundle_path);
      }
      // The tree grows from the tile where there is one: then a changed entry is one fault, found
      // above, and the root still tells whether the tile itself is the one that was signed.
      Append(leaves.empty() ? *hash : leaves[i]);
    }
    return true;
  }

  // The hashes of a tile, or none when it is not there or not as wide as it should be.
  std::vector<Hash> ReadTile(const std::string& path, int width) {
    if (!ReadFile(absl::StrCat(directory_, "/", path), kTileWidth * kHashBytes, &tile_)) {
      Add(Kind::kMissing, std::nullopt, path, "the tile cannot be read");
      return {};
    }
    absl::StatusOr<std::vector<Hash>> hashes = DecodeTile(tile_);
    if (!hashes.ok() || hashes->size() != static_cast<size_t>(width)) {
      Add(Kind::kMalformed, std::nullopt, path,
          absl::StrCat("the tile does not hold ", width, " hashes"));
      return {};
    }
    return *std::move(hashes);
  }

  void CheckFields(absl::string_view entry, uint64_t index, const std::string& file) {
    if (!options_.entry_fields) return;
    absl::StatusOr<EntryFields> fields = DecodeEntryFields(entry);
    if (!fields.ok()) {
      Add(Kind::kMalformed, index, file,
          absl::StrCat("entry ", index, ": ", fields.status().message()));
      return;
    }
    if (!fields->HasDetailOfItsKind()) {
      Add(Kind::kMalformed, index, file,
          absl::StrCat("entry ", index, " does not say what happened as its kind does: its detail ",
                       fields->detail == 0 ? "is missing" : "is of another kind"));
    }
    if (fields->index != index) {
      Add(Kind::kIndex, index, file,
          absl::StrCat("entry ", index, " says it is entry ", fields->index));
    }
    if (fields->sequenced_at_us < last_sequenced_at_us_) {
      Add(Kind::kTime, index, file,
          absl::StrCat("entry ", index, " is dated before the entry in front of it"));
    }
    last_sequenced_at_us_ = fields->sequenced_at_us;
    if (fields->masked && fields->kind == kEntryKindPruned) {
      Add(Kind::kMalformed, index, file,
          absl::StrCat("entry ", index,
                       " says what was pruned, and is masked: nobody vouches for "
                       "what it says"));
      return;
    }
    // Whose counter it is, is masked, and so is the counter.
    if (fields->masked && fields->agency_id == kMaskedWord) return;
    Counted& counted = counters_[fields->agency_id];
    const uint64_t next = counted.counter + 1;
    if (fields->agency_counter > next &&
        fields->agency_counter - next <= pruned_count_ - counted.pruned_before) {
      // As many may be among the pruned ones since; CheckGaps() sees whether they all can be.
      gaps_.push_back({counted.next_index, index, fields->agency_counter - next});
    } else if (fields->agency_counter != next) {
      Add(Kind::kCounter, index, file,
          absl::StrCat("entry ", index, " is number ", fields->agency_counter, " of agency '",
                       fields->agency_id, "' where ", next, " should come"));
    }
    counted = {fields->agency_counter, index + 1, pruned_count_};
    if (fields->kind == kEntryKindPruned) ReadPruned(fields->pruned, index, file);
  }

  // Takes up what entry `index` says was pruned before it.
  void ReadPruned(absl::string_view pruned, uint64_t index, const std::string& file) {
    const absl::StatusOr<std::vector<PrunedKind>> kinds = DecodePruned(pruned);
    if (!kinds.ok()) {
      Add(Kind::kMalformed, index, file,
          absl::StrCat("entry ", index, ": ", kinds.status().message()));
      return;
    }
    for (const PrunedKind& kind : *kinds) {
      for (const PrunedRange& range : kind.ranges) {
        if (range.last < index) {
          accounted_.push_back(range);
        } else {
          Add(Kind::kMalformed, index, file,
              absl::StrCat("entry ", index, " says that entry ", range.last,
                           ", which came later, was pruned before it"));
        }
      }
    }
  }

  // Every entry of which only the hash is left must be named by one that came later.
  void CheckPruned() {
    std::sort(accounted_.begin(), accounted_.end(),
              [](const PrunedRange& a, const PrunedRange& b) { return a.first < b.first; });
    size_t at = 0;
    for (const PrunedRange& run : pruned_) {
      uint64_t index = run.first;
      while (index <= run.last) {
        while (at < accounted_.size() && accounted_[at].last < index) ++at;
        if (at < accounted_.size() && accounted_[at].first <= index) {
          index = accounted_[at].last + 1;
          continue;
        }
        const uint64_t last =
            at < accounted_.size() ? std::min(run.last, accounted_[at].first - 1) : run.last;
        Add(Kind::kPruned, index, "",
            absl::StrCat("entries ", index, " to ", last,
                         " are reduced to their hashes, and no later entry says that they were"));
        index = last + 1;
      }
    }
  }

  // Whether the pruned entries can be those that the agencies' counters jump over: each belongs to
  // one agency, and each jump needs as many, from between the entries where it is seen. Given out
  // to the jump that ends first, which finds a way whenever there is one.
  void CheckGaps() {
    std::sort(gaps_.begin(), gaps_.end(),
              [](const Gap& a, const Gap& b) { return a.from < b.from; });
    const auto later = [](const Gap& a, const Gap& b) { return a.to > b.to; };
    std::priority_queue<Gap, std::vector<Gap>, decltype(later)> open(later);
    size_t next = 0;
    const auto close_before = [&](uint64_t index) {
      while (!open.empty() && open.top().to <= index) {
        const Gap gap = open.top();
        open.pop();
        Add(Kind::kCounter, gap.to, "",
            absl::StrCat("an agency's counter jumps at entry ", gap.to, " over ", gap.missing,
                         " more entries than were pruned there"));
      }
    };
    for (const PrunedRange& run : pruned_) {
      uint64_t index = run.first;
      while (index <= run.last) {
        while (next < gaps_.size() && gaps_[next].from <= index) open.push(gaps_[next++]);
        close_before(index);
        uint64_t until = run.last + 1;
        if (next < gaps_.size()) until = std::min(until, gaps_[next].from);
        if (!open.empty()) {
          Gap gap = open.top();
          open.pop();
          until = std::min({until, gap.to, index + gap.missing});
          gap.missing -= until - index;
          if (gap.missing > 0) open.push(gap);
        }
        index = until;
      }
    }
    while (next < gaps_.size()) open.push(gaps_[next++]);
    close_before(~uint64_t{0});
  }

  void Append(const Hash& leaf) {
    frontier_.Append(leaf, hasher_, [this](int level, uint64_t index, const Hash& hash) {
      if (level == 0 || level % kTileHeight != 0) return;
      const size_t tile_level = static_cast<size_t>(level / kTileHeight);
      if (upper_.size() < tile_level) upper_.resize(tile_level);
      std::vector<Hash>& hashes = upper_[tile_level - 1];
      hashes.push_back(hash);
      if (hashes.size() == kTileWidth) {
        CompareTile({static_cast<int>(tile_level), index / kTileWidth, kTileWidth}, hashes);
        hashes.clear();
      }
    });
    CompareOlder();
  }

  void CompareTile(const TileId& tile, const std::vector<Hash>& computed) {
    const std::string path = TilePath(tile);
    const std::vector<Hash> stored = ReadTile(path, tile.width);
    if (stored.empty()) return;
    for (size_t i = 0; i < stored.size(); ++i) {
      if (stored[i] == computed[i]) continue;
      const int shift = kTileHeight * tile.level;
      const uint64_t first = (tile.index * kTileWidth + i) << shift;
      Add(Kind::kTile, first, path,
          absl::StrCat("hash ", i, " does not follow from the tiles below it: look at entries ",
                       first, " to ", first + (uint64_t{1} << shift) - 1));
    }
  }

  void FinishUpperTiles() {
    for (size_t i = 0; i < upper_.size(); ++i) {
      if (upper_[i].empty()) continue;
      const int level = static_cast<int>(i) + 1;
      const uint64_t index = (report_.checkpoint.size >> (kTileHeight * level)) / kTileWidth;
      CompareTile({level, index, static_cast<int>(upper_[i].size())}, upper_[i]);
    }
  }

  void CompareRoot() {
    if (frontier_.Root(hasher_) == report_.checkpoint.root) return;
    Add(Kind::kRoot, std::nullopt, "checkpoint",
        absl::StrCat("the ", frontier_.size(), " entries do not hash to the signed root"));
  }

  const std::string& directory_;
  const absl::Span<const NoteVerifier> verifiers_;
  const VerifyOptions& options_;
  VerifyReport report_;
  std::string checkpoint_note_;
  Hasher hasher_;
  Frontier frontier_;
  std::multimap<uint64_t, Checkpoint> older_;  // by size
  std::vector<std::vector<Hash>> upper_;       // [level - 1]: the unfinished tile of each level
  // What was last seen of an agency.
  struct Counted {
    uint64_t counter = 0;
    uint64_t next_index = 0;     // behind its entry
    uint64_t pruned_before = 0;  // entries, up to it
  };
  // An agency's counter jumps over `missing` entries, which must be among those from `from` up to
  // and without `to`.
  struct Gap {
    uint64_t from = 0;
    uint64_t to = 0;
    uint64_t missing = 0;
  };
  absl::flat_hash_map<std::string, Counted> counters_;
  std::vector<Gap> gaps_;
  std::vector<PrunedRange> pruned_;     // found so, ascending
  std::vector<PrunedRange> accounted_;  // said to be so
  uint64_t pruned_count_ = 0;
  int64_t last_sequenced_at_us_ = 0;
  std::string bundle_;
  std::string tile_;
};

}  // namespace

const char* ProblemKindName(Problem::Kind kind) {
  switch (kind) {
    case Problem::Kind::kCheckpoint:
      return "CHECKPOINT";
    case Problem::Kind::kMissing:
      return "MISSING";
    case Problem::Kind::kMalformed:
      return "MALFORMED";
    case Problem::Kind::kEntry:
      return "ENTRY";
    case Problem::Kind::kIndex:
      return "INDEX";
    case Problem::Kind::kCounter:
      return "COUNTER";
    case Problem::Kind::kTime:
      return "TIME";
    case Problem::Kind::kTile:
      return "TILE";
    case Problem::Kind::kRoot:
      return "ROOT";
    case Problem::Kind::kPruned:
      return "PRUNED";
    case Problem::Kind::kConsistency:
      return "CONSISTENCY";
    case Problem::Kind::kWitness:
      return "WITNESS";
  }
  return "UNKNOWN";
}

std::string VerifyReport::ToString() const {
  std::string text;
  if (ok()) {
    text = absl::StrCat("verified: ", checkpoint.origin, ", ", checkpoint.size, " entries of ",
                        agencies, " agencies, root ", HashToHex(checkpoint.root), "\n");
    if (entries_masked > 0) {
      absl::StrAppend(&text, entries_masked,
                      " of them are masked: their hashes are verified, what they say is the hub's "
                      "word\n");
    }
    if (!witnessed.has_value()) return text;
    for (const Cosignature& one : witnessed->cosignatures) {
      absl::StrAppend(&text, "co-signed by ", one.name, " at ",
                      absl::FormatTime(absl::RFC3339_sec, absl::FromUnixSeconds(one.time_s),
                                       absl::UTCTimeZone()),
                      ": the first ", witnessed->checkpoint.size, " entries\n");
    }
    return text;
  }
  for (const Problem& problem : problems) {
    absl::StrAppend(&text, ProblemKindName(problem.kind));
    if (problem.entry_index.has_value()) absl::StrAppend(&text, " at entry ", *problem.entry_index);
    if (!problem.file.empty()) absl::StrAppend(&text, " in ", problem.file);
    absl::StrAppend(&text, ": ", problem.message, "\n");
  }
  return text;
}

VerifyReport VerifyDirectory(const std::string& directory, absl::Span<const NoteVerifier> verifiers,
                             const VerifyOptions& options) {
  return Verification(directory, verifiers, options).Run();
}

}  // namespace signpost::tlog
