// These are writers that put entries in forms that others' tools read: CSV for spreadsheets, JSON
// lines for programs, FHIR R5 AuditEvent for health record systems, and the audit message of DICOM
// PS3.15 A.5 that IHE ATNA repositories take. docs/audit-exports.md has the tables of what becomes
// what.
//
// Nothing stands in an export that the entry, masked or not, does not hold, but for its own leaf hash
// and the name of the ledger it is from. Whatever an agency wrote is escaped for its form: it can neither end a
// field or an element nor begin a formula.
//
// Pure; thread-safe.

#ifndef SIGNPOST_HUB_AUDIT_EXPORT_H_
#define SIGNPOST_HUB_AUDIT_EXPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "hub/audit/meaning.h"

namespace signpost::audit {

// An entry as it is stored or, with its leaf hash, masked (mask.h). Errors: kDataLoss when `bytes` is
// none, its detail is not of its kind, or it is masked and has no leaf hash. A kind of a later version
// is one, with its detail.
[[nodiscard]] absl::StatusOr<Exported> ReadForExport(const std::string& bytes,
                                                     const std::string& origin,
                                                     const std::string& leaf_hash = "");

// --- One entry in each form ---

// RFC 4180, one record with its line end. What begins like a formula ("=", "+", "-", "@", a tab or
// a line end) has an apostrophe before it, as spreadsheets want text.
std::string CsvHeader();
std::string CsvRecord(const Exported& exported);

// One JSON object on one line, with its line end: every field that is set, by its name in
// ledger.v1.LedgerEntry, bytes in hex, enums as their words, `leaf_hash` and `sequenced_at`.
std::string JsonLine(const Exported& exported);

// One FHIR R5 AuditEvent, on one line without its end.
std::string FhirAuditEvent(const Exported& exported);

// One such resource as an entry of a Bundle.
std::string FhirBundleEntry(const Exported& exported);

// One AuditMessage, on one line without its end and without an XML declaration.
std::string AtnaMessage(const Exported& exported);

// --- Whole files ---

enum class Format {
  kCsv,
  kJsonLines,
  kFhir,        // one resource a line (NDJSON)
  kFhirBundle,  // one Bundle of type "collection"
  kAtna,        // one message a line
};
// Begin(), Next() for each entry, End(), written one behind the other. Not thread-safe.
class Exporter {
 public:
  explicit Exporter(Format format) : format_(format) {}

  std::string Begin() const;
  std::string Next(const Exported& exported);
  std::string End() const;

 private:
  const Format format_;
  bool first_ = true;
};

}  // namespace signpost::audit

#endif  // SIGNPOST_HUB_AUDIT_EXPORT_H_
