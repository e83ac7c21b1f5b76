// consent record, refuse, supersede, withdraw, list, history, statement.

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
#include "adapters/cli/text/words.h"
#include "hub/base/crypto.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/consent.grpc.pb.h"
#include "signpost/v1/registry.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::ConsentService;

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

absl::Status FillScope(const Args& args, signpost::v1::ConsentScope* scope) {
  for (const char* field : {"service", "held-by", "assessment", "section", "to", "to-kind",
                            "to-role", "for", "action"}) {
    for (const std::string& word : args.All(absl::StrCat("--", field))) {
      SIGNPOST_RETURN_IF_ERROR(AddToScope(field, word, scope));
    }
  }
  for (const std::string& word : args.All("--flag")) scope->add_flag_ids(word);
  for (const std::string& word : args.All("--to-person")) {
    scope->add_recipient_practitioner_ids(word);
  }
  for (const std::string& text : args.All("--except")) {
    signpost::v1::ConsentScope* const exception = scope->add_exceptions();
    for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> pair =
          absl::StrSplit(part, absl::MaxSplits('=', 1));
      SIGNPOST_RETURN_IF_ERROR(AddToScope(pair.first, pair.second, exception));
    }
  }
  return absl::OkStatus();
}

absl::Status FillDay(const Args& args, const std::string& option,
                     google::protobuf::Timestamp* time) {
  SIGNPOST_ASSIGN_OR_RETURN(*time, ParseDay(args.Get(option)));
  return absl::OkStatus();
}

absl::StatusOr<std::string> HashOfFile(const Args& args, const std::string& option) {
  if (!args.Has(option)) return std::string();
  SIGNPOST_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadBytes(args.Get(option), kDocumentBytesMax));
  return base::Sha256(bytes);
}

absl::Status FillConsent(const Args& args, signpost::v1::ConsentDecision decision,
                         signpost::v1::RecordConsentRequest* request) {
  SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_person(), ReadSelector(args));
  signpost::v1::Consent* const consent = request->mutable_consent();
  consent->set_decision(decision);
  SIGNPOST_RETURN_IF_ERROR(FillScope(args, consent->mutable_scope()));
  consent->set_explicit_(args.Has("--explicit"));
  SIGNPOST_ASSIGN_OR_RETURN(
      const signpost::v1::ConsentKind kind,
      EnumFromWord<signpost::v1::ConsentKind>(args.GetOr("--kind", "share-confidential")));
  consent->set_kind(kind);
  if (args.Has("--from")) {
    SIGNPOST_RETURN_IF_ERROR(FillDay(args, "--from", consent->mutable_valid_from()));
  }
  if (args.Has("--until")) {
    SIGNPOST_RETURN_IF_ERROR(FillDay(args, "--until", consent->mutable_valid_until()));
  }
  consent->set_ends_at_18(args.Has("--until-18"));
  if (args.Has("--review-by")) {
    SIGNPOST_RETURN_IF_ERROR(FillDay(args, "--review-by", consent->mutable_review_by()));
  }
  if (args.Has("--said-on")) {
    SIGNPOST_RETURN_IF_ERROR(FillDay(args, "--said-on", consent->mutable_obtained_at()));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Grantor grantor,
                            EnumFromWord<signpost::v1::Grantor>(args.GetOr("--by", "self")));
  consent->set_grantor(grantor);
  consent->set_grantor_name(args.Get("--grantor-name"));
  consent->set_competence_assessor(args.Get("--assessor"));
  if (args.Has("--assessed-on")) {
    SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_competence_assessed_on(),
                              ParseDate(args.Get("--assessed-on")));
  }
  if (args.Has("--found")) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::CompetenceOutcome outcome,
                              EnumFromWord<signpost::v1::CompetenceOutcome>(args.Get("--found")));
    consent->set_competence_outcome(outcome);
  }
  consent->set_competence_decision(args.Get("--competent-for"));
  if (!args.Has("--evidence")) {
    return absl::InvalidArgumentError(
        "say how it was given: --evidence written, verbal or "
        "electronic");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Evidence evidence,
                            EnumFromWord<signpost::v1::Evidence>(args.Get("--evidence")));
  consent->set_evidence(evidence);
  consent->set_evidence_note(args.Get("--note"));
  consent->set_witness(args.Get("--witness"));
  consent->set_words_used(args.Get("--words"));
  consent->set_language(args.Get("--language"));
  consent->set_interpreter(args.Get("--interpreter"));
  SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_document_sha256(), HashOfFile(args, "--document"));
  consent->set_notice_version(args.Get("--notice"));
  SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_notice_sha256(), HashOfFile(args, "--notice-file"));
  consent->set_obtained_by(args.Get("--asked-by"));
  for (const std::string& condition : args.All("--condition")) consent->add_conditions(condition);
  return absl::OkStatus();
}

