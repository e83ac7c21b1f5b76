// The hub's side of witnesses, against real ones in this process: over channels that a test can
// cut, bend and hold up.

#include "hub/ledger/witnessing.h"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/base/files.h"
#include "hub/ledger/reader.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/cosignature.h"
#include "hub/witness/request.h"
#include "hub/witness/witness.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::ledger {
namespace {

using base::Reason;
using Standing = Witnessing::Standing;
using ::testing::HasSubstr;
using testing::PutOperation;

// What a partner runs, and the line to it.
class Partner {
 public:
  explicit Partner(const std::string& name)
      : keys_(*tlog::GenerateCosignerKey(name)),
        cosigner_(*tlog::Cosigner::Parse(keys_.signer_key)),
        sink_(std::fopen("/dev/null", "w")),
        log_(sink_, &clock_) {}
  ~Partner() { std::fclose(sink_); }

  // Runs, and knows the log of `verifier`.
  void Begin(const tlog::NoteVerifier& verifier) {
    witness_ = *witness::Witness::Open(directory_.path() + "/state",
                                       {{verifier.name(), {verifier}}}, &cosigner_, &clock_, &log_);
  }
  const std::string& key() const { return keys_.verifier_key; }
  tlog::NoteVerifier verifier() const {
    return *tlog::NoteVerifier::ParseCosigner(keys_.verifier_key);
  }

  // Stands in front of the witness: what it returns is the answer, or nullopt to ask the witness.
  using Bend = std::function<std::optional<absl::StatusOr<witness::Answer>>(const std::string&)>;
  void SetBend(Bend bend) {
    absl::MutexLock lock(&mutex_);
    bend_ = std::move(bend);
  }
  void Cut() {
    SetBend([](const std::string&) { return absl::UnavailableError("no answer: cut"); });
  }
  void Mend() { SetBend(nullptr); }
  int asked() const { return asked_; }

  std::unique_ptr<witness::WitnessChannel> Channel() { return std::make_unique<Line>(this); }

 private:
  class Line final : public witness::WitnessChannel {
   public:
    explicit Line(Partner* partner) : partner_(partner) {}
    absl::StatusOr<witness::Answer> AddCheckpoint(const std::string& body) override {
      ++partner_->asked_;
      Bend bend;
      {
        absl::MutexLock lock(&partner_->mutex_);
        bend = partner_->bend_;
      }
      if (bend != nullptr) {
        std::optional<absl::StatusOr<witness::Answer>> bent = bend(body);
        if (bent.has_value()) return *std::move(bent);
      }
      return partner_->witness_->AddCheckpoint(body);
    }
    void Cancel() override {}

   private:
    Partner* const partner_;
  };

  base::ScratchFolder directory_;
  base::RealClock clock_;
  const tlog::NoteKeyPair keys_;
  const tlog::Cosigner cosigner_;
  std::FILE* const sink_;
  base::JsonLog log_;
  std::unique_ptr<witness::Witness> witness_;
  absl::Mutex mutex_;
  Bend bend_;
  std::atomic<int> asked_ = 0;
};

class WitnessingTest : public ::testing::Test {
 protected:
  WitnessingTest() {
    ledgers_.options.checkpoint_interval = absl::Milliseconds(5);
    ledgers_.options.witnessed_file = File();
    options_.log_verifier_key = ledgers_.keys.verifier_key;
    options_.file = File();
    options_.interval = absl::Milliseconds(5);
    options_.retry_max = absl::Milliseconds(20);
    options_.alarm_after = absl::Seconds(100);
    sequencer_ = *ledgers_.Open(store_.get());
    a_.Begin(ledgers_.verifier);
    b_.Begin(ledgers_.verifier);
  }
  ~WitnessingTest() override { witnessing_.reset(); }

