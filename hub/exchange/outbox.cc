#include "hub/exchange/outbox.h"

#include <limits>
#include <set>

#include "hub/exchange/mailbox.h"
#include "hub/ledger/index_hook.h"

namespace signpost::exchange {

Outbox::Outbox(MailboxSystems mailbox_systems) : mailbox_systems_(std::move(mailbox_systems)) {}

bool Outbox::Add(const FlagChange& change, absl::Span<const std::string> open_agency_ids) {
  if (change.kind == store::v1::STORED_MESSAGE_KIND_UNSPECIFIED) return true;
  store::v1::StoredMessage message;
  message.set_kind(change.kind);
  message.set_person_id(change.person_id.ToBytes());
  message.set_flag_id(change.flag_id.ToBytes());
  message.set_agency_id(change.agency_id);
  message.set_changed_at_s(absl::ToUnixSeconds(change.changed_at));
  const std::string encoded = EncodeNotice(message);

  std::set<std::string> agencies(open_agency_ids.begin(), open_agency_ids.end());
  agencies.erase(change.agency_id);
  int refused = 0;
  for (const std::string& agency_id : agencies) AddFor(agency_id, encoded, &refused);
  return refused == 0;
}

int Outbox::Tell(const std::string& agency_id, const store::v1::StoredMessage& message) {
  int refused = 0;
  return AddFor(agency_id, EncodeNotice(message), &refused);
}

int Outbox::AddFor(const std::string& agency_id, const std::string& encoded, int* refused) {
  int added = 0;
  for (std::string& system_id : mailbox_systems_(agency_id)) {
    uint16_t& part = parts_[system_id];
    if (part == std::numeric_limits<uint16_t>::max()) {
      ++*refused;
      continue;
    }
    ++part;
    ++added;
    messages_.push_back({std::move(system_id), part, encoded});
  }
  return added;
}

void Outbox::AddTo(ledger::Operation* operation) && {
  if (messages_.empty()) return;
  ledger::AddIndexHook(
      operation, [messages = std::move(messages_)](uint64_t first_index, store::Batch& batch) {
        for (const Addressed& addressed : messages) {
          AppendEncodedNotice(batch, addressed.system_id, first_index, addressed.part,
                              addressed.encoded);
        }
      });
}

}  // namespace signpost::exchange
