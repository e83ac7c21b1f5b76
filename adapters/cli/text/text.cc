#include "adapters/cli/text/text.h"

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace signpost::adapters::cli {
namespace {

using google::protobuf::EnumDescriptor;

// "OverrideGround" is "OVERRIDE_GROUND_".
std::string Prefix(const EnumDescriptor* type) {
  std::string prefix;
  for (const char c : type->name()) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  return prefix + "_";
}

std::string WordOf(const EnumDescriptor* type, const std::string& name) {
  std::string word = name.substr(Prefix(type).size());
  for (char& c : word) {
    c = c == '_' ? '-' : absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return word;
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace

std::string EnumWord(const EnumDescriptor* type, int number) {
  const auto* const value = type->FindValueByNumber(number);
  return value == nullptr ? absl::StrCat(number) : WordOf(type, value->name());
}

absl::StatusOr<int> EnumFromWord(const EnumDescriptor* type, const std::string& word) {
  std::vector<std::string> words;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() == 0) continue;
    words.push_back(WordOf(type, type->value(i)->name()));
    if (words.back() == word) return type->value(i)->number();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", word, "\" is none of: ", absl::StrJoin(words, ", ")));
}

absl::StatusOr<signpost::v1::Date> ParseDate(const std::string& text) {
  std::vector<std::string> parts = absl::StrSplit(text, '-');
  if (parts.size() != 3 || parts[0].size() != 4) {
    parts = absl::StrSplit(text, '/');
    if (parts.size() == 3) std::swap(parts[0], parts[2]);
  }
  int year = 0;
  int month = 0;
  int day = 0;
  if (parts.size() == 3 && parts[0].size() == 4 && absl::SimpleAtoi(parts[0], &year) &&
      absl::SimpleAtoi(parts[1], &month) && absl::SimpleAtoi(parts[2], &day) && year >= 1) {
    const absl::CivilDay civil(year, month, day);
    if (civil.year() == year && civil.month() == month && civil.day() == day) {
      signpost::v1::Date date;
      date.set_year(year);
      date.set_month(month);
      date.set_day(day);
      return date;
    }
  }
  return absl::InvalidArgumentError("a date is wanted, such as 2009-03-14 or 14/03/2009");
}

absl::StatusOr<google::protobuf::Timestamp> ParseDay(const std::string& text) {
  const absl::StatusOr<signpost::v1::Date> date = ParseDate(text);
  if (!date.ok()) return date.status();
  google::protobuf::Timestamp time;
  time.set_seconds(absl::ToUnixSeconds(absl::FromCivil(
      absl::CivilDay(date->year(), date->month(), date->day()), absl::UTCTimeZone())));
  return time;
}

absl::StatusOr<signpost::v1::PersonDetails> ParseDetails(const std::string& text) {
  std::vector<std::string> parts = absl::StrSplit(text, ',');
  if (parts.size() < 3 || parts.size() > 4) {
    return absl::InvalidArgumentError(
        "details are wanted as \"given names,surname,birth date,postcode\"; the postcode may be "
        "left out");
  }
  for (std::string& part : parts) absl::StripAsciiWhitespace(&part);
  signpost::v1::PersonDetails details;
  details.set_given_names(parts[0]);
  details.set_surname(parts[1]);
  const absl::StatusOr<signpost::v1::Date> birth_date = ParseDate(parts[2]);
  if (!birth_date.ok()) return birth_date.status();
  *details.mutable_birth_date() = *birth_date;
  if (parts.size() == 4) details.set_postcode(parts[3]);
  return details;
}

std::string Readable(const signpost::v1::Date& date) {
  constexpr const char* kMonths[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
  if (date.month() < 1 || date.month() > 12) return "not known";
  return absl::StrCat(date.day(), " ", kMonths[date.month() - 1], " ", date.year());
}

std::string Readable(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%-d %B %Y, %H:%M UTC", ToTime(time), absl::UTCTimeZone());
}

std::string ReadableDay(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%-d %B %Y", ToTime(time), absl::UTCTimeZone());
}

std::string ReadableCode(const std::string& code) {
  std::vector<std::string> words = absl::StrSplit(code, '-');
  for (std::string& word : words) {
    if (word == "yot" || word == "asset" || word == "apir" || word == "cin" || word == "caf") {
      absl::AsciiStrToUpper(&word);
    } else if (word == "childrens") {
      word = "children's";
    } else if (word == "connexions") {
      word = "Connexions";
    }
  }
  return absl::StrJoin(words, " ");
}

std::string Capital(const std::string& text) {
  std::string capital = text;
  if (!capital.empty()) capital[0] = absl::ascii_toupper(static_cast<unsigned char>(capital[0]));
  return capital;
}

std::string ReadableGateway(int number) {
  const std::string gateway = EnumWord(signpost::v1::Gateway_descriptor(), number);
  if (number == signpost::v1::GATEWAY_UNSPECIFIED) return "";
  static const auto* const names = new std::map<std::string, std::string>{
      {"consent", "consent"},
      {"cda1998-s115", "Crime and Disorder Act 1998, section 115"},
      {"ca1989-s47", "Children Act 1989, section 47"},
      {"ca1989-s17", "Children Act 1989, section 17"},
      {"ca2004-s10", "Children Act 2004, section 10"},
      {"ca2004-s11", "Children Act 2004, section 11"},
      {"lsa2000-s117", "Learning and Skills Act 2000, section 117"},
      {"esa2008-s76", "Education and Skills Act 2008, section 76"},
      {"esa2008-s72", "Education and Skills Act 2008, section 72"},
      {"vital-interests", "vital interests"},
      {"public-interest", "overriding public interest"},
      {"own-record", "your own agency's record"},
  };
  const auto found = names->find(gateway);
  return found == names->end() ? gateway : found->second;
}

std::string ReadableObligation(int number) {
  const std::string obligation = EnumWord(signpost::v1::Obligation_descriptor(), number);
  static const auto* const texts = new std::map<std::string, std::string>{
      {"log", "This look is on record."},
      {"tell-holder", "The agencies whose information this is are told that you looked."},
      {"tell-officer",
       "A notice for your information-governance officer waits for your agency's system."},
      {"close-after-60-minutes", "Close it after 60 minutes."},
      {"review-within-2-working-days", "Somebody else reviews this within 2 working days."},
      {"no-onward-sharing", "Do not pass it on."},
      {"state-expiry", "Use it only until the day stated."},
  };
  const auto found = texts->find(obligation);
  return found == texts->end() ? "" : found->second;
}

std::string JoinWords(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() ? "" : words[0];
  std::string text = words[0];
  for (size_t i = 1; i + 1 < words.size(); ++i) absl::StrAppend(&text, ", ", words[i]);
  return absl::StrCat(text, " and ", words.back());
}

}  // namespace signpost::adapters::cli
