#include "hub/oversight/joint_looks.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/audit/filter.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/registry/registry.h"
#include "hub/request/idempotency.h"
#include "hub/request/paging.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"
#include "hub/store/row_codec.h"
#include "hub/tlog/merkle.h"

namespace signpost::oversight {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

constexpr char kPrefix[] = "joint-look/";
constexpr char kReasonContext[] = "joint-look-reason";
constexpr size_t kIdBytes = 16;
constexpr int kPageDefault = 50;
constexpr int kPageMax = 200;

std::string KeyOf(const std::string& id) { return absl::StrCat(kPrefix, id); }

absl::Status NoSuchLook() {
  return base::InvalidField("joint_look_id", "there is no such joint look; ListJointLooks has all");
}

absl::StatusOr<OpenLook> ReadLook(const store::View& view, const std::string& joint_look_id) {
  const absl::StatusOr<std::string> id = base::Base64UrlDecode(joint_look_id);
  if (!id.ok() || id->size() != kIdBytes) return NoSuchLook();
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                            view.Get(store::Space::kRegistry, KeyOf(*id)));
  if (!bytes.has_value()) return NoSuchLook();
  SIGNPOST_ASSIGN_OR_RETURN(stored::JointLookRow row,
                            store::DecodeRow<stored::JointLookRow>("a joint look", *bytes));
  return OpenLook{*id, std::move(row)};
}

absl::StatusOr<std::vector<OpenLook>> AllLooks(const store::View& view) {
  std::vector<OpenLook> all;
  std::string from = kPrefix;
  const std::string to = store::PrefixEnd(from);
  for (;;) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                              view.Scan(store::Space::kRegistry, from, to, base::kPageRowsMax));
    for (const store::KeyValue& read : rows) {
      SIGNPOST_ASSIGN_OR_RETURN(stored::JointLookRow row,
                                store::DecodeRow<stored::JointLookRow>("a joint look", read.value));
      all.push_back({read.key.substr(sizeof(kPrefix) - 1), std::move(row)});
    }
    if (static_cast<int>(rows.size()) < base::kPageRowsMax) return all;
    from = rows.back().key + '\0';
  }
}

v1::JointLookState StateOf(const stored::JointLookRow& row, absl::Time now) {
  if (row.ended_at_s() != 0 || absl::FromUnixSeconds(row.until_s()) <= now) {
    return v1::JOINT_LOOK_STATE_ENDED;
  }
  return row.agreed_at_s() == 0 ? v1::JOINT_LOOK_STATE_ASKED : v1::JOINT_LOOK_STATE_OPEN;
}

bool Asked(const stored::JointLookRow& row, const base::Principal& asker) {
  return row.asked_by_agency_id() == asker.agency_id &&
         row.asked_by_practitioner_id() == asker.practitioner_id;
}

bool Agreed(const stored::JointLookRow& row, const base::Principal& asker) {
  return row.agreed_at_s() != 0 && row.agreed_by_agency_id() == asker.agency_id &&
         row.agreed_by_practitioner_id() == asker.practitioner_id;
}

void SetLooker(const std::string& agency_id, const std::string& practitioner_id, int64_t at_s,
               v1::JointLooker* looker) {
  looker->set_agency_id(agency_id);
  looker->set_practitioner_id(practitioner_id);
  *looker->mutable_at() = request::ToTimestamp(at_s);
}

bool ReasonIsRight(const std::string& reason) {
  return !reason.empty() && reason.size() <= base::kReasonBytesMax;
}

absl::Status ReasonWanted() {
  return base::InvalidField("reason", "say why, in at most 2,000 bytes");
}

template <typename Response>
struct Outcome {
  Response response;                   // without its receipt
  std::optional<v1::Receipt> receipt;  // of the first time, when it was sent twice
  absl::Status refusal;                // recorded, and told with the receipt
};

