// A client in another language asks a real hub, and its answer is in the ledger. See ask.py.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <regex>
#include <string>

#include "absl/strings/str_cat.h"
#include "hub/base/encoding.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};
constexpr int kNotInstalled = 77;

struct Ran {
  int exit_code = -1;
  std::string output;

  // What stands behind `field: `.
  std::string Field(const std::string& field) const {
    std::smatch match;
    return std::regex_search(output, match, std::regex(field + ": (.*)")) ? match[1].str() : "";
  }
};

// Debian's own Python, where python3-grpcio is.
Ran Ask(const Agencies& agencies, const Worker& worker, const std::string& record,
        const std::string& more = "") {
  const std::string command =
      absl::StrCat("/usr/bin/python3 '" SIGNPOST_SOURCE_DIR "/tests/independent/ask.py' --address ",
                   agencies.address(), " --authority '", Agencies::Authority(), "' --agency ",
                   worker.agency, " --practitioner ", worker.practitioner, " --role ", worker.role,
                   " --purpose support-planning --record ", record, " ", more, " 2>&1");
  Ran ran;
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return ran;
  char buffer[4096];
  for (size_t n; (n = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;)
    ran.output.append(buffer, n);
  const int how = pclose(pipe);
  ran.exit_code = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
  return ran;
}

TEST(IndependentClient, AsksIsAnsweredAndRecordedOrRefusedWithAReason) {
  Nortown nortown;
  nortown.Report("nortown-yot", OpenFlag("Y-1", kTariq, "youth-offending", "Dilys Hume"));
  nortown.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  // One agency signs with ES256, the other with Ed25519.
  const Ran adviser = Ask(nortown, TariqsAdviser(), "C-1");
  if (adviser.exit_code == kNotInstalled) GTEST_SKIP() << adviser.output;
  ASSERT_EQ(adviser.exit_code, 0) << adviser.output;
  EXPECT_THAT(adviser.output, HasSubstr("flag: nortown-yot, youth-offending, FLAG_STATUS_OPEN"));
  EXPECT_THAT(adviser.output, HasSubstr("ring: Dilys Hume, 01632 960123"));
  EXPECT_THAT(adviser.output, HasSubstr("coverage: nortown-housing COVERAGE_STATE_NOT_CONNECTED"));
  const Ran officer = Ask(nortown, YotOfficer(), "Y-1", "--team nortown-yot-team");
  ASSERT_EQ(officer.exit_code, 0) << officer.output;
  EXPECT_THAT(officer.output, HasSubstr("ring: Maureen Oakes"));

  for (const Ran& ran : {adviser, officer}) {
    v1::GetEntryRequest request;
    uint64_t index = 0;
    ASSERT_TRUE(absl::SimpleAtoi(ran.Field("receipt-index"), &index)) << ran.output;
    request.set_index(index);
    request.set_reason("checking a receipt");
    v1::GetEntryResponse response;
    const grpc::Status status =
        nortown.Audit()->GetEntry(nortown.AuditContext().get(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ledger::v1::LedgerEntry entry;
    ASSERT_TRUE(entry.ParseFromString(response.entry()));
    EXPECT_EQ(base::HexEncode(entry.reply_hash()), ran.Field("answer-sha256"));
    EXPECT_EQ(absl::StrCat(entry.index()), ran.Field("receipt-index"));
  }

  const Ran borrowed =
      Ask(nortown, TariqsAdviser(), "C-1", "--borrow-certificate-of nortown-housing");
  EXPECT_EQ(borrowed.exit_code, 1);
  EXPECT_EQ(borrowed.Field("reason"), "ASSERTION_FOREIGN") << borrowed.output;
  EXPECT_THAT(borrowed.output, Not(HasSubstr("Dilys")));
}

}  // namespace
}  // namespace signpost::scenarios
