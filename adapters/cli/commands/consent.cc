// consent record, refuse, supersede, withdraw, confirm, challenge, list, history, statement.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/statement.h"
#include "adapters/cli/text/text.h"
#include "hub/base/crypto.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/consent.grpc.pb.h"
#include "signpost/v1/registry.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::ConsentService;

struct RecordOptions : HubOptions {
  PersonOptions about;
  std::vector<std::string> service;
  std::vector<std::string> held_by;
  std::vector<std::string> assessment;
  std::vector<std::string> section;
  std::vector<std::string> to;
  std::vector<std::string> to_kind;
  std::vector<std::string> to_role;
  std::vector<std::string> purposes;
  std::vector<std::string> action;
  std::vector<std::string> flag;
  std::vector<std::string> to_person;
  std::vector<std::string> except;
  std::string kind = "share-confidential";
  bool explicitly = false;
  std::string from;
  std::string until;
  bool until_18 = false;
  std::string review_by;
  std::vector<std::string> condition;
  std::string by = "self";
  std::string grantor_name;
  std::string assessor;
  std::string assessed_on;
  std::string found;
  std::string competent_for;
  std::string evidence;
  std::string note;
  std::string words;
  std::string witness;
  std::string document;
  std::string language;
  std::string interpreter;
  std::string notice;
  std::string notice_file;
  std::string asked_by;
  std::string said_on;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddList(app, "--service", "SERVICE", "What is covered: a service. Without it: every one.",
            &service);
    AddList(app, "--held-by", "AGENCY", "Whose information. Without it: everybody's.", &held_by);
    AddList(app, "--assessment", "KIND", "Which assessments, e.g. asset. Without it: all.",
            &assessment);
    AddList(app, "--section", "NAME", "Which sections. Without it: all.", &section);
    AddList(app, "--to", "AGENCY", "Who may receive it.", &to);
    AddList(app, "--to-kind", "KIND", "What kind of agency may receive it, e.g. connexions.",
            &to_kind);
    AddList(app, "--to-role", "ROLE", "In what role, e.g. personal-adviser.", &to_role);
    AddList(app, "--for", "PURPOSE", "For what, e.g. support-planning.", &purposes);
    AddList(app, "--action", "WORD",
            "What may be done: know, contact, know-of-assessment, read, record or share-onward.",
            &action);
    AddList(app, "--flag", "FLAG", "This one involvement only, as who-knows named it.", &flag);
    AddList(app, "--to-person", "ID", "This one worker only, with --to.", &to_person);
    AddList(app, "--except", "FIELD=WORD", "What is left out, e.g. section=victims,for=housing.",
            &except);
    AddText(app, "--kind", "KIND",
            "share-confidential (if left out), data-protection-basis or "
            "service-agreement. Only the first opens anything.",
            &kind);
    AddSwitch(app, "--explicit", "Said expressly, for this, and understood.", &explicitly);
    AddText(app, "--from", "DATE", "From when. Without it: from now.", &from);
    AddText(app, "--until", "DATE",
            "Until when, that day not included. A yes needs it, or --until-18.", &until);
    AddSwitch(app, "--until-18", "Until the 18th birthday.", &until_18);
    AddText(app, "--review-by", "DATE", "By when somebody should ask again.", &review_by);
    AddList(app, "--condition", "TEXT",
            "What the yes depends on; told to who sees something by it.", &condition);
    AddText(app, "--by", "WHO",
            "self (16 or over), self-competent, parental-responsibility, court or authority.", &by);
    AddText(app, "--grantor-name", "NAME",
            "Who that is, unless it is the young person. Kept sealed.", &grantor_name);
    AddText(app, "--assessor", "ID", "With self-competent: the practitioner who judged.",
            &assessor);
    AddText(app, "--assessed-on", "DATE", "With self-competent: when.", &assessed_on);
    AddText(app, "--found", "OUTCOME", "With self-competent: competent or not-competent.", &found);
    AddText(app, "--competent-for", "TEXT",
            "With self-competent: for what kind of decision. Kept sealed.", &competent_for);
    AddText(app, "--evidence", "HOW", "written, verbal or electronic.", &evidence);
    AddText(app, "--note", "TEXT", "Where the paper is. Kept sealed.", &note);
    AddText(app, "--words", "TEXT", "The words used. Kept sealed.", &words);
    AddText(app, "--witness", "NAME", "Who else was there. Kept sealed.", &witness);
    AddText(app, "--document", "FILE", "The signed or electronic document; its SHA-256 is kept.",
            &document);
    AddText(app, "--language", "TAG", "The language it was said in, e.g. ur. Without it: English.",
            &language);
    AddText(app, "--interpreter", "NAME", "Who interpreted. Kept sealed.", &interpreter);
    AddText(app, "--notice", "VERSION", "The privacy notice that was given.", &notice);
    AddText(app, "--notice-file", "FILE", "Its text; the SHA-256 is kept.", &notice_file);
    AddText(app, "--asked-by", "ID", "The practitioner who asked. Without it: you.", &asked_by);
    AddText(app, "--said-on", "DATE", "The day it was said. Without it: now.", &said_on);
  }
};

