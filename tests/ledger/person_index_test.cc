#include "hub/ledger/person_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "hub/base/error.h"
#include "hub/base/random.h"
#include "hub/store/memory_store.h"

namespace signpost::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class PersonIndexTest : public ::testing::Test {
 protected:
  void About(const base::PersonId& person, uint64_t first_index, size_t i = 0) {
    Operation operation;
    PersonIndex::Add(person, &operation, i);
    store::Batch batch;
    operation.with_index(first_index, batch);
    ASSERT_TRUE(store_->Commit(std::move(batch), {}).ok());
  }
  std::unique_ptr<store::View> View() { return *store_->NewView(); }

  base::SeededRandom random_{1};
  const base::PersonId tariq_ = base::PersonId::New(&random_);
  const base::PersonId sal_ = base::PersonId::New(&random_);
  const std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
};

TEST_F(PersonIndexTest, FindsEntriesByPersonAndPersonsByEntry) {
  About(tariq_, 7);
  About(tariq_, 300, 2);
  About(sal_, 300, 2);
  About(sal_, 8);
  const auto view = View();
  const PersonIndex index(view.get());
  EXPECT_THAT(*index.EntriesOf(tariq_), ElementsAre(7, 302));
  EXPECT_THAT(*index.EntriesOf(tariq_, 8, 303, 10), ElementsAre(302));
  EXPECT_THAT(*index.EntriesOf(tariq_, 7, 302, 10), ElementsAre(7)) << "the end is not among them";
  EXPECT_THAT(*index.EntriesOf(tariq_, 0, 999, 1), ElementsAre(7));
  EXPECT_THAT(*index.PersonsOf(7), ElementsAre(tariq_));
  EXPECT_THAT(*index.PersonsOf(302), SizeIs(2));
  EXPECT_THAT(*index.PersonsOf(9), IsEmpty());
  EXPECT_THAT(*index.PersonsIn(7, 9), ElementsAre(Pair(7u, tariq_), Pair(8u, sal_)));
}

TEST_F(PersonIndexTest, ManyAreReadToTheLast) {
  for (uint64_t i = 0; i < 2500; ++i) About(tariq_, i);
  const auto view = View();
  EXPECT_THAT(*PersonIndex(view.get()).EntriesOf(tariq_), SizeIs(2500));
  EXPECT_THAT(*PersonIndex(view.get()).PersonsIn(0, 2500), SizeIs(2500));
}

TEST_F(PersonIndexTest, RemovingLeavesNothingOfOneAndAllOfOthers) {
  About(tariq_, 7);
  About(tariq_, 8);
  About(sal_, 8);
  store::Batch batch;
  ASSERT_TRUE(PersonIndex(View().get()).Remove(tariq_, &batch).ok());
  ASSERT_TRUE(store_->Commit(std::move(batch), {}).ok());
  const auto view = View();
  const PersonIndex index(view.get());
  EXPECT_THAT(*index.EntriesOf(tariq_), IsEmpty());
  EXPECT_THAT(*index.PersonsOf(7), IsEmpty());
  EXPECT_THAT(*index.PersonsOf(8), ElementsAre(sal_));
  for (const store::Space space : {store::Space::kPersonEntries, store::Space::kEntryPersons}) {
    EXPECT_THAT(view->Scan(space, "", "", 100).value(), SizeIs(1)) << store::SpaceName(space);
  }
}

TEST_F(PersonIndexTest, RemovingAllWhoAreGoneLeavesNothingOfThem) {
  const base::PersonId gone = base::PersonId::New(&random_);
  for (uint64_t i = 0; i < 1200; ++i) About(i % 2 == 0 ? tariq_ : gone, i);
  About(sal_, 1200);
  int batches = 0;
  const auto commit = [&](store::Batch batch) {
    ++batches;
    return store_->Commit(std::move(batch), {}).status();
  };
  ASSERT_TRUE(PersonIndex(View().get()).RemoveAll({tariq_.ToBytes(), gone.ToBytes()}, commit).ok());
  EXPECT_GT(batches, 1) << "some at a time";
  for (const store::Space space : {store::Space::kPersonEntries, store::Space::kEntryPersons}) {
    EXPECT_THAT(View()->Scan(space, "", "", 100).value(), SizeIs(1)) << store::SpaceName(space);
  }
  EXPECT_THAT(*PersonIndex(View().get()).EntriesOf(sal_), ElementsAre(1200));
}

TEST_F(PersonIndexTest, ARowOfAnotherShapeIsDamage) {
  for (const store::Space space : {store::Space::kPersonEntries, store::Space::kEntryPersons}) {
    store::Batch batch;
    batch.Put(space, "x", "");
    ASSERT_TRUE(store_->Commit(std::move(batch), {}).ok());
    // Of somebody who may be gone: that it cannot be told must stop whoever puts a store back.
    const auto commit = [](store::Batch) { return absl::OkStatus(); };
    EXPECT_EQ(base::ReasonOf(PersonIndex(View().get()).RemoveAll({tariq_.ToBytes()}, commit)),
              base::Reason::kDataLoss)
        << store::SpaceName(space);
    store::Batch mended;
    mended.Delete(space, "x");
    ASSERT_TRUE(store_->Commit(std::move(mended), {}).ok());
  }
}

}  // namespace
}  // namespace signpost::ledger
