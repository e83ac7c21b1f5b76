#include "tests/policy/engine/reference.h"

#include <algorithm>

namespace signpost::policy::testing {
namespace {

using B = Perhaps;
using syntax::Condition;

B All(B a, B b) { return a == false || b == false ? B(false) : a && b ? B(true) : B(); }
B Any(B a, B b) { return a == true || b == true ? B(true) : a && b ? B(false) : B(); }
B None(B a) { return a ? B(!*a) : B(); }
B Is(const std::string& fact, const std::string& word) {
  return fact.empty() ? B() : B(fact == word);
}
template <typename List>
bool In(const List& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

class Reference {
 public:
  Reference(const syntax::Policy& tree, const Vocabulary& v, const ReferenceFacts& f)
      : tree_(tree), v_(v), f_(f) {}

  ReferenceAnswer Decide() {
    if (f_.now_s < tree_.in_force_s) return {};
    std::set<std::string> hides, brokers, shows;
    for (const syntax::Rule& rule : tree_.rules) {
      B hide = false;
      bool has_hide = false, broker = false, show = false;
      for (const syntax::Statement& s : rule.statements) {
        if (s.effect == Effect::kHide) {
          has_hide = true;
          hide = Any(hide, Match(rule, s));
        } else if (Opens(rule, s) && Match(rule, s) == true) {
          (s.effect == Effect::kBroker ? broker : show) = true;
        }
      }
      // A broker softens a hide of its own rule that is known to apply.
      if (broker && (hide == true || !has_hide)) {
        brokers.insert(rule.id.text);
      } else if (hide != false) {
        hides.insert(rule.id.text);
      }
      if (show) shows.insert(rule.id.text);
      if (hide != false) lift_needed_.insert(rule.id.text);
    }
    if (hides.empty() && brokers.empty() && !shows.empty()) return {Effect::kShow, shows};
    const std::set<std::string> lifted = Overrides();
    if (!lifted.empty()) return {Effect::kShow, lifted};
    if (hides.empty() && !brokers.empty()) return {Effect::kBroker, brokers};
    return {Effect::kHide, hides};
  }

  // A check selects as a show does that belongs to no agreement.
  B IsWithin(const syntax::Check& check) const {
    syntax::Statement statement;
    statement.effect = Effect::kShow;
    statement.aspects = check.aspects;
    statement.items = check.items;
    statement.askers = check.askers;
    statement.when = check.when;
    statement.unless = check.unless;
    return Match(syntax::Rule(), statement);
  }

 private:
  const VocabularyAgency* Agency(const std::string& id) const {
    for (const VocabularyAgency& a : v_.agencies) {
      if (a.id == id) return &a;
    }
    return nullptr;
  }
  const VocabularyTeam* Team(const std::string& id) const {
    for (const VocabularyTeam& t : v_.teams) {
      if (t.id == id) return &t;
    }
    return nullptr;
  }
  B InPurposes(const VocabularyTeam& team) const {
    if (f_.purpose.empty()) return {};
    for (const Purpose p : team.purposes) {
      if (f_.purpose == ToString(p)) return true;
    }
    return false;
  }
  // The asker's teams count inside their purposes, for their own agencies.
  bool HasASay(const VocabularyTeam& team) const {
    return f_.teams.count(team.id) > 0 && InPurposes(team) == true && In(team.agencies, f_.agency);
  }
  // What a team has through a flag that names it.
  static bool Involves(const std::set<Relationship>& related) {
    return related.count(Relationship::kNamedWorker) > 0;
  }
  B IsRelated(Relationship one) const {
    B value = f_.related.unknown.count(one) > 0 ? B() : B(false);
    if (f_.related.yes.count(one) > 0) value = true;
    for (const auto& [id, related] : f_.teams) {
      if (!HasASay(*Team(id))) continue;
      const bool member = one == Relationship::kTeamMember;
      if (!member && (Bit(one) & kTeamCanHave) == 0) continue;
      const bool yes = member ? Involves(related.yes) : related.yes.count(one) > 0;
      const bool perhaps = member ? Involves(related.unknown) : related.unknown.count(one) > 0;
      value = Any(value, yes ? B(true) : perhaps ? B() : B(false));
    }
    return value;
  }
  // Whether one consent stands as a condition says.
  B Stands(const ConsentFact& c, uint32_t wanted) const {
    if (c.grantor == Grantor::kUnspecified || c.matter == ConsentMatter::kUnspecified) return {};
    const bool own = c.grantor == Grantor::kSelf || c.grantor == Grantor::kSelfCompetent;
    const uint32_t who = Bit(c.grantor) | (own ? kByYoungPersonBit : kByAnotherBit);
    std::set<ConsentState> states;
    if (c.is_explicit) states.insert(ConsentState::kExplicit);
    // A birthday may end it, whether it is a yes or a no.
    const bool at_16 = (tree_.ends_at_16 & who) != 0;
    const bool at_18 = (tree_.ends_at_18 & who) != 0;
    const int64_t birthday_s = at_16 ? f_.sixteen_from_s : at_18 ? f_.adult_from_s : kNeverS;
    const bool perhaps = birthday_s == kUnknownS;
    const bool grown_up = !perhaps && f_.now_s >= birthday_s;
    const bool begun = c.from_s <= f_.now_s;
    if (c.decision == ConsentDecision::kWithdrawn) {
      if (perhaps) return {};
      if (!grown_up) states.insert(ConsentState::kWithdrawn);
    } else if (f_.now_s >= c.until_s || grown_up) {
      if (c.decision == ConsentDecision::kGiven) states.insert(ConsentState::kExpired);
    } else if (perhaps) {
      return {};
    } else if (begun) {
      states.insert(c.decision == ConsentDecision::kGiven ? ConsentState::kInForce
                                                          : ConsentState::kRefused);
    }
    for (const ConsentState state : AllConsentStates()) {
      if (state == ConsentState::kNotAsked) continue;
      if ((wanted & Bit(state)) != 0 && states.count(state) == 0) return false;
    }
    for (const Grantor grantor : AllGrantors()) {
      if ((wanted & Bit(grantor)) != 0 && grantor != c.grantor) return false;
    }
    for (const ConsentMatter matter : AllConsentMatters()) {
      if ((wanted & Bit(matter)) != 0 && matter != c.matter) return false;
    }
    if ((wanted & kByYoungPersonBit) != 0 && !own) return false;
    return (wanted & kByAnotherBit) == 0 || !own;
  }
  B Consent(uint32_t wanted) const {
    if (!f_.consents_known) return {};
    B found = false;
    for (const ConsentFact& c : f_.consents) found = Any(found, Stands(c, wanted));
    return (wanted & Bit(ConsentState::kNotAsked)) != 0 ? None(found) : found;
  }
  B Hold(const Condition& c) const {
    B value;
    switch (c.about) {
      case Condition::About::kConsent:
        return Consent(c.consent_states);
      case Condition::About::kPurpose:
        if (!f_.purpose.empty()) {
          value = (c.purposes >> static_cast<int>(*ParsePurpose(f_.purpose))) & 1;
        }
        break;
      case Condition::About::kRelationship:
        value = false;
        for (const Relationship one : AllRelationships()) {
          if ((c.relationships & Bit(one)) != 0) value = Any(value, IsRelated(one));
        }
        break;
      case Condition::About::kShielded:
        value = f_.shielded;
        break;
      case Condition::About::kOpen:
        value = f_.open;
        break;
      case Condition::About::kDisputed:
        value = f_.disputed;
        break;
      case Condition::About::kNewIdentity:
        value = f_.new_identity;
        break;
      case Condition::About::kSpentOffence:
        value = f_.spent_offence;
        break;
      case Condition::About::kNamesVictim:
        value = f_.names_victim;
        break;
    }
    return c.negated ? None(value) : value;
  }
  B Hold(const syntax::Conditions& all) const {
    B value = true;
    for (const Condition& c : all) value = All(value, Hold(c));
    return value;
  }
  B IsHolder() const {
    return f_.agency.empty() || f_.holder.empty() ? B() : B(f_.agency == f_.holder);
  }
  B OfAgency(const std::string& fact, const std::string& word) const {
    if (fact.empty()) return {};
    return Agency(word) != nullptr ? fact == word : Agency(fact)->kind == word;
  }
  B Phrase(const syntax::AskerPhrase& phrase) const {
    if (phrase.is_team) {
      const VocabularyTeam& team = *Team(phrase.words.front().text);
      const B ours = f_.agency.empty() ? B() : B(In(team.agencies, f_.agency));
      return All(f_.teams.count(team.id) > 0, All(InPurposes(team), ours));
    }
    B value = true;
    for (const syntax::Word& w : phrase.words) {
      if (w.text == "practitioner" || w.text == "practitioners") {
        value = All(value, f_.practitioner);
      } else if (w.text == "system" || w.text == "systems") {
        value = All(value, None(f_.practitioner));
      } else if (w.text == "holder") {
        value = All(value, IsHolder());
      } else if (w.text == "relevant-authority") {
        value = All(value, f_.agency.empty() ? B() : B(Agency(f_.agency)->relevant_authority));
      } else if (In(v_.roles, w.text)) {
        value = All(All(value, Is(f_.role, w.text)), f_.practitioner);
      } else {
        value = All(value, OfAgency(f_.agency, w.text));
      }
    }
    return value;
  }
  B Askers(const syntax::AskerSelector& s) const {
    B value = s.everyone;
    for (const auto& p : s.any) value = Any(value, Phrase(p));
    for (const auto& p : s.except) value = All(value, None(Phrase(p)));
    return value;
  }
  B ItemWord(const std::string& word) const {
    for (const syntax::Group& g : tree_.groups) {
      if (g.name.text != word) continue;
      B value = false;
      for (const auto& member : g.words) value = Any(value, ItemWord(member.text));
      return value;
    }
    if (word == "marked-sensitive") return f_.marked;
    return Agency(word) != nullptr ? Is(f_.holder, word) : Is(f_.service, word);
  }
  B Items(const syntax::ItemPhrase& items) const {
    B value = items.everything;
    for (const syntax::Word& w : items.words) value = Any(value, ItemWord(w.text));
    if (items.held_by.empty()) return value;
    B held = false;
    for (const syntax::Word& w : items.held_by) held = Any(held, OfAgency(f_.holder, w.text));
    return All(value, held);
  }
  B Aspects(const syntax::Statement& s) const {
    if (s.effect == Effect::kHide && (s.aspects.mask & 1) != 0) return true;  // hides everything
    if (((s.aspects.mask >> static_cast<int>(f_.aspect)) & 1) == 0) return false;
    B value = true;
    const auto in = [](const std::vector<syntax::Word>& list, const std::string& fact) {
      B found = false;
      for (const auto& w : list) found = Any(found, Is(fact, w.text));
      return found;
    };
    const bool content = f_.aspect == Aspect::kContent;
    if ((content || f_.aspect == Aspect::kAssessment) && !s.aspects.assessments.empty()) {
      value = in(s.aspects.assessments, f_.assessment);
    }
    if (content && s.aspects.section_mode != syntax::Sections::kAll) {
      const B listed = in(s.aspects.sections, f_.section);
      value = All(value, s.aspects.section_mode == syntax::Sections::kOnly ? listed : None(listed));
    }
    return value;
  }
  B Party(const syntax::Rule& rule) const {
    if (rule.agreement < 0) return true;
    B asks = false, holds = false;
    for (const auto& p : tree_.agreements[static_cast<size_t>(rule.agreement)].parties) {
      asks = Any(asks, Is(f_.agency, p.text));
      holds = Any(holds, Is(f_.holder, p.text));
    }
    return All(All(asks, holds), None(IsHolder()));
  }
  B Match(const syntax::Rule& rule, const syntax::Statement& s) const {
    B value =
        All(All(All(Aspects(s), Items(s.items)), All(Askers(s.askers), Party(rule))), Hold(s.when));
    for (const auto& unless : s.unless) value = All(value, None(Hold(unless)));
    return value;
  }
  bool ActsForAuthority() const {
    const auto authority = [&](const std::string& id) {
      return Agency(id) != nullptr && Agency(id)->relevant_authority;
    };
    if (authority(f_.agency)) return true;
    for (const auto& [id, related] : f_.teams) {
      const VocabularyTeam& team = *Team(id);
      if (HasASay(team) && std::any_of(team.agencies.begin(), team.agencies.end(), authority)) {
        return true;
      }
    }
    return false;
  }
  // Everything a show or broker needs besides its own words.
  bool Opens(const syntax::Rule& rule, const syntax::Statement& s) const {
    const bool person = f_.aspect == Aspect::kContact || f_.aspect == Aspect::kContent;
    if (person && f_.practitioner != true) return false;
    if (s.effect == Effect::kBroker && (f_.aspect != Aspect::kExistence || f_.brokerable != true)) {
      return false;
    }
    if (rule.agreement >= 0) {
      const auto& a = tree_.agreements[static_cast<size_t>(rule.agreement)];
      if (f_.now_s < a.from_s || f_.now_s >= a.until_s) return false;
    }
    if (rule.basis == Gateway::kOwnRecord) return IsHolder() == true;
    if (rule.basis == Gateway::kCa1989S47) return f_.purpose == "safeguarding";
    if (rule.basis != Gateway::kCda1998S115) return rule.basis != Gateway::kNone;
    bool chosen = false;
    for (const auto& c : tree_.agreements[static_cast<size_t>(rule.agreement)].choices) {
      chosen |= c.holder.text == f_.holder && c.gateway == rule.basis;
    }
    return chosen && ActsForAuthority() && f_.necessity == true;
  }
  std::set<std::string> Overrides() const {
    std::set<std::string> opened;
    if (f_.ground == OverrideGround::kNone || f_.practitioner != true || f_.holder.empty() ||
        f_.service.empty() ||
        (f_.ground == OverrideGround::kLegalDuty && f_.purpose != "safeguarding") ||
        (f_.ground == OverrideGround::kExpressConsent &&
         Consent(Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing)) != true)) {
      return opened;
    }
    for (const syntax::Override& o : tree_.overrides) {
      std::set<std::string> lifts;
      for (const auto& w : o.lifts) lifts.insert(w.text);
      if (((o.opens >> static_cast<int>(f_.aspect)) & 1) != 0 &&
          ((o.grounds >> static_cast<int>(f_.ground)) & 1) != 0 && Askers(o.askers) == true &&
          Hold(o.when) == true &&
          std::includes(lifts.begin(), lifts.end(), lift_needed_.begin(), lift_needed_.end())) {
        opened.insert(o.id.text);
      }
    }
    return opened;
  }

  const syntax::Policy& tree_;
  const Vocabulary& v_;
  const ReferenceFacts& f_;
  std::set<std::string> lift_needed_;
};

B FromTri(Tri value) { return value == Tri::kUnknown ? B() : B(value == Tri::kYes); }

Related FromMasks(const RelationshipFacts& facts) {
  Related related;
  for (const Relationship one : AllRelationships()) {
    if ((facts.yes & Bit(one)) != 0) {
      related.yes.insert(one);
    } else if ((facts.unknown & Bit(one)) != 0) {
      related.unknown.insert(one);
    }
  }
  return related;
}

}  // namespace

ReferenceAnswer Decide(const syntax::Policy& tree, const Vocabulary& vocabulary,
                       const ReferenceFacts& facts) {
  return Reference(tree, vocabulary, facts).Decide();
}

Perhaps IsWithin(const syntax::Policy& tree, const Vocabulary& vocabulary,
                 const ReferenceFacts& facts, const syntax::Check& check) {
  return Reference(tree, vocabulary, facts).IsWithin(check);
}

ReferenceFacts InWords(const Policy& policy, const Vocabulary& vocabulary, const Question& question,
                       const Item& item) {
  ReferenceFacts f;
  f.agency = policy.AgencyId(question.agency);
  for (const std::string& role : vocabulary.roles) {
    if (question.role != kNoSymbol && policy.RoleSymbol(role) == question.role) f.role = role;
  }
  if (question.purpose != Purpose::kUnspecified)
    f.purpose = std::string(ToString(question.purpose));
  f.practitioner = FromTri(question.is_practitioner);
  f.necessity = FromTri(question.necessity_stated);
  f.related = FromMasks(question.relationships);
  for (const VocabularyTeam& team : vocabulary.teams) {
    for (const TeamStanding& standing : question.teams) {
      if (standing.team == policy.TeamSymbol(team.id)) {
        f.teams[team.id] = FromMasks(standing.relationships);
      }
    }
  }
  const OverrideRequest& request = question.override_request;
  if (request.requested && request.reason_stated) f.ground = request.ground;
  f.now_s = question.now_s;
  f.holder = policy.AgencyId(item.holder);
  f.service = policy.ServiceId(item.service);
  f.aspect = item.aspect;
  f.assessment = policy.AssessmentId(item.assessment);
  f.section = policy.SectionId(item.section);
  f.open = FromTri(item.open);
  f.disputed = FromTri(item.disputed);
  f.marked = FromTri(item.marked_sensitive);
  f.shielded = FromTri(item.shielded);
  f.new_identity = FromTri(item.new_identity);
  f.spent_offence = FromTri(item.spent_offence);
  f.names_victim = FromTri(item.names_victim);
  f.brokerable = FromTri(item.brokerable);
  f.consents_known = item.consents_known == Tri::kYes;
  f.consents.assign(item.consents.begin(), item.consents.end());
  f.sixteen_from_s = item.sixteen_from_s;
  f.adult_from_s = item.adult_from_s;
  return f;
}

}  // namespace signpost::policy::testing
