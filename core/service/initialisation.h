// `init`: a master key, a store, its data key and log, the first signing keys, and, where asked for, the
// first admin. Invariant: each step is durable before the next one begins and finds what an interrupted run
// has left, so that an init that was killed is completed by the next one; a store that is whole is never
// changed.
//
//   master key ──► store with its schema ──► data key + audit log ──► first keys, admin, "initialised"
//   (file)         (one rename)              (one transaction)        (one change)
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/service/master_key.h"
#include "core/service/realm.h"

namespace authctl::service {

struct InitRequest {
  std::string store_url;
  MasterKeySource master_key;
  std::string admin;  // empty: none
  bool encrypt_identifiers = false;
};

struct InitReport {
  std::string store;                           // without a password
  bool created = false;                        // false: it was whole already and nothing was changed
  std::optional<std::string> master_key_file;  // nothing where a command gives the key
  bool master_key_made = false;
  bool identifiers_clear = true;  // of the store as it is; not in the JSON
  std::optional<std::string> admin;
  std::vector<std::string> keys;  // kid
};

// Error unavailable where a store is there and its master key cannot be read, unverified where the key is
// another's.
InitReport initialise(const InitRequest& request, const Cause& cause, const base::Clock& clock,
                      base::Random& random);

// store created master_key_file master_key_made admin keys[]
base::json::object init_json(const InitReport& report);

}  // namespace authctl::service
