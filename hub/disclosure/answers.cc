#include "hub/disclosure/answers.h"

#include <algorithm>
#include <array>
#include <cstddef>
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
#include "hub/request/wire_parts.h"
#include "hub/request/worker_text.h"

namespace signpost::disclosure {

namespace stored = ::signpost::store::v1;
using base::Reason;
using request::WireParts;

// Lets this file read sealed values; see composer_key.h. What is read goes into answers.
struct AnswerComposer {
  static disclosure::ComposerKey Key() { return disclosure::ComposerKey(); }
};

namespace {

constexpr size_t kOverrideReasonBytesMin = 10;
constexpr size_t kEntryArenaBytes = 4096;
constexpr size_t kAnswerBytesUsual = 3 * kAnswerSizeStep;
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

// Writes what `decision`, a show, rests on: the agreement, the gateway, and what the consent says of
// it: until when, and on what conditions.
absl::Status WriteBasis(const DisclosureEvaluator& judge, const people::Person& person,
                        const policy::Decision& decision, WireParts* told) {
  using Wire = v1::AspectDecision;
  if (decision.agreement != policy::kNoAgreement) {
    told->Text(Wire::kAgreementFieldNumber,
               judge.policy().agreements()[static_cast<size_t>(decision.agreement)].title);
  }
  told->Number(Wire::kGatewayFieldNumber, request::ToWire(decision.gateway));
  const stored::ConsentRow* consent = judge.ConsentOf(decision);
  if (consent == nullptr) return absl::OkStatus();
  if (const int64_t until_s = judge.ConsentEndOf(decision); until_s != 0) {
    told->Timestamp(Wire::kUntilFieldNumber, until_s);
  }
  SIGNPOST_ASSIGN_OR_RETURN(const stored::ConsentSecret secret,
                            Opener::Peek(AnswerComposer::Key(), person.Secret(*consent)).Open());
  for (const std::string& condition : secret.conditions()) {
    // An empty one is one of the list.
    told->Message(Wire::kConditionsFieldNumber, condition);
  }
  return absl::OkStatus();
}

// What parts are written in before they stand in the whole, kept so that they grow once an answer.
struct Scratch {
  Scratch() {
    flag.reserve(kAnswerSizeStep);
    part.reserve(kAnswerSizeStep);
    text.reserve(kAnswerSizeStep);
  }
  std::string flag;
  std::string part;
  std::string text;
};

// The worker's text in `text`, which it replaces.
absl::string_view WordsOf(const DisclosureEvaluator& judge, const policy::WorkerExplanation& told,
                          std::string* text) {
  text->clear();
  WireParts parts(text);
  request::WriteWorkerText(judge.policy(), told, request::NextStep::kSaid, &parts);
  return *text;
}

// Takes the record's id, the last of its fields, off a serialised ContactSecret, all of whose fields are
// texts. Of bytes that are no such thing nothing is left.
void DropRecordId(std::string* contact) {
  constexpr int kWireTypeBits = 3;
  constexpr size_t kVarintBits = 7;
  size_t at = 0;
  while (at < contact->size()) {
    const size_t begin = at;
    const auto byte = [&](size_t i) { return static_cast<uint8_t>((*contact)[i]); };
    const int field = byte(at++) >> kWireTypeBits;
    size_t length = 0;
    for (size_t shift = 0; at < contact->size() && shift < 5 * kVarintBits; shift += kVarintBits) {
      const uint8_t part = byte(at++);
      length |= static_cast<size_t>(part & 0x7F) << shift;
      if (part < 0x80) break;
    }
    if (field >= stored::ContactSecret::kRecordIdFieldNumber) return contact->resize(begin);
    if (length > contact->size() - at) return contact->clear();
    at += length;
  }
}

// Writes one visible flag into `answer`, and what of it is withheld.
absl::Status WriteFlag(DisclosureEvaluator& judge, const registry::Directory& directory,
                       const people::Person& person, const FlagEvaluation& finding,
                       Scratch* scratch, WireParts* answer) {
  using Wire = v1::FlagView;
  const stored::FlagRow& flag = *finding.flag;
  auto& [bytes, part, words] = *scratch;
  bytes.clear();
  WireParts view(&bytes);
  const absl::StatusOr<base::FlagId> flag_id = base::FlagId::FromBytes(flag.flag_id());
  if (!flag_id.ok()) return flag_id.status();
  view.Text(Wire::kFlagIdFieldNumber, flag_id->ToText());
  view.Text(Wire::kAgencyIdFieldNumber, flag.agency_id());
  const registry::Agency* agency = directory.FindAgency(flag.agency_id());
  view.Text(Wire::kAgencyNameFieldNumber, agency != nullptr ? agency->name : flag.agency_id());
  view.Text(Wire::kServiceFieldNumber, flag.service());
  view.Number(Wire::kStatusFieldNumber, static_cast<uint64_t>(flag.status()));
  view.Date(Wire::kOpenedOnFieldNumber, flag.opened_on());
  view.Date(Wire::kClosedOnFieldNumber, flag.closed_on());
  view.Timestamp(Wire::kConfirmedAtFieldNumber, flag.confirmed_at_s());
  view.Number(Wire::kDisputedFieldNumber, flag.disputed());
  for (const AspectEvaluation& aspect : finding.aspects) {
    const policy::Decision& decision = aspect.decision;
    const bool shown = decision.effect == policy::Effect::kShow;
    const absl::string_view text = WordsOf(judge, judge.Words(flag, aspect), &words);
    part.clear();
    WireParts told(&part);
    told.Number(v1::AspectDecision::kAspectFieldNumber, request::ToWire(aspect.aspect));
    told.Number(v1::AspectDecision::kShownFieldNumber, shown);
    told.Message(v1::AspectDecision::kTextFieldNumber, text);
    if (shown) SIGNPOST_RETURN_IF_ERROR(WriteBasis(judge, person, decision, &told));
    view.Message(Wire::kDecisionsFieldNumber, part);
    if (!shown) {
      part.clear();
      told.Number(v1::Withholding::kAspectFieldNumber, request::ToWire(aspect.aspect));
      told.Text(v1::Withholding::kAgencyIdFieldNumber, flag.agency_id());
      told.Message(v1::Withholding::kTextFieldNumber, text);
      answer->Message(v1::WhoKnowsAnswer::kWithheldFieldNumber, part);
    } else if (aspect.aspect == policy::Aspect::kContact) {
      // What is sealed is a v1.Contact in all but its name, and the holder's own id for the record,
      // which is for the holder alone; a test holds the two to that.
      SIGNPOST_ASSIGN_OR_RETURN(
          std::string contact,
          Opener::Peek(AnswerComposer::Key(), person.Contact(flag)).OpenSerialised());
      DropRecordId(&contact);
      view.Message(Wire::kContactFieldNumber, contact);
    }
  }
  for (const stored::AssessmentRow& row : flag.assessments()) {
    if (std::find(finding.assessment_kinds.begin(), finding.assessment_kinds.end(), row.kind()) ==
        finding.assessment_kinds.end()) {
      continue;
    }
    part.clear();
    WireParts pointer(&part);
    pointer.Text(v1::AssessmentPointer::kKindFieldNumber, row.kind());
    pointer.Date(v1::AssessmentPointer::kAssessedOnFieldNumber, row.assessed_on());
    for (const std::string& section : row.sections()) {
      pointer.Text(v1::AssessmentPointer::kSectionsFieldNumber, section);
    }
    view.Message(Wire::kAssessmentsFieldNumber, part);
  }
  for (const ContentEvaluation& content : finding.content) {
    part.clear();
    WireParts told(&part);
    told.Text(v1::ContentView::kAssessmentKindFieldNumber, content.assessment_kind);
    for (const std::string& section : content.open) {
      told.Text(v1::ContentView::kSectionsOpenFieldNumber, section);
    }
    for (const std::string& section : content.withheld) {
      told.Text(v1::ContentView::kSectionsWithheldFieldNumber, section);
    }
    if (!content.withheld.empty()) {
      told.Message(
          v1::ContentView::kTextFieldNumber,
          WordsOf(judge, judge.Words(content.first_withheld_item, content.first_withheld), &words));
    }
    view.Message(Wire::kContentFieldNumber, part);
    for (const policy::Decision& open_by : content.open_by) {
      part.clear();
      WireParts decision(&part);
      decision.Number(v1::AspectDecision::kAspectFieldNumber, v1::ASPECT_CONTENT);
      decision.Number(v1::AspectDecision::kShownFieldNumber, 1);
      SIGNPOST_RETURN_IF_ERROR(WriteBasis(judge, person, open_by, &decision));
      view.Message(Wire::kDecisionsFieldNumber, part);
    }
  }
  answer->Message(v1::WhoKnowsAnswer::kFlagsFieldNumber, bytes);
  return absl::OkStatus();
}

// That others may be involved, said in every answer, so that it says nothing of anybody.
std::string OthersNotSaid() {
  v1::Withholding others;
  others.set_aspect(v1::ASPECT_EXISTENCE);
  others.mutable_text()->set_code(v1::WORKER_TEXT_CODE_OTHERS_NOT_SAID);
  others.mutable_text()->set_english(kOthersReason);
  return others.SerializeAsString();
}

// Judges `question` at `view` and makes the operation that records it.
absl::StatusOr<ledger::Attempt<Answered>> MakeWhoKnows(const request::HubContext& context,
                                                       const ledger::GuardedView& view,
                                                       const Question& question) {
  ledger::Attempt<Answered> attempt;
  ledger::Operation& operation = attempt.operation.emplace();
  const base::Principal& asker = question.asker;
  const absl::Time now = context.clock->Now();
  SIGNPOST_ASSIGN_OR_RETURN(
      std::optional<people::Person> person,
      request::Resolve(context, view, asker, question.request.person(),
                       question.asked.override_request.requested ? request::Words::kAll
                                                                 : request::Words::kOpen));
  if (person.has_value()) person = person->AsKnownTo(asker.agency_id);
  // In an arena that mostly needs no more than the stack gives.
  alignas(std::max_align_t) std::array<char, kEntryArenaBytes> block;
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  google::protobuf::Arena arena(options);
  ledger::v1::LedgerEntry& entry =
      *google::protobuf::Arena::CreateMessage<ledger::v1::LedgerEntry>(&arena);
  context.entries->Begin(ledger::v1::ENTRY_KIND_WHO_KNOWS, asker, question.request.request_id(),
                         &entry);
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
  DisclosureEvaluator judge(*bound, *context.people, *directory, asker, question.asked, now);
  Evaluation findings;
  if (person.has_value()) {
    findings = judge.Decide(*person);
    for (const policy::Relationship relationship : judge.Relationships()) {
      entry.mutable_who_knows()->add_relationships(request::ToEntry(relationship));
    }
    // So that the decision can be made again when the cover has ended.
    for (const base::Cover& cover : asker.covers) {
      if (now < cover.until) {
        entry.mutable_who_knows()->add_covered_practitioner_ids(cover.practitioner_id);
      }
    }
  }
  // Nobody whom the asker may know of: from here on as if there were nobody.
  const bool known = person.has_value() && !findings.nothing();

  using Wire = v1::WhoKnowsAnswer;
  std::string bytes;
  bytes.reserve(kAnswerBytesUsual);
  WireParts answer(&bytes);
  answer.Text(Wire::kSaltFieldNumber, context.random->Bytes(kSaltBytes));
  answer.Message(Wire::kAnsweredAtFieldNumber, request::ToTimestamp(now));
  Scratch scratch;
  WireParts decider(&scratch.part);
  decider.Text(v1::PolicyVersion::kNameFieldNumber, bound->policy->name());
  decider.Number(v1::PolicyVersion::kVersionFieldNumber, static_cast<uint64_t>(bound->version));
  decider.Text(v1::PolicyVersion::kSha256FieldNumber, bound->sha256);
  answer.Message(Wire::kPolicyFieldNumber, scratch.part);
  if (known) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::string agency_person_id,
                              context.agency_ids->Encode(asker.agency_id, person->named_as()));
    answer.Text(Wire::kAgencyPersonIdFieldNumber, agency_person_id);
    for (const FlagEvaluation& finding : findings.flags) {
      SIGNPOST_RETURN_IF_ERROR(WriteFlag(judge, *directory, *person, finding, &scratch, &answer));
    }
    answer.Number(Wire::kUnnamedServiceInvolvedFieldNumber, findings.unnamed_service_involved);
    if (findings.unnamed_service_involved) {
      answer.Text(Wire::kContactDeskFieldNumber, context.contact_desk);
    }
    std::string obligations;  // packed, as all lists of numbers are; each is one byte
    for (const policy::Obligation obligation : policy::AllObligations()) {
      if ((findings.obligations & policy::Bit(obligation)) != 0) {
        obligations.push_back(static_cast<char>(request::ToWire(obligation)));
      }
    }
    answer.Text(Wire::kObligationsFieldNumber, obligations);
  }
  static const std::string& others = *new std::string(OthersNotSaid());
  answer.Message(Wire::kWithheldFieldNumber, others);
  judge.WriteCoverage(known ? &*person : nullptr, &answer);
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
      v1::OverrideNotice notice;
      notice.set_rule(findings.override_rule);
      *notice.mutable_review_due() = request::ToTimestamp(absl::ToUnixSeconds(review_due));
      OverrideUse use;
      use.ground = question.asked.override_request.ground;
      use.purpose = question.asked.purpose;
      use.reason = question.request.override().reason();
      use.used_at = now;
      use.review_due = review_due;
      use.holders_told = static_cast<int>(told.size());
      if ((findings.obligations & policy::Bit(policy::Obligation::kCloseAfter60Minutes)) != 0) {
        use.until = now + absl::Hours(1);
        *notice.mutable_until() = request::ToTimestamp(use.until);
      }
      answer.Message(Wire::kOverrideFieldNumber, notice);
      SIGNPOST_RETURN_IF_ERROR(OpenCase(context, asker, *person, findings, use, &operation));
    } else {
      // Whether there was anything to open has no say in it.
      answer.Number(Wire::kOverrideOpenedNothingFieldNumber, 1);
    }
  }
  attempt.outcome.answer = Opener::ClosePadded(std::move(bytes), Wire::kPaddingFieldNumber);

  if (person.has_value()) judge.Record(findings, *blinding, &entry);
  entry.set_reply_hash(attempt.outcome.answer->hash());
  entry.set_outcome(known ? ledger::v1::OUTCOME_ANSWERED : ledger::v1::OUTCOME_NOTHING_TO_KNOW);
  operation.entries.push_back(ledger::ToDraft(entry));
  request::RestOn(*bound, &operation);
  return attempt;
}

}  // namespace

