// audit sample, verify-person: entries drawn at random, and the index of a person held against the
// ledger.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/files/key_file.h"
#include "adapters/cli/ledger/copy_reader.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "hub/audit/export.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"
#include "hub/tlog/sample.h"
#include "hub/tlog/verifier.h"
#include "signpost/v1/audit.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::AuditService;

constexpr char kFileHead[] = "signpost-sample-v1";
constexpr size_t kFileBytesMax = 4096;

struct SampleOptions : HubOptions {
  std::optional<uint64_t> count;
  std::optional<uint64_t> first;
  std::optional<uint64_t> end;
  std::string reason;
  std::string file;
  std::string verifier_key;
  std::string copy;
  void Declare(CLI::App* app) {
    AddNumber(app, "--count", "NUMBER", "How many entries to draw, 1 to 1,000.", &count,
              {1, tlog::kSampleCountMax});
    AddNumber(app, "--first", "NUMBER", "Of the entries from this number on.", &first);
    AddNumber(app, "--end", "NUMBER", "And below this one; all there are without it.", &end);
    AddText(app, "--reason", "TEXT", "Why you look; it is recorded.", &reason);
    AddText(app, "--file", "FILE",
            "Where what it was drawn from is kept; with --copy, where it is read.", &file);
    AddText(app, "--verifier-key", "KEY", "The ledger's verifier key: its text, or a file.",
            &verifier_key);
    AddText(app, "--copy", "DIR", "Draw the same again on a copy, by --file, without a hub.",
            &copy);
  }
};

struct VerifyPersonOptions : HubOptions {
  std::optional<uint64_t> same_person_as;
  std::string details;
  std::string nhs_number;
  std::string upn;
  std::string reason;
  void Declare(CLI::App* app) {
    AddNumber(app, "--same-person-as", "NUMBER", "Whoever the entry of this number is about.",
              &same_person_as);
    AddText(app, "--details", "DETAILS", "Whom, as \"given names,surname,birth date,postcode\".",
            &details);
    AddText(app, "--nhs-number", "NUMBER", "With --details.", &nhs_number);
    AddText(app, "--upn", "NUMBER", "With --details.", &upn);
    AddText(app, "--reason", "TEXT", "Why you look; it is recorded.", &reason);
  }
};

// What a sample is drawn from: the announcement, and the auditor's random bytes.
struct SampleFile {
  std::string origin;
  uint64_t announced = 0;
  std::string nonce;
};

std::string Format(const SampleFile& file) {
  return absl::StrCat(kFileHead, "\nledger ", file.origin, "\nannounced ", file.announced,
                      "\nnonce ", base::HexEncode(file.nonce), "\n");
}

absl::StatusOr<SampleFile> Read(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, ReadBytes(path, kFileBytesMax));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  const auto value = [&](size_t line, absl::string_view name) -> std::string {
    const std::string head = absl::StrCat(name, " ");
    return line < lines.size() && lines[line].rfind(head, 0) == 0 ? lines[line].substr(head.size())
                                                                  : "";
  };
  SampleFile file;
  file.origin = value(1, "ledger");
  const absl::StatusOr<std::string> nonce = base::HexDecode(value(3, "nonce"));
  if (lines[0] != kFileHead || file.origin.empty() ||
      !absl::SimpleAtoi(value(2, "announced"), &file.announced) || !nonce.ok() ||
      nonce->size() != tlog::kSampleNonceBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no file of a sample (audit sample)"));
  }
  file.nonce = *nonce;
  return file;
}

void Show(Terminal& terminal, bool json, const audit::Exported& exported) {
  if (json) {
    *terminal.out << audit::JsonLine(exported);
    return;
  }
  const ledger::v1::LedgerEntry& entry = exported.entry;
  *terminal.out << Cleaned(absl::StrCat(entry.index(), "  ",
                                        audit::TimeText(entry.sequenced_at_us()), "  ",
                                        audit::KindWord(entry.kind()), "  ", entry.agency_id(),
                                        entry.practitioner_id().empty() ? "" : "/",
                                        entry.practitioner_id(), "  ", audit::OutcomeText(entry)))
                << "\n";
}

