// ArchiveFixture is a base that tests of the room `archive` stand on: the area of HubRooms with the job
// that ends flags, whose clock moves when told, and the acts of its officers.
//
// For tests; as HubRooms.

#ifndef SIGNPOST_TESTS_ARCHIVE_ARCHIVE_FIXTURE_H_
#define SIGNPOST_TESTS_ARCHIVE_ARCHIVE_FIXTURE_H_

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/archive/case_reviews.h"
#include "hub/archive/ends.h"
#include "hub/archive/holds_and_deaths.h"
#include "hub/subject_rights/subject_rights.h"
#include "tests/request/hub_rooms.h"

namespace signpost::archive {

using base::Reason;
using base::ReasonOf;
using request::kConnexions;
using request::kDrugs;
using request::kHousing;
using request::kSocial;
using request::kYot;

class ArchiveFixture : public request::HubRooms {
 protected:
  ArchiveFixture() { EXPECT_TRUE(ends_.Begin().ok()); }

  static constexpr absl::Duration kYear = absl::Hours(24 * 366);

  static base::Principal Reviewer(const std::string& agency) {
    return Worker(agency, "cr-001", kCaseReviewRole);
  }
  static base::Principal OfficerOf(const std::string& agency) {
    return Worker(agency, "dp-001", kOfficerRole);
  }

