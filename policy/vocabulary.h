// These are the vocabularies that the policy language has: enums, which are the closed lists that
// the language defines, and Vocabulary, which holds the open lists that each area fills in.
//
// Each enum is a closed list, each value has exactly one word, and that word is the same in the
// language, in the protos (which mirror these lists; a test holds the two equal), in reasons and in
// the ledger. Agencies, teams, services, roles and assessments are open lists: data of the area, in
// a Vocabulary.
//
// The first value of every enum is the one that is safe when nobody set it. All functions are pure
// and thread-safe. `AllX()` gives every value that has a meaning, in numeric order, without the
// "unset" value of those enums that have one.

#ifndef SIGNPOST_POLICY_VOCABULARY_H_
#define SIGNPOST_POLICY_VOCABULARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace signpost::policy {

// What a decision does with one aspect of one item.
enum class Effect : uint8_t {
  kHide = 0,  // not listed, not counted, not timed, not hinted
  kBroker,    // an unnamed service is involved; contact is arranged by asking the service
  kShow,
};

// What is asked about an item.
enum class Aspect : uint8_t {
  kExistence = 0,  // that a service works, or worked, with the young person
  kAgency,         // which agency
  kContact,        // which worker, and how to reach them
  kAssessment,     // that an assessment exists (a pointer)
  kContent,        // one named section of an assessment
  kRecord,         // the asker's own system may keep what it was told
  kShareOnward,    // the asker may pass on what it was told
};
inline constexpr int kAspectCount = 7;

// Why the asker asks. kUnspecified satisfies every hide and no show.
enum class Purpose : uint8_t {
  kUnspecified = 0,
  kAssessment,
  kSupportPlanning,
  kSafeguarding,
  kYouthJustice,
  kServiceDelivery,
  kReferral,
  kCareerGuidance,
  kHousing,
  kEmployment,
  kEducationAdmission,
  kAudit,
};

// The lawful basis of a show. kNone never opens anything.
enum class Gateway : uint8_t {
  kNone = 0,
  kConsent,         // recorded consent of the young person or of who may give it for them
  kCda1998S115,     // needs a relevant authority, a necessity statement and the holder's choice
  kCa1989S47,       // duty to enquire; needs purpose safeguarding
  kCa1989S17,       // child in need
  kCa2004S10,       // co-operate
  kCa2004S11,       // safeguard
  kLsa2000S117,     // supply to Connexions (historic)
  kEsa2008S76,      // supply to Connexions
  kEsa2008S72,      // schools and colleges
  kVitalInterests,  // emergency
  kPublicInterest,  // overriding public interest
  kOwnRecord,       // the asker's own agency holds the item: nothing is disclosed
};

// Why the asker needs to know. Values are bits of a RelationshipFacts (facts.h).
//
// That the agency has a flag involves the agency; the worker is involved when the flag names them,
// or when one of the others holds.
enum class Relationship : uint8_t {
  kOwnOpenFlag = 0,    // the asker's agency has an open flag on the young person
  kNamedWorker,        // such a flag names the asker, or a team of theirs
  kCover,              // the asker covers for whom such a flag names
  kReferral,           // a referral to the asker, sent and not declined
  kConferenceMember,   // the asker sits in a conference about the young person
  kIncomingContact,    // the young person turned to the asker
  kTeamMember,         // a team of the asker is involved
  kSettledInvolvement  // what involves the asker (a system: its agency) is more than a new flag
};
inline constexpr int kRelationshipCount = 8;

// A fact may be unknown. An unknown fact satisfies every hide and no show.
enum class Tri : uint8_t { kUnknown = 0, kNo, kYes };

// What the receiver must do with what is shown. Bits of Decision::obligations. A receiver that does
// not understand an obligation must treat the decision as a hide.
enum class Obligation : uint8_t {
  kLog = 0,
  kTellHolder,
  kTellOfficer,
  kCloseAfter60Minutes,
  kReviewWithin2WorkingDays,
  kNoOnwardSharing,
  kStateExpiry,
};

// The ground on which a practitioner overrides. kNone is no ground.
enum class OverrideGround : uint8_t {
  kNone = 0,
  kExpressConsent,
  kLegalDuty,
  kVitalInterests,
  kPublicInterest,
};