struct SupersedeOptions : RecordOptions {
  std::string consent;
  bool refuse = false;
  void Declare(CLI::App* app) {
    AddPositional(app, "CONSENT", &consent);
    RecordOptions::Declare(app);
    AddSwitch(app, "--refuse", "A no in its place, not a yes.", &refuse);
  }
};

struct WithdrawOptions : HubOptions {
  PersonOptions about;
  std::string consent;
  std::string note;
  std::string by;
  std::string how;
  std::string told_to;
  void Declare(CLI::App* app) {
    AddPositional(app, "CONSENT", &consent);
    about.Declare(app);
    AddText(app, "--note", "TEXT", "How it was said, in words. Kept sealed.", &note);
    AddText(app, "--by", "WHO", "By whom, if not by the grantor: self.", &by);
    AddText(app, "--how", "HOW", "written, verbal or electronic.", &how);
    AddText(app, "--told-to", "ID", "The practitioner who was told. Without it: you.", &told_to);
  }
};

struct AnswerOptions : HubOptions {
  PersonOptions about;
  std::string consent;
  std::string note;
  void Declare(CLI::App* app) {
    AddPositional(app, "CONSENT", &consent);
    about.Declare(app);
    AddText(app, "--note", "TEXT", "How you know it, or why you doubt it. Kept sealed.", &note);
  }
};

struct ListOptions : HubOptions {
  PersonOptions about;
  std::string purpose;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--purpose", "PURPOSE", "Why you ask.", &purpose);
  }
};

struct HistoryOptions : ListOptions {
  std::string consent;
  void Declare(CLI::App* app) {
    AddPositional(app, "CONSENT", &consent);
    ListOptions::Declare(app);
  }
};

struct StatementOptions : ListOptions {
  std::string consent;
  void Declare(CLI::App* app) {
    ListOptions::Declare(app);
    AddText(app, "--consent", "CONSENT", "This record only.", &consent);
  }
};

constexpr size_t kDocumentBytesMax = 64u << 20;

// One field of a scope by the name of its option.
absl::Status AddToScope(const std::string& field, const std::string& word,
                        signpost::v1::ConsentScope* scope) {
  if (field == "service") {
    scope->add_services(word);
  } else if (field == "held-by") {
    scope->add_holder_agency_ids(word);
  } else if (field == "assessment") {
    scope->add_assessment_kinds(word);
  } else if (field == "section") {
    scope->add_sections(word);
  } else if (field == "to") {
    scope->add_recipient_agency_ids(word);
  } else if (field == "to-kind") {
    scope->add_recipient_kinds(word);
  } else if (field == "to-role") {
    scope->add_recipient_roles(word);
  } else if (field == "for") {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Purpose purpose,
                              EnumFromWord<signpost::v1::Purpose>(word));
    scope->add_purposes(purpose);
  } else if (field == "action") {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::ConsentAction action,
                              EnumFromWord<signpost::v1::ConsentAction>(word));
    scope->add_actions(action);
  } else {
    return absl::InvalidArgumentError(
        "--except takes service, held-by, assessment, section, to, to-kind, to-role, for or "
        "action, as in --except section=victims,for=housing");
  }
  return absl::OkStatus();
}

