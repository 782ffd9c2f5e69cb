// Whether the process answers, and whether requests should be sent here.
#include "core/server/routes.h"
#include "core/server/site.h"

namespace authctl::server {

std::optional<Reply> healthz(const Request&, Spot&) {
  static const auto body = std::make_shared<const std::string>(R"({"status":"ok"})");
  return Reply{.status = 200, .type = json_type, .shared = body};
}

// Ready: the store was read a moment ago, and the last change that was tried was written.
std::optional<Reply> readyz(const Request&, Spot& spot) {
  static const auto body = std::make_shared<const std::string>(R"({"status":"ready"})");
  if (!spot.site.is_ready(spot.tick)) return busy_reply();
  return Reply{.status = 200, .type = json_type, .shared = body};
}

}  // namespace authctl::server
