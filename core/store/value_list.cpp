#include "core/store/value_list.h"

namespace authctl::store {

std::string is_one_of(std::string_view column, std::span<const std::string> texts,
                      std::vector<Value>& values) {
  std::string sql(column);
  sql += " IN (";
  for (const auto& text : texts) {
    values.emplace_back(text);
    sql += (&text == texts.data() ? "$" : ", $") + std::to_string(values.size());
  }
  return sql + ")";
}

}  // namespace authctl::store
