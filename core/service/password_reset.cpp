#include "core/service/password_reset.h"

#include "core/base/text.h"
#include "core/service/one_time_secret.h"
#include "core/service/refusals.h"
#include "core/service/second_factor.h"
#include "core/service/sign_in_completion.h"
#include "core/store/one_time_repository.h"

namespace authctl::service {
namespace {

// By its e-mail alone: a name is told to nobody by where its mail goes.
std::optional<store::UserRow> user_of_email(store::Database& db, std::string_view email) {
  auto user = store::find_user(db, email);
  const bool by_email = user && user->email && base::fold_ascii(*user->email) == base::fold_ascii(email);
  if (!by_email || user->status == store::UserStatus::disabled) return std::nullopt;
  return user;
}

void refuse(Change& c, std::string_view why) {
  record_refusal(c, {"auth.reset", {}, audit::Outcome::denied, {{"refusal", why}}});
}

}  // namespace

base::Secret issue_reset(Change& c, const store::UserRow& user, std::string_view why) {
  auto token = make_one_time_secret(reset_prefix, c.realm().random());
  store::OneTimeRepository secrets(c.db());
  secrets.end_resets(user.id);
  secrets.insert_reset(*hash_one_time_secret(token.reveal_text()), user.id, c.now(),
                       c.now() + reset_lifetime);
  c.record({"auth.reset",
            {"user", user.id, user.name},
            audit::Outcome::success,
            {{"step", "asked"}, {"why", why}}});
  return token;
}

std::optional<ResetMail> request_reset(Realm& realm, const Cause& cause, std::string_view email) {
  Cause acting = cause;
  acting.actor = "anonymous";
  return change(realm, acting, [&](Change& c) -> std::optional<ResetMail> {
    const auto user = user_of_email(c.db(), email);
    if (!user) return refuse(c, "unknown_email"), std::nullopt;
    return ResetMail{user->name, *user->email, issue_reset(c, *user, "forgotten"), c.now() + reset_lifetime};
  });
}

std::optional<std::string> confirm_reset(Realm& reads, Realm& writes, const Cause& cause,
                                         const ResetRequest& request, const PasswordPolicy& policy,
                                         const HashRunner& run) {
  const auto hash = hash_one_time_secret(request.token);
  const auto user_id =
      hash ? store::OneTimeRepository(reads.db()).find_reset(*hash, reads.by_clock()) : std::nullopt;
  const auto user = user_id ? store::find_user_by_id(reads.db(), *user_id) : std::nullopt;
  if (!user || user->status == store::UserStatus::disabled) {
    change(writes, cause, [&](Change& c) { refuse(c, "unknown_token"); });
    return std::nullopt;
  }
  const credential::PasswordOwner owner{user->name, user->email.value_or(""), "authctl",
                                        has_second_factor(reads.db(), user->id)};
  std::optional<HashedPassword> hashed;
  run([&] { hashed = hash_chosen_password(request.password, *user, owner, policy, reads.random()); });
  Cause acting = cause;
  acting.actor = "user:" + user->id;
  return change(writes, acting, [&](Change& c) -> std::optional<std::string> {
    const auto current = store::find_user_by_id(c.db(), user->id);
    store::OneTimeRepository secrets(c.db());
    if (!current || current->status == store::UserStatus::disabled || !secrets.use_reset(*hash, c.now())) {
      refuse(c, "unknown_token");
      return std::nullopt;
    }
    set_password(c, *current, *hashed);
    return current->id;
  });
}

}  // namespace authctl::service
