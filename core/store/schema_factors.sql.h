// Migration 4: second factors, lockouts. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_4 = R"sql(
)sql";

}  // namespace authctl::store
