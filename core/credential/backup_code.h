// Backup codes: made in a set, shown once, each good for one sign-in. 80 random bits each, in four groups
// that are easy to type, so a fast keyed hash guards them (ASVS 5.0 section 6.5.2) and one code is looked up
// by one hash. Invariant: what is kept is a MAC under a key from outside the store; no code can be got back
// from it.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/base/secret.h"

namespace authctl::credential {

// "abcd-efgh-jkmn-pqrs", of 32 characters without those that look like another.
base::Secret make_backup_code(base::Random& random);
// As it may be typed: either case, the groups apart by dashes, blanks or nothing. Nothing where it cannot be
// a code.
std::optional<base::Secret> normal_backup_code(const base::Secret& typed);
// HMAC-SHA-256 over user and code: two users' equal codes are not alike.
base::Bytes backup_code_mac(const base::Secret& key, std::string_view user_id,
                            const base::Secret& normal_code);

}  // namespace authctl::credential
