#include <algorithm>
#include <array>

#include "commands/command.h"
#include "commands/session_view.h"
#include "core/base/error.h"

namespace authctl::commands {
namespace {

constexpr Field session_fields[] = {
    {"id", FieldType::text, false, "128 random bits; the sid of its tokens", "id"},
    {"user", FieldType::text, false, "name of the user", "user"},
    {"user_id", FieldType::text, false, "id of the user", ""},
    {"client", FieldType::text, false, "client_id; authctl: our own pages and the command line", "client"},
    {"door", FieldType::text, false, "cookie (a browser) or token (an API client)", ""},
    {"state", FieldType::text, false, "live or ended", "state"},
    {"ip", FieldType::text, true, "address of the sign-in", "address"},
    {"user_agent", FieldType::text, true, "of the sign-in, cut", ""},
    {"remember_me", FieldType::boolean, false, "whether it may live for AUTHCTL_REFRESH_TTL", ""},
    {"scope", FieldType::text, false, "words apart by blanks", ""},
    {"created_at", FieldType::time, false, "when the user signed in", "since"},
    {"last_used_at", FieldType::time, false, "the sign-in or the last refresh", "last used"},
    {"ends_at", FieldType::time, false, "when it ends in any case", "ends"},
    {"ended_at", FieldType::time, true, "when it was ended", ""},
    {"end_reason", FieldType::text, true, "why: logout, revoked, reuse, idle, expired, …", ""},
};
constexpr Shape session_shape{"session", "id", session_fields};

constexpr Field refresh_fields[] = {
    {"generation", FieldType::integer, false, "1 is the sign-in", "generation"},
    {"issued_at", FieldType::time, false, "when it was handed out", "issued"},
    {"used_at", FieldType::time, true, "when it was used; null: it is the newest", "used"},
    {"used_ip", FieldType::text, true, "from which address", "address"},
    {"repeats", FieldType::integer, false, "how often the same successor was given again", "repeats"},
    {"reused_at", FieldType::time, true, "when it was used once too often", "reused"},
    {"reused_ip", FieldType::text, true, "from which address", ""},
};
constexpr Shape refresh_shape{"refresh token", "", refresh_fields};

constexpr auto lineage_fields = [] {
  std::array<Field, std::size(session_fields) + 1> fields{};
  std::copy(std::begin(session_fields), std::end(session_fields), fields.begin());
  fields.back() = {"refresh", FieldType::objects, false, "the family of refresh tokens, oldest first",
                   "",        &refresh_shape};
  return fields;
}();
constexpr Shape lineage_shape{"session show", "id", lineage_fields};

constexpr Field revocation_fields[] = {
    {"revoked", FieldType::integer, false, "sessions that it ended", ""},
    {"session", FieldType::text, true, "the session, where one was named", ""},
    {"user", FieldType::text, true, "whose they were", ""},
};
constexpr Shape revocation_shape{"session revoke", "", revocation_fields};

void declare_list(Noun& noun) {
  auto query = std::make_shared<service::SessionQuery>();
  auto& verb = noun.verb(
      "list", "List live sessions, newest first", &session_shape,
      {.examples = {"authctl session list --user ann", "authctl session list -o jsonl"},
       .exits = {{3, "there is no such user"}},
       .more = "A session is live until it is ended, unused for AUTHCTL_SESSION_IDLE, or at its end."},
      [query](Invocation& in) {
        const auto idle = in.stored_settings().duration("session_idle");
        auto next = service::list_sessions(in.realm(), *query, idle);
        return Output::many(
            session_shape,
            [next = std::move(next), now = in.clock().now(), idle]() -> std::optional<base::json::object> {
              const auto session = next();
              return session ? std::optional(service::session_json(*session, now, idle)) : std::nullopt;
            });
      });
  verb.add_option("--user", query->user, "whose: name, e-mail or id")->type_name("U");
  verb.add_flag("--ended", query->ended, "those that are over instead");
  verb.add_option("--limit", query->limit, "at most so many")->type_name("N");
}

void declare_show(Noun& noun) {
  auto id = std::make_shared<std::string>();
  auto& verb =
      noun.verb("show", "Show a session, its refreshes and where they came from", &lineage_shape,
                {.examples = {"authctl session show 4f8a0c5e9b1d47a2b3c6d8e0f1a29b3c",
                              "authctl session show 4f8a0c5e9b1d47a2b3c6d8e0f1a29b3c --json"},
                 .exits = {{3, "there is no such session"}}},
                [id](Invocation& in) {
                  const auto view = service::show_session(in.realm(), *id);
                  const auto idle = in.stored_settings().duration("session_idle");
                  return Output::one(lineage_shape, service::session_json(view, in.clock().now(), idle))
                      .with_view(draw_session(view, in.clock().now(), idle));
                });
  verb.add_option("ID", *id, "its id, as list shows it")->required();
}

struct Revocation {
  service::SessionRevocation request;
  bool all = false;
};

Output revoke(Invocation& in, const Revocation& options) {
  const auto& request = options.request;
  if (!request.id.empty() + !request.user.empty() + options.all != 1)
    throw base::Error{base::ErrorCode::usage, "say which sessions: one, a user's, or all of them",
                      "authctl session revoke ID, --user U or --all"};
  if (options.all) in.confirm("end every session of every user?");
  const auto report = service::revoke_sessions(in.realm(), in.cause(), request);
  base::json::object json{{"revoked", report.revoked}, {"session", nullptr}, {"user", nullptr}};
  if (report.id) json["session"] = *report.id;
  if (report.user) json["user"] = *report.user;
  auto output = Output::one(revocation_shape, std::move(json));
  for (const auto& notice : report.notices) output.with_notice(notice);
  return output;
}

void declare_revoke(Noun& noun) {
  auto options = std::make_shared<Revocation>();
  auto& verb =
      noun.verb("revoke", "End sessions at once, with their tokens", &revocation_shape,
                {.examples = {"authctl session revoke 4f8a0c5e9b1d47a2b3c6d8e0f1a29b3c",
                              "authctl session revoke --user ann --reason 'lost the laptop'"},
                 .exits = {{3, "there is no such session or user"}},
                 .more = "The refresh tokens of an ended session are dead, and so are its access tokens."},
                [options](Invocation& in) { return revoke(in, *options); });
  verb.add_option("ID", options->request.id, "one session");

  verb.add_option("--user", options->request.user, "every session of this user")->type_name("U");
  verb.add_flag("--all", options->all, "every session there is; asks");
}

}  // namespace

void declare_session(Noun& noun) {
  declare_list(noun);
  declare_show(noun);
  declare_revoke(noun);
}

}  // namespace authctl::commands