// One step, once for one request id. `step(view, entry, operation, response)` changes the row; a
// kMethodNotAllowed of its is entered, its other errors end it without an entry. `tell(look)` gives
// a joint look as it is told.
template <typename Response, typename Request, typename Tell, typename Step>
void Act(const request::HubContext& context, const char* method, ledger::v1::EntryKind kind,
         const base::Principal& asker, Request request, Tell tell, Step step,
         request::Reply<Response> done) {
  std::string request_id = request.request_id();
  request.clear_request_id();
  std::string hash = context.idempotency->Hash(method, asker, request.SerializeAsString());
  request::Transact<Outcome<Response>>(
      context,
      [context, kind, asker, tell, step = std::move(step), request_id = std::move(request_id),
       hash = std::move(hash)](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Outcome<Response>>> {
        ledger::Attempt<Outcome<Response>> attempt;
        Outcome<Response>& outcome = attempt.outcome;
        SIGNPOST_ASSIGN_OR_RETURN(
            const std::optional<stored::RequestRow> before,
            context.idempotency->Check(view, asker.agency_id, request_id, hash));
        if (before.has_value()) {
          // As it stands now: its reason is in the clear nowhere on the disk.
          SIGNPOST_ASSIGN_OR_RETURN(const OpenLook look, ReadLook(view, before->result()));
          SIGNPOST_ASSIGN_OR_RETURN(*outcome.response.mutable_joint_look(), tell(look));
          SIGNPOST_ASSIGN_OR_RETURN(
              outcome.receipt,
              ledger::ReceiptAt(view, context.sequencer->options().origin, before->ledger_index()));
          return attempt;
        }
        ledger::v1::LedgerEntry entry = context.entries->New(kind, asker, request_id);
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        ledger::Operation operation;
        outcome.refusal = step(view, &entry, &operation, &outcome.response);
        if (!outcome.refusal.ok()) {
          if (base::ReasonOf(outcome.refusal) != Reason::kMethodNotAllowed) return outcome.refusal;
          ledger::SetRefused(Reason::kMethodNotAllowed, &entry);
          operation.batch = store::Batch();
        } else {
          entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
          context.idempotency->Record(&operation, asker.agency_id, request_id, hash,
                                      outcome.response.joint_look().joint_look_id(),
                                      context.clock->Now());
        }
        operation.entries.push_back(ledger::ToDraft(entry));
        attempt.operation = std::move(operation);
        return attempt;
      },
      [context, done = std::move(done)](
          absl::StatusOr<ledger::Committed<Outcome<Response>>> committed) mutable {
        if (!committed.ok()) return done(std::move(committed).status());
        Outcome<Response>& outcome = committed->outcome;
        v1::Receipt receipt =
            outcome.receipt.has_value()
                ? *std::move(outcome.receipt)
                : ledger::ReceiptOf(*committed->sequenced, context.sequencer->options().origin);
        if (!outcome.refusal.ok()) {
          return done(request::WithReceipt(std::move(outcome.refusal), receipt));
        }
        *outcome.response.mutable_receipt() = std::move(receipt);
        done(std::move(outcome.response));
      });
}

void PutRow(const OpenLook& look, ledger::Operation* operation) {
  operation->batch.Put(store::Space::kRegistry, KeyOf(look.id), store::EncodeRow(look.row));
}

}  // namespace

