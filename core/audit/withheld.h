// What the log says of identifiers in a store that seals them: e-mail addresses, permissions and descriptions
// stand in an entry as keyed tokens, so that whoever holds the store alone reads none of them, and two
// entries about the same one can still be told to be. Invariant: the members of a detail stay the same, texts
// become texts; the hash of an entry is over what stands there.
#pragma once
#include "core/base/json.h"
#include "core/store/field_sealer.h"

namespace authctl::audit {

base::json::object withheld(const base::json::object& detail, const store::FieldSealer& fields);

}  // namespace authctl::audit
