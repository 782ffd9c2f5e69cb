#include "core/store/postgres_result.h"

#include "core/base/error.h"

namespace authctl::store {
namespace {

// Numbers of types in pg_type, which are part of PostgreSQL's wire protocol.
constexpr Oid oid_bool = 16, oid_int8 = 20, oid_int2 = 21, oid_int4 = 23, oid_numeric = 1700;

std::int64_t big_endian(base::ByteView bytes) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value = i == 0 ? static_cast<std::int8_t>(bytes[0])
                   : static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << 8 | bytes[i]);
  }
  return value;
}

[[noreturn]] void fail_number() {
  throw base::Error(base::ErrorCode::internal, "a column of the store is no whole number of 64 bits");
}

// numeric_send(): digits, weight, sign, scale as 16-bit numbers, then digits to the base 10000.
std::int64_t whole_numeric(base::ByteView bytes) {
  const auto word = [&](std::size_t i) {
    if (2 * i + 1 >= bytes.size()) fail_number();
    return static_cast<int>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  };
  const int digits = word(0), weight = static_cast<std::int16_t>(word(1)), sign = word(2);
  if ((sign != 0 && sign != 0x4000) || digits > weight + 1) fail_number();
  std::int64_t value = 0;
  for (int i = 0; digits > 0 && i <= weight; ++i) {
    const int digit = i < digits ? word(4 + static_cast<std::size_t>(i)) : 0;
    if (__builtin_mul_overflow(value, 10000, &value) || __builtin_add_overflow(value, digit, &value))
      fail_number();
  }
  return sign == 0 ? value : -value;
}

}  // namespace

PostgresRows::PostgresRows(PostgresResult result)
    : result_(std::move(result)), count_(libpq().ntuples(result_.get())) {}

bool PostgresRows::next() {
  if (row_ < count_) ++row_;
  return row_ < count_;
}

bool PostgresRows::is_null(int column) const { return libpq().getisnull(result_.get(), row_, column) != 0; }

base::ByteView PostgresRows::blob(int column) const {
  const auto* data = reinterpret_cast<const std::uint8_t*>(libpq().getvalue(result_.get(), row_, column));
  return {data, static_cast<std::size_t>(libpq().getlength(result_.get(), row_, column))};
}

std::string_view PostgresRows::text(int column) const { return base::text_of(blob(column)); }

std::int64_t PostgresRows::integer(int column) const {
  if (is_null(column)) return 0;  // as SQLite has it
  const auto bytes = blob(column);
  switch (libpq().ftype(result_.get(), column)) {
    case oid_bool:
      return bytes.empty() ? 0 : bytes[0];
    case oid_int2:
    case oid_int4:
    case oid_int8:
      return big_endian(bytes);
    case oid_numeric:
      return whole_numeric(bytes);
    default:
      fail_number();
  }
}

}  // namespace authctl::store
