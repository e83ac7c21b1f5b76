// PostgresBaseline is a baseline that has a PostgreSQL 15 function answer: look-up of the
// person's flags and consents, a policy of the same shape in SQL, and an insert into an audit
// table, with synchronous_commit on, called over libpq by as many connections as there are calls in
// flight.
//
// The server is a throw-away cluster made by this class on a Unix socket in a temporary folder.

#ifndef SIGNPOST_TESTS_BENCH_POSTGRES_BASELINE_H_
#define SIGNPOST_TESTS_BENCH_POSTGRES_BASELINE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/turns.h"

typedef struct pg_conn PGconn;

namespace signpost::bench {

class PostgresBaseline {
 public:
  // Makes a cluster under `directory`, starts it, loads `people` people with three flags each and
  // opens `connections`.
  // Errors: UNAVAILABLE with what to install when PostgreSQL 15 or libpq is absent.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<PostgresBaseline>> Start(
      const std::string& directory, int people, int connections);
  // Stops and removes the cluster.
  ~PostgresBaseline();

  // One turn of `duration`, after `warm_up`, with one question in flight on each connection. The
  // turn has no processor time: most of it is other processes'.
  [[nodiscard]] absl::StatusOr<Turn> Run(absl::Duration warm_up, absl::Duration duration);

 private:
  PostgresBaseline(std::string directory, int people);
  absl::Status Shell(const std::string& command) const;

  const std::string directory_;
  const int people_;
  bool started_ = false;
  std::vector<PGconn*> connections_;
};

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_POSTGRES_BASELINE_H_
