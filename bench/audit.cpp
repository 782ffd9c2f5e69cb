// Audited changes and audit queries beside SQLite itself.
//   bench_audit [--rounds N] [--seconds S] [--entries N] [--dir D]
//   bench_audit --fill N        only writes N entries into the store of $AUTHCTL_STORE (bench/query.sh)
// Every ratio is taken within one round, against plain single-row commits of that round; the table shows
// medians.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "core/audit/log_key.h"
#include "core/audit/query.h"
#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/service/change.h"
#include "core/service/commit_queue.h"
#include "core/service/opening.h"

using namespace authctl;

namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

struct Options {
  int rounds = 5;
  double seconds = 0.5;
  long entries = 1'000'000, fill = 0;
  std::string dir = "/tmp/authctl-bench-audit";
};

// What a durable row costs with nothing around it: one table, one index, WAL, synchronous=FULL.
class PlainTable {
 public:
  explicit PlainTable(const std::string& path) {
    check(sqlite3_open(path.c_str(), &db_));
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE audit(id INTEGER PRIMARY KEY, ts "
        "INTEGER NOT "
        "NULL, user_id INTEGER NOT NULL, action TEXT NOT NULL, target TEXT, ip TEXT, ok INTEGER, detail "
        "TEXT, prev "
        "BLOB, hash BLOB); CREATE INDEX audit_user ON audit(user_id, id)");
    prepare("INSERT INTO audit(ts,user_id,action,target,ip,ok,detail,prev,hash) VALUES(?,?,?,?,?,?,?,?,?)",
            &insert_);
    prepare("BEGIN IMMEDIATE", &begin_);
    prepare("COMMIT", &commit_);
  }
  PlainTable(const PlainTable&) = delete;
  PlainTable& operator=(const PlainTable&) = delete;
  ~PlainTable() {
    for (auto* statement : {insert_, begin_, commit_}) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }

  void commit_rows(int rows) {
    step(begin_);
    for (int i = 0; i < rows; ++i) row();
    step(commit_);
  }

