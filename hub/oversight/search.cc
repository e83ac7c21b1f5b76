#include "hub/oversight/search.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/people/validate.h"
#include "hub/request/paging.h"
#include "hub/request/resolve.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"

namespace signpost::oversight {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

constexpr char kTokenFormat = 1;
constexpr size_t kTokenBytes = 1 + 8 + 8 + base::kHashBytes;
constexpr int kPageDefault = 100;
constexpr size_t kSaltBytes = 32;
// Read from the store at once.
constexpr int kRowsPerRead = 500;
// How far to look for an entry that still has its bytes before a bound in time is left wider.
constexpr int kProbeRows = 1000;

std::string LengthPrefixed(const std::string& text) { return store::KeyU64(text.size()) + text; }

absl::Status CheckReason(const std::string& reason) {
  if (!reason.empty() && reason.size() <= base::kReasonBytesMax) return absl::OkStatus();
  return base::InvalidField("reason", "say why you look, in at most 2,000 bytes");
}

// The time of the first entry of [from, to) that still has its bytes; nullopt when none near does.
absl::StatusOr<std::optional<int64_t>> TimeAt(const ledger::LedgerReader& reader, uint64_t from,
                                              uint64_t to) {
  for (const int rows_max : {1, kProbeRows}) {
    const int count = static_cast<int>(std::min<uint64_t>(to - from, rows_max));
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<std::string> entries, reader.Entries(from, count));
    for (const std::string& entry : entries) {
      if (entry.empty()) continue;
      const absl::StatusOr<tlog::EntryFields> fields = tlog::DecodeEntryFields(entry);
      if (!fields.ok()) {
        return base::Error(Reason::kDataLoss,
                           "a stored entry does not decode; verify a copy of the ledger");
      }
      return fields->sequenced_at_us;
    }
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<uint64_t> BoundInTime(const store::View& view, uint64_t size, int64_t us,
                                     bool lower) {
  const ledger::LedgerReader reader(&view);
  uint64_t low = 0;
  uint64_t high = size;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<int64_t> time, TimeAt(reader, middle, high));
    if (time.has_value() ? *time >= us : lower) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

namespace {

// Whose entries, of which numbers, in which order.
struct Wanted {
  const audit::Filter* filter;
  std::optional<base::PersonId> person;
  bool nobody = false;
  bool newest_first = false;
  uint64_t first = 0;
  uint64_t end = 0;  // behind the last
};

struct Row {
  uint64_t index;
  std::string bytes;
};

// Some rows of [first, end) in the order wanted, and in `reached` where to go on: the number behind
// the last (oldest first), or the last itself (newest first).
absl::StatusOr<std::vector<Row>> ReadRows(const store::View& view, const Wanted& wanted,
                                          uint64_t first, uint64_t end, uint64_t* reached) {
  const ledger::LedgerReader reader(&view);
  std::vector<Row> rows;
  if (!wanted.person.has_value()) {
    if (wanted.newest_first && end - first > kRowsPerRead) first = end - kRowsPerRead;
    const int count = static_cast<int>(std::min<uint64_t>(end - first, kRowsPerRead));
    SIGNPOST_ASSIGN_OR_RETURN(std::vector<std::string> found, reader.Entries(first, count));
    for (std::string& bytes : found) {
      rows.push_back({first + rows.size(), std::move(bytes)});
    }
    *reached = wanted.newest_first ? first : first + rows.size();
  } else {
    const ledger::PersonIndex index(&view);
    std::vector<uint64_t> indexes;
    for (uint64_t from = first;;) {
      SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> found,
                                index.EntriesOf(*wanted.person, from, end, kRowsPerRead));
      indexes.insert(indexes.end(), found.begin(), found.end());
      if (found.size() < static_cast<size_t>(kRowsPerRead) || !wanted.newest_first) break;
      from = found.back() + 1;
    }
    const bool full = indexes.size() >= static_cast<size_t>(kRowsPerRead);
    if (indexes.size() > static_cast<size_t>(kRowsPerRead)) {
      indexes.erase(indexes.begin(), indexes.end() - kRowsPerRead);
    }
    for (const uint64_t number : indexes) {
      absl::StatusOr<std::string> bytes = reader.Entry(number);
      if (!bytes.ok() && !ledger::IsPruned(bytes.status())) return std::move(bytes).status();
      rows.push_back({number, std::move(bytes).value_or("")});
    }
    if (wanted.newest_first) {
      *reached = full ? indexes.front() : first;
    } else {
      *reached = full ? indexes.back() + 1 : end;
    }
  }
  if (wanted.newest_first) std::reverse(rows.begin(), rows.end());
  return rows;
}

struct Page {
  std::vector<v1::FoundEntry> entries;
  uint64_t position = 0;  // as in PagePlace, after this page
  bool more = false;
};

// Goes on at `position` until the page is full, the end is reached, or enough was read for one
// call. `sight` says what is seen of each.
absl::StatusOr<Page> ReadPage(const store::View& view, const Wanted& wanted, uint64_t position,
                              int page_size, Sight* sight) {
  Page page;
  page.position =
      wanted.newest_first ? std::min(position, wanted.end) : std::max(position, wanted.first);
  const auto behind = [&] {
    return wanted.newest_first ? page.position > wanted.first : page.position < wanted.end;
  };
  if (wanted.nobody) {
    page.position = wanted.newest_first ? wanted.first : wanted.end;
    return page;
  }
  int read = 0;
  size_t bytes = 0;
  while (behind() && read < base::kSearchEntriesReadMax) {
    uint64_t reached = 0;
    SIGNPOST_ASSIGN_OR_RETURN(std::vector<Row> rows,
                              wanted.newest_first
                                  ? ReadRows(view, wanted, wanted.first, page.position, &reached)
                                  : ReadRows(view, wanted, page.position, wanted.end, &reached));
    for (Row& row : rows) {
      ++read;
      if (row.bytes.empty()) continue;  // past its retention
      SIGNPOST_ASSIGN_OR_RETURN(Sight::Seen seen, sight->Look(row.index, std::move(row.bytes)));
      if (!wanted.filter->Matches(seen.entry)) continue;
      bytes += seen.bytes.size();
      v1::FoundEntry& found = page.entries.emplace_back();
      found.set_index(row.index);
      sight->Show(std::move(seen), &found);
      if (page.entries.size() == static_cast<size_t>(page_size) ||
          bytes >= base::kSearchPageBytesMax) {
        page.position = wanted.newest_first ? row.index : row.index + 1;
        page.more = behind();
        return page;
      }
    }
    page.position = reached;
  }
  page.more = behind();
  return page;
}

// Sets in `wanted` which numbers can match, of the first `size`.
absl::Status SetBounds(const store::View& view, uint64_t size, Wanted* wanted) {
  wanted->first = 0;
  wanted->end = size;
  if (wanted->filter->from_us() != INT64_MIN) {
    SIGNPOST_ASSIGN_OR_RETURN(wanted->first,
                              BoundInTime(view, size, wanted->filter->from_us(), true));
  }
  if (wanted->filter->until_us() != INT64_MAX) {
    SIGNPOST_ASSIGN_OR_RETURN(wanted->end,
                              BoundInTime(view, size, wanted->filter->until_us(), false));
  }
  wanted->end = std::max(wanted->first, wanted->end);
  return absl::OkStatus();
}

// What is sealed in the entry of a look. A person's details are left out: the entry is about them.
std::string DetailsOf(const std::string& reason, v1::EntryFilter filter) {
  const bool by_details = filter.has_person();
  filter.clear_person();
  return absl::StrCat("reason: ", reason, "\nfilter: ", filter.ShortDebugString(),
                      by_details ? " person: by details" : "", "\n");
}

// What the page released: one hash over the salt and the leaf hashes of its entries, in its order.
// Without the salt whoever holds a copy of the ledger could try which entries they were.
std::string HashOf(const std::string& salt, const std::vector<v1::FoundEntry>& entries) {
  std::string hashed = salt;
  for (const v1::FoundEntry& found : entries) hashed += found.leaf_hash();
  return base::Sha256(hashed);
}

std::string TokenMac(const base::SecretKey& key, const base::Principal& auditor,
                     const v1::SearchEntriesRequest& request, const std::string& place) {
  return base::HmacSha256(
      key.bytes(),
      absl::StrCat(LengthPrefixed(auditor.agency_id), LengthPrefixed(auditor.system_id),
                   LengthPrefixed(auditor.practitioner_id),
                   LengthPrefixed(request.filter().SerializeAsString()),
                   LengthPrefixed(request.joint_look_id()),
                   request.newest_first() ? "newest" : "oldest", place));
}

}  // namespace

std::string PageToken(const base::SecretKey& key, const base::Principal& auditor,
                      const v1::SearchEntriesRequest& request, const PagePlace& place) {
  std::string token(1, kTokenFormat);
  token += store::KeyU64(place.ledger_size) + store::KeyU64(place.position);
  return base::Base64UrlEncode(token + TokenMac(key, auditor, request, token));
}

absl::StatusOr<PagePlace> ReadPageToken(const base::SecretKey& key, const base::Principal& auditor,
                                        const v1::SearchEntriesRequest& request) {
  const absl::StatusOr<std::string> bytes = base::Base64UrlDecode(request.page_token());
  if (bytes.ok() && bytes->size() == kTokenBytes && (*bytes)[0] == kTokenFormat) {
    const PagePlace place = {store::U64FromKey(bytes->substr(1)),
                             store::U64FromKey(bytes->substr(9))};
    if (place.position <= place.ledger_size &&
        base::ConstantTimeEqual(PageToken(key, auditor, request, place), request.page_token())) {
      return place;
    }
  }
  return base::InvalidField("page_token",
                            "take it from the page before, with the same filter and order, as the "
                            "same auditor; or leave it empty to search anew");
}

Searches::Searches(const request::HubContext& context, const JointLooks* looks,
                   const base::SecretKey& token_key)
    : context_(context),
      looks_(looks),
      token_key_(token_key),
      finds_(base::kFindsPerMinuteMax, absl::Minutes(1)) {}

absl::StatusOr<std::unique_ptr<Searches>> Searches::Create(const request::HubContext& context,
                                                           const JointLooks* looks) {
  SIGNPOST_ASSIGN_OR_RETURN(
      const base::SecretKey key,
      base::DeriveKey(context.keyring->hub_data_key(), "signpost audit page tokens v1"));
  return std::unique_ptr<Searches>(new Searches(context, looks, key));
}

absl::Status Searches::TakeBudget(const base::Principal& asker, const v1::EntryFilter& filter) {
  if (!filter.has_person()) return absl::OkStatus();
  const absl::Time now = context_.clock->Now();
  SIGNPOST_RETURN_IF_ERROR(people::ValidateFindDetails(filter.person(), "filter.person", now));
  if (finds_.Take(asker.system_id, now)) return absl::OkStatus();
  return base::Error(Reason::kTooManyRequests,
                     "this system has searched by details too often; search by same_person_as, "
                     "the number of an entry, or wait");
}

absl::Status Searches::CheckFilter(const v1::EntryFilter& filter,
                                   const std::string& joint_look_id) const {
  if (!joint_look_id.empty()) return absl::OkStatus();
  if (filter.agency_id().empty() && filter.holder_agency_id().empty()) return absl::OkStatus();
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const Spectacles spectacles, looks_->masker().At(*view));
  for (const auto& [field, agency_id] :
       {std::pair("filter.agency_id", filter.agency_id()),
        std::pair("filter.holder_agency_id", filter.holder_agency_id())}) {
    if (!spectacles.IsSensitive(agency_id)) continue;
    return base::InvalidField(
        field, absl::StrCat("gives a sensitive service, so entries that name it are masked: search "
                            "for ",
                            audit::kMaskedWord, ", or ask another auditor for a joint look"));
  }
  return absl::OkStatus();
}

