#include "policy/text/parser.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/limits.h"

namespace signpost::policy::syntax {

Parser::Parser(std::vector<Token> tokens, const Vocabulary& vocabulary, Diagnostics& diagnostics)
    : Cursor(std::move(tokens), diagnostics) {
  for (const VocabularyAssessment& assessment : vocabulary.assessments) {
    assessments_.insert(assessment.id);
  }
}

Policy Parser::Run() {
  while (Now().kind != Kind::kEnd && !diagnostics_.full()) {
    const size_t before = at_;
    if (!Block()) Recover();
    if (at_ == before) ++at_;
  }
  if (agreement_ != kNoAgreement) {
    Fail(Now().word, "the agreement is not closed; say 'end agreement'");
  }
  if (!has_header_) {
    Fail(tokens_.front().word,
         "a policy starts with: policy \"name\" version 1 in force 2026-01-01 approved by "
         "\"who\"");
  }
  if (!policy_.has_default) {
    Fail(tokens_.front().word, "the default must be said: where no rule shows an item, hide it");
  }
  return std::move(policy_);
}

// Blocks may come in any order, and nothing but the words that begin one ends the one before. That
// is also how reading on after a fault finds its feet again.
bool Parser::Block() {
  const Word start = Now().word;
  if (Take("policy")) return Header(start);
  if (Take("where")) return Default();
  if (Take("group")) return GroupBlock();
  if (Take("rule")) return RuleBlock();
  if (Take("agreement")) return AgreementBlock();
  if (Take("end")) return EndAgreement(start);
  if (Take("override")) return OverrideBlock(start);
  if (Take("example")) return ExampleBlock(start);
  if (Take("check")) return CheckBlock(start);
  return Fail(start,
              "expected policy, where, group, rule, agreement, end, override, example or check",
              Nearest(start.text, {"policy", "where", "group", "rule", "agreement", "end",
                                   "override", "example", "check"}));
}

bool Parser::Header(const Word& start) {
  if (has_header_) return Fail(start, "a file holds one policy");
  has_header_ = true;
  return TakeString(policy_.name, "the policy's name") && Expect("version") &&
         TakeNumber(policy_.version) && ExpectAll({"in", "force"}) &&
         TakeDate(policy_.in_force_s) && ExpectAll({"approved", "by"}) &&
         TakeString(policy_.approved_by, "who approved it");
}

bool Parser::Default() {
  if (Take("consent")) return EndsWithAge();
  if (Is("a") && Is(Next(), "section")) return MayNameVictims();
  policy_.has_default = true;
  return ExpectAll({"no", "rule", "shows", "an", "item", ",", "hide", "it"});
}

bool Parser::EndsWithAge() {
  uint32_t grantors = 0;
  if (!ExpectAll({"is", "from"}) || !Grantors(grantors) || !ExpectAll({",", "it", "ends", "at"})) {
    return false;
  }
  const bool at_16 = Is("16");
  if (!at_16 && !Is("18")) return Fail(Now().word, "expected 16 or 18 here");
  ++at_;
  (at_16 ? policy_.ends_at_16 : policy_.ends_at_18) |= grantors;
  return true;
}

bool Parser::MayNameVictims() {
  if (!ExpectAll({"a", "section", "is"})) return false;
  do {
    Word section;
    if (!TakeWord(section, "a section")) return false;
    policy_.may_name_victims.push_back(std::move(section));
    if (!WithinList(policy_.may_name_victims.size(), Now().word)) return false;
  } while (Take("or"));
  return ExpectAll({",", "it", "may", "name", "a", "victim"});
}

bool Parser::GroupBlock() {
  Group group;
  if (!TakeWord(group.name, "the group's name") || !Expect("=")) return false;
  do {
    Word word;
    if (!TakeWord(word, "a service")) return false;
    group.words.push_back(std::move(word));
    if (!WithinList(group.words.size(), group.name)) return false;
  } while (TakeSeparator());
  if (policy_.groups.size() >= static_cast<size_t>(kGroupsMax)) {
    return Fail(group.name, absl::StrCat("a policy has at most ", kGroupsMax, " groups"));
  }
  policy_.groups.push_back(std::move(group));
  return true;
}

bool Parser::RuleBlock() {
  Rule rule;
  rule.agreement = agreement_;
  if (!TakeWord(rule.id, "the rule's id") || !TakeString(rule.title, "the rule's title")) {
    return false;
  }
  if (policy_.rules.size() >= static_cast<size_t>(kRulesMax)) {
    return Fail(rule.id, absl::StrCat("a policy has at most ", kRulesMax, " rules"));
  }
  while (!BeginsBlock(Now())) {
    const Word start = Now().word;
    if (Take("basis")) {
      if (rule.basis != Gateway::kNone) return Fail(start, "a rule has one basis");
      if (!TakeValue(&ParseGateway, AllGateways(), "gateway", rule.basis)) return false;
    } else if (Take("then")) {
      if (!Obligations(rule.obligations)) return false;
    } else if (Take("an")) {
      if (!ExpectAll({"override", "may", "lift", "this"})) return false;
      rule.liftable = true;
    } else if (!StatementOf(rule)) {
      return false;
    }
  }
  if (rule.statements.empty()) {
    return Fail(rule.id, "the rule says nothing; add show, hide, broker or never");
  }
  policy_.rules.push_back(std::move(rule));
  return true;
}

bool Parser::StatementOf(Rule& rule) {
  const size_t begin = at_;
  Statement statement;
  statement.at = Now().word;
  if (rule.statements.size() >= static_cast<size_t>(kStatementsPerRuleMax)) {
    return Fail(statement.at,
                absl::StrCat("a rule has at most ", kStatementsPerRuleMax, " statements"));
  }
  if (Take("never")) {
    if (!NeverTail(statement)) return false;
    rule.is_never = true;
  } else {
    absl::string_view towards = "to";
    if (Take("show")) {
      statement.effect = Effect::kShow;
    } else if (Take("hide")) {
      statement.effect = Effect::kHide;
      towards = "from";
    } else if (Take("broker")) {
      statement.effect = Effect::kBroker;
    } else {
      return Fail(Now().word,
                  "expected show, hide, broker, never, basis, then or 'an override may lift this'",
                  Nearest(Now().word.text, {"show", "hide", "broker", "never", "basis", "then"}));
    }
    if (!Aspects(statement.aspects, "everything") || !Expect("of") || !Items(statement.items) ||
        !Expect(towards) || !Askers(statement.askers)) {
      return false;
    }
  }
  if (!Tails(statement.when, statement.unless)) return false;
  statement.text = TextFrom(begin);
  rule.statements.push_back(std::move(statement));
  return true;
}

bool Parser::NeverTail(Statement& statement) {
  statement.effect = Effect::kHide;
  constexpr uint8_t kRecordBit = 1u << static_cast<int>(Aspect::kRecord);
  constexpr uint8_t kAll = (1u << kAspectCount) - 1;
  do {
    if (Take("record")) {
      statement.aspects.mask |= kRecordBit;
    } else if (Take("show")) {
      statement.aspects.mask |= static_cast<uint8_t>(kAll & ~kRecordBit);
    } else {
      return Fail(Now().word, "expected record or show after never");
    }
    if (!Take(",")) break;
  } while (Expect("never"));
  if (!Expect("of") || !Items(statement.items) || !Expect("on")) return false;
  do {
    AskerPhrase phrase;
    Word word;
    if (!TakeWord(word, "an agency or a kind of agency")) return false;
    phrase.words.push_back(std::move(word));
    statement.askers.any.push_back(std::move(phrase));
    if (!WithinList(statement.askers.any.size(), statement.at)) return false;
  } while (TakeSeparator());
  return Expect("systems");
}

bool Parser::AgreementBlock() {
  Agreement agreement;
  if (agreement_ != kNoAgreement) {
    return Fail(Now().word, "an agreement cannot stand inside another; say 'end agreement' first");
  }
  if (!TakeWord(agreement.id, "the agreement's id") ||
      !TakeString(agreement.title, "the agreement's title")) {
    return false;
  }
  if (policy_.agreements.size() >= static_cast<size_t>(kAgreementsMax)) {
    return Fail(agreement.id, absl::StrCat("a policy has at most ", kAgreementsMax, " agreements"));
  }
  // Entered even when the rest is faulty, so that `end agreement` is not a second fault.
  agreement_ = static_cast<int>(policy_.agreements.size());
  policy_.agreements.emplace_back();
  const bool ok = AgreementTail(agreement);
  policy_.agreements.back() = std::move(agreement);
  return ok;
}

bool Parser::AgreementTail(Agreement& agreement) {
  if (!Expect("between")) return false;
  do {
    Word party;
    if (!TakeWord(party, "an agency")) return false;
    agreement.parties.push_back(std::move(party));
    if (!WithinList(agreement.parties.size(), Now().word)) return false;
  } while (Take("and"));
  int64_t last_day_s = 0;
  if (!Expect("from") || !TakeDate(agreement.from_s) || !Expect("until") || !TakeDate(last_day_s) ||
      !Expect("review") || !TakeDate(agreement.review_s)) {
    return false;
  }
  agreement.until_s = last_day_s + 86400;
  if (agreement.parties.size() < 2) {
    return Fail(agreement.id, "an agreement is between two agencies or more");
  }
  if (agreement.until_s <= agreement.from_s) {
    return Fail(agreement.id, "the agreement ends before it starts");
  }
  while (!BeginsBlock(Now())) {
    Agreement::Choice choice;
    if (!TakeWord(choice.holder, "an agency that chooses a gateway, or a rule") ||
        !Expect("chooses") || !TakeValue(&ParseGateway, AllGateways(), "gateway", choice.gateway)) {
      return false;
    }
    agreement.choices.push_back(std::move(choice));
    if (!WithinList(agreement.choices.size(), Now().word)) return false;
  }
  return true;
}

bool Parser::EndAgreement(const Word& start) {
  if (agreement_ == kNoAgreement) return Fail(start, "no agreement is open here");
  agreement_ = kNoAgreement;
  return Expect("agreement");
}

bool Parser::OverrideBlock(const Word& start) {
  Override override_rule;
  if (agreement_ != kNoAgreement) return Fail(start, "an override stands outside agreements");
  if (!TakeWord(override_rule.id, "the override's id") ||
      !TakeString(override_rule.title, "the override's title") || !Expect("to") ||
      !Askers(override_rule.askers)) {
    return false;
  }
  if (policy_.overrides.size() >= static_cast<size_t>(kRulesMax)) {
    return Fail(start, absl::StrCat("a policy has at most ", kRulesMax, " overrides"));
  }
  while (!BeginsBlock(Now())) {
    if (Take("when")) {
      if (!ConditionList(override_rule.when)) return false;
    } else if (Take("opens")) {
      AspectPhrase aspects;
      if (!Aspects(aspects, "everything")) return false;
      override_rule.opens = aspects.mask;
    } else if (Take("grounds")) {
      do {
        OverrideGround ground{};
        if (!TakeValue(&ParseOverrideGround, AllOverrideGrounds(), "ground", ground)) {
          return false;
        }
        override_rule.grounds |= 1u << static_cast<uint32_t>(ground);
      } while (TakeSeparator());
    } else if (Take("lifts")) {
      if (!RuleIds(override_rule.lifts)) return false;
    } else if (Take("never")) {
      if (!Expect("lifts") || !RuleIds(override_rule.never_lifts)) return false;
    } else if (Take("then")) {
      if (!Obligations(override_rule.obligations)) return false;
    } else {
      return Fail(Now().word, "expected when, opens, grounds, lifts, never lifts or then",
                  Nearest(Now().word.text, {"when", "opens", "grounds", "lifts", "never", "then"}));
    }
  }
  policy_.overrides.push_back(std::move(override_rule));
  return true;
}

bool Parser::RuleIds(std::vector<Word>& out) {
  do {
    Word id;
    if (!TakeWord(id, "a rule's id")) return false;
    out.push_back(std::move(id));
    if (!WithinList(out.size(), Now().word)) return false;
  } while (TakeSeparator());
  return true;
}

bool Parser::CheckBlock(const Word& start) {
  Check check;
  check.at = start;
  const size_t begin = at_ - 1;
  if (policy_.checks.size() >= static_cast<size_t>(kChecksMax)) {
    return Fail(start, absl::StrCat("a policy has at most ", kChecksMax, " checks"));
  }
  if (!Expect("no")) return false;
  if (Take("one")) {
    check.askers.everyone = true;
    if (!ExceptAskers(check.askers)) return false;
  } else if (!Askers(check.askers)) {
    return false;
  }
  if (Take("learns")) {
    check.counts_broker = true;
  } else if (!Expect("sees")) {
    return false;
  }
  if (!Aspects(check.aspects, "anything") || !Expect("of") || !Items(check.items)) return false;
  while (!BeginsBlock(Now())) {
    if (Is("when") || Is("unless")) {
      if (!Tails(check.when, check.unless)) return false;
    } else if (Take("without")) {
      Conditions conditions;
      if (!Without(conditions)) return false;
      check.unless.push_back(std::move(conditions));
      if (!WithinList(check.unless.size(), Now().word)) return false;
    } else if (Take("on")) {
      if (!Expect("basis")) return false;
      do {
        Gateway basis{};
        if (!TakeValue(&ParseGateway, AllGateways(), "gateway", basis)) return false;
        check.bases |= 1u << static_cast<uint32_t>(basis);
      } while (Take("or"));
    } else {
      Take(",");
      if (!ExpectAll({"except", "by"}) || !RuleIds(check.except_by)) return false;
    }
  }
  check.text = TextFrom(begin);
  policy_.checks.push_back(std::move(check));
  return true;
}

bool Parser::Without(Conditions& out) {
  Article();
  Condition condition;
  if (Take("relationship")) {
    condition.about = Condition::About::kRelationship;
    condition.relationships = kAnyRelationship;
  } else {
    condition.consent_states = Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing);
    if (Take("explicit")) condition.consent_states |= Bit(ConsentState::kExplicit);
    if (!ExpectAll({"consent", "in", "force"})) return false;
    if ((Take("by") || Take("from")) && !OneGrantor(condition.consent_states)) return false;
  }
  out.push_back(condition);
  return true;
}

Policy Parse(absl::string_view text, const Vocabulary& vocabulary, Diagnostics& diagnostics) {
  std::vector<Token> tokens = Tokenise(text, diagnostics);
  if (text.size() > kPolicyTextBytesMax) return Policy();
  return Parser(std::move(tokens), vocabulary, diagnostics).Run();
}

}  // namespace signpost::policy::syntax
