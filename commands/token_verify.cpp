#include "commands/token_verify.h"

#include <fstream>
#include <thread>

#include "commands/key_options.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/service/token_batch.h"
#include "core/service/tokens.h"
#include "core/store/change_feed.h"

namespace authctl::commands {
namespace {
using base::Error;
using base::ErrorCode;

constexpr Field fields[] = {
    {"valid", FieldType::boolean, false, "whether it is to be trusted", ""},
    {"reason", FieldType::text, true, "why not: the first that fits; null where it is valid", ""},
    {"alg", FieldType::text, true, "of the header", ""},
    {"kid", FieldType::text, true, "of the header", ""},
    {"type", FieldType::text, true, "the claim; null where the signature is not right", ""},
    {"claims", FieldType::any, true, "null where the signature is not right", ""},
};
constexpr Shape shape{"token verify", "", fields};

constexpr std::size_t max_key_file = std::size_t{1} << 20;
constexpr std::size_t highest_limit = std::size_t{1} << 24;  // for --max-bytes

struct Options {
  std::string file;
  std::vector<std::string> audiences, algorithms, required;
  std::optional<std::string> issuer, type, typ;
  std::optional<base::Duration> leeway;
  std::optional<base::Timestamp> now;
  std::size_t max_bytes = max_token_bytes;
  std::string jwks, key;
  bool any_issuer = false, any_audience = false, batch = false;

  bool without_store() const { return !jwks.empty() || !key.empty(); }
};

// What the token is judged by: no store was opened where it names its keys itself.
struct Judge {
  std::shared_ptr<const token::KeySet> keys;
  token::Expectations expectations;
  base::Timestamp now;
  service::Realm* realm = nullptr;
  service::AsOf as_of = service::AsOf::today;  // instant with --now
};

std::vector<crypto::Algorithm> parse_algorithms(const std::vector<std::string>& names) {
  if (names.empty()) return {crypto::all_algorithms.begin(), crypto::all_algorithms.end()};
  std::vector<crypto::Algorithm> algorithms;
  for (const auto& name : names) {
    const auto algorithm = crypto::algorithm_named(name);
    if (!algorithm) {
      throw Error(ErrorCode::usage, "unsupported_algorithm: " + base::quote(name),
                  "ES256, EdDSA, RS256 or HS256");
    }
    algorithms.push_back(*algorithm);
  }
  return algorithms;
}

std::vector<token::RequiredClaim> parse_required(const std::vector<std::string>& texts) {
  std::vector<token::RequiredClaim> required;
  for (const auto& text : texts) {
    const auto at = text.find('=');
    if (at == 0 || text.empty())
      throw Error(ErrorCode::usage, "a claim needs a name", "--require NAME or NAME=VALUE");
    token::RequiredClaim claim{text.substr(0, at), std::nullopt};
    if (at != text.npos) claim.value = text.substr(at + 1);
    required.push_back(std::move(claim));
  }
  return required;
}

// Without a store nothing says who must have issued the token and for whom: leaving that open is said aloud.
void check_openness(const Options& options) {
  if (!options.without_store()) return;
  if (!options.issuer && !options.any_issuer) {
    throw Error(ErrorCode::usage, "--issuer is required without a store", "--issuer ISSUER, or --any-issuer");
  }
  if (options.audiences.empty() && !options.any_audience) {
    throw Error(ErrorCode::usage, "--audience is required without a store",
                "--audience AUDIENCE, or --any-audience");
  }
}

token::Expectations expectations_of(const Options& options) {
  token::Expectations expected;
  expected.issuer = options.issuer;
  if (!options.audiences.empty()) expected.audiences = options.audiences;
  expected.type = options.type.value_or("");
  expected.typ = options.typ.value_or("");
  expected.algorithms = parse_algorithms(options.algorithms);
  expected.required = parse_required(options.required);
  expected.leeway = options.leeway.value_or(base::Duration{0});
  expected.max_bytes = options.max_bytes;
  return expected;
}

std::shared_ptr<const token::KeySet> keys_of_file(Invocation& in, const Options& options) {
  auto keys = std::make_shared<token::KeySet>();
  if (!options.jwks.empty()) {
    for (auto& key : token::parse_jwks(in.read_input(options.jwks, max_key_file), token::BrokenKeys::skip)) {
      if (!key.kid.empty()) keys->add(std::move(key));  // a key without a name is never the one a token names
    }
    return keys;
  }
  const auto text = base::Secret::consume(in.read_input(options.key, max_key_file));
  auto read = token::parse_keys(text.reveal_text());
  if (read.size() != 1) {
    throw Error(ErrorCode::invalid, base::quote(options.key) + " does not hold one key",
                "--jwks FILE for a set");
  }
  keys->add(std::move(read.front()));
  return keys;
}

Judge judge_without_store(Invocation& in, const Options& options) {
  Judge judge{.keys = keys_of_file(in, options),
              .expectations = expectations_of(options),
              .now = options.now.value_or(in.clock().now()),
              .realm = nullptr};
  judge.expectations.kid_required = !options.jwks.empty();
  return judge;
}

Judge judge_with_store(Invocation& in, const Options& options) {
  auto& realm = in.realm();
  const auto now = options.now.value_or(realm.now());
  Judge judge{.keys = service::trusted_keys(realm, now),
              .expectations = expectations_of(options),
              .now = now,
              .realm = &realm,
              .as_of = options.now ? service::AsOf::instant : service::AsOf::today};
  auto& expected = judge.expectations;
  const auto& settings = in.stored_settings();
  if (!expected.issuer && !options.any_issuer) expected.issuer = settings.text("issuer");
  if (!expected.audiences && !options.any_audience) expected.audiences = {default_audience(settings)};
  if (!options.type) expected.type = "access";
  if (!options.typ) expected.typ = service::typ_of(expected.type);
  return judge;
}

// A token is held whole, and a count that wrapped (-1) is no limit at all.
void check_limit(const Options& options) {
  if (options.max_bytes <= highest_limit) return;
  throw Error(ErrorCode::usage, "--max-bytes is at most " + std::to_string(highest_limit),
              "--max-bytes " + std::to_string(max_token_bytes));
}

// What can be said before somebody hands in a token.
void check_options(Invocation& in, const Options& options) {
  check_limit(options);
  check_openness(options);
  (void)parse_algorithms(options.algorithms);
  (void)parse_required(options.required);
  if (!options.without_store()) (void)in.realm();
}

// By the clock and the keys of this very moment: a token that was read before is no younger.
Judge make_judge(Invocation& in, const Options& options) {
  return options.without_store() ? judge_without_store(in, options) : judge_with_store(in, options);
}

// The judge of a batch: the keys are read anew once the log of the store has gone on.
class FollowedKeys {
 public:
  FollowedKeys(Invocation& in, const Options& options)
      : in_(in), options_(options), seen_(log_size()), judge_(make_judge(in, options)) {}

