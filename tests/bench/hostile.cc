// What one hostile certificate can do to others: while one agency's system sends lists without end,
// reports one young person again and again, invents look-alikes, and leaves streams idle or unread,
// another agency asks, and a social worker overrides for that young person.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hub/base/error.h"
#include "hub/rpc/errors.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/benches.h"
#include "tests/bench/load_client.h"
#include "tests/bench/population.h"
#include "tests/bench/push.h"
#include "tests/bench/report.h"

namespace signpost::bench {
namespace {

constexpr char kHostile[] = "northern-connexions";
constexpr char kAsker[] = "nortown-yot";
constexpr int kInFlight = 16;
constexpr int kReportStreams = 7;
constexpr int kRecordsEach = 8;  // of the one young person
constexpr int kListThreads = 4;
constexpr int kIdsEachList = 100'000;
constexpr int kIdleStreams = 16;  // with the others nearly all that a system may have open
constexpr int kUnreadStreams = 4;
constexpr int kOverrides = 200;
constexpr absl::Duration kWarmUp = absl::Milliseconds(500);

// Of this process, in bytes: hub and clients.
double ResidentBytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  long long size = 0;
  long long resident = 0;
  const int read = std::fscanf(file, "%lld %lld", &size, &resident);
  (void)std::fclose(file);
  return read == 2 ? static_cast<double>(resident) * 4096 : 0;
}

TlsFiles Files(const std::string& stem) {
  const std::string& authority = scenarios::Nortown::Authority();
  return {scenarios::ReadFile(authority + "/ca.pem"),
          scenarios::ReadFile(authority + "/" + stem + ".pem"),
          scenarios::ReadFile(authority + "/" + stem + ".key")};
}

// Everything that the hostile system does, each thing over and over on a thread of its own, until it
// goes.
class Attack {
 public:
  explicit Attack(scenarios::Nortown* nortown) : nortown_(nortown) {
    for (int i = 0; i < kReportStreams; ++i) {
      Begin([this, i] { ReportAgain(i); });
    }
    Begin([this] { InventLookAlikes(); });
    for (int i = 0; i < kListThreads; ++i) {
      Begin([this] { SendLists(); });
    }
    Begin([this] { LeaveStreamsIdle(); });
  }
  ~Attack() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;

  void Tell() const {
    std::fprintf(stderr, "  the attack: %lld reports, %lld lists, %lld streams refused\n",
                 static_cast<long long>(reports_), static_cast<long long>(lists_),
                 static_cast<long long>(refused_));
  }

 private:
  void Begin(std::function<void()> what) {
    threads_.emplace_back([this, what = std::move(what)] {
      while (!stopping_) what();
    });
  }
  void Refused() {
    ++refused_;
    absl::SleepFor(absl::Milliseconds(20));  // else it is this process that is slowed
  }

