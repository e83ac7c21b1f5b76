// The bound form of a policy: every word a symbol, every rule in the order of its id.
//
// Internal to the room. A PolicyImpl is filled once by the compiler (compile.cc) and never changes
// afterwards; decide.cc, explain.cc and prove.cc read it, and the tables of the compiled engine
// (engine.h) are made from it.

#ifndef SIGNPOST_POLICY_ENGINE_PROGRAM_H_
#define SIGNPOST_POLICY_ENGINE_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "policy/engine/engine.h"
#include "policy/facts.h"
#include "policy/policy.h"
#include "policy/text/syntax.h"

namespace signpost::policy {

class SymbolTable {
 public:
  // The word's symbol; a new one where it has none yet.
  Symbol Intern(const std::string& word);
  Symbol Find(absl::string_view word) const;
  const std::string& Word(Symbol symbol) const;  // "" out of range
  size_t size() const { return words_.size(); }  // symbols are 1 .. size() - 1
  std::vector<std::string> Words() const { return {words_.begin() + 1, words_.end()}; }

 private:
  absl::flat_hash_map<std::string, Symbol> symbols_;
  std::vector<std::string> words_ = {""};
};

// A set of symbols of one table.
class SymbolSet {
 public:
  void Add(Symbol symbol);
  bool empty() const { return count_ == 0; }
  bool Has(Symbol symbol) const { return symbol < bits_.size() && bits_[symbol] != 0; }
  // kYes for everything where the set is empty (no constraint).
  Tri Admits(Symbol symbol) const;

 private:
  std::vector<uint8_t> bits_;
  int count_ = 0;
};

struct BoundAskerPhrase {
  Symbol agency = kNoSymbol;
  Symbol kind = kNoSymbol;
  Symbol role = kNoSymbol;
  Symbol team = kNoSymbol;
  bool practitioner = false;
  bool system = false;
  bool holder = false;
  bool relevant_authority = false;
};

struct BoundAskers {
  bool everyone = false;
  std::vector<BoundAskerPhrase> any;
  std::vector<BoundAskerPhrase> except;
};

struct BoundItems {
  bool everything = false;
  SymbolSet services;
  SymbolSet agencies;
  bool marked_sensitive = false;
  SymbolSet held_by_agencies;
  SymbolSet held_by_kinds;
};

struct BoundAspects {
  uint8_t mask = 0;
  SymbolSet assessments;
  syntax::Sections section_mode = syntax::Sections::kAll;
  SymbolSet sections;
};

struct BoundStatement {
  Effect effect = Effect::kHide;
  BoundAspects aspects;
  BoundItems items;
  BoundAskers askers;
  syntax::Conditions when;
  std::vector<syntax::Conditions> unless;
  std::string text;
};

struct BoundRule {
  bool is_override = false;
  bool has_hide = false;
  bool liftable = false;
  int16_t agreement = kNoAgreement;
  Gateway basis = Gateway::kNone;
  uint32_t obligations = 0;
  std::vector<BoundStatement> statements;
  // Of an override.
  BoundAskers askers;
  syntax::Conditions when;
  uint8_t opens = 0;
  uint32_t grounds = 0;
  std::vector<uint8_t> lifts;  // by RuleIndex
};

struct BoundAgreement {
  SymbolSet parties;
  int64_t from_s = 0;
  int64_t until_s = 0;
  std::vector<std::pair<Symbol, Gateway>> choices;
};

struct AgencyData {
  std::string name;
  Symbol kind = kNoSymbol;
  bool relevant_authority = false;
  std::vector<Symbol> services;
};

struct TeamData {
  SymbolSet agencies;
  uint32_t purposes = 0;
  bool has_relevant_authority = false;
};

struct BoundCheck {
  syntax::Word at;
  std::string text;
  bool counts_broker = false;
  BoundAskers askers;
  BoundAspects aspects;
  BoundItems items;
  syntax::Conditions when;
  std::vector<syntax::Conditions> unless;
  std::vector<uint8_t> except_by;  // by RuleIndex
};

class PolicyImpl {
 public:
  std::string name;
  int64_t version = 0;
  int64_t in_force_s = 0;
  std::string approved_by;
  std::string content_id;
  // Bits of grantors, any of them: whose consent the eighteenth birthday ends.
  uint32_t ends_at_18 = 0;

  SymbolTable agencies;
  SymbolTable kinds;
  SymbolTable teams;
  SymbolTable services;
  SymbolTable roles;
  SymbolTable assessments;
  SymbolTable sections;

  std::vector<AgencyData> agency_data;  // by Symbol
  std::vector<TeamData> team_data;      // by Symbol
  std::vector<std::vector<Symbol>> assessment_sections;
  std::vector<uint8_t> sensitive_services;  // by Symbol

  std::vector<RuleInfo> rule_infos;
  std::vector<BoundRule> rules;  // beside rule_infos
  std::vector<AgreementInfo> agreement_infos;
  std::vector<BoundAgreement> agreements;

