// That two agencies cannot lay what they were told side by side: no id, token or hash that one
// learns is one that the other learns. (What they know of a person in their own systems they can
// compare without a hub.)

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/rpc/method_table.h"
#include "signpost/v1/consent.pb.h"
#include "tests/worlds/plan.h"
#include "tests/worlds/talk.h"
#include "tests/worlds/transcript.h"
#include "tests/worlds/world.h"

namespace signpost::worlds {
namespace {

constexpr uint64_t kSequences = 10;

// What joins two agencies' lists today, and which promise it breaks. An entry that does not
// any more fails the test: take it out.
struct KnownJoin {
  const char* kind;
  const char* where;
};
constexpr KnownJoin kKnownJoins[] = {
    {"flag-id", "Numbers, ids, time: every id on the wire is keyed for its reader"},
    {"consent-id", "Numbers, ids, time: every id on the wire is keyed for its reader"},
};

// The values of one kind that both have learnt.
std::vector<std::string> Common(const Memory& one, const Memory& other, const std::string& kind) {
  std::vector<std::string> a = one.All(kind);
  std::vector<std::string> b = other.All(kind);
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

// A yes that one records and the other, who may receive, lists.
Step ConsentStep(const std::string& agency, const std::string& recipient) {
  v1::RecordConsentRequest request;
  request.set_request_id("joins-consent");
  request.mutable_person()->set_record_id("C-2");
  v1::Consent* const consent = request.mutable_consent();
  consent->set_decision(v1::CONSENT_DECISION_GIVEN);
  consent->mutable_scope()->add_recipient_agency_ids(recipient);
  consent->set_explicit_(true);
  consent->set_grantor(v1::GRANTOR_SELF);
  consent->set_evidence(v1::CONSENT_EVIDENCE_WRITTEN);
  consent->set_evidence_note("Signed form, kept at the centre.");
  Caller caller{.agency = agency};
  caller.practitioner = "w1";
  caller.role = RoleOf(agency);
  return {rpc::MethodOrDie("/signpost.v1.ConsentService/RecordConsent").index, caller,
          absl::Seconds(1), [request](Talk& talk) mutable {
            request.mutable_consent()->mutable_valid_until()->set_seconds(
                absl::ToUnixSeconds(talk.Now() + absl::Hours(24 * 90)));
            v1::RecordConsentResponse response;
            talk.Unary(request, &response);
          }};
}
Step ListConsentsStep(const std::string& agency) {
  v1::ListConsentsRequest request;
  request.set_request_id("joins-list");
  request.mutable_person()->set_record_id("C-2");
  request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
  Caller caller{.agency = agency};
  caller.practitioner = "w1";
  caller.role = RoleOf(agency);
  return {rpc::MethodOrDie("/signpost.v1.ConsentService/ListConsents").index, caller,
          absl::Seconds(1), [request](Talk& talk) {
            v1::ListConsentsResponse response;
            talk.Unary(request, &response);
          }};
}

TEST(Joins, TwoAgenciesLearnNothingThatIsTheSame) {
  std::set<std::string> kinds;
  for (const OpaqueField& opaque : OpaqueFields()) kinds.insert(opaque.kind);
  // The tree's hashes are published, and the same for everybody.
  kinds.erase("tree-hash");
  // A request is handed from one agency's officer to another's, and says of nobody whom it is about.
  kinds.erase("archive-request-id");
  std::map<std::string, uint64_t> joined;
  for (uint64_t seed = 1; seed <= kSequences; ++seed) {
    Plan one = MakePlan(seed, "flag-or-none", kConnexions);
    Plan other = MakePlan(seed, "flag-or-none", kYot);
    World world(seed);
    Memory memory_of_one;
    Memory memory_of_other;
    Memory of_others;
    uint64_t call = 0;
    const auto run = [&](const Step& step, Memory* memory) {
      world.random().BeginCall(++call);
      world.Advance(absl::Seconds(1));
      Talk talk(&world, memory, rpc::AllMethods()[step.method], step.caller, nullptr);
      step.act(talk);
    };
    for (const Plan* plan : {&one, &other}) {
      for (const Doing& doing : plan->doings) run(doing.in_first, &of_others);
    }
    run(ConsentStep(kConnexions, kYot), &memory_of_one);
    run(ListConsentsStep(kYot), &memory_of_other);
    for (size_t i = 0; i < std::max(one.steps.size(), other.steps.size()); ++i) {
      if (i < one.steps.size()) run(one.steps[i], &memory_of_one);
      if (i < other.steps.size()) run(other.steps[i], &memory_of_other);
    }
    for (const std::string& kind : kinds) {
      if (!Common(memory_of_one, memory_of_other, kind).empty()) joined.try_emplace(kind, seed);
    }
  }
  for (const KnownJoin& known : kKnownJoins) {
    EXPECT_EQ(joined.erase(known.kind), 1u)
        << known.kind << " did not join two agencies' lists in " << kSequences
        << " sequences: if that was mended, take it out of kKnownJoins";
  }
  for (const auto& [kind, seed] : joined) {
    ADD_FAILURE() << "a " << kind << " that " << kConnexions << " learnt is one that " << kYot
                  << " learnt, in the sequence of seed " << seed;
  }
}

}  // namespace
}  // namespace signpost::worlds
