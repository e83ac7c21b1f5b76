#include "hub/audit/filter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/descriptor.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"

namespace signpost::audit {

namespace {

// The word of an enum's value: its name without the prefix all of them share.
std::string WordOf(const std::string& name, size_t prefix_bytes) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(name.substr(prefix_bytes)), {{"_", "-"}});
}

constexpr size_t kKindPrefixBytes = sizeof("ENTRY_KIND_") - 1;
constexpr size_t kRequestHashBytes = 16;
// Of google.protobuf.Timestamp: the years 1 to 9999.
constexpr int64_t kTimestampSecondsMin = -62'135'596'800;
constexpr int64_t kTimestampSecondsMax = 253'402'300'799;

template <typename Releases, typename Is>
bool AnyReleased(const Releases& released, Is is) {
  return std::any_of(released.begin(), released.end(), is);
}

}  // namespace

std::string KindWord(ledger::v1::EntryKind kind) {
  const std::string& name = ledger::v1::EntryKind_Name(kind);
  return name.size() > kKindPrefixBytes ? WordOf(name, kKindPrefixBytes)
                                        : absl::StrCat(static_cast<int>(kind));
}

absl::StatusOr<ledger::v1::EntryKind> KindFromWord(const std::string& word) {
  ledger::v1::EntryKind kind = ledger::v1::ENTRY_KIND_UNSPECIFIED;
  const std::string name =
      absl::StrCat("ENTRY_KIND_", absl::AsciiStrToUpper(absl::StrReplaceAll(word, {{"-", "_"}})));
  // The word must be the very one: "who_knows" is not.
  if (ledger::v1::EntryKind_Parse(name, &kind) && kind != ledger::v1::ENTRY_KIND_UNSPECIFIED &&
      KindWord(kind) == word) {
    return kind;
  }
  return base::Error(base::Reason::kNotFound, "no kind of entry has this word");
}

std::vector<std::string> KindWords() {
  std::vector<int> numbers;
  const google::protobuf::EnumDescriptor* type = ledger::v1::EntryKind_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) numbers.push_back(type->value(i)->number());
  }
  std::sort(numbers.begin(), numbers.end());
  std::vector<std::string> words;
  words.reserve(numbers.size());
  for (const int number : numbers) {
    words.push_back(KindWord(static_cast<ledger::v1::EntryKind>(number)));
  }
  return words;
}

std::string EnumWord(const google::protobuf::EnumDescriptor& type, int number) {
  const google::protobuf::EnumValueDescriptor* value = type.FindValueByNumber(number);
  if (value == nullptr) return absl::StrCat(number);
  const std::string& zero = type.FindValueByNumber(0)->name();
  return WordOf(value->name(), zero.size() - (sizeof("UNSPECIFIED") - 1));
}

std::optional<int64_t> MicrosOf(const google::protobuf::Timestamp& time) {
  if (time.seconds() < kTimestampSecondsMin || time.seconds() > kTimestampSecondsMax ||
      time.nanos() < 0 || time.nanos() > 999'999'999) {
    return std::nullopt;
  }
  return time.seconds() * 1'000'000 + (time.nanos() + 999) / 1000;
}

std::string OutcomeText(const ledger::v1::LedgerEntry& entry) {
  if (entry.outcome() == ledger::v1::OUTCOME_REFUSED) return entry.refused_for();
  if (entry.outcome() == ledger::v1::OUTCOME_UNSPECIFIED) return "";
  return EnumWord(*ledger::v1::Outcome_descriptor(), entry.outcome());
}

std::string OutcomeWord(const std::string& outcome) { return WordOf(outcome, 0); }

