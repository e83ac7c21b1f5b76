// FakeHub is a hub that runs in the tests' own process: it keeps flags as the real one does
// (report, compare, close) and it lies on demand: acknowledges late, twice, out of order or not at
// all, breaks the stream, falls silent, refuses.

#ifndef SIGNPOST_TESTS_KIT_FAKE_HUB_H_
#define SIGNPOST_TESTS_KIT_FAKE_HUB_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "adapters/kit/await_connection.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "signpost/v1/exchange.grpc.pb.h"
#include "signpost/v1/index.grpc.pb.h"

namespace signpost::adapters {

// An error as the hub sends them.
inline grpc::Status HubStatus(grpc::StatusCode code, const std::string& reason,
                              const std::string& message, int retry_ms = 0,
                              const std::string& field = "") {
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("signpost.v1");
  details.add_details()->PackFrom(info);
  if (retry_ms > 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(retry_ms / 1000);
    retry.mutable_retry_delay()->set_nanos(retry_ms % 1000 * 1'000'000);
    details.add_details()->PackFrom(retry);
  }
  if (!field.empty()) {
    google::rpc::BadRequest bad;
    bad.add_field_violations()->set_field(field);
    bad.mutable_field_violations(0)->set_description("what would be right");
    details.add_details()->PackFrom(bad);
  }
  return grpc::Status(code, message, details.SerializeAsString());
}

class FakeHub final : public signpost::v1::IndexService::Service,
                      public signpost::v1::ExchangeService::Service {
 public:
  // How it lies.
  struct Lies {
    int window = 64;
    int drop_every = 0;                  // applies but does not acknowledge every n-th report
    bool twice = false;                  // acknowledges each twice
    bool backwards = false;              // acknowledges pairs in reverse
    int break_after = 0;                 // ends each stream with UNAVAILABLE after n reports...
    int breaks = 0;                      // ...this many times
    bool silent = false;                 // reads and says nothing more
    bool never_opens = false;            // not even that the stream is open
    std::vector<grpc::Status> refusals;  // each stream is refused with the next of these
    std::set<std::string> reject;        // record ids
  };

  FakeHub() {
    grpc::ServerBuilder builder;
    builder.RegisterService(static_cast<signpost::v1::IndexService::Service*>(this));
    builder.RegisterService(static_cast<signpost::v1::ExchangeService::Service*>(this));
    // Over TCP, as the real one: gRPC's in-process transport buffers nothing, so that two who write
    // at once would wait for each other.
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    server_ = builder.BuildAndStart();
  }
  ~FakeHub() override { server_->Shutdown(absl::ToChronoTime(absl::Now())); }

  std::shared_ptr<grpc::Channel> Channel() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    SetReconnectDelay(&arguments);
    std::shared_ptr<grpc::Channel> channel = grpc::CreateCustomChannel(
        absl::StrCat("127.0.0.1:", port_), grpc::InsecureChannelCredentials(), arguments);
    AwaitConnection(channel.get());
    return channel;
  }

  Lies lies;

  grpc::Status ReportFlags(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<signpost::v1::ReportFlagsResponse, signpost::v1::ReportFlagsRequest>*
          stream) override {
    ++streams;
    if (!lies.refusals.empty()) {
      const grpc::Status status = lies.refusals.front();
      lies.refusals.erase(lies.refusals.begin());
      return status;
    }
    signpost::v1::ReportFlagsRequest request;
    if (!stream->Read(&request) || !request.has_open()) {
      return HubStatus(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "open first");
    }
    signpost::v1::ReportFlagsResponse response;
    response.mutable_opened()->set_window(lies.window);
    if (!lies.never_opens) stream->Write(response);
    uint64_t next = 1;
    std::vector<signpost::v1::ReportFlagsResponse> held;
    while (stream->Read(&request)) {
      const signpost::v1::FlagReport& report = request.report();
      if (report.sequence() != next++) {
        return HubStatus(grpc::StatusCode::FAILED_PRECONDITION, "SEQUENCE_GAP", "gap");
      }
      const auto in_flight = static_cast<int>(held.size()) + 1;
      if (in_flight > lies.window) ADD_FAILURE() << "the window was not kept";
      response.Clear();
      *response.mutable_outcome() = Apply(report);
      if (lies.break_after > 0 && lies.breaks > 0 &&
          report.sequence() == static_cast<uint64_t>(lies.break_after)) {
        --lies.breaks;
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection reset");
      }
      if (lies.silent) continue;
      if (lies.drop_every > 0 && report.sequence() % static_cast<uint64_t>(lies.drop_every) == 0) {
        continue;
      }
      if (lies.backwards) {
        held.push_back(response);
        if (held.size() < 2) continue;
        stream->Write(held[1]);
        stream->Write(held[0]);
        held.clear();
        continue;
      }
      stream->Write(response);
      if (lies.twice) stream->Write(response);
    }
    for (const auto& late : held) stream->Write(late);
    if (lies.silent) {
      while (!context->IsCancelled()) absl::SleepFor(absl::Milliseconds(5));
    }
    return grpc::Status::OK;
  }

