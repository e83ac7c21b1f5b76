#include "hub/archive/ends.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/archive/acts.h"
#include "hub/archive/tell.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/people/birthday.h"
#include "hub/people/clocks.h"
#include "hub/people/rows.h"
#include "hub/request/keeping_words.h"
#include "hub/schedule/due_rows.h"
#include "hub/store/row_codec.h"
#include "signpost/v1/exchange.pb.h"

namespace signpost::archive {

namespace stored = ::signpost::store::v1;
using base::Reason;
using people::ConsentEnd;

namespace {

// Row of Space::kMeta: the table that the ledger names, and from when it counts.
constexpr char kTableKey[] = "people/keeping-table";
constexpr char kSweepDone[] = "done";

// What going through everybody was begun for: the tables, and which of them is in force.
std::string SweepOf(const people::KeepingRules& rules, absl::Time now) {
  return absl::StrCat(rules.Sha256(), absl::FormatCivilTime(rules.At(now).from), "|");
}

bool IsOwnTable(const people::KeepingRules& rules) {
  return rules.Sha256() == people::KeepingRules().Sha256();
}

v1::ConsentEndCause CauseOf(ConsentEnd cause) {
  switch (cause) {
    case ConsentEnd::kLapses:
      return v1::CONSENT_END_CAUSE_LAPSES;
    case ConsentEnd::kSixteen:
      return v1::CONSENT_END_CAUSE_SIXTEEN;
    case ConsentEnd::kEighteen:
      return v1::CONSENT_END_CAUSE_EIGHTEEN;
  }
  return v1::CONSENT_END_CAUSE_UNSPECIFIED;
}

ledger::v1::ClockKind ClockOf(ConsentEnd cause) {
  switch (cause) {
    case ConsentEnd::kLapses:
      return ledger::v1::CLOCK_KIND_CONSENT_LAPSES;
    case ConsentEnd::kSixteen:
      return ledger::v1::CLOCK_KIND_SIXTEEN;
    case ConsentEnd::kEighteen:
      return ledger::v1::CLOCK_KIND_EIGHTEEN;
  }
  return ledger::v1::CLOCK_KIND_UNSPECIFIED;
}

absl::StatusOr<std::optional<ledger::v1::KeepingTableChanged>> ReadTable(const store::View& view) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                            view.Get(store::Space::kMeta, kTableKey));
  if (!bytes.has_value()) return std::optional<ledger::v1::KeepingTableChanged>();
  ledger::v1::KeepingTableChanged table;
  SIGNPOST_RETURN_IF_ERROR(store::DecodeRow("the table of what is kept", *bytes, &table));
  return std::optional<ledger::v1::KeepingTableChanged>(std::move(table));
}

void AddNotices(const request::HubContext& context, const people::EndsResult& ends, absl::Time now,
                ledger::Operation* operation) {
  exchange::Outbox notices = OutboxOf(context);
  for (const people::ConsentEnding& ending : ends.endings) {
    for (const std::string& agency : ending.agencies) {
      stored::StoredMessage message =
          MessageTo(agency, stored::STORED_MESSAGE_KIND_CONSENT_ENDS, now);
      message.set_person_id(ends.person.ToBytes());
      message.set_consent_id(ending.consent.ToBytes());
      message.set_consent_end_cause(CauseOf(ending.cause));
      if (ending.cause == ConsentEnd::kLapses) {
        message.set_ends_at_s(absl::ToUnixSeconds(ending.ends_at));
      }
      (void)notices.Tell(agency, message);
    }
  }
  std::move(notices).AddTo(operation);
}

}  // namespace

absl::Status Ends::Begin() {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const auto before, ReadTable(*view));
  const people::KeepingRules& rules = context_.people->keeping();
  const absl::Time now = context_.clock->Now();
  ledger::v1::KeepingTableChanged table;
  table.set_table_sha256(rules.Sha256());
  // Where none was entered so far, the hub's own was in force.
  const bool same =
      before.has_value() ? before->table_sha256() == table.table_sha256() : IsOwnTable(rules);
  if (same) return absl::OkStatus();
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> anybody,
                            people::IdsAfter(*view, std::nullopt, 1));
  // The first table of an area that is only beginning destroys nothing of anybody's.
  table.set_counts_from_s(absl::ToUnixSeconds(anybody.empty() ? now : now + kTableWaits));
  ledger::Operation operation;
  operation.batch.Put(store::Space::kMeta, kTableKey, store::EncodeRow(table));
  if (anybody.empty()) {
    operation.batch.Put(store::Space::kMeta, people::kSweptKey,
                        absl::StrCat(SweepOf(rules, now), kSweepDone));
  } else {
    operation.batch.Put(store::Space::kMeta, people::kSweptKey, people::kSweepBegins);
  }
  ledger::v1::LedgerEntry entry = context_.entries->New(
      ledger::v1::ENTRY_KIND_KEEPING_TABLE_CHANGED, base::Principal(), std::string());
  *entry.mutable_keeping_table_changed() = table;
  entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
  operation.entries.push_back(ledger::ToDraft(entry));
  return context_.sequencer->SubmitAndWait(std::move(operation)).status();
}

