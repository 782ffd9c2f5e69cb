#include "core/server/request_line.h"

#include "core/audit/redaction.h"
#include "core/base/text.h"

namespace authctl::server {
namespace {
constexpr std::size_t longest_path = 200;
}

void log_request(EventLog& log, const Request& request, int status, std::chrono::nanoseconds lasted) {
  base::json::object line{{"request", request.id},
                          {"method", base::printable(request.method())},
                          {"path", base::printable(request.path().substr(0, longest_path))},
                          {"status", status},
                          {"ms", lasted / std::chrono::milliseconds(1)},
                          {"ip", audit::redact_text(request.address)}};
  if (request.caller) line["user"] = request.caller->user_id;
  log.write(status >= 500 ? Level::warning : Level::info, "request", std::move(line));
}

}  // namespace authctl::server
