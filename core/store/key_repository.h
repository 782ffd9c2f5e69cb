// Rows of crypto_key: JWT and Fernet keys with the times of their life.
// Invariant: `sealed` is a ciphertext made for Place{"crypto_key", "sealed", kid}, or empty where only the
// public half is known; a private key is never in a row in the clear.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "core/store/database.h"
#include "core/token/jwt.h"

namespace authctl::store {

enum class KeyUse { jwt, fernet };
using KeyState = token::KeyState;

std::string_view word_of(KeyUse use);
std::optional<KeyUse> parse_key_use(std::string_view word);

struct KeyRow {
  std::string kid;
  KeyUse use = KeyUse::jwt;
  std::string alg;
  std::int64_t bits = 0;
  KeyState state = KeyState::pending;
  std::optional<std::string> public_jwk;  // none for a symmetric key: its "public" half would be the secret
  base::Bytes sealed;                     // empty: it verifies only
  base::Timestamp created_at;
  std::optional<base::Timestamp> not_before;
  std::optional<base::Timestamp> published_at;  // since when others have it; a Fernet key: since its import
  std::optional<base::Timestamp> activated_at;
  std::optional<base::Timestamp> retires_at;
  std::optional<base::Timestamp> revoked_at;

  bool can_sign() const { return !sealed.empty(); }
};

class KeyRepository {
 public:
  explicit KeyRepository(Database& db) : db_(db) {}

  std::optional<KeyRow> find(std::string_view kid);
  std::optional<KeyRow> active(KeyUse use);
  // Oldest first.
  std::vector<KeyRow> list(KeyUse use);
  std::vector<KeyRow> list();

  // Error conflict where the kid, or another active key of its use, is there.
  void insert(const KeyRow& key);
  // State and times; everything else of a key never changes. Error conflict where it is not in `expected` any
  // more: somebody else was faster.
  void update(const KeyRow& key, KeyState expected);
  void remove(std::string_view kid);

 private:
  Database& db_;
};

}  // namespace authctl::store