absl::StatusOr<bool> Ends::Sweep(absl::Time now) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> stands,
                            view->Get(store::Space::kMeta, people::kSweptKey));
  // Nothing stands there until there was another table than the hub's own.
  if (!stands.has_value() && IsOwnTable(context_.people->keeping())) return false;
  // Another table is gone through once it counts: until then nothing is due by it.
  SIGNPOST_ASSIGN_OR_RETURN(const auto table, ReadTable(*view));
  if (table.has_value() && table->counts_from_s() > absl::ToUnixSeconds(now)) return false;
  const std::string begun_for = SweepOf(context_.people->keeping(), now);
  std::optional<base::PersonId> after;
  if (stands.has_value() && absl::StartsWith(*stands, begun_for)) {
    const std::string at = stands->substr(begun_for.size());
    if (at == kSweepDone) return false;
    SIGNPOST_ASSIGN_OR_RETURN(after, base::PersonId::FromBytes(at));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> ids,
                            people::IdsAfter(*view, after, kPersonsPerPage));
  ledger::GuardedView read(view.get());
  ledger::Operation operation;
  for (const base::PersonId& id : ids) {
    SIGNPOST_ASSIGN_OR_RETURN(store::Batch change, context_.people->PrepareClock(read, id));
    operation.batch.Append(std::move(change));
  }
  const bool more = static_cast<int>(ids.size()) == kPersonsPerPage;
  operation.batch.Put(
      store::Space::kMeta, people::kSweptKey,
      absl::StrCat(begun_for, more ? ids.back().ToBytes() : std::string(kSweepDone)));
  operation.reads = read.TakeReads();
  ledger::v1::LedgerEntry entry =
      context_.entries->New(ledger::v1::ENTRY_KIND_CLOCK_TOLD, base::Principal(), std::string());
  entry.set_outcome(ledger::v1::OUTCOME_UNCHANGED);
  operation.entries.push_back(ledger::ToDraft(entry));
  const absl::Status done = context_.sequencer->SubmitAndWait(std::move(operation)).status();
  // One of them was changed meanwhile: the page is read again.
  if (base::ReasonOf(done) == Reason::kAborted) return true;
  if (!done.ok()) return done;
  return more;
}

absl::Status Ends::RunPerson(const base::PersonId& id, absl::Time due, absl::Time now, Done* done) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const auto table, ReadTable(*view));
  const bool table_counts =
      !table.has_value() || table->counts_from_s() <= absl::ToUnixSeconds(now);
  ledger::GuardedView read(view.get());
  SIGNPOST_ASSIGN_OR_RETURN(people::EndsResult ends,
                            context_.linker->PrepareEnds(read, id, now, table_counts));
  ledger::Operation operation;
  // Its place is taken out whatever was found there: they may be no more, or somebody else.
  schedule::DeleteDue(people::kEndsJob, due, id.ToBytes(), &operation.batch);
  operation.batch.Append(std::move(ends.change));
  operation.reads = read.TakeReads();
  const auto add = [&](ledger::v1::LedgerEntry entry) {
    if (ends.blinding.has_value()) ends.blinding->SetPerson(&entry);
    if (ends.blinding.has_value() && !ends.nothing_left) {
      ledger::PersonIndex::Add(ends.person, &operation, operation.entries.size());
    }
    operation.entries.push_back(ledger::ToDraft(entry));
  };
  if (!ends.archived.empty() || !ends.erased.empty() || ends.nothing_left) {
    ledger::v1::LedgerEntry entry =
        context_.entries->New(ledger::v1::ENTRY_KIND_FLAGS_ENDED, base::Principal(), std::string());
    ledger::v1::FlagsEnded* const ended = entry.mutable_flags_ended();
    for (const std::string& flag_id : ends.archived) {
      ended->add_archived_refs(ends.blinding->Ref(entry.nonce(), flag_id));
    }
    for (const std::string& flag_id : ends.erased) {
      ended->add_erased_refs(ends.blinding->Ref(entry.nonce(), flag_id));
    }
    ended->set_nothing_left(ends.nothing_left);
    entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
    add(std::move(entry));
  }
  if (!ends.endings.empty() || operation.entries.empty()) {
    ledger::v1::LedgerEntry entry =
        context_.entries->New(ledger::v1::ENTRY_KIND_CLOCK_TOLD, base::Principal(), std::string());
    for (const people::ConsentEnding& ending : ends.endings) {
      const ledger::v1::ClockKind clock = ClockOf(ending.cause);
      const auto& clocks = entry.clock_told().clocks();
      if (std::count(clocks.begin(), clocks.end(), static_cast<int>(clock)) == 0) {
        entry.mutable_clock_told()->add_clocks(clock);
      }
    }
    entry.set_outcome(ends.endings.empty() ? ledger::v1::OUTCOME_UNCHANGED
                                           : ledger::v1::OUTCOME_RECORDED);
    add(std::move(entry));
  }
  AddNotices(context_, ends, now, &operation);
  const absl::Status status = context_.sequencer->SubmitAndWait(std::move(operation)).status();
  // Somebody was changed meanwhile: still due, they come again.
  if (base::ReasonOf(status) == Reason::kAborted) {
    done->more = true;
    return absl::OkStatus();
  }
  SIGNPOST_RETURN_IF_ERROR(status);
  ++done->persons;
  done->archived += static_cast<int>(ends.archived.size());
  done->erased += static_cast<int>(ends.erased.size());
  if (ends.nothing_left) ++done->persons_erased;
  return absl::OkStatus();
}

