#include "hub/disclosure/flag_facts.h"

#include "signpost/v1/common.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::disclosure {

using policy::Tri;

namespace {

Tri Known(bool value) { return value ? Tri::kYes : Tri::kNo; }

}  // namespace

policy::PersonFacts FactsOf(const people::Person* person) {
  policy::PersonFacts facts;
  // That a service is involved names no victim.
  facts.names_victim = Tri::kNo;
  if (person == nullptr) return facts;
  facts.shielded = Known(person->shielded());
  // The hub joins no old identity to a new one, so nobody in it has two. Not to know it of who is
  // shielded would hide every shielded child whole, from those too who look out for them.
  facts.new_identity = Tri::kNo;
  return facts;
}

policy::Item FlagFacts(const policy::Policy& policy, const registry::Directory& directory,
                       const policy::PersonFacts& facts,
                       const ::signpost::store::v1::FlagRow& flag) {
  policy::Item item;
  item.holder = policy.AgencySymbol(flag.agency_id());
  item.service = policy.ServiceSymbol(flag.service());
  item.open = Known(flag.status() == v1::FLAG_STATUS_OPEN);
  item.disputed = Known(flag.disputed());
  item.marked_sensitive = Tri::kNo;
  item.shielded = facts.shielded;
  item.new_identity = facts.new_identity;
  item.names_victim = facts.names_victim;
  // The hub holds no offences: while a case is open its offence is not spent; of others it does
  // not know.
  item.spent_offence = item.open == Tri::kYes ? Tri::kNo : Tri::kUnknown;
  // Every agency that feeds the hub takes brokered contact; one that does not cannot be asked.
  const registry::Agency* agency = directory.FindAgency(flag.agency_id());
  item.brokerable = Known(agency != nullptr && agency->feeds_index && !agency->suspended);
  return item;
}

Tri SectionNamesVictim(const policy::Policy& policy, policy::Symbol section) {
  return policy.MayNameVictim(section) ? Tri::kUnknown : Tri::kNo;
}

}  // namespace signpost::disclosure
