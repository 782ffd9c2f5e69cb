#include "core/service/leaked_codes.h"

#include "core/credential/backup_code.h"
#include "core/service/backup_codes.h"

namespace authctl::service {

void LeakedCodes::read() {
  constexpr std::int64_t page = 1000;
  has_read_ = true;
  store::BackupCodeRow last;
  for (;;) {
    const auto rows = store::list_backup_codes(realm_.db(), last, page);
    for (const auto& row : rows) {
      if (owners_.empty() || owners_.back() != row.user_id) owners_.push_back(row.user_id);
      rows_.emplace(row.mac, row);
    }
    if (rows.size() < static_cast<std::size_t>(page)) break;
    last = rows.back();
  }
  // There is a key where there are codes: nothing is written here.
  if (!owners_.empty()) key_ = backup_code_key(realm_, realm_.db());
}

std::optional<store::BackupCodeRow> LeakedCodes::find(const base::Secret& normal_code) {
  if (!has_read_) read();
  if (tries_left_ < owners_.size()) {
    ++left_out_;
    return std::nullopt;
  }
  tries_left_ -= owners_.size();
  for (const auto& owner : owners_) {
    const auto row = rows_.find(credential::backup_code_mac(key_, owner, normal_code));
    if (row != rows_.end()) return row->second;
  }
  return std::nullopt;
}

}  // namespace authctl::service
