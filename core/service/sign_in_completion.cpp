#include "core/service/sign_in_completion.h"

#include "core/service/auth_log.h"
#include "core/service/one_time_secret.h"
#include "core/service/password_reset.h"
#include "core/service/refusals.h"
#include "core/store/one_time_repository.h"

namespace authctl::service {
namespace {

constexpr std::int64_t pruned_each_time = 4;

base::Secret begin_challenge(Change& c, const Completion& completion) {
  auto challenge = make_one_time_secret(challenge_prefix, c.realm().random());
  store::OneTimeRepository secrets(c.db());
  secrets.prune(c.now(), pruned_each_time);
  secrets.insert_challenge(*hash_one_time_secret(challenge.reveal_text()),
                           {.user_id = completion.user_id,
                            .door = completion.draft.door,
                            .remember_me = completion.draft.remember_me,
                            .created_at = c.now(),
                            .expires_at = c.now() + challenge_lifetime});
  return challenge;
}

void end_replaced(Change& c, const Completion& completion) {
  if (!completion.replaced) return;
  if (const auto before = store::SessionRepository(c.db()).find(*completion.replaced))
    end_session(c, *before, "session.revoke", "signed_in_again");
}

SessionTokens begin_session(Change& c, const store::UserRow& user, const Completion& completion,
                            const SessionRules& rules, ActiveSigner& signer) {
  end_replaced(c, completion);
  auto tokens = open_session(c, user, completion.draft, rules, signer);
  c.record({"session.create",
            {"session", tokens.session_id, user.name},
            audit::Outcome::success,
            {{"user", user.id},
             {"door", store::word_of(completion.draft.door)},
             {"client", completion.draft.client_id},
             {"remember_me", completion.draft.remember_me},
             {"jti", tokens.access.jti.substr(0, 8)}}});
  return tokens;
}

void refuse_unknown(Realm& realm, const Cause& cause, const SignInPolicy& policy, std::string_view door) {
  constexpr std::string_view why = "unknown_challenge";
  Cause acting = cause;
  acting.actor = "anonymous";
  change(realm, acting, [&](Change& c) {
    record_refusal(c, {"auth.mfa", {}, audit::Outcome::denied, {{"refusal", why}}});
  });
  tell_auth_log(policy.auth_log, cause, realm.by_clock(), why, door, "");
}

}  // namespace

NextStep refuse_overtaken(Change& c, const store::UserRow& user, std::string_view door) {
  const auto why = user.status == store::UserStatus::disabled ? Refusal::disabled : Refusal::signed_out;
  record_refusal(c, {"auth.login",
                     {"user", user.id, user.name},
                     audit::Outcome::denied,
                     {{"door", door}, {"refusal", word_of(why)}}});
  NextStep next;
  next.overtaken = Overtaken{why, user.name};
  return next;
}

void tell_overtaken(Realm& realm, const Cause& cause, const SignInPolicy& policy, const NextStep& next,
                    std::string_view door) {
  if (!next.overtaken) return;
  tell_auth_log(policy.auth_log, cause, realm.by_clock(), word_of(next.overtaken->refusal), door,
                next.overtaken->user_name);
}

NextStep complete_sign_in(Change& c, const Completion& completion, const SessionRules& rules,
                          ActiveSigner& signer) {
  NextStep next;
  const auto user = store::find_user_by_id(c.db(), completion.user_id);
  if (!user) return next;
  if (user->status == store::UserStatus::disabled ||
      completion.valid_from.value_or(user->tokens_valid_from) != user->tokens_valid_from)
    return refuse_overtaken(c, *user, "login");
  if (completion.mfa_required)
    next.challenge = begin_challenge(c, completion);
  else if (completion.must_change)
    next.reset = issue_reset(c, *user, "must_change");
  else
    next.session = begin_session(c, *user, completion, rules, signer);
  return next;
}

NextStep complete_sign_in(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                          const Completion& completion, const SessionRules& rules, ActiveSigner& signer) {
  auto next = change(realm, cause, [&](Change& c) { return complete_sign_in(c, completion, rules, signer); });
  tell_overtaken(realm, cause, policy, next, "login");
  return next;
}

AnsweredChallenge answer_challenge(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                                   const ChallengeAnswer& answer, const SessionRules& rules,
                                   ActiveSigner& signer) {
  AnsweredChallenge answered;
  const auto hash = hash_one_time_secret(answer.challenge);
  const auto row = !hash ? std::nullopt : change(realm, cause, [&](Change& c) {
    return store::OneTimeRepository(c.db()).try_challenge(*hash, challenge_tries, c.now());
  });
  if (!row) return refuse_unknown(realm, cause, policy, answer.door), std::move(answered);
  answered.known = true;
  answered.user_id = row->user_id;
  // Whoever asks for tokens in either step has them in the body.
  answered.door = answer.draft.door == store::Door::token ? store::Door::token : row->door;
  const auto check = verify_second_factor(
      realm, cause, policy,
      {.user = row->user_id, .code = answer.code, .door = answer.door, .factor = std::nullopt});
  answered.refusal = check.refusal;
  if (check.refusal == Refusal::locked)
    change(realm, cause, [&](Change& c) { store::OneTimeRepository(c.db()).give_back_try(*hash); });
  if (check.refusal) return answered;
  Completion completion{.user_id = row->user_id,
                        .valid_from = {},
                        .mfa_required = false,
                        .must_change = check.must_change,
                        .draft = answer.draft,
                        .replaced = answer.replaced};
  completion.draft.door = answered.door;
  completion.draft.remember_me = row->remember_me;
  Cause acting = cause;
  acting.actor = "user:" + row->user_id;
  answered.next = change(realm, acting, [&](Change& c) {
    if (!store::OneTimeRepository(c.db()).use_challenge(*hash, c.now())) return NextStep{};
    return complete_sign_in(c, completion, rules, signer);
  });
  tell_overtaken(realm, acting, policy, answered.next, answer.door);
  return answered;
}

}  // namespace authctl::service
