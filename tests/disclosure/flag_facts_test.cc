// What the hub says of a flag, held to the table by which `policy check` names the rules that rest on
// what nobody supplies.

#include "hub/disclosure/flag_facts.h"

#include <array>
#include <memory>
#include <set>
#include <utility>

#include "policy/supplied.h"
#include "signpost/v1/index.pb.h"
#include "tests/request/hub_rooms.h"

namespace signpost::disclosure {
namespace {

using policy::ItemFact;
using policy::Tri;
using request::kYot;

class FlagFactsTest : public request::HubRooms {
 protected:
  FlagFactsTest() : HubRooms(/*with_policy=*/true, people::StandingRules()) {}
};

Tri ValueOf(const policy::Item& item, ItemFact fact) {
  switch (fact) {
    case ItemFact::kShielded:
      return item.shielded;
    case ItemFact::kOpen:
      return item.open;
    case ItemFact::kDisputed:
      return item.disputed;
    case ItemFact::kMarkedSensitive:
      return item.marked_sensitive;
    case ItemFact::kNewIdentity:
      return item.new_identity;
    case ItemFact::kSpentOffence:
      return item.spent_offence;
    case ItemFact::kNamesVictim:
      return item.names_victim;
  }
  return Tri::kUnknown;
}

// Everything that rooms write into a flag or a person, and every section of every paper.
TEST_F(FlagFactsTest, AreWhatTheTableOfSuppliedFactsSays) {
  Report(kYot, Flag("Y-1", "youth-offending"));
  const std::shared_ptr<const request::BoundPolicy> bound = policy_.Get();
  const policy::Policy& policy = *bound->policy;
  std::array<std::set<Tri>, policy::kItemFactCount> said;
  const auto note = [&](const policy::Item& item) {
    for (const policy::SuppliedFact& one : policy::kSuppliedFacts) {
      said[static_cast<size_t>(one.fact)].insert(ValueOf(item, one.fact));
    }
  };
  store::v1::FlagRow flag = PersonOf(kYot, "Y-1").row().flags(0);
  for (const bool shielded : {false, true}) {
    const people::Person reported = PersonOf(kYot, "Y-1");
    store::v1::PersonRow row = reported.row();
    row.mutable_shield()->set_shielded(shielded);
    const people::Person person = reported.AsOf(std::move(row));
    const policy::PersonFacts facts = FactsOf(&person);
    EXPECT_EQ(facts.shielded, shielded ? Tri::kYes : Tri::kNo);
    EXPECT_EQ(facts.new_identity, Tri::kNo) << "or every shielded child would be hidden whole";
    for (const int status : {v1::FLAG_STATUS_OPEN, v1::FLAG_STATUS_CLOSED}) {
      flag.set_status(status);
      policy::Item item = FlagFacts(policy, *registry_->directory(), facts, flag);
      note(item);
      for (const policy::Symbol section : policy.Sections(policy.AssessmentSymbol("asset"))) {
        item.names_victim = SectionNamesVictim(policy, section);
        note(item);
      }
    }
  }
  for (const policy::SuppliedFact& one : policy::kSuppliedFacts) {
    const std::set<Tri>& values = said[static_cast<size_t>(one.fact)];
    EXPECT_TRUE(values.count(Tri::kNo) != 0) << one.words;
    EXPECT_EQ(values.count(Tri::kYes) != 0, one.says_yes) << one.words;
    EXPECT_EQ(values.count(Tri::kUnknown) != 0, one.unknown_of != nullptr) << one.words;
  }
}

TEST_F(FlagFactsTest, ASectionThatMayNameAVictimIsOneThePolicyLists) {
  const std::shared_ptr<const request::BoundPolicy> bound = policy_.Get();
  const policy::Policy& policy = *bound->policy;
  const auto names = [&](const char* section) {
    return SectionNamesVictim(policy, policy.SectionSymbol(section));
  };
  EXPECT_EQ(names("victims"), Tri::kUnknown);
  EXPECT_EQ(names("offence-details"), Tri::kUnknown);
  EXPECT_EQ(names("lifestyle"), Tri::kNo);
  EXPECT_EQ(names("no-such-section"), Tri::kUnknown);
}

}  // namespace
}  // namespace signpost::disclosure
