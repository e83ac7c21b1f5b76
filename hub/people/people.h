// People is a keeper that reads young persons and prepares every change to one.
//
// A change is prepared here and committed elsewhere: each Prepare function returns the rows to
// write, and what it reads it reads through a guarded view (ledger/read_set.h), which takes note of
// what the change rests on. The caller adds ledger drafts and messages and hands all of it to the
// sequencer, which commits it whole or answers kAborted when somebody was first; then the caller
// prepares again from a newer view.
//
// What is personal is sealed with AES-256-GCM under the person's own data key; the context of each
// ciphertext is their id, the kind of field and the item, so that none opens in another place. The
// data key is wrapped in Space::kPersonKeys; deleting that row erases them, backups of other spaces
// included.
//
// A shield belongs to the person: reports never touch it, and a merge keeps it.

#ifndef SIGNPOST_HUB_PEOPLE_PEOPLE_H_
#define SIGNPOST_HUB_PEOPLE_PEOPLE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "hub/base/keyring.h"
#include "hub/base/principal.h"
#include "hub/base/random.h"
#include "hub/ledger/read_set.h"
#include "hub/people/keeping.h"
#include "hub/people/person.h"
#include "hub/people/scope.h"
#include "hub/people/standing.h"
#include "hub/store/store.h"
#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/common.pb.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::people {

// How long an agency's wish to have a shield lifted counts.
inline constexpr absl::Duration kLiftAskedFor = absl::Hours(28 * 24);

// Flags that are archived and erased in one commit: their references fit its entry.
inline constexpr int kEndsPerCommitMax = 256;

// Archived flags, of all agencies together; past it what is retracted goes at once.
inline constexpr int kArchivedPerPersonMax = 1024;

// A retracted flag that stood so long may have been seen: it is archived like one that is closed.
inline constexpr absl::Duration kStoodForReviews = absl::Hours(24);

// How far Read() follows merges; a longer chain is damage.
inline constexpr int kMergeHopsMax = 8;

// An agency's own record, as the hub knows it.
struct LocalRecord {
  std::string record_hash;  // 32 bytes, keyed
  // The agency's own id for whom it is about; Read() follows it to the row that the flag is on.
  base::PersonId known_as;
  base::FlagId flag;
};

// What the hub knows of one record of an agency, looked up once a report and passed down.
struct RecordState {
  std::string record_hash;            // 32 bytes, keyed
  std::optional<LocalRecord> record;  // nothing: the agency never reported it
  // Whom its flag is on, merges followed; nothing once that one was erased.
  std::optional<Person> person;
  // Its flag, where that is archived.
  std::optional<store::v1::ArchivedFlagSecret> archived;
};

// A record as listed for a reconciliation.
struct OpenRecord {
  std::string record_hash;
  base::PersonId person;
  base::FlagId flag;
  bool open = false;  // its flag is open
};
struct OpenRecordPage {
  std::vector<OpenRecord> records;
  std::string next_token;  // empty at the end
};

// What became of a flag.
enum class FlagChange {
  kUnchanged,
  kOpened,     // new and open, or open again
  kClosed,     // new and closed already, or closed now
  kChanged,    // worker, service, assessments or details differ
  kRetracted,  // entered in error
};

// What one more word on somebody's death came to.
enum class DeathTurn {
  kNone,       // nothing is otherwise for others
  kConfirmed,  // from now on it is certain
  kUndone,     // it was wrong
};

// Where a report goes.
struct Placing {
  // Whom it is about; nullptr: a row of its own.
  const Person* person = nullptr;
  // With a record that is new, or begins anew: the agency's id for them from its other records, where
  // what the agency itself said makes them one. Nothing: a new id.
  std::optional<base::PersonId> known_as;
  // The record goes on under a new id, as if it were another: too much of it has changed.
  bool begins_anew = false;
  // It waits until somebody has decided whom it is about; zero: it does not.
  base::ReviewId review;
  // With a row of its own: the shield that it carries until then. Not shielded: none.
  store::v1::ShieldRow shield;
};

