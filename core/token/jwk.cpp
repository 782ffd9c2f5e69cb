#include "core/token/jwk.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/crypto/digest.h"

namespace authctl::token {
namespace {

namespace json = base::json;
using crypto::Algorithm;

constexpr std::size_t max_text_bytes = 1 << 20;

[[noreturn]] void refuse(std::string message) {
  throw base::Error(base::ErrorCode::invalid, std::move(message),
                    "a key as RFC 7517 or PEM has it; authctl key generate makes one");
}

// Private members pass through here while a key is read: what it gave is wiped when it comes back. Boost.JSON
// does not always name the same alignment twice, and never one beyond that of plain `new`.
class WipingMemory final : public json::memory_resource {
  void* do_allocate(std::size_t size, std::size_t) override { return ::operator new(size); }
  void do_deallocate(void* data, std::size_t size, std::size_t) override {
    base::wipe(data, size);
    ::operator delete(data);
  }
  bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }
};

std::optional<std::string_view> text_member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse("the member " + base::quote(name) + " of the key is no string");
  return std::string_view(value->get_string());
}

base::Secret secret_member(const json::object& object, std::string_view name) {
  const auto text = text_member(object, name);
  if (!text) refuse("the key has no member " + base::quote(name));
  auto bytes = base::Secret::zeroed(text->size() * 3 / 4);
  const auto size = base::decode_base64url(*text, bytes.writable());
  if (!size || *size != bytes.size())
    refuse("the member " + base::quote(name) + " of the key is no strict base64url");
  if (*size == 0) refuse("the member " + base::quote(name) + " of the key is empty");
  return bytes;
}

base::Bytes public_member(const json::object& object, std::string_view name) {
  const auto bytes = secret_member(object, name);
  return {bytes.reveal().begin(), bytes.reveal().end()};
}

std::optional<Algorithm> algorithm_of_type(std::string_view kty) {
  for (const auto algorithm : crypto::all_algorithms) {
    if (crypto::key_type_of(algorithm) == kty) return algorithm;
  }
  return std::nullopt;
}

std::string unsupported(std::string_view what, std::string_view value) {
  return "unsupported_algorithm: the key has " + std::string(what) + " " + base::quote(value);
}

// RFC 7517 sections 4.2 and 4.3.
std::optional<std::string> forbidden_use(const json::object& object) {
  const auto use = text_member(object, "use");
  if (use && *use != "sig") return "the key is not for signatures: use " + base::quote(*use);
  const auto* operations = object.if_contains("key_ops");
  if (operations == nullptr) return std::nullopt;
  if (!operations->is_array()) refuse("key_ops is no array");
  bool for_signatures = false;
  std::unordered_set<std::string_view> seen;
  for (const auto& operation : operations->get_array()) {
    if (!operation.is_string()) refuse("key_ops holds something else than a string");
    const std::string_view name = operation.get_string();
    if (!seen.insert(name).second) refuse("key_ops names an operation twice");
    for_signatures = for_signatures || name == "sign" || name == "verify";
  }
  if (!for_signatures) return "the key is not for signatures: key_ops has neither sign nor verify";
  return std::nullopt;
}

// What a set may hold beside our keys: why this one is not ours, or nothing.
std::optional<std::string> foreign(const json::object& object) {
  const auto kty = text_member(object, "kty");
  if (!kty) refuse("the key has no member \"kty\"");
  const auto algorithm = algorithm_of_type(*kty);
  if (!algorithm) return unsupported("kty", *kty);
  if (const auto alg = text_member(object, "alg"); alg && !crypto::algorithm_named(*alg))
    return unsupported("alg", *alg);
  if (*algorithm == Algorithm::es256 || *algorithm == Algorithm::eddsa) {
    const auto crv = text_member(object, "crv");
    if (!crv) refuse("the key has no member \"crv\"");
    if (*crv != (*algorithm == Algorithm::es256 ? "P-256" : "Ed25519")) return unsupported("crv", *crv);
  }
  return forbidden_use(object);
}

crypto::KeyMaterial read_material(const json::object& object, Algorithm algorithm) {
  crypto::KeyMaterial key;
  key.algorithm = algorithm;
  const bool has_private = object.contains("d");
  switch (algorithm) {
    case Algorithm::hs256:
      key.k = secret_member(object, "k");
      return key;
    case Algorithm::es256:
      key.y = public_member(object, "y");
      [[fallthrough]];
    case Algorithm::eddsa:
      key.x = public_member(object, "x");
      break;
    case Algorithm::rs256:
      key.n = public_member(object, "n"), key.e = public_member(object, "e");
      break;
  }
  if (algorithm == Algorithm::rs256) {
    if (object.contains("oth")) refuse("an RSA key of more than two primes is not supported");
    const std::pair<const char*, base::Secret*> parts[] = {
        {"p", &key.p}, {"q", &key.q}, {"dp", &key.dp}, {"dq", &key.dq}, {"qi", &key.qi}};
    for (const auto& [name, part] : parts) {
      if (has_private || object.contains(name)) *part = secret_member(object, name);
    }
  }
  if (has_private) key.d = secret_member(object, "d");
  return key;
}

