#include "hub/ledger/restored.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/checkpoint.h"

namespace signpost::ledger {
namespace {

constexpr absl::string_view kFirstLine = "signpost restored store";

absl::Status Malformed() {
  return absl::InvalidArgumentError("the word of a restore does not read");
}

std::string FormatHead(const TreeHead& head) {
  return absl::StrCat(head.size, " ", base::Base64Encode(tlog::HashToString(head.root)), "\n");
}

absl::StatusOr<TreeHead> ParseHead(absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, ' ');
  if (parts.size() != 2) return Malformed();
  TreeHead head;
  SIGNPOST_ASSIGN_OR_RETURN(head.size, tlog::ParseDecimal(parts[0]));
  SIGNPOST_ASSIGN_OR_RETURN(const std::string root, base::Base64Decode(parts[1]));
  SIGNPOST_ASSIGN_OR_RETURN(head.root, tlog::HashFromString(root));
  return head;
}

}  // namespace

void PutRestored(absl::string_view note, store::Batch* batch) {
  batch->Put(store::Space::kMeta, kRestoredKey, note);
}

void PutRestoreMark(const RestoreMark& mark, store::Batch* batch) {
  batch->Put(
      store::Space::kMeta, absl::StrCat(kRestoreMarkPrefix, store::KeyU64(mark.at.size)),
      absl::StrCat(tlog::HashToString(mark.at.root),
                   store::KeyU64(static_cast<uint64_t>(absl::ToUnixMicros(mark.recorded_at)))));
}

absl::StatusOr<std::vector<RestoreMark>> ReadRestoreMarks(const store::View& view) {
  std::vector<RestoreMark> marks;
  const std::string prefix = kRestoreMarkPrefix;
  std::string from = prefix;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<store::KeyValue> rows,
        view.Scan(store::Space::kMeta, from, store::PrefixEnd(prefix), base::kPageRowsMax));
    for (const store::KeyValue& row : rows) {
      if (row.key.size() != prefix.size() + sizeof(uint64_t) ||
          row.value.size() != tlog::kHashBytes + sizeof(uint64_t)) {
        return base::Error(base::Reason::kDataLoss,
                           "where the ledger was restored does not read; call the operator, who "
                           "restores the newest backup");
      }
      RestoreMark mark;
      mark.at.size = store::U64FromKey(row.key.substr(prefix.size()));
      SIGNPOST_ASSIGN_OR_RETURN(mark.at.root,
                                tlog::HashFromString(row.value.substr(0, tlog::kHashBytes)));
      mark.recorded_at = absl::FromUnixMicros(
          static_cast<int64_t>(store::U64FromKey(row.value.substr(tlog::kHashBytes))));
      marks.push_back(mark);
    }
    if (rows.size() < static_cast<size_t>(base::kPageRowsMax)) return marks;
    from = rows.back().key + '\0';
  }
}

// Text, and every line of it in its place: it is signed with the ledger's key, and what is signed
// must read in one way only.
std::string FormatRestored(const Restored& restored) {
  std::string text = absl::StrCat(kFirstLine, "\n", restored.origin, "\nbackup ", restored.backup,
                                  "\nholds ", FormatHead(restored.holds));
  for (const TreeHead& head : restored.gives_up) {
    absl::StrAppend(&text, "gives up ", FormatHead(head));
  }
  return text;
}

absl::StatusOr<Restored> ParseRestored(const std::string& text) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (lines.size() < 5 || lines.size() > 5 + kGivenUpMax || lines[0] != kFirstLine ||
      lines[1].empty() || !lines.back().empty()) {
    return Malformed();
  }
  Restored restored;
  restored.origin = std::string(lines[1]);
  if (!absl::ConsumePrefix(&lines[2], "backup ")) return Malformed();
  SIGNPOST_ASSIGN_OR_RETURN(restored.backup, tlog::ParseDecimal(lines[2]));
  if (!absl::ConsumePrefix(&lines[3], "holds ")) return Malformed();
  SIGNPOST_ASSIGN_OR_RETURN(restored.holds, ParseHead(lines[3]));
  for (size_t i = 4; i + 1 < lines.size(); ++i) {
    if (!absl::ConsumePrefix(&lines[i], "gives up ")) return Malformed();
    SIGNPOST_ASSIGN_OR_RETURN(TreeHead head, ParseHead(lines[i]));
    restored.gives_up.push_back(head);
  }
  return restored;
}

absl::StatusOr<Restored> OpenRestored(const std::string& note,
                                      absl::Span<const tlog::NoteVerifier> verifiers) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, tlog::OpenNote(note, verifiers));
  return ParseRestored(text);
}

}  // namespace signpost::ledger
