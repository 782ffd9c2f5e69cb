#include "core/audit/proof.h"

#include <algorithm>
#include <bit>

#include "core/audit/sealed_detail.h"
#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/store/snapshot.h"

namespace authctl::audit {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void refuse() {
  throw Error(ErrorCode::unverified, "the entries do not give the tree that was signed",
              "authctl audit verify");
}

// What of `range` was pruned: the subtrees of the stub that lie in it. Ranges of a proof begin where one of
// them does.
Frontier pruned_part(const Frontier& stub, LeafRange range) {
  base::Bytes bytes;
  std::uint64_t at = 0, size = 0, rest = stub.size();
  for (const Hash& hash : stub.hashes()) {
    const std::uint64_t width = std::bit_floor(rest);
    if (at >= range.first && at + width <= range.last) {
      bytes.insert(bytes.end(), hash.begin(), hash.end());
      size += width;
    }
    at += width;
    rest -= width;
  }
  auto part = Frontier::parse(size, bytes);
  if (!part) refuse();
  return std::move(*part);
}

Hash hash_range(store::Database& db, const Frontier& stub, LeafRange range) {
  Frontier tree = pruned_part(stub, range);
  const auto rows =
      db.query("SELECT leaf FROM audit_entry WHERE seq > $1 AND seq <= $2 ORDER BY seq",
               {static_cast<std::int64_t>(range.first + tree.size()), static_cast<std::int64_t>(range.last)});
  while (rows->next()) {
    Hash leaf;
    if (rows->blob(0).size() != leaf.size()) refuse();
    std::ranges::copy(rows->blob(0), leaf.begin());
    tree.append(leaf);
  }
  if (tree.size() != range.last - range.first) refuse();
  return tree.root();
}

Proof hash_ranges(store::Database& db, const std::vector<LeafRange>& ranges) {
  const auto stub = read_last_stub(db);
  if (!stub) refuse();
  Proof proof;
  for (const LeafRange range : ranges) proof.push_back(hash_range(db, stub->frontier, range));
  return proof;
}

}  // namespace

EntryProof prove_entry(store::Database& db, std::int64_t seq) {
  const store::Snapshot snapshot(db);
  EntryProof proof;
  const Head head = read_head(db);
  {
    const std::string sql = "SELECT " + std::string(entry_columns) + " FROM audit_entry WHERE seq = $1";
    const auto rows = db.query(sql, {seq});
    if (!rows->next()) {
      throw Error(ErrorCode::not_found, "there is no audit entry " + std::to_string(seq),
                  "authctl audit query");
    }
    StoredEntry stored = read_entry(*rows);
    std::string detail;
    if (const auto key = detail_key(db)) key->open(stored, detail);
    write_record(stored, proof.record);
    proof.entry = copy_entry(stored);
  }
  proof.seq = seq;
  proof.size = head.frontier.size();
  proof.root = head.frontier.root();
  proof.checkpoint = head.note;
  proof.leaf = hash_leaf(base::bytes_of(proof.record));
  const auto index = static_cast<std::uint64_t>(seq) - 1;
  if (index >= proof.size) refuse();
  proof.path = hash_ranges(db, inclusion_ranges(index, proof.size));
  if (!verify_inclusion(index, proof.size, proof.leaf, proof.path, proof.root)) refuse();
  return proof;
}

Proof prove_consistency(store::Database& db, std::uint64_t old_size) {
  const store::Snapshot snapshot(db);
  const Head head = read_head(db);
  if (old_size > head.frontier.size()) {
    throw Error(ErrorCode::not_found, "the log never had " + std::to_string(old_size) + " entries",
                "authctl audit verify");
  }
  return hash_ranges(db, consistency_ranges(old_size, head.frontier.size()));
}

}  // namespace authctl::audit
