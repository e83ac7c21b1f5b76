#include "policy/vocabulary.h"

#include <array>
#include <cstddef>

namespace signpost::policy {
namespace {

template <typename E>
struct Entry {
  E value;
  const char* word;
};

constexpr Entry<Effect> kEffects[] = {
    {Effect::kHide, "hide"}, {Effect::kBroker, "broker"}, {Effect::kShow, "show"}};
constexpr Entry<Aspect> kAspects[] = {
    {Aspect::kExistence, "existence"},     {Aspect::kAgency, "agency"},
    {Aspect::kContact, "contact"},         {Aspect::kAssessment, "assessment"},
    {Aspect::kContent, "content"},         {Aspect::kRecord, "record"},
    {Aspect::kShareOnward, "share-onward"}};
constexpr Entry<Purpose> kPurposes[] = {{Purpose::kAssessment, "assessment"},
                                        {Purpose::kSupportPlanning, "support-planning"},
                                        {Purpose::kSafeguarding, "safeguarding"},
                                        {Purpose::kYouthJustice, "youth-justice"},
                                        {Purpose::kServiceDelivery, "service-delivery"},
                                        {Purpose::kReferral, "referral"},
                                        {Purpose::kCareerGuidance, "career-guidance"},
                                        {Purpose::kHousing, "housing"},
                                        {Purpose::kEmployment, "employment"},
                                        {Purpose::kEducationAdmission, "education-admission"},
                                        {Purpose::kAudit, "audit"}};
constexpr Entry<Gateway> kGateways[] = {{Gateway::kConsent, "consent"},
                                        {Gateway::kCda1998S115, "cda1998-s115"},
                                        {Gateway::kCa1989S47, "ca1989-s47"},
                                        {Gateway::kCa1989S17, "ca1989-s17"},
                                        {Gateway::kCa2004S10, "ca2004-s10"},
                                        {Gateway::kCa2004S11, "ca2004-s11"},
                                        {Gateway::kLsa2000S117, "lsa2000-s117"},
                                        {Gateway::kEsa2008S76, "esa2008-s76"},
                                        {Gateway::kEsa2008S72, "esa2008-s72"},
                                        {Gateway::kVitalInterests, "vital-interests"},
                                        {Gateway::kPublicInterest, "public-interest"},
                                        {Gateway::kOwnRecord, "own-record"}};
constexpr Entry<Relationship> kRelationships[] = {
    {Relationship::kOwnOpenFlag, "own-open-flag"},
    {Relationship::kNamedWorker, "named-worker"},
    {Relationship::kCover, "cover"},
    {Relationship::kReferral, "referral"},
    {Relationship::kConferenceMember, "conference-member"},
    {Relationship::kIncomingContact, "incoming-contact"},
    {Relationship::kTeamMember, "team-member"},
    {Relationship::kSettledInvolvement, "settled-involvement"}};
constexpr Entry<Tri> kTris[] = {{Tri::kUnknown, "unknown"}, {Tri::kNo, "no"}, {Tri::kYes, "yes"}};
constexpr Entry<Obligation> kObligations[] = {
    {Obligation::kLog, "log"},
    {Obligation::kTellHolder, "tell-holder"},
    {Obligation::kTellOfficer, "tell-officer"},
    {Obligation::kCloseAfter60Minutes, "close-after-60-minutes"},
    {Obligation::kReviewWithin2WorkingDays, "review-within-2-working-days"},
    {Obligation::kNoOnwardSharing, "no-onward-sharing"},
    {Obligation::kStateExpiry, "state-expiry"}};
constexpr Entry<OverrideGround> kOverrideGrounds[] = {
    {OverrideGround::kExpressConsent, "express-consent"},
    {OverrideGround::kLegalDuty, "legal-duty"},
    {OverrideGround::kVitalInterests, "vital-interests"},
    {OverrideGround::kPublicInterest, "public-interest"}};
constexpr Entry<Missing> kMissings[] = {{Missing::kConsent, "consent"},
                                        {Missing::kExplicitConsent, "explicit-consent"},
                                        {Missing::kRelationship, "relationship"},
                                        {Missing::kAgreement, "agreement"},
                                        {Missing::kGateway, "gateway"},
                                        {Missing::kNecessity, "necessity"},
                                        {Missing::kPurpose, "purpose"},
                                        {Missing::kPractitioner, "practitioner"},
                                        {Missing::kOverride, "override"},
                                        {Missing::kFacts, "facts"},
                                        {Missing::kPolicy, "policy"},
                                        {Missing::kOthersConsent, "others-consent"},
                                        {Missing::kSettled, "settled-involvement"}};
constexpr Entry<ConsentDecision> kConsentDecisions[] = {{ConsentDecision::kRefused, "refused"},
                                                        {ConsentDecision::kWithdrawn, "withdrawn"},
                                                        {ConsentDecision::kGiven, "given"}};
constexpr Entry<ConsentState> kConsentStates[] = {
    {ConsentState::kInForce, "in-force"}, {ConsentState::kExplicit, "explicit"},
    {ConsentState::kRefused, "refused"},  {ConsentState::kWithdrawn, "withdrawn"},
    {ConsentState::kExpired, "expired"},  {ConsentState::kNotAsked, "not-asked"}};
constexpr Entry<Grantor> kGrantors[] = {
    {Grantor::kSelf, "self"},
    {Grantor::kSelfCompetent, "self-competent"},
    {Grantor::kParentalResponsibility, "parental-responsibility"},
    {Grantor::kCourt, "court"},
    {Grantor::kAuthority, "authority"}};
constexpr Entry<ConsentMatter> kConsentMatters[] = {
    {ConsentMatter::kSharing, "sharing"},
    {ConsentMatter::kDataProtection, "data-protection"},
    {ConsentMatter::kService, "service"}};

template <typename E, size_t N>
absl::string_view WordOf(const Entry<E> (&table)[N], E value, absl::string_view otherwise) {
  for (const Entry<E>& entry : table) {
    if (entry.value == value) return entry.word;
  }
  return otherwise;
}

template <typename E, size_t N>
std::optional<E> ValueOf(const Entry<E> (&table)[N], absl::string_view word) {
  for (const Entry<E>& entry : table) {
    if (word == entry.word) return entry.value;
  }
  return std::nullopt;
}

template <typename E, size_t N>
constexpr std::array<E, N> ValuesOf(const Entry<E> (&table)[N]) {
  std::array<E, N> values{};
  for (size_t i = 0; i < N; ++i) values[i] = table[i].value;
  return values;
}

}  // namespace

absl::string_view ToString(Effect value) { return WordOf(kEffects, value, "invalid"); }
absl::string_view ToString(Aspect value) { return WordOf(kAspects, value, "invalid"); }
absl::string_view ToString(Purpose value) {
  return WordOf(kPurposes, value, value == Purpose::kUnspecified ? "unspecified" : "invalid");
}
absl::string_view ToString(Gateway value) {
  return WordOf(kGateways, value, value == Gateway::kNone ? "none" : "invalid");
}
absl::string_view ToString(Relationship value) { return WordOf(kRelationships, value, "invalid"); }
absl::string_view ToString(Tri value) { return WordOf(kTris, value, "invalid"); }
absl::string_view ToString(Obligation value) { return WordOf(kObligations, value, "invalid"); }
absl::string_view ToString(OverrideGround value) {
  return WordOf(kOverrideGrounds, value, value == OverrideGround::kNone ? "none" : "invalid");
}
absl::string_view ToString(Missing value) { return WordOf(kMissings, value, "invalid"); }
absl::string_view ToString(ConsentDecision value) {
  return WordOf(kConsentDecisions, value, "invalid");
}
absl::string_view ToString(ConsentState value) { return WordOf(kConsentStates, value, "invalid"); }
absl::string_view ToString(Grantor value) {
  return WordOf(kGrantors, value, value == Grantor::kUnspecified ? "unspecified" : "invalid");
}
absl::string_view ToString(ConsentMatter value) {
  return WordOf(kConsentMatters, value,
                value == ConsentMatter::kUnspecified ? "unspecified" : "invalid");
}

#define SIGNPOST_POLICY_WORDS(Type)                                                             \
  std::optional<Type> Parse##Type(absl::string_view word) { return ValueOf(k##Type##s, word); } \
  absl::Span<const Type> All##Type##s() {                                                       \
    static constexpr auto kValues = ValuesOf(k##Type##s);                                       \
    return absl::MakeConstSpan(kValues);                                                        \
  }

SIGNPOST_POLICY_WORDS(Effect)
SIGNPOST_POLICY_WORDS(Aspect)
SIGNPOST_POLICY_WORDS(Purpose)
SIGNPOST_POLICY_WORDS(Gateway)
SIGNPOST_POLICY_WORDS(Relationship)
SIGNPOST_POLICY_WORDS(Tri)
SIGNPOST_POLICY_WORDS(Obligation)
SIGNPOST_POLICY_WORDS(OverrideGround)
SIGNPOST_POLICY_WORDS(Missing)
SIGNPOST_POLICY_WORDS(ConsentDecision)
SIGNPOST_POLICY_WORDS(ConsentState)
SIGNPOST_POLICY_WORDS(Grantor)
SIGNPOST_POLICY_WORDS(ConsentMatter)

#undef SIGNPOST_POLICY_WORDS

}  // namespace signpost::policy
