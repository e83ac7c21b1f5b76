// signpost-hub: serves one hub until it is told to stop.
//
//   signpost-hub --config FILE
//   signpost-hub keygen --master FILE --ledger FILE --name ORIGIN
//   signpost-hub keygen --master FILE
//   signpost-hub keygen --backup FILE
//   signpost-hub check-key --master FILE
//   signpost-hub restore --from DIR --backup-key FILE --keys FILE --master FILE --ledger FILE
//                        --into DIR [--old-master FILE] [--number N] [--checkpoint FILE]...
//                        [--witnessed FILE]... [--older-than-witnessed]
//   signpost-hub --version
//
// SIGTERM and SIGINT drain it. When it cannot start it writes one JSON line for machines and one
// sentence for people that says what to do, and ends with 1; a wrong command line ends with 2.

#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/app/config.h"
#include "hub/app/hub.h"
#include "hub/backup/files.h"
#include "hub/backup/restore.h"
#include "hub/base/clock.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/json_log.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/base/version.h"
#include "hub/store/rocksdb_store.h"
#include "hub/tlog/note.h"

namespace signpost {
namespace {

constexpr char kUsage[] =
    "usage: signpost-hub --config FILE [--release-step DURATION]\n"
    "       signpost-hub keygen --master FILE --ledger FILE --name ORIGIN\n"
    "       signpost-hub keygen --master FILE\n"
    "       signpost-hub keygen --backup FILE\n"
    "       signpost-hub check-key --master FILE\n"
    "       signpost-hub restore --from DIR --backup-key FILE --keys FILE --master FILE\n"
    "                            --ledger FILE --into DIR [--old-master FILE] [--number N]\n"
    "                            [--checkpoint FILE]... [--witnessed FILE]... "
    "[--older-than-witnessed]\n"
    "       signpost-hub --version\n";

// Reads `--name value` pairs. Empty when `arguments` are not all of `names`, once each.
std::map<std::string, std::string> Options(const std::vector<std::string>& arguments,
                                           const std::vector<std::string>& names) {
  std::map<std::string, std::string> options;
  if (arguments.size() != names.size() * 2) return {};
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) options[arguments[i]] = arguments[i + 1];
  for (const std::string& name : names) {
    if (options[name].empty()) return {};
  }
  return options.size() == names.size() ? options : std::map<std::string, std::string>();
}

// What to do, where the message may not say it.
const char* Advice(base::Reason reason) {
  switch (reason) {
    case base::Reason::kStoreNewer:
      return "Start the newer signpost-hub on this store, or restore a backup made by this "
             "version; "
             "nothing was changed.";
    case base::Reason::kLedgerBehind:
      return "Do not serve from this store: it was put back to an earlier state or is another "
             "hub's. "
             "Restore the latest copy, or call the auditor (docs/operating.md).";
    case base::Reason::kDataLoss:
      return "Do not serve from this store: stored bytes do not verify. Restore from a copy "
             "(docs/operating.md).";
    case base::Reason::kStoreUnavailable:
      return "See that the store's directory exists, is this user's, and that no other hub has it "
             "open.";
    default:
      return "";
  }
}

int Fail(const absl::Status& status) {
  const base::Reason reason = base::ReasonOf(status);
  const base::RealClock clock;
  base::JsonLog log(stderr, &clock);
  log.Error("hub_not_started",
            {{"reason", base::ReasonName(reason)}, {"detail", status.message()}});
  std::string sentence = absl::StrCat("signpost-hub: ", std::string(status.message()));
  if (!absl::EndsWith(sentence, ".")) sentence.push_back('.');
  if (const std::string advice = Advice(reason); !advice.empty()) {
    absl::StrAppend(&sentence, " ", advice);
  }
  std::fprintf(stderr, "%s\n", sentence.c_str());
  return 1;
}

// Prints the check value, by which a file is known without its key being seen.
int CheckKey(const std::string& master) {
  const absl::StatusOr<base::MasterKey> key = base::MasterKey::ReadFile(master);
  if (!key.ok()) return Fail(key.status());
  std::printf("%s\n", base::HexEncode(key->CheckValue()).c_str());
  return 0;
}

int Keygen(const std::string& master, const std::string& ledger, const std::string& name) {
  // The ledger's key is checked first: a name that is none must not leave half a set behind.
  const absl::StatusOr<tlog::NoteKeyPair> pair = tlog::GenerateNoteKey(name);
  if (!pair.ok()) return Fail(pair.status());
  base::OsRandom random;
  if (absl::Status written = base::MasterKey::WriteNewFile(master, &random); !written.ok()) {
    return Fail(written);
  }
  if (absl::Status written = tlog::WriteNoteKey(ledger, *pair); !written.ok()) {
    return Fail(written);
  }
  std::printf("%s\n", pair->verifier_key.c_str());
  return 0;
}

// Reads the words behind `restore`; nullopt when they are not as the usage says.
std::optional<backup::RestoreOptions> RestoreWords(const std::vector<std::string>& words) {
  backup::RestoreOptions options;
  options.engine = &store::RocksDbEngine();
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--older-than-witnessed") {
      options.older_than_published = true;
      continue;
    }
    if (i + 1 == words.size() || words[i + 1].empty()) return std::nullopt;
    const std::string& value = words[i + 1];
    if (words[i] == "--checkpoint" || words[i] == "--witnessed") {
      options.published_files.push_back(value);
    } else if (words[i] == "--number") {
      if (!absl::SimpleAtoi(value, &options.number) || options.number == 0) return std::nullopt;
    } else {
      std::string* const into = words[i] == "--from"         ? &options.from
                                : words[i] == "--backup-key" ? &options.backup_key_file
                                : words[i] == "--keys"       ? &options.keys_file
                                : words[i] == "--master"     ? &options.master_key_file
                                : words[i] == "--old-master" ? &options.old_master_key_file
                                : words[i] == "--ledger"     ? &options.ledger_key_file
                                : words[i] == "--into"       ? &options.into
                                                             : nullptr;
      if (into == nullptr || !into->empty()) return std::nullopt;
      *into = value;
    }
    ++i;
  }
  if (options.from.empty() || options.backup_key_file.empty() || options.keys_file.empty() ||
      options.master_key_file.empty() || options.ledger_key_file.empty() || options.into.empty()) {
    return std::nullopt;
  }
  return options;
}

