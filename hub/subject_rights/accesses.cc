#include "hub/subject_rights/accesses.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/request/wire_convert.h"

namespace signpost::subject_rights {

namespace {

namespace stored = ::signpost::store::v1;
using ledger::v1::LedgerEntry;

// In which rule's name messages tell a holder of a look: disclosure/deliveries.cc.
constexpr char kTellHolder[] = "tell-holder";

// Whether a look may be told to them only once somebody has judged what telling would do.
bool MightPrejudice(const LedgerEntry& entry) {
  return entry.who_knows().has_override() || entry.purpose() == ledger::v1::PURPOSE_SAFEGUARDING ||
         entry.purpose() == ledger::v1::PURPOSE_YOUTH_JUSTICE;
}

bool IsOfStewards(ledger::v1::EntryKind kind) {
  switch (kind) {
    case ledger::v1::ENTRY_KIND_REVIEWS_LISTED:
    case ledger::v1::ENTRY_KIND_REVIEW_PROPOSED:
    case ledger::v1::ENTRY_KIND_REVIEW_RESOLVED:
    case ledger::v1::ENTRY_KIND_REVIEW_OVERDUE:
    case ledger::v1::ENTRY_KIND_PERSONS_MERGED:
    case ledger::v1::ENTRY_KIND_RECORD_QUESTION_PUT:
    case ledger::v1::ENTRY_KIND_RECORD_QUESTION_ANSWERED:
    case ledger::v1::ENTRY_KIND_RECORD_QUESTIONS_LISTED:
      return true;
    default:
      return false;
  }
}

// The consent that an entry is about, blinded; empty: about none.
std::string ConsentRefOf(const LedgerEntry& entry) {
  switch (entry.kind()) {
    case ledger::v1::ENTRY_KIND_CONSENT_RECORDED:
      return entry.consent_recorded().consent_ref();
    case ledger::v1::ENTRY_KIND_CONSENT_WITHDRAWN:
      return entry.consent_withdrawn().consent_ref();
    case ledger::v1::ENTRY_KIND_CONSENT_HISTORY_READ:
      return entry.consent_history_read().consent_ref();
    case ledger::v1::ENTRY_KIND_CONSENT_ANSWERED:
      return entry.consent_answered().consent_ref();
    default:
      return "";
  }
}

std::string GroupOf(uint64_t look) { return absl::StrCat("look-", look); }

// Goes through the entries about one person from the oldest on.
class Accesses {
 public:
  Accesses(const people::Person& person, const Tellable& tellable, const AccessesAsked& asked,
           Exclusions* exclusions)
      : person_(person), tellable_(tellable), asked_(asked), exclusions_(exclusions) {}

  // `blinding`: of the id that the entry was about.
  void Add(const LedgerEntry& entry, const ledger::Blinding& blinding) {
    v1::HeldAccess access = Compose(entry, blinding);
    if (!MayTell(entry, blinding, access)) return;
    if (tellable_.IsOwn(entry.agency_id()) && !entry.practitioner_id().empty() &&
        exclusions_->Includes(v1::EXCLUSION_REASON_THIRD_PARTY, kWorkers)) {
      access.set_practitioner_id(entry.practitioner_id());
    }
    if (asked_.before != 0 && entry.index() >= asked_.before) return;
    told_.push_back(std::move(access));
    if (told_.size() <= static_cast<size_t>(asked_.accesses_max)) return;
    told_.pop_front();
    exclusions_->LeaveOlder();
  }

  void AddTo(v1::PersonExport* held) {
    for (v1::HeldAccess& access : told_) *held->add_accesses() = std::move(access);
  }

 private:
  bool MayTell(const LedgerEntry& entry, const ledger::Blinding& blinding,
               const v1::HeldAccess& access) {
    if (!tellable_.Agency(entry.agency_id()) || IsOfStewards(entry.kind())) return false;
    const bool own = tellable_.IsOwn(entry.agency_id());
    if (entry.kind() == ledger::v1::ENTRY_KIND_OVERRIDE_ESCALATED) return false;
    if (entry.kind() == ledger::v1::ENTRY_KIND_OVERRIDE_REVIEWED) {
      return own && IncludesPart(GroupOf(entry.override_reviewed().entry_index()));
    }
    if (entry.kind() == ledger::v1::ENTRY_KIND_OVERRIDES_READ) {
      // Without the look that it stood on, which is past its retention, it would be told alone.
      return own && !overrides_.empty() &&
             std::all_of(overrides_.begin(), overrides_.end(),
                         [this](const std::string& look) { return IncludesPart(look); });
    }
    if (entry.kind() == ledger::v1::ENTRY_KIND_DELIVERY) {
      return entry.outcome() == ledger::v1::OUTCOME_DELIVERED && !TellsHolder(entry) &&
             access.items_released() > 0;
    }
    if (entry.kind() == ledger::v1::ENTRY_KIND_FLAG_CHANGED &&
        !MayTellFlag(entry, entry.flag_changed().flag_ref(), entry.agency_id(), blinding)) {
      return false;
    }
    if (!MayTellConsent(entry, blinding)) return false;
    if (!MightPrejudice(entry)) return true;
    if (!own) return false;
    if (entry.who_knows().has_override()) overrides_.push_back(GroupOf(entry.index()));
    return exclusions_->IncludesLook(GroupOf(entry.index()), access);
  }