struct FlagResult {
  store::Batch change;  // empty when kUnchanged
  FlagChange kind = FlagChange::kUnchanged;
  bool person_created = false;
  bool flag_created = false;  // the record was new on them
  base::PersonId person;
  base::PersonId known_as;  // the agency's own id for them
  base::FlagId flag;
  std::string service;
  // Agencies, other than the reporter, with an open flag on them: whom a notice may concern.
  std::vector<std::string> other_agencies;
  // The report's details are an alias that they were not known by.
  bool alias_added = false;
  // Hashes of aliases that were dropped to keep within kAliasesPerPersonMax: their keys go too.
  std::vector<store::v1::AliasHashes> dropped_aliases;
  // Where some were dropped: hashes of all their aliases as they will be.
  std::vector<store::v1::AliasHashes> aliases;
  // What the entry of the change names the person by; set unless kUnchanged.
  std::optional<ledger::Blinding> blinding;
  // It was closed before the hub first heard of it, or long ago: nobody need ask who takes over.
  bool old_closing = false;
  // What the report's word on their death came to, and who is to be told of that.
  DeathTurn death = DeathTurn::kNone;
  std::vector<std::string> mourners;
};

struct ConsentResult {
  store::Batch change;  // empty when nothing changed
  base::PersonId person;
  base::ConsentId consent;
  absl::Time effective_at;                  // recorded or withdrawn
  std::vector<base::ConsentId> superseded;  // records in whose place it stands
  store::v1::ConsentRow row;                // as recorded; set by PrepareConsent()
  // The agency, another than the one that records, whose no it stands in the place of; empty: none.
  // It is the first of `superseded`.
  std::string refusal_of;
};

// How a yes was taken back. Unset: not said.
struct Withdrawing {
  signpost::v1::Grantor by = signpost::v1::GRANTOR_UNSPECIFIED;
  signpost::v1::ConsentEvidence how = signpost::v1::CONSENT_EVIDENCE_UNSPECIFIED;
  std::string told_to;  // practitioner id
};

// One agency's word about a shield.
struct ShieldVoice {
  bool shielded = false;  // set it; otherwise lift it
  std::string agency_id;
  // Whether an agency that set it can no longer be asked, because it takes part no more. May be
  // empty: all can be.
  std::function<bool(const std::string& agency_id)> is_gone;
};

struct ShieldResult {
  store::Batch change;  // empty when nothing is otherwise than it was
  base::PersonId person;
  bool stands = false;  // the shield, after this
  bool lifted = false;  // by this
};

// One agency's word that what is held must be kept, or need not be any more.
struct HoldVoice {
  bool held = false;
  std::string agency_id;
  std::string reference;  // of the court or the inquiry; where held
  absl::Time review_at;   // where held
  // Whether an agency that set one can no longer be asked. May be empty: all can be.
  std::function<bool(const std::string& agency_id)> is_gone;
};

struct HoldResult {
  store::Batch change;  // empty when nothing is otherwise than it was
  base::PersonId person;
  bool stands = false;  // one hold at least, after this
};

// One word on whether somebody has died.
struct DeathVoice {
  bool died = false;
  std::string agency_id;
  std::string record_hash;  // of the record in which it is said; empty: an officer says so
  int32_t died_on = 0;      // yyyymmdd; where died
  std::string registration_reference;  // empty: not seen
};

struct DeathResult {
  store::Batch change;  // empty when nothing is otherwise than it was
  base::PersonId person;
  bool stands = false;  // it is certain, after this
  DeathTurn turn = DeathTurn::kNone;
  // Agencies that are to be told of the turn: those with a flag that counts, but none that said so itself.
  // What one agency said would else tell it that another knows them too.
  std::vector<std::string> mourners;
};

// Why a consent ends: its time is over; or another gave it, and they become of that age.
enum class ConsentEnd { kLapses, kSixteen, kEighteen };

