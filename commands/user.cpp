#include "commands/secret_file.h"
#include "commands/user_shape.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/accounts.h"

namespace authctl::commands {

void declare_user_import(Noun& noun);

namespace {

constexpr Field generated_fields[] = {
    {"user", FieldType::text, false, "whose password it is", ""},
    {"password", FieldType::text, false, "the new one, shown this once", ""},
};
constexpr Shape generated_shape{"user password", "", generated_fields};

const std::pair<int, std::string> unknown_user{3, "there is no such user"};
const std::pair<int, std::string> last_admin{5, "nobody else holds admin:all (--force overrides)"};

Output user_output(const service::UserOutcome& outcome) {
  auto output = Output::one(user_shape, service::user_json(outcome.user));
  for (const auto& notice : outcome.notices) output.with_notice(notice);
  return output;
}

struct Creation {
  service::UserDraft draft;
  SecretSource password;
};

void declare_create(Noun& noun) {
  auto request = std::make_shared<Creation>();
  auto& verb = noun.verb(
      "create", "Create a user", &user_shape,
      {.examples = {"authctl user create ann --email ann@example.com --role editor",
                    "authctl user create bob --password-stdin < bob.password"},
       .exits = {{3, "there is no such role"}, {5, "the name or e-mail is taken"}},
       .more = "Without a password the user cannot sign in with one until `authctl user password` sets it."},
      [request](Invocation& in) {
        if (request->password.given())
          request->draft.password = in.read_secret(request->password, "password", true);
        return Output::one(user_shape, service::user_json(service::create_user(
                                           in.realm(), in.cause(), std::move(request->draft),
                                           password_policy(in.stored_settings()))));
      });
  verb.add_option("NAME", request->draft.name, "1 to 64 of a-z 0-9 . _ @ + ' -")->required();
  verb.add_option("--email", request->draft.email, "signs in too")->type_name("E");
  verb.add_option("--role", request->draft.roles, "assign this role")->type_name("R");
  verb.add_flag("--disabled", request->draft.disabled, "make it disabled");
  verb.add_flag("--must-change", request->draft.must_change, "ask for a new password at the first sign-in");
  add_secret_options(verb, request->password, "password");
}

struct ListOptions {
  service::UserQuery query;
  std::string inactive_for;
};

Output list(Invocation& in, ListOptions& options) {
  if (!options.inactive_for.empty()) {
    options.query.inactive_for = base::parse_duration(options.inactive_for);
    if (!options.query.inactive_for)
      throw base::Error{base::ErrorCode::invalid, base::quote(options.inactive_for) + " is not a duration",
                        "for example --inactive-for 90d"};
  }
  auto next = service::list_users(in.realm(), options.query);
  return Output::many(user_shape, [next = std::move(next)]() -> std::optional<base::json::object> {
    const auto user = next();
    return user ? std::optional(service::user_json(*user)) : std::nullopt;
  });
}

void declare_list(Noun& noun) {
  auto options = std::make_shared<ListOptions>();
  auto& query = options->query;
  auto& verb = noun.verb("list", "List users in the order of their names", &user_shape,
                         {.examples = {"authctl user list --role editor --status active",
                                       "authctl user list --inactive-for 90d --limit 100 --after ann"},
                          .exits = {{3, "there is no such role"}}},
                         [options](Invocation& in) { return list(in, *options); });
  verb.add_option("--role", query.role, "who hold this role")->type_name("R");
  offer(verb.add_option("--status", query.status, "active or disabled")->type_name("S"),
        {"active", "disabled"});
  offer(
      verb.add_option("--scheme", query.scheme, "whose password hash is of this scheme: bcrypt, argon2id, …")
          ->type_name("S"),
      {"argon2id", "argon2i", "bcrypt", "scrypt", "pbkdf2-sha256"});
  verb.add_flag("--without-mfa", query.without_mfa, "who have no second factor");
  verb.add_option("--inactive-for", options->inactive_for, "who have not signed in for so long")
      ->type_name("D");
  verb.add_option("--match", query.match, "a part of the name or e-mail")->type_name("TEXT");
  verb.add_option("--limit", query.limit, "at most so many")->type_name("N");
  verb.add_option("--after", query.after, "go on after this name")->type_name("NAME");
}

void declare_show(Noun& noun) {
  auto name = std::make_shared<std::string>();
  auto& verb =
      noun.verb("show", "Show a user", &user_shape,
                {.examples = {"authctl user show ann", "authctl user show ann@example.com --json"},
                 .exits = {unknown_user}},
                [name](Invocation& in) {
                  return Output::one(user_shape, service::user_json(service::show_user(in.realm(), *name)));
                });
  verb.add_option("NAME", *name, "name, e-mail or id")->required();
}

void declare_update(Noun& noun) {
  auto request = std::make_shared<service::UserUpdate>();
  auto& verb = noun.verb("update", "Change a user's name or e-mail", &user_shape,
                         {.examples = {"authctl user update ann --email ann@example.org",
                                       "authctl user update ann --rename anna"},
                          .exits = {unknown_user, {5, "the new name or e-mail is taken"}}},
                         [request](Invocation& in) {
                           return user_output(service::update_user(in.realm(), in.cause(), *request));
                         });
  verb.add_option("NAME", request->user, "name, e-mail or id")->required();
  verb.add_option("--email", request->email, "the new address; --email= takes it away")->type_name("E");
  verb.add_option("--rename", request->rename, "the new name")->type_name("NAME");
}

struct PasswordOptions {
  service::PasswordRequest request;
  SecretSource source;
  SecretFile out;
};

Output generated(Invocation& in, const PasswordOptions& options, const service::PasswordOutcome& outcome) {
  if (options.out.given())
    return Output::one(user_shape, service::user_json(outcome.user))
        .with_notice(options.out.notice(in.dry_run(), "the password"));
  const std::string shown =
      outcome.generated ? std::string(outcome.generated->reveal_text()) : "(not generated)";
  return Output::bytes(shown + "\n", generated_shape, {{"user", outcome.user.name}, {"password", shown}});
}

Output set_password(Invocation& in, PasswordOptions& options) {
  auto& request = options.request;
  if (options.out.given() && !request.generate)
    throw base::Error{base::ErrorCode::usage, "--out is for a password that is generated", "add --generate"};
  options.out.prepare(in);
  if (options.source.given() || (!request.generate && !request.must_change))
    request.password = in.read_secret(options.source, "password", true);
  const auto outcome = options.out.deliver([&](const auto& write) {
    return service::set_password(
        in.realm(), in.cause(), request, password_policy(in.stored_settings()),
        [&](const base::Secret& made) { write(std::string(made.reveal_text()) + "\n"); });
  });
  if (request.generate) return generated(in, options, outcome);
  return Output::one(user_shape, service::user_json(outcome.user));
}

void declare_password_verb(Noun& noun) {
  auto options = std::make_shared<PasswordOptions>();
  auto& verb = noun.verb(
      "password", "Set a user's password; its earlier tokens end", &user_shape,
      {.examples = {"authctl user password ann --generate --must-change",
                    "authctl user password ann --password-file /run/secrets/ann"},
       .exits = {unknown_user, {5, "there is no password that could be changed, or the file exists"}},
       .more =
           "--must-change alone leaves the password as it is and asks for a new one at the next sign-in."},
      [options](Invocation& in) { return set_password(in, *options); });
  noun.or_prints(generated_shape);
  verb.add_option("NAME", options->request.user, "name, e-mail or id")->required();
  verb.add_flag("--generate", options->request.generate, "make one and print it, once");
  verb.add_flag("--must-change", options->request.must_change, "ask for a new one at the next sign-in");
  add_secret_file(verb, options->out, "the generated one");
  add_secret_options(verb, options->source, "password");
}

struct Closing {
  std::string name;
  bool force = false;
};

void declare_disable(Noun& noun) {
  auto request = std::make_shared<Closing>();
  auto& verb = noun.verb(
      "disable", "Shut a user out at once", &user_shape,
      {.examples = {"authctl user disable ann", "authctl user disable ann --reason 'left the company'"},
       .exits = {unknown_user, last_admin}},
      [request](Invocation& in) {
        if (request->force)
          in.confirm("disable " + base::quote(request->name) + " even if nobody else holds admin:all?");
        return user_output(service::disable_user(in.realm(), in.cause(), request->name, request->force));
      });
  verb.add_option("NAME", request->name, "name, e-mail or id")->required();
  verb.add_flag("--force", request->force, "even the last holder of admin:all");
}

void declare_enable(Noun& noun) {
  auto name = std::make_shared<std::string>();
  auto& verb = noun.verb(
      "enable", "Let a disabled user in again; tokens from before stay refused", &user_shape,
      {.examples = {"authctl user enable ann", "authctl user enable ann --json"}, .exits = {unknown_user}},
      [name](Invocation& in) { return user_output(service::enable_user(in.realm(), in.cause(), *name)); });
  verb.add_option("NAME", *name, "name, e-mail or id")->required();
}

void declare_delete(Noun& noun) {
  auto request = std::make_shared<Closing>();
  auto& verb =
      noun.verb("delete", "Delete a user and all that hangs on it", &user_shape,
                {.examples = {"authctl user delete ann",
                              "authctl user delete ann --yes --reason 'asked to be forgotten'"},
                 .exits = {unknown_user, last_admin}},
                [request](Invocation& in) {
                  const auto user = service::show_user(in.realm(), request->name);
                  const auto deleted = confirmed(
                      in, "delete user " + base::quote(user.name) + "?", [&](const service::Cause& cause) {
                        return service::delete_user(in.realm(), cause, user.id, request->force);
                      });
                  return Output::one(user_shape, service::user_json(deleted));
                });
  verb.add_option("NAME", request->name, "name, e-mail or id")->required();
  verb.add_flag("--force", request->force, "even the last holder of admin:all");
}

}  // namespace

void declare_user(Noun& noun) {
  declare_create(noun);
  declare_list(noun);
  declare_show(noun);
  declare_update(noun);
  declare_password_verb(noun);
  declare_disable(noun);
  declare_enable(noun);
  declare_delete(noun);
  declare_user_import(noun);
}

}  // namespace authctl::commands
