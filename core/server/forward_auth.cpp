// Forward-auth: a proxy asks before it lets a request through (nginx auth_request, Traefik ForwardAuth, Caddy
// forward_auth). Invariant: the answer depends on the token, and on the permission and resource that the
// proxy's own configuration names in the query; no other field of the request is looked at, so that nothing a
// visitor sends (X-Forwarded-Uri, Remote-User, …) chooses the rule.
#include "core/server/guard.h"
#include "core/server/recognition.h"

namespace authctl::server {
namespace {

std::string joined(const std::vector<std::string>& roles) {
  std::string text;
  for (const auto& role : roles) {
    if (!text.empty()) text += ',';
    text += role;
  }
  return text;
}

}  // namespace

Reply verify(const Request& request, Work& work) {
  const auto permission = form_value(request.query(), "permission");
  const auto resource = form_value(request.query(), "resource");
  const auto presented = presented_token(request);
  if (!presented) return error_reply(401);
  const auto found = recognize(presented->text, work);
  if (!found.caller) return error_reply(401);
  if (resource && !permission) throw base::Error(base::ErrorCode::usage, "a resource without a permission");
  if (permission && !is_allowed(*found.standing, *permission, resource.value_or(""), work.now))
    return error_reply(403);
  Reply reply{.status = 204};
  reply.no_store = true;
  reply.with("X-Auth-User", found.caller->user_name).with("X-Auth-Roles", joined(found.caller->roles));
  return reply;
}

}  // namespace authctl::server
