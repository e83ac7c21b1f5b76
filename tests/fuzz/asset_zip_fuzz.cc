// Any bytes as a zip of ASSET parts: never a crash, never more than the limits unpacked, and no
// pointer for a case that is not there.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "adapters/yot_asset/yot_asset.h"

namespace adapters = signpost::adapters;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const adapters::yot_asset::YotAsset system;
  static const auto mapping = adapters::Mapping::Parse(system.default_mapping(), "", "");
  if (!mapping.ok()) std::abort();
  adapters::ZipLimits limits;
  limits.entries_max = 100;
  limits.entry_bytes_max = 64 << 10;
  limits.total_bytes_max = 1 << 20;
  auto archive = adapters::ZipArchive::FromBytes(
      std::string(reinterpret_cast<const char*>(data), size), "fuzz.zip", limits);
  if (!archive.ok()) return 0;
  for (size_t i = 0; i < (*archive)->names().size(); ++i) {
    if ((*archive)->names()[i].find("..") == 0) std::abort();
    const auto bytes = (*archive)->Read(i);
    if (bytes.ok() && bytes->size() > 64 << 10) std::abort();
  }
  adapters::Extract extract;
  const auto pointers = adapters::yot_asset::ReadAssessments(
      archive->get(), "fuzz.zip", *mapping, absl::CivilDay(2026, 12, 1), {"Y-1"}, &extract);
  for (const auto& [case_id, list] : pointers) {
    if (case_id != "Y-1") std::abort();
    for (const auto& pointer : list) {
      if (pointer.kind() != "asset" || !pointer.has_assessed_on()) std::abort();
    }
  }
  (void)extract.Table("fuzz");
  return 0;
}
