#include "policy/analysis/lint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/analysis/cell_search.h"
#include "policy/analysis/decision_space.h"
#include "policy/analysis/protections.h"
#include "policy/calendar.h"
#include "policy/engine/evaluation.h"
#include "policy/supplied.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

// Which rules ever apply, and which of those ever decide.
//
// Of each a cell is looked for in which one of its statements speaks, and then one in which nothing
// else is stronger. Where the work is spent before, it is not known of those not found to decide.
class Reach {
 public:
  Reach(const PolicyImpl& policy, Work& work)
      : policy_(policy),
        work_(work),
        search_(policy, work),
        applies_(policy.rules.size(), 0),
        decides_(policy.rules.size(), 0),
        unfinished_(policy.rules.size(), 0) {
    for (const Frame& frame : FramesOf(policy)) {
      if (Unseen() && !work_.spent()) Visit(frame);
    }
  }

  bool applies(size_t rule) const { return applies_[rule] != 0; }
  bool decides(size_t rule) const { return decides_[rule] != 0; }
  // Whether that it does not may be said.
  bool looked_at(size_t rule) const { return unfinished_[rule] == 0 && !work_.spent(); }

 private:
  using Answer = CellSearch::Answer;
  using Formula = CellSearch::Formula;
  using Mode = CellSearch::Mode;
  // Of what is left, one look at one rule may take one part.
  static constexpr int64_t kPartsOfWork = 32;

  bool Unseen() const { return std::find(decides_.begin(), decides_.end(), 0) != decides_.end(); }

  void Visit(const Frame& frame) {
    search_.Enter(frame);
    silent_.clear();
    for (const BoundRule& rule : policy_.rules) {
      silent_.push_back(search_.Not(search_.Hides(rule, Mode::kPossible)));
    }
    for (size_t r = 0; r < policy_.rules.size(); ++r) {
      if (decides_[r] == 0 && !work_.spent()) Look(r);
    }
  }

  // Not where it was not found out.
  bool Is(size_t rule, const std::vector<Formula>& all) {
    const PartOfWork part(work_, kPartsOfWork);
    const Answer answer = search_.Search(all, 0);
    if (answer == Answer::kUnfinished) unfinished_[rule] = 1;
    return answer == Answer::kYes;
  }

  // All rules but one, where `lifted` says of none that it is lifted.
  std::vector<Formula> OthersSilent(size_t but,
                                    const std::vector<uint8_t>* lifted = nullptr) const {
    std::vector<Formula> all;
    for (size_t h = 0; h < silent_.size(); ++h) {
      if (h == but || (lifted != nullptr && (*lifted)[h] != 0)) continue;
      if (silent_[h] != search_.True()) all.push_back(silent_[h]);
    }
    return all;
  }

  void Look(size_t r) {
    const BoundRule& rule = policy_.rules[r];
    if (rule.is_override) return LookAtOverride(r);
    const Formula hides = search_.Hides(rule, Mode::kCertain);
    if (hides != search_.False() && Is(r, {hides})) {
      applies_[r] = 1;
      // A hide that another hides beside has decided nothing by itself.
      std::vector<Formula> alone = OthersSilent(r);
      alone.push_back(hides);
      if (Is(r, alone)) decides_[r] = 1;
    }
    for (const BoundStatement& statement : rule.statements) {
      if (decides_[r] != 0) return;
      const Formula speaks = search_.Speaks(rule, statement);
      if (speaks == search_.False() || !Is(r, {speaks})) continue;
      applies_[r] = 1;
      std::vector<Formula> heard = OthersSilent(r);
      heard.push_back(speaks);
      // A broker takes the place of its own rule's hide; a show does not.
      if (statement.effect != Effect::kBroker) {
        heard.push_back(silent_[r]);
      } else if (rule.has_hide) {
        heard.push_back(hides);
      }
      if (Is(r, heard)) decides_[r] = 1;
    }
  }

  // An override decides where it lifts something, or where nothing else shows.
  void LookAtOverride(size_t r) {
    const BoundRule& rule = policy_.rules[r];
    for (const OverrideGround ground : AllOverrideGrounds()) {
      const Formula opens = search_.Overrides(rule, ground);
      if (opens == search_.False() || !Is(r, {opens})) continue;
      applies_[r] = 1;
      std::vector<Formula> heard = OthersSilent(r, &rule.lifts);
      heard.push_back(opens);
      std::vector<Formula> lifts;
      std::vector<Formula> closed;
      for (size_t h = 0; h < policy_.rules.size(); ++h) {
        if (rule.lifts[h] != 0) lifts.push_back(search_.Not(silent_[h]));
        for (const BoundStatement& statement : policy_.rules[h].statements) {
          const Formula speaks = search_.Speaks(policy_.rules[h], statement);
          if (speaks != search_.False()) closed.push_back(search_.Not(speaks));
        }
      }
      lifts.push_back(search_.All(std::move(closed)));
      heard.push_back(search_.Any(std::move(lifts)));
      if (!Is(r, heard)) continue;
      decides_[r] = 1;
      return;
    }
  }

