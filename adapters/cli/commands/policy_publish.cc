// policy propose, approve, withdraw, versions, text, whatif, ask, ask agreements: the policy at a
// hub. What works on files alone is in policy.cc.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "signpost/v1/policy.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::PolicyService;

// What the hub takes (docs/operating.md, Limits).
constexpr size_t kProposalBytesMax = 1'000'000;
constexpr int kPreviewDaysMax = 90;

struct ProposeOptions : HubOptions {
  std::string file;
  void Declare(CLI::App* app) { AddPositional(app, "FILE", &file); }
};

// Of one policy that waits.
struct ShaOptions : HubOptions {
  std::string sha256;
  void Declare(CLI::App* app) { AddPositional(app, "SHA256", &sha256); }
};

struct TextOptions : HubOptions {
  std::string sha256;
  std::string out;
  void Declare(CLI::App* app) {
    AddText(app, "--sha256", "SHA256", "Which; the one in force when left out.", &sha256);
    AddText(app, "--out", "FILE", "Write it there.", &out);
  }
};

struct WhatIfOptions : HubOptions {
  std::string file;
  std::optional<uint64_t> days;
  void Declare(CLI::App* app) {
    AddPositional(app, "FILE", &file);
    AddNumber(app, "--days", "N",
              "Also over the questions recorded in the last N days, at most 90.", &days,
              {0, kPreviewDaysMax});
  }
};

struct AskOptions : HubOptions {
  std::string purpose;
  std::string of;
  std::string assessment;
  bool involved = false;
  bool team_involved = false;
  std::string consent;
  bool necessity = false;
  bool closed = false;
  bool shielded = false;
  void Declare(CLI::App* app) {
    AddText(app, "--purpose", "PURPOSE", "For what; support-planning, safeguarding and so on.",
            &purpose);
    AddText(app, "--of", "AGENCY", "Of which agency; all when left out.", &of);
    AddText(app, "--assessment", "KIND", "Of which kind of assessment to tell the sections.",
            &assessment);
    AddSwitch(app, "--involved", "As if your agency worked with the young person.", &involved);
    AddSwitch(app, "--team-involved", "As if a team of yours did.", &team_involved);
    AddText(app, "--consent", "WORD", "As if they had said: given, explicit, refused or withdrawn.",
            &consent);
    AddSwitch(app, "--necessity", "As if you said why it is necessary.", &necessity);
    AddSwitch(app, "--closed", "As if the other agency had closed its case.", &closed);
    AddSwitch(app, "--shielded", "As if they were shielded.", &shielded);
  }
};

struct AskAgreementsOptions : HubOptions {
  std::string with;
  void Declare(CLI::App* app) {
    AddText(app, "--with", "AGENCY", "With which agency; all when left out.", &with);
  }
};

// A call's outcome on its way to the screen: the exit code when it is over already.
struct Called {
  bool good = false;
  int code = kExitOk;
};

// Opens a session and makes one call as the practitioner of the profile.
template <typename Call>
Called AtHub(Terminal& terminal, const HubOptions& options, const std::string& purpose,
             absl::Duration deadline, const std::string& what, Call call) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return {false, FailHere(terminal, session.status())};
  grpc::ClientContext context;
  const absl::Status prepared = (*session)->Prepare(purpose, deadline, &context);
  if (!prepared.ok()) return {false, FailHere(terminal, prepared)};
  const auto stub = PolicyService::NewStub((*session)->channel());
  const grpc::Status status = call(**session, *stub, &context);
  if (!status.ok()) return {false, FailCall(terminal, what, status)};
  return {true, kExitOk};
}

std::string Signer(const signpost::v1::PolicySigner& signer) {
  return absl::StrCat(signer.agency_id(), "/", signer.practitioner_id(), ", ",
                      Readable(signer.at()));
}

