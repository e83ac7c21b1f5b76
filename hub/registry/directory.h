// Directory is a snapshot that says who takes part: agencies with their systems and keys, teams,
// and when each agency last reported. What a call reads to know its caller, and what handlers build
// the policy's vocabulary and the coverage of an answer from.
//
// A Directory never changes; the registry puts a new one in its place, before whoever made a change
// is told that it is durable. Hold the shared_ptr for one
// call, not longer: the next call must see the next directory. Thread-safe. Practitioners are not
// in it (an area has up to 400,000, too many to copy at a change): see enrolment.h.

#ifndef SIGNPOST_HUB_REGISTRY_DIRECTORY_H_
#define SIGNPOST_HUB_REGISTRY_DIRECTORY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "hub/base/crypto.h"
#include "hub/base/principal.h"

namespace signpost::registry {

inline constexpr int kSilenceHoursDefault = 72;
// Days with complete lists that are remembered of an agency.
inline constexpr size_t kCompleteListDaysKept = 8;

struct System {
  std::string spiffe_id;  // "spiffe://nortown.example/agency/nortown-yot/system/adapter"
  std::string name;       // its last segment: "adapter"
  bool suspended = false;
};

struct AssertionKey {
  std::string key_id;
  std::string pem;  // as enrolled
  base::PublicKey key;
};

// When an agency first and last reported.
struct FeedTimes {
  absl::Time since;
  absl::Time until;
};

struct Agency {
  std::string agency_id;
  std::string name;
  std::string kind;
  std::vector<std::string> services;  // sorted
  std::vector<System> systems;        // sorted by SPIFFE id
  std::vector<AssertionKey> assertion_keys;
  bool relevant_authority = false;
  bool feeds_index = false;
  // After how long without a word its coverage reads "did not answer"; never zero.
  absl::Duration silence_max;
  bool suspended = false;
  // Whose officers may approve a policy in this one's stead; empty: nobody's.
  std::string deputy_agency_id;

  // Whether it works with young people: it may hold flags and ask about somebody.
  bool takes_part() const { return base::KindOfSystem(kind) == base::CallerKind::kSystem; }
};

struct Team {
  std::string team_id;
  std::string name;
  std::string home_agency_id;           // whose open flags count as the team's
  std::vector<std::string> agency_ids;  // whose practitioners may be members; sorted
  std::vector<int> purposes;            // signpost.v1.Purpose; sorted
};

class Directory {
 public:
  // Nobody.
  Directory() = default;

  // Null when there is none of that id. Valid while this directory lives.
  const Agency* FindAgency(const std::string& agency_id) const;
  const Team* FindTeam(const std::string& team_id) const;

  // In order of id.
  std::vector<std::shared_ptr<const Agency>> Agencies() const;
  // The same without a list of them, each with what Feed() says of it.
  void ForEachAgency(
      absl::FunctionRef<void(const Agency&, const std::optional<FeedTimes>& feed)> visit) const;
  std::vector<std::shared_ptr<const Team>> Teams() const;

  // The agency's systems that have a mailbox into which notices go: those named in `names`
  // (Registry::Options::mailbox_system_names), sorted by SPIFFE id. Suspended ones are among them:
  // what was said meanwhile waits until they are restored.
  std::vector<std::string> MailboxSystems(const std::string& agency_id) const;

  // When the agency reported, to the minute and as far as is durable; nullopt when it never did or
  // there is no such agency.
  std::optional<FeedTimes> Feed(const std::string& agency_id) const;

  // When the agency gave complete lists of its open records: the latest of each of the last
  // kCompleteListDaysKept days on which it did, in any order.
  absl::InlinedVector<absl::Time, 8> CompleteLists(const std::string& agency_id) const;

 private:
  friend class FeedClaim;
  friend class Registry;

  // Shared by all directories: a report must not cost a new directory. Seconds since 1970; 0:
  // never.
  struct FeedState {
    std::atomic<int64_t> since_s{0};
    std::atomic<int64_t> until_s{0};   // reported and durable
    std::atomic<bool> claimed{false};  // somebody is about to write a later `until`
    std::array<std::atomic<int64_t>, kCompleteListDaysKept> lists_s{};
    std::optional<FeedTimes> times() const;
  };
  struct AgencySlot {
    std::shared_ptr<const Agency> agency;
    std::shared_ptr<FeedState> feed;
  };

  absl::btree_map<std::string, AgencySlot> agencies_;
  absl::btree_map<std::string, std::shared_ptr<const Team>> teams_;
  absl::flat_hash_map<std::string, std::string> agency_of_system_;  // by SPIFFE id
  std::vector<std::string> mailbox_system_names_;
};

}  // namespace signpost::registry

#endif  // SIGNPOST_HUB_REGISTRY_DIRECTORY_H_
