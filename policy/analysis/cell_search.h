// A CellSearch is a search that finds one cell of the decision space in which all of some formulas
// hold, or says that there is none.
//
// It does not visit cells one by one. A question and its item are independent attributes (who asks,
// of whom, of what, why, on which facts); what a rule says of them is a formula whose literals are
// each about a single attribute. The search narrows the set of values that each attribute may have
// until every formula holds of all that is left, and branches only where a formula leaves a choice
// between attributes. So it costs about as much as there are rules to look at, however many
// agencies, papers and consents there are.
//
// Whoever asks must be told apart by what no set of values can say: which teams the asker is in,
// and in which aspect. Those are fixed by a Frame, and the caller goes through the frames that
// matter.
//
// Only known facts are searched: an unknown one never shows more. A role or a service that is in no
// vocabulary is a value of its own, since nobody can rule it out. Internal to the room; one caller
// at a time. Refers to the policy.

#ifndef SIGNPOST_POLICY_ANALYSIS_CELL_SEARCH_H_
#define SIGNPOST_POLICY_ANALYSIS_CELL_SEARCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "policy/engine/program.h"
#include "policy/facts.h"

namespace signpost::policy {

// What is fixed while formulas are searched.
struct Frame {
  Aspect aspect = Aspect::kExistence;
  std::vector<Symbol> teams;       // whose member the asker is
  uint8_t team_relationships = 0;  // of each of them with the young person
  // Of who is in a team, the purpose; kUnspecified: any, and no teams.
  Purpose purpose = Purpose::kUnspecified;

  friend bool operator<(const Frame& a, const Frame& b) {
    return std::tie(a.aspect, a.teams, a.team_relationships, a.purpose) <
           std::tie(b.aspect, b.teams, b.team_relationships, b.purpose);
  }
};

class CellSearch {
 public:
  // Formulas are numbers; they belong to the search and to a frame.
  using Formula = uint32_t;

  // A question with its item, and what their spans point at.
  struct Found {
    Question question;
    Item item;
    std::vector<TeamStanding> standings;
    std::vector<ConsentFact> consents;
  };

  explicit CellSearch(const PolicyImpl& policy);
  CellSearch(const CellSearch&) = delete;
  CellSearch& operator=(const CellSearch&) = delete;

  // Forgets the formulas made so far, and makes them of `frame` from now on.
  void Enter(const Frame& frame);

  Formula True() const { return kTrue; }
  Formula False() const { return kFalse; }
  Formula All(std::vector<Formula> parts);
  Formula Any(std::vector<Formula> parts);
  Formula Not(Formula formula);

  // Each where its value is known to be yes, and where it may be (what is not known to be no).
  enum class Mode : uint8_t { kCertain, kPossible };
  Formula Askers(const BoundAskers& askers, Mode mode);
  Formula Items(const BoundItems& items, Mode mode);
  Formula Aspects(const BoundAspects& aspects, Mode mode);
  Formula Conditions(const syntax::Conditions& conditions);
  // What a statement's own words say: selectors, parties and conditions.
  Formula Matches(const BoundRule& rule, const BoundStatement& statement, Mode mode);
  // That its show or broker speaks: it matches, some day it is in force, its gateway is open, and a
  // person asks where one is needed.
  Formula Speaks(const BoundRule& rule, const BoundStatement& statement);
  // That some hide of the rule applies.
  Formula Hides(const BoundRule& rule, Mode mode);
  // That this agency asks, and that that one holds the item; kNoSymbol: any.
  Formula Between(Symbol asker, Symbol holder);
  // That the asker has all of these by themselves.
  Formula Related(uint8_t relationships);
  // That a consent stands so, Bit()s as in a condition; 0 is of any.
  Formula ConsentStands(uint32_t states) { return Consent(states, true); }
  Formula Marked(bool yes) { return YesNo(kMarked, yes); }

  // That the override opens, but for the hides that it does not lift.
  Formula Overrides(const BoundRule& rule, OverrideGround ground);

  // Whether there is a cell in which all of `formulas` hold. Takes from `steps_left` as many as it
  // needs; where they do not suffice the answer is that there may be one, and `steps_left` is less
  // than 0. `found`, where it is not null, becomes such a cell at `now_s`.
  bool Search(const std::vector<Formula>& formulas, int64_t now_s, int64_t& steps_left,
              Found* found = nullptr);

 private:
  // An attribute; its values are bits.
  enum Attribute : uint8_t {
    kSame,  // the asker is the holder: no, yes
    kAgency,
    kRole,
    kPractitioner,  // no, yes; and so on
    kHolder,
    kService,
    kMarked,
    kPaper,  // places in papers_
    kPurpose,
    kRelated,  // what the asker has by themselves, as bits of Relationship
    kShielded,
    kOpen,
    kDisputed,
    kNewIdentity,
    kSpentOffence,
    kNamesVictim,
    kAttributes
  };
  enum class Kind : uint8_t { kLiteral, kAll, kAny, kConsent };
  enum class Truth : uint8_t { kFalse, kOpen, kTrue };
  struct Node {
    Kind kind;
    Attribute attribute = kSame;
    bool wanted = true;  // of a kConsent: that there is such a consent, or none
    uint32_t begin = 0;  // of parts_ or of words_
    uint32_t end = 0;
    uint32_t states = 0;  // place in kind_sets_
  };
  static constexpr size_t kKindWords = 3;
  using Kinds = std::array<uint64_t, kKindWords>;  // places in AllConsentKinds()
  static constexpr Formula kTrue = 0;
  static constexpr Formula kFalse = 1;

  struct State {
    bool same = false;
    std::vector<uint64_t> domains;
    Kinds allowed;
    std::vector<Kinds> required;  // of each, one of these there is
  };

  template <typename Has>
  Formula Literal(Attribute attribute, Has has);
  Formula YesNo(Attribute attribute, bool yes);
  Formula Phrase(const BoundAskerPhrase& phrase, Mode mode);
  Formula OneCondition(const syntax::Condition& condition);
  Formula Consent(uint32_t states, bool wanted);
  Formula Parties(const BoundRule& rule);
  Formula GatewayOpen(const BoundRule& rule);
  Formula ActsForAuthority();

  Truth Judge(Formula formula, const State& state) const;
  // Narrows the state until a literal or consent holds; false where it then never can.
  bool Assume(const Node& node, State& state) const;
  void Narrow(Attribute attribute, const uint64_t* words, State& state) const;
  bool Solve(std::vector<Formula> pending, State& state, int64_t& steps_left) const;
  bool Consistent(const State& state) const;
  size_t First(const State& state, Attribute attribute) const;
  void Fill(const State& state, int64_t now_s, Found& found) const;

  const PolicyImpl& policy_;
  Frame frame_;
  std::array<size_t, kAttributes> sizes_;          // values
  std::array<size_t, kAttributes + 1> at_;         // words in State::domains
  std::vector<std::pair<Symbol, Symbol>> papers_;  // of the frame's aspect
  std::vector<uint64_t> everything_;               // domains in which nothing is ruled out
  Formula role_is_a_persons_ = kTrue;              // a system has none
  std::vector<Node> nodes_;
  std::vector<Formula> parts_;
  std::vector<uint64_t> words_;
  std::vector<Kinds> kind_sets_;
  std::map<uint32_t, uint32_t> kind_sets_at_;  // by states
  std::vector<uint32_t> kind_states_;          // how each of AllConsentKinds() stands
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_CELL_SEARCH_H_
