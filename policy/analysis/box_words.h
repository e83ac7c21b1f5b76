// A BoxWords is a speaker that says boxes of a decision space in the words of the policy language:
// who, what and when.
//
// Several policies may share the space; they were compiled against one vocabulary, so the words of
// any of them will do. Refers to the space and the policies. Internal to the room; one caller at a
// time.

#ifndef SIGNPOST_POLICY_ANALYSIS_BOX_WORDS_H_
#define SIGNPOST_POLICY_ANALYSIS_BOX_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "policy/analysis/boxes.h"
#include "policy/analysis/decision_space.h"
#include "policy/engine/program.h"
#include "policy/facts.h"

namespace signpost::policy {

class BoxWords {
 public:
  // REQUIRES: at least one policy.
  BoxWords(const DecisionSpace& space, std::vector<const PolicyImpl*> policies);

  // An asker and an item as a point: by agency, who of it, place (holder and service), whether it
  // is marked sensitive, and aspect. Boxes of such points are what WhoInWords() and WhatInWords()
  // say.
  Point PointOf(const AskerClass& asker, const Item& item);

  // "practitioner of northern-connexions"
  std::string WhoInWords(const Box& pairs) const { return AskersInWords(pairs[0], pairs[1]); }
  // "existence, agency of youth-offending held by nortown-yot"
  std::string WhatInWords(const Box& pairs) const {
    return ThingsInWords(pairs[2], pairs[3], pairs[4]);
  }
  // The agencies of a box of pairs, by id, in order, with all whom each stands for.
  std::vector<std::string> AskerIds(const Box& pairs) const;
  std::vector<std::string> HolderIds(const Box& pairs) const;
  // "involved, for assessment or referral". A box of Circumstances, in which a fact that may be
  // anything has no values, and one that is not known the value CountOf() it.
  std::string WhenInWords(const Box& when) const;

 private:
  // Numbers things in the order they are met.
  template <typename Key>
  class Numbers {
   public:
    uint16_t Of(const Key& key) {
      const auto [it, added] = numbers_.emplace(key, static_cast<uint16_t>(keys_.size()));
      if (added) keys_.push_back(key);
      return it->second;
    }
    const Key& At(uint16_t number) const { return keys_[number]; }
    size_t size() const { return keys_.size(); }

   private:
    std::map<Key, uint16_t> numbers_;
    std::vector<Key> keys_;
  };

  // Who asks besides for which agency; what is asked besides of which service.
  using Team = std::tuple<Symbol, uint8_t>;         // and its relationships
  using Who = std::tuple<Tri, Team, Symbol>;        // practitioner, role
  using What = std::tuple<Aspect, Symbol, Symbol>;  // assessment, section
  using Place = std::tuple<Symbol, Symbol>;         // holder, service

  static Who WhoOf(const AskerClass& asker) {
    return {asker.practitioner, {asker.team, asker.team_relationships}, asker.role};
  }

  // One thing that a rule says of consent, or its contrary.
  struct ConsentWord {
    std::string words;
    std::vector<uint16_t>
        sets;  // places in DecisionSpace::consent_sets where it is true, ascending
  };

  // What rules say of consent, and of which sets of consents it is true.
  void LearnConsentWords();
  // Seconds on end are said as one stretch.
  std::string TimesInWords(const std::vector<uint16_t>& values) const;
  // In the words of the rules where they suffice, one or two of them; else set by set.
  std::string ConsentsInWords(const std::vector<uint16_t>& values) const;
  std::string PurposesInWords(const std::vector<uint16_t>& values) const;
  std::string AgencyInWords(Symbol agency) const;
  void AddIds(Symbol agency, std::set<std::string>* ids) const;
  std::string AskersInWords(const std::vector<uint16_t>& agencies,
                            const std::vector<uint16_t>& whos) const;
  std::string WhosInWords(const std::set<Who>& here, const std::set<Who>& everybody) const;
  std::string RolesInWords(const std::set<Who>& here, const std::set<Who>& everybody,
                           const Team& team) const;
  std::string ThingsInWords(const std::vector<uint16_t>& places,
                            const std::vector<uint16_t>& marked,
                            const std::vector<uint16_t>& whats) const;
  std::string AspectsInWords(const std::vector<uint16_t>& whats) const;
  // "" for none of its sections, " " and nothing for all.
  std::string SectionsInWords(const std::set<What>& here, Symbol assessment) const;

  const DecisionSpace& space_;
  const std::vector<const PolicyImpl*> impls_;
  std::vector<ConsentWord> consent_words_;
  std::map<Symbol, std::set<Who>> everybody_;  // by agency
  Numbers<Who> whos_;
  Numbers<Place> places_;
  Numbers<What> whats_;
  bool marks_matter_ = false;  // some rule tells marked items apart
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_BOX_WORDS_H_
