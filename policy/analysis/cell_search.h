// A CellSearch is a search that finds one cell of the decision space in which all of some formulas
// hold, or says that there is none.
//
// It does not visit cells one by one. A question and its item are independent attributes (who asks,
// in which teams, of whom, of what, why, on which facts); what a rule says of them is a formula
// whose literals are each about a single attribute. The search narrows the set of values that each
// attribute may have until every formula holds of all that is left, and branches only where a
// formula leaves a choice between attributes. So it mostly costs about as much as there are rules
// to look at, however many agencies, teams, papers and consents there are. It need not: a policy
// can be written in which every branch fails late. So whoever searches says how much work all of it
// may be, and is told where that did not suffice.
//
// A Frame fixes the aspect, which decides what there is to ask about, and what teams bring their
// members; the caller goes through the frames that matter.
//
// Only known facts are searched: an unknown one never shows more. A role or a service that is in no
// vocabulary is a value of its own, since nobody can rule it out. Internal to the room; one caller
// at a time. Refers to the policy and to the work.

#ifndef SIGNPOST_POLICY_ANALYSIS_CELL_SEARCH_H_
#define SIGNPOST_POLICY_ANALYSIS_CELL_SEARCH_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "policy/engine/program.h"
#include "policy/facts.h"
#include "policy/vocabulary.h"

namespace signpost::policy {

// What teams can bring their members: their flag names them, or names nobody, and is new, or is
// not. What several bring together one can bring.
inline constexpr uint8_t kTeamsBring[] = {0, kAgencyInvolved,
                                          kAgencyInvolved | Bit(Relationship::kSettledInvolvement),
                                          kNewlyNamed, kNamedAndSettled};

// What is fixed while formulas are searched.
struct Frame {
  Aspect aspect = Aspect::kExistence;
  bool teams = false;              // the asker may be in any that their agency is in
  uint8_t team_relationships = 0;  // of each of them with the young person
};

// Every aspect, for an asker of no team and then, where there are teams, for one who may be in
// some.
std::vector<Frame> FramesOf(const PolicyImpl& policy);

// How much may still be done. A unit is the look at one part of a formula, or what takes as long:
// some nanoseconds. Once it is spent, searches end unfinished.
class Work {
 public:
  explicit Work(int64_t units) : left_(units) {}
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void Spend(int64_t units) { left_ -= units; }
  bool spent() const { return left_ < kept_; }
  int64_t left() const { return left_; }

 private:
  friend class PartOfWork;
  int64_t left_;
  int64_t kept_ = 0;
};

// While it lives no more than one part of so many may be spent of what was left, so that one
// question which is hard to answer leaves something for the next.
class PartOfWork {
 public:
  PartOfWork(Work& work, int64_t parts) : work_(work), kept_before_(work.kept_) {
    work_.kept_ = std::max(work_.kept_, work_.left_ - work_.left_ / parts);
  }
  ~PartOfWork() { work_.kept_ = kept_before_; }
  PartOfWork(const PartOfWork&) = delete;
  PartOfWork& operator=(const PartOfWork&) = delete;

 private:
  Work& work_;
  const int64_t kept_before_;
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

  // What CellSearch knows: that there is no such cell, that there is one, or neither, since the
  // work was spent before.
  enum class Answer : uint8_t { kNo, kYes, kUnfinished };

  // Tells teams apart that a rule or one of `others` names; of the rest, those that differ.
  CellSearch(const PolicyImpl& policy, Work& work,
             const std::vector<const BoundAskers*>& others = {});
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

  // Whether there is a cell in which all of `formulas` hold. `found`, where it is not null and
  // there is one, becomes such a cell at `now_s`.
  [[nodiscard]] Answer Search(const std::vector<Formula>& formulas, int64_t now_s,
                              Found* found = nullptr);

 private:
  // An attribute; its values are bits. After these come the teams: that the asker is in it, no and
  // yes.
  enum Attribute : uint16_t {
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
    kTeamsSay,  // that a team of the asker's has its say, inside its purposes
    kAttributes
  };
  enum class Kind : uint8_t { kLiteral, kAll, kAny, kConsent };
  enum class Truth : uint8_t { kFalse, kOpen, kTrue };
  struct Node {
    Kind kind;
    uint16_t attribute = kSame;
    bool wanted = true;  // of a kConsent: that there is such a consent, or none
    uint32_t begin = 0;  // of parts_ or of words_
    uint32_t end = 0;
    uint32_t states = 0;  // place in kind_sets_
  };
  static constexpr size_t kKindWords = 3;
  using Kinds = std::array<uint64_t, kKindWords>;  // places in AllConsentKinds()
  static constexpr Formula kTrue = 0;
  static constexpr Formula kFalse = 1;

  // Teams that nothing tells apart, by the first of them.
  struct TeamClass {
    Symbol team;
    std::vector<uint64_t> agencies;  // as values of kAgency
    uint64_t purposes;               // as values of kPurpose
    bool has_relevant_authority;
  };

  struct State {
    bool same = false;
    std::vector<uint64_t> domains;
    Kinds allowed;
    std::vector<Kinds> required;  // of each, one of these there is
  };

  template <typename Has>
  Formula Literal(uint16_t attribute, Has has);
  Formula YesNo(uint16_t attribute, bool yes);
  Formula InTeam(size_t team_class);
  Formula Phrase(const BoundAskerPhrase& phrase, Mode mode);
  Formula OneCondition(const syntax::Condition& condition);
  Formula Consent(uint32_t states, bool wanted);
  Formula Parties(const BoundRule& rule);
  Formula GatewayOpen(const BoundRule& rule);
  Formula ActsForAuthority();

  void ClassTeams(const std::vector<const BoundAskers*>& others);
  size_t ClassOf(Symbol team) const;

  Truth Judge(Formula formula, const State& state) const;
  // Narrows the state until a literal or consent holds; false where it then never can.
  bool Assume(const Node& node, State& state) const;
  bool Narrow(uint16_t attribute, const uint64_t* words, State& state) const;
  bool NarrowAgency(const uint64_t* words, State& state) const;
  bool NarrowPurpose(uint64_t purposes, State& state) const;
  bool Is(const State& state, uint16_t attribute, size_t value) const;
  bool JoinTeam(size_t team_class, State& state) const;
  bool LetNoTeamSay(State& state) const;
  Answer Solve(std::vector<Formula> pending, State& state) const;
  bool Complete(State& state) const;
  bool Consistent(const State& state) const;
  size_t First(const State& state, uint16_t attribute) const;
  void Fill(const State& state, int64_t now_s, Found& found) const;

  const PolicyImpl& policy_;
  Work& work_;
  Frame frame_;
  std::vector<TeamClass> teams_;
  std::vector<size_t> sizes_;  // values, by attribute
  std::vector<size_t> at_;     // words in State::domains, by attribute; then the end of the last
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
