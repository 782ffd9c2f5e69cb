// Migration 6: clients. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_6 = R"sql(
)sql";

}  // namespace authctl::store
