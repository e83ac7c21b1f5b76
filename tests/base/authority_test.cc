// The keys and certificates that deploy/make-authority makes are the ones the hub reads.

#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "hub/base/crypto.h"
#include "hub/base/keyring.h"
#include "hub/tlog/note.h"
#include "tests/base/scratch_folder.h"

namespace signpost::base {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The command's exit code; its output goes to `output`.
int Shell(const std::string& command, const fs::path& output) {
  const int status = std::system(absl::StrCat(command, " >", output.string(), " 2>&1").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class AuthorityTest : public ::testing::Test {
 protected:
  int Make() {
    return Shell(absl::StrCat(SIGNPOST_SOURCE_DIR, "/deploy/make-authority ", Out().string()),
                 folder_ / "log");
  }
  fs::path Out() const { return folder_ / "authority"; }

  const base::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

TEST_F(AuthorityTest, HubReadsEveryKeyAndTheSecondRunMakesNothing) {
  ASSERT_EQ(Make(), 0) << Read(folder_ / "log");
  EXPECT_TRUE(MasterKey::ReadFile(Out() / "hub/master.key").ok());
  const auto signer = tlog::ReadNoteSigner(Out() / "hub/ledger.key");
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ((*signer)->verifier_key() + "\n", Read(Out() / "hub/ledger.vkey"));

  std::set<std::string> certificates;
  std::set<KeyType> kinds;
  int agencies = 0;
  for (const auto& agency : fs::directory_iterator(Out() / "agencies")) {
    ++agencies;
    const auto key = PrivateKey::ReadFile(agency.path() / "assertion.key");
    ASSERT_TRUE(key.ok()) << key.status();
    const auto enrolled = PublicKey::FromPem(Read(agency.path() / "assertion.pub.pem"));
    ASSERT_TRUE(enrolled.ok()) << enrolled.status();
    EXPECT_EQ(enrolled->raw(), key->public_key().raw());
    kinds.insert(key->type());
    EXPECT_EQ(Read(agency.path() / "assertion.kid"), agency.path().filename().string() + "-1\n");
    for (const auto& file : fs::directory_iterator(agency.path())) {
      const std::string name = file.path().filename();
      if (absl::EndsWith(name, ".key")) {
        struct stat info;
        ASSERT_EQ(stat(file.path().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0600u) << file.path();
      } else if (absl::EndsWith(name, ".pem") && name != "assertion.pub.pem") {
        const auto hash = CertificateSha256(Read(file.path()));
        ASSERT_TRUE(hash.ok()) << file.path();
        EXPECT_TRUE(certificates.insert(*hash).second);
        EXPECT_TRUE(PrivateKey::ReadFile(fs::path(file.path()).replace_extension(".key")).ok());
        // Exactly one URI: gRPC gives no SPIFFE id to a certificate with two.
        ASSERT_EQ(Shell(absl::StrCat("openssl x509 -noout -ext subjectAltName -in ",
                                     file.path().string()),
                        folder_ / "san"),
                  0);
        EXPECT_TRUE(absl::EndsWith(Read(folder_ / "san"),
                                   absl::StrCat("    URI:spiffe://nortown.example/agency/",
                                                agency.path().filename().string(), "/system/",
                                                file.path().stem().string(), "\n")))
            << Read(folder_ / "san");
      }
    }
  }
  EXPECT_EQ(agencies, 8);
  // Six agencies with casework and an adapter, the auditor's and the operator's.
  EXPECT_EQ(certificates.size(), 14u);
  EXPECT_EQ(kinds.size(), 2u);

  const std::string master = Read(Out() / "hub/master.key");
  const std::string hub = Read(Out() / "hub/hub.pem");
  ASSERT_EQ(Make(), 0);
  EXPECT_NE(Read(folder_ / "log").find("nothing to make"), std::string::npos);
  EXPECT_EQ(Read(Out() / "hub/master.key"), master);
  EXPECT_EQ(Read(Out() / "hub/hub.pem"), hub);
}

TEST_F(AuthorityTest, WithoutAPlaceItSaysHowToUseIt) {
  EXPECT_EQ(Shell(absl::StrCat(SIGNPOST_SOURCE_DIR, "/deploy/make-authority"), folder_ / "log"), 2);
  EXPECT_NE(Read(folder_ / "log").find("make-authority OUTDIR"), std::string::npos);
}

}  // namespace
}  // namespace signpost::base
