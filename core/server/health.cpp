// Whether the process answers, and whether it can do its work.
#include "core/server/routes.h"
#include "core/server/site.h"
#include "core/server/workers.h"
#include "core/store/user_repository.h"

namespace authctl::server {

std::optional<Reply> healthz(const Request&, Spot&) {
  return Reply{.status = 200, .type = json_type, .body = R"({"status":"ok"})"};
}

Reply readyz(const Request&, Work& work) {
  if (work.site.draining) return busy_reply();
  store::find_user_by_id(work.realm.db(), "nobody");
  return json_reply(200, {{"status", "ready"}});
}

}  // namespace authctl::server
