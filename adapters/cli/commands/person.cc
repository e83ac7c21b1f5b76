// person export, shield, erase, erased-records: everything that is held about one young person. For
// data protection officers.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/text/export_page.h"
#include "adapters/cli/text/letter.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/person.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::PersonService;

struct ExportOptions : HubOptions {
  PersonOptions about;
  std::string reason;
  std::string out;
  std::string letter;
  std::string letter_html;
  std::vector<std::string> include;
  std::string because;
  std::optional<uint64_t> before_entry;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--reason", "TEXT", "Why, in at least ten letters. Recorded, sealed.", &reason);
    AddText(app, "--out", "FILE", "Keep it in FILE, readable by you.", &out);
    AddText(app, "--letter", "FILE", "Write a letter to them into FILE, in plain English.",
            &letter);
    AddText(app, "--letter-html", "FILE", "The same letter as a page of HTML.", &letter_html);
    AddList(app, "--include", "ID", "Include what an earlier export left out under this id.",
            &include);
    AddText(app, "--because", "TEXT",
            "Why that may be told, in at least ten letters. Recorded, sealed.", &because);
    AddNumber(app, "--before-entry", "NUMBER", "Tell accesses older than this entry alone.",
              &before_entry);
  }
};

struct EraseOptions : HubOptions {
  PersonOptions about;
  std::string reason;
  bool for_good = false;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--reason", "TEXT", "Why, in at least ten letters. Recorded, sealed.", &reason);
    AddSwitch(app, "--for-good", "You know that nobody can undo it.", &for_good);
  }
};

struct ShieldOptions : HubOptions {
  PersonOptions about;
  std::string reason;
  bool set_shield = false;
  bool lift_shield = false;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--reason", "TEXT", "Why, in at least ten letters. Recorded, sealed.", &reason);
    AddSwitch(app, "--set", "Set it.", &set_shield);
    AddSwitch(app, "--lift",
              "Ask that it be lifted: it takes every agency that set it, and one more.",
              &lift_shield);
  }
};

struct ErasedRecordsOptions : HubOptions {
  std::string question;
  std::string reason;
  bool keep_out = false;
  bool take_as_new = false;
  void Declare(CLI::App* app) {
    AddText(app, "--question", "ID", "Answer this one, as the list names it.", &question);
    AddSwitch(app, "--keep-out", "It stays out.", &keep_out);
    AddSwitch(app, "--take-as-new", "It is somebody new.", &take_as_new);
    AddText(app, "--reason", "TEXT", "Why, in at least ten letters. Recorded, sealed.", &reason);
  }
};

constexpr int kErasedRecordsShown = 1000;
constexpr int kExclusionsPerInclusion = 50;  // as many as the hub takes
constexpr int kIndent = 3;

std::string RenderErasedRecords(const signpost::v1::ErasedRecords& listed) {
  Page page;
  page.Heading("Records of people who were erased, reported again");
  for (const signpost::v1::ErasedRecord& record : listed.records()) {
    page.Field(kIndent, 36, record.question_id(),
               absl::StrCat(record.agency_id(), ", its record ", record.record_id(), "; erased ",
                            Readable(record.erased_at()), ", reported again ",
                            Readable(record.reported_at())));
  }
  if (listed.records().empty()) {
    page.Line("None waits for your answer.");
  } else {
    page.Line(
        "Ring each agency about its record, then answer: --question ID with --keep-out or "
        "--take-as-new.");
  }
  if (!listed.next_page_token().empty()) page.Line("There are more: answer these first.");
  return page.text();
}

// What every command of this file needs: a selector and a reason.
template <typename Options, typename Request>
absl::Status Fill(const Options& options, Request* request) {
  SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_person(), ReadSelector(options.about));
  if (options.reason.empty()) return absl::InvalidArgumentError("say why: --reason TEXT");
  request->set_reason(options.reason);
  return absl::OkStatus();
}

