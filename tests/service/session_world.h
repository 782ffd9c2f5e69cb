// A signed-in user, and the clients she is signed in with.
#pragma once
#include "core/service/sessions.h"
#include "tests/service/key_world.h"

namespace authctl::test {

class SessionWorld : public KeyWorld {
 public:
  using KeyWorld::KeyWorld;
  service::SessionRules rules{.issuer = "https://issuer", .audiences = {"api"}};
  service::ActiveSigner signer;
  std::string home = "192.0.2.1", elsewhere = "198.51.100.7";

  service::Cause from(const std::string& ip) const { return {"user:" + user_id, ip, "", "", false}; }

  service::SessionTokens sign_in(service::SessionDraft draft = {}) {
    if (draft.ip.empty()) draft.ip = home;
    return service::change(realm(), from(draft.ip), [&](service::Change& c) {
      const auto user = store::get_user(c.db(), user_id);
      auto tokens = service::open_session(c, user, draft, rules, signer);
      c.record({"auth.login", {"user", user.id, user.name}, audit::Outcome::success, {}});
      return tokens;
    });
  }
  service::RefreshOutcome refresh(const base::Secret& token, const std::string& ip = "192.0.2.1",
                                  service::Door door = service::Door::cookie) {
    return service::refresh_session(realm(), from(ip),
                                    {.token = token.reveal_text(),
                                     .client_id = std::string(service::local_client),
                                     .door = door,
                                     .ip = ip,
                                     .scopes = {}},
                                    rules, signer);
  }
  // "granted", or the word of the refusal.
  std::string try_refresh(const base::Secret& token, const std::string& ip = "192.0.2.1",
                          service::Door door = service::Door::cookie) {
    const auto outcome = refresh(token, ip, door);
    return outcome.tokens ? "granted" : std::string(service::word_of(*outcome.refusal));
  }
  std::string verify_access(const service::SessionTokens& tokens) {
    return verify(std::string(tokens.access.sign().reveal_text()));
  }
  std::size_t live() {
    std::size_t count = 0;
    const auto next = service::list_sessions(realm(), {}, rules.idle);
    while (next()) ++count;
    return count;
  }
};

inline std::string text(const base::Secret& secret) { return std::string(secret.reveal_text()); }

}  // namespace authctl::test