// That a consent ends soon, for whoever recorded it, and confirmed it as a holder.
struct ConsentEnding {
  std::vector<std::string> agencies;
  base::ConsentId consent;
  ConsentEnd cause = ConsentEnd::kLapses;
  absl::Time ends_at;  // of one that lapses
};

// What was due of one person.
struct EndsResult {
  store::Batch change;  // empty when they are no more, or somebody else
  base::PersonId person;
  std::optional<ledger::Blinding> blinding;
  std::vector<std::string> archived;  // ids of flags, 16 bytes each
  std::vector<std::string> erased;
  std::vector<ConsentEnding> endings;
  bool nothing_left = false;  // of whom nothing is left is to be erased whole
  // Hashes of aliases that no flag has any more, and of those that are left.
  std::vector<store::v1::AliasHashes> dropped_aliases;
  std::vector<store::v1::AliasHashes> aliases;
};

// Whether an agency's own officer, and no other, may learn that it reports somebody who was erased.
// May be empty: no agency's.
using AskedItself = std::function<bool(const std::string& agency_id)>;

struct MergeResult {
  store::Batch change;
  base::PersonId from;  // as they stood after following earlier merges
  base::PersonId to;
  bool shielded = false;  // the result is shielded
};

// Thread-safe. `keyring` and `random` are not owned and must outlive it.
class People {
 public:
  People(const base::Keyring* keyring, base::RandomSource* random,
         const StandingRules& standing_rules = {}, KeepingRules keeping = {})
      : keyring_(keyring),
        record_key_(keyring->local_record_key()),
        random_(random),
        standing_rules_(standing_rules),
        keeping_(std::move(keeping)) {}
  People(const People&) = delete;
  People& operator=(const People&) = delete;

  const base::Keyring& keyring() const { return *keyring_; }
  const StandingRules& standing_rules() const { return standing_rules_; }
  const KeepingRules& keeping() const { return keeping_; }

