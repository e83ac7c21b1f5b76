#include "hub/registry/registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/transact.h"
#include "hub/registry/validate.h"
#include "hub/store/row_codec.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::registry {
namespace {

using base::Error;
using base::Reason;
using store::DecodeRow;
using store::EncodeRow;
using store::Space;
using store::v1::AgencyRow;
using store::v1::FeedRow;
using store::v1::PractitionerRow;
using store::v1::TeamRow;

constexpr char kAgencyPrefix[] = "agency/";
constexpr char kTeamPrefix[] = "team/";
constexpr char kFeedPrefix[] = "feed/";
constexpr char kPractitionerPrefix[] = "practitioner/";
constexpr int kPageRows = 1000;
constexpr size_t kDetailsSaltBytes = 32;

std::string AgencyKey(const std::string& agency_id) {
  return absl::StrCat(kAgencyPrefix, agency_id);
}
std::string TeamKey(const std::string& team_id) { return absl::StrCat(kTeamPrefix, team_id); }
std::string FeedKey(const std::string& agency_id) { return absl::StrCat(kFeedPrefix, agency_id); }
// Neither part can hold a slash.
std::string PractitionerKey(const std::string& agency_id, const std::string& practitioner_id) {
  return absl::StrCat(kPractitionerPrefix, agency_id, "/", practitioner_id);
}

// Which record of the registry `key` is, for its entry.
void NameRecord(const std::string& key, ledger::v1::RegistryChanged* record) {
  absl::string_view id = key;
  if (absl::ConsumePrefix(&id, kAgencyPrefix)) {
    record->set_record(ledger::v1::REGISTRY_RECORD_AGENCY);
  } else if (absl::ConsumePrefix(&id, kTeamPrefix)) {
    record->set_record(ledger::v1::REGISTRY_RECORD_TEAM);
  } else if (absl::ConsumePrefix(&id, kPractitionerPrefix)) {
    record->set_record(ledger::v1::REGISTRY_RECORD_PRACTITIONER);
  }
  record->set_id(std::string(id));
}

std::string What(const std::string& key) { return absl::StrCat("registry row ", key); }

template <typename Range>
std::vector<std::string> Sorted(const Range& words) {
  std::vector<std::string> sorted(words.begin(), words.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

absl::StatusOr<std::shared_ptr<const Agency>> AgencyOf(const AgencyRow& row) {
  auto agency = std::make_shared<Agency>();
  agency->agency_id = row.agency_id();
  agency->name = row.name();
  agency->kind = row.kind();
  agency->services.assign(row.services().begin(), row.services().end());
  for (const store::v1::SystemRow& system : row.systems()) {
    SIGNPOST_ASSIGN_OR_RETURN(SpiffeParts parts, ParseSystemSpiffeId(system.spiffe_id()));
    agency->systems.push_back(
        {system.spiffe_id(), std::move(parts.system_name), system.suspended()});
  }
  for (const store::v1::KeyRow& key : row.assertion_keys()) {
    SIGNPOST_ASSIGN_OR_RETURN(base::PublicKey parsed,
                              base::PublicKey::FromPem(key.public_key_pem()));
    agency->assertion_keys.push_back({key.key_id(), key.public_key_pem(), std::move(parsed)});
  }
  agency->relevant_authority = row.relevant_authority();
  agency->feeds_index = row.feeds_index();
  agency->silence_max =
      absl::Hours(row.silence_hours_max() == 0 ? kSilenceHoursDefault : row.silence_hours_max());
  agency->suspended = row.suspended();
  return agency;
}

std::shared_ptr<const Team> TeamOf(const TeamRow& row) {
  auto team = std::make_shared<Team>();
  team->team_id = row.team_id();
  team->name = row.name();
  team->home_agency_id = row.home_agency_id();
  team->agency_ids.assign(row.agency_ids().begin(), row.agency_ids().end());
  team->purposes.assign(row.purposes().begin(), row.purposes().end());
  return team;
}

// The row that `agency` asks for, lists in order, with the suspensions that `before` has.
AgencyRow RowOf(const v1::Agency& agency, const AgencyRow& before) {
  AgencyRow row;
  row.set_agency_id(agency.agency_id());
  row.set_name(agency.name());
  row.set_kind(agency.kind());
  for (std::string& service : Sorted(agency.services())) row.add_services(std::move(service));

  absl::btree_map<std::string, bool> systems;  // SPIFFE id -> suspended
  for (const v1::AgencySystem& system : agency.systems()) systems[system.spiffe_id()] = false;
  for (const store::v1::SystemRow& system : before.systems()) {
    if (system.suspended()) systems[system.spiffe_id()] = true;
  }
  for (const auto& [spiffe_id, suspended] : systems) {
    store::v1::SystemRow* system = row.add_systems();
    system->set_spiffe_id(spiffe_id);
    system->set_suspended(suspended);
  }

  absl::btree_map<std::string, std::string> keys;  // key id -> PEM
  for (const v1::AssertionKey& key : agency.assertion_keys()) {
    keys[key.key_id()] = key.public_key_pem();
  }
  for (const auto& [key_id, pem] : keys) {
    store::v1::KeyRow* key = row.add_assertion_keys();
    key->set_key_id(key_id);
    key->set_public_key_pem(pem);
  }
  row.set_relevant_authority(agency.relevant_authority());
  row.set_feeds_index(agency.feeds_index());
  row.set_silence_hours_max(agency.silence_hours_max());
  row.set_suspended(before.suspended());
  return row;
}

TeamRow RowOf(const v1::Team& team) {
  TeamRow row;
  row.set_team_id(team.team_id());
  row.set_name(team.name());
  row.set_home_agency_id(team.home_agency_id());
  for (std::string& agency_id : Sorted(team.agency_ids())) row.add_agency_ids(std::move(agency_id));
  std::vector<int> purposes(team.purposes().begin(), team.purposes().end());
  std::sort(purposes.begin(), purposes.end());
  for (const int purpose : purposes) row.add_purposes(purpose);
  return row;
}

PractitionerRow RowOf(const v1::Practitioner& practitioner, const PractitionerMarks& marks,
                      const PractitionerRow& before) {
  PractitionerRow row;
  row.set_agency_id(practitioner.agency_id());
  row.set_practitioner_id(practitioner.practitioner_id());
  for (std::string& role : Sorted(practitioner.roles())) row.add_roles(std::move(role));
  for (std::string& team_id : Sorted(practitioner.team_ids())) row.add_team_ids(std::move(team_id));
  row.set_surname_hash(marks.surname_hash);
  row.set_postcode_hash(marks.postcode_hash);
  row.set_suspended(before.suspended());
  return row;
}

absl::Status AgencyUnknown(const std::string& agency_id) {
  return Error(Reason::kAgencyUnknown,
               absl::StrCat("no agency is registered as ", agency_id, "; put the agency first"));
}

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.empty() || request_id.size() > base::kRequestIdBytesMax) {
    return base::InvalidField("request_id",
                              absl::StrCat("must be 1 to ", base::kRequestIdBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

// Nobody is told more than that it is so.
struct Nothing {};

// A row as read: its bytes and its content; empty when there is none.
template <typename Row>
struct ReadRow {
  std::optional<std::string> bytes;
  Row row;
};
template <typename Row>
absl::StatusOr<ReadRow<Row>> Read(const store::View& view, const std::string& key) {
  ReadRow<Row> read;
  SIGNPOST_ASSIGN_OR_RETURN(read.bytes, view.Get(Space::kRegistry, key));
  if (read.bytes.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(read.row, DecodeRow<Row>(What(key), *read.bytes));
  }
  return read;
}

bool Contains(const std::vector<std::string>& sorted, const std::string& word) {
  return std::binary_search(sorted.begin(), sorted.end(), word);
}

// Somebody who may act. Enrolment in a team ends with what it rests on: the team, its being open to
// the agency, and its home agency's taking part; the row still names it, for when that comes back.
EnrolledPractitioner EnrolledAs(const PractitionerRow& row, const Directory& directory) {
  EnrolledPractitioner practitioner;
  practitioner.agency_id = row.agency_id();
  practitioner.practitioner_id = row.practitioner_id();
  practitioner.roles.assign(row.roles().begin(), row.roles().end());
  for (const std::string& team_id : row.team_ids()) {
    const Team* team = directory.FindTeam(team_id);
    if (team == nullptr || !Contains(team->agency_ids, row.agency_id())) continue;
    const Agency* home = directory.FindAgency(team->home_agency_id);
    if (home == nullptr || home->suspended) continue;
    practitioner.team_ids.push_back(team_id);
  }
  return practitioner;
}

}  // namespace

bool EnrolledPractitioner::HasRole(const std::string& role) const { return Contains(roles, role); }
bool EnrolledPractitioner::InTeam(const std::string& team_id) const {
  return Contains(team_ids, team_id);
}

// What one attempt would write.
struct Registry::Planned {
  std::string key;
  std::optional<std::string> before;
  std::string after;
  std::string reason;  // free text to seal; may be empty
};

Registry::Registry(Options options, const store::Store* store, ledger::Sequencer* sequencer,
                   base::Executor* executor, base::RandomSource* random)
    : options_(std::move(options)),
      store_(store),
      sequencer_(sequencer),
      executor_(executor),
      random_(random) {}

absl::StatusOr<std::unique_ptr<Registry>> Registry::Load(Options options, const store::Store* store,
                                                         ledger::Sequencer* sequencer,
                                                         base::Executor* executor,
                                                         base::RandomSource* random) {
  auto registry = std::unique_ptr<Registry>(
      new Registry(std::move(options), store, sequencer, executor, random));
  if (!registry->options_.operator_spiffe_id.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(SpiffeParts parts,
                              ParseSystemSpiffeId(registry->options_.operator_spiffe_id));
    registry->operator_agency_id_ = parts.agency_id;
    registry->operator_trust_domain_ = parts.trust_domain;
  }
  SIGNPOST_ASSIGN_OR_RETURN(registry->following_, sequencer->Follow(registry.get()));
  return registry;
}

Registry::~Registry() = default;

absl::Status Registry::Begin(const store::View& view) {
  auto directory = std::make_shared<Directory>();
  directory->mailbox_system_names_ = options_.mailbox_system_names;
  // Agencies before what is said of them.
  for (const char* const prefix : {kAgencyPrefix, kTeamPrefix, kFeedPrefix}) {
    std::string from = prefix;
    while (true) {
      SIGNPOST_ASSIGN_OR_RETURN(
          const std::vector<store::KeyValue> page,
          view.Scan(Space::kRegistry, from, store::PrefixEnd(prefix), kPageRows));
      for (const store::KeyValue& row : page) {
        SIGNPOST_RETURN_IF_ERROR(PutRow(row.key, row.value, directory.get()));
      }
      if (static_cast<int>(page.size()) < kPageRows) break;
      from = page.back().key + '\0';
    }
  }
  absl::MutexLock lock(&mutex_);
  directory_ = std::move(directory);
  revision_ = view.revision();
  behind_ = false;
  return absl::OkStatus();
}

void Registry::FellBehind(const absl::Status& /*why*/) {
  absl::MutexLock lock(&mutex_);
  behind_ = true;
}

absl::StatusOr<Registry::DirectoryAt> Registry::Current() const {
  absl::MutexLock lock(&mutex_);
  if (!behind_) return DirectoryAt{directory_, revision_};
  return Error(Reason::kStoreUnavailable,
               "a row of the hub's registry does not read, so nobody can be told from who was "
               "suspended, and nobody is let in; ask again in a moment, and tell the hub's "
               "operator, whose /health says so too");
}

absl::Status Registry::Take(const store::PublishedCommit& commit) {
  std::shared_ptr<Directory> next;  // made when first needed
  for (const store::Batch::Operation& row : commit.rows.operations()) {
    if (row.space != Space::kRegistry || !row.value.has_value()) continue;
    if (absl::StartsWith(row.key, kFeedPrefix)) {
      // Its state is shared by all directories.
      SIGNPOST_RETURN_IF_ERROR(
          PutFeed(row.key, *row.value, next != nullptr ? *next : *directory()));
    } else if (absl::StartsWith(row.key, kAgencyPrefix) || absl::StartsWith(row.key, kTeamPrefix)) {
      if (next == nullptr) next = std::make_shared<Directory>(*directory());
      SIGNPOST_RETURN_IF_ERROR(PutRow(row.key, *row.value, next.get()));
    }
  }
  absl::MutexLock lock(&mutex_);
  if (next != nullptr) directory_ = std::move(next);
  revision_ = commit.revision;
  return absl::OkStatus();
}

absl::Status Registry::PutRow(const std::string& key, const std::string& value,
                              Directory* directory) {
  if (absl::StartsWith(key, kFeedPrefix)) return PutFeed(key, value, *directory);
  if (absl::StartsWith(key, kTeamPrefix)) {
    SIGNPOST_ASSIGN_OR_RETURN(const TeamRow row, DecodeRow<TeamRow>(What(key), value));
    directory->teams_[row.team_id()] = TeamOf(row);
    return absl::OkStatus();
  }
  SIGNPOST_ASSIGN_OR_RETURN(const AgencyRow row, DecodeRow<AgencyRow>(What(key), value));
  absl::StatusOr<std::shared_ptr<const Agency>> agency = AgencyOf(row);
  if (!agency.ok()) {
    return Error(Reason::kDataLoss, absl::StrCat("registry row ", key,
                                                 " holds a key or a system that does not parse; "
                                                 "restore a backup"));
  }
  Directory::AgencySlot& slot = directory->agencies_[row.agency_id()];
  if (slot.agency != nullptr) {
    for (const System& system : slot.agency->systems) {
      directory->agency_of_system_.erase(system.spiffe_id);
    }
  }
  for (const System& system : (*agency)->systems) {
    directory->agency_of_system_[system.spiffe_id] = row.agency_id();
  }
  slot.agency = *std::move(agency);
  if (slot.feed == nullptr) slot.feed = std::make_shared<Directory::FeedState>();
  return absl::OkStatus();
}

absl::Status Registry::PutFeed(const std::string& key, const std::string& value,
                               const Directory& directory) {
  SIGNPOST_ASSIGN_OR_RETURN(const FeedRow row, DecodeRow<FeedRow>(What(key), value));
  const auto it = directory.agencies_.find(key.substr(sizeof(kFeedPrefix) - 1));
  if (it == directory.agencies_.end()) return absl::OkStatus();
  Directory::FeedState& feed = *it->second.feed;
  feed.since_s = row.since_s();
  feed.until_s = row.until_s();
  return absl::OkStatus();
}

std::shared_ptr<const Directory> Registry::directory() const {
  absl::MutexLock lock(&mutex_);
  return directory_;
}

namespace {

base::Principal PrincipalOf(const std::string& system_id, const std::string& agency_id,
                            const std::string& agency_kind) {
  base::Principal system;
  system.kind = base::KindOfSystem(agency_kind);
  system.system_id = system_id;
  system.agency_id = agency_id;
  system.agency_kind = agency_kind;
  return system;
}

}  // namespace

bool Registry::IsOperatorAgency(const std::string& agency_id) const {
  return !operator_agency_id_.empty() && agency_id == operator_agency_id_;
}

absl::StatusOr<base::Principal> Registry::LookupSystem(const std::string& spiffe_id) const {
  if (!spiffe_id.empty() && spiffe_id == options_.operator_spiffe_id) {
    return PrincipalOf(spiffe_id, operator_agency_id_, base::kOperatorAgencyKind);
  }
  SIGNPOST_ASSIGN_OR_RETURN(const DirectoryAt current, Current());
  const Directory* const now = current.directory.get();
  const auto it = now->agency_of_system_.find(spiffe_id);
  const Agency* agency = it == now->agency_of_system_.end() ? nullptr : now->FindAgency(it->second);
  if (agency != nullptr) {
    for (const System& system : agency->systems) {
      if (system.spiffe_id != spiffe_id) continue;
      if (agency->suspended || system.suspended) {
        return Error(
            Reason::kCallerSuspended,
            absl::StrCat(agency->suspended ? "the agency " : "this system of ", agency->agency_id,
                         " is suspended; ask the hub's operator to restore it"));
      }
      return PrincipalOf(system.spiffe_id, agency->agency_id, agency->kind);
    }
  }
  return Error(Reason::kCallerUnknown,
               "no agency has enrolled the system that this certificate names; ask the hub's "
               "operator to enrol it");
}

absl::StatusOr<EnrolledPractitioner> Registry::Lookup(const Directory& directory,
                                                      const store::View& view,
                                                      const std::string& agency_id,
                                                      const std::string& practitioner_id,
                                                      PractitionerRow* row) {
  const auto unknown = [] {
    return Error(Reason::kPractitionerUnknown,
                 "the assertion names nobody whom the agency has enrolled; ask the hub's operator "
                 "to enrol the practitioner");
  };
  if (!IsKebabId(agency_id) || !IsPractitionerId(practitioner_id)) return unknown();
  const Agency* agency = directory.FindAgency(agency_id);
  if (agency == nullptr) return unknown();
  SIGNPOST_ASSIGN_OR_RETURN(
      ReadRow<PractitionerRow> read,
      Read<PractitionerRow>(view, PractitionerKey(agency_id, practitioner_id)));
  if (!read.bytes.has_value()) return unknown();
  if (agency->suspended || read.row.suspended()) {
    return Error(Reason::kCallerSuspended,
                 absl::StrCat(agency->suspended ? "the agency " : "this practitioner of ",
                              agency_id, " is suspended; ask the hub's operator to restore it"));
  }
  *row = std::move(read.row);
  return EnrolledAs(*row, directory);
}

absl::StatusOr<EnrolledPractitioner> Registry::LookupPractitioner(
    const std::string& agency_id, const std::string& practitioner_id) const {
  SIGNPOST_ASSIGN_OR_RETURN(const DirectoryAt now, Current());
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store_->NewView());
  PractitionerRow row;
  return Lookup(*now.directory, *view, agency_id, practitioner_id, &row);
}

absl::StatusOr<EnrolledPractitioner> Registry::LookupPractitioner(
    const ledger::GuardedView& view, const std::string& agency_id,
    const std::string& practitioner_id) const {
  SIGNPOST_ASSIGN_OR_RETURN(const DirectoryAt now, Current());
  // Also where the answer is no: an operation may come of that too.
  view.RestOn(Space::kRegistry, AgencyKey(agency_id), now.revision);
  PractitionerRow row;
  absl::StatusOr<EnrolledPractitioner> found =
      Lookup(*now.directory, view, agency_id, practitioner_id, &row);
  for (const std::string& team_id : row.team_ids()) {
    view.RestOn(Space::kRegistry, TeamKey(team_id), now.revision);
    const Team* team = now.directory->FindTeam(team_id);
    if (team == nullptr) continue;
    view.RestOn(Space::kRegistry, AgencyKey(team->home_agency_id), now.revision);
  }
  return found;
}

absl::Status Registry::ForEachPractitioner(
    absl::FunctionRef<absl::Status(const EnrolledPractitioner&)> visit) const {
  const std::string prefix = kPractitionerPrefix;
  std::string from = prefix;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(const DirectoryAt current, Current());
    const Directory* const now = current.directory.get();
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store_->NewView());
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<store::KeyValue> page,
        view->Scan(Space::kRegistry, from, store::PrefixEnd(prefix), kPageRows));
    for (const store::KeyValue& row : page) {
      SIGNPOST_ASSIGN_OR_RETURN(const PractitionerRow practitioner,
                                DecodeRow<PractitionerRow>(What(row.key), row.value));
      const Agency* agency = now->FindAgency(practitioner.agency_id());
      if (practitioner.suspended() || agency == nullptr || agency->suspended) continue;
      SIGNPOST_RETURN_IF_ERROR(visit(EnrolledAs(practitioner, *now)));
    }
    if (static_cast<int>(page.size()) < kPageRows) return absl::OkStatus();
    from = page.back().key + '\0';
  }
}

