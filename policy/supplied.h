// This is the table of facts that Signpost's hub supplies to a policy: what it may say of each, and
// of what it never knows.
//
// A rule can rest on a word that no hub supplies yet: a show that needs it shows nothing, a hide
// that looks at it hides nothing, or, where the hub does not know, hides whatever it is about.
// Lint() (analysis/lint.h) names such rules by this table, so that an officer hears of it before
// the board does.
//
// This is the only place where it stands. The hub's gatherers are held to it: what they say of a
// flag by tests/disclosure/flag_facts_test.cc, which relationships they find by a check in
// hub/disclosure/involvement.cc. When a fact begins to be fed, its row here changes, and nothing
// else of this room does. Constants; pure.

#ifndef SIGNPOST_POLICY_SUPPLIED_H_
#define SIGNPOST_POLICY_SUPPLIED_H_

#include <array>
#include <cstdint>

#include "policy/vocabulary.h"

namespace signpost::policy {

// What a policy may ask of an item, as the fields of Item of the same names.
enum class ItemFact : uint8_t {
  kShielded = 0,
  kOpen,
  kDisputed,
  kMarkedSensitive,
  kNewIdentity,
  kSpentOffence,
  kNamesVictim,
};
inline constexpr int kItemFactCount = 7;

struct SuppliedFact {
  ItemFact fact;
  const char* words;  // as in a rule
  bool says_yes;      // of some item
  // Of what it says neither yes nor no; nullptr: it always knows.
  const char* unknown_of;
};
inline constexpr std::array<SuppliedFact, kItemFactCount> kSuppliedFacts = {{
    {ItemFact::kShielded, "person is shielded", true, nullptr},
    {ItemFact::kOpen, "flag is open", true, nullptr},
    {ItemFact::kDisputed, "flag is disputed", false, nullptr},
    {ItemFact::kMarkedSensitive, "marked-sensitive", false, nullptr},
    {ItemFact::kNewIdentity, "person has a new identity", false, nullptr},
    {ItemFact::kSpentOffence, "item is about a spent offence", false, "a flag that is closed"},
    {ItemFact::kNamesVictim, "item names a victim", false,
     "the sections of a paper that may name one"},
}};

// Bits of Relationship that some asker may have; the rest nobody ever has.
inline constexpr uint8_t kSuppliedRelationships =
    Bit(Relationship::kOwnOpenFlag) | Bit(Relationship::kNamedWorker) | Bit(Relationship::kCover) |
    Bit(Relationship::kTeamMember) | Bit(Relationship::kSettledInvolvement);

constexpr const SuppliedFact& SupplyOf(ItemFact fact) {
  return kSuppliedFacts[static_cast<size_t>(fact)];
}

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_SUPPLIED_H_
