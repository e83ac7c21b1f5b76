#include "hub/ledger/witnessing.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "hub/base/error.h"
#include "hub/base/files.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/reader.h"
#include "hub/tlog/cosignature.h"
#include "hub/witness/request.h"

namespace signpost::ledger {
namespace {

using base::Error;
using base::Reason;
using Standing = Witnessing::Standing;

// Sent with a size that the witness did not have, told the right one, sent again; once more where
// another request came between.
constexpr int kAttemptsMax = 3;
// Where nothing new is published a witness is asked so often within `alarm_after`, so that one that
// is gone is noticed also at night.
constexpr int kHeartbeats = 4;
constexpr int kFailuresMax = 30;  // what is counted; it bounds a power of two

// What came of asking one witness.
struct Outcome {
  std::string lines;  // as it answered, with its true cosignature among them; empty: none
  bool refuses = false;
  std::string problem;
  std::optional<int64_t> time_s;  // of the cosignature, once it is merged
};

class WitnessingImpl final : public Witnessing {
 public:
  WitnessingImpl(Options options, const store::Store* store, OnChange on_change)
      : options_(std::move(options)), store_(store), on_change_(std::move(on_change)) {}
  ~WitnessingImpl() override { Stop(); }

  absl::Status Load(std::vector<Partner> partners) {
    absl::StatusOr<tlog::NoteVerifier> log = tlog::NoteVerifier::Parse(options_.log_verifier_key);
    if (!log.ok()) return log.status();
    for (Partner& partner : partners) {
      absl::StatusOr<tlog::NoteVerifier> verifier =
          tlog::NoteVerifier::ParseCosigner(partner.verifier_key);
      if (!verifier.ok()) {
        return base::InvalidField("witnesses", std::string(verifier.status().message()));
      }
      for (const std::unique_ptr<Asked>& other : asked_) {
        if (other->verifier.name() != verifier->name()) continue;
        return base::InvalidField("witnesses", absl::StrCat("name ", verifier->name(), " twice"));
      }
      auto asked = std::make_unique<Asked>(*std::move(verifier), partner.required,
                                           std::move(partner.channel));
      asked->state.name = asked->verifier.name();
      asked->state.verifier_key = std::move(partner.verifier_key);
      asked->state.required = partner.required;
      asked_.push_back(std::move(asked));
    }
    return ReadKept(*log);
  }

  void Start() override {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = absl::Now();
    for (const std::unique_ptr<Asked>& asked : asked_) asked->last_good = now;
    thread_ = std::thread([this] { Run(); });
  }

  void Stop() override {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    for (const std::unique_ptr<Asked>& asked : asked_) asked->channel->Cancel();
    if (thread_.joinable()) thread_.join();
  }

  std::vector<State> states() const override {
    absl::MutexLock lock(&mutex_);
    std::vector<State> states;
    states.reserve(asked_.size());
    for (const std::unique_ptr<Asked>& asked : asked_) states.push_back(asked->state);
    return states;
  }

  std::string witnessed() const override {
    absl::MutexLock lock(&mutex_);
    return witnessed_;
  }

 private:
  // One witness. All but `state` is this object's thread's own, or for the length of a round that
  // of the one which asks it.
  struct Asked {
    Asked(tlog::NoteVerifier v, bool r, std::unique_ptr<witness::WitnessChannel> c)
        : verifier(std::move(v)), required(r), channel(std::move(c)) {}

    const tlog::NoteVerifier verifier;
    const bool required;
    const std::unique_ptr<witness::WitnessChannel> channel;
    uint64_t size = 0;  // what it co-signed last, as far as we know
    bool has_current = false;
    absl::Time last_good;
    absl::Time next = absl::InfinitePast();
    int failures = 0;
    Standing told = Standing::kGood;
    State state;  // guarded by mutex_
  };

