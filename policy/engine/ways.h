// A Ways is a list of ways out: each is a set of lacks that, all made good, would show what is
// hidden.
//
// It keeps the ways that lack fewest, and of ways that lack as much those whose lacks a worker can
// most easily make good. What is kept, and what is told of it, depends on what the ways are and not
// on the order in which they are met: so a worker hears the same whatever rules are called and
// wherever they stand. Internal to the room. A plain value; allocates nothing.

#ifndef SIGNPOST_POLICY_ENGINE_WAYS_H_
#define SIGNPOST_POLICY_ENGINE_WAYS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "policy/vocabulary.h"

namespace signpost::policy {

// What is told: `all` are needed, and of `any`, where it is not empty, one.
struct Lacks {
  uint32_t all = 0;  // Bit(Missing)
  uint32_t any = 0;  // two or more, or none

  uint32_t bits() const { return all | any; }
};

class Ways {
 public:
  // Ways that are kept; of more, those with the most lacks are dropped.
  static constexpr size_t kWaysMax = 16;

  static Ways None() { return Ways(); }    // there is no way
  static Ways Nothing() { return Of(0); }  // nothing is lacking
  static Ways Of(uint32_t lacks);          // all of these, Bit(Missing)

  bool possible() const { return count_ != 0; }
  // Either these or `other` will do.
  void Either(const Ways& other);
  // These are needed and `other`, too.
  void Both(const Ways& other);

  // Of the ways that lack fewest: what they have in common, and what sets them apart from each
  // other where that is one lack each. Empty where there is no way.
  Lacks Tell() const;

 private:
  void Insert(uint16_t way);

  // Sets of lacks, the hardest to make good as the highest bit. By number of lacks, then as
  // numbers; none contains another.
  std::array<uint16_t, kWaysMax> ways_;
  uint8_t count_ = 0;
};

// Of `lacks`, Bit(Missing), the one that a worker can most easily make good.
//
// REQUIRES: there is one.
Missing EasiestOf(uint32_t lacks);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_WAYS_H_
