#include "core/service/master_key_rotation.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/change.h"
#include "core/service/identifier_sealing.h"
#include "core/store/sealed_columns.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using store::WrappedKey;

// The two master keys and what the store holds under them.
struct Keys {
  base::Secret current, next;
  std::string current_id, next_id;
  bool is_another() const { return current_id != next_id; }
};

audit::Event event(const char* action, const Keys& keys, base::json::object detail) {
  return {action, {"master-key", keys.next_id, ""}, audit::Outcome::success, std::move(detail)};
}

std::vector<WrappedKey> wraps_of(store::Database& db, const std::string& master_key_id) {
  auto keys = store::list_data_keys(db);
  std::erase_if(keys, [&](const WrappedKey& key) { return key.master_key_id != master_key_id; });
  return keys;
}

void insert_wrap(Change& change, const OpenedKey& key, std::int64_t generation,
                 const base::Secret& master_key, bool takes_over) {
  auto wrap = wrap_data_key(key, generation, master_key, change.realm().random());
  wrap.takes_over = takes_over;
  store::insert_data_key(change.db(), wrap, change.now());
}

// Every generation that the current master key wraps, wrapped by the next one too. A rotation to yet another
// key that nobody ever opened the store with ends here.
bool wrap_for_next(Change& change, const Keys& keys) {
  if (!keys.is_another()) return false;
  bool changed = false;
  const auto there = wraps_of(change.db(), keys.next_id);
  for (const auto& wrap : wraps_of(change.db(), keys.current_id)) {
    const auto same = [&](const WrappedKey& key) { return key.generation == wrap.generation; };
    if (std::ranges::any_of(there, same)) continue;
    insert_wrap(change, open_wrapped_key(wrap, keys.current), wrap.generation, keys.next, true);
    changed = true;
  }
  if (changed) store::delete_data_keys_of_others(change.db(), keys.current_id, keys.next_id);
  return changed;
}

void begin_generation(Change& change, const Keys& keys, const WrappedKey& newest) {
  auto& random = change.realm().random();
  OpenedKey key = open_wrapped_key(newest, keys.current);
  key.data_key = crypto::make_sealing_key(random);
  insert_wrap(change, key, newest.generation + 1, keys.current, newest.takes_over);
  if (keys.is_another()) insert_wrap(change, key, newest.generation + 1, keys.next, true);
  store::move_key_epoch(change.db());
}

// What a rotation changes at once. Gives whether everything has to be sealed anew: because it is asked for,
// or because an earlier one was interrupted.
bool begin(Change& change, const Keys& keys, bool reseal, MasterKeyReport& report) {
  const auto generations = wraps_of(change.db(), keys.current_id);
  if (generations.empty())
    throw Error(ErrorCode::unverified, "the master key is not the one of this store any more",
                "name the right one: --master-key-file or AUTHCTL_MASTER_KEY_FILE");
  const bool begun = generations.size() > 1;
  if (!keys.is_another() && !reseal && !begun)
    throw Error(ErrorCode::conflict, "this is the master key of the store already",
                "name a file that does not exist: --new-master-key-file FILE");
  report.changed = wrap_for_next(change, keys) || reseal;
  if (reseal && !begun) begin_generation(change, keys, generations.front());
  if (report.changed)
    change.record(event("master-key.rotate", keys, {{"from", keys.current_id}, {"reseal", reseal}}));
  return reseal || begun;
}

std::int64_t count_values(store::Database& db) {
  std::int64_t total = 0;
  for (const auto& column : store::sealed_columns) {
    std::string sql = "SELECT count(*) FROM " + std::string(column.table);
    if (!column.which.empty()) sql.append(" WHERE ").append(column.which);
    const auto rows = db.query(sql);
    if (rows->next()) total += rows->integer(0);
  }
  return total;
}

// Everybody who writes has the new data key since the epoch moved, so one pass finds all that is left.
void seal_anew(Realm& realm, const Cause& cause, const Keys& keys, const MasterKeyRotation& request,
               MasterKeyReport& report) {
  realm.renew_keys();
  let_servers_follow();
  const auto total = count_values(realm.db());
  // Blind indexes change with the data key, and with them the places of the permissions' seals.
  report.resealed = reseal_identifiers(realm, request.progress);
  report.resealed += reseal_values(realm, [&](std::int64_t done) {
    if (request.progress) request.progress(done, total);
  });
  change(realm, cause, [&](Change& change) {
    const auto generations = wraps_of(change.db(), keys.current_id);
    if (generations.size() < 2) return;  // another run of this command was faster
    store::delete_data_keys_before(change.db(), generations.front().generation);
    change.record(event("master-key.reseal", keys, {{"values", report.resealed}}));
  });
  report.changed = report.resealing = true;
}

}  // namespace

MasterKeyReport rotate_master_key(Realm& realm, const Cause& cause, const MasterKeyRotation& request) {
  MasterKeyReport report;
  report.master_key_file = request.new_file;
  const MasterKeySource next{request.new_file, {}};
  if (cause.dry_run && would_make_master_key(next)) {
    report.master_key_made = report.changed = report.old_key_opens = true;
    report.resealing = request.reseal;
    return report;
  }
  Keys keys{read_master_key(request.current), {}, {}, {}};
  auto made = read_or_make_master_key(next, realm.random());  // on disk before the store knows of it
  keys.next = std::move(made.key);
  keys.current_id = crypto::master_key_id(keys.current);
  keys.next_id = crypto::master_key_id(keys.next);
  report.master_key_made = made.made;
  const bool sealing =
      change(realm, cause, [&](Change& change) { return begin(change, keys, request.reseal, report); });
  report.old_key_opens = keys.is_another();
  if (sealing && cause.dry_run) report.resealing = true;
  if (sealing && !cause.dry_run) seal_anew(realm, cause, keys, request, report);
  return report;
}

base::json::object master_key_json(const MasterKeyReport& report) {
  return {{"master_key_file", report.master_key_file},
          {"master_key_made", report.master_key_made},
          {"changed", report.changed},
          {"resealed", report.resealing ? base::json::value(report.resealed) : base::json::value()},
          {"old_key_opens", report.old_key_opens}};
}

base::json::object sealed_values_json(const std::vector<ColumnCheck>& checks) {
  std::int64_t values = 0;
  base::json::array columns, problems;
  for (const auto& check : checks) {
    values += check.values;
    columns.push_back({{"column", check.column},
                       {"values", check.values},
                       {"unreadable", static_cast<std::int64_t>(check.unreadable.size())}});
    for (const auto& row : check.unreadable) problems.emplace_back(check.column + "/" + row);
  }
  const bool ok = problems.empty();
  return {{"ok", ok}, {"values", values}, {"columns", std::move(columns)}, {"problems", std::move(problems)}};
}

}  // namespace authctl::service
