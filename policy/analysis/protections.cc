#include "policy/analysis/protections.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/analysis/prove.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

constexpr uint8_t kEveryAspect = (1u << kAspectCount) - 1;
constexpr uint8_t kExistenceBit = 1u << static_cast<int>(Aspect::kExistence);
constexpr uint8_t kAgencyBit = 1u << static_cast<int>(Aspect::kAgency);
// What a refusal or a mark closes: whom to ring, what was written, and what becomes of it. That a
// service is involved stays visible, so that an empty answer means what it says.
constexpr uint8_t kParticulars = kEveryAspect & ~(kExistenceBit | kAgencyBit);
constexpr uint32_t kOwnYes =
    Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing) | kByYoungPersonBit;

Condition About(Condition::About about) {
  Condition condition;
  condition.about = about;
  return condition;
}
Condition ConsentIs(uint32_t states) {
  Condition condition;
  condition.consent_states = states;
  return condition;
}
Condition PurposeIs(std::initializer_list<Purpose> purposes) {
  Condition condition = About(Condition::About::kPurpose);
  for (const Purpose one : purposes) condition.purposes |= 1u << static_cast<unsigned>(one);
  return condition;
}

// One thing that must hold: a check, what its failing means, and what to add.
struct Protection {
  const char* lack;
  std::string remedy;
  BoundCheck check;
};

class Protections {
 public:
  Protections(const PolicyImpl& policy, Work& work) : policy_(policy), work_(work) {}

  std::vector<Finding> Run() {
    Shielded();
    Refused();
    Marked();
    Sensitive();
    OthersWord();
    NewIdentity();
    Victim();
    Spent();
    Prove();
    GrowingUp();
    return std::move(findings_);
  }

 private:
  // Of everything, by anybody but the holder.
  BoundCheck Check(uint8_t aspects) const {
    BoundCheck check;
    check.askers.everyone = true;
    check.askers.except.emplace_back().holder = true;
    check.aspects.mask = aspects;
    check.items.everything = true;
    check.except_by.assign(policy_.rules.size(), 0);
    return check;
  }
  void ExceptOverrides(BoundCheck& check) const {
    for (size_t r = 0; r < policy_.rules.size(); ++r)
      check.except_by[r] = policy_.rules[r].is_override;
  }
  void OnBasisConsent(BoundCheck& check) const {
    for (size_t r = 0; r < policy_.rules.size(); ++r) {
      check.except_by[r] = policy_.rules[r].basis != Gateway::kConsent;
    }
  }

  void Try(Protection one) { tried_.push_back(std::move(one)); }
  void Prove() {
    std::vector<BoundCheck> checks;
    for (const Protection& one : tried_) checks.push_back(one.check);
    const std::vector<std::string> findings = Refute(policy_, checks, work_);
    for (size_t c = 0; c < checks.size(); ++c) {
      constexpr absl::string_view kFails = "fails: ";
      const std::string& finding = findings[c];
      if (finding.empty()) continue;
      Add(absl::StartsWith(finding, kFails)
              ? absl::StrCat(tried_[c].lack, ": ", finding.substr(kFails.size()))
              : absl::StrCat("whether ", tried_[c].lack, " ", finding),
          tried_[c].remedy);
    }
  }
  void Add(std::string message, std::string remedy) {
    Finding finding;
    finding.kind = FindingKind::kUnprotected;
    finding.message = std::move(message);
    finding.remedy = std::move(remedy);
    findings_.push_back(std::move(finding));
  }

  // The first line of a rule to add, under an id that no rule has.
  std::string NewRule(const std::string& id, const char* title) const {
    std::string free = id;
    for (int n = 2; IsTaken(free); ++n) free = absl::StrCat(id, "-", n);
    return absl::StrCat("rule ", free, " \"", title, "\"\n");
  }
  bool IsTaken(const std::string& id) const {
    return std::any_of(policy_.rule_infos.begin(), policy_.rule_infos.end(),
                       [&id](const RuleInfo& info) { return info.id == id; });
  }

  void Shielded() {
    BoundCheck check = Check(kEveryAspect & ~kExistenceBit);
    check.when = {About(Condition::About::kShielded)};
    Try({"something locates a shielded person",
         absl::StrCat(
             NewRule("SHIELD", "Nothing that locates a shielded person"),
             "  hide agency, contact, assessment, content, record, share-onward of everything\n"
             "  from everyone except the holder\n"
             "  when person is shielded\n"),
         std::move(check)});
  }

