// Registry is a keeper that knows which agencies, systems, keys, teams and practitioners take part,
// and who is suspended. Every call asks it who the caller is; the hub's operator changes it.
//
// What takes a right away, and what gives none, the operator changes alone. What gives one (rights.h)
// waits as a proposed change until an officer who is not the operator's has confirmed it: for an agency
// that has an officer of its own, that one. Who is an officer of when is told by numbers that are given
// in one order, not by clocks. The first officers come with a founding file, once in the life of a
// store.
//
// Reading is from memory, so that it can be asked on every call: what is suspended is refused from
// the very next call on. A change is an entry in the ledger first; what is in memory follows what was
// committed, by whomever (store/follower.h). A failed commit leaves it as it was. While it cannot
// follow, because a row of an agency or team does not read, nobody but the operator is known: somebody
// may have been suspended in what it missed.
//
// Rows are in space kRegistry under "agency/<id>", "team/<id>", "practitioner/<agency>/<id>",
// "feed/<agency>", "change/<number>", "numbers" and "founding": a version byte (1) and the stored
// message; and two indexes, "waiting/<record's key>" and "officer/<agency>/<id>" (rows.h).
//
// Thread-safe. `store`, `sequencer`, `executor` and `random` are not owned and must outlive it, and
// it must outlive every change that was begun: drain the executor first. It may outlive the
// sequencer, and then stays as it was.

#ifndef SIGNPOST_HUB_REGISTRY_REGISTRY_H_
#define SIGNPOST_HUB_REGISTRY_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/base/crypto.h"
#include "hub/base/executor.h"
#include "hub/base/principal.h"
#include "hub/base/random.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/sequencer.h"
#include "hub/ledger/transact.h"
#include "hub/registry/directory.h"
#include "hub/registry/enrolment.h"
#include "hub/registry/rights.h"
#include "hub/store/follower.h"
#include "hub/store/store.h"
#include "signpost/store/v1/registry.pb.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::registry {

// At most this often is an agency's feed time written, so that it costs a report next to nothing.
inline constexpr absl::Duration kFeedWriteInterval = absl::Minutes(1);

// The job (schedule/due_rows.h) under which covers are due when they end; its keys are those of the
// practitioners' rows.
inline constexpr char kCoversJob[] = "covers";
// Colleagues whom one practitioner may cover for at once: a duty desk's.
inline constexpr int kCoversPerPractitionerMax = 32;

// One worker of an agency covers for another.
struct StandingCover {
  std::string covering_practitioner_id;
  std::string covered_practitioner_id;
  absl::Time since;
  absl::Time until;  // exclusive
};

// The job (schedule/due_rows.h) under which changes that wait are due when they can no longer be
// confirmed; its keys are theirs.
inline constexpr char kChangesJob[] = "registry-changes";
// How long a change waits for its officers.
inline constexpr absl::Duration kChangeWaitsMax = absl::Hours(24 * 14);
// For so long after an agency's last officer was suspended, dropped or lapsed nobody else speaks for
// the agency: who is suspended at once must not be got round at once.
inline constexpr absl::Duration kLostOfficerCounts = absl::Hours(24 * 14);
// Changes that wait at once; one more is refused.
inline constexpr int kChangesWaitingMax = 4096;
// Records of one founding file.
inline constexpr int kFoundingRecordsMax = 8192;
// What is signed of a founding file stands behind these bytes, which no assertion begins with.
inline constexpr char kFoundingSignedPrefix[] = "signpost founding 1\n";

// What a change came to.
struct ChangeResult {
  // Empty when everything was already so: nothing was written and there is no entry.
  std::optional<ledger::Sequenced> sequenced;
  // What gives a right and waits, now or since before.
  std::optional<v1::RegistryChange> waits;
  // Not OK: it was refused, and `sequenced` is the entry that says so.
  absl::Status refusal;
};
// Called exactly once, where ledger::Transact() calls its own: only hand on.
using ChangeDone = absl::AnyInvocable<void(absl::StatusOr<ChangeResult>)>;

// A FeedClaim is a report's right to write when its agency reported: of many reports at once one has
// it, and gives it back by going, so that one which fails keeps nobody from writing. See TouchFeed().
class FeedClaim {
 public:
  FeedClaim() = default;
  FeedClaim(const FeedClaim&) = delete;
  FeedClaim& operator=(const FeedClaim&) = delete;
  ~FeedClaim() { GiveBack(); }

