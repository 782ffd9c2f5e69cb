// The tree of RFC 6962 section 2.1 over the leaves of the log: a compact frontier that grows by one leaf in
// constant space, and the proofs that a stranger checks with nothing but the root. Invariant: a Frontier of n
// leaves holds one hash for each bit set in n, the largest subtree first.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/crypto/digest.h"

namespace authctl::audit {

using Hash = crypto::Digest;
using Proof = std::vector<Hash>;

Hash hash_leaf(base::ByteView record);                // SHA-256(0x00 || record)
Hash hash_node(const Hash& left, const Hash& right);  // SHA-256(0x01 || left || right)

class Frontier {
 public:
  Frontier() = default;
  // What bytes() gave for a tree of `size` leaves; nothing where the length does not fit the size.
  static std::optional<Frontier> parse(std::uint64_t size, base::ByteView bytes);

  void append(const Hash& leaf);
  std::uint64_t size() const { return size_; }
  Hash root() const;  // of no leaves: SHA-256("")
  base::Bytes bytes() const;
  std::span<const Hash> hashes() const { return hashes_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> hashes_;
};

// The leaves [first, last), counted from 0.
struct LeafRange {
  std::uint64_t first, last;
  bool operator==(const LeafRange&) const = default;
};
// Gives the hash of the tree over such a range (MTH of RFC 6962).
using RangeHash = std::function<Hash(LeafRange)>;

// Which ranges make up a proof, in the order in which the RFC lists their hashes.
std::vector<LeafRange> inclusion_ranges(std::uint64_t index, std::uint64_t size);  // PATH, section 2.1.1
std::vector<LeafRange> consistency_ranges(std::uint64_t old_size,
                                          std::uint64_t size);  // PROOF, section 2.1.2

bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf, std::span<const Hash> proof,
                      const Hash& root);
bool verify_consistency(std::uint64_t old_size, std::uint64_t size, const Hash& old_root, const Hash& root,
                        std::span<const Hash> proof);

}  // namespace authctl::audit
