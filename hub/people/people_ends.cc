// What ends: closed flags are archived and erased, consents lapse, holds keep all of it, somebody dies.

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/people/birthday.h"
#include "hub/people/clocks.h"
#include "hub/people/draft.h"
#include "hub/people/people.h"
#include "hub/people/sealing.h"
#include "hub/store/row_codec.h"
#include "signpost/v1/consent.pb.h"

namespace signpost::people {

using store::Space;
using store::v1::AliasRow;
using store::v1::ArchivedFlagRow;
using store::v1::ConsentRow;
using store::v1::FlagRow;
using store::v1::HoldRow;
using store::v1::ShieldVoiceRow;

namespace {

// Agencies that must say so before a hold ends, or a death is certain or undone.
constexpr size_t kVoicesMin = 2;

template <typename Rows, typename Where>
void RemoveIf(Rows* rows, Where where) {
  rows->erase(std::remove_if(rows->begin(), rows->end(), where), rows->end());
}

HoldRow* FindHold(store::v1::PersonRow* row, absl::string_view agency_id) {
  for (HoldRow& hold : *row->mutable_holds()) {
    if (hold.agency_id() == agency_id) return &hold;
  }
  return nullptr;
}

store::v1::ClosingRow ClosingOfHolds(const store::v1::PersonRow& row) {
  store::v1::ClosingRow closing;
  *closing.mutable_holds()->mutable_holds() = row.holds();
  return closing;
}

}  // namespace

std::string DeathItem(absl::string_view agency_id, absl::string_view record_hash) {
  return absl::StrCat(agency_id, absl::string_view("\0", 1), record_hash);
}

bool IsCertainDeath(const store::v1::DeathRow& death) {
  std::set<std::string> agencies;
  for (const store::v1::DeathVoiceRow& voice : death.said_by()) {
    if (voice.registered()) return true;
    agencies.insert(voice.agency_id());
  }
  return agencies.size() >= kVoicesMin;
}

bool HasFlagOf(const store::v1::PersonRow& row, const AliasRow& alias) {
  const auto is_of = [&](const auto& flag) {
    return flag.agency_id() == alias.agency_id() && flag.known_as() == alias.known_as();
  };
  return std::any_of(row.flags().begin(), row.flags().end(), is_of) ||
         std::any_of(row.archived().begin(), row.archived().end(), is_of);
}

absl::StatusOr<absl::Time> People::EraseAt(const Draft& draft, const FlagRow& flag, absl::Time end,
                                           absl::Time now) const {
  const KeepingTerms& terms = keeping_.At(now).Of(flag.service());
  std::optional<absl::Time> of_age;
  if (terms.erased_at_age != 0) {
    for (const AliasRow& alias : draft.row.aliases()) {
      SIGNPOST_ASSIGN_OR_RETURN(const std::string plain,
                                draft.Open(kAliasKind, alias.agency_id(), alias.sealed()));
      store::v1::PersonSecret secret;
      if (!secret.ParseFromString(plain)) return BadRow("alias");
      if (secret.birth_date() == 0) continue;
      // By the last birth date that anybody reported: it is kept where that is in doubt.
      const absl::Time birthday = Birthday(secret.birth_date(), terms.erased_at_age);
      of_age = std::max(of_age.value_or(birthday), birthday);
    }
  }
  return ErasedAt(terms, end, DeadSince(draft.row), of_age) + BlurOf(draft.key, flag.flag_id());
}

absl::Status People::Archive(Draft* draft, int index, absl::Time now) const {
  const FlagRow& flag = draft->row.flags(index);
  store::v1::ArchivedFlagSecret secret;
  SIGNPOST_ASSIGN_OR_RETURN(const std::string contact,
                            draft->Open(kContactKind, flag.flag_id(), flag.sealed_contact()));
  if (!secret.mutable_contact()->ParseFromString(contact)) return BadRow("contact");
  *secret.mutable_flag() = flag;
  secret.mutable_flag()->clear_sealed_contact();
  SIGNPOST_RETURN_IF_ERROR(PutArchived(*keyring_, secret, random_, &draft->change));
  ArchivedFlagRow archived;
  archived.set_flag_id(flag.flag_id());
  archived.set_agency_id(flag.agency_id());
  archived.set_record_hash(flag.record_hash());
  archived.set_known_as(flag.known_as());
  archived.set_content_hash(flag.content_hash());
  archived.set_archived_at_s(absl::ToUnixSeconds(now));
  const absl::Time end = EndOf(flag, DeadSince(draft->row)).value_or(now);
  SIGNPOST_ASSIGN_OR_RETURN(const absl::Time erase_at, EraseAt(*draft, flag, end, now));
  archived.set_erase_at_s(absl::ToUnixSeconds(erase_at));
  *draft->row.add_archived() = std::move(archived);
  draft->row.mutable_flags()->DeleteSubrange(index, 1);
  return absl::OkStatus();
}

absl::StatusOr<EndsResult> People::PrepareEnds(const ledger::GuardedView& view,
                                               const base::PersonId& id, absl::Time now,
                                               bool table_counts) const {
  EndsResult result;
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<Person> person, ReadIfThere(view, id.ToBytes()));
  if (!person.has_value() || person->id() != id) return result;
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Begin(*person));
  result.person = draft.id;
  result.blinding.emplace(draft.key);
  const std::optional<absl::Time> dead_since = DeadSince(draft.row);
  const bool moves = table_counts && draft.row.holds().empty();
  const auto at_most = [&] {
    return result.archived.size() + result.erased.size() < kEndsPerCommitMax;
  };

  store::v1::ClosingRow closing;
  for (int i = draft.row.archived_size() - 1; moves && i >= 0 && at_most(); --i) {
    ArchivedFlagRow* const archived = draft.row.mutable_archived(i);
    if (absl::FromUnixSeconds(archived->erase_at_s()) > now) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<LazyArchivedFlag> lazy,
                              LookupArchived(view, *keyring_, archived->flag_id()));
    if (lazy.has_value()) {
      SIGNPOST_ASSIGN_OR_RETURN(const store::v1::ArchivedFlagSecret secret, lazy->Open());
      const absl::Time end = EndOf(secret.flag(), dead_since)
                                 .value_or(absl::FromUnixSeconds(archived->archived_at_s()));
      // By the table and by what is known of them today.
      SIGNPOST_ASSIGN_OR_RETURN(const absl::Time erase_at, EraseAt(draft, secret.flag(), end, now));
      if (erase_at > now) {
        archived->set_erase_at_s(absl::ToUnixSeconds(erase_at));
        continue;
      }
    }
    result.erased.push_back(archived->flag_id());
    closing.add_erased_flag_ids(archived->flag_id());
    RemoveArchived(archived->flag_id(), &draft.change);
    if (!archived->record_hash().empty()) {
      draft.change.Delete(Space::kLocalRecords,
                          LocalRecordKey(archived->agency_id(), archived->record_hash()));
      SIGNPOST_RETURN_IF_ERROR(PutEndedRecord(
          *keyring_, archived->agency_id(), archived->record_hash(), now, random_, &draft.change));
    }
    draft.row.mutable_archived()->DeleteSubrange(i, 1);
  }
  for (int i = draft.row.flags_size() - 1; moves && i >= 0 && at_most(); --i) {
    const FlagRow& flag = draft.row.flags(i);
    const std::optional<absl::Time> end = EndOf(flag, dead_since);
    if (!end.has_value()) continue;
    if (ArchivedAt(keeping_.At(now).Of(flag.service()), *end) > now) continue;
    result.archived.push_back(flag.flag_id());
    SIGNPOST_RETURN_IF_ERROR(Archive(&draft, i, now));
  }
  for (ConsentRow& consent : *draft.row.mutable_consents()) {
    if (dead_since.has_value()) break;
    ConsentEnding ending;
    ending.agencies.push_back(consent.recorded_by_agency_id());
    for (const store::v1::HolderAnswerRow& answer : consent.holder_answers()) {
      if (answer.answer() == signpost::v1::HOLDER_ANSWER_CONFIRMED &&
          answer.agency_id() != consent.recorded_by_agency_id()) {
        ending.agencies.push_back(answer.agency_id());
      }
    }
    SIGNPOST_ASSIGN_OR_RETURN(ending.consent, base::ConsentId::FromBytes(consent.consent_id()));
    if (const auto lapse = LapseToldAt(consent, keeping_); lapse.has_value() && *lapse <= now) {
      consent.set_lapse_told_at_s(absl::ToUnixSeconds(now));
      ending.cause = ConsentEnd::kLapses;
      ending.ends_at = absl::FromUnixSeconds(consent.valid_until_s());
      // Nobody looked while the hub was off: what has ended is no news.
      if (ending.ends_at > now) result.endings.push_back(ending);
    }
    if (const auto age = AgeToldAt(draft.id, draft.row, draft.key, consent);
        age.has_value() && age->at <= now) {
      consent.set_age_told(age->age);
      ending.cause = age->age == kAdultAge ? ConsentEnd::kEighteen : ConsentEnd::kSixteen;
      result.endings.push_back(ending);
    }
  }

  if (!result.erased.empty()) {
    auto* const aliases = draft.row.mutable_aliases();
    for (const AliasRow& alias : *aliases) {
      if (!HasFlagOf(draft.row, alias)) result.dropped_aliases.push_back(alias.hashes());
    }
    RemoveIf(aliases, [&](const AliasRow& alias) { return !HasFlagOf(draft.row, alias); });
    for (const AliasRow& alias : *aliases) result.aliases.push_back(alias.hashes());
  }
  result.nothing_left = table_counts && HasNoFlags(draft.row) &&
                        ConsentsKeptUntil(draft.row, keeping_.At(now).others) <= now;
  draft.Put(at_most() ? now + kLookAgainAfter : absl::InfinitePast());
  if (closing.erased_flag_ids_size() > 0) {
    SIGNPOST_RETURN_IF_ERROR(draft.Close(std::move(closing), random_));
  }
  result.change = std::move(draft.change);
  return result;
}

