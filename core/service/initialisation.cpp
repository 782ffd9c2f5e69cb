#include "core/service/initialisation.h"

#include "core/audit/log_key.h"
#include "core/base/error.h"
#include "core/credential/username.h"
#include "core/service/accounts.h"
#include "core/service/change.h"
#include "core/service/keyring.h"
#include "core/service/opening.h"
#include "core/service/roles.h"
#include "core/store/data_key_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::string_view mark = "initialised";
const std::string admin_role = "admin";

// The data key of the store; made, with the log that is sealed under it, where an init ended before it.
crypto::Sealer take_data_key(store::Database& db, const base::Secret& master_key, bool seal_identifiers,
                             base::Timestamp now, base::Random& random) {
  store::Transaction transaction(db);
  if (!store::list_data_keys(db).empty())
    return unwrap_data_key(db, master_key);  // another init may have been first
  crypto::Sealer sealer(make_data_key(db, master_key, now, random));
  audit::create_log(db, sealer, random);
  if (seal_identifiers) store::set_identifier_state(db, store::IdentifierState::sealed);
  transaction.commit();
  return sealer;
}

// Without a password: `authctl user password NAME` gives the first one.
void create_admin(Change& change, const std::string& name) {
  create_role(change, {admin_role, "may do everything", {}});
  grant_permissions(change, {admin_role, {"admin:all"}, "", false});
  create_user(change, {.name = name,
                       .email = {},
                       .roles = {admin_role},
                       .disabled = false,
                       .must_change = false,
                       .password = {},
                       .carried = {}});
}

// The store's contents: false where they are there already.
bool fill(Realm& realm, const std::string& admin, const Cause& cause) {
  return change(realm, cause, [&](Change& change) {
    if (store::find_meta(change.db(), mark)) return false;
    const auto id = store::find_meta(change.db(), "store_id").value_or(base::Bytes{});
    change.record({"store.init", {"store", std::string(base::text_of(id)), ""}, audit::Outcome::success, {}});
    create_first_keys(change);
    if (!admin.empty()) create_admin(change, admin);
    store::set_meta(change.db(), mark, base::bytes_of(std::to_string(base::to_unix_millis(change.now()))));
    return true;
  });
}

// What a dry run can tell without making anything.
InitReport foretell(InitReport report, const MasterKeySource& source) {
  report.master_key_made = would_make_master_key(source);
  if (!report.master_key_made) static_cast<void>(read_master_key(source));  // it has to be one
  report.created = true;
  report.keys = {"(not generated)", "(not generated)"};
  return report;
}

bool has_data_key(const std::string& url) {
  return store::store_exists(url) &&
         !store::list_data_keys(*store::open_database(url, store::OpenMode::existing)).empty();
}

}  // namespace

InitReport initialise(const InitRequest& request, const Cause& cause, const base::Clock& clock,
                      base::Random& random) {
  InitReport report;
  report.store = store::printable_url(request.store_url);
  if (!request.admin.empty()) report.admin = credential::Username::parse(request.admin).text();
  if (request.master_key.command.empty()) report.master_key_file = request.master_key.file;
  // Where something is sealed already, a new master key would only hide that the old one is gone.
  const bool sealed = has_data_key(request.store_url);
  if (!sealed && cause.dry_run) return foretell(std::move(report), request.master_key);
  auto master = sealed ? MasterKey{read_master_key(request.master_key), false}
                       : read_or_make_master_key(request.master_key, random);
  report.master_key_made = master.made;
  auto db = store::open_database(request.store_url, store::OpenMode::create);
  auto sealer = take_data_key(*db, master.key, request.encrypt_identifiers, clock.now(), random);
  const auto state = store::key_state(*db);
  report.identifiers_clear = state.identifiers == store::IdentifierState::clear;
  Realm realm = with_keys(std::move(db), std::move(sealer), state, request.master_key, clock, random);
  report.created = fill(realm, report.admin.value_or(""), cause);
  if (!report.created) report.admin.reset();
  for (const auto& key : list_keys(realm, std::nullopt)) report.keys.push_back(key.row.kid);
  return report;
}

base::json::object init_json(const InitReport& report) {
  base::json::array keys;
  for (const auto& kid : report.keys) keys.emplace_back(kid);
  base::json::object json;
  json["store"] = report.store;
  json["created"] = report.created;
  json["master_key_file"] = report.master_key_file ? base::json::value(*report.master_key_file) : nullptr;
  json["master_key_made"] = report.master_key_made;
  json["admin"] = report.admin ? base::json::value(*report.admin) : nullptr;
  json["keys"] = std::move(keys);
  return json;
}

}  // namespace authctl::service
