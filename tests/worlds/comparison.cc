#include "tests/worlds/comparison.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hub/rpc/method_table.h"

namespace signpost::worlds {

namespace {

constexpr int kShrinkRunsMax = 80;
// gRPC's number for what the hub never answers by itself.
constexpr int kDeadlineExceeded = 4;
// So that what others do draws on its own, whichever steps are left out.
constexpr uint64_t kDoingsFrom = 1'000'000;

// One of the two, with what the compared agency has learnt there.
struct Side {
  explicit Side(uint64_t seed) : world(seed) {}
  World world;
  Memory memory;
  Memory of_others;
};

void Do(const Step& step, uint64_t number, Side* side) {
  side->world.random().BeginCall(number);
  Talk talk(&side->world, &side->of_others, rpc::AllMethods()[step.method], step.caller, nullptr);
  step.act(talk);
}

}  // namespace

Comparison ComparePlan(const Plan& plan, const CompareOptions& options) {
  Comparison comparison;
  Side first(plan.seed);
  Side second(plan.same_randomness || options.same_world ? plan.seed : plan.seed ^ Mix(plan.seed));
  size_t done = 0;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    for (; done < plan.doings.size() && plan.doings[done].before_step <= i; ++done) {
      const Doing& doing = plan.doings[done];
      Do(doing.in_first, kDoingsFrom + done, &first);
      Do(options.same_world ? doing.in_first : doing.in_second, kDoingsFrom + done, &second);
      for (Side* const side : {&first, &second}) side->world.Advance(doing.in_first.wait);
    }
    const Step& step = plan.steps[i];
    const rpc::MethodRow& row = rpc::AllMethods()[step.method];
    std::vector<Transcript> transcripts;
    std::vector<uint64_t> drawn;
    bool too_slow = false;
    for (Side* const side : {&first, &second}) {
      side->world.random().BeginCall(i);
      side->world.Advance(step.wait);
      if (options.without.contains(i)) continue;
      Talk talk(&side->world, &side->memory, row, step.caller, options.tamper);
      step.act(talk);
      transcripts.push_back(talk.transcript());
      drawn.push_back(side->world.random().bytes_drawn());
      too_slow = too_slow || talk.code() == kDeadlineExceeded;
      if (side == &first) ++comparison.calls[row.full_method][talk.code()];
    }
    if (transcripts.empty()) continue;
    if (too_slow) {
      comparison.too_slow = true;
      return comparison;
    }
    if (drawn[0] != drawn[1]) ++comparison.unequal_draws[row.full_method];
    bool passed_over = false;
    for (Difference& difference : Compare(transcripts[0], transcripts[1])) {
      Finding finding{i, row.full_method, std::move(difference)};
      // What was passed over has a size, which says nothing more.
      if (passed_over && absl::EndsWith(finding.difference.path, ".size")) continue;
      const KnownChannel* const channel =
          options.same_world ? nullptr : FindKnown(plan, finding.method, finding.difference);
      if (channel == nullptr) {
        comparison.unknown = std::move(finding);
        return comparison;
      }
      comparison.known.try_emplace(channel, std::move(finding));
      if (channel->ends) return comparison;
      passed_over = true;
    }
  }
  return comparison;
}

std::set<size_t> Shrink(const Plan& plan, const Finding& finding, const CompareOptions& options) {
  CompareOptions shorter = options;
  for (size_t i = finding.step + 1; i < plan.steps.size(); ++i) shorter.without.insert(i);
  int runs = 0;
  for (size_t i = finding.step; i-- > 0 && runs < kShrinkRunsMax; ++runs) {
    shorter.without.insert(i);
    const Comparison again = ComparePlan(plan, shorter);
    const bool still =
        again.unknown.has_value() && again.unknown->method == finding.method &&
        again.unknown->step == finding.step &&
        WithoutNumbers(again.unknown->difference.path) == WithoutNumbers(finding.difference.path);
    if (!still) shorter.without.erase(i);
  }
  return shorter.without;
}

std::string Describe(const Plan& plan, const Finding& finding, const std::set<size_t>& without) {
  std::string text = absl::StrCat(
      "Two worlds that ", plan.agency, " may not tell apart differ.\n  seed ", plan.seed,
      "  (again: SIGNPOST_WORLDS_PAIR=", plan.pair->name, " SIGNPOST_WORLDS_SEED=", plan.seed,
      " SIGNPOST_WORLDS_COUNT=1)\n  pair ", plan.pair->name, "\n  first world: ", plan.pair->first,
      "\n  second world: ", plan.pair->second, "\n  calls:\n");
  for (size_t i = 0; i <= finding.step && i < plan.steps.size(); ++i) {
    if (without.contains(i)) continue;
    const Step& step = plan.steps[i];
    absl::StrAppend(&text, "    ", i, ": ", rpc::AllMethods()[step.method].full_method, " by ",
                    ToString(step.caller), ", after ", absl::FormatDuration(step.wait), "\n");
  }
  absl::StrAppend(&text, "  first difference, in the last of them: ", finding.difference.path,
                  "\n    first world:  ", finding.difference.first,
                  "\n    second world: ", finding.difference.second, "\n");
  return text;
}

}  // namespace signpost::worlds
