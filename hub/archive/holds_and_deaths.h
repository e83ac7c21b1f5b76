// HoldsAndDeaths is a desk where data protection officers record what keeps everything that is held about
// a young person, and that they have died.
//
// A legal hold counts at once, whoever sets it: while one stands nothing of theirs is archived, pruned or
// erased, by nobody's table and at nobody's wish. It is ended by the agency that set it and another
// together, for it is destroying that takes two; and never by itself: when its day of review has passed
// the agency is told, and again each week.
//
// That somebody has died is one agency's word until another says so too, or an officer has seen the
// registration. Then those who work or worked with them are told, no yes opens anything any more, and what
// is held is kept as the table says of those who have died. It is undone in the same way.
//
// Each act, a refusal too, is an entry; nobody's answer tells whether somebody else said the same.
//
// A HoldsAndDeaths owns nothing; everything in HubContext must outlive it and its pending calls.
// Thread-safe. `done` is called exactly once, on the executor or the sequencer's completion thread,
// and must only hand on.

#ifndef SIGNPOST_HUB_ARCHIVE_HOLDS_AND_DEATHS_H_
#define SIGNPOST_HUB_ARCHIVE_HOLDS_AND_DEATHS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/request/context.h"
#include "signpost/v1/archive.pb.h"

namespace signpost::archive {

inline constexpr char kOfficerRole[] = "data-protection-officer";
// How far off a hold's review may be.
inline constexpr absl::Duration kHoldReviewMax = absl::Hours(400 * 24);

class HoldsAndDeaths {
 public:
  explicit HoldsAndDeaths(const request::HubContext& context) : context_(context) {}
  HoldsAndDeaths(const HoldsAndDeaths&) = delete;
  HoldsAndDeaths& operator=(const HoldsAndDeaths&) = delete;

  // See v1.ArchiveService. Errors, those behind the first with a receipt:
  //   - kInvalidField: no reason in words, no person; no reference, a review that is past or too far
  //     off; no day of death, or one that is still to come
  //   - kMethodNotAllowed: another role
  //   - kNotFound: nobody, or anything less than certain
  //   - kRequestIdReused; kStoreUnavailable: not recorded, so not done
  //
  // SetHold and RecordDeath sent twice under one request id happen once.
  void SetHold(const base::Principal& asker, v1::SetLegalHoldRequest request,
               request::Reply<v1::SetLegalHoldResponse> done);
  void ListHolds(const base::Principal& asker, v1::ListLegalHoldsRequest request,
                 request::Reply<v1::ListLegalHoldsResponse> done);
  void RecordDeath(const base::Principal& asker, v1::RecordDeathRequest request,
                   request::Reply<v1::RecordDeathResponse> done);

  // Tells agencies of their holds that are to be reviewed: an entry and a notice, all or nothing for each;
  // at most 100. Blocks. Returns how many. Errors: kStoreUnavailable and the like.
  [[nodiscard]] absl::StatusOr<int> TellOverdue(absl::Time now);
  // Holds whose day of review has passed.
  [[nodiscard]] absl::StatusOr<int> CountOverdue(absl::Time now) const;

 private:
  const request::HubContext context_;
};

}  // namespace signpost::archive

#endif  // SIGNPOST_HUB_ARCHIVE_HOLDS_AND_DEATHS_H_
