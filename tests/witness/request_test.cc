#include "hub/witness/request.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace signpost::witness {
namespace {

constexpr char kHash[] = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";

// Laid out by hand from the specification.
std::string Request() {
  return absl::StrCat("old 20852014\n", kHash, "\n", kHash, "\n\nlog.example\n7\nroot\n\nsig\n");
}

TEST(WitnessRequestTest, ARequestIsReadAndWrittenBack) {
  const auto request = ParseAddCheckpoint(Request());
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->old_size, 20852014u);
  EXPECT_EQ(request->proof.size(), 2u);
  EXPECT_EQ(request->proof[0][0], 0x3E);
  EXPECT_EQ(request->checkpoint, "log.example\n7\nroot\n\nsig\n");
  EXPECT_EQ(FormatAddCheckpoint(*request), Request());
}

TEST(WitnessRequestTest, SixtyThreeHashesAreReadAndOneMoreIsRefused) {
  std::string hashes;
  for (size_t i = 0; i < kProofHashesMax; ++i) absl::StrAppend(&hashes, kHash, "\n");
  EXPECT_EQ(ParseAddCheckpoint(absl::StrCat("old 1\n", hashes, "\nx"))->proof.size(), 63u);
  EXPECT_FALSE(ParseAddCheckpoint(absl::StrCat("old 1\n", hashes, kHash, "\n\nx")).ok());
  EXPECT_TRUE(ParseAddCheckpoint("old 0\n\nx").ok());
}

TEST(WitnessRequestTest, WhatIsNoRequestIsRefused) {
  for (const std::string& bad :
       {std::string(), std::string("old 1"), std::string("old 1\n"), std::string("old 1\n\n"),
        std::string("old 01\n\nx"), std::string("old -1\n\nx"), std::string("old  1\n\nx"),
        std::string("old \n\nx"), std::string("old 1 \n\nx"), std::string("Old 1\n\nx"),
        std::string("1\n\nx"), std::string("old 18446744073709551616\n\nx"),
        std::string("old 1\nAAAA\n\nx"), std::string("old 1\nnot base64\n\nx"),
        absl::StrCat("old 1\n ", kHash, "\n\nx"), absl::StrCat("old 1\r\n\r\nx"),
        absl::StrCat("old 1\n", kHash, "\nlog.example\n7\n")}) {
    EXPECT_FALSE(ParseAddCheckpoint(bad).ok()) << bad;
  }
  EXPECT_TRUE(ParseAddCheckpoint("old 1\n\n" + std::string(kRequestBytesMax - 7, 'x')).ok());
  EXPECT_FALSE(ParseAddCheckpoint("old 1\n\n" + std::string(kRequestBytesMax - 6, 'x')).ok());
}

TEST(WitnessRequestTest, ASizeIsDecimalAndALine) {
  EXPECT_EQ(*ParseSize(FormatSize(0)), 0u);
  EXPECT_EQ(*ParseSize("20852163\n"), 20852163u);
  for (const char* bad : {"", "\n", "7", "07\n", "7\n\n", "seven\n", "-7\n"}) {
    EXPECT_FALSE(ParseSize(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace signpost::witness
