// Diff() and WhoCanSee() are surveys that say, over the whole decision space and in sentences, what
// changes between two policies and who can see an item.
//
// The space is that of decision_space.h, spelt out: every asker by role, every service of every
// holder, every section of every assessment, and every circumstance that a rule of either policy
// looks at. Nothing is sampled. Diff() also compares where such a circumstance is not known, and
// tells what comes of that where no value it could have comes to the same. And it compares what the
// two say of which sections may name a victim: what comes of that is told by itself, by the rules
// of the later policy. Cells that change alike are gathered into boxes (these askers, these things,
// under these circumstances), so that the sentences are few and together say all of it, each cell
// once.
//
// Pure and thread-safe. A policy is not kept.

#ifndef SIGNPOST_POLICY_ANALYSIS_DIFF_H_
#define SIGNPOST_POLICY_ANALYSIS_DIFF_H_

#include <cstdint>
#include <string>
#include <vector>

#include "policy/facts.h"
#include "policy/policy.h"

namespace signpost::policy {

// Cells that one survey may decide. A policy that needs more is not surveyed at all, rather than in
// part. Kinds of askers and items that no rule tells apart are decided once.
inline constexpr int64_t kSurveyCellsMax = 2'000'000;
// Pairs of an asker and an item that one survey may look at, for the same reason.
inline constexpr int64_t kSurveyPairsMax = 4'000'000;

// A VisibilityChange is a box of the space in words: who sees what otherwise than before, and when.
struct VisibilityChange {
  Effect before = Effect::kHide;
  Effect after = Effect::kHide;
  std::string change;  // "hide -> show by A1 or A2"; of WhoCanSee() "show by A1"
  std::string who;     // "practitioner of northern-connexions"
  std::string what;    // "existence, agency of youth-offending held by nortown-yot"
  std::string when;    // "involved, for assessment or referral"; empty: whatever the circumstances
  int64_t cells = 0;   // how much of the space this is, every circumstance counted
  // By id, each once, in order: whose things they are, and for whom somebody asks.
  std::vector<std::string> holder_ids;
  std::vector<std::string> asker_ids;

  // "practitioner of northern-connexions: existence of ..., when involved: hide -> show by A1"
  std::string ToString() const;
};

struct PolicyDifference {
  // Empty, or why there is no answer: two vocabularies, or a space past the limits.
  std::string fault;
  std::vector<VisibilityChange> gains;   // more is seen: hide -> broker or show, broker -> show
  std::vector<VisibilityChange> losses;  // less is seen
  // As much is seen, on other terms: another obligation or another basis.
  std::vector<VisibilityChange> terms;
  int64_t gained_cells = 0;  // of all gains together in which everything is known
  int64_t lost_cells = 0;
  // Decided by each policy: one for each class of cells that no rule tells apart.
  int64_t cells = 0;

  bool same() const { return fault.empty() && gains.empty() && losses.empty() && terms.empty(); }
};

// Whether symbols of one policy mean in the other what they mean in the first.
bool SameVocabulary(const Policy& a, const Policy& b);

// From `before` to `after`, from the first day on which both are in force. Both must be compiled
// against the same vocabulary. Which rule decides is no difference where the outcome is the same.
PolicyDifference Diff(const Policy& before, const Policy& after);

// An ItemSelector is a pattern that picks the items somebody asks about: what it names must match,
// the rest may be anything.
struct ItemSelector {
  Symbol holder = kNoSymbol;   // kNoSymbol: of any holder
  Symbol service = kNoSymbol;  // kNoSymbol: any that the holder has
  bool every_aspect = true;
  Aspect aspect = Aspect::kExistence;
  Symbol assessment = kNoSymbol;  // kNoSymbol: of any
  Symbol section = kNoSymbol;
};

// What WhoCanSee() answers.
struct Visibility {
  std::string fault;  // empty, or why there is no answer: a space past the limits
  std::vector<VisibilityChange> changes;  // never a hide; the holder's own agency among them
  int64_t cells = 0;
};

// Who can see, or be told unnamed of, what `items` selects, under which circumstances and by which
// rules.
Visibility WhoCanSee(const Policy& policy, const ItemSelector& items);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_DIFF_H_
