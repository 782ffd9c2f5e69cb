// HMAC (RFC 2104) with the hashes of one-time codes. SHA-1 is here for those alone: RFC 6238 has it as its
// default.
#pragma once
#include "core/base/encoding.h"

namespace authctl::crypto {

enum class MacHash { sha1, sha256, sha512 };

base::Bytes hmac(MacHash hash, base::ByteView key, base::ByteView message);

}  // namespace authctl::crypto
