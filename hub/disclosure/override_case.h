// An override case is the row that an override leaves behind: opened here in the commit of the
// answer that it opened, reviewed by the room `overrides`.
//
// Functions over one operation in the making; they read nothing and keep nothing, so they may be
// called from any thread. What they add is written by the operation's index hook, so it is durable
// with the answer's entry or not at all.

#ifndef SIGNPOST_HUB_DISCLOSURE_OVERRIDE_CASE_H_
#define SIGNPOST_HUB_DISCLOSURE_OVERRIDE_CASE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/disclosure/evaluator.h"
#include "hub/request/context.h"
#include "signpost/store/v1/override.pb.h"

namespace signpost::disclosure {

// Under which a case's reason is sealed; see people::Person::SealPrivate().
inline constexpr char kOverrideReasonLabel[] = "override-reason";

// Keys of Space::kOverrides: one agency's all begin with the first, and go on with the number.
std::string OverridesOfAgency(const std::string& agency_id);
std::string OverrideKey(const std::string& agency_id, uint64_t number);
// The job that tells agencies of overrides that wait past their time: of its due rows each stands
// for a case that nobody has reviewed, under the key of Space::kOverrides.
inline constexpr char kEscalationJob[] = "escalate-overrides";
// How often an agency is told again.
inline constexpr absl::Duration kEscalateEvery = absl::Hours(24);
// When the agency is to be told next of a case that waits: the time of its due row.
absl::Time EscalationDue(const ::signpost::store::v1::OverrideRow& row);

// Errors: kDataLoss, kStoreNewer.
[[nodiscard]] absl::StatusOr<::signpost::store::v1::OverrideRow> ParseOverride(
    const std::string& bytes);

// Puts into `operation` the messages to the holders of those flags in `findings` that were shown
// under a rule which has the holder told. Nobody is told of a look at their own flag by themselves.
// The agencies told go into `told`.
void TellHolders(const registry::Directory& directory, const base::Principal& asker,
                 const people::Person& person, const Evaluation& findings,
                 policy::OverrideGround ground, absl::Time now, std::vector<std::string>* told,
                 ledger::Operation* operation);

// What an override opened, for its case.
struct OverrideUse {
  policy::OverrideGround ground = policy::OverrideGround::kNone;
  policy::Purpose purpose = policy::Purpose::kUnspecified;
  std::string reason;  // in words
  absl::Time used_at;
  absl::Time until = absl::InfinitePast();  // InfinitePast: the rule does not say
  absl::Time review_due;
  int holders_told = 0;
};

// Puts the case into `operation`, to be written when its index is known, and where a rule has the
// officer told a message to the asker's own agency. REQUIRES:
// findings.override_used. Errors: kDataLoss.
[[nodiscard]] absl::Status OpenCase(const request::HubContext& context,
                                    const base::Principal& asker, const people::Person& person,
                                    const Evaluation& findings, const OverrideUse& use,
                                    ledger::Operation* operation);

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_OVERRIDE_CASE_H_
