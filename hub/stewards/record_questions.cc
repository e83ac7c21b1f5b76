// Fixed questions that a steward puts to an agency about its own record, and the answers.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/outcome.h"
#include "hub/exchange/mailbox.h"
#include "hub/ledger/index_hook.h"
#include "hub/ledger/person_index.h"
#include "hub/request/paging.h"
#include "hub/request/wire_convert.h"
#include "hub/stewards/rights.h"
#include "hub/stewards/stewards.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/exchange.pb.h"

namespace signpost::stewards {

namespace stored = ::signpost::store::v1;
using base::Reason;
using disclosure::Outcome;
using disclosure::Refuse;
using matching::ReviewItem;
using store::Space;

namespace {

constexpr int kPageDefault = 50;

absl::Status NoQuestion() {
  return base::Error(Reason::kNotFound,
                     "no such question waits for your agency; ListRecordQuestions has those that "
                     "do");
}

// Whom side `number` of a review is, or nothing.
std::optional<std::string> SideOf(const stored::ReviewRow& review, int number) {
  if (number == 0) return review.person_id();
  if (number < 1 || number > review.candidates_size()) return std::nullopt;
  return review.candidates(number - 1).person_id();
}

// The agency whose record of them it is: the reporter's, else that of the first flag that counts.
std::optional<std::string> AgencyOf(const stored::ReviewRow& review, int number,
                                    const people::Person& person) {
  if (number == 0) return review.agency_id();
  for (const stored::FlagRow& flag : person.flags()) {
    if (flag.status() != v1::FLAG_STATUS_RETRACTED) return flag.agency_id();
  }
  return std::nullopt;
}

template <typename Response>
absl::StatusOr<std::optional<ledger::Attempt<Outcome<Response>>>> Replayed(
    const request::HubContext& context, const ledger::GuardedView& view,
    const base::Principal& asker, const std::string& request_id, const std::string& hash) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<stored::RequestRow> before,
                            context.idempotency->Check(view, asker.agency_id, request_id, hash));
  if (!before.has_value()) return std::nullopt;
  ledger::Attempt<Outcome<Response>> attempt;
  SIGNPOST_ASSIGN_OR_RETURN(
      *attempt.outcome.response.mutable_receipt(),
      ledger::ReceiptAt(view, context.sequencer->options().origin, before->ledger_index()));
  return attempt;
}

}  // namespace

