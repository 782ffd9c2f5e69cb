// Rows of oauth_client and client_secret. Written by services only.
// Invariant: a client's folded name is unique; a secret is kept as its hash alone and goes with its client.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

enum class ClientStatus { active, disabled };
std::string_view word_of(ClientStatus status);

struct ClientRow {
  std::string id;    // UUID 4
  std::string name;  // as it was given
  std::vector<std::string> grants, redirect_uris, scopes;
  bool is_public = false;  // it has no secret: a program on somebody else's machine
  ClientStatus status = ClientStatus::active;
  base::Timestamp created_at{}, updated_at{};
};

struct ClientSecretRow {
  base::Bytes hash;
  std::string client_id;
  base::Timestamp created_at{};
  std::optional<base::Timestamp> expires_at;  // nothing: until another takes its place

  bool works(base::Timestamp now) const { return !expires_at || *expires_at > now; }
};

// By id, else by name in any case.
std::optional<ClientRow> find_client(Database& db, std::string_view id_or_name);
// The same; Error not_found with a hint.
ClientRow get_client(Database& db, std::string_view id_or_name);
// At most `limit` whose folded name comes after `after`, in the order of their folded names.
std::vector<ClientRow> list_clients(Database& db, std::string_view after, std::int64_t limit);

// Both: Error conflict where the name is another client's.
void insert_client(Database& db, const ClientRow& client);
void update_client(Database& db, const ClientRow& client);
// Its secrets go with it.
void delete_client(Database& db, std::string_view id);

void insert_client_secret(Database& db, const ClientSecretRow& secret);
// Oldest first, also those that have ended.
std::vector<ClientSecretRow> secrets_of_client(Database& db, std::string_view client_id);
std::optional<ClientSecretRow> find_client_secret(Database& db, base::ByteView hash);
void set_client_secret_end(Database& db, base::ByteView hash, base::Timestamp end);
void delete_client_secret(Database& db, base::ByteView hash);

// Ends what was issued to the client and lives; gives how many there were.
std::int64_t revoke_tokens_of_client(Database& db, std::string_view client_id, base::Timestamp now);

}  // namespace authctl::store
