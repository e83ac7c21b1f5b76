#include "hub/base/files.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "tests/base/scratch_folder.h"

namespace signpost::base {
namespace {

class FilesTest : public ::testing::Test {
 protected:
  const ScratchFolder folder_;
  const std::string path_ = folder_ / "file";
};

TEST_F(FilesTest, WhatIsNotThereIsNoError) {
  const auto read = ReadWholeFile(path_, 10);
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->has_value());
}

TEST_F(FilesTest, IsRemovedOrItIsSaidThatItIsThereStill) {
  ASSERT_TRUE(ReplaceFile(path_, "x").ok());
  ASSERT_TRUE(RemoveFile(path_).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(RemoveFile(path_).ok()) << "it is not there";
  std::filesystem::create_directory(path_);  // which unlink() does not remove
  EXPECT_EQ(ReasonOf(RemoveFile(path_)), Reason::kStoreUnavailable);
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_EQ(ReasonOf(RemoveFile(path_ + "/none/file")), Reason::kStoreUnavailable);
}

TEST_F(FilesTest, IsReplacedWholeAndNotForEverybodyToRead) {
  const std::string large(100'000, 'x');
  ASSERT_TRUE(ReplaceFile(path_, large).ok());
  ASSERT_TRUE(ReplaceFile(path_, std::string("ab\0c", 4)).ok());
  EXPECT_EQ(**ReadWholeFile(path_, 4), std::string("ab\0c", 4));
  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & S_IRWXO, 0u);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(FilesTest, LargerThanAllowedIsRefused) {
  ASSERT_TRUE(ReplaceFile(path_, "12345").ok());
  EXPECT_TRUE(ReadWholeFile(path_, 5).ok());
  EXPECT_EQ(ReasonOf(ReadWholeFile(path_, 4).status()), Reason::kStoreUnavailable);
}

TEST_F(FilesTest, AFailureLeavesTheOldFile) {
  ASSERT_TRUE(ReplaceFile(path_, "old").ok());
  std::filesystem::create_directory(path_ + ".new");
  EXPECT_EQ(ReasonOf(ReplaceFile(path_, "new")), Reason::kStoreUnavailable);
  EXPECT_EQ(**ReadWholeFile(path_, 10), "old");
  EXPECT_EQ(ReasonOf(ReadWholeFile(folder_.path(), 10).status()), Reason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(ReplaceFile(folder_ / "none/file", "x")), Reason::kStoreUnavailable);
}

}  // namespace
}  // namespace signpost::base
