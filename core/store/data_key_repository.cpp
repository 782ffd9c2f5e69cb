#include "core/store/data_key_repository.h"

#include <charconv>

namespace authctl::store {
namespace {
constexpr std::string_view identifiers_name = "identifiers";
}
std::vector<WrappedKey> list_data_keys(Database& db) {
  std::vector<WrappedKey> keys;
  const auto rows = db.query(
      "SELECT master_key_id, generation, wrapped, takes_over FROM data_key ORDER BY generation DESC");
  while (rows->next()) keys.push_back({rows->string(0), rows->integer(1), rows->bytes(2), rows->boolean(3)});
  return keys;
}

void insert_data_key(Database& db, const WrappedKey& key, base::Timestamp now) {
  db.execute(
      "INSERT INTO data_key (master_key_id, generation, wrapped, takes_over, created_at) "
      "VALUES ($1, $2, $3, $4, $5)",
      {key.master_key_id, key.generation, key.wrapped, key.takes_over, now});
}

void keep_data_keys_of(Database& db, std::string_view master_key_id) {
  db.execute("DELETE FROM data_key WHERE master_key_id <> $1", {master_key_id});
  db.execute("UPDATE data_key SET takes_over = 0 WHERE master_key_id = $1", {master_key_id});
}

void delete_data_keys_of_others(Database& db, std::string_view master_key_id, std::string_view other_id) {
  db.execute("DELETE FROM data_key WHERE master_key_id <> $1 AND master_key_id <> $2",
             {master_key_id, other_id});
}

void delete_data_keys_before(Database& db, std::int64_t generation) {
  db.execute("DELETE FROM data_key WHERE generation < $1", {generation});
}

std::int64_t parse_key_epoch(base::ByteView stored) {
  const auto text = base::text_of(stored);
  std::int64_t epoch = 0;
  std::from_chars(text.data(), text.data() + text.size(), epoch);
  return epoch;
}

std::int64_t key_epoch(Database& db) {
  const auto stored = find_meta(db, key_epoch_name);
  return stored ? parse_key_epoch(*stored) : 0;
}

void move_key_epoch(Database& db) {
  set_meta(db, key_epoch_name, base::bytes_of(std::to_string(key_epoch(db) + 1)));
}

std::string_view word_of(IdentifierState state) {
  constexpr std::string_view words[] = {"clear", "converting", "sealed"};
  return words[static_cast<std::size_t>(state)];
}

void set_identifier_state(Database& db, IdentifierState state) {
  set_meta(db, identifiers_name, base::bytes_of(word_of(state)));
}

StoreKeyState key_state(Database& db) {
  StoreKeyState state;
  const auto rows = db.query("SELECT name, value FROM store_meta WHERE name IN ($1, $2)",
                             {key_epoch_name, identifiers_name});
  while (rows->next()) {
    if (rows->text(0) == key_epoch_name)
      state.epoch = parse_key_epoch(rows->blob(1));
    else if (base::text_of(rows->blob(1)) == word_of(IdentifierState::converting))
      state.identifiers = IdentifierState::converting;
    else
      state.identifiers = IdentifierState::sealed;  // whatever else stood there opens nothing that is not
  }
  return state;
}

std::optional<base::Bytes> find_meta(Database& db, std::string_view name) {
  const auto rows = db.query("SELECT value FROM store_meta WHERE name = $1", {name});
  if (!rows->next()) return std::nullopt;
  return rows->bytes(0);
}

void set_meta(Database& db, std::string_view name, base::ByteView value) {
  db.execute(
      "INSERT INTO store_meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = "
      "excluded.value",
      {name, value});
}

}  // namespace authctl::store
