#include "hub/disclosure/override_case.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "hub/base/check.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/exchange/mailbox.h"
#include "hub/ledger/index_hook.h"
#include "hub/request/wire_convert.h"
#include "hub/schedule/due_rows.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/exchange.pb.h"
#include "signpost/v1/exchange.pb.h"
#include "signpost/v1/overrides.pb.h"

namespace signpost::disclosure {

namespace stored = ::signpost::store::v1;
using base::Reason;

std::string OverridesOfAgency(const std::string& agency_id) {
  return store::LengthPrefixed(agency_id);
}

std::string OverrideKey(const std::string& agency_id, uint64_t number) {
  return OverridesOfAgency(agency_id) + store::KeyU64(number);
}

absl::Time EscalationDue(const stored::OverrideRow& row) {
  // Once the time for the review is over, and a day after each time that it was told.
  return row.escalated_at_s() == 0 ? absl::FromUnixSeconds(row.review_due_s()) + absl::Seconds(1)
                                   : absl::FromUnixSeconds(row.escalated_at_s()) + kEscalateEvery;
}

absl::StatusOr<stored::OverrideRow> ParseOverride(const std::string& bytes) {
  return store::DecodeRow<stored::OverrideRow>("an override", bytes);
}

void TellHolders(const registry::Directory& directory, const base::Principal& asker,
                 const people::Person& person, const Evaluation& findings,
                 policy::OverrideGround ground, absl::Time now, std::vector<std::string>* told,
                 ledger::Operation* operation) {
  constexpr uint32_t kTell = policy::Bit(policy::Obligation::kTellHolder);
  struct Addressed {
    std::string system_id;
    uint16_t part;
    bool overridden;
    stored::StoredMessage message;
  };
  std::vector<Addressed> messages;
  std::map<std::string, uint16_t> parts;
  for (const FlagEvaluation& finding : findings.flags) {
    const stored::FlagRow& flag = *finding.flag;
    if (flag.agency_id() == asker.agency_id) continue;
    stored::StoredMessage message;
    bool overridden = false;
    const auto tell = [&](v1::Aspect aspect, const policy::Decision& decision) {
      if (decision.effect != policy::Effect::kShow || (decision.obligations & kTell) == 0) return;
      overridden = overridden || decision.by_override;
      if (std::find(message.shown().begin(), message.shown().end(), aspect) ==
          message.shown().end()) {
        message.add_shown(aspect);
      }
    };
    for (const AspectEvaluation& aspect : finding.aspects) {
      tell(request::ToWire(aspect.aspect), aspect.decision);
    }
    for (const ContentEvaluation& content : finding.content) {
      for (const policy::Decision& decision : content.open_by) tell(v1::ASPECT_CONTENT, decision);
    }
    if (message.shown().empty()) continue;
    message.set_kind(overridden ? stored::STORED_MESSAGE_KIND_OVERRIDE_USED
                                : stored::STORED_MESSAGE_KIND_FLAG_SHOWN);
    message.set_person_id(person.id().ToBytes());
    message.set_flag_id(flag.flag_id());
    message.set_agency_id(flag.agency_id());
    message.set_changed_at_s(absl::ToUnixSeconds(now));
    message.set_asked_by_agency_id(asker.agency_id);
    message.set_asked_by_practitioner_id(asker.practitioner_id);
    message.set_asked_by_role(asker.role);
    if (overridden) message.set_ground(static_cast<int>(ground));
    if (std::find(told->begin(), told->end(), flag.agency_id()) == told->end()) {
      told->push_back(flag.agency_id());
    }
    for (std::string& system : directory.MailboxSystems(flag.agency_id())) {
      const uint16_t part = ++parts[system];
      messages.push_back({std::move(system), part, overridden, message});
    }
  }
  if (messages.empty()) return;
  ledger::AddIndexHook(operation, [messages = std::move(messages)](uint64_t first_index,
                                                                   store::Batch& batch) mutable {
    for (Addressed& addressed : messages) {
      if (addressed.overridden) addressed.message.set_override_number(first_index);
      exchange::AppendNotice(batch, addressed.system_id, first_index, addressed.part,
                             addressed.message);
    }
  });
}

absl::Status OpenCase(const request::HubContext& context, const base::Principal& asker,
                      const people::Person& person, const Evaluation& findings,
                      const OverrideUse& use, ledger::Operation* operation) {
  CHECK(findings.override_used);
  stored::OverrideRow row;
  row.set_agency_id(asker.agency_id);
  row.set_practitioner_id(asker.practitioner_id);
  row.set_role(asker.role);
  row.set_person_id(person.id().ToBytes());
  row.set_ground(static_cast<int>(use.ground));
  row.set_rule(findings.override_rule);
  row.set_purpose(static_cast<int>(use.purpose));
  row.set_used_at_s(absl::ToUnixSeconds(use.used_at));
  if (use.until != absl::InfinitePast()) row.set_until_s(absl::ToUnixSeconds(use.until));
  row.set_review_due_s(absl::ToUnixSeconds(use.review_due));
  row.set_holders_told(use.holders_told);
  std::set<int> aspects;
  for (const FlagEvaluation& finding : findings.flags) {
    bool opened = false;
    for (const AspectEvaluation& aspect : finding.aspects) {
      if (!aspect.decision.by_override) continue;
      opened = true;
      aspects.insert(request::ToWire(aspect.aspect));
    }
    for (const ContentEvaluation& content : finding.content) {
      for (const policy::Decision& decision : content.open_by) {
        if (!decision.by_override) continue;
        opened = true;
        aspects.insert(v1::ASPECT_CONTENT);
      }
    }
    if (opened) row.set_flags_opened(row.flags_opened() + 1);
  }
  for (const int aspect : aspects) row.add_aspects(aspect);
  SIGNPOST_ASSIGN_OR_RETURN(*row.mutable_sealed_reason(),
                            person.SealPrivate(kOverrideReasonLabel, use.reason, context.random));
  // The rule has the agency's officer told: its systems are, which know who that is. No flag of the
  // agency's own is among those that a holder is told of, so this is their one message of the
  // operation.
  stored::StoredMessage report;
  std::vector<std::string> systems;
  if ((findings.obligations & policy::Bit(policy::Obligation::kTellOfficer)) != 0) {
    report.set_kind(stored::STORED_MESSAGE_KIND_OVERRIDE_REPORTED);
    report.set_agency_id(asker.agency_id);
    report.set_changed_at_s(absl::ToUnixSeconds(use.used_at));
    report.set_asked_by_practitioner_id(asker.practitioner_id);
    report.set_asked_by_role(asker.role);
    report.set_ground(static_cast<int>(use.ground));
    report.set_review_due_s(row.review_due_s());
    systems = context.registry->directory()->MailboxSystems(asker.agency_id);
  }
  ledger::AddIndexHook(
      operation, [agency = asker.agency_id, bytes = store::EncodeRow(row), due = EscalationDue(row),
                  report, systems](uint64_t first_index, store::Batch& batch) mutable {
        const std::string key = OverrideKey(agency, first_index);
        batch.Put(store::Space::kOverrides, key, bytes);
        schedule::PutDue(kEscalationJob, due, key, &batch);
        report.set_override_number(first_index);
        for (const std::string& system : systems) {
          exchange::AppendNotice(batch, system, first_index, 1, report);
        }
      });
  return absl::OkStatus();
}

}  // namespace signpost::disclosure
