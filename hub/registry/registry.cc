#include "hub/registry/registry.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/registry/rows.h"
#include "hub/registry/validate.h"
#include "hub/store/row_codec.h"

namespace signpost::registry {
namespace {

using base::Error;
using base::Reason;
using store::DecodeRow;
using store::EncodeRow;
using store::Space;
using store::v1::AgencyRow;
using store::v1::CompleteListsRow;
using store::v1::FeedRow;
using store::v1::PractitionerRow;
using store::v1::TeamRow;

constexpr int kPageRows = 1000;

// Calls `visit` with every row whose key begins with `prefix`, in order.
absl::Status ForEachRow(const store::View& view, const std::string& prefix,
                        absl::FunctionRef<absl::Status(const store::KeyValue&)> visit) {
  std::string from = prefix;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<store::KeyValue> page,
        view.Scan(Space::kRegistry, from, store::PrefixEnd(prefix), kPageRows));
    for (const store::KeyValue& row : page) SIGNPOST_RETURN_IF_ERROR(visit(row));
    if (static_cast<int>(page.size()) < kPageRows) return absl::OkStatus();
    from = page.back().key + '\0';
  }
}

// Agency and practitioner of a key; nothing when it is no key of a practitioner.
std::optional<std::pair<std::string, std::string>> PractitionerOf(absl::string_view key) {
  if (!absl::ConsumePrefix(&key, kPractitionerPrefix)) return std::nullopt;
  return std::pair<std::string, std::string>(absl::StrSplit(key, absl::MaxSplits('/', 1)));
}

Enrolments::Row ReadEnrolment(const std::string& key, const std::string& value) {
  SIGNPOST_ASSIGN_OR_RETURN(const PractitionerRow row,
                            DecodeRow<PractitionerRow>(What(key), value));
  return EnrolmentOf(row);
}

absl::Status Behind() {
  return Error(Reason::kStoreUnavailable,
               "a row of the hub's registry does not read, so nobody can be told from who was "
               "suspended, and nobody is let in; ask again in a moment, and tell the hub's "
               "operator, whose /health says so too");
}

absl::Status NotEnrolled() {
  return Error(Reason::kPractitionerUnknown,
               "the assertion names nobody whom the agency has enrolled; ask the hub's operator "
               "to enrol the practitioner");
}

}  // namespace

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
  for (const char* const prefix : {kAgencyPrefix, kTeamPrefix, kFeedPrefix, kListsPrefix}) {
    SIGNPOST_RETURN_IF_ERROR(ForEachRow(view, prefix, [&directory](const store::KeyValue& row) {
      return PutRow(row.key, row.value, directory.get());
    }));
  }
  Enrolments::Table enrolments;
  SIGNPOST_RETURN_IF_ERROR(
      ForEachRow(view, kPractitionerPrefix, [&enrolments](const store::KeyValue& row) {
        const auto [agency_id, practitioner_id] = *PractitionerOf(row.key);
        enrolments[agency_id].emplace(practitioner_id, ReadEnrolment(row.key, row.value));
        return absl::OkStatus();
      }));
  absl::MutexLock lock(&mutex_);
  enrolments_.Replace(std::move(enrolments));
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
  if (behind_) return Behind();
  return DirectoryAt{directory_, revision_};
}

