#include "adapters/cli/commands/cli.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/text.h"
#include "hub/base/agency_id.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/base/version.h"

namespace signpost::adapters::cli {
namespace {

std::string GeneralHelp() {
  Page page;
  page.Line("usage: signpost COMMAND [options]");
  page.Blank();
  page.Paragraph(0,
                 "Asks a Signpost hub who knows a young person, and looks after what the answer "
                 "rests on. signpost help COMMAND tells more of each, and signpost --version which "
                 "version this is.");
  page.Blank();
  for (const Command& command : AllCommands()) {
    const std::string positionals = PositionalsOf(command);
    page.Field(2, 24, absl::StrCat(command.words, positionals.empty() ? "" : " ", positionals),
               command.summary);
  }
  page.Blank();
  page.Paragraph(0,
                 "Exit codes: 0 done; 1 refused, or a verification failed; 2 the command line or "
                 "a file on this side is wrong; 3 the hub could not be reached.");
  return page.text();
}

// The command whose words stand at the beginning of `words`, the longest first.
const Command* FindCommand(const std::vector<std::string>& words, size_t* taken) {
  const Command* best = nullptr;
  *taken = 0;
  for (const Command& command : AllCommands()) {
    const std::vector<std::string> own = absl::StrSplit(command.words, ' ');
    if (own.size() > words.size() || own.size() <= *taken) continue;
    if (!std::equal(own.begin(), own.end(), words.begin())) continue;
    best = &command;
    *taken = own.size();
  }
  return best;
}

int Help(Terminal& terminal, const std::vector<std::string>& words) {
  if (words.empty()) {
    *terminal.out << GeneralHelp();
    return kExitOk;
  }
  size_t taken = 0;
  const Command* const command = FindCommand(words, &taken);
  if (command != nullptr && taken == words.size()) {
    *terminal.out << CommandHelp(*command);
    return kExitOk;
  }
  Page page;
  const std::string asked = absl::StrJoin(words, " ");
  for (const Command& other : AllCommands()) {
    if (other.words.rfind(asked + " ", 0) == 0) {
      page.Field(2, 24, other.words, other.summary);
    }
  }
  if (page.text().empty()) {
    *terminal.err << "signpost: there is no command \"" << Cleaned(asked)
                  << "\"; signpost help lists them\n";
    return kExitUsage;
  }
  *terminal.out << page.text();
  return kExitOk;
}

}  // namespace

const std::vector<Command>& AllCommands() {
  static const auto* const commands = [] {
    auto* const all = new std::vector<Command>;
    for (std::vector<Command> group :
         {IndexCommands(), StewardCommands(), ConsentCommands(), OverrideCommands(),
          PersonCommands(), ArchiveCommands(), RegistryCommands(), FoundingCommands(),
          CoverCommands(), AuditCommands(), ReceiptCommands(), MailboxCommands(),
          AuditSearchCommands(), AuditPatternsCommands(), AuditJointCommands(),
          AuditSampleCommands(), PolicyCommands(), PolicyPublishCommands(),
          MaintenanceCommands()}) {
      for (Command& command : group) all->push_back(std::move(command));
    }
    return all;
  }();
  return *commands;
}

int RunCli(Terminal& terminal, const std::vector<std::string>& given) {
  // `signpost audit receipt verify` is the same as `signpost receipt verify`.
  std::vector<std::string> words = given;
  if (words.size() > 1 && words[0] == "audit" && words[1] == "receipt") words.erase(words.begin());
  if (words.empty()) {
    *terminal.err << GeneralHelp();
    return kExitUsage;
  }
  if (words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
    return Help(terminal, {words.begin() + 1, words.end()});
  }
  if (words[0] == "--version") {
    if (words.size() > 1) {
      *terminal.err << "signpost: --version takes nothing behind it\n";
      return kExitUsage;
    }
    *terminal.out << "signpost " << base::kVersion << "\n";
    return kExitOk;
  }
  size_t taken = 0;
  const Command* const command = FindCommand(words, &taken);
  if (command == nullptr) {
    // Half a command, or `signpost audit help`: what there is of that kind.
    if (words.back() == "help" || words.back() == "--help" || words.back() == "-h") {
      words.pop_back();
      return Help(terminal, words);
    }
    if (words.size() > 1) {
      *terminal.err << "signpost: there is no command \"" << Cleaned(words[0] + " " + words[1])
                    << "\"\n";
    }
    Help(terminal, {words[0]});
    return kExitUsage;
  }
  const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(taken),
                                      words.end());
  for (const std::string& word : rest) {
    if (word == "--help" || word == "-h") {
      *terminal.out << CommandHelp(*command);
      return kExitOk;
    }
  }
  const absl::StatusOr<Command::Run> run = ReadCommandLine(*command, rest);
  if (!run.ok()) {
    *terminal.err << "signpost " << command->words << ": "
                  << Cleaned(std::string(run.status().message())) << "\nsignpost help "
                  << command->words << " says what it takes\n";
    return kExitUsage;
  }
  return (*run)(terminal);
}

int FailHere(Terminal& terminal, const absl::Status& status) {
  Page page;
  page.Paragraph(0, absl::StrCat("signpost: ", std::string(status.message())));
  for (const base::FieldViolation& violation : base::ViolationsOf(status)) {
    page.Field(2, 24, violation.field, violation.description);
  }
  *terminal.err << page.text();
  return kExitUsage;
}

