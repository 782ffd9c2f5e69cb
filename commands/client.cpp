#include "commands/command.h"
#include "commands/key_options.h"
#include "commands/secret_file.h"
#include "core/base/text.h"
#include "core/service/clients.h"

namespace authctl::commands {
namespace {

constexpr Field secret_fields[] = {
    {"created_at", FieldType::time, false, "when it was made", "created"},
    {"expires_at", FieldType::time, true, "from then on it does not work; null: until it is replaced",
     "expires"},
};
constexpr Shape secret_shape{"client secret", "", secret_fields};

constexpr Field id_field{"id", FieldType::text, false, "UUID; the client_id of OAuth 2.0", "id"};
constexpr Field name_field{"name", FieldType::text, false, "unique, in any case", "name"};
constexpr Field grants_field{"grants", FieldType::strings, false,
                             "authorization_code, client_credentials, refresh_token", "grants"};
constexpr Field uris_field{"redirect_uris", FieldType::strings, false, "each in full", ""};
constexpr Field scopes_field{"scopes", FieldType::strings, false, "that it may ask for", "scopes"};
constexpr Field public_field{"public", FieldType::boolean, false, "whether it has no secret", "public"};
constexpr Field status_field{"status", FieldType::text, false, "active or disabled", "status"};
constexpr Field secrets_field{"secrets", FieldType::objects,
                              false,     "those that work now: their times, never the secrets",
                              "",        &secret_shape};
constexpr Field created_field{"created_at", FieldType::time, false, "when it was made", "created"};
constexpr Field updated_field{"updated_at", FieldType::time, false, "when it was changed last", ""};

constexpr Field client_fields[] = {id_field,     name_field,   grants_field,  uris_field,    scopes_field,
                                   public_field, status_field, secrets_field, created_field, updated_field};
constexpr Shape client_shape{"client", "id", client_fields};

constexpr Field made_fields[] = {
    id_field,
    name_field,
    grants_field,
    uris_field,
    scopes_field,
    public_field,
    status_field,
    secrets_field,
    created_field,
    updated_field,
    {"secret", FieldType::text, true,
     "the new one, shown this once; null: public, or in the file that --out names", ""}};
constexpr Shape made_shape{"client with its secret", "id", made_fields};

const std::pair<int, std::string> unknown_client{3, "there is no such client"};

template <class Outcome>
Output with_notices(Output output, const Outcome& outcome) {
  for (const auto& notice : outcome.notices) output.with_notice(notice);
  return output;
}

Output shown(const service::ClientView& client) {
  return Output::one(client_shape, service::client_json(client));
}
Output shown(const service::ClientOutcome& outcome) { return with_notices(shown(outcome.client), outcome); }

// Runs `make`, which is handed what to do with the secret before its change is committed.
template <class Make>
service::ClientOutcome deliver_to(const SecretFile& file, Make make) {
  return file.deliver([&](const auto& write) {
    return make([&](const base::Secret& secret) { write(std::string(secret.reveal_text()) + "\n"); });
  });
}

std::string shown_secret(Invocation& in, const service::ClientOutcome& outcome) {
  if (in.dry_run()) return "(not generated)";
  return std::string(outcome.secret->reveal_text());
}

Output made(Invocation& in, const SecretFile& file, const service::ClientOutcome& outcome) {
  auto data = service::client_json(outcome.client);
  data["secret"] = nullptr;
  const bool shows = !outcome.client.is_public && !file.given();
  if (shows) data["secret"] = shown_secret(in, outcome);
  auto output = with_notices(Output::one(made_shape, std::move(data)), outcome);
  if (shows && in.globals().quiet && !in.dry_run())
    output.with_notice("its secret was not shown: authctl client rotate-secret " + outcome.client.id +
                       " makes another");
  if (file.given() && !outcome.client.is_public) output.with_notice(file.notice(in.dry_run(), "the secret"));
  return output;
}

void declare_create(Noun& noun) {
  struct Request {
    service::ClientDraft draft;
    SecretFile file;
  };
  auto request = std::make_shared<Request>();
  auto& verb = noun.verb(
      "create", "Register a client; its secret is shown once", &made_shape,
      {.examples = {"authctl client create shop --redirect-uri https://shop.example.com/cb --scope openid",
                    "authctl client create importer --grant client_credentials --out importer.secret",
                    "authctl client create phone-app --public --redirect-uri com.example.app:/cb"},
       .exits = {{5, "the name is taken, or the file exists"}},
       .more = "Without --grant it is authorization_code where there is a redirect URI or --public, else "
               "client_credentials. A redirect URI is https, http on this machine (127.0.0.1, [::1], "
               "localhost) or a scheme of one's own with a dot in it; it is compared as a whole."},
      [request](Invocation& in) {
        const auto& file = request->file;
        file.prepare(in);
        return made(in, file, deliver_to(file, [&](const service::DeliverSecret& deliver) {
                      return service::create_client(in.realm(), in.cause(), request->draft, deliver);
                    }));
      });
  auto& terms = request->draft.terms;
  verb.add_option("NAME", request->draft.name, "1 to 64 printable characters, unique")->required();
  verb.add_option("--grant", terms.grants, "authorization_code, client_credentials or refresh_token")
      ->type_name("GRANT");
  verb.add_option("--redirect-uri", terms.redirect_uris, "where sign-ins come back to, in full")
      ->type_name("URI");
  verb.add_option("--scope", terms.scopes, "that it may ask for")->type_name("SCOPE");
  verb.add_flag("--public", terms.is_public, "a program on people's machines: it has no secret");
  add_secret_file(verb, request->file, "the secret");
}

void declare_reading(Noun& noun) {
  noun.verb("list", "List clients in the order of their names", &client_shape,
            {.examples = {"authctl client list", "authctl client list -o jsonl"}}, [](Invocation& in) {
              return Output::many(client_shape, [next = service::list_clients(in.realm())] {
                const auto client = next();
                return client ? std::optional(service::client_json(*client)) : std::nullopt;
              });
            });
  auto name = std::make_shared<std::string>();
  auto& show = noun.verb("show", "Show a client", &client_shape,
                         {.examples = {"authctl client show shop", "authctl client show shop --json"},
                          .exits = {unknown_client}},
                         [name](Invocation& in) { return shown(service::show_client(in.realm(), *name)); });
  show.add_option("ID", *name, "id or name")->required();
}

void declare_update(Noun& noun) {
  auto update = std::make_shared<service::ClientUpdate>();
  auto& verb = noun.verb(
      "update", "Change a client's name and what it may do: adds, and with --no- takes away", &client_shape,
      {.examples = {"authctl client update shop --redirect-uri https://shop.example.org/cb",
                    "authctl client update shop --no-scope email --rename store"},
       .exits = {{3, "there is no such client, or it does not have what is to be taken away"},
                 {5, "the new name is taken"}}},
      [update](Invocation& in) { return shown(service::update_client(in.realm(), in.cause(), *update)); });
  verb.add_option("ID", update->client, "id or name")->required();
  verb.add_option("--rename", update->rename, "the new name")->type_name("NAME");
  verb.add_option("--grant", update->grants, "one more grant")->type_name("GRANT");
  verb.add_option("--no-grant", update->no_grants, "one less")->type_name("GRANT");
  verb.add_option("--redirect-uri", update->redirect_uris, "one more redirect URI")->type_name("URI");
  verb.add_option("--no-redirect-uri", update->no_redirect_uris, "one less")->type_name("URI");
  verb.add_option("--scope", update->scopes, "one more scope")->type_name("SCOPE");
  verb.add_option("--no-scope", update->no_scopes, "one less")->type_name("SCOPE");
}

void declare_status(Noun& noun) {
  auto name = std::make_shared<std::string>();
  auto& disable = noun.verb(
      "disable", "Shut a client out; its tokens end at once", &client_shape,
      {.examples = {"authctl client disable shop", "authctl client disable shop --reason 'secret leaked'"},
       .exits = {unknown_client}},
      [name](Invocation& in) { return shown(service::disable_client(in.realm(), in.cause(), *name)); });
  disable.add_option("ID", *name, "id or name")->required();
  auto& enable = noun.verb(
      "enable", "Let a disabled client in again", &client_shape,
      {.examples = {"authctl client enable shop", "authctl client enable shop --json"},
       .exits = {unknown_client},
       .more = "Its secret is the one from before; tokens that ended when it was disabled stay refused."},
      [name](Invocation& in) { return shown(service::enable_client(in.realm(), in.cause(), *name)); });
  enable.add_option("ID", *name, "id or name")->required();
}

void declare_delete(Noun& noun) {
  auto name = std::make_shared<std::string>();
  auto& verb = noun.verb("delete", "Delete a client; its tokens end at once", &client_shape,
                         {.examples = {"authctl client delete shop", "authctl client delete shop --yes"},
                          .exits = {unknown_client}},
                         [name](Invocation& in) {
                           const auto client = service::show_client(in.realm(), *name);
                           in.confirm("delete client " + base::quote(client.name) + "?");
                           return shown(service::delete_client(in.realm(), in.cause(), client.id));
                         });
  verb.add_option("ID", *name, "id or name")->required();
}

struct Rotation {
  std::string client;
  std::optional<base::Duration> grace;
  SecretFile file;
};

Output rotate_secret(Invocation& in, const Rotation& request) {
  const auto& file = request.file;
  file.prepare(in);
  const auto outcome = deliver_to(file, [&](const service::DeliverSecret& deliver) {
    return service::rotate_client_secret(in.realm(), in.cause(), request.client,
                                         request.grace.value_or(base::Duration{0}), deliver);
  });
  if (file.given()) return made(in, file, outcome);
  auto data = service::client_json(outcome.client);
  const auto secret = shown_secret(in, outcome);
  data["secret"] = secret;
  return with_notices(Output::bytes(secret + "\n", made_shape, std::move(data)), outcome);
}

void declare_rotate_secret(Noun& noun) {
  auto request = std::make_shared<Rotation>();
  auto& verb =
      noun.verb("rotate-secret", "Give a client a new secret, and print it, once", &made_shape,
                {.examples = {"authctl client rotate-secret shop --grace 24h",
                              "authctl client rotate-secret shop --out shop.secret"},
                 .exits = {unknown_client, {5, "the client is public, or the file exists"}},
                 .more = "Until the grace has passed the secret before it works too; without one it ends at "
                         "once."},
                [request](Invocation& in) { return rotate_secret(in, *request); });
  verb.add_option("ID", request->client, "id or name")->required();
  add_duration_option(verb, "--grace", request->grace, "the secret until now works for so long");
  add_secret_file(verb, request->file, "it");
}

}  // namespace

void declare_client(Noun& noun) {
  declare_create(noun);
  declare_reading(noun);
  declare_update(noun);
  declare_status(noun);
  declare_delete(noun);
  declare_rotate_secret(noun);
}

}  // namespace authctl::commands