absl::StatusOr<PractitionerMarks> Registry::LookupMarks(const store::View& view,
                                                        const std::string& agency_id,
                                                        const std::string& practitioner_id) const {
  SIGNPOST_ASSIGN_OR_RETURN(
      const ReadRow<PractitionerRow> read,
      Read<PractitionerRow>(view, PractitionerKey(agency_id, practitioner_id)));
  return PractitionerMarks{read.row.surname_hash(), read.row.postcode_hash()};
}

absl::StatusOr<base::PublicKey> Registry::LookupKey(const std::string& agency_id,
                                                    const std::string& key_id) const {
  SIGNPOST_ASSIGN_OR_RETURN(const DirectoryAt now, Current());
  const Agency* agency = now.directory->FindAgency(agency_id);
  if (agency != nullptr) {
    for (const AssertionKey& key : agency->assertion_keys) {
      if (key.key_id == key_id) return key.key;
    }
  }
  return Error(Reason::kNotFound, "the agency has enrolled no key of this name");
}

void Registry::PutAgency(const v1::PutAgencyRequest& request, const base::Principal& actor,
                         ChangeDone done) {
  absl::Status checked = CheckAgency(request.agency(), operator_trust_domain_);
  if (checked.ok() && IsOperatorAgency(request.agency().agency_id()) &&
      request.agency().kind() != base::kOperatorAgencyKind) {
    checked = base::InvalidField("agency.kind",
                                 "must be \"operator\": the hub's configuration names this agency "
                                 "as its operator");
  }
  if (!checked.ok()) return done(std::move(checked));
  Change(
      request.request_id(), actor,
      [agency = request.agency()](const ledger::GuardedView& view) -> absl::StatusOr<Planned> {
        Planned planned;
        planned.key = AgencyKey(agency.agency_id());
        SIGNPOST_ASSIGN_OR_RETURN(ReadRow<AgencyRow> read, Read<AgencyRow>(view, planned.key));
        const AgencyRow row = RowOf(agency, read.row);
        // Suspended systems that the request leaves out stay, and may be too many with the rest.
        if (row.systems_size() > kSystemsPerAgencyMax) {
          return base::InvalidField(
              "agency.systems",
              absl::StrCat("with the suspended systems that stay, has more than ",
                           kSystemsPerAgencyMax,
                           " entries; restore those that are gone for good, then drop them"));
        }
        planned.before = std::move(read.bytes);
        planned.after = EncodeRow(row);
        SIGNPOST_RETURN_IF_ERROR(AgencyOf(row).status());  // what is stored can be read back
        return planned;
      },
      std::move(done));
}

