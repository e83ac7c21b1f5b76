// Who covers for whom: rows of the practitioners who cover.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/registry/registry.h"
#include "hub/registry/rows.h"
#include "hub/registry/validate.h"
#include "hub/schedule/due_rows.h"
#include "hub/store/row_codec.h"

namespace signpost::registry {

using base::Reason;
using store::Space;
using store::v1::CoverRow;
using store::v1::PractitionerRow;

namespace {

// Somebody of the agency, who may be suspended.
absl::StatusOr<PractitionerRow> ReadWorker(const store::View& view, const std::string& agency_id,
                                           const std::string& practitioner_id, const char* field) {
  std::optional<std::string> bytes;
  PractitionerRow row;
  // What could not be enrolled could be another's key.
  if (IsPractitionerId(practitioner_id)) {
    SIGNPOST_ASSIGN_OR_RETURN(
        ReadRow<PractitionerRow> read,
        Read<PractitionerRow>(view, PractitionerKey(agency_id, practitioner_id)));
    bytes = std::move(read.bytes);
    row = std::move(read.row);
  }
  if (!bytes.has_value()) {
    return base::InvalidField(field, "no worker of your agency is enrolled by this id");
  }
  return row;
}

// Takes back that a cover of the row ends at `until_s`, unless another does.
void DropDue(const PractitionerRow& row, int64_t until_s, const std::string& key,
             store::Batch* batch) {
  const bool another =
      std::any_of(row.covers().begin(), row.covers().end(),
                  [&](const CoverRow& cover) { return cover.until_s() == until_s; });
  if (!another) schedule::DeleteDue(kCoversJob, absl::FromUnixSeconds(until_s), key, batch);
}

}  // namespace

absl::StatusOr<absl::Time> Registry::PrepareCover(const ledger::GuardedView& view,
                                                  const std::string& agency_id,
                                                  const std::string& covering,
                                                  const std::string& covered, absl::Time now,
                                                  absl::Time until, store::Batch* batch) const {
  SIGNPOST_RETURN_IF_ERROR(
      ReadWorker(view, agency_id, covered, "covered_practitioner_id").status());
  SIGNPOST_ASSIGN_OR_RETURN(PractitionerRow row,
                            ReadWorker(view, agency_id, covering, "covering_practitioner_id"));
  if (covering == covered) {
    return base::InvalidField("covered_practitioner_id", "nobody covers for themselves");
  }
  if (row.suspended()) {
    return base::Error(Reason::kCallerSuspended,
                       "who is to cover is suspended; choose another worker");
  }
  const int64_t now_s = absl::ToUnixSeconds(now);
  const int64_t until_s = absl::ToUnixSeconds(until);
  const std::string key = PractitionerKey(agency_id, covering);
  int standing = 0;
  CoverRow* same = nullptr;
  for (CoverRow& cover : *row.mutable_covers()) {
    if (cover.practitioner_id() == covered) same = &cover;
    if (cover.until_s() > now_s) ++standing;
  }
  if (same != nullptr && same->until_s() >= until_s) return absl::FromUnixSeconds(same->until_s());
  if (same == nullptr && standing >= kCoversPerPractitionerMax) {
    return base::InvalidField(
        "covering_practitioner_id",
        absl::StrCat("covers for ", standing,
                     " colleagues already, the most there may be; end one of these first"));
  }
  const int64_t before_s = same == nullptr ? 0 : same->until_s();
  if (same == nullptr) {
    same = row.add_covers();
    same->set_practitioner_id(covered);
  }
  if (before_s <= now_s) same->set_since_s(now_s);
  same->set_until_s(until_s);
  std::sort(row.mutable_covers()->begin(), row.mutable_covers()->end(),
            [](const CoverRow& a, const CoverRow& b) {
              return a.practitioner_id() < b.practitioner_id();
            });
  batch->Put(Space::kRegistry, key, store::EncodeRow(row));
  if (before_s != 0) DropDue(row, before_s, key, batch);
  schedule::PutDue(kCoversJob, absl::FromUnixSeconds(until_s), key, batch);
  return absl::FromUnixSeconds(until_s);
}

absl::Status Registry::PrepareEndCover(const ledger::GuardedView& view,
                                       const std::string& agency_id, const std::string& covering,
                                       const std::string& covered, store::Batch* batch) const {
  SIGNPOST_ASSIGN_OR_RETURN(PractitionerRow row,
                            ReadWorker(view, agency_id, covering, "covering_practitioner_id"));
  const auto place =
      std::find_if(row.mutable_covers()->begin(), row.mutable_covers()->end(),
                   [&](const CoverRow& cover) { return cover.practitioner_id() == covered; });
  if (place == row.mutable_covers()->end()) return absl::OkStatus();
  const int64_t until_s = place->until_s();
  row.mutable_covers()->erase(place);
  const std::string key = PractitionerKey(agency_id, covering);
  batch->Put(Space::kRegistry, key, store::EncodeRow(row));
  DropDue(row, until_s, key, batch);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StandingCover>> Registry::PrepareLapsedCovers(
    const ledger::GuardedView& view, const std::string& row_key, absl::Time now,
    std::string* agency_id, store::Batch* batch) const {
  SIGNPOST_ASSIGN_OR_RETURN(ReadRow<PractitionerRow> read, Read<PractitionerRow>(view, row_key));
  std::vector<StandingCover> lapsed;
  if (!read.bytes.has_value()) return lapsed;
  *agency_id = read.row.agency_id();
  google::protobuf::RepeatedPtrField<CoverRow> standing;
  for (CoverRow& cover : *read.row.mutable_covers()) {
    const absl::Time until = absl::FromUnixSeconds(cover.until_s());
    if (until > now) {
      *standing.Add() = std::move(cover);
      continue;
    }
    lapsed.push_back({read.row.practitioner_id(), cover.practitioner_id(),
                      absl::FromUnixSeconds(cover.since_s()), until});
  }
  if (lapsed.empty()) return lapsed;
  read.row.mutable_covers()->Swap(&standing);
  for (const StandingCover& cover : lapsed) {
    schedule::DeleteDue(kCoversJob, cover.until, row_key, batch);
  }
  batch->Put(Space::kRegistry, row_key, store::EncodeRow(read.row));
  return lapsed;
}

std::vector<StandingCover> Registry::CoversOf(const std::string& agency_id, absl::Time now) const {
  std::vector<StandingCover> covers;
  for (const std::shared_ptr<const Enrolment>& worker : enrolments_.AllOf(agency_id)) {
    if (worker->suspended) continue;
    for (const EnrolledCover& cover : worker->covers) {
      if (cover.until <= now) continue;
      covers.push_back({worker->practitioner_id, cover.practitioner_id, cover.since, cover.until});
    }
  }
  return covers;
}

}  // namespace signpost::registry
