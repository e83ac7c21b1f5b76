#include "adapters/kit/push.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

using signpost::v1::FlagOutcome;
using signpost::v1::FlagReport;
using signpost::v1::ReportFlagsRequest;
using signpost::v1::ReportFlagsResponse;

// How long a hub may take to end a stream on which everything has been acknowledged.
constexpr absl::Duration kGoodbyeMax = absl::Seconds(3);
constexpr absl::Duration kReconcileDeadline = absl::Minutes(2);

}  // namespace

std::vector<const FlagRecord*> ChangedRecords(const std::vector<FlagRecord>& records,
                                              const Journal& journal) {
  std::vector<const FlagRecord*> changed;
  for (const FlagRecord& record : records) {
    const JournalEntry* known = journal.Find(record.report.record_id());
    if (known == nullptr || known->content_hash != journal.ContentHash(record.report)) {
      changed.push_back(&record);
    }
  }
  return changed;
}

void KeepKnownAssessments(const Journal& journal, Extract* extract) {
  if (extract->incomplete_kinds().empty()) return;
  for (FlagRecord& record : extract->records()) {
    const JournalEntry* known = journal.Find(record.report.record_id());
    if (known == nullptr) continue;
    for (const signpost::v1::AssessmentPointer& pointer : known->assessments) {
      if (!extract->incomplete_kinds().contains(pointer.kind())) continue;
      const auto& now = record.report.assessments();
      const bool there = std::any_of(now.begin(), now.end(), [&pointer](const auto& other) {
        return other.kind() == pointer.kind() &&
               other.assessed_on().year() == pointer.assessed_on().year() &&
               other.assessed_on().month() == pointer.assessed_on().month() &&
               other.assessed_on().day() == pointer.assessed_on().day();
      });
      if (!there && now.size() < base::kAssessmentsPerFlagMax) {
        *record.report.add_assessments() = pointer;
      }
    }
    SortAssessments(&record.report);
  }
}

void SortAssessments(FlagReport* report) {
  std::sort(report->mutable_assessments()->begin(), report->mutable_assessments()->end(),
            [](const signpost::v1::AssessmentPointer& a, const signpost::v1::AssessmentPointer& b) {
              const auto key = [](const signpost::v1::AssessmentPointer& p) {
                return std::make_tuple(-p.assessed_on().year(), -p.assessed_on().month(),
                                       -p.assessed_on().day(), p.kind());
              };
              return key(a) < key(b);
            });
}

Pusher::Pusher(std::shared_ptr<grpc::ChannelInterface> channel, Journal* journal,
               base::RandomSource* random, PushOptions options, Sleeper sleeper)
    : stub_(signpost::v1::IndexService::NewStub(channel)),
      journal_(journal),
      random_(random),
      options_(std::move(options)),
      sleeper_(std::move(sleeper)) {}

// What the writer, the reader and the watch over both share.
struct Pusher::Stream {
  absl::Mutex mutex;
  // 0 until the hub has opened the stream.
  int window ABSL_GUARDED_BY(mutex) = 0;
  std::map<uint64_t, const FlagRecord*> in_flight ABSL_GUARDED_BY(mutex);
  uint64_t sent ABSL_GUARDED_BY(mutex) = 0;
  bool reader_done ABSL_GUARDED_BY(mutex) = false;
  bool writer_done ABSL_GUARDED_BY(mutex) = false;
  absl::Time progress_at ABSL_GUARDED_BY(mutex) = absl::Now();
  absl::flat_hash_set<const FlagRecord*> acknowledged ABSL_GUARDED_BY(mutex);
};