  const PolicyImpl& policy_;
  Work& work_;
  CellSearch search_;
  std::vector<Formula> silent_;   // by rule: none of its hides applies, in the frame
  std::vector<uint8_t> applies_;  // by RuleIndex
  std::vector<uint8_t> decides_;
  std::vector<uint8_t> unfinished_;
};

class Linter {
 public:
  Linter(const Policy& policy, int64_t now_s, int64_t work_max)
      : impl_(policy.impl()), now_s_(now_s), work_left_(work_max) {}

  std::vector<Finding> Run() {
    WithAShare(3, [this](Work& work) { findings_ = MissingProtections(impl_, work); });
    WithAShare(2, [this](Work& work) { Rules(work); });
    Supply();
    Involvement();
    for (size_t g = 0; g < impl_.agreement_infos.size(); ++g) Agreement(g);
    WithAShare(1, [this](Work& work) { Asymmetries(work); });
    return std::move(findings_);
  }

 private:
  // One of so many shares in the work that is left, so that what comes first leaves something to
  // what comes after it.
  template <typename Look>
  void WithAShare(int64_t shares, const Look& look) {
    const int64_t units = work_left_ / shares;
    Work share(units);
    look(share);
    work_left_ -= units - std::max(share.left(), int64_t{0});
  }

  void Rules(Work& work) {
    const Reach reach(impl_, work);
    for (size_t r = 0; r < impl_.rules.size(); ++r) {
      if (reach.decides(r)) continue;
      const RuleInfo& info = impl_.rule_infos[r];
      Finding finding;
      finding.rule = static_cast<RuleIndex>(r);
      finding.line = info.line;
      if (!reach.looked_at(r)) {
        finding.kind = FindingKind::kNotExamined;
        finding.message = absl::StrCat("rule ", info.id,
                                       " was not looked at to the end, which would take too long: "
                                       "whether it ever decides is not known");
      } else if (!reach.applies(r)) {
        finding.kind = FindingKind::kNeverFires;
        finding.message = absl::StrCat("rule ", info.id, " can never apply");
      } else {
        finding.kind = FindingKind::kShadowed;
        finding.message = absl::StrCat(
            "rule ", info.id,
            impl_.rules[r].has_hide ? " hides only what other rules hide too"
                                    : " never decides: other rules always hide what it shows");
      }
      findings_.push_back(std::move(finding));
    }
  }

  // Rules that rest on a word which the hub never says, or of which it does not know.
  void Supply() {
    for (size_t r = 0; r < impl_.rules.size(); ++r) {
      std::set<std::string> told;
      const auto tell = [&](const std::string& words, const std::string& says) {
        if (!told.insert(words).second) return;
        Finding finding;
        finding.kind = FindingKind::kUnsupplied;
        finding.rule = static_cast<RuleIndex>(r);
        finding.line = impl_.rule_infos[r].line;
        finding.message =
            absl::StrCat("rule ", impl_.rule_infos[r].id, " rests on '", words, "': ", says);
        findings_.push_back(std::move(finding));
      };
      const auto look = [&](const Conditions& conditions) {
        for (const Condition& condition : conditions) {
          if (condition.about == Condition::About::kRelationship) {
            if ((condition.relationships & kSuppliedRelationships) != 0) continue;
            std::vector<std::string> words;
            for (const Relationship one : AllRelationships()) {
              if ((condition.relationships & Bit(one)) != 0) words.emplace_back(ToString(one));
            }
            tell(absl::StrCat("worker has ", absl::StrJoin(words, " or ")),
                 "this hub does not find that out yet, and takes it that nobody has");
          } else if (const auto fact = ItemFactOf(condition.about)) {
            TellSupply(*fact, tell);
          }
        }
      };
      const BoundRule& rule = impl_.rules[r];
      look(rule.when);
      for (const BoundStatement& statement : rule.statements) {
        look(statement.when);
        for (const Conditions& conditions : statement.unless) look(conditions);
        if (statement.items.marked_sensitive) TellSupply(ItemFact::kMarkedSensitive, tell);
      }
    }
  }

