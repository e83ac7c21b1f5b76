// An Engine is a set of tables that decides: one bit a line of the policy, one row of bits for each
// value that an attribute of a question can have. A decision is the AND of the rows of its
// attributes.
//
// A line is one way in which one statement can apply: a conjunction of tests, each about a single
// attribute. Its bit in a row says what that attribute's value allows: for a hide, that the test is
// not known to fail; for a show or a broker, that it is known to hold. Both kinds of three-valued
// logic fold into one bit because the truth of a conjunction is as low as its lowest part.
//
// Internal to the room. Built once from a bound policy and never changed: any number of threads may
// decide at once. Decide() allocates nothing, takes no lock and makes no system call. What is rare
// (an override that is asked for, a broker that speaks) it leaves to the interpreter
// (evaluation.h), which says the same of everything and is what the tests hold this against.

#ifndef SIGNPOST_POLICY_ENGINE_ENGINE_H_
#define SIGNPOST_POLICY_ENGINE_ENGINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "policy/engine/ways.h"
#include "policy/facts.h"

namespace signpost::policy {

class PolicyImpl;
struct BoundStatement;

class Engine {
 public:
  // Past these a policy is interpreted instead: its tables would outgrow any cache.
  static constexpr size_t kLinesMax = 4096;
  static constexpr size_t kTableWordsMax = 8 << 20;
  // Rows times the tests that each takes, over all tables: some seconds of building at the most.
  static constexpr size_t kBuildStepsMax = 128 << 20;

  // nullptr where the policy is past one of these limits. `policy` must outlive the engine.
  static std::unique_ptr<const Engine> Build(const PolicyImpl& policy);

  // A question in the terms of the tables, for all the items that are asked about with it: the
  // rows of who asks, why and when are combined once. Refers to both arguments.
  class QuestionRows {
   public:
    QuestionRows(const Engine& engine, const Question& question);
    QuestionRows(const QuestionRows&) = delete;  // points into itself
    QuestionRows& operator=(const QuestionRows&) = delete;

    // False: of whatever item, the interpreter must be asked.
    bool usable() const { return usable_; }

   private:
    friend class Engine;

    const Question& question_;
    Symbol agency_;
    Symbol role_;
    Purpose named_purpose_;
    bool usable_;
    size_t first_aspect_;  // among the rows of aspects
    // Who asks, by whether the asker is the holder, as a Tri: rows of the engine, or of own_.
    std::array<const uint64_t*, 3> who_;
    // Both written as far as the engine's words go, and own_ where a team has a say.
    std::array<uint64_t, kLinesMax / 64> why_and_when_;
    std::array<std::array<uint64_t, kLinesMax / 64>, 3> own_;
  };

  // A question and one item in the terms of the tables, for every aspect of the item: what does not
  // depend on the aspect is combined once. Refers to nothing.
  class ItemRows {
   public:
    ItemRows() = default;  // of nothing; not to be decided with
    // Of `item` its aspect, assessment and section are not looked at.
    ItemRows(const Engine& engine, const QuestionRows& rows, const Item& item);

    // False: no line of the policy is left, so that every aspect is decided by default.
    bool any() const { return any_; }

   private:
    friend class Engine;

    bool any_ = false;
    std::array<uint64_t, kLinesMax / 64> lines_;  // written as far as the engine's words go
  };

  // Writes into `decision` what Evaluation::Run(false) answers and returns true; or returns false,
  // leaves it as it was, and the interpreter must be asked.
  //
  // REQUIRES: `decision` is as constructed; rows were made by this engine.
  bool Decide(const QuestionRows& rows, const Item& item, Decision& decision) const {
    return decide_(*this, rows, item, decision);
  }
  // The same where `item_rows` was made of `rows` and of `item` in some aspect.
  bool Decide(const QuestionRows& rows, const ItemRows& item_rows, const Item& item,
              Decision& decision) const {
    return decide_aspect_(*this, rows, item_rows, item, decision);
  }

  // What Evaluation::WhatWasMissing() answers finds its statements by: the shows that could speak
  // of an item to an asker on other facts. An engine that decides nothing; its rows of questions
  // and items are its own. nullptr where it would be past a limit.
  const Engine* potential_shows() const { return potential_shows_.get(); }
  // Evaluation::WhatWasMissing() for what Decide() answered with true and does not show. `rows`
  // and `item_rows` are this engine's, `could` and `could_item` those of potential_shows(), all of
  // one question and item.
  Lacks WhatWasMissing(const QuestionRows& rows, const ItemRows& item_rows,
                       const QuestionRows& could, const ItemRows& could_item,
                       const Item& item) const;

 private:
  // A table of rows; `words_` words a row, in `bits_` from `at` on.
  struct Table {
    size_t at = 0;
  };
  struct Consented;
  class Builder;
  using Lines = std::array<uint64_t, kLinesMax / 64>;

  explicit Engine(const PolicyImpl& policy) : policy_(policy) {}

