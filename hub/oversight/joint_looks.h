// JointLooks is a desk at which two auditors agree that they may see together what one of them may
// not: entries as they stand, where one alone reads them masked, or which entries are about the same
// person (a file of pseudonyms). One asks, says why and for which entries; another agrees, of another
// agency where the area has auditors of two; from then on these two may look for some hours, at what
// was asked for and nothing else. Either ends it, and so does whoever asked before anybody agreed.
//
// Each step is an entry; why and for which entries is sealed there. Whose records were shown is kept
// with the joint look: the data protection officers of those agencies find it in their list.
//
// Both must stand in the role when they look, not only when they agreed. The clock is the hub's.
//
// A Sight is what one auditor sees of entries in one request, under a joint look or under none.
//
// JointLooks is thread-safe and owns nothing; HubContext and the Masker must outlive it and its
// pending calls. `done` is called exactly once, on the sequencer's completion thread or the caller's,
// and must only hand on. A Sight is for one thread; its view and JointLooks must outlive it.

#ifndef SIGNPOST_HUB_OVERSIGHT_JOINT_LOOKS_H_
#define SIGNPOST_HUB_OVERSIGHT_JOINT_LOOKS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/ids.h"
#include "hub/base/principal.h"
#include "hub/ledger/read_set.h"
#include "hub/ledger/sequencer.h"
#include "hub/oversight/auditor.h"
#include "hub/oversight/masker.h"
#include "hub/request/context.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/store/v1/audit.pb.h"
#include "signpost/v1/audit.pb.h"

namespace signpost::oversight {

inline constexpr int kJointLookHoursDefault = 8;
inline constexpr int kJointLookHoursMax = 72;
// For how long one waits for another auditor.
inline constexpr absl::Duration kJointLookWaits = absl::Hours(7 * 24);
// That wait at once; one more is refused.
inline constexpr int kJointLooksWaitingMax = 32;

// One under which somebody may look now.
struct OpenLook {
  std::string id;  // 16 bytes
  ::signpost::store::v1::JointLookRow row;
};

class JointLooks {
 public:
  JointLooks(const request::HubContext& context, const Masker* masker)
      : context_(context), masker_(masker) {}
  JointLooks(const JointLooks&) = delete;
  JointLooks& operator=(const JointLooks&) = delete;

  // See v1.AuditService. A request that is sent twice happens once. Errors, of the first three:
  //   - kAssertionMissing, kMethodNotAllowed, recorded: no named auditor; of Agree also for whoever
  //     asked, or for one of the same agency where auditors of another are enrolled; of End for
  //     anybody but the two
  //   - kInvalidField: no reason, hours or entries that are not right, a joint look that there is
  //     not, or that does not wait (of Agree) or has ended
  //   - kTooManyRequests: kJointLooksWaitingMax wait
  //   - kRequestIdReused, kDataLoss, kStoreUnavailable
  void Ask(const base::Principal& asker, v1::AskJointLookRequest request,
           request::Reply<v1::AskJointLookResponse> done);
  void Agree(const base::Principal& asker, v1::AgreeJointLookRequest request,
             request::Reply<v1::AgreeJointLookResponse> done);
  void End(const base::Principal& asker, v1::EndJointLookRequest request,
           request::Reply<v1::EndJointLookResponse> done);
  // For a named auditor, or a data protection officer: of their own agency's records alone. Errors:
  // kMethodNotAllowed, recorded; kInvalidField for a page that is not right.
  void List(const base::Principal& asker, v1::ListJointLooksRequest request,
            request::Reply<v1::ListJointLooksResponse> done);

  // The joint look of that id, which opens `opens`, if `asker` may look under it now. Errors:
  // kInvalidField, at joint_look_id, where there is none; kMethodNotAllowed where it is not theirs,
  // is not open, opens something else, or one of the two no longer stands in the role.
  [[nodiscard]] absl::StatusOr<OpenLook> Find(const ledger::GuardedView& view,
                                              const base::Principal& asker,
                                              const std::string& joint_look_id,
                                              ledger::v1::JointLookOpens opens) const;

  // Says in `entry` under which joint look it was, and in the row of `look`, in `operation`, that
  // there was one look more, and that `agencies` were named in what it showed.
  static void Record(const OpenLook& look, const std::set<std::string>& agencies,
                     ledger::v1::LedgerEntry* entry, ledger::Operation* operation);

