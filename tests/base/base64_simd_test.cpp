#include "core/base/base64_simd.h"

#include <random>

#include "core/base/encoding.h"
#include "tests/support/catch.h"

using namespace authctl::base;

namespace {
// Runs `work` with the plain code only.
template <class Work>
auto plainly(Work work) {
  use_base64_engine(Base64Engine::plain);
  auto result = work();
  use_base64_engine(Base64Engine::automatic);
  return result;
}

Bytes some_bytes(std::mt19937& generator, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(generator());
  return bytes;
}
}  // namespace

TEST_CASE("base64url in steps writes what the plain code writes, for every length and padding") {
  std::mt19937 generator(1);
  for (std::size_t size = 0; size < 400; ++size) {
    const Bytes bytes = some_bytes(generator, size);
    for (const Padding padding : {Padding::absent, Padding::present}) {
      const std::string text = encode_base64url(bytes, padding);
      REQUIRE(text == plainly([&] { return encode_base64url(bytes, padding); }));
      REQUIRE(text.size() == base64url_size(size, padding));
      REQUIRE(decode_base64url(text, padding) == bytes);
    }
  }
}

TEST_CASE("base64url in steps refuses at each place each character that the plain code refuses") {
  std::mt19937 generator(2);
  const std::string good =
      encode_base64url(some_bytes(generator, 63));  // 84 characters: two steps and a rest
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string text = good;
      text[at] = static_cast<char>(c);
      const auto quick = decode_base64url(text);
      REQUIRE(quick == plainly([&] { return decode_base64url(text); }));
      if (quick) REQUIRE(encode_base64url(*quick) == text);
    }
  }
}

TEST_CASE("base64url in steps stays inside its buffers") {
  std::mt19937 generator(3);
  for (std::size_t size = 0; size < 200; ++size) {
    const Bytes bytes = some_bytes(generator, size);
    const std::size_t length = base64url_size(size, Padding::present);
    std::string out(length + 64, '#');
    REQUIRE(encode_base64url(bytes, Padding::present, std::span(out.data(), length)) == length);
    REQUIRE(out.substr(length) == std::string(64, '#'));
    Bytes back(size + 64 + 2, 0xee);
    const std::size_t room = length / 4 * 3;
    REQUIRE(decode_base64url(out.substr(0, length), Padding::present, std::span(back.data(), room)) == size);
    for (std::size_t i = room; i < back.size(); ++i) REQUIRE(back[i] == 0xee);
  }
}

TEST_CASE("base64url with padding takes no other amount of it") {
  CHECK(decode_base64url("Zm9vYg==", Padding::present).has_value());
  CHECK(decode_base64url("Zm9v", Padding::present).has_value());
  CHECK(decode_base64url("", Padding::present).has_value());
  for (const char* refused :
       {"Zm9vYg", "Zm9vYg=", "Zm9vYg===", "Zm9v====", "=", "====", "Zm9vY===", "Zm=v", "Zm9vYh=="}) {
    CHECK_FALSE(decode_base64url(refused, Padding::present));
  }
}