absl::Status Pusher::Acknowledge(const FlagRecord& record, const FlagOutcome& outcome,
                                 PushSummary* summary) {
  const int kind = outcome.kind();
  if (kind <= signpost::v1::FLAG_OUTCOME_KIND_UNSPECIFIED ||
      kind >= static_cast<int>(summary->by_outcome.size())) {
    return base::Error(base::Reason::kInternal,
                       "the hub answered with an outcome that this adapter does not know; upgrade "
                       "the adapter");
  }
  ++summary->acknowledged;
  ++summary->by_outcome[static_cast<size_t>(kind)];
  if (kind == signpost::v1::FLAG_OUTCOME_KIND_REJECTED) {
    HubRejection rejection{
        &record, base::ReasonName(static_cast<base::Reason>(outcome.reason())), {}};
    for (const signpost::v1::RejectedField& field : outcome.fields()) {
      rejection.fields.push_back({field.field(), field.description()});
    }
    summary->rejections.push_back(std::move(rejection));
    return absl::OkStatus();
  }
  JournalEntry entry;
  entry.content_hash = journal_->ContentHash(record.report);
  entry.outcome = outcome.kind();
  entry.status = record.report.status();
  entry.assessments.assign(record.report.assessments().begin(), record.report.assessments().end());
  SIGNPOST_RETURN_IF_ERROR(journal_->Append(record.report.record_id(), entry));
  if (summary->acknowledged % options_.sync_every == 0) return journal_->Sync();
  return absl::OkStatus();
}

grpc::Status Pusher::RunStream(std::vector<const FlagRecord*>* pending, PushSummary* summary,
                               absl::Status* fatal) {
  grpc::ClientContext context;
  const auto stream = stub_->ReportFlags(&context);
  Stream state;
  ++summary->streams;

  // Three threads for one stream. The reader alone takes acknowledgements, writes the journal and
  // ends the stream for a fault of its own; the writer alone fills the window; this one alone
  // judges silence. Whoever sees the end cancels the call, which frees the others from a read or
  // write that would wait for ever.
  std::thread reader([&] {
    ReportFlagsResponse response;
    while (fatal->ok() && stream->Read(&response)) {
      absl::MutexLock lock(&state.mutex);
      if (response.has_opened()) {
        state.window = std::clamp(response.opened().window(), 1, options_.window);
        state.progress_at = absl::Now();
        continue;
      }
      const FlagOutcome& outcome = response.outcome();
      const auto found = state.in_flight.find(outcome.sequence());
      // Not in flight: acknowledged before, or a number that was never sent. Neither changes
      // anything.
      if (found == state.in_flight.end()) {
        ++summary->acknowledged_twice;
        continue;
      }
      *fatal = Acknowledge(*found->second, outcome, summary);
      if (!fatal->ok()) break;
      state.acknowledged.insert(found->second);
      state.in_flight.erase(found);
      state.progress_at = absl::Now();
    }
    if (!fatal->ok()) context.TryCancel();
    absl::MutexLock lock(&state.mutex);
    state.reader_done = true;
  });

  std::thread writer([&] {
    ReportFlagsRequest request;
    request.mutable_open()->set_feed(options_.feed);
    bool alive = stream->Write(request);
    for (size_t i = 0; alive && i < pending->size(); ++i) {
      grpc::WriteOptions how;
      {
        absl::MutexLock lock(&state.mutex);
        const auto room = [&state]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.mutex) {
          return state.reader_done || static_cast<int>(state.in_flight.size()) < state.window;
        };
        state.mutex.Await(absl::Condition(&room));
        if (state.reader_done) break;
        // Before it is written: its acknowledgement may come back before Write() does.
        state.in_flight[++state.sent] = (*pending)[i];
        // gRPC may keep it for the packet of the next one, but only where that one follows without
        // waiting for the hub.
        const bool room_for_next = static_cast<int>(state.in_flight.size()) < state.window;
        if (i + 1 < pending->size() && room_for_next) how.set_buffer_hint();
      }
      *request.mutable_report() = (*pending)[i]->report;
      request.mutable_report()->set_sequence(i + 1);
      alive = stream->Write(request, how);
    }
    stream->WritesDone();
    absl::MutexLock lock(&state.mutex);
    state.writer_done = true;
  });

  {
    absl::MutexLock lock(&state.mutex);
    const auto done = [&state]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.mutex) {
      return state.reader_done && state.writer_done;
    };
    while (!done()) {
      // With everything acknowledged only the hub's goodbye is waited for, and not for long: there
      // is nothing left to lose.
      const bool all = state.acknowledged.size() == pending->size();
      const absl::Duration silence_max =
          all ? std::min(kGoodbyeMax, options_.silence_max) : options_.silence_max;
      state.mutex.AwaitWithTimeout(absl::Condition(&done),
                                   std::min(silence_max, absl::Milliseconds(200)));
      const bool silent = absl::Now() - state.progress_at >= silence_max;
      if (!done() && silent) {
        context.TryCancel();
        state.mutex.Await(absl::Condition(&done));
      }
    }
  }
  writer.join();
  reader.join();
  grpc::Status status = stream->Finish();
  absl::MutexLock lock(&state.mutex);
  summary->reports_sent += static_cast<int64_t>(state.sent);
  const absl::flat_hash_set<const FlagRecord*>& acknowledged = state.acknowledged;
  pending->erase(std::remove_if(pending->begin(), pending->end(),
                                [&acknowledged](const FlagRecord* record) {
                                  return acknowledged.contains(record);
                                }),
                 pending->end());
  if (pending->empty()) return grpc::Status::OK;
  if (status.ok()) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE,
                        "the hub ended the stream before it had acknowledged every report");
  }
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the hub acknowledged nothing for too long");
  }
  return status;
}

