// These are folders, zips and readings that several adapter tests need.

#ifndef SIGNPOST_TESTS_KIT_FILES_FOR_TEST_H_
#define SIGNPOST_TESTS_KIT_FILES_FOR_TEST_H_

#include <gtest/gtest.h>
#include <zip.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adapters/kit/source_system.h"
#include "tests/base/scratch_folder.h"

namespace signpost::adapters {

// A folder that goes with the test, with what is written into it and read.
class TestFolder {
 public:
  std::string Path(const std::string& name) const { return folder_ / name; }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  const std::string& path() const { return folder_.path(); }

 private:
  const base::ScratchFolder folder_;
};

// A zip archive in memory, entries in order; deflated, so that a bomb is one.
inline std::string MakeZip(const std::vector<std::pair<std::string, std::string>>& entries) {
  TestFolder folder;
  const std::string path = folder.Path("made.zip");
  int error = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_EXCL, &error);
  EXPECT_NE(archive, nullptr);
  for (const auto& [name, bytes] : entries) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    EXPECT_GE(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8), 0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  return folder.Read("made.zip");
}

// What `system` makes of `folder` on 1 December 2026.
inline Extract ReadFolder(const SourceSystem& system, const std::string& folder,
                          const std::string& overlay = "") {
  Extract extract;
  const auto mapping = Mapping::Parse(system.default_mapping(), overlay, "overlay");
  EXPECT_TRUE(mapping.ok()) << mapping.status();
  const auto inbox = Inbox::Scan(folder);
  EXPECT_TRUE(inbox.ok()) << inbox.status();
  const absl::Status status = system.Read(*inbox, *mapping, absl::CivilDay(2026, 12, 1), &extract);
  EXPECT_TRUE(status.ok()) << status;
  return extract;
}

// Whether the report has this finding; `reason` is part of its reason.
inline bool HasFinding(const Extract& extract, RowOutcome outcome, const std::string& file,
                       int64_t row, const std::string& field, const std::string& reason) {
  for (const RowFinding& finding : extract.findings()) {
    if (finding.outcome == outcome && finding.file == file && finding.row == row &&
        finding.field == field && finding.reason.find(reason) != std::string::npos) {
      return true;
    }
  }
  return false;
}

inline const signpost::v1::FlagReport* Find(const Extract& extract, const std::string& record_id) {
  for (const FlagRecord& record : extract.records()) {
    if (record.report.record_id() == record_id) return &record.report;
  }
  return nullptr;
}

}  // namespace signpost::adapters

#endif  // SIGNPOST_TESTS_KIT_FILES_FOR_TEST_H_
