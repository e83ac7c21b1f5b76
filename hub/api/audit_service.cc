#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/api/services.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/reader.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "signpost/v1/audit.grpc.pb.h"

namespace signpost::api {
namespace {

// Entries a message: entries are small, but one may have 64 KiB.
constexpr int kEntriesPerRun = 200;
constexpr size_t kRunBytesMax = 512 << 10;
// How often one who looks on is told of what has come.
constexpr absl::Duration kTailInterval = absl::Milliseconds(250);

absl::StatusOr<v1::GetProofResponse> Proof(const request::HubContext& context,
                                           const std::string& leaf_hash) {
  // First a checkpoint that covers it, then a view that has both.
  SIGNPOST_RETURN_IF_ERROR(context.sequencer->Checkpoint().status());
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context.store->NewView());
  const ledger::LedgerReader reader(view.get());
  SIGNPOST_ASSIGN_OR_RETURN(const uint64_t index, reader.IndexOf(leaf_hash));
  v1::GetProofResponse response;
  SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_proof(), reader.Receipt(index));
  return response;
}

absl::StatusOr<v1::GetConsistencyResponse> Consistency(const request::HubContext& context,
                                                       const v1::GetConsistencyRequest& request) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context.store->NewView());
  const ledger::LedgerReader reader(view.get());
  uint64_t new_size = request.new_size();
  if (new_size == 0) {
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
    new_size = head.size;
  }
  if (request.old_size() == 0 || request.old_size() > new_size) {
    return base::InvalidField("old_size", "must be at least 1 and at most the newer size");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<tlog::Hash> proof,
                            reader.ConsistencyProof(request.old_size(), new_size));
  v1::GetConsistencyResponse response;
  response.set_new_size(new_size);
  for (const tlog::Hash& hash : proof) response.add_hashes(tlog::HashToString(hash));
  return response;
}

void Describe(const ledger::Witnessing& witnessing, v1::GetCheckpointResponse* response) {
  response->set_witnessed_checkpoint(witnessing.witnessed());
  for (const ledger::Witnessing::State& state : witnessing.states()) {
    v1::WitnessState* witness = response->add_witnesses();
    witness->set_name(state.name);
    witness->set_verifier_key(state.verifier_key);
    witness->set_required(state.required);
    witness->set_cosigned_size(state.cosigned_size);
    if (state.cosigned_at.has_value()) {
      witness->mutable_cosigned_at()->set_seconds(absl::ToUnixSeconds(*state.cosigned_at));
    }
    witness->set_missing(state.standing != ledger::Witnessing::Standing::kGood);
  }
}

// A copy of the ledger: recorded first, then entries in order, then the checkpoint that covers
// them.
class CopyStream final : public rpc::WriteStream<v1::CopyLedgerRequest, v1::CopyLedgerResponse> {
 public:
  CopyStream(const ApiContext& context, const v1::CopyLedgerRequest* request)
      : WriteStream(request), context_(context) {}

 private:
  void OnOpen() override {
    context_.answers->RecordLedgerCopy(
        caller(), request().first_index(), request().reason(),
        [self = Ref<CopyStream>()](absl::StatusOr<v1::Receipt> recorded) {
          self->Post([self = self.get(), status = recorded.status()] { self->OnRecorded(status); });
        });
  }

  void OnRecorded(const absl::Status& recorded) {
    if (!recorded.ok()) return Close(recorded);
    absl::Status status = Begin();
    if (!status.ok()) return Close(std::move(status));
    OnWritten();
  }

