#include "tests/scenarios/withdrawals.h"

#include <iterator>
#include <random>
#include <thread>
#include <utility>

namespace signpost::scenarios {
namespace {

// A person's records are kept, and past 64 that count nothing is shown at all: new persons.
constexpr int kTrialsPerPerson = 24;

}  // namespace

// One person whose consent comes and goes. `turn` is even while the last thing acknowledged is that
// there is no consent, odd from before a yes is sent until its withdrawal is acknowledged.
struct Withdrawals::Subject {
  std::string record_id;
  std::atomic<uint64_t> turn = 0;

  std::mutex mutex;                       // of what follows, all of it indices of the ledger
  std::map<uint64_t, uint64_t> in_force;  // a yes, and its withdrawal
  std::vector<uint64_t> shown;            // answers that showed

  // Answers that showed although the ledger has no yes in force before them.
  int OutOfOrder() {
    const std::lock_guard<std::mutex> lock(mutex);
    int count = 0;
    for (const uint64_t index : shown) {
      auto after = in_force.upper_bound(index);
      if (after == in_force.begin() || std::prev(after)->second < index) ++count;
    }
    return count;
  }
};

// Where one writer stands. What it has no answer to is kept, to be sent again.
struct Withdrawals::Writer {
  enum class Next { kPerson, kGive, kSee, kTakeBack, kRead };
  Next next = Next::kPerson;
  std::shared_ptr<Subject> subject;  // of mutex_
  int on_person = 0;
  int number = 0;  // of the person to make
  bool in_trial = false;
  bool crashed_since_acknowledged = false;
  v1::RecordConsentRequest give;
  v1::WithdrawConsentRequest take_back;
  uint64_t given = 0;
  bool pending = false;  // sent once already
};

Withdrawals::Withdrawals(Agencies* agencies, int trials, int writers, int askers)
    : agencies_(agencies), trials_(trials), askers_(askers) {
  for (int i = 0; i < writers; ++i) writers_.push_back(std::make_unique<Writer>());
}

Withdrawals::~Withdrawals() = default;

bool Withdrawals::Run() {
  ending_ = false;
  stopped_ = false;
  consents_ = agencies_->Consents("northern-connexions");
  for (const std::unique_ptr<Writer>& writer : writers_) {
    if (!crashed_) continue;
    writer->crashed_since_acknowledged = true;
    if (writer->pending) ++resent_;
  }
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Writer>& writer : writers_) {
    threads.emplace_back([this, writer = writer.get()] { Write(writer); });
  }
  for (int i = 0; i < askers_; ++i) threads.emplace_back([this, i] { KeepAsking(i); });
  for (size_t i = 0; i < threads.size(); ++i) {
    if (i == writers_.size()) stopped_ = true;
    threads[i].join();
  }
  crashed_ = done_trials_ < trials_;
  return !crashed_;
}

Withdrawals::Counts Withdrawals::Judge() const {
  Counts counts;
  counts.trials = done_trials_;
  counts.checked_reads = checked_reads_;
  counts.stale = stale_;
  counts.unseen = unseen_;
  counts.errors = errors_;
  counts.resent = resent_;
  counts.read_after_crash = read_after_crash_;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::shared_ptr<Subject>& subject : all_) {
    counts.stale += subject->OutOfOrder();
    counts.shows_judged += static_cast<int>(subject->shown.size());
  }
  return counts;
}

std::shared_ptr<Withdrawals::Subject> Withdrawals::SubjectOf(size_t writer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return writers_[writer]->subject;
}

bool Withdrawals::Failed() {
  if (!ending_) ++errors_;
  return false;
}

void Withdrawals::Write(Writer* writer) {
  int failures = 0;
  while (true) {
    if (!writer->in_trial) {
      if (begun_trials_.fetch_add(1) >= trials_) {
        --begun_trials_;
        return;
      }
      writer->in_trial = true;
    }
    if (Step(writer)) {
      failures = 0;
      continue;
    }
    // Killed while nobody expects it is an error that was counted; do not go on for ever.
    if (ending_ || ++failures > 3) return;
  }
}

bool Withdrawals::Step(Writer* writer) {
  using Next = Writer::Next;
  switch (writer->next) {
    case Next::kPerson:
      return NewSubject(writer);
    case Next::kGive:
      return Give(writer);
    case Next::kSee: {
      const Seen seen = Look(writer->subject.get());
      if (seen == Seen::kFailed) return false;
      if (seen == Seen::kHidden) ++unseen_;
      writer->next = Next::kTakeBack;
      return true;
    }
    case Next::kTakeBack:
      return TakeBack(writer);
    case Next::kRead: {
      const Seen seen = Look(writer->subject.get());
      if (seen == Seen::kFailed) return false;
      if (seen == Seen::kShown) ++stale_;
      if (writer->crashed_since_acknowledged) ++read_after_crash_;
      ++done_trials_;
      writer->in_trial = false;
      writer->next = ++writer->on_person == kTrialsPerPerson ? Next::kPerson : Next::kGive;
      return true;
    }
  }
  return false;
}

