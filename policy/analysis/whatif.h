// WhatIf() is a count that says what a draft would change for the people there are: who would gain,
// and who would lose, sight of how many items.
//
// Diff() (diff.h) says what changes over all there could be; this counts it over those there are.
// The caller supplies the population as compact rows without any name or id; nothing here can tell
// whose a row is. Rows that are alike in every field are decided once, each class of askers asks
// once of all people it is related to in the same way, and where no rule could speak of a row to a
// class of askers its aspects are not asked one by one. Nothing else is shared: each different row
// is decided under both policies, for every class of askers.
//
// It counts flags, by what an answer would tell of them: whoever may not know of a flag and of its
// agency is told nothing else of it, and a broker tells that it exists. A hub counts people with it
// (hub/policy_admin): it gives the flags of one, and asks whether any would be gained or lost.
//
// Pure and thread-safe; runs on the caller's thread; keeps nothing.

#ifndef SIGNPOST_POLICY_ANALYSIS_WHATIF_H_
#define SIGNPOST_POLICY_ANALYSIS_WHATIF_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "policy/facts.h"
#include "policy/policy.h"

namespace signpost::policy {

// Different rows (by all their fields) that one population may have; more is a fault.
inline constexpr size_t kWhatIfKindsMax = 1'000'000;

// One flag of one person.
struct PersonItem {
  static constexpr uint16_t kAnyAssessment = 0xffff;

  // What stands in `facts`, two bits each: 0 not known, 1 no, 2 yes (the values of Tri).
  enum Place : uint8_t {
    kOpen = 0,
    kDisputed = 2,
    kMarkedSensitive = 4,
    kShielded = 6,
    kNewIdentity = 8,
    kSpentOffence = 10,
    kNamesVictim = 12,  // that the service is involved does; of papers only a yes is believed
    kBrokerable = 14,
  };

  Symbol holder = kNoSymbol;
  Symbol service = kNoSymbol;
  uint16_t facts = 0;
  uint16_t consents = 0;  // index into Population::consents; past its end: consent is not known
  uint16_t related = 0;   // index into Population::related; past its end: not known
  // Index into Population::assessments; past its end: any of the vocabulary.
  uint16_t assessments = kAnyAssessment;

  void Set(Place place, Tri value) {
    facts =
        static_cast<uint16_t>((facts & ~(3u << place)) | (static_cast<uint32_t>(value) << place));
  }
  Tri Get(Place place) const { return static_cast<Tri>((facts >> place) & 3u); }
};

// A class of askers and what they ask for.
struct AskerPurpose {
  Symbol agency = kNoSymbol;
  Symbol role = kNoSymbol;
  Tri is_practitioner = Tri::kYes;
  Purpose purpose = Purpose::kUnspecified;
  Tri necessity_stated = Tri::kYes;
};

// All that was said about what may be shared of somebody.
struct PersonConsents {
  std::vector<ConsentFact> facts;
  // The first seconds of their birthdays, as in an Item. As they are, a consent that ended on a
  // birthday is given as ended.
  int64_t sixteen_from_s = kNeverS;
  int64_t adult_from_s = kNeverS;
};

// How one class of askers, and each team that they are members of, is related to a person.
struct AskerRelation {
  RelationshipFacts relationships;
  std::vector<TeamStanding> teams;
};

// Nothing is owned; all of it must live during the call.
struct Population {
  absl::Span<const PersonItem> items;
  absl::Span<const PersonConsents> consents;  // those that occur
  // The ways in which askers are related to a person: by place in WhatIf()'s `askers`.
  absl::Span<const std::vector<AskerRelation>> related;
  absl::Span<const std::vector<Symbol>> assessments;  // the sets of kinds that a flag has
};

struct WhatIfRow {
  size_t asker = 0;  // place in `askers`
  Aspect aspect = Aspect::kExistence;
  Symbol holder = kNoSymbol;
  int64_t gained = 0;  // items of which more would be told
  int64_t lost = 0;
};

struct WhatIfResult {
  std::string fault;            // empty, or why there is no answer
  std::vector<WhatIfRow> rows;  // by asker, aspect, holder; none where nothing changes
  int64_t gained = 0;
  int64_t lost = 0;
  size_t kinds = 0;  // different rows that were decided
};

// What would change at `now_s` were `draft` in force instead of `now`. Both must be compiled
// against the same vocabulary. Of assessments and their content an item counts once, where any kind
// or section would be told that is not told now (or the other way round); it may do both. A flag
// without an assessment counts where it would be told that there is none. Nobody overrides.
WhatIfResult WhatIf(const Policy& now, const Policy& draft, const Population& people,
                    absl::Span<const AskerPurpose> askers, int64_t now_s);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_WHATIF_H_
