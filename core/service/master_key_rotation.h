// Replacing the master key: the store holds the data key wrapped by both, until a command has opened it with
// the new one; with a new data key too (`reseal`), everything that is sealed is sealed again under it.
// Invariant: at every instant a key that lies in a file or comes from the command opens all that is sealed;
// whatever was interrupted is taken up by the same command, run again.
//
//   old key ──rotate──▶ old and new key ──a command with the new one──▶ new key
//   data key n ──reseal──▶ n and n+1, both wrapped by every master key ──all is under n+1──▶ n+1
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/service/opening.h"
#include "core/service/sealed_values.h"

namespace authctl::service {

struct MasterKeyRotation {
  MasterKeySource current;  // what opened the realm
  std::string new_file;     // made (0600) where it is not there
  bool reseal = false;
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
};

struct MasterKeyReport {
  std::string master_key_file;
  bool master_key_made = false;
  bool changed = false;    // false: this key was wrapped before, and nothing was left to be sealed
  bool resealing = false;  // whether everything is under a new data key now
  std::int64_t resealed = 0;
  bool old_key_opens = false;  // until the new one has opened the store
};
// Error unavailable where a key cannot be read, conflict where the new key is the one that is in use and
// nothing is asked for beside it.
MasterKeyReport rotate_master_key(Realm& realm, const Cause& cause, const MasterKeyRotation& request);

base::json::object master_key_json(const MasterKeyReport& report);
// ok values columns[{column,values,unreadable}] problems[]
base::json::object sealed_values_json(const std::vector<ColumnCheck>& checks);

}  // namespace authctl::service
