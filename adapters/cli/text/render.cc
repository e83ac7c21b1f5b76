#include "adapters/cli/text/render.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/text.h"
#include "google/protobuf/util/json_util.h"
#include "hub/base/error.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::AspectDecision;
using signpost::v1::Contact;
using signpost::v1::Coverage;
using signpost::v1::FlagView;
using signpost::v1::WhoKnowsAnswer;

constexpr int kIndent = 3;
constexpr int kColumn = 14;

std::string AspectName(signpost::v1::Aspect aspect) {
  switch (aspect) {
    case signpost::v1::ASPECT_EXISTENCE:
      return "that a service is involved";
    case signpost::v1::ASPECT_AGENCY:
      return "which agency";
    case signpost::v1::ASPECT_CONTACT:
      return "the worker";
    case signpost::v1::ASPECT_ASSESSMENT:
      return "assessments";
    case signpost::v1::ASPECT_CONTENT:
      return "content of assessments";
    default:
      return EnumWord(aspect);
  }
}

std::string Status(const FlagView& flag) {
  std::string text;
  if (flag.status() == signpost::v1::FLAG_STATUS_CLOSED) {
    text = "closed";
    if (flag.has_closed_on()) absl::StrAppend(&text, " on ", Readable(flag.closed_on()));
    if (flag.has_opened_on()) absl::StrAppend(&text, ", opened ", Readable(flag.opened_on()));
  } else {
    text = EnumWord(flag.status());
    if (flag.has_opened_on()) absl::StrAppend(&text, " since ", Readable(flag.opened_on()));
  }
  if (flag.has_confirmed_at()) {
    absl::StrAppend(&text, ", confirmed ", ReadableDay(flag.confirmed_at()));
  }
  return text;
}

std::string Whom(const Contact& contact) {
  std::vector<std::string> parts;
  for (const std::string& part :
       {contact.name(), ReadableCode(contact.role()), contact.phone(), contact.email()}) {
    if (!part.empty()) parts.push_back(part);
  }
  return absl::StrJoin(parts, ", ");
}

void AddAssessments(const FlagView& flag, Page& page) {
  std::string label = "Assessments";
  for (const signpost::v1::AssessmentPointer& assessment : flag.assessments()) {
    std::string text = ReadableCode(assessment.kind());
    if (assessment.has_assessed_on()) {
      absl::StrAppend(&text, " of ", Readable(assessment.assessed_on()));
    }
    if (assessment.sections_size() > 0) {
      absl::StrAppend(&text, ", ", assessment.sections_size(),
                      assessment.sections_size() == 1 ? " section" : " sections", " filled in");
    }
    page.Field(kIndent, kColumn, label, text);
    label.clear();
  }
}

std::string Sections(const google::protobuf::RepeatedPtrField<std::string>& sections) {
  std::vector<std::string> names;
  for (const std::string& section : sections) names.push_back(ReadableCode(section));
  return JoinWords(names);
}

void AddContent(const FlagView& flag, Page& page) {
  for (const signpost::v1::ContentView& content : flag.content()) {
    const std::string kind = ReadableCode(content.assessment_kind());
    if (content.sections_open_size() > 0) {
      page.Field(kIndent, kColumn, "Ask for",
                 absl::StrCat(kind, ": ", Sections(content.sections_open())));
    }
    if (content.sections_withheld_size() > 0) {
      page.Field(
          kIndent, kColumn, "Not open",
          absl::StrCat(kind, ": ",
                       content.sections_open_size() == 0 ? "none of its sections"
                                                         : Sections(content.sections_withheld()),
                       content.text().english().empty() ? "" : ". ", content.text().english()));
    }
  }
}

