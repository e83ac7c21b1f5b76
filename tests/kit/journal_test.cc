#include "adapters/kit/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "hub/base/error.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

signpost::v1::FlagReport Report(const std::string& id, const std::string& surname) {
  signpost::v1::FlagReport report;
  report.set_record_id(id);
  report.mutable_person()->set_surname(surname);
  report.set_status(signpost::v1::FLAG_STATUS_OPEN);
  return report;
}

JournalEntry EntryOf(const Journal& journal, const signpost::v1::FlagReport& report) {
  JournalEntry entry;
  entry.content_hash = journal.ContentHash(report);
  entry.outcome = signpost::v1::FLAG_OUTCOME_KIND_RECEIVED;
  entry.status = report.status();
  entry.assessments.assign(report.assessments().begin(), report.assessments().end());
  return entry;
}

class JournalTest : public testing::Test {
 protected:
  std::unique_ptr<Journal> Open() {
    auto journal = Journal::Open(path_, &random_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }
  TestFolder folder_;
  const std::string path_ = folder_.Path("journal");
  base::SeededRandom random_{7};
};

TEST_F(JournalTest, RemembersAcrossOpeningAndForgets) {
  signpost::v1::FlagReport report = Report("r1", "Malik");
  auto* pointer = report.add_assessments();
  pointer->set_kind("asset");
  pointer->mutable_assessed_on()->set_year(2026);
  pointer->mutable_assessed_on()->set_month(5);
  pointer->mutable_assessed_on()->set_day(4);
  pointer->add_sections("lifestyle");
  {
    auto journal = Open();
    ASSERT_TRUE(journal->Append("r1", EntryOf(*journal, report)).ok());
    ASSERT_TRUE(journal->Append("r2", EntryOf(*journal, Report("r2", "Khan"))).ok());
    ASSERT_TRUE(journal->Forget("r2").ok());
    ASSERT_TRUE(journal->Sync().ok());
  }
  auto journal = Open();
  ASSERT_NE(journal->Find("r1"), nullptr);
  EXPECT_EQ(journal->Find("r1")->content_hash, journal->ContentHash(report));
  EXPECT_EQ(journal->Find("r1")->outcome, signpost::v1::FLAG_OUTCOME_KIND_RECEIVED);
  ASSERT_EQ(journal->Find("r1")->assessments.size(), 1u);
  EXPECT_EQ(journal->Find("r1")->assessments[0].DebugString(), pointer->DebugString());
  EXPECT_EQ(journal->Find("r2"), nullptr);
  EXPECT_EQ(journal->open_count(), 1);
  EXPECT_EQ(journal->bytes_dropped(), 0);
}

TEST_F(JournalTest, HashTellsEveryFieldApartAndNoContentIsStored) {
  auto journal = Open();
  const auto hash = [&](const signpost::v1::FlagReport& r) { return journal->ContentHash(r); };
  const signpost::v1::FlagReport plain = Report("r1", "Featherstonehaugh");
  std::vector<signpost::v1::FlagReport> others(14, plain);
  others[0].mutable_person()->set_given_names("x");
  others[1].mutable_person()->mutable_birth_date()->set_year(2009);
  others[2].mutable_person()->mutable_expected_birth_date()->set_year(2009);
  others[3].mutable_person()->set_gender("x");
  others[4].mutable_person()->set_postcode("x");
  others[5].mutable_person()->add_identifiers()->set_value("x");
  others[6].set_service("x");
  others[7].set_status(signpost::v1::FLAG_STATUS_CLOSED);
  others[8].mutable_opened_on()->set_year(2009);
  others[9].mutable_closed_on()->set_year(2009);
  others[10].mutable_contact()->set_phone("x");
  others[11].mutable_contact()->set_email("x");
  others[12].add_assessments()->set_kind("x");
  others[13].set_record_id("r2");
  std::set<std::string> hashes = {hash(plain)};
  for (const auto& other : others) hashes.insert(hash(other));
  EXPECT_EQ(hashes.size(), 15u);
  // The sequence number is of the stream and not of the record.
  signpost::v1::FlagReport numbered = plain;
  numbered.set_sequence(9);
  EXPECT_EQ(hash(numbered), hash(plain));

  ASSERT_TRUE(journal->Append("r1", EntryOf(*journal, plain)).ok());
  ASSERT_TRUE(journal->Sync().ok());
  const std::string bytes = folder_.Read("journal");
  EXPECT_NE(bytes.find("r1"), std::string::npos);
  EXPECT_EQ(bytes.find("Featherstonehaugh"), std::string::npos);
}

// Sent, acknowledged, written, and then the machine fell over: whatever the disk kept, what is read
// is a beginning of what was written, and writing goes on behind it.
TEST_F(JournalTest, TornAtEveryByteKeepsABeginning) {
  size_t head = 0;
  std::vector<size_t> ends;
  {
    auto journal = Open();
    head = folder_.Read("journal").size();
    for (int i = 0; i < 4; ++i) {
      const std::string id = absl::StrCat("r", i);
      ASSERT_TRUE(journal->Append(id, EntryOf(*journal, Report(id, "x"))).ok());
      ASSERT_TRUE(journal->Sync().ok());
      ends.push_back(folder_.Read("journal").size());
    }
  }
  const std::string whole = folder_.Read("journal");
  for (size_t size = 0; size <= whole.size(); ++size) {
    folder_.Write("journal", whole.substr(0, size));
    ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
    size_t expected = 0;
    for (const size_t end : ends) expected += size >= end ? 1 : 0;
    {
      auto journal = Open();
      ASSERT_NE(journal, nullptr) << size;
      ASSERT_EQ(journal->entries().size(), expected) << size;
      const size_t good = size < head ? 0 : expected == 0 ? head : ends[expected - 1];
      EXPECT_EQ(static_cast<size_t>(journal->bytes_dropped()), size - good) << size;
      ASSERT_TRUE(journal->Append("new", EntryOf(*journal, Report("new", "y"))).ok());
      ASSERT_TRUE(journal->Sync().ok());
    }
    auto journal = Open();
    EXPECT_EQ(journal->entries().size(), expected + 1) << size;
    EXPECT_NE(journal->Find("new"), nullptr) << size;
    EXPECT_EQ(journal->bytes_dropped(), 0) << size;
  }
}

TEST_F(JournalTest, ChangedByteDropsItsRecordAndWhatFollows) {
  {
    auto journal = Open();
    for (const char* id : {"r0", "r1"}) {
      ASSERT_TRUE(journal->Append(id, EntryOf(*journal, Report(id, "x"))).ok());
    }
    ASSERT_TRUE(journal->Sync().ok());
  }
  const std::string whole = folder_.Read("journal");
  for (size_t at = whole.find("r0"); at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    const auto journal = Journal::FromBytes(changed, &random_);
    ASSERT_TRUE(journal.ok());
    EXPECT_LT((*journal)->entries().size(), 2u) << at;
    for (const auto& [id, entry] : (*journal)->entries()) EXPECT_EQ(id, "r0");
  }
}

TEST_F(JournalTest, CompactsByRenameAndKeepsEverythingLive) {
  auto journal = Open();
  for (int round = 0; round < 50; ++round) {
    for (const char* id : {"r0", "r1"}) {
      ASSERT_TRUE(
          journal->Append(id, EntryOf(*journal, Report(id, absl::StrCat("v", round)))).ok());
    }
  }
  ASSERT_TRUE(journal->Sync().ok());
  const size_t before = folder_.Read("journal").size();
  ASSERT_TRUE(journal->Compact().ok());
  EXPECT_LT(folder_.Read("journal").size() * 10, before);
  EXPECT_EQ(journal->dead_records(), 0);
  ASSERT_TRUE(journal->Append("r2", EntryOf(*journal, Report("r2", "x"))).ok());
  ASSERT_TRUE(journal->Sync().ok());
  journal.reset();
  journal = Open();
  EXPECT_EQ(journal->entries().size(), 3u);
  EXPECT_EQ(journal->Find("r1")->content_hash, journal->ContentHash(Report("r1", "v49")));
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(JournalTest, RefusesFilesThatAreNotItsOwnAndSecondOpeners) {
  folder_.Write("journal", "Dear diary, today I met");
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  EXPECT_EQ(base::ReasonOf(Journal::Open(path_, &random_).status()), base::Reason::kInvalidField);
  EXPECT_EQ(folder_.Read("journal"), "Dear diary, today I met");
  std::filesystem::remove(path_);
  auto journal = Open();
  EXPECT_EQ(base::ReasonOf(Journal::Open(path_, &random_).status()), base::Reason::kAborted);
  journal.reset();
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_THAT(std::string(Journal::Open(path_, &random_).status().message()),
              testing::HasSubstr("chmod 600"));
}

TEST_F(JournalTest, ReadOnlyChangesNothing) {
  {
    auto none = Journal::OpenReadOnly(path_, &random_);
    ASSERT_TRUE(none.ok());
    EXPECT_TRUE((*none)->entries().empty());
    EXPECT_FALSE((*none)->Append("r", JournalEntry()).ok());
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  {
    auto journal = Open();
    ASSERT_TRUE(journal->Append("r0", EntryOf(*journal, Report("r0", "x"))).ok());
    ASSERT_TRUE(journal->Sync().ok());
  }
  const std::string torn = folder_.Read("journal") + "torn";
  folder_.Write("journal", torn);
  const auto read = Journal::OpenReadOnly(path_, &random_);
  ASSERT_TRUE(read.ok());
  EXPECT_NE((*read)->Find("r0"), nullptr);
  EXPECT_EQ((*read)->bytes_dropped(), 4);
  EXPECT_EQ(folder_.Read("journal"), torn);
}

}  // namespace
}  // namespace signpost::adapters
