#include "policy/analysis/prove.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/analysis/cell_search.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/explain.h"

namespace signpost::policy {
namespace {

// A check is proved by looking, for each statement that could open something within it, for one cell
// in which the statement speaks, the check speaks too, and no hide applies. That is all there is to
// be found: a show needs no other show. So what a check costs grows with the statements that fall
// within it and the hides, and not with what other rules say of other agencies.
//
// It is enough to look among what is known, since an unknown fact never shows more, and to take
// each agreement while it is in force by itself. Three things are taken as they open most. A rule
// that the check excepts opens nothing, rather than excusing whatever is open while it speaks: it
// could fall silent where another rule still shows. Where a broker is no finding, services take no
// brokered contact: a broker without a hide takes the place of a show, which is there again as soon
// as the broker is not. And an asker may be in several teams, of which one opens what is hidden
// from the members of another.

using syntax::Conditions;
using syntax::Diagnostics;
using Answer = CellSearch::Answer;
using Formula = CellSearch::Formula;
using Mode = CellSearch::Mode;

constexpr char kNotProved[] =
    "was not looked at to the end, which would take too long, and is not proved; say it of fewer "
    "things, or let fewer hides look at as many facts";

// A fault of the search's own; proof_fuzz_test.cc looks for it.
constexpr char kNotConfirmed[] =
    "is not proved: what the search found against it is not what the interpreter decides, which is "
    "a "
    "fault of this program";

bool NamesATeam(const BoundAskers& askers) {
  const auto names = [](const BoundAskerPhrase& phrase) { return phrase.team != kNoSymbol; };
  return std::any_of(askers.any.begin(), askers.any.end(), names) ||
         std::any_of(askers.except.begin(), askers.except.end(), names);
}

// Whether a condition tells what a team brings its members from what a flag that names them does.
bool TellsTeamsApart(const Conditions& conditions) {
  return std::any_of(conditions.begin(), conditions.end(), [](const syntax::Condition& one) {
    return (one.relationships & Bit(Relationship::kTeamMember)) != 0 &&
           (one.relationships & Bit(Relationship::kNamedWorker)) == 0;
  });
}
bool TellsTeamsApart(const BoundStatement& statement) {
  return TellsTeamsApart(statement.when) ||
         std::any_of(statement.unless.begin(), statement.unless.end(),
                     [](const Conditions& unless) { return TellsTeamsApart(unless); });
}

class Prover {
 public:
  Prover(const PolicyImpl& policy, const std::vector<BoundCheck>& checks, Work& work)
      : policy_(policy), checks_(checks), work_(work), search_(policy, work, AskersOf(checks)) {}

  std::vector<std::string> Run() {
    findings_.resize(checks_.size());
    for (size_t c = 0; c < checks_.size(); ++c) {
      if (SpeaksOfNothing(checks_[c])) {
        findings_[c] = "speaks of nothing: what it is said of excludes itself";
      }
    }
    GatherOpeners();
    Visit(/*teams=*/false, 0, everything_);
    for (const uint8_t brought : kTeamsBring) Visit(/*teams=*/true, brought, with_teams_);
    for (std::string& finding : findings_) {
      if (finding.empty() && work_.spent()) finding = kNotProved;
    }
    return std::move(findings_);
  }

 private:
  // A show, a broker or (nullptr) an override.
  struct Opener {
    size_t rule;
    const BoundStatement* statement;
  };
  // By opener, the checks that it is looked at for.
  using Pairs = std::map<size_t, std::vector<size_t>>;

  static std::vector<const BoundAskers*> AskersOf(const std::vector<BoundCheck>& checks) {
    std::vector<const BoundAskers*> askers;
    askers.reserve(checks.size());
    for (const BoundCheck& check : checks) askers.push_back(&check.askers);
    return askers;
  }

  bool SpeaksOfNothing(const BoundCheck& check) {
    std::vector<Formula> said = {search_.Conditions(check.when)};
    for (const Conditions& unless : check.unless) {
      said.push_back(search_.Not(search_.Conditions(unless)));
    }
    return search_.Search(said, policy_.in_force_s) == Answer::kNo;
  }

  void GatherOpeners() {
    bool teams_matter = false;
    for (const BoundRule& rule : policy_.rules) {
      for (const BoundStatement& one : rule.statements) {
        if (one.effect != Effect::kHide) continue;
        teams_matter = teams_matter || NamesATeam(one.askers) || TellsTeamsApart(one);
      }
    }
    for (size_t r = 0; r < policy_.rules.size(); ++r) {
      const BoundRule& rule = policy_.rules[r];
      if (rule.is_override) AddOpener({r, nullptr}, rule.askers, teams_matter);
      for (const BoundStatement& one : rule.statements) {
        if (one.effect != Effect::kHide) AddOpener({r, &one}, one.askers, teams_matter);
      }
    }
  }

