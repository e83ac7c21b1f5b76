// PeopleFixture is a base that tests of people and matching have: a memory store, keys that are the
// same every time, and the door's hands to open what only the door may open.

#ifndef SIGNPOST_TESTS_PEOPLE_PEOPLE_FIXTURE_H_
#define SIGNPOST_TESTS_PEOPLE_PEOPLE_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/error.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/base/sealed.h"
#include "hub/ledger/conflict_window.h"
#include "hub/ledger/read_set.h"
#include "hub/people/people.h"
#include "hub/store/memory_store.h"
#include "hub/store/store.h"
#include "signpost/v1/index.pb.h"
#include "tests/base/test_keyring.h"
#include "tests/ledger/ledger_testing.h"
#include "tests/store/store_testing.h"

namespace signpost::disclosure {
// Stands in for the real one, which these tests do not link: they test what it will find inside.
class Opener {
 public:
  template <typename T>
  static const T& Look(const base::Sealed<T>& sealed) {
    return sealed.Peek();
  }
};
}  // namespace signpost::disclosure

namespace signpost::people {

inline constexpr char kYot[] = "nortown-yot";
inline constexpr char kConnexions[] = "northern-connexions";
inline constexpr char kSocial[] = "nortown-social-services";

inline base::Principal From(const std::string& agency) {
  base::Principal reporter;
  reporter.agency_id = agency;
  reporter.system_id = "spiffe://nortown.example/agency/" + agency + "/system/adapter";
  return reporter;
}

inline void SetDate(signpost::v1::Date* date, int32_t number) { *date = DateFromNumber(number); }

inline signpost::v1::PersonDetails Details(const std::string& given, const std::string& surname,
                                           int32_t birth_date, const std::string& postcode,
                                           const std::string& nhs = "") {
  signpost::v1::PersonDetails details;
  details.set_given_names(given);
  details.set_surname(surname);
  if (birth_date != 0) SetDate(details.mutable_birth_date(), birth_date);
  details.set_postcode(postcode);
  if (!nhs.empty()) {
    signpost::v1::Identifier* id = details.add_identifiers();
    id->set_kind(signpost::v1::IDENTIFIER_KIND_NHS_NUMBER);
    id->set_value(nhs);
  }
  return details;
}

inline signpost::v1::FlagReport Report(const std::string& record_id,
                                       const signpost::v1::PersonDetails& details,
                                       const std::string& service = "youth-offending") {
  signpost::v1::FlagReport report;
  report.set_sequence(1);
  report.set_record_id(record_id);
  *report.mutable_person() = details;
  report.set_service(service);
  report.set_status(signpost::v1::FLAG_STATUS_OPEN);
  SetDate(report.mutable_opened_on(), 20260301);
  report.mutable_contact()->set_practitioner_id("yo-001");
  report.mutable_contact()->set_name("Wilhelmina Vandersteen");
  report.mutable_contact()->set_phone("01632 960123");
  return report;
}

class PeopleFixture : public ::testing::Test {
 protected:
  PeopleFixture()
      : store_(store::NewMemoryStore()),
        random_(20261122),
        keyring_(base::testing::MakeKeyring('k')),
        people_(keyring_.get(), &random_) {}

  std::unique_ptr<ledger::testing::OwningView> View() {
    return std::make_unique<ledger::testing::OwningView>(*store_->NewView());
  }

  // Writes a change that rests on nothing that others write here.
  absl::Status Commit(store::Batch change) { return Commit(std::move(change), *View()); }
  // As the sequencer would write what was prepared from `view`: thread-safe.
  absl::Status Commit(store::Batch change, const ledger::GuardedView& view) {
    absl::MutexLock lock(&mutex_);
    if (!window_->Holds(view.reads())) {
      return base::Error(base::Reason::kAborted, "somebody was first");
    }
    window_->Add(change);
    absl::StatusOr<uint64_t> revision = store_->Commit(std::move(change), {});
    if (!revision.ok()) return revision.status();
    window_->Commit(*revision);
    return absl::OkStatus();
  }
  // An empty one in its place.
  void NewStore() {
    store_ = store::NewMemoryStore();
    window_.emplace(0);
  }