int Record(Terminal& terminal, const Args& args, signpost::v1::ConsentDecision decision,
           const std::string& supersedes = "") {
  signpost::v1::RecordConsentRequest request;
  absl::Status status = FillConsent(args, decision, &request);
  if (!status.ok()) return FailHere(terminal, status);
  request.mutable_consent()->set_supersedes(supersedes);
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  status = (*session)->Prepare(kPurposeOfConsent, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::RecordConsentResponse response;
  const grpc::Status answered =
      ConsentService::NewStub((*session)->channel())->RecordConsent(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "consent", answered);
  if (args.Has("--json")) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << RenderRecorded(response.consent_id(), response.receipt());
  }
  return kExitOk;
}

int RecordYes(Terminal& terminal, const Args& args) {
  return Record(terminal, args, signpost::v1::CONSENT_DECISION_GIVEN);
}
int RecordNo(Terminal& terminal, const Args& args) {
  return Record(terminal, args, signpost::v1::CONSENT_DECISION_REFUSED);
}

int Supersede(Terminal& terminal, const Args& args) {
  return Record(terminal, args,
                args.Has("--refuse") ? signpost::v1::CONSENT_DECISION_REFUSED
                                     : signpost::v1::CONSENT_DECISION_GIVEN,
                args.positionals()[0]);
}

absl::Status FillWithdrawal(const Args& args, signpost::v1::WithdrawConsentRequest* request) {
  SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_person(), ReadSelector(args));
  request->set_consent_id(args.positionals()[0]);
  request->set_note(args.Get("--note"));
  request->set_told_to(args.Get("--told-to"));
  if (args.Has("--by")) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Grantor by,
                              EnumFromWord<signpost::v1::Grantor>(args.Get("--by")));
    request->set_by(by);
  }
  if (args.Has("--how")) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Evidence how,
                              EnumFromWord<signpost::v1::Evidence>(args.Get("--how")));
    request->set_how(how);
  }
  return absl::OkStatus();
}

int Withdraw(Terminal& terminal, const Args& args) {
  signpost::v1::WithdrawConsentRequest request;
  const absl::Status filled = FillWithdrawal(args, &request);
  if (!filled.ok()) return FailHere(terminal, filled);
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfConsent, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::WithdrawConsentResponse response;
  const grpc::Status answered =
      ConsentService::NewStub((*session)->channel())->WithdrawConsent(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "consent withdraw", answered);
  if (args.Has("--json")) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << RenderRecorded(absl::StrCat("Withdrawn, ", Readable(response.withdrawn_at())),
                                    response.receipt());
  }
  return kExitOk;
}

