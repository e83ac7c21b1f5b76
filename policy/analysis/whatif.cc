#include "policy/analysis/whatif.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/analysis/decision_space.h"
#include "policy/analysis/diff.h"
#include "policy/engine/prepared_question.h"

namespace signpost::policy {
namespace {

// A row's fields but the last.
uint64_t PlaceOf(const PersonItem& item) {
  return static_cast<uint64_t>(item.holder) | (static_cast<uint64_t>(item.service) << 16) |
         (static_cast<uint64_t>(item.facts) << 32) | (static_cast<uint64_t>(item.consents) << 48);
}

// Rows that are alike, and how many there are.
struct Kind {
  uint64_t place = 0;
  uint64_t related = 0;
  int64_t count = 0;
};

PersonItem ItemOf(const Kind& kind) {
  PersonItem item;
  item.holder = static_cast<Symbol>(kind.place);
  item.service = static_cast<Symbol>(kind.place >> 16);
  item.facts = static_cast<uint16_t>(kind.place >> 32);
  item.consents = static_cast<uint16_t>(kind.place >> 48);
  item.related = static_cast<uint16_t>(kind.related);
  return item;
}

// Counts rows by kind. The rows come in no order and the kinds are more than a cache holds, so a
// row is looked up some rows after its place was asked for: that wait, and not the work, is what
// counting one by one would cost.
class Counter {
 public:
  Counter() : slots_(size_t{1} << kFirstBits), shift_(64 - kFirstBits) {}

  // False past kWhatIfKindsMax.
  bool Count(absl::Span<const PersonItem> items) {
    constexpr size_t kAhead = 32;
    std::array<size_t, kAhead> homes;
    for (size_t from = 0; from < items.size(); from += kAhead) {
      const size_t rows = std::min(kAhead, items.size() - from);
      while ((kinds_ + rows) * 2 > slots_.size()) Grow();
      for (size_t i = 0; i < rows; ++i) {
        homes[i] = HomeOf(PlaceOf(items[from + i]), items[from + i].related);
        __builtin_prefetch(&slots_[homes[i]], 1);
      }
      for (size_t i = 0; i < rows; ++i) {
        Slot& slot = Find(homes[i], PlaceOf(items[from + i]), items[from + i].related);
        kinds_ += slot.counted < kOne ? 1 : 0;
        slot.counted += kOne;
      }
      if (kinds_ > kWhatIfKindsMax) return false;
    }
    return true;
  }

  // All kinds, those with the same `related` one after the other.
  std::vector<Kind> Kinds() const {
    std::vector<Kind> kinds;
    kinds.reserve(kinds_);
    for (const Slot& slot : slots_) {
      if (slot.counted < kOne) continue;
      kinds.push_back(
          {slot.place, slot.counted & (kOne - 1), static_cast<int64_t>(slot.counted / kOne)});
    }
    std::sort(kinds.begin(), kinds.end(), [](const Kind& a, const Kind& b) {
      return std::tie(a.related, a.place) < std::tie(b.related, b.place);
    });
    return kinds;
  }

 private:
  static constexpr unsigned kFirstBits = 12;
  // In `counted` the last field of the row is below this, and what is above counts the rows.
  static constexpr uint64_t kOne = uint64_t{1} << 16;
  struct Slot {
    uint64_t place = 0;
    uint64_t counted = 0;  // below kOne: nothing is here
  };

  size_t HomeOf(uint64_t place, uint64_t related) const {
    uint64_t hash = (place ^ related << 40) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
    return static_cast<size_t>((hash + related) * 0xd6e8feb86659fd93 >> shift_);
  }

  // The slot of a kind: its own, or the empty one where it belongs, which then is its own.
  Slot& Find(size_t home, uint64_t place, uint64_t related) {
    for (size_t at = home;; at = (at + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[at];
      if (slot.counted < kOne) {
        slot = {place, related};
        return slot;
      }
      if (slot.place == place && (slot.counted & (kOne - 1)) == related) return slot;
    }
  }

  void Grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    --shift_;
    for (const Slot& slot : old) {
      if (slot.counted < kOne) continue;
      const uint64_t related = slot.counted & (kOne - 1);
      Find(HomeOf(slot.place, related), slot.place, related) = slot;
    }
  }

