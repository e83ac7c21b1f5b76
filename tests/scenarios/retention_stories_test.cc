// Entries past their retention go, and what rests on them still holds. Over mTLS, against a whole
// hub.

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "adapters/cli/ledger/ledger_copy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/ledger/reader.h"
#include "hub/tlog/verifier.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/maintenance.grpc.pb.h"
#include "signpost/v1/person.grpc.pb.h"
#include "signpost/v1/policy.grpc.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

using ::testing::HasSubstr;

const Known kTariq{"Tariqulzafar", "Mahmoodpur", 2009, 5, 17, "NT4 7QX", ""};

class RetentionStories : public ::testing::Test {
 protected:
  RetentionStories() : nortown_(With(&clock_)) { nortown_.UseClock(&clock_); }

  static Nortown::Setup With(const base::Clock* clock) {
    Nortown::Setup setup;
    setup.overrides.clock = clock;
    setup.change = [](app::HubConfig* config) {
      config->retention = {{ledger::v1::ENTRY_KIND_WHO_KNOWS, 30}};
    };
    return setup;
  }
  Answered Ask() {
    return nortown_.Ask(TariqsAdviser(),
                        AskAboutRecord(&nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING));
  }
  grpc::Status Prune(const std::string& request_id, bool dry_run,
                     v1::PruneEntriesResponse* response) {
    v1::PruneEntriesRequest request;
    request.set_request_id(request_id);
    request.set_dry_run(dry_run);
    return v1::MaintenanceService::NewStub(nortown_.Channel("nortown-hub", "operator"))
        ->PruneEntries(nortown_.Context().get(), request, response);
  }
  uint64_t Size() { return nortown_.hub().context().sequencer->head().size; }

  base::ManualClock clock_{
      absl::FromCivil(absl::CivilSecond(2026, 6, 1, 10, 0, 0), absl::UTCTimeZone())};
  Nortown nortown_;
};

TEST_F(RetentionStories, WhatIsPastItsTimeGoesAndTheRestHolds) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen"));
  const Answered first = Ask();
  ASSERT_TRUE(first.status.ok()) << first.status.error_message();
  Ask();
  clock_.Advance(absl::Hours(24 * 20));
  const Answered kept = Ask();
  clock_.Advance(absl::Hours(24 * 11));
  Ask();

  v1::PruneEntriesResponse counted;
  const uint64_t before = Size();
  ASSERT_TRUE(Prune("count", true, &counted).ok());
  ASSERT_EQ(counted.kinds_size(), 1);
  EXPECT_EQ(counted.kinds(0).kind(), ledger::v1::ENTRY_KIND_WHO_KNOWS);
  EXPECT_EQ(counted.kinds(0).kept_days(), 30);
  EXPECT_EQ(counted.kinds(0).count(), 2u);
  EXPECT_FALSE(counted.has_receipt());
  EXPECT_EQ(Size(), before) << "counting changes nothing";

  v1::PruneEntriesResponse pruned;
  ASSERT_TRUE(Prune("prune", false, &pruned).ok());
  ASSERT_EQ(pruned.kinds_size(), 1);
  EXPECT_EQ(pruned.kinds(0).count(), 2u);
  {
    const auto view = nortown_.hub().context().store->NewView();
    const ledger::LedgerReader reader(view->get());
    ledger::v1::LedgerEntry entry;
    ASSERT_TRUE(entry.ParseFromString(*reader.Entry(pruned.receipt().ledger_index())));
    EXPECT_EQ(entry.kind(), ledger::v1::ENTRY_KIND_PRUNED);
    ASSERT_EQ(entry.pruned().kinds_size(), 1);
    EXPECT_EQ(entry.pruned().kinds(0).kind(), ledger::v1::ENTRY_KIND_WHO_KNOWS);
    EXPECT_TRUE(ledger::IsPruned(reader.Entry(first.receipt.ledger_index()).status()));
    EXPECT_TRUE(reader.Entry(kept.receipt.ledger_index()).ok());
  }
  // Sent again it is the same act; asked for anew there is nothing to do, and no entry.
  v1::PruneEntriesResponse again;
  ASSERT_TRUE(Prune("prune", false, &again).ok());
  EXPECT_EQ(again.receipt().leaf_hash(), pruned.receipt().leaf_hash());
  EXPECT_EQ(again.kinds(0).count(), 2u);
  ASSERT_TRUE(Prune("prune-2", false, &again).ok());
  EXPECT_EQ(again.kinds_size(), 0);

  // Who kept a receipt still gets its proof, and an auditor is told what became of the entry.
  v1::GetProofRequest prove;
  prove.set_ledger_index(first.receipt.ledger_index());
  prove.set_leaf_hash(first.receipt.leaf_hash());
  v1::GetProofResponse proof;
  EXPECT_TRUE(nortown_.Audit()->GetProof(nortown_.Context().get(), prove, &proof).ok());
  v1::GetEntryRequest get;
  get.set_index(first.receipt.ledger_index());
  get.set_reason("Sampling of June.");
  v1::GetEntryResponse got;
  ASSERT_TRUE(nortown_.Audit()->GetEntry(nortown_.AuditContext().get(), get, &got).ok());
  EXPECT_EQ(got.entry(), "");
  EXPECT_THAT(got.readable(), HasSubstr("past its retention"));
  EXPECT_TRUE(got.has_receipt());

  // A copy over the wire, as an auditor takes it, verifies with both verifiers.
  const std::string folder = nortown_.folder() + "/copy";
  auto copy = adapters::cli::LedgerCopy::Create(folder);
  v1::CopyLedgerRequest request;
  request.set_reason("The yearly audit.");
  const auto context = nortown_.AuditContext();
  const auto stub = nortown_.Audit();
  const auto stream = stub->CopyLedger(context.get(), request);
  v1::CopyLedgerResponse message;
  std::string checkpoint;
  while (stream->Read(&message)) {
    if (!message.has_entries()) {
      checkpoint = message.checkpoint();
      continue;
    }
    ASSERT_TRUE((*copy)->Append(message.entries()).ok());
  }
  ASSERT_TRUE(stream->Finish().ok());
  ASSERT_TRUE((*copy)->Finish(checkpoint).ok());
  const std::string key = nortown_.hub().verifier_key();
  const auto verifier = tlog::NoteVerifier::Parse(key);
  const tlog::VerifyReport report = tlog::VerifyDirectory(folder, {&*verifier, 1}, {});
  EXPECT_TRUE(report.ok()) << report.ToString();
  EXPECT_EQ(std::system(absl::StrCat("python3 ", SIGNPOST_SOURCE_DIR,
                                     "/tests/independent/verify_ledger.py directory ", folder,
                                     " --key '", key, "' > /dev/null")
                            .c_str()),
            0);
  nortown_.Restart();
  EXPECT_EQ(Ask().answer.flags_size(), 1);
}

