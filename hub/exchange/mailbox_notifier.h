// MailboxNotifier is a follower that wakes streams that wait for mail.
//
// A stream reads its mailbox, finds nothing, and waits; meanwhile a commit puts a message there.
// That the wake-up is not lost between the two is the one thing this is for:
//
//   subscription->Prepare();          // 1. before the view is taken
//   read the mailbox at a new view;   // 2.
//   found nothing, and then           // 3.
//   if (!subscription->Arm()) again from 1;   // somebody announced mail since Prepare()
//   otherwise `wake` is called, once, at the next Notify().
//
// MailboxNotifier follows what is committed (store/follower.h) and announces mail wherever a
// message was put into a mailbox, by whomever, once that is durable; so a view taken after a
// wake-up has it.
//
// MailboxNotifier is thread-safe and must outlive its subscriptions. A Subscription belongs to one
// stream, whose reactions may come from several threads but Prepare() and Arm() not at the same
// time.

#ifndef SIGNPOST_HUB_EXCHANGE_MAILBOX_NOTIFIER_H_
#define SIGNPOST_HUB_EXCHANGE_MAILBOX_NOTIFIER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "hub/store/follower.h"

namespace signpost::exchange {

class MailboxNotifier final : public store::Follower {
 public:
  // Called on the thread of Notify() with no lock held: must only hand on (to an executor) and
  // return. It may call Prepare() and Arm(), and destroy its own Subscription.
  using Wake = absl::AnyInvocable<void()>;

  class Subscription {
   public:
    // Nothing is called any more once this returns; waits for a `wake` that is running on another
    // thread.
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

    // Takes note of what has been announced so far, and disarms.
    void Prepare();
    // True: `wake` will be called once, at the next Notify() for this system. False: there was one
    // since Prepare(), `wake` will not be called: read again.
    [[nodiscard]] bool Arm();

   private:
    friend class MailboxNotifier;
    struct State;
    Subscription(MailboxNotifier* waiters, std::shared_ptr<State> state);

    MailboxNotifier* const waiters_;
    const std::shared_ptr<State> state_;
  };

  MailboxNotifier();
  // REQUIRES: no subscription lives.
  ~MailboxNotifier() override;
  MailboxNotifier(const MailboxNotifier&) = delete;
  MailboxNotifier& operator=(const MailboxNotifier&) = delete;

  // A system may have any number.
  [[nodiscard]] std::unique_ptr<Subscription> Subscribe(const std::string& system_id, Wake wake);

  // After a start or a gap there may be mail for everybody.
  [[nodiscard]] absl::Status Begin(const store::View& view) override;
  // Announces the mail in it.
  [[nodiscard]] absl::Status Take(const store::PublishedCommit& commit) override;

  // There is mail for `system_id`, durable. Costs a look-up when nobody has subscribed.
  void Notify(const std::string& system_id);
  void Notify(absl::Span<const std::string> system_ids);

  // Wakes all that are armed, so that they can see that the hub is shutting down.
  void NotifyAll();

  int subscriptions() const;

 private:
  using States = std::vector<std::shared_ptr<Subscription::State>>;

  void Collect(const States& states, States* woken) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run(const States& woken);

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, States> by_system_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace signpost::exchange

#endif  // SIGNPOST_HUB_EXCHANGE_MAILBOX_NOTIFIER_H_
