// Enrolment is a record in memory that says in which roles and teams a practitioner is enrolled;
// Enrolments is the table of all of them, by agency and id, that the registry keeps as new as what was
// acknowledged, so that a call costs no read of the store; EnrolledPractitioner is somebody of it who
// may act now.
//
// An area has up to 400,000, of some 300 bytes each. Thread-safe; an Enrolment never changes.

#ifndef SIGNPOST_HUB_REGISTRY_ENROLMENT_H_
#define SIGNPOST_HUB_REGISTRY_ENROLMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/registry/directory.h"

namespace signpost::registry {

// That a practitioner covers for a colleague of the same agency.
struct EnrolledCover {
  std::string practitioner_id;  // the colleague
  absl::Time since;
  absl::Time until;  // exclusive
};

struct Enrolment {
  std::string agency_id;
  std::string practitioner_id;
  std::vector<std::string> roles;  // sorted
  std::vector<std::string>
      team_ids;  // sorted; among them teams that have ended for the agency since
  bool suspended = false;
  std::vector<EnrolledCover> covers;              // by colleague; some may have ended
  bool vetted = false;                            // until a day that is said, and may have passed
  bool trained = false;                           // "
  absl::Time lapses_at = absl::InfiniteFuture();  // when the first such day is over
  // Of each role the number that it was given with (store/v1/registry.proto).
  std::vector<std::pair<std::string, uint64_t>> role_numbers;
};

// By what audits find a practitioner's look-ups of relatives and neighbours: keyed hashes of the
// practitioner's own surname and home postcode, made as matching makes those of young persons.
// Empty where the agency did not say.
struct PractitionerMarks {
  std::string surname_hash;
  std::string postcode_hash;
};

// A practitioner who may act, as enrolled in the directory that is given. Cheap to copy.
class EnrolledPractitioner {
 public:
  // REQUIRES: neither is null.
  EnrolledPractitioner(std::shared_ptr<const Enrolment> enrolment,
                       std::shared_ptr<const Directory> directory)
      : enrolment_(std::move(enrolment)), directory_(std::move(directory)) {}

  const std::string& agency_id() const { return enrolment_->agency_id; }
  const std::string& practitioner_id() const { return enrolment_->practitioner_id; }
  const std::vector<std::string>& roles() const { return enrolment_->roles; }
  // Teams whose relationships the practitioner may use: enrolled in, still registered, still open to
  // the agency, and of a home agency that is not suspended. Sorted.
  std::vector<std::string> team_ids() const;

  // For whom they cover; some may have ended.
  std::vector<base::Cover> covers() const;

  bool HasRole(const std::string& role) const;
  // Whether they were given it before whatever has `number`.
  bool HadRoleBefore(const std::string& role, uint64_t number) const;
  bool vetted() const { return enrolment_->vetted; }
  bool trained() const { return enrolment_->trained; }
  // Whether team_ids() has it.
  bool InTeam(const std::string& team_id) const;

 private:
  std::shared_ptr<const Enrolment> enrolment_;
  std::shared_ptr<const Directory> directory_;
};

class Enrolments {
 public:
  // A row that did not read is an error here: it says who that one practitioner is and nothing of
  // others, who can go on.
  using Row = absl::StatusOr<std::shared_ptr<const Enrolment>>;
  using Table = absl::flat_hash_map<std::string, absl::flat_hash_map<std::string, Row>>;

  // Null when nobody of that id is enrolled; the row's error when it did not read.
  Row Find(const std::string& agency_id, const std::string& practitioner_id) const;

  // All of the agency whose rows read, in order of id. May be called with thousands.
  std::vector<std::shared_ptr<const Enrolment>> AllOf(const std::string& agency_id) const;

  void Put(const std::string& agency_id, const std::string& practitioner_id, Row row);
  // Forgets all others.
  void Replace(Table table);

 private:
  mutable absl::Mutex mutex_;
  Table table_ ABSL_GUARDED_BY(mutex_);  // by agency id, then practitioner id
};

}  // namespace signpost::registry

#endif  // SIGNPOST_HUB_REGISTRY_ENROLMENT_H_
