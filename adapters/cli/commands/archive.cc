// archive table, ask, requests, agree, refuse, read; hold set, end, list; death record, undo: what becomes
// of what is closed, what keeps it, and what follows from somebody's death.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "hub/base/encoding.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/archive.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

namespace v1 = ::signpost::v1;
using v1::ArchiveService;

constexpr int kShown = 1000;
constexpr int kIndent = 3;
constexpr int kNames = 36;

struct AskOptions : HubOptions {
  PersonOptions about;
  std::string review;
  std::string reason;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--review", "NUMBER", "The review's own number: no name.", &review);
    AddText(app, "--reason", "TEXT", "Why, in at least ten letters. Do not name the person.",
            &reason);
  }
};

struct RequestOptions : HubOptions {
  std::string request;
  void Declare(CLI::App* app) { AddPositional(app, "REQUEST", &request); }
};

struct AgreeOptions : RequestOptions {
  PersonOptions about;
  void Declare(CLI::App* app) {
    RequestOptions::Declare(app);
    about.Declare(app);
  }
};

struct HoldSetOptions : HubOptions {
  PersonOptions about;
  std::string reference;
  std::string review_on;
  std::string reason;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--reference", "NUMBER", "The court's or the inquiry's own number: no name.",
            &reference);
    AddText(app, "--review-on", "DATE", "When your agency is reminded of it; at most 400 days on.",
            &review_on);
    AddText(app, "--reason", "TEXT", "Why, in at least ten letters. Recorded, sealed.", &reason);
  }
};

struct ReasonOptions : HubOptions {
  PersonOptions about;
  std::string reason;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--reason", "TEXT", "Why, in at least ten letters. Recorded, sealed.", &reason);
  }
};

struct DeathOptions : ReasonOptions {
  std::string died_on;
  std::string registration;
  void Declare(CLI::App* app) {
    ReasonOptions::Declare(app);
    AddText(app, "--on", "DATE", "The day they died.", &died_on);
    AddText(app, "--registration", "NUMBER",
            "The number of the entry in the register of deaths, if you have seen it. Without it "
            "another agency's word is needed.",
            &registration);
  }
};

// Sends `request` through `method`. 0, or the exit code of what went wrong.
template <typename Request, typename Response>
int Send(Terminal& terminal, const HubOptions& options, const char* what,
         grpc::Status (ArchiveService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                      Response*),
         Request* request, Response* response) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  if constexpr (requires { request->set_request_id(std::string()); }) {
    request->set_request_id((*session)->NewRequestId());
  }
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  const auto stub = ArchiveService::NewStub((*session)->channel());
  const grpc::Status answered = ((*stub).*method)(&context, *request, response);
  return answered.ok() ? kExitOk : FailCall(terminal, what, answered);
}

template <typename Options, typename Request>
absl::Status Fill(const Options& options, Request* request) {
  SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_person(), ReadSelector(options.about));
  if (options.reason.empty()) return absl::InvalidArgumentError("say why: --reason TEXT");
  request->set_reason(options.reason);
  return absl::OkStatus();
}

// The message that an answer is the bytes of.
template <typename Message, typename Response>
absl::StatusOr<Message> AnswerOf(const Response& response) {
  Message message;
  if (!message.ParseFromString(response.answer())) {
    return absl::DataLossError("the answer does not parse");
  }
  message.clear_salt();
  return message;
}

std::string TermsText(const v1::KeepingTerms& terms) {
  std::string text =
      absl::StrCat("archived ", terms.archived_after_months(), " months after closing, erased ",
                   terms.erased_after_years(), " years after it");
  if (terms.erased_at_age() != 0) {
    absl::StrAppend(&text, " or at ", terms.erased_at_age(), ", whichever is ",
                    terms.whichever() == v1::KEEPING_WHICHEVER_EARLIER ? "earlier" : "later");
  }
  return absl::StrCat(text, "; ", terms.erased_after_death_years(), " years after a death");
}

