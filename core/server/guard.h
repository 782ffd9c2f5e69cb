// Who may ask, judged before a handler is called.
// Invariant: whatever is not clearly allowed is refused; a request that changes something and brings cookies
// of a session passes the CSRF check first, whatever route it asks for (contract: the session's token, and an
// Origin or Sec-Fetch-Site that is ours).
#pragma once
#include <optional>

#include "core/server/csrf.h"
#include "core/server/routes.h"
#include "core/server/site.h"
#include "core/server/workers.h"

namespace authctl::server {

// The access token that a request brings: `Authorization: Bearer`, else the access cookie. Where there is an
// Authorization field, no cookie is looked at.
struct PresentedToken {
  std::string_view text;
  bool by_cookie = false;
};
std::optional<PresentedToken> presented_token(const Request& request);

// On the I/O thread: the refusal where it is certain. Where nothing comes back the request goes on to a
// worker, whose guard has the last word.
std::optional<Reply> guard_on_spot(const Route& route, Request& request, Spot& spot);

// Fills in request.caller where the route asks for somebody. Gives the refusal, or nothing where the request
// may go on.
std::optional<Reply> guard(const Route& route, Request& request, Work& work);

// For routes that are open to everybody but act on a session that a cookie names (logout, refresh): whether
// the session's token came along and the request is from a page of ours.
bool passes_csrf(const Request& request, const Config& config, const CsrfTokens& tokens,
                 std::string_view session_id);
Reply csrf_refusal();  // 403

}  // namespace authctl::server