absl::StatusOr<audit::Filter> Searches::FilterOf(const v1::EntryFilter& wire) const {
  if (wire.request_id().empty()) return audit::Filter::Create(wire);
  if (wire.agency_id().empty()) {
    return base::InvalidField("filter.agency_id",
                              "name the agency too: request ids are each agency's own");
  }
  if (!wire.request_hash().empty()) {
    return base::InvalidField("filter.request_hash", "name the request by its id or by its hash");
  }
  v1::EntryFilter hashed = wire;
  hashed.clear_request_id();
  hashed.set_request_hash(context_.entries->HashOf(wire.agency_id(), wire.request_id()));
  return audit::Filter::Create(hashed);
}

absl::StatusOr<Searches::Subject> Searches::SubjectOf(const store::View& view,
                                                      const v1::EntryFilter& filter) const {
  Subject subject;
  // Reads them; nobody, when there is not (any more) such a person.
  const auto read = [&](const base::PersonId& id) -> absl::Status {
    absl::StatusOr<people::Person> person = context_.people->Read(view, id);
    if (person.ok()) {
      subject.person = *std::move(person);
      return absl::OkStatus();
    }
    return base::ReasonOf(person.status()) == Reason::kNotFound ? absl::OkStatus()
                                                                : person.status();
  };
  if (!filter.has_same_person_as() && !filter.has_person()) return subject;
  if (filter.has_same_person_as()) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> about,
                              ledger::PersonIndex(&view).PersonsOf(filter.same_person_as()));
    if (about.size() > 1) {
      return base::InvalidField("filter.same_person_as",
                                "that entry is a list, about several; name one about one person");
    }
    if (!about.empty()) SIGNPOST_RETURN_IF_ERROR(read(about.front()));
  }
  if (filter.has_person()) {
    const std::optional<people::Person> as_other = std::exchange(subject.person, std::nullopt);
    const absl::StatusOr<base::PersonId> id = context_.linker->FindOne(view, filter.person());
    if (id.ok()) {
      SIGNPOST_RETURN_IF_ERROR(read(*id));
    } else if (base::ReasonOf(id.status()) != Reason::kNotFound) {
      return id.status();
    }
    // All that is set must hold.
    if (filter.has_same_person_as() && subject.person.has_value() &&
        (!as_other.has_value() || as_other->id() != subject.person->id())) {
      subject.person.reset();
    }
  }
  subject.nobody = !subject.person.has_value();
  return subject;
}

