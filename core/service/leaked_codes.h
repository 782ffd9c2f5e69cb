// Whose backup code a text is. A code stands in the store as a MAC over its user and itself, so a text is
// tried for each user who has codes, against the MACs, which are read once. Invariant: reads only; what is
// tried is bounded, whatever the dump holds, and what was not tried is counted.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/service/realm.h"
#include "core/store/factor_repository.h"

namespace authctl::service {

class LeakedCodes {
 public:
  explicit LeakedCodes(Realm& realm) : realm_(realm) {}
  // Nothing where it is nobody's; `normal_code` as credential::normal_backup_code() gives it.
  std::optional<store::BackupCodeRow> find(const base::Secret& normal_code);
  std::uint64_t left_out() const { return left_out_; }

 private:
  void read();

  Realm& realm_;
  bool has_read_ = false;
  base::Secret key_;
  std::map<base::Bytes, store::BackupCodeRow> rows_;
  std::vector<std::string> owners_;
  std::uint64_t tries_left_ = 20'000'000, left_out_ = 0;
};

}  // namespace authctl::service
