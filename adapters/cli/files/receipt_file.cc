#include "adapters/cli/files/receipt_file.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/text/text.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/base/json_config.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "nlohmann/json.hpp"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::adapters::cli {
namespace {

constexpr char kFormat[] = "signpost-receipt-v1";

}  // namespace

std::string FormatReceiptFile(const ReceiptFile& file) {
  const google::protobuf::Timestamp& at = file.receipt.sequenced_at();
  nlohmann::ordered_json json = {
      {"format", kFormat},
      {"origin", file.receipt.origin()},
      {"ledger_index", file.receipt.ledger_index()},
      {"leaf_hash", absl::BytesToHexString(file.receipt.leaf_hash())},
      {"sequenced_at", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(at.seconds()),
                                        absl::UTCTimeZone())},
  };
  if (!file.answer.empty()) json["answer"] = base::Base64Encode(file.answer);
  if (!file.proof.empty()) json["proof"] = file.proof;
  return absl::StrCat(json.dump(2), "\n");
}

absl::StatusOr<ReceiptFile> ParseReceiptFile(absl::string_view text, const std::string& source) {
  SIGNPOST_ASSIGN_OR_RETURN(base::ConfigObject config, base::ConfigObject::Parse(text, source));
  ReceiptFile file;
  config.ChoiceOr("format", {kFormat}, "");
  file.receipt.set_origin(config.String("origin"));
  file.receipt.set_ledger_index(
      static_cast<uint64_t>(config.Integer("ledger_index", 0, INT64_MAX)));
  const absl::StatusOr<std::string> leaf = base::HexDecode(config.String("leaf_hash"));
  if (leaf.ok() && leaf->size() == tlog::kHashBytes) {
    file.receipt.set_leaf_hash(*leaf);
  } else {
    config.Complain("leaf_hash", "64 hex digits are wanted");
  }
  absl::Time at;
  std::string ignored;
  if (absl::ParseTime(absl::RFC3339_full, config.String("sequenced_at"), &at, &ignored)) {
    file.receipt.mutable_sequenced_at()->set_seconds(absl::ToUnixSeconds(at));
  } else {
    config.Complain("sequenced_at", "a time such as 2026-11-22T00:47:08Z is wanted");
  }
  const absl::StatusOr<std::string> answer = base::Base64Decode(config.StringOr("answer", ""));
  if (answer.ok()) {
    file.answer = *answer;
  } else {
    config.Complain("answer", "base64 is wanted");
  }
  file.proof = config.StringOr("proof", "");
  SIGNPOST_RETURN_IF_ERROR(config.Finish());
  return file;
}

absl::StatusOr<ReceiptFile> ReadReceiptFile(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, ReadBytes(path, kReceiptFileBytesMax));
  return ParseReceiptFile(text, path);
}

absl::StatusOr<std::string> VerifyReceipt(const ReceiptFile& file,
                                          const tlog::NoteVerifier& verifier,
                                          const std::optional<std::string>& entry) {
  if (file.proof.empty()) {
    return absl::InvalidArgumentError(
        "the file holds no proof yet; fetch one while the hub can be reached: signpost audit proof "
        "--receipt FILE");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Proof proof, tlog::ParseProof(file.proof));
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint,
                            tlog::OpenCheckpoint(proof.checkpoint, {&verifier, 1}));
  if (proof.index != file.receipt.ledger_index()) {
    return absl::DataLossError(absl::StrCat("the proof is for entry ", proof.index,
                                            ", the receipt for entry ",
                                            file.receipt.ledger_index()));
  }
  if (checkpoint.origin != file.receipt.origin()) {
    return absl::DataLossError(absl::StrCat("the checkpoint is of ledger ", checkpoint.origin,
                                            ", the receipt of ", file.receipt.origin()));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash leaf, tlog::HashFromString(file.receipt.leaf_hash()));
  if (proof.index >= checkpoint.size) {
    return absl::DataLossError(absl::StrCat("entry ", proof.index, " is beyond the checkpoint's ",
                                            checkpoint.size, " entries"));
  }
  SIGNPOST_RETURN_IF_ERROR(
      tlog::VerifyInclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root));
  std::string verified =
      absl::StrCat("Entry ", proof.index, " is in the ledger ", checkpoint.origin,
                   ", under a signed "
                   "checkpoint of ",
                   checkpoint.size, " entries.");
  if (!entry.has_value()) {
    return absl::StrCat(verified,
                        file.answer.empty() ? " The time in the file was"
                                            : " The time and the answer in the file were",
                        " not compared: that takes the entry's bytes, with --entry.");
  }

  tlog::Hasher hasher;
  if (hasher.Leaf(*entry) != leaf) {
    return absl::DataLossError("the entry's bytes do not hash to the receipt's leaf");
  }
  ledger::v1::LedgerEntry decoded;
  if (!decoded.ParseFromString(*entry)) return absl::DataLossError("the entry does not parse");
  if (file.receipt.sequenced_at().seconds() != decoded.sequenced_at_us() / 1'000'000) {
    return absl::DataLossError("the time in the file is not the one that the entry records");
  }
  absl::StrAppend(&verified, " The entry's bytes are those recorded, and so is the time.");
  if (!file.answer.empty()) {
    if (decoded.reply_hash() != base::Sha256(file.answer)) {
      return absl::DataLossError("the answer in the file is not the one that the entry records");
    }
    absl::StrAppend(&verified, " The answer in the file is the one it records, byte for byte.");
  }
  return verified;
}

}  // namespace signpost::adapters::cli
