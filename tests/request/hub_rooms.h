// HubRooms is a base that tests of rooms above `request` stand on: a whole HubContext on a memory
// store, with a real sequencer, the enrolled agencies of Nortown, the shipped rules, and a clock
// that stands still. No certificates, no gRPC, no files but the shipped ones.
//
// For tests: one HubRooms a test, used from the test's thread. Rooms complete on the sequencer's
// thread; Wait() hands what they complete with back to the test's thread.

#ifndef SIGNPOST_TESTS_REQUEST_HUB_ROOMS_H_
#define SIGNPOST_TESTS_REQUEST_HUB_ROOMS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hub/base/agency_id.h"
#include "hub/base/clock.h"
#include "hub/base/error.h"
#include "hub/base/executor.h"
#include "hub/base/keyring.h"
#include "hub/base/principal.h"
#include "hub/base/random.h"
#include "hub/disclosure/answers.h"
#include "hub/enrolment/enrolment.h"
#include "hub/enrolment/registry_changes.h"
#include "hub/intake/intake.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/sequencer.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/request/context.h"
#include "hub/store/follower.h"
#include "hub/store/hostile_store.h"
#include "hub/tlog/note.h"
#include "tests/request/nortown_area.h"

namespace signpost::request {

inline constexpr char kYot[] = "nortown-yot";
inline constexpr char kConnexions[] = "northern-connexions";
inline constexpr char kSocial[] = "nortown-social-services";
inline constexpr char kHousing[] = "nortown-housing";
inline constexpr char kDrugs[] = "nortown-drugs-advice";
inline constexpr char kAudit[] = "nortown-audit";
inline constexpr char kHub[] = "nortown-hub";
inline constexpr char kOfficer[] = "ig-001";
inline constexpr char kOperatorsWorker[] = "op-001";

// A clock that can be told to do something the next time it is asked, once: what a room does
// between reading and committing is interrupted there, on whichever thread it runs.
class InterruptibleClock final : public base::Clock {
 public:
  explicit InterruptibleClock(const base::Clock* inner) : inner_(inner) {}

  absl::Time Now() const override;
  void AtNextLook(std::function<void()> act);

 private:
  const base::Clock* const inner_;
  mutable absl::Mutex mutex_;
  mutable std::function<void()> act_ ABSL_GUARDED_BY(mutex_);
};

// An entry of the ledger as tests look at it, whatever its stored form.
struct Recorded {
  uint64_t index = 0;
  std::string kind;  // as a word: "who-knows"
  std::string agency_id;
  std::string practitioner_id;
  std::string purpose;
  std::string outcome;
  std::string reply_hash;
  std::string policy_sha256;
  int policy_version = 0;
  std::vector<std::string> relationships;
  // By holder: its aspects, in order. What a broker said without a name is under its holder too.
  std::map<std::string, std::vector<std::string>> released;
  std::map<std::string, int> withheld;  // by rule
  bool rests_on_consent = false;
  bool override_used = false;
  bool has_details = false;  // sealed
};

// An answer to WhoKnows, with what it came with.
struct Answered : test_area::AnswerReader {
  absl::Status status;
  std::string bytes;
  v1::Receipt receipt;  // of a refusal, too

  // Sections of `agency`'s assessments that may be asked for.
  std::vector<std::string> SectionsOpen(const std::string& agency) const;
};

// The receipt that the status of a recorded refusal carries; an empty one when it carries none.
v1::Receipt ReceiptOfRefusal(const absl::Status& status);
// Paths of the fields at fault.
std::vector<std::string> FieldsOf(const absl::Status& status);

// The shipped rules of Nortown without their examples and checks, which take time to prove.
std::string RulesOfNortown(int version = 1);

class HubRooms : public ::testing::Test {
 protected:
  // Without a policy nothing was published yet. Unless said otherwise flags are settled at once.
  explicit HubRooms(bool with_policy = true, const people::StandingRules& standing = {
                                                 absl::ZeroDuration(), absl::ZeroDuration(), 1});
  ~HubRooms() override;

  // --- Who asks ---
  static base::Principal System(const std::string& agency, const std::string& name = "adapter");
  static base::Principal Worker(const std::string& agency, const std::string& practitioner,
                                const std::string& role, std::vector<std::string> teams = {});
  static base::Principal Adviser();          // Connexions, not in the team
  static base::Principal SecondedAdviser();  // Connexions, in the youth offending team
  static base::Principal YotOfficer();
  static base::Principal SocialWorker();
  static base::Principal Manager();  // of social services; no social worker herself
  static base::Principal HousingOfficer();
  static base::Principal Officer();  // for data protection
  static base::Principal Auditor();
  static base::Principal Operator();
  // A named person of the operator's, as whoever gives a right must be.
  static base::Principal NamedOperator();
  // The officer whom every agency that works with young people was founded with.
  static base::Principal OfficerOf(const std::string& agency);

