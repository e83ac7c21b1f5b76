#include "policy/whatif.h"

#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "policy/diff.h"
#include "policy/space.h"

namespace signpost::policy {
namespace {

// A row as a key, and how many there are.
struct KindKey {
  uint64_t place;
  uint16_t rest;

  friend bool operator==(const KindKey& a, const KindKey& b) {
    return a.place == b.place && a.rest == b.rest;
  }
  template <typename H>
  friend H AbslHashValue(H h, const KindKey& key) {
    return H::combine(std::move(h), key.place, key.rest);
  }
};

KindKey KeyOf(const PersonItem& item) {
  return {static_cast<uint64_t>(item.holder) | (static_cast<uint64_t>(item.service) << 16) |
              (static_cast<uint64_t>(item.facts) << 32) |
              (static_cast<uint64_t>(item.consents) << 48),
          item.related};
}

PersonItem ItemOf(const KindKey& key) {
  PersonItem item;
  item.holder = static_cast<Symbol>(key.place);
  item.service = static_cast<Symbol>(key.place >> 16);
  item.facts = static_cast<uint16_t>(key.place >> 32);
  item.consents = static_cast<uint16_t>(key.place >> 48);
  item.related = key.rest;
  return item;
}

using Kinds = absl::flat_hash_map<KindKey, int64_t>;

// False past kWhatIfKindsMax. Neighbours are often alike: what was just counted needs no look-up.
bool Count(absl::Span<const PersonItem> items, Kinds& kinds) {
  KindKey last{};
  int64_t run = 0;
  for (const PersonItem& item : items) {
    const KindKey key = KeyOf(item);
    if (run > 0 && key == last) {
      ++run;
      continue;
    }
    if (run > 0) kinds[last] += run;
    if (kinds.size() > kWhatIfKindsMax) return false;
    last = key;
    run = 1;
  }
  if (run > 0) kinds[last] += run;
  return kinds.size() <= kWhatIfKindsMax;
}

class Comparer {
 public:
  Comparer(const Policy& now, const Policy& draft) : now_(now), draft_(draft) {}

  // Whether more, and whether less, would be seen of the aspect; of content both can be.
  std::pair<bool, bool> Changes(const Question& question, Item& item, Aspect aspect) const {
    item.aspect = aspect;
    item.assessment = item.section = kNoSymbol;
    std::pair<bool, bool> gained_lost = {false, false};
    if (aspect != Aspect::kAssessment && aspect != Aspect::kContent) {
      Compare(question, item, gained_lost);
      return gained_lost;
    }
    const PolicyImpl& impl = PolicyAccess::Of(now_);
    for (size_t a = 1; a < impl.assessment_sections.size(); ++a) {
      item.assessment = static_cast<Symbol>(a);
      item.section = kNoSymbol;
      if (aspect == Aspect::kAssessment) {
        Compare(question, item, gained_lost);
        continue;
      }
      for (const Symbol section : impl.assessment_sections[a]) {
        item.section = section;
        Compare(question, item, gained_lost);
      }
    }
    return gained_lost;
  }

 private:
  void Compare(const Question& question, const Item& item,
               std::pair<bool, bool>& gained_lost) const {
    const Effect before = now_.DecideOnly(question, item).effect;
    const Effect after = draft_.DecideOnly(question, item).effect;
    gained_lost.first |= before < after;
    gained_lost.second |= after < before;
  }

  const Policy& now_;
  const Policy& draft_;
};

}  // namespace

WhatIfResult WhatIf(const Policy& now, const Policy& draft, const Population& people,
                    absl::Span<const AskerPurpose> askers, int64_t now_s) {
  WhatIfResult result;
  if (!SameVocabulary(now, draft)) {
    result.fault =
        "the two policies were compiled against different vocabularies; compile both against the "
        "words of today";
    return result;
  }
  Kinds kinds;
  if (!Count(people.items, kinds)) {
    result.fault =
        absl::StrCat("the population has more than ", kWhatIfKindsMax, " different kinds of rows");
    return result;
  }
  result.kinds = kinds.size();
  const Comparer comparer(now, draft);
  std::map<std::tuple<size_t, Aspect, Symbol>, WhatIfRow> rows;
  for (const auto& [key, count] : kinds) {
    const PersonItem row = ItemOf(key);
    Item item;
    item.holder = row.holder;
    item.service = row.service;
    item.open = row.Get(PersonItem::kOpen);
    item.disputed = row.Get(PersonItem::kDisputed);
    item.marked_sensitive = row.Get(PersonItem::kMarkedSensitive);
    item.shielded = row.Get(PersonItem::kShielded);
    item.new_identity = row.Get(PersonItem::kNewIdentity);
    item.spent_offence = row.Get(PersonItem::kSpentOffence);
    item.names_victim = row.Get(PersonItem::kNamesVictim);
    item.brokerable = row.Get(PersonItem::kBrokerable);
    item.adult_from_s = kNeverS;
    if (row.consents < people.consents.size()) {
      item.consents_known = Tri::kYes;
      item.consents = people.consents[row.consents];
    }
    for (size_t a = 0; a < askers.size(); ++a) {
      Question question;
      question.agency = askers[a].agency;
      question.role = askers[a].role;
      question.is_practitioner = askers[a].is_practitioner;
      question.purpose = askers[a].purpose;
      question.necessity_stated = askers[a].necessity_stated;
      question.now_s = now_s;
      question.relationships.unknown = (1u << kRelationshipCount) - 1;
      if (row.related < people.related.size() && a < people.related[row.related].size()) {
        question.relationships = people.related[row.related][a];
      }
      TeamStanding standing{askers[a].team, question.relationships};
      if (standing.team != kNoSymbol) question.teams = absl::MakeConstSpan(&standing, 1);
      for (const Aspect aspect : AllAspects()) {
        const auto [gained, lost] = comparer.Changes(question, item, aspect);
        if (!gained && !lost) continue;
        WhatIfRow& out = rows[{a, aspect, row.holder}];
        out.asker = a;
        out.aspect = aspect;
        out.holder = row.holder;
        out.gained += gained ? count : 0;
        out.lost += lost ? count : 0;
      }
    }
  }
  for (auto& [place, row] : rows) {
    result.gained += row.gained;
    result.lost += row.lost;
    result.rows.push_back(row);
  }
  return result;
}

}  // namespace signpost::policy