absl::Status FillScope(const RecordOptions& options, signpost::v1::ConsentScope* scope) {
  const std::pair<const char*, const std::vector<std::string>&> fields[] = {
      {"service", options.service},
      {"held-by", options.held_by},
      {"assessment", options.assessment},
      {"section", options.section},
      {"to", options.to},
      {"to-kind", options.to_kind},
      {"to-role", options.to_role},
      {"for", options.purposes},
      {"action", options.action}};
  for (const auto& [field, words] : fields) {
    for (const std::string& word : words) {
      SIGNPOST_RETURN_IF_ERROR(AddToScope(field, word, scope));
    }
  }
  for (const std::string& word : options.flag) scope->add_flag_ids(word);
  for (const std::string& word : options.to_person) {
    scope->add_recipient_practitioner_ids(word);
  }
  for (const std::string& text : options.except) {
    signpost::v1::ConsentScope* const exception = scope->add_exceptions();
    for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> pair =
          absl::StrSplit(part, absl::MaxSplits('=', 1));
      SIGNPOST_RETURN_IF_ERROR(AddToScope(pair.first, pair.second, exception));
    }
  }
  return absl::OkStatus();
}

absl::Status FillDay(const std::string& day, google::protobuf::Timestamp* time) {
  SIGNPOST_ASSIGN_OR_RETURN(*time, ParseDay(day));
  return absl::OkStatus();
}

// Of the file at `path`; empty without one.
absl::StatusOr<std::string> HashOfFile(const std::string& path) {
  if (path.empty()) return std::string();
  SIGNPOST_ASSIGN_OR_RETURN(const std::string bytes, ReadBytes(path, kDocumentBytesMax));
  return base::Sha256(bytes);
}

absl::Status FillConsent(const RecordOptions& options, signpost::v1::ConsentDecision decision,
                         signpost::v1::RecordConsentRequest* request) {
  SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_person(), ReadSelector(options.about));
  signpost::v1::Consent* const consent = request->mutable_consent();
  consent->set_decision(decision);
  SIGNPOST_RETURN_IF_ERROR(FillScope(options, consent->mutable_scope()));
  consent->set_explicit_(options.explicitly);
  SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::ConsentKind kind,
                            EnumFromWord<signpost::v1::ConsentKind>(options.kind));
  consent->set_kind(kind);
  if (!options.from.empty()) {
    SIGNPOST_RETURN_IF_ERROR(FillDay(options.from, consent->mutable_valid_from()));
  }
  if (!options.until.empty()) {
    SIGNPOST_RETURN_IF_ERROR(FillDay(options.until, consent->mutable_valid_until()));
  }
  consent->set_ends_at_18(options.until_18);
  if (!options.review_by.empty()) {
    SIGNPOST_RETURN_IF_ERROR(FillDay(options.review_by, consent->mutable_review_by()));
  }
  if (!options.said_on.empty()) {
    SIGNPOST_RETURN_IF_ERROR(FillDay(options.said_on, consent->mutable_obtained_at()));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Grantor grantor,
                            EnumFromWord<signpost::v1::Grantor>(options.by));
  consent->set_grantor(grantor);
  consent->set_grantor_name(options.grantor_name);
  consent->set_competence_assessor(options.assessor);
  if (!options.assessed_on.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_competence_assessed_on(),
                              ParseDate(options.assessed_on));
  }
  if (!options.found.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::CompetenceOutcome outcome,
                              EnumFromWord<signpost::v1::CompetenceOutcome>(options.found));
    consent->set_competence_outcome(outcome);
  }
  consent->set_competence_decision(options.competent_for);
  if (options.evidence.empty()) {
    return absl::InvalidArgumentError(
        "say how it was given: --evidence written, verbal or "
        "electronic");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::ConsentEvidence evidence,
                            EnumFromWord<signpost::v1::ConsentEvidence>(options.evidence));
  consent->set_evidence(evidence);
  consent->set_evidence_note(options.note);
  consent->set_witness(options.witness);
  consent->set_words_used(options.words);
  consent->set_language(options.language);
  consent->set_interpreter(options.interpreter);
  SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_document_sha256(), HashOfFile(options.document));
  consent->set_notice_version(options.notice);
  SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_notice_sha256(), HashOfFile(options.notice_file));
  consent->set_obtained_by(options.asked_by);
  for (const std::string& condition : options.condition) consent->add_conditions(condition);
  return absl::OkStatus();
}

int Record(Terminal& terminal, const RecordOptions& options, signpost::v1::ConsentDecision decision,
           const std::string& supersedes = "") {
  signpost::v1::RecordConsentRequest request;
  absl::Status status = FillConsent(options, decision, &request);
  if (!status.ok()) return FailHere(terminal, status);
  request.mutable_consent()->set_supersedes(supersedes);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  status = (*session)->Prepare(kPurposeOfConsent, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::RecordConsentResponse response;
  const grpc::Status answered =
      ConsentService::NewStub((*session)->channel())->RecordConsent(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "consent", answered);
  if (options.json) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << RenderRecorded(
        absl::StrCat(
            response.consent_id(),
            response.holders_must_confirm()
                ? "\nOf sensitive services it opens nothing until whoever holds the record "
                  "has confirmed it."
                : ""),
        response.receipt());
  }
  return kExitOk;
}

