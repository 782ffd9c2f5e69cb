// Signed notes and verifier keys, which come from files of other people. What is read is written back the
// same.
#include "core/audit/checkpoint.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto key = audit::parse_verifier_key(text)) {
    fuzz::claim(audit::format_verifier_key(*key) == text, "a verifier key has two spellings");
  }
  if (const auto note = audit::parse_note(text)) {
    fuzz::claim(text.find(note->signed_text) == 0, "the signed text is not the beginning of the note");
    audit::VerifierKey stranger;
    stranger.name = note->signer;
    fuzz::claim(!audit::verify_note(*note, stranger), "a note verifies with a key of zeros");
  }
  return 0;
}
