#include "policy/text/cursor.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "policy/calendar.h"
#include "policy/limits.h"

namespace signpost::policy::syntax {

bool Cursor::Expect(absl::string_view text) {
  if (Take(text)) return true;
  return Fail(Now().word, absl::StrCat("expected '", text, "' here"),
              Now().kind == Kind::kWord ? Nearest(Now().word.text, {std::string(text)}) : "");
}

bool Cursor::ExpectAll(std::initializer_list<absl::string_view> words) {
  for (const absl::string_view word : words) {
    if (!Expect(word)) return false;
  }
  return true;
}

bool Cursor::TakeString(std::string& out, absl::string_view what) {
  if (Now().kind != Kind::kString) {
    return Fail(Now().word, absl::StrCat("expected ", what, " in quotes here"));
  }
  out = Now().word.text;
  ++at_;
  return true;
}

bool Cursor::TakeWord(Word& out, absl::string_view what) {
  if (Now().kind != Kind::kWord || (BeginsBlock(Now()))) {
    return Fail(Now().word, absl::StrCat("expected ", what, " here"));
  }
  out = Now().word;
  ++at_;
  return true;
}

bool Cursor::TakeNumber(int64_t& out) {
  if (Now().kind != Kind::kWord || !absl::SimpleAtoi(Now().word.text, &out) || out < 1) {
    return Fail(Now().word, "expected a whole number from 1 here");
  }
  ++at_;
  return true;
}

bool Cursor::TakeDate(int64_t& day_start_s) {
  const std::string& text = Now().word.text;
  int year = 0;
  int month = 0;
  int day = 0;
  const bool shaped = Now().kind == Kind::kWord && text.size() == 10 && text[4] == '-' &&
                      text[7] == '-' && absl::SimpleAtoi(text.substr(0, 4), &year) &&
                      absl::SimpleAtoi(text.substr(5, 2), &month) &&
                      absl::SimpleAtoi(text.substr(8, 2), &day);
  const Day date = shaped && year >= 1970 ? DayOf(year, month, day) : kNoDay;
  if (date == kNoDay) return Fail(Now().word, "expected a date such as 2026-04-01 here");
  day_start_s = date * kSecondsPerDay;
  ++at_;
  return true;
}

bool Cursor::TakeSeparator() {
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

bool Cursor::WithinList(size_t size, const Word& at) {
  if (size <= static_cast<size_t>(kListWordsMax)) return true;
  return Fail(at, absl::StrCat("a list has at most ", kListWordsMax, " entries"));
}

void Cursor::Recover() {
  while (!BeginsBlock(Now())) ++at_;
}

std::string Cursor::TextFrom(size_t begin) const {
  std::string text;
  for (size_t i = begin; i < at_; ++i) {
    const bool tight = tokens_[i].kind == Kind::kMark && tokens_[i].word.text == ",";
    absl::StrAppend(&text, i == begin || tight ? "" : " ", tokens_[i].word.text);
  }
  return text;
}

}  // namespace signpost::policy::syntax
