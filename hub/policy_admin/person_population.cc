#include "hub/policy_admin/person_population.h"

#include <algorithm>
#include <string>
#include <utility>

#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::policy_admin {

namespace stored = ::signpost::store::v1;
using policy::PersonItem;
using policy::Tri;

namespace {

Tri Known(bool value) { return value ? Tri::kYes : Tri::kNo; }

// What the hub knows of a flag. It keeps no new identities (a person who has one is shielded), no
// offences and no papers.
PersonItem ItemOf(const policy::Policy& policy, const registry::Directory& directory,
                  const people::Person& person, const stored::FlagRow& flag) {
  const bool open = flag.status() == v1::FLAG_STATUS_OPEN;
  const registry::Agency* holder = directory.FindAgency(flag.agency_id());
  PersonItem item;
  item.holder = policy.AgencySymbol(flag.agency_id());
  item.service = policy.ServiceSymbol(flag.service());
  item.Set(PersonItem::kOpen, Known(open));
  item.Set(PersonItem::kDisputed, Known(flag.disputed()));
  item.Set(PersonItem::kMarkedSensitive, Tri::kNo);
  item.Set(PersonItem::kShielded, Known(person.shielded()));
  item.Set(PersonItem::kNewIdentity, person.shielded() ? Tri::kUnknown : Tri::kNo);
  item.Set(PersonItem::kSpentOffence, open ? Tri::kNo : Tri::kUnknown);
  item.Set(PersonItem::kNamesVictim, Tri::kNo);
  item.Set(PersonItem::kBrokerable,
           Known(holder != nullptr && holder->feeds_index && !holder->suspended));
  return item;
}

policy::AskerRelation RelationOf(const policy::Policy& policy, const people::People& people,
                                 const registry::Directory& directory, const base::Principal& asker,
                                 disclosure::AskerIs asker_is, const people::Person& person,
                                 absl::Time now) {
  policy::AskerRelation related;
  related.relationships =
      disclosure::InvolvementOf(people, directory, asker, asker_is, person, now);
  for (const std::string& team_id : asker.team_ids) {
    const registry::Team* team = directory.FindTeam(team_id);
    if (team == nullptr) continue;
    related.teams.push_back({policy.TeamSymbol(team_id),
                             disclosure::TeamInvolvement(people, directory, *team, person, now)});
  }
  return related;
}

}  // namespace

policy::AskerPurpose AskerPurposeOf(const policy::Policy& policy, const base::Principal& asker,
                                    policy::Purpose purpose) {
  policy::AskerPurpose one;
  one.agency = policy.AgencySymbol(asker.agency_id);
  one.role = policy.RoleSymbol(asker.role);
  one.is_practitioner = Known(asker.has_practitioner());
  one.purpose = purpose;
  one.necessity_stated = Tri::kNo;
  return one;
}

PersonPopulation::PersonPopulation(const policy::Policy& policy, const people::People& people,
                                   const registry::Directory& directory,
                                   absl::Span<const base::Principal> askers, AskerIs askers_are,
                                   size_t purposes, const people::Person& person, absl::Time now) {
  consents_.Gather(policy, askers_are == AskerIs::kOneself ? askers[0] : base::Principal(), &person,
                   absl::ToUnixSeconds(now));
  for (const stored::FlagRow& flag : person.flags()) {
    if (flag.status() == v1::FLAG_STATUS_RETRACTED) continue;
    PersonItem item = ItemOf(policy, directory, person, flag);
    policy::Item facts;
    consents_.Put(flag, &facts);
    std::vector<policy::Symbol> kinds;
    for (const stored::AssessmentRow& assessment : flag.assessments()) {
      const policy::Symbol kind = policy.AssessmentSymbol(assessment.kind());
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
    }
    item.consents = static_cast<uint16_t>(consent_sets_.size());
    item.assessments = static_cast<uint16_t>(assessments_.size());
    consent_sets_.push_back({{facts.consents.begin(), facts.consents.end()}, facts.adult_from_s});
    assessments_.push_back(std::move(kinds));
    items_.push_back(item);
  }
  std::vector<policy::AskerRelation> related;
  related.reserve(askers.size() * purposes);
  for (const base::Principal& asker : askers) {
    related.insert(related.end(), purposes,
                   RelationOf(policy, people, directory, asker, askers_are, person, now));
  }
  related_.push_back(std::move(related));
}

policy::Population PersonPopulation::Get() const {
  policy::Population people;
  people.items = items_;
  people.consents = consent_sets_;
  people.related = related_;
  people.assessments = assessments_;
  return people;
}

}  // namespace signpost::policy_admin
