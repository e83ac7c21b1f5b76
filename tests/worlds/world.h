// World is a whole hub for comparing with another one: every room on a memory store, a clock that
// moves when told, randomness keyed by call, and the services behind a channel in this process. No
// files but the shipped ones, no sockets, no TLS: a client says in the call's metadata which system
// it is, and an interceptor puts that where the TLS handshake would have put it, so that the guard,
// the method table, the reactors and the mapping of errors are the hub's own.
//
// The area is that of deploy/area with four sensitive services more, so that there are five, and
// with a manager, a data protection officer and officers for governance at each agency. The policy
// is the shipped one, but that sensitive services and shielded persons do not exist for anybody
// except the holder, whatever consent or override there is: what the two worlds differ in is then
// nothing that any caller may come to know.
//
// For one thread. World::Now() stands still but for Advance().

#ifndef SIGNPOST_TESTS_WORLDS_WORLD_H_
#define SIGNPOST_TESTS_WORLDS_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "signpost/v1/registry.pb.h"
#include "tests/worlds/keyed_random.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace signpost::worlds {

inline constexpr char kYot[] = "nortown-yot";
inline constexpr char kConnexions[] = "northern-connexions";
inline constexpr char kSocial[] = "nortown-social-services";
inline constexpr char kHousing[] = "nortown-housing";
inline constexpr char kNightstop[] = "nightstop-project";
inline constexpr char kOperator[] = "nortown-hub";

// The file that every world was founded with.
const v1::FoundAreaRequest& WorldsFounding();
// The agencies whose flags nobody else may see, the first of which is in the shipped area.
const std::vector<std::string>& SensitiveAgencies();
// Of any agency of the area.
std::string ServiceOf(const std::string& agency);
// That its workers have: "personal-adviser".
std::string RoleOf(const std::string& agency);

// Who makes a call: a system, and perhaps somebody who sits at it.
struct Caller {
  std::string agency;
  std::string system = "casework";
  std::string practitioner = {};  // empty: the system alone
  std::string role = {};
  std::vector<std::string> teams = {};
  std::string purpose = "support-planning";  // of the assertion
};
std::string ToString(const Caller& caller);

class World {
 public:
  explicit World(uint64_t random_seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::shared_ptr<grpc::Channel> channel();
  // For one call as `caller`. `deadline` is real time.
  std::unique_ptr<grpc::ClientContext> ContextOf(const Caller& caller, absl::Duration deadline);

  KeyedRandom& random();
  absl::Time Now() const;
  // Moves the clock and does what is due by then.
  void Advance(absl::Duration by);

  // --- What nobody outside sees, for the harness's own test.

  // How many agencies have an open flag on whom the record is about.
  int HoldersOf(const std::string& agency, const std::string& record_id) const;

 private:
  struct Rooms;
  std::unique_ptr<Rooms> rooms_;
};

// The policy that is in force in every world, with this number as its version.
std::string WorldsPolicy(int version);

}  // namespace signpost::worlds

#endif  // SIGNPOST_TESTS_WORLDS_WORLD_H_