void ShowPolicy(const signpost::v1::PolicySummary& policy, Page* page) {
  page->Heading(absl::StrCat(policy.title(), ", version ", policy.version()));
  page->Field(2, 18, "state", ReadableCode(EnumWord(policy.state())));
  page->Field(2, 18, "SHA-256", policy.sha256());
  page->Field(2, 18, "decides from", ReadableDay(policy.in_force_from()));
  if (policy.has_proposed_by()) page->Field(2, 18, "proposed by", Signer(policy.proposed_by()));
  for (const signpost::v1::PolicySigner& approval : policy.approvals()) {
    page->Field(2, 18, "approved by", Signer(approval));
  }
  if (policy.has_published_at()) {
    page->Field(2, 18, "published", Readable(policy.published_at()));
  } else if (policy.state() == signpost::v1::POLICY_STATE_PROPOSED) {
    for (const signpost::v1::PolicyHearing& hearing : policy.hearings()) {
      page->Field(2, 18, hearing.agency_id(),
                  hearing.has_approved_by()
                      ? absl::StrCat("approved by ", Signer(hearing.approved_by()))
                  : hearing.deputy_agency_id().empty()
                      ? "has not approved, and has named no deputy"
                      : absl::StrCat("has not approved; from ", ReadableDay(hearing.deputy_from()),
                                     " on ", hearing.deputy_agency_id(), " may for it"));
      for (const std::string& why : hearing.shows_more()) page->Paragraph(4, why);
    }
    for (const std::string& lacking : policy.lacks()) page->Field(2, 18, "still needed", lacking);
    page->Field(2, 18, "to approve it", absl::StrCat("signpost policy approve ", policy.sha256()));
  }
}

void ShowDiagnostics(
    const google::protobuf::RepeatedPtrField<signpost::v1::PolicyDiagnostic>& diagnostics,
    const std::string& path, Page* page) {
  for (const signpost::v1::PolicyDiagnostic& diagnostic : diagnostics) {
    page->Paragraph(
        0, absl::StrCat(path, ":", diagnostic.line(), ":", diagnostic.column(), ": ",
                        diagnostic.message(),
                        diagnostic.suggestion().empty()
                            ? ""
                            : absl::StrCat("; did you mean '", diagnostic.suggestion(), "'?")));
  }
}

int Propose(Terminal& terminal, const ProposeOptions& options) {
  const std::string& path = options.file;
  const auto text = ReadBytes(path, kProposalBytesMax);
  if (!text.ok()) return FailHere(terminal, text.status());
  signpost::v1::ProposePolicyResponse response;
  const Called called =
      AtHub(terminal, options, kPurposeOfKeeping, kCallDeadline, "policy propose",
            [&](Session& session, PolicyService::Stub& stub, grpc::ClientContext* context) {
              signpost::v1::ProposePolicyRequest request;
              request.set_request_id(session.NewRequestId());
              request.set_text(*text);
              return stub.ProposePolicy(context, request, &response);
            });
  if (!called.good) return called.code;
  if (options.json) {
    *terminal.out << Json(response);
    return response.accepted() ? kExitOk : kExitRefused;
  }
  Page page(terminal.bold);
  if (!response.accepted()) {
    ShowDiagnostics(response.diagnostics(), path, &page);
    *terminal.err << page.text();
    return kExitRefused;
  }
  ShowPolicy(response.policy(), &page);
  for (const std::string& change : response.changes()) page.Paragraph(2, change);
  *terminal.out << page.text();
  return kExitOk;
}

int Approve(Terminal& terminal, const ShaOptions& options) {
  signpost::v1::ApprovePolicyResponse response;
  const Called called =
      AtHub(terminal, options, kPurposeOfKeeping, kCallDeadline, "policy approve",
            [&](Session& session, PolicyService::Stub& stub, grpc::ClientContext* context) {
              signpost::v1::ApprovePolicyRequest request;
              request.set_request_id(session.NewRequestId());
              request.set_sha256(options.sha256);
              return stub.ApprovePolicy(context, request, &response);
            });
  if (!called.good) return called.code;
  Page page(terminal.bold);
  ShowPolicy(response.policy(), &page);
  *terminal.out << (options.json ? Json(response) : page.text());
  return kExitOk;
}

