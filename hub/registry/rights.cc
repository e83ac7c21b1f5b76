#include "hub/registry/rights.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"

namespace signpost::registry {

using store::v1::AgencyRow;
using store::v1::PractitionerRow;
using store::v1::TeamRow;

namespace {

template <typename Range, typename Value>
bool Has(const Range& range, const Value& value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

template <typename Value>
void AddOnce(const Value& value, std::vector<Value>* values) {
  if (!Has(*values, value)) values->push_back(value);
}

const store::v1::SystemRow* SystemOf(const AgencyRow& row, const std::string& spiffe_id) {
  for (const store::v1::SystemRow& system : row.systems()) {
    if (system.spiffe_id() == spiffe_id) return &system;
  }
  return nullptr;
}

const store::v1::KeyRow* KeyOf(const AgencyRow& row, const std::string& key_id) {
  for (const store::v1::KeyRow& key : row.assertion_keys()) {
    if (key.key_id() == key_id) return &key;
  }
  return nullptr;
}

// Whether anybody can act as the agency at all.
bool Armed(const AgencyRow& row) { return !row.systems().empty() || !row.assertion_keys().empty(); }

// Keeps of `field` what `before` has too; whether anything went.
template <typename Field, typename Before>
bool KeepOf(const Before& before, Field* field) {
  const int size = field->size();
  field->erase(std::remove_if(field->begin(), field->end(),
                              [&](const auto& one) { return !Has(before, one); }),
               field->end());
  return field->size() != size;
}

std::string DayText(int64_t until_s) {
  // Exclusive: the day before is the last.
  return until_s == 0 ? ""
                      : absl::FormatTime("%Y-%m-%d", absl::FromUnixSeconds(until_s - 1),
                                         absl::UTCTimeZone());
}

// Whether somebody whose date was `before` has it for longer with `after`. Without a date a role that
// needs one is out, and every other is in for ever: either way is said to be longer but the end.
bool Longer(int64_t before, int64_t after) {
  return after != before && (before == 0 || after == 0 || after > before);
}

class Differences {
 public:
  void Add(const std::string& field, const std::string& before, const std::string& after) {
    if (before == after) return;
    v1::RegistryFieldChange change;
    change.set_field(field);
    change.set_before(before);
    change.set_after(after);
    changes_.push_back(std::move(change));
  }
  std::vector<v1::RegistryFieldChange> Take() { return std::move(changes_); }

 private:
  std::vector<v1::RegistryFieldChange> changes_;
};

std::string YesNo(bool yes) { return yes ? "yes" : "no"; }

// As `openssl pkey -pubin -outform DER | sha256sum` gives it: of the key, however its file is written.
std::string Fingerprint(const std::string& pem) {
  const absl::StatusOr<base::PublicKey> key = base::PublicKey::FromPem(pem);
  const absl::StatusOr<std::string> again = key.ok() ? key->Pem() : key.status();
  if (!again.ok()) return "does not parse";
  std::string text;
  for (const absl::string_view line : absl::StrSplit(*again, '\n')) {
    if (!absl::StartsWith(line, "-----")) text.append(line.data(), line.size());
  }
  std::string der;
  if (!absl::Base64Unescape(text, &der)) return "does not parse";
  return absl::StrCat(key->type() == base::KeyType::kEd25519 ? "Ed25519" : "P-256",
                      " SHA256:", absl::BytesToHexString(base::Sha256(der)));
}

std::map<std::string, std::string> KeysOf(const AgencyRow* row) {
  std::map<std::string, std::string> keys;
  if (row == nullptr) return keys;
  for (const store::v1::KeyRow& key : row->assertion_keys()) {
    keys[key.key_id()] = Fingerprint(key.public_key_pem());
  }
  return keys;
}

std::map<std::string, std::string> SystemsOf(const AgencyRow* row) {
  std::map<std::string, std::string> systems;
  if (row == nullptr) return systems;
  for (const store::v1::SystemRow& system : row->systems()) {
    systems[system.spiffe_id()] = system.suspended() ? "suspended" : "may call";
  }
  return systems;
}

void AddEach(const std::string& field, const std::map<std::string, std::string>& before,
             const std::map<std::string, std::string>& after, Differences* out) {
  std::set<std::string> names;
  for (const auto& [name, words] : before) names.insert(name);
  for (const auto& [name, words] : after) names.insert(name);
  for (const std::string& name : names) {
    const auto was = before.find(name);
    const auto is = after.find(name);
    out->Add(absl::StrCat(field, "[", name, "]"), was == before.end() ? "" : was->second,
             is == after.end() ? "" : is->second);
  }
}

}  // namespace

absl::Status WorkerRoles::Check() const {
  for (const char* const role : kNeverOrdinaryRoles) {
    if (ordinary.count(role) > 0) {
      return base::InvalidField("ordinary_roles",
                                absl::StrCat("names ", role,
                                             ", which brings a right whatever this list says; take "
                                             "it out"));
    }
  }
  return absl::OkStatus();
}

bool IsOfficerRole(const std::string& role) {
  return std::any_of(std::begin(kOfficerRoles), std::end(kOfficerRoles),
                     [&](const char* officer) { return role == officer; });
}

// --- What a change gives ---

Gain<AgencyRow> GainOf(const AgencyRow* before, const AgencyRow& after) {
  Gain<AgencyRow> gain;
  const AgencyRow was = before == nullptr ? AgencyRow() : *before;
  AgencyRow lesser = after;
  const auto give = [&](v1::RegistryRight right) { AddOnce(right, &gain.rights); };

  auto* const keys = lesser.mutable_assertion_keys();
  keys->Clear();
  for (const store::v1::KeyRow& key : after.assertion_keys()) {
    const store::v1::KeyRow* const same = KeyOf(was, key.key_id());
    if (same != nullptr && same->public_key_pem() == key.public_key_pem()) {
      *keys->Add() = key;
    } else {
      give(v1::REGISTRY_RIGHT_ASSERTION_KEY);
    }
  }
  auto* const systems = lesser.mutable_systems();
  systems->Clear();
  for (const store::v1::SystemRow& system : after.systems()) {
    const store::v1::SystemRow* const same = SystemOf(was, system.spiffe_id());
    if (same == nullptr && !system.suspended()) {
      give(v1::REGISTRY_RIGHT_SYSTEM);
      continue;
    }
    store::v1::SystemRow* const kept = systems->Add();
    *kept = system;
    if (same != nullptr && same->suspended() && !system.suspended()) {
      give(v1::REGISTRY_RIGHT_RESTORED);
      kept->set_suspended(true);
    }
  }
  if (Armed(was)) {
    if (was.suspended() && !after.suspended()) {
      give(v1::REGISTRY_RIGHT_RESTORED);
      lesser.set_suspended(true);
    }
    if (was.kind() != after.kind()) {
      give(v1::REGISTRY_RIGHT_STANDING);
      lesser.set_kind(was.kind());
    }
    if (KeepOf(was.services(), lesser.mutable_services())) give(v1::REGISTRY_RIGHT_STANDING);
    if (after.relevant_authority() && !was.relevant_authority()) {
      give(v1::REGISTRY_RIGHT_STANDING);
      lesser.set_relevant_authority(false);
    }
  }
  if (!after.deputy_agency_id().empty() && after.deputy_agency_id() != was.deputy_agency_id()) {
    give(v1::REGISTRY_RIGHT_DEPUTY);
    lesser.clear_deputy_agency_id();
  }
  if (!gain.rights.empty()) gain.agency_ids.push_back(after.agency_id());
  gain.lesser = std::move(lesser);
  return gain;
}

Gain<TeamRow> GainOf(const TeamRow* before, const TeamRow& after) {
  Gain<TeamRow> gain;
  if (before == nullptr) {
    gain.rights.push_back(v1::REGISTRY_RIGHT_TEAM);
    gain.agency_ids.push_back(after.home_agency_id());
    return gain;
  }
  TeamRow lesser = after;
  bool more = KeepOf(before->agency_ids(), lesser.mutable_agency_ids());
  more |= KeepOf(before->purposes(), lesser.mutable_purposes());
  if (after.home_agency_id() != before->home_agency_id()) {
    more = true;
    lesser = *before;
    gain.agency_ids.push_back(before->home_agency_id());
  }
  if (more) {
    gain.rights.push_back(v1::REGISTRY_RIGHT_TEAM);
    AddOnce(after.home_agency_id(), &gain.agency_ids);
  }
  gain.lesser = std::move(lesser);
  return gain;
}

Gain<PractitionerRow> GainOf(const PractitionerRow* before, const PractitionerRow& after,
                             const WorkerRoles& roles,
                             absl::FunctionRef<std::string(const std::string&)> home_of) {
  Gain<PractitionerRow> gain;
  const PractitionerRow was = before == nullptr ? PractitionerRow() : *before;
  PractitionerRow lesser = after;
  const auto foreign = [&](const std::string& team_id) {
    return home_of(team_id) != after.agency_id();
  };
  const auto give = [&](v1::RegistryRight right, const std::string& concerned) {
    AddOnce(right, &gain.rights);
    AddOnce(concerned, &gain.agency_ids);
  };
  lesser.clear_roles();
  for (const std::string& role : after.roles()) {
    if (Has(was.roles(), role) || roles.ordinary.count(role) > 0) {
      lesser.add_roles(role);
    } else {
      give(v1::REGISTRY_RIGHT_ROLE, after.agency_id());
    }
  }
  lesser.clear_team_ids();
  for (const std::string& team_id : after.team_ids()) {
    if (Has(was.team_ids(), team_id) || !foreign(team_id)) {
      lesser.add_team_ids(team_id);
    } else {
      give(v1::REGISTRY_RIGHT_MEMBERSHIP, home_of(team_id));
    }
  }
  // What they have already, and go on having.
  const bool has_role =
      std::any_of(lesser.roles().begin(), lesser.roles().end(),
                  [&](const std::string& role) { return roles.ordinary.count(role) == 0; });
  std::vector<std::string> homes;
  for (const std::string& team_id : lesser.team_ids()) {
    if (foreign(team_id)) AddOnce(home_of(team_id), &homes);
  }
  if (before != nullptr && (has_role || !homes.empty())) {
    std::vector<std::string> concerned = homes;
    if (has_role) AddOnce(after.agency_id(), &concerned);
    const auto give_all = [&](v1::RegistryRight right) {
      for (const std::string& agency_id : concerned) give(right, agency_id);
    };
    if (was.suspended() && !after.suspended()) {
      give_all(v1::REGISTRY_RIGHT_RESTORED);
      lesser.set_suspended(true);
    }
    if (Longer(was.vetted_until_s(), after.vetted_until_s())) {
      give_all(v1::REGISTRY_RIGHT_LONGER);
      lesser.set_vetted_until_s(was.vetted_until_s());
    }
    if (Longer(was.trained_until_s(), after.trained_until_s())) {
      give_all(v1::REGISTRY_RIGHT_LONGER);
      lesser.set_trained_until_s(was.trained_until_s());
    }
  }
  if (before != nullptr || !lesser.roles().empty()) gain.lesser = std::move(lesser);
  return gain;
}

// --- What is noted of a row ---

AgencyRow Bare(AgencyRow row) {
  row.clear_suspended_at_s();
  return row;
}

TeamRow Bare(TeamRow row) { return row; }

PractitionerRow Bare(PractitionerRow row) {
  row.clear_covers();
  row.clear_role_since();
  row.clear_officer_until_s();
  return row;
}

AgencyRow Noted(const AgencyRow* before, AgencyRow after, absl::Time now, uint64_t /*number*/) {
  const bool was = before != nullptr && before->suspended();
  after.set_suspended_at_s(before == nullptr ? 0 : before->suspended_at_s());
  if (after.suspended() && !was) after.set_suspended_at_s(absl::ToUnixSeconds(now));
  return after;
}

TeamRow Noted(const TeamRow* /*before*/, TeamRow after, absl::Time /*now*/, uint64_t /*number*/) {
  return after;
}

PractitionerRow Noted(const PractitionerRow* before, PractitionerRow after, absl::Time now,
                      uint64_t number) {
  const PractitionerRow was = before == nullptr ? PractitionerRow() : *before;
  *after.mutable_covers() = was.covers();
  after.clear_role_since();
  for (const std::string& role : after.roles()) {
    store::v1::RoleSinceRow* const since = after.add_role_since();
    since->set_role(role);
    since->set_since_s(absl::ToUnixSeconds(now));
    since->set_number(number);
    for (const store::v1::RoleSinceRow& one : was.role_since()) {
      if (one.role() == role) *since = one;
    }
  }
  const auto officer = [](const PractitionerRow& row) {
    return !row.suspended() && std::any_of(row.roles().begin(), row.roles().end(), IsOfficerRole);
  };
  after.set_officer_until_s(officer(after) ? 0
                            : officer(was) ? absl::ToUnixSeconds(now)
                                           : was.officer_until_s());
  return after;
}

absl::Time LapsesAt(const PractitionerRow& row) {
  absl::Time at = absl::InfiniteFuture();
  for (const int64_t until_s : {row.vetted_until_s(), row.trained_until_s()}) {
    if (until_s != 0) at = std::min(at, absl::FromUnixSeconds(until_s));
  }
  return at;
}

bool ActsAsOfficer(const PractitionerRow& row, absl::Time now) {
  return !row.suspended() && now < LapsesAt(row) &&
         std::any_of(row.roles().begin(), row.roles().end(), IsOfficerRole);
}

// --- In words ---

std::vector<v1::RegistryFieldChange> FieldChanges(const AgencyRow* before, const AgencyRow* after) {
  Differences all;
  const AgencyRow none;
  const AgencyRow& was = before == nullptr ? none : *before;
  const AgencyRow& is = after == nullptr ? none : *after;
  all.Add("name", was.name(), is.name());
  all.Add("kind", was.kind(), is.kind());
  all.Add("services", absl::StrJoin(was.services(), ", "), absl::StrJoin(is.services(), ", "));
  AddEach("systems", SystemsOf(before), SystemsOf(after), &all);
  AddEach("assertion_keys", KeysOf(before), KeysOf(after), &all);
  all.Add("relevant_authority", YesNo(was.relevant_authority()), YesNo(is.relevant_authority()));
  all.Add("feeds_index", YesNo(was.feeds_index()), YesNo(is.feeds_index()));
  all.Add("silence_hours_max", absl::StrCat(was.silence_hours_max()),
          absl::StrCat(is.silence_hours_max()));
  all.Add("suspended", YesNo(was.suspended()), YesNo(is.suspended()));
  all.Add("deputy_agency_id", was.deputy_agency_id(), is.deputy_agency_id());
  return all.Take();
}

std::vector<v1::RegistryFieldChange> FieldChanges(const TeamRow* before, const TeamRow* after) {
  Differences all;
  const TeamRow none;
  const TeamRow& was = before == nullptr ? none : *before;
  const TeamRow& is = after == nullptr ? none : *after;
  const auto purposes = [](const TeamRow& row) {
    std::vector<std::string> words;
    for (const int purpose : row.purposes()) {
      words.push_back(v1::Purpose_Name(static_cast<v1::Purpose>(purpose)));
    }
    return absl::StrJoin(words, ", ");
  };
  all.Add("name", was.name(), is.name());
  all.Add("home_agency_id", was.home_agency_id(), is.home_agency_id());
  all.Add("agency_ids", absl::StrJoin(was.agency_ids(), ", "),
          absl::StrJoin(is.agency_ids(), ", "));
  all.Add("purposes", purposes(was), purposes(is));
  return all.Take();
}

std::vector<v1::RegistryFieldChange> FieldChanges(const PractitionerRow* before,
                                                  const PractitionerRow* after) {
  Differences all;
  const PractitionerRow none;
  const PractitionerRow& was = before == nullptr ? none : *before;
  const PractitionerRow& is = after == nullptr ? none : *after;
  all.Add("roles", absl::StrJoin(was.roles(), ", "), absl::StrJoin(is.roles(), ", "));
  all.Add("team_ids", absl::StrJoin(was.team_ids(), ", "), absl::StrJoin(is.team_ids(), ", "));
  all.Add("suspended", YesNo(was.suspended()), YesNo(is.suspended()));
  all.Add("vetted_until", DayText(was.vetted_until_s()), DayText(is.vetted_until_s()));
  all.Add("trained_until", DayText(was.trained_until_s()), DayText(is.trained_until_s()));
  // By what auditors find look-ups of relatives: that it changes, and not to what.
  const auto mark = [&](const char* field, const std::string& a, const std::string& b) {
    if (a != b) all.Add(field, a.empty() ? "" : "as before", b.empty() ? "taken away" : "another");
  };
  mark("surname", was.surname_hash(), is.surname_hash());
  mark("home_postcode", was.postcode_hash(), is.postcode_hash());
  return all.Take();
}

}  // namespace signpost::registry