void Registry::PutTeam(const v1::PutTeamRequest& request, const base::Principal& actor,
                       ChangeDone done) {
  absl::Status checked = CheckTeam(request.team());
  if (!checked.ok()) return done(std::move(checked));
  Change(
      request.request_id(), actor,
      [this, team = request.team()](const ledger::GuardedView& view) -> absl::StatusOr<Planned> {
        // Agencies are never removed, so that they are there now is enough.
        const std::shared_ptr<const Directory> now = directory();
        if (now->FindAgency(team.home_agency_id()) == nullptr) {
          return AgencyUnknown(team.home_agency_id());
        }
        for (const std::string& agency_id : team.agency_ids()) {
          if (now->FindAgency(agency_id) == nullptr) return AgencyUnknown(agency_id);
        }
        Planned planned;
        planned.key = TeamKey(team.team_id());
        SIGNPOST_ASSIGN_OR_RETURN(planned.before, view.Get(Space::kRegistry, planned.key));
        const TeamRow row = RowOf(team);
        planned.after = EncodeRow(row);
        return planned;
      },
      std::move(done));
}

void Registry::PutPractitioner(const v1::PutPractitionerRequest& request,
                               const PractitionerMarks& marks, const base::Principal& actor,
                               ChangeDone done) {
  absl::Status checked = CheckPractitioner(request.practitioner());
  if (!checked.ok()) return done(std::move(checked));
  Change(
      request.request_id(), actor,
      [this, practitioner = request.practitioner(),
       marks](const ledger::GuardedView& view) -> absl::StatusOr<Planned> {
        // That an agency is there now is enough, as above; whom a team takes may change meanwhile.
        if (directory()->FindAgency(practitioner.agency_id()) == nullptr) {
          return AgencyUnknown(practitioner.agency_id());
        }
        for (int i = 0; i < practitioner.team_ids_size(); ++i) {
          SIGNPOST_ASSIGN_OR_RETURN(const ReadRow<TeamRow> team,
                                    Read<TeamRow>(view, TeamKey(practitioner.team_ids(i))));
          const std::string at = absl::StrCat("practitioner.team_ids[", i, "]");
          if (!team.bytes.has_value()) {
            return base::InvalidField(at, "no such team is registered; put the team first");
          }
          if (std::find(team.row.agency_ids().begin(), team.row.agency_ids().end(),
                        practitioner.agency_id()) == team.row.agency_ids().end()) {
            return base::InvalidField(at,
                                      "the team takes no practitioners of this agency; add the "
                                      "agency to the team first");
          }
        }
        Planned planned;
        planned.key = PractitionerKey(practitioner.agency_id(), practitioner.practitioner_id());
        SIGNPOST_ASSIGN_OR_RETURN(ReadRow<PractitionerRow> read,
                                  Read<PractitionerRow>(view, planned.key));
        planned.before = std::move(read.bytes);
        planned.after = EncodeRow(RowOf(practitioner, marks, read.row));
        return planned;
      },
      std::move(done));
}