  void AddOpener(const Opener& opener, const BoundAskers& askers, bool teams_matter) {
    const size_t at = openers_.size();
    openers_.push_back(opener);
    const BoundRule& rule = policy_.rules[opener.rule];
    teams_matter = teams_matter || NamesATeam(askers) || rule.basis == Gateway::kCda1998S115 ||
                   TellsTeamsApart(rule.when) ||
                   (opener.statement != nullptr && TellsTeamsApart(*opener.statement));
    for (size_t c = 0; c < checks_.size(); ++c) {
      if (!findings_[c].empty() || checks_[c].except_by[opener.rule] != 0) continue;
      if (Mask(opener, checks_[c]) == 0) continue;
      everything_[at].push_back(c);
      const std::vector<Conditions>& unless = checks_[c].unless;
      if (teams_matter || NamesATeam(checks_[c].askers) || TellsTeamsApart(checks_[c].when) ||
          std::any_of(unless.begin(), unless.end(),
                      [](const Conditions& one) { return TellsTeamsApart(one); })) {
        with_teams_[at].push_back(c);
      }
    }
  }

  // The aspects in which an opener falls within a check.
  uint8_t Mask(const Opener& opener, const BoundCheck& check) const {
    uint8_t opens = opener.statement == nullptr ? policy_.rules[opener.rule].opens
                                                : opener.statement->aspects.mask;
    if (opener.statement != nullptr && opener.statement->effect == Effect::kBroker) {
      opens = check.counts_broker ? uint8_t{1} : uint8_t{0};
    }
    return static_cast<uint8_t>(opens & check.aspects.mask);
  }

  void Visit(bool teams, uint8_t brought, const Pairs& pairs) {
    if (pairs.empty()) return;
    for (const Aspect aspect : AllAspects()) {
      Frame frame;
      frame.aspect = aspect;
      frame.teams = teams;
      frame.team_relationships = brought;
      search_.Enter(frame);
      hides_.assign(policy_.rules.size(), {});
      hides_known_ = false;
      std::vector<Formula> regions(checks_.size(), search_.False());
      std::vector<uint8_t> region_known(checks_.size(), 0);
      for (const auto& [opener, checks] : pairs) {
        for (const size_t c : checks) {
          if (work_.spent()) return;
          if (!findings_[c].empty()) continue;
          if ((Mask(openers_[opener], checks_[c]) >> static_cast<int>(aspect) & 1u) == 0) continue;
          if (region_known[c] == 0) regions[c] = Region(checks_[c]);
          region_known[c] = 1;
          VisitOpener(openers_[opener], c, regions[c]);
        }
      }
    }
  }

  // What the check speaks of.
  Formula Region(const BoundCheck& check) {
    std::vector<Formula> said = {search_.Aspects(check.aspects, Mode::kPossible),
                                 search_.Items(check.items, Mode::kPossible),
                                 search_.Askers(check.askers, Mode::kPossible),
                                 search_.Conditions(check.when)};
    for (const Conditions& unless : check.unless) {
      said.push_back(search_.Not(search_.Conditions(unless)));
    }
    return search_.All(std::move(said));
  }

  // How a rule's hides stand in the way, in the frame.
  struct Hiding {
    Formula silent = 0;  // none of them applies
    bool has = false;
  };
  void LearnHides() {
    if (hides_known_) return;
    hides_known_ = true;
    for (size_t r = 0; r < policy_.rules.size(); ++r) {
      if (!policy_.rules[r].has_hide) continue;
      const Formula hides = search_.Hides(policy_.rules[r], Mode::kPossible);
      if (hides == search_.False()) continue;
      hides_[r] = {search_.Not(hides), true};
    }
  }

  void VisitOpener(const Opener& opener, size_t c, Formula region) {
    if (region == search_.False()) return;
    const BoundRule& rule = policy_.rules[opener.rule];
    if (opener.statement != nullptr) {
      Formula speaks = search_.Speaks(rule, *opener.statement);
      if (speaks == search_.False()) return;
      // A broker is heard in the place of its own rule's hide, and where there is a hide not without.
      const bool brokers = opener.statement->effect == Effect::kBroker;
      if (brokers && rule.has_hide) {
        speaks = search_.All({speaks, search_.Hides(rule, Mode::kCertain)});
      }
      Try(opener, c, region, speaks, OverrideGround::kNone);
      return;
    }
    for (const OverrideGround ground : AllOverrideGrounds()) {
      const Formula opens = search_.Overrides(rule, ground);
      if (opens != search_.False()) Try(opener, c, region, opens, ground);
    }
  }

