// A Plan is one random sequence, made from one seed: who is who, what the other agencies do (in
// which the two worlds differ), and what one agency calls (the same in both). Making it runs
// nothing.
//
// A step names what it learnt earlier only by its place in the world's memory, so a plan from which
// steps were taken out is a plan still.

#ifndef SIGNPOST_TESTS_WORLDS_PLAN_H_
#define SIGNPOST_TESTS_WORLDS_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "signpost/v1/index.pb.h"
#include "tests/worlds/talk.h"
#include "tests/worlds/world.h"

namespace signpost::worlds {

using Act = std::function<void(Talk&)>;

// One call.
struct Step {
  size_t method = 0;  // index in rpc::AllMethods()
  Caller caller;
  absl::Duration wait;  // before it
  Act act;
};

// What another agency does before a step of the compared agency's. Not compared.
struct Doing {
  size_t before_step = 0;
  Step in_first;
  Step in_second;
};

// The young persons of one sequence, as whoever reports them writes them down.
struct Cast {
  v1::PersonDetails person;    // in whom the worlds differ
  v1::PersonDetails sibling;   // of the same name and address
  v1::PersonDetails other;     // of whom the compared agency and others openly know, in both worlds
  v1::PersonDetails stranger;  // of whom it never speaks: who stands in where somebody is absent
};

// Two worlds that differ in what the compared agency may not know.
struct Pair {
  const char* name;  // "hidden-or-absent"
  const char* first;
  const char* second;
};
const std::vector<Pair>& Pairs();

struct Plan {
  uint64_t seed = 0;
  const Pair* pair = nullptr;
  std::string agency;
  // Whether both worlds draw the same. Where they do not, nothing may depend on chance but what
  // OpaqueFields() names.
  bool same_randomness = true;
  Cast cast;
  std::vector<Doing> doings;  // in order
  std::vector<Step> steps;
};
// `pair`: the name of one, or "" for any. `agency`: the one whose calls are compared, or "" for any.
Plan MakePlan(uint64_t seed, const std::string& pair, const std::string& agency = "");

// A word of a vocabulary for an enum's value: "support-planning" for PURPOSE_SUPPORT_PLANNING.
std::string PurposeWord(v1::Purpose purpose);

// --- For makers of plans.

// A report of one flag, as an agency's adapter sends it.
v1::FlagReport OpenFlag(const std::string& agency, const std::string& record_id,
                        const v1::PersonDetails& details);
// Sends reports over one stream, each when the one before it is answered.
Act Reports(std::vector<v1::FlagReport> reports);
Step ReportStep(const std::string& agency, const v1::FlagReport& report);
Step ShieldStep(const std::string& agency, const std::string& record_id, bool shielded);

}  // namespace signpost::worlds

#endif  // SIGNPOST_TESTS_WORLDS_PLAN_H_