void Registry::SetSuspended(const v1::SetSuspendedRequest& request, const base::Principal& actor,
                            ChangeDone done) {
  absl::Status checked = CheckSetSuspended(request);
  if (checked.ok() && ((request.has_agency_id() && IsOperatorAgency(request.agency_id())) ||
                       (request.has_spiffe_id() && !operator_agency_id_.empty() &&
                        request.spiffe_id() == options_.operator_spiffe_id))) {
    checked = base::InvalidField(
        request.has_agency_id() ? "agency_id" : "spiffe_id",
        "is the hub's own operator, who is never suspended; name another in the configuration and "
        "restart instead");
  }
  if (!checked.ok()) return done(std::move(checked));
  Change(
      request.request_id(), actor,
      [request](const ledger::GuardedView& view) -> absl::StatusOr<Planned> {
        Planned planned;
        planned.reason = request.reason();
        if (request.has_practitioner()) {
          planned.key = PractitionerKey(request.practitioner().agency_id(),
                                        request.practitioner().practitioner_id());
          SIGNPOST_ASSIGN_OR_RETURN(ReadRow<PractitionerRow> read,
                                    Read<PractitionerRow>(view, planned.key));
          if (!read.bytes.has_value()) {
            return Error(Reason::kPractitionerUnknown, "the agency has enrolled no such worker");
          }
          read.row.set_suspended(request.suspended());
          planned.before = std::move(read.bytes);
          planned.after = EncodeRow(read.row);
          return planned;
        }
        std::string agency_id = request.agency_id();
        if (request.has_spiffe_id()) {
          SIGNPOST_ASSIGN_OR_RETURN(SpiffeParts parts, ParseSystemSpiffeId(request.spiffe_id()));
          agency_id = std::move(parts.agency_id);
        }
        planned.key = AgencyKey(agency_id);
        SIGNPOST_ASSIGN_OR_RETURN(ReadRow<AgencyRow> read, Read<AgencyRow>(view, planned.key));
        if (!read.bytes.has_value()) return AgencyUnknown(agency_id);
        if (request.has_agency_id()) {
          read.row.set_suspended(request.suspended());
        } else {
          store::v1::SystemRow* found = nullptr;
          for (store::v1::SystemRow& system : *read.row.mutable_systems()) {
            if (system.spiffe_id() == request.spiffe_id()) found = &system;
          }
          if (found == nullptr) {
            return Error(Reason::kCallerUnknown, "the agency has enrolled no such system");
          }
          found->set_suspended(request.suspended());
        }
        planned.before = std::move(read.bytes);
        planned.after = EncodeRow(read.row);
        return planned;
      },
      std::move(done));
}