int Withdraw(Terminal& terminal, const ShaOptions& options) {
  signpost::v1::WithdrawPolicyResponse response;
  const Called called =
      AtHub(terminal, options, kPurposeOfKeeping, kCallDeadline, "policy withdraw",
            [&](Session& session, PolicyService::Stub& stub, grpc::ClientContext* context) {
              signpost::v1::WithdrawPolicyRequest request;
              request.set_request_id(session.NewRequestId());
              request.set_sha256(options.sha256);
              return stub.WithdrawPolicy(context, request, &response);
            });
  if (!called.good) return called.code;
  Page page(terminal.bold);
  ShowPolicy(response.policy(), &page);
  *terminal.out << (options.json ? Json(response) : page.text());
  return kExitOk;
}

int Versions(Terminal& terminal, const NoOptions<HubOptions>& options) {
  signpost::v1::ListPoliciesResponse response;
  do {
    signpost::v1::ListPoliciesRequest request;
    request.set_page_token(response.next_page_token());
    signpost::v1::ListPoliciesResponse next;
    const Called called =
        AtHub(terminal, options, kPurposeOfKeeping, kCallDeadline, "policy versions",
              [&](Session&, PolicyService::Stub& stub, grpc::ClientContext* context) {
                return stub.ListPolicies(context, request, &next);
              });
    if (!called.good) return called.code;
    response.clear_next_page_token();
    response.MergeFrom(next);
  } while (!response.next_page_token().empty());
  Page page(terminal.bold);
  for (const signpost::v1::PolicySummary& policy : response.policies()) ShowPolicy(policy, &page);
  if (response.policies().empty()) page.Line("No policy was ever proposed here.");
  *terminal.out << (options.json ? Json(response) : page.text());
  return kExitOk;
}

int Text(Terminal& terminal, const TextOptions& options) {
  signpost::v1::GetPolicyResponse response;
  const Called called =
      AtHub(terminal, options, kPurposeOfKeeping, kCallDeadline, "policy text",
            [&](Session&, PolicyService::Stub& stub, grpc::ClientContext* context) {
              signpost::v1::GetPolicyRequest request;
              request.set_sha256(options.sha256);
              return stub.GetPolicy(context, request, &response);
            });
  if (!called.good) return called.code;
  if (options.json) {
    *terminal.out << Json(response);
  } else if (!options.out.empty()) {
    const absl::Status written = WriteBytes(options.out, response.text());
    if (!written.ok()) return FailHere(terminal, written);
  } else {
    *terminal.out << response.text();
  }
  return kExitOk;
}

std::string CountWords(uint64_t count, bool few) { return few ? "1 to 4" : absl::StrCat(count); }

void ShowCounts(const google::protobuf::RepeatedPtrField<signpost::v1::PreviewCount>& counts,
                Page* page) {
  if (counts.empty()) page->Line("  Nobody would see more, and nobody less.");
  for (const signpost::v1::PreviewCount& count : counts) {
    page->Field(2, 44,
                absl::StrCat(count.asker_kind(), " of ", count.holder_kind(), ": ",
                             EnumWord(count.aspect())),
                absl::StrCat(CountWords(count.gains(), count.few_gains()), " more, ",
                             CountWords(count.losses(), count.few_losses()), " less"));
  }
}

