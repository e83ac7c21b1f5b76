#include "tests/bench/postgres_baseline.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace signpost::bench {
namespace {

constexpr char kBin[] = "/usr/lib/postgresql/15/bin";

// The policy has the shape of Nortown's: own flag shown, agreement between two agencies inside its
// dates for one purpose, sensitive services hidden without explicit consent, default hide.
constexpr char kSchema[] = R"sql(
create table person (id bigint primary key, name bytea, born bytea, postcode bytea, shielded boolean not null);
create table flag (
  id bigint primary key, person_id bigint not null references person, agency text not null,
  service text not null, sensitive boolean not null, status int not null, opened date not null,
  contact bytea not null);
create index flag_person on flag (person_id);
create table consent (
  id bigserial primary key, person_id bigint not null, holder text, recipient text, purpose text,
  explicit boolean not null, valid_from timestamptz not null, valid_until timestamptz not null,
  withdrawn_at timestamptz);
create index consent_person on consent (person_id);
create table agreement (
  asker text, holder text, purpose text, valid_from date, valid_until date, rule text,
  primary key (asker, holder, purpose));
create table audit (
  id bigserial primary key, at timestamptz not null, asker text not null, practitioner text not null,
  role text not null, purpose text not null, person_id bigint not null, request_id text not null,
  released text[] not null, withheld int not null, reply_hash bytea not null);

create function who_knows(p_person bigint, p_asker text, p_practitioner text, p_role text,
                          p_purpose text, p_request text)
returns setof flag language plpgsql as $$
declare
  f flag%rowtype;
  involved boolean;
  shown boolean;
  released text[] := '{}';
  withheld int := 0;
begin
  select exists (select 1 from flag where person_id = p_person and agency = p_asker and status = 1)
    into involved;
  for f in select * from flag where person_id = p_person order by agency loop
    shown := f.agency = p_asker;
    if not shown and involved then
      shown := exists (select 1 from agreement a where a.asker = p_asker and a.holder = f.agency
                       and a.purpose = p_purpose and current_date between a.valid_from and a.valid_until);
    end if;
    if shown and f.sensitive and f.agency <> p_asker then
      shown := exists (select 1 from consent c where c.person_id = p_person and c.holder = f.agency
                       and c.recipient = p_asker and c.purpose = p_purpose and c.explicit
                       and now() >= c.valid_from and now() < c.valid_until and c.withdrawn_at is null);
    end if;
    if shown then
      released := released || (f.agency || ':existence,agency,contact');
      return next f;
    else
      withheld := withheld + 1;
    end if;
  end loop;
  insert into audit (at, asker, practitioner, role, purpose, person_id, request_id, released, withheld,
                     reply_hash)
  values (clock_timestamp(), p_asker, p_practitioner, p_role, p_purpose, p_person, p_request, released,
          withheld, sha256(convert_to(released::text, 'UTF8')));
  return;
end $$;
insert into agreement values
  ('northern-connexions', 'nortown-yot', 'support-planning', '2020-01-01', '2099-12-31', 'A1'),
  ('northern-connexions', 'nortown-social-services', 'support-planning', '2020-01-01', '2099-12-31', 'A2');
)sql";

}  // namespace

PostgresBaseline::PostgresBaseline(std::string directory, int people)
    : directory_(std::move(directory)), people_(people) {}