  std::vector<Slot> slots_;
  unsigned shift_;
  size_t kinds_ = 0;
};

// A class of askers as it is related to some people, asking under both policies.
struct BothQuestions {
  BothQuestions(const Policy& now, const Policy& draft, const AskerPurpose& asker, int64_t now_s,
                const RelationshipFacts& related)
      : standing{asker.team, related},
        question{QuestionOf(asker, now_s)},
        before(now, question),
        after(draft, question) {}
  BothQuestions(const BothQuestions&) = delete;
  BothQuestions& operator=(const BothQuestions&) = delete;

  Question QuestionOf(const AskerPurpose& asker, int64_t now_s) const {
    Question one;
    one.agency = asker.agency;
    one.role = asker.role;
    one.is_practitioner = asker.is_practitioner;
    one.purpose = asker.purpose;
    one.necessity_stated = asker.necessity_stated;
    one.now_s = now_s;
    one.relationships = standing.relationships;
    if (standing.team != kNoSymbol) one.teams = absl::MakeConstSpan(&standing, 1);
    return one;
  }

  const TeamStanding standing;
  const Question question;
  const PreparedQuestion before;
  const PreparedQuestion after;
};

// One item under both policies.
class Comparer {
 public:
  Comparer(const PolicyImpl& policy, const BothQuestions& questions, const Item& item)
      : policy_(policy),
        before_(questions.before, item),
        after_(questions.after, item),
        item_(item) {}

  // False: no aspect changes.
  bool CouldChange() const { return before_.Speaks() || after_.Speaks(); }

  // Whether more, and whether less, would be seen of the aspect; of content both can be.
  std::pair<bool, bool> Changes(Aspect aspect) {
    item_.aspect = aspect;
    item_.assessment = item_.section = kNoSymbol;
    std::pair<bool, bool> gained_lost = {false, false};
    if (aspect != Aspect::kAssessment && aspect != Aspect::kContent) {
      Compare(gained_lost);
      return gained_lost;
    }
    for (size_t a = 1; a < policy_.assessment_sections.size(); ++a) {
      item_.assessment = static_cast<Symbol>(a);
      item_.section = kNoSymbol;
      if (aspect == Aspect::kAssessment) {
        Compare(gained_lost);
        continue;
      }
      for (const Symbol section : policy_.assessment_sections[a]) {
        item_.section = section;
        Compare(gained_lost);
      }
    }
    return gained_lost;
  }

 private:
  void Compare(std::pair<bool, bool>& gained_lost) const {
    const Effect before = before_.Decide(item_).effect;
    const Effect after = after_.Decide(item_).effect;
    gained_lost.first |= before < after;
    gained_lost.second |= after < before;
  }

  const PolicyImpl& policy_;
  const PreparedItem before_;
  const PreparedItem after_;
  Item item_;
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
  Counter counter;
  if (!counter.Count(people.items)) {
    result.fault =
        absl::StrCat("the population has more than ", kWhatIfKindsMax, " different kinds of rows");
    return result;
  }
  const std::vector<Kind> kinds = counter.Kinds();
  result.kinds = kinds.size();
  const PolicyImpl& impl = now.impl();
  std::map<std::tuple<size_t, Aspect, Symbol>, WhatIfRow> rows;
  // By asker, for the people who are related as those of the kind before.
  std::vector<std::optional<BothQuestions>> questions(askers.size());
  for (size_t k = 0; k < kinds.size(); ++k) {
    const PersonItem row = ItemOf(kinds[k]);
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
    const bool other_people = k == 0 || kinds[k].related != kinds[k - 1].related;
    for (size_t a = 0; a < askers.size(); ++a) {
      if (other_people) {
        RelationshipFacts related;
        related.unknown = (1u << kRelationshipCount) - 1;
        if (row.related < people.related.size() && a < people.related[row.related].size()) {
          related = people.related[row.related][a];
        }
        questions[a].emplace(now, draft, askers[a], now_s, related);
      }
      Comparer comparer(impl, *questions[a], item);
      if (!comparer.CouldChange()) continue;
      for (const Aspect aspect : AllAspects()) {
        const auto [gained, lost] = comparer.Changes(aspect);
        if (!gained && !lost) continue;
        WhatIfRow& out = rows[{a, aspect, row.holder}];
        out.asker = a;
        out.aspect = aspect;
        out.holder = row.holder;
        out.gained += gained ? kinds[k].count : 0;
        out.lost += lost ? kinds[k].count : 0;
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
