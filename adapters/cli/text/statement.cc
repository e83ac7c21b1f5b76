#include "adapters/cli/text/statement.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/text.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::Consent;
using signpost::v1::ConsentScope;

constexpr int kIndent = 3;
constexpr int kColumn = 12;

using Names = std::map<std::string, std::string>;

std::string NameOf(const Names& names, const std::string& id) {
  const auto found = names.find(id);
  return found == names.end() ? id : found->second;
}

std::string ActionInWords(int action) {
  switch (action) {
    case signpost::v1::CONSENT_ACTION_KNOW:
      return "know who works with you";
    case signpost::v1::CONSENT_ACTION_CONTACT:
      return "know which worker to ring";
    case signpost::v1::CONSENT_ACTION_KNOW_OF_ASSESSMENT:
      return "know which forms there are about you";
    case signpost::v1::CONSENT_ACTION_READ:
      return "ask what is in those forms";
    case signpost::v1::CONSENT_ACTION_RECORD:
      return "write it down in their own files";
    case signpost::v1::CONSENT_ACTION_SHARE_ONWARD:
      return "tell it to other people";
    default:
      return EnumWord(signpost::v1::ConsentAction_descriptor(), action);
  }
}

template <typename Values, typename InWords>
std::string Listed(const Values& values, InWords in_words) {
  std::vector<std::string> words;
  for (const auto& value : values) words.push_back(in_words(value));
  return JoinWords(words);
}

std::string Codes(const google::protobuf::RepeatedPtrField<std::string>& codes) {
  return Listed(codes, [](const std::string& code) { return ReadableCode(code); });
}

// One sentence for each field that narrows the scope.
std::vector<std::string> WhatSentences(const ConsentScope& scope, const Names& names) {
  std::vector<std::string> sentences;
  const auto name = [&names](const std::string& id) { return NameOf(names, id); };
  sentences.push_back(scope.holder_agency_ids().empty()
                          ? "What people who work with you know about you."
                          : absl::StrCat("What ", Listed(scope.holder_agency_ids(), name), " know",
                                         scope.holder_agency_ids_size() == 1 ? "s" : "",
                                         " about you."));
  if (!scope.services().empty()) {
    sentences.push_back(absl::StrCat("Only about this: ", Codes(scope.services()), "."));
  }
  if (!scope.assessment_kinds().empty()) {
    sentences.push_back(
        absl::StrCat("Only from this form: ", Codes(scope.assessment_kinds()), "."));
  }
  if (!scope.sections().empty()) {
    sentences.push_back(absl::StrCat("Only these parts of it: ", Codes(scope.sections()), "."));
  }
  if (!scope.flag_ids().empty()) sentences.push_back("Only the one thing that you talked about.");
  return sentences;
}

std::vector<std::string> WhoSentences(const ConsentScope& scope, const Names& names) {
  std::vector<std::string> sentences;
  if (!scope.recipient_agency_ids().empty()) {
    sentences.push_back(
        absl::StrCat("People who work for ",
                     Listed(scope.recipient_agency_ids(),
                            [&names](const std::string& id) { return NameOf(names, id); }),
                     "."));
  } else if (!scope.recipient_kinds().empty()) {
    sentences.push_back(absl::StrCat(
        "People who work for this kind of service: ", Codes(scope.recipient_kinds()), "."));
  } else {
    sentences.push_back("Anyone who works with you.");
  }
  if (!scope.recipient_roles().empty()) {
    sentences.push_back(
        absl::StrCat("Only if this is their job: ", Codes(scope.recipient_roles()), "."));
  }
  if (!scope.recipient_practitioner_ids().empty()) {
    sentences.push_back("Only the worker that you named.");
  }
  return sentences;
}

