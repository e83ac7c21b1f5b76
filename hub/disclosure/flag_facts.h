// These say what the hub knows of one flag, as the facts of a policy's item.
//
// Which facts that are, and of which it knows only part or nothing, is told by one table
// (policy/supplied.h), so that `signpost policy check` can name the rules that rest on what nobody
// supplies. Whoever feeds another fact here changes the table with it: tests/disclosure holds the
// two together. What an asker has to do with the person is in involvement.h, what was agreed in
// consent_facts.h.
//
// Pure functions over snapshots; thread-safe.

#ifndef SIGNPOST_HUB_DISCLOSURE_FLAG_FACTS_H_
#define SIGNPOST_HUB_DISCLOSURE_FLAG_FACTS_H_

#include "hub/people/person.h"
#include "hub/registry/directory.h"
#include "policy/policy.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::disclosure {

// What is known of `person` whatever flag is asked about; of nobody, for nullptr, nothing is.
policy::PersonFacts FactsOf(const people::Person* person);

// All but aspect, paper, section and consents. REQUIRES: `flag` is of the person of `facts`.
policy::Item FlagFacts(const policy::Policy& policy, const registry::Directory& directory,
                       const policy::PersonFacts& facts,
                       const ::signpost::store::v1::FlagRow& flag);

// Whether a section of a paper under a flag names somebody's victim. The hub holds no papers: of
// those that may (policy::Policy::MayNameVictim()) it does not know.
policy::Tri SectionNamesVictim(const policy::Policy& policy, policy::Symbol section);

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_FLAG_FACTS_H_
