// Auditors by hand against a real hub over mTLS: what one reads names no sensitive service, what two
// agreed on does, samples that everybody draws alike, and an index that is held against the ledger.
// People, numbers and words are invented.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/commands/cli.h"
#include "hub/base/clock.h"
#include "hub/base/random.h"
#include "hub/ledger/reader.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/scenarios/nortown.h"
#include "tests/store/store_testing.h"

namespace signpost::scenarios {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const Known kSal = {"Sally", "Thorne", 2010, 11, 3, "NT9 2BD", ""};
constexpr char kReason[] = "Quarterly review of access, case 2026/114.";
constexpr char kSalsDetails[] = "Sally,Thorne,2010-11-03";

class AuditTogether : public ::testing::Test {
 protected:
  AuditTogether() : folder_(NewFolder()) {
    nortown_.Report("nortown-social-services",
                    OpenFlag("S-1", kSal, "childrens-social-care", "Hugh Penn"));
    nortown_.Report("nortown-drugs-advice", OpenFlag("D-1", kSal, "substance-misuse", "Ivor Lane"));
    v1::WhoKnowsRequest request = AskAboutRecord(&nortown_, "S-1", v1::PURPOSE_SAFEGUARDING);
    request.mutable_override()->set_ground(v1::OVERRIDE_GROUND_VITAL_INTERESTS);
    request.mutable_override()->set_reason("Missing for six days, seen in a drugged state.");
    const Answered overridden = nortown_.Ask(SocialWorker(), request);
    EXPECT_TRUE(overridden.status.ok()) << overridden.status.error_message();
    override_ = overridden.receipt.ledger_index();
  }
  ~AuditTogether() override { std::filesystem::remove_all(folder_); }

  // As one who works at `agency`, over its system.
  int RunAs(const Worker& worker, std::vector<std::string> words) {
    const std::string folder = Agencies::Authority() + "/agencies/" + worker.agency;
    const std::string system = worker.agency == "nortown-audit" ? "/auditor" : "/casework";
    const std::string key_id = ReadFile(folder + "/assertion.kid");
    words.insert(words.end(), {"--hub",
                               nortown_.address(),
                               "--ca",
                               Agencies::Authority() + "/ca.pem",
                               "--cert",
                               folder + system + ".pem",
                               "--key",
                               folder + system + ".key",
                               "--agency",
                               worker.agency,
                               "--assertion-key",
                               folder + "/assertion.key",
                               "--assertion-key-id",
                               key_id.substr(0, key_id.find('\n')),
                               "--as",
                               worker.practitioner,
                               "--role",
                               worker.role,
                               "--audience",
                               "signpost.nortown.example"});
    return RunHere(words);
  }
  int Run(const std::vector<std::string>& words) { return RunAs(Auditor(), words); }
  int RunHere(const std::vector<std::string>& words) {
    out_.str("");
    err_.str("");
    adapters::cli::Terminal terminal{&out_, &err_, &clock_, &random_};
    return adapters::cli::RunCli(terminal, words);
  }
  // All that the last command said, and what it wrote.
  std::string Said() const { return out_.str() + err_.str(); }
  std::string Written(const std::string& path) const {
    std::string all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(path)) {
      if (file.is_regular_file()) all += ReadFile(file.path().string());
    }
    return all;
  }
  int Python(const std::string& words) {
    return std::system(absl::StrCat("python3 ", SIGNPOST_SOURCE_DIR,
                                    "/tests/independent/verify_ledger.py ", words, " --key '",
                                    nortown_.hub().verifier_key(), "' > ", folder_, "/python 2>&1")
                           .c_str());
  }
  std::string JointLookAsked() const {
    const std::string said = out_.str();
    const std::string before = "Joint look ";
    const size_t at = said.find(before) + before.size();
    return said.substr(at, said.find(':', at) - at);
  }
  static auto NamesNoSensitiveService() {
    return AllOf(Not(HasSubstr("drugs")), Not(HasSubstr("substance-misuse")),
                 Not(HasSubstr("dw-001")));
  }