Jwk read_key(const json::object& object) {
  const auto algorithm = *algorithm_of_type(*text_member(object, "kty"));
  const auto alg = text_member(object, "alg");
  if (alg && *alg != crypto::name_of(algorithm)) {
    refuse("the key says alg " + base::quote(*alg) + ", which its type " +
           std::string(crypto::key_type_of(algorithm)) + " cannot have");
  }
  Jwk key;
  if (const auto kid = text_member(object, "kid")) {
    if (kid->empty() || kid->size() > max_kid_bytes) refuse("the kid has 1 to 256 bytes");
    key.kid = *kid;
  }
  key.material = read_material(object, algorithm);
  crypto::check_key(key.material);
  return key;
}

json::value parse_object(std::string_view text, json::memory_resource& memory) {
  auto value = base::parse_json(text, {.max_bytes = max_text_bytes}, &memory);
  if (!value || !value->is_object()) refuse("the key is no strict JSON object");
  return std::move(*value);
}

Jwk read_single(const json::object& object) {
  if (const auto why = foreign(object)) refuse(*why);
  return read_key(object);
}

// The kid by which a member claims to be one of our keys, whether it then proves sound or not.
std::string_view claimed_kid(const json::object& object) {
  try {
    if (foreign(object)) return {};
    return text_member(object, "kid").value_or("");
  } catch (const base::Error&) {
    return {};  // read_set_member says what is wrong with it
  }
}

// Nothing where the member is passed over.
std::optional<Jwk> read_set_member(const json::object& object, BrokenKeys broken) {
  if (broken == BrokenKeys::refuse) {
    const auto kty = text_member(object, "kty");
    if (kty && !algorithm_of_type(*kty)) return std::nullopt;
    return read_single(object);
  }
  try {
    return read_single(object);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::invalid) throw;
    return std::nullopt;  // RFC 7517 section 5: values out of range are ignored
  }
}

std::vector<Jwk> read_set(const json::object& set, BrokenKeys broken) {
  const auto* members = set.if_contains("keys");
  if (members == nullptr || !members->is_array()) refuse("the key set has no array \"keys\"");
  const auto& array = members->get_array();
  if (array.size() > max_set_keys) {
    refuse("the key set holds " + std::to_string(array.size()) + " keys, more than " +
           std::to_string(max_set_keys));
  }
  std::vector<Jwk> keys;
  std::unordered_set<std::string_view> kids;
  for (const auto& member : array) {
    if (!member.is_object()) refuse("a member of the key set is no object");
    const auto kid = claimed_kid(member.get_object());
    if (!kid.empty() && !kids.insert(kid).second) {
      refuse("the kid " + base::quote(kid) + " stands twice in the key set");
    }
    if (auto key = read_set_member(member.get_object(), broken)) keys.push_back(std::move(*key));
  }
  return keys;
}

// Appends `"name":"base64url"`, without leaving a copy of a secret behind.
void append_part(std::string& out, std::string_view name, base::ByteView bytes) {
  if (bytes.empty()) return;
  auto text = base::encode_base64url(bytes);
  out.append(",\"").append(name).append("\":\"").append(text).append("\"");
  base::wipe(text.data(), text.size());
}

void append_private_jwk(std::string& out, const Jwk& key) {
  if (!key.is_private()) refuse("there is no private half to write");
  const auto& m = key.material;
  auto head = is_symmetric(m.algorithm) ? json::object{{"kty", "oct"}, {"alg", key.alg()}, {"use", "sig"}}
                                        : public_jwk(key);
  if (is_symmetric(m.algorithm) && !key.kid.empty()) head["kid"] = key.kid;
  out += json::serialize(head);
  out.pop_back();
  append_part(out, "d", m.d.reveal());
  append_part(out, "p", m.p.reveal()), append_part(out, "q", m.q.reveal());
  append_part(out, "dp", m.dp.reveal()), append_part(out, "dq", m.dq.reveal()),
      append_part(out, "qi", m.qi.reveal());
  append_part(out, "k", m.k.reveal());
  out += '}';
}