absl::StatusOr<v1::JointLook> JointLooks::ToWire(const std::string& id,
                                                 const stored::JointLookRow& row,
                                                 const std::string& of_agency) const {
  v1::JointLook look;
  look.set_joint_look_id(base::Base64UrlEncode(id));
  look.set_state(StateOf(row, context_.clock->Now()));
  const bool parsed = row.has_unmask()
                          ? look.mutable_unmask()->ParseFromString(row.unmask())
                          : look.mutable_pseudonyms()->ParseFromString(row.pseudonyms());
  if (!parsed) return base::Error(Reason::kDataLoss, "what a joint look opens does not parse");
  SIGNPOST_ASSIGN_OR_RETURN(
      *look.mutable_reason(),
      base::Open(context_.keyring->hub_data_key(), kReasonContext + id, row.sealed_reason()));
  look.set_hours(row.hours());
  SetLooker(row.asked_by_agency_id(), row.asked_by_practitioner_id(), row.asked_at_s(),
            look.mutable_asked_by());
  if (row.agreed_at_s() != 0) {
    SetLooker(row.agreed_by_agency_id(), row.agreed_by_practitioner_id(), row.agreed_at_s(),
              look.mutable_agreed_by());
  }
  *look.mutable_until() = request::ToTimestamp(row.until_s());
  if (row.ended_at_s() != 0) {
    SetLooker(row.ended_by_agency_id(), row.ended_by_practitioner_id(), row.ended_at_s(),
              look.mutable_ended_by());
  }
  look.set_looks(row.looks());
  if (of_agency.empty()) return look;
  look.clear_looks();
  for (const stored::AgencyShown& shown : row.shown()) {
    if (shown.agency_id() == of_agency) look.set_looks(shown.looks());
  }
  return look;
}

absl::Status JointLooks::CheckScope(const ledger::GuardedView& view,
                                    const v1::AskJointLookRequest& request) const {
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, ledger::LedgerReader(&view).Head());
  if (request.has_pseudonyms()) {
    const v1::PseudonymScope& scope = request.pseudonyms();
    if (scope.first_index() > head.size ||
        (scope.has_end_index() &&
         (scope.end_index() > head.size || scope.end_index() < scope.first_index()))) {
      return base::InvalidField(
          "pseudonyms.end_index",
          absl::StrCat("the ledger has ", head.size, " entries; name some of them"));
    }
    return absl::OkStatus();
  }
  if (!request.has_unmask()) {
    return base::InvalidField("what", "say what is to be opened: masked entries, or pseudonyms");
  }
  const v1::UnmaskScope& scope = request.unmask();
  const bool by_time = scope.has_from() || scope.has_until();
  if (!scope.has_first_index() && !scope.has_end_index() && !scope.has_same_person_as() &&
      scope.holder_agency_id().empty() && !by_time) {
    return base::InvalidField("unmask",
                              "name entries by number, person, holder or time: a joint look is not "
                              "for the whole ledger");
  }
  if (scope.has_first_index() && scope.has_end_index() &&
      scope.first_index() >= scope.end_index()) {
    return base::InvalidField("unmask.end_index", "must be above first_index");
  }
  if (scope.has_same_person_as()) {
    if (scope.same_person_as() >= head.size) {
      return base::InvalidField("unmask.same_person_as", "the ledger has no such entry");
    }
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> about,
                              ledger::PersonIndex(&view).PersonsOf(scope.same_person_as()));
    if (about.size() > 1) {
      return base::InvalidField("unmask.same_person_as",
                                "that entry is a list, about several; name one about one person");
    }
  }
  if (!scope.holder_agency_id().empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const Spectacles spectacles, masker_->At(view.unguarded()));
    if (!spectacles.IsSensitive(scope.holder_agency_id())) {
      return base::InvalidField(
          "unmask.holder_agency_id",
          "names no agency of a sensitive service; of others nothing is masked");
    }
  }
  for (const auto& [field, set, time] :
       {std::tuple("unmask.from", scope.has_from(), scope.from()),
        std::tuple("unmask.until", scope.has_until(), scope.until())}) {
    if (set && !audit::MicrosOf(time).has_value()) {
      return base::InvalidField(field, "is no moment between the years 1 and 9999");
    }
  }
  if (scope.has_from() && scope.has_until() &&
      *audit::MicrosOf(scope.from()) >= *audit::MicrosOf(scope.until())) {
    return base::InvalidField("unmask.until", "must be later than `from`");
  }
  return absl::OkStatus();
}

