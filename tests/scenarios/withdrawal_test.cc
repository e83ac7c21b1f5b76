// Withdrawal acknowledged, next read hides: under concurrent load, as many times as
// SIGNPOST_WITHDRAWALS says.
//
// Writers give and take back a consent on persons of their own, over mTLS as an agency's system
// does; before each withdrawal the yes must show (else the trial would prove nothing), after each
// acknowledgement the writer's next read must hide, and so must every read of the concurrent askers
// that began after an acknowledgement and ended before the next yes was sent. Broken once by
// judging the person's row without the precondition that it is unchanged (no preconditions in
// MakeWhoKnows): then readers that were judged before a withdrawal answer after it.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

constexpr int kWriters = 2;
constexpr int kAskers = 2;
// A person's records are kept, and past 64 that count nothing is shown at all: new persons.
constexpr int kTrialsPerPerson = 24;

int TrialsWanted() {
  const char* text = std::getenv("SIGNPOST_WITHDRAWALS");
  return text == nullptr ? 120 : std::atoi(text);
}

// One person whose consent comes and goes. `turn` is even while the last thing acknowledged is that
// there is no consent, odd from before a yes is sent until its withdrawal is acknowledged.
struct Subject {
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

class Trial {
 public:
  explicit Trial(int wanted) : trials_(wanted) {
    for (int i = 0; i < kWriters; ++i) NewSubject(i);
  }