// What is shown, grouped by why; then what is not.
void AddDecisions(const FlagView& flag, Page& page) {
  using Basis = std::tuple<std::string, std::string, std::string>;
  std::vector<std::pair<Basis, std::vector<std::string>>> shown;
  std::vector<std::pair<std::string, std::vector<std::string>>> hidden;
  const auto add = [](auto& groups, const auto& key, const std::string& name) {
    for (auto& [group, names] : groups) {
      if (group != key) continue;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      return;
    }
    groups.push_back({key, {name}});
  };
  for (const AspectDecision& decision : flag.decisions()) {
    if (decision.shown()) {
      add(shown,
          Basis(decision.agreement(), ReadableGateway(decision.gateway()),
                decision.has_until() ? Readable(decision.until()) : ""),
          AspectName(decision.aspect()));
    } else {
      add(hidden, decision.text().english(), AspectName(decision.aspect()));
    }
  }
  std::string label = "Shown by";
  for (const auto& [basis, names] : shown) {
    const auto& [agreement, gateway, until] = basis;
    std::string text = gateway;
    if (!agreement.empty()) absl::StrAppend(&text, text.empty() ? "" : ", ", "\"", agreement, "\"");
    if (text.empty()) continue;
    if (!until.empty()) absl::StrAppend(&text, ", until ", until);
    if (shown.size() > 1) absl::StrAppend(&text, " (", JoinWords(names), ")");
    page.Field(kIndent, kColumn, label, text);
    label.clear();
  }
  std::set<std::string> conditions;
  for (const AspectDecision& decision : flag.decisions()) {
    for (const std::string& condition : decision.conditions()) {
      if (conditions.insert(condition).second) {
        page.Field(kIndent, kColumn, "On condition", condition);
      }
    }
  }
  label = "Withheld";
  for (const auto& [reason, names] : hidden) {
    page.Field(kIndent, kColumn, label,
               absl::StrCat(Capital(JoinWords(names)), ". ",
                            reason.empty() ? "No reason was given." : reason));
    label.clear();
  }
}

void AddFlag(int number, const FlagView& flag, Page& page) {
  page.Heading(
      absl::StrCat(number, number < 10 ? "  " : " ",
                   flag.agency_name().empty() ? flag.agency_id() : flag.agency_name(),
                   flag.service().empty() ? "" : absl::StrCat(", ", ReadableCode(flag.service()))));
  page.Field(kIndent, kColumn, "Case", Status(flag));
  if (flag.disputed()) {
    page.Field(kIndent, kColumn, "Disputed", "Somebody has challenged this. Treat it with care.");
  }
  if (flag.has_contact()) {
    const std::string whom = Whom(flag.contact());
    page.Field(kIndent, kColumn, "Ring", whom.empty() ? "The agency named nobody." : whom);
  }
  AddAssessments(flag, page);
  AddContent(flag, page);
  AddDecisions(flag, page);
  page.Blank();
}

// Withholdings that no flag's own lines have said already.
void AddWithheld(const WhoKnowsAnswer& answer, Page& page) {
  std::set<std::tuple<std::string, int, std::string>> said;
  for (const FlagView& flag : answer.flags()) {
    for (const AspectDecision& decision : flag.decisions()) {
      if (decision.shown()) continue;
      said.insert({flag.agency_id(), decision.aspect(), decision.text().english()});
    }
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const signpost::v1::Withholding& withheld : answer.withheld()) {
    const std::string& reason = withheld.text().english();
    if (!said.insert({withheld.agency_id(), withheld.aspect(), reason}).second) continue;
    std::string name = AspectName(withheld.aspect());
    if (!withheld.agency_id().empty()) {
      absl::StrAppend(&name, " (", withheld.agency_id(), ")");
    } else if (withheld.aspect() == signpost::v1::ASPECT_EXISTENCE) {
      name = "whether others are involved";
    }
    const auto found = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& group) { return group.first == reason; });
    if (found != groups.end()) {
      found->second.push_back(std::move(name));
    } else {
      groups.push_back({reason, {std::move(name)}});
    }
  }
  if (groups.empty()) return;
  page.Heading("Asked for and not shown");
  for (const auto& [reason, names] : groups) {
    page.Field(kIndent, kColumn, "Withheld", absl::StrCat(Capital(JoinWords(names)), ". ", reason));
  }
  page.Blank();
}

std::string CoverageText(const Coverage& coverage) {
  std::string text;
  switch (coverage.state()) {
    case signpost::v1::COVERAGE_STATE_HAS_FLAG:
      text = "works or worked with this young person";
      break;
    case signpost::v1::COVERAGE_STATE_HAS_NONE:
      text = "has no open record of them, by its own complete list";
      break;
    case signpost::v1::COVERAGE_STATE_NOT_SETTLED:
      text = "NOT SETTLED: it may well know them. Ask it";
      break;
    case signpost::v1::COVERAGE_STATE_NOT_CONNECTED:
      return "NOT CONNECTED: it may well know more. Ask it.";
    case signpost::v1::COVERAGE_STATE_DID_NOT_ANSWER:
      text = "DID NOT ANSWER: no answer is not no record";
      break;
    case signpost::v1::COVERAGE_STATE_NOT_YOURS_TO_KNOW:
      text = "not yours to know";
      break;
    default:
      text = EnumWord(coverage.state());
  }
  if (coverage.has_fed_until()) {
    absl::StrAppend(&text, " (list of ", ReadableDay(coverage.fed_until()), ")");
  }
  return text;
}

