#include "adapters/kit/program_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signpost::adapters {
namespace {

using ::testing::HasSubstr;

std::string Fault(const std::vector<std::string>& words) {
  const absl::StatusOr<ProgramOptions> options = ReadProgramOptions(words);
  return options.ok() ? "(none)" : std::string(options.status().message());
}

TEST(ProgramOptionsTest, EachIsReadInAnyOrderWithItsValueBehindOrAfterAnEqualsSign) {
  const ProgramOptions all = *ReadProgramOptions(
      {"--resend-all", "--confirm-missing", "3", "--once", "--report=r.jsonl", "--config", "c"});
  EXPECT_EQ(all.config, "c");
  EXPECT_EQ(all.report, "r.jsonl");
  EXPECT_EQ(all.confirm_missing, 3);
  EXPECT_TRUE(all.once);
  EXPECT_TRUE(all.resend_all);
  EXPECT_FALSE(all.dry_run);
  const ProgramOptions none = *ReadProgramOptions({"--config", "c"});
  EXPECT_FALSE(none.once);
  EXPECT_FALSE(none.resend_all);
  EXPECT_EQ(none.confirm_missing, -1);
  EXPECT_EQ(
      ReadProgramOptions({"--config", "c", "--confirm-missing", "0", "--once"})->confirm_missing,
      0);
}

TEST(ProgramOptionsTest, ADryRunIsOneRun) {
  EXPECT_TRUE(ReadProgramOptions({"--config", "c", "--dry-run"})->once);
  EXPECT_TRUE(
      ReadProgramOptions({"--config", "c", "--dry-run", "--confirm-missing", "1"})->dry_run);
}

TEST(ProgramOptionsTest, HelpIsGivenWhateverElseIsThere) {
  EXPECT_TRUE(ReadProgramOptions({"--help"})->help);
  EXPECT_TRUE(ReadProgramOptions({"--nonsense", "-h"})->help);
  EXPECT_THAT(ProgramUsage("signpost-x"), HasSubstr("usage: signpost-x --config FILE"));
}

TEST(ProgramOptionsTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(Fault({}), HasSubstr("--config FILE is needed"));
  EXPECT_THAT(Fault({"--config"}), HasSubstr("--config"));
  EXPECT_THAT(Fault({"--config", "c", "--colour"}), HasSubstr("--colour"));
  EXPECT_THAT(Fault({"--config", "c", "extra"}), HasSubstr("extra"));
  EXPECT_THAT(Fault({"--config", "c", "--config", "d"}), HasSubstr("--config"));
  EXPECT_THAT(Fault({"--config", "c", "--once=maybe"}), HasSubstr("--once"));
  for (const char* number : {"-1", "0x10", "1e3", "three", ""}) {
    EXPECT_THAT(Fault({"--config", "c", "--once", "--confirm-missing", number}),
                HasSubstr("--confirm-missing"))
        << number;
  }
  EXPECT_THAT(Fault({"--config", "c", "--confirm-missing", "3"}), HasSubstr("goes with --once"));
}

}  // namespace
}  // namespace signpost::adapters