  void Refused() {
    BoundCheck check = Check(kParticulars);
    check.when = {
        ConsentIs(Bit(ConsentState::kRefused) | Bit(ConsentMatter::kSharing) | kByYoungPersonBit)};
    ExceptOverrides(check);
    Try({"the young person's refusal does not hold",
         absl::StrCat(NewRule("REFUSED", "The young person's refusal holds"),
                      "  hide contact, assessment, content, record, share-onward of everything\n"
                      "  from everyone except the holder\n"
                      "  when consent is refused by the young person\n"
                      "  an override may lift this\n"),
         std::move(check)});
  }

  void Marked() {
    BoundCheck check = Check(kParticulars);
    check.items.everything = false;
    check.items.marked_sensitive = true;
    check.unless = {{ConsentIs(kOwnYes | Bit(ConsentState::kExplicit))}};
    ExceptOverrides(check);
    Try({"what a holder marked as sensitive is open",
         absl::StrCat(
             NewRule("MARKED", "What a holder marked as sensitive"),
             "  hide contact, assessment, content, record, share-onward of marked-sensitive\n"
             "  from everyone except the holder\n"
             "  unless consent is explicit and in force by the young person\n"
             "  an override may lift this\n"),
         std::move(check)});
  }

  void Sensitive() {
    BoundCheck check = Check(kEveryAspect);
    check.items.everything = false;
    for (size_t s = 1; s < policy_.sensitive_services.size(); ++s) {
      if (policy_.sensitive_services[s] != 0) check.items.services.Add(static_cast<Symbol>(s));
    }
    if (check.items.services.empty()) return;
    check.unless = {{ConsentIs(kOwnYes)}};
    ExceptOverrides(check);
    Try({"a sensitive service is shown on a word that is not the young person's own",
         absl::StrCat(
             NewRule("SENSITIVE", "Sensitive services are opened by the young person alone"),
             "  hide everything of sensitive from everyone except the holder\n"
             "  unless consent is explicit and in force by the young person\n"
             "  an override may lift this\n"),
         std::move(check)});
  }

  void OthersWord() {
    const std::string open = OpenOnConsent();
    if (open.empty()) return;
    struct Taken {
      ConsentState state;
      const char* lack;
      const char* id;
      const char* title;
      const char* word;
    };
    for (const Taken& one :
         {Taken{ConsentState::kRefused, "somebody else's yes undoes the young person's no",
                "OWN-NO", "Nobody else's yes undoes the young person's no", "refused"},
          Taken{ConsentState::kWithdrawn,
                "somebody else's yes stands where the young person took theirs "
                "back",
                "OWN-WITHDRAWN", "Nobody else's yes stands where the young person took theirs back",
                "withdrawn"}}) {
      BoundCheck check = Check(kEveryAspect);
      check.when = {ConsentIs(Bit(one.state) | Bit(ConsentMatter::kSharing) | kByYoungPersonBit)};
      check.unless = {{ConsentIs(kOwnYes)}};
      OnBasisConsent(check);
      Try({one.lack,
           absl::StrCat(NewRule(one.id, one.title), "  hide ", open,
                        " of everything from everyone except the holder\n  when consent is ",
                        one.word,
                        " by the young person and consent is in force by another\n"
                        "  unless consent is in force by the young person\n"
                        "  an override may lift this\n"),
           std::move(check)});
    }
  }
  // The aspects that some rule opens on basis consent.
  std::string OpenOnConsent() const {
    uint32_t opens = 0;
    for (const BoundRule& rule : policy_.rules) {
      for (const BoundStatement& one : rule.statements) {
        if (rule.basis == Gateway::kConsent && one.effect != Effect::kHide)
          opens |= one.aspects.mask;
      }
    }
    std::string words;
    for (const Aspect aspect : AllAspects()) {
      if ((opens >> static_cast<unsigned>(aspect) & 1u) == 0) continue;
      absl::StrAppend(&words, words.empty() ? "" : ", ", ToString(aspect));
    }
    return words;
  }

  // What exists for nobody but the holder.
  void TryWhole(const char* lack, std::string remedy, Conditions when) {
    BoundCheck check = Check(kEveryAspect);
    check.counts_broker = true;
    check.when = std::move(when);
    Try({lack, std::move(remedy), std::move(check)});
  }
  static constexpr char kHideWhole[] =
      "  hide everything of everything from everyone except the holder\n";

  void NewIdentity() {
    TryWhole(
        "an old flag leads to a new identity",
        absl::StrCat(NewRule("NEW-IDENTITY",
                             "No path from a new identity, or an adoption, to what was before"),
                     kHideWhole, "  when person has a new identity\n"),
        {About(Condition::About::kNewIdentity)});
  }