  std::string File() const { return directory_.path() + "/witnessed"; }
  absl::StatusOr<std::unique_ptr<Witnessing>> Create() {
    std::vector<Witnessing::Partner> partners;
    partners.push_back({a_.key(), true, a_.Channel()});
    partners.push_back({b_.key(), b_required_, b_.Channel()});
    return Witnessing::Create(
        options_, std::move(partners), store_.get(), [this](const Witnessing::State& state) {
          absl::MutexLock lock(&mutex_);
          told_.push_back(absl::StrCat(state.name, " ", StandingName(state.standing)));
          return told_status_;
        });
  }
  void Start() {
    witnessing_ = *Create();
    witnessing_->Start();
  }
  uint64_t Grow(int entries) {
    for (int i = 0; i < entries; ++i) {
      EXPECT_TRUE(sequencer_->SubmitAndWait(PutOperation(absl::StrCat("k", i), "v")).ok());
    }
    EXPECT_TRUE(sequencer_->Checkpoint().ok());
    return sequencer_->head().size;
  }
  // Waits until `holds`; false when it does not come true for long.
  static bool Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 3000; ++i) {
      if (holds()) return true;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return false;
  }
  absl::StatusOr<tlog::CosignedCheckpoint> Witnessed() const {
    return tlog::OpenCosigned(witnessing_->witnessed(), {ledgers_.verifier},
                              {a_.verifier(), b_.verifier()});
  }
  bool WitnessedAt(uint64_t size) const {
    const auto cosigned = Witnessed();
    return cosigned.ok() && cosigned->checkpoint.size == size;
  }
  std::vector<std::string> Told() {
    absl::MutexLock lock(&mutex_);
    return told_;
  }

  base::ScratchFolder directory_;
  testing::Ledgers ledgers_;
  std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  std::unique_ptr<Sequencer> sequencer_;
  Partner a_{"a.example/witness"}, b_{"b.example/witness"};
  bool b_required_ = true;
  Witnessing::Options options_;
  absl::Mutex mutex_;
  std::vector<std::string> told_;
  absl::Status told_status_;
  std::unique_ptr<Witnessing> witnessing_;
};

TEST_F(WitnessingTest, EveryPublishedCheckpointIsCosignedByAllAndKept) {
  Start();
  for (int round = 0; round < 5; ++round) {
    const uint64_t size = Grow(7);
    ASSERT_TRUE(Eventually([&] { return WitnessedAt(size); })) << size;
    const auto cosigned = Witnessed();
    EXPECT_TRUE(tlog::RequireCosigned(*cosigned, {a_.verifier(), b_.verifier()}).ok());
    EXPECT_EQ(**base::ReadWholeFile(File(), 1 << 20), witnessing_->witnessed());
    for (const Witnessing::State& state : witnessing_->states()) {
      EXPECT_EQ(state.cosigned_size, size);
      EXPECT_TRUE(state.cosigned_at.has_value());
      EXPECT_EQ(state.standing, Standing::kGood);
      EXPECT_EQ(state.problem, "");
    }
  }
  EXPECT_THAT(Told(), ::testing::IsEmpty());
}

TEST_F(WitnessingTest, WhatIsAlreadyCosignedIsNotAskedForAgainAtOnce) {
  Start();
  const uint64_t size = Grow(3);
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(size); }));
  const int asked = a_.asked();
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(a_.asked(), asked);
}

TEST_F(WitnessingTest, AMissingWitnessIsToldOfAndNothingWaitsForIt) {
  options_.alarm_after = absl::Milliseconds(100);
  Start();
  uint64_t size = Grow(3);
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(size); }));
  b_.Cut();
  Grow(3);
  ASSERT_TRUE(Eventually([&] { return Told().size() == 1; }));
  EXPECT_EQ(Told()[0], "b.example/witness missing");
  EXPECT_EQ(witnessing_->states()[1].standing, Standing::kMissing);
  EXPECT_THAT(witnessing_->states()[1].problem, HasSubstr("no answer"));
  EXPECT_TRUE(WitnessedAt(size)) << "it is required, so what is witnessed stays where it was";
  size = Grow(3);  // the ledger goes on, and so does the other witness
  ASSERT_TRUE(Eventually([&] { return witnessing_->states()[0].cosigned_size == size; }));
  b_.Mend();
  ASSERT_TRUE(Eventually([&] { return Told().size() == 2; }));
  EXPECT_EQ(Told()[1], "b.example/witness good");
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(sequencer_->head().size); }));
}