bool Withdrawals::NewSubject(Writer* writer) {
  if (!writer->pending) writer->number = ++persons_;
  writer->pending = true;
  // Letters at random, the same in every run: nobody is like anybody else.
  std::mt19937_64 letters(static_cast<uint64_t>(writer->number));
  const auto word = [&letters] {
    std::string text;
    for (int i = 0; i < 10; ++i) text += static_cast<char>('a' + letters() % 26);
    return text;
  };
  Known known;
  known.given = word();
  known.surname = word();
  known.postcode =
      "NT" + std::to_string(1 + letters() % 99) + " " + std::to_string(letters() % 10) + "AB";
  known.year = 2009;
  known.month = 1 + static_cast<int>(letters() % 12);
  known.day = 1 + static_cast<int>(letters() % 28);
  auto subject = std::make_shared<Subject>();
  subject->record_id = "W-" + std::to_string(writer->number);
  const v1::FlagReport held = WithAssessment(
      OpenFlag("H-" + std::to_string(writer->number), known, "youth-offending", "Dilys Hume"),
      "asset", {"lifestyle"});
  const v1::FlagReport asks = OpenFlag(subject->record_id, known, "connexions", "Maureen Oakes");
  for (const auto& [agency, report] :
       {std::pair<std::string, const v1::FlagReport*>("nortown-yot", &held),
        {"northern-connexions", &asks}}) {
    const v1::FlagOutcomeKind kind = agencies_->Report(agency, *report).kind();
    if (kind == v1::FLAG_OUTCOME_KIND_RECEIVED) continue;
    if (kind == v1::FLAG_OUTCOME_KIND_UNSPECIFIED || persons_ > 2 * trials_ + 100) return Failed();
    // Taken for somebody else, and waits for a person to decide: take the next.
    writer->pending = false;
    return true;
  }
  writer->pending = false;
  writer->on_person = 0;
  writer->next = Writer::Next::kGive;
  const std::lock_guard<std::mutex> lock(mutex_);
  writer->subject = subject;
  all_.push_back(std::move(subject));
  return true;
}

bool Withdrawals::Give(Writer* writer) {
  if (!writer->pending) {
    writer->give.Clear();
    writer->give.set_request_id(agencies_->RequestId());
    writer->give.mutable_person()->set_record_id(writer->subject->record_id);
    v1::Consent* consent = writer->give.mutable_consent();
    consent->set_decision(v1::CONSENT_DECISION_GIVEN);
    consent->mutable_scope()->add_recipient_agency_ids("northern-connexions");
    consent->set_explicit_(true);
    consent->mutable_valid_until()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 86400);
    // A court's, so that no birth date matters.
    consent->set_grantor(v1::GRANTOR_COURT);
    consent->set_grantor_name("Nortown Family Court");
    consent->set_evidence(v1::CONSENT_EVIDENCE_WRITTEN);
    ++writer->subject->turn;  // odd: may be shown
  }
  writer->pending = true;
  v1::RecordConsentResponse response;
  if (!consents_
           ->RecordConsent(agencies_->ContextOf(TariqsAdviser()).get(), writer->give, &response)
           .ok()) {
    return Failed();
  }
  writer->pending = false;
  writer->given = response.receipt().ledger_index();
  writer->take_back.Clear();
  writer->take_back.set_request_id(agencies_->RequestId());
  writer->take_back.mutable_person()->set_record_id(writer->subject->record_id);
  writer->take_back.set_consent_id(response.consent_id());
  writer->next = Writer::Next::kSee;
  return true;
}

bool Withdrawals::TakeBack(Writer* writer) {
  writer->pending = true;
  v1::WithdrawConsentResponse response;
  if (!consents_
           ->WithdrawConsent(agencies_->ContextOf(TariqsAdviser()).get(), writer->take_back,
                             &response)
           .ok()) {
    return Failed();
  }
  writer->pending = false;
  writer->crashed_since_acknowledged = false;
  {
    const std::lock_guard<std::mutex> lock(writer->subject->mutex);
    writer->subject->in_force[writer->given] = response.receipt().ledger_index();
  }
  ++writer->subject->turn;  // even: acknowledged
  writer->next = Writer::Next::kRead;
  return true;
}

Withdrawals::Seen Withdrawals::Look(Subject* subject) {
  v1::WhoKnowsRequest request =
      AskAboutRecord(agencies_, subject->record_id, v1::PURPOSE_SUPPORT_PLANNING);
  request.add_aspects(v1::ASPECT_CONTENT);
  const Answered answered = agencies_->Ask(TariqsAdviser(), request);
  if (!answered.status.ok()) {
    Failed();
    return Seen::kFailed;
  }
  const v1::FlagView* const flag = answered.Flag("nortown-yot");
  if (flag == nullptr || flag->content().empty()) {
    ++errors_;
    return Seen::kFailed;
  }
  if (flag->content(0).sections_open().empty()) return Seen::kHidden;
  const std::lock_guard<std::mutex> lock(subject->mutex);
  subject->shown.push_back(answered.receipt.ledger_index());
  return Seen::kShown;
}

void Withdrawals::KeepAsking(int asker) {
  size_t writer = static_cast<size_t>(asker);
  while (!stopped_ && !ending_) {
    writer = (writer + static_cast<size_t>(askers_)) % writers_.size();
    const std::shared_ptr<Subject> subject = SubjectOf(writer);
    if (subject == nullptr) {
      std::this_thread::yield();
      continue;
    }
    const uint64_t before = subject->turn;
    const Seen seen = Look(subject.get());
    if (seen == Seen::kFailed || before % 2 != 0 || subject->turn != before) continue;
    ++checked_reads_;
    if (seen == Seen::kShown) ++stale_;
  }
}

}  // namespace signpost::scenarios
