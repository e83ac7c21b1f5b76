// Whether the time of an answer says what the answer does not: who is hidden from the asker and who
// is not there at all are asked about in turns, and so are reports of somebody whom another agency
// knows and of somebody new.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hub/base/ids.h"
#include "hub/base/random.h"
#include "hub/ledger/read_set.h"
#include "tests/bench/benches.h"
#include "tests/bench/population.h"
#include "tests/bench/push.h"
#include "tests/bench/report.h"

namespace signpost::bench {
namespace {

constexpr char kAsker[] = "nortown-housing";
constexpr char kHolder[] = "nortown-drugs-advice";
constexpr char kReporter[] = "nortown-yot";
constexpr absl::Duration kStep = absl::Milliseconds(10);

// Times of one kind, and of the other.
struct Times {
  std::vector<double> one_us;
  std::vector<double> other_us;
};

// Mann-Whitney's U as a z-score, ties given their middle rank: how far the times of one kind lie
// above those of the other, in standard deviations of what chance alone does. Beyond 3 or -3 somebody
// who asks often enough can tell them apart.
double RankZ(const Times& times) {
  std::vector<std::pair<double, bool>> all;
  for (const double us : times.one_us) all.emplace_back(us, true);
  for (const double us : times.other_us) all.emplace_back(us, false);
  std::sort(all.begin(), all.end());
  double ranks = 0;
  double ties = 0;
  for (size_t i = 0; i < all.size();) {
    size_t j = i;
    while (j < all.size() && all[j].first == all[i].first) ++j;
    const double rank = (static_cast<double>(i + j) + 1) / 2;
    const double count = static_cast<double>(j - i);
    for (size_t k = i; k < j; ++k) ranks += all[k].second ? rank : 0;
    ties += count * count * count - count;
    i = j;
  }
  const double n = static_cast<double>(times.one_us.size());
  const double m = static_cast<double>(times.other_us.size());
  const double variance = n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1)));
  if (variance <= 0) return 0;
  return (ranks - n * (n + 1) / 2 - n * m / 2) / std::sqrt(variance);
}

// The same of nothing but in which step an answer came: which side of a step's end the hub's work
// ended on is what the step leaves to be seen.
double StepZ(Times times) {
  for (std::vector<double>* const side : {&times.one_us, &times.other_us}) {
    for (double& us : *side) us = std::floor(us / absl::ToDoubleMicroseconds(kStep));
  }
  return RankZ(times);
}

double MicrosOf(const std::function<bool()>& call, bool* good) {
  const absl::Time begun = absl::Now();
  *good = call() && *good;
  return absl::ToDoubleMicroseconds(absl::Now() - begun);
}

// `count` of each, in turns, which of the two first by the toss of a coin.
Times InTurns(int count, const std::function<bool(int)>& one, const std::function<bool(int)>& other,
              bool* good) {
  base::OsRandom random;
  Times times;
  for (int n = 0; n < count; ++n) {
    const bool first = random.Number() % 2 == 0;
    for (const bool turn : {first, !first}) {
      const double us = MicrosOf([&] { return turn ? one(n) : other(n); }, good);
      (turn ? times.one_us : times.other_us).push_back(us);
    }
  }
  return times;
}

class Secrecy {
 public:
  Secrecy(absl::Duration step, int people) : people_(people), nortown_(Setup(step)) {}

  // Everybody has one flag of a sensitive service; the second half has six.
  bool Populate() {
    std::vector<v1::FlagReport> reports;
    for (int n = 0; n < 2 * people_; ++n) {
      const int flags = n < people_ ? 1 : 6;
      for (int i = 0; i < flags; ++i) {
        reports.push_back(scenarios::OpenFlag(absl::StrCat("D-", n, "-", i), PersonNumber(n),
                                              "substance-misuse", "Worker on duty"));
      }
    }
    if (!PushAll(&nortown_, kHolder, reports, v1::FLAG_OUTCOME_KIND_RECEIVED)) return false;
    const request::HubContext& context = nortown_.hub().context();
    base::OsRandom random;
    const auto held = context.store->NewView();
    const ledger::GuardedView view(held->get());
    for (int n = 0; n < 2 * people_; ++n) {
      const auto state =
          context.people->LookupLocalRecord(view, kHolder, absl::StrCat("D-", n, "-0"));
      if (!state.ok()) return false;
      hidden_.push_back(*context.agency_ids->Encode(kAsker, state->known_as));
      absent_.push_back(*context.agency_ids->Encode(kAsker, base::PersonId::New(&random)));
    }
    return true;
  }

