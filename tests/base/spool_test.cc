#include "hub/base/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hub/base/error.h"

namespace signpost::base {
namespace {

std::vector<std::string> BlocksOf(Spool& spool) {
  std::vector<std::string> blocks;
  const absl::Status read = spool.Read([&](absl::string_view block) {
    blocks.emplace_back(block);
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return blocks;
}

// Of every file of this process that has no name any more.
std::vector<int> NamelessFiles() {
  std::vector<int> found;
  DIR* const folder = opendir("/proc/self/fd");
  for (const dirent* one = readdir(folder); one != nullptr; one = readdir(folder)) {
    char target[256] = {};
    const std::string path = std::string("/proc/self/fd/") + one->d_name;
    if (readlink(path.c_str(), target, sizeof(target) - 1) < 0) continue;
    const std::string name = target;
    if (name.find("(deleted)") != std::string::npos) found.push_back(std::atoi(one->d_name));
  }
  closedir(folder);
  return found;
}

TEST(SpoolTest, GivesBackWhatWasAppendedInOrderAsOftenAsAsked) {
  OsRandom random;
  const auto spool = *Spool::Create(&random);
  EXPECT_TRUE(BlocksOf(*spool).empty());
  ASSERT_TRUE(spool->Append("one").ok());
  ASSERT_TRUE(spool->Append("").ok());
  EXPECT_EQ(BlocksOf(*spool), std::vector<std::string>({"one", ""}));
  const std::string large(3 << 20, 'x');
  ASSERT_TRUE(spool->Append(large).ok());
  EXPECT_EQ(BlocksOf(*spool), std::vector<std::string>({"one", "", large}));
}

TEST(SpoolTest, StopsAtTheFirstErrorOfWhoReads) {
  OsRandom random;
  const auto spool = *Spool::Create(&random);
  ASSERT_TRUE(spool->Append("one").ok());
  ASSERT_TRUE(spool->Append("two").ok());
  int seen = 0;
  const absl::Status read = spool->Read([&](absl::string_view) {
    ++seen;
    return Error(Reason::kInvalidField, "enough");
  });
  EXPECT_EQ(ReasonOf(read), Reason::kInvalidField);
  EXPECT_EQ(seen, 1);
}

TEST(SpoolTest, NothingOfItCanBeReadOnTheDiskAndWhatWasChangedIsNoticed) {
  const size_t before = NamelessFiles().size();
  OsRandom random;
  const auto spool = *Spool::Create(&random);
  ASSERT_TRUE(spool->Append("RECORD-OF-A-CHILD").ok());
  EXPECT_EQ(BlocksOf(*spool).size(), 1u);  // and so it is on the disk
  const std::vector<int> files = NamelessFiles();
  ASSERT_EQ(files.size(), before + 1);
  std::string bytes(4096, '\0');
  const ssize_t size = pread(files.back(), bytes.data(), bytes.size(), 0);
  ASSERT_GT(size, 17);
  EXPECT_EQ(bytes.find("RECORD"), std::string::npos);
  bytes[static_cast<size_t>(size) - 1] ^= 1;
  ASSERT_EQ(pwrite(files.back(), bytes.data(), static_cast<size_t>(size), 0), size);
  EXPECT_EQ(ReasonOf(spool->Read([](absl::string_view) { return absl::OkStatus(); })),
            Reason::kDataLoss);
}

}  // namespace
}  // namespace signpost::base
