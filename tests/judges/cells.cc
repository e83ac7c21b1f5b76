// signpost_policy_cells FILE WORDS AREA COUNT: cells of a policy's decision space with what we
// decide of each, for a judge in another language.
//
// Writes JSON lines: first {"policy", "rules", "cedar"}, then for each cell {"effect", "rules",
// "override", "context"}. The cells are drawn from all there are, by a fixed seed: any asker, any
// item, any circumstance, and of every third some fact is not known. Far more are drawn than are
// written, and of every set of deciding rules as many are kept as of any other, while there are.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "policy/analysis/cedar.h"
#include "policy/analysis/decision_space.h"
#include "policy/engine/evaluation.h"
#include "policy/policy.h"

namespace signpost::policy {
namespace {

using nlohmann::json;

constexpr int kDrawsPerCell = 10;

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Trusts its files: what is wrong with them Compile() says, or the JSON library ends the program.
Vocabulary ReadVocabulary(const std::string& words_path, const std::string& area_path) {
  const json words = json::parse(Read(words_path));
  const json area = json::parse(Read(area_path));
  Vocabulary v;
  for (const json& one : area.at("agencies")) {
    v.agencies.push_back({one.at("agency_id"), one.value("name", ""), one.at("kind"),
                          one.value("relevant_authority", false),
                          one.value("services", std::vector<std::string>())});
  }
  for (const json& one : area.at("teams")) {
    VocabularyTeam team{one.at("team_id"), one.at("agency_ids"), {}};
    for (const std::string word : one.at("purposes")) {
      team.purposes.push_back(ParsePurpose(word).value_or(Purpose::kUnspecified));
    }
    v.teams.push_back(std::move(team));
  }
  for (const json& one : words.at("services")) {
    v.services.push_back({one.at("id"), one.value("sensitive_category", "")});
  }
  v.roles = words.at("roles").get<std::vector<std::string>>();
  for (const json& one : words.at("assessments")) {
    v.assessments.push_back({one.at("id"), one.at("sections")});
  }
  return v;
}

// Makes one fact unknown.
void Forget(unsigned which, Cell& cell) {
  switch (which % 16) {
    case 0:
      cell.question.agency = kNoSymbol;
      return;
    case 1:
      cell.question.role = kNoSymbol;
      return;
    case 2:
      cell.question.is_practitioner = Tri::kUnknown;
      return;
    case 3:
      cell.question.purpose = Purpose::kUnspecified;
      return;
    case 4:
      cell.question.relationships = {0, (1u << kRelationshipCount) - 1};
      return;
    case 5:
      cell.question.necessity_stated = Tri::kUnknown;
      return;
    case 6:
      cell.item.holder = kNoSymbol;
      return;
    case 7:
      cell.item.service = kNoSymbol;
      return;
    case 8:
      cell.item.assessment = kNoSymbol;
      return;
    case 9:
      cell.item.section = kNoSymbol;
      return;
    case 10:
      cell.item.consents_known = Tri::kUnknown;
      return;
    case 11:
      cell.item.marked_sensitive = Tri::kUnknown;
      return;
    case 12:
      cell.item.shielded = cell.item.new_identity = Tri::kUnknown;
      return;
    case 13:
      cell.item.open = cell.item.disputed = Tri::kUnknown;
      return;
    case 14:
      cell.item.spent_offence = cell.item.names_victim = Tri::kUnknown;
      return;
    default:
      cell.item.brokerable = Tri::kUnknown;
      return;
  }
}

// One cell as numbers.
struct Draw {
  uint32_t asker = 0;
  uint32_t item = 0;
  Circumstance at{};
  bool before_the_first_day = false;
  int forgets = -1;

