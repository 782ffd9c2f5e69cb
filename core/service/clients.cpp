#include "core/service/clients.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/credential/client_secret.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;
using store::ClientRow;
using store::ClientStatus;

constexpr base::Duration longest_grace = std::chrono::hours(24) * 36525;

base::json::array to_array(const std::vector<std::string>& texts) {
  return base::json::array(texts.begin(), texts.end());
}

audit::Event client_event(const char* action, const ClientRow& client, base::json::object detail = {}) {
  return {action, {"client", client.id, client.name}, audit::Outcome::success, std::move(detail)};
}

ClientView view_of(store::Database& db, ClientRow client, base::Timestamp now) {
  ClientView view;
  static_cast<ClientRow&>(view) = std::move(client);
  view.secrets = store::secrets_of_client(db, view.id);
  std::erase_if(view.secrets, [&](const auto& secret) { return !secret.works(now); });
  return view;
}

base::json::object terms_json(const ClientRow& client) {
  return {{"grants", to_array(client.grants)},
          {"redirect_uris", to_array(client.redirect_uris)},
          {"scopes", to_array(client.scopes)},
          {"public", client.is_public}};
}

std::vector<std::string> warnings_about(const ClientRow& client) {
  if (!client.redirect_uris.empty() ||
      std::ranges::find(client.grants, "authorization_code") == client.grants.end())
    return {};
  return {"the client has no redirect URI yet, so nobody can sign in through it: authctl client update " +
          client.id + " --redirect-uri U"};
}

// Nothing on a dry run, which takes its row back: nobody is handed what is not kept.
std::optional<base::Secret> give_secret(Change& change, const ClientRow& client) {
  auto secret = credential::make_client_secret(change.realm().random());
  const auto hash = credential::client_secret_hash(secret.reveal_text());
  store::insert_client_secret(change.db(),
                              {{hash.begin(), hash.end()}, client.id, change.now(), std::nullopt});
  if (change.dry_run()) return std::nullopt;
  return secret;
}

// Takes words away that must be there, then adds those that are not.
std::vector<std::string> altered(std::vector<std::string> words, const std::vector<std::string>& added,
                                 const std::vector<std::string>& taken, const std::string& what,
                                 const ClientRow& client) {
  for (const auto& word : taken)
    if (std::erase(words, word) == 0)
      throw Error(ErrorCode::not_found, "the client does not have the " + what + " " + quote(word),
                  "authctl client show " + client.id);
  words.insert(words.end(), added.begin(), added.end());
  return words;
}

ClientDraft wanted_by(const ClientRow& client, const ClientUpdate& update) {
  ClientDraft wanted{update.rename.value_or(client.name), {}};
  wanted.terms.is_public = client.is_public;
  wanted.terms.grants = altered(client.grants, update.grants, update.no_grants, "grant", client);
  wanted.terms.redirect_uris =
      altered(client.redirect_uris, update.redirect_uris, update.no_redirect_uris, "redirect URI", client);
  wanted.terms.scopes = altered(client.scopes, update.scopes, update.no_scopes, "scope", client);
  if (wanted.terms.grants.empty())
    throw Error(ErrorCode::invalid, "a client without a grant can do nothing", "authctl client disable ID");
  return wanted;
}

bool is_empty(const ClientUpdate& update) {
  return !update.rename && update.grants.empty() && update.no_grants.empty() &&
         update.redirect_uris.empty() && update.no_redirect_uris.empty() && update.scopes.empty() &&
         update.no_scopes.empty();
}

// The secret that is good until further notice goes on until `end`; any other is gone at once.
void end_secrets(Change& change, const ClientRow& client, base::Timestamp end) {
  for (const auto& secret : store::secrets_of_client(change.db(), client.id)) {
    if (!secret.expires_at && end > change.now()) {
      store::set_client_secret_end(change.db(), secret.hash, end);
    } else {
      store::delete_client_secret(change.db(), secret.hash);
    }
  }
}

ClientOutcome set_status(Change& change, const std::string& name, ClientStatus status) {
  auto client = store::get_client(change.db(), name);
  if (client.status == status)
    return {view_of(change.db(), client, change.now()),
            {},
            {"client " + quote(client.name) + " is " + std::string(store::word_of(status)) + " already"}};
  client.status = status;
  client.updated_at = change.now();
  store::update_client(change.db(), client);
  if (status == ClientStatus::active) {
    change.record(client_event("client.enable", client));
  } else {
    const auto ended = store::revoke_tokens_of_client(change.db(), client.id, change.now());
    change.record(client_event("client.disable", client, {{"tokens_ended", ended}}));
  }
  return {view_of(change.db(), client, change.now()), {}, {}};
}

