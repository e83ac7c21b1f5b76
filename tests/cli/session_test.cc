// The profile of a session: a file, with options over it.

#include "adapters/cli/commands/session.h"

#include <string>

#include "adapters/cli/files/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "tests/base/scratch_folder.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The profile of one practitioner must not lend its role to another.
TEST(Profile, OptionsStandOverTheFileAndAnotherPersonBringsTheirOwnRole) {
  const base::ScratchFolder folder;
  const std::string path = folder / "p.json";
  ASSERT_TRUE(WriteBytes(path, R"({"hub": "h:1", "ca": "ca.pem", "cert": "/c.pem", "key": "k",
      "agency": "northern-connexions", "assertion_key": "a.key", "assertion_key_id": "k1",
      "practitioner": "pa-001", "role": "manager", "teams": ["t"], "audience": "aud"})")
                  .ok());
  HubOptions options;
  options.profile = path;
  const auto own = ReadProfile(options);
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_EQ(own->role, "manager");
  EXPECT_THAT(own->teams, ElementsAre("t"));
  EXPECT_EQ(own->ca, folder / "ca.pem");
  EXPECT_EQ(own->cert, "/c.pem");

  options.over.hub = "h:2";
  options.over.practitioner = "pa-001";
  const auto elsewhere = ReadProfile(options);
  ASSERT_TRUE(elsewhere.ok()) << elsewhere.status();
  EXPECT_EQ(elsewhere->hub, "h:2");
  EXPECT_EQ(elsewhere->role, "manager");

  options.over.practitioner = "pa-002";
  const auto nobody = ReadProfile(options);
  ASSERT_FALSE(nobody.ok());
  EXPECT_THAT(std::string(nobody.status().message()), HasSubstr("--role"));

  options.over.role = "personal-adviser";
  const auto other = ReadProfile(options);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->role, "personal-adviser");
  EXPECT_THAT(other->teams, ElementsAre());
}

TEST(Profile, AnUnknownKeyIsRefused) {
  HubOptions options;
  const base::ScratchFolder folder;
  options.profile = folder / "unknown.json";
  ASSERT_TRUE(WriteBytes(options.profile, R"({"hub": "h:1", "agancy": "x"})").ok());
  const auto profile = ReadProfile(options);
  ASSERT_FALSE(profile.ok());
  ASSERT_EQ(base::ViolationsOf(profile.status()).size(), 1u);
  EXPECT_EQ(base::ViolationsOf(profile.status())[0].field, "agancy");
}

}  // namespace
}  // namespace signpost::adapters::cli
