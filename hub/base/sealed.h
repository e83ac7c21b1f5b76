// Personal values in the hands of code that must not read them.
//
// Rooms pass names, birth dates, contacts and free text around as Sealed<T>. Only
// disclosure::Opener can read one, and only with a Permit, which only ledger::Sequencer can make,
// and only once the entry that records the disclosure is durable. Code that forgets the policy does
// not compile.
//
// Anybody may seal. Values are immutable and safe to read from several threads.

#ifndef SIGNPOST_HUB_BASE_SEALED_H_
#define SIGNPOST_HUB_BASE_SEALED_H_

#include <cstdint>
#include <utility>

namespace signpost::ledger {
class Sequencer;
}  // namespace signpost::ledger
namespace signpost::disclosure {
class Opener;
}  // namespace signpost::disclosure

namespace signpost::base {

// Proof that a ledger entry is durable: the right to open what that entry says was released.
class Permit {
 public:
  // Index of the first entry that this permit stands for.
  uint64_t ledger_index() const { return ledger_index_; }

 private:
  friend class ::signpost::ledger::Sequencer;
  explicit Permit(uint64_t ledger_index) : ledger_index_(ledger_index) {}
  uint64_t ledger_index_;
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
