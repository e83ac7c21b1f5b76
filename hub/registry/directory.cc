#include "hub/registry/directory.h"

#include <algorithm>

namespace signpost::registry {

const Agency* Directory::FindAgency(const std::string& agency_id) const {
  const auto it = agencies_.find(agency_id);
  return it == agencies_.end() ? nullptr : it->second.agency.get();
}

const Team* Directory::FindTeam(const std::string& team_id) const {
  const auto it = teams_.find(team_id);
  return it == teams_.end() ? nullptr : it->second.get();
}

std::vector<std::shared_ptr<const Agency>> Directory::Agencies() const {
  std::vector<std::shared_ptr<const Agency>> agencies;
  agencies.reserve(agencies_.size());
  for (const auto& [id, slot] : agencies_) agencies.push_back(slot.agency);
  return agencies;
}

std::vector<std::shared_ptr<const Team>> Directory::Teams() const {
  std::vector<std::shared_ptr<const Team>> teams;
  teams.reserve(teams_.size());
  for (const auto& [id, team] : teams_) teams.push_back(team);
  return teams;
}

std::vector<std::string> Directory::MailboxSystems(const std::string& agency_id) const {
  std::vector<std::string> systems;
  const Agency* agency = FindAgency(agency_id);
  if (agency == nullptr) return systems;
  for (const System& system : agency->systems) {
    if (std::find(mailbox_system_names_.begin(), mailbox_system_names_.end(), system.name) !=
        mailbox_system_names_.end()) {
      systems.push_back(system.spiffe_id);
    }
  }
  return systems;
}

std::optional<FeedTimes> Directory::Feed(const std::string& agency_id) const {
  const auto it = agencies_.find(agency_id);
  return it == agencies_.end() ? std::nullopt : it->second.feed->times();
}

absl::InlinedVector<absl::Time, 8> Directory::CompleteLists(const std::string& agency_id) const {
  absl::InlinedVector<absl::Time, 8> lists;
  const auto it = agencies_.find(agency_id);
  if (it == agencies_.end()) return lists;
  for (const std::atomic<int64_t>& at_s : it->second.feed->lists_s) {
    const int64_t list_s = at_s.load(std::memory_order_relaxed);
    if (list_s != 0) lists.push_back(absl::FromUnixSeconds(list_s));
  }
  return lists;
}

std::optional<FeedTimes> Directory::FeedState::times() const {
  // `until` is stored last, so that whoever sees it sees `since` too.
  const int64_t until = until_s.load(std::memory_order_acquire);
  if (until == 0) return std::nullopt;
  const int64_t since = since_s.load(std::memory_order_relaxed);
  return FeedTimes{absl::FromUnixSeconds(since), absl::FromUnixSeconds(until)};
}

void Directory::ForEachAgency(
    absl::FunctionRef<void(const Agency&, const std::optional<FeedTimes>& feed)> visit) const {
  for (const auto& [id, slot] : agencies_) visit(*slot.agency, slot.feed->times());
}

}  // namespace signpost::registry
