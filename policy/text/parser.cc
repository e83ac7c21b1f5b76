#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/text/syntax.h"

namespace signpost::policy::syntax {
namespace {

constexpr size_t kWordBytesMax = 64;
constexpr size_t kStringBytesMax = 512;
constexpr size_t kPhraseWordsMax = 5;  // "review within 2 working days"

enum class Kind : uint8_t { kWord, kString, kMark, kEnd };

struct Token {
  Kind kind = Kind::kEnd;
  Word word;
  size_t begin = 0;  // bytes of the text, quotes included
  size_t end = 0;
  bool first_on_line = false;
};

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
}

bool WithinTextBytes(absl::string_view text, Diagnostics& diagnostics) {
  if (text.size() <= kPolicyTextBytesMax) return true;
  Word at;
  at.line = 1;
  at.column = 1;
  diagnostics.Add(at, absl::StrCat("a policy text has at most ", kPolicyTextBytesMax, " bytes"));
  return false;
}

// Cuts the text into words, quoted strings and the marks , ; : = ->.
std::vector<Token> Tokenise(absl::string_view text, Diagnostics& diagnostics) {
  std::vector<Token> tokens;
  int line = 1;
  size_t line_start = 0;
  bool first = true;
  size_t i = 0;
  const auto place = [&](size_t at) {
    Word word;
    word.line = line;
    word.column = static_cast<int>(at - line_start) + 1;
    return word;
  };
  while (i < text.size() && !diagnostics.full()) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      line_start = ++i;
      first = true;
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r') {
      ++i;
      continue;
    }
    if (c == '#') {
      while (i < text.size() && text[i] != '\n') ++i;
      continue;
    }
    Token token;
    token.word = place(i);
    token.first_on_line = first;
    first = false;
    const size_t start = i;
    if (c == '"') {
      ++i;
      while (i < text.size() && text[i] != '"' && text[i] != '\n') ++i;
      if (i >= text.size() || text[i] != '"') {
        diagnostics.Add(token.word, "a quoted text must end on the line it starts on");
        continue;
      }
      token.kind = Kind::kString;
      token.word.text = std::string(text.substr(start + 1, i - start - 1));
      ++i;
      if (token.word.text.size() > kStringBytesMax) {
        token.word.text.resize(kStringBytesMax);
        diagnostics.Add(token.word,
                        absl::StrCat("a quoted text has at most ", kStringBytesMax, " bytes"));
      }
      // Titles reach workers' screens and logs: no control bytes.
      for (char& byte : token.word.text) {
        if (absl::ascii_iscntrl(static_cast<unsigned char>(byte))) {
          diagnostics.Add(token.word, "a quoted text has no control characters");
          break;
        }
      }
    } else if (c == '-' && i + 1 < text.size() && text[i + 1] == '>') {
      token.kind = Kind::kMark;
      token.word.text = "->";
      i += 2;
    } else if (c == ',' || c == ';' || c == ':' || c == '=') {
      token.kind = Kind::kMark;
      token.word.text = std::string(1, c);
      ++i;
    } else if (IsWordByte(c)) {
      // "->" ends a word: `content->hide` is three tokens.
      while (i < text.size() && IsWordByte(text[i]) &&
             !(text[i] == '-' && i + 1 < text.size() && text[i + 1] == '>')) {
        ++i;
      }
      token.kind = Kind::kWord;
      token.word.text = std::string(text.substr(start, std::min(i - start, kWordBytesMax)));
      if (i - start > kWordBytesMax) {
        diagnostics.Add(token.word, absl::StrCat("a word has at most ", kWordBytesMax, " bytes"));
      }
    } else {
      token.word.text = absl::ascii_isprint(static_cast<unsigned char>(c)) ? std::string(1, c) : "";
      diagnostics.Add(token.word, "this character has no meaning here");
      // One report for a run of strange bytes.
      while (i < text.size() && text[i] != '\n' && text[i] != ' ') ++i;
      continue;
    }
    token.begin = start;
    token.end = i;
    tokens.push_back(std::move(token));
  }
  Token end;
  end.kind = Kind::kEnd;
  end.word = place(text.size());
  end.word.text = "";
  end.first_on_line = true;
  tokens.push_back(std::move(end));
  return tokens;
}

