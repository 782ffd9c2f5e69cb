// base64url in vector steps against the plain code: the same verdict and the same bytes, and back to the same
// text.
#include <cstdlib>

#include "core/base/base64_simd.h"
#include "core/base/encoding.h"

using namespace authctl::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const std::string text(text_of(bytes));
  for (const Padding padding : {Padding::absent, Padding::present}) {
    use_base64_engine(Base64Engine::plain);
    const auto plain = decode_base64url(text, padding);
    const auto plain_text = encode_base64url(bytes, padding);
    use_base64_engine(Base64Engine::automatic);
    if (decode_base64url(text, padding) != plain || encode_base64url(bytes, padding) != plain_text)
      std::abort();
    if (plain && encode_base64url(*plain, padding) != text) std::abort();
    if (decode_base64url(plain_text, padding) != Bytes(bytes.begin(), bytes.end())) std::abort();
  }
  return 0;
}
