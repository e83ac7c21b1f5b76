// audit joint-look ask, agree, end, list; audit pseudonyms: what takes two auditors.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/audit.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::AuditService;

constexpr int kIndent = 3;
constexpr int kColumn = 12;
constexpr uint64_t kHoursMax = 72;

struct AskOptions : HubOptions {
  std::optional<uint64_t> first;
  std::optional<uint64_t> end;
  std::optional<uint64_t> same_person_as;
  std::string held_by;
  std::string from;
  std::string until;
  bool pseudonyms = false;
  std::optional<uint64_t> hours;
  std::string reason;
  void Declare(CLI::App* app) {
    AddNumber(app, "--first", "NUMBER", "Entries from this number on.", &first);
    AddNumber(app, "--end", "NUMBER", "And below this one.", &end);
    AddNumber(app, "--same-person-as", "NUMBER",
              "About the same person as the entry of this number.", &same_person_as);
    AddText(app, "--held-by", "ID", "That name this agency of a sensitive service, and no other.",
            &held_by);
    AddText(app, "--from", "DAY", "Sequenced on this day or later.", &from);
    AddText(app, "--until", "DAY", "Sequenced before this day.", &until);
    AddSwitch(app, "--pseudonyms",
              "Not what is masked, but a file of pseudonyms for the entries from --first to --end.",
              &pseudonyms);
    AddNumber(app, "--hours", "NUMBER", "For how long once another agreed; 8 without it.", &hours,
              {1, kHoursMax});
    AddText(app, "--reason", "TEXT", "Why; kept sealed, and shown to the other auditors.", &reason);
  }
};

struct AgreeOptions : HubOptions {
  std::string id;
  std::string reason;
  void Declare(CLI::App* app) {
    AddPositional(app, "ID", &id);
    AddText(app, "--reason", "TEXT", "Why; it is recorded.", &reason);
  }
};

struct EndOptions : HubOptions {
  std::string id;
  void Declare(CLI::App* app) { AddPositional(app, "ID", &id); }
};

struct ListOptions : HubOptions {
  bool standing = false;
  void Declare(CLI::App* app) {
    AddSwitch(app, "--standing", "Those that wait or are open, only.", &standing);
  }
};

struct PseudonymOptions : HubOptions {
  std::string file;
  std::string joint_look;
  void Declare(CLI::App* app) {
    AddPositional(app, "FILE", &file);
    AddText(app, "--joint-look", "ID", "The joint look that is about pseudonyms.", &joint_look);
  }
};

std::string RangeText(bool has_first, uint64_t first, bool has_end, uint64_t end) {
  return absl::StrCat("entries from ", has_first ? first : 0,
                      has_end ? absl::StrCat(" to ", end - 1) : " on");
}

std::string ScopeText(const signpost::v1::JointLook& look) {
  if (look.has_pseudonyms()) {
    const auto& scope = look.pseudonyms();
    return absl::StrCat("pseudonyms for ", RangeText(true, scope.first_index(),
                                                     scope.has_end_index(), scope.end_index()));
  }
  const signpost::v1::UnmaskScope& scope = look.unmask();
  std::vector<std::string> parts;
  if (scope.has_first_index() || scope.has_end_index()) {
    parts.push_back(RangeText(scope.has_first_index(), scope.first_index(), scope.has_end_index(),
                              scope.end_index()));
  }
  if (scope.has_same_person_as()) {
    parts.push_back(absl::StrCat("about the same person as entry ", scope.same_person_as()));
  }
  if (!scope.holder_agency_id().empty()) {
    parts.push_back(absl::StrCat("naming ", scope.holder_agency_id()));
  }
  if (scope.has_from()) parts.push_back(absl::StrCat("from ", Readable(scope.from())));
  if (scope.has_until()) parts.push_back(absl::StrCat("before ", Readable(scope.until())));
  return absl::StrCat("masked entries: ", JoinWords(parts));
}

std::string LookerText(const signpost::v1::JointLooker& looker) {
  return absl::StrCat(looker.agency_id(), "/", looker.practitioner_id(), ", ",
                      Readable(looker.at()));
}

void Render(const signpost::v1::JointLook& look, Page* page) {
  page->Heading(absl::StrCat("Joint look ", look.joint_look_id(), ": ",
                             ReadableCode(EnumWord(look.state()))));
  page->Field(kIndent, kColumn, "Opens", ScopeText(look));
  page->Field(kIndent, kColumn, "Reason", look.reason());
  page->Field(kIndent, kColumn, "Asked by", LookerText(look.asked_by()));
  if (look.has_agreed_by())
    page->Field(kIndent, kColumn, "Agreed by", LookerText(look.agreed_by()));
  if (look.has_ended_by()) {
    page->Field(kIndent, kColumn, "Ended by", LookerText(look.ended_by()));
  } else {
    page->Field(kIndent, kColumn, "Until",
                absl::StrCat(Readable(look.until()), ", for ", look.hours(), " hours once agreed"));
  }
  page->Field(kIndent, kColumn, "Looks", absl::StrCat(look.looks()));
}

template <typename Response>
int Tell(Terminal& terminal, bool json, const Response& response) {
  if (json) {
    *terminal.out << Json(response);
    return kExitOk;
  }
  Page page(terminal.bold);
  Render(response.joint_look(), &page);
  *terminal.out << RenderRecorded(page.text(), response.receipt());
  return kExitOk;
}

