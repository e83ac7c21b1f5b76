#include "hub/tlog/entry_fields.h"

#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace signpost::tlog {
namespace {

TEST(EntryFieldsTest, TheSuffixIsProtobufWireBytes) {
  std::string entry;
  AppendEntrySuffix(300, 1, 0, entry);
  EXPECT_EQ(entry, std::string("\x08\xAC\x02\x10\x01\x18\x00", 7));
}

TEST(EntryFieldsTest, TheSuffixReadsBackBehindABody) {
  for (const uint64_t number : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{1} << 62,
                                std::numeric_limits<uint64_t>::max()}) {
    std::string entry = std::string("\x22\x03yot", 5) + std::string("\x62\x02zz", 4);
    const size_t body = entry.size();
    AppendEntrySuffix(number, static_cast<int64_t>(number), number, entry);
    EXPECT_LE(entry.size() - body, kEntrySuffixBytesMax);
    const EntryFields fields = *DecodeEntryFields(entry);
    EXPECT_EQ(fields.index, number);
    EXPECT_EQ(fields.sequenced_at_us, static_cast<int64_t>(number));
    EXPECT_EQ(fields.agency_counter, number);
    EXPECT_EQ(std::string(fields.agency_id), "yot");
    EXPECT_TRUE(fields.sequencer_fields);
  }
}

TEST(EntryFieldsTest, UnknownFieldsOfEveryWireTypeArePassedOver) {
  const std::string entry(
      "\x28\x01"
      "\x49"
      "12345678"
      "\x3A\x01x"
      "\x45"
      "1234"
      "\x22\x01"
      "a",
      22);
  const absl::StatusOr<EntryFields> fields = DecodeEntryFields(entry);
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ(std::string(fields->agency_id), "a");
  EXPECT_FALSE(fields->sequencer_fields);
  EXPECT_TRUE(DecodeEntryFields("").ok());
}

TEST(EntryFieldsTest, WhatIsNotWireBytesIsRefused) {
  for (const std::string& bad :
       {std::string("\x08"), std::string("\x00\x00", 2), std::string("\x22\x05yot"),
        std::string("\x0B\x0C"), std::string("\x0A\x00", 2), std::string("\x20\x01"),
        std::string("\x32\x00", 2), std::string("\x90\x08\x01"),
        std::string("\x31"
                    "1234"),
        std::string("\x45"
                    "12"),
        std::string("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"),
        std::string("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
        std::string("\x22\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01x")}) {
    EXPECT_FALSE(DecodeEntryFields(bad).ok());
  }
}

}  // namespace
}  // namespace signpost::tlog
