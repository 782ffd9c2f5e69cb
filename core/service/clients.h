// Clients: programs that ask for tokens (RFC 6749). Every function is one change: all of it happens, with an
// audit entry for each thing changed, or nothing does. Those that take a Change are for a change with more in
// it. Invariants: a client's redirect URIs were judged when they came in (credential/redirect_uri.h); a
// public client has no secret, any other one or two; a secret is in the clear only in what is returned here,
// once. A client that is disabled or deleted loses its live tokens at once.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/secret.h"
#include "core/service/change.h"
#include "core/store/client_repository.h"

namespace authctl::service {

// What a client may do. Checked by checked_terms(): known grants in their usual order, good URIs and scopes,
// nothing twice.
struct ClientTerms {
  std::vector<std::string> grants;  // none: what fits the redirect URIs
  std::vector<std::string> redirect_uris, scopes;
  bool is_public = false;
};
// Error invalid.
ClientTerms checked_terms(ClientTerms terms);
// 1 to 64 printable characters, no blank at either end, and no UUID. Error invalid.
std::string checked_client_name(const std::string& name);

struct ClientDraft {
  std::string name;
  ClientTerms terms;
};

struct ClientUpdate {
  std::string client;  // id or name
  std::optional<std::string> rename;
  std::vector<std::string> grants, no_grants, redirect_uris, no_redirect_uris, scopes, no_scopes;
};

struct ClientView : store::ClientRow {
  std::vector<store::ClientSecretRow> secrets;  // those that work
};

// The client as it is afterwards; its new secret, where there is one (not on a dry run); what to say.
struct ClientOutcome {
  ClientView client;
  std::optional<base::Secret> secret;
  std::vector<std::string> notices;
};

// Puts a new secret where its reader will look for it, before the change is committed: what throws here
// undoes all of it.
using DeliverSecret = std::function<void(const base::Secret&)>;

// Error conflict where the name is taken.
ClientOutcome create_client(Change& change, const ClientDraft& draft);
ClientOutcome create_client(Realm& realm, const Cause& cause, const ClientDraft& draft,
                            const DeliverSecret& deliver);
// Adds and takes away. Error usage where there is nothing to change, not_found for what is to be taken away
// and is not there.
ClientOutcome update_client(Realm& realm, const Cause& cause, const ClientUpdate& update);
// Sets name and terms to what they are to be; a change of nothing is none.
ClientOutcome set_client(Change& change, const store::ClientRow& before, const ClientDraft& wanted);
ClientOutcome disable_client(Change& change, const std::string& client);
ClientOutcome enable_client(Change& change, const std::string& client);
ClientOutcome disable_client(Realm& realm, const Cause& cause, const std::string& client);
ClientOutcome enable_client(Realm& realm, const Cause& cause, const std::string& client);
// The client as it was.
ClientView delete_client(Change& change, const std::string& client);
ClientView delete_client(Realm& realm, const Cause& cause, const std::string& client);
// The secret until now works for `grace` more, one before it no longer. Error precondition for a public one.
ClientOutcome rotate_client_secret(Realm& realm, const Cause& cause, const std::string& client,
                                   base::Duration grace, const DeliverSecret& deliver);

ClientView show_client(Realm& realm, const std::string& client);
// Client after client in the order of their folded names, a page of the store at a time.
std::function<std::optional<ClientView>()> list_clients(Realm& realm);

// Whose secret it is, and whether it still works: for who finds one somewhere. Nothing where it is nobody's.
struct SecretStanding {
  store::ClientRow client;
  bool works = false;  // it has not ended, and the client is active
  base::Timestamp created_at{};
  std::optional<base::Timestamp> expires_at;
};
std::optional<SecretStanding> standing_of_secret(store::Database& db, std::string_view secret,
                                                 base::Timestamp now);
// A secret that somebody else knows works no more, nor does what was issued to its client. False where it is
// gone already.
bool end_client_secret(Change& change, base::ByteView hash);
// The client with this id, where the secret is one of its own and works.
std::optional<store::ClientRow> authenticate_client(store::Database& db, std::string_view id,
                                                    std::string_view secret, base::Timestamp now);

// id name grants[] redirect_uris[] scopes[] public status secrets[{created_at,expires_at}] created_at
// updated_at
base::json::object client_json(const ClientView& client);

}  // namespace authctl::service
