#include "core/audit/evidence.h"

#include "core/audit/evidence_fields.h"

namespace authctl::audit {
namespace {

using base::json::object;
using base::json::value;

Hash hash_from(std::string_view encoded, const std::string& what) {
  if (const auto hash = evidence_hash(encoded)) return *hash;
  evidence_altered(what + " holds what is no hash");
}

Proof path_of(const object& proof, const std::string& what) {
  Proof path;
  for (const auto& step : evidence_member(proof, "path", base::json::kind::array, what).as_array()) {
    if (!step.is_string()) evidence_altered(what + " holds what is no hash");
    path.push_back(hash_from(step.as_string(), what));
  }
  return path;
}

}  // namespace

Checkpoint check_checkpoint(std::string_view text, const VerifierKey& key, const std::string& what) {
  const auto note = parse_note(text);
  if (!note) evidence_altered(what + " is no signed note");
  if (note->checkpoint.origin != key.name)
    throw EvidenceProblem{LogVerdict::unverifiable, "the public key is of another log than " + what};
  if (!verify_note(*note, key)) evidence_altered(what + " does not carry the log's signature");
  if (note->checkpoint.kind != NoteKind::head) evidence_altered(what + " was signed for another purpose");
  return note->checkpoint;
}

CheckedProof check_proof(const object& proof, const VerifierKey& key, const std::string& what) {
  CheckedProof checked;
  checked.seq = evidence_number(proof, "seq", what);
  const auto record = evidence_text(proof, "record", what);
  checked.checkpoint =
      check_checkpoint(evidence_text(proof, "checkpoint", what), key, what + ": the checkpoint");
  const auto size = checked.checkpoint.size;
  if (checked.seq < 1 || static_cast<std::uint64_t>(checked.seq) > size ||
      evidence_number(proof, "leaf_index", what) != checked.seq - 1 ||
      evidence_number(proof, "size", what) != static_cast<std::int64_t>(size))
    evidence_altered(what + ": its place is not one of the tree that was signed", checked.seq);
  const Hash leaf = hash_leaf(base::bytes_of(record));
  if (hash_from(evidence_text(proof, "leaf", what), what) != leaf)
    evidence_altered(what + ": the record is not the one that was hashed", checked.seq);
  if (hash_from(evidence_text(proof, "root", what), what) != checked.checkpoint.root ||
      !verify_inclusion(static_cast<std::uint64_t>(checked.seq) - 1, size, leaf, path_of(proof, what),
                        checked.checkpoint.root))
    evidence_altered(what + ": the entry does not lead to the tree that was signed", checked.seq);
  auto parsed = base::parse_json(record);
  if (!parsed || !parsed->is_object()) evidence_altered(what + ": the record is no object", checked.seq);
  checked.record = std::move(parsed->as_object());
  if (evidence_number(checked.record, "seq", what) != checked.seq)
    evidence_altered(what + ": the record is of another entry", checked.seq);
  return checked;
}

std::string receipt_text(const object& receipt) { return base::canonical_json(receipt) + '\n'; }

namespace {

std::string digest_in(const object& record) {
  const auto detail = base::parse_json(evidence_text(record, "detail", "the receipt's entry"));
  if (!detail || !detail->is_object()) evidence_altered("the receipt's entry has no digest");
  return evidence_text(detail->as_object(), "receipt_sha256", "the receipt's entry");
}

void check_receipt(std::string_view file, const VerifierKey& key, Verification& result) {
  const auto parsed = base::parse_json(file);
  if (!parsed || !parsed->is_object()) evidence_altered("it is no receipt");
  const auto& whole = parsed->as_object();
  const auto* receipt = whole.if_contains("receipt");
  const auto* proof = whole.if_contains("proof");
  if (whole.size() != 3 || !receipt || !receipt->is_object() || !proof || !proof->is_object())
    evidence_altered("it is no receipt");
  const auto checked = check_proof(proof->as_object(), key, "the proof");
  result.size = static_cast<std::int64_t>(checked.checkpoint.size);
  result.root = checked.checkpoint.root;
  if (evidence_text(checked.record, "action", "the receipt's entry") != "incident.receipt")
    evidence_altered("the proof is not of a receipt", checked.seq);
  const auto digest = crypto::sha256(base::bytes_of(base::canonical_json(*receipt)));
  if (digest_in(checked.record) != base::encode_base64(digest))
    evidence_altered("the receipt is not the one that entry " + std::to_string(checked.seq) + " tells of",
                     checked.seq);
  if (evidence_text(whole, "public_key", "the receipt") != format_verifier_key(key))
    evidence_altered("the public key in it is not the one it was signed with");
  if (receipt_text(whole) != file) evidence_altered("its bytes are not those that were written");
  result.entries = 1;
}

}  // namespace

Verification verify_receipt(std::string_view text, const VerifierKey& key) {
  return verify_evidence([&](Verification& result) { check_receipt(text, key, result); });
}

}  // namespace authctl::audit
