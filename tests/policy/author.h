// An Author is a writer of random policies over Nortown, for tests that must hold of any policy.

#ifndef SIGNPOST_TESTS_POLICY_AUTHOR_H_
#define SIGNPOST_TESTS_POLICY_AUTHOR_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace signpost::policy::testing {

// The same seed writes the same policy.
class Author {
 public:
  explicit Author(uint32_t seed) : random_(seed) {}

  // Rules as separate texts, so that a test can shuffle and add.
  std::vector<std::string> Rules(int count) {
    std::vector<std::string> rules;
    for (int i = 0; i < count; ++i) rules.push_back(Rule(absl::StrCat("R", i)));
    return rules;
  }
  std::string Hide(const std::string& id) {
    return absl::StrCat("rule ", id, " \"r\"\n hide ", Aspects(), " of ", Items(), " from ",
                        Askers(), Tails(), "\n", One({"", " an override may lift this\n"}));
  }
  static std::string Text(const std::vector<std::string>& rules, const std::string& overrides) {
    return absl::StrCat(
        "policy \"P\" version 1 in force 2025-04-01 approved by \"B\"\n"
        "where no rule shows an item, hide it\n"
        "group sensitive = substance-misuse, sexual-health, mental-health\n",
        absl::StrJoin(rules, ""), overrides);
  }
  // An override that lifts every rule which may be lifted.
  static std::string Override(const std::vector<std::string>& rules) {
    std::vector<std::string> ids;
    for (const std::string& rule : rules) {
      if (rule.find("may lift") != std::string::npos)
        ids.push_back(rule.substr(5, rule.find(' ', 5) - 5));
    }
    return absl::StrCat(
        "override O \"o\" to social-worker or manager opens existence, contact\n"
        " grounds legal-duty, express-consent ",
        ids.empty() ? "" : absl::StrCat("lifts ", absl::StrJoin(ids, ", ")),
        "\n then log, close after 60 minutes, review within 2 working days\n");
  }
  std::mt19937& random() { return random_; }

 private:
  std::string One(const std::vector<std::string>& of) { return of[random_() % of.size()]; }

  std::string Rule(const std::string& id) {
    if (random_() % 3 == 0) return Hide(id);
    const std::string tails = Tails();
    const bool consent = tails.find("when consent is in force") != std::string::npos ||
                         tails.find("when consent is explicit and in force") != std::string::npos;
    if (random_() % 4 == 0) {
      return absl::StrCat("rule ", id, " \"r\"\n hide everything of ", Items(), " from ", Askers(),
                          Tails(), "\n broker existence of ", Items(), " to ", Askers(), tails,
                          "\n basis ca2004-s10\n", One({"", " an override may lift this\n"}));
    }
    return absl::StrCat(
        "rule ", id, " \"r\"\n show ",
        One({"existence, agency", "existence, contact", "content of asset except victims",
             "existence, agency, contact, assessment, content", "assessment of asset or apir",
             "content only lifestyle, plan"}),
        " of ", Items(), " to ", Askers(), tails, "\n basis ",
        consent ? "consent" : One({"ca2004-s10", "ca1989-s47", "own-record"}), "\n");
  }
  std::string Aspects() {
    return One({"everything", "existence", "contact", "agency, contact",
                "content of asset only victims", "content",
                "assessment, content of asset except lifestyle", "record, share-onward"});
  }
  std::string Items() {
    return One({"everything", "sensitive", "youth-offending", "nightstop-project",
                "marked-sensitive", "connexions or housing", "everything held by yot",
                "sensitive, youth-offending held by "
                "health or nortown-yot"});
  }
  std::string Askers() {
    return One({"everyone", "practitioner", "connexions practitioner", "everyone except the holder",
                "housing-officer", "the holder", "members of nortown-yot-team", "systems",
                "personal-adviser of northern-connexions or yot practitioner",
                "everyone except social-worker or members of nortown-yot-team"});
  }
  std::string Tails() {
    return One({"",
                "",
                " when worker is involved",
                " when worker is not involved",
                " when purpose is assessment or support-planning",
                " when purpose is not housing",
                " when consent is explicit and in force",
                " when consent is in force, and worker is involved",
                " when consent is refused",
                " when consent is not asked",
                " when consent is in force from a parent",
                " when consent is refused by the young person",
                " unless consent is in force by another",
                " when consent to the service is in force",
                " when person has a new identity unless item is about a spent offence",
                " when item names no victim",
                " unless item names a victim",
                " unless consent is explicit and in force",
                " when flag is open",
                " when flag is closed unless purpose is safeguarding",
                " when person is shielded",
                " unless person is not shielded",
                " unless worker is involved unless consent is refused and flag is disputed"});
  }

  std::mt19937 random_;
};

}  // namespace signpost::policy::testing

#endif  // SIGNPOST_TESTS_POLICY_AUTHOR_H_
