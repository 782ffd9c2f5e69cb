#include "core/audit/merkle.h"

#include <algorithm>
#include <bit>

namespace authctl::audit {
namespace {

constexpr std::uint8_t leaf_prefix[] = {0};
constexpr std::uint8_t node_prefix[] = {1};

// The largest power of two that is smaller than n; n > 1.
std::uint64_t split_of(std::uint64_t n) { return std::bit_floor(n - 1); }

}  // namespace

Hash hash_leaf(base::ByteView record) { return crypto::sha256({leaf_prefix, record}); }

Hash hash_node(const Hash& left, const Hash& right) { return crypto::sha256({node_prefix, left, right}); }

std::optional<Frontier> Frontier::parse(std::uint64_t size, base::ByteView bytes) {
  if (bytes.size() != sizeof(Hash) * static_cast<std::size_t>(std::popcount(size))) return std::nullopt;
  Frontier frontier;
  frontier.size_ = size;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Hash)) {
    Hash& hash = frontier.hashes_.emplace_back();
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), hash.size(), hash.begin());
  }
  return frontier;
}

void Frontier::append(const Hash& leaf) {
  hashes_.push_back(leaf);
  // As many subtrees of equal size meet as there are ones at the end of the old size.
  for (int merges = std::countr_one(size_); merges > 0; --merges) {
    const Hash right = hashes_.back();
    hashes_.pop_back();
    hashes_.back() = hash_node(hashes_.back(), right);
  }
  ++size_;
}

Hash Frontier::root() const {
  if (hashes_.empty()) return crypto::sha256(base::ByteView{});
  Hash root = hashes_.back();
  for (std::size_t i = hashes_.size() - 1; i-- > 0;) root = hash_node(hashes_[i], root);
  return root;
}

base::Bytes Frontier::bytes() const {
  base::Bytes bytes;
  bytes.reserve(hashes_.size() * sizeof(Hash));
  for (const Hash& hash : hashes_) bytes.insert(bytes.end(), hash.begin(), hash.end());
  return bytes;
}

std::vector<LeafRange> inclusion_ranges(std::uint64_t index, std::uint64_t size) {
  std::vector<LeafRange> ranges;
  LeafRange tree{0, size};
  while (tree.last - tree.first > 1) {
    const std::uint64_t middle = tree.first + split_of(tree.last - tree.first);
    if (index < middle) {
      ranges.push_back({middle, tree.last});
      tree.last = middle;
    } else {
      ranges.push_back({tree.first, middle});
      tree.first = middle;
    }
  }
  std::reverse(ranges.begin(), ranges.end());
  return ranges;
}

std::vector<LeafRange> consistency_ranges(std::uint64_t old_size, std::uint64_t size) {
  std::vector<LeafRange> ranges;
  if (old_size == 0 || old_size == size) return ranges;
  LeafRange tree{0, size};
  while (old_size != tree.last) {
    const std::uint64_t middle = tree.first + split_of(tree.last - tree.first);
    if (old_size <= middle) {
      ranges.push_back({middle, tree.last});
      tree.last = middle;
    } else {
      ranges.push_back({tree.first, middle});
      tree.first = middle;
    }
  }
  if (tree.first != 0) ranges.push_back(tree);  // else it is the old tree itself, whose root the verifier has
  std::reverse(ranges.begin(), ranges.end());
  return ranges;
}

// RFC 9162 section 2.1.3.2.
bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf, std::span<const Hash> proof,
                      const Hash& root) {
  if (index >= size) return false;
  std::uint64_t node = index, last = size - 1;
  Hash hash = leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = hash_node(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = hash_node(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

// RFC 9162 section 2.1.4.2.
bool verify_consistency(std::uint64_t old_size, std::uint64_t size, const Hash& old_root, const Hash& root,
                        std::span<const Hash> proof) {
  if (old_size > size) return false;
  if (old_size == size) return proof.empty() && old_root == root;
  if (old_size == 0) return proof.empty();
  std::uint64_t node = old_size - 1, last = size - 1;
  for (; (node & 1) != 0; node >>= 1) last >>= 1;
  const bool whole = std::has_single_bit(old_size);  // then the old root is itself a node of the new tree
  if (!whole && proof.empty()) return false;
  Hash hash = whole ? old_root : proof.front();
  Hash old_hash = hash;
  for (const Hash& sibling : proof.subspan(whole ? 0 : 1)) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      old_hash = hash_node(sibling, old_hash);
      hash = hash_node(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = hash_node(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == old_root && hash == root;
}

}  // namespace authctl::audit
