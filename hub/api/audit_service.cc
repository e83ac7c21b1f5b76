#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/api/services.h"
#include "hub/base/error.h"
#include "hub/oversight/joint_looks.h"
#include "hub/oversight/ledger_access.h"
#include "hub/oversight/pattern_search.h"
#include "hub/oversight/pseudonym_issuer.h"
#include "hub/oversight/samples.h"
#include "hub/oversight/search.h"
#include "hub/request/context.h"
#include "signpost/v1/audit.grpc.pb.h"

namespace signpost::api {
namespace {

constexpr size_t kFilePartBytesMax = 512 << 10;
// How often one who looks on is told of what has come.
constexpr absl::Duration kTailInterval = absl::Milliseconds(250);

// A copy of the ledger: recorded first, then entries in order, then the checkpoint that covers
// them.
class CopyStream final : public rpc::WriteStream<v1::CopyLedgerRequest, v1::CopyLedgerResponse> {
 public:
  CopyStream(const ApiContext& context, const v1::CopyLedgerRequest* request)
      : WriteStream(request), context_(context) {}

 private:
  void OnOpen() override {
    context_.ledger_access->RecordCopy(
        caller(), request(), [self = Ref<CopyStream>()](absl::StatusOr<v1::Receipt> recorded) {
          self->Post([self = self.get(), status = recorded.status()] { self->OnRecorded(status); });
        });
  }

  void OnRecorded(const absl::Status& recorded) {
    if (!recorded.ok()) return Close(recorded);
    absl::StatusOr<oversight::LedgerAccess::Copy> begun =
        context_.ledger_access->BeginCopy(request());
    if (!begun.ok()) return Close(std::move(begun).status());
    copy_ = *std::move(begun);
    OnWritten();
  }

  void OnWritten() override {
    if (!copy_.has_value() || copy_->ended) return;
    absl::StatusOr<v1::CopyLedgerResponse> next = context_.ledger_access->ReadCopy(&*copy_);
    if (!next.ok()) return Close(std::move(next).status());
    Write(*std::move(next));
    if (copy_->ended) Close(absl::OkStatus());
  }

  const ApiContext context_;
  std::optional<oversight::LedgerAccess::Copy> copy_;
};

// Entries as they are sequenced. That somebody looks on is recorded first. The stream asks how long
// the ledger is, a few times a second and without touching the store, and reads what is new; a
// client that does not read is waited for.
class TailStream final : public rpc::WriteStream<v1::TailEntriesRequest, v1::TailEntriesResponse> {
 public:
  TailStream(const ApiContext& context, const v1::TailEntriesRequest* request)
      : WriteStream(request), context_(context) {}

 private:
  void OnOpen() override {
    context_.searches->OpenTail(
        caller(), request(),
        [self = Ref<TailStream>()](absl::StatusOr<oversight::Searches::Tail> opened) {
          self->Post([self = self.get(), opened = std::move(opened)]() mutable {
            if (!opened.ok()) return self->Close(std::move(opened).status());
            self->tail_ = *std::move(opened);
            self->open_ = true;
            self->GoOn();
          });
        });
  }

  void OnWritten() override { GoOn(); }
  void OnWake() override { GoOn(); }

  void GoOn() {
    if (!open_ || closed() || writes_waiting() > 0) return;
    // A suspension ends it, not only new calls.
    if (absl::Status status = context_.calls->guard->Recheck(caller()); !status.ok()) {
      return Close(std::move(status));
    }
    if (context_.context->sequencer->head().size <= tail_.next_index)
      return WakeAfter(kTailInterval);
    absl::StatusOr<v1::TailEntriesResponse> read = context_.searches->ReadTail(&tail_);
    if (!read.ok()) return Close(std::move(read).status());
    // Nothing found among what was read: the rest in a moment, so that others have their turn.
    if (read->entries().empty()) return WakeAfter(absl::Milliseconds(1));
    Write(*std::move(read));
  }

