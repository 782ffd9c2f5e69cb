#include "core/audit/sealed_chain.h"

#include <algorithm>

#include "core/audit/log_key.h"
#include "core/audit/sealed_detail.h"
#include "core/store/snapshot.h"

namespace authctl::audit {
namespace {

constexpr std::string_view chain_name = "audit_sealed_chain";  // in store_meta
constexpr std::size_t count_size = 8;

base::json::object read_detail(const StoredEntry& row) {
  const auto parsed = base::parse_json(row.detail);
  return parsed && parsed->is_object() ? parsed->get_object() : base::json::object{};
}

bool says(const base::json::object& detail, std::string_view member, std::string_view text) {
  const auto* found = detail.if_contains(member);
  return found != nullptr && found->is_string() && std::string_view(found->get_string()) == text;
}

std::string_view entry_sql() {
  static const std::string sql = "SELECT " + std::string(entry_columns) + " FROM audit_entry ORDER BY seq";
  return sql;
}

}  // namespace

void SealedChain::add(const StoredEntry& row) {
  std::string record;
  write_record(row, record);
  end = crypto::sha256({end, base::bytes_of(record)});
  ++entries;
}

SealedChain chain_of_sealed_rows(store::Database& db) {
  const store::Snapshot one_view(db);  // a prune moves rows and their beginning together
  SealedChain chain = read_pruned_chain(db);
  const auto rows = db.query(entry_sql(), {});
  while (rows->next()) {
    const StoredEntry row = read_entry(*rows);
    if (DetailKey::is_sealed(row.detail)) chain.add(row);
  }
  return chain;
}

void put_chain(base::json::object& detail, const SealedChain& chain) {
  detail["sealed_entries"] = chain.entries;
  detail["sealed_chain"] = base::encode_base64(chain.end);
}

SealedChain read_pruned_chain(store::Database& db) {
  SealedChain chain;
  const auto stored = read_meta(db, chain_name);
  if (!stored || stored->size() != count_size + chain.end.size()) return chain;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < count_size; ++i) count = count << 8 | (*stored)[i];
  chain.entries = static_cast<std::int64_t>(count);
  std::copy(stored->begin() + count_size, stored->end(), chain.end.begin());
  return chain;
}

void keep_pruned_chain(store::Database& db, const SealedChain& chain) {
  base::Bytes stored;
  for (std::size_t i = 0; i < count_size; ++i)
    stored.push_back(
        static_cast<std::uint8_t>(static_cast<std::uint64_t>(chain.entries) >> (8 * (count_size - 1 - i))));
  stored.insert(stored.end(), chain.end.begin(), chain.end.end());
  db.execute(
      "INSERT INTO store_meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = "
      "excluded.value",
      {chain_name, stored});
}

std::optional<std::string> SealedRows::add(const StoredEntry& row, bool sealed) {
  if (!sealed) return row.action == sealing_action ? take_step(row) : std::nullopt;
  if (begun_)
    return "entry " + std::to_string(row.seq) + " is sealed, and is younger than the sealing of the log";
  any_ = true;
  chain_.add(row);
  return std::nullopt;
}

std::optional<std::string> SealedRows::take_step(const StoredEntry& row) {
  const auto detail = read_detail(row);
  begun_ = begun_ || says(detail, "state", "converting");
  if (!says(detail, "state", "sealed")) return std::nullopt;
  ended_ = true;
  const auto* entries = detail.if_contains("sealed_entries");
  const bool fits = says(detail, "sealed_chain", base::encode_base64(chain_.end)) && entries != nullptr &&
                    entries->is_int64() && entries->get_int64() == chain_.entries;
  if (any_ && !fits) return "a sealed entry before " + std::to_string(row.seq) + " was altered or removed";
  return std::nullopt;
}

}  // namespace authctl::audit
