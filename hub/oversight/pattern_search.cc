#include "hub/oversight/pattern_search.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "hub/audit/filter.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/overrides/overrides.h"
#include "hub/oversight/auditor.h"
#include "hub/oversight/search.h"
#include "hub/request/resolve.h"

namespace signpost::oversight {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

constexpr int kHitsDefault = 100;
constexpr int kHitsMax = 1000;
constexpr size_t kSaltBytes = 32;

// What accesses want to know of one young person.
struct Known {
  std::set<std::string> surnames;   // keyed hashes
  std::set<std::string> postcodes;  // keyed hashes
  struct Involvement {
    std::string agency_id;
    absl::CivilDay opened;
    std::optional<absl::CivilDay> closed;
  };
  std::vector<Involvement> involvements;
};

absl::CivilDay DayOf(int32_t yyyymmdd) {
  return absl::CivilDay(yyyymmdd / 10000, yyyymmdd / 100 % 100, yyyymmdd % 100);
}

// Reads each person and each practitioner once.
class Facts {
 public:
  Facts(const request::HubContext& context, const store::View& view, absl::TimeZone zone)
      : context_(context), view_(view), zone_(zone) {}

  // The bytes of the id under which `id` is known now; empty when that person was erased.
  absl::StatusOr<std::string> PersonNow(const base::PersonId& id) {
    const auto [found, fresh] = now_.try_emplace(id.ToBytes());
    if (!fresh) return found->second;
    const absl::StatusOr<people::Person> person = context_.people->Read(view_, id);
    if (!person.ok() && base::ReasonOf(person.status()) != Reason::kNotFound) {
      return person.status();
    }
    if (person.ok()) found->second = person->id().ToBytes();
    return found->second;
  }

  // Errors: kDataLoss, kStoreUnavailable.
  absl::Status Fill(audit::Access* access) {
    if (access->overridden) {
      SIGNPOST_ASSIGN_OR_RETURN(access->reviewed,
                                overrides::IsReviewed(view_, access->agency_id, access->index));
    }
    if (access->person.empty()) return absl::OkStatus();
    SIGNPOST_ASSIGN_OR_RETURN(const Known* known, PersonOf(access->person));
    if (known == nullptr) return absl::OkStatus();  // erased
    if (!access->practitioner_id.empty()) {
      SIGNPOST_ASSIGN_OR_RETURN(const registry::PractitionerMarks* marks,
                                MarksOf(access->agency_id, access->practitioner_id));
      access->same_surname = known->surnames.contains(marks->surname_hash);
      access->same_postcode = known->postcodes.contains(marks->postcode_hash);
    }
    const absl::CivilDay day = absl::ToCivilDay(access->at, zone_);
    std::optional<absl::CivilDay> last;
    for (const Known::Involvement& involvement : known->involvements) {
      if (involvement.agency_id != access->agency_id || involvement.opened > day) continue;
      if (!involvement.closed.has_value() || *involvement.closed >= day) return absl::OkStatus();
      last = std::max(last.value_or(*involvement.closed), *involvement.closed);
    }
    if (last.has_value()) access->involvement_ended = absl::FromCivil(*last + 1, zone_);
    return absl::OkStatus();
  }

 private:
  // By the bytes of an id.
  absl::StatusOr<const Known*> PersonOf(const std::string& ref) {
    const auto [found, fresh] = persons_.try_emplace(ref);
    if (!fresh) return found->second.get();
    SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(ref));
    const absl::StatusOr<people::Person> person = context_.people->Read(view_, id);
    if (base::ReasonOf(person.status()) == Reason::kNotFound) return nullptr;
    if (!person.ok()) return person.status();
    auto known = std::make_unique<Known>();
    for (const stored::AliasRow& alias : person->aliases()) {
      if (!alias.hashes().surname().empty()) known->surnames.insert(alias.hashes().surname());
      if (!alias.hashes().postcode().empty()) known->postcodes.insert(alias.hashes().postcode());
    }
    for (const stored::FlagRow& flag : person->flags()) {
      if (flag.status() == v1::FLAG_STATUS_RETRACTED) continue;
      Known::Involvement involvement;
      involvement.agency_id = flag.agency_id();
      involvement.opened = flag.opened_on() == 0 ? absl::CivilDay::min() : DayOf(flag.opened_on());
      // One that is closed, nobody said when: it may stand as well as not.
      if (flag.status() != v1::FLAG_STATUS_OPEN && flag.closed_on() != 0) {
        involvement.closed = DayOf(flag.closed_on());
      }
      known->involvements.push_back(std::move(involvement));
    }
    found->second = std::move(known);
    return found->second.get();
  }