TEST_F(RetentionStories, WhatIsGoneIsNotToldAndNoDecisionIsJudgedByAGap) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen"));
  const Answered gone = Ask();
  ASSERT_TRUE(gone.status.ok()) << gone.status.error_message();
  clock_.Advance(absl::Hours(24 * 31));
  Ask();
  v1::PruneEntriesResponse pruned;
  ASSERT_TRUE(Prune("prune", false, &pruned).ok());
  ASSERT_EQ(pruned.kinds_size(), 1);

  v1::ExportPersonRequest request;
  request.set_request_id(nortown_.RequestId());
  *request.mutable_person()->mutable_details() = Details(kTariq);
  request.set_reason("Their request of July, in writing.");
  v1::ExportPersonResponse response;
  const Worker officer = {"nortown-social-services", "dp-001", "data-protection-officer", {}};
  const grpc::Status status =
      v1::PersonService::NewStub(nortown_.Channel("nortown-social-services", "casework"))
          ->ExportPerson(nortown_.ContextOf(officer).get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  v1::PersonExport held;
  ASSERT_TRUE(held.ParseFromString(response.answer()));
  // That what is over is not kept is said in every export, for what it was is not known any more.
  EXPECT_TRUE(std::any_of(held.exclusions().begin(), held.exclusions().end(), [](const auto& item) {
    return item.reason() == v1::EXCLUSION_REASON_NO_LONGER_KEPT &&
           item.decided_by() == v1::EXCLUSION_DECIDER_NOBODY;
  }));
  for (const v1::HeldAccess& access : held.accesses()) {
    EXPECT_NE(access.entry_index(), gone.receipt.ledger_index());
  }

  v1::ReplayDecisionRequest again;
  again.set_index(gone.receipt.ledger_index());
  again.set_reason("A complaint of theirs.");
  v1::ReplayDecisionResponse replayed;
  const Worker auditor = {"nortown-audit", "au-001", "auditor", {}};
  const grpc::Status judged =
      v1::PolicyService::NewStub(nortown_.Channel("nortown-audit", "auditor"))
          ->ReplayDecision(nortown_.ContextOf(auditor, v1::PURPOSE_AUDIT).get(), again, &replayed);
  ASSERT_TRUE(judged.ok()) << judged.error_message();
  EXPECT_EQ(replayed.result(), v1::REPLAY_RESULT_NOT_POSSIBLE);
  ASSERT_EQ(replayed.findings_size(), 1);
  EXPECT_THAT(replayed.findings(0), HasSubstr("past its retention"));
}

TEST(RetentionUnset, EverythingIsKept) {
  Nortown nortown;
  v1::PruneEntriesRequest request;
  request.set_request_id("r");
  v1::PruneEntriesResponse response;
  EXPECT_EQ(v1::MaintenanceService::NewStub(nortown.Channel("nortown-hub", "operator"))
                ->PruneEntries(nortown.Context().get(), request, &response)
                .error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace signpost::scenarios
