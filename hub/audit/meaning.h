// EventMeaning is a struct that says what an entry tells, in terms all exports share: the
// vocabularies of DICOM PS3.15 A.5 and FHIR, and the objects that both list. docs/audit-exports.md
// has the tables. Internal to the room, but for Exported and the tables, which tests enumerate.
//
// Pure; thread-safe.

#ifndef SIGNPOST_HUB_AUDIT_MEANING_H_
#define SIGNPOST_HUB_AUDIT_MEANING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "hub/audit/filter.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::audit {

struct Exported {
  ledger::v1::LedgerEntry entry;
  std::string leaf_hash;  // of the bytes as they are hashed, 32 bytes
  std::string origin;     // the ledger's name
};

// What a kind of entry is in the vocabularies of DICOM and FHIR.
struct EventMeaning {
  ledger::v1::EntryKind kind;
  const char* dcm_code;  // of DICOM PS3.16 CID 400
  const char* dcm_text;
  const char* action;  // C, R, U, D or E
};
const EventMeaning& MeaningOf(ledger::v1::EntryKind kind);
// All of them, each kind once.
const std::vector<EventMeaning>& Meanings();

struct Detail {
  std::string type;
  std::string value;
};

// "0" success, "4" refused for what the caller did, "8" refused for a fault of the hub's: FHIR's
// and DICOM's outcome indicator.
const char* OutcomeIndicator(const ledger::v1::LedgerEntry& entry);

// Aspects as words of the policy.
template <typename Aspects>
std::vector<std::string> AspectWords(const Aspects& aspects) {
  std::vector<std::string> words;
  for (const int aspect : aspects) {
    words.push_back(EnumWord(*ledger::v1::Aspect_descriptor(), aspect));
  }
  return words;
}

// Relationships as words of the policy.
template <typename Relationships>
std::vector<std::string> RelationshipWords(const Relationships& relationships) {
  std::vector<std::string> words;
  for (const int relationship : relationships) {
    words.push_back(EnumWord(*ledger::v1::Relationship_descriptor(), relationship));
  }
  return words;
}

// What is particular to the entry's kind and stands nowhere else in an export, field by field:
// bytes in hex, enums as words, what lies deeper behind a dot.
std::vector<Detail> ParticularsOf(const ledger::v1::LedgerEntry& entry);

// `text` as XML 1.0 and FHIR take it: UTF-8, and no character that they forbid; U+FFFD stands for
// what they do.
std::string CleanText(const std::string& text);

// --- What an entry is about, for FHIR's entities and DICOM's participant objects alike ---

struct Object {
  const char* type;  // DICOM's object type: 1 a person, 2 a system object
  const char* role;  // DICOM's role, which FHIR took over
  const char* role_text;
  std::string id_kind;  // what kind of id `id` is, a word of ours
  std::string id;
  std::string name;
  std::vector<Detail> details;
  std::string query;  // empty: it is none
};
// The entry itself first; then the young person, the policy, the question and what was released, as
// far as the entry names them.
std::vector<Object> ObjectsOf(const Exported& exported);

// "<ledger>#<index>".
std::string EntryName(const Exported& exported);

// Microseconds since 1970 as RFC 3339, in UTC.
std::string TimeText(int64_t us);

template <typename Words>
std::string Joined(const Words& words) {
  return absl::StrJoin(words, " ");
}

}  // namespace signpost::audit

#endif  // SIGNPOST_HUB_AUDIT_MEANING_H_
