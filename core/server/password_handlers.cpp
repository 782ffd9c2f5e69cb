// POST /auth/password, /auth/password/reset, /auth/password/reset/confirm.
#include "core/base/error.h"
#include "core/server/arrival.h"
#include "core/server/attempt.h"
#include "core/server/guard.h"
#include "core/server/hash_pool.h"
#include "core/server/session_cookies.h"
#include "core/service/courier.h"
#include "core/service/password_reset.h"
#include "core/service/rate_limit.h"
#include "core/service/sign_in_completion.h"
#include "core/store/token_repository.h"

namespace authctl::server {
namespace {

// Far above what either answer takes, so that the one with a mail to write is told by no stopwatch.
constexpr std::chrono::milliseconds reset_takes{50};

base::json::object mail_of(const service::ResetMail& mail, const Config& config) {
  return {{"kind", "password_reset"},
          {"to", mail.email},
          {"user", mail.user_name},
          {"issuer", config.issuer},
          {"token", mail.token.reveal_text()},
          {"expires_at", base::to_rfc3339(mail.expires_at)}};
}

void send_mail(Work& work, const base::json::object& mail) {
  const auto& command = work.config.settings.text("mail_command");
  if (command.empty()) return work.site.log.write(Level::warning, "mail.no_command");
  if (!work.site.courier.send(command, base::json::serialize(mail)))
    work.site.log.write(Level::error, "mail.too_many");
}

// Hashing takes a while, in which somebody else may have shut the account, or set another password for it.
bool is_signed_out(service::Change& c, const store::UserRow& user, const Caller& caller,
                   const service::SignIn& confirmed) {
  return user.status == store::UserStatus::disabled || user.tokens_valid_from != confirmed.valid_from ||
         store::TokenRepository(c.db()).revoked_at(caller.jti).has_value();
}

}  // namespace

Reply change_password(const Request& request, Work& work) {
  const Body body(request);
  const auto current = body.secret("current_password", longest_password_text);
  const auto wanted = body.secret("new_password", longest_password_text);
  const auto& caller = *request.caller;
  const std::string sources[] = {service::rate_of("password", caller.user_id)};
  if (auto refusal = refuse_too_many(work, request, "limit_login", "auth.login", sources))
    return std::move(*refusal);
  auto cause = cause_of(request);
  cause.actor = "user:" + caller.user_id;
  const service::Attempt attempt{
      .identifier = caller.user_id, .door = "password", .purpose = service::Purpose::confirm};
  const auto confirmed = verify_attempt(work, cause, attempt, current);
  if (!confirmed.accepted()) return error_reply(401, "Invalid credentials");
  const auto user = store::get_user(work.realm.db(), caller.user_id);
  const credential::PasswordOwner owner{user.name, user.email.value_or(""), "authctl",
                                        service::has_second_factor(work.realm.db(), user.id)};
  std::optional<service::HashedPassword> hashed;
  std::optional<std::string> objection;
  work.hashes.run([&] {
    try {
      hashed = hash_chosen_password(wanted, user, owner, work.config.passwords, work.realm.random());
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::invalid) throw;
      objection = error.message();
    }
  });
  if (objection) return error_reply(422, *objection);
  const auto before = store::SessionRepository(work.realm.db()).find(caller.session_id);
  const auto draft = draft_of(request, request.by_cookie ? store::Door::cookie : store::Door::token,
                              before && before->remember_me);
  // Every session ends, this one too; whoever changed the password goes on with another.
  const auto next = change(work.common, cause, [&](service::Change& c) {
    const auto now = store::find_user_by_id(c.db(), caller.user_id);
    if (!now) return service::NextStep{};
    if (is_signed_out(c, *now, caller, confirmed)) return refuse_overtaken(c, *now, attempt.door);
    set_password(c, *now, *hashed);
    return complete_sign_in(
        c, {.user_id = caller.user_id, .valid_from = {}, .draft = draft, .replaced = std::nullopt},
        work.config.sessions, work.site.workers->signer());
  });
  work.site.knowledge.forget_user(caller.user_id);
  tell_overtaken(work.common, cause, work.config.sign_in, next, attempt.door);
  if (!next.session) return error_reply(401);
  return tokens_reply(*next.session, draft.door, work);
}

// Whether there is such an account shows neither in the answer nor in the time that it takes: the mail is
// written by another thread, and the answer waits until either would have been ready.
Reply ask_for_reset(const Request& request, Work& work) {
  const Body body(request);
  if (auto refusal = refuse_foreign_form(request, body, work)) return std::move(*refusal);
  const auto email = body.text("email", longest_identifier);
  const std::string address[] = {service::rate_of_address("reset", request.address)};
  if (auto refusal = refuse_too_many(work, request, "limit_reset", "auth.reset", address))
    return std::move(*refusal);
  const auto ready = std::chrono::steady_clock::now() + reset_takes;
  const std::string account[] = {service::rate_of_account("reset by mail", email)};
  const auto limit = service::rate_limit(work.config.settings, "limit_reset");
  // A mailbox is not filled either, from however many addresses; that too is told to nobody.
  const bool enough = service::take_rate(work.realm, work.common, limit, account).has_value();
  if (enough)
    note_refusal(work, request, "auth.reset", "too_many");
  else if (const auto mail = request_reset(work.common, cause_of(request), email))
    send_mail(work, mail_of(*mail, work.config));
  auto reply = json_reply(202, {{"status", "accepted"}});
  reply.not_before = ready;
  return reply;
}

Reply confirm_reset(const Request& request, Work& work) {
  const Body body(request);
  if (auto refusal = refuse_foreign_form(request, body, work)) return std::move(*refusal);
  const auto token = body.secret("token", longest_code);
  const auto password = body.secret("new_password", longest_password_text);
  auto cause = cause_of(request);
  cause.actor = "anonymous";
  std::optional<std::string> user_id;
  try {
    user_id =
        confirm_reset(work.realm, work.common, cause, {token.reveal_text(), password}, work.config.passwords,
                      [&](const std::function<void()>& slow) { work.hashes.run(slow); });
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::invalid) throw;
    return error_reply(422, error.message());
  }
  if (!user_id) return error_reply(401, "Invalid credentials");
  work.site.knowledge.forget_user(*user_id);
  Reply reply{.status = 204};
  return clear_cookies(reply);
}

}  // namespace authctl::server
