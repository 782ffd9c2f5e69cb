// What stands at the path before and after: files that are not ours, are damaged, or are not private.
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/crypto/digest.h"
#include "core/store/migrations.h"
#include "tests/support/stores.h"
#include "tests/support/vectors.h"

using namespace authctl;
using base::ErrorCode;

namespace {

// The error of opening what is there; an Error internal where it opened.
base::Error refusal_of(const std::string& path, store::OpenMode mode = store::OpenMode::existing) {
  try {
    store::open_database("sqlite:" + path, mode);
  } catch (const base::Error& error) {
    return error;
  }
  return {ErrorCode::internal, "it opened"};
}

// Every file of a folder with its mode and the digest of its bytes.
std::map<std::string, std::string> snapshot(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto path = entry.path().string();
    const auto digest = crypto::sha256(base::bytes_of(base::read_file(path, 1 << 24)));
    files[entry.path().filename().string()] =
        base::encode_hex(digest) + " " + std::to_string(base::mode_of(path));
  }
  return files;
}

void check_refused_untouched(const test::Folder& folder, const std::string& path, const std::string& words) {
  const auto before = snapshot(folder.path());
  for (const auto mode : {store::OpenMode::existing, store::OpenMode::create, store::OpenMode::read_only}) {
    const auto error = refusal_of(path, mode);
    CHECK(error.code() == ErrorCode::unavailable);
    INFO(error.message());
    CHECK(error.message().find(words) != std::string::npos);
  }
  CHECK(snapshot(folder.path()) == before);
}

void overwrite(const std::string& path, std::int64_t at, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(::pwrite(fd, bytes.data(), bytes.size(), at) == static_cast<ssize_t>(bytes.size()));
  ::close(fd);
}

void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  char* message = nullptr;
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message);
  INFO((message ? message : ""));
  CHECK(code == SQLITE_OK);
  sqlite3_free(message);
  sqlite3_close(db);
}

// A store that was closed: one file.
struct ClosedStore {
  test::Folder folder;
  std::string path = folder.file("authctl.db");
  ClosedStore() { store::open_database("sqlite:" + path, store::OpenMode::create); }
};

class Umask {
 public:
  explicit Umask(mode_t mask) : old_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(old_); }

 private:
  mode_t old_;
};

}  // namespace

TEST_CASE("every file that is no healthy store of ours is refused and left as it was") {
  const std::filesystem::path vectors = std::filesystem::path(AUTHCTL_TEST_VECTORS) / "sqlite-bad";
  const auto manifest = tests::read_json_file((vectors / "manifest.json").string());
  REQUIRE(manifest.as_array().size() >= 16);
  for (const auto& item : manifest.as_array()) {
    const std::string name(item.at("file").as_string());
    INFO(name);
    test::Folder folder;
    const std::string path = folder.file("authctl.db");
    std::filesystem::copy_file(vectors / name, path);
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    check_refused_untouched(folder, path, "authctl");
    CHECK(base::encode_hex(crypto::sha256(base::bytes_of(base::read_file(path, 1 << 24)))) ==
          item.at("sha256").as_string());
  }
}

TEST_CASE("a store of a newer version is refused and left as it was, with its log beside it") {
  ClosedStore closed;
  SECTION("closed") { run_sql(closed.path, "PRAGMA user_version=999"); }
  SECTION("with a log that was never moved into it") {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(closed.path.c_str(), &db) == SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_exec(db, "PRAGMA user_version=999; CREATE TABLE later(x)", nullptr, nullptr, nullptr);
    sqlite3_close(db);
    REQUIRE(std::filesystem::file_size(closed.path + "-wal") > 0);
  }
  check_refused_untouched(closed.folder, closed.path, "newer");
}

TEST_CASE("a log whose newest frame is still being written says nothing of the version") {
  ClosedStore closed;
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(closed.path.c_str(), &db) == SQLITE_OK);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  const std::string same = "PRAGMA user_version=" + std::to_string(store::newest_schema());
  for (int frames = 0; frames < 2; ++frames) sqlite3_exec(db, same.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(db);
  const std::string log = closed.path + "-wal";
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(log));
  constexpr std::int64_t frame = 24 + 4096;
  REQUIRE((size - 32) % frame == 0);
  const std::string path = closed.path;
  SECTION("its page is what stood there before") {
    overwrite(log, size - 4096, std::string(4096, '\x0f'));
    CHECK(refusal_of(path).message() == "it opened");
  }
  SECTION("a whole one that is of a newer version is believed") {
    REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_exec(db, "PRAGMA user_version=999", nullptr, nullptr, nullptr);
    sqlite3_close(db);
    check_refused_untouched(closed.folder, path, "newer");
  }
}