void Registry::Change(const std::string& request_id, const base::Principal& actor, Plan plan,
                      ChangeDone done) {
  absl::Status checked = CheckRequestId(request_id);
  if (!checked.ok()) return done(std::move(checked));

  ledger::MakeAttempt<Nothing> make =
      [this, request_id, actor, plan = std::move(plan)](
          const ledger::GuardedView& view) mutable -> absl::StatusOr<ledger::Attempt<Nothing>> {
    SIGNPOST_ASSIGN_OR_RETURN(const Planned planned, plan(view));
    if (planned.before == planned.after) return ledger::Attempt<Nothing>();
    base::Principal principal;
    principal.agency_id = actor.agency_id;
    principal.system_id = actor.system_id;
    principal.practitioner_id = actor.practitioner_id;
    principal.role = actor.role;
    ledger::v1::LedgerEntry entry =
        options_.entries->New(ledger::v1::ENTRY_KIND_REGISTRY_CHANGED, principal, request_id);
    entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
    NameRecord(planned.key, entry.mutable_registry_changed());
    entry.mutable_registry_changed()->set_record_sha256(base::Sha256(planned.after));
    if (!planned.reason.empty()) {
      // Salt and text are sealed together; the commitment lets whoever holds both prove the text.
      const std::string salt = random_->Bytes(kDetailsSaltBytes);
      SIGNPOST_ASSIGN_OR_RETURN(
          *entry.mutable_sealed_details(),
          base::Seal(options_.details_key, planned.key, salt + planned.reason, random_));
      entry.set_details_commitment(base::HmacSha256(salt, planned.reason));
    }
    ledger::Operation operation;
    operation.batch.Put(Space::kRegistry, planned.key, planned.after);
    operation.entries.push_back(ledger::ToDraft(entry));
    return ledger::Attempt<Nothing>{{}, std::move(operation)};
  };

  ledger::Transact<Nothing>(
      {executor_, store_, sequencer_}, ledger::FirstAttempt::kQueued, std::move(make),
      [done = std::move(done)](absl::StatusOr<ledger::Committed<Nothing>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        done(std::move(result->sequenced));
      });
}

