// A keyed blind index: what stands in an indexed column in place of a text that is sealed beside it, so that
// equality can be looked up and nothing else be told. HMAC-SHA-256 (RFC 2104, libsodium) under a key derived
// from the data key. Invariant: the same text in two columns has two tokens that tell nothing of each other;
// a token begins with `#`, which no name, e-mail address or permission is.
#pragma once
#include <string>
#include <string_view>

#include "core/base/secret.h"

namespace authctl::crypto {

class BlindIndex {
 public:
  explicit BlindIndex(base::Secret key) : key_(std::move(key)) {}
  // `column`: "table/column"; `#` and 43 characters of base64url.
  std::string token(std::string_view column, std::string_view text) const;
  static bool is_token(std::string_view text) { return text.size() == 44 && text[0] == '#'; }

 private:
  base::Secret key_;
};

}  // namespace authctl::crypto
