#include "hub/disclosure/answers.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "hub/base/check.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/evaluator.h"
#include "hub/disclosure/opener.h"
#include "hub/disclosure/override_case.h"
#include "hub/disclosure/terms.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/index_hook.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/receipt.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"
#include "hub/request/worker_text.h"

namespace signpost::disclosure {

namespace stored = ::signpost::store::v1;
using base::Reason;

// Lets this file read sealed values; see composer_key.h. What is read goes into answers.
struct AnswerComposer {
  static disclosure::ComposerKey Key() { return disclosure::ComposerKey(); }
};

namespace {

constexpr size_t kOverrideReasonBytesMin = 10;
constexpr char kOthersReason[] =
    "Other services may or may not be involved; what is not shown here is not yours to know.";

absl::Status NotFound() { return base::Error(Reason::kNotFound, "nobody whom you may know of"); }

// That the kind is one of the area's, before anybody is looked for: what is said of it can then
// depend on nobody. Without a policy nobody is shown anything, whatever the kind.
absl::Status CheckAssessmentKind(const request::PolicyInForce& policy, const std::string& kind) {
  if (kind.empty()) return absl::OkStatus();
  const std::shared_ptr<const request::BoundPolicy> bound = policy.Get();
  if (kind.size() <= base::kNameBytesMax &&
      (bound == nullptr || bound->policy->AssessmentSymbol(kind) != policy::kNoSymbol)) {
    return absl::OkStatus();
  }
  return base::InvalidField("assessment_kind", "is no kind of assessment of this area");
}

absl::StatusOr<QuestionTerms> ReadAsked(const base::Principal& asker,
                                        const v1::WhoKnowsRequest& request) {
  QuestionTerms asked;
  SIGNPOST_ASSIGN_OR_RETURN(asked.purpose, request::ReadPurpose(asker, request.purpose()));
  const auto add = [&asked](policy::Aspect aspect) {
    if (std::find(asked.aspects.begin(), asked.aspects.end(), aspect) == asked.aspects.end()) {
      asked.aspects.push_back(aspect);
    }
  };
  for (const int aspect : request.aspects()) {
    switch (aspect) {
      case v1::ASPECT_EXISTENCE:
        add(policy::Aspect::kExistence);
        break;
      case v1::ASPECT_AGENCY:
        add(policy::Aspect::kAgency);
        break;
      case v1::ASPECT_CONTACT:
        add(policy::Aspect::kContact);
        break;
      case v1::ASPECT_ASSESSMENT:
        add(policy::Aspect::kAssessment);
        break;
      case v1::ASPECT_CONTENT:
        asked.content = true;
        break;
      default:
        return base::InvalidField("aspects", "each must be one of the aspects of v1.Aspect");
    }
  }
  if (request.aspects().empty()) {
    asked.aspects = {policy::Aspect::kExistence, policy::Aspect::kAgency, policy::Aspect::kContact,
                     policy::Aspect::kAssessment};
  }
  asked.assessment_kind = request.assessment_kind();
  if (request.necessity().size() > base::kReasonBytesMax) {
    return base::InvalidField("necessity", "at most 2,000 bytes");
  }
  asked.necessity_stated = !request.necessity().empty();
  if (request.has_override()) {
    asked.override_request.requested = true;
    asked.override_request.ground = request::ToPolicy(request.override().ground());
    asked.override_request.reason_stated = true;
    std::vector<base::FieldViolation> violations;
    if (asked.override_request.ground == policy::OverrideGround::kNone) {
      violations.push_back({"override.ground", "name the ground: one of v1.OverrideGround"});
    }
    const size_t reason_bytes = request.override().reason().size();
    if (reason_bytes < kOverrideReasonBytesMin || reason_bytes > base::kReasonBytesMax) {
      violations.push_back(
          {"override.reason", "say why in words, 10 to 2,000 bytes; a reviewer will read it"});
    }
    if (!violations.empty()) {
      return base::Error(Reason::kOverrideInvalid,
                         "an override needs a ground and a reason in words", std::move(violations));
    }
  }
  return asked;
}

// One who-knows as it was asked.
struct Question {
  base::Principal asker;
  v1::WhoKnowsRequest request;
  QuestionTerms asked;
};

// What comes of a question: an answer, sealed until its entry is durable, or a refusal that is
// recorded and then given.
struct Answered {
  std::optional<SealedAnswer> answer;
  absl::Status refusal;
};

// Opens a contact into the answer under composition.
absl::Status ComposeContact(const people::Person& person, const stored::FlagRow& flag,
                            v1::Contact* contact) {
  SIGNPOST_ASSIGN_OR_RETURN(const stored::ContactSecret secret,
                            Opener::Peek(AnswerComposer::Key(), person.Contact(flag)).Open());
  contact->set_practitioner_id(secret.practitioner_id());
  contact->set_name(secret.name());
  contact->set_role(secret.role());
  contact->set_phone(secret.phone());
  contact->set_email(secret.email());
  contact->set_team_id(secret.team_id());
  return absl::OkStatus();
}

// What `decision`, a show, rests on: the agreement, the gateway, and what the consent says of it:
// until when, and on what conditions.
absl::Status ComposeBasis(const DisclosureEvaluator& judge, const people::Person& person,
                          const policy::Decision& decision, v1::AspectDecision* told) {
  if (decision.agreement != policy::kNoAgreement) {
    told->set_agreement(judge.policy().agreements()[static_cast<size_t>(decision.agreement)].title);
  }
  told->set_gateway(request::ToWire(decision.gateway));
  const stored::ConsentRow* consent = judge.ConsentOf(decision);
  if (consent == nullptr) return absl::OkStatus();
  if (const int64_t until_s = judge.ConsentEndOf(decision); until_s != 0) {
    *told->mutable_until() = request::ToTimestamp(until_s);
  }
  SIGNPOST_ASSIGN_OR_RETURN(const stored::ConsentSecret secret,
                            Opener::Peek(AnswerComposer::Key(), person.Secret(*consent)).Open());
  *told->mutable_conditions() = secret.conditions();
  return absl::OkStatus();
}

void SetText(const DisclosureEvaluator& judge, const policy::WorkerExplanation& told,
             v1::WorkerText* text) {
  request::SetWorkerText(judge.policy(), told, request::NextStep::kSaid, text);
}

// One visible flag as the answer tells it.
absl::Status ComposeFlag(DisclosureEvaluator& judge, const registry::Directory& directory,
                         const people::Person& person, const FlagEvaluation& finding,
                         v1::WhoKnowsAnswer* answer) {
  const stored::FlagRow& flag = *finding.flag;
  v1::FlagView* view = answer->add_flags();
  const absl::StatusOr<base::FlagId> flag_id = base::FlagId::FromBytes(flag.flag_id());
  if (!flag_id.ok()) return flag_id.status();
  view->set_flag_id(flag_id->ToText());
  view->set_agency_id(flag.agency_id());
  const registry::Agency* agency = directory.FindAgency(flag.agency_id());
  view->set_agency_name(agency != nullptr ? agency->name : flag.agency_id());
  view->set_service(flag.service());
  view->set_status(static_cast<v1::FlagStatus>(flag.status()));
  if (flag.opened_on() != 0) request::SetDate(flag.opened_on(), view->mutable_opened_on());
  if (flag.closed_on() != 0) request::SetDate(flag.closed_on(), view->mutable_closed_on());
  *view->mutable_confirmed_at() = request::ToTimestamp(flag.confirmed_at_s());
  view->set_disputed(flag.disputed());
  for (const AspectEvaluation& aspect : finding.aspects) {
    const policy::Decision& decision = aspect.decision;
    const bool shown = decision.effect == policy::Effect::kShow;
    v1::AspectDecision* told = view->add_decisions();
    told->set_aspect(request::ToWire(aspect.aspect));
    told->set_shown(shown);
    SetText(judge, judge.Words(flag, aspect), told->mutable_text());
    if (!shown) {
      v1::Withholding* withheld = answer->add_withheld();
      withheld->set_aspect(told->aspect());
      withheld->set_agency_id(flag.agency_id());
      *withheld->mutable_text() = told->text();
      continue;
    }
    SIGNPOST_RETURN_IF_ERROR(ComposeBasis(judge, person, decision, told));
    if (aspect.aspect == policy::Aspect::kContact) {
      SIGNPOST_RETURN_IF_ERROR(ComposeContact(person, flag, view->mutable_contact()));
    }
  }
  for (const stored::AssessmentRow& row : flag.assessments()) {
    if (std::find(finding.assessment_kinds.begin(), finding.assessment_kinds.end(), row.kind()) ==
        finding.assessment_kinds.end()) {
      continue;
    }
    v1::AssessmentPointer* pointer = view->add_assessments();
    pointer->set_kind(row.kind());
    if (row.assessed_on() != 0) {
      request::SetDate(row.assessed_on(), pointer->mutable_assessed_on());
    }
    for (const std::string& section : row.sections()) pointer->add_sections(section);
  }
  for (const ContentEvaluation& content : finding.content) {
    v1::ContentView* told = view->add_content();
    told->set_assessment_kind(content.assessment_kind);
    for (const std::string& section : content.open) told->add_sections_open(section);
    for (const std::string& section : content.withheld) told->add_sections_withheld(section);
    if (!content.withheld.empty()) {
      SetText(judge, judge.Words(content.first_withheld_item, content.first_withheld),
              told->mutable_text());
    }
    for (const policy::Decision& open_by : content.open_by) {
      v1::AspectDecision* decision = view->add_decisions();
      decision->set_aspect(v1::ASPECT_CONTENT);
      decision->set_shown(true);
      SIGNPOST_RETURN_IF_ERROR(ComposeBasis(judge, person, open_by, decision));
    }
  }
  return absl::OkStatus();
}

// Judges `question` at `view` and makes the operation that records it.
absl::StatusOr<ledger::Attempt<Answered>> MakeWhoKnows(const request::HubContext& context,
                                                       const ledger::GuardedView& view,
                                                       const Question& question) {
  ledger::Attempt<Answered> attempt;
  ledger::Operation& operation = attempt.operation.emplace();
  const base::Principal& asker = question.asker;
  const absl::Time now = context.clock->Now();
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                            request::Resolve(context, view, asker, question.request.person()));
  ledger::v1::LedgerEntry entry =
      context.entries->New(ledger::v1::ENTRY_KIND_WHO_KNOWS, asker, question.request.request_id());
  entry.set_purpose(request::ToEntry(question.asked.purpose));
  SayAsked(question.asked, entry.mutable_who_knows());
  std::optional<ledger::Blinding> blinding;
  if (person.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(blinding, request::SetPerson(*person, &entry, &operation));
  }
  std::string private_words;
  if (question.asked.override_request.requested) {
    absl::StrAppend(&private_words, "override: ", question.request.override().reason(), "\n");
  }
  if (question.asked.necessity_stated) {
    absl::StrAppend(&private_words, "necessity: ", question.request.necessity(), "\n");
  }
  if (!private_words.empty()) {
    SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context, person.has_value() ? &*person : nullptr,
                                                  private_words, &entry));
  }

  const std::shared_ptr<const request::BoundPolicy> bound = context.policy->Get();
  if (bound == nullptr) {
    attempt.outcome.refusal = NoPolicy();
    ledger::SetRefused(Reason::kPolicyUnavailable, &entry);
    operation.entries.push_back(ledger::ToDraft(entry));
    return attempt;
  }
  request::SetPolicy(*bound, &entry);
  const std::shared_ptr<const registry::Directory> directory = context.registry->directory();
  DisclosureEvaluator judge(*bound, *directory, asker, question.asked, now);
  Evaluation findings;
  if (person.has_value()) {
    findings = judge.Decide(*person);
    for (const policy::Relationship relationship : judge.Relationships()) {
      entry.mutable_who_knows()->add_relationships(request::ToEntry(relationship));
    }
  }
  // Nobody whom the asker may know of: from here on as if there were nobody.
  const bool known = person.has_value() && !findings.nothing();

  // In one arena: an answer is a tree of small messages, made and dropped whole.
  google::protobuf::Arena arena;
  v1::WhoKnowsAnswer& answer = *google::protobuf::Arena::CreateMessage<v1::WhoKnowsAnswer>(&arena);
  answer.set_salt(context.random->Bytes(kSaltBytes));
  *answer.mutable_answered_at() = request::ToTimestamp(now);
  answer.mutable_policy()->set_name(bound->policy->name());
  answer.mutable_policy()->set_version(bound->version);
  answer.mutable_policy()->set_sha256(bound->sha256);
  if (known) {
    SIGNPOST_ASSIGN_OR_RETURN(*answer.mutable_agency_person_id(),
                              context.agency_ids->Encode(asker.agency_id, person->id()));
    for (const FlagEvaluation& finding : findings.flags) {
      SIGNPOST_RETURN_IF_ERROR(ComposeFlag(judge, *directory, *person, finding, &answer));
    }
    answer.set_unnamed_service_involved(findings.unnamed_service_involved);
    for (const policy::Obligation obligation : policy::AllObligations()) {
      if ((findings.obligations & policy::Bit(obligation)) != 0) {
        answer.add_obligations(request::ToWire(obligation));
      }
    }
  }
  v1::Withholding* others = answer.add_withheld();
  others->set_aspect(v1::ASPECT_EXISTENCE);
  others->mutable_text()->set_code(v1::WORKER_TEXT_CODE_OTHERS_NOT_SAID);
  others->mutable_text()->set_english(kOthersReason);
  for (v1::Coverage& coverage : judge.Coverage(known ? &*person : nullptr)) {
    *answer.add_coverage() = std::move(coverage);
  }
  std::vector<std::string> told;
  if (known) {
    TellHolders(*directory, asker, *person, findings, question.asked.override_request.ground, now,
                &told, &operation);
  }
  if (question.asked.override_request.requested) {
    ledger::v1::Override* record = entry.mutable_who_knows()->mutable_override();
    record->set_ground(request::ToEntry(question.asked.override_request.ground));
    record->set_allowed(findings.override_used);
    record->set_rule(findings.override_rule);
    const absl::Time review_due = request::AddWorkingDays(now, 2);
    if (findings.override_used) {
      record->set_review_due_s(absl::ToUnixSeconds(review_due));
      v1::OverrideNotice* notice = answer.mutable_override();
      notice->set_rule(findings.override_rule);
      *notice->mutable_review_due() = request::ToTimestamp(absl::ToUnixSeconds(review_due));
      OverrideUse use;
      use.ground = question.asked.override_request.ground;
      use.purpose = question.asked.purpose;
      use.reason = question.request.override().reason();
      use.used_at = now;
      use.review_due = review_due;
      use.holders_told = static_cast<int>(told.size());
      if ((findings.obligations & policy::Bit(policy::Obligation::kCloseAfter60Minutes)) != 0) {
        use.until = now + absl::Hours(1);
        *notice->mutable_until() = request::ToTimestamp(use.until);
      }
      SIGNPOST_RETURN_IF_ERROR(OpenCase(context, asker, *person, findings, use, &operation));
    }
  }
  attempt.outcome.answer = Opener::ClosePadded(&answer);

  for (ledger::v1::Released& released : findings.released) {
    *entry.add_released() = blinding->Blind(std::move(released), entry);
  }
  for (ledger::v1::Withheld& withheld : findings.withheld)
    *entry.add_withheld() = std::move(withheld);
  entry.set_reply_hash(attempt.outcome.answer->hash());
  entry.set_outcome(known ? ledger::v1::OUTCOME_ANSWERED : ledger::v1::OUTCOME_NOTHING_TO_KNOW);
  operation.entries.push_back(ledger::ToDraft(entry));
  request::RestOn(*bound, &operation);
  return attempt;
}

}  // namespace

