// Registry is a keeper that knows which agencies, systems, keys, teams and practitioners take part,
// and who is suspended. Every call asks it who the caller is; the hub's operator changes it.
//
// Reading is from memory, so that it can be asked on every call: what is suspended is refused from
// the very next call on. A change is an entry in the ledger first; what is in memory follows what was
// committed, by whomever (store/follower.h). A failed commit leaves it as it was. While it cannot
// follow, because a row of an agency or team does not read, nobody but the operator is known: somebody
// may have been suspended in what it missed.
//
// Rows are in space kRegistry under "agency/<id>", "team/<id>", "practitioner/<agency>/<id>" and
// "feed/<agency>": a version byte (1) and the stored message.
//
// Thread-safe. `store`, `sequencer`, `executor` and `random` are not owned and must outlive it, and
// it must outlive every change that was begun: drain the executor first. It may outlive the
// sequencer, and then stays as it was.

#ifndef SIGNPOST_HUB_REGISTRY_REGISTRY_H_
#define SIGNPOST_HUB_REGISTRY_REGISTRY_H_

#include <cstdint>
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
#include "hub/base/crypto.h"
#include "hub/base/executor.h"
#include "hub/base/principal.h"
#include "hub/base/random.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/sequencer.h"
#include "hub/ledger/transact.h"
#include "hub/registry/directory.h"
#include "hub/registry/enrolment.h"
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

// What a change came to. `sequenced` is empty when everything was already so: nothing was written
// and there is no entry.
using ChangeResult = std::optional<ledger::Sequenced>;
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
  static absl::StatusOr<EnrolledPractitioner> ActingAs(std::shared_ptr<const Directory> directory,
                                                       std::shared_ptr<const Enrolment> enrolment);
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

  const Options options_;
  const store::Store* const store_;
  ledger::Sequencer* const sequencer_;
  base::Executor* const executor_;
  base::RandomSource* const random_;
  std::string operator_agency_id_;     // empty when there is no operator
  std::string operator_trust_domain_;  // "

  mutable absl::Mutex mutex_;
  std::shared_ptr<const Directory> directory_ ABSL_GUARDED_BY(mutex_);
  uint64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;  // as of which directory_ is
  bool behind_ ABSL_GUARDED_BY(mutex_) = false;    // the directory is, of the store
  Enrolments enrolments_;
  std::unique_ptr<store::Following> following_;
};

}  // namespace signpost::registry

#endif  // SIGNPOST_HUB_REGISTRY_REGISTRY_H_
