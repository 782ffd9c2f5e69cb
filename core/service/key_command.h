// Runs the program that hands out the master key (Vault, a cloud's secrets manager): no shell, its standard
// output is the key, its standard error is ours. Invariant: a program that fails, prints too much or dies
// gives no key.
#pragma once
#include <string>
#include <vector>

#include "core/base/secret.h"

namespace authctl::service {

// Error unavailable.
base::Secret run_key_command(const std::vector<std::string>& words, std::size_t max_bytes);

}  // namespace authctl::service
