// That what one agency may not know makes no difference to what it can collect: every RPC, called in
// random sequences in two worlds that differ in nothing else. What differs today though it must not
// is in known_channels.cc, and everything that is not in there fails.
//
//   SIGNPOST_WORLDS_SEED=7      the first seed; the following are 8, 9, ...; 0 takes it from the clock
//   SIGNPOST_WORLDS_COUNT=1     how many sequences
//   SIGNPOST_WORLDS_SECONDS=60  or for how long
//   SIGNPOST_WORLDS_PAIR=name   one pair of worlds alone

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/rpc/method_table.h"
#include "tests/worlds/comparison.h"
#include "tests/worlds/generators.h"
#include "tests/worlds/known_channels.h"
#include "tests/worlds/plan.h"

namespace signpost::worlds {
namespace {

constexpr uint64_t kEverydayCount = 100;
// With so many every method must have been answered.
constexpr uint64_t kManyCount = 1000;
// As many different findings are enough to begin with.
constexpr size_t kFindingsMax = 20;

std::string FromEnvironment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}
uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise) {
  uint64_t number = 0;
  return absl::SimpleAtoi(FromEnvironment(name), &number) ? number : otherwise;
}

// Methods that nobody but an auditor may call, and one for which this hub has no folder: what is
// compared is how they refuse.
bool IsOnlyRefused(const rpc::MethodRow& row) {
  return row.callers == static_cast<rpc::CallerKinds>(rpc::CallerKind::kAuditor) ||
         std::string(row.full_method) == "/signpost.v1.MaintenanceService/MakeBackup";
}

// Methods whose generators have not hit upon what is answered; the list may only become shorter.
bool IsNotAnsweredYet(const rpc::MethodRow& row) {
  static const auto* const methods = new std::set<std::string>{
      "/signpost.v1.StewardService/ListReviews", "/signpost.v1.StewardService/ResolveReview",
      "/signpost.v1.StewardService/AskAboutRecord",
      "/signpost.v1.StewardService/AnswerRecordQuestion",
      // It takes two agencies, and a sequence is one agency's.
      "/signpost.v1.ArchiveService/AnswerArchiveRequest", "/signpost.v1.ArchiveService/ReadArchive",
      "/signpost.v1.MaintenanceService/PruneEntries", "/signpost.v1.OverrideService/ReviewOverride",
      "/signpost.v1.PolicyService/ApprovePolicy", "/signpost.v1.PolicyService/WithdrawPolicy"};
  return methods->contains(row.full_method);
}

TEST(Worlds, EveryMethodHasAGenerator) {
  std::set<std::string> rows;
  for (const rpc::MethodRow& row : rpc::AllMethods()) {
    rows.insert(row.full_method);
    EXPECT_NE(FindGenerator(row.full_method), nullptr)
        << row.full_method
        << " is in the method table and the two-worlds harness never calls it. Write a generator "
           "in the tests/worlds/generators_*.cc of its service, and name it in the list at that "
           "file's end.";
  }
  for (const Generator& generator : AllGenerators()) {
    EXPECT_EQ(rows.count(generator.method), 1u)
        << generator.method << " has a generator, or two, and is in no row of the method table";
    rows.erase(generator.method);
  }
}

TEST(Worlds, TwoWorldsLookTheSame) {
  const std::string pair = FromEnvironment("SIGNPOST_WORLDS_PAIR");
  const uint64_t seconds = NumberFromEnvironment("SIGNPOST_WORLDS_SECONDS", 0);
  const uint64_t count =
      NumberFromEnvironment("SIGNPOST_WORLDS_COUNT", seconds == 0 ? kEverydayCount : 1'000'000'000);
  const absl::Time end =
      seconds == 0 ? absl::InfiniteFuture() : absl::Now() + absl::Seconds(seconds);
  uint64_t first = NumberFromEnvironment("SIGNPOST_WORLDS_SEED", 1);
  if (first == 0) first = static_cast<uint64_t>(absl::ToUnixMillis(absl::Now()));
  std::printf("first seed %s\n", absl::StrCat(first).c_str());
  std::map<std::string, std::map<int, int>> calls;
  std::map<std::string, int> unequal_draws;
  std::map<const KnownChannel*, std::pair<int, uint64_t>> known;
  std::set<std::string> unknown;
  uint64_t too_slow = 0;
  uint64_t seed = first;
  for (; seed - first < count && absl::Now() < end; ++seed) {
    const Plan plan = MakePlan(seed, pair);
    const Comparison comparison = ComparePlan(plan);
    for (const auto& [method, codes] : comparison.calls) {
      for (const auto& [code, times] : codes) calls[method][code] += times;
    }
    for (const auto& [method, times] : comparison.unequal_draws) unequal_draws[method] += times;
    for (const auto& [channel, finding] : comparison.known) {
      auto& [times, example] = known[channel];
      if (++times == 1) example = seed;
    }
    if (comparison.too_slow) ++too_slow;
    if (!comparison.unknown.has_value()) continue;
    const Finding& finding = *comparison.unknown;
    // Once each: a thousand sequences that show one thing say no more than one does.
    const std::string name =
        absl::StrCat(finding.method, " ", WithoutNumbers(finding.difference.path));
    if (!unknown.insert(name).second) continue;
    ADD_FAILURE() << Describe(plan, finding, Shrink(plan, finding, {}));
    if (unknown.size() >= kFindingsMax) break;
  }
  std::printf("%s sequences, %s of them cut short by a deadline\n",
              absl::StrCat(seed - first).c_str(), absl::StrCat(too_slow).c_str());
  EXPECT_LE(too_slow, (seed - first) / 50) << "this machine was too busy to compare anything";
  for (const auto& [method, codes] : calls) {
    std::string line = absl::StrCat("  ", method, ":");
    for (const auto& [code, times] : codes) absl::StrAppend(&line, " ", times, " of code ", code);
    if (unequal_draws.contains(method)) {
      absl::StrAppend(&line, "; drew more in one world ", unequal_draws[method], " times");
    }
    std::printf("%s\n", line.c_str());
  }
  for (const KnownChannel& channel : KnownChannels()) {
    const auto seen = known.find(&channel);
    if (seen == known.end()) continue;
    std::printf("  known channel %s: %d sequences, the first of seed %s\n", channel.name,
                seen->second.first, absl::StrCat(seen->second.second).c_str());
  }

  if (seed - first < kEverydayCount || !pair.empty() || !unknown.empty()) return;
  // A generator that only ever gets a refusal compares nothing.
  for (const rpc::MethodRow& row : rpc::AllMethods()) {
    if (seed - first < kManyCount) break;
    const bool answered = calls[row.full_method].contains(0);
    if (!answered && IsNotAnsweredYet(row)) std::printf("  never answered: %s\n", row.full_method);
    EXPECT_TRUE(answered || IsOnlyRefused(row) || IsNotAnsweredYet(row))
        << row.full_method << " was never answered: make its generator ask what is answered";
  }
  // What was mended is no known channel any more.
  for (const KnownChannel& channel : KnownChannels()) {
    if (known.contains(&channel) || channel.seed == 0) continue;
    const Comparison again = ComparePlan(MakePlan(channel.seed, channel.pair));
    EXPECT_TRUE(again.known.contains(&channel))
        << channel.name << " (" << channel.what
        << ") was not seen. If it was mended, take it out of tests/worlds/known_channels.cc. If "
           "not, the sequence of its seed has changed: find another with "
           "SIGNPOST_WORLDS_SECONDS=600.";
  }
}

}  // namespace
}  // namespace signpost::worlds
