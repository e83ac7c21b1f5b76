#include "hub/overrides/overrides.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/opener.h"
#include "hub/disclosure/outcome.h"
#include "hub/disclosure/override_case.h"
#include "hub/exchange/mailbox.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/index_hook.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/request/paging.h"
#include "hub/request/resolve.h"
#include "hub/request/surroundings.h"
#include "hub/request/wire_convert.h"
#include "hub/schedule/due_rows.h"
#include "hub/store/row_codec.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"
#include "signpost/store/v1/exchange.pb.h"
#include "signpost/store/v1/override.pb.h"
#include "signpost/v1/exchange.pb.h"

namespace signpost::overrides {

namespace stored = ::signpost::store::v1;
using base::Reason;
using disclosure::Outcome;
using disclosure::Refuse;

// Lets this file read sealed values; see composer_key.h. What is read goes into an OverrideList.
struct CaseComposer {
  static disclosure::ComposerKey Key() { return disclosure::ComposerKey(); }
};

namespace {

constexpr size_t kSaltBytes = 32;
constexpr size_t kReasonBytesMin = 10;
constexpr int kPageDefault = 50;
constexpr int kScanRows = 1000;
constexpr char kReviewLabel[] = "override-review";

uint64_t NumberOf(const std::string& key) { return store::U64FromKey(key.substr(key.size() - 8)); }

bool Waits(const stored::OverrideRow& row) {
  return row.outcome() == v1::OVERRIDE_OUTCOME_UNSPECIFIED;
}

bool IsOverdue(const stored::OverrideRow& row, int64_t now_s) {
  return Waits(row) && now_s > row.review_due_s();
}

bool IsManager(const base::Principal& asker) {
  return asker.has_practitioner() && asker.role == kReviewerRole;
}

absl::Status NotAManager() {
  return base::Error(Reason::kMethodNotAllowed,
                     absl::StrCat("this is for practitioners in role ", kReviewerRole,
                                  "; sign in in that role, or ask one of yours"));
}

// Calls `visit` with each row from `from` on below `to`, in the order of keys, until it returns
// false.
template <typename Visit>
absl::Status VisitRows(const store::View& view, std::string from, const std::string& to,
                       Visit visit) {
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                              view.Scan(store::Space::kOverrides, from, to, kScanRows));
    for (const store::KeyValue& item : rows) {
      SIGNPOST_ASSIGN_OR_RETURN(const stored::OverrideRow row,
                                disclosure::ParseOverride(item.value));
      SIGNPOST_ASSIGN_OR_RETURN(const bool go_on, visit(item.key, row));
      if (!go_on) return absl::OkStatus();
    }
    if (static_cast<int>(rows.size()) < kScanRows) return absl::OkStatus();
    from = rows.back().key + '\0';
  }
}

// A text sealed for the person of a case; empty when they have been erased.
absl::StatusOr<std::string> OpenText(const request::HubContext& context, const store::View& view,
                                     const stored::OverrideRow& row, const char* label,
                                     const std::string& sealed) {
  if (sealed.empty()) return std::string();
  SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(row.person_id()));
  const auto text = context.people->OpenPrivateOf(view, id, label, sealed);
  if (!text.ok()) {
    if (base::ReasonOf(text.status()) == Reason::kNotFound) return std::string();
    return text.status();
  }
  return disclosure::Opener::Peek(CaseComposer::Key(), *text).Open();
}

// The person of a case as they stand now; nullopt when they have been erased.
absl::StatusOr<std::optional<people::Person>> PersonOf(const request::HubContext& context,
                                                       const store::View& view,
                                                       const stored::OverrideRow& row) {
  SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(row.person_id()));
  absl::StatusOr<people::Person> person = context.people->Read(view, id);
  if (person.ok()) return *std::move(person);
  if (base::ReasonOf(person.status()) == Reason::kNotFound) return std::nullopt;
  return person.status();
}

}  // namespace

