// The wrapped data key and the small facts of a store (store_meta).
// Invariant: a data key never stands here but wrapped; there are two wraps only while a master key is being
// replaced.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct WrappedKey {
  std::string master_key_id;
  base::Bytes wrapped;
};

std::vector<WrappedKey> list_data_keys(Database& db);
void insert_data_key(Database& db, const WrappedKey& key, base::Timestamp now);

std::optional<base::Bytes> find_meta(Database& db, std::string_view name);
void set_meta(Database& db, std::string_view name, base::ByteView value);

}  // namespace authctl::store
