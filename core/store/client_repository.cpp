#include "core/store/client_repository.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/token_repository.h"

namespace authctl::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::string_view columns =
    "id, name, grants, redirect_uris, scopes, is_public, status, created_at, updated_at";

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

ClientRow read_client(const Rows& rows) {
  ClientRow client;
  client.id = rows.string(0);
  client.name = rows.string(1);
  client.grants = split(rows.text(2));
  client.redirect_uris = split(rows.text(3));
  client.scopes = split(rows.text(4));
  client.is_public = rows.boolean(5);
  client.status = rows.text(6) == "active" ? ClientStatus::active : ClientStatus::disabled;
  client.created_at = rows.time(7);
  client.updated_at = rows.time(8);
  return client;
}

std::optional<ClientRow> first_client(Database& db, std::string_view condition, std::string_view value) {
  const auto rows =
      db.query("SELECT " + std::string(columns) + " FROM oauth_client " + std::string(condition), {value});
  if (!rows->next()) return std::nullopt;
  return read_client(*rows);
}

ClientSecretRow read_secret(const Rows& rows) {
  return {rows.bytes(0), rows.string(1), rows.time(2), rows.optional_time(3)};
}

void refuse_taken(Database& db, const ClientRow& client) {
  const auto other = first_client(db, "WHERE folded = $1", base::fold_ascii(client.name));
  if (other && other->id != client.id)
    throw Error(ErrorCode::conflict, "client " + base::quote(client.name) + " exists",
                "authctl client show " + other->id);
}

}  // namespace

std::string_view word_of(ClientStatus status) {
  return status == ClientStatus::active ? "active" : "disabled";
}

std::optional<ClientRow> find_client(Database& db, std::string_view id_or_name) {
  if (!base::is_utf8(id_or_name) || id_or_name.find('\0') != std::string_view::npos) return std::nullopt;
  const auto folded = base::fold_ascii(id_or_name);
  if (auto client = first_client(db, "WHERE id = $1", folded)) return client;
  return first_client(db, "WHERE folded = $1", folded);
}

ClientRow get_client(Database& db, std::string_view id_or_name) {
  if (auto client = find_client(db, id_or_name)) return std::move(*client);
  throw Error(ErrorCode::not_found, "client " + base::quote(id_or_name) + " does not exist",
              "authctl client list");
}

std::vector<ClientRow> list_clients(Database& db, std::string_view after, std::int64_t limit) {
  const auto rows = db.query(
      "SELECT " + std::string(columns) + " FROM oauth_client WHERE folded > $1 ORDER BY folded LIMIT $2",
      {after, limit});
  std::vector<ClientRow> clients;
  while (rows->next()) clients.push_back(read_client(*rows));
  return clients;
}

void insert_client(Database& db, const ClientRow& client) {
  refuse_taken(db, client);
  db.execute(
      "INSERT INTO oauth_client (id, name, folded, grants, redirect_uris, scopes, is_public, status, "
      "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {client.id, client.name, base::fold_ascii(client.name), joined(client.grants),
       joined(client.redirect_uris), joined(client.scopes), client.is_public, word_of(client.status),
       client.created_at, client.updated_at});
}

void update_client(Database& db, const ClientRow& client) {
  refuse_taken(db, client);
  db.execute(
      "UPDATE oauth_client SET name = $2, folded = $3, grants = $4, redirect_uris = $5, scopes = $6, "
      "is_public = $7, status = $8, updated_at = $9 WHERE id = $1",
      {client.id, client.name, base::fold_ascii(client.name), joined(client.grants),
       joined(client.redirect_uris), joined(client.scopes), client.is_public, word_of(client.status),
       client.updated_at});
}

void delete_client(Database& db, std::string_view id) {
  db.execute("DELETE FROM oauth_client WHERE id = $1", {id});
}

void insert_client_secret(Database& db, const ClientSecretRow& secret) {
  db.execute("INSERT INTO client_secret (hash, client_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
             {secret.hash, secret.client_id, secret.created_at, secret.expires_at});
}

std::vector<ClientSecretRow> secrets_of_client(Database& db, std::string_view client_id) {
  const auto rows = db.query(
      "SELECT hash, client_id, created_at, expires_at FROM client_secret WHERE client_id = $1 "
      "ORDER BY created_at",
      {client_id});
  std::vector<ClientSecretRow> secrets;
  while (rows->next()) secrets.push_back(read_secret(*rows));
  return secrets;
}

std::optional<ClientSecretRow> find_client_secret(Database& db, base::ByteView hash) {
  const auto rows =
      db.query("SELECT hash, client_id, created_at, expires_at FROM client_secret WHERE hash = $1", {hash});
  if (!rows->next()) return std::nullopt;
  return read_secret(*rows);
}

void set_client_secret_end(Database& db, base::ByteView hash, base::Timestamp end) {
  db.execute("UPDATE client_secret SET expires_at = $2 WHERE hash = $1", {hash, end});
}

void delete_client_secret(Database& db, base::ByteView hash) {
  db.execute("DELETE FROM client_secret WHERE hash = $1", {hash});
}

std::int64_t revoke_tokens_of_client(Database& db, std::string_view client_id, base::Timestamp now) {
  return revoke_where(db, now, "client_id = $2", {client_id});
}

}  // namespace authctl::store