// --- At a hub ---

using Stub = AuditService::Stub;

// That the root which the hub gave is that of the ledger it signs. Errors: what a hub must not do.
absl::Status CheckRoot(Session* session, Stub* stub, const SampleOptions& options,
                       const signpost::v1::AnnounceSampleResponse& announced) {
  grpc::ClientContext first;
  SIGNPOST_RETURN_IF_ERROR(session->Prepare(kPurposeOfAudit, kCallDeadline, &first));
  signpost::v1::GetCheckpointResponse latest;
  if (!stub->GetCheckpoint(&first, {}, &latest).ok()) {
    return absl::UnavailableError("the hub gives no checkpoint to hold the sample's root against");
  }
  const std::string key =
      options.verifier_key.empty() ? latest.verifier_key() : options.verifier_key;
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::NoteVerifier verifier, ReadVerifierKey(key));
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint,
                            tlog::OpenCheckpoint(latest.checkpoint(), {&verifier, 1}));
  grpc::ClientContext second;
  SIGNPOST_RETURN_IF_ERROR(session->Prepare(kPurposeOfAudit, kCallDeadline, &second));
  signpost::v1::GetConsistencyRequest request;
  request.set_old_size(announced.announced_index() + 1);
  request.set_new_size(checkpoint.size);
  signpost::v1::GetConsistencyResponse response;
  if (!stub->GetConsistency(&second, request, &response).ok()) {
    return absl::UnavailableError("the hub does not prove that the sample's root is its ledger's");
  }
  std::vector<tlog::Hash> proof;
  for (const std::string& hash : response.hashes()) {
    SIGNPOST_ASSIGN_OR_RETURN(proof.emplace_back(), tlog::HashFromString(hash));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root, tlog::HashFromString(announced.root()));
  return tlog::VerifyConsistency(announced.announced_index() + 1, checkpoint.size, proof, root,
                                 checkpoint.root);
}

int SampleAtHub(Terminal& terminal, const SampleOptions& options) {
  if (!options.count.has_value() || options.reason.empty() || options.file.empty()) {
    return FailHere(
        terminal, absl::InvalidArgumentError("say how many, why, and where what it was drawn from "
                                             "is kept: --count, --reason, --file"));
  }
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = AuditService::NewStub((*session)->channel());
  SampleFile file;
  file.nonce = terminal.random->Bytes(tlog::kSampleNonceBytes);
  signpost::v1::AnnounceSampleRequest request;
  request.set_request_id((*session)->NewRequestId());
  request.set_reason(options.reason);
  request.set_first_index(options.first.value_or(0));
  if (options.end.has_value()) request.set_end_index(*options.end);
  request.set_count(static_cast<int32_t>(*options.count));
  request.set_nonce_sha256(base::Sha256(file.nonce));
  grpc::ClientContext context;
  absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::AnnounceSampleResponse announced;
  const grpc::Status answered = stub->AnnounceSample(&context, request, &announced);
  if (!answered.ok()) return FailCall(terminal, "audit sample", answered);
  file.origin = announced.receipt().origin();
  file.announced = announced.announced_index();
  status = WriteBytes(options.file, Format(file));
  if (!status.ok()) return FailHere(terminal, status);
  status = CheckRoot(session->get(), stub.get(), options, announced);
  if (!status.ok()) {
    *terminal.err << "signpost: " << Cleaned(std::string(status.message())) << "\n";
    return kExitRefused;
  }
  const auto root = tlog::HashFromString(announced.root());
  if (!root.ok()) return FailHere(terminal, root.status());
  const auto drawn = tlog::DrawSample(
      *root, file.nonce,
      {announced.first_index(), announced.end_index(), static_cast<int>(*options.count)});
  if (!drawn.ok()) return FailHere(terminal, drawn.status());
  for (const uint64_t index : *drawn) {
    grpc::ClientContext one;
    status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &one);
    if (!status.ok()) return FailHere(terminal, status);
    signpost::v1::GetEntryRequest get;
    get.set_index(index);
    get.set_reason(options.reason);
    signpost::v1::GetEntryResponse got;
    const grpc::Status read = stub->GetEntry(&one, get, &got);
    if (!read.ok()) return FailCall(terminal, "audit sample", read);
    const bool masked = !got.masked_entry().empty();
    if (!masked && got.entry().empty()) {
      *terminal.out << index << "  past its retention; only its hash is kept\n";
      continue;
    }
    const auto exported = audit::ReadForExport(masked ? got.masked_entry() : got.entry(),
                                               file.origin, got.leaf_hash());
    if (!exported.ok()) return FailHere(terminal, exported.status());
    Show(terminal, options.json, *exported);
  }
  std::ostream& words = options.json ? *terminal.err : *terminal.out;
  words << drawn->size() << " entries drawn of " << announced.end_index() - announced.first_index()
        << ", by the announcement in entry " << file.announced
        << "; the same on a copy: signpost audit sample --copy DIR --verifier-key KEY --file "
        << options.file << "\n";
  return kExitOk;
}

