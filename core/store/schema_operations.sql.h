// Migration 9: incidents and backups. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_9 = R"sql(
)sql";

}  // namespace authctl::store
