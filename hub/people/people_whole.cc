// A person as a whole: shielded, found to be one with another, erased.

#include "hub/people/people.h"

#include <algorithm>
#include <utility>

#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/person_index.h"
#include "hub/people/clocks.h"
#include "hub/people/draft.h"
#include "hub/people/erased_records.h"
#include "hub/people/sealing.h"
#include "hub/store/row_codec.h"

namespace signpost::people {

using store::Space;
using store::v1::AliasRow;
using store::v1::ConsentRow;
using store::v1::FlagRow;
using store::v1::PersonRow;
using store::v1::ShieldRow;
using store::v1::ShieldVoiceRow;

namespace {

absl::StatusOr<std::string> Reseal(const std::string& sealed, const base::SecretKey& from_key,
                                   const base::PersonId& from, const base::SecretKey& to_key,
                                   const base::PersonId& to, absl::string_view kind,
                                   absl::string_view item, base::RandomSource* random) {
  if (sealed.empty()) return std::string();
  SIGNPOST_ASSIGN_OR_RETURN(std::string plain,
                            base::Open(from_key, SealContext(from, kind, item), sealed));
  return base::Seal(to_key, SealContext(to, kind, item), plain, random);
}

// Agencies that must agree before a shield is lifted, whoever set it.
constexpr int kLiftVoicesMin = 2;

using Voices = google::protobuf::RepeatedPtrField<ShieldVoiceRow>;

const ShieldVoiceRow* FindVoice(const Voices& voices, absl::string_view agency_id) {
  const auto found =
      std::find_if(voices.begin(), voices.end(),
                   [agency_id](const ShieldVoiceRow& one) { return one.agency_id() == agency_id; });
  return found == voices.end() ? nullptr : &*found;
}

void AddVoice(const std::string& agency_id, int64_t now_s, Voices* voices) {
  ShieldVoiceRow* one = voices->Add();
  one->set_agency_id(agency_id);
  one->set_at_s(now_s);
}

// Whatever was said of either is said of the one. What two agencies say of the two is certain of the one,
// from when the second said so.
void MergeDeaths(const store::v1::DeathRow& from, store::v1::DeathRow* to) {
  for (const store::v1::DeathVoiceRow& voice : from.said_by()) *to->add_said_by() = voice;
  for (const ShieldVoiceRow& one : from.denied_by()) {
    if (FindVoice(to->denied_by(), one.agency_id()) == nullptr) *to->add_denied_by() = one;
  }
  if (to->confirmed_at_s() != 0 && from.confirmed_at_s() != 0) {
    to->set_confirmed_at_s(std::min(to->confirmed_at_s(), from.confirmed_at_s()));
  } else if (to->confirmed_at_s() == 0 && from.confirmed_at_s() != 0) {
    to->set_confirmed_at_s(from.confirmed_at_s());
  } else if (to->confirmed_at_s() == 0 && IsCertainDeath(*to)) {
    for (const store::v1::DeathVoiceRow& voice : to->said_by()) {
      to->set_confirmed_at_s(std::max(to->confirmed_at_s(), voice.at_s()));
    }
  }
}

template <typename Where>
void RemoveVoices(Voices* voices, Where where) {
  voices->erase(std::remove_if(voices->begin(), voices->end(), where), voices->end());
}

}  // namespace

absl::StatusOr<ShieldResult> People::PrepareShield(const ledger::GuardedView& view,
                                                   const base::PersonId& person,
                                                   const ShieldVoice& voice, absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Load(view, person));
  ShieldResult result;
  result.person = draft.id;
  result.stands = draft.row.shield().shielded();
  const int64_t now_s = absl::ToUnixSeconds(now);
  ShieldRow* shield = draft.row.mutable_shield();
  if (voice.shielded) {
    const bool said = FindVoice(shield->set_by(), voice.agency_id) != nullptr;
    const bool asked = FindVoice(shield->lift_asked_by(), voice.agency_id) != nullptr;
    const bool carried = !shield->carried_by_review_id().empty();
    if (result.stands && said && !asked && !carried) return result;
    if (!result.stands) {
      shield->Clear();
      shield->set_shielded(true);
      shield->set_since_s(now_s);
    }
    RemoveVoices(shield->mutable_lift_asked_by(),
                 [&](const ShieldVoiceRow& one) { return one.agency_id() == voice.agency_id; });
    if (!said || !result.stands) AddVoice(voice.agency_id, now_s, shield->mutable_set_by());
    shield->clear_carried_by_review_id();  // from now on it is theirs, whatever is decided
    result.stands = true;
  } else {
    if (!result.stands) return result;
    RemoveVoices(shield->mutable_lift_asked_by(), [&](const ShieldVoiceRow& one) {
      return one.agency_id() == voice.agency_id ||
             one.at_s() + absl::ToInt64Seconds(kLiftAskedFor) <= now_s;
    });
    AddVoice(voice.agency_id, now_s, shield->mutable_lift_asked_by());
    const bool all_agree = std::all_of(
        shield->set_by().begin(), shield->set_by().end(), [&](const ShieldVoiceRow& one) {
          return FindVoice(shield->lift_asked_by(), one.agency_id()) != nullptr ||
                 (voice.is_gone && voice.is_gone(one.agency_id()));
        });
    if (all_agree && shield->lift_asked_by_size() >= kLiftVoicesMin) {
      shield->Clear();
      shield->set_since_s(now_s);
      result.stands = false;
      result.lifted = true;
    }
  }
  draft.Put();
  if (voice.shielded || result.lifted) {
    store::v1::ClosingRow closing;
    *closing.mutable_shield() = draft.row.shield();
    SIGNPOST_RETURN_IF_ERROR(draft.Close(std::move(closing), random_));
  }
  result.change = std::move(draft.change);
  return result;
}