absl::Status Pusher::Push(const std::vector<const FlagRecord*>& records, PushSummary* summary) {
  std::vector<const FlagRecord*> pending = records;
  int fruitless = 0;
  while (!pending.empty()) {
    const int64_t before = summary->acknowledged;
    absl::Status fatal;
    const grpc::Status status = RunStream(&pending, summary, &fatal);
    SIGNPOST_RETURN_IF_ERROR(journal_->Sync());
    if (!fatal.ok()) return fatal;
    if (pending.empty()) break;
    const HubError error = DecodeHubError(status);
    // A stream that brought anything has shown that the hub is there; only a row of streams that
    // brought nothing ends in giving up.
    fruitless = summary->acknowledged > before ? 1 : fruitless + 1;
    if (!error.Retryable() || fruitless >= options_.retry.attempts_max ||
        !sleeper_(RetryDelay(options_.retry, fruitless + 1, error, random_))) {
      return HubErrorToStatus(
          error, absl::StrCat("reporting flags, ", pending.size(), " not acknowledged"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Pusher::ReconcileResult> Pusher::Reconcile(const std::vector<std::string>& open_ids,
                                                          int64_t close_missing) {
  // One id for all attempts: should the answer to the first be lost, the second closes nothing
  // more.
  const std::string request_id = base::HexEncode(random_->Bytes(16));
  signpost::v1::ReconcileResponse response;
  RetryOptions retry = options_.retry;
  // A whole area's list takes longer than one small call.
  retry.call_deadline = std::max(retry.call_deadline, kReconcileDeadline);
  SIGNPOST_RETURN_IF_ERROR(
      CallWithRetry(retry, "comparing lists", random_, sleeper_, [&](grpc::ClientContext* context) {
        response.Clear();
        const auto writer = stub_->Reconcile(context, &response);
        bool alive = true;
        for (size_t at = 0; alive && at < open_ids.size(); at += base::kPageRowsMax) {
          signpost::v1::ReconcileRequest request;
          const size_t end = std::min(open_ids.size(), at + base::kPageRowsMax);
          for (size_t i = at; i < end; ++i) request.add_open_record_ids(open_ids[i]);
          alive = writer->Write(request);
        }
        if (alive) {
          signpost::v1::ReconcileRequest last;
          last.mutable_finish()->set_request_id(request_id);
          last.mutable_finish()->set_close_missing_count(close_missing);
          writer->Write(last);
          writer->WritesDone();
        }
        return writer->Finish();
      }));
  ReconcileResult result;
  result.missing = response.missing_count();
  result.closed = response.closed_count();
  result.unknown.assign(response.unknown_record_ids().begin(), response.unknown_record_ids().end());
  return result;
}

absl::Status CheckMissing(const MissingRule& rule, int64_t missing, int64_t known_open) {
  if (missing == 0 || missing <= rule.confirmed) return absl::OkStatus();
  const double allowed = std::floor(static_cast<double>(known_open) * rule.percent_max / 100.0);
  if (static_cast<double>(missing) <= allowed) return absl::OkStatus();
  return base::Error(
      base::Reason::kInvalidField,
      absl::StrCat(missing, " of ", known_open, " open records are not in this extract; at most ",
                   static_cast<int64_t>(allowed), " (", rule.percent_max,
                   " %) are closed without a person's word. Was the extract cut off? If the cases "
                   "have truly gone, run again with --confirm-missing ",
                   missing),
      {{"extract", "too many open records are missing"}});
}

}  // namespace signpost::adapters