absl::Status PostgresBaseline::Shell(const std::string& command) const {
  // PostgreSQL refuses to run as root.
  const std::string as_user =
      geteuid() == 0 ? absl::StrCat("runuser -u postgres -- sh -c \"", command, "\"") : command;
  const int result = std::system(absl::StrCat(as_user, " >>", directory_, "/log 2>&1").c_str());
  if (result != 0) return absl::UnavailableError(absl::StrCat("failed: ", command));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PostgresBaseline>> PostgresBaseline::Start(
    const std::string& directory, int people, int connections) {
  if (!std::filesystem::exists(absl::StrCat(kBin, "/initdb"))) {
    return absl::UnavailableError("PostgreSQL 15 is not installed; deploy/install-deps --bench");
  }
  std::filesystem::create_directories(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::all);
  std::unique_ptr<PostgresBaseline> baseline(new PostgresBaseline(directory, people));
  const std::string data = directory + "/data";
  absl::Status status =
      baseline->Shell(absl::StrCat(kBin, "/initdb -D ", data, " -A trust -U postgres --no-sync"));
  if (status.ok()) {
    status = baseline->Shell(
        absl::StrCat(kBin, "/pg_ctl -D ", data, " -w -o '-k ", directory,
                     " -c listen_addresses= -c max_connections=300 -c shared_buffers=512MB"
                     " -c synchronous_commit=on -c fsync=on -c max_wal_size=4GB' -l ",
                     directory, "/server.log start"));
  }
  if (!status.ok()) return status;
  baseline->started_ = true;
  {
    std::ofstream sql(directory + "/schema.sql");
    sql << kSchema
        << "insert into person select i, sha256(i::text::bytea), sha256(i::text::bytea), "
        << "sha256(i::text::bytea), false from generate_series(1, " << people << ") i;\n"
        << "insert into flag select i * 3 + k, i, (array['northern-connexions', 'nortown-yot', "
        << "'nortown-drugs-advice'])[k], (array['connexions', 'youth-offending', "
        << "'substance-misuse'])[k], k = 3, 1, current_date, sha256(i::text::bytea) "
        << "from generate_series(1, " << people << ") i, generate_series(1, 3) k;\n"
        << "analyze;\n";
  }
  status = baseline->Shell(absl::StrCat(kBin, "/psql -q -v ON_ERROR_STOP=1 -h ", directory,
                                        " -U postgres -f ", directory, "/schema.sql postgres"));
  if (!status.ok()) return status;
  for (int i = 0; i < connections; ++i) {
    PGconn* connection =
        PQconnectdb(absl::StrCat("host=", directory, " user=postgres dbname=postgres").c_str());
    baseline->connections_.push_back(connection);
    PGresult* prepared =
        PQprepare(connection, "ask", "select * from who_knows($1,$2,$3,$4,$5,$6)", 6, nullptr);
    const bool ready = PQresultStatus(prepared) == PGRES_COMMAND_OK;
    PQclear(prepared);
    if (!ready) return absl::UnavailableError(PQerrorMessage(connection));
  }
  return baseline;
}

PostgresBaseline::~PostgresBaseline() {
  for (PGconn* connection : connections_) PQfinish(connection);
  if (started_) {
    const absl::Status stopped =
        Shell(absl::StrCat(kBin, "/pg_ctl -D ", directory_, "/data -m immediate stop"));
    if (!stopped.ok()) std::fprintf(stderr, "%s\n", std::string(stopped.message()).c_str());
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

absl::StatusOr<Turn> PostgresBaseline::Run(absl::Duration warm_up, absl::Duration duration) {
  std::atomic<bool> stopping = false;
  std::atomic<int64_t> calls = 0;
  std::atomic<bool> measuring = false;
  std::atomic<bool> failed = false;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < connections_.size(); ++t) {
    threads.emplace_back([&, t] {
      uint64_t n = t;
      while (!stopping && !failed) {
        n = n * 6364136223846793005ull + 1442695040888963407ull;
        const std::string person = absl::StrCat(1 + (n >> 33) % static_cast<uint64_t>(people_));
        const std::string request = absl::StrCat("r", n);
        const char* values[] = {person.c_str(),     "northern-connexions", "pa-001",
                                "personal-adviser", "support-planning",    request.c_str()};
        PGresult* result = PQexecPrepared(connections_[t], "ask", 6, values, nullptr, nullptr, 1);
        if (PQresultStatus(result) != PGRES_TUPLES_OK) failed = true;
        PQclear(result);
        if (measuring) calls.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  absl::SleepFor(warm_up);
  measuring = true;
  const absl::Time begun = absl::Now();
  absl::SleepFor(duration);
  measuring = false;
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  stopping = true;
  for (std::thread& thread : threads) thread.join();
  if (failed) return absl::UnavailableError("a question to PostgreSQL failed");
  return Turn{static_cast<double>(calls) / seconds, 0};
}

}  // namespace signpost::bench
