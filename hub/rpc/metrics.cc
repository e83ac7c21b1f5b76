#include "hub/rpc/metrics.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "hub/rpc/method_table.h"

namespace signpost::rpc {
namespace {

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}});
}

std::string Named(const std::string& name, const std::string& labels) {
  return labels.empty() ? name : absl::StrCat(name, "{", labels, "}");
}

std::string With(const std::string& labels, const std::string& more) {
  return labels.empty() ? more : absl::StrCat(labels, ",", more);
}

constexpr const char* kCodeNames[] = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace

void Histogram::Observe(absl::Duration duration) {
  const double seconds = absl::ToDoubleSeconds(duration);
  const size_t bucket =
      static_cast<size_t>(std::lower_bound(kBoundsSeconds.begin(), kBoundsSeconds.end(), seconds) -
                          kBoundsSeconds.begin());
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(
      static_cast<uint64_t>(std::max<int64_t>(0, absl::ToInt64Microseconds(duration))),
      std::memory_order_relaxed);
}

uint64_t Histogram::count() const {
  uint64_t count = 0;
  for (const auto& bucket : buckets_) count += bucket.load(std::memory_order_relaxed);
  return count;
}

Metrics::Series* Metrics::AddSeries(const std::string& name, const std::string& help,
                                    const Labels& labels) {
  auto series = std::make_unique<Series>();
  series->name = name;
  series->help = help;
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels) {
    parts.push_back(absl::StrCat(key, "=\"", Escaped(value), "\""));
  }
  series->labels = absl::StrJoin(parts, ",");
  return series_.emplace_back(std::move(series)).get();
}

Counter* Metrics::AddCounter(const std::string& name, const std::string& help, Labels labels) {
  absl::MutexLock lock(&mutex_);
  Series* series = AddSeries(name, help, labels);
  series->counter = std::make_unique<Counter>();
  return series->counter.get();
}

Histogram* Metrics::AddHistogram(const std::string& name, const std::string& help, Labels labels) {
  absl::MutexLock lock(&mutex_);
  Series* series = AddSeries(name, help, labels);
  series->histogram = std::make_unique<Histogram>();
  return series->histogram.get();
}

void Metrics::AddGauge(const std::string& name, const std::string& help,
                       std::function<double()> read, Labels labels) {
  absl::MutexLock lock(&mutex_);
  AddSeries(name, help, labels)->gauge = std::move(read);
}

std::string Metrics::Text() const {
  // A gauge's reader may take a while or add a series; the lock covers only the list.
  std::vector<const Series*> all;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& series : series_) all.push_back(series.get());
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Series* a, const Series* b) { return a->name < b->name; });
  std::string text;
  std::string announced;
  for (const Series* series : all) {
    if (series->histogram != nullptr && series->histogram->count() == 0) continue;
    if (series->name != announced) {
      const char* type = series->counter != nullptr     ? "counter"
                         : series->histogram != nullptr ? "histogram"
                                                        : "gauge";
      absl::StrAppend(&text, "# HELP ", series->name, " ", series->help, "\n# TYPE ", series->name,
                      " ", type, "\n");
      announced = series->name;
    }
    if (series->counter != nullptr) {
      absl::StrAppend(&text, Named(series->name, series->labels), " ", series->counter->value(),
                      "\n");
    } else if (series->histogram != nullptr) {
      uint64_t below = 0;
      const Histogram& histogram = *series->histogram;
      for (size_t i = 0; i < histogram.buckets_.size(); ++i) {
        below += histogram.buckets_[i].load(std::memory_order_relaxed);
        const std::string bound = i < Histogram::kBoundsSeconds.size()
                                      ? absl::StrCat(Histogram::kBoundsSeconds[i])
                                      : "+Inf";
        absl::StrAppend(&text,
                        Named(series->name + "_bucket",
                              With(series->labels, absl::StrCat("le=\"", bound, "\""))),
                        " ", below, "\n");
      }
      absl::StrAppend(&text, Named(series->name + "_sum", series->labels), " ",
                      static_cast<double>(histogram.sum_us_.load(std::memory_order_relaxed)) / 1e6,
                      "\n", Named(series->name + "_count", series->labels), " ", below, "\n");
    } else {
      absl::StrAppend(&text, Named(series->name, series->labels), " ", series->gauge(), "\n");
    }
  }
  return text;
}

const char* GrpcCodeName(grpc::StatusCode code) {
  const size_t number = static_cast<size_t>(code);
  return number < std::size(kCodeNames) ? kCodeNames[number] : "UNKNOWN";
}

CallMetrics::CallMetrics(Metrics* metrics) {
  for (const MethodRow& row : AllMethods()) {
    const absl::string_view name = absl::string_view(row.full_method).substr(1);
    std::array<Histogram*, kCodes> by_code;
    for (size_t code = 0; code < kCodes; ++code) {
      by_code[code] = metrics->AddHistogram(
          "grpc_server_call_duration_seconds",
          "How long calls took, from when they came in to when they were answered.",
          {{"grpc_method", std::string(name)}, {"grpc_status", kCodeNames[code]}});
    }
    histograms_.push_back(by_code);
  }
}

void CallMetrics::Observe(size_t method_index, grpc::StatusCode code, absl::Duration duration) {
  size_t number = static_cast<size_t>(code);
  if (number >= kCodes) number = static_cast<size_t>(grpc::StatusCode::UNKNOWN);
  histograms_[method_index][number]->Observe(duration);
}

}  // namespace signpost::rpc