  base::RealClock clock_;
  base::OsRandom random_;
  Nortown nortown_;
  const std::string folder_;
  uint64_t override_ = 0;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(AuditTogether, NoByteOfASensitiveServiceIsInWhatOneAuditorGets) {
  const std::string key = nortown_.hub().verifier_key();
  ASSERT_EQ(Run({"audit", "search", "--reason", kReason, "--details", kSalsDetails, "--json"}), 0)
      << err_.str();
  EXPECT_THAT(Said(), AllOf(HasSubstr("(masked)"), NamesNoSensitiveService()));
  ASSERT_EQ(Run({"audit", "search", "--reason", kReason, "--all"}), 0) << err_.str();
  EXPECT_THAT(Said(), AllOf(HasSubstr("(masked)"), NamesNoSensitiveService()));
  ASSERT_EQ(Run({"audit", "tail", "--reason", kReason, "--first", "0", "--count",
                 absl::StrCat(override_ + 1)}),
            0);
  EXPECT_THAT(Said(), AllOf(HasSubstr("(masked)"), NamesNoSensitiveService()));
  ASSERT_EQ(Run({"audit", "entry", "--index", absl::StrCat(override_), "--reason", kReason}), 0);
  EXPECT_THAT(Said(), AllOf(HasSubstr("(masked)"), NamesNoSensitiveService()));
  (void)Run({"audit", "replay", absl::StrCat(override_), "--reason", kReason});
  EXPECT_THAT(Said(), AllOf(HasSubstr("Entry"), NamesNoSensitiveService()));
  ASSERT_EQ(Run({"audit", "patterns", "--reason", kReason}), 0) << err_.str();
  EXPECT_THAT(Said(), AllOf(HasSubstr("browsing"), NamesNoSensitiveService()));
  ASSERT_EQ(Run({"audit", "verify-person", "--details", kSalsDetails, "--reason", kReason}), 0)
      << Said();
  EXPECT_THAT(Said(), NamesNoSensitiveService());
  ASSERT_EQ(Run({"audit", "sample", "--count", "10", "--reason", kReason, "--file",
                 folder_ + "/sample", "--verifier-key", key}),
            0)
      << Said();
  EXPECT_THAT(Said(), NamesNoSensitiveService());
  for (const char* format : {"csv", "jsonl", "fhir", "fhir-bundle", "atna"}) {
    const std::string file = folder_ + "/export." + format;
    ASSERT_EQ(Run({"audit", "export", "--format", format, "--out", file, "--reason", kReason}), 0)
        << err_.str();
    EXPECT_THAT(ReadFile(file), AllOf(HasSubstr("(masked)"), NamesNoSensitiveService())) << format;
  }
  ASSERT_EQ(Run({"audit", "copy", folder_ + "/copy", "--reason", kReason}), 0) << err_.str();
  EXPECT_THAT(Written(folder_ + "/copy"), AllOf(HasSubstr("(masked)"), NamesNoSensitiveService()));
  // The copy verifies with both verifiers, and is searched as the hub was.
  ASSERT_EQ(RunHere({"audit", "verify", folder_ + "/copy", "--key", key}), 0) << Said();
  EXPECT_THAT(Said(), HasSubstr("masked"));
  EXPECT_EQ(Python("directory " + folder_ + "/copy"), 0) << ReadFile(folder_ + "/python");
  EXPECT_THAT(ReadFile(folder_ + "/python"), HasSubstr("masked"));
  ASSERT_EQ(RunHere({"audit", "search", "--copy", folder_ + "/copy", "--verifier-key", key,
                     "--held-by", "(masked)"}),
            0)
      << Said();
  EXPECT_THAT(Said(), HasSubstr("1 entry"));
  // No filter asks for it by name.
  EXPECT_EQ(Run({"audit", "search", "--reason", kReason, "--held-by", "nortown-drugs-advice"}), 1);
  EXPECT_THAT(Said(), HasSubstr("joint look"));
}

TEST_F(AuditTogether, LooksOnAndStopsAfterSoMany) {
  const auto asked = [this] {
    return nortown_.Ask(SocialWorker(), AskAboutRecord(&nortown_, "S-1", v1::PURPOSE_SAFEGUARDING))
        .receipt.ledger_index();
  };
  const uint64_t first = asked();
  const uint64_t second = asked();
  asked();
  ASSERT_EQ(Run({"audit", "tail", "--reason", kReason, "--first", absl::StrCat(first), "--kind",
                 "who-knows", "--count", "2", "--json"}),
            0)
      << err_.str();
  const std::string said = out_.str();
  const std::vector<std::string> lines = absl::StrSplit(said, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr(absl::StrCat("\"index\":", first, ",")));
  EXPECT_THAT(lines[1], HasSubstr(absl::StrCat("\"index\":", second, ",")));
}

TEST_F(AuditTogether, TwoSeeItWithAReasonAndTheHoldersOfficerFindsThat) {
  ASSERT_EQ(Run({"audit", "joint-look", "ask", "--first", absl::StrCat(override_), "--end",
                 absl::StrCat(override_ + 1), "--reason", kReason}),
            0)
      << Said();
  const std::string id = JointLookAsked();
  const std::vector<std::string> look = {
      "audit",    "entry", "--index",      absl::StrCat(override_),
      "--reason", kReason, "--joint-look", id};
  EXPECT_EQ(Run(look), 1) << "nobody has agreed";
  EXPECT_EQ(Run({"audit", "joint-look", "agree", id, "--reason", "Myself."}), 1);
  ASSERT_EQ(RunAs(OtherAuditor(), {"audit", "joint-look", "agree", id, "--reason", "I saw it."}), 0)
      << Said();
  ASSERT_EQ(Run(look), 0) << Said();
  EXPECT_THAT(out_.str(), HasSubstr("holder_agency_id: nortown-drugs-advice"));
  ASSERT_EQ(RunAs(OtherAuditor(), {"audit", "search", "--reason", kReason, "--held-by",
                                   "nortown-drugs-advice", "--joint-look", id}),
            0)
      << Said();
  EXPECT_THAT(out_.str(), HasSubstr("1 entry"));
  ASSERT_EQ(Run({"audit", "joint-look", "list"}), 0) << Said();
  EXPECT_THAT(out_.str(), HasSubstr(id));
  ASSERT_EQ(Run({"audit", "joint-look", "end", id}), 0) << Said();
  EXPECT_EQ(Run(look), 1);

  nortown_.EnrolWorker("nortown-drugs-advice", "dp-009", {"data-protection-officer"});
  const Worker officer = {"nortown-drugs-advice", "dp-009", "data-protection-officer", {}};
  ASSERT_EQ(RunAs(officer, {"audit", "joint-look", "list"}), 0) << Said();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr(id), HasSubstr(kReason), HasSubstr("au-002")));
}

