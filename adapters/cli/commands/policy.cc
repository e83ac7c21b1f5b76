// policy check, explain, who-can-see, diff, table, format, export cedar, agreements: an officer's
// tools, on files alone. No hub is asked.
//
// Exit codes here: 0 fine; 1 there is something to look at (a file that does not compile, a
// finding, a difference); 2 the command line or a file that cannot be read.

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/files/policy_files.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/text.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "policy/analysis/ask.h"
#include "policy/analysis/cedar.h"
#include "policy/analysis/diff.h"
#include "policy/analysis/lint.h"
#include "policy/policy.h"
#include "policy/text/format.h"
#include "policy/text/table.h"

namespace signpost::adapters::cli {
namespace {

using nlohmann::json;

constexpr int kExitFindings = 1;

// Against what a policy is read.
struct VocabularyOptions : LocalOptions {
  std::string words;
  std::string area;
  void Declare(CLI::App* app) {
    AddText(app, "--words", "FILE", "The area's words: services, roles, assessments.", &words);
    AddText(app, "--area", "FILE", "The area's agencies and teams.", &area);
  }
};

// A policy's file, read against a vocabulary.
struct FileOptions : VocabularyOptions {
  std::string file;
  void Declare(CLI::App* app) {
    AddPositional(app, "FILE", &file);
    VocabularyOptions::Declare(app);
  }
};

// And as on a day.
struct DatedOptions : FileOptions {
  std::string on;
  void Declare(CLI::App* app) {
    FileOptions::Declare(app);
    AddText(app, "--on", "DATE", "As on that day, 2027-04-01; today otherwise.", &on);
  }
};

struct ExplainOptions : DatedOptions {
  std::string question;
  void Declare(CLI::App* app) {
    DatedOptions::Declare(app);
    AddPositional(app, "QUESTION", &question);
  }
};

struct WhoCanSeeOptions : FileOptions {
  std::string thing;
  void Declare(CLI::App* app) {
    FileOptions::Declare(app);
    AddPositional(app, "THING", &thing);
  }
};

struct DiffOptions : VocabularyOptions {
  std::string before;
  std::string after;
  void Declare(CLI::App* app) {
    AddPositional(app, "OLD", &before);
    AddPositional(app, "NEW", &after);
    VocabularyOptions::Declare(app);
  }
};

struct TableOptions : LocalOptions {
  std::string file;
  bool csv = false;
  bool import_csv = false;
  void Declare(CLI::App* app) {
    AddPositional(app, "FILE", &file);
    AddSwitch(app, "--csv", "As comma-separated values.", &csv);
    AddSwitch(app, "--import", "From comma-separated values to a policy.", &import_csv);
  }
};

struct FormatOptions : LocalOptions {
  std::string file;
  bool check = false;
  bool write = false;
  void Declare(CLI::App* app) {
    AddPositional(app, "FILE", &file);
    AddSwitch(app, "--check", "Say only whether the file is laid out so; 1 when it is not.",
              &check);
    AddSwitch(app, "--write", "Rewrite the file.", &write);
  }
};

struct AgreementsOptions : DatedOptions {
  std::string agency;
  void Declare(CLI::App* app) {
    DatedOptions::Declare(app);
    AddText(app, "--agency", "ID", "Who asks.", &agency);
  }
};

// A policy file compiled, or the exit code with which the command ends.
struct Opened {
  int code = kExitOk;
  std::string text;
  policy::Vocabulary vocabulary;
  std::shared_ptr<const policy::Policy> policy;
};

absl::StatusOr<policy::Vocabulary> VocabularyOf(const VocabularyOptions& options) {
  if (options.words.empty() || options.area.empty()) {
    return absl::InvalidArgumentError(
        "say against which words the policy is read: --words FILE --area FILE, such as "
        "deploy/area/nortown-words.json and deploy/area/nortown.json");
  }
  return ReadVocabulary(options.words, options.area);
}

void PrintFaults(const std::vector<policy::Diagnostic>& diagnostics, const std::string& path,
                 std::ostream& out) {
  for (const policy::Diagnostic& diagnostic : diagnostics) {
    out << Cleaned(absl::StrCat(path, ":", diagnostic.ToString())) << "\n";
  }
}

// With `judged`, the file's examples are run and its checks proved; a command that only asks has no
// need to.
Opened Open(Terminal& terminal, const VocabularyOptions& options, const std::string& path,
            bool judged) {
  Opened opened;
  absl::StatusOr<policy::Vocabulary> vocabulary = VocabularyOf(options);
  if (!vocabulary.ok()) {
    opened.code = FailHere(terminal, vocabulary.status());
    return opened;
  }
  opened.vocabulary = *std::move(vocabulary);
  absl::StatusOr<std::string> text = ReadBytes(path, policy::kPolicyTextBytesMax);
  if (!text.ok()) {
    opened.code = FailHere(terminal, text.status());
    return opened;
  }
  opened.text = *std::move(text);
  policy::CompileOptions compiling;
  compiling.content_id = base::HexEncode(base::Sha256(opened.text));
  compiling.run_examples = compiling.prove_checks = judged;
  policy::CompileResult result = policy::Compile(opened.text, opened.vocabulary, compiling);
  if (!result.ok()) {
    PrintFaults(result.diagnostics, path, *terminal.err);
    opened.code = kExitFindings;
    return opened;
  }
  opened.policy = std::move(result.policy);
  return opened;
}

// The second asked about: --on DATE, or now.
absl::StatusOr<int64_t> SecondOf(Terminal& terminal, const DatedOptions& options) {
  if (options.on.empty()) return absl::ToUnixSeconds(terminal.clock->Now());
  SIGNPOST_ASSIGN_OR_RETURN(const google::protobuf::Timestamp day, ParseDay(options.on));
  return day.seconds();
}

std::string AspectsInWords(uint8_t aspects) {
  std::vector<std::string> words;
  for (const policy::Aspect aspect : policy::AllAspects()) {
    if ((aspects & (1u << static_cast<unsigned>(aspect))) != 0) {
      words.emplace_back(policy::ToString(aspect));
    }
  }
  return words.empty() ? "nothing" : absl::StrJoin(words, ", ");
}

std::string Counted(size_t count, const std::string& one, const std::string& many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// ---- check ----

void PrintAsymmetries(const policy::Policy& policy, const std::vector<policy::Finding>& findings,
                      Page& page) {
  bool first = true;
  for (const policy::Finding& finding : findings) {
    if (finding.kind != policy::FindingKind::kAsymmetry) continue;
    if (first) {
      page.Blank();
      page.Heading("Who sees more of the other (with the young person's explicit consent)");
      first = false;
    }
    page.Field(2, 40,
               absl::StrCat(policy.AgencyId(finding.one), " of ", policy.AgencyId(finding.other)),
               absl::StrCat(AspectsInWords(finding.one_sees), " (",
                            AspectsInWords(finding.one_sees_with_consent), ")"));
    page.Field(2, 40,
               absl::StrCat(policy.AgencyId(finding.other), " of ", policy.AgencyId(finding.one)),
               absl::StrCat(AspectsInWords(finding.other_sees), " (",
                            AspectsInWords(finding.other_sees_with_consent), ")"));
  }
}

int Check(Terminal& terminal, const DatedOptions& options) {
  const std::string& path = options.file;
  const absl::StatusOr<int64_t> now_s = SecondOf(terminal, options);
  if (!now_s.ok()) return FailHere(terminal, now_s.status());
  const Opened opened = Open(terminal, options, path, true);
  if (opened.policy == nullptr) return opened.code;
  const policy::Policy& policy = *opened.policy;
  const std::vector<policy::Finding> findings = policy::Lint(policy, *now_s);
  size_t doubtful = 0;
  size_t unsupplied = 0;
  int code = kExitOk;
  json list = json::array();
  for (const policy::Finding& finding : findings) {
    // That a review is due is for the agreement's parties, and what the hub does not supply yet is
    // for its makers: the file is as right as it was the day before, and what shipped then does not
    // fail by itself now.
    if (finding.kind == policy::FindingKind::kUnsupplied) {
      ++unsupplied;
    } else if (finding.kind != policy::FindingKind::kAsymmetry) {
      ++doubtful;
      if (finding.kind != policy::FindingKind::kReviewOverdue) code = kExitFindings;
    }
    list.push_back({{"line", finding.line}, {"message", finding.message}});
    if (!finding.remedy.empty()) list.back()["add"] = finding.remedy;
  }
  if (options.json) {
    const json answer = {{"name", policy.name()},
                         {"version", policy.version()},
                         {"sha256", policy.content_id()},
                         {"rules", policy.rules().size()},
                         {"findings", std::move(list)}};
    *terminal.out << answer.dump(2) << "\n";
    return code;
  }
  Page page(terminal.bold);
  page.Line(absl::StrCat(policy.name(), ", version ", policy.version(), ": ",
                         Counted(policy.rules().size(), "rule", "rules"), " in ",
                         Counted(policy.agreements().size(), "agreement", "agreements"),
                         "; its examples come out as they say, its checks are proved."));
  page.Line(absl::StrCat("SHA-256 ", policy.content_id()));
  for (const policy::Finding& finding : findings) {
    if (finding.kind == policy::FindingKind::kAsymmetry) continue;
    const std::string at = finding.line == 0 ? "" : absl::StrCat(finding.line, ": ");
    page.Line(absl::StrCat(path, ":", at.empty() ? " " : at, finding.message));
    if (finding.remedy.empty()) continue;
    page.Line("  add to the policy:");
    for (const absl::string_view line : absl::StrSplit(finding.remedy, '\n', absl::SkipEmpty())) {
      page.Line(absl::StrCat("    ", line));
    }
  }
  PrintAsymmetries(policy, findings, page);
  page.Blank();
  page.Line(doubtful == 0 ? "Nothing to look at."
                          : absl::StrCat(Counted(doubtful, "thing", "things"), " to look at."));
  if (unsupplied != 0) {
    page.Line(absl::StrCat(Counted(unsupplied, "rule rests", "rules rest"),
                           " on what the hub does not supply yet, as said above."));
  }
  *terminal.out << page.text();
  return code;
}

// ---- explain ----

int Explain(Terminal& terminal, const ExplainOptions& options) {
  const absl::StatusOr<int64_t> now_s = SecondOf(terminal, options);
  if (!now_s.ok()) return FailHere(terminal, now_s.status());
  const Opened opened = Open(terminal, options, options.file, false);
  if (opened.policy == nullptr) return opened.code;
  const policy::Answer answer =
      policy::Ask(*opened.policy, opened.vocabulary, options.question, *now_s);
  if (!answer.ok()) {
    PrintFaults(answer.diagnostics, "question", *terminal.err);
    return kExitUsage;
  }
  const policy::Explanation& why = answer.explanation;
  std::vector<std::string> duties;
  for (const policy::Obligation one : policy::AllObligations()) {
    if ((answer.decision.obligations & policy::Bit(one)) != 0) duties.emplace_back(ToString(one));
  }
  const std::string basis(ToString(answer.decision.gateway));
  if (options.json) {
    const json shown = {{"decision", answer.in_words},
                        {"basis", basis},
                        {"duties", duties},
                        {"worker_reason", why.worker_reason},
                        {"next_step", why.next_step},
                        {"audit_reason", why.audit_reason}};
    *terminal.out << shown.dump(2) << "\n";
    return kExitOk;
  }
  Page page(terminal.bold);
  page.Field(0, 20, "Decision", answer.in_words);
  if (answer.decision.gateway != policy::Gateway::kNone) page.Field(0, 20, "Basis", basis);
  if (!duties.empty()) page.Field(0, 20, "Duties", absl::StrJoin(duties, ", "));
  page.Field(0, 20, "The worker reads", why.worker_reason);
  if (!why.next_step.empty()) page.Field(0, 20, "and may next", why.next_step);
  page.Field(0, 20, "The auditor reads", why.audit_reason);
  *terminal.out << page.text();
  return kExitOk;
}

// ---- who-can-see ----

json ToJson(const policy::VisibilityChange& change) {
  return {{"who", change.who},
          {"what", change.what},
          {"when", change.when},
          {"change", change.change},
          {"cells", change.cells}};
}

void PrintChange(const policy::VisibilityChange& change, char mark, Page& page) {
  page.Field(0, 2, std::string(1, mark), absl::StrCat(change.who, ": ", change.what));
  if (!change.when.empty()) page.Paragraph(6, change.when);
  page.Paragraph(6, change.change);
}

int WhoCanSee(Terminal& terminal, const WhoCanSeeOptions& options) {
  const Opened opened = Open(terminal, options, options.file, false);
  if (opened.policy == nullptr) return opened.code;
  const policy::ItemSelectorResult read =
      policy::ReadItemSelector(*opened.policy, opened.vocabulary, options.thing);
  if (!read.ok()) {
    PrintFaults(read.diagnostics, "thing", *terminal.err);
    return kExitUsage;
  }
  const policy::Visibility visibility = policy::WhoCanSee(*opened.policy, read.selector);
  if (!visibility.fault.empty()) {
    return FailHere(terminal, absl::ResourceExhaustedError(visibility.fault));
  }
  if (options.json) {
    json list = json::array();
    for (const auto& change : visibility.changes) list.push_back(ToJson(change));
    *terminal.out << list.dump(2) << "\n";
    return kExitOk;
  }
  Page page(terminal.bold);
  for (const policy::VisibilityChange& change : visibility.changes) PrintChange(change, '*', page);
  page.Line(visibility.changes.empty() ? "Nobody, under no circumstances."
                                       : "Nobody else, and under no other circumstances.");
  *terminal.out << page.text();
  return kExitOk;
}

// ---- diff ----

int Diff(Terminal& terminal, const DiffOptions& options) {
  const Opened before = Open(terminal, options, options.before, false);
  if (before.policy == nullptr) return before.code;
  const Opened after = Open(terminal, options, options.after, false);
  if (after.policy == nullptr) return after.code;
  const policy::PolicyDifference difference = policy::Diff(*before.policy, *after.policy);
  if (!difference.fault.empty()) {
    return FailHere(terminal, absl::ResourceExhaustedError(difference.fault));
  }
  const int code = difference.same() ? kExitOk : kExitFindings;
  const struct {
    const char* heading;
    const char* key;
    char mark;
    const std::vector<policy::VisibilityChange>& changes;
  } parts[] = {{"More is seen", "gains", '+', difference.gains},
               {"Less is seen", "losses", '-', difference.losses},
               {"As much is seen, on other terms", "terms", '~', difference.terms}};
  if (options.json) {
    json answer = {{"cells", difference.cells},
                   {"gained_cells", difference.gained_cells},
                   {"lost_cells", difference.lost_cells}};
    for (const auto& part : parts) {
      json list = json::array();
      for (const policy::VisibilityChange& change : part.changes) list.push_back(ToJson(change));
      answer[part.key] = std::move(list);
    }
    *terminal.out << answer.dump(2) << "\n";
    return code;
  }
  Page page(terminal.bold);
  for (const auto& part : parts) {
    if (part.changes.empty()) continue;
    page.Heading(part.heading);
    for (const auto& change : part.changes) PrintChange(change, part.mark, page);
    page.Blank();
  }
  page.Line(difference.same()
                ? "Nobody gains or loses sight of anything."
                : absl::StrCat("All else is as before: the whole decision space was compared, ",
                               difference.cells, " cells of it one by one."));
  *terminal.out << page.text();
  return code;
}

// ---- table ----

int Table(Terminal& terminal, const TableOptions& options) {
  const std::string& path = options.file;
  if (options.import_csv) {
    const absl::StatusOr<std::string> csv = ReadBytes(path, policy::kTableBytesMax);
    if (!csv.ok()) return FailHere(terminal, csv.status());
    const policy::CsvResult read = policy::FromCsv(*csv);
    if (!read.ok()) {
      PrintFaults(read.diagnostics, path, *terminal.err);
      return kExitFindings;
    }
    *terminal.out << policy::FromTable(read.rows);
    return kExitOk;
  }
  const absl::StatusOr<std::string> text = ReadBytes(path, policy::kPolicyTextBytesMax);
  if (!text.ok()) return FailHere(terminal, text.status());
  const std::vector<policy::TableRow> rows = policy::ToTable(*text);
  if (rows.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError(
                                  absl::StrCat(path, " does not begin as a policy does")));
  }
  if (options.csv) {
    *terminal.out << policy::ToCsv(rows);
    return kExitOk;
  }
  Page page(terminal.bold);
  for (const policy::TableRow& row : rows) {
    if (row.block != "rule" && row.block != "override") continue;
    if (!row.title.empty()) {
      page.Heading(
          absl::StrCat(row.id, "  ", row.title,
                       row.agreement.empty() ? "" : absl::StrCat("  (", row.agreement, ")")));
    }
    const auto field = [&page](const char* label, const std::string& words) {
      if (!words.empty()) page.Field(4, 12, label, words);
    };
    field(row.effect.empty() ? "opens" : row.effect.c_str(),
          row.effect.empty() ? row.more : row.what);
    field("of", row.of);
    field(row.effect == "hide" ? "from" : row.effect == "never" ? "on" : "to", row.who);
    field("when", row.when);
    field("unless", row.unless);
    field("basis", row.basis);
    field("then", row.then);
  }
  *terminal.out << page.text();
  return kExitOk;
}

// ---- format ----

// Replaces the file that `path` leads to, which stays as readable to others as it was.
absl::Status Rewrite(const std::string& path, const std::string& text) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path file = fs::canonical(path, error);
  if (error) return absl::UnavailableError(absl::StrCat(path, ": ", error.message()));
  const fs::perms perms = fs::status(file, error).permissions();
  if (error) return absl::UnavailableError(absl::StrCat(path, ": ", error.message()));
  SIGNPOST_RETURN_IF_ERROR(WriteBytes(file.string(), text));
  fs::permissions(file, perms, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat(
        path, " is written, but not who may read it: ", error.message(), "; check its mode"));
  }
  return absl::OkStatus();
}

