// These are the facts that a decision is made from, and the decision: what a caller fills in, and
// what it gets.
//
// All of these are plain values without ownership: the caller gathers the facts (at one snapshot),
// binds every word to a Symbol of the policy that will decide, and keeps what the spans point at
// alive during the call. Symbols belong to one Policy; facts bound to one version must not be asked
// of another.
//
// A field that nobody set is unknown, and an unknown fact satisfies every hide and no show.

#ifndef SIGNPOST_POLICY_FACTS_H_
#define SIGNPOST_POLICY_FACTS_H_

#include <array>
#include <cstdint>
#include <limits>

#include "absl/types/span.h"
#include "policy/vocabulary.h"

namespace signpost::policy {

// A word of the vocabulary, interned by a Policy. Each vocabulary (agencies, services, ...) has its
// own numbers.
using Symbol = uint16_t;
// A word the policy does not know. It satisfies any hide and no show.
inline constexpr Symbol kNoSymbol = 0;

// An index into Policy::rules(); kNoRule is none.
using RuleIndex = int16_t;
inline constexpr RuleIndex kNoRule = -1;
// An index into Policy::agreements(); kNoAgreement is none.
inline constexpr int16_t kNoAgreement = -1;
inline constexpr int32_t kNoConsent = -1;

// No end: a consent without a last day.
inline constexpr int64_t kNeverS = std::numeric_limits<int64_t>::max();
// A second that is not known.
inline constexpr int64_t kUnknownS = std::numeric_limits<int64_t>::min();

// Relationships as two sets of bits, Bit(Relationship). A bit in neither set is known not to hold.
struct RelationshipFacts {
  uint8_t yes = 0;
  uint8_t unknown = 0;
};

// A team the asker is a member of (as the practitioner's assertion says), and the relationships
// that team has with the young person. They count only inside the team's purposes, and only for an
// agency that belongs to the team; outside, the membership is as if it were not there. Of the
// relationships those of kTeamCanHave count.
struct TeamStanding {
  Symbol team = kNoSymbol;
  RelationshipFacts relationships;
};

struct OverrideRequest {
  bool requested = false;
  OverrideGround ground = OverrideGround::kNone;
  // The practitioner said why, in words. An override without is refused.
  bool reason_stated = false;
};

// Who asks, and why.
struct Question {
  Symbol agency = kNoSymbol;  // its kind comes from the vocabulary
  Symbol role = kNoSymbol;
  // kYes: a practitioner's verified assertion came with the call. kNo: a system asks alone; it
  // never sees contact or content.
  Tri is_practitioner = Tri::kUnknown;
  Purpose purpose = Purpose::kUnspecified;
  RelationshipFacts relationships;  // the asker's own
  absl::Span<const TeamStanding> teams;
  // The asker states that the answer is necessary or expedient for the Crime and Disorder Act 1998.
  // Only rules on basis cda1998-s115 look at it.
  Tri necessity_stated = Tri::kUnknown;
  OverrideRequest override_request;
  int64_t now_s = 0;  // Unix seconds, UTC
};

// What a consent covers. AND across fields, OR inside a field, an empty field is no constraint.
// A symbol in a field that is kNoSymbol makes that field's answer unknown where nothing else in the
// field matches. `exceptions` are carved out; an exception may have exceptions of its own, to a
// depth of kConsentNestingMax, and a deeper one makes the answer unknown.
struct ConsentScope {
  // To whom.
  absl::Span<const Symbol> agencies;
  absl::Span<const Symbol> agency_kinds;
  absl::Span<const Symbol> roles;
  // What.
  absl::Span<const Symbol> holders;
  absl::Span<const Symbol> services;
  // A scope that names assessments covers kAssessment and kContent and no other aspect; one that
  // names sections covers kContent alone. So a yes to one paper is not a yes to everything else.
  absl::Span<const Symbol> assessments;
  absl::Span<const Symbol> sections;
  absl::Span<const Aspect> aspects;
  // What for.
  absl::Span<const Purpose> purposes;
  absl::Span<const ConsentScope> exceptions;
};
inline constexpr int kConsentNestingMax = 4;

// One consent of the young person, current version only (what a later version supersedes is left
// out by the caller). Refused is a fact of its own; never asked is no ConsentFact at all.
struct ConsentFact {
  ConsentDecision decision = ConsentDecision::kRefused;
  bool is_explicit = false;
  // Which of the three things called consent it is, and whose word. Where either is left
  // unspecified, how this consent stands is unknown.
  ConsentMatter matter = ConsentMatter::kUnspecified;
  Grantor grantor = Grantor::kUnspecified;
  // Valid at `from_s` and not at `until_s`, judged at decision time. A withdrawal has no end.
  int64_t from_s = 0;
  int64_t until_s = kNeverS;
  ConsentScope scope;
};
inline constexpr int kConsentsPerItemMax = 64;  // more: the state of consent is unknown

// One aspect of one item (a flag, or an assessment or a section of one under a flag).
struct Item {
  Symbol holder = kNoSymbol;   // the agency; its kind comes from the vocabulary
  Symbol service = kNoSymbol;  // its sensitivity comes from the policy's groups
  Aspect aspect = Aspect::kExistence;
  Symbol assessment = kNoSymbol;  // for kAssessment and kContent
  Symbol section = kNoSymbol;     // for kContent
  Tri open = Tri::kUnknown;       // the flag is open (kNo: closed)
  Tri disputed = Tri::kUnknown;
  Tri shielded = Tri::kUnknown;  // the person is shielded
  // The person lives under a new identity (adoption, witness protection).
  Tri new_identity = Tri::kUnknown;
  Tri spent_offence = Tri::kUnknown;     // the item is about an offence that is spent (spent.h)
  Tri names_victim = Tri::kUnknown;      // the item names somebody's victim
  Tri brokerable = Tri::kUnknown;        // the service takes brokered contact; a broker needs kYes
  Tri marked_sensitive = Tri::kUnknown;  // the holder marked this one flag as sensitive
  // kYes: `consents` is all there is. Anything else: the state of consent is unknown.
  Tri consents_known = Tri::kUnknown;
  absl::Span<const ConsentFact> consents;
  // The first second of the person's sixteenth and of their eighteenth birthday where they live;
  // kUnknownS where the birth date is not known. Looked at only where the policy lets what a grantor
  // says end at that age.
  int64_t sixteen_from_s = kUnknownS;
  int64_t adult_from_s = kUnknownS;
};

// The facts about the young person that do not depend on any one flag.
struct PersonFacts {
  Tri shielded = Tri::kUnknown;
  Tri new_identity = Tri::kUnknown;
  // kNo: of whatever flag, that there is one names nobody's victim. What a paper under it says is
  // another matter.
  Tri names_victim = Tri::kUnknown;
};

inline constexpr int kDecidingRulesMax = 8;

// One decision. Fixed size, no ownership, comparable byte for byte by operator==.
struct Decision {
  Effect effect = Effect::kHide;
  // No rule spoke (or the facts were unusable): hidden because hiding is the default.
  bool by_default = true;
  bool by_override = false;
  Gateway gateway = Gateway::kNone;
  // The rules that determined the effect, by ascending index. `rule_count` is how many there were;
  // the first kDecidingRulesMax of them are kept.
  uint16_t rule_count = 0;
  std::array<RuleIndex, kDecidingRulesMax> rules = {kNoRule, kNoRule, kNoRule, kNoRule,
                                                    kNoRule, kNoRule, kNoRule, kNoRule};
  int16_t agreement = kNoAgreement;  // under which it is shown
  RuleIndex lifted_rule = kNoRule;   // the first hide an override lifted
  int32_t consent = kNoConsent;      // index into Item::consents: the consent a show rests on
  uint32_t obligations = 0;          // Bit(Obligation)
  uint32_t missing = 0;              // Bit(Missing); what would have been needed; 0 on a show

  friend bool operator==(const Decision&, const Decision&) = default;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_FACTS_H_