// Sends `request` through `method` of the service. 0, or the exit code of what went wrong.
template <typename Request, typename Response>
int Send(Terminal& terminal, const HubOptions& options, const char* what,
         grpc::Status (PersonService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                     Response*),
         Request* request, Response* response) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request->set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  const auto stub = PersonService::NewStub((*session)->channel());
  const grpc::Status answered = ((*stub).*method)(&context, *request, response);
  return answered.ok() ? kExitOk : FailCall(terminal, what, answered);
}

// What of an export is asked for beside everything.
absl::Status FillInclusions(const ExportOptions& options,
                            signpost::v1::ExportPersonRequest* request) {
  if (options.include.empty() != options.because.empty()) {
    return absl::InvalidArgumentError(
        "say what to include and why it may be told: --include ID .. --because TEXT");
  }
  signpost::v1::ExportInclusion* inclusion = nullptr;
  for (const std::string& id : options.include) {
    if (inclusion == nullptr || inclusion->exclusion_ids_size() == kExclusionsPerInclusion) {
      inclusion = request->add_inclusions();
      inclusion->set_reason(options.because);
    }
    inclusion->add_exclusion_ids(id);
  }
  request->set_accesses_before(options.before_entry.value_or(0));
  return absl::OkStatus();
}

int Export(Terminal& terminal, const ExportOptions& options) {
  signpost::v1::ExportPersonRequest request;
  absl::Status status = Fill(options, &request);
  if (status.ok()) status = FillInclusions(options, &request);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::ExportPersonResponse response;
  const int sent = Send(terminal, options, "person export", &PersonService::Stub::ExportPerson,
                        &request, &response);
  if (sent != kExitOk) return sent;
  signpost::v1::PersonExport held;
  if (!held.ParseFromString(response.answer())) {
    return FailCall(terminal, "person export",
                    grpc::Status(grpc::StatusCode::INTERNAL, "the answer does not parse"));
  }
  held.clear_salt();
  std::string kept;
  for (const auto& [file, text] :
       {std::pair(options.letter, LetterText(held)),
        std::pair(options.letter_html, LetterHtml(held)),
        std::pair(options.out, options.json ? Json(held) : RenderExport(held))}) {
    if (file.empty()) continue;
    status = WriteBytes(file, text);
    if (!status.ok()) return FailHere(terminal, status);
    absl::StrAppend(&kept, kept.empty() ? "Kept in " : " and ", file);
  }
  if (!kept.empty()) {
    absl::StrAppend(&kept, "; it is personal: keep it as you keep case files\n\n");
  } else if (options.json) {
    *terminal.out << Json(held);
    return kExitOk;
  } else {
    kept = absl::StrCat(RenderExport(held), "\n");
  }
  *terminal.out << RenderRecorded(absl::StrCat(kept, RenderExclusions(held)), response.receipt());
  return kExitOk;
}

int Erase(Terminal& terminal, const EraseOptions& options) {
  signpost::v1::ErasePersonRequest request;
  absl::Status status = Fill(options, &request);
  if (status.ok() && !options.for_good) {
    status = absl::InvalidArgumentError(
        "erasing cannot be undone by anybody, from no backup; export first what they may want, "
        "then say --for-good");
  }
  if (!status.ok()) return FailHere(terminal, status);
  request.set_confirmed(true);
  signpost::v1::ErasePersonResponse response;
  const int sent = Send(terminal, options, "person erase", &PersonService::Stub::ErasePerson,
                        &request, &response);
  if (sent != kExitOk) return sent;
  *terminal.out
      << (options.json
              ? Json(response)
              : RenderRecorded(
                    "Erased. Entries of the ledger stay and prove that they were made; "
                    "what was private in them can be read by nobody. Each agency with a record of "
                    "theirs is asked to stop reporting it; one that does all the same is a "
                    "question to you: signpost person erased-records.",
                    response.receipt()));
  return kExitOk;
}

