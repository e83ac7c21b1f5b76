// The program itself, run as an operator runs it.

#include "adapters/kit/program.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "adapters/kit/run.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

TEST(ProgramTest, SaysHowItIsUsed) {
  TestFolder folder;
  std::filesystem::create_directory(folder.Path("inbox"));
  folder.Write("inbox/cases.csv",
               "case_id,given_names,surname,date_of_birth,gender,nhs_number,pnc_number,postcode,"
               "status,opened,closed,worker_id,worker_name,worker_role,worker_phone,worker_email,"
               "team\n"
               "Y-1,Tariq,Malik,04/03/2009,M,,,NX1 1AA,open,10/01/2026,,yo-001,Dawn Peel,,,,\n");
  const auto run = [](const std::string& arguments) {
    const int status = std::system(
        absl::StrCat(SIGNPOST_BIN_DIR, "/signpost-yot-asset ", arguments, " > /dev/null 2>&1")
            .c_str());
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(run("--help"), kExitDone);
  EXPECT_EQ(run(""), kExitUsage);
  EXPECT_EQ(run("--config /nonexistent --once"), kExitUsage);
  EXPECT_EQ(run("--confirm-missing 3 --config x"), kExitUsage);
  folder.Write("c.json",
               R"({"hub": {"address": "127.0.0.1:1", "ca": "ca", "certificate": "c", "key": "k"},
                    "inbox": "inbox", "journal": "journal"})");
  EXPECT_EQ(run("--dry-run --config " + folder.Path("c.json")), kExitDone);
  EXPECT_EQ(run("--once --config " + folder.Path("c.json")), kExitUsage);  // no certificates
}

}  // namespace
}  // namespace signpost::adapters
