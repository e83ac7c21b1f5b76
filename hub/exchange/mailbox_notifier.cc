#include "hub/exchange/mailbox_notifier.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "hub/base/status_macros.h"
#include "hub/exchange/mailbox.h"

namespace signpost::exchange {

// Everything but `wake` is guarded by MailboxNotifier::mutex_; `wake` is called by the one thread
// that set `running`.
struct MailboxNotifier::Subscription::State {
  std::string system_id;
  Wake wake;
  uint64_t announced = 0;  // how often Notify() came
  uint64_t seen = 0;       // `announced` at Prepare()
  bool armed = false;
  bool running = false;  // a thread is in `wake`, or about to be
  bool again = false;    // it armed again meanwhile, and Notify() came: call once more
  bool ended = false;
  std::thread::id runner;
};

MailboxNotifier::Subscription::Subscription(MailboxNotifier* waiters, std::shared_ptr<State> state)
    : waiters_(waiters), state_(std::move(state)) {}

MailboxNotifier::Subscription::~Subscription() {
  absl::MutexLock lock(&waiters_->mutex_);
  state_->ended = true;
  state_->armed = false;
  state_->again = false;
  const auto it = waiters_->by_system_.find(state_->system_id);
  States& states = it->second;
  states.erase(std::remove(states.begin(), states.end(), state_), states.end());
  if (states.empty()) waiters_->by_system_.erase(it);
  // Its own `wake` may end it; waiting for itself it would wait for ever.
  if (state_->running && state_->runner != std::this_thread::get_id()) {
    waiters_->mutex_.Await(absl::Condition(
        +[](State* state) { return !state->running; }, state_.get()));
  }
}

void MailboxNotifier::Subscription::Prepare() {
  absl::MutexLock lock(&waiters_->mutex_);
  state_->seen = state_->announced;
  state_->armed = false;
  state_->again = false;
}

bool MailboxNotifier::Subscription::Arm() {
  absl::MutexLock lock(&waiters_->mutex_);
  if (state_->announced != state_->seen) return false;
  state_->armed = true;
  return true;
}

MailboxNotifier::MailboxNotifier() = default;
MailboxNotifier::~MailboxNotifier() = default;

std::unique_ptr<MailboxNotifier::Subscription> MailboxNotifier::Subscribe(
    const std::string& system_id, Wake wake) {
  auto state = std::make_shared<Subscription::State>();
  state->system_id = system_id;
  state->wake = std::move(wake);
  {
    absl::MutexLock lock(&mutex_);
    by_system_[system_id].push_back(state);
  }
  return std::unique_ptr<Subscription>(new Subscription(this, std::move(state)));
}

absl::Status MailboxNotifier::Begin(const store::View& /*view*/) {
  NotifyAll();
  return absl::OkStatus();
}

absl::Status MailboxNotifier::Take(const store::PublishedCommit& commit) {
  std::string last;
  for (const store::Batch::Operation& row : commit.rows.operations()) {
    if (row.space != store::Space::kMailboxes || !row.value.has_value()) continue;
    SIGNPOST_ASSIGN_OR_RETURN(std::string system_id, SystemOfMessage(std::string(row.key)));
    if (system_id == last) continue;
    Notify(system_id);
    last = std::move(system_id);
  }
  return absl::OkStatus();
}

void MailboxNotifier::Notify(const std::string& system_id) {
  States woken;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = by_system_.find(system_id);
    if (it == by_system_.end()) return;
    Collect(it->second, &woken);
  }
  Run(woken);
}

void MailboxNotifier::Notify(absl::Span<const std::string> system_ids) {
  for (const std::string& system_id : system_ids) Notify(system_id);
}

void MailboxNotifier::NotifyAll() {
  States woken;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [system_id, states] : by_system_) Collect(states, &woken);
  }
  Run(woken);
}

int MailboxNotifier::subscriptions() const {
  absl::MutexLock lock(&mutex_);
  size_t count = 0;
  for (const auto& [system_id, states] : by_system_) count += states.size();
  return static_cast<int>(count);
}

void MailboxNotifier::Collect(const States& states, States* woken) {
  for (const std::shared_ptr<Subscription::State>& state : states) {
    ++state->announced;
    if (!state->armed) continue;  // it reads now and will see the count in Arm()
    state->armed = false;
    if (state->running) {
      state->again = true;
    } else {
      state->running = true;
      state->runner = std::this_thread::get_id();
      woken->push_back(state);
    }
  }
}

void MailboxNotifier::Run(const States& woken) {
  for (const std::shared_ptr<Subscription::State>& state : woken) {
    bool call = true;
    {
      absl::MutexLock lock(&mutex_);
      call = !state->ended;
      if (!call) state->running = false;
    }
    while (call) {
      state->wake();
      absl::MutexLock lock(&mutex_);
      call = std::exchange(state->again, false) && !state->ended;
      if (!call) state->running = false;
    }
  }
}

}  // namespace signpost::exchange