int RecordYes(Terminal& terminal, const RecordOptions& options) {
  return Record(terminal, options, signpost::v1::CONSENT_DECISION_GIVEN);
}
int RecordNo(Terminal& terminal, const RecordOptions& options) {
  return Record(terminal, options, signpost::v1::CONSENT_DECISION_REFUSED);
}

int Supersede(Terminal& terminal, const SupersedeOptions& options) {
  return Record(terminal, options,
                options.refuse ? signpost::v1::CONSENT_DECISION_REFUSED
                               : signpost::v1::CONSENT_DECISION_GIVEN,
                options.consent);
}

absl::Status FillWithdrawal(const WithdrawOptions& options,
                            signpost::v1::WithdrawConsentRequest* request) {
  SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_person(), ReadSelector(options.about));
  request->set_consent_id(options.consent);
  request->set_note(options.note);
  request->set_told_to(options.told_to);
  if (!options.by.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Grantor by,
                              EnumFromWord<signpost::v1::Grantor>(options.by));
    request->set_by(by);
  }
  if (!options.how.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::ConsentEvidence how,
                              EnumFromWord<signpost::v1::ConsentEvidence>(options.how));
    request->set_how(how);
  }
  return absl::OkStatus();
}

int Withdraw(Terminal& terminal, const WithdrawOptions& options) {
  signpost::v1::WithdrawConsentRequest request;
  const absl::Status filled = FillWithdrawal(options, &request);
  if (!filled.ok()) return FailHere(terminal, filled);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfConsent, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::WithdrawConsentResponse response;
  const grpc::Status answered =
      ConsentService::NewStub((*session)->channel())->WithdrawConsent(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "consent withdraw", answered);
  if (options.json) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << RenderRecorded(absl::StrCat("Withdrawn, ", Readable(response.withdrawn_at())),
                                    response.receipt());
  }
  return kExitOk;
}

int Answer(Terminal& terminal, const AnswerOptions& options, signpost::v1::HolderAnswer answer) {
  signpost::v1::AnswerConsentRequest request;
  auto person = ReadSelector(options.about);
  if (!person.ok()) return FailHere(terminal, person.status());
  *request.mutable_person() = *std::move(person);
  request.set_consent_id(options.consent);
  request.set_answer(answer);
  request.set_note(options.note);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfConsent, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::AnswerConsentResponse response;
  const grpc::Status answered =
      ConsentService::NewStub((*session)->channel())->AnswerConsent(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "consent", answered);
  *terminal.out << (options.json ? Json(response)
                                 : RenderRecorded(
                                       answer == signpost::v1::HOLDER_ANSWER_CONFIRMED
                                           ? "Confirmed"
                                           : "Challenged: it opens nothing that your agency holds",
                                       response.receipt()));
  return kExitOk;
}

int Confirm(Terminal& terminal, const AnswerOptions& options) {
  return Answer(terminal, options, signpost::v1::HOLDER_ANSWER_CONFIRMED);
}
int Challenge(Terminal& terminal, const AnswerOptions& options) {
  return Answer(terminal, options, signpost::v1::HOLDER_ANSWER_CHALLENGED);
}

