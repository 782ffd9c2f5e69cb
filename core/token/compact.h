// A token in JWS compact form (RFC 7515 section 3.1) taken apart and read, before anything in it is believed.
// Invariant: one accepted text for one token: three segments of unpadded, canonical base64url; the header and
// the claims set each one strict JSON object.
#pragma once
#include <optional>
#include <string_view>

#include "core/base/json.h"

namespace authctl::token {

struct CompactToken {
  std::string_view header, payload, signature;  // still encoded
  std::string_view signing_input;               // header "." payload
};

// Looks for the first two dots only: a third one is in the signature, where no dot decodes.
std::optional<CompactToken> split_compact(std::string_view token, std::size_t max_bytes);

// The header parameters that are looked at. jku, jwk, x5u, x5c and unknown ones are not (RFC 8725
// section 3.10).
struct HeaderFields {
  std::string_view alg, kid, typ;
  bool has_kid = false;
};
// Nothing where `alg` is missing, one of them is no string, or crit, b64 or zip is there (RFC 7515
// section 4.1.11: no extension is understood here; RFC 7797 section 7: b64 is not for JWTs).
std::optional<HeaderFields> read_header(const base::json::object& header);

// The registered claims (RFC 7519 section 4.1), times in milliseconds, and `type`.
struct ClaimFields {
  const base::json::value *iss = nullptr, *sub = nullptr, *aud = nullptr, *type = nullptr;
  std::optional<double> exp, nbf, iat;
};
// Nothing where one has the wrong JSON type, `sub` is empty, or a time lies outside 1970 to 9999.
std::optional<ClaimFields> read_claims(const base::json::object& claims);

}  // namespace authctl::token
