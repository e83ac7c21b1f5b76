// These are the helpers with which the parts of PolicyAdmin read and write the rows of policies:
// texts, what became of each, the words that one was bound to, and which one decides. Internal to
// the room.
//
// Pure but for what they read. Rows are in space kRegistry under "policy/".

#ifndef SIGNPOST_HUB_POLICY_ADMIN_POLICY_ROWS_H_
#define SIGNPOST_HUB_POLICY_ADMIN_POLICY_ROWS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/read_set.h"
#include "hub/ledger/sequencer.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/store/row_codec.h"
#include "hub/store/store.h"
#include "signpost/store/v1/registry.pb.h"

namespace signpost::policy_admin {

inline constexpr char kTextPrefix[] = "policy/text/";
inline constexpr char kRecordPrefix[] = "policy/record/";
inline constexpr char kVocabularyPrefix[] = "policy/vocabulary/";

inline std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

// A row with its bytes; both empty when there is none.
template <typename Row>
struct ReadRow {
  std::optional<std::string> bytes;
  Row row;
};

template <typename Row>
absl::StatusOr<ReadRow<Row>> Read(const store::View& view, const std::string& key) {
  ReadRow<Row> read;
  SIGNPOST_ASSIGN_OR_RETURN(read.bytes, view.Get(store::Space::kRegistry, key));
  if (read.bytes.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(
        read.row, store::DecodeRow<Row>(absl::StrCat("registry row ", key), *read.bytes));
  }
  return read;
}

// kInvalidField for what cannot be the hash of a text.
absl::Status CheckHash(const std::string& sha256);
// What is told of a text of which there is none.
absl::Status NeverProposed();

// Under which the words are stored, and named in entries: 32 bytes.
std::string VocabularyHash(const ::signpost::store::v1::PolicyVocabularyRow& words);

struct PolicyAdmin::Act {
  const ledger::GuardedView* view;
  ledger::Operation operation;
  // Rests on all that is read at `view` until it is submitted.
  explicit Act(const ledger::GuardedView& reading) : view(&reading) {}
  template <typename Row>
  void Put(const std::string& key, const Row& row) {
    operation.batch.Put(store::Space::kRegistry, key, store::EncodeRow(row));
  }
};

}  // namespace signpost::policy_admin

#endif  // SIGNPOST_HUB_POLICY_ADMIN_POLICY_ROWS_H_
