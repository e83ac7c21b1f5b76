// person export, shield, erase, erased-records: everything that is held about one young person. For data
// protection officers.

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
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
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--reason", "TEXT", "Why, in at least ten letters. Recorded, sealed.", &reason);
    AddText(app, "--out", "FILE", "Keep it in FILE, readable by you.", &out);
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
constexpr int kIndent = 3;
constexpr int kColumn = 14;

std::string WhyLeftOut(signpost::v1::ExclusionReason reason) {
  switch (reason) {
    case signpost::v1::EXCLUSION_REASON_THIRD_PARTY:
      return "names or tells of somebody else";
    case signpost::v1::EXCLUSION_REASON_SENSITIVE_SERVICE:
      return "is held by a service that answers for itself; ask that service";
    case signpost::v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION:
      return "was done to protect somebody or for youth justice; judge each before you tell of it "
             "(an auditor finds them with signpost audit search)";
    case signpost::v1::EXCLUSION_REASON_NO_LONGER_KEPT:
      return "is past its retention; only its hash is kept";
    case signpost::v1::EXCLUSION_REASON_TOO_MANY:
      return "is older than the newest that one export tells";
    default:
      return ReadableCode(EnumWord(reason));
  }
}

std::string RenderExport(const signpost::v1::PersonExport& held) {
  Page page;
  page.Heading(absl::StrCat("What is held, ", Readable(held.made_at())));
  if (held.shielded()) page.Line("A shield stands.");
  for (const signpost::v1::HeldDetails& item : held.details()) {
    const signpost::v1::PersonDetails& details = item.details();
    std::string text = absl::StrCat(details.given_names(), " ", details.surname());
    if (details.has_birth_date()) {
      absl::StrAppend(&text, ", born ", Readable(details.birth_date()));
    }
    if (!details.postcode().empty()) absl::StrAppend(&text, ", ", details.postcode());
    for (const signpost::v1::Identifier& identifier : details.identifiers()) {
      absl::StrAppend(&text, ", ", ReadableCode(EnumWord(identifier.kind())), " ",
                      identifier.value());
    }
    page.Field(kIndent, kColumn, "Details",
               absl::StrCat(text, " (", item.agency_id(), ", since ", Readable(item.since()), ")"));
  }
  for (const signpost::v1::HeldFlag& flag : held.flags()) {
    std::string text = absl::StrCat(flag.agency_id(), ", ", ReadableCode(flag.service()), ", ",
                                    ReadableCode(EnumWord(flag.status())));
    if (flag.has_opened_on()) absl::StrAppend(&text, " from ", Readable(flag.opened_on()));
    if (flag.has_closed_on()) absl::StrAppend(&text, " until ", Readable(flag.closed_on()));
    if (!flag.worker_role().empty())
      absl::StrAppend(&text, "; a ", ReadableCode(flag.worker_role()));
    if (!flag.assessment_kinds().empty()) {
      absl::StrAppend(&text, "; assessments: ", absl::StrJoin(flag.assessment_kinds(), ", "));
    }
    page.Field(kIndent, kColumn, "Known to", text);
  }
  for (const signpost::v1::HeldConsent& consent : held.consents()) {
    std::string text = absl::StrCat(ReadableCode(EnumWord(consent.decision())), " by ",
                                    ReadableCode(EnumWord(consent.grantor())), " from ",
                                    Readable(consent.valid_from()));
    if (consent.has_valid_until()) {
      absl::StrAppend(&text, " until ", Readable(consent.valid_until()));
    }
    if (consent.has_withdrawn_at()) {
      absl::StrAppend(&text, "; taken back ", Readable(consent.withdrawn_at()));
    }
    page.Field(kIndent, kColumn, "Consent",
               absl::StrCat(text, "; recorded by ", consent.recorded_by_agency_id()));
  }
  page.Blank();
  page.Heading("Who looked, and what was done");
  for (const signpost::v1::HeldAccess& access : held.accesses()) {
    std::string text =
        absl::StrCat(ReadableCode(EnumWord(access.kind())), ", ", access.agency_id());
    if (!access.role().empty()) absl::StrAppend(&text, ", a ", ReadableCode(access.role()));
    if (access.purpose() != signpost::v1::PURPOSE_UNSPECIFIED) {
      absl::StrAppend(&text, ", for ", ReadableCode(EnumWord(access.purpose())));
    }
    if (access.items_released() > 0) {
      absl::StrAppend(&text, "; ", access.items_released(),
                      access.items_released() == 1 ? " item shown" : " items shown");
    }
    page.Field(kIndent, 26, Readable(access.at()),
               absl::StrCat(text, " (entry ", access.entry_index(), ")"));
  }
  if (held.accesses().empty()) page.Line("Nobody, that may be told.");
  if (!held.exclusions().empty()) {
    page.Blank();
    page.Heading("Left out");
    for (const signpost::v1::ExportExclusion& exclusion : held.exclusions()) {
      page.Field(kIndent, 6, absl::StrCat(exclusion.count()), WhyLeftOut(exclusion.reason()));
    }
  }
  return page.text();
}

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

int Export(Terminal& terminal, const ExportOptions& options) {
  signpost::v1::ExportPersonRequest request;
  absl::Status status = Fill(options, &request);
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
  const std::string text = options.json ? Json(held) : RenderExport(held);
  if (options.out.empty()) {
    *terminal.out << (options.json ? text : RenderRecorded(text, response.receipt()));
    return kExitOk;
  }
  status = WriteBytes(options.out, text);
  if (!status.ok()) return FailHere(terminal, status);
  *terminal.out << RenderRecorded(
      absl::StrCat("Kept in ", options.out, "; it is personal: keep it as you keep case files"),
      response.receipt());
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
          "For practitioners in role data-protection-officer. What names somebody else, what a "
          "sensitive service holds and looks that it might do harm to tell of are left out and "
          "counted.",
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
