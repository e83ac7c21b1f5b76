#include "policy/analysis/protections.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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
  const char* remedy;
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
  void Add(std::string message, const char* remedy) {
    Finding finding;
    finding.kind = FindingKind::kUnprotected;
    finding.message = std::move(message);
    finding.remedy = remedy;
    findings_.push_back(std::move(finding));
  }

  void Shielded() {
    BoundCheck check = Check(kEveryAspect & ~kExistenceBit);
    check.when = {About(Condition::About::kShielded)};
    Try({"something locates a shielded person",
         "rule SHIELD \"Nothing that locates a shielded person\"\n"
         "  hide agency, contact, assessment, content, record, share-onward of everything\n"
         "  from everyone except the holder\n"
         "  when person is shielded\n",
         std::move(check)});
  }

  void Refused() {
    BoundCheck check = Check(kParticulars);
    check.when = {
        ConsentIs(Bit(ConsentState::kRefused) | Bit(ConsentMatter::kSharing) | kByYoungPersonBit)};
    ExceptOverrides(check);
    Try({"the young person's refusal does not hold",
         "rule REFUSED \"The young person's refusal holds\"\n"
         "  hide contact, assessment, content, record, share-onward of everything\n"
         "  from everyone except the holder\n"
         "  when consent is refused by the young person\n"
         "  an override may lift this\n",
         std::move(check)});
  }

  void Marked() {
    BoundCheck check = Check(kParticulars);
    check.items.everything = false;
    check.items.marked_sensitive = true;
    check.unless = {{ConsentIs(kOwnYes | Bit(ConsentState::kExplicit))}};
    ExceptOverrides(check);
    Try({"what a holder marked as sensitive is open",
         "rule MARKED \"What a holder marked as sensitive\"\n"
         "  hide contact, assessment, content, record, share-onward of marked-sensitive\n"
         "  from everyone except the holder\n"
         "  unless consent is explicit and in force by the young person\n"
         "  an override may lift this\n",
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
         "rule SENSITIVE \"Sensitive services are opened by the young person alone\"\n"
         "  hide everything of sensitive from everyone except the holder\n"
         "  unless consent is explicit and in force by the young person\n"
         "  an override may lift this\n",
         std::move(check)});
  }

  void OthersWord() {
    for (const ConsentState state : {ConsentState::kRefused, ConsentState::kWithdrawn}) {
      BoundCheck check = Check(kEveryAspect);
      check.when = {ConsentIs(Bit(state) | Bit(ConsentMatter::kSharing) | kByYoungPersonBit)};
      check.unless = {{ConsentIs(kOwnYes)}};
      OnBasisConsent(check);
      Try({state == ConsentState::kRefused
               ? "somebody else's yes undoes the young person's no"
               : "somebody else's yes stands where the young person took theirs back",
           state == ConsentState::kRefused ? "  unless consent is refused by the young person\n"
                                           : "  unless consent is withdrawn by the young person\n",
           std::move(check)});
    }
  }

  void NewIdentity() {
    BoundCheck check = Check(kEveryAspect);
    check.counts_broker = true;
    check.when = {About(Condition::About::kNewIdentity)};
    Try({"an old flag leads to a new identity",
         "rule NEW-IDENTITY \"No path from a new identity, or an adoption, to what was before\"\n"
         "  hide everything of everything from everyone except the holder\n"
         "  when person has a new identity\n",
         std::move(check)});
  }

  void Victim() {
    BoundCheck check = Check(kEveryAspect);
    check.counts_broker = true;
    check.when = {About(Condition::About::kNamesVictim)};
    Try({"what names a victim does not stay with the holder",
         "where a section is victims or offence-details, it may name a victim\n"
         "rule VICTIM-NAMED \"What names somebody's victim stays with the holder\"\n"
         "  hide everything of everything from everyone except the holder\n"
         "  when item names a victim\n",
         std::move(check)});
  }

  void Spent() {
    BoundCheck check = Check(kEveryAspect);
    check.counts_broker = true;
    check.when = {
        About(Condition::About::kSpentOffence),
        PurposeIs({Purpose::kHousing, Purpose::kEmployment, Purpose::kEducationAdmission})};
    Try({"a spent offence is told for housing, employment or education",
         "rule SPENT \"A spent offence is over\"\n"
         "  hide everything of everything from everyone except the holder\n"
         "  when item is about a spent offence\n"
         "  and purpose is housing or employment or education-admission\n",
         std::move(check)});
  }

  // Whether anything opens on the word of somebody who had responsibility, and no birthday ends it.
  void GrowingUp() {
    constexpr std::pair<Grantor, const char*> kResponsible[] = {
        {Grantor::kParentalResponsibility, "a parent"}, {Grantor::kAuthority, "an authority"}};
    for (const auto& [grantor, words] : kResponsible) {
      const uint32_t ends = policy_.ends_at_16;
      if ((ends & (Bit(grantor) | kByAnotherBit)) != 0) continue;
      for (size_t r = 0; r < policy_.rules.size(); ++r) {
        if (!OpensOnTheWordOf(policy_.rules[r], grantor)) continue;
        Add(absl::StrCat("consent from ", words, " opens ", policy_.rule_infos[r].id,
                         " also where the young person is 16, and only their own counts"),
            "where consent is from a parent or an authority, it ends at 16\n");
        return;
      }
    }
  }
  static bool OpensOnTheWordOf(const BoundRule& rule, Grantor grantor) {
    constexpr uint32_t kOwn =
        kByYoungPersonBit | Bit(Grantor::kSelf) | Bit(Grantor::kSelfCompetent);
    constexpr uint32_t kNamed = kOwn | Bit(Grantor::kCourt) |
                                Bit(Grantor::kParentalResponsibility) | Bit(Grantor::kAuthority);
    return std::any_of(
        rule.statements.begin(), rule.statements.end(), [grantor](const BoundStatement& one) {
          return one.effect != Effect::kHide &&
                 std::any_of(one.when.begin(), one.when.end(), [grantor](const Condition& c) {
                   if (c.about != Condition::About::kConsent) return false;
                   if ((c.consent_states & Bit(ConsentState::kInForce)) == 0) return false;
                   const uint32_t named = c.consent_states & kNamed;
                   return named == 0 || (named & Bit(grantor)) != 0;
                 });
        });
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