void JointLooks::Ask(const base::Principal& asker, v1::AskJointLookRequest request,
                     request::Reply<v1::AskJointLookResponse> done) {
  constexpr auto kKind = ledger::v1::ENTRY_KIND_JOINT_LOOK_ASKED;
  if (!AdmitAuditor(context_, asker, kKind, request.request_id(), &done)) return;
  if (!ReasonIsRight(request.reason())) return done(ReasonWanted());
  if (request.hours() < 0 || request.hours() > kJointLookHoursMax) {
    return done(base::InvalidField(
        "hours", absl::StrCat("1 to ", kJointLookHoursMax, ", or 0 for ", kJointLookHoursDefault)));
  }
  Act<v1::AskJointLookResponse>(
      context_, "AskJointLook", kKind, asker, request,
      [this](const OpenLook& look) { return ToWire(look.id, look.row, ""); },
      [this, asker, request](const ledger::GuardedView& view, ledger::v1::LedgerEntry* entry,
                             ledger::Operation* operation,
                             v1::AskJointLookResponse* response) -> absl::Status {
        const absl::Time now = context_.clock->Now();
        SIGNPOST_RETURN_IF_ERROR(CheckScope(view, request));
        SIGNPOST_ASSIGN_OR_RETURN(const std::vector<OpenLook> all, AllLooks(view));
        const auto waiting = std::count_if(all.begin(), all.end(), [now](const OpenLook& one) {
          return StateOf(one.row, now) == v1::JOINT_LOOK_STATE_ASKED;
        });
        if (waiting >= kJointLooksWaitingMax) {
          return base::Error(Reason::kTooManyRequests,
                             "too many joint looks wait; end one, or have one agreed to");
        }
        OpenLook look;
        look.id = context_.random->Bytes(kIdBytes);
        stored::JointLookRow& row = look.row;
        row.set_asked_by_agency_id(asker.agency_id);
        row.set_asked_by_practitioner_id(asker.practitioner_id);
        row.set_asked_at_s(absl::ToUnixSeconds(now));
        row.set_until_s(absl::ToUnixSeconds(now + kJointLookWaits));
        row.set_hours(request.hours() == 0 ? kJointLookHoursDefault : request.hours());
        if (request.has_unmask()) {
          row.set_unmask(request.unmask().SerializeAsString());
        } else {
          row.set_pseudonyms(request.pseudonyms().SerializeAsString());
        }
        SIGNPOST_ASSIGN_OR_RETURN(
            *row.mutable_sealed_reason(),
            base::Seal(context_.keyring->hub_data_key(), kReasonContext + look.id, request.reason(),
                       context_.random));
        PutRow(look, operation);
        entry->set_joint_look_ref(look.id);
        entry->mutable_joint_look_asked()->set_opens(
            request.has_unmask() ? ledger::v1::JOINT_LOOK_OPENS_MASKED_ENTRIES
                                 : ledger::v1::JOINT_LOOK_OPENS_PSEUDONYMS);
        entry->mutable_joint_look_asked()->set_hours(static_cast<uint32_t>(row.hours()));
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(
            context_, nullptr,
            absl::StrCat("reason: ", request.reason(), "\nopens: ",
                         request.has_unmask() ? request.unmask().ShortDebugString()
                                              : request.pseudonyms().ShortDebugString(),
                         "\n"),
            entry));
        SIGNPOST_ASSIGN_OR_RETURN(*response->mutable_joint_look(), ToWire(look.id, row, ""));
        return absl::OkStatus();
      },
      std::move(done));
}

