#include "hub/people/closings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/people/clocks.h"
#include "hub/people/draft.h"
#include "hub/people/erased_records.h"
#include "hub/people/people.h"
#include "hub/people/sealing.h"
#include "hub/schedule/due_rows.h"
#include "hub/store/row_codec.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::people {

using store::Space;
using store::v1::ClosingRow;
using store::v1::ConsentRow;
using store::v1::PersonRow;

namespace {

// No other row of the space begins so, and with an id and a version behind it none is as long.
constexpr char kPrefix[] = "closing/";
constexpr size_t kKeyBytes = sizeof(kPrefix) - 1 + base::kIdBytes + sizeof(uint64_t);

std::string PrefixOf(const base::PersonId& id) { return absl::StrCat(kPrefix, id.bytes()); }

// Who somebody is, without what they are: whatever is sealed or says something is taken out, so that
// the row can stand where a store does not know them.
PersonRow BareOf(const PersonRow& row) {
  PersonRow bare = row;
  bare.clear_consents();
  bare.clear_shield();
  // Reviews are the store's: where one is put back they are made anew by what is reported then.
  bare.clear_review_ids();
  bare.clear_waiting();
  bare.clear_archived();
  bare.clear_holds();
  bare.clear_death();
  bare.clear_clocks();
  for (store::v1::AliasRow& alias : *bare.mutable_aliases()) alias.clear_sealed();
  for (store::v1::FlagRow& flag : *bare.mutable_flags()) {
    // A retracted flag is shown to nobody and counts for nothing; the report that comes again opens it.
    flag.set_status(signpost::v1::FLAG_STATUS_RETRACTED);
    flag.clear_service();
    flag.clear_opened_on();
    flag.clear_closed_on();
    flag.clear_sealed_contact();
    flag.clear_assessments();
    flag.clear_content_hash();
    flag.clear_source_system();
    flag.clear_worker_hash();
    flag.clear_team_hash();
    flag.clear_end_learnt_at_s();
    flag.clear_retracted_at_s();
  }
  return bare;
}

ConsentRow* Find(PersonRow* row, const std::string& consent_id) {
  for (ConsentRow& consent : *row->mutable_consents()) {
    if (consent.consent_id() == consent_id) return &consent;
  }
  return nullptr;
}

// What `closing` closes by superseding, in a row that has it.
bool Supersede(const ClosingRow& closing, PersonRow* row) {
  bool changed = false;
  for (const store::v1::SupersededRow& superseded : closing.superseded()) {
    ConsentRow* const consent = Find(row, superseded.consent_id());
    if (consent == nullptr || !consent->superseded_by().empty()) continue;
    consent->set_superseded_by(superseded.superseded_by());
    consent->set_superseded_from_s(superseded.superseded_from_s());
    changed = true;
  }
  return changed;
}

// A no, or a yes that was taken back; not one that a holder alone challenged.
bool OpensNothing(const ConsentRow& consent) {
  return consent.decision() == signpost::v1::CONSENT_DECISION_REFUSED ||
         consent.withdrawn_at_s() != 0;
}

// Gives `known` the challenges of holders that `closed` has.
bool Challenge(const ConsentRow& closed, ConsentRow* known) {
  bool changed = false;
  for (const store::v1::HolderAnswerRow& answer : closed.holder_answers()) {
    if (answer.answer() != signpost::v1::HOLDER_ANSWER_CHALLENGED) continue;
    store::v1::HolderAnswerRow* said = nullptr;
    for (store::v1::HolderAnswerRow& one : *known->mutable_holder_answers()) {
      if (one.agency_id() == answer.agency_id()) said = &one;
    }
    if (said != nullptr && said->answer() == answer.answer()) continue;
    *(said != nullptr ? said : known->add_holder_answers()) = answer;
    changed = true;
  }
  return changed;
}

// Gives the row of somebody who was found to be the same the holds and the death that `closing` says,
// without what is sealed under another's key. What was ended is not ended for them.
bool KeepAndMourn(const ClosingRow& closing, PersonRow* row) {
  bool changed = false;
  for (const store::v1::HoldRow& hold : closing.holds().holds()) {
    const bool known = std::any_of(
        row->holds().begin(), row->holds().end(),
        [&](const store::v1::HoldRow& one) { return one.agency_id() == hold.agency_id(); });
    if (known) continue;
    store::v1::HoldRow* const added = row->add_holds();
    *added = hold;
    added->clear_sealed_reference();
    changed = true;
  }
  if (closing.death().confirmed_at_s() != 0 && row->death().confirmed_at_s() == 0) {
    *row->mutable_death() = closing.death();
    for (store::v1::DeathVoiceRow& voice : *row->mutable_death()->mutable_said_by()) {
      voice.clear_sealed();
    }
    changed = true;
  }
  return changed;
}

// Makes the person's own row say what `closing`, made after it, says.
void ApplyToOwn(const ClosingRow& closing, PersonRow* row) {
  if (closing.has_holds()) *row->mutable_holds() = closing.holds().holds();
  if (closing.has_death()) *row->mutable_death() = closing.death();
  if (closing.has_shield()) *row->mutable_shield() = closing.shield();
  for (const ConsentRow& closed : closing.consents()) {
    ConsentRow* const known = Find(row, closed.consent_id());
    if (known != nullptr) {
      *known = closed;
    } else if (OpensNothing(closed)) {
      *row->add_consents() = closed;
    }
  }
  (void)Supersede(closing, row);
}

// The same for the row of somebody who was found to be the same person before the closing was made, and
// whom the store put back still knows by themselves. Nothing is opened for them: they may have been
// closed for reasons of their own.
bool ApplyToFormer(const ClosingRow& closing, PersonRow* row) {
  bool changed = Supersede(closing, row);
  changed = KeepAndMourn(closing, row) || changed;
  if (closing.shield().shielded() && !row->shield().shielded()) {
    *row->mutable_shield() = closing.shield();
    changed = true;
  }
  for (const ConsentRow& closed : closing.consents()) {
    ConsentRow* const known = Find(row, closed.consent_id());
    if (known != nullptr) changed = Challenge(closed, known) || changed;
    if (known == nullptr && closed.decision() == signpost::v1::CONSENT_DECISION_REFUSED) {
      ConsentRow* const added = row->add_consents();
      *added = closed;
      // Sealed under another's key.
      added->clear_sealed_note();
      added->clear_sealed_secret();
      added->clear_sealed_withdrawal_note();
      changed = true;
    } else if (known != nullptr && closed.withdrawn_at_s() != 0 && known->withdrawn_at_s() == 0) {
      known->set_withdrawn_at_s(closed.withdrawn_at_s());
      known->set_withdrawn_by(closed.withdrawn_by());
      known->set_withdrawn_how(closed.withdrawn_how());
      known->set_withdrawn_told_to(closed.withdrawn_told_to());
      changed = true;
    }
  }
  return changed;
}

// All closings applied to one store, person by person.
class Applying {
 public:
  Applying(const store::View& view, const base::Keyring& keyring, base::RandomSource* random,
           absl::FunctionRef<absl::Status(store::Batch)> commit)
      : view_(view), keyring_(keyring), random_(random), commit_(commit) {}

