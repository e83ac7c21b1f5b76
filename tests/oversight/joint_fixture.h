// JointRooms is a base of tests in which two auditors of Nortown are enrolled and ask, agree and end
// joint looks. As HubRooms.

#ifndef SIGNPOST_TESTS_OVERSIGHT_JOINT_FIXTURE_H_
#define SIGNPOST_TESTS_OVERSIGHT_JOINT_FIXTURE_H_

#include <memory>
#include <string>

#include "hub/ledger/reader.h"
#include "hub/oversight/joint_looks.h"
#include "hub/oversight/ledger_access.h"
#include "hub/oversight/masker.h"
#include "hub/oversight/search.h"
#include "tests/request/hub_rooms.h"

namespace signpost::oversight {

class JointRooms : public request::HubRooms {
 protected:
  JointRooms() {
    Enrol(request::kAudit, "au-001", "auditor");
    Enrol(request::kAudit, "au-002", "auditor");
    Enrol(request::kAudit, "au-003", "auditor");
  }

  static base::Principal Second() { return Worker(request::kAudit, "au-002", "auditor"); }
  static base::Principal Third() { return Worker(request::kAudit, "au-003", "auditor"); }

  v1::AskJointLookRequest Asking() {
    v1::AskJointLookRequest request;
    request.set_request_id(RequestId());
    request.set_reason("Complaint 2026/7 of a young person's.");
    return request;
  }
  v1::AskJointLookRequest AskingAbout(uint64_t first, uint64_t end) {
    v1::AskJointLookRequest request = Asking();
    request.mutable_unmask()->set_first_index(first);
    request.mutable_unmask()->set_end_index(end);
    return request;
  }
  absl::StatusOr<v1::AskJointLookResponse> AskLook(const v1::AskJointLookRequest& request,
                                                   const base::Principal& asker = Auditor()) {
    return Wait<v1::AskJointLookResponse>(
        [&](auto done) { looks_.Ask(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::AgreeJointLookResponse> Agree(const std::string& id,
                                                   const base::Principal& asker = Second()) {
    v1::AgreeJointLookRequest request;
    request.set_request_id(RequestId());
    request.set_joint_look_id(id);
    request.set_reason("I have read the complaint.");
    return Wait<v1::AgreeJointLookResponse>(
        [&](auto done) { looks_.Agree(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::EndJointLookResponse> End(const std::string& id,
                                               const base::Principal& asker = Auditor()) {
    v1::EndJointLookRequest request;
    request.set_request_id(RequestId());
    request.set_joint_look_id(id);
    return Wait<v1::EndJointLookResponse>(
        [&](auto done) { looks_.End(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::ListJointLooksResponse> List(const base::Principal& asker = Auditor(),
                                                  const v1::ListJointLooksRequest& request = {}) {
    return Wait<v1::ListJointLooksResponse>(
        [&](auto done) { looks_.List(asker, request, std::move(done)); });
  }
  // One that is open, and its id.
  std::string OpenLookAt(const v1::AskJointLookRequest& request) {
    const auto asked = AskLook(request);
    EXPECT_TRUE(asked.ok()) << asked.status();
    if (!asked.ok()) return "";
    const std::string id = asked->joint_look().joint_look_id();
    const auto agreed = Agree(id);
    EXPECT_TRUE(agreed.ok()) << agreed.status();
    return id;
  }
  absl::StatusOr<v1::GetEntryResponse> Read(uint64_t index, const std::string& joint_look_id = "",
                                            const base::Principal& asker = Auditor()) {
    v1::GetEntryRequest request;
    request.set_index(index);
    request.set_reason("A check.");
    request.set_joint_look_id(joint_look_id);
    return Wait<v1::GetEntryResponse>(
        [&](auto done) { access_.ReadEntry(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::SearchEntriesResponse> Search(const v1::EntryFilter& filter,
                                                   const std::string& joint_look_id = "",
                                                   const base::Principal& asker = Auditor()) {
    v1::SearchEntriesRequest request;
    *request.mutable_filter() = filter;
    request.set_reason("A check.");
    request.set_page_size(500);
    request.set_joint_look_id(joint_look_id);
    return Wait<v1::SearchEntriesResponse>(
        [&](auto done) { searches_->Search(asker, request, std::move(done)); });
  }
  // As it is in the store.
  std::string BytesAt(uint64_t index) { return *ledger::LedgerReader(View().get()).Entry(index); }
  ledger::v1::LedgerEntry Stored(uint64_t index) { return *ledger::ParseEntry(BytesAt(index)); }
  // The drugs service reports Sal, and what was entered of it.
  uint64_t DrugsReportSal(const std::string& record_id = "D-1") {
    Report(request::kDrugs, Flag(record_id, "substance-misuse", Sal()));
    for (uint64_t index = LedgerSize(); index-- > 0;) {
      if (Stored(index).agency_id() == request::kDrugs) return index;
    }
    ADD_FAILURE() << "nothing of it was entered";
    return 0;
  }

  const std::string verifier_key_ = signer_->verifier_key();
  Masker masker_{context_, policy_admin_.get()};
  JointLooks looks_{context_, &masker_};
  LedgerAccess access_{context_, &looks_, verifier_key_, nullptr};
  std::unique_ptr<Searches> searches_ = *Searches::Create(context_, &looks_);
};

}  // namespace signpost::oversight

#endif  // SIGNPOST_TESTS_OVERSIGHT_JOINT_FIXTURE_H_
