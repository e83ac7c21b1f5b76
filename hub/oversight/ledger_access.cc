#include "hub/oversight/ledger_access.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/check.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/request/resolve.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"

namespace signpost::oversight {

using base::Reason;

namespace {

// Entries a message of a copy: entries are small, but one may have 64 KiB.
constexpr int kEntriesPerRun = 200;
constexpr size_t kRunBytesMax = 512 << 10;

absl::Status CheckReason(const std::string& reason, const char* say) {
  if (!reason.empty() && reason.size() <= base::kReasonBytesMax) return absl::OkStatus();
  return base::InvalidField("reason", say);
}

}  // namespace

absl::StatusOr<v1::GetCheckpointResponse> LedgerAccess::Checkpoint() const {
  v1::GetCheckpointResponse response;
  SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_checkpoint(), context_.sequencer->Checkpoint());
  response.set_verifier_key(verifier_key_);
  if (witnessing_ == nullptr) return response;
  response.set_witnessed_checkpoint(witnessing_->witnessed());
  for (const ledger::Witnessing::State& state : witnessing_->states()) {
    v1::WitnessState* witness = response.add_witnesses();
    witness->set_name(state.name);
    witness->set_verifier_key(state.verifier_key);
    witness->set_required(state.required);
    witness->set_cosigned_size(state.cosigned_size);
    if (state.cosigned_at.has_value()) {
      witness->mutable_cosigned_at()->set_seconds(absl::ToUnixSeconds(*state.cosigned_at));
    }
    witness->set_missing(state.standing != ledger::Witnessing::Standing::kGood);
  }
  return response;
}

absl::StatusOr<v1::GetProofResponse> LedgerAccess::Proof(const v1::GetProofRequest& request) const {
  // First a checkpoint that covers it, then a view that has both.
  SIGNPOST_RETURN_IF_ERROR(context_.sequencer->Checkpoint().status());
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  const ledger::LedgerReader reader(view.get());
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
  bool same = request.ledger_index() < head.size;
  if (same) {
    SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash leaf, reader.Node(0, request.ledger_index()));
    same = tlog::HashToString(leaf) == request.leaf_hash();
  }
  if (!same) {
    return base::Error(Reason::kNotFound,
                       "no entry has this number and this leaf hash; take both from one receipt of "
                       "this ledger");
  }
  v1::GetProofResponse response;
  SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_proof(), reader.Receipt(request.ledger_index()));
  return response;
}

absl::StatusOr<v1::GetConsistencyResponse> LedgerAccess::Consistency(
    const v1::GetConsistencyRequest& request) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  const ledger::LedgerReader reader(view.get());
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
  const uint64_t new_size = request.new_size() == 0 ? head.size : request.new_size();
  if (new_size > head.size) {
    return base::InvalidField("new_size",
                              absl::StrCat("must be at most the ledger's size, ", head.size));
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

void LedgerAccess::ReadEntry(const base::Principal& asker, v1::GetEntryRequest request,
                             request::Reply<v1::GetEntryResponse> done) {
  if (!looks_->Admit(asker, ledger::v1::ENTRY_KIND_AUDIT_READ, request.joint_look_id(),
                     ledger::v1::JOINT_LOOK_OPENS_MASKED_ENTRIES, &done)) {
    return;
  }
  absl::Status stated = CheckReason(request.reason(), "say why you look, in at most 2,000 bytes");
  if (stated.ok() && !request.has_index()) stated = request::IndexMissing();
  if (!stated.ok()) return done(std::move(stated));
  struct Read {
    v1::GetEntryResponse response;
    bool found = false;
  };
  request::Transact<Read>(
      context_,
      [this, asker, asked = std::move(request)](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Read>> {
        ledger::Attempt<Read> attempt;
        auto& [response, found] = attempt.outcome;
        const ledger::LedgerReader reader(&view);
        const uint64_t index = asked.index();
        absl::StatusOr<std::string> bytes = reader.Entry(index);
        if (!bytes.ok() && base::ReasonOf(bytes.status()) != Reason::kNotFound) {
          return bytes.status();
        }
        found = bytes.ok();
        SIGNPOST_ASSIGN_OR_RETURN(Sight sight,
                                  Sight::Open(*looks_, view, asker, asked.joint_look_id()));
        if (ledger::IsPruned(bytes.status())) {
          // That it was there is no secret to an auditor.
          SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash leaf, reader.Node(0, index));
          found = true;
          response.set_leaf_hash(tlog::HashToString(leaf));
          response.set_readable(absl::StrCat(
              "what: past its retention; only its hash is kept, and a proof of it\nleaf_hash: ",
              tlog::HashToHex(leaf), "\n"));
        } else if (bytes.ok()) {
          SIGNPOST_ASSIGN_OR_RETURN(Sight::Seen seen, sight.Look(index, *std::move(bytes)));
          SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_readable(),
                                    ledger::ReadableEntry(seen.bytes));
          sight.Show(seen);
          response.set_leaf_hash(std::move(seen.leaf_hash));
          (seen.masked ? *response.mutable_masked_entry() : *response.mutable_entry()) =
              std::move(seen.bytes);
        }
        ledger::v1::LedgerEntry entry =
            context_.entries->New(ledger::v1::ENTRY_KIND_AUDIT_READ, asker, "");
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        if (found) entry.mutable_audit_read()->set_entry_index(index);
        entry.set_reply_hash(base::Sha256(
            response.masked_entry().empty() ? response.entry() : response.masked_entry()));
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        if (!found) ledger::SetRefused(Reason::kNotFound, &entry);
        ledger::Operation& operation = attempt.operation.emplace();
        sight.Record(&entry, &operation);
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context_, nullptr, asked.reason(), &entry));
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [this, done = std::move(done)](absl::StatusOr<ledger::Committed<Read>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        v1::Receipt receipt =
            ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        if (!result->outcome.found)
          return done(request::WithReceipt(
              base::Error(Reason::kNotFound, "the ledger has no such entry"), receipt));
        *result->outcome.response.mutable_receipt() = std::move(receipt);
        done(std::move(result->outcome.response));
      });
}

