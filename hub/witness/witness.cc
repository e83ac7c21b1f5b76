#include "hub/witness/witness.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/error.h"
#include "hub/base/files.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "hub/witness/request.h"

namespace signpost::witness {
namespace {

using base::Error;
using base::Reason;

constexpr char kText[] = "text/plain; charset=utf-8";

// Held by the one process that may use a state directory.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  ~DirectoryLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

  absl::Status Take(const std::string& directory) {
    if (::mkdir(directory.c_str(), S_IRWXU | S_IRGRP | S_IXGRP) != 0 && errno != EEXIST) {
      return Error(Reason::kStoreUnavailable, absl::StrCat("cannot make the state directory ",
                                                           directory, ": ", std::strerror(errno)));
    }
    const std::string path = directory + "/lock";
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd_ < 0) {
      return Error(Reason::kStoreUnavailable,
                   absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
    }
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      return Error(Reason::kStoreUnavailable,
                   absl::StrCat("another witness uses ", directory,
                                "; two would not know of each other's cosignatures"));
    }
    return absl::OkStatus();
  }

 private:
  int fd_ = -1;
};

Answer Refuse(int status, absl::string_view why) {
  return {status, kText, absl::StrCat(why, "\n")};
}

Answer Conflict(uint64_t size) { return {409, kSizeContentType, FormatSize(size)}; }

class WitnessImpl final : public Witness {
 public:
  WitnessImpl(const tlog::Cosigner* cosigner, const base::Clock* clock, base::JsonLog* log)
      : cosigner_(cosigner), clock_(clock), log_(log) {}

  absl::Status Load(const std::string& directory, std::vector<KnownLog> known) {
    SIGNPOST_RETURN_IF_ERROR(lock_.Take(directory));
    absl::StatusOr<tlog::NoteVerifier> own =
        tlog::NoteVerifier::ParseCosigner(cosigner_->verifier_key());
    if (!own.ok()) return own.status();
    for (KnownLog& one : known) {
      tlog::Hasher hasher;
      auto state = std::make_unique<State>();
      state->path = absl::StrCat(directory, "/", tlog::HashToHex(hasher.Digest(one.origin)));
      state->root = hasher.Digest("");
      state->verifiers = std::move(one.verifiers);
      SIGNPOST_RETURN_IF_ERROR(ReadState(one.origin, *own, state.get()));
      if (!states_.emplace(one.origin, std::move(state)).second) {
        return base::InvalidField("logs", absl::StrCat("name ", one.origin, " twice"));
      }
    }
    return absl::OkStatus();
  }

  Answer AddCheckpoint(const std::string& body) override {
    const absl::StatusOr<AddCheckpointRequest> request = ParseAddCheckpoint(body);
    if (!request.ok()) return Refuse(400, request.status().message());
    const absl::StatusOr<tlog::Note> note = tlog::ParseNote(request->checkpoint);
    if (!note.ok()) return Refuse(400, note.status().message());
    const absl::StatusOr<tlog::Checkpoint> checkpoint = tlog::ParseCheckpoint(note->text);
    if (!checkpoint.ok()) return Refuse(400, checkpoint.status().message());
    const auto found = states_.find(checkpoint->origin);
    if (found == states_.end()) return Refuse(404, "this witness does not know that log");
    State& state = *found->second;
    if (!tlog::OpenNote(request->checkpoint, state.verifiers).ok()) {
      return Refuse(403, "the checkpoint is not signed by that log");
    }
    if (request->old_size > checkpoint->size) {
      return Refuse(400, "the old size is beyond the checkpoint's");
    }
    // From the comparison to the file: otherwise two requests could each extend the same old one.
    absl::MutexLock lock(&state.mutex);
    if (request->old_size != state.size) {
      if (checkpoint->size < state.size) {
        log_->Warning("log_went_back", {{"origin", checkpoint->origin},
                                        {"size", checkpoint->size},
                                        {"cosigned_size", state.size}});
      }
      return Conflict(state.size);
    }
    if (checkpoint->size == state.size && checkpoint->root != state.root) {
      log_->Error("log_forked", {{"origin", checkpoint->origin}, {"size", checkpoint->size}});
      KeepEvidence(state, request->checkpoint);
      return Conflict(state.size);
    }
    if (!tlog::VerifyConsistency(state.size, checkpoint->size, request->proof, state.root,
                                 checkpoint->root)
             .ok()) {
      log_->Warning(
          "proof_does_not_hold",
          {{"origin", checkpoint->origin}, {"old_size", state.size}, {"size", checkpoint->size}});
      return Refuse(422, "the consistency proof does not hold");
    }
    return Cosign(*checkpoint, *note, state);
  }

