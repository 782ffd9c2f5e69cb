#include "core/store/key_repository.h"

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::store {
namespace {

constexpr std::string_view columns =
    "SELECT kid, key_use, alg, bits, state, public_jwk, sealed, created_at, not_before, published_at, "
    "activated_at, "
    "retires_at, revoked_at FROM crypto_key ";

std::string select(std::string_view rest) { return std::string(columns).append(rest); }

KeyState parse_state(std::string_view word) {
  if (const auto state = token::key_state_named(word)) return *state;
  throw base::Error(base::ErrorCode::unavailable, "the store holds a key in an unknown state",
                    "authctl store check");
}

KeyRow read_row(const Rows& row) {
  KeyRow key;
  key.kid = row.string(0);
  key.use = parse_key_use(row.text(1)).value_or(KeyUse::jwt);
  key.alg = row.string(2);
  key.bits = row.integer(3);
  key.state = parse_state(row.text(4));
  key.public_jwk = row.optional_string(5);
  key.sealed = row.bytes(6);
  key.created_at = row.time(7);
  key.not_before = row.optional_time(8);
  key.published_at = row.optional_time(9);
  key.activated_at = row.optional_time(10);
  key.retires_at = row.optional_time(11);
  key.revoked_at = row.optional_time(12);
  return key;
}

std::optional<KeyRow> read_one(std::unique_ptr<Rows> rows) {
  if (!rows->next()) return std::nullopt;
  return read_row(*rows);
}

std::vector<KeyRow> read_all(std::unique_ptr<Rows> rows) {
  std::vector<KeyRow> keys;
  while (rows->next()) keys.push_back(read_row(*rows));
  return keys;
}

}  // namespace

std::string_view word_of(KeyUse use) { return use == KeyUse::jwt ? "jwt" : "fernet"; }

std::optional<KeyUse> parse_key_use(std::string_view word) {
  if (word == "jwt") return KeyUse::jwt;
  if (word == "fernet") return KeyUse::fernet;
  return std::nullopt;
}

std::optional<KeyRow> KeyRepository::find(std::string_view kid) {
  static const std::string sql = select("WHERE kid = $1");
  return read_one(db_.query(sql, {kid}));
}

std::optional<KeyRow> KeyRepository::active(KeyUse use) {
  static const std::string sql = select("WHERE key_use = $1 AND state = 'active'");
  return read_one(db_.query(sql, {word_of(use)}));
}

std::vector<KeyRow> KeyRepository::list(KeyUse use) {
  static const std::string sql = select("WHERE key_use = $1 ORDER BY created_at, kid");
  return read_all(db_.query(sql, {word_of(use)}));
}

std::vector<KeyRow> KeyRepository::list() {
  auto keys = list(KeyUse::jwt);
  for (auto& key : list(KeyUse::fernet)) keys.push_back(std::move(key));
  return keys;
}

void KeyRepository::insert(const KeyRow& key) {
  db_.execute(
      "INSERT INTO crypto_key (kid, key_use, alg, bits, state, public_jwk, sealed, created_at, not_before, "
      "published_at, activated_at, retires_at, revoked_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {key.kid, word_of(key.use), key.alg, key.bits, token::word_of(key.state), key.public_jwk, key.sealed,
       key.created_at, key.not_before, key.published_at, key.activated_at, key.retires_at, key.revoked_at});
}

void KeyRepository::update(const KeyRow& key, KeyState expected) {
  const auto touched = db_.execute(
      "UPDATE crypto_key SET state = $2, not_before = $3, published_at = $4, activated_at = $5, retires_at = "
      "$6, "
      "revoked_at = $7 WHERE kid = $1 AND state = $8",
      {key.kid, token::word_of(key.state), key.not_before, key.published_at, key.activated_at, key.retires_at,
       key.revoked_at, token::word_of(expected)});
  if (touched != 1) {
    throw base::Error(base::ErrorCode::conflict,
                      "key " + base::quote(key.kid) + " was changed by somebody else", "authctl key list");
  }
}

void KeyRepository::remove(std::string_view kid) {
  db_.execute("DELETE FROM crypto_key WHERE kid = $1", {kid});
}

}  // namespace authctl::store
