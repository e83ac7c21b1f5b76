// Searches::VerifyPerson(): the index of one person's entries, held against the entries.

#include <algorithm>
#include <set>
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
#include "hub/oversight/search.h"
#include "hub/request/resolve.h"

namespace signpost::oversight {

using base::Reason;

namespace {

constexpr char kTokenFormat = 2;  // not that of a search
constexpr size_t kTokenBytes = 1 + 8 + 8 + base::kHashBytes;

// For one auditor and whoever they named, in whichever way.
std::string TokenFor(const base::SecretKey& key, const base::Principal& auditor,
                     v1::VerifyPersonRequest request, const PagePlace& place) {
  request.clear_page_token();
  request.clear_reason();
  std::string token(1, kTokenFormat);
  token += store::KeyU64(place.ledger_size) + store::KeyU64(place.position);
  const std::string whose = absl::StrCat(store::KeyU64(auditor.agency_id.size()), auditor.agency_id,
                                         store::KeyU64(auditor.practitioner_id.size()),
                                         auditor.practitioner_id, request.SerializeAsString());
  return base::Base64UrlEncode(token + base::HmacSha256(key.bytes(), token + whose));
}

absl::StatusOr<PagePlace> ReadToken(const base::SecretKey& key, const base::Principal& auditor,
                                    const v1::VerifyPersonRequest& request) {
  const absl::StatusOr<std::string> bytes = base::Base64UrlDecode(request.page_token());
  if (bytes.ok() && bytes->size() == kTokenBytes && (*bytes)[0] == kTokenFormat) {
    const PagePlace place = {store::U64FromKey(bytes->substr(1)),
                             store::U64FromKey(bytes->substr(9))};
    if (place.position <= place.ledger_size &&
        base::ConstantTimeEqual(TokenFor(key, auditor, request, place), request.page_token())) {
      return place;
    }
  }
  return base::InvalidField("page_token",
                            "take it from the page before, about the same person, as the same "
                            "auditor; or leave it empty to begin anew");
}

// A person with whoever was merged into them: under which ids the index has them, and with which
// keys entries were blinded.
struct Identity {
  std::vector<base::PersonId> ids;
  std::vector<ledger::Blinding> blindings;
};

absl::StatusOr<Identity> IdentityOf(const people::People& people, const store::View& view,
                                    const people::Person& person) {
  Identity identity;
  identity.ids.push_back(person.id());
  for (const std::string& bytes : person.row().merged_from()) {
    SIGNPOST_ASSIGN_OR_RETURN(identity.ids.emplace_back(), base::PersonId::FromBytes(bytes));
  }
  for (const base::PersonId& id : identity.ids) {
    SIGNPOST_ASSIGN_OR_RETURN(ledger::Blinding blinding, people.BlindingOf(view, id));
    identity.blindings.push_back(std::move(blinding));
  }
  return identity;
}

// What both ways of the index say of entries [first, end).
struct Indexed {
  std::set<uint64_t> forward;   // from the person to entries
  std::set<uint64_t> backward;  // from entries to the person
  bool Has(uint64_t index) const { return forward.count(index) + backward.count(index) > 0; }
  bool HasBothWays(uint64_t index) const {
    return forward.count(index) > 0 && backward.count(index) > 0;
  }
};

absl::StatusOr<Indexed> IndexedIn(const store::View& view, const Identity& identity, uint64_t first,
                                  uint64_t end) {
  const ledger::PersonIndex index(&view);
  Indexed indexed;
  for (const base::PersonId& id : identity.ids) {
    for (uint64_t from = first; from < end;) {
      SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> some,
                                index.EntriesOf(id, from, end, base::kPageRowsMax));
      indexed.forward.insert(some.begin(), some.end());
      if (static_cast<int>(some.size()) < base::kPageRowsMax) break;
      from = some.back() + 1;
    }
  }
  SIGNPOST_ASSIGN_OR_RETURN(const auto persons, index.PersonsIn(first, end));
  for (const auto& [number, person] : persons) {
    if (std::find(identity.ids.begin(), identity.ids.end(), person) != identity.ids.end()) {
      indexed.backward.insert(number);
    }
  }
  return indexed;
}

bool IsAbout(const Identity& identity, const ledger::v1::LedgerEntry& entry) {
  return std::any_of(identity.blindings.begin(), identity.blindings.end(),
                     [&entry](const ledger::Blinding& blinding) {
                       return blinding.PersonRef(entry.nonce()) == entry.person_ref();
                     });
}

absl::Status Hold(const store::View& view, const Identity& identity, uint64_t first, uint64_t end,
                  v1::VerifyPersonResponse* response) {
  SIGNPOST_ASSIGN_OR_RETURN(const Indexed indexed, IndexedIn(view, identity, first, end));
  const ledger::LedgerReader reader(&view);
  for (uint64_t index = first; index < end;) {
    const int count = static_cast<int>(std::min<uint64_t>(base::kPageRowsMax, end - index));
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<std::string> entries, reader.Entries(index, count));
    if (entries.empty()) {
      return base::Error(Reason::kDataLoss, "the ledger ends before its size; restore a backup");
    }
    for (const std::string& bytes : entries) {
      if (bytes.empty()) {
        if (indexed.Has(index)) response->add_unverifiable_indexes(index);
        ++index;
        continue;
      }
      SIGNPOST_ASSIGN_OR_RETURN(const ledger::v1::LedgerEntry entry, ledger::ParseEntry(bytes));
      if (!entry.person_ref().empty() && IsAbout(identity, entry)) {
        if (indexed.HasBothWays(index)) {
          response->set_entries_about(response->entries_about() + 1);
        } else {
          response->add_missing_indexes(index);
        }
      } else if (indexed.Has(index)) {
        // Entries of lists have no reference: whom one was about, the index alone says.
        if (entry.person_ref().empty()) {
          response->add_unverifiable_indexes(index);
        } else {
          response->add_surplus_indexes(index);
        }
      }
      ++index;
    }
  }
  return absl::OkStatus();
}

}  // namespace