int Format(Terminal& terminal, const FormatOptions& options) {
  const std::string& path = options.file;
  if (options.check && options.write) {
    return FailHere(terminal, absl::InvalidArgumentError(
                                  "say one of --check, which changes nothing, and --write"));
  }
  const absl::StatusOr<std::string> text = ReadBytes(path, policy::kPolicyTextBytesMax);
  if (!text.ok()) return FailHere(terminal, text.status());
  std::vector<policy::Diagnostic> faults;
  const std::string formatted = policy::Format(*text, &faults);
  if (!faults.empty()) {
    PrintFaults(faults, path, *terminal.err);
    return kExitFindings;
  }
  if (options.check) {
    if (formatted == *text) return kExitOk;
    *terminal.err << Cleaned(absl::StrCat(path,
                                          " is not in the canonical layout; signpost policy format "
                                          "FILE --write puts it there"))
                  << "\n";
    return kExitFindings;
  }
  if (!options.write) {
    *terminal.out << formatted;
    return kExitOk;
  }
  if (formatted != *text) {
    const absl::Status written = Rewrite(path, formatted);
    if (!written.ok()) return FailHere(terminal, written);
  }
  *terminal.out << Cleaned(absl::StrCat(path, formatted == *text
                                                  ? " is in the canonical layout already."
                                                  : " is now in the canonical layout."))
                << "\n";
  return kExitOk;
}