  bool IncludesPart(const std::string& look) {
    return exclusions_->Includes(v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION, look);
  }

  static bool TellsHolder(const LedgerEntry& entry) {
    return std::any_of(
        entry.released().begin(), entry.released().end(), [](const ledger::v1::Released& released) {
          return std::count(released.rules().begin(), released.rules().end(), kTellHolder) != 0;
        });
  }

  // Whether the flag of `holder` that an entry names may be told of.
  bool MayTellFlag(const LedgerEntry& entry, const std::string& flag_ref, const std::string& holder,
                   const ledger::Blinding& blinding) const {
    if (!tellable_.Agency(holder)) return false;
    if (tellable_.AnythingOf(holder)) return true;
    for (const stored::FlagRow& flag : person_.flags()) {
      if (flag.agency_id() == holder && blinding.Ref(entry.nonce(), flag.flag_id()) == flag_ref) {
        return tellable_.Flag(flag);
      }
    }
    return false;
  }

  bool MayTellConsent(const LedgerEntry& entry, const ledger::Blinding& blinding) const {
    const std::string ref = ConsentRefOf(entry);
    return ref.empty() || std::any_of(asked_.consents_told.begin(), asked_.consents_told.end(),
                                      [&](const std::string& consent_id) {
                                        return blinding.Ref(entry.nonce(), consent_id) == ref;
                                      });
  }

  v1::HeldAccess Compose(const LedgerEntry& entry, const ledger::Blinding& blinding) const {
    v1::HeldAccess access;
    *access.mutable_at() = request::ToTimestamp(absl::FromUnixMicros(entry.sequenced_at_us()));
    access.set_kind(entry.kind());
    access.set_agency_id(entry.agency_id());
    access.set_role(entry.role());
    access.set_purpose(static_cast<v1::Purpose>(entry.purpose()));
    // What is shown of a flag may rest on several things, and counts once.
    std::set<std::pair<std::string, int>> items;
    for (const ledger::v1::Released& released : entry.released()) {
      if (!MayTellFlag(entry, released.flag_ref(), released.holder_agency_id(), blinding)) continue;
      for (const int aspect : released.aspects()) items.emplace(released.flag_ref(), aspect);
    }
    access.set_items_released(static_cast<int>(items.size()));
    access.set_entry_index(entry.index());
    return access;
  }

  const people::Person& person_;
  const Tellable& tellable_;
  const AccessesAsked& asked_;
  Exclusions* const exclusions_;
  std::vector<std::string> overrides_;  // looks of the officer's own agency under an override
  std::deque<v1::HeldAccess> told_;
};

// Every entry about them, oldest first, with the id that it was about: their own or one that was
// merged into theirs.
absl::StatusOr<std::map<uint64_t, base::PersonId>> EntriesAbout(const store::View& view,
                                                                const people::Person& person) {
  std::vector<base::PersonId> ids = {person.id()};
  for (const std::string& merged : person.row().merged_from()) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(merged));
    ids.push_back(id);
  }
  const ledger::PersonIndex index(&view);
  std::map<uint64_t, base::PersonId> entries;
  for (const base::PersonId& id : ids) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> some, index.EntriesOf(id));
    for (const uint64_t number : some) entries.try_emplace(number, id);
  }
  return entries;
}

}  // namespace

absl::Status ComposeAccesses(const store::View& view, const people::People& people,
                             const people::Person& person, const Tellable& tellable,
                             const AccessesAsked& asked, v1::PersonExport* held,
                             Exclusions* exclusions) {
  SIGNPOST_ASSIGN_OR_RETURN(const auto entries, EntriesAbout(view, person));
  const ledger::LedgerReader reader(&view);
  std::map<std::string, ledger::Blinding> blindings;
  Accesses accesses(person, tellable, asked, exclusions);
  for (const auto& [index, id] : entries) {
    const absl::StatusOr<std::string> bytes = reader.Entry(index);
    if (ledger::IsPruned(bytes.status())) continue;
    if (!bytes.ok()) return bytes.status();
    SIGNPOST_ASSIGN_OR_RETURN(const LedgerEntry entry, ledger::ParseEntry(*bytes));
    auto blinding = blindings.find(id.ToBytes());
    if (blinding == blindings.end()) {
      SIGNPOST_ASSIGN_OR_RETURN(ledger::Blinding read, people.BlindingOf(view, id));
      blinding = blindings.emplace(id.ToBytes(), std::move(read)).first;
    }
    accesses.Add(entry, blinding->second);
  }
  accesses.AddTo(held);
  return absl::OkStatus();
}

}  // namespace signpost::subject_rights
