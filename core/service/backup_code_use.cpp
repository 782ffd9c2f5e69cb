#include "core/service/backup_code_use.h"

#include <algorithm>

#include "core/credential/backup_code.h"
#include "core/credential/imported_code.h"
#include "core/service/backup_codes.h"

namespace authctl::service {
namespace {

// What the code would stand in the store as.
std::vector<base::Bytes> macs_of(Change& change, const std::string& user_id, const base::Secret& code) {
  const auto key = backup_code_key(change.realm(), change.db());
  std::vector<base::Bytes> macs;
  if (const auto normal = credential::normal_backup_code(code))
    macs.push_back(credential::backup_code_mac(key, user_id, *normal));
  if (store::has_imported_backup_codes(change.db(), user_id))
    for (const auto& digest : credential::imported_code_digests(code))
      macs.push_back(credential::backup_code_mac(key, user_id, base::Secret(digest)));
  return macs;
}

std::optional<Refusal> use_any(Change& change, const std::string& user_id,
                               std::span<const base::Bytes> macs) {
  const auto any = [&](auto holds) { return std::any_of(macs.begin(), macs.end(), holds); };
  if (any([&](const auto& mac) { return store::use_backup_code(change.db(), user_id, mac, change.now()); }))
    return std::nullopt;
  const bool used =
      any([&](const auto& mac) { return store::is_used_backup_code(change.db(), user_id, mac); });
  return used ? Refusal::used_code : Refusal::wrong_code;
}

}  // namespace

std::optional<Refusal> use_backup_code(Change& change, const std::string& user_id, const base::Secret& code) {
  return use_any(change, user_id, macs_of(change, user_id, code));
}

std::optional<base::Bytes> fitting_backup_hash(std::span<const store::HashedBackupCode> hashes,
                                               const base::Secret& code) {
  for (const auto& imported : hashes)
    if (credential::matches_imported_code(imported.hash, code)) return imported.mac;
  return std::nullopt;
}

std::optional<Refusal> use_backup_mac(Change& change, const std::string& user_id, const base::Bytes& mac) {
  return use_any(change, user_id, {&mac, 1});
}

}  // namespace authctl::service
