#include "hub/ledger/opening.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/files.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"

namespace signpost::ledger {

using base::Error;
using base::Reason;
using store::Space;

namespace {

// That head, nodes and the last entry belong together: O(log size) reads.
absl::Status CheckHead(const store::View& view, TreeReader* tree, const HeadRow& head) {
  absl::Status damaged = Error(
      Reason::kDataLoss, "the ledger's head does not fit its entries and nodes; call the operator");
  const uint64_t size = head.frontier.size();
  const std::vector<std::pair<int, uint64_t>> nodes = tlog::FrontierNodes(size);
  for (size_t i = 0; i < nodes.size(); ++i) {
    SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash hash, tree->Node(nodes[i].first, nodes[i].second));
    if (hash != head.frontier.hashes()[i]) return damaged;
  }
  const uint64_t last = size == 0 ? 0 : size - 1;
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> tail,
                            view.Scan(Space::kEntries, store::KeyU64(last), "", 2));
  if (size == 0) return tail.empty() ? absl::OkStatus() : damaged;
  if (tail.size() != 1 || tail[0].key != store::KeyU64(last)) return damaged;
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash leaf, tree->Node(0, last));
  tlog::Hasher hasher;
  return hasher.Leaf(tail[0].value) == leaf ? absl::OkStatus() : damaged;
}

// That the ledger of `head` extends the checkpoint in `note`, which lies in `where`.
absl::StatusOr<tlog::Checkpoint> CheckExtends(TreeReader* tree, const HeadRow& head,
                                              const std::string& origin, const std::string& note,
                                              const tlog::NoteVerifier& verifier,
                                              const std::string& where) {
  absl::StatusOr<tlog::Checkpoint> checkpoint =
      tlog::OpenCheckpoint(note, absl::MakeConstSpan(&verifier, 1));
  if (!checkpoint.ok()) {
    return Error(Reason::kDataLoss,
                 absl::StrCat("the last checkpoint in ", where,
                              " is not one of this ledger's key: ", checkpoint.status().message()));
  }
  if (checkpoint->origin != origin) {
    return Error(Reason::kDataLoss, absl::StrCat("the last checkpoint in ", where, " is of ",
                                                 checkpoint->origin, ", not of ", origin));
  }
  const uint64_t size = head.frontier.size();
  if (checkpoint->size > size) {
    return Error(Reason::kLedgerBehind,
                 absl::StrCat("the ledger has ", size, " entries but ", checkpoint->size,
                              " were published (checkpoint in ", where,
                              "): the store is an older one; find the newer"));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root,
                            tlog::RootAt(checkpoint->size, [tree](int level, uint64_t index) {
                              return tree->Node(level, index);
                            }));
  if (root != checkpoint->root) {
    return Error(Reason::kLedgerBehind,
                 absl::StrCat("the first ", checkpoint->size,
                              " entries are not those that were published (checkpoint in ", where,
                              "): the store is of another history; find the right one"));
  }
  return checkpoint;
}

// The last counter of every agency: hundreds of short rows at the most.
absl::StatusOr<Counters> ReadCounters(const store::View& view) {
  Counters counters;
  const std::string prefix = kCounterPrefix;
  std::string from = prefix;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<store::KeyValue> rows,
        view.Scan(Space::kMeta, from, store::PrefixEnd(prefix), base::kPageRowsMax));
    for (const store::KeyValue& row : rows) {
      if (row.value.size() != sizeof(uint64_t)) {
        return Error(Reason::kDataLoss, "a counter of the ledger does not read; call the operator");
      }
      counters[row.key.substr(prefix.size())] = store::U64FromKey(row.value);
    }
    if (rows.size() < static_cast<size_t>(base::kPageRowsMax)) return counters;
    from = rows.back().key + '\0';
  }
}

// The word that somebody left who restored this store; nullopt when nobody did.
absl::StatusOr<std::optional<Restored>> ReadRestored(const store::View& view, TreeReader* tree,
                                                     const HeadRow& head, const std::string& origin,
                                                     const tlog::NoteVerifier& verifier) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                            view.Get(Space::kMeta, kRestoredKey));
  if (!note.has_value()) return std::nullopt;
  absl::StatusOr<Restored> restored = OpenRestored(*note, absl::MakeConstSpan(&verifier, 1));
  if (!restored.ok() || restored->origin != origin) {
    return Error(Reason::kDataLoss,
                 "the store says that it was restored, but not under this ledger's key; restore it "
                 "again with signpost-hub restore");
  }
  bool holds = restored->holds.size <= head.frontier.size();
  if (holds) {
    SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root,
                              tlog::RootAt(restored->holds.size, [tree](int level, uint64_t at) {
                                return tree->Node(level, at);
                              }));
    holds = root == restored->holds.root;
  }
  if (!holds) {
    return Error(Reason::kDataLoss,
                 "the store says that it was restored from a backup that it is not; restore it "
                 "again with signpost-hub restore");
  }
  return std::optional<Restored>(*std::move(restored));
}

// Whether whoever restored the store gave up exactly the checkpoint in `note`.
bool GivesUp(const std::optional<Restored>& restored, const std::string& note,
             const tlog::NoteVerifier& verifier) {
  const auto checkpoint = tlog::OpenCheckpoint(note, absl::MakeConstSpan(&verifier, 1));
  if (!restored.has_value() || !checkpoint.ok()) return false;
  return std::any_of(restored->gives_up.begin(), restored->gives_up.end(),
                     [&](const TreeHead& head) {
                       return head.size == checkpoint->size && head.root == checkpoint->root;
                     });
}