  template <typename Tell>
  static void TellSupply(ItemFact fact, const Tell& tell) {
    const SuppliedFact& supply = SupplyOf(fact);
    if (supply.says_yes && supply.unknown_of == nullptr) return;
    if (supply.unknown_of == nullptr) {
      return tell(supply.words,
                  "this hub does not find that out yet, and takes it that it is never so");
    }
    tell(
        supply.words,
        absl::StrCat("this hub ", supply.says_yes ? "" : "never says so, and ",
                     "does not know it of ", supply.unknown_of,
                     "; there the rule hides what it would hide if it were so, and shows nothing"));
  }

  static std::optional<ItemFact> ItemFactOf(Condition::About about) {
    switch (about) {
      case Condition::About::kShielded:
        return ItemFact::kShielded;
      case Condition::About::kOpen:
        return ItemFact::kOpen;
      case Condition::About::kDisputed:
        return ItemFact::kDisputed;
      case Condition::About::kNewIdentity:
        return ItemFact::kNewIdentity;
      case Condition::About::kSpentOffence:
        return ItemFact::kSpentOffence;
      case Condition::About::kNamesVictim:
        return ItemFact::kNamesVictim;
      case Condition::About::kConsent:
      case Condition::About::kPurpose:
      case Condition::About::kRelationship:
        break;
    }
    return std::nullopt;
  }

  // Who is involved is known from flags, and an agency that feeds nothing has none. A team may bring
  // its members what its home agency has.
  void Involvement() {
    for (size_t r = 0; r < impl_.rules.size(); ++r) {
      const BoundRule& rule = impl_.rules[r];
      const bool in_vain = std::any_of(
          rule.statements.begin(), rule.statements.end(), [&](const BoundStatement& one) {
            return one.effect != Effect::kHide && NeedsInvolvement(one.when) &&
                   !SomebodyFeeds(rule, one.askers);
          });
      if (!in_vain) continue;
      Finding finding;
      finding.kind = FindingKind::kNobodyInvolved;
      finding.rule = static_cast<RuleIndex>(r);
      finding.line = impl_.rule_infos[r].line;
      finding.message = absl::StrCat("rule ", impl_.rule_infos[r].id,
                                     " needs a worker or an agency to be involved, and no agency "
                                     "that it shows to feeds the index: nobody ever is");
      findings_.push_back(std::move(finding));
    }
  }
  static bool NeedsInvolvement(const Conditions& when) {
    return std::any_of(when.begin(), when.end(), [](const Condition& one) {
      return one.about == Condition::About::kRelationship && !one.negated;
    });
  }
  bool SomebodyFeeds(const BoundRule& rule, const BoundAskers& askers) const {
    for (const BoundAskerPhrase& phrase : askers.any) {
      if (phrase.team != kNoSymbol) return true;
    }
    for (size_t a = 1; a < impl_.agency_data.size(); ++a) {
      const auto agency = static_cast<Symbol>(a);
      if (!impl_.agency_data[a].feeds) continue;
      if (rule.agreement != kNoAgreement &&
          !impl_.agreements[static_cast<size_t>(rule.agreement)].parties.Has(agency)) {
        continue;
      }
      if (askers.everyone) return true;
      for (const BoundAskerPhrase& phrase : askers.any) {
        if ((phrase.agency == kNoSymbol || phrase.agency == agency) &&
            (phrase.kind == kNoSymbol || phrase.kind == impl_.agency_data[a].kind) &&
            (!phrase.relevant_authority || impl_.agency_data[a].relevant_authority)) {
          return true;
        }
      }
    }
    return false;
  }

  void Agreement(size_t index) {
    const AgreementInfo& info = impl_.agreement_infos[index];
    const auto add = [&](FindingKind kind, const std::string& says) {
      Finding finding;
      finding.kind = kind;
      finding.agreement = static_cast<int16_t>(index);
      finding.message = absl::StrCat("agreement ", info.id, " ", says);
      findings_.push_back(std::move(finding));
    };
    if (now_s_ >= info.until_s) {
      add(FindingKind::kAgreementExpired,
          absl::StrCat("ran out on ", DayInWords(info.until_s - 1), "; its shows are closed"));
    } else if (now_s_ < info.from_s) {
      add(FindingKind::kAgreementNotYetInForce,
          absl::StrCat("is in force only from ", DayInWords(info.from_s)));
    } else if (now_s_ >= info.review_s) {
      add(FindingKind::kReviewOverdue,
          absl::StrCat("was to be reviewed on ", DayInWords(info.review_s)));
    }
  }

