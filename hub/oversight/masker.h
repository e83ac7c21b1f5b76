// Masker is a reader of the area's words that says which entries are masked (audit/mask.h): those
// that name an agency which gives a sensitive service, by the words of now or by any that a policy
// was ever bound to. So what was masked once stays masked when an agency gives up a service, or is
// taken out.
//
// What a Spectacles sees is fixed: take one for one request. Both are thread-safe; a Masker owns
// nothing of what it is given, and a Spectacles must not outlive the view and the Masker.

#ifndef SIGNPOST_HUB_OVERSIGHT_MASKER_H_
#define SIGNPOST_HUB_OVERSIGHT_MASKER_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "hub/audit/mask.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/request/context.h"
#include "hub/store/store.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::oversight {

class Spectacles;

class Masker {
 public:
  Masker(const request::HubContext& context, const policy_admin::PolicyAdmin* policy_admin)
      : context_(context), policy_admin_(policy_admin) {}
  Masker(const Masker&) = delete;
  Masker& operator=(const Masker&) = delete;

  // Errors: kDataLoss, kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<Spectacles> At(const store::View& view) const;

 private:
  friend class Spectacles;
  struct Known {
    audit::SensitiveNames names;
    std::set<std::string> agencies;
  };

  absl::StatusOr<std::shared_ptr<const Known>> KnownAt(const store::View& view) const;

  const request::HubContext context_;
  const policy_admin::PolicyAdmin* const policy_admin_;
  mutable absl::Mutex mutex_;
  // What `words_` led to; read anew when the words of now, or the policy that is bound, are others.
  mutable std::string words_ ABSL_GUARDED_BY(mutex_);
  mutable std::shared_ptr<const Known> known_ ABSL_GUARDED_BY(mutex_);
};

class Spectacles {
 public:
  // `entry` as one auditor alone may read it; nullopt where as it stands. Errors: kDataLoss,
  // kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<std::optional<ledger::v1::LedgerEntry>> Mask(
      const ledger::v1::LedgerEntry& entry);

  bool IsSensitive(const std::string& agency_id) const {
    return known_->agencies.contains(agency_id);
  }
  std::set<std::string> AgenciesNamedIn(const ledger::v1::LedgerEntry& entry) const {
    return audit::AgenciesNamedIn(entry, known_->names);
  }
  // Whether the rule of the policy of that hash names one. Errors: kDataLoss, kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<bool> RuleNames(const std::string& policy_sha256,
                                               const std::string& rule);

 private:
  friend class Masker;
  Spectacles(const Masker* masker, const store::View* view,
             std::shared_ptr<const Masker::Known> known)
      : masker_(masker), view_(view), known_(std::move(known)) {}
  // Of the policy whose text has that hash, 32 bytes.
  absl::StatusOr<const absl::flat_hash_set<std::string>*> RulesOf(const std::string& sha256);

  const Masker* masker_;
  const store::View* view_;
  std::shared_ptr<const Masker::Known> known_;
  std::map<std::string, absl::flat_hash_set<std::string>> rules_;  // by hash
};

}  // namespace signpost::oversight

#endif  // SIGNPOST_HUB_OVERSIGHT_MASKER_H_
