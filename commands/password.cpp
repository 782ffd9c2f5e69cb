#include <charconv>

#include "commands/user_shape.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/credential/password_policy.h"
#include "core/crypto/password.h"
#include "core/crypto/password_calibration.h"

namespace authctl::commands {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int denied = 4;
constexpr std::size_t longest_hash_file = 1 << 20;

constexpr Field hash_fields[] = {
    {"hash", FieldType::text, false, "ready to be stored or imported", ""},
    {"scheme", FieldType::text, false, "how it was made", ""},
};
constexpr Shape hash_shape{"password hash", "", hash_fields};

constexpr Field verify_fields[] = {
    {"valid", FieldType::boolean, false, "whether the password is the one that was hashed", ""},
    {"scheme", FieldType::text, false, "of the hash", ""},
    {"parameters", FieldType::any, false, "its cost, by the scheme's own names", ""},
    {"needs_rehash", FieldType::boolean, false, "whether a sign-in would hash it again", ""},
};
constexpr Shape verify_shape{"password verify", "", verify_fields};

constexpr Field reason_fields[] = {
    {"code", FieldType::text, false, "too_short, common, about_owner, guessable, …", ""},
    {"message", FieldType::text, false, "what is wrong and what would help", ""},
};
constexpr Shape reason_shape{"password objection", "", reason_fields};

constexpr Field check_fields[] = {
    {"accepted", FieldType::boolean, false, "whether the policy takes it", ""},
    {"reasons", FieldType::objects, false, "why not; empty where it is accepted", "", &reason_shape},
};
constexpr Shape check_shape{"password check", "", check_fields};

constexpr Field calibration_fields[] = {
    {"scheme", FieldType::text, false, "argon2id", ""},
    {"memory_kib", FieldType::integer, false, "for the setting password_memory_kib", ""},
    {"passes", FieldType::integer, false, "for the setting password_passes", ""},
    {"lanes", FieldType::integer, false, "always 1", ""},
    {"target_ms", FieldType::integer, false, "what was asked for", ""},
    {"measured_ms", FieldType::integer, false, "what one hash takes on this machine", ""},
};
constexpr Shape calibration_shape{"password calibration", "", calibration_fields};

void declare_hash(Noun& noun) {
  struct Options {
    std::string scheme = "argon2id";
    SecretSource source;
  };
  auto options = std::make_shared<Options>();
  auto& verb = noun.verb(
      "hash", "Hash a password, with no store", &hash_shape,
      {.examples = {"authctl password hash --password-file ann.password",
                    "authctl password hash --scheme bcrypt"},
       .opens_store = false},
      [options](Invocation& in) {
        const auto password = in.read_secret(options->source, "password", true);
        const auto policy = password_policy(in.settings());
        const auto hash = options->scheme == "argon2id"
                              ? crypto::hash_password(password, policy.cost, in.random())
                              : crypto::hash_password(password, options->scheme, in.random());
        return Output::bytes(hash + "\n", hash_shape, {{"hash", hash}, {"scheme", options->scheme}});
      });
  offer(
      verb.add_option("--scheme", options->scheme, "argon2id (the default), bcrypt, scrypt or pbkdf2-sha256")
          ->type_name("S"),
      {"argon2id", "bcrypt", "scrypt", "pbkdf2-sha256"});
  add_secret_options(verb, options->source, "password");
}

struct Verification {
  std::string hash_file;
  SecretSource source;
  bool legacy = false;
};

Output verify(Invocation& in, const Verification& options) {
  if (options.hash_file == "-" && (options.source.from_stdin || options.source.file == "-"))
    throw Error{ErrorCode::usage, "the hash and the password cannot both come from standard input",
                "put one of them in a file"};
  const auto text = in.read_input(options.hash_file, longest_hash_file);
  const auto hash = base::without_newline(text);
  const auto info = crypto::identify_password_hash(hash);
  if (info.scheme == crypto::PasswordScheme::sha512crypt && !options.legacy)
    throw Error{ErrorCode::invalid, "the hash is sha512crypt: fast to guess, so it is not verified unasked",
                "--legacy verifies it"};
  const auto password = in.read_secret(options.source, "password", false);
  const bool valid = crypto::verify_password(hash, password);
  return Output::one(
             verify_shape,
             {{"valid", valid},
              {"scheme", crypto::word_of(info.scheme)},
              {"parameters", info.parameters},
              {"needs_rehash", crypto::password_needs_rehash(hash, password_policy(in.settings()).cost)}})
      .with_exit(valid ? 0 : denied);
}

void declare_verify(Noun& noun) {
  auto options = std::make_shared<Verification>();
  auto& verb =
      noun.verb("verify", "Say whether a password is the one of a hash, with no store", &verify_shape,
                {.examples = {"authctl password verify --hash-file ann.hash --password-stdin < ann.password",
                              "authctl password verify --hash-file ann.hash --json"},
                 .exits = {{2, "the hash is not known, malformed or above the ceilings"},
                           {denied, "it is another password"}},
                 .opens_store = false},
                [options](Invocation& in) { return verify(in, *options); });
  verb.add_option("--hash-file", options->hash_file, "the hash, on one line")->required()->type_name("FILE");
  verb.add_flag("--legacy", options->legacy, "verify sha512crypt too");
  add_secret_options(verb, options->source, "password");
}

struct Check {
  credential::PasswordOwner owner;
  SecretSource source;
};

Output check(Invocation& in, const Check& options) {
  const auto password = in.read_secret(options.source, "password", false);
  const auto objections =
      credential::judge_password(password, options.owner, password_policy(in.settings()).rules);
  base::json::array reasons;
  std::string view = objections.empty() ? "accepted" : "refused";
  for (const auto& objection : objections) {
    reasons.push_back({{"code", credential::word_of(objection.fault)}, {"message", objection.message}});
    view += "\n  " + objection.message;
  }
  return Output::one(check_shape, {{"accepted", objections.empty()}, {"reasons", std::move(reasons)}})
      .with_view(std::move(view))
      .with_exit(objections.empty() ? 0 : denied);
}

void declare_check(Noun& noun) {
  auto options = std::make_shared<Check>();
  auto& verb = noun.verb(
      "check", "Hold a password against the policy, with no store", &check_shape,
      {.examples = {"authctl password check --user ann --email ann@example.com",
                    "authctl password check --second-factor --password-stdin --json < new.password"},
       .exits = {{denied, "it is refused; the reasons are printed"}},
       .opens_store = false},
      [options](Invocation& in) { return check(in, *options); });
  verb.add_option("--user", options->owner.name, "whose it is to be")->type_name("N");
  verb.add_option("--email", options->owner.email, "of that user")->type_name("E");
  verb.add_flag("--second-factor", options->owner.second_factor,
                "the account has a second factor: shorter will do");
  add_secret_options(verb, options->source, "password");
}

// A duration, or `250ms`, which only makes sense here.
std::chrono::milliseconds target_from(const std::string& text) {
  std::int64_t milliseconds = 0;
  if (text.ends_with("ms")) {
    const char* end = text.data() + text.size() - 2;
    const auto [at, error] = std::from_chars(text.data(), end, milliseconds);
    if (error != std::errc{} || at != end) milliseconds = 0;
  } else if (const auto duration = base::parse_duration(text)) {
    milliseconds = duration->count() <= 60 ? duration->count() * 1000 : 0;
  }
  if (milliseconds < 1 || milliseconds > 60'000)
    throw Error{ErrorCode::invalid, base::quote(text) + " is not a time for a password to take",
                "for example --target 250ms or --target 1s"};
  return std::chrono::milliseconds(milliseconds);
}

Output calibrate(Invocation& in, const std::string& target_text) {
  constexpr int tries = 3;
  const auto target = target_from(target_text);
  const base::Secret sample(std::string_view("a password to measure with"));
  const auto measure = [&](const crypto::Argon2Cost& cost) {
    auto best = std::chrono::milliseconds::max();
    for (int i = 0; i < tries; ++i) {
      const auto before = in.clock().now();
      crypto::hash_password(sample, cost, in.random());
      best = std::min(best, in.clock().now() - before);
    }
    return best;
  };
  const auto found = crypto::calibrate_argon2(target, measure);
  auto output = Output::one(calibration_shape, {{"scheme", "argon2id"},
                                                {"memory_kib", found.cost.memory_kib},
                                                {"passes", found.cost.passes},
                                                {"lanes", found.cost.lanes},
                                                {"target_ms", target.count()},
                                                {"measured_ms", found.measured.count()}});
  if (found.measured > target)
    output.with_notice("the least cost that is safe takes longer than the target on this machine");
  return output;
}

void declare_calibrate(Noun& noun) {
  auto target = std::make_shared<std::string>();
  auto& verb = noun.verb("calibrate", "Find the Argon2id cost that takes a given time on this machine",
                         &calibration_shape,
                         {.examples = {"authctl password calibrate --target 250ms",
                                       "authctl password calibrate --target 1s --json"},
                          .opens_store = false},
                         [target](Invocation& in) { return calibrate(in, *target); });
  verb.add_option("--target", *target, "the time one hash may take")->required()->type_name("D");
}

}  // namespace

void declare_password(Noun& noun) {
  declare_hash(noun);
  declare_verify(noun);
  declare_check(noun);
  declare_calibrate(noun);
}

}  // namespace authctl::commands