// An exception narrows by several fields at once; all of them stand in one sentence, for apart they
// would read as several exceptions.
std::string ExceptionSentence(const ConsentScope& scope, const Names& names) {
  std::vector<std::string> parts;
  const auto name = [&names](const std::string& id) { return NameOf(names, id); };
  if (!scope.holder_agency_ids().empty()) {
    parts.push_back(absl::StrCat("what ", Listed(scope.holder_agency_ids(), name), " knows"));
  }
  for (const auto* codes : {&scope.services(), &scope.assessment_kinds(), &scope.sections()}) {
    if (!codes->empty()) parts.push_back(Codes(*codes));
  }
  if (!scope.recipient_agency_ids().empty()) {
    parts.push_back(absl::StrCat("people of ", Listed(scope.recipient_agency_ids(), name)));
  }
  for (const auto* codes : {&scope.recipient_kinds(), &scope.recipient_roles()}) {
    if (!codes->empty()) parts.push_back(absl::StrCat("people of ", Codes(*codes)));
  }
  if (!scope.purposes().empty()) parts.push_back(Listed(scope.purposes(), PurposeInWords));
  if (!scope.actions().empty()) {
    parts.push_back(absl::StrCat("to ", Listed(scope.actions(), ActionInWords)));
  }
  return absl::StrCat("But not this: ", JoinWords(parts), ".");
}

std::vector<std::string> WhatAndExceptions(const ConsentScope& scope, bool yes,
                                           const Names& names) {
  std::vector<std::string> what = WhatSentences(scope, names);
  if (!scope.actions().empty()) {
    what.push_back(absl::StrCat(yes ? "They may " : "They may not ",
                                Listed(scope.actions(), ActionInWords), "."));
  }
  for (const ConsentScope& exception : scope.exceptions()) {
    what.push_back(ExceptionSentence(exception, names));
  }
  return what;
}

std::string WhySentence(const ConsentScope& scope, bool yes) {
  if (scope.purposes().empty()) return yes ? "For their work with you." : "Whatever the reason.";
  return absl::StrCat(Capital(Listed(scope.purposes(), PurposeInWords)), ".");
}

std::string Joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) {
    absl::StrAppend(&text, text.empty() ? "" : " ", sentence);
  }
  return text;
}

std::string SpeakerOf(const Consent& consent, bool yes) {
  const std::string said = yes ? " said yes" : " said no";
  switch (consent.grantor()) {
    case signpost::v1::GRANTOR_PARENTAL_RESPONSIBILITY:
      return absl::StrCat(
          consent.grantor_name().empty() ? "A parent or carer" : consent.grantor_name(), said);
    case signpost::v1::GRANTOR_COURT:
      return absl::StrCat("A court", said);
    case signpost::v1::GRANTOR_AUTHORITY:
      return absl::StrCat("The council that looks after you", said);
    default:
      return absl::StrCat("You", said);
  }
}

std::string AboutKind(signpost::v1::ConsentKind kind) {
  switch (kind) {
    case signpost::v1::CONSENT_KIND_DATA_PROTECTION_BASIS:
      return " to what is kept about you";
    case signpost::v1::CONSENT_KIND_SERVICE_AGREEMENT:
      return " to getting this help";
    default:
      return " to sharing";
  }
}

// The day on which `time` begins or has just ended, as people count days.
std::string LastDay(const google::protobuf::Timestamp& time) {
  google::protobuf::Timestamp before = time;
  before.set_seconds(time.seconds() - 1);
  return ReadableDay(before);
}

void AddConsent(int number, const Consent& consent, const Names& names, Page& page) {
  const bool yes = consent.decision() == signpost::v1::CONSENT_DECISION_GIVEN;
  const ConsentScope& scope = consent.scope();
  page.Heading(absl::StrCat(number, ". ", SpeakerOf(consent, yes), AboutKind(consent.kind())));
  page.Field(kIndent, kColumn, "What", Joined(WhatAndExceptions(scope, yes, names)));
  page.Field(kIndent, kColumn, yes ? "Who sees it" : "Not for", Joined(WhoSentences(scope, names)));
  page.Field(kIndent, kColumn, "Why", WhySentence(scope, yes));
  std::string when;
  if (consent.standing() == signpost::v1::CONSENT_STANDING_NOT_YET) {
    when = absl::StrCat("It starts on ", ReadableDay(consent.valid_from()), ". ");
  }
  if (consent.has_valid_until()) {
    absl::StrAppend(&when, "The last day is ", LastDay(consent.valid_until()), ".",
                    yes ? " Then it stops by itself." : "");
  } else {
    absl::StrAppend(&when, "It goes on until you say something else.");
  }
  if (consent.ends_at_18()) absl::StrAppend(&when, " It never goes on past the day you turn 18.");
  page.Field(kIndent, kColumn, "Until", when);
  for (const std::string& condition : consent.conditions()) {
    page.Field(kIndent, kColumn, "You asked", condition);
  }
  if (!consent.words_used().empty()) {
    page.Field(kIndent, kColumn, "Your words", absl::StrCat("\"", consent.words_used(), "\""));
  }
  page.Blank();
}

}  // namespace

