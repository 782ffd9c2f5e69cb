// The verbs of `key` that move keys: export, import, inspect.
#include "commands/command.h"
#include "commands/key_options.h"
#include "commands/secret_file.h"
#include "core/base/error.h"
#include "core/service/keyring_exchange.h"

namespace authctl::commands {
namespace {

constexpr std::size_t max_key_file = std::size_t{1} << 20;

constexpr Field jwks_fields[] = {{"keys", FieldType::any, false, "JSON Web Keys (RFC 7517)", ""}};
constexpr Shape jwks_shape{"key export", "", jwks_fields};

constexpr Field text_fields[] = {
    {"kids", FieldType::strings, false, "ids of the keys, in order", ""},
    {"format", FieldType::text, false, "pem, jwk, jwks or fernet", ""},
    {"private", FieldType::boolean, false, "whether the private half is in it", ""},
    {"text", FieldType::text, true, "the keys; null where they went to a file", ""},
};
constexpr Shape text_shape{"key export", "", text_fields};

struct ExportOptions {
  service::ExportRequest request;
  std::string format = "jwks";
  bool all = false;
  SecretFile out;
};

base::json::object described(const ExportOptions& options, const service::KeyExport& result, bool with_text) {
  base::json::array kids;
  for (const auto& kid : result.kids) kids.push_back(base::json::string(kid));
  base::json::value text;
  if (with_text) text = base::json::string(result.text.reveal_text());
  return {{"kids", std::move(kids)},
          {"format", options.format},
          {"private", options.request.private_half},
          {"text", std::move(text)}};
}

Output export_to_file(Invocation& in, const ExportOptions& options, const service::KeyExport& result) {
  if (!in.dry_run()) options.out.write(result.text.reveal_text());
  return Output::bytes("", text_shape, described(options, result, false));
}

// Whether the text is already what JSON mode prints: one JSON object.
bool is_jwks(const ExportOptions& options) { return options.request.format == service::KeyFormat::jwks; }

Output export_keys(Invocation& in, ExportOptions options) {
  const auto format = service::parse_key_format(options.format);
  if (!format)
    throw base::Error(base::ErrorCode::usage, "unknown format", "--format pem, jwk, jwks or fernet");
  if (options.all == !options.request.kid.empty()) {
    throw base::Error(base::ErrorCode::usage, "name one KID, or --all", "authctl key list");
  }
  options.request.format = *format;
  // Where the file cannot be made, nothing of the key has left and nothing is in the log.
  options.out.prepare(in);
  const auto result = service::export_keys(in.realm(), in.cause(), options.request);
  if (options.out.given()) return export_to_file(in, options, result);
  const std::string text(result.text.reveal_text());
  if (is_jwks(options)) {
    if (auto set = base::parse_json(text); set && set->is_object()) {
      return Output::bytes(text, jwks_shape, std::move(set->as_object()));
    }
  }
  return Output::bytes(text, text_shape, described(options, result, true));
}

struct ImportOptions {
  std::string file;
  store::KeyUse use = store::KeyUse::jwt;
};

// A set gives a list, anything else the one key that it is.
Output import_keys(Invocation& in, const ImportOptions& options, const Shape& shape) {
  const auto text = base::Secret::consume(in.read_input(options.file, max_key_file));
  const auto keys = service::import_keys(in.realm(), in.cause(), text, options.use);
  const auto parsed = base::parse_json(text.reveal_text());
  const bool is_set =
      keys.size() > 1 || (parsed && parsed->is_object() && parsed->as_object().contains("keys"));
  if (!is_set) return Output::one(shape, service::key_json(keys.front()));
  base::json::array rows;
  for (const auto& key : keys) rows.push_back(service::key_json(key));
  return Output::many(shape, std::move(rows));
}

Output inspect_keys(Invocation& in, const std::string& file, const Shape& shape) {
  const auto text = base::Secret::consume(in.read_input(file, max_key_file));
  base::json::array rows;
  for (const auto& key : token::parse_keys(text.reveal_text())) rows.push_back(token::describe_jwk(key));
  if (rows.empty())
    throw base::Error(base::ErrorCode::invalid, "the file holds no key", "authctl key export --all");
  return Output::many(shape, std::move(rows));
}
}  // namespace

void declare_key_exchange(Noun& noun, const Shape& key_shape, const Shape& inspect_shape) {
  auto options = std::make_shared<ExportOptions>();
  auto& out =
      noun.verb("export", "Write keys out", &text_shape,
                {.examples = {"authctl key export --all --format jwks", "authctl key export KID --format pem",
                              "authctl key export KID --format pem --private --out key.pem"},
                 .exits = {{3, "no such key"}, {5, "the file exists"}},
                 .more = "Without --private only public halves leave, and symmetric keys not at all. Each "
                         "private export is an "
                         "entry of the audit log."},
                [options](Invocation& in) { return export_keys(in, *options); });
  noun.or_prints(jwks_shape);
  out.add_option("KID", options->request.kid, "id of the key");
  out.add_flag("--all", options->all, "every key that the format can hold and that is not revoked");
  offer(out.add_option("--format", options->format, "pem, jwk, jwks (default) or fernet"),
        {"pem", "jwk", "jwks", "fernet"});
  out.add_flag("--private", options->request.private_half, "with the private half");
  add_secret_file(out, options->out, "them");

  auto import = std::make_shared<ImportOptions>();
  auto& in_verb =
      noun.verb("import", "Take keys in", &key_shape,
                {.examples = {"authctl key import key.pem", "authctl key import jwks.json --json"},
                 .exits = {{5, "a key of that id exists"}},
                 .more = "A key with its private half is pending; a public one verifies until it is retired "
                         "or deleted. Weak "
                         "keys are refused, as `key inspect` refuses them."},
                [import, &key_shape](Invocation& in) { return import_keys(in, *import, key_shape); });
  in_verb.add_option("FILE", import->file, "PEM, JWK or JWKS; for Fernet a key a line; - is standard input")
      ->required();
  add_use_option(in_verb, import->use);

  auto file = std::make_shared<std::string>();
  auto& inspect = noun.verb(
      "inspect", "Say what keys a file holds, without a store", &inspect_shape,
      {.examples = {"authctl key inspect key.pem", "authctl key export --all | authctl key inspect --json"},
       .opens_store = false},
      [file, &inspect_shape](Invocation& in) { return inspect_keys(in, *file, inspect_shape); });
  inspect.add_option("FILE", *file, "PEM, JWK or JWKS; - or nothing is standard input");
}

}  // namespace authctl::commands