absl::StatusOr<store::Batch> People::PrepareWaiting(const Person& person,
                                                    absl::string_view agency_id,
                                                    int reports) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Begin(person));
  auto* const waiting = draft.row.mutable_waiting();
  const auto of_agency =
      std::find_if(waiting->begin(), waiting->end(),
                   [&](const store::v1::WaitingRow& row) { return row.agency_id() == agency_id; });
  if (of_agency == waiting->end()) {
    if (reports <= 0) return store::Batch();
    store::v1::WaitingRow* const row = draft.row.add_waiting();
    row->set_agency_id(std::string(agency_id));
    row->set_reports(static_cast<uint32_t>(reports));
  } else if (const int64_t sum = static_cast<int64_t>(of_agency->reports()) + reports; sum > 0) {
    of_agency->set_reports(static_cast<uint32_t>(sum));
  } else {
    waiting->erase(of_agency);
  }
  draft.Put();
  return std::move(draft.change);
}

absl::StatusOr<store::Batch> People::PrepareSettled(const ledger::GuardedView& view,
                                                    const base::PersonId& person,
                                                    const base::ReviewId& review) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Load(view, person));
  auto* const waiting = draft.row.mutable_review_ids();
  waiting->erase(std::remove(waiting->begin(), waiting->end(), review.bytes()), waiting->end());
  if (draft.row.shield().carried_by_review_id() == review.bytes()) draft.row.clear_shield();
  draft.Put();
  return std::move(draft.change);
}

absl::StatusOr<store::Batch> People::PrepareCarriedShield(const ledger::GuardedView& view,
                                                          const base::PersonId& person,
                                                          const base::ReviewId& review,
                                                          absl::string_view owner_agency_id,
                                                          absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft draft, Load(view, person));
  if (draft.row.shield().shielded()) return store::Batch();
  store::v1::ShieldRow* const shield = draft.row.mutable_shield();
  shield->set_shielded(true);
  shield->set_since_s(absl::ToUnixSeconds(now));
  AddVoice(std::string(owner_agency_id), absl::ToUnixSeconds(now), shield->mutable_set_by());
  shield->set_carried_by_review_id(review.ToBytes());
  draft.Put();
  return std::move(draft.change);
}

