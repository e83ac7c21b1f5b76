// The words that policies are bound to, read from their file, and the memory of a policy's answers.

#include "hub/request/policy_in_force.h"

#include <gmock/gmock.h>

#include "hub/base/error.h"
#include "tests/request/hub_rooms.h"

namespace signpost::request {
namespace {

using ::testing::Each;
using ::testing::SizeIs;

TEST(BoundedCacheTest, AsksOnceAndKeepsNoMoreThanItsBound) {
  const BoundedCache<int> cache;
  int asked = 0;
  const auto get = [&](int key) {
    return cache.Get(std::to_string(key), [&] {
      ++asked;
      return key;
    });
  };
  EXPECT_EQ(get(1), 1);
  EXPECT_EQ(get(1), 1);
  EXPECT_EQ(asked, 1);
  const int full = static_cast<int>(BoundedCache<int>::kAnswersMax);
  for (int key = 2; key <= full + 1; ++key) get(key);
  EXPECT_EQ(asked, full + 1);
  EXPECT_EQ(get(1), 1);
  EXPECT_EQ(asked, full + 2) << "a full memory was emptied";
}

TEST(ReadWordsTest, WhatIsWrongIsNamedByItsPath) {
  const auto good = ReadWords(
      R"({"services": [{"id": "housing", "sensitive_category": ""}], "roles": ["manager"],
          "assessments": [{"id": "asset", "sections": ["lifestyle"]}]})");
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->services[0].id, "housing");
  EXPECT_EQ(good->assessments[0].sections[0], "lifestyle");
  EXPECT_THAT(
      FieldsOf(ReadWords(R"({"services": [{"id": 7}], "roles": [], "assessments": []})").status()),
      SizeIs(1));
  EXPECT_THAT(
      FieldsOf(ReadWords(R"({"services": [{"id": 7}], "roles": [], "assessments": []})").status()),
      Each(::testing::HasSubstr("services")));
  EXPECT_EQ(base::ReasonOf(ReadWords("not JSON").status()), base::Reason::kInvalidField);
}

}  // namespace
}  // namespace signpost::request
