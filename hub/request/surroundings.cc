#include "hub/request/surroundings.h"

#include <algorithm>
#include <memory>

#include "hub/request/policy_in_force.h"
#include "hub/request/wire_convert.h"

namespace signpost::request {

namespace {

constexpr char kSocialCare[] = "social-services";

bool IsSensitive(const BoundPolicy* bound, const registry::Directory& directory,
                 const std::string& agency_id) {
  const registry::Agency* const agency = directory.FindAgency(agency_id);
  if (bound == nullptr || agency == nullptr) return true;
  return std::any_of(
      agency->services.begin(), agency->services.end(), [bound](const std::string& service) {
        return bound->policy->IsSensitiveService(bound->policy->ServiceSymbol(service));
      });
}

}  // namespace

bool IsSensitiveAgency(const HubContext& context, const std::string& agency_id) {
  return IsSensitive(context.policy->Get().get(), *context.registry->directory(), agency_id);
}

matching::Surroundings SurroundingsOf(const HubContext& context) {
  matching::Surroundings surroundings;
  surroundings.hidden = [bound = context.policy->Get(),
                         directory = context.registry->directory()](const std::string& agency_id) {
    return IsSensitive(bound.get(), *directory, agency_id);
  };
  surroundings.safeguards = [directory =
                                 context.registry->directory()](const std::string& agency_id) {
    const registry::Agency* const agency = directory->FindAgency(agency_id);
    return agency != nullptr && agency->kind == kSocialCare;
  };
  surroundings.due = [](v1::ReviewHarm harm, absl::Time now) {
    return AddWorkingDays(
        now, harm == v1::REVIEW_HARM_ORDINARY ? kReviewOrdinaryDays : kReviewUrgentDays);
  };
  return surroundings;
}

matching::Eyes EyesOf(const HubContext& context, const base::Principal& asker) {
  matching::Eyes eyes;
  eyes.own.push_back(asker.agency_id);
  const std::shared_ptr<const registry::Directory> directory = context.registry->directory();
  for (const std::string& team_id : asker.team_ids) {
    const registry::Team* const team = directory->FindTeam(team_id);
    if (team != nullptr) eyes.own.push_back(team->home_agency_id);
  }
  eyes.hidden = SurroundingsOf(context).hidden;
  return eyes;
}

}  // namespace signpost::request
