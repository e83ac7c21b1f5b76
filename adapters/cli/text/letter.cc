#include "adapters/cli/text/letter.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/statement.h"
#include "adapters/cli/text/text.h"

namespace signpost::adapters::cli {

namespace {

namespace v1 = ::signpost::v1;
namespace ledger = ::signpost::ledger::v1;

constexpr int kLetterColumns = 80;
constexpr char kTitle[] = "What Signpost holds about you";

// A part of the letter: a heading, what it says before its list, and the list.
struct Part {
  std::string heading;
  std::string opening;
  std::vector<std::string> lines;
};

// The same in every letter.
Part NotInThisLetter(const std::string& agency) {
  return {
      "What is not in this letter",
      "The law lets some things be left out of a letter like this. No letter says whether there "
      "were any, because saying so could tell somebody what should stay private. So what follows "
      "is in every letter, and does not mean that anything was left out of yours.",
      {"Names of other people, such as workers and family, where they are not given above. Their "
       "privacy counts as yours does",
       "What you may have told a service in confidence, such as a health, drugs or counselling "
       "service. Each of these answers for itself: ask it",
       "Looks that were made to keep somebody safe or to deal with a crime, where telling of them "
       "now could hurt somebody or get in the way. An officer decides about each of them, and "
       "can tell you of it later",
       "What could show where somebody lives who has to be kept safe from others. For them each "
       "agency tells only what it holds and did itself",
       "How what is held was compared with what is held about people who are like you, so that "
       "two people are not taken for one",
       absl::StrCat("What any agency but ", agency,
                    " has to decide about. Each agency decides about its own: you can ask each"),
       "What is not there any more because its time was over"}};
}

// As it is called on the papers that they know it from.
const char* NumberName(v1::IdentifierKind kind) {
  switch (kind) {
    case v1::IDENTIFIER_KIND_NHS_NUMBER:
      return "NHS number";
    case v1::IDENTIFIER_KIND_UPN:
      return "pupil number";
    case v1::IDENTIFIER_KIND_LEARNER:
      return "learner number";
    default:
      return "number";
  }
}

class Writer {
 public:
  explicit Writer(const v1::PersonExport& held) : held_(held) {
    for (const v1::AgencyName& agency : held.agency_names()) {
      if (!agency.name().empty()) names_[agency.agency_id()] = agency.name();
    }
  }

  std::vector<Part> Parts() const {
    std::vector<Part> parts = {About(), Details(), Agencies()};
    if (Part kept = Kept(); !kept.lines.empty()) parts.push_back(std::move(kept));
    // Reports that wait are spoken of where there are any; everything else is said, none or not.
    if (!held_.waiting().empty()) parts.push_back(Waiting());
    parts.push_back(Consents());
    parts.push_back(Looks());
    parts.push_back(NotInThisLetter(Name(held_.agency_id())));
    parts.push_back(
        {"What you can ask for",
         absl::StrCat(
             "You can ask ", Name(held_.agency_id()),
             " to put right what is wrong, to erase what need not be held, and to tell you "
             "why any of this was done. If you are not happy with the answer, you can "
             "complain to the Information Commissioner: ico.org.uk, telephone 0303 123 1113."),
         {}});
    return parts;
  }

 private:
  std::string Name(const std::string& agency_id) const {
    if (agency_id.empty()) return "Signpost itself";
    const auto known = names_.find(agency_id);
    return known == names_.end() ? agency_id : known->second;
  }

  Part About() const {
    std::string text = absl::StrCat(
        "Signpost is a list that agencies share. It says who works with a young person and whom to "
        "ring. It has no case notes. ",
        Name(held_.agency_id()), " looked on ", ReadableDay(held_.made_at()),
        " at what it holds about you. This letter says what ", Name(held_.agency_id()),
        " may tell you of it.");
    if (held_.shielded()) {
      absl::StrAppend(&text,
                      " There is a shield on what is held about you: fewer people can see it, and "
                      "this letter does not say where you live.");
    }
    return {"About this letter", text, {}};
  }

  Part Details() const {
    Part part{"What you are called", "Agencies reported these details of you.", {}};
    for (const v1::HeldDetails& item : held_.details()) {
      const v1::PersonDetails& details = item.details();
      std::string line = absl::StrCat(details.given_names(), " ", details.surname());
      if (details.has_birth_date()) {
        absl::StrAppend(&line, ", born ", Readable(details.birth_date()));
      }
      if (!details.gender().empty()) absl::StrAppend(&line, ", gender ", details.gender());
      if (!details.postcode().empty() && !held_.shielded()) {
        absl::StrAppend(&line, ", postcode ", details.postcode());
      }
      for (const v1::Identifier& identifier : details.identifiers()) {
        absl::StrAppend(&line, ", ", NumberName(identifier.kind()), " ", identifier.value());
      }
      part.lines.push_back(absl::StrCat(line, ": reported by ", Name(item.agency_id()), " on ",
                                        ReadableDay(item.since())));
    }
    if (part.lines.empty()) part.opening = "There are no details that this letter can tell.";
    return part;
  }