void AddCoverage(const WhoKnowsAnswer& answer, Page& page) {
  page.Heading("Agencies of the area");
  size_t column = 12;
  for (const Coverage& coverage : answer.coverage()) {
    const std::string& name =
        coverage.agency_name().empty() ? coverage.agency_id() : coverage.agency_name();
    column = std::max(column, static_cast<size_t>(Columns(name)) + 2);
  }
  for (const Coverage& coverage : answer.coverage()) {
    page.Field(kIndent, static_cast<int>(std::min<size_t>(column, 44)),
               coverage.agency_name().empty() ? coverage.agency_id() : coverage.agency_name(),
               CoverageText(coverage));
  }
  if (answer.coverage().empty()) page.Paragraph(kIndent, "The hub named none.");
  page.Blank();
}

void AddFoot(const WhoKnowsAnswer& answer, const signpost::v1::Receipt& receipt, Page& page) {
  if (answer.has_override()) {
    page.Heading("You have overridden");
    page.Paragraph(
        kIndent, absl::StrCat("Rule ", answer.override().rule(), ". Somebody else reviews this by ",
                              Readable(answer.override().review_due()), ".",
                              answer.override().has_until()
                                  ? absl::StrCat(" Use what it opened until ",
                                                 Readable(answer.override().until()), ".")
                                  : ""));
    page.Blank();
  }
  if (answer.override_opened_nothing()) {
    page.Heading("Your override opened nothing");
    page.Paragraph(kIndent,
                   "No rule allows it for this, or there was nothing that it could open. It is on "
                   "record that you asked, and there is nothing to review. If a child is at risk, "
                   "do not wait: ring the agencies that you know of.");
    page.Blank();
  }
  if (answer.obligations_size() > 0) {
    page.Heading("What you must do");
    for (const int obligation : answer.obligations()) {
      page.Paragraph(kIndent, ReadableObligation(obligation));
    }
    page.Blank();
  }
  page.Field(0, kIndent + kColumn, "Receipt", RenderReceipt(receipt));
}

}  // namespace

bool ObligationsUnderstood(const WhoKnowsAnswer& answer) {
  return std::all_of(answer.obligations().begin(), answer.obligations().end(),
                     [](const int obligation) { return !ReadableObligation(obligation).empty(); });
}

std::string RenderAnswer(const WhoKnowsAnswer& answer, const signpost::v1::Receipt& receipt,
                         const Asked& asked) {
  Page page(asked.bold);
  // Whom the asker may know nothing of has no id for the asker's agency either.
  page.Heading(absl::StrCat(
      "Who knows ",
      answer.agency_person_id().empty() ? "this young person" : answer.agency_person_id(), "?"));
  std::string who = asked.practitioner_id;
  if (!asked.role.empty()) absl::StrAppend(&who, ", ", ReadableCode(asked.role));
  absl::StrAppend(&who, ", ", asked.agency_id);
  if (!asked.teams.empty()) absl::StrAppend(&who, ", in ", JoinWords(asked.teams));
  page.Field(0, kIndent + kColumn, "Asked by", who);
  page.Field(0, kIndent + kColumn, "For",
             absl::StrCat(ReadableCode(EnumWord(asked.purpose)),
                          asked.override_used ? ", with a safeguarding override" : ""));
  page.Field(0, kIndent + kColumn, "Answered",
             absl::StrCat(Readable(answer.answered_at()), ", by \"", answer.policy().name(),
                          "\" version ", answer.policy().version()));
  page.Blank();
  if (!ObligationsUnderstood(answer)) {
    std::vector<std::string> unknown;
    for (const int obligation : answer.obligations()) {
      if (ReadableObligation(obligation).empty()) {
        unknown.push_back(absl::StrCat("number ", obligation));
      }
    }
    page.Paragraph(0, absl::StrCat("This answer obliges its reader to something that this program "
                                   "does not know: ",
                                   JoinWords(unknown),
                                   ". It is not shown. Ask your operator for a newer program."));
    page.Blank();
    page.Field(0, kIndent + kColumn, "Receipt", RenderReceipt(receipt));
    return page.text();
  }
  int number = 0;
  for (const FlagView& flag : answer.flags()) AddFlag(++number, flag, page);
  if (answer.flags().empty()) {
    page.Paragraph(0,
                   "No agency that you may be told of. That does not say that there is none: see "
                   "the agencies below.");
    page.Blank();
  }
  if (answer.unnamed_service_involved()) {
    page.Heading("A service that is not named is involved");
    page.Paragraph(
        kIndent, absl::StrCat(answer.contact_desk().empty()
                                  ? "Ask your information-governance officer whom to ring to be "
                                    "put in touch"
                                  : absl::StrCat("To be put in touch ring ", answer.contact_desk()),
                              ": the service hears who asks and why, and decides."));
    page.Blank();
  }
  AddWithheld(answer, page);
  AddCoverage(answer, page);
  AddFoot(answer, receipt, page);
  return page.text();
}

