#include "hub/subject_rights/tellable.h"

#include <algorithm>

#include "hub/base/ids.h"
#include "signpost/v1/index.pb.h"

namespace signpost::subject_rights {

namespace stored = ::signpost::store::v1;

Tellable::Tellable(const request::BoundPolicy* bound, const registry::Directory& directory,
                   const people::Person& person, const std::string& own_agency_id,
                   const std::vector<const stored::FlagRow*>& archived)
    : bound_(bound), directory_(directory), person_(person), own_agency_id_(own_agency_id) {
  const auto know_by = [this](const stored::FlagRow& flag) {
    const bool sensitive = IsSensitive(flag.service());
    const auto [known, first] = by_that_alone_.try_emplace(flag.agency_id(), sensitive);
    known->second = known->second && sensitive;
  };
  for (const stored::FlagRow& flag : person.flags()) know_by(flag);
  for (const stored::FlagRow* const flag : archived) know_by(*flag);
}

bool Tellable::IsSensitive(const std::string& service) const {
  return bound_ == nullptr ||
         bound_->policy->IsSensitiveService(bound_->policy->ServiceSymbol(service));
}

bool Tellable::IsKnownForSensitiveAlone(const std::string& agency_id) const {
  const auto known = by_that_alone_.find(agency_id);
  if (known != by_that_alone_.end()) return known->second;
  const registry::Agency* const agency = directory_.FindAgency(agency_id);
  return agency != nullptr && !agency->services.empty() &&
         std::all_of(agency->services.begin(), agency->services.end(),
                     [this](const std::string& service) { return IsSensitive(service); });
}

bool Tellable::Agency(const std::string& agency_id) const {
  if (agency_id.empty() || IsOwn(agency_id)) return true;
  return !person_.shielded() && !IsKnownForSensitiveAlone(agency_id);
}

bool Tellable::Flag(const stored::FlagRow& flag) const {
  if (IsOwn(flag.agency_id())) return true;
  return !person_.shielded() && !IsSensitive(flag.service());
}

bool Tellable::AnythingOf(const std::string& agency_id) const {
  if (agency_id.empty() || IsOwn(agency_id)) return true;
  const registry::Agency* const agency = directory_.FindAgency(agency_id);
  return Agency(agency_id) &&
         (agency == nullptr ||
          std::none_of(agency->services.begin(), agency->services.end(),
                       [this](const std::string& service) { return IsSensitive(service); }));
}

bool Tellable::OwnOffers(const std::string& service) const {
  const registry::Agency* const own = directory_.FindAgency(own_agency_id_);
  return own != nullptr && std::count(own->services.begin(), own->services.end(), service) != 0;
}

template <typename Row>
bool Tellable::ScopeNamesNothingSensitive(const Row& row) const {
  const auto is_open = [this](const std::string& id) {
    return IsOwn(id) || !IsKnownForSensitiveAlone(id);
  };
  return std::all_of(row.recipient_agency_ids().begin(), row.recipient_agency_ids().end(),
                     is_open) &&
         std::all_of(row.holder_agency_ids().begin(), row.holder_agency_ids().end(), is_open) &&
         std::all_of(row.services().begin(), row.services().end(),
                     [this](const std::string& service) {
                       return OwnOffers(service) || !IsSensitive(service);
                     }) &&
         std::all_of(
             row.exceptions().begin(), row.exceptions().end(),
             [this](const stored::ScopeRow& inner) { return ScopeNamesNothingSensitive(inner); });
}

bool Tellable::NamesNothingSensitive(const stored::ConsentRow& row) const {
  return ScopeNamesNothingSensitive(row) &&
         std::all_of(row.flag_ids().begin(), row.flag_ids().end(), [this](const std::string& id) {
           const auto flag_id = base::FlagId::FromBytes(id);
           const stored::FlagRow* const flag = flag_id.ok() ? person_.FindFlag(*flag_id) : nullptr;
           return flag != nullptr && (IsOwn(flag->agency_id()) || !IsSensitive(flag->service()));
         });
}

bool Tellable::Consent(const stored::ConsentRow& row) const {
  return Agency(row.recorded_by_agency_id()) && NamesNothingSensitive(row);
}

}  // namespace signpost::subject_rights
