// Conditions on one of many texts, the texts bound like every value.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

// `column IN ($n, …)`, and the texts added behind the values that are bound already; they outlive `values`.
// Both engines limit how many values a statement has: 32,766 at least.
std::string is_one_of(std::string_view column, std::span<const std::string> texts,
                      std::vector<Value>& values);

}  // namespace authctl::store