int Table(Terminal& terminal, const NoOptions<HubOptions>& options) {
  v1::GetKeepingTableRequest request;
  v1::GetKeepingTableResponse table;
  const int sent = Send(terminal, options, "archive table", &ArchiveService::Stub::GetKeepingTable,
                        &request, &table);
  if (sent != kExitOk) return sent;
  if (options.json) {
    *terminal.out << Json(table);
    return kExitOk;
  }
  Page page;
  page.Heading(
      absl::StrCat("How long what is closed is kept, since ", Readable(table.in_force_from())));
  for (const v1::KeepingTerms& terms : table.services()) {
    page.Field(kIndent, kNames, terms.service(), TermsText(terms));
  }
  page.Field(kIndent, kNames, table.services().empty() ? "every service" : "every other service",
             TermsText(table.others()));
  for (const v1::Date& later : table.later_from()) {
    page.Line(absl::StrCat("Another table is in force from ", Readable(later), " on."));
  }
  page.Line(
      "Counted from the day that the agency said, but never from before the hub learnt of it. "
      "Where a birthday has a say, up to 90 days are added.");
  page.Line(absl::StrCat("SHA-256 ", base::HexEncode(table.table_sha256()),
                         ", as the ledger's entry keeping-table-changed has it."));
  *terminal.out << page.text();
  return kExitOk;
}

int Ask(Terminal& terminal, const AskOptions& options) {
  v1::AskForArchiveRequest request;
  const absl::Status status = Fill(options, &request);
  if (!status.ok()) return FailHere(terminal, status);
  request.set_review_reference(options.review);
  v1::AskForArchiveResponse response;
  const int sent = Send(terminal, options, "archive ask", &ArchiveService::Stub::AskForArchive,
                        &request, &response);
  if (sent != kExitOk) return sent;
  *terminal.out << (options.json
                        ? Json(response)
                        : RenderRecorded(
                              absl::StrCat("Request ", response.archive_request_id(),
                                           " waits for 28 days. Ring a case review officer of "
                                           "another agency, who agrees with:\n  signpost archive "
                                           "agree ",
                                           response.archive_request_id(), " ..."),
                              response.receipt()));
  return kExitOk;
}

int Requests(Terminal& terminal, const NoOptions<HubOptions>& options) {
  v1::ListArchiveRequestsRequest request;
  request.set_page_size(kShown);
  v1::ListArchiveRequestsResponse response;
  const int sent = Send(terminal, options, "archive requests",
                        &ArchiveService::Stub::ListArchiveRequests, &request, &response);
  if (sent != kExitOk) return sent;
  const auto listed = AnswerOf<v1::ArchiveRequests>(response);
  if (!listed.ok()) return FailHere(terminal, listed.status());
  if (options.json) {
    *terminal.out << Json(*listed);
    return kExitOk;
  }
  Page page;
  page.Heading("Requests to read the archive");
  if (listed->requests().empty()) page.Line("None that you may see waits.");
  for (const v1::ArchiveRequest& one : listed->requests()) {
    page.Field(kIndent, kNames, one.archive_request_id(),
               absl::StrCat(one.agency_id(), ", ", one.practitioner_id(), ", review ",
                            one.review_reference(), ": ", one.reason(), " ",
                            one.agreed() ? absl::StrCat("Agreed by ", one.agreed_by_agency_id(),
                                                        "; may be read until ")
                                         : std::string("Waits until "),
                            Readable(one.until())));
  }
  *terminal.out << RenderRecorded(page.text(), response.receipt());
  return kExitOk;
}

int Answer(Terminal& terminal, const HubOptions& options, const char* what,
           v1::AnswerArchiveRequestRequest request) {
  v1::AnswerArchiveRequestResponse response;
  const bool agreed = request.agreed();
  const int sent = Send(terminal, options, what, &ArchiveService::Stub::AnswerArchiveRequest,
                        &request, &response);
  if (sent != kExitOk) return sent;
  *terminal.out << (options.json ? Json(response)
                                 : RenderRecorded(
                                       agreed ? "Agreed. Who asked may read it for 14 days, if you "
                                                "both named the same young person."
                                              : "Refused. The request is gone.",
                                       response.receipt()));
  return kExitOk;
}