  const ApiContext context_;
  oversight::Searches::Tail tail_;
  bool open_ = false;
};

// A file of pseudonyms in parts, then the receipt of its making.
class PseudonymStream final
    : public rpc::WriteStream<v1::IssuePseudonymsRequest, v1::IssuePseudonymsResponse> {
 public:
  PseudonymStream(const ApiContext& context, const v1::IssuePseudonymsRequest* request)
      : WriteStream(request), context_(context) {}

 private:
  using Issued = oversight::PseudonymIssuer::Issued;

  void OnOpen() override {
    context_.pseudonyms->Issue(
        caller(), request(), [self = Ref<PseudonymStream>()](absl::StatusOr<Issued> issued) {
          self->Post([self = self.get(), issued = std::move(issued)]() mutable {
            if (!issued.ok()) return self->Close(std::move(issued).status());
            self->issued_ = *std::move(issued);
            self->OnWritten();
          });
        });
  }

  void OnWritten() override {
    if (!issued_.has_value()) return;
    v1::IssuePseudonymsResponse response;
    if (sent_ == issued_->file.size()) {
      *response.mutable_receipt() = std::move(issued_->receipt);
      issued_.reset();
      Write(std::move(response));
      return Close(absl::OkStatus());
    }
    response.set_file_part(issued_->file.substr(sent_, kFilePartBytesMax));
    sent_ += response.file_part().size();
    Write(std::move(response));
  }

  const ApiContext context_;
  std::optional<Issued> issued_;
  size_t sent_ = 0;
};

class AuditService final : public v1::AuditService::CallbackService {
 public:
  explicit AuditService(const ApiContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetCheckpoint(grpc::CallbackServerContext* context,
                                          const v1::GetCheckpointRequest* request,
                                          v1::GetCheckpointResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/GetCheckpoint");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [access = context_.ledger_access](const base::Principal&, const v1::GetCheckpointRequest&,
                                          rpc::Reply<v1::GetCheckpointResponse> reply) {
          reply(access->Checkpoint());
        });
  }

