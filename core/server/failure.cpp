#include "core/server/failure.h"

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::server {
namespace {

// Whoever reports a failure of ours has something to name: the log line has the same number.
Reply reply_of(int status, const Request& request) {
  auto reply = status == 503 ? busy_reply() : error_reply(status);
  if (status >= 500) reply.with("X-Request-Id", request.id);
  return reply;
}

void log_failure(const Request& request, Site& site, std::string_view code, std::string_view message) {
  site.log.write(Level::error, "request.failed",
                 {{"request", request.id},
                  {"method", base::printable(request.method())},
                  {"path", base::printable(request.path())},
                  {"code", code},
                  {"message", message}});
}

}  // namespace

Reply reply_to_failure(const std::exception_ptr& failure, const Request& request, Site& site) {
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    const auto& kind = base::kind_of(error.code());
    if (error.code() == base::ErrorCode::unavailable) site.writes = false;  // until the feed could write
    if (kind.http_status >= 500) log_failure(request, site, kind.word, error.message());
    return reply_of(kind.http_status, request);
  } catch (const std::bad_alloc&) {
    return reply_of(503, request);
  } catch (const std::exception& error) {
    log_failure(request, site, "internal", error.what());
    return reply_of(500, request);
  } catch (...) {
    log_failure(request, site, "internal", "something was thrown that is no exception of ours");
    return reply_of(500, request);
  }
}

}  // namespace authctl::server
