// Generators of ArchiveService. Nobody of one agency alone reads the archive, nor learns whether there is
// anything to read: it is what they are answered that is compared, and what others see afterwards.

#include <utility>

#include "signpost/v1/archive.pb.h"
#include "tests/worlds/generators.h"

namespace signpost::worlds {

namespace {

constexpr int64_t kDay = 24 * 60 * 60;

Act GetKeepingTable(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(2) ? maker->Anybody() : maker->Adapter();
  return Asks<v1::GetKeepingTableRequest, v1::GetKeepingTableResponse>(
      [](const Talk& /*talk*/) { return v1::GetKeepingTableRequest(); });
}

Act AskForArchive(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->CaseReviewOfficer();
  v1::AskForArchiveRequest request;
  request.set_request_id(maker->RequestId());
  request.set_review_reference(maker->dice().OneIn(10) ? "" : "CSPR-2027-4");
  request.set_reason(maker->Reason());
  return Asks<v1::AskForArchiveRequest, v1::AskForArchiveResponse>(
      [request, selector = maker->Selector()](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        return request;
      });
}

Act ListArchiveRequests(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->CaseReviewOfficer();
  v1::ListArchiveRequestsRequest request;
  request.set_request_id(maker->RequestId());
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListArchiveRequestsRequest, v1::ListArchiveRequestsResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act AnswerArchiveRequest(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->CaseReviewOfficer();
  v1::AnswerArchiveRequestRequest request;
  request.set_request_id(maker->RequestId());
  request.set_agreed(!maker->dice().OneIn(3));
  return Asks<v1::AnswerArchiveRequestRequest, v1::AnswerArchiveRequestResponse>(
      [request, any = maker->dice().Roll(),
       selector = maker->Selector()](const Talk& talk) mutable {
        request.set_archive_request_id(talk.memory().One("archive-request-id", any));
        *request.mutable_person() = selector(talk);
        return request;
      });
}

Act ReadArchive(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->CaseReviewOfficer();
  v1::ReadArchiveRequest request;
  request.set_request_id(maker->RequestId());
  return Asks<v1::ReadArchiveRequest, v1::ReadArchiveResponse>(
      [request, any = maker->dice().Roll()](const Talk& talk) mutable {
        request.set_archive_request_id(talk.memory().One("archive-request-id", any));
        return request;
      });
}

Act SetLegalHold(Maker* maker, Caller* caller) {
  Dice& dice = maker->dice();
  *caller = dice.OneIn(4) ? maker->Anybody() : maker->DataProtectionOfficer();
  v1::SetLegalHoldRequest request;
  request.set_request_id(maker->RequestId());
  request.set_held(!dice.OneIn(3));
  request.set_reference("INQ-12");
  request.set_reason(maker->Reason());
  const int64_t days = dice.OneIn(8) ? 4000 : 1 + dice.Below(60);
  return Asks<v1::SetLegalHoldRequest, v1::SetLegalHoldResponse>(
      [request, days, selector = maker->Selector()](const Talk& talk) mutable {
        request.mutable_review_at()->set_seconds(absl::ToUnixSeconds(talk.Now()) + days * kDay);
        *request.mutable_person() = selector(talk);
        return request;
      });
}

Act ListLegalHolds(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->DataProtectionOfficer();
  v1::ListLegalHoldsRequest request;
  request.set_request_id(maker->RequestId());
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListLegalHoldsRequest, v1::ListLegalHoldsResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act RecordDeath(Maker* maker, Caller* caller) {
  Dice& dice = maker->dice();
  *caller = dice.OneIn(4) ? maker->Anybody() : maker->DataProtectionOfficer();
  v1::RecordDeathRequest request;
  request.set_request_id(maker->RequestId());
  request.set_died(!dice.OneIn(3));
  if (request.died()) {
    request.mutable_died_on()->set_year(2026);
    request.mutable_died_on()->set_month(dice.OneIn(8) ? 12 : 10);
    request.mutable_died_on()->set_day(1);
    if (dice.OneIn(3)) request.set_registration_reference("NT/2026/118");
  }
  request.set_reason(maker->Reason());
  return Asks<v1::RecordDeathRequest, v1::RecordDeathResponse>(
      [request, selector = maker->Selector()](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        return request;
      });
}

}  // namespace

std::vector<Generator> ArchiveGenerators() {
  return {
      {"/signpost.v1.ArchiveService/GetKeepingTable", 1, &GetKeepingTable},
      {"/signpost.v1.ArchiveService/AskForArchive", 2, &AskForArchive},
      {"/signpost.v1.ArchiveService/ListArchiveRequests", 1, &ListArchiveRequests},
      {"/signpost.v1.ArchiveService/AnswerArchiveRequest", 1, &AnswerArchiveRequest},
      {"/signpost.v1.ArchiveService/ReadArchive", 1, &ReadArchive},
      {"/signpost.v1.ArchiveService/SetLegalHold", 1, &SetLegalHold},
      {"/signpost.v1.ArchiveService/ListLegalHolds", 1, &ListLegalHolds},
      {"/signpost.v1.ArchiveService/RecordDeath", 1, &RecordDeath},
  };
}

}  // namespace signpost::worlds
