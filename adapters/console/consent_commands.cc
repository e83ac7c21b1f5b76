// consent record, refuse, withdraw, list.

#include <utility>

#include "absl/strings/str_cat.h"
#include "adapters/console/console.h"
#include "adapters/console/render.h"
#include "adapters/console/words.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/consent.grpc.pb.h"

namespace signpost::adapters::console {
namespace {

using signpost::v1::ConsentService;

absl::Status FillScope(const Args& args, signpost::v1::ConsentScope* scope) {
  for (const std::string& word : args.All("--service")) scope->add_services(word);
  for (const std::string& word : args.All("--held-by")) scope->add_holder_agency_ids(word);
  for (const std::string& word : args.All("--assessment")) scope->add_assessment_kinds(word);
  for (const std::string& word : args.All("--section")) scope->add_sections(word);
  for (const std::string& word : args.All("--to")) scope->add_recipient_agency_ids(word);
  for (const std::string& word : args.All("--to-kind")) scope->add_recipient_kinds(word);
  for (const std::string& word : args.All("--to-role")) scope->add_recipient_roles(word);
  for (const std::string& word : args.All("--for")) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Purpose purpose,
                              EnumFromWord<signpost::v1::Purpose>(word));
    scope->add_purposes(purpose);
  }
  return absl::OkStatus();
}

absl::Status FillConsent(const Args& args, signpost::v1::ConsentDecision decision,
                         signpost::v1::RecordConsentRequest* request) {
  SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_person(), ReadSelector(args));
  signpost::v1::Consent* const consent = request->mutable_consent();
  consent->set_decision(decision);
  SIGNPOST_RETURN_IF_ERROR(FillScope(args, consent->mutable_scope()));
  consent->set_explicit_(args.Has("--explicit"));
  if (args.Has("--from")) {
    SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_valid_from(), ParseDay(args.Get("--from")));
  }
  if (args.Has("--until")) {
    SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_valid_until(), ParseDay(args.Get("--until")));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Grantor grantor,
                            EnumFromWord<signpost::v1::Grantor>(args.GetOr("--by", "self")));
  consent->set_grantor(grantor);
  consent->set_competence_assessor(args.Get("--assessor"));
  if (args.Has("--assessed-on")) {
    SIGNPOST_ASSIGN_OR_RETURN(*consent->mutable_competence_assessed_on(),
                              ParseDate(args.Get("--assessed-on")));
  }
  if (!args.Has("--evidence")) {
    return absl::InvalidArgumentError(
        "say how it was given: --evidence written, verbal or "
        "electronic");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Evidence evidence,
                            EnumFromWord<signpost::v1::Evidence>(args.Get("--evidence")));
  consent->set_evidence(evidence);
  consent->set_evidence_note(args.Get("--note"));
  return absl::OkStatus();
}

