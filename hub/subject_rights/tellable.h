// A Tellable is a judge of what one agency's data protection officer may tell a young person, of
// what all agencies hold and did. It judges by whose it is alone and opens nothing.
//
// What the officer's own agency holds and did is theirs to tell. Of another agency it is told what
// it does openly: nothing of a sensitive service (it answers for itself; which services are, the
// policy says), and while the person is shielded nothing at all, for which agencies are about them
// says where they are. So an export of a shielded person is the same to another agency's officer
// wherever they live.
//
// Immutable; thread-safe. The arguments of the constructor must outlive it.

#ifndef SIGNPOST_HUB_SUBJECT_RIGHTS_TELLABLE_H_
#define SIGNPOST_HUB_SUBJECT_RIGHTS_TELLABLE_H_

#include <map>
#include <string>
#include <vector>

#include "hub/people/person.h"
#include "hub/registry/directory.h"
#include "hub/request/policy_in_force.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::subject_rights {

class Tellable {
 public:
  // `bound` null: there is no policy, and every service of others is taken as sensitive. `archived`: their
  // flags that are archived, by which agencies know them too.
  Tellable(const request::BoundPolicy* bound, const registry::Directory& directory,
           const people::Person& person, const std::string& own_agency_id,
           const std::vector<const ::signpost::store::v1::FlagRow*>& archived = {});

  bool IsOwn(const std::string& agency_id) const { return agency_id == own_agency_id_; }
  // Whether the agency may be named as one that holds or did something. Not where it knows the
  // person by a sensitive service alone or, where it has no flag of theirs, offers nothing else.
  // The hub itself (empty) may.
  bool Agency(const std::string& agency_id) const;
  // Whether the flag may be told.
  bool Flag(const ::signpost::store::v1::FlagRow& flag) const;
  // Whether what that agency holds or did may be told where it cannot be said for which service:
  // not where it offers a sensitive one.
  bool AnythingOf(const std::string& agency_id) const;
  // Whether the consent may be told: who recorded it, and whom and what it names, exceptions too.
  bool Consent(const ::signpost::store::v1::ConsentRow& row) const;

 private:
  bool IsSensitive(const std::string& service) const;
  bool OwnOffers(const std::string& service) const;
  // As Agency(), but for the shield and as of any other agency.
  bool IsKnownForSensitiveAlone(const std::string& agency_id) const;
  // Whether nothing that it names is another agency's sensitive service.
  bool NamesNothingSensitive(const ::signpost::store::v1::ConsentRow& row) const;
  template <typename Row>
  bool ScopeNamesNothingSensitive(const Row& row) const;

  const request::BoundPolicy* const bound_;
  const registry::Directory& directory_;
  const people::Person& person_;
  const std::string own_agency_id_;
  std::map<std::string, bool> by_that_alone_;  // agencies with flags: whether all are sensitive
};

}  // namespace signpost::subject_rights

#endif  // SIGNPOST_HUB_SUBJECT_RIGHTS_TELLABLE_H_