void Overrides::List(const base::Principal& asker, v1::ListOverridesRequest request,
                     request::Reply<v1::ListOverridesResponse> done) {
  using Result = Outcome<v1::ListOverridesResponse>;
  absl::Status status = request::CheckRequestId(request.request_id());
  if (!status.ok()) return done(std::move(status));
  const absl::StatusOr<int> page_size =
      request::PageSize(request.page_size(), kPageDefault, base::kPageRowsMax);
  if (!page_size.ok()) return done(page_size.status());
  uint64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return done(base::InvalidField("page_token", "take it from the page before"));
  }
  const request::HubContext context = context_;
  request::Transact<Result>(
      context_,
      [context, reader = asker, request, after, page_size = *page_size](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        ledger::v1::LedgerEntry entry = context.entries->New(ledger::v1::ENTRY_KIND_OVERRIDES_READ,
                                                             reader, request.request_id());
        if (!IsManager(reader)) {
          return Refuse<v1::ListOverridesResponse>(NotAManager(), std::move(entry));
        }
        const absl::Time now = context.clock->Now();
        const int64_t now_s = absl::ToUnixSeconds(now);
        v1::OverrideList list;
        list.set_salt(context.random->Bytes(kSaltBytes));
        *list.mutable_answered_at() = request::ToTimestamp(now_s);
        std::set<base::PersonId> looked_at;
        const std::string prefix = disclosure::OverridesOfAgency(reader.agency_id);
        std::string from = prefix;
        if (!request.page_token().empty())
          from = disclosure::OverrideKey(reader.agency_id, after) + '\0';
        // Nothing rests on the list: it is what was there at this view.
        SIGNPOST_RETURN_IF_ERROR(VisitRows(
            view.unguarded(), from, store::PrefixEnd(prefix),
            [&](const std::string& key, const stored::OverrideRow& row) -> absl::StatusOr<bool> {
              if (request.waiting_only() && !Waits(row)) return true;
              if (list.overrides_size() == page_size) {
                list.set_next_page_token(absl::StrCat(list.overrides(page_size - 1).number()));
                return false;
              }
              v1::OverrideCase* told = list.add_overrides();
              told->set_number(NumberOf(key));
              told->set_practitioner_id(row.practitioner_id());
              told->set_role(row.role());
              told->set_ground(static_cast<v1::OverrideGround>(row.ground()));
              told->set_purpose(static_cast<v1::Purpose>(row.purpose()));
              told->set_rule(row.rule());
              *told->mutable_used_at() = request::ToTimestamp(row.used_at_s());
              if (row.until_s() != 0) *told->mutable_until() = request::ToTimestamp(row.until_s());
              *told->mutable_review_due() = request::ToTimestamp(row.review_due_s());
              told->set_overdue(IsOverdue(row, now_s));
              told->set_flags_opened(row.flags_opened());
              for (const int32_t aspect : row.aspects()) {
                told->add_aspects(static_cast<v1::Aspect>(aspect));
              }
              told->set_holders_told(row.holders_told());
              told->set_outcome(static_cast<v1::OverrideOutcome>(row.outcome()));
              told->set_escalations(row.escalations());
              told->set_yours_to_review(Waits(row) &&
                                        row.practitioner_id() != reader.practitioner_id);
              if (!Waits(row)) {
                told->set_reviewed_by(row.reviewed_by());
                *told->mutable_reviewed_at() = request::ToTimestamp(row.reviewed_at_s());
              }
              SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                        PersonOf(context, view, row));
              if (person.has_value()) {
                looked_at.insert(person->id());
                SIGNPOST_ASSIGN_OR_RETURN(*told->mutable_agency_person_id(),
                                          context.agency_ids->Encode(
                                              reader.agency_id, person->KnownAs(reader.agency_id)));
                SIGNPOST_ASSIGN_OR_RETURN(
                    *told->mutable_reason(),
                    OpenText(context, view, row, disclosure::kOverrideReasonLabel,
                             row.sealed_reason()));
                SIGNPOST_ASSIGN_OR_RETURN(
                    *told->mutable_review_reason(),
                    OpenText(context, view, row, kReviewLabel, row.sealed_review()));
              }
              return true;
            }));
        ledger::Attempt<Result> attempt;
        attempt.outcome.answer = disclosure::Opener::Close(list);
        entry.mutable_overrides_read()->set_overrides(static_cast<uint32_t>(list.overrides_size()));
        entry.set_reply_hash(attempt.outcome.answer->hash());
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        ledger::Operation& operation = attempt.operation.emplace();
        operation.entries.push_back(ledger::ToDraft(entry));
        for (const base::PersonId& id : looked_at) ledger::PersonIndex::Add(id, &operation);
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

void Overrides::Review(const base::Principal& asker, v1::ReviewOverrideRequest request,
                       request::Reply<v1::ReviewOverrideResponse> done) {
  using Response = v1::ReviewOverrideResponse;
  using Result = Outcome<Response>;
  std::vector<base::FieldViolation> violations;
  if (request.outcome() == v1::OVERRIDE_OUTCOME_UNSPECIFIED ||
      !v1::OverrideOutcome_IsValid(request.outcome())) {
    violations.push_back({"outcome", "upheld or not-upheld"});
  }
  if (request.reason().size() < kReasonBytesMin ||
      request.reason().size() > base::kReasonBytesMax) {
    violations.push_back({"reason", "say why in words, 10 to 2,000 bytes"});
  }
  if (!violations.empty()) {
    return done(base::Error(Reason::kOverrideInvalid,
                            "a review needs an outcome and a reason in words",
                            std::move(violations)));
  }
  const std::string request_id = request.request_id();
  request.clear_request_id();
  const std::string hash =
      context_.idempotency->Hash("ReviewOverride", asker, request.SerializeAsString());
  const request::HubContext context = context_;
  request::Transact<Result>(
      context_,
      [context, reviewer = asker, review = std::move(request), request_id,
       hash](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        ledger::Attempt<Result> attempt;
        v1::ReviewOverrideResponse& response = attempt.outcome.response;
        SIGNPOST_ASSIGN_OR_RETURN(
            const std::optional<stored::RequestRow> before,
            context.idempotency->Check(view, reviewer.agency_id, request_id, hash));
        const std::string key = disclosure::OverrideKey(reviewer.agency_id, review.number());
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                                  view.Get(store::Space::kOverrides, key));
        if (before.has_value() && bytes.has_value()) {
          SIGNPOST_ASSIGN_OR_RETURN(const stored::OverrideRow row,
                                    disclosure::ParseOverride(*bytes));
          *response.mutable_reviewed_at() = request::ToTimestamp(row.reviewed_at_s());
          response.set_in_time(row.reviewed_at_s() <= row.review_due_s());
          SIGNPOST_ASSIGN_OR_RETURN(
              *response.mutable_receipt(),
              ledger::ReceiptAt(view, context.sequencer->options().origin, before->ledger_index()));
          return attempt;
        }
        ledger::v1::LedgerEntry entry =
            context.entries->New(ledger::v1::ENTRY_KIND_OVERRIDE_REVIEWED, reviewer, request_id);
        entry.mutable_override_reviewed()->set_entry_index(review.number());
        if (!IsManager(reviewer)) return Refuse<Response>(NotAManager(), std::move(entry));
        if (!bytes.has_value()) {
          return Refuse<Response>(
              base::Error(Reason::kNotFound,
                          "no override of your agency has this number; ListOverrides "
                          "has those that there are"),
              std::move(entry));
        }
        SIGNPOST_ASSIGN_OR_RETURN(stored::OverrideRow row, disclosure::ParseOverride(*bytes));
        if (row.practitioner_id() == reviewer.practitioner_id) {
          return Refuse<Response>(
              base::Error(Reason::kOverrideInvalid,
                          "you used this override yourself, so somebody else reviews "
                          "it: ask another manager of your agency"),
              std::move(entry));
        }
        if (!Waits(row)) {
          return Refuse<Response>(
              base::Error(Reason::kAlreadyExists,
                          "this override has been reviewed, and a review stands; look "
                          "at the list"),
              std::move(entry));
        }
        ledger::Operation& operation = attempt.operation.emplace();
        const absl::Time now = context.clock->Now();
        const absl::Time escalation_due = disclosure::EscalationDue(row);
        row.set_outcome(review.outcome());
        row.set_reviewed_by(reviewer.practitioner_id);
        row.set_reviewed_as(reviewer.role);
        row.set_reviewed_at_s(absl::ToUnixSeconds(now));
        SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id,
                                  base::PersonId::FromBytes(row.person_id()));
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  PersonOf(context, view, row));
        if (person.has_value()) {
          SIGNPOST_ASSIGN_OR_RETURN(
              *row.mutable_sealed_review(),
              context.people->SealPrivateOf(view, id, kReviewLabel, review.reason()));
          SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
        }
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(
            context, person.has_value() ? &*person : nullptr, review.reason(), &entry));
        operation.batch.Put(store::Space::kOverrides, key, store::EncodeRow(row));
        schedule::DeleteDue(disclosure::kEscalationJob, escalation_due, key, &operation.batch);
        entry.set_outcome(review.outcome() == v1::OVERRIDE_OUTCOME_UPHELD
                              ? ledger::v1::OUTCOME_UPHELD
                              : ledger::v1::OUTCOME_NOT_UPHELD);
        operation.entries.push_back(ledger::ToDraft(entry));
        context.idempotency->Record(&operation, reviewer.agency_id, request_id, hash, std::string(),
                                    now);
        *response.mutable_reviewed_at() = request::ToTimestamp(row.reviewed_at_s());
        response.set_in_time(row.reviewed_at_s() <= row.review_due_s());
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