absl::Status JointLooks::CheckStand(const ledger::GuardedView& view, const std::string& agency_id,
                                    const std::string& practitioner_id) const {
  const registry::Agency* const agency = context_.registry->directory()->FindAgency(agency_id);
  const bool audits = agency != nullptr && agency->kind == base::kAuditorAgencyKind;
  const absl::StatusOr<registry::EnrolledPractitioner> enrolled =
      context_.registry->LookupPractitioner(view, agency_id, practitioner_id);
  const Reason why = base::ReasonOf(enrolled.status());
  if (!enrolled.ok() && why != Reason::kPractitionerUnknown && why != Reason::kCallerSuspended) {
    return enrolled.status();
  }
  if (audits && enrolled.ok() && enrolled->HasRole(kAuditorRole)) return absl::OkStatus();
  return base::Error(Reason::kMethodNotAllowed,
                     "one of the two is no auditor any more; end it, and ask anew");
}

absl::Status JointLooks::CheckAgrees(const ledger::GuardedView& view, const base::Principal& asker,
                                     const stored::JointLookRow& row) const {
  if (Asked(row, asker)) {
    return base::Error(Reason::kMethodNotAllowed,
                       "another auditor agrees, not whoever asked; ask a colleague");
  }
  // Suspended ones count: an operator must not make one auditor agency of two by a suspension.
  int audit_agencies = 0;
  const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
  for (const std::shared_ptr<const registry::Agency>& agency : directory->Agencies()) {
    if (agency->kind == base::kAuditorAgencyKind) ++audit_agencies;
  }
  if (audit_agencies > 1 && row.asked_by_agency_id() == asker.agency_id) {
    return base::Error(Reason::kMethodNotAllowed,
                       "this area has auditors of two agencies: one of the other agrees");
  }
  return CheckStand(view, row.asked_by_agency_id(), row.asked_by_practitioner_id());
}

void JointLooks::Agree(const base::Principal& asker, v1::AgreeJointLookRequest request,
                       request::Reply<v1::AgreeJointLookResponse> done) {
  constexpr auto kKind = ledger::v1::ENTRY_KIND_JOINT_LOOK_AGREED;
  if (!AdmitAuditor(context_, asker, kKind, request.request_id(), &done)) return;
  if (!ReasonIsRight(request.reason())) return done(ReasonWanted());
  Act<v1::AgreeJointLookResponse>(
      context_, "AgreeJointLook", kKind, asker, request,
      [this](const OpenLook& look) { return ToWire(look.id, look.row, ""); },
      [this, asker, request](const ledger::GuardedView& view, ledger::v1::LedgerEntry* entry,
                             ledger::Operation* operation,
                             v1::AgreeJointLookResponse* response) -> absl::Status {
        SIGNPOST_ASSIGN_OR_RETURN(OpenLook look, ReadLook(view, request.joint_look_id()));
        const absl::Time now = context_.clock->Now();
        if (StateOf(look.row, now) != v1::JOINT_LOOK_STATE_ASKED) {
          return base::InvalidField("joint_look_id", "it does not wait for anybody any more");
        }
        entry->set_joint_look_ref(look.id);
        SIGNPOST_RETURN_IF_ERROR(CheckAgrees(view, asker, look.row));
        look.row.set_agreed_by_agency_id(asker.agency_id);
        look.row.set_agreed_by_practitioner_id(asker.practitioner_id);
        look.row.set_agreed_at_s(absl::ToUnixSeconds(now));
        look.row.set_until_s(absl::ToUnixSeconds(now + absl::Hours(look.row.hours())));
        PutRow(look, operation);
        entry->mutable_joint_look_agreed()->set_until_s(look.row.until_s());
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(
            context_, nullptr, absl::StrCat("reason: ", request.reason(), "\n"), entry));
        SIGNPOST_ASSIGN_OR_RETURN(*response->mutable_joint_look(), ToWire(look.id, look.row, ""));
        return absl::OkStatus();
      },
      std::move(done));
}