int WhatIf(Terminal& terminal, const WhatIfOptions& options) {
  const std::string& path = options.file;
  const auto text = ReadBytes(path, kProposalBytesMax);
  if (!text.ok()) return FailHere(terminal, text.status());
  const auto days = static_cast<int32_t>(options.days.value_or(0));
  signpost::v1::PreviewReport report;
  bool has_report = false;
  const Called called =
      AtHub(terminal, options, kPurposeOfKeeping, kStreamDeadline, "policy whatif",
            [&](Session& session, PolicyService::Stub& stub, grpc::ClientContext* context) {
              signpost::v1::PreviewPolicyRequest request;
              request.set_request_id(session.NewRequestId());
              request.set_text(*text);
              request.set_recorded_days(days);
              const auto stream = stub.PreviewPolicy(context, request);
              signpost::v1::PreviewPolicyResponse response;
              while (stream->Read(&response)) {
                if (!response.has_report()) continue;
                report = response.report();
                has_report = true;
              }
              return stream->Finish();
            });
  if (!called.good) return called.code;
  if (!has_report) {
    return FailHere(terminal, absl::InternalError("the hub ended without a report; try again"));
  }
  const bool compiled = report.diagnostics().empty();
  if (options.json) {
    *terminal.out << Json(report);
    return compiled ? kExitOk : kExitRefused;
  }
  Page page(terminal.bold);
  if (!compiled) {
    ShowDiagnostics(report.diagnostics(), path, &page);
    *terminal.err << page.text();
    return kExitRefused;
  }
  page.Heading(absl::StrCat("Over ", report.people(), " people in the index"));
  ShowCounts(report.changes(), &page);
  if (days > 0) {
    page.Heading(absl::StrCat("Over ", report.questions(), " questions of the last ", days,
                              " days, on the facts of today"));
    ShowCounts(report.question_changes(), &page);
  }
  *terminal.out << page.text();
  return kExitOk;
}

int Ask(Terminal& terminal, const AskOptions& options) {
  signpost::v1::ExplainRequest request;
  if (options.purpose.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError(
                                  "say for what: --purpose support-planning, or another"));
  }
  const auto purpose = EnumFromWord<signpost::v1::Purpose>(options.purpose);
  if (!purpose.ok()) return FailHere(terminal, purpose.status());
  request.set_purpose(*purpose);
  if (!options.consent.empty()) {
    const auto consent = EnumFromWord<signpost::v1::AssumedConsent>(options.consent);
    if (!consent.ok()) return FailHere(terminal, consent.status());
    request.set_consent(*consent);
  }
  request.set_holder_agency_id(options.of);
  request.set_assessment_kind(options.assessment);
  request.set_involved(options.involved);
  request.set_team_involved(options.team_involved);
  request.set_necessity_stated(options.necessity);
  request.set_closed(options.closed);
  request.set_shielded(options.shielded);
  signpost::v1::ExplainResponse response;
  const Called called =
      AtHub(terminal, options, options.purpose, kCallDeadline, "policy ask",
            [&](Session& session, PolicyService::Stub& stub, grpc::ClientContext* context) {
              request.set_request_id(session.NewRequestId());
              return stub.Explain(context, request, &response);
            });
  if (!called.good) return called.code;
  if (options.json) {
    *terminal.out << Json(response);
    return kExitOk;
  }
  Page page(terminal.bold);
  for (const signpost::v1::ExplainedHolder& holder : response.holders()) {
    page.Heading(absl::StrCat(holder.agency_name(), ": ", ReadableCode(holder.service())));
    for (const signpost::v1::ExplainedAspect& aspect : holder.aspects()) {
      std::string said = EnumWord(aspect.sight());
      if (aspect.gateway() != signpost::v1::GATEWAY_UNSPECIFIED) {
        absl::StrAppend(&said, ": ", ReadableGateway(aspect.gateway()));
      }
      if (!aspect.agreement().empty()) absl::StrAppend(&said, ", under ", aspect.agreement());
      if (!aspect.text().english().empty()) {
        absl::StrAppend(&said, ". ", aspect.text().english());
      }
      page.Field(2, 14, EnumWord(aspect.aspect()), said);
      for (const signpost::v1::WayToOpen& way : aspect.would_open()) {
        page.Field(4, 12, "would open:", way.english());
      }
    }
    for (const signpost::v1::ExplainedAssessment& assessment : holder.assessments()) {
      page.Field(2, 14, assessment.assessment_kind(),
                 assessment.sections_open().empty()
                     ? "no section may be asked for"
                     : absl::StrCat("may be asked for: ",
                                    absl::StrJoin(assessment.sections_open(), ", ")));
    }
  }
  page.Blank();
  page.Paragraph(0, absl::StrCat("Policy version ", response.policy_version(),
                                 ". This is about nobody in particular: whether anybody works with "
                                 "a young person it does not say."));
  *terminal.out << page.text();
  return kExitOk;
}

