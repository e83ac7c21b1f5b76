#include "hub/oversight/samples.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/oversight/auditor.h"
#include "hub/request/idempotency.h"
#include "hub/request/resolve.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/sample.h"

namespace signpost::oversight {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

constexpr auto kKind = ledger::v1::ENTRY_KIND_SAMPLE_ANNOUNCED;

absl::Status Check(const v1::AnnounceSampleRequest& request, uint64_t first, uint64_t end,
                   uint64_t size) {
  if (end > size || first > end) {
    return base::InvalidField("end_index",
                              absl::StrCat("the ledger has ", size, " entries; name some of them"));
  }
  if (request.count() < 1 || request.count() > tlog::kSampleCountMax ||
      static_cast<uint64_t>(request.count()) > end - first) {
    return base::InvalidField(
        "count", absl::StrCat("1 to ", tlog::kSampleCountMax, ", and no more than the ",
                              end - first, " entries that are drawn from"));
  }
  return absl::OkStatus();
}

// What goes with the announcement once it is entry `index`.
absl::StatusOr<v1::AnnounceSampleResponse> Announced(const request::HubContext& context,
                                                     uint64_t index) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context.store->NewView());
  const ledger::LedgerReader reader(view.get());
  v1::AnnounceSampleResponse response;
  response.set_announced_index(index);
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root, reader.RootAt(index + 1));
  response.set_root(tlog::HashToString(root));
  SIGNPOST_ASSIGN_OR_RETURN(const std::string bytes, reader.Entry(index));
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::v1::LedgerEntry entry, ledger::ParseEntry(bytes));
  response.set_first_index(entry.sample_announced().first_index());
  response.set_end_index(entry.sample_announced().end_index());
  SIGNPOST_ASSIGN_OR_RETURN(*response.mutable_receipt(),
                            ledger::ReceiptAt(*view, context.sequencer->options().origin, index));
  return response;
}

}  // namespace

void Samples::Announce(const base::Principal& asker, v1::AnnounceSampleRequest request,
                       request::Reply<v1::AnnounceSampleResponse> done) {
  if (!AdmitAuditor(context_, asker, kKind, request.request_id(), &done)) return;
  if (request.reason().empty() || request.reason().size() > base::kReasonBytesMax) {
    return done(base::InvalidField("reason", "say why you look, in at most 2,000 bytes"));
  }
  if (request.nonce_sha256().size() != base::kHashBytes) {
    return done(base::InvalidField("nonce_sha256", "must be the SHA-256 of your 32 random bytes"));
  }
  std::string request_id = request.request_id();
  v1::AnnounceSampleRequest content = request;
  content.clear_request_id();
  std::string hash =
      context_.idempotency->Hash("AnnounceSample", asker, content.SerializeAsString());
  // The entry of the first time, when it was sent twice.
  request::Transact<std::optional<uint64_t>>(
      context_,
      [this, asker, request = std::move(request), request_id = std::move(request_id),
       hash = std::move(hash)](const ledger::GuardedView& view)
          -> absl::StatusOr<ledger::Attempt<std::optional<uint64_t>>> {
        ledger::Attempt<std::optional<uint64_t>> attempt;
        SIGNPOST_ASSIGN_OR_RETURN(
            const std::optional<stored::RequestRow> before,
            context_.idempotency->Check(view, asker.agency_id, request_id, hash));
        if (before.has_value()) {
          attempt.outcome = before->ledger_index();
          return attempt;
        }
        SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head,
                                  ledger::LedgerReader(&view).Head());
        const uint64_t end = request.has_end_index() ? request.end_index() : head.size;
        SIGNPOST_RETURN_IF_ERROR(Check(request, request.first_index(), end, head.size));
        ledger::v1::LedgerEntry entry = context_.entries->New(kKind, asker, request_id);
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        ledger::v1::SampleAnnounced* const detail = entry.mutable_sample_announced();
        detail->set_first_index(request.first_index());
        detail->set_end_index(end);
        detail->set_count(static_cast<uint32_t>(request.count()));
        detail->set_nonce_sha256(request.nonce_sha256());
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context_, nullptr, request.reason(), &entry));
        ledger::Operation& operation = attempt.operation.emplace();
        operation.entries.push_back(ledger::ToDraft(entry));
        context_.idempotency->Record(&operation, asker.agency_id, request_id, hash, "",
                                     context_.clock->Now());
        return attempt;
      },
      [this, done = std::move(done)](
          absl::StatusOr<ledger::Committed<std::optional<uint64_t>>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        const uint64_t index =
            result->outcome.has_value() ? *result->outcome : result->sequenced->first_index;
        // Reads the store, which the sequencer's thread has no time for.
        auto told = std::make_shared<request::Reply<v1::AnnounceSampleResponse>>(std::move(done));
        const bool queued =
            context_.executor->Run([this, index, told] { (*told)(Announced(context_, index)); });
        if (!queued) {
          (*told)(base::Error(Reason::kTooManyRequests,
                              "the hub is busy; send the same request again"));
        }
      });
}

}  // namespace signpost::oversight