  absl::Status Begin() {
    SIGNPOST_ASSIGN_OR_RETURN(checkpoint_, context_.context->sequencer->Checkpoint());
    SIGNPOST_ASSIGN_OR_RETURN(const tlog::NoteVerifier verifier,
                              tlog::NoteVerifier::Parse(context_.verifier_key));
    SIGNPOST_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint,
                              tlog::OpenCheckpoint(checkpoint_, {verifier}));
    size_ = checkpoint.size;
    next_ = request().first_index();
    if (next_ > size_) return base::InvalidField("first_index", "is beyond the ledger's end");
    begun_ = true;
    return absl::OkStatus();
  }

  void OnWritten() override {
    if (!begun_ || ended_) return;
    v1::CopyLedgerResponse response;
    if (next_ == size_) {
      ended_ = true;
      response.set_checkpoint(checkpoint_);
      Write(std::move(response));
      return Close(absl::OkStatus());
    }
    // A view for each run: one held for a whole copy would keep old data alive.
    const absl::StatusOr<std::unique_ptr<store::View>> view = context_.context->store->NewView();
    if (!view.ok()) return Close(view.status());
    const ledger::LedgerReader reader(view->get());
    const int count = static_cast<int>(std::min<uint64_t>(kEntriesPerRun, size_ - next_));
    absl::StatusOr<std::vector<std::string>> entries = reader.Entries(next_, count);
    if (!entries.ok()) return Close(std::move(entries).status());
    v1::EntryRun* run = response.mutable_entries();
    run->set_first_index(next_);
    size_t bytes = 0;
    for (std::string& entry : *entries) {
      bytes += entry.size();
      if (bytes > kRunBytesMax && run->entries_size() > 0) break;
      if (entry.empty()) {
        const absl::StatusOr<tlog::Hash> leaf =
            reader.Node(0, next_ + static_cast<uint64_t>(run->entries_size()));
        if (!leaf.ok()) return Close(leaf.status());
        run->add_pruned_leaf_hashes(tlog::HashToString(*leaf));
      }
      run->add_entries(std::move(entry));
    }
    next_ += static_cast<uint64_t>(run->entries_size());
    Write(std::move(response));
  }

  const ApiContext context_;
  std::string checkpoint_;
  uint64_t size_ = 0;
  uint64_t next_ = 0;
  bool begun_ = false;
  bool ended_ = false;
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
    response.set_file_part(issued_->file.substr(sent_, kRunBytesMax));
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
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal&, const v1::GetCheckpointRequest&,
                                rpc::Reply<v1::GetCheckpointResponse> reply) {
                           absl::StatusOr<std::string> checkpoint =
                               context_.context->sequencer->Checkpoint();
                           if (!checkpoint.ok()) return reply(std::move(checkpoint).status());
                           v1::GetCheckpointResponse latest;
                           latest.set_checkpoint(*std::move(checkpoint));
                           latest.set_verifier_key(context_.verifier_key);
                           if (context_.witnessing != nullptr)
                             Describe(*context_.witnessing, &latest);
                           reply(std::move(latest));
                         });
  }

  grpc::ServerUnaryReactor* GetProof(grpc::CallbackServerContext* context,
                                     const v1::GetProofRequest* request,
                                     v1::GetProofResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/GetProof");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal&, const v1::GetProofRequest& get,
                                rpc::Reply<v1::GetProofResponse> reply) {
                           reply(Proof(*context_.context, get.leaf_hash()));
                         });
  }

  grpc::ServerUnaryReactor* GetConsistency(grpc::CallbackServerContext* context,
                                           const v1::GetConsistencyRequest* request,
                                           v1::GetConsistencyResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/GetConsistency");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal&, const v1::GetConsistencyRequest& get,
                                rpc::Reply<v1::GetConsistencyResponse> reply) {
                           reply(Consistency(*context_.context, get));
                         });
  }

  grpc::ServerUnaryReactor* GetEntry(grpc::CallbackServerContext* context,
                                     const v1::GetEntryRequest* request,
                                     v1::GetEntryResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.AuditService/GetEntry");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [answers = context_.answers](const base::Principal& caller, const v1::GetEntryRequest& get,
                                     rpc::Reply<v1::GetEntryResponse> reply) {
          answers->ReadEntry(caller, get, std::move(reply));
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

 private:
  const ApiContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAuditService(const ApiContext& context) {
  return std::make_unique<AuditService>(context);
}

}  // namespace signpost::api
