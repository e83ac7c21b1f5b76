// A pseudonym file is a list that says which entries of a copy of the ledger are about the same
// person, and nothing about who that is: entries themselves do not say even that. The hub makes one
// for an auditor who says why, with a key of that file alone, and the making is an entry with the
// file's hash: by it a copy shows that the file is its hub's and was not changed.
// docs/audit-copies.md has the form:
//
//   signpost-pseudonyms-v1
//   ledger signpost.nortown.example/ledger
//   entries 0-4711
//   17 0f1e2d3c4b5a69788796a5b4c3d2e1f0
//
// The third line names the first entry looked at and the one behind the last; then comes a line an
// entry about one person, ascending.
//
// Pure; thread-safe.

#ifndef SIGNPOST_HUB_AUDIT_PSEUDONYMS_H_
#define SIGNPOST_HUB_AUDIT_PSEUDONYMS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::audit {

inline constexpr size_t kPseudonymBytes = 16;

// A file as it is written. Not thread-safe.
class PseudonymWriter {
 public:
  PseudonymWriter(const std::string& origin, uint64_t first, uint64_t end);
  // REQUIRES: `index` is of [first, end) and above all before; `pseudonym` has kPseudonymBytes.
  void Add(uint64_t index, absl::string_view pseudonym);
  uint64_t count() const { return count_; }
  std::string Finish() && { return std::move(text_); }

 private:
  std::string text_;
  uint64_t count_ = 0;
};

// A file as it is read. Immutable.
class Pseudonyms {
 public:
  // Errors: kInvalidField, at the line at fault, for anything a PseudonymWriter would not write.
  [[nodiscard]] static absl::StatusOr<Pseudonyms> Parse(absl::string_view text);

  const std::string& origin() const { return origin_; }
  uint64_t first() const { return first_; }
  uint64_t end() const { return end_; }
  size_t size() const { return of_entry_.size(); }
  // Empty for an entry about nobody (any more), or not looked at.
  const std::string& Of(uint64_t index) const;

  // Whether `entry` is the one in which the hub says that it made this very file.
  bool IsIssuedBy(const ledger::v1::LedgerEntry& entry) const;

 private:
  Pseudonyms() = default;

  std::string origin_;
  uint64_t first_ = 0;
  uint64_t end_ = 0;
  std::string sha256_;
  absl::flat_hash_map<uint64_t, std::string> of_entry_;
};

}  // namespace signpost::audit

#endif  // SIGNPOST_HUB_AUDIT_PSEUDONYMS_H_
