// These write a policy as large as the language allows over an area as large as a country's pilot,
// for tests and benches of what an officer waits for: every rule names other agencies, so that
// nothing folds away, and the checks are those that every area asks.

#ifndef SIGNPOST_TESTS_POLICY_LARGE_H_
#define SIGNPOST_TESTS_POLICY_LARGE_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "policy/vocabulary.h"

namespace signpost::policy::testing {

struct LargeSize {
  int rules = 1024;
  int agencies = 100;
  int checks = 64;
};

inline Vocabulary LargeArea(const LargeSize& size) {
  const std::vector<std::string> kinds = {"yot",       "connexions", "social-services", "housing",
                                          "voluntary", "health",     "school",          "police"};
  Vocabulary area;
  for (const std::string& kind : kinds)
    area.services.push_back({absl::StrCat(kind, "-service"), ""});
  area.services.push_back({"substance-misuse", "substance-misuse"});
  area.services.push_back({"sexual-health", "sexual-health"});
  area.services.push_back({"mental-health", "mental-health"});
  for (int a = 0; a < size.agencies; ++a) {
    const std::string& kind = kinds[static_cast<size_t>(a) % kinds.size()];
    VocabularyAgency agency;
    agency.id = absl::StrCat("agency-", a);
    agency.kind = kind;
    agency.relevant_authority = kind == "yot" || kind == "police" || kind == "social-services";
    agency.services = {absl::StrCat(kind, "-service")};
    if (kind == "health") {
      agency.services = {"substance-misuse", "sexual-health", "mental-health", "health-service"};
    }
    area.agencies.push_back(agency);
  }
  area.roles = {"adviser", "officer", "social-worker", "teacher", "nurse", "manager"};
  area.assessments = {{"asset", {}}, {"apir", {}}, {"cin-plan", {"plan"}}};
  for (int s = 0; s < 17; ++s) area.assessments[0].sections.push_back(absl::StrCat("topic-", s));
  area.assessments[0].sections.push_back("victims");
  area.assessments[0].sections.push_back("offence-details");
  for (int s = 0; s < 18; ++s) area.assessments[1].sections.push_back(absl::StrCat("factor-", s));
  return area;
}

// `changed`: the condition of one rule is another.
inline std::string LargePolicy(const LargeSize& size, bool changed = false) {
  std::string text =
      "policy \"Large\" version 1 in force 2025-04-01 approved by \"B\"\n"
      "where no rule shows an item, hide it\n"
      "where consent is from a parent or an authority, it ends at 16\n"
      "where a section is victims or offence-details, it may name a victim\n"
      "group sensitive = sexual-health, mental-health, substance-misuse\n"
      "rule OWN \"o\"\n show existence, agency, contact, assessment, content of everything to the "
      "holder\n basis own-record then log\n"
      "rule SYSTEM \"s\"\n hide contact, content of everything from systems\n"
      "rule NEW-IDENTITY \"n\"\n hide everything of everything from everyone except the holder\n"
      " when person has a new identity\n"
      "rule SHIELD \"s\"\n hide agency, contact, assessment, content, record, share-onward of "
      "everything from everyone except the holder\n when person is shielded\n"
      "rule REFUSED \"r\"\n hide contact, assessment, content, record, share-onward of everything\n"
      " from everyone except the holder\n when consent is refused by the young person\n"
      " an override may lift this\n"
      "rule SENSITIVE \"s\"\n hide everything of sensitive from everyone except the holder\n"
      " unless consent is explicit and in force by the young person\n"
      " broker existence of sensitive to practitioner\n"
      " when worker is involved and purpose is assessment or support-planning\n"
      " basis ca2004-s10 then log\n an override may lift this\n"
      "rule MARKED \"m\"\n hide contact, assessment, content, record, share-onward of "
      "marked-sensitive from everyone except the holder\n"
      " unless consent is explicit and in force by the young person\n an override may lift this\n"
      "rule VICTIM \"v\"\n hide everything of everything from everyone except the holder\n"
      " when item names a victim\n"
      "rule SPENT \"s\"\n hide everything of everything from everyone except the holder\n"
      " when item is about a spent offence\n"
      " and purpose is housing or employment or education-admission\n"
      "rule PURPOSE \"p\"\n hide everything of everything from everyone except the holder\n"
      " when purpose is employment or education-admission\n"
      "rule NEW-FILE \"n\"\n hide content of everything from everyone except the holder\n"
      " when worker is newly involved\n"
      " unless consent is explicit and in force by the young person\n"
      "override SAFEGUARD \"s\" to social-worker or manager when purpose is safeguarding\n"
      " opens existence, agency, contact\n grounds legal-duty, vital-interests\n"
      " lifts REFUSED, SENSITIVE, MARKED\n"
      " then log, close after 60 minutes, review within 2 working days\n";
  constexpr int kBase = 12;
  const auto agency = [&](int a) { return absl::StrCat("agency-", a % size.agencies); };
  const std::vector<std::string> purposes = {
      "assessment or support-planning", "safeguarding or youth-justice",
      "referral or service-delivery", "assessment or housing or referral", "career-guidance"};
  for (int r = 0; r + kBase < size.rules; ++r) {
    const std::string asker = agency(r);
    const std::string holder = agency(r * 7 + r / size.agencies + 1);
    std::string purpose = purposes[static_cast<size_t>(r) % purposes.size()];
    if (changed && r == size.rules / 2) absl::StrAppend(&purpose, " or audit");
    absl::StrAppend(&text, "rule R", r, " \"r\"\n");
    if (r % 16 == 15) {
      absl::StrAppend(&text, " never record, never show of everything held by ", holder, " on ",
                      asker, " systems\n");
    } else if (r % 4 == 3) {
      absl::StrAppend(&text, " show content of asset except victims of everything held by ", holder,
                      " to ", asker,
                      " practitioner\n when consent is explicit and in force by the "
                      "young person, and worker is involved and purpose is ",
                      purpose, "\n basis consent then log, tell holder\n");
    } else {
      absl::StrAppend(&text, " show existence, agency, contact of everything held by ", holder,
                      " to ", asker, " practitioner\n when worker is involved and purpose is ",
                      purpose, "\n basis ca2004-s10 then log\n");
    }
  }
  const std::vector<std::string> checks = {
      "no one except the holder sees anything of sensitive without consent in force by the young "
      "person, except by SAFEGUARD",
      "no one except the holder sees anything of anything on basis consent when consent is "
      "withdrawn "
      "by the young person unless consent is in force by the young person",
      "no one except the holder sees contact, assessment, content, record, share-onward of "
      "anything "
      "when consent is refused by the young person, except by SAFEGUARD",
      "no one except the holder learns anything of anything when item names a victim",
      "no one except the holder learns anything of anything when person has a new identity",
      "no one except the holder sees agency, contact, content of anything when person is shielded",
      "no one except the holder learns anything of anything when item is about a spent offence, "
      "and "
      "purpose is housing",
      "no one except the holder learns anything of anything without a relationship, except by "
      "SAFEGUARD",
      "no one except the holder sees content of asset only victims of anything",
      "no one except the holder sees content of anything without explicit consent in force by the "
      "young person",
      "no system sees contact, content of anything",
      "no one sees record, share-onward of anything",
  };
  for (int c = 0; c < size.checks; ++c) {
    const size_t kind = static_cast<size_t>(c) % (checks.size() + 4);
    absl::StrAppend(&text, "check ");
    if (kind < checks.size()) {
      absl::StrAppend(&text, checks[kind], "\n");
    } else {
      absl::StrAppend(&text, "no ", agency(c * 3),
                      " practitioner sees assessment of anything held by ", agency(c * 5 + 1),
                      "\n");
    }
  }
  return text;
}

}  // namespace signpost::policy::testing

#endif  // SIGNPOST_TESTS_POLICY_LARGE_H_
