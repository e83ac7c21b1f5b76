#include "hub/registry/enrolment.h"

#include <algorithm>

namespace signpost::registry {
namespace {

bool Contains(const std::vector<std::string>& sorted, const std::string& word) {
  return std::binary_search(sorted.begin(), sorted.end(), word);
}

// Enrolment in a team ends with what it rests on: the team, its being open to the agency, and its home
// agency's taking part. The row still names it, for when that comes back.
bool Stands(const Directory& directory, const std::string& agency_id, const std::string& team_id) {
  const Team* team = directory.FindTeam(team_id);
  if (team == nullptr || !Contains(team->agency_ids, agency_id)) return false;
  const Agency* home = directory.FindAgency(team->home_agency_id);
  return home != nullptr && !home->suspended;
}

}  // namespace

std::vector<std::string> EnrolledPractitioner::team_ids() const {
  std::vector<std::string> standing;
  for (const std::string& team_id : enrolment_->team_ids) {
    if (Stands(*directory_, agency_id(), team_id)) standing.push_back(team_id);
  }
  return standing;
}

std::vector<base::Cover> EnrolledPractitioner::covers() const {
  std::vector<base::Cover> covers;
  for (const EnrolledCover& cover : enrolment_->covers) {
    covers.push_back({cover.practitioner_id, cover.until});
  }
  return covers;
}

bool EnrolledPractitioner::HasRole(const std::string& role) const {
  return Contains(enrolment_->roles, role);
}

bool EnrolledPractitioner::HadRoleBefore(const std::string& role, uint64_t number) const {
  return std::any_of(
      enrolment_->role_numbers.begin(), enrolment_->role_numbers.end(),
      [&](const auto& given) { return given.first == role && given.second < number; });
}

bool EnrolledPractitioner::InTeam(const std::string& team_id) const {
  return Contains(enrolment_->team_ids, team_id) && Stands(*directory_, agency_id(), team_id);
}

Enrolments::Row Enrolments::Find(const std::string& agency_id,
                                 const std::string& practitioner_id) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto agency = table_.find(agency_id);
  if (agency == table_.end()) return nullptr;
  const auto row = agency->second.find(practitioner_id);
  if (row == agency->second.end()) return nullptr;
  return row->second;
}

std::vector<std::shared_ptr<const Enrolment>> Enrolments::AllOf(
    const std::string& agency_id) const {
  std::vector<std::shared_ptr<const Enrolment>> all;
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto agency = table_.find(agency_id);
    if (agency == table_.end()) return all;
    for (const auto& [practitioner_id, row] : agency->second) {
      if (row.ok() && *row != nullptr) all.push_back(*row);
    }
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a->practitioner_id < b->practitioner_id; });
  return all;
}

void Enrolments::Put(const std::string& agency_id, const std::string& practitioner_id, Row row) {
  absl::MutexLock lock(&mutex_);
  table_[agency_id].insert_or_assign(practitioner_id, std::move(row));
}

void Enrolments::Replace(Table table) {
  absl::MutexLock lock(&mutex_);
  table_.swap(table);  // the old one goes after the lock
}

}  // namespace signpost::registry