void Searches::VerifyPerson(const base::Principal& asker, v1::VerifyPersonRequest request,
                            request::Reply<v1::VerifyPersonResponse> done) {
  constexpr auto kKind = ledger::v1::ENTRY_KIND_PERSON_VERIFIED;
  if (!AdmitAuditor(context_, asker, kKind, "", &done)) return;
  if (request.reason().empty() || request.reason().size() > base::kReasonBytesMax) {
    return done(base::InvalidField("reason", "say why you look, in at most 2,000 bytes"));
  }
  v1::EntryFilter whom;
  if (request.has_person()) {
    *whom.mutable_person() = request.person();
  } else if (request.has_same_person_as()) {
    whom.set_same_person_as(request.same_person_as());
  } else {
    return done(base::InvalidField("whom", "name an entry about them, or their details"));
  }
  std::optional<PagePlace> from;
  if (!request.page_token().empty()) {
    const absl::StatusOr<PagePlace> place = ReadToken(token_key_, asker, request);
    if (!place.ok()) return done(place.status());
    from = *place;
  }
  // Once for all pages: a page of one who was found finds nobody new.
  if (!from.has_value()) {
    if (absl::Status status = TakeBudget(asker, whom); !status.ok()) return done(std::move(status));
  }
  struct Held {
    v1::VerifyPersonResponse response;
    absl::Status refusal;
  };
  request::Transact<Held>(
      context_,
      [this, asker, asked = std::move(request), whom = std::move(whom),
       from](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Held>> {
        ledger::Attempt<Held> attempt;
        v1::VerifyPersonResponse& response = attempt.outcome.response;
        ledger::Operation operation;
        SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head,
                                  ledger::LedgerReader(&view).Head());
        const uint64_t size = from.has_value() ? from->ledger_size : head.size;
        if (size > head.size) {
          return base::InvalidField("page_token", "the ledger has been put back since; begin anew");
        }
        SIGNPOST_ASSIGN_OR_RETURN(const Subject subject, SubjectOf(view, whom));
        ledger::v1::LedgerEntry entry = context_.entries->New(kKind, asker, "");
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        if (subject.person.has_value()) {
          SIGNPOST_ASSIGN_OR_RETURN(const Identity identity,
                                    IdentityOf(*context_.people, view, *subject.person));
          const uint64_t first = from.has_value() ? from->position : 0;
          const uint64_t end = std::min<uint64_t>(size, first + kVerifyEntriesMax);
          // Unguarded: entries stay as they are, and what is erased meanwhile was there.
          SIGNPOST_RETURN_IF_ERROR(Hold(view.unguarded(), identity, first, end, &response));
          response.set_ledger_size(size);
          response.set_next_index(end);
          if (end < size) {
            response.set_next_page_token(TokenFor(token_key_, asker, asked, {size, end}));
          }
          ledger::v1::PersonVerified* detail = entry.mutable_person_verified();
          detail->set_first_index(first);
          detail->set_end_index(end);
          detail->set_missing(static_cast<uint32_t>(response.missing_indexes_size()));
          detail->set_surplus(static_cast<uint32_t>(response.surplus_indexes_size()));
          entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
          SIGNPOST_RETURN_IF_ERROR(
              request::SetPerson(*subject.person, &entry, &operation).status());
        } else {
          attempt.outcome.refusal =
              base::Error(Reason::kNotFound,
                          "nobody who is known is meant: the entry is about nobody, or about "
                          "somebody who was erased; or its row of the index is gone, then name "
                          "another entry, or details");
          ledger::SetRefused(Reason::kNotFound, &entry);
        }
        SIGNPOST_RETURN_IF_ERROR(
            request::SealDetails(context_, subject.person.has_value() ? &*subject.person : nullptr,
                                 absl::StrCat("reason: ", asked.reason(), "\n"), &entry));
        operation.entries.push_back(ledger::ToDraft(entry));
        attempt.operation = std::move(operation);
        return attempt;
      },
      [this, done = std::move(done)](absl::StatusOr<ledger::Committed<Held>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        v1::Receipt receipt =
            ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        if (!result->outcome.refusal.ok()) {
          return done(request::WithReceipt(std::move(result->outcome.refusal), receipt));
        }
        *result->outcome.response.mutable_receipt() = std::move(receipt);
        done(std::move(result->outcome.response));
      });
}

}  // namespace signpost::oversight
