#include "commands/fernet_options.h"
#include "commands/secret_file.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"

namespace authctl::commands {
namespace {

using base::Error;
using base::ErrorCode;
using base::json::object;
using base::json::value;

constexpr Field token_fields[] = {
    {"token", FieldType::text, false, "in padded base64url", ""},
    {"kid", FieldType::text, false, "of the key it is under", ""},
    {"created_at", FieldType::time, false, "the time in the token", ""},
};
constexpr Shape token_shape{"fernet encrypt", "token", token_fields};

constexpr Field payload_fields[] = {
    {"payload", FieldType::text, true, "as text; null where it is no UTF-8", ""},
    {"payload_base64", FieldType::text, false, "as it is", ""},
    {"kid", FieldType::text, false, "of the key it was under", ""},
    {"created_at", FieldType::time, true, "the time in the token; null after the year 9999", ""},
};
constexpr Shape payload_shape{"fernet decrypt", "", payload_fields};

constexpr Field inspect_fields[] = {
    {"version", FieldType::integer, false, "128", ""},
    {"created_at", FieldType::time, true, "the time in the token; null after the year 9999", ""},
    {"age_seconds", FieldType::integer, true, "how old it is; negative: from the future", ""},
    {"ciphertext_bytes", FieldType::integer, false, "a multiple of 16", ""},
    {"verified", FieldType::boolean, false,
     "whether a key says that it is genuine; without that nothing here is sure", ""},
    {"reason", FieldType::text, true, "why it is not", ""},
    {"kid", FieldType::text, true, "of the key it is under", ""},
    {"state", FieldType::text, true, "of that key", ""},
};
constexpr Shape inspect_shape{"fernet inspect", "kid", inspect_fields};

constexpr Field key_fields[] = {{"key", FieldType::text, false, "32 bytes in padded base64url", ""}};
constexpr Shape key_shape{"fernet keygen", "key", key_fields};

// What fits into a token of 64 MiB.
constexpr std::size_t max_payload = token::fernet_max_token / 4 * 3 - token::fernet_overhead - 16;
constexpr std::uint64_t last_second = 253402300799;  // 9999-12-31T23:59:59Z

value time_or_null(std::uint64_t time) {
  if (time > last_second) return nullptr;
  return value(base::to_rfc3339(base::from_unix_seconds(static_cast<std::int64_t>(time))));
}

std::string read_token(Invocation& in, const std::string& file) {
  auto text = in.read_input(file, token::fernet_max_token + 2);
  text.resize(base::without_newline(text).size());
  return text;
}

// One message for every refusal; why stands in the hint.
[[noreturn]] void refuse(const token::FernetVerdict& verdict, const service::FernetKeys& keys) {
  const auto reason = *verdict.reason;
  std::string hint = "reason: " + std::string(word_of(reason)) + ", " + std::string(explanation_of(reason));
  if (reason == token::FernetReason::revoked_key) {
    hint += "; authctl fernet rotate --from " + base::shell_word(keys.ring.kid(verdict.key)) +
            " --reason TEXT still opens it";
  }
  throw Error(ErrorCode::unverified, "the token is refused", hint);
}

Output encrypt(Invocation& in, const FernetOptions& options) {
  auto keys = keys_of(in, options);
  require_active(keys);
  const auto now = now_of(in, options);
  const auto payload = base::Secret::consume(in.read_input(options.file, max_payload));
  std::array<std::uint8_t, token::fernet_iv_size> iv;
  in.random().fill(iv);
  std::string text;
  keys.ring.encrypt(payload.reveal(), static_cast<std::uint64_t>(base::to_unix_seconds(now)), iv, text);
  text += '\n';
  return Output::bytes(std::move(text), token_shape, [kid = keys.ring.kid(0), now](std::string_view line) {
    return object{
        {"token", base::without_newline(line)}, {"kid", kid}, {"created_at", base::to_rfc3339(now)}};
  });
}

Output decrypt(Invocation& in, const FernetOptions& options, const std::string& ttl) {
  auto now = now_of(in, options);
  // What has expired by the store's reckoning stays so where the clock was set back.
  if (options.now.empty() && options.key_file.empty()) now = in.realm().now();
  token::FernetLimits limits{now, std::nullopt};
  if (!ttl.empty()) {
    limits.ttl = base::parse_duration(ttl);
    if (!limits.ttl)
      throw Error(ErrorCode::usage, "--ttl " + base::quote(ttl) + " is no duration", "90s, 15m, 24h or 7d");
  }
  auto keys = keys_of(in, options);
  base::Bytes buffer;
  token::FernetVerdict verdict;
  {
    const auto text = read_token(in, options.file);
    verdict = keys.ring.open(text, limits, buffer);
  }
  if (!verdict.ok()) refuse(verdict, keys);
  std::string payload(base::text_of(verdict.payload));
  base::wipe(buffer.data(), buffer.size());
  return Output::bytes(std::move(payload), payload_shape,
                       [kid = keys.ring.kid(verdict.key), time = verdict.time](std::string_view bytes) {
                         return object{{"payload", base::is_utf8(bytes) ? value(bytes) : value()},
                                       {"payload_base64", base::encode_base64(base::bytes_of(bytes))},
                                       {"kid", kid},
                                       {"created_at", time_or_null(time)}};
                       });
}

// The keys to look with; a store that cannot be had only means that nothing can be said for sure. `why_not`:
// what is in the way.
std::optional<service::FernetKeys> keys_if_any(Invocation& in, const FernetOptions& options,
                                               std::string& why_not) {
  try {
    return keys_of(in, options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unavailable || !options.key_file.empty()) throw;
    why_not = error.message();
    return std::nullopt;
  }
}

Output inspect(Invocation& in, const FernetOptions& options) {
  const auto now = now_of(in, options);
  const auto text = read_token(in, options.file);
  const auto header = token::read_fernet_header(text);
  if (!header) {
    throw Error(ErrorCode::unverified, "this is no Fernet token",
                "it is padded, canonical base64url of at least 73 bytes");
  }
  std::string why_not;
  auto keys = keys_if_any(in, options, why_not);
  token::FernetVerdict verdict;
  if (keys) {
    base::Bytes buffer;
    verdict = keys->ring.open(text, {now, std::nullopt}, buffer);
    base::wipe(buffer.data(), buffer.size());
  }
  const bool known = keys && (verdict.ok() || verdict.reason == token::FernetReason::revoked_key);
  const auto age =
      base::to_unix_seconds(now) - static_cast<std::int64_t>(std::min(header->time, last_second));
  Output output = Output::one(inspect_shape,
                              {{"version", header->version},
                               {"created_at", time_or_null(header->time)},
                               {"age_seconds", header->time > last_second ? value() : value(age)},
                               {"ciphertext_bytes", header->ciphertext_size},
                               {"verified", known},
                               {"reason", keys && verdict.reason ? value(word_of(*verdict.reason)) : value()},
                               {"kid", known ? value(keys->ring.kid(verdict.key)) : value()},
                               {"state", known ? value(keys->states[verdict.key]) : value()}});
  if (!keys)
    output.with_notice("nothing was verified, and there is no --key-file: " + why_not);
  else if (!known)
    output.with_notice("no key says that this token is genuine");
  return output;
}

Output keygen(Invocation& in, const std::string& out, bool force) {
  refuse_dash(out);
  if (!out.empty() && force) in.confirm("replace " + base::quote(out) + "?");
  if (in.dry_run()) return Output::bytes("(not generated)\n", key_shape, {{"key", "(not generated)"}});
  const auto text = token::format_fernet_key(token::make_fernet_key(in.random()));
  const std::string line = std::string(text.reveal_text()) + "\n";
  if (out.empty()) return Output::bytes(line, key_shape, {{"key", text.reveal_text()}});
  base::write_private_file(out, line, force ? base::IfExists::replace : base::IfExists::refuse);
  return Output::nothing().with_notice("the key is in " + base::quote(out));
}

const std::vector<std::pair<int, std::string>> exits = {
    {7, "the token is refused"}, {8, "there is no store, and no --key-file was given"}};

void declare_encrypt(Noun& noun) {
  auto options = std::make_shared<FernetOptions>();
  auto& verb = noun.verb(
      "encrypt", "Encrypt bytes under the active key", &token_shape,
      {.examples = {"authctl fernet encrypt secret.bin",
                    "printf hello | authctl fernet encrypt --key-file keys"},
       .exits = {{3, "there is no active Fernet key"}, {8, "there is no store, and no --key-file was given"}},
       .more = "The payload is bytes and loses nothing, a newline at its end neither."},
      [options](Invocation& in) { return encrypt(in, *options); });
  add_fernet_options(verb, *options, "the payload; - or nothing: standard input");
}

void declare_decrypt(Noun& noun) {
  auto options = std::make_shared<FernetOptions>();
  auto ttl = std::make_shared<std::string>();
  auto& verb = noun.verb(
      "decrypt", "Print the payload of a token", &payload_shape,
      {.examples = {"authctl fernet decrypt token.txt --ttl 1h",
                    "authctl fernet decrypt --key-file keys < token.txt"},
       .exits = exits,
       .more =
           "Without --ttl a token of any age is taken, and its time is not looked at. With it, one that is "
           "older, or "
           "more than 60 s ahead, is refused. Nothing is printed before the token has been authenticated."},
      [options, ttl](Invocation& in) { return decrypt(in, *options, *ttl); });
  add_fernet_options(verb, *options, "the token; - or nothing: standard input");
  verb.add_option("--ttl", *ttl, "the greatest age; without it the age is unlimited")->type_name("DURATION");
}

void declare_inspect(Noun& noun) {
  auto options = std::make_shared<FernetOptions>();
  auto fields = std::make_shared<FieldOptions>();
  auto stats = std::make_shared<bool>(false);
  auto& verb = noun.verb(
      "inspect", "Say what a token is, or count the records under each key", &inspect_shape,
      {.examples = {"authctl fernet inspect token.txt", "authctl fernet inspect --stats tokens.txt",
                    "authctl fernet inspect --stats --column secret users.csv"},
       .exits = {{7, "no token, or with --stats: a record is under no key"}}},
      [=](Invocation& in) { return *stats ? fernet_stats(in, *options, *fields) : inspect(in, *options); });
  add_fernet_options(verb, *options, "a token, or with --stats many; - or nothing: standard input");
  auto* counts = verb.add_flag("--stats", *stats, "count the records under each key");
  add_field_options(verb, *fields);
  for (const char* name : {"--field", "--column", "--jobs"}) verb.get_option(name)->needs(counts);
}

void declare_keygen(Noun& noun) {
  auto out = std::make_shared<std::string>();
  auto force = std::make_shared<bool>(false);
  auto& verb = noun.verb("keygen", "Make a key, without a store", &key_shape,
                         {.examples = {"authctl fernet keygen", "authctl fernet keygen --out keys"},
                          .exits = {{5, "the file exists"}},
                          .opens_store = false},
                         [out, force](Invocation& in) { return keygen(in, *out, *force); });
  verb.add_option("--out", *out, "a new file, mode 0600, instead of standard output")->type_name("FILE");
  verb.add_flag("--force", *force, "replace a file that exists; asks");
}

}  // namespace

void add_fernet_options(CLI::App& verb, FernetOptions& options, const std::string& file_is) {
  verb.add_option("FILE", options.file, file_is);
  verb.add_option("--key-file", options.key_file, "a key a line, the first encrypts; no store is opened")
      ->type_name("FILE");
  verb.add_option("--now", options.now, "the time that holds in place of the clock's")->type_name("TIME");
}

service::FernetKeys keys_of(Invocation& in, const FernetOptions& options, const std::string& from) {
  if (options.key_file.empty()) return service::fernet_keys(in.realm(), from, in.globals().reason);
  if (options.key_file == "-" && (options.file.empty() || options.file == "-")) {
    throw Error(ErrorCode::usage, "standard input cannot be both the key file and the input", "name a FILE");
  }
  return service::fernet_keys_in(in.read_secret({false, options.key_file}, "key", false));
}

base::Timestamp now_of(Invocation& in, const FernetOptions& options) {
  if (options.now.empty()) return in.clock().now();
  const auto time = base::parse_timestamp(options.now);
  if (!time) {
    throw Error(ErrorCode::usage, "--now " + base::quote(options.now) + " is no time",
                "2026-01-01T00:00:00Z, or seconds since 1970");
  }
  return *time;
}

void declare_fernet(Noun& noun) {
  declare_encrypt(noun);
  declare_decrypt(noun);
  declare_inspect(noun);
  declare_fernet_rotate(noun);
  declare_keygen(noun);
}

}  // namespace authctl::commands