absl::StatusOr<signpost::v1::AskJointLookRequest> ReadAsk(const AskOptions& options) {
  if (options.reason.empty()) return absl::InvalidArgumentError("say why: --reason TEXT");
  signpost::v1::AskJointLookRequest request;
  request.set_reason(options.reason);
  request.set_hours(static_cast<int32_t>(options.hours.value_or(0)));
  if (options.pseudonyms) {
    if (options.same_person_as.has_value() || !options.held_by.empty() || !options.from.empty() ||
        !options.until.empty()) {
      return absl::InvalidArgumentError("--pseudonyms goes with --first and --end alone");
    }
    signpost::v1::PseudonymScope* scope = request.mutable_pseudonyms();
    scope->set_first_index(options.first.value_or(0));
    if (options.end.has_value()) scope->set_end_index(*options.end);
    return request;
  }
  signpost::v1::UnmaskScope* scope = request.mutable_unmask();
  if (options.first.has_value()) scope->set_first_index(*options.first);
  if (options.end.has_value()) scope->set_end_index(*options.end);
  if (options.same_person_as.has_value()) scope->set_same_person_as(*options.same_person_as);
  scope->set_holder_agency_id(options.held_by);
  if (!options.from.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(*scope->mutable_from(), ParseDay(options.from));
  }
  if (!options.until.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(*scope->mutable_until(), ParseDay(options.until));
  }
  return request;
}

int Ask(Terminal& terminal, const AskOptions& options) {
  auto request = ReadAsk(options);
  if (!request.ok()) return FailHere(terminal, request.status());
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request->set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::AskJointLookResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->AskJointLook(&context, *request, &response);
  if (!answered.ok()) return FailCall(terminal, "audit joint-look ask", answered);
  return Tell(terminal, options.json, response);
}

int Agree(Terminal& terminal, const AgreeOptions& options) {
  if (options.reason.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  signpost::v1::AgreeJointLookRequest request;
  request.set_request_id((*session)->NewRequestId());
  request.set_joint_look_id(options.id);
  request.set_reason(options.reason);
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::AgreeJointLookResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->AgreeJointLook(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "audit joint-look agree", answered);
  return Tell(terminal, options.json, response);
}

int End(Terminal& terminal, const EndOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  signpost::v1::EndJointLookRequest request;
  request.set_request_id((*session)->NewRequestId());
  request.set_joint_look_id(options.id);
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::EndJointLookResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->EndJointLook(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "audit joint-look end", answered);
  return Tell(terminal, options.json, response);
}

int List(Terminal& terminal, const ListOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = AuditService::NewStub((*session)->channel());
  signpost::v1::ListJointLooksRequest request;
  request.set_standing_only(options.standing);
  Page page(terminal.bold);
  uint64_t listed = 0;
  do {
    grpc::ClientContext context;
    const absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
    if (!status.ok()) return FailHere(terminal, status);
    signpost::v1::ListJointLooksResponse response;
    const grpc::Status answered = stub->ListJointLooks(&context, request, &response);
    if (!answered.ok()) return FailCall(terminal, "audit joint-look list", answered);
    if (options.json) *terminal.out << Json(response);
    for (const signpost::v1::JointLook& look : response.joint_looks()) {
      Render(look, &page);
      ++listed;
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (options.json) return kExitOk;
  if (listed == 0) page.Line("There is none that concerns you.");
  *terminal.out << page.text();
  return kExitOk;
}

int Pseudonyms(Terminal& terminal, const PseudonymOptions& options) {
  if (options.joint_look.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError(
                                  "it takes two auditors: audit joint-look ask --pseudonyms, have "
                                  "another agree, then --joint-look ID"));
  }
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  absl::Status status = (*session)->Prepare(kPurposeOfAudit, kStreamDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::IssuePseudonymsRequest request;
  request.set_joint_look_id(options.joint_look);
  const auto stub = AuditService::NewStub((*session)->channel());
  const auto stream = stub->IssuePseudonyms(&context, request);
  signpost::v1::IssuePseudonymsResponse response;
  std::string file;
  signpost::v1::Receipt receipt;
  while (stream->Read(&response)) {
    if (response.has_receipt()) {
      receipt = response.receipt();
    } else {
      file += response.file_part();
    }
  }
  const grpc::Status finished = stream->Finish();
  if (!finished.ok()) return FailCall(terminal, "audit pseudonyms", finished);
  status = WriteBytes(options.file, file);
  if (!status.ok()) return FailHere(terminal, status);
  *terminal.out << RenderRecorded(
      absl::StrCat("Pseudonyms written to ", options.file,
                   ". Copy the ledger now (audit copy): the copy then says that the file is right. "
                   "Delete the file when the audit is done.\n"),
      receipt);
  return kExitOk;
}

}  // namespace

std::vector<Command> AuditJointCommands() {
  return {
      MakeCommand("audit joint-look ask",
                  "Asks that you and another auditor may see masked entries, or have pseudonyms.",
                  "Nothing opens until another auditor agrees. What you name must all hold.", Ask),
      MakeCommand("audit joint-look agree", "Agrees to another auditor's joint look ID.",
                  "From then on you two may look, for its hours, at what it names.", Agree),
      MakeCommand("audit joint-look end", "Ends the joint look ID that is yours.", "", End),
      MakeCommand("audit joint-look list", "Lists joint looks.",
                  "For auditors all; for a data protection officer those that showed an entry that "
                  "names their agency, or are to.",
                  List),
      MakeCommand("audit pseudonyms",
                  "Writes to FILE which entries are about the same person. For two auditors.",
                  "Whom they are about it does not say. For audit patterns and audit search on a "
                  "--copy.",
                  Pseudonyms),
  };
}

}  // namespace signpost::adapters::cli
