#include "core/service/keyring_exchange.h"

#include <algorithm>
#include <map>

#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/token/fernet.h"

namespace authctl::service {
namespace {
using base::Error;
using base::ErrorCode;
using base::Secret;
using store::KeyRepository;
using store::KeyRow;
using store::KeyState;
using store::KeyUse;

std::string_view word_of(KeyFormat format) {
  switch (format) {
    case KeyFormat::pem:
      return "pem";
    case KeyFormat::jwk:
      return "jwk";
    case KeyFormat::jwks:
      return "jwks";
    case KeyFormat::fernet:
      return "fernet";
  }
  return "";
}

KeyUse use_of(KeyFormat format) { return format == KeyFormat::fernet ? KeyUse::fernet : KeyUse::jwt; }

bool leaves(const KeyRow& row, const ExportRequest& request, base::Timestamp now) {
  if (row.state == KeyState::revoked || is_gone(row, now)) return false;
  if (request.format == KeyFormat::pem && !row.public_jwk) return false;  // PEM has no symmetric keys
  return request.private_half ? row.can_sign() : row.public_jwk.has_value();
}

// The active key first: a Fernet key file encrypts with its first line.
std::vector<KeyRow> chosen(Realm& realm, const ExportRequest& request, base::Timestamp now) {
  if (!request.kid.empty()) return {require_key(realm, request.kid)};
  std::vector<KeyRow> rows;
  for (auto& row : KeyRepository(realm.db()).list(use_of(request.format))) {
    if (leaves(row, request, now)) rows.push_back(std::move(row));
  }
  std::stable_partition(rows.begin(), rows.end(),
                        [](const KeyRow& r) { return r.state == KeyState::active; });
  return rows;
}

void check_fit(const KeyRow& row, const ExportRequest& request) {
  const std::string name = "key " + base::quote(row.kid);
  if (row.use != use_of(request.format)) {
    throw Error(ErrorCode::usage, name + " is a " + std::string(store::word_of(row.use)) + " key",
                row.use == KeyUse::fernet ? "--format fernet" : "--format pem, jwk or jwks");
  }
  if (!request.private_half && !row.public_jwk) {
    throw Error(ErrorCode::usage, name + " is symmetric and has no public half", "add --private");
  }
  if (request.private_half && !row.can_sign()) {
    throw Error(ErrorCode::invalid, "only the public half of " + name + " is here", "leave --private out");
  }
}

std::string line(std::string text) {
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

Secret jwks_text(const std::vector<token::Jwk>& keys, bool private_half) {
  std::vector<const token::Jwk*> list;
  for (const auto& key : keys) list.push_back(&key);
  if (!private_half) return Secret::consume(line(base::json::serialize(token::public_jwks(list))));
  return Secret::consume(line(std::string(token::format_private_jwks(list).reveal_text())));
}

Secret one_text(const token::Jwk& key, KeyFormat format, bool private_half) {
  if (format == KeyFormat::pem && !private_half) return Secret(line(crypto::format_public_pem(key.material)));
  if (format == KeyFormat::pem) {
    if (crypto::is_symmetric(key.algorithm())) {
      throw Error(ErrorCode::usage, "a symmetric key does not go into PEM", "--format jwk");
    }
    return Secret::consume(line(std::string(crypto::format_private_pem(key.material).reveal_text())));
  }
  if (!private_half) return Secret(line(base::json::serialize(token::public_jwk(key))));
  return Secret::consume(line(std::string(token::format_private_jwk(key).reveal_text())));
}

Secret joined(const std::vector<Secret>& parts) {
  std::size_t size = 0;
  for (const auto& part : parts) size += part.size();
  Secret all = Secret::zeroed(size);
  auto at = all.writable().begin();
  for (const auto& part : parts) at = std::copy(part.reveal().begin(), part.reveal().end(), at);
  return all;
}

Secret render(Realm& realm, const std::vector<KeyRow>& rows, const ExportRequest& request) {
  std::vector<Secret> parts;
  std::vector<token::Jwk> keys;
  for (const auto& row : rows) {
    check_fit(row, request);
    if (request.format == KeyFormat::fernet) {
      parts.push_back(Secret::consume(
          line(std::string(token::format_fernet_key(open_fernet_key(realm, row)).reveal_text()))));
      continue;
    }
    auto key = request.private_half ? open_jwk(realm, row) : token::parse_jwk(*row.public_jwk);
    key.kid = row.kid;
    if (request.format == KeyFormat::jwks) {
      keys.push_back(std::move(key));
    } else {
      parts.push_back(one_text(key, request.format, request.private_half));
    }
  }
  return request.format == KeyFormat::jwks ? jwks_text(keys, request.private_half) : joined(parts);
}

KeyRow imported(KeyRow row, base::Timestamp now) {
  if (!row.can_sign()) row.state = KeyState::retiring;
  // A Fernet key that comes from elsewhere is known there, and data is under it.
  if (row.public_jwk || row.use == KeyUse::fernet) row.published_at = now;
  row.created_at = now;
  return row;
}

// 32 bytes in padded base64url on the first line: what `key export --format fernet` writes.
bool looks_like_fernet_keys(std::string_view text) {
  const auto line = base::without_newline(text.substr(0, std::min(text.find('\n'), text.size())));
  return line.size() == 44 && line.ends_with('=');
}

std::vector<KeyRow> read_jwt_keys(Realm& realm, const Secret& text) {
  if (looks_like_fernet_keys(text.reveal_text()))
    throw Error(ErrorCode::invalid, "this is a Fernet key, not a signing key",
                "authctl key import FILE --use fernet");
  std::vector<KeyRow> rows;
  for (const auto& key : token::parse_keys(text.reveal_text()))
    rows.push_back(seal_jwk(realm, key, KeyUse::jwt));
  return rows;
}

// RFC 7638 thumbprint of a key that may sign or verify, under whatever kid it is here.
std::string thumbprint_of(Realm& realm, const KeyRow& row) {
  return (row.public_jwk ? token::parse_jwk(*row.public_jwk) : open_jwk(realm, row)).thumbprint();
}

// One key under two kids: revoking one of them would leave the other verifying. By thumbprint, its kid.
std::map<std::string, std::string> keys_by_thumbprint(Realm& realm, KeyUse use) {
  std::map<std::string, std::string> kids;
  if (use == KeyUse::fernet) return kids;  // whose kid is always the thumbprint
  for (const auto& row : KeyRepository(realm.db()).list(use))
    kids.emplace(thumbprint_of(realm, row), row.kid);
  return kids;
}

std::vector<KeyRow> read_fernet_keys(Realm& realm, const Secret& text) {
  std::vector<KeyRow> rows;
  std::string_view rest = text.reveal_text();
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const Secret bytes =
        token::parse_fernet_key(base::without_newline(rest.substr(0, std::min(end + 1, rest.size()))));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    token::Jwk key;
    key.material.algorithm = crypto::Algorithm::hs256;
    key.material.k = bytes.clone();
    rows.push_back(seal_jwk(realm, key, KeyUse::fernet));
  }
  return rows;
}
}  // namespace

std::optional<KeyFormat> parse_key_format(std::string_view word) {
  for (const auto format : {KeyFormat::pem, KeyFormat::jwk, KeyFormat::jwks, KeyFormat::fernet}) {
    if (word == word_of(format)) return format;
  }
  return std::nullopt;
}

KeyExport export_keys(Realm& realm, const Cause& cause, const ExportRequest& request) {
  const auto rows = chosen(realm, request, realm.now());
  if (rows.empty() && request.format != KeyFormat::jwks) {
    const bool symmetric = request.format == KeyFormat::fernet && !request.private_half;
    throw Error(symmetric ? ErrorCode::usage : ErrorCode::not_found, "there is no such key to export",
                symmetric ? "a Fernet key has no public half: add --private" : "authctl key list");
  }
  KeyExport result;
  for (const auto& row : rows) result.kids.push_back(row.kid);
  if (!request.private_half) {
    result.text = render(realm, rows, request);
    return result;
  }
  // The entry is on disk before the key is anywhere else.
  result.text = change(realm, cause, [&](Change& c) {
    Secret text = render(realm, rows, request);
    for (const auto& row : rows) {
      c.record(key_event("key.export", row, {{"format", word_of(request.format)}, {"private", true}}));
    }
    return text;
  });
  if (cause.dry_run) result.text = Secret(std::string_view("(not exported)\n"));
  return result;
}

std::vector<KeyAndTokens> import_keys(Realm& realm, const Cause& cause, const Secret& text, KeyUse use) {
  auto rows = use == KeyUse::fernet ? read_fernet_keys(realm, text) : read_jwt_keys(realm, text);
  if (rows.empty()) throw Error(ErrorCode::invalid, "the file holds no key", "authctl key inspect FILE");
  return change(realm, cause, [&](Change& c) {
    sweep_keys(c);
    KeyRepository keys(c.db());
    auto known = keys_by_thumbprint(realm, use);
    std::vector<KeyAndTokens> list;
    for (const auto& read : rows) {
      if (keys.find(read.kid)) {
        throw Error(ErrorCode::conflict, "key " + base::quote(read.kid) + " exists",
                    "authctl key show " + base::shell_word(read.kid));
      }
      if (use == KeyUse::jwt) {
        const auto [same, is_new] = known.emplace(thumbprint_of(realm, read), read.kid);
        if (!is_new) {
          throw Error(
              ErrorCode::conflict,
              "key " + base::quote(read.kid) + " is here already, as key " + base::quote(same->second),
              "authctl key show " + base::shell_word(same->second));
        }
      }
      const KeyRow row = imported(read, c.now());
      keys.insert(row);
      c.record(key_event("key.import", row, {{"state", token::word_of(row.state)}, {"bits", row.bits}}));
      list.push_back(with_tokens(realm, row, c.now()));
    }
    return list;
  });
}

}  // namespace authctl::service
