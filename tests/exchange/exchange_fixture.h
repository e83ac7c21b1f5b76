// ExchangeFixture is a base that puts the exchange's pieces over a real sequencer.

#ifndef SIGNPOST_TESTS_EXCHANGE_EXCHANGE_FIXTURE_H_
#define SIGNPOST_TESTS_EXCHANGE_EXCHANGE_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/clock.h"
#include "hub/base/error.h"
#include "hub/base/random.h"
#include "hub/exchange/mailbox.h"
#include "hub/exchange/outbox.h"
#include "hub/ledger/index_hook.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/note.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::exchange {

inline constexpr char kYot[] = "spiffe://nortown.example/agency/nortown-yot/system/adapter";
inline constexpr char kConnexions[] =
    "spiffe://nortown.example/agency/northern-connexions/system/adapter";

class ExchangeFixture : public ::testing::Test {
 protected:
  ExchangeFixture()
      : inner_(store::NewMemoryStore()),
        store_(inner_.get()),
        clock_(absl::FromUnixSeconds(1'790'000'000)),
        key_(base::SecretKey::Generate(&random_)),
        mailboxes_(*Mailboxes::MessageIdKey(key_)) {
    signer_ = *tlog::NewNoteSigner(tlog::GenerateNoteKey("hub.test")->signer_key);
    Start();
  }

  void Start() {
    sequencer_.reset();
    store_.Restart();
    ledger::Sequencer::Options options;
    options.origin = "hub.test/ledger";
    options.checkpoint_interval = absl::Hours(1);
    absl::StatusOr<std::unique_ptr<ledger::Sequencer>> opened =
        ledger::Sequencer::Open(options, &store_, &clock_, signer_.get());
    ASSERT_TRUE(opened.ok()) << opened.status();
    sequencer_ = *std::move(opened);
  }

  std::unique_ptr<ledger::testing::OwningView> View() {
    return std::make_unique<ledger::testing::OwningView>(*store_.NewView());
  }

  static void AddEntry(ledger::Operation* operation) {
    ledger::v1::LedgerEntry entry;
    entry.set_agency_id("nortown-yot");
    entry.set_format(1);
    operation->entries.push_back({entry.SerializeAsString(), "nortown-yot"});
  }
  absl::StatusOr<ledger::Sequenced> Submit(ledger::Operation operation) {
    AddEntry(&operation);
    return sequencer_->SubmitAndWait(std::move(operation));
  }
  absl::StatusOr<ledger::Sequenced> Submit(CursorChange change, const ledger::GuardedView& view) {
    ledger::Operation operation;
    operation.batch = std::move(change.batch);
    operation.reads = view.reads();
    return Submit(std::move(operation));
  }

  // Puts one message into the mailbox; gives its index.
  uint64_t Post(const std::string& system_id, const std::string& agency_id = "somebody") {
    ledger::Operation operation;
    store::v1::StoredMessage message;
    message.set_kind(store::v1::STORED_MESSAGE_KIND_FLAG_OPENED);
    message.set_agency_id(agency_id);
    ledger::AddIndexHook(&operation, [=](uint64_t first_index, store::Batch& batch) {
      AppendNotice(batch, system_id, first_index, 1, message);
    });
    const absl::StatusOr<ledger::Sequenced> sequenced = Submit(std::move(operation));
    EXPECT_TRUE(sequenced.ok()) << sequenced.status();
    return sequenced.ok() ? sequenced->first_index : 0;
  }

  void OpenCursor(const std::string& system_id, const std::string& cursor) {
    const auto view = View();
    absl::StatusOr<CursorChange> change = mailboxes_.PrepareOpen(*view, system_id, cursor);
    ASSERT_TRUE(change.ok()) << change.status();
    if (!change->changed) return;
    ASSERT_TRUE(Submit(*std::move(change), *view).ok());
  }
  // All kept messages up to and including `last`.
  std::vector<Position> UpTo(const std::string& system_id, Position last) {
    std::vector<Position> positions;
    const auto messages = mailboxes_.ReadAfter(*View(), system_id, {}, 10'000);
    EXPECT_TRUE(messages.ok()) << messages.status();
    for (const MailboxMessage& message : messages.value_or(std::vector<MailboxMessage>())) {
      if (message.position <= last) positions.push_back(message.position);
    }
    return positions;
  }
  // Acknowledges them; tells how many messages it deleted.
  int AcknowledgeUpTo(const std::string& system_id, const std::string& cursor, Position last) {
    return Acknowledge(system_id, cursor, UpTo(system_id, last));
  }
  int Acknowledge(const std::string& system_id, const std::string& cursor,
                  const std::vector<Position>& positions) {
    const auto view = View();
    absl::StatusOr<CursorChange> change =
        mailboxes_.PrepareAcknowledge(*view, system_id, cursor, positions);
    EXPECT_TRUE(change.ok()) << change.status();
    if (!change.ok() || !change->changed) return 0;
    const int pruned = change->pruned;
    EXPECT_TRUE(Submit(*std::move(change), *view).ok());
    return pruned;
  }
  std::vector<uint64_t> Indexes(const std::string& system_id, Position after = {},
                                int messages_max = 100) {
    const absl::StatusOr<std::vector<MailboxMessage>> messages =
        mailboxes_.ReadAfter(*View(), system_id, after, messages_max);
    EXPECT_TRUE(messages.ok()) << messages.status();
    std::vector<uint64_t> indexes;
    for (const MailboxMessage& message : *messages) indexes.push_back(message.position.index);
    return indexes;
  }

  base::OsRandom random_;
  std::unique_ptr<store::Store> inner_;
  store::HostileStore store_;
  base::ManualClock clock_;
  base::SecretKey key_;
  Mailboxes mailboxes_;
  std::unique_ptr<tlog::NoteSigner> signer_;
  std::unique_ptr<ledger::Sequencer> sequencer_;
};

}  // namespace signpost::exchange

#endif  // SIGNPOST_TESTS_EXCHANGE_EXCHANGE_FIXTURE_H_
