// The shapes of what the noun `audit` prints.
#pragma once
#include "commands/shape.h"

namespace authctl::commands {

inline constexpr Field audit_target_fields[] = {
    {"kind", FieldType::text, false, "user, role, key, token, store, …", ""},
    {"id", FieldType::text, true, "of the thing; of a token the first 8 characters", ""},
    {"name", FieldType::text, true, "as it was called then", ""},
};
inline constexpr Shape audit_target_shape{"audit target", "id", audit_target_fields};

inline constexpr Field audit_entry_fields[] = {
    {"seq", FieldType::integer, false, "from 1, without a gap", "seq"},
    {"time", FieldType::time, false, "when", "time"},
    {"actor", FieldType::text, false, "who: os:NAME at the command line, user:ID over HTTP", "actor"},
    {"action", FieldType::text, false, "noun.verb", "action"},
    {"target", FieldType::object, true, "what it was done to", "target", &audit_target_shape},
    {"outcome", FieldType::text, false, "success, failure or denied", "outcome"},
    {"ip", FieldType::text, true, "from where; null at the command line", ""},
    {"reason", FieldType::text, true, "what was given as --reason", "reason"},
    {"detail", FieldType::any, false, "an object: what else the action says of itself", ""},
};
inline constexpr Shape audit_entry_shape{"audit entry", "seq", audit_entry_fields};

inline constexpr Field audit_verify_fields[] = {
    {"verdict", FieldType::text, false, "intact, altered, truncated or unverifiable", ""},
    {"entries", FieldType::integer, false, "how many were read", ""},
    {"size", FieldType::integer, false, "how many were ever written, as the signed head says", ""},
    {"pruned", FieldType::integer, false, "how many of them were pruned", ""},
    {"sealed", FieldType::integer, false, "how many are sealed and were not opened", ""},
    {"root", FieldType::text, false, "of the tree, base64", ""},
    {"first_bad_seq", FieldType::integer, true, "the first entry that is not as it was written", ""},
    {"problem", FieldType::text, true, "what is wrong; null where the log is intact", ""},
};
inline constexpr Shape audit_verify_shape{"audit verify", "", audit_verify_fields};

inline constexpr Field audit_checkpoint_fields[] = {
    {"checkpoint", FieldType::text, false, "a signed note over size and root of the tree", ""},
    {"public_key", FieldType::text, false, "the key that checks it, for audit verify --public-key", ""},
    {"file", FieldType::text, true, "where it was written; null: nowhere", ""},
};
inline constexpr Shape audit_checkpoint_shape{"audit checkpoint", "file", audit_checkpoint_fields};

inline constexpr Field audit_proof_fields[] = {
    {"seq", FieldType::integer, false, "of the entry", ""},
    {"leaf_index", FieldType::integer, false, "its place in the tree, from 0", ""},
    {"size", FieldType::integer, false, "leaves in the tree", ""},
    {"record", FieldType::text, false, "the bytes that were hashed: canonical JSON of the stored columns",
     ""},
    {"leaf", FieldType::text, false, "SHA-256(0x00 || record), base64", ""},
    {"path", FieldType::strings, false, "the hashes beside the way from leaf to root, base64", ""},
    {"root", FieldType::text, false, "what they lead to, base64", ""},
    {"checkpoint", FieldType::text, false, "the signed note over size and root", ""},
};
inline constexpr Shape audit_proof_shape{"audit proof", "seq", audit_proof_fields};

inline constexpr Field audit_prune_fields[] = {
    {"before", FieldType::time, false, "entries older than this were to go", ""},
    {"pruned", FieldType::integer, false, "how many went", ""},
    {"size", FieldType::integer, false, "entries ever written", ""},
};
inline constexpr Shape audit_prune_shape{"audit prune", "pruned", audit_prune_fields};

inline constexpr Field action_count_fields[] = {
    {"action", FieldType::text, false, "noun.verb", "action"},
    {"count", FieldType::integer, false, "entries", "count"},
};
inline constexpr Shape action_count_shape{"audit action count", "action", action_count_fields};
inline constexpr Field outcome_count_fields[] = {
    {"outcome", FieldType::text, false, "success, failure or denied", "outcome"},
    {"count", FieldType::integer, false, "entries", "count"},
};
inline constexpr Shape outcome_count_shape{"audit outcome count", "outcome", outcome_count_fields};
inline constexpr Field hour_count_fields[] = {
    {"hour", FieldType::time, false, "when it began", "hour"},
    {"count", FieldType::integer, false, "entries", "count"},
};
inline constexpr Shape hour_count_shape{"audit hour count", "hour", hour_count_fields};

inline constexpr Field audit_stats_fields[] = {
    {"entries", FieldType::integer, false, "in the log", ""},
    {"first", FieldType::time, true, "time of the oldest", ""},
    {"last", FieldType::time, true, "time of the newest", ""},
    {"by_action", FieldType::objects, false, "most frequent first", "", &action_count_shape},
    {"by_outcome", FieldType::objects, false, "most frequent first", "", &outcome_count_shape},
    {"by_hour", FieldType::objects, false, "oldest first; hours without entries are left out", "",
     &hour_count_shape},
};
inline constexpr Shape audit_stats_shape{"audit stats", "", audit_stats_fields};

}  // namespace authctl::commands
