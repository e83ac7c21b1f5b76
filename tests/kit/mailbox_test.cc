#include "adapters/kit/mailbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/base/error.h"
#include "nlohmann/json.hpp"
#include "tests/kit/fake_hub.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

class MailboxTest : public testing::Test {
 protected:
  MailboxTest() {
    options_.until_empty = true;
    for (int i = 0; i < 5; ++i) {
      signpost::v1::Notice notice;
      notice.set_kind(signpost::v1::NOTICE_KIND_FLAG_OPENED);
      notice.set_agency_id(absl::StrCat("agency-", i));
      hub_.notices.push_back(notice);
    }
  }
  absl::Status Read(const Mailbox::Handler& handler) {
    Mailbox box(hub_.Channel(), &random_, options_, [](absl::Duration) { return true; });
    return box.Read(handler, &handled_);
  }
  TestFolder folder_;
  base::SeededRandom random_{1};
  FakeHub hub_;
  MailboxOptions options_;
  int64_t handled_ = 0;
};

TEST_F(MailboxTest, EachNoticeIsWrittenOnceAndAcknowledgedAfter) {
  const auto handler = NoticeFile(folder_.Path("notices"));
  ASSERT_TRUE(handler.ok());
  ASSERT_TRUE(Read(*handler).ok());
  EXPECT_EQ(hub_.acknowledged_notices, 5u);
  std::istringstream lines(folder_.Read("notices"));
  std::string line;
  int i = 0;
  while (std::getline(lines, line)) {
    const auto notice = nlohmann::json::parse(line);
    EXPECT_EQ(notice.at("kind"), "flag-opened");
    EXPECT_EQ(notice.at("agency_id"), absl::StrCat("agency-", i++));
  }
  EXPECT_EQ(i, 5);
}

TEST_F(MailboxTest, WhatComesAgainIsNotWrittenAgain) {
  {
    const auto handler = NoticeFile(folder_.Path("notices"));
    hub_.lies.breaks = 2;
    ASSERT_TRUE(Read(*handler).ok());
  }
  EXPECT_GE(hub_.streams, 3);
  const std::string once = folder_.Read("notices");
  EXPECT_EQ(std::count(once.begin(), once.end(), '\n'), 5);
  // A crash in the middle of a line: it goes, and its message, never acknowledged, comes again.
  folder_.Write("notices", once.substr(0, once.size() - 10));
  hub_.acknowledged_notices = 0;
  const auto handler = NoticeFile(folder_.Path("notices"));
  ASSERT_TRUE(Read(*handler).ok());
  EXPECT_EQ(folder_.Read("notices"), once);
}

TEST_F(MailboxTest, WhatTheHandlerDoesNotTakeIsNotAcknowledged) {
  int calls = 0;
  const absl::Status status =
      Read([&calls](const signpost::v1::Message&, const signpost::v1::Notice&) -> absl::Status {
        if (++calls == 3) return base::Error(base::Reason::kStoreFull, "full");
        return absl::OkStatus();
      });
  EXPECT_EQ(base::ReasonOf(status), base::Reason::kStoreFull);
  EXPECT_EQ(hub_.acknowledged_notices, 2u);
}

TEST_F(MailboxTest, StopEndsAReadingInAnotherThread) {
  options_.until_empty = false;
  hub_.notices.clear();
  Mailbox box(hub_.Channel(), &random_, options_, [](absl::Duration) { return true; });
  std::thread reader([&] {
    int64_t handled = 0;
    EXPECT_TRUE(box.Read([](const auto&, const auto&) { return absl::OkStatus(); }, &handled).ok());
  });
  absl::SleepFor(absl::Milliseconds(50));
  box.Stop();
  reader.join();
}

}  // namespace
}  // namespace signpost::adapters
