#include "hub/policy_admin/person_population.h"

#include <algorithm>
#include <string>
#include <utility>

#include "hub/disclosure/flag_facts.h"
#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::policy_admin {

namespace stored = ::signpost::store::v1;
using policy::PersonItem;
using policy::Tri;

namespace {

Tri Known(bool value) { return value ? Tri::kYes : Tri::kNo; }

// What the hub knows of a flag.
PersonItem ItemOf(const policy::Item& facts) {
  PersonItem item;
  item.holder = facts.holder;
  item.service = facts.service;
  item.Set(PersonItem::kOpen, facts.open);
  item.Set(PersonItem::kDisputed, facts.disputed);
  item.Set(PersonItem::kMarkedSensitive, facts.marked_sensitive);
  item.Set(PersonItem::kShielded, facts.shielded);
  item.Set(PersonItem::kNewIdentity, facts.new_identity);
  item.Set(PersonItem::kSpentOffence, facts.spent_offence);
  item.Set(PersonItem::kNamesVictim, facts.names_victim);
  item.Set(PersonItem::kBrokerable, facts.brokerable);
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
  const policy::PersonFacts of_person = disclosure::FactsOf(&person);
  for (const stored::FlagRow& flag : person.flags()) {
    if (flag.status() == v1::FLAG_STATUS_RETRACTED) continue;
    policy::Item facts = disclosure::FlagFacts(policy, directory, of_person, flag);
    PersonItem item = ItemOf(facts);
    consents_.Put(flag, &facts);
    std::vector<policy::Symbol> kinds;
    for (const stored::AssessmentRow& assessment : flag.assessments()) {
      const policy::Symbol kind = policy.AssessmentSymbol(assessment.kind());
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
    }
    item.consents = static_cast<uint16_t>(consent_sets_.size());
    item.assessments = static_cast<uint16_t>(assessments_.size());
    consent_sets_.push_back(
        {{facts.consents.begin(), facts.consents.end()}, facts.sixteen_from_s, facts.adult_from_s});
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
