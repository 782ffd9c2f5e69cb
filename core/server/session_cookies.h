// A session's tokens as they leave: in cookies, or in the body for API clients. Invariant: whatever carries
// a token is not kept by anybody on the way (Cache-Control: no-store); a browser's scripts see none but the
// CSRF token.
#pragma once
#include "core/server/reply.h"
#include "core/server/workers.h"
#include "core/service/sessions.h"

namespace authctl::server {

// 200: {user:{id,name,email,roles},expires_in} and cookies, or, where `door` is token,
// {access_token,refresh_token,token_type,expires_in}.
Reply tokens_reply(const service::SessionTokens& tokens, store::Door door, const Work& work);
// {id,name,email,roles}
base::json::object signed_in_json(const store::UserRow& user, const std::vector<std::string>& roles);

void set_csrf_cookie(Reply& reply, std::string_view value, std::optional<base::Duration> max_age);
// All three are gone.
Reply& clear_cookies(Reply& reply);

}  // namespace authctl::server
