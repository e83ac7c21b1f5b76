// These are functions that say when somebody must look at a young person's row again: because a closed
// flag is to be archived, an archived one to be erased, a consent lapses, they become sixteen or
// eighteen, a legal hold is to be reviewed. Each row has at most one place in the index of what is due
// (schedule/due_rows.h), which is moved in every commit that changes the row: nobody goes through
// everybody to find who is due.
//
// Pure; thread-safe. Internal to the room and to the job that runs on these clocks.

#ifndef SIGNPOST_HUB_PEOPLE_CLOCKS_H_
#define SIGNPOST_HUB_PEOPLE_CLOCKS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "hub/people/keeping.h"
#include "hub/store/store.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

// The jobs of the index: row key is the person's id; the person's id and the agency that set a hold.
inline constexpr char kEndsJob[] = "ends";
inline constexpr char kHoldsJob[] = "legal-holds";
// How often an agency is told again that its hold is to be reviewed.
inline constexpr absl::Duration kHoldToldAgainAfter = absl::Hours(7 * 24);
// Somebody of whom nothing was due when it was looked is looked at again after this at the earliest.
inline constexpr absl::Duration kLookAgainAfter = absl::Hours(24);

// The row of Space::kMeta that says how far everybody's place was set anew, under which rules; and what
// stands there where that is to be begun, as in a store put back.
inline constexpr char kSweptKey[] = "people/ends-swept";
inline constexpr char kSweepBegins[] = "begins";

// Since when it is certain that they have died.
std::optional<absl::Time> DeadSince(const store::v1::PersonRow& row);

// Whether the recorder of `consent` is to be told before it lapses, and when.
std::optional<absl::Time> LapseToldAt(const store::v1::ConsentRow& consent,
                                      const KeepingRules& rules);
// When the recorder of `consent`, that another gave for the young person, is told that they become of
// the next age that ends it or makes their own word count; and of which age. By the birth dates that
// the recorder's agency reported, where it did.
struct AgeNotice {
  absl::Time at;
  int age = 0;
};
std::optional<AgeNotice> AgeToldAt(const base::PersonId& id, const store::v1::PersonRow& row,
                                   const base::SecretKey& key,
                                   const store::v1::ConsentRow& consent);

// Whether nothing is left of them but what nobody needs: no flag, archived or not, no hold, no shield,
// nothing that waits. Consents may be left.
bool HasNoFlags(const store::v1::PersonRow& row);
// When what was agreed to and refused is not kept any longer by itself: as long after the last of it as
// flags of no special service are kept after closing.
absl::Time ConsentsKeptUntil(const store::v1::PersonRow& row, const KeepingTerms& terms);

// When somebody must look at `row` again; absl::InfiniteFuture() for never. May be too early where several
// tables are in force one after another, and where another look finds nothing due.
absl::Time NextLook(const KeepingRules& rules, const base::PersonId& id,
                    const store::v1::PersonRow& row, const base::SecretKey& key);

// When the agency that set `hold` is told that it is to be reviewed.
absl::Time HoldDue(const store::v1::HoldRow& hold);
std::string HoldKey(const base::PersonId& id, absl::string_view agency_id);

// Moves the row's place in the index to where it belongs, `floor` at the earliest.
void SetClock(const KeepingRules& rules, const base::PersonId& id, const base::SecretKey& key,
              absl::Time floor, store::v1::PersonRow* row, store::Batch* batch);
// Takes it out: they are no more, or somebody else.
void DropClock(const base::PersonId& id, const store::v1::PersonRow& row, store::Batch* batch);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_CLOCKS_H_