// Asks for consents, all of them or the history of one, and hands the answer to `show`, or says
// what went wrong.
template <typename Show>
int Read(Terminal& terminal, const Args& args, const std::string& history_of, Show show) {
  signpost::v1::PersonSelector person;
  signpost::v1::Purpose purpose = signpost::v1::PURPOSE_UNSPECIFIED;
  const auto fill = [&]() -> absl::Status {
    SIGNPOST_ASSIGN_OR_RETURN(person, ReadSelector(args));
    SIGNPOST_ASSIGN_OR_RETURN(purpose, EnumFromWord<signpost::v1::Purpose>(args.Get("--purpose")));
    return absl::OkStatus();
  };
  absl::Status status = fill();
  if (!status.ok()) return FailHere(terminal, status);
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  status = (*session)->Prepare(args.Get("--purpose"), kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  const auto stub = ConsentService::NewStub((*session)->channel());
  const auto ask = [&](auto request, auto* response, auto method) {
    request.set_request_id((*session)->NewRequestId());
    *request.mutable_person() = person;
    request.set_purpose(purpose);
    return ((*stub).*method)(&context, request, response);
  };
  grpc::Status answered;
  std::string bytes;
  signpost::v1::Receipt receipt;
  if (history_of.empty()) {
    signpost::v1::ListConsentsResponse response;
    answered =
        ask(signpost::v1::ListConsentsRequest(), &response, &ConsentService::Stub::ListConsents);
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
  if (!answered.ok()) return FailCall(terminal, "consent", answered);
  signpost::v1::ConsentList list;
  if (!list.ParseFromString(bytes)) {
    return FailCall(terminal, "consent",
                    grpc::Status(grpc::StatusCode::INTERNAL, "the answer does not parse"));
  }
  return show(**session, list, receipt);
}

int ShowList(Terminal& terminal, const Args& args, const std::string& history_of) {
  return Read(
      terminal, args, history_of,
      [&](Session&, const signpost::v1::ConsentList& list, const signpost::v1::Receipt& receipt) {
        *terminal.out << (args.Has("--json") ? Json(list)
                                             : RenderRecorded(RenderConsents(list), receipt));
        return kExitOk;
      });
}

int List(Terminal& terminal, const Args& args) { return ShowList(terminal, args, ""); }
int History(Terminal& terminal, const Args& args) {
  return ShowList(terminal, args, args.positionals()[0]);
}

int Statement(Terminal& terminal, const Args& args) {
  return Read(
      terminal, args, "",
      [&](Session& session, const signpost::v1::ConsentList& list, const signpost::v1::Receipt&) {
        // The agencies' names in words; who takes part is no secret.
        grpc::ClientContext context;
        const absl::Status status = session.Prepare(kPurposeOfConsent, kCallDeadline, &context);
        if (!status.ok()) return FailHere(terminal, status);
        signpost::v1::ListAgenciesResponse response;
        const grpc::Status answered =
            signpost::v1::RegistryService::NewStub(session.channel())
                ->ListAgencies(&context, signpost::v1::ListAgenciesRequest(), &response);
        if (!answered.ok()) return FailCall(terminal, "consent statement", answered);
        std::map<std::string, std::string> names;
        for (const signpost::v1::DirectoryEntry& agency : response.agencies()) {
          names[agency.agency_id()] = agency.name();
        }
        *terminal.out << RenderStatement(list, names, args.Get("--consent"));
        return kExitOk;
      });
}

std::vector<Option> RecordOptions() {
  return Join(
      SelectorOptions(),
      {{"--service", "SERVICE", "What is covered: a service. Without it: every one.", true},
       {"--held-by", "AGENCY", "Whose information. Without it: everybody's.", true},
       {"--assessment", "KIND", "Which assessments, e.g. asset. Without it: all.", true},
       {"--section", "NAME", "Which sections. Without it: all.", true},
       {"--to", "AGENCY", "Who may receive it.", true},
       {"--to-kind", "KIND", "What kind of agency may receive it, e.g. connexions.", true},
       {"--to-role", "ROLE", "In what role, e.g. personal-adviser.", true},
       {"--for", "PURPOSE", "For what, e.g. support-planning.", true},
       {"--action", "WORD",
        "What may be done: know, contact, know-of-assessment, read, record or share-onward.", true},
       {"--flag", "FLAG", "This one involvement only, as who-knows named it.", true},
       {"--to-person", "ID", "This one worker only, with --to.", true},
       {"--except", "FIELD=WORD", "What is left out, e.g. section=victims,for=housing.", true},
       {"--kind", "KIND",
        "share-confidential (if left out), data-protection-basis or "
        "service-agreement. Only the first opens anything."},
       {"--explicit", "", "Said expressly, for this, and understood."},
       {"--from", "DATE", "From when. Without it: from now."},
       {"--until", "DATE", "Until when, that day not included. A yes needs it, or --until-18."},
       {"--until-18", "", "Until the 18th birthday."},
       {"--review-by", "DATE", "By when somebody should ask again."},
       {"--condition", "TEXT", "What the yes depends on; told to who sees something by it.", true},
       {"--by", "WHO",
        "self (16 or over), self-competent, parental-responsibility, court or authority."},
       {"--grantor-name", "NAME", "Who that is, unless it is the young person. Kept sealed."},
       {"--assessor", "ID", "With self-competent: the practitioner who judged."},
       {"--assessed-on", "DATE", "With self-competent: when."},
       {"--found", "OUTCOME", "With self-competent: competent or not-competent."},
       {"--competent-for", "TEXT", "With self-competent: for what kind of decision. Kept sealed."},
       {"--evidence", "HOW", "written, verbal or electronic."},
       {"--note", "TEXT", "Where the paper is. Kept sealed."},
       {"--words", "TEXT", "The words used. Kept sealed."},
       {"--witness", "NAME", "Who else was there. Kept sealed."},
       {"--document", "FILE", "The signed or electronic document; its SHA-256 is kept."},
       {"--language", "TAG", "The language it was said in, e.g. ur. Without it: English."},
       {"--interpreter", "NAME", "Who interpreted. Kept sealed."},
       {"--notice", "VERSION", "The privacy notice that was given."},
       {"--notice-file", "FILE", "Its text; the SHA-256 is kept."},
       {"--asked-by", "ID", "The practitioner who asked. Without it: you."},
       {"--said-on", "DATE", "The day it was said. Without it: now."}});
}

}  // namespace

std::vector<Command> ConsentCommands() {
  return {
      {{"consent record", "", "Records a young person's yes.", "", RecordOptions()}, RecordYes},
      {{"consent refuse", "", "Records a no. Not the same as never asked.", "", RecordOptions()},
       RecordNo},
      {{"consent supersede", "CONSENT", "Records a yes in the place of an earlier record.",
        "The earlier record stays in the history and is no longer looked at. It must be of the "
        "same "
        "grantor and kind; a yes in the place of a no must cover all of it. consent refuse needs "
        "no "
        "such step: a no takes the place of every yes of the same grantor that it covers.",
        Join(RecordOptions(), {{"--refuse", "", "A no in its place, not a yes."}})},
       Supersede},
      {{"consent withdraw", "CONSENT", "Takes back a yes. The very next question knows.", "",
        Join(SelectorOptions(),
             {{"--note", "TEXT", "How it was said, in words. Kept sealed."},
              {"--by", "WHO", "By whom, if not by the grantor: self."},
              {"--how", "HOW", "written, verbal or electronic."},
              {"--told-to", "ID", "The practitioner who was told. Without it: you."}})},
       Withdraw},
      {{"consent list", "",
        "What has been said, as far as your agency recorded it or is named in it.", "",
        Join(SelectorOptions(), {{"--purpose", "PURPOSE", "Why you ask."}})},
       List},
      {{"consent history", "CONSENT", "One record with what came before and after it.", "",
        Join(SelectorOptions(), {{"--purpose", "PURPOSE", "Why you ask."}})},
       History},
      {{"consent statement", "",
        "What was agreed to, in plain English, to print for the young person.",
        "Says what, who, why, until when, and how to change her mind. It holds what your agency "
        "may "
        "know and nothing more.",
        Join(SelectorOptions(), {{"--purpose", "PURPOSE", "Why you ask."},
                                 {"--consent", "CONSENT", "This record only."}})},
       Statement},
  };
}

}  // namespace signpost::adapters::cli
