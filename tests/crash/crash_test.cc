// SIGKILL at random instants under load, and then: nothing lost that was acknowledged, no answer
// without its entry, a ledger that verifies and goes on from where it was. Promises 1 and 6.
//
// A killed process does not take the page cache with it, so a kill shows what the hub had handed to
// the system, not what the disk had: that each commit is also synced is shown by the store's
// conformance tests on the hostile store. A hub that keeps acknowledged commits in its own memory
// is what the same harness must catch here (ABuildThatDoesNotSyncIsCaught).
//
//   SIGNPOST_CRASH_ROUNDS=100 rounds; 10 without it
//   SIGNPOST_WITHDRAWALS=1000 consents given and taken back; 100 without it
//   SIGNPOST_CRASH_SEED=7     instants and load of an earlier run, whose seed was printed

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"
#include "tests/crash/hub_process.h"
#include "tests/crash/inspector.h"
#include "tests/crash/load.h"
#include "tests/crash/notebook.h"
#include "tests/scenarios/nortown.h"
#include "tests/scenarios/withdrawals.h"

namespace signpost::crash {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kConsentersPerRound = 3;

uint64_t FromEnvironment(const char* name, uint64_t fallback) {
  const char* const text = std::getenv(name);
  uint64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : fallback;
}

tlog::NoteVerifier Verifier() {
  std::string key = scenarios::ReadFile(scenarios::Agencies::Authority() + "/hub/ledger.vkey");
  while (!key.empty() && key.back() == '\n') key.pop_back();
  return *tlog::NoteVerifier::Parse(key);
}

std::string Words(const Problems& problems) {
  std::string words;
  for (const std::string& problem : problems) absl::StrAppend(&words, "\n  ", problem);
  return words;
}

class Crash : public ::testing::Test {
 protected:
  explicit Crash(const std::string& binary = SIGNPOST_BIN_DIR "/signpost-hub")
      : seed_(FromEnvironment("SIGNPOST_CRASH_SEED", std::random_device()())),
        random_(seed_),
        hub_(binary),
        inspector_(&agencies_, &notebook_, hub_.folder(), Verifier(), seed_) {
    std::printf("SIGNPOST_CRASH_SEED=%llu\n", static_cast<unsigned long long>(seed_));
    std::fflush(stdout);
  }

  absl::Status Start(bool sync = true) {
    const absl::Status started = hub_.Start(sync);
    if (started.ok()) agencies_.Connect(hub_.address());
    return started;
  }

  void Stop() {
    agencies_.Connect("");  // nobody reads from an idle channel, and the hub would wait for it
    const absl::Status stopped = hub_.Stop();
    EXPECT_TRUE(stopped.ok()) << stopped;
  }

  // Load, and SIGKILL with a power cut `at` after it began. Returns what was wrong before.
  Problems LoadAndKill(absl::Duration at, bool disk_lies = false) {
    Load load(&agencies_, &notebook_, random_());
    Problems problems = load.Prepare(kConsentersPerRound);
    if (!problems.empty()) return problems;
    load.Start();
    absl::SleepFor(at);
    load.ExpectTheEnd();
    taken_ += hub_.CutPower(disk_lies);
    return load.Join();
  }

