#include "adapters/kit/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/base/error.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

using testing::HasSubstr;

std::string MessageOf(const std::string& bytes, ZipLimits limits = {}) {
  return std::string(ZipArchive::FromBytes(bytes, "t.zip", limits).status().message());
}

TEST(ZipTest, ReadsEntries) {
  TestFolder folder;
  folder.Write("t.zip", MakeZip({{"A-1/header.xml", "<h/>"}, {"A-1/static.xml", "<s/>"}}));
  const auto archive = ZipArchive::Open(folder.Path("t.zip"));
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_THAT((*archive)->names(), testing::ElementsAre("A-1/header.xml", "A-1/static.xml"));
  EXPECT_EQ(*(*archive)->Read(1), "<s/>");
  EXPECT_FALSE((*archive)->Read(2).ok());
  EXPECT_EQ(base::ReasonOf(ZipArchive::Open(folder.Path("none.zip")).status()),
            base::Reason::kNotFound);
}

TEST(ZipTest, NamesThatCouldLeaveTheirFolderRefuseTheArchive) {
  for (const char* name :
       {"../../etc/passwd", "a/../../b", "/etc/passwd", "a\\..\\b", "C:x", "a/./b"}) {
    EXPECT_THAT(MessageOf(MakeZip({{"good.xml", "x"}, {name, "x"}})),
                HasSubstr("entry 2 has a name that could leave its folder"))
        << name;
  }
  EXPECT_EQ(MessageOf(MakeZip({{"a/b..c/d.xml", "x"}})), "");
}

TEST(ZipTest, CutOffAnywhereIsRefused) {
  const std::string whole = MakeZip({{"A-1/header.xml", "<h/>"}});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(MessageOf(whole.substr(0, size)), HasSubstr("not a whole zip archive")) << size;
  }
}

TEST(ZipTest, BombsAreStoppedAsTheyUnpack) {
  const std::string bomb = MakeZip({{"a.xml", std::string(3 << 20, 'x')}, {"b.xml", "fine"}});
  EXPECT_LT(bomb.size(), 20'000u);
  auto archive = ZipArchive::FromBytes(bomb, "t.zip");
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_THAT(std::string((*archive)->Read(0).status().message()), HasSubstr("times its size"));
  EXPECT_EQ(*(*archive)->Read(1), "fine");

  ZipLimits limits;
  limits.ratio_max = 1'000'000;
  limits.entry_bytes_max = 3 << 20;
  archive = ZipArchive::FromBytes(bomb, "t.zip", limits);
  EXPECT_TRUE((*archive)->Read(0).ok());
  limits.entry_bytes_max -= 1;
  archive = ZipArchive::FromBytes(bomb, "t.zip", limits);
  EXPECT_THAT(std::string((*archive)->Read(0).status().message()), HasSubstr("unpacks to more"));
  limits.entry_bytes_max = 8 << 20;
  limits.total_bytes_max = (3 << 20) + 3;
  archive = ZipArchive::FromBytes(bomb, "t.zip", limits);
  EXPECT_TRUE((*archive)->Read(0).ok());
  EXPECT_FALSE((*archive)->Read(1).ok());
}

TEST(ZipTest, DamagedEntryIsAnErrorOfThatEntry) {
  std::string bytes = MakeZip({{"a.txt", "abcdefghijkl"}, {"b.txt", "fine"}});
  const size_t at = bytes.find("abcdefghijkl");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'X';
  const auto archive = ZipArchive::FromBytes(bytes, "t.zip");
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_FALSE((*archive)->Read(0).ok());
  EXPECT_EQ(*(*archive)->Read(1), "fine");
}

TEST(ZipTest, CountsAndNamesAreLimited) {
  ZipLimits limits;
  limits.entries_max = 1;
  EXPECT_EQ(MessageOf(MakeZip({{"a", "x"}}), limits), "");
  EXPECT_THAT(MessageOf(MakeZip({{"a", "x"}, {"b", "x"}}), limits), HasSubstr("more than 1"));
  limits = {};
  EXPECT_EQ(MessageOf(MakeZip({{std::string(255, 'n'), "x"}}), limits), "");
  EXPECT_NE(MessageOf(MakeZip({{std::string(256, 'n'), "x"}}), limits), "");
}

}  // namespace
}  // namespace signpost::adapters
