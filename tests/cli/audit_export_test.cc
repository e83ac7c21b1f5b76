// Searching, exporting and looking on, on a copy; and the syslog server at the other end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/ledger/copy_reader.h"
#include "adapters/cli/ledger/ledger_copy.h"
#include "adapters/cli/ledger/syslog_sender.h"
#include "hub/audit/export.h"
#include "hub/audit/pseudonyms.h"
#include "hub/base/clock.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/note.h"
#include "hub/tlog/tiles.h"
#include "nlohmann/json.hpp"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/audit/xml_for_test.h"
#include "tests/base/scratch_folder.h"
#include "tests/rpc/test_pki.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

constexpr char kOrigin[] = "test.example/ledger";
// One bundle and a part of the next.
constexpr uint64_t kEntries = 300;

// Which entries of the copy are about the same person: 0 and 200 about one, 100 about another.
std::string PseudonymFile(char one = 'p') {
  audit::PseudonymWriter writer(kOrigin, 0, 298);
  writer.Add(0, std::string(16, one));
  writer.Add(100, std::string(16, 'q'));
  writer.Add(200, std::string(16, one));
  return std::move(writer).Finish();
}

ledger::v1::LedgerEntry EntryAt(uint64_t i) {
  ledger::v1::LedgerEntry entry;
  entry.set_index(i);
  entry.set_sequenced_at_us(1'795'000'000'000'000 + static_cast<int64_t>(i) * 1'000'000);
  entry.set_agency_counter(i + 1);
  entry.set_agency_id("nortown-yot");
  entry.set_format(1);
  if (i % 100 == 0) {
    entry.set_kind(ledger::v1::ENTRY_KIND_WHO_KNOWS);
    entry.mutable_who_knows();
  } else {
    entry.set_kind(ledger::v1::ENTRY_KIND_FLAG_CHANGED);
    entry.mutable_flag_changed();
  }
  entry.set_practitioner_id(i % 100 == 0 ? "yo-001" : "");
  entry.set_system("spiffe://test.example/agency/nortown-yot/system/casework");
  entry.set_outcome(i == 200 ? ledger::v1::OUTCOME_REFUSED : ledger::v1::OUTCOME_ANSWERED);
  if (i == 200) entry.set_refused_for("NOT_FOUND");
  if (i == 0 || i == 100) {  // two overrides, of which the first is reviewed
    entry.set_person_ref(std::string(16, 'p'));
    entry.mutable_who_knows()->mutable_override()->set_allowed(true);
    entry.mutable_who_knows()->mutable_override()->set_review_due_s(1'795'100'000);
  }
  if (i == 298) {
    entry.set_kind(ledger::v1::ENTRY_KIND_PSEUDONYMS_ISSUED);
    entry.mutable_pseudonyms_issued()->set_end_index(298);
    entry.mutable_pseudonyms_issued()->set_pseudonyms(3);
    entry.mutable_pseudonyms_issued()->set_file_sha256(base::Sha256(PseudonymFile()));
  }
  if (i == 299) {
    entry.set_kind(ledger::v1::ENTRY_KIND_OVERRIDE_REVIEWED);
    entry.mutable_override_reviewed()->set_entry_index(0);
    entry.set_outcome(ledger::v1::OUTCOME_UPHELD);
  }
  return entry;
}

class AuditOnACopy : public ::testing::Test {
 protected:
  AuditOnACopy() {
    key_ = *tlog::GenerateNoteKey(kOrigin);
    const auto signer = tlog::NewNoteSigner(key_.signer_key);
    tlog::Hasher hasher;
    tlog::Frontier frontier;
    const auto copy = LedgerCopy::Create(Copy());
    for (uint64_t i = 0; i < kEntries; ++i) {
      const std::string bytes = EntryAt(i).SerializeAsString();
      frontier.Append(hasher.Leaf(bytes), hasher, [](int, uint64_t, const tlog::Hash&) {});
      EXPECT_TRUE((*copy)->Append(i, {bytes}).ok());
    }
    tlog::Checkpoint checkpoint;
    checkpoint.origin = kOrigin;
    checkpoint.size = kEntries;
    checkpoint.root = frontier.Root(hasher);
    EXPECT_TRUE(
        (*copy)->Finish(*tlog::SignNote(tlog::FormatCheckpoint(checkpoint), **signer)).ok());
  }
  std::string Copy() const { return folder_ / "copy"; }
  std::string Path(const std::string& name) const { return folder_ / name; }

  int Run(std::vector<std::string> words, bool key = true) {
    out_.str("");
    err_.str("");
    words.insert(words.end(), {"--copy", Copy()});
    if (key) words.insert(words.end(), {"--verifier-key", key_.verifier_key});
    Terminal terminal{&out_, &err_, &clock_, nullptr};
    return RunCli(terminal, words);
  }
  std::vector<uint64_t> Found() const {
    std::vector<uint64_t> indexes;
    for (const absl::string_view line : absl::StrSplit(out_.str(), '\n', absl::SkipEmpty())) {
      indexes.push_back(nlohmann::json::parse(std::string(line))["index"].get<uint64_t>());
    }
    return indexes;
  }
  // Changes one byte of one entry.
  void Tamper() {
    const std::string path = Copy() + "/" + tlog::TilePath({tlog::kEntriesLevel, 0, 256});
    std::string bytes = *ReadBytes(path, 1 << 24);
    bytes[bytes.find("casework")] = 'C';
    ASSERT_TRUE(WriteBytes(path, bytes).ok());
  }

  const base::ScratchFolder folder_;
  const base::ManualClock clock_{absl::FromUnixSeconds(1'795'200'000)};
  tlog::NoteKeyPair key_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(AuditOnACopy, LooksForPatternsWithoutAHub) {
  ASSERT_EQ(Run({"audit", "patterns"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("300 entries read"));
  EXPECT_THAT(out_.str(), HasSubstr("override-unreviewed: 1"));
  EXPECT_THAT(out_.str(), HasSubstr("Not looked for in a copy: after-involvement"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("same-surname: ")));
  // The review lies outside the time that is looked at, and counts.
  ASSERT_EQ(Run({"audit", "patterns", "--pattern", "override-unreviewed", "--until", "2026-11-19",
                 "--json"}),
            kExitOk)
      << err_.str();
  const nlohmann::json found = nlohmann::json::parse(out_.str());
  ASSERT_EQ(found["reports"].size(), 1u) << out_.str();
  ASSERT_EQ(found["reports"][0]["hits"].size(), 1u) << out_.str();
  EXPECT_EQ(found["reports"][0]["hits"][0]["entry_indexes"], nlohmann::json::array({"100"}))
      << out_.str();
  ASSERT_EQ(Run({"audit", "patterns", "--from", "2026-11-30"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("0 entries read"));
  // What only the hub can compare, what there is not, and a copy that somebody changed.
  EXPECT_EQ(Run({"audit", "patterns", "--pattern", "same-surname"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("ask the hub"));
  EXPECT_EQ(Run({"audit", "patterns", "--pattern", "guilty"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("out-of-hours"));
  EXPECT_EQ(Run({"audit", "patterns", "--time-zone", "Nortown"}), kExitUsage);
  Tamper();
  EXPECT_EQ(Run({"audit", "patterns"}), kExitRefused);
  EXPECT_THAT(out_.str(), Not(HasSubstr("entries read")));
}

TEST_F(AuditOnACopy, PseudonymsSayWhoIsTheSameAndNobodyElsesAreTaken) {
  ASSERT_TRUE(WriteBytes(Path("right"), PseudonymFile()).ok());
  ASSERT_EQ(Run({"audit", "patterns", "--pseudonyms", Path("right")}), kExitOk) << err_.str();
  // All three questions are about somebody, two of them under an override.
  EXPECT_THAT(out_.str(), HasSubstr("no-relationship: 1"));
  // With pseudonyms these alone are left to the hub (a line ends where the page does).
  EXPECT_THAT(out_.str(), HasSubstr("Not looked for in a copy: after-involvement,\n"));
  EXPECT_THAT(out_.str(), HasSubstr("concentration: 0"));
  ASSERT_EQ(
      Run({"audit", "search", "--same-person-as", "200", "--pseudonyms", Path("right"), "--json"}),
      kExitOk)
      << err_.str();
  EXPECT_THAT(Found(), ElementsAre(0, 200));
  ASSERT_EQ(
      Run({"audit", "search", "--same-person-as", "7", "--pseudonyms", Path("right"), "--json"}),
      kExitOk);
  EXPECT_THAT(Found(), ElementsAre());

  // Without them nobody can say which entries are about the same person.
  EXPECT_EQ(Run({"audit", "patterns", "--pattern", "concentration"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--pseudonyms"));

  // Changed, of another ledger, or no such file.
  ASSERT_TRUE(WriteBytes(Path("forged"), PseudonymFile('q')).ok());
  audit::PseudonymWriter writer("other.example/ledger", 0, 298);
  ASSERT_TRUE(WriteBytes(Path("other"), std::move(writer).Finish()).ok());
  for (const char* file : {"forged", "other"}) {
    for (const char* command : {"patterns", "search"}) {
      EXPECT_EQ(Run({"audit", command, "--pseudonyms", Path(file)}), kExitRefused) << file;
      EXPECT_EQ(out_.str(), "") << file;
    }
  }
  ASSERT_TRUE(WriteBytes(Path("none"), "index,pseudonym\n").ok());
  EXPECT_EQ(Run({"audit", "patterns", "--pseudonyms", Path("none")}), kExitUsage);
  EXPECT_EQ(Run({"audit", "patterns", "--pseudonyms", Path("absent")}), kExitUsage);
}

TEST_F(AuditOnACopy, SearchesWithoutAHub) {
  ASSERT_EQ(Run({"audit", "search", "--kind", "who-knows", "--json"}), kExitOk) << err_.str();
  EXPECT_THAT(Found(), ElementsAre(0, 100, 200));
  ASSERT_EQ(
      Run({"audit", "search", "--kind", "who-knows", "--newest", "--page-size", "2", "--json"}),
      kExitOk);
  EXPECT_THAT(Found(), ElementsAre(200, 100));
  ASSERT_EQ(Run({"audit", "search", "--outcome", "not-found"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("nortown-yot/yo-001"));
  EXPECT_THAT(out_.str(), HasSubstr("1 entry\n"));
  ASSERT_EQ(Run({"audit", "search", "--from", "2026-11-18T11:11:35Z", "--json"}), kExitOk);
  // 1,795,000,000 is 2026-11-18T11:06:40Z.
  EXPECT_EQ(Found().front(), 295u);
  EXPECT_EQ(Found().size(), 5u);
}

TEST_F(AuditOnACopy, ShowsWhatStandsFromANumberOn) {
  ASSERT_EQ(Run({"audit", "tail", "--first", "255", "--count", "3", "--json"}), kExitOk);
  EXPECT_THAT(Found(), ElementsAre(255, 256, 257));
  ASSERT_EQ(Run({"audit", "tail", "--first", "300", "--json"}), kExitOk);
  EXPECT_THAT(Found(), ElementsAre());
}

TEST_F(AuditOnACopy, ACopyThatNobodyVouchesForIsNotRead) {
  EXPECT_EQ(Run({"audit", "search"}, false), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--verifier-key"));
  const tlog::NoteKeyPair other = *tlog::GenerateNoteKey(kOrigin);
  EXPECT_EQ(Run({"audit", "search", "--verifier-key", other.verifier_key}, false), kExitRefused);
  EXPECT_EQ(out_.str(), "");
  Tamper();
  for (const char* command : {"search", "tail"}) {
    EXPECT_EQ(Run({"audit", command}), kExitRefused);
    EXPECT_EQ(out_.str(), "");
    EXPECT_THAT(err_.str(), HasSubstr("does not verify"));
  }
  EXPECT_EQ(Run({"audit", "export", "--format", "csv", "--out", Path("out.csv")}), kExitRefused);
  EXPECT_FALSE(fs::exists(Path("out.csv")));
  EXPECT_FALSE(fs::exists(Path("out.csv.part")));
  ASSERT_EQ(Run({"audit", "search", "--unverified", "--kind", "who-knows", "--json"}), kExitOk);
  EXPECT_THAT(Found(), ElementsAre(0, 100, 200));
  EXPECT_THAT(err_.str(), HasSubstr("NOT VERIFIED"));
}

TEST_F(AuditOnACopy, WhatIsWrongIsSaidBeforeAnythingIsRead) {
  EXPECT_EQ(Run({"audit", "search", "--details", "Sally,Thorne,2010-11-03"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("ask the hub"));
  EXPECT_EQ(Run({"audit", "search", "--same-person-as", "0"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--pseudonyms"));
  EXPECT_EQ(Run({"audit", "search", "--by-agency", "nortown-yot", "--request", "r-1"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("request_hash"));
  EXPECT_EQ(Run({"audit", "search", "--kind", "gossip"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("who-knows"));
  EXPECT_EQ(Run({"audit", "search", "--by", "yo-001"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("filter.agency_id"));
  EXPECT_EQ(Run({"audit", "search", "--from", "yesterday"}), kExitUsage);
  EXPECT_EQ(Run({"audit", "search", "--page-size", "501"}), kExitUsage);
  EXPECT_EQ(Run({"audit", "export", "--format", "pdf", "--out", Path("x")}), kExitUsage);
  EXPECT_EQ(Run({"audit", "export", "--format", "csv"}), kExitUsage);
  EXPECT_EQ(Run({"audit", "export", "--format", "csv", "--syslog", "localhost"}), kExitUsage);
  EXPECT_EQ(Run({"audit", "export", "--syslog", "localhost"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--syslog-ca"));
}

TEST_F(AuditOnACopy, ExportsInEveryForm) {
  const auto exported = [&](const char* format) {
    EXPECT_EQ(
        Run({"audit", "export", "--kind", "who-knows", "--format", format, "--out", Path(format)}),
        kExitOk)
        << err_.str();
    EXPECT_THAT(out_.str(), HasSubstr("3 entries written to"));
    return *ReadBytes(Path(format), 1 << 20);
  };
  const std::string csv = exported("csv");
  EXPECT_EQ(csv.rfind(audit::CsvHeader(), 0), 0u);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  const std::string jsonl = exported("jsonl");
  EXPECT_EQ(std::count(jsonl.begin(), jsonl.end(), '\n'), 3);
  const std::string fhir = exported("fhir");
  EXPECT_EQ(std::count(fhir.begin(), fhir.end(), '\n'), 3);
  EXPECT_THAT(fhir, HasSubstr(kOrigin));
  EXPECT_EQ(nlohmann::json::parse(exported("fhir-bundle"))["entry"].size(), 3u);
  for (const absl::string_view line : absl::StrSplit(exported("atna"), '\n', absl::SkipEmpty())) {
    audit::XmlElement message;
    const std::string xml(line);
    ASSERT_TRUE(audit::ReadXml(xml, &message));
    audit::CheckAuditMessage(message);
  }
  struct stat info {};
  ASSERT_EQ(stat(Path("csv").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

// --- Syslog ---

// A syslog server for one connection, over TLS.
class SyslogServer {
 public:
  enum class Manner { kReadsAll, kHangsUp };

  SyslogServer(const rpc::TestIdentity& identity, const std::string& client_ca, Manner manner) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ =
        std::thread([this, identity, client_ca, manner] { Serve(identity, client_ca, manner); });
  }
  ~SyslogServer() { (void)Received(); }

  std::string address(const std::string& host = "localhost") const {
    return absl::StrCat(host, ":", port_);
  }
  // All that came, once the connection has ended.
  const std::string& Received() {
    if (thread_.joinable()) {
      // Nobody may have come.
      shutdown(listener_, SHUT_RDWR);
      thread_.join();
      close(listener_);
    }
    return received_;
  }
  bool ended_well() const { return ended_well_; }

 private:
  void Serve(const rpc::TestIdentity& identity, const std::string& client_ca, Manner manner) {
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    BIO* bio = BIO_new_mem_buf(identity.certificate_pem.data(), -1);
    X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    bio = BIO_new_mem_buf(identity.key_pem.data(), -1);
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!client_ca.empty()) {
      SSL_CTX_load_verify_locations(context, client_ca.c_str(), nullptr);
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    SSL* const connection = SSL_new(context);
    SSL_set_fd(connection, fd);
    if (SSL_accept(connection) == 1 && manner == Manner::kReadsAll) {
      std::vector<char> buffer(10'000);
      size_t read = 0;
      while (SSL_read_ex(connection, buffer.data(), buffer.size(), &read) == 1) {
        received_.append(buffer.data(), read);
      }
      ended_well_ = (SSL_get_shutdown(connection) & SSL_RECEIVED_SHUTDOWN) != 0;
      SSL_shutdown(connection);
    }
    SSL_free(connection);
    SSL_CTX_free(context);
    close(fd);
  }

  int listener_ = -1;
  int port_ = 0;
  std::string received_;
  bool ended_well_ = false;
  std::thread thread_;
};

class AuditSyslog : public AuditOnACopy {
 protected:
  AuditSyslog() { rpc::WriteFile(Path("ca.pem"), authority_.certificate_pem()); }

  int Send(const SyslogServer& server, std::vector<std::string> more = {},
           const std::string& host = "localhost") {
    std::vector<std::string> words = {"audit",       "export",      "--kind",
                                      "who-knows",   "--syslog",    server.address(host),
                                      "--syslog-ca", Path("ca.pem")};
    words.insert(words.end(), more.begin(), more.end());
    return Run(words);
  }
  // The messages in an octet-counted stream.
  static std::vector<std::string> Messages(const std::string& stream) {
    std::vector<std::string> messages;
    for (size_t at = 0; at < stream.size();) {
      const size_t space = stream.find(' ', at);
      size_t length = 0;
      if (space == std::string::npos || !absl::SimpleAtoi(stream.substr(at, space - at), &length) ||
          space + 1 + length > stream.size()) {
        ADD_FAILURE() << "no frame at " << at;
        break;
      }
      messages.push_back(stream.substr(space + 1, length));
      at = space + 1 + length;
    }
    return messages;
  }

  rpc::TestAuthority authority_;
};

TEST_F(AuditSyslog, TheServerGetsWellFormedAuditMessages) {
  for (const char* host : {"localhost", "127.0.0.1"}) {
    SyslogServer server(authority_.Issue({}, true), "", SyslogServer::Manner::kReadsAll);
    ASSERT_EQ(Send(server, {}, host), kExitOk) << err_.str();
    EXPECT_THAT(out_.str(), HasSubstr("3 entries sent to"));
    const std::vector<std::string> messages = Messages(server.Received());
    EXPECT_TRUE(server.ended_well());
    ASSERT_EQ(messages.size(), 3u);
    for (size_t i = 0; i < messages.size(); ++i) {
      const std::vector<std::string> header = absl::StrSplit(messages[i], absl::MaxSplits(' ', 7));
      ASSERT_EQ(header.size(), 8u);
      // Facility 10; the one that was refused is a warning.
      EXPECT_EQ(header[0], i == 2 ? "<84>1" : "<85>1");
      EXPECT_EQ(header[1].substr(0, 10), "2026-11-18");
      EXPECT_EQ(header[3], "signpost");
      EXPECT_EQ(header[5], "DICOM+RFC3881");
      EXPECT_EQ(header[6], "-");
      ASSERT_EQ(header[7].substr(0, 3), "\xEF\xBB\xBF");
      const std::string xml = header[7].substr(3);
      audit::XmlElement message;
      ASSERT_TRUE(audit::ReadXml(xml, &message)) << xml;
      audit::CheckAuditMessage(message);
      EXPECT_EQ(message.children[1].attributes["UserID"], "yo-001@nortown-yot");
    }
  }
}

TEST_F(AuditSyslog, AServerThatIsNotWhoItShouldBeGetsNothing) {
  {
    // Ours, but not by this name.
    SyslogServer server(authority_.Issue({"spiffe://test.example/x"}), "",
                        SyslogServer::Manner::kReadsAll);
    EXPECT_EQ(Send(server), kExitRefused);
    EXPECT_THAT(err_.str(), HasSubstr("not to be trusted"));
    EXPECT_EQ(server.Received(), "");
  }
  {
    rpc::TestAuthority other;
    SyslogServer server(other.Issue({}, true), "", SyslogServer::Manner::kReadsAll);
    EXPECT_EQ(Send(server), kExitRefused);
    EXPECT_EQ(server.Received(), "");
  }
  {
    SyslogServer server(authority_.Issue({}, true, -60), "", SyslogServer::Manner::kReadsAll);
    EXPECT_EQ(Send(server), kExitRefused);
    EXPECT_EQ(server.Received(), "");
  }
}

TEST_F(AuditSyslog, AServerMayAskWhoWeAre) {
  const rpc::TestIdentity own = authority_.Issue({"spiffe://test.example/audit"});
  rpc::WriteFile(Path("own.pem"), own.certificate_pem);
  rpc::WriteFile(Path("own.key"), own.key_pem);
  {
    SyslogServer server(authority_.Issue({}, true), Path("ca.pem"),
                        SyslogServer::Manner::kReadsAll);
    EXPECT_EQ(Send(server, {"--syslog-cert", Path("own.pem"), "--syslog-key", Path("own.key")}),
              kExitOk)
        << err_.str();
    EXPECT_EQ(Messages(server.Received()).size(), 3u);
  }
  {
    SyslogServer server(authority_.Issue({}, true), Path("ca.pem"),
                        SyslogServer::Manner::kReadsAll);
    EXPECT_NE(Send(server), kExitOk);
    EXPECT_EQ(server.Received(), "");
  }
  // A key that others can read is not used.
  ASSERT_EQ(chmod(Path("own.key").c_str(), 0644), 0);
  SyslogServer server(authority_.Issue({}, true), "", SyslogServer::Manner::kReadsAll);
  EXPECT_EQ(Send(server, {"--syslog-cert", Path("own.pem"), "--syslog-key", Path("own.key")}),
            kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("chmod"));
}

TEST_F(AuditSyslog, AServerThatHangsUpIsAFailureAndSoIsNone) {
  SyslogServer server(authority_.Issue({}, true), "", SyslogServer::Manner::kHangsUp);
  EXPECT_NE(Send(server), kExitOk);
  EXPECT_THAT(out_.str(), Not(HasSubstr("sent to")));
  (void)server.Received();
  EXPECT_EQ(Send(server), kExitUnreachable);
}

TEST(Syslog, Addresses) {
  EXPECT_EQ(ParseSyslogAddress("log.example")->port, 6514);
  EXPECT_EQ(ParseSyslogAddress("log.example:601")->port, 601);
  EXPECT_EQ(ParseSyslogAddress("log.example:601")->host, "log.example");
  EXPECT_EQ(ParseSyslogAddress("[::1]:601")->host, "::1");
  EXPECT_EQ(ParseSyslogAddress("[::1]")->port, 6514);
  EXPECT_EQ(ParseSyslogAddress("10.0.0.7:6514")->host, "10.0.0.7");
  for (const char* wrong :
       {"", ":601", "log.example:", "log.example:x", "log.example:0", "log.example:65536",
        "log.example:6514x", "a:b:1", "[::1]601", "[]:1"}) {
    EXPECT_FALSE(ParseSyslogAddress(wrong).ok()) << wrong;
  }
}

TEST(Syslog, AFrameIsCountedInBytes) {
  EXPECT_EQ(SyslogFrame("a\xC3\xA9"), "3 a\xC3\xA9");
  EXPECT_THAT(SyslogMessage("2026-11-18T11:06:40.000000Z", false, "a b\nc", "x"),
              HasSubstr(" abc signpost "));
  EXPECT_THAT(SyslogMessage("2026-11-18T11:06:40.000000Z", true, "", "x"),
              HasSubstr("<84>1 2026-11-18T11:06:40.000000Z - signpost "));
}

}  // namespace
}  // namespace signpost::adapters::cli
