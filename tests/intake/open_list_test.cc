#include "hub/intake/open_list.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/people/erased_records.h"
#include "hub/request/wire_convert.h"
#include "tests/request/hub_rooms.h"

namespace signpost::intake {
namespace {

using base::Reason;
using base::ReasonOf;
using request::kConnexions;
using request::kYot;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class OpenListTest : public request::HubRooms {
 protected:
  std::unique_ptr<OpenList> Begin(const std::string& agency = kConnexions) {
    auto list = lists_.Begin(people_.get(), agency, &random_);
    EXPECT_TRUE(list.ok()) << list.status();
    return *std::move(list);
  }
  // Hashes of what is missing, however many are looked at at once.
  std::vector<std::string> Missing(OpenList& list, int at_once = kRecordsComparedAtOnce) {
    std::vector<std::string> missing;
    const auto view = View();
    list.BeginComparing();
    while (!list.compared_all()) {
      const auto some = list.CompareSome(*view, at_once);
      EXPECT_TRUE(some.ok()) << some.status();
      for (const people::OpenRecord& record : *some) missing.push_back(record.record_hash);
    }
    return missing;
  }
  std::vector<std::string> Unknown(OpenList& list) { return *list.Unknown(*View(), *keyring_); }
  static v1::PersonDetails Somebody(int number) {
    v1::PersonDetails details = Tariq();
    details.set_surname(absl::StrCat("Surname", std::string(1, static_cast<char>('a' + number))));
    details.mutable_birth_date()->set_day(1 + number);
    return details;
  }

  OpenLists lists_{2, 16'000};
};

TEST_F(OpenListTest, TellsMissingFromUnknownHoweverManyAreLookedAtAtOnce) {
  for (int i = 0; i < 7; ++i) {
    Report(kConnexions, Flag(absl::StrCat("C-", i), "connexions", Somebody(i)));
  }
  v1::FlagReport closed = Flag("C-3", "connexions", Somebody(3));
  closed.set_status(v1::FLAG_STATUS_CLOSED);
  request::SetDate(20261101, closed.mutable_closed_on());
  ASSERT_EQ(Report(kConnexions, closed).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  for (const int at_once : {1, 2, 3, 1000}) {
    const auto list = Begin();
    // C-3 is listed as open and closed here, C-9 was never reported.
    ASSERT_TRUE(list->Add(std::vector<std::string>{"C-9", "C-3", "C-1", "C-0"}).ok());
    ASSERT_TRUE(list->Add(std::vector<std::string>{"C-1", "C-4", "C-9", "C-5"}).ok());
    const std::vector<std::string> missing = Missing(*list, at_once);
    EXPECT_THAT(missing, ::testing::UnorderedElementsAre(people_->RecordHash(kConnexions, "C-2"),
                                                         people_->RecordHash(kConnexions, "C-6")))
        << at_once;
    EXPECT_THAT(Unknown(*list), ElementsAre("C-3", "C-9")) << at_once;
    EXPECT_THAT(Missing(*list, at_once), SizeIs(2)) << "the same again";
  }
}

TEST_F(OpenListTest, ARecordOfSomebodyWhoWasErasedIsNotToBeReportedAgain) {
  store::v1::ErasedRecordRow mark;
  mark.set_agency_id(kConnexions);
  store::Batch batch;
  ASSERT_TRUE(people::PutErasedRecord(*keyring_, people_->RecordHash(kConnexions, "C-1"), mark,
                                      &random_, &batch)
                  .ok());
  Damage(std::move(batch));
  const auto list = Begin();
  ASSERT_TRUE(list->Add(std::vector<std::string>{"C-1", "C-2"}).ok());
  EXPECT_THAT(Missing(*list), IsEmpty());
  EXPECT_THAT(Unknown(*list), ElementsAre("C-2"));
}

TEST_F(OpenListTest, WhatCannotBeARecordIsRefusedWithItsField) {
  const auto list = Begin();
  EXPECT_EQ(ReasonOf(list->Add(std::vector<std::string>{""})), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(list->Add(std::vector<std::string>{std::string(129, 'x')})),
            Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(list->Add(std::vector<std::string>{"C\n1"})), Reason::kInvalidField);
  EXPECT_TRUE(list->Add(std::vector<std::string>{std::string(128, 'x')}).ok());
}

TEST_F(OpenListTest, AnAgencySendsSoManyAtOnceAndAnotherMayStill) {
  auto one = Begin();
  const auto two = Begin();
  EXPECT_EQ(ReasonOf(lists_.Begin(people_.get(), kConnexions, &random_).status()),
            Reason::kTooManyRequests);
  EXPECT_TRUE(lists_.Begin(people_.get(), kYot, &random_).ok());
  one.reset();
  EXPECT_TRUE(lists_.Begin(people_.get(), kConnexions, &random_).ok());
}

TEST_F(OpenListTest, AllListsTogetherHoldSoMuchAndGiveItBack) {
  const auto many = [](int from) {
    std::vector<std::string> ids;
    for (int i = 0; i < 500; ++i) ids.push_back(absl::StrCat("C-", from + i));
    return ids;
  };
  auto one = Begin();
  ASSERT_TRUE(one->Add(many(0)).ok());
  auto two = Begin(kYot);
  EXPECT_EQ(ReasonOf(two->Add(many(0))), Reason::kTooManyRequests);
  one.reset();
  EXPECT_TRUE(two->Add(many(0)).ok());
}

TEST_F(OpenListTest, OfVeryManyThatAreNotOpenHereTheFirstAreTold) {
  OpenLists lists;
  const auto list = *lists.Begin(people_.get(), kConnexions, &random_);
  for (int block = 0; block < 30; ++block) {
    std::vector<std::string> ids;
    for (int i = 0; i < 1000; ++i) ids.push_back(absl::StrCat("C-", 10'000 + block * 1000 + i));
    ASSERT_TRUE(list->Add(ids).ok());
    ASSERT_TRUE(list->Add(ids).ok());
  }
  EXPECT_THAT(Missing(*list), IsEmpty());
  const std::vector<std::string> unknown = Unknown(*list);
  ASSERT_THAT(unknown, SizeIs(kUnknownRecordsToldMax));
  EXPECT_EQ(unknown.front(), "C-10000");
  EXPECT_EQ(unknown.back(), "C-19999");
}

TEST_F(OpenListTest, HasSoManyRecordsAndNotOneMore) {
  OpenLists lists;
  const auto list = *lists.Begin(people_.get(), kConnexions, &random_);
  const std::vector<std::string> ids(100'000, "C-1");
  for (int i = 0; i < kOpenListRecordsMax / 100'000; ++i) ASSERT_TRUE(list->Add(ids).ok());
  EXPECT_EQ(ReasonOf(list->Add(std::vector<std::string>{"C-1"})), Reason::kMessageTooLarge);
}

}  // namespace
}  // namespace signpost::intake
