// signpost-witness: cosigns the checkpoints of the ledgers it is told of, for as long as they only
// grow. Any partner may run one; it sees sizes and hashes, never an entry.
//
//   signpost-witness --make-key NAME --key FILE
//   signpost-witness --config FILE
//   signpost-witness --version
//
// SIGTERM and SIGINT stop it. When it cannot start it says in one sentence why and what to do, and
// ends with 1; a wrong command line ends with 2.

#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/clock.h"
#include "hub/base/json_log.h"
#include "hub/base/version.h"
#include "hub/tlog/cosignature.h"
#include "hub/witness/config.h"
#include "hub/witness/http.h"
#include "hub/witness/witness.h"

namespace signpost::witness {
namespace {

constexpr char kUsage[] =
    "usage: signpost-witness --make-key NAME --key FILE\n"
    "       signpost-witness --config FILE\n"
    "       signpost-witness --version\n";

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "signpost-witness: %s\n", std::string(status.message()).c_str());
  return 1;
}

int MakeKey(const std::string& name, const std::string& path) {
  const absl::StatusOr<tlog::NoteKeyPair> pair = tlog::GenerateCosignerKey(name);
  if (!pair.ok()) return Fail(pair.status());
  const absl::Status written = tlog::WriteNoteKey(path, *pair);
  if (!written.ok()) return Fail(written);
  std::printf("%s\n", pair->verifier_key.c_str());
  return 0;
}

int Serve(const std::string& path) {
  // Blocked before any thread begins, so that only this thread waits for them.
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  absl::StatusOr<WitnessConfig> config = ReadWitnessConfig(path);
  if (!config.ok()) return Fail(config.status());
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(nullptr, &std::fclose);
  if (!config->log_file.empty()) {
    file.reset(std::fopen(config->log_file.c_str(), "ae"));
    if (file == nullptr) {
      return Fail(absl::UnavailableError(
          absl::StrCat("cannot write the log ", config->log_file, ": ", std::strerror(errno))));
    }
  }
  const base::RealClock clock;
  base::JsonLog log(file != nullptr ? file.get() : stderr, &clock, config->log_level);
  const absl::StatusOr<tlog::Cosigner> cosigner = tlog::Cosigner::ReadFile(config->key_file);
  if (!cosigner.ok()) return Fail(cosigner.status());
  const size_t logs = config->logs.size();
  const absl::StatusOr<std::unique_ptr<Witness>> witness =
      Witness::Open(config->state_directory, std::move(config->logs), &*cosigner, &clock, &log);
  if (!witness.ok()) return Fail(witness.status());
  absl::StatusOr<std::unique_ptr<WitnessServer>> server = WitnessServer::Start(
      {config->listen, config->certificate_file, config->tls_key_file}, witness->get());
  if (!server.ok()) return Fail(server.status());
  log.Info("witness_started", {{"version", base::kVersion},
                               {"port", (*server)->port()},
                               {"logs", logs},
                               {"verifier_key", cosigner->verifier_key()}});
  int signal = 0;
  sigwait(&stops, &signal);
  server->reset();
  log.Info("witness_stopped", {{"signal", signal}});
  return 0;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments[0] == "--version") {
    std::printf("signpost-witness %s\n", base::kVersion);
    return 0;
  }
  if (arguments.size() == 2 && arguments[0] == "--config") return Serve(arguments[1]);
  if (arguments.size() == 4 && arguments[0] == "--make-key" && arguments[2] == "--key") {
    return MakeKey(arguments[1], arguments[3]);
  }
  std::fputs(kUsage, stderr);
  return 2;
}

}  // namespace
}  // namespace signpost::witness

int main(int argc, char** argv) {
  return signpost::witness::Main(std::vector<std::string>(argv + 1, argv + argc));
}
