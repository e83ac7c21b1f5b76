#include "hub/people/keeping.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "hub/people/birthday.h"
#include "hub/store/store.h"
#include "signpost/v1/common.pb.h"

namespace signpost::people {

namespace {

constexpr char kBlurLabel[] = "blur";
// For so long at least what is archived is in the archive, where the earlier of two days counts.
constexpr int kArchivedMonthsMin = 12;

absl::Time MonthsAfter(absl::Time end, int months) {
  const absl::CivilDay day = LondonDay(end);
  const absl::CivilMonth month = absl::CivilMonth(day) + months;
  // The 31st is counted to the first day behind a month that has none.
  return LondonMidnight(absl::CivilDay(month.year(), month.month(), day.day())) + absl::Hours(24);
}

absl::Time DayNumber(int32_t yyyymmdd) {
  return LondonMidnight(absl::CivilDay(yyyymmdd / 10000, yyyymmdd / 100 % 100, yyyymmdd % 100));
}

void AppendTerms(absl::string_view service, const KeepingTerms& terms, std::string* text) {
  absl::StrAppend(text, service, " ", terms.archived_after_months, " ", terms.erased_after_years,
                  " ", terms.erased_at_age, " ", terms.later ? 1 : 0, " ",
                  terms.erased_after_death_years, "\n");
}

}  // namespace

const KeepingTerms& KeepingTable::Of(const std::string& service) const {
  const auto found = services.find(service);
  return found == services.end() ? others : found->second;
}

const KeepingTable& KeepingRules::At(absl::Time now) const {
  const absl::CivilDay today = LondonDay(now);
  size_t in_force = 0;
  for (size_t i = 0; i < tables.size(); ++i) {
    if (tables[i].from <= today) in_force = i;
  }
  return tables[in_force];
}

std::string KeepingRules::Sha256() const {
  std::string text;
  for (const KeepingTable& table : tables) {
    absl::StrAppend(&text, absl::FormatCivilTime(table.from), "\n");
    AppendTerms("", table.others, &text);
    for (const auto& [service, terms] : table.services) AppendTerms(service, terms, &text);
  }
  return base::Sha256(text);
}

std::optional<absl::Time> EndOf(const store::v1::FlagRow& flag,
                                const std::optional<absl::Time>& dead_since) {
  const bool open = flag.status() == signpost::v1::FLAG_STATUS_OPEN;
  if (open && !dead_since.has_value()) return std::nullopt;
  // A store that was put back knows that there was one, and not yet what it is.
  if (!open && flag.end_learnt_at_s() == 0) return dead_since;
  absl::Time end = absl::FromUnixSeconds(open ? flag.stands_since_s() : flag.end_learnt_at_s());
  if (!open && flag.closed_on() != 0) end = std::max(end, DayNumber(flag.closed_on()));
  if (dead_since.has_value()) end = std::max(end, *dead_since);
  return end;
}

absl::Time ArchivedAt(const KeepingTerms& terms, absl::Time end) {
  return MonthsAfter(end, terms.archived_after_months);
}

absl::Time ErasedAt(const KeepingTerms& terms, absl::Time end,
                    const std::optional<absl::Time>& dead_since,
                    const std::optional<absl::Time>& of_age) {
  if (dead_since.has_value()) {
    return MonthsAfter(std::max(end, *dead_since), 12 * terms.erased_after_death_years);
  }
  const absl::Time years = MonthsAfter(end, 12 * terms.erased_after_years);
  if (terms.erased_at_age == 0 || !of_age.has_value()) return years;
  if (terms.later) return std::max(years, *of_age);
  // A birth date that an agency makes up does not take out of the archive at once what it put there.
  const absl::Time soonest = MonthsAfter(end, terms.archived_after_months + kArchivedMonthsMin);
  return std::min(years, std::max(*of_age, soonest));
}

absl::Duration BlurOf(const base::SecretKey& data_key, absl::string_view item) {
  const std::string hash =
      base::HmacKey(data_key).Hash({kBlurLabel, absl::string_view("\0", 1), item});
  const uint64_t number = store::U64FromKey(hash.substr(0, 8));
  return absl::Seconds(
      static_cast<int64_t>(number % static_cast<uint64_t>(absl::ToInt64Seconds(kBlurMax))));
}

}  // namespace signpost::people