base::json::array secrets_json(const ClientView& client) {
  base::json::array secrets;
  for (const auto& secret : client.secrets) {
    base::json::object entry{{"created_at", base::to_rfc3339(secret.created_at)}, {"expires_at", nullptr}};
    if (secret.expires_at) entry["expires_at"] = base::to_rfc3339(*secret.expires_at);
    secrets.push_back(std::move(entry));
  }
  return secrets;
}

}  // namespace

ClientOutcome create_client(Change& change, const ClientDraft& draft) {
  const auto terms = checked_terms(draft.terms);
  const ClientRow client{base::make_uuid4(change.realm().random()),
                         checked_client_name(draft.name),
                         terms.grants,
                         terms.redirect_uris,
                         terms.scopes,
                         terms.is_public,
                         ClientStatus::active,
                         change.now(),
                         change.now()};
  store::insert_client(change.db(), client);
  change.record(client_event("client.create", client, terms_json(client)));
  std::optional<base::Secret> secret;
  if (!client.is_public) secret = give_secret(change, client);
  return {view_of(change.db(), client, change.now()), std::move(secret), warnings_about(client)};
}

ClientOutcome create_client(Realm& realm, const Cause& cause, const ClientDraft& draft,
                            const DeliverSecret& deliver) {
  return change(realm, cause, [&](Change& c) {
    auto outcome = create_client(c, draft);
    if (outcome.secret) deliver(*outcome.secret);
    return outcome;
  });
}

ClientOutcome set_client(Change& change, const ClientRow& before, const ClientDraft& wanted) {
  const auto terms = checked_terms(wanted.terms);
  ClientRow after = before;
  after.name = checked_client_name(wanted.name);
  after.grants = terms.grants;
  after.redirect_uris = terms.redirect_uris;
  after.scopes = terms.scopes;
  after.is_public = terms.is_public;
  base::json::object detail;
  if (after.name != before.name) detail["name"] = after.name;
  const auto before_json = terms_json(before);
  for (const auto& member : terms_json(after))
    if (before_json.at(member.key()) != member.value()) detail[member.key()] = member.value();
  if (detail.empty())
    return {
        view_of(change.db(), before, change.now()), {}, {"client " + quote(before.name) + " is so already"}};
  after.updated_at = change.now();
  store::update_client(change.db(), after);
  change.record(client_event("client.update", before, std::move(detail)));
  std::optional<base::Secret> secret;
  if (after.is_public && !before.is_public) end_secrets(change, after, change.now());
  if (!after.is_public && before.is_public) secret = give_secret(change, after);
  return {view_of(change.db(), after, change.now()), std::move(secret), warnings_about(after)};
}

ClientOutcome update_client(Realm& realm, const Cause& cause, const ClientUpdate& update) {
  if (is_empty(update))
    throw Error(ErrorCode::usage, "there is nothing to change",
                "--rename, --grant, --redirect-uri, --scope, and each of the last three with --no-");
  return change(realm, cause, [&](Change& c) {
    const auto client = store::get_client(c.db(), update.client);
    return set_client(c, client, wanted_by(client, update));
  });
}

ClientOutcome disable_client(Change& change, const std::string& client) {
  return set_status(change, client, ClientStatus::disabled);
}

ClientOutcome enable_client(Change& change, const std::string& client) {
  return set_status(change, client, ClientStatus::active);
}

ClientOutcome disable_client(Realm& realm, const Cause& cause, const std::string& client) {
  return change(realm, cause, [&](Change& c) { return disable_client(c, client); });
}

ClientOutcome enable_client(Realm& realm, const Cause& cause, const std::string& client) {
  return change(realm, cause, [&](Change& c) { return enable_client(c, client); });
}

ClientView delete_client(Change& change, const std::string& name) {
  auto client = view_of(change.db(), store::get_client(change.db(), name), change.now());
  const auto ended = store::revoke_tokens_of_client(change.db(), client.id, change.now());
  store::delete_client(change.db(), client.id);
  change.record(client_event("client.delete", client, {{"tokens_ended", ended}}));
  return client;
}