std::string RenderReceipt(const signpost::v1::Receipt& receipt) {
  return absl::StrCat("entry ", receipt.ledger_index(), " of ", receipt.origin(), ", ",
                      Readable(receipt.sequenced_at()), ", leaf hash ",
                      absl::BytesToHexString(receipt.leaf_hash()));
}

std::string RenderRecorded(const std::string& said, const signpost::v1::Receipt& receipt) {
  Page page;
  for (const absl::string_view line : absl::StrSplit(said, '\n', absl::SkipEmpty())) {
    page.Line(std::string(line));
  }
  page.Field(0, kIndent + kColumn, "Receipt", RenderReceipt(receipt));
  return page.text();
}

std::string RenderConsents(const signpost::v1::ConsentList& list) {
  Page page;
  if (list.consents().empty()) {
    page.Line("Nothing has been said that your agency recorded or is named in.");
  }
  for (const signpost::v1::Consent& consent : list.consents()) {
    page.Heading(consent.consent_id());
    page.Field(kIndent, kColumn, "Said",
               absl::StrCat(EnumWord(consent.decision()), consent.explicit_() ? ", explicitly" : "",
                            ", by ", ReadableCode(EnumWord(consent.grantor())), ", ",
                            ReadableCode(EnumWord(consent.evidence()))));
    std::vector<std::string> scope;
    const signpost::v1::ConsentScope& covered = consent.scope();
    const auto add = [&scope](const char* what, const auto& values) {
      if (!values.empty()) scope.push_back(absl::StrCat(what, " ", absl::StrJoin(values, ", ")));
    };
    add("services", covered.services());
    add("held by", covered.holder_agency_ids());
    add("assessments", covered.assessment_kinds());
    add("sections", covered.sections());
    add("to", covered.recipient_agency_ids());
    add("to kinds", covered.recipient_kinds());
    add("to roles", covered.recipient_roles());
    std::vector<std::string> purposes;
    for (const int purpose : covered.purposes()) {
      purposes.push_back(EnumWord(signpost::v1::Purpose_descriptor(), purpose));
    }
    add("for", purposes);
    page.Field(kIndent, kColumn, "Covers",
               scope.empty() ? "everything" : absl::StrJoin(scope, "; "));
    if (consent.has_valid_from() || consent.has_valid_until()) {
      page.Field(kIndent, kColumn, "In force",
                 absl::StrCat(consent.has_valid_from()
                                  ? absl::StrCat("from ", Readable(consent.valid_from()), " ")
                                  : "",
                              consent.has_valid_until()
                                  ? absl::StrCat("until ", Readable(consent.valid_until()))
                                  : ""));
    }
    if (consent.ends_at_18()) page.Field(kIndent, kColumn, "", "ends at 18");
    if (consent.kind() != signpost::v1::CONSENT_KIND_UNSPECIFIED &&
        consent.kind() != signpost::v1::CONSENT_KIND_SHARE_CONFIDENTIAL) {
      page.Field(kIndent, kColumn, "Kind",
                 absl::StrCat(ReadableCode(EnumWord(consent.kind())), "; it opens nothing"));
    }
    if (consent.standing() != signpost::v1::CONSENT_STANDING_UNSPECIFIED) {
      page.Field(kIndent, kColumn, "Stands", ReadableCode(EnumWord(consent.standing())));
    }
    if (consent.covers_own_flag()) {
      page.Field(kIndent, kColumn, "Covers",
                 absl::StrCat("something your agency holds; ",
                              consent.own_answer() == signpost::v1::HOLDER_ANSWER_CONFIRMED
                                  ? "your agency has confirmed it"
                              : consent.own_answer() == signpost::v1::HOLDER_ANSWER_CHALLENGED
                                  ? "your agency has challenged it, and it opens nothing of yours"
                                  : "signpost consent confirm or challenge says what you know"));
    }
    for (const std::string& condition : consent.conditions()) {
      page.Field(kIndent, kColumn, "On condition", condition);
    }
    if (!consent.supersedes().empty()) {
      page.Field(kIndent, kColumn, "In place of", consent.supersedes());
    }
    if (!consent.superseded_by().empty()) {
      page.Field(kIndent, kColumn, "Gave way to",
                 absl::StrCat(consent.superseded_by(), ", ", Readable(consent.superseded_at())));
    }
    if (consent.has_withdrawn_at()) {
      page.Field(kIndent, kColumn, "Withdrawn", Readable(consent.withdrawn_at()));
    }
  }
  return page.text();
}

