#include <algorithm>

#include "core/audit/block_index.h"
#include "core/audit/log.h"
#include "core/audit/sealed_chain.h"
#include "core/audit/sealed_detail.h"
#include "core/audit/verification.h"
#include "core/base/error.h"

namespace authctl::audit {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void refuse(std::int64_t seq) {
  throw Error(ErrorCode::unverified,
              "entry " + std::to_string(seq) + " of the audit log was altered or removed",
              "authctl audit verify");
}

// The last entry of the run of old ones at the start of the log. Later ones may carry older times, where a
// clock was set back; they stay until everything before them may go.
std::int64_t last_to_prune(store::Database& db, base::Timestamp before, std::int64_t size) {
  const auto rows = db.query("SELECT seq FROM audit_entry WHERE time >= $1 ORDER BY seq LIMIT 1", {before});
  return rows->next() ? rows->integer(0) - 1 : size;
}

}  // namespace

std::int64_t Log::prune(store::Database& db, base::Timestamp before, base::Timestamp now) {
  auto stub = read_last_stub(db);
  if (!stub)
    throw Error(ErrorCode::unverified, "the stub of the last prune is damaged", "authctl audit verify");
  Frontier tree = std::move(stub->frontier);
  const auto kept_from = static_cast<std::int64_t>(tree.size());
  const std::int64_t last = last_to_prune(db, before, static_cast<std::int64_t>(frontier_.size()));
  if (last <= kept_from) return 0;
  SealedChain sealed = read_pruned_chain(db);
  const auto sealed_before = sealed.entries;
  {
    const std::string sql =
        "SELECT " + std::string(entry_columns) + ", leaf, mac FROM audit_entry WHERE seq <= $1 ORDER BY seq";
    const auto key = detail_key(db);
    std::string detail;
    const auto rows = db.query(sql, {last});
    while (rows->next()) {
      StoredEntry entry = read_entry(*rows);
      if (DetailKey::is_sealed(entry.detail)) sealed.add(entry);
      if (key) key->open(entry, detail);
      write_record(entry, record_);
      const Hash leaf = hash_leaf(base::bytes_of(record_));
      const auto mac = crypto::short_mac(key_->mac_key.reveal(), leaf);
      const auto expected = static_cast<std::int64_t>(tree.size()) + 1;
      if (entry.seq != expected || !std::ranges::equal(leaf, rows->blob(11)) ||
          !std::ranges::equal(mac, rows->blob(12))) {
        refuse(expected);
      }
      tree.append(leaf);
    }
  }
  if (static_cast<std::int64_t>(tree.size()) != last) refuse(static_cast<std::int64_t>(tree.size()) + 1);
  const std::string note =
      format_note({key_->origin, tree.size(), tree.root(), NoteKind::pruned}, key_->signer);
  db.execute("INSERT INTO audit_stub (size, frontier, note, created_at) VALUES ($1, $2, $3, $4)",
             {last, tree.bytes(), note, now});
  if (sealed.entries != sealed_before) keep_pruned_chain(db, sealed);
  db.execute("DELETE FROM audit_entry WHERE seq <= $1", {last});
  unindex_through(db, last, static_cast<std::int64_t>(frontier_.size()));
  return last - kept_from;
}

}  // namespace authctl::audit
