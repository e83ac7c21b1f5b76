// TestLog is a log that grows as a test likes, and makes what it would send to a witness.

#ifndef SIGNPOST_TESTS_WITNESS_WITNESS_TESTING_H_
#define SIGNPOST_TESTS_WITNESS_WITNESS_TESTING_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"
#include "hub/witness/request.h"

namespace signpost::witness::testing {

class TestLog {
 public:
  explicit TestLog(const std::string& origin = "log.example/ledger") : origin_(origin) {}
  // A log under the same key whose first `shared` entries are those of `other`.
  static TestLog Fork(const TestLog& other, uint64_t shared) {
    TestLog fork(other.origin_, other.keys_);
    for (uint64_t i = 0; i < shared; ++i) fork.Append(other.leaves_[i]);
    return fork;
  }

  void Grow(uint64_t to, const std::string& seed = "entry") {
    tlog::Hasher hasher;
    while (leaves_.size() < to) Append(hasher.Leaf(absl::StrCat(seed, " ", leaves_.size())));
  }
  uint64_t size() const { return leaves_.size(); }
  const std::string& origin() const { return origin_; }
  const tlog::NoteKeyPair& keys() const { return keys_; }
  tlog::NoteVerifier verifier() const { return *tlog::NoteVerifier::Parse(keys_.verifier_key); }

  absl::StatusOr<tlog::Hash> Node(int level, uint64_t index) const {
    return nodes_[static_cast<size_t>(level)][index];
  }
  tlog::Checkpoint CheckpointAt(uint64_t size) const {
    const auto read = [this](int level, uint64_t index) { return Node(level, index); };
    return {origin_, size, *tlog::RootAt(size, read), {}};
  }
  std::string Note(uint64_t size) const {
    return *tlog::SignNote(tlog::FormatCheckpoint(CheckpointAt(size)),
                           **tlog::NewNoteSigner(keys_.signer_key));
  }
  std::vector<tlog::Hash> Proof(uint64_t from, uint64_t to) const {
    const auto read = [this](int level, uint64_t index) { return Node(level, index); };
    return *tlog::ConsistencyProof(from, to, read);
  }
  std::string Request(uint64_t from, uint64_t to) const {
    return FormatAddCheckpoint({from, Proof(from, to), Note(to)});
  }

 private:
  TestLog(std::string origin, tlog::NoteKeyPair keys)
      : origin_(std::move(origin)), keys_(std::move(keys)) {}

  void Append(const tlog::Hash& leaf) {
    tlog::Hasher hasher;
    leaves_.push_back(leaf);
    frontier_.Append(leaf, hasher, [this](int level, uint64_t, const tlog::Hash& hash) {
      const auto row = static_cast<size_t>(level);
      if (nodes_.size() <= row) nodes_.resize(row + 1);
      nodes_[row].push_back(hash);
    });
  }
  std::string origin_;
  tlog::NoteKeyPair keys_ = *tlog::GenerateNoteKey(origin_);
  tlog::Frontier frontier_;
  std::vector<tlog::Hash> leaves_;
  std::vector<std::vector<tlog::Hash>> nodes_;  // by level
};

}  // namespace signpost::witness::testing

#endif  // SIGNPOST_TESTS_WITNESS_WITNESS_TESTING_H_
