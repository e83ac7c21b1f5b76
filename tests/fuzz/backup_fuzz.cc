// Any bytes as a backup's manifest and as the word of a restore. What is read must be written back
// with the same meaning, and no file name may lead anywhere.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "hub/backup/manifest.h"
#include "hub/ledger/restored.h"
#include "hub/tlog/checkpoint.h"

namespace backup = signpost::backup;
namespace ledger = signpost::ledger;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);

  const auto manifest = backup::DecodeManifest(bytes);
  if (manifest.ok()) {
    for (const backup::BackupFile& file : manifest->files()) {
      if (file.name().find('/') != std::string::npos || file.name()[0] == '.') std::abort();
      if (file.object().find('/') != std::string::npos) std::abort();
    }
    if (!backup::DecodeManifest(manifest->SerializeAsString()).ok()) std::abort();
  }

  const auto restored = ledger::ParseRestored(bytes);
  if (restored.ok()) {
    if (ledger::FormatRestored(*restored) != bytes) std::abort();
    if (signpost::tlog::ParseCheckpoint(bytes).ok()) std::abort();
  }
  return 0;
}