namespace {

std::string Fields(const google::protobuf::RepeatedField<int>& fields) {
  std::vector<std::string> words;
  for (const int field : fields) {
    words.push_back(ReadableCode(EnumWord(signpost::v1::MatchedField_descriptor(), field)));
  }
  return absl::StrJoin(words, ", ");
}

}  // namespace

namespace {

std::string Written(const signpost::v1::ReviewedPerson& person) {
  return absl::StrCat(person.given_names(), " ", person.surname(), ", ",
                      person.has_birth_date() ? absl::StrCat("born ", Readable(person.birth_date()))
                                              : "birth date not known",
                      person.gender().empty() ? "" : ", ", ReadableCode(person.gender()));
}

std::string SideName(int number) {
  return number == 0 ? "the record" : absl::StrCat("candidate ", number);
}

}  // namespace

std::string RenderReviews(const std::vector<signpost::v1::FlagReview>& reviews) {
  Page page;
  if (reviews.empty()) page.Line("No review waits for you.");
  for (const signpost::v1::FlagReview& review : reviews) {
    page.Heading(review.review_id());
    page.Field(kIndent, kColumn, "Record", Written(review.reported()));
    page.Field(kIndent, kColumn, "Waits",
               absl::StrCat(
                   "since ", Readable(review.since()), ", ", ReadableCode(EnumWord(review.cause())),
                   ", ", ReadableCode(EnumWord(review.harm())),
                   review.overdue() ? "; OVERDUE, was due " : "; due ", Readable(review.due())));
    for (const signpost::v1::ReviewCandidate& candidate : review.candidates()) {
      page.Field(
          kIndent, kColumn, absl::StrCat("Candidate ", candidate.number()),
          absl::StrCat(Written(candidate.person()), "; agrees on ",
                       candidate.agrees().empty() ? "nothing" : Fields(candidate.agrees()),
                       "; differs on ",
                       candidate.differs().empty() ? "nothing" : Fields(candidate.differs())));
    }
    for (const signpost::v1::RecordQuestionTold& asked : review.questions()) {
      page.Field(kIndent, kColumn, "Asked",
                 absl::StrCat(SideName(asked.number()), ", ",
                              ReadableCode(EnumWord(asked.question())), ": ",
                              asked.answer() == signpost::v1::RECORD_ANSWER_UNSPECIFIED
                                  ? "no answer yet"
                                  : ReadableCode(EnumWord(asked.answer()))));
    }
    if (review.has_proposed()) {
      std::vector<std::string> sides;
      for (const int number : review.proposed().same_as()) sides.push_back(SideName(number));
      page.Field(kIndent, kColumn, "Proposed",
                 absl::StrCat("the record and ", absl::StrJoin(sides, ", "),
                              " are one; a steward of another agency has to decide the same"));
    }
  }
  return page.text();
}