  void Run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < kWriters; ++i) threads.emplace_back([this, i] { Write(i); });
    for (int i = 0; i < kAskers; ++i) threads.emplace_back([this, i] { KeepAsking(i); });
    for (int i = 0; i < kWriters; ++i) threads[static_cast<size_t>(i)].join();
    done_ = true;
    for (size_t i = kWriters; i < threads.size(); ++i) threads[i].join();
    for (const std::shared_ptr<Subject>& subject : all_) {
      out_of_order += subject->OutOfOrder();
      shows_judged += static_cast<int>(subject->shown.size());
    }
  }

  std::atomic<int> trials = 0;
  std::atomic<int> checked_reads = 0;  // of askers, that had to hide
  std::atomic<int> shows = 0;
  std::atomic<int> stale = 0;
  std::atomic<int> errors = 0;
  int shows_judged = 0;  // against the order of the ledger
  int out_of_order = 0;

 private:
  std::shared_ptr<Subject> SubjectOf(int writer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return subjects_[static_cast<size_t>(writer)];
  }

  void NewSubject(int writer) {
    const int number = ++persons_;
    // Letters at random, the same in every run: nobody is like anybody else.
    std::mt19937_64 letters(static_cast<uint64_t>(number));
    const auto word = [&letters] {
      std::string text;
      for (int i = 0; i < 10; ++i) text += static_cast<char>('a' + letters() % 26);
      return text;
    };
    const std::string given = word();
    const std::string surname = word();
    const std::string postcode =
        "NT" + std::to_string(1 + letters() % 99) + " " + std::to_string(letters() % 10) + "AB";
    auto subject = std::make_shared<Subject>();
    subject->record_id = "W-" + std::to_string(number);
    const Known known = {given,
                         surname,
                         2009,
                         1 + static_cast<int>(letters() % 12),
                         1 + static_cast<int>(letters() % 28),
                         postcode,
                         ""};
    v1::FlagReport held = WithAssessment(
        OpenFlag("H-" + std::to_string(number), known, "youth-offending", "Dilys Hume"), "asset",
        {"lifestyle"});
    if (nortown_.Report("nortown-yot", held).kind() != v1::FLAG_OUTCOME_KIND_RECORDED ||
        nortown_.Report("northern-connexions",
                        OpenFlag(subject->record_id, known, "connexions", "Maureen Oakes"))
                .kind() != v1::FLAG_OUTCOME_KIND_RECORDED) {
      // Taken for somebody else, and waits for a person to decide: take the next.
      if (++not_recorded_ <= trials_ / kTrialsPerPerson + 8) return NewSubject(writer);
      ++errors;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    subjects_[static_cast<size_t>(writer)] = subject;
    all_.push_back(std::move(subject));
  }

  // 1 shown, 0 hidden, -1 no answer.
  int Shows(Subject* subject) {
    v1::WhoKnowsRequest request =
        AskAboutRecord(&nortown_, subject->record_id, v1::PURPOSE_SUPPORT_PLANNING);
    request.add_aspects(v1::ASPECT_CONTENT);
    const Answered answered = nortown_.Ask(TariqsAdviser(), request);
    if (!answered.status.ok() || answered.Flag("nortown-yot") == nullptr ||
        answered.Flag("nortown-yot")->content().empty()) {
      ++errors;
      return -1;
    }
    if (answered.Flag("nortown-yot")->content(0).sections_open().empty()) return 0;
    const std::lock_guard<std::mutex> lock(subject->mutex);
    subject->shown.push_back(answered.receipt.ledger_index());
    return 1;
  }

  bool Give(const Subject& subject, std::string* consent_id, uint64_t* index) {
    v1::RecordConsentRequest request;
    request.set_request_id(nortown_.RequestId());
    request.mutable_person()->set_record_id(subject.record_id);
    v1::Consent* consent = request.mutable_consent();
    consent->set_decision(v1::CONSENT_DECISION_GIVEN);
    consent->mutable_scope()->add_recipient_agency_ids("northern-connexions");
    consent->set_explicit_(true);
    consent->mutable_valid_until()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 86400);
    // A court's, so that no birth date matters.
    consent->set_grantor(v1::GRANTOR_COURT);
    consent->set_grantor_name("Nortown Family Court");
    consent->set_evidence(v1::EVIDENCE_WRITTEN);
    v1::RecordConsentResponse response;
    const bool ok =
        consents_->RecordConsent(nortown_.ContextOf(TariqsAdviser()).get(), request, &response)
            .ok();
    *consent_id = response.consent_id();
    *index = response.receipt().ledger_index();
    return ok;
  }

  bool TakeBack(const Subject& subject, const std::string& consent_id, uint64_t* index) {
    v1::WithdrawConsentRequest request;
    request.set_request_id(nortown_.RequestId());
    request.mutable_person()->set_record_id(subject.record_id);
    request.set_consent_id(consent_id);
    v1::WithdrawConsentResponse response;
    const bool ok =
        consents_->WithdrawConsent(nortown_.ContextOf(TariqsAdviser()).get(), request, &response)
            .ok();
    *index = response.receipt().ledger_index();
    return ok;
  }

  void Write(int writer) {
    int on_person = 0;
    while (trials.fetch_add(1) < trials_) {
      if (on_person == kTrialsPerPerson) {
        NewSubject(writer);
        on_person = 0;
      }
      ++on_person;
      const std::shared_ptr<Subject> subject = SubjectOf(writer);
      std::string consent_id;
      uint64_t given = 0;
      uint64_t taken = 0;
      ++subject->turn;  // odd: may be shown
      if (!Give(*subject, &consent_id, &given)) {
        ++errors;
        continue;
      }
      if (Shows(subject.get()) == 1) ++shows;
      if (!TakeBack(*subject, consent_id, &taken)) {
        ++errors;
        continue;
      }
      ++subject->turn;  // even: acknowledged
      {
        const std::lock_guard<std::mutex> lock(subject->mutex);
        subject->in_force[given] = taken;
      }
      if (Shows(subject.get()) == 1) ++stale;
    }
    --trials;
  }

  void KeepAsking(int asker) {
    while (!done_) {
      const std::shared_ptr<Subject> subject = SubjectOf(asker % kWriters);
      const uint64_t before = subject->turn;
      const int shown = Shows(subject.get());
      if (before % 2 != 0 || subject->turn != before) continue;
      ++checked_reads;
      if (shown == 1) ++stale;
    }
  }

  const int trials_;
  Nortown nortown_;
  const std::unique_ptr<v1::ConsentService::Stub> consents_ =
      nortown_.Consents("northern-connexions");
  std::atomic<int> persons_ = 0;
  std::atomic<int> not_recorded_ = 0;
  std::mutex mutex_;  // of subjects_ and all_
  std::shared_ptr<Subject> subjects_[kWriters];
  std::vector<std::shared_ptr<Subject>> all_;
  std::atomic<bool> done_ = false;
};

TEST(Withdrawal, AcknowledgedMeansHiddenFromTheNextReadOn) {
  const int wanted = TrialsWanted();
  ASSERT_GT(wanted, 0) << "SIGNPOST_WITHDRAWALS is to be a number of trials";
  Trial trial(wanted);
  trial.Run();
  std::printf(
      "withdrawal_trials %d\nwithdrawal_concurrent_reads_checked %d\n"
      "withdrawal_shows_in_ledger_order %d\nstale_shows %d\n",
      trial.trials.load(), trial.checked_reads.load(), trial.shows_judged,
      trial.stale.load() + trial.out_of_order);
  EXPECT_EQ(trial.trials, wanted);
  EXPECT_EQ(trial.errors, 0);
  EXPECT_EQ(trial.shows, wanted);  // every yes was seen before it was taken back
  EXPECT_GT(trial.checked_reads, 0);
  EXPECT_EQ(trial.stale, 0);
  EXPECT_EQ(trial.out_of_order, 0);
}

}  // namespace
}  // namespace signpost::scenarios
