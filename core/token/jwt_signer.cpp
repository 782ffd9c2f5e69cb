#include <charconv>

#include "core/token/jwt.h"

namespace authctl::token {
namespace {

namespace json = base::json;

void append_encoded(std::string& out, base::ByteView bytes) {
  const auto start = out.size();
  out.resize(start + base::base64url_size(bytes.size(), base::Padding::absent));
  base::encode_base64url(bytes, base::Padding::absent, std::span(out).subspan(start));
}

void append_json(std::string& out, const json::value& value);

void append_object(std::string& out, const json::object& object) {
  out += '{';
  for (const auto& member : object) {
    if (out.back() != '{') out += ',';
    base::append_json_string(out, member.key());
    out += ':';
    append_json(out, member.value());
  }
  out += '}';
}

// Claims in the order they have, straight into a string that keeps its room.
void append_json(std::string& out, const json::value& value) {
  if (const auto* text = value.if_string()) {
    base::append_json_string(out, *text);
  } else if (const auto* object = value.if_object()) {
    append_object(out, *object);
  } else if (const auto* number = value.if_int64()) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, *number).ptr);
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& item : *array) {
      if (&item != array->data()) out += ',';
      append_json(out, item);
    }
    out += ']';
  } else {
    out += json::serialize(value);
  }
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
  payload_.clear();
  append_object(payload_, claims);
  signature_.resize(signer_.signature_size());
  std::string token;
  token.reserve(header_.size() + (payload_.size() + signature_.size()) * 4 / 3 + 8);
  token.append(header_).push_back('.');
  append_encoded(token, base::bytes_of(payload_));
  signer_.sign(token, signature_);
  token.push_back('.');
  append_encoded(token, signature_);
  return token;
}

}  // namespace authctl::token
