#include "adapters/kit/program.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "adapters/kit/config.h"
#include "adapters/kit/connection.h"
#include "adapters/kit/inbox.h"
#include "adapters/kit/mailbox.h"
#include "adapters/kit/program_options.h"
#include "adapters/kit/run.h"
#include "hub/base/clock.h"
#include "hub/base/error.h"
#include "hub/base/json_log.h"
#include "hub/base/random.h"

namespace signpost::adapters {
namespace {

std::atomic<bool> stop_asked{false};
void AskToStop(int /*signal*/) { stop_asked.store(true); }

bool SleepUnlessStopped(absl::Duration duration) {
  const absl::Time until = absl::Now() + duration;
  while (!stop_asked.load() && absl::Now() < until) {
    absl::SleepFor(std::min(until - absl::Now(), absl::Milliseconds(100)));
  }
  return !stop_asked.load();
}

// Reads the mailbox until asked to stop, in a thread of its own.
class MailboxThread {
 public:
  MailboxThread(const AdapterConfig& config, base::JsonLog* log) : log_(log) {
    if (config.notices.empty()) return;
    absl::StatusOr<Mailbox::Handler> handler = NoticeFile(config.notices);
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = Connect(config.hub);
    if (!handler.ok() || !channel.ok()) {
      log_->Error("mailbox_not_read",
                  {{"reason", (handler.ok() ? channel.status() : handler.status()).message()}});
      return;
    }
    mailbox_ = std::make_unique<Mailbox>(*channel, &random_, MailboxOptions(), SleepUnlessStopped);
    thread_ = std::thread([this, take = *handler] {
      int64_t handled = 0;
      const absl::Status status = mailbox_->Read(take, &handled);
      log_->Info("mailbox_closed", {{"notices", handled}, {"reason", status.message()}});
    });
  }
  ~MailboxThread() {
    if (mailbox_ != nullptr) mailbox_->Stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  base::JsonLog* const log_;
  base::OsRandom random_;
  std::unique_ptr<Mailbox> mailbox_;
  std::thread thread_;
};

int Watch(const SourceSystem& system, const AdapterConfig& config, const RunOptions& options,
          const base::Clock* clock, base::RandomSource* random) {
  base::JsonLog log(options.err, clock);
  log.Info("adapter_started", {{"adapter", system.name()}});
  MailboxThread mailbox(config, &log);
  std::string processed;
  int code = kExitDone;
  do {
    const absl::StatusOr<Inbox> inbox = Inbox::Scan(config.inbox);
    if (!inbox.ok()) {
      log.Warning("inbox_not_read", {{"reason", inbox.status().message()}});
      continue;
    }
    // A file that is still being copied in is left to settle: half of it may look like a whole one.
    const bool settled = clock->Now() - inbox->newest() >= config.settle;
    if (inbox->names().empty() || !settled || inbox->fingerprint() == processed) continue;
    code = RunOnce(system, config, options, clock, random, nullptr);
    log.Info("run_finished", {{"adapter", system.name()}, {"exit_code", code}});
    if (code == kExitUsage) return code;
    // What could not be sent is tried again; what was refused waits for another extract.
    if (code != kExitNotSent) processed = inbox->fingerprint();
  } while (SleepUnlessStopped(config.poll));
  log.Info("adapter_stopped", {{"adapter", system.name()}});
  return code;
}

}  // namespace

int AdapterMain(const SourceSystem& system, int argc, char** argv) {
  const absl::StatusOr<ProgramOptions> given = ReadProgramOptions({argv + 1, argv + argc});
  if (!given.ok()) {
    std::fprintf(stderr, "%s: %s\n%s", argv[0], std::string(given.status().message()).c_str(),
                 ProgramUsage(argv[0]).c_str());
    return kExitUsage;
  }
  if (given->help) {
    std::fputs(ProgramUsage(argv[0]).c_str(), stdout);
    return kExitDone;
  }
  RunOptions options;
  options.dry_run = given->dry_run;
  options.resend_all = given->resend_all;
  options.confirm_missing = given->confirm_missing;
  absl::StatusOr<AdapterConfig> config = ReadAdapterConfig(given->config);
  if (!config.ok()) {
    std::fprintf(stderr, "%s: %s\n", argv[0], std::string(config.status().message()).c_str());
    for (const base::FieldViolation& violation : base::ViolationsOf(config.status())) {
      std::fprintf(stderr, "  %s: %s\n", violation.field.c_str(), violation.description.c_str());
    }
    return kExitUsage;
  }
  if (!given->report.empty()) config->report = given->report;
  std::signal(SIGTERM, AskToStop);
  std::signal(SIGINT, AskToStop);
  options.sleeper = SleepUnlessStopped;
  options.drain_mailbox = given->once;
  base::RealClock clock;
  base::OsRandom random;
  if (given->once) return RunOnce(system, *config, options, &clock, &random, nullptr);
  return Watch(system, *config, options, &clock, &random);
}

}  // namespace signpost::adapters
