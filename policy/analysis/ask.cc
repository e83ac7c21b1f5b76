#include "policy/analysis/ask.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "policy/analysis/decision_space.h"
#include "policy/analysis/examples.h"
#include "policy/engine/explain.h"
#include "policy/text/syntax.h"

namespace signpost::policy {
namespace {

constexpr size_t kQuestionBytesMax = 16 << 10;

// What stands around a question to make it a policy's only example, in whole lines.
constexpr char kBefore[] =
    "policy \"q\" version 1 in force 2025-01-01 approved by \"q\"\n"
    "where no rule shows an item, hide it\n"
    "example \"q\":\n";
constexpr int kLinesBefore = 3;
constexpr char kAfter[] = "\n-> hide\n";

// An example may be of anything; an answer about a flag that no agency can have would be a riddle.
void HolderCanHaveIt(const PolicyImpl& policy, const syntax::Example& example, const Item& item,
                     syntax::Diagnostics& diagnostics) {
  const std::vector<Symbol>& services = policy.agency_data[item.holder].services;
  if (services.empty() ||
      std::find(services.begin(), services.end(), item.service) != services.end()) {
    return;
  }
  std::vector<std::string> words;
  for (const Symbol service : services) words.push_back(policy.services.Word(service));
  diagnostics.Add(example.service,
                  absl::StrCat(example.holder.text, " has no flags of ", example.service.text,
                               "; it has those of ", absl::StrJoin(words, ", ")));
}

// The one example, or what is wrong. `columns` are taken off the first line's places.
std::vector<Diagnostic> ReadExample(const Policy& policy, const Vocabulary& vocabulary,
                                    const std::string& question, int columns,
                                    syntax::Example& example, AskedCell& asked) {
  syntax::Diagnostics diagnostics;
  if (question.size() > kQuestionBytesMax) {
    diagnostics.Add(syntax::Word(),
                    absl::StrCat("a question has at most ", kQuestionBytesMax, " bytes"));
    return diagnostics.Take();
  }
  syntax::Policy tree =
      syntax::Parse(absl::StrCat(kBefore, question, kAfter), vocabulary, diagnostics);
  if (diagnostics.empty() && tree.examples.size() != 1) {
    diagnostics.Add(syntax::Word(),
                    "ask one question, as: ASKER, FACTS; ASPECT of SERVICE held by "
                    "AGENCY, FACTS");
  }
  if (diagnostics.empty()) {
    example = std::move(tree.examples.front());
    if (BindExample(policy.impl(), example, diagnostics, asked)) {
      HolderCanHaveIt(policy.impl(), example, asked.item, diagnostics);
    }
  }
  std::vector<Diagnostic> list = diagnostics.Take();
  for (Diagnostic& diagnostic : list) {
    diagnostic.line = diagnostic.line > kLinesBefore ? diagnostic.line - kLinesBefore : 1;
    if (diagnostic.line == 1 && diagnostic.column > columns) diagnostic.column -= columns;
  }
  return list;
}

}  // namespace

Answer Ask(const Policy& policy, const Vocabulary& vocabulary, absl::string_view question,
           int64_t now_s) {
  Answer answer;
  syntax::Example example;
  AskedCell asked;
  answer.diagnostics = ReadExample(policy, vocabulary, std::string(question), 0, example, asked);
  if (!answer.ok()) return answer;
  // An expired consent ran out by then, too: its end is the second asked at.
  if (example.now_s == 0) asked.At(now_s);
  answer.asked_at_s = asked.question.now_s;
  answer.decision = policy.Decide(asked.question, asked.item);
  answer.in_words = DecisionInWords(policy.impl(), answer.decision);
  answer.explanation = policy.Explain(asked.question, asked.item, answer.decision);
  return answer;
}

ItemSelectorResult ReadItemSelector(const Policy& policy, const Vocabulary& vocabulary,
                                    absl::string_view text) {
  ItemSelectorResult read;
  if (vocabulary.agencies.empty()) return read;
  std::string item(absl::StripAsciiWhitespace(text));
  const std::string asker = absl::StrCat("system of ", vocabulary.agencies.front().id, "; ");
  const int columns = static_cast<int>(asker.size());
  absl::string_view rest = item;
  const bool everything = absl::ConsumePrefix(&rest, "everything of ");
  // A word as long as the one it stands for keeps the columns right: "everything" is 10 letters,
  // "existence" and a blank as many.
  if (everything) item = absl::StrCat("existence  of ", std::string(rest));
  syntax::Example example;
  AskedCell asked;
  read.diagnostics =
      ReadExample(policy, vocabulary, absl::StrCat(asker, item), columns, example, asked);
  if (!read.ok()) return read;
  read.selector.holder = asked.item.holder;
  read.selector.service = asked.item.service;
  read.selector.every_aspect = everything;
  read.selector.aspect = asked.item.aspect;
  read.selector.assessment = asked.item.assessment;
  read.selector.section = asked.item.section;
  return read;
}

}  // namespace signpost::policy
