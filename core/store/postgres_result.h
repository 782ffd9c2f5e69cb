// A result of libpq in binary format, read as the port's rows.
// Invariant: integers of every width, and whole NUMERICs (what SUM gives), come out as 64 bits or not at all.
#pragma once
#include <memory>

#include "core/store/database.h"
#include "core/store/libpq.h"

namespace authctl::store {

struct ClearResult {
  void operator()(PGresult* result) const { libpq().clear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, ClearResult>;

class PostgresRows final : public Rows {
 public:
  explicit PostgresRows(PostgresResult result);
  bool next() override;
  bool is_null(int column) const override;
  std::int64_t integer(int column) const override;
  std::string_view text(int column) const override;
  base::ByteView blob(int column) const override;

 private:
  PostgresResult result_;
  int row_ = -1;
  int count_ = 0;
};

}  // namespace authctl::store