  // One stream of as many reports as its window takes; `make` makes the n-th.
  void Stream(const std::function<v1::FlagReport(int n)>& make) {
    const auto stub = nortown_->Index(kHostile, "adapter");
    grpc::ClientContext context;
    const auto stream = stub->ReportFlags(&context);
    v1::ReportFlagsRequest request;
    v1::ReportFlagsResponse response;
    request.mutable_open()->set_feed("hostile");
    if (!stream->Write(request) || !stream->Read(&response)) {
      stream->Finish();
      return Refused();
    }
    std::atomic<bool> broken = false;
    std::thread reader([&] {
      v1::ReportFlagsResponse outcome;
      while (stream->Read(&outcome)) ++reports_;
      broken = true;
    });
    for (int n = 0; n < 2000 && !stopping_ && !broken; ++n) {
      *request.mutable_report() = make(n);
      request.mutable_report()->set_sequence(static_cast<uint64_t>(n) + 1);
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    reader.join();
    if (!stream->Finish().ok()) Refused();
  }

  void ReportAgain(int stream) {
    Stream([this, stream](int n) {
      return scenarios::OpenFlag(absl::StrCat("again-", stream, "-", n % kRecordsEach),
                                 PersonNumber(0), "connexions",
                                 absl::StrCat("Worker ", ++distinct_));
    });
  }

  void InventLookAlikes() {
    Stream([this](int /*n*/) {
      scenarios::Known known = PersonNumber(0);
      const int invented = static_cast<int>(++distinct_);
      known.year = 2006 + invented % 8;
      known.day = 1 + invented % 28;
      return scenarios::OpenFlag(absl::StrCat("like-", invented), known, "connexions", "Worker");
    });
  }

  void SendLists() {
    const auto stub = nortown_->Index(kHostile, "adapter");
    grpc::ClientContext context;
    v1::ReconcileResponse response;
    const auto stream = stub->Reconcile(&context, &response);
    v1::ReconcileRequest request;
    bool good = true;
    for (int sent = 0; sent < kIdsEachList && good && !stopping_;) {
      request.clear_open_record_ids();
      for (int i = 0; i < 1000; ++i) request.add_open_record_ids(absl::StrCat("list-", sent++));
      good = stream->Write(request);
    }
    request.clear_open_record_ids();
    request.mutable_finish()->set_request_id(nortown_->RequestId());
    if (good) stream->Write(request);
    stream->WritesDone();
    if (stream->Finish().ok()) {
      ++lists_;
    } else {
      Refused();
    }
  }

  // Some say nothing, some write and never read.
  void LeaveStreamsIdle() {
    struct Left {
      std::unique_ptr<v1::IndexService::Stub> stub;
      grpc::ClientContext context;
      std::unique_ptr<grpc::ClientReaderWriter<v1::ReportFlagsRequest, v1::ReportFlagsResponse>>
          stream;
    };
    std::vector<std::unique_ptr<Left>> all;
    for (int i = 0; i < kIdleStreams && !stopping_; ++i) {
      auto left = std::make_unique<Left>();
      left->stub = nortown_->Index(kHostile, "adapter");
      left->stream = left->stub->ReportFlags(&left->context);
      if (i < kUnreadStreams) {
        v1::ReportFlagsRequest request;
        request.mutable_open()->set_feed("hostile");
        left->stream->Write(request);
        for (int n = 1; n < 100; ++n) {
          *request.mutable_report() = scenarios::OpenFlag(absl::StrCat("unread-", i, "-", n),
                                                          PersonNumber(n), "connexions", "Worker");
          request.mutable_report()->set_sequence(static_cast<uint64_t>(n));
          if (!left->stream->Write(request)) break;
        }
      }
      all.push_back(std::move(left));
    }
    for (int i = 0; i < 50 && !stopping_; ++i) absl::SleepFor(absl::Milliseconds(20));
    for (const auto& left : all) {
      left->context.TryCancel();
      v1::ReportFlagsResponse response;
      while (left->stream->Read(&response)) {
      }
      left->stream->Finish();
    }
  }

  scenarios::Nortown* const nortown_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> distinct_ = 0;
  std::atomic<int64_t> reports_ = 0;
  std::atomic<int64_t> lists_ = 0;
  std::atomic<int64_t> refused_ = 0;
  std::vector<std::thread> threads_;
};

// Those of `count` overrides for the young person that failed because others wrote meanwhile; -1 when
// one failed for another reason.
int AbortedOverrides(scenarios::Nortown* nortown, int count) {
  int aborted = 0;
  for (int i = 0; i < count; ++i) {
    v1::WhoKnowsRequest request =
        scenarios::AskAboutRecord(nortown, "S-0", v1::PURPOSE_SAFEGUARDING);
    request.mutable_override()->set_ground(v1::OVERRIDE_GROUND_VITAL_INTERESTS);
    request.mutable_override()->set_reason("Missing for six days, seen in a drugged state.");
    const scenarios::Answered answered = nortown->Ask(scenarios::SocialWorker(), request);
    if (answered.status.ok()) continue;
    if (rpc::ReasonOnWire(answered.status) != base::Reason::kAborted) {
      std::fprintf(stderr, "an override failed: %s\n", answered.status.error_message().c_str());
      return -1;
    }
    ++aborted;
  }
  return aborted;
}

}  // namespace

int MeasureHostile(const BenchOptions& options) {
  Report report("hostile");
  scenarios::Nortown nortown;
  const std::pair<const char*, const char*> feeds[] = {
      {kAsker, "youth-offending"}, {"nortown-social-services", "childrens-social-care"}};
  for (const auto& [agency, service] : feeds) {
    std::vector<v1::FlagReport> reports;
    const char* const prefix = std::strcmp(agency, kAsker) == 0 ? "Y-" : "S-";
    for (int n = 0; n < options.people; ++n) {
      reports.push_back(
          scenarios::OpenFlag(absl::StrCat(prefix, n), PersonNumber(n), service, "Worker on duty"));
    }
    if (!PushAll(&nortown, agency, reports, v1::FLAG_OUTCOME_KIND_RECEIVED)) return 1;
  }
  const auto connect = [&] {
    LoadOptions load;
    load.address = nortown.address();
    load.tls = Files(absl::StrCat("agencies/", kAsker, "/casework"));
    load.assertion = [&nortown] {
      return nortown.Mint(kAsker, nortown.Claims(scenarios::YotOfficer(), kAsker, "casework"));
    };
    load.in_flight = kInFlight;
    return LoadClient::Connect(std::move(load), [&](uint64_t n) {
      return scenarios::AskAboutRecord(
          &nortown, absl::StrCat("Y-", n * 7919 % static_cast<uint64_t>(options.people)),
          v1::PURPOSE_SUPPORT_PLANNING);
    });
  };
  const auto quiet = connect();
  const auto attacked = connect();
  if (!quiet.ok() || !attacked.ok()) return 1;
  const absl::Duration each = absl::Seconds(options.seconds);
  if (!(*quiet)->Run(kWarmUp, each).ok()) return 1;
  const double quiet_bytes = ResidentBytes();
  double most_bytes = 0;
  int aborted = 0;
  {
    const Attack attack(&nortown);
    std::atomic<bool> measuring = true;
    std::thread watch([&] {
      for (; measuring; absl::SleepFor(absl::Milliseconds(10))) {
        most_bytes = std::max(most_bytes, ResidentBytes());
      }
    });
    const auto turn = (*attacked)->Run(kWarmUp, each);
    // As many as a short run has time for.
    const int overrides = options.seconds < 5 ? kOverrides / 10 : kOverrides;
    if (turn.ok()) aborted = AbortedOverrides(&nortown, overrides);
    measuring = false;
    watch.join();
    attack.Tell();
    if (!turn.ok()) {
      std::fprintf(stderr, "hostile: %s\n", turn.status().ToString().c_str());
      return 1;
    }
  }
  if (aborted < 0) return 1;
  report.Ratio("others_p99_us", (*attacked)->PercentileUs(99), "us", "quiet",
               (*quiet)->PercentileUs(99));
  report.Figure("overrides_aborted", aborted, "overrides");
  report.Ratio("resident_bytes", most_bytes, "bytes, hub and clients", "quiet", quiet_bytes);
  return 0;
}

}  // namespace signpost::bench
