// OutboxOf() and MessageTo() are makers of the notices of this room.
//
// Pure but for the directory that OutboxOf() asks; thread-safe. Internal to the room.

#ifndef SIGNPOST_HUB_ARCHIVE_TELL_H_
#define SIGNPOST_HUB_ARCHIVE_TELL_H_

#include <string>

#include "absl/time/time.h"
#include "hub/exchange/outbox.h"
#include "hub/request/context.h"
#include "signpost/store/v1/exchange.pb.h"

namespace signpost::archive {

inline exchange::Outbox OutboxOf(const request::HubContext& context) {
  return exchange::Outbox([directory = context.registry->directory()](const std::string& agency) {
    return directory->MailboxSystems(agency);
  });
}

inline ::signpost::store::v1::StoredMessage MessageTo(const std::string& agency_id,
                                                      ::signpost::store::v1::StoredMessageKind kind,
                                                      absl::Time now) {
  ::signpost::store::v1::StoredMessage message;
  message.set_kind(kind);
  message.set_agency_id(agency_id);
  message.set_changed_at_s(absl::ToUnixSeconds(now));
  return message;
}

}  // namespace signpost::archive

#endif  // SIGNPOST_HUB_ARCHIVE_TELL_H_