  const Judge& judge() const { return judge_; }

  service::BatchMoment moment() {
    const auto now = options_.now.value_or(judge_.realm ? judge_.realm->now() : in_.clock().now());
    if (const auto size = log_size(); size != seen_) {
      judge_.keys = service::trusted_keys(*judge_.realm, now);
      seen_ = size;
    }
    return {judge_.keys, now};
  }

 private:
  std::int64_t log_size() { return options_.without_store() ? 0 : store::log_head(in_.realm().db()).size; }

  Invocation& in_;
  const Options& options_;
  std::int64_t seen_;
  Judge judge_;
};

int exit_of(bool valid) { return valid ? 0 : base::kind_of(ErrorCode::unverified).exit_status; }

Output verify_one(Invocation& in, const Options& options) {
  check_options(in, options);
  const auto text = read_token(in, options.file, options.max_bytes);
  const Judge judge = make_judge(in, options);
  token::Verifier verifier(judge.keys, judge.expectations);
  auto verdict = verifier.verify(text, judge.now);
  if (verdict.ok() && judge.realm) {
    if (const auto why =
            service::store_refusal(*judge.realm, *service::subject_of(verdict), judge.now, judge.as_of)) {
      verdict.refuse(*why);
    }
  }
  return Output::one(shape, token::verdict_json(verdict)).with_exit(exit_of(verdict.ok()));
}

Output verify_batch(Invocation& in, const Options& options) {
  check_options(in, options);
  FollowedKeys followed(in, options);
  const Judge& judge = followed.judge();
  service::BatchRequest request{.moment = [&] { return followed.moment(); },
                                .expectations = judge.expectations,
                                .jobs = std::max(1u, std::thread::hardware_concurrency()),
                                .store_refusal = {},
                                .interrupted = [&in] { return in.interrupted(); }};
  if (judge.realm) {
    request.store_refusal = [&](const service::TokenSubject& subject, base::Timestamp now) {
      return service::store_refusal(*judge.realm, subject, now, judge.as_of);
    };
  }
  std::ifstream file;
  const bool named = !options.file.empty() && options.file != "-";
  if (named) {
    file.open(options.file, std::ios::binary);
    if (!file) (void)in.read_input(options.file, 1);  // says why it cannot be read
  }
  const auto count = service::verify_batch(named ? file : in.standard_input(), in.standard_output(), request);
  return Output::nothing()
      .with_notice("tokens: " + std::to_string(count.tokens) + ", invalid: " + std::to_string(count.invalid))
      .with_exit(exit_of(count.invalid == 0));
}
}  // namespace

std::string read_token(Invocation& in, const std::string& file, std::size_t max_bytes) {
  std::ifstream stream;
  const bool named = !file.empty() && file != "-";
  if (named) {
    stream.open(file, std::ios::binary);
    if (!stream && file.starts_with("eyJ"))  // a token in the place of its file: RFC 7519, a header begins so
      throw Error(ErrorCode::not_found, "no file " + base::quote(file, 12),
                  "a token comes in a file, or as standard input (-): others read what stands on a line");
    if (!stream) (void)in.read_input(file, 1);  // says why it cannot be read
  }
  constexpr std::size_t newline = 2;
  std::string text(max_bytes + newline + 1, '\0');
  std::istream& from = named ? stream : in.standard_input();
  from.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(from.gcount()));
  if (from.bad()) {
    if (named) (void)in.read_input(file, 1);  // says why: a folder, a disk that fails
    throw Error(ErrorCode::io, "cannot read the token from standard input",
                "name the file, or hand it in with <");
  }
  if (text.size() <= max_bytes + newline) text.resize(base::without_newline(text).size());
  return text.substr(0, max_bytes + 1);
}

