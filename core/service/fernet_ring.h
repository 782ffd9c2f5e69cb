// The Fernet keys of a store or of a key file as a ring: the active key encrypts; pending and retiring ones
// decrypt too; a revoked one is quarantined, which means that it tells what is under it and opens nothing,
// unless a re-encryption names it and gives a reason.
#pragma once
#include <string>
#include <vector>

#include "core/service/realm.h"
#include "core/token/fernet.h"

namespace authctl::service {

struct FernetKeys {
  token::FernetRing ring;
  std::vector<std::string> states;  // one for each key of the ring; "file" for a key file
  bool can_encrypt = false;         // the first key is the active one
  std::string opened_revoked;       // the kid of a revoked key that was let in
};

// `from`: a key that is to open although it is revoked; empty: none. Error not_found, usage (a revoked key
// without a reason).
FernetKeys fernet_keys(Realm& realm, const std::string& from = {}, const std::string& reason = {});
// A key a line, the first encrypts. Error invalid, with the line.
FernetKeys fernet_keys_in(const base::Secret& text);

// Error not_found with what to type, where nothing can be encrypted.
void require_active(const FernetKeys& keys);

}  // namespace authctl::service