std::string PurposeInWords(int purpose) {
  switch (purpose) {
    case signpost::v1::PURPOSE_ASSESSMENT:
      return "to find out what help you need";
    case signpost::v1::PURPOSE_SUPPORT_PLANNING:
      return "to plan help for you";
    case signpost::v1::PURPOSE_SAFEGUARDING:
      return "to keep you safe";
    case signpost::v1::PURPOSE_YOUTH_JUSTICE:
      return "to help you keep out of trouble and do what the court said";
    case signpost::v1::PURPOSE_SERVICE_DELIVERY:
      return "to do their own work with you";
    case signpost::v1::PURPOSE_REFERRAL:
      return "to ask others to help you";
    case signpost::v1::PURPOSE_CAREER_GUIDANCE:
      return "to help you choose work or training";
    case signpost::v1::PURPOSE_HOUSING:
      return "to help you with a home";
    case signpost::v1::PURPOSE_EMPLOYMENT:
      return "to help you with a job";
    case signpost::v1::PURPOSE_EDUCATION_ADMISSION:
      return "to help you get into a school or college";
    case signpost::v1::PURPOSE_AUDIT:
      return "to check that rules were kept";
    default:
      return EnumWord(signpost::v1::Purpose_descriptor(), purpose);
  }
}

std::vector<std::string> CoveredSentences(const ConsentScope& scope, bool yes, const Names& names) {
  std::vector<std::string> sentences = WhatAndExceptions(scope, yes, names);
  for (std::string& sentence : WhoSentences(scope, names)) {
    sentences.push_back(yes ? std::move(sentence) : absl::StrCat("Not for: ", sentence));
  }
  sentences.push_back(WhySentence(scope, yes));
  return sentences;
}

std::string RenderStatement(const signpost::v1::ConsentList& list, const Names& names,
                            const std::string& consent_id) {
  Page page;
  page.Heading("What you said about sharing");
  if (list.has_answered_at()) {
    page.Line(
        absl::StrCat("Printed on ", ReadableDay(list.answered_at()), ". This is yours to keep."));
  }
  page.Blank();
  int number = 0;
  for (const Consent& consent : list.consents()) {
    if (!consent_id.empty() && !absl::EqualsIgnoreCase(consent.consent_id(), consent_id)) continue;
    if (consent.standing() != signpost::v1::CONSENT_STANDING_IN_FORCE &&
        consent.standing() != signpost::v1::CONSENT_STANDING_NOT_YET) {
      continue;
    }
    AddConsent(++number, consent, names, page);
  }
  if (number == 0) {
    page.Paragraph(0, "There is no yes and no no of yours here that counts today.");
    page.Blank();
  }
  page.Heading("You can change your mind");
  page.Paragraph(
      kIndent,
      "You can change your mind at any time. You do not have to say why. Tell your worker, "
      "or ask someone you trust to tell them. Your worker writes it down, and the sharing "
      "stops at once. We cannot take back what people have seen before.");
  page.Paragraph(kIndent,
                 "There are times when people must talk to each other to keep someone safe. They "
                 "must write down why, and someone else checks it.");
  page.Paragraph(
      kIndent,
      "If you do not understand this page, ask. You can have it read to you. You can ask "
      "who has looked at what is held about you.");
  return page.text();
}

}  // namespace signpost::adapters::cli
