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

// A row's fields but the last two.
uint64_t PlaceOf(const PersonItem& item) {
  return static_cast<uint64_t>(item.holder) | (static_cast<uint64_t>(item.service) << 16) |
         (static_cast<uint64_t>(item.facts) << 32) | (static_cast<uint64_t>(item.consents) << 48);
}

// The last two, as one number: kinds in its order come with the same `related` together.
uint64_t RestOf(const PersonItem& item) {
  return static_cast<uint64_t>(item.assessments) | (static_cast<uint64_t>(item.related) << 16);
}

// Rows that are alike, and how many there are.
struct Kind {
  uint64_t place = 0;
  uint64_t rest = 0;
  int64_t count = 0;
};

PersonItem ItemOf(const Kind& kind) {
  PersonItem item;
  item.holder = static_cast<Symbol>(kind.place);
  item.service = static_cast<Symbol>(kind.place >> 16);
  item.facts = static_cast<uint16_t>(kind.place >> 32);
  item.consents = static_cast<uint16_t>(kind.place >> 48);
  item.assessments = static_cast<uint16_t>(kind.rest);
  item.related = static_cast<uint16_t>(kind.rest >> 16);
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
        homes[i] = HomeOf(PlaceOf(items[from + i]), RestOf(items[from + i]));
        __builtin_prefetch(&slots_[homes[i]], 1);
      }
      for (size_t i = 0; i < rows; ++i) {
        Slot& slot = Find(homes[i], PlaceOf(items[from + i]), RestOf(items[from + i]));
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
      return std::tie(a.rest, a.place) < std::tie(b.rest, b.place);
    });
    return kinds;
  }

 private:
  static constexpr unsigned kFirstBits = 6;  // for the flags of one person
  // In `counted` the last fields of the row are below this, and what is above counts the rows.
  static constexpr uint64_t kOne = uint64_t{1} << 32;
  struct Slot {
    uint64_t place = 0;
    uint64_t counted = 0;  // below kOne: nothing is here
  };

  size_t HomeOf(uint64_t place, uint64_t rest) const {
    uint64_t hash = (place ^ rest << 40) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
    return static_cast<size_t>((hash + rest) * 0xd6e8feb86659fd93 >> shift_);
  }

  // The slot of a kind: its own, or the empty one where it belongs, which then is its own.
  Slot& Find(size_t home, uint64_t place, uint64_t rest) {
    for (size_t at = home;; at = (at + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[at];
      if (slot.counted < kOne) {
        slot = {place, rest};
        return slot;
      }
      if (slot.place == place && (slot.counted & (kOne - 1)) == rest) return slot;
    }
  }

  void Grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    --shift_;
    for (const Slot& slot : old) {
      if (slot.counted < kOne) continue;
      const uint64_t rest = slot.counted & (kOne - 1);
      Find(HomeOf(slot.place, rest), slot.place, rest) = slot;
    }
  }

  std::vector<Slot> slots_;
  unsigned shift_;
  size_t kinds_ = 0;
};

// A class of askers as it is related to some people, asking under both policies.
struct BothQuestions {
  BothQuestions(const Policy& now_policy, const Policy& draft_policy, const AskerPurpose& asker,
                int64_t now_s, const AskerRelation& related)
      : now(now_policy),
        draft(draft_policy),
        question{QuestionOf(asker, now_s, related)},
        before(now, question),
        after(draft, question) {}
  BothQuestions(const BothQuestions&) = delete;
  BothQuestions& operator=(const BothQuestions&) = delete;

  static Question QuestionOf(const AskerPurpose& asker, int64_t now_s,
                             const AskerRelation& related) {
    Question one;
    one.agency = asker.agency;
    one.role = asker.role;
    one.is_practitioner = asker.is_practitioner;
    one.purpose = asker.purpose;
    one.necessity_stated = asker.necessity_stated;
    one.now_s = now_s;
    one.relationships = related.relationships;
    one.teams = related.teams;
    return one;
  }

  const Policy& now;
  const Policy& draft;
  const Question question;
  const PreparedQuestion before;
  const PreparedQuestion after;
};

// One flag under both policies.
class Comparer {
 public:
  // What one aspect would tell more, and less, of; of assessments and content it can be both.
  struct Change {
    bool gained = false;
    bool lost = false;
  };

  // `kinds`: the assessments that the flag has, none as kNoSymbol.
  Comparer(const PolicyImpl& policy, const BothQuestions& questions, const Item& item,
           absl::Span<const Symbol> kinds)
      : policy_(policy),
        questions_(questions),
        before_(questions.before, item),
        after_(questions.after, item),
        kinds_(kinds),
        item_(item) {}

  // Calls `changes(aspect, change)` for each aspect of which something changes.
  template <typename Changes>
  void Compare(Changes changes) {
    // Then every aspect is hidden by both.
    if (!before_.Speaks() && !after_.Speaks()) return;
    const Effects existence = Decide(Aspect::kExistence);
    const Effects agency = Decide(Aspect::kAgency);
    named_before_ = existence.before == Effect::kShow && agency.before == Effect::kShow;
    named_after_ = existence.after == Effect::kShow && agency.after == Effect::kShow;
    // A broker is told of as a service without a name.
    Tell(Aspect::kExistence,
         ChangeOf(existence.before != Effect::kHide, existence.after != Effect::kHide), changes);
    if (!named_before_ && !named_after_) return;
    Tell(Aspect::kAgency, ChangeOf(named_before_, named_after_), changes);
    for (const Aspect aspect : {Aspect::kContact, Aspect::kRecord, Aspect::kShareOnward}) {
      Tell(aspect, ChangeOf(Decide(aspect)), changes);
    }
    CompareAssessments(changes);
  }

