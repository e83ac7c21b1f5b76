#include "hub/exchange/mailbox_reader.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "hub/base/status_macros.h"

namespace signpost::exchange {

void MailboxReader::Begin(Place place) {
  place_ = std::move(place);
  position_ = place_.low_water;
}

void MailboxReader::Moved(const Place& place) {
  // Acknowledgements of two streams of one reader may be answered in any order.
  if (place.low_water >= place_.low_water) place_ = place;
}

std::string MailboxReader::LowWaterId() const {
  if (place_.told == Position()) return "";
  return mailboxes_->MessageId(system_id_, place_.told);
}

void MailboxReader::PutOff(Position position, absl::Time due) {
  if (place_.IsDealtWith(position) || position > position_) return;
  put_off_[position] = due;
}

std::optional<absl::Time> MailboxReader::NextDue() const {
  std::optional<absl::Time> next;
  for (const auto& [position, due] : put_off_) {
    if (!next.has_value() || due < *next) next = due;
  }
  return next;
}

absl::StatusOr<std::vector<MailboxMessage>> MailboxReader::TakeDue(absl::Time now) {
  std::vector<MailboxMessage> messages;
  while (messages.empty()) {
    const auto due =
        std::min_element(put_off_.begin(), put_off_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (due == put_off_.end() || due->second > now) break;
    const Position position = due->first;
    put_off_.erase(due);
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store_->NewView());
    // Parts count from 1, so there is a place just before each message.
    const Position before = {position.index, static_cast<uint16_t>(position.part - 1)};
    SIGNPOST_ASSIGN_OR_RETURN(messages, mailboxes_->ReadAfter(*view, system_id_, before, 1));
    // Another stream of this reader may have dealt with it.
    if (!messages.empty() && messages[0].position != position) messages.clear();
  }
  return messages;
}

absl::StatusOr<std::vector<MailboxMessage>> MailboxReader::TakeNew(
    int messages_max, MailboxNotifier::Subscription* subscription) {
  std::vector<MailboxMessage> messages;
  bool more = true;
  while (messages.empty() && more) {
    // Before the view is taken: a message that comes behind it is announced after this, and Arm()
    // sees that and looks again.
    subscription->Prepare();
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store_->NewView());
    SIGNPOST_ASSIGN_OR_RETURN(std::vector<MailboxMessage> read,
                              mailboxes_->ReadAfter(*view, system_id_, position_, messages_max));
    if (!read.empty()) position_ = read.back().position;
    more = !read.empty() || !subscription->Arm();
    for (MailboxMessage& message : read) {
      if (!place_.IsDealtWith(message.position)) messages.push_back(std::move(message));
    }
  }
  return messages;
}

}  // namespace signpost::exchange
