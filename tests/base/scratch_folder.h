// A ScratchFolder is a folder that belongs to one test and goes with it. Each has a name of its own,
// whatever else runs on the machine: ctest runs the cases of one binary as processes side by side,
// so a name made of the test's words, or kept in a constant, is somebody else's folder too.

#ifndef SIGNPOST_TESTS_BASE_SCRATCH_FOLDER_H_
#define SIGNPOST_TESTS_BASE_SCRATCH_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "gtest/gtest.h"

namespace signpost::base {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = ::testing::TempDir() + "signpost-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
    EXPECT_NE(path_, "") << "no folder in " << ::testing::TempDir();
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  // The path of what is called `name` in it, whether it is there or not.
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace signpost::base

#endif  // SIGNPOST_TESTS_BASE_SCRATCH_FOLDER_H_