// ---- export cedar ----

int ExportCedar(Terminal& terminal, const FileOptions& options) {
  const Opened opened = Open(terminal, options, options.file, false);
  if (opened.policy == nullptr) return opened.code;
  *terminal.out << policy::ExportCedar(opened.text, opened.vocabulary);
  return kExitOk;
}

// ---- agreements ----

std::vector<std::string> WordsOf(const std::vector<policy::AgreementSentence>& sentences) {
  std::vector<std::string> words;
  for (const policy::AgreementSentence& sentence : sentences) words.push_back(sentence.words);
  return words;
}

int Agreements(Terminal& terminal, const AgreementsOptions& options) {
  const absl::StatusOr<int64_t> now_s = SecondOf(terminal, options);
  if (!now_s.ok()) return FailHere(terminal, now_s.status());
  if (options.agency.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say whose: --agency ID"));
  }
  const Opened opened = Open(terminal, options, options.file, false);
  if (opened.policy == nullptr) return opened.code;
  const policy::Policy& policy = *opened.policy;
  const policy::Symbol agency = policy.AgencySymbol(options.agency);
  if (agency == policy::kNoSymbol) {
    std::vector<std::string> ids;
    for (const policy::VocabularyAgency& one : opened.vocabulary.agencies) ids.push_back(one.id);
    return FailHere(terminal, absl::InvalidArgumentError(absl::StrCat("the area has no agency \"",
                                                                      options.agency, "\"; it has ",
                                                                      absl::StrJoin(ids, ", "))));
  }
  const std::vector<policy::AgreementView> views = policy.ListAgreements(agency, *now_s);
  if (options.json) {
    json list = json::array();
    for (const policy::AgreementView& view : views) {
      const policy::AgreementInfo& info = policy.agreements()[static_cast<size_t>(view.agreement)];
      list.push_back({{"agreement", info.id},
                      {"other_agency", view.other_agency},
                      {"in_force", view.in_force},
                      {"may_see", WordsOf(view.may_see)},
                      {"never_see", WordsOf(view.never_see)}});
    }
    *terminal.out << list.dump(2) << "\n";
    return kExitOk;
  }
  Page page(terminal.bold);
  for (const policy::AgreementView& view : views) {
    const policy::AgreementInfo& info = policy.agreements()[static_cast<size_t>(view.agreement)];
    page.Heading(absl::StrCat(policy.AgencyName(policy.AgencySymbol(view.other_agency)),
                              ", under \"", info.title, "\"",
                              view.in_force ? "" : " (not in force)"));
    for (const std::string& words : WordsOf(view.may_see)) page.Field(2, 10, "may", words);
    for (const std::string& words : WordsOf(view.never_see)) page.Field(2, 10, "but", words);
    page.Blank();
  }
  if (views.empty())
    page.Line("No agreement: what you may see is what the rules for everyone say.");
  *terminal.out << page.text();
  return kExitOk;
}

}  // namespace

