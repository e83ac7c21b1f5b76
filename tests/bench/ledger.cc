// What the ledger itself costs; see benches.h.

#include <fcntl.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/utilities/options_util.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "hub/base/clock.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/sequencer.h"
#include "hub/ledger/tree_rows.h"
#include "hub/store/rocksdb_store.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"
#include "hub/tlog/tiles.h"
#include "hub/tlog/verifier.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/benches.h"
#include "tests/bench/load_client.h"
#include "tests/bench/report.h"
#include "tests/bench/turns.h"
#include "tests/scenarios/nortown.h"

namespace signpost::bench {
namespace {

namespace fs = std::filesystem;
using store::Space;

constexpr char kOrigin[] = "bench.example/ledger";
constexpr int kInFlight = 64;
constexpr int kVerifyTurns = 3;
constexpr absl::Duration kWarmUp = absl::Milliseconds(500);
constexpr int kReplyBytes = 100;
constexpr int kSyncs = 500;
constexpr int kProofs = 20'000;
constexpr int kProofsUnmeasured = 2'000;  // before: a hub that has just started reads its indexes
constexpr uint64_t kSmall = 1000;

// An entry as an answer leaves it, some 300 bytes.
std::string AnswerBody(uint64_t n) {
  ledger::v1::LedgerEntry entry;
  entry.set_agency_id(n % 3 == 0 ? "northern-connexions" : "nortown-yot");
  entry.set_format(1);
  entry.set_kind(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  entry.set_system("spiffe://nortown.example/agency/northern-connexions/system/casework");
  entry.set_practitioner_id("pa-001");
  entry.set_role("personal-adviser");
  entry.set_assurance("password-and-token");
  entry.set_purpose(ledger::v1::PURPOSE_SUPPORT_PLANNING);
  entry.set_policy_sha256(std::string(32, 'p'));
  entry.set_person_ref(std::string(16, 'r'));
  entry.set_nonce(std::string(16, 'n'));
  entry.set_request_hash(store::KeyU64(n) + store::KeyU64(n));
  entry.mutable_who_knows()->add_asked(ledger::v1::ASPECT_EXISTENCE);
  entry.set_reply_hash(std::string(32, 'h'));
  entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
  return entry.SerializeAsString();
}

ledger::Operation OneEntry(uint64_t n) {
  ledger::Operation operation;
  operation.entries.push_back({AnswerBody(n), n % 3 == 0 ? "northern-connexions" : "nortown-yot"});
  return operation;
}

ledger::Sequencer::Options LedgerOptions() {
  ledger::Sequencer::Options options;
  options.origin = kOrigin;
  return options;
}

// A folder that goes when this goes.
class Folder {
 public:
  Folder() : path_(scenarios::NewFolder()) {}
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  const std::string path_;
};

struct Keys {
  tlog::NoteKeyPair pair = *tlog::GenerateNoteKey(kOrigin);
  std::unique_ptr<tlog::NoteSigner> signer = *tlog::NewNoteSigner(pair.signer_key);
  tlog::NoteVerifier verifier = *tlog::NoteVerifier::Parse(pair.verifier_key);
  base::RealClock clock;
};

// Median time of one appended and synced block: what the disk allows.
double SyncMicroseconds(const std::string& path) {
  const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  const std::string block(4096, 's');
  std::vector<double> times;
  for (int i = 0; i < kSyncs; ++i) {
    const absl::Time begun = absl::Now();
    if (::write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size()) ||
        ::fdatasync(fd) != 0) {
      break;
    }
    times.push_back(absl::ToDoubleMicroseconds(absl::Now() - begun));
  }
  ::close(fd);
  if (times.empty()) return 0;
  std::nth_element(times.begin(), times.begin() + static_cast<ptrdiff_t>(times.size() / 2),
                   times.end());
  return times[times.size() / 2];
}

TlsFiles Files(const std::string& stem) {
  const std::string& authority = scenarios::Nortown::Authority();
  return {scenarios::ReadFile(authority + "/ca.pem"),
          scenarios::ReadFile(authority + "/" + stem + ".pem"),
          scenarios::ReadFile(authority + "/" + stem + ".key")};
}

absl::Status BareRatio(const BenchOptions& options, const Folder& folder, Report* report) {
  Keys keys;
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                            store::OpenRocksDbStore({.path = folder / "sequenced"}));
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::unique_ptr<ledger::Sequencer> sequencer,
      ledger::Sequencer::Open(LedgerOptions(), store.get(), &keys.clock, keys.signer.get()));
  std::atomic<uint64_t> number = 0;
  // The same server on both sides; only what stands behind a reply differs.
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::unique_ptr<BareServer> ours,
      BareServer::Start(
          Files("hub/hub"),
          [&](std::function<void(bool)> done) {
            sequencer->Submit(
                OneEntry(++number),
                [done](const absl::StatusOr<ledger::Sequenced>& result) { done(result.ok()); });
          },
          kReplyBytes));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<BareServer> bare,
                            BareServer::Start(Files("hub/hub"), folder / "bare", kReplyBytes));
  const auto connect = [](const BareServer& server) {
    LoadOptions load;
    load.address = server.address();
    load.tls = Files("agencies/northern-connexions/casework");
    load.in_flight = kInFlight;
    return LoadClient::Connect(std::move(load), [](uint64_t) { return v1::WhoKnowsRequest(); });
  };
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<LoadClient> our_client, connect(*ours));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<LoadClient> bare_client, connect(*bare));
  SIGNPOST_RETURN_IF_ERROR(our_client->Run(kWarmUp, kTurn).status());
  SIGNPOST_RETURN_IF_ERROR(bare_client->Run(kWarmUp, kTurn).status());
  SIGNPOST_ASSIGN_OR_RETURN(
      const PairedTurns turns,
      TakeTurns(
          absl::Seconds(options.seconds), [&] { return our_client->Run(kTurnWarmUp, kTurn); },
          [&] { return bare_client->Run(kTurnWarmUp, kTurn); }));
  report->Ratio("ledger_bare_ratio_64", turns.ours, "entries/s",
                "bare gRPC mTLS, 200 bytes and group commit", turns.theirs, turns.ratio);
  return absl::OkStatus();
}