absl::Status Registry::Take(const store::PublishedCommit& commit) {
  std::shared_ptr<Directory> next;  // made when first needed
  std::vector<std::pair<std::pair<std::string, std::string>, Enrolments::Row>> enrolled;
  for (const store::Batch::Operation& row : commit.rows.operations()) {
    if (row.space != Space::kRegistry || !row.value.has_value()) continue;
    const std::string key(row.key);
    const std::string value(*row.value);
    if (absl::StartsWith(key, kFeedPrefix)) {
      // Its state is shared by all directories.
      SIGNPOST_RETURN_IF_ERROR(PutFeed(key, value, next != nullptr ? *next : *directory()));
    } else if (absl::StartsWith(key, kListsPrefix)) {
      SIGNPOST_RETURN_IF_ERROR(PutLists(key, value, next != nullptr ? *next : *directory()));
    } else if (absl::StartsWith(key, kAgencyPrefix) || absl::StartsWith(key, kTeamPrefix)) {
      if (next == nullptr) next = std::make_shared<Directory>(*directory());
      SIGNPOST_RETURN_IF_ERROR(PutRow(key, value, next.get()));
    } else if (const auto who = PractitionerOf(key)) {
      enrolled.emplace_back(*who, ReadEnrolment(key, value));
    }
  }
  absl::MutexLock lock(&mutex_);
  for (auto& [who, row] : enrolled) enrolments_.Put(who.first, who.second, std::move(row));
  if (next != nullptr) directory_ = std::move(next);
  revision_ = commit.revision;
  return absl::OkStatus();
}

