// What may pass into a statement: text both engines store alike, and names that stand in SQL as they are.
// Invariant: text that PostgreSQL would refuse, or read differently, is refused before either driver sees it.
#pragma once
#include <string>
#include <string_view>

namespace authctl::store {

// Error invalid for text that is not UTF-8 or holds a NUL (CVE-2025-1094: such bytes have broken drivers'
// escaping).
void check_bound_text(std::string_view text);

// The name of a savepoint: a-z and _ only, else Error internal.
std::string checked_name(std::string_view name);

}  // namespace authctl::store