const std::set<std::string>& Keywords() {
  static const auto* const words = new std::set<std::string>{"policy",
                                                             "version",
                                                             "in",
                                                             "force",
                                                             "approved",
                                                             "by",
                                                             "where",
                                                             "no",
                                                             "rule",
                                                             "group",
                                                             "show",
                                                             "shows",
                                                             "hide",
                                                             "broker",
                                                             "never",
                                                             "record",
                                                             "of",
                                                             "held",
                                                             "to",
                                                             "from",
                                                             "when",
                                                             "unless",
                                                             "basis",
                                                             "then",
                                                             "an",
                                                             "a",
                                                             "the",
                                                             "override",
                                                             "may",
                                                             "lift",
                                                             "lifts",
                                                             "this",
                                                             "agreement",
                                                             "between",
                                                             "and",
                                                             "or",
                                                             "until",
                                                             "review",
                                                             "end",
                                                             "chooses",
                                                             "opens",
                                                             "grounds",
                                                             "example",
                                                             "check",
                                                             "except",
                                                             "only",
                                                             "is",
                                                             "not",
                                                             "consent",
                                                             "purpose",
                                                             "worker",
                                                             "person",
                                                             "flag",
                                                             "everything",
                                                             "anything",
                                                             "everyone",
                                                             "members",
                                                             "member",
                                                             "systems",
                                                             "system",
                                                             "on",
                                                             "one",
                                                             "sees",
                                                             "learns",
                                                             "without",
                                                             "existence",
                                                             "agency",
                                                             "contact",
                                                             "content",
                                                             "share-onward",
                                                             "holder",
                                                             "practitioner",
                                                             "practitioners",
                                                             "relevant-authority",
                                                             "marked-sensitive",
                                                             "involved",
                                                             "for",
                                                             "section",
                                                             "missing",
                                                             "default",
                                                             "has",
                                                             "any",
                                                             "explicit",
                                                             "refused",
                                                             "withdrawn",
                                                             "expired",
                                                             "asked",
                                                             "shielded",
                                                             "open",
                                                             "item",
                                                             "closed",
                                                             "disputed"};
  return *words;
}

// Words that begin a block when they stand first on a line.
bool BeginsBlock(const Token& token) {
  if (token.kind == Kind::kEnd) return true;
  return token.kind == Kind::kWord && token.first_on_line && MayBeginBlock(token.word.text);
}

template <typename E>
std::vector<std::string> WordsOf(absl::Span<const E> values) {
  std::vector<std::string> words;
  for (const E value : values) words.emplace_back(ToString(value));
  return words;
}

