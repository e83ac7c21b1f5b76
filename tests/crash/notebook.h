// A Notebook is a record that clients of a crash test keep of what they were told, at once, in this
// process and never in the hub's. And the judges: pure functions that hold a note against what the
// hub says after it was killed, and answer with sentences about what is wrong. No sentence, no
// fault.

#ifndef SIGNPOST_TESTS_CRASH_NOTEBOOK_H_
#define SIGNPOST_TESTS_CRASH_NOTEBOOK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::crash {

using Problems = std::vector<std::string>;

// A receipt, and what it was for.
struct ReceiptNote {
  ledger::v1::EntryKind kind = ledger::v1::ENTRY_KIND_UNSPECIFIED;
  v1::Receipt receipt;
  std::string reply_hash;  // SHA-256 of the answer's bytes; empty where there was no answer
};

// One agency's record. Versions count from 1 and differ in what the agency says; see Report().
struct RecordNote {
  std::string agency;
  std::string record_id;
  int person = 0;
  int sent = 0;          // the highest version sent
  int acknowledged = 0;  // the highest version acknowledged; 0: none
  std::string flag_id;   // once acknowledged
  bool touched = false;  // since it was last held against the hub
};

// One consent that somebody asked to record, with the requests, to send again after a crash.
struct ConsentNote {
  v1::RecordConsentRequest record;
  std::string consent_id;  // empty: not acknowledged
  std::optional<v1::WithdrawConsentRequest> withdraw;
  bool withdrawn = false;  // acknowledged
};

// One young person whose consents are given and taken back, in order. At most the last is pending.
struct ConsenterNote {
  std::string record_id;  // at Connexions
  std::vector<ConsentNote> consents;
};

struct Notebook {
  std::map<std::string, RecordNote> records;  // by agency and record id
  std::vector<ConsenterNote> consenters;
  std::vector<ReceiptNote> receipts;
  int acknowledged_flags = 0;
  int acknowledged_resends = 0;
  int acknowledged_consents = 0;
  int acknowledged_withdrawals = 0;
  int answers = 0;
  int refusals = 0;  // that carried a receipt
};

// What `note`'s agency reports of its record in `version`.
v1::FlagReport Report(const RecordNote& note, int version);
// The version that `flag` shows; 0 when it is none of Report()'s.
int VersionOf(const v1::FlagView& flag);
// A person like no other of these.
v1::PersonDetails Person(int number);

// Every receipt has the entry that it names: at its index, with its leaf hash, of its kind, with
// the hash of the answer that was given. `entries` is the ledger from 0, as an auditor copied it.
void CheckReceipts(const std::vector<ReceiptNote>& receipts,
                   const std::vector<std::string>& entries, Problems* problems);

// `flag` is what the record's own agency is answered; nullopt: nothing. What was acknowledged is
// there, as then or as sent later; what was not sent is not.
void CheckRecord(const RecordNote& note, const std::optional<v1::FlagView>& flag,
                 Problems* problems);

// `listed` is every consent of the person; `content_shown` whether an answer opens what only
// consent opens. Pending requests may have been applied or not, once at most.
void CheckConsents(const ConsenterNote& note, const v1::ConsentList& listed, bool content_shown,
                   Problems* problems);

}  // namespace signpost::crash

#endif  // SIGNPOST_TESTS_CRASH_NOTEBOOK_H_