int AskAgreements(Terminal& terminal, const AskAgreementsOptions& options) {
  signpost::v1::ListAgreementsResponse response;
  do {
    signpost::v1::ListAgreementsRequest request;
    request.set_other_agency_id(options.with);
    request.set_page_token(response.next_page_token());
    signpost::v1::ListAgreementsResponse next;
    const Called called =
        AtHub(terminal, options, kPurposeOfKeeping, kCallDeadline, "policy ask agreements",
              [&](Session& session, PolicyService::Stub& stub, grpc::ClientContext* context) {
                request.set_request_id(session.NewRequestId());
                return stub.ListAgreements(context, request, &next);
              });
    if (!called.good) return called.code;
    response.clear_next_page_token();
    response.MergeFrom(next);
  } while (!response.next_page_token().empty());
  if (options.json) {
    *terminal.out << Json(response);
    return kExitOk;
  }
  Page page(terminal.bold);
  for (const signpost::v1::AgreementTerms& terms : response.agreements()) {
    page.Heading(absl::StrCat(terms.other_agency_name(),
                              terms.title().empty() ? "" : absl::StrCat(": ", terms.title()),
                              terms.in_force() ? "" : " (not in force)"));
    if (terms.has_from()) {
      page.Field(2, 14, "from, until",
                 absl::StrCat(ReadableDay(terms.from()), ", ", ReadableDay(terms.until()),
                              "; to be looked at again ", ReadableDay(terms.review())));
    }
    for (const signpost::v1::AgreementStatement& one : terms.may_see()) {
      page.Field(2, 14, "may see", one.english());
    }
    for (const signpost::v1::AgreementStatement& one : terms.never_see()) {
      page.Field(2, 14, "never", one.english());
    }
  }
  if (response.agreements().empty()) page.Line("Your agency has no agreement with anybody here.");
  *terminal.out << page.text();
  return kExitOk;
}

}  // namespace

std::vector<Command> PolicyPublishCommands() {
  return {
      MakeCommand(
          "policy propose", "Puts a policy up for approval.",
          "It must compile against the registry of the hub, and be of a higher version than "
          "the one in force. Two others approve it.",
          Propose),
      MakeCommand("policy approve",
                  "Approves a policy that waits; the last approval puts it in force.",
                  "SHA256 is what policy propose and policy versions say. Read the text first: "
                  "policy text.",
                  Approve),
      MakeCommand("policy withdraw", "Takes back a policy that waits.", "", Withdraw),
      MakeCommand("policy versions", "The policies that wait, decide or decided.", "", Versions),
      MakeCommand("policy text", "The text of a policy, as it was proposed.", "", Text),
      MakeCommand("policy whatif",
                  "What a draft would change for the people in the index, counted.",
                  "For whoever may propose. Counts of 1 to 4 are not told.", WhatIf),
      MakeCommand("policy ask",
                  "What you might see of other agencies' work, under what, and what is missing.",
                  "About nobody: say what to assume of the young person.", Ask),
      MakeCommand("policy ask agreements", "Your agency's agreements with others, in plain words.",
                  "", AskAgreements),
  };
}

}  // namespace signpost::adapters::cli