int Agree(Terminal& terminal, const AgreeOptions& options) {
  v1::AnswerArchiveRequestRequest request;
  const auto person = ReadSelector(options.about);
  if (!person.ok()) return FailHere(terminal, person.status());
  *request.mutable_person() = *person;
  request.set_archive_request_id(options.request);
  request.set_agreed(true);
  return Answer(terminal, options, "archive agree", std::move(request));
}

int Refuse(Terminal& terminal, const RequestOptions& options) {
  v1::AnswerArchiveRequestRequest request;
  request.set_archive_request_id(options.request);
  return Answer(terminal, options, "archive refuse", std::move(request));
}

int Read(Terminal& terminal, const RequestOptions& options) {
  v1::ReadArchiveRequest request;
  request.set_archive_request_id(options.request);
  v1::ReadArchiveResponse response;
  const int sent = Send(terminal, options, "archive read", &ArchiveService::Stub::ReadArchive,
                        &request, &response);
  if (sent != kExitOk) return sent;
  const auto told = AnswerOf<v1::ArchivedFlags>(response);
  if (!told.ok()) return FailHere(terminal, told.status());
  if (options.json) {
    *terminal.out << Json(*told);
    return kExitOk;
  }
  Page page;
  page.Heading(absl::StrCat("What is archived, for review ", told->review_reference()));
  if (told->flags().empty()) {
    page.Line(
        "Nothing that these two agencies may read; or the two of you did not name the same "
        "young person.");
  }
  for (const v1::ArchivedFlag& flag : told->flags()) {
    std::string text = absl::StrCat(flag.service(), ", ",
                                    flag.status() == v1::FLAG_STATUS_RETRACTED
                                        ? "entered in error, its agency says"
                                        : "closed");
    if (flag.has_opened_on()) absl::StrAppend(&text, ", from ", Readable(flag.opened_on()));
    if (flag.has_closed_on()) absl::StrAppend(&text, " until ", Readable(flag.closed_on()));
    absl::StrAppend(&text, "; the hub learnt of the end ", Readable(flag.learnt_at()));
    if (!flag.contact().name().empty()) {
      absl::StrAppend(&text, "; ask ", flag.contact().name(), " ", flag.contact().phone());
    }
    page.Field(kIndent, kNames, flag.agency_id(), text);
  }
  page.Line("Services that answer for themselves are asked by themselves.");
  *terminal.out << RenderRecorded(page.text(), response.receipt());
  return kExitOk;
}

int SetHold(Terminal& terminal, const HubOptions& options, const char* what,
            v1::SetLegalHoldRequest request) {
  v1::SetLegalHoldResponse response;
  const int sent =
      Send(terminal, options, what, &ArchiveService::Stub::SetLegalHold, &request, &response);
  if (sent != kExitOk) return sent;
  *terminal.out << (options.json
                        ? Json(response)
                        : RenderRecorded(
                              request.held()
                                  ? "The hold stands: nothing of theirs is archived, pruned or "
                                    "erased. It does not end by itself"
                                  : "Your agency's word is recorded. A hold ends once the agency "
                                    "that set it and another have said so within 28 days",
                              response.receipt()));
  return kExitOk;
}

int HoldSet(Terminal& terminal, const HoldSetOptions& options) {
  v1::SetLegalHoldRequest request;
  absl::Status status = Fill(options, &request);
  if (!status.ok()) return FailHere(terminal, status);
  const auto review = ParseDay(options.review_on);
  if (!review.ok()) return FailHere(terminal, review.status());
  request.set_held(true);
  request.set_reference(options.reference);
  *request.mutable_review_at() = *review;
  return SetHold(terminal, options, "hold set", std::move(request));
}

int HoldEnd(Terminal& terminal, const ReasonOptions& options) {
  v1::SetLegalHoldRequest request;
  const absl::Status status = Fill(options, &request);
  if (!status.ok()) return FailHere(terminal, status);
  return SetHold(terminal, options, "hold end", std::move(request));
}

