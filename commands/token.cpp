#include "commands/command.h"
#include "commands/key_options.h"
#include "commands/secret_file.h"
#include "commands/token_verify.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/tokens.h"

namespace authctl::commands {
namespace {

constexpr Field issue_fields[] = {
    {"token", FieldType::text, true, "the token; shown once; null where it went to a file", ""},
    {"jti", FieldType::text, false, "id of the token", ""},
    {"kid", FieldType::text, false, "key that signed it", ""},
    {"type", FieldType::text, false, "access, refresh, …", ""},
    {"expires_at", FieldType::time, false, "from then on it is expired", ""},
    {"claims", FieldType::any, false, "what it says", ""},
};
constexpr Shape issue_shape{"token issue", "jti", issue_fields};

constexpr Field inspect_fields[] = {
    {"verified", FieldType::boolean, false, "always false: inspect verifies nothing", ""},
    {"header", FieldType::any, false, "JOSE header", ""},
    {"claims", FieldType::any, false, "claims", ""},
};
constexpr Shape inspect_shape{"token inspect", "", inspect_fields};

constexpr Field revoke_fields[] = {
    {"revoked", FieldType::integer, false, "live tokens that ended", ""},
    {"jti", FieldType::text, true, "the token, where it was one", ""},
    {"user", FieldType::text, true, "the user, where it was all of a user", ""},
    {"kid", FieldType::text, true, "the key, where it was all of a key", ""},
    {"issued_from", FieldType::time, true, "first moment of the range", ""},
    {"issued_until", FieldType::time, true, "last moment of the range", ""},
};
constexpr Shape revoke_shape{"token revoke", "jti", revoke_fields};

struct IssueOptions {
  service::TokenRequest request;
  std::optional<base::Duration> ttl;
  std::vector<std::string> claims;
  SecretFile out;
};

std::vector<std::pair<std::string, std::string>> split_claims(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, std::string>> claims;
  for (const auto& text : texts) {
    const auto at = text.find('=');
    if (at == text.npos) {
      throw base::Error(base::ErrorCode::usage, "not a claim: " + base::quote(text), "--claim NAME=VALUE");
    }
    claims.emplace_back(text.substr(0, at), text.substr(at + 1));
  }
  return claims;
}

Output issue(Invocation& in, IssueOptions options) {
  auto& request = options.request;
  const auto& settings = in.stored_settings();
  request.claims = split_claims(options.claims);
  request.issuer = settings.text("issuer");
  if (request.audiences.empty()) request.audiences.push_back(default_audience(settings));
  request.ttl =
      options.ttl.value_or(settings.duration(request.type == "refresh" ? "refresh_ttl" : "access_ttl"));
  options.out.prepare(in);
  const auto report = service::issue_token(in.realm(), in.cause(), request);
  const bool to_file = options.out.given();
  if (to_file && !in.dry_run()) options.out.write(report.token + "\n");
  base::json::object data{{"token", nullptr},
                          {"jti", report.jti},
                          {"kid", report.kid},
                          {"type", report.type},
                          {"expires_at", base::to_rfc3339(report.expires_at)},
                          {"claims", report.claims}};
  if (!to_file) data["token"] = report.token;
  return Output::bytes(to_file ? std::string() : report.token + "\n", issue_shape, std::move(data));
}

void declare_issue(Noun& noun) {
  auto options = std::make_shared<IssueOptions>();
  auto& verb = noun.verb(
      "issue", "Issue a token to a user", &issue_shape,
      {.examples = {"authctl token issue ann",
                    "authctl token issue ann --ttl 1h --audience api --scope read --out t"},
       .exits = {{3, "no such user"}, {4, "the user is disabled"}, {5, "no active key, or the file exists"}},
       .more = "Prints the token and nothing else. An access token has the media type at+jwt (RFC 9068), a "
               "token of "
               "another TYPE has TYPE+jwt."},
      [options](Invocation& in) { return issue(in, *options); });
  auto& request = options->request;
  verb.add_option("USER", request.user, "name, e-mail or id")->required();
  add_duration_option(verb, "--ttl", options->ttl, "how long it lives; default access_ttl, or refresh_ttl");
  verb.add_option("--audience", request.audiences, "who it is for");
  verb.add_option("--scope", request.scopes, "a scope it carries");
  verb.add_option("--claim", options->claims, "NAME=VALUE, a text");
  offer(verb.add_option("--type", request.type, "access (default), refresh, …"), {"access", "refresh"});
  add_secret_file(verb, options->out, "it");
}

void declare_inspect(Noun& noun) {
  auto file = std::make_shared<std::string>();
  auto& verb = noun.verb(
      "inspect", "Show header and claims of a token, verifying nothing", &inspect_shape,
      {.examples = {"authctl token inspect t", "authctl token issue ann | authctl token inspect --json"},
       .opens_store = false},
      [file](Invocation& in) {
        const auto token = read_token(in, *file, max_token_bytes);
        auto inspection = token::inspect_token(token);
        if (!inspection) {
          throw base::Error(base::ErrorCode::invalid, "this is no token: malformed", "authctl token verify");
        }
        return Output::one(inspect_shape, {{"verified", false},
                                           {"header", std::move(inspection->header)},
                                           {"claims", std::move(inspection->claims)}})
            .with_notice("NOT VERIFIED: anybody can write such a token; authctl token verify checks it");
      });
  verb.add_option("FILE", *file, "file with the token; - or nothing is standard input");
}

struct RevokeOptions {
  std::string file, jti, user, kid;
  std::vector<std::string> between;
};

base::Timestamp moment(const std::string& text) {
  const auto time = base::parse_timestamp(text);
  if (!time) {
    throw base::Error(base::ErrorCode::usage, "not a time: " + base::quote(text),
                      "--issued-between 2026-01-31T12:00:00Z 2026-01-31T13:00:00Z");
  }
  return *time;
}

service::RevocationReport revoke(Invocation& in, const RevokeOptions& options) {
  if (!options.user.empty()) {
    in.confirm("end every token of user " + base::quote(options.user) + "?");
    return service::revoke_user_tokens(in.realm(), in.cause(), options.user);
  }
  if (!options.kid.empty()) {
    std::optional<base::Timestamp> from, until;
    if (!options.between.empty()) from = moment(options.between[0]), until = moment(options.between[1]);
    in.confirm(
        "end every token that key " + base::quote(options.kid) + " signed" +
        (from ? " between " + base::to_rfc3339(*from) + " and " + base::to_rfc3339(*until) : " until now") +
        "?");
    return service::revoke_key_tokens(in.realm(), in.cause(), options.kid, from, until);
  }
  if (!options.jti.empty()) return service::revoke_jti(in.realm(), in.cause(), options.jti);
  const auto token = read_token(in, options.file, max_token_bytes);
  return service::revoke_token(in.realm(), in.cause(), token);
}

base::json::object revocation_json(const service::RevocationReport& report) {
  const auto text = [](const std::optional<std::string>& value) {
    return value ? base::json::value(base::json::string(*value)) : base::json::value();
  };
  const auto time = [](const std::optional<base::Timestamp>& value) {
    return value ? base::json::value(base::json::string(base::to_rfc3339(*value))) : base::json::value();
  };
  return {{"revoked", report.revoked},
          {"jti", text(report.jti)},
          {"user", text(report.user)},
          {"kid", text(report.kid)},
          {"issued_from", time(report.issued_from)},
          {"issued_until", time(report.issued_until)}};
}

void declare_revoke(Noun& noun) {
  auto options = std::make_shared<RevokeOptions>();
  auto& verb = noun.verb(
      "revoke", "End tokens before their time", &revoke_shape,
      {.examples =
           {"authctl token revoke t", "authctl token revoke --user ann --yes",
            "authctl token revoke --kid KID --issued-between 2026-01-31T12:00:00Z 2026-01-31T13:00:00Z"},
       .exits = {{3, "no such token, user or key"}, {7, "the token is not one of ours"}}},
      [options](Invocation& in) {
        const auto report = revoke(in, *options);
        Output output = Output::one(revoke_shape, revocation_json(report));
        for (const auto& notice : report.notices) output.with_notice(notice);
        return output;
      });
  auto* file = verb.add_option("FILE", options->file, "file with the token; - or nothing is standard input");
  auto* jti = verb.add_option("--jti", options->jti, "the token of this id")->excludes(file);
  auto* user = verb.add_option("--user", options->user, "all of this user; asks")->excludes(file, jti);
  auto* kid =
      verb.add_option("--kid", options->kid, "all that this key signed; asks")->excludes(file, jti, user);
  verb.add_option("--issued-between", options->between,
                  "only those issued from the first moment to the second")
      ->expected(2)
      ->type_name("TIME TIME")
      ->needs(kid);
}
}  // namespace

void declare_token(Noun& noun) {
  declare_issue(noun);
  declare_token_verify(noun);
  declare_inspect(noun);
  declare_revoke(noun);
}

}  // namespace authctl::commands