  // Before whoever reported is answered, so that their next report may claim it.
  void GiveBack();

 private:
  friend class Registry;
  std::shared_ptr<Directory::FeedState> state_;  // null: not claimed
};

class Registry : private store::Follower {
 public:
  struct Options {
    // The hub's operator: a system that is known, of kind "operator" and never suspended, even when
    // the registry is empty or was filled wrongly, so that nobody can be locked out of it. Its
    // trust domain is that of every system. Empty: there is none, and systems may be of any trust
    // domain.
    std::string operator_spiffe_id;
    // Names of systems to whose mailboxes notices go.
    std::vector<std::string> mailbox_system_names = {"adapter"};
    // Seals the reasons of suspensions (Keyring::hub_data_key()).
    base::SecretKey details_key;
    // Not owned; must outlive the registry.
    const base::Clock* clock = nullptr;
    // Begins the entries of changes. Not owned; must outlive the registry.
    const ledger::EntryComposer* entries = nullptr;
  };

  // Reads the whole registry. Errors: kStoreUnavailable, kDataLoss when a row does not parse,
  // kStoreNewer when a row has a later format (but for a practitioner's, which keeps that
  // practitioner out and nobody else), kInvalidField when operator_spiffe_id is malformed.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Registry>> Load(Options options,
                                                                      const store::Store* store,
                                                                      ledger::Sequencer* sequencer,
                                                                      base::Executor* executor,
                                                                      base::RandomSource* random);

  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry() override;

  // Which roles are ordinary, and which need vetting or training. Before the first call no role is
  // ordinary and none needs either. Errors: those of WorkerRoles::Check(), and nothing changes.
  [[nodiscard]] absl::Status SetRoles(WorkerRoles roles);
  WorkerRoles roles() const;

  // Has `tell` add to an operation that proposes a change what tells the agencies that must be heard.
  // Call before the first change.
  using TellOfChange =
      std::function<void(const store::v1::RegistryChangeRow& change, ledger::Operation* operation)>;
  void TellOfChangesWith(TellOfChange tell);

  // The latest directory; never null. Costs a lock and a reference count. It says who takes part,
  // not who may: while it cannot follow it is the last that could be read. What is decided by it
  // does not rest on its rows: agencies and teams are never removed, and what is done for a caller
  // who was let in is done, though they are suspended before it is durable.
  std::shared_ptr<const Directory> directory() const;

  // The system that the peer's certificate names, without a practitioner. Errors:
  //   - kCallerUnknown: no agency has enrolled it
  //   - kCallerSuspended: it or its agency is suspended
  //   - kStoreUnavailable: the directory is behind the store; may pass. Never for the operator, who
  //     can put the row that does not read
  [[nodiscard]] absl::StatusOr<base::Principal> LookupSystem(const std::string& spiffe_id) const;

  // The practitioner named by an assertion whose signature was good. Errors:
  //   - kPractitionerUnknown: not enrolled, or an id that cannot be
  //   - kCallerSuspended: suspended, or the agency is
  //   - kEnrolmentLapsed: their vetting or training has lapsed
  //   - kStoreUnavailable, also while the directory is behind the store
  //   - kDataLoss, kStoreNewer: the practitioner's row does not read
  [[nodiscard]] absl::StatusOr<EnrolledPractitioner> LookupPractitioner(
      const std::string& agency_id, const std::string& practitioner_id) const;
  // The same, for an operation that comes of it: it rests on the practitioner's row, which is read at
  // `view`, and on those that were looked up in the directory, so that it is judged again when their
  // agency, a team of theirs or its home agency was changed or suspended meanwhile. What is suspended
  // shows in views taken after.
  [[nodiscard]] absl::StatusOr<EnrolledPractitioner> LookupPractitioner(
      const ledger::GuardedView& view, const std::string& agency_id,
      const std::string& practitioner_id) const;

  // Whether `enrolled` may act in `role`. Errors: kAssertionInvalid when they are not enrolled in it;
  // kEnrolmentLapsed when it needs a vetting or training of which no day is said.
  [[nodiscard]] absl::Status CheckRole(const EnrolledPractitioner& enrolled,
                                       const std::string& role) const;

  // Calls `visit` with every practitioner who may act, by agency and id, as LookupPractitioner()
  // gives them. Reads some at a time, each at a view of its own, so that no view grows old: who is
  // enrolled meanwhile may be among them or not. Stops at the first error, which it returns; others
  // as LookupPractitioner().
  [[nodiscard]] absl::Status ForEachPractitioner(
      absl::FunctionRef<absl::Status(const EnrolledPractitioner&)> visit) const;

  // What a practitioner is marked with, suspended or not; nothing for somebody not enrolled.
  // Errors: kStoreUnavailable, kDataLoss, kStoreNewer.
  [[nodiscard]] absl::StatusOr<PractitionerMarks> LookupMarks(
      const store::View& view, const std::string& agency_id,
      const std::string& practitioner_id) const;

  // For base::AssertionVerifier. Errors: kNotFound when the agency has no such key;
  // kStoreUnavailable while the directory is behind the store.
  [[nodiscard]] absl::StatusOr<base::PublicKey> LookupKey(const std::string& agency_id,
                                                          const std::string& key_id) const;

  // Each creates or replaces one row. Idempotent by content: what is already so succeeds without an
  // entry, in whatever order lists come. `suspended` in a request is ignored: it stays as it is,
  // and a system that is suspended stays in its agency's row, suspended, also when the request
  // leaves it out (dropping and adding it again must not restore it). Each entry is
  // ENTRY_KIND_REGISTRY_CHANGED, with which kind of record, its id, and record_sha256, the SHA-256
  // of the row as stored. Errors, nothing having changed:
  //   - kInvalidField with violations
  //   - kAgencyUnknown: a team or practitioner names an agency that is not registered
  // What of it gives a right is not done: it waits, and ChangeResult::waits says what. It takes the
  // place of what waited for that record. Refusals of a proposal are in ChangeResult::refusal:
  //   - kAssertionMissing: no named person proposes it
  //   - kTooManyRequests: kChangesWaitingMax wait
  //   - what ledger::Transact() gives. kStoreUnavailable: unknown until restart; the directory
  //     stays
  void PutAgency(const v1::PutAgencyRequest& request, const base::Principal& actor,
                 ChangeDone done);
  void PutTeam(const v1::PutTeamRequest& request, const base::Principal& actor, ChangeDone done);
  // What a practitioner is marked with comes hashed: `surname` and `home_postcode` of the request
  // are checked and not read further.
  void PutPractitioner(const v1::PutPractitionerRequest& request, const PractitionerMarks& marks,
                       const base::Principal& actor, ChangeDone done);

  // Suspends or restores. The reason is sealed in the entry's details. Errors as above, and:
  //   - kAgencyUnknown, kCallerUnknown, kPractitionerUnknown: there is no such thing to suspend
  //   - kInvalidField: it is the hub's own operator
  void SetSuspended(const v1::SetSuspendedRequest& request, const base::Principal& actor,
                    ChangeDone done);

  // --- Changes that wait, and the founding. Prepared here, committed by enrolment/.

  // Gives the next number, in which rights given and proposals made stand in one order, and adds that
  // it was given to `batch`. Errors: those of the view.
  [[nodiscard]] static absl::StatusOr<uint64_t> NextNumber(const store::View& view,
                                                           store::Batch* batch);
  // The number that `change_id` names; 0 where it can be none.
  static uint64_t ChangeNumber(const std::string& change_id);
  // The change of that number; nothing when there is none. Errors: those of the view.
  [[nodiscard]] absl::StatusOr<std::optional<store::v1::RegistryChangeRow>> ReadChange(
      const store::View& view, uint64_t number) const;
  // As it is told: with what it changes, and who must be heard and was. Errors: those of the view.
  [[nodiscard]] absl::StatusOr<v1::RegistryChange> ToldOf(
      const store::View& view, const store::v1::RegistryChangeRow& change, absl::Time now) const;
  // Changes at and below `number` (0: from the newest on), the newest first, at most `rows_max`;
  // without `include_ended` those that wait. `next` receives where to go on, or 0. Errors: as above.
  [[nodiscard]] absl::StatusOr<std::vector<store::v1::RegistryChangeRow>> ListChanges(
      const store::View& view, uint64_t number, bool include_ended, int rows_max,
      uint64_t* next) const;

  // Has `officer` confirm `change`, and where that is the last yes needed makes it: adds rows and the
  // entry of the record to `operation`. Adds nothing where the officer had confirmed it. Refusals,
  // with nothing added:
  //   - kInvalidField: the hash is another's; the record is no longer as it was
  //   - kAlreadyExists: it has ended
  //   - kMethodNotAllowed: the operator's, who is enrolled, an officer since after it was proposed,
  //     of another agency where the agency has its own
  // Others: those of the view.
  [[nodiscard]] absl::Status PrepareConfirm(const ledger::GuardedView& view,
                                            const std::string& sha256,
                                            const base::Principal& officer, absl::Time now,
                                            const std::string& request_id,
                                            store::v1::RegistryChangeRow* change,
                                            ledger::Operation* operation) const;
  // Ends it without effect, as `stage` says, by `actor` (empty: by itself). Refusals: kAlreadyExists;
  // kMethodNotAllowed for an officer who might not confirm it. Adds nothing where it had ended so.
  [[nodiscard]] absl::Status PrepareEnd(const ledger::GuardedView& view,
                                        store::v1::RegistryChangeStage stage,
                                        const base::Principal& actor, absl::Time now,
                                        store::v1::RegistryChangeRow* change,
                                        ledger::Operation* operation) const;

  // What the area was founded with; nothing when it was not. Errors: those of the view.
  [[nodiscard]] absl::StatusOr<std::optional<store::v1::FoundingRow>> ReadFounding(
      const store::View& view) const;
  // Founds the area, by `actor`: adds all rows to `operation`, and an entry for each. Refusals:
  //   - kInvalidField: of another hub; a record that is not as it must be, at its place in the file;
  //     fewer than two agencies signed, or the operator's did, or a signature is not good, or two by
  //     one key; more than kFoundingRecordsMax records
  //   - kAlreadyExists: it was founded, or has an officer, or an agency that can act
  // Others: those of the view. `row` receives what is noted.
  [[nodiscard]] absl::Status PrepareFounding(const ledger::GuardedView& view,
                                             const v1::FoundAreaRequest& request,
                                             const base::Principal& actor, absl::Time now,
                                             store::v1::FoundingRow* row, v1::Founding* founding,
                                             ledger::Operation* operation) const;

  // --- Covers. Prepared here, committed by enrolment/covers.h, with its entry and its notice.

  // Has `covering` cover for `covered`, both practitioners of `agency_id`, from `now` until `until`;
  // where they do so already, until the later of both. Adds to `batch`, nothing where it is so
  // already, and gives until when it stands. REQUIRES: until > now, whole seconds. Errors:
  //   - kInvalidField, with the field: one of them is not enrolled, both are one, or `covering` has
  //     kCoversPerPractitionerMax already
  //   - kCallerSuspended: `covering` is suspended
  //   - kDataLoss, kStoreNewer; those of the view
  [[nodiscard]] absl::StatusOr<absl::Time> PrepareCover(
      const ledger::GuardedView& view, const std::string& agency_id, const std::string& covering,
      const std::string& covered, absl::Time now, absl::Time until, store::Batch* batch) const;
  // Ends it; adds nothing to `batch` where it does not stand. Errors: as PrepareCover()'s last.
  [[nodiscard]] absl::Status PrepareEndCover(const ledger::GuardedView& view,
                                             const std::string& agency_id,
                                             const std::string& covering,
                                             const std::string& covered, store::Batch* batch) const;
  // Takes the covers that have ended by `now` out of a practitioner's row, by its key, with what
  // makes them due, and gives them; `agency_id` receives whose they are. Errors: as PrepareCover()'s last.
  [[nodiscard]] absl::StatusOr<std::vector<StandingCover>> PrepareLapsedCovers(
      const ledger::GuardedView& view, const std::string& row_key, absl::Time now,
      std::string* agency_id, store::Batch* batch) const;
  // The covers of an agency that stand at `now`, from memory, by who covers and for whom.
  std::vector<StandingCover> CoversOf(const std::string& agency_id, absl::Time now) const;

  // Notes that `agency_id` reported at `now`: adds the row to `batch`, unless what is durable is
  // younger than kFeedWriteInterval, or another report is about to write it, or the agency is not
  // registered. `claim` is the report's, the same for all attempts of one transaction, and goes
  // when that has ended. Directory::Feed() follows when the row is durable.
  void TouchFeed(const std::string& agency_id, absl::Time now, FeedClaim* claim,
                 store::Batch* batch);

  // Notes that `agency_id` gave a complete list of its open records at `now`: adds the row to
  // `batch`, unless the agency is not registered. Directory::CompleteLists() follows when the row
  // is durable. Of two at once the later to commit stands; a day may then be lacking.
  void NoteCompleteList(const std::string& agency_id, absl::Time now, store::Batch* batch) const;

 private:
  struct Planned;  // one attempt of a change
  using Plan = absl::AnyInvocable<absl::StatusOr<Planned>(const ledger::GuardedView& view)>;

  Registry(Options options, const store::Store* store, ledger::Sequencer* sequencer,
           base::Executor* executor, base::RandomSource* random);

  // Reads all that the directory holds; takes what of it was committed.
  absl::Status Begin(const store::View& view) override;
  absl::Status Take(const store::PublishedCommit& commit) override;
  void FellBehind(const absl::Status& why) override;
  // Somebody who may act, or why not; `enrolment` may be null.
  absl::StatusOr<EnrolledPractitioner> ActingAs(std::shared_ptr<const Directory> directory,
                                                std::shared_ptr<const Enrolment> enrolment) const;
  // The directory, if it is as new as what was acknowledged, and as of which revision it is. Who is
  // let in is asked of this one.
  struct DirectoryAt {
    std::shared_ptr<const Directory> directory;
    uint64_t revision;
  };
  absl::StatusOr<DirectoryAt> Current() const;
  static absl::Status PutRow(const std::string& key, const std::string& value,
                             Directory* directory);
  static absl::Status PutLists(const std::string& key, const std::string& value,
                               const Directory& directory);
  static absl::Status PutFeed(const std::string& key, const std::string& value,
                              const Directory& directory);
  // Runs `plan` until it commits, then calls `done`.
  void Change(const std::string& request_id, const base::Principal& actor, Plan plan,
              ChangeDone done);
  bool IsOperatorAgency(const std::string& agency_id) const;
  // Whether only an officer of `agency_id` speaks for it about what has `number` and is about the
  // practitioner of `subject_key`, if any.
  absl::StatusOr<bool> SpeaksForItself(const store::View& view, const std::string& agency_id,
                                       const std::string& subject_key, uint64_t number,
                                       absl::Time now) const;
  // For which of the agencies of `change` that still must be heard `officer` may speak; a refusal.
  absl::StatusOr<std::vector<std::string>> MaySpeakFor(const store::View& view,
                                                       const store::v1::RegistryChangeRow& change,
                                                       const base::Principal& officer,
                                                       absl::Time now) const;
  // Writes `after` (bytes of a row, bare) in the place of the row at `key`, with its entry.
  absl::Status WriteRecord(const store::View& view, const std::string& key,
                           const std::string& after, const base::Principal& actor,
                           const std::string& request_id, absl::Time now, uint64_t number,
                           const std::string& reason, ledger::Operation* operation) const;
  // Adds to `attempt` what of `planned` is done at once and what is proposed.
  absl::Status Decide(const store::View& view, const Planned& planned,
                      const std::string& request_id, const base::Principal& actor,
                      ledger::Operation* operation, ChangeResult* result) const;
  ledger::v1::LedgerEntry ChangeEntry(ledger::v1::EntryKind kind,
                                      const store::v1::RegistryChangeRow& change,
                                      const base::Principal& actor,
                                      const std::string& request_id) const;

  const Options options_;
  const store::Store* const store_;
  ledger::Sequencer* const sequencer_;
  base::Executor* const executor_;
  base::RandomSource* const random_;
  std::string operator_agency_id_;     // empty when there is no operator
  std::string operator_trust_domain_;  // "

  TellOfChange tell_of_change_;

  mutable absl::Mutex mutex_;
  WorkerRoles roles_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const Directory> directory_ ABSL_GUARDED_BY(mutex_);
  uint64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;  // as of which directory_ is
  bool behind_ ABSL_GUARDED_BY(mutex_) = false;    // the directory is, of the store
  Enrolments enrolments_;
  std::unique_ptr<store::Following> following_;
};

}  // namespace signpost::registry

#endif  // SIGNPOST_HUB_REGISTRY_REGISTRY_H_