  absl::Status ReadKept(const tlog::NoteVerifier& log) {
    if (options_.file.empty()) return absl::OkStatus();
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                              base::ReadWholeFile(options_.file, tlog::kNoteBytesMax));
    if (!note.has_value()) return absl::OkStatus();
    std::vector<tlog::NoteVerifier> verifiers;
    for (const std::unique_ptr<Asked>& asked : asked_) verifiers.push_back(asked->verifier);
    const absl::StatusOr<tlog::CosignedCheckpoint> kept =
        tlog::OpenCosigned(*note, absl::MakeConstSpan(&log, 1), verifiers);
    if (!kept.ok()) {
      return Error(Reason::kDataLoss,
                   absl::StrCat("the witnessed checkpoint in ", options_.file,
                                " cannot be used: ", kept.status().message(),
                                "; keep it for the auditor, and put back the right one"));
    }
    bool all = false;
    for (const std::unique_ptr<Asked>& asked : asked_) {
      const tlog::Cosignature* cosignature = kept->Of(asked->verifier);
      if (cosignature == nullptr) continue;
      all = true;
      asked->size = kept->checkpoint.size;
      asked->state.cosigned_size = kept->checkpoint.size;
      asked->state.cosigned_at = absl::FromUnixSeconds(cosignature->time_s);
    }
    for (const std::unique_ptr<Asked>& asked : asked_) {
      if (asked->required && kept->Of(asked->verifier) == nullptr) all = false;
    }
    // By other witnesses than those of now it still binds the ledger, but it is not shown as
    // theirs.
    absl::MutexLock lock(&mutex_);
    if (all) witnessed_ = *note;
    return absl::OkStatus();
  }

