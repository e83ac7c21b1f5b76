// VerifyDirectory() is a verifier that judges a copy of a ledger, written as a tlog-tiles
// directory, with nothing but the log's verifier key, and says what is wrong and where. It trusts
// no file: everything is computed from the entries and compared.
//
// What it finds: an entry changed, dropped, inserted or moved; tiles that disagree with entries;
// a root that is not the signed one; a signature by another key; an agency's counter with a gap; a
// clock that runs back; a ledger that was rolled back or forked since a checkpoint kept elsewhere;
// a ledger that the witnesses asked for have not co-signed.
//
// Of an entry that was pruned, and of one that auditors are given masked, the tile has the leaf hash,
// and with it the tree is built. That a masked entry says what the hashed one says, nobody can tell
// from the copy; how many there are is in the report.
//
// Reads files; keeps one bundle and one tile a level in memory. Thread-safe.

#ifndef SIGNPOST_HUB_TLOG_VERIFIER_H_
#define SIGNPOST_HUB_TLOG_VERIFIER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/cosignature.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"

namespace signpost::tlog {

struct Problem {
  enum class Kind {
    kCheckpoint,   // missing, malformed, or signed by none of the given keys
    kMissing,      // a file the checkpoint's size calls for is not there
    kMalformed,    // a file or an entry does not parse, or has the wrong number of entries
    kEntry,        // an entry does not hash to its leaf in the tile
    kIndex,        // an entry carries another index than its place
    kCounter,      // an agency's counter has a gap or a repeat
    kTime,         // an entry is older than the one before
    kTile,         // a tile above does not follow from the one below
    kRoot,         // the entries do not hash to the signed root
    kPruned,       // an entry was reduced to its hash, and no later one says so
    kConsistency,  // not an extension of an older checkpoint: rolled back or forked
    kWitness,      // a witness asked for did not co-sign, or co-signed something else
  };
  Kind kind;
  std::optional<uint64_t> entry_index;  // where one entry is at fault
  std::string file;                     // relative to the directory; may be empty
  std::string message;                  // a sentence for an auditor
};
const char* ProblemKindName(Problem::Kind kind);

struct VerifyOptions {
  // Signed notes kept from earlier, in any order; each must be a prefix of this ledger.
  std::vector<std::string> older_checkpoints;
  // Each must have co-signed a checkpoint that is a prefix of this ledger: the one in `checkpoint`
  // or, because witnesses answer after a checkpoint is published, the one in the file `witnessed`
  // beside it. From NoteVerifier::ParseCosigner().
  std::vector<NoteVerifier> witnesses;
  // When not empty, the origin that the checkpoint must name.
  std::string origin;
  // The root of the tree of so many entries is wanted too, as a sample is drawn from it (sample.h).
  std::optional<uint64_t> root_at;
  int problems_max = 20;  // stop looking after so many
  // Entries carry the fields of entry_fields.h. Off for logs of other people's making.
  bool entry_fields = true;
};

struct VerifyReport {
  std::vector<Problem> problems;  // empty: all is well
  Checkpoint checkpoint;          // what the directory claims; zero when it could not be read
  uint64_t entries_read = 0;
  uint64_t entries_masked = 0;                  // of these, masked: their words are the hub's alone
  Hash root{};                                  // computed from the entries read
  std::optional<Hash> root_at;                  // that of so many as was asked for
  std::optional<CosignedCheckpoint> witnessed;  // by all the witnesses asked for
  uint64_t agencies = 0;  // distinct agency ids, the hub's own (empty) included, masked ones not

  bool ok() const { return problems.empty(); }
  // One line a problem, or one that says what was verified.
  std::string ToString() const;
};

// Verifies the tlog-tiles directory `directory`. Never fails: what cannot be read is a problem.
[[nodiscard]] VerifyReport VerifyDirectory(const std::string& directory,
                                           absl::Span<const NoteVerifier> verifiers,
                                           const VerifyOptions& options);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_VERIFIER_H_