absl::StatusOr<MergeResult> People::PrepareMerge(const ledger::GuardedView& view,
                                                 const base::PersonId& from,
                                                 const base::PersonId& to) const {
  SIGNPOST_ASSIGN_OR_RETURN(Draft source, Load(view, from));
  SIGNPOST_ASSIGN_OR_RETURN(Draft target, Load(view, to));
  if (source.id == target.id) {
    return base::InvalidField("to", "these are one person already; nothing to merge");
  }
  if (source.row.flags_size() + target.row.flags_size() > base::kFlagsPerPersonMax ||
      source.row.aliases_size() + target.row.aliases_size() > base::kAliasesPerMergedPersonMax ||
      source.row.consents_size() + target.row.consents_size() > base::kConsentsPerPersonMax) {
    return base::InvalidField("from",
                              "together they would pass a limit of the hub; call the operator");
  }
  const auto reseal = [&](const std::string& sealed, absl::string_view kind,
                          absl::string_view item) {
    return Reseal(sealed, source.key, source.id, target.key, target.id, kind, item, random_);
  };
  for (AliasRow& alias : *source.row.mutable_aliases()) {
    SIGNPOST_ASSIGN_OR_RETURN(*alias.mutable_sealed(),
                              reseal(alias.sealed(), kAliasKind, alias.agency_id()));
    *target.row.add_aliases() = std::move(alias);
  }
  for (FlagRow& flag : *source.row.mutable_flags()) {
    SIGNPOST_ASSIGN_OR_RETURN(*flag.mutable_sealed_contact(),
                              reseal(flag.sealed_contact(), kContactKind, flag.flag_id()));
    *target.row.add_flags() = std::move(flag);
  }
  for (ConsentRow& consent : *source.row.mutable_consents()) {
    SIGNPOST_ASSIGN_OR_RETURN(*consent.mutable_sealed_note(),
                              reseal(consent.sealed_note(), kNoteKind, consent.consent_id()));
    SIGNPOST_ASSIGN_OR_RETURN(
        *consent.mutable_sealed_withdrawal_note(),
        reseal(consent.sealed_withdrawal_note(), kWithdrawalKind, consent.consent_id()));
    SIGNPOST_ASSIGN_OR_RETURN(
        *consent.mutable_sealed_secret(),
        reseal(consent.sealed_secret(), kConsentSecretKind, consent.consent_id()));
    *target.row.add_consents() = std::move(consent);
  }
  // Aliases stay in the order they came, so that an agency's last one is its latest.
  std::stable_sort(target.row.mutable_aliases()->begin(), target.row.mutable_aliases()->end(),
                   [](const AliasRow& a, const AliasRow& b) { return a.since_s() < b.since_s(); });
  // One that is carried goes on being carried; one of their own is more than that.
  const ShieldRow& shield = source.row.shield();
  if (shield.shielded()) {
    ShieldRow* const kept = target.row.mutable_shield();
    const bool carried = !shield.carried_by_review_id().empty();
    if (!kept->shielded() || (!kept->carried_by_review_id().empty() && !carried)) {
      *kept = shield;
    } else if (!carried) {
      // Whoever set either must be asked before it is lifted; who asked for one did not for both.
      for (const ShieldVoiceRow& one : shield.set_by()) {
        if (FindVoice(kept->set_by(), one.agency_id()) == nullptr) *kept->add_set_by() = one;
      }
      kept->clear_lift_asked_by();
    }
  }
  for (const store::v1::WaitingRow& waits : source.row.waiting()) {
    const auto of_agency = std::find_if(
        target.row.mutable_waiting()->begin(), target.row.mutable_waiting()->end(),
        [&](const store::v1::WaitingRow& row) { return row.agency_id() == waits.agency_id(); });
    if (of_agency == target.row.mutable_waiting()->end()) {
      *target.row.add_waiting() = waits;
    } else {
      of_agency->set_reports(of_agency->reports() + waits.reports());
    }
  }
  for (store::v1::ArchivedFlagRow& archived : *source.row.mutable_archived()) {
    *target.row.add_archived() = std::move(archived);
  }
  for (store::v1::HoldRow& hold : *source.row.mutable_holds()) {
    SIGNPOST_ASSIGN_OR_RETURN(*hold.mutable_sealed_reference(),
                              reseal(hold.sealed_reference(), kHoldKind, hold.hold_id()));
    const auto same = std::find_if(
        target.row.mutable_holds()->begin(), target.row.mutable_holds()->end(),
        [&](const store::v1::HoldRow& one) { return one.agency_id() == hold.agency_id(); });
    if (same == target.row.mutable_holds()->end()) {
      *target.row.add_holds() = std::move(hold);
    } else if (hold.review_at_s() < same->review_at_s()) {
      // Of two of one agency the one that is reviewed first; who asked to end either did not for both.
      hold.clear_end_asked_by();
      *same = std::move(hold);
    } else {
      same->clear_end_asked_by();
    }
  }
  for (store::v1::DeathVoiceRow& voice : *source.row.mutable_death()->mutable_said_by()) {
    SIGNPOST_ASSIGN_OR_RETURN(
        *voice.mutable_sealed(),
        reseal(voice.sealed(), kDeathKind, DeathItem(voice.agency_id(), voice.record_hash())));
  }
  MergeDeaths(source.row.death(), target.row.mutable_death());
  if (target.row.death().said_by().empty()) target.row.clear_death();
  // Whatever waited to be decided of either still waits.
  target.row.mutable_review_ids()->MergeFrom(source.row.review_ids());
  target.row.add_merged_from(source.id.ToBytes());
  for (const std::string& earlier : source.row.merged_from()) target.row.add_merged_from(earlier);

  MergeResult result;
  result.from = source.id;
  result.to = target.id;
  result.shielded = target.row.shield().shielded();
  PersonRow pointer;
  pointer.set_merged_into(target.id.ToBytes());
  pointer.set_version(source.row.version() + 1);
  target.Put();
  // What was closed for either is closed for both from now on, and so for either where a store that is
  // put back knows them as two.
  store::v1::ClosingRow closing = ClosedOf(target.row);
  if (closing.has_shield() || closing.consents_size() > 0 || closing.superseded_size() > 0 ||
      closing.has_holds() || closing.has_death()) {
    SIGNPOST_RETURN_IF_ERROR(target.Close(std::move(closing), random_));
  }
  result.change = std::move(target.change);
  DropClock(source.id, source.row, &result.change);
  result.change.Put(Space::kPeople, source.id.ToBytes(), store::EncodeRow(pointer));
  return result;
}

