#include "tests/crash/load.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hub/base/crypto.h"
#include "hub/rpc/errors.h"

namespace signpost::crash {
namespace {

constexpr char kYot[] = "nortown-yot";
constexpr char kConnexions[] = "northern-connexions";
constexpr int kInFlight = 16;
// Persons of consenters are numbered apart from those of the streams.
constexpr int kFirstConsenter = 500'000;

std::string Key(const std::string& agency, const std::string& record_id) {
  return agency + "/" + record_id;
}

}  // namespace

scenarios::Worker WorkerOf(const std::string& agency) {
  return agency == kYot ? scenarios::YotOfficer() : scenarios::TariqsAdviser();
}

v1::Purpose PurposeOf(const std::string& agency) {
  return agency == kYot ? v1::PURPOSE_YOUTH_JUSTICE : v1::PURPOSE_SUPPORT_PLANNING;
}

v1::WhoKnowsRequest AskForContent(scenarios::Agencies* agencies, const std::string& record_id) {
  v1::WhoKnowsRequest request =
      scenarios::AskAboutRecord(agencies, record_id, v1::PURPOSE_SUPPORT_PLANNING);
  request.add_aspects(v1::ASPECT_CONTACT);
  request.add_aspects(v1::ASPECT_ASSESSMENT);
  request.add_aspects(v1::ASPECT_CONTENT);
  request.set_assessment_kind("asset");
  return request;
}

bool ShowsContent(const scenarios::Answered& answered) {
  const v1::FlagView* flag = answered.Flag(kYot);
  if (flag == nullptr) return false;
  for (const v1::ContentView& content : flag->content()) {
    if (content.sections_open_size() > 0) return true;
  }
  return false;
}

void Load::Complain(const std::string& problem) {
  const std::lock_guard<std::mutex> lock(mutex_);
  problems_.push_back("under load: " + problem);
}

bool Load::Good(const std::string& what, const grpc::Status& status) {
  if (status.ok()) return true;
  if (!ending_) {
    Complain(
        absl::StrCat(what, " was refused: ", status.error_code(), " ", status.error_message()));
  }
  return false;
}

void Load::NoteReceipt(ledger::v1::EntryKind kind, const v1::Receipt& receipt,
                       const std::string& answer_bytes) {
  ReceiptNote note{kind, receipt, answer_bytes.empty() ? "" : base::Sha256(answer_bytes)};
  const std::lock_guard<std::mutex> lock(mutex_);
  notebook_->receipts.push_back(std::move(note));
}

Problems Load::Prepare(int consenters) {
  first_consenter_ = notebook_->consenters.size();
  for (int i = 0; i < consenters; ++i) {
    const int number = kFirstConsenter + static_cast<int>(notebook_->consenters.size());
    ConsenterNote consenter;
    for (const char* agency : {kYot, kConnexions}) {
      RecordNote note{agency, absl::StrCat("consent-", number), number, 1, 0, "", true};
      const std::string key = Key(agency, note.record_id);
      const v1::FlagReport report = Report(note, 1);
      consenter.record_id = note.record_id;
      notebook_->records[key] = std::move(note);
      NoteOutcome(key, 1, false, agencies_->Report(agency, report));
    }
    notebook_->consenters.push_back(std::move(consenter));
  }
  return problems_;
}

v1::FlagReport Load::NextReport(const std::string& agency, Random* random, std::string* key,
                                int* version, bool* known) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Both agencies number their records alike, so that both report the same young people at once.
  int count = 0;
  while (notebook_->records.count(Key(agency, absl::StrCat("R-", count + 64))) > 0) count += 64;
  while (notebook_->records.count(Key(agency, absl::StrCat("R-", count))) > 0) ++count;
  const auto dice = (*random)() % 100;
  const bool is_new = count == 0 || dice < 45;
  const int number = is_new ? count : static_cast<int>((*random)() % static_cast<uint64_t>(count));
  const std::string record_id = absl::StrCat("R-", number);
  *key = Key(agency, record_id);
  RecordNote& note = notebook_->records[*key];
  if (is_new) note = {agency, record_id, number, 0, 0, "", true};
  note.touched = true;
  const bool again = dice >= 80 && note.sent > 0;
  *known = again && note.acknowledged == note.sent;
  if (!again) ++note.sent;
  *version = note.sent;
  return Report(note, *version);
}

