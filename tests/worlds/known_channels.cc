#include "tests/worlds/known_channels.h"

#include <set>

#include "absl/strings/match.h"

namespace signpost::worlds {

namespace {

bool Either(const Difference& difference, const std::string& a, const std::string& b) {
  return (difference.first == a && difference.second == b) ||
         (difference.first == b && difference.second == a);
}

// Methods that name a young person in one of three ways.
bool NamesAPerson(const std::string& method) {
  static const auto* const methods =
      new std::set<std::string>{"/signpost.v1.IndexService/Find",
                                "/signpost.v1.IndexService/WhoKnows",
                                "/signpost.v1.ConsentService/RecordConsent",
                                "/signpost.v1.ConsentService/WithdrawConsent",
                                "/signpost.v1.ConsentService/ListConsents",
                                "/signpost.v1.ConsentService/GetConsentHistory",
                                "/signpost.v1.PersonService/ExportPerson",
                                "/signpost.v1.PersonService/ErasePerson",
                                "/signpost.v1.PersonService/SetShield"};
  return methods->contains(method);
}

bool FoundOrNot(const Plan& /*plan*/, const std::string& method, const Difference& difference) {
  return NamesAPerson(method) && difference.path == "status.code" && Either(difference, "0", "5");
}

bool ReportOutcome(const Plan& /*plan*/, const std::string& method, const Difference& difference) {
  return method == "/signpost.v1.IndexService/ReportFlags" &&
         absl::EndsWith(difference.path, ".outcome.kind") &&
         (difference.first == "FLAG_OUTCOME_KIND_IN_REVIEW") !=
             (difference.second == "FLAG_OUTCOME_KIND_IN_REVIEW");
}

bool ReviewCandidates(const Plan& /*plan*/, const std::string& method,
                      const Difference& difference) {
  const std::string path = WithoutNumbers(difference.path);
  return method == "/signpost.v1.IndexService/ListReviews" &&
         (absl::StartsWith(path, "reply.reviews.candidates") || path == "reply.reviews.cause");
}

bool ShieldInCoverage(const Plan& plan, const std::string& method, const Difference& difference) {
  return absl::StartsWith(plan.pair->name, "shielded-") &&
         method == "/signpost.v1.IndexService/WhoKnows" &&
         WithoutNumbers(difference.path) == "reply.answer.coverage.state" &&
         Either(difference, "COVERAGE_STATE_NOT_YOURS_TO_KNOW", "COVERAGE_STATE_HAS_NONE");
}

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
          absl::StrContains(difference.path, ".report.changes"));
}

bool ExportOfOthers(const Plan& /*plan*/, const std::string& method, const Difference& difference) {
  return method == "/signpost.v1.PersonService/ExportPerson" &&
         absl::StartsWith(difference.path, "reply.answer.");
}

}  // namespace

const std::vector<KnownChannel>& KnownChannels() {
  static const auto* const channels = new std::vector<KnownChannel>{
      {"found-or-not", "Whom details name depends on what other agencies reported of them.",
       "Guessing: what is compared for an asker uses only what that agency reported or may see",
       true, 61, "hidden-or-absent", &FoundOrNot},
      {"report-outcome", "A report is put in review where others know somebody like that.",
       "Guessing: a report is answered RECEIVED, the same for all, before matching", true, 14,
       "shielded-or-absent", &ReportOutcome},
      {"review-candidates", "A review says how the report agrees with what others reported.",
       "Guessing: agrees/differs of a review", false, 0, "shielded-or-absent", &ReviewCandidates},
      {"shield-in-coverage", "Who is shielded shows in the coverage that everybody is told.",
       "Idea 2; promise 7 of design.md: it never depends on whether there is a flag", false, 1,
       "shielded-or-absent", &ShieldInCoverage},
      {"ledger-index", "Between two receipts lie the entries of what others did or were told.",
       "Numbers, ids, time: what a caller can see of the ledger's numbers", false, 2,
       "two-holders-or-five", &LedgerIndex},
      {"ledger-size", "So do checkpoints, and proofs, whose length depends on it.",
       "Numbers, ids, time: what a caller can see of the ledger's numbers", false, 0, "",
       &LedgerSize},
      {"override-number", "An override's number is that of its entry.",
       "Numbers, ids, time: what a caller can see of the ledger's numbers", false, 0, "",
       &OverrideNumber},
      {"preview-counts", "A preview counts the people whom the hub knows.", "Idea 2: counts", false,
       74, "hidden-or-absent", &PreviewCounts},
      {"export-of-others", "An officer of any agency is given what all others hold, or how much.",
       "Shields: nothing that locates a shielded person; Subject access", false, 32,
       "refuge-here-or-there", &ExportOfOthers},
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
