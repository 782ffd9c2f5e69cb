// The secret half of the keyring: making keys, sealing them, and opening them again.
#include "core/base/text.h"
#include "core/service/keyring.h"

namespace authctl::service {
namespace {
using base::Error;
using base::ErrorCode;
using store::KeyRow;
using store::KeyUse;

constexpr int fernet_bits = 256;

crypto::Place place_of(std::string_view kid) { return {"crypto_key", "sealed", kid}; }

crypto::Algorithm algorithm_of(const KeyDraft& draft) {
  if (draft.use == KeyUse::fernet) {
    if (!draft.alg.empty() && draft.alg != fernet_algorithm) {
      throw Error(ErrorCode::usage, "a Fernet key has no algorithm to choose", "leave --alg out");
    }
    if (draft.bits != 0 && draft.bits != fernet_bits) {
      throw Error(ErrorCode::usage, "a Fernet key has 256 bits", "leave --bits out");
    }
    return crypto::Algorithm::hs256;  // 32 random bytes, named like any other symmetric key
  }
  if (draft.alg.empty()) return crypto::Algorithm::es256;
  if (const auto algorithm = crypto::algorithm_named(draft.alg)) return *algorithm;
  throw Error(ErrorCode::invalid, "unsupported_algorithm: " + base::quote(draft.alg),
              "ES256, EdDSA, RS256 or HS256");
}

// What stands in for a key on a dry run: nothing was made, so nothing can leak or be mistaken for the real
// one.
KeyRow unmade(const KeyDraft& draft, crypto::Algorithm algorithm) {
  KeyRow row;
  row.kid = "(not generated)";
  row.bits = crypto::check_bits(algorithm, draft.bits);
  row.sealed = {0};
  if (!crypto::is_symmetric(algorithm)) row.public_jwk = "{}";
  return row;
}

// A kid that begins with a dash would be an option wherever it is typed, so such a key is drawn again.
token::Jwk draw_key(crypto::Algorithm algorithm, int bits, base::Random& random) {
  while (true) {
    auto key = token::generate_jwk(algorithm, bits, random);
    if (!key.thumbprint().starts_with('-')) return key;
  }
}

base::ByteView plain_of(const token::Jwk& key, KeyUse use, base::Secret& text) {
  if (use == KeyUse::fernet) return key.material.k.reveal();
  text = token::format_private_jwk(key);
  return text.reveal();
}
}  // namespace

KeyRow make_key(Realm& realm, const KeyDraft& draft, bool dry_run) {
  const auto algorithm = algorithm_of(draft);
  KeyRow row = dry_run ? unmade(draft, algorithm)
                       : seal_jwk(realm, draw_key(algorithm, draft.bits, realm.random()), draft.use);
  row.use = draft.use;
  row.alg = draft.use == KeyUse::fernet ? fernet_algorithm : crypto::name_of(algorithm);
  row.not_before = draft.not_before;
  row.created_at = realm.now();
  return row;
}

KeyRow seal_jwk(Realm& realm, const token::Jwk& key, KeyUse use) {
  KeyRow row;
  row.kid = key.kid.empty() ? key.thumbprint() : key.kid;
  row.use = use;
  row.alg = use == KeyUse::fernet ? fernet_algorithm : key.alg();
  row.bits = key.bits();
  row.created_at = realm.now();
  token::Jwk named = key.clone();
  named.kid = row.kid;
  if (!crypto::is_symmetric(key.algorithm()))
    row.public_jwk = base::json::serialize(token::public_jwk(named));
  if (key.is_private()) {
    base::Secret text;
    row.sealed = realm.sealer().seal(plain_of(named, use, text), place_of(row.kid), realm.random());
  }
  return row;
}

token::Jwk open_jwk(Realm& realm, const KeyRow& row) {
  if (!row.can_sign()) return token::parse_jwk(row.public_jwk.value_or(""));
  const base::Secret text = realm.sealer().open(row.sealed, place_of(row.kid));
  token::Jwk key = token::parse_jwk(text.reveal_text());
  key.kid = row.kid;
  return key;
}

base::Secret open_fernet_key(Realm& realm, const KeyRow& row) {
  if (row.use != KeyUse::fernet) {
    throw Error(ErrorCode::invalid, "key " + base::quote(row.kid) + " is not a Fernet key",
                "authctl key list");
  }
  return realm.sealer().open(row.sealed, place_of(row.kid));
}

}  // namespace authctl::service
