#include "core/store/row_batch.h"

namespace authctl::store {
namespace {

std::string insert_sql(std::string_view head, std::size_t width, std::size_t rows, std::string_view tail) {
  std::string sql = std::string(head) + " VALUES ";
  std::size_t number = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    sql += row == 0 ? "(" : ", (";
    for (std::size_t column = 0; column < width; ++column)
      sql += (column == 0 ? "$" : ", $") + std::to_string(++number);
    sql += ')';
  }
  if (!tail.empty()) sql += " " + std::string(tail);
  return sql;
}

}  // namespace

RowInsert::RowInsert(std::string_view head, std::size_t width, std::string_view tail)
    : width_(width), one_(insert_sql(head, width, 1, tail)), many_(insert_sql(head, width, portion, tail)) {}

void RowBatch::add(Values row) {
  if (!keeps_) {
    taken_ += db_.execute(insert_.one(), row);
    return;
  }
  for (const Value& value : row) {
    cells_.push_back(std::visit(
        [](const auto& held) -> Kept {
          using Held = std::decay_t<decltype(held)>;
          if constexpr (std::is_same_v<Held, std::string_view>)
            return std::string(held);
          else if constexpr (std::is_same_v<Held, base::ByteView>)
            return base::Bytes(held.begin(), held.end());
          else
            return held;
        },
        value.held()));
  }
  if (cells_.size() < RowInsert::portion * insert_.width()) return;
  write(insert_.many(), cells_);
  cells_.clear();
}

void RowBatch::flush() {
  for (std::size_t at = 0; at < cells_.size(); at += insert_.width())
    write(insert_.one(), std::span(cells_).subspan(at, insert_.width()));
  cells_.clear();
}

void RowBatch::write(const std::string& sql, std::span<const Kept> cells) {
  std::vector<Value> values;
  values.reserve(cells.size());
  for (const Kept& cell : cells) std::visit([&](const auto& held) { values.emplace_back(held); }, cell);
  taken_ += db_.execute(sql, std::span<const Value>(values));
}

}  // namespace authctl::store