TEST_F(AuditTogether, HubCopyAndPythonDrawTheSameSample) {
  const std::string key = nortown_.hub().verifier_key();
  const std::string file = folder_ + "/sample";
  ASSERT_EQ(Run({"audit", "sample", "--count", "7", "--reason", kReason, "--file", file,
                 "--verifier-key", key, "--json"}),
            0)
      << Said();
  const std::string at_hub = out_.str();
  ASSERT_EQ(Run({"audit", "copy", folder_ + "/copy", "--reason", kReason}), 0) << err_.str();
  ASSERT_EQ(RunHere({"audit", "sample", "--copy", folder_ + "/copy", "--verifier-key", key,
                     "--file", file, "--json"}),
            0)
      << Said();
  EXPECT_EQ(out_.str(), at_hub);
  const std::vector<std::string> lines = absl::StrSplit(ReadFile(file), '\n');
  const std::string announced = lines[2].substr(std::string("announced ").size());
  const std::string nonce = lines[3].substr(std::string("nonce ").size());
  ASSERT_EQ(
      Python(absl::StrCat("sample ", folder_, "/copy --announced ", announced, " --nonce ", nonce)),
      0)
      << ReadFile(folder_ + "/python");
  std::string numbers;
  for (const absl::string_view line : absl::StrSplit(at_hub, '\n', absl::SkipEmpty())) {
    const size_t at = line.find("\"index\":") + 8;
    absl::StrAppend(&numbers, line.substr(at, line.find(',', at) - at), "\n");
  }
  EXPECT_THAT(ReadFile(folder_ + "/python"), HasSubstr(numbers + "VERIFIED"));
  // With other random bytes than were announced nobody draws another sample.
  std::string other = nonce;
  other[0] = other[0] == '0' ? '1' : '0';
  EXPECT_NE(
      Python(absl::StrCat("sample ", folder_, "/copy --announced ", announced, " --nonce ", other)),
      0);
}

TEST_F(AuditTogether, ARowThatTheOperatorTookOutOfTheIndexIsNamed) {
  const auto view = *nortown_.hub().context().store->NewView();
  store::Batch damage;
  const auto rows = view->Scan(store::Space::kEntryPersons, store::KeyU64(override_),
                               store::KeyU64(override_ + 1), 10);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 1u);
  for (const store::KeyValue& row : *rows) {
    damage.Delete(store::Space::kEntryPersons, row.key);
    damage.Delete(store::Space::kPersonEntries, row.key.substr(8) + row.key.substr(0, 8));
  }
  ASSERT_TRUE(store::testing::CommitNow(*nortown_.hub().context().store, std::move(damage)).ok());
  EXPECT_EQ(Run({"audit", "verify-person", "--details", kSalsDetails, "--reason", kReason}), 1);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("LEFT OUT 1"), HasSubstr(absl::StrCat(override_))));
}

}  // namespace
}  // namespace signpost::scenarios
