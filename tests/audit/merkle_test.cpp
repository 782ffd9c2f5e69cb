#include "core/audit/merkle.h"

#include <bit>

#include "tests/support/catch.h"

using namespace authctl;
using audit::Hash;
using audit::LeafRange;

namespace {

// The eight leaves of the reference implementation of RFC 6962.
const std::vector<std::string> reference_leaves{
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
const std::vector<std::string> reference_roots{
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Hash> some_leaves(std::uint64_t count) {
  std::vector<Hash> leaves;
  for (std::uint64_t i = 0; i < count; ++i)
    leaves.push_back(audit::hash_leaf(base::bytes_of(std::to_string(i))));
  return leaves;
}

// MTH as RFC 6962 section 2.1 defines it, word by word.
Hash tree_hash(std::span<const Hash> leaves) {
  if (leaves.empty()) return crypto::sha256(base::ByteView{});
  if (leaves.size() == 1) return leaves.front();
  const auto k = std::bit_floor(leaves.size() - 1);
  return audit::hash_node(tree_hash(leaves.first(k)), tree_hash(leaves.subspan(k)));
}

audit::Proof proof_of(std::span<const LeafRange> ranges, std::span<const Hash> leaves) {
  audit::Proof proof;
  for (const auto range : ranges)
    proof.push_back(tree_hash(leaves.subspan(range.first, range.last - range.first)));
  return proof;
}

Hash other(Hash hash) {
  hash[7] ^= 1;
  return hash;
}

}  // namespace

TEST_CASE("the frontier gives the roots of the RFC 6962 reference tree") {
  audit::Frontier frontier;
  CHECK(base::encode_hex(frontier.root()) == reference_roots[0]);
  for (std::size_t i = 0; i < reference_leaves.size(); ++i) {
    frontier.append(audit::hash_leaf(*base::decode_hex(reference_leaves[i])));
    CHECK(base::encode_hex(frontier.root()) == reference_roots[i + 1]);
  }
}

TEST_CASE("a frontier that was written and read back goes on as if it had not been") {
  const auto leaves = some_leaves(70);
  audit::Frontier straight;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const auto again = audit::Frontier::parse(straight.size(), straight.bytes());
    REQUIRE(again);
    CHECK(again->root() == tree_hash(std::span(leaves).first(i)));
    straight = *again;
    straight.append(leaves[i]);
  }
  CHECK_FALSE(audit::Frontier::parse(71, straight.bytes()));
  CHECK_FALSE(audit::Frontier::parse(69, base::Bytes(31)));
}

TEST_CASE("an inclusion proof holds for its leaf, place and tree, and for nothing else") {
  const auto leaves = some_leaves(34);
  for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
    const auto tree = std::span(leaves).first(size);
    const Hash root = tree_hash(tree);
    for (std::uint64_t index = 0; index < size; ++index) {
      auto proof = proof_of(audit::inclusion_ranges(index, size), tree);
      REQUIRE(audit::verify_inclusion(index, size, leaves[index], proof, root));
      CHECK_FALSE(audit::verify_inclusion(index, size, other(leaves[index]), proof, root));
      CHECK_FALSE(audit::verify_inclusion(index, size, leaves[index], proof, other(root)));
      CHECK_FALSE(audit::verify_inclusion(size, size, leaves[index], proof, root));
      proof.push_back(root);
      CHECK_FALSE(audit::verify_inclusion(index, size, leaves[index], proof, root));
      proof.pop_back();
      if (proof.empty()) continue;
      CHECK_FALSE(audit::verify_inclusion(index ^ 1, size, leaves[index], proof, root));
      proof[proof.size() / 2] = other(proof[proof.size() / 2]);
      CHECK_FALSE(audit::verify_inclusion(index, size, leaves[index], proof, root));
      proof.pop_back();
      CHECK_FALSE(audit::verify_inclusion(index, size, leaves[index], proof, root));
    }
  }
}

TEST_CASE("a consistency proof holds for two sizes of one log, and for nothing else") {
  const auto leaves = some_leaves(34);
  for (std::uint64_t size = 0; size <= leaves.size(); ++size) {
    const auto tree = std::span(leaves).first(size);
    const Hash root = tree_hash(tree);
    for (std::uint64_t old_size = 0; old_size <= size; ++old_size) {
      const Hash old_root = tree_hash(tree.first(old_size));
      auto proof = proof_of(audit::consistency_ranges(old_size, size), tree);
      REQUIRE(audit::verify_consistency(old_size, size, old_root, root, proof));
      CHECK_FALSE(audit::verify_consistency(size + 1, size, old_root, root, proof));
      if (old_size == 0) continue;
      CHECK_FALSE(audit::verify_consistency(old_size, size, other(old_root), root, proof));
      CHECK_FALSE(audit::verify_consistency(old_size, size, old_root, other(root), proof));
      proof.push_back(root);
      CHECK_FALSE(audit::verify_consistency(old_size, size, old_root, root, proof));
      proof.pop_back();
      if (proof.empty()) continue;
      proof.front() = other(proof.front());
      CHECK_FALSE(audit::verify_consistency(old_size, size, old_root, root, proof));
      proof.pop_back();
      CHECK_FALSE(audit::verify_consistency(old_size, size, old_root, root, proof));
    }
  }
}