// The sequencer kept busy by 64 callers without a network, and then the same leaves, nodes, roots
// and checkpoints alone.
absl::Status HashShare(const BenchOptions& options, const Folder& folder, Report* report) {
  Keys keys;
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                            store::OpenRocksDbStore({.path = folder / "busy"}));
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::unique_ptr<ledger::Sequencer> sequencer,
      ledger::Sequencer::Open(LedgerOptions(), store.get(), &keys.clock, keys.signer.get()));
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> number = 0, failed = 0;
  absl::BlockingCounter ended(kInFlight);
  std::function<void()> next = [&] {
    if (stop) {
      ended.DecrementCount();
      return;
    }
    sequencer->Submit(OneEntry(++number), [&](const absl::StatusOr<ledger::Sequenced>& result) {
      if (!result.ok()) ++failed;
      next();
    });
  };
  const absl::Time begun = absl::Now();
  for (int i = 0; i < kInFlight; ++i) next();
  absl::SleepFor(absl::Seconds(options.seconds));
  stop = true;
  ended.Wait();
  const absl::Duration busy = absl::Now() - begun;
  if (failed > 0) return absl::UnavailableError("the sequencer refused entries");
  const uint64_t entries = sequencer->head().size;

  tlog::Hasher hasher;
  tlog::Frontier frontier;
  std::vector<std::string> bodies;
  for (uint64_t n = 0; n < 1024; ++n) {
    bodies.push_back(AnswerBody(n));
    tlog::AppendEntrySuffix(n, absl::ToUnixMicros(absl::Now()), n, bodies.back());
  }
  const absl::Time alone = absl::Now();
  uint64_t nodes = 0;
  for (uint64_t n = 0; n < entries; ++n) {
    frontier.Append(hasher.Leaf(bodies[n % bodies.size()]), hasher,
                    [&nodes](int, uint64_t, const tlog::Hash&) { ++nodes; });
    if (n % kInFlight == 0) (void)frontier.Root(hasher);
  }
  const int64_t checkpoints = absl::ToInt64Seconds(busy) + 1;
  for (int64_t i = 0; i < checkpoints; ++i) {
    const tlog::Checkpoint checkpoint{kOrigin, entries, frontier.Root(hasher), {}};
    SIGNPOST_RETURN_IF_ERROR(
        tlog::SignNote(tlog::FormatCheckpoint(checkpoint), *keys.signer).status());
  }
  const absl::Duration hashing = absl::Now() - alone;
  report->Figure("sequenced_per_s", static_cast<double>(entries) / absl::ToDoubleSeconds(busy),
                 "entries/s without a network");
  report->Figure("hash_share", 100 * absl::FDivDuration(hashing, busy),
                 "% of the sequencer's time");
  return absl::OkStatus();
}