  absl::StatusOr<const registry::PractitionerMarks*> MarksOf(const std::string& agency_id,
                                                             const std::string& practitioner_id) {
    const auto [found, fresh] = marks_.try_emplace({agency_id, practitioner_id});
    if (fresh) {
      SIGNPOST_ASSIGN_OR_RETURN(found->second,
                                context_.registry->LookupMarks(view_, agency_id, practitioner_id));
    }
    return &found->second;
  }

  const request::HubContext& context_;
  const store::View& view_;
  const absl::TimeZone zone_;
  std::map<std::string, std::string> now_;
  std::map<std::string, std::unique_ptr<Known>> persons_;
  std::map<std::pair<std::string, std::string>, registry::PractitionerMarks> marks_;
};

// Entries of [from_us, until_us) are looked at: the least and the greatest number where nothing is
// set.
struct Times {
  int64_t from_us = INT64_MIN;
  int64_t until_us = INT64_MAX;
};

absl::Status Look(const request::HubContext& context, const Masker& masker,
                  const audit::PatternOptions& options, const store::View& view,
                  const v1::FindPatternsRequest& request, const Times& times,
                  v1::FindPatternsResponse* response) {
  SIGNPOST_ASSIGN_OR_RETURN(audit::PatternFinder finder,
                            audit::PatternFinder::Create(
                                options, {request.patterns().begin(), request.patterns().end()}));
  const ledger::LedgerReader reader(&view);
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
  uint64_t first = 0;
  uint64_t end = head.size;
  if (request.has_from()) {
    SIGNPOST_ASSIGN_OR_RETURN(first, BoundInTime(view, end, times.from_us, true));
  }
  if (request.has_until()) {
    SIGNPOST_ASSIGN_OR_RETURN(end, BoundInTime(view, end, times.until_us, false));
  }
  if (end > first && end - first > base::kPatternEntriesMax) {
    return base::InvalidField(
        "from", absl::StrCat("there are ", end - first, " entries in this time, and at most ",
                             base::kPatternEntriesMax, " are read at once; ask for less time"));
  }
  const ledger::PersonIndex index(&view);
  Facts facts(context, view, options.zone);
  absl::Status status;
  while (first < end) {
    const int count = static_cast<int>(std::min<uint64_t>(base::kPageRowsMax, end - first));
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<std::string> entries, reader.Entries(first, count));
    absl::flat_hash_map<uint64_t, base::PersonId> about;
    SIGNPOST_ASSIGN_OR_RETURN(const auto found, index.PersonsIn(first, first + entries.size()));
    for (const auto& [number, person] : found) about.emplace(number, person);
    for (const std::string& bytes : entries) {
      if (bytes.empty()) continue;  // past its retention: only the hash is kept
      SIGNPOST_ASSIGN_OR_RETURN(const ledger::v1::LedgerEntry entry, ledger::ParseEntry(bytes));
      if (entry.sequenced_at_us() < times.from_us || entry.sequenced_at_us() >= times.until_us) {
        continue;
      }
      const auto whom = about.find(entry.index());
      std::string person;
      if (whom != about.end()) {
        SIGNPOST_ASSIGN_OR_RETURN(person, facts.PersonNow(whom->second));
      }
      finder.Take(entry, person, [&](audit::Access* access) {
        if (status.ok()) status = facts.Fill(access);
      });
    }
    SIGNPOST_RETURN_IF_ERROR(status);
    first += entries.size();
    response->set_entries_read(response->entries_read() + entries.size());
  }
  const int hits_max = request.hits_max() == 0 ? kHitsDefault : request.hits_max();
  SIGNPOST_ASSIGN_OR_RETURN(const Spectacles spectacles, masker.At(view));
  for (v1::PatternReport& report : finder.Find(context.clock->Now(), hits_max)) {
    for (v1::PatternHit& hit : *report.mutable_hits()) {
      if (!spectacles.IsSensitive(hit.agency_id())) continue;
      hit.set_agency_id(audit::kMaskedWord);
      hit.clear_practitioner_id();
    }
    *response->add_reports() = std::move(report);
  }
  return absl::OkStatus();
}

