#include "policy/engine/ways.h"

#include <algorithm>

#include "policy/check.h"

namespace signpost::policy {
namespace {

// By how easily the worker who asks can make it good: what they can do at their desk, what the
// young person and then others must be asked, what somebody must bring about, what nobody can.
constexpr std::array<Missing, 13> kEasiestFirst = {
    Missing::kNecessity, Missing::kPurpose,         Missing::kPractitioner,
    Missing::kConsent,   Missing::kExplicitConsent, Missing::kOthersConsent,
    Missing::kSettled,   Missing::kRelationship,    Missing::kAgreement,
    Missing::kGateway,   Missing::kFacts,           Missing::kOverride,
    Missing::kPolicy};

uint16_t FromLacks(uint32_t lacks) {
  uint16_t way = 0;
  for (size_t i = 0; i < kEasiestFirst.size(); ++i) {
    if ((lacks & Bit(kEasiestFirst[i])) != 0) way = static_cast<uint16_t>(way | (1u << i));
  }
  return way;
}

uint32_t ToLacks(uint32_t way) {
  uint32_t lacks = 0;
  for (size_t i = 0; i < kEasiestFirst.size(); ++i) {
    if ((way & (1u << i)) != 0) lacks |= Bit(kEasiestFirst[i]);
  }
  return lacks;
}

bool GoesBefore(uint16_t a, uint16_t b) {
  const int lacks = __builtin_popcount(a) - __builtin_popcount(b);
  return lacks != 0 ? lacks < 0 : a < b;
}

}  // namespace

Ways Ways::Of(uint32_t lacks) {
  Ways ways;
  ways.ways_[0] = FromLacks(lacks);
  ways.count_ = 1;
  return ways;
}

// Keeping the first of an order that holds of all ways, and dropping what asks for more than
// another, comes to the same in whatever order they come.
void Ways::Insert(uint16_t way) {
  size_t kept = 0;
  for (size_t i = 0; i < count_; ++i) {
    if ((ways_[i] & way) == ways_[i]) return;  // less will do; so none that is kept asks for more
    if ((ways_[i] & way) != way) ways_[kept++] = ways_[i];
  }
  size_t at = kept;
  while (at > 0 && GoesBefore(way, ways_[at - 1])) --at;
  if (at == kWaysMax) return;
  kept = std::min(kept, kWaysMax - 1);
  std::copy_backward(ways_.begin() + static_cast<ptrdiff_t>(at),
                     ways_.begin() + static_cast<ptrdiff_t>(kept),
                     ways_.begin() + static_cast<ptrdiff_t>(kept + 1));
  ways_[at] = way;
  count_ = static_cast<uint8_t>(kept + 1);
}

void Ways::Either(const Ways& other) {
  for (size_t i = 0; i < other.count_; ++i) Insert(other.ways_[i]);
}

void Ways::Both(const Ways& other) {
  if (count_ == 1 && other.count_ == 1) {
    ways_[0] |= other.ways_[0];
    return;
  }
  const Ways mine = *this;
  count_ = 0;
  for (size_t i = 0; i < mine.count_; ++i) {
    for (size_t j = 0; j < other.count_; ++j) {
      Insert(static_cast<uint16_t>(mine.ways_[i] | other.ways_[j]));
    }
  }
}

Lacks Ways::Tell() const {
  Lacks told;
  if (count_ == 0) return told;
  const uint16_t best = ways_[0];
  size_t equals = 1;
  while (equals < count_ && __builtin_popcount(ways_[equals]) == __builtin_popcount(best)) {
    ++equals;
  }
  told.all = ToLacks(best);
  if (equals == 1) return told;
  // Which of the best way's lacks most of the others put another in the place of; the hardest,
  // where that leaves a choice.
  uint16_t choice = 0;
  for (uint16_t rest = best; rest != 0; rest = static_cast<uint16_t>(rest & (rest - 1))) {
    const auto lack = static_cast<uint16_t>(rest & -rest);
    const auto common = static_cast<uint16_t>(best & ~lack);
    auto choices = lack;
    for (size_t i = 1; i < equals; ++i) {
      if ((ways_[i] & common) == common)
        choices = static_cast<uint16_t>(choices | (ways_[i] & ~common));
    }
    if (choices == lack) continue;
    if (__builtin_popcount(choices) >= __builtin_popcount(choice)) {
      choice = choices;
      told.all = ToLacks(common);
    }
  }
  told.any = ToLacks(choice);
  return told;
}

Missing EasiestOf(uint32_t lacks) {
  for (const Missing one : kEasiestFirst) {
    if ((lacks & Bit(one)) != 0) return one;
  }
  SIGNPOST_POLICY_CHECK(lacks != 0);
  return Missing::kFacts;
}

}  // namespace signpost::policy