  void Victim() {
    TryWhole(
        "what names a victim does not stay with the holder",
        absl::StrCat(SectionsWithVictims(),
                     NewRule("VICTIM-NAMED", "What names somebody's victim stays with the holder"),
                     kHideWhole, "  when item names a victim\n"),
        {About(Condition::About::kNamesVictim)});
  }
  // Without a word on which sections may name a victim, the rule would hide every paper. Nothing
  // where the policy has that word, or the area has no such section.
  std::string SectionsWithVictims() const {
    std::vector<std::string> sections;
    for (const char* const section : {"victims", "offence-details"}) {
      if (policy_.sections.Find(section) != kNoSymbol) sections.emplace_back(section);
    }
    if (sections.empty() || !policy_.may_name_victims.empty()) return "";
    return absl::StrCat("where a section is ", absl::StrJoin(sections, " or "),
                        ", it may name a victim\n");
  }

  void Spent() {
    TryWhole("a spent offence is told for housing, employment or education",
             absl::StrCat(NewRule("SPENT", "A spent offence is over"), kHideWhole,
                          "  when item is about a spent offence\n"
                          "  and purpose is housing or employment or education-admission\n"),
             {About(Condition::About::kSpentOffence),
              PurposeIs({Purpose::kHousing, Purpose::kEmployment, Purpose::kEducationAdmission})});
  }

  // Whether anything opens on the word of somebody who had responsibility, and no birthday ends it.
  void GrowingUp() {
    constexpr std::pair<Grantor, const char*> kResponsible[] = {
        {Grantor::kParentalResponsibility, "a parent"}, {Grantor::kAuthority, "an authority"}};
    constexpr char kRemedy[] = "where consent is from a parent or an authority, it ends at 16\n";
    CellSearch search(policy_, work_);
    for (const auto& [grantor, words] : kResponsible) {
      if ((policy_.ends_at_16 & (Bit(grantor) | kByAnotherBit)) != 0) continue;
      const RuleInfo* const opens = OpensOnTheWordOf(grantor, search);
      if (opens != nullptr) {
        return Add(absl::StrCat("consent from ", words, " opens ", opens->id,
                                " also where the young person is 16, and only their own counts"),
                   kRemedy);
      }
      if (work_.spent()) {
        return Add(absl::StrCat("whether consent from ", words,
                                " opens something also where the young person is 16 was not looked "
                                "at to the end, which would take too long"),
                   kRemedy);
      }
    }
  }
  // A rule that opens something where this grantor says yes, and the young person does not.
  const RuleInfo* OpensOnTheWordOf(Grantor grantor, CellSearch& search) {
    for (const Frame& frame : FramesOf(policy_)) {
      search.Enter(frame);
      std::vector<CellSearch::Formula> all = {
          search.Not(search.ConsentStands(Bit(ConsentState::kInForce) | kByYoungPersonBit))};
      for (const BoundRule& rule : policy_.rules) {
        all.push_back(search.Not(search.Hides(rule, CellSearch::Mode::kPossible)));
      }
      for (size_t r = 0; r < policy_.rules.size(); ++r) {
        for (const BoundStatement& one : policy_.rules[r].statements) {
          for (const Condition& condition : one.when) {
            if (work_.spent()) return nullptr;
            if (!MayBeMetBy(condition, grantor)) continue;
            std::vector<CellSearch::Formula> opens = {
                search.Speaks(policy_.rules[r], one),
                search.ConsentStands(condition.consent_states | Bit(grantor))};
            opens.insert(opens.end(), all.begin(), all.end());
            if (search.Search(opens, 0) == CellSearch::Answer::kYes) return &policy_.rule_infos[r];
          }
        }
      }
    }
    return nullptr;
  }
  // Whether a yes of this grantor's may be the one that a condition asks for.
  static bool MayBeMetBy(const Condition& condition, Grantor grantor) {
    constexpr uint32_t kNamed = kByYoungPersonBit | Bit(Grantor::kSelf) |
                                Bit(Grantor::kSelfCompetent) | Bit(Grantor::kCourt) |
                                Bit(Grantor::kParentalResponsibility) | Bit(Grantor::kAuthority);
    if (condition.about != Condition::About::kConsent) return false;
    if ((condition.consent_states & Bit(ConsentState::kInForce)) == 0) return false;
    const uint32_t named = condition.consent_states & kNamed;
    return named == 0 || named == Bit(grantor);
  }

  const PolicyImpl& policy_;
  Work& work_;
  std::vector<Protection> tried_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> MissingProtections(const PolicyImpl& policy, Work& work) {
  return Protections(policy, work).Run();
}

}  // namespace signpost::policy
