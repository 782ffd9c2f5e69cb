#include "core/token/jwt.h"

namespace authctl::token {
namespace {

namespace json = base::json;

void append_encoded(std::string& out, base::ByteView bytes) {
  const auto start = out.size();
  out.resize(start + base::base64url_size(bytes.size(), base::Padding::absent));
  base::encode_base64url(bytes, base::Padding::absent, std::span(out).subspan(start));
}

}  // namespace

Signer::Signer(const Jwk& key) : kid_(key.kid), signer_(key.material) {}

std::string Signer::sign(std::string_view typ, const json::object& claims) {
  if (header_.empty() || typ != typ_) {
    json::object header{{"alg", crypto::name_of(signer_.algorithm())}};
    if (!typ.empty()) header["typ"] = typ;
    if (!kid_.empty()) header["kid"] = kid_;
    const auto text = json::serialize(header);
    typ_ = typ;
    header_ = base::encode_base64url(base::bytes_of(text));
  }
  const auto payload = json::serialize(claims);
  base::Bytes signature(signer_.signature_size());
  std::string token;
  token.reserve(header_.size() + (payload.size() + signature.size()) * 4 / 3 + 8);
  token.append(header_).push_back('.');
  append_encoded(token, base::bytes_of(payload));
  signer_.sign(token, signature);
  token.push_back('.');
  append_encoded(token, signature);
  return token;
}

}  // namespace authctl::token
