// A Comparison is a run of one plan in both of its worlds, step by step, until they differ in
// something that is not a known channel. Functions here are for one thread.

#ifndef SIGNPOST_TESTS_WORLDS_COMPARISON_H_
#define SIGNPOST_TESTS_WORLDS_COMPARISON_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/worlds/known_channels.h"
#include "tests/worlds/plan.h"
#include "tests/worlds/talk.h"

namespace signpost::worlds {

// Where two worlds differ.
struct Finding {
  size_t step = 0;
  std::string method;
  Difference difference;
};

struct Comparison {
  // What is not known: the run ended with it.
  std::optional<Finding> unknown;
  // Known channels that were seen, with where each was seen first.
  std::map<const KnownChannel*, Finding> known;
  // How often each method was called, by the status that it gave in the first world.
  std::map<std::string, std::map<int, int>> calls;
  // Calls for which one world drew more randomness than the other. No difference by itself, but
  // what is behind it may be worth a look.
  std::map<std::string, int> unequal_draws;
  // A call ran into its deadline, which is real time and the client's: the machine was too busy to
  // say anything, and the sequence ended there.
  bool too_slow = false;
};

struct CompareOptions {
  // Steps that are left out. The clock moves on for them all the same.
  std::set<size_t> without;
  // nullptr, or what changes replies before they are looked at.
  const Tamper* tamper = nullptr;
  // What others do is as in the first world in both: then nothing at all may differ.
  bool same_world = false;
};
Comparison ComparePlan(const Plan& plan, const CompareOptions& options = {});

// The steps that the finding needs, found by leaving out the others: every step behind it, and then
// one at a time while the same field of the same method still differs.
std::set<size_t> Shrink(const Plan& plan, const Finding& finding, const CompareOptions& options);

// What a reader needs to see it again: seed, worlds, the steps that are left, both replies' first
// differing field.
std::string Describe(const Plan& plan, const Finding& finding, const std::set<size_t>& without);

}  // namespace signpost::worlds

#endif  // SIGNPOST_TESTS_WORLDS_COMPARISON_H_
