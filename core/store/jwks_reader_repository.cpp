#include "core/store/jwks_reader_repository.h"

namespace authctl::store {

void note_jwks_reader(Database& db, const JwksReader& reader) {
  db.execute(
      "INSERT INTO jwks_reader (network, fetched_at) VALUES ($1, $2) ON CONFLICT (network) DO UPDATE SET "
      "fetched_at = excluded.fetched_at WHERE jwks_reader.fetched_at < excluded.fetched_at",
      {reader.network, reader.fetched_at});
}

void trim_jwks_readers(Database& db) {
  db.execute(
      "DELETE FROM jwks_reader WHERE fetched_at < (SELECT fetched_at FROM jwks_reader ORDER BY fetched_at "
      "DESC "
      "LIMIT 1 OFFSET $1)",
      {most_jwks_readers - 1});
}

std::vector<JwksReader> jwks_readers(Database& db, base::Timestamp since, base::Timestamp until,
                                     std::int64_t limit) {
  const auto rows = db.query(
      "SELECT network, fetched_at FROM jwks_reader WHERE fetched_at >= $1 AND fetched_at < $2 "
      "ORDER BY fetched_at DESC, network LIMIT $3",
      {since, until, limit});
  std::vector<JwksReader> readers;
  while (rows->next()) readers.push_back({rows->string(0), rows->time(1)});
  return readers;
}

}  // namespace authctl::store
