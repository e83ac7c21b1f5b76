// mailbox tail.

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/cli/commands/cli.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/kit/mailbox.h"

namespace signpost::adapters::cli {
namespace {

struct TailOptions : HubOptions {
  std::string cursor = "cli";
  bool until_empty = false;
  void Declare(CLI::App* app) {
    AddText(app, "--cursor", "NAME", "This reader's place; \"cli\" without it.", &cursor);
    AddSwitch(app, "--until-empty", "Stop when nothing more waits.", &until_empty);
  }
};

int Tail(Terminal& terminal, const TailOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  MailboxOptions reading;
  reading.cursor = options.cursor;
  reading.until_empty = options.until_empty;
  reading.retry.attempts_max = 3;
  Mailbox mailbox((*session)->channel(), terminal.random, reading, RealSleeper());
  int64_t handled = 0;
  const bool json = options.json;
  const absl::Status status = mailbox.Read(
      [&](const signpost::v1::DeliveredMessage& message, const signpost::v1::Notice& notice) {
        (void)message;
        *terminal.out << (json ? Json(notice) : RenderNotice(notice)) << std::flush;
        return absl::OkStatus();
      },
      &handled);
  if (!status.ok()) {
    *terminal.err << "signpost: " << Cleaned(std::string(status.message())) << "\n";
    return status.code() == absl::StatusCode::kUnavailable ? kExitUnreachable : kExitRefused;
  }
  if (!json) *terminal.out << handled << (handled == 1 ? " notice\n" : " notices\n");
  return kExitOk;
}

}  // namespace

std::vector<Command> MailboxCommands() {
  return {MakeCommand("mailbox tail",
                      "Reads your system's mailbox: notices of flags opened, closed and changed.",
                      "Each notice is acknowledged once it is printed.", Tail)};
}

}  // namespace signpost::adapters::cli