int Record(Console& console, const Args& args, signpost::v1::ConsentDecision decision) {
  signpost::v1::RecordConsentRequest request;
  absl::Status status = FillConsent(args, decision, &request);
  if (!status.ok()) return FailHere(console, status);
  const auto session = OpenSession(console, args);
  if (!session.ok()) return FailHere(console, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  status = (*session)->Prepare(kPurposeOfConsent, kCallDeadline, &context);
  if (!status.ok()) return FailHere(console, status);
  signpost::v1::RecordConsentResponse response;
  const grpc::Status answered =
      ConsentService::NewStub((*session)->channel())->RecordConsent(&context, request, &response);
  if (!answered.ok()) return FailCall(console, "consent", answered);
  if (args.Has("--json")) {
    *console.out << Json(response);
  } else {
    *console.out << RenderRecorded(response.consent_id(), response.receipt());
  }
  return kExitOk;
}

int RecordYes(Console& console, const Args& args) {
  return Record(console, args, signpost::v1::CONSENT_DECISION_GIVEN);
}
int RecordNo(Console& console, const Args& args) {
  return Record(console, args, signpost::v1::CONSENT_DECISION_REFUSED);
}

int Withdraw(Console& console, const Args& args) {
  signpost::v1::WithdrawConsentRequest request;
  auto selector = ReadSelector(args);
  if (!selector.ok()) return FailHere(console, selector.status());
  *request.mutable_person() = *std::move(selector);
  request.set_consent_id(args.positionals()[0]);
  request.set_note(args.Get("--note"));
  const auto session = OpenSession(console, args);
  if (!session.ok()) return FailHere(console, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfConsent, kCallDeadline, &context);
  if (!status.ok()) return FailHere(console, status);
  signpost::v1::WithdrawConsentResponse response;
  const grpc::Status answered =
      ConsentService::NewStub((*session)->channel())->WithdrawConsent(&context, request, &response);
  if (!answered.ok()) return FailCall(console, "consent withdraw", answered);
  if (args.Has("--json")) {
    *console.out << Json(response);
  } else {
    *console.out << RenderRecorded(absl::StrCat("Withdrawn, ", Readable(response.withdrawn_at())),
                                   response.receipt());
  }
  return kExitOk;
}

int List(Console& console, const Args& args) {
  signpost::v1::ListConsentsRequest request;
  const auto fill = [&]() -> absl::Status {
    SIGNPOST_ASSIGN_OR_RETURN(*request.mutable_person(), ReadSelector(args));
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Purpose purpose,
                              EnumFromWord<signpost::v1::Purpose>(args.Get("--purpose")));
    request.set_purpose(purpose);
    return absl::OkStatus();
  };
  absl::Status status = fill();
  if (!status.ok()) return FailHere(console, status);
  const auto session = OpenSession(console, args);
  if (!session.ok()) return FailHere(console, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  status = (*session)->Prepare(args.Get("--purpose"), kCallDeadline, &context);
  if (!status.ok()) return FailHere(console, status);
  signpost::v1::ListConsentsResponse response;
  const grpc::Status answered =
      ConsentService::NewStub((*session)->channel())->ListConsents(&context, request, &response);
  if (!answered.ok()) return FailCall(console, "consent list", answered);
  signpost::v1::ConsentList list;
  if (!list.ParseFromString(response.answer())) {
    return FailCall(console, "consent list",
                    grpc::Status(grpc::StatusCode::INTERNAL, "the answer does not parse"));
  }
  if (args.Has("--json")) {
    *console.out << Json(list);
  } else {
    *console.out << RenderRecorded(RenderConsents(list), response.receipt());
  }
  return kExitOk;
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
       {"--explicit", "", "Said expressly, for this, and understood."},
       {"--from", "DATE", "From when. Without it: from now."},
       {"--until", "DATE", "Until when, that day not included. A yes needs it."},
       {"--by", "WHO", "self (16 or over), self-competent, parental-responsibility or court."},
       {"--assessor", "ID", "With self-competent: the practitioner who judged."},
       {"--assessed-on", "DATE", "With self-competent: when."},
       {"--evidence", "HOW", "written, verbal or electronic."},
       {"--note", "TEXT", "The words used, or where the paper is. Kept sealed."}});
}

}  // namespace

std::vector<Command> ConsentCommands() {
  return {
      {{"consent record", "", "Records a young person's yes.", "", RecordOptions()}, RecordYes},
      {{"consent refuse", "", "Records a no. Not the same as never asked.", "", RecordOptions()},
       RecordNo},
      {{"consent withdraw", "CONSENT", "Takes back a yes. The very next question knows.", "",
        Join(SelectorOptions(), {{"--note", "TEXT", "By whom and how it was said. Kept sealed."}})},
       Withdraw},
      {{"consent list", "",
        "What has been said, as far as your agency recorded it or is named in it.", "",
        Join(SelectorOptions(), {{"--purpose", "PURPOSE", "Why you ask."}})},
       List},
  };
}

}  // namespace signpost::adapters::console
