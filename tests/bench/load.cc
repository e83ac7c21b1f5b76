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

bool PushAll(scenarios::Nortown* nortown, const std::string& agency,
             const std::vector<v1::FlagReport>& reports) {
  grpc::ClientContext context;
  const auto stub = nortown->Index(agency, "adapter");
  const auto stream = stub->ReportFlags(&context);
  v1::ReportFlagsRequest open;
  open.mutable_open()->set_feed("bench");
  if (!stream->Write(open)) return false;
  std::thread writer([&] {
    v1::ReportFlagsRequest request;
    uint64_t sequence = 0;
    for (const v1::FlagReport& report : reports) {
      *request.mutable_report() = report;
      request.mutable_report()->set_sequence(++sequence);
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  });
  size_t settled = 0;
  v1::ReportFlagsResponse response;
  while (stream->Read(&response)) {
    if (!response.has_outcome()) continue;
    if (response.outcome().kind() == v1::FLAG_OUTCOME_KIND_REJECTED) {
      std::fprintf(stderr, "rejected: %s\n", response.outcome().ShortDebugString().c_str());
    } else {
      ++settled;
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
  std::vector<v1::FlagReport> reports;
  for (int n = 0; n < options.people; ++n) {
    reports.push_back(scenarios::OpenFlag(absl::StrCat("C-", n), PersonNumber(n), "connexions",
                                          "Adviser on duty"));
  }
  for (const char* figure : {"flags_per_s_new", "flags_per_s_unchanged"}) {
    const absl::Time begun = absl::Now();
    if (!PushAll(&nortown, "northern-connexions", reports)) return 1;
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
    report.Figure(figure, static_cast<double>(reports.size()) / seconds, "flags/s");
  }
  return 0;
}

}  // namespace signpost::bench