bool Load::NoteOutcome(const std::string& key, int version, bool known,
                       const v1::FlagOutcome& outcome) {
  std::string wrong;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    RecordNote& note = notebook_->records[key];
    const bool changed = outcome.has_receipt();
    if (outcome.kind() != v1::FLAG_OUTCOME_KIND_RECEIVED) {
      wrong = absl::StrCat("became ", v1::FlagOutcomeKind_Name(outcome.kind()), " ",
                           v1::ErrorReason_Name(outcome.reason()));
    } else if (changed && known) {
      wrong = "was acknowledged, sent again, and changed something";
    } else {
      note.acknowledged = std::max(note.acknowledged, version);
      ++(known ? notebook_->acknowledged_resends : notebook_->acknowledged_flags);
    }
  }
  if (outcome.has_receipt()) {
    NoteReceipt(ledger::v1::ENTRY_KIND_FLAG_CHANGED, outcome.receipt(), "");
  }
  if (wrong.empty()) return true;
  Complain(absl::StrCat(key, " version ", version, " ", wrong));
  return false;
}

void Load::ReportMany(const std::string& agency, uint64_t seed) {
  struct Sent {
    std::string key;
    int version;
    bool known;
  };
  Random random(seed);
  grpc::ClientContext context;
  const auto stub = agencies_->Index(agency, "adapter");
  const auto stream = stub->ReportFlags(&context);
  v1::ReportFlagsRequest request;
  request.mutable_open()->set_feed("crash");
  v1::ReportFlagsResponse response;
  bool going = stream->Write(request) && stream->Read(&response);
  std::map<uint64_t, Sent> in_flight;
  uint64_t sequence = 0;
  while (going) {
    while (going && in_flight.size() < kInFlight) {
      Sent sent;
      *request.mutable_report() =
          NextReport(agency, &random, &sent.key, &sent.version, &sent.known);
      request.mutable_report()->set_sequence(++sequence);
      in_flight[sequence] = std::move(sent);
      going = stream->Write(request);
    }
    // What was acknowledged before the end is read to the last message, also after a failed write.
    if (!stream->Read(&response)) break;
    const auto sent = in_flight.find(response.outcome().sequence());
    if (sent == in_flight.end()) {
      Complain("an outcome for a report that was not sent");
      break;
    }
    going = NoteOutcome(sent->second.key, sent->second.version, sent->second.known,
                        response.outcome()) &&
            going;
    in_flight.erase(sent);
  }
  while (stream->Read(&response)) {
    const auto sent = in_flight.find(response.outcome().sequence());
    if (sent == in_flight.end()) break;
    NoteOutcome(sent->second.key, sent->second.version, sent->second.known, response.outcome());
    in_flight.erase(sent);
  }
  context.TryCancel();
  Good("a report stream of " + agency, stream->Finish());
}

void Load::AskMany(uint64_t seed) {
  Random random(seed);
  for (int asked = 0;; ++asked) {
    if (asked % 5 == 1) {
      // A refusal is recorded too.
      v1::FindRequest request;
      request.set_request_id(agencies_->RequestId());
      *request.mutable_person()->mutable_details() =
          Person(900'000 + static_cast<int>(random() % 1000));
      request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
      v1::FindResponse response;
      const grpc::Status status =
          agencies_->Index(kConnexions)
              ->Find(agencies_->ContextOf(WorkerOf(kConnexions)).get(), request, &response);
      if (const auto receipt = rpc::ReceiptOnWire(status); receipt.has_value()) {
        NoteReceipt(ledger::v1::ENTRY_KIND_FIND, *receipt, "");
        const std::lock_guard<std::mutex> lock(mutex_);
        ++notebook_->refusals;
      } else if (!Good("Find", status)) {
        return;
      }
      continue;
    }
    RecordNote before;
    std::string key;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      auto chosen = notebook_->records.begin();
      std::advance(chosen, static_cast<int64_t>(random() % notebook_->records.size()));
      while (chosen->second.acknowledged == 0) {  // ends: those of Prepare() are acknowledged
        if (++chosen == notebook_->records.end()) chosen = notebook_->records.begin();
      }
      key = chosen->first;
      before = chosen->second;
    }
    scenarios::Worker worker = WorkerOf(before.agency);
    const scenarios::Answered answered = agencies_->Ask(
        worker, scenarios::AskAboutRecord(agencies_, before.record_id, PurposeOf(before.agency)));
    if (!Good("WhoKnows", answered.status)) return;
    NoteReceipt(ledger::v1::ENTRY_KIND_WHO_KNOWS, answered.receipt, answered.answer_bytes);
    const v1::FlagView* flag = answered.Flag(before.agency);
    const std::lock_guard<std::mutex> lock(mutex_);
    ++notebook_->answers;
    // What was acknowledged before the question is in the answer; nothing is that was not sent by
    // now.
    before.sent = notebook_->records[key].sent;
    CheckRecord(before, flag == nullptr ? std::nullopt : std::optional<v1::FlagView>(*flag),
                &problems_);
  }
}

