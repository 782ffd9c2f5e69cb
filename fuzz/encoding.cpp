// Encodings from outside: what one of them takes is the one text that it would have written, and every byte
// string comes back.
#include "core/base/encoding.h"

#include "core/base/text.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const base::Bytes bytes(data, data + size);
  if (const auto read = base::decode_base64url(text))
    fuzz::claim(base::encode_base64url(*read) == text, "base64url: two texts");
  if (const auto read = base::decode_base64(text))
    fuzz::claim(base::encode_base64(*read) == text, "base64: two texts");
  if (const auto read = base::decode_hex(text))
    fuzz::claim(base::encode_hex(*read) == base::fold_ascii(text), "hex: two texts");
  if (const auto read = base::decode_base32(text)) {
    const auto written = base::encode_base32(*read);
    const auto digits = text.substr(0, text.find('='));
    fuzz::claim(base::fold_ascii(written) == base::fold_ascii(digits), "base32: two texts");
  }
  fuzz::claim(base::decode_base64url(base::encode_base64url(bytes)) == bytes, "base64url does not come back");
  fuzz::claim(base::decode_base64(base::encode_base64(bytes)) == bytes, "base64 does not come back");
  fuzz::claim(base::decode_base32(base::encode_base32(bytes)) == bytes, "base32 does not come back");
  fuzz::claim(base::decode_hex(base::encode_hex(bytes)) == bytes, "hex does not come back");
  return 0;
}
