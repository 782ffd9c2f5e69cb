#include "core/store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/random.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/store/migrations.h"
#include "core/store/sqlite_connection.h"
#include "core/store/sqlite_log.h"

namespace authctl::store {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void refuse(const std::string& path, std::string_view why, std::string hint = {}) {
  throw Error(ErrorCode::unavailable, "store " + base::quote(path) + " " + std::string(why), std::move(hint));
}

[[noreturn]] void refuse_damaged(const std::string& path, std::string_view why) {
  refuse(path, "is damaged: " + std::string(why), "move it away, then: authctl backup restore FILE");
}

// False where there is nothing. A link is not followed: who can change it could swap the store.
bool check_private(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    refuse(path, std::string("cannot be reached: ") + std::strerror(errno));
  }
  if (S_ISLNK(info.st_mode)) refuse(path, "is a symbolic link", "name the file itself");
  if (!S_ISREG(info.st_mode)) refuse(path, "is not a regular file");
  if ((info.st_mode & 077) != 0)
    refuse(path, "can be read or changed by others", "chmod 600 " + base::shell_word(path));
  return true;
}

// The database header, https://www.sqlite.org/fileformat.html section 1.3: numbers are big-endian.
struct Header {
  std::array<std::uint8_t, 100> bytes{};

  std::uint32_t number(std::size_t at) const { return big_endian(&bytes[at]); }
  bool is_sqlite() const { return std::memcmp(bytes.data(), "SQLite format 3", 16) == 0; }
  std::uint32_t page_size() const {
    const std::uint32_t size = std::uint32_t{bytes[16]} << 8 | bytes[17];
    return size == 1 ? 65536 : size;
  }
  bool is_wal() const { return bytes[18] == 2 && bytes[19] == 2; }
  std::uint32_t page_count() const { return number(28); }
  std::uint32_t user_version() const { return number(60); }
  std::uint32_t application_id() const { return number(68); }
};

// Reads through SQLite's own descriptor: a second one, when closed, would drop every lock that this process
// holds on the file (the POSIX rule in https://www.sqlite.org/howtocorrupt.html section 2.2).
Header read_header(SqliteConnection& db, sqlite3_int64& file_size) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  Header header;
  file_size = 0;
  if (!file || !file->pMethods) return header;
  if (file->pMethods->xFileSize(file, &file_size) != SQLITE_OK || file_size < 100) return header;
  file->pMethods->xRead(file, header.bytes.data(), static_cast<int>(header.bytes.size()), 0);
  return header;
}

void refuse_newer(const std::string& path, std::uint32_t version) {
  if (version <= static_cast<std::uint32_t>(newest_schema())) return;
  refuse(path,
         "was written by a newer authctl: its schema is " + std::to_string(version) +
             ", this program knows " + std::to_string(newest_schema()),
         "use the newer authctl");
}

// The version that the log holds counts too: SQLite itself could not be asked without it touching the side
// files. True where there is any frame.
bool check_log(const std::string& path) {
  const SqliteLog log(path);
  if (log.version() > static_cast<std::uint32_t>(newest_schema())) refuse_newer(path, log.proven_version());
  return log.has_frames();
}

// Whether pages are missing. A reader that came between two steps of a checkpoint looks again: a log that was
// filled meanwhile, and a file that has grown, are no damage.
bool is_short(const std::string& path, const Header& header, std::int64_t size) {
  const auto lacks = [&](std::int64_t bytes) {
    const std::int64_t page = header.page_size();
    return bytes % page != 0 || bytes / page < header.page_count();
  };
  if (!lacks(size) || check_log(path)) return false;
  std::error_code ignored;
  return lacks(static_cast<std::int64_t>(std::filesystem::file_size(path, ignored)));
}

// Judges the bytes before SQLite acts on them.
void check_header(const std::string& path, const Header& header, std::int64_t size, bool has_log) {
  if (size == 0) refuse(path, "is an empty file and no store of authctl");
  if (!header.is_sqlite() || header.application_id() != sqlite_application_id)
    refuse(path, "is no store of authctl");
  refuse_newer(path, header.user_version());
  const std::uint32_t page = header.page_size();
  if (page < 512 || !std::has_single_bit(page) || !header.is_wal())
    refuse_damaged(path, "its header makes no sense");
  // While a write-ahead log holds frames, a checkpoint may have been cut short; SQLite then takes the pages
  // from there.
  if (!has_log && is_short(path, header, size)) refuse_damaged(path, "it is shorter than its header says");
}

