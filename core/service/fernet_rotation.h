// A re-encryption under the keys of a store: while it is open, no key that it needs can be retired or
// deleted. Invariant: a job into a file stays open until that file is whole; it is opened and closed with an
// audit entry; it ends when the key that it encrypts under is revoked.
#pragma once
#include "core/service/fernet_ring.h"
#include "core/service/reencryption.h"

namespace authctl::service {

RecordTally rotate_fernet(Realm& realm, const Cause& cause, const FernetKeys& keys, base::ByteSource& source,
                          const ReencryptionRequest& request, StreamHooks hooks);

// Error precondition, with where it writes, while a re-encryption needs the key.
void refuse_while_rotating(store::Database& db, const std::string& kid, base::Timestamp now);

}  // namespace authctl::service