  std::unique_ptr<const Engine> engine;  // null: the policy is interpreted
};

Tri And(Tri a, Tri b);
Tri Or(Tri a, Tri b);
Tri Not(Tri a);

// What a consent's scope is held against. Symbols must be in range.
struct CoverFacts {
  Symbol agency = kNoSymbol;
  Symbol agency_kind = kNoSymbol;
  Symbol role = kNoSymbol;
  Symbol holder = kNoSymbol;
  Symbol service = kNoSymbol;
  Symbol assessment = kNoSymbol;
  Symbol section = kNoSymbol;
  Aspect aspect = Aspect::kExistence;
  Purpose purpose = Purpose::kUnspecified;
  // What may end a consent besides its own end: Item::adult_from_s and PolicyImpl::ends_at_18.
  int64_t adult_from_s = kUnknownS;
  uint32_t ends_at_18 = 0;
};
Tri Covers(const ConsentScope& scope, const CoverFacts& facts, int depth);

// The first second at which `consent` no longer holds: its own end, or the eighteenth birthday
// where the policy lets that end it. kUnknownS where that cannot be told.
int64_t EndOf(const ConsentFact& consent, uint32_t ends_at_18, int64_t adult_from_s);

// Of each consent, whether it covers the question and how it stands: Bit()s of its states, grantor
// and matter.
// Filled as far as there are consents and no further.
struct ConsentStanding {
  Tri covers[kConsentsPerItemMax];
  uint32_t states[kConsentsPerItemMax];
};
// There must be at most kConsentsPerItemMax.
void JudgeConsents(const CoverFacts& facts, absl::Span<const ConsentFact> consents, int64_t now_s,
                   ConsentStanding& standing);
// Whether one of the first `count` consents has all of `states`.
Tri ConsentHolds(uint32_t states, size_t count, const ConsentStanding& standing);
// The consent with the latest end of those that a statement on basis consent rests on.
int32_t ConsentUsed(const BoundStatement& statement, absl::Span<const ConsentFact> consents,
                    const ConsentStanding& standing);

// Adds to `yes` and `unknown` the relationships of the asker's teams where they have a say.
void AddTeamRelationships(const PolicyImpl& policy, const Question& question, Symbol agency,
                          Purpose purpose, uint8_t& yes, uint8_t& unknown);
// Whether such a team makes the asker act for a relevant authority.
bool TeamActsForAuthority(const PolicyImpl& policy, const Question& question, Symbol agency,
                          Purpose purpose);

// What one decision is about, with what is derived from it once. Lives on the stack of Decide().
class Evaluation {
 public:
  Evaluation(const PolicyImpl& policy, const Question& question, const Item& item);

  // Without `say_missing`, Decision::missing of a hide is left out: it is the dear part of a hide.
  Decision Run(bool say_missing = true);

  // What would have to change for a statement to say otherwise.
  struct Requirement {
    bool possible = true;
    uint32_t bits = 0;
    void Add(const Requirement& other);
    // The cheaper of two ways; both where they cost the same, so that order never matters.
    void Either(const Requirement& other);
  };
  Requirement RequiredToSpeak(const BoundRule& rule, const BoundStatement& statement);
  Requirement RequiredToBeSilent(const BoundRule& rule, const BoundStatement& statement);

  // What would have been needed, Bit(Missing), for an item that Run() does not show. That no
  // override allows it is not among it: Run() says that.
  uint32_t WhatWasMissing();

  // The value of a statement's own words: selectors, parties and conditions. A show or broker
  // speaks on kYes alone; a hide on anything but kNo.
  Tri Matches(const BoundRule& rule, const BoundStatement& statement);
  // Whether a rule's show or broker statement really speaks: it matches, its agreement is in force,
  // its gateway is open, and a person asks where one is needed.
  bool Speaks(const BoundRule& rule, const BoundStatement& statement);
  // Whether some hide of the rule applies, softened or not. It counts unless it is kNo.
  Tri Hides(const BoundRule& rule);
  // For a prover that asks of one asker and item many times: which rules can matter at all (asked
  // of a question without a purpose), and then to look at no others. `rules` must outlive this.
  std::vector<uint8_t> RulesThatMatter();
  void RestrictTo(const std::vector<uint8_t>& rules) { matters_ = &rules; }
  // Whether a show, a broker or an override could speak of this item to this asker on some facts:
  // false only where words that no fact can change forbid it.
  bool CouldSpeak(const BoundRule& rule);
  // All that words which no fact can change say of this asker and item, one byte a statement. Two
  // pairs of asker and item with one signature (and one team) are decided alike on any facts. The
  // question must have no purpose.
  std::string Signature();
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
  bool Skips(size_t rule) const { return matters_ != nullptr && (*matters_)[rule] == 0; }
  Tri MatchParties(const BoundRule& rule) const;
  bool AgreementInForce(const BoundRule& rule) const;
  uint32_t GatewayLacks(const BoundRule& rule) const;  // 0: open
  bool PersonNeeded() const;
  Tri ConsentHolds(uint32_t states) const;
  bool Softened(const BoundRule& rule);
  bool TryOverride(Decision& decision);
  Requirement RequiredToHold(const syntax::Condition& condition, bool wanted);

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
  const std::vector<uint8_t>* matters_ = nullptr;  // by RuleIndex; null: all do
  ConsentStanding standing_;
};

// Compile() of a text that is already read: for tests that change the tree.
CompileResult CompileTree(syntax::Policy tree, const Vocabulary& vocabulary,
                          const CompileOptions& options);

// Runs the file's examples and proves its checks; reports what fails. Marks in `exampled` (by
// RuleIndex) each rule that some example names as deciding.
void RunExamples(const PolicyImpl& policy, const std::vector<syntax::Example>& examples,
                 syntax::Diagnostics& diagnostics, std::vector<uint8_t>& exampled);
void ProveChecks(const PolicyImpl& policy, const std::vector<BoundCheck>& checks, int64_t cells_max,
                 syntax::Diagnostics& diagnostics);

// "hide by S1, missing explicit-consent", in the words of an example.
std::string DecisionInWords(const PolicyImpl& policy, const Decision& decision);

// "1 March 2027", UTC.
std::string DayInWords(int64_t seconds);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_PROGRAM_H_