std::string NextStep(const HubError& error) {
  const std::string& reason = error.reason;
  if (reason.empty()) {
    if (error.code == grpc::StatusCode::UNAVAILABLE ||
        error.code == grpc::StatusCode::DEADLINE_EXCEEDED) {
      return "Check that the hub runs at the address of --hub, and that --ca, --cert and --key "
             "belong together.";
    }
    if (error.code == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      return "The answer is larger than this program takes; ask for fewer aspects with --ask.";
    }
    return "This did not come from a Signpost hub; check the address of --hub.";
  }
  if (reason == "NOT_FOUND") {
    return "Check the details. Nobody of these details, several, and one whom you may not know "
           "answer alike.";
  }
  if (reason == "CALLER_UNKNOWN" || reason == "PRACTITIONER_UNKNOWN") {
    return "Ask the hub's operator to enrol it: signpost registry apply.";
  }
  if (reason == "CALLER_SUSPENDED") return "Ask the hub's operator why.";
  if (reason == "ASSERTION_MISSING") {
    return "Say who asks: --as ID --role ROLE, with --assertion-key and --assertion-key-id.";
  }
  if (reason == "ASSERTION_INVALID") {
    return "Check --assertion-key-id, --audience, --role and --team against what is enrolled.";
  }
  if (reason == "ASSERTION_EXPIRED") return "Check this machine's clock against the hub's.";
  if (reason == "ASSERTION_FOREIGN") {
    return "Use the assertion key of the same agency as --cert.";
  }
  if (reason == "METHOD_NOT_ALLOWED") return "Use a system of the kind that may do this.";
  if (reason == "PURPOSE_NOT_ALLOWED") return "Say another --purpose.";
  if (reason == "OVERRIDE_INVALID") {
    return "Give --override-ground and, in at least ten letters, --override-reason; not every role "
           "may override.";
  }
  if (reason == "TOO_MANY_REQUESTS") {
    return absl::StrCat("Wait ",
                        absl::FormatDuration(std::max(error.retry_after, absl::Seconds(1))),
                        " and ask again.");
  }
  if (!error.incident_id.empty()) {
    return absl::StrCat("Quote incident ", error.incident_id, " to the hub's operator.");
  }
  if (error.Retryable()) return "Ask again; if it lasts, call the hub's operator.";
  return "";
}

int ExitCodeOf(const HubError& error) {
  const bool unreachable =
      error.reason.empty() && (error.code == grpc::StatusCode::UNAVAILABLE ||
                               error.code == grpc::StatusCode::DEADLINE_EXCEEDED);
  return unreachable ? kExitUnreachable : kExitRefused;
}

int FailCall(Terminal& terminal, const std::string& what, const grpc::Status& status) {
  const HubError error = DecodeHubError(status);
  Page page;
  page.Paragraph(0, absl::StrCat("signpost: ", what, ": ",
                                 error.reason.empty() ? "" : absl::StrCat(error.reason, ": "),
                                 error.message.empty() ? "no answer" : error.message));
  for (const HubError::Field& field : error.fields) {
    page.Field(2, 24, field.field, field.description);
  }
  const std::string next = NextStep(error);
  if (!next.empty()) page.Paragraph(2, next);
  *terminal.err << page.text();
  return ExitCodeOf(error);
}

absl::StatusOr<std::unique_ptr<Session>> OpenSession(Terminal& terminal,
                                                     const HubOptions& options) {
  SIGNPOST_ASSIGN_OR_RETURN(const Profile profile, ReadProfile(options));
  return Session::Open(profile, terminal.clock, terminal.random);
}

void PersonOptions::Declare(CLI::App* app) {
  AddText(
      app, "--details", "DETAILS",
      "The young person as \"given names,surname,birth date,postcode\"; the postcode may be left "
      "out.",
      &details);
  AddText(app, "--nhs-number", "NUMBER", "With --details.", &nhs_number);
  AddText(app, "--upn", "NUMBER", "With --details.", &upn);
  AddText(app, "--gender", "WORD", "With --details: female, male or other.", &gender);
  AddText(app, "--record", "ID", "The young person as your agency's own record.", &record);
  AddText(app, "--person", "SP1-…", "The young person as the hub named them to your agency before.",
          &person);
}

absl::StatusOr<signpost::v1::PersonSelector> ReadSelector(const PersonOptions& options) {
  const int given = (options.details.empty() ? 0 : 1) + (options.record.empty() ? 0 : 1) +
                    (options.person.empty() ? 0 : 1);
  if (given != 1) {
    return absl::InvalidArgumentError(
        "say about whom, in one way: --details, --record or --person");
  }
  signpost::v1::PersonSelector selector;
  if (!options.record.empty()) {
    selector.set_record_id(options.record);
  } else if (!options.person.empty()) {
    // A slip of the hand is caught here; the hub need not hear of it.
    SIGNPOST_RETURN_IF_ERROR(base::CheckAgencyPersonId(options.person));
    selector.set_agency_person_id(options.person);
  } else {
    SIGNPOST_ASSIGN_OR_RETURN(*selector.mutable_details(), ParseDetails(options.details));
    selector.mutable_details()->set_gender(options.gender);
    const auto add = [&](const std::string& value, signpost::v1::IdentifierKind kind) {
      if (value.empty()) return;
      signpost::v1::Identifier* const identifier = selector.mutable_details()->add_identifiers();
      identifier->set_kind(kind);
      identifier->set_value(value);
    };
    add(options.nhs_number, signpost::v1::IDENTIFIER_KIND_NHS_NUMBER);
    add(options.upn, signpost::v1::IDENTIFIER_KIND_UPN);
  }
  return selector;
}

}  // namespace signpost::adapters::cli
