// What an officer may name to include, and what of it is recorded.

#include "hub/subject_rights/exclusions.h"

#include <gmock/gmock.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/random.h"
#include "tests/request/hub_rooms.h"

namespace signpost::subject_rights {
namespace {

using request::FieldsOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kWhy[] = "The enquiry ended on 3 November.";
constexpr v1::ExclusionReason kLooks = v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION;

v1::ExportPersonRequest Including(const std::string& id, const std::string& why = kWhy) {
  v1::ExportPersonRequest request;
  request.set_reason("Their request of 12 November.");
  request.add_inclusions()->add_exclusion_ids(id);
  request.mutable_inclusions(0)->set_reason(why);
  return request;
}

class ExclusionsTest : public ::testing::Test {
 protected:
  Exclusions Of(const v1::ExportPersonRequest& request, const std::string& agency = "ours") {
    return Exclusions(key_, person_, agency, request);
  }
  std::string IdOfALook(const std::string& agency = "ours") {
    Exclusions exclusions = Of({}, agency);
    EXPECT_FALSE(exclusions.Includes(kLooks, "look-7"));
    v1::PersonExport held;
    EXPECT_TRUE(exclusions.AddTo(&held).ok());
    return held.exclusions(0).exclusion_id();
  }

  base::SeededRandom random_{7};
  const base::SecretKey key_ = base::SecretKey::Generate(&random_);
  const base::PersonId person_ = base::PersonId::New(&random_);
};

TEST_F(ExclusionsTest, WhatHangsTogetherIsOneAndIsIncludedAsOne) {
  Exclusions first = Of({});
  EXPECT_FALSE(first.Includes(kLooks, "look-7"));
  EXPECT_FALSE(first.Includes(kLooks, "look-7"));
  EXPECT_FALSE(first.Includes(kLooks, "look-9"));
  v1::PersonExport held;
  ASSERT_TRUE(first.AddTo(&held).ok());
  EXPECT_EQ(held.exclusions(0).count(), 2);
  EXPECT_EQ(held.exclusions(1).count(), 1);
  EXPECT_EQ(held.exclusions(0).decided_by(), v1::EXCLUSION_DECIDER_YOU);
  EXPECT_NE(held.exclusions(0).exclusion_id(), held.exclusions(1).exclusion_id());

  Exclusions second = Of(Including(held.exclusions(0).exclusion_id()));
  EXPECT_TRUE(second.Includes(kLooks, "look-7"));
  EXPECT_TRUE(second.Includes(kLooks, "look-7"));
  EXPECT_FALSE(second.Includes(kLooks, "look-9"));
  EXPECT_EQ(second.included(), 1);
  v1::PersonExport again;
  ASSERT_TRUE(second.AddTo(&again).ok());
  EXPECT_EQ(again.exclusions_size(), held.exclusions_size() - 1);
}

// An id is of one person, for one agency: whoever is handed another's opens nothing with it.
TEST_F(ExclusionsTest, AnIdThatNamesNothingIsAnErrorWithItsPath) {
  const std::string ours = IdOfALook();
  EXPECT_NE(ours, IdOfALook("theirs"));
  for (const std::string& id : {IdOfALook("theirs"), std::string("made-up"), std::string()}) {
    Exclusions exclusions = Of(Including(id));
    EXPECT_FALSE(exclusions.Includes(kLooks, "look-7"));
    v1::PersonExport held;
    EXPECT_THAT(FieldsOf(exclusions.AddTo(&held)), ElementsAre("inclusions[0].exclusion_ids[0]"));
    EXPECT_THAT(held.exclusions(), IsEmpty());
  }
}

TEST_F(ExclusionsTest, AnInclusionSaysWhatAndWhyOnceAndInBounds) {
  EXPECT_TRUE(CheckInclusions({}).ok());
  EXPECT_TRUE(CheckInclusions(Including("id")).ok());
  EXPECT_THAT(FieldsOf(CheckInclusions(Including("id", "no"))),
              ElementsAre("inclusions[0].reason"));
  EXPECT_TRUE(CheckInclusions(Including("id", std::string(base::kReasonBytesMax, 'x'))).ok());
  EXPECT_THAT(
      FieldsOf(CheckInclusions(Including("id", std::string(base::kReasonBytesMax + 1, 'x')))),
      ElementsAre("inclusions[0].reason"));
  v1::ExportPersonRequest request = Including("id");
  request.mutable_inclusions(0)->clear_exclusion_ids();
  EXPECT_THAT(FieldsOf(CheckInclusions(request)), ElementsAre("inclusions[0].exclusion_ids"));
  for (int i = 0; i < kExclusionsPerInclusionMax; ++i) {
    request.mutable_inclusions(0)->add_exclusion_ids(absl::StrCat("id-", i));
  }
  EXPECT_TRUE(CheckInclusions(request).ok());
  request.mutable_inclusions(0)->add_exclusion_ids("one more");
  EXPECT_THAT(FieldsOf(CheckInclusions(request)), ElementsAre("inclusions[0].exclusion_ids"));
  request = Including("id");
  request.mutable_inclusions(0)->add_exclusion_ids("id");
  EXPECT_THAT(FieldsOf(CheckInclusions(request)), ElementsAre("inclusions[0].exclusion_ids"));
  request.clear_inclusions();
  for (int i = 0; i <= kInclusionsMax; ++i) {
    *request.add_inclusions() = Including(absl::StrCat("id-", i)).inclusions(0);
  }
  EXPECT_THAT(FieldsOf(CheckInclusions(request)), ElementsAre("inclusions"));
  request.mutable_inclusions()->RemoveLast();
  EXPECT_TRUE(CheckInclusions(request).ok());
}

TEST_F(ExclusionsTest, WhatIsLeftOutOfEveryExportIsTheSameWhateverThereIs) {
  v1::PersonExport held;
  ASSERT_TRUE(Of({}).AddTo(&held).ok());
  EXPECT_THAT(held.exclusions(), SizeIs(6));
  for (const v1::ExportExclusion& standing : held.exclusions()) {
    EXPECT_EQ(standing.count(), 0);
    EXPECT_THAT(standing.exclusion_id(), IsEmpty());
    EXPECT_NE(standing.decided_by(), v1::EXCLUSION_DECIDER_YOU);
  }
}

TEST_F(ExclusionsTest, TheReasonsAreRecordedWithWhatTheyAreFor) {
  const std::string id = IdOfALook();
  const std::string recorded = RecordedReasons(Including(id));
  EXPECT_THAT(recorded, HasSubstr("Their request of 12 November."));
  EXPECT_THAT(recorded, HasSubstr(absl::StrCat("Included ", id.substr(0, 12), ": ", kWhy)));
}

}  // namespace
}  // namespace signpost::subject_rights
