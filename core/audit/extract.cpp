// The half of core/audit/evidence_bundle.h that reads the log.
#include <algorithm>

#include "core/audit/evidence_bundle.h"
#include "core/audit/sealed_detail.h"
#include "core/base/error.h"

namespace authctl::audit {
namespace {

[[noreturn]] void refuse() {
  throw base::Error(base::ErrorCode::unverified, "the entries do not give the tree that was signed",
                    "authctl audit verify");
}

Hash leaf_of(const store::Rows& row, int column) {
  Hash leaf;
  if (row.blob(column).size() != leaf.size()) refuse();
  std::ranges::copy(row.blob(column), leaf.begin());
  return leaf;
}

// The tree over everything before `first`.
Frontier tree_before(store::Database& db, std::int64_t first) {
  const auto stub = read_last_stub(db);
  if (!stub) refuse();
  Frontier tree = stub->frontier;
  const auto rows = db.query("SELECT leaf FROM audit_entry WHERE seq > $1 AND seq < $2 ORDER BY seq",
                             {static_cast<std::int64_t>(tree.size()), first});
  while (rows->next()) tree.append(leaf_of(*rows, 0));
  return tree;
}

}  // namespace

Extract extract_entries(
    store::Database& db, std::int64_t first_seq, Privacy privacy,
    const std::function<void(const StoredEntry&, const base::json::object&, const std::string&)>& line) {
  const Head head = read_head(db);
  Extract extract;
  extract.checkpoint = head.note;
  extract.last_seq = static_cast<std::int64_t>(head.frontier.size());
  extract.before = tree_before(db, first_seq);
  extract.first_seq = static_cast<std::int64_t>(extract.before.size()) + 1;
  Frontier tree = extract.before;
  const auto key = detail_key(db);
  std::string record, detail;
  const auto rows = db.query(
      "SELECT " + std::string(entry_columns) + ", leaf FROM audit_entry WHERE seq >= $1 ORDER BY seq",
      {extract.first_seq});
  while (rows->next()) {
    StoredEntry entry = read_entry(*rows);
    if (key) key->open(entry, detail);
    write_record(entry, record);
    const Hash leaf = hash_leaf(base::bytes_of(record));
    if (leaf != leaf_of(*rows, 11)) refuse();
    tree.append(leaf);
    const auto shown = entry_json(entry, privacy);
    // The record is what was hashed, so it goes out whole or not at all.
    const bool whole = privacy == Privacy::revealed || redact_text(record) == record;
    line(entry, shown,
         base::canonical_json(base::json::object{{"entry", shown},
                                                 {"leaf", base::encode_base64(leaf)},
                                                 {"record", whole ? base::json::value(record) : nullptr}}) +
             '\n');
  }
  if (tree.root() != head.frontier.root()) refuse();
  return extract;
}

base::json::array files_json(const std::vector<EvidenceFile>& files) {
  base::json::array json;
  for (const auto& file : files)
    json.push_back(base::json::object{
        {"name", file.name}, {"bytes", file.bytes}, {"sha256", base::encode_base64(file.sha256)}});
  return json;
}

}  // namespace authctl::audit