int HoldList(Terminal& terminal, const NoOptions<HubOptions>& options) {
  v1::ListLegalHoldsRequest request;
  request.set_page_size(kShown);
  v1::ListLegalHoldsResponse response;
  const int sent = Send(terminal, options, "hold list", &ArchiveService::Stub::ListLegalHolds,
                        &request, &response);
  if (sent != kExitOk) return sent;
  const auto listed = AnswerOf<v1::LegalHolds>(response);
  if (!listed.ok()) return FailHere(terminal, listed.status());
  if (options.json) {
    *terminal.out << Json(*listed);
    return kExitOk;
  }
  Page page;
  page.Heading("Legal holds that your agency set");
  if (listed->holds().empty()) page.Line("None stands.");
  for (const v1::LegalHold& hold : listed->holds()) {
    page.Field(kIndent, kNames, hold.reference(),
               absl::StrCat("since ", Readable(hold.set_at()), ", to be reviewed ",
                            Readable(hold.review_at()), hold.overdue() ? ": OVERDUE" : ""));
  }
  *terminal.out << RenderRecorded(page.text(), response.receipt());
  return kExitOk;
}

int SendDeath(Terminal& terminal, const HubOptions& options, const char* what,
              v1::RecordDeathRequest request) {
  v1::RecordDeathResponse response;
  const int sent =
      Send(terminal, options, what, &ArchiveService::Stub::RecordDeath, &request, &response);
  if (sent != kExitOk) return sent;
  *terminal.out << (options.json
                        ? Json(response)
                        : RenderRecorded("Recorded. It holds once two agencies say so, or one with "
                                         "the number of the registration",
                                         response.receipt()));
  return kExitOk;
}

int DeathRecord(Terminal& terminal, const DeathOptions& options) {
  v1::RecordDeathRequest request;
  const absl::Status status = Fill(options, &request);
  if (!status.ok()) return FailHere(terminal, status);
  const auto day = ParseDate(options.died_on);
  if (!day.ok()) return FailHere(terminal, day.status());
  request.set_died(true);
  *request.mutable_died_on() = *day;
  request.set_registration_reference(options.registration);
  return SendDeath(terminal, options, "death record", std::move(request));
}

int DeathUndo(Terminal& terminal, const ReasonOptions& options) {
  v1::RecordDeathRequest request;
  const absl::Status status = Fill(options, &request);
  if (!status.ok()) return FailHere(terminal, status);
  return SendDeath(terminal, options, "death undo", std::move(request));
}

}  // namespace

std::vector<Command> ArchiveCommands() {
  return {
      MakeCommand("archive table", "How long what is closed is kept, service by service.",
                  "Says which table is in force, and from when another is.", Table),
      MakeCommand("archive ask", "Asks to read what is archived of a young person.",
                  "For practitioners in role case-review-officer, for case reviews. Somebody of "
                  "another agency has to agree.",
                  Ask),
      MakeCommand("archive requests", "Requests to read the archive that you may see.", "",
                  Requests),
      MakeCommand("archive agree", "Agrees to another agency's request, naming the person again.",
                  "For practitioners in role case-review-officer.", Agree),
      MakeCommand("archive refuse", "Refuses another agency's request.", "", Refuse),
      MakeCommand("archive read", "Reads what is archived, once another agency agreed.",
                  "For whoever asked, for 14 days.", Read),
      MakeCommand("hold set", "Has everything about a young person kept for a court or an inquiry.",
                  "For practitioners in role data-protection-officer. While it stands nothing of "
                  "theirs is archived, pruned or erased. Set again it has another day of review.",
                  HoldSet),
      MakeCommand("hold end", "Says that a hold need not stand any more.",
                  "It takes the agency that set it and another.", HoldEnd),
      MakeCommand("hold list", "Holds that your agency set and that stand.", "", HoldList),
      MakeCommand("death record", "Records that a young person has died.",
                  "For practitioners in role data-protection-officer. Two agencies have to say so, "
                  "or one that has seen the registration.",
                  DeathRecord),
      MakeCommand("death undo", "Says that they have not died.",
                  "Who recorded it takes it back by this; otherwise two agencies have to say so.",
                  DeathUndo),
  };
}

}  // namespace signpost::adapters::cli
