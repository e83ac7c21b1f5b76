// YotAsset is a source system that reads a youth offending team's cases (CSV) and ASSETs (XML).
//
// What leaves is a flag for each case: whom, which worker, since when, and for each ASSET a pointer
// {kind, day, sections filled in}. No rating, score, band or text of an assessment ever leaves;
// they are read so that a profile that does not add up is found here.
//
// The profile of asset.zip is described in adapters/yot_asset/profile.md.

#ifndef SIGNPOST_ADAPTERS_YOT_ASSET_YOT_ASSET_H_
#define SIGNPOST_ADAPTERS_YOT_ASSET_YOT_ASSET_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "adapters/kit/source_system.h"
#include "adapters/kit/zip.h"

namespace signpost::adapters::yot_asset {

inline constexpr int kDynamicSections = 12;
inline constexpr int kRatingMax = 4;
inline constexpr int kStaticTotalMax = 16;
inline constexpr int kTotalMax = kDynamicSections * kRatingMax + kStaticTotalMax;

// "standard" to 14, "enhanced" to 32, "intensive" to 64.
// REQUIRES: 0 <= total <= kTotalMax.
const char* BandOf(int total);

// Reads every assessment of `archive`, each a row of `file` numbered by its first entry, and
// answers the pointers by case id. Rows are ended by the caller's extract; an assessment whose case
// is not in `case_ids` is rejected.
std::map<std::string, std::vector<signpost::v1::AssessmentPointer>> ReadAssessments(
    ZipArchive* archive, const std::string& file, const Mapping& mapping, absl::CivilDay today,
    const absl::flat_hash_set<std::string>& case_ids, Extract* extract);

class YotAsset final : public SourceSystem {
 public:
  const char* name() const override { return "yot_asset"; }
  const char* default_mapping() const override;
  [[nodiscard]] absl::Status Read(const Inbox& inbox, const Mapping& mapping, absl::CivilDay today,
                                  Extract* extract) const override;
};

}  // namespace signpost::adapters::yot_asset

#endif  // SIGNPOST_ADAPTERS_YOT_ASSET_YOT_ASSET_H_
