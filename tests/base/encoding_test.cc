#include "hub/base/encoding.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/base/random.h"

namespace signpost::base {
namespace {

// RFC 4648 section 10.
TEST(Base64Test, KnownTexts) {
  const std::vector<std::pair<std::string, std::string>> known = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : known) {
    EXPECT_EQ(Base64Encode(bytes), text);
    EXPECT_EQ(Base64Decode(text).value(), bytes);
  }
  EXPECT_EQ(Base64UrlEncode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(Base64UrlDecode("-__-").value(), "\xfb\xff\xfe");
}

TEST(Base64Test, RefusesEverySecondSpelling) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "-__-",
                           "====", "=", "Z===", "Zg==Zg=="}) {
    EXPECT_EQ(ReasonOf(Base64Decode(text).status()), Reason::kInvalidField) << text;
  }
  for (const char* text : {"Zg==", "Zh", "Zm9", "Z", "+//+", "Zg ", "Zg.", "Zm9v=", "Z\xc3\xa9"}) {
    EXPECT_EQ(ReasonOf(Base64UrlDecode(text).status()), Reason::kInvalidField) << text;
  }
}

TEST(EncodingTest, RandomBytesComeBack) {
  SeededRandom random(7);
  for (size_t size = 0; size < 100; ++size) {
    const std::string bytes = random.Bytes(size);
    EXPECT_EQ(HexDecode(HexEncode(bytes)).value(), bytes);
    EXPECT_EQ(Base64Decode(Base64Encode(bytes)).value(), bytes);
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)).value(), bytes);
    const std::string block = random.Bytes(16);
    EXPECT_EQ(Crockford16Decode(Crockford16Encode(block)).value(), block);
  }
}

TEST(HexTest, EitherCaseAndNothingElse) {
  EXPECT_EQ(HexEncode(std::string("\x00\xab\xff", 3)), "00abff");
  EXPECT_EQ(HexDecode("00aBFf").value(), std::string("\x00\xab\xff", 3));
  for (const char* text : {"0", "0g", " 00", "0x00"}) EXPECT_FALSE(HexDecode(text).ok()) << text;
}

TEST(CrockfordTest, SmallestAndLargest) {
  EXPECT_EQ(Crockford16Encode(std::string(16, '\0')), std::string(26, '0'));
  EXPECT_EQ(Crockford16Encode(std::string(16, '\xff')), "7" + std::string(25, 'Z'));
  // One more than 128 bits hold.
  EXPECT_FALSE(Crockford16Decode("8" + std::string(25, '0')).ok());
  EXPECT_FALSE(Crockford16Decode(std::string(25, '0')).ok());
  EXPECT_FALSE(Crockford16Decode(std::string(27, '0')).ok());
  EXPECT_FALSE(Crockford16Decode("U" + std::string(25, '0')).ok());
}

TEST(CrockfordTest, ReadsWhatPeopleType) { EXPECT_EQ(CrockfordCanonical("oIl-ab c"), "011ABC"); }

TEST(CrockfordTest, CheckCharacterOfKnownNumber) {
  // 1234 is 16J; 1234 modulo 37 is 13, which is D.
  EXPECT_EQ(CrockfordCheckCharacter("16J"), 'D');
  // 36 modulo 37 is U, the last of the five that stand only here.
  EXPECT_EQ(CrockfordCheckCharacter("14"), 'U');
}

}  // namespace
}  // namespace signpost::base