absl::StatusOr<Filter> Filter::Create(const v1::EntryFilter& filter, const std::string& path) {
  std::vector<base::FieldViolation> violations;
  const auto refuse = [&](const char* field, std::string description) {
    violations.push_back({absl::StrCat(path, ".", field), std::move(description)});
  };
  Filter read;
  for (const int kind : filter.kinds()) {
    if (kind == ledger::v1::ENTRY_KIND_UNSPECIFIED || !ledger::v1::EntryKind_IsValid(kind)) {
      refuse("kinds", "each must be a kind of entry that this hub knows");
      break;
    }
    read.kinds_.insert(kind);
  }
  if (filter.has_from()) {
    const std::optional<int64_t> us = MicrosOf(filter.from());
    if (!us.has_value()) refuse("from", "is no moment between the years 1 and 9999");
    read.from_us_ = us.value_or(INT64_MIN);
  }
  if (filter.has_until()) {
    const std::optional<int64_t> us = MicrosOf(filter.until());
    if (!us.has_value()) refuse("until", "is no moment between the years 1 and 9999");
    read.until_us_ = us.value_or(INT64_MAX);
  }
  if (read.from_us_ >= read.until_us_) refuse("until", "must be later than `from`");
  const auto text = [&](const char* field, const std::string& value, int bytes_max,
                        std::string* to) {
    if (value.size() > static_cast<size_t>(bytes_max)) {
      refuse(field, absl::StrCat("at most ", bytes_max, " bytes"));
    }
    *to = value;
  };
  text("agency_id", filter.agency_id(), base::kAssertionTextBytesMax, &read.agency_id_);
  text("practitioner_id", filter.practitioner_id(), base::kAssertionTextBytesMax,
       &read.practitioner_id_);
  if (!filter.practitioner_id().empty() && filter.agency_id().empty()) {
    refuse("agency_id", "name the agency too: practitioner ids are each agency's own");
  }
  text("holder_agency_id", filter.holder_agency_id(), base::kAssertionTextBytesMax,
       &read.holder_agency_id_);
  if (!v1::Purpose_IsValid(filter.purpose())) {
    refuse("purpose", "must be one of the purposes of v1.Purpose");
  } else if (filter.purpose() != v1::PURPOSE_UNSPECIFIED) {
    read.purpose_ = static_cast<ledger::v1::Purpose>(filter.purpose());
  }
  if (!v1::Gateway_IsValid(filter.gateway())) {
    refuse("gateway", "must be one of the gateways of v1.Gateway");
  } else {
    read.gateway_ = static_cast<ledger::v1::Gateway>(filter.gateway());
  }
  read.with_override_ = filter.with_override();
  text("outcome", filter.outcome(), base::kAssertionTextBytesMax, &read.outcome_);
  read.outcome_ = OutcomeWord(read.outcome_);
  text("rule", filter.rule(), base::kNameBytesMax, &read.rule_);
  if (!v1::ReleaseFilter_IsValid(filter.released())) {
    refuse("released", "must be one of the values of v1.ReleaseFilter");
  }
  read.released_ = filter.released();
  if (filter.policy_version() < 0) refuse("policy_version", "versions are counted from 1");
  read.policy_version_ = filter.policy_version();
  if (!filter.request_id().empty()) {
    refuse("request_id",
           "entries hold a keyed hash of it, which the hub alone can make; a copy is "
           "searched by the request_hash of another entry");
  }
  if (!filter.request_hash().empty() && filter.request_hash().size() != kRequestHashBytes) {
    refuse("request_hash", "must be the 16 bytes of `request_hash` in another entry");
  }
  read.request_hash_ = filter.request_hash();
  if (violations.empty()) return read;
  return base::Error(base::Reason::kInvalidField, "the filter is not right", std::move(violations));
}

bool Filter::Matches(const ledger::v1::LedgerEntry& entry) const {
  if (!kinds_.empty() && !kinds_.contains(entry.kind())) return false;
  if (entry.sequenced_at_us() < from_us_) return false;
  if (until_us_ != INT64_MAX && entry.sequenced_at_us() >= until_us_) return false;
  if (!agency_id_.empty() && entry.agency_id() != agency_id_) return false;
  if (!practitioner_id_.empty() && entry.practitioner_id() != practitioner_id_) return false;
  if (!holder_agency_id_.empty() &&
      !AnyReleased(entry.released(), [this](const ledger::v1::Released& released) {
        return released.holder_agency_id() == holder_agency_id_;
      })) {
    return false;
  }
  if (purpose_ != ledger::v1::PURPOSE_UNSPECIFIED && entry.purpose() != purpose_) return false;
  if (gateway_ != ledger::v1::GATEWAY_UNSPECIFIED &&
      !AnyReleased(entry.released(), [this](const ledger::v1::Released& released) {
        return released.gateway() == gateway_;
      })) {
    return false;
  }
  if (with_override_ && !entry.who_knows().has_override()) return false;
  if (!outcome_.empty() && OutcomeWord(OutcomeText(entry)) != outcome_) return false;
  if (!rule_.empty()) {
    const bool released = AnyReleased(entry.released(), [this](const ledger::v1::Released& one) {
      return std::find(one.rules().begin(), one.rules().end(), rule_) != one.rules().end();
    });
    const bool withheld = AnyReleased(
        entry.withheld(), [this](const ledger::v1::Withheld& one) { return one.rule() == rule_; });
    if (!released && !withheld) return false;
  }
  if (released_ == v1::RELEASE_FILTER_SOMETHING && entry.released().empty()) return false;
  if (released_ == v1::RELEASE_FILTER_NOTHING && !entry.released().empty()) return false;
  if (policy_version_ != 0 && entry.policy_version() != policy_version_) return false;
  return request_hash_.empty() || entry.request_hash() == request_hash_;
}

}  // namespace signpost::audit
