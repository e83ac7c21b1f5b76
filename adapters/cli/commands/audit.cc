// audit checkpoint, copy, verify, entry, proof; receipt verify; mailbox tail.

#include <csignal>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/files/receipt_file.h"
#include "adapters/cli/ledger/ledger_copy.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/kit/mailbox.h"
#include "hub/base/encoding.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/note.h"
#include "hub/tlog/verifier.h"
#include "signpost/v1/audit.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::AuditService;

// The verifier key: its text, or a file that holds it.
absl::StatusOr<tlog::NoteVerifier> ReadVerifier(const Args& args) {
  std::string key = args.Get("--key");
  if (key.empty()) {
    return absl::InvalidArgumentError(
        "say by whose key: --key FILE, or --key with the key's text \"name+hash+base64\"");
  }
  if (key.find('+') == std::string::npos) {
    SIGNPOST_ASSIGN_OR_RETURN(key, ReadBytes(key, base::kKeyFileBytesMax));
  }
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  return tlog::NoteVerifier::Parse(key);
}

// The witnesses that --witness names: each a key's text, or a file that holds it.
absl::StatusOr<std::vector<tlog::NoteVerifier>> ReadWitnesses(const Args& args) {
  std::vector<tlog::NoteVerifier> witnesses;
  for (std::string key : args.All("--witness")) {
    if (key.find('+') == std::string::npos) {
      SIGNPOST_ASSIGN_OR_RETURN(key, ReadBytes(key, base::kKeyFileBytesMax));
    }
    while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
    SIGNPOST_ASSIGN_OR_RETURN(tlog::NoteVerifier witness, tlog::NoteVerifier::ParseCosigner(key));
    witnesses.push_back(std::move(witness));
  }
  return witnesses;
}

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

absl::StatusOr<ReceiptFile> ReadReceipt(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, ReadBytes(path, kReceiptFileBytesMax));
  return ParseReceiptFile(text, path);
}

int Checkpoint(Terminal& terminal, const Args& args) {
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::GetCheckpointResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->GetCheckpoint(&context, {}, &response);
  if (!answered.ok()) return FailCall(terminal, "audit checkpoint", answered);
  if (args.Has("--verifier-key")) {
    // The key the hub itself names proves nothing to who does not know it otherwise; so --verify.
    const auto verifier = tlog::NoteVerifier::Parse(args.Get("--verifier-key"));
    if (!verifier.ok()) return FailHere(terminal, verifier.status());
    const auto opened = tlog::OpenCheckpoint(response.checkpoint(), {&*verifier, 1});
    if (!opened.ok()) {
      *terminal.err << "signpost: " << Cleaned(std::string(opened.status().message())) << "\n";
      return kExitRefused;
    }
  }
  if (args.Has("--out")) {
    status = WriteBytes(args.Get("--out"), response.checkpoint());
    if (!status.ok()) return FailHere(terminal, status);
  }
  if (args.Has("--witnessed-out")) {
    if (response.witnessed_checkpoint().empty()) {
      return FailHere(terminal, absl::FailedPreconditionError(
                                    "no checkpoint was co-signed by all required witnesses yet"));
    }
    status = WriteBytes(args.Get("--witnessed-out"), response.witnessed_checkpoint());
    if (!status.ok()) return FailHere(terminal, status);
  }
  if (args.Has("--json")) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << response.checkpoint() << "\nVerifier key: " << response.verifier_key() << "\n"
                  << RenderWitnesses(response);
  }
  return kExitOk;
}

