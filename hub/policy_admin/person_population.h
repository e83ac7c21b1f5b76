// PersonPopulation is a population of one young person that says of each of their flags what the
// door would ask a policy about: so that what a draft would change for them is counted where it is
// counted for any population (policy/analysis/whatif.h).
//
// The facts are those that disclosure/evaluator.h gathers for an answer, and a test holds both
// equal. It reads nothing but what it is given, which must outlive it unchanged; not thread-safe.

#ifndef SIGNPOST_HUB_POLICY_ADMIN_PERSON_POPULATION_H_
#define SIGNPOST_HUB_POLICY_ADMIN_PERSON_POPULATION_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "hub/base/principal.h"
#include "hub/disclosure/consent_facts.h"
#include "hub/disclosure/involvement.h"
#include "hub/people/person.h"
#include "hub/registry/directory.h"
#include "policy/analysis/whatif.h"
#include "policy/policy.h"

namespace signpost::policy_admin {

// `asker` as one who asks for `purpose`, without a statement of necessity.
policy::AskerPurpose AskerPurposeOf(const policy::Policy& policy, const base::Principal& asker,
                                    policy::Purpose purpose);

class PersonPopulation {
 public:
  // As `person` stands at `now`, and as each of `askers` is related to them: in their order, each
  // `purposes` times, once for every purpose that it will be asked with. A consent that names
  // practitioners covers one asker who is among them, if `askers_are` themselves; it covers nobody
  // where each stands for everybody of their agency, role and teams. REQUIRES: one asker, where they
  // are themselves.
  using AskerIs = disclosure::AskerIs;
  PersonPopulation(const policy::Policy& policy, const people::People& people,
                   const registry::Directory& directory, absl::Span<const base::Principal> askers,
                   AskerIs askers_are, size_t purposes, const people::Person& person,
                   absl::Time now);
  PersonPopulation(const PersonPopulation&) = delete;
  PersonPopulation& operator=(const PersonPopulation&) = delete;

  // Valid while this is.
  policy::Population Get() const;

 private:
  disclosure::ConsentFacts consents_;
  std::vector<policy::PersonItem> items_;
  std::vector<policy::PersonConsents> consent_sets_;
  std::vector<std::vector<policy::Symbol>> assessments_;
  std::vector<std::vector<policy::AskerRelation>> related_;
};

}  // namespace signpost::policy_admin

#endif  // SIGNPOST_HUB_POLICY_ADMIN_PERSON_POPULATION_H_
