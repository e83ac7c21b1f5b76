// Generators of IndexService: questions, reports and lists.

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/worlds/generators.h"

namespace signpost::worlds {

namespace {

Act Find(Maker* maker, Caller* caller) {
  v1::FindRequest request;
  request.set_request_id(maker->RequestId());
  request.set_purpose(maker->Purpose());
  *caller = maker->dice().OneIn(3) ? maker->Adapter() : maker->Anybody(request.purpose());
  return Asks<v1::FindRequest, v1::FindResponse>(
      [request, selector = maker->Selector()](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        return request;
      });
}

Act WhoKnows(Maker* maker, Caller* caller) {
  Dice& dice = maker->dice();
  v1::WhoKnowsRequest request;
  request.set_request_id(maker->RequestId());
  request.set_purpose(maker->Purpose());
  if (dice.OneIn(3)) {
    for (const v1::Aspect aspect : {v1::ASPECT_EXISTENCE, v1::ASPECT_AGENCY, v1::ASPECT_CONTACT,
                                    v1::ASPECT_ASSESSMENT, v1::ASPECT_CONTENT}) {
      if (!dice.OneIn(3)) request.add_aspects(aspect);
    }
    if (dice.OneIn(2)) request.set_assessment_kind(dice.OneIn(2) ? "asset" : "cin-plan");
  }
  if (dice.OneIn(3)) request.set_necessity("To plan with them what comes after the order.");
  const bool override = dice.OneIn(6);
  if (override) {
    request.set_purpose(v1::PURPOSE_SAFEGUARDING);
    request.mutable_override()->set_ground(v1::OVERRIDE_GROUND_VITAL_INTERESTS);
    request.mutable_override()->set_reason("Missing for six days, seen in a drugged state.");
  }
  *caller = maker->Anybody(request.purpose());
  if (override && maker->agency() != kOperator && dice.OneIn(2)) {
    *caller = maker->Manager();
    caller->purpose = PurposeWord(request.purpose());
  }
  return Asks<v1::WhoKnowsRequest, v1::WhoKnowsResponse>(
      [request, selector = maker->Selector()](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        return request;
      });
}

v1::FlagReport Report(Maker* maker) {
  Dice& dice = maker->dice();
  v1::FlagReport report = OpenFlag(maker->agency(), maker->RecordId(), maker->Details());
  if (dice.OneIn(5)) {
    report.set_status(dice.OneIn(2) ? v1::FLAG_STATUS_CLOSED : v1::FLAG_STATUS_RETRACTED);
    *report.mutable_closed_on() = report.opened_on();
    report.mutable_closed_on()->set_month(9);
  }
  if (dice.OneIn(3)) report.mutable_contact()->set_practitioner_id(dice.OneIn(2) ? "w2" : "");
  if (dice.OneIn(4)) report.add_assessments()->set_kind(dice.OneIn(2) ? "apir" : "asset");
  if (dice.OneIn(40)) report.set_service("drugz");
  return report;
}

Act ReportFlags(Maker* maker, Caller* caller) {
  *caller = maker->Adapter();
  std::vector<v1::FlagReport> reports;
  for (int i = maker->dice().Below(3); i >= 0; --i) reports.push_back(Report(maker));
  return Reports(std::move(reports));
}

Act Reconcile(Maker* maker, Caller* caller) {
  Dice& dice = maker->dice();
  *caller = maker->Adapter();
  v1::ReconcileRequest list;
  for (int i = 1; i <= 5; ++i) {
    if (!dice.OneIn(3)) list.add_open_record_ids(absl::StrCat("C-", i));
  }
  v1::ReconcileRequest finish;
  finish.mutable_finish()->set_request_id(maker->RequestId());
  if (dice.OneIn(4)) finish.mutable_finish()->set_close_missing_count(dice.Below(3));
  const bool whole = !dice.OneIn(10);
  return [list, finish, whole](Talk& talk) {
    std::vector<std::unique_ptr<google::protobuf::Message>> requests;
    requests.push_back(std::make_unique<v1::ReconcileRequest>(list));
    if (whole) requests.push_back(std::make_unique<v1::ReconcileRequest>(finish));
    v1::ReconcileResponse response;
    talk.ClientStream(requests, &response);
  };
}

}  // namespace

std::vector<Generator> IndexGenerators() {
  return {
      {"/signpost.v1.IndexService/Find", 10, &Find},
      {"/signpost.v1.IndexService/WhoKnows", 16, &WhoKnows},
      {"/signpost.v1.IndexService/ReportFlags", 16, &ReportFlags},
      {"/signpost.v1.IndexService/Reconcile", 4, &Reconcile},
  };
}

}  // namespace signpost::worlds