void Overrides::Report(const base::Principal& asker, v1::ReportOverridesRequest request,
                       request::Reply<v1::ReportOverridesResponse> done) {
  using Result = Outcome<v1::ReportOverridesResponse>;
  absl::Status status = request::CheckRequestId(request.request_id());
  if (!status.ok()) return done(std::move(status));
  if (request.has_from() && request.has_until() &&
      request.until().seconds() <= request.from().seconds()) {
    return done(base::InvalidField("until", "after from"));
  }
  const request::HubContext context = context_;
  request::Transact<Result>(
      context_,
      [context, reader = asker,
       request](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        ledger::v1::LedgerEntry entry = context.entries->New(ledger::v1::ENTRY_KIND_OVERRIDES_READ,
                                                             reader, request.request_id());
        const bool auditor = reader.kind == base::CallerKind::kAuditor;
        if (!auditor && !IsManager(reader)) {
          return Refuse<v1::ReportOverridesResponse>(NotAManager(), std::move(entry));
        }
        const int64_t now_s = absl::ToUnixSeconds(context.clock->Now());
        struct Group {
          v1::OverrideReportRow row;
          std::vector<int64_t> took_s;
        };
        std::map<std::tuple<std::string, int32_t, std::string>, Group> groups;
        const std::string prefix =
            auditor ? std::string() : disclosure::OverridesOfAgency(reader.agency_id);
        // Nothing rests on the counts: they are of what was there at this view.
        SIGNPOST_RETURN_IF_ERROR(VisitRows(
            view.unguarded(), prefix, auditor ? std::string() : store::PrefixEnd(prefix),
            [&](const std::string&, const stored::OverrideRow& row) -> absl::StatusOr<bool> {
              if (request.has_from() && row.used_at_s() < request.from().seconds()) return true;
              if (request.has_until() && row.used_at_s() >= request.until().seconds()) return true;
              // An auditor alone sees no agency of a sensitive service (hub/audit/mask.h).
              const bool masked = auditor && request::IsSensitiveAgency(context, row.agency_id());
              const std::string agency = masked ? tlog::kMaskedWord : row.agency_id();
              const std::string role = masked ? tlog::kMaskedWord : row.role();
              Group& group = groups[{agency, row.ground(), role}];
              v1::OverrideReportRow& counts = group.row;
              counts.set_agency_id(agency);
              counts.set_ground(static_cast<v1::OverrideGround>(row.ground()));
              counts.set_role(role);
              counts.set_used(counts.used() + 1);
              if (Waits(row)) {
                if (IsOverdue(row, now_s)) {
                  counts.set_overdue(counts.overdue() + 1);
                } else {
                  counts.set_waiting(counts.waiting() + 1);
                }
                return true;
              }
              if (row.outcome() == v1::OVERRIDE_OUTCOME_UPHELD) {
                counts.set_upheld(counts.upheld() + 1);
              } else {
                counts.set_not_upheld(counts.not_upheld() + 1);
              }
              if (row.reviewed_at_s() > row.review_due_s()) {
                counts.set_reviewed_late(counts.reviewed_late() + 1);
              }
              group.took_s.push_back(row.reviewed_at_s() - row.used_at_s());
              return true;
            }));
        v1::OverrideReport report;
        report.set_salt(context.random->Bytes(kSaltBytes));
        *report.mutable_made_at() = request::ToTimestamp(now_s);
        for (auto& [key, group] : groups) {
          if (!group.took_s.empty()) {
            const auto middle =
                group.took_s.begin() + static_cast<std::ptrdiff_t>(group.took_s.size() / 2);
            std::nth_element(group.took_s.begin(), middle, group.took_s.end());
            group.row.set_median_review_s(*middle);
          }
          *report.add_rows() = std::move(group.row);
        }
        ledger::Attempt<Result> attempt;
        attempt.outcome.answer = disclosure::Opener::Close(report);
        entry.mutable_overrides_read()->set_report(true);
        entry.set_reply_hash(attempt.outcome.answer->hash());
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        ledger::Operation& operation = attempt.operation.emplace();
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

absl::StatusOr<int> Overrides::EscalateOverdue() {
  const absl::Time now = context_.clock->Now();
  const int64_t now_s = absl::ToUnixSeconds(now);
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  int told = 0;
  // One row that does not read must not keep the others from being told.
  absl::Status damage;
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<schedule::DueRow> due,
                            schedule::ReadDue(*view, disclosure::kEscalationJob, now, kScanRows));
  for (const auto& [due_at, key] : due) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                              view->Get(store::Space::kOverrides, key));
    if (!bytes.has_value()) {
      damage.Update(base::Error(Reason::kDataLoss,
                                "an override whose review is due is not there; restore a backup"));
      continue;
    }
    absl::StatusOr<stored::OverrideRow> parsed = disclosure::ParseOverride(*bytes);
    if (!parsed.ok()) {
      damage.Update(parsed.status());
      continue;
    }
    stored::OverrideRow& row = *parsed;
    row.set_escalated_at_s(now_s);
    row.set_escalations(row.escalations() + 1);
    ledger::Operation operation;
    operation.reads.AddRow(store::Space::kOverrides, key, view->revision());
    operation.batch.Put(store::Space::kOverrides, key, store::EncodeRow(row));
    schedule::DeleteDue(disclosure::kEscalationJob, due_at, key, &operation.batch);
    schedule::PutDue(disclosure::kEscalationJob, disclosure::EscalationDue(row), key,
                     &operation.batch);
    ledger::v1::LedgerEntry entry = context_.entries->New(ledger::v1::ENTRY_KIND_OVERRIDE_ESCALATED,
                                                          base::Principal(), std::string());
    entry.mutable_override_escalated()->set_entry_index(NumberOf(key));
    entry.set_outcome(ledger::v1::OUTCOME_OVERDUE);
    operation.entries.push_back(ledger::ToDraft(entry));
    stored::StoredMessage message;
    message.set_kind(stored::STORED_MESSAGE_KIND_OVERRIDE_OVERDUE);
    message.set_agency_id(row.agency_id());
    message.set_changed_at_s(now_s);
    message.set_override_number(NumberOf(key));
    message.set_review_due_s(row.review_due_s());
    const std::vector<std::string> systems =
        context_.registry->directory()->MailboxSystems(row.agency_id());
    ledger::AddIndexHook(&operation, [systems, message](uint64_t first_index, store::Batch& batch) {
      for (const std::string& system : systems) {
        exchange::AppendNotice(batch, system, first_index, 1, message);
      }
    });
    const absl::StatusOr<ledger::Sequenced> sequenced =
        context_.sequencer->SubmitAndWait(std::move(operation));
    // Most likely somebody reviewed it meanwhile. If not, it is still due, and comes again.
    if (!sequenced.ok() && base::ReasonOf(sequenced.status()) == Reason::kAborted) continue;
    if (!sequenced.ok()) return sequenced.status();
    ++told;
  }
  if (!damage.ok()) return damage;
  return told;
}

void Overrides::RunOn(schedule::Schedule* schedule) {
  schedule->Add(disclosure::kEscalationJob, absl::InfinitePast(),
                [this](absl::Time now) -> absl::StatusOr<absl::Time> {
                  // What fails is tried again: the rows are as they were.
                  SIGNPOST_RETURN_IF_ERROR(EscalateOverdue().status());
                  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view,
                                            context_.store->NewView());
                  SIGNPOST_ASSIGN_OR_RETURN(const absl::Time next,
                                            schedule::NextDue(*view, disclosure::kEscalationJob));
                  return std::min(next, now + kLookForOverdueEvery);
                });
}

absl::StatusOr<bool> IsReviewed(const store::View& view, const std::string& agency_id,
                                uint64_t number) {
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::optional<std::string> bytes,
      view.Get(store::Space::kOverrides, disclosure::OverrideKey(agency_id, number)));
  if (!bytes.has_value()) return false;
  SIGNPOST_ASSIGN_OR_RETURN(const stored::OverrideRow row, disclosure::ParseOverride(*bytes));
  return !Waits(row);
}

}  // namespace signpost::overrides