// --- A large tree ---

// Sorted rows into files that RocksDB takes in as they are.
class SortedRows {
 public:
  SortedRows(std::string stem, const rocksdb::Options& options)
      : stem_(std::move(stem)), writer_(rocksdb::EnvOptions(), options) {}

  absl::Status Put(const std::string& key, const std::string& value) {
    if (rows_ == 0) {
      files_.push_back(absl::StrCat(stem_, ".", files_.size(), ".sst"));
      SIGNPOST_RETURN_IF_ERROR(From(writer_.Open(files_.back())));
    }
    SIGNPOST_RETURN_IF_ERROR(From(writer_.Put(key, value)));
    ++rows_;
    if (writer_.FileSize() >= kFileBytes) return Finish();
    return absl::OkStatus();
  }
  absl::Status Finish() {
    if (rows_ == 0) return absl::OkStatus();
    rows_ = 0;
    return From(writer_.Finish());
  }
  const std::vector<std::string>& files() const { return files_; }

  static absl::Status From(const rocksdb::Status& status) {
    return status.ok() ? absl::OkStatus() : absl::UnavailableError(status.ToString());
  }

 private:
  static constexpr uint64_t kFileBytes = 64u << 20;  // as RocksDB makes them itself
  const std::string stem_;
  rocksdb::SstFileWriter writer_;
  std::vector<std::string> files_;
  int rows_ = 0;
};

