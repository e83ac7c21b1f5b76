// HubProcess is a real signpost-hub that a test kills. Everything it keeps is in one folder:
// config.json, store/, checkpoint, hub-<n>.log (the n-th start's standard error).
//
// For one thread, which must be the thread that lives longest: the kernel kills the child when the
// thread that started it ends, so that a test that is itself killed leaves no hub behind.

#ifndef SIGNPOST_TESTS_CRASH_HUB_PROCESS_H_
#define SIGNPOST_TESTS_CRASH_HUB_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace signpost::crash {

class HubProcess {
 public:
  // `binary` is the path of signpost-hub.
  explicit HubProcess(const std::string& binary);
  // Kills, and removes the folder unless a test of this program has failed.
  ~HubProcess();
  HubProcess(const HubProcess&) = delete;
  HubProcess& operator=(const HubProcess&) = delete;

  // Starts the hub on its store and waits until it serves. `sync` false: the negative control,
  // whose commits stay in the process's memory. Errors: FAILED_PRECONDITION with the hub's last
  // words when it ended instead; DEADLINE_EXCEEDED when it neither serves nor ends.
  [[nodiscard]] absl::Status Start(bool sync = true);
  // SIGKILL, and waits for the end.
  void Kill();
  // Kill(), and takes from the store's write-ahead logs whatever was not synced, as a power cut
  // would. With `disk_lies` nothing counts as synced since the start. Does the first alone where
  // CanCutPower() is false. Returns how many bytes were taken.
  int64_t CutPower(bool disk_lies = false);
  // Sanitizers' runtimes do not go with a preloaded library.
  static bool CanCutPower();
  // SIGTERM, and waits for the end. Errors: INTERNAL when it did not end with 0.
  [[nodiscard]] absl::Status Stop();
  // Removes the second copy of the checkpoint, with which the hub itself notices a lost store.
  void ForgetCheckpoint();

  bool running() const { return pid_ > 0; }
  const std::string& address() const { return address_; }
  const std::string& folder() const { return folder_; }

 private:
  void WriteConfig(bool sync) const;
  std::string LogFile() const;
  std::string WitnessFile() const;

  const std::string binary_;
  const std::string folder_;
  std::string address_;
  pid_t pid_ = 0;
  int starts_ = 0;
};

}  // namespace signpost::crash

#endif  // SIGNPOST_TESTS_CRASH_HUB_PROCESS_H_
