#include "core/audit/evidence.h"

namespace authctl::audit {
namespace {

using base::json::object;
using base::json::value;

[[noreturn]] void altered(std::string problem, std::optional<std::int64_t> seq = std::nullopt) {
  throw EvidenceProblem{LogVerdict::altered, std::move(problem), seq};
}

std::int64_t number(const object& from, std::string_view member, const std::string& what) {
  const auto* held = from.if_contains(member);
  if (!held || !held->is_int64()) altered(what + " has no " + std::string(member));
  return held->as_int64();
}

std::string text(const object& from, std::string_view member, const std::string& what) {
  const auto* held = from.if_contains(member);
  if (!held || !held->is_string()) altered(what + " has no " + std::string(member));
  return std::string(held->as_string());
}

Hash hash_from(std::string_view encoded, const std::string& what) {
  const auto bytes = base::decode_base64(encoded);
  Hash hash;
  if (!bytes || bytes->size() != hash.size()) altered(what + " holds what is no hash");
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

Proof path_of(const object& proof, const std::string& what) {
  const auto* held = proof.if_contains("path");
  if (!held || !held->is_array()) altered(what + " has no path");
  Proof path;
  for (const auto& step : held->as_array()) {
    if (!step.is_string()) altered(what + " holds what is no hash");
    path.push_back(hash_from(step.as_string(), what));
  }
  return path;
}

}  // namespace

Checkpoint check_checkpoint(std::string_view text, const VerifierKey& key, const std::string& what) {
  const auto note = parse_note(text);
  if (!note) altered(what + " is no signed note");
  if (note->checkpoint.origin != key.name)
    throw EvidenceProblem{LogVerdict::unverifiable, "the public key is of another log than " + what};
  if (!verify_note(*note, key)) altered(what + " does not carry the log's signature");
  if (note->checkpoint.kind != NoteKind::head) altered(what + " was signed for another purpose");
  return note->checkpoint;
}

CheckedProof check_proof(const object& proof, const VerifierKey& key, const std::string& what) {
  CheckedProof checked;
  checked.seq = number(proof, "seq", what);
  const auto record = text(proof, "record", what);
  checked.checkpoint = check_checkpoint(text(proof, "checkpoint", what), key, what + ": the checkpoint");
  const auto size = checked.checkpoint.size;
  if (checked.seq < 1 || static_cast<std::uint64_t>(checked.seq) > size ||
      number(proof, "leaf_index", what) != checked.seq - 1 ||
      number(proof, "size", what) != static_cast<std::int64_t>(size))
    altered(what + ": its place is not one of the tree that was signed", checked.seq);
  const Hash leaf = hash_leaf(base::bytes_of(record));
  if (hash_from(text(proof, "leaf", what), what) != leaf)
    altered(what + ": the record is not the one that was hashed", checked.seq);
  if (hash_from(text(proof, "root", what), what) != checked.checkpoint.root ||
      !verify_inclusion(static_cast<std::uint64_t>(checked.seq) - 1, size, leaf, path_of(proof, what),
                        checked.checkpoint.root))
    altered(what + ": the entry does not lead to the tree that was signed", checked.seq);
  auto parsed = base::parse_json(record);
  if (!parsed || !parsed->is_object()) altered(what + ": the record is no object", checked.seq);
  checked.record = std::move(parsed->as_object());
  if (number(checked.record, "seq", what) != checked.seq)
    altered(what + ": the record is of another entry", checked.seq);
  return checked;
}

std::string receipt_text(const object& receipt) { return base::canonical_json(receipt) + '\n'; }

namespace {

std::string digest_in(const object& record) {
  const auto detail = base::parse_json(text(record, "detail", "the receipt's entry"));
  if (!detail || !detail->is_object()) altered("the receipt's entry has no digest");
  return text(detail->as_object(), "receipt_sha256", "the receipt's entry");
}

void check_receipt(std::string_view file, const VerifierKey& key, Verification& result) {
  const auto parsed = base::parse_json(file);
  if (!parsed || !parsed->is_object()) altered("it is no receipt");
  const auto& whole = parsed->as_object();
  const auto* receipt = whole.if_contains("receipt");
  const auto* proof = whole.if_contains("proof");
  if (whole.size() != 3 || !receipt || !receipt->is_object() || !proof || !proof->is_object())
    altered("it is no receipt");
  const auto checked = check_proof(proof->as_object(), key, "the proof");
  result.size = static_cast<std::int64_t>(checked.checkpoint.size);
  result.root = checked.checkpoint.root;
  if (text(checked.record, "action", "the receipt's entry") != "incident.receipt")
    altered("the proof is not of a receipt", checked.seq);
  const auto digest = crypto::sha256(base::bytes_of(base::canonical_json(*receipt)));
  if (digest_in(checked.record) != base::encode_base64(digest))
    altered("the receipt is not the one that entry " + std::to_string(checked.seq) + " tells of",
            checked.seq);
  if (text(whole, "public_key", "the receipt") != format_verifier_key(key))
    altered("the public key in it is not the one it was signed with");
  if (receipt_text(whole) != file) altered("its bytes are not those that were written");
  result.entries = 1;
}

}  // namespace

Verification verify_receipt(std::string_view text, const VerifierKey& key) {
  Verification result;
  try {
    check_receipt(text, key, result);
  } catch (const EvidenceProblem& found) {
    result.verdict = found.verdict;
    result.problem = found.problem;
    result.first_bad_seq = found.seq;
  }
  return result;
}

}  // namespace authctl::audit