 private:
  struct Effects {
    Effect before;
    Effect after;
  };

  static Change ChangeOf(bool before, bool after) { return {!before && after, before && !after}; }
  // Of what is told only of a flag that is named.
  Change ChangeOf(Effects effects) const {
    return ChangeOf(named_before_ && effects.before == Effect::kShow,
                    named_after_ && effects.after == Effect::kShow);
  }
  template <typename Changes>
  static void Tell(Aspect aspect, Change change, Changes changes) {
    if (change.gained || change.lost) changes(aspect, change);
  }

  Effects Decide(Aspect aspect) {
    item_.aspect = aspect;
    return {before_.Decide(item_).effect, after_.Decide(item_).effect};
  }

  template <typename Changes>
  void CompareAssessments(Changes changes) {
    Change pointer;
    Change content;
    for (const Symbol kind : kinds_) {
      item_.assessment = kind;
      const Effects shown = Decide(Aspect::kAssessment);
      const Change change = ChangeOf(shown);
      pointer.gained |= change.gained;
      pointer.lost |= change.lost;
      if (kind == kNoSymbol) continue;
      // Which sections may be asked for says that the assessment exists.
      const bool asked_before = named_before_ && shown.before == Effect::kShow;
      const bool asked_after = named_after_ && shown.after == Effect::kShow;
      if (asked_before || asked_after) CompareSections(asked_before, asked_after, &content);
    }
    item_.assessment = kNoSymbol;
    Tell(Aspect::kAssessment, pointer, changes);
    Tell(Aspect::kContent, content, changes);
  }

  // Of the kind of assessment that item_ has.
  void CompareSections(bool asked_before, bool asked_after, Change* content) {
    for (const Symbol section : policy_.assessment_sections[item_.assessment]) {
      const Change change = ChangeOf(
          asked_before && ShowsSection(questions_.before, questions_.now, section, papers_before_),
          asked_after && ShowsSection(questions_.after, questions_.draft, section, papers_after_));
      content->gained |= change.gained;
      content->lost |= change.lost;
    }
  }

  // Whether one policy shows a section. Nobody has read the papers for whom they name: of a section
  // that may name a victim it is not known.
  bool ShowsSection(const PreparedQuestion& question, const Policy& policy, Symbol section,
                    std::array<std::optional<PreparedItem>, 2>& papers) const {
    const bool may_name = policy.MayNameVictim(section);
    Item paper = item_;
    if (may_name && paper.names_victim == Tri::kNo) paper.names_victim = Tri::kUnknown;
    paper.aspect = Aspect::kContent;
    paper.section = section;
    std::optional<PreparedItem>& prepared = papers[may_name ? 1 : 0];
    if (!prepared.has_value()) prepared.emplace(question, paper);
    return prepared->Decide(paper).effect == Effect::kShow;
  }

  const PolicyImpl& policy_;
  const BothQuestions& questions_;
  const PreparedItem before_;
  const PreparedItem after_;
  const absl::Span<const Symbol> kinds_;
  Item item_;
  bool named_before_ = false;
  bool named_after_ = false;
  // Of item_ as its papers are judged, once one was asked for: of sections that name no victim, and of
  // those that may.
  std::array<std::optional<PreparedItem>, 2> papers_before_;
  std::array<std::optional<PreparedItem>, 2> papers_after_;
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
  std::vector<Symbol> any_assessment;
  for (size_t a = 1; a < impl.assessment_sections.size(); ++a) {
    any_assessment.push_back(static_cast<Symbol>(a));
  }
  constexpr Symbol kNone = kNoSymbol;
  std::map<std::tuple<size_t, Aspect, Symbol>, WhatIfRow> rows;
  // By asker, for the people who are related as those of the kind before.
  std::vector<AskerRelation> relations(askers.size());
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
    item.sixteen_from_s = item.adult_from_s = kNeverS;
    if (row.consents < people.consents.size()) {
      item.consents_known = Tri::kYes;
      item.consents = people.consents[row.consents].facts;
      item.sixteen_from_s = people.consents[row.consents].sixteen_from_s;
      item.adult_from_s = people.consents[row.consents].adult_from_s;
    }
    absl::Span<const Symbol> assessments = any_assessment;
    if (row.assessments < people.assessments.size()) {
      assessments = people.assessments[row.assessments];
    }
    if (assessments.empty()) assessments = absl::MakeConstSpan(&kNone, 1);
    const bool other_people = k == 0 || row.related != ItemOf(kinds[k - 1]).related;
    for (size_t a = 0; a < askers.size(); ++a) {
      if (other_people) {
        AskerRelation related;
        related.relationships.unknown = (1u << kRelationshipCount) - 1;
        if (row.related < people.related.size() && a < people.related[row.related].size()) {
          related = people.related[row.related][a];
        }
        relations[a] = std::move(related);
        questions[a].emplace(now, draft, askers[a], now_s, relations[a]);
      }
      Comparer(impl, *questions[a], item, assessments)
          .Compare([&](Aspect aspect, Comparer::Change change) {
            WhatIfRow& out = rows[{a, aspect, row.holder}];
            out.asker = a;
            out.aspect = aspect;
            out.holder = row.holder;
            out.gained += change.gained ? kinds[k].count : 0;
            out.lost += change.lost ? kinds[k].count : 0;
          });
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
