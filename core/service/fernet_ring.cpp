#include "core/service/fernet_ring.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/keyring.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using store::KeyRow;
using store::KeyState;

std::string kid_of(const base::Secret& key) {
  token::Jwk named;
  named.material.algorithm = crypto::Algorithm::hs256;
  named.material.k = key.clone();
  return named.thumbprint();
}

int rank(KeyState state) {
  switch (state) {
    case KeyState::active:
      return 0;
    case KeyState::pending:
      return 1;
    case KeyState::retiring:
      return 2;
    case KeyState::revoked:
      return 3;
  }
  return 3;
}

void check_from(Realm& realm, const std::string& from, const std::string& reason) {
  const auto row = require_key(realm, from);
  if (row.use != store::KeyUse::fernet) {
    throw Error(ErrorCode::invalid, "key " + base::quote(from) + " is not a Fernet key",
                "authctl key list --use fernet");
  }
  if (row.state == KeyState::revoked && reason.empty()) {
    throw Error(ErrorCode::usage, "key " + base::quote(from) + " is revoked: opening it needs a reason",
                "add --reason TEXT");
  }
}

}  // namespace

FernetKeys fernet_keys(Realm& realm, const std::string& from, const std::string& reason) {
  if (!from.empty()) check_from(realm, from, reason);
  auto rows = store::KeyRepository(realm.db()).list(store::KeyUse::fernet);
  // The newest of a state first: most of what is read is young.
  std::reverse(rows.begin(), rows.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const KeyRow& a, const KeyRow& b) { return rank(a.state) < rank(b.state); });
  FernetKeys keys;
  for (const auto& row : rows) {
    const bool revoked = row.state == KeyState::revoked, let_in = revoked && row.kid == from;
    keys.ring.add(open_fernet_key(realm, row), row.kid,
                  revoked && !let_in ? token::FernetKeyRole::quarantined : token::FernetKeyRole::opens);
    keys.states.emplace_back(token::word_of(row.state));
    if (let_in) keys.opened_revoked = row.kid;
  }
  keys.can_encrypt = !rows.empty() && rows.front().state == KeyState::active;
  return keys;
}

FernetKeys fernet_keys_in(const base::Secret& text) {
  FernetKeys keys;
  auto rest = text.reveal_text();
  for (int line = 1; !rest.empty(); ++line) {
    const auto size = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const auto key_text = base::without_newline(rest.substr(0, size));
    rest.remove_prefix(size);
    try {
      const auto key = token::parse_fernet_key(key_text);
      keys.ring.add(key, kid_of(key));
    } catch (const Error& error) {
      throw Error(error.code(), "line " + std::to_string(line) + " of the key file: " + error.message(),
                  error.hint());
    }
    keys.states.emplace_back("file");
  }
  if (keys.ring.empty())
    throw Error(ErrorCode::invalid, "the key file is empty", "authctl fernet keygen --out FILE");
  keys.can_encrypt = true;
  return keys;
}

void require_active(const FernetKeys& keys) {
  if (!keys.can_encrypt) {
    throw Error(ErrorCode::not_found, "there is no active Fernet key", "authctl key generate --use fernet");
  }
}

}  // namespace authctl::service
