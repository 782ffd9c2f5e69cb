// The wrapped data key and the small facts of a store (store_meta).
// Invariant: a data key never stands here but wrapped. There are wraps of two master keys only until the new
// one has opened the store, and two generations only while what the old one sealed is being sealed anew;
// every master key wraps every generation.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct WrappedKey {
  std::string master_key_id;
  std::int64_t generation = 1;
  base::Bytes wrapped;
  bool takes_over = false;  // its master key is the only one once it has opened the store
};

std::vector<WrappedKey> list_data_keys(Database& db);  // the newest generation first
void insert_data_key(Database& db, const WrappedKey& key, base::Timestamp now);
// All but those of this master key, which need not take over any more.
void keep_data_keys_of(Database& db, std::string_view master_key_id);
// What neither of the two wraps.
void delete_data_keys_of_others(Database& db, std::string_view master_key_id, std::string_view other_id);
void delete_data_keys_before(Database& db, std::int64_t generation);

// Moves on whenever the data key or the spelling of identifiers changes: whoever has read another one holds
// keys that are not the store's any more.
inline constexpr std::string_view key_epoch_name = "key_epoch";  // in store_meta
std::int64_t key_epoch(Database& db);
std::int64_t parse_key_epoch(base::ByteView stored);
void move_key_epoch(Database& db);

// Whether identifiers are sealed: in every row, or in those that a conversion has reached.
enum class IdentifierState { clear, converting, sealed };
std::string_view word_of(IdentifierState state);
void set_identifier_state(Database& db, IdentifierState state);

// What whoever opens a store has to know of it beside its wraps, by one statement.
struct StoreKeyState {
  std::int64_t epoch = 0;
  IdentifierState identifiers = IdentifierState::clear;
};
StoreKeyState key_state(Database& db);

std::optional<base::Bytes> find_meta(Database& db, std::string_view name);
void set_meta(Database& db, std::string_view name, base::ByteView value);

}  // namespace authctl::store
