// The spellings. Each line of the table at the end: how a hash begins, and who reads it.
#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/crypto/password_hash.h"

namespace authctl::crypto {
namespace {

using Fields = std::vector<std::string_view>;
constexpr std::size_t longest_hash = 512;
constexpr std::size_t least_tag = 16, longest_tag = 64;  // bytes
constexpr std::size_t longest_salt = 64;

Fields split(std::string_view text, char at) {
  Fields fields;
  for (std::size_t from = 0;;) {
    const auto to = text.find(at, from);
    fields.push_back(text.substr(from, to == std::string_view::npos ? to : to - from));
    if (to == std::string_view::npos) return fields;
    from = to + 1;
  }
}

void need_fields(const Fields& fields, std::size_t count) {
  if (fields.size() != count) refuse_hash("the password hash is malformed: it has the wrong number of parts");
}

std::uint64_t number(std::string_view digits) {
  const auto value = parse_hash_number(digits);
  if (!value)
    refuse_hash("the password hash is malformed: " + base::quote(digits, 24) + " is not a number in range");
  return *value;
}

// `m=64,t=2,p=1`: exactly these names in this order.
std::vector<std::uint64_t> parameters(std::string_view text, std::initializer_list<std::string_view> names) {
  const auto parts = split(text, ',');
  std::vector<std::uint64_t> values;
  auto part = parts.begin();
  for (const auto name : names) {
    if (part == parts.end() || !part->starts_with(name) || part->size() <= name.size() ||
        (*part)[name.size()] != '=')
      refuse_hash("the password hash is malformed: it has no parameter " + std::string(name));
    values.push_back(number((part++)->substr(name.size() + 1)));
  }
  if (part != parts.end()) refuse_hash("the password hash is malformed: it has a parameter too many");
  return values;
}

void within(std::uint64_t value, std::uint64_t least, std::uint64_t most, std::string_view what) {
  if (value >= least && value <= most) return;
  refuse_hash("the password hash asks for " + std::string(what) + " " + std::to_string(value) +
              (value < least ? ", below the least, " + std::to_string(least)
                             : ", above the ceiling, " + std::to_string(most)));
}

base::Bytes salt_from(std::optional<base::Bytes> bytes, std::size_t least = 4) {
  return parse_hash_bytes(std::move(bytes), least, longest_salt);
}
base::Bytes salt_text(std::string_view text) {
  const auto bytes = base::bytes_of(text);
  return salt_from(base::Bytes(bytes.begin(), bytes.end()), 1);
}
base::Bytes tag_from(std::optional<base::Bytes> bytes) {
  return parse_hash_bytes(std::move(bytes), least_tag, longest_tag);
}

// $argon2id$v=19$m=64,t=2,p=1$salt$tag. Without `v` it would be of version 0x10, which those who leave it out
// seldom mean: refused, as libsodium does.
PasswordHash parse_argon2(std::string_view text) {
  const auto fields = split(text, '$');
  need_fields(fields, 6);
  PasswordHash hash;
  hash.scheme = fields[1] == "argon2id"  ? PasswordScheme::argon2id
                : fields[1] == "argon2i" ? PasswordScheme::argon2i
                                         : PasswordScheme::argon2d;
  if (fields[2] != "v=19" && fields[2] != "v=16")
    refuse_hash("the password hash is of an unknown version of Argon2");
  hash.argon2_version = fields[2] == "v=19" ? 0x13 : 0x10;
  const auto cost = parameters(fields[3], {"m", "t", "p"});
  within(cost[2], 1, PasswordCeilings::argon2_lanes, "Argon2 lanes");
  within(cost[1], 1, PasswordCeilings::argon2_passes, "Argon2 passes");
  within(cost[0], 8 * cost[2], PasswordCeilings::argon2_memory_kib, "Argon2 memory (KiB)");
  hash.argon2 = {static_cast<std::uint32_t>(cost[0]), static_cast<std::uint32_t>(cost[1]),
                 static_cast<std::uint32_t>(cost[2])};
  hash.salt = salt_from(decode_unpadded_base64(fields[4]), 8);  // RFC 9106 section 3.1
  hash.tag = tag_from(decode_unpadded_base64(fields[5]));
  return hash;
}

// $2b$12$ and 53 characters of bcrypt's own base64.
PasswordHash parse_bcrypt(std::string_view text) {
  const auto body = [](char c) {
    return c == '.' || c == '/' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 60 || !digit(4) || !digit(5) || text[6] != '$' ||
      !std::all_of(text.begin() + 7, text.end(), body))
    refuse_hash("the password hash is malformed: bcrypt has a cost of two digits and 53 characters");
  PasswordHash hash;
  hash.scheme = PasswordScheme::bcrypt;
  hash.rounds = static_cast<std::uint64_t>((text[4] - '0') * 10 + (text[5] - '0'));
  within(hash.rounds, 4, PasswordCeilings::bcrypt_cost, "a bcrypt cost of");
  hash.crypt = text;
  return hash;
}

PasswordHash scrypt_of(std::uint64_t n, std::uint64_t r, std::uint64_t p, base::Bytes salt, base::Bytes tag) {
  within(p, 1, PasswordCeilings::scrypt_p, "scrypt p");
  within(r, 1, PasswordCeilings::scrypt_n_times_r, "scrypt r");
  if (n < 2 || (n & (n - 1)) != 0)
    refuse_hash("the password hash is malformed: scrypt's N is a power of two");
  within(n, 2, PasswordCeilings::scrypt_n_times_r / r, "scrypt N at r = " + std::to_string(r));
  PasswordHash hash;
  hash.scheme = PasswordScheme::scrypt;
  hash.n = n, hash.r = r, hash.p = p;
  hash.salt = std::move(salt), hash.tag = std::move(tag);
  return hash;
}

// $scrypt$ln=15,r=8,p=1$salt$tag: PHC, and passlib's.
PasswordHash parse_scrypt_phc(std::string_view text) {
  const auto fields = split(text, '$');
  need_fields(fields, 5);
  const auto cost = parameters(fields[2], {"ln", "r", "p"});
  within(cost[0], 1, 20, "scrypt ln");
  return scrypt_of(std::uint64_t{1} << cost[0], cost[1], cost[2],
                   salt_from(decode_unpadded_base64(fields[3])), tag_from(decode_unpadded_base64(fields[4])));
}

// scrypt:32768:8:1$salt$hex: werkzeug.
PasswordHash parse_scrypt_werkzeug(std::string_view text) {
  const auto fields = split(text, '$');
  need_fields(fields, 3);
  const auto cost = split(fields[0], ':');
  need_fields(cost, 4);
  return scrypt_of(number(cost[1]), number(cost[2]), number(cost[3]), salt_text(fields[1]),
                   tag_from(base::decode_hex(fields[2])));
}

// scrypt$N$salt$r$p$base64 as Django writes it; scrypt$salt$N$r$p$base64 is met too.
PasswordHash parse_scrypt_django(std::string_view text) {
  const auto fields = split(text, '$');
  need_fields(fields, 6);
  const auto is_power = [](std::string_view digits) {
    const auto value = parse_hash_number(digits);
    return value && *value >= 2 && (*value & (*value - 1)) == 0;
  };
  const bool salt_first = !is_power(fields[1]) && is_power(fields[2]);
  return scrypt_of(number(fields[salt_first ? 2 : 1]), number(fields[3]), number(fields[4]),
                   salt_text(fields[salt_first ? 1 : 2]), tag_from(base::decode_base64(fields[5])));
}

PasswordHash pbkdf2_of(std::string_view digest, std::uint64_t iterations, base::Bytes salt, base::Bytes tag) {
  PasswordHash hash;
  if (digest == "sha1")
    hash.scheme = PasswordScheme::pbkdf2_sha1;
  else if (digest == "sha256")
    hash.scheme = PasswordScheme::pbkdf2_sha256;
  else if (digest == "sha512")
    hash.scheme = PasswordScheme::pbkdf2_sha512;
  else
    refuse_hash("the password hash is PBKDF2 with an unknown digest " + base::quote(digest, 24));
  within(iterations, 1, PasswordCeilings::pbkdf2_iterations, "PBKDF2 iterations");
  hash.rounds = iterations;
  hash.salt = std::move(salt), hash.tag = std::move(tag);
  return hash;
}

// $pbkdf2-sha256$29000$salt$tag: passlib's base64; $pbkdf2-sha256$i=29000[,l=32]$salt$tag: PHC.
PasswordHash parse_pbkdf2_modular(std::string_view text) {
  const auto fields = split(text, '$');
  need_fields(fields, 5);
  const auto digest = fields[1] == "pbkdf2" ? "sha1" : fields[1].substr(7);
  if (!fields[2].starts_with("i="))
    return pbkdf2_of(digest, number(fields[2]), salt_from(decode_adapted_base64(fields[3])),
                     tag_from(decode_adapted_base64(fields[4])));
  const bool has_length = fields[2].find(",l=") != std::string_view::npos;
  const auto values = has_length ? parameters(fields[2], {"i", "l"}) : parameters(fields[2], {"i"});
  auto tag = tag_from(decode_unpadded_base64(fields[4]));
  if (has_length && values[1] != tag.size())
    refuse_hash("the password hash is malformed: its tag is not as long as l says");
  return pbkdf2_of(digest, values[0], salt_from(decode_unpadded_base64(fields[3])), std::move(tag));
}

// pbkdf2:sha256:260000$salt$hex: werkzeug.
PasswordHash parse_pbkdf2_werkzeug(std::string_view text) {
  const auto fields = split(text, '$');
  need_fields(fields, 3);
  const auto method = split(fields[0], ':');
  need_fields(method, 3);
  return pbkdf2_of(method[1], number(method[2]), salt_text(fields[1]), tag_from(base::decode_hex(fields[2])));
}

// pbkdf2_sha256$260000$salt$base64: Django.
PasswordHash parse_pbkdf2_django(std::string_view text) {
  const auto fields = split(text, '$');
  need_fields(fields, 4);
  return pbkdf2_of(fields[0].substr(7), number(fields[1]), salt_text(fields[2]),
                   tag_from(base::decode_base64(fields[3])));
}

// Django's prefixes before a hash of another kind: argon2$argon2id$…, bcrypt$$2b$…, bcrypt_sha256$$2b$….
PasswordHash parse_django_argon2(std::string_view text) {
  text.remove_prefix(6);
  if (!text.starts_with("$argon2"))
    refuse_hash("the password hash is malformed: no Argon2 follows its prefix");
  return parse_password_hash(text);
}
PasswordHash parse_django_bcrypt(std::string_view text) {
  const bool digested = text.starts_with("bcrypt_sha256$");
  text.remove_prefix(digested ? 14 : 7);
  if (!text.starts_with("$2")) refuse_hash("the password hash is malformed: no bcrypt follows its prefix");
  auto hash = parse_password_hash(text);
  if (digested) hash.scheme = PasswordScheme::bcrypt_sha256;
  return hash;
}

bool in_crypt_alphabet(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '.' || c == '/' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

// $6$[rounds=N$]salt$86 characters: crypt(5).
PasswordHash parse_sha512crypt(std::string_view text) {
  auto fields = split(text, '$');
  PasswordHash hash;
  hash.scheme = PasswordScheme::sha512crypt;
  hash.rounds = 5000;
  if (fields.size() == 5 && fields[2].starts_with("rounds=")) {
    hash.rounds = number(fields[2].substr(7));
    within(hash.rounds, 1000, PasswordCeilings::sha512crypt_rounds, "sha512crypt rounds");
    fields.erase(fields.begin() + 2);
  }
  need_fields(fields, 4);
  if (fields[2].empty() || fields[2].size() > 16 || fields[3].size() != 86 || !in_crypt_alphabet(fields[2]) ||
      !in_crypt_alphabet(fields[3]))
    refuse_hash("the password hash is malformed: it is no sha512crypt");
  hash.crypt = text;
  return hash;
}

// $y$jXY$salt$43 characters: crypt(5). X is log2(N) - 1 and Y is r - 1, a character each; what takes more
// than that (parallelism, more passes) is above the ceilings or not in use.
PasswordHash parse_yescrypt(std::string_view text) {
  constexpr std::string_view alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const auto fields = split(text, '$');
  need_fields(fields, 5);
  const auto settings = fields[2];
  if (settings.size() != 3 || settings[0] != 'j' || !in_crypt_alphabet(settings) || fields[3].empty() ||
      fields[3].size() > 86 || fields[4].size() != 43 || !in_crypt_alphabet(fields[3]) ||
      !in_crypt_alphabet(fields[4]))
    refuse_hash("the password hash is malformed, or yescrypt with settings that are not supported");
  const auto log2_n = alphabet.find(settings[1]) + 1, r = alphabet.find(settings[2]) + 1;
  within(log2_n, 10, 21, "yescrypt log2 N");
  PasswordHash hash;
  hash.scheme = PasswordScheme::yescrypt;
  hash.n = std::uint64_t{1} << log2_n, hash.r = r, hash.p = 1;
  within(hash.n * r, 1, PasswordCeilings::scrypt_n_times_r, "yescrypt N times r");
  hash.crypt = text;
  return hash;
}

struct Spelling {
  std::string_view start;
  PasswordHash (*parse)(std::string_view);
};
constexpr std::array<Spelling, 24> spellings{{
    {"$argon2id$", parse_argon2},
    {"$argon2i$", parse_argon2},
    {"$argon2d$", parse_argon2},
    {"$2a$", parse_bcrypt},
    {"$2b$", parse_bcrypt},
    {"$2y$", parse_bcrypt},
    {"$scrypt$", parse_scrypt_phc},
    {"scrypt:", parse_scrypt_werkzeug},
    {"scrypt$", parse_scrypt_django},
    {"$pbkdf2$", parse_pbkdf2_modular},
    {"$pbkdf2-sha1$", parse_pbkdf2_modular},
    {"$pbkdf2-sha256$", parse_pbkdf2_modular},
    {"$pbkdf2-sha512$", parse_pbkdf2_modular},
    {"pbkdf2:", parse_pbkdf2_werkzeug},
    {"pbkdf2_sha1$", parse_pbkdf2_django},
    {"pbkdf2_sha256$", parse_pbkdf2_django},
    {"pbkdf2_sha512$", parse_pbkdf2_django},
    {"argon2$argon2id$", parse_django_argon2},
    {"argon2$argon2i$", parse_django_argon2},
    {"argon2$argon2d$", parse_django_argon2},
    {"bcrypt$", parse_django_bcrypt},
    {"bcrypt_sha256$", parse_django_bcrypt},
    {"$6$", parse_sha512crypt},
    {"$y$", parse_yescrypt},
}};

}  // namespace

PasswordHash parse_password_hash(std::string_view text) {
  if (text.size() > longest_hash)
    refuse_hash("the password hash is longer than " + std::to_string(longest_hash) + " bytes");
  for (const auto& spelling : spellings)
    if (text.starts_with(spelling.start)) return spelling.parse(text);
  refuse_hash("the password hash is of a scheme that is not known");
}

}  // namespace authctl::crypto