  // A report on `person` or a new one.
  absl::StatusOr<FlagResult> PrepareReport(const ledger::GuardedView& view,
                                           const std::string& agency,
                                           const signpost::v1::FlagReport& report,
                                           const store::v1::AliasHashes& hashes,
                                           const std::optional<base::PersonId>& person) {
    const RecordState state =
        *people_.ResolveRecord(view, agency, people_.RecordHash(agency, report.record_id()));
    std::optional<Person> whom;
    if (person.has_value()) {
      absl::StatusOr<Person> read = people_.Read(view, *person);
      if (!read.ok()) return read.status();
      whom = *std::move(read);
    }
    Placing placing;
    if (whom.has_value()) placing.person = &*whom;
    // What an agency reports again of one person goes under the id that it has for them.
    if (whom.has_value()) {
      for (const store::v1::FlagRow& flag : whom->flags()) {
        if (flag.agency_id() != agency || placing.known_as.has_value()) continue;
        placing.known_as = *base::PersonId::FromBytes(flag.known_as());
      }
    }
    return people_.PrepareReport(From(agency), report, state, people_.ContentHash(agency, report),
                                 hashes, placing, now_);
  }
  absl::StatusOr<FlagResult> PrepareClose(const std::string& agency, const std::string& record) {
    return people_.PrepareClose(
        agency, *people_.ResolveRecord(*View(), agency, people_.RecordHash(agency, record)), now_);
  }

  // Puts a report on `person` or a new one, and commits.
  FlagResult Put(const std::string& agency, const signpost::v1::FlagReport& report,
                 std::optional<base::PersonId> person = std::nullopt,
                 const store::v1::AliasHashes& hashes = {}) {
    absl::StatusOr<FlagResult> result = PrepareReport(*View(), agency, report, hashes, person);
    EXPECT_TRUE(result.ok()) << result.status();
    FlagResult copy = *result;
    EXPECT_TRUE(Commit(std::move(result->change)).ok());
    return copy;
  }

  Person Get(const base::PersonId& id) {
    absl::StatusOr<Person> person = people_.Read(*View(), id);
    EXPECT_TRUE(person.ok()) << person.status();
    return *std::move(person);
  }

  // Every key and value of every space.
  std::vector<std::pair<store::Space, store::KeyValue>> AllRows() {
    std::vector<std::pair<store::Space, store::KeyValue>> rows;
    std::unique_ptr<store::View> view = View();
    for (int space = 0; space < store::kSpaceCount; ++space) {
      std::vector<store::KeyValue> found =
          *view->Scan(static_cast<store::Space>(space), "", "", 1'000'000);
      for (store::KeyValue& row : found) {
        rows.emplace_back(static_cast<store::Space>(space), std::move(row));
      }
    }
    return rows;
  }
  bool Holds(const std::string& needle) {
    for (const auto& [space, row] : AllRows()) {
      if (row.key.find(needle) != std::string::npos ||
          row.value.find(needle) != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  absl::Time now_ = absl::FromCivil(absl::CivilDay(2026, 11, 22), absl::UTCTimeZone());
  absl::Mutex mutex_;
  std::unique_ptr<store::Store> store_;
  std::optional<ledger::ConflictWindow> window_{0};
  base::SeededRandom random_;
  std::unique_ptr<base::Keyring> keyring_;
  People people_;
};

template <typename T>
auto OpenSealed(const base::Sealed<T>& sealed) {
  return disclosure::Opener::Look(sealed).Open();
}

}  // namespace signpost::people

#endif  // SIGNPOST_TESTS_PEOPLE_PEOPLE_FIXTURE_H_
