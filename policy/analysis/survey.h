// RunSurvey() is a survey that decides every cell of the space of some policies and gathers what is
// worth reporting into boxes; an Inquiry is the question it is run for.
//
// Internal to the room: what diff.h says of surveys, in the general. Pure; thread-safe. A policy is
// not kept.

#ifndef SIGNPOST_POLICY_ANALYSIS_SURVEY_H_
#define SIGNPOST_POLICY_ANALYSIS_SURVEY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "policy/analysis/cuts.h"
#include "policy/analysis/decision_space.h"
#include "policy/analysis/diff.h"

namespace signpost::policy {

// What the policies answer to one cell, as far as the survey looks.
struct CellChange {
  Effect before = Effect::kHide;
  Effect after = Effect::kHide;
  // In words, with "%" where the rules belong that decided before, and "#" where those do that
  // decide after. Empty: nothing to report.
  std::string change;

  friend bool operator<(const CellChange& a, const CellChange& b) {
    return std::tie(a.before, a.after, a.change) < std::tie(b.before, b.after, b.change);
  }
};

class Inquiry {
 public:
  virtual ~Inquiry() = default;

  // Which items of the space it is about.
  virtual bool IsAbout(const DecisionSpace&, const Item&) const { return true; }
  // What the decisions come to, one of each policy in its order.
  virtual CellChange Judge(const std::vector<Decision>& decisions) const = 0;
  // What a difference is sought in, also where circumstances are not known; nullptr: none is.
  virtual const ChangedRules* Changed() const { return nullptr; }
  // What the policy of that number takes of an item that is no circumstance of the survey.
  virtual void Settle(size_t, Item&) const {}
  // The facts that Settle() sets, which are not varied: bits of Fact.
  virtual uint32_t Settled() const { return 0; }
};

struct SurveyResult {
  std::vector<VisibilityChange> changes;
  int64_t cells = 0;
  int64_t gained_cells = 0;
  int64_t lost_cells = 0;
};

// Of one policy, or of two in the order of time, compiled against the same vocabulary. nullopt past
// the limits of diff.h.
std::optional<SurveyResult> RunSurvey(const std::vector<const Policy*>& policies,
                                      const Inquiry& inquiry);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_SURVEY_H_