// The most that one key can take, so that a growing string never leaves a piece of it behind.
std::size_t room_for(const Jwk& key) {
  return 1024 + 6 * key.kid.size() + 8 * key.material.n.size() + 2 * max_kid_bytes +
         2 * key.material.k.size();
}

}  // namespace

std::string Jwk::thumbprint() const {
  const auto text = [](base::ByteView bytes) { return base::encode_base64url(bytes); };
  std::string members;
  switch (material.algorithm) {  // RFC 7638 section 3.2: the required members in this order
    case Algorithm::es256:
      members =
          R"({"crv":"P-256","kty":"EC","x":")" + text(material.x) + R"(","y":")" + text(material.y) + "\"}";
      break;
    case Algorithm::eddsa:
      members = R"({"crv":"Ed25519","kty":"OKP","x":")" + text(material.x) + "\"}";
      break;
    case Algorithm::rs256:
      members = R"({"e":")" + text(material.e) + R"(","kty":"RSA","n":")" + text(material.n) + "\"}";
      break;
    case Algorithm::hs256:
      members = R"({"k":")" + text(material.k.reveal()) + R"(","kty":"oct"})";
      break;
  }
  const auto print = text(crypto::sha256(base::bytes_of(members)));
  base::wipe(members.data(), members.size());
  return print;
}

Jwk generate_jwk(Algorithm algorithm, int bits, base::Random& random) {
  Jwk key{{}, crypto::generate_key(algorithm, bits, random)};
  key.kid = key.thumbprint();
  return key;
}

Jwk parse_jwk(std::string_view text) {
  WipingMemory memory;
  const auto value = parse_object(text, memory);
  return read_single(value.get_object());
}

std::vector<Jwk> parse_jwks(std::string_view text, BrokenKeys broken) {
  WipingMemory memory;
  const auto value = parse_object(text, memory);
  return read_set(value.get_object(), broken);
}

std::vector<Jwk> parse_keys(std::string_view text, const base::Secret* passphrase) {
  std::vector<Jwk> keys;
  if (text.starts_with("-----")) {
    keys.push_back({{}, crypto::parse_pem(text, passphrase)});
    return keys;
  }
  if (!text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size())).starts_with('{'))
    refuse("this is neither PEM nor a JWK nor a key set");
  WipingMemory memory;
  const auto value = parse_object(base::without_newline(text), memory);
  const auto& object = value.get_object();
  if (!object.contains("kty") && object.contains("keys")) return read_set(object, BrokenKeys::refuse);
  keys.push_back(read_single(object));
  return keys;
}

json::object public_jwk(const Jwk& key) {
  const auto& m = key.material;
  if (is_symmetric(m.algorithm)) refuse("a symmetric key is never published");
  json::object object{{"kty", key.kty()}};
  if (m.algorithm == Algorithm::es256) object["crv"] = "P-256";
  if (m.algorithm == Algorithm::eddsa) object["crv"] = "Ed25519";
  const std::pair<const char*, const base::Bytes*> parts[] = {
      {"x", &m.x}, {"y", &m.y}, {"n", &m.n}, {"e", &m.e}};
  for (const auto& [name, bytes] : parts) {
    if (!bytes->empty()) object[name] = base::encode_base64url(*bytes);
  }
  if (!key.kid.empty()) object["kid"] = key.kid;
  object["alg"] = key.alg();
  object["use"] = "sig";
  return object;
}

base::Secret format_private_jwk(const Jwk& key) {
  std::string out;
  out.reserve(room_for(key));
  append_private_jwk(out, key);
  return base::Secret::consume(std::move(out));
}

base::Secret format_private_jwks(std::span<const Jwk* const> keys) {
  std::string out;
  std::size_t room = 16;
  for (const auto* key : keys) room += room_for(*key);
  out.reserve(room);
  out += "{\"keys\":[";
  for (const auto* key : keys) {
    if (out.back() == '}') out += ',';
    append_private_jwk(out, *key);
  }
  out += "]}";
  return base::Secret::consume(std::move(out));
}

json::object public_jwks(std::span<const Jwk* const> keys) {
  json::array members;
  for (const auto* key : keys) {
    if (!is_symmetric(key->algorithm())) members.push_back(public_jwk(*key));
  }
  return {{"keys", std::move(members)}};
}

json::object describe_jwk(const Jwk& key) {
  return {{"kty", key.kty()},
          {"alg", key.alg()},
          {"bits", key.bits()},
          {"private", key.is_private()},
          {"thumbprint", key.thumbprint()},
          {"kid", key.kid.empty() ? json::value(nullptr) : json::value(key.kid)}};
}

}  // namespace authctl::token
