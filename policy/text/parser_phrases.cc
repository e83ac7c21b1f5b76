#include <set>
#include <string>
#include <utility>

#include "policy/text/parser.h"

namespace signpost::policy::syntax {

bool Parser::Tails(Conditions& when, std::vector<Conditions>& unless) {
  while (true) {
    if (Take("when")) {
      if (!ConditionList(when)) return false;
    } else if (Take("unless")) {
      Conditions conditions;
      if (!ConditionList(conditions)) return false;
      unless.push_back(std::move(conditions));
      if (!WithinList(unless.size(), Now().word)) return false;
    } else {
      return true;
    }
  }
}

// Lists are where this grammar is hard: a comma divides aspects, sections, purposes and conditions,
// and may also end all of them. Each list looks one word past a comma to see whose it is.
bool Parser::Aspects(AspectPhrase& out, absl::string_view all_word) {
  if (Take(all_word)) {
    out.everything = true;
    out.mask = (1u << kAspectCount) - 1;
    return true;
  }
  do {
    Aspect aspect{};
    if (!TakeValue(&ParseAspect, AllAspects(), "aspect", aspect)) return false;
    out.mask = static_cast<uint8_t>(out.mask | (1u << static_cast<int>(aspect)));
    if (aspect != Aspect::kAssessment && aspect != Aspect::kContent) continue;
    if (Is("of") && Next().kind == Kind::kWord && assessments_.count(Next().word.text) > 0) {
      ++at_;
      do {
        out.assessments.push_back(Now().word);
        ++at_;
        if (!WithinList(out.assessments.size(), Now().word)) return false;
      } while (Is("or") && assessments_.count(Next().word.text) > 0 && Take("or"));
    }
    if (aspect == Aspect::kContent && (Is("except") || Is("only"))) {
      if (out.section_mode != Sections::kAll) {
        return Fail(Now().word, "a statement names sections once");
      }
      out.section_mode = Is("except") ? Sections::kExcept : Sections::kOnly;
      ++at_;
      do {
        Word section;
        if (!TakeWord(section, "a section")) return false;
        out.sections.push_back(std::move(section));
        if (!WithinList(out.sections.size(), Now().word)) return false;
        // A comma may lead to the next section or to the next aspect.
      } while (Is(",") && !ParseAspect(Next().word.text) && Next().word.text != "and" && Take(","));
    }
  } while (Take(",") ? (Take("and"), true) : Take("and"));
  return true;
}

bool Parser::Items(ItemPhrase& out) {
  if (Take("everything") || Take("anything")) {
    out.everything = true;
  } else {
    do {
      Word word;
      if (!TakeWord(word, "a service, a group or an agency")) return false;
      out.words.push_back(std::move(word));
      if (!WithinList(out.words.size(), Now().word)) return false;
    } while (TakeSeparator());
  }
  if (Take("held")) {
    if (!Expect("by")) return false;
    do {
      Word word;
      if (!TakeWord(word, "an agency or a kind of agency")) return false;
      out.held_by.push_back(std::move(word));
      if (!WithinList(out.held_by.size(), Now().word)) return false;
    } while (TakeSeparator());
  }
  return true;
}

void Parser::Article() {
  if (Is("the") || Is("a") || (Is("an") && !Is(Next(), "override"))) ++at_;
}

// Any run of words that are not the language's own, but for those that have a meaning inside a
// phrase. Which of them are agencies, kinds or roles is for binding to say.
bool Parser::Phrase(AskerPhrase& out) {
  Article();
  if (Take("members") || Take("member")) {
    if (!Expect("of")) return false;
    out.is_team = true;
    Word team;
    if (!TakeWord(team, "a team")) return false;
    out.words.push_back(std::move(team));
    return true;
  }
  static const std::set<std::string> kInside = {
      "practitioner", "practitioners", "system", "systems", "holder", "relevant-authority"};
  while (Now().kind == Kind::kWord && !BeginsBlock(Now())) {
    if (Take("of")) {
      Article();
      continue;
    }
    const std::string& text = Now().word.text;
    if (IsReserved(text) && kInside.count(text) == 0) break;
    out.words.push_back(Now().word);
    ++at_;
    if (!WithinList(out.words.size(), Now().word)) return false;
  }
  if (out.words.empty()) {
    return Fail(Now().word,
                "expected who: an agency, a kind of agency, a role, a team, "
                "practitioner, system, the holder or everyone");
  }
  return true;
}

bool Parser::Askers(AskerSelector& out) {
  if (Take("everyone")) {
    out.everyone = true;
  } else {
    do {
      AskerPhrase phrase;
      if (!Phrase(phrase)) return false;
      out.any.push_back(std::move(phrase));
      if (!WithinList(out.any.size(), Now().word)) return false;
    } while (TakeSeparator());
  }
  return ExceptAskers(out);
}

bool Parser::ExceptAskers(AskerSelector& out) {
  if (!Is("except") || Is(Next(), "by")) return true;
  ++at_;
  do {
    AskerPhrase phrase;
    if (!Phrase(phrase)) return false;
    out.except.push_back(std::move(phrase));
    if (!WithinList(out.except.size(), Now().word)) return false;
  } while (TakeSeparator());
  return true;
}

bool Parser::ConditionList(Conditions& out) {
  while (true) {
    Condition condition;
    bool newly = false;
    if (!OneCondition(condition, newly)) return false;
    out.push_back(condition);
    if (newly) {
      // Involved, and by nothing that is more than new.
      condition.relationships = Bit(Relationship::kSettledInvolvement);
      condition.negated = true;
      out.push_back(condition);
    }
    if (!WithinList(out.size(), Now().word)) return false;
    if (Is(",") && Is(Next(), "and")) ++at_;
    if (!Take("and")) return true;
  }
}

bool Parser::OneCondition(Condition& out, bool& newly) {
  const Word start = Now().word;
  Article();
  if (Take("consent")) {
    out.about = Condition::About::kConsent;
    return ConsentMatterOf(out.consent_states) && Expect("is") && ConsentStates(out.consent_states);
  }
  if (Take("purpose")) {
    out.about = Condition::About::kPurpose;
    if (!Expect("is")) return false;
    out.negated = Take("not");
    do {
      Purpose purpose{};
      if (!TakeValue(&ParsePurpose, AllPurposes(), "purpose", purpose)) return false;
      out.purposes |= 1u << static_cast<uint32_t>(purpose);
    } while (TakeMorePurposes());
    return true;
  }
  if (Take("worker")) {
    out.about = Condition::About::kRelationship;
    if (Take("is")) {
      out.negated = Take("not");
      out.relationships = kWorkerInvolved;
      if (Is("newly") && out.negated) {
        return Fail(Now().word,
                    "say what holds instead: worker is not involved, or worker has settled "
                    "involvement");
      }
      newly = Take("newly");
      return Expect("involved");
    }
    if (!Expect("has")) return false;
    out.negated = Take("no");
    do {
      Article();
      Relationship relationship{};
      if (!TakeValue(&ParseRelationship, AllRelationships(), "relationship", relationship)) {
        return false;
      }
      out.relationships = static_cast<uint8_t>(out.relationships | Bit(relationship));
    } while (Take("or"));
    return true;
  }
  if (Take("agency")) {
    out.about = Condition::About::kRelationship;
    out.relationships = kAgencyInvolved;
    if (!Expect("is")) return false;
    out.negated = Take("not");
    return Expect("involved");
  }
  if (Take("person")) {
    if (Take("has")) {
      out.about = Condition::About::kNewIdentity;
      out.negated = Take("no");
      Article();
      return ExpectAll({"new", "identity"});
    }
    out.about = Condition::About::kShielded;
    if (!Expect("is")) return false;
    out.negated = Take("not");
    return Expect("shielded");
  }
  if (Take("item")) {
    if (Take("names")) {
      out.about = Condition::About::kNamesVictim;
      out.negated = Take("no");
      Article();
      return Expect("victim");
    }
    out.about = Condition::About::kSpentOffence;
    if (!Expect("is")) return false;
    out.negated = Take("not");
    return ExpectAll({"about", "a", "spent", "offence"});
  }
  if (Take("flag")) {
    if (!Expect("is")) return false;
    out.negated = Take("not");
    if (Take("open")) {
      out.about = Condition::About::kOpen;
      return true;
    }
    if (Take("closed")) {
      out.about = Condition::About::kOpen;
      out.negated = !out.negated;
      return true;
    }
    out.about = Condition::About::kDisputed;
    return Take("disputed") || Fail(Now().word, "expected open, closed or disputed here");
  }
  return Fail(
      start, "expected a condition about consent, purpose, worker, agency, person, flag or item",
      Nearest(start.text, {"consent", "purpose", "worker", "agency", "person", "flag", "item"}));
}

bool Parser::TakeMorePurposes() {
  if (Take("or")) return true;
  if (!Is(",")) return false;
  const size_t back = at_;
  ++at_;
  if (Take("or") || PeekValue(&ParsePurpose)) return true;
  at_ = back;
  return false;
}

bool Parser::PeekConsentState() const {
  return (Is("in") && Is(Next(), "force")) || (Is("not") && Is(Next(), "asked")) ||
         Is("explicit") || Is("refused") || Is("withdrawn") || Is("expired");
}

bool Parser::ConsentMatterOf(uint32_t& out) {
  ConsentMatter matter = ConsentMatter::kSharing;
  if (Take("to")) {
    Article();
    if (!TakeValue(&ParseConsentMatter, AllConsentMatters(), "matter of consent", matter)) {
      return false;
    }
  }
  out |= Bit(matter);
  return true;
}

bool Parser::ConsentStates(uint32_t& out) {
  bool more = true;
  while (more) {
    ConsentState state{};
    if (!TakeValue(&ParseConsentState, AllConsentStates(), "state of consent", state)) {
      return false;
    }
    out |= Bit(state);
    // "and" may lead to another state of this consent or to the next condition.
    more = Take("and");
    if (more && !PeekConsentState()) {
      --at_;
      more = false;
    }
  }
  return (!Take("by") && !Take("from")) || OneGrantor(out);
}

bool Parser::OneGrantor(uint32_t& out) {
  Article();
  if (Take("young")) {
    out |= kByYoungPersonBit;
    return Expect("person");
  }
  if (Take("another")) {
    out |= kByAnotherBit;
    return true;
  }
  if (Take("parent")) {
    out |= Bit(Grantor::kParentalResponsibility);
    return true;
  }
  Grantor grantor{};
  if (Now().kind == Kind::kWord && !BeginsBlock(Now()) && !PeekValue(&ParseGrantor)) {
    return Fail(Now().word,
                "expected the young person, a parent, a court, an authority, another, self or "
                "self-competent here",
                Nearest(Now().word.text, {"young", "parent", "court", "authority", "another",
                                          "self", "self-competent"}));
  }
  if (!TakeValue(&ParseGrantor, AllGrantors(), "grantor", grantor)) return false;
  out |= Bit(grantor);
  return true;
}

bool Parser::Grantors(uint32_t& out) {
  do {
    if (!OneGrantor(out)) return false;
  } while (Take("or"));
  return true;
}

bool Parser::Obligations(uint32_t& out) {
  do {
    Obligation obligation{};
    if (!TakeValue(&ParseObligation, AllObligations(), "obligation", obligation)) return false;
    out |= Bit(obligation);
  } while (Take(","));
  return true;
}

}  // namespace signpost::policy::syntax
