// This is a trial that gives and takes back consents while others ask: what was withdrawn and
// acknowledged must be hidden from the next read on, and after a crash too.
//
// Each writer works on a person of its own, over mTLS as an agency's system does. Before a
// withdrawal the yes must show (else the trial would prove nothing); after its acknowledgement the
// writer's next read must hide, and so must every read of the concurrent askers that began after an
// acknowledgement and ended before the next yes was sent. Every answer that showed is held against
// the order of the ledger besides: there must be a yes in force before it.
//
// Construct, Run(), and where the hub was killed and serves again, Run() once more: each writer
// sends again what it had no answer to, under the same request id, and goes on from there. For one
// thread but for ExpectTheEnd().

#ifndef SIGNPOST_TESTS_SCENARIOS_WITHDRAWALS_H_
#define SIGNPOST_TESTS_SCENARIOS_WITHDRAWALS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {

class Withdrawals {
 public:
  struct Counts {
    int trials = 0;            // whole: shown, taken back, acknowledged, read
    int checked_reads = 0;     // of askers, that had to hide
    int shows_judged = 0;      // against the order of the ledger
    int stale = 0;             // showed what had been withdrawn: of these there must be none
    int unseen = 0;            // a yes did not show before it was taken back
    int errors = 0;            // calls that failed though the hub stood
    int resent = 0;            // requests sent again after a crash
    int read_after_crash = 0;  // acknowledged before a crash, first read after it
  };

  // `agencies` is not owned; Enrol() comes before.
  Withdrawals(Agencies* agencies, int trials, int writers, int askers);
  ~Withdrawals();
  Withdrawals(const Withdrawals&) = delete;
  Withdrawals& operator=(const Withdrawals&) = delete;

  // Goes on until all trials are done, or, after ExpectTheEnd(), until no call is answered. True
  // when all are done.
  [[nodiscard]] bool Run();
  // Call just before the hub is killed, from any thread.
  void ExpectTheEnd() { ending_ = true; }
  // How many trials are whole so far. Thread-safe.
  int trials_done() const { return done_trials_; }

  Counts Judge() const;

 private:
  struct Subject;
  struct Writer;
  enum class Seen { kShown, kHidden, kFailed };

  void Write(Writer* writer);
  // One step of one trial. False when the hub did not answer.
  bool Step(Writer* writer);
  bool NewSubject(Writer* writer);
  bool Give(Writer* writer);
  bool TakeBack(Writer* writer);
  void KeepAsking(int asker);
  Seen Look(Subject* subject);
  // False, and counted unless the end is expected.
  bool Failed();
  std::shared_ptr<Subject> SubjectOf(size_t writer);

  Agencies* const agencies_;
  const int trials_;
  const int askers_;
  std::unique_ptr<v1::ConsentService::Stub> consents_;
  std::atomic<bool> ending_ = false;
  std::atomic<bool> stopped_ = false;  // askers may end
  std::atomic<int> begun_trials_ = 0;
  std::atomic<int> done_trials_ = 0;
  std::atomic<int> persons_ = 0;
  std::atomic<int> checked_reads_ = 0;
  std::atomic<int> stale_ = 0;
  std::atomic<int> unseen_ = 0;
  std::atomic<int> errors_ = 0;
  std::atomic<int> resent_ = 0;
  std::atomic<int> read_after_crash_ = 0;
  bool crashed_ = false;
  mutable std::mutex mutex_;  // of subjects and all_
  std::vector<std::unique_ptr<Writer>> writers_;
  std::vector<std::shared_ptr<Subject>> all_;
};

}  // namespace signpost::scenarios

#endif  // SIGNPOST_TESTS_SCENARIOS_WITHDRAWALS_H_