  grpc::Status Reconcile(grpc::ServerContext* /*context*/,
                         grpc::ServerReader<signpost::v1::ReconcileRequest>* reader,
                         signpost::v1::ReconcileResponse* response) override {
    ++reconciles;
    std::set<std::string> listed;
    signpost::v1::ReconcileRequest request;
    bool finished = false;
    while (reader->Read(&request)) {
      EXPECT_LE(request.open_record_ids_size(), 1000);
      listed.insert(request.open_record_ids().begin(), request.open_record_ids().end());
      finished = finished || request.has_finish();
    }
    if (!finished) return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no finish");
    absl::MutexLock lock(&mutex);
    std::vector<std::string> missing;
    for (const auto& [id, report] : flags) {
      const bool open = report.status() == signpost::v1::FLAG_STATUS_OPEN;
      if (open && listed.count(id) == 0) missing.push_back(id);
    }
    for (const std::string& id : listed) {
      const auto found = flags.find(id);
      if (found == flags.end() || found->second.status() != signpost::v1::FLAG_STATUS_OPEN) {
        response->add_unknown_record_ids(id);
      }
    }
    response->set_missing_count(static_cast<int64_t>(missing.size()));
    if (request.finish().close_missing_count() == static_cast<int64_t>(missing.size())) {
      for (const std::string& id : missing) {
        flags[id].set_status(signpost::v1::FLAG_STATUS_CLOSED);
      }
      response->set_closed_count(static_cast<int64_t>(missing.size()));
    }
    return grpc::Status::OK;
  }

  grpc::Status Subscribe(
      grpc::ServerContext* /*context*/,
      grpc::ServerReaderWriter<signpost::v1::SubscribeResponse, signpost::v1::SubscribeRequest>*
          stream) override {
    ++streams;
    signpost::v1::SubscribeRequest request;
    if (!stream->Read(&request) || !request.has_open()) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "open first");
    }
    for (size_t at = acknowledged_notices; at < notices.size(); ++at) {
      signpost::v1::SubscribeResponse response;
      const std::string id = absl::StrCat("message-", at);
      response.mutable_delivered()->set_message_id(id);
      response.mutable_delivered()->set_payload(notices[at].SerializeAsString());
      stream->Write(response);
      if (lies.breaks > 0) {
        --lies.breaks;
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection reset");
      }
      do {
        if (!stream->Read(&request)) return grpc::Status::OK;
      } while (!request.has_acknowledge());
      EXPECT_EQ(request.acknowledge().outcomes_size(), 1);
      EXPECT_EQ(request.acknowledge().outcomes(0).message_id(), id);
      outcomes.push_back(request.acknowledge().outcomes(0));
      acknowledged_notices = at + 1;
      signpost::v1::MessageState* state = response.mutable_acknowledged()->add_states();
      state->set_message_id(id);
      state->set_kind(signpost::v1::MESSAGE_STATE_KIND_DEALT_WITH);
      response.mutable_acknowledged()->set_low_water_message_id(id);
      stream->Write(response);
    }
    signpost::v1::SubscribeResponse heartbeat;
    heartbeat.mutable_heartbeat();
    stream->Write(heartbeat);
    while (stream->Read(&request)) {
    }
    return grpc::Status::OK;
  }

  absl::Mutex mutex;
  std::map<std::string, signpost::v1::FlagReport> flags;
  int64_t reports = 0;
  int64_t changes = 0;
  int streams = 0;
  int reconciles = 0;
  std::vector<signpost::v1::Notice> notices;
  size_t acknowledged_notices = 0;
  std::vector<signpost::v1::MessageOutcome> outcomes;

 private:
  signpost::v1::FlagOutcome Apply(signpost::v1::FlagReport report) {
    absl::MutexLock lock(&mutex);
    ++reports;
    signpost::v1::FlagOutcome outcome;
    outcome.set_sequence(report.sequence());
    report.clear_sequence();
    if (lies.reject.count(report.record_id()) > 0) {
      outcome.set_kind(signpost::v1::FLAG_OUTCOME_KIND_REJECTED);
      outcome.set_reason(signpost::v1::ERROR_REASON_INVALID_FIELD);
      outcome.add_fields()->set_field("person.birth_date");
      return outcome;
    }
    const auto found = flags.find(report.record_id());
    outcome.set_kind(signpost::v1::FLAG_OUTCOME_KIND_RECEIVED);
    if (found != flags.end() && found->second.SerializeAsString() == report.SerializeAsString()) {
      return outcome;
    }
    outcome.mutable_receipt()->set_ledger_index(static_cast<uint64_t>(changes));
    ++changes;
    flags[report.record_id()] = report;
    return outcome;
  }

  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace signpost::adapters

#endif  // SIGNPOST_TESTS_KIT_FAKE_HUB_H_
