// These are the numbers that the engine's tables give their rows: what those who fill them
// (engine_build.cc) and those who read them (engine.cc) must agree on.
//
// Internal to the room, and in the header because every decision packs its facts this way.

#ifndef SIGNPOST_POLICY_ENGINE_ENGINE_ROWS_H_
#define SIGNPOST_POLICY_ENGINE_ENGINE_ROWS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "policy/facts.h"
#include "policy/vocabulary.h"

namespace signpost::policy {

inline constexpr std::array<Tri, 3> kTris = {Tri::kUnknown, Tri::kNo, Tri::kYes};
inline constexpr size_t kPurposes = static_cast<size_t>(Purpose::kAudit) + 1;
inline constexpr size_t kRelationSets = size_t{1} << kRelationshipCount;
inline constexpr uint8_t kRelationMask = kRelationSets - 1;

// The eight facts of an item as FactsOf() packs them, two bits each: the first eight bits make a
// row of one table and the last eight one of another.
inline constexpr size_t kFactsPerTable = 4;
inline constexpr size_t kFactRows = size_t{1} << (2 * kFactsPerTable);
inline constexpr size_t kBrokerable = 6;
inline constexpr size_t kMarked = 7;

// Two bits that are no Tri stand for one that is not known.
inline constexpr std::array<Tri, 4> kTwoBits = {Tri::kUnknown, Tri::kNo, Tri::kYes, Tri::kUnknown};
inline Tri FactAt(size_t row, size_t place) { return kTwoBits[row >> (2 * place) & 3u]; }

// All of them in sixteen bits. A value that is no Tri at all is packed as unknown.
inline uint32_t FactsOf(const Item& item) {
  const auto byte = [](Tri value, int place) {
    return static_cast<uint64_t>(value) << (8 * place);
  };
  // One load: the eight stand side by side.
  uint64_t facts = byte(item.open, 0) | byte(item.disputed, 1) | byte(item.shielded, 2) |
                   byte(item.new_identity, 3) | byte(item.spent_offence, 4) |
                   byte(item.names_victim, 5) | byte(item.brokerable, 6) |
                   byte(item.marked_sensitive, 7);
  constexpr uint64_t kStray = 0xfcfcfcfcfcfcfcfc;
  if ((facts & kStray) != 0) {
    for (int place = 0; place < 8; ++place) {
      if ((facts & uint64_t{0xfc} << (8 * place)) != 0) {
        facts &= ~(uint64_t{0xff} << (8 * place));
      }
    }
  }
  facts = (facts | facts >> 6) & 0x000f000f000f000f;
  facts = (facts | facts >> 12) & 0x000000ff000000ff;
  return static_cast<uint32_t>((facts | facts >> 24) & 0xffff);
}

// A value from outside that is no Tri is unknown.
inline size_t Digit(Tri value) {
  const auto digit = static_cast<size_t>(value);
  return digit < kTris.size() ? digit : 0;
}

inline constexpr size_t kAskerRows = 9;

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_ENGINE_ROWS_H_