absl::StatusOr<Ends::Done> Ends::Run() {
  const absl::Time now = context_.clock->Now();
  Done done;
  SIGNPOST_ASSIGN_OR_RETURN(done.holds_told, holds_.TellOverdue(now));
  SIGNPOST_RETURN_IF_ERROR(reviews_.EndLapsed(now).status());
  SIGNPOST_ASSIGN_OR_RETURN(done.more, Sweep(now));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<schedule::DueRow> due,
                            schedule::ReadDue(*view, people::kEndsJob, now, kPersonsPerRun));
  if (static_cast<int>(due.size()) == kPersonsPerRun) done.more = true;
  // One row that does not read must not keep the others from what is due of them.
  absl::Status damage;
  for (const schedule::DueRow& row : due) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(row.row_key));
    const absl::Status status = RunPerson(id, row.due, now, &done);
    if (base::ReasonOf(status) == Reason::kDataLoss) {
      damage.Update(status);
    } else if (!status.ok()) {
      return status;
    }
  }
  if (!damage.ok()) return damage;
  return done;
}

void Ends::RunOn(schedule::Schedule* schedule, std::function<void(const Done& done)> on_done) {
  schedule->Add(
      people::kEndsJob, absl::InfinitePast(),
      [this, on_done = std::move(on_done)](absl::Time now) -> absl::StatusOr<absl::Time> {
        SIGNPOST_ASSIGN_OR_RETURN(const Done done, Run());
        if (on_done != nullptr && (done.persons > 0 || done.holds_told > 0)) on_done(done);
        SIGNPOST_ASSIGN_OR_RETURN(const int overdue, holds_.CountOverdue(now));
        holds_overdue_.store(overdue, std::memory_order_relaxed);
        if (done.more) return now;
        SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view,
                                  context_.store->NewView());
        absl::Time next = now + kLookForEndsEvery;
        for (const char* const job : {people::kEndsJob, people::kHoldsJob, kRequestsJob}) {
          SIGNPOST_ASSIGN_OR_RETURN(const absl::Time first, schedule::NextDue(*view, job));
          next = std::min(next, first);
        }
        // What is due all the time, as a row that does not read, is not looked at all the time.
        return std::max(next, now + absl::Seconds(1));
      });
}

v1::GetKeepingTableResponse TableInWords(const people::KeepingRules& rules, absl::Time now) {
  v1::GetKeepingTableResponse told;
  const people::KeepingTable& table = rules.At(now);
  const auto set_date = [](absl::CivilDay day, v1::Date* date) {
    date->set_year(static_cast<int32_t>(day.year()));
    date->set_month(day.month());
    date->set_day(day.day());
  };
  set_date(table.from, told.mutable_in_force_from());
  for (const auto& [service, terms] : table.services) {
    *told.add_services() = request::TermsInWords(service, terms);
  }
  *told.mutable_others() = request::TermsInWords(std::string(), table.others);
  told.set_table_sha256(rules.Sha256());
  const absl::CivilDay today = people::LondonDay(now);
  for (const people::KeepingTable& later : rules.tables) {
    if (later.from > today) set_date(later.from, told.add_later_from());
  }
  return told;
}

}  // namespace signpost::archive