  // The person `id` stands for now, merges followed. Errors: kNotFound when there is none or they
  // were erased; kDataLoss; kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<Person> Read(const store::View& view,
                                            const base::PersonId& id) const;

  // As Read(), or nothing when there is none or they were erased. `id_bytes`: 16, or none, which is
  // nobody. Errors: kDataLoss; kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<std::optional<Person>> ReadIfThere(
      const store::View& view, const std::string& id_bytes) const;

  // Private texts that outlive a merge: sealed under the key that `id` had, which a merge leaves
  // and erasing deletes. As Person::SealPrivate() and Person::OpenPrivate(), which are of the
  // person as they stand. Errors: kNotFound when they were erased; kDataLoss; kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<std::string> SealPrivateOf(const store::View& view,
                                                          const base::PersonId& id,
                                                          absl::string_view label,
                                                          absl::string_view plain) const;
  [[nodiscard]] absl::StatusOr<base::Sealed<LazyText>> OpenPrivateOf(
      const store::View& view, const base::PersonId& id, absl::string_view label,
      absl::string_view sealed) const;

  // What the ledger's entries about `id` are blinded with, whatever it was merged into since.
  // Errors: kNotFound when that person was erased; kDataLoss; kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<ledger::Blinding> BlindingOf(const store::View& view,
                                                            const base::PersonId& id) const;

  // --- Records of agencies ---

  // The keyed hash under which `agency_id`'s record is known, 32 bytes.
  std::string RecordHash(absl::string_view agency_id, absl::string_view record_id) const;
  // Keyed hash of all that a report says; equal reports have equal hashes whatever their sequence.
  std::string ContentHash(absl::string_view agency_id,
                          const signpost::v1::FlagReport& report) const;
  // Whether `flag` names this practitioner of its agency as its worker, by id; this team.
  bool NamesWorker(const store::v1::FlagRow& flag, absl::string_view practitioner_id) const;
  bool NamesTeam(const store::v1::FlagRow& flag, absl::string_view team_id) const;
  // Key of Space::kLocalRecords.
  static std::string LocalRecordKey(absl::string_view agency_id, absl::string_view record_hash);

  // Errors: kNotFound when the agency never reported it.
  [[nodiscard]] absl::StatusOr<LocalRecord> LookupLocalRecord(const store::View& view,
                                                              absl::string_view agency_id,
                                                              absl::string_view record_id) const;
  [[nodiscard]] absl::StatusOr<LocalRecord> LookupRecordHash(const store::View& view,
                                                             absl::string_view agency_id,
                                                             absl::string_view record_hash) const;

  // Looks a record up with the person it is on. Errors: kDataLoss; kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<RecordState> ResolveRecord(const store::View& view,
                                                          absl::string_view agency_id,
                                                          std::string record_hash) const;

  // All records of `agency_id` in order of their hashes, a page at a time; `token` is empty at
  // first and then the page's next_token. Errors: kInvalidField for a foreign token or rows_max
  // < 1.
  [[nodiscard]] absl::StatusOr<OpenRecordPage> OpenRecordsOf(const store::View& view,
                                                             absl::string_view agency_id,
                                                             const std::string& token,
                                                             int rows_max) const;

  // --- Flags ---

  // Puts `report` where `placing` says: opens a flag for a record the agency never reported, else
  // changes, closes or retracts that record's flag. One that is archived opens again as what it is where it
  // is reported as open, and else stays where it is. Keeps the reporter's details as an alias when
  // they differ from its latest. `state` is the record's, `content_hash` the report's
  // (ContentHash), `hashes` are those of report.person(). Reads nothing.
  //
  // Each record has an id by which its agency knows whom it is about, and which stays when rows are
  // found to be one: what an agency can see of its ids is of its own making.
  //
  // REQUIRES: ValidateReport() passed. Errors: kNotFound for a retraction where there is no flag;
  // kInvalidField when the agency has kFlagsPerAgencyAndPersonMax records under one id; kDataLoss.
  [[nodiscard]] absl::StatusOr<FlagResult> PrepareReport(
      const base::Principal& reporter, const signpost::v1::FlagReport& report,
      const RecordState& state, const std::string& content_hash,
      const store::v1::AliasHashes& hashes, const Placing& placing, absl::Time now) const;

  // Counts `reports` more reports of `agency_id` (less, when negative) that wait and may be about
  // `person`: until then nobody says that the agency has none.
  [[nodiscard]] absl::StatusOr<store::Batch> PrepareWaiting(const Person& person,
                                                            absl::string_view agency_id,
                                                            int reports) const;
  // `review` waits no more of whom `person`'s row is about, and a shield that it carried for that
  // reason ends.
  [[nodiscard]] absl::StatusOr<store::Batch> PrepareSettled(const ledger::GuardedView& view,
                                                            const base::PersonId& person,
                                                            const base::ReviewId& review) const;
  // `person`, who waits in `review`, carries the shield of somebody who may be the same.
  [[nodiscard]] absl::StatusOr<store::Batch> PrepareCarriedShield(const ledger::GuardedView& view,
                                                                  const base::PersonId& person,
                                                                  const base::ReviewId& review,
                                                                  absl::string_view owner_agency_id,
                                                                  absl::Time now) const;

  // Closes the open flag of one record, as a reconciliation asks, on the day of `now` (UTC).
  // Reporting the record again opens it again. Unchanged when it is not open. With `release` the
  // flag also lets go of its record, which from now on stands for somebody else. Reads nothing.
  // Errors: kNotFound when the agency never reported it, or whom it was on is gone.
  [[nodiscard]] absl::StatusOr<FlagResult> PrepareClose(absl::string_view agency_id,
                                                        const RecordState& state, absl::Time now,
                                                        bool release = false) const;

  // --- What ends ---

  // Does what is due of them at `now`: archives flags and erases archived ones as the table says, unless
  // `table_counts` is false or a hold stands; and says which consents end soon. Whoever is no more, or
  // somebody else, has nothing due. At most kEndsPerCommitMax flags at once: the others are due still.
  // Aliases' keys are matching's: use matching::ReportLinker::PrepareEnds(). Errors: kDataLoss; those of
  // the view.
  [[nodiscard]] absl::StatusOr<EndsResult> PrepareEnds(const ledger::GuardedView& view,
                                                       const base::PersonId& person, absl::Time now,
                                                       bool table_counts) const;
  // Sets a hold of one agency, or gives it another day of review, at once; or notes that the agency asks
  // to have it ended. A hold ends when the agency that set it (or one more, where that can no longer be
  // asked) and another have asked within kLiftAskedFor. Errors: kNotFound.
  [[nodiscard]] absl::StatusOr<HoldResult> PrepareHold(const ledger::GuardedView& view,
                                                       const base::PersonId& person,
                                                       const HoldVoice& voice,
                                                       absl::Time now) const;
  // That the agency was told that its hold is to be reviewed. Empty where it has none.
  [[nodiscard]] absl::StatusOr<store::Batch> PrepareHoldTold(const ledger::GuardedView& view,
                                                             const base::PersonId& person,
                                                             absl::string_view agency_id,
                                                             absl::Time now) const;
  // The court's or the inquiry's number of a hold. Errors: kDataLoss.
  [[nodiscard]] absl::StatusOr<std::string> ReferenceOf(const Person& person,
                                                        const store::v1::HoldRow& hold) const;
  // Notes one word on whether they have died. It is certain once two agencies say so, or one with the
  // number of the registration; and no longer, once who said so took it back or two agencies say
  // that they have not. Errors: kNotFound.
  [[nodiscard]] absl::StatusOr<DeathResult> PrepareDeath(const ledger::GuardedView& view,
                                                         const base::PersonId& person,
                                                         const DeathVoice& voice,
                                                         absl::Time now) const;
  // Puts their place among what is due where it belongs under the rules of today; empty where it is
  // there already.
  [[nodiscard]] absl::StatusOr<store::Batch> PrepareClock(const ledger::GuardedView& view,
                                                          const base::PersonId& person) const;

  // --- Consents ---

  // A new record. It takes the place of the one that it says it supersedes, and a no that of every
  // earlier yes of the same grantor and kind that it covers as a whole, from when it holds; nothing
  // else changes: a yes leaves every no alone, and two grantors who disagree are both kept. With
  // GRANTOR_SELF and GRANTOR_SELF_COMPETENT it is the young person who speaks; other grantors are
  // told apart by their names. A no that ends does not bring back the yes in whose place it stood.
  // `kind_of` may be empty.
  //
  // REQUIRES: ValidateConsent() passed. Errors: kNotFound when there is no such person;
  // kConsentInvalid, with the fields, when they have kConsentsPerPersonMax, for a grantor whom
  // their age does not allow, an end at an 18th birthday that is not known or has passed, or
  // something to supersede that is not there or cannot be: a no is undone by the agency that
  // recorded it, or by the young person before one that receives nothing by their yes.
  [[nodiscard]] absl::StatusOr<ConsentResult> PrepareConsent(
      const ledger::GuardedView& view, const base::PersonId& person,
      const signpost::v1::Consent& consent, absl::string_view agency_id,
      absl::string_view practitioner_id, absl::Time now,
      const KindOfAgency& kind_of = nullptr) const;

  // `agency_id` says, as the holder of something that a yes covers, that it was given, or that it
  // doubts it; its later word stands in the place of its earlier one, and the same again changes
  // nothing. Errors: kNotFound when there is no such yes, or it covers nothing that the agency has
  // open; kConsentInvalid for one that no longer holds.
  [[nodiscard]] absl::StatusOr<ConsentResult> PrepareHolderAnswer(
      const ledger::GuardedView& view, const base::PersonId& person, const base::ConsentId& consent,
      absl::string_view agency_id, absl::string_view practitioner_id,
      signpost::v1::HolderAnswer answer, absl::Time now) const;

  // Takes back a yes from `now` on. Withdrawing twice changes nothing and answers the first time's
  // moment. `note` may be empty and is kept sealed. Errors: kNotFound; kConsentInvalid for a
  // refusal, for one in whose place another stands, and when neither the grantor nor the young
  // person themselves takes it back.
  [[nodiscard]] absl::StatusOr<ConsentResult> PrepareWithdraw(
      const ledger::GuardedView& view, const base::PersonId& person, const base::ConsentId& consent,
      absl::string_view note, absl::Time now, const Withdrawing& how = {}) const;

  // --- Persons ---

  // Sets the shield at once, or notes that the agency asks to have it lifted. It is lifted when all
  // agencies that set it and are not gone, and two agencies at least, ask for it within
  // kLiftAskedFor. Who asks is for the caller to judge. Errors: kNotFound.
  [[nodiscard]] absl::StatusOr<ShieldResult> PrepareShield(const ledger::GuardedView& view,
                                                           const base::PersonId& person,
                                                           const ShieldVoice& voice,
                                                           absl::Time now) const;

  // Finds two persons to be one: all that `from` has moves to `to`, sealed anew under `to`'s key. A
  // shield on either side holds. Records and matching keys of `from` lead to `to` from then on.
  // Errors: kNotFound; kInvalidField when they are one already or would together pass a limit.
  [[nodiscard]] absl::StatusOr<MergeResult> PrepareMerge(const ledger::GuardedView& view,
                                                         const base::PersonId& from,
                                                         const base::PersonId& to) const;

  // Deletes their row and data key, those of everybody merged into them, their records and the
  // index of who looked, and marks each of their records as erased (erased_records.h), so that whoever
  // reports it again is asked about. Matching keys are matching's: use
  // matching::ReportLinker::PrepareErase(), which does both. `agency_id` is whose officer erases them
  // and is asked; where `asked_itself` says so of the agency that reports, it is that agency's own.
  // `ids` receives every id that was theirs. Errors: kNotFound; kLegalHold while a hold stands.
  [[nodiscard]] absl::StatusOr<store::Batch> PrepareErase(
      const ledger::GuardedView& view, const base::PersonId& person, absl::string_view agency_id,
      absl::Time now, std::vector<base::PersonId>* ids, const AskedItself& asked_itself = {}) const;

 private:
  struct Draft;
  absl::StatusOr<Draft> Load(const ledger::GuardedView& view, const base::PersonId& id) const;
  absl::StatusOr<Draft> Create() const;
  absl::StatusOr<Draft> Begin(const Person& person) const;
  // One more id that leads to the person.
  absl::StatusOr<base::PersonId> AddId(Draft* draft) const;
  std::string NameHash(const store::v1::FlagRow& flag, absl::string_view what,
                       absl::string_view id) const;
  // Moves a flag of the draft into the archive.
  absl::Status Archive(Draft* draft, int flag, absl::Time now) const;
  // When a flag that is archived is to be erased, with the blur; `end`: as EndOf() gave it.
  absl::StatusOr<absl::Time> EraseAt(const Draft& draft, const store::v1::FlagRow& flag,
                                     absl::Time end, absl::Time now) const;
  // Retracted flags of one agency are few.
  absl::Status DropRetracted(absl::string_view agency_id, absl::Time now, Draft* draft) const;
  // Notes a word on their death in the draft. Gives whether anything is otherwise.
  absl::StatusOr<bool> NoteDeath(Draft* draft, const DeathVoice& voice, absl::Time now,
                                 DeathTurn* turn, std::vector<std::string>* mourners) const;

  const base::Keyring* const keyring_;
  const base::HmacKey record_key_;
  base::RandomSource* const random_;
  const StandingRules standing_rules_;
  const KeepingRules keeping_;
};

// yyyymmdd, 0 for an absent or impossible date; and back (absent for 0).
int32_t DateNumber(const signpost::v1::Date& date);
signpost::v1::Date DateFromNumber(int32_t number);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_PEOPLE_H_