void LedgerAccess::RecordCopy(const base::Principal& asker, const v1::CopyLedgerRequest& request,
                              request::Reply<v1::Receipt> done) {
  if (!AdmitAuditor(context_, asker, ledger::v1::ENTRY_KIND_AUDIT_READ, "", &done)) return;
  absl::Status stated = CheckReason(request.reason(), "say why you copy, in at most 2,000 bytes");
  if (!stated.ok()) return done(std::move(stated));
  ledger::v1::LedgerEntry entry =
      context_.entries->New(ledger::v1::ENTRY_KIND_AUDIT_READ, asker, "");
  entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
  entry.mutable_audit_read()->set_copied_from_index(request.first_index());
  entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
  absl::Status sealed = request::SealDetails(context_, nullptr, request.reason(), &entry);
  if (!sealed.ok()) return done(std::move(sealed));
  ledger::Operation operation;
  operation.entries.push_back(ledger::ToDraft(entry));
  context_.sequencer->Submit(
      std::move(operation),
      [this, done = std::move(done)](absl::StatusOr<ledger::Sequenced> sequenced) mutable {
        if (!sequenced.ok()) return done(std::move(sequenced).status());
        done(ledger::ReceiptOf(*sequenced, context_.sequencer->options().origin));
      });
}

absl::StatusOr<LedgerAccess::Copy> LedgerAccess::BeginCopy(
    const v1::CopyLedgerRequest& request) const {
  Copy copy;
  SIGNPOST_ASSIGN_OR_RETURN(copy.checkpoint, context_.sequencer->Checkpoint());
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::NoteVerifier verifier,
                            tlog::NoteVerifier::Parse(verifier_key_));
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint,
                            tlog::OpenCheckpoint(copy.checkpoint, {verifier}));
  copy.size = checkpoint.size;
  copy.next_index = request.first_index();
  if (copy.next_index > copy.size) {
    return base::InvalidField("first_index", "is beyond the ledger's end");
  }
  return copy;
}

absl::StatusOr<v1::CopyLedgerResponse> LedgerAccess::ReadCopy(Copy* copy) const {
  CHECK(!copy->ended);
  v1::CopyLedgerResponse response;
  if (copy->next_index == copy->size) {
    copy->ended = true;
    response.set_checkpoint(copy->checkpoint);
    return response;
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  const ledger::LedgerReader reader(view.get());
  const int count =
      static_cast<int>(std::min<uint64_t>(kEntriesPerRun, copy->size - copy->next_index));
  SIGNPOST_ASSIGN_OR_RETURN(std::vector<std::string> entries,
                            reader.Entries(copy->next_index, count));
  SIGNPOST_ASSIGN_OR_RETURN(Spectacles spectacles, looks_->masker().At(*view));
  v1::EntryRun* run = response.mutable_entries();
  run->set_first_index(copy->next_index);
  size_t bytes = 0;
  for (std::string& entry : entries) {
    const uint64_t index = copy->next_index + static_cast<uint64_t>(run->entries_size());
    std::optional<ledger::v1::LedgerEntry> masked;
    if (!entry.empty()) {
      SIGNPOST_ASSIGN_OR_RETURN(const ledger::v1::LedgerEntry parsed, ledger::ParseEntry(entry));
      SIGNPOST_ASSIGN_OR_RETURN(masked, spectacles.Mask(parsed));
    }
    std::string shown = masked.has_value() ? masked->SerializeAsString() : std::move(entry);
    bytes += shown.size();
    if (bytes > kRunBytesMax && run->entries_size() > 0) break;
    if (masked.has_value() || shown.empty()) {
      // Masked, or past its retention: its hash, so that the copy's tree can be built all the same.
      SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash leaf, reader.Node(0, index));
      run->add_leaf_hashes(tlog::HashToString(leaf));
    }
    if (masked.has_value()) {
      v1::MaskedEntry* const instead = run->add_masked();
      instead->set_index(index);
      instead->set_entry(std::move(shown));
      shown.clear();
    }
    run->add_entries(std::move(shown));
  }
  copy->next_index += static_cast<uint64_t>(run->entries_size());
  return response;
}

}  // namespace signpost::oversight