// A store whose ledger has `size` small entries, with its nodes, head and checkpoint.
absl::Status BuildLedger(const std::string& path, uint64_t size, Keys* keys) {
  SIGNPOST_RETURN_IF_ERROR(store::OpenRocksDbStore({.path = path}).status());
  rocksdb::DBOptions db_options;
  rocksdb::ConfigOptions config;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  config.ignore_unknown_options = true;
  SIGNPOST_RETURN_IF_ERROR(
      SortedRows::From(rocksdb::LoadLatestOptions(config, path, &db_options, &families)));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  SIGNPOST_RETURN_IF_ERROR(
      SortedRows::From(rocksdb::DB::Open(db_options, path, families, &handles, &raw)));
  const std::unique_ptr<rocksdb::DB> db(raw);
  const auto family = [&](Space space) {
    for (size_t i = 0; i < families.size(); ++i) {
      if (families[i].name == store::SpaceName(space)) return i;
    }
    std::abort();
  };
  const auto options = [&](Space space) {
    return rocksdb::Options(db_options, families[family(space)].options);
  };

  SortedRows entries(path + "/build-entries", options(Space::kEntries));
  // Rows of one level come in order of their keys; each has its own files.
  std::map<char, SortedRows> levels;
  const auto put_rows = [&](const store::Batch& rows) {
    for (const store::Batch::Operation& row : rows.operations()) {
      const char level = row.key.front();
      const auto found = levels.try_emplace(
          level, absl::StrCat(path, "/build-nodes-", level & 0x7F), options(Space::kNodes));
      SIGNPOST_RETURN_IF_ERROR(
          found.first->second.Put(std::string(row.key), std::string(*row.value)));
    }
    return absl::OkStatus();
  };
  tlog::Hasher hasher;
  tlog::Frontier frontier;
  ledger::TreeWriter tree;
  absl::Status status;
  const int64_t time_us = absl::ToUnixMicros(absl::Now());
  for (uint64_t n = 0; n < size && status.ok(); ++n) {
    std::string entry;
    tlog::AppendEntrySuffix(n, time_us, n + 1, entry);
    frontier.Append(
        hasher.Leaf(entry), hasher,
        [&](int level, uint64_t index, const tlog::Hash& hash) { tree.Add(level, index, hash); });
    store::Batch full;
    tree.PutFull(&full);
    status = put_rows(full);
    if (status.ok()) status = entries.Put(store::KeyU64(n), entry);
  }
  store::Batch grown;
  tree.PutGrown(&grown);
  if (status.ok()) status = put_rows(grown);
  SIGNPOST_RETURN_IF_ERROR(status);
  rocksdb::IngestExternalFileOptions ingest;
  ingest.move_files = true;
  SIGNPOST_RETURN_IF_ERROR(entries.Finish());
  SIGNPOST_RETURN_IF_ERROR(SortedRows::From(
      db->IngestExternalFile(handles[family(Space::kEntries)], entries.files(), ingest)));
  for (auto& [level, rows] : levels) {
    SIGNPOST_RETURN_IF_ERROR(rows.Finish());
    SIGNPOST_RETURN_IF_ERROR(SortedRows::From(
        db->IngestExternalFile(handles[family(Space::kNodes)], rows.files(), ingest)));
  }

  // The ledger's own rows, in the form that ledger/rows.h gives them.
  std::string head(1, '\1');
  head += store::KeyU64(size) + store::KeyU64(static_cast<uint64_t>(time_us));
  for (const tlog::Hash& hash : frontier.hashes()) head += tlog::HashToString(hash);
  const tlog::Checkpoint checkpoint{kOrigin, size, frontier.Root(hasher), {}};
  SIGNPOST_ASSIGN_OR_RETURN(const std::string note,
                            tlog::SignNote(tlog::FormatCheckpoint(checkpoint), *keys->signer));
  rocksdb::WriteBatch batch;
  batch.Put(handles[family(Space::kMeta)], "ledger/head", head);
  batch.Put(handles[family(Space::kMeta)], "ledger/checkpoint", note);
  batch.Put(handles[family(Space::kMeta)], "counter/", store::KeyU64(size));
  batch.Put(handles[family(Space::kCheckpoints)], store::KeyU64(size), note);
  rocksdb::WriteOptions how;
  how.sync = true;
  SIGNPOST_RETURN_IF_ERROR(SortedRows::From(db->Write(how, &batch)));
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  return SortedRows::From(db->Close());
}

// From a store that nobody has open to a ledger that takes entries; the median of five.
absl::StatusOr<double> StartSeconds(const std::string& path, Keys* keys) {
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) {
    const absl::Time begun = absl::Now();
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                              store::OpenRocksDbStore({.path = path}));
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::unique_ptr<ledger::Sequencer> sequencer,
        ledger::Sequencer::Open(LedgerOptions(), store.get(), &keys->clock, keys->signer.get()));
    times.push_back(absl::ToDoubleSeconds(absl::Now() - begun));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// What this thread has computed so far: what is left of a time when others want the machine, too.
double CpuMicroseconds() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