  // What practitioners of one agency see of another, without and with the young person's consent.
  struct Sight {
    uint8_t without = 0;
    uint8_t with = 0;
  };
  using Sights = std::map<std::pair<Symbol, Symbol>, Sight>;  // asker, holder

  // Asked with everything that a worker can bring (involved, necessity stated, an open flag), so
  // that what differs is what was agreed and not what happens to be known.
  class Onlooker {
   public:
    Onlooker(const PolicyImpl& policy, int64_t now_s, Work& work)
        : policy_(policy), now_s_(now_s), work_(work), search_(policy, work) {}

    // What was seen before the work was spent.
    Sights Run() {
      Visit(/*teams=*/false);
      if (policy_.team_data.size() > 1) Visit(/*teams=*/true);
      return std::move(sights_);
    }

   private:
    using Formula = CellSearch::Formula;
    using Mode = CellSearch::Mode;
    static constexpr uint8_t kEverythingAWorkerHas =
        (1u << kRelationshipCount) - 1 - Bit(Relationship::kTeamMember);

    void Visit(bool teams) {
      for (const Aspect aspect : AllAspects()) {
        Frame frame;
        frame.aspect = aspect;
        frame.teams = teams;
        frame.team_relationships = teams ? kNamedAndSettled : uint8_t{0};
        search_.Enter(frame);
        BoundAskers people;
        people.any.emplace_back().practitioner = true;
        Circumstances();
        usual_.push_back(search_.Askers(people, Mode::kCertain));
        silent_.clear();
        for (const BoundRule& rule : policy_.rules) {
          const Formula hides = search_.Hides(rule, Mode::kPossible);
          if (hides != search_.False()) silent_.push_back(search_.Not(hides));
        }
        for (const BoundRule& rule : policy_.rules) {
          if (!InForce(rule) || work_.spent()) continue;
          for (const BoundStatement& statement : rule.statements) {
            if (statement.effect != Effect::kShow || (teams && !NamesATeam(rule, statement))) {
              continue;
            }
            Look(rule, statement, aspect);
          }
        }
      }
    }
    // What is so in an ordinary case: nobody is shielded, nothing is marked, and so on.
    void Circumstances() {
      syntax::Conditions usual;
      for (const Condition::About about :
           {Condition::About::kShielded, Condition::About::kDisputed,
            Condition::About::kNewIdentity, Condition::About::kSpentOffence,
            Condition::About::kNamesVictim}) {
        usual.emplace_back().about = about;
        usual.back().negated = true;
      }
      usual.emplace_back().about = Condition::About::kOpen;
      usual_ = {search_.Conditions(usual), search_.Related(kEverythingAWorkerHas),
                search_.Marked(false)};
      nobody_asked_ = search_.Not(search_.ConsentStands(0));
      std::vector<Formula> only = {
          search_.ConsentStands(Bit(ConsentState::kExplicit) | Bit(ConsentState::kInForce) |
                                Bit(Grantor::kSelf) | Bit(ConsentMatter::kSharing))};
      for (const uint32_t other :
           {Bit(ConsentState::kRefused), Bit(ConsentState::kWithdrawn), Bit(ConsentState::kExpired),
            kByAnotherBit, Bit(Grantor::kSelfCompetent), Bit(ConsentMatter::kService),
            Bit(ConsentMatter::kDataProtection)}) {
        only.push_back(search_.Not(search_.ConsentStands(other)));
      }
      consented_ = search_.All(std::move(only));
    }

    bool InForce(const BoundRule& rule) const {
      if (rule.agreement == kNoAgreement) return true;
      const BoundAgreement& agreement = policy_.agreements[static_cast<size_t>(rule.agreement)];
      return agreement.from_s <= now_s_ && now_s_ < agreement.until_s;
    }
    static bool NamesATeam(const BoundRule& rule, const BoundStatement& statement) {
      return rule.basis == Gateway::kCda1998S115 ||
             std::any_of(statement.askers.any.begin(), statement.askers.any.end(),
                         [](const BoundAskerPhrase& one) { return one.team != kNoSymbol; });
    }