  // --- Messages ---
  std::string RequestId();
  static v1::PersonDetails Tariq();  // 17
  static v1::PersonDetails Sal();    // 16
  static v1::PersonDetails Nobody();
  // An open flag of Tariq unless `details` says otherwise.
  static v1::FlagReport Flag(const std::string& record_id, const std::string& service,
                             const v1::PersonDetails& details = Tariq());
  // Tariq's written yes that Connexions reads the youth offending team's assessment.
  v1::RecordConsentRequest WrittenConsent(const std::string& record_id = "C-1");

  // --- What happens ---
  // Starts something with a reply, and waits for the reply.
  template <typename Response, typename Start>
  absl::StatusOr<Response> Wait(Start start) {
    absl::Notification ended;
    absl::StatusOr<Response> reply = absl::UnknownError("never answered");
    start(Reply<Response>([&](absl::StatusOr<Response> result) {
      reply = std::move(result);
      ended.Notify();
    }));
    ended.WaitForNotification();
    return reply;
  }
  v1::FlagOutcome Report(const std::string& agency, const v1::FlagReport& report);
  // Tariq, known to the youth offending team (with an ASSET) as Y-1 and to Connexions as C-1.
  void TariqIsKnown();
  absl::StatusOr<v1::RecordConsentResponse> Consent(const base::Principal& asker,
                                                    const v1::RecordConsentRequest& request);
  absl::StatusOr<v1::WithdrawConsentResponse> Withdraw(const base::Principal& asker,
                                                       const std::string& consent_id,
                                                       const std::string& record_id = "C-1");
  v1::WhoKnowsRequest AskAboutRecord(const std::string& record_id,
                                     v1::Purpose purpose = v1::PURPOSE_SUPPORT_PLANNING);
  v1::WhoKnowsRequest AskAbout(const v1::PersonDetails& details,
                               v1::Purpose purpose = v1::PURPOSE_SUPPORT_PLANNING);
  v1::WhoKnowsRequest AskForAsset(const std::string& record_id = "C-1");
  v1::WhoKnowsRequest AskWithOverride(const std::string& record_id);
  Answered Ask(const base::Principal& asker, const v1::WhoKnowsRequest& request);
  // Enrols a practitioner beside the principals above, who are not looked up.
  void Enrol(const std::string& agency, const std::string& practitioner, const std::string& role,
             const std::string& surname = "", const std::string& home_postcode = "");
  // Has every change that waits confirmed, by an officer of each agency that must be heard.
  void ConfirmWaiting();
  void ConfirmChange(const v1::RegistryChange& change);
  // Proposed by one, approved by an officer of each agency that must. The text is in force afterwards.
  void Publish(const std::string& text);
  static base::Principal Governance(int number);  // information governance officers 1, 2 and 3

  // Writes past the sequencer, as what damages a store does.
  void Damage(store::Batch batch);

  // --- What is there ---
  std::unique_ptr<store::View> View() { return *store_.NewView(); }
  uint64_t LedgerSize() { return sequencer_->head().size; }
  Recorded EntryAt(uint64_t index);
  Recorded LastEntry() { return EntryAt(LedgerSize() - 1); }
  std::vector<Recorded> Entries(const std::string& kind);
  // An entry that names a reply of this hash and says nothing else.
  ledger::Draft EntryNaming(const std::string& reply_hash);
  // Whether the index of who looked, which is erased with the person, leads to the entry.
  bool IsAbout(uint64_t index, const base::PersonId& person);
  people::Person PersonOf(const std::string& agency, const std::string& record_id);
  // What waits in the mailbox of an agency's adapter.
  std::vector<exchange::MailboxMessage> Mailbox(const std::string& agency);

  std::unique_ptr<store::Store> inner_;
  store::HostileStore store_;
  base::ManualClock clock_;         // a Monday morning in November 2026
  InterruptibleClock rooms_clock_;  // what rooms look at: clock_
  base::SeededRandom random_;
  std::unique_ptr<base::Keyring> keyring_;
  std::unique_ptr<tlog::NoteSigner> signer_;
  base::AgencyPersonIds agency_ids_;
  base::ThreadPool executor_;
  std::unique_ptr<ledger::Sequencer> sequencer_;
  std::unique_ptr<ledger::EntryComposer> entries_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<people::People> people_;
  std::unique_ptr<matching::ReportLinker> linker_;
  std::unique_ptr<exchange::Mailboxes> mailboxes_;
  exchange::MailboxNotifier notifier_;
  std::unique_ptr<IdempotencyTable> idempotency_;
  PolicyInForce policy_;
  // Both follow what is committed.
  std::unique_ptr<store::Following> notifier_following_;
  std::unique_ptr<store::Following> policy_following_;
  HubContext context_;
  std::unique_ptr<policy_admin::PolicyAdmin> policy_admin_;
  request::DetailsBudget details_budget_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<enrolment::Enrolment> enrolment_;
  std::unique_ptr<enrolment::RegistryChanges> registry_changes_;
  std::unique_ptr<disclosure::Answers> answers_;

 private:
  void EnrolArea(const std::string& policy_text);

  int requests_ = 0;
  bool governance_enrolled_ = false;
};

}  // namespace signpost::request

#endif  // SIGNPOST_TESTS_REQUEST_HUB_ROOMS_H_
