#include "adapters/kit/config.h"

#include <gtest/gtest.h>

#include "hub/base/error.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

TEST(ConfigTest, ConfigurationSaysEverythingThatIsWrong) {
  TestFolder folder;
  folder.Write("c.json",
               R"({"hub": {"adress": "x", "ca": "ca.pem", "certificate": "c", "key": "k"},
                    "inbox": "in", "journal": "j", "extract": "some", "poll": "1ms"})");
  const auto bad = ReadAdapterConfig(folder.Path("c.json"));
  EXPECT_GE(base::ViolationsOf(bad.status()).size(), 4u) << bad.status();
  folder.Write("c.json",
               R"({"hub": {"address": "x:1", "ca": "ca.pem", "certificate": "/c", "key": "k"},
                    "inbox": "in", "journal": "j", "extract": "changes"})");
  const auto good = ReadAdapterConfig(folder.Path("c.json"));
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->hub.ca_path, folder.Path("ca.pem"));
  EXPECT_EQ(good->hub.certificate_path, "/c");
  EXPECT_FALSE(good->full_extract);
}

}  // namespace
}  // namespace signpost::adapters
