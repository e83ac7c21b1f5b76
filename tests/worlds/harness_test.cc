// That the two-worlds harness finds what it is for: leaks that are planted here into replies on
// their way, and none where both worlds are one.

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/index.pb.h"
#include "signpost/v1/registry.pb.h"
#include "tests/worlds/comparison.h"
#include "tests/worlds/known_channels.h"
#include "tests/worlds/plan.h"
#include "tests/worlds/transcript.h"

namespace signpost::worlds {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kHolders[] = "two-holders-or-five";

struct Found {
  Plan plan;
  Finding finding;
};

// The first sequence that shows what `tamper` does to replies, in a field that ends in `field`.
std::optional<Found> FindPlanted(const Tamper& tamper, const std::string& field) {
  CompareOptions options;
  options.tamper = &tamper;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Plan plan = MakePlan(seed, kHolders);
    Comparison comparison = ComparePlan(plan, options);
    if (!comparison.unknown.has_value()) continue;
    if (!absl::EndsWith(comparison.unknown->difference.path, field)) continue;
    return Found{std::move(plan), *std::move(comparison.unknown)};
  }
  return std::nullopt;
}

int HiddenHolders(const World& world) { return world.HoldersOf(SensitiveAgencies()[0], "H-1"); }

TEST(Harness, OneWorldIsTheSameTwice) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const Plan plan = MakePlan(seed, "");
    CompareOptions options;
    options.same_world = true;
    const Comparison comparison = ComparePlan(plan, options);
    ASSERT_FALSE(comparison.unknown.has_value())
        << "not the worlds differ but the runs: " << Describe(plan, *comparison.unknown, {});
    EXPECT_THAT(comparison.unequal_draws, IsEmpty());
  }
}

TEST(Harness, APlanIsTheSameForTheSameSeed) {
  const Plan one = MakePlan(7, "");
  const Plan again = MakePlan(7, one.pair->name);
  ASSERT_EQ(one.steps.size(), again.steps.size());
  EXPECT_EQ(one.pair, again.pair);
  EXPECT_EQ(one.agency, again.agency);
  for (size_t i = 0; i < one.steps.size(); ++i) {
    EXPECT_EQ(one.steps[i].method, again.steps[i].method);
    EXPECT_EQ(one.steps[i].wait, again.steps[i].wait);
    EXPECT_EQ(ToString(one.steps[i].caller), ToString(again.steps[i].caller));
  }
}

TEST(Harness, AHiddenCountInAReplyIsFoundAndShrunkToOneCall) {
  const Tamper tamper = [](const World& world, const std::string& /*method*/,
                           google::protobuf::Message* reply) {
    auto* const list = dynamic_cast<v1::ListAgenciesResponse*>(reply);
    if (list == nullptr || list->agencies().empty()) return;
    list->mutable_agencies(0)->mutable_fed_until()->set_nanos(HiddenHolders(world));
  };
  const std::optional<Found> found = FindPlanted(tamper, "agencies[0].fed_until");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->finding.method, "/signpost.v1.RegistryService/ListAgencies");
  CompareOptions options;
  options.tamper = &tamper;
  const std::set<size_t> without = Shrink(found->plan, found->finding, options);
  EXPECT_EQ(without.size(), found->plan.steps.size() - 1) << "one call shows it";
  EXPECT_FALSE(without.contains(found->finding.step));
  EXPECT_THAT(Describe(found->plan, found->finding, without),
              AllOf(HasSubstr("two sensitive services know the person"), HasSubstr("five do"),
                    HasSubstr(absl::StrCat("SIGNPOST_WORLDS_SEED=", found->plan.seed)),
                    HasSubstr("RegistryService/ListAgencies by"), HasSubstr("fed_until")));
}

TEST(Harness, AListThatIsLongerIsFound) {
  const Tamper tamper = [](const World& world, const std::string& /*method*/,
                           google::protobuf::Message* reply) {
    auto* const list = dynamic_cast<v1::ListAgenciesResponse*>(reply);
    if (list != nullptr && HiddenHolders(world) > 3) list->add_agencies();
  };
  EXPECT_TRUE(FindPlanted(tamper, "agencies.count").has_value());
}

// An id is compared by what it is equal to: one that changes only where there are many holders is
// found though no value of it means anything.
TEST(Harness, AnIdThatChangesIsFound) {
  int calls = 0;
  const Tamper tamper = [&calls](const World& world, const std::string& /*method*/,
                                 google::protobuf::Message* reply) {
    auto* const found = dynamic_cast<v1::FindResponse*>(reply);
    if (found == nullptr || HiddenHolders(world) < 4) return;
    found->mutable_agency_person_id()->back() = static_cast<char>('A' + ++calls % 16);
  };
  EXPECT_TRUE(FindPlanted(tamper, "reply.agency_person_id").has_value());
}

v1::FindResponse FoundAs(const std::string& id) {
  v1::FindResponse response;
  response.set_agency_person_id(id);
  return response;
}

Transcript Told(const std::vector<std::string>& ids) {
  Memory memory;
  Transcript transcript;
  for (const std::string& id : ids) Tell(FoundAs(id), "reply", &memory, &transcript);
  return transcript;
}

TEST(Harness, OpaqueValuesAreComparedByWhatTheyAreEqualTo) {
  EXPECT_THAT(Compare(Told({"SP1-A"}), Told({"SP1-B"})), IsEmpty());
  EXPECT_THAT(Compare(Told({"SP1-A", "SP1-B"}), Told({"SP1-C", "SP1-C"})).size(), 1u);
  EXPECT_THAT(Compare(Told({"SP1-A"}), Told({"SP1-AA"})).size(), 1u);
}

TEST(Harness, EverythingElseIsComparedAsItStands) {
  v1::FlagOutcome one;
  one.set_kind(v1::FLAG_OUTCOME_KIND_RECEIVED);
  one.mutable_receipt()->set_ledger_index(4);
  v1::FlagOutcome other = one;
  other.mutable_receipt()->set_ledger_index(5);
  other.add_fields()->set_field("person");
  Memory memory;
  Transcript first;
  Transcript second;
  Tell(one, "reply", &memory, &first);
  Tell(other, "reply", &memory, &second);
  EXPECT_THAT(Compare(first, second),
              ElementsAre(Field(&Difference::path, "reply.receipt.ledger_index"),
                          Field(&Difference::path, "reply.fields.count"),
                          Field(&Difference::path, "reply.fields[0].field")));
}

// Whatever is named as opaque exists, so that a field that was renamed is not compared by accident.
TEST(Harness, OpaqueFieldsExist) {
  const auto* const pool = v1::FindResponse::descriptor()->file()->pool();
  for (const OpaqueField& opaque : OpaqueFields()) {
    EXPECT_NE(pool->FindFieldByName(opaque.field), nullptr) << opaque.field;
    EXPECT_STRNE(opaque.reason, "");
  }
}

TEST(Harness, KnownChannelsSayWhatTheyAre) {
  for (const KnownChannel& channel : KnownChannels()) {
    EXPECT_STRNE(channel.what, "") << channel.name;
    EXPECT_STRNE(channel.where, "") << channel.name;
  }
}

}  // namespace
}  // namespace signpost::worlds