void Searches::Search(const base::Principal& asker, v1::SearchEntriesRequest request,
                      request::Reply<v1::SearchEntriesResponse> done) {
  if (!looks_->Admit(asker, ledger::v1::ENTRY_KIND_ENTRIES_SEARCHED, request.joint_look_id(),
                     ledger::v1::JOINT_LOOK_OPENS_MASKED_ENTRIES, &done)) {
    return;
  }
  if (absl::Status status = CheckReason(request.reason()); !status.ok()) {
    return done(std::move(status));
  }
  const absl::StatusOr<int> page_size =
      request::PageSize(request.page_size(), kPageDefault, base::kSearchPageMax);
  if (!page_size.ok()) return done(page_size.status());
  if (absl::Status status = CheckFilter(request.filter(), request.joint_look_id()); !status.ok()) {
    return done(std::move(status));
  }
  absl::StatusOr<audit::Filter> filter = FilterOf(request.filter());
  if (!filter.ok()) return done(std::move(filter).status());
  std::optional<PagePlace> from;
  if (!request.page_token().empty()) {
    const absl::StatusOr<PagePlace> place = ReadPageToken(token_key_, asker, request);
    if (!place.ok()) return done(place.status());
    from = *place;
  }
  if (absl::Status status = TakeBudget(asker, request.filter()); !status.ok()) {
    return done(std::move(status));
  }
  request::Transact<v1::SearchEntriesResponse>(
      context_,
      [this, asker, asked = std::move(request), kept = *std::move(filter), from,
       page_size = *page_size](const ledger::GuardedView& view)
          -> absl::StatusOr<ledger::Attempt<v1::SearchEntriesResponse>> {
        ledger::Attempt<v1::SearchEntriesResponse> attempt;
        v1::SearchEntriesResponse& response = attempt.outcome;
        ledger::Operation& operation = attempt.operation.emplace();
        SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head,
                                  ledger::LedgerReader(&view).Head());
        const uint64_t size = from.has_value() ? from->ledger_size : head.size;
        if (size > head.size) {
          return base::InvalidField("page_token",
                                    "the ledger has been put back since; search anew");
        }
        SIGNPOST_ASSIGN_OR_RETURN(const Subject subject, SubjectOf(view, asked.filter()));
        Wanted wanted;
        wanted.filter = &kept;
        if (subject.person.has_value()) wanted.person = subject.person->id();
        wanted.nobody = subject.nobody;
        wanted.newest_first = asked.newest_first();
        SIGNPOST_RETURN_IF_ERROR(SetBounds(view, size, &wanted));
        const uint64_t position = from.has_value()       ? from->position
                                  : asked.newest_first() ? size
                                                         : 0;
        // Up to `size`, of the past. What is pruned or erased meanwhile was there at this view.
        SIGNPOST_ASSIGN_OR_RETURN(Sight sight,
                                  Sight::Open(*looks_, view, asker, asked.joint_look_id()));
        SIGNPOST_ASSIGN_OR_RETURN(Page page,
                                  ReadPage(view.unguarded(), wanted, position, page_size, &sight));

        ledger::v1::LedgerEntry entry =
            context_.entries->New(ledger::v1::ENTRY_KIND_ENTRIES_SEARCHED, asker, "");
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        entry.mutable_entries_searched()->set_found(static_cast<uint32_t>(page.entries.size()));
        response.set_salt(context_.random->Bytes(kSaltBytes));
        entry.set_reply_hash(HashOf(response.salt(), page.entries));
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        sight.Record(&entry, &operation);
        if (subject.person.has_value()) {
          SIGNPOST_RETURN_IF_ERROR(
              request::SetPerson(*subject.person, &entry, &operation).status());
        }
        SIGNPOST_RETURN_IF_ERROR(
            request::SealDetails(context_, subject.person.has_value() ? &*subject.person : nullptr,
                                 DetailsOf(asked.reason(), asked.filter()), &entry));
        operation.entries.push_back(ledger::ToDraft(entry));

        response.set_ledger_size(size);
        response.set_read_to_index(asked.newest_first() || page.position == 0 ? page.position
                                                                              : page.position - 1);
        if (page.more) {
          response.set_next_page_token(PageToken(token_key_, asker, asked, {size, page.position}));
        }
        for (v1::FoundEntry& found : page.entries) {
          *response.add_entries() = std::move(found);
        }
        return attempt;
      },
      [this, done = std::move(done)](
          absl::StatusOr<ledger::Committed<v1::SearchEntriesResponse>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        *result->outcome.mutable_receipt() =
            ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        done(std::move(result->outcome));
      });
}

