#include "hub/subject_rights/exclusions.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"

namespace signpost::subject_rights {

namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kReasonBytesMin = 10;
// Of an id, in what is recorded: it says which among one person's.
constexpr size_t kIdCharactersRecorded = 12;
// With the reason of the export itself all of it fits an entry, beside the rest of that.
static_assert((kInclusionsMax + 1) * base::kReasonBytesMax +
                  kInclusionsMax *
                      (kExclusionsPerInclusionMax * static_cast<int>(kIdCharactersRecorded + 1) +
                       16) <
              static_cast<int>(base::kEntryBytesMax) - 4096);

struct Standing {
  v1::ExclusionReason reason;
  v1::ExclusionDecider decided_by;
};
// In every export, of everybody.
constexpr Standing kStanding[] = {
    {v1::EXCLUSION_REASON_THIRD_PARTY, v1::EXCLUSION_DECIDER_THEIR_AGENCY},
    {v1::EXCLUSION_REASON_SENSITIVE_SERVICE, v1::EXCLUSION_DECIDER_THEIR_AGENCY},
    {v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION,
     v1::EXCLUSION_DECIDER_THEIR_AGENCY},
    {v1::EXCLUSION_REASON_SHIELDED, v1::EXCLUSION_DECIDER_THEIR_AGENCY},
    {v1::EXCLUSION_REASON_COMPARED, v1::EXCLUSION_DECIDER_NOBODY},
    {v1::EXCLUSION_REASON_NO_LONGER_KEPT, v1::EXCLUSION_DECIDER_NOBODY},
};

}  // namespace

absl::Status CheckInclusions(const v1::ExportPersonRequest& request) {
  std::vector<base::FieldViolation> violations;
  if (request.inclusions_size() > kInclusionsMax) {
    violations.push_back({"inclusions", absl::StrCat("at most ", kInclusionsMax, " in one call")});
  }
  std::set<std::string> ids;
  for (int i = 0; i < request.inclusions_size() && violations.empty(); ++i) {
    const v1::ExportInclusion& inclusion = request.inclusions(i);
    const std::string path = absl::StrCat("inclusions[", i, "]");
    if (inclusion.exclusion_ids().empty() ||
        inclusion.exclusion_ids_size() > kExclusionsPerInclusionMax) {
      violations.push_back({absl::StrCat(path, ".exclusion_ids"),
                            absl::StrCat("1 to ", kExclusionsPerInclusionMax, " of them")});
    }
    if (inclusion.reason().size() < kReasonBytesMin ||
        inclusion.reason().size() > base::kReasonBytesMax) {
      violations.push_back(
          {absl::StrCat(path, ".reason"), "say why it may be told, in words, 10 to 2,000 bytes"});
    }
    for (const std::string& id : inclusion.exclusion_ids()) {
      if (ids.insert(id).second) continue;
      violations.push_back(
          {absl::StrCat(path, ".exclusion_ids"), "each once, under the one reason for it"});
      break;
    }
  }
  if (violations.empty()) return absl::OkStatus();
  return base::Error(base::Reason::kInvalidField, "what is to be included is not right",
                     std::move(violations));
}

Exclusions::Exclusions(const base::SecretKey& key, const base::PersonId& person,
                       std::string agency_id, const v1::ExportPersonRequest& request)
    : key_(key), person_(person), agency_id_(std::move(agency_id)) {
  for (int i = 0; i < request.inclusions_size(); ++i) {
    for (int j = 0; j < request.inclusions(i).exclusion_ids_size(); ++j) {
      included_[request.inclusions(i).exclusion_ids(j)] =
          absl::StrCat("inclusions[", i, "].exclusion_ids[", j, "]");
    }
  }
}

std::string Exclusions::IdOf(v1::ExclusionReason reason, absl::string_view group) const {
  const absl::string_view nul("\0", 1);
  const std::string kind = absl::StrCat(static_cast<int>(reason));
  return base::HexEncode(key_.Hash(
      {"export-exclusion", nul, person_.bytes(), agency_id_, nul, kind, nul, group}, kIdBytes));
}

v1::ExportExclusion* Exclusions::LeftOut(v1::ExclusionReason reason, absl::string_view group) {
  const std::string id = IdOf(reason, group);
  if (included_.contains(id)) {
    found_.insert(id);
    return nullptr;
  }
  const auto [place, fresh] = places_.try_emplace({reason, std::string(group)}, left_out_.size());
  if (fresh) left_out_.emplace_back();
  v1::ExportExclusion& left_out = left_out_[place->second];
  left_out.set_reason(reason);
  left_out.set_count(left_out.count() + 1);
  left_out.set_exclusion_id(id);
  left_out.set_decided_by(v1::EXCLUSION_DECIDER_YOU);
  return &left_out;
}

bool Exclusions::Includes(v1::ExclusionReason reason, absl::string_view group) {
  return LeftOut(reason, group) == nullptr;
}

bool Exclusions::IncludesLook(absl::string_view group, const v1::HeldAccess& look) {
  v1::ExportExclusion* const left_out =
      LeftOut(v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION, group);
  if (left_out == nullptr) return true;
  if (!left_out->has_look()) *left_out->mutable_look() = look;
  return false;
}

bool Exclusions::IncludesConsent(v1::ExclusionReason reason, absl::string_view group,
                                 const std::string& consent_id) {
  v1::ExportExclusion* const left_out = LeftOut(reason, group);
  if (left_out == nullptr) return true;
  left_out->set_consent_id(consent_id);
  return false;
}

absl::Status Exclusions::AddTo(v1::PersonExport* held) const {
  for (const auto& [id, path] : included_) {
    if (found_.contains(id)) continue;
    return base::InvalidField(path,
                              "names nothing that you may include; export without it and take an "
                              "exclusion_id from there");
  }
  std::vector<v1::ExportExclusion> by_reason = left_out_;
  std::stable_sort(by_reason.begin(), by_reason.end(),
                   [](const v1::ExportExclusion& a, const v1::ExportExclusion& b) {
                     return a.reason() < b.reason();
                   });
  for (const v1::ExportExclusion& left_out : by_reason) *held->add_exclusions() = left_out;
  for (const Standing& standing : kStanding) {
    v1::ExportExclusion* const exclusion = held->add_exclusions();
    exclusion->set_reason(standing.reason);
    exclusion->set_decided_by(standing.decided_by);
  }
  if (older_) {
    v1::ExportExclusion* const exclusion = held->add_exclusions();
    exclusion->set_reason(v1::EXCLUSION_REASON_TOO_MANY);
    exclusion->set_decided_by(v1::EXCLUSION_DECIDER_YOU);
  }
  return absl::OkStatus();
}

std::string RecordedReasons(const v1::ExportPersonRequest& request) {
  std::string text = request.reason();
  for (const v1::ExportInclusion& inclusion : request.inclusions()) {
    std::vector<std::string> ids;
    for (const std::string& id : inclusion.exclusion_ids())
      ids.push_back(id.substr(0, kIdCharactersRecorded));
    absl::StrAppend(&text, "\nIncluded ", absl::StrJoin(ids, " "), ": ", inclusion.reason());
  }
  return text;
}

}  // namespace signpost::subject_rights