absl::StatusOr<Times> Check(const v1::FindPatternsRequest& request) {
  if (request.reason().empty() || request.reason().size() > base::kReasonBytesMax) {
    return base::InvalidField("reason", "say why you look, in at most 2,000 bytes");
  }
  if (request.hits_max() < 0 || request.hits_max() > kHitsMax) {
    return base::InvalidField("hits_max", "1 to 1,000, or 0 for 100");
  }
  Times times;
  const auto read = [](const char* field, const google::protobuf::Timestamp& time,
                       int64_t* us) -> absl::Status {
    const std::optional<int64_t> micros = audit::MicrosOf(time);
    if (!micros.has_value()) {
      return base::InvalidField(field, "is no moment between the years 1 and 9999");
    }
    *us = *micros;
    return absl::OkStatus();
  };
  if (request.has_from()) {
    SIGNPOST_RETURN_IF_ERROR(read("from", request.from(), &times.from_us));
  }
  if (request.has_until()) {
    SIGNPOST_RETURN_IF_ERROR(read("until", request.until(), &times.until_us));
  }
  if (times.until_us <= times.from_us) return base::InvalidField("until", "after from");
  return times;
}

}  // namespace

void PatternSearch::Find(const base::Principal& asker, v1::FindPatternsRequest request,
                         request::Reply<v1::FindPatternsResponse> done) {
  if (!AdmitAuditor(context_, asker, ledger::v1::ENTRY_KIND_PATTERNS_SOUGHT, "", &done)) return;
  const absl::StatusOr<Times> times = Check(request);
  if (!times.ok()) return done(times.status());
  if (running_.exchange(true)) {
    return done(base::Error(Reason::kTooManyRequests,
                            "another auditor's search for patterns runs; try again in a minute"));
  }
  request::Transact<v1::FindPatternsResponse>(
      context_,
      [this, asker, asked = std::move(request), times = *times](const ledger::GuardedView& view)
          -> absl::StatusOr<ledger::Attempt<v1::FindPatternsResponse>> {
        ledger::Attempt<v1::FindPatternsResponse> attempt;
        v1::FindPatternsResponse& response = attempt.outcome;
        response.set_salt(context_.random->Bytes(kSaltBytes));
        // About what was there at this view: what is pruned or erased meanwhile was found all the
        // same, and guarding all that is looked through would let every commit begin it anew.
        SIGNPOST_RETURN_IF_ERROR(
            Look(context_, *masker_, options_, view.unguarded(), asked, times, &response));
        ledger::v1::LedgerEntry entry =
            context_.entries->New(ledger::v1::ENTRY_KIND_PATTERNS_SOUGHT, asker, "");
        entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
        uint64_t hits = 0;
        for (const v1::PatternReport& report : response.reports()) {
          hits += report.hits_total();
        }
        entry.mutable_patterns_sought()->set_patterns(
            static_cast<uint32_t>(response.reports_size()));
        entry.mutable_patterns_sought()->set_hits(hits);
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        entry.set_reply_hash(base::Sha256(response.SerializeAsString()));
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context_, nullptr, asked.reason(), &entry));
        attempt.operation.emplace().entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [this, done = std::move(done)](
          absl::StatusOr<ledger::Committed<v1::FindPatternsResponse>> result) mutable {
        running_ = false;
        if (!result.ok()) return done(std::move(result).status());
        *result->outcome.mutable_receipt() =
            ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        done(std::move(result->outcome));
      });
}

}  // namespace signpost::oversight