    void Look(const BoundRule& rule, const BoundStatement& statement, Aspect aspect) {
      const Formula speaks = search_.Speaks(rule, statement);
      if (speaks == search_.False()) return;
      const auto bit = static_cast<uint8_t>(1u << static_cast<unsigned>(aspect));
      for (size_t a = 1; a < policy_.agency_data.size() && !work_.spent(); ++a) {
        const auto asker = static_cast<Symbol>(a);
        // Of most statements one or two agencies are left here.
        if (!Is({speaks, search_.Between(asker, kNoSymbol)})) continue;
        for (size_t h = 1; h < policy_.agency_data.size(); ++h) {
          const auto holder = static_cast<Symbol>(h);
          if (h == a || !Is({speaks, search_.Between(asker, holder)})) continue;
          Sight& sight = sights_[{asker, holder}];
          for (const bool with : {false, true}) {
            uint8_t& sees = with ? sight.with : sight.without;
            if ((sees & bit) != 0) continue;
            std::vector<Formula> all = usual_;
            all.insert(all.end(), {speaks, search_.Between(asker, holder), Services(holder),
                                   with ? consented_ : nobody_asked_});
            if (!Is(all)) continue;
            all.insert(all.end(), silent_.begin(), silent_.end());
            if (Is(all)) sees = static_cast<uint8_t>(sees | bit);
          }
        }
      }
    }
    bool Is(const std::vector<Formula>& all) {
      return search_.Search(all, now_s_) == CellSearch::Answer::kYes;
    }
    // That it is of a service that the holder can have flags for.
    Formula Services(Symbol holder) {
      BoundItems items;
      for (const Symbol service : policy_.agency_data[holder].services) items.services.Add(service);
      return items.services.empty() ? search_.True() : search_.Items(items, Mode::kCertain);
    }

    const PolicyImpl& policy_;
    const int64_t now_s_;
    Work& work_;
    CellSearch search_;
    std::vector<Formula> usual_;
    std::vector<Formula> silent_;
    Formula nobody_asked_ = 0;
    Formula consented_ = 0;
    Sights sights_;
  };

  // Agencies that no rule tells apart are told once, for all of them.
  void Asymmetries(Work& work) {
    Sights sights = Onlooker(impl_, now_s_, work).Run();
    // What was not seen may be there all the same, so no two can be compared.
    if (work.spent()) {
      Finding finding;
      finding.kind = FindingKind::kNotExamined;
      finding.message =
          "which agency sees more of which was not looked at to the end, which would take too long";
      findings_.push_back(std::move(finding));
      return;
    }
    const PolicyImpl* const all = &impl_;
    const DecisionSpace space(absl::MakeConstSpan(&all, 1), nullptr, true);
    for (size_t i = 0; i < space.agencies.size(); ++i) {
      for (size_t j = i + 1; j < space.agencies.size(); ++j) {
        Finding finding;
        finding.kind = FindingKind::kAsymmetry;
        finding.one = space.agencies[i];
        finding.other = space.agencies[j];
        const Sight one = sights[{finding.one, finding.other}];
        const Sight other = sights[{finding.other, finding.one}];
        finding.one_sees = one.without;
        finding.one_sees_with_consent = one.with;
        finding.other_sees = other.without;
        finding.other_sees_with_consent = other.with;
        if (finding.one_sees == finding.other_sees &&
            finding.one_sees_with_consent == finding.other_sees_with_consent) {
          continue;
        }
        finding.message = absl::StrCat(
            Half(finding.one, finding.other, finding.one_sees, finding.one_sees_with_consent), "; ",
            Half(finding.other, finding.one, finding.other_sees, finding.other_sees_with_consent));
        findings_.push_back(std::move(finding));
      }
    }
  }

  std::string Half(Symbol asker, Symbol holder, uint8_t without, uint8_t with) const {
    std::string text = absl::StrCat(impl_.agencies.Word(asker), " sees of ",
                                    impl_.agencies.Word(holder), " ", InWords(without));
    const auto more = static_cast<uint8_t>(with & ~without);
    if (more != 0) absl::StrAppend(&text, ", and with explicit consent ", InWords(more));
    return text;
  }

  static std::string InWords(uint8_t aspects) {
    std::vector<std::string> words;
    for (const Aspect aspect : AllAspects()) {
      if ((aspects & (1u << static_cast<unsigned>(aspect))) != 0) {
        words.emplace_back(ToString(aspect));
      }
    }
    return words.empty() ? "nothing" : absl::StrJoin(words, ", ");
  }

  const PolicyImpl& impl_;
  const int64_t now_s_;
  int64_t work_left_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> Lint(const Policy& policy, int64_t now_s, int64_t work_max) {
  return Linter(policy, now_s, work_max).Run();
}

}  // namespace signpost::policy
