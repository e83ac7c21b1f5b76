// audit checkpoint, copy, verify, entry, proof, replay: what an auditor reads as it is.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/files/key_file.h"
#include "adapters/cli/files/receipt_file.h"
#include "adapters/cli/ledger/ledger_copy.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "hub/base/encoding.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/note.h"
#include "hub/tlog/verifier.h"
#include "signpost/v1/audit.grpc.pb.h"
#include "signpost/v1/policy.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::AuditService;
using signpost::v1::PolicyService;

struct CheckpointOptions : HubOptions {
  std::string out;
  std::string witnessed_out;
  std::string verifier_key;
  void Declare(CLI::App* app) {
    AddText(app, "--out", "FILE", "Keep it in FILE, to compare with later ones.", &out);
    AddText(app, "--witnessed-out", "FILE",
            "Keep in FILE the latest one that all required witnesses co-signed.", &witnessed_out);
    AddText(app, "--verifier-key", "KEY", "Check its signature with this key.", &verifier_key);
  }
};

struct CopyOptions : HubOptions {
  std::string directory;
  std::string reason;
  void Declare(CLI::App* app) {
    AddPositional(app, "DIR", &directory);
    AddText(app, "--reason", "TEXT", "Why you look; it is recorded.", &reason);
  }
};

struct VerifyOptions : LocalOptions {
  std::string directory;
  std::string key;
  std::vector<std::string> older;
  std::vector<std::string> witness;
  std::string origin;
  void Declare(CLI::App* app) {
    AddPositional(app, "DIR", &directory);
    AddText(app, "--key", "KEY", "The ledger's verifier key: its text, or a file that holds it.",
            &key);
    AddList(app, "--older", "FILE",
            "A checkpoint kept from earlier, which must be a beginning of this one.", &older);
    AddList(app, "--witness", "KEY",
            "A witness that must have co-signed it, or a beginning of it: its verifier key, or a "
            "file that holds it.",
            &witness);
    AddText(app, "--origin", "NAME", "The ledger's name that the checkpoint must bear.", &origin);
  }
};

// Which entry: of a kept receipt, or of what is written on one.
struct NamedEntryOptions : HubOptions {
  std::string receipt;
  std::optional<uint64_t> index;
  void Declare(CLI::App* app) {
    AddText(app, "--receipt", "FILE", "The entry of a kept receipt.", &receipt);
    AddNumber(app, "--index", "NUMBER", "The entry of this number.", &index);
  }
};

struct EntryOptions : NamedEntryOptions {
  std::string reason;
  std::string joint_look;
  std::string out;
  void Declare(CLI::App* app) {
    NamedEntryOptions::Declare(app);
    AddText(app, "--reason", "TEXT", "Why you look; it is recorded.", &reason);
    AddText(app, "--joint-look", "ID", kJointLookHelp, &joint_look);
    AddText(app, "--out", "FILE", "Keep the entry's bytes in FILE.", &out);
  }
};

struct ProofOptions : NamedEntryOptions {
  std::string leaf;
  std::string out;
  void Declare(CLI::App* app) {
    NamedEntryOptions::Declare(app);
    AddText(app, "--leaf", "HEX", "With --index: the receipt's leaf hash.", &leaf);
    AddText(app, "--out", "FILE", "Keep the proof, c2sp.org/tlog-proof@v1, in FILE.", &out);
  }
};

struct ReplayOptions : HubOptions {
  std::optional<uint64_t> index;
  std::string reason;
  std::string joint_look;
  void Declare(CLI::App* app) {
    AddNumber(app, "INDEX", "", "The entry of this number.", &index);
    AddText(app, "--joint-look", "ID", kJointLookHelp, &joint_look);
    AddText(app, "--reason", "TEXT", "Why; kept in the ledger. Do not name a young person.",
            &reason);
  }
};

// How the witnesses stand, a line each.
std::string RenderWitnesses(const signpost::v1::GetCheckpointResponse& response) {
  std::string text;
  for (const signpost::v1::WitnessState& one : response.witnesses()) {
    absl::StrAppend(&text, "Witness ", Cleaned(one.name()), one.required() ? "" : " (watched only)",
                    ": ");
    if (one.has_cosigned_at()) {
      absl::StrAppend(
          &text, one.cosigned_size(), " entries co-signed at ",
          absl::FormatTime(absl::RFC3339_sec, absl::FromUnixSeconds(one.cosigned_at().seconds()),
                           absl::UTCTimeZone()));
    } else {
      absl::StrAppend(&text, "has not co-signed yet");
    }
    absl::StrAppend(&text, one.missing() ? "; MISSING\n" : "\n");
  }
  return text;
}

