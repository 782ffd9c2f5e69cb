// A signed tree head: C2SP tlog-checkpoint inside a C2SP signed note. Whoever keeps one, and has the public
// key, notices offline when the log behind it was rewritten or cut. Invariant: parse_note() takes nothing
// that format_note() would not have written, so a note has one meaning.
#pragma once
#include <string>
#include <string_view>

#include "core/audit/merkle.h"
#include "core/crypto/ed25519.h"

namespace authctl::audit {

// The name under which a store signs: "authctl/<store id>". It is the key's name and the checkpoint's origin.
std::string origin_of(std::string_view store_id);

// What a head is signed for: the log as it stands, or the place up to which it was pruned. A head can
// therefore not be passed off as leave to forget what lies below it.
enum class NoteKind { head, pruned };

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
  NoteKind kind = NoteKind::head;  // pruned: an extension line after the root
};

// A verifier key in its text form: name+hash+base64(0x01 || key), as `vkey` of the signed-note specification.
struct VerifierKey {
  std::string name;
  crypto::Ed25519Public key{};
};
std::string format_verifier_key(const VerifierKey& key);
std::optional<VerifierKey> parse_verifier_key(std::string_view text);

// Four bytes: SHA-256(name || LF || 0x01 || key), cut.
std::array<std::uint8_t, 4> key_id_of(const VerifierKey& key);

struct SignedNote {
  Checkpoint checkpoint;
  std::string_view signed_text;  // within the text that was parsed
  std::string signer;
  std::array<std::uint8_t, 4> key_id{};
  base::Bytes signature;
};

std::string format_note(const Checkpoint& checkpoint, const crypto::Ed25519Signer& signer);
// Takes notes with further signatures (of witnesses) too, and picks the one whose name is the origin.
std::optional<SignedNote> parse_note(std::string_view note);
bool verify_note(const SignedNote& note, const VerifierKey& key);

}  // namespace authctl::audit
