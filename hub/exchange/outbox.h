// Outbox is a gatherer of notices that knows who is told: of a change of a flag, the systems of the
// other agencies that work with the same young person now; of anything else, those of the agency
// that is named.
//
// Collected while an operation is composed, written by its index hook, so a notice is durable in
// the commit of the change that caused it, or not at all. Being in a mailbox is not being told: the
// door judges the policy for each notice when it leaves, so a notice about a sensitive flag may lie
// here and never be delivered.
//
// Which systems an agency has is asked of the directory in memory, and the operation does not rest
// on it: a system with a mailbox never loses it, suspended ones are told too, and one that is
// enrolled in the same moment is told of nothing that was reported before it was known, as of
// everything before.
//
// Not thread-safe: one object belongs to one operation.

#ifndef SIGNPOST_HUB_EXCHANGE_OUTBOX_H_
#define SIGNPOST_HUB_EXCHANGE_OUTBOX_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "hub/base/ids.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/store.h"
#include "signpost/store/v1/exchange.pb.h"

namespace signpost::exchange {

struct FlagChange {
  store::v1::StoredMessageKind kind = store::v1::STORED_MESSAGE_KIND_UNSPECIFIED;
  base::PersonId person_id;
  base::FlagId flag_id;
  std::string agency_id;  // whose flag it is
  absl::Time changed_at;
};

// The systems of an agency to whose mailboxes notices go; registry::Directory::MailboxSystems().
using MailboxSystems = std::function<std::vector<std::string>(const std::string& agency_id)>;

class Outbox {
 public:
  // `mailbox_systems` is called by Add() only.
  explicit Outbox(MailboxSystems mailbox_systems);

  // Tells the agencies in `open_agency_ids` (those with an open flag on the person; repeats do not
  // matter) of `change`, except the agency whose flag it is: nobody is told of their own change. A
  // change of kind unspecified tells nobody. More than 65,535 messages for one system in one
  // operation are more than an operation can have; further ones are not added and false is
  // returned.
  bool Add(const FlagChange& change, absl::Span<const std::string> open_agency_ids);

  // Puts `message` into the mailboxes of one agency, its own too. Gives how many that was; 0: it has
  // none, or no room as above.
  int Tell(const std::string& agency_id, const store::v1::StoredMessage& message);

  bool empty() const { return messages_.empty(); }
  // Moves what was collected behind `operation`'s hooks.
  void AddTo(ledger::Operation* operation) &&;

 private:
  // Gives how many messages were added, and adds to `refused` how many were not.
  int AddFor(const std::string& agency_id, const std::string& encoded, int* refused);

  struct Addressed {
    std::string system_id;
    uint16_t part;
    std::string encoded;
  };

  MailboxSystems mailbox_systems_;
  std::vector<Addressed> messages_;
  absl::btree_map<std::string, uint16_t> parts_;  // last part used, by system
};

}  // namespace signpost::exchange

#endif  // SIGNPOST_HUB_EXCHANGE_OUTBOX_H_
