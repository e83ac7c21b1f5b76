#include "hub/ledger/turns.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/string_view.h"
#include "hub/base/check.h"

namespace signpost::ledger {
namespace {

// What is to be called once no lock is held. Whoever is called may leave a queue and so let the next
// begin: that is done by the outermost, so that a long queue that fails at once needs no deep stack.
struct Pending {
  bool calling = false;
  std::deque<std::pair<Turns::Go, Ticket>> go;
};
thread_local Pending pending;

void Call(Turns::Go go, Ticket ticket) {
  pending.go.emplace_back(std::move(go), ticket);
  if (pending.calling) return;
  pending.calling = true;
  while (!pending.go.empty()) {
    auto [next, its_ticket] = std::move(pending.go.front());
    pending.go.pop_front();
    next(its_ticket);
  }
  pending.calling = false;
}

}  // namespace

Turn::~Turn() { turns_->Leave(row_, ticket_); }

Turns::~Turns() { DCHECK(waiting() == 0); }

std::unique_ptr<Turn> Turns::Wait(uint64_t row, base::Lane lane, ReadSet reads, Go go) {
  std::unique_ptr<Turn> turn;
  Ticket ticket = kNoPart;
  {
    absl::MutexLock lock(&mutex_);
    ticket = ++last_;
    turn.reset(new Turn(this, row, ticket));
    ++waiting_;
    std::unique_ptr<Queue>& queue = queues_[row];
    if (queue == nullptr) queue = std::make_unique<Queue>();
    Waiter waiter{ticket, std::move(reads), std::move(go)};
    if (queue->head.has_value()) {
      const auto same = std::find_if(queue->lanes.begin(), queue->lanes.end(),
                                     [lane](const auto& one) { return one.first == lane; });
      if (same != queue->lanes.end()) {
        same->second.push_back(std::move(waiter));
      } else {
        queue->lanes.emplace_back(lane, std::deque<Waiter>()).second.push_back(std::move(waiter));
      }
      return turn;
    }
    queue->head = std::move(waiter);
    Keep(*queue->head);
    go = std::move(queue->head->go);
  }
  Call(std::move(go), ticket);
  return turn;
}

void Turns::Leave(uint64_t row, Ticket ticket) {
  Go go;
  Ticket next = kNoPart;
  std::vector<std::pair<Ticket, Go>> behind;
  Waiter left;  // goes without the lock, with what it holds
  {
    absl::MutexLock lock(&mutex_);
    --waiting_;
    const auto found = queues_.find(row);
    CHECK(found != queues_.end());
    Queue& queue = *found->second;
    if (!queue.head.has_value() || queue.head->ticket != ticket) {
      for (auto lane = queue.lanes.begin(); lane != queue.lanes.end(); ++lane) {
        const auto waiter =
            std::find_if(lane->second.begin(), lane->second.end(),
                         [ticket](const Waiter& one) { return one.ticket == ticket; });
        if (waiter == lane->second.end()) continue;
        left = std::move(*waiter);
        lane->second.erase(waiter);
        if (lane->second.empty()) queue.lanes.erase(lane);
        break;
      }
      return;
    }
    GiveUp(*queue.head);
    if (const auto waiting = behind_.find(ticket); waiting != behind_.end()) {
      behind = std::move(waiting->second);
      behind_.erase(waiting);
    }
    left = *std::exchange(queue.head, std::nullopt);
    if (queue.lanes.empty()) {
      queues_.erase(found);
    } else {
      auto lane = std::move(queue.lanes.front());
      queue.lanes.pop_front();
      queue.head = std::move(lane.second.front());
      lane.second.pop_front();
      if (!lane.second.empty()) queue.lanes.push_back(std::move(lane));
      Keep(*queue.head);
      go = std::move(queue.head->go);
      next = queue.head->ticket;
    }
  }
  for (auto& [its, its_go] : behind) Call(std::move(its_go), its);
  if (go != nullptr) Call(std::move(go), next);
}

void Turns::WaitFor(Ticket earlier, Ticket ticket, Go go) {
  DCHECK(earlier < ticket);
  {
    absl::MutexLock lock(&mutex_);
    if (heads_by_ticket_.count(earlier) > 0) {
      behind_[earlier].emplace_back(ticket, std::move(go));
      return;
    }
  }
  Call(std::move(go), ticket);
}

void Turns::Keep(const Waiter& head) {
  for (const ReadSet::Row& row : head.reads.rows()) kept_rows_[row.hash].push_back(head.ticket);
  for (const ReadSet::Range& range : head.reads.ranges()) {
    kept_ranges_.emplace_back(range, head.ticket);
  }
  heads_by_ticket_.insert(head.ticket);
  heads_.fetch_add(1, std::memory_order_release);
}

void Turns::GiveUp(const Waiter& head) {
  for (const ReadSet::Row& row : head.reads.rows()) {
    const auto kept = kept_rows_.find(row.hash);
    if (kept == kept_rows_.end()) continue;  // it was read twice
    auto& tickets = kept->second;
    tickets.erase(std::remove(tickets.begin(), tickets.end(), head.ticket), tickets.end());
    if (tickets.empty()) kept_rows_.erase(kept);
  }
  kept_ranges_.erase(
      std::remove_if(kept_ranges_.begin(), kept_ranges_.end(),
                     [&head](const auto& kept) { return kept.second == head.ticket; }),
      kept_ranges_.end());
  heads_by_ticket_.erase(head.ticket);
  heads_.fetch_sub(1, std::memory_order_release);
}

void Turns::Renew(uint64_t row, Ticket ticket, ReadSet reads) {
  absl::MutexLock lock(&mutex_);
  const auto found = queues_.find(row);
  if (found == queues_.end()) return;
  std::optional<Waiter>& head = found->second->head;
  if (!head.has_value() || head->ticket != ticket) return;
  GiveUp(*head);
  head->reads = std::move(reads);
  Keep(*head);
}

Ticket Turns::EarlierThan(Ticket ticket) const {
  absl::MutexLock lock(&mutex_);
  const auto at = heads_by_ticket_.lower_bound(ticket);
  return at == heads_by_ticket_.begin() ? kNoPart : *std::prev(at);
}

std::optional<Turns::Kept> Turns::KeptFor(const store::Batch& batch, Ticket ticket) const {
  if (ticket == kNoPart || heads_.load(std::memory_order_acquire) == 0) return std::nullopt;
  absl::MutexLock lock(&mutex_);
  for (const store::Batch::Operation& row : batch.operations()) {
    const uint64_t hash = RowHash(row.space, row.key);
    if (const auto kept = kept_rows_.find(hash); kept != kept_rows_.end()) {
      const auto earlier = std::find_if(kept->second.begin(), kept->second.end(),
                                        [ticket](Ticket other) { return other < ticket; });
      if (earlier != kept->second.end()) return Kept{hash, *earlier};
    }
    for (const auto& [range, other] : kept_ranges_) {
      if (other < ticket && range.space == row.space && row.key >= range.from &&
          (range.to.empty() || row.key < range.to)) {
        return Kept{hash, other};
      }
    }
  }
  return std::nullopt;
}

size_t Turns::waiting() const {
  absl::MutexLock lock(&mutex_);
  return waiting_;
}

}  // namespace signpost::ledger
