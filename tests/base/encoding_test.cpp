#include "core/base/encoding.h"

#include "tests/support/catch.h"

using namespace authctl::base;

TEST_CASE("base64url has one accepted text for each byte string") {
  CHECK(encode_base64url(bytes_of("foob")) == "Zm9vYg");
  CHECK(text_of(decode_base64url("Zm9vYg").value()) == "foob");
  for (const char* refused : {"Zm9vYg==", "Zm9vYh", "Zm9 vYg", "Z", "Zm+/"})
    CHECK_FALSE(decode_base64url(refused));
}
