// Sealed is a wrapper that holds personal values in the hands of code that must not read them.
//
// Rooms pass names, birth dates, contacts and free text around as Sealed<T>. Only
// disclosure::Opener can read one, and only for the composers that hold its key
// (disclosure/composer_key.h). What they compose stays closed until it is released against a
// Permit, which only ledger::Sequencer can make, and only once the entry that names the answer is
// durable. Code that forgets the policy does not compile.
//
// Anybody may seal. Values are immutable and safe to read from several threads.

#ifndef SIGNPOST_HUB_BASE_SEALED_H_
#define SIGNPOST_HUB_BASE_SEALED_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"

namespace signpost::ledger {
class Sequencer;
}  // namespace signpost::ledger
namespace signpost::disclosure {
class Opener;
}  // namespace signpost::disclosure

namespace signpost::base {

// Proof that the ledger entries of one operation are durable: the right to let out the replies that
// they name, and no others.
class Permit {
 public:
  // Index of the first entry that this permit stands for.
  uint64_t ledger_index() const { return ledger_index_; }

  // Whether entry number `i` of the operation names the reply of this hash as what left.
  bool Names(absl::string_view reply_hash, size_t i) const {
    return i < entries_.size() && !reply_hash.empty() && entries_[i].reply_hash == reply_hash;
  }
  // RFC 6962 leaf hash of entry number `i`: what a receipt says of it. REQUIRES: there is one.
  const std::string& leaf_hash(size_t i) const { return entries_[i].leaf_hash; }
  size_t size() const { return entries_.size(); }

 private:
  friend class ::signpost::ledger::Sequencer;
  struct Entry {
    std::string leaf_hash;   // 32 bytes
    std::string reply_hash;  // SHA-256 of the reply; empty where the entry names none
  };
  using Entries = absl::InlinedVector<Entry, 1>;
  Permit(uint64_t ledger_index, Entries entries)
      : ledger_index_(ledger_index), entries_(std::move(entries)) {}
  uint64_t ledger_index_;
  Entries entries_;
};

template <typename T>
class Sealed {
 public:
  explicit Sealed(T value) : value_(std::move(value)) {}

 private:
  friend class ::signpost::disclosure::Opener;
  // Reads without a permit: for composing an answer that itself stays sealed until its entry is
  // durable. See disclosure/opener.h.
  const T& Peek() const { return value_; }
  T value_;
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_SEALED_H_
