// POST /auth/login, /auth/mfa/verify, /auth/register.
#include "core/base/error.h"
#include "core/server/arrival.h"
#include "core/server/attempt.h"
#include "core/server/hash_pool.h"
#include "core/server/session_cookies.h"
#include "core/service/accounts.h"
#include "core/service/rate_limit.h"
#include "core/service/sign_in_completion.h"

namespace authctl::server {
namespace {

Reply invalid_credentials() { return error_reply(401, "Invalid credentials"); }

std::optional<std::string> session_before(const Request& request, Work& work) {
  const auto before = presented_session(request, work);
  if (!before || !before->by_cookie) return std::nullopt;
  return before->session.id;
}

Reply reply_of(const service::NextStep& next, store::Door door, Work& work,
               const std::optional<std::string>& replaced) {
  if (next.session && replaced) session_has_ended(work, *replaced);
  if (next.session) return tokens_reply(*next.session, door, work);
  Reply reply;
  if (next.challenge) {
    reply = json_reply(200, {{"requires_mfa", true}, {"mfa_token", next.challenge->reveal_text()}});
  } else if (next.reset) {
    reply = json_reply(200, {{"requires_password_change", true}, {"reset_token", next.reset->reveal_text()}});
  } else {
    return invalid_credentials();  // the account was shut meanwhile
  }
  reply.no_store = true;
  return reply;
}

}  // namespace

Reply login(const Request& request, Work& work) {
  const auto door = door_of(request);
  const Body body(request);
  if (auto refusal = refuse_foreign_form(request, body, work)) return std::move(*refusal);
  const auto identifier = body.text("username", longest_identifier);
  const auto password = body.secret("password", longest_password_text);
  const bool remember_me = body.flag("remember_me");
  const auto sources = service::rates_of_sign_in(work.realm.db(), identifier, request.address);
  if (auto refusal = refuse_too_many(work, request, "limit_login", "auth.login", sources))
    return std::move(*refusal);
  auto cause = cause_of(request);
  const auto sign_in = verify_attempt(work, cause, {.identifier = identifier, .door = "login"}, password);
  if (!sign_in.accepted()) return invalid_credentials();
  cause.actor = "user:" + sign_in.user_id;
  const auto draft = draft_of(request, door, remember_me);
  const auto replaced = session_before(request, work);
  const auto next = complete_sign_in(work.common, cause, work.config.sign_in,
                                     {.user_id = sign_in.user_id,
                                      .valid_from = sign_in.valid_from,
                                      .mfa_required = sign_in.mfa_required,
                                      .must_change = sign_in.must_change,
                                      .draft = draft,
                                      .replaced = replaced},
                                     work.config.sessions, work.site.workers->signer());
  return reply_of(next, door, work, replaced);
}

Reply verify_mfa(const Request& request, Work& work) {
  const auto door = door_of(request);
  const Body body(request);
  if (auto refusal = refuse_foreign_form(request, body, work)) return std::move(*refusal);
  const auto challenge = body.secret("mfa_token", longest_code);
  const auto code = body.secret("code", longest_code);
  const std::string sources[] = {service::rate_of_address("mfa", request.address)};
  if (auto refusal = refuse_too_many(work, request, "limit_mfa", "auth.mfa", sources))
    return std::move(*refusal);
  const auto replaced = session_before(request, work);
  const auto answered = answer_challenge(work.common, cause_of(request), work.config.sign_in,
                                         {.challenge = challenge.reveal_text(),
                                          .code = code,
                                          .draft = draft_of(request, door, false),
                                          .replaced = replaced},
                                         work.config.sessions, work.site.workers->signer());
  if (!answered.known || answered.refusal) return invalid_credentials();
  return reply_of(answered.next, answered.door, work, replaced);
}

Reply register_user(const Request& request, Work& work) {
  if (!work.config.settings.boolean("registration")) return error_reply(404);
  const Body body(request);
  if (auto refusal = refuse_foreign_form(request, body, work)) return std::move(*refusal);
  service::UserDraft draft;
  draft.name = body.text("username", longest_identifier);
  draft.email = body.text("email", longest_identifier);
  const auto password = body.secret("password", longest_password_text);
  const std::string sources[] = {service::rate_of_address("register", request.address)};
  if (auto refusal = refuse_too_many(work, request, "limit_register", "auth.register", sources))
    return std::move(*refusal);
  std::optional<std::string> objection;
  work.hashes.run([&] {
    try {
      draft.carried = hash_new_password(password, {draft.name, draft.email, "authctl", false},
                                        work.config.passwords, work.realm.random());
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::invalid) throw;
      objection = error.message();
    }
  });
  if (objection) return error_reply(422, *objection);
  auto cause = cause_of(request);
  cause.actor = "anonymous";
  const auto user = change(work.common, cause, [&](service::Change& c) {
    auto made = create_user(c, draft);
    c.record({"auth.register", {"user", made.id, made.name}, audit::Outcome::success, {}});
    return made;
  });
  return json_reply(201, {{"user", signed_in_json(user, user.roles)}});
}

}  // namespace authctl::server
