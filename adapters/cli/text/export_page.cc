#include "adapters/cli/text/export_page.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/statement.h"
#include "adapters/cli/text/text.h"

namespace signpost::adapters::cli {
namespace {

constexpr int kIndent = 3;
constexpr int kColumn = 14;

// Why something is left out, to the officer.
std::string WhyLeftOut(signpost::v1::ExclusionReason reason) {
  switch (reason) {
    case signpost::v1::EXCLUSION_REASON_THIRD_PARTY:
      return "names somebody else (Data Protection Act 2018, Schedule 2, paragraph 16)";
    case signpost::v1::EXCLUSION_REASON_SENSITIVE_SERVICE:
      return "tells of a sensitive service, which answers for itself";
    case signpost::v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION:
      return "a look to protect somebody or for youth justice, with all that tells of it "
             "(Schedule 2, paragraph 2; Schedule 3, paragraphs 5, 11 and 19)";
    case signpost::v1::EXCLUSION_REASON_NO_LONGER_KEPT:
      return "past its retention: only its hash is kept";
    case signpost::v1::EXCLUSION_REASON_TOO_MANY:
      return "accesses older than those told: --before-entry with the number of the oldest told";
    case signpost::v1::EXCLUSION_REASON_SHIELDED:
      return "what other agencies hold and did while somebody is shielded: it may say where they "
             "are";
    case signpost::v1::EXCLUSION_REASON_COMPARED:
      return "how stewards compared what is held with what is held about somebody like them";
    default:
      return ReadableCode(EnumWord(reason));
  }
}

std::string WhoDecides(signpost::v1::ExclusionDecider decider) {
  switch (decider) {
    case signpost::v1::EXCLUSION_DECIDER_YOU:
      return "you decide";
    case signpost::v1::EXCLUSION_DECIDER_THEIR_AGENCY:
      return "an officer of the agency whose it is decides, in an export of their own";
    default:
      return "told to nobody";
  }
}

// One look in a line, to the officer.
std::string LookText(const signpost::v1::HeldAccess& access) {
  std::string text = absl::StrCat(ReadableCode(EnumWord(access.kind())), ", ", access.agency_id());
  if (!access.role().empty()) absl::StrAppend(&text, ", a ", ReadableCode(access.role()));
  if (!access.practitioner_id().empty())
    absl::StrAppend(&text, " (", access.practitioner_id(), ")");
  if (access.purpose() != signpost::v1::PURPOSE_UNSPECIFIED) {
    absl::StrAppend(&text, ", for ", ReadableCode(EnumWord(access.purpose())));
  }
  if (access.items_released() > 0) {
    absl::StrAppend(&text, "; ", access.items_released(),
                    access.items_released() == 1 ? " item shown" : " items shown");
  }
  return absl::StrCat(text, " (entry ", access.entry_index(), ")");
}

std::string Covered(const signpost::v1::PersonExport& held,
                    const signpost::v1::HeldConsent& consent) {
  std::map<std::string, std::string> names;
  for (const signpost::v1::AgencyName& agency : held.agency_names()) {
    names[agency.agency_id()] = agency.name();
  }
  return absl::StrJoin(
      CoveredSentences(consent.scope(),
                       consent.decision() != signpost::v1::CONSENT_DECISION_REFUSED, names),
      " ");
}

}  // namespace

std::string RenderExport(const signpost::v1::PersonExport& held) {
  Page page;
  page.Heading(absl::StrCat("What is held, ", Readable(held.made_at())));
  if (held.shielded()) page.Line("A shield stands.");
  for (const signpost::v1::HeldDetails& item : held.details()) {
    const signpost::v1::PersonDetails& details = item.details();
    std::string text = absl::StrCat(details.given_names(), " ", details.surname());
    if (details.has_birth_date()) {
      absl::StrAppend(&text, ", born ", Readable(details.birth_date()));
    }
    if (!details.postcode().empty()) absl::StrAppend(&text, ", ", details.postcode());
    for (const signpost::v1::Identifier& identifier : details.identifiers()) {
      absl::StrAppend(&text, ", ", ReadableCode(EnumWord(identifier.kind())), " ",
                      identifier.value());
    }
    page.Field(kIndent, kColumn, "Details",
               absl::StrCat(text, " (", item.agency_id(), ", since ", Readable(item.since()), ")"));
  }
  for (const signpost::v1::HeldFlag& flag : held.flags()) {
    std::string text = absl::StrCat(flag.agency_id(), ", ", ReadableCode(flag.service()), ", ",
                                    ReadableCode(EnumWord(flag.status())));
    if (flag.has_opened_on()) absl::StrAppend(&text, " from ", Readable(flag.opened_on()));
    if (flag.has_closed_on()) absl::StrAppend(&text, " until ", Readable(flag.closed_on()));
    if (!flag.worker_role().empty())
      absl::StrAppend(&text, "; a ", ReadableCode(flag.worker_role()));
    if (!flag.worker_name().empty()) absl::StrAppend(&text, "; ", flag.worker_name());
    if (!flag.assessment_kinds().empty()) {
      absl::StrAppend(&text, "; assessments: ", absl::StrJoin(flag.assessment_kinds(), ", "));
    }
    page.Field(kIndent, kColumn, "Known to", text);
  }
  for (const signpost::v1::HeldConsent& consent : held.consents()) {
    std::string text = absl::StrCat(ReadableCode(EnumWord(consent.decision())), " by ",
                                    ReadableCode(EnumWord(consent.grantor())), " from ",
                                    Readable(consent.valid_from()));
    if (consent.has_valid_until()) {
      absl::StrAppend(&text, " until ", Readable(consent.valid_until()));
    }
    if (consent.has_withdrawn_at()) {
      absl::StrAppend(&text, "; taken back ", Readable(consent.withdrawn_at()));
    }
    if (consent.has_replaced_at()) {
      absl::StrAppend(&text, "; replaced ", Readable(consent.replaced_at()));
    }
    page.Field(kIndent, kColumn, "Consent",
               absl::StrCat(text, "; recorded by ", consent.recorded_by_agency_id(), ". ",
                            Covered(held, consent)));
  }
  for (const signpost::v1::HeldWaiting& waits : held.waiting()) {
    page.Field(kIndent, kColumn, "Not settled",
               absl::StrCat(waits.agency_id(), ": ", waits.reports(),
                            waits.reports() == 1 ? " report that may be" : " reports that may be",
                            " about them"));
  }
  page.Blank();
  page.Heading("Who looked, and what was done");
  for (const signpost::v1::HeldAccess& access : held.accesses()) {
    page.Field(kIndent, 26, Readable(access.at()), LookText(access));
  }
  if (held.accesses().empty()) page.Line("Nobody, that may be told.");
  return page.text();
}

std::string RenderExclusions(const signpost::v1::PersonExport& held) {
  Page page;
  page.Heading("For you, not for them: what you may include");
  bool any = false;
  for (const signpost::v1::ExportExclusion& exclusion : held.exclusions()) {
    if (exclusion.exclusion_id().empty()) continue;
    any = true;
    std::string text = absl::StrCat(
        exclusion.count(),
        exclusion.count() == 1 ? " item: " : " items: ", WhyLeftOut(exclusion.reason()));
    if (exclusion.has_look()) {
      absl::StrAppend(&text, "; ", Readable(exclusion.look().at()), ", ",
                      LookText(exclusion.look()));
    }
    if (!exclusion.consent_id().empty()) {
      absl::StrAppend(&text, "; consent ", exclusion.consent_id());
    }
    page.Field(kIndent, 34, exclusion.exclusion_id(), text);
  }
  if (any) {
    page.Line("Judge each. To include some: --include ID .. --because TEXT.");
  } else {
    page.Line("Nothing of your agency's.");
  }
  page.Blank();
  page.Heading("Left out of every export, whether or not there is any");
  for (const signpost::v1::ExportExclusion& exclusion : held.exclusions()) {
    if (!exclusion.exclusion_id().empty()) continue;
    const bool told_later = exclusion.reason() == signpost::v1::EXCLUSION_REASON_TOO_MANY;
    page.Paragraph(kIndent,
                   absl::StrCat(Capital(WhyLeftOut(exclusion.reason())), told_later ? "" : "; ",
                                told_later ? "" : WhoDecides(exclusion.decided_by()), "."));
  }
  return page.text();
}

}  // namespace signpost::adapters::cli