// What the schema consists of, compared with what this program would make of that version: a store with a
// view, a trigger or a table more is not ours, whatever its header claims. Where nothing but the index of the
// audit log differs, somebody wants queries not to find an entry.
void check_schema(Database& db, const std::string& path, int version) {
  std::vector<std::string> found;
  std::set<std::string, std::less<>> log_indexes;
  const auto rows = db.query(
      "SELECT sql, type = 'index' AND tbl_name IN ('audit_entry', 'audit_index', 'audit_block') FROM "
      "sqlite_schema "
      "WHERE sql IS NOT NULL AND name NOT IN ('sqlite_stat1', 'sqlite_stat4')");
  while (rows->next()) {
    found.push_back(rows->string(0));
    if (rows->integer(1) != 0) log_indexes.insert(found.back());
  }
  std::sort(found.begin(), found.end());
  const std::vector<std::string> expected = schema_statements(Engine::sqlite, version);
  std::vector<std::string> differences;
  std::set_symmetric_difference(found.begin(), found.end(), expected.begin(), expected.end(),
                                std::back_inserter(differences));
  if (differences.empty()) return;
  const auto of_log = [&](const std::string& sql) {
    return sql.starts_with("CREATE TABLE audit_index ") || sql.starts_with("CREATE TABLE audit_block ") ||
           log_indexes.contains(sql);
  };
  const auto other = std::find_if_not(differences.begin(), differences.end(), of_log);
  if (other != differences.end()) {
    refuse(path, "is no store of authctl: its schema differs: " + base::quote(*other));
  }
  throw AlteredLogIndex(
      ErrorCode::unavailable,
      "store " + base::quote(path) +
          " is damaged: an index of its audit log is missing or altered: " + base::quote(differences.front()),
      "move it away, then: authctl backup restore FILE");
}

// On a disk that is read-only SQLite could not make its side files, so it is told that nothing there changes.
std::unique_ptr<SqliteConnection> connect(const std::string& path, bool has_log) {
  if (has_log || ::access(path.c_str(), W_OK) == 0 || errno != EROFS) {
    return std::make_unique<SqliteConnection>(path, SQLITE_OPEN_READWRITE);
  }
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    const auto byte = static_cast<std::uint8_t>(c);
    uri += c == '/' ? "/" : "%" + base::encode_hex({&byte, 1});
  }
  return std::make_unique<SqliteConnection>(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                            uri + "?immutable=1");
}

int read_version(Database& db) {
  const auto rows = db.query("PRAGMA user_version");
  return rows->next() ? static_cast<int>(rows->integer(0)) : 0;
}

void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int code = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) refuse(folder.string(), std::string("cannot be made durable: ") + std::strerror(code));
}

// What root makes in the folder of a service account is for that account; SQLite does the same with side
// files.
bool give_to_owner_of_folder(int fd, const std::string& path) {
  struct stat folder {};
  const auto parent = std::filesystem::path(path).parent_path();
  if (::geteuid() != 0 || ::stat(parent.empty() ? "." : parent.c_str(), &folder) != 0 || folder.st_uid == 0)
    return true;
  return ::fchown(fd, folder.st_uid, folder.st_gid) == 0;
}

// An empty file that no other process can have opened: O_EXCL, and 0600 whatever the umask says.
void make_empty_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0 || ::fchmod(fd, 0600) != 0 || !give_to_owner_of_folder(fd, path)) {
    const int code = errno;
    if (fd >= 0) ::close(fd);
    refuse(path, std::string("cannot be created: ") + std::strerror(code));
  }
  ::close(fd);
}

std::unique_ptr<SqliteConnection> fill_new_file(const std::string& path, int schema) {
  auto db = std::make_unique<SqliteConnection>(path, SQLITE_OPEN_READWRITE);
  db->configure();
  db->run_script("PRAGMA journal_mode=MEMORY; PRAGMA application_id=" +
                 std::to_string(sqlite_application_id));
  migrate(*db, schema);
  db->run_script("PRAGMA journal_mode=WAL");
  return db;
}

// The first one to arrive wins; whoever comes second throws its own away.
void move_unless_there(const std::string& from, const std::string& to) {
  int code = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
  if (code == 0) return;
  if (code == EINVAL || code == ENOSYS)
    code = ::link(from.c_str(), to.c_str()) == 0 ? 0 : errno;  // an older file system
  ::unlink(from.c_str());
  if (code != 0 && code != EEXIST) refuse(to, std::string("cannot be created: ") + std::strerror(code));
}

}  // namespace

bool sqlite_file_exists(const std::string& path) {
  if (!check_private(path)) return false;
  check_private(path + "-wal");
  check_private(path + "-shm");
  return true;
}

std::unique_ptr<Database> open_sqlite(const std::string& path, OpenMode mode, int& version) {
  const bool has_log = check_log(path);
  auto db = connect(path, has_log);
  sqlite3_int64 size = 0;
  const Header header = read_header(*db, size);
  check_header(path, header, size, has_log);
  // Until the store is accepted, closing it must not move its log into it.
  if (has_log) sqlite3_db_config(db->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  db->configure();
  db->begin_read();  // another process may be bringing it up to date
  version = read_version(*db);
  check_schema(*db, path, version);  // of an older one too: what is brought up to date is ours
  db->rollback();
  if (has_log) sqlite3_db_config(db->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  // Not SQLITE_OPEN_READONLY: such a connection leaves the side files behind that it had to make.
  if (mode == OpenMode::read_only) db->run_script("PRAGMA query_only=ON");
  return db;
}

std::unique_ptr<Database> create_sqlite_at(const std::string& path, int schema) {
  make_empty_file(path);
  return fill_new_file(path, schema);
}

void create_sqlite(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  base::make_private_folder(folder);
  base::SystemRandom random;
  std::array<std::uint8_t, 8> tag{};
  random.fill(tag);
  const std::string fresh = path + "." + base::encode_hex(tag) + ".new";
  make_empty_file(fresh);
  try {
    fill_new_file(fresh, newest_schema());
    move_unless_there(fresh, path);
  } catch (...) {
    ::unlink(fresh.c_str());
    throw;
  }
  sync_folder(folder);
}

}  // namespace authctl::store
