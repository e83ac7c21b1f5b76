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
      notice.mutable_flag_opened()->mutable_flag()->set_agency_id(absl::StrCat("agency-", i));
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
  const absl::Status status = Read(
      [&calls](const signpost::v1::DeliveredMessage&, const signpost::v1::Notice&) -> absl::Status {
        if (++calls == 3) return base::Error(base::Reason::kStoreFull, "full");
        return absl::OkStatus();
      });
  EXPECT_EQ(base::ReasonOf(status), base::Reason::kStoreFull);
  EXPECT_EQ(hub_.acknowledged_notices, 2u);
}

// A notice of a later hub: what is behind it is read, and the hub hears that it was not taken.
TEST_F(MailboxTest, ABodyThatIsNotKnownIsRejectedByName) {
  hub_.notices[1].clear_body();
  std::vector<std::string> agencies;
  ASSERT_TRUE(Read([&agencies](const auto&, const signpost::v1::Notice& notice) {
                agencies.push_back(notice.flag_opened().flag().agency_id());
                return absl::OkStatus();
              }).ok());
  EXPECT_THAT(agencies, testing::ElementsAre("agency-0", "agency-2", "agency-3", "agency-4"));
  ASSERT_EQ(hub_.outcomes.size(), 5u);
  EXPECT_EQ(handled_, 4);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(hub_.outcomes[i].kind(), i == 1 ? signpost::v1::MESSAGE_OUTCOME_KIND_REJECTED
                                              : signpost::v1::MESSAGE_OUTCOME_KIND_DONE);
  }
  EXPECT_EQ(hub_.outcomes[1].rejection(), signpost::v1::MESSAGE_REJECTION_UNKNOWN_KIND);
}

// Each kind of body, with what it alone has, is a line of its own form.
TEST_F(MailboxTest, EachKindOfNoticeIsWrittenWithWhatItHas) {
  hub_.notices.assign(13, {});
  hub_.notices[0].mutable_flag_opened()->mutable_flag()->set_service("connexions");
  hub_.notices[1].mutable_flag_closed()->mutable_flag()->set_service("connexions");
  hub_.notices[2].mutable_flag_changed()->mutable_flag()->set_service("connexions");
  hub_.notices[3].mutable_override_used()->mutable_viewer()->set_agency_id("nortown-yot");
  hub_.notices[3].mutable_override_used()->set_override_number(7);
  hub_.notices[4].mutable_flag_shown()->mutable_flag()->set_service("connexions");
  hub_.notices[5].mutable_override_overdue()->set_override_number(8);
  hub_.notices[6].mutable_cover_changed()->set_covering_practitioner_id("pa-002");
  hub_.notices[6].mutable_cover_changed()->set_covered_practitioner_id("pa-001");
  hub_.notices[7] = hub_.notices[6];
  hub_.notices[6].mutable_cover_changed()->mutable_until()->set_seconds(1795600800);
  hub_.notices[8].mutable_consent_to_confirm()->set_consent_id("consent-1");
  hub_.notices[9].mutable_refusal_replaced()->set_consent_id("consent-2");
  hub_.notices[10].mutable_shield_lifted()->set_agency_person_id("SP1-A");
  hub_.notices[11].mutable_override_reported()->set_override_number(9);
  hub_.notices[12].mutable_record_erased()->set_record_id("A-1");
  const auto handler = NoticeFile(folder_.Path("notices"));
  ASSERT_TRUE(handler.ok());
  ASSERT_TRUE(Read(*handler).ok());
  std::istringstream lines(folder_.Read("notices"));
  std::vector<std::string> told;
  std::string line;
  while (std::getline(lines, line)) {
    const auto notice = nlohmann::json::parse(line);
    told.push_back(absl::StrCat(
        notice.at("kind").get<std::string>(), " ", notice.value("service", "-"), " ",
        notice.value("viewer_agency_id", "-"), " ", notice.value("override_number", "-")));
    for (const char* key : {"covering_practitioner_id", "covered_practitioner_id", "until",
                            "consent_id", "record_id"}) {
      if (notice.contains(key))
        absl::StrAppend(&told.back(), " ", key, "=", notice.at(key).get<std::string>());
    }
  }
  EXPECT_THAT(
      told,
      testing::ElementsAre(
          "flag-opened connexions - -", "flag-closed connexions - -", "flag-changed connexions - -",
          "override-used  nortown-yot 7", "flag-shown connexions - -", "override-overdue - - 8",
          "cover-began - - - covering_practitioner_id=pa-002 covered_practitioner_id=pa-001 "
          "until=2026-11-25T10:00:00+00:00",
          "cover-ended - - - covering_practitioner_id=pa-002 covered_practitioner_id=pa-001",
          "consent-to-confirm - - - consent_id=consent-1",
          "refusal-replaced - - - consent_id=consent-2", "shield-lifted - - -",
          "override-reported - - 9", "record-erased - - - record_id=A-1"));
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