// Days since 1970-01-01 of a civil date (proleptic Gregorian).
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, const Vocabulary& vocabulary, Diagnostics& diagnostics)
      : tokens_(std::move(tokens)), diagnostics_(diagnostics) {
    for (const VocabularyAssessment& assessment : vocabulary.assessments) {
      assessments_.insert(assessment.id);
    }
  }

  Policy Run() {
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

 private:
  const Token& Now() const { return tokens_[at_]; }
  const Token& Next(size_t ahead = 1) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool Is(absl::string_view text) const {
    return (Now().kind == Kind::kWord || Now().kind == Kind::kMark) && Now().word.text == text;
  }
  static bool Is(const Token& token, absl::string_view text) {
    return token.kind == Kind::kWord && token.word.text == text;
  }
  bool Take(absl::string_view text) {
    if (!Is(text)) return false;
    ++at_;
    return true;
  }
  bool Fail(const Word& at, std::string message, std::string suggestion = "") {
    diagnostics_.Add(at, std::move(message), std::move(suggestion));
    return false;
  }
  bool Expect(absl::string_view text) {
    if (Take(text)) return true;
    return Fail(Now().word, absl::StrCat("expected '", text, "' here"),
                Now().kind == Kind::kWord ? Nearest(Now().word.text, {std::string(text)}) : "");
  }
  // Expects each of the words in turn.
  bool ExpectAll(std::initializer_list<absl::string_view> words) {
    for (const absl::string_view word : words) {
      if (!Expect(word)) return false;
    }
    return true;
  }
  bool TakeString(std::string& out, absl::string_view what) {
    if (Now().kind != Kind::kString) {
      return Fail(Now().word, absl::StrCat("expected ", what, " in quotes here"));
    }
    out = Now().word.text;
    ++at_;
    return true;
  }
  bool TakeWord(Word& out, absl::string_view what) {
    if (Now().kind != Kind::kWord || (BeginsBlock(Now()))) {
      return Fail(Now().word, absl::StrCat("expected ", what, " here"));
    }
    out = Now().word;
    ++at_;
    return true;
  }
  bool TakeNumber(int64_t& out) {
    if (Now().kind != Kind::kWord || !absl::SimpleAtoi(Now().word.text, &out) || out < 1) {
      return Fail(Now().word, "expected a whole number from 1 here");
    }
    ++at_;
    return true;
  }
  bool TakeDate(int64_t& day_start_s) {
    static const int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const std::string& text = Now().word.text;
    int year = 0;
    int month = 0;
    int day = 0;
    const bool shaped = Now().kind == Kind::kWord && text.size() == 10 && text[4] == '-' &&
                        text[7] == '-' && absl::SimpleAtoi(text.substr(0, 4), &year) &&
                        absl::SimpleAtoi(text.substr(5, 2), &month) &&
                        absl::SimpleAtoi(text.substr(8, 2), &day);
    bool real = shaped && year >= 1970 && month >= 1 && month <= 12 && day >= 1;
    if (real) {
      const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
      real = day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
    }
    if (!real) return Fail(Now().word, "expected a date such as 2026-04-01 here");
    day_start_s = DaysFromCivil(year, month, day) * 86400;
    ++at_;
    return true;
  }
  // A value of a closed vocabulary, said in kebab-case or as separate words ("tell holder").
  template <typename E>
  bool TakeValue(std::optional<E> (*parse)(absl::string_view), absl::Span<const E> all,
                 absl::string_view what, E& out) {
    for (size_t length = kPhraseWordsMax; length >= 1; --length) {
      std::string joined;
      bool words = true;
      for (size_t i = 0; i < length && words; ++i) {
        words = Next(i).kind == Kind::kWord;
        if (words) absl::StrAppend(&joined, i == 0 ? "" : "-", Next(i).word.text);
      }
      if (!words) continue;
      if (const std::optional<E> value = parse(joined)) {
        out = *value;
        at_ += length;
        return true;
      }
    }
    if (Now().kind != Kind::kWord || BeginsBlock(Now())) {
      return Fail(Now().word, absl::StrCat("expected ", what, " here"));
    }
    diagnostics_.AddUnknown(Now().word, what, WordsOf(all));
    return false;
  }
  // Whether a value of a closed vocabulary stands here, without a report.
  template <typename E>
  bool PeekValue(std::optional<E> (*parse)(absl::string_view)) const {
    std::string joined;
    for (size_t i = 0; i < kPhraseWordsMax && Next(i).kind == Kind::kWord; ++i) {
      absl::StrAppend(&joined, i == 0 ? "" : "-", Next(i).word.text);
      if (parse(joined)) return true;
    }
    return false;
  }
  // After an item of a list: whether another follows.
  bool TakeSeparator() {
    if (Is(",")) {
      // This comma ends the list: "..., except by O1", "..., and worker is involved".
      for (const absl::string_view word : {"except", "and", "when", "unless", "without"}) {
        if (Is(Next(), word)) return false;
      }
      ++at_;
      Take("or");
      return true;
    }
    return Take("or");
  }
  bool WithinList(size_t size, const Word& at) {
    if (size <= static_cast<size_t>(kListWordsMax)) return true;
    return Fail(at, absl::StrCat("a list has at most ", kListWordsMax, " entries"));
  }
  void Recover() {
    while (!BeginsBlock(Now())) ++at_;
  }

  bool Block() {
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

  bool Header(const Word& start) {
    if (has_header_) return Fail(start, "a file holds one policy");
    has_header_ = true;
    return TakeString(policy_.name, "the policy's name") && Expect("version") &&
           TakeNumber(policy_.version) && ExpectAll({"in", "force"}) &&
           TakeDate(policy_.in_force_s) && ExpectAll({"approved", "by"}) &&
           TakeString(policy_.approved_by, "who approved it");
  }

  // where no rule shows an item, hide it
  // where consent is from a parent, it ends at 18
  bool Default() {
    if (Take("consent")) {
      return Expect("is") && Expect("from") && Grantors(policy_.ends_at_18) &&
             ExpectAll({",", "it", "ends", "at", "18"});
    }
    policy_.has_default = true;
    return ExpectAll({"no", "rule", "shows", "an", "item", ",", "hide", "it"});
  }

  bool GroupBlock() {
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

  bool RuleBlock() {
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

  bool StatementOf(Rule& rule) {
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
        return Fail(
            Now().word,
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

  // never record, never show of ITEMS on ASKER systems
  bool NeverTail(Statement& statement) {
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

  bool Tails(Conditions& when, std::vector<Conditions>& unless) {
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

  bool Aspects(AspectPhrase& out, absl::string_view all_word) {
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
        } while (Is(",") && !ParseAspect(Next().word.text) && Next().word.text != "and" &&
                 Take(","));
      }
    } while (Take(",") ? (Take("and"), true) : Take("and"));
    return true;
  }

  bool Items(ItemPhrase& out) {
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

  void Article() {
    if (Is("the") || Is("a") || (Is("an") && !Is(Next(), "override"))) ++at_;
  }

  bool Phrase(AskerPhrase& out) {
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
      if (Keywords().count(text) > 0 && kInside.count(text) == 0) break;
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

  bool Askers(AskerSelector& out) {
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

  bool ExceptAskers(AskerSelector& out) {
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

  bool ConditionList(Conditions& out) {
    while (true) {
      Condition condition;
      if (!OneCondition(condition)) return false;
      out.push_back(condition);
      if (!WithinList(out.size(), Now().word)) return false;
      if (Is(",") && Is(Next(), "and")) ++at_;
      if (!Take("and")) return true;
    }
  }

  bool OneCondition(Condition& out) {
    const Word start = Now().word;
    Article();
    if (Take("consent")) {
      out.about = Condition::About::kConsent;
      return ConsentMatterOf(out.consent_states) && Expect("is") &&
             ConsentStates(out.consent_states);
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
        out.relationships = (1u << kRelationshipCount) - 1;
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
    return Fail(start, "expected a condition about consent, purpose, worker, person, flag or item",
                Nearest(start.text, {"consent", "purpose", "worker", "person", "flag", "item"}));
  }

  // In a list of purposes, a comma may also lead to ", and <next condition>" or out of the clause.
  bool TakeMorePurposes() {
    if (Take("or")) return true;
    if (!Is(",")) return false;
    const size_t back = at_;
    ++at_;
    if (Take("or") || PeekValue(&ParsePurpose)) return true;
    at_ = back;
    return false;
  }

  bool PeekConsentState() const {
    return (Is("in") && Is(Next(), "force")) || (Is("not") && Is(Next(), "asked")) ||
           Is("explicit") || Is("refused") || Is("withdrawn") || Is("expired");
  }

  // What a consent is about: "consent", "consent to the service"; unsaid it is sharing.
  bool ConsentMatterOf(uint32_t& out) {
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

  // "explicit and in force from a parent"
  bool ConsentStates(uint32_t& out) {
    bool more = true;
    while (more) {
      ConsentState state{};
      if (!TakeValue(&ParseConsentState, AllConsentStates(), "state of consent", state)) {
        return false;
      }
      out |= Bit(state);
      more = Take("and");
      if (more && !PeekConsentState()) {
        --at_;
        more = false;
      }
    }
    return (!Take("by") && !Take("from")) || OneGrantor(out);
  }

  // One grantor, or one of the two groups that every grantor is in.
  bool OneGrantor(uint32_t& out) {
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

  bool Grantors(uint32_t& out) {
    do {
      if (!OneGrantor(out)) return false;
    } while (Take("or"));
    return true;
  }

  bool Obligations(uint32_t& out) {
    do {
      Obligation obligation{};
      if (!TakeValue(&ParseObligation, AllObligations(), "obligation", obligation)) return false;
      out |= Bit(obligation);
    } while (Take(","));
    return true;
  }

  bool AgreementBlock() {
    Agreement agreement;
    if (agreement_ != kNoAgreement) {
      return Fail(Now().word,
                  "an agreement cannot stand inside another; say 'end agreement' first");
    }
    if (!TakeWord(agreement.id, "the agreement's id") ||
        !TakeString(agreement.title, "the agreement's title")) {
      return false;
    }
    if (policy_.agreements.size() >= static_cast<size_t>(kAgreementsMax)) {
      return Fail(agreement.id,
                  absl::StrCat("a policy has at most ", kAgreementsMax, " agreements"));
    }
    // Entered even when the rest is faulty, so that `end agreement` is not a second fault.
    agreement_ = static_cast<int>(policy_.agreements.size());
    policy_.agreements.emplace_back();
    const bool ok = AgreementTail(agreement);
    policy_.agreements.back() = std::move(agreement);
    return ok;
  }

  bool AgreementTail(Agreement& agreement) {
    if (!Expect("between")) return false;
    do {
      Word party;
      if (!TakeWord(party, "an agency")) return false;
      agreement.parties.push_back(std::move(party));
      if (!WithinList(agreement.parties.size(), Now().word)) return false;
    } while (Take("and"));
    int64_t last_day_s = 0;
    if (!Expect("from") || !TakeDate(agreement.from_s) || !Expect("until") ||
        !TakeDate(last_day_s) || !Expect("review") || !TakeDate(agreement.review_s)) {
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
          !Expect("chooses") ||
          !TakeValue(&ParseGateway, AllGateways(), "gateway", choice.gateway)) {
        return false;
      }
      agreement.choices.push_back(std::move(choice));
      if (!WithinList(agreement.choices.size(), Now().word)) return false;
    }
    return true;
  }

  bool EndAgreement(const Word& start) {
    if (agreement_ == kNoAgreement) return Fail(start, "no agreement is open here");
    agreement_ = kNoAgreement;
    return Expect("agreement");
  }

  bool OverrideBlock(const Word& start) {
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
        return Fail(
            Now().word, "expected when, opens, grounds, lifts, never lifts or then",
            Nearest(Now().word.text, {"when", "opens", "grounds", "lifts", "never", "then"}));
      }
    }
    policy_.overrides.push_back(std::move(override_rule));
    return true;
  }

  bool RuleIds(std::vector<Word>& out) {
    do {
      Word id;
      if (!TakeWord(id, "a rule's id")) return false;
      out.push_back(std::move(id));
      if (!WithinList(out.size(), Now().word)) return false;
    } while (TakeSeparator());
    return true;
  }

  bool ExampleBlock(const Word& start) {
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

  bool AskerFact(Example& example) {
    if (Take("involved")) {
      example.relationships |= Bit(Relationship::kOwnOpenFlag);
      return true;
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
      return Expect("on") && TakeValue(&ParseOverrideGround, AllOverrideGrounds(), "ground",
                                       example.override_ground);
    }
    if (PeekValue(&ParseRelationship)) {
      Relationship relationship{};
      if (!TakeValue(&ParseRelationship, AllRelationships(), "relationship", relationship)) {
        return false;
      }
      example.relationships = static_cast<uint8_t>(example.relationships | Bit(relationship));
      return true;
    }
    return Fail(Now().word,
                "expected a fact about the asker: involved, a relationship, for <purpose>, in "
                "<team>, on <date>, stating necessity or overriding on <ground>",
                Now().kind == Kind::kWord
                    ? Nearest(Now().word.text,
                              {"involved", "for", "in", "on", "stating", "overriding", "perhaps"})
                    : "");
  }

  bool ExampleItem(Example& example) {
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
    return Expect("of") && TakeWord(example.service, "a service") && Expect("held") &&
           Expect("by") && TakeWord(example.holder, "an agency");
  }

  bool ItemFact(Example& example) {
    if (Take("consent")) {
      if (Take("unknown")) {
        example.consent_unknown = true;
        return true;
      }
      uint32_t states = 0;
      if (!ConsentMatterOf(states) || !ConsentStates(states)) return false;
      example.consents.push_back(states);
      return WithinList(example.consents.size(), Now().word);
    }
    if (Take("person")) {
      if (Take("turns")) return Expect("18") && Expect("on") && TakeDate(example.adult_from_s);
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
    return Fail(Now().word,
                "expected a fact about the item: consent <state>, person shielded, person has a "
                "new identity, person turns 18 on <date>, item about a spent offence, item names a "
                "victim, flag closed, flag disputed, marked-sensitive or not brokerable");
  }

  bool ExampleResult(Example& example) {
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

  // no ASKER (sees|learns) ASPECTS of ITEMS [when ..] [unless ..] [without ..] [, except by IDS]
  bool CheckBlock(const Word& start) {
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
      } else {
        Take(",");
        if (!ExpectAll({"except", "by"}) || !RuleIds(check.except_by)) return false;
      }
    }
    check.text = TextFrom(begin);
    policy_.checks.push_back(std::move(check));
    return true;
  }

  // "explicit consent in force" | "consent in force" | "a relationship"
  bool Without(Conditions& out) {
    Article();
    Condition condition;
    if (Take("relationship")) {
      condition.about = Condition::About::kRelationship;
      condition.relationships = (1u << kRelationshipCount) - 1;
    } else {
      condition.consent_states = Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing);
      if (Take("explicit")) condition.consent_states |= Bit(ConsentState::kExplicit);
      if (!ExpectAll({"consent", "in", "force"})) return false;
      if ((Take("by") || Take("from")) && !OneGrantor(condition.consent_states)) return false;
    }
    out.push_back(condition);
    return true;
  }

  std::string TextFrom(size_t begin) const {
    std::string text;
    for (size_t i = begin; i < at_; ++i) {
      const bool tight = tokens_[i].kind == Kind::kMark && tokens_[i].word.text == ",";
      absl::StrAppend(&text, i == begin || tight ? "" : " ", tokens_[i].word.text);
    }
    return text;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  Diagnostics& diagnostics_;
  std::set<std::string> assessments_;
  Policy policy_;
  int agreement_ = kNoAgreement;
  // Of the example being read.
  std::vector<Purpose> example_purposes_;
  std::vector<Aspect> example_aspects_;
  bool has_header_ = false;
};

}  // namespace

void Diagnostics::Add(const Word& at, std::string message, std::string suggestion) {
  if (full()) return;
  list_.push_back(
      Diagnostic{at.line, at.column, at.text, std::move(message), std::move(suggestion)});
}

void Diagnostics::AddUnknown(const Word& at, absl::string_view what,
                             const std::vector<std::string>& candidates) {
  if (full()) return;
  Add(at, absl::StrCat("unknown ", what, " '", at.text, "'"), Nearest(at.text, candidates));
}

std::string Nearest(absl::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kWordBytesMax) return "";
  std::string best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  // Three rows of the edit distance that counts a swap of neighbours as one edit ("form", "from").
  std::vector<size_t> before_last;
  std::vector<size_t> last;
  std::vector<size_t> row;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kWordBytesMax) continue;
    last.assign(candidate.size() + 1, 0);
    row.assign(candidate.size() + 1, 0);
    for (size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      before_last = last;
      last = row;
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t cost = word[i - 1] == candidate[j - 1] ? 0 : 1;
        row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + cost});
        if (i > 1 && j > 1 && word[i - 1] == candidate[j - 2] && word[i - 2] == candidate[j - 1]) {
          row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
      }
    }
    // Ties go to the word that comes first in the alphabet, so that the advice never depends on the
    // order of the vocabulary.
    if (row.back() < best_distance ||
        (row.back() == best_distance && !best.empty() && candidate < best)) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

bool IsReserved(absl::string_view word) { return Keywords().count(std::string(word)) > 0; }

bool MayBeginBlock(absl::string_view word) {
  return word == "policy" || word == "where" || word == "group" || word == "rule" ||
         word == "agreement" || word == "end" || word == "override" || word == "example" ||
         word == "check";
}

std::vector<Piece> Pieces(absl::string_view text, Diagnostics& diagnostics) {
  std::vector<Piece> pieces;
  if (!WithinTextBytes(text, diagnostics)) return pieces;
  for (const Token& token : Tokenise(text, diagnostics)) {
    if (token.kind == Kind::kEnd) break;
    pieces.push_back({token.begin, token.end, BeginsBlock(token)});
  }
  return pieces;
}

Policy Parse(absl::string_view text, const Vocabulary& vocabulary, Diagnostics& diagnostics) {
  if (!WithinTextBytes(text, diagnostics)) return Policy();
  return Parser(Tokenise(text, diagnostics), vocabulary, diagnostics).Run();
}

}  // namespace signpost::policy::syntax
