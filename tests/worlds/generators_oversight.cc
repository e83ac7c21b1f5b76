// Generators of AuditService, OverrideService, PersonService and ExchangeService. What auditors
// alone may call is called here by others: it is the refusals that are compared, because an auditor
// may see every entry.

#include <utility>

#include "absl/strings/numbers.h"
#include "signpost/v1/audit.pb.h"
#include "signpost/v1/exchange.pb.h"
#include "signpost/v1/overrides.pb.h"
#include "signpost/v1/person.pb.h"
#include "tests/worlds/generators.h"

namespace signpost::worlds {

namespace {

uint64_t Number(const std::string& text) {
  uint64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

Caller SystemOrWorker(Maker* maker) {
  return maker->dice().OneIn(2) ? maker->Adapter() : maker->Anybody();
}

Act GetCheckpoint(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  return Asks<v1::GetCheckpointRequest, v1::GetCheckpointResponse>(
      [](const Talk& /*talk*/) { return v1::GetCheckpointRequest(); });
}

Act GetProof(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  // The first receipt's hash and number belong together, and so on; others do not.
  const uint64_t any = maker->dice().Roll();
  const bool fits = !maker->dice().OneIn(5);
  return Asks<v1::GetProofRequest, v1::GetProofResponse>([any, fits](const Talk& talk) {
    v1::GetProofRequest request;
    request.set_leaf_hash(talk.memory().One("leaf-hash", any));
    request.set_ledger_index(Number(talk.memory().One("receipt-index", fits ? any : any / 7)));
    return request;
  });
}

Act GetConsistency(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  const uint64_t any = maker->dice().Roll();
  const bool whole = maker->dice().OneIn(2);
  return Asks<v1::GetConsistencyRequest, v1::GetConsistencyResponse>(
      [any, whole](const Talk& talk) {
        v1::GetConsistencyRequest request;
        request.set_old_size(whole ? 1 + any % 60 : Number(talk.memory().One("tree-size", any)));
        if (whole) request.set_new_size(Number(talk.memory().One("tree-size", any / 3)));
        return request;
      });
}

Act GetEntry(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::GetEntryRequest request;
  request.set_reason(maker->Reason());
  return Asks<v1::GetEntryRequest, v1::GetEntryResponse>(
      [request, any = maker->dice().Roll()](const Talk& talk) mutable {
        request.set_index(Number(talk.memory().One("receipt-index", any)));
        return request;
      });
}

template <typename Request, typename Response>
Act AsksForMany(Request request, int replies_max) {
  return [request, replies_max](Talk& talk) {
    Response reply;
    talk.ServerStream(request, &reply, replies_max);
  };
}

Act CopyLedger(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::CopyLedgerRequest request;
  request.set_first_index(static_cast<uint64_t>(maker->dice().Below(50)));
  request.set_reason(maker->Reason());
  return AsksForMany<v1::CopyLedgerRequest, v1::CopyLedgerResponse>(request, 8);
}

Act SearchEntries(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::SearchEntriesRequest request;
  *request.mutable_filter()->mutable_person() = maker->Details();
  request.set_reason(maker->Reason());
  return Asks<v1::SearchEntriesRequest, v1::SearchEntriesResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act TailEntries(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::TailEntriesRequest request;
  request.set_reason(maker->Reason());
  request.set_first_index(1);
  return AsksForMany<v1::TailEntriesRequest, v1::TailEntriesResponse>(request, 1);
}

Act FindPatterns(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::FindPatternsRequest request;
  request.set_reason(maker->Reason());
  return Asks<v1::FindPatternsRequest, v1::FindPatternsResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act IssuePseudonyms(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::IssuePseudonymsRequest request;
  request.set_joint_look_id(maker->RequestId());
  return AsksForMany<v1::IssuePseudonymsRequest, v1::IssuePseudonymsResponse>(request, 8);
}

Act AskJointLook(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::AskJointLookRequest request;
  request.set_request_id(maker->RequestId());
  request.set_reason(maker->Reason());
  if (maker->dice().OneIn(2)) {
    request.mutable_pseudonyms();
  } else {
    request.mutable_unmask()->set_same_person_as(maker->dice().Roll() % 60);
  }
  return Asks<v1::AskJointLookRequest, v1::AskJointLookResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act AgreeJointLook(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::AgreeJointLookRequest request;
  request.set_request_id(maker->RequestId());
  request.set_joint_look_id("AAAAAAAAAAAAAAAAAAAAAA");
  request.set_reason(maker->Reason());
  return Asks<v1::AgreeJointLookRequest, v1::AgreeJointLookResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act EndJointLook(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::EndJointLookRequest request;
  request.set_request_id(maker->RequestId());
  request.set_joint_look_id("AAAAAAAAAAAAAAAAAAAAAA");
  return Asks<v1::EndJointLookRequest, v1::EndJointLookResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act ListJointLooks(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(3) ? maker->Anybody() : maker->DataProtectionOfficer();
  v1::ListJointLooksRequest request;
  request.set_standing_only(maker->dice().OneIn(2));
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListJointLooksRequest, v1::ListJointLooksResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act VerifyPerson(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::VerifyPersonRequest request;
  request.set_same_person_as(maker->dice().Roll() % 60);
  request.set_reason(maker->Reason());
  return Asks<v1::VerifyPersonRequest, v1::VerifyPersonResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act AnnounceSample(Maker* maker, Caller* caller) {
  *caller = SystemOrWorker(maker);
  v1::AnnounceSampleRequest request;
  request.set_request_id(maker->RequestId());
  request.set_reason(maker->Reason());
  request.set_count(1 + static_cast<int32_t>(maker->dice().Roll() % 5));
  request.set_nonce_sha256(std::string(32, 'n'));
  return Asks<v1::AnnounceSampleRequest, v1::AnnounceSampleResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act ListOverrides(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(3) ? maker->Anybody() : maker->Manager();
  v1::ListOverridesRequest request;
  request.set_request_id(maker->RequestId());
  request.set_waiting_only(maker->dice().OneIn(3));
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListOverridesRequest, v1::ListOverridesResponse>(
      [request, token = maker->PageToken("overrides-page")](const Talk& talk) mutable {
        request.set_page_token(token(talk));
        return request;
      });
}

Act ReviewOverride(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->Manager();
  v1::ReviewOverrideRequest request;
  request.set_request_id(maker->RequestId());
  request.set_outcome(maker->dice().OneIn(2) ? v1::OVERRIDE_OUTCOME_UPHELD
                                             : v1::OVERRIDE_OUTCOME_NOT_UPHELD);
  request.set_reason(maker->Reason());
  return Asks<v1::ReviewOverrideRequest, v1::ReviewOverrideResponse>(
      [request, any = maker->dice().Roll()](const Talk& talk) mutable {
        request.set_number(Number(talk.memory().One("override-number", any)));
        return request;
      });
}

Act ReportOverrides(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(3) ? maker->Anybody() : maker->Manager();
  v1::ReportOverridesRequest request;
  request.set_request_id(maker->RequestId());
  return Asks<v1::ReportOverridesRequest, v1::ReportOverridesResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

// Also includes what an earlier export of its own left out, where it remembers any.
Act ExportPerson(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->DataProtectionOfficer();
  v1::ExportPersonRequest request;
  request.set_request_id(maker->RequestId());
  request.set_reason(maker->Reason());
  const bool includes = maker->dice().OneIn(3);
  if (includes) request.add_inclusions()->set_reason(maker->Reason());
  const bool pages = maker->dice().OneIn(8);
  return Asks<v1::ExportPersonRequest, v1::ExportPersonResponse>(
      [request, includes, pages, any = maker->dice().Roll(),
       selector = maker->Selector()](const Talk& talk) {
        v1::ExportPersonRequest asked = request;
        *asked.mutable_person() = selector(talk);
        if (pages) asked.set_accesses_before(Number(talk.memory().One("receipt-index", any)));
        if (includes) {
          asked.mutable_inclusions(0)->add_exclusion_ids(talk.memory().One("exclusion-id", any));
        }
        return asked;
      });
}

Act ErasePerson(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->DataProtectionOfficer();
  v1::ErasePersonRequest request;
  request.set_request_id(maker->RequestId());
  request.set_reason(maker->Reason());
  request.set_confirmed(!maker->dice().OneIn(4));
  return Asks<v1::ErasePersonRequest, v1::ErasePersonResponse>(
      [request, selector = maker->Selector()](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        return request;
      });
}

Act SetShield(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(2) ? maker->DataProtectionOfficer() : maker->Manager();
  v1::SetShieldRequest request;
  request.set_request_id(maker->RequestId());
  request.set_reason(maker->Reason());
  request.set_shielded(!maker->dice().OneIn(3));
  return Asks<v1::SetShieldRequest, v1::SetShieldResponse>(
      [request, selector = maker->Selector()](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        return request;
      });
}

Act ListErasedRecords(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->DataProtectionOfficer();
  v1::ListErasedRecordsRequest request;
  request.set_request_id(maker->RequestId());
  return Asks<v1::ListErasedRecordsRequest, v1::ListErasedRecordsResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act AnswerErasedRecord(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->DataProtectionOfficer();
  v1::AnswerErasedRecordRequest request;
  request.set_request_id(maker->RequestId());
  request.set_reason(maker->Reason());
  request.set_answer(maker->dice().OneIn(2) ? v1::ERASED_RECORD_ANSWER_KEEP_OUT
                                            : v1::ERASED_RECORD_ANSWER_TAKE_AS_NEW);
  return Asks<v1::AnswerErasedRecordRequest, v1::AnswerErasedRecordResponse>(
      [request, any = maker->dice().Roll()](const Talk& talk) mutable {
        request.set_question_id(talk.memory().One("question-id", any));
        return request;
      });
}

// Reads what there is, until the mailbox is found empty, and deals with some of it.
Act Subscribe(Maker* maker, Caller* caller) {
  *caller = maker->Adapter();
  const uint64_t any = maker->dice().Roll();
  const int credits = maker->dice().OneIn(4) ? 1 : 200;
  return [any, credits](Talk& talk) {
    talk.OpenBidi();
    v1::SubscribeRequest request;
    v1::SubscribeResponse reply;
    request.mutable_open()->set_cursor(any % 3 == 0 ? "second" : "first");
    request.mutable_open()->set_credits(credits);
    talk.Send(request);
    v1::SubscribeRequest acknowledges;
    int number = 0;
    while (talk.Receive(&reply) && !reply.has_heartbeat()) {
      if (!reply.has_delivered()) continue;
      const uint64_t what = (any >> (number++ % 60)) & 7;
      if (what == 0) continue;
      v1::MessageOutcome* const outcome = acknowledges.mutable_acknowledge()->add_outcomes();
      outcome->set_message_id(reply.delivered().message_id());
      outcome->set_kind(what == 1   ? v1::MESSAGE_OUTCOME_KIND_REJECTED
                        : what == 2 ? v1::MESSAGE_OUTCOME_KIND_LATER
                                    : v1::MESSAGE_OUTCOME_KIND_DONE);
      if (what == 1) outcome->set_rejection(v1::MESSAGE_REJECTION_UNREADABLE);
      if (what == 2) outcome->mutable_delay()->set_seconds(3600);
    }
    if (reply.has_heartbeat() && acknowledges.has_acknowledge()) {
      talk.Send(acknowledges);
      (void)talk.Receive(&reply);
    }
    talk.FinishBidi();
  };
}

}  // namespace

std::vector<Generator> OversightGenerators() {
  return {
      {"/signpost.v1.AuditService/GetCheckpoint", 2, &GetCheckpoint},
      {"/signpost.v1.AuditService/GetProof", 3, &GetProof},
      {"/signpost.v1.AuditService/GetConsistency", 2, &GetConsistency},
      {"/signpost.v1.AuditService/GetEntry", 1, &GetEntry},
      {"/signpost.v1.AuditService/CopyLedger", 1, &CopyLedger},
      {"/signpost.v1.AuditService/SearchEntries", 1, &SearchEntries},
      {"/signpost.v1.AuditService/TailEntries", 1, &TailEntries},
      {"/signpost.v1.AuditService/FindPatterns", 1, &FindPatterns},
      {"/signpost.v1.AuditService/IssuePseudonyms", 1, &IssuePseudonyms},
      {"/signpost.v1.AuditService/AskJointLook", 1, &AskJointLook},
      {"/signpost.v1.AuditService/AgreeJointLook", 1, &AgreeJointLook},
      {"/signpost.v1.AuditService/EndJointLook", 1, &EndJointLook},
      {"/signpost.v1.AuditService/ListJointLooks", 1, &ListJointLooks},
      {"/signpost.v1.AuditService/VerifyPerson", 1, &VerifyPerson},
      {"/signpost.v1.AuditService/AnnounceSample", 1, &AnnounceSample},
      {"/signpost.v1.OverrideService/ListOverrides", 3, &ListOverrides},
      {"/signpost.v1.OverrideService/ReviewOverride", 2, &ReviewOverride},
      {"/signpost.v1.OverrideService/ReportOverrides", 1, &ReportOverrides},
      {"/signpost.v1.PersonService/ExportPerson", 2, &ExportPerson},
      {"/signpost.v1.PersonService/ErasePerson", 1, &ErasePerson},
      {"/signpost.v1.PersonService/SetShield", 2, &SetShield},
      {"/signpost.v1.PersonService/ListErasedRecords", 1, &ListErasedRecords},
      {"/signpost.v1.PersonService/AnswerErasedRecord", 1, &AnswerErasedRecord},
      {"/signpost.v1.ExchangeService/Subscribe", 6, &Subscribe},
  };
}

}  // namespace signpost::worlds