TEST_CASE("a log that a reader held back is moved into the store once the reader is gone") {
  ClosedStore closed;
  const auto writer = store::open_database("sqlite:" + closed.path, store::OpenMode::existing);
  const auto reader = store::open_database("sqlite:" + closed.path, store::OpenMode::existing);
  const auto write = [&](int commits) {
    for (int i = 0; i < commits; ++i) {
      writer->begin();
      writer->execute(
          "INSERT INTO store_meta (name, value) VALUES ('turn', x'00') ON CONFLICT (name) DO UPDATE SET "
          "value "
          "= randomblob(8)",
          {});
      writer->commit();
    }
    return std::filesystem::file_size(closed.path + "-wal") / 4096;
  };
  reader->begin_read();
  CHECK(test::number(*reader, "SELECT count(*) FROM store_meta", {}) == 0);
  const auto held = write(1200);
  CHECK(held >= 1200);
  reader->rollback();
  const auto let_go = write(300);
  CHECK(let_go < held + 300);
  CHECK(write(600) == let_go);
}

TEST_CASE("what a savepoint could undo lies in no file outside of the store's folder") {
  ClosedStore closed;
  const auto db = store::open_database("sqlite:" + closed.path, store::OpenMode::existing);
  const auto files_elsewhere = [] {
    std::size_t found = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      const auto file = std::filesystem::read_symlink(entry.path(), gone).string();
      found += file.find("etilqs_") != std::string::npos;  // how SQLite names its temporary files
    }
    return found;
  };
  for (int i = 0; i < 200; ++i) {
    db->execute("INSERT INTO store_meta (name, value) VALUES ($1, randomblob(3000))",
                {"n" + std::to_string(i)});
  }
  store::Transaction transaction(*db);
  db->savepoint("one");
  db->execute("UPDATE store_meta SET value = zeroblob(3000)", {});
  CHECK(files_elsewhere() == 0);
  db->rollback_to("one");
  db->release("one");
  CHECK(test::number(*db, "SELECT count(*) FROM store_meta WHERE value = zeroblob(3000)", {}) == 0);
}

TEST_CASE("a store with a trigger, a view or a table more is not ours, whatever version it says it has") {
  ClosedStore closed;
  const int version = GENERATE(store::newest_schema(), store::newest_schema() - 1, 1, 0);
  run_sql(closed.path, "PRAGMA user_version=" + std::to_string(version));
  run_sql(closed.path, GENERATE("CREATE TRIGGER t AFTER INSERT ON role BEGIN DELETE FROM role; END",
                                "CREATE VIEW v AS SELECT 1", "CREATE TABLE users(id)",
                                "DROP INDEX role_grant_permission"));
  check_refused_untouched(closed.folder, closed.path, "schema differs");
}

TEST_CASE("a damaged store says so and stays as it was") {
  ClosedStore closed;
  SECTION("cut in half") {
    std::filesystem::resize_file(closed.path, std::filesystem::file_size(closed.path) / 2);
  }
  SECTION("one byte short") {
    std::filesystem::resize_file(closed.path, std::filesystem::file_size(closed.path) - 1);
  }
  SECTION("an impossible page size") { overwrite(closed.path, 16, std::string_view("\x12\x34", 2)); }
  SECTION("the schema's page is garbage") { overwrite(closed.path, 100, std::string(3000, '\x5a')); }
  check_refused_untouched(closed.folder, closed.path, "damaged");
}

TEST_CASE("a damaged page is noticed by whoever reads it") {
  ClosedStore closed;
  std::int64_t page = 0;
  {
    const auto db = store::open_database("sqlite:" + closed.path, store::OpenMode::existing);
    page = test::number(*db, "SELECT rootpage FROM sqlite_schema WHERE name = $1", {"role"});
  }
  overwrite(closed.path, (page - 1) * 4096, std::string(4096, '\0'));
  const auto db = store::open_database("sqlite:" + closed.path, store::OpenMode::existing);
  try {
    db->query("SELECT description FROM role");
    FAIL("it was read");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::unavailable);
    CHECK(error.message().find("damaged") != std::string::npos);
  }
}