int Copy(Terminal& terminal, const Args& args) {
  if (!args.Has("--reason")) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto copy = LedgerCopy::Create(args.positionals()[0]);
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
  request.set_reason(args.Get("--reason"));
  const auto stub = AuditService::NewStub((*session)->channel());
  const auto stream = stub->CopyLedger(&context, request);
  signpost::v1::CopyLedgerResponse response;
  std::string checkpoint;
  while (status.ok() && stream->Read(&response)) {
    if (response.has_entries()) {
      const auto& entries = response.entries().entries();
      const auto& pruned = response.entries().pruned_leaf_hashes();
      status = (*copy)->Append(response.entries().first_index(), {entries.begin(), entries.end()},
                               {pruned.begin(), pruned.end()});
    } else {
      checkpoint = response.checkpoint();
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
  *terminal.out << (*copy)->size() << " entries copied to " << args.positionals()[0] << "\n";
  return kExitOk;
}

int Verify(Terminal& terminal, const Args& args) {
  const auto verifier = ReadVerifier(args);
  if (!verifier.ok()) return FailHere(terminal, verifier.status());
  auto witnesses = ReadWitnesses(args);
  if (!witnesses.ok()) return FailHere(terminal, witnesses.status());
  tlog::VerifyOptions options;
  options.witnesses = *std::move(witnesses);
  options.origin = args.Get("--origin");
  for (const std::string& path : args.All("--older")) {
    const auto older = ReadBytes(path, tlog::kNoteBytesMax);
    if (!older.ok()) return FailHere(terminal, older.status());
    options.older_checkpoints.push_back(*older);
  }
  const tlog::VerifyReport report =
      tlog::VerifyDirectory(args.positionals()[0], {&*verifier, 1}, options);
  Page page;
  for (const absl::string_view line : absl::StrSplit(report.ToString(), '\n', absl::SkipEmpty())) {
    page.Paragraph(0, std::string(line));
  }
  (report.ok() ? *terminal.out : *terminal.err) << page.text();
  return report.ok() ? kExitOk : kExitRefused;
}

// The leaf that --receipt or --leaf names.
absl::StatusOr<std::string> ReadLeaf(const Args& args) {
  if (args.Has("--receipt") == args.Has("--leaf")) {
    return absl::InvalidArgumentError("say which entry: --receipt FILE or --leaf HEX");
  }
  if (args.Has("--leaf")) return base::HexDecode(args.Get("--leaf"));
  SIGNPOST_ASSIGN_OR_RETURN(const ReceiptFile file, ReadReceipt(args.Get("--receipt")));
  return file.receipt.leaf_hash();
}

int Entry(Terminal& terminal, const Args& args) {
  signpost::v1::GetEntryRequest request;
  if (args.Has("--index")) {
    uint64_t index = 0;
    if (!absl::SimpleAtoi(args.Get("--index"), &index)) {
      return FailHere(terminal, absl::InvalidArgumentError("--index wants a number"));
    }
    request.set_index(index);
  } else {
    const auto leaf = ReadLeaf(args);
    if (!leaf.ok()) return FailHere(terminal, leaf.status());
    request.set_leaf_hash(*leaf);
  }
  if (!args.Has("--reason")) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  request.set_reason(args.Get("--reason"));
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::GetEntryResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->GetEntry(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "audit entry", answered);
  if (args.Has("--out")) {
    status = WriteBytes(args.Get("--out"), response.entry());
    if (!status.ok()) return FailHere(terminal, status);
  }
  if (args.Has("--json")) {
    *terminal.out << Json(response);
  } else {
    for (const absl::string_view line : absl::StrSplit(response.readable(), '\n')) {
      if (!line.empty()) *terminal.out << Cleaned(std::string(line)) << "\n";
    }
  }
  return kExitOk;
}

int Proof(Terminal& terminal, const Args& args) {
  const auto leaf = ReadLeaf(args);
  if (!leaf.ok()) return FailHere(terminal, leaf.status());
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::GetProofRequest request;
  request.set_leaf_hash(*leaf);
  signpost::v1::GetProofResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->GetProof(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "audit proof", answered);
  if (args.Has("--receipt")) {
    auto file = ReadReceipt(args.Get("--receipt"));
    if (!file.ok()) return FailHere(terminal, file.status());
    file->proof = response.proof();
    status = WriteBytes(args.Get("--receipt"), FormatReceiptFile(*file));
    if (!status.ok()) return FailHere(terminal, status);
  }
  if (args.Has("--out")) {
    status = WriteBytes(args.Get("--out"), response.proof());
    if (!status.ok()) return FailHere(terminal, status);
  } else if (!args.Has("--receipt")) {
    *terminal.out << response.proof();
  }
  if (args.Has("--receipt")) {
    *terminal.out << "The proof is kept in " << args.Get("--receipt")
                  << "; signpost receipt verify needs no hub\n";
  }
  return kExitOk;
}

int ReceiptVerify(Terminal& terminal, const Args& args) {
  const auto verifier = ReadVerifier(args);
  if (!verifier.ok()) return FailHere(terminal, verifier.status());
  const auto file = ReadReceipt(args.positionals()[0]);
  if (!file.ok()) return FailHere(terminal, file.status());
  std::string entry;
  if (args.Has("--entry")) {
    const auto bytes = ReadBytes(args.Get("--entry"), base::kEntryBytesMax);
    if (!bytes.ok()) return FailHere(terminal, bytes.status());
    entry = *bytes;
  }
  const auto verified = VerifyReceipt(*file, *verifier, entry);
  Page page;
  page.Paragraph(0, verified.ok()
                        ? *verified
                        : absl::StrCat("NOT VERIFIED: ", std::string(verified.status().message())));
  (verified.ok() ? *terminal.out : *terminal.err) << page.text();
  return verified.ok() ? kExitOk : kExitRefused;
}

int Tail(Terminal& terminal, const Args& args) {
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  MailboxOptions options;
  options.cursor = args.GetOr("--cursor", "cli");
  options.until_empty = args.Has("--until-empty");
  options.retry.attempts_max = 3;
  Mailbox mailbox((*session)->channel(), terminal.random, options, RealSleeper());
  int64_t handled = 0;
  const bool json = args.Has("--json");
  const absl::Status status = mailbox.Read(
      [&](const signpost::v1::Message& message, const signpost::v1::Notice& notice) {
        (void)message;
        *terminal.out << (json ? Json(notice) : RenderNotice(notice)) << std::flush;
        return absl::OkStatus();
      },
      &handled);
  if (!status.ok()) {
    *terminal.err << "signpost: " << Cleaned(std::string(status.message())) << "\n";
    return status.code() == absl::StatusCode::kUnavailable ? kExitUnreachable : kExitRefused;
  }
  if (!json) *terminal.out << handled << (handled == 1 ? " notice\n" : " notices\n");
  return kExitOk;
}

}  // namespace

std::vector<Command> AuditCommands() {
  const Option key = {"--key", "KEY",
                      "The ledger's verifier key: its text, or a file that holds it."};
  const Option reason = {"--reason", "TEXT", "Why you look; it is recorded."};
  const Option receipt = {"--receipt", "FILE", "The entry of a kept receipt."};
  const Option leaf = {"--leaf", "HEX", "The entry of this leaf hash."};
  return {
      {{"audit checkpoint",
        "",
        "The latest signed checkpoint of the ledger.",
        "",
        {{"--out", "FILE", "Keep it in FILE, to compare with later ones."},
         {"--witnessed-out", "FILE",
          "Keep in FILE the latest one that all required witnesses co-signed."},
         {"--verifier-key", "KEY", "Check its signature with this key."}}},
       Checkpoint},
      {{"audit copy",
        "DIR",
        "Copies the whole ledger into DIR, to verify offline. For auditors.",
        "DIR is a tlog-tiles directory that other people's tools read too.",
        {reason}},
       Copy},
      {{"audit verify",
        "DIR",
        "Verifies a copy offline, and says exactly what is wrong where.",
        "Exit code 1 when anything is wrong.",
        {key,
         {"--older", "FILE",
          "A checkpoint kept from earlier, which must be a beginning of this one.", true},
         {"--witness", "KEY",
          "A witness that must have co-signed it, or a beginning of it: its verifier key, or a "
          "file "
          "that holds it.",
          true},
         {"--origin", "NAME", "The ledger's name that the checkpoint must bear."}}},
       Verify,
       false},
      {{"audit entry",
        "",
        "One entry of the ledger, in words. For auditors.",
        "",
        {receipt,
         leaf,
         {"--index", "NUMBER", "The entry of this number."},
         reason,
         {"--out", "FILE", "Keep the entry's bytes in FILE."}}},
       Entry},
      {{"audit proof",
        "",
        "Fetches the proof that the ledger holds an entry.",
        "With --receipt the proof is added to the receipt's file.",
        {receipt, leaf, {"--out", "FILE", "Keep the proof, c2sp.org/tlog-proof@v1, in FILE."}}},
       Proof},
      {{"receipt verify",
        "FILE",
        "Proves a kept receipt, without a hub.",
        "",
        {key,
         {"--entry", "FILE",
          "The entry's bytes, from audit entry --out: also proves that the answer in the receipt "
          "is the one recorded."}}},
       ReceiptVerify,
       false},
      {{"mailbox tail",
        "",
        "Reads your system's mailbox: notices of flags opened, closed and changed.",
        "Each notice is acknowledged once it is printed.",
        {{"--cursor", "NAME", "This reader's place; \"cli\" without it."},
         {"--until-empty", "", "Stop when nothing more waits."}}},
       Tail},
  };
}

}  // namespace signpost::adapters::cli
