#include "hub/keys/master_key.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/ids.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/keys.pb.h"

namespace signpost::keys {
namespace {

using base::Error;
using base::MasterKey;
using base::Reason;
using store::Space;
using store::v1::MasterKeyRow;

// Longer than the 16 bytes that a person's row is under, so that none is taken for the other.
constexpr char kPrefix[] = "master-key/";

constexpr char kNothingTouched[] =
    ". Under another key nobody would be found and everybody reported again would be somebody new, "
    "so nothing was touched. signpost-hub check-key --master FILE tells a file's check value";

absl::Status NothingSaysWhich() {
  return Error(Reason::kDataLoss,
               "the store holds rows, and nothing in it says which master key they lie under. Do "
               "not serve from it: put it aside and restore a backup (docs/operating.md, Keys)");
}

absl::Status Mismatch(const std::string& what) {
  return Error(Reason::kKeyUnavailable, absl::StrCat(what, kNothingTouched));
}

std::string TimeText(int64_t us) {
  return absl::FormatTime(absl::RFC3339_sec, absl::FromUnixMicros(us), absl::UTCTimeZone());
}

std::string RowKey(const std::string& check) { return absl::StrCat(kPrefix, check); }

// One row, read.
struct Known {
  std::string check;  // the check value
  MasterKeyRow row;

  std::string Name() const {
    return absl::StrCat(base::HexEncode(check), " (since ", TimeText(row.since_us()), ")");
  }
};

// All rows: exactly one in force, at most one leaving.
struct Rows {
  std::vector<Known> all;
  const Known* in_force = nullptr;
  const Known* leaving = nullptr;

  const Known* Find(const std::string& check) const {
    for (const Known& known : all) {
      if (known.check == check) return &known;
    }
    return nullptr;
  }
};

absl::StatusOr<std::unique_ptr<Rows>> Parse(absl::Span<const store::KeyValue> stored) {
  auto rows = std::make_unique<Rows>();
  rows->all.reserve(stored.size());
  for (const store::KeyValue& row : stored) {
    Known known;
    if (!IsHubKey(row.key)) return NothingSaysWhich();
    known.check = row.key.substr(sizeof(kPrefix) - 1);
    if (known.check.size() != base::kCheckValueBytes) return NothingSaysWhich();
    SIGNPOST_ASSIGN_OR_RETURN(known.row,
                              store::DecodeRow<MasterKeyRow>("a master key's row", row.value));
    rows->all.push_back(std::move(known));
  }
  for (const Known& known : rows->all) {
    const Known** const place =
        known.row.standing() == store::v1::MASTER_KEY_STANDING_IN_FORCE  ? &rows->in_force
        : known.row.standing() == store::v1::MASTER_KEY_STANDING_LEAVING ? &rows->leaving
                                                                         : nullptr;
    if (place == nullptr) continue;
    if (*place != nullptr) return NothingSaysWhich();
    *place = &known;
  }
  if (rows->in_force == nullptr) return NothingSaysWhich();
  return rows;
}

// What the keys given are to the store that `rows` are of.
absl::StatusOr<Change> Judge(const Rows& rows, const MasterKeys& given) {
  const std::string check = given.master.CheckValue();
  const std::string old_check =
      given.old_master.has_value() ? given.old_master->CheckValue() : std::string();
  const Known& in_force = *rows.in_force;
  const std::string both_needed =
      rows.leaving == nullptr
          ? ""
          : absl::StrCat(
                " Its master key is being changed, and some of what is stored lies under the "
                "one before still: give ",
                in_force.Name(), " as master and ", rows.leaving->Name(),
                " as old_master until the hub says that the old one may be taken away");
  if (check == in_force.check) {
    if (rows.leaving != nullptr) {
      if (old_check == rows.leaving->check) return Change::kRunning;
      return Mismatch(absl::StrCat("one more key is needed.", both_needed));
    }
    if (old_check.empty()) return Change::kNone;
    if (rows.Find(old_check) != nullptr) return Change::kEnded;
    return Mismatch(
        absl::StrCat("the old master key given (check value ", base::HexEncode(old_check),
                     ") is not one that what is stored ever lay under: leave it out, or "
                     "bring the right one"));
  }
  if (const Known* const known = rows.Find(check); known != nullptr && known != rows.leaving) {
    return Mismatch(absl::StrCat("the master key given (check value ", base::HexEncode(check),
                                 ") was replaced on ", TimeText(known->row.replaced_us()),
                                 " and opens nothing any more: give the one of check value ",
                                 in_force.Name(), ".", both_needed));
  }
  if (rows.leaving == nullptr && old_check == in_force.check) return Change::kToBegin;
  return Mismatch(absl::StrCat(
      "the master key given has the check value ", base::HexEncode(check),
      ", and what is stored lies under the one of ", in_force.Name(), ".",
      rows.leaving == nullptr
          ? " Give that one; bring its copy from the safe if the file was replaced, or give it as "
            "old_master where the key is to be changed"
          : both_needed));
}

// Whether there is any row that somebody but the engine wrote.
absl::StatusOr<bool> HoldsRows(const store::View& view) {
  for (int i = 0; i < store::kSpaceCount; ++i) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                              view.Scan(static_cast<Space>(i), "", "", 2));
    for (const store::KeyValue& row : rows) {
      const bool is_engines =
          static_cast<Space>(i) == Space::kMeta && row.key == store::kSchemaVersionKey;
      if (!is_engines) return true;
    }
  }
  return false;
}

void PutRow(const std::string& check, const MasterKeyRow& row, store::Batch* batch) {
  batch->Put(Space::kPersonKeys, RowKey(check), store::EncodeRow(row));
}