TEST_CASE("a store that others can read or change, a link and a folder are refused") {
  ClosedStore closed;
  SECTION("modes") {
    for (const mode_t mode : {0640u, 0604u, 0620u, 0666u}) {
      ::chmod(closed.path.c_str(), mode);
      check_refused_untouched(closed.folder, closed.path, "others");
      CHECK(refusal_of(closed.path).hint().starts_with("chmod 600 "));
    }
  }
  SECTION("a side file") {
    std::ofstream(closed.path + "-wal") << "";
    ::chmod((closed.path + "-wal").c_str(), 0644);
    check_refused_untouched(closed.folder, closed.path, "others");
  }
  SECTION("a symbolic link") {
    test::Folder other;
    const std::string link = other.file("link.db");
    std::filesystem::create_symlink(closed.path, link);
    CHECK(refusal_of(link).message().find("symbolic link") != std::string::npos);
    CHECK(refusal_of(link, store::OpenMode::create).code() == ErrorCode::unavailable);
  }
  SECTION("a link to nowhere is not followed to make a store there") {
    test::Folder other;
    std::filesystem::create_symlink(other.file("target"), other.file("link.db"));
    CHECK(refusal_of(other.file("link.db"), store::OpenMode::create).code() == ErrorCode::unavailable);
    CHECK_FALSE(std::filesystem::exists(other.file("target")));
  }
  SECTION("a folder and a fifo") {
    CHECK(refusal_of(closed.folder.path().string()).code() == ErrorCode::unavailable);
    REQUIRE(::mkfifo(closed.folder.file("fifo").c_str(), 0600) == 0);
    CHECK(refusal_of(closed.folder.file("fifo")).code() == ErrorCode::unavailable);
  }
}

TEST_CASE("files are private from the start, whatever the umask says") {
  for (const mode_t mask : {0u, 022u, 0277u}) {
    test::Folder folder;
    const std::string path = folder.file("new/deeper/authctl.db");
    std::unique_ptr<store::Database> db;
    {
      const Umask umask(mask & 077);
      db = store::open_database("sqlite:" + path, store::OpenMode::create);
      db->execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)", {"a", base::Bytes{1}});
      for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        INFO(entry.path());
        CHECK(base::mode_of(entry.path().string()) == (entry.is_directory() ? 0700 : 0600));
      }
      CHECK(base::mode_of(path + "-wal") == 0600);
    }
  }
}

TEST_CASE("where there is no store, nothing is made and init is named") {
  test::Folder folder;
  const auto error = refusal_of(folder.file("authctl.db"));
  CHECK(error.code() == ErrorCode::unavailable);
  CHECK(error.hint() == "authctl init");
  CHECK_FALSE(store::store_exists("sqlite:" + folder.file("authctl.db")));
  CHECK(snapshot(folder.path()).empty());
}

TEST_CASE("two processes that make the same store at once end up with one") {
  test::Folder folder;
  const std::string url = "sqlite:" + folder.file("authctl.db");
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        store::open_database(url, store::OpenMode::create);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(store::store_exists(url));
  // Two that close at the very same moment both leave the log to the other; whoever is next takes it away.
  store::open_database(url, store::OpenMode::existing);
  CHECK(snapshot(folder.path()).size() == 1);
}

TEST_CASE("another writer makes a store busy, and nothing of ours is half done") {
  test::Store store;
  const auto other = store.connect();
  run_sql(store.place().sqlite_path(), "PRAGMA user_version");
  other->begin();
  store.db().run_script("PRAGMA busy_timeout=20");
  try {
    store.db().begin();
    FAIL("two writers");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::unavailable);
    CHECK(error.message().find("busy") != std::string::npos);
  }
  other->rollback();
  store.db().begin();
  store.db().rollback();
}

TEST_CASE("a full disk and a read-only one are said aloud and lose nothing") {
  if (::geteuid() != 0) {
    WARN("skipped: mounting a small file system takes root");
    return;
  }
  test::Folder folder;
  const std::string disk = folder.path().string();
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    WARN("skipped: no file system can be mounted here");
    return;
  }
  struct Unmount {
    std::string where;
    ~Unmount() { ::umount2(where.c_str(), MNT_DETACH); }
  } unmount{disk};
  const std::string url = "sqlite:" + folder.file("authctl.db");
  const auto add = [](store::Database& db, int i) {
    db.execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)",
               {std::to_string(i), base::Bytes(10000, 7)});
  };
  int acknowledged = 0;
  {
    const auto db = store::open_database(url, store::OpenMode::create);
    try {
      for (; acknowledged < 1000; ++acknowledged) add(*db, acknowledged);
      FAIL("the disk never filled");
    } catch (const base::Error& error) {
      CHECK(error.code() == ErrorCode::unavailable);
      CHECK(error.message().find("no space") != std::string::npos);
    }
    CHECK(test::number(*db, "SELECT COUNT(*) FROM store_meta") == acknowledged);
  }
  ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=4m");
  {
    const auto db = store::open_database(url, store::OpenMode::existing);
    CHECK(test::number(*db, "SELECT COUNT(*) FROM store_meta") == acknowledged);
    CHECK(test::number(*db, "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1);
  }
  REQUIRE(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "") == 0);
  try {
    const auto db = store::open_database(url, store::OpenMode::existing);
    CHECK(test::number(*db, "SELECT COUNT(*) FROM store_meta") == acknowledged);
    add(*db, 2000);
    FAIL("it was written");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::unavailable);
    CHECK(error.message().find("read-only") != std::string::npos);
  }
}
