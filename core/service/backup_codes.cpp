#include "core/service/backup_codes.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/credential/backup_code.h"
#include "core/store/data_key_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

constexpr std::string_view key_name = "backup_code_key";
constexpr std::size_t key_size = 32;

}  // namespace

// Not derived from the data key: that may be made anew, and the codes on paper must outlive it.
base::Secret backup_code_key(Realm& realm, store::Database& db) {
  const crypto::Place place{"store_meta", "value", key_name};
  if (const auto sealed = store::find_meta(db, key_name)) return realm.sealer().open(*sealed, place);
  auto key = base::Secret::zeroed(key_size);
  realm.random().fill(key.writable());
  store::set_meta(db, key_name, realm.sealer().seal(key.reveal(), place, realm.random()));
  return key;
}

BackupCodes generate_backup_codes(Realm& realm, const Cause& cause, const std::string& name,
                                  std::int64_t count, const DeliverCodes& deliver) {
  if (count < 1 || count > most_backup_codes)
    throw base::Error{base::ErrorCode::invalid,
                      "a set has 1 to " + std::to_string(most_backup_codes) + " codes", "--count 10"};
  BackupCodes made;
  change(realm, cause, [&](Change& c) {
    const auto user = store::get_user(c.db(), name);
    made.user_name = user.name;
    const auto key = backup_code_key(realm, c.db());
    std::vector<base::Bytes> macs;
    for (std::int64_t i = 0; i < count; ++i) {
      made.codes.push_back(credential::make_backup_code(realm.random()));
      macs.push_back(credential::backup_code_mac(key, user.id,
                                                 credential::normal_backup_code(made.codes.back()).value()));
    }
    made.ended = store::replace_backup_codes(c.db(), user.id, macs, c.now());
    c.record({"backup-code.generate",
              {"user", user.id, user.name},
              audit::Outcome::success,
              {{"count", count}, {"ended", made.ended}}});
    if (deliver && !cause.dry_run) deliver(made);
  });
  if (cause.dry_run) made.codes.clear();
  return made;
}

BackupCodeStatus backup_code_status(Realm& realm, const std::string& name) {
  const auto user = store::get_user(realm.db(), name);
  return {store::count_backup_codes(realm.db(), user.id), user.name};
}

}  // namespace authctl::service
