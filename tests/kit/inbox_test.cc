#include "adapters/kit/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include "hub/base/error.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(InboxTest, ListsFilesThatMatchAndNoFolderOrHiddenFile) {
  TestFolder folder;
  folder.Write("cases-2026-01.csv", "a");
  folder.Write("cases-2026-02.csv", "b");
  folder.Write("cases.csv.old", "c");
  folder.Write(".cases-2026-03.csv", "d");
  std::filesystem::create_directory(folder.Path("cases-2026-04.csv"));
  const auto inbox = Inbox::Scan(folder.path());
  ASSERT_TRUE(inbox.ok()) << inbox.status();
  EXPECT_THAT(inbox->names(),
              ElementsAre("cases-2026-01.csv", "cases-2026-02.csv", "cases.csv.old"));
  EXPECT_THAT(inbox->Matching("cases*.csv"), ElementsAre("cases-2026-01.csv", "cases-2026-02.csv"));
  EXPECT_THAT(inbox->Matching("*-02*"), ElementsAre("cases-2026-02.csv"));
  EXPECT_THAT(inbox->Matching("cases.csv"), ElementsAre());
}

TEST(InboxTest, AFolderThatIsNotThereIsAnErrorOfTheConfiguration) {
  const auto inbox = Inbox::Scan("/nonexistent");
  EXPECT_EQ(base::ReasonOf(inbox.status()), base::Reason::kInvalidField);
}

TEST(InboxTest, FingerprintChangesWhenAFileComesGoesOrIsWritten) {
  TestFolder folder;
  folder.Write("a", "1");
  const std::string first = Inbox::Scan(folder.path())->fingerprint();
  EXPECT_EQ(Inbox::Scan(folder.path())->fingerprint(), first);
  folder.Write("b", "1");
  const std::string second = Inbox::Scan(folder.path())->fingerprint();
  EXPECT_NE(second, first);
  folder.Write("b", "22");
  EXPECT_NE(Inbox::Scan(folder.path())->fingerprint(), second);
  std::filesystem::remove(folder.Path("b"));
  EXPECT_EQ(Inbox::Scan(folder.path())->fingerprint(), first);
}

class NewestWholeTest : public testing::Test {
 protected:
  std::optional<std::string> Newest(bool needed) {
    const auto inbox = Inbox::Scan(folder_.path());
    EXPECT_TRUE(inbox.ok()) << inbox.status();
    return NewestWhole(
        *inbox, "cases*.csv", needed,
        [this](const std::string& path) {
          const std::string text = folder_.Read(std::filesystem::path(path).filename().string());
          return text == "whole" ? absl::OkStatus() : base::InvalidField("file", "is broken");
        },
        &extract_);
  }
  TestFolder folder_;
  Extract extract_;
};

TEST_F(NewestWholeTest, TakesTheOneBeforeABrokenOneAndSaysSo) {
  folder_.Write("cases-1.csv", "whole");
  folder_.Write("cases-2.csv", "whole");
  folder_.Write("cases-3.csv", "cut o");
  EXPECT_EQ(Newest(/*needed=*/true), "cases-2.csv");
  EXPECT_FALSE(extract_.refused());
  ASSERT_EQ(extract_.remarks().size(), 1u);
  EXPECT_EQ(extract_.remarks()[0].file, "cases-3.csv");
  EXPECT_TRUE(extract_.remarks()[0].refused);
}

TEST_F(NewestWholeTest, WithoutAWholeOneTheExtractStandsOnlyIfItIsNotNeeded) {
  folder_.Write("cases-1.csv", "cut o");
  EXPECT_EQ(Newest(/*needed=*/false), std::nullopt);
  EXPECT_FALSE(extract_.refused());
  EXPECT_EQ(Newest(/*needed=*/true), std::nullopt);
  EXPECT_TRUE(extract_.refused());
}

TEST_F(NewestWholeTest, NoFileAtAllRefusesWhatNeedsIt) {
  EXPECT_EQ(Newest(/*needed=*/false), std::nullopt);
  EXPECT_TRUE(extract_.remarks().empty());
  EXPECT_EQ(Newest(/*needed=*/true), std::nullopt);
  EXPECT_TRUE(extract_.refused());
  EXPECT_THAT(extract_.remarks()[0].text, HasSubstr("has the export run?"));
}

}  // namespace
}  // namespace signpost::adapters
