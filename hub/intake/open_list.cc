#include "hub/intake/open_list.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/people/erased_records.h"
#include "hub/people/validate.h"

namespace signpost::intake {

using base::Error;
using base::Reason;

absl::StatusOr<std::unique_ptr<OpenList>> OpenLists::Begin(const people::People* people,
                                                           std::string agency_id,
                                                           base::RandomSource* random) {
  SIGNPOST_ASSIGN_OR_RETURN(std::unique_ptr<base::Spool> ids, base::Spool::Create(random));
  {
    absl::MutexLock lock(&mutex_);
    if (lists_[agency_id] >= per_agency_max_) {
      return Error(Reason::kTooManyRequests,
                   absl::StrCat("your agency sends ", per_agency_max_,
                                " lists already; wait until one has ended"));
    }
    ++lists_[agency_id];
  }
  return absl::WrapUnique(new OpenList(this, people, std::move(agency_id), std::move(ids)));
}

bool OpenLists::TakeBytes(size_t bytes) {
  absl::MutexLock lock(&mutex_);
  if (bytes > bytes_max_ - bytes_) return false;
  bytes_ += bytes;
  return true;
}

void OpenLists::End(const std::string& agency_id, size_t bytes) {
  absl::MutexLock lock(&mutex_);
  bytes_ -= bytes;
  const auto found = lists_.find(agency_id);
  if (--found->second == 0) lists_.erase(found);
}

OpenList::Hash OpenList::HashOf(absl::string_view record_hash) {
  Hash hash{};
  std::memcpy(hash.data(), record_hash.data(), std::min(hash.size(), record_hash.size()));
  return hash;
}

absl::Status OpenList::AddViews(const std::vector<absl::string_view>& record_ids) {
  if (listed_.size() + record_ids.size() > static_cast<size_t>(kOpenListRecordsMax)) {
    return Error(Reason::kMessageTooLarge,
                 absl::StrCat("a reconciliation lists at most ", kOpenListRecordsMax,
                              " records; split the feed"));
  }
  std::vector<base::FieldViolation> violations;
  std::string block;
  for (const absl::string_view id : record_ids) {
    people::CheckLine(std::string(id), "open_record_ids", base::kRecordIdBytesMax, true,
                      &violations);
    if (!violations.empty()) {
      return base::InvalidField(violations[0].field, violations[0].description);
    }
    absl::StrAppend(&block, id, "\n");  // a line, as was just seen to
  }
  const size_t bytes = record_ids.size() * sizeof(Listed);
  if (!lists_->TakeBytes(bytes)) {
    return Error(Reason::kTooManyRequests,
                 "the hub is being sent more lists than it can hold; wait and send yours again");
  }
  bytes_ += bytes;
  for (const absl::string_view id : record_ids) {
    listed_.push_back({HashOf(people_->RecordHash(agency_id_, id))});
  }
  return ids_->Append(block);
}

void OpenList::BeginComparing() {
  const auto less = [](const Listed& a, const Listed& b) { return a.hash < b.hash; };
  if (!std::is_sorted(listed_.begin(), listed_.end(), less)) {
    std::sort(listed_.begin(), listed_.end(), less);
  }
  for (Listed& one : listed_) one.open = false;
  token_.clear();
  compared_all_ = false;
}

std::vector<OpenList::Listed>::iterator OpenList::Find(const Hash& hash) {
  const auto at = std::lower_bound(listed_.begin(), listed_.end(), hash,
                                   [](const Listed& a, const Hash& b) { return a.hash < b; });
  return at != listed_.end() && at->hash == hash ? at : listed_.end();
}

absl::StatusOr<std::vector<people::OpenRecord>> OpenList::CompareSome(const store::View& view,
                                                                      int records_max) {
  std::vector<people::OpenRecord> missing;
  SIGNPOST_ASSIGN_OR_RETURN(people::OpenRecordPage page,
                            people_->OpenRecordsOf(view, agency_id_, token_, records_max));
  for (people::OpenRecord& record : page.records) {
    if (!record.open) continue;
    auto at = Find(HashOf(record.record_hash));
    if (at == listed_.end()) {
      missing.push_back(std::move(record));
      continue;
    }
    // One that came twice stands there twice.
    for (const Hash hash = at->hash; at != listed_.end() && at->hash == hash; ++at) at->open = true;
  }
  token_ = std::move(page.next_token);
  compared_all_ = token_.empty();
  return missing;
}

absl::StatusOr<std::vector<std::string>> OpenList::Unknown(const store::View& view,
                                                           const base::Keyring& keyring) {
  std::vector<std::string> unknown;
  const absl::Status read = ids_->Read([&](absl::string_view block) -> absl::Status {
    for (const absl::string_view id : absl::StrSplit(block, '\n', absl::SkipEmpty())) {
      const std::string record_hash = people_->RecordHash(agency_id_, id);
      const auto at = Find(HashOf(record_hash));
      if (at == listed_.end() || at->open) continue;
      SIGNPOST_ASSIGN_OR_RETURN(const auto erased,
                                people::ReadErasedRecord(view, keyring, agency_id_, record_hash));
      if (erased.has_value()) continue;
      unknown.emplace_back(id);
      // The first in order, and not those that came first: twice as many are kept while it is read.
      if (unknown.size() == 2 * kUnknownRecordsToldMax) {
        std::sort(unknown.begin(), unknown.end());
        unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
        if (unknown.size() > kUnknownRecordsToldMax) unknown.resize(kUnknownRecordsToldMax);
      }
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  std::sort(unknown.begin(), unknown.end());
  unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
  if (unknown.size() > kUnknownRecordsToldMax) unknown.resize(kUnknownRecordsToldMax);
  return unknown;
}

}  // namespace signpost::intake
