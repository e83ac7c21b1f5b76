// These are the limits that the hub has, by name. Each has a test at the limit and one past it.
// Only numbers that relate to one another are checked here; what each protects is said beside it.

#ifndef SIGNPOST_HUB_BASE_LIMITS_H_
#define SIGNPOST_HUB_BASE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace signpost::base {

// --- Wire ---
inline constexpr int kMessageBytesMax = 1 << 20;      // one received gRPC message
inline constexpr int kMetadataBytesMax = 8 << 10;     // all metadata of a call
inline constexpr int kStreamsPerConnectionMax = 100;  // concurrent calls a connection
inline constexpr int kDeadlineSecondsMax = 10;        // unary calls
// Streams that are open at once, of one system and of all systems of one agency: what they hold is
// bounded, and so is what one certificate can hold by them.
inline constexpr int kStreamsPerSystemMax = 32;
inline constexpr int kStreamsPerAgencyMax = 64;
// Reconciliations of one agency at once, and what all of the hub's together may remember of the lists
// that are being sent.
inline constexpr int kReconciliationsPerAgencyMax = 2;
inline constexpr size_t kReconcileBytesMax = 256u << 20;
inline constexpr int kRequestIdBytesMax = 64;
inline constexpr int kReportWindow = 256;  // flag reports of a stream in flight
inline constexpr int kPageRowsMax = 1000;
inline constexpr int kMailboxCreditsMax = 1000;
inline constexpr int kSearchPageMax = 500;                 // entries on one page of a search
inline constexpr int kSearchEntriesReadMax = 20'000;       // read for one page, found or not
inline constexpr size_t kSearchPageBytesMax = 512u << 10;  // a page ends with what passes this
inline constexpr int kPatternEntriesMax = 500'000;         // read for one search for patterns
// Of a file of pseudonyms: a line has at most 54 bytes.
inline constexpr size_t kPseudonymFileBytesMax = size_t{kPatternEntriesMax} * 54 + 1024;

// --- Text fields, in bytes of UTF-8 ---
inline constexpr int kNameBytesMax = 200;
inline constexpr int kContactBytesMax = 500;
inline constexpr int kReasonBytesMax = 2000;   // reasons in words, evidence
inline constexpr int kRecordIdBytesMax = 128;  // an agency's own record id
inline constexpr int kIdentifiersPerPersonMax = 8;
inline constexpr int kAssessmentsPerFlagMax = 16;

// --- Assertions ---
inline constexpr int kAssertionBytesMax = 4096;
inline constexpr int kAssertionLifeSecondsMax = 300;
inline constexpr int kClockSkewSecondsMax = 30;
inline constexpr int kAssertionTextBytesMax = 128;  // ids, role, purpose and the like
inline constexpr int kAssertionTeamsMax = 32;
inline constexpr int kAssertionCacheMax = 100'000;

// --- Store and ledger ---
inline constexpr size_t kStoreKeyBytesMax = 1024;
inline constexpr size_t kStoreValueBytesMax = 16u << 20;
inline constexpr size_t kEntryBytesMax = 65'535;  // an entry bundle has 16-bit lengths
// Commits kept for followers (store/feed.h): a second or two of the busiest writing.
inline constexpr size_t kFeedCommitsMax = 1000;
inline constexpr size_t kFeedBytesMax = 32u << 20;
// Keys written that the sequencer remembers (ledger/conflict_window.h): what one full queue of the
// busiest operations writes, several times over, so that no operation grows too old by waiting.
inline constexpr size_t kConflictRowsMax = 1u << 18;
inline constexpr size_t kConflictKeyBytesMax = 32u << 20;
inline constexpr size_t kReadsPerOperationMax = 10'000;  // rows and ranges one operation rests on

// --- People ---
inline constexpr int kFlagsPerPersonMax = 4096;  // of all agencies together, after a merge
// Of one agency under one of its ids; retracted ones are free, and the latest of them are kept.
inline constexpr int kFlagsPerAgencyAndPersonMax = 64;
inline constexpr int kRetractedFlagsKept = 16;
inline constexpr int kAliasesPerPersonMax = 64;
inline constexpr int kAliasesPerMergedPersonMax = 256;
inline constexpr int kConsentsPerPersonMax = 256;
// Persons who are compared with one report: of those under keys that no two people share (an
// identifier, or birth date and postcode together), and of those under all others. More than these
// go to review, never dropped.
inline constexpr int kMatchExactCandidatesMax = 4096;
inline constexpr int kMatchCandidatesMax = 256;

// --- Files and logs ---
inline constexpr size_t kConfigBytesMax = 1u << 20;
inline constexpr size_t kKeyFileBytesMax = 16u << 10;  // PEM or base64
inline constexpr size_t kLogValueBytesMax = 1024;      // one string of a log line
inline constexpr size_t kLogLineBytesMax = 8192;

// --- Budgets ---
inline constexpr int kFindsPerMinuteMax = 600;  // per system: no endpoint lists people
// Of one agency: different details that it asks with under one name, and changes of the details of
// one record. Nobody finds a birth date or an address by trying them.
inline constexpr int kDetailsPerNameAndDayMax = 20;
inline constexpr int kDetailChangesPerDayMax = 8;
// Changes that one agency reports of one young person in an hour, in all their records together: a
// night's run makes one a record.
inline constexpr int kChangesPerPersonAndHourMax = 128;

static_assert(kAssertionBytesMax < kMetadataBytesMax);
static_assert(kLogValueBytesMax * 6 < kLogLineBytesMax);  // one string, all of it escaped, fits
static_assert(kReasonBytesMax * 4 < static_cast<int>(kEntryBytesMax));

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_LIMITS_H_
