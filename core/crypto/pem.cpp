// parse_pem and the two writers of keypair.h: one PEM block (RFC 7468), the DER in it read by hand and
// strictly, so that a key file starts neither OpenSSL's decoders nor, for Ed25519, OpenSSL at all.
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/crypto/der.h"
#include "core/crypto/keypair.h"
#include "core/crypto/openssl.h"

namespace authctl::crypto {
namespace {

constexpr std::size_t max_pem_bytes = 64 * 1024;
constexpr std::size_t half = 32;

constexpr std::uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};  // rsaEncryption
constexpr std::uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};               // id-ecPublicKey
constexpr std::uint8_t oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};       // prime256v1
constexpr std::uint8_t oid_ed25519[] = {0x2b, 0x65, 0x70};
constexpr std::uint8_t one[] = {1};

[[noreturn]] void refuse(std::string message, std::string hint = {}) {
  throw base::Error(base::ErrorCode::invalid, std::move(message), std::move(hint));
}
[[noreturn]] void refuse_der() { refuse("the key in the PEM block is no strict DER"); }
[[noreturn]] void refuse_algorithm() {
  refuse("unsupported_algorithm: the PEM key is none of P-256, Ed25519, RSA");
}

template <class T>
T needed_der(std::optional<T> part) {
  if (!part) refuse_der();
  return *part;
}
bool same(base::ByteView a, base::ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
void require_end(const DerReader& reader) {
  if (!reader.at_end()) refuse_der();
}

struct PemBlock {
  std::string_view label;
  base::Secret der;
};

// The text between "-----" and "-----" of a line that begins with `word`.
std::string_view label_of(std::string_view line, std::string_view word) {
  constexpr std::string_view dashes = "-----";
  if (line.size() < 2 * dashes.size() + word.size() || !line.starts_with(dashes) || !line.ends_with(dashes))
    return {};
  line.remove_prefix(dashes.size());
  line.remove_suffix(dashes.size());
  if (!line.starts_with(word)) return {};
  return line.substr(word.size());
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

PemBlock read_block(std::string_view text) {
  if (text.size() > max_pem_bytes) refuse("the PEM text is longer than 64 KiB");
  const auto label = label_of(take_line(text), "BEGIN ");
  if (label.empty())
    refuse("this is no PEM block", "it begins with -----BEGIN PRIVATE KEY----- or PUBLIC KEY");
  std::string digits;
  std::string_view end;
  while (!text.empty() && end.empty()) {
    const auto line = take_line(text);
    if (line.starts_with("-----")) {
      end = label_of(line, "END ");
      if (end != label) refuse("the PEM block ends under another label than it began");
    } else if (line.find(':') != std::string_view::npos) {
      refuse("the PEM block has headers (an old encrypted form?)", "openssl pkcs8 -topk8 -in KEY");
    } else {
      digits += line;
    }
  }
  PemBlock block{label, {}};
  auto bytes = end.empty() ? std::nullopt : base::decode_base64(digits);
  base::wipe(digits.data(), digits.size());
  if (!bytes || bytes->empty()) refuse("the PEM block is cut short or no strict base64");
  block.der = base::Secret(base::ByteView(*bytes));
  base::wipe(bytes->data(), bytes->size());
  if (text.find_first_not_of("\r\n") != std::string_view::npos)
    refuse("there is more than one PEM block in the text");
  return block;
}

base::Bytes copy(base::ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// RFC 8017 A.1.1: RSAPublicKey.
KeyMaterial read_rsa_public(base::ByteView bytes) {
  DerReader outer(bytes);
  DerReader key(needed_der(outer.take(der::sequence)));
  require_end(outer);
  KeyMaterial material;
  material.algorithm = Algorithm::rs256;
  material.n = copy(needed_der(key.take_number()));
  material.e = copy(needed_der(key.take_number()));
  require_end(key);
  return material;
}

// RFC 8017 A.1.2: RSAPrivateKey of two primes.
KeyMaterial read_rsa_private(base::ByteView bytes) {
  DerReader outer(bytes);
  DerReader key(needed_der(outer.take(der::sequence)));
  require_end(outer);
  if (!needed_der(key.take_number()).empty()) refuse("an RSA key of more than two primes is not supported");
  KeyMaterial material;
  material.algorithm = Algorithm::rs256;
  material.n = copy(needed_der(key.take_number()));
  material.e = copy(needed_der(key.take_number()));
  for (auto* part : {&material.d, &material.p, &material.q, &material.dp, &material.dq, &material.qi}) {
    *part = base::Secret(needed_der(key.take_number()));
  }
  require_end(key);
  return material;
}

void read_point(base::ByteView octets, KeyMaterial& material) {
  if (octets.size() != 1 + 2 * half || octets[0] != 4)
    refuse("the P-256 point is not in its uncompressed form");
  material.x = copy(octets.subspan(1, half));
  material.y = copy(octets.subspan(1 + half));
}

void read_curve(DerReader& parameters) {
  if (!same(needed_der(parameters.take(der::oid)), oid_p256)) refuse_algorithm();
}

// RFC 5915 section 3: ECPrivateKey. The public key may be missing; then it is worked out.
KeyMaterial read_ec_private(base::ByteView bytes, bool curve_known) {
  DerReader outer(bytes);
  DerReader key(needed_der(outer.take(der::sequence)));
  require_end(outer);
  if (!same(needed_der(key.take_number()), one)) refuse_der();
  const auto scalar = needed_der(key.take(der::octet_string));
  KeyMaterial material;
  material.d = base::Secret(scalar);
  if (key.next_is(der::context_0)) {
    DerReader parameters(needed_der(key.take(der::context_0)));
    read_curve(parameters);
    require_end(parameters);
    curve_known = true;
  }
  if (!curve_known) refuse_algorithm();
  if (key.next_is(der::context_1)) {
    DerReader point(needed_der(key.take(der::context_1)));
    read_point(needed_der(point.take_bits()), material);
    require_end(point);
  } else {
    complete_ec(material);
  }
  require_end(key);
  return material;
}

enum class Kind { rsa, ec, ed25519 };

// RFC 5280 section 4.1.1.2, with the parameters that each of the three has (RFC 3279, RFC 5480, RFC 8410).
Kind read_algorithm(base::ByteView bytes) {
  DerReader identifier(bytes);
  const auto oid = needed_der(identifier.take(der::oid));
  Kind kind;
  if (same(oid, oid_rsa)) {
    kind = Kind::rsa;
    if (!needed_der(identifier.take(der::null)).empty()) refuse_der();
  } else if (same(oid, oid_ec)) {
    kind = Kind::ec;
    read_curve(identifier);
  } else if (same(oid, oid_ed25519)) {
    kind = Kind::ed25519;
  } else {
    refuse_algorithm();
  }
  require_end(identifier);
  return kind;
}

// RFC 5280: SubjectPublicKeyInfo.
KeyMaterial read_public(base::ByteView bytes) {
  DerReader outer(bytes);
  DerReader info(needed_der(outer.take(der::sequence)));
  require_end(outer);
  const Kind kind = read_algorithm(needed_der(info.take(der::sequence)));
  const auto bits = needed_der(info.take_bits());
  require_end(info);
  if (kind == Kind::rsa) return read_rsa_public(bits);
  KeyMaterial material;
  if (kind == Kind::ec) {
    read_point(bits, material);
  } else {
    material.algorithm = Algorithm::eddsa;
    material.x = copy(bits);
  }
  return material;
}

KeyMaterial read_ed25519_private(base::ByteView bytes) {
  DerReader seed(bytes);  // RFC 8410 section 7: CurvePrivateKey in its own OCTET STRING
  KeyMaterial material;
  material.algorithm = Algorithm::eddsa;
  material.d = base::Secret(needed_der(seed.take(der::octet_string)));
  require_end(seed);
  complete_ed25519(material);
  return material;
}

// RFC 5958: OneAsymmetricKey. Attributes [0] are passed over; a public key [1] must be the right one.
KeyMaterial read_private(base::ByteView bytes) {
  DerReader outer(bytes);
  DerReader info(needed_der(outer.take(der::sequence)));
  require_end(outer);
  const auto version = needed_der(info.take_number());
  if (!version.empty() && !same(version, one)) refuse_der();
  const Kind kind = read_algorithm(needed_der(info.take(der::sequence)));
  const auto key = needed_der(info.take(der::octet_string));
  KeyMaterial material = kind == Kind::rsa  ? read_rsa_private(key)
                         : kind == Kind::ec ? read_ec_private(key, true)
                                            : read_ed25519_private(key);
  if (info.next_is(der::context_0)) info.take(der::context_0);
  if (info.next_is(0x81) && kind == Kind::ed25519) {
    const auto stated = needed_der(info.take(0x81));
    if (stated.empty() || stated[0] != 0 || !same(stated.subspan(1), material.x)) {
      refuse("the private key does not belong to the public key");
    }
  }
  require_end(info);
  return material;
}

// RFC 8018 by OpenSSL; what comes out is read as any other PKCS#8.
KeyMaterial read_encrypted(base::ByteView bytes, const base::Secret* passphrase) {
  if (passphrase == nullptr)
    refuse("the private key is encrypted", "openssl pkey -in KEY -out PLAIN, then import PLAIN");
  start_openssl();
  const auto* at = bytes.data();
  const std::unique_ptr<X509_SIG, FreeWith<X509_SIG_free>> box(
      d2i_X509_SIG(nullptr, &at, static_cast<long>(bytes.size())));
  if (!box || at != bytes.data() + bytes.size()) forget_openssl_errors(), refuse_der();
  const auto phrase = passphrase->reveal_text();
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<PKCS8_PRIV_KEY_INFO_free>> info(
      PKCS8_decrypt(box.get(), phrase.data(), static_cast<int>(phrase.size())));
  if (!info) forget_openssl_errors(), refuse("the private key does not open with this passphrase");
  auto plain = base::Secret::zeroed(static_cast<std::size_t>(i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr)));
  auto* out = plain.writable().data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &out);
  return read_private(plain.reveal());
}

KeyMaterial read_material(const PemBlock& block, const base::Secret* passphrase) {
  const auto bytes = block.der.reveal();
  if (block.label == "PRIVATE KEY") return read_private(bytes);
  if (block.label == "PUBLIC KEY") return read_public(bytes);
  if (block.label == "EC PRIVATE KEY") return read_ec_private(bytes, false);
  if (block.label == "RSA PRIVATE KEY") return read_rsa_private(bytes);
  if (block.label == "RSA PUBLIC KEY") return read_rsa_public(bytes);
  if (block.label == "ENCRYPTED PRIVATE KEY") return read_encrypted(bytes, passphrase);
  refuse("a PEM block " + base::quote(block.label) + " holds no key that is read here",
         "PKCS#8, SPKI, SEC 1 and PKCS#1 are");
}

base::Secret write_pem(std::string_view label, const base::Secret& der_bytes) {
  auto digits = base::encode_base64(der_bytes.reveal());
  std::string text = "-----BEGIN " + std::string(label) + "-----\n";
  text.reserve(digits.size() + digits.size() / 64 + 2 * label.size() + 64);
  for (std::size_t i = 0; i < digits.size(); i += 64) text.append(digits, i, 64) += '\n';
  base::wipe(digits.data(), digits.size());
  text += "-----END " + std::string(label) + "-----\n";
  return base::Secret::consume(std::move(text));
}

base::Secret write_sequence(std::initializer_list<const base::Secret*> elements) {
  return der_element(der::sequence, der_join(elements).reveal());
}

base::Secret write_algorithm(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256: {
      const auto oid = der_element(der::oid, oid_rsa), null = der_element(der::null, {});
      return write_sequence({&oid, &null});
    }
    case Algorithm::es256: {
      const auto oid = der_element(der::oid, oid_ec), curve = der_element(der::oid, oid_p256);
      return write_sequence({&oid, &curve});
    }
    case Algorithm::eddsa: {
      const auto oid = der_element(der::oid, oid_ed25519);
      return write_sequence({&oid});
    }
    case Algorithm::hs256:
      break;
  }
  refuse("a symmetric key has no PEM form", "--format jwk");
}