  void Apply(const Policy& policy, Cell& cell) const {
    for (int f = 0; f < kFactCount; ++f) {
      cell.Set(static_cast<Fact>(f), at[static_cast<size_t>(f)]);
    }
    if (before_the_first_day) cell.question.now_s = policy.in_force_s() - 1;
    if (forgets >= 0) Forget(static_cast<unsigned>(forgets), cell);
  }
};

// By rule: the askers and items of which it could show (or broker, or open) something.
using Pairs = std::vector<std::vector<std::pair<uint32_t, uint32_t>>>;

Pairs PairsByRule(const DecisionSpace& space, const PolicyImpl& impl) {
  Pairs pairs(impl.rules.size());
  for (uint32_t a = 0; a < space.askers.size(); ++a) {
    for (uint32_t i = 0; i < space.items.size(); ++i) {
      Cell cell(space, space.askers[a], space.items[i]);
      cell.question.purpose = Purpose::kUnspecified;
      Evaluation evaluation(impl, cell.question, cell.item);
      for (size_t r = 0; r < impl.rules.size(); ++r) {
        if (evaluation.CouldSpeak(impl.rules[r])) pairs[r].emplace_back(a, i);
      }
    }
  }
  return pairs;
}

// Any cell, but three times in four one of which some rule could show something, whichever rule.
Draw DrawOne(const DecisionSpace& space, const Pairs& pairs, std::mt19937& random) {
  const auto below = [&random](size_t size) { return static_cast<uint32_t>(random() % size); };
  Draw draw;
  draw.asker = below(space.askers.size());
  draw.item = below(space.items.size());
  const auto& of_rule = pairs[below(pairs.size())];
  if (below(4) != 0 && !of_rule.empty()) {
    std::tie(draw.asker, draw.item) = of_rule[below(of_rule.size())];
  }
  for (int f = 0; f < kFactCount; ++f) {
    draw.at[static_cast<size_t>(f)] =
        static_cast<uint16_t>(below(static_cast<size_t>(CountOf(space, static_cast<Fact>(f)))));
  }
  // Half of all questions override nothing, and half rest on one of the smallest sets of consents.
  if (below(2) == 0) draw.at[static_cast<size_t>(Fact::kGround)] = 0;
  if (below(2) == 0) draw.at[static_cast<size_t>(Fact::kConsents)] /= 8;
  draw.before_the_first_day = below(50) == 0;
  if (below(3) == 0) draw.forgets = static_cast<int>(below(16));
  return draw;
}

json Said(const Policy& policy, const Decision& decision) {
  json rules = json::array();
  for (const RuleIndex rule : decision.rules) {
    if (rule != kNoRule) rules.push_back(policy.rules()[static_cast<size_t>(rule)].id);
  }
  return {{"effect", std::string(ToString(decision.effect))}, {"rules", std::move(rules)}};
}

int Main(const std::string& file, const std::string& words, const std::string& area, int count) {
  const Vocabulary vocabulary = ReadVocabulary(words, area);
  const std::string text = Read(file);
  CompileOptions options;
  options.run_examples = options.prove_checks = false;
  const CompileResult result = Compile(text, vocabulary, options);
  if (!result.ok()) {
    std::cerr << file << ":\n" << result.Errors();
    return 2;
  }
  const Policy& policy = *result.policy;
  json head = {{"policy", policy.name()},
               {"rules", json::array()},
               {"cedar", ExportCedar(text, vocabulary)}};
  for (const RuleInfo& rule : policy.rules()) head["rules"].push_back(rule.id);
  std::cout << head.dump() << "\n";

  const PolicyImpl* const impl = &policy.impl();
  const DecisionSpace space(absl::MakeConstSpan(&impl, 1), nullptr, true);
  const Pairs pairs = PairsByRule(space, *impl);
  std::mt19937 random(2026);
  std::map<std::string, std::vector<Draw>> by_set;
  for (int64_t i = 0; i < static_cast<int64_t>(count) * kDrawsPerCell; ++i) {
    const Draw draw = DrawOne(space, pairs, random);
    Cell cell(space, space.askers[draw.asker], space.items[draw.item]);
    draw.Apply(policy, cell);
    const Decision decision = policy.DecideOnly(cell.question, cell.item);
    // More deciding rules than a Decision keeps cannot be compared as a set.
    if (decision.rule_count > kDecidingRulesMax) continue;
    std::vector<Draw>& alike = by_set[Said(policy, decision).dump()];
    if (alike.size() < static_cast<size_t>(count)) alike.push_back(draw);
  }
  // The rarest sets first, so that what they leave over goes to the rest.
  std::vector<const std::vector<Draw>*> sets;
  for (const auto& [said, draws] : by_set) sets.push_back(&draws);
  std::sort(sets.begin(), sets.end(),
            [](const auto* a, const auto* b) { return a->size() < b->size(); });
  size_t left = static_cast<size_t>(count);
  for (size_t s = 0; s < sets.size(); ++s) {
    const size_t take = std::min(sets[s]->size(), left / (sets.size() - s));
    left -= take;
    for (size_t i = 0; i < take; ++i) {
      const Draw& draw = (*sets[s])[i];
      Cell cell(space, space.askers[draw.asker], space.items[draw.item]);
      draw.Apply(policy, cell);
      json line = Said(policy, policy.Decide(cell.question, cell.item));
      line["override"] = cell.question.override_request.requested;
      std::string said = line.dump();
      said.pop_back();
      std::cout << said << ",\"context\":" << CedarContext(policy, cell.question, cell.item)
                << "}\n";
    }
  }
  return 0;
}

}  // namespace
}  // namespace signpost::policy

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: signpost_policy_cells FILE WORDS AREA COUNT\n";
    return 2;
  }
  return signpost::policy::Main(argv[1], argv[2], argv[3], std::atoi(argv[4]));
}
