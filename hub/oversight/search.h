// Searches is a reader of entries that auditors search with, and look on as they come. Each look is
// itself an entry, sequenced before anything is released: who searched, how much was found, and,
// sealed, why and by what filter. A look at one young person is indexed by them, so that who asks
// for everything held about them is told that an auditor looked.
//
// What one auditor alone may not see is masked (joint_looks.h), and the filter is held against what
// is shown: no filter finds out what a mask covers.
//
// Pages of a search are of the ledger as it was when the first was asked for, so they stay as they
// are while it grows. A page's token says how far it has read and is good for the same auditor and
// filter only.
//
// VerifyPerson() holds the index of one person's entries against the entries themselves, whose
// references it computes anew: somebody with the hub's disk could take rows of the index out.
//
// Entries about one person are found through the index of who is asked about, which is erased with
// the person, so that entries which list them beside others are found, too. Entries about an erased
// person are found by nobody any more.
//
// Thread-safe; owns nothing of HubContext, which must outlive it and its pending calls. `done` is
// called exactly once, on the sequencer's completion thread or the caller's, and must only hand on.

#ifndef SIGNPOST_HUB_OVERSIGHT_SEARCH_H_
#define SIGNPOST_HUB_OVERSIGHT_SEARCH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "hub/audit/filter.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "hub/base/principal.h"
#include "hub/oversight/joint_looks.h"
#include "hub/people/person.h"
#include "hub/request/budget.h"
#include "hub/request/context.h"
#include "signpost/v1/audit.pb.h"

namespace signpost::oversight {

// Entries that are held against a person's index in one call.
inline constexpr uint64_t kVerifyEntriesMax = 20'000;

// How far a search has read. Its token is for one auditor and one filter: a MAC over both stands in
// it.
struct PagePlace {
  uint64_t ledger_size = 0;  // when the first page was asked for
  // Oldest first: the next number to read. Newest first: the one behind the next to read.
  uint64_t position = 0;

  friend bool operator==(const PagePlace&, const PagePlace&) = default;
};
std::string PageToken(const base::SecretKey& key, const base::Principal& auditor,
                      const v1::SearchEntriesRequest& request, const PagePlace& place);
// Of `request.page_token`. Errors: kInvalidField for anything that PageToken() did not make with
// this key, auditor, filter and direction.
[[nodiscard]] absl::StatusOr<PagePlace> ReadPageToken(const base::SecretKey& key,
                                                      const base::Principal& auditor,
                                                      const v1::SearchEntriesRequest& request);

// The number from which on entries are at `us` (microseconds since 1970) or later: time never runs
// back in the ledger. Where entries have gone the number may be too low with `lower`, too high
// without: look at what is found. Errors: kDataLoss, kStoreUnavailable.
[[nodiscard]] absl::StatusOr<uint64_t> BoundInTime(const store::View& view, uint64_t size,
                                                   int64_t us, bool lower);

class Searches {
 public:
  // `looks` is not owned and must outlive this. Errors: kInternal when no key can be derived.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Searches>> Create(
      const request::HubContext& context, const JointLooks* looks);
  Searches(const Searches&) = delete;
  Searches& operator=(const Searches&) = delete;

  // One page. Errors, nothing having been released:
  //   - kAssertionMissing, kMethodNotAllowed, recorded: no named auditor, or a joint look that is
  //     not theirs to look under now
  //   - kInvalidField: no reason, a filter or page size that is not right, a filter that names an
  //     agency of a sensitive service without a joint look, a token of another auditor, filter or
  //     direction
  //   - kTooManyRequests: too many searches by a person's details; nobody may list people so
  //   - kDataLoss, kStoreUnavailable
  void Search(const base::Principal& asker, v1::SearchEntriesRequest request,
              request::Reply<v1::SearchEntriesResponse> done);

  // One who looks on.
  struct Tail {
    std::optional<audit::Filter> filter;  // always there once open
    // About this person alone; with `nobody` about one there is not, so nothing is ever found.
    std::optional<base::PersonId> person;
    bool nobody = false;
    uint64_t next_index = 0;
    base::Principal asker;
    std::string joint_look_id;
  };
  // Records that the asker looks on from now, or from the number named. Errors: as Search();
  // kInvalidField also for `until`, and for a first index beyond the ledger's end.
  void OpenTail(const base::Principal& asker, v1::TailEntriesRequest request,
                request::Reply<Tail> done);
  // What there is for `tail` behind what it has read, at most a page; moves it on. A response
  // without entries has read as far as its next_index all the same: read again while that is below
  // the ledger's size. What is shown under a joint look is an entry of its own first; this waits for
  // it. Errors: as of the joint look, once it ends; kDataLoss, kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<v1::TailEntriesResponse> ReadTail(Tail* tail) const;

  // Some of the entries, from where the page before ended. Errors: as Search(); kNotFound, recorded,
  // for a person who is not known, or is erased.
  void VerifyPerson(const base::Principal& asker, v1::VerifyPersonRequest request,
                    request::Reply<v1::VerifyPersonResponse> done);

 private:
  Searches(const request::HubContext& context, const JointLooks* looks,
           const base::SecretKey& token_key);

  // Whom the filter is about.
  struct Subject {
    std::optional<people::Person> person;
    bool nobody = false;
  };
  // `wire` with its request id hashed. Errors: kInvalidField.
  absl::StatusOr<audit::Filter> FilterOf(const v1::EntryFilter& wire) const;
  absl::StatusOr<Subject> SubjectOf(const store::View& view, const v1::EntryFilter& filter) const;
  absl::Status TakeBudget(const base::Principal& asker, const v1::EntryFilter& filter);
  // Errors: kInvalidField for an agency whose name is masked, where no joint look opens anything.
  absl::Status CheckFilter(const v1::EntryFilter& filter, const std::string& joint_look_id) const;

  const request::HubContext context_;
  const JointLooks* const looks_;
  const base::SecretKey token_key_;
  // By details, by system.
  request::Budget finds_;
};

}  // namespace signpost::oversight

#endif  // SIGNPOST_HUB_OVERSIGHT_SEARCH_H_