// --- On a copy ---

int SampleOnACopy(Terminal& terminal, const SampleOptions& options) {
  if (options.file.empty() || options.verifier_key.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError(
                                  "say by what it was drawn and whose key the copy is right by: "
                                  "--file FILE --verifier-key KEY"));
  }
  const auto file = Read(options.file);
  if (!file.ok()) return FailHere(terminal, file.status());
  const auto verifier = ReadVerifierKey(options.verifier_key);
  if (!verifier.ok()) return FailHere(terminal, verifier.status());
  tlog::VerifyOptions wanted;
  wanted.origin = file->origin;
  wanted.root_at = file->announced + 1;
  const tlog::VerifyReport report = tlog::VerifyDirectory(options.copy, {&*verifier, 1}, wanted);
  if (!report.ok()) {
    *terminal.err << "signpost: the copy does not verify\n" << Cleaned(report.ToString()) << "\n";
    return kExitRefused;
  }
  if (!report.root_at.has_value()) {
    *terminal.err << "signpost: the copy ends before the announcement; copy again\n";
    return kExitRefused;
  }
  const auto copy = CopyReader::OpenUnverified(options.copy);  // it was verified just now
  if (!copy.ok()) return FailHere(terminal, copy.status());
  std::optional<tlog::SampleRange> range;
  absl::Status status = copy->ForEach(
      file->announced, false,
      [&](uint64_t, const std::string& bytes, const std::string& leaf) -> absl::StatusOr<bool> {
        SIGNPOST_ASSIGN_OR_RETURN(const audit::Exported exported,
                                  audit::ReadForExport(bytes, copy->origin(), leaf));
        const ledger::v1::SampleAnnounced& detail = exported.entry.sample_announced();
        if (exported.entry.index() == file->announced && !exported.entry.masked() &&
            detail.nonce_sha256() == base::Sha256(file->nonce)) {
          range = tlog::SampleRange{detail.first_index(), detail.end_index(),
                                    static_cast<int>(detail.count())};
        }
        return false;
      });
  if (!status.ok()) return FailHere(terminal, status);
  if (!range.has_value()) {
    *terminal.err << "signpost: entry " << file->announced
                  << " announces no sample with these random bytes\n";
    return kExitRefused;
  }
  const auto drawn = tlog::DrawSample(*report.root_at, file->nonce, *range);
  if (!drawn.ok()) return FailHere(terminal, drawn.status());
  size_t shown = 0;
  status = copy->ForEach(drawn->front(), false,
                         [&](uint64_t index, const std::string& bytes,
                             const std::string& leaf) -> absl::StatusOr<bool> {
                           if (std::binary_search(drawn->begin(), drawn->end(), index)) {
                             SIGNPOST_ASSIGN_OR_RETURN(
                                 const audit::Exported exported,
                                 audit::ReadForExport(bytes, copy->origin(), leaf));
                             Show(terminal, options.json, exported);
                             ++shown;
                           }
                           return index < drawn->back();
                         });
  if (!status.ok()) return FailHere(terminal, status);
  std::ostream& words = options.json ? *terminal.err : *terminal.out;
  words << drawn->size() << " entries drawn of " << range->end - range->first;
  if (shown < drawn->size()) words << ", " << drawn->size() - shown << " past their retention";
  words << "\n";
  return kExitOk;
}

