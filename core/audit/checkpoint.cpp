#include "core/audit/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "core/base/text.h"

namespace authctl::audit {
namespace {

constexpr std::uint8_t ed25519_algorithm[] = {0x01};
constexpr std::string_view pruned_line = "pruned\n";
constexpr std::string_view signature_mark = "\u2014 ";  // an em dash and a blank

std::string text_of_checkpoint(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin + '\n' + std::to_string(checkpoint.size) + '\n' +
                     base::encode_base64(checkpoint.root) + '\n';
  if (checkpoint.kind == NoteKind::pruned) text += pruned_line;
  return text;
}

// Takes the text up to the next LF off the front; nothing where there is no LF.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto origin = take_line(text), size = take_line(text), root = take_line(text);
  if (!origin || origin->empty() || !size || !root) return std::nullopt;
  Checkpoint checkpoint;
  if (text == pruned_line)
    checkpoint.kind = NoteKind::pruned;
  else if (!text.empty())
    return std::nullopt;
  checkpoint.origin = *origin;
  const auto end = size->data() + size->size();
  const auto read = std::from_chars(size->data(), end, checkpoint.size);
  if (read.ec != std::errc{} || read.ptr != end || std::to_string(checkpoint.size) != *size)
    return std::nullopt;
  const auto hash = base::decode_base64(*root);
  if (!hash || hash->size() != checkpoint.root.size()) return std::nullopt;
  std::copy(hash->begin(), hash->end(), checkpoint.root.begin());
  return checkpoint;
}

}  // namespace

std::string origin_of(std::string_view store_id) { return "authctl/" + std::string(store_id); }

std::array<std::uint8_t, 4> key_id_of(const VerifierKey& key) {
  const auto digest =
      crypto::sha256({base::bytes_of(key.name), base::bytes_of("\n"), ed25519_algorithm, key.key});
  return {digest[0], digest[1], digest[2], digest[3]};
}

std::string format_verifier_key(const VerifierKey& key) {
  base::Bytes typed(std::begin(ed25519_algorithm), std::end(ed25519_algorithm));
  typed.insert(typed.end(), key.key.begin(), key.key.end());
  return key.name + '+' + base::encode_hex(key_id_of(key)) + '+' + base::encode_base64(typed);
}

std::optional<VerifierKey> parse_verifier_key(std::string_view text) {
  const auto first = text.find('+');
  const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos || first == 0) return std::nullopt;
  const auto typed = base::decode_base64(text.substr(second + 1));
  if (!typed || typed->size() != 33 || typed->front() != ed25519_algorithm[0]) return std::nullopt;
  VerifierKey key{std::string(text.substr(0, first)), {}};
  std::copy(typed->begin() + 1, typed->end(), key.key.begin());
  if (base::encode_hex(key_id_of(key)) != text.substr(first + 1, second - first - 1)) return std::nullopt;
  return key;
}

std::string format_note(const Checkpoint& checkpoint, const crypto::Ed25519Signer& signer) {
  std::string note = text_of_checkpoint(checkpoint);
  const auto signature = signer.sign(base::bytes_of(note));
  const auto id = key_id_of({checkpoint.origin, signer.public_key()});
  base::Bytes signed_bytes(id.begin(), id.end());
  signed_bytes.insert(signed_bytes.end(), signature.begin(), signature.end());
  note += '\n';
  note += signature_mark;
  note += checkpoint.origin;
  note += ' ';
  note += base::encode_base64(signed_bytes);
  note += '\n';
  return note;
}

std::optional<SignedNote> parse_note(std::string_view note) {
  if (note.size() > 65536 || !base::is_utf8(note)) return std::nullopt;
  const auto blank = note.find("\n\n");
  if (blank == std::string_view::npos) return std::nullopt;
  SignedNote parsed;
  parsed.signed_text = note.substr(0, blank + 1);
  auto checkpoint = parse_checkpoint(parsed.signed_text);
  if (!checkpoint) return std::nullopt;
  parsed.checkpoint = std::move(*checkpoint);
  std::string_view rest = note.substr(blank + 2);
  bool found = false;
  while (!rest.empty()) {
    auto line = take_line(rest);
    if (!line || !line->starts_with(signature_mark)) return std::nullopt;
    line->remove_prefix(signature_mark.size());
    const auto space = line->find(' ');
    if (space == std::string_view::npos || space == 0) return std::nullopt;
    const auto bytes = base::decode_base64(line->substr(space + 1));
    if (!bytes || bytes->size() < 5) return std::nullopt;
    if (found || line->substr(0, space) != parsed.checkpoint.origin) continue;
    found = true;
    parsed.signer = line->substr(0, space);
    std::copy_n(bytes->begin(), parsed.key_id.size(), parsed.key_id.begin());
    parsed.signature.assign(bytes->begin() + 4, bytes->end());
  }
  return found ? std::optional(std::move(parsed)) : std::nullopt;
}

bool verify_note(const SignedNote& note, const VerifierKey& key) {
  return note.checkpoint.origin == key.name && note.key_id == key_id_of(key) &&
         crypto::verify_ed25519(key.key, base::bytes_of(note.signed_text), note.signature);
}

}  // namespace authctl::audit
