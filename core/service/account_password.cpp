#include "core/service/account_password.h"

#include <algorithm>
#include <span>

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/service/sessions.h"

namespace authctl::service {
namespace {

// 32 characters without those that look like another.
constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
constexpr std::size_t least_groups = 5, in_group = 4;
constexpr int most_tries = 100;  // one in three hundred lacks a digit

base::Secret random_groups(base::Random& random, std::size_t groups) {
  auto bytes = base::Secret::zeroed(groups * in_group);
  random.fill(bytes.writable());
  auto text = base::Secret::zeroed(groups * (in_group + 1) - 1);
  const auto out = text.writable();
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % in_group == 0) out[at++] = '-';
    out[at++] = static_cast<std::uint8_t>(alphabet[bytes.reveal()[i] % alphabet.size()]);
  }
  return text;
}

// With its first letter large; false where it has no letter beside that, or no digit.
bool put_classes(std::span<std::uint8_t> text) {
  const auto is_small = [](std::uint8_t c) { return c >= 'a' && c <= 'z'; };
  const auto first = std::ranges::find_if(text, is_small);
  if (first != text.end()) *first = static_cast<std::uint8_t>(*first - 'a' + 'A');
  return std::ranges::any_of(text, is_small) &&
         std::ranges::any_of(text, [](std::uint8_t c) { return c >= '0' && c <= '9'; });
}

void set_in(Change& change, const store::UserRow& user, const std::optional<HashedPassword>& password,
            const PasswordRequest& request) {
  const auto& scheme = password ? std::optional(password->scheme) : user.password_scheme;
  if (password) {
    store::set_user_password(change.db(), user.id, {password->hash, password->scheme, request.must_change},
                             change.now());
    sign_out_user(change, user.id, "password_changed");
  } else {
    store::require_password_change(change.db(), user.id, change.now());
  }
  base::json::object detail{{"scheme", nullptr},
                            {"changed", password.has_value()},
                            {"generated", request.generate},
                            {"must_change", request.must_change}};
  if (scheme) detail["scheme"] = *scheme;
  change.record({"user.password", {"user", user.id, user.name}, audit::Outcome::success, std::move(detail)});
}

}  // namespace

void put_password(Change& change, const store::UserRow& user, const HashedPassword& password,
                  bool must_change, bool generated) {
  PasswordRequest request;
  request.generate = generated;
  request.must_change = must_change;
  set_in(change, user, password, request);
}

HashedPassword hash_new_password(const base::Secret& password, const credential::PasswordOwner& owner,
                                 const PasswordPolicy& policy, base::Random& random) {
  const auto objections = credential::judge_password(password, owner, policy.rules);
  if (!objections.empty()) {
    std::string why = "the password is refused: ";
    for (const auto& objection : objections)
      why += (&objection == &objections.front() ? "" : "; ") + objection.message;
    throw base::Error{base::ErrorCode::invalid, std::move(why),
                      "authctl password check says what a password would need"};
  }
  auto hash = crypto::hash_password(password, policy.cost, random);
  return {std::move(hash), std::string(crypto::word_of(crypto::PasswordScheme::argon2id))};
}

HashedPassword hash_chosen_password(const base::Secret& password, const store::UserRow& user,
                                    const credential::PasswordOwner& owner, const PasswordPolicy& policy,
                                    base::Random& random) {
  if (user.password_must_change && user.password_hash &&
      crypto::verify_password(*user.password_hash, password))
    throw base::Error{base::ErrorCode::invalid,
                      "the password is refused: it is the one that has to be changed", "choose another one"};
  return hash_new_password(password, owner, policy, random);
}

base::Secret generate_password(base::Random& random, const credential::PasswordRules& rules) {
  const auto least = std::max(rules.least, rules.least_single);
  const auto groups = std::max(least_groups, least / (in_group + 1) + 1);
  auto text = random_groups(random, groups);
  for (int i = 0; i < most_tries && rules.classes && !put_classes(text.writable()); ++i)
    text = random_groups(random, groups);
  return text;
}

void set_password(Change& change, const store::UserRow& user, const HashedPassword& password) {
  set_in(change, user, password, {});
}

PasswordOutcome set_password(Realm& realm, const Cause& cause, const PasswordRequest& request,
                             const PasswordPolicy& policy, const DeliverPassword& deliver) {
  if (request.password && request.generate)
    throw base::Error{base::ErrorCode::usage, "a password is given and one is to be generated",
                      "leave one of them out"};
  if (!request.password && !request.generate && !request.must_change)
    throw base::Error{base::ErrorCode::usage, "there is no password to set",
                      "--password-stdin, --password-file F or --generate"};
  const auto user = store::get_user(realm.db(), request.user);
  std::optional<base::Secret> generated;
  if (request.generate) generated = generate_password(realm.random(), policy.rules);
  const auto* password = generated ? &*generated : request.password ? &*request.password : nullptr;
  std::optional<HashedPassword> hashed;
  if (password) {
    const credential::PasswordOwner owner{user.name, user.email.value_or(""), "authctl",
                                          view_user(realm, user).totp};
    hashed = hash_new_password(*password, owner, policy, realm.random());
  } else if (!user.password_hash) {
    throw base::Error{base::ErrorCode::precondition, "the user has no password that could be changed",
                      "authctl user password " + base::shell_word(user.name) + " --generate"};
  }
  auto view = change(realm, cause, [&](Change& c) {
    const auto current = store::get_user(c.db(), user.id);
    set_in(c, current, hashed, request);
    if (deliver && generated && !cause.dry_run) deliver(*generated);
    return view_user(c.realm(), store::get_user(c.db(), user.id));
  });
  if (cause.dry_run) generated.reset();
  return {std::move(view), std::move(generated)};
}

}  // namespace authctl::service
