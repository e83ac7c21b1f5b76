#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/benches.h"
#include "tests/bench/load_client.h"
#include "tests/bench/population.h"
#include "tests/bench/push.h"
#include "tests/bench/report.h"
#ifdef SIGNPOST_HAVE_LIBPQ
#include "tests/bench/postgres_baseline.h"
#endif

namespace signpost::bench {
namespace {

constexpr char kAsker[] = "northern-connexions";
// Ours and the baseline take turns so often, so that a noisy minute is shared.
constexpr int kTurns = 3;

TlsFiles Files(const std::string& stem) {
  const std::string& authority = scenarios::Nortown::Authority();
  return {scenarios::ReadFile(authority + "/ca.pem"),
          scenarios::ReadFile(authority + "/" + stem + ".pem"),
          scenarios::ReadFile(authority + "/" + stem + ".key")};
}

// Three flags each: the asker's own, one under an agreement, one of a sensitive service.
bool Populate(scenarios::Nortown* nortown, int people) {
  struct Feed {
    const char* agency;
    const char* prefix;
    const char* service;
  };
  for (const Feed& feed :
       {Feed{kAsker, "C-", "connexions"}, Feed{"nortown-yot", "Y-", "youth-offending"},
        Feed{"nortown-drugs-advice", "D-", "substance-misuse"}}) {
    std::vector<v1::FlagReport> reports;
    for (int n = 0; n < people; ++n) {
      reports.push_back(scenarios::OpenFlag(absl::StrCat(feed.prefix, n), PersonNumber(n),
                                            feed.service, "Worker on duty"));
    }
    if (!PushAll(nortown, feed.agency, reports)) return false;
  }
  return true;
}

struct Pair {
  double ours = 0;
  double bare = 0;
};

}  // namespace

int Answers(const BenchOptions& options) {
  Report report("answers");
  scenarios::Nortown nortown;
  if (!Populate(&nortown, options.people)) return 1;

  // The asker's own ids, as its case system would have kept them.
  std::vector<std::string> ids;
  size_t answer_bytes = 0;
  for (int n = 0; n < options.people; ++n) {
    if (n % 10 != 0) continue;
    const scenarios::Answered answered = nortown.Ask(
        scenarios::TariqsAdviser(),
        scenarios::AskAboutRecord(&nortown, absl::StrCat("C-", n), v1::PURPOSE_SUPPORT_PLANNING));
    if (!answered.status.ok() || answered.answer.flags_size() != 2 ||
        !answered.answer.unnamed_service_involved()) {
      std::fprintf(stderr, "the population is not as it should be: %s\n",
                   answered.status.error_message().c_str());
      return 1;
    }
    ids.push_back(answered.answer.agency_person_id());
    answer_bytes = answered.answer_bytes.size();
  }

  const absl::StatusOr<std::unique_ptr<BareServer>> bare =
      BareServer::Start(Files("hub/hub"), nortown.folder() + "/bare", answer_bytes);
  if (!bare.ok()) {
    std::fprintf(stderr, "%s\n", bare.status().ToString().c_str());
    return 1;
  }
  const auto run = [&](bool ours, int in_flight) -> double {
    LoadOptions load;
    load.address = ours ? nortown.address() : (*bare)->address();
    load.tls = Files(absl::StrCat("agencies/", kAsker, "/casework"));
    load.assertion =
        nortown.Mint(kAsker, nortown.Claims(scenarios::TariqsAdviser(), kAsker, "casework"));
    load.in_flight = in_flight;
    load.duration = absl::Seconds(options.seconds / kTurns);
    const absl::StatusOr<LoadResult> result = RunLoad(load, [&ids](uint64_t n) {
      v1::WhoKnowsRequest request;
      request.set_request_id(absl::StrCat("bench-", n));
      request.mutable_person()->set_agency_person_id(ids[n * 7919 % ids.size()]);
      request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
      return request;
    });
    if (!result.ok() || result->errors > 0) {
      std::fprintf(stderr, "%s\n",
                   result.ok() ? result->first_error.c_str() : result.status().ToString().c_str());
      return -1;
    }
    std::fprintf(stderr,
                 "  %-5s %3d in flight: %8.0f/s  p50 %6.0f us  p99 %6.0f us  cpu %5.0f us a call\n",
                 ours ? "ours" : "bare", in_flight, result->calls_per_second, result->p50_us,
                 result->p99_us, result->cpu_us_per_call);
    return result->calls_per_second;
  };
  if (options.profile) return run(true, 64) < 0 ? 1 : 0;
  for (const int in_flight : {1, 64, 256}) {
    Pair sum;
    for (int turn = 0; turn < kTurns; ++turn) {
      const double ours = run(true, in_flight);
      const double theirs = run(false, in_flight);
      if (ours < 0 || theirs < 0) return 1;
      sum.ours += ours / kTurns;
      sum.bare += theirs / kTurns;
    }
    report.Ratio(absl::StrCat("bare_ratio_", in_flight), sum.ours, "answers/s", "bare gRPC mTLS",
                 sum.bare);
  }

#ifdef SIGNPOST_HAVE_LIBPQ
  absl::StatusOr<std::unique_ptr<PostgresBaseline>> postgres =
      PostgresBaseline::Start(nortown.folder() + "-postgres", options.people);
  if (!postgres.ok()) {
    report.Skipped("postgres_ratio_64", postgres.status().ToString());
    return 0;
  }
  double theirs = 0;
  double ours = 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    const absl::StatusOr<double> rate =
        (*postgres)->Run(64, absl::Seconds(options.seconds / kTurns));
    if (!rate.ok()) {
      std::fprintf(stderr, "%s\n", rate.status().ToString().c_str());
      return 1;
    }
    theirs += *rate / kTurns;
    const double mine = run(true, 64);
    if (mine < 0) return 1;
    ours += mine / kTurns;
  }
  report.Ratio("postgres_ratio_64", ours, "answers/s", "PostgreSQL 15 function", theirs);
#else
  report.Skipped("postgres_ratio_64", "built without libpq; deploy/install-deps --bench");
#endif
  return 0;
}

}  // namespace signpost::bench
