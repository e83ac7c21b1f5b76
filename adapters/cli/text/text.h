// These functions are translators between the words people type and read and the values of the
// public API: enum words, dates, times, names for codes.
//
// Pure and thread-safe. Errors are INVALID_ARGUMENT with a sentence that lists what would be right.

#ifndef SIGNPOST_ADAPTERS_CLI_TEXT_TEXT_H_
#define SIGNPOST_ADAPTERS_CLI_TEXT_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"
#include "signpost/v1/common.pb.h"
#include "signpost/v1/explanation.pb.h"

namespace signpost::adapters::cli {

// "PURPOSE_SUPPORT_PLANNING" of enum Purpose is "support-planning". An unknown number is its
// digits.
std::string EnumWord(const google::protobuf::EnumDescriptor* type, int number);
template <typename Enum>
std::string EnumWord(Enum value) {
  return EnumWord(google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

// The value of a word other than the unset one.
absl::StatusOr<int> EnumFromWord(const google::protobuf::EnumDescriptor* type,
                                 const std::string& word);
template <typename Enum>
absl::StatusOr<Enum> EnumFromWord(const std::string& word) {
  absl::StatusOr<int> number = EnumFromWord(google::protobuf::GetEnumDescriptor<Enum>(), word);
  if (!number.ok()) return number.status();
  return static_cast<Enum>(*number);
}

// "2009-03-14" or "14/03/2009".
absl::StatusOr<signpost::v1::Date> ParseDate(const std::string& text);
// A day as above, at midnight UTC.
absl::StatusOr<google::protobuf::Timestamp> ParseDay(const std::string& text);

// "given names,surname,birth date[,postcode]".
absl::StatusOr<signpost::v1::PersonDetails> ParseDetails(const std::string& text);

// "14 March 2009"; "not known" for what is no date.
std::string Readable(const signpost::v1::Date& date);
// "22 November 2026, 00:47 UTC".
std::string Readable(const google::protobuf::Timestamp& time);
// "22 November 2026".
std::string ReadableDay(const google::protobuf::Timestamp& time);

// "yot-officer" is "YOT officer", "cin-plan" is "CIN plan".
std::string ReadableCode(const std::string& code);
// The same with a capital at the beginning.
std::string Capital(const std::string& text);
// Of a v1.Gateway: "Crime and Disorder Act 1998, section 115"; its number for one that this program
// does not know.
std::string ReadableGateway(int gateway);
// What a v1.Obligation asks of the reader; empty for one that this program does not know.
std::string ReadableObligation(int obligation);

// "a", "a and b", "a, b and c".
std::string JoinWords(const std::vector<std::string>& words);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_TEXT_TEXT_H_
