// A Parser is a reader that builds the syntax tree of a policy text by recursive descent, block by
// block.
//
// After a fault it reads on at the next block, so that one fault does not hide another. Each method
// reads one form of the grammar (docs/policy-language.md): true, and the cursor behind it; or
// false, and what is wrong has been reported. They stand in three files: blocks in parser.cc, the
// phrases that rules, checks and examples share in parser_phrases.cc, and examples in
// parser_examples.cc.
//
// Internal to the room: everybody else calls Parse() (syntax.h). Used once.

#ifndef SIGNPOST_POLICY_TEXT_PARSER_H_
#define SIGNPOST_POLICY_TEXT_PARSER_H_

#include <set>
#include <string>
#include <vector>

#include "policy/text/cursor.h"
#include "policy/text/syntax.h"
#include "policy/text/tokens.h"
#include "policy/vocabulary.h"

namespace signpost::policy::syntax {

class Parser : private Cursor {
 public:
  // REQUIRES: the last of `tokens` is the end of the text.
  Parser(std::vector<Token> tokens, const Vocabulary& vocabulary, Diagnostics& diagnostics);

  Policy Run();

 private:
  // ---- Blocks ----

  bool Block();
  bool Header(const Word& start);
  // where no rule shows an item, hide it
  // where consent is from a parent, it ends at 16
  // where a section is victims or offence-details, it may name a victim
  bool Default();
  bool EndsWithAge();
  bool MayNameVictims();
  bool GroupBlock();
  bool RuleBlock();
  bool StatementOf(Rule& rule);
  // never record, never show of ITEMS on ASKER systems
  bool NeverTail(Statement& statement);
  bool AgreementBlock();
  bool AgreementTail(Agreement& agreement);
  bool EndAgreement(const Word& start);
  bool OverrideBlock(const Word& start);
  bool RuleIds(std::vector<Word>& out);
  // no ASKER (sees|learns) ASPECTS of ITEMS [on basis ..] [when ..] [unless ..] [without ..]
  // [, except by IDS]
  bool CheckBlock(const Word& start);
  // "explicit consent in force" | "consent in force" | "a relationship"
  bool Without(Conditions& out);

  // ---- Phrases ----

  bool Tails(Conditions& when, std::vector<Conditions>& unless);
  bool Aspects(AspectPhrase& out, absl::string_view all_word);
  bool Items(ItemPhrase& out);
  void Article();
  bool Phrase(AskerPhrase& out);
  bool Askers(AskerSelector& out);
  bool ExceptAskers(AskerSelector& out);
  bool ConditionList(Conditions& out);
  // `newly`: the worker is newly involved, which is two conditions, `out` the first.
  bool OneCondition(Condition& out, bool& newly);
  // In a list of purposes, a comma may also lead to ", and <next condition>" or out of the clause.
  bool TakeMorePurposes();
  bool PeekConsentState() const;
  // What a consent is about: "consent", "consent to the service"; unsaid it is sharing.
  bool ConsentMatterOf(uint32_t& out);
  // "explicit and in force from a parent"
  bool ConsentStates(uint32_t& out);
  // One grantor, or one of the two groups that every grantor is in.
  bool OneGrantor(uint32_t& out);
  bool Grantors(uint32_t& out);
  bool Obligations(uint32_t& out);

  // ---- Examples ----

  bool ExampleBlock(const Word& start);
  bool Involved(uint8_t& relationships);
  bool AskerFact(Example& example);
  bool ExampleItem(Example& example);
  bool ItemFact(Example& example);
  bool ConsentFactOf(Example& example);
  // What it covers: [to WHOM] [for PURPOSES] [about ASPECTS] [of WHAT] [section S] [held by WHOM]
  bool ScopeOf(ExampleConsent& consent);
  bool OrWords(std::vector<Word>& out, absl::string_view what);
  bool Birthday(Example& example);
  bool ExampleResult(Example& example);

  std::set<std::string> assessments_;
  Policy policy_;
  int agreement_ = kNoAgreement;  // the one whose block is open
  // Of the example being read.
  std::vector<Purpose> example_purposes_;
  std::vector<Aspect> example_aspects_;
  bool has_header_ = false;
};

}  // namespace signpost::policy::syntax

#endif  // SIGNPOST_POLICY_TEXT_PARSER_H_
