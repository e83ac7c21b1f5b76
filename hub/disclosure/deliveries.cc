// Messages of a mailbox, judged when they leave: what was so when a message was put there may have
// been hidden, shielded or erased since.

#include <utility>
#include <vector>

#include "hub/base/check.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/answers.h"
#include "hub/disclosure/consents_told.h"
#include "hub/disclosure/evaluator.h"
#include "hub/disclosure/opener.h"
#include "hub/disclosure/terms.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/people/scope.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"

namespace signpost::disclosure {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

// A message of `asker`'s mailbox as it goes on the wire, without its payload.
v1::DeliveredMessage MessageOf(const request::HubContext& context, const base::Principal& asker,
                               const exchange::MailboxMessage& item) {
  v1::DeliveredMessage message;
  message.set_message_id(context.mailboxes->MessageId(asker.system_id, item.position));
  *message.mutable_accepted_at() = request::ToTimestamp(item.stored.changed_at_s());
  return message;
}

// Who looked at a flag, for its holder. That a sensitive service asked would tell that it works
// with the young person, and that a distant one did where a shielded person is: then the asker is
// not named.
bool MayNameViewer(const request::BoundPolicy& bound, const registry::Directory& directory,
                   const people::Person& person, const stored::StoredMessage& message) {
  const registry::Agency* agency = directory.FindAgency(message.asked_by_agency_id());
  bool named = agency != nullptr && !person.shielded();
  for (size_t i = 0; named && i < agency->services.size(); ++i) {
    named = !bound.policy->IsSensitiveService(bound.policy->ServiceSymbol(agency->services[i]));
  }
  return named;
}

template <typename Body>
void ComposeLook(const stored::StoredMessage& message, bool named, Body* body) {
  for (const int32_t aspect : message.shown()) body->add_shown(static_cast<v1::Aspect>(aspect));
  if (!named) return;
  v1::FlagViewer* viewer = body->mutable_viewer();
  viewer->set_agency_id(message.asked_by_agency_id());
  viewer->set_practitioner_id(message.asked_by_practitioner_id());
  viewer->set_role(message.asked_by_role());
}

// Chooses the body of `told` and gives the place for the flag in it; nullptr for a kind of message
// that is about no flag. `named`: whoever looked may be named.
v1::FlagReference* ComposeBody(const stored::StoredMessage& message, bool named, v1::Notice* told) {
  switch (message.kind()) {
    case stored::STORED_MESSAGE_KIND_FLAG_OPENED:
      return told->mutable_flag_opened()->mutable_flag();
    case stored::STORED_MESSAGE_KIND_FLAG_CLOSED:
      return told->mutable_flag_closed()->mutable_flag();
    case stored::STORED_MESSAGE_KIND_FLAG_CHANGED:
      return told->mutable_flag_changed()->mutable_flag();
    case stored::STORED_MESSAGE_KIND_OVERRIDE_USED: {
      v1::OverrideUsed* used = told->mutable_override_used();
      ComposeLook(message, named, used);
      used->set_override_number(message.override_number());
      used->set_ground(static_cast<v1::OverrideGround>(message.ground()));
      return used->mutable_flag();
    }
    case stored::STORED_MESSAGE_KIND_FLAG_SHOWN:
      ComposeLook(message, named, told->mutable_flag_shown());
      return told->mutable_flag_shown()->mutable_flag();
    default:
      return nullptr;
  }
}

// A message that may leave once the entry of that place is durable.
struct Ready {
  v1::DeliveredMessage message;
  SealedAnswer payload;
  size_t entry;
};

// What all messages of one delivery are judged by.
struct Judging {
  const request::HubContext& context;
  const base::Principal& asker;
  const request::BoundPolicy& bound;
  const registry::Directory& directory;
  const QuestionTerms asked;
};

// Closes `told` with what every notice has, says in `entry`, number `i`, that it was delivered, and
// puts it behind `ready`.
void HandOver(const Judging& judging, const exchange::MailboxMessage& item, size_t i,
              v1::Notice told, ledger::v1::LedgerEntry* entry, std::vector<Ready>* ready) {
  told.set_salt(judging.context.random->Bytes(kSaltBytes));
  *told.mutable_happened_at() = request::ToTimestamp(item.stored.changed_at_s());
  SealedAnswer payload = Opener::Close(told);
  entry->set_reply_hash(payload.hash());
  entry->set_outcome(ledger::v1::OUTCOME_DELIVERED);
  ready->push_back({MessageOf(judging.context, judging.asker, item), std::move(payload), i});
}

// Composes what is about a young person and about no flag of another's: told to the agency named,
// of somebody whom it works with, while it is still so. Gives whether it is.
absl::StatusOr<bool> ComposeOwnAffair(const Judging& judging, const people::Person& person,
                                      const stored::StoredMessage& notice, v1::Notice* told) {
  const auto& [context, asker, bound, directory, asked] = judging;
  if (notice.agency_id() != asker.agency_id || !request::WorksWith(context, asker, person)) {
    return false;
  }
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::string agency_person_id,
      context.agency_ids->Encode(asker.agency_id, person.KnownAs(asker.agency_id)));
  if (notice.kind() == stored::STORED_MESSAGE_KIND_PERSON_DIED) {
    told->mutable_person_died()->set_agency_person_id(agency_person_id);
    return person.row().death().confirmed_at_s() != 0;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_DEATH_WRONG) {
    told->mutable_death_wrong()->set_agency_person_id(agency_person_id);
    return person.row().death().confirmed_at_s() == 0;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_SHIELD_LIFTED) {
    told->mutable_shield_lifted()->set_agency_person_id(agency_person_id);
    return !person.shielded();
  }
  SIGNPOST_ASSIGN_OR_RETURN(const base::ConsentId id,
                            base::ConsentId::FromBytes(notice.consent_id()));
  const stored::ConsentRow* row = person.FindConsent(id);
  if (row == nullptr) return false;
  if (notice.kind() == stored::STORED_MESSAGE_KIND_REFUSAL_REPLACED) {
    told->mutable_refusal_replaced()->set_agency_person_id(agency_person_id);
    told->mutable_refusal_replaced()->set_consent_id(id.ToText());
    return row->recorded_by_agency_id() == asker.agency_id;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_CONSENT_ENDS) {
    v1::ConsentEnds* const ends = told->mutable_consent_ends();
    ends->set_agency_person_id(agency_person_id);
    ends->set_consent_id(id.ToText());
    ends->set_cause(static_cast<v1::ConsentEndCause>(notice.consent_end_cause()));
    if (notice.ends_at_s() != 0)
      *ends->mutable_ends_at() = request::ToTimestamp(notice.ends_at_s());
    const bool rests_on_it = row->recorded_by_agency_id() == asker.agency_id ||
                             people::AnswerOf(*row, asker.agency_id) == v1::HOLDER_ANSWER_CONFIRMED;
    return rests_on_it && row->withdrawn_at_s() == 0 && row->superseded_by().empty() &&
           person.row().death().confirmed_at_s() == 0;
  }
  told->mutable_consent_to_confirm()->set_agency_person_id(agency_person_id);
  told->mutable_consent_to_confirm()->set_consent_id(id.ToText());
  const absl::Time now = context.clock->Now();
  return people::AnswerOf(*row, asker.agency_id) == v1::HOLDER_ANSWER_UNSPECIFIED &&
         row->withdrawn_at_s() == 0 && row->superseded_by().empty() &&
         MayTell(asker, FlagsKnownTo(context, &bound, asker, asked.purpose, person, now), person,
                 *row);
}

