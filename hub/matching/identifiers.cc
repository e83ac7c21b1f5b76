#include "hub/matching/identifiers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace signpost::matching {
namespace {

// Longest text that could hold one of these, with spaces to spare.
constexpr size_t kTextBytesMax = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return c >= 'A' && c <= 'Z'; }

// Letters and digits in upper case, without spaces and hyphens; nothing when anything else is
// there.
std::optional<std::string> Compact(absl::string_view text) {
  if (text.size() > kTextBytesMax) return std::nullopt;
  std::string compact;
  for (char c : text) {
    if (c == ' ' || c == '-' || c == '\t') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!IsDigit(c) && !IsLetter(c)) return std::nullopt;
    compact.push_back(c);
  }
  return compact;
}

bool AllEqual(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [&text](char c) { return c == text[0]; });
}

constexpr absl::string_view kUpnLetters = "ABCDEFGHJKLMNPQRTUVWXYZ";  // no I, O, S

}  // namespace

std::optional<std::string> NhsNumber(absl::string_view text) {
  std::optional<std::string> number = Compact(text);
  if (!number || number->size() != 10 || AllEqual(*number)) return std::nullopt;
  int sum = 0;
  for (int i = 0; i < 10; ++i) {
    const char c = (*number)[static_cast<size_t>(i)];
    if (!IsDigit(c)) return std::nullopt;
    if (i < 9) sum += (c - '0') * (10 - i);
  }
  int check = 11 - sum % 11;
  if (check == 11) check = 0;
  if (check == 10 || check != (*number)[9] - '0') return std::nullopt;
  return number;
}

std::optional<std::string> Upn(absl::string_view text) {
  std::optional<std::string> number = Compact(text);
  if (!number || number->size() != 13) return std::nullopt;
  size_t sum = 0;
  for (size_t i = 1; i < 13; ++i) {
    const char c = (*number)[i];
    size_t value = 0;
    if (IsDigit(c)) {
      value = static_cast<size_t>(c - '0');
    } else if (i == 12) {
      value = kUpnLetters.find(c);  // a temporary number
      if (value == absl::string_view::npos) return std::nullopt;
    } else {
      return std::nullopt;
    }
    sum += value * (i + 1);
  }
  if (kUpnLetters[sum % 23] != (*number)[0]) return std::nullopt;
  // The letter of a row of zeros is right too, and it is nobody's number.
  if (std::all_of(number->begin() + 1, number->end(), [](char c) { return c == '0'; })) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::string> LearnerNumber(absl::string_view text) {
  std::optional<std::string> number = Compact(text);
  if (!number || number->size() < 4 || number->size() > 20 || AllEqual(*number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<Postcode> ParsePostcode(absl::string_view text) {
  std::optional<std::string> compact = Compact(text);
  if (!compact || compact->size() < 5 || compact->size() > 7) return std::nullopt;
  const std::string outcode = compact->substr(0, compact->size() - 3);
  const std::string inward = compact->substr(compact->size() - 3);
  constexpr absl::string_view kInwardLetters = "ABDEFGHJLNPQRSTUWXYZ";
  if (!IsDigit(inward[0]) || kInwardLetters.find(inward[1]) == absl::string_view::npos ||
      kInwardLetters.find(inward[2]) == absl::string_view::npos) {
    return std::nullopt;
  }
  // A9, A99, A9A, AA9, AA99, AA9A.
  size_t letters = 0;
  while (letters < outcode.size() && IsLetter(outcode[letters])) ++letters;
  if (letters < 1 || letters > 2 || letters == outcode.size()) return std::nullopt;
  const std::string rest = outcode.substr(letters);
  const bool form = IsDigit(rest[0]) && (rest.size() == 1 || rest.size() == 2);
  if (!form) return std::nullopt;
  if (outcode == "ZZ99") return std::nullopt;
  Postcode postcode;
  postcode.area = outcode.substr(0, letters);
  postcode.outcode = outcode;
  postcode.sector = absl::StrCat(outcode, " ", inward.substr(0, 1));
  postcode.unit = absl::StrCat(outcode, " ", inward);
  return postcode;
}

bool IsDate(int32_t yyyymmdd) {
  if (yyyymmdd < 10101 || yyyymmdd > 99991231) return false;
  const absl::CivilDay day(yyyymmdd / 10000, yyyymmdd / 100 % 100, yyyymmdd % 100);
  return day.month() == yyyymmdd / 100 % 100 && day.day() == yyyymmdd % 100;
}

std::optional<int32_t> SwapDayAndMonth(int32_t yyyymmdd) {
  if (!IsDate(yyyymmdd)) return std::nullopt;
  const int32_t swapped = yyyymmdd / 10000 * 10000 + yyyymmdd % 100 * 100 + yyyymmdd / 100 % 100;
  if (swapped == yyyymmdd || !IsDate(swapped)) return std::nullopt;
  return swapped;
}

bool IsWeakDate(int32_t yyyymmdd) { return yyyymmdd % 10000 == 101; }

}  // namespace signpost::matching
