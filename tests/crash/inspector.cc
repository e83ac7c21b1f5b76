#include "tests/crash/inspector.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "adapters/cli/ledger/ledger_copy.h"
#include "hub/base/crypto.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/verifier.h"
#include "tests/crash/load.h"

namespace signpost::crash {
namespace {

constexpr int kHands = 4;  // so that answers share their commits
constexpr size_t kSample = 16;

// Calls `work` for 0 … count - 1 from several threads.
void ForEach(size_t count, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::vector<std::thread> threads;
  for (int hand = 0; hand < kHands; ++hand) {
    threads.emplace_back([&] {
      for (size_t i; (i = next++) < count;) work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::string Said(const grpc::Status& status) {
  return absl::StrCat(status.error_code(), " ", status.error_message());
}

ReceiptNote NoteOf(ledger::v1::EntryKind kind, const v1::Receipt& receipt,
                   const std::string& answer_bytes) {
  return {kind, receipt, answer_bytes.empty() ? "" : base::Sha256(answer_bytes)};
}

}  // namespace

Problems Inspector::Inspect(bool everything) {
  Problems problems;
  InspectRecords(everything, &problems);
  InspectConsenters(everything, &problems);
  // Last, so that the receipts of the inspection's own answers are looked up too.
  InspectLedger(everything, &problems);
  return problems;
}

void Inspector::InspectRecords(bool everything, Problems* problems) {
  std::vector<RecordNote*> notes;
  for (auto& [key, note] : notebook_->records) {
    if (everything || note.touched || random_() % notebook_->records.size() < kSample) {
      notes.push_back(&note);
    }
  }
  std::mutex mutex;  // of *problems and the receipts
  ForEach(notes.size(), [&](size_t i) {
    RecordNote& note = *notes[i];
    const scenarios::Answered answered = agencies_->Ask(
        WorkerOf(note.agency),
        scenarios::AskAboutRecord(agencies_, note.record_id, PurposeOf(note.agency)));
    const std::lock_guard<std::mutex> lock(mutex);
    if (!answered.status.ok() &&
        (note.acknowledged > 0 || answered.status.error_code() != grpc::StatusCode::NOT_FOUND)) {
      problems->push_back(
          absl::StrCat(note.agency, " ", note.record_id, ": ", Said(answered.status)));
      return;
    }
    std::optional<v1::FlagView> seen;
    if (const v1::FlagView* flag = answered.Flag(note.agency); flag != nullptr) seen = *flag;
    CheckRecord(note, seen, problems);
    if (answered.status.ok()) {
      notebook_->receipts.push_back(
          NoteOf(ledger::v1::ENTRY_KIND_WHO_KNOWS, answered.receipt, answered.answer_bytes));
    }
    note.sent = note.acknowledged = seen.has_value() ? VersionOf(*seen) : 0;
    if (seen.has_value()) note.flag_id = seen->flag_id();
    note.touched = false;
  });
}

void Inspector::InspectConsenters(bool everything, Problems* problems) {
  for (size_t i = everything ? 0 : consenters_inspected_; i < notebook_->consenters.size(); ++i) {
    InspectConsenter(&notebook_->consenters[i], problems);
  }
  consenters_inspected_ = notebook_->consenters.size();
}

bool Inspector::LookAt(ConsenterNote* note, Problems* problems) {
  const scenarios::Worker worker = WorkerOf("northern-connexions");
  v1::ListConsentsRequest list;
  list.set_request_id(agencies_->RequestId());
  list.mutable_person()->set_record_id(note->record_id);
  list.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
  v1::ListConsentsResponse listed;
  const grpc::Status status = agencies_->Consents(worker.agency)
                                  ->ListConsents(agencies_->ContextOf(worker).get(), list, &listed);
  v1::ConsentList consents;
  if (!status.ok() || !consents.ParseFromString(listed.answer())) {
    problems->push_back(absl::StrCat("consents of ", note->record_id, ": ", Said(status)));
    return false;
  }
  const scenarios::Answered answered =
      agencies_->Ask(worker, AskForContent(agencies_, note->record_id));
  if (!answered.status.ok()) {
    problems->push_back(absl::StrCat("content of ", note->record_id, ": ", Said(answered.status)));
    return false;
  }
  notebook_->receipts.push_back(
      NoteOf(ledger::v1::ENTRY_KIND_CONSENTS_LISTED, listed.receipt(), listed.answer()));
  notebook_->receipts.push_back(
      NoteOf(ledger::v1::ENTRY_KIND_WHO_KNOWS, answered.receipt, answered.answer_bytes));
  CheckConsents(*note, consents, ShowsContent(answered), problems);
  return true;
}

void Inspector::InspectConsenter(ConsenterNote* note, Problems* problems) {
  if (!LookAt(note, problems) || note->consents.empty()) return;
  // What was pending is sent again, as its client would, and must have happened once.
  const scenarios::Worker worker = WorkerOf("northern-connexions");
  const auto stub = agencies_->Consents(worker.agency);
  ConsentNote& last = note->consents.back();
  if (last.consent_id.empty()) {
    v1::RecordConsentResponse recorded;
    const grpc::Status status =
        stub->RecordConsent(agencies_->ContextOf(worker).get(), last.record, &recorded);
    if (!status.ok()) {
      problems->push_back(absl::StrCat("consent sent again: ", Said(status)));
      return;
    }
    last.consent_id = recorded.consent_id();
    notebook_->receipts.push_back(
        NoteOf(ledger::v1::ENTRY_KIND_CONSENT_RECORDED, recorded.receipt(), ""));
  } else if (last.withdraw.has_value() && !last.withdrawn) {
    v1::WithdrawConsentResponse withdrawn;
    const grpc::Status status =
        stub->WithdrawConsent(agencies_->ContextOf(worker).get(), *last.withdraw, &withdrawn);
    if (!status.ok()) {
      problems->push_back(absl::StrCat("withdrawal sent again: ", Said(status)));
      return;
    }
    last.withdrawn = true;
    notebook_->receipts.push_back(
        NoteOf(ledger::v1::ENTRY_KIND_CONSENT_WITHDRAWN, withdrawn.receipt(), ""));
  } else {
    return;
  }
  LookAt(note, problems);
}

std::vector<std::string> Inspector::CopyLedger(Problems* problems) {
  std::error_code ignored;
  if (!copy_.empty()) std::filesystem::remove_all(copy_, ignored);
  copy_ = absl::StrCat(folder_, "/copy-", checkpoints_.size() + 1);
  const auto copy = adapters::cli::LedgerCopy::Create(copy_);
  if (!copy.ok()) {
    problems->push_back(copy.status().ToString());
    return {};
  }
  std::vector<std::string> entries;
  const auto context = agencies_->AuditContext();
  v1::CopyLedgerRequest request;
  request.set_reason("inspecting after a crash");
  const auto stub = agencies_->Audit();
  const auto stream = stub->CopyLedger(context.get(), request);
  v1::CopyLedgerResponse response;
  absl::Status status;
  std::string checkpoint;
  while (stream->Read(&response)) {
    if (!response.has_entries()) {
      checkpoint = response.checkpoint();
      continue;
    }
    const v1::EntryRun& run = response.entries();
    // Masked are entries of agencies with a sensitive service, of which no act here is.
    std::map<uint64_t, std::string> masked;
    for (const v1::MaskedEntry& one : run.masked()) masked[one.index()] = one.entry();
    status.Update((*copy)->Append(run));
    for (int i = 0; i < run.entries_size(); ++i) {
      const auto instead = masked.find(run.first_index() + static_cast<uint64_t>(i));
      entries.push_back(instead == masked.end() ? run.entries(i) : instead->second);
    }
  }
  const grpc::Status finished = stream->Finish();
  if (!finished.ok()) problems->push_back("copying the ledger: " + Said(finished));
  status.Update((*copy)->Finish(checkpoint));
  if (!status.ok()) problems->push_back("copying the ledger: " + status.ToString());
  tlog::VerifyOptions options;
  options.older_checkpoints = checkpoints_;
  options.origin = "signpost.nortown.example/ledger";
  const tlog::VerifyReport report = tlog::VerifyDirectory(copy_, verifiers_, options);
  if (!report.ok()) problems->push_back("the ledger does not verify: " + report.ToString());
  if (report.entries_read != entries.size()) problems->push_back("the copy is not whole");
  checkpoints_.push_back(checkpoint);
  return entries;
}

void Inspector::InspectLedger(bool everything, Problems* problems) {
  const std::vector<std::string> entries = CopyLedger(problems);
  CheckReceipts(notebook_->receipts, entries, problems);
  InspectProofs(entries, everything, problems);
}

void Inspector::InspectProofs(const std::vector<std::string>& entries, bool everything,
                              Problems* problems) {
  std::vector<v1::Receipt> chosen;  // copies: what we do here adds receipts
  for (size_t i = 0; i < notebook_->receipts.size(); ++i) {
    if (everything || i >= receipts_proved_ || random_() % receipts_proved_ < kSample) {
      chosen.push_back(notebook_->receipts[i].receipt);
    }
  }
  receipts_proved_ = notebook_->receipts.size();
  std::mutex mutex;  // of *problems
  const auto audit = agencies_->Audit();
  ForEach(chosen.size(), [&](size_t i) {
    const v1::Receipt& receipt = chosen[i];
    const auto complain = [&](const std::string& what) {
      const std::lock_guard<std::mutex> lock(mutex);
      problems->push_back(absl::StrCat("proof of ", receipt.ledger_index(), ": ", what));
    };
    v1::GetProofRequest request;
    request.set_ledger_index(receipt.ledger_index());
    request.set_leaf_hash(receipt.leaf_hash());
    v1::GetProofResponse response;
    const grpc::Status status = audit->GetProof(agencies_->Context().get(), request, &response);
    if (!status.ok()) return complain(Said(status));
    if (receipt.ledger_index() >= entries.size()) return complain("beyond the copied ledger");
    const absl::StatusOr<tlog::Proof> proof = tlog::ParseProof(response.proof());
    if (!proof.ok()) return complain(proof.status().ToString());
    if (proof->index != receipt.ledger_index()) return complain("is of another entry");
    const auto verified = tlog::VerifyProof(*proof, entries[receipt.ledger_index()], verifiers_);
    if (!verified.ok()) complain(verified.status().ToString());
  });
  // An auditor reads single entries too, and gets the bytes that were copied.
  for (size_t look = 0; look < 4 && !chosen.empty(); ++look) {
    const v1::Receipt& receipt = chosen[random_() % chosen.size()];
    v1::GetEntryRequest request;
    request.set_index(receipt.ledger_index());
    request.set_reason("inspecting after a crash");
    v1::GetEntryResponse response;
    const grpc::Status status =
        audit->GetEntry(agencies_->AuditContext().get(), request, &response);
    if (!status.ok() || receipt.ledger_index() >= entries.size() ||
        response.entry() != entries[receipt.ledger_index()]) {
      problems->push_back(absl::StrCat("entry ", receipt.ledger_index(), ": ", Said(status)));
    } else {
      notebook_->receipts.push_back(
          NoteOf(ledger::v1::ENTRY_KIND_AUDIT_READ, response.receipt(), ""));
    }
  }
}

}  // namespace signpost::crash
