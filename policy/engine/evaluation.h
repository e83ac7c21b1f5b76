// An Evaluation is an interpreter of a bound policy that judges one question about one item, rule
// by rule.
//
// It says in full what a policy means. Deciding by it is slow, so most decisions are read off the
// tables (engine.h) and it is left with what is rare (an override that is asked for, a broker that
// speaks), with what was missing, and with the provers of policy/analysis. The tests hold the
// tables against it, and it against an interpreter of their own that never saw this one.
//
// Internal to the room. It lives on the stack and refers to the policy, and to what the spans of
// question and item point at. One caller at a time. Nothing here fails: what cannot be judged is
// unknown, and an unknown fact satisfies every hide and no show.

#ifndef SIGNPOST_POLICY_ENGINE_EVALUATION_H_
#define SIGNPOST_POLICY_ENGINE_EVALUATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "policy/engine/consent.h"
#include "policy/engine/program.h"
#include "policy/engine/ways.h"
#include "policy/facts.h"

namespace signpost::policy {

// Adds to `yes` and `unknown` the relationships of the asker's teams where they have a say.
void AddTeamRelationships(const PolicyImpl& policy, const Question& question, Symbol agency,
                          Purpose purpose, uint8_t& yes, uint8_t& unknown);
// Whether such a team makes the asker act for a relevant authority.
bool TeamActsForAuthority(const PolicyImpl& policy, const Question& question, Symbol agency,
                          Purpose purpose);

class Evaluation {
 public:
  Evaluation(const PolicyImpl& policy, const Question& question, const Item& item);

  // Without `say_missing`, Decision::missing of a hide is left out: it is the dear part of a hide.
  Decision Run(bool say_missing = true);

  // What would have to change for a statement to say otherwise.
  Ways RequiredToSpeak(const BoundRule& rule, const BoundStatement& statement);
  Ways RequiredToBeSilent(const BoundRule& rule, const BoundStatement& statement);

  // What would have been needed for an item that Run() does not show. That no override allows it is
  // not among it: Run() says that.
  Lacks WhatWasMissing();

  // The value of a statement's own words: selectors, parties and conditions. A show or broker
  // speaks on kYes alone; a hide on anything but kNo.
  Tri Matches(const BoundRule& rule, const BoundStatement& statement);
  // Whether a rule's show or broker statement really speaks: it matches, its agreement is in force,
  // its gateway is open, and a person asks where one is needed.
  bool Speaks(const BoundRule& rule, const BoundStatement& statement);
  // Whether some hide of the rule applies, softened or not. It counts unless it is kNo.
  Tri Hides(const BoundRule& rule);
  // For a prover that asks of one asker and item many times: which rules can matter at all, and
  // then to look at no others. `rules` must outlive this.
  //
  // REQUIRES: the question has no purpose, or a team's say would be left out.
  std::vector<uint8_t> RulesThatMatter();
  // The same of one rule; false of an override.
  bool MayMatter(const BoundRule& rule);
  // The value of a statement's selectors and parties, without its conditions.
  Tri Selects(const BoundRule& rule, const BoundStatement& statement);
  // Of the rules in `open_nothing`, where there is such a set, shows, brokers and overrides do not
  // speak; their hides do.
  //
  // REQUIRES: each has an entry for each rule.
  void RestrictTo(const std::vector<uint8_t>& rules,
                  const std::vector<uint8_t>* open_nothing = nullptr);
  // Whether a show, a broker or an override could speak of this item to this asker on some facts:
  // false only where words that no fact can change forbid it.
  bool CouldSpeak(const BoundRule& rule);
  // All that words which no fact can change say of this asker and item. Two pairs of asker and item
  // with one signature (and the same teams) are decided alike on any facts.
  //
  // REQUIRES: the question has no purpose.
  std::string Signature();
  // The same in two parts, for who looks at few of the rules: what the words of one rule say, empty
  // where they say no, and all that is no rule's.
  std::string RuleSignature(const BoundRule& rule);
  std::string OwnSignature() const;
  Tri Holds(const syntax::Condition& condition);
  Tri HoldAll(const syntax::Conditions& conditions);
  Tri MatchesAskers(const BoundAskers& askers) { return MatchAskers(askers, false, false); }
  // The same were a person to ask, and for a purpose of any team that is named.
  Tri CouldBeAskers(const BoundAskers& askers) { return MatchAskers(askers, true, true); }
  Tri MatchesItems(const BoundItems& items) const;
  Tri MatchesAspects(const BoundAspects& aspects) const;

 private:
  Tri MatchAskers(const BoundAskers& askers, bool assume_practitioner, bool assume_purpose);
  Tri MatchPhrase(const BoundAskerPhrase& phrase, bool assume_practitioner, bool assume_purpose);
  // Adds to `signature` the value of `askers` together with `about`, for whatever purpose. kNo where
  // it is that for every purpose.
  Tri SignAskers(const BoundAskers& askers, Tri about, std::string& signature);
  // Whether the rule's words say anything else than no.
  bool SignRule(const BoundRule& rule, std::string& signature);
  bool OpensNothing(const BoundRule& rule) const {
    return open_nothing_ != nullptr &&
           (*open_nothing_)[static_cast<size_t>(&rule - policy_.rules.data())] != 0;
  }
  bool Skips(size_t rule) const { return matters_ != nullptr && (*matters_)[rule] == 0; }
  Tri MatchParties(const BoundRule& rule) const;
  bool AgreementInForce(const BoundRule& rule) const;
  bool HolderChooses(const BoundRule& rule) const;
  uint32_t GatewayLacks(const BoundRule& rule) const;  // 0: open
  Tri GatewayReaches(const BoundRule& rule) const;
  bool PersonNeeded() const;
  Tri ConsentHolds(uint32_t states) const;
  bool Softened(const BoundRule& rule);
  bool TryOverride(Decision& decision);
  Ways RequiredToHold(const syntax::Condition& condition, bool wanted);

  const PolicyImpl& policy_;
  // Copies, with symbols out of range made kNoSymbol: a wrong number must not look like a known
  // word that merely differs.
  Question question_;
  Item item_;
  Purpose purpose_ = Purpose::kUnspecified;
  Tri practitioner_ = Tri::kUnknown;
  Symbol asker_kind_ = kNoSymbol;
  Symbol holder_kind_ = kNoSymbol;
  bool asker_acts_for_authority_ = false;
  uint8_t relationships_yes_ = 0;
  uint8_t relationships_unknown_ = 0;
  bool consents_usable_ = false;
  const std::vector<uint8_t>* matters_ = nullptr;       // by RuleIndex; null: all do
  const std::vector<uint8_t>* open_nothing_ = nullptr;  // by RuleIndex; null: none
  ConsentStanding standing_;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_EVALUATION_H_