  // `record` is closed, on that day as its agency says (2026-11-01 unless said otherwise).
  void Close(const std::string& agency, v1::FlagReport report, int year = 2026) {
    report.set_status(v1::FLAG_STATUS_CLOSED);
    report.mutable_opened_on()->set_year(std::min(2026, year));
    report.mutable_opened_on()->set_month(1);
    report.mutable_opened_on()->set_day(2);
    report.mutable_closed_on()->set_year(year);
    report.mutable_closed_on()->set_month(11);
    report.mutable_closed_on()->set_day(1);
    ASSERT_EQ(HubRooms::Report(agency, report).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  }
  void Retract(const std::string& agency, v1::FlagReport report) {
    report.set_status(v1::FLAG_STATUS_RETRACTED);
    ASSERT_EQ(HubRooms::Report(agency, report).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  }
  // Time passes, and what is due by then is done.
  Ends::Done Pass(absl::Duration by) {
    clock_.Advance(by);
    Ends::Done all;
    for (int run = 0; run < 100; ++run) {
      const absl::StatusOr<Ends::Done> done = ends_.Run();
      EXPECT_TRUE(done.ok()) << done.status();
      if (!done.ok()) break;
      all.persons += done->persons;
      all.archived += done->archived;
      all.erased += done->erased;
      all.persons_erased += done->persons_erased;
      all.holds_told += done->holds_told;
      if (!done->more && done->persons == 0) break;
    }
    return all;
  }

  absl::StatusOr<v1::AskForArchiveResponse> AskArchive(const base::Principal& asker,
                                                       const v1::PersonDetails& details = Tariq(),
                                                       const std::string& request_id = "") {
    v1::AskForArchiveRequest request;
    request.set_request_id(request_id.empty() ? RequestId() : request_id);
    *request.mutable_person()->mutable_details() = details;
    request.set_review_reference("CSPR-2027-4");
    request.set_reason("Child safeguarding practice review, commissioned in May.");
    return Wait<v1::AskForArchiveResponse>(
        [&](auto done) { reviews_.Ask(asker, request, std::move(done)); });
  }
  absl::Status Answer(const base::Principal& asker, const std::string& id, bool agreed = true,
                      const v1::PersonDetails& details = Tariq()) {
    v1::AnswerArchiveRequestRequest request;
    request.set_request_id(RequestId());
    request.set_archive_request_id(id);
    request.set_agreed(agreed);
    *request.mutable_person()->mutable_details() = details;
    return Wait<v1::AnswerArchiveRequestResponse>(
               [&](auto done) { reviews_.Answer(asker, request, std::move(done)); })
        .status();
  }
  absl::StatusOr<v1::ArchivedFlags> ReadArchive(const base::Principal& asker,
                                                const std::string& id) {
    v1::ReadArchiveRequest request;
    request.set_request_id(RequestId());
    request.set_archive_request_id(id);
    const auto response = Wait<v1::ReadArchiveResponse>(
        [&](auto done) { reviews_.Read(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    v1::ArchivedFlags flags;
    EXPECT_TRUE(flags.ParseFromString(response->answer()));
    return flags;
  }
  // All three, by these two agencies.
  absl::StatusOr<v1::ArchivedFlags> Review(const std::string& agency, const std::string& other,
                                           const v1::PersonDetails& details = Tariq()) {
    const auto asked = AskArchive(Reviewer(agency), details);
    if (!asked.ok()) return asked.status();
    const absl::Status agreed = Answer(Reviewer(other), asked->archive_request_id(), true, details);
    if (!agreed.ok()) return agreed;
    return ReadArchive(Reviewer(agency), asked->archive_request_id());
  }

  absl::StatusOr<v1::SetLegalHoldResponse> Hold(const base::Principal& asker, bool held,
                                                absl::Duration review = absl::Hours(24 * 300),
                                                const std::string& request_id = "") {
    v1::SetLegalHoldRequest request;
    request.set_request_id(request_id.empty() ? RequestId() : request_id);
    *request.mutable_person()->mutable_details() = Tariq();
    request.set_held(held);
    if (held) {
      request.set_reference("INQ-12");
      request.mutable_review_at()->set_seconds(absl::ToUnixSeconds(clock_.Now() + review));
    }
    request.set_reason("The county court ordered disclosure on Monday.");
    return Wait<v1::SetLegalHoldResponse>(
        [&](auto done) { holds_.SetHold(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::LegalHolds> ListHolds(const base::Principal& asker) {
    v1::ListLegalHoldsRequest request;
    request.set_request_id(RequestId());
    const auto response = Wait<v1::ListLegalHoldsResponse>(
        [&](auto done) { holds_.ListHolds(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    v1::LegalHolds holds;
    EXPECT_TRUE(holds.ParseFromString(response->answer()));
    return holds;
  }
  absl::StatusOr<v1::RecordDeathResponse> Death(const base::Principal& asker, bool died,
                                                const std::string& registration = "") {
    v1::RecordDeathRequest request;
    request.set_request_id(RequestId());
    *request.mutable_person()->mutable_details() = Tariq();
    request.set_died(died);
    if (died) {
      request.mutable_died_on()->set_year(2026);
      request.mutable_died_on()->set_month(11);
      request.mutable_died_on()->set_day(20);
    }
    request.set_registration_reference(registration);
    request.set_reason("The hospital rang the team on Saturday.");
    return Wait<v1::RecordDeathResponse>(
        [&](auto done) { holds_.RecordDeath(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::ErasePersonResponse> Erase(const base::Principal& asker) {
    v1::ErasePersonRequest request;
    request.set_request_id(RequestId());
    *request.mutable_person()->mutable_details() = Tariq();
    request.set_reason("They asked for it in writing on Monday.");
    request.set_confirmed(true);
    return Wait<v1::ErasePersonResponse>(
        [&](auto done) { rights_.Erase(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::PersonExport> Export(const base::Principal& asker) {
    v1::ExportPersonRequest request;
    request.set_request_id(RequestId());
    *request.mutable_person()->mutable_details() = Tariq();
    request.set_reason("They asked for it in writing on Monday.");
    const auto response = Wait<v1::ExportPersonResponse>(
        [&](auto done) { rights_.Export(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    v1::PersonExport held;
    EXPECT_TRUE(held.ParseFromString(response->answer()));
    return held;
  }
  // Kinds of the messages that wait for an agency's adapter.
  std::vector<int> Notices(const std::string& agency) {
    std::vector<int> kinds;
    for (const exchange::MailboxMessage& message : Mailbox(agency)) {
      kinds.push_back(message.stored.kind());
    }
    return kinds;
  }

  // What an agency's adapter is handed of its mailbox.
  std::vector<v1::Notice> Delivered(const std::string& agency) {
    std::vector<v1::Notice> notices;
    const auto delivery = Wait<disclosure::Answers::Delivery>(
        [&](auto done) { answers_->Deliver(System(agency), Mailbox(agency), std::move(done)); });
    EXPECT_TRUE(delivery.ok()) << delivery.status();
    if (!delivery.ok()) return notices;
    for (const v1::DeliveredMessage& message : delivery->messages) {
      v1::Notice notice;
      EXPECT_TRUE(notice.ParseFromString(message.payload()));
      notices.push_back(std::move(notice));
    }
    return notices;
  }

  Ends ends_{context_};
  CaseReviews reviews_{context_};
  HoldsAndDeaths holds_{context_};
  subject_rights::SubjectRights rights_{context_};
};

}  // namespace signpost::archive

#endif  // SIGNPOST_TESTS_ARCHIVE_ARCHIVE_FIXTURE_H_