  Part Agencies() const {
    Part part{"Who works with you", "These agencies say that they work with you, or did.", {}};
    for (const v1::HeldFlag& flag : held_.flags()) {
      std::string line = absl::StrCat(
          Name(flag.agency_id()), ", for ", ReadableCode(flag.service()),
          flag.status() == v1::FLAG_STATUS_OPEN ? ": works with you" : ": worked with you");
      if (flag.has_opened_on()) absl::StrAppend(&line, " from ", Readable(flag.opened_on()));
      if (flag.has_closed_on()) absl::StrAppend(&line, " until ", Readable(flag.closed_on()));
      if (!flag.worker_role().empty()) {
        absl::StrAppend(&line, ". Your worker there is ", WithArticle(flag.worker_role()));
        if (!flag.worker_name().empty()) absl::StrAppend(&line, ", ", flag.worker_name());
      } else if (!flag.worker_name().empty()) {
        absl::StrAppend(&line, ". Your worker there is ", flag.worker_name());
      }
      if (!flag.assessment_kinds().empty()) {
        std::vector<std::string> kinds;
        for (const std::string& kind : flag.assessment_kinds()) {
          kinds.push_back(ReadableCode(kind));
        }
        absl::StrAppend(&line, ". They have these forms about you: ", JoinWords(kinds));
      }
      part.lines.push_back(line);
    }
    if (part.lines.empty()) part.opening = "There is no agency that this letter can name.";
    return part;
  }

  // By service; where agencies say nothing of how long, neither does the letter.
  Part Kept() const {
    Part part{"How long this is kept",
              "Once an agency stops working with you, that it did is put away, where only a review "
              "of what happened may read it, and then erased. The time is counted from when "
              "Signpost hears of it.",
              {}};
    std::map<std::string, std::string> by_service;
    for (const v1::HeldFlag& flag : held_.flags()) {
      if (!flag.has_kept()) continue;
      const v1::KeepingTerms& kept = flag.kept();
      std::string line = absl::StrCat(ReadableCode(flag.service()), ": put away after ",
                                      Count(kept.archived_after_months(), "month"),
                                      ", erased after ", Count(kept.erased_after_years(), "year"));
      if (kept.erased_at_age() != 0) {
        absl::StrAppend(&line, " or when you are ", kept.erased_at_age(), ", whichever is ",
                        kept.whichever() == v1::KEEPING_WHICHEVER_EARLIER ? "earlier" : "later");
      }
      if (flag.archived()) absl::StrAppend(&line, ". Some of it is put away already");
      std::string& told = by_service[flag.service()];
      if (told.empty() || flag.archived()) told = std::move(line);
    }
    for (auto& [service, line] : by_service) part.lines.push_back(std::move(line));
    return part;
  }

  static std::string Count(int number, const char* what) {
    return absl::StrCat(number, " ", what, number == 1 ? "" : "s");
  }

  Part Waiting() const {
    Part part{
        "What is not settled",
        "These agencies reported somebody who may be you or somebody else. Until it is decided, "
        "what they reported is not put together with what is held about you.",
        {}};
    for (const v1::HeldWaiting& waits : held_.waiting()) {
      part.lines.push_back(absl::StrCat(Name(waits.agency_id()), ": ", waits.reports(),
                                        waits.reports() == 1 ? " report" : " reports"));
    }
    return part;
  }

  static std::string Speaker(v1::Grantor grantor) {
    switch (grantor) {
      case v1::GRANTOR_PARENTAL_RESPONSIBILITY:
        return "A parent or carer";
      case v1::GRANTOR_COURT:
        return "A court";
      case v1::GRANTOR_AUTHORITY:
        return "The council that looks after you";
      default:
        return "You";
    }
  }
  static const char* AboutKind(v1::ConsentKind kind) {
    switch (kind) {
      case v1::CONSENT_KIND_DATA_PROTECTION_BASIS:
        return " to what is kept about you";
      case v1::CONSENT_KIND_SERVICE_AGREEMENT:
        return " to getting help";
      default:
        return " to sharing";
    }
  }