 private:
  struct State {
    std::string path;
    std::vector<tlog::NoteVerifier> verifiers;
    absl::Mutex mutex;
    std::string cosigned ABSL_GUARDED_BY(mutex);  // the file; empty: never
    uint64_t size ABSL_GUARDED_BY(mutex) = 0;
    tlog::Hash root ABSL_GUARDED_BY(mutex){};
  };

  static absl::Status ReadState(const std::string& origin, const tlog::NoteVerifier& own,
                                State* state) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                              base::ReadWholeFile(state->path, tlog::kNoteBytesMax));
    if (!bytes.has_value()) return absl::OkStatus();
    // Our own signature, not the log's: what we said counts, whatever key the log has now.
    const absl::StatusOr<tlog::Checkpoint> checkpoint =
        tlog::OpenCheckpoint(*bytes, absl::MakeConstSpan(&own, 1));
    std::string wrong;
    if (!checkpoint.ok()) {
      wrong = std::string(checkpoint.status().message());
    } else if (checkpoint->origin != origin) {
      wrong = absl::StrCat("it is of ", checkpoint->origin);
    } else {
      absl::MutexLock lock(&state->mutex);
      state->cosigned = *bytes;
      state->size = checkpoint->size;
      state->root = checkpoint->root;
      return absl::OkStatus();
    }
    return Error(Reason::kDataLoss,
                 absl::StrCat("the state file ", state->path, " of ", origin,
                              " is not what this witness wrote (", wrong,
                              "). Put back the newest copy of it; where there is none, this "
                              "witness's key must not be used for that log any more: make another "
                              "with --make-key and an empty state directory"));
  }

  Answer Cosign(const tlog::Checkpoint& checkpoint, const tlog::Note& note, State& state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.mutex) {
    absl::StatusOr<std::string> line =
        cosigner_->Cosign(note.text, absl::ToUnixSeconds(clock_->Now()));
    if (!line.ok()) return Refuse(500, line.status().message());
    // Cosigning the same once more says nothing new that could be forgotten.
    if (state.cosigned.empty() || checkpoint.size != state.size) {
      std::string kept = tlog::FormatNote(note) + *line;
      const absl::Status written = base::ReplaceFile(state.path, kept);
      if (!written.ok()) {
        log_->Error("state_not_kept",
                    {{"origin", checkpoint.origin}, {"detail", std::string(written.message())}});
        return Refuse(500, "the witness could not keep its state");
      }
      state.cosigned = std::move(kept);
      state.size = checkpoint.size;
      state.root = checkpoint.root;
      log_->Info("cosigned", {{"origin", checkpoint.origin}, {"size", checkpoint.size}});
    }
    return {200, kText, *std::move(line)};
  }

  // Two notes of one size under the log's signature prove a fork to anybody. The first pair is
  // enough, and a file that grows with requests would fill the disk.
  void KeepEvidence(State& state, const std::string& note)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.mutex) {
    const std::string path = state.path + ".conflict";
    if (::access(path.c_str(), F_OK) == 0) return;
    const absl::Status written = base::ReplaceFile(path, absl::StrCat(state.cosigned, "\n", note));
    if (!written.ok()) {
      log_->Error("evidence_not_kept", {{"detail", std::string(written.message())}});
    }
  }

  DirectoryLock lock_;
  const tlog::Cosigner* const cosigner_;
  const base::Clock* const clock_;
  base::JsonLog* const log_;
  std::map<std::string, std::unique_ptr<State>> states_;  // by origin; fixed once loaded
};

}  // namespace

absl::StatusOr<std::unique_ptr<Witness>> Witness::Open(const std::string& state_directory,
                                                       std::vector<KnownLog> logs,
                                                       const tlog::Cosigner* cosigner,
                                                       const base::Clock* clock,
                                                       base::JsonLog* log) {
  auto witness = std::make_unique<WitnessImpl>(cosigner, clock, log);
  SIGNPOST_RETURN_IF_ERROR(witness->Load(state_directory, std::move(logs)));
  return std::unique_ptr<Witness>(std::move(witness));
}

}  // namespace signpost::witness
