// How well a hash that was made elsewhere guards its password: held against OWASP's figures for password
// storage (the Password Storage Cheat Sheet), below which a guess is cheaper than it should be.
// Invariant: it is read as strictly as for a sign-in, and no work is done for it.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/crypto/password.h"

namespace authctl::crypto {

struct PasswordHashJudgement {
  PasswordScheme scheme;
  std::optional<std::string> weakness;  // "a bcrypt cost of 8, below 10"
};

// Whether new hashes may be made at this cost: OWASP's least, 19 MiB with two passes or 46 MiB with one.
bool is_safe_cost(const Argon2Cost& cost);

// Error invalid as identify_password_hash.
PasswordHashJudgement judge_password_hash(std::string_view hash);

}  // namespace authctl::crypto
