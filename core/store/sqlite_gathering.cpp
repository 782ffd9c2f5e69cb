#include "core/store/sqlite_gathering.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "core/store/sqlite_log.h"

namespace authctl::store {
namespace {

constexpr std::size_t most_gathered = 65536;
constexpr int frame_header = 24;       // https://www.sqlite.org/fileformat2.html section 4.1
constexpr std::size_t size_after = 4;  // of the store, where the frame commits; else 0

// What SQLite keeps for an open log: this, and behind it the system's own file.
struct GatheredLog {
  sqlite3_file base{};
  bool is_gathering = false;
  bool commits = false;              // the frame whose page comes next
  sqlite3_int64 begin = 0, end = 0;  // of what is gathered; of all that was written since the gathering began
  std::vector<std::uint8_t> bytes;   // from `begin` on
};
constexpr std::size_t alignment = alignof(std::max_align_t);
constexpr std::size_t room = (sizeof(GatheredLog) + alignment - 1) / alignment * alignment;

GatheredLog& log_of(sqlite3_file* file) { return *reinterpret_cast<GatheredLog*>(file); }
sqlite3_file* inner_of(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + room);
}

int hand_over(sqlite3_file* file) {
  auto& log = log_of(file);
  if (log.bytes.empty()) return SQLITE_OK;
  auto* inner = inner_of(file);
  const auto size = static_cast<int>(log.bytes.size());
  const int code = inner->pMethods->xWrite(inner, log.bytes.data(), size, log.begin);
  log.bytes.clear();
  return code;
}

// Only frames at the end are gathered. A page that is written again, and the checksums of the frames after
// it, are not: no page of a commit comes after those.
int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  auto& log = log_of(file);
  auto* inner = inner_of(file);
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  const bool is_header = size == frame_header, is_new = at >= log.end;
  log.end = std::max(log.end, at + size);
  if (log.bytes.empty() || !is_new || at != log.begin + static_cast<sqlite3_int64>(log.bytes.size())) {
    if (const int code = hand_over(file); code != SQLITE_OK) return code;
    log.commits = false;
    if (!log.is_gathering || !is_header || !is_new) return inner->pMethods->xWrite(inner, data, size, at);
    log.begin = at;
  }
  const bool ends_commit = log.commits && !is_header;
  log.commits = is_header && big_endian(bytes + size_after) != 0;
  try {
    log.bytes.insert(log.bytes.end(), bytes, bytes + size);
  } catch (const std::bad_alloc&) {
    return SQLITE_IOERR_NOMEM;
  }
  return ends_commit || log.bytes.size() >= most_gathered ? hand_over(file) : SQLITE_OK;
}

int close(sqlite3_file* file) {
  auto* inner = inner_of(file);
  const int code = inner->pMethods->xClose(inner);
  log_of(file).~GatheredLog();
  return code;
}

// The others are the system's own, after what was gathered.
template <auto Method>
struct After;
template <typename... Args, int (*sqlite3_io_methods::*Method)(sqlite3_file*, Args...)>
struct After<Method> {
  static int call(sqlite3_file* file, Args... args) {
    if (const int code = hand_over(file); code != SQLITE_OK) return code;
    auto* inner = inner_of(file);
    return (inner->pMethods->*Method)(inner, args...);
  }
};

int sector_size(sqlite3_file* file) { return inner_of(file)->pMethods->xSectorSize(inner_of(file)); }
int characteristics(sqlite3_file* file) {
  return inner_of(file)->pMethods->xDeviceCharacteristics(inner_of(file));
}

// A log is never mapped, and its locks are in the store's file: version 1.
const sqlite3_io_methods methods = [] {
  sqlite3_io_methods m{};
  m.iVersion = 1;
  m.xClose = close;
  m.xRead = After<&sqlite3_io_methods::xRead>::call;
  m.xWrite = write;
  m.xTruncate = After<&sqlite3_io_methods::xTruncate>::call;
  m.xSync = After<&sqlite3_io_methods::xSync>::call;
  m.xFileSize = After<&sqlite3_io_methods::xFileSize>::call;
  m.xLock = After<&sqlite3_io_methods::xLock>::call;
  m.xUnlock = After<&sqlite3_io_methods::xUnlock>::call;
  m.xCheckReservedLock = After<&sqlite3_io_methods::xCheckReservedLock>::call;
  m.xFileControl = After<&sqlite3_io_methods::xFileControl>::call;
  m.xSectorSize = sector_size;
  m.xDeviceCharacteristics = characteristics;
  return m;
}();

sqlite3_vfs* system_vfs() {
  static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
  return found;
}

// Anything but a log is opened as the system does it.
int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* opened) {
  auto* system = system_vfs();
  if ((flags & SQLITE_OPEN_WAL) == 0) return system->xOpen(system, name, file, flags, opened);
  auto* log = new (file) GatheredLog;
  auto* inner = inner_of(file);
  inner->pMethods = nullptr;
  const int code = system->xOpen(system, name, inner, flags, opened);
  if (code == SQLITE_OK) {
    log->base.pMethods = &methods;
    return code;
  }
  if (inner->pMethods) inner->pMethods->xClose(inner);
  log->~GatheredLog();
  file->pMethods = nullptr;
  return code;
}

}  // namespace

// The system's, but for how it opens a file: its other methods do not ask which of the two they are called
// for.
const char* gathering_vfs() {
  static sqlite3_vfs shim = [] {
    sqlite3_vfs vfs = *system_vfs();
    vfs.zName = "authctl";
    vfs.szOsFile += static_cast<int>(room);
    vfs.pNext = nullptr;
    vfs.xOpen = open;
    return vfs;
  }();
  static const bool registered = sqlite3_vfs_register(&shim, 0) == SQLITE_OK;
  return registered ? shim.zName : nullptr;
}

Gathering::Gathering(sqlite3* db) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (!file || file->pMethods != &methods) return;
  log_ = file;
  log_of(log_).is_gathering = true;
  log_of(log_).end = 0;
}

Gathering::~Gathering() {
  if (!log_) return;
  log_of(log_).is_gathering = false;
  log_of(log_).bytes.clear();
}

}  // namespace authctl::store
