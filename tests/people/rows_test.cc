#include "hub/people/rows.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/people/people_fixture.h"

namespace signpost::people {
namespace {

using base::Reason;
using base::ReasonOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RowsTest : public PeopleFixture {
 protected:
  base::PersonId PutOne(const std::string& record_id) {
    return Put(kYot, Report(record_id, Details("Tariq", "Mahmood", 20090517, "NT4 7QX"))).person;
  }
  std::vector<store::KeyValue> Keys(int keys_max) {
    std::vector<store::KeyValue> all;
    EXPECT_TRUE(ForEachWrappedKeys(*View(), keys_max, [&](absl::Span<const store::KeyValue> keys) {
                  EXPECT_LE(keys.size(), static_cast<size_t>(keys_max));
                  all.insert(all.end(), keys.begin(), keys.end());
                  return absl::OkStatus();
                }).ok());
    return all;
  }
};

TEST_F(RowsTest, EverybodyIsGoneThroughInOrderAPageAtATime) {
  std::vector<base::PersonId> put;
  for (const char* record : {"A-1", "A-2", "A-3", "A-4", "A-5"}) put.push_back(PutOne(record));
  std::sort(put.begin(), put.end(), [](const base::PersonId& a, const base::PersonId& b) {
    return a.ToBytes() < b.ToBytes();
  });
  std::vector<base::PersonId> found;
  std::optional<base::PersonId> after;
  while (true) {
    const std::vector<base::PersonId> page = *IdsAfter(*View(), after, 2);
    found.insert(found.end(), page.begin(), page.end());
    if (page.size() < 2) break;
    after = page.back();
  }
  EXPECT_THAT(found, ElementsAreArray(put));
  store::Batch damage;
  damage.Put(store::Space::kPeople, "\xFFnobody", "");
  ASSERT_TRUE(Commit(std::move(damage)).ok());
  EXPECT_EQ(ReasonOf(IdsAfter(*View(), std::nullopt, 10).status()), Reason::kDataLoss);
}

TEST_F(RowsTest, WrappedKeysGoToWhoeverIsStillHereAlone) {
  const base::PersonId stays = PutOne("A-1");
  const base::PersonId goes = PutOne("A-2");
  PutOne("A-3");
  const std::vector<store::KeyValue> keys = Keys(2);
  ASSERT_THAT(keys, SizeIs(3));
  EXPECT_EQ(Keys(3).size(), 3u) << "a page that is exactly full";
  store::Batch gone;
  for (const store::KeyValue& key : keys) gone.Delete(kWrappedKeysSpace, key.key);
  gone.Delete(store::Space::kPeople, goes.ToBytes());
  ASSERT_TRUE(Commit(std::move(gone)).ok());
  ASSERT_THAT(Keys(10), IsEmpty());
  EXPECT_EQ(ReasonOf(people_.Read(*View(), stays).status()), Reason::kNotFound);

  store::Batch back;
  int put = 0;
  for (const store::KeyValue& key : keys) {
    if (*PutWrappedKeyBack(*View(), key.key, key.value, &back)) ++put;
  }
  ASSERT_TRUE(Commit(std::move(back)).ok());
  EXPECT_EQ(put, 2);
  EXPECT_THAT(Keys(10), SizeIs(2));
  EXPECT_TRUE(people_.Read(*View(), stays).ok());
  EXPECT_EQ(ReasonOf(people_.Read(*View(), goes).status()), Reason::kNotFound);
}

TEST_F(RowsTest, KeysUnderTheOldMasterKeyAreWrappedAnewAPageAtATime) {
  std::vector<base::PersonId> put;
  for (const char* record : {"A-1", "A-2", "A-3", "A-4", "A-5"}) put.push_back(PutOne(record));
  // What the hub keeps among them is no person's.
  store::Batch hubs;
  hubs.Put(kWrappedKeysSpace, "master-key/0123456789abcdef", "a row");
  ASSERT_TRUE(Commit(std::move(hubs)).ok());
  // A closing lies under a person's own key, which is what is wrapped anew.
  ASSERT_TRUE(
      Commit(people_.PrepareShield(*View(), put[0], {true, kSocial, nullptr}, now_)->change).ok());
  ASSERT_THAT(Keys(2), SizeIs(7));
  const std::string bytes(32, 'k');
  const base::MasterKey old_master = *base::MasterKey::FromBytes(bytes);
  const auto both =
      *base::Keyring::Create(*base::SecretKey::FromBytes(bytes),
                             *base::MasterKey::FromBytes(std::string(32, 'n')), &old_master);
  EXPECT_EQ(*CountKeysToRewrap(*View(), *both), 5u);
  std::string from;
  uint64_t done = 0;
  do {
    Rewrapped page = *RewrapKeys(*View(), *both, &random_, from, 2);
    EXPECT_EQ(page.reads.size(), page.keys);
    EXPECT_EQ(page.change.operations().size(), page.keys);
    done += page.keys;
    from = page.next;
    if (page.keys > 0) {
      ASSERT_TRUE(Commit(std::move(page.change)).ok());
    }
    EXPECT_EQ(*CountKeysToRewrap(*View(), *both), 5 - done);
  } while (!from.empty());
  EXPECT_EQ(done, 5u);
  EXPECT_EQ(RewrapKeys(*View(), *both, &random_, "", 100)->keys, 0u);
  const People after(both.get(), &random_);
  for (const base::PersonId& id : put) {
    EXPECT_TRUE(after.BlindingOf(*View(), id).ok());
    EXPECT_EQ(ReasonOf(people_.BlindingOf(*View(), id).status()), Reason::kDataLoss);
  }
}

TEST_F(RowsTest, GoingThroughKeysStopsAtTheFirstError) {
  for (const char* record : {"A-1", "A-2", "A-3"}) PutOne(record);
  int calls = 0;
  EXPECT_EQ(ReasonOf(ForEachWrappedKeys(*View(), 1,
                                        [&](absl::Span<const store::KeyValue>) {
                                          ++calls;
                                          return base::Error(Reason::kStoreFull, "no more");
                                        })),
            Reason::kStoreFull);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace signpost::people