TEST_F(WitnessingTest, AWitnessThatGoesAwayIsNoticedWhileNothingIsPublished) {
  options_.alarm_after = absl::Milliseconds(200);
  Start();
  const uint64_t size = Grow(3);
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(size); }));
  a_.Cut();
  EXPECT_TRUE(Eventually([&] { return !Told().empty(); }));
}

TEST_F(WitnessingTest, OneThatIsOnlyWatchedHoldsNothingUp) {
  b_required_ = false;
  b_.Cut();
  Start();
  const uint64_t size = Grow(3);
  EXPECT_TRUE(Eventually([&] { return WitnessedAt(size); }));
  EXPECT_FALSE(witnessing_->states()[1].required);
}

TEST_F(WitnessingTest, WhatCouldNotBeRecordedIsToldAgain) {
  options_.alarm_after = absl::Milliseconds(50);
  {
    absl::MutexLock lock(&mutex_);
    told_status_ = absl::UnavailableError("the ledger is full");
  }
  a_.Cut();
  Start();
  Grow(1);
  ASSERT_TRUE(Eventually([&] { return Told().size() >= 3; }));
  {
    absl::MutexLock lock(&mutex_);
    told_status_ = absl::OkStatus();
    told_.clear();
  }
  ASSERT_TRUE(Eventually([&] { return Told().size() == 1; }));
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(Told().size(), 1u);
}

TEST_F(WitnessingTest, GoesOnFromWhereAWitnessIsAfterARestart) {
  Start();
  const uint64_t size = Grow(5);
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(size); }));
  witnessing_.reset();
  Start();
  EXPECT_TRUE(WitnessedAt(size)) << "from the file";
  EXPECT_EQ(witnessing_->states()[0].cosigned_size, size);
  const uint64_t more = Grow(5);
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(more); }));
  // And without the file the witness says where it is.
  witnessing_.reset();
  std::filesystem::remove(File());
  Start();
  EXPECT_EQ(witnessing_->witnessed(), "");
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(more); }));
}

TEST_F(WitnessingTest, AStorePutBackIsRefusedByTheWitnessAndToldAtOnce) {
  Start();
  const uint64_t size = Grow(9);
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(size); }));
  witnessing_.reset();
  sequencer_.reset();
  const std::string witnessed_file = File();
  // Another store under the same key: shorter, as an old backup is. The files were lost, too.
  store_ = store::NewMemoryStore();
  EXPECT_EQ(base::ReasonOf(ledgers_.Open(store_.get()).status()), Reason::kLedgerBehind);
  std::filesystem::remove(witnessed_file);
  sequencer_ = *ledgers_.Open(store_.get());
  Grow(4);
  Start();
  ASSERT_TRUE(Eventually([&] { return Told().size() == 2; }));
  EXPECT_EQ(witnessing_->states()[0].standing, Standing::kRefuses);
  EXPECT_THAT(witnessing_->states()[0].problem, HasSubstr("co-signed 9 entries"));
  EXPECT_EQ(witnessing_->witnessed(), "");
  EXPECT_FALSE(std::filesystem::exists(witnessed_file));
  // Grown past what was co-signed it is another history, and still refused.
  Grow(20);
  ASSERT_TRUE(Eventually([&] {
    return witnessing_->states()[0].problem.find("is not the one") != std::string::npos;
  })) << witnessing_->states()[0].problem;
  EXPECT_EQ(witnessing_->states()[0].standing, Standing::kRefuses);
  EXPECT_EQ(witnessing_->witnessed(), "");
}