int Checkpoint(Terminal& terminal, const CheckpointOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::GetCheckpointResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->GetCheckpoint(&context, {}, &response);
  if (!answered.ok()) return FailCall(terminal, "audit checkpoint", answered);
  if (!options.verifier_key.empty()) {
    // The key the hub itself names proves nothing to who does not know it otherwise; so --verify.
    const auto verifier = tlog::NoteVerifier::Parse(options.verifier_key);
    if (!verifier.ok()) return FailHere(terminal, verifier.status());
    const auto opened = tlog::OpenCheckpoint(response.checkpoint(), {&*verifier, 1});
    if (!opened.ok()) {
      *terminal.err << "signpost: " << Cleaned(std::string(opened.status().message())) << "\n";
      return kExitRefused;
    }
  }
  if (!options.out.empty()) {
    status = WriteBytes(options.out, response.checkpoint());
    if (!status.ok()) return FailHere(terminal, status);
  }
  if (!options.witnessed_out.empty()) {
    if (response.witnessed_checkpoint().empty()) {
      return FailHere(terminal, absl::FailedPreconditionError(
                                    "no checkpoint was co-signed by all required witnesses yet"));
    }
    status = WriteBytes(options.witnessed_out, response.witnessed_checkpoint());
    if (!status.ok()) return FailHere(terminal, status);
  }
  if (options.json) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << response.checkpoint() << "\nVerifier key: " << response.verifier_key() << "\n"
                  << RenderWitnesses(response);
  }
  return kExitOk;
}