int RestoreStore(const backup::RestoreOptions& options) {
  const absl::StatusOr<backup::RestoreReport> report = backup::Restore(options);
  if (!report.ok()) {
    std::fprintf(stderr, "signpost-hub: %s\n", std::string(report.status().message()).c_str());
    for (const base::FieldViolation& violation : base::ViolationsOf(report.status())) {
      std::fprintf(stderr, "  %s: %s\n", violation.field.c_str(), violation.description.c_str());
    }
    if (base::ReasonOf(report.status()) == base::Reason::kLedgerBehind) {
      std::fprintf(stderr,
                   "Look for a newer backup. To give up what came after this one, on purpose and "
                   "for good, add --older-than-witnessed (docs/operating.md).\n");
    }
    return 1;
  }
  std::printf(
      "Backup %llu of %s is restored into %s: %lld files, %llu ledger entries, all verified.\n"
      "Keys of %llu young persons are put back; %llu were erased since and are gone.\n"
      "Shields, refusals and withdrawals recorded since hold again: %llu young persons' rows were "
      "changed, and %llu whom the backup does not know are known by them.\n",
      static_cast<unsigned long long>(report->number),
      absl::FormatTime(absl::RFC3339_sec, report->made_at, absl::UTCTimeZone()).c_str(),
      options.into.c_str(), static_cast<long long>(report->files),
      static_cast<unsigned long long>(report->entries_verified),
      static_cast<unsigned long long>(report->people.persons),
      static_cast<unsigned long long>(report->people.persons_erased),
      static_cast<unsigned long long>(report->people.persons_closed),
      static_cast<unsigned long long>(report->people.persons_added));
  if (report->published_size != 0) {
    std::printf(
        "Given up: a published ledger of %llu entries. The hub records that as its first entry; "
        "tell the auditor and the witnesses why.\n",
        static_cast<unsigned long long>(report->published_size));
  }
  return 0;
}