  absl::StatusOr<ClosingsApplied> Run() {
    // First, who was found to be somebody else since. Whoever of them the store does not know as
    // themselves is that somebody now, who was given all that was closed for them.
    SIGNPOST_RETURN_IF_ERROR(ForEachPerson([this](const Group& group) -> absl::Status {
      applied_.closings += group.closings.size();
      for (const std::string& former : group.closings.back().bare().merged_from()) {
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<PersonRow> row, ReadRow(former));
        // Two who were found to be one, put back as two, and found to be one again the other way round
        // lead to each other: the first lead stands.
        if (row.has_value() || LeadsTo(group.id.ToBytes()) == former) continue;
        // Without a key they were erased since, or nothing leads to them anyhow.
        SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(former));
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<base::SecretKey> key, KeyOf(id));
        if (key.has_value()) {
          leads_.try_emplace(former, group.id.ToBytes());
        }
      }
      return absl::OkStatus();
    }));
    SIGNPOST_RETURN_IF_ERROR(ForEachPerson([this](const Group& group) { return Apply(group); }));
    // Then what each has from another's closings, after their own: a lifting of their own was before they
    // were found to be the other. What was closed for one of two who were found to be one was brought over
    // by the merge; but a restore may have made two of them again since, and then it was closed for that one
    // alone: it holds. Which of it was lifted after the merge cannot be told from that.
    for (const ForOther& one : for_others_) {
      for (const ClosingRow& closing : one.closings) {
        SIGNPOST_RETURN_IF_ERROR(CloseFormer(one.id, closing));
      }
      if (one.leads_there) SIGNPOST_RETURN_IF_ERROR(LeadTo(one.id, one.closings.back().bare()));
    }
    SIGNPOST_RETURN_IF_ERROR(Write());
    return std::move(applied_);
  }

 private:
  // All closings of one person, in their order: at least one.
  struct Group {
    base::PersonId id;
    std::vector<ClosingRow> closings;
    std::vector<uint64_t> versions;
  };

  // Closings of one person that another has a part in.
  struct ForOther {
    std::string id;  // the other's
    std::vector<ClosingRow> closings;
    bool leads_there = false;  // the person is that other now, and known by what they were known by
  };

  absl::Status ForEachPerson(absl::FunctionRef<absl::Status(const Group&)> visit) const {
    Group group;
    std::optional<base::SecretKey> key;
    std::string from = kPrefix;
    while (true) {
      SIGNPOST_ASSIGN_OR_RETURN(
          const std::vector<store::KeyValue> page,
          view_.Scan(Space::kPersonKeys, from, store::PrefixEnd(kPrefix), base::kPageRowsMax));
      if (page.empty()) break;
      from = page.back().key + '\0';
      for (const store::KeyValue& row : page) {
        if (!IsClosing(row.key)) continue;
        SIGNPOST_ASSIGN_OR_RETURN(
            const base::PersonId id,
            base::PersonId::FromBytes(row.key.substr(sizeof(kPrefix) - 1, base::kIdBytes)));
        if (id != group.id) {
          if (!group.closings.empty()) SIGNPOST_RETURN_IF_ERROR(visit(group));
          group = Group{id, {}, {}};
          SIGNPOST_ASSIGN_OR_RETURN(key, KeyOf(id));
        }
        // Nothing of theirs opens to anybody.
        if (!key.has_value()) continue;
        SIGNPOST_ASSIGN_OR_RETURN(ClosingRow closing, Open(id, *key, row));
        group.closings.push_back(std::move(closing));
        group.versions.push_back(
            store::U64FromKey(row.key.substr(sizeof(kPrefix) - 1 + base::kIdBytes)));
      }
    }
    return group.closings.empty() ? absl::OkStatus() : visit(group);
  }

  absl::StatusOr<std::optional<base::SecretKey>> KeyOf(const base::PersonId& id) const {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> wrapped,
                              view_.Get(Space::kPersonKeys, id.ToBytes()));
    if (!wrapped.has_value()) return std::optional<base::SecretKey>();
    SIGNPOST_ASSIGN_OR_RETURN(base::SecretKey key, keyring_.UnwrapDataKey(id, *wrapped));
    return std::optional<base::SecretKey>(key);
  }

  static absl::StatusOr<ClosingRow> Open(const base::PersonId& id, const base::SecretKey& key,
                                         const store::KeyValue& row) {
    const absl::Status damaged = base::Error(
        base::Reason::kDataLoss, "a closing in the file of keys does not open; bring another copy");
    if (row.value.empty() || row.value[0] != store::kRowVersion) return damaged;
    const absl::StatusOr<std::string> plain =
        base::Open(key, SealContext(id, kClosingKind, row.key), row.value.substr(1));
    ClosingRow closing;
    if (!plain.ok() || !closing.ParseFromString(*plain)) return damaged;
    return closing;
  }

  // As it is by now.
  absl::StatusOr<std::optional<PersonRow>> ReadRow(const std::string& id) const {
    const auto changed = changed_.find(id);
    if (changed != changed_.end()) return std::optional<PersonRow>(changed->second);
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                              view_.Get(Space::kPeople, id));
    if (!bytes.has_value()) return std::optional<PersonRow>();
    PersonRow row;
    SIGNPOST_RETURN_IF_ERROR(store::DecodeRow("a person", *bytes, &row));
    return std::optional<PersonRow>(std::move(row));
  }

  // Whom the register knows `id` as in the end.
  std::string LeadsTo(std::string id) const {
    for (auto lead = leads_.find(id); lead != leads_.end(); lead = leads_.find(id)) {
      id = lead->second;
    }
    return id;
  }

  absl::Status Apply(const Group& group) {
    const std::string id = group.id.ToBytes();
    if (const std::string now = LeadsTo(id); now != id) {
      for_others_.push_back({now, group.closings, /*leads_there=*/true});
      return absl::OkStatus();
    }
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<PersonRow> row, ReadRow(id));
    if (!row.has_value()) {
      row.emplace();
      ++applied_.persons_added;
    } else if (!row->merged_into().empty()) {
      // The merge was made after the closings, and brought them over.
      return absl::OkStatus();
    }
    // Closings that the row, as it was put back, does not say already.
    size_t first = 0;
    while (first < group.versions.size() && group.versions[first] <= row->version()) ++first;
    if (first == group.closings.size()) return absl::OkStatus();
    for (size_t i = first; i < group.closings.size(); ++i) {
      ApplyToOwn(group.closings[i], &*row);
      SIGNPOST_RETURN_IF_ERROR(RemoveEnded(group.closings[i], &*row).status());
    }
    SIGNPOST_RETURN_IF_ERROR(AddBare(group.id, group.closings.back().bare(), &*row));
    // Greater than any version that has a closing: the next one made gets a row of its own.
    row->set_version(std::max(row->version(), group.versions.back()) + 1);
    changed_[id] = *std::move(row);
    for (size_t i = first; i < group.closings.size(); ++i) {
      for (const std::string& former : group.closings[i].bare().merged_from()) {
        for_others_.push_back({former, {group.closings[i]}, /*leads_there=*/false});
      }
    }
    return absl::OkStatus();
  }

  absl::Status CloseFormer(const std::string& id, const ClosingRow& closing) {
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<PersonRow> row, ReadRow(id));
    if (!row.has_value() || !row->merged_into().empty()) return absl::OkStatus();
    SIGNPOST_ASSIGN_OR_RETURN(const bool ended, RemoveEnded(closing, &*row));
    if (!ApplyToFormer(closing, &*row) && !ended) return absl::OkStatus();
    row->set_version(row->version() + 1);
    changed_[id] = *std::move(row);
    closed_anew_.insert(id);
    return absl::OkStatus();
  }

  // Takes out the flags that were erased by the table since, with their records and the details that no
  // other flag has.
  absl::StatusOr<bool> RemoveEnded(const ClosingRow& closing, PersonRow* row) {
    bool changed = false;
    for (const std::string& flag_id : closing.erased_flag_ids()) {
      const auto take_out = [&](auto* flags) -> absl::Status {
        for (int i = flags->size() - 1; i >= 0; --i) {
          const auto& flag = flags->Get(i);
          if (flag.flag_id() != flag_id) continue;
          SIGNPOST_RETURN_IF_ERROR(RemoveRecordOf(flag.agency_id(), flag.record_hash(), flag_id));
          RemoveArchived(flag_id, &batch_);
          flags->DeleteSubrange(i, 1);
          changed = true;
        }
        return absl::OkStatus();
      };
      SIGNPOST_RETURN_IF_ERROR(take_out(row->mutable_flags()));
      SIGNPOST_RETURN_IF_ERROR(take_out(row->mutable_archived()));
    }
    if (!changed) return false;
    auto* const aliases = row->mutable_aliases();
    aliases->erase(
        std::remove_if(aliases->begin(), aliases->end(),
                       [&](const store::v1::AliasRow& alias) { return !HasFlagOf(*row, alias); }),
        aliases->end());
    return true;
  }

  // Nothing leads to the flag by its record, unless the record leads elsewhere by now.
  absl::Status RemoveRecordOf(const std::string& agency_id, const std::string& record_hash,
                              const std::string& flag_id) {
    if (record_hash.empty()) return absl::OkStatus();
    const std::string key = People::LocalRecordKey(agency_id, record_hash);
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> known,
                              view_.Get(Space::kLocalRecords, key));
    if (!known.has_value()) return absl::OkStatus();
    SIGNPOST_ASSIGN_OR_RETURN(const auto local,
                              store::DecodeRow<store::v1::LocalRecordRow>("a record", *known));
    if (local.flag_id() == flag_id) batch_.Delete(Space::kLocalRecords, key);
    return absl::OkStatus();
  }

  // Has `former`, where nobody is known by it, lead to `id`, whose row `row` is.
  absl::Status PointTo(const std::string& former, const base::PersonId& id, PersonRow* row) {
    if (former == id.bytes()) return absl::OkStatus();
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<PersonRow> known, ReadRow(former));
    if (known.has_value() && known->merged_into().empty()) return absl::OkStatus();
    PersonRow pointer;
    pointer.set_merged_into(id.ToBytes());
    changed_[former] = std::move(pointer);
    if (std::count(row->merged_from().begin(), row->merged_from().end(), former) == 0) {
      row->add_merged_from(former);
    }
    SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId pointed, base::PersonId::FromBytes(former));
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> wrapped,
                              view_.Get(Space::kPersonKeys, former));
    if (wrapped.has_value()) return absl::OkStatus();
    // A row without a key is one of somebody erased. Nothing lies under this one.
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::string key,
        keyring_.WrapDataKey(pointed, base::SecretKey::Generate(random_), random_));
    batch_.Put(Space::kPersonKeys, former, key);
    return absl::OkStatus();
  }

  absl::Status LeadTo(const std::string& id, const PersonRow& bare) {
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<PersonRow> row, ReadRow(id));
    if (!row.has_value() || !row->merged_into().empty()) return absl::OkStatus();
    SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId person, base::PersonId::FromBytes(id));
    SIGNPOST_RETURN_IF_ERROR(AddBare(person, bare, &*row));
    row->set_version(row->version() + 1);
    changed_[id] = *std::move(row);
    return absl::OkStatus();
  }

  // What they were known by when something was last closed for them leads to them again, where the store
  // put back knows nothing of it.
  absl::Status AddBare(const base::PersonId& id, const PersonRow& bare, PersonRow* row) {
    for (const std::string& former : bare.merged_from()) {
      if (LeadsTo(former) == id.bytes()) SIGNPOST_RETURN_IF_ERROR(PointTo(former, id, row));
    }
    for (const store::v1::AliasRow& alias : bare.aliases()) {
      const std::string hashes = Canonical(alias.hashes());
      const bool known = std::any_of(
          row->aliases().begin(), row->aliases().end(), [&](const store::v1::AliasRow& other) {
            return other.agency_id() == alias.agency_id() && Canonical(other.hashes()) == hashes;
          });
      if (!known && row->aliases_size() < base::kAliasesPerPersonMax) *row->add_aliases() = alias;
    }
    for (const store::v1::FlagRow& flag : bare.flags()) {
      if (flag.record_hash().empty()) continue;
      const std::string key = People::LocalRecordKey(flag.agency_id(), flag.record_hash());
      SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> known,
                                view_.Get(Space::kLocalRecords, key));
      if (known.has_value() || row->flags_size() >= base::kFlagsPerPersonMax) continue;
      SIGNPOST_ASSIGN_OR_RETURN(
          const std::optional<store::v1::ErasedRecordRow> erased,
          ReadErasedRecord(view_, keyring_, flag.agency_id(), flag.record_hash()));
      if (erased.has_value()) continue;
      SIGNPOST_ASSIGN_OR_RETURN(const bool ended,
                                IsEnded(view_, keyring_, flag.agency_id(), flag.record_hash()));
      if (ended) continue;
      if (!records_.insert(key).second) continue;
      *row->add_flags() = flag;
      store::v1::LocalRecordRow local;
      // The id by which the agency knows them leads to them again.
      local.set_person_id(flag.known_as().empty() ? id.ToBytes() : flag.known_as());
      SIGNPOST_RETURN_IF_ERROR(PointTo(local.person_id(), id, row));
      local.set_flag_id(flag.flag_id());
      batch_.Put(Space::kLocalRecords, key, store::EncodeRow(local));
    }
    return absl::OkStatus();
  }

  absl::Status Write() {
    int rows = 0;
    for (const auto& [id, row] : changed_) {
      if (row.merged_into().empty()) {
        SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId person, base::PersonId::FromBytes(id));
        applied_.persons.push_back(person);
        // What they have from another's closings is theirs from now on, whatever becomes of the other.
        if (closed_anew_.contains(id)) {
          SIGNPOST_ASSIGN_OR_RETURN(const std::optional<base::SecretKey> key, KeyOf(person));
          if (key.has_value()) {
            SIGNPOST_RETURN_IF_ERROR(
                PutClosing(person, row, *key, ClosedOf(row), random_, &batch_));
          }
        }
      }
      // So that holds stand among what is due before anything is served; the job looks at all else.
      SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId held, base::PersonId::FromBytes(id));
      for (const store::v1::HoldRow& hold : row.holds()) {
        schedule::PutDue(kHoldsJob, HoldDue(hold), HoldKey(held, hold.agency_id()), &batch_);
      }
      batch_.Put(Space::kPeople, id, store::EncodeRow(row));
      if (++rows % base::kPageRowsMax != 0) continue;
      SIGNPOST_RETURN_IF_ERROR(commit_(std::exchange(batch_, store::Batch())));
    }
    if (batch_.empty()) return absl::OkStatus();
    return commit_(std::exchange(batch_, store::Batch()));
  }

  const store::View& view_;
  const base::Keyring& keyring_;
  base::RandomSource* const random_;
  const absl::FunctionRef<absl::Status(store::Batch)> commit_;
  // Who is not in the store put back, and was found to be somebody else: that somebody, 16 bytes each.
  // Never in a circle.
  absl::flat_hash_map<std::string, std::string> leads_;
  std::vector<ForOther> for_others_;
  absl::flat_hash_set<std::string> closed_anew_;
  absl::flat_hash_set<std::string> records_;  // those that lead to somebody again
  std::map<std::string, PersonRow> changed_;  // by id
  store::Batch batch_;
  ClosingsApplied applied_;
};

}  // namespace

