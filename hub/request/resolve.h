// These are helpers that handlers share: whom a selector names, who works with that person, private
// details of entries, and the loop from reading to a durable operation. Thread-safe.

#ifndef SIGNPOST_HUB_REQUEST_RESOLVE_H_
#define SIGNPOST_HUB_REQUEST_RESOLVE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/base/principal.h"
#include "hub/ledger/transact.h"
#include "hub/people/person.h"
#include "hub/request/context.h"
#include "policy/vocabulary.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::request {

// Key under which a status carries the receipt of its refusal; rpc/errors.h puts it on the wire.
inline constexpr char kReceiptPayload[] = "type.googleapis.com/signpost.v1.Receipt";

// `status` with the receipt that says that this refusal is in the ledger.
absl::Status WithReceipt(absl::Status status, const v1::Receipt& receipt);

// By whose words details name somebody.
enum class Words {
  kOwn,   // those that the asker's agency itself reported
  kOpen,  // also what others reported of whom the asker may know
  // What anybody reported, but for the address of whoever is shielded: for an override, which is kept
  // with its reason and reviewed. A child at risk must not be nobody because only a service knows
  // them that may not be named.
  kAll,
  // As kOpen, but that whoever is shielded is nobody, unless the asker's agency works with them or
  // ever reported them: for those whom no policy judges afterwards.
  kOpenUnshielded,
};

// The person whom `selector` names, or nullopt for nobody (and for anything less than certain). They
// are named_as() the asker's own id for them. Errors: kInvalidField when the selector itself is at
// fault; kDataLoss, kStoreUnavailable.
[[nodiscard]] absl::StatusOr<std::optional<people::Person>> Resolve(
    const HubContext& context, const store::View& view, const base::Principal& asker,
    const v1::PersonSelector& selector, Words words = Words::kOwn);

// Takes one from the budget of asking by details, where `selector` is details: of the system, and of
// the asker's agency under that name or identifier. Call once a request, before anything else.
// Errors: kTooManyRequests.
[[nodiscard]] absl::Status TakeDetailsBudget(const HubContext& context,
                                             const base::Principal& asker,
                                             const v1::PersonSelector& selector);

// A purpose that is one, and the assertion's where that names one. Errors: kInvalidField,
// kPurposeNotAllowed.
[[nodiscard]] absl::StatusOr<policy::Purpose> ReadPurpose(const base::Principal& asker,
                                                          v1::Purpose wire);

// Whether the asker's agency, or the home agency of a team asserted, has or had a flag on them.
bool WorksWith(const HubContext& context, const base::Principal& asker,
               const people::Person& person);

// Puts private `details` into `entry`: sealed under the person's key, so that erasing the person
// erases them; under the hub's own when there is nobody. Errors: kDataLoss.
[[nodiscard]] absl::Status SealDetails(const HubContext& context, const people::Person* person,
                                       const std::string& details, ledger::v1::LedgerEntry* entry);

// Says in `entry`, number `i` of `operation`, that it is about `person`, and lets it be found by
// them. Gives what else in the entry is theirs is blinded with. Errors: kDataLoss.
[[nodiscard]] absl::StatusOr<ledger::Blinding> SetPerson(const people::Person& person,
                                                         ledger::v1::LedgerEntry* entry,
                                                         ledger::Operation* operation,
                                                         size_t i = 0);

// ledger::Transact() whose first attempt runs on the caller's thread (which is already the
// executor's) and whose later ones run on the executor.
template <typename Outcome>
void Transact(const HubContext& context, ledger::MakeAttempt<Outcome> make,
              ledger::DoneAttempt<Outcome> done) {
  ledger::Transact<Outcome>({context.executor, context.store, context.sequencer},
                            ledger::FirstAttempt::kHere, std::move(make), std::move(done));
}

// Says that a request for one entry names none.
absl::Status IndexMissing();

// Errors: kInvalidField unless 1 to kRequestIdBytesMax printable characters.
[[nodiscard]] absl::Status CheckRequestId(const std::string& request_id);

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_RESOLVE_H_