void Searches::OpenTail(const base::Principal& asker, v1::TailEntriesRequest request,
                        request::Reply<Tail> done) {
  if (!looks_->Admit(asker, ledger::v1::ENTRY_KIND_ENTRIES_SEARCHED, request.joint_look_id(),
                     ledger::v1::JOINT_LOOK_OPENS_MASKED_ENTRIES, &done)) {
    return;
  }
  if (absl::Status status = CheckReason(request.reason()); !status.ok()) {
    return done(std::move(status));
  }
  absl::StatusOr<audit::Filter> filter = FilterOf(request.filter());
  if (!filter.ok()) return done(std::move(filter).status());
  if (absl::Status status = CheckFilter(request.filter(), request.joint_look_id()); !status.ok()) {
    return done(std::move(status));
  }
  if (request.filter().has_until()) {
    return done(base::InvalidField("filter.until", "leave it out: who looks on sees what comes"));
  }
  if (absl::Status status = TakeBudget(asker, request.filter()); !status.ok()) {
    return done(std::move(status));
  }
  request::Transact<Tail>(
      context_,
      [this, asker, asked = request, kept = *std::move(filter)](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Tail>> {
        ledger::Attempt<Tail> attempt;
        Tail& tail = attempt.outcome;
        tail.filter = kept;
        tail.asker = asker;
        tail.joint_look_id = asked.joint_look_id();
        ledger::Operation& operation = attempt.operation.emplace();
        SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head,
                                  ledger::LedgerReader(&view).Head());
        if (asked.first_index() > head.size) {
          return base::InvalidField("first_index", "is beyond the ledger's end");
        }
        SIGNPOST_ASSIGN_OR_RETURN(const Subject subject, SubjectOf(view, asked.filter()));
        ledger::v1::LedgerEntry entry =
            context_.entries->New(ledger::v1::ENTRY_KIND_ENTRIES_SEARCHED, asker, "");
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        entry.mutable_entries_searched()->set_looks_on(true);
        if (asked.has_first_index()) {
          entry.mutable_entries_searched()->set_first_index(asked.first_index());
        }
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        tail.nobody = subject.nobody;
        if (subject.person.has_value()) {
          tail.person = subject.person->id();
          SIGNPOST_RETURN_IF_ERROR(
              request::SetPerson(*subject.person, &entry, &operation).status());
        }
        SIGNPOST_RETURN_IF_ERROR(
            request::SealDetails(context_, subject.person.has_value() ? &*subject.person : nullptr,
                                 DetailsOf(asked.reason(), asked.filter()), &entry));
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [asked = request,
       done = std::move(done)](absl::StatusOr<ledger::Committed<Tail>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        Tail& tail = result->outcome;
        tail.next_index =
            asked.has_first_index() ? asked.first_index() : result->sequenced->first_index + 1;
        done(std::move(tail));
      });
}

absl::StatusOr<v1::TailEntriesResponse> Searches::ReadTail(Tail* tail) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  ledger::GuardedView guarded(view.get());
  SIGNPOST_ASSIGN_OR_RETURN(Sight sight,
                            Sight::Open(*looks_, guarded, tail->asker, tail->joint_look_id));
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head,
                            ledger::LedgerReader(view.get()).Head());
  Wanted wanted;
  wanted.filter = &*tail->filter;
  wanted.person = tail->person;
  wanted.nobody = tail->nobody;
  wanted.first = tail->next_index;
  wanted.end = std::max(head.size, tail->next_index);
  SIGNPOST_ASSIGN_OR_RETURN(
      Page page, ReadPage(*view, wanted, tail->next_index, base::kSearchPageMax, &sight));
  if (sight.opened()) {
    ledger::v1::LedgerEntry entry =
        context_.entries->New(ledger::v1::ENTRY_KIND_ENTRIES_SEARCHED, tail->asker, "");
    entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
    entry.mutable_entries_searched()->set_looks_on(true);
    entry.mutable_entries_searched()->set_found(static_cast<uint32_t>(page.entries.size()));
    entry.mutable_entries_searched()->set_first_index(tail->next_index);
    entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
    ledger::Operation operation;
    sight.Record(&entry, &operation);
    operation.entries.push_back(ledger::ToDraft(entry));
    operation.reads = guarded.TakeReads();
    const absl::Status recorded = context_.sequencer->SubmitAndWait(std::move(operation)).status();
    // Somebody looked under it in the same moment: nothing was shown, and it is read again.
    if (base::ReasonOf(recorded) == Reason::kAborted) {
      v1::TailEntriesResponse again;
      again.set_next_index(tail->next_index);
      return again;
    }
    if (!recorded.ok()) return recorded;
  }
  tail->next_index = page.position;
  v1::TailEntriesResponse response;
  response.set_next_index(page.position);
  for (v1::FoundEntry& found : page.entries) *response.add_entries() = std::move(found);
  return response;
}

}  // namespace signpost::oversight