bool IsOwnAffair(stored::StoredMessageKind kind) {
  return kind == stored::STORED_MESSAGE_KIND_CONSENT_TO_CONFIRM ||
         kind == stored::STORED_MESSAGE_KIND_REFUSAL_REPLACED ||
         kind == stored::STORED_MESSAGE_KIND_CONSENT_ENDS ||
         kind == stored::STORED_MESSAGE_KIND_PERSON_DIED ||
         kind == stored::STORED_MESSAGE_KIND_DEATH_WRONG ||
         kind == stored::STORED_MESSAGE_KIND_SHIELD_LIFTED;
}

// Judges one message, whose entry is number `i` of `operation`, and gives that entry: delivered,
// with the message behind `ready`, or withheld.
absl::StatusOr<ledger::v1::LedgerEntry> JudgeMessage(const Judging& judging,
                                                     const store::View& view,
                                                     const exchange::MailboxMessage& item, size_t i,
                                                     ledger::Operation* operation,
                                                     std::vector<Ready>* ready) {
  const auto& [context, asker, bound, directory, asked] = judging;
  const stored::StoredMessage& notice = item.stored;
  ledger::v1::LedgerEntry entry = context.entries->New(ledger::v1::ENTRY_KIND_DELIVERY, asker, "");
  entry.set_purpose(request::ToEntry(asked.purpose));
  request::SetPolicy(bound, &entry);
  entry.mutable_delivery()->set_message_ref(
      context.mailboxes->MessageRef(asker.system_id, item.position));
  entry.set_outcome(ledger::v1::OUTCOME_WITHHELD);
  if (notice.kind() == stored::STORED_MESSAGE_KIND_OVERRIDE_OVERDUE) {
    // About the agency's own practitioner, and about nobody else.
    if (notice.agency_id() == asker.agency_id) {
      v1::Notice told;
      v1::OverrideOverdue* overdue = told.mutable_override_overdue();
      overdue->set_agency_id(notice.agency_id());
      overdue->set_override_number(notice.override_number());
      *overdue->mutable_review_due() = request::ToTimestamp(notice.review_due_s());
      HandOver(judging, item, i, std::move(told), &entry, ready);
    }
    return entry;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_OVERRIDE_REPORTED) {
    if (notice.agency_id() == asker.agency_id) {
      v1::Notice told;
      v1::OverrideReported* used = told.mutable_override_reported();
      used->set_override_number(notice.override_number());
      used->set_practitioner_id(notice.asked_by_practitioner_id());
      used->set_role(notice.asked_by_role());
      used->set_ground(static_cast<v1::OverrideGround>(notice.ground()));
      *used->mutable_review_due() = request::ToTimestamp(notice.review_due_s());
      HandOver(judging, item, i, std::move(told), &entry, ready);
    }
    return entry;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_COVER_CHANGED) {
    // About two of the agency's own practitioners.
    if (notice.agency_id() == asker.agency_id) {
      v1::Notice told;
      v1::CoverChanged* cover = told.mutable_cover_changed();
      cover->set_covering_practitioner_id(notice.covering_practitioner_id());
      cover->set_covered_practitioner_id(notice.covered_practitioner_id());
      if (notice.cover_until_s() != 0) {
        *cover->mutable_until() = request::ToTimestamp(notice.cover_until_s());
      }
      HandOver(judging, item, i, std::move(told), &entry, ready);
    }
    return entry;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_RECORD_ERASED) {
    // About the agency's own record, of somebody who is not there any more.
    if (notice.agency_id() == asker.agency_id) {
      v1::Notice told;
      SIGNPOST_ASSIGN_OR_RETURN(
          *told.mutable_record_erased()->mutable_record_id(),
          base::Open(context.keyring->hub_data_key(),
                     exchange::RecordErasedContext(notice.agency_id()), notice.sealed_record_id()));
      HandOver(judging, item, i, std::move(told), &entry, ready);
    }
    return entry;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_HOLD_REVIEW) {
    // Of the agency's own hold; it names nobody.
    if (notice.agency_id() == asker.agency_id) {
      v1::Notice told;
      *told.mutable_hold_review()->mutable_review_at() = request::ToTimestamp(notice.ends_at_s());
      HandOver(judging, item, i, std::move(told), &entry, ready);
    }
    return entry;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_REGISTRY_CHANGE_WAITS) {
    // For the agency's officer; about colleagues alone.
    if (notice.agency_id() == asker.agency_id) {
      v1::Notice told;
      v1::RegistryChangeWaits* waits = told.mutable_registry_change_waits();
      waits->set_change_id(absl::StrCat(notice.change_number()));
      waits->set_id(notice.changed_record_id());
      *waits->mutable_expires_at() = request::ToTimestamp(notice.change_expires_s());
      HandOver(judging, item, i, std::move(told), &entry, ready);
    }
    return entry;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_POLICY_WAITS) {
    // For the officer of the agency that must approve it, or of its deputy; about nobody.
    v1::Notice told;
    told.mutable_policy_waits()->set_sha256(notice.policy_sha256());
    told.mutable_policy_waits()->set_for_agency_id(notice.agency_id());
    HandOver(judging, item, i, std::move(told), &entry, ready);
    return entry;
  }
  if (notice.kind() == stored::STORED_MESSAGE_KIND_REVIEW_OVERDUE) {
    // For whoever may decide it; it names nobody.
    if (notice.agency_id() == asker.agency_id) {
      v1::Notice told;
      v1::ReviewOverdue* overdue = told.mutable_review_overdue();
      SIGNPOST_ASSIGN_OR_RETURN(const base::ReviewId review,
                                base::ReviewId::FromBytes(notice.review_id()));
      overdue->set_review_id(review.ToText());
      overdue->set_harm(static_cast<v1::ReviewHarm>(notice.review_code()));
      *overdue->mutable_due() = request::ToTimestamp(notice.review_due_s());
      HandOver(judging, item, i, std::move(told), &entry, ready);
    }
    return entry;
  }
  SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(notice.person_id()));
  const absl::StatusOr<people::Person> person = context.people->Read(view, id);
  if (!person.ok() && base::ReasonOf(person.status()) != Reason::kNotFound) {
    return person.status();
  }
  if (person.ok()) {
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Blinding blinding,
                              request::SetPerson(*person, &entry, operation, i));
    if (notice.kind() == stored::STORED_MESSAGE_KIND_RECORD_QUESTION) {
      // About the agency's own record, by its own id.
      if (notice.agency_id() != asker.agency_id) return entry;
      v1::Notice told;
      v1::RecordQuestionPut* put = told.mutable_record_question();
      SIGNPOST_ASSIGN_OR_RETURN(const base::QuestionId question,
                                base::QuestionId::FromBytes(notice.review_id()));
      put->set_question_id(question.ToText());
      SIGNPOST_ASSIGN_OR_RETURN(*put->mutable_agency_person_id(),
                                context.agency_ids->Encode(asker.agency_id, id));
      put->set_question(static_cast<v1::RecordQuestion>(notice.review_code()));
      HandOver(judging, item, i, std::move(told), &entry, ready);
      return entry;
    }
    if (IsOwnAffair(notice.kind())) {
      v1::Notice told;
      SIGNPOST_ASSIGN_OR_RETURN(const bool so, ComposeOwnAffair(judging, *person, notice, &told));
      if (so) HandOver(judging, item, i, std::move(told), &entry, ready);
      return entry;
    }
    SIGNPOST_ASSIGN_OR_RETURN(const base::FlagId flag_id,
                              base::FlagId::FromBytes(notice.flag_id()));
    const stored::FlagRow* flag = person->FindFlag(flag_id);
    DisclosureEvaluator judge(bound, *context.people, directory, asker, asked,
                              context.clock->Now());
    policy::Decision deciding;
    // Who looked at the agency's own flag is told to it whatever else holds: it knows of
    // its flag, and the rule that showed it says that it is told.
    const bool looked_at = notice.kind() == stored::STORED_MESSAGE_KIND_OVERRIDE_USED ||
                           notice.kind() == stored::STORED_MESSAGE_KIND_FLAG_SHOWN;
    const bool may_know =
        flag != nullptr && (looked_at ? flag->agency_id() == asker.agency_id
                                      : judge.MayKnowOf(*person, *flag, &deciding));
    if (may_know) {
      v1::Notice told;
      const bool named = looked_at && MayNameViewer(bound, directory, *person, notice);
      v1::FlagReference* about = ComposeBody(notice, named, &told);
      if (about == nullptr) {
        return base::Error(Reason::kDataLoss,
                           "a message in a mailbox is of no known kind; call the operator");
      }
      SIGNPOST_ASSIGN_OR_RETURN(
          *about->mutable_agency_person_id(),
          context.agency_ids->Encode(asker.agency_id, person->KnownAs(asker.agency_id)));
      about->set_agency_id(flag->agency_id());
      about->set_service(flag->service());
      ledger::v1::Released* released = entry.add_released();
      released->set_flag_ref(blinding.Ref(entry.nonce(), flag->flag_id()));
      released->set_holder_agency_id(flag->agency_id());
      released->add_aspects(ledger::v1::ASPECT_EXISTENCE);
      released->add_aspects(ledger::v1::ASPECT_AGENCY);
      released->add_rules(looked_at ? "tell-holder" : judge.RuleWords(deciding));
      HandOver(judging, item, i, std::move(told), &entry, ready);
    } else if (flag != nullptr) {
      ledger::v1::Withheld* withheld = entry.add_withheld();
      withheld->set_rule(judge.RuleWords(deciding));
      withheld->set_count(1);
    }
  }
  return entry;
}

}  // namespace