void Stewards::Ask(const base::Principal& asker, v1::AskAboutRecordRequest request,
                   request::Reply<v1::AskAboutRecordResponse> done) {
  using Response = v1::AskAboutRecordResponse;
  using Result = Outcome<Response>;
  const absl::StatusOr<base::ReviewId> id = base::ReviewId::FromText(request.review_id());
  if (!id.ok()) return done(base::InvalidField("review_id", "must be an id that ListReviews gave"));
  if (request.question() == v1::RECORD_QUESTION_UNSPECIFIED ||
      !v1::RecordQuestion_IsValid(request.question())) {
    return done(base::InvalidField("question", "one of the questions of v1.RecordQuestion"));
  }
  const std::string request_id = request.request_id();
  request.clear_request_id();
  const std::string hash =
      context_.idempotency->Hash("AskAboutRecord", asker, request.SerializeAsString());
  const request::HubContext context = context_;
  request::Transact<Result>(
      context_,
      [context, asker, id = *id, request, request_id,
       hash](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        SIGNPOST_ASSIGN_OR_RETURN(auto replayed,
                                  Replayed<Response>(context, view, asker, request_id, hash));
        if (replayed.has_value()) return *std::move(replayed);
        const absl::Time now = context.clock->Now();
        ledger::v1::LedgerEntry entry =
            context.entries->New(ledger::v1::ENTRY_KIND_RECORD_QUESTION_PUT, asker, request_id);
        entry.mutable_record_question_put()->set_review_ref(id.ToBytes());
        if (!HasRole(asker)) return Refuse<Response>(NotASteward(), std::move(entry));
        SIGNPOST_ASSIGN_OR_RETURN(std::optional<ReviewItem> item, matching::FindReview(view, id));
        if (!item.has_value() || !MayDecide(asker, item->row, now)) {
          return Refuse<Response>(NoReview(), std::move(entry));
        }
        const std::optional<std::string> side = SideOf(item->row, request.number());
        if (!side.has_value()) {
          return Refuse<Response>(
              base::InvalidField("number", "0 for the reported record, or a candidate's number"),
              std::move(entry));
        }
        for (const stored::AskedRow& asked : item->row.asked()) {
          if (asked.number() == request.number() && asked.question() == request.question()) {
            return Refuse<Response>(
                base::Error(Reason::kAlreadyExists,
                            "that was asked; ListReviews has the answer when there is one"),
                std::move(entry));
          }
        }
        if (item->row.asked_size() >= kQuestionsPerReviewMax) {
          return Refuse<Response>(
              base::InvalidField("question", "no more questions fit this review; decide it"),
              std::move(entry));
        }
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  context.people->ReadIfThere(view, *side));
        const std::optional<std::string> agency =
            person.has_value() ? AgencyOf(item->row, request.number(), *person) : std::nullopt;
        if (!agency.has_value()) {
          return Refuse<Response>(
              base::InvalidField("number", "nobody has a record of them any more"),
              std::move(entry));
        }
        ledger::Attempt<Result> attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        const base::QuestionId question = base::QuestionId::New(context.random);
        stored::RecordQuestionRow row;
        row.set_known_as(person->KnownAs(*agency).ToBytes());
        row.set_question(request.question());
        row.set_asked_at_s(absl::ToUnixSeconds(now));
        row.set_review_id(id.ToBytes());
        operation.batch.Put(Space::kReviews, matching::QuestionKey(*agency, question),
                            store::EncodeRow(row));
        matching::DeleteReview(*item, &operation.batch);
        stored::AskedRow* asked = item->row.add_asked();
        asked->set_number(request.number());
        asked->set_question(request.question());
        asked->set_question_id(question.ToBytes());
        asked->set_agency_id(*agency);
        matching::PutReview(*item, &operation.batch);
        SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        stored::StoredMessage message;
        message.set_kind(stored::STORED_MESSAGE_KIND_RECORD_QUESTION);
        message.set_person_id(row.known_as());
        message.set_agency_id(*agency);
        message.set_changed_at_s(absl::ToUnixSeconds(now));
        message.set_review_id(question.ToBytes());
        message.set_review_code(request.question());
        const std::vector<std::string> systems =
            context.registry->directory()->MailboxSystems(*agency);
        ledger::AddIndexHook(&operation,
                             [systems, message](uint64_t first_index, store::Batch& batch) {
                               for (const std::string& system : systems) {
                                 exchange::AppendNotice(batch, system, first_index, 1, message);
                               }
                             });
        context.idempotency->Record(&operation, asker.agency_id, request_id, hash, std::string(),
                                    now);
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

void Stewards::ListQuestions(const base::Principal& asker, v1::ListRecordQuestionsRequest request,
                             request::Reply<v1::ListRecordQuestionsResponse> done) {
  using Response = v1::ListRecordQuestionsResponse;
  using Result = Outcome<Response>;
  absl::Status status = request::CheckRequestId(request.request_id());
  if (!status.ok()) return done(std::move(status));
  const absl::StatusOr<int> page_size =
      request::PageSize(request.page_size(), kPageDefault, base::kPageRowsMax);
  if (!page_size.ok()) return done(page_size.status());
  std::string after;
  if (!request.page_token().empty()) {
    const absl::StatusOr<base::QuestionId> last = base::QuestionId::FromText(request.page_token());
    if (!last.ok()) return done(base::InvalidField("page_token", "take it from the page before"));
    after = last->ToBytes();
  }
  const request::HubContext context = context_;
  request::Transact<Result>(
      context_,
      [context, asker, request, after, page_size = *page_size](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        ledger::Attempt<Result> attempt;
        ledger::v1::LedgerEntry entry = context.entries->New(
            ledger::v1::ENTRY_KIND_RECORD_QUESTIONS_LISTED, asker, request.request_id());
        const std::string prefix = matching::QuestionPrefix(asker.agency_id);
        const std::string from = after.empty() ? prefix : prefix + after + '\0';
        // Nothing rests on the list: it is what waited at this view.
        SIGNPOST_ASSIGN_OR_RETURN(
            const std::vector<store::KeyValue> rows,
            view.unguarded().Scan(Space::kReviews, from, store::PrefixEnd(prefix), page_size));
        Response& response = attempt.outcome.response;
        for (const store::KeyValue& item : rows) {
          SIGNPOST_ASSIGN_OR_RETURN(const base::QuestionId id,
                                    base::QuestionId::FromBytes(item.key.substr(prefix.size())));
          SIGNPOST_ASSIGN_OR_RETURN(const stored::RecordQuestionRow row,
                                    matching::ParseQuestion(item.value));
          SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId known_as,
                                    base::PersonId::FromBytes(row.known_as()));
          v1::WaitingRecordQuestion* told = response.add_questions();
          told->set_question_id(id.ToText());
          SIGNPOST_ASSIGN_OR_RETURN(*told->mutable_agency_person_id(),
                                    context.agency_ids->Encode(asker.agency_id, known_as));
          told->set_question(static_cast<v1::RecordQuestion>(row.question()));
          *told->mutable_asked_at() = request::ToTimestamp(row.asked_at_s());
          if (static_cast<int>(rows.size()) == page_size) response.set_next_page_token(id.ToText());
        }
        entry.mutable_record_questions_listed()->set_questions(
            static_cast<uint32_t>(response.questions_size()));
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        attempt.operation.emplace().entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

void Stewards::Answer(const base::Principal& asker, v1::AnswerRecordQuestionRequest request,
                      request::Reply<v1::AnswerRecordQuestionResponse> done) {
  using Response = v1::AnswerRecordQuestionResponse;
  using Result = Outcome<Response>;
  const absl::StatusOr<base::QuestionId> id = base::QuestionId::FromText(request.question_id());
  if (!id.ok()) {
    return done(base::InvalidField("question_id", "must be an id that ListRecordQuestions gave"));
  }
  if (request.answer() == v1::RECORD_ANSWER_UNSPECIFIED ||
      !v1::RecordAnswer_IsValid(request.answer())) {
    return done(base::InvalidField("answer", "yes, no, or that it is not known"));
  }
  const std::string request_id = request.request_id();
  request.clear_request_id();
  const std::string hash =
      context_.idempotency->Hash("AnswerRecordQuestion", asker, request.SerializeAsString());
  const request::HubContext context = context_;
  request::Transact<Result>(
      context_,
      [context, asker, id = *id, request, request_id,
       hash](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        SIGNPOST_ASSIGN_OR_RETURN(auto replayed,
                                  Replayed<Response>(context, view, asker, request_id, hash));
        if (replayed.has_value()) return *std::move(replayed);
        ledger::v1::LedgerEntry entry = context.entries->New(
            ledger::v1::ENTRY_KIND_RECORD_QUESTION_ANSWERED, asker, request_id);
        const std::string key = matching::QuestionKey(asker.agency_id, id);
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                                  view.Get(Space::kReviews, key));
        if (!bytes.has_value()) return Refuse<Response>(NoQuestion(), std::move(entry));
        SIGNPOST_ASSIGN_OR_RETURN(const stored::RecordQuestionRow row,
                                  matching::ParseQuestion(*bytes));
        SIGNPOST_ASSIGN_OR_RETURN(const base::ReviewId review,
                                  base::ReviewId::FromBytes(row.review_id()));
        SIGNPOST_ASSIGN_OR_RETURN(std::optional<ReviewItem> item,
                                  matching::FindReview(view, review));
        if (!item.has_value()) return Refuse<Response>(NoQuestion(), std::move(entry));
        ledger::Attempt<Result> attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        operation.batch.Delete(Space::kReviews, key);
        matching::DeleteReview(*item, &operation.batch);
        for (stored::AskedRow& asked : *item->row.mutable_asked()) {
          if (asked.question_id() == id.ToBytes()) asked.set_answer(request.answer());
        }
        matching::PutReview(*item, &operation.batch);
        entry.mutable_record_question_answered()->set_review_ref(review.ToBytes());
        SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId known_as,
                                  base::PersonId::FromBytes(row.known_as()));
        const absl::StatusOr<people::Person> person = context.people->Read(view, known_as);
        if (person.ok()) {
          SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
        }
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        context.idempotency->Record(&operation, asker.agency_id, request_id, hash, std::string(),
                                    context.clock->Now());
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

}  // namespace signpost::stewards