int Sample(Terminal& terminal, const SampleOptions& options) {
  return options.copy.empty() ? SampleAtHub(terminal, options) : SampleOnACopy(terminal, options);
}

// --- One person ---

void AddIndexes(const google::protobuf::RepeatedField<uint64_t>& from, std::vector<uint64_t>* to) {
  to->insert(to->end(), from.begin(), from.end());
}

int VerifyPerson(Terminal& terminal, const VerifyPersonOptions& options) {
  if (options.reason.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  if (options.same_person_as.has_value() != options.details.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError(
                                  "say whom: --same-person-as NUMBER or --details DETAILS"));
  }
  signpost::v1::VerifyPersonRequest request;
  request.set_reason(options.reason);
  if (options.same_person_as.has_value()) {
    request.set_same_person_as(*options.same_person_as);
  } else {
    PersonOptions about;
    about.details = options.details;
    about.nhs_number = options.nhs_number;
    about.upn = options.upn;
    const auto selector = ReadSelector(about);
    if (!selector.ok()) return FailHere(terminal, selector.status());
    *request.mutable_person() = selector->details();
  }
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = AuditService::NewStub((*session)->channel());
  uint64_t about = 0;
  uint64_t size = 0;
  std::vector<uint64_t> missing;
  std::vector<uint64_t> surplus;
  std::vector<uint64_t> unverifiable;
  do {
    grpc::ClientContext context;
    const absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
    if (!status.ok()) return FailHere(terminal, status);
    signpost::v1::VerifyPersonResponse page;
    const grpc::Status answered = stub->VerifyPerson(&context, request, &page);
    if (!answered.ok()) return FailCall(terminal, "audit verify-person", answered);
    if (options.json) *terminal.out << Json(page);
    about += page.entries_about();
    size = page.ledger_size();
    AddIndexes(page.missing_indexes(), &missing);
    AddIndexes(page.surplus_indexes(), &surplus);
    AddIndexes(page.unverifiable_indexes(), &unverifiable);
    request.set_page_token(page.next_page_token());
    if (!page.next_page_token().empty()) {
      *terminal.err << page.next_index() << " of " << size << " entries gone through\n";
    }
  } while (!request.page_token().empty());
  const bool right = missing.empty() && surplus.empty();
  if (options.json) return right ? kExitOk : kExitRefused;
  Page page(terminal.bold);
  page.Paragraph(0,
                 absl::StrCat("Of ", size, " entries ", about,
                              " are about this person, by their own reference and by the index."));
  if (!missing.empty()) {
    page.Paragraph(0, absl::StrCat("The index LEFT OUT ", missing.size(),
                                   ": somebody took rows out of it. Entries ",
                                   absl::StrJoin(missing, ", "), "."));
  }
  if (!surplus.empty()) {
    page.Paragraph(0, absl::StrCat("The index has ", surplus.size(),
                                   " TOO MUCH, which are about somebody else. Entries ",
                                   absl::StrJoin(surplus, ", "), "."));
  }
  if (!unverifiable.empty()) {
    page.Paragraph(0, absl::StrCat(unverifiable.size(),
                                   " more rest on the index alone, as lists about several and as "
                                   "entries past their retention. Entries ",
                                   absl::StrJoin(unverifiable, ", "), "."));
  }
  *terminal.out << page.text();
  return right ? kExitOk : kExitRefused;
}

}  // namespace

std::vector<Command> AuditSampleCommands() {
  return {
      MakeCommand("audit sample",
                  "Draws entries at random, so that nobody can steer which. For auditors.",
                  "What they are drawn from is kept in --file, with which anybody who has a copy "
                  "draws the same ones. docs/audit-copies.md says how.",
                  Sample),
      MakeCommand("audit verify-person",
                  "Holds the hub's index of one person's entries against the ledger. For auditors.",
                  "Names entries that the index left out, or has too much. Ends with 1 where there "
                  "are any.",
                  VerifyPerson),
  };
}

}  // namespace signpost::adapters::cli
