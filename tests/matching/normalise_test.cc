#include "hub/matching/normalise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "hub/base/random.h"

namespace signpost::matching {
namespace {

class NormaliseTest : public ::testing::Test {
 protected:
  std::string Norm(const std::string& name) { return Joined(normaliser_->Name(name)); }
  const std::unique_ptr<Normaliser> normaliser_ = *Normaliser::Create();
};

TEST_F(NormaliseTest, FoldsCaseHyphensApostrophesAndSpaces) {
  EXPECT_EQ(Norm("  tariq  "), "TARIQ");
  EXPECT_EQ(Norm("Smith-Jones"), "SMITH JONES");
  EXPECT_EQ(Norm("O'Brien"), "OBRIEN");
  EXPECT_EQ(Norm("O\xE2\x80\x99"
                 "Brien"),
            "OBRIEN");  // a curly one
  EXPECT_EQ(Norm("Mary, Jane."), "MARY JANE");
}

TEST_F(NormaliseTest, FoldsAccentsAndScripts) {
  EXPECT_EQ(Norm("Se\xC3\xA1n"), "SEAN");
  EXPECT_EQ(Norm("Se\x61\xCC\x81n"), "SEAN");  // the accent as a character of its own
  EXPECT_EQ(Norm("Bj\xC3\xB6rk"), "BJORK");
  EXPECT_EQ(Norm("Stra\xC3\x9F"
                 "e"),
            "STRASSE");
  EXPECT_EQ(Norm("\xC5\x81ukasz"), "LUKASZ");
  EXPECT_EQ(Norm("\xEF\xBC\xB4\xEF\xBD\x81\xEF\xBD\x92iq"), "TARIQ");  // full width
  EXPECT_EQ(Norm("\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD"), "IVAN");         // Cyrillic
  EXPECT_EQ(Norm("\xCE\x93\xCE\xB9\xCF\x8E\xCF\x81\xCE\xB3\xCE\xBF\xCF\x82"), "GIORGOS");
  EXPECT_FALSE(Norm("\xD9\x85\xD8\xAD\xD9\x85\xD8\xAF").empty());  // Arabic
  EXPECT_FALSE(Norm("\xE6\x9D\x8E\xE6\x98\x8E").empty());          // Chinese
}

TEST_F(NormaliseTest, StripsTitlesOnlyBeforeAName) {
  EXPECT_EQ(Norm("Mr. Tariq"), "TARIQ");
  EXPECT_EQ(Norm("MASTER John Paul"), "JOHN PAUL");
  EXPECT_EQ(Norm("Dr Master"), "MASTER");
  EXPECT_EQ(Norm("Master"), "MASTER");  // a surname
  EXPECT_EQ(Norm("Lord"), "LORD");
  EXPECT_EQ(Norm("Mr"), "");
}

TEST_F(NormaliseTest, PlaceholdersAreNoNames) {
  for (const char* junk : {"BABY",
                           "Baby Boy",
                           "baby girl",
                           "UNKNOWN",
                           "Unknown Unknown",
                           "TWIN ONE",
                           "Twin 2",
                           "unborn",
                           "n/a",
                           "Not Known",
                           "-",
                           "",
                           "   ",
                           "(unknown)",
                           "X",
                           "NK",
                           "TRIPLET THREE",
                           "TBC",
                           "Test",
                           ".",
                           "Xx",
                           "xxx",
                           "Newborn",
                           "Boy",
                           "Unborn Child",
                           "a",
                           "No first name"}) {
    EXPECT_EQ(Norm(junk), "") << junk;
  }
  EXPECT_EQ(Norm("Baby Boy Hussain"), "HUSSAIN");
  EXPECT_EQ(Norm("Sarah Twin Two"), "SARAH");
  // Names that only look like it.
  EXPECT_EQ(Norm("Boyd"), "BOYD");
  EXPECT_EQ(Norm("Null"), "NULL");
  EXPECT_EQ(Norm("Na"), "NA");
  EXPECT_EQ(Norm("Babyface"), "BABYFACE");
}

TEST_F(NormaliseTest, TextInBracketsGoes) {
  EXPECT_EQ(Norm("Jonathan (Jonny)"), "JONATHAN");
  EXPECT_EQ(Norm("Smith [nee Jones] Brown"), "SMITH BROWN");
  EXPECT_EQ(Norm("Smith (never closed"), "SMITH");
  EXPECT_EQ(Norm("Smith) Jones"), "SMITH JONES");
}

TEST_F(NormaliseTest, TheAsciiPathAndTheLongOneAgree) {
  // A no-break space forces the long path and reads as a space.
  for (const char* name : {"Mr O'Brien-Smith", "john paul (JP)", "Twin 1 Anne", "D'Arcy 3rd"}) {
    EXPECT_EQ(Norm(std::string(name) + "\xC2\xA0"), Norm(name)) << name;
  }
}

TEST_F(NormaliseTest, AnyBytesGiveAFixedPoint) {
  base::SeededRandom random(7);
  const std::vector<std::string> parts = {
      "mr ", "BABY ", "TWIN ",   "ONE ", "(", ")", "\xC3\xA9", "\xFF",         "'",
      "-",   "O",     "MASTER ", "X",    "N", "/", "A",        "\xE6\x9D\x8E", "ann",
      " ",   "NOT ",  "KNOWN ",  "\xC3"};
  for (int i = 0; i < 20000; ++i) {
    std::string name;
    const uint64_t count = random.Number() % 12;
    for (uint64_t k = 0; k < count; ++k) name += parts[random.Number() % parts.size()];
    const std::string once = Norm(name);
    ASSERT_EQ(Norm(once), once) << testing::PrintToString(name);
    for (char c : once) {
      ASSERT_TRUE((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ');
    }
  }
}

TEST_F(NormaliseTest, TokensAreBounded) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "ab ";
  EXPECT_EQ(normaliser_->Name(name).size(), static_cast<size_t>(kNameTokensMax));
}

TEST_F(NormaliseTest, ThreadsShareIt) {
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, &good] {
      for (int i = 0; i < 500; ++i) {
        if (Norm("Se\xC3\xA1n \xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD") == "SEAN IVAN") ++good[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(good, testing::Each(500));
}

}  // namespace
}  // namespace signpost::matching