TEST_F(WitnessingTest, AnAnswerThatIsNoCosignatureCountsForNothing) {
  options_.alarm_after = absl::Milliseconds(100);
  const tlog::NoteKeyPair impostor = *tlog::GenerateCosignerKey("a.example/witness");
  std::atomic<int> kind = 0;  // counted by the thread that asks, read by this one
  a_.SetBend([&](const std::string& body) -> std::optional<absl::StatusOr<witness::Answer>> {
    const auto request = witness::ParseAddCheckpoint(body);
    const std::string text = tlog::ParseNote(request->checkpoint)->text;
    switch (kind++ % 5) {
      case 0:
        return witness::Answer{200, "", "thank you\n"};
      case 1:
        return witness::Answer{200, "",
                               *(*tlog::Cosigner::Parse(impostor.signer_key)).Cosign(text, 1)};
      case 2:
        return witness::Answer{200, "", ""};
      case 3:
        return witness::Answer{403, "", "no"};
      default:
        return witness::Answer{409, "", "many\n"};
    }
  });
  Start();
  Grow(3);
  ASSERT_TRUE(Eventually([&] { return kind >= 10 && !Told().empty(); }));
  EXPECT_EQ(Told()[0], "a.example/witness missing");
  EXPECT_EQ(witnessing_->witnessed(), "");
  EXPECT_EQ(witnessing_->states()[0].cosigned_size, 0u);
}

TEST_F(WitnessingTest, AWitnessThatNamesEverOtherSizesDoesNotKeepItBusy) {
  std::atomic<uint64_t> size = 0;
  a_.SetBend([&](const std::string&) -> std::optional<absl::StatusOr<witness::Answer>> {
    return witness::Answer{409, "", absl::StrCat(++size % 3, "\n")};
  });
  options_.retry_max = absl::Seconds(10);
  options_.interval = absl::Milliseconds(50);
  Start();
  Grow(5);
  ASSERT_TRUE(Eventually([&] { return a_.asked() >= 3; }));
  absl::SleepFor(absl::Milliseconds(60));
  EXPECT_LE(a_.asked(), 6);
}

TEST_F(WitnessingTest, ASlowWitnessDelaysNeitherTheLedgerNorTheEnd) {
  absl::Notification go;
  a_.SetBend([&](const std::string&) -> std::optional<absl::StatusOr<witness::Answer>> {
    go.WaitForNotification();
    return std::nullopt;
  });
  Start();
  EXPECT_EQ(Grow(50), 50u);
  go.Notify();
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(50); }));
  witnessing_->Stop();
  witnessing_->Stop();
}

TEST_F(WitnessingTest, AFileThatIsNotOursOrTornIsRefused) {
  Start();
  const uint64_t size = Grow(3);
  ASSERT_TRUE(Eventually([&] { return WitnessedAt(size); }));
  witnessing_.reset();
  const std::string good = **base::ReadWholeFile(File(), 1 << 20);
  for (size_t cut = 0; cut + 1 < good.size(); cut += 7) {
    ASSERT_TRUE(base::ReplaceFile(File(), good.substr(0, cut)).ok());
    const auto opened = Create();
    // A cut between two signature lines leaves a shorter but true note: less is shown as witnessed.
    if (opened.ok()) {
      EXPECT_EQ((*opened)->witnessed(), "") << cut;
    } else {
      EXPECT_EQ(base::ReasonOf(opened.status()), Reason::kDataLoss) << cut;
    }
  }
}

TEST_F(WitnessingTest, TwoOfOneNameOrAKeyThatIsNoneAreRefused) {
  const auto create = [&](const std::string& one, const std::string& other) {
    std::vector<Witnessing::Partner> partners;
    partners.push_back({one, true, a_.Channel()});
    partners.push_back({other, true, b_.Channel()});
    return base::ReasonOf(
        Witnessing::Create(options_, std::move(partners), store_.get(), [](const auto&) {
          return absl::OkStatus();
        }).status());
  };
  EXPECT_EQ(create(a_.key(), a_.key()), Reason::kInvalidField);
  EXPECT_EQ(create(a_.key(), ledgers_.keys.verifier_key), Reason::kInvalidField);
}

}  // namespace
}  // namespace signpost::ledger
