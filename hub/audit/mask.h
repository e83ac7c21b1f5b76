// Mask is a pair of spectacles through which one auditor alone reads entries: whatever names an
// agency of a sensitive service reads "(masked)". That such a service works with somebody is what
// its clients trust it not to tell; who looks at the record of all looks would otherwise learn it of
// everybody.
//
// Entries are hashed verbatim, so a masked entry is not what was hashed: it says so itself
// (LedgerEntry.masked), and is given beside its leaf hash. From the two nobody can find out what was
// masked by trying: the nonce, which every entry has, is left out.
//
// What is masked: of an act of such an agency who acted (agency, system, worker, role, teams), its
// counter and request; of what it held the agency, rules and agreement; each rule and agreement whose
// text names it, whoever acted; and any other text that is its id or has it between slashes. Kinds,
// times, purposes, outcomes and counts stay.
//
// Pure. A SensitiveNames is immutable once filled; thread-safe.

#ifndef SIGNPOST_HUB_AUDIT_MASK_H_
#define SIGNPOST_HUB_AUDIT_MASK_H_

#include <optional>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "hub/tlog/entry_fields.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::audit {

using tlog::kMaskedWord;

// Ids that name agencies of sensitive services.
class SensitiveNames {
 public:
  // `id` (of an agency, a team, a service) names `agency_id`.
  void Add(absl::string_view id, absl::string_view agency_id);

  // `word` leads to one where a policy says it, as a kind of agency does, and is no id in entries.
  void AddPolicyWord(absl::string_view word) { policy_words_.emplace(word); }

  // Whether `text` is such an id, or has one as a whole part between slashes: "agency/worker", a
  // SPIFFE id.
  bool Names(absl::string_view text) const { return AgenciesNamed(text) != nullptr; }
  // The agencies that it names; nullptr for none.
  const std::set<std::string>* AgenciesNamed(absl::string_view text) const;

  // Rules and agreements of a policy's text whose paragraph names one of them, says a word that
  // leads to one, or names a group with such a word in it. The group `sensitive`, which every policy
  // has, leads to all alike and does not count.
  absl::flat_hash_set<std::string> RulesThatName(absl::string_view policy_text) const;

 private:
  absl::flat_hash_map<std::string, std::set<std::string>> agencies_;  // by id
  absl::flat_hash_set<std::string> policy_words_;
};

// Whether the rule or agreement of this id names an agency of a sensitive service.
using RuleNames = absl::FunctionRef<bool(const std::string& rule)>;

// `entry` as one auditor alone may read it; nullopt where it may be read as it stands.
std::optional<ledger::v1::LedgerEntry> Masked(const ledger::v1::LedgerEntry& entry,
                                              const SensitiveNames& names, RuleNames rule_names);

// The agencies of sensitive services that `entry` names by an id, not by a rule alone.
std::set<std::string> AgenciesNamedIn(const ledger::v1::LedgerEntry& entry,
                                      const SensitiveNames& names);

}  // namespace signpost::audit

#endif  // SIGNPOST_HUB_AUDIT_MASK_H_