Answers::Answers(const request::HubContext& context)
    : context_(context), finds_(base::kFindsPerMinuteMax) {}

absl::Status Answers::TakeBudget(const base::Principal& asker, const v1::PersonSelector& selector) {
  if (!selector.has_details() || finds_.Take(asker.system_id, context_.clock->Now())) {
    return absl::OkStatus();
  }
  return base::Error(Reason::kTooManyRequests,
                     "this system has asked by details too often; ask by agency_person_id or "
                     "record_id, or wait");
}

void Answers::WhoKnows(const base::Principal& asker, v1::WhoKnowsRequest request,
                       request::Reply<v1::WhoKnowsResponse> done) {
  absl::Status status = CheckAssessmentKind(*context_.policy, request.assessment_kind());
  if (status.ok()) status = request::CheckRequestId(request.request_id());
  if (status.ok()) status = TakeBudget(asker, request.person());
  if (!status.ok()) return done(std::move(status));
  absl::StatusOr<QuestionTerms> asked = ReadAsked(asker, request);
  if (!asked.ok()) return done(std::move(asked).status());

  request::Transact<Answered>(
      context_,
      [this, question = Question{asker, std::move(request), *std::move(asked)}](
          const ledger::GuardedView& view) { return MakeWhoKnows(context_, view, question); },
      [this, done = std::move(done)](absl::StatusOr<ledger::Committed<Answered>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        v1::Receipt receipt =
            ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        if (!result->outcome.refusal.ok()) {
          return done(request::WithReceipt(result->outcome.refusal, receipt));
        }
        v1::WhoKnowsResponse response;
        response.set_answer(std::move(*result->outcome.answer).Release(result->sequenced->permit));
        *response.mutable_receipt() = std::move(receipt);
        done(std::move(response));
      });
}

