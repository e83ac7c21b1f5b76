// These functions are readers of values as agencies write them: dates, identifiers, postcodes.
//
// Each function answers with the value or with words that say what would be right; none repeats the
// value it was given. Pure and thread-safe.

#ifndef SIGNPOST_ADAPTERS_KIT_VALUES_H_
#define SIGNPOST_ADAPTERS_KIT_VALUES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "signpost/v1/common.pb.h"

namespace signpost::adapters {

// DD/MM/YYYY, D/M/YYYY or YYYY-MM-DD; midnight behind it ("00:00:00", as spreadsheets and databases
// add) is dropped. Nothing when it is no such day, or outside 1900 to 2199.
std::optional<signpost::v1::Date> ParseDay(absl::string_view text);
// YYYY-MM-DD alone, as XML has it.
std::optional<signpost::v1::Date> ParseIsoDay(absl::string_view text);

absl::CivilDay ToCivil(const signpost::v1::Date& date);
// The day it is in the United Kingdom's winter time: good enough to tell the past from the future.
absl::CivilDay Today(absl::Time now);

// Ten digits whose check digit holds, spaces dropped; not all the same. Otherwise nothing.
std::optional<std::string> NormaliseNhsNumber(absl::string_view text);
// A check letter and twelve digits whose sum holds. Temporary numbers (a letter at the end) answer
// nothing: they identify within one school alone.
std::optional<std::string> NormaliseUpn(absl::string_view text);
// Upper case with one space before the inward part, "NX1 1AA"; ZZ99 codes pass. Otherwise nothing.
std::optional<std::string> NormalisePostcode(absl::string_view text);

// Whether `text` may be a name: not empty, at most 200 bytes, no control characters.
bool IsName(absl::string_view text);
// Lower-case kebab word, as ids of teams, practitioners and services are.
bool IsWord(absl::string_view text);
// An id of a worker as agencies have them: visible ASCII, at most 128 bytes.
bool IsWorkerId(absl::string_view text);
bool IsEmail(absl::string_view text);
bool IsPhone(absl::string_view text);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_VALUES_H_
