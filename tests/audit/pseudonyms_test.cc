#include "hub/audit/pseudonyms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hub/base/crypto.h"
#include "hub/base/error.h"

namespace signpost::audit {
namespace {

constexpr char kOrigin[] = "signpost.nortown.example/ledger";
const std::string kP(16, '\x01');
const std::string kQ(16, '\x02');

std::string File() {
  PseudonymWriter writer(kOrigin, 10, 20);
  writer.Add(10, kP);
  writer.Add(12, kQ);
  writer.Add(19, kP);
  return std::move(writer).Finish();
}

ledger::v1::LedgerEntry Issuing(const std::string& file) {
  ledger::v1::LedgerEntry entry;
  entry.set_kind(ledger::v1::ENTRY_KIND_PSEUDONYMS_ISSUED);
  entry.mutable_pseudonyms_issued()->set_first_index(10);
  entry.mutable_pseudonyms_issued()->set_end_index(20);
  entry.mutable_pseudonyms_issued()->set_pseudonyms(3);
  entry.mutable_pseudonyms_issued()->set_file_sha256(base::Sha256(file));
  return entry;
}

TEST(Pseudonyms, AreReadAsTheyWereWritten) {
  EXPECT_EQ(File(),
            "signpost-pseudonyms-v1\n"
            "ledger signpost.nortown.example/ledger\n"
            "entries 10-20\n"
            "10 01010101010101010101010101010101\n"
            "12 02020202020202020202020202020202\n"
            "19 01010101010101010101010101010101\n");
  const Pseudonyms read = *Pseudonyms::Parse(File());
  EXPECT_EQ(read.origin(), kOrigin);
  EXPECT_EQ(read.first(), 10u);
  EXPECT_EQ(read.end(), 20u);
  EXPECT_EQ(read.size(), 3u);
  EXPECT_EQ(read.Of(10), kP);
  EXPECT_EQ(read.Of(19), read.Of(10));
  EXPECT_EQ(read.Of(12), kQ);
  EXPECT_EQ(read.Of(11), "");
}

TEST(Pseudonyms, WhatAWriterWouldNotWriteIsRefused) {
  const std::string head = "signpost-pseudonyms-v1\nledger L\nentries 1-9\n";
  const std::string p = " 01010101010101010101010101010101\n";
  ASSERT_TRUE(Pseudonyms::Parse(head).ok()) << "nobody";
  ASSERT_TRUE(Pseudonyms::Parse(head + "1" + p).ok());
  for (const std::string& bad :
       {std::string(), std::string("x"), head.substr(0, head.size() - 1), std::string("signpost\n"),
        std::string("signpost-pseudonyms-v1\nledger L\n"),
        std::string("signpost-pseudonyms-v1\nledger L\nentries 9-1\n"), head + "0" + p,
        head + "9" + p, head + "2" + p + "1" + p, head + "2" + p + "2" + p, head + "2 0101\n",
        head + "2" + p + "\n", head + "02" + p, head + "2 " + std::string(32, 'x') + "\n"}) {
    EXPECT_EQ(base::ReasonOf(Pseudonyms::Parse(bad).status()), base::Reason::kInvalidField) << bad;
  }
}

TEST(Pseudonyms, OnlyTheEntryThatHasTheirHashIssuedThem) {
  const Pseudonyms read = *Pseudonyms::Parse(File());
  EXPECT_TRUE(read.IsIssuedBy(Issuing(File())));
  EXPECT_FALSE(read.IsIssuedBy(ledger::v1::LedgerEntry()));
  // One digit of one pseudonym, or another range said than stands in the file.
  std::string forged = File();
  forged[forged.size() - 2] = '2';
  EXPECT_FALSE(Pseudonyms::Parse(forged)->IsIssuedBy(Issuing(File())));
  ledger::v1::LedgerEntry other = Issuing(File());
  other.mutable_pseudonyms_issued()->set_end_index(21);
  EXPECT_FALSE(read.IsIssuedBy(other));
  other = Issuing(File());
  other.set_kind(ledger::v1::ENTRY_KIND_AUDIT_READ);
  EXPECT_FALSE(read.IsIssuedBy(other));
}

}  // namespace
}  // namespace signpost::audit
