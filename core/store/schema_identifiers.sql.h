// Migration 8: sealed identifiers. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_8 = R"sql(
)sql";

}  // namespace authctl::store