void FeedClaim::GiveBack() {
  if (state_ != nullptr) state_->claimed = false;
  state_ = nullptr;
}

void Registry::TouchFeed(const std::string& agency_id, absl::Time now, FeedClaim* claim,
                         store::Batch* batch) {
  const std::shared_ptr<const Directory> current = directory();
  const auto it = current->agencies_.find(agency_id);
  if (it == current->agencies_.end()) return;
  Directory::FeedState& feed = *it->second.feed;
  const int64_t now_s = absl::ToUnixSeconds(now);
  const int64_t until_s = feed.until_s.load(std::memory_order_relaxed);
  if (until_s != 0 && now_s - until_s < absl::ToInt64Seconds(kFeedWriteInterval)) return;
  // Of several reports at once one writes, in each of its attempts, until one of them is durable.
  if (claim->state_ == nullptr) {
    if (feed.claimed.exchange(true)) return;
    claim->state_ = it->second.feed;
  }
  FeedRow row;
  const int64_t since_s = feed.since_s.load(std::memory_order_relaxed);
  row.set_since_s(since_s == 0 ? now_s : since_s);
  row.set_until_s(now_s);
  batch->Put(Space::kRegistry, FeedKey(agency_id), EncodeRow(row));
}

}  // namespace signpost::registry