  absl::Duration Instant(int from_ms, int to_ms) {
    return absl::Microseconds(
        std::uniform_int_distribution<int>(from_ms * 1000, to_ms * 1000)(random_));
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  HubProcess hub_;
  scenarios::Agencies agencies_;
  Notebook notebook_;
  Inspector inspector_;
  int64_t taken_ = 0;  // bytes that power cuts took
};

// Killed while the master key is changed: everybody stays readable, with both keys, and at the end
// with the new one alone.
TEST_F(Crash, AMasterKeyThatIsChangedMeanwhileLosesNobody) {
  const int rounds = static_cast<int>(FromEnvironment("SIGNPOST_CRASH_ROUNDS", 5));
  const auto logs_say = [this](const std::string& words) {
    for (const auto& file : std::filesystem::directory_iterator(hub_.folder())) {
      if (file.path().extension() != ".log") continue;
      if (absl::StrContains(scenarios::ReadFile(file.path().string()), words)) return true;
    }
    return false;
  };
  ASSERT_TRUE(Start().ok());
  agencies_.Enrol();
  // Enough people for a change that takes a while.
  ASSERT_THAT(LoadAndKill(absl::Seconds(2)), IsEmpty());
  base::OsRandom random;
  ASSERT_TRUE(base::MasterKey::WriteNewFile(hub_.folder() + "/new-master.key", &random).ok());
  int cut_off = 0;
  for (int round = 1; round <= rounds; ++round) {
    const absl::Duration at = Instant(1, 150);
    SCOPED_TRACE(
        absl::StrCat("round ", round, ", killed at ", absl::FormatDuration(at), ", seed ", seed_));
    const absl::Status started = Start();
    ASSERT_TRUE(started.ok()) << started;
    const Problems under_load = LoadAndKill(at);
    ASSERT_THAT(under_load, IsEmpty()) << Words(under_load);
    if (!logs_say("\"stage\":\"ended\"")) ++cut_off;
    ASSERT_TRUE(Start().ok());
    const Problems after = inspector_.Inspect(round == rounds);
    ASSERT_THAT(after, IsEmpty()) << Words(after);
    hub_.CutPower();
  }
  ASSERT_TRUE(Start().ok());
  while (!logs_say("\"stage\":\"old-key-may-go\"")) absl::SleepFor(absl::Milliseconds(10));
  Stop();
  std::ofstream(hub_.folder() + "/old-one-went") << "\n";
  const absl::Status alone = Start();
  ASSERT_TRUE(alone.ok()) << alone;
  const Problems problems = inspector_.Inspect(/*everything=*/true);
  EXPECT_THAT(problems, IsEmpty()) << Words(problems);
  Stop();
  std::printf("the change was cut off by %d kills of %d\n", cut_off, rounds);
  EXPECT_GT(cut_off, 0) << "or the kills proved nothing";
}

TEST_F(Crash, NothingAcknowledgedIsLostAndNothingLeftWithoutAnEntry) {
  const int rounds = static_cast<int>(FromEnvironment("SIGNPOST_CRASH_ROUNDS", 10));
  ASSERT_TRUE(Start().ok());
  agencies_.Enrol();
  for (int round = 1; round <= rounds; ++round) {
    const absl::Duration at = Instant(20, 400);
    SCOPED_TRACE(
        absl::StrCat("round ", round, ", killed at ", absl::FormatDuration(at), ", seed ", seed_));
    const Problems under_load = LoadAndKill(at);
    ASSERT_THAT(under_load, IsEmpty()) << Words(under_load);
    const absl::Status started = Start();
    ASSERT_TRUE(started.ok()) << started;
    const Problems after = inspector_.Inspect(round == rounds);
    ASSERT_THAT(after, IsEmpty()) << Words(after);
  }
  Stop();
  std::printf(
      "%d kills: %d reports and %d resent ones acknowledged, %d answers, %d refusals, %d consents, "
      "%d withdrawals; %zu receipts in the ledger\n",
      rounds, notebook_.acknowledged_flags, notebook_.acknowledged_resends, notebook_.answers,
      notebook_.refusals, notebook_.acknowledged_consents, notebook_.acknowledged_withdrawals,
      notebook_.receipts.size());
  // Otherwise the kills proved nothing.
  EXPECT_GT(notebook_.acknowledged_flags, rounds * 4);
  EXPECT_GT(notebook_.acknowledged_resends, 0);
  EXPECT_GT(notebook_.answers, rounds);
  EXPECT_GT(notebook_.refusals, 0);
  EXPECT_GT(notebook_.acknowledged_consents, rounds / 2);
  EXPECT_GT(notebook_.acknowledged_withdrawals, 0);
  // And a verifier that shares no code with us agrees.
  const std::string command = absl::StrCat(
      "/usr/bin/python3 '" SIGNPOST_SOURCE_DIR "/tests/independent/verify_ledger.py' directory '",
      inspector_.copy(), "' --key '@", scenarios::Agencies::Authority(), "/hub/ledger.vkey'");
  EXPECT_EQ(std::system(command.c_str()), 0);
}

// A withdrawal that was acknowledged hides, whatever happens to the hub after: the first read of
// the next start included.
TEST_F(Crash, WhatWasWithdrawnStaysHiddenAcrossKills) {
  const int wanted = static_cast<int>(FromEnvironment("SIGNPOST_WITHDRAWALS", 100));
  ASSERT_TRUE(Start().ok());
  agencies_.Enrol();
  scenarios::Withdrawals withdrawals(&agencies_, wanted, /*writers=*/6, /*askers=*/2);
  int kills = 0;
  // The hub is a child of this thread, so this one kills and another waits for the writers.
  while (withdrawals.trials_done() < wanted) {
    bool all_done = false;
    std::atomic<bool> back = false;
    std::thread run([&] {
      all_done = withdrawals.Run();
      back = true;
    });
    // Long rounds where there are many trials, so that most of the time is load.
    const absl::Time until = absl::Now() + Instant(50, wanted > 1000 ? 5000 : 500);
    while (!back && absl::Now() < until) absl::SleepFor(absl::Milliseconds(1));
    if (!back) {
      withdrawals.ExpectTheEnd();
      taken_ += hub_.CutPower();
      ++kills;
    }
    run.join();
    if (all_done) break;
    ASSERT_EQ(withdrawals.Judge().errors, 0) << "before a kill, seed " << seed_;
    const absl::Status started = Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  const scenarios::Withdrawals::Counts counts = withdrawals.Judge();
  std::printf(
      "withdrawal_trials %d\nwithdrawal_kills %d\nwithdrawal_requests_sent_again %d\n"
      "withdrawal_first_reads_after_a_kill %d\nwithdrawal_concurrent_reads_checked %d\n"
      "withdrawal_shows_in_ledger_order %d\nstale_shows %d\n",
      counts.trials, kills, counts.resent, counts.read_after_crash, counts.checked_reads,
      counts.shows_judged, counts.stale);
  EXPECT_EQ(counts.trials, wanted);
  EXPECT_EQ(counts.errors, 0);
  EXPECT_EQ(counts.unseen, 0);
  EXPECT_EQ(counts.stale, 0);
  // Otherwise it proved nothing.
  EXPECT_GT(kills, 0);
  EXPECT_GT(counts.checked_reads, 0);
  if (hub_.running()) Stop();
}

// The negative control: what the harness is for. Each judge must find its own loss.
TEST_F(Crash, ABuildThatDoesNotSyncIsCaught) {
  ASSERT_TRUE(Start().ok());
  agencies_.Enrol();
  Stop();
  ASSERT_TRUE(Start(/*sync=*/false).ok());
  const Problems under_load = LoadAndKill(Instant(600, 900));
  ASSERT_THAT(under_load, IsEmpty()) << Words(under_load);
  ASSERT_GT(notebook_.acknowledged_flags, 0);
  // The hub itself notices, by the copy of the checkpoint that it keeps outside the store.
  const absl::Status refused = Start(/*sync=*/false);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("LEDGER_BEHIND"));
  // Without that copy it starts, and the harness must notice.
  hub_.ForgetCheckpoint();
  ASSERT_TRUE(Start(/*sync=*/false).ok());
  const Problems found = inspector_.Inspect(/*everything=*/true);
  EXPECT_THAT(found, Contains(HasSubstr("was acknowledged and there is no flag")));
  EXPECT_THAT(found, Contains(AllOf(HasSubstr("receipt"), HasSubstr("FLAG_CHANGED"))));
  EXPECT_THAT(found, Contains(AllOf(HasSubstr("receipt"), HasSubstr("WHO_KNOWS"))));
  EXPECT_THAT(found, Contains(HasSubstr("proof of")));
}

TEST_F(Crash, AnAcknowledgementThatWasNotSyncedIsCaught) {
  if (!HubProcess::CanCutPower()) GTEST_SKIP() << "no library can be preloaded in this build";
  ASSERT_TRUE(Start().ok());
  agencies_.Enrol();
  Stop();
  ASSERT_TRUE(Start().ok());
  const Problems under_load = LoadAndKill(Instant(600, 900), /*disk_lies=*/true);
  ASSERT_THAT(under_load, IsEmpty()) << Words(under_load);
  EXPECT_GT(taken_, 0);
  hub_.ForgetCheckpoint();
  ASSERT_TRUE(Start().ok());
  const Problems found = inspector_.Inspect(/*everything=*/true);
  EXPECT_THAT(found, Contains(HasSubstr("was acknowledged and there is no flag")));
  EXPECT_THAT(found, Contains(AllOf(HasSubstr("receipt"), HasSubstr("FLAG_CHANGED"))));
}

// Hubs that break their word in other ways, each of which the same harness must catch.
class FaultyHub : public Crash {
 protected:
  FaultyHub() : Crash(SIGNPOST_FAULTY_HUB) {}
  ~FaultyHub() override { unsetenv("SIGNPOST_FAULT"); }