void JointLooks::End(const base::Principal& asker, v1::EndJointLookRequest request,
                     request::Reply<v1::EndJointLookResponse> done) {
  constexpr auto kKind = ledger::v1::ENTRY_KIND_JOINT_LOOK_ENDED;
  if (!AdmitAuditor(context_, asker, kKind, request.request_id(), &done)) return;
  Act<v1::EndJointLookResponse>(
      context_, "EndJointLook", kKind, asker, request,
      [this](const OpenLook& look) { return ToWire(look.id, look.row, ""); },
      [this, asker, request](const ledger::GuardedView& view, ledger::v1::LedgerEntry* entry,
                             ledger::Operation* operation,
                             v1::EndJointLookResponse* response) -> absl::Status {
        SIGNPOST_ASSIGN_OR_RETURN(OpenLook look, ReadLook(view, request.joint_look_id()));
        const absl::Time now = context_.clock->Now();
        if (StateOf(look.row, now) == v1::JOINT_LOOK_STATE_ENDED) {
          return base::InvalidField("joint_look_id", "it has ended");
        }
        entry->set_joint_look_ref(look.id);
        if (!Asked(look.row, asker) && !Agreed(look.row, asker)) {
          return base::Error(Reason::kMethodNotAllowed,
                             "one of the two whose it is ends it; ask them");
        }
        look.row.set_ended_by_agency_id(asker.agency_id);
        look.row.set_ended_by_practitioner_id(asker.practitioner_id);
        look.row.set_ended_at_s(absl::ToUnixSeconds(now));
        PutRow(look, operation);
        SIGNPOST_ASSIGN_OR_RETURN(*response->mutable_joint_look(), ToWire(look.id, look.row, ""));
        return absl::OkStatus();
      },
      std::move(done));
}