  void Try(const Opener& opener, size_t c, Formula region, Formula opens, OverrideGround ground) {
    const BoundCheck& check = checks_[c];
    if (!findings_[c].empty()) return;
    const BoundRule& rule = policy_.rules[opener.rule];
    std::vector<Formula> all = {region, opens};
    if (search_.Search(all, 0) != Answer::kYes) return;
    LearnHides();
    for (size_t h = 0; h < hides_.size(); ++h) {
      if (!hides_[h].has) continue;
      if (ground != OverrideGround::kNone) {
        // A softened hide is still a hide here.
        if (rule.lifts[h] == 0) all.push_back(hides_[h].silent);
      } else {
        all.push_back(check.counts_broker && check.except_by[h] == 0
                          ? search_.Any({hides_[h].silent, Softened(policy_.rules[h])})
                          : hides_[h].silent);
      }
    }
    int64_t now_s = policy_.in_force_s;
    if (rule.agreement != kNoAgreement) {
      now_s = std::max(now_s, policy_.agreements[static_cast<size_t>(rule.agreement)].from_s);
    }
    CellSearch::Found found;
    if (search_.Search(all, now_s, &found) != Answer::kYes) return;
    findings_[c] = InWords(check, found, ground);
  }

  Formula Softened(const BoundRule& rule) {
    std::vector<Formula> brokers;
    for (const BoundStatement& one : rule.statements) {
      if (one.effect == Effect::kBroker) brokers.push_back(search_.Speaks(rule, one));
    }
    const Formula any = search_.Any(std::move(brokers));
    return any == search_.False() ? any : search_.All({any, search_.Hides(rule, Mode::kCertain)});
  }

  // What the interpreter says of the cell; where it does not say so, nothing has been found out.
  std::string InWords(const BoundCheck& check, CellSearch::Found& found, OverrideGround ground) {
    found.question.override_request = {ground != OverrideGround::kNone, ground, true};
    found.item.brokerable = check.counts_broker ? Tri::kYes : Tri::kNo;
    const Question& question = found.question;
    const Item& item = found.item;
    Evaluation evaluation(policy_, question, item);
    const std::vector<uint8_t> all(policy_.rules.size(), 1);
    evaluation.RestrictTo(all, &check.except_by);
    const Decision decision = evaluation.Run(false);
    const Effect finding = check.counts_broker ? Effect::kBroker : Effect::kShow;
    if (decision.effect < finding) return kNotConfirmed;
    return absl::StrCat(
        "fails: ", question.is_practitioner == Tri::kYes ? "a practitioner" : "a system", " of ",
        policy_.agencies.Word(question.agency),
        question.role == kNoSymbol || question.is_practitioner != Tri::kYes
            ? ""
            : absl::StrCat(" (", policy_.roles.Word(question.role), ")"),
        TeamsInWords(question), ", for ", std::string(ToString(question.purpose)), ", ",
        InvolvementInWords(question), ": ", std::string(ToString(item.aspect)), " of ",
        policy_.services.Word(item.service), " held by ", policy_.agencies.Word(item.holder),
        " is ", DecisionInWords(policy_, decision));
  }

  // Of the worker, by themselves or through a team that has its say.
  std::string InvolvementInWords(const Question& question) const {
    uint8_t related = question.relationships.yes;
    for (const TeamStanding& one : question.teams) {
      const TeamData& team = policy_.team_data[one.team];
      if ((team.purposes >> static_cast<unsigned>(question.purpose) & 1u) != 0) {
        related |= one.relationships.yes;
      }
    }
    if ((related & kWorkerInvolved) != 0) return "involved";
    return (related & kAgencyInvolved) != 0 ? "agency involved" : "not involved";
  }

  std::string TeamsInWords(const Question& question) const {
    std::string words;
    for (const TeamStanding& one : question.teams) {
      absl::StrAppend(&words, words.empty() ? " in " : " and ", policy_.teams.Word(one.team));
    }
    return words;
  }

  const PolicyImpl& policy_;
  const std::vector<BoundCheck>& checks_;
  Work& work_;
  CellSearch search_;
  std::vector<std::string> findings_;  // by check
  std::vector<Opener> openers_;
  Pairs everything_;
  Pairs with_teams_;           // those to which it matters which teams the asker is in
  std::vector<Hiding> hides_;  // by rule, of the frame
  bool hides_known_ = false;
};

}  // namespace

std::vector<std::string> Refute(const PolicyImpl& policy, const std::vector<BoundCheck>& checks,
                                Work& work) {
  return Prover(policy, checks, work).Run();
}

void ProveChecks(const PolicyImpl& policy, const std::vector<BoundCheck>& checks, int64_t work_max,
                 Diagnostics& diagnostics) {
  Work work(work_max);
  const std::vector<std::string> findings = Refute(policy, checks, work);
  for (size_t c = 0; c < checks.size(); ++c) {
    if (findings[c].empty()) continue;
    diagnostics.Add(checks[c].at, absl::StrCat("'", checks[c].text, "' ", findings[c]));
  }
}

}  // namespace signpost::policy
