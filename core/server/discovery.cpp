// What a program needs to know to verify our tokens: the public keys.
#include "core/server/routes.h"
#include "core/server/workers.h"
#include "core/service/token_check.h"

namespace authctl::server {

Reply jwks(const Request&, Work& work) {
  base::json::array keys;
  const auto trusted = service::trusted_keys(work.realm, work.now);
  for (const auto& entry : trusted->entries()) {
    if (entry.state == token::KeyState::revoked || crypto::is_symmetric(entry.key.algorithm())) continue;
    keys.push_back(token::public_jwk(entry.key));
  }
  auto reply = json_reply(200, {{"keys", std::move(keys)}});
  const auto age = work.config.settings.duration("jwks_max_age");
  reply.with("Cache-Control", "public, max-age=" + std::to_string(age.count()));
  return reply;
}

}  // namespace authctl::server