absl::StatusOr<store::Batch> People::PrepareErase(const ledger::GuardedView& view,
                                                  const base::PersonId& person,
                                                  absl::string_view agency_id, absl::Time now,
                                                  std::vector<base::PersonId>* ids,
                                                  const AskedItself& asked_itself) const {
  SIGNPOST_ASSIGN_OR_RETURN(Person read, Read(view, person));
  if (!read.row().holds().empty()) {
    return base::Error(
        base::Reason::kLegalHold,
        "what is held must be kept for a court or an inquiry for now; the wish is recorded: "
        "ask again once the hold has ended, and tell them so");
  }
  ids->assign(1, read.id());
  for (const std::string& merged : read.row().merged_from()) {
    SIGNPOST_ASSIGN_OR_RETURN(base::PersonId id, base::PersonId::FromBytes(merged));
    ids->push_back(id);
  }
  store::Batch change;
  const auto mark = [&](const std::string& of_agency, const std::string& record_hash) {
    if (record_hash.empty()) return absl::OkStatus();  // the record is somebody else's now
    change.Delete(Space::kLocalRecords, LocalRecordKey(of_agency, record_hash));
    store::v1::ErasedRecordRow erased;
    erased.set_agency_id(of_agency);
    const bool itself = asked_itself != nullptr && asked_itself(of_agency);
    erased.set_asked_agency_id(itself ? of_agency : std::string(agency_id));
    erased.set_erased_at_s(absl::ToUnixSeconds(now));
    return PutErasedRecord(*keyring_, record_hash, erased, random_, &change);
  };
  for (const FlagRow& flag : read.flags()) {
    SIGNPOST_RETURN_IF_ERROR(mark(flag.agency_id(), flag.record_hash()));
  }
  for (const store::v1::ArchivedFlagRow& archived : read.row().archived()) {
    SIGNPOST_RETURN_IF_ERROR(mark(archived.agency_id(), archived.record_hash()));
    RemoveArchived(archived.flag_id(), &change);
  }
  DropClock(read.id(), read.row(), &change);
  for (const base::PersonId& id : *ids) {
    const std::string key = id.ToBytes();
    change.Delete(Space::kPeople, key);
    change.Delete(Space::kPersonKeys, key);
    SIGNPOST_RETURN_IF_ERROR(RemoveClosings(view, id, &change));
    SIGNPOST_RETURN_IF_ERROR(ledger::PersonIndex(&view).Remove(id, &change));
  }
  change.Put(Space::kMeta, kKeyDestroyedKey, "1");
  return change;
}

}  // namespace signpost::people
