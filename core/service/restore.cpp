#include "core/service/restore.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/audit/log.h"
#include "core/audit/query.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/service/opening.h"
#include "core/service/scratch_folder.h"
#include "core/store/migrations.h"
#include "core/store/store_url.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::json::object;

enum class Target { nothing, empty, store };

// An init, or a restore, that was killed early leaves a store without a data key: nothing is lost with it.
Target look_at(const std::string& url) {
  if (!store::store_exists(url)) return Target::nothing;
  const auto db = store::open_database(url, store::OpenMode::read_only);
  return store::list_data_keys(*db).empty() ? Target::empty : Target::store;
}

std::string path_of(const std::string& url) {
  const auto parsed = store::parse_store_url(url);
  return parsed.engine == store::Engine::sqlite ? parsed.target : std::string();
}

// SQLite would take the log of a store that is gone for the log of the new one.
void refuse_side_files(const std::string& path) {
  for (const char* suffix : {"-wal", "-journal"}) {
    if (base::mode_of(path + suffix) == -1) continue;
    throw Error(ErrorCode::conflict, base::quote(path + suffix) + " was left by a store that is gone",
                "move it away");
  }
}

base::Timestamp last_entry(store::Database& db, base::Timestamp otherwise) {
  const auto rows = db.query("SELECT time FROM audit_entry ORDER BY seq DESC LIMIT 1");
  return rows->next() ? rows->time(0) : otherwise;
}

base::Timestamp newest_entry(store::Database& db) {
  const auto rows = db.query("SELECT max(time) FROM audit_entry");
  return rows->next() ? rows->optional_time(0).value_or(base::Timestamp{}) : base::Timestamp{};
}

void count_lost(store::Database& old, std::int64_t after, LostWindow& lost) {
  std::map<std::string, std::int64_t> counts;
  const auto rows =
      old.query("SELECT action, target_kind, target_id FROM audit_entry WHERE seq > $1", {after});
  std::int64_t entries = 0;
  for (; rows->next(); ++entries) {
    const auto action = rows->string(0);
    ++counts[action];
    const bool of_key = !rows->is_null(1) && rows->text(1) == "key" && !rows->is_null(2);
    if (of_key && (action == "key.revoke" || action == "key.delete"))
      lost.revoked_keys.push_back(rows->string(2));
  }
  lost.entries = entries;
  for (auto& [action, count] : counts) lost.actions.push_back({action, count});
}

// Asks the store that is about to go what it knows that the backup does not.
void look_back(store::Database& old, RestoreReport& report) {
  const auto id = store::find_meta(old, "store_id");
  if (!id || base::text_of(*id) != report.header.store_id) {
    report.notices.push_back("warning: the store that was there was another one, not the one of the backup");
    return;
  }
  report.lost.until = last_entry(old, report.lost.until);
  report.lost.newest = std::max(report.lost.newest, newest_entry(old));
  count_lost(old, report.header.log_size, report.lost);
  const auto revoked = old.query("SELECT kid FROM crypto_key WHERE state = 'revoked'");
  while (revoked->next()) report.lost.revoked_keys.push_back(revoked->string(0));
}

// Sealed to a passphrase, a backup may meet a master key that never saw its data key.
void wrap_anew(const RestoreRequest& request, const crypto::Sealer& data_key, store::Database& scratch,
               base::Timestamp now, base::Random& random, RestoreReport& report) {
  if (!report.header.passphrase) return;
  const auto master = read_or_make_master_key(request.key.master_key, random);
  report.master_key_made = master.made;
  const auto id = crypto::master_key_id(master.key);
  for (const auto& key : store::list_data_keys(scratch)) {
    if (key.master_key_id == id) return;
  }
  store::Transaction transaction(scratch);
  scratch.execute("DELETE FROM data_key");
  store::insert_data_key(scratch, wrap_data_key(data_key, 1, master.key, random), now);
  transaction.commit();
}

void sync_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int code = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) throw Error(ErrorCode::io, "cannot sync " + base::quote(path) + ": " + std::strerror(code));
}

void move_into_place(const std::string& from, const std::string& path) {
  refuse_side_files(path);
  if (base::mode_of(from + "-wal") != -1)
    throw Error(ErrorCode::internal, "the restored store did not close; nothing was moved");
  sync_file(from);
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) throw Error(ErrorCode::conflict, "a store appeared meanwhile", "try again");
    throw Error(ErrorCode::unavailable,
                "store " + base::quote(path) + " cannot be created: " + std::strerror(errno),
                "its folder has to exist and be writable");
  }
  base::sync_folder_of(path);
}

[[noreturn]] void refuse_store(const RestoreReport& report) {
  throw Error(ErrorCode::conflict, "there is a store at " + base::quote(report.store), "--force replaces it");
}

