// What an entry looks like to whoever may see the log but not the people in it: e-mail addresses and network
// addresses are masked wherever they stand, and a token's id shows its first eight characters. Invariant:
// masking never depends on who wrote the text; a field that may hold an address is searched for one.
#pragma once
#include <string>
#include <string_view>

#include "core/audit/entry.h"

namespace authctl::audit {

enum class Privacy { redacted, revealed };

// `j***@example.com`, `203.0.***.***`, `2001:db8:***`, within any text.
std::string redact_text(std::string_view text);

// The one JSON of an entry: seq time actor action target{kind,id,name} outcome ip reason detail{}. Revealed
// or not, a token's id is cut.
base::json::object entry_json(const StoredEntry& entry, Privacy privacy);

}  // namespace authctl::audit
