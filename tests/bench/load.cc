#include <time.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/benches.h"
#include "tests/bench/population.h"
#include "tests/bench/push.h"
#include "tests/bench/report.h"

namespace signpost::bench {
namespace {

struct Feed {
  const char* agency;
  const char* prefix;  // of its own record ids
  const char* service;
};
constexpr Feed kFeeds[] = {{"northern-connexions", "C-", "connexions"},
                           {"nortown-yot", "Y-", "youth-offending"},
                           {"nortown-social-services", "S-", "childrens-social-care"}};
constexpr int kLookedUp = 200;  // people whose flags are looked for afterwards, evenly spread
constexpr absl::Duration kFoundWithin = absl::Seconds(10);

double ProcessCpuUs() {
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return static_cast<double>(cpu.tv_sec) * 1e6 + static_cast<double>(cpu.tv_nsec) / 1e3;
}

// Whether each of the three flags of one person is found by a question of another agency.
bool Found(scenarios::Nortown* nortown, int n) {
  const scenarios::Answered adviser = nortown->Ask(
      scenarios::TariqsAdviser(),
      scenarios::AskAboutRecord(nortown, absl::StrCat("C-", n), v1::PURPOSE_SUPPORT_PLANNING));
  if (adviser.Flag("nortown-yot") == nullptr ||
      adviser.Flag("nortown-social-services") == nullptr) {
    return false;
  }
  const scenarios::Answered officer = nortown->Ask(
      scenarios::YotOfficer(),
      scenarios::AskAboutRecord(nortown, absl::StrCat("Y-", n), v1::PURPOSE_SUPPORT_PLANNING));
  return officer.Flag("northern-connexions") != nullptr;
}

bool FoundWithin(scenarios::Nortown* nortown, int n, absl::Duration within) {
  const absl::Time until = absl::Now() + within;
  while (!Found(nortown, n)) {
    if (absl::Now() > until) {
      std::fprintf(stderr, "person %d: a flag that was acknowledged is not found\n", n);
      return false;
    }
  }
  return true;
}

}  // namespace

bool PushAll(scenarios::Nortown* nortown, const std::string& agency,
             const std::vector<v1::FlagReport>& reports, v1::FlagOutcomeKind kind) {
  grpc::ClientContext context;
  const auto stub = nortown->Index(agency, "adapter");
  const auto stream = stub->ReportFlags(&context);
  v1::ReportFlagsRequest open;
  open.mutable_open()->set_feed("bench");
  if (!stream->Write(open)) return false;
  std::thread writer([&] {
    v1::ReportFlagsRequest request;
    for (size_t i = 0; i < reports.size(); ++i) {
      *request.mutable_report() = reports[i];
      request.mutable_report()->set_sequence(i + 1);
      // As adapters/kit does: what follows at once goes out together.
      grpc::WriteOptions how;
      if (i + 1 < reports.size()) how.set_buffer_hint();
      if (!stream->Write(request, how)) break;
    }
    stream->WritesDone();
  });
  size_t settled = 0;
  v1::ReportFlagsResponse response;
  while (stream->Read(&response)) {
    if (!response.has_outcome()) continue;
    if (response.outcome().kind() == kind) {
      ++settled;
    } else {
      std::fprintf(stderr, "%s: not the outcome that was expected: %s\n", agency.c_str(),
                   response.outcome().ShortDebugString().c_str());
    }
  }
  writer.join();
  const grpc::Status status = stream->Finish();
  if (!status.ok()) std::fprintf(stderr, "the stream broke: %s\n", status.error_message().c_str());
  return status.ok() && settled == reports.size();
}

int Load(const BenchOptions& options) {
  Report report("load");
  scenarios::Nortown nortown;
  std::vector<std::vector<v1::FlagReport>> feeds;
  size_t flags = 0;
  for (const Feed& feed : kFeeds) {
    std::vector<v1::FlagReport>& reports = feeds.emplace_back();
    for (int n = 0; n < options.people; ++n) {
      reports.push_back(scenarios::OpenFlag(absl::StrCat(feed.prefix, n), PersonNumber(n),
                                            feed.service, "Worker on duty"));
    }
    flags += reports.size();
  }
  const auto push = [&](const std::string& which) {
    const absl::Time begun = absl::Now();
    const double cpu_before_us = ProcessCpuUs();
    for (size_t i = 0; i < feeds.size(); ++i) {
      const absl::Time feed_begun = absl::Now();
      if (!PushAll(&nortown, kFeeds[i].agency, feeds[i], v1::FLAG_OUTCOME_KIND_RECEIVED))
        return false;
      std::fprintf(
          stderr, "  %-24s %8.0f flags/s\n", kFeeds[i].agency,
          static_cast<double>(feeds[i].size()) / absl::ToDoubleSeconds(absl::Now() - feed_begun));
    }
    // The clock stops when the last flags are found.
    if (!FoundWithin(&nortown, options.people - 1, kFoundWithin)) return false;
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
    report.Figure("flags_per_s_" + which, static_cast<double>(flags) / seconds, "flags/s");
    report.Figure("cpu_us_per_flag_" + which,
                  (ProcessCpuUs() - cpu_before_us) / static_cast<double>(flags),
                  "us, client and server");
    return true;
  };
  if (!push("new")) return 1;
  for (int n = 0; n < options.people; n += std::max(1, options.people / kLookedUp)) {
    if (!FoundWithin(&nortown, n, absl::ZeroDuration())) return 1;
  }
  return push("unchanged") ? 0 : 1;
}

}  // namespace signpost::bench
