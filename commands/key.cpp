#include "commands/command.h"
#include "commands/key_options.h"
#include "commands/pictures.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/service/keyring_exchange.h"
#include "core/service/keyring_rotation.h"

namespace authctl::commands {
namespace {
using service::KeyReport;

constexpr Field key_fields[] = {
    {"kid", FieldType::text, false, "id of the key; RFC 7638 thumbprint where it was made here", "kid"},
    {"use", FieldType::text, false, "jwt or fernet", "use"},
    {"alg", FieldType::text, false, "ES256, EdDSA, RS256, HS256; Fernet", "alg"},
    {"state", FieldType::text, false, "pending, active, retiring or revoked", "state"},
    {"created_at", FieldType::time, false, "when it was made or imported", ""},
    {"activated_at", FieldType::time, true, "since when it signs", "activated"},
    {"retires_at", FieldType::time, true, "from then on it verifies nothing", "retires"},
    {"revoked_at", FieldType::time, true, "when it was revoked", ""},
    {"live_tokens", FieldType::integer, false, "tokens it signed that are good now", "live tokens"},
};
constexpr Shape key_shape{"key", "kid", key_fields};

constexpr Field in_use_fields[] = {
    {"kid", FieldType::text, false, "id of the key", ""},
    {"state", FieldType::text, false, "active or retiring", ""},
    {"live_tokens", FieldType::integer, false, "tokens it signed that are good now", ""},
    {"live_sessions", FieldType::integer, false, "sessions whose last token it signed", ""},
    {"clients", FieldType::strings, false, "names of the clients that hold such tokens", ""},
    {"longest_live_token_ends_at", FieldType::time, true, "when the last of them ends", ""},
};
constexpr Shape in_use_shape{"key in use", "kid", in_use_fields};

constexpr Field reader_fields[] = {
    {"network", FieldType::text, false, "an address, or the /64 of one", ""},
    {"fetched_at", FieldType::time, false, "when it fetched the key set last", ""},
};
constexpr Shape reader_shape{"reader of the key set", "network", reader_fields};

constexpr Field plan_fields[] = {
    {"use", FieldType::text, false, "jwt or fernet", ""},
    {"active_kid", FieldType::text, true, "the key that signs now", ""},
    {"successor_kid", FieldType::text, true, "the pending key that comes next", ""},
    {"publish_at", FieldType::time, false, "when the successor's public half is to be published", ""},
    {"activate_at", FieldType::time, false, "from when on everybody who verifies knows it", ""},
    {"retire_at", FieldType::time, true, "when the last token of the active key has ended", ""},
    {"jwks_max_age_seconds", FieldType::integer, false, "how long others may keep our key set", ""},
    {"in_use", FieldType::objects, false, "keys that verify something", "", &in_use_shape},
    {"jwks_readers_behind", FieldType::objects, false,
     "who fetched the key set in the last week, and not since the successor is in it", "", &reader_shape},
    {"safe_now", FieldType::strings, false, "commands that no interlock refuses now", ""},
    {"next", FieldType::text, false, "what to type next", ""},
};
constexpr Shape plan_shape{"key plan", "successor_kid", plan_fields};

constexpr Field inspect_fields[] = {
    {"kty", FieldType::text, false, "EC, OKP, RSA or oct", "kty"},
    {"alg", FieldType::text, false, "the one algorithm of the key", "alg"},
    {"bits", FieldType::integer, false, "size of the key", "bits"},
    {"private", FieldType::boolean, false, "whether the private half is in it", "private"},
    {"thumbprint", FieldType::text, false, "RFC 7638, SHA-256", "thumbprint"},
    {"kid", FieldType::text, true, "the id it carries", "kid"},
};
constexpr Shape inspect_shape{"key inspect", "thumbprint", inspect_fields};

CLI::Option* offer_algorithms(CLI::Option* option) {
  return offer(option, {"ES256", "EdDSA", "RS256", "HS256"});
}

Output with_notices(Output output, const std::vector<std::string>& notices) {
  for (const auto& notice : notices) output.with_notice(notice);
  return output;
}

Output one_key(const KeyReport& report) {
  return with_notices(Output::one(key_shape, service::key_json(report.key)), report.notices);
}

// What the shape of a key has no member for, and a person wants to see beside it.
Output& add_limits(Output& output, const service::KeyAndTokens& key, base::Timestamp now) {
  const auto& row = key.row;
  if (row.state != store::KeyState::pending || !row.not_before || *row.not_before <= now) return output;
  return output.with_notice("key " + base::quote(row.kid) + " is not to be used before " +
                            base::to_rfc3339(*row.not_before));
}

Output many_keys(const std::vector<service::KeyAndTokens>& keys) {
  base::json::array rows;
  for (const auto& key : keys) rows.push_back(service::key_json(key));
  return Output::many(key_shape, std::move(rows));
}

// --force is never silent: it asks, and it leaves its reason in the log.
void require_reason(const Invocation& in, bool force) {
  if (force && in.globals().reason.empty())
    throw base::Error(base::ErrorCode::usage, "--force needs a reason", "--force --reason TEXT");
}

struct KidRequest {
  std::string kid;
  bool force = false;
};

void add_kid(CLI::App& verb, KidRequest& request) {
  verb.add_option("KID", request.kid, "id of the key")->required();
}

void declare_generate(Noun& noun) {
  auto draft = std::make_shared<service::KeyDraft>();
  auto& verb = noun.verb(
      "generate", "Make a key", &key_shape,
      {.examples = {"authctl key generate --use jwt",
                    "authctl key generate --use jwt --alg RS256 --bits 3072"},
       .exits = {{8, "the store cannot be written"}},
       .more = "The first key of a use becomes active at once; later ones are pending: published, but not "
               "signing. One with --not-before signs no earlier, and is nobody's successor until then: where "
               "the policy needs one before, key rotate --due makes another."},
      [draft](Invocation& in) { return one_key(service::generate_key(in.realm(), in.cause(), *draft)); });
  add_use_option(verb, draft->use)->required();
  offer_algorithms(verb.add_option("--alg", draft->alg, "ES256 (default), EdDSA, RS256 or HS256"));
  verb.add_option("--bits", draft->bits, "RS256: 2048 to 8192; HS256: 256 to 8192");
  add_time_option(verb, "--not-before", draft->not_before, "does not sign before then");
}

void declare_list(Noun& noun) {
  auto use = std::make_shared<std::optional<store::KeyUse>>();
  auto& list = noun.verb("list", "List keys, oldest first", &key_shape,
                         {.examples = {"authctl key list", "authctl key list --use jwt --json"}},
                         [use](Invocation& in) {
                           const auto keys = service::list_keys(in.realm(), *use);
                           auto output = many_keys(keys);
                           for (const auto& key : keys) add_limits(output, key, in.clock().now());
                           return output;
                         });
  add_use_option(list, *use);
  auto kid = std::make_shared<KidRequest>();
  auto& show = noun.verb(
      "show", "Show a key", &key_shape,
      {.examples = {"authctl key show KID", "authctl key show KID --json"}, .exits = {{3, "no such key"}}},
      [kid](Invocation& in) {
        const auto key = service::show_key(in.realm(), kid->kid);
        auto output = Output::one(key_shape, service::key_json(key));
        return add_limits(output, key, in.clock().now());
      });
  add_kid(show, *kid);
}

void declare_plan(Noun& noun) {
  auto use = std::make_shared<store::KeyUse>();
  auto pictures = std::make_shared<PictureFiles>();
  auto& verb = noun.verb(
      "plan", "When a successor should be published, sign, and let the old key go", &plan_shape,
      {.examples = {"authctl key plan --use jwt", "authctl key plan --use jwt --svg plan.svg"},
       .more = "Worked out from the longest live token and from how long others may keep our key set."},
      [use, pictures](Invocation& in) {
        pictures->prepare(in);
        const auto plan = service::plan_keys(in.realm(), *use, timing_of(in));
        write_pictures(in, *pictures, plan_picture(plan));
        return Output::one(plan_shape, service::plan_json(plan)).with_view(service::draw_plan(plan));
      });
  add_use_option(verb, *use)->required();
  add_picture_options(verb, *pictures);
}

struct RotateOptions {
  std::optional<store::KeyUse> use;
  std::optional<base::Duration> grace;
  std::string alg;
  bool staged = false, emergency = false, due = false;
};

Output rotate_due(Invocation& in) {
  const auto done = service::rotate_due(in.realm(), in.cause(), timing_of(in));
  std::vector<service::KeyAndTokens> keys;
  std::vector<std::string> notices;
  for (const auto& report : done) {
    keys.push_back(report.key);
    notices.insert(notices.end(), report.notices.begin(), report.notices.end());
  }
  if (done.empty()) notices.push_back("nothing is due");
  return with_notices(many_keys(keys), notices);
}

Output rotate(Invocation& in, const RotateOptions& options) {
  if (options.due) return rotate_due(in);
  const auto began = in.clock().now();  // before the store is opened: see RotationRequest::began
  if (!options.use)
    throw base::Error(base::ErrorCode::usage, "--use is required", "--use jwt, --use fernet, or --due");
  if (options.emergency) {
    in.confirm(
        *options.use == store::KeyUse::jwt
            ? "every token, session and refresh token under the active jwt key ends: revoke it now?"
            : "only `fernet rotate --from` still reads what is under the active fernet key: revoke it now?");
  }
  using service::Rotation;
  return one_key(service::rotate_key(in.realm(), in.cause(),
                                     {.use = *options.use,
                                      .kind = options.emergency ? Rotation::emergency
                                              : options.staged  ? Rotation::staged
                                                                : Rotation::plain,
                                      .timing = timing_of(in),
                                      .grace = options.grace,
                                      .alg = options.alg,
                                      .began = began}));
}

void declare_rotate(Noun& noun) {
  auto options = std::make_shared<RotateOptions>();
  auto& verb =
      noun.verb("rotate", "Replace the active key", &key_shape,
                {.examples = {"authctl key rotate --use jwt", "authctl key rotate --use jwt --staged",
                              "authctl key rotate --use jwt --emergency --yes --reason leaked",
                              "authctl key rotate --due"},
                 .exits = {{5, "no active key, or another rotation was faster (never with --due)"}},
                 .more = "The successor is the pending key that waits, else a new one; it signs at once. The "
                         "old key verifies "
                         "until the grace and its last token have ended. --staged leaves the successor "
                         "pending; --emergency "
                         "revokes the old key at once."},
                [options](Invocation& in) { return rotate(in, *options); });
  auto* use = add_use_option(verb, options->use);
  auto* due = verb.add_flag("--due", options->due, "do what the policy says is due; for cron")->excludes(use);
  auto* grace = add_duration_option(verb, "--grace", options->grace, "the old key verifies at least so long")
                    ->excludes(due);
  offer_algorithms(
      verb.add_option("--alg", options->alg, "of the successor; as the old key where it is not given"))
      ->excludes(due);
  auto* staged = verb.add_flag("--staged", options->staged, "publish the successor, and leave it pending")
                     ->excludes(due, grace);
  verb.add_flag("--emergency", options->emergency, "the old key stops verifying at once; asks")
      ->excludes(due, grace, staged);
}

void declare_promote(Noun& noun) {
  auto request = std::make_shared<KidRequest>();
  auto& verb = noun.verb(
      "promote", "Let a pending key sign", &key_shape,
      {.examples = {"authctl key promote KID", "authctl key promote KID --force --reason \"no caches\""},
       .exits = {{3, "no such key"}, {5, "it is not pending, or not public for long enough"}}},
      [request](Invocation& in) {
        require_reason(in, request->force);
        const auto promote = [&](const service::Cause& cause) {
          return service::promote_key(in.realm(), cause, request->kid, timing_of(in), request->force);
        };
        if (!request->force) return one_key(promote(in.cause()));
        return one_key(confirmed(
            in, "let key " + base::quote(request->kid) + " sign before everybody knows it?", promote));
      });
  add_kid(verb, *request);
  verb.add_flag("--force", request->force, "go past the wait; asks, and needs --reason");
}

void declare_retire(Noun& noun) {
  auto request = std::make_shared<KidRequest>();
  auto& verb =
      noun.verb("retire", "Let a key verify only as long as what it signed lives", &key_shape,
                {.examples = {"authctl key retire KID", "authctl key retire KID --dry-run"},
                 .exits = {{3, "no such key"}, {5, "it is active or revoked"}}},
                [request](Invocation& in) {
                  return one_key(service::retire_key(in.realm(), in.cause(), request->kid, timing_of(in)));
                });
  add_kid(verb, *request);
}

void declare_revoke(Noun& noun) {
  auto request = std::make_shared<KidRequest>();
  auto& verb = noun.verb(
      "revoke", "Make a key verify nothing any more", &key_shape,
      {.examples = {"authctl key revoke KID", "authctl key revoke KID --yes --reason leaked"},
       .exits = {{3, "no such key"}, {5, "it is active: key rotate --emergency"}}},
      [request](Invocation& in) {
        const auto radius = service::radius_of_key(in.realm(), request->kid, in.clock().now());
        const auto named = "key " + base::quote(request->kid);
        const bool fernet = service::require_key(in.realm(), request->kid).use == store::KeyUse::fernet;
        return one_key(confirmed(
            in,
            fernet ? "what is under " + named + " opens for fernet rotate --from alone: revoke it?"
                   : "every token under " + named + " ends (" + service::text_of(radius) + "): revoke it?",
            [&](const service::Cause& cause) {
              return service::revoke_key(in.realm(), cause, request->kid);
            }));
      });
  add_kid(verb, *request);
}

void declare_delete(Noun& noun) {
  auto request = std::make_shared<KidRequest>();
  auto& verb = noun.verb(
      "delete", "Delete a key", &key_shape,
      {.examples = {"authctl key delete KID",
                    "authctl key delete KID --force --reason \"data is gone\" --yes"},
       .exits = {{3, "no such key"}, {5, "it is in use"}}},
      [request](Invocation& in) {
        require_reason(in, request->force);
        const auto key = "key " + base::quote(request->kid);
        return one_key(confirmed(
            in, request->force ? "what is under " + key + " is lost: delete it?" : "delete " + key + "?",
            [&](const service::Cause& cause) {
              return service::delete_key(in.realm(), cause, request->kid, request->force);
            }));
      });
  add_kid(verb, *request);
  verb.add_flag("--force", request->force, "also where it is in use; needs --reason");
}
}  // namespace

void declare_key_exchange(Noun& noun, const Shape& key_shape, const Shape& inspect_shape);

void declare_key(Noun& noun) {
  declare_generate(noun);
  declare_list(noun);
  declare_plan(noun);
  declare_rotate(noun);
  declare_promote(noun);
  declare_retire(noun);
  declare_revoke(noun);
  declare_delete(noun);
  declare_key_exchange(noun, key_shape, inspect_shape);
}

}  // namespace authctl::commands