void Load::ConsentMany() {
  const auto stub = agencies_->Consents(kConnexions);
  const scenarios::Worker worker = WorkerOf(kConnexions);
  // Asks, and holds the answer against what must be so.
  const auto ask = [&](const std::string& record_id, bool shown) {
    const scenarios::Answered answered =
        agencies_->Ask(worker, AskForContent(agencies_, record_id));
    if (!Good("WhoKnows about content", answered.status)) return false;
    NoteReceipt(ledger::v1::ENTRY_KIND_WHO_KNOWS, answered.receipt, answered.answer_bytes);
    if (ShowsContent(answered) == shown) return true;
    Complain(shown ? "consent was acknowledged and the answer shows nothing"
                   : "a withdrawal was acknowledged and the answer shows");
    return false;
  };
  for (size_t turn = first_consenter_;; ++turn) {
    if (turn == notebook_->consenters.size()) turn = first_consenter_;
    ConsenterNote& consenter = notebook_->consenters[turn];  // no other client's
    v1::RecordConsentRequest record;
    record.set_request_id(agencies_->RequestId());
    record.mutable_person()->set_record_id(consenter.record_id);
    v1::Consent* consent = record.mutable_consent();
    consent->set_decision(v1::CONSENT_DECISION_GIVEN);
    consent->mutable_scope()->add_holder_agency_ids(kYot);
    consent->mutable_scope()->add_recipient_agency_ids(kConnexions);
    consent->mutable_scope()->add_purposes(v1::PURPOSE_SUPPORT_PLANNING);
    consent->set_explicit_(true);
    consent->mutable_valid_until()->set_seconds(
        absl::ToUnixSeconds(absl::Now() + absl::Hours(24 * 90)));
    consent->set_grantor(v1::GRANTOR_SELF);
    consent->set_evidence(v1::CONSENT_EVIDENCE_WRITTEN);
    consenter.consents.push_back({record, "", std::nullopt, false});
    v1::RecordConsentResponse recorded;
    if (!Good("RecordConsent",
              stub->RecordConsent(agencies_->ContextOf(worker).get(), record, &recorded))) {
      return;
    }
    consenter.consents.back().consent_id = recorded.consent_id();
    NoteReceipt(ledger::v1::ENTRY_KIND_CONSENT_RECORDED, recorded.receipt(), "");
    ++notebook_->acknowledged_consents;
    if (!ask(consenter.record_id, true)) return;

    v1::WithdrawConsentRequest withdraw;
    withdraw.set_request_id(agencies_->RequestId());
    withdraw.mutable_person()->set_record_id(consenter.record_id);
    withdraw.set_consent_id(recorded.consent_id());
    withdraw.set_note("Said so at our meeting.");
    consenter.consents.back().withdraw = withdraw;
    v1::WithdrawConsentResponse withdrawn;
    if (!Good("WithdrawConsent",
              stub->WithdrawConsent(agencies_->ContextOf(worker).get(), withdraw, &withdrawn))) {
      return;
    }
    consenter.consents.back().withdrawn = true;
    NoteReceipt(ledger::v1::ENTRY_KIND_CONSENT_WITHDRAWN, withdrawn.receipt(), "");
    ++notebook_->acknowledged_withdrawals;
    if (!ask(consenter.record_id, false)) return;
  }
}

void Load::Start() {
  threads_.emplace_back([this] { ReportMany(kYot, seed_ + 1); });
  threads_.emplace_back([this] { ReportMany(kConnexions, seed_ + 2); });
  threads_.emplace_back([this] { AskMany(seed_ + 3); });
  threads_.emplace_back([this] { ConsentMany(); });
}

Problems Load::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return problems_;
}

}  // namespace signpost::crash
