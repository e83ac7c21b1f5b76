#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "tests/bench/allocations.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/benches.h"
#include "tests/bench/load_client.h"
#include "tests/bench/population.h"
#include "tests/bench/push.h"
#include "tests/bench/report.h"
#include "tests/bench/turns.h"
#ifdef SIGNPOST_HAVE_LIBPQ
#include "tests/bench/postgres_baseline.h"
#endif

namespace signpost::bench {
namespace {

constexpr char kAsker[] = "northern-connexions";
constexpr char kBare[] = "bare gRPC mTLS";
constexpr absl::Duration kWarmUp = absl::Milliseconds(500);

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
    if (!PushAll(nortown, feed.agency, reports, v1::FLAG_OUTCOME_KIND_RECEIVED)) return false;
  }
  return true;
}

// The hub and the bare server, and the clients that call them.
struct Sides {
  scenarios::Nortown* nortown;
  const BareServer* bare;
  std::vector<std::string> ids;  // of persons, as the asker's case system keeps them

  absl::StatusOr<std::unique_ptr<LoadClient>> Connect(bool ours, int in_flight) const {
    LoadOptions load;
    load.address = ours ? nortown->address() : bare->address();
    load.tls = Files(absl::StrCat("agencies/", kAsker, "/casework"));
    load.assertion = [hub = nortown] {
      return hub->Mint(kAsker, hub->Claims(scenarios::TariqsAdviser(), kAsker, "casework"));
    };
    load.in_flight = in_flight;
    return LoadClient::Connect(std::move(load), [this](uint64_t n) {
      v1::WhoKnowsRequest request;
      request.set_request_id(absl::StrCat("bench-", n));
      request.mutable_person()->set_agency_person_id(ids[n * 7919 % ids.size()]);
      request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
      return request;
    });
  }
};

absl::Status AgainstBare(const Sides& sides, int in_flight, absl::Duration each, Report* report) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<LoadClient> hub, sides.Connect(true, in_flight));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<LoadClient> bare,
                            sides.Connect(false, in_flight));
  SIGNPOST_RETURN_IF_ERROR(hub->Run(kWarmUp, kTurn).status());
  SIGNPOST_RETURN_IF_ERROR(bare->Run(kWarmUp, kTurn).status());
  SIGNPOST_ASSIGN_OR_RETURN(const PairedTurns turns,
                            TakeTurns(
                                each, [&hub] { return hub->Run(kTurnWarmUp, kTurn); },
                                [&bare] { return bare->Run(kTurnWarmUp, kTurn); }));
  report->Ratio(absl::StrCat("bare_ratio_", in_flight), turns.ours, "answers/s", kBare,
                turns.theirs, turns.ratio);
  std::fprintf(stderr, "  %3d in flight: p50 %6.0f us, p99 %6.0f us; bare p50 %6.0f us\n",
               in_flight, hub->PercentileUs(50), hub->PercentileUs(99), bare->PercentileUs(50));
  if (in_flight != 64) return absl::OkStatus();
  report->Figure("cpu_us_per_answer", turns.our_cpu_us, "us, client and server");
  report->Ratio("cpu_ratio_64", turns.our_cpu_us, "us", kBare, turns.their_cpu_us, turns.cpu_ratio);
  return absl::OkStatus();
}

absl::Status Allocations(const Sides& sides, absl::Duration each, Report* report) {
  if (!CanCountAllocations()) {
    report->Skipped("allocations_per_answer", "built without tcmalloc");
    return absl::OkStatus();
  }
  const auto count = [&sides, each](bool ours) -> absl::StatusOr<double> {
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<LoadClient> client, sides.Connect(ours, 64));
    double allocations = 0;
    SIGNPOST_ASSIGN_OR_RETURN(const Turn turn,
                              client->Run(kWarmUp, each, &StartCountingAllocations, [&] {
                                allocations = static_cast<double>(StopCountingAllocations());
                              }));
    return allocations / (turn.per_second * absl::ToDoubleSeconds(each));
  };
  SIGNPOST_ASSIGN_OR_RETURN(const double hub, count(true));
  SIGNPOST_ASSIGN_OR_RETURN(const double bare, count(false));
  report->Ratio("allocations_per_answer", hub, "allocations", kBare, bare);
  return absl::OkStatus();
}

absl::Status AgainstPostgres(const Sides& sides, int people, absl::Duration each, Report* report) {
#ifdef SIGNPOST_HAVE_LIBPQ
  absl::StatusOr<std::unique_ptr<PostgresBaseline>> postgres =
      PostgresBaseline::Start(sides.nortown->folder() + "-postgres", people, 64);
  if (!postgres.ok()) {
    report->Skipped("postgres_ratio_64", postgres.status().ToString());
    return absl::OkStatus();
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<LoadClient> hub, sides.Connect(true, 64));
  SIGNPOST_RETURN_IF_ERROR(hub->Run(kWarmUp, kTurn).status());
  SIGNPOST_RETURN_IF_ERROR((*postgres)->Run(kWarmUp, kTurn).status());
  SIGNPOST_ASSIGN_OR_RETURN(const PairedTurns turns,
                            TakeTurns(
                                each, [&hub] { return hub->Run(kTurnWarmUp, kTurn); },
                                [&postgres] { return (*postgres)->Run(kTurnWarmUp, kTurn); }));
  report->Ratio("postgres_ratio_64", turns.ours, "answers/s", "PostgreSQL 15 function",
                turns.theirs, turns.ratio);
#else
  report->Skipped("postgres_ratio_64", "built without libpq; deploy/install-deps --bench");
#endif
  return absl::OkStatus();
}

int Failed(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int Answers(const BenchOptions& options) {
  Report report("answers");
  scenarios::Nortown nortown;
  if (!Populate(&nortown, options.people)) return 1;

  // The asker's own ids, as its case system would have kept them.
  std::vector<std::string> ids;
  size_t answer_bytes = 0;
  for (int n = 0; n < options.people; n += 10) {
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
  if (!bare.ok()) return Failed(bare.status());
  Sides sides{&nortown, bare->get(), std::move(ids)};
  const absl::Duration each = absl::Seconds(options.seconds);
  if (options.profile) {
    const absl::StatusOr<std::unique_ptr<LoadClient>> hub = sides.Connect(true, 64);
    if (!hub.ok()) return Failed(hub.status());
    const absl::StatusOr<Turn> turn = (*hub)->Run(kWarmUp, each);
    if (!turn.ok()) return Failed(turn.status());
    report.Figure("answers_per_s_64", turn->per_second, "answers/s");
    report.Figure("cpu_us_per_answer", turn->cpu_us, "us");
    return 0;
  }
  for (const int in_flight : {1, 64, 256}) {
    if (!options.only.empty() && options.only != absl::StrCat(in_flight)) continue;
    if (absl::Status done = AgainstBare(sides, in_flight, each, &report); !done.ok()) {
      return Failed(done);
    }
  }
  if (absl::Status done = Allocations(sides, each, &report); !done.ok()) return Failed(done);
  if (!options.only.empty()) return 0;
  if (absl::Status done = AgainstPostgres(sides, options.people, each, &report); !done.ok()) {
    return Failed(done);
  }
  return 0;
}

}  // namespace signpost::bench
