#include "core/store/paced_writing.h"

#include <chrono>
#include <thread>

#include "core/base/error.h"

namespace authctl::store {
namespace {

using namespace std::chrono_literals;

constexpr auto turn = 30ms;  // how long the writer's place is held
constexpr auto pause = 6ms;  // and left alone: twice the pace at which the SQLite driver asks for it

}  // namespace

// SQLite in WAL mode with synchronous=NORMAL: the log is synced when it is moved into the store, not at each
// commit, and the store stays sound whenever the power goes. Here the log is moved between two turns, when
// nobody is kept waiting by it; left to itself that would be done by whoever commits next.
PacedWriting::PacedWriting(Database& db) : db_(db) {
  db_.run_script(db_.engine() == Engine::sqlite ? "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0"
                                                : "SET synchronous_commit = off");
}

PacedWriting::~PacedWriting() {
  try {
    db_.run_script(db_.engine() == Engine::sqlite ? "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000"
                                                  : "SET synchronous_commit = on");
  } catch (const base::Error&) {
    return;  // the connection is gone, and its settings with it
  }
}

void PacedWriting::sync() {
  if (db_.engine() == Engine::sqlite) db_.query("PRAGMA wal_checkpoint(PASSIVE)");
}

void PacedWriting::run(const std::function<void()>& first, const std::function<bool()>& step) {
  using Clock = std::chrono::steady_clock;
  constexpr int turns_between_syncs = 4;
  int turns = 0;
  for (bool more = true; more;) {
    {
      Transaction transaction(db_);
      const auto begin = Clock::now();
      first();
      while ((more = step()) && Clock::now() - begin < turn) continue;
      transaction.commit();
    }
    if (++turns % turns_between_syncs == 0) sync();
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace authctl::store