void JointLooks::List(const base::Principal& asker, v1::ListJointLooksRequest request,
                      request::Reply<v1::ListJointLooksResponse> done) {
  constexpr auto kKind = ledger::v1::ENTRY_KIND_JOINT_LOOKS_LISTED;
  const bool officer = asker.kind == base::CallerKind::kPractitioner && asker.has_practitioner() &&
                       asker.role == kProtectionOfficerRole;
  if (!officer && !CheckNamedAuditor(asker).ok()) {
    absl::Status why = base::Error(
        Reason::kMethodNotAllowed,
        absl::StrCat("joint looks are listed for auditors, and for practitioners in role ",
                     kProtectionOfficerRole, "; assert one of these"));
    return RefuseAuditor(
        context_, asker, kKind, "", std::move(why),
        [done = std::move(done)](absl::Status refused) mutable { done(std::move(refused)); });
  }
  request::Transact<v1::ListJointLooksResponse>(
      context_,
      [this, asker, officer, request = std::move(request)](const ledger::GuardedView& view)
          -> absl::StatusOr<ledger::Attempt<v1::ListJointLooksResponse>> {
        ledger::Attempt<v1::ListJointLooksResponse> attempt;
        v1::ListJointLooksResponse& response = attempt.outcome;
        const absl::Time now = context_.clock->Now();
        const std::string of_agency = officer ? asker.agency_id : "";
        // Unguarded: what is added meanwhile is on the next list.
        SIGNPOST_ASSIGN_OR_RETURN(const std::vector<OpenLook> all, AllLooks(view.unguarded()));
        std::vector<std::pair<int64_t, v1::JointLook>> listed;
        for (const OpenLook& look : all) {
          SIGNPOST_ASSIGN_OR_RETURN(v1::JointLook wire, ToWire(look.id, look.row, of_agency));
          if (request.standing_only() && StateOf(look.row, now) == v1::JOINT_LOOK_STATE_ENDED) {
            continue;
          }
          if (officer && wire.looks() == 0 && wire.unmask().holder_agency_id() != of_agency) {
            continue;
          }
          listed.emplace_back(look.row.asked_at_s(), std::move(wire));
        }
        std::sort(listed.begin(), listed.end(), [](const auto& a, const auto& b) {
          return a.first != b.first ? a.first > b.first
                                    : a.second.joint_look_id() < b.second.joint_look_id();
        });
        SIGNPOST_ASSIGN_OR_RETURN(
            const request::PageSpan page,
            request::PageOf(listed, request.page_size(), kPageDefault, kPageMax,
                            request.page_token(),
                            [](const auto& one) { return one.second.joint_look_id(); }));
        for (size_t i = page.begin; i < page.end; ++i) {
          *response.add_joint_looks() = std::move(listed[i].second);
        }
        response.set_next_page_token(page.next_page_token);
        ledger::v1::LedgerEntry entry = context_.entries->New(kKind, asker, "");
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        entry.mutable_joint_looks_listed()->set_joint_looks(
            static_cast<uint32_t>(response.joint_looks_size()));
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        attempt.operation.emplace().entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [this, done = std::move(done)](
          absl::StatusOr<ledger::Committed<v1::ListJointLooksResponse>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        *result->outcome.mutable_receipt() =
            ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        done(std::move(result->outcome));
      });
}

absl::StatusOr<OpenLook> JointLooks::Find(const ledger::GuardedView& view,
                                          const base::Principal& asker,
                                          const std::string& joint_look_id,
                                          ledger::v1::JointLookOpens opens) const {
  SIGNPOST_ASSIGN_OR_RETURN(OpenLook look, ReadLook(view, joint_look_id));
  const stored::JointLookRow& row = look.row;
  if (!Asked(row, asker) && !Agreed(row, asker)) {
    return base::Error(Reason::kMethodNotAllowed,
                       "this joint look is that of two other auditors; ask for one yourself");
  }
  if (StateOf(row, context_.clock->Now()) != v1::JOINT_LOOK_STATE_OPEN) {
    return base::Error(Reason::kMethodNotAllowed,
                       row.agreed_at_s() == 0 ? "no other auditor has agreed to this joint look yet"
                                              : "this joint look has ended; ask for another");
  }
  if (row.has_unmask() != (opens == ledger::v1::JOINT_LOOK_OPENS_MASKED_ENTRIES)) {
    return base::Error(Reason::kMethodNotAllowed,
                       row.has_unmask() ? "this joint look opens masked entries, not pseudonyms"
                                        : "this joint look opens pseudonyms, not masked entries");
  }
  SIGNPOST_RETURN_IF_ERROR(
      CheckStand(view, row.asked_by_agency_id(), row.asked_by_practitioner_id()));
  SIGNPOST_RETURN_IF_ERROR(
      CheckStand(view, row.agreed_by_agency_id(), row.agreed_by_practitioner_id()));
  return look;
}

absl::Status JointLooks::Check(const base::Principal& asker, const std::string& joint_look_id,
                               ledger::v1::JointLookOpens opens) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  return Find(ledger::GuardedView(view.get()), asker, joint_look_id, opens).status();
}

void JointLooks::Record(const OpenLook& look, const std::set<std::string>& agencies,
                        ledger::v1::LedgerEntry* entry, ledger::Operation* operation) {
  entry->set_joint_look_ref(look.id);
  OpenLook now = look;
  now.row.set_looks(now.row.looks() + 1);
  for (const std::string& agency : agencies) {
    auto& shown = *now.row.mutable_shown();
    auto found = std::find_if(shown.begin(), shown.end(), [&](const stored::AgencyShown& one) {
      return one.agency_id() == agency;
    });
    stored::AgencyShown* const one = found == shown.end() ? now.row.add_shown() : &*found;
    one->set_agency_id(agency);
    one->set_looks(one->looks() + 1);
  }
  PutRow(now, operation);
}