std::string default_audience(const base::Settings& settings) {
  const auto& audience = settings.text("audience");
  return audience.empty() ? settings.text("issuer") : audience;
}

void declare_token_verify(Noun& noun) {
  auto options = std::make_shared<Options>();
  auto& verb = noun.verb(
      "verify", "Verify a token", &shape,
      {.examples = {"authctl token verify t",
                    "authctl token verify --key public.pem --any-issuer --audience api < t",
                    "authctl token verify tokens --batch"},
       .exits = {{7, "it is not valid; with --batch: one of them is not"}, {8, "the store cannot be read"}},
       .more = "With --jwks or --key no store is opened and issuer and audience have no default. With a "
               "store: type "
               "access, the configured issuer and audience, and revocations count."},
      [options](Invocation& in) {
        return options->batch ? verify_batch(in, *options) : verify_one(in, *options);
      });
  verb.add_option("FILE", options->file, "file with the token; - or nothing is standard input");
  verb.add_option("--audience", options->audiences, "one of these must be named in aud");
  auto* issuer = verb.add_option("--issuer", options->issuer, "iss must be this, byte for byte");
  offer(verb.add_option("--type", options->type, "the claim `type` must be this"), {"access", "refresh"});
  verb.add_option("--typ", options->typ, "the media type in the header must be this")->type_name("MEDIA");
  offer(verb.add_option("--algorithm", options->algorithms, "only this one"),
        {"ES256", "EdDSA", "RS256", "HS256"});
  verb.add_option("--require", options->required, "CLAIM or CLAIM=VALUE that must be there");
  add_duration_option(verb, "--leeway", options->leeway, "how far clocks may differ; default 0");
  add_time_option(verb, "--now", options->now, "was it valid then?");
  verb.add_option("--max-bytes", options->max_bytes, "longer tokens are malformed; default 16384");
  auto* jwks = verb.add_option("--jwks", options->jwks, "a key set; no store is opened")->type_name("FILE");
  verb.add_option("--key", options->key, "one key, PEM or JWK; no store is opened")
      ->type_name("FILE")
      ->excludes(jwks);
  verb.add_flag("--any-issuer", options->any_issuer, "whoever issued it")->excludes(issuer);
  verb.add_flag("--any-audience", options->any_audience, "whoever it is for");
  verb.add_flag("--batch", options->batch, "a token a line in, a JSON line each out, in order");
}

}  // namespace authctl::commands