Answers::Answers(const request::HubContext& context) : context_(context) {}

void Answers::WhoKnows(const base::Principal& asker, v1::WhoKnowsRequest request,
                       request::Reply<v1::WhoKnowsResponse> done) {
  absl::Status status = CheckAssessmentKind(*context_.policy, request.assessment_kind());
  if (status.ok()) status = request::CheckRequestId(request.request_id());
  if (status.ok()) status = request::TakeDetailsBudget(context_, asker, request.person());
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
  if (status.ok()) status = request::TakeDetailsBudget(context_, asker, request.person());
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
        SIGNPOST_ASSIGN_OR_RETURN(
            std::optional<people::Person> person,
            request::Resolve(context_, view, asker, asked_for.person(), request::Words::kOpen));
        if (person.has_value()) person = person->AsKnownTo(asker.agency_id);
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
          DisclosureEvaluator judge(*bound, *context_.people, *directory, asker, asked,
                                    context_.clock->Now());
          Evaluation findings = judge.Decide(*person);
          if (!findings.nothing()) {
            SIGNPOST_ASSIGN_OR_RETURN(
                agency_person_id, context_.agency_ids->Encode(asker.agency_id, person->named_as()));
            refusal = absl::OkStatus();
          }
          judge.Record(findings, *blinding, &entry);
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
