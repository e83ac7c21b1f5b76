// Words people type mean what the API means, and nothing else.

#include "adapters/cli/text/text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::HasSubstr;

TEST(EnumWords, GoBothWaysForEveryValue) {
  const auto* type = signpost::v1::Purpose_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    const int number = type->value(i)->number();
    if (number == 0) continue;
    const absl::StatusOr<int> back = EnumFromWord(type, EnumWord(type, number));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, number);
  }
  EXPECT_EQ(EnumWord(signpost::v1::PURPOSE_SUPPORT_PLANNING), "support-planning");
  EXPECT_EQ(EnumWord(signpost::v1::GRANTOR_SELF_COMPETENT), "self-competent");
  EXPECT_EQ(EnumWord(static_cast<signpost::v1::Purpose>(99)), "99");
}

TEST(EnumWords, RefuseTheUnsetValueAndListTheOthers) {
  const auto unset = EnumFromWord<signpost::v1::Purpose>("unspecified");
  ASSERT_FALSE(unset.ok());
  EXPECT_THAT(std::string(unset.status().message()), HasSubstr("youth-justice"));
  EXPECT_FALSE(EnumFromWord<signpost::v1::Purpose>("Support-Planning").ok());
  EXPECT_FALSE(EnumFromWord<signpost::v1::Purpose>("").ok());
}

TEST(Dates, AreIsoOrBritishAndOfTheCalendar) {
  for (const char* text : {"2009-03-14", "14/03/2009"}) {
    const auto date = ParseDate(text);
    ASSERT_TRUE(date.ok()) << text;
    EXPECT_EQ(date->year(), 2009);
    EXPECT_EQ(date->month(), 3);
    EXPECT_EQ(date->day(), 14);
    EXPECT_EQ(Readable(*date), "14 March 2009");
  }
  for (const char* text : {"", "2009", "31/02/2009", "2009-13-01", "2009-00-10", "03/14/2009",
                           "14-03-2009", "09-03-14", "2009-03-14T00", "2009-03-1 4", "a/b/c"}) {
    EXPECT_FALSE(ParseDate(text).ok()) << text;
  }
  EXPECT_EQ(Readable(signpost::v1::Date()), "not known");
}

TEST(Details, HaveThreeOrFourParts) {
  const auto details = ParseDetails(" Tariq , Anwar,2009-03-14, NX4 2QT");
  ASSERT_TRUE(details.ok());
  EXPECT_EQ(details->given_names(), "Tariq");
  EXPECT_EQ(details->surname(), "Anwar");
  EXPECT_EQ(details->postcode(), "NX4 2QT");
  EXPECT_EQ(ParseDetails("Tariq,Anwar,2009-03-14")->postcode(), "");
  EXPECT_FALSE(ParseDetails("Tariq,Anwar").ok());
  EXPECT_FALSE(ParseDetails("a,b,2009-03-14,d,e").ok());
  // What is wrong is said without repeating what was typed about somebody.
  const auto wrong = ParseDetails("Tariq,Anwar,31/02/2009");
  EXPECT_THAT(std::string(wrong.status().message()), ::testing::Not(HasSubstr("31/02")));
}

TEST(Readable, CodesAreWordsAndUnknownObligationsAreNone) {
  EXPECT_EQ(ReadableCode("yot-officer"), "YOT officer");
  EXPECT_EQ(ReadableCode("cin-plan"), "CIN plan");
  EXPECT_EQ(ReadableCode("childrens-social-care"), "children's social care");
  EXPECT_EQ(ReadableGateway(signpost::v1::GATEWAY_CDA1998_S115),
            "Crime and Disorder Act 1998, section 115");
  EXPECT_EQ(ReadableGateway(99), "99");
  // Each that there is has its words.
  const auto* gateways = signpost::v1::Gateway_descriptor();
  for (int i = 1; i < gateways->value_count(); ++i) {
    const int number = gateways->value(i)->number();
    if (number == signpost::v1::GATEWAY_CONSENT) continue;  // is its own word
    EXPECT_NE(ReadableGateway(number), EnumWord(gateways, number)) << number;
  }
  const auto* obligations = signpost::v1::Obligation_descriptor();
  for (int i = 1; i < obligations->value_count(); ++i) {
    EXPECT_NE(ReadableObligation(obligations->value(i)->number()), "") << i;
  }
  EXPECT_EQ(ReadableObligation(signpost::v1::OBLIGATION_UNSPECIFIED), "");
  EXPECT_EQ(ReadableObligation(99), "");
  EXPECT_EQ(JoinWords({"a"}), "a");
  EXPECT_EQ(JoinWords({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace signpost::adapters::cli
