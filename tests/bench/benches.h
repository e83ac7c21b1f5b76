// These are the benchmarks, functions that print figures: each runs, prints them through report.h
// and returns 0, or says on stderr what is wrong and returns 1. A benchmark never judges.

#ifndef SIGNPOST_TESTS_BENCH_BENCHES_H_
#define SIGNPOST_TESTS_BENCH_BENCHES_H_

#include <cstdint>
#include <string>

namespace signpost::bench {

// The defaults are for a machine that only wants to know that a bench still works; figures that are
// quoted name --people, --entries and --seconds.
struct BenchOptions {
  int people = 500;
  int64_t entries = 20'000;  // of the ledgers that `ledger` builds
  double seconds = 1;        // for each measurement, and each side of one in paired turns
  // Only the hub, at 64 in flight, without a baseline: for a profiler.
  bool profile = false;
  // One figure of `ledger` instead of all: "verify" or "proofs". Of `answers`, one number in flight
  // instead of all, and no PostgreSQL: "1", "64" or "256". Empty: all.
  std::string only;
  // Where `ledger --only proofs` builds its large ledger, which it leaves there, or finds the one
  // that it left. Empty: a folder of its own, which goes.
  std::string kept;
};

// Capacity is measured with the release step off, and secrecy with it on: answers wait for nothing but
// the hub in the figures of all but `secrecy`.

// Who-knows answers a second over mTLS with a durable entry each, in paired turns (turns.h) with a
// bare server and PostgreSQL: bare_ratio_1, bare_ratio_64, bare_ratio_256, postgres_ratio_64. And
// at 64 in flight, client and server together: cpu_us_per_answer, cpu_ratio_64 (the hub's over the
// bare server's) and allocations_per_answer.
int Answers(const BenchOptions& options);
// Flags a second, each durable, of three agencies that each know --people people, one report stream
// after the other: flags_per_s_new, flags_per_s_unchanged. The clock stops when questions of other
// agencies find the last flags; others are looked for afterwards.
int Load(const BenchOptions& options);
// What one decision costs as policies grow, against the interpreter: decision_ns_8, _64, _256 and
// _1024 where a question is asked of eight items, decision_alone_ns_N where of one; record40_us, a
// record of 40 items decided and explained; whatif_16m_s, a draft over 16 million person-items;
// check_1024_s, what `policy check` does with 64 checks over 100 agencies, and diff_1024_s, where one
// condition changed (of 128 rules where measurements are short).
// And against the engines of others, where node has them: cel_ratio, casbin_ratio,
// cedar_wasm_ratio.
int DecidePolicy(const BenchOptions& options);
// The ledger: ledger_bare_ratio_64, durable entries a second over mTLS with one reply each, in
// paired turns with a bare server; hash_share, of hashing, tree and checkpoints in the sequencer's
// time; startup_s_1k and startup_s_N, proof_p99_us_N with N as --entries says ("100m" wants 12 GB
// of disk); verify_entries_per_s, offline on one core, of as many. Beside them the disk's sync
// time.
int Ledger(const BenchOptions& options);

// Whether the time of an answer says what the answer does not, over mTLS with the default release
// step: --people who are hidden from the asker and as many who are not there are asked about in
// turns. Mann-Whitney's z of who-knows with one flag and with six, of find, and of a first report of
// somebody known elsewhere against somebody new: whoknows_z, whoknows6_z, find_z, report_z; and of
// nothing but in which step each answer came: the same with _step_z. Beside them, without a step:
// control_whoknows6_z and control_report_z, which must lie beyond 3 for the rest to mean something.
int MeasureSecrecy(const BenchOptions& options);

// What one hostile certificate does to others, over mTLS: while it sends lists without end, reports one
// young person over seven streams, invents look-alikes and leaves streams idle or unread, another
// agency asks with 16 in flight, and a social worker overrides for that young person:
// others_p99_us beside the quiet one of the same run, overrides_aborted (of 200; of 20 where
// measurements are short) and resident_bytes, of hub and clients together.
int MeasureHostile(const BenchOptions& options);

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_BENCHES_H_
