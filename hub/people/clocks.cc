#include "hub/people/clocks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "hub/people/birthday.h"
#include "hub/people/scope.h"
#include "hub/people/sealing.h"
#include "hub/schedule/due_rows.h"
#include "signpost/v1/consent.pb.h"

namespace signpost::people {

using store::v1::ConsentRow;
using store::v1::FlagRow;
using store::v1::PersonRow;

namespace {

constexpr char kAgeItem[] = "age";

bool Stands(const ConsentRow& consent) {
  return consent.decision() == signpost::v1::CONSENT_DECISION_GIVEN &&
         consent.withdrawn_at_s() == 0 && consent.superseded_by().empty();
}

// The earliest birthday at `age` by what `agency_id` reported; by what anybody did where it reported
// none.
std::optional<absl::Time> BirthdayOf(const base::PersonId& id, const PersonRow& row,
                                     const base::SecretKey& key, const std::string& agency_id,
                                     int age) {
  std::optional<absl::Time> own;
  std::optional<absl::Time> any;
  for (const store::v1::AliasRow& alias : row.aliases()) {
    if (alias.sealed().empty()) continue;
    const absl::StatusOr<std::string> plain =
        base::Open(key, SealContext(id, kAliasKind, alias.agency_id()), alias.sealed());
    store::v1::PersonSecret secret;
    // What does not open is told of where it is read; here it only tells nobody's birthday.
    if (!plain.ok() || !secret.ParseFromString(*plain) || secret.birth_date() == 0) continue;
    const absl::Time birthday = Birthday(secret.birth_date(), age);
    any = std::min(any.value_or(birthday), birthday);
    if (alias.agency_id() == agency_id) own = std::min(own.value_or(birthday), birthday);
  }
  return own.has_value() ? own : any;
}

absl::Time LastMomentOf(const ConsentRow& consent) {
  int64_t last_s = std::max(consent.recorded_at_s(), consent.withdrawn_at_s());
  last_s = std::max(last_s, consent.superseded_from_s());
  if (consent.withdrawn_at_s() == 0 && consent.superseded_by().empty()) {
    last_s = std::max(last_s, consent.valid_until_s());
  }
  return absl::FromUnixSeconds(last_s);
}

}  // namespace

std::optional<absl::Time> DeadSince(const PersonRow& row) {
  if (row.death().confirmed_at_s() == 0) return std::nullopt;
  return absl::FromUnixSeconds(row.death().confirmed_at_s());
}

std::optional<absl::Time> LapseToldAt(const ConsentRow& consent, const KeepingRules& rules) {
  if (!Stands(consent) || consent.valid_until_s() == 0 || consent.lapse_told_at_s() != 0) {
    return std::nullopt;
  }
  const absl::Time at = absl::FromUnixSeconds(consent.valid_until_s()) - rules.consent_notice;
  // Who records a yes for a week knows that it ends in a week.
  if (at <= absl::FromUnixSeconds(consent.recorded_at_s())) return std::nullopt;
  return at;
}

std::optional<AgeNotice> AgeToldAt(const base::PersonId& id, const PersonRow& row,
                                   const base::SecretKey& key, const ConsentRow& consent) {
  if (!Stands(consent) || IsOwnWord(consent) || consent.grantor() == signpost::v1::GRANTOR_COURT) {
    return std::nullopt;
  }
  for (const int age : {kSpeaksForHerselfAge, kAdultAge}) {
    if (consent.age_told() >= age) continue;
    const std::optional<absl::Time> birthday =
        BirthdayOf(id, row, key, consent.recorded_by_agency_id(), age);
    if (!birthday.has_value()) return std::nullopt;
    if (*birthday <= absl::FromUnixSeconds(consent.recorded_at_s())) continue;
    if (consent.valid_until_s() != 0 &&
        *birthday >= absl::FromUnixSeconds(consent.valid_until_s())) {
      return std::nullopt;
    }
    return AgeNotice{*birthday - kBirthdayNotice - BlurOf(key, kAgeItem), age};
  }
  return std::nullopt;
}

bool HasNoFlags(const PersonRow& row) {
  return row.merged_into().empty() && row.flags().empty() && row.archived().empty() &&
         row.holds().empty() && !row.shield().shielded() && row.review_ids().empty() &&
         row.waiting().empty();
}

absl::Time ConsentsKeptUntil(const PersonRow& row, const KeepingTerms& terms) {
  absl::Time last = absl::InfinitePast();
  for (const ConsentRow& consent : row.consents()) {
    last = std::max(last, LastMomentOf(consent));
  }
  if (row.consents().empty()) return last;
  return ErasedAt(terms, last, std::nullopt, std::nullopt);
}

absl::Time NextLook(const KeepingRules& rules, const base::PersonId& id, const PersonRow& row,
                    const base::SecretKey& key) {
  if (!row.merged_into().empty()) return absl::InfiniteFuture();
  absl::Time next = absl::InfiniteFuture();
  const std::optional<absl::Time> dead_since = DeadSince(row);
  if (row.holds().empty()) {
    for (const FlagRow& flag : row.flags()) {
      const std::optional<absl::Time> end = EndOf(flag, dead_since);
      if (!end.has_value()) continue;
      for (const KeepingTable& table : rules.tables) {
        next = std::min(next, ArchivedAt(table.Of(flag.service()), *end));
      }
    }
    for (const store::v1::ArchivedFlagRow& archived : row.archived()) {
      next = std::min(next, absl::FromUnixSeconds(archived.erase_at_s()));
    }
    if (HasNoFlags(row)) {
      for (const KeepingTable& table : rules.tables) {
        next = std::min(next, ConsentsKeptUntil(row, table.others));
      }
    }
  }
  if (dead_since.has_value()) return next;
  for (const ConsentRow& consent : row.consents()) {
    if (const auto lapse = LapseToldAt(consent, rules); lapse.has_value()) {
      next = std::min(next, *lapse);
    }
    if (const auto age = AgeToldAt(id, row, key, consent); age.has_value()) {
      next = std::min(next, age->at);
    }
  }
  return next;
}

absl::Time HoldDue(const store::v1::HoldRow& hold) {
  const absl::Time review = absl::FromUnixSeconds(hold.review_at_s());
  if (hold.told_at_s() == 0) return review;
  return std::max(review, absl::FromUnixSeconds(hold.told_at_s()) + kHoldToldAgainAfter);
}

std::string HoldKey(const base::PersonId& id, absl::string_view agency_id) {
  return absl::StrCat(id.bytes(), agency_id);
}

void SetClock(const KeepingRules& rules, const base::PersonId& id, const base::SecretKey& key,
              absl::Time floor, PersonRow* row, store::Batch* batch) {
  for (const store::v1::HoldRow& hold : row->holds()) {
    schedule::PutDue(kHoldsJob, HoldDue(hold), HoldKey(id, hold.agency_id()), batch);
  }
  const absl::Time next = std::max(NextLook(rules, id, *row, key), floor);
  // From 1970 on, in whole seconds, and not before the moment.
  const int64_t due_s = next == absl::InfiniteFuture()
                            ? 0
                            : std::max<int64_t>(1, absl::ToUnixSeconds(next + absl::Seconds(1) -
                                                                       absl::Nanoseconds(1)));
  if (due_s == row->clocks().due_s()) return;
  DropClock(id, *row, batch);
  if (due_s == 0) {
    row->clear_clocks();
    return;
  }
  schedule::PutDue(kEndsJob, absl::FromUnixSeconds(due_s), id.ToBytes(), batch);
  row->mutable_clocks()->set_due_s(due_s);
}

void DropClock(const base::PersonId& id, const PersonRow& row, store::Batch* batch) {
  if (row.clocks().due_s() == 0) return;
  schedule::DeleteDue(kEndsJob, absl::FromUnixSeconds(row.clocks().due_s()), id.ToBytes(), batch);
}

}  // namespace signpost::people