int Copy(Terminal& terminal, const CopyOptions& options) {
  if (options.reason.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto copy = LedgerCopy::Create(options.directory);
  if (!copy.ok()) return FailHere(terminal, copy.status());
  // First what the witnesses co-signed: the copy then reaches at least as far.
  grpc::ClientContext first;
  absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &first);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::GetCheckpointResponse latest;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->GetCheckpoint(&first, {}, &latest);
  if (!answered.ok()) return FailCall(terminal, "audit copy", answered);
  grpc::ClientContext context;
  status = (*session)->Prepare(kPurposeOfAudit, kStreamDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::CopyLedgerRequest request;
  request.set_reason(options.reason);
  const auto stub = AuditService::NewStub((*session)->channel());
  const auto stream = stub->CopyLedger(&context, request);
  signpost::v1::CopyLedgerResponse response;
  std::string checkpoint;
  while (status.ok() && stream->Read(&response)) {
    if (response.has_entries()) {
      status = (*copy)->Append(response.entries());
    } else {
      checkpoint = response.checkpoint();  // the last message, for the entries before it
    }
  }
  if (!status.ok()) context.TryCancel();
  const grpc::Status finished = stream->Finish();
  if (!status.ok()) return FailHere(terminal, status);
  if (!finished.ok()) return FailCall(terminal, "audit copy", finished);
  status = (*copy)->Finish(checkpoint, latest.witnessed_checkpoint());
  if (!status.ok()) {
    *terminal.err << "signpost: " << Cleaned(std::string(status.message())) << "\n";
    return kExitRefused;
  }
  *terminal.out << (*copy)->size() << " entries copied to " << options.directory << "\n";
  return kExitOk;
}

int Verify(Terminal& terminal, const VerifyOptions& options) {
  if (options.key.empty()) return FailHere(terminal, absl::InvalidArgumentError(kWhoseKey));
  const auto verifier = ReadVerifierKey(options.key);
  if (!verifier.ok()) return FailHere(terminal, verifier.status());
  tlog::VerifyOptions wanted;
  wanted.origin = options.origin;
  for (const std::string& key : options.witness) {
    auto witness = ReadWitnessKey(key);
    if (!witness.ok()) return FailHere(terminal, witness.status());
    wanted.witnesses.push_back(*std::move(witness));
  }
  for (const std::string& path : options.older) {
    const auto older = ReadBytes(path, tlog::kNoteBytesMax);
    if (!older.ok()) return FailHere(terminal, older.status());
    wanted.older_checkpoints.push_back(*older);
  }
  const tlog::VerifyReport report =
      tlog::VerifyDirectory(options.directory, {&*verifier, 1}, wanted);
  Page page;
  for (const absl::string_view line : absl::StrSplit(report.ToString(), '\n', absl::SkipEmpty())) {
    page.Paragraph(0, std::string(line));
  }
  (report.ok() ? *terminal.out : *terminal.err) << page.text();
  return report.ok() ? kExitOk : kExitRefused;
}

// The file that --receipt names, nullopt where --index says the number.
absl::StatusOr<std::optional<ReceiptFile>> ReadNamedReceipt(const NamedEntryOptions& options) {
  if (options.receipt.empty() != options.index.has_value()) {
    return absl::InvalidArgumentError("say which entry: --receipt FILE or --index NUMBER");
  }
  if (options.index.has_value()) return std::optional<ReceiptFile>();
  return ReadReceiptFile(options.receipt);
}

// The receipt that a proof is asked for; `file` is what --receipt named.
absl::StatusOr<signpost::v1::GetProofRequest> MakeProofRequest(
    const ProofOptions& options, const std::optional<ReceiptFile>& file) {
  if (options.leaf.empty() == options.receipt.empty()) {
    return absl::InvalidArgumentError(
        "a proof is for who has the receipt: --receipt FILE, or --index NUMBER with --leaf HEX");
  }
  signpost::v1::GetProofRequest request;
  if (file.has_value()) {
    request.set_ledger_index(file->receipt.ledger_index());
    request.set_leaf_hash(file->receipt.leaf_hash());
    return request;
  }
  request.set_ledger_index(*options.index);
  SIGNPOST_ASSIGN_OR_RETURN(*request.mutable_leaf_hash(), base::HexDecode(options.leaf));
  return request;
}

int Entry(Terminal& terminal, const EntryOptions& options) {
  signpost::v1::GetEntryRequest request;
  const auto file = ReadNamedReceipt(options);
  if (!file.ok()) return FailHere(terminal, file.status());
  request.set_index(file->has_value() ? (*file)->receipt.ledger_index() : *options.index);
  if (options.reason.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  request.set_reason(options.reason);
  request.set_joint_look_id(options.joint_look);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::GetEntryResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->GetEntry(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "audit entry", answered);
  if (!options.out.empty()) {
    status = WriteBytes(
        options.out, response.masked_entry().empty() ? response.entry() : response.masked_entry());
    if (!status.ok()) return FailHere(terminal, status);
  }
  if (options.json) {
    *terminal.out << Json(response);
  } else {
    for (const absl::string_view line : absl::StrSplit(response.readable(), '\n')) {
      if (!line.empty()) *terminal.out << Cleaned(std::string(line)) << "\n";
    }
  }
  return kExitOk;
}

int Proof(Terminal& terminal, const ProofOptions& options) {
  auto file = ReadNamedReceipt(options);
  if (!file.ok()) return FailHere(terminal, file.status());
  const auto request = MakeProofRequest(options, *file);
  if (!request.ok()) return FailHere(terminal, request.status());
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::GetProofResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->GetProof(&context, *request, &response);
  if (!answered.ok()) return FailCall(terminal, "audit proof", answered);
  if (file->has_value()) {
    (*file)->proof = response.proof();
    status = WriteBytes(options.receipt, FormatReceiptFile(**file));
    if (!status.ok()) return FailHere(terminal, status);
  }
  if (!options.out.empty()) {
    status = WriteBytes(options.out, response.proof());
    if (!status.ok()) return FailHere(terminal, status);
  } else if (options.receipt.empty()) {
    *terminal.out << response.proof();
  }
  if (!options.receipt.empty()) {
    *terminal.out << "The proof is kept in " << options.receipt
                  << "; signpost receipt verify needs no hub\n";
  }
  return kExitOk;
}

int Replay(Terminal& terminal, const ReplayOptions& options) {
  if (options.reason.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  signpost::v1::ReplayDecisionRequest request;
  request.set_index(*options.index);
  request.set_reason(options.reason);
  request.set_joint_look_id(options.joint_look);
  signpost::v1::ReplayDecisionResponse response;
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  const grpc::Status answered =
      PolicyService::NewStub((*session)->channel())->ReplayDecision(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "audit replay", answered);
  const bool same = response.result() == signpost::v1::REPLAY_RESULT_SAME;
  if (options.json) {
    *terminal.out << Json(response);
    return same ? kExitOk : kExitRefused;
  }
  Page page(terminal.bold);
  page.Paragraph(
      0, same ? absl::StrCat("Entry ", *options.index, ": the same decision, by policy version ",
                             response.policy_version(), ", ", response.policy_sha256(), ".")
              : absl::StrCat("Entry ", *options.index, ": ",
                             response.result() == signpost::v1::REPLAY_RESULT_DIFFERENT
                                 ? "the decision comes out differently."
                                 : "the decision cannot be made again."));
  for (const std::string& finding : response.findings()) page.Paragraph(2, finding);
  *terminal.out << page.text();
  return same ? kExitOk : kExitRefused;
}

}  // namespace

std::vector<Command> AuditCommands() {
  return {
      MakeCommand("audit checkpoint", "The latest signed checkpoint of the ledger.", "",
                  Checkpoint),
      MakeCommand("audit copy",
                  "Copies the whole ledger into DIR, to verify offline. For auditors.",
                  "DIR is a tlog-tiles directory that other people's tools read too.", Copy),
      MakeCommand("audit verify", "Verifies a copy offline, and says exactly what is wrong where.",
                  "Exit code 1 when anything is wrong.", Verify),
      MakeCommand("audit entry", "One entry of the ledger, in words. For auditors.", "", Entry),
      MakeCommand("audit proof", "Fetches the proof that the ledger holds an entry.",
                  "With --receipt the proof is added to the receipt's file.", Proof),
      MakeCommand("audit replay", "Makes a recorded decision again, by the policy of then.",
                  "For auditors. Ends with 1 when it does not come out the same.", Replay),
  };
}

}  // namespace signpost::adapters::cli
