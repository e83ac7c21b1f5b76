// Witness is a co-signer (c2sp.org/tlog-witness) that keeps, for each log it knows, the largest
// checkpoint that it cosigned, and cosigns another only when a proof shows that it extends that
// one. So a log cannot show one history to some and another to others, nor go back, without its
// witness noticing.
//
// It sees sizes and hashes, never an entry.
//
// What it cosigned is on the disk before the answer is given: one file a log in the state
// directory, named by the SHA-256 of the origin, holding the checkpoint with the log's signature
// and its own. A state directory that is lost makes the witness forget, and what it cosigned before
// contradicts nothing any more: back it up, or make a new witness of another name.
//
// Thread-safe. `cosigner`, `clock` and `log` are not owned and must outlive it.

#ifndef SIGNPOST_HUB_WITNESS_WITNESS_H_
#define SIGNPOST_HUB_WITNESS_WITNESS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/base/clock.h"
#include "hub/base/json_log.h"
#include "hub/tlog/cosignature.h"
#include "hub/tlog/note.h"

namespace signpost::witness {

struct KnownLog {
  std::string origin;
  std::vector<tlog::NoteVerifier> verifiers;  // any of them may sign
};

// An answer over HTTP.
struct Answer {
  int status = 0;
  std::string content_type;
  std::string body;
};

class Witness {
 public:
  // Reads what was cosigned before. Errors: kInvalidField when two logs have one origin;
  // kStoreUnavailable when the directory cannot be used, or is another witness process's;
  // kDataLoss when a state file is torn, was not cosigned with this key, or is of another log:
  // without it the witness does not know what it said, and must not say more.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Witness>> Open(
      const std::string& state_directory, std::vector<KnownLog> logs,
      const tlog::Cosigner* cosigner, const base::Clock* clock, base::JsonLog* log);
  virtual ~Witness() = default;

  // Judges the body of an add-checkpoint request:
  //   200  cosigned; the body is the signature line
  //   400  malformed, or the old size is beyond the new
  //   403  not signed by the log's key
  //   404  of a log that is not known here
  //   409  the old size is not what was cosigned last; the body says what was. Also when the size
  //        is the same and the root is not: the log has two histories, and both signed notes are
  //        kept in a file `<state>.conflict`
  //   422  the proof does not show that the log was only appended to
  //   500  the state could not be kept; nothing was cosigned
  virtual Answer AddCheckpoint(const std::string& body) = 0;
};

}  // namespace signpost::witness

#endif  // SIGNPOST_HUB_WITNESS_WITNESS_H_
