// Migration 10: the server. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_10 = R"sql(
)sql";

}  // namespace authctl::store
