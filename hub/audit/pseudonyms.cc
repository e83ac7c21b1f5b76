#include "hub/audit/pseudonyms.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/tlog/checkpoint.h"

namespace signpost::audit {
namespace {

constexpr char kFormatLine[] = "signpost-pseudonyms-v1";
constexpr char kLedger[] = "ledger ";
constexpr char kEntries[] = "entries ";

absl::Status Wrong(uint64_t line, const char* why) {
  return base::InvalidField(absl::StrCat("line ", line), why);
}

}  // namespace

PseudonymWriter::PseudonymWriter(const std::string& origin, uint64_t first, uint64_t end)
    : text_(absl::StrCat(kFormatLine, "\n", kLedger, origin, "\n", kEntries, first, "-", end,
                         "\n")) {}

void PseudonymWriter::Add(uint64_t index, absl::string_view pseudonym) {
  absl::StrAppend(&text_, index, " ", base::HexEncode(pseudonym), "\n");
  ++count_;
}

absl::StatusOr<Pseudonyms> Pseudonyms::Parse(absl::string_view text) {
  Pseudonyms read;
  read.sha256_ = base::Sha256(text);
  if (!absl::EndsWith(text, "\n")) return base::InvalidField("file", "is cut short");
  text.remove_suffix(1);
  uint64_t number = 0;
  uint64_t next = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (number == 1) {
      if (line != kFormatLine) return Wrong(number, "this is no file of pseudonyms");
      continue;
    }
    if (number == 2) {
      if (!absl::ConsumePrefix(&line, kLedger)) return Wrong(number, "the ledger's name is wanted");
      read.origin_ = std::string(line);
      continue;
    }
    if (number == 3) {
      const bool entries = absl::ConsumePrefix(&line, kEntries);
      const std::pair<absl::string_view, absl::string_view> ends =
          absl::StrSplit(line, absl::MaxSplits('-', 1));
      const absl::StatusOr<uint64_t> first = tlog::ParseDecimal(ends.first);
      const absl::StatusOr<uint64_t> end = tlog::ParseDecimal(ends.second);
      if (!entries || !first.ok() || !end.ok() || *first > *end) {
        return Wrong(number, "which entries is wanted");
      }
      read.first_ = next = *first;
      read.end_ = *end;
      continue;
    }
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(' ', 1));
    const absl::StatusOr<uint64_t> index = tlog::ParseDecimal(parts.first);
    absl::StatusOr<std::string> pseudonym = base::HexDecode(parts.second);
    if (!index.ok() || *index < next || *index >= read.end_ || !pseudonym.ok() ||
        pseudonym->size() != kPseudonymBytes) {
      return Wrong(number, "a number above the one before and a pseudonym are wanted");
    }
    next = *index + 1;
    read.of_entry_.emplace(*index, *std::move(pseudonym));
  }
  if (number < 3) return base::InvalidField("file", "is cut short");
  return read;
}

const std::string& Pseudonyms::Of(uint64_t index) const {
  static const std::string* const nobody = new std::string();
  const auto found = of_entry_.find(index);
  return found == of_entry_.end() ? *nobody : found->second;
}

bool Pseudonyms::IsIssuedBy(const ledger::v1::LedgerEntry& entry) const {
  const ledger::v1::PseudonymsIssued& issued = entry.pseudonyms_issued();
  return entry.kind() == ledger::v1::ENTRY_KIND_PSEUDONYMS_ISSUED &&
         issued.file_sha256() == sha256_ && issued.first_index() == first_ &&
         issued.end_index() == end_ && issued.pseudonyms() == of_entry_.size();
}

}  // namespace signpost::audit
