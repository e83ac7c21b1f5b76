#include "hub/disclosure/involvement.h"

#include <algorithm>
#include <string>

#include "absl/container/inlined_vector.h"
#include "hub/base/check.h"
#include "policy/supplied.h"
#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/common.pb.h"

namespace signpost::disclosure {
namespace {

namespace stored = ::signpost::store::v1;
using policy::Relationship;

// Calls `visit(flag, settled)` with each open flag of the agency.
template <typename Visit>
void EachOpenFlag(const people::People& people, const registry::Directory& directory,
                  const std::string& agency_id, const people::Person& person, absl::Time now,
                  Visit visit) {
  absl::InlinedVector<absl::Time, 8> lists;
  bool read = false;
  for (const stored::FlagRow& flag : person.flags()) {
    if (flag.agency_id() != agency_id || flag.status() != v1::FLAG_STATUS_OPEN) continue;
    if (!read) lists = directory.CompleteLists(agency_id);
    read = true;
    visit(flag, people::StandingOf(flag, people.standing_rules(), lists, now) ==
                    people::Standing::kSettled);
  }
}

// Whoever finds another relationship says so in the table that `signpost policy check` reads.
void HoldToTable(const policy::RelationshipFacts& facts) {
  CHECK(((facts.yes | facts.unknown) & ~policy::kSuppliedRelationships) == 0);
}

}  // namespace

policy::RelationshipFacts InvolvementOf(const people::People& people,
                                        const registry::Directory& directory,
                                        const base::Principal& asker, AskerIs asker_is,
                                        const people::Person& person, absl::Time now) {
  policy::RelationshipFacts facts;
  EachOpenFlag(
      people, directory, asker.agency_id, person, now,
      [&](const stored::FlagRow& flag, bool settled) {
        facts.yes |= policy::kAgencyInvolved;
        if (asker.has_practitioner()) {
          const bool named =
              asker_is == AskerIs::kAKind || people.NamesWorker(flag, asker.practitioner_id) ||
              std::any_of(asker.team_ids.begin(), asker.team_ids.end(),
                          [&](const std::string& team) { return people.NamesTeam(flag, team); });
          const bool covered =
              std::any_of(asker.covers.begin(), asker.covers.end(), [&](const base::Cover& cover) {
                return now < cover.until && people.NamesWorker(flag, cover.practitioner_id);
              });
          if (!named && !covered) return;
          if (named) facts.yes |= policy::Bit(Relationship::kNamedWorker);
          if (covered) facts.yes |= policy::Bit(Relationship::kCover);
        }
        if (settled) facts.yes |= policy::Bit(Relationship::kSettledInvolvement);
      });
  HoldToTable(facts);
  return facts;
}

policy::RelationshipFacts TeamInvolvement(const people::People& people,
                                          const registry::Directory& directory,
                                          const registry::Team& team, const people::Person& person,
                                          absl::Time now) {
  policy::RelationshipFacts facts;
  EachOpenFlag(people, directory, team.home_agency_id, person, now,
               [&](const stored::FlagRow& flag, bool settled) {
                 facts.yes |= policy::kAgencyInvolved;
                 if (!flag.team_hash().empty() && !people.NamesTeam(flag, team.team_id)) return;
                 facts.yes |= policy::Bit(Relationship::kNamedWorker);
                 if (settled) facts.yes |= policy::Bit(Relationship::kSettledInvolvement);
               });
  HoldToTable(facts);
  return facts;
}

}  // namespace signpost::disclosure
