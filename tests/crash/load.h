// A Load is a crowd of clients that ask at once: two agencies' report streams (new, changed and
// re-sent records), a practitioner's questions, and young people's consents given and taken back.
// Each client notes what it was told.
//
// Start() and Join() are for one thread. The notebook is the load's from Start() until Join().

#ifndef SIGNPOST_TESTS_CRASH_LOAD_H_
#define SIGNPOST_TESTS_CRASH_LOAD_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/notebook.h"
#include "tests/scenarios/nortown.h"

namespace signpost::crash {

class Load {
 public:
  // Not owned. `seed` decides what is sent.
  Load(scenarios::Agencies* agencies, Notebook* notebook, uint64_t seed)
      : agencies_(agencies), notebook_(notebook), seed_(seed) {}

  // Reports, and waits for, the young people whose consents this load will record. Returns what was
  // refused.
  Problems Prepare(int consenters);
  void Start();
  // Call just before the hub is killed: from then on refusals are to be expected.
  void ExpectTheEnd() { ending_ = true; }
  // Waits for the clients, each of which ends at its first refusal. Returns what was wrong before
  // ExpectTheEnd().
  Problems Join();

 private:
  using Random = std::mt19937_64;

  void ReportMany(const std::string& agency, uint64_t seed);
  void AskMany(uint64_t seed);
  void ConsentMany();
  // Chooses the next report of `agency`'s stream, and notes it as sent.
  v1::FlagReport NextReport(const std::string& agency, Random* random, std::string* key,
                            int* version, bool* known);
  // Notes an outcome. False when it says that something is wrong.
  bool NoteOutcome(const std::string& key, int version, bool known, const v1::FlagOutcome& outcome);
  // True when the client should go on. A refusal before the end is a problem.
  bool Good(const std::string& what, const grpc::Status& status);
  void Complain(const std::string& problem);
  void NoteReceipt(ledger::v1::EntryKind kind, const v1::Receipt& receipt,
                   const std::string& answer_bytes);

  scenarios::Agencies* const agencies_;
  Notebook* const notebook_;
  const uint64_t seed_;
  std::atomic<bool> ending_ = false;
  std::mutex mutex_;  // of *notebook_ and problems_
  Problems problems_;
  size_t first_consenter_ = 0;
  std::vector<std::thread> threads_;
};

// Shared with the inspection.
scenarios::Worker WorkerOf(const std::string& agency);
v1::Purpose PurposeOf(const std::string& agency);
// The question whose answer opens content by consent alone.
v1::WhoKnowsRequest AskForContent(scenarios::Agencies* agencies, const std::string& record_id);
// Whether the answer opens sections of the youth offending team's assessment.
bool ShowsContent(const scenarios::Answered& answered);

}  // namespace signpost::crash

#endif  // SIGNPOST_TESTS_CRASH_LOAD_H_