absl::Status Registry::PutRow(const std::string& key, const std::string& value,
                              Directory* directory) {
  if (absl::StartsWith(key, kFeedPrefix)) return PutFeed(key, value, *directory);
  if (absl::StartsWith(key, kListsPrefix)) return PutLists(key, value, *directory);
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

absl::Status Registry::PutLists(const std::string& key, const std::string& value,
                                const Directory& directory) {
  SIGNPOST_ASSIGN_OR_RETURN(const CompleteListsRow row,
                            DecodeRow<CompleteListsRow>(What(key), value));
  const auto it = directory.agencies_.find(key.substr(sizeof(kListsPrefix) - 1));
  if (it == directory.agencies_.end()) return absl::OkStatus();
  auto& lists_s = it->second.feed->lists_s;
  for (size_t i = 0; i < lists_s.size(); ++i) {
    lists_s[i] = i < static_cast<size_t>(row.at_s_size()) ? row.at_s(static_cast<int>(i)) : 0;
  }
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

absl::StatusOr<EnrolledPractitioner> Registry::ActingAs(
    std::shared_ptr<const Directory> directory, std::shared_ptr<const Enrolment> enrolment) const {
  const Agency* agency =
      enrolment == nullptr ? nullptr : directory->FindAgency(enrolment->agency_id);
  if (agency == nullptr) return NotEnrolled();
  if (agency->suspended || enrolment->suspended) {
    return Error(
        Reason::kCallerSuspended,
        absl::StrCat(agency->suspended ? "the agency " : "this practitioner of ", agency->agency_id,
                     " is suspended; ask the hub's operator to restore it"));
  }
  if (options_.clock->Now() >= enrolment->lapses_at) {
    return Error(Reason::kEnrolmentLapsed,
                 absl::StrCat("the vetting or training of this practitioner of ", agency->agency_id,
                              " has lapsed; have it done, and ask the hub's operator to enrol the "
                              "new day"));
  }
  return EnrolledPractitioner(std::move(enrolment), std::move(directory));
}

absl::Status Registry::CheckRole(const EnrolledPractitioner& enrolled,
                                 const std::string& role) const {
  if (!enrolled.HasRole(role)) {
    return Error(Reason::kAssertionInvalid,
                 "The assertion names a role in which the practitioner is not enrolled. Enrol them "
                 "in it, or assert one of theirs.");
  }
  absl::MutexLock lock(&mutex_);
  for (const auto& [needs, has, what] :
       {std::tuple(roles_.vetted.count(role) > 0, enrolled.vetted(), "vetted"),
        std::tuple(roles_.trained.count(role) > 0, enrolled.trained(), "trained")}) {
    if (!needs || has) continue;
    return Error(
        Reason::kEnrolmentLapsed,
        absl::StrCat("in role ", role, " one must be ", what,
                     ", and until when this practitioner is has not been enrolled; ask the "
                     "hub's operator to enrol the day"));
  }
  return absl::OkStatus();
}

absl::Status Registry::SetRoles(WorkerRoles roles) {
  SIGNPOST_RETURN_IF_ERROR(roles.Check());
  absl::MutexLock lock(&mutex_);
  roles_ = std::move(roles);
  return absl::OkStatus();
}

WorkerRoles Registry::roles() const {
  absl::MutexLock lock(&mutex_);
  return roles_;
}

void Registry::TellOfChangesWith(TellOfChange tell) { tell_of_change_ = std::move(tell); }

absl::StatusOr<EnrolledPractitioner> Registry::LookupPractitioner(
    const ledger::GuardedView& view, const std::string& agency_id,
    const std::string& practitioner_id) const {
  // What could not be enrolled could be another's key.
  if (!IsKebabId(agency_id) || !IsPractitionerId(practitioner_id)) return NotEnrolled();
  SIGNPOST_ASSIGN_OR_RETURN(const DirectoryAt now, Current());
  // Also where the answer is no: an operation may come of that too.
  view.RestOn(Space::kRegistry, AgencyKey(agency_id), now.revision);
  SIGNPOST_ASSIGN_OR_RETURN(
      const ReadRow<PractitionerRow> read,
      Read<PractitionerRow>(view, PractitionerKey(agency_id, practitioner_id)));
  for (const std::string& team_id : read.row.team_ids()) {
    view.RestOn(Space::kRegistry, TeamKey(team_id), now.revision);
    const Team* team = now.directory->FindTeam(team_id);
    if (team == nullptr) continue;
    view.RestOn(Space::kRegistry, AgencyKey(team->home_agency_id), now.revision);
  }
  return ActingAs(now.directory, read.bytes.has_value() ? EnrolmentOf(read.row) : nullptr);
}

absl::StatusOr<EnrolledPractitioner> Registry::LookupPractitioner(
    const std::string& agency_id, const std::string& practitioner_id) const {
  std::shared_ptr<const Directory> directory;
  Enrolments::Row enrolment = nullptr;
  {
    // Both as of one revision: nobody acts who might act at none.
    absl::MutexLock lock(&mutex_);
    if (behind_) return Behind();
    directory = directory_;
    enrolment = enrolments_.Find(agency_id, practitioner_id);
  }
  if (!enrolment.ok()) return enrolment.status();
  return ActingAs(std::move(directory), *std::move(enrolment));
}

absl::Status Registry::ForEachPractitioner(
    absl::FunctionRef<absl::Status(const EnrolledPractitioner&)> visit) const {
  const std::string prefix = kPractitionerPrefix;
  std::string from = prefix;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(const DirectoryAt now, Current());
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store_->NewView());
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<store::KeyValue> page,
        view->Scan(Space::kRegistry, from, store::PrefixEnd(prefix), kPageRows));
    for (const store::KeyValue& row : page) {
      SIGNPOST_ASSIGN_OR_RETURN(std::shared_ptr<const Enrolment> enrolment,
                                ReadEnrolment(row.key, row.value));
      const absl::StatusOr<EnrolledPractitioner> acting =
          ActingAs(now.directory, std::move(enrolment));
      if (acting.ok()) SIGNPOST_RETURN_IF_ERROR(visit(*acting));
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

void Registry::NoteCompleteList(const std::string& agency_id, absl::Time now,
                                store::Batch* batch) const {
  const std::shared_ptr<const Directory> current = directory();
  if (current->FindAgency(agency_id) == nullptr) return;
  std::vector<absl::Time> lists = {now};
  for (const absl::Time list : current->CompleteLists(agency_id)) lists.push_back(list);
  std::sort(lists.rbegin(), lists.rend());
  const auto same_day = [](absl::Time a, absl::Time b) {
    return absl::ToCivilDay(a, absl::UTCTimeZone()) == absl::ToCivilDay(b, absl::UTCTimeZone());
  };
  lists.erase(std::unique(lists.begin(), lists.end(), same_day), lists.end());
  if (lists.size() > kCompleteListDaysKept) lists.resize(kCompleteListDaysKept);
  CompleteListsRow row;
  for (const absl::Time list : lists) row.add_at_s(absl::ToUnixSeconds(list));
  batch->Put(Space::kRegistry, ListsKey(agency_id), EncodeRow(row));
}

}  // namespace signpost::registry