absl::StatusOr<store::Batch> People::PrepareClock(const ledger::GuardedView& view,
                                                  const base::PersonId& id) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<Person> person, ReadIfThere(view, id.ToBytes()));
  if (!person.has_value() || person->id() != id) return store::Batch();
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Begin(*person));
  // When what is archived goes is reckoned anew at the next look, which is now.
  for (ArchivedFlagRow& archived : *draft.row.mutable_archived()) archived.set_erase_at_s(0);
  const absl::Time next = NextLook(keeping_, draft.id, draft.row, draft.key);
  const int64_t due_s = draft.row.clocks().due_s();
  // Where it stood is where it belongs unless the rules changed or the store was put back. It may stand
  // in the row without standing in the index, so one that is due is put there again.
  if (next == absl::InfiniteFuture() && due_s == 0 && draft.row.holds().empty()) {
    return store::Batch();
  }
  DropClock(draft.id, draft.row, &draft.change);
  draft.row.clear_clocks();
  draft.Put();
  return std::move(draft.change);
}

absl::StatusOr<HoldResult> People::PrepareHold(const ledger::GuardedView& view,
                                               const base::PersonId& person, const HoldVoice& voice,
                                               absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Load(view, person));
  HoldResult result;
  result.person = draft.id;
  const int64_t now_s = absl::ToUnixSeconds(now);
  bool closes = false;
  if (voice.held) {
    HoldRow* hold = FindHold(&draft.row, voice.agency_id);
    if (hold == nullptr) {
      hold = draft.row.add_holds();
      hold->set_hold_id(random_->Bytes(base::kIdBytes));
      hold->set_agency_id(voice.agency_id);
      hold->set_set_at_s(now_s);
    }
    hold->set_review_at_s(absl::ToUnixSeconds(voice.review_at));
    hold->clear_told_at_s();
    SIGNPOST_ASSIGN_OR_RETURN(*hold->mutable_sealed_reference(),
                              draft.Seal(kHoldKind, hold->hold_id(), voice.reference, random_));
    RemoveIf(hold->mutable_end_asked_by(),
             [&](const ShieldVoiceRow& one) { return one.agency_id() == voice.agency_id; });
    closes = true;
  } else {
    if (draft.row.holds().empty()) return result;
    for (HoldRow& hold : *draft.row.mutable_holds()) {
      RemoveIf(hold.mutable_end_asked_by(), [&](const ShieldVoiceRow& one) {
        return one.agency_id() == voice.agency_id ||
               one.at_s() + absl::ToInt64Seconds(kLiftAskedFor) <= now_s;
      });
      ShieldVoiceRow* const one = hold.add_end_asked_by();
      one->set_agency_id(voice.agency_id);
      one->set_at_s(now_s);
    }
    const int before = draft.row.holds_size();
    RemoveIf(draft.row.mutable_holds(), [&](const HoldRow& hold) {
      const bool owner_agrees = std::any_of(hold.end_asked_by().begin(), hold.end_asked_by().end(),
                                            [&](const ShieldVoiceRow& one) {
                                              return one.agency_id() == hold.agency_id();
                                            }) ||
                                (voice.is_gone && voice.is_gone(hold.agency_id()));
      return owner_agrees && static_cast<size_t>(hold.end_asked_by_size()) >= kVoicesMin;
    });
    closes = draft.row.holds_size() != before;
  }
  result.stands = !draft.row.holds().empty();
  draft.Put();
  if (closes) SIGNPOST_RETURN_IF_ERROR(draft.Close(ClosingOfHolds(draft.row), random_));
  result.change = std::move(draft.change);
  return result;
}