  void Run() {
    while (true) {
      Round();
      Tell();
      absl::MutexLock lock(&mutex_);
      const auto stopping = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; };
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping), options_.interval)) return;
    }
  }

  absl::StatusOr<std::string> LatestCheckpoint() const {
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store_->NewView());
    return LedgerReader(view.get()).LatestCheckpoint();
  }

  // Sends the latest checkpoint to every witness that lacks it and is not being left alone.
  void Round() {
    const absl::StatusOr<std::string> note = LatestCheckpoint();
    if (!note.ok()) return;  // none yet; or a store that does not answer, which others tell of
    if (*note != published_) {
      const absl::StatusOr<tlog::Note> parsed = tlog::ParseNote(*note);
      if (!parsed.ok()) return;
      const absl::StatusOr<tlog::Checkpoint> checkpoint = tlog::ParseCheckpoint(parsed->text);
      if (!checkpoint.ok()) return;
      published_ = *note;
      current_ = *note;
      size_ = checkpoint->size;
      for (const std::unique_ptr<Asked>& asked : asked_) {
        asked->has_current = false;
        if (asked->failures == 0) asked->next = absl::InfinitePast();
      }
    }
    const absl::Time now = absl::Now();
    std::vector<Asked*> due;
    for (const std::unique_ptr<Asked>& asked : asked_) {
      if (now >= asked->next) due.push_back(asked.get());
    }
    if (due.empty()) return;
    // Side by side: a slow one must not make the others late.
    std::vector<Outcome> outcomes(due.size());
    std::vector<std::thread> threads;
    for (size_t i = 1; i < due.size(); ++i) {
      threads.emplace_back([this, &due, &outcomes, i] { outcomes[i] = Ask(*due[i]); });
    }
    outcomes[0] = Ask(*due[0]);
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < due.size(); ++i) Merge(*due[i], &outcomes[i]);
    const bool kept = Keep(outcomes);
    // Shown at once: who sees that a witness co-signed finds its co-signature.
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < due.size(); ++i) Show(outcomes[i], due[i]);
    if (kept) witnessed_ = current_;
  }

  Outcome Ask(Asked& asked) const {
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      const absl::StatusOr<std::vector<tlog::Hash>> proof = Proof(asked.size);
      if (!proof.ok()) return {"", false, std::string(proof.status().message()), std::nullopt};
      const absl::StatusOr<witness::Answer> answer = asked.channel->AddCheckpoint(
          witness::FormatAddCheckpoint({asked.size, *proof, published_}));
      if (!answer.ok()) return {"", false, std::string(answer.status().message()), std::nullopt};
      if (answer->status == 200) {
        const absl::Status added =
            tlog::AddCosignature(published_, answer->body, asked.verifier).status();
        if (!added.ok()) return {"", false, std::string(added.message()), std::nullopt};
        return {answer->body, false, "", std::nullopt};
      }
      if (answer->status == 422) {
        return {"", true, "says that the ledger is not the one it co-signed before", std::nullopt};
      }
      if (answer->status != 409) {
        return {"", false, absl::StrCat("answered with HTTP status ", answer->status),
                std::nullopt};
      }
      const absl::StatusOr<uint64_t> theirs = witness::ParseSize(answer->body);
      if (!theirs.ok()) return {"", false, "answered 409 without a size", std::nullopt};
      if (*theirs > size_) {
        return {"", true,
                absl::StrCat("co-signed ", *theirs, " entries where this ledger has ", size_),
                std::nullopt};
      }
      if (*theirs == asked.size) {
        return {"", true, absl::StrCat("co-signed another history of ", *theirs, " entries"),
                std::nullopt};
      }
      asked.size = *theirs;
    }
    return {"", false, "names another size each time it is asked", std::nullopt};
  }

  absl::StatusOr<std::vector<tlog::Hash>> Proof(uint64_t from) const {
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store_->NewView());
    return LedgerReader(view.get()).ConsistencyProof(std::min(from, size_), size_);
  }

  // Puts the cosignature that came beside those of the others.
  void Merge(Asked& asked, Outcome* outcome) {
    if (outcome->lines.empty()) return;
    absl::StatusOr<std::string> merged =
        tlog::AddCosignature(current_, outcome->lines, asked.verifier);
    if (!merged.ok()) {
      *outcome = {"", false, std::string(merged.status().message()), std::nullopt};
      return;
    }
    current_ = *std::move(merged);
    // It was added behind all others.
    outcome->time_s = tlog::CosignatureTime(tlog::ParseNote(current_)->signatures.back().signature);
    asked.size = size_;
    asked.has_current = true;
  }

  // Keeps the current checkpoint when there is a new cosignature and all required witnesses have
  // co-signed it. True when it is kept. A file that cannot be written stops nothing; what is shown
  // is what is kept, so it is late.
  bool Keep(const std::vector<Outcome>& outcomes) const {
    const bool added = std::any_of(outcomes.begin(), outcomes.end(),
                                   [](const Outcome& one) { return !one.lines.empty(); });
    if (!added) return false;
    for (const std::unique_ptr<Asked>& asked : asked_) {
      if (asked->required && !asked->has_current) return false;
    }
    return options_.file.empty() || base::ReplaceFile(options_.file, current_).ok();
  }

  // Notes what came of asking.
  void Show(const Outcome& outcome, Asked* asked) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const absl::Time now = absl::Now();
    State& state = asked->state;
    state.problem = outcome.problem;
    if (outcome.lines.empty()) {
      asked->failures = std::min(asked->failures + 1, kFailuresMax);
      asked->next = now + std::min(options_.retry_max,
                                   options_.interval * static_cast<double>(1 << asked->failures));
      if (outcome.refuses) {
        state.standing = Standing::kRefuses;
      } else if (now - asked->last_good > options_.alarm_after &&
                 state.standing == Standing::kGood) {
        state.standing = Standing::kMissing;
      }
      return;
    }
    asked->failures = 0;
    asked->last_good = now;
    asked->next = now + options_.alarm_after / kHeartbeats;
    state.cosigned_size = size_;
    if (outcome.time_s.has_value()) state.cosigned_at = absl::FromUnixSeconds(*outcome.time_s);
    state.standing = Standing::kGood;
  }

  void Tell() {
    for (const std::unique_ptr<Asked>& asked : asked_) {
      State state;
      {
        absl::MutexLock lock(&mutex_);
        if (stopping_) return;
        state = asked->state;
      }
      if (state.standing != asked->told && on_change_(state).ok()) asked->told = state.standing;
    }
  }

  const Options options_;
  const store::Store* const store_;
  OnChange on_change_;
  std::vector<std::unique_ptr<Asked>> asked_;  // fixed once loaded

  // This object's thread's own.
  std::string published_;  // the latest checkpoint as published
  std::string current_;    // the same with the cosignatures that came for it
  uint64_t size_ = 0;      // its size

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::string witnessed_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Witnessing>> Witnessing::Create(Options options,
                                                               std::vector<Partner> partners,
                                                               const store::Store* store,
                                                               OnChange on_change) {
  auto witnessing =
      std::make_unique<WitnessingImpl>(std::move(options), store, std::move(on_change));
  SIGNPOST_RETURN_IF_ERROR(witnessing->Load(std::move(partners)));
  return std::unique_ptr<Witnessing>(std::move(witnessing));
}

const char* StandingName(Standing standing) {
  switch (standing) {
    case Standing::kGood:
      return "good";
    case Standing::kMissing:
      return "missing";
    case Standing::kRefuses:
      return "refuses";
  }
  return "unknown";
}

}  // namespace signpost::ledger