  std::string ConsentLine(const v1::HeldConsent& consent) const {
    const bool yes = consent.decision() != v1::CONSENT_DECISION_REFUSED;
    std::string line =
        absl::StrCat(Speaker(consent.grantor()), yes ? " said yes" : " said no",
                     AboutKind(consent.kind()), ", from ", ReadableDay(consent.valid_from()));
    if (consent.has_valid_until()) {
      absl::StrAppend(&line, " until ", ReadableDay(consent.valid_until()));
    }
    if (consent.ends_at_18()) absl::StrAppend(&line, ", and not past the day you turn 18");
    if (consent.has_withdrawn_at()) {
      absl::StrAppend(&line, "; it was taken back on ", ReadableDay(consent.withdrawn_at()));
    }
    if (consent.has_replaced_at()) {
      absl::StrAppend(&line, "; a later answer stands in its place from ",
                      ReadableDay(consent.replaced_at()));
    }
    absl::StrAppend(&line, ". ",
                    absl::StrJoin(CoveredSentences(consent.scope(), yes, names_), " "));
    if (!consent.only_flags().empty()) {
      std::vector<std::string> flags;
      for (const v1::ConsentedFlag& flag : consent.only_flags()) {
        flags.push_back(absl::StrCat("the ", ReadableCode(flag.service()), " work of ",
                                     Name(flag.agency_id())));
      }
      absl::StrAppend(&line, " Only about ", JoinWords(flags), ".");
    }
    if (consent.only_named_workers()) absl::StrAppend(&line, " Only for workers by name.");
    absl::StrAppend(&line, Texts(consent.texts()));
    return absl::StrCat(line, " Written down by ", Name(consent.recorded_by_agency_id()));
  }

  static std::string Texts(const v1::ConsentTexts& texts) {
    std::string text;
    const auto say = [&text](const char* what, const std::string& words) {
      if (!words.empty()) absl::StrAppend(&text, " ", what, ": \"", words, "\".");
    };
    say("Who said it", texts.grantor_name());
    say("The words used", texts.words_used());
    for (const std::string& condition : texts.conditions()) say("On condition", condition);
    say("Who else was there", texts.witness());
    say("Who interpreted", texts.interpreter());
    say("Judged able to decide about", texts.competence_decision());
    say("The worker's note", texts.note());
    say("The worker's note when it was taken back", texts.withdrawal_note());
    return text;
  }

  Part Consents() const {
    Part part{"What was agreed and refused", "These answers are written down.", {}};
    for (const v1::HeldConsent& consent : held_.consents()) {
      part.lines.push_back(ConsentLine(consent));
    }
    if (part.lines.empty()) {
      part.opening = "There is no yes and no no that this letter can tell.";
    }
    return part;
  }

  static std::string WithArticle(const std::string& role) {
    const std::string readable = ReadableCode(role);
    const bool vowel =
        !readable.empty() && std::string("aeiouAEIOU").find(readable[0]) != std::string::npos;
    return absl::StrCat(vowel ? "an " : "a ", readable);
  }

  Part Looks() const {
    Part part{
        "Who looked, and what was done",
        "The oldest first. When somebody looks, the agencies whose information they are shown "
        "may be told of it.",
        {}};
    for (const v1::HeldAccess& access : held_.accesses()) {
      std::string line = absl::StrCat(Readable(access.at()), ": ");
      absl::StrAppend(
          &line, access.role().empty()
                     ? Name(access.agency_id())
                     : absl::StrCat(WithArticle(access.role()), " of ", Name(access.agency_id())));
      if (!access.practitioner_id().empty()) {
        absl::StrAppend(&line, " (", access.practitioner_id(), ")");
      }
      absl::StrAppend(&line, " ", DoneInWords(access.kind()));
      if (access.purpose() != v1::PURPOSE_UNSPECIFIED &&
          access.kind() != ledger::ENTRY_KIND_DELIVERY) {
        absl::StrAppend(&line, ", ", PurposeInWords(access.purpose()));
      }
      if (access.items_released() > 0 && access.kind() != ledger::ENTRY_KIND_DELIVERY) {
        absl::StrAppend(&line, ", and was shown ", access.items_released(),
                        access.items_released() == 1 ? " thing" : " things");
      }
      part.lines.push_back(line);
    }
    if (part.lines.empty()) part.opening = "There is no look that this letter can tell of.";
    const bool older = std::any_of(held_.exclusions().begin(), held_.exclusions().end(),
                                   [](const v1::ExportExclusion& one) {
                                     return one.reason() == v1::EXCLUSION_REASON_TOO_MANY;
                                   });
    if (older) part.opening = absl::StrCat("There are older ones: ask for them. ", part.opening);
    return part;
  }