base::Bytes point_of(const KeyMaterial& key) {
  base::Bytes octets{4};
  octets.insert(octets.end(), key.x.begin(), key.x.end());
  octets.insert(octets.end(), key.y.begin(), key.y.end());
  return octets;
}

base::Secret write_rsa_private(const KeyMaterial& key) {
  const auto version = der_number({}), n = der_number(key.n), e = der_number(key.e),
             d = der_number(key.d.reveal()), p = der_number(key.p.reveal()), q = der_number(key.q.reveal()),
             dp = der_number(key.dp.reveal()), dq = der_number(key.dq.reveal()),
             qi = der_number(key.qi.reveal());
  return write_sequence({&version, &n, &e, &d, &p, &q, &dp, &dq, &qi});
}

base::Secret write_ec_private(const KeyMaterial& key) {
  const auto version = der_number(one), scalar = der_element(der::octet_string, key.d.reveal()),
             point = der_element(der::context_1, der_bits(point_of(key)).reveal());
  return write_sequence({&version, &scalar, &point});
}

}  // namespace

KeyMaterial parse_pem(std::string_view pem, const base::Secret* passphrase) {
  KeyMaterial key = read_material(read_block(pem), passphrase);
  check_key(key);
  return key;
}

std::string format_public_pem(const KeyMaterial& key) {
  const auto algorithm = write_algorithm(key.algorithm);
  base::Secret bits;
  if (key.algorithm == Algorithm::rs256) {
    const auto n = der_number(key.n), e = der_number(key.e);
    bits = der_bits(write_sequence({&n, &e}).reveal());
  } else {
    bits = der_bits(key.algorithm == Algorithm::es256 ? point_of(key) : key.x);
  }
  return std::string(write_pem("PUBLIC KEY", write_sequence({&algorithm, &bits})).reveal_text());
}

base::Secret format_private_pem(const KeyMaterial& key) {
  const auto algorithm = write_algorithm(key.algorithm);
  if (!key.is_private()) refuse("there is no private half to write");
  const auto inner = key.algorithm == Algorithm::rs256   ? write_rsa_private(key)
                     : key.algorithm == Algorithm::es256 ? write_ec_private(key)
                                                         : der_element(der::octet_string, key.d.reveal());
  const auto version = der_number({}), octets = der_element(der::octet_string, inner.reveal());
  return write_pem("PRIVATE KEY", write_sequence({&version, &algorithm, &octets}));
}

}  // namespace authctl::crypto