bool IsClosing(absl::string_view key) {
  return key.size() == kKeyBytes && absl::StartsWith(key, kPrefix);
}

absl::StatusOr<bool> HasClosings(const store::View& view, const base::PersonId& id) {
  const std::string prefix = PrefixOf(id);
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                            view.Scan(Space::kPersonKeys, prefix, store::PrefixEnd(prefix), 1));
  return !rows.empty();
}

void AddSuperseded(const ConsentRow& consent, ClosingRow* closing) {
  if (consent.decision() != signpost::v1::CONSENT_DECISION_GIVEN) return;
  store::v1::SupersededRow* const superseded = closing->add_superseded();
  superseded->set_consent_id(consent.consent_id());
  superseded->set_superseded_by(consent.superseded_by());
  superseded->set_superseded_from_s(consent.superseded_from_s());
}

ClosingRow ClosedOf(const PersonRow& row) {
  ClosingRow closing;
  if (row.shield().shielded()) *closing.mutable_shield() = row.shield();
  if (!row.holds().empty()) *closing.mutable_holds()->mutable_holds() = row.holds();
  if (row.death().confirmed_at_s() != 0) *closing.mutable_death() = row.death();
  for (const ConsentRow& consent : row.consents()) {
    if (consent.withdrawn_at_s() != 0 ||
        consent.decision() == signpost::v1::CONSENT_DECISION_REFUSED) {
      *closing.add_consents() = consent;
    }
    if (!consent.superseded_by().empty()) AddSuperseded(consent, &closing);
  }
  return closing;
}