void Answers::Find(const base::Principal& asker, v1::FindRequest request,
                   request::Reply<v1::FindResponse> done) {
  absl::Status status = request::CheckRequestId(request.request_id());
  if (status.ok()) status = TakeBudget(asker, request.person());
  if (!status.ok()) return done(std::move(status));
  const absl::StatusOr<policy::Purpose> purpose = request::ReadPurpose(asker, request.purpose());
  if (!purpose.ok()) return done(purpose.status());

  struct Found {
    std::string agency_person_id;
    absl::Status refusal = NotFound();
  };
  request::Transact<Found>(
      context_,
      [this, asker, asked_for = std::move(request), purpose = *purpose](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Found>> {
        ledger::Attempt<Found> attempt;
        auto& [agency_person_id, refusal] = attempt.outcome;
        ledger::Operation& operation = attempt.operation.emplace();
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  request::Resolve(context_, view, asker, asked_for.person()));
        ledger::v1::LedgerEntry entry =
            context_.entries->New(ledger::v1::ENTRY_KIND_FIND, asker, asked_for.request_id());
        entry.set_purpose(request::ToEntry(purpose));
        const std::shared_ptr<const request::BoundPolicy> bound = context_.policy->Get();
        if (bound == nullptr) refusal = NoPolicy();
        if (bound != nullptr) request::SetPolicy(*bound, &entry);
        std::optional<ledger::Blinding> blinding;
        if (person.has_value()) {
          SIGNPOST_ASSIGN_OR_RETURN(blinding, request::SetPerson(*person, &entry, &operation));
        }
        if (bound != nullptr) request::RestOn(*bound, &operation);
        if (bound != nullptr && person.has_value()) {
          const QuestionTerms asked = KnowingOf(purpose);
          const std::shared_ptr<const registry::Directory> directory =
              context_.registry->directory();
          DisclosureEvaluator judge(*bound, *directory, asker, asked, context_.clock->Now());
          Evaluation findings = judge.Decide(*person);
          if (!findings.nothing()) {
            SIGNPOST_ASSIGN_OR_RETURN(agency_person_id,
                                      context_.agency_ids->Encode(asker.agency_id, person->id()));
            refusal = absl::OkStatus();
          }
          for (ledger::v1::Released& r : findings.released) {
            *entry.add_released() = blinding->Blind(std::move(r), entry);
          }
          for (ledger::v1::Withheld& w : findings.withheld) *entry.add_withheld() = std::move(w);
        }
        entry.set_outcome(ledger::v1::OUTCOME_FOUND);
        if (!refusal.ok()) ledger::SetRefused(base::ReasonOf(refusal), &entry);
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [this, done = std::move(done)](absl::StatusOr<ledger::Committed<Found>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        v1::Receipt receipt =
            ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        if (!result->outcome.refusal.ok()) {
          return done(request::WithReceipt(result->outcome.refusal, receipt));
        }
        v1::FindResponse response;
        response.set_agency_person_id(std::move(result->outcome.agency_person_id));
        *response.mutable_receipt() = std::move(receipt);
        done(std::move(response));
      });
}

}  // namespace signpost::disclosure
