#include "adapters/kit/values.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace signpost::adapters {
namespace {

using signpost::v1::Date;

bool AllDigits(absl::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

std::optional<Date> MakeDay(absl::string_view year, absl::string_view month,
                            absl::string_view day) {
  if (year.size() != 4 || month.empty() || month.size() > 2 || day.empty() || day.size() > 2 ||
      !AllDigits(year) || !AllDigits(month) || !AllDigits(day)) {
    return std::nullopt;
  }
  int y = 0;
  int m = 0;
  int d = 0;
  if (!absl::SimpleAtoi(year, &y) || !absl::SimpleAtoi(month, &m) || !absl::SimpleAtoi(day, &d)) {
    return std::nullopt;
  }
  if (y < 1900 || y > 2199) return std::nullopt;
  // CivilDay carries 31 February over into March; the same day out as in means that there is one.
  const absl::CivilDay civil(y, m, d);
  if (civil.year() != y || civil.month() != m || civil.day() != d) return std::nullopt;
  Date date;
  date.set_year(y);
  date.set_month(m);
  date.set_day(d);
  return date;
}

std::string WithoutSpaces(absl::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (!absl::ascii_isspace(static_cast<unsigned char>(c))) kept.push_back(c);
  }
  return kept;
}

// The letters of a UPN: A to Z without I, O and S, as numbers 0 to 22.
constexpr char kUpnLetters[] = "ABCDEFGHJKLMNPQRTUVWXYZ";
static_assert(sizeof(kUpnLetters) == 24);

}  // namespace

std::optional<Date> ParseIsoDay(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  if (parts.size() != 3 || parts[1].size() != 2 || parts[2].size() != 2) return std::nullopt;
  return MakeDay(parts[0], parts[1], parts[2]);
}

std::optional<Date> ParseDay(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  for (absl::string_view midnight :
       {absl::string_view(" 00:00:00.000"), absl::string_view(" 00:00:00"),
        absl::string_view("T00:00:00"), absl::string_view(" 00:00")}) {
    if (absl::ConsumeSuffix(&text, midnight)) break;
  }
  if (absl::StrContains(text, '/')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
    if (parts.size() != 3) return std::nullopt;
    return MakeDay(parts[2], parts[1], parts[0]);
  }
  return ParseIsoDay(text);
}

absl::CivilDay ToCivil(const Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

absl::CivilDay Today(absl::Time now) { return absl::ToCivilDay(now, absl::UTCTimeZone()); }

std::optional<std::string> NormaliseNhsNumber(absl::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    digits.push_back(c);
  }
  if (digits.size() != 10 || !AllDigits(digits)) return std::nullopt;
  if (digits.find_first_not_of(digits[0]) == std::string::npos) return std::nullopt;
  int sum = 0;
  for (int i = 0; i < 9; ++i) sum += (digits[static_cast<size_t>(i)] - '0') * (10 - i);
  const int check = (11 - sum % 11) % 11;
  if (check == 10 || check != digits[9] - '0') return std::nullopt;
  return digits;
}

std::optional<std::string> NormaliseUpn(absl::string_view text) {
  const std::string upn = absl::AsciiStrToUpper(WithoutSpaces(text));
  if (upn.size() != 13 || !AllDigits(absl::string_view(upn).substr(1))) return std::nullopt;
  int sum = 0;
  for (size_t i = 1; i < 13; ++i) sum += (upn[i] - '0') * static_cast<int>(i + 1);
  if (kUpnLetters[sum % 23] != upn[0]) return std::nullopt;
  return upn;
}

std::optional<std::string> NormalisePostcode(absl::string_view text) {
  const std::string code = absl::AsciiStrToUpper(WithoutSpaces(text));
  if (code.size() < 5 || code.size() > 7) return std::nullopt;
  const absl::string_view outward = absl::string_view(code).substr(0, code.size() - 3);
  const absl::string_view inward = absl::string_view(code).substr(code.size() - 3);
  const auto digit = [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); };
  const auto letter = [](char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); };
  if (!digit(inward[0]) || !letter(inward[1]) || !letter(inward[2])) return std::nullopt;
  // A9, A99, AA9, AA99, A9A, AA9A.
  size_t at = 0;
  while (at < outward.size() && letter(outward[at])) ++at;
  if (at < 1 || at > 2 || at == outward.size() || !digit(outward[at])) return std::nullopt;
  const absl::string_view rest = outward.substr(at + 1);
  if (rest.size() > 1 || (rest.size() == 1 && !digit(rest[0]) && !letter(rest[0]))) {
    return std::nullopt;
  }
  return absl::StrCat(outward, " ", inward);
}

bool IsName(absl::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return false;
  }
  return true;
}

bool IsWord(absl::string_view text) {
  if (text.empty() || text.size() > 100) return false;
  if (!absl::ascii_islower(static_cast<unsigned char>(text[0]))) return false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_islower(byte) && !absl::ascii_isdigit(byte) && c != '-') return false;
  }
  return true;
}

bool IsWorkerId(absl::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7F) return false;
  }
  return true;
}

bool IsEmail(absl::string_view text) {
  const size_t at = text.find('@');
  if (at == absl::string_view::npos || at == 0 || at + 1 == text.size() || text.size() > 254 ||
      text.find('@', at + 1) != absl::string_view::npos) {
    return false;
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) return false;
  }
  return true;
}

bool IsPhone(absl::string_view text) {
  int digits = 0;
  for (const char c : text) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      ++digits;
    } else if (!absl::StrContains("+()- .extEXT#", c)) {
      return false;
    }
  }
  return digits >= 3 && text.size() <= 40;
}

}  // namespace signpost::adapters