 private:
  void check(int code) {
    if (code != SQLITE_OK && code != SQLITE_DONE) {
      std::fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db_));
      std::exit(1);
    }
  }
  void run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  void prepare(const char* sql, sqlite3_stmt** statement) {
    check(sqlite3_prepare_v2(db_, sql, -1, statement, nullptr));
  }
  void step(sqlite3_stmt* statement) {
    check(sqlite3_step(statement));
    sqlite3_reset(statement);
  }
  void row() {
    ++hash_[++count_ & 31];
    sqlite3_bind_int64(insert_, 1, 1700000000000LL + count_);
    sqlite3_bind_int64(insert_, 2, static_cast<sqlite3_int64>(random_() % 1000));
    sqlite3_bind_text(insert_, 3, "token.issue", -1, SQLITE_STATIC);
    sqlite3_bind_text(insert_, 4, "jwt:es256-1", -1, SQLITE_STATIC);
    sqlite3_bind_text(insert_, 5, "192.0.2.17", -1, SQLITE_STATIC);
    sqlite3_bind_int(insert_, 6, 1);
    sqlite3_bind_text(insert_, 7, R"({"aud":"api://orders","scope":"orders:read"})", -1, SQLITE_STATIC);
    sqlite3_bind_blob(insert_, 8, hash_, 32, SQLITE_STATIC);
    sqlite3_bind_blob(insert_, 9, hash_, 32, SQLITE_STATIC);
    step(insert_);
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt *insert_ = nullptr, *begin_ = nullptr, *commit_ = nullptr;
  unsigned char hash_[32] = {1};
  long count_ = 0;
  std::mt19937 random_{7};
};

std::string actor_of(unsigned user) { return "user:" + std::to_string(1000 + user % 1000); }

audit::Event an_event() {
  return {.action = "token.issue",
          .target = {"key", "jwt:es256-1", ""},
          .outcome = audit::Outcome::success,
          .detail = {{"aud", "api://orders"}, {"scope", "orders:read"}}};
}

// A store of authctl with nothing but its log.
class AuditedStore {
 public:
  explicit AuditedStore(const std::string& path) {
    const std::string url = "sqlite:" + path;
    const bool is_new = !store::store_exists(url);
    auto db = store::open_database(url, is_new ? store::OpenMode::create : store::OpenMode::existing);
    const base::Bytes key(32, 7);
    realm_ = std::make_unique<service::Realm>(
        std::move(db), crypto::Sealer(base::Secret(base::ByteView(key))), clock_, random_);
    if (!is_new) return;
    store::Transaction transaction(realm_->db());
    audit::create_log(realm_->db(), realm_->sealer(), random_);
    transaction.commit();
  }
  service::Realm& realm() { return *realm_; }
  void commit_rows(int rows, unsigned user) {
    service::Cause cause;
    cause.actor = actor_of(user);
    cause.ip = "192.0.2.17";
    service::change(*realm_, cause, [&](service::Change& change) {
      for (int i = 0; i < rows; ++i) change.record(an_event());
    });
  }

 private:
  base::SystemClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<service::Realm> realm_;
};

struct Measured {
  double per_second = 0;
  double p50_us = 0, p99_us = 0;
  double cpu_us = 0;  // of this process, a row: what is left of a measurement on a busy machine
};

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double quantile(std::vector<double>& sorted, double q) {
  return sorted.empty() ? 0
                        : sorted[std::min(sorted.size() - 1,
                                          static_cast<std::size_t>(q * static_cast<double>(sorted.size())))];
}

// `work(caller)` does `rows` rows; as many threads as there are callers, each on its own again and again.
template <class Work>
Measured measure(double seconds, int callers, int rows, Work work) {
  std::vector<std::vector<double>> times(static_cast<std::size_t>(callers));
  std::vector<std::thread> threads;
  const double cpu = cpu_seconds();
  const auto start = Steady::now();
  const auto run = [&](int caller) {
    while (seconds_since(start) < seconds) {
      const auto began = Steady::now();
      work(caller);
      times[static_cast<std::size_t>(caller)].push_back(seconds_since(began) * 1e6);
    }
  };
  if (callers == 1) {
    run(0);
  } else {
    for (int caller = 0; caller < callers; ++caller) threads.emplace_back(run, caller);
    for (auto& thread : threads) thread.join();
  }
  const double elapsed = seconds_since(start);
  std::vector<double> all;
  for (auto& one : times) all.insert(all.end(), one.begin(), one.end());
  std::ranges::sort(all);
  const double count = static_cast<double>(all.size()) * rows;
  return {count / elapsed, quantile(all, 0.5), quantile(all, 0.99), (cpu_seconds() - cpu) * 1e6 / count};
}

struct Line {
  std::string name, goal;
  std::vector<double> rates, ratios, p50, p99, cpu;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

class Report {
 public:
  void add(const std::string& name, const std::string& goal, const Measured& measured, double limit) {
    auto found = std::ranges::find(lines_, name, &Line::name);
    if (found == lines_.end()) found = lines_.insert(lines_.end(), {name, goal, {}, {}, {}, {}, {}});
    found->rates.push_back(measured.per_second);
    found->ratios.push_back(measured.per_second / limit);
    found->p50.push_back(measured.p50_us);
    found->p99.push_back(measured.p99_us);
    found->cpu.push_back(measured.cpu_us);
  }
  void print() const {
    std::printf(
        "| audited changes | rows/s | ratio (min..max) | goal | p50 / p99 us | CPU us a row |\n"
        "| --- | ---: | ---: | --- | ---: | ---: |\n");
    for (const auto& line : lines_) {
      const auto [low, high] = std::ranges::minmax(line.ratios);
      std::printf("| %s | %.0f | %.2f (%.2f..%.2f) | %s | %.0f / %.0f | %.1f |\n", line.name.c_str(),
                  median(line.rates), median(line.ratios), low, high, line.goal.c_str(), median(line.p50),
                  median(line.p99), median(line.cpu));
    }
    std::printf("\n");
  }

 private:
  std::vector<Line> lines_;
};

void bench_changes(const Options& options) {
  Report report;
  for (int round = 0; round < options.rounds; ++round) {
    std::filesystem::remove_all(options.dir);
    std::filesystem::create_directories(options.dir);
    std::filesystem::permissions(options.dir, std::filesystem::perms::owner_all);
    PlainTable plain(options.dir + "/plain.db");
    const auto limit = measure(options.seconds, 1, 1, [&](int) { plain.commit_rows(1); });
    report.add("SQLite itself, 1 row a commit", "1", limit, limit.per_second);
    report.add("SQLite itself, 64 rows a commit", "",
               measure(options.seconds, 1, 64, [&](int) { plain.commit_rows(64); }), limit.per_second);
    for (const bool grouping : {true, false}) {
      for (const int callers : {1, 4, 16, 64}) {
        AuditedStore store(options.dir + "/audited-" + std::to_string(grouping) + std::to_string(callers) +
                           ".db");
        store.realm().commits().set_grouping(grouping);
        const auto goal = !grouping       ? ""
                          : callers == 1  ? ">= 0.8"
                          : callers == 64 ? ">= 6.5, p99 <= 4 ms"
                                          : "";
        std::vector<std::mt19937> randoms;
        for (int caller = 0; caller < callers; ++caller) randoms.emplace_back(static_cast<unsigned>(caller));
        const auto measured = measure(options.seconds, callers, 1, [&](int caller) {
          store.commit_rows(1, static_cast<unsigned>(randoms[static_cast<std::size_t>(caller)]()));
        });
        report.add("change(), " + std::to_string(callers) + (callers == 1 ? " caller" : " callers") +
                       (grouping ? ", group commit" : ", each alone"),
                   goal, measured, limit.per_second);
      }
    }
    AuditedStore store(options.dir + "/batch.db");
    std::mt19937 random(9);
    report.add(
        "change() with 64 entries", ">= 12",
        measure(options.seconds, 1, 64, [&](int) { store.commit_rows(64, static_cast<unsigned>(random())); }),
        limit.per_second);
  }
  report.print();
}

void fill(service::Realm& realm, long entries) {
  std::mt19937 random(11);
  for (long done = 0; done < entries;) {
    service::Cause cause;
    cause.actor = actor_of(static_cast<unsigned>(random()));
    cause.ip = "192.0.2.17";
    // Many actors in few transactions: the log takes one author at a time.
    store::Transaction transaction(realm.db());
    realm.log().start(realm.db(), realm.sealer());
    const auto event = an_event();
    for (long i = 0; i < 20000 && done < entries; ++i, ++done) {
      realm.log().append(realm.db(), {actor_of(static_cast<unsigned>(random())), "192.0.2.17", "", ""},
                         realm.now(), std::span(&event, 1));
    }
    realm.log().finish(realm.db());
    transaction.commit();
  }
}

void fill_named_store(long entries) {
  const base::SystemClock clock;
  base::SystemRandom random;
  const char* url = std::getenv("AUTHCTL_STORE");
  const char* key = std::getenv("AUTHCTL_MASTER_KEY_FILE");
  if (url == nullptr || key == nullptr)
    throw base::Error(base::ErrorCode::usage, "AUTHCTL_STORE or its key is not set");
  auto realm = service::open_realm({url, {.file = key}}, clock, random);
  fill(realm, entries);
}

double rows_of_64(AuditedStore& store, double seconds) {
  std::mt19937 random(13);
  auto& realm = store.realm();
  const auto event = an_event();
  return measure(seconds, 1, 64,
                 [&](int) {
                   store::Transaction transaction(realm.db());
                   realm.log().start(realm.db(), realm.sealer());
                   for (int i = 0; i < 64; ++i) {
                     realm.log().append(realm.db(),
                                        {actor_of(static_cast<unsigned>(random())), "192.0.2.17", "", ""},
                                        realm.now(), std::span(&event, 1));
                   }
                   realm.log().finish(realm.db());
                   transaction.commit();
                 })
      .per_second;
}

void bench_queries(const Options& options) {
  std::filesystem::remove_all(options.dir);
  std::filesystem::create_directories(options.dir);
  std::filesystem::permissions(options.dir, std::filesystem::perms::owner_all);
  AuditedStore big(options.dir + "/big.db"), empty(options.dir + "/empty.db");
  auto start = Steady::now();
  fill(big.realm(), options.entries);
  const double filled = seconds_since(start);
  std::mt19937 random(17);
  long rows = 0;
  const auto query = [&](int) {
    audit::Filter filter;
    filter.actor = actor_of(static_cast<unsigned>(random()));
    const auto stream = audit::query_entries(big.realm().db(), filter, 50);
    while (stream->next() != nullptr) ++rows;
  };
  measure(options.seconds, 1, 1, query);
  const auto users = measure(options.seconds * 4, 1, 1, query);
  const double on_empty = rows_of_64(empty, options.seconds * 2),
               on_big = rows_of_64(big, options.seconds * 2);
  start = Steady::now();
  audit::VerifyRequest request;
  request.sealer = &big.realm().sealer();
  const auto verified = audit::verify_log(big.realm().db(), request);
  const double verify_seconds = seconds_since(start);
  std::printf("| %ld entries, 1000 users | measured | goal |\n| --- | ---: | --- |\n", options.entries);
  std::printf("| filled by, entries/s | %.0f | |\n", static_cast<double>(options.entries) / filled);
  std::printf("| last 50 of a user, warm, p50 / p99 us | %.1f / %.1f | p50 <= 80 |\n", users.p50_us,
              users.p99_us);
  std::printf("| 64-row commits, against an empty log | %.2f | >= 0.33 |\n", on_big / on_empty);
  std::printf("| verify, seconds | %.2f (%s) | 1,000,000 in under 20 s |\n", verify_seconds,
              std::string(audit::word_of(verified.verdict)).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--rounds") options.rounds = std::atoi(argv[i + 1]);
    if (name == "--seconds") options.seconds = std::atof(argv[i + 1]);
    if (name == "--entries") options.entries = std::atol(argv[i + 1]);
    if (name == "--fill") options.fill = std::atol(argv[i + 1]);
    if (name == "--dir") options.dir = argv[i + 1];
  }
  try {
    if (options.fill > 0) {
      fill_named_store(options.fill);
      return 0;
    }
    if (options.rounds > 0) bench_changes(options);
    if (options.entries > 0) bench_queries(options);
  } catch (const base::Error& error) {
    std::fprintf(stderr, "bench_audit: %s\n", error.what());
    return 1;
  }
  std::filesystem::remove_all(options.dir);
  return 0;
}