  grpc::ServerUnaryReactor* GetProof(grpc::CallbackServerContext* context,
                                     const v1::GetProofRequest* request,
                                     v1::GetProofResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/GetProof");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [access = context_.ledger_access](const base::Principal&, const v1::GetProofRequest& get,
                                          rpc::Reply<v1::GetProofResponse> reply) {
          reply(access->Proof(get));
        });
  }

  grpc::ServerUnaryReactor* GetConsistency(grpc::CallbackServerContext* context,
                                           const v1::GetConsistencyRequest* request,
                                           v1::GetConsistencyResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/GetConsistency");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [access = context_.ledger_access](
            const base::Principal&, const v1::GetConsistencyRequest& get,
            rpc::Reply<v1::GetConsistencyResponse> reply) { reply(access->Consistency(get)); });
  }

  grpc::ServerUnaryReactor* GetEntry(grpc::CallbackServerContext* context,
                                     const v1::GetEntryRequest* request,
                                     v1::GetEntryResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/GetEntry");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [access = context_.ledger_access](const base::Principal& caller,
                                                           const v1::GetEntryRequest& get,
                                                           rpc::Reply<v1::GetEntryResponse> reply) {
                           access->ReadEntry(caller, get, std::move(reply));
                         });
  }

  grpc::ServerWriteReactor<v1::CopyLedgerResponse>* CopyLedger(
      grpc::CallbackServerContext* context, const v1::CopyLedgerRequest* request) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/CopyLedger");
    return StartStream<CopyStream>(context, *context_.calls, row, context_, request);
  }

  grpc::ServerUnaryReactor* SearchEntries(grpc::CallbackServerContext* context,
                                          const v1::SearchEntriesRequest* request,
                                          v1::SearchEntriesResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/SearchEntries");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [searches = context_.searches](
                             const base::Principal& caller, const v1::SearchEntriesRequest& search,
                             rpc::Reply<v1::SearchEntriesResponse> reply) {
                           searches->Search(caller, search, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* FindPatterns(grpc::CallbackServerContext* context,
                                         const v1::FindPatternsRequest* request,
                                         v1::FindPatternsResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/FindPatterns");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [patterns = context_.pattern_search](
                             const base::Principal& caller, const v1::FindPatternsRequest& find,
                             rpc::Reply<v1::FindPatternsResponse> reply) {
                           patterns->Find(caller, find, std::move(reply));
                         });
  }

  grpc::ServerWriteReactor<v1::IssuePseudonymsResponse>* IssuePseudonyms(
      grpc::CallbackServerContext* context, const v1::IssuePseudonymsRequest* request) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.AuditService/IssuePseudonyms");
    return StartStream<PseudonymStream>(context, *context_.calls, row, context_, request);
  }

  grpc::ServerWriteReactor<v1::TailEntriesResponse>* TailEntries(
      grpc::CallbackServerContext* context, const v1::TailEntriesRequest* request) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/TailEntries");
    return StartStream<TailStream>(context, *context_.calls, row, context_, request);
  }

  grpc::ServerUnaryReactor* AskJointLook(grpc::CallbackServerContext* context,
                                         const v1::AskJointLookRequest* request,
                                         v1::AskJointLookResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/AskJointLook");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [room = context_.joint_looks](const base::Principal& caller,
                                                       const v1::AskJointLookRequest& asked,
                                                       rpc::Reply<v1::AskJointLookResponse> reply) {
                           room->Ask(caller, asked, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* AgreeJointLook(grpc::CallbackServerContext* context,
                                           const v1::AgreeJointLookRequest* request,
                                           v1::AgreeJointLookResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/AgreeJointLook");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [room = context_.joint_looks](
                             const base::Principal& caller, const v1::AgreeJointLookRequest& asked,
                             rpc::Reply<v1::AgreeJointLookResponse> reply) {
                           room->Agree(caller, asked, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* EndJointLook(grpc::CallbackServerContext* context,
                                         const v1::EndJointLookRequest* request,
                                         v1::EndJointLookResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/EndJointLook");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [room = context_.joint_looks](const base::Principal& caller,
                                                       const v1::EndJointLookRequest& asked,
                                                       rpc::Reply<v1::EndJointLookResponse> reply) {
                           room->End(caller, asked, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* ListJointLooks(grpc::CallbackServerContext* context,
                                           const v1::ListJointLooksRequest* request,
                                           v1::ListJointLooksResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/ListJointLooks");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [room = context_.joint_looks](
                             const base::Principal& caller, const v1::ListJointLooksRequest& asked,
                             rpc::Reply<v1::ListJointLooksResponse> reply) {
                           room->List(caller, asked, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* VerifyPerson(grpc::CallbackServerContext* context,
                                         const v1::VerifyPersonRequest* request,
                                         v1::VerifyPersonResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/VerifyPerson");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [room = context_.searches](const base::Principal& caller,
                                                    const v1::VerifyPersonRequest& asked,
                                                    rpc::Reply<v1::VerifyPersonResponse> reply) {
                           room->VerifyPerson(caller, asked, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* AnnounceSample(grpc::CallbackServerContext* context,
                                           const v1::AnnounceSampleRequest* request,
                                           v1::AnnounceSampleResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/AnnounceSample");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [room = context_.samples](const base::Principal& caller,
                                                   const v1::AnnounceSampleRequest& asked,
                                                   rpc::Reply<v1::AnnounceSampleResponse> reply) {
                           room->Announce(caller, asked, std::move(reply));
                         });
  }

 private:
  const ApiContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAuditService(const ApiContext& context) {
  return std::make_unique<AuditService>(context);
}

}  // namespace signpost::api
