// A PolicyImpl is the bound form of a policy that decides: every word a symbol, every rule in the
// order of its id.
//
// Internal to the room. It is filled once (bind.h) and never changes afterwards; the interpreter
// (evaluation.h) and the provers of policy/analysis read it, and the tables of the compiled engine
// (engine.h) are made from it. Once filled it may be read by any number of threads.

#ifndef SIGNPOST_POLICY_ENGINE_PROGRAM_H_
#define SIGNPOST_POLICY_ENGINE_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
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
  // Of several rules that show, the basis recorded is that of the one with the lowest: see
  // OrderBases() (bind.cc).
  uint16_t precedence = 0;
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
  bool feeds = true;
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
  // Bits of grantors, any of them: what they say, that birthday ends.
  uint32_t ends_at_16 = 0;
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
  SymbolSet may_name_victims;               // sections; empty: any may

  std::vector<RuleInfo> rule_infos;
  std::vector<BoundRule> rules;  // beside rule_infos
  std::vector<AgreementInfo> agreement_infos;
  std::vector<BoundAgreement> agreements;

  std::unique_ptr<const Engine> engine;  // null: the policy is interpreted
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_PROGRAM_H_
