#include "hub/rpc/method_table.h"

#include <cstdio>
#include <cstdlib>

namespace signpost::rpc {
namespace {

constexpr CallerKinds kSystem = static_cast<CallerKinds>(CallerKind::kSystem);
constexpr CallerKinds kPractitioner = static_cast<CallerKinds>(CallerKind::kPractitioner);
constexpr CallerKinds kAuditor = static_cast<CallerKinds>(CallerKind::kAuditor);
constexpr CallerKinds kOperator = static_cast<CallerKinds>(CallerKind::kOperator);

constexpr AssertionRule kNone = AssertionRule::kNone;
constexpr AssertionRule kOptional = AssertionRule::kOptional;
constexpr AssertionRule kRequired = AssertionRule::kRequired;
constexpr DeadlineRule kUnary = DeadlineRule::kUnary;
constexpr DeadlineRule kStream = DeadlineRule::kStream;

constexpr MethodRow kRows[] = {
    // Asking and feeding the index. An auditor looks at entries, an operator at the registry:
    // neither asks about people here.
    {"/signpost.v1.IndexService/Find", kSystem | kPractitioner, kOptional, kUnary, 0},
    {"/signpost.v1.IndexService/WhoKnows", kPractitioner, kRequired, kUnary, 1},
    {"/signpost.v1.IndexService/ReportFlags", kSystem, kNone, kStream, 2},
    {"/signpost.v1.IndexService/Reconcile", kSystem, kNone, kStream, 3},
    // Whom a report is about. Roles are judged behind the door, so that a refusal is recorded.
    {"/signpost.v1.StewardService/ListReviews", kPractitioner, kRequired, kUnary, 4},
    {"/signpost.v1.StewardService/ResolveReview", kPractitioner, kRequired, kUnary, 5},
    {"/signpost.v1.ConsentService/RecordConsent", kPractitioner, kRequired, kUnary, 6},
    {"/signpost.v1.ConsentService/WithdrawConsent", kPractitioner, kRequired, kUnary, 7},
    {"/signpost.v1.ConsentService/ListConsents", kPractitioner, kRequired, kUnary, 8},
    {"/signpost.v1.RegistryService/PutAgency", kOperator, kOptional, kUnary, 9},
    {"/signpost.v1.RegistryService/PutTeam", kOperator, kOptional, kUnary, 10},
    {"/signpost.v1.RegistryService/PutPractitioner", kOperator, kOptional, kUnary, 11},
    {"/signpost.v1.RegistryService/SetSuspended", kOperator, kOptional, kUnary, 12},
    // What reveals nothing about anybody is for everybody who is enrolled.
    {"/signpost.v1.RegistryService/ListAgencies", kAnyEnrolled, kOptional, kUnary, 13},
    {"/signpost.v1.AuditService/GetCheckpoint", kAnyEnrolled, kOptional, kUnary, 14},
    {"/signpost.v1.AuditService/GetProof", kAnyEnrolled, kOptional, kUnary, 15},
    {"/signpost.v1.AuditService/GetConsistency", kAnyEnrolled, kOptional, kUnary, 16},
    {"/signpost.v1.AuditService/GetEntry", kAuditor, kOptional, kUnary, 17},
    {"/signpost.v1.AuditService/CopyLedger", kAuditor, kOptional, kStream, 18},
    {"/signpost.v1.ExchangeService/Subscribe", kSystem, kNone, kStream, 19},
    {"/signpost.v1.ConsentService/GetConsentHistory", kPractitioner, kRequired, kUnary, 20},
    {"/signpost.v1.OverrideService/ListOverrides", kPractitioner, kRequired, kUnary, 21},
    {"/signpost.v1.OverrideService/ReviewOverride", kPractitioner, kRequired, kUnary, 22},
    {"/signpost.v1.OverrideService/ReportOverrides", kPractitioner | kAuditor, kOptional, kUnary,
     23},
    // Policies. Roles are judged behind the door, so that a refusal is recorded.
    {"/signpost.v1.PolicyService/ProposePolicy", kPractitioner | kOperator, kOptional, kUnary, 24},
    {"/signpost.v1.PolicyService/ApprovePolicy", kPractitioner | kOperator, kOptional, kUnary, 25},
    {"/signpost.v1.PolicyService/WithdrawPolicy", kPractitioner | kOperator, kOptional, kUnary, 26},
    {"/signpost.v1.PolicyService/ListPolicies", kPractitioner | kAuditor | kOperator, kOptional,
     kUnary, 27},
    {"/signpost.v1.PolicyService/GetPolicy", kPractitioner | kAuditor | kOperator, kOptional,
     kUnary, 28},
    {"/signpost.v1.PolicyService/Explain", kPractitioner, kRequired, kUnary, 29},
    {"/signpost.v1.PolicyService/ListAgreements", kPractitioner, kRequired, kUnary, 30},
    {"/signpost.v1.PolicyService/PreviewPolicy", kPractitioner | kOperator, kOptional, kStream, 31},
    {"/signpost.v1.PolicyService/ReplayDecision", kAuditor, kOptional, kUnary, 32},
    {"/signpost.v1.AuditService/SearchEntries", kAuditor, kOptional, kUnary, 33},
    {"/signpost.v1.AuditService/TailEntries", kAuditor, kOptional, kStream, 34},
    {"/signpost.v1.AuditService/FindPatterns", kAuditor, kOptional, kUnary, 35},
    // Everything about one person. The role is judged behind the door, so that a refusal is
    // recorded.
    {"/signpost.v1.PersonService/ExportPerson", kPractitioner, kRequired, kUnary, 36},
    {"/signpost.v1.PersonService/ErasePerson", kPractitioner, kRequired, kUnary, 37},
    {"/signpost.v1.PersonService/SetShield", kPractitioner, kRequired, kUnary, 38},
    {"/signpost.v1.MaintenanceService/MakeBackup", kOperator, kOptional, kUnary, 39},
    {"/signpost.v1.MaintenanceService/PruneEntries", kOperator, kOptional, kUnary, 40},
    {"/signpost.v1.AuditService/IssuePseudonyms", kAuditor, kOptional, kStream, 41},
    // Who stands in for whom. The role is judged behind the door, so that a refusal is recorded.
    {"/signpost.v1.CoverService/StartCover", kPractitioner, kRequired, kUnary, 42},
    {"/signpost.v1.CoverService/EndCover", kPractitioner, kRequired, kUnary, 43},
    {"/signpost.v1.CoverService/ListCovers", kPractitioner, kRequired, kUnary, 44},
    {"/signpost.v1.ConsentService/AnswerConsent", kPractitioner, kRequired, kUnary, 45},
    {"/signpost.v1.PersonService/ListErasedRecords", kPractitioner, kRequired, kUnary, 46},
    {"/signpost.v1.PersonService/AnswerErasedRecord", kPractitioner, kRequired, kUnary, 47},
    {"/signpost.v1.StewardService/AskAboutRecord", kPractitioner, kRequired, kUnary, 48},
    {"/signpost.v1.StewardService/ListRecordQuestions", kPractitioner, kRequired, kUnary, 49},
    {"/signpost.v1.StewardService/AnswerRecordQuestion", kPractitioner, kRequired, kUnary, 50},
    // What two auditors may see together. That somebody is named, as for all entries, is judged behind
    // the door, so that a refusal is recorded.
    {"/signpost.v1.AuditService/AskJointLook", kAuditor, kOptional, kUnary, 51},
    {"/signpost.v1.AuditService/AgreeJointLook", kAuditor, kOptional, kUnary, 52},
    {"/signpost.v1.AuditService/EndJointLook", kAuditor, kOptional, kUnary, 53},
    {"/signpost.v1.AuditService/ListJointLooks", kAuditor | kPractitioner, kOptional, kUnary, 54},
    {"/signpost.v1.AuditService/VerifyPerson", kAuditor, kOptional, kUnary, 55},
    {"/signpost.v1.AuditService/AnnounceSample", kAuditor, kOptional, kUnary, 56},
    // What is closed, kept, and ended. Roles are judged behind the door, so that a refusal is recorded;
    // how long what is kept is for everybody who is enrolled.
    {"/signpost.v1.ArchiveService/GetKeepingTable", kAnyEnrolled, kOptional, kUnary, 57},
    {"/signpost.v1.ArchiveService/AskForArchive", kPractitioner, kRequired, kUnary, 58},
    {"/signpost.v1.ArchiveService/ListArchiveRequests", kPractitioner, kRequired, kUnary, 59},
    {"/signpost.v1.ArchiveService/AnswerArchiveRequest", kPractitioner, kRequired, kUnary, 60},
    {"/signpost.v1.ArchiveService/ReadArchive", kPractitioner, kRequired, kUnary, 61},
    {"/signpost.v1.ArchiveService/SetLegalHold", kPractitioner, kRequired, kUnary, 62},
    {"/signpost.v1.ArchiveService/ListLegalHolds", kPractitioner, kRequired, kUnary, 63},
    {"/signpost.v1.ArchiveService/RecordDeath", kPractitioner, kRequired, kUnary, 64},
    // Who gives rights. Roles are judged behind the door, so that a refusal is recorded.
    {"/signpost.v1.RegistryService/ListRegistryChanges", kPractitioner | kAuditor | kOperator,
     kOptional, kUnary, 65},
    {"/signpost.v1.RegistryService/ConfirmRegistryChange", kPractitioner | kOperator, kOptional,
     kUnary, 66},
    {"/signpost.v1.RegistryService/RefuseRegistryChange", kPractitioner | kOperator, kOptional,
     kUnary, 67},
    {"/signpost.v1.RegistryService/FoundArea", kOperator, kOptional, kUnary, 68},
};

constexpr bool Numbered() {
  size_t index = 0;
  for (const MethodRow& row : kRows) {
    if (row.index != index++) return false;
  }
  return true;
}
static_assert(Numbered(), "a row's index is its place in the table");

}  // namespace

const char* CallerKindName(CallerKind kind) {
  switch (kind) {
    case CallerKind::kSystem:
      return "system";
    case CallerKind::kPractitioner:
      return "practitioner";
    case CallerKind::kAuditor:
      return "auditor";
    case CallerKind::kOperator:
      return "operator";
  }
  return "unknown";
}

absl::Span<const MethodRow> AllMethods() { return kRows; }

const MethodRow* FindMethod(absl::string_view full_method) {
  for (const MethodRow& row : kRows) {
    if (full_method == row.full_method) return &row;
  }
  return nullptr;
}

const MethodRow& MethodOrDie(absl::string_view full_method) {
  const MethodRow* row = FindMethod(full_method);
  if (row == nullptr) {
    std::fprintf(stderr, "no row in the method table for %.*s\n",
                 static_cast<int>(full_method.size()), full_method.data());
    std::abort();
  }
  return *row;
}

}  // namespace signpost::rpc