  // Load on a hub with this fault, a kill, and what the inspection then says of a sound one on the
  // same store.
  Problems FoundWith(const char* fault) {
    EXPECT_TRUE(Start().ok());
    agencies_.Enrol();
    Stop();
    setenv("SIGNPOST_FAULT", fault, 1);
    EXPECT_TRUE(Start().ok());
    const Problems under_load = LoadAndKill(Instant(600, 900));
    EXPECT_THAT(under_load, IsEmpty()) << Words(under_load);
    EXPECT_GT(notebook_.acknowledged_flags, 0);
    unsetenv("SIGNPOST_FAULT");
    // The hub itself may notice by its checkpoint; without that copy the harness must.
    hub_.ForgetCheckpoint();
    const absl::Status started = Start();
    if (!started.ok()) return {absl::StrCat("does not start: ", started.message())};
    return inspector_.Inspect(/*everything=*/true);
  }
};

TEST_F(FaultyHub, WithoutAFaultNothingIsFound) { EXPECT_THAT(FoundWith("none"), IsEmpty()); }

TEST_F(FaultyHub, ThatAnswersBeforeTheCommitIsCaught) {
  EXPECT_THAT(FoundWith("answer-first"), Contains(HasSubstr("receipt")));
}

TEST_F(FaultyHub, ThatDropsAnEntryIsCaught) {
  EXPECT_THAT(FoundWith("drop-entry"), Contains(HasSubstr("copying the ledger")));
}

// A false note must be found out, against a hub that is well.
TEST_F(Crash, ANoteOfWhatNeverWasIsFoundOut) {
  ASSERT_TRUE(Start().ok());
  agencies_.Enrol();
  Load load(&agencies_, &notebook_, random_());
  ASSERT_THAT(load.Prepare(1), IsEmpty());
  ASSERT_THAT(inspector_.Inspect(true), IsEmpty());
  const Notebook honest = notebook_;
  const auto found_with = [&](const std::function<void(Notebook*)>& doctor) {
    notebook_ = honest;
    doctor(&notebook_);
    return inspector_.Inspect(true);
  };
  EXPECT_THAT(found_with([](Notebook*) {}), IsEmpty());
  EXPECT_THAT(found_with([](Notebook* note) {
                note->receipts.push_back(note->receipts.back());
                note->receipts.back().receipt.set_leaf_hash(std::string(32, 'x'));
              }),
              Contains(HasSubstr("another entry stands there")));
  EXPECT_THAT(found_with([](Notebook* note) {
                for (ReceiptNote& receipt : note->receipts) {
                  if (!receipt.reply_hash.empty()) receipt.reply_hash = std::string(32, 'x');
                }
              }),
              Contains(HasSubstr("the entry is of another answer")));
  EXPECT_THAT(found_with([](Notebook* note) {
                RecordNote& record = note->records.begin()->second;
                record.acknowledged = record.sent = 2;
              }),
              Contains(HasSubstr("shows version 1; acknowledged 2")));
  EXPECT_THAT(found_with([](Notebook* note) {
                note->records["nortown-yot/never"] = {"nortown-yot", "never", 7, 1, 1, "", true};
              }),
              Contains(HasSubstr("never: version 1 was acknowledged and there is no flag")));
  EXPECT_THAT(found_with([](Notebook* note) { note->records.begin()->second.flag_id = "another"; }),
              Contains(HasSubstr("another flag")));
  EXPECT_THAT(found_with([](Notebook* note) {
                note->consenters[0].consents.push_back({{}, "never", std::nullopt, false});
              }),
              AllOf(Contains(HasSubstr("one was acknowledged and is not listed")),
                    Contains(HasSubstr("an answer withholds what was consented to"))));
  notebook_ = honest;
  Stop();
}

// --- The judges, on made-up notes ---

std::vector<std::string> Entries(int count) {
  std::vector<std::string> entries;
  for (int i = 0; i < count; ++i) {
    ledger::v1::LedgerEntry entry;
    entry.set_index(static_cast<uint64_t>(i));
    entry.set_kind(ledger::v1::ENTRY_KIND_WHO_KNOWS);
    entry.set_reply_hash(absl::StrCat("hash of answer ", i));
    entries.push_back(entry.SerializeAsString());
  }
  return entries;
}

ReceiptNote ReceiptOf(const std::vector<std::string>& entries, uint64_t index) {
  ReceiptNote note;
  note.kind = ledger::v1::ENTRY_KIND_WHO_KNOWS;
  note.receipt.set_ledger_index(index);
  note.receipt.set_leaf_hash(tlog::HashToString(tlog::Hasher().Leaf(entries[index])));
  note.reply_hash = absl::StrCat("hash of answer ", index);
  return note;
}

TEST(CrashJudges, ADroppedChangedOrMovedEntryIsFound) {
  const std::vector<std::string> entries = Entries(5);
  std::vector<ReceiptNote> receipts;
  for (uint64_t i = 0; i < entries.size(); ++i) receipts.push_back(ReceiptOf(entries, i));
  const auto found = [&receipts](const std::vector<std::string>& ledger) {
    Problems problems;
    CheckReceipts(receipts, ledger, &problems);
    return problems;
  };
  EXPECT_THAT(found(entries), IsEmpty());
  std::vector<std::string> last_dropped(entries.begin(), entries.end() - 1);
  EXPECT_THAT(found(last_dropped), ::testing::ElementsAre(HasSubstr("the ledger ends at 4")));
  std::vector<std::string> first_dropped(entries.begin() + 1, entries.end());
  EXPECT_EQ(found(first_dropped).size(), 5u);
  std::vector<std::string> swapped = entries;
  std::swap(swapped[1], swapped[2]);
  EXPECT_EQ(found(swapped).size(), 2u);
  receipts[3].kind = ledger::v1::ENTRY_KIND_FIND;
  EXPECT_THAT(found(entries), ::testing::ElementsAre(HasSubstr("of another kind")));
}

TEST(CrashJudges, ARecordMayShowWhatWasAcknowledgedOrSentLaterAndNothingElse) {
  const RecordNote note = {"nortown-yot", "Y", 1, 6, 3, "F", true};
  for (int version = 1; version <= 8; ++version) {
    const v1::FlagReport report = Report(note, version);
    v1::FlagView view;
    view.set_flag_id("F");
    view.set_status(report.status());
    *view.mutable_contact() = report.contact();
    if (report.has_closed_on()) *view.mutable_closed_on() = report.closed_on();
    EXPECT_EQ(VersionOf(view), version);
    Problems problems;
    CheckRecord(note, view, &problems);
    EXPECT_EQ(problems.empty(), version >= 3 && version <= 6) << version;
    // Half of it applied.
    view.set_status(view.has_closed_on() ? v1::FLAG_STATUS_OPEN : v1::FLAG_STATUS_CLOSED);
    problems.clear();
    CheckRecord(note, view, &problems);
    EXPECT_THAT(problems, Not(IsEmpty())) << version;
  }
}

TEST(CrashJudges, AWithdrawalThatIsLostOrStillShowsIsFound) {
  ConsenterNote note;
  note.record_id = "C";
  note.consents.push_back({{}, "one", v1::WithdrawConsentRequest(), true});
  v1::ConsentList listed;
  listed.add_consents()->set_consent_id("one");
  listed.mutable_consents(0)->set_decision(v1::CONSENT_DECISION_WITHDRAWN);
  const auto found = [&](bool shown) {
    Problems problems;
    CheckConsents(note, listed, shown, &problems);
    return problems;
  };
  EXPECT_THAT(found(false), IsEmpty());
  EXPECT_THAT(found(true), ::testing::ElementsAre(HasSubstr("shows what was withdrawn")));
  listed.mutable_consents(0)->set_decision(v1::CONSENT_DECISION_GIVEN);
  EXPECT_THAT(found(false), ::testing::ElementsAre(HasSubstr("is lost")));
  // Pending: either is right, and so is a consent that was never acknowledged, once.
  note.consents[0].withdrawn = false;
  EXPECT_THAT(found(true), IsEmpty());
  listed.add_consents()->set_consent_id("two");
  EXPECT_THAT(found(true), ::testing::ElementsAre(HasSubstr("more are listed than were sent")));
  note.consents.push_back({});
  EXPECT_THAT(found(true), IsEmpty());
  listed.mutable_consents(1)->set_consent_id("one");
  EXPECT_THAT(found(true), Contains(HasSubstr("listed twice")));
}

}  // namespace
}  // namespace signpost::crash