  const v1::PersonExport& held_;
  std::map<std::string, std::string> names_;
};

// `text` in lines of the letter's width; every line but the first behind `indent` spaces.
void Wrap(const std::string& text, const std::string& first, size_t indent, std::string* letter) {
  std::string line = first;
  bool begins = true;
  for (const absl::string_view piece : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::string word(piece);
    if (!begins && Columns(line) + 1 + Columns(word) > kLetterColumns) {
      absl::StrAppend(letter, line, "\n");
      line.assign(indent, ' ');
      begins = true;
    }
    absl::StrAppend(&line, begins ? "" : " ", word);
    begins = false;
  }
  absl::StrAppend(letter, line, "\n");
}

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(
      Cleaned(text),
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

}  // namespace

std::string DoneInWords(ledger::EntryKind kind) {
  switch (kind) {
    case ledger::ENTRY_KIND_WHO_KNOWS:
      return "asked who works with you";
    case ledger::ENTRY_KIND_FIND:
      return "looked for you";
    case ledger::ENTRY_KIND_FLAG_CHANGED:
      return "reported about its work with you";
    case ledger::ENTRY_KIND_CONSENT_RECORDED:
      return "wrote down a yes or a no";
    case ledger::ENTRY_KIND_CONSENT_WITHDRAWN:
      return "wrote down that a yes was taken back";
    case ledger::ENTRY_KIND_CONSENT_ANSWERED:
      return "said whether it knows of a yes";
    case ledger::ENTRY_KIND_CONSENTS_LISTED:
    case ledger::ENTRY_KIND_CONSENT_HISTORY_READ:
      return "read what was agreed and refused";
    case ledger::ENTRY_KIND_DELIVERY:
      return "was told that an agency's work with you began, changed or ended";
    case ledger::ENTRY_KIND_SHIELD_CHANGED:
      return "asked for a shield on what is held about you, or to have it lifted";
    case ledger::ENTRY_KIND_PERSON_EXPORTED:
      return "put together what is held about you";
    case ledger::ENTRY_KIND_OVERRIDE_REVIEWED:
      return "checked whether a look without your agreement was right";
    case ledger::ENTRY_KIND_OVERRIDES_READ:
      return "read a list of looks without agreement that you are on";
    case ledger::ENTRY_KIND_ENTRIES_SEARCHED:
      return "checked who had looked you up";
    case ledger::ENTRY_KIND_FLAGS_ENDED:
      return "put away or erased what was closed long enough ago";
    case ledger::ENTRY_KIND_ARCHIVE_REQUEST_CHANGED:
      return "asked to read, or agreed to the reading of, what is put away about you, for a review";
    case ledger::ENTRY_KIND_ARCHIVE_READ:
      return "read what is put away about you, for a review";
    case ledger::ENTRY_KIND_LEGAL_HOLD_CHANGED:
      return "said whether what is held about you must be kept for a court or an inquiry";
    case ledger::ENTRY_KIND_DEATH_CHANGED:
      return "wrote down whether you are alive";
    case ledger::ENTRY_KIND_CLOCK_TOLD:
      return "told agencies that something ends soon";
    case ledger::ENTRY_KIND_ERASED_RECORD_ANSWERED:
      return "decided that a record is of somebody new";
    default:
      return absl::StrCat("did this: ", ReadableCode(EnumWord(kind)));
  }
}

std::string LetterText(const v1::PersonExport& held) {
  std::string letter = absl::StrCat(kTitle, "\n");
  for (const Part& part : Writer(held).Parts()) {
    absl::StrAppend(&letter, "\n", Cleaned(part.heading), "\n\n");
    Wrap(Cleaned(part.opening), "", 0, &letter);
    for (const std::string& line : part.lines) {
      Wrap(absl::StrCat(Cleaned(line), "."), "- ", 2, &letter);
    }
  }
  return letter;
}

std::string LetterHtml(const v1::PersonExport& held) {
  std::string page = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      kTitle,
      "</title>\n"
      "<style>body{font:1.1em/1.5 sans-serif;max-width:42em;margin:2em auto;padding:0 1em}"
      "li{margin:.4em 0}</style>\n</head>\n<body>\n<h1>",
      kTitle, "</h1>\n");
  for (const Part& part : Writer(held).Parts()) {
    absl::StrAppend(&page, "<h2>", Escaped(part.heading), "</h2>\n<p>", Escaped(part.opening),
                    "</p>\n");
    if (part.lines.empty()) continue;
    absl::StrAppend(&page, "<ul>\n");
    for (const std::string& line : part.lines) {
      absl::StrAppend(&page, "<li>", Escaped(line), ".</li>\n");
    }
    absl::StrAppend(&page, "</ul>\n");
  }
  absl::StrAppend(&page, "</body>\n</html>\n");
  return page;
}

}  // namespace signpost::adapters::cli
