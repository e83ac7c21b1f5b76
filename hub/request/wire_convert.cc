#include "hub/request/wire_convert.h"

namespace signpost::request {

// tests/request/wire_convert_test.cc holds the numbers and words of both sides equal.
policy::Purpose ToPolicy(v1::Purpose purpose) {
  if (!v1::Purpose_IsValid(purpose)) return policy::Purpose::kUnspecified;
  return static_cast<policy::Purpose>(purpose);
}

policy::OverrideGround ToPolicy(v1::OverrideGround ground) {
  if (!v1::OverrideGround_IsValid(ground)) return policy::OverrideGround::kNone;
  return static_cast<policy::OverrideGround>(ground);
}

v1::Aspect ToWire(policy::Aspect aspect) {
  switch (aspect) {
    case policy::Aspect::kExistence:
      return v1::ASPECT_EXISTENCE;
    case policy::Aspect::kAgency:
      return v1::ASPECT_AGENCY;
    case policy::Aspect::kContact:
      return v1::ASPECT_CONTACT;
    case policy::Aspect::kAssessment:
      return v1::ASPECT_ASSESSMENT;
    case policy::Aspect::kContent:
      return v1::ASPECT_CONTENT;
    default:
      return v1::ASPECT_UNSPECIFIED;
  }
}

ledger::v1::Aspect ToEntry(policy::Aspect aspect) {
  switch (aspect) {
    case policy::Aspect::kExistence:
      return ledger::v1::ASPECT_EXISTENCE;
    case policy::Aspect::kAgency:
      return ledger::v1::ASPECT_AGENCY;
    case policy::Aspect::kContact:
      return ledger::v1::ASPECT_CONTACT;
    case policy::Aspect::kAssessment:
      return ledger::v1::ASPECT_ASSESSMENT;
    case policy::Aspect::kContent:
      return ledger::v1::ASPECT_CONTENT;
    case policy::Aspect::kRecord:
      return ledger::v1::ASPECT_RECORD;
    case policy::Aspect::kShareOnward:
      return ledger::v1::ASPECT_SHARE_ONWARD;
  }
  return ledger::v1::ASPECT_UNSPECIFIED;
}

std::optional<policy::Aspect> ToPolicy(ledger::v1::Aspect aspect) {
  for (const policy::Aspect one : policy::AllAspects()) {
    if (ToEntry(one) == aspect) return one;
  }
  return std::nullopt;
}

ledger::v1::Purpose ToEntry(policy::Purpose purpose) {
  return static_cast<ledger::v1::Purpose>(purpose);
}
ledger::v1::Gateway ToEntry(policy::Gateway gateway) {
  return static_cast<ledger::v1::Gateway>(gateway);
}
ledger::v1::Relationship ToEntry(policy::Relationship relationship) {
  // That list has no unset value.
  return static_cast<ledger::v1::Relationship>(static_cast<int>(relationship) + 1);
}
ledger::v1::OverrideGround ToEntry(policy::OverrideGround ground) {
  return static_cast<ledger::v1::OverrideGround>(ground);
}

policy::Purpose ToPolicy(ledger::v1::Purpose purpose) {
  if (!ledger::v1::Purpose_IsValid(purpose)) return policy::Purpose::kUnspecified;
  return static_cast<policy::Purpose>(purpose);
}

policy::OverrideGround ToPolicy(ledger::v1::OverrideGround ground) {
  if (!ledger::v1::OverrideGround_IsValid(ground)) return policy::OverrideGround::kNone;
  return static_cast<policy::OverrideGround>(ground);
}

void SetDate(int32_t yyyymmdd, v1::Date* date) {
  if (yyyymmdd == 0) return;
  date->set_year(yyyymmdd / 10000);
  date->set_month(yyyymmdd / 100 % 100);
  date->set_day(yyyymmdd % 100);
}

google::protobuf::Timestamp ToTimestamp(int64_t unix_s) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(unix_s);
  return timestamp;
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t us = absl::ToUnixMicros(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(us / 1'000'000);
  timestamp.set_nanos(static_cast<int32_t>(us % 1'000'000) * 1000);
  return timestamp;
}

absl::Time AddWorkingDays(absl::Time from, int days) {
  while (days > 0) {
    from += absl::Hours(24);
    const absl::Weekday weekday = absl::GetWeekday(absl::ToCivilDay(from, absl::UTCTimeZone()));
    if (weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday) --days;
  }
  return from;
}

}  // namespace signpost::request
