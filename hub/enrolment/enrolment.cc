#include "hub/enrolment/enrolment.h"

#include <memory>
#include <string>
#include <utility>

#include "hub/base/error.h"
#include "hub/ledger/receipt.h"
#include "hub/request/resolve.h"

namespace signpost::enrolment {

namespace stored = ::signpost::store::v1;
using base::Reason;

template <typename Response>
registry::ChangeDone Enrolment::AnswerChange(request::Reply<Response> done, bool rebind) {
  return [this, rebind,
          done = std::move(done)](absl::StatusOr<registry::ChangeResult> result) mutable {
    if (!result.ok()) return done(std::move(result).status());
    Response response;
    const std::string& origin = context_.sequencer->options().origin;
    if (!result->refusal.ok()) {
      return done(request::WithReceipt(std::move(result->refusal),
                                       ledger::ReceiptOf(*result->sequenced, origin)));
    }
    if (result->sequenced.has_value()) {
      *response.mutable_receipt() = ledger::ReceiptOf(*result->sequenced, origin);
    }
    if (result->waits.has_value()) *response.mutable_waits() = *std::move(result->waits);
    // Also when nothing changed: it may be sent again because the binding failed the first time.
    if (!rebind) return done(std::move(response));
    // Binding waits for the ledger, so it must not happen on the sequencer's thread.
    auto answer = std::make_shared<request::Reply<Response>>(std::move(done));
    const bool taken =
        context_.executor->Run([this, answer, response = std::move(response)]() mutable {
          const absl::Status bound = policy_admin_->Bind();
          // A policy that does not compile hides everything and shows on /health; the change
          // stands.
          if (!bound.ok() && base::ReasonOf(bound) != Reason::kPolicyUnavailable) {
            return (*answer)(bound);
          }
          (*answer)(std::move(response));
        });
    if (!taken) {
      (*answer)(
          base::Error(Reason::kTooManyRequests,
                      "the change is recorded, but the policy is not bound to it yet; send it "
                      "again"));
    }
  };
}

void Enrolment::PutAgency(const base::Principal& asker, const v1::PutAgencyRequest& request,
                          request::Reply<v1::PutAgencyResponse> done) {
  context_.registry->PutAgency(request, asker,
                               AnswerChange<v1::PutAgencyResponse>(std::move(done), true));
}

void Enrolment::PutTeam(const base::Principal& asker, const v1::PutTeamRequest& request,
                        request::Reply<v1::PutTeamResponse> done) {
  context_.registry->PutTeam(request, asker,
                             AnswerChange<v1::PutTeamResponse>(std::move(done), true));
}

void Enrolment::PutPractitioner(const base::Principal& asker,
                                const v1::PutPractitionerRequest& request,
                                request::Reply<v1::PutPractitionerResponse> done) {
  // As matching hashes young persons, so that audits can compare; only the hashes go further.
  v1::PersonDetails details;
  details.set_surname(request.practitioner().surname());
  details.set_postcode(request.practitioner().home_postcode());
  const stored::AliasHashes hashes = context_.linker->keys().Hash(details);
  context_.registry->PutPractitioner(
      request, {hashes.surname(), hashes.postcode()}, asker,
      AnswerChange<v1::PutPractitionerResponse>(std::move(done), false));
}

void Enrolment::SetSuspended(const base::Principal& asker, const v1::SetSuspendedRequest& request,
                             request::Reply<v1::SetSuspendedResponse> done) {
  context_.registry->SetSuspended(request, asker,
                                  AnswerChange<v1::SetSuspendedResponse>(std::move(done), true));
}

}  // namespace signpost::enrolment