// The place that is written into. Whoever else writes there waits from the question what the old store knows
// until the new one stands: a revocation that was committed between the two would be lost, and nobody told.
class HeldTarget {
 public:
  HeldTarget(const RestoreRequest& request, RestoreReport& report)
      : db_(store::open_database(request.store_url, store::OpenMode::create)), held_(*db_) {
    report.replaced = !store::list_data_keys(*db_).empty();
    if (report.replaced && !request.replace) refuse_store(report);  // it appeared meanwhile
    if (report.replaced) look_back(*db_, report);
  }
  // The scratch store goes before the commit: who is killed after it leaves no second copy of a store.
  void replace_by(ScratchFolder& folder, const std::string& scratch) {
    store::replace_store(*store::open_database("sqlite:" + scratch, store::OpenMode::read_only), *db_);
    folder.remove();
    held_.commit();
  }

 private:
  std::unique_ptr<store::Database> db_;
  store::Transaction held_;
};

std::unique_ptr<ScratchFolder> make_scratch(const RestoreRequest& request, const Cause& cause) {
  const std::string path = path_of(request.store_url);
  if (path.empty() || cause.dry_run) return std::make_unique<ScratchFolder>();
  base::make_private_folder(std::filesystem::path(path).parent_path());
  return std::make_unique<ScratchFolder>(path + ".restore");  // on the same disk, for the rename
}

// The backup as a store that only we see: whole, or Error unverified.
std::unique_ptr<store::Database> read_whole(BackupReader& reader, const crypto::Sealer& data_key,
                                            const std::string& file, const RestoreRequest& request,
                                            base::Timestamp now, RestoreReport& report) {
  auto db = read_into_scratch(reader, file, report.rows, request.progress);
  if (const auto problems = problems_of(*db, data_key, report.header, {}); !problems.empty())
    throw Error(ErrorCode::unverified, "the backup is not whole: " + problems.front(),
                "authctl backup verify FILE");
  report.lost = {.from = last_entry(*db, report.header.created_at),
                 .until = now,
                 .entries = {},
                 .actions = {},
                 .revoked_keys = {},
                 .newest = newest_entry(*db)};
  return db;
}

}  // namespace

RestoreReport restore_backup(const RestoreRequest& request, const Cause& cause, const base::Clock& clock,
                             base::Random& random) {
  RestoreReport report;
  report.store = store::printable_url(request.store_url);
  const Target target = look_at(request.store_url);
  if (target == Target::store && !request.replace) refuse_store(report);
  report.replaced = target == Target::store;
  BackupReader reader(request.file);
  report.header = reader.header();
  check_schema_of(report.header);
  crypto::Sealer data_key = unlock_backup(report.header, request.key);
  reader.open(data_key);
  const auto folder = make_scratch(request, cause);
  const std::string file = folder->file("scratch.db");
  auto db = read_whole(reader, data_key, file, request, clock.now(), report);
  // Where no file is there, the closed scratch store moves to it at once; everywhere else it is copied over.
  const bool moves = target == Target::nothing && !path_of(request.store_url).empty();
  std::optional<HeldTarget> held;
  if (!cause.dry_run) {
    wrap_anew(request, data_key, *db, clock.now(), random, report);
    if (!moves) held.emplace(request, report);
  } else if (report.replaced) {
    look_back(*store::open_database(request.store_url, store::OpenMode::read_only), report);
  }
  {
    Realm scratch(std::move(db), std::move(data_key), clock, random);
    report.aftermath = end_everything(scratch, cause, request, report);
    if (cause.dry_run)  // other keys than a restore would make
      for (auto& key : report.aftermath.keys) key.kid = "(not generated)";
  }
  if (held) held->replace_by(*folder, file);
  if (!cause.dry_run && moves) move_into_place(file, path_of(request.store_url));
  return report;
}

object restore_json(const RestoreReport& report) {
  base::json::array actions, keys;
  for (const auto& lost : report.lost.actions)
    actions.push_back(object{{"action", lost.action}, {"count", lost.count}});
  for (const auto& key : report.aftermath.keys)
    keys.push_back(object{{"use", key.use}, {"kid", key.kid}, {"previous", key.previous}});
  object lost{{"from", base::to_rfc3339(report.lost.from)},
              {"until", base::to_rfc3339(report.lost.until)},
              {"entries", nullptr},
              {"actions", std::move(actions)}};
  if (report.lost.entries) lost["entries"] = *report.lost.entries;
  return {{"id", report.header.id},
          {"store", report.store},
          {"created_at", base::to_rfc3339(report.header.created_at)},
          {"schema", store::newest_schema()},
          {"rows", report.rows},
          {"replaced", report.replaced},
          {"master_key_made", report.master_key_made},
          {"lost", std::move(lost)},
          {"tokens_ended", report.aftermath.tokens},
          {"sessions_ended", report.aftermath.sessions},
          {"codes_ended", report.aftermath.codes},
          {"keys", std::move(keys)}};
}

}  // namespace authctl::service