  // As AdmitAuditor(); and where `joint_look_id` is not empty, Find() must give it.
  template <typename Response>
  bool Admit(const base::Principal& asker, ledger::v1::EntryKind kind,
             const std::string& joint_look_id, ledger::v1::JointLookOpens opens,
             request::Reply<Response>* done) const {
    if (!AdmitAuditor(context_, asker, kind, "", done)) return false;
    if (joint_look_id.empty()) return true;
    absl::Status found = Check(asker, joint_look_id, opens);
    if (found.ok()) return true;
    RefuseAuditor(
        context_, asker, kind, "", std::move(found),
        [done = std::move(*done)](absl::Status refused) mutable { done(std::move(refused)); });
    return false;
  }

  const Masker& masker() const { return *masker_; }
  const request::HubContext& context() const { return context_; }

 private:
  absl::Status Check(const base::Principal& asker, const std::string& joint_look_id,
                     ledger::v1::JointLookOpens opens) const;
  // The request without its id, once the scope is seen to be right. Errors: kInvalidField.
  absl::Status CheckScope(const ledger::GuardedView& view,
                          const v1::AskJointLookRequest& request) const;
  absl::Status CheckAgrees(const ledger::GuardedView& view, const base::Principal& asker,
                           const ::signpost::store::v1::JointLookRow& row) const;
  // Whether the two of `row` are enrolled as auditors now. Errors: kMethodNotAllowed for not.
  absl::Status CheckStand(const ledger::GuardedView& view, const std::string& agency_id,
                          const std::string& practitioner_id) const;
  // As it is told to an auditor or, with `of_agency`, to that agency's officer.
  absl::StatusOr<v1::JointLook> ToWire(const std::string& id,
                                       const ::signpost::store::v1::JointLookRow& row,
                                       const std::string& of_agency) const;

  const request::HubContext context_;
  const Masker* const masker_;
};

class Sight {
 public:
  // `joint_look_id` may be empty: then all is masked that is to be. Errors: as JointLooks::Find();
  // kDataLoss, kStoreUnavailable.
  [[nodiscard]] static absl::StatusOr<Sight> Open(const JointLooks& looks,
                                                  const ledger::GuardedView& view,
                                                  const base::Principal& asker,
                                                  const std::string& joint_look_id);
  Sight(Sight&&) = default;

  struct Seen {
    ledger::v1::LedgerEntry entry;  // masked, or as it stands
    bool masked = false;
    bool opened = false;  // one auditor alone would have it masked
    std::string bytes;    // of that
    std::string leaf_hash;
    std::set<std::string> agencies;  // of sensitive services, that it names where it stands
  };
  // Entry `index`, whose bytes are not empty. Errors: kDataLoss, kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<Seen> Look(uint64_t index, std::string bytes);
  // It is given out.
  void Show(const Seen& seen);
  // The same, in `found`, but for its number.
  void Show(Seen seen, v1::FoundEntry* found);

  // Whether something was given out that one auditor alone would have read masked.
  bool opened() const { return opened_; }
  // Says in `entry` and `operation` under which joint look, if any, all this was.
  void Record(ledger::v1::LedgerEntry* entry, ledger::Operation* operation) const;

  Spectacles& spectacles() { return spectacles_; }
  // Whether the joint look covers this entry as it stands. Errors: kDataLoss, kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<bool> Covers(uint64_t index, const ledger::v1::LedgerEntry& entry);

 private:
  Sight(const store::View* view, Spectacles spectacles)
      : view_(view), spectacles_(std::move(spectacles)) {}

  const store::View* view_;
  Spectacles spectacles_;
  std::optional<OpenLook> look_;
  v1::UnmaskScope scope_;
  int64_t from_us_ = INT64_MIN;
  int64_t until_us_ = INT64_MAX;
  std::vector<base::PersonId> persons_;  // of the scope: who they are, and whom they were merged of
  bool opened_ = false;
  std::set<std::string> shown_;
};

}  // namespace signpost::oversight

#endif  // SIGNPOST_HUB_OVERSIGHT_JOINT_LOOKS_H_
