// What a sealed file refuses: every change to its bytes.

#include "hub/backup/sealed_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "tests/base/scratch_folder.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::backup {
namespace {

using base::Reason;
using base::ReasonOf;
namespace fs = std::filesystem;

class SealedFileTest : public ::testing::Test {
 protected:
  SealedFileTest() : path_(directory_.path() + "/file") {}

  void WriteFile(const std::vector<std::string>& records) {
    auto writer = SealedWriter::Create(path_, key_, "label", &random_);
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (const std::string& record : records) ASSERT_TRUE((*writer)->Write(record).ok());
    ASSERT_TRUE((*writer)->Finish().ok());
    EXPECT_EQ((*writer)->bytes(), fs::file_size(path_));
  }
  std::string Bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void SetBytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  absl::StatusOr<std::vector<std::string>> ReadFile(const std::string& label = "label") const {
    return ReadWith(key_, label);
  }
  absl::StatusOr<std::vector<std::string>> ReadWith(const base::SecretKey& key,
                                                    const std::string& label) const {
    auto reader = SealedReader::Open(path_, key, label);
    if (!reader.ok()) return reader.status();
    std::vector<std::string> records;
    std::string record;
    while (true) {
      const absl::StatusOr<bool> more = (*reader)->Next(&record);
      if (!more.ok()) return more.status();
      if (!*more) return records;
      records.push_back(record);
    }
  }

  base::ScratchFolder directory_;
  const std::string path_;
  base::SeededRandom random_{7};
  const base::SecretKey key_ = base::SecretKey::Generate(&random_);
};

TEST_F(SealedFileTest, GivesBackWhatWasWritten) {
  const std::vector<std::string> records = {"one", std::string(kRecordBytesMax, 'x'), "three"};
  WriteFile(records);
  EXPECT_EQ(*ReadFile(), records);
  WriteFile({});
  EXPECT_TRUE(ReadFile()->empty());
}

TEST_F(SealedFileTest, EveryFlippedBitIsNoticed) {
  WriteFile({"first", "second"});
  const std::string bytes = Bytes();
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
    SetBytes(changed);
    EXPECT_EQ(ReasonOf(ReadFile().status()), Reason::kDataLoss) << "byte " << at;
  }
}

TEST_F(SealedFileTest, EveryCutAndEveryAdditionIsNoticed) {
  WriteFile({"first", "second"});
  const std::string bytes = Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    SetBytes(bytes.substr(0, size));
    EXPECT_EQ(ReasonOf(ReadFile().status()), Reason::kDataLoss) << "cut to " << size;
  }
  SetBytes(bytes + '\0');
  EXPECT_EQ(ReasonOf(ReadFile().status()), Reason::kDataLoss);
  EXPECT_THAT(std::string(ReadFile().status().message()),
              ::testing::EndsWith("or take another backup"));
}

TEST_F(SealedFileTest, RecordsThatChangePlacesOrFilesAreNoticed) {
  WriteFile({"aaaaa", "bbbbb"});
  const std::string bytes = Bytes();
  constexpr size_t kMagic = 18;
  constexpr size_t kRecord = 4 + 5 + base::kSealOverheadBytes;
  const std::string swapped = bytes.substr(0, kMagic) + bytes.substr(kMagic + kRecord, kRecord) +
                              bytes.substr(kMagic, kRecord) + bytes.substr(kMagic + 2 * kRecord);
  ASSERT_EQ(swapped.size(), bytes.size());
  SetBytes(swapped);
  EXPECT_EQ(ReasonOf(ReadFile().status()), Reason::kDataLoss);
  SetBytes(bytes.substr(0, kMagic + kRecord) + bytes.substr(kMagic + 2 * kRecord));
  EXPECT_EQ(ReasonOf(ReadFile().status()), Reason::kDataLoss);  // one left out
  SetBytes(bytes);
  EXPECT_EQ(ReasonOf(ReadFile("another").status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(ReadWith(base::SecretKey::Generate(&random_), "label").status()),
            Reason::kDataLoss);
}

TEST_F(SealedFileTest, OneThatIsNotFinishedReplacesNothing) {
  WriteFile({"old"});
  {
    auto writer = SealedWriter::Create(path_, key_, "label", &random_);
    ASSERT_TRUE((*writer)->Write("new").ok());
  }
  EXPECT_EQ(*ReadFile(), std::vector<std::string>{"old"});
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

TEST_F(SealedFileTest, RecordsThatMayNotBeAreRefused) {
  auto writer = SealedWriter::Create(path_, key_, "label", &random_);
  EXPECT_FALSE((*writer)->Write("").ok());
  EXPECT_FALSE((*writer)->Write(std::string(kRecordBytesMax + 1, 'x')).ok());
}

}  // namespace
}  // namespace signpost::backup