ClientView delete_client(Realm& realm, const Cause& cause, const std::string& client) {
  return change(realm, cause, [&](Change& c) { return delete_client(c, client); });
}

ClientOutcome rotate_client_secret(Realm& realm, const Cause& cause, const std::string& name,
                                   base::Duration grace, const DeliverSecret& deliver) {
  return change(realm, cause, [&](Change& c) -> ClientOutcome {
    auto client = store::get_client(c.db(), name);
    if (client.is_public)
      throw Error(ErrorCode::precondition, "client " + quote(client.name) + " is public: it has no secret",
                  "authctl client show " + client.id);
    if (grace > longest_grace)
      throw Error(ErrorCode::invalid, "a grace is at most a hundred years", "for example --grace 24h");
    end_secrets(c, client, c.now() + grace);
    auto secret = give_secret(c, client);
    client.updated_at = c.now();
    store::update_client(c.db(), client);
    base::json::object detail{{"grace_seconds", grace.count()}};
    c.record(client_event("client.rotate-secret", client, std::move(detail)));
    if (secret) deliver(*secret);
    std::vector<std::string> notices;
    if (grace.count() > 0)
      notices.push_back("the secret before it works until " + base::to_rfc3339(c.now() + grace));
    return {view_of(c.db(), client, c.now()), std::move(secret), std::move(notices)};
  });
}

ClientView show_client(Realm& realm, const std::string& client) {
  return view_of(realm.db(), store::get_client(realm.db(), client), realm.now());
}

std::function<std::optional<ClientView>()> list_clients(Realm& realm) {
  struct Walk {
    std::vector<ClientRow> page;
    std::size_t at = 0;
    std::string after;
    bool done = false;
  };
  constexpr std::int64_t a_page = 250;
  return [&realm, now = realm.now(), walk = std::make_shared<Walk>()]() -> std::optional<ClientView> {
    if (walk->at == walk->page.size() && !walk->done) {
      walk->page = store::list_clients(realm.db(), walk->after, a_page);
      walk->at = 0;
      walk->done = walk->page.size() < static_cast<std::size_t>(a_page);
      if (!walk->page.empty()) walk->after = base::fold_ascii(walk->page.back().name);
    }
    if (walk->at == walk->page.size()) return std::nullopt;
    return view_of(realm.db(), std::move(walk->page[walk->at++]), now);
  };
}

std::optional<SecretStanding> standing_of_secret(store::Database& db, std::string_view secret,
                                                 base::Timestamp now) {
  if (!credential::is_client_secret(secret)) return std::nullopt;
  const auto row = store::find_client_secret(db, credential::client_secret_hash(secret));
  if (!row) return std::nullopt;
  auto client = store::get_client(db, row->client_id);
  const bool works = row->works(now) && client.status == ClientStatus::active;
  return SecretStanding{std::move(client), works, row->created_at, row->expires_at};
}

bool end_client_secret(Change& change, base::ByteView hash) {
  const auto row = store::find_client_secret(change.db(), hash);
  if (!row || !row->works(change.now())) return false;
  const auto client = store::get_client(change.db(), row->client_id);
  store::delete_client_secret(change.db(), hash);
  const auto ended = store::revoke_tokens_of_client(change.db(), client.id, change.now());
  change.record(client_event("client.revoke-secret", client, {{"tokens_ended", ended}}));
  return true;
}

std::optional<ClientRow> authenticate_client(store::Database& db, std::string_view id,
                                             std::string_view secret, base::Timestamp now) {
  auto standing = standing_of_secret(db, secret, now);
  if (!standing || !standing->works || standing->client.id != id) return std::nullopt;
  return std::move(standing->client);
}

base::json::object client_json(const ClientView& client) {
  return {{"id", client.id},
          {"name", client.name},
          {"grants", to_array(client.grants)},
          {"redirect_uris", to_array(client.redirect_uris)},
          {"scopes", to_array(client.scopes)},
          {"public", client.is_public},
          {"status", store::word_of(client.status)},
          {"secrets", secrets_json(client)},
          {"created_at", base::to_rfc3339(client.created_at)},
          {"updated_at", base::to_rfc3339(client.updated_at)}};
}

}  // namespace authctl::service
