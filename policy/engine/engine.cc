#include "policy/engine/engine.h"

#include <algorithm>

#include "policy/check.h"
#include "policy/engine/consent.h"
#include "policy/engine/engine_rows.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/program.h"
#include "policy/engine/tri.h"

namespace signpost::policy {

// The loops below are over the words of a row, and most policies have rows of one to four. Where
// that number is known when compiling, they unroll; 0 is for the rest.
void Engine::Choose() {
  switch (words_) {
    case 1:
      return DecideWith<1>();
    case 2:
      return DecideWith<2>();
    case 3:
      return DecideWith<3>();
    case 4:
      return DecideWith<4>();
    default:
      return DecideWith<0>();
  }
}

// Which of the conditions about consent hold, and which may: rows of their tables.
struct Engine::Consented {
  size_t holds;
  size_t may_hold;
  ConsentStanding standing;
};

void Engine::JudgeConsent(const QuestionRows& rows, const Item& item, Consented& consented) const {
  // Nobody was asked: nothing holds but what asks for just that.
  consented.holds = not_asked_;
  consented.may_hold = not_asked_;
  if (item.consents_known != Tri::kYes ||
      item.consents.size() > static_cast<size_t>(kConsentsPerItemMax)) {
    consented.holds = 0;
    consented.may_hold = (size_t{1} << consent_states_.size()) - 1;
    return;
  }
  if (item.consents.empty()) return;
  JudgeConsents(CoverFacts{rows.agency_, policy_.agency_data[rows.agency_].kind, rows.role_,
                           InRange(item.holder, agencies_), InRange(item.service, service_count_),
                           InRange(item.assessment, papers_), InRange(item.section, section_count_),
                           item.aspect, rows.named_purpose_, BirthdaysOf(policy_, item)},
                item.consents, rows.question_.now_s, consented.standing);
  consented.holds = 0;
  consented.may_hold = 0;
  for (size_t k = 0; k < consent_states_.size(); ++k) {
    const Tri value = ConsentHolds(consent_states_[k], item.consents.size(), consented.standing);
    consented.holds |= static_cast<size_t>(value == Tri::kYes) << k;
    consented.may_hold |= static_cast<size_t>(value != Tri::kNo) << k;
  }
}

// What the asker's row would be with what their teams add. It cannot be made beforehand, there
// being as many as there are sets of teams; so it is put together as it was for those without teams
// (any, but for the exceptions, and the rest), with each team's lines added to both.
//
// A team's say may be unknown. A show then does without it and a hide does not; of an exception it
// is the other way round, since what excepts from a hide shows.
void Engine::AskAsTeams(const Question& question, Symbol agency, size_t purpose, size_t asker_row,
                        uint64_t* own) const {
  const uint64_t* const hides = Row(classes_, 0);
  const uint64_t* const acts = Row(acts_, 0);
  const uint64_t* const rest = Row(asker_rest_, asker_row);
  std::copy_n(Row(asker_any_, asker_row), words_, own);
  std::array<uint64_t, kLinesMax / 64> but;
  std::copy_n(Row(asker_but_, asker_row), words_, but.data());
  bool acts_for_authority = policy_.agency_data[agency].relevant_authority;
  for (size_t t = 1; t < policy_.team_data.size(); ++t) {
    const TeamData& team = policy_.team_data[t];
    Tri member = Tri::kNo;
    for (const TeamStanding& standing : question.teams) {
      member = Or(member,
                  Same(InRange(standing.team, policy_.team_data.size()), static_cast<Symbol>(t)));
    }
    const Tri inside = purpose == 0 ? Tri::kUnknown : Known((team.purposes >> purpose & 1u) != 0);
    const Tri value = And(member, And(inside, team.agencies.Admits(agency)));
    if (member == Tri::kYes && inside == Tri::kYes && team.agencies.Has(agency)) {
      acts_for_authority |= team.has_relevant_authority;
    }
    if (value == Tri::kNo || !names_teams_) continue;
    const uint64_t* const any = Row(team_any_, t);
    const uint64_t* const except = Row(team_but_, t);
    for (size_t w = 0; w < words_; ++w) {
      own[w] |= value == Tri::kYes ? any[w] : any[w] & hides[w];
      but[w] |= value == Tri::kYes ? except[w] : except[w] & ~hides[w];
    }
  }
  for (size_t w = 0; w < words_; ++w) {
    own[w] &= ~but[w] & rest[w];
    if (!acts_for_authority) own[w] &= ~acts[w];
  }
}

// A decision is made in three steps, from what is cheap and shared to what is dear. Gather() ANDs
// the rows that do not depend on the aspect, so that an item asked about in five aspects pays for
// them once. Narrow() ANDs those that do. Conclude() looks at consent, where a line that is left
// asks for it, and reads the answer off the lines that remain.
template <size_t kWords>
void Engine::Gather(const QuestionRows& rows, const Item& item, uint64_t* lines) const {
  const size_t words = Words<kWords>();
  const uint64_t* const bits = bits_.data();
  const auto row = [&](Table table, size_t index) { return bits + table.at + index * words; };
  const Symbol holder = InRange(item.holder, agencies_);
  const uint64_t* const who = rows.who_[static_cast<size_t>(Same(rows.agency_, holder))];
  const uint64_t* const why = rows.why_and_when_.data();
  const uint64_t* const service = row(services_, InRange(item.service, service_count_));
  const uint32_t facts = names_facts_ || names_marked_ ? FactsOf(item) : 0;
  // What is of the item: its service, or its holder, or its mark. Any of them will do, so these are
  // ORed; everything else must hold, and is ANDed.
  for (size_t w = 0; w < words; ++w) lines[w] = service[w];
  if (names_holders_) {
    const uint64_t* const held = row(holders_, holder);
    for (size_t w = 0; w < words; ++w) lines[w] |= held[w];
  }
  if (names_marked_) {
    const uint64_t* const marked = row(marked_, facts >> (2 * kMarked));
    for (size_t w = 0; w < words; ++w) lines[w] |= marked[w];
  }
  if (names_held_by_) {
    const uint64_t* const held_by = row(held_by_, holder);
    for (size_t w = 0; w < words; ++w) lines[w] &= held_by[w];
  }
  if (names_facts_) {
    const uint64_t* const some = row(facts_, facts & 0xff);
    const uint64_t* const more = row(more_facts_, facts >> 8);
    for (size_t w = 0; w < words; ++w) lines[w] &= some[w] & more[w];
  }
  for (size_t w = 0; w < words; ++w) lines[w] &= who[w] & why[w];
}

template <size_t kWords>
bool Engine::Narrow(const QuestionRows& rows, const Item& item, const uint64_t* gathered,
                    uint64_t* lines) const {
  const size_t words = Words<kWords>();
  const uint64_t* const bits = bits_.data();
  const auto row = [&](Table table, size_t index) { return bits + table.at + index * words; };
  const bool content = item.aspect == Aspect::kContent;
  const bool paper = content || item.aspect == Aspect::kAssessment;
  const uint64_t* const aspect =
      row(aspects_, rows.first_aspect_ + static_cast<size_t>(item.aspect));
  const uint64_t* const assessment =
      row(assessments_, paper ? InRange(item.assessment, papers_) : papers_);
  const uint64_t* const section =
      row(sections_, content ? InRange(item.section, section_count_) : section_count_);
  uint64_t left = 0;
  for (size_t w = 0; w < words; ++w) {
    lines[w] = gathered[w] & aspect[w] & assessment[w] & section[w];
    left |= lines[w];
  }
  return left != 0;
}

template <size_t kWords>
void Engine::Consent(const QuestionRows& rows, const Item& item, uint64_t* lines,
                     Consented& consented) const {
  const size_t words = Words<kWords>();
  const uint64_t* const on_consent = Row(on_consent_, 0);
  uint64_t asks = 0;
  for (size_t w = 0; w < words; ++w) asks |= lines[w] & on_consent[w];
  if (asks == 0) return;
  JudgeConsent(rows, item, consented);
  for (size_t t = 0; t < consent_.size(); ++t) {
    const size_t shift = t * kStatesPerTable;
    const uint64_t* const holds = Row(consent_[t], consented.holds >> shift & (kStateRows - 1));
    const uint64_t* const may_hold =
        Row(consent_perhaps_[t], consented.may_hold >> shift & (kStateRows - 1));
    for (size_t w = 0; w < words; ++w) lines[w] &= holds[w] & may_hold[w];
  }
}

template <size_t kWords>
bool Engine::Conclude(const QuestionRows& rows, const Item& item, uint64_t* lines,
                      Decision& decision) const {
  const size_t words = Words<kWords>();
  // Consent is the dear fact, and few items come down to it.
  Consented consented;
  Consent<kWords>(rows, item, lines, consented);
  const uint64_t* const hides = Row(classes_, 0);
  const uint64_t* const brokers = Row(classes_, 1);
  uint64_t hidden = 0;
  uint64_t brokered = 0;
  uint64_t left = 0;
  for (size_t w = 0; w < words; ++w) {
    hidden |= lines[w] & hides[w];
    brokered |= lines[w] & brokers[w];
    left |= lines[w];
  }
  // Whether a broker softens a hide is a matter between two lines of one rule, which no row can
  // say.
  if (brokered != 0) return false;
  if (left == 0) return true;
  // A hide beats every show. Lines stand in the order of their rules within each class, so the bits
  // come in the order in which rules are to be named.
  RuleIndex last = kNoRule;
  const BoundRule* basis = nullptr;
  for (size_t w = 0; w < words; ++w) {
    uint64_t rest = hidden != 0 ? lines[w] & hides[w] : lines[w];
    for (; rest != 0; rest &= rest - 1) {
      const size_t line = w * 64 + static_cast<size_t>(__builtin_ctzll(rest));
      const RuleIndex rule = line_rule_[line];
      if (rule == last) continue;  // a rule decides once
      last = rule;
      if (decision.rule_count < kDecidingRulesMax) decision.rules[decision.rule_count] = rule;
      ++decision.rule_count;
      if (hidden != 0) continue;
      const BoundRule& bound = policy_.rules[static_cast<size_t>(rule)];
      decision.obligations |= bound.obligations;
      if (basis == nullptr || bound.precedence < basis->precedence) basis = &bound;
    }
  }
  decision.by_default = false;
  if (hidden != 0) return true;
  decision.effect = Effect::kShow;
  decision.gateway = basis->basis;
  decision.agreement = basis->agreement;
  if (basis->basis != Gateway::kConsent) return true;
  // A show on consent has a condition about it, so it has been judged.
  for (size_t w = 0; w < words; ++w) {
    for (uint64_t rest = lines[w]; rest != 0; rest &= rest - 1) {
      const size_t line = w * 64 + static_cast<size_t>(__builtin_ctzll(rest));
      if (policy_.rules[static_cast<size_t>(line_rule_[line])].basis != Gateway::kConsent) continue;
      ConsentUsed(*line_statement_[line], item.consents, consented.standing, decision.consent);
    }
  }
  return true;
}

template <size_t kWords>
bool Engine::DecideOne(const Engine& engine, const QuestionRows& rows, const Item& item,
                       Decision& decision) {
  SIGNPOST_POLICY_DCHECK(decision == Decision());
  if (!rows.usable_ || static_cast<size_t>(item.aspect) >= kAspectCount) return false;
  std::array<uint64_t, kWords != 0 ? kWords : kLinesMax / 64> lines;
  engine.Gather<kWords>(rows, item, lines.data());
  if (!engine.Narrow<kWords>(rows, item, lines.data(), lines.data())) return true;
  return engine.Conclude<kWords>(rows, item, lines.data(), decision);
}

template <size_t kWords>
bool Engine::DecideAspect(const Engine& engine, const QuestionRows& rows, const ItemRows& item_rows,
                          const Item& item, Decision& decision) {
  SIGNPOST_POLICY_DCHECK(decision == Decision());
  if (!rows.usable_ || static_cast<size_t>(item.aspect) >= kAspectCount) return false;
  if (!item_rows.any_) return true;
  std::array<uint64_t, kWords != 0 ? kWords : kLinesMax / 64> lines;
  if (!engine.Narrow<kWords>(rows, item, item_rows.lines_.data(), lines.data())) return true;
  return engine.Conclude<kWords>(rows, item, lines.data(), decision);
}

template <size_t kWords>
void Engine::GatherItem(const Engine& engine, const QuestionRows& rows, const Item& item,
                        ItemRows& item_rows) {
  engine.Gather<kWords>(rows, item, item_rows.lines_.data());
  uint64_t left = 0;
  for (size_t w = 0; w < engine.Words<kWords>(); ++w) left |= item_rows.lines_[w];
  item_rows.any_ = left != 0;
}

template <size_t kWords>
void Engine::CombineWhy(const Engine& engine, const std::array<const uint64_t*, 4>& rows,
                        uint64_t* combined) {
  for (size_t w = 0; w < engine.Words<kWords>(); ++w) {
    combined[w] = rows[0][w] & rows[1][w] & rows[2][w] & rows[3][w];
  }
}

template <size_t kWords>
void Engine::DecideWith() {
  decide_ = &DecideOne<kWords>;
  decide_aspect_ = &DecideAspect<kWords>;
  gather_ = &GatherItem<kWords>;
  combine_why_ = &CombineWhy<kWords>;
}

template <typename Visit>
void Engine::ForEach(const Lines& lines, Visit visit) const {
  for (size_t w = 0; w < words_; ++w) {
    for (uint64_t rest = lines[w]; rest != 0; rest &= rest - 1) {
      const size_t line = w * 64 + static_cast<size_t>(__builtin_ctzll(rest));
      visit(policy_.rules[static_cast<size_t>(line_rule_[line])], *line_statement_[line]);
    }
  }
}

Lacks Engine::WhatWasMissing(const QuestionRows& rows, const ItemRows& item_rows,
                             const QuestionRows& could, const ItemRows& could_item,
                             const Item& item) const {
  // The tables say which statements are worth asking, and the interpreter what each would need.
  Lines lines;
  // Where nothing could show it, naming a lack would mislead.
  if (!could_item.any_ ||
      !potential_shows_->Narrow<0>(could, item, could_item.lines_.data(), lines.data())) {
    return Lacks();
  }
  Evaluation evaluation(policy_, rows.question_, item);
  Ways shows = Ways::None();
  potential_shows_->ForEach(lines, [&](const BoundRule& rule, const BoundStatement& statement) {
    shows.Either(evaluation.RequiredToSpeak(rule, statement));
  });
  if (!shows.possible()) return Lacks();
  if (item_rows.any_ && Narrow<0>(rows, item, item_rows.lines_.data(), lines.data())) {
    Consented consented;
    Consent<0>(rows, item, lines.data(), consented);
    const uint64_t* const hiding = Row(classes_, 0);
    for (size_t w = 0; w < words_; ++w) lines[w] &= hiding[w];
    Ways hides = Ways::Nothing();
    ForEach(lines, [&](const BoundRule& rule, const BoundStatement& statement) {
      hides.Both(evaluation.RequiredToBeSilent(rule, statement));
    });
    shows.Both(hides);
  }
  return shows.Tell();
}

Engine::ItemRows::ItemRows(const Engine& engine, const QuestionRows& rows, const Item& item) {
  engine.gather_(engine, rows, item, *this);
}

Engine::QuestionRows::QuestionRows(const Engine& engine, const Question& question)
    : question_(question) {
  const PolicyImpl& policy = engine.policy_;
  usable_ = !question.override_request.requested && question.now_s >= policy.in_force_s;
  agency_ = InRange(question.agency, engine.agencies_);
  role_ = InRange(question.role, engine.role_class_.size());
  const auto purpose = static_cast<size_t>(question.purpose) < kPurposes
                           ? static_cast<size_t>(question.purpose)
                           : size_t{0};
  named_purpose_ = static_cast<Purpose>(purpose);
  const size_t practitioner = Digit(question.is_practitioner);
  const bool person_asks = practitioner == static_cast<size_t>(Tri::kYes);
  first_aspect_ = person_asks ? size_t{kAspectCount} : 0;
  const size_t asker =
      (size_t{engine.agency_class_[agency_]} * engine.role_classes_ + engine.role_class_[role_]) *
          kAskerRows +
      practitioner * 3;
  size_t past = 0;
  while (past < engine.turns_.size() && engine.turns_[past] <= question.now_s) ++past;
  uint8_t related = question.relationships.yes;
  uint8_t perhaps = question.relationships.unknown;
  const bool has_teams = !question.teams.empty();
  if (has_teams) {
    AddTeamRelationships(policy, question, agency_, named_purpose_, related, perhaps);
  }
  for (size_t same = 0; same < who_.size(); ++same) {
    who_[same] = engine.Row(engine.askers_, asker + same);
    if (!has_teams) continue;
    engine.AskAsTeams(question, agency_, purpose, asker + same, own_[same].data());
    who_[same] = own_[same].data();
  }
  engine.combine_why_(
      engine,
      {engine.Row(engine.purposes_,
                  purpose + (question.necessity_stated == Tri::kYes ? kPurposes : 0)),
       engine.Row(engine.related_, engine.related_class_[related & kRelationMask]),
       engine.Row(engine.perhaps_, engine.related_class_[(related | perhaps) & kRelationMask]),
       engine.Row(engine.times_, past)},
      why_and_when_.data());
}

}  // namespace signpost::policy
