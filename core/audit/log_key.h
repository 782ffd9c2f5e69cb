// The key of a log: an Ed25519 pair that is made once with the store. Its private half lies sealed in
// store_meta/audit_key, its public half beside it in audit_public_key; the keyed MAC of each row hangs on it
// too. Invariant: whoever holds the store without its master key can check the log and cannot continue it.
#pragma once
#include "core/audit/checkpoint.h"
#include "core/base/random.h"
#include "core/crypto/sealing.h"
#include "core/store/database.h"

namespace authctl::audit {

struct LogKey {
  std::string origin;
  crypto::Ed25519Signer signer;
  base::Secret mac_key;
  VerifierKey verifier() const { return {origin, signer.public_key()}; }
};

// Inside the transaction that makes the store: its id (where there is none yet), the key and the head of an
// empty log.
void create_log(store::Database& db, const crypto::Sealer& sealer, base::Random& random);

// Error unverified where the key does not open or is missing.
LogKey open_log_key(store::Database& db, const crypto::Sealer& sealer);

// What the store says of itself; it proves nothing by itself. Nothing where it is missing or malformed.
std::optional<VerifierKey> read_verifier_key(store::Database& db);

// A column of store_meta; nothing where the name is not there.
std::optional<base::Bytes> read_meta(store::Database& db, std::string_view name);

}  // namespace authctl::audit
