// Witnessing is a client that asks witnesses, partners who co-sign checkpoints (hub/witness), so
// that the hub itself could not show two histories or go back unnoticed.
//
// After each published checkpoint, at most once an interval, every witness is sent the latest one
// with a proof that it extends what that witness co-signed last. What all required witnesses
// co-signed is kept in a file outside the store, as the checkpoint file is, and for the same
// reason: a store that is put back must not take it along. So it is a file and no row, and writing
// it goes past the sequencer. At start the sequencer reads it (Sequencer::Options::witnessed_file).
//
// A witness that does not answer, or refuses, is a matter for people: it is told of, and nothing
// waits for it. The one thing that a required witness holds up is `witnessed()`.
//
// Thread-safe. Owns one thread, and one more for each witness while it is being asked. `store` is
// not owned and must outlive it.

#ifndef SIGNPOST_HUB_LEDGER_WITNESSING_H_
#define SIGNPOST_HUB_LEDGER_WITNESSING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/store/store.h"
#include "hub/witness/http.h"

namespace signpost::ledger {

class Witnessing {
 public:
  struct Partner {
    std::string verifier_key;  // of type 0x04
    bool required = true;
    std::unique_ptr<witness::WitnessChannel> channel;
  };
  struct Options {
    std::string log_verifier_key;
    // Where the latest checkpoint is kept that all required witnesses co-signed or, where none is
    // required, the latest that any did. Empty: nowhere.
    std::string file;
    absl::Duration interval = absl::Seconds(1);     // between two rounds, at least
    absl::Duration retry_max = absl::Seconds(30);   // between two attempts at one that fails
    absl::Duration alarm_after = absl::Minutes(5);  // without a cosignature: missing
  };

  enum class Standing {
    kGood,     // or too early to say
    kMissing,  // has not co-signed for Options::alarm_after
    kRefuses,  // says that the ledger went back or forked; told of at once
  };
  struct State {
    std::string name;
    std::string verifier_key;
    bool required = true;
    uint64_t cosigned_size = 0;  // 0: never, as far as is known here
    std::optional<absl::Time> cosigned_at;
    Standing standing = Standing::kGood;
    std::string problem;  // of the last attempt, for operators; empty when it went well
  };
  // Hears of a change of standing, on this object's thread. An error means that it was not
  // recorded, and it is told again at the next round.
  using OnChange = absl::AnyInvocable<absl::Status(const State&)>;

  // Reads what was kept. Errors: kInvalidField when a key is malformed or two are one;
  // kStoreUnavailable when the file is there and cannot be read; kDataLoss when it holds no
  // checkpoint of this ledger, or a false cosignature.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Witnessing>> Create(
      Options options, std::vector<Partner> partners, const store::Store* store,
      OnChange on_change);
  // As Stop().
  virtual ~Witnessing() = default;

  // Begins. Call once.
  virtual void Start() = 0;
  // Ends; requests under way are given up. Idempotent. Nothing is told of after it returned.
  virtual void Stop() = 0;

  // In the order of the partners.
  virtual std::vector<State> states() const = 0;
  // The signed note described at Options::file; empty when there is none yet.
  virtual std::string witnessed() const = 0;
};

// "good", "missing", "refuses".
const char* StandingName(Witnessing::Standing standing);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_WITNESSING_H_
