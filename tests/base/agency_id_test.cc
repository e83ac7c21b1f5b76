#include "hub/base/agency_id.h"

#include <memory>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/base/random.h"
#include "tests/base/test_keyring.h"

namespace signpost::base {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr char kDigits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

class AgencyPersonIdsTest : public ::testing::Test {
 protected:
  SeededRandom random_{21};
  std::unique_ptr<Keyring> keyring_ = testing::MakeKeyring('m');
  AgencyPersonIds ids_{keyring_.get(), 1};
  PersonId person_ = PersonId::New(&random_);
  std::string text_ = ids_.Encode("nortown-yot", person_).value();
};

TEST_F(AgencyPersonIdsTest, HasTheShapeOfTheHeader) {
  EXPECT_THAT(text_, MatchesRegex("SP1(-[0-9A-Z]+){5}-[0-9A-Z*~$=]"));
  EXPECT_EQ(text_.size(), 3u + 4 * 6 + 7 + 2);
}

TEST_F(AgencyPersonIdsTest, ComesBackForItsAgency) {
  for (int i = 0; i < 500; ++i) {
    const PersonId person = PersonId::New(&random_);
    const std::string text = ids_.Encode("nortown-yot", person).value();
    EXPECT_TRUE(CheckAgencyPersonId(text).ok()) << text;
    EXPECT_EQ(ids_.Decode("nortown-yot", text).value(), person);
    EXPECT_EQ(ids_.Encode("nortown-yot", person).value(), text) << "the same each time";
  }
}

TEST_F(AgencyPersonIdsTest, TwoAgenciesAndTwoHubsShareNothing) {
  const std::string other = ids_.Encode("nortown-housing", person_).value();
  EXPECT_NE(other, text_);
  // Another agency's id reads as somebody nobody knows, and not as an error that tells.
  EXPECT_NE(ids_.Decode("nortown-housing", text_).value(), person_);
  const auto keyring = testing::MakeKeyring('n');
  EXPECT_NE(AgencyPersonIds(keyring.get(), 1).Encode("nortown-yot", person_).value(), text_);
}

// Flipping one bit of the person changes the whole id: nothing of the order of people shows.
TEST_F(AgencyPersonIdsTest, NeighboursLookUnrelated) {
  std::string bytes = person_.ToBytes();
  bytes[15] = static_cast<char>(bytes[15] ^ 1);
  const std::string other = ids_.Encode("nortown-yot", PersonId::FromBytes(bytes).value()).value();
  int same = 0;
  for (size_t i = 3; i < text_.size(); ++i) same += text_[i] == other[i] && text_[i] != '-' ? 1 : 0;
  EXPECT_LT(same, 8);
}

TEST_F(AgencyPersonIdsTest, EveryEpochIsRead) {
  std::set<std::string> texts;
  for (int epoch = kAgencyIdEpochMin; epoch <= kAgencyIdEpochMax; ++epoch) {
    AgencyPersonIds ids(keyring_.get(), epoch);
    const std::string text = ids.Encode("nortown-yot", person_).value();
    EXPECT_EQ(text[2], kDigits[epoch]);
    EXPECT_EQ(ids_.Decode("nortown-yot", text).value(), person_);
    texts.insert(text.substr(3));
  }
  EXPECT_EQ(texts.size(), 31u);
}

TEST_F(AgencyPersonIdsTest, ReadsWhatPeopleType) {
  for (const std::string& typed :
       {absl::AsciiStrToLower(text_), absl::StrReplaceAll(text_, {{"-", ""}}),
        absl::StrReplaceAll(text_, {{"-", " "}}), "  " + text_ + " ",
        "SP" + absl::StrReplaceAll(text_.substr(2), {{"0", "O"}, {"1", "I"}}),
        "SP" + absl::StrReplaceAll(text_.substr(2), {{"0", "o"}, {"1", "l"}})}) {
    EXPECT_EQ(ids_.Decode("nortown-yot", typed).value(), person_) << typed;
  }
}

TEST_F(AgencyPersonIdsTest, EverySingleSlipIsNoticed) {
  const std::string plain = absl::StrReplaceAll(text_, {{"-", ""}});
  for (size_t i = 2; i < plain.size(); ++i) {
    for (const char* digit = kDigits; *digit != '\0'; ++digit) {
      if (*digit == plain[i]) continue;
      std::string slip = plain;
      slip[i] = *digit;
      EXPECT_EQ(ReasonOf(CheckAgencyPersonId(slip)), Reason::kInvalidField) << slip;
    }
    if (i + 2 < plain.size() && plain[i] != plain[i + 1]) {
      std::string swapped = plain;
      std::swap(swapped[i], swapped[i + 1]);
      EXPECT_EQ(ReasonOf(CheckAgencyPersonId(swapped)), Reason::kInvalidField) << swapped;
    }
  }
}

TEST_F(AgencyPersonIdsTest, MistypedSaysSo) {
  std::string slip = text_;
  slip[10] = slip[10] == '7' ? '8' : '7';
  const absl::Status status = ids_.Decode("nortown-yot", slip).status();
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
  ASSERT_EQ(ViolationsOf(status).size(), 1u);
  EXPECT_EQ(ViolationsOf(status)[0].field, "person.agency_person_id");
  EXPECT_THAT(ViolationsOf(status)[0].description, HasSubstr("check character does not match"));
}

TEST_F(AgencyPersonIdsTest, OtherTextsAreRefused) {
  for (const std::string& bad :
       {std::string(), std::string("SP"), text_.substr(1), text_.substr(0, text_.size() - 1),
        text_ + "0", "SP0" + text_.substr(3), "SPU" + text_.substr(3), "XX" + text_.substr(2),
        text_ + std::string(100, ' '), absl::StrReplaceAll(text_, {{"-", "_"}})}) {
    EXPECT_EQ(ReasonOf(ids_.Decode("nortown-yot", bad).status()), Reason::kInvalidField) << bad;
  }
  EXPECT_EQ(ReasonOf(ids_.Encode("", person_).status()), Reason::kInvalidField);
}

TEST_F(AgencyPersonIdsTest, LengthAsTypedAtTheLimitAndOnePast) {
  const std::string padded = text_ + std::string(kAgencyPersonIdTextBytesMax - text_.size(), ' ');
  EXPECT_TRUE(CheckAgencyPersonId(padded).ok());
  EXPECT_FALSE(CheckAgencyPersonId(padded + " ").ok());
}

TEST_F(AgencyPersonIdsTest, MoreAgenciesThanKeysAreKept) {
  for (int i = 0; i < 5000; ++i) {
    const std::string agency = "agency-" + std::to_string(i);
    ASSERT_EQ(ids_.Decode(agency, ids_.Encode(agency, person_).value()).value(), person_);
  }
}

}  // namespace
}  // namespace signpost::base