void Answers::Deliver(const base::Principal& asker, std::vector<exchange::MailboxMessage> messages,
                      request::Reply<Delivery> done) {
  CHECK(!messages.empty());
  std::vector<exchange::Position> places;
  for (const exchange::MailboxMessage& message : messages) places.push_back(message.position);
  request::Transact<std::vector<Ready>>(
      context_,
      [this, asker, messages = std::move(messages)](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<std::vector<Ready>>> {
        ledger::Attempt<std::vector<Ready>> attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        const std::shared_ptr<const request::BoundPolicy> bound = context_.policy->Get();
        if (bound == nullptr) return NoPolicy();
        request::RestOn(*bound, &operation);
        const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
        const Judging judging{context_, asker, *bound, *directory,
                              KnowingOf(policy::Purpose::kServiceDelivery)};
        for (const exchange::MailboxMessage& item : messages) {
          SIGNPOST_ASSIGN_OR_RETURN(const ledger::v1::LedgerEntry entry,
                                    JudgeMessage(judging, view, item, operation.entries.size(),
                                                 &operation, &attempt.outcome));
          operation.entries.push_back(ledger::ToDraft(entry));
        }
        return attempt;
      },
      [this, places = std::move(places), done = std::move(done)](
          absl::StatusOr<ledger::Committed<std::vector<Ready>>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        Delivery delivery;
        std::vector<bool> delivered(places.size());
        for (Ready& ready : result->outcome) {
          delivered[ready.entry] = true;
          ready.message.set_payload(
              std::move(ready.payload).Release(result->sequenced->permit, ready.entry));
          *ready.message.mutable_receipt() = ledger::ReceiptOf(
              *result->sequenced, context_.sequencer->options().origin, ready.entry);
          delivery.messages.push_back(std::move(ready.message));
        }
        for (size_t i = 0; i < delivered.size(); ++i) {
          if (!delivered[i]) delivery.withheld.push_back(places[i]);
        }
        done(std::move(delivery));
      });
}

}  // namespace signpost::disclosure