absl::StatusOr<Sight> Sight::Open(const JointLooks& looks, const ledger::GuardedView& view,
                                  const base::Principal& asker, const std::string& joint_look_id) {
  // Unguarded: which words the area had decides from the next request on.
  const store::View& plain = view.unguarded();
  SIGNPOST_ASSIGN_OR_RETURN(Spectacles spectacles, looks.masker().At(plain));
  Sight sight(&plain, std::move(spectacles));
  if (joint_look_id.empty()) return sight;
  SIGNPOST_ASSIGN_OR_RETURN(sight.look_, looks.Find(view, asker, joint_look_id,
                                                    ledger::v1::JOINT_LOOK_OPENS_MASKED_ENTRIES));
  v1::UnmaskScope& scope = sight.scope_;
  if (!scope.ParseFromString(sight.look_->row.unmask())) {
    return base::Error(Reason::kDataLoss, "what a joint look opens does not parse");
  }
  if (scope.has_from()) sight.from_us_ = audit::MicrosOf(scope.from()).value_or(INT64_MAX);
  if (scope.has_until()) sight.until_us_ = audit::MicrosOf(scope.until()).value_or(INT64_MIN);
  if (!scope.has_same_person_as()) return sight;
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> about,
                            ledger::PersonIndex(&plain).PersonsOf(scope.same_person_as()));
  if (about.size() != 1) return sight;  // nobody, or erased: it covers nothing
  const absl::StatusOr<people::Person> person = looks.context().people->Read(view, about.front());
  if (!person.ok()) {
    if (base::ReasonOf(person.status()) == Reason::kNotFound) return sight;
    return person.status();
  }
  sight.persons_.push_back(person->id());
  for (const std::string& bytes : person->row().merged_from()) {
    SIGNPOST_ASSIGN_OR_RETURN(sight.persons_.emplace_back(), base::PersonId::FromBytes(bytes));
  }
  return sight;
}

absl::StatusOr<bool> Sight::Covers(uint64_t index, const ledger::v1::LedgerEntry& entry) {
  if (!look_.has_value()) return false;
  if (scope_.has_first_index() && index < scope_.first_index()) return false;
  if (scope_.has_end_index() && index >= scope_.end_index()) return false;
  if (entry.sequenced_at_us() < from_us_) return false;
  if (scope_.has_until() && entry.sequenced_at_us() >= until_us_) return false;
  // An entry is shown whole or not at all, so it must name no other.
  if (!scope_.holder_agency_id().empty() &&
      spectacles_.AgenciesNamedIn(entry) != std::set<std::string>{scope_.holder_agency_id()}) {
    return false;
  }
  if (!scope_.has_same_person_as()) return true;
  const ledger::PersonIndex persons(view_);
  for (const base::PersonId& person : persons_) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> found,
                              persons.EntriesOf(person, index, index + 1, 1));
    if (!found.empty()) return true;
  }
  return false;
}

absl::StatusOr<Sight::Seen> Sight::Look(uint64_t index, std::string bytes) {
  Seen seen;
  SIGNPOST_ASSIGN_OR_RETURN(seen.entry, ledger::ParseEntry(bytes));
  seen.leaf_hash = tlog::HashToString(tlog::Hasher().Leaf(bytes));
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<ledger::v1::LedgerEntry> masked,
                            spectacles_.Mask(seen.entry));
  if (masked.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(seen.opened, Covers(index, seen.entry));
    if (seen.opened) {
      seen.agencies = spectacles_.AgenciesNamedIn(seen.entry);
    } else {
      seen.masked = true;
      seen.entry = *std::move(masked);
      bytes = seen.entry.SerializeAsString();
    }
  }
  seen.bytes = std::move(bytes);
  return seen;
}

void Sight::Show(const Seen& seen) {
  opened_ |= seen.opened;
  shown_.insert(seen.agencies.begin(), seen.agencies.end());
}

void Sight::Show(Seen seen, v1::FoundEntry* found) {
  Show(seen);
  found->set_leaf_hash(std::move(seen.leaf_hash));
  (seen.masked ? *found->mutable_masked_entry() : *found->mutable_entry()) = std::move(seen.bytes);
}

void Sight::Record(ledger::v1::LedgerEntry* entry, ledger::Operation* operation) const {
  if (!look_.has_value()) return;
  entry->set_joint_look_ref(look_->id);
  if (opened_) JointLooks::Record(*look_, shown_, entry, operation);
}

}  // namespace signpost::oversight