absl::Status Proofs(const std::string& path, const std::string& figure, Report* report) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                            store::OpenRocksDbStore({.path = path, .read_only = true}));
  std::mt19937_64 dice(1);
  std::vector<double> times, cpu_times;
  for (int i = -kProofsUnmeasured; i < kProofs; ++i) {
    // As a call does it: a view of its own, and half of each kind.
    const absl::Time begun = absl::Now();
    const double cpu_begun = CpuMicroseconds();
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store->NewView());
    const ledger::LedgerReader reader(view.get());
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
    const uint64_t at = dice() % head.size;
    SIGNPOST_RETURN_IF_ERROR(i % 2 == 0 ? reader.InclusionProof(at, head.size).status()
                                        : reader.ConsistencyProof(at + 1, head.size).status());
    if (i < 0) continue;
    times.push_back(absl::ToDoubleMicroseconds(absl::Now() - begun));
    cpu_times.push_back(CpuMicroseconds() - cpu_begun);
  }
  std::sort(times.begin(), times.end());
  std::sort(cpu_times.begin(), cpu_times.end());
  report->Figure(figure, times[times.size() * 99 / 100], "us, p99");
  std::fprintf(stderr, "  of %d proofs: median %.0f us, longest %.0f us; computing p99 %.0f us\n",
               kProofs, times[times.size() / 2], times.back(),
               cpu_times[cpu_times.size() * 99 / 100]);
  return absl::OkStatus();
}