int ErasedRecords(Terminal& terminal, const ErasedRecordsOptions& options) {
  const bool answers = options.keep_out || options.take_as_new;
  if (!answers) {
    signpost::v1::ListErasedRecordsRequest request;
    request.set_page_size(kErasedRecordsShown);
    signpost::v1::ListErasedRecordsResponse response;
    const int sent = Send(terminal, options, "person erased-records",
                          &PersonService::Stub::ListErasedRecords, &request, &response);
    if (sent != kExitOk) return sent;
    signpost::v1::ErasedRecords listed;
    if (!listed.ParseFromString(response.answer())) {
      return FailCall(terminal, "person erased-records",
                      grpc::Status(grpc::StatusCode::INTERNAL, "the answer does not parse"));
    }
    listed.clear_salt();
    *terminal.out << (options.json
                          ? Json(listed)
                          : RenderRecorded(RenderErasedRecords(listed), response.receipt()));
    return kExitOk;
  }
  absl::Status status = absl::OkStatus();
  if (options.keep_out == options.take_as_new) {
    status = absl::InvalidArgumentError("say which: --keep-out or --take-as-new");
  } else if (options.question.empty()) {
    status = absl::InvalidArgumentError("say of which question: --question ID");
  } else if (options.reason.empty()) {
    status = absl::InvalidArgumentError("say why: --reason TEXT");
  }
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::AnswerErasedRecordRequest request;
  request.set_question_id(options.question);
  request.set_answer(options.keep_out ? signpost::v1::ERASED_RECORD_ANSWER_KEEP_OUT
                                      : signpost::v1::ERASED_RECORD_ANSWER_TAKE_AS_NEW);
  request.set_reason(options.reason);
  signpost::v1::AnswerErasedRecordResponse response;
  const int sent = Send(terminal, options, "person erased-records",
                        &PersonService::Stub::AnswerErasedRecord, &request, &response);
  if (sent != kExitOk) return sent;
  *terminal.out << (options.json ? Json(response)
                                 : RenderRecorded(options.keep_out
                                                      ? "The record stays out. What was reported "
                                                        "of it is destroyed"
                                                      : "The record is of somebody new",
                                                  response.receipt()));
  return kExitOk;
}

int Shield(Terminal& terminal, const ShieldOptions& options) {
  signpost::v1::SetShieldRequest request;
  absl::Status status = Fill(options, &request);
  if (status.ok() && options.set_shield == options.lift_shield) {
    status = absl::InvalidArgumentError("say which: --set or --lift");
  }
  if (!status.ok()) return FailHere(terminal, status);
  request.set_shielded(options.set_shield);
  signpost::v1::SetShieldResponse response;
  const int sent = Send(terminal, options, "person shield", &PersonService::Stub::SetShield,
                        &request, &response);
  if (sent != kExitOk) return sent;
  *terminal.out << (options.json
                        ? Json(response)
                        : RenderRecorded(request.shielded()
                                             ? "The shield stands, from now on"
                                             : "Your agency's wish is recorded. A shield is lifted "
                                               "once every agency that set it and at least one "
                                               "other wish it within 28 days; who works with them "
                                               "is told then",
                                         response.receipt()));
  return kExitOk;
}

}  // namespace

std::vector<Command> PersonCommands() {
  return {
      MakeCommand(
          "person export",
          "Everything held about a young person and everybody who looked, to answer them.",
          "For practitioners in role data-protection-officer. Tells what an officer of your agency "
          "may "
          "tell; --letter writes it in plain English. What of your agency's own is left out (names "
          "of others, looks to protect somebody) is listed for you, and --include with --because "
          "includes it; about everything else another agency's officer decides.",
          Export),
      MakeCommand(
          "person erase", "Erases a young person: their key is destroyed.",
          "For practitioners in role data-protection-officer. The ledger keeps its entries, "
          "which lead to nobody then.",
          Erase),
      MakeCommand(
          "person erased-records",
          "Records of erased people that were reported again: lists and answers.",
          "For practitioners in role data-protection-officer of the agency that erased them. "
          "Without --keep-out or --take-as-new it lists what waits.",
          ErasedRecords),
      MakeCommand(
          "person shield", "Sets a shield, or asks that it be lifted.",
          "For practitioners in role manager of an agency that works with the young person, "
          "and for data protection officers.",
          Shield),
  };
}

}  // namespace signpost::adapters::cli
