#include "hub/witness/request.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/check.h"
#include "hub/tlog/checkpoint.h"

namespace signpost::witness {
namespace {

absl::Status Malformed(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("malformed add-checkpoint request: ", why));
}

// Cuts the next line off `rest`. False when there is no newline left.
bool TakeLine(absl::string_view* rest, absl::string_view* line) {
  const size_t end = rest->find('\n');
  if (end == absl::string_view::npos) return false;
  *line = rest->substr(0, end);
  rest->remove_prefix(end + 1);
  return true;
}

}  // namespace

std::string FormatAddCheckpoint(const AddCheckpointRequest& request) {
  CHECK(request.proof.size() <= kProofHashesMax);
  std::string body = absl::StrCat("old ", request.old_size, "\n");
  for (const tlog::Hash& hash : request.proof) {
    absl::StrAppend(&body, absl::Base64Escape(tlog::HashToString(hash)), "\n");
  }
  absl::StrAppend(&body, "\n", request.checkpoint);
  return body;
}

absl::StatusOr<AddCheckpointRequest> ParseAddCheckpoint(absl::string_view body) {
  if (body.size() > kRequestBytesMax) return Malformed("too large");
  AddCheckpointRequest request;
  absl::string_view line;
  if (!TakeLine(&body, &line) || !absl::ConsumePrefix(&line, "old ")) {
    return Malformed("the first line is not \"old\" and a size");
  }
  const absl::StatusOr<uint64_t> old_size = tlog::ParseDecimal(line);
  if (!old_size.ok()) return Malformed("the old size is not a decimal number");
  request.old_size = *old_size;
  while (true) {
    if (!TakeLine(&body, &line)) return Malformed("no empty line before the checkpoint");
    if (line.empty()) break;
    if (request.proof.size() == kProofHashesMax) return Malformed("more than 63 hashes");
    std::string bytes;
    if (!absl::Base64Unescape(line, &bytes) || absl::Base64Escape(bytes) != line) {
      return Malformed("a line of the proof is not base64");
    }
    const absl::StatusOr<tlog::Hash> hash = tlog::HashFromString(bytes);
    if (!hash.ok()) return Malformed("a line of the proof is not a hash");
    request.proof.push_back(*hash);
  }
  if (body.empty()) return Malformed("no checkpoint");
  request.checkpoint = std::string(body);
  return request;
}

std::string FormatSize(uint64_t size) { return absl::StrCat(size, "\n"); }

absl::StatusOr<uint64_t> ParseSize(absl::string_view body) {
  if (!absl::ConsumeSuffix(&body, "\n")) {
    return absl::InvalidArgumentError("a size ends in a newline");
  }
  return tlog::ParseDecimal(body);
}

}  // namespace signpost::witness