// That the ledger of `head` extends the checkpoint in the file at `path`, where there is one; its
// size, or 0. One that was given up is kept under another name, and is 0, too.
absl::StatusOr<uint64_t> CheckExtendsFile(TreeReader* tree, const HeadRow& head,
                                          const std::string& origin, const std::string& path,
                                          const tlog::NoteVerifier& verifier,
                                          const std::optional<Restored>& restored) {
  if (path.empty()) return 0;
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                            base::ReadWholeFile(path, tlog::kNoteBytesMax));
  if (!note.has_value()) return 0;
  const absl::StatusOr<tlog::Checkpoint> checkpoint =
      CheckExtends(tree, head, origin, *note, verifier, path);
  if (checkpoint.ok()) return checkpoint->size;
  if (base::ReasonOf(checkpoint.status()) != Reason::kLedgerBehind ||
      !GivesUp(restored, *note, verifier)) {
    return checkpoint.status();
  }
  const uint64_t size = tlog::OpenCheckpoint(*note, absl::MakeConstSpan(&verifier, 1))->size;
  SIGNPOST_RETURN_IF_ERROR(base::ReplaceFile(absl::StrCat(path, ".given-up-", size), *note));
  return 0;
}

}  // namespace

absl::StatusOr<FoundLedger> FindLedger(const Sequencer::Options& options, const store::Store& store,
                                       const tlog::NoteVerifier& verifier) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store.NewView());
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> head_row, view->Get(Space::kMeta, kHeadKey));
  HeadRow head;
  if (head_row.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(head, DecodeHead(*head_row));
  }
  TreeReader reader(view.get());
  // First what was published: a store that was put back is the commoner and the clearer finding.
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<Restored> restored,
                            ReadRestored(*view, &reader, head, options.origin, verifier));
  if (restored.has_value() && !options.restored_entry) {
    return Error(Reason::kLedgerBehind,
                 "the store was restored from a backup; start the hub itself on it, which records "
                 "that, before using it otherwise");
  }
  SIGNPOST_ASSIGN_OR_RETURN(
      const uint64_t filed_size,
      CheckExtendsFile(&reader, head, options.origin, options.checkpoint_file, verifier, restored));
  SIGNPOST_RETURN_IF_ERROR(
      CheckExtendsFile(&reader, head, options.origin, options.witnessed_file, verifier, restored)
          .status());
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> note,
                            view->Get(Space::kMeta, kCheckpointKey));
  uint64_t published_size = 0;
  if (note.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const tlog::Checkpoint checkpoint,
        CheckExtends(&reader, head, options.origin, *note, verifier, "the store"));
    published_size = checkpoint.size;
  }
  SIGNPOST_RETURN_IF_ERROR(CheckHead(*view, &reader, head));
  SIGNPOST_ASSIGN_OR_RETURN(TreeWriter tree, TreeWriter::Open(head.frontier.size(), &reader));
  SIGNPOST_ASSIGN_OR_RETURN(Counters counters, ReadCounters(*view));
  // A crash may have come between the store's checkpoint and its copy.
  if (note.has_value() && !options.checkpoint_file.empty() && filed_size < published_size) {
    SIGNPOST_RETURN_IF_ERROR(base::ReplaceFile(options.checkpoint_file, *note));
  }
  return FoundLedger{std::move(head),  std::move(head_row), std::move(tree),   std::move(counters),
                     view->revision(), published_size,      note.value_or(""), std::move(restored)};
}

absl::Status RecordRestored(Sequencer* sequencer, store::Store* store, const Restored& restored,
                            const tlog::NoteVerifier& verifier) {
  Operation operation;
  operation.entries.push_back(sequencer->options().restored_entry(restored));
  SIGNPOST_ASSIGN_OR_RETURN(const Sequenced sequenced,
                            sequencer->SubmitAndWait(std::move(operation)));
  const Sequencer::Head at = sequencer->head();
  SIGNPOST_RETURN_IF_ERROR(sequencer->Checkpoint().status());
  if (const std::string& witnessed = sequencer->options().witnessed_file; !witnessed.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                              base::ReadWholeFile(witnessed, tlog::kNoteBytesMax));
    if (note.has_value() && GivesUp(restored, *note, verifier)) {
      // For good, before the word goes that excuses it: left there, it would refuse the next start.
      SIGNPOST_RETURN_IF_ERROR(base::RemoveFile(witnessed));
    }
  }
  // Nobody else has the sequencer yet, and its own thread has nothing left to do.
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> head, view->Get(Space::kMeta, kHeadKey));
  RestoreMark mark;
  mark.at.size = at.size;
  SIGNPOST_ASSIGN_OR_RETURN(mark.at.root, tlog::HashFromString(at.root_hash));
  mark.recorded_at = sequenced.sequenced_at;
  store::Batch batch;
  PutRestoreMark(mark, &batch);
  batch.Delete(Space::kMeta, kRestoredKey);
  return store->Commit(std::move(batch), store::Fence{std::move(head)}).status();
}

}  // namespace signpost::ledger