// What would have been needed. Bits of Decision::missing.
enum class Missing : uint8_t {
  kConsent = 0,      // a consent in force
  kExplicitConsent,  // a consent in force that was given explicitly
  kRelationship,     // a reason to know: none of the relationships holds
  kAgreement,        // the agreement that would show it is not in force at this time
  kGateway,          // the lawful basis' own conditions (recipient, holder's choice) do not hold
  kNecessity,        // the basis needs a statement of necessity
  kPurpose,          // another purpose
  kPractitioner,     // a system asked alone; this aspect needs a person
  kOverride,         // an override was requested and no override rule allows it
  kFacts,            // a fact that decides is unknown or out of range
  kPolicy,           // the policy itself is not in force at this time
  kOthersConsent,    // a consent in force of somebody other than the young person
  kSettled,          // involvement that is more than a new flag
};

// A young person's (or their grantor's) answer when asked. Never asked is no consent fact at all.
enum class ConsentDecision : uint8_t { kRefused = 0, kWithdrawn, kGiven };

// What a rule may say of consent ("when consent is explicit and in force"). One consent must have
// all the states a condition names; kNotAsked holds when no consent covers the question at all.
enum class ConsentState : uint8_t {
  kInForce = 0,
  kExplicit,
  kRefused,
  kWithdrawn,
  kExpired,
  kNotAsked,
};

// Who gave or refused a consent. Two grantors may disagree, and which of them prevails is the
// rules' to say ("when consent is refused by the young person"). kUnspecified: it is not known who.
enum class Grantor : uint8_t {
  kUnspecified = 0,
  kSelf,                    // the young person, at 16 or over
  kSelfCompetent,           // the young person, younger, assessed as competent for this decision
  kParentalResponsibility,  // somebody with parental responsibility
  kCourt,
  kAuthority,  // a local authority that has parental responsibility
};

// Three different things are called consent, and are kept apart. Only consent to sharing opens a
// show on basis consent. kUnspecified: it is not known which was meant.
enum class ConsentMatter : uint8_t {
  kUnspecified = 0,
  kSharing,         // to share something confidential
  kDataProtection,  // as the basis of processing
  kService,         // to take up a service
};

// The word of a value, in kebab-case; "unset" values have the word "none" or "unspecified", and a
// value outside the enum has the word "invalid". The text lives for ever.
absl::string_view ToString(Effect value);
absl::string_view ToString(Aspect value);
absl::string_view ToString(Purpose value);
absl::string_view ToString(Gateway value);
absl::string_view ToString(Relationship value);
absl::string_view ToString(Tri value);
absl::string_view ToString(Obligation value);
absl::string_view ToString(OverrideGround value);
absl::string_view ToString(Missing value);
absl::string_view ToString(ConsentDecision value);
absl::string_view ToString(ConsentState value);
absl::string_view ToString(Grantor value);
absl::string_view ToString(ConsentMatter value);

// The value of a word, or nothing for any word that names no meaningful value (so "unspecified",
// "none" and "" give nothing). Exact: no case folding, no trimming.
std::optional<Effect> ParseEffect(absl::string_view word);
std::optional<Aspect> ParseAspect(absl::string_view word);
std::optional<Purpose> ParsePurpose(absl::string_view word);
std::optional<Gateway> ParseGateway(absl::string_view word);
std::optional<Relationship> ParseRelationship(absl::string_view word);
std::optional<Tri> ParseTri(absl::string_view word);
std::optional<Obligation> ParseObligation(absl::string_view word);
std::optional<OverrideGround> ParseOverrideGround(absl::string_view word);
std::optional<Missing> ParseMissing(absl::string_view word);
std::optional<ConsentDecision> ParseConsentDecision(absl::string_view word);
std::optional<ConsentState> ParseConsentState(absl::string_view word);
std::optional<Grantor> ParseGrantor(absl::string_view word);
std::optional<ConsentMatter> ParseConsentMatter(absl::string_view word);

absl::Span<const Effect> AllEffects();
absl::Span<const Aspect> AllAspects();
absl::Span<const Purpose> AllPurposes();
absl::Span<const Gateway> AllGateways();
absl::Span<const Relationship> AllRelationships();
absl::Span<const Tri> AllTris();
absl::Span<const Obligation> AllObligations();
absl::Span<const OverrideGround> AllOverrideGrounds();
absl::Span<const Missing> AllMissings();
absl::Span<const ConsentDecision> AllConsentDecisions();
absl::Span<const ConsentState> AllConsentStates();
absl::Span<const Grantor> AllGrantors();
absl::Span<const ConsentMatter> AllConsentMatters();

