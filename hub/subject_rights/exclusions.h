// Exclusions is a gatherer of what an export leaves out: why, who decides, and what of it the
// officer includes. What tells of one another is one exclusion, left out and included as a whole.
//
// Only what the officer's own agency holds or did is counted and named to them, for only that can
// they judge. Everything else stands in every export alike, whether or not there is anything: that
// another agency looked to protect somebody, or that a sensitive service is about, shows in no
// count, and in nothing's being there or not.
//
// By what law (Data Protection Act 2018; the right of access is Article 15 of the UK GDPR): what
// names somebody else, Schedule 2, paragraph 16; what would get in the way of preventing or
// detecting crime, Schedule 2, paragraph 2; what would be likely to do serious harm to anybody's
// health, Schedule 3, paragraphs 5 (health), 11 (social work) and 19 (education). None of these is
// so for good or for a kind of thing as such: somebody judges it each time, which is why an officer
// can include.
//
// A part of one export; not thread-safe.

#ifndef SIGNPOST_HUB_SUBJECT_RIGHTS_EXCLUSIONS_H_
#define SIGNPOST_HUB_SUBJECT_RIGHTS_EXCLUSIONS_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "signpost/v1/person.pb.h"

namespace signpost::subject_rights {

// In one call: inclusions, and exclusions that one of them names.
inline constexpr int kInclusionsMax = 20;
inline constexpr int kExclusionsPerInclusionMax = 50;

// What hangs together among what names others: all names of the officer's own colleagues.
inline constexpr char kWorkers[] = "workers";

// Errors: kInvalidField with the paths at fault.
[[nodiscard]] absl::Status CheckInclusions(const v1::ExportPersonRequest& request);

class Exclusions {
 public:
  // Ids are keyed with `key`: they name what they name of `person`, to `agency_id`, and nothing
  // else. REQUIRES: CheckInclusions(request) passed.
  Exclusions(const base::SecretKey& key, const base::PersonId& person, std::string agency_id,
             const v1::ExportPersonRequest& request);

  // Whether the officer includes what hangs together as `group`, of their own agency's. Otherwise
  // one more item of it counts as left out.
  bool Includes(v1::ExclusionReason reason, absl::string_view group);
  // The same of one look, which the officer is told to judge by; of one consent, likewise.
  bool IncludesLook(absl::string_view group, const v1::HeldAccess& look);
  bool IncludesConsent(v1::ExclusionReason reason, absl::string_view group,
                       const std::string& consent_id);
  // There are accesses older than those told.
  void LeaveOlder() { older_ = true; }

  // How many exclusions are included.
  int included() const { return static_cast<int>(found_.size()); }
  // Puts what is left out into `held`. Errors: kInvalidField when an id that was to be included
  // names nothing that this officer may include.
  [[nodiscard]] absl::Status AddTo(v1::PersonExport* held) const;

 private:
  std::string IdOf(v1::ExclusionReason reason, absl::string_view group) const;
  // The exclusion to count under; nullptr when it is included.
  v1::ExportExclusion* LeftOut(v1::ExclusionReason reason, absl::string_view group);

  const base::HmacKey key_;
  const base::PersonId person_;
  const std::string agency_id_;
  std::map<std::string, std::string> included_;  // id -> path of its field
  std::set<std::string> found_;                  // of included_
  // In the order in which they were left out: no order by ids, which are random.
  std::vector<v1::ExportExclusion> left_out_;
  std::map<std::pair<v1::ExclusionReason, std::string>, size_t> places_;  // in left_out_
  bool older_ = false;
};

// What of an export's request is recorded sealed: why it was asked for, what was included, and why.
std::string RecordedReasons(const v1::ExportPersonRequest& request);

}  // namespace signpost::subject_rights

#endif  // SIGNPOST_HUB_SUBJECT_RIGHTS_EXCLUSIONS_H_