std::vector<Command> PolicyCommands() {
  const std::string codes =
      "Exit codes: 0 fine; 1 there is something to look at; 2 the command line or a file that "
      "cannot be read. No hub is asked.";
  return {
      MakeCommand(
          "policy check",
          "Reads a policy, runs its examples, proves its checks, and finds what is doubtful.",
          absl::StrCat(
              "Faults are said with line and column. What is doubtful: rules that never "
              "apply or never decide, agreements that have run out, and (which is no more "
              "than a warning, and exits 0) agreements past their review. Who sees more of "
              "the other is shown as a table.\n",
              codes),
          Check),
      MakeCommand("policy explain",
                  "Decides one question, and says why to the worker and to the auditor.",
                  absl::StrCat("QUESTION is asked as an example asks: \"personal-adviser of "
                               "northern-connexions, involved, for support-planning; contact of "
                               "youth-offending held by nortown-yot, consent refused\".\n",
                               codes),
                  Explain),
      MakeCommand("policy who-can-see",
                  "Everybody who can see a thing, under which circumstances and by which rules.",
                  absl::StrCat("THING is \"contact of youth-offending held by nortown-yot\", or "
                               "\"everything of youth-offending held by nortown-yot\".\n",
                               codes),
                  WhoCanSee),
      MakeCommand(
          "policy diff", "Who gains and who loses sight of what, over all there can be.",
          absl::StrCat("Every cell of the decision space is compared, from the first day on which "
                       "both are in force.\n",
                       codes),
          Diff),
      MakeCommand(
          "policy table", "A policy as a table, one row a statement, and back.",
          absl::StrCat("With --csv for a spreadsheet. With --import FILE is such a table, and the "
                       "policy is written: check it.\n",
                       codes),
          Table),
      MakeCommand(
          "policy format",
          "A policy in the canonical layout: its words as they are, its lines as everyone's.",
          absl::StrCat("Prints it. The file need not compile; where it does not even fall into "
                       "words, that is said and nothing is printed or changed.\n",
                       codes),
          Format),
      MakeCommand(
          "policy export cedar", "The rules in the Cedar language, for other judges.",
          absl::StrCat("What each action and each attribute of the context means stands at its "
                       "head.\n",
                       codes),
          ExportCedar),
      MakeCommand("policy agreements",
                  "What an agency may see of each other one, under which agreement.", codes,
                  Agreements),
  };
}

}  // namespace signpost::adapters::cli