  const uint64_t* Row(Table table, size_t index) const {
    return bits_.data() + table.at + index * words_;
  }
  // Below, kWords is the number of words a row, or 0 where that is known only at run time.
  template <size_t kWords>
  size_t Words() const {
    return kWords != 0 ? kWords : words_;
  }
  // Lines that nothing but aspect and consent can stop.
  template <size_t kWords>
  void Gather(const QuestionRows& rows, const Item& item, uint64_t* lines) const;
  // Those of `gathered` that nothing but consent can stop; whether there is any.
  template <size_t kWords>
  bool Narrow(const QuestionRows& rows, const Item& item, const uint64_t* gathered,
              uint64_t* lines) const;
  // Those of `lines` that consent leaves; how consent stands is written only where a line asks.
  template <size_t kWords>
  void Consent(const QuestionRows& rows, const Item& item, uint64_t* lines,
               Consented& consented) const;
  // What `lines` that consent has not been asked about come to.
  template <size_t kWords>
  bool Conclude(const QuestionRows& rows, const Item& item, uint64_t* lines,
                Decision& decision) const;
  template <size_t kWords>
  static bool DecideOne(const Engine& engine, const QuestionRows& rows, const Item& item,
                        Decision& decision);
  template <size_t kWords>
  static bool DecideAspect(const Engine& engine, const QuestionRows& rows,
                           const ItemRows& item_rows, const Item& item, Decision& decision);
  template <size_t kWords>
  static void GatherItem(const Engine& engine, const QuestionRows& rows, const Item& item,
                         ItemRows& item_rows);
  template <size_t kWords>
  static void CombineWhy(const Engine& engine, const std::array<const uint64_t*, 4>& rows,
                         uint64_t* combined);
  template <size_t kWords>
  void DecideWith();
  void Choose();
  // `visit(rule, statement)` of every line.
  template <typename Visit>
  void ForEach(const Lines& lines, Visit visit) const;
  void JudgeConsent(const QuestionRows& rows, const Item& item, Consented& consented) const;
  // The asker's row where a team of theirs has a say, written to `own`.
  void AskAsTeams(const Question& question, Symbol agency, size_t purpose, size_t asker_row,
                  uint64_t* own) const;

  const PolicyImpl& policy_;
  std::unique_ptr<const Engine> potential_shows_;
  // For the number of words this policy has.
  bool (*decide_)(const Engine&, const QuestionRows&, const Item&, Decision&) = nullptr;
  bool (*decide_aspect_)(const Engine&, const QuestionRows&, const ItemRows&, const Item&,
                         Decision&) = nullptr;
  void (*gather_)(const Engine&, const QuestionRows&, const Item&, ItemRows&) = nullptr;
  void (*combine_why_)(const Engine&, const std::array<const uint64_t*, 4>&, uint64_t*) = nullptr;
  size_t words_ = 0;
  std::vector<uint64_t> bits_;

  // Sizes of the vocabularies, with the unknown word.
  size_t agencies_ = 0;
  size_t service_count_ = 0;
  size_t papers_ = 0;
  size_t section_count_ = 0;
  // Whether any line looks at what these tables say: where none does they are not read.
  bool names_holders_ = false;  // holders_
  bool names_marked_ = false;   // marked_
  bool names_held_by_ = false;  // held_by_
  bool names_facts_ = false;    // facts_ and more_facts_

  // By line, in the order hides, brokers, shows, and in each by rule and statement.
  std::vector<RuleIndex> line_rule_;
  std::vector<const BoundStatement*> line_statement_;
  Table classes_;  // three rows: hides, brokers, shows

  // By symbol, so that agencies (and roles) which no line tells apart share their rows.
  std::vector<uint32_t> agency_class_;
  std::vector<uint32_t> role_class_;
  uint32_t role_classes_ = 0;
  Table askers_;      // [agency class][role class][practitioner][same as the holder]
  Table asker_any_;   // the same without its exceptions, and
  Table asker_but_;   // the exceptions alone, and
  Table asker_rest_;  // what is asked of the asker besides; for those who have teams
  Table acts_;        // one row: lines that need the asker to act for a relevant authority
  Table team_any_;    // [team]: lines that name it
  Table team_but_;    // [team]: lines that except it
  bool names_teams_ = false;

  Table services_;     // [service]
  Table holders_;      // [holder]: lines that name it among their items
  Table marked_;       // [marked sensitive]
  Table held_by_;      // [holder]: `held by`, parties, the holder's choice of gateway
  Table aspects_;      // [practitioner is known][aspect]
  Table assessments_;  // [assessment], and a last row for aspects without one
  Table sections_;     // [section], and a last row for aspects without one
  Table purposes_;     // [necessity stated][purpose]
  // Sets of relationships that no line tells apart share their rows.
  std::array<uint8_t, size_t{1} << kRelationshipCount> related_class_;
  Table related_;     // [class of those that hold]
  Table perhaps_;     // [class of those that hold or may]
  Table facts_;       // [four facts of the item, two bits each]
  Table more_facts_;  // [the other four]
  Table times_;       // [how many of `turns_` are past]
  std::vector<int64_t> turns_;
  // Every combination of consent states that a condition names, and the rows by which of them hold
  // and by which of them may: so many of them a table.
  std::vector<uint32_t> consent_states_;
  size_t not_asked_ = 0;  // those that hold where there is no consent
  static constexpr size_t kStatesPerTable = 8;
  static constexpr size_t kConsentStatesMax = 32;
  static constexpr size_t kStateRows = size_t{1} << kStatesPerTable;
  Table on_consent_;                    // one row: lines with a condition about consent
  std::vector<Table> consent_;          // [bits of those that hold]
  std::vector<Table> consent_perhaps_;  // [bits of those that hold or may]
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_ENGINE_H_
