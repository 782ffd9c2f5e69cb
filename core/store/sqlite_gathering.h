// One write for many frames. SQLite hands the write-ahead log to the system in two writes a frame, a header
// of 24 bytes and a page; for a commit of many pages those calls cost more than all else in it. This shim
// (https://www.sqlite.org/vfs.html section 2.3) stands before the system's own file, and while a commit runs
// gathers the frames that follow one another.
//
//   SQLite ──header, page, header, page, …──► gathered ──one write for 64 KiB──► the log
//                                                  └── the last frame of a commit ──► at once
//
// Invariants: nothing is gathered but within a Gathering; the frame that commits is with the system before
// SQLite is told that it was written, so before any other connection or process can see the commit, and
// before the sync; whatever is read, synced, measured or written elsewhere comes after what was gathered.
#pragma once
#include <sqlite3.h>

namespace authctl::store {

// The name to open a store with; registers the shim at its first use. A null pointer where SQLite has no
// memory for it: the system's own.
const char* gathering_vfs();

// While it lives, the frames that `db` writes are gathered. What a commit that failed has left is dropped at
// its end: no commit refers to it.
class Gathering {
 public:
  explicit Gathering(sqlite3* db);
  ~Gathering();
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

 private:
  sqlite3_file* log_ = nullptr;  // null: the log is not one of the shim's
};

}  // namespace authctl::store