  Times WhoKnows(bool with_six, bool* good) {
    const auto ask = [&](const std::string& id) {
      v1::WhoKnowsRequest request;
      request.set_request_id(nortown_.RequestId());
      request.mutable_person()->set_agency_person_id(id);
      request.set_purpose(v1::PURPOSE_HOUSING);
      v1::WhoKnowsResponse response;
      const auto context = nortown_.ContextOf(scenarios::HousingOfficer(), v1::PURPOSE_HOUSING);
      const grpc::Status status = index_->WhoKnows(context.get(), request, &response);
      if (size_ == 0) size_ = response.answer().size();
      return status.ok() && response.answer().size() == size_;
    };
    const size_t from = with_six ? static_cast<size_t>(people_) : 0;
    return InTurns(
        people_, [&](int n) { return ask(hidden_[from + static_cast<size_t>(n)]); },
        [&](int n) { return ask(absent_[from + static_cast<size_t>(n)]); }, good);
  }

  Times Find(bool* good) {
    const auto ask = [&](const std::string& id) {
      v1::FindRequest request;
      request.set_request_id(nortown_.RequestId());
      request.mutable_person()->set_agency_person_id(id);
      request.set_purpose(v1::PURPOSE_HOUSING);
      v1::FindResponse response;
      const auto context = nortown_.ContextOf(scenarios::HousingOfficer(), v1::PURPOSE_HOUSING);
      return index_->Find(context.get(), request, &response).error_code() ==
             grpc::StatusCode::NOT_FOUND;
    };
    return InTurns(
        people_, [&](int n) { return ask(hidden_[static_cast<size_t>(n)]); },
        [&](int n) { return ask(absent_[static_cast<size_t>(n)]); }, good);
  }

  // The first report of somebody whom the holder knows, and of somebody whom nobody does.
  Times Reports(bool* good) {
    grpc::ClientContext context;
    const auto stub = nortown_.Index(kReporter, "adapter");
    const auto stream = stub->ReportFlags(&context);
    v1::ReportFlagsRequest request;
    v1::ReportFlagsResponse response;
    request.mutable_open()->set_feed("secrecy");
    *good = stream->Write(request) && stream->Read(&response) && *good;
    uint64_t sequence = 0;
    const auto report = [&](const std::string& record_id, int person) {
      *request.mutable_report() =
          scenarios::OpenFlag(record_id, PersonNumber(person), "youth-offending", "Worker on duty");
      request.mutable_report()->set_sequence(++sequence);
      return stream->Write(request) && stream->Read(&response) && response.has_outcome() &&
             response.outcome().kind() != v1::FLAG_OUTCOME_KIND_REJECTED;
    };
    Times times = InTurns(
        people_, [&](int n) { return report(absl::StrCat("K-", n), n); },
        [&](int n) { return report(absl::StrCat("N-", n), 4 * people_ + n); }, good);
    stream->WritesDone();
    while (stream->Read(&response)) {
    }
    *good = stream->Finish().ok() && *good;
    return times;
  }

 private:
  static scenarios::Nortown::Setup Setup(absl::Duration step) {
    scenarios::Nortown::Setup setup;
    setup.change = [step](app::HubConfig* config) { config->release_step = step; };
    return setup;
  }

  const int people_;
  scenarios::Nortown nortown_;
  const std::unique_ptr<v1::IndexService::Stub> index_ = nortown_.Index(kAsker);
  std::vector<std::string> hidden_;
  std::vector<std::string> absent_;
  size_t size_ = 0;  // of every answer
};

void Tell(const std::string& figure, const Times& times, Report* report) {
  report->Figure(absl::StrCat(figure, "_z"), RankZ(times), "standard deviations");
  report->Figure(absl::StrCat(figure, "_step_z"), StepZ(times), "standard deviations");
}

}  // namespace

int MeasureSecrecy(const BenchOptions& options) {
  Report report("secrecy");
  bool good = true;
  {
    Secrecy held(kStep, options.people);
    if (!held.Populate()) return 1;
    Tell("whoknows", held.WhoKnows(false, &good), &report);
    Tell("whoknows6", held.WhoKnows(true, &good), &report);
    Tell("find", held.Find(&good), &report);
    Tell("report", held.Reports(&good), &report);
  }
  // Without a step the same instrument must tell them apart, or it measures nothing.
  Secrecy open(absl::ZeroDuration(), options.people);
  if (!open.Populate()) return 1;
  report.Figure("control_whoknows6_z", RankZ(open.WhoKnows(true, &good)), "standard deviations");
  report.Figure("control_report_z", RankZ(open.Reports(&good)), "standard deviations");
  if (good) return 0;
  std::fprintf(stderr, "an answer was not as it should be: nothing measured counts\n");
  return 1;
}

}  // namespace signpost::bench