// The row of a key that keys are wrapped under from `now` on.
absl::StatusOr<MasterKeyRow> InForce(const MasterKey& master, const base::SecretKey& root,
                                     absl::Time now, base::RandomSource* random) {
  MasterKeyRow row;
  row.set_since_us(absl::ToUnixMicros(now));
  row.set_standing(store::v1::MASTER_KEY_STANDING_IN_FORCE);
  SIGNPOST_ASSIGN_OR_RETURN(std::string wrapped, master.WrapRootKey(root, random));
  row.set_wrapped_root(std::move(wrapped));
  return row;
}

absl::StatusOr<Opened> Begin(store::Store* store, const store::View& view, const MasterKeys& given,
                             absl::Time now, base::RandomSource* random) {
  SIGNPOST_ASSIGN_OR_RETURN(const bool holds_rows, HoldsRows(view));
  if (holds_rows) return NothingSaysWhich();
  if (given.old_master.has_value()) {
    return Mismatch(
        "the store holds nothing yet, so it lies under no old master key: leave that out");
  }
  Opened opened;
  const base::SecretKey root = base::SecretKey::Generate(random);
  SIGNPOST_ASSIGN_OR_RETURN(opened.keyring, base::Keyring::Create(root, given.master));
  SIGNPOST_ASSIGN_OR_RETURN(const MasterKeyRow row, InForce(given.master, root, now, random));
  store::Batch batch;
  PutRow(given.master.CheckValue(), row, &batch);
  // No ledger was begun: who begins one meanwhile runs into the fence, or this does.
  SIGNPOST_RETURN_IF_ERROR(store->Commit(std::move(batch), store::Fence()).status());
  return opened;
}

}  // namespace

absl::StatusOr<MasterKeys> ReadFiles(const std::string& master_file,
                                     const std::string& old_master_file) {
  SIGNPOST_ASSIGN_OR_RETURN(MasterKey master, MasterKey::ReadFile(master_file));
  MasterKeys keys{std::move(master), std::nullopt};
  if (old_master_file.empty()) return keys;
  SIGNPOST_ASSIGN_OR_RETURN(keys.old_master, MasterKey::ReadFile(old_master_file));
  if (keys.old_master->CheckValue() == keys.master.CheckValue()) {
    return base::InvalidField(
        "keys.old_master",
        "holds the same key as keys.master; to change the key, make a new one "
        "with signpost-hub keygen --master FILE");
  }
  return keys;
}

absl::StatusOr<Opened> OpenStore(store::Store* store, const MasterKeys& given, absl::Time now,
                                 base::RandomSource* random) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> stored, ReadRows(*view));
  if (stored.empty()) return Begin(store, *view, given, now, random);
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<Rows> rows, Parse(stored));
  Opened opened;
  SIGNPOST_ASSIGN_OR_RETURN(opened.change, Judge(*rows, given));
  const MasterKey& in_force = opened.change == Change::kToBegin ? *given.old_master : given.master;
  SIGNPOST_ASSIGN_OR_RETURN(const base::SecretKey root,
                            in_force.UnwrapRootKey(rows->in_force->row.wrapped_root()));
  const bool old_one_opens = opened.change == Change::kToBegin || opened.change == Change::kRunning;
  SIGNPOST_ASSIGN_OR_RETURN(
      opened.keyring,
      base::Keyring::Create(root, given.master, old_one_opens ? &*given.old_master : nullptr));
  if (opened.change != Change::kToBegin) return opened;
  MasterKeyRow leaving = rows->in_force->row;
  leaving.set_standing(store::v1::MASTER_KEY_STANDING_LEAVING);
  PutRow(rows->in_force->check, leaving, &opened.begin);
  SIGNPOST_ASSIGN_OR_RETURN(const MasterKeyRow row, InForce(given.master, root, now, random));
  PutRow(given.master.CheckValue(), row, &opened.begin);
  return opened;
}

absl::Status PutEnd(const store::View& view, absl::Time now, store::Batch* batch) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> stored, ReadRows(view));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<Rows> rows, Parse(stored));
  if (rows->leaving == nullptr) return absl::OkStatus();
  MasterKeyRow row = rows->leaving->row;
  row.set_standing(store::v1::MASTER_KEY_STANDING_REPLACED);
  row.clear_wrapped_root();
  row.set_replaced_us(absl::ToUnixMicros(now));
  PutRow(rows->leaving->check, row, batch);
  return absl::OkStatus();
}

bool IsHubKey(absl::string_view key) {
  return absl::StartsWith(key, kPrefix) && key.size() > base::kIdBytes;
}

absl::StatusOr<std::vector<store::KeyValue>> ReadRows(const store::View& view) {
  std::vector<store::KeyValue> found;
  std::string from = kPrefix;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(
        std::vector<store::KeyValue> page,
        view.Scan(Space::kPersonKeys, from, store::PrefixEnd(kPrefix), base::kPageRowsMax));
    if (page.empty()) return found;
    from = page.back().key + '\0';
    for (store::KeyValue& row : page) {
      if (IsHubKey(row.key)) found.push_back(std::move(row));
    }
  }
}

absl::Status CheckRows(absl::Span<const store::KeyValue> rows, const MasterKeys& given) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<Rows> parsed, Parse(rows));
  SIGNPOST_ASSIGN_OR_RETURN(const Change change, Judge(*parsed, given));
  if (change == Change::kToBegin) {
    return Mismatch(absl::StrCat("what is stored lies under the master key of ",
                                 parsed->in_force->Name(),
                                 ", which was given as the old one: give that alone, as master; a "
                                 "hub changes it when it starts, with both"));
  }
  const MasterKey& in_force = given.master;
  return in_force.UnwrapRootKey(parsed->in_force->row.wrapped_root()).status();
}

}  // namespace signpost::keys