uint64_t BytesIn(const std::string& path) {
  uint64_t bytes = 0;
  for (const auto& file : fs::recursive_directory_iterator(path)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

// "1k", "10m", "100m".
std::string Short(uint64_t n) {
  if (n % 1'000'000 == 0) return absl::StrCat(n / 1'000'000, "m");
  if (n % 1000 == 0) return absl::StrCat(n / 1000, "k");
  return absl::StrCat(n);
}

// The proofs of LargeTree() alone, with a ledger that may be there already.
absl::Status OnlyProofs(const BenchOptions& options, const Folder& folder, Report* report) {
  Keys keys;
  const auto size = static_cast<uint64_t>(options.entries);
  const std::string path = (options.kept.empty() ? folder / "large" : options.kept);
  if (!fs::exists(path)) SIGNPOST_RETURN_IF_ERROR(BuildLedger(path, size, &keys));
  return Proofs(path, absl::StrCat("proof_p99_us_", Short(size)), report);
}

absl::Status LargeTree(const BenchOptions& options, const Folder& folder, Report* report) {
  Keys keys;
  const auto large = static_cast<uint64_t>(options.entries);
  for (const uint64_t size : {kSmall, large}) {
    const std::string path = folder / Short(size);
    const absl::Time begun = absl::Now();
    SIGNPOST_RETURN_IF_ERROR(BuildLedger(path, size, &keys));
    std::fprintf(stderr, "  %s entries built in %.0f s, %.1f GB\n", Short(size).c_str(),
                 absl::ToDoubleSeconds(absl::Now() - begun),
                 static_cast<double>(BytesIn(path)) / 1e9);
    SIGNPOST_ASSIGN_OR_RETURN(const double seconds, StartSeconds(path, &keys));
    report->Figure(absl::StrCat("startup_s_", Short(size)), seconds, "s");
    if (size == large) {
      SIGNPOST_RETURN_IF_ERROR(Proofs(path, absl::StrCat("proof_p99_us_", Short(size)), report));
    }
  }
  return absl::OkStatus();
}

// --- The offline verifier ---

absl::Status WriteBytes(const std::string& path, const std::string& bytes) {
  fs::create_directories(fs::path(path).parent_path());
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"),
                                                             &std::fclose);
  if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

absl::Status Verify(const BenchOptions& options, const Folder& folder, Report* report) {
  const auto size = static_cast<uint64_t>(options.entries);
  Keys keys;
  const std::string path = folder / "copy";
  tlog::Hasher hasher;
  tlog::Frontier frontier;
  std::vector<std::vector<tlog::Hash>> levels;
  std::vector<uint64_t> full;
  std::vector<std::string> bundle;
  uint64_t bytes = 0;
  uint64_t counters[3] = {0, 0, 0};
  const auto flush = [&](size_t level) {
    std::vector<tlog::Hash>& tile = levels[level];
    const tlog::TileId id{static_cast<int>(level), full[level]++, static_cast<int>(tile.size())};
    absl::Status written =
        WriteBytes(absl::StrCat(path, "/", tlog::TilePath(id)), tlog::EncodeTile(tile));
    tile.clear();
    return written;
  };
  uint64_t bundles = 0;
  const auto flush_bundle = [&] {
    const tlog::TileId id{tlog::kEntriesLevel, bundles++, static_cast<int>(bundle.size())};
    absl::Status written =
        WriteBytes(absl::StrCat(path, "/", tlog::TilePath(id)), tlog::EncodeEntryBundle(bundle));
    bundle.clear();
    return written;
  };
  for (uint64_t n = 0; n < size; ++n) {
    std::string entry = AnswerBody(n);
    tlog::AppendEntrySuffix(n, 1'800'000'000'000'000, ++counters[n % 3 == 0 ? 0 : 1], entry);
    bytes += entry.size();
    frontier.Append(hasher.Leaf(entry), hasher, [&](int level, uint64_t, const tlog::Hash& hash) {
      if (level % tlog::kTileHeight != 0) return;
      const auto tile = static_cast<size_t>(level / tlog::kTileHeight);
      if (levels.size() <= tile) {
        levels.resize(tile + 1);
        full.resize(tile + 1);
      }
      levels[tile].push_back(hash);
    });
    bundle.push_back(std::move(entry));
    if (bundle.size() == tlog::kTileWidth) SIGNPOST_RETURN_IF_ERROR(flush_bundle());
    for (size_t level = 0; level < levels.size(); ++level) {
      if (levels[level].size() == tlog::kTileWidth) SIGNPOST_RETURN_IF_ERROR(flush(level));
    }
  }
  if (!bundle.empty()) SIGNPOST_RETURN_IF_ERROR(flush_bundle());
  for (size_t level = 0; level < levels.size(); ++level) {
    if (!levels[level].empty()) SIGNPOST_RETURN_IF_ERROR(flush(level));
  }
  const tlog::Checkpoint checkpoint{kOrigin, size, frontier.Root(hasher), {}};
  SIGNPOST_ASSIGN_OR_RETURN(const std::string note,
                            tlog::SignNote(tlog::FormatCheckpoint(checkpoint), *keys.signer));
  SIGNPOST_RETURN_IF_ERROR(WriteBytes(path + "/checkpoint", note));

  double best = 0;
  for (int turn = 0; turn < kVerifyTurns; ++turn) {
    const absl::Time begun = absl::Now();
    const tlog::VerifyReport verified = tlog::VerifyDirectory(path, {keys.verifier}, {});
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
    if (!verified.ok()) return absl::DataLossError(verified.ToString());
    best = std::max(best, static_cast<double>(verified.entries_read) / seconds);
  }
  report->Figure(
      "verify_entries_per_s", best,
      absl::StrCat("entries/s of ", bytes / size, " bytes, one core, best of ", kVerifyTurns));
  return absl::OkStatus();
}

}  // namespace

int Ledger(const BenchOptions& options) {
  Report report("ledger");
  const Folder folder;
  report.Figure("disk_sync_us", SyncMicroseconds(folder / "sync"), "us, median of 4 KiB and sync");
  const auto ran = [](const absl::Status& status) {
    if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return status.ok();
  };
  if (options.only == "verify") return ran(Verify(options, folder, &report)) ? 0 : 1;
  if (options.only == "proofs") return ran(OnlyProofs(options, folder, &report)) ? 0 : 1;
  if (options.profile) return ran(BareRatio(options, folder, &report)) ? 0 : 1;
  const bool good =
      ran(Verify(options, folder, &report)) && ran(HashShare(options, folder, &report)) &&
      ran(BareRatio(options, folder, &report)) && ran(LargeTree(options, folder, &report));
  return good ? 0 : 1;
}

}  // namespace signpost::bench
