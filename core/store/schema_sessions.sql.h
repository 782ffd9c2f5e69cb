// Migration 5: sessions and refresh families. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_5 = R"sql(
)sql";

}  // namespace authctl::store