// The bit of a value in a mask (Decision::obligations, Decision::missing, RelationshipFacts).
constexpr uint32_t Bit(Obligation value) { return 1u << static_cast<uint32_t>(value); }
constexpr uint32_t Bit(Missing value) { return 1u << static_cast<uint32_t>(value); }
constexpr uint8_t Bit(Relationship value) {
  return static_cast<uint8_t>(1u << static_cast<uint32_t>(value));
}
// Each by itself makes "the worker is involved", "the agency is involved" and "there is a
// relationship" true. kSettledInvolvement says of these how they stand, and is none itself.
inline constexpr uint8_t kWorkerInvolved =
    Bit(Relationship::kNamedWorker) | Bit(Relationship::kCover) | Bit(Relationship::kReferral) |
    Bit(Relationship::kConferenceMember) | Bit(Relationship::kIncomingContact) |
    Bit(Relationship::kTeamMember);
inline constexpr uint8_t kAgencyInvolved = Bit(Relationship::kOwnOpenFlag);
inline constexpr uint8_t kAnyRelationship = kWorkerInvolved | kAgencyInvolved;
// What who has worked with somebody for a while has, and what they had on the first day.
inline constexpr uint8_t kNewlyNamed = kAgencyInvolved | Bit(Relationship::kNamedWorker);
inline constexpr uint8_t kNamedAndSettled = kNewlyNamed | Bit(Relationship::kSettledInvolvement);
// What a team can have with a young person, and its members through it; the rest is between people
// and is passed over.
inline constexpr uint8_t kTeamCanHave = kNamedAndSettled;
// Whether a question can have these: a flag that names somebody is a flag, nothing is settled where
// there is nothing, and what another agency did (a referral, a conference) is never new. A team's
// own are AddTeamRelationships()'s to add.
constexpr bool CanBeTogether(uint8_t relationships) {
  const auto has = [relationships](uint8_t bits) { return (relationships & bits) != 0; };
  const bool names = has(Bit(Relationship::kNamedWorker) | Bit(Relationship::kCover));
  const bool by_others = has(Bit(Relationship::kReferral) | Bit(Relationship::kConferenceMember));
  const bool settled = has(Bit(Relationship::kSettledInvolvement));
  return (!names || has(kAgencyInvolved)) && (!settled || has(kAnyRelationship)) &&
         (!by_others || settled) && !has(Bit(Relationship::kTeamMember));
}
// How one consent stands: its states, whose word it is and what it is about, in one mask. A rule
// speaks of the consents that have all the bits it names.
constexpr uint32_t Bit(ConsentState value) { return 1u << static_cast<uint32_t>(value); }
constexpr uint32_t Bit(Grantor value) { return 1u << (8 + static_cast<uint32_t>(value)); }
constexpr uint32_t Bit(ConsentMatter value) { return 1u << (24 + static_cast<uint32_t>(value)); }
// Beside the grantor's own bit: the young person at whatever age, or anybody else.
inline constexpr uint32_t kByYoungPersonBit = 1u << 16;
inline constexpr uint32_t kByAnotherBit = 1u << 17;

// ---- The open lists of one area ----
//
// What a policy may name: data that the registry fills from the area file. A policy is compiled
// against it, and a word that is not in it is a load error.
//
// Plain values; copy them freely. Ids are lower-case kebab words ([a-z0-9-], first a letter), and
// must not be words of the language itself. Compile() reports what is wrong with a vocabulary as
// diagnostics on line 0.

struct VocabularyAgency {
  std::string id;    // "nortown-yot"
  std::string name;  // "Nortown Youth Offending Team"; said to workers; the id where empty
  std::string kind;  // "yot": any kebab word; the set of kinds is what the agencies use
  // A relevant authority under Crime and Disorder Act 1998 s115, or acting for one.
  bool relevant_authority = false;
  // The services this agency can have flags for. Empty means any, sensitive ones included: then
  // nobody outside can be told that this agency has none (see Policy::AlwaysShows).
  std::vector<std::string> services;
  // It reports flags: of one that does not, nobody is ever involved.
  bool feeds = true;
};

struct VocabularyTeam {
  std::string id;
  std::vector<std::string> agencies;  // whose practitioners may be members
  std::vector<Purpose> purposes;      // inside which the team's relationships count
};

struct VocabularyService {
  std::string id;
  // The sensitive category ("substance-misuse"), or empty. Every sensitive service must be in the
  // policy's group `sensitive`, or the policy does not load.
  std::string sensitive_category;
};

struct VocabularyAssessment {
  std::string id;  // "asset"
  std::vector<std::string> sections;
};

struct Vocabulary {
  std::vector<VocabularyAgency> agencies;
  std::vector<VocabularyTeam> teams;
  std::vector<VocabularyService> services;
  std::vector<std::string> roles;
  std::vector<VocabularyAssessment> assessments;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_VOCABULARY_H_
