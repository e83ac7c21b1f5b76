#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/calendar.h"
#include "policy/limits.h"
#include "policy/text/parser.h"

namespace signpost::policy::syntax {
namespace {

// What an example need not say of `relationship`: who is named is named by a flag; what another
// agency did is settled.
uint8_t WithWhatItImplies(Relationship relationship) {
  uint8_t bits = Bit(relationship);
  if (relationship == Relationship::kNamedWorker || relationship == Relationship::kCover) {
    bits |= kAgencyInvolved;
  }
  if (relationship == Relationship::kReferral || relationship == Relationship::kConferenceMember) {
    bits |= Bit(Relationship::kSettledInvolvement);
  }
  return bits;
}

}  // namespace

bool Parser::ExampleBlock(const Word& start) {
  Example example;
  example.at = start;
  example_purposes_ = {Purpose::kUnspecified};
  if (policy_.examples.size() >= static_cast<size_t>(kExamplesMax)) {
    return Fail(start, absl::StrCat("a policy has at most ", kExamplesMax, " examples"));
  }
  if (!TakeString(example.title, "the example's title") || !Expect(":")) return false;
  AskerPhrase asker;
  if (!Phrase(asker)) return false;
  if (asker.is_team) return Fail(start, "an example names an agency; say 'in <team>' after it");
  example.asker = std::move(asker.words);
  while (Take(",")) {
    if (!AskerFact(example)) return false;
  }
  if (!Expect(";") || !ExampleItem(example)) return false;
  while (Take(",")) {
    if (!ItemFact(example)) return false;
  }
  if (!Expect("->") || !ExampleResult(example)) return false;
  // An example of several purposes or aspects is one of each.
  if (policy_.examples.size() + example_purposes_.size() * example_aspects_.size() >
      static_cast<size_t>(kExamplesMax)) {
    return Fail(start, absl::StrCat("a policy has at most ", kExamplesMax, " examples"));
  }
  for (const Purpose purpose : example_purposes_) {
    for (const Aspect aspect : example_aspects_) {
      example.purpose = purpose;
      example.aspect = aspect;
      policy_.examples.push_back(example);
    }
  }
  return true;
}

// "involved" | "newly involved": named by a flag that is settled, or new.
bool Parser::Involved(uint8_t& relationships) {
  relationships |= kNewlyNamed;
  if (!Take("newly")) relationships |= Bit(Relationship::kSettledInvolvement);
  return Expect("involved");
}

bool Parser::AskerFact(Example& example) {
  if (Is("involved") || Is("newly")) return Involved(example.relationships);
  if (Take("agency")) {
    example.relationships |= kAgencyInvolved;
    example.relationships |= Bit(Relationship::kSettledInvolvement);
    return Expect("involved");
  }
  if (Take("team")) {
    example.team_relationships = 0;
    if (Take("not")) return Expect("involved");
    return Involved(example.team_relationships);
  }
  if (Take("perhaps")) {
    example.relationships_unknown = (1u << kRelationshipCount) - 1;
    return Expect("involved");
  }
  if (Take("for")) {
    example_purposes_.clear();
    do {
      example_purposes_.emplace_back();
      if (!TakeValue(&ParsePurpose, AllPurposes(), "purpose", example_purposes_.back())) {
        return false;
      }
    } while (Take("or"));
    return true;
  }
  if (Take("in")) return TakeWord(example.team, "a team");
  if (Take("on")) return TakeDate(example.now_s);
  if (Take("stating")) {
    example.necessity_stated = true;
    return Expect("necessity");
  }
  if (Take("overriding")) {
    return Expect("on") &&
           TakeValue(&ParseOverrideGround, AllOverrideGrounds(), "ground", example.override_ground);
  }
  if (PeekValue(&ParseRelationship)) {
    Relationship relationship{};
    if (!TakeValue(&ParseRelationship, AllRelationships(), "relationship", relationship)) {
      return false;
    }
    example.relationships |= WithWhatItImplies(relationship);
    return true;
  }
  return Fail(Now().word,
              "expected a fact about the asker: involved, newly involved, agency involved, a "
              "relationship, for <purpose>, in <team>, team not involved, on <date>, stating "
              "necessity or overriding on <ground>",
              Now().kind == Kind::kWord
                  ? Nearest(Now().word.text, {"involved", "newly", "agency", "team", "for", "in",
                                              "on", "stating", "overriding", "perhaps"})
                  : "");
}

// The subject reads as in a rule, but is one thing: one service of one holder, and of a paper one
// section.
bool Parser::ExampleItem(Example& example) {
  example_aspects_.clear();
  do {
    example_aspects_.emplace_back();
    if (!TakeValue(&ParseAspect, AllAspects(), "aspect", example_aspects_.back())) return false;
  } while (Take(","));
  if (Is("of") && Next().kind == Kind::kWord && assessments_.count(Next().word.text) > 0) {
    ++at_;
    if (!TakeWord(example.assessment, "an assessment")) return false;
  }
  if (Take("section") && !TakeWord(example.section, "a section")) return false;
  return Expect("of") && TakeWord(example.service, "a service") && Expect("held") && Expect("by") &&
         TakeWord(example.holder, "an agency");
}

bool Parser::ItemFact(Example& example) {
  if (Take("consent")) {
    if (!Take("unknown")) return ConsentFactOf(example);
    example.consent_unknown = true;
    return true;
  }
  if (Take("person")) {
    if (Take("turns")) return Birthday(example);
    const Tri value = Take("perhaps") ? Tri::kUnknown : Tri::kYes;
    if (Take("has")) {
      example.new_identity = value;
      Article();
      return ExpectAll({"new", "identity"});
    }
    example.shielded = value;
    return Expect("shielded");
  }
  if (Take("item")) {
    const Tri value = Take("perhaps") ? Tri::kUnknown : Tri::kYes;
    if (Take("names")) {
      example.names_victim = value;
      Article();
      return Expect("victim");
    }
    example.spent_offence = value;
    return ExpectAll({"about", "a", "spent", "offence"});
  }
  if (Take("flag")) {
    if (Take("closed")) {
      example.closed = true;
      return true;
    }
    example.disputed = true;
    return Expect("disputed");
  }
  if (Take("marked-sensitive")) {
    example.marked_sensitive = true;
    return true;
  }
  if (Take("not")) {
    example.not_brokerable = true;
    return Expect("brokerable");
  }
  return Fail(
      Now().word,
      "expected a fact about the item: consent <state>, person shielded, person has a "
      "new identity, person turns 16 (or 18) on <date>, item about a spent offence, item names a "
      "victim, flag closed, flag disputed, marked-sensitive or not brokerable");
}

bool Parser::ConsentFactOf(Example& example) {
  ExampleConsent consent;
  if (!ConsentMatterOf(consent.states) || !ConsentStates(consent.states) || !ScopeOf(consent)) {
    return false;
  }
  example.consents.push_back(std::move(consent));
  return WithinList(example.consents.size(), Now().word);
}

bool Parser::ScopeOf(ExampleConsent& consent) {
  while (true) {
    if (Take("to")) {
      if (!OrWords(consent.to, "an agency, a kind of agency or a role")) return false;
    } else if (Take("for")) {
      do {
        Purpose purpose{};
        if (!TakeValue(&ParsePurpose, AllPurposes(), "purpose", purpose)) return false;
        consent.purposes |= 1u << static_cast<uint32_t>(purpose);
      } while (Take("or"));
    } else if (Take("about")) {
      do {
        Aspect aspect{};
        if (!TakeValue(&ParseAspect, AllAspects(), "aspect", aspect)) return false;
        consent.aspects = static_cast<uint8_t>(consent.aspects | 1u << static_cast<int>(aspect));
      } while (Take("or"));
    } else if (Take("of")) {
      if (!OrWords(consent.of, "a service or an assessment")) return false;
    } else if (Take("section")) {
      if (!OrWords(consent.sections, "a section")) return false;
    } else if (Take("held")) {
      if (!Expect("by") || !OrWords(consent.held_by, "an agency")) return false;
    } else {
      return true;
    }
  }
}

bool Parser::OrWords(std::vector<Word>& out, absl::string_view what) {
  do {
    Article();
    out.emplace_back();
    if (!TakeWord(out.back(), what)) return false;
    if (!WithinList(out.size(), Now().word)) return false;
  } while (Take("or"));
  return true;
}

// Of the one birthday the other follows: on 1 March where there is no 29 February.
bool Parser::Birthday(Example& example) {
  const bool is_16 = Is("16");
  if (!is_16 && !Is("18")) return Fail(Now().word, "expected 16 or 18 here");
  ++at_;
  int64_t day_s = 0;
  if (!Expect("on") || !TakeDate(day_s)) return false;
  const int64_t other_s = YearsAfter(day_s, is_16 ? 2 : -2);
  example.sixteen_from_s = is_16 ? day_s : other_s;
  example.adult_from_s = is_16 ? other_s : day_s;
  return true;
}

bool Parser::ExampleResult(Example& example) {
  if (!TakeValue(&ParseEffect, AllEffects(), "effect", example.effect)) return false;
  if (Take("by")) {
    if (Take("default")) {
      example.by_default = true;
    } else {
      do {
        Word id;
        if (!TakeWord(id, "a rule's id")) return false;
        example.by.push_back(std::move(id));
      } while (Take("and"));
    }
  }
  while (Take(",")) {
    if (Take("basis")) {
      if (!TakeValue(&ParseGateway, AllGateways(), "gateway", example.basis)) return false;
    } else if (Take("then")) {
      example.has_obligations = true;
      return Obligations(example.obligations);  // a list of its own: nothing follows
    } else if (Expect("missing")) {
      do {
        Missing missing{};
        if (!TakeValue(&ParseMissing, AllMissings(), "missing thing", missing)) return false;
        example.missing |= Bit(missing);
      } while (Take("and"));
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace signpost::policy::syntax
