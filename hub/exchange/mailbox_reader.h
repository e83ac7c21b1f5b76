// MailboxReader is a reader's way through its mailbox that remembers, for as long as a stream
// lives, how far it has looked, what was put off until when, and where its cursor stands.
//
// It reads a page at a time, each at a view of its own, and holds no message: what the reader does
// not take stays in the store. Nothing here decides who may read what (the door does) and nothing
// commits (Mailboxes prepares).
//
// Not thread-safe: for one stream's strand. Nothing it is given is owned; all of it must outlive
// it.

#ifndef SIGNPOST_HUB_EXCHANGE_MAILBOX_READER_H_
#define SIGNPOST_HUB_EXCHANGE_MAILBOX_READER_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/exchange/mailbox.h"
#include "hub/exchange/mailbox_notifier.h"
#include "hub/store/store.h"

namespace signpost::exchange {

class MailboxReader {
 public:
  MailboxReader(const store::Store* store, const Mailboxes* mailboxes, std::string system_id)
      : store_(store), mailboxes_(mailboxes), system_id_(std::move(system_id)) {}
  MailboxReader(const MailboxReader&) = delete;
  MailboxReader& operator=(const MailboxReader&) = delete;

  // Begins behind what the cursor has dealt with.
  void Begin(Place place);
  // The cursor stands there now; what is older than what was heard before changes nothing.
  void Moved(const Place& place);
  const Place& place() const { return place_; }
  // The id of the last message up to the low-water mark that the reader dealt with itself, or empty
  // while there is none. Never of one that was passed over: that would tell that there is one.
  std::string LowWaterId() const;

  // The message is to come again at `due`. Changes nothing when it is dealt with, or was not looked
  // at here yet: then it comes by itself.
  void PutOff(Position position, absl::Time due);
  // It need not come again.
  void Forget(Position position) { put_off_.erase(position); }
  size_t put_off() const { return put_off_.size(); }
  // When the first of those is due.
  std::optional<absl::Time> NextDue() const;

  // Both: a page to judge and deliver, empty when there is none now. Errors: those of
  // Mailboxes::ReadAfter().
  //
  // The message that is due for longest, alone.
  [[nodiscard]] absl::StatusOr<std::vector<MailboxMessage>> TakeDue(absl::Time now);
  // Messages that were not looked at here, less those that are dealt with, at most `messages_max`.
  // When there is none, `subscription` is armed: it wakes when one has come.
  [[nodiscard]] absl::StatusOr<std::vector<MailboxMessage>> TakeNew(
      int messages_max, MailboxNotifier::Subscription* subscription);

 private:
  const store::Store* const store_;
  const Mailboxes* const mailboxes_;
  const std::string system_id_;
  Place place_;        // of the cursor, as last heard
  Position position_;  // up to which this reader has looked
  std::map<Position, absl::Time> put_off_;
};

}  // namespace signpost::exchange

#endif  // SIGNPOST_HUB_EXCHANGE_MAILBOX_READER_H_
