// Inspector is a checker that holds a notebook against a hub that was killed and started again: the
// records' own agencies ask about them, an auditor copies the ledger and verifies it offline.
//
// Not thread-safe.

#ifndef SIGNPOST_TESTS_CRASH_INSPECTOR_H_
#define SIGNPOST_TESTS_CRASH_INSPECTOR_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "hub/tlog/note.h"
#include "tests/crash/notebook.h"
#include "tests/scenarios/nortown.h"

namespace signpost::crash {

class Inspector {
 public:
  // Copies of the ledger go into `folder`. `verifier` is the key as it was made, not as the hub
  // tells it. Not owned.
  Inspector(scenarios::Agencies* agencies, Notebook* notebook, const std::string& folder,
            const tlog::NoteVerifier& verifier, uint64_t seed)
      : agencies_(agencies),
        notebook_(notebook),
        folder_(folder),
        verifiers_({verifier}),
        random_(seed) {}

  // Inspects what was touched since the last time and a sample of the rest, or everything. Each
  // receipt ever given is looked up in the copied ledger every time; proofs are fetched for new
  // ones and a sample. Settles the notebook: what was pending is now known to be done or not, and
  // pending consents were sent again.
  Problems Inspect(bool everything);

  // The latest copy, a tlog-tiles directory.
  const std::string& copy() const { return copy_; }

 private:
  void InspectRecords(bool everything, Problems* problems);
  void InspectConsenters(bool everything, Problems* problems);
  void InspectConsenter(ConsenterNote* note, Problems* problems);
  // One look at a consenter; false when there was no answer.
  bool LookAt(ConsenterNote* note, Problems* problems);
  void InspectLedger(bool everything, Problems* problems);
  void InspectProofs(const std::vector<std::string>& entries, bool everything, Problems* problems);
  std::vector<std::string> CopyLedger(Problems* problems);

  scenarios::Agencies* const agencies_;
  Notebook* const notebook_;
  const std::string folder_;
  const std::vector<tlog::NoteVerifier> verifiers_;
  std::mt19937_64 random_;
  std::vector<std::string> checkpoints_;  // of all copies
  std::string copy_;
  size_t receipts_proved_ = 0;  // that many were chosen before
  size_t consenters_inspected_ = 0;
};

}  // namespace signpost::crash

#endif  // SIGNPOST_TESTS_CRASH_INSPECTOR_H_
