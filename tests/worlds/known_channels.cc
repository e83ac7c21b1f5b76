#include "tests/worlds/known_channels.h"

#include "absl/strings/match.h"

namespace signpost::worlds {

namespace {

bool LedgerIndex(const Plan& /*plan*/, const std::string& /*method*/,
                 const Difference& difference) {
  return absl::EndsWith(difference.path, "receipt.ledger_index");
}

bool OverrideNumber(const Plan& /*plan*/, const std::string& method, const Difference& difference) {
  const std::string path = WithoutNumbers(difference.path);
  return method == "/signpost.v1.OverrideService/ListOverrides" &&
         (path == "reply.answer.overrides.number" || path == "reply.answer.next_page_token");
}

bool LedgerSize(const Plan& /*plan*/, const std::string& method, const Difference& difference) {
  if (!absl::StartsWith(method, "/signpost.v1.AuditService/")) return false;
  for (const char* field : {"reply.checkpoint", "reply.proof", "reply.hashes", "reply.new_size"}) {
    if (absl::StartsWith(difference.path, field)) return true;
  }
  return false;
}

bool PreviewCounts(const Plan& /*plan*/, const std::string& method, const Difference& difference) {
  return method == "/signpost.v1.PolicyService/PreviewPolicy" &&
         (absl::EndsWith(difference.path, ".report.people") ||
          absl::EndsWith(difference.path, ".report.questions") ||
          absl::StrContains(difference.path, ".report.changes"));
}

bool ExportedNumber(const Plan& /*plan*/, const std::string& method, const Difference& difference) {
  return method == "/signpost.v1.PersonService/ExportPerson" &&
         absl::EndsWith(difference.path, ".entry_index");
}

}  // namespace

const std::vector<KnownChannel>& KnownChannels() {
  static const auto* const channels = new std::vector<KnownChannel>{
      {"ledger-index", "Between two receipts lie the entries of what others did or were told.",
       "Numbers, ids, time: what a caller can see of the ledger's numbers", false, 2,
       "two-holders-or-five", &LedgerIndex},
      {"ledger-size", "So do checkpoints, and proofs, whose length depends on it.",
       "Numbers, ids, time: what a caller can see of the ledger's numbers", false, 0, "",
       &LedgerSize},
      {"override-number", "An override's number is that of its entry.",
       "Numbers, ids, time: what a caller can see of the ledger's numbers", false, 0, "",
       &OverrideNumber},
      {"preview-counts",
       "A preview counts the people whom the hub knows, and what was asked about them.",
       "Idea 2: counts", false, 982, "hidden-or-absent", &PreviewCounts},
      {"exported-number", "So are the numbers of the accesses that an export tells.",
       "Numbers, ids, time: what a caller can see of the ledger's numbers", false, 0, "",
       &ExportedNumber},
  };
  return *channels;
}

const KnownChannel* FindKnown(const Plan& plan, const std::string& method,
                              const Difference& difference) {
  for (const KnownChannel& channel : KnownChannels()) {
    if (channel.is(plan, method, difference)) return &channel;
  }
  return nullptr;
}

}  // namespace signpost::worlds
