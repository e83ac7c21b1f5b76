#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "hub/api/services.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/disclosure/answers.h"
#include "hub/intake/intake.h"
#include "signpost/v1/index.grpc.pb.h"

namespace signpost::api {
namespace {

// One report stream: reports in, outcomes out, at most kReportWindow in between. Reports of one
// record are taken one after another, others side by side.
class ReportStream final : public rpc::BidiStream<v1::ReportFlagsRequest, v1::ReportFlagsResponse> {
 public:
  explicit ReportStream(intake::Intake* intake) : intake_(intake) {}

 private:
  void OnOpen() override {
    ReadAhead(base::kReportWindow);
    Read();
  }

  void OnMessage(v1::ReportFlagsRequest message) override {
    if (absl::Status status = calls().guard->Recheck(caller()); !status.ok()) {
      return Close(std::move(status));
    }
    if (!opened_) {
      if (!message.has_open() || message.open().feed().empty() ||
          message.open().feed().size() > base::kRequestIdBytesMax) {
        return Close(base::InvalidField("open.feed",
                                        "the first message opens the stream and names the feed"));
      }
      opened_ = true;
      v1::ReportFlagsResponse response;
      response.mutable_opened()->set_window(base::kReportWindow);
      WriteAnswer(arrived(), std::move(response));
      return Read();
    }
    if (!message.has_report()) {
      return Close(base::InvalidField("report", "every message after the first is a report"));
    }
    const uint64_t sequence = message.report().sequence();
    if (sequence != last_sequence_ + 1) {
      return Close(
          base::Error(base::Reason::kSequenceGap,
                      absl::StrCat("expected report ", last_sequence_ + 1, ", got ", sequence,
                                   "; open a stream and send again what was not "
                                   "acknowledged")));
    }
    last_sequence_ = sequence;
    held_ = std::move(*message.mutable_report());
    held_since_ = arrived();
    holding_ = true;
    GoOn();
  }

  // Takes the report in hand when its record is free, and asks for the next when there is room.
  void GoOn() {
    if (holding_ && !records_.contains(held_.record_id())) {
      holding_ = false;
      records_.insert(held_.record_id());
      // Reading, hashing and sealing take the longest: beside the strand, so that reports of
      // several records are prepared at once. Where the executor has no room for more, it is done
      // here, and the client waits.
      auto report = std::make_shared<v1::FlagReport>(std::move(held_));
      auto take = [self = Ref<ReportStream>(), report, since = held_since_] {
        self->Take(since, std::move(*report));
      };
      if (!calls().executor->Run(take)) take();
    }
    // What is held back counts: a report is asked for when an outcome has left, and so when it comes
    // does not say when the one before was done.
    const bool room = records_.size() < static_cast<size_t>(base::kReportWindow) &&
                      writes_waiting() < base::kReportWindow;
    if (!holding_ && room && !ended_) Read();
    if (ended_ && !holding_ && records_.empty()) Close(absl::OkStatus());
  }

  // On any thread.
  void Take(absl::Time since, v1::FlagReport report) {
    const std::string record_id = report.record_id();
    intake_->Report(
        caller(), std::move(report),
        [self = Ref<ReportStream>(), record_id, since](absl::StatusOr<v1::FlagOutcome> outcome) {
          self->Post([self = self.get(), record_id, since, outcome = std::move(outcome)]() mutable {
            self->OnOutcome(record_id, since, std::move(outcome));
          });
        });
  }

  void OnOutcome(const std::string& record_id, absl::Time since,
                 absl::StatusOr<v1::FlagOutcome> outcome) {
    records_.erase(record_id);
    if (!outcome.ok()) return CloseAnswer(since, std::move(outcome).status());
    v1::ReportFlagsResponse response;
    *response.mutable_outcome() = *std::move(outcome);
    WriteAnswer(since, std::move(response));
    GoOn();
  }

  void OnWritten() override {
    if (opened_) GoOn();
  }
  void OnReadEnd() override {
    ended_ = true;
    GoOn();
  }
  void OnClosed() override {}

  intake::Intake* const intake_;
  bool opened_ = false;
  bool ended_ = false;
  bool holding_ = false;
  uint64_t last_sequence_ = 0;
  v1::FlagReport held_;
  absl::Time held_since_;
  absl::flat_hash_set<std::string> records_;  // in hand
};

// The whole list is gathered, then compared: nothing is closed on half a list.
class ReconcileStream final : public rpc::ReadStream<v1::ReconcileRequest, v1::ReconcileResponse> {
 public:
  ReconcileStream(intake::Intake* intake, v1::ReconcileResponse* response)
      : ReadStream(response), intake_(intake) {}

 private:
  void OnOpen() override {
    absl::StatusOr<std::unique_ptr<intake::OpenList>> list = intake_->BeginList(caller());
    if (!list.ok()) return Close(std::move(list).status());
    list_ = *std::move(list);
    Read();
  }

  void OnMessage(v1::ReconcileRequest message) override {
    if (finishing_) return Close(base::InvalidField("finish", "nothing comes after it"));
    if (message.open_record_ids_size() > base::kPageRowsMax) {
      return Close(base::InvalidField("open_record_ids", "at most 1,000 a message"));
    }
    absl::Status added = list_->Add(message.open_record_ids());
    if (!added.ok()) return Close(std::move(added));
    if (!message.has_finish()) return Read();
    finishing_ = true;
    intake_->Reconcile(
        caller(), std::move(list_), message.finish(),
        [self = Ref<ReconcileStream>(),
         since = arrived()](absl::StatusOr<v1::ReconcileResponse> response) {
          self->Post([self = self.get(), since, response = std::move(response)]() mutable {
            if (!response.ok()) return self->CloseAnswer(since, std::move(response).status());
            self->Answer(since, *std::move(response));
          });
        });
  }

  void OnReadEnd() override {
    if (!finishing_) {
      Close(base::InvalidField("finish", "the list ended without it; nothing was compared"));
    }
  }

  intake::Intake* const intake_;
  std::unique_ptr<intake::OpenList> list_;
  bool finishing_ = false;
};

class IndexService final : public v1::IndexService::CallbackService {
 public:
  explicit IndexService(const ApiContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* Find(grpc::CallbackServerContext* context,
                                 const v1::FindRequest* request,
                                 v1::FindResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.IndexService/Find");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [answers = context_.answers](const base::Principal& caller, const v1::FindRequest& find,
                                     rpc::Reply<v1::FindResponse> reply) {
          answers->Find(caller, find, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* WhoKnows(grpc::CallbackServerContext* context,
                                     const v1::WhoKnowsRequest* request,
                                     v1::WhoKnowsResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.IndexService/WhoKnows");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [answers = context_.answers](const base::Principal& caller,
                                                      const v1::WhoKnowsRequest& question,
                                                      rpc::Reply<v1::WhoKnowsResponse> reply) {
                           answers->WhoKnows(caller, question, std::move(reply));
                         });
  }

  grpc::ServerBidiReactor<v1::ReportFlagsRequest, v1::ReportFlagsResponse>* ReportFlags(
      grpc::CallbackServerContext* context) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.IndexService/ReportFlags");
    return StartStream<ReportStream>(context, *context_.calls, row, context_.intake);
  }

  grpc::ServerReadReactor<v1::ReconcileRequest>* Reconcile(
      grpc::CallbackServerContext* context, v1::ReconcileResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.IndexService/Reconcile");
    return StartStream<ReconcileStream>(context, *context_.calls, row, context_.intake, response);
  }

 private:
  const ApiContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeIndexService(const ApiContext& context) {
  return std::make_unique<IndexService>(context);
}

}  // namespace signpost::api
