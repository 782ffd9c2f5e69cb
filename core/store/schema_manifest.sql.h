// Migration 7: what a manifest owns. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_7 = R"sql(
)sql";

}  // namespace authctl::store