std::string RenderQuestions(const std::vector<signpost::v1::WaitingRecordQuestion>& questions) {
  Page page;
  if (questions.empty()) page.Line("No question waits for your agency.");
  for (const signpost::v1::WaitingRecordQuestion& question : questions) {
    page.Field(
        0, kColumn, question.question_id(),
        absl::StrCat(question.agency_person_id(), ": ", ReadableCode(EnumWord(question.question())),
                     ", asked ", Readable(question.asked_at())));
  }
  return page.text();
}

std::string RenderAgencies(const signpost::v1::ListAgenciesResponse& response) {
  Page page;
  for (const signpost::v1::DirectoryEntry& agency : response.agencies()) {
    page.Field(0, 28, agency.agency_id(),
               absl::StrCat(agency.name(), " (", ReadableCode(agency.kind()), "), ",
                            !agency.feeds_index() ? "does not feed the index"
                            : agency.has_fed_until()
                                ? absl::StrCat("fed until ", Readable(agency.fed_until()))
                                : "has not fed the index yet"));
  }
  return page.text();
}

namespace {

std::string RenderedFlag(const signpost::v1::FlagReference& flag) {
  return absl::StrCat(flag.agency_person_id(), "  ", flag.agency_id(),
                      flag.service().empty() ? "" : ", ", ReadableCode(flag.service()));
}

// Of OverrideUsed and FlagShown: about whom, what was shown, and to whom.
template <typename Body>
std::string RenderedLook(const Body& body) {
  std::vector<std::string> shown;
  for (const int aspect : body.shown()) {
    shown.push_back(EnumWord(signpost::v1::Aspect_descriptor(), aspect));
  }
  return absl::StrCat(body.flag().agency_person_id(), "  ", absl::StrJoin(shown, ", "), " to ",
                      !body.has_viewer() ? "an agency that is not named"
                                         : absl::StrCat(body.viewer().agency_id(), " ",
                                                        body.viewer().practitioner_id(), " (",
                                                        ReadableCode(body.viewer().role()), ")"));
}

std::string EndsBecause(const signpost::v1::ConsentEnds& ends) {
  switch (ends.cause()) {
    case signpost::v1::CONSENT_END_CAUSE_SIXTEEN:
      return ", another gave it for them, and they become sixteen soon: ask them";
    case signpost::v1::CONSENT_END_CAUSE_EIGHTEEN:
      return ", another gave it for them, and they become eighteen soon: it ends, ask them";
    default:
      return absl::StrCat(", it lapses ", Readable(ends.ends_at()), ": ask them again");
  }
}

std::string RenderedBody(const signpost::v1::Notice& notice) {
  switch (notice.body_case()) {
    case signpost::v1::Notice::kFlagOpened:
      return absl::StrCat("flag opened  ", RenderedFlag(notice.flag_opened().flag()));
    case signpost::v1::Notice::kFlagClosed:
      return absl::StrCat("flag closed  ", RenderedFlag(notice.flag_closed().flag()));
    case signpost::v1::Notice::kFlagChanged:
      return absl::StrCat("flag changed  ", RenderedFlag(notice.flag_changed().flag()));
    case signpost::v1::Notice::kOverrideUsed:
      return absl::StrCat("override used  ", RenderedLook(notice.override_used()), " on ",
                          ReadableCode(EnumWord(notice.override_used().ground())), "  override ",
                          notice.override_used().override_number());
    case signpost::v1::Notice::kFlagShown:
      return absl::StrCat("shown  ", RenderedLook(notice.flag_shown()));
    case signpost::v1::Notice::kOverrideOverdue:
      return absl::StrCat("override overdue  override ",
                          notice.override_overdue().override_number(), ", review was due ",
                          Readable(notice.override_overdue().review_due()));
    case signpost::v1::Notice::kCoverChanged: {
      const signpost::v1::CoverChanged& cover = notice.cover_changed();
      return absl::StrCat(
          cover.has_until() ? "cover  " : "cover ended  ", cover.covering_practitioner_id(),
          " for ", cover.covered_practitioner_id(), cover.has_until() ? ", until " : "",
          cover.has_until() ? Readable(cover.until()) : "", "; tell them and their manager");
    }
    case signpost::v1::Notice::kConsentToConfirm:
      return absl::StrCat("consent to confirm  ", notice.consent_to_confirm().agency_person_id(),
                          "  consent ", notice.consent_to_confirm().consent_id(),
                          "; look at it, then confirm or challenge it");
    case signpost::v1::Notice::kRefusalReplaced:
      return absl::StrCat("refusal replaced  ", notice.refusal_replaced().agency_person_id(),
                          "  consent ", notice.refusal_replaced().consent_id(),
                          "; the young person has said yes since, tell whoever recorded the no");
    case signpost::v1::Notice::kOverrideReported: {
      const signpost::v1::OverrideReported& used = notice.override_reported();
      return absl::StrCat("override used by one of yours  override ", used.override_number(), ", ",
                          used.practitioner_id(), " (", ReadableCode(used.role()), ") on ",
                          ReadableCode(EnumWord(used.ground())),
                          "; tell your information-governance officer");
    }
    case signpost::v1::Notice::kShieldLifted:
      return absl::StrCat("shield lifted  ", notice.shield_lifted().agency_person_id());
    case signpost::v1::Notice::kRecordErased:
      return absl::StrCat("record erased  ", notice.record_erased().record_id(),
                          ", stop reporting it: the young person was erased");
    case signpost::v1::Notice::kRecordQuestion:
      return absl::StrCat("question  ", notice.record_question().agency_person_id(), "  ",
                          ReadableCode(EnumWord(notice.record_question().question())),
                          "  signpost question answer ", notice.record_question().question_id());
    case signpost::v1::Notice::kConsentEnds:
      return absl::StrCat("consent ends  ", notice.consent_ends().agency_person_id(), "  consent ",
                          notice.consent_ends().consent_id(), EndsBecause(notice.consent_ends()));
    case signpost::v1::Notice::kPersonDied:
      return absl::StrCat("has died  ", notice.person_died().agency_person_id(),
                          ": write to the family with care, or not at all");
    case signpost::v1::Notice::kDeathWrong:
      return absl::StrCat("has not died  ", notice.death_wrong().agency_person_id(),
                          ": what was said was wrong");
    case signpost::v1::Notice::kHoldReview:
      return absl::StrCat("hold to review  since ", Readable(notice.hold_review().review_at()),
                          ": signpost hold list");
    case signpost::v1::Notice::kRegistryChangeWaits:
      return absl::StrCat("registry change  ", notice.registry_change_waits().change_id(), "  ",
                          notice.registry_change_waits().id(),
                          "  gives a right: signpost registry changes, until ",
                          Readable(notice.registry_change_waits().expires_at()));
    case signpost::v1::Notice::kPolicyWaits:
      return absl::StrCat("policy waits  for ", notice.policy_waits().for_agency_id(),
                          ": signpost policy versions, signpost policy approve ",
                          notice.policy_waits().sha256());
    case signpost::v1::Notice::kReviewOverdue:
      return absl::StrCat("review overdue  ", notice.review_overdue().review_id(), ", was due ",
                          Readable(notice.review_overdue().due()));
    case signpost::v1::Notice::BODY_NOT_SET:
      break;
  }
  return "something that this command does not know; upgrade it";
}

}  // namespace

std::string RenderNotice(const signpost::v1::Notice& notice) {
  return Cleaned(absl::StrCat(Readable(notice.happened_at()), "  ", RenderedBody(notice))) + "\n";
}

std::string RenderOutcome(const std::string& record_id, const signpost::v1::FlagOutcome& outcome) {
  Page page;
  std::string text = ReadableCode(EnumWord(outcome.kind()));
  if (outcome.kind() == signpost::v1::FLAG_OUTCOME_KIND_RECEIVED && !outcome.has_receipt()) {
    absl::StrAppend(&text, ", as before");
  }
  if (outcome.reason() != signpost::v1::ERROR_REASON_UNSPECIFIED) {
    absl::StrAppend(
        &text, ": ",
        signpost::base::ReasonName(static_cast<signpost::base::Reason>(outcome.reason())));
  }
  page.Field(0, 20, record_id, text);
  for (const signpost::v1::RejectedField& field : outcome.fields()) {
    page.Field(4, 20, field.field(), field.description());
  }
  return page.text();
}

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  // A message of ours with strings in UTF-8 always prints; bytes that are not say so.
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  return status.ok() ? text : "{\"error\": \"the hub sent text that is not UTF-8\"}\n";
}

}  // namespace signpost::adapters::cli
