// ActOnce() is a frame that the acts of this room have in common: an act is carried out once under its
// request id, and one that is sent again is answered as it was.
//
// Pure but for what it is given; thread-safe. Internal to the room.

#ifndef SIGNPOST_HUB_ARCHIVE_ACTS_H_
#define SIGNPOST_HUB_ARCHIVE_ACTS_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/principal.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/outcome.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/request/context.h"
#include "hub/request/resolve.h"

namespace signpost::archive {

inline constexpr size_t kReasonBytesMin = 10;
inline constexpr size_t kReferenceBytesMax = 64;
inline constexpr size_t kSaltBytes = 32;
inline constexpr int kPageDefault = 50;

inline bool ActsAs(const base::Principal& asker, absl::string_view role) {
  return asker.has_practitioner() && asker.role == role;
}

inline absl::Status NotInRole(absl::string_view role) {
  return base::Error(base::Reason::kMethodNotAllowed,
                     absl::StrCat("this is for practitioners in role ", role, "; ask the area's"));
}

inline absl::Status Nobody() {
  return base::Error(base::Reason::kNotFound,
                     "nobody is known by this for certain; give more details, or another "
                     "identifier with the birth date");
}

inline absl::Status CheckReason(const std::string& reason) {
  if (reason.size() >= kReasonBytesMin && reason.size() <= base::kReasonBytesMax) {
    return absl::OkStatus();
  }
  return base::InvalidField("reason", "say why in words, 10 to 2,000 bytes");
}

// A court's, a review's or a registrar's own number: one line.
inline absl::Status CheckReference(const std::string& field, const std::string& reference) {
  bool line = !reference.empty() && reference.size() <= kReferenceBytesMax;
  for (const char c : reference) line = line && c >= ' ' && c <= '~';
  if (line) return absl::OkStatus();
  return base::InvalidField(field, "its own number, 1 to 64 printable characters, no name");
}

// One act as it was asked for.
template <typename Request>
struct Act {
  base::Principal asker;
  Request request;
  std::string request_id;
  std::string hash;  // of the request
};

template <typename Request>
Act<Request> Begin(const request::HubContext& context, const char* method,
                   const base::Principal& asker, Request request) {
  Act<Request> act{asker, {}, request.request_id(), {}};
  request.clear_request_id();
  act.hash = context.idempotency->Hash(method, asker, request.SerializeAsString());
  act.request = std::move(request);
  return act;
}

// Carries out what `prepare` makes, once under its request id. `prepare` is handed the entry to
// complete, and may be called more than once; it records what it did with Remember().
template <typename Response, typename Request, typename Prepare>
void ActOnce(const request::HubContext& context, ledger::v1::EntryKind kind, Act<Request> act,
             Prepare prepare, request::Reply<Response> done) {
  using disclosure::Outcome;
  request::Transact<Outcome<Response>>(
      context,
      [context, kind, act = std::move(act), prepare = std::move(prepare)](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Outcome<Response>>> {
        SIGNPOST_ASSIGN_OR_RETURN(
            const std::optional<::signpost::store::v1::RequestRow> before,
            context.idempotency->Check(view, act.asker.agency_id, act.request_id, act.hash));
        if (!before.has_value()) {
          return prepare(view, act, context.entries->New(kind, act.asker, act.request_id));
        }
        ledger::Attempt<Outcome<Response>> attempt;
        // Where an act is answered with an id, that is its result.
        if constexpr (requires {
                        attempt.outcome.response.set_archive_request_id(std::string());
                      }) {
          attempt.outcome.response.set_archive_request_id(before->result());
        }
        SIGNPOST_ASSIGN_OR_RETURN(
            *attempt.outcome.response.mutable_receipt(),
            ledger::ReceiptAt(view, context.sequencer->options().origin, before->ledger_index()));
        return attempt;
      },
      disclosure::Tell(context, std::move(done)));
}

template <typename Request>
void Remember(const request::HubContext& context, const Act<Request>& act,
              const std::string& result, absl::Time now, ledger::Operation* operation) {
  context.idempotency->Record(operation, act.asker.agency_id, act.request_id, act.hash, result,
                              now);
}

}  // namespace signpost::archive

#endif  // SIGNPOST_HUB_ARCHIVE_ACTS_H_