// Asks for consents, all of them or the history of one, and hands the answer to `show`, or says
// what went wrong.
template <typename Show>
int Read(Terminal& terminal, const ListOptions& options, const std::string& history_of, Show show) {
  signpost::v1::PersonSelector person;
  signpost::v1::Purpose purpose = signpost::v1::PURPOSE_UNSPECIFIED;
  const auto fill = [&]() -> absl::Status {
    SIGNPOST_ASSIGN_OR_RETURN(person, ReadSelector(options.about));
    SIGNPOST_ASSIGN_OR_RETURN(purpose, EnumFromWord<signpost::v1::Purpose>(options.purpose));
    return absl::OkStatus();
  };
  absl::Status status = fill();
  if (!status.ok()) return FailHere(terminal, status);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = ConsentService::NewStub((*session)->channel());
  const auto ask = [&](auto request, auto* response, auto method) {
    grpc::ClientContext context;
    status = (*session)->Prepare(options.purpose, kCallDeadline, &context);
    if (!status.ok()) return grpc::Status(grpc::StatusCode::UNKNOWN, std::string(status.message()));
    request.set_request_id((*session)->NewRequestId());
    *request.mutable_person() = person;
    request.set_purpose(purpose);
    return ((*stub).*method)(&context, request, response);
  };
  // All pages, with the receipt of the last.
  signpost::v1::ConsentList list;
  signpost::v1::Receipt receipt;
  do {
    grpc::Status answered;
    std::string bytes;
    if (history_of.empty()) {
      signpost::v1::ListConsentsRequest request;
      request.set_page_token(list.next_page_token());
      signpost::v1::ListConsentsResponse response;
      answered = ask(request, &response, &ConsentService::Stub::ListConsents);
      bytes = response.answer();
      receipt = response.receipt();
    } else {
      signpost::v1::GetConsentHistoryRequest request;
      request.set_consent_id(history_of);
      signpost::v1::GetConsentHistoryResponse response;
      answered = ask(request, &response, &ConsentService::Stub::GetConsentHistory);
      bytes = response.answer();
      receipt = response.receipt();
    }
    if (!status.ok()) return FailHere(terminal, status);
    if (!answered.ok()) return FailCall(terminal, "consent", answered);
    list.clear_next_page_token();
    if (!list.MergeFromString(bytes)) {
      return FailCall(terminal, "consent",
                      grpc::Status(grpc::StatusCode::INTERNAL, "the answer does not parse"));
    }
  } while (!list.next_page_token().empty());
  return show(**session, list, receipt);
}

int ShowList(Terminal& terminal, const ListOptions& options, const std::string& history_of) {
  return Read(
      terminal, options, history_of,
      [&](Session&, const signpost::v1::ConsentList& list, const signpost::v1::Receipt& receipt) {
        *terminal.out << (options.json ? Json(list)
                                       : RenderRecorded(RenderConsents(list), receipt));
        return kExitOk;
      });
}

int List(Terminal& terminal, const ListOptions& options) { return ShowList(terminal, options, ""); }
int History(Terminal& terminal, const HistoryOptions& options) {
  return ShowList(terminal, options, options.consent);
}

int Statement(Terminal& terminal, const StatementOptions& options) {
  return Read(
      terminal, options, "",
      [&](Session& session, const signpost::v1::ConsentList& list, const signpost::v1::Receipt&) {
        // The agencies' names in words; who takes part is no secret.
        signpost::v1::ListAgenciesResponse response;
        const grpc::Status answered = ListAllAgencies(session, kPurposeOfConsent, &response);
        if (!answered.ok()) return FailCall(terminal, "consent statement", answered);
        std::map<std::string, std::string> names;
        for (const signpost::v1::DirectoryEntry& agency : response.agencies()) {
          names[agency.agency_id()] = agency.name();
        }
        *terminal.out << RenderStatement(list, names, options.consent);
        return kExitOk;
      });
}

}  // namespace

std::vector<Command> ConsentCommands() {
  return {
      MakeCommand("consent record", "Records a young person's yes.", "", RecordYes),
      MakeCommand("consent refuse", "Records a no. Not the same as never asked.", "", RecordNo),
      MakeCommand(
          "consent supersede", "Records a yes in the place of an earlier record.",
          "The earlier record stays in the history and is no longer looked at. It must be of the "
          "same grantor and kind; a yes in the place of a no must cover all of it. consent refuse "
          "needs no such step: a no takes the place of every yes of the same grantor that it "
          "covers.",
          Supersede),
      MakeCommand("consent withdraw", "Takes back a yes. The very next question knows.", "",
                  Withdraw),
      MakeCommand(
          "consent confirm", "Says that a yes which opens something your agency holds was given.",
          "Only what you know of your own knowledge: from the young person, or from who may "
          "speak for them. consent list shows which yeses cover what you hold.",
          Confirm),
      MakeCommand(
          "consent challenge", "Says that you doubt a yes which opens something your agency holds.",
          "It opens nothing of yours from the next question on, until you confirm it.", Challenge),
      MakeCommand("consent list",
                  "What has been said, as far as your agency recorded it or is named in it.", "",
                  List),
      MakeCommand("consent history", "One record with what came before and after it.", "", History),
      MakeCommand("consent statement",
                  "What was agreed to, in plain English, to print for the young person.",
                  "Says what, who, why, until when, and how they can change their mind. It holds "
                  "what your agency may know and nothing more.",
                  Statement),
  };
}

}  // namespace signpost::adapters::cli
