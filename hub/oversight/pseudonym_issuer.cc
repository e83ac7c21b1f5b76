#include "hub/oversight/pseudonym_issuer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "hub/audit/pseudonyms.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/request/resolve.h"

namespace signpost::oversight {
namespace {

using base::Reason;

// Which entries are about one person each, and under which pseudonym.
absl::StatusOr<audit::PseudonymWriter> Write(const request::HubContext& context,
                                             const store::View& view, uint64_t first,
                                             uint64_t end) {
  const base::SecretKey key = base::SecretKey::Generate(context.random);
  absl::flat_hash_map<std::string, std::string> known;  // by the id in the index
  // Of somebody who was merged into another, that other's.
  const auto pseudonym_of = [&](const base::PersonId& id) -> absl::StatusOr<std::string> {
    const auto [found, fresh] = known.try_emplace(id.ToBytes());
    if (!fresh) return found->second;
    const absl::StatusOr<people::Person> person = context.people->Read(view, id);
    if (person.ok()) {
      found->second = base::HmacSha256(key.bytes(), person->id().bytes());
      found->second.resize(audit::kPseudonymBytes);
    } else if (base::ReasonOf(person.status()) != Reason::kNotFound) {
      return person.status();
    }
    return found->second;
  };
  audit::PseudonymWriter file(context.sequencer->options().origin, first, end);
  SIGNPOST_ASSIGN_OR_RETURN(const auto about, ledger::PersonIndex(&view).PersonsIn(first, end));
  for (size_t i = 0; i < about.size(); ++i) {
    const uint64_t index = about[i].first;
    const bool several = (i > 0 && about[i - 1].first == index) ||
                         (i + 1 < about.size() && about[i + 1].first == index);
    if (several) continue;  // a list, about nobody in particular
    SIGNPOST_ASSIGN_OR_RETURN(const std::string pseudonym, pseudonym_of(about[i].second));
    if (!pseudonym.empty()) file.Add(index, pseudonym);
  }
  return file;
}

}  // namespace

void PseudonymIssuer::Issue(const base::Principal& asker, v1::IssuePseudonymsRequest request,
                            request::Reply<Issued> done) {
  constexpr auto kKind = ledger::v1::ENTRY_KIND_PSEUDONYMS_ISSUED;
  constexpr auto kOpens = ledger::v1::JOINT_LOOK_OPENS_PSEUDONYMS;
  if (!AdmitAuditor(context_, asker, kKind, "", &done)) return;
  if (request.joint_look_id().empty()) {
    absl::Status alone = base::InvalidField(
        "joint_look_id",
        "a file of pseudonyms takes two auditors: ask for a joint look, have another agree");
    return RefuseAuditor(
        context_, asker, kKind, "", std::move(alone),
        [done = std::move(done)](absl::Status refused) mutable { done(std::move(refused)); });
  }
  if (!looks_->Admit(asker, kKind, request.joint_look_id(), kOpens, &done)) return;
  if (running_.exchange(true)) {
    return done(base::Error(Reason::kTooManyRequests,
                            "another auditor's file is being made; try again in a minute"));
  }
  request::Transact<std::string>(
      context_,
      [this, asker, request = std::move(request)](
          const ledger::GuardedView& guarded) -> absl::StatusOr<ledger::Attempt<std::string>> {
        // Unguarded: entries and who they are about do not change, and whoever is erased meanwhile
        // was in the ledger when the file was asked for.
        const store::View& view = guarded.unguarded();
        SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head,
                                  ledger::LedgerReader(&view).Head());
        SIGNPOST_ASSIGN_OR_RETURN(const OpenLook look,
                                  looks_->Find(guarded, asker, request.joint_look_id(),
                                               ledger::v1::JOINT_LOOK_OPENS_PSEUDONYMS));
        v1::PseudonymScope scope;
        if (!scope.ParseFromString(look.row.pseudonyms())) {
          return base::Error(Reason::kDataLoss, "what a joint look opens does not parse");
        }
        const uint64_t first = scope.first_index();
        const uint64_t end = scope.has_end_index() ? scope.end_index() : head.size;
        if (end > head.size || first > end) {
          return base::InvalidField("joint_look_id",
                                    "the ledger has been put back since, and no longer has all "
                                    "these entries; ask anew");
        }
        if (end - first > base::kPatternEntriesMax) {
          return base::InvalidField(
              "joint_look_id", absl::StrCat("at most ", base::kPatternEntriesMax,
                                            " entries at once; ask for a joint look at fewer"));
        }
        SIGNPOST_ASSIGN_OR_RETURN(audit::PseudonymWriter file, Write(context_, view, first, end));
        ledger::v1::LedgerEntry entry =
            context_.entries->New(ledger::v1::ENTRY_KIND_PSEUDONYMS_ISSUED, asker, "");
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        ledger::v1::PseudonymsIssued* const issued = entry.mutable_pseudonyms_issued();
        issued->set_first_index(first);
        issued->set_end_index(end);
        issued->set_pseudonyms(file.count());
        ledger::Attempt<std::string> attempt{std::move(file).Finish(), ledger::Operation()};
        issued->set_file_sha256(base::Sha256(attempt.outcome));
        JointLooks::Record(look, {}, &entry, &*attempt.operation);
        attempt.operation->entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [this,
       done = std::move(done)](absl::StatusOr<ledger::Committed<std::string>> result) mutable {
        running_ = false;
        if (!result.ok()) return done(std::move(result).status());
        done(Issued{std::move(result->outcome),
                    ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin)});
      });
}

}  // namespace signpost::oversight
