// A Cursor is a reader that walks the tokens of a text and takes what it is told to expect.
//
// A Take...() moves on past what it names, or stays where it is and answers false. Those that must
// find something (Expect...(), and the takes of names, numbers, dates and values) report what they
// did not find, once, with its place. Internal to the room; it refers to `diagnostics`.

#ifndef SIGNPOST_POLICY_TEXT_CURSOR_H_
#define SIGNPOST_POLICY_TEXT_CURSOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "policy/check.h"
#include "policy/text/syntax.h"
#include "policy/text/tokens.h"
#include "policy/vocabulary.h"

namespace signpost::policy::syntax {

inline constexpr size_t kPhraseWordsMax = 5;  // "review within 2 working days"

class Cursor {
 public:
  // REQUIRES: the last of `tokens` is the end of the text.
  Cursor(std::vector<Token> tokens, Diagnostics& diagnostics)
      : tokens_(std::move(tokens)), diagnostics_(diagnostics) {
    SIGNPOST_POLICY_CHECK(!tokens_.empty() && tokens_.back().kind == Kind::kEnd);
  }

 protected:
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
  bool Expect(absl::string_view text);
  // Expects each of the words in turn.
  bool ExpectAll(std::initializer_list<absl::string_view> words);
  bool TakeString(std::string& out, absl::string_view what);
  bool TakeWord(Word& out, absl::string_view what);
  bool TakeNumber(int64_t& out);
  bool TakeDate(int64_t& day_start_s);
  // After an item of a list: whether another follows.
  bool TakeSeparator();
  // Whether a list of `size` entries is within kListWordsMax; reports it where it is not.
  bool WithinList(size_t size, const Word& at);
  // On to the next block: what follows a fault within one is not worth reporting.
  void Recover();

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
    const std::vector<std::string> words = WordsOf(all);
    return Fail(Now().word,
                absl::StrCat("unknown ", what, " '", Now().word.text, "'; it is one of ",
                             absl::StrJoin(words, ", ")),
                Nearest(Now().word.text, words));
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
  // The tokens from `begin` to here, with single spaces.
  std::string TextFrom(size_t begin) const;

  const std::vector<Token> tokens_;
  size_t at_ = 0;
  Diagnostics& diagnostics_;

 private:
  template <typename E>
  static std::vector<std::string> WordsOf(absl::Span<const E> values) {
    std::vector<std::string> words;
    for (const E value : values) words.emplace_back(ToString(value));
    return words;
  }
};

}  // namespace signpost::policy::syntax

#endif  // SIGNPOST_POLICY_TEXT_CURSOR_H_
