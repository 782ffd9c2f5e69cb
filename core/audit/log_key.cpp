#include "core/audit/log_key.h"

#include <algorithm>

#include "core/base/error.h"

namespace authctl::audit {
namespace {

constexpr crypto::Place key_place{"store_meta", "value", "audit_key"};
constexpr std::string_view mac_purpose = "authctl audit row mac";

void write_meta(store::Database& db, std::string_view name, base::ByteView value) {
  db.execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)", {name, value});
}

base::Secret derive_mac_key(const crypto::Ed25519Signer& signer) {
  auto digest = crypto::sha256({base::bytes_of(mac_purpose), signer.seed().reveal()});
  base::Secret key{base::ByteView(digest)};
  base::wipe(digest.data(), digest.size());
  return key;
}

}  // namespace

std::optional<base::Bytes> read_meta(store::Database& db, std::string_view name) {
  const auto rows = db.query("SELECT value FROM store_meta WHERE name = $1", {name});
  if (!rows->next()) return std::nullopt;
  return rows->bytes(0);
}

void create_log(store::Database& db, const crypto::Sealer& sealer, base::Random& random) {
  if (!read_meta(db, "store_id")) {
    const std::string id = base::make_uuid4(random);
    write_meta(db, "store_id", base::bytes_of(id));
  }
  const crypto::Ed25519Signer signer(crypto::Ed25519Signer::make_seed(random));
  write_meta(db, "audit_key", sealer.seal(signer.seed().reveal(), key_place, random));
  write_meta(db, "audit_public_key", signer.public_key());
  const Frontier empty;
  const auto id = read_meta(db, "store_id");
  const std::string note = format_note({origin_of(base::text_of(*id)), 0, empty.root()}, signer);
  db.execute("INSERT INTO audit_head (id, size, frontier, note) VALUES (1, 0, $1, $2)",
             {empty.bytes(), note});
}

LogKey open_log_key(store::Database& db, const crypto::Sealer& sealer) {
  const auto id = read_meta(db, "store_id"), sealed = read_meta(db, "audit_key");
  if (!id || !sealed) {
    throw base::Error(base::ErrorCode::unverified, "the key of the audit log is missing from the store",
                      "authctl audit verify");
  }
  crypto::Ed25519Signer signer(sealer.open(*sealed, key_place));
  auto mac_key = derive_mac_key(signer);
  return {origin_of(base::text_of(*id)), std::move(signer), std::move(mac_key)};
}

std::optional<VerifierKey> read_verifier_key(store::Database& db) {
  const auto id = read_meta(db, "store_id"), stored = read_meta(db, "audit_public_key");
  if (!id || !stored) return std::nullopt;
  VerifierKey key{origin_of(base::text_of(*id)), {}};
  if (stored->size() != key.key.size()) return std::nullopt;
  std::copy(stored->begin(), stored->end(), key.key.begin());
  return key;
}

}  // namespace authctl::audit