int Serve(const std::string& config_file, std::optional<absl::Duration> release_step) {
  // Blocked before any thread begins, so that only this thread waits for them.
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // gRPC's own lines are not JSON; what they say comes back as a status. Whoever wants them sets
  // this.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);

  absl::StatusOr<app::HubConfig> config = app::ReadHubConfig(config_file);
  if (config.ok() && release_step.has_value()) config->release_step = *release_step;
  if (!config.ok()) return Fail(config.status());
  absl::StatusOr<std::unique_ptr<app::Hub>> hub = app::Hub::Open(*config);
  if (!hub.ok()) return Fail(hub.status());
  if (absl::Status serving = (*hub)->Serve(); !serving.ok()) return Fail(serving);

  int signal = 0;
  sigwait(&stops, &signal);
  (*hub)->log().Info("hub_stopping", {{"signal", signal}});
  // A second signal ends the process at once: whoever sends it does not want to wait.
  pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
  (*hub)->Shutdown();
  return 0;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments[0] == "--version") {
    std::printf("signpost-hub %s\n", base::kVersion);
    return 0;
  }
  if (!arguments.empty() && arguments[0] == "keygen") {
    std::map<std::string, std::string> options =
        Options({arguments.begin() + 1, arguments.end()}, {"--master", "--ledger", "--name"});
    if (!options.empty()) {
      return Keygen(options["--master"], options["--ledger"], options["--name"]);
    }
    options = Options({arguments.begin() + 1, arguments.end()}, {"--master"});
    if (!options.empty()) {
      // To change the key of a hub that there is: prints by what it is known.
      base::OsRandom random;
      const absl::Status written = base::MasterKey::WriteNewFile(options["--master"], &random);
      return written.ok() ? CheckKey(options["--master"]) : Fail(written);
    }
    options = Options({arguments.begin() + 1, arguments.end()}, {"--backup"});
    if (!options.empty()) {
      base::OsRandom random;
      const absl::Status written = backup::WriteNewBackupKey(options["--backup"], &random);
      return written.ok() ? 0 : Fail(written);
    }
  } else if (!arguments.empty() && arguments[0] == "check-key") {
    auto options = Options({arguments.begin() + 1, arguments.end()}, {"--master"});
    if (!options.empty()) return CheckKey(options["--master"]);
  } else if (!arguments.empty() && arguments[0] == "restore") {
    const auto options = RestoreWords({arguments.begin() + 1, arguments.end()});
    if (options.has_value()) return RestoreStore(*options);
  } else if (auto options = Options(arguments, {"--config"}); !options.empty()) {
    return Serve(options["--config"], std::nullopt);
  } else if (auto with_step = Options(arguments, {"--config", "--release-step"});
             !with_step.empty()) {
    absl::Duration step;
    if (absl::ParseDuration(with_step["--release-step"], &step) && step >= absl::ZeroDuration() &&
        step <= app::kReleaseStepMax) {
      return Serve(with_step["--config"], step);
    }
  }
  std::fputs(kUsage, stderr);
  return 2;
}

}  // namespace
}  // namespace signpost

int main(int argc, char** argv) {
  // Debian builds Abseil with deadlock detection, which keeps a graph of all locks and costs
  // several per cent of every call. The sanitizer builds look for lock cycles; production need not.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return signpost::Main(std::vector<std::string>(argv + 1, argv + argc));
}
