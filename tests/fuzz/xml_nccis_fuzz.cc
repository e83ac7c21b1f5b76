// Any bytes as a Connexions return, beside files that are sound: never a crash, and what is
// accepted can leave.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "adapters/connexions_apir/connexions_apir.h"
#include "adapters/kit/fields.h"

namespace adapters = signpost::adapters;

namespace {

// A folder in memory where there is one, kept for the whole run and for this process alone.
const std::string& Folder() {
  static const std::string* const kFolder = [] {
    const std::filesystem::path root = std::filesystem::exists("/dev/shm")
                                           ? std::filesystem::path("/dev/shm")
                                           : std::filesystem::temp_directory_path();
    const std::filesystem::path folder = root / absl::StrCat("signpost-fuzz-xml_nccis-", getpid());
    std::filesystem::create_directories(folder);
    std::atexit([] {
      std::error_code ignored;
      std::filesystem::remove_all(Folder(), ignored);
    });
    return new std::string(folder.string());
  }();
  return *kFolder;
}

void Put(const std::string& name, const std::string& text) {
  std::ofstream(Folder() + "/" + name, std::ios::binary) << text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Put("caseload.csv",
      "client_id,status,opened,closed,adviser_id,adviser_name,adviser_phone,adviser_email,team\n"
      "C-1,open,01/02/2026,,pa-001,Bea Day,,,\nC-2,closed,01/02/2026,02/02/2026,,,,,\n");
  Put("apir.csv", "client_id,assessed_on,factor,ring\nC-1,03/02/2026,housing,4\n");
  Put("nccis-2026-10.xml", std::string(reinterpret_cast<const char*>(data), size));
  const adapters::connexions_apir::ConnexionsApir system;
  const auto mapping = adapters::Mapping::Parse(system.default_mapping(), "", "");
  const auto inbox = adapters::Inbox::Scan(Folder());
  if (!mapping.ok() || !inbox.ok()) std::abort();
  adapters::Extract extract;
  if (!system.Read(*inbox, *mapping, absl::CivilDay(2026, 12, 1), &extract).ok()) std::abort();
  if (extract.refused() && !extract.records().empty()) std::abort();
  for (const adapters::FlagRecord& record : extract.records()) {
    const signpost::v1::FlagReport& report = record.report;
    if (!adapters::IsRecordId(report.record_id()) || report.person().surname().empty() ||
        report.status() == signpost::v1::FLAG_STATUS_UNSPECIFIED || !report.has_opened_on() ||
        report.assessments_size() > 16) {
      std::abort();
    }
  }
  (void)extract.JsonLines(system.name());
  return 0;
}