absl::StatusOr<store::Batch> People::PrepareHoldTold(const ledger::GuardedView& view,
                                                     const base::PersonId& person,
                                                     absl::string_view agency_id,
                                                     absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Load(view, person));
  HoldRow* const hold = FindHold(&draft.row, agency_id);
  if (hold == nullptr) return store::Batch();
  hold->set_told_at_s(absl::ToUnixSeconds(now));
  draft.Put();
  return std::move(draft.change);
}

absl::StatusOr<std::string> People::ReferenceOf(const Person& person, const HoldRow& hold) const {
  SIGNPOST_ASSIGN_OR_RETURN(const Draft draft, Begin(person));
  return draft.Open(kHoldKind, hold.hold_id(), hold.sealed_reference());
}

absl::StatusOr<bool> People::NoteDeath(Draft* draft, const DeathVoice& voice, absl::Time now,
                                       DeathTurn* turn, std::vector<std::string>* mourners) const {
  store::v1::DeathRow* const death = draft->row.mutable_death();
  const int64_t now_s = absl::ToUnixSeconds(now);
  const bool certain_before = death->confirmed_at_s() != 0;
  const auto is_this = [&](const store::v1::DeathVoiceRow& one) {
    return one.agency_id() == voice.agency_id && one.record_hash() == voice.record_hash;
  };
  const bool said = std::any_of(death->said_by().begin(), death->said_by().end(), is_this);
  const bool officer = voice.record_hash.empty();
  // A record without a word of it says nothing, and takes back what it said.
  if (!voice.died && !said && !officer) {
    if (death->said_by().empty() && death->denied_by().empty()) draft->row.clear_death();
    return false;
  }
  RemoveIf(death->mutable_said_by(), is_this);
  RemoveIf(death->mutable_denied_by(), [&](const ShieldVoiceRow& one) {
    return officer && one.agency_id() == voice.agency_id;
  });
  if (voice.died) {
    store::v1::DeathSecret secret;
    secret.set_died_on(voice.died_on);
    secret.set_registration_reference(voice.registration_reference);
    store::v1::DeathVoiceRow* const one = death->add_said_by();
    one->set_agency_id(voice.agency_id);
    one->set_at_s(now_s);
    one->set_record_hash(voice.record_hash);
    one->set_registered(!voice.registration_reference.empty());
    SIGNPOST_ASSIGN_OR_RETURN(*one->mutable_sealed(),
                              draft->Seal(kDeathKind, DeathItem(voice.agency_id, voice.record_hash),
                                          secret.SerializeAsString(), random_));
  } else if (officer) {
    ShieldVoiceRow* const one = death->add_denied_by();
    one->set_agency_id(voice.agency_id);
    one->set_at_s(now_s);
    // What its own records and officers said is taken back by it.
    RemoveIf(death->mutable_said_by(), [&](const store::v1::DeathVoiceRow& word) {
      return word.agency_id() == voice.agency_id;
    });
  }
  const bool wrong = static_cast<size_t>(death->denied_by_size()) >= kVoicesMin;
  if (wrong) death->clear_said_by();
  const bool certain = !wrong && IsCertainDeath(*death);
  if (certain && !certain_before) {
    death->set_confirmed_at_s(now_s);
    *turn = DeathTurn::kConfirmed;
  } else if (!certain && certain_before) {
    death->clear_confirmed_at_s();
    *turn = DeathTurn::kUndone;
  }
  // Who said that it was wrong has been heard.
  if (!certain && (*turn != DeathTurn::kNone || death->said_by().empty())) {
    death->clear_denied_by();
  }
  if (*turn != DeathTurn::kNone) {
    // By which years what is archived goes has changed: it is looked at, and reckoned anew.
    for (ArchivedFlagRow& archived : *draft->row.mutable_archived()) {
      archived.set_erase_at_s(std::min(archived.erase_at_s(), now_s));
    }
    std::set<std::string> told;
    for (const FlagRow& flag : draft->row.flags()) {
      if (flag.status() != signpost::v1::FLAG_STATUS_RETRACTED) told.insert(flag.agency_id());
    }
    told.erase(voice.agency_id);
    for (const store::v1::DeathVoiceRow& word : death->said_by()) told.erase(word.agency_id());
    mourners->assign(told.begin(), told.end());
  }
  return true;
}

absl::StatusOr<DeathResult> People::PrepareDeath(const ledger::GuardedView& view,
                                                 const base::PersonId& person,
                                                 const DeathVoice& voice, absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Load(view, person));
  DeathResult result;
  result.person = draft.id;
  SIGNPOST_ASSIGN_OR_RETURN(const bool changed,
                            NoteDeath(&draft, voice, now, &result.turn, &result.mourners));
  result.stands = draft.row.death().confirmed_at_s() != 0;
  if (!changed) return result;
  draft.Put();
  if (result.turn != DeathTurn::kNone) {
    store::v1::ClosingRow closing;
    *closing.mutable_death() = draft.row.death();
    SIGNPOST_RETURN_IF_ERROR(draft.Close(std::move(closing), random_));
  }
  result.change = std::move(draft.change);
  return result;
}

}  // namespace signpost::people
