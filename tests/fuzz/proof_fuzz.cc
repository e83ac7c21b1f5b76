// Any bytes as a tlog-proof, and any hashes as an inclusion or consistency proof. A proof has one
// text; and none of them holds, because the root they are held against is of nothing known.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"

namespace tlog = signpost::tlog;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const tlog::NoteVerifier verifier =
      *tlog::NoteVerifier::Parse(tlog::GenerateNoteKey("fuzz.example/log")->verifier_key);
  static const tlog::Hash root = tlog::Hasher().Digest("a root that nothing hashes to");
  const std::string text(reinterpret_cast<const char*>(data), size);

  const auto proof = tlog::ParseProof(text);
  if (proof.ok()) {
    if (tlog::FormatProof(*proof) != text) std::abort();
    if (tlog::VerifyProof(*proof, "entry", {verifier}).ok()) std::abort();
  }

  // Two numbers, then hashes.
  if (size < 16) return 0;
  uint64_t index = 0, tree_size = 0;
  std::memcpy(&index, data, 8);
  std::memcpy(&tree_size, data + 8, 8);
  std::vector<tlog::Hash> hashes((size - 16) / tlog::kHashBytes);
  for (size_t i = 0; i < hashes.size(); ++i) {
    std::memcpy(hashes[i].data(), data + 16 + i * tlog::kHashBytes, tlog::kHashBytes);
  }
  const tlog::Hash leaf = tlog::Hasher().Leaf("entry");
  if (tlog::VerifyInclusion(leaf, index, tree_size, hashes, root).ok()) std::abort();
  if (index != tree_size && tlog::VerifyConsistency(index, tree_size, hashes, leaf, root).ok()) {
    std::abort();
  }
  return 0;
}