absl::StatusOr<ClosingsApplied> ApplyClosings(
    const store::View& view, const base::Keyring& keyring, base::RandomSource* random,
    absl::FunctionRef<absl::Status(store::Batch)> commit) {
  return Applying(view, keyring, random, commit).Run();
}

absl::Status PutClosing(const base::PersonId& id, const PersonRow& row, const base::SecretKey& key,
                        ClosingRow closing, base::RandomSource* random, store::Batch* batch) {
  *closing.mutable_bare() = BareOf(row);
  const std::string place = absl::StrCat(PrefixOf(id), store::KeyU64(row.version()));
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::string sealed,
      base::Seal(key, SealContext(id, kClosingKind, place), closing.SerializeAsString(), random));
  batch->Put(Space::kPersonKeys, place, absl::StrCat(std::string(1, store::kRowVersion), sealed));
  batch->Put(Space::kMeta, kClosingMadeKey, "1");
  return absl::OkStatus();
}

absl::Status RemoveClosings(const store::View& view, const base::PersonId& id,
                            store::Batch* batch) {
  const std::string prefix = PrefixOf(id);
  std::string from = prefix;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<store::KeyValue> rows,
        view.Scan(Space::kPersonKeys, from, store::PrefixEnd(prefix), base::kPageRowsMax));
    if (rows.empty()) return absl::OkStatus();
    for (const store::KeyValue& row : rows) batch->Delete(Space::kPersonKeys, row.key);
    from = rows.back().key + '\0';
  }
}

}  // namespace signpost::people
